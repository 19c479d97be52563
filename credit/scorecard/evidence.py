"""Evidence of many rows: a byte a value, and floats one block of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numba import njit

from credit.binning.bins import Bins, Codes
from credit.binning.codes import code_frame
from credit.columns import Floats, Ints
from credit.frames import Frame

_BLOCK = 1024
"""Rows held as floats at a time: they stay in the processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """Rows of bins with one value each: ``x_ij = tables[j][codes[i, j]]``, a byte a value.

    Attributes
    ----------
    codes : ndarray (rows, features)
    tables : tuple of ndarray
        The value of each of a feature's bins.
    """

    codes: Codes
    tables: tuple[Floats, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and features."""
        return len(self.codes), len(self.tables)

    @classmethod
    def of(cls, frame: Frame, bins: Mapping[str, Bins]) -> Evidence:
        """Read the columns of a frame as the evidence of their bins."""
        tables = tuple(np.array(column.woe) for column in bins.values())
        return cls(codes=code_frame(frame, bins), tables=tables)

    def columns(self, at: Ints) -> Evidence:
        """Return the evidence of some of the features; of all of them it is not copied."""
        if np.array_equal(at, np.arange(len(self.tables))):
            return self
        tables = tuple(self.tables[int(j)] for j in at)
        return Evidence(codes=np.ascontiguousarray(self.codes[:, at]), tables=tables)

    def each(self, step: int) -> Evidence:
        """Return every ``step``-th row."""
        return Evidence(codes=np.ascontiguousarray(self.codes[::step]), tables=self.tables)


def designs(X: Floats | Evidence) -> Iterator[tuple[slice, Floats]]:
    """Yield the rows in blocks, a leading 1 in each; a block overwrites the one before."""
    rows, features = X.shape
    held = np.ones((min(rows, _BLOCK), features + 1))
    if isinstance(X, Evidence):
        sizes = [len(table) for table in X.tables]
        offsets = np.cumsum([0, *sizes])[:-1]
        values = np.concatenate([np.zeros(0), *X.tables])
    for start in range(0, rows, _BLOCK):
        at = slice(start, min(start + _BLOCK, rows))
        block = held[: at.stop - start]
        if isinstance(X, Evidence):
            _look_up(X.codes[at], offsets, values, block)
        else:
            block[:, 1:] = X[at]
        yield at, block


@njit(cache=True)
def _look_up(codes: Codes, offsets: Ints, values: Floats, block: Floats) -> None:
    """Write the values of coded rows behind the leading column."""
    for i in range(codes.shape[0]):
        for j in range(len(offsets)):
            block[i, j + 1] = values[offsets[j] + codes[i, j]]
