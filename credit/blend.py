"""BlendedModel: a card and boosted trees added up, where that is better than either alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from credit.boost import BoostedModel
from credit.boost.parts import Clues, Part, read_clues, stopping_parts
from credit.columns import (
    Floats,
    Ints,
    kinds_of,
    numbers,
    read_frame,
    read_target,
    read_weight,
    seed_of,
)
from credit.errors import ModelError
from credit.frames import ParquetColumns
from credit.margin import MarginClassifier
from credit.scorecard import Scorecard

SHARE = 0.2
"""Share of the rows held back to compare the candidates, where five parts do not take turns."""

CANDIDATES: Mapping[str, tuple[float, float]] = {
    "card": (1.0, 0.0),
    "trees": (0.0, 1.0),
    "blend": (0.5, 0.5),
}
"""Weights of the card's margin and of the trees', the candidate that is read first first."""

ERRORS = 1.96
"""Standard errors by which a later candidate must be better to be taken."""


class BlendedModel(MarginClassifier, BaseEstimator):
    """The mean of a card's margin and that of boosted trees, where it wins significantly.

    On rows held back from both, the trees replace the card, and the mean of the two replaces
    the better of them, only where the log-loss falls by more than 1.96 standard errors of the
    paired difference. The weights of the mean are fixed, so nothing is tuned on these rows.

    Parameters
    ----------
    card : Scorecard, optional
    trees : BoostedModel, optional
        Not fitted; they carry signs, dimensions and special codes.
    random_state : int, optional
        Seeds the rows held back; ``None`` is 0.

    Attributes
    ----------
    choice_ : {"card", "trees", "blend"}
    weights_ : tuple of float
        Of the card's margin and the trees'.
    judged_ : DataFrame
        Of each candidate: log-loss on the rows held back, its difference to what it had to beat,
        the difference's standard error, and whether it was taken. Empty where a class has fewer
        than two rows, so that none could be held back and the card is taken.
    card_, trees_ : fitted models
        On all rows; None where the weight is 0.
    base_ : float
        A row's contributions are added to it.
    classes_ : ndarray (2,)
        Good label, bad label.

    Raises
    ------
    ModelError
        As the card and the trees raise it; X is a Parquet file.
    """

    def __init__(
        self,
        *,
        card: Scorecard | None = None,
        trees: BoostedModel | None = None,
        random_state: int | None = None,
    ) -> None:
        self.card = card
        self.trees = trees
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        order: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> BlendedModel:
        """Choose and fit; y's greater label is bad. Arguments are those of `BoostedModel.fit`."""
        if isinstance(X, ParquetColumns):
            raise ModelError(
                "X: a blend takes rows apart, which a Parquet file read by column does not allow. "
                "Pass a frame, or fit the card and the trees by themselves."
            )
        frame = read_frame(self, X, reset=True)
        for name, kind in kinds_of(frame).items():
            if kind == "number":
                numbers(frame[name], name)  # said of the rows given, before parts are taken
        target = read_target(self, y, len(frame))
        weight = read_weight(sample_weight, target)
        clues = read_clues(order, groups, len(frame))
        self.classes_ = target.classes
        held = np.flatnonzero(weight > 0)
        rows = _Rows(frame, target.bad, weight, clues).take(held)
        parts = stopping_parts(rows.bad, rows.clues, SHARE, seed_of(self.random_state))
        self.choice_, self.judged_ = self._judge(rows, parts)
        self.weights_ = CANDIDATES[self.choice_]
        self.card_, self.trees_ = self._fit_both(rows, self.weights_)
        self.base_ = sum(w * model.base_ for w, model in self._models())
        return self

    def _fit_both(
        self, rows: _Rows, weights: tuple[float, float]
    ) -> tuple[Scorecard | None, BoostedModel | None]:
        card, trees = weights
        return (
            clone(self.card or Scorecard()).fit(rows.frame, rows.bad, rows.weight)
            if card
            else None,
            clone(self.trees or BoostedModel()).fit(
                rows.frame, rows.bad, rows.weight, order=rows.clues.times, groups=rows.clues.groups
            )
            if trees
            else None,
        )

    def _judge(self, rows: _Rows, parts: list[Part]) -> tuple[str, pd.DataFrame]:
        """Return the candidate to take, and what the rows held back say of each."""
        if not parts:
            return "card", pd.DataFrame()
        margins = []
        for learn, judge in parts:
            held = rows.frame.iloc[judge]
            both = self._fit_both(rows.take(learn), (1.0, 1.0))
            margins.append([m.decision_function(held) for m in both if m is not None])
        card, trees = np.concatenate(margins, axis=1)
        judged = rows.take(np.concatenate([judge for _, judge in parts]))
        found, chosen, best = [], "", np.empty(0)
        for name, (of_card, of_trees) in CANDIDATES.items():
            margin = of_card * card + of_trees * trees
            loss = judged.weight * np.logaddexp(0, np.where(judged.bad == 1, -margin, margin))
            gap, error = judged.mean_and_error(loss - best if chosen else loss)
            taken = not chosen or gap < -ERRORS * error
            total = float(loss.sum() / judged.weight.sum())
            row = {"candidate": name, "log_loss": total, "against": chosen}
            found.append(row | {"difference": gap if chosen else 0.0, "standard_error": error})
            if taken:
                chosen, best = name, loss
        table = pd.DataFrame(found)
        return chosen, table.assign(chosen=table["candidate"] == chosen)

    def _models(self) -> list[tuple[float, Scorecard | BoostedModel]]:
        check_is_fitted(self, "weights_")
        pairs = zip(self.weights_, (self.card_, self.trees_), strict=True)
        return [(weight, model) for weight, model in pairs if model is not None]

    @property
    def dimensions(self) -> dict[str, str]:
        """Feature -> dimension, as the two models were given them."""
        found: dict[str, str] = {}
        for model in (self.card, self.trees):
            found |= dict((model.dimensions if model is not None else None) or {})
        return found

    def decision_function(self, X: Any) -> Floats:
        """Return the log-odds of bad."""
        models = self._models()
        frame = read_frame(self, X, reset=False)
        parts = [weight * model.decision_function(frame) for weight, model in models]
        return np.sum(parts, axis=0)

    def contributions(self, X: Any) -> pd.DataFrame:
        """Return each feature's part of the margin; a row's sum and ``base_`` are its margin."""
        models = self._models()
        frame = read_frame(self, X, reset=False)
        total = np.zeros((len(frame), len(self.features_)))
        for weight, model in models:
            total += weight * model.contributions(frame)[list(self.features_)].to_numpy()
        index = X.index if isinstance(X, pd.DataFrame) else None
        return pd.DataFrame(total, index=index, columns=list(self.features_))


class _Rows:
    """Labelled rows and what ties them together."""

    def __init__(self, frame: pd.DataFrame, bad: Floats, weight: Floats, clues: Clues) -> None:
        self.frame, self.bad, self.weight, self.clues = frame, bad, weight, clues

    def take(self, positions: Ints) -> _Rows:
        """Return some of the rows."""
        return _Rows(
            self.frame.iloc[positions],
            self.bad[positions],
            self.weight[positions],
            self.clues.take(positions),
        )

    def mean_and_error(self, weighted: Floats) -> tuple[float, float]:
        """Return the mean of weighted losses a row, and its error with groups taken whole."""
        total = float(self.weight.sum())
        sums = weighted
        if self.clues.groups is not None:
            _, at = np.unique(self.clues.groups, return_inverse=True)
            sums = np.bincount(at, weighted).astype(np.float64)
        return float(weighted.sum() / total), float(np.sqrt(len(sums)) * sums.std(ddof=1) / total)
