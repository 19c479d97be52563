"""The best that any model can do where the truth is known.

A Bayes score ``p_i = P(y_i = 1 | everything visible)`` is known in a generated world. No score
ranks better than p itself, on average over outcomes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import expit

from credit.attainable import expected_auc
from credit.feature import DIMENSIONS
from credit.world.options import Flags, Floats, Ints


def gini(auc: float) -> float:
    """Return 2 AUC - 1."""
    return 2 * auc - 1


def integrate_frailty(log_odds: Floats, sigma: float, *, nodes: int = 31) -> Floats:
    """Return E[expit(log_odds + sigma Z)] for a standard normal Z, by Gauss-Hermite quadrature."""
    points, weights = hermegauss(nodes)
    weights = weights / weights.sum()
    total = np.zeros_like(log_odds, dtype=np.float64)
    for point, weight in zip(points, weights, strict=True):
        total += weight * expit(log_odds + sigma * point)
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
    full = integrate_frailty(intercepts[segment] + eta @ beta, sigma)
    subsets = [
        subset
        for count in range(len(DIMENSIONS) + 1)
        for subset in combinations(range(len(DIMENSIONS)), count)
    ]
    scores = np.empty((len(subsets), len(eta)))
    for code, intercept in enumerate(intercepts):
        rows = segment == code
        if rows.any():
            scores[:, rows] = _scores(eta[rows], beta, float(intercept), sigma, subsets)
    return {
        tuple(DIMENSIONS[d] for d in subset): expected_auc(full, score)
        for subset, score in zip(subsets, scores, strict=True)
    }


def _scores(
    eta: Floats, beta: Floats, intercept: float, sigma: float, subsets: Sequence[tuple[int, ...]]
) -> Floats:
    """Return the Bayes scores of one segment, a row for each subset of what is known."""
    basis, dimension = _basis(eta)
    # All 32 regressions share one table of products, so the people are passed over once.
    gram, moments = basis.T @ basis, basis.T @ (eta * beta)
    scores = np.empty((len(subsets), len(eta)))
    for row, subset in enumerate(subsets):
        unseen = [d for d in range(beta.size) if d not in subset]
        known = np.isin(dimension, [-1, *subset])
        weights = np.linalg.lstsq(
            gram[np.ix_(known, known)], moments[known][:, unseen].sum(axis=1), rcond=1e-10
        )[0]
        guess = basis[:, known] @ weights
        left = eta[:, unseen] @ beta[unseen] - guess
        log_odds = intercept + eta[:, list(subset)] @ beta[list(subset)] + guess
        spread = float(np.sqrt(sigma**2 + np.mean(left**2)))
        scores[row] = integrate_frailty(log_odds, spread, nodes=15)
    return scores


def guessed(eta: Floats, unseen: Floats, seen: Flags) -> Floats:
    """Return the least-squares guess at ``unseen`` from the columns of ``eta`` that are seen.

    A sum of functions of one column each: a line, and steps at quantiles.

    Parameters
    ----------
    eta : ndarray of shape (n, 5)
    unseen : ndarray of shape (n,)
    seen : ndarray of bool, shape (5,)

    Returns
    -------
    ndarray of shape (n,)
    """
    basis, _ = _basis(eta[:, seen])
    weights = np.linalg.lstsq(basis.T @ basis, basis.T @ unseen, rcond=1e-10)[0]
    return np.asarray(basis @ weights)


def _basis(eta: Floats) -> tuple[Floats, Ints]:
    """Return a constant, each column of ``eta``, and steps at up to nine of its quantiles.

    A step costs a degree of freedom, so there is one for every 200 people. The second array
    names the column's dimension, -1 for the constant.
    """
    steps = min(9, len(eta) // 200)
    columns, dimension = [np.ones(len(eta))], [-1]
    for d, values in enumerate(eta.T):
        edges = np.unique(np.quantile(values, np.arange(1, steps + 1) / (steps + 1)))
        columns += [values, *((values >= edge).astype(np.float64) for edge in edges)]
        dimension += [d] * (1 + edges.size)
    return np.column_stack(columns), np.array(dimension)
