"""From a score to a probability of default, and from that to a grade."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from string import ascii_uppercase
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import expit

from credit.errors import ModelError

Floats = NDArray[np.float64]

_STEPS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Log-odds of bad, corrected by a line.

    ::

        probability = 1 / (1 + exp(-(slope * margin + intercept)))

    Slope 1 and intercept 0 leave a margin as it is; a slope below 1 says that the model was
    too sure of itself.

    >>> Calibration(slope=1.0, intercept=0.0).apply(np.array([0.0]))
    array([0.5])
    """

    slope: float = 1.0
    intercept: float = 0.0

    def margin(self, margin: ArrayLike) -> Floats:
        """Return the corrected log-odds of bad."""
        return self.slope * np.asarray(margin, dtype=np.float64) + self.intercept

    def apply(self, margin: ArrayLike) -> Floats:
        """Return the probability of bad."""
        return np.asarray(expit(self.margin(margin)))

    def to_dict(self) -> dict[str, float]:
        """Return plain data that :meth:`from_dict` reads back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, float]) -> Calibration:
        """Build the record from plain data."""
        return cls(**plain)


def fit_platt(margin: ArrayLike, y: ArrayLike, weight: ArrayLike | None = None) -> Calibration:
    """Fit slope and intercept by maximum likelihood (Platt 1999).

    The targets are Platt's, ``(B + 1) / (B + 2)`` for bad and ``1 / (G + 2)`` for good with B
    and G the weights of the two, so the fit is finite even where the margin parts them.

    Parameters
    ----------
    margin : array (rows,)
        Log-odds of bad on rows the model was not fitted on.
    y : array (rows,)
        1 is bad, 0 is good.
    weight : array (rows,), optional

    Raises
    ------
    ModelError
        Shapes differ, y is not 0 and 1, one class is absent, or a margin is not finite.
    """
    m = np.asarray(margin, dtype=np.float64)
    bad = np.asarray(y, dtype=np.float64)
    w = np.ones(len(m)) if weight is None else np.asarray(weight, dtype=np.float64)
    _check(m, bad, w)
    bads, goods = float(w @ bad), float(w @ (1 - bad))
    target = np.where(bad == 1, (bads + 1) / (bads + 2), 1 / (goods + 2))
    centre = float(w @ m / w.sum())
    spread = float(np.sqrt(w @ (m - centre) ** 2 / w.sum()))
    if spread <= 1e-12 * max(1.0, abs(centre)):  # a constant margin says nothing
        return Calibration(slope=0.0, intercept=float(np.log(bads / goods)))
    design = np.column_stack([(m - centre) / spread, np.ones(len(m))])
    slope, intercept = _newton(design, target, w)
    return Calibration(slope=slope / spread, intercept=intercept - slope * centre / spread)


def _check(margin: Floats, bad: Floats, weight: Floats) -> None:
    if not margin.shape == bad.shape == weight.shape or margin.ndim != 1:
        raise ModelError(
            f"margin, y and weight must be 1D and equally long, got {margin.shape=}, "
            f"{bad.shape=}, {weight.shape=}."
        )
    if not np.isfinite(margin).all():
        raise ModelError(f"margin: {int((~np.isfinite(margin)).sum())} value(s) are not finite.")
    wrong = sorted(set(np.unique(bad)) - {0.0, 1.0})
    if wrong:
        raise ModelError(f"y must be 1 (bad) or 0 (good), got {wrong[0]}.")
    if not (weight @ bad > 0 and weight @ (1 - bad) > 0):
        raise ModelError(
            f"y holds one class: {int((bad == 0).sum())} good and {int(bad.sum())} bad row(s) "
            "(with weight). A calibration needs both: widen the calibration sample."
        )


def _newton(design: Floats, target: Floats, weight: Floats) -> tuple[float, float]:
    """Maximise the likelihood by Newton steps, halved until it rises."""
    beta = np.zeros(2)
    loss = np.inf
    for _ in range(_STEPS):
        z = design @ beta
        loss = float(weight @ (np.logaddexp(0, z) - target * z))
        probability = expit(z)
        gradient = design.T @ (weight * (probability - target))
        if np.abs(gradient).max() <= 1e-12 * weight.sum():
            break
        hessian = design.T @ (design * (weight * probability * (1 - probability))[:, None])
        step = np.linalg.solve(hessian, gradient)
        while True:
            z = design @ (beta - step)
            if weight @ (np.logaddexp(0, z) - target * z) <= loss or np.abs(step).max() < 1e-14:
                break
            step /= 2
        beta -= step
    return float(beta[0]), float(beta[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterScale:
    """Grades by probability of default: grade i holds ``bounds[i - 1] <= p < bounds[i]``.

    Attributes
    ----------
    bounds : tuple of float
        Strictly ascending, between 0 and 1.
    names : tuple of str
        From the safest grade to the riskiest, one more than there are bounds.
    """

    bounds: tuple[float, ...]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.names) != len(self.bounds) + 1 or len(set(self.names)) != len(self.names):
            raise ModelError(
                f"{len(self.bounds)} bounds need {len(self.bounds) + 1} different names, got "
                f"{list(self.names)}."
            )
        ascending = all(low < high for low, high in pairwise((0.0, *self.bounds, 1.0)))
        if not ascending:
            raise ModelError(
                f"bounds must ascend strictly between 0 and 1, got {list(self.bounds)}."
            )

    @classmethod
    def lettered(cls, bounds: Iterable[float]) -> MasterScale:
        """Return a scale whose grades are A, B, ... from the safest on."""
        ends = tuple(bounds)
        return cls(bounds=ends, names=tuple(ascii_uppercase[: len(ends) + 1]))

    def index(self, probability: ArrayLike) -> NDArray[np.int64]:
        """Return the number of each grade, 0 the safest."""
        p = np.asarray(probability, dtype=np.float64)
        if not ((p >= 0) & (p <= 1)).all():
            raise ModelError("probability must be in [0, 1] and not missing.")
        return np.searchsorted(np.array(self.bounds), p, side="right").astype(np.int64)

    def grade(self, probability: ArrayLike) -> NDArray[np.str_]:
        """Return the name of each grade."""
        return np.array(self.names)[self.index(probability)]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that :meth:`from_dict` reads back."""
        return {"bounds": list(self.bounds), "names": list(self.names)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> MasterScale:
        """Build the record from plain data."""
        return cls(bounds=tuple(plain["bounds"]), names=tuple(plain["names"]))


def recentred(
    calibration: Calibration, margin: ArrayLike, target: float, weight: ArrayLike | None = None
) -> Calibration:
    """Return the calibration whose mean probability over these rows is ``target``.

    Only the intercept moves: log-odds shift by one number, so the order of people and the odds
    between any two of them stay. It is the number at which the mean is the target itself, unlike
    the shift by the ratio of prior odds, which gives it only where all probabilities are alike
    (compare King and Zeng 2001, Political Analysis 9).

    Parameters
    ----------
    calibration : Calibration
        What is applied today.
    margin : array (rows,)
        Log-odds of bad, before ``calibration``, of the population the target is about.
    target : float
        Central tendency, strictly between 0 and 1: a mean of 0 or 1 no finite shift can give.
    weight : array (rows,), optional

    Raises
    ------
    ModelError
        Target outside (0, 1), a margin that is not finite, weights of another length, below 0 or
        all 0.
    """
    line = calibration.margin(margin)
    w = np.ones(len(line)) if weight is None else np.asarray(weight, dtype=np.float64)
    if not 0 < target < 1:
        raise ModelError(
            f"target must lie strictly between 0 and 1, got {target}: no finite shift of the "
            "log-odds makes every probability 0 or 1. Give the long-run bad rate as a share."
        )
    if line.ndim != 1 or not len(line) or not np.isfinite(line).all():
        raise ModelError("margin must be one column of finite log-odds with at least one row.")
    if w.shape != line.shape or not (np.isfinite(w).all() and (w >= 0).all() and w.any()):
        raise ModelError(
            f"weight must be {len(line)} finite numbers of 0 or more, not all 0, got {w.shape=}."
        )
    wanted = float(np.log(target / (1 - target)))
    # One step beyond the shift that brings the greatest margin to the target is too little, one
    # beyond that of the least too much.
    low, high = wanted - float(line.max()) - 1, wanted - float(line.min()) + 1
    shift = brentq(lambda s: w @ expit(line + s) - target * w.sum(), low, high, xtol=1e-15)
    return Calibration(slope=calibration.slope, intercept=calibration.intercept + shift)


def default_master_scale() -> MasterScale:
    """Return nine grades A to I whose bounds double from 0.25 % to 32 %."""
    return MasterScale.lettered(0.0025 * 2**i for i in range(8))
