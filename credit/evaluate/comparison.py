"""Whether one model beats another over folds that share rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import t as student

from credit.errors import DataError, nearest
from credit.evaluate.inputs import FloatArray, numbers
from credit.evaluate.intervals import LEVEL, in_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class ResampledTest:
    """Mean difference over folds, with corrected error, interval (95 %) and two-sided p-value."""

    difference: float
    standard_error: float
    t: float
    degrees_of_freedom: int
    p_value: float
    low: float
    high: float


def nadeau_bengio(differences: object, *, n_train: float, n_test: float) -> ResampledTest:
    """Test a mean difference over k folds (corrected resampled t).

    Training sets of different folds share rows, so their results are correlated and the usual
    error is too small. The corrected variance of the mean is ``(1/k + n_test / n_train) s^2``
    with ``k - 1`` degrees of freedom (Nadeau and Bengio 2003, Machine Learning 52).

    Raises
    ------
    DataError
        With fewer than two folds, a difference that is not finite, or sizes below 1.
    """
    values = numbers(differences, "differences")
    folds = len(values)
    if folds < 2:
        raise DataError(f"differences: {folds} fold given, but a spread needs at least 2.")
    if n_train < 1 or n_test < 1:
        raise DataError(f"n_train and n_test must be at least 1, got {n_train} and {n_test}.")
    mean = float(values.mean())
    error = float(np.sqrt((1 / folds + n_test / n_train) * values.var(ddof=1)))
    t = in_errors(mean, error)
    reach = float(student.ppf((1 + LEVEL) / 2, folds - 1)) * error
    return ResampledTest(
        difference=mean,
        standard_error=error,
        t=t,
        degrees_of_freedom=folds - 1,
        p_value=float(2 * student.sf(abs(t), folds - 1)),
        low=mean - reach,
        high=mean + reach,
    )


def holm(p_values: object) -> FloatArray:
    """Return p-values adjusted so that one false alarm among all is kept at its level (Holm 1979).

    In ascending order, ``adjusted_i = max_{j <= i} min(1, (m - j + 1) p_j)``.

    >>> holm([0.01, 0.04, 0.03]).round(4).tolist()
    [0.03, 0.06, 0.06]
    """
    values = numbers(p_values, "p_values")
    if ((values < 0) | (values > 1)).any():
        raise DataError(f"p_values must lie between 0 and 1, got {values.min()} to {values.max()}.")
    order = np.argsort(values, kind="stable")
    scaled = values[order] * np.arange(len(values), 0, -1)
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return adjusted


def paired_table(
    scores: pd.DataFrame, *, n_train: float, n_test: float, reference: str
) -> pd.DataFrame:
    """Compare every model with a reference over the same folds.

    Parameters
    ----------
    scores : DataFrame (fold x model)
        One metric; each fold is one row.
    n_train, n_test : float
        Rows that trained and tested in a fold (their mean where folds differ).
    reference : str
        The column to compare with.

    Returns
    -------
    DataFrame
        For every other model, in the order of columns: ``model, mean, difference`` (model minus
        reference), ``low, high`` (corrected 95 % interval), ``t, p_value, p_holm``.

    Raises
    ------
    DataError
        If the reference is not a column, there is no other model, or a model lacks a fold.
    """
    models = [str(name) for name in scores.columns]
    if reference not in models:
        raise DataError(
            f"reference {reference!r} is not among the models {models}.{nearest(reference, models)}"
        )
    if len(set(models)) < len(models) or len(models) < 2:
        raise DataError(f"scores needs at least two models with different names, got {models}.")
    gaps = [name for name in models if scores[name].isna().any()]
    if gaps:
        raise DataError(
            f"scores: {gaps} lack a fold; differences are only paired when every model was fitted "
            "in every fold. Repeat the missing ones, or drop the fold for all."
        )
    rows = []
    for name in models:
        if name == reference:
            continue
        test = nadeau_bengio(scores[name] - scores[reference], n_train=n_train, n_test=n_test)
        rows.append(
            {
                "model": name,
                "mean": float(scores[name].mean()),
                "difference": test.difference,
                "low": test.low,
                "high": test.high,
                "t": test.t,
                "p_value": test.p_value,
            }
        )
    table = pd.DataFrame(rows)
    table["p_holm"] = holm(table["p_value"])
    return table
