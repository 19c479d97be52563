"""Counts of columns over parties, the same as if all rows lay in one place.

Candidates come first: of a column with few different values these values, of one with many its
exact quantiles (see `credit.federated.order`), of names the names. Then every party counts its
own rows in each candidate, and the counts are added up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from credit.binning import BinLimits, Counts, Sample
from credit.binning.bins import special_key
from credit.binning.counts import count_between, count_tally
from credit.binning.edges import cut_points
from credit.binning.tally import Sorted, Tally, sort_column, tally_column
from credit.columns import Floats, Ints, Kind
from credit.federated.order import count_up_to, order_statistics, sum_each
from credit.whole import Whole, exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """A column of numbers at one party, its special codes apart.

    Attributes
    ----------
    kept : Sorted
        The values that are no special codes.
    codes : tuple of float
    special : ndarray (codes, 2)
        Good and bad rows with each code.
    """

    kept: Sorted
    codes: tuple[float, ...]
    special: Ints

    @classmethod
    def of(
        cls, column: pd.Series, feature: str, sample: Sample, codes: Sequence[object]
    ) -> Numbers:
        """Read a column of a frame."""
        held = sort_column(column, feature, sample)
        keys = tuple(dict.fromkeys(float(special_key("number", c, feature)) for c in codes))
        special = np.array([held.at(key) for key in keys]).reshape(-1, 2).astype(np.int64)
        return cls(kept=held.without(keys), codes=keys, special=special)

    def distinct(self, most: int) -> Floats:
        """Return the different values, of which no more than ``most + 1`` are looked for."""
        found: list[float] = []
        at, values = 0, self.kept.every
        while at < len(values) and len(found) <= most:
            found.append(float(values[at]))
            at = int(np.searchsorted(values, values[at], side="right"))
        return np.array(found)

    def rows(self, edges: Floats) -> Ints:
        """Return good and bad rows between cut points, (edges + 1, 2)."""
        every, bad = (
            np.diff(np.concatenate([[0], np.searchsorted(held, edges), [len(held)]]))
            for held in (self.kept.every, self.kept.bad)
        )
        return np.column_stack([every - bad, bad]).astype(np.int64)


Column = Numbers | Tally
"""A column as a party holds it: numbers, or names with good and bad rows."""


def read_column(
    column: pd.Series, feature: str, kind: Kind, sample: Sample, codes: Sequence[object]
) -> Column:
    """Read a column of the kind that all parties agree on; one without any value fits both."""
    if kind == "number":
        return Numbers.of(column, feature, sample, codes)
    if column.isna().all():
        column = column.astype("category")
    return tally_column(column, feature, sample)


def own_rows(column: Column, counts: Counts) -> Ints:
    """Return the good and bad rows of this party in each cell of a column, (cells, 2)."""
    if isinstance(column, Tally):
        rows = [*column.counts, column.missing]
    else:
        rows = [*column.rows(np.array(counts.edges)), *column.special, column.kept.missing]
    return np.array(rows).astype(np.int64)


def count_together(
    columns: Mapping[str, Column],
    limits: BinLimits,
    special_codes: Mapping[str, Sequence[object]],
    reducer: Whole,
) -> dict[str, Counts]:
    """Return the counts of every column over all parties.

    They equal to the bit those of :func:`credit.binning.count_frame` on all rows in one place:
    rows are whole numbers, and a sum of whole numbers is exact in any order.

    Parameters
    ----------
    columns : dict of str to Column
        This party's, in the order of all.
    limits : BinLimits
    special_codes : dict of str to list
    reducer : Whole

    Notes
    -----
    A party tells the names of columns of names, and the different values of those columns of
    numbers in which no party has more than ``limits.max_candidates``; of other columns it tells
    how many of its rows lie below thresholds. Nothing says which row has which value of two
    columns.
    """
    most = limits.max_candidates
    names = {n: one for n, one in columns.items() if isinstance(one, Tally)}
    numbers = {n: one for n, one in columns.items() if isinstance(one, Numbers)}
    different = {n: one.distinct(most) for n, one in numbers.items()}
    too_many = reducer.sum(np.array([len(d) > most for d in different.values()], np.int64))
    listed = {n: one for (n, one), many in zip(numbers.items(), too_many, strict=True) if not many}
    told = exchange(
        reducer,
        {n: list(one.names) for n, one in names.items()}
        | {n: different[n].tolist() for n in listed},
    )
    values = {n: sorted({v for one in told for v in one[n]}) for n in [*names, *listed]}
    found = {
        n: count_tally(tally, limits, tuple(special_codes.get(n, ())))
        for n, tally in _tallies(names, listed, values, reducer).items()
        if n in names or len(values[n]) <= most
    }
    rest = {n: one for n, one in numbers.items() if n not in found}
    found |= _between_quantiles(rest, limits, reducer)
    return {n: found[n] for n in columns}


def _tallies(
    names: Mapping[str, Tally],
    listed: Mapping[str, Numbers],
    values: Mapping[str, list[float] | list[str]],
    reducer: Whole,
) -> dict[str, Tally]:
    """Return the tallies over all parties of columns whose different values are known."""
    own: list[Ints] = []
    for n, tally in names.items():
        at = {name: i for i, name in enumerate(tally.names)}
        rows = [tally.counts[at[v]] if v in at else np.zeros(2) for v in values[n]]
        own.append(np.array([*rows, tally.missing]).astype(np.int64))
    for n, column in listed.items():
        rows = [column.kept.at(float(v)) for v in values[n]]
        own.append(np.array([*rows, *column.special, column.kept.missing]).astype(np.int64))
    found = {}
    for n, counts in zip([*names, *listed], sum_each(own, reducer), strict=True):
        kind: Kind = "category" if n in names else "number"
        distinct = np.array([*values[n], *listed[n].codes]) if n in listed else np.zeros(0)
        held = counts[:-1].astype(np.float64)
        if n in listed:
            order = np.argsort(distinct)
            distinct, held = distinct[order], held[order]
        found[n] = Tally(
            feature=n,
            kind=kind,
            distinct=distinct,
            names=tuple(map(str, values[n])) if n in names else (),
            counts=held,
            missing=counts[-1].astype(np.float64),
            periods=np.zeros((0, len(held), 2)),
        )
    return found


def _between_quantiles(
    columns: Mapping[str, Numbers], limits: BinLimits, reducer: Whole
) -> dict[str, Counts]:
    """Return the counts of columns with many values between their exact quantiles."""
    if not columns:
        return {}
    held = [one.kept.every for one in columns.values()]
    edges = _cuts(list(columns), held, limits, reducer)
    own = [
        np.concatenate([one.rows(cuts), one.special, one.kept.missing.astype(np.int64)[None]])
        for one, cuts in zip(columns.values(), edges, strict=True)
    ]
    found = {}
    for (n, one), cuts, rows in zip(columns.items(), edges, sum_each(own, reducer), strict=True):
        counts = rows.astype(np.float64)
        found[n] = count_between(
            n,
            cuts,
            counts[: len(cuts) + 1],
            codes=one.codes,
            special=counts[len(cuts) + 1 : -1],
            missing=counts[-1],
        )
    return found


def _cuts(
    names: Sequence[str], held: Sequence[Floats], limits: BinLimits, reducer: Whole
) -> list[Floats]:
    """Return the cut points that :func:`credit.binning.edges.cut_points` finds on all rows.

    That reads of all values only the neighbours of each cut, the least and the greatest: these
    are order statistics.
    """
    sizes = sum_each([np.array([len(column)]) for column in held], reducer)
    stated = [
        np.array([*limits.edges.get(n, ()), *limits.fixed.get(n, ())], dtype=np.float64)
        for n in names
    ]
    before = [np.nextafter(edges, -np.inf) for edges in stated]
    below = count_up_to(held, before, reducer)
    opening = [opening_ranks(int(size[0]), limits.max_candidates) for size in sizes]
    ranks = [
        np.concatenate([opens, [1], size, under.clip(1), (under + 1).clip(max=size)])
        for opens, size, under in zip(opening, sizes, below, strict=True)
    ]
    found = order_statistics(held, ranks, reducer)
    last = [values[: len(opens)] for values, opens in zip(found, opening, strict=True)]
    after = [upto + 1 for upto in count_up_to(held, last, reducer)]
    kept = [np.unique(ranked[ranked <= size[0]]) for ranked, size in zip(after, sizes, strict=True)]
    opened = order_statistics(held, kept, reducer)
    return [
        cut_points(n, np.unique(np.concatenate([values, cuts])), cuts, limits)
        for n, values, cuts in zip(names, found, opened, strict=True)
    ]


def opening_ranks(rows: int, most: int) -> Ints:
    """Return how many rows lie below each quantile, ``most - 1`` of them.

    The least k with ``floor(most k / rows) >= level``, in the same floating point as
    :func:`credit.binning.edges.candidate_edges`.
    """
    level = np.arange(1, most)
    k = np.ceil(level * rows / most).astype(np.int64)
    while (early := np.floor(most * (k - 1.0) / rows) >= level).any():
        k -= early
    while (late := np.floor(most * k.astype(np.float64) / rows) < level).any():
        k += late
    return k
