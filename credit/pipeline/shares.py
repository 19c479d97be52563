"""What moves the score: dimension shares with intervals, and reasons for single people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone

from credit.binning import BinLimits, Bins
from credit.binning.bins import evidence
from credit.boost import BoostedModel, BoostOptions
from credit.explain import bootstrap_shares, dimension_contributions
from credit.pipeline.fit import Fitted
from credit.scorecard import Scorecard
from credit.scorecard.logistic import fit_logistic

Floats = npt.NDArray[np.float64]

RESAMPLES = 40
"""Refits behind an interval of the card's shares."""

TREE_RESAMPLES = 12
"""Refits of boosted trees: each costs a training; Student's t pays for their small number."""

TREE_ROWS = 4_000
"""Most rows on which contributions of trees are computed in each refit."""

ROW_RESAMPLES = 200
"""Draws of rows where the model is taken as given."""


class Reweighted:
    """A scorecard fitted again to reweighted rows: evidence and coefficients anew, cuts kept.

    What a bootstrap of the whole card costs goes into searching cuts; given the cuts, a refit
    is a count per bin and a logistic regression. A bin's margin moves as its evidence does,
    times the slope of the column's margins on its evidence: in a classic card that slope is the
    column's coefficient, in a fused card what standing beside the others left of its evidence.

    Parameters
    ----------
    card : Scorecard
    X, y
        What it was fitted on.
    """

    def __init__(self, card: Scorecard, X: pd.DataFrame, y: npt.NDArray[np.int64]) -> None:
        self.bad = np.asarray(y, dtype=np.float64)
        self.smoothing = (card.binning or BinLimits()).smoothing
        self.index = X.index
        self.bins: dict[str, Bins] = {name: card.bins_[name] for name in card.margins_}
        self.codes = [bins.assign(X[name]) for name, bins in self.bins.items()]
        self.margins = [np.array(card.margins_[name]) for name in self.bins]
        ones = np.ones(len(self.bad))
        self.evidence = self._evidence(ones)
        self.slopes = [
            _slope(margin, woe, np.bincount(codes, minlength=len(woe)))
            for margin, woe, codes in zip(self.margins, self.evidence, self.codes, strict=True)
        ]

    def _evidence(self, weight: Floats) -> list[Floats]:
        """Return the evidence of every bin of every column under a weight of the rows."""
        sides = weight * (1 - self.bad), weight * self.bad
        prior = np.array([side.sum() for side in sides])
        found = []
        for codes, margin in zip(self.codes, self.margins, strict=True):
            counts = np.column_stack([np.bincount(codes, side, len(margin)) for side in sides])
            found.append(evidence(counts.astype(np.float64), prior, self.smoothing))
        return found

    def __call__(self, weight: Floats) -> pd.DataFrame:
        """Return the contributions of every row under the refitted card."""
        parts = zip(self.margins, self.slopes, self._evidence(weight), self.evidence, strict=True)
        moved = np.empty((len(self.bad), len(self.codes)))
        for column, (margin, slope, now, before) in enumerate(parts):
            moved[:, column] = (margin + slope * (now - before))[self.codes[column]]
        fit = fit_logistic(moved, self.bad, weight)
        return pd.DataFrame(moved * fit.coefficients, columns=list(self.bins), index=self.index)


def _slope(margin: Floats, woe: Floats, rows: npt.NDArray[np.int64]) -> float:
    """Return the least squares slope of a column's margins on its evidence, over its rows."""
    share = rows / rows.sum()
    centred = woe - share @ woe
    spread = share @ centred**2
    return float(share @ (centred * margin) / spread) if spread > 0 else 0.0


def dimension_shares(
    fitted: Fitted,
    X: pd.DataFrame,
    y: npt.NDArray[np.int64],
    *,
    person: Any = None,
    policy: Mapping[str, float] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Return each dimension's covariance share with a 95 % interval, beside the policy.

    For learnt models the interval holds the error of estimating them: they are fitted again to
    resampled people. For others the model is taken as given and only the rows vary.

    Returns
    -------
    DataFrame
        See `credit.explain.bootstrap_shares`; with a column ``refit``.
    """
    dimensions = dict(fitted.model.dimensions or {})
    if isinstance(fitted.model, Scorecard) and fitted.model.method_ != "range":
        again = Reweighted(fitted.model, X, y)
        given = list(again.bins)
        table = bootstrap_shares(
            dimension_contributions(fitted.model.contributions(X)[given], dimensions),
            seed=seed,
            person=person,
            policy=policy,
            refit=lambda weight: dimension_contributions(again(weight), dimensions),
            resamples=RESAMPLES,
        )
        return table.assign(refit=True)
    if isinstance(fitted.model, BoostedModel):
        at = np.unique(np.linspace(0, len(X) - 1, TREE_ROWS).astype(np.int64))
        # Several seeds would move a refit's shares far less than drawing people again does.
        options = replace(fitted.model.options or BoostOptions(), seeds=1)
        one_seed = clone(fitted.model).set_params(options=options)

        def grown_again(weight: Floats) -> pd.DataFrame:
            model = clone(one_seed).fit(X, y, sample_weight=weight)
            return dimension_contributions(model.contributions(X.iloc[at]), dimensions)

        table = bootstrap_shares(
            dimension_contributions(fitted.model.contributions(X.iloc[at]), dimensions),
            seed=seed,
            person=np.arange(len(X)) if person is None else person,
            policy=policy,
            refit=grown_again,
            resamples=TREE_RESAMPLES,
            measured=at,
        )
        return table.assign(refit=True)
    by_dimension = dimension_contributions(fitted.model.contributions(X), dimensions)
    table = bootstrap_shares(
        by_dimension, seed=seed, person=person, policy=policy, resamples=ROW_RESAMPLES
    )
    return table.assign(refit=False)
