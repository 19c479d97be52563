"""The shipped policy with leaves of a product, and with single leaves changed, for tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from credit import policy
from credit.decide.clock import at
from credit.policy import InForce, Leaf

ZONE = "Asia/Shanghai"
TODAY = date(2026, 6, 15)

PRODUCT: dict[str, Any] = {
    "product.limit": {"min": 500, "max": 300_000},
    "product.min_score": {"name": "wechat_pay", "least": 600, "if_missing": "refuse"},
    "product.income_evidence": "optional",
    "product.data_sources": ["basic_id", "payments", "friend_chain", "wealth", "credit_record"],
}
"""What a product's own file states."""

SHIPPED = policy.load("weilidai")


def figures(changes: dict[str, Any] | None = None, on: date = TODAY) -> InForce:
    """Return the figures of a day with some leaves changed, or added."""
    shipped = SHIPPED.at(on)
    leaves = dict(shipped.leaves)
    for key, value in {**PRODUCT, **(changes or {})}.items():
        leaves[key] = Leaf(
            key=key, value=value, unit="as shipped", source="a test", status="assumed",
            effective_from=date(2020, 1, 1),
        )  # fmt: skip
    return replace(shipped, leaves=leaves)


def noon(day: date) -> int:
    return at(day, ZONE, hour=12)
