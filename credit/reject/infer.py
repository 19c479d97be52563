"""From accepted and refused applicants to the rows a model is fitted on again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.base import clone
from sklearn.ensemble import IsolationForest

from credit.errors import DataError
from credit.reject.applications import Applications, Inferred
from credit.reject.methods import (
    BivariateProbit,
    FuzzyAugmentation,
    Method,
    Nothing,
    Parcelling,
    Reweighting,
    SelfLearning,
)
from credit.reject.probit import Floats, SelectedProbit, fit_selected_probit
from credit.reject.scores import SURE, bad_probability, default_model, fit_weighted


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
    DataError
        If fuzzy augmentation has odds for another number of refused applicants.
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


def _with_odds(probability: Floats, odds: float | tuple[float, ...]) -> Floats:
    if isinstance(odds, tuple) and len(odds) != len(probability):
        raise DataError(
            f"odds: {len(odds)} of them, but {len(probability)} refused applicants. Give one for "
            "each, or one for all."
        )
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
    return _both_ways(task, np.clip(probability, SURE, 1 - SURE), pair)


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
