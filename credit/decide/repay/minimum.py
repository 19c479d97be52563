"""The least that a bill asks for, and what the rest costs."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from credit.decide.leaves import flag, named, number
from credit.decide.money import fen
from credit.decide.repay.allocate import Owed
from credit.errors import DataError
from credit.policy import InForce


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumTerms:
    """Share of a bill that is due at least, and how much dearer the rest is.

    Attributes
    ----------
    ratio : Fraction
        Share of the whole bill.
    interest_full : bool
        Whether fees and interest are due in full, however small the ratio.
    carry_multiple : Fraction
        The rest bears the daily rate so many times.
    """

    ratio: Fraction
    interest_full: bool
    carry_multiple: Fraction

    @classmethod
    def of(cls, figures: InForce) -> MinimumTerms:
        """Read and check ``repay.minimum``."""
        leaf = named(figures, "repay.minimum", ("ratio", "carry_mult", "interest_full"))
        return cls(
            ratio=number(leaf["ratio"], "repay.minimum.ratio"),
            interest_full=flag(leaf["interest_full"], "repay.minimum.interest_full"),
            carry_multiple=number(leaf["carry_mult"], "repay.minimum.carry_mult", low=1, high=10),
        )

    def due_fen(self, bill: Owed) -> int:
        """Return the least payment of a bill.

        max(ratio * bill, fee + interest)   with ``interest_full``
        ratio * bill                        without
        """
        charges = bill.fee_fen + bill.interest_fen
        least = fen(self.ratio * (charges + bill.principal_fen))
        return max(least, charges) if self.interest_full else least

    def carry_fen(self, rest_fen: int, daily_rate: Fraction, days: int) -> int:
        """Return what the unpaid rest costs over some days: rest * rate * multiple * days."""
        if rest_fen < 0 or days < 0:
            raise DataError(f"rest_fen and days must be 0 or more, got {rest_fen} and {days}.")
        return fen(rest_fen * daily_rate * self.carry_multiple * days)
