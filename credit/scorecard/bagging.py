"""Bags of rows: draws that depend on what the rows say alone, and the penalty chosen by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from credit.columns import Floats
from credit.scorecard.newton import Fitter, Penalty
from credit.scorecard.thermometer import Codes, Layout, Rows, add_up
from credit.whole import ALONE, Whole, total


def patterns(rows: Rows, weight: Floats) -> tuple[Rows, Floats]:
    """Return the distinct rows, in an order of their own, and the weight of each.

    A model of patterns does not know in which order the rows came, nor whether a row was given
    twice or with weight 2. Rows of weight 0 are not there. The order is that of a hash of each
    pattern, which says nothing about the row: every k-th pattern is a fair sample.
    """
    held = np.flatnonzero(weight > 0)
    order = held[np.argsort(_hashes(rows.codes, rows.bad)[held], kind="stable")]
    codes, bad = rows.codes[order], rows.bad[order]
    opens = _opens(codes, bad)
    mass = np.bincount(np.cumsum(opens) - 1, weight[order]).astype(np.float64)
    if not opens.all():
        codes, bad = codes[opens], bad[opens]
    return replace(rows, codes=codes, bad=bad), mass


@njit(cache=True)
def _hashes(codes: Codes, bad: Floats) -> NDArray[np.uint64]:
    """Return a 64-bit hash of every row's cells and class (FNV-1a, then a finishing mix)."""
    found = np.empty(len(bad), np.uint64)
    for i in range(len(bad)):
        state = np.uint64(14695981039346656037) ^ np.uint64(bad[i])
        for j in range(codes.shape[1]):
            state = (state * np.uint64(1099511628211)) ^ np.uint64(codes[i, j])
        state = (state ^ (state >> np.uint64(33))) * np.uint64(18397679294719823053)
        found[i] = state ^ (state >> np.uint64(33))
    return found


@njit(cache=True)
def _opens(codes: Codes, bad: Floats) -> NDArray[np.bool_]:
    """Return where a row differs from the one before it."""
    found = np.ones(len(bad), np.bool_)
    for i in range(1, len(bad)):
        if bad[i] == bad[i - 1]:
            same = True
            for j in range(codes.shape[1]):
                if codes[i, j] != codes[i - 1, j]:
                    same = False
                    break
            found[i] = not same
    return found


def draw(bad: Floats, weight: Floats, random: np.random.Generator) -> Floats:
    """Return a bootstrap draw: how often each pattern is in the bag, each class by itself.

    As many rows of each class are drawn as there are, with chances in proportion to weight, so
    that no bag lacks a class that is there.
    """
    times = np.zeros(len(bad))
    for side in (0.0, 1.0):
        at = np.flatnonzero(bad == side)
        if not len(at):
            continue
        rows = max(1, int(np.rint(weight[at].sum())))
        times[at] = random.multinomial(rows, weight[at] / weight[at].sum())
    return times


def out_of_bag(
    fitter: Fitter, bags: Sequence[Floats], path: Sequence[Penalty]
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
    layout, rows = fitter.layout, fitter.rows
    points: list[list[Floats]] = [[] for _ in path]
    for bag in bags:
        point = None
        for k, penalty in enumerate(path):
            point = fitter.fit(bag, penalty, start=point)
            points[k].append(point)
    margins = np.array([unseen(layout, rows, bags, each) for each in points])
    with np.errstate(invalid="ignore"):
        losses = np.logaddexp(0, margins) - rows.bad * margins
    starts = np.mean(points, axis=1)
    variation = starts[:, 1:][:, layout.increment].sum(axis=1)
    return losses, variation, starts


def unseen(layout: Layout, rows: Rows, bags: Sequence[Floats], points: Sequence[Floats]) -> Floats:
    """Return each row's margin, averaged over the bags it is not in; NaN where it is in all.

    Parameters
    ----------
    layout : Layout
    rows : Rows
    bags, points : sequences
        Weights of the rows in each bag, and the answer of :meth:`Fitter.fit` there.
    """
    total, times = np.zeros(len(rows.bad)), np.zeros(len(rows.bad))
    for bag, point in zip(bags, points, strict=True):
        out = bag == 0
        times += out
        total[out] += add_up(rows.codes[out], layout.offsets, point[0], layout.tables @ point[1:])
    return np.where(times > 0, total / np.maximum(times, 1), np.nan)


def simplest(
    losses: Floats,
    variation: Floats,
    weight: Floats,
    standard_errors: float,
    whole: Whole = ALONE,
) -> int:
    """Return the penalty with least variation among those about as good as the best.

    As good: the mean loss on held-out rows is above the best one's by at most
    ``standard_errors`` standard errors *of the difference*, row by row. Both are paired: the
    loss's own spread, most of it the same under every penalty, would excuse anything.
    """
    held: NDArray[np.bool_] = ~np.isnan(losses[0])
    mass = total(whole, weight[held].sum())
    if not mass > 0:
        return int(np.argmin(variation))
    w = weight[held] / mass
    mean = whole.sum(losses[:, held] @ w)
    gap = losses[:, held] - losses[int(np.argmin(mean)), held]
    excess = whole.sum(gap @ w)
    variance = whole.sum((gap - excess[:, None]) ** 2 @ w)
    spread = np.sqrt(np.maximum(variance, 0.0) / mass)
    good_enough = excess <= standard_errors * spread
    return int(np.argmin(np.where(good_enough, variation, np.inf)))
