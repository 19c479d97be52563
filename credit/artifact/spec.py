"""ArtifactSpec: what an artifact says beside the model, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import pandas as pd

from credit import __version__
from credit.explain import RecoursePlan
from credit.feature import Catalogue
from credit.policy import Policy


class CalibrationLike(Protocol):
    """Log-odds of bad are ``slope * margin + intercept``."""

    @property
    def slope(self) -> float:
        """Return the factor of the margin."""

    @property
    def intercept(self) -> float:
        """Return the term added to it."""


class ScaleLike(Protocol):
    """``base_points`` at odds ``base_odds`` : 1 of good, ``points_to_double`` for twice that."""

    @property
    def base_points(self) -> float:
        """Return the points at the base odds."""

    @property
    def base_odds(self) -> float:
        """Return the odds of good to bad at the base points."""

    @property
    def points_to_double(self) -> float:
        """Return the points that double the odds."""


class GradesLike(Protocol):
    """Grade i holds probabilities from ``bounds[i - 1]`` to below ``bounds[i]``, safest first."""

    @property
    def bounds(self) -> tuple[float, ...]:
        """Return the rising probabilities between grades."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return one name more than bounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a model comes from.

    Attributes
    ----------
    data_sha256 : str
        Hash of the training data.
    policy : Policy or None
        The policy file that was in force; its name and hash are kept.
    metrics : dict
        How good the model is: plain numbers and texts, nested as you like.
    code_version : str
        Version of this package.
    """

    data_sha256: str
    policy: Policy | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    code_version: str = __version__


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArtifactSpec:
    """What `write` needs beside the model.

    Attributes
    ----------
    sample : DataFrame
        The rows the model was trained on, one column a feature: learned ranges, reference
        distributions and the average person come from them.
    scale, calibration, grades
        Points, probability and grade: see `credit.runtime.scorer`.
    provenance : Provenance
    catalogue : Catalogue, optional
        Dimension, unit, meaning of null and reason texts of the features. A column that is
        not in it is described by its name alone.
    hard_ranges : dict of str to (low, high), optional
        Numbers outside are refused when scored; None leaves a side open.
    unknown_category : {"model", "refuse"}
        What becomes of a name that training never saw: the model's own rule, or an error.
    recourse : RecoursePlan, optional
        What people can change, and the cut-off: kept as ``recourse.json``, its levers limited to
        the columns that the model reads.
    points : {"table", "scale"}, optional
        Whether a scorecard's points are the sum of its table's integers (the default for a
        scorecard) or follow the scale from the calibrated margin (all other models).
    """

    sample: pd.DataFrame
    scale: ScaleLike
    calibration: CalibrationLike
    grades: GradesLike
    provenance: Provenance
    catalogue: Catalogue | None = None
    hard_ranges: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    unknown_category: Literal["model", "refuse"] = "model"
    recourse: RecoursePlan | None = None
    points: Literal["table", "scale"] | None = None
