"""The search as numbers: what is binned, and the rules every segment and every pair must keep."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from credit.binning.limits import BinLimits, Divergence

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Ordered candidates of one column.

    Attributes
    ----------
    counts, rows : ndarray (n, 2)
        Good and bad weight of each candidate, and good and bad rows; rows None are the weights.
    prior : ndarray (2,)
        Good and bad weight of all rows, special codes and missing values included.
    periods : ndarray (periods, n, 2)
        Good and bad weight by period; no periods where none were given.
    cuts : tuple of int
        Candidates after which there must be a cut.
    """

    counts: Floats
    prior: Floats
    rows: Floats | None = None
    periods: Floats
    cuts: tuple[int, ...] = ()

    @classmethod
    def plain(cls, counts: Floats, prior: Floats) -> Material:
        """Build it from unweighted counts alone."""
        return cls(counts=counts, prior=prior, periods=np.zeros((0, *counts.shape)))

    @property
    def size(self) -> int:
        """Number of candidates."""
        return len(self.counts)

    def reordered(self, order: NDArray[np.int64]) -> Material:
        """Return the same candidates in another order; there are no mandatory cuts then."""
        return replace(
            self,
            counts=self.counts[order],
            rows=None if self.rows is None else self.rows[order],
            periods=self.periods[:, order],
            cuts=(),
        )

    def blocks(self, ends: NDArray[np.int64]) -> Material:
        """Return the candidates summed into blocks that end at ``ends``."""
        starts = np.concatenate([[0], ends[:-1] + 1])
        return replace(
            self,
            counts=np.add.reduceat(self.counts, starts, axis=0),
            rows=None if self.rows is None else np.add.reduceat(self.rows, starts, axis=0),
            periods=np.add.reduceat(self.periods, starts, axis=1),
            cuts=tuple(np.searchsorted(ends, self.cuts).tolist()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a binning must keep, in weight and rows; the names are those of ``BinLimits``.

    Attributes
    ----------
    min_bins, max_bins : int
    smoothing : float
    divergence : str
    min_weight, max_weight : float
        Bounds of a bin's weight.
    min_rows, max_rows, min_goods, min_bads : float
        Bounds of a bin's rows.
    min_difference : float
        Least difference of neighbouring bad rates.
    min_z : float
        Least absolute z of the test of two neighbours; 0 asks nothing.
    same_order : bool
        Whether neighbours keep their order in every period.
    """

    max_bins: int
    smoothing: float
    min_bins: int = 1
    divergence: Divergence = "iv"
    min_weight: float = 0.0
    max_weight: float = np.inf
    min_rows: float = 0.0
    max_rows: float = np.inf
    min_goods: float = 0.0
    min_bads: float = 0.0
    min_difference: float = 0.0
    min_z: float = 0.0
    same_order: bool = False

    @classmethod
    def of(cls, limits: BinLimits, prior: Floats) -> Rules:
        """Build them from the limits and the weight of all rows."""
        sizes, neighbours, total = limits.sizes, limits.neighbours, float(prior.sum())
        return cls(
            min_bins=limits.min_bins,
            max_bins=limits.max_bins,
            smoothing=limits.smoothing,
            divergence=limits.divergence,
            min_weight=limits.min_share * total,
            max_weight=sizes.max_share * total if sizes.max_share < 1 else np.inf,
            min_rows=sizes.min_rows,
            max_rows=np.inf if sizes.max_rows is None else sizes.max_rows,
            min_goods=sizes.min_goods,
            min_bads=sizes.min_bads,
            min_difference=neighbours.min_difference,
            min_z=critical(neighbours.max_p_value),
            same_order=neighbours.same_order,
        )

    def on_part(self, parts: int) -> Rules:
        """Return the rules for all but one of ``parts`` equal parts of the rows.

        Sizes shrink with the rows; z grows with their root, so less of it is asked.
        """
        sizes = ("min_weight", "max_weight", "min_rows", "max_rows", "min_goods", "min_bads")
        smaller = {name: getattr(self, name) * (parts - 1) / parts for name in sizes}
        return replace(self, **smaller, min_z=self.min_z * np.sqrt((parts - 1) / parts))

    @property
    def pairwise(self) -> bool:
        """Whether anything but the trend is asked of two neighbours."""
        return self.min_difference > 0 or self.min_z > 0 or self.same_order

    @property
    def may_fail(self) -> bool:
        """Whether the rules may leave a trend without any binning of enough bins."""
        bounded = np.isfinite(self.max_weight) or np.isfinite(self.max_rows)
        return self.min_bins > 1 or self.pairwise or bool(bounded)

    @property
    def only_trend_and_bins(self) -> bool:
        """Whether information value is asked for, and only trend and most bins can bind."""
        if self.min_bins > 1 or self.divergence != "iv":
            return False
        sizes = (self.min_weight, self.min_rows, self.min_goods, self.min_bads)
        unbounded = np.isinf(self.max_weight) and np.isinf(self.max_rows)
        return not self.pairwise and not any(sizes) and bool(unbounded)


def critical(p_value: float) -> float:
    """Return the absolute z whose two-sided p-value is this."""
    return 0.0 if p_value >= 1 else float(norm.isf(p_value / 2))
