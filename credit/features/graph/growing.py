"""What only grows with the edges, carried from one instant to the next: triangles and groups.

Asked for ascending instants, each new edge is looked at once; for an earlier instant than the
last, everything is counted anew. Either way the answer is that of the instant alone.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from credit.features.graph.edges import Edges, Nodes
from credit.features.graph.snapshots import Graph, Offsets, Snapshots, cut

Counts = NDArray[np.int64]

_NEVER = np.int32(2**31 - 1)


class Triangles:
    """The number of triangles that each node is in.

    Parameters
    ----------
    snapshots : Snapshots
    """

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots
        self._seen = 0
        self._count = np.zeros(snapshots.start.size - 1, dtype=np.int64)

    def at(self, graph: Graph) -> Counts:
        """Return the count of each node on a snapshot of these edges, shape (n,)."""
        rows = self._snapshots
        visible = rows.edges.visible(graph.as_of)
        if visible < self._seen:
            self._seen = 0
            self._count = np.zeros_like(self._count)
        begin = cut(rows.start, rows.rank, self._seen)
        _close(graph.start, begin, graph.end, (rows.neighbour, rows.rank), self._count)
        self._seen = visible
        return self._count.copy()


class Connected:
    """The least node of each node's connected group, by union and find.

    Parameters
    ----------
    edges : Edges
    """

    def __init__(self, edges: Edges) -> None:
        self._edges = edges
        self._seen = 0
        self._parent = np.arange(edges.nodes, dtype=np.int32)

    def at(self, q: int) -> Nodes:
        """Return the group of each node by the edges visible at ``q``, shape (nodes,)."""
        visible = self._edges.visible(q)
        if visible < self._seen:
            self._seen = 0
            self._parent = np.arange(self._edges.nodes, dtype=np.int32)
        new = slice(self._seen, visible)
        join(self._edges.low[new], self._edges.high[new], self._parent)
        self._seen = visible
        return self._parent.copy()


@njit(cache=True)
def _close(
    start: Offsets, begin: Offsets, end: Offsets, rows: tuple[Nodes, Nodes], count: Counts
) -> None:
    """Add the triangles whose last edge stands in ``begin[i]:end[i]`` of some row i.

    A triangle is met at its last edge alone, in the row of that edge's end of larger degree:
    the other end's row is the short one, and it is read only as far as edges are older.
    ``rows`` are the neighbours and the ranks of their edges.
    """
    neighbour, rank = rows
    degree = (end - start).astype(np.int32)
    mark = np.full(end.size, _NEVER, np.int32)
    for node in range(end.size):
        is_marked = False
        for entry in range(np.uint64(begin[node]), np.uint64(end[node])):
            other = np.uint64(neighbour[entry])
            longer = degree[other] - degree[node]
            if longer > 0 or (longer == 0 and neighbour[entry] > node):
                continue
            if not is_marked:
                is_marked = True
                for place in range(np.uint64(start[node]), np.uint64(end[node])):
                    mark[np.uint64(neighbour[place])] = rank[place]
            closed = _third(rows, start[other], end[other], rank[entry], mark, count)
            count[node] += closed
            count[other] += closed
        if is_marked:
            for place in range(np.uint64(start[node]), np.uint64(end[node])):
                mark[np.uint64(neighbour[place])] = _NEVER


@njit(cache=True)
def _third(
    rows: tuple[Nodes, Nodes], first: int, stop: int, last: int, mark: Nodes, count: Counts
) -> int:
    """Count a triangle for each neighbour tied on both sides before ``last``; return how many."""
    neighbour, rank = rows
    closed = 0
    for place in range(np.uint64(first), np.uint64(stop)):
        if rank[place] >= last:
            break
        third = np.uint64(neighbour[place])
        if mark[third] < last:
            count[third] += 1
            closed += 1
    return closed


@njit(cache=True)
def join(low: Nodes, high: Nodes, parent: Nodes) -> None:
    """Merge the groups that these edges connect; ``parent`` holds the least node of each."""
    for edge in range(low.size):
        one, other = low[edge], high[edge]
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        while parent[other] != other:
            parent[other] = parent[parent[other]]
            other = parent[other]
        if one < other:
            parent[other] = one
        elif other < one:
            parent[one] = other
    for node in range(parent.size):
        parent[node] = parent[parent[node]]
