"""How much columns say the same: correlations, and variance inflation factors."""

from __future__ import annotations

import numpy as np

from credit.columns import Floats
from credit.scorecard.evidence import Evidence, designs
from credit.whole import ALONE, Whole, total

GREATEST_VIF = float(1 / np.finfo(np.float64).eps)
"""The factor of a column that is an exact sum of others: a number that plain data can hold."""


def correlations(X: Floats | Evidence, weight: Floats, whole: Whole = ALONE) -> Floats:
    """Return the weighted correlation of every two columns; 0 beside a column that is constant."""
    mass = weight / total(whole, weight.sum())
    size = X.shape[1]
    mean, covariance = np.zeros(size), np.zeros((size, size))
    for rows, design in designs(X):
        mean += mass[rows] @ design[:, 1:]
    mean = whole.sum(mean)
    for rows, design in designs(X):
        centred = (design[:, 1:] - mean) * np.sqrt(mass[rows])[:, None]
        covariance += centred.T @ centred
    covariance = whole.sum(covariance)
    spread = np.sqrt(np.diag(covariance))
    varies = spread > 1e-12 * np.hypot(spread, mean)  # the mean of a constant is rounded
    scale = np.where(varies, spread, np.inf)
    found: Floats = covariance / np.outer(scale, scale)
    np.fill_diagonal(found, 1.0)
    return found.clip(-1.0, 1.0)


def inflation(correlation: Floats) -> Floats:
    """Return the variance inflation factor of every column from the columns' correlations.

    ``VIF_j = 1 / (1 - R_j^2)``, R_j^2 of the regression of column j on all others: the diagonal
    of the inverse of the correlation matrix. A column that others add up to exactly has
    ``GREATEST_VIF``; the factors of columns outside such a sum are those without it.

    Notes
    -----
    Belsley, Kuh and Welsch (1980), "Regression Diagnostics", chapter 3. The inverse is taken
    over eigenvectors: one whose eigenvalue is lost in rounding spans an exact sum, and the
    columns in it are the ones that have no inverse.
    """
    if not len(correlation):
        return np.zeros(0)
    values, vectors = np.linalg.eigh(correlation)
    lost = values <= len(values) * np.finfo(np.float64).eps * values[-1]
    inverse: Floats = vectors[:, ~lost] ** 2 @ (1 / values[~lost])
    exact = (vectors[:, lost] ** 2).sum(axis=1) > 1e-10
    return np.where(exact, GREATEST_VIF, inverse.clip(1.0, GREATEST_VIF))


def too_correlated(correlation: Floats, iv: Floats, limit: float) -> dict[int, tuple[int, float]]:
    """Return each column that goes, with the column it repeats and their correlation.

    Columns are taken in falling order of information value; one goes when its correlation with
    a column that stays is above ``limit`` by absolute value, and names the closest of these.
    """
    stays: list[int] = []
    gone: dict[int, tuple[int, float]] = {}
    for j in np.argsort(-iv, kind="stable").tolist():
        close = np.abs(correlation[j, stays])
        if stays and close.max() > limit:
            nearest = stays[int(np.argmax(close))]
            gone[j] = (nearest, float(correlation[j, nearest]))
        else:
            stays.append(j)
    return gone


def too_inflated(correlation: Floats, iv: Floats, limit: float) -> dict[int, float]:
    """Return each column that goes, with its factor when it went.

    The greatest factor goes first; of those equal to nine digits the column with less
    information value, and then the later one.
    """
    stays = np.arange(len(correlation))
    gone: dict[int, float] = {}
    while len(stays):
        factors = inflation(correlation[np.ix_(stays, stays)])
        if not factors.max() > limit:
            break
        greatest = np.flatnonzero(factors >= factors.max() * (1 - 1e-9))
        least = greatest[iv[stays[greatest]] == iv[stays[greatest]].min()][-1]
        gone[int(stays[least])] = float(factors[least])
        stays = np.delete(stays, least)
    return gone
