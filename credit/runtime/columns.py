"""The caller's columns as arrays: every column by its name, every value checked.

Numbers become float64 with NaN where missing; names become text with None where missing.
Nothing is guessed: text in a number, an infinity, a column too few or too many is refused.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from numbers import Number, Real
from typing import Any, Literal, NoReturn

import numpy as np
from numpy.typing import NDArray

from credit.errors import ArtifactError, nearest
from credit.runtime.plain import Floats

Names = NDArray[np.object_]
Rows = dict[str, NDArray[Any]]
"""Feature name -> checked values, float64 or object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One column an artifact scores, as the manifest declares it.

    Attributes
    ----------
    name, dimension, unit, null_means : str
        As in the data dictionary. ``null_means`` says what a missing value says of a person.
    type : {"number", "category"}
        What the column holds.
    learned_range : tuple of float or None
        Smallest and largest value of a number seen in training: information, not a rule.
    hard_range : tuple of (float or None) or None
        Closed range outside which a number is refused; None leaves a side open.
    special_codes : tuple of float or str
        Values that are codes, not amounts: the hard range does not apply to them.
    categories : tuple of str
        Names seen in training.
    unknown_category : {"refuse", "model"}
        What becomes of any other name: an error, or what the model says of a name that it
        does not know.
    """

    name: str
    dimension: str
    type: Literal["number", "category"]
    unit: str
    null_means: str
    learned_range: tuple[float, float] | None = None
    hard_range: tuple[float | None, float | None] | None = None
    special_codes: tuple[float | str, ...] = ()
    categories: tuple[str, ...] = ()
    unknown_category: Literal["refuse", "model"] = "refuse"


def read_columns(
    features: Sequence[Feature],
    columns: Mapping[str, Any],
    ignore: Collection[str] = (),
    unused: Collection[str] = (),
) -> tuple[Rows, int]:
    """Return the checked values of every feature, and the number of rows.

    Columns in ``ignore`` (the caller's) and ``unused`` (the manifest's) are passed over.

    Raises
    ------
    ArtifactError
        A column is missing or unknown, columns differ in length, or a value is not what its
        feature declares.
    """
    if not isinstance(columns, Mapping):
        raise ArtifactError(
            f"columns: got {type(columns).__name__}, but scoring needs a dict from column name "
            "to one value a row."
        )
    if isinstance(ignore, str):
        raise ArtifactError(f"ignore: got the text {ignore!r}, but a list of names is needed.")
    expected = [feature.name for feature in features]
    for name in expected:
        if name in ignore:
            raise ArtifactError(
                f"ignore: {name!r} is a feature of the model, so it cannot be ignored."
            )
    _check_names(expected, columns, {*ignore, *unused})
    rows: Rows = {}
    for feature in features:
        given = columns[feature.name]
        rows[feature.name] = (
            _numbers(feature, given) if feature.type == "number" else _names(feature, given)
        )
    lengths = {name: len(values) for name, values in rows.items()}
    if len(set(lengths.values())) > 1:
        first = next(iter(lengths))
        other = next(name for name, length in lengths.items() if length != lengths[first])
        raise ArtifactError(
            f"columns differ in length: {first!r} has {lengths[first]} row(s), {other!r} has "
            f"{lengths[other]}. Every column needs one value a row."
        )
    return rows, next(iter(lengths.values()), 0)


def _check_names(
    expected: Sequence[str], given: Mapping[str, Any], passed_over: Collection[str]
) -> None:
    known = frozenset(expected)
    for name in expected:
        if name not in given:
            extra = [other for other in given if other not in known]
            raise ArtifactError(
                f"column {name!r} is missing.{nearest(name, extra)} The model needs it; a value "
                "that is not known may be None, its column may not be left out."
            )
    for name in given:
        if name not in known and name not in passed_over:
            raise ArtifactError(
                f"column {name!r} is unknown to the model.{nearest(str(name), expected)} Remove "
                "it, or name it in ignore=."
            )


def _one_dimension(name: str, given: Any) -> NDArray[Any]:
    """Return an array of one value a row, whatever sequence was given."""
    if "numpy.ma" in sys.modules and isinstance(given, np.ma.MaskedArray):  # else it is loaded here
        raise ArtifactError(f"column {name!r}: masked arrays are not read. Put NaN or None.")
    if isinstance(given, str | bytes | Mapping) or not hasattr(given, "__len__"):
        raise ArtifactError(
            f"column {name!r}: got {given!r:.60}, but one value a row is needed: give a list."
        )
    try:
        array = np.asarray(given)
        if array.dtype.kind in "US":
            # NumPy turns numbers beside a text into text: keep each value as it was given.
            array = np.asarray(given, dtype=object)
    except (ValueError, TypeError) as error:
        raise ArtifactError(
            f"column {name!r}: the values cannot be read as one value a row ({error})."
        ) from error
    if array.ndim != 1:
        raise ArtifactError(
            f"column {name!r}: got shape {array.shape}, but one value a row is needed."
        )
    return array


def _refuse(feature: Feature, row: int, value: object, rule: str) -> NoReturn:
    shown = repr(value)
    raise ArtifactError(
        f"column {feature.name!r}, row {row}: {shown[:60]} of type {type(value).__name__} {rule}"
    )


def _numbers(feature: Feature, given: Any) -> Floats:
    """Return a number column as float64, NaN where missing."""
    array = _one_dimension(feature.name, given)
    if array.dtype.kind in "fiub":
        values = array.astype(np.float64, copy=False)  # nothing here writes into it
    elif array.dtype.kind == "O":
        values = np.array([_number(feature, i, value) for i, value in enumerate(array)], np.float64)
    else:
        raise ArtifactError(
            f"column {feature.name!r}: type {array.dtype} is not a number. The unit is "
            f"{feature.unit!r}: convert the column."
        )
    if np.isinf(values).any():
        infinite = np.flatnonzero(np.isinf(values))
        raise ArtifactError(
            f"column {feature.name!r}, row {infinite[0]}: the value is infinite "
            f"({infinite.size} row(s)). Values must be finite, or None where not known."
        )
    if feature.hard_range is not None:
        _check_range(feature, values)
    return values


def _number(feature: Feature, row: int, value: object) -> float:
    if value is None:
        return math.nan
    if not isinstance(value, Real | np.bool_):
        _refuse(
            feature,
            row,
            value,
            f"is not a number. The unit is {feature.unit!r}; put None where a value is missing.",
        )
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _check_range(feature: Feature, values: Floats) -> None:
    low, high = feature.hard_range or (None, None)
    outside = np.zeros(len(values), dtype=bool)
    if low is not None:
        outside |= values < low
    if high is not None:
        outside |= values > high
    if outside.any():
        outside &= ~np.isin(values, np.array(feature.special_codes, dtype=np.float64))
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        raise ArtifactError(
            f"column {feature.name!r}, row {row}: {values[row]} is outside the declared range "
            f"[{low}, {high}] ({int(outside.sum())} row(s)). Check the unit, {feature.unit!r}; put "
            "None where a value is not known."
        )


def _names(feature: Feature, given: Any) -> Names:
    """Return a category column as text, None where missing."""
    array = _one_dimension(feature.name, given)
    if array.dtype.kind not in "fiubOUS":
        raise ArtifactError(f"column {feature.name!r}: type {array.dtype} holds no names.")
    known = {*feature.categories, *map(str, feature.special_codes)}
    result = np.empty(len(array), dtype=object)
    for row, value in enumerate(array.tolist()):
        name = value if type(value) is str or value is None else _name(feature, row, value)
        if name is not None and name not in known and feature.unknown_category == "refuse":
            _refuse(
                feature,
                row,
                value,
                f"was never seen in training.{nearest(name, known)} Known: "
                f"{sorted(known)[:20]}. Put None where the value is not known.",
            )
        result[row] = name
    return result


def _name(feature: Feature, row: int, value: object) -> str | None:
    """Return the name a value goes by: 3, 3.0 and "3" are one name, as in training."""
    if value is None or (isinstance(value, float | np.floating) and math.isnan(value)):
        return None
    if isinstance(value, str):
        return value
    if not isinstance(value, Number | np.bool_):
        _refuse(feature, row, value, "is neither text nor number. Put None where it is missing.")
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)
