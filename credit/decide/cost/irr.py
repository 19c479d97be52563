"""Internal rates of return: the yearly rate at which what comes in is worth what goes out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from itertools import accumulate, pairwise

from credit.errors import DataError

TOLERANCE = 1e-14
"""Of the logarithm of 1 + rate."""


def xirr(flows: Sequence[tuple[date, float]]) -> float:
    """Return the effective yearly rate of dated flows (Actual/365).

        sum_i  c_i (1 + r) ** (-(t_i - t_0) / 365)  =  0

    Parameters
    ----------
    flows : sequence of (date, amount)
        In any order and unit; flows of one day are added. What the borrower gets has one sign,
        what the borrower pays the other.

    Returns
    -------
    float
        The rate, above -1.

    Raises
    ------
    DataError
        There is no such rate (all flows have one sign, or lie on one day), or more than one may
        be: neither the flows in time nor their running sum change sign exactly once.

    Notes
    -----
    With one change of sign, at ``t*``, ``g(x) = sum_i c_i exp(-x (t_i - t*))`` is monotone in
    ``x = ln(1 + r)``, so the rate is unique and Newton's steps, kept inside a bracket, find it.
    With more, Norström's condition on the running sums gives a unique rate above 0.
    """
    if not flows:
        raise DataError("flows: there are none, and so there is no rate.")
    by_day: dict[date, float] = {}
    for day, amount in flows:
        by_day[day] = by_day.get(day, 0.0) + float(amount)
    days = sorted(day for day, amount in by_day.items() if amount)
    times = [(day - days[0]).days / 365 for day in days]
    return math.expm1(_log_rate(times, [by_day[day] for day in days]))


def periodic_irr(amounts: Sequence[float]) -> float:
    """Return the rate a period of flows one period apart, the first one now.

    >>> round(12 * periodic_irr([1_200, *[-(100 + 9.6)] * 12]), 4)  # 0.8 % a month of 1,200
    0.1727
    """
    times = [float(place) for place, amount in enumerate(amounts) if amount]
    return math.expm1(_log_rate(times, [float(amount) for amount in amounts if amount]))


def _log_rate(times: Sequence[float], amounts: Sequence[float]) -> float:
    if not all(map(math.isfinite, amounts)):
        raise DataError(f"flows must be finite, got {list(amounts)}.")
    turns = _turns(amounts)
    if not turns:
        raise DataError(
            "flows have one sign or lie on one day: what is never paid back has no rate."
        )
    low, high = None, None
    middle = (times[turns[0]] + times[turns[0] - 1]) / 2
    if len(turns) > 1:
        sums = [total for total in accumulate(amounts) if total]
        if len(_turns(sums)) != 1 or not math.fsum(amounts):
            raise DataError(
                f"flows change sign {len(turns)} times, and so do their running sums: more than "
                "one rate may fit, so none is given."
            )
        low, middle = 0.0, times[0]
    sign = 1.0 if amounts[0] > 0 else -1.0
    shifted = [(time - middle, sign * amount) for time, amount in zip(times, amounts, strict=True)]
    return _root(shifted, low, high)


def _turns(amounts: Sequence[float]) -> list[int]:
    """Return the places at which the sign differs from the one before; no amount is 0."""
    return [
        place
        for place, (before, after) in enumerate(pairwise(amounts), start=1)
        if (before > 0) != (after > 0)
    ]


def _root(flows: Sequence[tuple[float, float]], low: float | None, high: float | None) -> float:
    """Return the zero of g(x) = sum c exp(-x t), which rises through it."""
    limit = 700 / max(1.0, *(abs(time) for time, _ in flows))

    def g(x: float) -> tuple[float, float]:
        terms = [(time, amount * math.exp(-x * time)) for time, amount in flows]
        return math.fsum(term for _, term in terms), -math.fsum(time * term for time, term in terms)

    low = -0.1 if low is None else low
    high = low + 0.2 if high is None else high
    while g(low)[0] > 0:
        low, high = 2 * low, low
        if low < -limit:
            raise DataError("flows: no rate above -100 % fits them.")
    while g(high)[0] < 0:
        low, high = high, 2 * high
        if high > limit:
            raise DataError(f"flows: the rate is beyond {math.exp(limit):.3g} a year.")
    x = (low + high) / 2
    while high - low > TOLERANCE * max(1.0, abs(x)):
        value, slope = g(x)
        low, high = (x, high) if value < 0 else (low, x)
        step = x - value / slope if slope else math.nan
        inside = low < step < high
        if inside and abs(step - x) <= TOLERANCE * max(1.0, abs(x)):
            return step
        x = step if inside else (low + high) / 2
        if x in {low, high}:
            break
    return x
