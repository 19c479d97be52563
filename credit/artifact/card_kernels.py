"""Compiled loops of a card: the bin of every value, and the sums.

Signatures are given, so everything is compiled when this module is imported, and kept on disk.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types

_READ = types.Array(types.float64, 1, "C", readonly=True)
_BINS = types.Array(types.int64, 1, "C")
_READ_BINS = types.Array(types.int64, 1, "C", readonly=True)
_READ_TABLE = types.Array(types.float64, 2, "C", readonly=True)
_SUMS = types.Array(types.float64, 2, "C")


@njit(
    types.void(_READ, _READ, _READ, _READ_BINS, types.int64, _BINS),
    nogil=True, cache=True, error_model="numpy",
)  # fmt: skip
def count(values: Any, edges: Any, codes: Any, code_bins: Any, missing: Any, bins: Any) -> None:
    """Write the bin of every value: the count of edges at most it, a code's or the missing one."""
    for i in range(len(values)):
        bins[i] = missing if np.isnan(values[i]) else 0
    for at in range(0, len(edges), 8):
        # Eight at a time, and held apart from the array: so rows are compared side by side.
        a, b, c, d = edges[at], edges[at + 1], edges[at + 2], edges[at + 3]
        e, f, g, h = edges[at + 4], edges[at + 5], edges[at + 6], edges[at + 7]
        for i in range(len(values)):
            x = values[i]
            bins[i] += (
                np.int64(x >= a) + np.int64(x >= b) + np.int64(x >= c) + np.int64(x >= d)
                + np.int64(x >= e) + np.int64(x >= f) + np.int64(x >= g) + np.int64(x >= h)
            )  # fmt: skip
    for k in range(len(codes)):
        code, of_code = codes[k], code_bins[k]
        for i in range(len(values)):
            if values[i] == code:
                bins[i] = of_code


@njit(
    types.void(_READ_BINS, _READ_TABLE, _SUMS), nogil=True, cache=True, error_model="numpy"
)  # fmt: skip
def add(bins: Any, table: Any, totals: Any) -> None:
    """Add margin and points of every row's bin to its sums, shape (rows, 2)."""
    for i in range(len(bins)):
        at = np.uint64(bins[i])  # bins are in range: no test for positions from the end
        totals[i, 0] += table[at, 0]
        totals[i, 1] += table[at, 1]
