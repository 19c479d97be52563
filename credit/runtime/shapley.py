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
from credit.runtime.forest import UNIT, Forest
from credit.runtime.leaves import expected_margin, literals_of, parents_of, tabulate
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
"""Numbers looked up, or tabulated, at once."""


@dataclass(frozen=True, eq=False)
class Tables:
    """Tables of all subtrees, and which outcomes choose their rows.

    Attributes
    ----------
    node : array of int, shape (subtrees, 8)
        Nodes whose outcomes (goes left: 1) are the bits of a subtree's combination.
    mask : array of uint8, shape (subtrees,)
        The bits a subtree has.
    start : array of int, shape (subtrees,)
        Row of its combination 0 in ``table``.
    column : array of int, shape (subtrees, entries)
        Column of the matrix each entry of a row belongs to; ``columns`` where there is none.
    table : array of float, shape (combinations, entries)
        What a subtree adds to each column.
    base : float
        Expected margin under the training cover.
    columns : int
    """

    node: Integers
    mask: NDArray[np.uint8]
    start: Integers
    column: Integers
    table: Floats
    base: float
    columns: int

    def of_outcomes(self, left: NDArray[np.bool_]) -> Floats:
        """Return the contributions of each column, shape (rows, columns).

        ``left``, shape (rows, nodes), says of each node whether the row goes left there.
        """
        rows, width = len(left), self.columns + 1
        bits = left.take(self.node.ravel(), axis=1)
        combination = np.packbits(bits, bitorder="little").reshape(rows, -1) & self.mask
        values = self.table.take(self.start + combination, axis=0)
        place = self.column + (np.arange(rows) * width)[:, None, None]
        sums = np.bincount(place.ravel(), values.ravel(), rows * width).reshape(rows, width)
        return sums[:, :-1].astype(np.float64)


def contributions(forest: Forest, tables: Tables, X: NDArray[np.float32]) -> Floats:
    """Return shape (rows, columns): each row sums, with ``tables.base``, to its margin."""
    result = np.zeros((len(X), forest.columns))
    step = max(1, _CELLS // max(1, tables.column.size))
    for begin in range(0, len(X), step):
        block = X[begin : begin + step]
        result[begin : begin + step] = tables.of_outcomes(forest.goes_left(block))
    return result


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
    step = max(1, _CELLS // per_leaf)
    for begin in range(0, len(subtrees.leaf), step):
        _add_leaves(table, forest, subtrees, start, slice(begin, begin + step))
    node = np.zeros((len(start), _BITS), dtype=np.int64)
    node[subtrees.of_bit, subtrees.bit] = subtrees.node
    column = np.full((len(start), entries), forest.columns)
    column[subtrees.of_entry, subtrees.entry] = subtrees.column
    return Tables(
        node=node,
        mask=(sizes - 1).astype(np.uint8),
        start=start,
        column=column,
        table=table,
        base=expected_margin(forest),
        columns=forest.columns,
    )


@dataclass(frozen=True, eq=False)
class _Subtrees:
    """Which leaves, outcomes and columns each subtree has.

    ``leaf`` and ``of_leaf``: every leaf and its subtree. ``node``, ``bit`` and ``of_bit``: every
    (subtree, node that matters to it), ordered, with the node's place among the bits.
    ``column``, ``entry`` and ``of_entry``: the same for the columns of these nodes. ``bits`` and
    ``entries``: how many of them each subtree has.
    """

    leaf: Integers
    of_leaf: Integers
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
        of_leaf=of_low[leaf],
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
    subtree = np.full(len(forest.left), -1)
    subtree[subtrees.leaf[part]] = subtrees.of_leaf[part]
    literals = literals_of(forest, subtrees.leaf[part])
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

    group = subtree[literals.leaf]
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
