"""What is to be paid when: five kinds of schedule in integer fen, whose sums are exact.

Interest of a period is ``balance * rate of the period``, rounded half up to the fen; the rate of
a period is the daily rate times its days: its actual days, or a twelfth of the year as the
policy counts it. Principal parts sum to the principal, because the last instalment takes what
rounding has left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from itertools import accumulate, pairwise
from math import lcm
from operator import mul
from typing import Literal

from credit.decide.clock import add_months
from credit.decide.leaves import choice, items, number, table, whole
from credit.decide.money import fen
from credit.errors import DataError, PolicyError
from credit.policy import InForce

Kind = Literal["equal_instalments", "equal_principal", "interest_only", "bullet"]
KINDS: tuple[Kind, ...] = ("equal_instalments", "equal_principal", "interest_only", "bullet")
MOST_MONTHS = 360
"""Of a loan: thirty years. Beyond it an equal instalment hardly exceeds a month's interest."""
READINGS = ("total", "per_period")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instalment:
    """One due day and what is due on it, in fen."""

    number: int
    due: date
    principal_fen: int
    interest_fen: int = 0
    fee_fen: int = 0

    @property
    def total_fen(self) -> int:
        """Principal, interest and fee together."""
        return self.principal_fen + self.interest_fen + self.fee_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A loan and its instalments; their principal sums to what was paid out."""

    principal_fen: int
    drawn_on: date
    instalments: tuple[Instalment, ...]

    def __post_init__(self) -> None:
        if self.principal_fen <= 0:
            raise DataError(f"principal_fen must be positive, got {self.principal_fen}.")
        if not self.instalments:
            raise DataError("instalments: a schedule has at least one.")
        paid = sum(line.principal_fen for line in self.instalments)
        if paid != self.principal_fen:
            raise DataError(
                f"instalments: their principal sums to {paid} fen, not to the "
                f"{self.principal_fen} fen paid out."
            )
        days = [self.drawn_on, *(line.due for line in self.instalments)]
        if any(later <= earlier for earlier, later in pairwise(days)):
            raise DataError(f"instalments: due days must rise from the day of payout, got {days}.")
        if any(
            min(line.principal_fen, line.interest_fen, line.fee_fen) < 0
            for line in self.instalments
        ):
            raise DataError("instalments: an amount is negative.")

    @property
    def interest_fen(self) -> int:
        """Interest of all instalments."""
        return sum(line.interest_fen for line in self.instalments)

    @property
    def fee_fen(self) -> int:
        """Fees of all instalments."""
        return sum(line.fee_fen for line in self.instalments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loan:
    """What is lent: how much, from when, for how many months, at which daily rate.

    ``year_days`` None counts the actual days of each period; 360 or 365 gives every month a
    twelfth of such a year.
    """

    principal_fen: int
    drawn_on: date
    months: int
    daily_rate: Fraction
    year_days: int | None = None

    def __post_init__(self) -> None:
        if self.principal_fen <= 0:
            raise DataError(f"principal_fen must be positive, got {self.principal_fen}.")
        if not 1 <= self.months <= MOST_MONTHS:
            raise DataError(f"months must lie between 1 and {MOST_MONTHS}, got {self.months}.")
        if self.daily_rate < 0:
            raise DataError(f"daily_rate must be 0 or more, got {float(self.daily_rate)}.")

    def due_days(self) -> list[date]:
        """Return the due day of each month: that of the payout, or the month's last day."""
        return [add_months(self.drawn_on, month) for month in range(1, self.months + 1)]

    def period_rates(self) -> list[Fraction]:
        """Return the interest of each month per fen of balance."""
        if self.year_days is not None:
            return [self.daily_rate * Fraction(self.year_days, 12)] * self.months
        days = [self.drawn_on, *self.due_days()]
        return [self.daily_rate * (later - earlier).days for earlier, later in pairwise(days)]


def schedule(loan: Loan, kind: Kind = "equal_instalments") -> Schedule:
    """Return the instalments of a loan that bears interest.

    Parameters
    ----------
    loan : Loan
    kind : {"equal_instalments", "equal_principal", "interest_only", "bullet"}
        The same amount each month, at least its interest (等额本息); the same principal
        (等额本金); interest each month and the principal last (先息后本); everything on the last
        day (到期还本付息).

    Returns
    -------
    Schedule
        Its principal sums to the loan's to the fen; the last instalment takes the rest.
    """
    if kind not in KINDS:
        raise DataError(f"kind must be one of {KINDS}, got {kind!r}.")
    rates, days = loan.period_rates(), loan.due_days()
    if kind == "bullet":
        interest = fen(loan.principal_fen * sum(rates, Fraction(0)))
        whole_loan = Instalment(
            number=1, due=days[-1], principal_fen=loan.principal_fen, interest_fen=interest
        )
        return Schedule(
            principal_fen=loan.principal_fen, drawn_on=loan.drawn_on, instalments=(whole_loan,)
        )
    level = _level(loan.principal_fen, rates) if kind == "equal_instalments" else 0
    each = loan.principal_fen // loan.months if kind == "equal_principal" else 0
    balance, lines = loan.principal_fen, []
    for place, (due, rate) in enumerate(zip(days, rates, strict=True), start=1):
        interest = fen(balance * rate)
        part = min(balance, max(each, level - interest, 0))
        if place == loan.months:
            part = balance
        lines.append(Instalment(number=place, due=due, principal_fen=part, interest_fen=interest))
        balance -= part
    return Schedule(
        principal_fen=loan.principal_fen, drawn_on=loan.drawn_on, instalments=tuple(lines)
    )


def _level(principal_fen: int, rates: Sequence[Fraction]) -> int:
    """Return the equal instalment of a principal, in fen, half up."""
    return fen(principal_fen * annuity(rates))


def annuity(rates: Sequence[Fraction]) -> Fraction:
    """Return the equal instalment of 1, a = prod(1 + i_k) / sum_k prod_{j > k}(1 + i_j).

    Growth factors are taken over one denominator d, so that products are of whole numbers:
    a = prod(a_k) / sum_k d^k prod_{j > k} a_j with a_k = d (1 + i_k).
    """
    bottom = lcm(*(rate.denominator for rate in rates))
    factors = [int((1 + rate) * bottom) for rate in rates]
    after = list(accumulate(reversed(factors), mul, initial=1))  # of the last k periods
    count = len(rates)
    weight = sum(bottom**k * after[count - k] for k in range(1, count + 1))
    return Fraction(after[count], weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeePlan:
    """So many instalments without interest, for a fee that is a share of the principal."""

    months: int
    fee: Fraction
    min_score: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeePlanTerms:
    """The instalment plans in force, and whether a fee is meant in total or per period."""

    plans: tuple[FeePlan, ...]
    reading: str

    @classmethod
    def of(cls, figures: InForce) -> FeePlanTerms:
        """Read and check the plans; a fee rises with the months, a score does not fall."""
        key = "pricing.instalments"
        plans = []
        for place, row in enumerate(items(figures[key], key), start=1):
            where = f"{key}[{place}]"
            table(row, where, ("months", "fee", "min_score"))
            plans.append(
                FeePlan(
                    months=whole(row["months"], f"{where}.months", low=1),
                    fee=number(row["fee"], f"{where}.fee"),
                    min_score=whole(row["min_score"], f"{where}.min_score"),
                )
            )
        for shorter, longer in pairwise(plans):
            if longer.months <= shorter.months or longer.min_score < shorter.min_score:
                raise PolicyError(
                    f"{key}: plans are listed from the shortest, and a longer one asks for no "
                    f"lower score; got {shorter.months} months at {shorter.min_score} before "
                    f"{longer.months} months at {longer.min_score}."
                )
        reading = choice(
            figures["pricing.instalments_reading"], "pricing.instalments_reading", READINGS
        )
        return cls(plans=tuple(plans), reading=reading)

    def offered(self, score: float) -> tuple[FeePlan, ...]:
        """Return the plans that a score opens."""
        return tuple(plan for plan in self.plans if score >= plan.min_score)

    def schedule(self, principal_fen: int, drawn_on: date, plan: FeePlan) -> Schedule:
        """Return the instalments of a plan: equal principal, and the fee as it is read.

        In total, the fee is ``principal * fee`` once, in equal parts; per period it is that with
        every instalment. The last instalment takes what rounding has left.
        """
        loan = Loan(
            principal_fen=principal_fen, drawn_on=drawn_on, months=plan.months,
            daily_rate=Fraction(0),
        )  # fmt: skip
        bare = schedule(loan, "equal_principal")
        once = fen(principal_fen * plan.fee)
        if self.reading == "per_period":
            fees = [once] * plan.months
        else:
            each = once // plan.months
            fees = [each] * (plan.months - 1) + [once - each * (plan.months - 1)]
        lines = tuple(
            replace(line, fee_fen=fee) for line, fee in zip(bare.instalments, fees, strict=True)
        )
        return replace(bare, instalments=lines)
