"""What being late costs: days of grace, a fee once they have passed, then a charge a day.

Days of grace cost nothing. When the first day after them opens, the late fee is charged once and
daily charges begin; charges of the days of grace are not made up for. Overdue principal goes on
bearing the contract's rate, and in addition:

``compound``  a daily rate on everything unpaid; it and the contract's interest bear interest;
``flat``      a share of the unpaid instalment, once;
``stepped``   shares of the unpaid instalment, more of it from step to step;
``multiple``  a daily rate that makes the contract's so many times as high, on overdue principal;
``none``      nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from credit.decide.leaves import choice, items, named, number, table, whole
from credit.errors import PolicyError
from credit.policy import InForce

MICRO = 1_000_000
"""Millionths of a fen in a fen: what a day adds is kept in them, so that small amounts count."""

FIELDS = {
    "compound": ("mode", "rate"),
    "flat": ("mode", "share"),
    "stepped": ("mode", "steps"),
    "multiple": ("mode", "multiple"),
    "none": ("mode",),
}
"""Mode -> the names that ``pricing.penalty`` has in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalty:
    """One of the five modes; ``steps`` are (days past due, share in all from then on)."""

    mode: str
    rate: Fraction = Fraction(0)
    multiple: Fraction = Fraction(1)
    steps: tuple[tuple[int, Fraction], ...] = ()

    @classmethod
    def of(cls, value: Any, where: str = "pricing.penalty") -> Penalty:
        """Read and check a penalty."""
        mode = choice(value.get("mode") if isinstance(value, dict) else value, where, FIELDS)
        table(value, where, FIELDS[mode])
        if mode == "compound":
            return cls(mode=mode, rate=number(value["rate"], f"{where}.rate", high=0.1))
        if mode == "multiple":
            times = number(value["multiple"], f"{where}.multiple", low=1, high=10)
            return cls(mode=mode, multiple=times)
        if mode == "flat":
            return cls(mode=mode, steps=((0, number(value["share"], f"{where}.share")),))
        if mode == "none":
            return cls(mode=mode)
        steps = []
        for place, row in enumerate(items(value["steps"], f"{where}.steps"), start=1):
            here = f"{where}.steps[{place}]"
            table(row, here, ("from_days", "share"))
            steps.append(
                (
                    whole(row["from_days"], f"{here}.from_days", low=1),
                    number(row["share"], f"{here}.share"),
                )
            )
        for (day, share), (later, more) in pairwise(steps):
            if later <= day or more < share:
                raise PolicyError(f"{where}.steps: days must rise and shares not fall: {steps}.")
        return cls(mode=mode, steps=tuple(steps))

    def within(self, most_times: Fraction) -> Penalty:
        """Return the penalty where the law allows the contract's rate so many times at most.

        A penalty of another kind cannot be compared with a multiple of the contract's rate for
        every loan, and gives way to the most that the law allows; none stays none.
        """
        if self.mode == "none" or (self.mode == "multiple" and self.multiple <= most_times):
            return self
        return Penalty(mode="multiple", multiple=most_times)

    def daily(self, daily_rate: Fraction) -> Fraction:
        """Return what a day costs in addition to the contract's rate, per fen unpaid."""
        if self.mode == "multiple":
            return daily_rate * (self.multiple - 1)
        return self.rate

    def share(self, days_past_due: int) -> Fraction:
        """Return the share of the unpaid instalment charged in all by a day past due."""
        reached = [share for day, share in self.steps if day <= days_past_due]
        return reached[-1] if reached else Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpaid:
    """What an instalment owes as a day opens.

    ``base_fen`` is what was due and is not paid; ``accrued_micro`` the late interest and charges
    since then that are not paid, in millionths of a fen. What is charged once stays charged, also
    where a deferral has begun the count of days anew: ``fee_charged``, ``share_charged``.
    """

    principal_fen: int
    base_fen: int
    accrued_micro: int
    fee_charged: bool = False
    share_charged: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What one day adds, in millionths of a fen: late interest, penalty, late fee.

    ``share`` of the penalty is the share of what was due that is charged once.
    """

    interest_micro: int = 0
    penalty_micro: int = 0
    fee_micro: int = 0
    share: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LateTerms:
    """Days of grace, the fee after them, and the penalty.

    Attributes
    ----------
    grace_days : int
        The last day on which a due amount is not late is the due day + ``grace_days``.
    fee : Fraction
        Share of what is unpaid, charged once when the grace has passed.
    penalty : Penalty
    """

    grace_days: int
    fee: Fraction
    penalty: Penalty

    @classmethod
    def of(cls, figures: InForce) -> LateTerms:
        """Read and check ``repay.grace`` and ``pricing.penalty``.

        Where ``comply.penalty`` is in force, the penalty is what that allows at most.
        """
        grace = named(figures, "repay.grace", ("days", "fee"))
        penalty = Penalty.of(figures["pricing.penalty"])
        if "comply.penalty" in figures.leaves:
            law = named(figures, "comply.penalty", ("min_times", "max_times"))
            most = number(law["max_times"], "comply.penalty.max_times", low=1, high=10)
            penalty = penalty.within(most)
        return cls(
            grace_days=whole(grace["days"], "repay.grace.days"),
            fee=number(grace["fee"], "repay.grace.fee"),
            penalty=penalty,
        )

    def overdue(self, days_past_due: int) -> bool:
        """Whether the days of grace have passed."""
        return days_past_due > self.grace_days

    def charge(self, unpaid: Unpaid, days_past_due: int, daily_rate: Fraction) -> Charge:
        """Return what a day adds as it opens.

        Parameters
        ----------
        unpaid : Unpaid
        days_past_due : int
            Of the day that opens; the due day is 0.
        daily_rate : Fraction
            The contract's.
        """
        if not self.overdue(days_past_due) or not unpaid.base_fen:
            return Charge()
        penalty = self.penalty
        bears = unpaid.principal_fen * MICRO
        if penalty.mode == "compound":
            bears = unpaid.base_fen * MICRO + unpaid.accrued_micro
        more = max(Fraction(0), penalty.share(days_past_due) - unpaid.share_charged)
        base = unpaid.base_fen * MICRO
        return Charge(
            interest_micro=_share(bears, daily_rate),
            penalty_micro=_share(bears, penalty.daily(daily_rate)) + _share(base, more),
            fee_micro=0 if unpaid.fee_charged else _share(base, self.fee),
            share=more,
        )


def whole_fen(micro: int) -> int:
    """Return millionths of a fen in whole fen, half up."""
    return (2 * micro + MICRO) // (2 * MICRO)


def _share(micro: int, share: Fraction) -> int:
    """Return a share of an amount, half up; in whole numbers, for this is done every day."""
    if not share:
        return 0
    return (2 * micro * share.numerator + share.denominator) // (2 * share.denominator)


@dataclass(frozen=True, slots=True, kw_only=True)
class LateCost:
    """What a year of being late costs per fen, all daily charges together (Actual/365).

    ``simple`` is the daily rate times 365, ``compounded`` with interest on interest; ``once`` what
    is charged whatever the days. ``bears_interest`` says which of the two rates applies.
    """

    daily: Fraction
    simple: Fraction
    compounded: float
    once: Fraction
    bears_interest: bool

    @property
    def annual(self) -> float:
        """The rate that applies."""
        return self.compounded if self.bears_interest else float(self.simple)


def late_cost(terms: LateTerms, daily_rate: Fraction) -> LateCost:
    """Return what being late costs, contract's rate and penalty together.

    >>> terms = LateTerms(grace_days=3, fee=Fraction(0),
    ...                   penalty=Penalty(mode="compound", rate=Fraction(1, 1000)))
    >>> cost = late_cost(terms, Fraction(5, 10_000))
    >>> float(cost.simple), round(cost.compounded, 3)
    (0.5475, 0.728)
    """
    daily = daily_rate + terms.penalty.daily(daily_rate)
    most = terms.penalty.steps[-1][1] if terms.penalty.steps else Fraction(0)
    return LateCost(
        daily=daily,
        simple=daily * 365,
        compounded=(1 + float(daily)) ** 365 - 1,
        once=terms.fee + most,
        bears_interest=terms.penalty.mode == "compound",
    )
