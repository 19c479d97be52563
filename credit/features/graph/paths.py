"""Steps to the nearest labelled person who is somebody else."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from credit.features.graph.edges import Nodes
from credit.features.graph.known import Flags
from credit.features.graph.snapshots import Floats, Graph, Offsets

FURTHEST = 4
"""Steps that are looked at; whoever is further counts as one more."""

_NEVER = 127


def hops(graph: Graph, seeds: Flags) -> Floats:
    """Return the number of steps to the nearest seed other than the node itself.

    Shape (n,); 5 where there is none within four steps, NaN without neighbours. One search
    from all seeds at once, in which every node keeps its two nearest different seeds: one of
    them is somebody else.
    """
    tied = graph.degree > 0
    nodes = np.arange(graph.size, dtype=np.int32)
    nearest = np.where(seeds, nodes, np.int32(-1))
    learnt = np.full((graph.size, 2), _NEVER, dtype=np.int8)  # the step at which each was
    learnt[seeds, 0] = 0
    _two_nearest(graph.start, graph.end, graph.neighbour, nodes[tied], nearest, learnt)
    steps = np.where(seeds, learnt[:, 1], learnt[:, 0])
    return np.where(tied, np.minimum(steps, FURTHEST + 1).astype(float), np.nan)


@njit(cache=True)
def _two_nearest(
    start: Offsets,
    end: Offsets,
    neighbour: Nodes,
    asking: Nodes,
    nearest: Nodes,
    learnt: NDArray[np.int8],
) -> None:
    """Let whoever lacks two seeds ask their neighbours, step by step, what these learnt last."""
    second = np.full(start.size, -1, np.int32)
    left = asking.size
    for step in range(1, FURTHEST + 1):
        kept = 0
        for at in range(left):
            node = asking[at]
            for entry in range(np.uint64(start[node]), np.uint64(end[node])):
                other = np.uint64(neighbour[entry])
                if learnt[other, 0] == step - 1:
                    _learn(node, nearest[other], step, nearest, second, learnt)
                if learnt[other, 1] == step - 1:
                    _learn(node, second[other], step, nearest, second, learnt)
                if second[node] >= 0:
                    break
            if second[node] < 0:
                asking[kept] = node
                kept += 1
        left = kept


@njit(cache=True)
def _learn(
    node: int, seed: int, step: int, nearest: Nodes, second: Nodes, learnt: NDArray[np.int8]
) -> None:
    """Tell a node of a seed, unless it has heard of it, or knows two others."""
    if seed == nearest[node] or second[node] >= 0:
        return
    if nearest[node] < 0:
        nearest[node], learnt[node, 0] = seed, step
    else:
        second[node], learnt[node, 1] = seed, step
