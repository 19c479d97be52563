"""Whom a planted structural break touches, and how much.

A shock draws no random number: people whom it does not touch are those of the world without it.
"""

from __future__ import annotations

import numpy as np

from credit.world import season
from credit.world.options import SEGMENTS, Flags, Floats, Ints, Shock, WorldOptions


def touched(options: WorldOptions, segment: Ints, as_of: Ints) -> Flags:
    """Return who applies under any shock; shape (people,)."""
    found = np.zeros(segment.size, dtype=bool)
    for shock in options.shocks:
        found |= _applies(shock, options, segment, as_of)
    return found


def riskier(options: WorldOptions, segment: Ints, as_of: Ints) -> Floats:
    """Return by how many standard deviations everyone's traits are riskier."""
    return _total(options, segment, as_of, [shock.traits for shock in options.shocks])


def log_odds(options: WorldOptions, segment: Ints, as_of: Ints) -> Floats:
    """Return what is added to everyone's log-odds of bad, given their features."""
    return _total(options, segment, as_of, [shock.log_odds for shock in options.shocks])


def income_factor(options: WorldOptions, segment: Ints, as_of: Ints) -> Floats:
    """Return the factor of everyone's declared income."""
    logs = [float(np.log(shock.income)) for shock in options.shocks]
    return np.asarray(np.exp(_total(options, segment, as_of, logs)))


def _total(options: WorldOptions, segment: Ints, as_of: Ints, amounts: list[float]) -> Floats:
    total = np.zeros(segment.size)
    for shock, amount in zip(options.shocks, amounts, strict=True):
        total[_applies(shock, options, segment, as_of)] += amount
    return total


def _applies(shock: Shock, options: WorldOptions, segment: Ints, as_of: Ints) -> Flags:
    until = options.months if shock.until is None else min(shock.until, options.months)
    first, last = (
        season.day_number(season.months_after(options.start, month))
        for month in (shock.first, until)
    )
    day = season.local_day(as_of)
    return np.asarray((segment == SEGMENTS.index(shock.segment)) & (day >= first) & (day < last))
