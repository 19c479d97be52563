"""Does a frame know what it could not have known? Looks at the data alone, before any model.

Every check has a level at which honest columns stay quiet; a finding is a suspicion to explain,
not a verdict. Whether each feature respects time is proved elsewhere (`credit.features.proof`);
this looks at frames of unknown origin.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import betaln

from credit.errors import DataError, nearest
from credit.evaluate.discrimination import equal_mass_bins
from credit.evaluate.inputs import FloatArray, IntArray, both_classes
from credit.evaluate.intervals import delong
from credit.split import Fold, straddling

FEWEST = 20
"""A value that occurs less often says nothing by having one outcome only."""

NEIGHBOURS = 200
"""Rows on either side of a value whose outcomes say what it should have."""

LEVEL = 1e-3
"""Chance of one false alarm among all values looked at."""

FAR = 1 / 3
"""A feature is alone at the top when its 1 - AUC is below this part of the next one's."""

ERRORS = 3.0
"""Standard errors by which an AUC must pass its limit."""

CELLS = 50
"""Cells of equal mass in which a number's bad rate is looked at."""

TWINS = 0.01
"""Share of test rows that also occur in training, where chance would give none."""

COLUMNS = ("check", "feature", "value", "rows", "figure", "limit")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LeakFacts:
    """What is known beside the columns; each part allows a check more.

    Attributes
    ----------
    ceiling : float, optional
        AUC that no honest model of these people can pass.
    as_of : array, optional
        Instant of each row: datetimes, or microseconds since 1970.
    times : collection of str
        Columns of X that hold instants as numbers, in the unit of ``as_of``; columns of
        datetimes are found without being named.
    person : array, optional
        Person of each row.
    fold : Fold, optional
        A split of the rows.
    """

    ceiling: float | None = None
    as_of: object = None
    times: Collection[str] = ()
    person: object = None
    fold: Fold | None = None

    def __post_init__(self) -> None:
        if self.ceiling is not None and not 0.5 < self.ceiling <= 1:
            raise DataError(f"ceiling must lie above .5 and at most at 1, got {self.ceiling}.")
        if self.person is not None and self.fold is None:
            raise DataError(
                "person is given without fold: people can only be on both sides of one."
            )
        if self.times and self.as_of is None:
            raise DataError(f"times {sorted(self.times)} need as_of, the instant of each row.")


def leaks(X: pd.DataFrame, y: object, facts: LeakFacts = LeakFacts()) -> pd.DataFrame:
    """Return what looks like a leak, one finding a row; no row where nothing does.

    ============== ==================================================================
    check          found where (``figure`` against ``limit``)
    ============== ==================================================================
    one outcome    a number occurs at least 20 times, always with one outcome, though the 200
                   rows on either side of it say otherwise (chance of that, beta-binomial with
                   Jeffreys' prior, against 1e-3 over all values looked at); names are judged by
                   the rest of the column, with a tenth of its odds for the usual outcome
    filler         the same of all gaps of a column, or of all rows without one
    above ceiling  a feature alone ranks above the stated ceiling by 3 standard errors
    alone at top   1 - AUC of a feature, 3 standard errors added, is below a third of that of
                   the next feature (figure is the AUC, limit what it may be)
    after instant  an instant in the column is later than the row's ``as_of`` (rows, none)
    both sides     people with rows on both sides of the split (people, none)
    twin rows      test rows that occur in training too, with columns among which chance
                   twins are rarer than one in a thousand rows (share, 1 %)
    ============== ==================================================================

    Parameters
    ----------
    X : DataFrame
        Features as a model would see them; numbers, names, datetimes, gaps.
    y : array
        Outcome, 1 is bad.
    facts : LeakFacts
        What else is known of the rows.

    Returns
    -------
    DataFrame
        ``check, feature, value, rows, figure, limit``; ``feature`` is empty for findings about
        rows, ``value`` is the value as text.
    """
    labels = both_classes(y, at_least=2)
    if len(X) != len(labels) or not X.columns.is_unique or not len(X.columns):
        raise DataError(
            f"X must have one row an outcome and columns with different names, got {X.shape} for "
            f"{len(labels)} outcomes."
        )
    for name in facts.times:
        if name not in X.columns:
            raise DataError(
                f"times: no column {name!r}.{nearest(name, [str(c) for c in X.columns])}"
            )
    instants = [
        name
        for name in X.columns
        if name in set(facts.times) or pd.api.types.is_datetime64_any_dtype(X[name])
    ]
    values = X.drop(columns=instants)
    found = [
        *_late(X, instants, facts.as_of),
        *_pure(values, labels),
        *_alone(values, labels, facts.ceiling),
        *_straddling(values, facts),
    ]
    return pd.DataFrame(found, columns=list(COLUMNS))


Finding = tuple[str, str, str, int, float, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Looked:
    """Values of one column that occur often enough, and of those with one outcome the log chance.

    ``chance`` is 0 where a value has both outcomes; all arrays are of one length.
    """

    check: str
    feature: str
    names: Any
    rows: IntArray
    chance: FloatArray


def _pure(X: pd.DataFrame, labels: IntArray) -> Iterator[Finding]:
    """Yield values and gaps with one outcome whose chance is too small."""
    looked: list[_Looked] = []
    for column in X.columns:
        name, held = str(column), X[column]
        gaps = held.isna().to_numpy()
        looked.append(_groups("filler", name, np.where(gaps, "gap", "no gap"), labels))
        if pd.api.types.is_numeric_dtype(held):
            values = held.to_numpy(np.float64, na_value=np.nan)
            looked.append(_numbers(name, values[~gaps], labels[~gaps]))
        else:
            values = held[~gaps].astype(str).to_numpy()
            looked.append(_groups("one outcome", name, values, labels[~gaps]))
    limit = float(np.log(LEVEL / max(sum(len(one.rows) for one in looked), 1)))
    for one in looked:
        for at in np.flatnonzero(one.chance < limit):
            value, rows = one.names[at], int(one.rows[at])
            text = f"{value:.6g}" if isinstance(value, float) else str(value)
            figure = float(np.exp(one.chance[at]))
            yield one.check, one.feature, text, rows, figure, float(np.exp(limit))


def _chance(rows: IntArray, same: FloatArray, other: FloatArray) -> FloatArray:
    """Return the log chance of ``rows`` more of one outcome, after so many of it and the other.

    ``B(s + 1/2 + rows, o + 1/2) / B(s + 1/2, o + 1/2)``.
    """
    chance: FloatArray = betaln(same + 0.5 + rows, other + 0.5) - betaln(same + 0.5, other + 0.5)
    return chance


def _numbers(name: str, values: FloatArray, labels: IntArray) -> _Looked:
    """Judge numbers by the rows beside them in order."""
    order = np.argsort(values, kind="stable")
    distinct, start, rows = np.unique(values[order], return_index=True, return_counts=True)
    often = rows >= FEWEST
    distinct, start, rows = distinct[often], start[often], rows[often]
    sums = np.concatenate([[0], labels[order].cumsum()])
    end = start + rows
    low, high = np.maximum(start - NEIGHBOURS, 0), np.minimum(end + NEIGHBOURS, len(labels))
    bads = sums[end] - sums[start]
    near_bad = sums[high] - sums[low] - bads
    near_good = high - low - rows - near_bad
    same, other = np.where(bads > 0, (near_bad, near_good), (near_good, near_bad))
    pure = ((bads == 0) | (bads == rows)) & (near_bad + near_good > 0)
    chance = np.where(pure, _chance(rows, same, other), 0.0)
    return _Looked(check="one outcome", feature=name, names=distinct, rows=rows, chance=chance)


def _groups(check: str, name: str, values: Any, labels: IntArray) -> _Looked:
    """Judge groups without an order by the rest of the column.

    Honest groups differ, and many have the usual outcome only: the other one counts a tenth there.
    """
    codes, names = pd.factorize(values)
    rows, bads = np.bincount(codes), np.bincount(codes, labels)
    often = (rows >= FEWEST) & (rows < len(labels))
    names, rows, bads = np.asarray(names)[often], rows[often], bads[often]
    rest_bad = labels.sum() - bads
    rest_good = len(labels) - rows - rest_bad
    same, other = np.where(bads > 0, (rest_bad, rest_good), (rest_good, rest_bad))
    usual = (bads > 0) == (2 * labels.sum() > len(labels))
    pure = (bads == 0) | (bads == rows)
    chance = np.where(pure, _chance(rows, same, np.where(usual, other / 10, other)), 0.0)
    return _Looked(check=check, feature=name, names=names, rows=rows, chance=chance)


def _alone(X: pd.DataFrame, labels: IntArray, ceiling: float | None) -> Iterator[Finding]:
    """Yield features that rank too well by themselves."""
    reached = [(str(name), *_own_auc(X[name], labels)) for name in X.columns]
    reached.sort(key=lambda one: -one[1])
    for name, auc, error in reached:
        if ceiling is not None and auc - ERRORS * error > ceiling:
            yield "above ceiling", name, "", len(labels), auc, ceiling
    # Two leaks hide each other from the next in line: look for the last great step.
    misses = [1 - auc for _, auc, _ in reached]
    steps = [
        at
        for at in range(min(len(reached) - 1, (len(reached) + 1) // 2))
        if misses[at] + ERRORS * reached[at][2] < FAR * misses[at + 1]
    ]
    if steps:
        limit = 1 - FAR * misses[steps[-1] + 1]
        for name, auc, _ in reached[: steps[-1] + 1]:
            yield "alone at top", name, "", len(labels), auc, limit


def _own_auc(column: pd.Series, labels: IntArray) -> tuple[float, float]:
    """Return AUC and error of a column's bad rates, each half ranked by the other's rates."""
    if pd.api.types.is_numeric_dtype(column):
        values = column.to_numpy(np.float64, na_value=np.nan)
        there = ~np.isnan(values)
        cells = np.zeros(len(values), np.int64)
        if there.any():
            cells[there] = equal_mass_bins(values[there], CELLS) + 1
    else:
        cells = pd.factorize(column)[0] + 1
    half = np.empty(len(labels), np.int64)
    for side in (0, 1):
        inside = np.flatnonzero(labels == side)
        half[inside] = np.arange(len(inside)) % 2
    size, rate = int(cells.max()) + 1, labels.mean()
    score = np.empty(len(labels))
    for side in (0, 1):
        taught = half != side
        rows = np.bincount(cells[taught], minlength=size)
        bads = np.bincount(cells[taught], labels[taught], size)
        score[~taught] = ((bads + rate) / (rows + 1))[cells[~taught]]
    interval = delong(labels, score)
    return interval.value, interval.standard_error


def _late(X: pd.DataFrame, instants: Collection[Any], as_of: object) -> Iterator[Finding]:
    if as_of is None:
        return
    now = pd.Series(as_of).reset_index(drop=True)
    if len(now) != len(X) or now.isna().any():
        raise DataError(
            f"as_of has {len(now)} rows, {int(now.isna().sum())} of them null; {len(X)} without "
            "nulls are expected."
        )
    for name in instants:
        held = X[name].reset_index(drop=True)
        if pd.api.types.is_datetime64_any_dtype(held) != pd.api.types.is_datetime64_any_dtype(now):
            raise DataError(
                f"{name} has type {held.dtype} but as_of {now.dtype}; both must be datetimes or "
                "both numbers of one unit."
            )
        late = int((held > now).sum())
        if late:
            worst = held[held > now].iloc[0]
            yield "after instant", str(name), str(worst), late, float(late), 0.0


def _straddling(X: pd.DataFrame, facts: LeakFacts) -> Iterator[Finding]:
    if facts.fold is None:
        return
    if facts.person is not None:
        people = straddling(facts.person, facts.fold)
        if people:
            yield "both sides", "", "", people, float(people), 0.0
    learnt = np.concatenate([facts.fold.train, facts.fold.validation])
    if not len(learnt) or not len(facts.fold.test):
        return
    chance = 1.0
    for name in X.columns:
        share = X[name].value_counts(normalize=True, dropna=False).to_numpy()
        chance *= float((share**2).sum())
    rows = pd.util.hash_pandas_object(X, index=False).to_numpy()
    twins = np.isin(rows[facts.fold.test], rows[learnt])
    if twins.mean() > TWINS and chance * len(learnt) < LEVEL:
        yield "twin rows", "", "", int(twins.sum()), float(twins.mean()), TWINS
