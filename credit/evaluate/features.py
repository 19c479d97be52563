"""What each feature is worth before any model: information value by month, gaps, twins."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from credit.errors import DataError
from credit.evaluate.inputs import FloatArray, both_classes
from credit.evaluate.stability import bin_codes, divergence_terms

FEWEST_IN_COMMON = 30
"""Two features known together for fewer rows than this have no correlation worth stating."""

IV_PREFIX = "iv_"
"""A month's column in the feature report is this and the month."""


def information_values(codes: pd.DataFrame, y: object, month: object = None) -> pd.DataFrame:
    """Return the information value of each feature, overall and by month.

    ``IV = sum_b (good share_b - bad share_b) ln(good share_b / bad share_b)`` with half a count
    added to every bin, as in :func:`credit.evaluate.psi`. Fixed bins make months comparable.

    Parameters
    ----------
    codes : DataFrame of int
        Bin number of each value, 0 or more; missing values in a bin of their own.
    y : array
        Outcome, 1 is bad.
    month : array, optional
        Month of each row, without nulls.

    Returns
    -------
    DataFrame
        Indexed by feature: ``iv``, ``iv_by_chance`` (its expectation for a feature that says
        nothing, ``(bins - 1) (1 / bads + 1 / goods)``), and ``iv_<month>`` for each month in
        order; NaN in a month with one class.
    """
    labels = both_classes(y)
    if len(codes) != len(labels):
        raise DataError(f"codes has {len(codes)} rows, but {len(labels)} are expected.")
    months = pd.Series(np.zeros(len(labels)) if month is None else month).reset_index(drop=True)
    if len(months) != len(labels) or months.isna().any():
        raise DataError(
            f"month has {len(months)} rows of which {int(months.isna().sum())} are null; "
            f"{len(labels)} without nulls are expected."
        )
    of_row, names = pd.factorize(months, sort=True)
    rows = {
        str(name): _information_row(bin_codes(codes[name]), labels, of_row, len(names))
        for name in codes.columns
    }
    columns = ["iv", "iv_by_chance"] + [f"{IV_PREFIX}{name}" for name in names]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return table.rename_axis("feature").iloc[:, : 2 if month is None else None]


def iv_by_month(codes: pd.DataFrame, y: object, month: object) -> pd.DataFrame:
    """Return :func:`information_values` by month as long rows ``feature, month, iv``."""
    wide = information_values(codes, y, month).iloc[:, 2:]
    wide.columns = wide.columns.str.removeprefix(IV_PREFIX)
    return wide.reset_index().melt(id_vars="feature", var_name="month", value_name="iv")


def _information_row(
    codes: np.ndarray[tuple[int], np.dtype[np.int64]],
    labels: np.ndarray[tuple[int], np.dtype[np.int64]],
    month: np.ndarray[tuple[int], np.dtype[np.int64]],
    months: int,
) -> list[float]:
    """Return IV, IV by chance, and IV of each month, from one count of the column."""
    used, packed = np.unique(codes, return_inverse=True)
    bins = len(used)
    cells = np.bincount((month * 2 + labels) * bins + packed, minlength=months * 2 * bins)
    counts = cells.reshape(months, 2, bins).astype(np.float64)
    total = counts.sum(axis=0)
    overall = float(divergence_terms(total[0], total[1]).sum())
    by_month = divergence_terms(counts[:, 0], counts[:, 1]).sum(axis=1)
    sizes = counts.sum(axis=2)
    by_month[(sizes == 0).any(axis=1)] = np.nan
    chance = (bins - 1) * float((1 / total.sum(axis=1)).sum())
    return [overall, chance, *by_month.tolist()]


def spearman(X: pd.DataFrame) -> pd.DataFrame:
    """Return rank correlations of the numeric columns, as one matrix.

    A column is ranked once among its own known values; a pair is correlated over the rows where
    both are known. Without missing values that is Spearman's coefficient exactly; with them it
    spares the ranking of every pair anew. Pairs with fewer than 30 rows in common, and constant
    columns, have NaN.
    """
    numeric = [name for name in X.columns if _is_number(X[name])]
    if not numeric:
        return pd.DataFrame()
    ranks = np.column_stack([_ranks(X[name]) for name in numeric])
    known = ~np.isnan(ranks)
    filled = np.where(known, ranks, 0.0)
    present = known.astype(np.float64)
    common = present.T @ present
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (filled.T @ present) / common  # [i, j]: mean of i where j is known too
        square = ((filled**2).T @ present) / common - mean**2
        product = (filled.T @ filled) / common - mean * mean.T
        coefficient = product / np.sqrt(square * square.T)
    flat = square <= 1e-12  # a column that does not vary over the common rows
    coefficient[flat | flat.T | (common < FEWEST_IN_COMMON)] = np.nan
    return pd.DataFrame(np.clip(coefficient, -1, 1), index=numeric, columns=numeric)


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not isinstance(
        column.dtype, pd.CategoricalDtype
    )


def _ranks(column: pd.Series) -> FloatArray:
    """Return centred ranks of order 1, NaN where the value is missing."""
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    known = ~np.isnan(values)
    ranks = np.full(len(values), np.nan)
    if known.any():
        ranks[known] = (rankdata(values[known]) - (known.sum() + 1) / 2) / known.sum()
    return ranks


def correlated_pairs(X: pd.DataFrame, *, threshold: float = 0.95) -> pd.DataFrame:
    """Return pairs with ``|rank correlation| > threshold``, the strongest first.

    Columns ``first, second, correlation``; ``first`` is the earlier column of X.
    """
    if not 0 <= threshold <= 1:
        raise DataError(f"threshold must lie between 0 and 1, got {threshold}.")
    matrix = spearman(X)
    found = []
    if len(matrix):
        values = matrix.to_numpy()
        upper = np.triu(np.abs(np.nan_to_num(values)) > threshold, k=1)
        found = [
            (matrix.columns[i], matrix.columns[j], float(values[i, j]))
            for i, j in np.argwhere(upper)
        ]
    table = pd.DataFrame(found, columns=["first", "second", "correlation"])
    order = table["correlation"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def feature_report(
    X: pd.DataFrame, y: object, month: object, *, codes: pd.DataFrame
) -> pd.DataFrame:
    """Return one row a feature: gaps, strongest correlation, information value by month.

    Parameters
    ----------
    X : DataFrame
        Features as the model sees them.
    y, month : array
        Outcome and month of each row.
    codes : DataFrame of int
        Bin numbers of the same columns; see :func:`information_values`.

    Returns
    -------
    DataFrame
        ``feature, missing_share, iv, iv_by_chance, partner, correlation`` (the numeric feature
        with the strongest rank correlation; missing for texts and categories), then ``iv_<month>``.
        In the order of X's columns.
    """
    if list(X.columns) != list(codes.columns) or len(X) != len(codes):
        differing = sorted(set(map(str, X.columns)) ^ set(map(str, codes.columns)))
        raise DataError(
            f"codes must have the columns and rows of X: X is {X.shape}, codes is {codes.shape}, "
            f"and only one of them has {differing}."
        )
    values = information_values(codes, y, month)
    partners = _partners(spearman(X)).reindex(X.columns)
    table = pd.DataFrame(
        {
            "feature": [str(name) for name in X.columns],
            "missing_share": X.isna().mean().to_numpy(),
            "iv": values["iv"].to_numpy(),
            "iv_by_chance": values["iv_by_chance"].to_numpy(),
            "partner": partners["partner"].to_numpy(),
            "correlation": partners["correlation"].to_numpy(dtype=np.float64),
        }
    )
    by_month = values.iloc[:, 2:].reset_index(drop=True)
    return pd.concat([table, by_month], axis=1)


def _partners(matrix: pd.DataFrame) -> pd.DataFrame:
    """Return for each column of a correlation matrix its strongest other."""
    rows: dict[object, tuple[object, float]] = {}
    values = matrix.to_numpy(copy=True) if len(matrix) else np.empty((0, 0))
    np.fill_diagonal(values, np.nan)
    for at, name in enumerate(matrix.columns):
        strength = np.abs(values[at])
        if np.isnan(strength).all():
            rows[name] = (None, np.nan)
        else:
            best = int(np.nanargmax(strength))
            rows[name] = (matrix.columns[best], float(values[at, best]))
    return pd.DataFrame.from_dict(rows, orient="index", columns=["partner", "correlation"])
