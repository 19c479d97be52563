"""Exact monotone binning from counts: bins, weight of evidence, information value."""

from credit.binning.bins import Bins
from credit.binning.counts import Counts, count_column
from credit.binning.fit import fit_bins
from credit.binning.limits import BinLimits, BinSizes, Neighbours, Trend
from credit.binning.tally import Sample
from credit.binning.transformer import Binning, bin_frame, transform_frame

__all__ = [
    "BinLimits",
    "BinSizes",
    "Binning",
    "Bins",
    "Counts",
    "Neighbours",
    "Sample",
    "Trend",
    "bin_frame",
    "count_column",
    "fit_bins",
    "transform_frame",
]
