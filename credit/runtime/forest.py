"""Score a forest of decision trees held in flat arrays, as XGBoost would, with NumPy.

A row x goes left at a node when ``float32(x[feature]) < float32(threshold)``, and by the
node's default where x is missing. Leaf values are whole multiples of ``UNIT = 2**-20``, kept
as integers, so

    margin = (base + sum over trees of leaf(tree, x)) * UNIT

is exact and the same in any order of summation, in float32 (while below 16) and in float64.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from credit.errors import ArtifactError
from credit.runtime.plain import Floats, Integers, Plain

UNIT = 2.0**-20
"""The grid of leaf values, in log-odds."""

MAX_NODES = 5_000_000
"""Most nodes in a forest."""

MAX_DEPTH = 64
"""Deepest tree that is accepted."""

_CELLS = 200_000
"""Rows times trees walked at once: keeps the working arrays in the processor's cache."""


@dataclass(frozen=True, eq=False)
class Forest:
    """Trees in flat arrays; one entry a node, trees one after the other.

    Attributes
    ----------
    columns : int
        Number of columns of the matrix that is scored.
    start : array of int, shape (trees + 1,)
        Tree t holds the nodes ``start[t]`` to ``start[t + 1] - 1``, its root first.
    feature, left, right : arrays of int, shape (nodes,)
        Column compared and children, as positions in these arrays; ``left == -1`` is a leaf.
    threshold : array of float32, shape (nodes,)
        Smaller goes left. 0 in a leaf.
    default_left : array of bool, shape (nodes,)
        Whether a missing value goes left.
    value : array of int, shape (nodes,)
        Leaf value in units of ``UNIT``; 0 in an inner node.
    cover : array of float, shape (nodes,)
        Sum of hessians of the training rows in the node; weighs the branches in TreeSHAP.
    base : int
        Margin before any tree, in units of ``UNIT``.
    """

    columns: int
    start: Integers
    feature: Integers
    left: Integers
    right: Integers
    threshold: NDArray[np.float32]
    default_left: NDArray[np.bool_]
    value: Integers
    cover: Floats
    base: int

    @property
    def trees(self) -> int:
        """Number of trees."""
        return len(self.start) - 1

    @cached_property
    def node_depth(self) -> Integers:
        """Edges between each node and its root; children come after their parent."""
        depth = np.zeros(len(self.left), dtype=np.int64)
        frontier = self.start[:-1]
        while frontier.size:
            inner = frontier[self.left[frontier] >= 0]
            children = np.concatenate((self.left[inner], self.right[inner]))
            depth[children] = np.tile(depth[inner], 2) + 1
            frontier = children
        return depth

    @cached_property
    def depth(self) -> int:
        """Depth of the deepest leaf."""
        return int(self.node_depth.max(initial=0))

    @cached_property
    def _walk(self) -> tuple[Integers, NDArray[np.float32], Integers]:
        """Arrays for walking: column of `sides`, threshold, and children side by side.

        A leaf is its own child on both sides, so every row can take the same number of steps.
        """
        itself = np.arange(len(self.left))
        leaf = self.left < 0
        column = np.where(self.default_left, self.feature + self.columns, self.feature)
        children = np.empty(2 * len(itself), dtype=np.int64)
        children[0::2] = np.where(leaf, itself, self.right)
        children[1::2] = np.where(leaf, itself, self.left)
        return np.where(leaf, 0, column), self.threshold, children

    def margin(self, X: NDArray[np.float32]) -> Floats:
        """Return the log-odds of each row of X, shape (rows, columns), NaN where missing."""
        column, threshold, children = self._walk
        total = np.full(len(X), self.base, dtype=np.int64)
        step = max(1, _CELLS // max(1, self.trees))
        for begin in range(0, len(X), step):
            block = sides(X[begin : begin + step])
            width = block.shape[1]
            flat = block.ravel()
            offset = (np.arange(len(block)) * width)[:, None]
            node = np.repeat(self.start[None, :-1], len(block), axis=0)
            for _ in range(self.depth):
                goes_left = flat[offset + column[node]] < threshold[node]
                node = children[2 * node + goes_left]
            total[begin : begin + step] += self.value[node].sum(axis=1)
        return np.multiply(total, UNIT, dtype=np.float64)


def sides(X: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return X twice, side by side: NaN as +infinity (goes right), then as -infinity (left).

    A node reads the half that sends a missing value the way of its default, so walking needs
    no test for missing values.
    """
    missing = np.isnan(X)
    return np.concatenate(
        (np.where(missing, np.float32(np.inf), X), np.where(missing, np.float32(-np.inf), X)),
        axis=1,
    )


def read_forest(document: Plain, columns: int) -> Forest:
    """Return the forest in ``document``, checked: every walk ends in a leaf of its own tree.

    Raises
    ------
    ArtifactError
        An index out of range, a child before its parent, a node with two parents or none, a
        non-finite number, a cover that is not positive.
    """
    part = document.record(_ARRAYS)
    start = part["start"].integers(0, MAX_NODES)
    if len(start) < 1 or start[0] != 0 or np.any(np.diff(start) < 1):
        part["start"].refuse("rising positions from 0")
    nodes = int(start[-1])
    if columns < 1 and nodes:
        document.refuse("a forest without trees, as the model has no columns")
    forest = Forest(
        columns=columns,
        start=start,
        feature=part["feature"].integers(0, max(0, columns - 1), nodes),
        left=part["left"].integers(-1, nodes - 1, nodes),
        right=part["right"].integers(-1, nodes - 1, nodes),
        threshold=_float32(part["threshold"], nodes),
        default_left=part["default_left"].integers(0, 1, nodes).astype(bool),
        value=part["value"].integers(-(2**40), 2**40, nodes),
        cover=part["cover"].numbers(nodes),
        base=part["base"].integer(-(2**40), 2**40),
    )
    check_structure(forest, document.file)
    return forest


_ARRAYS = (
    "base", "start", "feature", "left", "right", "threshold", "default_left", "value", "cover"
)  # fmt: skip


def _float32(part: Plain, length: int) -> NDArray[np.float32]:
    """Return numbers that a float32 holds exactly: a rounded threshold would move rows."""
    exact = part.numbers(length)
    if np.any(np.abs(exact) > np.finfo(np.float32).max):
        part.refuse("a list of float32 numbers")
    result = exact.astype(np.float32)
    if np.any(result != exact):
        part.refuse("a list of float32 numbers")
    return result


def check_structure(forest: Forest, file: str) -> None:
    """Refuse a forest in which a walk could leave its tree, return, or never end."""
    inner = np.flatnonzero(forest.left >= 0)
    tree = np.repeat(np.arange(forest.trees), np.diff(forest.start))
    children = np.concatenate((forest.left[inner], forest.right[inner]))
    parents = np.tile(inner, 2)
    is_child = np.ones(len(tree), dtype=bool)
    is_child[forest.start[:-1]] = False
    problems = {
        "a node with one child": np.any((forest.left < 0) != (forest.right < 0)),
        "a child that does not come after its parent (a cycle)": np.any(children <= parents),
        "a child in another tree": np.any(tree[children] != tree[parents]),
        "a node with two parents or none": (
            len(children) != is_child.sum()
            or np.any(np.bincount(children[children >= 0], minlength=len(tree)) != is_child)
        ),
        "a cover that is not positive": np.any(forest.cover <= 0),
        "a value in an inner node": np.any(forest.value[inner] != 0),
    }
    for problem, found in problems.items():
        if found:
            raise ArtifactError(
                f"{file}: the trees are not sound: {problem}. Write the artifact again with "
                "credit.artifact."
            )
    if forest.depth > MAX_DEPTH:
        raise ArtifactError(
            f"{file}: a tree of depth {forest.depth} is too deep: at most {MAX_DEPTH}."
        )
