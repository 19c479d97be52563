"""Counts of good and bad weight per ordered candidate: all that a binning needs of a column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from credit.binning.bins import BinLimits, special_key
from credit.columns import Floats, Ints, Kind, kind_of, names, numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The rows' weights by class: ``weights`` (n, 2), good then bad, one of them zero."""

    weights: Floats

    @classmethod
    def of(cls, bad: Floats, weight: Floats) -> Sample:
        """Build it from the target (1.0 is bad) and the rows' weights."""
        return cls(weights=np.column_stack([weight * (1 - bad), weight * bad]))

    @property
    def prior(self) -> Floats:
        """Good and bad weight of all rows."""
        return self.weights.sum(axis=0)

    def count(self, index: Ints, size: int) -> Floats:
        """Return (size, 2) weights of the rows with each index."""
        return np.column_stack([np.bincount(index, self.weights[:, side], size) for side in (0, 1)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """A column as counts; arrays (n, 2) hold good and bad weight.

    Attributes
    ----------
    edges : tuple of float
        Numbers: cut points between the ordinary candidates.
    groups : tuple of tuple of str
        Categories: the names in each ordinary candidate, in no order yet.
    ordinary : ndarray (candidates, 2)
    codes, special : tuple and ndarray (codes, 2)
        The declared special codes and their counts.
    missing : ndarray (2,)
    """

    feature: str
    kind: Kind
    edges: tuple[float, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    ordinary: Floats
    codes: tuple[float | str, ...] = ()
    special: Floats
    missing: Floats


def count_column(
    column: pd.Series,
    feature: str,
    sample: Sample,
    limits: BinLimits,
    codes: tuple[object, ...] = (),
) -> Counts:
    """Count a column over its candidates, its special codes and its missing values."""
    kind = kind_of(column, feature)
    keys = tuple(dict.fromkeys(special_key(kind, code, feature) for code in codes))
    if kind == "number":
        return _count_numbers(numbers(column, feature), feature, sample, limits, keys)
    return _count_names(column, feature, sample, limits, keys)


def _count_numbers(
    values: Floats,
    feature: str,
    sample: Sample,
    limits: BinLimits,
    codes: tuple[float | str, ...],
) -> Counts:
    # A row of weight 0 is not there: it may not even choose how a cut point is written.
    ordinary = ~np.isnan(values) & (sample.weights.sum(axis=1) > 0)
    special = np.zeros((len(codes), 2))
    for i, code in enumerate(codes):
        at = values == code
        special[i] = sample.weights[at].sum(axis=0)
        ordinary &= ~at
    kept = Sample(weights=sample.weights[ordinary])
    held = values[ordinary]
    mass = kept.weights.sum(axis=1)
    edges = readable_edges(candidate_edges(held, mass, limits.max_candidates), held[mass > 0])
    declared = [edge for edge in limits.edges.get(feature, ()) if _within(edge, held)]
    edges = np.union1d(edges, np.array(declared, dtype=np.float64))
    index = np.searchsorted(edges, held, side="right")
    counts = kept.count(index, len(edges) + 1)
    # A declared edge between two values that no quantile parts leaves a candidate empty.
    full = counts.sum(axis=1) > 0
    missing = sample.weights[np.isnan(values)].sum(axis=0)
    return Counts(
        feature=feature,
        kind="number",
        edges=tuple(edges[full[1:]].tolist()) if full.any() else (),
        ordinary=counts[full],
        codes=codes,
        special=special,
        missing=missing,
    )


def _within(edge: float, values: Floats) -> bool:
    return bool(len(values)) and bool(values.min() < edge <= values.max())


def candidate_edges(values: Floats, weight: Floats, most: int) -> Floats:
    """Return up to ``most - 1`` cut points: observed values that open a new weighted quantile.

    With cw the cumulated weight at the distinct values, W its total, value i + 1 opens a
    candidate when ``floor(most * cw[i] / W)`` is above that of the value before. Weights count
    rows, so a row twice and a row of weight two give the same edges.
    """
    held = weight > 0
    values, weight = values[held], weight[held]
    distinct, inverse = np.unique(values, return_inverse=True)
    if len(distinct) <= most:
        return distinct[1:]
    cumulated = np.cumsum(np.bincount(inverse, weight))
    level = np.floor(most * cumulated[:-1] / cumulated[-1])
    opens = np.diff(level, prepend=0.0) > 0
    return distinct[1:][opens]


def readable_edges(edges: Floats, values: Floats) -> Floats:
    """Replace each cut point by the shortest decimal that parts the same values.

    A cut at an observed value e may lie anywhere in (l, e], l the next smaller value: an officer
    reads 0.03 more easily than 0.0285714285714, and no row of the sample changes its bin.

    >>> readable_edges(np.array([0.0285714285714]), np.array([0.01, 0.0285714285714]))
    array([0.02])
    """
    below = np.unique(values)
    lower = below[np.searchsorted(below, edges, side="left") - 1]
    return np.array([_shortest(low, high) for low, high in zip(lower, edges, strict=True)])


def _shortest(low: float, high: float) -> float:
    """Return the decimal with fewest digits in (low, high]."""
    if abs(high) < np.finfo(np.float64).tiny:  # 0, or too small for the powers of ten below
        return float(high)
    for digits in range(1, 17):
        rounded = float(f"{high:.{digits}g}")
        step = 10.0 ** (np.floor(np.log10(abs(high))) - digits + 1)
        down = float(f"{np.floor(high / step) * step:.{digits}g}")
        for candidate in (rounded, down):
            if low < candidate <= high:
                return candidate
    return float(high)


def _count_names(
    column: pd.Series,
    feature: str,
    sample: Sample,
    limits: BinLimits,
    codes: tuple[float | str, ...],
) -> Counts:
    row_codes, found = names(column, feature)
    index = np.where(row_codes < 0, len(found), row_codes)
    counts = sample.count(index, len(found) + 1)
    position = {name: i for i, name in enumerate(found)}
    special = np.array([counts[position[c]] if c in position else (0, 0) for c in map(str, codes)])
    weight = counts.sum(axis=1)
    floor = limits.rare_share * sample.prior.sum()
    seen = sorted(name for name in found if name not in codes and weight[position[name]] > 0)
    rare = [name for name in seen if weight[position[name]] < floor]
    groups = [(name,) for name in seen if name not in set(rare)] + [tuple(rare)] * bool(rare)
    ordinary: NDArray[np.float64] = np.array(
        [counts[[position[name] for name in group]].sum(axis=0) for group in groups]
    ).reshape(-1, 2)
    return Counts(
        feature=feature,
        kind="category",
        groups=tuple(groups),
        ordinary=ordinary,
        codes=codes,
        special=special.reshape(-1, 2).astype(np.float64),
        missing=counts[-1],
    )
