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
from scipy.sparse import csr_array

from credit.columns import Floats, Ints
from credit.whole import ALONE, Whole

Codes = NDArray[np.unsignedinteger]


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
    opposite : ndarray of bool (parameters,)
        True for an increment that undoes the one before it.
    """

    offsets: Ints
    tables: csr_array
    increment: NDArray[np.bool_]
    opposite: NDArray[np.bool_]

    @classmethod
    def of(cls, shapes: list[Shape]) -> Layout:
        """Lay the features' cells out one after the other."""
        offsets = np.cumsum([0, *(len(shape.weight) for shape in shapes)]).astype(np.int64)
        # Each starts with an empty part: a frame of constants has no parameter at all.
        cells, columns = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        values = [np.empty(0)]
        kinds: list[str] = []
        for start, shape in zip(offsets, shapes, strict=False):
            for cell, entries, kind in _parameters(shape):
                cells.append(start + cell)
                columns.append(np.full(len(cell), len(kinds)))
                values.append(entries)
                kinds.append(kind)
        place = (np.concatenate(cells), np.concatenate(columns))
        size = (int(offsets[-1]), len(kinds))
        return cls(
            offsets=offsets,
            tables=csr_array((np.concatenate(values), place), shape=size),
            increment=np.array([kind in ("step", "opposite") for kind in kinds], np.bool_),
            opposite=np.array([kind == "opposite" for kind in kinds], np.bool_),
        )


def _parameters(shape: Shape) -> list[tuple[Ints, Floats, str]]:
    """Return each parameter of a feature: the cells it moves, by how much, and its kind."""
    k = shape.ordered
    found: list[tuple[Ints, Floats, str]] = []
    weight = shape.weight[:k]
    total = weight.sum()
    for step in range(1, k):
        above = (np.arange(k) >= step).astype(np.float64)
        centred = above - (weight @ above / total if total > 0 else 0.0)
        found.append((np.arange(k), (shape.sign or 1) * centred, "step"))
        if not shape.sign:
            found.append((np.arange(k), -centred, "opposite"))
    # One ordered cell alone is the average of itself: it has no level of its own.
    found.extend((np.array([c]), np.ones(1), "level") for c in range(k, len(shape.weight)))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows as cells: ``codes`` (rows, features), each counted from its feature's first.

    ``whole`` is what the rows are a part of.
    """

    codes: Codes
    bad: Floats
    whole: Whole = ALONE


@njit(cache=True)
def look_up(
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
