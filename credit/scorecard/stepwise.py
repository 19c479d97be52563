"""Stepwise choice of features: exact refits of the few that second-order estimates point to."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from credit.columns import Floats
from credit.errors import ModelError
from credit.scorecard.logistic import RIDGE
from credit.scorecard.selection import Stepwise

_TRUST = 2.0
"""A change is computed exactly unless its estimate is this many times worse than the best."""

_TOLERANCE = 1e-8
"""Greatest gradient of a refit for each unit of weight: the deviance is then exact to 1e-8."""

_MOST_STEPS = 200

_RENEWED = 8
"""Steps with one Hessian before it is made anew."""

Bools = NDArray[np.bool_]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: ``enter`` or ``leave``, the column, the deviance after it, and its change."""

    action: str
    column: int
    deviance: float
    change: float


@dataclass(frozen=True, slots=True)
class Steps:
    """What :func:`choose_stepwise` did.

    Attributes
    ----------
    kept : tuple of int
        Columns that stay, in their order.
    deviance : float
        Penalised deviance with them.
    steps : tuple of Step
    outside : dict of int to float
        Column left out -> by how much the deviance changes for it: how far it would fall with
        the column (``forward``, ``both``), or how far it rose when the column left.
    """

    kept: tuple[int, ...]
    deviance: float
    steps: tuple[Step, ...]
    outside: dict[int, float]


def choose_stepwise(
    X: Floats, y: Floats, weight: Floats, options: Stepwise, *, ridge: float = RIDGE
) -> Steps:
    """Choose columns of X one at a time (see :class:`credit.scorecard.Stepwise`).

    Every deviance is that of a fit to the end, coefficients at or above zero, started from the
    fit before. Which columns are refitted follows from second-order estimates of the change at
    the current fit, ``g_j^2 / s_j`` (the score test, s_j the information of column j given
    those inside) to enter and ``b_j^2 / [H^-1]_jj`` (Wald) to leave: a column is passed over
    when its estimate is more than twice as bad as the best exact change. Before forward steps
    end, every column outside is refitted, so that none is left out by an estimate.

    Parameters
    ----------
    X : ndarray (n, p)
    y : ndarray (n,)
        1.0 is bad.
    weight : ndarray (n,)
    options : Stepwise
    ridge : float
    """
    problem = _Problem.of(X, y, weight, ridge)
    inside = np.full(X.shape[1], options.direction == "backward")
    at = problem.refit(inside, problem.start())
    enter, leave = options.limits(float(weight.sum()))
    steps: list[Step] = []
    outside: dict[int, float] = {}
    if options.direction != "backward":
        at, outside = _forward(problem, at, (enter, leave), steps, both=options.direction == "both")
    else:
        at = _backward(problem, at, leave, steps)
        outside = {step.column: step.change for step in steps}
    kept = tuple(int(j) for j in np.flatnonzero(at.inside))
    return Steps(kept, at.deviance, tuple(steps), outside)


@dataclass(frozen=True, slots=True)
class _Fit:
    """A solution: columns inside, coefficients of all (zero outside), and its second order."""

    inside: Bools
    beta: Floats
    deviance: float
    gradient: Floats | None = None
    hessian: Floats | None = None

    @property
    def order(self) -> tuple[Floats, Floats]:
        """Gradient and Hessian of f over all columns."""
        if self.gradient is None or self.hessian is None:
            raise ModelError("this fit was not looked at in second order.")
        return self.gradient, self.hessian

    @property
    def free(self) -> Bools:
        """The intercept and the coefficients above zero."""
        return np.concatenate([[True], self.inside & (self.beta[1:] > 0)])


@dataclass(frozen=True, slots=True)
class _Problem:
    design: Floats
    y: Floats
    weight: Floats
    penalty: Floats

    @classmethod
    def of(cls, X: Floats, y: Floats, weight: Floats, ridge: float) -> _Problem:
        design = np.asfortranarray(np.column_stack([np.ones(len(X)), X]))
        penalty = np.full(design.shape[1], ridge)
        penalty[0] = 0.0
        return cls(design, y, weight, penalty)

    def start(self) -> _Fit:
        """Return the fit of the intercept alone, looked at in second order."""
        beta = np.zeros(self.design.shape[1])
        beta[0] = np.log((self.weight @ self.y) / (self.weight @ (1 - self.y)))
        none = np.zeros(self.design.shape[1] - 1, dtype=np.bool_)
        value = self._value(self.design[:, :1], beta[:1], self.penalty[:1])
        return self.look(_Fit(none, beta, 2 * value))

    def look(self, fit: _Fit) -> _Fit:
        """Return the fit with gradient and Hessian over all columns, those outside too."""
        if fit.hessian is not None:
            return fit
        risk = expit(self.design @ fit.beta)
        gradient = self.design.T @ (self.weight * (risk - self.y)) + self.penalty * fit.beta
        root = self.design * np.sqrt(self.weight * risk * (1 - risk))[:, None]
        return replace(fit, gradient=gradient, hessian=root.T @ root + np.diag(self.penalty))

    def refit(self, inside: Bools, near: _Fit) -> _Fit:
        """Return the fit of other columns from one near it.

        Projected Newton steps with the Hessian of ``near``, made anew where it serves no more.
        """
        columns = np.concatenate([[0], 1 + np.flatnonzero(inside)])
        design, penalty = self.design[:, columns], self.penalty[columns]
        hessian, beta = near.order[1][np.ix_(columns, columns)], near.beta[columns]
        value, stuck = self._value(design, beta, penalty), False
        for step in range(1, _MOST_STEPS):
            risk = expit(design @ beta)
            gradient = design.T @ (self.weight * (risk - self.y)) + penalty * beta
            held = (beta <= 0) & (gradient > 0)
            held[0] = False
            if np.abs(gradient[~held]).max() <= _TOLERANCE * self.weight.sum():
                break
            anew = stuck or step % _RENEWED == 0
            if anew:
                root = design * np.sqrt(self.weight * risk * (1 - risk))[:, None]
                hessian = root.T @ root + np.diag(penalty)
            move = np.zeros(len(beta))
            move[~held] = np.linalg.solve(hessian[np.ix_(~held, ~held)], gradient[~held])
            beta, fallen = self._search(design, penalty, (beta, value, move))
            stuck = fallen >= value
            if stuck and anew:  # no step lowers f: at the limit of floating point
                break
            value = fallen
        full = np.zeros(self.design.shape[1])
        full[columns] = beta
        return _Fit(inside, full, 2 * value)

    def _search(
        self, design: Floats, penalty: Floats, state: tuple[Floats, float, Floats]
    ) -> tuple[Floats, float]:
        beta, value, move = state
        size = 1.0
        while size > 1e-6:
            trial = beta - size * move
            trial[1:] = np.maximum(trial[1:], 0.0)
            total = self._value(design, trial, penalty)
            if total < value:
                return trial, total
            size /= 2
        return beta, value

    def _value(self, design: Floats, beta: Floats, penalty: Floats) -> float:
        z = design @ beta
        loss = float(self.weight @ (np.logaddexp(0.0, z) - self.y * z))
        return loss + 0.5 * float(penalty @ beta**2)


def _forward(
    problem: _Problem, at: _Fit, limits: tuple[float, float], steps: list[Step], *, both: bool
) -> tuple[_Fit, dict[int, float]]:
    """Let columns enter until none lowers the deviance enough; return what each would do."""
    while True:
        at = problem.look(at)
        fits = _tried(problem, at, _falls(at), every=False)
        best = min(fits.values(), key=lambda fit: fit.deviance, default=at)
        if at.deviance - best.deviance <= limits[0]:
            fits = _tried(problem, at, _falls(at), every=True)
            best = min(fits.values(), key=lambda fit: fit.deviance, default=at)
        if at.deviance - best.deviance <= limits[0]:
            falls = {int(j): 0.0 for j in np.flatnonzero(~at.inside)}
            return at, falls | {j: at.deviance - fit.deviance for j, fit in fits.items()}
        (entered,) = np.flatnonzero(best.inside & ~at.inside).tolist()
        steps.append(Step("enter", entered, best.deviance, at.deviance - best.deviance))
        at = _backward(problem, best, limits[1], steps) if both else best


def _backward(problem: _Problem, at: _Fit, leave: float, steps: list[Step]) -> _Fit:
    """Let columns leave as long as one raises the deviance no more than ``leave``."""
    while at.inside.any():
        at = problem.look(at)
        rises = {j: rise for j, rise in _rises(at).items() if rise <= _TRUST * leave}
        least: _Fit | None = None
        for j, estimate in sorted(rises.items(), key=lambda item: item[1]):
            if least is not None and estimate > _TRUST * (least.deviance - at.deviance):
                break
            fit = problem.refit(_flipped(at, j), at)
            least = fit if least is None or fit.deviance < least.deviance else least
        if least is None or least.deviance - at.deviance > leave:
            return at
        (left,) = np.flatnonzero(at.inside & ~least.inside).tolist()
        steps.append(Step("leave", left, least.deviance, least.deviance - at.deviance))
        at = least
    return at


def _tried(problem: _Problem, at: _Fit, falls: dict[int, float], *, every: bool) -> dict[int, _Fit]:
    """Return the exact fits with one column more, those of promise first."""
    fits: dict[int, _Fit] = {}
    best = 0.0
    for j, estimate in sorted(falls.items(), key=lambda item: -item[1]):
        if not every and estimate * _TRUST < best:
            break
        fits[j] = problem.refit(_flipped(at, j), at)
        best = max(best, at.deviance - fits[j].deviance)
    return fits


def _falls(at: _Fit) -> dict[int, float]:
    """Return the estimated fall of the deviance for each column outside that can lower it.

    A column with a gradient of 0 or more stays at its bound of zero: it changes nothing.
    """
    gradient, hessian = at.order
    free = np.flatnonzero(at.free)
    outside = 1 + np.flatnonzero(~at.inside & (gradient[1:] < 0))
    if not len(outside):
        return {}
    across = hessian[np.ix_(free, outside)]
    solved = np.linalg.solve(hessian[np.ix_(free, free)], across)
    given = np.diag(hessian)[outside] - np.einsum("ij,ij->j", across, solved)
    falls = gradient[outside] ** 2 / given
    return dict(zip((outside - 1).tolist(), falls.tolist(), strict=True))


def _rises(at: _Fit) -> dict[int, float]:
    """Return the estimated rise of the deviance for each column inside that leaves."""
    free = np.flatnonzero(at.free)
    inverse = np.diag(np.linalg.inv(at.order[1][np.ix_(free, free)]))
    rises = {int(j): 0.0 for j in np.flatnonzero(at.inside)}
    held = zip((free - 1).tolist(), (at.beta[free] ** 2 / inverse).tolist(), strict=True)
    return rises | {j: rise for j, rise in held if j >= 0}


def _flipped(at: _Fit, column: int) -> Bools:
    """Return the columns inside, with one put in or taken out."""
    inside = at.inside.copy()
    inside[column] = not inside[column]
    return inside
