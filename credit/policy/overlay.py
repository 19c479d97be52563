"""One policy laid over another: law over a product's own figures, a bank over the law."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from credit.policy.record import Leaf, Part, Policy


def overlay(base: Policy, *over: Policy) -> Policy:
    """Return a policy in which later ones replace earlier ones, day by day.

    On a day on which an overlay has a value for a key, that value holds; on every other day that of
    what lies below does. Values are replaced whole, tables too.

    Parameters
    ----------
    base : Policy
        What lies at the bottom.
    *over : Policy
        What is laid over it, in this order.

    Returns
    -------
    Policy
        Named ``base+first+second``; its SHA-256 is that of the lines ``sha256 name`` of all parts.
    """
    leaves = base.leaves
    for top in over:
        leaves = _laid(leaves, top.leaves)
    parts = tuple(part for policy in (base, *over) for part in parts_of(policy))
    listed = "".join(f"{part.sha256}  {part.name}\n" for part in parts)
    return Policy(
        name="+".join(part.name for part in parts),
        title="; ".join(policy.title for policy in (base, *over) if policy.title),
        leaves=leaves,
        sha256=hashlib.sha256(listed.encode()).hexdigest() if over else base.sha256,
        parts=parts,
    )


def parts_of(policy: Policy) -> tuple[Part, ...]:
    """Return the files of a policy; itself where it is one."""
    return policy.parts or (Part(policy.name, policy.sha256),)


def _laid(below: Sequence[Leaf], above: Sequence[Leaf]) -> tuple[Leaf, ...]:
    taken: dict[str, list[Leaf]] = {}
    for leaf in above:
        taken.setdefault(leaf.key, []).append(leaf)
    kept = [piece for leaf in below for piece in _left(leaf, taken.get(leaf.key, []))]
    return (*kept, *above)


def _left(leaf: Leaf, taken: Sequence[Leaf]) -> Iterator[Leaf]:
    """Yield the leaf for each stretch of days on which none of ``taken`` holds."""
    begins = leaf.effective_from
    for other in sorted(taken, key=lambda one: one.effective_from):
        if leaf.effective_to is not None and leaf.effective_to <= other.effective_from:
            break
        if begins < other.effective_from:
            yield replace(leaf, effective_from=begins, effective_to=other.effective_from)
        if other.effective_to is None:
            return
        begins = max(begins, other.effective_to)
    if leaf.effective_to is None or begins < leaf.effective_to:
        yield replace(leaf, effective_from=begins)
