"""Read a flat file for `credit compare` and `credit score`: CSV or Parquet, with clear refusals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from credit.errors import ConfigError, DataError, nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatTable:
    """A frame of features with its outcome; groups and time are set apart from the features."""

    X: pd.DataFrame
    y: NDArray[np.int8]
    groups: pd.Series | None
    time: pd.Series | None


def read_frame(path: Path) -> pd.DataFrame:
    """Read a CSV or Parquet file whole.

    Raises
    ------
    DataError
        If the file does not exist, cannot be read as what its name says, or has no row.
    """
    if not path.is_file():
        raise DataError(f"file {str(path)!r} does not exist.")
    try:
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
        elif path.suffix in {".csv", ".txt", ".data"}:
            frame = pd.read_csv(path, sep=_separator(path), low_memory=False)
        else:
            raise DataError(f"{path}: unknown kind of file {path.suffix!r}; give .csv or .parquet.")
    except (OSError, ValueError, pd.errors.ParserError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: cannot be read: {error}.") from error
    if frame.empty:
        raise DataError(f"{path}: the file has no row.")
    return frame


def require_folder(output: Path, option: str = "--output") -> None:
    """Refuse, before long work, an output whose folder does not exist."""
    if not output.parent.is_dir():
        raise ConfigError(f"{option} {str(output)!r}: there is no folder {str(output.parent)!r}.")


def require_file(output: Path | None, option: str, *suffixes: str) -> None:
    """Refuse, before long work, an output of a kind that is not written, or without a folder."""
    if output is None:
        return
    if output.suffix not in suffixes:
        raise ConfigError(f"{option} {str(output)!r}: name the file {' or '.join(suffixes)}.")
    require_folder(output, option)


@contextmanager
def written(output: Path) -> Iterator[Path]:
    """Yield a hidden name to write to; it becomes ``output`` if nothing goes wrong."""
    partial = output.with_name(f".{output.name}.partial")
    try:
        yield partial
        partial.replace(output)
    finally:
        partial.unlink(missing_ok=True)


def _separator(path: Path) -> str:
    """Return what parts the columns of a text file: the commonest candidate of its first line."""
    with path.open(encoding="utf-8-sig") as file:
        first = file.readline()
    candidates = [",", ";", "\t", "|"]
    best = max(candidates, key=first.count)
    if first.count(best):
        return best
    return "," if path.suffix == ".csv" else r"\s+"


def special_codes(texts: Sequence[str], columns: Sequence[str]) -> dict[str, list[float]]:
    """Parse ``column=code,code`` options.

    >>> special_codes(["delay=-9,-8"], ["delay", "age"])
    {'delay': [-9.0, -8.0]}
    """
    codes: dict[str, list[float]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        if not equals:
            raise ConfigError(f"--special {text!r}: write it as COLUMN=CODE,CODE.")
        if name not in columns:
            raise ConfigError(f"--special {text!r}: no column {name!r}.{nearest(name, columns)}")
        try:
            codes[name] = [float(value) for value in values.split(",")]
        except ValueError as error:
            raise ConfigError(f"--special {text!r}: codes must be numbers.") from error
    return codes


def _column(frame: pd.DataFrame, name: str, option: str) -> pd.Series:
    if name not in frame.columns:
        known = [str(column) for column in frame.columns]
        raise DataError(f"{option}: no column {name!r}.{nearest(name, known)} It has {known}.")
    return frame[name]


def _outcome(column: pd.Series, bad: str | None) -> NDArray[np.int8]:
    values = sorted(column.dropna().unique().tolist(), key=str)
    if column.isna().any():
        raise DataError(
            f"target {column.name!r}: {int(column.isna().sum())} row(s) have no outcome; "
            "leave them out of the file or give them one."
        )
    if len(values) != 2:
        raise DataError(
            f"target {column.name!r}: must hold two values, good and bad; "
            f"it holds {len(values)}: {values[:5]}."
        )
    if bad is None and {float(v) for v in values if isinstance(v, (int, float))} != {0.0, 1.0}:
        raise DataError(
            f"target {column.name!r} holds {values}: say which of them is bad with --bad VALUE."
        )
    chosen = "1" if bad is None else bad
    matches = [value for value in values if str(value) in {chosen, f"{chosen}.0"}]
    if bad is None:
        matches = [value for value in values if float(value) == 1.0]
    if not matches:
        raise DataError(f"--bad {bad!r}: target {column.name!r} holds {values}.")
    return (column == matches[0]).to_numpy(dtype=np.int8)


def flat_table(
    frame: pd.DataFrame,
    *,
    target: str,
    bad: str | None = None,
    groups: str | None = None,
    time: str | None = None,
    drop: Sequence[str] = (),
) -> FlatTable:
    """Split a frame into features, outcome, groups and time.

    Parameters
    ----------
    frame : DataFrame
        One row an application.
    target : str
        Column of the outcome.
    bad : str, optional
        The value that means bad; needed unless the column holds 0 and 1.
    groups, time : str, optional
        Columns of the person and of the instant; they are not features.
    drop : sequence of str
        Columns that are no features (identifiers, audit-only facts).
    """
    y = _outcome(_column(frame, target, "--target"), bad)
    apart = [target]
    group_column = time_column = None
    if groups is not None:
        group_column = _column(frame, groups, "--groups")
        apart.append(groups)
    if time is not None:
        time_column = _column(frame, time, "--time")
        apart.append(time)
    for name in drop:
        _column(frame, name, "--drop")
    X = frame.drop(columns=[*dict.fromkeys([*apart, *drop])])
    if X.shape[1] == 0:
        raise DataError("no column is left to be a feature.")
    return FlatTable(X=X, y=y, groups=group_column, time=time_column)
