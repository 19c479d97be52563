"""Who was accepted, who was refused, and the rows that an inference makes of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from credit.errors import DataError, nearest
from credit.reject.probit import Floats, SelectedProbit
from credit.split import binary


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Applications:
    """Accepted applicants with their outcomes, and refused ones without.

    Attributes
    ----------
    accepted, refused : DataFrame
        The same columns; numbers without gaps, such as weights of evidence.
    y : array
        Outcome of each accepted row, 1 is bad.
    selection_only : collection of str
        Columns that moved the decision but not the outcome, such as the leniency of the officer
        to whom a case happened to go. They enter models of acceptance only.

    Raises
    ------
    DataError
        For frames without rows or with different columns, text, gaps or infinities, an outcome
        that is not 0 and 1 or of one class, or an unknown column in ``selection_only``.
    """

    accepted: pd.DataFrame
    y: object
    refused: pd.DataFrame
    selection_only: Collection[str] = ()

    def __post_init__(self) -> None:
        if list(self.accepted.columns) != list(self.refused.columns):
            names = (set(map(str, frame.columns)) for frame in (self.accepted, self.refused))
            raise DataError(
                "accepted and refused must have the same columns in the same order; only one of "
                f"them has {sorted(set.symmetric_difference(*names))}."
            )
        _require_numbers("accepted", self.accepted)
        _require_numbers("refused", self.refused)
        labels = self.labels
        if len(labels) != len(self.accepted) or labels.min() == labels.max():
            raise DataError(
                f"y must hold {len(self.accepted)} outcomes, good and bad, one for each accepted "
                f"row; got {len(labels)} of which {int(labels.sum())} are bad."
            )
        columns = [str(name) for name in self.accepted.columns]
        for name in self.selection_only:
            if name not in columns:
                raise DataError(f"selection_only: no column {name!r}.{nearest(name, columns)}")
        if not self.outcome:
            raise DataError("selection_only holds every column; the outcome needs at least one.")

    @property
    def labels(self) -> NDArray[np.int64]:
        """Outcomes of the accepted as integers."""
        return binary(self.y)

    @property
    def outcome(self) -> list[str]:
        """Columns that may enter a model of the outcome."""
        return [name for name in self.accepted.columns if name not in set(self.selection_only)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Inferred:
    """Rows to fit a model on again, and what was assumed of the refused.

    Attributes
    ----------
    X : DataFrame
        Accepted rows, then those of the refused that were given an outcome (twice where both
        outcomes are possible), without the columns that only selected.
    y : ndarray of int
        Outcome of each row of X, inferred for the refused.
    weight : ndarray
        Weight of each row of X.
    refused_probability : ndarray
        P(bad) of each refused applicant under the method, in the order given.
    selection : SelectedProbit or None
        The pair fitted by the bivariate probit, with rho and its error.
    """

    X: pd.DataFrame
    y: NDArray[np.int64]
    weight: Floats
    refused_probability: Floats
    selection: SelectedProbit | None = None

    @property
    def refused_bad_rate(self) -> float:
        """Mean of ``refused_probability``."""
        return float(self.refused_probability.mean())


def _require_numbers(name: str, frame: pd.DataFrame) -> None:
    if frame.empty:
        raise DataError(f"{name} has no rows or no columns; reject inference needs both kinds.")
    for column in frame.columns:
        values = frame[column]
        if not pd.api.types.is_numeric_dtype(values):
            raise DataError(
                f"{name}[{column!r}]: type {values.dtype}, but numbers are required. Pass weights "
                "of evidence instead of the raw column."
            )
        if not np.isfinite(values.to_numpy(dtype=np.float64, na_value=np.nan)).all():
            raise DataError(
                f"{name}[{column!r}] has gaps or infinities. Pass weights of evidence, where a "
                "missing value has a number of its own."
            )
