"""The records: a leaf, a policy, and what of it holds on a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from credit.errors import PolicyError, nearest

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
    """``rule``: something decides by it; ``simulation``: one reckons so; ``document``: nothing."""
    why: str = ""
    """Why this value, where others were published; required of a disputed leaf."""
    alternatives: tuple[Any, ...] = ()
    """The other published values, each ``{value, source}``; a disputed leaf has one or more."""
    origin: str = ""
    """The policy file it stands in."""

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


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a policy: its name and the SHA-256 of its text."""

    name: str
    sha256: str


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

    def __contains__(self, key: str) -> bool:
        """Whether the key has a value that day."""
        return key in self.leaves


@dataclass(frozen=True, slots=True)
class Policy:
    """A named set of leaves and the SHA-256 of the text they came from.

    Attributes
    ----------
    name : str
        The name by which it was loaded: a base and its overlays, joined by ``+``.
    title : str
        One line for people.
    leaves : tuple of Leaf
        Every version of every key; those of one key never hold on the same day.
    sha256 : str
        Of the file, or of the list of the files' hashes where there are overlays.
    parts : tuple of Part
        The files, base first; empty for a policy of one file.
    """

    name: str
    title: str
    leaves: tuple[Leaf, ...]
    sha256: str
    parts: tuple[Part, ...] = ()

    @property
    def keys(self) -> frozenset[str]:
        """The keys that have a value on some day."""
        return frozenset(leaf.key for leaf in self.leaves)

    def versions(self, key: str) -> tuple[Leaf, ...]:
        """Return every version of a leaf, the earliest first.

        Raises
        ------
        PolicyError
            If there is no such key; the closest one is named.
        """
        found = [leaf for leaf in self.leaves if leaf.key == key]
        if not found:
            raise PolicyError(f"policy {self.name}: no key {key!r}.{nearest(key, self.keys)}")
        return tuple(sorted(found, key=lambda leaf: leaf.effective_from))

    def leaf(self, key: str, on: date) -> Leaf:
        """Return the leaf ``key`` in force on a day.

        Raises
        ------
        PolicyError
            If there is no such key (the closest one is named), or none in force that day.
        """
        versions = self.versions(key)
        for leaf in versions:
            if leaf.holds(on):
                return leaf
        raise PolicyError(
            f"policy {self.name}: {key} has no value in force on {on}; "
            f"the first holds from {versions[0].effective_from}."
        )

    def at(self, on: date) -> InForce:
        """Return every leaf in force on a day."""
        held = {leaf.key: leaf for leaf in self.leaves if leaf.holds(on)}
        return InForce(policy=self.name, on=on, sha256=self.sha256, leaves=held)

    def weights(self, on: date) -> dict[str, float]:
        """Return the five dimensions' weights in force on a day, in the policy's order."""
        return dict(self.leaf("score.weights", on).value)
