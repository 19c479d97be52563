"""All shapes of a card at once: one convex problem over the cells of its fine bins.

Feature j has cells 0..m_j - 1, the first k_j of them in order (k_j = 0 for names). Its shape is
linear in parameters t, so all shapes are ``V = A t`` with one sparse matrix A:

* increments d_q >= 0 for each step q = 1..k_j - 1: ``V[c] += +-d_q (1[c >= q] - s_q)`` over the
  ordered cells, s_q the share of their weight at or above the step. A declared sign allows one
  direction; without one there are two increments a step, one up and one down;
* a free level for each cell without order: names, special codes, missing values.

The subtracted share makes 0 the average of the ordered cells, so that a ridge draws a special
code to the average row and not to the lowest one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.optimize import Bounds, minimize
from scipy.sparse import csr_array

from credit.columns import Floats, Ints

Codes = NDArray[np.unsignedinteger]

_MOST_STEPS = 500
_MEMORY = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One feature's cells: how many are in order, which way, and the weight in each."""

    ordered: int
    sign: int
    weight: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """Where each feature's cells lie in the table, and which parameters make them.

    Attributes
    ----------
    offsets : ndarray (features + 1,)
        Feature j has the cells ``offsets[j]`` to ``offsets[j + 1]``.
    tables : sparse array (cells, parameters)
        A in ``V = A t``.
    increment : ndarray of bool (parameters,)
        True for an increment (at least 0), False for a level (any).
    """

    offsets: Ints
    tables: csr_array
    increment: NDArray[np.bool_]

    @classmethod
    def of(cls, shapes: list[Shape]) -> Layout:
        """Lay the features' cells out one after the other."""
        offsets = np.cumsum([0, *(len(shape.weight) for shape in shapes)]).astype(np.int64)
        # Each starts with an empty part: a frame of constants has no parameter at all.
        cells, columns = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        values = [np.empty(0)]
        increment: list[bool] = []
        for start, shape in zip(offsets, shapes, strict=False):
            for cell, entries in _parameters(shape):
                cells.append(start + cell)
                columns.append(np.full(len(cell), len(increment)))
                values.append(entries)
                increment.append(bool(len(cell) > 1))
        place = (np.concatenate(cells), np.concatenate(columns))
        size = (int(offsets[-1]), len(increment))
        return cls(
            offsets=offsets,
            tables=csr_array((np.concatenate(values), place), shape=size),
            increment=np.array(increment, dtype=np.bool_),
        )


def _parameters(shape: Shape) -> list[tuple[Ints, Floats]]:
    """Return each parameter of a feature as the cells it moves and by how much."""
    k = shape.ordered
    found: list[tuple[Ints, Floats]] = []
    weight = shape.weight[:k]
    total = weight.sum()
    for step in range(1, k):
        above = (np.arange(k) >= step).astype(np.float64)
        centred = above - (weight @ above / total if total > 0 else 0.0)
        found.extend(
            (np.arange(k), direction * centred)
            for direction in ((shape.sign,) if shape.sign else (1, -1))
        )
    # One ordered cell alone is the average of itself: it has no level of its own.
    first = k if k else 0
    found.extend((np.array([cell]), np.ones(1)) for cell in range(first, len(shape.weight)))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows as cells: ``codes`` (rows, features), each counted from its feature's first."""

    codes: Codes
    bad: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalty:
    """What increments and levels cost; all in units of the mean log-loss."""

    l1: float
    l2: float
    level: float


@njit(cache=True)
def _look_up(
    codes: Codes, offsets: Ints, bad: Floats, weight: Floats, point: tuple[float, Floats]
) -> tuple[float, float, Floats]:
    """Return the weighted log-loss, its slope in the intercept and in every cell: one pass."""
    intercept, table = point
    gradient = np.zeros_like(table)
    loss, slope = 0.0, 0.0
    for i in range(codes.shape[0]):
        if weight[i] == 0.0:
            continue
        z = intercept
        for j in range(codes.shape[1]):
            z += table[offsets[j] + codes[i, j]]
        tail = np.exp(-abs(z))
        probability = 1.0 / (1.0 + tail) if z >= 0.0 else tail / (1.0 + tail)
        loss += weight[i] * (max(z, 0.0) - bad[i] * z + np.log1p(tail))
        residual = weight[i] * (probability - bad[i])
        slope += residual
        for j in range(codes.shape[1]):
            gradient[offsets[j] + codes[i, j]] += residual
    return loss, slope, gradient


@njit(cache=True)
def add_up(codes: Codes, offsets: Ints, intercept: float, table: Floats) -> Floats:
    """Return ``intercept + sum_j V[cell of feature j]`` of every row."""
    margin = np.full(codes.shape[0], intercept)
    for i in range(codes.shape[0]):
        for j in range(codes.shape[1]):
            margin[i] += table[offsets[j] + codes[i, j]]
    return margin


def fit_shapes(
    layout: Layout,
    rows: Rows,
    weight: Floats,
    penalty: Penalty,
    *,
    start: Floats | None = None,
    tolerance: float = 1e-7,
) -> Floats:
    """Minimise the penalised mean log-loss over the intercept and all parameters.

    ::

        f(b, t) = sum_i w_i (log(1 + exp(z_i)) - y_i z_i) / sum_i w_i
                  + l1 sum_k d_k + l2/2 sum_k d_k^2 + level/2 sum_c v_c^2
        z_i = b + sum_j V[cell of x_ij],   V = A t,   t = (d, v),   d >= 0

    Convex: the log-loss is, in a margin linear in the parameters. As ``sum_k d_k`` is the total
    variation of the shapes, the L1 term is a fused lasso: steps at zero merge fine bins, over
    all features jointly. L-BFGS-B; gradients are look-ups, no design matrix is ever made.

    Parameters
    ----------
    layout : Layout
    rows : Rows
    weight : ndarray (rows,)
        Of each row; rows of weight 0 are skipped.
    penalty : Penalty
    start : ndarray (1 + parameters,), optional
        Where to start from: the answer under a neighbouring penalty.
    tolerance : float
        Relative fall of f at which the steps end.

    Returns
    -------
    ndarray (1 + parameters,)
        The intercept, then t.
    """
    total = weight.sum()
    l1 = np.where(layout.increment, penalty.l1, 0.0)
    l2 = np.where(layout.increment, penalty.l2, penalty.level)
    tables, back = layout.tables, csr_array(layout.tables.T)
    size = _sizes(layout, rows, weight, l2)

    def objective(scaled: Floats) -> tuple[float, Floats]:
        point = scaled * size
        t = point[1:]
        loss, slope, cells = _look_up(
            rows.codes, layout.offsets, rows.bad, weight, (point[0], tables @ t)
        )
        gradient = np.concatenate([[slope / total], back @ cells / total + l1 + l2 * t])
        return loss / total + float(l1 @ t + 0.5 * l2 @ t**2), gradient * size

    if start is None:
        start = np.zeros(1 + len(layout.increment))
        start[0] = np.log((weight @ rows.bad) / (weight @ (1 - rows.bad)))
    lower = np.where(np.concatenate([[False], layout.increment]), 0.0, -np.inf)
    result = minimize(
        objective,
        start / size,
        jac=True,
        method="L-BFGS-B",
        bounds=Bounds(lower, np.full(len(lower), np.inf)),
        options={
            "maxiter": _MOST_STEPS,
            "maxfun": 2 * _MOST_STEPS,
            "maxcor": _MEMORY,
            "ftol": tolerance,
            "gtol": 1e-9,
        },
    )
    return np.asarray(result.x * size, dtype=np.float64)


def _sizes(layout: Layout, rows: Rows, weight: Floats, l2: Floats) -> Floats:
    """Return the scale of each parameter that makes all curvatures about 1 at equal odds.

    A step near the end of a shape moves few rows; in its own units L-BFGS would crawl there.
    """
    mass = np.bincount(
        (rows.codes + layout.offsets[:-1]).ravel(),
        np.repeat(weight, rows.codes.shape[1]),
        int(layout.offsets[-1]),
    )
    rate = float(weight @ rows.bad / weight.sum())
    spread = csr_array(layout.tables.T).power(2) @ (mass / weight.sum())
    return np.concatenate([[1.0], 1.0 / np.sqrt(rate * (1 - rate) * spread + l2)])
