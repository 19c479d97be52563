"""A column as its distinct values with good and bad weight: what any engine can count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import NDArray

from credit.columns import Floats, Ints, Kind, kind_of, names, numbers
from credit.errors import ModelError
from credit.whole import ALONE, Whole


def _no_periods() -> Floats:
    return np.zeros((0, 0, 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The rows' weights by class: ``weights`` (n, 2), good then bad, one of them zero.

    Attributes
    ----------
    weights : ndarray (n, 2)
    prior : ndarray (2,)
        Good and bad weight of all rows, those of other parties included.
    bad : ndarray (n,) of bool
        Whether a row is bad.
    unweighted : bool
        Whether every row weighs 1.
    period, period_names : ndarray (n,) of int and tuple of str
        The number of each row's period, and what the periods are called, in order.
    whole : Whole
        The rows of which these are a part.
    """

    weights: Floats
    prior: Floats
    bad: NDArray[np.bool_]
    unweighted: bool = False
    period: Ints | None = None
    period_names: tuple[str, ...] = ()
    whole: Whole = ALONE

    @classmethod
    def of(
        cls, bad: Floats, weight: Floats, period: object = None, *, whole: Whole = ALONE
    ) -> Sample:
        """Build it from the target (1.0 is bad), the rows' weights and their periods.

        Raises
        ------
        ModelError
            The periods are not one a row, or some are missing.
        """
        weights = np.column_stack([weight * (1 - bad), weight * bad])
        sample = cls(
            weights=weights,
            prior=whole.sum(weights.sum(axis=0)),
            bad=bad > 0,
            unweighted=bool((weight == 1).all()),
            whole=whole,
        )
        if period is None:
            return sample
        codes, found = pd.factorize(pd.Series(period), sort=True)
        if len(codes) != len(bad) or (codes < 0).any():
            raise ModelError(
                f"period: {len(codes)} value(s), {int((codes < 0).sum())} of them missing, for "
                f"{len(bad)} rows. Give every row its period."
            )
        return replace(
            sample, period=codes.astype(np.int64), period_names=tuple(str(p) for p in found)
        )

    def count(self, index: Ints, size: int) -> Floats:
        """Return (size, 2) weights of the rows with each index."""
        return np.column_stack([np.bincount(index, self.weights[:, side], size) for side in (0, 1)])

    def count_rows(self, index: Ints, size: int) -> Floats | None:
        """Return (size, 2) rows with each index, or None where weights count rows already."""
        if self.unweighted:
            return None
        return np.bincount(2 * index + self.bad, minlength=2 * size).reshape(-1, 2).astype(float)

    def count_periods(self, index: Ints, size: int) -> Floats:
        """Return (periods, size, 2) weights of the rows with each index."""
        if self.period is None:
            return np.zeros((0, size, 2))
        many = len(self.period_names)
        return self.count(self.period * size + index, many * size).reshape(many, size, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """A column's distinct values: numbers in ascending order, names in any.

    Attributes
    ----------
    feature, kind : str
    distinct : ndarray (d,)
        Numbers, special codes among them; empty for names.
    names : tuple of str
        Names; empty for numbers.
    counts : ndarray (d, 2)
        Good and bad weight of each.
    missing : ndarray (2,)
        Good and bad weight of missing values.
    rows : ndarray (d, 2), optional
        Good and bad rows; None where they are ``counts``.
    period_names, periods : tuple of str, ndarray (periods, d, 2)
        ``counts`` by period.
    """

    feature: str
    kind: Kind
    distinct: Floats = field(default_factory=lambda: np.zeros(0))
    names: tuple[str, ...] = ()
    counts: Floats
    missing: Floats
    rows: Floats | None = None
    period_names: tuple[str, ...] = ()
    periods: Floats = field(default_factory=_no_periods)

    def without(self, at: Ints) -> Tally:
        """Return the tally of numbers without the values at these positions."""
        return replace(
            self,
            distinct=np.delete(self.distinct, at),
            counts=np.delete(self.counts, at, axis=0),
            rows=None if self.rows is None else np.delete(self.rows, at, axis=0),
            periods=np.delete(self.periods, at, axis=1),
        )


def tally_column(column: pd.Series, feature: str, sample: Sample) -> Tally:
    """Tally a column of a frame."""
    if kind_of(column, feature) == "category":
        codes, found = names(column, feature)
        index = np.where(codes < 0, len(found), codes)
        return _tally(feature, sample, index, found=found)
    values = numbers(column, feature)
    missing = np.isnan(values)
    distinct, inverse = np.unique(values[~missing], return_inverse=True)
    index = np.full(len(values), len(distinct), np.int64)
    index[~missing] = inverse
    return _tally(feature, sample, index, values=distinct)


def _tally(
    feature: str,
    sample: Sample,
    index: Ints,
    *,
    values: Floats | None = None,
    found: tuple[str, ...] = (),
) -> Tally:
    """Count rows by the number of their value; the last number is that of missing values."""
    size = (len(found) if values is None else len(values)) + 1
    counts, rows = sample.count(index, size), sample.count_rows(index, size)
    return Tally(
        feature=feature,
        kind="category" if values is None else "number",
        distinct=np.zeros(0) if values is None else values + 0.0,
        names=found,
        counts=counts[:-1],
        missing=counts[-1],
        rows=None if rows is None else rows[:-1],
        period_names=sample.period_names,
        periods=sample.count_periods(index, size)[:, :-1],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """The numbers of a column whose rows all weigh 1: its tally, not yet added up.

    Candidates need the counts at a few cut points alone, so distinct values are never listed.

    Attributes
    ----------
    feature : str
    every, bad : ndarray (n,)
        The values of all rows and of the bad ones, ascending, special codes among them.
    missing : ndarray (2,)
        Good and bad rows whose value is missing.
    """

    feature: str
    every: Floats
    bad: Floats
    missing: Floats

    def at(self, value: float) -> Floats:
        """Return the good and bad rows that hold a value."""
        every, bad = (
            np.searchsorted(column, value, side="right") - np.searchsorted(column, value)
            for column in (self.every, self.bad)
        )
        return np.array([every - bad, bad], dtype=np.float64)

    def without(self, codes: Sequence[float]) -> Sorted:
        """Return it without the rows that hold one of these values."""
        if not codes:
            return self
        kept = [column[~np.isin(column, codes)] for column in (self.every, self.bad)]
        return replace(self, every=kept[0], bad=kept[1])


def sort_column(column: pd.Series, feature: str, sample: Sample) -> Sorted:
    """Sort a column of numbers, its bad rows once more apart.

    Two sorts of plain numbers cost a fraction of the one that keeps track of rows.
    """
    every, bad = _held(numbers(column, feature), sample.bad)
    lost_bad = float(sample.bad.sum() - len(bad))
    lost = float(len(column) - len(every))
    every.sort()
    bad.sort()
    missing = np.array([lost - lost_bad, lost_bad])
    return Sorted(feature=feature, every=every, bad=bad, missing=missing)


@njit(cache=True)
def _held(values: Floats, bad: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return copies of the values that are not missing, of all rows and of the bad ones."""
    every, ill = np.empty(len(values)), np.empty(bad.sum())
    n, m = 0, 0
    for i in range(len(values)):
        if not np.isnan(values[i]):
            every[n] = values[i] + 0.0  # no negative zero
            if bad[i]:
                ill[m] = every[n]
                m += 1
            n += 1
    return every[:n], ill[:m]
