"""Where values stand among rising bounds, for blocks of rows that stay in the processor's cache."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from credit.runtime.plain import Floats

BLOCK = 12_000
"""Rows worked on at once: below the 128 KiB a column from which malloc asks the kernel."""

_FEW = 64
"""Up to so many bounds are counted faster, one comparison each, than searched."""


def blocks(count: int) -> Iterator[slice]:
    """Yield the slices that part ``count`` rows into blocks."""
    for begin in range(0, count, BLOCK):
        yield slice(begin, min(begin + BLOCK, count))


def count_at_most(values: Floats, bounds: Floats) -> NDArray[np.integer]:
    """Return how many of the rising ``bounds`` are at most each value; 0 for NaN."""
    if len(bounds) > _FEW:
        found = np.searchsorted(bounds, values, side="right")
        found[np.isnan(values)] = 0  # which is sorted after every number
        return found
    counted = np.zeros(len(values), dtype=np.uint8)
    reached = np.empty(len(values), dtype=np.bool_)
    ones = reached.view(np.uint8)
    for bound in bounds.tolist():
        np.greater_equal(values, bound, out=reached)
        counted += ones
    return counted
