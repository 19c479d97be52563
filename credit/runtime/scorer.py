"""Scorer: an artifact ready to score, and what it answers.

The model gives a margin, the log-odds of bad. From it follow

    probability = 1 / (1 + exp(-(slope * margin + intercept)))        (calibration)
    points      = floor(offset - factor * (slope * margin + intercept) + 0.5)
    factor      = points_to_double / ln 2
    offset      = base_points - factor * ln(base_odds)
    grade       = names[count of bounds <= probability]

A points table scores its own integer points instead, whose sum is exact: the manifest says
which (``score.points``). Halves round up, towards the safer score.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from credit.errors import ArtifactError
from credit.runtime.card import Card
from credit.runtime.columns import Feature, Rows, read_columns
from credit.runtime.plain import Floats, Integers

Kind = Literal["scorecard", "boosted", "blended"]
"""What a model is made of: a points table, a forest, or the sum of the two."""

Language = Literal["en", "zh"]
LANGUAGES: tuple[str, ...] = ("en", "zh")


class Model(Protocol):
    """What a scorer needs of a model: margins, and their parts by feature."""

    def margin(self, rows: Rows, count: int) -> Floats:
        """Return the log-odds of bad of each row."""

    def contributions(self, rows: Rows, count: int) -> tuple[Floats, float]:
        """Return each feature's part of the margin, shape (rows, features), and the rest."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ScoreRule:
    """How a margin becomes probability, points and grade; see the module's equations.

    Attributes
    ----------
    slope, intercept : float
        Calibration, in log-odds; slope is positive.
    points : {"scale", "table"}
        Whether points follow the scale, or are the sum of a table's integers.
    base_points, base_odds, points_to_double : float
        ``base_points`` are given at odds ``base_odds`` of good to bad.
    bounds, names : array of float, tuple of str
        Rising probabilities between the grades, safest first: one name more than bounds.
    """

    slope: float
    intercept: float
    points: Literal["scale", "table"]
    base_points: float
    base_odds: float
    points_to_double: float
    bounds: Floats
    names: tuple[str, ...]

    @property
    def factor(self) -> float:
        """Points for each unit of log-odds."""
        return self.points_to_double / math.log(2)

    @property
    def offset(self) -> float:
        """Points at even odds."""
        return self.base_points - self.factor * math.log(self.base_odds)

    @property
    def points_per_margin(self) -> float:
        """Points that one unit of margin costs."""
        return self.factor if self.points == "table" else self.factor * self.slope

    def log_odds(self, margin: Floats) -> Floats:
        """Return the calibrated log-odds of bad."""
        return self.slope * margin + self.intercept

    def probability(self, margin: Floats) -> Floats:
        """Return the calibrated probability of bad."""
        log_odds = self.log_odds(margin)
        # exp of a negative number only: no overflow whatever the margin.
        small = np.exp(-np.abs(log_odds))
        return np.where(log_odds >= 0, 1 / (1 + small), small / (1 + small))

    def scaled_points(self, margin: Floats) -> Integers:
        """Return the points of the scale, rounded to whole ones."""
        exact = self.offset - self.factor * self.log_odds(margin)
        return np.floor(exact + 0.5).astype(np.int64)

    def grade(self, probability: Floats) -> NDArray[np.str_]:
        """Return each probability's grade."""
        return np.array(self.names)[np.searchsorted(self.bounds, probability, side="right")]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a person scores worse than the reference.

    Attributes
    ----------
    feature, dimension : str
    text : str
        The sentence for the person, in the language asked for.
    excess : float
        The feature's part of the margin minus the reference's, in log-odds: above 0.
    """

    feature: str
    dimension: str
    text: str
    excess: float


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """One entry a row.

    Attributes
    ----------
    margin : array of float
        Log-odds of bad before calibration.
    probability : array of float
        Calibrated probability of bad.
    points : array of int
        Higher is safer.
    grade : array of str
    reasons : tuple of tuple of Reason
        Strongest first; empty where none were asked for, shorter where fewer features raise
        the risk above the reference.
    """

    margin: Floats
    probability: Floats
    points: Integers
    grade: NDArray[np.str_]
    reasons: tuple[tuple[Reason, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Contributions:
    """Parts of the margin: ``base + values.sum(axis=1)`` is the margin before calibration."""

    features: tuple[str, ...]
    values: Floats
    base: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Scorer:
    """A loaded artifact.

    Attributes
    ----------
    kind : {"scorecard", "boosted", "blended"}
    features : tuple of Feature
        The columns that must be given.
    unused : tuple of str
        Columns that may be given and are not read: the model was offered and dropped them.
    rule : ScoreRule
    texts : dict of str to dict of str to str
        Feature -> language -> reason.
    reference_contributions : array of float, shape (features,)
        Parts of the margin of the average person of the reference.
    reference : dict
        Distributions of score and features in the reference, for monitoring.
    manifest : dict
        Everything else that manifest.json says.
    """

    kind: Kind
    features: tuple[Feature, ...]
    unused: tuple[str, ...]
    model: Model
    rule: ScoreRule
    texts: Mapping[str, Mapping[str, str]]
    reference_contributions: Floats
    reference: Mapping[str, Any]
    manifest: Mapping[str, Any]

    def score(
        self,
        columns: Mapping[str, Sequence[Any] | NDArray[Any]],
        *,
        reasons: int = 0,
        language: Language = "en",
        ignore: Collection[str] = (),
    ) -> Scores:
        """Score rows given as one column a feature, found by name.

        Parameters
        ----------
        columns : dict of str to sequence
            One value a row; None or NaN where a value is missing.
        reasons : int, default=0
            Most reasons a row.
        language : {"en", "zh"}
            Language of the reasons.
        ignore : collection of str
            Columns to pass over (``application_id``, ``customer_id``, ``as_of``). Any other
            column that the model does not know is an error.

        Raises
        ------
        ArtifactError
            A column is missing or unknown, columns differ in length, or a value is text in a
            number, infinite, out of its declared range, or an unknown name that is refused.
        """
        if isinstance(reasons, bool) or not isinstance(reasons, int) or reasons < 0:
            raise ArtifactError(f"reasons: must be a whole number from 0, got {reasons!r}.")
        if language not in LANGUAGES:
            raise ArtifactError(f"language: must be one of {LANGUAGES}, got {language!r}.")
        rows, count = self._read(columns, ignore)
        margin = self.model.margin(rows, count)
        probability = self.rule.probability(margin)
        if self.rule.points == "table" and isinstance(self.model, Card):
            points = self.model.points(rows, count)
        else:
            points = self.rule.scaled_points(margin)
        return Scores(
            margin=margin,
            probability=probability,
            points=points,
            grade=self.rule.grade(probability),
            reasons=self._reasons(rows, count, reasons, language),
        )

    def contributions(
        self,
        columns: Mapping[str, Sequence[Any] | NDArray[Any]],
        *,
        ignore: Collection[str] = (),
    ) -> Contributions:
        """Return each feature's part of the margin (exact TreeSHAP for a boosted model)."""
        rows, count = self._read(columns, ignore)
        values, base = self.model.contributions(rows, count)
        return Contributions(tuple(f.name for f in self.features), values, base)

    def _read(self, columns: Mapping[str, Any], ignore: Collection[str]) -> tuple[Rows, int]:
        return read_columns(self.features, columns, ignore, self.unused)

    def _reasons(
        self, rows: Rows, count: int, most: int, language: Language
    ) -> tuple[tuple[Reason, ...], ...]:
        if not most:
            return ((),) * count
        values, _ = self.model.contributions(rows, count)
        excess = values - self.reference_contributions
        # Stable: of two equal excesses the feature that the manifest names first comes first.
        order = np.argsort(-excess, axis=1, kind="stable")[:, :most]
        return tuple(
            tuple(self._reason(at, row[at], language) for at in best if row[at] > 0)
            for best, row in zip(order.tolist(), excess.tolist(), strict=True)
        )

    def _reason(self, at: int, excess: float, language: Language) -> Reason:
        feature = self.features[at]
        return Reason(feature.name, feature.dimension, self.texts[feature.name][language], excess)
