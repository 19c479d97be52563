"""Exact monotone binning from counts: bins, weight of evidence, information value."""

from credit.binning.bins import BinLimits, Bins
from credit.binning.counts import Counts, Sample, count_column
from credit.binning.fit import bins_of, fit_bins
from credit.binning.solve import Trend
from credit.binning.transformer import Binning, bin_frame, transform_frame

__all__ = [
    "BinLimits",
    "Binning",
    "Bins",
    "Counts",
    "Sample",
    "Trend",
    "bin_frame",
    "bins_of",
    "count_column",
    "fit_bins",
    "transform_frame",
]
