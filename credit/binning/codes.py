"""Rows as bins: one small number a value, rows contiguous, for look-ups of any kind."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numba import njit

from credit.binning.bins import Bins, Codes
from credit.columns import Floats, Ints
from credit.frames import Frame

_TOGETHER = 16
"""Columns written into the rows at a time: each write then fills more of a line of memory."""


def code_frame(X: Frame, bins: Mapping[str, Bins]) -> Codes:
    """Return the bin of every value, a column for each entry of ``bins``.

    Columns are read one at a time, and once.

    Returns
    -------
    ndarray (rows, features)
        uint8, or uint16 where a column has more than 255 bins; C order, so that a row is
        contiguous.

    Raises
    ------
    ModelError
        Text or an infinity in a column of numbers.
    """
    wide = any(column.code_type is np.uint16 for column in bins.values())
    kind = np.uint16 if wide else np.uint8
    codes = np.empty((len(X), len(bins)), kind)
    names = list(bins)
    for first in range(0, len(names), _TOGETHER):
        together = names[first : first + _TOGETHER]
        held = np.empty((len(together), len(X)), kind)
        for row, name in zip(held, together, strict=True):
            row[:] = bins[name].encode(X[name])
        _interleave(held, codes, first)
    return codes


@njit(cache=True)
def _interleave(held: Codes, codes: Codes, first: int) -> None:
    """Write columns, given as rows of ``held``, into ``codes`` from column ``first`` on."""
    for i in range(codes.shape[0]):
        for j in range(held.shape[0]):
            codes[i, first + j] = held[j, i]


@njit(cache=True)
def add_terms(total: Floats | Ints, terms: Floats | Ints, codes: Codes) -> None:
    """Add ``terms[codes[i]]`` to ``total[i]`` in place."""
    for i in range(len(total)):
        total[i] += terms[codes[i]]
