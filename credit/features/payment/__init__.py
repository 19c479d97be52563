"""Payment behaviour: the twelve indicators, and how money comes in, lies and goes out."""

from __future__ import annotations

from datetime import date

from credit.feature import Feature
from credit.features.payment.account import account
from credit.features.payment.indicators import PAYMENT_INDICATORS, indicators
from credit.policy import Policy

__all__ = ["PAYMENT_INDICATORS", "payment"]


def payment(policy: Policy, on: date) -> tuple[Feature, ...]:
    """Return the features of payment behaviour under the policy in force on a day."""
    return (*indicators(policy, on), *account())
