"""Options of the fused card."""

from __future__ import annotations

from dataclasses import dataclass

from credit.binning import BinLimits
from credit.errors import ModelError

SIGNS = {"ascending": 1, "descending": -1, "none": 0, "auto": 0}
"""Trend -> sign of a column for which none is declared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FusedOptions(BinLimits):
    """Bins of all features found together with their points; given where BinLimits would be.

    A card's method is a rule for its bins: ``BinLimits`` bins each column by itself, and a
    logistic regression weighs the evidence; ``FusedOptions`` finds cuts and points jointly. So
    it is a kind of BinLimits, and ``Scorecard(binning=FusedOptions())`` is a fused card.

    The inherited limits hold, with these readings: ``max_candidates`` and ``edges`` are the fine
    bins; ``max_bins`` and ``min_share`` limit what they are compressed to; ``smoothing`` is how
    many rows a name, special code or missing value is drawn to the average by; ``trend`` without
    a declared sign is ascending, descending, or free (``none``, ``auto``); ``min_iv`` screens
    columns by themselves before the fit, and is 0 since a column may speak only beside others.
    Special codes and missing values have bins of their own, however rare.

    Attributes
    ----------
    path : tuple of (L1, L2)
        Penalties on the steps between fine bins, strongest first; one is chosen out of bag.
        With N the weight of all rows and p the bad rate, L1 is in units of ``sqrt(p (1 - p) /
        N)``, the noise of a step's gradient, and L2 in units of ``p (1 - p) / N``, the weight
        of one row; so one path serves few rows and many.
    standard_errors : float
        Of the penalties within this many standard errors of the least out-of-bag log-loss the
        card takes the one with the flattest shapes. 0 takes the least log-loss itself; 1, the
        cautious rule, gives flatter shapes for a little accuracy.
    bags, few_bags : int
        Bags averaged; ``few_bags`` of them where there are fewer than 4,000 rows. Above 50,000
        distinct rows there are none: one fit of all rows is as good.
    evidence : float
        Share at first of the terms of a woe card: each column's own bins, within the same
        limits, weighted by a logistic regression. Its few parameters steady the shapes. 0 and 1
        leave one of the two out.
    firmness : float
        How firmly the two hold to ``1 - evidence`` and ``evidence`` against what held-out rows
        say of them, in units of log-likelihood (see `credit.scorecard.stacking.share`).
        Infinity: they do not move.
    level_rows : tuple of float
        How many rows a name, special code or missing value is drawn to the average by, most
        first. Fewer are taken where out-of-bag rows say so by more than a standard error.
    tolerance : float
        Share of a shape's variance that compression may lose before it takes another bin.
    least_range : float
        A feature whose terms differ by less, in log-odds, is left out.
    """

    min_iv: float = 0.0
    path: tuple[tuple[float, float], ...] = (
        (1.0, 4.0),
        (0.5, 4.0),
        (0.25, 4.0),
        (0.25, 1.0),
        (0.12, 1.0),
        (0.06, 1.0),
        (0.03, 1.0),
    )
    standard_errors: float = 0.0
    bags: int = 8
    few_bags: int = 24
    evidence: float = 0.5
    firmness: float = 30.0
    level_rows: tuple[float, ...] = (60.0, 20.0)
    tolerance: float = 0.001
    least_range: float = 0.02

    def __post_init__(self) -> None:
        BinLimits.__post_init__(self)
        if self.trend not in SIGNS:
            raise ModelError(
                f"trend must be one of {list(SIGNS)} for a fused card, got {self.trend!r}: a "
                "turning point is not convex. Use BinLimits, or 'none' and let the shape turn."
            )
        for name in ("bags", "few_bags"):
            if getattr(self, name) < 1:
                raise ModelError(f"{name} must be at least 1, got {getattr(self, name)}.")
        if not self.path or any(l1 < 0 or l2 <= 0 for l1, l2 in self.path):
            raise ModelError(
                f"path must hold pairs (L1 >= 0, L2 > 0), got {self.path}: without any L2 equal "
                "columns could share their shape in endless ways."
            )
        if not 0 <= self.evidence <= 1:
            raise ModelError(f"evidence must be in [0, 1], got {self.evidence}.")
        if not self.level_rows or min(self.level_rows) <= 0:
            raise ModelError(
                f"level_rows must hold positive numbers, got {self.level_rows}: a name of good "
                "rows alone would have an infinite term."
            )
        for name in ("standard_errors", "firmness", "tolerance", "least_range"):
            if getattr(self, name) < 0:
                raise ModelError(f"{name} must not be negative, got {getattr(self, name)}.")
