"""The shipped policy on a day, with some values of a test's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache

from credit import policy
from credit.decide.clock import at
from credit.policy import InForce, Leaf

DAY = date(2026, 9, 1)
ZONE = "Asia/Shanghai"


@cache
def _shipped() -> InForce:
    return policy.load("weilidai").at(DAY)


def figures(**values) -> InForce:
    """Return the policy with values replaced or added; ``__`` in a name stands for a dot."""
    shipped = _shipped()
    leaves = dict(shipped.leaves)
    for name, value in values.items():
        key = name.replace("__", ".")
        leaf = leaves.get(key) or Leaf(
            key=key, value=None, unit="", source="a test", status="assumed", effective_from=DAY
        )
        leaves[key] = replace(leaf, value=value)
    return replace(shipped, leaves=leaves)


def noon(day: date, hour: int = 12, minute: int = 0) -> int:
    """Return an instant of a day on the wall clock of the policy's zone."""
    return at(day, ZONE, hour=hour, minute=minute)
