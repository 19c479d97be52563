"""Whether people, features and ranking stay what they were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2

from credit.errors import DataError
from credit.evaluate.inputs import FloatArray, numbers
from credit.evaluate.intervals import LEVEL
from credit.evaluate.summary import by_segment

SMOOTHING = 0.5
"""Pseudo-count added to every bin of both samples, so that an empty bin is not infinite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """A population stability index, and the value that chance alone rarely exceeds.

    ``p_value`` is how often chance alone gives an index as large.
    """

    psi: float
    critical: float
    bins: int
    p_value: float

    @property
    def shifted(self) -> bool:
        """Whether the index is above its critical value."""
        return self.psi > self.critical


def psi_critical(
    bins: int, expected_rows: float, actual_rows: float, *, level: float = LEVEL
) -> float:
    """Return the PSI that chance alone exceeds in ``1 - level`` of cases (see :func:`psi`).

    Monitoring many features every month, divide ``1 - level`` by how many there are.

    Raises
    ------
    DataError
        For fewer than two bins, a sample without rows, or a level outside 0 to 1.
    """
    if bins < 2 or min(expected_rows, actual_rows) <= 0 or not 0 < level < 1:
        raise DataError(
            f"bins must be at least 2, both samples must have rows and level lie between 0 and 1; "
            f"got {bins=}, {expected_rows=}, {actual_rows=}, {level=}."
        )
    return float(chi2.ppf(level, bins - 1) * (1 / expected_rows + 1 / actual_rows))


def psi(
    expected: object, actual: object, *, smoothing: float = SMOOTHING, level: float = LEVEL
) -> Stability:
    """Return the population stability index of two samples counted in the same bins.

    ``sum_b (a_b - e_b) ln(a_b / e_b)`` over shares ``e_b = (E_b + c) / sum (E + c)`` and a_b
    alike, c the smoothing. Bins empty in both are left out. When both samples come from one
    population it is close to ``chi-square(bins - 1) * (1 / sum E + 1 / sum A)``; the point that
    it exceeds with probability ``1 - level`` is ``critical`` (Yurdakul and Naranjo 2020, Journal
    of Risk Model Validation 14). The customary .10 and .25 know nothing of the sample size.

    Raises
    ------
    DataError
        For counts that differ in length, are negative, or sum to 0.
    """
    first, second = _counts(expected, "expected"), _counts(actual, "actual")
    if len(first) != len(second):
        raise DataError(
            f"expected has {len(first)} bins, but actual has {len(second)}. Count both in the "
            "same bins, empty ones included."
        )
    seen = (first + second) > 0
    bins = int(seen.sum())
    terms = divergence_terms(first[seen], second[seen], smoothing=smoothing)
    index = float(terms.sum())
    if bins < 2:
        return Stability(psi=index, critical=0.0, bins=bins, p_value=1.0)
    unit = 1 / first.sum() + 1 / second.sum()
    return Stability(
        psi=index,
        critical=psi_critical(bins, first.sum(), second.sum(), level=level),
        bins=bins,
        p_value=float(chi2.sf(index / unit, bins - 1)),
    )


def divergence_terms(
    first: FloatArray, second: FloatArray, *, smoothing: float = SMOOTHING
) -> FloatArray:
    """Return each bin's ``(b - a) ln(b / a)`` over smoothed shares; bins lie on the last axis.

    The sum is the PSI of two samples, and the information value of goods against bads: the
    same symmetric divergence (Jeffreys).
    """
    a = (first + smoothing) / (first + smoothing).sum(axis=-1, keepdims=True)
    b = (second + smoothing) / (second + smoothing).sum(axis=-1, keepdims=True)
    with np.errstate(divide="ignore"):
        terms: FloatArray = (b - a) * np.log(b / a)
    return terms


def _counts(values: object, argument: str) -> FloatArray:
    counts = numbers(values, argument)
    if (counts < 0).any() or counts.sum() == 0:
        raise DataError(f"{argument} must hold counts of 0 or more, not all 0; got {counts}.")
    return counts


def score_edges(scores: FloatArray, bins: int) -> FloatArray:
    """Return the upper ends of all but the last of ``bins`` bins of equal size; ties make fewer."""
    return np.unique(np.quantile(scores, np.arange(1, bins) / bins, method="lower"))


def score_psi(expected: object, actual: object, *, bins: int = 10) -> Stability:
    """Return the PSI of a score, binned at the quantiles of the expected sample.

    A bin holds scores above one quantile and up to the next; equal quantiles make one bin.
    """
    reference, current = numbers(expected, "expected"), numbers(actual, "actual")
    if bins < 2:
        raise DataError(f"bins must be at least 2, got {bins}.")
    edges = score_edges(reference, bins)
    count = len(edges) + 1
    return psi(
        np.bincount(np.searchsorted(edges, reference), minlength=count),
        np.bincount(np.searchsorted(edges, current), minlength=count),
    )


def csi_table(expected: pd.DataFrame, actual: pd.DataFrame) -> pd.DataFrame:
    """Return the stability of each feature (characteristic stability index).

    Parameters
    ----------
    expected, actual : DataFrame of int
        The same columns; each value is the number of the bin, 0 or more, missing values in a
        bin of their own.

    Returns
    -------
    DataFrame
        ``feature, psi, critical, bins, shifted``, the largest index first.
    """
    if list(expected.columns) != list(actual.columns):
        differing = sorted(set(map(str, expected.columns)) ^ set(map(str, actual.columns)))
        raise DataError(
            f"expected and actual must have the same columns in the same order; only one of them "
            f"has {differing}."
        )
    rows = []
    for name in expected.columns:
        first = bin_codes(expected[name])
        second = bin_codes(actual[name])
        count = int(max(first.max(), second.max())) + 1
        found = psi(np.bincount(first, minlength=count), np.bincount(second, minlength=count))
        rows.append(
            {
                "feature": name,
                "psi": found.psi,
                "critical": found.critical,
                "bins": found.bins,
                "shifted": found.shifted,
            }
        )
    table = pd.DataFrame(rows).sort_values("psi", ascending=False, kind="stable")
    return table.reset_index(drop=True)


def psi_by_period(table: pd.DataFrame) -> pd.DataFrame:
    """Return the stability of one column's bins, each period against all others together.

    Parameters
    ----------
    table : DataFrame
        A row a period and bin with columns ``period, bin, good, bad``.

    Returns
    -------
    DataFrame
        ``period, psi, critical, bins, shifted``, periods in the order given.
    """
    weight = table.assign(weight=table["good"] + table["bad"])
    counts = weight.pivot_table(
        index="period", columns="bin", values="weight", aggfunc="sum", sort=False
    ).fillna(0.0)
    if len(counts) < 2:
        raise DataError(f"table has {len(counts)} period(s); stability needs at least two.")
    total = counts.sum(axis="index").to_numpy()
    rows = []
    for period, held in counts.iterrows():
        found = psi(total - held.to_numpy(), held.to_numpy())
        rows.append(
            {
                "period": period,
                "psi": found.psi,
                "critical": found.critical,
                "bins": found.bins,
                "shifted": found.shifted,
            }
        )
    return pd.DataFrame(rows)


def bin_codes(column: pd.Series) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return bin numbers as integers, or refuse them by the column's name.

    Raises
    ------
    DataError
        If the column is empty, is not of whole numbers, or holds nulls or negative numbers.
    """
    if not len(column):
        raise DataError(f"{column.name}: no rows. Bin numbers are needed for at least one.")
    if not pd.api.types.is_integer_dtype(column) or column.isna().any() or (column < 0).any():
        raise DataError(
            f"{column.name}: bin numbers must be integers of 0 or more without nulls, got type "
            f"{column.dtype}. Give missing values a bin of their own."
        )
    return column.to_numpy(dtype=np.int64)


def auc_by_month(y: object, probability: object, month: object) -> pd.DataFrame:
    """Return :func:`credit.evaluate.by_segment` over months, in order of time."""
    return by_segment(y, probability, month, name="month")
