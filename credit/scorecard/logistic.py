"""Logistic regression with coefficients held at or above zero, and their standard errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import norm

from credit.columns import Floats
from credit.errors import ModelError

RIDGE = 5.0
"""Default ridge: evidence enters with coefficients near 1, so its weight is a few rows."""

_TOLERANCE = 1e-10
_MOST_STEPS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class LogisticFit:
    """What :func:`fit_logistic` found.

    Attributes
    ----------
    intercept : float
    coefficients : ndarray (features,)
        None below zero.
    standard_errors, p_values : ndarray (features,)
        From the information matrix of the intercept and the coefficients above zero, two-sided
        Wald test; NaN where a coefficient is at its bound. They take the bins and the choice of
        active features as given, so they are too small by what that choice cost.
    """

    intercept: float
    coefficients: Floats
    standard_errors: Floats
    p_values: Floats


def fit_logistic(X: Floats, y: Floats, weight: Floats, *, ridge: float = RIDGE) -> LogisticFit:
    """Minimise the penalised deviance over an intercept and coefficients of at least zero.

    ::

        f(b) = sum_i w_i (log(1 + exp(z_i)) - y_i z_i) + ridge/2 |b|^2,   z = b_0 + X b,  b >= 0

    by projected Newton steps (Bertsekas 1982): coefficients at zero whose gradient is positive
    stay there, the rest take the Newton step of their own block, shortened until f falls.

    Raises
    ------
    ModelError
        The steps did not converge.
    """
    design = np.column_stack([np.ones(len(X)), X])
    penalty = np.full(design.shape[1], ridge)
    penalty[0] = 0.0
    beta = np.zeros(design.shape[1])
    beta[0] = np.log((weight @ y) / (weight @ (1 - y)))
    scale = weight.sum()
    value = _loss(design @ beta, y, weight) + 0.5 * penalty @ beta**2
    for _ in range(_MOST_STEPS):
        probability = expit(design @ beta)
        gradient = design.T @ (weight * (probability - y)) + penalty * beta
        held = (beta <= 0) & (gradient > 0)
        held[0] = False
        if np.abs(gradient[~held]).max() <= _TOLERANCE * scale:
            return _report(design, weight * probability * (1 - probability), beta)
        step = np.zeros_like(beta)
        hessian = _information(design[:, ~held], weight * probability * (1 - probability))
        step[~held] = np.linalg.solve(hessian + np.diag(penalty[~held]), gradient[~held])
        beta, fallen = _search(design, y, weight, penalty, (beta, value, step))
        if fallen >= value:  # no shorter step is better: at the limit of floating point
            return _report(design, weight * probability * (1 - probability), beta)
        value = fallen
    raise ModelError(
        f"the logistic fit did not converge in {_MOST_STEPS} steps: two columns may say the same. "
        "Drop one of each pair that is strongly correlated."
    )


def _search(
    design: Floats,
    y: Floats,
    weight: Floats,
    penalty: Floats,
    state: tuple[Floats, float, Floats],
) -> tuple[Floats, float]:
    """Return the first point of a halving step along the projected direction that lowers f."""
    beta, value, step = state
    size = 1.0
    while size > 1e-12:
        trial = beta - size * step
        trial[1:] = np.maximum(trial[1:], 0.0)
        total = _loss(design @ trial, y, weight) + 0.5 * float(penalty @ trial**2)
        if total < value:
            return trial, total
        size /= 2
    return beta, value


def _loss(z: Floats, y: Floats, weight: Floats) -> float:
    return float(weight @ (np.logaddexp(0.0, z) - y * z))


def _information(design: Floats, curvature: Floats) -> NDArray[np.float64]:
    return design.T @ (design * curvature[:, None])


def _report(design: Floats, curvature: Floats, beta: Floats) -> LogisticFit:
    errors = np.full(len(beta), np.nan)
    active = beta > 0
    active[0] = True
    inverse = np.linalg.pinv(_information(design[:, active], curvature), hermitian=True)
    errors[active] = np.sqrt(np.diag(inverse))
    p_values = 2 * norm.sf(np.abs(beta / errors))
    return LogisticFit(
        intercept=float(beta[0]),
        coefficients=beta[1:],
        standard_errors=errors[1:],
        p_values=p_values[1:],
    )
