"""Published numbers as dated, sourced data.

A policy file is TOML. Each leaf is a table with ``value``, ``unit``, ``source``, ``status``
and ``effective_from`` (and, where it ended, ``effective_to``); a leaf that changed over time
is a list of such tables. Code asks for a key at a date and never holds the number itself.
"""

from __future__ import annotations

import hashlib
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

from credit.errors import PolicyError, nearest
from credit.feature import DIMENSIONS

STATUSES = ("stated", "law", "derived", "assumed", "disputed")
ROLES = ("rule", "simulation", "document")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One number (or small table of numbers) with where it comes from and when it holds."""

    key: str
    value: Any
    unit: str
    source: str
    status: str
    effective_from: date
    effective_to: date | None = None
    role: str = "rule"
    """``rule``: something decides by it; ``simulation``: the world does; ``document``: nothing."""
    why: str = ""
    """Why this value, where others were published; required of a disputed leaf."""
    alternatives: tuple[Any, ...] = ()
    """The other published values, each ``{value, source}``."""

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise PolicyError(
                f"{self.key}: status {self.status!r} is not one of {STATUSES}."
                f"{nearest(self.status, STATUSES)}"
            )
        if self.role not in ROLES:
            raise PolicyError(
                f"{self.key}: role {self.role!r} is not one of {ROLES}.{nearest(self.role, ROLES)}"
            )
        if self.effective_to is not None and self.effective_to <= self.effective_from:
            raise PolicyError(
                f"{self.key}: effective_to {self.effective_to} must lie after "
                f"effective_from {self.effective_from}."
            )

    def holds(self, on: date) -> bool:
        """Whether the leaf is in force on a day; the end is exclusive."""
        return self.effective_from <= on and (self.effective_to is None or on < self.effective_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The values of a policy on one day: what a decision of that day may ask for."""

    policy: str
    on: date
    sha256: str
    leaves: Mapping[str, Leaf]

    def leaf(self, key: str) -> Leaf:
        """Return the leaf in force, or say that there is none, and name the closest key."""
        if key not in self.leaves:
            raise PolicyError(
                f"policy {self.policy}: no key {key!r} in force on {self.on}."
                f"{nearest(key, self.leaves)}"
            )
        return self.leaves[key]

    def __getitem__(self, key: str) -> Any:
        """Return the value of a leaf."""
        return self.leaf(key).value


@dataclass(frozen=True, slots=True)
class Policy:
    """A named set of leaves and the SHA-256 of the file they came from."""

    name: str
    title: str
    leaves: tuple[Leaf, ...]
    sha256: str

    def leaf(self, key: str, on: date) -> Leaf:
        """Return the leaf ``key`` in force on a day.

        Raises
        ------
        PolicyError
            If there is no such key (the closest one is named), or none in force that day.
        """
        dated = [leaf for leaf in self.leaves if leaf.key == key]
        if not dated:
            keys = {leaf.key for leaf in self.leaves}
            raise PolicyError(f"policy {self.name}: no key {key!r}.{nearest(key, keys)}")
        for leaf in dated:
            if leaf.holds(on):
                return leaf
        raise PolicyError(
            f"policy {self.name}: {key} has no value in force on {on}; "
            f"the first holds from {min(leaf.effective_from for leaf in dated)}."
        )

    def at(self, on: date) -> InForce:
        """Return every leaf in force on a day."""
        held = {leaf.key: leaf for leaf in self.leaves if leaf.holds(on)}
        return InForce(policy=self.name, on=on, sha256=self.sha256, leaves=held)

    def over(self, other: Policy) -> Policy:
        """Return this policy with the leaves of another for the keys it does not have."""
        own = {leaf.key for leaf in self.leaves}
        more = tuple(leaf for leaf in other.leaves if leaf.key not in own)
        return Policy(self.name, self.title, self.leaves + more, self.sha256)

    def weights(self, on: date) -> dict[str, float]:
        """Return the five dimensions' weights in force on a day, in the policy's order."""
        return dict(self.leaf("score.weights", on).value)


def _leaves(node: dict[str, Any], prefix: str) -> list[Leaf]:
    found: list[Leaf] = []
    for name, child in node.items():
        key = f"{prefix}.{name}" if prefix else name
        versions = child if isinstance(child, list) else [child]
        if all(isinstance(version, dict) and "value" in version for version in versions):
            found.extend(_leaf(key, version) for version in versions)
        elif isinstance(child, dict):
            found.extend(_leaves(child, key))
        else:
            raise PolicyError(f"{key}: a leaf is a table with value, unit, source and status.")
    return found


def _leaf(key: str, raw: dict[str, Any]) -> Leaf:
    needed = {"value", "unit", "source", "status", "effective_from"}
    known = needed | {"effective_to", "role", "why", "alternatives"}
    unknown = sorted(set(raw) - known)
    missing = sorted(needed - set(raw))
    if unknown:
        raise PolicyError(f"{key}: unknown key {unknown[0]!r}.{nearest(unknown[0], known)}")
    if missing:
        raise PolicyError(f"{key}: a leaf needs {missing[0]!r}.")
    others = tuple(raw.pop("alternatives", ()))
    return Leaf(key=key, alternatives=others, **raw)


def _check_weights(leaf: Leaf) -> None:
    weights = leaf.value
    if set(weights) != set(DIMENSIONS):
        raise PolicyError(
            f"{leaf.key}: weights must name exactly {DIMENSIONS}, got {set(weights)}."
        )
    if not math.isclose(sum(weights.values()), 1.0, abs_tol=1e-12):
        raise PolicyError(f"{leaf.key}: weights must sum to 1, got {sum(weights.values()):.6g}.")
    if min(weights.values()) < 0:
        raise PolicyError(f"{leaf.key}: weights must not be negative, got {weights}.")


def parse(text: str, *, origin: str) -> Policy:
    """Read a policy from TOML text; ``origin`` names it in errors."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{origin}: not a TOML file: {error}.") from error
    name, title = str(raw.pop("name", origin)), str(raw.pop("title", ""))
    leaves = _leaves(raw, "")
    for leaf in leaves:
        if leaf.key == "score.weights":
            _check_weights(leaf)
    return Policy(name, title, tuple(leaves), hashlib.sha256(text.encode()).hexdigest())


def load(name: str) -> Policy:
    """Load a policy by its name (a file of this package) or by the path of a TOML file."""
    if name.endswith(".toml"):
        path = Path(name)
        if not path.is_file():
            raise PolicyError(f"policy file {name!r} does not exist.")
        return parse(path.read_text(encoding="utf-8"), origin=name)
    folder = files("credit") / "policies"
    shipped = sorted(
        entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name[-5:] == ".toml"
    )
    if name not in shipped:
        raise PolicyError(f"no policy {name!r}.{nearest(name, shipped)} It is one of {shipped}.")
    return parse((folder / f"{name}.toml").read_text(encoding="utf-8"), origin=name)
