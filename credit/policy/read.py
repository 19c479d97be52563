"""Reading policy files: the shipped ones by name, one's own by path, several joined by ``+``."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

from credit.errors import PolicyError, nearest
from credit.policy.overlay import overlay
from credit.policy.record import Leaf, Policy
from credit.policy.rules import Rule, rules

NEEDED = ("value", "unit", "source", "status", "effective_from")
KNOWN = (*NEEDED, "effective_to", "role", "why", "alternatives")
OWN = "own."
"""Where the leaves of a file of one's own stand that no shipped file has."""


def load(name: str, *, base: str | None = None) -> Policy:
    """Load a policy, and whatever is laid over it.

    Parameters
    ----------
    name : str
        The name of a shipped file (`shipped`), the path of a TOML file, or several of these joined
        by ``+``: the first is the base, each other is laid over what stands before it.
    base : str, optional
        A policy to lay under all of it, unless it is one of them already.

    Raises
    ------
    PolicyError
        There is no such file; it cannot be read; or `check` finds a leaf that may not be. A file of
        one's own may have the keys of the shipped files, and others under ``own``.
    """
    whole = name.endswith(".toml") and Path(name).is_file()  # a path may hold a plus
    loaded = [_one(part.strip()) for part in ([name] if whole else name.split("+"))]
    if base is not None and base not in [policy.name for policy in loaded]:
        loaded = [load(base), *loaded]
    return overlay(*loaded) if len(loaded) > 1 else loaded[0]


@cache
def shipped() -> tuple[str, ...]:
    """Return the names of the policy files of this package."""
    folder = files("credit") / "policies"
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def _one(name: str) -> Policy:
    if not name.endswith(".toml"):
        return _of_package(name)
    path = Path(name)
    if not path.is_file():
        raise PolicyError(f"policy file {name!r} does not exist.")
    policy = parse(path.read_text(encoding="utf-8"), origin=name)
    _refuse(name, list(_strange(policy)))
    return policy


def _of_package(name: str) -> Policy:
    if name not in shipped():
        raise PolicyError(
            f"no policy {name!r}.{nearest(name, shipped())} It is one of {list(shipped())}."
        )
    file = files("credit") / "policies" / f"{name}.toml"
    return parse(file.read_text(encoding="utf-8"), origin=name)


def parse(text: str, *, origin: str) -> Policy:
    """Read a policy from TOML text; ``origin`` names it in errors.

    Raises
    ------
    PolicyError
        The text is not TOML, a leaf lacks something, or `check` finds one that may not be. Keys may
        be any.
    """
    policy = _read(text, origin)
    _refuse(origin, check(policy))
    return policy


def _read(text: str, origin: str) -> Policy:
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{origin}: not a TOML file: {error}.") from error
    name, title = str(raw.pop("name", origin)), str(raw.pop("title", ""))
    leaves = tuple(_leaves(raw, "", name))
    return Policy(name, title, leaves, hashlib.sha256(text.encode()).hexdigest())


def _leaves(node: dict[str, Any], prefix: str, origin: str) -> Iterator[Leaf]:
    for name, child in node.items():
        key = f"{prefix}.{name}" if prefix else name
        versions = child if isinstance(child, list) else [child]
        if all(isinstance(version, dict) and "value" in version for version in versions):
            yield from (_leaf(key, version, origin) for version in versions)
        elif isinstance(child, dict):
            yield from _leaves(child, key, origin)
        else:
            raise PolicyError(f"{key}: a leaf is a table with value, unit, source and status.")


def _leaf(key: str, raw: dict[str, Any], origin: str) -> Leaf:
    unknown = sorted(set(raw) - set(KNOWN))
    missing = sorted(set(NEEDED) - set(raw))
    if unknown:
        raise PolicyError(f"{key}: unknown key {unknown[0]!r}.{nearest(unknown[0], KNOWN)}")
    if missing:
        raise PolicyError(f"{key}: a leaf needs {missing[0]!r}.")
    others = tuple(raw.get("alternatives", ()))
    return Leaf(key=key, origin=origin, **{**raw, "alternatives": others})


def check(policy: Policy) -> list[str]:
    """Return a sentence for each leaf that may not be; none for a sound policy.

    A value obeys its rule (``rules.toml``); the days of two versions of a key do not overlap; unit
    and source are said; a disputed leaf says why, and what else was published.
    """
    found: list[str] = []
    by_key: dict[str, list[Leaf]] = {}
    for leaf in policy.leaves:
        by_key.setdefault(leaf.key, []).append(leaf)
        found.extend(_broken(leaf))
    for key, versions in by_key.items():
        versions.sort(key=lambda leaf: leaf.effective_from)
        found.extend(
            f"{key}: the value from {first.effective_from} must end by {second.effective_from}, "
            "when the next one begins; set its effective_to."
            for first, second in pairwise(versions)
            if first.effective_to is None or first.effective_to > second.effective_from
        )
    return found


def _broken(leaf: Leaf) -> Iterator[str]:
    rule = rules().get(leaf.key)
    if rule is not None:
        yield from rule.broken(leaf.key, leaf.value)
    for word in ("unit", "source"):
        if not str(getattr(leaf, word)).strip():
            yield f"{leaf.key}: {word} must be said, it is empty."
    for other in leaf.alternatives:
        if not isinstance(other, dict) or set(other) != {"value", "source"}:
            yield f"{leaf.key}: an alternative is a table of value and source, got {other!r}."
    if leaf.status == "disputed" and not (leaf.why.strip() and leaf.alternatives):
        yield (
            f"{leaf.key}: a disputed leaf needs `why` this value was chosen, and `alternatives`, "
            "each with the value and the source that says so."
        )


def _strange(policy: Policy) -> Iterator[str]:
    """Yield a sentence for each leaf of one's own file that no shipped file knows, or not so."""
    known = _models()
    for leaf in policy.leaves:
        if leaf.key.startswith(OWN):
            continue
        if leaf.key not in known:
            yield (
                f"{leaf.key}: no shipped policy has such a key.{nearest(leaf.key, known)} "
                f"Keys of your own stand under {OWN.rstrip('.')!r}."
            )
        elif leaf.key not in rules():
            yield from Rule.like(known[leaf.key]).broken(leaf.key, leaf.value)


@cache
def _models() -> dict[str, Any]:
    """Return a value of every key of the shipped files."""
    return {leaf.key: leaf.value for name in shipped() for leaf in _of_package(name).leaves}


def _refuse(origin: str, sentences: list[str]) -> None:
    if sentences:
        raise PolicyError("\n".join(f"{origin}: {sentence}" for sentence in sentences))
