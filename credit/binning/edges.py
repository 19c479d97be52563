"""Where a column of numbers may be cut: weighted quantiles, declared edges, short decimals."""

from __future__ import annotations

import numpy as np
from numba import njit

from credit.binning.limits import BinLimits
from credit.columns import Floats, Ints


def cut_points(feature: str, values: Floats, opened: Floats, limits: BinLimits) -> Floats:
    """Return the cut points of a column: readable quantiles, declared edges and fixed cuts.

    A declared edge between two values that no quantile parts leaves a candidate empty.
    """
    edges = readable_edges(opened, values)
    declared = [edge for edge in limits.edges.get(feature, ()) if _within(edge, values)]
    edges = np.union1d(edges, np.array(declared, dtype=np.float64))
    fixed = [edge for edge in limits.fixed.get(feature, ()) if _within(edge, values)]
    if fixed:
        edges = _with_fixed(edges, np.array(fixed, dtype=np.float64), values)
    return edges


def _with_fixed(edges: Floats, fixed: Floats, values: Floats) -> Floats:
    """Add the fixed cuts; of two cuts that part the same values the fixed one stays."""
    taken = np.searchsorted(values, fixed, side="left")
    free = ~np.isin(np.searchsorted(values, edges, side="left"), taken)
    return np.union1d(edges[free], fixed)


def _within(edge: float, values: Floats) -> bool:
    return bool(len(values)) and bool(values[0] < edge <= values[-1])


def candidate_edges(values: Floats, weight: Floats, most: int) -> Floats:
    """Return up to ``most - 1`` cut points: observed values that open a new weighted quantile.

    With cw the cumulated weight at the distinct values, W its total, value i + 1 opens a
    candidate when ``floor(most * cw[i] / W)`` is above that of the value before. Weights count
    rows, so a row twice and a row of weight two give the same edges.

    Parameters
    ----------
    values, weight : ndarray (n,)
        Distinct values in ascending order, and their weight, above 0.
    most : int
    """
    if len(values) <= most:
        return values[1:]
    return values[_opening(weight, most)]


@njit(cache=True)
def _opening(weight: Floats, most: int) -> Ints:
    """Return the positions of values that open a new weighted quantile."""
    total = 0.0
    for w in weight:
        total += w
    found = np.empty(most, np.int64)
    size, below, level = 0, 0.0, 0.0
    for i in range(1, len(weight)):
        below += weight[i - 1]
        here = np.floor(most * below / total)
        if here > level:
            found[size] = i
            size += 1
        level = here
    return found[:size].copy()


def quantile_edges(values: Floats, most: int) -> Floats:
    """Return what :func:`candidate_edges` returns, from every row's value in ascending order."""
    distinct = _first_distinct(values, most)
    return distinct[1:] if len(distinct) <= most else values[_opening_rows(values, most)]


@njit(cache=True)
def _first_distinct(values: Floats, most: int) -> Floats:
    """Return the distinct values, of which no more than ``most + 1`` are looked for."""
    found = np.empty(most + 1)
    size, at = 0, 0
    while at < len(values) and size <= most:
        found[size] = values[at]
        size += 1
        at = np.searchsorted(values, values[at], side="right")
    return found[:size].copy()


@njit(cache=True)
def _opening_rows(values: Floats, most: int) -> Ints:
    """Return the first row of every value that opens a new quantile."""
    n = len(values)
    found = np.empty(most, np.int64)
    size, level = 0, 1
    while level < most:
        at = int(np.ceil(level * n / most))
        while at > 0 and np.floor(most * float(at - 1) / n) >= level:
            at -= 1
        while at < n and np.floor(most * float(at) / n) < level:
            at += 1
        if 0 < at < n and values[at - 1] == values[at]:
            at = np.searchsorted(values, values[at], side="right")
        if at >= n:
            break
        found[size] = at
        size += 1
        level = int(np.floor(most * float(at) / n)) + 1
    return found[:size].copy()


def readable_edges(edges: Floats, values: Floats) -> Floats:
    """Replace each cut point by the shortest decimal that parts the same values.

    A cut at an observed value e may lie anywhere in (l, e], l the next smaller value: an officer
    reads 0.03 more easily than 0.0285714285714, and no row of the sample changes its bin.

    >>> readable_edges(np.array([0.0285714285714]), np.array([0.01, 0.0285714285714]))
    array([0.02])
    """
    lower = values[np.searchsorted(values, edges, side="left") - 1]
    return np.array([_shortest(low, high) for low, high in zip(lower, edges, strict=True)])


def _shortest(low: float, high: float) -> float:
    """Return the decimal with fewest digits in (low, high]."""
    if abs(high) < np.finfo(np.float64).tiny:  # 0, or too small for the powers of ten below
        return float(high)
    magnitude = np.floor(np.log10(abs(high)))
    for digits in range(1, 17):
        step = 10.0 ** (magnitude - digits + 1)
        below = np.floor(high / step) * step
        # Writing and reading numbers is slow: only where some multiple may be in the interval.
        slack = 1e-12 * abs(high)
        if below <= low - slack and below + step > high + slack:
            continue
        for candidate in (float(f"{high:.{digits}g}"), float(f"{below:.{digits}g}")):
            if low < candidate <= high:
                return candidate
    return float(high)
