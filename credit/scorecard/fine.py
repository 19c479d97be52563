"""Fine bins of every column: the cells of the joint fit, and each column's evidence over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from credit.binning import BinLimits, Bins, Counts, bins_of, fit_bins
from credit.columns import Floats
from credit.scorecard.options import SIGNS, FusedOptions
from credit.scorecard.thermometer import Shape

TRENDS = {1: "ascending", -1: "descending", 0: "auto"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fine:
    """A column's fine bins, its declared sign, and its bins by itself.

    Attributes
    ----------
    counts : Counts
        What the fine bins hold.
    bins : Bins
        The fine bins: a candidate each.
    sign : int
    evidence : Bins
        The column's own bins, within the same limits.
    """

    counts: Counts
    bins: Bins
    sign: int
    evidence: Bins

    @property
    def weight(self) -> Floats:
        """Weight of each fine bin."""
        return np.array(self.bins.good) + np.array(self.bins.bad)

    @property
    def ordered(self) -> int:
        """How many of the fine bins are in order; at least one of a column of numbers."""
        return max(1, len(self.counts.ordinary)) if self.counts.kind == "number" else 0

    @property
    def shape(self) -> Shape:
        """The fine bins as the joint fit sees them."""
        return Shape(ordered=self.ordered, sign=self.sign, weight=self.weight)

    def spread(self) -> Floats:
        """Return for each fine bin the evidence of the bin by itself that holds it."""
        woe, found = np.array(self.evidence.woe), np.zeros(self.bins.size)
        if self.counts.kind == "number":
            opens = np.array([-np.inf, *self.bins.edges])
            found[: len(opens)] = woe[np.searchsorted(self.evidence.edges, opens, side="right")]
        else:
            bin_of = {name: i for i, names in enumerate(self.evidence.groups) for name in names}
            for cell, names in enumerate(self.bins.groups):
                found[cell] = woe[bin_of[names[0]]]
        pairs = zip(self.bins.special, self.evidence.special, strict=True)
        for (_, cell), (_, at) in pairs:
            found[cell] = woe[at]
        found[self.bins.missing] = woe[self.evidence.missing]
        return found

    def held(self, cells: Floats, options: BinLimits, seed: int) -> Fine:
        """Return the same fine bins with other (good, bad) weight, and their evidence.

        ``cells`` is (fine bins, 2). Weights are taken for rows, and no order by period is asked
        for: a part of the rows has neither.
        """
        ordinary = len(self.counts.ordinary)
        counts = replace(
            self.counts,
            ordinary=cells[:ordinary],
            special=np.array([cells[at] for _, at in self.bins.special]).reshape(-1, 2),
            missing=cells[self.bins.missing],
            rows=None,
            periods=np.zeros((0, ordinary, 2)),
        )
        own = _own_bins(counts, cells.sum(axis=0), _without_periods(options), self.sign, seed)
        return replace(self, counts=counts, evidence=own)


def fine_bins(
    counts: Mapping[str, Counts],
    prior: Floats,
    options: FusedOptions,
    *,
    signs: Mapping[str, int],
    seed: int,
) -> dict[str, Fine]:
    """Take each column's candidates for fine bins, and bin it by itself.

    Parameters
    ----------
    counts : dict of str to Counts
        Of every column, under these options.
    prior : ndarray (2,)
        Good and bad weight of all rows.
    options : FusedOptions
    signs : dict of str to int
        Declared sign of every column, 0 where there is none.
    seed : int
        Seeds the choice of each column's trend.
    """
    fine = {}
    for name, column in counts.items():
        every = list(range(len(column.ordinary))) or [-1]
        bins = bins_of(column, prior, options, every, "none")
        sign = signs[name] or SIGNS[options.trend]
        own = _own_bins(column, prior, options, sign, seed)
        fine[name] = Fine(counts=column, bins=bins, sign=sign, evidence=own)
    return fine


def _own_bins(counts: Counts, prior: Floats, limits: BinLimits, sign: int, seed: int) -> Bins:
    return fit_bins(counts, prior, limits, TRENDS[sign], np.random.default_rng(seed))


def _without_periods(limits: BinLimits) -> BinLimits:
    return replace(limits, neighbours=replace(limits.neighbours, same_order=False))
