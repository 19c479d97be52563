"""Counts of good and bad weight per ordered candidate: all that a binning needs of a column."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numba import njit

from credit.binning.bins import special_key
from credit.binning.edges import candidate_edges, cut_points, quantile_edges
from credit.binning.limits import BinLimits
from credit.binning.rules import Material
from credit.binning.tally import Sample, Sorted, Tally, sort_column, tally_column
from credit.columns import Floats, Ints, Kind, kind_of
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
    plain = sample.unweighted and sample.period is None
    if plain and kind_of(column, feature) == "number":
        keys = _keys("number", codes, feature)
        return _count_sorted(sort_column(column, feature, sample), limits, keys)
    return count_tally(tally_column(column, feature, sample), limits, codes)


def count_tally(tally: Tally, limits: BinLimits, codes: tuple[object, ...] = ()) -> Counts:
    """Count distinct values over candidates; wherever they were tallied, the counts are the same.

    Sums of whole weights are exact; others may differ in the last digit with the order in which
    an engine adds.
    """
    keys = _keys(tally.kind, codes, tally.feature)
    if tally.kind == "number":
        return _count_numbers(tally, limits, keys)
    return _count_names(tally, limits, keys)


def _keys(kind: Kind, codes: tuple[object, ...], feature: str) -> tuple[float | str, ...]:
    return tuple(dict.fromkeys(special_key(kind, code, feature) for code in codes))


def _count_sorted(column: Sorted, limits: BinLimits, codes: tuple[float | str, ...]) -> Counts:
    """Count what :func:`count_tally` does, at the candidates' cut points alone."""
    numeric = [float(code) for code in codes]
    kept = column.without(numeric)
    opened = quantile_edges(kept.every, limits.max_candidates)
    edges = cut_points(kept.feature, kept.every, opened, limits)
    below = [np.searchsorted(held, edges, side="left") for held in (kept.every, kept.bad)]
    every, bad = (
        np.diff(np.concatenate([[0], at, [len(held)]]))
        for at, held in zip(below, (kept.every, kept.bad), strict=True)
    )
    return count_between(
        column.feature,
        edges,
        np.column_stack([every - bad, bad]).astype(np.float64),
        codes=codes,
        special=np.array([column.at(code) for code in numeric]).reshape(-1, 2),
        missing=column.missing,
    )


def count_between(
    feature: str,
    edges: Floats,
    ordinary: Floats,
    *,
    codes: tuple[float | str, ...],
    special: Floats,
    missing: Floats,
) -> Counts:
    """Return the counts of numbers from those between cut points; no candidate is left empty."""
    full = ordinary.sum(axis=1) > 0
    return Counts(
        feature=feature,
        kind="number",
        edges=tuple(edges[full[1:]].tolist()) if full.any() else (),
        ordinary=ordinary[full],
        codes=codes,
        special=special,
        missing=missing,
        periods=np.zeros((0, int(full.sum()), 2)),
    )


def _count_numbers(tally: Tally, limits: BinLimits, codes: tuple[float | str, ...]) -> Counts:
    at = [np.flatnonzero(tally.distinct == code) for code in codes]
    special = np.array([tally.counts[i].sum(axis=0) for i in at]).reshape(-1, 2)
    kept = tally.without(np.concatenate(at)) if at else tally
    weight = kept.counts[:, 0] + kept.counts[:, 1]
    if not weight.all():  # a row of weight 0 is no row: it moves no cut
        kept = kept.without(np.flatnonzero(weight == 0))
        weight = weight[weight > 0]
    values = kept.distinct
    opened = candidate_edges(values, weight, limits.max_candidates)
    edges = cut_points(tally.feature, values, opened, limits)
    starts = np.searchsorted(values, edges, side="left")
    ordinary = _summed(kept.counts, starts)
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
