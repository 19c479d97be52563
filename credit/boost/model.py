"""BoostedModel: gradient boosting under the features' signs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xgboost as xgb
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit
from sklearn.utils.validation import check_is_fitted

from credit.binning import Sample
from credit.binning.transformer import SpecialCodes
from credit.boost.encode import Matrix, fit_encoder
from credit.boost.forest import average
from credit.boost.options import BoostOptions
from credit.columns import (
    Floats,
    Ints,
    kind_of,
    known_names,
    read_frame,
    read_signs,
    read_target,
    read_weight,
    seed_of,
)
from credit.errors import ModelError
from credit.margin import MarginClassifier

SMALL = 5_000
"""Rows below which one random validation part is too noisy to stop by, and five take turns."""

PARTS = 5

GROWTH = 1.1
"""Rounds of the refit for each round found: it sees the validation rows too."""

UNGUIDED = 50
"""Rounds where a class has fewer than two rows, so that no validation part can be made."""


class Rows(NamedTuple):
    """The rows a booster learns from: matrix, 1.0 for bad, weights."""

    matrix: Matrix
    bad: Floats
    weight: Floats

    def take(self, positions: Ints) -> Rows:
        """Return some of the rows."""
        return Rows(self.matrix[positions], self.bad[positions], self.weight[positions])


Part = tuple[Ints, Ints]
"""Positions of training rows and of the rows that decide when to stop."""


class BoostedModel(MarginClassifier, BaseEstimator):
    """XGBoost on any frame, monotone where a sign is declared.

    Names become their place in the order of smoothed bad rates; missing values, names never
    seen and special codes are missing, to which every split gives its own side, and a frequent
    special code is an indicator column beside, so no code passes a monotone constraint as if it
    were an amount.

    Parameters
    ----------
    options : BoostOptions, optional
    signs : dict of str to int, optional
        +1: the margin never falls as the feature rises; -1: never rises; 0 or absent: free.
    dimensions : dict of str to str, optional
        Feature -> dimension; kept for explanations, the fit does not use it.
    special_codes : dict of str to list, optional
        Values that are no amounts.
    random_state : int, optional
        Seeds rows, columns and validation parts; ``None`` is 0.

    Attributes
    ----------
    booster_ : xgboost.Booster
        Exactly the trees that score: cut at the best round, several seeds already averaged.
    encoder_ : Encoder
        How a frame becomes the booster's matrix, plain data by ``to_dict``.
    rounds_ : int
        Trees for each seed.
    stopping_ : DataFrame
        Best round and validation log-loss of each part that decided when to stop.
    base_ : float
        Margin of the expected row; a row's contributions are added to it.
    classes_ : ndarray (2,)
        Good label, bad label.

    Raises
    ------
    ModelError
        y has one class, a sign or code names no column, a column is missing or holds text where
        it held numbers.
    """

    def __init__(
        self,
        *,
        options: BoostOptions | None = None,
        signs: Mapping[str, int] | None = None,
        dimensions: Mapping[str, str] | None = None,
        special_codes: SpecialCodes | None = None,
        random_state: int | None = None,
    ) -> None:
        self.options = options
        self.signs = signs
        self.dimensions = dimensions
        self.special_codes = special_codes
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        order: ArrayLike | None = None,
    ) -> BoostedModel:
        """Grow the trees; y's greater label is bad.

        Parameters
        ----------
        X : frame or array (rows, features)
        y : array (rows,)
        sample_weight : array (rows,), optional
        order : array (rows,), optional
            Times; the last ``validation_share`` of the rows decides when to stop. Without it a
            stratified random part does, or below 5,000 rows five of them in turn.
        """
        frame = read_frame(self, X, reset=True)
        target = read_target(self, y, len(frame))
        weight = read_weight(sample_weight, target)
        kinds = {name: kind_of(frame[name], name) for name in frame.columns}
        for argument in ("dimensions", "special_codes"):
            known_names(argument, getattr(self, argument) or {}, kinds)
        signs = read_signs(self.signs, kinds)
        self.classes_ = target.classes
        self.encoder_ = fit_encoder(
            frame, Sample.of(target.bad, weight), signs, self.special_codes or {}
        )
        rows = Rows(self.encoder_.matrix(frame), target.bad, weight)
        held = np.flatnonzero(weight > 0)
        times = _times(order, len(frame))
        self._grow(rows.take(held), None if times is None else times[held])
        return self

    def _grow(self, rows: Rows, times: NDArray[Any] | None) -> None:
        options = self.options or BoostOptions()
        seed = seed_of(self.random_state)
        parts = _parts(rows, times, options.validation_share, seed)
        stops = [self._stop(rows, part, seed) for part in parts]
        self.stopping_ = pd.DataFrame(stops, columns=["rounds", "log_loss"])
        best = int(np.median(self.stopping_["rounds"])) if stops else min(UNGUIDED, options.rounds)
        learn = rows if options.refit or not parts else rows.take(parts[0][0])
        self.rounds_ = max(1, round(best * GROWTH)) if options.refit and parts else best
        data = self._data(learn)
        self.booster_ = average(
            [xgb.train(self._params(learn, seed + i), data, self.rounds_)
             for i in range(options.seeds)]
        )  # fmt: skip
        self.booster_.set_param({"nthread": options.threads})
        self.base_ = float(self._explain(rows.matrix[:1])[0, -1])

    def _stop(self, rows: Rows, part: Part, seed: int) -> tuple[int, float]:
        """Return the best number of rounds on one part and its validation log-loss."""
        options = self.options or BoostOptions()
        learn, judge = (rows.take(positions) for positions in part)
        booster = xgb.train(
            self._params(learn, seed),
            self._data(learn),
            options.rounds,
            evals=[(self._data(judge), "validation")],
            early_stopping_rounds=options.early_stopping,
            verbose_eval=False,
        )
        return booster.best_iteration + 1, float(booster.best_score)

    def _params(self, rows: Rows, seed: int) -> dict[str, Any]:
        options = self.options or BoostOptions()
        rate = float(rows.weight @ rows.bad / rows.weight.sum())
        constraints = {"monotone_constraints": str(self.encoder_.monotone)}
        return options.params(rows=len(rows.bad), seed=seed, rate=rate) | constraints

    def _data(self, rows: Rows) -> xgb.DMatrix:
        data = self._bare(rows.matrix)
        data.set_info(label=rows.bad, weight=rows.weight)
        return data

    def _bare(self, matrix: Matrix) -> xgb.DMatrix:
        threads = (self.options or BoostOptions()).threads or None
        return xgb.DMatrix(matrix, feature_names=list(self.encoder_.outputs), nthread=threads)

    def _matrix(self, X: Any) -> Matrix:
        check_is_fitted(self, "booster_")
        return self.encoder_.matrix(read_frame(self, X, reset=False))

    def decision_function(self, X: Any) -> Floats:
        """Return the log-odds of bad, in single precision as the trees add it."""
        data = self._bare(self._matrix(X))
        return self.booster_.predict(data, output_margin=True).astype(np.float64)

    def _explain(self, matrix: Matrix) -> Floats:
        return self.booster_.predict(self._bare(matrix), pred_contribs=True).astype(np.float64)

    def contributions(self, X: Any) -> pd.DataFrame:
        """Return exact TreeSHAP by feature; a row's sum and ``base_`` are its margin.

        Indicators of special codes are counted with the feature they come from. Sums hold to
        about 1e-5, the precision of XGBoost's single floats.
        """
        values = self._explain(self._matrix(X))[:, :-1]
        features = np.array([self.features_.index(source) for source in self.encoder_.sources])
        terms = np.zeros((len(values), len(self.features_)))
        for column, feature in enumerate(features):
            terms[:, feature] += values[:, column]
        index = X.index if isinstance(X, pd.DataFrame) else None
        return pd.DataFrame(terms, index=index, columns=list(self.features_))


def _times(order: ArrayLike | None, rows: int) -> NDArray[Any] | None:
    """Return the times that order the rows."""
    if order is None:
        return None
    times = np.asarray(order)
    if times.shape != (rows,):
        raise ModelError(f"order: shape {times.shape}, but X has {rows} rows: one time a row.")
    if pd.isna(times).any():
        raise ModelError(f"order: {int(pd.isna(times).sum())} row(s) have no time.")
    return times


def _parts(rows: Rows, times: NDArray[Any] | None, share: float, seed: int) -> list[Part]:
    """Return the parts that decide when to stop."""
    everyone = np.arange(len(rows.bad))
    if times is not None:
        return [_latest(rows, times, share)]
    rarest = int(min((rows.bad == 0).sum(), (rows.bad == 1).sum()))
    if rarest < 2:
        return []
    if len(everyone) < SMALL:
        folds = StratifiedKFold(min(PARTS, rarest), shuffle=True, random_state=seed)
    else:
        folds = StratifiedShuffleSplit(1, test_size=share, random_state=seed)
    return list(folds.split(everyone, rows.bad))


def _latest(rows: Rows, times: NDArray[Any], share: float) -> Part:
    """Split at a time, so that rows of one instant are on one side."""
    cut = np.sort(times)[int(len(times) * (1 - share))]
    later = times >= cut
    learn, judge = np.flatnonzero(~later), np.flatnonzero(later)
    if len(np.unique(rows.bad[learn])) < 2:
        raise ModelError(
            f"order: the {len(learn)} row(s) before {cut} hold one class or none, so nothing can "
            "be learnt before the validation part. Leave order out, or take a longer sample."
        )
    return learn, judge
