"""Everything that the fraud rules read of a policy, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from credit.decide.fraud.figures import (
    OWN,
    Coaching,
    Combo,
    Daily,
    FundFlow,
    Line,
    Payments,
)
from credit.decide.fraud.reading import Reader
from credit.policy import InForce


@dataclass(frozen=True, slots=True, kw_only=True)
class FraudTerms:
    """Everything that the fraud rules read, of one policy on one day."""

    zone: str
    levels: Mapping[str, str]
    lines: tuple[Line, ...]
    combos: tuple[Combo, ...]
    payments: Payments
    daily: Mapping[str, Daily]
    flow: FundFlow
    coaching: Coaching
    layers: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, figures: InForce) -> FraudTerms:
        """Read and check the leaves.

        Raises
        ------
        PolicyError
            A leaf is missing, or its value breaks a rule; the leaf, the value and the rule are
            named.
        """
        read = Reader(figures)
        levels = read.levels()
        lines = read.lines()
        signals = (*OWN, *(line.signal for line in lines))
        return cls(
            zone=figures["calendar.zone"],
            levels=levels,
            lines=lines,
            combos=read.combos(signals),
            payments=read.payments(),
            daily=read.daily(),
            flow=read.flow(),
            coaching=read.coaching(signals),
            layers=read.layers(signals),
        )

    def gravest(self, levels: list[str]) -> str | None:
        """Return the gravest of some levels, None of none."""
        return next((level for level in self.levels if level in levels), None)

    @property
    def memory(self) -> int:
        """How long a signal is kept in mind, in microseconds."""
        return max([self.coaching.within, *(combo.within for combo in self.combos)])


def code(signal: str) -> str:
    """Return the code of a signal.

    >>> code("remote_login")
    'F_REMOTE_LOGIN'
    """
    return f"F_{signal.upper()}"
