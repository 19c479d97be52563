"""What differs between two policies, or between two days of one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from credit.policy.record import InForce, Leaf


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One key that is not the same on both sides; a side without it is None."""

    key: str
    before: Leaf | None
    after: Leaf | None

    @property
    def what(self) -> str:
        """``added``, ``removed``, ``value``, or ``words``: the same value, said otherwise."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        return "words" if self.before.value == self.after.value else "value"


def diff(before: InForce, after: InForce) -> tuple[Change, ...]:
    """Return every key whose value, unit, source or status differs, by key."""
    return tuple(_changes(before, after))


def _changes(before: InForce, after: InForce) -> Iterator[Change]:
    for key in sorted({*before.leaves, *after.leaves}):
        first, second = before.leaves.get(key), after.leaves.get(key)
        if first is None or second is None or _said(first) != _said(second):
            yield Change(key=key, before=first, after=second)


def _said(leaf: Leaf) -> tuple[object, ...]:
    return (leaf.value, leaf.unit, leaf.source, leaf.status, leaf.role, leaf.why)
