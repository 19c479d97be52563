"""Forbearance: instalments moved to later days, and what a person loses and keeps by it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from credit.decide.clock import whole_months
from credit.decide.leaves import choice, flag, named, whole
from credit.decide.money import fen
from credit.errors import DataError
from credit.policy import InForce

INTEREST = ("accrues", "waived")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForbearTerms:
    """How often and how far instalments may be moved, and when an account is cured.

    Attributes
    ----------
    max_times, max_months : int
        Deferrals of one loan; months of all of them together.
    interest : {"accrues", "waived"}
        Whether the days added bear the contract's rate.
    probation_months : int
        An account stays forborne until so many months without anything overdue have passed.
    card_change_restarts : bool
        Whether failed debits in a row are counted anew once a card has been changed.
    default_days : int
        Days past due at which an account is in default.
    cure_months : int
        Months without anything overdue that cure it, unless it is still forborne.
    """

    max_times: int
    max_months: int
    interest: str
    probation_months: int
    card_change_restarts: bool
    default_days: int
    cure_months: int

    @classmethod
    def of(cls, figures: InForce) -> ForbearTerms:
        """Read and check ``repay.forbearance`` and ``repay.cure``."""
        key = "repay.forbearance"
        names = ("max_times", "max_months", "interest", "probation_months", "card_change_restarts")
        leaf = named(figures, key, names)
        cure = named(figures, "repay.cure", ("default_days", "months"))
        return cls(
            max_times=whole(leaf["max_times"], f"{key}.max_times"),
            max_months=whole(leaf["max_months"], f"{key}.max_months"),
            interest=choice(leaf["interest"], f"{key}.interest", INTEREST),
            probation_months=whole(leaf["probation_months"], f"{key}.probation_months"),
            card_change_restarts=flag(leaf["card_change_restarts"], f"{key}.card_change_restarts"),
            default_days=whole(cure["default_days"], "repay.cure.default_days", low=1),
            cure_months=whole(cure["months"], "repay.cure.months", low=1),
        )

    def check(self, months: int, times_before: int, months_before: int) -> None:
        """Refuse a deferral that goes beyond the terms."""
        if months < 1:
            raise DataError(f"months must be 1 or more, got {months}.")
        if times_before >= self.max_times:
            raise DataError(
                f"the loan was deferred {times_before} time(s), and {self.max_times} is the most."
            )
        if months_before + months > self.max_months:
            raise DataError(
                f"a deferral by {months} month(s) after {months_before} is more than the "
                f"{self.max_months} month(s) a loan may be deferred by."
            )

    def interest_fen(self, principal_fen: int, daily_rate: Fraction, days: int) -> int:
        """Return what the days added cost: principal * daily rate * days, or nothing."""
        return fen(principal_fen * daily_rate * days) if self.interest == "accrues" else 0

    def forborne(self, clean_since: date | None, on: date) -> bool:
        """Whether probation still runs; a deferred account with arrears is always forborne."""
        return clean_since is None or whole_months(clean_since, on) < self.probation_months

    def cured(self, clean_since: date | None, on: date, *, forborne: bool) -> bool:
        """Whether a default is over: enough clean months, and no forbearance running."""
        if forborne or clean_since is None:
            return False
        return whole_months(clean_since, on) >= self.cure_months
