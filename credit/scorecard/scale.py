"""Scale: points are affine in the log-odds of being good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike

from credit.columns import Floats
from credit.errors import ModelError


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Points are affine in the log-odds of being good; higher is safer.

    ::

        points = offset + factor * log(good / bad) = offset - factor * margin

    ``base_points`` are given at ``base_odds`` (good : bad), and every ``points_to_double`` more
    points double those odds.

    >>> scale = Scale(base_points=600, base_odds=50, points_to_double=20)
    >>> scale.points(np.array([1 / 51, 1 / 101])).round(6)
    array([600., 620.])
    """

    base_points: float = 600.0
    base_odds: float = 50.0
    points_to_double: float = 20.0

    def __post_init__(self) -> None:
        if self.points_to_double <= 0:
            raise ModelError(
                f"points_to_double must be positive, got {self.points_to_double}: "
                "a higher score always means a lower risk here."
            )
        if self.base_odds <= 0:
            raise ModelError(f"base_odds (good : bad) must be positive, got {self.base_odds}.")

    @property
    def factor(self) -> float:
        """Points for each unit of log-odds."""
        return self.points_to_double / float(np.log(2.0))

    @property
    def offset(self) -> float:
        """Points at even odds."""
        return self.base_points - self.factor * float(np.log(self.base_odds))

    def of_margin(self, margin: ArrayLike) -> Floats:
        """Return the points of log-odds of bad, not rounded."""
        return self.offset - self.factor * np.asarray(margin, dtype=np.float64)

    def points(self, probability: ArrayLike) -> Floats:
        """Return the points of a probability of bad, not rounded."""
        p = np.asarray(probability, dtype=np.float64)
        return self.of_margin(np.log(p) - np.log1p(-p))

    def to_dict(self) -> dict[str, float]:
        """Return plain data that :meth:`from_dict` reads back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, float]) -> Scale:
        """Build the record from plain data."""
        return cls(**plain)
