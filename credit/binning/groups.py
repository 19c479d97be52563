"""Counts made elsewhere: the SQL that groups a column, and the tally of what it returns.

The text is standard SQL, so the engine that holds the rows runs it; only one row a distinct
value comes back. Whole weights (or none) give the counts of a frame in memory to the bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from credit.binning.counts import Counts, count_column, count_tally
from credit.binning.limits import BinLimits
from credit.binning.tally import Sample, Tally
from credit.columns import Floats, kind_of, known_names, names, numbers
from credit.errors import ModelError
from credit.frames import as_frame

_QUOTES = {"duckdb": '"', "spark": "`"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """Where the rows are, as an engine names it.

    Attributes
    ----------
    name : str
        A table or view; or, in parentheses, a query.
    target : str
        Column of the outcome.
    labels : tuple
        The value of a good row and of a bad one; any other row is refused.
    weight, period : str, optional
        Columns of the rows' weights and periods.
    dialect : str
        ``duckdb`` or ``spark``: how names are quoted.
    """

    name: str
    target: str
    labels: tuple[int | str, int | str] = (0, 1)
    weight: str | None = None
    period: str | None = None
    dialect: Literal["duckdb", "spark"] = "duckdb"

    def quoted(self, name: str) -> str:
        """Return a name as the dialect quotes it."""
        quote = _QUOTES[self.dialect]
        return quote + name.replace(quote, quote * 2) + quote


def group_sql(feature: str, relation: Relation) -> str:
    """Return the query whose result :func:`count_groups` reads: one row a distinct value.

    Columns ``value``, ``good``, ``bad`` (weights), ``good_rows``, ``bad_rows``, ``unknown``
    (rows that are neither) and, where the relation has periods, ``period``.
    """
    quoted = relation.quoted
    weight = f"CAST({quoted(relation.weight)} AS DOUBLE)" if relation.weight else "1"
    good, bad = (
        f"{quoted(relation.target)} = {_literal(label, relation)}" for label in relation.labels
    )
    known = f"({good} OR {bad})"
    period = f", {quoted(relation.period)} AS period" if relation.period else ""
    columns = [
        f"{quoted(feature)} AS value{period}",
        f"SUM(CASE WHEN {good} THEN {weight} ELSE 0 END) AS good",
        f"SUM(CASE WHEN {bad} THEN {weight} ELSE 0 END) AS bad",
        f"SUM(CASE WHEN {good} THEN 1 ELSE 0 END) AS good_rows",
        f"SUM(CASE WHEN {bad} THEN 1 ELSE 0 END) AS bad_rows",
        f"SUM(CASE WHEN {known} THEN 0 ELSE 1 END) AS unknown",
    ]
    by = quoted(feature) + (f", {quoted(relation.period)}" if relation.period else "")
    body = ",\n  ".join(columns)
    return f"SELECT\n  {body}\nFROM {relation.name}\nGROUP BY {by}"


def _literal(label: int | str, relation: Relation) -> str:
    if isinstance(label, str):
        if relation.dialect == "spark":  # a backslash escapes there
            label = label.replace("\\", "\\\\")
            return "'" + label.replace("'", "\\'") + "'"
        return "'" + label.replace("'", "''") + "'"
    return str(int(label))


def count_groups(
    groups: Any,
    feature: str,
    limits: BinLimits | None = None,
    codes: Sequence[object] = (),
    *,
    weighted: bool = False,
) -> Counts:
    """Return a column's counts from the result of :func:`group_sql`.

    Parameters
    ----------
    groups : DataFrame or anything that gives Arrow data
        The query's result, in any order.
    feature : str
    limits : BinLimits, optional
        As they will be when fitting: candidates depend on them.
    codes : sequence
        The column's special codes.
    weighted : bool
        Whether weights were summed; then rows are kept beside them.

    Raises
    ------
    ModelError
        A column of the result is missing, some rows are neither good nor bad, or a period is
        missing.
    """
    frame = as_frame(groups)
    _check(frame, feature)
    sides = {name: frame[name].to_numpy(dtype=np.float64) for name in _SUMS}
    weights = np.column_stack([sides["good"], sides["bad"]])
    rows = np.column_stack([sides["good_rows"], sides["bad_rows"]])
    found: tuple[str, ...] = ()
    distinct = np.zeros(0)
    if kind_of(frame["value"], feature) == "category":
        raw, found = names(frame["value"], feature)
        index = np.where(raw < 0, len(found), raw)
        size = len(found)
    else:
        values = numbers(frame["value"], feature)
        distinct, inverse = np.unique(values[~np.isnan(values)], return_inverse=True)
        size = len(distinct)
        index = np.full(len(values), size, np.int64)
        index[~np.isnan(values)] = inverse
    counts = _sum_at(weights, index, size + 1)
    period_names, periods = _by_period(frame, weights, index, size + 1)
    tally = Tally(
        feature=feature,
        kind="category" if found else kind_of(frame["value"], feature),
        distinct=distinct + 0.0,
        names=found,
        counts=counts[:-1],
        missing=counts[-1],
        rows=_sum_at(rows, index, size + 1)[:-1] if weighted else None,
        period_names=period_names,
        periods=periods[:, :-1],
    )
    return count_tally(tally, limits or BinLimits(), tuple(codes))


_SUMS = ("good", "bad", "good_rows", "bad_rows")


def _check(frame: pd.DataFrame, feature: str) -> None:
    lacking = [name for name in ("value", *_SUMS, "unknown") if name not in frame.columns]
    if lacking:
        raise ModelError(
            f"groups of {feature!r}: no column {lacking}; it has {list(frame.columns)}. Pass the "
            "result of group_sql as it is."
        )
    unknown = int(frame["unknown"].sum())
    if unknown:
        raise ModelError(
            f"groups of {feature!r}: {unknown} row(s) are neither good nor bad. An outcome that "
            "is not known teaches nothing: group the labelled rows."
        )
    if "period" in frame.columns and frame["period"].isna().any():
        raise ModelError(f"groups of {feature!r}: a period is missing. Give every row its period.")


def _sum_at(weights: Floats, index: np.ndarray[Any, Any], size: int) -> Floats:
    return np.column_stack([np.bincount(index, weights[:, side], size) for side in (0, 1)])


def _by_period(
    frame: pd.DataFrame, weights: Floats, index: np.ndarray[Any, Any], size: int
) -> tuple[tuple[str, ...], Floats]:
    if "period" not in frame.columns:
        return (), np.zeros((0, size, 2))
    codes, found = pd.factorize(frame["period"], sort=True)
    many = len(found)
    held = _sum_at(weights, codes * size + index, many * size)
    return tuple(str(p) for p in found), held.reshape(many, size, 2)


def count_frame(
    X: Any,
    sample: Sample,
    limits: BinLimits | None = None,
    *,
    special_codes: Mapping[str, Sequence[object]] | None = None,
) -> dict[str, Counts]:
    """Return the counts of every column of a frame: pandas, Polars, Arrow or a Parquet file."""
    frame = as_frame(X)
    codes = special_codes or {}
    known_names("special_codes", codes, frame.columns)
    return {
        str(name): count_column(
            frame[name], str(name), sample, limits or BinLimits(), tuple(codes.get(str(name), ()))
        )
        for name in frame.columns
    }
