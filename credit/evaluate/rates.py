"""What a loan costs, read off its schedule."""

from __future__ import annotations

import numpy as np
import pandas as pd

from credit.errors import DataError
from credit.evaluate.inputs import FloatArray

HIGHEST = 1.0
"""The highest monthly rate that is looked for: 1200 % a year."""

_HALVINGS = 60


def yearly_rates(loans: pd.DataFrame, instalments: pd.DataFrame) -> pd.Series:
    """Return the nominal yearly rate at which each loan's instalments are worth its principal.

    12 r where ``principal = sum_k due_k / (1 + r)^k``, k the number of the monthly instalment,
    by bisection from 0 to `HIGHEST`. Fees that are in no instalment are not seen.

    Parameters
    ----------
    loans : DataFrame
        ``loan_id, principal_fen``.
    instalments : DataFrame
        ``loan_id, number, due_fen``.

    Returns
    -------
    Series
        One rate a loan, in the order of ``loans``; NaN where no rate from 0 to `HIGHEST` fits: no
        principal, no instalment, or instalments that add up to less than the principal.

    Raises
    ------
    DataError
        For a missing column or a repeated loan.
    """
    for name, frame, columns in (
        ("loans", loans, ("loan_id", "principal_fen")),
        ("instalments", instalments, ("loan_id", "number", "due_fen")),
    ):
        missing = [column for column in columns if column not in frame.columns]
        if missing:
            raise DataError(f"{name}: no column {missing}.")
    order = pd.Index(loans["loan_id"])
    if not order.is_unique:
        raise DataError(
            f"loans: {int(order.duplicated().sum())} loan_id(s) repeat. One row a loan."
        )
    place = order.get_indexer(pd.Index(instalments["loan_id"]))
    known = place >= 0
    due = instalments["due_fen"].to_numpy(dtype=np.float64)[known]
    number = instalments["number"].to_numpy(dtype=np.float64)[known]
    principal = loans["principal_fen"].to_numpy(dtype=np.float64)

    def worth(monthly: FloatArray) -> FloatArray:
        value = due * np.exp(-number * np.log1p(monthly[place[known]]))
        return np.bincount(place[known], value, len(order)).astype(np.float64)

    low, high = np.zeros(len(order)), np.full(len(order), HIGHEST)
    fits = (principal > 0) & (worth(low) >= principal) & (worth(high) <= principal)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        dear = worth(middle) > principal
        low, high = np.where(dear, middle, low), np.where(dear, high, middle)
    rate = np.where(fits, 12 * (low + high) / 2, np.nan)
    return pd.Series(rate, index=loans.index, name="yearly_rate")
