"""The rows a booster learns from, and the parts of them that decide when to stop."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit

from credit.boost.encode import Matrix
from credit.columns import Floats, Ints
from credit.errors import ModelError

SMALL = 5_000
"""Rows below which one random validation part is too noisy to stop by, and five take turns."""

PARTS = 5


class Rows(NamedTuple):
    """The rows a booster learns from: matrix, 1.0 for bad, weights."""

    matrix: Matrix
    bad: Floats
    weight: Floats

    def take(self, positions: Ints) -> Rows:
        """Return some of the rows."""
        return Rows(self.matrix[positions], self.bad[positions], self.weight[positions])


Part = tuple[Ints, Ints]
"""Positions of training rows and of the rows that decide when to stop."""


def read_times(order: ArrayLike | None, rows: int) -> NDArray[Any] | None:
    """Return the times that order the rows."""
    if order is None:
        return None
    times = np.asarray(order)
    if times.shape != (rows,):
        raise ModelError(f"order: shape {times.shape}, but X has {rows} rows: one time a row.")
    if pd.isna(times).any():
        raise ModelError(f"order: {int(pd.isna(times).sum())} row(s) have no time.")
    return times


def stopping_parts(rows: Rows, times: NDArray[Any] | None, share: float, seed: int) -> list[Part]:
    """Return the parts that decide when to stop."""
    everyone = np.arange(len(rows.bad))
    if times is not None:
        return [_latest(rows, times, share)]
    rarest = int(min((rows.bad == 0).sum(), (rows.bad == 1).sum()))
    if rarest < 2:
        return []
    if len(everyone) < SMALL:
        folds = StratifiedKFold(min(PARTS, rarest), shuffle=True, random_state=seed)
    else:
        folds = StratifiedShuffleSplit(1, test_size=share, random_state=seed)
    return list(folds.split(everyone, rows.bad))


def _latest(rows: Rows, times: NDArray[Any], share: float) -> Part:
    """Split at a time, so that rows of one instant are on one side."""
    cut = np.sort(times)[int(len(times) * (1 - share))]
    later = times >= cut
    learn, judge = np.flatnonzero(~later), np.flatnonzero(later)
    if len(np.unique(rows.bad[learn])) < 2:
        raise ModelError(
            f"order: the {len(learn)} row(s) before {cut} hold one class or none, so nothing can "
            "be learnt before the validation part. Leave order out, or take a longer sample."
        )
    return learn, judge
