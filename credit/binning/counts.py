"""Counts of good and bad weight per ordered candidate: all that a binning needs of a column."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numba import njit

from credit.binning.bins import special_key
from credit.binning.limits import BinLimits
from credit.binning.rules import Material
from credit.binning.tally import Sample, Tally, tally_column
from credit.columns import Floats, Ints, Kind
from credit.errors import ModelError


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
    rows : ndarray (candidates, 2), optional
        Good and bad rows of each candidate where rows are weighted; None: they are ``ordinary``.
    period_names, periods : tuple of str, ndarray (periods, candidates, 2)
        The periods in order, and ``ordinary`` in each of them; both empty without periods.
    """

    feature: str
    kind: Kind
    edges: tuple[float, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    ordinary: Floats
    codes: tuple[float | str, ...] = ()
    special: Floats
    missing: Floats
    rows: Floats | None = None
    period_names: tuple[str, ...] = ()
    periods: Floats = field(default_factory=lambda: np.zeros((0, 0, 2)))

    @property
    def prior(self) -> Floats:
        """Good and bad weight of all rows."""
        total: Floats = self.ordinary.sum(axis=0) + self.special.sum(axis=0) + self.missing
        return total

    def in_order(self, order: Ints) -> Counts:
        """Return the counts of names with their groups in another order."""
        return replace(
            self,
            ordinary=self.ordinary[order],
            groups=tuple(self.groups[i] for i in order),
            rows=None if self.rows is None else self.rows[order],
            periods=self.periods[:, order] if len(self.periods) else self.periods,
        )

    def material(self, prior: Floats, fixed: tuple[float, ...] = ()) -> Material:
        """Return the ordinary candidates as the search reads them.

        Raises
        ------
        ModelError
            A fixed cut parts no rows of the sample.
        """
        for cut in fixed:
            if float(cut) not in self.edges:
                raise ModelError(
                    f"fixed: the cut {cut:g} of column {self.feature!r} parts no rows of the "
                    f"sample, whose cut points lie between {self.edges[0]:g} and "
                    f"{self.edges[-1]:g}. Remove it, or take a wider sample."
                )
        return Material(
            counts=self.ordinary,
            rows=self.rows,
            prior=prior,
            periods=self.periods,
            cuts=tuple(sorted({self.edges.index(float(cut)) for cut in fixed})),
        )


def count_column(
    column: pd.Series,
    feature: str,
    sample: Sample,
    limits: BinLimits,
    codes: tuple[object, ...] = (),
) -> Counts:
    """Count a column over its candidates, its special codes and its missing values."""
    return count_tally(tally_column(column, feature, sample), limits, codes)


def count_tally(tally: Tally, limits: BinLimits, codes: tuple[object, ...] = ()) -> Counts:
    """Count distinct values over candidates; wherever they were tallied, the counts are the same.

    Sums of whole weights are exact; others may differ in the last digit with the order in which
    an engine adds.
    """
    keys = tuple(dict.fromkeys(special_key(tally.kind, code, tally.feature) for code in codes))
    if tally.kind == "number":
        return _count_numbers(tally, limits, keys)
    return _count_names(tally, limits, keys)


def _count_numbers(tally: Tally, limits: BinLimits, codes: tuple[float | str, ...]) -> Counts:
    at = [np.flatnonzero(tally.distinct == code) for code in codes]
    special = np.array([tally.counts[i].sum(axis=0) for i in at]).reshape(-1, 2)
    kept = tally.without(np.concatenate(at)) if at else tally
    weight = kept.counts[:, 0] + kept.counts[:, 1]
    if not weight.all():  # a row of weight 0 is no row: it moves no cut
        kept = kept.without(np.flatnonzero(weight == 0))
        weight = weight[weight > 0]
    values = kept.distinct
    edges = readable_edges(candidate_edges(values, weight, limits.max_candidates), values)
    declared = [edge for edge in limits.edges.get(tally.feature, ()) if _within(edge, values)]
    edges = np.union1d(edges, np.array(declared, dtype=np.float64))
    fixed = [edge for edge in limits.fixed.get(tally.feature, ()) if _within(edge, values)]
    if fixed:
        edges = _with_fixed(edges, np.array(fixed, dtype=np.float64), values)
    starts = np.searchsorted(values, edges, side="left")
    ordinary = _summed(kept.counts, starts)
    # A declared edge between two values that no quantile parts leaves a candidate empty.
    full = ordinary.sum(axis=-1) > 0
    return Counts(
        feature=tally.feature,
        kind="number",
        edges=tuple(edges[full[1:]].tolist()) if full.any() else (),
        ordinary=ordinary[full],
        codes=codes,
        special=special,
        missing=tally.missing,
        rows=None if kept.rows is None else _summed(kept.rows, starts)[full],
        period_names=tally.period_names,
        periods=_summed(kept.periods, starts)[:, full],
    )


def _summed(counts: Floats, starts: Ints) -> Floats:
    """Sum distinct values (on the last axis but one) into candidates that open at ``starts``."""
    by_period = counts if counts.ndim == 3 else counts[None]
    parts = _in_blocks(np.ascontiguousarray(by_period), starts.astype(np.int64))
    return parts if counts.ndim == 3 else parts[0]


@njit(cache=True)
def _in_blocks(counts: Floats, starts: Ints) -> Floats:
    """Add values to their block one after the other: axis sums over two columns are slow."""
    total = np.zeros((counts.shape[0], len(starts) + 1, 2))
    for t in range(counts.shape[0]):
        block = 0
        for i in range(counts.shape[1]):
            while block < len(starts) and starts[block] <= i:
                block += 1
            total[t, block, 0] += counts[t, i, 0]
            total[t, block, 1] += counts[t, i, 1]
    return total


def _with_fixed(edges: Floats, fixed: Floats, values: Floats) -> Floats:
    """Add the fixed cuts; of two cuts that part the same values the fixed one stays."""
    taken = np.searchsorted(values, fixed, side="left")
    free = ~np.isin(np.searchsorted(values, edges, side="left"), taken)
    return np.union1d(edges[free], fixed)


def _within(edge: float, values: Floats) -> bool:
    return bool(len(values)) and bool(values[0] < edge <= values[-1])


def candidate_edges(values: Floats, weight: Floats, most: int) -> Floats:
    """Return up to ``most - 1`` cut points: observed values that open a new weighted quantile.

    With cw the cumulated weight at the distinct values, W its total, value i + 1 opens a
    candidate when ``floor(most * cw[i] / W)`` is above that of the value before. Weights count
    rows, so a row twice and a row of weight two give the same edges.

    Parameters
    ----------
    values, weight : ndarray (n,)
        Distinct values in ascending order, and their weight, above 0.
    most : int
    """
    if len(values) <= most:
        return values[1:]
    return values[_opening(weight, most)]


@njit(cache=True)
def _opening(weight: Floats, most: int) -> Ints:
    """Return the positions of values that open a new weighted quantile."""
    total = 0.0
    for w in weight:
        total += w
    found = np.empty(most, np.int64)
    size, below, level = 0, 0.0, 0.0
    for i in range(1, len(weight)):
        below += weight[i - 1]
        here = np.floor(most * below / total)
        if here > level:
            found[size] = i
            size += 1
        level = here
    return found[:size].copy()


def readable_edges(edges: Floats, values: Floats) -> Floats:
    """Replace each cut point by the shortest decimal that parts the same values.

    A cut at an observed value e may lie anywhere in (l, e], l the next smaller value: an officer
    reads 0.03 more easily than 0.0285714285714, and no row of the sample changes its bin.

    >>> readable_edges(np.array([0.0285714285714]), np.array([0.01, 0.0285714285714]))
    array([0.02])
    """
    lower = values[np.searchsorted(values, edges, side="left") - 1]
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


def _count_names(tally: Tally, limits: BinLimits, codes: tuple[float | str, ...]) -> Counts:
    position = {name: i for i, name in enumerate(tally.names)}
    none = np.zeros(2)
    special = [tally.counts[position[c]] if c in position else none for c in map(str, codes)]
    weight = tally.counts.sum(axis=1)
    floor = limits.rare_share * (tally.counts.sum() + tally.missing.sum())
    seen = sorted(name for name in position if name not in codes and weight[position[name]] > 0)
    rare = [name for name in seen if weight[position[name]] < floor]
    groups = [(name,) for name in seen if name not in set(rare)] + [tuple(rare)] * bool(rare)
    held = [[position[name] for name in group] for group in groups]

    def summed(counts: Floats) -> Floats:
        parts = [counts[..., at, :].sum(axis=-2) for at in held]
        return np.stack(parts, axis=-2) if parts else counts[..., :0, :]

    return Counts(
        feature=tally.feature,
        kind="category",
        groups=tuple(groups),
        ordinary=summed(tally.counts),
        codes=codes,
        special=np.array(special).reshape(-1, 2),
        missing=tally.missing,
        rows=None if tally.rows is None else summed(tally.rows),
        period_names=tally.period_names,
        periods=summed(tally.periods),
    )
