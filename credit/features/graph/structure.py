"""Position and groups on one snapshot: cores, clustering, communities, rings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from credit.features.graph.edges import HUB, Edges, Nodes
from credit.features.graph.growing import join
from credit.features.graph.known import Flags, Known, ratio, shrunk
from credit.features.graph.snapshots import Floats, Graph, Offsets

SWEEPS = 5
"""Passes of label propagation: labels hardly move afterwards, and a cycle must end."""


def core_number(graph: Graph) -> Nodes:
    """Return the largest k such that the node is in a subgraph of minimal degree k, shape (n,).

    V. Batagelj and M. Zaversnik, An O(m) algorithm for cores decomposition, 2003.
    """
    return _cores(graph.start, graph.end, graph.neighbour)


@njit(cache=True)
def _cores(start: Offsets, end: Offsets, neighbour: Nodes) -> Nodes:
    nodes = start.size
    degree = (end - start).astype(np.int32)
    left, queue = np.arange(nodes).astype(np.int32), np.empty(nodes, np.int32)
    count, k = nodes, 0
    while count:
        kept = last = 0
        for at in range(count):
            node = left[at]
            if degree[node] > k:
                left[kept] = node
                kept += 1
            elif degree[node] == k:  # those below are peeled already
                queue[last] = node
                last += 1
        count, at = kept, 0
        while at < last:
            node = queue[at]
            at += 1
            for entry in range(np.uint64(start[node]), np.uint64(end[node])):
                other = np.uint64(neighbour[entry])
                if degree[other] > k:
                    degree[other] -= 1
                    if degree[other] == k:
                        queue[last] = neighbour[entry]
                        last += 1
        k += 1
    return degree


def clustering(graph: Graph, triangles: NDArray[np.int64]) -> Floats:
    """Return the share of a node's pairs of neighbours that are neighbours, NaN without pairs.

    ``triangles`` (n,) says how many each node is in; see ``Triangles``.
    """
    degree = graph.degree.astype(float)
    return ratio(2.0 * triangles, degree * (degree - 1))


def communities(graph: Graph, place: Nodes) -> Nodes:
    """Return a community for each node by label propagation, shape (n,).

    Everybody begins alone. In the order of ``place``, each node takes the community of most of
    its neighbours; among several it keeps its own, else the one that began first. Five passes.

    Parameters
    ----------
    graph : Graph
    place : ndarray of int32, shape (n,)
        A permutation: the order, which decides ties. See ``number_people``.

    Notes
    -----
    U. Raghavan, R. Albert and S. Kumara, Near linear time algorithm to detect community
    structures in large-scale networks, Physical Review E 76 (2007).
    """
    order = np.empty_like(place)
    order[place] = np.arange(place.size, dtype=place.dtype)
    first, rows = _in_order(graph.start, graph.end, graph.neighbour, order)
    return _communities(first, rows, order, place)


@njit(cache=True)
def _in_order(
    start: Offsets, end: Offsets, neighbour: Nodes, order: Nodes
) -> tuple[Offsets, Nodes]:
    """Lay the rows out in the order in which they are read, again and again."""
    first = np.zeros(order.size + 1, np.int64)
    rows = np.empty((end - start).sum(), np.int32)
    count = np.uint64(0)
    for at in range(order.size):
        node = order[at]
        for entry in range(np.uint64(start[node]), np.uint64(end[node])):
            rows[count] = neighbour[entry]
            count += np.uint64(1)
        first[at + 1] = count
    return first, rows


@njit(cache=True)
def _communities(first: Offsets, rows: Nodes, order: Nodes, place: Nodes) -> Nodes:
    label = place.copy()
    votes = np.zeros(place.size, np.int32)
    stale = np.ones(place.size, np.bool_)  # a neighbour moved since the node was last looked at
    for _ in range(SWEEPS):
        moved = 0
        for at in range(order.size):
            node = order[at]
            if not stale[node]:
                continue
            stale[node] = False
            near = rows[np.uint64(first[at]) : np.uint64(first[at + 1])]
            best = _favourite(near, label, votes, label[node])
            if best != label[node]:
                label[node] = best
                moved += 1
                for other in near:
                    stale[np.uint64(other)] = True
        if moved == 0:
            break
    return label


@njit(cache=True)
def _favourite(near: Nodes, label: Nodes, votes: Nodes, own: int) -> int:
    """Return the label of most neighbours; ``votes`` is all zero before and after.

    Every label of the most votes is met when it gets the last of them, so one pass compares all.
    """
    best, most = own, np.int32(0)
    for other in near:
        found = label[np.uint64(other)]
        cast = votes[np.uint64(found)] + np.int32(1)
        votes[np.uint64(found)] = cast
        if cast > most or (cast == most and found < best):
            best, most = found, cast
    if votes[own] == most:
        best = own
    for other in near:
        votes[np.uint64(label[np.uint64(other)])] = 0
    return best


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A division of people: ``label`` (n,) names the group of each, in 0 .. n - 1 or nodes - 1.

    ``tied`` (n,) says who has a visible tie; the others belong to no group.
    """

    label: Nodes
    tied: Flags

    def size(self) -> Floats:
        """Return the other people in each person's group; NaN without a tie."""
        count = np.bincount(self.label[self.tied], minlength=int(self.label.max(initial=0)) + 1)
        return np.where(self.tied, count[self.label] - 1.0, np.nan)

    def bad_rate(self, known: Known) -> Floats:
        """Return the bad rate of the labelled others, shrunk to the rate of everybody else.

        The person is left out of their own group, and of the rate that it is shrunk to. NaN
        where nobody else in the group is labelled.
        """
        size = int(self.label.max(initial=0)) + 1
        labelled = known.bad | known.good
        bad = np.bincount(self.label[known.bad & self.tied], minlength=size)[self.label]
        told = np.bincount(self.label[labelled & self.tied], minlength=size)[self.label]
        rate = shrunk(bad - known.bad, told - labelled, known.others_rate)
        return np.where(self.tied, rate, np.nan)


def device_rings(edges: Edges, q: int) -> Group:
    """Return the groups of people that shared devices connect at ``q``.

    A device with more than 30 people on it joins nobody: those who use no other device are a
    group of one. It joined people while fewer were seen on it, so nothing is carried over from
    another instant.
    """
    low, high = edges.low[: edges.visible(q)], edges.high[: edges.visible(q)]
    tied = np.zeros(edges.people, dtype=bool)
    tied[low] = True
    narrow = np.bincount(high, minlength=edges.nodes)[high] <= HUB
    label = np.arange(edges.nodes, dtype=np.int32)
    join(low[narrow], high[narrow], label)
    return Group(label=label[: edges.people], tied=tied)
