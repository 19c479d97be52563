"""What each leaf of a forest adds to each column: the Shapley values of its game.

For one leaf of value v, let the columns on its path be 1..d, ``z_i`` the share of training
cover that follows the path at the nodes of column i, and ``o_i`` 1 where the row satisfies
those nodes, else 0. The leaf's game is ``v * prod(o_i, i in S) * prod(z_i, i not in S)``, and
its Shapley value in Owen's integral form is

    phi_i = v * (o_i - z_i) * integral over t in [0, 1] of prod(t * o_j + (1 - t) * z_j, j != i)

The integrand is a polynomial of degree d - 1 in t, so Gauss-Legendre quadrature with
``ceil(d / 2)`` points is exact. It depends on the row through the d bits o alone: the 2**d
vectors of a leaf are its table.

Sources: G. Owen, Multilinear extensions of games, Management Science 18 (1972).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from credit.runtime.forest import UNIT, Forest
from credit.runtime.plain import Floats, Integers


def parents_of(forest: Forest) -> Integers:
    """Return each node's parent, -1 of a root."""
    parent = np.full(len(forest.left), -1)
    inner = np.flatnonzero(forest.left >= 0)
    parent[forest.left[inner]] = inner
    parent[forest.right[inner]] = inner
    return parent


_LEGENDRE = {
    1: ((0.0, 2.0),),
    2: ((-math.sqrt(1 / 3), 1.0), (math.sqrt(1 / 3), 1.0)),
    3: ((-math.sqrt(3 / 5), 5 / 9), (0.0, 8 / 9), (math.sqrt(3 / 5), 5 / 9)),
}
"""Number of points -> nodes and weights of the quadrature on [-1, 1], for up to six columns."""


@dataclass(frozen=True, eq=False)
class Literals:
    """Every (leaf, ancestor) pair, ordered by leaf and then by the ancestor's column."""

    leaf: Integers
    node: Integers
    feature: Integers
    left: NDArray[np.bool_]
    share: Floats


def literals_of(forest: Forest, leaf: Integers, parent: Integers, share: Floats) -> Literals:
    """Climb from some leaves to their roots at once, by `parents_of` and `branch_shares`."""
    below = leaf
    found: list[tuple[Integers, Integers, Integers]] = []
    while True:
        climbing = parent[below] >= 0
        leaf, below = leaf[climbing], below[climbing]
        if not leaf.size:
            break
        above = parent[below]
        found.append((leaf, above, below))
        below = above
    empty = np.empty(0, dtype=np.int64)
    leaf, node, child = (
        (np.concatenate(part) for part in zip(*found, strict=True)) if found else (empty,) * 3
    )
    feature = forest.feature[node]
    order = np.lexsort((node, feature, leaf))
    node, child = node[order], child[order]
    return Literals(
        leaf=leaf[order],
        node=node,
        feature=feature[order],
        left=forest.left[node] == child,
        share=share[child],
    )


def branch_shares(forest: Forest) -> Floats:
    """Return each node's share of its parent's cover; the two children's sum to 1 exactly.

    Children are added rather than divided by the parent's own cover: XGBoost's float32 sums
    differ in the last digit, and contributions must add up to the margin.
    """
    share = np.ones(len(forest.left))
    inner = np.flatnonzero(forest.left >= 0)
    left, right = forest.left[inner], forest.right[inner]
    share[left] = forest.cover[left] / (forest.cover[left] + forest.cover[right])
    share[right] = 1.0 - share[left]
    return share


def expected_margin(forest: Forest) -> float:
    """Return the mean margin when every branch is taken with its share of the cover."""
    reach = np.ones(len(forest.left))
    share = branch_shares(forest)
    depth = forest.node_depth
    for level in range(1, forest.depth + 1):
        inner = np.flatnonzero((depth == level - 1) & (forest.left >= 0))
        for child in (forest.left[inner], forest.right[inner]):
            reach[child] = reach[inner] * share[child]
    return float((reach * forest.value).sum() + forest.base) * UNIT


def tabulate(value: Floats, share: Floats, leaf_first: Integers, sizes: Integers) -> Floats:
    """Return the tables of all leaves one after the other; each of shape (2**d, d)."""
    numbers = sizes << sizes
    start = np.cumsum(numbers) - numbers
    table = np.empty(int(numbers.sum()))
    for d in np.unique(sizes):
        of_size = np.flatnonzero(sizes == d)
        z = share[leaf_first[of_size][:, None] + np.arange(d)]
        rows = _shapley(value[of_size], z).reshape(len(of_size), -1)
        table[start[of_size][:, None] + np.arange(int(d) << int(d))] = rows
    return table


def _shapley(value: Floats, z: Floats) -> Floats:
    """Return phi for every leaf, pattern and column: shape (leaves, 2**d, d)."""
    d = z.shape[1]
    o = (np.arange(1 << d)[:, None] >> np.arange(d) & 1).astype(np.float64)
    integral = np.zeros((len(z), 1 << d, d))
    for node, weight in _LEGENDRE[(d + 1) // 2]:
        t = (node + 1) / 2
        factor = t * o[None, :, :] + (1 - t) * z[:, None, :]
        for i in range(d):
            integral[:, :, i] += weight / 2 * np.delete(factor, i, axis=2).prod(axis=2)
    return value[:, None, None] * (o[None, :, :] - z[:, None, :]) * integral
