"""The exit leaves of one row in all trees at once, by bit masks.

Number the leaves of each tree from left to right. A node at which the row does not go left rules
out the leaves of its left subtree; of the leaves that are left, the first is where the row ends.
For every column, the masks of all nodes are combined beforehand for each place that a value can
take among the column's thresholds, so a row needs one search and one row of masks a column.

Source: C. Lucchese et al., QuickScorer: a fast algorithm to rank documents with additive
ensembles of regression trees, SIGIR 2015.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from credit.runtime.forest import Forest
from credit.runtime.plain import Floats, Integers

MAX_LEAVES = 64
"""Most leaves of a tree: one bit each."""

MAX_BYTES = 16 * 2**20
"""Largest table of masks; a forest that needs more is walked."""


@dataclass(frozen=True, eq=False)
class Masks:
    """Masks of a forest.

    Attributes
    ----------
    places : list of list of float
        For each column, rising: the least doubles that, rounded to float32, do not go left at
        its thresholds.
    start : list of int
        Row of ``table`` for a value below all of a column's thresholds; the next rows are for
        the places in order, and the last for a missing value.
    table : array of unsigned int, shape (places, trees)
        Bit i: leaf i of the tree is not ruled out.
    first : array of int, shape (trees,)
        Where each tree's leaves begin in ``value``.
    value : array of int
        Leaf values, in units.
    base : int
    """

    places: list[list[float]]
    start: list[int]
    table: NDArray[np.unsignedinteger]
    first: Integers
    value: Integers
    base: int

    def units(self, row: Sequence[float | None]) -> int:
        """Return the margin, in units, of a row of the matrix; None is missing."""
        at = [
            begin + (len(places) + 1 if value is None else bisect_right(places, value))
            for begin, places, value in zip(self.start, self.places, row, strict=True)
        ]
        left = np.bitwise_and.reduce(self.table.take(at, axis=0), axis=0)
        # The bits below the lowest one that is set, counted, are its position.
        leaf = np.bitwise_count((left & -left) - 1)
        return int(self.value.take(self.first + leaf).sum()) + self.base


def build_masks(forest: Forest) -> Masks | None:
    """Return the masks of a forest; None where they would be too large."""
    leaves = _leaves_below(forest)
    first = _first_leaf(forest, leaves)
    most = int(leaves[forest.start[:-1]].max(initial=0))
    inner = np.flatnonzero(forest.left >= 0)
    kind = np.dtype(np.uint32 if most <= 32 else np.uint64)
    if (
        not forest.trees
        or most > MAX_LEAVES
        or inner.size * forest.trees * kind.itemsize > MAX_BYTES
    ):
        return None
    tree = np.repeat(np.arange(forest.trees), np.diff(forest.start))
    span = (np.uint64(1) << leaves[forest.left[inner]].astype(np.uint64)) - np.uint64(1)
    ruled_out = span << first[inner].astype(np.uint64)
    kept = (~ruled_out).astype(kind)
    threshold = _least_doubles(forest.threshold[inner])
    column, goes_right = forest.feature[inner], ~forest.default_left[inner]
    places = [np.unique(threshold[column == i]) for i in range(forest.columns)]
    sizes = np.array([len(of_column) + 2 for of_column in places])
    start = np.cumsum(sizes) - sizes
    table = np.full((int(sizes.sum()), forest.trees), ~kind.type(0), dtype=kind)
    for i, (first_row, of_column) in enumerate(zip(start.tolist(), places, strict=True)):
        at = np.flatnonzero(column == i)
        part = table[first_row : first_row + len(of_column) + 1]
        place = np.searchsorted(of_column, threshold[at]) + 1
        np.bitwise_and.at(part, (place, tree[inner[at]]), kept[at])
        np.bitwise_and.accumulate(part, axis=0, out=part)
        at = at[goes_right[at]]
        of_missing = table[first_row + len(of_column) + 1]
        np.bitwise_and.at(of_missing, tree[inner[at]], kept[at])
    is_leaf = np.flatnonzero(forest.left < 0)
    in_order = is_leaf[np.lexsort((first[is_leaf], tree[is_leaf]))]
    per_tree = leaves[forest.start[:-1]]
    return Masks(
        places=[of_column.tolist() for of_column in places],
        start=start.tolist(),
        table=table,
        first=np.cumsum(per_tree) - per_tree,
        value=forest.value[in_order],
        base=forest.base,
    )


def _least_doubles(threshold: NDArray[np.float32]) -> Floats:
    """Return, for each float32, the least double that rounds to it or above.

    That is the middle between it and the float32 before, or the next double: ties go to even.
    """
    with np.errstate(over="ignore"):  # before the least of all floats is minus infinity
        before = np.nextafter(threshold, np.float32(-np.inf)).astype(np.float64)
    middle = before / 2 + threshold.astype(np.float64) / 2
    return np.where(middle.astype(np.float32) >= threshold, middle, np.nextafter(middle, np.inf))


def _leaves_below(forest: Forest) -> Integers:
    """Return how many leaves each node has below it; a leaf has itself."""
    count = (forest.left < 0).astype(np.int64)
    for level in range(forest.depth - 1, -1, -1):
        at = np.flatnonzero((forest.node_depth == level) & (forest.left >= 0))
        count[at] = count[forest.left[at]] + count[forest.right[at]]
    return count


def _first_leaf(forest: Forest, leaves: Integers) -> Integers:
    """Return the number, in its tree, of the leftmost leaf below each node."""
    first = np.zeros(len(leaves), dtype=np.int64)
    for level in range(forest.depth):
        at = np.flatnonzero((forest.node_depth == level) & (forest.left >= 0))
        first[forest.left[at]] = first[at]
        first[forest.right[at]] = first[at] + leaves[forest.left[at]]
    return first
