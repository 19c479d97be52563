"""Grades: bounds found from data, and whether each grade's probability still holds."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import beta
from sklearn.isotonic import isotonic_regression

from credit.binning import BinLimits, Neighbours, Sample, count_column, fit_bins
from credit.errors import DataError
from credit.evaluate.calibration import rates
from credit.evaluate.comparison import holm
from credit.evaluate.inputs import both_classes, probabilities
from credit.split import binary

GRADES = BinLimits(
    max_bins=9, max_candidates=64, min_share=0.01, neighbours=Neighbours(max_p_value=0.05)
)
"""Nine grades at most, each of a hundredth of the rows, told apart from the next at 5 %."""

AMBER, RED = 0.05, 0.001
"""A grade is amber below the first p-value of an underestimate, red below the second."""


def grade_bounds(
    y: object, probability: object, *, limits: BinLimits = GRADES
) -> tuple[float, ...]:
    """Return the bounds between the grades of greatest information value, bad rates ascending.

    Grade i holds ``bounds[i - 1] <= p < bounds[i]``, as in `credit.calibrate.MasterScale`. The
    search is the exact programme of `credit.binning` over quantiles of the probability; there
    are as many grades as ``limits`` allow.

    Parameters
    ----------
    y, probability : array (rows,)
        Outcome (1 is bad) and P(bad) of rows the model was not fitted on.
    limits : BinLimits
        What a grade may look like; its ``trend`` is not read.

    Raises
    ------
    DataError
        With one class, probabilities outside 0 to 1, or when the limits allow one grade only;
        the sentence says which limit.
    """
    labels = both_classes(y).astype(np.float64)
    stated = probabilities(probability, "probability", length=len(labels))
    sample = Sample.of(labels, np.ones(len(labels)))
    counts = count_column(pd.Series(stated), "probability", sample, limits)
    found = fit_bins(counts, counts.prior, limits, "ascending", np.random.default_rng(0))
    if not found.edges:
        raise DataError(
            f"probability: one grade only ({found.diagnosis}). Use more rows or relax the limit."
        )
    return found.edges


def grade_table(y: object, probability: object, grade: object) -> pd.DataFrame:
    """Return one row a grade: does its mean probability hold against what happened.

    Columns ``grade, rows, share, bads, predicted, rate, rate_low, rate_high, p_underestimated,
    p_two_sided``: predicted is the mean probability, the bounds are the Jeffreys interval of
    the rate at 95 %. Grades come in the order of their categories, else sorted; an unused
    category is left out.

    ``p_underestimated`` is the Jeffreys test ``Beta(bads + 1/2, rows - bads + 1/2).cdf(
    predicted)``: small when the probability is too low for the bads seen. ``p_two_sided`` is
    twice the smaller tail (ECB, Instructions for reporting the validation results of internal
    models, 2019).
    """
    labels = binary(y)
    stated = probabilities(probability, "probability", length=len(labels))
    grades = pd.Series(grade, name="grade").reset_index(drop=True)
    if len(grades) != len(labels):
        raise DataError(f"grade has {len(grades)} rows, but {len(labels)} are expected.")
    if grades.isna().any():
        raise DataError(
            f"grade has {int(grades.isna().sum())} null(s): every row must be graded. Widen the "
            "master scale so that it covers 0 to 1."
        )
    table = rates(labels, stated, grades)
    table.insert(2, "share", table["rows"] / len(labels))
    goods = table["rows"] - table["bads"]
    below = beta.cdf(table["predicted"], table["bads"] + 0.5, goods + 0.5)
    table["p_underestimated"] = below
    table["p_two_sided"] = 2 * np.minimum(below, 1 - below)
    return table


def traffic_lights(grades: pd.DataFrame) -> pd.DataFrame:
    """Return a :func:`grade_table` with a light a grade, and rates that ascend.

    Adds ``p_holm`` (``p_underestimated`` adjusted for the number of grades), ``light``, ``ascends``
    (the rate is at least that of every safer grade) and ``ascending_rate``: the rates nearest to
    those observed, weighted by rows, that do not fall from one grade to the next (isotonic
    regression). Grades must come in order, the safest first.

    A light is green, amber below p = 5 %, red below p = .1 %: the levels of Tasche (2003), *A
    traffic lights approach to PD validation*, here on the Jeffreys test, grade by grade. Among
    nine true grades one is amber in a third of the cases; ``p_holm`` says whether it is chance.

    Raises
    ------
    DataError
        Where the table lacks a column of :func:`grade_table`, or the predicted probabilities
        do not ascend.
    """
    needed = {"grade", "rows", "bads", "predicted", "rate", "p_underestimated"}
    if not needed <= set(grades.columns):
        raise DataError(
            f"grades: no column {sorted(needed - set(grades.columns))}. Pass what grade_table "
            "returned."
        )
    if not grades["predicted"].is_monotonic_increasing:
        raise DataError(
            f"grades: predicted does not ascend: {grades['predicted'].round(4).tolist()}. Put the "
            "grades in order, the safest first; an ordered category does."
        )
    p, rate = grades["p_underestimated"].to_numpy(), grades["rate"].to_numpy()
    fitted = isotonic_regression(rate, sample_weight=grades["rows"].to_numpy(dtype=np.float64))
    return grades.assign(
        p_holm=holm(p),
        light=np.select([p < RED, p < AMBER], ["red", "amber"], "green"),
        ascends=rate >= np.maximum.accumulate(rate),
        ascending_rate=fitted,
    )
