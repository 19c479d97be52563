"""Integer points from margins: on a given scale, or between a lowest and a highest sum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from credit.columns import Floats, Ints
from credit.errors import ModelError
from credit.scorecard.scale import Scale

Points = dict[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeScale:
    """Points between ``low``, the card's riskiest possible row, and ``high``, its safest.

    Possible is any row that takes one bin of each feature. The scale that follows is kept as
    ``scale_`` of the card, an ordinary Scale stated at ``base_odds``: it shows what doubles the
    odds. The lowest and the highest sum of the table's integers are ``low`` and ``high``
    exactly; a feature's steps are stretched for that by less than one point over its whole
    range, so each of its points differs from its exact ones by less than 2.5, and the sum of a
    row by at most 1.5 for each feature.

    Attributes
    ----------
    low, high : int
    base_odds : float
        Odds (good : bad) at which the fitted scale is stated; they move no point.
    """

    low: int = 300
    high: int = 850
    base_odds: float = 50.0

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            value = getattr(self, name)
            if isinstance(value, bool) or int(value) != value:
                raise ModelError(f"{name} must be a whole number of points, got {value!r}.")
        if self.low >= self.high:
            raise ModelError(
                f"low must be less than high, got {self.low} and {self.high}: a higher score "
                "always means a lower risk here."
            )
        if self.base_odds <= 0:
            raise ModelError(f"base_odds (good : bad) must be positive, got {self.base_odds}.")

    def fitted(self, base: float, margins: Mapping[str, tuple[float, ...]]) -> Scale:
        """Return the scale on which the safest and the riskiest row have ``high`` and ``low``.

        Raises
        ------
        ModelError
            The card gives every row the same margin.
        """
        safest = base + sum(min(terms) for terms in margins.values())
        riskiest = base + sum(max(terms) for terms in margins.values())
        if not riskiest > safest:
            raise ModelError(
                f"RangeScale: the card has {len(margins)} feature(s) and gives every row the same "
                f"margin, so no points lie between {self.low} and {self.high}. Give a Scale."
            )
        factor = (self.high - self.low) / (riskiest - safest)
        even = self.high + factor * safest
        return Scale(
            base_points=even + factor * float(np.log(self.base_odds)),
            base_odds=self.base_odds,
            points_to_double=factor * float(np.log(2.0)),
        )

    def to_dict(self) -> dict[str, float]:
        """Return plain data that :meth:`from_dict` reads back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, float]) -> RangeScale:
        """Build the record from plain data."""
        return cls(low=int(plain["low"]), high=int(plain["high"]), base_odds=plain["base_odds"])


def integer_points(
    scale: Scale | RangeScale, base: float, margins: Mapping[str, tuple[float, ...]]
) -> tuple[Scale, int, Points]:
    """Return the scale, the base points and the points of every bin.

    On a Scale every term is rounded by itself. Between the ends of a RangeScale, with exact
    points ``e_jk = -factor margin_jk``, lowest ``x_j`` and range ``w_j`` of feature j::

        base = rint(offset - factor base)
        W_j  = w_j rounded up or down,  sum_j W_j = high - low
        a_j  = x_j rounded up or down,  sum_j a_j = low - base
        p_jk = a_j + rint((e_jk - x_j) W_j / w_j)

    Up go the values with the largest remainders (Hamilton's rule), so lowest and highest sum
    are hit exactly, and the order of a feature's bins is kept.
    """
    fitted = scale.fitted(base, margins) if isinstance(scale, RangeScale) else scale
    base_points = int(np.rint(fitted.of_margin(base)))
    exact = {name: -fitted.factor * np.array(terms) for name, terms in margins.items()}
    if not isinstance(scale, RangeScale):
        return fitted, base_points, {name: _integers(np.rint(e)) for name, e in exact.items()}
    low = np.array([terms.min() for terms in exact.values()])
    width = np.array([np.ptp(terms) for terms in exact.values()])
    starts = _apportion(low, scale.low - base_points)
    widths = _apportion(width, scale.high - scale.low)
    points = {}
    for j, (name, terms) in enumerate(exact.items()):
        part = (terms - low[j]) / width[j] if width[j] > 0 else np.zeros(len(terms))
        points[name] = _integers(starts[j] + np.rint(part * widths[j]))
    return fitted, base_points, points


def _apportion(exact: Floats, total: int) -> Ints:
    """Return each value rounded down or up so that they sum to ``total``.

    The total is within one half of the values' own sum. Of equal remainders the first goes up.
    """
    down = np.floor(exact).astype(np.int64)
    order = np.argsort(-(exact - down), kind="stable")
    down[order[: max(0, total - int(down.sum()))]] += 1
    return down


def _integers(values: Floats) -> tuple[int, ...]:
    return tuple(int(value) for value in values)
