"""Two tables in one: what each counts for is fitted on margins of rows it has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.special import expit

from credit.binning import BinLimits
from credit.columns import Floats, Ints
from credit.scorecard.evidence import Evidence
from credit.scorecard.fine import Fine
from credit.scorecard.interior import Linear, minimise
from credit.scorecard.logistic import fit_logistic
from credit.scorecard.thermometer import Rows
from credit.whole import total

FOLDS = 5
"""Parts of the rows, each scored by the evidence of the others."""


def evidence_table(fine: Sequence[Fine], rows: Rows, weight: Floats) -> Floats:
    """Return the shapes of a woe card: the evidence of each column by itself, times its weight."""
    return np.concatenate(_weigh(fine, rows, weight)[1])


def held_out_evidence(
    fine: Sequence[Fine], rows: Rows, weight: Floats, options: BinLimits, *, seed: int
) -> Floats:
    """Return every row's margin in a woe card that has not seen it.

    Each of five parts of the rows is scored by bins and weights of the other four; the fine
    bins, which know nothing of the outcome, are those of all rows. NaN where the other parts
    hold one class only.

    Parameters
    ----------
    fine : sequence of Fine
    rows : Rows
        In an order that says nothing about them.
    weight : ndarray (rows,)
    options : BinLimits
        Limits of the bins.
    seed : int
    """
    found = np.full(len(weight), np.nan)
    part = folds(len(weight))
    for held in range(FOLDS):
        out = part == held
        others = replace(rows, codes=rows.codes[~out], bad=rows.bad[~out])
        if not total(rows.whole, out.sum()) or one_class(others):
            continue
        mass = weight[~out]
        cells = _cells(others, mass, [column.bins.size for column in fine])
        learnt = [column.held(own, options, seed) for column, own in zip(fine, cells, strict=True)]
        margin, tables = _weigh(learnt, others, mass)
        sums = np.full(int(out.sum()), margin)
        for at, table in enumerate(tables):
            sums += table[rows.codes[out, at]]
        found[out] = sums
    return found


def folds(rows: int) -> Ints:
    """Return the fold of each row; rows are in an order that says nothing about them."""
    return np.arange(rows) % FOLDS


def one_class(rows: Rows) -> bool:
    """Say whether all rows, of every part, are good or all are bad."""
    sides = rows.whole.sum(np.array([(rows.bad == 0).sum(), (rows.bad > 0).sum()]))
    return not (sides > 0).all()


def _cells(rows: Rows, weight: Floats, sizes: Sequence[int]) -> list[Floats]:
    """Return good and bad weight of each cell of every column, (size, 2) each."""
    sides = [weight * side for side in (1 - rows.bad, rows.bad)]
    held = [
        np.column_stack([np.bincount(rows.codes[:, at], side, size) for side in sides])
        for at, size in enumerate(sizes)
    ]
    return np.split(rows.whole.sum(np.concatenate(held)), np.cumsum(sizes)[:-1])


def _weigh(fine: Sequence[Fine], rows: Rows, weight: Floats) -> tuple[float, list[Floats]]:
    """Return the intercept of a woe card and each column's terms over its fine bins."""
    tables = tuple(column.spread() for column in fine)
    evidence = Evidence(codes=rows.codes, tables=tables)
    fit = fit_logistic(evidence, rows.bad, weight, whole=rows.whole)
    return fit.intercept, [b * table for b, table in zip(fit.coefficients, tables, strict=True)]


def share(
    margins: Floats, rows: Rows, weight: Floats, prior: tuple[float, float], firmness: float
) -> tuple[float, float]:
    """Return what two tables count for, fitted on their margins of held-out rows.

    ::

        min over c, a >= 0   sum_i w_i (log(1 + exp(z_i)) - y_i z_i) + firmness |a - prior|^2
        z_i = c + a_1 m_i1 + a_2 m_i2

    Stacking (Wolpert 1992; Breiman 1996, who holds the weights at 0 or above). The weights
    need not sum to 1: where held-out margins say too little their sum is above it, so this is
    the card's calibration as well.

    Parameters
    ----------
    margins : ndarray (rows, 2)
        NaN where a row has been seen in every fit; such rows are left out.
    rows : Rows
    weight : ndarray (rows,)
    prior : (float, float)
    firmness : float
        How firmly the prior holds: in units of log-likelihood. On few rows it decides.
    """
    known = ~np.isnan(margins).any(axis=1)
    held = replace(rows, codes=rows.codes[known], bad=rows.bad[known])
    if one_class(held):
        return prior
    design = np.column_stack([np.ones(known.sum()), margins[known]])
    mass = total(rows.whole, weight[known].sum())
    y, w = held.bad, weight[known] / mass
    pull = 2 * firmness / mass * np.array([0.0, 1.0, 1.0])
    start = np.array([0.0, *prior])

    def gradient(at: Floats) -> Floats:
        slope = rows.whole.sum((w * (expit(design @ at) - y)) @ design)
        return slope + pull * (at - start)

    def curvature(at: Floats) -> Floats:
        p = expit(design @ at)
        return rows.whole.sum((design.T * (w * p * (1 - p))) @ design) + np.diag(pull)

    limits = Linear(equal=np.zeros((0, 3)), least=np.eye(3)[1:], bound=np.zeros(2))
    _, first, second = minimise(gradient, curvature, start, limits)
    return max(float(first), 0.0), max(float(second), 0.0)
