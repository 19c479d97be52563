"""What a frame may be: pandas, anything that gives Arrow data, a Parquet file read by column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import pandas as pd

from credit.errors import DataError, nearest

_BUFFER = 2**16
"""Bytes of a column that are read from a file at a time."""


class ParquetColumns:
    """The columns of a Parquet file, or of a folder of them, read when asked for.

    Models read frames by column, so whatever takes a frame takes this in its place, and gives
    the same result to the bit: ``Scorecard().fit(X, y)``, ``Binning().fit(X, y)``,
    ``predict_proba(X)``. Memory holds one column, never the table.

    >>> rows = ParquetColumns("applications.parquet")       # doctest: +SKIP
    >>> card = Scorecard().fit(rows.drop(["bad"]), rows["bad"])  # doctest: +SKIP

    Parameters
    ----------
    path : str or Path
        A file; or a folder whose files are one table, in the order of their names. Folders
        ``name=value`` in it are a column ``name``.
    columns : sequence of str, optional
        The columns that count, in this order; without it all but a stored pandas index.

    Raises
    ------
    DataError
        No such file, no Parquet file, files of a folder that hold different columns, a column
        that is not there or is asked for twice.
    """

    def __init__(self, path: str | Path, columns: Sequence[str] | None = None) -> None:
        self.path = Path(path)
        self._table = _opened(self.path)
        self._rows = sum(fragment.count_rows() for fragment in self._table.fragments)
        names = _stored(self._table.schema)
        if columns is not None:
            names = self._known(columns, names)
        self.columns = pd.Index(names)

    def __len__(self) -> int:
        return self._rows

    def __repr__(self) -> str:
        return f"ParquetColumns({str(self.path)!r}: {len(self)} rows, {len(self.columns)} columns)"

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self), len(self.columns)

    @property
    def empty(self) -> bool:
        """Whether there is no row or no column."""
        return 0 in self.shape

    @overload
    def __getitem__(self, name: str) -> pd.Series: ...
    @overload
    def __getitem__(self, name: list[str]) -> ParquetColumns: ...
    def __getitem__(self, name: str | list[str]) -> pd.Series | ParquetColumns:
        """Read a column; or, by a list of names, return these columns without reading any."""
        if isinstance(name, list):
            return self._with(self._known(name, list(self.columns)))
        self._known([name], list(self.columns))
        import pyarrow as pa

        try:
            column = self._table.read(columns=[name]).column(0)
        except (OSError, pa.ArrowException) as error:
            raise DataError(f"{self.path}: column {name!r} cannot be read: {error}.") from error
        return pd.Series(column.to_pandas(), name=name)

    def batches(self, size: int) -> Iterator[pd.DataFrame]:
        """Yield the rows in their order, ``size`` at a time: the last may hold fewer."""
        import pyarrow as pa

        held: list[Any] = []
        try:
            for batch in self._stream(size):
                held.append(batch)
                while sum(len(one) for one in held) >= size:
                    table = pa.Table.from_batches(held)
                    yield table.slice(0, size).to_pandas()
                    held = table.slice(size).to_batches()
        except (OSError, pa.ArrowException) as error:
            raise DataError(f"{self.path}: its rows cannot be read: {error}.") from error
        if sum(len(one) for one in held):
            yield pa.Table.from_batches(held).to_pandas()

    def _stream(self, size: int) -> Iterator[Any]:
        """Yield Arrow batches of at most ``size`` rows, file after file.

        A dataset's scanner decodes whole row groups; a file's own reader holds one batch.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq
        from pyarrow import dataset

        for fragment in self._table.fragments:
            folders = dataset.get_partition_keys(fragment.partition_expression)
            names = [name for name in self.columns if name not in folders]
            with pq.ParquetFile(fragment.path, buffer_size=_BUFFER, pre_buffer=False) as file:
                for batch in file.iter_batches(size, columns=names, use_threads=False):
                    table = pa.Table.from_batches([batch])
                    for name in self.columns:
                        if name in folders:
                            column = pa.repeat(folders[name], len(table))
                            table = table.append_column(name, column)
                    yield from table.select(list(self.columns)).to_batches()

    def drop(self, columns: Iterable[str]) -> ParquetColumns:
        """Return the other columns, without reading any."""
        left_out = self._known(list(columns), list(self.columns))
        return self._with([name for name in self.columns if name not in set(left_out)])

    def holds_numbers(self, name: str) -> bool:
        """Say whether a column's stored type is one of numbers or truth values."""
        from pyarrow import types

        stored = self._table.schema.field(name).type
        tests = (types.is_integer, types.is_floating, types.is_boolean)
        return any(test(stored) for test in tests)

    def _with(self, columns: list[str]) -> ParquetColumns:
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, columns=pd.Index(columns))
        return other

    def _known(self, asked: Sequence[str], names: list[str]) -> list[str]:
        """Return the names asked for, or refuse one that is not there or stands twice."""
        for i, name in enumerate(asked):
            if name not in names:
                hint = nearest(str(name), names)
                raise DataError(f"{self.path}: no column {name!r}.{hint} It has {names}.")
            if name in asked[:i]:
                raise DataError(f"{self.path}: column {name!r} is asked for twice.")
        return list(asked)


Frame = pd.DataFrame | ParquetColumns
"""What models read: columns by name, and how many rows there are."""


def as_frame(X: Any) -> Any:
    """Return Arrow data (Polars, PyArrow, DuckDB relations) as a pandas frame; the rest as it is.

    Any object that hands out an Arrow stream is read, so no such library is imported here.
    """
    if isinstance(X, pd.DataFrame | pd.Series) or not hasattr(X, "__arrow_c_stream__"):
        return X
    import pyarrow as pa

    return pa.table(X).to_pandas()


def _opened(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.exists():
        raise DataError(f"file {str(path)!r} does not exist.")
    try:
        table = pq.ParquetDataset(path)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path}: cannot be read as Parquet: {error}.") from error
    if not table.fragments:
        raise DataError(f"{path}: the folder holds no Parquet file.")
    names = table.schema.names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{path}: column name(s) {twice} occur twice. Rename or drop one of each.")
    first = table.fragments[0].physical_schema
    for fragment in table.fragments[1:]:
        _same(first, fragment, table.fragments[0].path)
    return table


def _same(first: Any, fragment: Any, path: str) -> None:
    """Refuse a file of a folder whose columns are not those of the first."""
    if fragment.physical_schema.equals(first):
        return
    there, expected = (
        {field.name: str(field.type) for field in schema}
        for schema in (fragment.physical_schema, first)
    )
    different = [
        f"{name!r} is {there.get(name, 'absent')}, not {expected.get(name, 'absent')}"
        for name in dict.fromkeys([*expected, *there])
        if there.get(name) != expected.get(name)
    ]
    if different:
        raise DataError(
            f"{fragment.path}: {'; '.join(different)} as in {path}. Files that are one table have "
            "the same columns of the same types."
        )


def _stored(schema: Any) -> list[str]:
    """Return the columns of a file without those that hold the index of a pandas frame."""
    index = (schema.pandas_metadata or {}).get("index_columns", [])
    return [name for name in schema.names if name not in index]
