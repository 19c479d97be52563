"""RankTable: percentile ranks of a training sample, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.columns import Floats

NEUTRAL = 50.0
"""Rank of a value that is missing or special: the middle, neither for nor against."""

KNOTS = 200
"""Most values a rank table stores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankTable:
    """Percentile ranks of a sample, at up to 200 of its values, as plain data.

    ``rank(x) = 100 (P(X < x) + P(X = x) / 2)`` at a stored value, linear between two, 0 below
    the first and 100 above the last.

    Attributes
    ----------
    values : tuple of float
        Stored values, ascending.
    below, upto : tuple of float
        P(X < value) and P(X <= value) in the training sample.
    """

    values: tuple[float, ...]
    below: tuple[float, ...]
    upto: tuple[float, ...]

    @classmethod
    def of(cls, values: Floats, weight: Floats) -> RankTable:
        """Build it from a sample; missing values and rows of weight 0 have no rank."""
        held = ~np.isnan(values) & (weight > 0)
        distinct, inverse = np.unique(values[held], return_inverse=True)
        mass = np.bincount(inverse, weight[held], len(distinct))
        upto = np.cumsum(mass) / mass.sum() if len(distinct) else mass
        below = np.concatenate([[0.0], upto[:-1]])[: len(distinct)]
        if len(distinct) > KNOTS:
            wanted = np.linspace(0, 1, KNOTS)
            kept = np.unique(np.searchsorted(upto, wanted).clip(max=len(distinct) - 1))
            distinct, below, upto = distinct[kept], below[kept], upto[kept]
        return cls(
            values=tuple(distinct.tolist()),
            below=tuple(below.tolist()),
            upto=tuple(upto.tolist()),
        )

    def rank(self, values: Floats) -> Floats:
        """Return ranks 0 to 100; 50 where a value is missing or nothing was stored."""
        if not self.values:
            return np.full(len(values), NEUTRAL)
        knots, below, upto = (np.array(a) for a in (self.values, self.below, self.upto))
        left = np.searchsorted(knots, values, side="right") - 1
        i = left.clip(0, len(knots) - 1)
        j = (left + 1).clip(0, len(knots) - 1)
        gap = np.where(knots[j] > knots[i], knots[j] - knots[i], 1.0)
        between = upto[i] + (values - knots[i]) / gap * (below[j] - upto[i])
        rank = np.where(values == knots[i], (below[i] + upto[i]) / 2, between)
        rank = np.where(left < 0, 0.0, np.where(values > knots[-1], 1.0, rank))
        return np.where(np.isnan(values), NEUTRAL, 100 * rank)
