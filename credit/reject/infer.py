"""From accepted and refused applicants to the rows a model is fitted on again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit
from sklearn.base import clone
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from credit.errors import DataError, nearest
from credit.reject.methods import (
    BivariateProbit,
    FuzzyAugmentation,
    Method,
    Nothing,
    Parcelling,
    Reweighting,
    SelfLearning,
)
from credit.reject.probit import SelectedProbit, fit_selected_probit
from credit.split import binary

Floats = NDArray[np.float64]

_SURE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inferred:
    """Rows to fit a model on again, and what was assumed of the refused.

    Attributes
    ----------
    X : DataFrame
        Accepted rows, then those of the refused that were given an outcome (twice where both
        outcomes are possible), without the columns that only selected.
    y : ndarray of int
        Outcome of each row of X, inferred for the refused.
    weight : ndarray
        Weight of each row of X.
    refused_probability : ndarray
        P(bad) of each refused applicant under the method, in the order given.
    selection : SelectedProbit or None
        The pair fitted by the bivariate probit, with rho and its error.
    """

    X: pd.DataFrame
    y: NDArray[np.int64]
    weight: Floats
    refused_probability: Floats
    selection: SelectedProbit | None = None

    @property
    def refused_bad_rate(self) -> float:
        """Mean of ``refused_probability``."""
        return float(self.refused_probability.mean())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Applications:
    """Accepted applicants with their outcomes, and refused ones without.

    Attributes
    ----------
    accepted, refused : DataFrame
        The same columns; numbers without gaps, such as weights of evidence.
    y : array
        Outcome of each accepted row, 1 is bad.
    selection_only : collection of str
        Columns that moved the decision but not the outcome, such as the leniency of the officer
        to whom a case happened to go. They enter models of acceptance only.

    Raises
    ------
    DataError
        For frames without rows or with different columns, text, gaps or infinities, an outcome
        that is not 0 and 1 or of one class, or an unknown column in ``selection_only``.
    """

    accepted: pd.DataFrame
    y: object
    refused: pd.DataFrame
    selection_only: Collection[str] = ()

    def __post_init__(self) -> None:
        if list(self.accepted.columns) != list(self.refused.columns):
            names = (set(map(str, frame.columns)) for frame in (self.accepted, self.refused))
            raise DataError(
                "accepted and refused must have the same columns in the same order; only one of "
                f"them has {sorted(set.symmetric_difference(*names))}."
            )
        _require_numbers("accepted", self.accepted)
        _require_numbers("refused", self.refused)
        labels = self.labels
        if len(labels) != len(self.accepted) or labels.min() == labels.max():
            raise DataError(
                f"y must hold {len(self.accepted)} outcomes, good and bad, one for each accepted "
                f"row; got {len(labels)} of which {int(labels.sum())} are bad."
            )
        columns = [str(name) for name in self.accepted.columns]
        for name in self.selection_only:
            if name not in columns:
                raise DataError(f"selection_only: no column {name!r}.{nearest(name, columns)}")
        if not self.outcome:
            raise DataError("selection_only holds every column; the outcome needs at least one.")

    @property
    def labels(self) -> NDArray[np.int64]:
        """Outcomes of the accepted as integers."""
        return binary(self.y)

    @property
    def outcome(self) -> list[str]:
        """Columns that may enter a model of the outcome."""
        return [name for name in self.accepted.columns if name not in set(self.selection_only)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Task:
    """What every method works on: rows by side, a model to clone, a seed."""

    applications: Applications
    y: NDArray[np.int64]
    model: Any
    seed: int

    @property
    def x(self) -> pd.DataFrame:
        return self.applications.accepted[self.applications.outcome]

    @property
    def x_refused(self) -> pd.DataFrame:
        return self.applications.refused[self.applications.outcome]

    @property
    def everybody(self) -> pd.DataFrame:
        """Accepted rows, then refused ones, with every column."""
        sides = [self.applications.accepted, self.applications.refused]
        return pd.concat(sides, ignore_index=True)

    @property
    def is_accepted(self) -> NDArray[np.int64]:
        """1 for the accepted of :attr:`everybody`, 0 for the refused."""
        return np.repeat([1, 0], [len(self.y), len(self.x_refused)])

    def fit(self, X: pd.DataFrame, y: NDArray[np.int64], weight: Floats | None = None) -> Any:
        return fit_weighted(clone(self.model), X, y, weight)


def infer(
    applications: Applications,
    method: Method = Nothing(),  # noqa: B008  frozen
    *,
    model: Any = None,
    seed: int = 0,
) -> Inferred:
    """Return rows, outcomes and weights to fit a model on, refused applicants among them.

    Parameters
    ----------
    applications : Applications
        Who was accepted, who was refused, and what became of the accepted.
    method : Method
        By default :class:`Nothing`: only accepted rows, with weight 1.
    model : classifier, optional
        Scores the refused and, for reweighting, the chance of acceptance. A logistic regression
        by default; it is cloned, and its ``fit`` must take ``sample_weight``.
    seed : int
        For parcelling and self-learning.

    Raises
    ------
    ModelError
        If the bivariate probit finds no maximum.
    """
    task = _Task(
        applications=applications,
        y=applications.labels,
        model=default_model() if model is None else model,
        seed=seed,
    )
    if isinstance(method, Nothing):
        return _alone(task, np.ones(len(task.y)))
    if isinstance(method, Reweighting):
        return _reweighted(task, method)
    if isinstance(method, FuzzyAugmentation):
        return _both_ways(task, _with_odds(_extrapolated(task), method.odds))
    if isinstance(method, Parcelling):
        return _parcelled(task, method)
    if isinstance(method, BivariateProbit):
        return _selected(task)
    return _taught(task, method)


def measured_odds(y: object, probability: object) -> tuple[float, float, float]:
    """Return how many times the odds of bad exceed those stated, with its 95 % interval.

    For applicants approved at random among the refused: ``y`` is what became of them,
    ``probability`` what the model of the accepted says of them. The odds are those that make
    the probabilities sum to the bads seen; the interval is that of the log-odds' information.

    Raises
    ------
    DataError
        Without both outcomes, or with a probability of exactly 0 or 1.
    """
    labels = binary(y)
    stated = np.asarray(probability, dtype=np.float64)
    if stated.shape != labels.shape or not ((stated > 0) & (stated < 1)).all():
        raise DataError(
            f"probability must hold {len(labels)} numbers strictly between 0 and 1, one for each "
            "outcome."
        )
    if labels.min() == labels.max():
        raise DataError(
            f"y: all {len(labels)} random approvals ended alike, so the odds have no finite "
            "estimate. Approve more at random."
        )
    margin, bads = logit(stated), int(labels.sum())
    shift = brentq(lambda s: expit(margin + s).sum() - bads, -50, 50)
    fitted = expit(margin + shift)
    reach = 1.959964 / np.sqrt((fitted * (1 - fitted)).sum())
    low, odds, high = np.exp([shift - reach, shift, shift + reach])
    return float(odds), float(low), float(high)


def _require_numbers(name: str, frame: pd.DataFrame) -> None:
    if frame.empty:
        raise DataError(f"{name} has no rows or no columns; reject inference needs both kinds.")
    for column in frame.columns:
        values = frame[column]
        if not pd.api.types.is_numeric_dtype(values):
            raise DataError(
                f"{name}[{column!r}]: type {values.dtype}, but numbers are required. Pass weights "
                "of evidence instead of the raw column."
            )
        if not np.isfinite(values.to_numpy(dtype=np.float64, na_value=np.nan)).all():
            raise DataError(
                f"{name}[{column!r}] has gaps or infinities. Pass weights of evidence, where a "
                "missing value has a number of its own."
            )


def default_model() -> Any:
    """Return a logistic regression on standardised columns, hardly shrunk."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=100.0, max_iter=1000))


def fit_weighted(model: Any, X: pd.DataFrame, y: Any, weight: Floats | None) -> Any:
    """Return the model fitted; the weight of a pipeline is that of its last step."""
    if weight is None:
        return model.fit(X, y)
    last = getattr(model, "steps", None)
    key = "sample_weight" if last is None else f"{last[-1][0]}__sample_weight"
    return model.fit(X, y, **{key: weight})


def bad_probability(model: Any, X: pd.DataFrame) -> Floats:
    """Return P(bad) of a fitted classifier, kept off 0 and 1 by 1e-9."""
    found: Floats = np.clip(model.predict_proba(X)[:, 1].astype(np.float64), _SURE, 1 - _SURE)
    return found


def _with_odds(probability: Floats, odds: float) -> Floats:
    shifted: Floats = expit(logit(probability) + np.log(odds))
    return shifted


def _extrapolated(task: _Task) -> Floats:
    """Return what the model of the accepted says of the refused."""
    return bad_probability(task.fit(task.x, task.y), task.x_refused)


def _alone(task: _Task, weight: Floats) -> Inferred:
    model = task.fit(task.x, task.y, weight)
    return Inferred(
        X=task.x.reset_index(drop=True),
        y=task.y,
        weight=weight,
        refused_probability=bad_probability(model, task.x_refused),
    )


def _reweighted(task: _Task, method: Reweighting) -> Inferred:
    chooser = task.fit(task.everybody, task.is_accepted)
    chance = bad_probability(chooser, task.applications.accepted)
    weight = 1 / np.maximum(chance, method.floor)
    return _alone(task, weight * len(weight) / weight.sum())


def _both_ways(
    task: _Task, probability: Floats, selection: SelectedProbit | None = None
) -> Inferred:
    refused = len(probability)
    return Inferred(
        X=pd.concat([task.x, task.x_refused, task.x_refused], ignore_index=True),
        y=np.concatenate([task.y, np.ones(refused, np.int64), np.zeros(refused, np.int64)]),
        weight=np.concatenate([np.ones(len(task.y)), probability, 1 - probability]),
        refused_probability=probability,
        selection=selection,
    )


def _parcelled(task: _Task, method: Parcelling) -> Inferred:
    model = task.fit(task.x, task.y)
    own, other = (bad_probability(model, x) for x in (task.x, task.x_refused))
    edges = np.unique(np.quantile(own, np.arange(1, method.bands) / method.bands))
    band, theirs = (np.searchsorted(edges, p, side="right") for p in (own, other))
    rows = np.bincount(band, minlength=len(edges) + 1)
    # Half a bad and half a good keep a band's odds finite.
    rate = (np.bincount(band, task.y, len(edges) + 1) + 0.5) / (rows + 1)
    probability = _with_odds(rate, method.odds)[theirs]
    drawn = np.random.default_rng(task.seed).random(len(probability)) < probability
    return Inferred(
        X=pd.concat([task.x, task.x_refused], ignore_index=True),
        y=np.concatenate([task.y, drawn.astype(np.int64)]),
        weight=np.ones(len(task.y) + len(drawn)),
        refused_probability=probability,
    )


def _selected(task: _Task) -> Inferred:
    everybody = task.everybody
    centred = everybody - everybody.mean()
    scaled = centred / everybody.std(ddof=0).replace(0.0, 1.0)
    one = np.ones((len(everybody), 1))
    z = np.hstack([one, scaled.to_numpy(dtype=np.float64)])
    x = np.hstack([one, scaled[task.applications.outcome].to_numpy(dtype=np.float64)])
    bad = np.concatenate([task.y, np.zeros(len(z) - len(task.y))])
    pair = fit_selected_probit(x, z, task.is_accepted.astype(np.float64), bad)
    probability = pair.of_refused(x[len(task.y) :], z[len(task.y) :])
    return _both_ways(task, np.clip(probability, _SURE, 1 - _SURE), pair)


def _taught(task: _Task, method: SelfLearning) -> Inferred:
    forest = IsolationForest(random_state=task.seed).fit(task.x.to_numpy())
    likeness = forest.score_samples(task.x_refused.to_numpy())
    low, high = np.quantile(likeness, [method.unlike, 1 - method.like])
    open_rows = np.flatnonzero((likeness >= low) & (likeness <= high))
    random = np.random.default_rng(task.seed)
    X, y = task.x.reset_index(drop=True), task.y
    limits: tuple[float, float] | None = None
    for _ in range(method.rounds):
        if not len(open_rows):
            break
        looked = random.permutation(open_rows)[: max(1, int(method.part * len(open_rows)))]
        p = bad_probability(task.fit(X, y), task.x_refused.iloc[looked])
        if limits is None:
            good, bad = method.step, 1 - method.step * method.imbalance
            limits = float(np.quantile(p, good)), float(np.quantile(p, bad))
        sure = (p <= limits[0]) | (p >= limits[1])
        if not sure.any():
            break
        X = pd.concat([X, task.x_refused.iloc[looked[sure]]], ignore_index=True)
        y = np.concatenate([y, (p[sure] >= limits[1]).astype(np.int64)])
        open_rows = np.setdiff1d(open_rows, looked[sure])
    return Inferred(
        X=X,
        y=y,
        weight=np.ones(len(y)),
        refused_probability=bad_probability(task.fit(X, y), task.x_refused),
    )
