"""Scorer: an artifact ready to score, and what it answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from credit.errors import ArtifactError
from credit.runtime.blended import Blended
from credit.runtime.boosted import Boosted
from credit.runtime.card import Card
from credit.runtime.columns import Feature, Rows, read_columns
from credit.runtime.one import Compiled, compiled, largest_number
from credit.runtime.plain import Floats, Integers
from credit.runtime.rule import ScoreRule

Kind = Literal["scorecard", "boosted", "blended"]
"""What a model is made of: a points table, a forest, or the sum of the two."""

Language = Literal["en", "zh"]
LANGUAGES: tuple[str, ...] = ("en", "zh")


Model = Card | Boosted | Blended
"""What a scorer needs of it: margins, and their parts by feature."""


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
    engine : str
        What scored: ``numpy``, or in a large batch ``numba`` (a card), ``xgboost`` (a forest) or
        ``numba and xgboost`` (a blend).
    """

    margin: Floats
    probability: Floats
    points: Integers
    grade: NDArray[np.str_]
    reasons: tuple[tuple[Reason, ...], ...]
    engine: str = "numpy"


class Score(NamedTuple):
    """What is said of one row: as `Scores`, each one value. NumPy is the engine."""

    margin: float
    probability: float
    points: int
    grade: str
    reasons: tuple[Reason, ...]


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
    sha256 : str
        The manifest's own hash, which names the artifact.
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
    sha256: str

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
        _check_asked(reasons, language)
        rows, count = self._read(columns, ignore)
        if self.rule.points == "table" and isinstance(self.model, Card):
            margin, points = self.model.totals(rows, count)
        else:
            margin = self.model.margin(rows, count)
            points = self.rule.scaled_points(margin)
        probability = self.rule.probability(margin)
        parts = [part for part in (self.card, self.boosted) if part is not None]
        engines = [engine.name for part in parts if (engine := part.engine_for(count))]
        return Scores(
            margin=margin,
            probability=probability,
            points=points,
            grade=self.rule.grade(probability),
            reasons=self._reasons(rows, count, reasons, language),
            engine=" and ".join(engines) or "numpy",
        )

    def score_one(
        self,
        row: Mapping[str, Any],
        *,
        reasons: int = 0,
        language: Language = "en",
        ignore: Collection[str] = (),
    ) -> Score:
        """Score one row given as one value a feature; equal to `score`, and much faster.

        Parameters are those of `score`, but for ``row``: a dict from name to a number, a text
        or None.

        Raises
        ------
        ArtifactError
            As `score`.
        """
        _check_asked(reasons, language)
        if not isinstance(row, Mapping):
            raise ArtifactError(
                f"row: got {type(row).__name__}, but a dict from column name to value is needed."
            )
        values = self._one.reader.read(row, ignore)
        if values is None:
            scores = self.score(
                {name: [value] for name, value in row.items()},
                reasons=reasons, language=language, ignore=ignore,
            )  # fmt: skip
            return Score(
                float(scores.margin[0]), float(scores.probability[0]), int(scores.points[0]),
                str(scores.grade[0]), scores.reasons[0],
            )  # fmt: skip
        margin, points, found = self._one.model.answer(values)
        probability, scaled, grade = self.rule.of_one(margin)
        why: tuple[Reason, ...] = ()
        if reasons:
            parts = zip(self._one.model.parts(found), self._reference, strict=True)
            excess = [part - usual for part, usual in parts]
            best = sorted(range(len(excess)), key=excess.__getitem__, reverse=True)[:reasons]
            why = tuple(self._reason(at, excess[at], language) for at in best if excess[at] > 0)
        return Score(
            margin, probability, points if self.rule.points == "table" else scaled, grade, why
        )

    @property
    def card(self) -> Card | None:
        """The points table in the model, where there is one."""
        part = self.model.card if isinstance(self.model, Blended) else self.model
        return part if isinstance(part, Card) else None

    @property
    def boosted(self) -> Boosted | None:
        """The forest in the model, with the encoding of its inputs, where there is one."""
        part = self.model.forest if isinstance(self.model, Blended) else self.model
        return part if isinstance(part, Boosted) else None

    @property
    def largest(self) -> float:
        """Largest magnitude of a number that is taken, whatever ranges are declared."""
        return largest_number(self.model)

    @cached_property
    def _one(self) -> Compiled:
        return compiled(self.model, self.features, self.unused)

    @cached_property
    def _reference(self) -> list[float]:
        return self.reference_contributions.tolist()

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


def _check_asked(reasons: int, language: Language) -> None:
    if isinstance(reasons, bool) or not isinstance(reasons, int) or reasons < 0:
        raise ArtifactError(f"reasons: must be a whole number from 0, got {reasons!r}.")
    if language not in LANGUAGES:
        raise ArtifactError(f"language: must be one of {LANGUAGES}, got {language!r}.")
