"""One sparse matrix for every as-of date: rows sorted by time, cut where the date falls.

The neighbours of a node stand in the order in which their edges become visible, so the graph
at an instant is, in every row, a prefix. Nothing is rebuilt from date to date.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from credit.features.graph.edges import Edges, Nodes

Floats = NDArray[np.float64]
Offsets = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """The undirected graph of the edges visible at one instant.

    Attributes
    ----------
    as_of : int
        The instant.
    start, end : ndarray of int64, shape (n,)
        The neighbours of node i are ``neighbour[start[i]:end[i]]``.
    neighbour : ndarray of int32
        Shared by the graphs of all instants.
    """

    as_of: int
    start: Offsets
    end: Offsets
    neighbour: Nodes

    @property
    def size(self) -> int:
        """Nodes, with and without neighbours."""
        return self.start.size

    @property
    def degree(self) -> Offsets:
        """Neighbours of each node."""
        return self.end - self.start

    def spread(self, x: Floats) -> Floats:
        """Return A x: each node's sum of ``x`` over its neighbours, shape (n,)."""
        return _spread(self.start, self.end, self.neighbour, x)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshots:
    """The rows of all edges, each sorted by time; ``at`` cuts them at an instant.

    Attributes
    ----------
    edges : Edges
    start : ndarray of int64, shape (n + 1,)
    neighbour, rank : ndarray of int32, shape (2 m,)
        The other end of each entry, and the place of its edge in time. Ranks ascend within
        a row.
    """

    edges: Edges
    start: Offsets
    neighbour: Nodes
    rank: Nodes

    @classmethod
    def of(cls, edges: Edges) -> Snapshots:
        """Sort the edges into rows: two passes, no comparison sort."""
        degree = np.bincount(edges.low, minlength=edges.nodes)
        degree += np.bincount(edges.high, minlength=edges.nodes)
        start = np.concatenate([[0], np.cumsum(degree)]).astype(np.int64)
        neighbour, rank = _fill(edges.low, edges.high, start)
        return cls(edges=edges, start=start, neighbour=neighbour, rank=rank)

    def at(self, q: int) -> Graph:
        """Return the graph of the edges visible at ``q``."""
        end = cut(self.start, self.rank, self.edges.visible(q))
        return Graph(as_of=q, start=self.start[:-1], end=end, neighbour=self.neighbour)


@njit(cache=True)
def _fill(low: Nodes, high: Nodes, start: Offsets) -> tuple[Nodes, Nodes]:
    place = start[:-1].copy()
    neighbour = np.empty(start[-1], np.int32)
    rank = np.empty(start[-1], np.int32)
    for edge in range(low.size):
        one, other = low[edge], high[edge]
        neighbour[place[one]] = other
        rank[place[one]] = edge
        place[one] += 1
        neighbour[place[other]] = one
        rank[place[other]] = edge
        place[other] += 1
    return neighbour, rank


@njit(cache=True)
def cut(start: Offsets, rank: Nodes, visible: int) -> Offsets:
    """Return, for each row, where its entries of rank >= visible begin."""
    end = np.empty(start.size - 1, np.int64)
    for node in range(end.size):
        first, last = start[node], start[node + 1]
        while first < last:
            middle = (first + last) // 2
            if rank[middle] < visible:
                first = middle + 1
            else:
                last = middle
        end[node] = first
    return end


@njit(cache=True)
def _spread(start: Offsets, end: Offsets, neighbour: Nodes, x: Floats) -> Floats:
    y = np.empty(x.size)
    for node in range(x.size):
        total = 0.0
        # Unsigned: a signed index could count from the end, and asking whether it does costs
        # as much as everything else here.
        for place in range(np.uint64(start[node]), np.uint64(end[node])):
            total += x[np.uint64(neighbour[place])]
        y[node] = total
    return y
