"""The hull: the only cuts a monotone binning needs when nothing but their number is bounded."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ends = NDArray[np.int64]


@njit(cache=True)
def _pool(good: Floats, bad: Floats) -> Ends:
    """Return the last candidate of each block of the isotonic regression of the bad rate."""
    n = len(good)
    block_good, block_bad = np.empty(n), np.empty(n)
    end = np.empty(n, np.int64)
    m = 0
    for i in range(n):
        block_good[m], block_bad[m], end[m] = good[i], bad[i], i
        m += 1
        while (
            m > 1 and block_bad[m - 2] * block_good[m - 1] >= block_bad[m - 1] * block_good[m - 2]
        ):
            block_good[m - 2] += block_good[m - 1]
            block_bad[m - 2] += block_bad[m - 1]
            end[m - 2] = end[m - 1]
            m -= 1
    return end[:m].copy()


def block_ends(counts: Floats, order: int) -> Ends:
    """Return the last candidate of each block of the isotonic regression of the plain bad rate.

    Bins that ascend (``order`` +1) or descend (-1), of which only the greatest number is
    bounded, have the greatest smoothed information value among all cuts with cuts at these
    block ends alone: the value is convex in the place of a cut in the plane of cumulated good
    and bad weight, so a cut inside a block is never better than one at a corner of the hull.
    The sum over bins is smoothed with the same pseudo-rows in every bin, which moves a bin's
    ends along the diagonal and leaves the argument as it is. It does not hold where a least
    size, a difference of rates or a test binds, nor for divergences of plain shares under a
    trend of smoothed rates.

    Parameters
    ----------
    counts : ndarray (n, 2)
        Good and bad weight of each candidate, in order.
    order : int
        +1 where the bad rate ascends, -1 where it descends.
    """
    good, bad = (0, 1) if order > 0 else (1, 0)
    return _pool(counts[:, good].copy(), counts[:, bad].copy())
