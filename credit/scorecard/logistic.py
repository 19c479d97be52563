"""Logistic regression with coefficients held at or above zero, and their standard errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.stats import norm

from credit.columns import Floats
from credit.errors import ModelError
from credit.scorecard.evidence import Evidence, designs
from credit.whole import ALONE, Whole, total

RIDGE = 5.0
"""Default ridge: evidence enters with coefficients near 1, so its weight is a few rows."""

_TOLERANCE = 1e-10
_MOST_STEPS = 200

_FEW = 12_500
"""Rows of the sample that a fit of many more starts from."""


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Problem:
    """The penalised deviance over an intercept and coefficients."""

    X: Floats | Evidence
    y: Floats
    weight: Floats
    penalty: Floats
    whole: Whole
    sides: Floats

    @classmethod
    def of(
        cls, X: Floats | Evidence, y: Floats, weight: Floats, penalty: Floats, whole: Whole
    ) -> _Problem:
        """Build it; ``sides`` is the weight of all rows that are good, and of all bad ones."""
        sides = whole.sum(np.array([weight @ (1 - y), weight @ y]))
        return cls(X=X, y=y, weight=weight, penalty=penalty, whole=whole, sides=sides)

    @property
    def bound(self) -> float:
        """Greatest gradient of a solution."""
        return _TOLERANCE * float(self.sides.sum())

    def start(self) -> Floats:
        """Return the coefficients of no evidence."""
        beta = np.zeros(len(self.penalty))
        beta[0] = np.log(self.sides[1] / self.sides[0])
        return beta

    def sample(self) -> _Problem | None:
        """Return the problem on few of its rows, or None where they are few or of one class."""
        step = int(total(self.whole, len(self.y))) // _FEW
        if step < 2:
            return None
        X = self.X.each(step) if isinstance(self.X, Evidence) else self.X[::step]
        y, weight = self.y[::step], self.weight[::step]
        few = _Problem.of(X, y, weight, self.penalty, self.whole)
        if not (few.sides > 0).all():
            return None
        scale = self.sides.sum() / few.sides.sum()
        return _Problem.of(X, y, weight * scale, self.penalty, self.whole)

    def slope(self, beta: Floats) -> tuple[float, Floats]:
        """Return f and its gradient."""
        penalised = self.whole.rank == 0  # by one of all parties
        sums = np.concatenate([[0.5 * self.penalty @ beta**2], self.penalty * beta]) * penalised
        for rows, design in designs(self.X):
            loss, residual, _ = _respond(design @ beta, self.y[rows], self.weight[rows])
            sums[0] += loss
            sums[1:] += residual @ design
        sums = self.whole.sum(sums)
        return float(sums[0]), sums[1:]

    def information(self, beta: Floats) -> NDArray[np.float64]:
        """Return the Hessian of the deviance, penalty left out."""
        information = np.zeros((len(beta), len(beta)))
        for rows, design in designs(self.X):
            _, _, curvature = _respond(design @ beta, self.y[rows], self.weight[rows])
            root = design * np.sqrt(curvature)[:, None]
            information += root.T @ root
        return self.whole.sum(information)


def _respond(z: Floats, y: Floats, weight: Floats) -> tuple[float, Floats, Floats]:
    """Return the deviance of some rows, and its first two derivatives in each margin."""
    tail = np.exp(-np.abs(z))  # NumPy takes exponentials and logarithms many at a time
    return _derivatives((z, tail, np.log1p(tail)), y, weight)


@njit(cache=True)
def _derivatives(
    margin: tuple[Floats, Floats, Floats], y: Floats, weight: Floats
) -> tuple[float, Floats, Floats]:
    z, tail, log = margin
    loss, residual, curvature = 0.0, np.empty(len(z)), np.empty(len(z))
    for i in range(len(z)):
        share = 1.0 / (1.0 + tail[i])
        probability = share if z[i] >= 0.0 else tail[i] * share
        loss += weight[i] * (max(z[i], 0.0) - y[i] * z[i] + log[i])
        residual[i] = weight[i] * (probability - y[i])
        curvature[i] = weight[i] * tail[i] * share * share
    return loss, residual, curvature


def fit_logistic(
    X: Floats | Evidence,
    y: Floats,
    weight: Floats,
    *,
    ridge: float = RIDGE,
    whole: Whole = ALONE,
) -> LogisticFit:
    """Minimise the penalised deviance over an intercept and coefficients of at least zero.

    ::

        f(b) = sum_i w_i (log(1 + exp(z_i)) - y_i z_i) + ridge/2 |b|^2,   z = b_0 + X b,  b >= 0

    by projected Newton steps (Bertsekas 1982): coefficients at zero whose gradient is positive
    stay there, the rest take the Newton step of their own block, shortened until f falls. The
    Hessian changes little between steps, so it is computed anew only where a step gained
    little, and is else kept up by what the gradients say of it (BFGS); the gradient, which
    says where to stop, is always exact. Many rows start from the fit of few of them. Rows are
    floats one block at a time.

    Parameters
    ----------
    X : ndarray (rows, features) or Evidence
    y : ndarray (rows,)
        1.0 is bad, 0.0 good.
    weight : ndarray (rows,)
    ridge : float
    whole : Whole
        The rows of which these are a part: f sums over all of them.

    Raises
    ------
    ModelError
        The steps did not converge.
    """
    penalty = np.full(X.shape[1] + 1, ridge)
    penalty[0] = 0.0
    problem = _Problem.of(X, y, weight, penalty, whole)
    sample = problem.sample()
    beta, hessian = problem.start(), None
    if sample is not None:
        beta, hessian = _descend(sample, sample.start(), None)
    beta, _ = _descend(problem, beta, hessian)
    return _report(problem.information(beta), beta)


def _descend(
    problem: _Problem, beta: Floats, hessian: Floats | None
) -> tuple[Floats, Floats | None]:
    """Return the solution and the last Hessian; ``hessian`` is one to start with."""
    value, gradient = problem.slope(beta)
    fresh = False
    for _ in range(_MOST_STEPS):
        free, left = _free(beta, gradient), _left(beta, gradient)
        if left <= problem.bound:
            return beta, hessian
        if hessian is None:
            hessian, fresh = problem.information(beta) + np.diag(problem.penalty), True
        step = np.zeros_like(beta)
        step[free] = np.linalg.solve(hessian[np.ix_(free, free)], gradient[free])
        found = _search(problem, (beta, value, left), step)
        if found is None and fresh:  # no shorter step is better: at the limit of floating point
            return beta, hessian
        if found is None:
            hessian = None
            continue
        moved, turned = found[0] - beta, found[2] - gradient
        beta, value, gradient = found
        gained = _left(beta, gradient) <= left / 10
        hessian, fresh = _updated(hessian, moved, turned) if gained else None, False
    raise ModelError(
        f"the logistic fit did not converge in {_MOST_STEPS} steps: two columns may say the same. "
        "Drop one of each pair that is strongly correlated."
    )


def _free(beta: Floats, gradient: Floats) -> NDArray[np.bool_]:
    """Say which coefficients may move: not those at zero that would fall below it."""
    free: NDArray[np.bool_] = (beta > 0) | (gradient <= 0)
    free[0] = True
    return free


def _left(beta: Floats, gradient: Floats) -> float:
    """Return the greatest gradient among coefficients that may move."""
    return float(np.abs(gradient[_free(beta, gradient)]).max())


def _updated(hessian: Floats, moved: Floats, turned: Floats) -> Floats:
    """Return the Hessian that agrees with the change of the gradient over a step (BFGS)."""
    curvature, predicted = float(moved @ turned), hessian @ moved
    if curvature <= 0:
        return hessian
    return (
        hessian
        + np.outer(turned, turned) / curvature
        - np.outer(predicted, predicted) / float(moved @ predicted)
    )


def _search(
    problem: _Problem, state: tuple[Floats, float, float], step: Floats
) -> tuple[Floats, float, Floats] | None:
    """Return the first point of a halving step along the projected direction that lowers f.

    Where f cannot tell two points apart, the gradient does. None where no step is better.
    """
    beta, value, left = state
    size = 1.0
    while size > 1e-12:
        trial = beta - size * step
        trial[1:] = np.maximum(trial[1:], 0.0)
        total, gradient = problem.slope(trial)
        near = total <= value + 1e-12 * abs(value)
        if total < value or (near and _left(trial, gradient) < left):
            return trial, total, gradient
        size /= 2
    return None


def _report(information: Floats, beta: Floats) -> LogisticFit:
    errors = np.full(len(beta), np.nan)
    active = beta > 0
    active[0] = True
    inverse = np.linalg.pinv(information[np.ix_(active, active)], hermitian=True)
    errors[active] = np.sqrt(np.diag(inverse))
    p_values = 2 * norm.sf(np.abs(beta / errors))
    return LogisticFit(
        intercept=float(beta[0]),
        coefficients=beta[1:],
        standard_errors=errors[1:],
        p_values=p_values[1:],
    )
