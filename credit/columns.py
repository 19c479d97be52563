"""What a model reads from a frame: columns as numbers or names, the target, the weights.

Text arrives as ``str``, ``string`` with ``pd.NA``, ``object``, ``category`` or Arrow; numbers
as NumPy, nullable or Arrow types; arrays arrive without names. This is the only place that
knows, so every estimator reads the same frame the same way and refuses it in the same words.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from numbers import Number, Real
from typing import Any, Literal, NamedTuple, overload

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    check_array,
    check_consistent_length,
    column_or_1d,
    validate_data,
)

from credit.errors import ModelError, nearest
from credit.frames import Frame, ParquetColumns, as_frame

Kind = Literal["number", "category"]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_NUMBERS_IN_OBJECTS = ("integer", "floating", "mixed-integer-float", "decimal", "boolean", "empty")


class Names(NamedTuple):
    """A column of names: ``names[codes[i]]`` is row i's, ``codes[i] = -1`` where it is missing."""

    codes: Ints
    names: tuple[str, ...]


class Target(NamedTuple):
    """The binary target: ``bad`` is 1.0 for ``classes[1]``, 0.0 for ``classes[0]``."""

    bad: Floats
    classes: NDArray[Any]


def kind_of(column: pd.Series, name: str) -> Kind:
    """Say whether a column holds numbers (truth values are 0 and 1) or names.

    A ``category`` column holds names even where its categories are numbers: whoever made it
    said so. An ``object`` column holds numbers when every value that is not missing is one.

    Raises
    ------
    ModelError
        The column holds times or complex numbers.
    """
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return "category"
    if pd.api.types.is_complex_dtype(dtype):
        raise ModelError(f"column {name!r}: Complex data not supported, got type {dtype}.")
    if pd.api.types.is_bool_dtype(dtype) or pd.api.types.is_numeric_dtype(dtype):
        return "number"
    if "time" in str(dtype) or "date" in str(dtype) or "duration" in str(dtype):
        raise ModelError(
            f"column {name!r}: type {dtype} is a time, and a model reads numbers and names. "
            "Turn it into an amount (days since an event) before fitting."
        )
    if column.isna().all():
        return "number"
    if isinstance(dtype, np.dtype) and dtype.kind == "O":
        inferred = pd.api.types.infer_dtype(column, skipna=True)
        return "number" if inferred in _NUMBERS_IN_OBJECTS else "category"
    return "category"


def numbers(column: pd.Series, name: str) -> Floats:
    """Return a column as float64, NaN where a value is missing.

    Raises
    ------
    ModelError
        The column holds text (column and value are named) or an infinity.
    """
    if kind_of(column, name) == "category":
        column = column.astype(object)
        wrong = [v for v in column if not (isinstance(v, Real | Decimal) or _is_missing(v))]
        if wrong:
            raise ModelError(
                f"column {name!r}: value {wrong[0]!r} is no number ({len(wrong)} such row(s)), but "
                "the column held numbers when the model was fitted. Convert the column, or set "
                "these values to missing."
            )
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    infinite = np.isinf(values)
    if infinite.any():
        first = int(np.flatnonzero(infinite)[0])
        raise ModelError(
            f"column {name!r}: {int(infinite.sum())} infinite value(s), the first {values[first]} "
            f"in row {first}. Values must be finite or missing: mend the ratio that made them."
        )
    return values


def names(column: pd.Series, name: str) -> Names:
    """Return a column as codes into its distinct names, in order of appearance.

    A number is named by its shortest text, a whole one without decimals, so 3, 3.0 and "3" are
    one name whatever the column's type.

    Raises
    ------
    ModelError
        A value is neither text nor number.
    """
    try:
        codes, values = pd.factorize(column)
    except TypeError:
        wrong = next(v for v in column if not isinstance(v, str | Number) and v is not None)
        raise ModelError(_neither(name, wrong)) from None
    index: dict[str, int] = {}
    merged = np.array([index.setdefault(text(v, name), len(index)) for v in values], np.int64)
    return Names(np.append(merged, -1)[codes], tuple(index))


def text(value: object, name: str) -> str:
    """Return the name a value goes by (see :func:`names`)."""
    if isinstance(value, str):
        return str(value)
    if not isinstance(value, Number | np.bool_):
        raise ModelError(_neither(name, value))
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _is_missing(value: Any) -> bool:
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def _neither(name: str, value: object) -> str:
    return (
        f"column {name!r}: value {value!r} of type {type(value).__name__} is neither text nor "
        "number. Take what matters out of it into columns of their own."
    )


def kinds_of(frame: Frame) -> dict[str, Kind]:
    """Return :func:`kind_of` of every column; a stored column of numbers is not read for it."""
    if isinstance(frame, ParquetColumns):
        known = frozenset(name for name in frame.columns if frame.holds_numbers(name))
    else:
        known = frozenset()
    return {n: "number" if n in known else kind_of(frame[n], n) for n in frame.columns}


@overload
def read_frame(estimator: Any, X: ParquetColumns, *, reset: bool) -> ParquetColumns: ...
@overload
def read_frame(estimator: Any, X: Any, *, reset: bool) -> pd.DataFrame: ...
def read_frame(estimator: Any, X: Any, *, reset: bool) -> Frame:
    """Return X as a frame with one column a feature, in the order seen when fitting.

    With ``reset`` the estimator learns ``n_features_in_``, ``feature_names_in_`` (frames only)
    and ``features_`` (the names, or x0, x1, ... for an array). Without it a frame is read by
    name, whatever the order of its columns. Columns of a Parquet file stay there.

    Raises
    ------
    ModelError
        A column seen in fit is missing, one is unknown, or a name occurs twice.
    """
    X = as_frame(X)
    if not isinstance(X, Frame):
        X = check_array(X, dtype=None, ensure_all_finite=False, estimator=estimator, input_name="X")
    elif X.empty:
        raise ModelError(
            f"X: found array with {X.shape[0]} sample(s) and {X.shape[1]} feature(s) "
            f"(shape={X.shape}) while a minimum of 1 is required."
        )
    elif not X.columns.is_unique:
        twice = sorted(set(X.columns[X.columns.duplicated()]))
        raise ModelError(f"X: column name(s) {twice} occur twice. Rename or drop one of each.")
    elif not reset and hasattr(estimator, "feature_names_in_"):
        X = _by_name(X, tuple(estimator.feature_names_in_))
    stored = isinstance(X, ParquetColumns)
    outline = pd.DataFrame(columns=X.columns) if stored else X
    validate_data(estimator, outline, reset=reset, skip_check_array=True)
    if reset:
        positions = [f"x{i}" for i in range(estimator.n_features_in_)]
        estimator.features_ = tuple(getattr(estimator, "feature_names_in_", positions))
    if stored:
        return X
    if isinstance(X, pd.DataFrame):
        return X.set_axis(list(estimator.features_), axis="columns")
    return pd.DataFrame(X, columns=list(estimator.features_))


def _by_name(X: Frame, fitted: tuple[str, ...]) -> Frame:
    missing = [name for name in fitted if name not in X.columns]
    unknown = [name for name in X.columns if name not in set(fitted)]
    if missing:
        raise ModelError(
            f"X: no column {missing}, which the model was fitted with.{_hint(missing, unknown)} "
            "Provide it; a value that is not known may be missing, its column may not."
        )
    if unknown:
        raise ModelError(
            f"X: column(s) {unknown} were not there when the model was fitted. "
            "Pass X[model.feature_names_in_]."
        )
    return X[list(fitted)]


def _hint(missing: list[str], unknown: list[Any]) -> str:
    return nearest(missing[0], [str(name) for name in unknown])


def read_target(estimator: Any, y: Any, rows: int) -> Target:
    """Return the binary target; the greater of its two labels is bad.

    Raises
    ------
    ModelError
        y has missing values, one class, or more than two.
    """
    classes, codes = np.unique(read_outcome(estimator, y, rows), return_inverse=True)
    if len(classes) > 2:
        raise ModelError(
            "Only binary classification is supported. The type of the target is multiclass, with "
            f"classes {classes.tolist()[:5]}."
        )
    if len(classes) < 2:
        raise ModelError(_one_class(classes.tolist(), rows))
    return Target(codes.astype(np.float64), classes)


def read_outcome(estimator: Any, y: Any, rows: int) -> NDArray[Any]:
    """Return the label of every row, of however many classes.

    Raises
    ------
    ModelError
        y has missing values, or another length than X.
    """
    if y is None:
        raise ModelError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the target y "
            "is None."
        )
    y = column_or_1d(y, warn=True)
    unknown = int(pd.isna(y).sum())
    if unknown:
        raise ModelError(
            f"y: input y contains NaN in {unknown} of {len(y)} row(s). An outcome that is not "
            "known teaches nothing: train on the labelled rows."
        )
    if y.dtype.kind == "f" and np.isinf(y).any():
        raise ModelError(f"y: input y contains infinity in {int(np.isinf(y).sum())} row(s).")
    y = np.asarray(list(y)) if y.dtype == object or not isinstance(y, np.ndarray) else y
    check_classification_targets(y)
    if len(y) != rows:
        raise ModelError(f"y: inconsistent numbers of samples, {len(y)}, where X has {rows}.")
    return y


def _one_class(classes: list[Any], rows: int) -> str:
    label = classes[0] if classes else None
    bad = rows if label in (1, True) else 0
    counts = f"{rows - bad} good and {bad} bad" if label in (0, 1) else f"{rows} of {label!r}"
    return (
        f"y holds one class: {counts} row(s). A model is fitted on good and bad outcomes alike: "
        "widen the sample, or lengthen the performance window."
    )


def read_weight(sample_weight: ArrayLike | None, target: Target) -> Floats:
    """Return the rows' weights (ones by default): finite, none negative, both classes present.

    A weight counts rows: weight 2 means the same as the row given twice.
    """
    rows = len(target.bad)
    if sample_weight is None:
        return np.ones(rows)
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.ndim == 0:
        weight = np.full(rows, float(weight))
    if weight.ndim != 1:
        raise ModelError(f"sample_weight: must be 1D, got shape {weight.shape}.")
    check_consistent_length(target.bad, weight)
    wrong = ~np.isfinite(weight) | (weight < 0)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ModelError(
            f"sample_weight: {weight[row]} in row {row}. Weights are finite and not negative."
        )
    if not weight.sum() > 0:
        raise ModelError("sample_weight: every weight is zero. Some row must count.")
    for side, label in enumerate(target.classes.tolist()):
        if not weight[target.bad == side].sum() > 0:
            raise ModelError(
                f"sample_weight: every row of class {label!r} has weight 0, so y holds one class. "
                "Give both classes weight."
            )
    return weight


def read_signs(signs: Mapping[str, int] | None, kinds: Mapping[str, Kind]) -> dict[str, int]:
    """Return the sign of risk of every column, 0 where none is declared.

    Raises
    ------
    ModelError
        A sign is not -1, 0 or +1, belongs to no column, or to a column of names.
    """
    known_names("signs", signs or {}, kinds)
    for name, sign in (signs or {}).items():
        if sign not in (-1, 0, 1):
            raise ModelError(f"signs: {name!r} has sign {sign!r}; it must be -1, 0 or +1.")
        if sign and kinds[name] == "category":
            raise ModelError(
                f"signs: {name!r} has sign {sign:+d}, but it holds names, which have no order. "
                "Declare 0, or turn the column into numbers."
            )
    return {name: int((signs or {}).get(name, 0)) for name in kinds}


def known_names(argument: str, given: Iterable[str], known: Collection[str]) -> None:
    """Refuse names in an option that belong to no column of X."""
    for name in given:
        if name not in known:
            raise ModelError(
                f"{argument}: no column {name!r} in X.{nearest(name, known)} "
                "A rule for a column that is not there would be lost in silence: remove it."
            )


def seed_of(random_state: int | np.random.RandomState | None) -> int:
    """Return the seed; ``None`` is 0, since a fit must give the same model twice."""
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(np.iinfo(np.int32).max))
    return 0 if random_state is None else int(random_state)
