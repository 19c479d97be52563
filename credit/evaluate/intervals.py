"""How sure we are: DeLong for an AUC and for a difference, people drawn again for the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import beta, norm, rankdata

from credit.errors import DataError
from credit.evaluate.inputs import FloatArray, IntArray, both_classes, numbers
from credit.split import draw_people

LEVEL = 0.95
"""Coverage every interval of this package aims at."""

Z = float(norm.ppf((1 + LEVEL) / 2))
"""Normal quantile of ``LEVEL``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AucInterval:
    """An AUC, its DeLong standard error and its 95 % interval."""

    value: float
    standard_error: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AucDifference:
    """AUC of the first score minus AUC of the second on the same rows.

    ``z`` is the difference in standard errors; ``p_value`` is two-sided; ``low`` and ``high``
    bound the difference at 95 %.
    """

    first: float
    second: float
    difference: float
    standard_error: float
    z: float
    p_value: float
    low: float
    high: float


def delong(y: object, score: object) -> AucInterval:
    """Return the AUC with its DeLong interval, in O(n log n).

    The variance is ``var(V10) / bads + var(V01) / goods`` where V10 of a bad is the share of
    goods it outranks, V01 of a good the share of bads that outrank it, ties half (DeLong,
    DeLong and Clarke-Pearson 1988; ranks as in Sun and Xu 2014). The interval is symmetric in
    ``log(AUC / (1 - AUC))``: with 8 bads and an AUC of .93 it held the truth in 93 % of
    simulated samples, the plain one in 80 %. Where every bad outranks every good the variance is 0;
    the bound is then exact for as many independent pairs as the smaller class has rows.

    Raises
    ------
    DataError
        With fewer than two rows of a class, for which no variance exists.
    """
    labels = both_classes(y, at_least=2)
    of_bad, of_good = _placements(labels, numbers(score, "score", length=len(labels)))
    value = float(of_bad.mean())
    variance = of_bad.var(ddof=1) / len(of_bad) + of_good.var(ddof=1) / len(of_good)
    error = float(np.sqrt(variance))
    if value in (0.0, 1.0):
        bound = float(((1 - LEVEL) / 2) ** (1 / min(len(of_bad), len(of_good))))
        low, high = (bound, 1.0) if value == 1.0 else (0.0, 1 - bound)
        return AucInterval(value=value, standard_error=error, low=low, high=high)
    centre, reach = np.log(value / (1 - value)), Z * error / (value * (1 - value))
    low, high = (float(1 / (1 + np.exp(-end))) for end in (centre - reach, centre + reach))
    return AucInterval(value=value, standard_error=error, low=low, high=high)


def delong_difference(y: object, first: object, second: object) -> AucDifference:
    """Compare two scores on the same rows (DeLong's paired test).

    The variance is that of :func:`delong` for the differences of the placements, so what both
    scores get right or wrong on a row cancels. Scores that rank alike differ by 0 with p = 1.

    Raises
    ------
    DataError
        With fewer than two rows of a class, or scores of another length than ``y``.
    """
    labels = both_classes(y, at_least=2)
    bad_a, good_a = _placements(labels, numbers(first, "first", length=len(labels)))
    bad_b, good_b = _placements(labels, numbers(second, "second", length=len(labels)))
    difference = float((bad_a - bad_b).mean())
    bad, good = bad_a - bad_b, good_a - good_b
    error = float(np.sqrt(bad.var(ddof=1) / len(bad) + good.var(ddof=1) / len(good)))
    z = in_errors(difference, error)
    return AucDifference(
        first=float(bad_a.mean()),
        second=float(bad_b.mean()),
        difference=difference,
        standard_error=error,
        z=z,
        p_value=float(2 * norm.sf(abs(z))),
        low=difference - Z * error,
        high=difference + Z * error,
    )


def jeffreys(bads: object, goods: object) -> tuple[FloatArray, FloatArray]:
    """Return the ends of the Jeffreys interval of each bad rate at 95 %.

    The quantiles of ``Beta(bads + 1/2, goods + 1/2)``; by the usual convention the interval
    starts at 0 without bads and ends at 1 without goods (Brown, Cai and DasGupta 2001,
    Statistical Science 16).

    Parameters
    ----------
    bads, goods : array
        Counts, or weights that count rows; of equal length.

    Raises
    ------
    DataError
        For negative counts, nulls, or two lengths.
    """
    bad = numbers(bads, "bads")
    good = numbers(goods, "goods", length=len(bad))
    if (bad < 0).any() or (good < 0).any():
        raise DataError(
            f"bads and goods must be 0 or more, got {min(bad.min(), good.min()):g}. Pass counts "
            "of rows, not evidence."
        )
    tail = (1 - LEVEL) / 2
    low, high = (beta.ppf(at, bad + 0.5, good + 0.5) for at in (tail, 1 - tail))
    return np.where(bad == 0, 0.0, low), np.where(good == 0, 1.0, high)


def in_errors(difference: float, error: float) -> float:
    """Return ``difference / error``: 0 when both are 0, infinite when only the error is."""
    if error > 0:
        return difference / error
    return 0.0 if difference == 0 else float(np.copysign(np.inf, difference))


def _placements(labels: IntArray, score: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return V10 of the bads and V01 of the goods, each in the order of the rows."""
    bad = labels == 1
    overall = rankdata(score)
    of_bad = (overall[bad] - rankdata(score[bad])) / (~bad).sum()
    of_good = 1 - (overall[~bad] - rankdata(score[~bad])) / bad.sum()
    return of_bad, of_good


def bootstrap(
    statistic: Callable[[FloatArray], Mapping[str, float]],
    rows: int,
    *,
    person: object = None,
    seed: int,
    resamples: int = 500,
) -> pd.DataFrame:
    """Return intervals of any statistics by drawing people again with replacement.

    Parameters
    ----------
    statistic : callable
        Takes a weight for each row (how often it was drawn) and returns numbers by name. A
        statistic that knows no weights may repeat rows: ``np.repeat(np.arange(rows), weight)``.
    rows : int
        Number of rows.
    person : array, optional
        Person of each row; all rows of a person are drawn together. Without it, rows are.
    seed, resamples : int
        Seed, and number of draws.

    Returns
    -------
    DataFrame
        Indexed by name: ``value`` (all rows once), ``standard_error``, ``low``, ``high``,
        ``used`` (draws in which the statistic was finite: a draw without bads has no AUC).

    Notes
    -----
    The interval is ``value - bias -/+ 1.96 se``, with bias and se from the draws, widened to
    hold the value. Statistics that noise pushes up, as KS and ECE, are pushed up again in each
    draw; the percentile interval doubles that bias. In 300 samples of 500 rows it held the
    true KS in 76 % of them, this one in 90 %.
    """
    if resamples < 2:
        raise DataError(f"resamples must be at least 2, got {resamples}.")
    value = pd.Series(statistic(np.ones(rows)), dtype="float64")
    draws = pd.DataFrame(
        [
            dict(statistic(weight))
            for weight in draw_people(person, rows, resamples=resamples, seed=seed)
        ],
        columns=value.index,
        dtype="float64",
    ).replace([np.inf, -np.inf], np.nan)
    error = draws.std(ddof=1)
    centre = 2 * value - draws.mean()
    low, high = centre - Z * error, centre + Z * error
    known = value.abs().lt(np.inf) & error.notna()
    return pd.DataFrame(
        {
            "value": value,
            "standard_error": error.where(known),
            "low": low.clip(upper=value).where(known),
            "high": high.clip(lower=value).where(known),
            "used": draws.notna().sum(),
        }
    )
