"""Opening a source: a file, a folder, a glob or a frame becomes a relation and its readings."""

from __future__ import annotations

import csv
import glob
import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from credit.engine.connection import NOT_RUN, Copy, Rows
from credit.engine.reading import (
    EXPECTED,
    Reading,
    family,
    literal,
    quote,
    read,
    read_extra,
    unit_of,
)
from credit.engine.report import Violation
from credit.errors import ConfigError, DataError, SchemaError, nearest
from credit.schema import DAY, SECOND, Column, Table, TableSource

_LAG = {"d": DAY, "h": 3600 * SECOND, "min": 60 * SECOND, "s": SECOND}

_PARQUET = (".parquet", ".pq")
_TEXT = (".csv", ".tsv", ".csv.gz", ".tsv.gz")

_INTEGER = r"0|-?[1-9]\d{0,17}"
"""An integer as a machine writes it; "007" is a name and stays text."""

_GUESSES: tuple[tuple[str, str], ...] = (
    (_INTEGER, "BIGINT"),
    (r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?", "DOUBLE"),
    (r"\d{4}-\d{2}-\d{2}", "DATE"),
    (r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?", "TIMESTAMP"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A table of the contract as the engine found it.

    Attributes
    ----------
    table : Table
        Its contract.
    relation : str
        The source as it is, as an SQL name; empty where it cannot be read.
    readings : tuple of Reading
        One for each column that can be read.
    faults : tuple of Violation
        What keeps the whole table from being used: unreadable, a column missing or of a
        type that nothing can be made of.
    """

    table: Table
    relation: str = ""
    readings: tuple[Reading, ...] = ()
    faults: tuple[Violation, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that can be read, by their names in the contract."""
        return tuple(reading.name for reading in self.readings)

    def reading(self, name: str) -> Reading:
        """Return the reading of one column."""
        return next(reading for reading in self.readings if reading.name == name)


def unreadable(table: str, place: str, fault: DataError) -> Violation:
    """Return the fault of a table whose source cannot be read."""
    sentence = f"{table}: cannot read {place}: {str(fault).removeprefix(NOT_RUN)}"
    return Violation(table=table, column="*", rule="its source can be read", sentence=sentence)


def duration(text: str) -> int:
    """Return the microseconds of a lag such as ``"1d"``, ``"6h"``, ``"30min"`` or ``"0s"``."""
    match = re.fullmatch(r"(\d+)(d|h|min|s)", text)
    if match is None:
        raise ConfigError(
            f"lag = {text!r}: a lag is a whole number and a unit (d, h, min, s), such as '1d'."
        )
    return int(match[1]) * _LAG[match[2]]


def declare(
    table: Table, source: TableSource, found: Mapping[str, str], zone: str
) -> tuple[tuple[Reading, ...], tuple[Violation, ...]]:
    """Map the source's columns (name -> DuckDB type) onto the contract.

    Raises
    ------
    ConfigError, SchemaError
        The declaration contradicts itself or the contract, whatever the data.
    """
    _refuse_unknown(table, source, found)
    readings: list[Reading] = []
    faults: list[Violation] = []
    claimed = {source.columns.get(column.name, column.name) for column in table.columns}
    spare = [name for name in found if name not in claimed]
    for column in table.columns:
        origin = source.columns.get(column.name, column.name)
        if origin in found:
            unit = unit_of(table.name, column, source.units)
            reading = read(column, quote(origin), found[origin], unit=unit, zone=zone)
            if reading is None:
                faults.append(_wrong_type(table, column, found[origin], unit))
            else:
                readings.append(reading)
        elif column.name == "available_at":
            _lag(table, source, readings, faults)
        elif column.required or column.name in source.columns:
            faults.append(_missing(table, column.name, origin, list(found), spare))
    if table.extra:
        renamed = {origin: name for name, origin in source.columns.items()}
        for name in spare:
            extra = read_extra(name, found[name], zone=zone)
            readings.append(_renamed(extra, renamed.get(name, name)))
    return tuple(readings), tuple(faults)


def _renamed(reading: Reading, name: str) -> Reading:
    return Reading(name=name, source=reading.source, value=reading.value, type=reading.type)


def _refuse_unknown(table: Table, source: TableSource, found: Mapping[str, str]) -> None:
    for name in (*([] if table.extra else source.columns), *source.units):
        table.column(name)
    if source.lag is None:
        return
    duration(source.lag)
    if all(column.name != "available_at" for column in table.columns):
        raise ConfigError(f"[tables.{table.name}] lag: this table has no available_at to lag.")
    if source.columns.get("available_at", "available_at") in found:
        raise ConfigError(
            f"[tables.{table.name}] has a column available_at and declares a lag: drop one of them."
        )


def _lag(
    table: Table, source: TableSource, readings: list[Reading], faults: list[Violation]
) -> None:
    """Append ``available_at = event_time + lag``, or the fault that there is no lag."""
    if source.lag is None:
        sentence = (
            f"{table.name}: no column 'available_at' and no lag. Say how long after event_time "
            f"an event is known ([tables.{table.name}] lag = '1d'), or give the column; there "
            "is no silent default."
        )
        rule = "it says when the lender could know an event"
        faults.append(
            Violation(table=table.name, column="available_at", rule=rule, sentence=sentence)
        )
        return
    for event in readings:
        if event.name == "event_time":
            value = f"({event.value}) + {duration(source.lag)}"
            readings.append(
                Reading(
                    name="available_at", source=event.source, value=value, type="BIGINT",
                    rule=event.rule,
                )
            )  # fmt: skip
            return


def _missing(
    table: Table, name: str, origin: str, present: list[str], spare: list[str]
) -> Violation:
    sentence = str(SchemaError.missing_columns(table.name, [origin], present))
    return Violation(
        table=table.name, column=name, rule="the column exists",
        sentence=sentence + nearest(origin, spare or present),
    )  # fmt: skip


def _wrong_type(table: Table, column: Column, found: str, unit: str) -> Violation:
    expected = EXPECTED[column.kind]
    declared = f"{found} (declared unit {unit!r})" if unit else found
    if family(found) == "single" and column.kind == "money":
        expected += "; 32-bit floats do not hold money exactly"
    sentence = str(SchemaError.wrong_type(table.name, column.name, declared, expected))
    return Violation(table=table.name, column=column.name, rule=f"it is {expected}",
                     sentence=sentence)  # fmt: skip


def files(path: str) -> tuple[list[str], bool]:
    """Return the files that ``path`` (a file, a folder, a glob) means, and whether they are CSV.

    Raises
    ------
    DataError
        There are none, or they are of a kind that is not read.
    """
    place = Path(path).expanduser()
    if place.is_dir():
        parts = sorted(
            str(part)
            for part in place.rglob("*.parquet")
            if not part.name.startswith((".", "_")) and part.is_file()
        )
        if not parts:
            raise DataError("the folder holds no Parquet file.")
        return parts, False
    found = [str(place)] if place.is_file() else sorted(
        glob.glob(str(place), recursive=True)  # noqa: PTH207 (Path.glob takes no absolute pattern)
    )  # fmt: skip
    if not found:
        raise DataError("there is no such file.")
    if all(name.lower().endswith(_PARQUET) for name in found):
        return found, False
    if all(name.lower().endswith(_TEXT) for name in found):
        return found, True
    raise DataError(f"files must all be Parquet {_PARQUET} or all CSV {_TEXT}.")


def open_files(
    rows: Rows, copy: Copy, table: Table, source: TableSource, relation: str, scratch: Path
) -> None:
    """Create the view ``relation`` over the source's files.

    CSV is read once, every column as text, into ``scratch``: a sniffed type would turn a late
    ``abc`` into a failure without a row, and a sniffed dialect skips lines that do not fit.
    """
    names, is_text = files(source.path)
    if not is_text:
        listed = ", ".join(literal(name) for name in names)
        select = f"SELECT * FROM read_parquet([{listed}], union_by_name = true, " \
                 "hive_partitioning = false)"  # fmt: skip
        rows(f"CREATE VIEW {relation} AS {select}")
        return
    header, delimiter = _header(names)
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
    listed = ", ".join(literal(name) for name in names)
    place = scratch / f"{table.name}-text.parquet"
    copy(
        f"SELECT * FROM read_csv([{listed}], auto_detect = false, header = true, "
        f"delim = {literal(delimiter)}, quote = '\"', escape = '\"', columns = {{{columns}}})",
        place,
    )
    text = f"read_parquet({literal(place)})"
    wanted = {source.columns.get(column.name, column.name): column.kind for column in table.columns}
    casts = []
    for name in header:
        kind = wanted.get(name, "" if table.extra else "text")
        guesses = _GUESSES[:1] if kind == "id" else _GUESSES if not kind else ()
        guess = _guess(rows, text, name, guesses)
        casts.append(f"CAST({quote(name)} AS {guess}) AS {quote(name)}")
    rows(f"CREATE VIEW {relation} AS SELECT {', '.join(casts)} FROM {text}")


def _header(names: list[str]) -> tuple[list[str], str]:
    """Return the column names and the delimiter that all of the CSV files share."""
    first, *others = (_first_line(name) for name in names)
    for line, name in zip(others, names[1:], strict=True):
        if line != first:
            raise DataError(f"{name} has another header than {names[0]}.")
    delimiter = max(",;\t|", key=first.count)
    header = next(csv.reader([first], delimiter=delimiter), [])
    if not header or len(set(header)) < len(header) or "" in header:
        raise DataError(f"the first line of {names[0]} must name every column once, got {first!r}.")
    return header, delimiter


def _first_line(name: str) -> str:
    opener = gzip.open if name.endswith(".gz") else open
    try:
        with opener(name, "rt", encoding="utf-8-sig") as stream:
            return str(stream.readline()).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as fault:
        raise DataError(f"{fault}.") from fault


def _guess(rows: Rows, text: str, name: str, guesses: tuple[tuple[str, str], ...]) -> str:
    """Return the first type whose pattern every value of a text column matches, else VARCHAR."""
    if not guesses:
        return "VARCHAR"
    column = quote(name)
    tests = ", ".join(
        f"bool_and(regexp_full_match({column}, {literal(pattern)}))" for pattern, _ in guesses
    )
    answers = rows(f"SELECT {tests} FROM {text}")[0]
    fitting = (kind for (_, kind), fits in zip(guesses, answers, strict=True) if fits)
    return next(fitting, "VARCHAR")


def arrow_table(name: str, frame: pd.DataFrame | pa.Table) -> pa.Table:
    """Return a frame as an Arrow table: missing values null, mixed columns as text.

    A column of objects that Arrow finds no one type for (numbers with a text among them)
    becomes text, so that a check can count and show what does not belong there.
    """
    if isinstance(frame, pd.DataFrame):
        labels = [str(label) for label in frame.columns]
        if len(set(labels)) < len(labels):
            raise DataError(f"{name}: the frame has two columns of one name: {sorted(labels)}.")
        frame = pa.table(
            {label: _arrow_column(frame.iloc[:, at]) for at, label in enumerate(labels)}
        )
    for at, column in enumerate(frame.schema):
        if pa.types.is_null(column.type):  # DuckDB would store it as integers
            frame = frame.set_column(at, column.name, frame.column(at).cast(pa.string()))
    return frame


def _arrow_column(column: pd.Series) -> pa.Array | pa.ChunkedArray:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_convert(None)  # the same instants; without a zone they are UTC
    try:
        return pa.array(column, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        text = [None if missing else str(value)
                for value, missing in zip(column, column.isna(), strict=True)]  # fmt: skip
        return pa.array(text, type=pa.string())
