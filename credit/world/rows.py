"""From arrays to Arrow tables in the contract's columns, and Parquet files block by block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from credit.schema import TABLES, Table, table
from credit.world.options import Flags, Floats, Ints

NULL = np.iinfo(np.int64).min
"""Marks a null in an integer column until the column becomes Arrow."""

_ARROW = {
    "id": pa.int64(), "time": pa.timestamp("us"), "money": pa.int64(), "int": pa.int64(),
    "float": pa.float64(),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Text:
    """A text column as codes into a short list of names; -1 is a null."""

    codes: npt.NDArray[np.integer[Any]]
    names: tuple[str, ...]


Column = Ints | Floats | Text
Columns = Mapping[str, Column]
Rows = dict[str, Column]


def build(name: str, columns: Columns) -> pa.Table:
    """Return the Arrow table ``name`` of the contract.

    Times become timestamps without a zone (UTC); the columns stand in the contract's order.
    """
    contract = table(name)
    return pa.table({column: _array(contract, column, columns[column]) for column in columns})


def _array(contract: Table, column: str, values: Column) -> pa.Array:
    kind = contract.column(column).kind
    if isinstance(values, Text):
        missing = values.codes < 0
        codes = pa.array(values.codes.astype(np.int32), mask=missing if missing.any() else None)
        return pa.DictionaryArray.from_arrays(codes, pa.array(values.names)).cast(pa.string())
    null = np.isnan(values) if kind == "float" else values == NULL
    return pa.array(values, mask=null if null.any() else None).cast(_ARROW[kind])


def take(columns: Columns, order: Ints | Flags) -> Rows:
    """Return the columns' rows at positions ``order``, or where it is true."""
    return {
        name: Text(values.codes[order], values.names) if isinstance(values, Text) else values[order]
        for name, values in columns.items()
    }


def stack(parts: Sequence[Columns]) -> Rows:
    """Return the rows of several sets of columns one after another; names must agree."""
    stacked: Rows = {}
    for name, first in parts[0].items():
        if isinstance(first, Text):
            codes = np.concatenate([_text(part[name]).codes for part in parts])
            stacked[name] = Text(codes, first.names)
        else:
            stacked[name] = np.concatenate([np.asarray(part[name]) for part in parts])
    return stacked


def _text(values: Column) -> Text:
    if not isinstance(values, Text):
        raise TypeError("a text column met a column of numbers")
    return values


def _writer(path: Path, name: str, schema: pa.Schema) -> pq.ParquetWriter:
    """Open a table's file: instants, money and the key as differences, the rest by dictionary.

    The former hardly repeat: a dictionary of them costs five times the time to write and half as
    much space again. Every reader of the field knows differences, Spark's included.
    """
    contract = TABLES.get(name)
    kinds = {c.name: c.kind for c in contract.columns} if contract else {}
    keys = contract.key[:1] if contract else ()
    differences = [
        field.name
        for field in schema
        if (kinds.get(field.name) in {"time", "money"} or field.name in keys)
        and not pa.types.is_string(field.type)
    ]
    return pq.ParquetWriter(
        path, schema, compression="zstd",
        use_dictionary=[c for c in schema.names if c not in differences],
        column_encoding=dict.fromkeys(differences, "DELTA_BINARY_PACKED"),
    )  # fmt: skip


@dataclass(slots=True)
class Writers:
    """Open Parquet files, one a table. A row group holds ``together`` tables that were written.

    A table holds one block, so the files are the same bytes whatever the chunk size. What Parquet
    keeps in memory of every row group until a file is closed is near 100 kB a block.
    """

    directory: Path
    together: int = 1
    rows: dict[str, int] = field(default_factory=dict)
    _open: dict[str, pq.ParquetWriter] = field(default_factory=dict)
    _held: dict[str, list[pa.Table]] = field(default_factory=dict)

    def write(self, name: str, rows: pa.Table) -> None:
        """Append a table's rows; empty tables create the file only."""
        if name not in self._open:
            self._open[name] = _writer(self.directory / f"{name}.parquet", name, rows.schema)
            self.rows[name], self._held[name] = 0, []
        self._held[name].append(rows)
        if len(self._held[name]) == self.together:
            self._write(name)

    def flush(self) -> None:
        """End every table's row group here."""
        for name in self._held:
            self._write(name)

    def _write(self, name: str) -> None:
        held = self._held[name]
        rows = sum(part.num_rows for part in held)
        if rows:
            self._open[name].write_table(pa.concat_tables(held), row_group_size=rows)
            self.rows[name] += rows
        held.clear()

    def close(self) -> None:
        """Write what is held, and close every file."""
        self.flush()
        for writer in self._open.values():
            writer.close()
        self._open.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
