"""Propagation on one snapshot: PageRank, walks from labelled people, rates among neighbours.

Nothing here lets a person's own label come back to them: sums over neighbours leave out the
node itself because there are no loops, walks of two steps and more have their returns to the
start taken away. A is the adjacency matrix, d the degrees, P = D^-1 A a step of a random walk.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from credit.errors import DataError
from credit.features.graph.edges import Nodes
from credit.features.graph.known import Flags, Known, ratio, shrunk
from credit.features.graph.snapshots import Floats, Graph, Offsets

DAMPING = 0.85
"""Chance of one more step."""

STEPS = 3
"""Longest walk of an exposure. A return in three steps is a triangle, so returns are exact and
cheap; a fourth step would cost as much as everything else together."""

DECIMALS = 9
"""Exposures are rounded to these: far above the rounding errors of sums in another order."""


def pagerank(
    graph: Graph,
    *,
    restart: Floats | None = None,
    first: Floats | None = None,
    tolerance: float = 1e-8,
    most: int = 500,
) -> Floats:
    """Return x = damping P' x + (1 - damping) restart, summing to 1 over nodes with neighbours.

    Parameters
    ----------
    graph : Graph
    restart : ndarray of shape (n,), optional
        Where a walk begins again, not negative; in equal parts everywhere by default. What
        falls on nodes without neighbours is left out.
    first : ndarray of shape (n,), optional
        Where to start iterating; near the degrees, where a walk without restart is found.
    tolerance : float
        Largest total error allowed, sum over nodes of abs(error).
    most : int
        Iterations after which not being that close is an error.

    Raises
    ------
    DataError
        Nothing to restart from, or no convergence.

    Notes
    -----
    L. Page, S. Brin, R. Motwani and T. Winograd, The PageRank citation ranking, 1999. On an
    undirected graph the system is symmetric in u = D^-1 x,

        (D - damping A) u = (1 - damping) restart,

    and conjugate gradients, preconditioned by D, take about half the products of power
    iteration. A residual r leaves a total error of at most sum(abs(r)) / (1 - damping).
    """
    degree = graph.degree
    tied = degree > 0
    if not tied.any():
        return np.zeros(graph.size)
    begin = tied.astype(float) if restart is None else np.where(tied, restart, 0.0)
    if not begin.sum() > 0 or (begin < 0).any():
        raise DataError("restart must be positive on some node with neighbours, negative on none.")
    begin = begin / _total(begin)
    if first is None:
        first = DAMPING * degree / degree.sum() + (1 - DAMPING) * begin
    u = np.where(tied, first, 0.0) / np.maximum(degree, 1)
    rows = (graph.start, graph.end, graph.neighbour)
    residual = (1 - DAMPING) * begin - _apply(*rows, u)[0]
    toward = residual / np.maximum(degree, 1)
    square, error = _total(residual * toward), _total(np.abs(residual))
    for _ in range(most):
        if error <= tolerance * (1 - DAMPING):
            x = u * degree
            return np.asarray(x / _total(x))
        image, energy = _apply(*rows, toward)
        square, error = _descend(degree, image, square / energy, square, (u, residual, toward))
    raise DataError(f"PageRank did not settle within {most} iterations; ask for less precision.")


# Sums are taken one by one, here and in the two functions below: pairwise, as NumPy takes them,
# people without neighbours, whose value is 0, would change them by rounding.
@njit(cache=True)
def _total(values: Floats) -> float:
    total = 0.0
    for value in values:
        total += value
    return total


@njit(cache=True)
def _apply(start: Offsets, end: Offsets, neighbour: Nodes, u: Floats) -> tuple[Floats, float]:
    """Return (D - damping A) u, and u' (D - damping A) u."""
    image = np.empty(u.size)
    energy = 0.0
    for node in range(u.size):
        total = 0.0
        for place in range(np.uint64(start[node]), np.uint64(end[node])):
            total += u[np.uint64(neighbour[place])]
        image[node] = (end[node] - start[node]) * u[node] - DAMPING * total
        energy += u[node] * image[node]
    return image, energy


@njit(cache=True)
def _descend(
    degree: Offsets,
    image: Floats,
    step: float,
    before: float,
    state: tuple[Floats, Floats, Floats],
) -> tuple[float, float]:
    """Go a step, in place; return r' D^-1 r and sum(abs(r)) of the residual r that is left."""
    u, residual, toward = state
    square, error = 0.0, 0.0
    for node in range(u.size):
        u[node] += step * toward[node]
        residual[node] -= step * image[node]
        error += abs(residual[node])
        square += residual[node] * residual[node] / max(degree[node], 1)
    for node in range(u.size):
        toward[node] = residual[node] / max(degree[node], 1) + square / before * toward[node]
    return square, error


def exposure(graph: Graph, seeds: Flags, of: Nodes | None = None) -> Floats:
    """Return how much more walks from other seeds reach each node than walks from anybody.

        E_i = mean over seeds s != i of m(s, i)  /  mean over all s of m(s, i)
        m(s, i) = sum_{k=1..3} damping^k (P^k)_{s,i}

    This is personalised PageRank over plain PageRank, the series cut after three steps and the
    own restart left out. The walks of a seed that return to itself are taken away exactly.

    Parameters
    ----------
    graph : Graph
    seeds : ndarray of bool, shape (n, c)
        One column a kind of seed.
    of : ndarray of int32, optional
        The nodes asked for; all by default. Returns are computed for these alone.

    Returns
    -------
    ndarray of shape (len(of), c)
        NaN for a node without neighbours, and where nobody else is a seed.
    """
    asked = np.arange(graph.size, dtype=np.int32) if of is None else of
    tied = graph.degree > 0
    seeds = seeds & tied[:, None]
    arrived = np.column_stack([_arrivals(graph, start) for start in (tied, *seeds.T)])[asked]
    is_seed = seeds[asked]
    own = np.zeros(asked.size)
    returning = is_seed.any(axis=1)
    own[returning] = _returns(
        graph.start, graph.end, graph.neighbour, asked[returning], DAMPING ** np.arange(STEPS + 1)
    )
    from_others = arrived[:, 1:] - np.where(is_seed, own[:, None], 0.0)
    others = seeds.sum(axis=0) - is_seed
    anybody = np.broadcast_to(arrived[:, :1] / max(int(tied.sum()), 1), from_others.shape)
    lift = ratio(ratio(from_others, others), anybody)
    lift[~tied[asked]] = np.nan
    # A person who is the only seed near themselves must not be told apart by a rounding error.
    return np.asarray(np.round(np.maximum(lift, 0.0), DECIMALS) + 0.0)


def _arrivals(graph: Graph, seeds: Flags) -> Floats:
    """Return sum_{k=1..3} damping^k sum_{s in seeds} (P^k)_{s,i} for every node i, shape (n,)."""
    inverse = 1 / np.maximum(graph.degree, 1)
    walk = seeds.astype(float)
    arrived = np.zeros(graph.size)
    for step in range(1, STEPS + 1):
        walk = graph.spread(walk * inverse)
        arrived += DAMPING**step * walk
    return arrived


@njit(cache=True)
def _returns(
    start: Offsets, end: Offsets, neighbour: Nodes, asked: Nodes, weights: Floats
) -> Floats:
    """Return weights[2] (P^2)_ii + weights[3] (P^3)_ii for the nodes asked.

    (P^2)_ii = 1/d_i sum_j 1/d_j over neighbours j, and (P^3)_ii = 1/d_i sum_jk 1/(d_j d_k) over
    the ordered pairs of neighbours that are neighbours of each other.
    """
    inverse = 1 / np.maximum(end - start, 1)
    is_near = np.zeros(start.size, np.bool_)
    total = np.empty(asked.size)
    for row in range(asked.size):
        node = asked[row]
        near = neighbour[start[node] : end[node]]
        for other in near:
            is_near[other] = True
        two, three = 0.0, 0.0
        for other in near:
            two += inverse[other]
            closing = 0.0
            for entry in range(np.uint64(start[other]), np.uint64(end[other])):
                third = np.uint64(neighbour[entry])
                if is_near[third]:
                    closing += inverse[third]
            three += inverse[other] * closing
        for other in near:
            is_near[other] = False
        total[row] = inverse[node] * (weights[2] * two + weights[3] * three)
    return total


def neighbour_bad_rate(graph: Graph, known: Known) -> Floats:
    """Return the bad rate of the labelled neighbours, shrunk to the rate of everybody else.

        (bad neighbours + m prior) / (labelled neighbours + m)

    NaN where no neighbour is labelled. S. Macskassy and F. Provost, Classification in
    networked data, JMLR 8 (2007): the weighted vote of relational neighbours.
    """
    known.check(graph)
    bad = graph.spread(known.bad.astype(float))
    good = graph.spread(known.good.astype(float))
    return shrunk(bad, bad + good, known.others_rate)


def two_hop_bad_share(graph: Graph, known: Known) -> Floats:
    """Return the bad share of the ends of walks of two steps, those that come back left out.

        (A (A x) - d x) / (A d - d)

    Whole numbers throughout, so that nothing of the own label is left by rounding.
    """
    known.check(graph)
    degree = graph.degree.astype(float)
    bad = known.bad.astype(float)
    far = graph.spread(graph.spread(bad))
    return ratio(far - degree * bad, graph.spread(degree) - degree)
