"""The shipped policies with single leaves changed, for tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from credit import policy
from credit.decide.clock import at
from credit.policy import InForce, Leaf

ZONE = "Asia/Shanghai"
TODAY = date(2026, 6, 15)

SHIPPED = policy.load("weilidai")


def figures(changes: dict[str, Any] | None = None, *, on: date = TODAY, over: str = "") -> InForce:
    """Return the figures of a day with some leaves changed; ``over`` is laid over weilidai."""
    shipped = policy.load(f"weilidai+{over}").at(on) if over else SHIPPED.at(on)
    leaves = dict(shipped.leaves)
    for key, value in (changes or {}).items():
        leaves[key] = Leaf(
            key=key, value=value, unit="as shipped", source="a test", status="assumed",
            effective_from=date(2020, 1, 1),
        )  # fmt: skip
    return replace(shipped, leaves=leaves)


def noon(day: date) -> int:
    return at(day, ZONE, hour=12)
