"""Bins: what a fitted binning knows about one column, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import NDArray

from credit.columns import Floats, Ints, Kind, names, numbers, text
from credit.errors import ModelError

Codes = NDArray[np.unsignedinteger[Any]]

_AT_ONCE = 1024
"""Values placed at a time: they stay in the processor's nearest cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bins:
    """The bins of one column. Bins 0..m-1 are ordinary; special, missing, unseen follow.

    Attributes
    ----------
    feature, kind : str
        The column, and whether it holds ``number`` or ``category``.
    trend : str
        The trend of the bad rate over the ordinary bins.
    edges : tuple of float
        Numbers: bin i holds ``edges[i - 1] <= x < edges[i]``.
    groups : tuple of tuple of str
        Categories: the names in bin i, from the lowest bad rate to the highest.
    special : tuple of (code, bin)
        Values that are no amounts (-9, 98, ...), looked up before any edge.
    missing, unseen : int
        Bin of a missing value, and of a name or code never seen when fitting. An unseen name
        goes with the missing values if these have a bin of their own, else to a neutral bin
        with evidence 0.
    labels : tuple of str
        One per bin, as an officer reads it.
    good, bad : tuple of float
        Weight of good and bad rows in each bin when fitting.
    woe : tuple of float
        Evidence of each bin, log of smoothed bad share over good share: above 0 is riskier
        than the population, 0 is neutral.
    diagnosis : str
        Why there is only one ordinary bin, or that held-out rows do not confirm the cuts; else
        empty.
    """

    feature: str
    kind: Kind
    trend: str
    edges: tuple[float, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    special: tuple[tuple[float | str, int], ...] = ()
    missing: int
    unseen: int
    labels: tuple[str, ...]
    good: tuple[float, ...]
    bad: tuple[float, ...]
    woe: tuple[float, ...]
    diagnosis: str = ""

    @property
    def size(self) -> int:
        """Number of bins, ordinary and other."""
        return len(self.labels)

    @property
    def iv(self) -> float:
        """Information value: ``sum over bins of (bad share - good share) * woe``."""
        good, bad = np.array(self.good), np.array(self.bad)
        return float((bad / bad.sum() - good / good.sum()) @ np.array(self.woe))

    @property
    def code_type(self) -> type[np.uint8 | np.uint16]:
        """The type of this column's codes."""
        return np.uint8 if self.size <= 255 else np.uint16

    def assign(self, column: pd.Series) -> Ints:
        """Return the bin of every value.

        Raises
        ------
        ModelError
            Text or an infinity in a column of numbers.
        """
        return self.encode(column).astype(np.int64)

    def encode(self, column: pd.Series) -> Codes:
        """Return the bin of every value as :meth:`assign` does, in the smallest type."""
        if self.kind == "number":
            codes = np.empty(len(column), self.code_type)
            special = np.array([code for code, _ in self.special], dtype=np.float64)
            positions = np.array([*(i for _, i in self.special), self.missing], self.code_type)
            edges = np.array(self.edges, dtype=np.float64)
            _place(numbers(column, self.feature), edges, special, positions, codes)
            return codes
        raw, found = names(column, self.feature)
        known = {name: i for i, group in enumerate(self.groups) for name in group}
        known |= {str(code): i for code, i in self.special}
        places = [*(known.get(name, self.unseen) for name in found), self.missing]
        table: Codes = np.array(places, self.code_type)
        return table[raw]

    def table(self) -> pd.DataFrame:
        """Return a row a bin: feature, bin, share, rate, woe, iv. An empty bin has no rate."""
        return table_of([self])

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that :meth:`from_dict` reads back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Bins:
        """Build the record from plain data; lists, as JSON gives them, become tuples."""
        return cls(**{name: _frozen(value) for name, value in plain.items()})


def table_of(columns: Sequence[Bins]) -> pd.DataFrame:
    """Return the tables of several columns, one below the other."""
    parts = [_shares(np.array(bins.good), np.array(bins.bad), bins.woe) for bins in columns]
    share, rate, iv = np.concatenate([np.zeros((3, 0)), *parts], axis=1)
    return pd.DataFrame(
        {
            "feature": [bins.feature for bins in columns for _ in bins.labels],
            "bin": [label for bins in columns for label in bins.labels],
            "share": share,
            "rate": rate,
            "woe": [woe for bins in columns for woe in bins.woe],
            "iv": iv,
        }
    )


def _shares(good: Floats, bad: Floats, woe: tuple[float, ...]) -> Floats:
    """Return share, rate and information value of each bin, (3, bins)."""
    weight = good + bad
    rate = np.divide(bad, weight, out=np.full(len(weight), np.nan), where=weight > 0)
    iv = (bad / bad.sum() - good / good.sum()) * np.array(woe)
    return np.array([weight / weight.sum(), rate, iv])


@njit(cache=True)
def _place(values: Floats, edges: Floats, special: Floats, positions: Codes, codes: Codes) -> None:
    """Write how many edges are at most each value: few edges are counted faster than searched.

    ``positions`` holds the bin of each special code, and last that of a missing value.
    """
    for start in range(0, len(values), _AT_ONCE):
        held, into = values[start : start + _AT_ONCE], codes[start : start + _AT_ONCE]
        into[:] = 0
        for edge in edges:
            for i in range(len(held)):
                into[i] += edge <= held[i]
        for k in range(len(special)):
            for i in range(len(held)):
                into[i] = positions[k] if held[i] == special[k] else into[i]
        for i in range(len(held)):
            into[i] = positions[-1] if np.isnan(held[i]) else into[i]


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list | tuple) else value


def interval_labels(edges: Sequence[float]) -> list[str]:
    """Return what the half-open intervals between ascending edges are called.

    >>> interval_labels([1.0, 2.5])
    ['< 1', '[1, 2.5)', '>= 2.5']
    """
    if not edges:
        return ["any value"]
    written = [f"{edge:.12g}" for edge in edges]
    between = [f"[{low}, {high})" for low, high in pairwise(written)]
    return [f"< {written[0]}", *between, f">= {written[-1]}"]


def evidence(counts: NDArray[np.float64], prior: Floats, smoothing: float) -> Floats:
    """Return the smoothed weight of evidence of each row (good, bad) of ``counts``.

    ``log((b + m B/N) / (g + m G/N)) - log(B/G)``: 0 where a bin is empty.
    """
    smoothed = counts + smoothing * prior / prior.sum()
    woe = np.log(smoothed[:, 1] / smoothed[:, 0]) - np.log(prior[1] / prior[0])
    return np.where(counts.sum(axis=1) > 0, woe, 0.0)  # exactly: rounding leaves 1e-16 there


def special_key(kind: Kind, code: object, feature: str) -> float | str:
    """Return a declared special code as the value it is compared with."""
    if kind == "category":
        return text(code, feature)
    if isinstance(code, int | float | np.number) and np.isfinite(float(code)):
        return float(code)
    raise ModelError(
        f"special_codes: {code!r} of column {feature!r} is not a finite number, but the column "
        "holds numbers. Missing values need no code: they have a bin of their own."
    )
