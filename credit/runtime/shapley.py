"""Exact contributions of the columns to a forest's margin: TreeSHAP from tables of subtrees.

What a leaf adds (`credit.runtime.leaves`) depends on the outcomes of the nodes on its path alone.
The up to four leaves of a subtree of height 2 share all but three of these nodes: the sum of what
they add is tabulated once for every combination of outcomes, and a row needs one look-up a
subtree. Values equal XGBoost's ``pred_contribs`` (path-dependent TreeSHAP, Lundberg et al. 2020).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from credit.errors import ArtifactError
from credit.runtime.forest import UNIT, Forest, sides
from credit.runtime.leaves import (
    branch_shares,
    expected_margin,
    literals_of,
    parents_of,
    tabulate,
)
from credit.runtime.plain import Floats, Integers

MAX_EXPLAINED_DEPTH = 6
"""Deepest forest whose tables are built: a subtree at depth p has 2**(p + 3) combinations."""

MAX_TABLE_NUMBERS = 50_000_000
"""Most numbers in all tables together (400 MB)."""

_HEIGHT = 2
"""Height of the subtrees: higher ones need fewer look-ups and more memory."""

_BITS = 8
"""Outcomes a combination may have: those above a subtree and its own, at most 4 + 3."""

_CELLS = 120_000
"""Numbers looked up at once."""

_TABULATED = 16_000
"""Numbers tabulated at once: working arrays below the 128 KiB from which malloc asks the kernel."""


@dataclass(frozen=True, eq=False)
class Tables:
    """Tables of all subtrees, and which conditions choose their rows.

    Attributes
    ----------
    side, threshold : arrays, shape (conditions,)
        Each different condition of a node: a row, doubled by `credit.runtime.forest.sides`, goes
        left where its column ``side`` is less. The last condition never holds.
    bit : array of int, shape (subtrees * 8,)
        The conditions that are the bits of the subtrees' combinations, eight a subtree.
    start : array of int, shape (subtrees,)
        Row of its combination 0 in ``table``.
    column : array of int, shape (subtrees * entries,)
        Column of the matrix each entry of a row belongs to; ``columns`` where there is none.
    table : array of float, shape (combinations, entries)
        What a subtree adds to each column.
    base : float
        Expected margin under the training cover.
    columns : int
    """

    side: Integers
    threshold: NDArray[np.float32]
    bit: Integers
    start: Integers
    column: Integers
    table: Floats
    base: float
    columns: int

    def contributions(self, X: NDArray[np.float32]) -> Floats:
        """Return shape (rows, columns): each row sums, with ``base``, to its margin."""
        result = np.zeros((len(X), self.columns))
        step = max(1, _CELLS // max(1, self.column.size))
        for begin in range(0, len(X), step):
            result[begin : begin + step] = self._of_block(X[begin : begin + step])
        return result

    def _of_block(self, X: NDArray[np.float32]) -> Floats:
        rows, width = len(X), self.columns + 1
        holds = sides(X).take(self.side, axis=1) < self.threshold
        combination = np.packbits(holds.take(self.bit, axis=1), bitorder="little")
        values = self.table.take(self.start + combination.reshape(rows, -1), axis=0)
        place = self.column
        if rows > 1:
            place = (self.column + (np.arange(rows) * width)[:, None]).ravel()
        sums = np.bincount(place, values.ravel(), rows * width).reshape(rows, width)
        return sums[:, :-1].astype(np.float64)


def build_tables(forest: Forest) -> Tables:
    """Tabulate the contributions of every subtree of ``forest``.

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
    subtrees = _subtrees(forest)
    sizes = np.left_shift(1, subtrees.bits)
    entries = int(subtrees.entries.max(initial=0))
    if sizes.sum() * entries > MAX_TABLE_NUMBERS:
        raise ArtifactError(
            f"reasons need tables of {sizes.sum() * entries} numbers, at most {MAX_TABLE_NUMBERS} "
            "are allowed. Ask for reasons=0, or train fewer or shallower trees."
        )
    start = np.cumsum(sizes) - sizes
    table = np.zeros((int(sizes.sum()), entries))
    per_leaf = (forest.depth * int(sizes.max(initial=1))) or 1
    step = max(1, _TABULATED // per_leaf)
    for begin in range(0, len(subtrees.leaf), step):
        _add_leaves(table, forest, subtrees, start, slice(begin, begin + step))
    side, threshold, condition = _conditions(forest)
    bit = np.full((len(start), _BITS), len(side) - 1)
    bit[subtrees.of_bit, subtrees.bit] = condition[subtrees.node]
    column = np.full((len(start), entries), forest.columns)
    column[subtrees.of_entry, subtrees.entry] = subtrees.column
    return Tables(
        side=side,
        threshold=threshold,
        bit=bit.ravel(),
        start=start,
        column=column.ravel(),
        table=table,
        base=expected_margin(forest),
        columns=forest.columns,
    )


def _conditions(forest: Forest) -> tuple[Integers, NDArray[np.float32], Integers]:
    """Return the different conditions, one more that never holds, and each node's condition."""
    side = np.where(forest.default_left, forest.feature + forest.columns, forest.feature)
    pairs = np.stack((side.astype(np.float64), forest.threshold.astype(np.float64)))
    different, condition = np.unique(pairs, axis=1, return_inverse=True)
    sides_of = np.append(different[0], 0).astype(np.int64)
    thresholds = np.append(different[1], -np.inf).astype(np.float32)
    return sides_of, thresholds, condition.ravel()


@dataclass(frozen=True, eq=False)
class _Subtrees:
    """Which leaves, outcomes and columns each subtree has.

    ``leaf``: every leaf; ``of_leaf``: each node's subtree where it is a leaf, else -1. ``parent``
    and ``share``: each node's parent and its share of the parent's cover. ``node``, ``bit`` and
    ``of_bit``: every (subtree, node that matters to it), ordered, with the node's place among the
    bits.
    ``column``, ``entry`` and ``of_entry``: the same for the columns of these nodes. ``bits`` and
    ``entries``: how many of them each subtree has.
    """

    leaf: Integers
    of_leaf: Integers
    parent: Integers
    share: Floats
    node: Integers
    bit: Integers
    of_bit: Integers
    column: Integers
    entry: Integers
    of_entry: Integers
    bits: Integers
    entries: Integers


def _subtrees(forest: Forest) -> _Subtrees:
    parent = parents_of(forest)
    low = np.flatnonzero(_heights(forest, parent) <= _HEIGHT)
    is_low = np.zeros(len(parent), dtype=bool)
    is_low[low] = True
    root = low
    while True:
        above = np.where(parent[root] >= 0, parent[root], root)
        if not (climbs := is_low[above] & (above != root)).any():
            break
        root = np.where(climbs, above, root)
    roots, of_low = np.unique(root, return_inverse=True)
    leaf = forest.left[low] < 0
    of_leaf = np.full(len(parent), -1)
    of_leaf[low[leaf]] = of_low[leaf]
    pairs = [(of_low[~leaf], low[~leaf])]
    group, node = np.arange(len(roots)), parent[roots]
    while (inside := node >= 0).any():
        group, node = group[inside], node[inside]
        pairs.append((group, node))
        node = parent[node]
    group, node = (np.concatenate(part) for part in zip(*pairs, strict=True))
    order = np.lexsort((node, group))
    group, node = group[order], node[order]
    of_entry, column = np.unique(np.stack((group, forest.feature[node])), axis=1)
    bits = np.bincount(group, minlength=len(roots))
    entries = np.bincount(of_entry, minlength=len(roots))
    return _Subtrees(
        leaf=low[leaf],
        of_leaf=of_leaf,
        parent=parent,
        share=branch_shares(forest),
        node=node,
        bit=np.arange(len(group)) - (np.cumsum(bits) - bits)[group],
        of_bit=group,
        column=column,
        entry=np.arange(len(of_entry)) - (np.cumsum(entries) - entries)[of_entry],
        of_entry=of_entry,
        bits=bits,
        entries=entries,
    )


def _heights(forest: Forest, parent: Integers) -> Integers:
    """Return the edges between each node and the deepest leaf below it."""
    height = np.zeros(len(parent), dtype=np.int64)
    for level in range(forest.depth, 0, -1):
        at = np.flatnonzero(forest.node_depth == level)
        np.maximum.at(height, parent[at], height[at] + 1)
    return height


def _add_leaves(
    table: Floats, forest: Forest, subtrees: _Subtrees, start: Integers, part: slice
) -> None:
    """Add what some leaves contribute, under every combination of their subtrees' outcomes."""
    literals = literals_of(forest, subtrees.leaf[part], subtrees.parent, subtrees.share)
    if not literals.leaf.size:
        return
    slot_first = np.flatnonzero(
        np.diff(literals.leaf, prepend=-1).astype(bool)
        | np.diff(literals.feature, prepend=-1).astype(bool)
    )
    leaf_node = literals.leaf[slot_first]
    leaf_first = np.flatnonzero(np.diff(leaf_node, prepend=-1))
    sizes = np.diff(leaf_first, append=len(slot_first))
    slot_leaf = np.repeat(np.arange(len(leaf_first)), sizes)
    position = np.arange(len(slot_first)) - leaf_first[slot_leaf]
    numbers = sizes << sizes
    address = (np.cumsum(numbers) - numbers)[slot_leaf] + position
    value = np.multiply(forest.value[leaf_node[leaf_first]], UNIT, dtype=np.float64)
    share = np.multiply.reduceat(literals.share, slot_first)
    of_leaf = tabulate(value, share, leaf_first, sizes)

    group = subtrees.of_leaf[literals.leaf]
    bit = subtrees.bit[_find(subtrees.of_bit, subtrees.node, group, literals.node)]
    combination = np.arange(1 << int(subtrees.bits[group].max()))
    holds = (combination >> bit[:, None] & 1).astype(bool) == literals.left[:, None]
    satisfied = np.logical_and.reduceat(holds, slot_first, axis=0)
    pattern = np.add.reduceat(satisfied * (1 << position)[:, None], leaf_first, axis=0)
    found = of_leaf[address[:, None] + pattern[slot_leaf] * sizes[slot_leaf][:, None]]

    group, feature = group[slot_first], literals.feature[slot_first]
    entry = subtrees.entry[_find(subtrees.of_entry, subtrees.column, group, feature)]
    place = (start[group][:, None] + combination) * table.shape[1] + entry[:, None]
    # Subtrees with fewer outcomes have fewer combinations: those beyond are not theirs.
    own = combination < np.left_shift(1, subtrees.bits[group])[:, None]
    np.add.at(table.reshape(-1), place[own], found[own])


def _find(first: Integers, second: Integers, of: Integers, at: Integers) -> Integers:
    """Return where the pairs (of, at) stand among the ordered pairs (first, second)."""
    width = int(max(second.max(initial=0), at.max(initial=0))) + 1
    return np.searchsorted(first * width + second, of * width + at)
