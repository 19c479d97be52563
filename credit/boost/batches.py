"""Rows that are read in batches: a frame too long to be a matrix of floats in memory."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xgboost as xgb

from credit.boost.encode import Encoder, Matrix
from credit.columns import Floats, Ints
from credit.frames import Frame, ParquetColumns


class Piece(NamedTuple):
    """Some consecutive rows: matrix, 1.0 for bad, weights."""

    matrix: Matrix
    bad: Floats
    weight: Floats


def pieces_of(frame: Frame, size: int) -> Iterator[pd.DataFrame]:
    """Yield the frame's rows, ``size`` at a time and in their order."""
    if isinstance(frame, ParquetColumns):
        yield from frame.batches(size)
        return
    for start in range(0, len(frame), size):
        yield frame.iloc[start : start + size]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batches:
    """Rows that are encoded a batch at a time, as often as XGBoost asks for them.

    Whether rows come in batches depends on how many there are, never on what holds them, so a
    frame and its Parquet file give the same model.

    Attributes
    ----------
    frame : Frame
    encoder : Encoder
    positions : array of int
        Which rows of the frame count, ascending.
    bad, weight : array of float
        One a counted row.
    size : int
        Rows of the frame that are held at a time.
    max_bin, threads : int
        As XGBoost takes them.
    """

    frame: Frame
    encoder: Encoder
    positions: Ints
    bad: Floats
    weight: Floats
    size: int
    max_bin: int
    threads: int

    def take(self, positions: Ints) -> Batches:
        """Return some of the rows, given in ascending order."""
        return replace(
            self,
            positions=self.positions[positions],
            bad=self.bad[positions],
            weight=self.weight[positions],
        )

    def weighing(self, factor: Floats) -> Batches:
        """Return the rows with their weights multiplied."""
        return replace(self, weight=self.weight * factor)

    def pieces(self) -> Iterator[Piece]:
        """Yield the counted rows in their order; a batch without any is passed over."""
        start = 0
        for piece in pieces_of(self.frame, self.size):
            stop = start + len(piece)
            first, last = np.searchsorted(self.positions, [start, stop])
            if last > first:
                kept = self.positions[first:last] - start
                matrix = self.encoder.matrix(piece if len(kept) == len(piece) else piece.iloc[kept])
                yield Piece(matrix, self.bad[first:last], self.weight[first:last])
            start = stop

    def data(self, like: xgb.DMatrix | None = None) -> xgb.DMatrix:
        """Return the rows as XGBoost's quantiles, kept on disk; cut as in ``like``."""
        folder = tempfile.mkdtemp(prefix="credit-boost-")
        try:
            source = _Source(self.pieces, list(self.encoder.outputs), folder)
            data = xgb.ExtMemQuantileDMatrix(
                source, max_bin=self.max_bin, nthread=self.threads or None, ref=like
            )
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        weakref.finalize(data, shutil.rmtree, folder, ignore_errors=True)
        return data


class _Source(xgb.DataIter):
    """What XGBoost reads pieces through."""

    def __init__(
        self, pieces: Callable[[], Iterator[Piece]], names: list[str], folder: str
    ) -> None:
        self._pieces, self._names = pieces, names
        self._left = pieces()
        super().__init__(cache_prefix=str(Path(folder) / "rows"))

    def next(self, input_data: Callable[..., Any]) -> bool:
        """Hand over the next piece; say whether there was one."""
        piece = next(self._left, None)
        if piece is None:
            return False
        input_data(
            data=piece.matrix, label=piece.bad, weight=piece.weight, feature_names=self._names
        )
        return True

    def reset(self) -> None:
        """Begin again."""
        self._left = self._pieces()
