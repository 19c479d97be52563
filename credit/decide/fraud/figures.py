"""The records that the fraud rules read: what a policy's leaves become."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

ACTIONS = ("block", "hold", "review", "watch")
"""What may be done: refuse for good, wait for an answer, let through and look, keep in mind."""

OWN = ("large_payment", "night_large_transfer", "new_payee", "merchant_stop", "fund_flow")
"""Signals that the rules compute from events; all others are lines over indicators."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A value of an indicator beyond the line, on such an event, is a signal."""

    signal: str
    on: tuple[str, ...]
    indicator: str
    level: str
    above: float | None = None
    below: float | None = None

    def broken(self, value: float | None) -> bool:
        """Whether a value lies beyond the line; what is unknown does not."""
        if value is None:
            return False
        return (self.above is not None and value > self.above) or (
            self.below is not None and value < self.below
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Combo:
    """Signals that together, within a time (microseconds, both ends included), make a level."""

    all: tuple[str, ...]
    within: int
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Payments:
    """Figures of a single payment: fen, hours of the night, days of a payee, levels."""

    large_fen: int
    large_level: str
    night_fen: int
    night_kinds: tuple[str, ...]
    night_level: str
    night_hours: tuple[int, int]
    payee_days: int
    payee_fen: int
    payee_level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily:
    """What a person may spend a local day at merchants of one class, and the level beyond."""

    fen: int
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FundFlow:
    """Where borrowed money may not go: codes by category, and shares of it by level."""

    within: int
    categories: Mapping[int, str]
    grades: tuple[tuple[Fraction, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coaching:
    """Points of signals within a time that make a scam suspected, and the pause (microseconds)."""

    points: Mapping[str, int]
    at: int
    within: int
    pause: int
