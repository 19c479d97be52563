"""Exact monotone binning from counts: bins, weight of evidence, information value."""

from credit.binning.bins import Bins
from credit.binning.codes import code_frame
from credit.binning.counts import Counts, count_column
from credit.binning.edit import Edit, Editor, Note
from credit.binning.fit import bins_of, fit_bins
from credit.binning.groups import Relation, count_frame, count_groups, group_sql
from credit.binning.limits import BinLimits, BinSizes, Neighbours, Trend
from credit.binning.tables import bin_table, period_table
from credit.binning.tally import Sample
from credit.binning.transformer import Binning, bin_counts, transform_frame
from credit.frames import as_frame

__all__ = [
    "BinLimits",
    "BinSizes",
    "Binning",
    "Bins",
    "Counts",
    "Edit",
    "Editor",
    "Neighbours",
    "Note",
    "Relation",
    "Sample",
    "Trend",
    "as_frame",
    "bin_counts",
    "bin_table",
    "bins_of",
    "code_frame",
    "count_column",
    "count_frame",
    "count_groups",
    "fit_bins",
    "group_sql",
    "period_table",
    "transform_frame",
]
