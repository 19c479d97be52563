"""Opening DuckDB, and turning what it raises into this package's errors."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from credit.engine.reading import literal
from credit.errors import ConfigError, DataError, SchemaError

Progress = Callable[[str, float], None]
"""Called with the name of a step and the share of it that is done, 0 to 1."""

Rows = Callable[[str], list[tuple[object, ...]]]
"""Runs one statement and returns its rows."""

Copy = Callable[[str, Path], int]
"""Writes the rows of a query to a Parquet file and returns their number."""

T = TypeVar("T")

NOT_RUN = "the query cannot be run: "
"""How the message of a query that fails begins."""

_POLL_SECONDS = 0.25

_ROW_GROUP = 122_880
"""Rows a row group of a file, as DuckDB itself has them."""


def connect(
    memory_limit: str, threads: int | None, spill: Path, zone: str
) -> duckdb.DuckDBPyConnection:
    """Open a database in memory that spills to ``spill`` and downloads nothing.

    Raises
    ------
    ConfigError
        DuckDB does not accept the memory limit or the number of threads, or knows no such zone.
    """
    config: dict[str, str | int] = {
        "memory_limit": memory_limit,
        "temp_directory": str(spill),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    if threads is not None:
        config["threads"] = threads
    try:
        connection = duckdb.connect(":memory:", config=config)
    except duckdb.Error as fault:
        raise ConfigError(
            f"memory_limit = {memory_limit!r}, threads = {threads}: {reason(fault)}"
        ) from fault
    connection.execute("CREATE SCHEMA source").fetchall()
    # In a notebook DuckDB wants a widget library before it counts a query's progress; without
    # it the shares of a long step stay at 0 until the step is done.
    with suppress(duckdb.InvalidInputException):
        connection.execute(
            "SET enable_progress_bar = true; SET enable_progress_bar_print = false; "
            "SET progress_bar_time = 0"
        ).fetchall()
    if zone == "UTC":  # needs no calendar extension
        return connection
    try:
        connection.execute(
            f"SELECT epoch_us(timezone({literal(zone)}, TIMESTAMP '2024-01-01'))"
        ).fetchall()
    except duckdb.Error as fault:
        connection.close()
        raise ConfigError(f"zone = {zone!r}: no such time zone ({reason(fault)})") from fault
    return connection


def limit_of(connection: duckdb.DuckDBPyConnection) -> float:
    """Return the memory limit of a connection in bytes, as it prints it ("3.7 GiB")."""
    (said,) = connection.execute("select current_setting('memory_limit')").fetchall()[0]
    number, unit = str(said).split()
    return float(number) * 1024 ** ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB").index(unit)


def reason(fault: BaseException) -> str:
    """Return what a DuckDB message says, without the class of the error and its advice."""
    head = re.split(r"\n+(?=Possible|LINE|Candidate|Stack|Did you)", str(fault).strip())[0]
    return " ".join(head.split(": ", 1)[-1].split())


@contextmanager
def translated() -> Iterator[None]:
    """Raise what DuckDB raises inside as an error of this package."""
    try:
        yield
    except duckdb.OutOfMemoryException as fault:
        raise DataError(
            f"the query does not fit the memory limit: {reason(fault)} Raise memory_limit, "
            "lower threads, or name a scratch folder with more room."
        ) from fault
    except (duckdb.Error, pa.ArrowException) as fault:
        said = reason(fault)
        if " breaks the rule that " in said:
            raise SchemaError(
                f"{said} A check counts all such rows; with a quarantine it sets them apart."
            ) from fault
        raise DataError(NOT_RUN + said) from fault


@contextmanager
def watched(
    connection: duckdb.DuckDBPyConnection, progress: Progress | None, step: str
) -> Iterator[None]:
    """Report the progress of the query inside to ``progress``, from another thread."""
    if progress is None:
        yield
        return
    done = threading.Event()

    def poll() -> None:
        while not done.wait(_POLL_SECONDS):
            with suppress(duckdb.Error):
                progress(step, min(max(connection.query_progress() / 100, 0.0), 1.0))

    watcher = threading.Thread(target=poll, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
    progress(step, 1.0)


def interruptible(connection: duckdb.DuckDBPyConnection, work: Callable[[], T]) -> T:
    """Return what ``work`` on a connection returns; Ctrl-C stops it at once.

    A query in the main thread would hold signals back until DuckDB's current task ends, and
    answer them with an error that hides what was raised. So it runs in a thread of its own, and
    the main thread waits where Python hears signals.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(work)
        try:
            return running.result()
        finally:
            while not running.done():  # a call before the query has begun stops nothing
                connection.interrupt()
                wait([running], timeout=_POLL_SECONDS)


def stream(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """Yield the batches of ``reader``, with its errors translated."""
    with translated():
        try:
            yield from reader
        except OSError as fault:  # as which Arrow passes on what DuckDB raised
            raise duckdb.Error(str(fault)) from fault


def copied(connection: duckdb.DuckDBPyConnection, sql: str, file: Path) -> int:
    """Write the rows of a query to a Parquet file as they come; return their number.

    DuckDB's own ``COPY`` would do it, but in DuckDB 2.0 it often never returns where the query
    fails halfway or is interrupted.
    """
    reader = connection.sql(sql).to_arrow_reader(_ROW_GROUP)
    count = 0
    with pq.ParquetWriter(file, reader.schema, compression="zstd") as writer:
        for batch in stream(reader):
            writer.write_batch(batch, row_group_size=_ROW_GROUP)
            count += batch.num_rows
    return count


def write_parquet(copy: Copy, sql: str, path: Path) -> int:
    """Write the rows of a query to a Parquet file, whole or not at all; return their number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    try:
        count = copy(sql, partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return count
