"""The exact dynamic programme: best bins of ordered candidates, for every number of bins.

A binning of candidates 0..n-1 is a path of segments [a, b]. State: the best value of a path
whose last segment is a..b with k segments, in phase 0 or 1 of the trend. A segment may follow
another when their rates stand in the order the phase asks for and the rules for neighbours
hold; peak and valley change phase once. The tables are filled in `credit.binning.fill`.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from credit.binning.fill import fill_by_rate, fill_pairs
from credit.binning.hull import block_ends
from credit.binning.limits import ORDERS
from credit.binning.rules import Material, Rules
from credit.binning.segments import Segments

Floats = NDArray[np.float64]
Ends = NDArray[np.int64]

_TURNING = {"ascending": "peak", "descending": "valley"}


@njit(cache=True)
def _read(best: Floats, parent: Ends, ends: Ends, totals: Floats, phases: int) -> None:
    """Write each number of bins' best path as the last candidate of each bin, -1 beyond.

    Only paths that end in one of the first ``phases`` are read.
    """
    n, _, _, layers = best.shape
    for k in range(layers):
        start, phase = -1, -1
        for p in range(phases):
            for a in range(n):
                if best[n - 1, a, p, k] > totals[k]:
                    totals[k] = best[n - 1, a, p, k]
                    start, phase = a, p
        if start < 0:
            continue
        last = n - 1
        for layer in range(k, -1, -1):
            ends[k, layer] = last
            step = parent[last, start, phase, layer] if layer else 0
            last = start - 1
            start, phase = step // 2, step % 2


def best_paths(found: Segments, trend: str, rules: Rules) -> tuple[Ends, Floats]:
    """Return the best binning for every number of bins 1..``rules.max_bins``.

    Parameters
    ----------
    found : Segments
        Every segment of the ordered candidates.
    trend : str
        ``ascending``, ``descending``, ``peak``, ``valley`` or ``none``; rates may be equal. A
        peak may rise only or fall only: it is at most one turn.
    rules : Rules

    Returns
    -------
    ends : ndarray (bins, bins) of int
        Row k - 1: index of the last candidate of each of k bins, then -1. All -1 where no
        binning into k bins meets the rules.
    totals : ndarray (bins,)
        Sum of the bins' values (their IV), -inf where there is none.
    """
    return paths_of_all(found, (trend,), rules)[0]


def paths_of_all(
    found: Segments, trends: tuple[str, ...], rules: Rules
) -> list[tuple[Ends, Floats]]:
    """Return :func:`best_paths` of several trends.

    The first phase of a peak is an ascent and that of a valley a descent, so one table serves
    two trends where both are asked for.
    """
    bins = rules.max_bins
    layers = min(bins, len(found.value))
    tables: dict[str, tuple[Floats, Ends]] = {}
    answers = []
    for trend in trends:
        turning = _TURNING.get(trend, "")
        source = turning if turning in trends else trend
        if source not in tables:
            order = np.array(ORDERS[source], np.int64)
            tables[source] = (
                fill_pairs(
                    (found.rate, found.value, found.cumulated, found.periods),
                    order,
                    layers,
                    rules.min_difference,
                    rules.min_z,
                )
                if rules.pairwise
                else fill_by_rate(found.rate, found.value, order, layers)
            )
        ends, totals = np.full((bins, bins), -1, np.int64), np.full(bins, -np.inf)
        _read(*tables[source], ends[:layers], totals[:layers], len(ORDERS[trend]))
        answers.append((ends, totals))
    return answers


def solve(material: Material, trend: str, rules: Rules) -> tuple[Ends, Floats]:
    """Return :func:`best_paths` of candidates, by their hull where nothing else binds."""
    if rules.only_trend_and_bins and trend in ("ascending", "descending") and not material.cuts:
        ends = block_ends(material.counts, ORDERS[trend][0])
        found = Segments.of(material.blocks(ends), rules)
        paths, totals = best_paths(found, trend, rules)
        return np.where(paths >= 0, ends[paths], -1), totals
    return best_paths(Segments.of(material, rules), trend, rules)


@njit(cache=True)
def held_out_gain(
    ends: Ends, train: Floats, test: Floats, share: float, smoothing: float
) -> Floats:
    """Return the log-likelihood of ``test`` counts under each row of ``ends`` fitted on ``train``.

    Where a row has no binning the value of one bin fewer stands in: asking for more bins than
    there are is not an error. Below the least feasible number that is one bin for all.
    """
    gain = np.full(ends.shape[0], -np.inf)
    n = train.shape[0]
    for k in range(ends.shape[0]):
        if ends[k, 0] < 0 and k:
            gain[k] = gain[k - 1]
            continue
        total = 0.0
        first = 0
        for layer in range(k + 1):
            last = ends[k, layer] if ends[k, 0] >= 0 else n - 1
            g, b, tg, tb = 0.0, 0.0, 0.0, 0.0
            for i in range(first, last + 1):
                g += train[i, 0]
                b += train[i, 1]
                tg += test[i, 0]
                tb += test[i, 1]
            rate = (b + smoothing * share) / (g + b + smoothing)
            total += tb * np.log(rate) + tg * np.log(1 - rate)
            first = last + 1
        gain[k] = total
    return gain
