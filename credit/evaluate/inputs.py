"""What every function of this room accepts: checked once, refused with the argument's name."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.errors import DataError
from credit.split import binary

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def numbers(values: object, argument: str, *, length: int | None = None) -> FloatArray:
    """Return finite floats, or say which argument is not that and why.

    Raises
    ------
    DataError
        For text, nulls, infinities, an empty array or a wrong length.
    """
    series = pd.Series(values)
    if series.empty:
        raise DataError(f"{argument} is empty. It must have at least one row.")
    if not pd.api.types.is_numeric_dtype(series):
        raise DataError(f"{argument}: type {series.dtype}, but numbers are required.")
    if length is not None and len(series) != length:
        raise DataError(f"{argument} has {len(series)} rows, but {length} are expected.")
    array = series.to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = int((~np.isfinite(array)).sum())
    if wrong:
        raise DataError(
            f"{argument} has {wrong} null or infinite value(s) in {len(array)} rows. "
            "Every row needs a finite number; find out why these have none."
        )
    return array


def probabilities(values: object, argument: str, *, length: int | None = None) -> FloatArray:
    """Return floats between 0 and 1.

    Raises
    ------
    DataError
        As :func:`numbers`, and for a value outside 0 to 1.
    """
    array = numbers(values, argument, length=length)
    outside = int(((array < 0) | (array > 1)).sum())
    if outside:
        raise DataError(
            f"{argument} must lie between 0 and 1; {outside} row(s) do not, for instance "
            f"{array[(array < 0) | (array > 1)][0]:g}. Pass P(bad), not a margin or points."
        )
    return array


def weights(values: object, *, length: int) -> FloatArray:
    """Return weights, all ones where none are given.

    Raises
    ------
    DataError
        As :func:`numbers`, for a negative weight, and where all are zero.
    """
    if values is None:
        return np.ones(length)
    array = numbers(values, "weight", length=length)
    if (array < 0).any() or not array.any():
        raise DataError(
            f"weight must be 0 or more and not all 0, got a minimum of {array.min():g} and a "
            f"sum of {array.sum():g}."
        )
    return array


def both_classes(y: object, *, at_least: int = 1, argument: str = "y") -> IntArray:
    """Return the outcome, which must hold ``at_least`` rows of each class.

    Raises
    ------
    DataError
        As :func:`credit.split.binary`, and with the counts where a class is too small.
    """
    labels = binary(y, argument=argument)
    bads = int(labels.sum())
    if min(bads, len(labels) - bads) < at_least:
        raise DataError(
            f"{argument} has {bads} bad and {len(labels) - bads} good row(s); at least {at_least} "
            "of each are needed to compare the two. Use more rows, or a wider group."
        )
    return labels
