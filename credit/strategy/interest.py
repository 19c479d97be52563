"""Interest of many loans at once, equal to the fen to that of their schedules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import pairwise

import numpy as np

from credit.decide.repay.schedule import Loan, annuity
from credit.strategy.book import Ints
from credit.strategy.exact import Ratio, Whole, product


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Borne:
    """What loans in equal instalments bear if they are paid as agreed.

    Attributes
    ----------
    interest_fen : ndarray of int
        ``schedule(loan).interest_fen`` of each.
    fen_days : ndarray of int
        Balance times its days, summed over the periods: what money costs is paid on it.
    """

    interest_fen: Whole
    fen_days: Whole


def borne(
    principal_fen: Ints, drawn_on: Ints, rate: Ints, rates: Sequence[Fraction], months: int
) -> Borne:
    """Return the interest of loans in equal instalments by actual days.

    Parameters
    ----------
    principal_fen : ndarray of int
        0 or more; a loan of nothing bears nothing.
    drawn_on : ndarray of int
        Ordinals of days.
    rate : ndarray of int
        Position of each loan's daily rate in ``rates``.
    rates : sequence of Fraction
    months : int

    Returns
    -------
    Borne
        With instalment A and the balance b of each period of d days, interest is ``b r d`` half up,
        and ``min(b, max(A - interest, 0))`` of the balance is repaid, all of it in the last one.
    """
    pairs, place = np.unique(np.stack([drawn_on, rate]), axis=1, return_inverse=True)
    place = place.ravel()
    lengths, annuities = [], []
    for day, at in pairs.T.tolist():
        loan = Loan(
            principal_fen=1, drawn_on=date.fromordinal(day), months=months, daily_rate=rates[at]
        )
        ends = [loan.drawn_on, *loan.due_days()]
        lengths.append([(later - earlier).days for earlier, later in pairwise(ends)])
        annuities.append(annuity(loan.period_rates()))
    days = np.array(lengths, dtype=np.int64).reshape(-1, months)[place]
    daily = Ratio.of(rates, rate)
    level = (
        Ratio(principal_fen, np.ones_like(principal_fen)).times(Ratio.of(annuities, place)).fen()
    )
    balance, interest, fen_days = principal_fen, np.zeros_like(principal_fen), 0 * principal_fen
    for period in range(months):
        weighed = product(balance, days[:, period])
        due = Ratio(weighed, np.ones_like(balance)).times(daily).fen()
        interest, fen_days = interest + due, fen_days + weighed
        repaid = np.minimum(balance, np.maximum(level - due, 0))
        balance = balance - repaid
    return Borne(interest_fen=interest, fen_days=fen_days)
