"""Scorecard: one term a feature, learnt by one of two methods, and integer points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from credit.binning import BinLimits, Bins, Counts, Edit, Sample, bin_counts, count_frame
from credit.binning.codes import add_terms
from credit.binning.transformer import SpecialCodes
from credit.columns import (
    Floats,
    Ints,
    known_names,
    read_frame,
    read_signs,
    read_target,
    read_weight,
    seed_of,
)
from credit.errors import ModelError
from credit.frames import Frame
from credit.margin import MarginClassifier
from credit.scorecard.edited import EditedByHand
from credit.scorecard.fused import fit_fused
from credit.scorecard.options import FusedOptions
from credit.scorecard.rounding import RangeScale, integer_points
from credit.scorecard.scale import Scale
from credit.scorecard.sql import Dialect, points_sql
from credit.scorecard.table import breakdown, memberships, points_table, read_coefficients
from credit.scorecard.woe import Weighed, fit_woe

_TREND = {1: "ascending", -1: "descending"}


class Scorecard(EditedByHand, MarginClassifier, BaseEstimator):
    """Log-odds of bad as a sum of one term per feature, written as a table of points.

    ::

        margin = base_ + sum_j margins_j(bin of x_j)
        points = base_points_ + sum_j points_j(bin of x_j)          integers

    Two methods find bins and margins; whatever ``binning`` is says which:

    * ``woe`` (a BinLimits, or a WoeOptions, which also chooses among features): each column is
      binned by itself, and ``margins_j = coefficient_j * woe_j`` with ``coefficient_j >= 0`` from
      a logistic regression. Evidence (woe) above 0 is riskier than the population, and no
      coefficient is negative, so a declared sign, kept by the bins, is kept by the card.
    * ``fused`` (a FusedOptions, the default): cuts and margins of all columns are found together,
      by a convex fit in which declared signs are constraints, averaged over bags of rows and
      with the terms of a woe card.

    Points round each term of ``offset - factor * margin`` by itself, so that they add up
    exactly; probabilities come from the margin, which is not rounded.

    A feature is left out when its information value is below ``binning.min_iv``, when a rule of
    ``binning.selection`` says so or its coefficient is at zero (woe), or when its terms hardly
    differ (fused); ``coefficients_`` says which rule it was.

    Parameters
    ----------
    binning : BinLimits, WoeOptions or FusedOptions, optional
        Limits of the bins, and with them the method: it is an option of how bins come about,
        so it needs no argument of its own.
    scale : Scale or RangeScale, optional
        A RangeScale gives the card's lowest and highest possible sum.
    special_codes : dict of str to list, optional
        Values that are no amounts; each gets a bin of its own before any trend.
    signs : dict of str to int, optional
        +1 more is riskier: bad rates (fused: margins) ascend over the bins; -1 they descend; 0
        or absent: the trend that explains held-out rows best (fused: any shape).
    dimensions : dict of str to str, optional
        Feature -> dimension, for the table.
    random_state : int, optional
        Seeds the choice of trends and numbers of bins, or the bags; ``None`` is 0.

    Attributes
    ----------
    method_ : {"woe", "fused", "range"}
        ``range`` of a card from `credit.scorecard.range_card`.
    bins_ : dict of str to Bins
        One entry per column of the X seen in fit, same order.
    base_ : float
        Margin of a row without evidence.
    margins_ : dict of str to tuple of float
        What each bin adds to the margin, for the features in the card.
    penalty_ : tuple of float
        Fused: the L1 and L2 chosen.
    coefficients_ : DataFrame, index feature
        coefficient, standard_error, p_value, vif (of the evidence of the features in the card),
        iv, dropped (the rule and its figure, or empty). Fused: a coefficient is 1 for a feature
        in the card, since its margins are fitted themselves, and there are no standard errors.
    edits_ : tuple of Edit
        Changes by hand (see :meth:`refit`); none after fit.
    scale_ : Scale
        The scale given, or the one that follows from a RangeScale.
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
        scale: Scale | RangeScale | None = None,
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

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        period: ArrayLike | None = None,
    ) -> Scorecard:
        """Learn bins, coefficients and points; y's greater label is bad.

        ``period`` is each row's month or quarter: limits that compare periods ask for it.
        """
        frame = read_frame(self, X, reset=True)
        target = read_target(self, y, len(frame))
        weight = read_weight(sample_weight, target)
        sample = Sample.of(target.bad, weight, period)
        counts = count_frame(frame, sample, self.bin_limits, special_codes=self.special_codes)
        return self.fit_counted(frame, sample, counts, target.classes)

    @property
    def bin_limits(self) -> BinLimits:
        """What ``binning`` stands for."""
        return FusedOptions() if self.binning is None else self.binning

    def fit_counted(
        self,
        frame: Frame,
        sample: Sample,
        counts: Mapping[str, Counts],
        classes: ArrayLike,
    ) -> Scorecard:
        """Learn from rows that are read and counted, which may be a part of all that count.

        Parameters
        ----------
        frame : Frame
            As `credit.columns.read_frame` gives it.
        sample : Sample
            Weights and classes of the frame's rows, and the whole that they are a part of.
        counts : dict of str to Counts
            Of every column over the whole, under ``bin_limits`` and ``special_codes``.
        classes : (2,)
            Good label, bad label.
        """
        kinds = {name: column.kind for name, column in counts.items()}
        signs = read_signs(self.signs, kinds)
        known_names("dimensions", self.dimensions or {}, kinds)
        self.classes_, self.edits_ = np.asarray(classes), ()
        binning, seed = self.bin_limits, seed_of(self.random_state)
        if isinstance(binning, FusedOptions):
            fused = fit_fused(frame, sample, counts, binning, signs=signs, seed=seed)
            self.method_, self.base_, self.penalty_ = "fused", fused.base, fused.penalty
            self.bins_, self.margins_ = dict(fused.bins), dict(fused.margins)
            self.coefficients_ = memberships(fused)
            self._write_points()
        else:
            self.method_ = "woe"
            trends = {name: _TREND[sign] for name, sign in signs.items() if sign}
            self.bins_ = bin_counts(counts, sample.prior, binning, trends=trends, seed=seed)
            self._take(self._weigh(frame, sample, binning))
        return self

    def _weigh(self, frame: Frame, sample: Sample, limits: BinLimits) -> Weighed:
        """Weigh the evidence of the rows; a card whose rows lie elsewhere looks them up there."""
        return fit_woe(frame, sample, self.bins_, limits)

    def _take(self, found: Weighed) -> None:
        """Keep what was weighed, and write the points."""
        self.base_, self.margins_ = found.base, dict(found.margins)
        self.coefficients_ = found.coefficients
        self._write_points()

    def _write_points(self) -> None:
        """Round the terms to integer points and write the table."""
        self.scale_, self.base_points_, self.points_ = integer_points(
            self.scale or Scale(), self.base_, self.margins_
        )
        self.table_ = points_table(
            self.base_points_, self.points_, self.bins_, self.dimensions or {}
        )

    def _frame(self, X: Any) -> Frame:
        check_is_fitted(self, "points_")
        return read_frame(self, X, reset=False)

    def _add(self, frame: Frame, sums: Any, terms: Mapping[str, tuple[float, ...]]) -> None:
        """Add each row's terms to ``sums``, one column after the other.

        Columns outside the card are read too: what is wrong with them is not passed over.
        """
        for name, bins in self.bins_.items():
            codes = bins.encode(frame[name])
            if name in terms:
                add_terms(sums, np.array(terms[name], dtype=sums.dtype), codes)

    def decision_function(self, X: Any) -> Floats:
        """Return the log-odds of bad."""
        frame = self._frame(X)
        margin = np.full(len(frame), self.base_)
        self._add(frame, margin, self.margins_)
        return margin

    def points(self, X: Any) -> Ints:
        """Return the sums of the table's integer points; higher is safer."""
        frame = self._frame(X)
        total = np.full(len(frame), self.base_points_, dtype=np.int64)
        self._add(frame, total, self.points_)
        return total

    def breakdown(self, X: Any) -> pd.DataFrame:
        """Return how each row comes to its points: row, feature, bin, points.

        A row's base stands first, then the features of the card in their order; its points sum
        to :meth:`points`. ``row`` counts the rows of X from 0.
        """
        frame = self._frame(X)
        index = {name: bins.encode(frame[name]) for name, bins in self.bins_.items()}
        return breakdown(self.base_points_, self.points_, self.bins_, index)

    def contributions(self, X: Any) -> pd.DataFrame:
        """Return each feature's term of the margin; a row's sum and ``base_`` are its margin."""
        frame = self._frame(X)
        terms = {
            name: np.array(self.margins_.get(name, (0.0,) * bins.size))[bins.encode(frame[name])]
            for name, bins in self.bins_.items()
        }
        return pd.DataFrame(terms, index=X.index if isinstance(X, pd.DataFrame) else None)

    def labels(self, X: Any) -> pd.DataFrame:
        """Return the label of each row's bin in every feature, as an officer reads it."""
        frame = self._frame(X)
        terms = {
            name: np.array(bins.labels, dtype=object)[bins.encode(frame[name])]
            for name, bins in self.bins_.items()
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
            "method": self.method_,
            "scale": self.scale_.to_dict(),
            "range": self.scale.to_dict() if isinstance(self.scale, RangeScale) else None,
            "edits": [edit.to_dict() for edit in self.edits_],
            "classes": self.classes_.tolist(),
            "base": self.base_,
            "base_points": self.base_points_,
            "features": [
                {
                    "name": name,
                    "dimension": (self.dimensions or {}).get(name, ""),
                    **rows.loc[name].to_dict(),
                    "points": list(self.points_.get(name, ())),
                    "margin": list(self.margins_.get(name, ())),
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
        between = plain.get("range")
        card = cls(
            scale=RangeScale.from_dict(between) if between else Scale.from_dict(plain["scale"]),
            dimensions={f["name"]: f["dimension"] for f in features if f["dimension"]},
        )
        card.classes_ = np.array(plain["classes"])
        card.features_ = tuple(names)
        card.feature_names_in_ = np.array(names, dtype=object)
        card.n_features_in_ = len(names)
        card.bins_ = {f["name"]: Bins.from_dict(f["bins"]) for f in features}
        card.method_ = plain["method"]
        card.base_ = float(plain["base"])
        card.margins_ = {f["name"]: tuple(f["margin"]) for f in features if f["margin"]}
        card.edits_ = tuple(Edit(**edit) for edit in plain.get("edits", ()))
        card.coefficients_ = read_coefficients(features)
        card._write_points()
        return card
