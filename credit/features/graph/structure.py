"""Position and groups on one snapshot: cores, triangles, communities, rings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from credit.features.graph.edges import Edges, Nodes
from credit.features.graph.known import Flags, Known, ratio, shrunk
from credit.features.graph.snapshots import Floats, Graph, Offsets

SWEEPS = 5
"""Passes of label propagation: labels hardly move afterwards, and a cycle must end."""

HUB = 30
"""People on a device from which on it is a shop, a school or a machine, and joins nobody."""


def core_number(graph: Graph) -> Nodes:
    """Return the largest k such that the node is in a subgraph of minimal degree k, shape (n,).

    V. Batagelj and M. Zaversnik, An O(m) algorithm for cores decomposition, 2003.
    """
    return _cores(graph.start, graph.end, graph.neighbour)


@njit(cache=True)
def _cores(start: Offsets, end: Offsets, neighbour: Nodes) -> Nodes:
    nodes = start.size
    degree = (end - start).astype(np.int32)
    bucket = np.zeros(degree.max() + 2 if nodes else 2, np.int64)
    for node in range(nodes):
        bucket[degree[node] + 1] += 1
    for k in range(bucket.size - 1):
        bucket[k + 1] += bucket[k]
    free = bucket[:-1].copy()
    place, order = np.empty(nodes, np.int32), np.empty(nodes, np.int32)
    for node in range(nodes):
        place[node] = free[degree[node]]
        order[place[node]] = node
        free[degree[node]] += 1
    for at in range(nodes):
        node = order[at]
        for entry in range(start[node], end[node]):
            other = neighbour[entry]
            if degree[other] > degree[node]:
                # Swap with the first node of its bucket, which then begins one further on.
                front = bucket[degree[other]]
                swapped = order[front]
                order[front], order[place[other]] = other, swapped
                place[swapped], place[other] = place[other], front
                bucket[degree[other]] += 1
                degree[other] -= 1
    return degree


def clustering(graph: Graph) -> Floats:
    """Return the share of a node's pairs of neighbours that are neighbours, NaN without pairs."""
    degree = graph.degree.astype(float)
    return ratio(2.0 * triangles(graph), degree * (degree - 1))


def triangles(graph: Graph) -> NDArray[np.int64]:
    """Return the number of triangles that each node is in, shape (n,)."""
    start, further = _orient(graph.start, graph.end, graph.neighbour)
    return _triangles(start, further)


@njit(cache=True)
def _orient(start: Offsets, end: Offsets, neighbour: Nodes) -> tuple[Offsets, Nodes]:
    """Keep each edge once, from the end of smaller degree: no row is then long."""
    nodes = start.size
    first = np.zeros(nodes + 1, np.int64)
    kept = np.empty((end - start).sum() // 2, np.int32)
    count = 0
    for node in range(nodes):
        own = end[node] - start[node]
        for entry in range(start[node], end[node]):
            other = neighbour[entry]
            theirs = end[other] - start[other]
            if theirs > own or (theirs == own and other > node):
                kept[count] = other
                count += 1
        first[node + 1] = count
    return first, kept


@njit(cache=True)
def _triangles(start: Offsets, neighbour: Nodes) -> NDArray[np.int64]:
    nodes = start.size - 1
    count = np.zeros(nodes, np.int64)
    mark = np.full(nodes, -1, np.int32)
    for node in range(nodes):
        for entry in range(start[node], start[node + 1]):
            mark[neighbour[entry]] = node
        for entry in range(start[node], start[node + 1]):
            other = neighbour[entry]
            for further in range(start[other], start[other + 1]):
                third = neighbour[further]
                if mark[third] == node:
                    count[node] += 1
                    count[other] += 1
                    count[third] += 1
    return count


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
    return _communities(graph.start, graph.end, graph.neighbour, place)


@njit(cache=True)
def _communities(start: Offsets, end: Offsets, neighbour: Nodes, place: Nodes) -> Nodes:
    nodes = start.size
    order = np.empty(nodes, np.int32)
    for node in range(nodes):
        order[place[node]] = node
    label = place.copy()
    votes = np.zeros(nodes, np.int32)
    stale = np.ones(nodes, np.bool_)  # a neighbour moved since the node was last looked at
    for _ in range(SWEEPS):
        moved = 0
        for at in range(nodes):
            node = order[at]
            if not stale[node]:
                continue
            stale[node] = False
            near = neighbour[start[node] : end[node]]
            best = _favourite(near, label, votes, label[node])
            if best != label[node]:
                label[node] = best
                moved += 1
                for other in near:
                    stale[other] = True
        if moved == 0:
            break
    return label


@njit(cache=True)
def _favourite(near: Nodes, label: Nodes, votes: Nodes, own: int) -> int:
    """Return the label of most neighbours; ``votes`` is all zero before and after."""
    for other in near:
        votes[label[other]] += 1
    best, most = own, votes[own]
    for other in near:
        found = label[other]
        if votes[found] > most or (votes[found] == most and found < best and best != own):
            best, most = found, votes[found]
    for other in near:
        votes[label[other]] = 0
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


def connected(low: Nodes, high: Nodes, nodes: int) -> Nodes:
    """Return the least node of each node's connected component, shape (nodes,)."""
    return _connected(low, high, nodes)


@njit(cache=True)
def _connected(low: Nodes, high: Nodes, nodes: int) -> Nodes:
    parent = np.arange(nodes).astype(np.int32)
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
    for node in range(nodes):
        parent[node] = parent[parent[node]]
    return parent


def rings(edges: Edges, q: int) -> Group:
    """Return the connected groups of people at ``q``.

    Between people and devices, a device with more than 30 people on it joins nobody: those
    who use no other device are a group of one.
    """
    low, high = edges.low[: edges.visible(q)], edges.high[: edges.visible(q)]
    tied = np.zeros(edges.nodes, dtype=bool)
    tied[low], tied[high] = True, True
    if edges.nodes > edges.people:
        narrow = np.bincount(high, minlength=edges.nodes)[high] <= HUB
        low, high = low[narrow], high[narrow]
    label = connected(low, high, edges.nodes)
    return Group(label=label[: edges.people], tied=tied[: edges.people])


def sharers(edges: Edges, q: int) -> Floats:
    """Return the other people on each person's most shared device at ``q``; NaN without one."""
    low, high = edges.low[: edges.visible(q)], edges.high[: edges.visible(q)]
    users = np.bincount(high, minlength=edges.nodes)
    most = np.zeros(edges.people, dtype=np.int64)
    np.maximum.at(most, low, users[high])
    return np.where(most > 0, most - 1.0, np.nan)
