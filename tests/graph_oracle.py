"""Every statistic of the network, slowly: dense matrices and sets, nothing shared but the names."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

import numpy as np

DAMPING = 0.85
PRIOR = 4.0
FURTHEST = 4
HUB = 30

Pairs = Iterable[tuple[int, int]]


def adjacency(n: int, pairs: Pairs) -> np.ndarray:
    """Return the symmetric 0/1 matrix of some pairs, loops left out."""
    a = np.zeros((n, n))
    for one, other in pairs:
        if one != other:
            a[one, other] = a[other, one] = 1
    return a


def only_tied(a: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.where(a.sum(1) > 0, values, np.nan)


def steps(a: np.ndarray) -> np.ndarray:
    """Return P: the chance of a step from row to column; rows without neighbours are 0."""
    degree = a.sum(1, keepdims=True)
    return np.divide(a, degree, out=np.zeros_like(a), where=degree > 0)


def pagerank(a: np.ndarray, restart: np.ndarray | None = None) -> np.ndarray:
    """Solve (I - damping P') x = (1 - damping) restart on the nodes with neighbours."""
    tied = a.sum(1) > 0
    begin = np.where(tied, 1.0 if restart is None else restart, 0.0)
    begin /= begin.sum()
    return np.linalg.solve(np.eye(len(a)) - DAMPING * steps(a).T, (1 - DAMPING) * begin)


def mean_one_pagerank(a: np.ndarray) -> np.ndarray:
    return only_tied(a, pagerank(a) * (a.sum(1) > 0).sum()) if a.any() else a.sum(1) * np.nan


def exposure(a: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """Return the lift of walks from other seeds, by powers of the whole matrix."""
    p = steps(a)
    arrive = sum(DAMPING**k * np.linalg.matrix_power(p, k) for k in (1, 2, 3))
    tied = a.sum(1) > 0
    values = np.full(len(a), np.nan)
    for i in np.flatnonzero(tied):
        others = [s for s in np.flatnonzero(seeds & tied) if s != i]
        if others:
            values[i] = arrive[others, i].mean() / arrive[tied, i].mean()
    return values


def others_rate(bad: np.ndarray, good: np.ndarray, i: int) -> float:
    told = [j for j in range(len(bad)) if j != i and (bad[j] or good[j])]
    return sum(bad[j] for j in told) / len(told) if told else np.nan


def shrunk(members: Iterable[int], bad: np.ndarray, good: np.ndarray, i: int) -> float:
    told = [j for j in members if bad[j] or good[j]]
    if not told:
        return np.nan
    prior = others_rate(bad, good, i)
    return (sum(bad[j] for j in told) + PRIOR * prior) / (len(told) + PRIOR)


def neighbour_bad_rate(a: np.ndarray, bad: np.ndarray, good: np.ndarray) -> np.ndarray:
    return np.array([shrunk(np.flatnonzero(a[i]), bad, good, i) for i in range(len(a))])


def two_hop_bad_share(a: np.ndarray, bad: np.ndarray) -> np.ndarray:
    """Walk every walk of two steps that does not come back."""
    values = []
    for i in range(len(a)):
        ends = [k for j in np.flatnonzero(a[i]) for k in np.flatnonzero(a[j]) if k != i]
        values.append(sum(bad[k] for k in ends) / len(ends) if ends else np.nan)
    return np.array(values)


def distances(a: np.ndarray) -> np.ndarray:
    """Return the steps between all pairs, by Floyd and Warshall."""
    d = np.where(a > 0, 1.0, np.inf)
    np.fill_diagonal(d, 0)
    for k in range(len(a)):
        d = np.minimum(d, d[:, [k]] + d[[k], :])
    return d


def hops(a: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    d = distances(a)
    np.fill_diagonal(d, np.inf)
    nearest = np.where(seeds, d, np.inf).min(axis=1, initial=np.inf)
    return only_tied(a, np.where(nearest <= FURTHEST, nearest, FURTHEST + 1))


def core_number(a: np.ndarray) -> np.ndarray:
    """Peel: for each k, take away nodes of degree below k until none is left to take."""
    core = np.zeros(len(a))
    for k in range(1, len(a)):
        kept = np.ones(len(a), dtype=bool)
        while (low := kept & ((a * kept).sum(1) < k)).any():
            kept &= ~low
        core[kept] = k
    return only_tied(a, core)


def triangles(a: np.ndarray) -> np.ndarray:
    count = np.zeros(len(a))
    for one, two, three in combinations(range(len(a)), 3):
        if a[one, two] and a[two, three] and a[one, three]:
            count[[one, two, three]] += 1
    return count


def clustering(a: np.ndarray) -> np.ndarray:
    pairs = a.sum(1) * (a.sum(1) - 1) / 2
    return np.divide(triangles(a), pairs, out=np.full(len(a), np.nan), where=pairs > 0)


def communities(a: np.ndarray, place: np.ndarray) -> list[set[int]]:
    """Propagate labels with dictionaries; return the group of each node."""
    label = {i: int(place[i]) for i in range(len(a))}
    for _ in range(5):
        before = dict(label)
        for i in np.argsort(place):
            near = [label[j] for j in np.flatnonzero(a[i])]
            if near:
                most = max(near.count(found) for found in near)
                best = {found for found in near if near.count(found) == most}
                label[i] = label[i] if label[i] in best else min(best)
        if label == before:
            break
    return [{j for j in label if label[j] == label[i]} for i in range(len(a))]


def components(a: np.ndarray) -> list[set[int]]:
    reached = distances(a) < np.inf
    return [set(np.flatnonzero(row).tolist()) for row in reached]


def group_size(a: np.ndarray, groups: list[set[int]]) -> np.ndarray:
    return only_tied(a, np.array([len(group) - 1 for group in groups], dtype=float))


def group_bad_rate(
    a: np.ndarray, groups: list[set[int]], bad: np.ndarray, good: np.ndarray
) -> np.ndarray:
    rates = [shrunk(group - {i}, bad, good, i) for i, group in enumerate(groups)]
    return only_tied(a, np.array(rates))


def users(n: int, used: Pairs) -> tuple[np.ndarray, list[set[int]]]:
    """Return who is on any device (as a diagonal), and the groups that narrow devices join."""
    by_device: dict[int, set[int]] = {}
    for person, device in used:
        by_device.setdefault(device, set()).add(person)
    on = np.diag([float(any(i in people for people in by_device.values())) for i in range(n)])
    narrow = [people for people in by_device.values() if len(people) <= HUB]
    joined = [pair for people in narrow for pair in combinations(sorted(people), 2)]
    return on, components(adjacency(n, joined))
