"""Events from the engine into arrays, sorted by person and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from credit.features.window import sorting
from credit.features.window.arrays import Events, Longs
from credit.features.window.layout import Layout

if TYPE_CHECKING:
    from credit.engine import Engine

BATCH = 500_000
"""Events that are fetched at a time."""

Chunks = list[NDArray[Any]]


def gather(
    engine: Engine, sql: str, layout: Layout, people: int, room: int | None
) -> tuple[Events, int] | None:
    """Return the events of a query, sorted, and the most different keys that a person has.

    None if there are more events than there is room for.

    Parameters
    ----------
    engine : Engine
    sql : str
        Columns in the order of `Layout.select`, persons numbered from 0.
    layout : Layout
    people : int
        How many there are.
    room : int, optional
        The most events that may be held.
    """
    columns = _fetch(engine, sql, len(layout.keys), room)
    if columns is None:
        return None
    persons = np.concatenate(columns.pop(0))
    first = np.zeros(people + 1, np.int64)
    place = sorting.places(persons, first)
    size = persons.size
    del persons
    times = _sorted([*columns[0]], place, np.empty(size, np.int64))
    sorting.put_in_time(first, times, place)
    columns.pop(0)

    def rows(count: int, kind: type[np.generic]) -> NDArray[Any]:
        found = np.empty((count, size), kind)
        for row in found:
            _sorted(columns.pop(0), place, row)
        return found

    known = rows(1, np.int64)[0]
    hidden = rows(1, np.int64)[0] if layout.hides else np.empty(0, np.int64)
    flags = rows(layout.words, np.int32)
    ints = rows(len(layout.ints), np.int64)
    floats = rows(len(layout.floats), np.float64)
    keys, most = np.empty((len(layout.keys), size), np.int32), 1
    for row in keys:
        held = _sorted(columns.pop(0), place, np.empty(size, np.int64))
        most = max(most, sorting.number_keys(first, held, row))
    return Events(first, times, known, hidden, flags, ints, floats, keys), most


def _fetch(engine: Engine, sql: str, keys: int, room: int | None) -> list[Chunks] | None:
    """Return the columns of a query, batch by batch, or None if it has more rows than room.

    The last columns are keys; those that are no integers are numbered.
    """
    held = 0
    reader = engine.batches(sql, BATCH)
    columns: list[Chunks] = [[np.empty(0, np.int32)], *([] for _ in reader.schema.names[1:])]
    numbers: dict[int, dict[object, int]] = {
        place: {}
        for place in range(len(columns) - keys, len(columns))
        if not pa.types.is_integer(reader.schema.types[place])
    }
    for batch in reader:
        held += batch.num_rows
        if room is not None and held > room:
            return None
        for place, column in enumerate(batch.columns):
            plain = _numbered(column, numbers[place]) if place in numbers else _plain(column)
            columns[place].append(plain)
    return columns


def _plain(column: pa.Array) -> NDArray[Any]:
    """Return numbers in memory of their own; what is null is any number."""
    kind = column.type.to_pandas_dtype()
    held = np.frombuffer(column.buffers()[1], dtype=kind, count=len(column) + column.offset)
    return held[column.offset :].copy()


def _numbered(column: pa.Array, numbers: dict[object, int]) -> Longs:
    """Return a number for each value, the same in every batch; what is null is any number."""
    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(column)
    values = column.dictionary.to_pylist()
    numbered = [numbers.setdefault(value, len(numbers)) for value in values]
    codes = pc.fill_null(column.indices, 0).to_numpy(zero_copy_only=False)
    return np.array(numbered or [0], dtype=np.int64)[codes]


def _sorted(chunks: Chunks, place: Longs, into: NDArray[Any]) -> NDArray[Any]:
    """Write the chunks to their places, and let each go when it is written."""
    start = 0
    while chunks:
        chunk = chunks.pop(0)
        sorting.put(chunk, place[start : start + chunk.size], into)
        start += chunk.size
    return into
