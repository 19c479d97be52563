"""A card whose dimensions hold given shares of the range of its terms.

Which bins of a feature are highest and lowest is kept from the learnt card, so a range is
linear in the terms, ``range_g = share_g sum_h range_h`` is a linear constraint, and the terms
of least log-loss under it are the one answer of a convex problem.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import ArrayLike
from scipy.special import expit
from sklearn.utils.validation import check_is_fitted

from credit.calibrate import fit_platt
from credit.columns import Floats, Ints, read_frame
from credit.errors import ModelError
from credit.scorecard.card import Scorecard
from credit.scorecard.interior import Linear, minimise
from credit.scorecard.range_limits import Cells, Shape
from credit.scorecard.ranges import ranges
from credit.scorecard.thermometer import Codes
from credit.scorecard.weights import blend, check_weights, refuse_unfunded

SHAPE_ROWS = 1_000.0
"""Rows by which each bin's term is drawn to the learnt shape, whatever that shape's scale: most
of what a card knows of a shape it learnt with more care than a refit has."""

SCALE_ROWS = 20.0
"""Rows by which the scale of each shape is drawn to the learnt one."""

FLAT = "one bin that counts holds all rows of the refit"
"""The rule that leaves out a feature without a range."""

_NOTHING = 1e-4


def range_card(
    card: Scorecard,
    X: Any,
    y: ArrayLike,
    weights: Mapping[str, float],
    alpha: float = 1.0,
    floor: float = 0.0,
) -> Scorecard:
    """Return the card of least log-loss whose dimensions have given shares of the range.

    ::

        min_{b, V}  mean_i (log(1 + exp(z_i)) - y_i z_i) + pull(V - V0)
        z_i = b + sum_j V_j[bin of x_ij]
        R_g = sum_{j in g} (V_j[highest bin] - V_j[lowest bin])
        R_g = share_g sum_h R_h      for every dimension g of the policy

    over the card's own bins. Every step between neighbouring bins keeps its direction, so a
    trend, declared or learnt, is kept; no other bin goes beyond the highest and the lowest one,
    so R is ``max - min`` of what is written in the table. Special codes, missing and unseen
    values lie within the range of the ordinary bins, see `credit.scorecard.ranges.counted`. V0
    are the learnt terms, each dimension's scaled to its share and all by one slope. The pull is
    quadratic: ``SCALE_ROWS`` rows along the learnt shape of a feature, ``SHAPE_ROWS`` away from
    it, so that the data say how much a feature counts and the card how it is shaped. A bin
    without rows takes its neighbour's term, or 0 where it has none.

    Features the policy does not weigh are fitted along without a constraint; features the card
    left out stay out.

    Parameters
    ----------
    card : fitted Scorecard
        Of either method; its ``dimensions`` say where a feature belongs.
    X : frame or array (rows, features)
        Rows to fit on, best those the card was fitted on.
    y : array (rows,)
        1 is bad, 0 is good.
    weights : dict of str to float
        Policy dimension -> weight; they sum to 1. Dimensions whose features have no range here
        are unfunded, and the other weights are scaled up to sum to 1.
    alpha : float
        The shares aimed at are ``(1 - alpha) learnt + alpha policy``. At 0 the terms are
        fitted again under the learnt shares: compare with that card, not with the learnt one,
        to see the price of the weights alone.
    floor : float
        Least range, in log-odds, of every funded dimension. As the shares are exact, the whole
        range is then at least ``floor`` over the least of them. It stops a policy on dimensions
        that say little from flattening the card.

    Returns
    -------
    Scorecard
        Of method ``range``; coefficients are 1, since its terms are fitted themselves, and
        there are no standard errors. Rounding to points moves the shares by less than the
        rounding of a bin; the terms themselves hold them to about 1e-8.

    Raises
    ------
    ModelError
        Weights, alpha or floor are out of range, fewer than two of the policy's dimensions have
        a range, or the best terms under the constraint are none.
    """
    check_is_fitted(card, "margins_")
    check_weights(weights, alpha)
    if not 0 <= floor < np.inf:
        raise ModelError(f"floor must be a range of 0 or more log-odds, got {floor}.")
    shapes = _shapes(card, read_frame(card, X, reset=False))
    target, learnt = _targets(card, shapes, weights, alpha)
    scale = {name: target[name] / learnt[name] for name in target}
    cells = Cells(shapes)
    start = np.concatenate([s.centred(scale.get(s.dimension, 1.0)) for s in shapes])
    bad = np.asarray(y, dtype=np.float64)
    line = fit_platt(cells.margin(0.0, start), bad)
    # Where the scaled card runs against the outcome there is nothing to be drawn to.
    start = np.concatenate([[line.intercept], max(line.slope, 0.0) * start])
    fitted = _fitted(cells, bad, start, cells.limits(target, floor))
    _refuse_nothing(sum(float(cells.range_of(name) @ fitted) for name in target))
    return _written(card, shapes, cells, fitted)


def _refuse_nothing(spread: float) -> None:
    if spread < _NOTHING:
        raise ModelError(
            f"weights: the best terms with these shares differ by {spread:.1g} log-odds in all, so "
            "such a card says nothing about y (1 for bad). Take a smaller alpha, or ask for a "
            "floor."
        )


def _shapes(card: Scorecard, frame: pd.DataFrame) -> list[Shape]:
    """Return the shapes of the features in the card that have a range on these rows."""
    shapes = [
        Shape(
            bins=card.bins_[name],
            dimension=(card.dimensions or {}).get(name, ""),
            learnt=np.array(terms),
            index=card.bins_[name].assign(frame[name]),
        )
        for name, terms in card.margins_.items()
    ]
    return [shape for shape in shapes if shape.moves]


def _targets(
    card: Scorecard, shapes: Sequence[Shape], weights: Mapping[str, float], alpha: float
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the share aimed at and the learnt share of each funded dimension."""
    spread = ranges(card)
    held = {
        name: sum(spread[shape.name] for shape in shapes if shape.dimension == name)
        for name in weights
        if any(shape.dimension == name for shape in shapes)
    }
    refuse_unfunded(weights, list(held), {shape.dimension for shape in shapes})
    learnt = np.array(list(held.values())) / sum(held.values())
    target = blend(learnt, np.array([weights[name] for name in held]), alpha)
    return (
        dict(zip(held, target.tolist(), strict=True)),
        dict(zip(held, learnt.tolist(), strict=True)),
    )


@njit(cache=True)
def _curvature(codes: Codes, offsets: Ints, weight: Floats) -> Floats:
    """Return ``sum_i w_i a_i a_i'``, upper triangle, a_i the row's ones: the base and its cells."""
    found = np.zeros((1 + offsets[-1], 1 + offsets[-1]))
    cells = np.empty(codes.shape[1], np.int64)
    for i in range(codes.shape[0]):
        found[0, 0] += weight[i]
        for j in range(codes.shape[1]):
            cells[j] = 1 + offsets[j] + codes[i, j]
            found[0, cells[j]] += weight[i]
            for k in range(j + 1):
                found[cells[k], cells[j]] += weight[i]
    return found


def _fitted(cells: Cells, bad: Floats, start: Floats, limits: Linear) -> Floats:
    """Return base and terms of least penalised log-loss under the constraints."""
    rows, rate = len(bad), float(bad.mean())
    places = (cells.codes + cells.offsets[:-1]).ravel()
    penalty = _penalty(cells) * rate * (1 - rate) / rows

    def gradient(x: Floats) -> Floats:
        residual = (expit(cells.margin(x[0], x[1:])) - bad) / rows
        by_cell = np.bincount(
            places, np.repeat(residual, len(cells.shapes)), int(cells.offsets[-1])
        )
        return np.concatenate([[residual.sum()], by_cell]) + penalty @ (x - start)

    def curvature(x: Floats) -> Floats:
        probability = expit(cells.margin(x[0], x[1:]))
        upper = _curvature(cells.codes, cells.offsets, probability * (1 - probability) / rows)
        return upper + np.triu(upper, 1).T + penalty

    return minimise(gradient, curvature, start, limits)


def _penalty(cells: Cells) -> Floats:
    """Return the matrix of the pull, in rows: on the scale of a shape, and on what leaves it."""
    found = np.zeros((1 + cells.offsets[-1], 1 + cells.offsets[-1]))
    for first, shape in zip(cells.offsets + 1, cells.shapes, strict=False):
        part = slice(first, first + len(shape.learnt))
        along = shape.centred(1.0)
        along /= np.sqrt(along @ along)
        found[part, part] = SHAPE_ROWS * np.eye(len(along))
        found[part, part] -= (SHAPE_ROWS - SCALE_ROWS) * np.outer(along, along)
    return found


def _written(card: Scorecard, shapes: Sequence[Shape], cells: Cells, fitted: Floats) -> Scorecard:
    """Return the card with other terms."""
    parts = np.split(fitted[1:], cells.offsets[1:-1])
    terms = {shape.name: part.tolist() for shape, part in zip(shapes, parts, strict=True)}
    plain = card.to_dict() | {"method": "range", "base": float(fitted[0])}
    for feature in plain["features"]:
        inside = feature["name"] in terms
        feature["margin"] = terms.get(feature["name"], [])
        feature["coefficient"] = float(inside)
        feature["standard_error"] = feature["p_value"] = None
        feature["dropped"] = "" if inside else feature["dropped"] or FLAT
    return Scorecard.from_dict(plain)
