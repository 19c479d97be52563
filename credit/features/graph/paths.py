"""Steps to the nearest labelled person who is somebody else."""

from __future__ import annotations

import numpy as np
from numba import njit

from credit.features.graph.edges import Nodes
from credit.features.graph.known import Flags
from credit.features.graph.snapshots import Floats, Graph, Offsets

FURTHEST = 4
"""Steps that are looked at; whoever is further counts as one more."""


def hops(graph: Graph, seeds: Flags) -> Floats:
    """Return the number of steps to the nearest seed other than the node itself.

    Shape (n,); 5 where there is none within four steps, NaN without neighbours. One search
    from all seeds at once, in which every node keeps its two nearest different seeds: one of
    them is somebody else.
    """
    steps = _two_nearest(graph.start, graph.end, graph.neighbour, seeds)
    return np.where(graph.degree > 0, steps.astype(float), np.nan)


@njit(cache=True)
def _two_nearest(start: Offsets, end: Offsets, neighbour: Nodes, seeds: Flags) -> Nodes:
    nodes = start.size
    nearest, second = np.full(nodes, -1, np.int32), np.full(nodes, -1, np.int32)
    steps = np.full(nodes, FURTHEST + 1, np.int32)  # to the nearest seed other than oneself
    front, origin = np.empty(2 * nodes, np.int32), np.empty(2 * nodes, np.int32)
    last = 0
    for node in range(nodes):
        if seeds[node]:
            nearest[node] = node
            front[last], origin[last] = node, node
            last += 1
    begin = 0
    for step in range(1, FURTHEST + 1):
        stop = last
        for place in range(begin, stop):
            node, seed = front[place], origin[place]
            for entry in range(start[node], end[node]):
                other = neighbour[entry]
                if second[other] >= 0 or nearest[other] == seed:
                    continue
                if nearest[other] < 0:
                    nearest[other] = seed
                else:
                    second[other] = seed
                steps[other] = min(steps[other], step)
                front[last], origin[last] = other, seed
                last += 1
        begin = stop
    return steps
