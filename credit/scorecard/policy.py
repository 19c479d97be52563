"""PolicyCard: published weights and ranks, nothing trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from credit.binning.bins import special_key
from credit.binning.transformer import SpecialCodes
from credit.calibrate import Calibration, fit_platt
from credit.columns import (
    Floats,
    Ints,
    Kind,
    kind_of,
    known_names,
    numbers,
    read_frame,
    read_signs,
    read_target,
    read_weight,
)
from credit.errors import ModelError
from credit.margin import MarginClassifier
from credit.scorecard.ranks import NEUTRAL, RankTable
from credit.scorecard.scale import Scale

_UNIT = 10.0
_LEAST_SLOPE = 1e-3


class PolicyCard(MarginClassifier, BaseEstimator):
    """A score by published weights: ranks within the training sample, averaged and weighted.

    ::

        s_j   = rank of x_j if more is safer (sign -1), 100 - rank if more is riskier (+1)
        sub_d = mean of s_j over the features of dimension d                      0 to 100
        composite = sum_d weight_d sub_d                                          0 to 100

    No weight is learnt. The log-odds of bad are a straight line in the composite, fitted so
    that probabilities mean something; its slope is held on the policy's side, since the order
    of applicants is the policy's, not the data's.

    Parameters
    ----------
    signs : dict of str to int, optional
        +1 more is riskier, -1 more is safer; features with 0, or absent, are not used. Without
        any signs every column of numbers counts as a risk.
    dimensions : dict of str to str, optional
        Feature -> dimension. Without it all features are one dimension, ``all``.
    weights : dict of str to float, optional
        Dimension -> weight; they sum to 1. A dimension not named has no weight and its features
        are not used. Without it every dimension weighs the same.
    special_codes : dict of str to list, optional
        Values that are no amounts; ranked 50 like missing ones.
    scale : Scale, optional

    Attributes
    ----------
    ranks_ : dict of str to RankTable
    signs_, dimension_ : dict
        Of the features used.
    weights_ : dict of str to float
    calibration_ : Calibration
        Of ``(50 - composite) / 10``.
    base_ : float
        Margin at composite 50.

    Raises
    ------
    ModelError
        Weights do not sum to 1, are negative, or belong to a dimension without a signed feature.
    """

    def __init__(
        self,
        *,
        signs: Mapping[str, int] | None = None,
        dimensions: Mapping[str, str] | None = None,
        weights: Mapping[str, float] | None = None,
        special_codes: SpecialCodes | None = None,
        scale: Scale | None = None,
    ) -> None:
        self.signs = signs
        self.dimensions = dimensions
        self.weights = weights
        self.special_codes = special_codes
        self.scale = scale

    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> PolicyCard:
        """Store the ranks of the training sample and fit the line to log-odds."""
        frame = read_frame(self, X, reset=True)
        target = read_target(self, y, len(frame))
        weight = read_weight(sample_weight, target)
        kinds = {name: kind_of(frame[name], name) for name in frame.columns}
        known_names("special_codes", self.special_codes or {}, kinds)
        known_names("dimensions", self.dimensions or {}, kinds)
        signed = self._signed(kinds)
        self.weights_ = _weights(self.weights, set(signed.values()))
        self.dimension_ = {name: d for name, d in signed.items() if d in self.weights_}
        self.classes_ = target.classes
        self.ranks_ = {
            name: RankTable.of(self._values(frame, name), weight) for name in self.dimension_
        }
        risk = (NEUTRAL - self._composite(frame)) / _UNIT
        line = fit_platt(risk, target.bad, weight)
        if line.slope < _LEAST_SLOPE:
            level = float(np.log((weight @ target.bad) / (weight @ (1 - target.bad))))
            centre = float(weight @ risk / weight.sum())
            line = Calibration(slope=_LEAST_SLOPE, intercept=level - _LEAST_SLOPE * centre)
        self.calibration_ = line
        self.base_ = line.intercept
        return self

    def _signed(self, kinds: Mapping[str, Kind]) -> dict[str, str]:
        """Learn the signs; return the dimension of every feature that has one."""
        signs = read_signs(self.signs, kinds)
        if self.signs is None:
            signs = {name: int(kind == "number") for name, kind in kinds.items()}
        self.signs_ = {name: sign for name, sign in signs.items() if sign}
        if not self.signs_:
            raise ModelError(
                "signs: no feature has a sign, so a policy card has nothing to rank. "
                "Declare +1 (more is riskier) or -1 (more is safer)."
            )
        if self.dimensions is None:
            return dict.fromkeys(self.signs_, "all")
        return {name: self.dimensions[name] for name in self.signs_ if name in self.dimensions}

    def _values(self, frame: pd.DataFrame, name: str) -> Floats:
        values = numbers(frame[name], name)
        for code in (self.special_codes or {}).get(name, ()):
            values = np.where(values == special_key("number", code, name), np.nan, values)
        return values

    def _safety(self, frame: pd.DataFrame) -> dict[str, Floats]:
        ranks = {name: table.rank(self._values(frame, name)) for name, table in self.ranks_.items()}
        return {n: 100.0 - rank if self.signs_[n] > 0 else rank for n, rank in ranks.items()}

    def _composite(self, frame: pd.DataFrame) -> Floats:
        shares = self.shares_
        safety = self._safety(frame)
        return np.sum([shares[name] * safety[name] for name in safety], axis=0)

    @property
    def shares_(self) -> dict[str, float]:
        """Weight of each feature: its dimension's weight over the number of features there."""
        sizes = pd.Series(self.dimension_).value_counts()
        return {n: self.weights_[d] / int(sizes[d]) for n, d in self.dimension_.items()}

    def _read(self, X: Any) -> pd.DataFrame:
        check_is_fitted(self, "calibration_")
        return read_frame(self, X, reset=False)

    def composite(self, X: Any) -> Floats:
        """Return the score 0 to 100; higher is safer."""
        return self._composite(self._read(X))

    def subscores(self, X: Any) -> pd.DataFrame:
        """Return each dimension's score 0 to 100, in the order of the weights."""
        safety = self._safety(self._read(X))
        columns = {
            dimension: np.mean([safety[n] for n, d in self.dimension_.items() if d == dimension], 0)
            for dimension in self.weights_
        }
        return pd.DataFrame(columns, index=X.index if isinstance(X, pd.DataFrame) else None)

    def decision_function(self, X: Any) -> Floats:
        """Return the log-odds of bad."""
        composite = self.composite(X)
        return self.calibration_.margin((NEUTRAL - composite) / _UNIT)

    def points(self, X: Any) -> Ints:
        """Return the margin as integer points on the scale; higher is safer."""
        return np.rint((self.scale or Scale()).of_margin(self.decision_function(X))).astype(
            np.int64
        )

    def contributions(self, X: Any) -> pd.DataFrame:
        """Return each feature's term of the margin; a row's sum and ``base_`` are its margin."""
        frame = self._read(X)
        safety = self._safety(frame)
        shares = {n: self.calibration_.slope / _UNIT * s for n, s in self.shares_.items()}
        terms = {
            name: shares[name] * (NEUTRAL - safety[name]) if name in safety else 0.0
            for name in frame.columns
        }
        index = X.index if isinstance(X, pd.DataFrame) else pd.RangeIndex(len(frame))
        return pd.DataFrame(terms, index=index)

    def to_dict(self) -> dict[str, Any]:
        """Return the fitted card as plain data."""
        check_is_fitted(self, "calibration_")
        return {
            "kind": "policy_card",
            "scale": (self.scale or Scale()).to_dict(),
            "classes": self.classes_.tolist(),
            "weights": dict(self.weights_),
            "calibration": self.calibration_.to_dict(),
            "neutral": NEUTRAL,
            "unit": _UNIT,
            "inputs": list(self.features_),
            "features": [
                {
                    "name": name,
                    "dimension": dimension,
                    "sign": self.signs_[name],
                    "share": self.shares_[name],
                    "special": [
                        special_key("number", code, name)
                        for code in (self.special_codes or {}).get(name, ())
                    ],
                    "ranks": asdict(self.ranks_[name]),
                }
                for name, dimension in self.dimension_.items()
            ],
        }

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # nothing is trained
        return tags


def _weights(weights: Mapping[str, float] | None, present: set[str]) -> dict[str, float]:
    if weights is None:
        return {dimension: 1 / len(present) for dimension in sorted(present)}
    total = sum(weights.values())
    if abs(total - 1) > 1e-9 or min(weights.values()) < 0:
        raise ModelError(
            "weights must not be negative and must sum to 1, got "
            f"{dict(weights)} with sum {total:.12g}."
        )
    empty = [dimension for dimension in weights if dimension not in present]
    if empty:
        raise ModelError(
            f"weights: dimension(s) {empty} have weight, but no feature with a declared sign. "
            "Declare one, or leave the dimension out and rescale the others to sum to 1."
        )
    return dict(weights)
