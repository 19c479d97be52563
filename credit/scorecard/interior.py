"""A smooth convex function at its least under linear equalities and inequalities."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array

from credit.columns import Floats
from credit.errors import ModelError

_MOST_STEPS = 100
_CENTRING = 0.1
_SLACK = 1e-2


class Linear(NamedTuple):
    """Constraints ``equal @ x = 0`` and ``least @ x >= bound``, each a row."""

    equal: Floats
    least: Floats | csr_array
    bound: Floats


class _Point(NamedTuple):
    """Unknowns of the optimality conditions: x, multipliers y and z, slacks s."""

    x: Floats
    y: Floats
    z: Floats
    s: Floats

    def moved(self, step: _Point, size: float) -> _Point:
        return _Point(*(now + size * by for now, by in zip(self, step, strict=True)))


def minimise(
    gradient: Callable[[Floats], Floats],
    curvature: Callable[[Floats], Floats],
    start: Floats,
    limits: Linear,
    *,
    tolerance: float = 1e-9,
) -> Floats:
    """Return the x at which a convex function is least under linear constraints.

    ::

        grad f(x) + E' y - L' z = 0,   E x = 0,   L x - s = bound,   s z = mu,   s, z > 0

    are solved by Newton steps while ``mu`` falls to 0: a primal-dual interior-point method
    (Boyd and Vandenberghe, *Convex Optimization*, 2004, 11.7) with slacks, so that ``start``
    may break any constraint. Equalities are linear, so one full step meets them, and from then
    on they hold to rounding; inequalities hold to the tolerance.

    Parameters
    ----------
    gradient, curvature : functions of x
        First and second derivatives of f; the second positive definite in all directions that
        E allows. No two rows of L may ask for an equality.
    start : ndarray (n,)
    limits : Linear
    tolerance : float
        On every condition above, and on ``mu``.

    Raises
    ------
    ModelError
        No x meets the constraints, or rounding stops the steps before it is found.
    """
    # Most constraints are between two neighbours: as a full matrix, L is where the time would go.
    limits = limits._replace(least=csr_array(limits.least))
    equal, least, bound = limits
    slack = np.maximum(least @ start - bound, _SLACK)
    at = _Point(start, np.zeros(len(equal)), _CENTRING * _SLACK / slack, slack)
    slope = gradient(at.x)
    for _ in range(_MOST_STEPS):
        gap = float(at.s @ at.z / max(len(at.s), 1))
        if max(_largest(_residual(at, slope, limits, 0.0)), gap) <= tolerance:
            return at.x
        step = _newton(at, slope, curvature(at.x), limits, _CENTRING * gap)
        now = _length(_residual(at, slope, limits, _CENTRING * gap))
        size = min(1.0, 0.99 * _room(at.s, step.s), 0.99 * _room(at.z, step.z))
        tried = at
        while size > 1e-10:
            tried = at.moved(step, size)
            slope = gradient(tried.x)
            after = _length(_residual(tried, slope, limits, _CENTRING * gap))
            if after <= (1 - 0.01 * size) * now:
                break
            size /= 2
        at = tried
    missed = np.concatenate([equal @ at.x, np.minimum(least @ at.x - bound, 0.0)])
    raise ModelError(
        f"constraints: no solution was found in {_MOST_STEPS} steps; the point reached misses "
        f"one of them by {_largest(missed):.3g}. Ask for less: a smaller alpha or floor."
    )


def _residual(at: _Point, slope: Floats, limits: Linear, mu: float) -> Floats:
    """Return by how much each of the optimality conditions is missed."""
    equal, least, bound = limits
    return np.concatenate(
        [
            slope + equal.T @ at.y - least.T @ at.z,
            equal @ at.x,
            least @ at.x - at.s - bound,
            at.s * at.z - mu,
        ]
    )


def _newton(at: _Point, slope: Floats, curvature: Floats, limits: Linear, mu: float) -> _Point:
    """Return the Newton step; slacks and their multipliers are eliminated before solving."""
    equal, least, bound = limits
    missed = least @ at.x - at.s - bound
    pull = at.z / at.s
    n, m = len(at.x), len(equal)
    matrix = np.zeros((n + m, n + m))
    matrix[:n, :n] = curvature + csr_array((least.T * pull) @ least).toarray()
    matrix[:n, n:], matrix[n:, :n] = equal.T, equal
    stationary = slope + equal.T @ at.y - least.T @ (mu / at.s - pull * missed)
    moved = np.linalg.solve(matrix, -np.concatenate([stationary, equal @ at.x]))
    slack = least @ moved[:n] + missed
    return _Point(moved[:n], moved[n:], mu / at.s - at.z - pull * slack, slack)


def _room(values: Floats, step: Floats) -> float:
    """Return the size of step at which the first of the positive values reaches 0."""
    falls = step < 0
    return float(np.min(-values[falls] / step[falls], initial=np.inf))


def _largest(values: Floats) -> float:
    return float(np.abs(values).max(initial=0.0))


def _length(values: Floats) -> float:
    return float(np.sqrt(values @ values))
