"""Scorecard: weight of evidence, a logistic regression with signs, integer points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from credit.binning import BinLimits, Bins, Sample, bin_frame, transform_frame
from credit.binning.transformer import SpecialCodes
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
from credit.scorecard.logistic import LogisticFit, fit_logistic
from credit.scorecard.scale import Scale
from credit.scorecard.sql import Dialect, points_sql

BASE = "(base)"
"""The first row of a points table: what everybody starts with."""

_TREND = {1: "ascending", -1: "descending"}


class Scorecard(MarginClassifier, BaseEstimator):
    """Log-odds of bad as a sum of one term per feature, written as a table of points.

    ::

        margin = base_ + sum_j coefficient_j * woe_j(x_j)          coefficient_j >= 0
        points = base_points_ + sum_j points_j(bin of x_j)          integers

    Evidence (woe) above 0 is riskier than the population, and no coefficient is negative, so a
    declared sign, kept by the bins, is kept by the card. Points round each term of ``offset -
    factor * margin`` by itself, so that they add up exactly; probabilities come from the margin,
    which is not rounded.

    A feature is left out when its information value is below ``binning.min_iv`` or when its
    coefficient is at zero; ``coefficients_`` says which rule it was.

    Parameters
    ----------
    binning : BinLimits, optional
    scale : Scale, optional
    special_codes : dict of str to list, optional
        Values that are no amounts; each gets a bin of its own before any trend.
    signs : dict of str to int, optional
        +1 more is riskier: bad rates ascend over the bins; -1 they descend; 0 or absent: the
        trend that explains held-out rows best.
    dimensions : dict of str to str, optional
        Feature -> dimension, for the table.
    random_state : int, optional
        Seeds the choice of trends and numbers of bins; ``None`` is 0.

    Attributes
    ----------
    bins_ : dict of str to Bins
        One entry per column of the X seen in fit, same order.
    base_ : float
        Margin of a row without evidence.
    coefficients_ : DataFrame, index feature
        coefficient, standard_error, p_value, iv, dropped (the rule, or empty).
    points_ : dict of str to tuple of int
        Points of each bin, for the features in the card.
    base_points_ : int
    table_ : DataFrame
        What a credit officer reads: feature, bin, points, share, rate, woe, dimension. The
        first row, feature ``(base)``, holds the base points.
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
        binning: BinLimits | None = None,
        scale: Scale | None = None,
        special_codes: SpecialCodes | None = None,
        signs: Mapping[str, int] | None = None,
        dimensions: Mapping[str, str] | None = None,
        random_state: int | None = None,
    ) -> None:
        self.binning = binning
        self.scale = scale
        self.special_codes = special_codes
        self.signs = signs
        self.dimensions = dimensions
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> Scorecard:
        """Learn bins, coefficients and points; y's greater label is bad."""
        frame = read_frame(self, X, reset=True)
        target = read_target(self, y, len(frame))
        weight = read_weight(sample_weight, target)
        kinds = {name: kind_of(frame[name], name) for name in frame.columns}
        signs = read_signs(self.signs, kinds)
        known_names("dimensions", self.dimensions or {}, kinds)
        limits = self.binning or BinLimits()
        self.classes_ = target.classes
        self.bins_ = bin_frame(
            frame,
            Sample.of(target.bad, weight),
            limits,
            trends={name: _TREND[sign] for name, sign in signs.items() if sign},
            special_codes=self.special_codes or {},
            seed=seed_of(self.random_state),
        )
        used = {name: bins for name, bins in self.bins_.items() if bins.iv >= limits.min_iv}
        fit = fit_logistic(transform_frame(frame, used), target.bad, weight)
        self.base_ = fit.intercept
        self.coefficients_ = _coefficients(self.bins_, tuple(used), fit, limits.min_iv)
        self._write_points()
        return self

    def _write_points(self) -> None:
        """Round the terms to integer points and write the table."""
        scale = self.scale or Scale()
        self.base_points_ = int(np.rint(scale.of_margin(self.base_)))
        self.points_ = {
            name: tuple(
                int(p) for p in np.rint(-scale.factor * weight * np.array(self.bins_[name].woe))
            )
            for name, weight in self._active().items()
        }
        self.table_ = points_table(
            self.base_points_, self.points_, self.bins_, self.dimensions or {}
        )

    def _active(self) -> dict[str, float]:
        kept = self.coefficients_["coefficient"]
        return {str(name): float(value) for name, value in kept[kept > 0].items()}

    def _assigned(self, X: Any) -> dict[str, Ints]:
        check_is_fitted(self, "points_")
        frame = read_frame(self, X, reset=False)
        index = {name: self.bins_[name].assign(frame[name]) for name in frame.columns}
        return {name: index[name] for name in self.bins_}

    def decision_function(self, X: Any) -> Floats:
        """Return the log-odds of bad."""
        index = self._assigned(X)
        margin = np.full(len(next(iter(index.values()))), self.base_)
        for name, weight in self._active().items():
            margin += weight * np.array(self.bins_[name].woe)[index[name]]
        return margin

    def points(self, X: Any) -> Ints:
        """Return the sums of the table's integer points; higher is safer."""
        index = self._assigned(X)
        total = np.full(len(next(iter(index.values()))), self.base_points_, dtype=np.int64)
        for name, values in self.points_.items():
            total += np.array(values, dtype=np.int64)[index[name]]
        return total

    def contributions(self, X: Any) -> pd.DataFrame:
        """Return each feature's term of the margin; a row's sum and ``base_`` are its margin."""
        index = self._assigned(X)
        weights = self.coefficients_["coefficient"].to_dict()
        terms = {
            name: weights[name] * np.array(self.bins_[name].woe)[positions]
            for name, positions in index.items()
        }
        return pd.DataFrame(terms, index=X.index if isinstance(X, pd.DataFrame) else None)

    def to_sql(self, dialect: Dialect = "duckdb", *, table: str) -> str:
        """Return a query that gives every row of ``table`` its points, equal to :meth:`points`.

        The query returns the table's columns, ``<feature>_points`` for each feature of the card,
        and ``points``, their sum with the base points, all integers.

        - NULL and NaN are missing; a special code is looked up before any edge; an edge belongs
          to the bin above it; -0.0 equals 0.0.
        - A name not seen in fit, in any column of names, scores as in :meth:`points`.
        - A row with an infinity, which :meth:`points` refuses, has NULL for that feature's
          points and for ``points``. Columns that are not in the card are not looked at.
        - Columns of numbers hold any type of number or truth values. Columns of names hold text
          or whole numbers: another number is written in its own way by each engine.

        Parameters
        ----------
        dialect : {"duckdb", "spark"}
        table : str
            Name of the table or view; a dot separates it from its schema.
        """
        check_is_fitted(self, "points_")
        return points_sql(self.base_points_, self.points_, self.bins_, dialect=dialect, table=table)

    def to_dict(self) -> dict[str, Any]:
        """Return the fitted card as plain data: numbers, text, lists and dicts alone."""
        check_is_fitted(self, "points_")
        rows = self.coefficients_.astype(object).where(self.coefficients_.notna(), None)
        return {
            "kind": "scorecard",
            "scale": (self.scale or Scale()).to_dict(),
            "classes": self.classes_.tolist(),
            "base": self.base_,
            "base_points": self.base_points_,
            "features": [
                {
                    "name": name,
                    "dimension": (self.dimensions or {}).get(name, ""),
                    **rows.loc[name].to_dict(),
                    "points": list(self.points_.get(name, ())),
                    "bins": bins.to_dict(),
                }
                for name, bins in self.bins_.items()
            ],
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Scorecard:
        """Build a fitted card from :meth:`to_dict`; it scores as the one it came from."""
        if plain.get("kind") != "scorecard":
            raise ModelError(f"kind must be 'scorecard', got {plain.get('kind')!r}.")
        features = plain["features"]
        names = [feature["name"] for feature in features]
        card = cls(
            scale=Scale.from_dict(plain["scale"]),
            dimensions={f["name"]: f["dimension"] for f in features if f["dimension"]},
        )
        card.classes_ = np.array(plain["classes"])
        card.features_ = tuple(names)
        card.feature_names_in_ = np.array(names, dtype=object)
        card.n_features_in_ = len(names)
        card.bins_ = {f["name"]: Bins.from_dict(f["bins"]) for f in features}
        card.base_ = float(plain["base"])
        columns = ("coefficient", "standard_error", "p_value", "iv", "dropped")
        table = pd.DataFrame([{c: f[c] for c in columns} for f in features], index=names)
        numeric = table[list(columns[:-1])].astype(np.float64)
        card.coefficients_ = numeric.assign(dropped=table["dropped"]).rename_axis("feature")
        card._write_points()
        return card


def _coefficients(
    bins: Mapping[str, Bins], used: tuple[str, ...], fit: LogisticFit, min_iv: float
) -> pd.DataFrame:
    """Return a row a feature: its coefficient and test, or the rule that left it out."""
    table = pd.DataFrame(
        {
            "coefficient": fit.coefficients,
            "standard_error": fit.standard_errors,
            "p_value": fit.p_values,
        },
        index=list(used),
    ).reindex(list(bins))
    rules = []
    for name, column in bins.items():
        if name not in used:
            because = f" ({column.diagnosis})" if column.diagnosis else ""
            rules.append(f"information value {column.iv:.4f} < {min_iv:g}{because}")
        elif table.loc[name, "coefficient"] == 0:
            rules.append("coefficient at zero: the other features say as much")
        else:
            rules.append("")
    return table.assign(
        coefficient=table["coefficient"].fillna(0.0),
        iv=[column.iv for column in bins.values()],
        dropped=rules,
    ).rename_axis("feature")


def points_table(
    base_points: int,
    points: Mapping[str, tuple[int, ...]],
    bins: Mapping[str, Bins],
    dimensions: Mapping[str, str],
) -> pd.DataFrame:
    """Return the card as a table: feature, bin, points, share, rate, woe, dimension."""
    good, bad = (sum(getattr(next(iter(bins.values())), side)) for side in ("good", "bad"))
    base = {
        "feature": BASE,
        "bin": "everybody",
        "points": base_points,
        "share": 1.0,
        "rate": bad / (good + bad),
        "woe": 0.0,
        "dimension": "",
    }
    parts = [
        bins[name].table().assign(points=list(values), dimension=dimensions.get(name, ""))
        for name, values in points.items()
    ]
    return pd.concat([pd.DataFrame([base]), *parts], ignore_index=True)[list(base)]
