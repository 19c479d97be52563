"""Schedules of many loans at once, equal to `credit.decide.repay.schedule` to the fen."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from credit.decide.repay import Loan, schedule
from credit.errors import DataError
from credit.world import season
from credit.world.options import Floats, Ints

DOUBT = 1e-4
"""Where the level instalment lies this close (in fen) to half a fen, it is reckoned exactly.

Its error in floating point is below 1e-13 of it, so for loans up to `MOST_FEN` it is rounded right
wherever it lies farther away."""

MOST_FEN, MOST_OVER = 10**8, 10**4
"""Largest loan, and largest numerator of a rate or share: what a day adds, in millionths of a fen,
is twice their product at most (2e18), and with charges on charges still fits into 64 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contracts:
    """Loans as they are agreed; one entry a loan.

    Attributes
    ----------
    line : ndarray
        Position of the line of credit that the loan is drawn from.
    drawn_at : ndarray
        Instant of the payout, UTC microseconds.
    principal_fen, months : ndarray
    rate : ndarray
        Position of the daily rate in ``rates``.
    rates : tuple of Fraction
    """

    line: Ints
    drawn_at: Ints
    principal_fen: Ints
    months: Ints
    rate: Ints
    rates: tuple[Fraction, ...]

    @property
    def size(self) -> int:
        """How many loans."""
        return int(self.line.size)

    def rate_parts(self) -> tuple[Ints, Ints]:
        """Return numerator and denominator of each loan's daily rate."""
        parts = np.array([(one.numerator, one.denominator) for one in self.rates], dtype=np.int64)
        parts = parts.reshape(-1, 2)[self.rate]
        return parts[:, 0], parts[:, 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedules:
    """Instalments of many loans; one entry an instalment, loans in order.

    ``start`` has one entry a loan and one more: loan k has ``start[k]:start[k + 1]``. ``due`` are
    local days (since 1970-01-01).
    """

    start: Ints
    loan: Ints
    number: Ints
    due: Ints
    principal_fen: Ints
    interest_fen: Ints

    @property
    def due_fen(self) -> Ints:
        """Principal and interest together."""
        return self.principal_fen + self.interest_fen


def schedules(contracts: Contracts) -> Schedules:
    """Return the equal monthly instalments of loans, interest by actual days.

    Definition: that of `credit.decide.repay.schedule` with ``equal_instalments``, in integers.

    Raises
    ------
    DataError
        A principal is so large, or a rate so fine, that products would not fit into 64 bits.
    """
    over, under = contracts.rate_parts()
    _refuse_overflow(contracts, over)
    months = contracts.months
    start = np.concatenate([[0], np.cumsum(months)])
    loan = np.repeat(np.arange(contracts.size), months)
    number = np.arange(loan.size) - start[loan] + 1
    drawn = season.local_day(contracts.drawn_at)[loan]
    due = season.add_months(drawn, number)
    days = due - season.add_months(drawn, number - 1)
    level = _levels(contracts, start, days)
    balance = contracts.principal_fen.copy()
    principal, interest = np.zeros(loan.size, np.int64), np.zeros(loan.size, np.int64)
    for step in range(int(months.max(initial=0))):
        here = np.flatnonzero(months > step)
        at = start[here] + step
        charged = _half_up(balance[here] * over[here] * days[at], under[here])
        part = np.minimum(balance[here], np.maximum(level[here] - charged, 0))
        part = np.where(months[here] == step + 1, balance[here], part)
        principal[at], interest[at] = part, charged
        balance[here] -= part
    return Schedules(
        start=start, loan=loan, number=number, due=due,
        principal_fen=principal, interest_fen=interest,
    )  # fmt: skip


def _half_up(over: Ints, under: Ints) -> Ints:
    """Return a quotient of whole numbers that are 0 or more, half up."""
    rounded: Ints = (2 * over + under) // (2 * under)
    return rounded


def _refuse_overflow(contracts: Contracts, over: Ints) -> None:
    most, finest = int(contracts.principal_fen.max(initial=0)), int(over.max(initial=0))
    if most > MOST_FEN or finest > MOST_OVER:
        raise DataError(
            f"principal_fen up to {most} at rates {[str(one) for one in contracts.rates]}: loans "
            f"above {MOST_FEN} fen, or rates whose numerator is above {MOST_OVER}, do not fit into "
            "64 bits. Lend less, or give rates in coarser steps."
        )


def _levels(contracts: Contracts, start: Ints, days: Ints) -> Ints:
    """Return the level instalment of each loan: A = P prod(a_k) / sum_k prod_{j > k} a_j."""
    rate = np.array([float(one) for one in contracts.rates])[contracts.rate]
    months = contracts.months
    after, weight = np.ones(contracts.size), np.zeros(contracts.size)
    for step in range(int(months.max(initial=0))):  # from the last period to the first
        here = np.flatnonzero(months > step)
        weight[here] += after[here]
        after[here] *= 1.0 + rate[here] * days[start[here + 1] - 1 - step]
    amount: Floats = contracts.principal_fen * after / weight
    level = np.floor(amount + 0.5).astype(np.int64)
    for doubtful in np.flatnonzero(np.abs(amount - np.floor(amount) - 0.5) < DOUBT):
        level[doubtful] = _exact_level(contracts, int(doubtful))
    return level


def _exact_level(contracts: Contracts, place: int) -> int:
    """Return the level instalment of one loan, as its first one shows it."""
    loan = Loan(
        principal_fen=int(contracts.principal_fen[place]),
        drawn_on=season.day_of(int(season.local_day(contracts.drawn_at[place]))),
        months=int(contracts.months[place]),
        daily_rate=contracts.rates[int(contracts.rate[place])],
    )
    # With one instalment, the last takes what is left, and the level is not looked at.
    return schedule(loan).instalments[0].total_fen
