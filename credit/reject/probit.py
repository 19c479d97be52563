"""Two probits whose disturbances are correlated, the second seen only where the first says yes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import ndtr

from credit.errors import ModelError

Floats = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
_TINY = 1e-300


def bivariate_normal(h: Floats, k: Floats, rho: Floats | float) -> Floats:
    """Return ``P(U <= h, V <= k)`` of standard normals with correlation ``rho``, a row each.

    ::

        Phi(h) Phi(k) + 1/(2 pi) int_0^asin(rho) exp(-(h^2 + k^2 - 2 h k sin t) / (2 cos^2 t)) dt

    by Gauss-Legendre with 24 nodes (Drezner and Wesolowsky 1990, Journal of Statistical
    Computation and Simulation 35): within 1e-11 for ``|rho| <= .99``.
    """
    top = np.arcsin(rho)
    total = np.zeros(np.broadcast(h, k).shape)
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        angle = top * (node + 1) / 2
        sine = np.sin(angle)
        total += weight * np.exp(-(h * h + k * k - 2 * h * k * sine) / (2 * (1 - sine * sine)))
    found: Floats = np.clip(ndtr(h) * ndtr(k) + top / 2 * total / (2 * np.pi), 0, 1)
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SelectedProbit:
    """A fitted pair: ``bad = [x beta + u > 0]`` is seen where ``z gamma + v > 0``.

    Attributes
    ----------
    beta, gamma : ndarray
        Coefficients of the outcome and of the acceptance.
    rho : float
        Correlation of u and v: below 0 where the refused are worse than they look.
    rho_error : float
        Its standard error, from the scores' outer product.
    """

    beta: Floats
    gamma: Floats
    rho: float
    rho_error: float

    def probability(self, x: Floats) -> Floats:
        """Return P(bad | x) of anybody."""
        found: Floats = ndtr(x @ self.beta)
        return found

    def of_refused(self, x: Floats, z: Floats) -> Floats:
        """Return P(bad | x, refused)."""
        h, k = x @ self.beta, -(z @ self.gamma)
        joint = bivariate_normal(h, k, -self.rho)
        found: Floats = np.clip(joint / np.maximum(ndtr(k), _TINY), 0, 1)
        return found


def fit_selected_probit(x: Floats, z: Floats, accepted: Floats, bad: Floats) -> SelectedProbit:
    """Fit the pair by maximum likelihood, with the exact gradient.

    The log-likelihood of a row is ``log Phi(-z gamma)`` if refused, else ``log Phi2(s x beta,
    z gamma, s rho)`` with s = +1 for bad and -1 for good (Van de Ven and Van Praag 1981,
    Journal of Econometrics 17). A ridge of 1e-6 a row keeps the coefficients finite.

    Parameters
    ----------
    x, z : ndarray (rows, ...)
        Designs of the outcome and of the acceptance, constants included, columns of order 1.
    accepted, bad : ndarray (rows,)
        1 or 0; ``bad`` is not read where refused.

    Raises
    ------
    ModelError
        If the search finds no maximum.
    """
    seen = accepted == 1
    sides = np.where(bad[seen] == 1, 1.0, -1.0)
    likelihood = _Likelihood(x[seen], z[seen], z[~seen], sides)
    start = np.zeros(x.shape[1] + z.shape[1] + 1)
    found = minimize(likelihood, start, jac=True, method="L-BFGS-B", options={"maxiter": 500})
    if not found.success and np.abs(found.jac).max() > 1e-4:
        raise ModelError(
            f"the bivariate probit found no maximum ({found.message}). Scale the columns, drop "
            "near duplicates, or use another method."
        )
    scores = likelihood.scores(found.x)
    covariance = np.linalg.pinv(scores.T @ scores)
    rho = float(np.tanh(found.x[-1]))
    return SelectedProbit(
        beta=found.x[: x.shape[1]],
        gamma=found.x[x.shape[1] : -1],
        rho=rho,
        rho_error=float((1 - rho**2) * np.sqrt(covariance[-1, -1])),
    )


class _Likelihood:
    """Mean negative log-likelihood and its gradient in (beta, gamma, atanh rho)."""

    def __init__(self, x: Floats, z: Floats, z_refused: Floats, sides: Floats) -> None:
        self.x, self.z, self.z_refused, self.sides = x, z, z_refused, sides
        self.rows = len(z) + len(z_refused)

    def __call__(self, parameters: Floats) -> tuple[float, Floats]:
        value, slopes, refused = self._parts(parameters)
        by_h, by_k, by_a = slopes
        gradient = np.concatenate(
            [by_h @ self.x, by_k @ self.z + refused @ self.z_refused, [by_a.sum()]]
        )
        ridge = 1e-6 * parameters
        return (
            -value / self.rows + float(parameters @ ridge) / 2,
            -gradient / self.rows + ridge,
        )

    def scores(self, parameters: Floats) -> Floats:
        """Return the gradient of each row's log-likelihood."""
        _, (by_h, by_k, by_a), refused = self._parts(parameters)
        width = self.x.shape[1]
        seen = np.column_stack([by_h[:, None] * self.x, by_k[:, None] * self.z, by_a])
        unseen = np.zeros((len(refused), seen.shape[1]))
        unseen[:, width:-1] = refused[:, None] * self.z_refused
        return np.vstack([seen, unseen])

    def _parts(self, parameters: Floats) -> tuple[float, tuple[Floats, Floats, Floats], Floats]:
        """Return the log-likelihood, its slopes in x beta, z gamma, atanh rho, and of refused."""
        width = self.x.shape[1]
        rho = np.clip(np.tanh(parameters[-1]), -0.99, 0.99)
        s = self.sides
        h, k = s * (self.x @ parameters[:width]), self.z @ parameters[width:-1]
        spread = np.sqrt(1 - rho * rho)
        r = s * rho
        joint = np.maximum(bivariate_normal(h, k, r), _TINY)
        by_h = s * _density(h) * ndtr((k - r * h) / spread) / joint
        by_k = _density(k) * ndtr((h - r * k) / spread) / joint
        both = np.exp(-(h * h + k * k - 2 * r * h * k) / (2 * spread**2)) / (2 * np.pi * spread)
        by_a = s * both / joint * (1 - rho * rho)
        out = -(self.z_refused @ parameters[width:-1])
        unseen = np.maximum(ndtr(out), _TINY)
        value = float(np.log(joint).sum() + np.log(unseen).sum())
        return value, (by_h, by_k, by_a), -_density(out) / unseen


def _density(values: Floats) -> Floats:
    found: Floats = np.exp(-values * values / 2) / np.sqrt(2 * np.pi)
    return found
