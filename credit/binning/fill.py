"""The tables of the dynamic programme: the best path that ends in each segment.

Where the order of rates is all that is asked of two neighbours, those that may stand before a
segment are the first of them by rate, and the best of these is known beforehand: O(K n^2 +
n^2 log n). Any other rule between two neighbours takes a look at all pairs, O(K n^3).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ends = NDArray[np.int64]

TOLERANCE = 1e-12
"""Rounding that a difference of rates or a z may fall short by."""


@njit(cache=True)
def _apart(held: Floats, at: tuple[int, int, int], order: int, least: float, z: float) -> bool:
    """Say whether segments c..a-1 and a..b differ enough in their plain bad rates."""
    c, a, b = at
    bad_1, bad_2 = held[a, 1] - held[c, 1], held[b + 1, 1] - held[a, 1]
    all_1 = bad_1 + held[a, 0] - held[c, 0]
    all_2 = bad_2 + held[b + 1, 0] - held[a, 0]
    step = bad_2 / all_2 - bad_1 / all_1
    if least > 0.0 and (step * order if order else abs(step)) < least - TOLERANCE:
        return False
    if z > 0.0:
        pooled = (bad_1 + bad_2) / (all_1 + all_2)
        variance = pooled * (1.0 - pooled) * (1.0 / all_1 + 1.0 / all_2)
        return variance > 0.0 and abs(step) >= z * np.sqrt(variance) - TOLERANCE
    return True


@njit(cache=True)
def _in_order(periods: Floats, at: tuple[int, int, int], order: int, rise: float) -> bool:
    """Say whether the two segments stand in one order in every period; equal rates pass.

    Without an order asked for it is the one of all rows. Compared as products: exact for counts.
    """
    c, a, b = at
    up, down = order > 0 or (order == 0 and rise >= 0), order < 0 or (order == 0 and rise <= 0)
    for t in range(periods.shape[0]):
        held = periods[t]
        bad_1, bad_2 = held[a, 1] - held[c, 1], held[b + 1, 1] - held[a, 1]
        good_1, good_2 = held[a, 0] - held[c, 0], held[b + 1, 0] - held[a, 0]
        step = bad_2 * good_1 - bad_1 * good_2
        up = up and step >= 0.0
        down = down and step <= 0.0
        if not up and not down:
            return False
    return True


@njit(cache=True)
def _may_follow(
    held: Floats,
    periods: Floats,
    at: tuple[int, int, int],
    way: tuple[int, float],
    apart: tuple[float, float],
) -> bool:
    """Say whether segment a..b may follow c..a-1, given the order asked and the rise found."""
    order, rise = way
    return _apart(held, at, order, apart[0], apart[1]) and _in_order(periods, at, order, rise)


@njit(cache=True)
def _best_before(
    best: Floats, at: tuple[int, int, int], gain: float, into: Floats, way: Ends
) -> None:
    """Let a segment follow segment c..a-1, in this phase or the one before, where better."""
    c, a, phase = at
    for before in range(phase + 1):
        code = 2 * c + before
        for k in range(len(into) - 1):
            total = best[a - 1, c, before, k] + gain
            better = total > into[k + 1]
            into[k + 1] = total if better else into[k + 1]
            way[k + 1] = code if better else way[k + 1]


@njit(cache=True)
def _by_rate(rate: Floats, value: Floats, a: int, into: Ends) -> int:
    """Write the starts of the segments c..a-1 that may be, by ascending rate; return how many."""
    size = 0
    for c in range(a):
        if value[c, a - 1] == -np.inf:
            continue
        at = size
        while at and rate[into[at - 1], a - 1] > rate[c, a - 1]:
            into[at] = into[at - 1]
            at -= 1
        into[at] = c
        size += 1
    return size


@njit(cache=True)
def _best_so_far(best: Floats, starts: Ends, phases: int, top: Floats, way: Ends) -> None:
    """Write the best of the first 1, 2, ... segments for every number of bins, and the way to it.

    ``best`` holds those that end before the split, by start.
    """
    for i in range(len(starts)):
        for k in range(best.shape[2]):
            value, code = (top[i - 1, k], way[i - 1, k]) if i else (-np.inf, -1)
            for before in range(phases):
                total, here = best[starts[i], before, k], 2 * starts[i] + before
                # Of two that are as good the first stands, as where all pairs are looked at.
                if total > value or (total == value and here < code):
                    value, code = total, here
            top[i, k], way[i, k] = value, code


@njit(cache=True)
def fill_by_rate(rate: Floats, value: Floats, order: Ends, layers: int) -> tuple[Floats, Ends]:
    """Fill what :func:`fill_pairs` does where only an order of rates is asked of neighbours."""
    n, phases = rate.shape[0], len(order)
    best = np.full((n, n, phases, layers), -np.inf)
    parent = np.empty((n, n, phases, layers), np.int64)  # read where best is finite alone
    rising, starts = np.empty(n, np.int64), np.empty(n, np.int64)
    top, way = np.empty((n, layers)), np.empty((n, layers), np.int64)
    for b in range(n):
        best[b, 0, 0, 0] = value[0, b]
    for a in range(1, n):
        size = _by_rate(rate, value, a, rising)
        for phase in range(phases):
            sign = order[phase]
            for i in range(size):
                starts[i] = rising[size - 1 - i if sign < 0 else i]
            _best_so_far(best[a - 1], starts[:size], phase + 1, top, way)
            for b in range(a, n):
                if value[a, b] == -np.inf:
                    continue
                last = size - 1
                while last >= 0 and (rate[a, b] - rate[starts[last], a - 1]) * sign < 0.0:
                    last -= 1
                for k in range(layers - 1 if last >= 0 else 0):
                    best[b, a, phase, k + 1] = top[last, k] + value[a, b]
                    parent[b, a, phase, k + 1] = way[last, k]
    return best, parent


@njit(cache=True)
def fill_pairs(
    found: tuple[Floats, Floats, Floats, Floats], order: Ends, layers: int, least: float, z: float
) -> tuple[Floats, Ends]:
    """Fill best[b, a, phase, k] and, for the way back, 2 * start of the one before + its phase.

    The number of bins lies innermost, so that the loop over it runs in one vector.
    """
    rate, value, held, periods = found
    n, phases = rate.shape[0], len(order)
    best = np.full((n, n, phases, layers), -np.inf)
    parent = np.empty((n, n, phases, layers), np.int64)  # read where best is finite alone
    into, way = np.empty(layers), np.empty(layers, np.int64)
    for b in range(n):
        best[b, 0, 0, 0] = value[0, b]
    for a in range(1, n):
        for b in range(a, n):
            gain = value[a, b]
            if gain == -np.inf:
                continue
            for phase in range(phases):
                into[:] = -np.inf
                way[:] = -1
                for c in range(a):
                    rise = rate[a, b] - rate[c, a - 1]
                    if value[c, a - 1] == -np.inf or not rise * order[phase] >= 0.0:
                        continue
                    if not _may_follow(held, periods, (c, a, b), (order[phase], rise), (least, z)):
                        continue
                    _best_before(best, (c, a, phase), gain, into, way)
                best[b, a, phase, 1:] = into[1:]
                parent[b, a, phase, 1:] = way[1:]
    return best, parent
