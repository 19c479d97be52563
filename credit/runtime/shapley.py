"""Exact contributions of the columns to a forest's margin: TreeSHAP from per-leaf tables.

For one leaf of value v, let the columns on its path be 1..d, ``z_i`` the share of training
cover that follows the path at the nodes of column i, and ``o_i`` 1 where the row satisfies
those nodes, else 0. The leaf's game is ``v * prod(o_i, i in S) * prod(z_i, i not in S)``, and
its Shapley value in Owen's integral form is

    phi_i = v * (o_i - z_i) * integral over t in [0, 1] of prod(t * o_j + (1 - t) * z_j, j != i)

The integrand is a polynomial of degree d - 1 in t, so Gauss-Legendre quadrature with
``ceil(d / 2)`` points is exact. It depends on the row through the d bits o alone: the 2**d
vectors of every leaf are tabulated once, and a row needs table look-ups only. Values equal
XGBoost's ``pred_contribs`` (path-dependent TreeSHAP, Lundberg et al. 2020).

Sources: G. Owen, Multilinear extensions of games, Management Science 18 (1972).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from credit.errors import ArtifactError
from credit.runtime.forest import UNIT, Forest, sides
from credit.runtime.plain import Floats, Integers

MAX_EXPLAINED_DEPTH = 6
"""Deepest forest whose tables are built: a leaf of depth d needs d * 2**d numbers."""

MAX_TABLE_NUMBERS = 50_000_000
"""Most numbers in all tables together (400 MB)."""

_CELLS = 2_000_000
"""Rows times path entries evaluated at once."""


@dataclass(frozen=True, eq=False)
class LeafTables:
    """Tables of all leaves, and where each row's bits come from.

    A *slot* is a pair (leaf, column on its path); slots of one leaf stand together. A
    *literal* is one node's condition as one slot needs it; literals of one slot stand
    together.

    Attributes
    ----------
    column, threshold, wanted : arrays, shape (literals,)
        A literal holds when ``(sides(X)[column] < threshold) == wanted``.
    slot_start : array of int, shape (slots,)
        First literal of each slot; a slot's bit is the conjunction of its literals.
    leaf_start : array of int, shape (leaves,)
        First slot of each leaf.
    bit : array of int, shape (slots,)
        Weight of the slot's bit in its leaf's pattern: 1, 2, 4, ...
    address, stride : arrays of int, shape (slots,)
        The slot's number for pattern m is ``table[address + m * stride]``.
    slot_leaf : array of int, shape (slots,)
        Position of the slot's leaf in ``leaf_start``.
    by_column, column_start, columns : arrays of int
        Slots ordered by column, where each column's begin, and which columns those are.
    base : float
        Expected margin under the training cover.
    """

    column: Integers
    threshold: NDArray[np.float32]
    wanted: NDArray[np.bool_]
    slot_start: Integers
    leaf_start: Integers
    bit: Integers
    address: Integers
    stride: Integers
    slot_leaf: Integers
    by_column: Integers
    column_start: Integers
    columns: Integers
    table: Floats
    base: float
    width: int

    def contributions(self, X: NDArray[np.float32]) -> Floats:
        """Return shape (rows, columns): each row sums, with ``base``, to its margin."""
        result = np.zeros((len(X), self.width))
        if not self.slot_start.size:
            return result
        step = max(1, _CELLS // len(self.column))
        for begin in range(0, len(X), step):
            # One row of `block` a column of X: the gathers below then copy whole runs.
            block = np.ascontiguousarray(sides(X[begin : begin + step]).T)
            holds = (block[self.column] < self.threshold[:, None]) == self.wanted[:, None]
            bits = np.logical_and.reduceat(holds, self.slot_start, axis=0)
            pattern = np.add.reduceat(bits * self.bit[:, None], self.leaf_start, axis=0)
            place = self.address[:, None] + pattern[self.slot_leaf] * self.stride[:, None]
            values = self.table[place][self.by_column]
            sums = np.add.reduceat(values, self.column_start, axis=0)
            result[begin : begin + step, self.columns] = sums.T
        return result


def build_tables(forest: Forest) -> LeafTables:
    """Tabulate the contributions of every leaf of ``forest``.

    Raises
    ------
    ArtifactError
        The forest is deeper than `MAX_EXPLAINED_DEPTH`, or its tables would be too large.
    """
    if forest.depth > MAX_EXPLAINED_DEPTH:
        raise ArtifactError(
            f"reasons need trees of depth {MAX_EXPLAINED_DEPTH} or less, this forest has "
            f"{forest.depth}. Ask for reasons=0, or train with a smaller depth."
        )
    literals = _literals(forest)
    slot_first = np.flatnonzero(
        np.diff(literals.leaf, prepend=-1).astype(bool)
        | np.diff(literals.feature, prepend=-1).astype(bool)
    )
    slot_leaf_node = literals.leaf[slot_first]
    leaf_first = np.flatnonzero(np.diff(slot_leaf_node, prepend=-1))
    sizes = np.diff(leaf_first, append=len(slot_first))
    slot_leaf = np.repeat(np.arange(len(leaf_first)), sizes)
    position = np.arange(len(slot_first)) - leaf_first[slot_leaf]
    numbers = sizes << sizes
    if numbers.sum() > MAX_TABLE_NUMBERS:
        raise ArtifactError(
            f"reasons need tables of {numbers.sum()} numbers, at most {MAX_TABLE_NUMBERS} are "
            "allowed. Ask for reasons=0, or train fewer or shallower trees."
        )
    share = np.multiply.reduceat(literals.share, slot_first) if len(slot_first) else np.empty(0)
    leaf_value = np.multiply(forest.value[slot_leaf_node[leaf_first]], UNIT, dtype=np.float64)
    table_start = np.cumsum(numbers) - numbers
    feature = literals.feature[slot_first]
    by_column = np.argsort(feature, kind="stable")
    columns, column_start = np.unique(feature[by_column], return_index=True)
    return LeafTables(
        column=np.where(
            forest.default_left[literals.node], literals.feature + forest.columns, literals.feature
        ),
        threshold=forest.threshold[literals.node],
        wanted=literals.left,
        slot_start=slot_first,
        leaf_start=leaf_first,
        bit=1 << position,
        address=table_start[slot_leaf] + position,
        stride=sizes[slot_leaf],
        slot_leaf=slot_leaf,
        by_column=by_column,
        column_start=column_start,
        columns=columns,
        table=_tabulate(leaf_value, share, leaf_first, sizes),
        base=expected_margin(forest),
        width=forest.columns,
    )


@dataclass(frozen=True, eq=False)
class _Literals:
    """Every (leaf, ancestor) pair, ordered by leaf and then by the ancestor's column."""

    leaf: Integers
    node: Integers
    feature: Integers
    left: NDArray[np.bool_]
    share: Floats


def _literals(forest: Forest) -> _Literals:
    """Climb from all leaves to their roots at once."""
    parent = np.full(len(forest.left), -1)
    inner = np.flatnonzero(forest.left >= 0)
    parent[forest.left[inner]] = inner
    parent[forest.right[inner]] = inner
    share = _branch_shares(forest)
    leaf = np.flatnonzero(forest.left < 0)
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
    return _Literals(
        leaf=leaf[order],
        node=node,
        feature=feature[order],
        left=forest.left[node] == child,
        share=share[child],
    )


def _branch_shares(forest: Forest) -> Floats:
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
    share = _branch_shares(forest)
    depth = forest.node_depth
    for level in range(1, forest.depth + 1):
        inner = np.flatnonzero((depth == level - 1) & (forest.left >= 0))
        for child in (forest.left[inner], forest.right[inner]):
            reach[child] = reach[inner] * share[child]
    return float((reach * forest.value).sum() + forest.base) * UNIT


def _tabulate(value: Floats, share: Floats, leaf_first: Integers, sizes: Integers) -> Floats:
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
    nodes, weights = np.polynomial.legendre.leggauss((d + 1) // 2)
    integral = np.zeros((len(z), 1 << d, d))
    for t, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        factor = t * o[None, :, :] + (1 - t) * z[:, None, :]
        for i in range(d):
            integral[:, :, i] += weight * np.delete(factor, i, axis=2).prod(axis=2)
    return value[:, None, None] * (o[None, :, :] - z[:, None, :]) * integral
