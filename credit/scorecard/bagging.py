"""Bags of rows: draws that depend on what the rows say alone, and the penalty chosen by them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from credit.columns import Floats
from credit.scorecard.thermometer import Layout, Penalty, Rows, add_up, fit_shapes


def patterns(rows: Rows, weight: Floats) -> tuple[Rows, Floats]:
    """Return the distinct rows, in an order of their own, and the weight of each.

    A model of patterns does not know in which order the rows came, nor whether a row was given
    twice or with weight 2. Rows of weight 0 are not there.
    """
    held = weight > 0
    codes = np.column_stack([rows.codes[held], rows.bad[held].astype(rows.codes.dtype)])
    codes = np.ascontiguousarray(codes)
    whole = codes.view(np.dtype((np.void, codes.dtype.itemsize * codes.shape[1]))).ravel()
    _, first, inverse = np.unique(whole, return_index=True, return_inverse=True)
    found = Rows(codes=np.ascontiguousarray(codes[first, :-1]), bad=rows.bad[held][first])
    return found, np.bincount(inverse, weight[held], len(first)).astype(np.float64)


def draw(bad: Floats, weight: Floats, random: np.random.Generator) -> Floats:
    """Return a bootstrap draw: how often each pattern is in the bag, each class by itself.

    As many rows of each class are drawn as there are, with chances in proportion to weight, so
    that no bag lacks a class.
    """
    times = np.zeros(len(bad))
    for side in (0.0, 1.0):
        at = np.flatnonzero(bad == side)
        rows = max(1, int(np.rint(weight[at].sum())))
        times[at] = random.multinomial(rows, weight[at] / weight[at].sum())
    return times


def out_of_bag(
    layout: Layout, rows: Rows, bags: Sequence[Floats], path: Sequence[Penalty]
) -> tuple[Floats, Floats, Floats]:
    """Fit the path of penalties in every bag, each from the answer before it.

    Returns
    -------
    losses : ndarray (penalties, rows)
        Log-loss of the average margin of the bags a row is not in; NaN where it is in all.
    variation : ndarray (penalties,)
        Total variation of the shapes, averaged over bags.
    starts : ndarray (penalties, 1 + parameters)
        Average parameters, to start other bags from.
    """
    margin = np.zeros((len(path), len(rows.bad)))
    starts = np.zeros((len(path), 1 + len(layout.increment)))
    outside = np.zeros(len(rows.bad))
    for bag in bags:
        out = bag == 0
        outside += out
        unseen = rows.codes[out]
        point = None
        for k, penalty in enumerate(path):
            point = fit_shapes(layout, rows, bag, penalty, start=point)
            margin[k, out] += add_up(unseen, layout.offsets, point[0], layout.tables @ point[1:])
            starts[k] += point / len(bags)
    with np.errstate(invalid="ignore"):
        mean = margin / outside
        losses = np.logaddexp(0, mean) - rows.bad * mean
    variation = starts[:, 1:][:, layout.increment].sum(axis=1)
    return losses, variation, starts


def simplest(losses: Floats, variation: Floats, weight: Floats, standard_errors: float) -> int:
    """Return the penalty with least variation among those about as good as the best.

    As good: the mean loss on held-out rows is above the best one's by at most
    ``standard_errors`` standard errors *of the difference*, row by row. Both are paired: the
    loss's own spread, most of it the same under every penalty, would excuse anything.
    """
    held: NDArray[np.bool_] = ~np.isnan(losses[0])
    if not held.any():
        return int(np.argmin(variation))
    w = weight[held] / weight[held].sum()
    mean = losses[:, held] @ w
    gap = losses[:, held] - losses[int(np.argmin(mean)), held]
    excess = gap @ w
    spread = np.sqrt(np.maximum((gap - excess[:, None]) ** 2 @ w, 0.0) / weight[held].sum())
    good_enough = excess <= standard_errors * spread
    return int(np.argmin(np.where(good_enough, variation, np.inf)))
