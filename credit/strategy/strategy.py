"""A strategy: a policy in force, with leaves changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from credit.errors import PolicyError, nearest
from credit.policy import InForce, Policy
from credit.policy.rules import rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """A policy and what is changed in it, on every day alike.

    Attributes
    ----------
    name : str
        By which tables and pictures name it.
    rules : Policy
    changes : mapping of str to value
        Leaf -> the value that holds in place of the policy's, whole; see `changed`.
    """

    name: str
    rules: Policy
    changes: Mapping[str, Any] = field(default_factory=dict)

    def at(self, day: date) -> InForce:
        """Return the figures in force on a day; their hash says the changes too.

        Raises
        ------
        PolicyError
            A leaf that is changed has no value that day, or the changed value breaks its rule.
        """
        held = self.rules.at(day)
        if not self.changes:
            return held
        leaves = dict(held.leaves)
        for key, value in self.changes.items():
            _refuse_broken(key, value)
            leaves[key] = replace(held.leaf(key), value=value)
        said = json.dumps(dict(self.changes), sort_keys=True, default=str)
        digest = hashlib.sha256(f"{held.sha256}\n{said}".encode()).hexdigest()
        return replace(held, leaves=leaves, sha256=digest)

    def zone(self, day: date) -> str:
        """Return the zone of days that holds on a day."""
        return str(self.at(day)["calendar.zone"])

    def named(self, name: str) -> Strategy:
        """Return the same strategy by another name."""
        return replace(self, name=name)

    def value(self, path: str, on: date) -> Any:
        """Return what stands at a path (see `changed`) on a day."""
        figures = self.at(on)
        key, steps = _parted(path, figures)
        node = figures[key]
        for place, step in enumerate(steps):
            _placed(node, [step], None, ".".join([key, *steps[: place + 1]]))
            node = node[int(step)] if isinstance(node, list) else node[step]
        return node

    def counts(self, path: str, on: date) -> bool:
        """Say whether only whole numbers may stand at a path."""
        key, steps = _parted(path, self.at(on))
        rule = rules().get(key)
        for step in steps:
            rule = None if rule is None else rule.entries.get(step, rule.each)
        return rule is not None and rule.kind == "integer"

    def changed(self, path: str, value: Any, on: date, *, name: str = "") -> Strategy:
        """Return this strategy with one leaf, or one entry of a leaf, changed as well.

        Parameters
        ----------
        path : str
            A leaf (``limit.hidden_buffer``), or a leaf and a way into its table or list
            (``decision.cutoff.approve``, ``pricing.grades.0.max_pd``).
        value : object
            What stands there instead.
        on : date
            Day of which the rest of the leaf is taken.
        name : str
            Of the new strategy; this one's where empty.

        Raises
        ------
        PolicyError
            There is no such leaf or entry, or the leaf would break its rule.
        """
        figures = self.at(on)
        key, steps = _parted(path, figures)
        whole = _placed(figures[key], steps, value, path)
        _refuse_broken(key, whole)
        return replace(self, name=name or self.name, changes={**self.changes, key: whole})


def _parted(path: str, figures: InForce) -> tuple[str, list[str]]:
    """Return the leaf that a path begins with, and the steps into it."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        key = ".".join(parts[:length])
        if key in figures:
            return key, parts[length:]
    raise PolicyError(
        f"{path}: policy {figures.policy} has no such leaf on {figures.on}."
        f"{nearest(path, figures.leaves)}"
    )


def _placed(node: Any, steps: list[str], value: Any, path: str) -> Any:
    """Return a leaf's value with another one at the end of some steps."""
    if not steps:
        return value
    first, *rest = steps
    if isinstance(node, Mapping) and first in node:
        return {**node, first: _placed(node[first], rest, value, path)}
    if isinstance(node, list) and first.isdecimal() and int(first) < len(node):
        place = int(first)
        return [*node[:place], _placed(node[place], rest, value, path), *node[place + 1 :]]
    known = list(node) if isinstance(node, Mapping) else []
    raise PolicyError(f"{path}: nothing stands at {first!r}.{nearest(first, known)}")


def _refuse_broken(key: str, value: Any) -> None:
    rule = rules().get(key)
    broken = list(rule.broken(key, value)) if rule is not None else []
    if broken:
        raise PolicyError("\n".join(broken))
