"""From a margin to probability, points and grade.

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
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NoReturn

import numpy as np
from numpy.typing import NDArray

from credit.errors import ArtifactError
from credit.runtime.plain import Floats, Integers
from credit.runtime.steps import blocks, count_at_most

_MOST_POINTS = 2.0**53
"""Points are exact whole numbers in float64 below this."""


def _refuse_points(margin: float) -> NoReturn:
    raise ArtifactError(
        f"a margin of {margin:.3g} has no whole points on this scale: they must stay below 2**53. "
        "The artifact's scale, calibration or model is not that of a score: write it again."
    )


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
        result = np.empty(len(margin))
        for block in blocks(len(margin)):
            log_odds = self.log_odds(margin[block])
            # exp of a negative number only: no overflow whatever the margin.
            small = np.exp(-np.abs(log_odds))
            result[block] = np.where(log_odds >= 0, 1.0, small) / (1 + small)
        return result

    def scaled_points(self, margin: Floats) -> Integers:
        """Return the points of the scale, rounded to whole ones."""
        with np.errstate(over="ignore", invalid="ignore"):  # said in words, just below
            exact = self.offset - self.factor * self.log_odds(margin)
        beyond = ~(np.abs(exact) < _MOST_POINTS)
        if beyond.any():
            _refuse_points(float(margin[np.flatnonzero(beyond)[0]]))
        return np.floor(exact + 0.5).astype(np.int64)

    @cached_property
    def _of_scale(self) -> tuple[float, float, list[float]]:
        return self.offset, self.factor, self.bounds.tolist()

    def of_one(self, margin: float) -> tuple[float, int, str]:
        """Return probability, points of the scale (0 where a table has its own) and grade."""
        offset, factor, bounds = self._of_scale
        log_odds = self.slope * margin + self.intercept
        # NumPy's exp, not math's: the two may differ in the last bit.
        small = float(np.exp(-abs(log_odds)))
        probability = 1 / (1 + small) if log_odds >= 0 else small / (1 + small)
        grade = self.names[bisect_right(bounds, probability)]
        if self.points == "table":
            return probability, 0, grade
        exact = offset - factor * log_odds
        if not abs(exact) < _MOST_POINTS:
            _refuse_points(margin)
        return probability, math.floor(exact + 0.5), grade

    def grade(self, probability: Floats) -> NDArray[np.str_]:
        """Return each probability's grade."""
        names = np.array(self.names)
        result = np.empty(len(probability), dtype=names.dtype)
        for block in blocks(len(probability)):
            result[block] = names.take(count_at_most(probability[block], self.bounds))
        return result
