"""Fewer bins for a shape that is already known: optimal one-dimensional segmentation."""

from __future__ import annotations

import numpy as np

from credit.columns import Floats


def segment(
    values: Floats, weight: Floats, *, most: int, least_weight: float, tolerance: float
) -> list[int]:
    """Return the first cell after each segment of the step function nearest to a shape.

    Over all ways to cut cells 0..n-1 into q runs, each of weight ``least_weight`` or more::

        loss(q) = min over cuts of sum_segments sum_cells w (v - weighted mean of its run)^2

    and the answer has the fewest runs, at most ``most``, with ``loss(q) <= tolerance loss(1)``.
    Where no q loses that little, the q that loses least; where ``least_weight`` allows no cut,
    one run. Exact, by dynamic programme over the end of the last run, O(most n^2); runs of a
    monotone shape have monotone means, so compression keeps a declared sign.

    Parameters
    ----------
    values, weight : ndarray (n,)
        The shape over its cells in order, and the weight of each.
    most : int
    least_weight : float
    tolerance : float
        Share of the shape's variance that may be lost.
    """
    n = len(values)
    cost = _costs(values - np.average(values, weights=weight), weight, least_weight)
    # With one run even where it is too light: something must hold the rows.
    whole = float(weight @ (values - np.average(values, weights=weight)) ** 2)
    best = np.full((most + 1, n + 1), np.inf)
    start = np.zeros((most + 1, n + 1), dtype=np.int64)
    best[0, 0] = 0.0
    for q in range(1, min(most, n) + 1):
        through = best[q - 1, :n, None] + cost[:, 1:]  # (start of the last run, its end)
        start[q, 1:] = np.argmin(through, axis=0)
        best[q, 1:] = np.min(through, axis=0)
    losses = best[1:, n]
    if not np.isfinite(losses).any():
        return [n]
    enough = np.flatnonzero(losses <= tolerance * whole)
    q = 1 + int(enough[0] if len(enough) else np.argmin(losses))
    ends = [n]
    for layer in range(q, 1, -1):
        ends.append(int(start[layer, ends[-1]]))
    return ends[::-1]


def _costs(values: Floats, weight: Floats, least_weight: float) -> Floats:
    """Return the squared error of each run a..b-1 around its mean, (n, n + 1); inf if too light."""
    held, first, second = (
        np.concatenate([[0.0], np.cumsum(weight * values**power)]) for power in (0, 1, 2)
    )
    mass = held[None, :] - held[:-1, None]
    with np.errstate(divide="ignore", invalid="ignore"):  # where b <= a: masked
        error = (second[None, :] - second[:-1, None]) - (
            first[None, :] - first[:-1, None]
        ) ** 2 / mass
    allowed = (mass > 0) & (mass >= least_weight)
    return np.where(allowed, np.maximum(error, 0.0), np.inf)
