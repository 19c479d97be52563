"""Exact order statistics of columns whose rows lie at several parties, from counts alone.

The k-th smallest value of all rows is found digit by digit: doubles are put in order as 64-bit
integers, and in each of 16 rounds every party counts how many of its values are at most each of
15 thresholds that part what is left. The sum of the counts says in which part the value lies.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from credit.columns import Floats, Ints
from credit.whole import Whole

DIGIT = 4
"""Bits found in a round: 16 rounds of 15 counts. One bit would take 64 rounds of one count."""

_SIGN = np.uint64(1 << 63)
_LEAST, _MOST = np.uint64(0x000FFFFFFFFFFFFF), np.uint64(0xFFF0000000000000)
"""Keys of minus and plus infinity: beyond them lie no numbers."""


def order_statistics(
    columns: Sequence[Floats], ranks: Sequence[Ints], whole: Whole
) -> list[Floats]:
    """Return the values of given ranks of every column over all parties, exactly.

    Parameters
    ----------
    columns : sequence of ndarray
        This party's values of each column, ascending, none missing; no party needs to have any.
    ranks : sequence of ndarray of int
        Of each column: 1 is the smallest value of all parties together, n the greatest.
    whole : Whole

    Returns
    -------
    list of ndarray
        As ``ranks``.
    """
    sizes = [len(wanted) for wanted in ranks]
    wanted = np.concatenate([np.zeros(0, np.int64), *ranks])
    found = np.zeros(len(wanted), dtype=np.uint64)
    digits = np.arange((1 << DIGIT) - 1, dtype=np.uint64)
    for shift in range(64 - DIGIT, -1, -DIGIT):
        rest = np.uint64((1 << shift) - 1)
        tried = found[:, None] | (digits[None, :] << np.uint64(shift)) | rest
        below = count_up_to(columns, np.split(_numbers(tried), np.cumsum(sizes)[:-1]), whole)
        digit = (np.concatenate(below) < wanted[:, None]).sum(axis=1)
        found |= digit.astype(np.uint64) << np.uint64(shift)
    return np.split(_numbers(found), np.cumsum(sizes)[:-1])


def count_up_to(
    columns: Sequence[Floats], thresholds: Sequence[Floats], whole: Whole
) -> list[Ints]:
    """Return how many values of each column, of all parties, are at most each threshold."""
    own = [
        np.searchsorted(column, asked, side="right").astype(np.int64)
        for column, asked in zip(columns, thresholds, strict=True)
    ]
    return sum_each(own, whole)


def sum_each(arrays: Sequence[Ints], whole: Whole) -> list[Ints]:
    """Return the sums over parties of several arrays, added up in one round."""
    flat = whole.sum(np.concatenate([np.zeros(0, np.int64), *(one.ravel() for one in arrays)]))
    ends = np.cumsum([one.size for one in arrays])
    parts = np.split(flat, ends[:-1]) if arrays else []
    return [part.reshape(one.shape) for part, one in zip(parts, arrays, strict=True)]


def _numbers(keys: NDArray[np.uint64]) -> Floats:
    """Return the doubles of keys, which are in the order of the doubles."""
    held = np.clip(keys, _LEAST, _MOST)
    negative = held < _SIGN
    return np.where(negative, ~held, held ^ _SIGN).view(np.float64)
