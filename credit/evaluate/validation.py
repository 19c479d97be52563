"""Tests a validation report lists beside discrimination and calibration: whole book and grades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import beta, binom, norm

from credit.errors import DataError
from credit.evaluate.grades import AMBER
from credit.evaluate.inputs import FloatArray, numbers, probabilities
from credit.evaluate.intervals import AucInterval, jeffreys


@dataclass(frozen=True, slots=True, kw_only=True)
class CountTest:
    """Whether a stated probability is too low for the bads seen, by two tests of one count.

    Attributes
    ----------
    jeffreys : float
        ``Beta(bads + 1/2, rows - bads + 1/2).cdf(predicted)``, small where too low.
    binomial : float
        ``P(X >= bads)`` for X binomial of ``rows`` and ``predicted``: exact, and a little larger.
    """

    jeffreys: float
    binomial: float


def count_test(bads: int, rows: int, predicted: float) -> CountTest:
    """Test a count of bads against one probability for all rows.

    Rows of different probabilities vary less than a binomial of their mean, so both tests are
    cautious for a whole portfolio. Dependent defaults make them too strict.

    Raises
    ------
    DataError
        For more bads than rows, no row, or a probability that is not strictly between 0 and 1.
    """
    if not 0 <= bads <= rows or rows < 1 or not 0 < predicted < 1:
        raise DataError(
            f"bads must lie between 0 and rows (1 or more) and predicted strictly between 0 and "
            f"1; got {bads=}, {rows=}, {predicted=}."
        )
    return CountTest(
        jeffreys=float(beta.cdf(predicted, bads + 0.5, rows - bads + 0.5)),
        binomial=float(binom.sf(bads - 1, rows, predicted)),
    )


def alarm_counts(
    predicted: object, rows: object, *, level: float = AMBER
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the fewest bads among ``rows`` at which the Jeffreys test falls below ``level``.

    The limit a grade is watched by: as many bads or more say that ``predicted`` is too low. One
    more than ``rows`` where even all rows bad would not say so.
    """
    size = numbers(rows, "rows")
    stated = probabilities(predicted, "predicted", length=len(size))
    if (size < 0).any() or not 0 < level < 1:
        raise DataError(f"rows must be 0 or more and level between 0 and 1; got {rows}, {level=}.")
    low = np.zeros(len(size), np.int64)
    high = np.floor(size).astype(np.int64) + 1
    whole = high - 1
    while (low < high).any():
        middle = (low + high) // 2
        tried = np.minimum(middle, whole)
        alarms = beta.cdf(stated, tried + 0.5, whole - tried + 0.5) < level
        alarms |= middle > whole
        moving = low < high
        high = np.where(moving & alarms, middle, high)
        low = np.where(moving & ~alarms, middle + 1, low)
    return low


def auc_fall(before: float, now: AucInterval, *, before_error: float = 0.0) -> tuple[float, float]:
    """Return ``S = (before - now) / standard error`` and ``P(Z > S)``: has ranking fallen.

    ``before`` is the AUC of the development sample, taken as given (ECB, Instructions for
    reporting the validation results of internal models, 2019), unless its own standard error
    is stated: ``standard error = sqrt(error of now^2 + before_error^2)``.
    """
    if not now.standard_error > 0:
        raise DataError("the AUC of now has no standard error; use more rows.")
    if not before_error >= 0:
        raise DataError(f"before_error must be 0 or more, got {before_error}.")
    statistic = (before - now.value) / float(np.hypot(now.standard_error, before_error))
    return float(statistic), float(norm.sf(statistic))


@dataclass(frozen=True, slots=True, kw_only=True)
class Concentration:
    """How unevenly rows fall into grades.

    Attributes
    ----------
    index : float
        Herfindahl index ``sum s_g^2`` of the shares: 1 where all are in one grade.
    effective : float
        ``1 / index``: as many equally full grades would be as concentrated.
    largest : float
        Share of the fullest grade.
    """

    index: float
    effective: float
    largest: float


def concentration(counts: object) -> Concentration:
    """Return the Herfindahl index of rows by grade.

    Raises
    ------
    DataError
        For negative counts, or none above 0.
    """
    rows = numbers(counts, "counts")
    if (rows < 0).any() or rows.sum() == 0:
        raise DataError(f"counts must be 0 or more, not all 0; got {rows}.")
    share: FloatArray = rows / rows.sum()
    index = float((share**2).sum())
    return Concentration(index=index, effective=1 / index, largest=float(share.max()))


def migration_matrix(before: object, after: object, grades: Sequence[str]) -> pd.DataFrame:
    """Return how people move between grades from one time to another.

    Parameters
    ----------
    before, after : array of str
        Grade of each person at both times, aligned.
    grades : sequence of str
        All grades, the safest first.

    Returns
    -------
    DataFrame
        ``origin, target, rows, share, share_low, share_high`` (Jeffreys, 95 %): of those in
        ``origin``, the share in ``target`` later; a row for every pair, an origin that nobody
        was in with NaN.

    Raises
    ------
    DataError
        For different lengths, or a grade that is not among ``grades``.
    """
    order = pd.Index(grades)
    first, second = (order.get_indexer(pd.Index(list(pd.Series(side)))) for side in (before, after))
    if len(first) != len(second) or not len(first):
        raise DataError(
            f"before has {len(first)} rows and after {len(second)}; both hold one grade a person."
        )
    unknown = int(((first < 0) | (second < 0)).sum())
    if unknown:
        raise DataError(f"{unknown} row(s) hold a grade that is not among {list(grades)}.")
    size = len(order)
    rows = np.bincount(first * size + second, minlength=size**2)
    total = np.repeat(rows.reshape(size, size).sum(axis=1), size)
    low, high = jeffreys(rows, total - rows)
    empty = total == 0
    return pd.DataFrame(
        {
            "origin": np.repeat(list(grades), size),
            "target": np.tile(list(grades), size),
            "rows": rows,
            "share": rows / np.where(empty, np.nan, total),
            "share_low": np.where(empty, np.nan, low),
            "share_high": np.where(empty, np.nan, high),
        }
    )
