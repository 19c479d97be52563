"""The best that any model can do where the truth is known.

A Bayes score ``p_i = P(y_i = 1 | everything visible)`` is known in a generated world. No score
ranks better than p itself, on average over outcomes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import expit

from credit.attainable import expected_auc
from credit.feature import DIMENSIONS
from credit.world.options import Flags, Floats, Ints
from credit.world.spill import slabs


def gini(auc: float) -> float:
    """Return 2 AUC - 1."""
    return 2 * auc - 1


def integrate_frailty(log_odds: Floats, sigma: float, *, nodes: int = 31) -> Floats:
    """Return E[expit(log_odds + sigma Z)] for a standard normal Z, by Gauss-Hermite quadrature."""
    points, weights = hermegauss(nodes)
    weights = weights / weights.sum()
    total = np.zeros_like(log_odds, dtype=np.float64)
    for part in slabs(log_odds.size):
        for point, weight in zip(points, weights, strict=True):
            total[part] += weight * expit(log_odds[part] + sigma * point)
    return total


def subset_ceilings(
    eta: Floats, segment: Ints, beta: Floats, intercepts: Floats, sigma: float
) -> dict[tuple[str, ...], float]:
    """Return the ceiling AUC of each of the 32 subsets of the five dimensions.

    What a subset S and the segment say is the distribution of the rest: the unseen part of the
    linear truth given S is taken as normal, so its variance joins that of frailty. Its mean is
    a sum over S of functions of eta_d, fitted within the segment: a line, and steps at quantiles
    where the line fails (people who hold nothing share one value of eta_wealth). Exact for a
    Gaussian copula up to the fit, and within .002 of a boosted model elsewhere.

    Parameters
    ----------
    eta : ndarray of shape (n, 5)
    segment : ndarray of shape (n,)
        Codes 0, 1, 2 into ``intercepts``.
    beta : ndarray of shape (5,)
    intercepts : ndarray of shape (3,)
    sigma : float
        Standard deviation of frailty.

    Returns
    -------
    dict
        Names of the dimensions of a subset, in the policy's order -> AUC.
    """
    full = np.concatenate(
        [
            integrate_frailty(intercepts[segment[part]] + _held(eta, part) @ beta, sigma)
            for part in slabs(len(eta))
        ]
    )
    groups = [
        _Group.of(eta, segment == code, beta, float(intercept), sigma)
        for code, intercept in enumerate(intercepts)
        if (segment == code).any()
    ]
    auc: dict[tuple[str, ...], float] = {}
    for count in range(len(DIMENSIONS) + 1):
        for subset in combinations(range(len(DIMENSIONS)), count):
            score = np.empty(len(eta))
            for group in groups:
                group.score(eta, subset, score)
            auc[tuple(DIMENSIONS[d] for d in subset)] = expected_auc(full, score)
    return auc


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """The people of one segment, and the products that all 32 regressions share."""

    rows: Flags
    edges: tuple[Floats, ...]
    gram: Floats
    moments: Floats
    beta: Floats
    intercept: float
    sigma: float

    @classmethod
    def of(cls, eta: Floats, rows: Flags, beta: Floats, intercept: float, sigma: float) -> _Group:
        edges = tuple(quantile_edges(eta[:, d][rows]) for d in range(beta.size))
        size = 1 + beta.size + sum(steps.size for steps in edges)
        gram, moments = np.zeros((size, size)), np.zeros((size, beta.size))
        for part in slabs(len(eta)):
            seen = _held(eta, part)[rows[part]]
            basis = stepped_basis(seen, edges)
            gram += basis.T @ basis
            moments += basis.T @ (seen * beta)
        return cls(
            rows=rows, edges=edges, gram=gram, moments=moments,
            beta=beta, intercept=intercept, sigma=sigma,
        )  # fmt: skip

    def score(self, eta: Floats, subset: tuple[int, ...], score: Floats) -> None:
        """Write the Bayes scores of who is here, where only ``subset`` is known."""
        unseen = [d for d in range(self.beta.size) if d not in subset]
        dimension = np.array(
            [-1] + [d for d, edges in enumerate(self.edges) for _ in range(1 + edges.size)]
        )
        known = np.isin(dimension, [-1, *subset])
        weights = np.linalg.lstsq(
            self.gram[np.ix_(known, known)],
            self.moments[known][:, unseen].sum(axis=1),
            rcond=1e-10,
        )[0]
        squares = 0.0
        for part in slabs(len(eta)):
            seen = _held(eta, part)[self.rows[part]]
            guess = stepped_basis(seen, self.edges)[:, known] @ weights
            left = seen[:, unseen] @ self.beta[unseen] - guess
            squares += float(np.sum(left**2))
            log_odds = self.intercept + seen[:, list(subset)] @ self.beta[list(subset)] + guess
            score[part][self.rows[part]] = log_odds
        spread = float(np.sqrt(self.sigma**2 + squares / np.count_nonzero(self.rows)))
        for part in slabs(len(eta)):
            rows = self.rows[part]
            score[part][rows] = integrate_frailty(score[part][rows], spread, nodes=15)


def _held(eta: Floats, part: slice) -> Floats:
    """Return a slab's rows in memory, each row's numbers side by side."""
    return np.ascontiguousarray(eta[part])


def quantile_edges(values: Floats) -> Floats:
    """Return up to nine quantiles: a step costs a degree of freedom, one for every 200 people."""
    steps = min(9, values.size // 200)
    return np.unique(np.quantile(values, np.arange(1, steps + 1) / (steps + 1)))


def stepped_basis(eta: Floats, edges: Sequence[Floats]) -> Floats:
    """Return a constant, and of each column of ``eta`` itself and a step at each of its edges."""
    columns = [np.ones(len(eta))]
    for values, steps in zip(eta.T, edges, strict=True):
        columns += [values, *((values >= edge).astype(np.float64) for edge in steps)]
    return np.column_stack(columns)
