"""The exact dynamic programme: best bins of ordered candidates, for every number of bins.

A binning of candidates 0..n-1 is a path of segments [a, b]. State: the best value of a path
whose last segment is a..b with k segments, in phase 0 or 1 of the trend. A segment may follow
another when their rates stand in the order the phase asks for; peak and valley change phase
once. All pairs are looked at, O(K n^3): with n <= 64 that is below a millisecond, and it
leaves room for any other rule between two neighbours.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numba import njit
from numpy.typing import NDArray

Trend = Literal["ascending", "descending", "peak", "valley", "none", "auto"]
Floats = NDArray[np.float64]
Ends = NDArray[np.int64]

ORDERS: dict[str, tuple[int, ...]] = {
    "ascending": (1,),
    "descending": (-1,),
    "valley": (-1, 1),
    "peak": (1, -1),
    "none": (0,),
}
"""Trend -> order of the bad rate in each phase: +1 rising, -1 falling, 0 any."""


def segments(counts: Floats, prior: Floats, smoothing: float) -> tuple[Floats, Floats, Floats]:
    """Return weight, smoothed bad rate and value of every segment a..b, each (n, n).

    With g, b the good and bad weight of a segment, G, B those of all rows (special and missing
    ones too), N = G + B and m = ``smoothing``::

        rate  = (b + m B/N) / (g + b + m)
        woe   = log(rate / (1 - rate)) - log(B / G)
        value = (b/B - g/G) woe                       >= 0, summed it is the IV

    The pseudo-rows have the population's rate, so a small or pure segment is drawn to
    evidence 0 and the value stays additive. The trend is asked of these rates, that is of the
    evidence itself, so points keep it.

    Parameters
    ----------
    counts : ndarray (n, 2)
        Good and bad weight of each candidate, in order.
    prior : ndarray (2,)
        Good and bad weight of all rows.
    smoothing : float
        Pseudo-rows m, above 0.
    """
    cumulated = np.vstack([np.zeros(2), np.cumsum(counts, axis=0)])
    held = cumulated[None, 1:, :] - cumulated[:-1, None, :]
    good, bad = held[..., 0], held[..., 1]
    weight = good + bad
    share = prior[1] / prior.sum()
    with np.errstate(divide="ignore", invalid="ignore"):  # below the diagonal: never read
        rate = (bad + smoothing * share) / (weight + smoothing)
        woe = np.log(rate / (1 - rate)) - np.log(prior[1] / prior[0])
        value = (bad / prior[1] - good / prior[0]) * woe
    return weight, rate, value


@njit(cache=True)
def _extend(best: Floats, parent: Ends, at: tuple[int, int, int, int], value: float) -> None:
    """Let segment a..b follow segment c..a-1 in a phase, if that is better than what is there."""
    a, b, c, phase = at
    for before in range(phase + 1):
        for k in range(1, min(best.shape[1], a + 1)):
            total = best[before, k - 1, c, a - 1] + value
            if total > best[phase, k, a, b]:
                best[phase, k, a, b] = total
                parent[phase, k, a, b] = 2 * c + before


@njit(cache=True)
def _fill(value: Floats, rate: Floats, order: Ends, layers: int) -> tuple[Floats, Ends]:
    """Fill best[phase, k, a, b] and, for the way back, 2 * start of the one before + its phase."""
    n = rate.shape[0]
    best = np.full((len(order), layers, n, n), -np.inf)
    parent = np.full((len(order), layers, n, n), -1, np.int64)
    best[0, 0, 0, :] = value[0, :]
    for a in range(1, n):
        for b in range(a, n):
            if value[a, b] == -np.inf:
                continue
            for c in range(a):
                rise = rate[a, b] - rate[c, a - 1]
                for phase in range(len(order)):
                    if rise * order[phase] >= 0.0:
                        _extend(best, parent, (a, b, c, phase), value[a, b])
    return best, parent


@njit(cache=True)
def _read(best: Floats, parent: Ends, ends: Ends, totals: Floats) -> None:
    """Write each number of bins' best path as the last candidate of each bin, -1 beyond."""
    phases, layers, n, _ = best.shape
    for k in range(layers):
        start, phase = -1, -1
        for p in range(phases):
            for a in range(n):
                if best[p, k, a, n - 1] > totals[k]:
                    totals[k] = best[p, k, a, n - 1]
                    start, phase = a, p
        if start < 0:
            continue
        last = n - 1
        for layer in range(k, -1, -1):
            ends[k, layer] = last
            step = parent[phase, layer, start, last]
            last = start - 1
            start, phase = step // 2, step % 2


def best_paths(
    counts: Floats, prior: Floats, trend: str, *, bins: int, weight: float, smoothing: float
) -> tuple[Ends, Floats]:
    """Return the best binning for every number of bins 1..``bins``.

    Parameters
    ----------
    counts : ndarray (n, 2)
        Good and bad weight of the ordered candidates.
    prior : ndarray (2,)
        Good and bad weight of all rows, special codes and missing values included.
    trend : str
        ``ascending``, ``descending``, ``peak``, ``valley`` or ``none``; rates may be equal. A
        peak may rise only or fall only: it is at most one turn.
    bins : int
        Largest number of bins.
    weight : float
        Least weight of a bin.
    smoothing : float
        Pseudo-rows of the population's rate in each bin, above 0.

    Returns
    -------
    ends : ndarray (bins, bins) of int
        Row k - 1: index of the last candidate of each of k bins, then -1. All -1 where no
        binning into k bins meets the rules.
    totals : ndarray (bins,)
        Sum of the bins' values (their IV), -inf where there is none.
    """
    held, rate, value = segments(counts, prior, smoothing)
    value = np.where((held >= weight) & (held > 0), value, -np.inf)
    layers = min(bins, len(counts))
    ends = np.full((bins, bins), -1, np.int64)
    totals = np.full(bins, -np.inf)
    order = np.array(ORDERS[trend], np.int64)
    best, parent = _fill(value, rate, order, layers)
    _read(best, parent, ends[:layers], totals[:layers])
    return ends, totals


@njit(cache=True)
def held_out_gain(
    ends: Ends, train: Floats, test: Floats, share: float, smoothing: float
) -> Floats:
    """Return the log-likelihood of ``test`` counts under each row of ``ends`` fitted on ``train``.

    Where a row has no binning the value of one bin fewer stands in: asking for more bins than
    there are is not an error. Where not even one bin is heavy enough, all trends get 0.
    """
    gain = np.full(ends.shape[0], -np.inf)
    for k in range(ends.shape[0]):
        if ends[k, 0] < 0:
            gain[k] = gain[k - 1] if k else 0.0
            continue
        total = 0.0
        first = 0
        for layer in range(k + 1):
            g, b, tg, tb = 0.0, 0.0, 0.0, 0.0
            for i in range(first, ends[k, layer] + 1):
                g += train[i, 0]
                b += train[i, 1]
                tg += test[i, 0]
                tb += test[i, 1]
            rate = (b + smoothing * share) / (g + b + smoothing)
            total += tb * np.log(rate) + tg * np.log(1 - rate)
            first = ends[k, layer] + 1
        gain[k] = total
    return gain
