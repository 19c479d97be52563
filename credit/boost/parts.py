"""The rows a booster learns from, and the parts of them that decide when to stop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

import numpy as np
import pandas as pd
import xgboost as xgb
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import (
    BaseCrossValidator,
    StratifiedGroupKFold,
    StratifiedKFold,
    StratifiedShuffleSplit,
)

from credit.boost.batches import Piece
from credit.boost.encode import Matrix
from credit.columns import Floats, Ints
from credit.errors import ModelError
from credit.whole import ALONE, Whole, least, total

SMALL = 5_000
"""Rows below which one random validation part is too noisy to stop by, and five take turns."""

PARTS = 5


class Rows(Protocol):
    """The rows a booster learns from, in memory or read in batches: 1.0 for bad, and weights."""

    @property
    def bad(self) -> Floats:
        """1.0 for bad, 0.0 for good."""

    @property
    def weight(self) -> Floats:
        """How many rows each counts for."""

    def take(self, positions: Ints) -> Self:
        """Return some of the rows, given in ascending order."""

    def weighing(self, factor: Floats) -> Self:
        """Return the rows with their weights multiplied."""

    def pieces(self) -> Iterator[Piece]:
        """Yield the rows in their order, as many at a time as may be in memory."""

    def data(self, like: xgb.DMatrix | None = None) -> xgb.DMatrix:
        """Return the rows as XGBoost reads them; where quantiles are cut, as in ``like``."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InMemory:
    """Rows in memory: matrix, its columns' names, 1.0 for bad, weights."""

    matrix: Matrix
    names: tuple[str, ...]
    bad: Floats
    weight: Floats
    threads: int

    def take(self, positions: Ints) -> InMemory:
        """Return some of the rows."""
        return replace(
            self,
            matrix=self.matrix[positions],
            bad=self.bad[positions],
            weight=self.weight[positions],
        )

    def weighing(self, factor: Floats) -> InMemory:
        """Return the rows with their weights multiplied."""
        return replace(self, weight=self.weight * factor)

    def pieces(self) -> Iterator[Piece]:
        """Yield all rows at once."""
        yield Piece(self.matrix, self.bad, self.weight)

    def data(self, like: xgb.DMatrix | None = None) -> xgb.DMatrix:  # noqa: ARG002 - cuts itself
        """Return the rows as XGBoost reads them."""
        return xgb.DMatrix(
            self.matrix,
            self.bad,
            weight=self.weight,
            feature_names=list(self.names),
            nthread=self.threads or None,
        )


Part = tuple[Ints, Ints]
"""Positions of training rows and of the rows that decide when to stop, each ascending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """What ties rows together: the time of each, and the person (or other group) of each."""

    times: NDArray[Any] | None = None
    groups: Ints | None = None

    def take(self, positions: Ints) -> Clues:
        """Return the clues of some of the rows."""
        return Clues(
            times=None if self.times is None else self.times[positions],
            groups=None if self.groups is None else self.groups[positions],
        )


def read_clues(order: ArrayLike | None, groups: ArrayLike | None, rows: int) -> Clues:
    """Return times and groups, the latter as numbers.

    Raises
    ------
    ModelError
        Not one value a row, or a row without one.
    """
    times = None if order is None else _one_a_row("order", "time", order, rows)
    if groups is None:
        return Clues(times=times)
    codes, _ = pd.factorize(_one_a_row("groups", "group", groups, rows))
    return Clues(times=times, groups=codes.astype(np.int64))


def _one_a_row(argument: str, what: str, given: ArrayLike, rows: int) -> NDArray[Any]:
    values = np.asarray(given)
    if values.shape != (rows,):
        raise ModelError(
            f"{argument}: shape {values.shape}, but X has {rows} rows: one {what} a row."
        )
    if pd.isna(values).any():
        raise ModelError(f"{argument}: {int(pd.isna(values).sum())} row(s) have no {what}.")
    return values


def stopping_parts(
    bad: Floats, clues: Clues, share: float, seed: int, whole: Whole = ALONE
) -> list[Part]:
    """Return the parts that decide when to stop; none where a class has fewer than two rows.

    With times it is the latest ``share`` of the rows, without them one random part or, on few
    rows, each of five in turn. No group is on both sides. Parts of a ``whole`` divide off
    the same number of such parts, each of its own rows.
    """
    everyone = np.arange(len(bad))
    if clues.times is not None:
        return [_latest(bad, clues.times, clues.groups, share)]
    rarest = int(min((bad == 0).sum(), (bad == 1).sum()))
    if clues.groups is not None:
        rarest = min(rarest, *(len(np.unique(clues.groups[bad == side])) for side in (0, 1)))
    rarest = least(whole, rarest)
    if rarest < 2:
        return []
    few = total(whole, len(everyone)) < SMALL
    folds: BaseCrossValidator
    if clues.groups is not None:
        count = min(PARTS if few else max(2, round(1 / share)), rarest)
        folds = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    elif few:
        folds = StratifiedKFold(min(PARTS, rarest), shuffle=True, random_state=seed)
    else:
        folds = StratifiedShuffleSplit(1, test_size=share, random_state=seed)
    found = [
        (np.sort(learn), np.sort(judge))
        for learn, judge in folds.split(everyone, bad, clues.groups)
    ]
    return found if few else found[:1]


def _latest(bad: Floats, times: NDArray[Any], groups: Ints | None, share: float) -> Part:
    """Split at a time, so that rows of one instant, and of one group, are on one side."""
    cut = np.sort(times)[int(len(times) * (1 - share))]
    later = times >= cut
    before = ~later
    if groups is not None:
        before &= ~np.isin(groups, groups[later])
    learn, judge = np.flatnonzero(before), np.flatnonzero(later)
    if len(np.unique(bad[learn])) < 2:
        whose = "" if groups is None else " of groups that have no later row"
        raise ModelError(
            f"order: the {len(learn)} row(s) before {cut}{whose} hold one class or none, so "
            "nothing can be learnt before the validation part. Leave order out, or take a longer "
            "sample."
        )
    return learn, judge
