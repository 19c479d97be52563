"""Engine: the tables of the contract, on DuckDB.

One connection, in memory for the catalogue and out of core for the work: data stay in their
files, and what does not fit the memory limit is spilled to the scratch folder. The engine
reads no network and loads no extension beyond those built into DuckDB.
"""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import ClassVar

import pandas as pd
import pyarrow as pa

from credit.engine.check import run_checks
from credit.engine.connection import (
    Progress,
    connect,
    copied,
    interruptible,
    limit_of,
    stream,
    translated,
    watched,
    write_parquet,
)
from credit.engine.reading import literal, quote
from credit.engine.report import CheckReport, say
from credit.engine.source import Opened, arrow_table, declare, open_files, unreadable
from credit.errors import ConfigError, DataError, SchemaError
from credit.schema import TABLES, Table, TableSource
from credit.schema import table as contract_of


class Engine:
    """Tables of the contract, read from files or frames and normalised as views.

    In a view every time is BIGINT microseconds UTC and every amount BIGINT fen. A value that
    cannot be read exactly raises when a query meets it; `check` counts all of them at once.
    An engine is used by one thread at a time.

    Parameters
    ----------
    memory_limit : str
        What DuckDB may hold in memory (``"4GB"``); beyond it, work is spilled to ``scratch``.
    threads : int, optional
        Threads of a query; DuckDB's default is one a core.
    scratch : Path, optional
        An existing folder for temporary files; a folder made in it is removed on `close`.
        The system's temporary folder otherwise.
    zone : str
        The zone in which a date begins, a night falls and a month ends.
    progress : callable, optional
        Called now and then, from another thread, while a query runs.

    Examples
    --------
    >>> loans = pd.DataFrame({"a": [1, 2]})
    >>> with Engine(memory_limit="500MB") as engine:
    ...     engine.temporary("numbers", loans)
    ...     engine.frame("select sum(a)::bigint as total from numbers")["total"].item()
    3
    """

    local: ClassVar[bool] = True
    """Whether rows come cheaply from the engine into this process."""

    def __init__(
        self,
        *,
        memory_limit: str = "4GB",
        threads: int | None = None,
        scratch: Path | None = None,
        zone: str = "Asia/Shanghai",
        progress: Progress | None = None,
    ) -> None:
        if threads is not None and threads < 1:
            raise ConfigError(f"threads must be at least 1, got {threads}.")
        if scratch is not None and not scratch.is_dir():
            raise ConfigError(f"scratch = {str(scratch)!r}: there is no such folder.")
        self.zone = zone
        self._progress = progress
        self._opened: dict[str, Opened] = {}
        self._scratch = Path(tempfile.mkdtemp(prefix="credit-", dir=scratch))
        try:
            self._connection = connect(memory_limit, threads, self._scratch / "spill", zone)
        except BaseException:
            shutil.rmtree(self._scratch, ignore_errors=True)
            raise

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection and remove every temporary file."""
        self._connection.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    # -- bringing tables in

    def add(self, table: str, source: TableSource | pd.DataFrame | pa.Table) -> None:
        """Add a table of the contract from files or from a frame, as a view of that name.

        What is wrong with the data is not raised here but kept for `check`, which reports
        all tables together; a query before that raises it. Frames are copied.

        Raises
        ------
        SchemaError, ConfigError
            The contract knows no such table or column, a unit or a lag contradicts it, or
            the table was added before.
        """
        contract = contract_of(table)
        if table in self._opened:
            raise ConfigError(f"{table}: this engine has the table already; open another engine.")
        relation = self._source(table)
        declared = source if isinstance(source, TableSource) else TableSource(path="")
        try:
            if isinstance(source, TableSource):
                self._open(contract, source, relation)
            else:
                self._store(relation, arrow_table(table, source))
            found = self._describe(relation)
        except DataError as fault:
            lost = unreadable(table, declared.path or "the frame", fault)
            self._opened[table] = Opened(table=contract, faults=(lost,))
            return
        readings, faults = declare(contract, declared, found, self.zone)
        self._view(Opened(table=contract, relation=relation, readings=readings, faults=faults))

    def add_directory(self, directory: Path) -> None:
        """Add every ``<table>.parquet`` file and ``<table>/`` folder that the contract knows.

        Raises
        ------
        DataError
            There is none.
        """
        directory = Path(directory)
        found = {
            name: place
            for name in TABLES
            for place in (directory / f"{name}.parquet", directory / name)
            if place.is_file() or (place.is_dir() and any(place.rglob("*.parquet")))
        }
        if not found:
            raise DataError(
                f"{directory}: no table of the contract. A table is <name>.parquet or a folder "
                f"<name>/ of Parquet files, with a name among {sorted(TABLES)}."
            )
        for name, place in found.items():
            self.add(name, TableSource(path=str(place)))

    def add_lookup(self, name: str, frame: pd.DataFrame | pa.Table) -> None:
        """Add a table that is no part of the contract, such as merchant categories."""
        self.temporary(name, frame)

    def temporary(self, name: str, frame_or_sql: pd.DataFrame | pa.Table | str) -> None:
        """Register a helper relation (a spine), replacing one of that name; SQL runs once."""
        if name in TABLES:
            raise ConfigError(f"{name!r} is a table of the contract: call the helper otherwise.")
        if isinstance(frame_or_sql, str):
            self._refuse_faults()
            self._keep(quote(name), frame_or_sql)
        else:
            self._store(quote(name), arrow_table(name, frame_or_sql))

    def replace(self, table: str, path: Path) -> None:
        """Point a table at a Parquet file of its own normalised rows, as a quarantine does."""
        relation = self._source(table + " kept")
        self._see(relation, f"SELECT * FROM read_parquet({literal(path)})")
        contract = contract_of(table)
        found = self._describe(relation)
        readings, faults = declare(contract, TableSource(path=str(path)), found, self.zone)
        self._view(Opened(table=contract, relation=relation, readings=readings, faults=faults))

    # -- what is there

    @property
    def opened(self) -> Mapping[str, Opened]:
        """The tables as they were found, for a check."""
        return self._opened

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables of the contract that were added, in the contract's order."""
        return tuple(name for name in TABLES if name in self._opened)

    @property
    def scratch(self) -> Path:
        """The folder of this engine's temporary files."""
        return self._scratch

    @property
    def memory(self) -> float:
        """Bytes that the engine may hold in memory."""
        return limit_of(self._connection)

    def columns(self, table: str) -> dict[str, str]:
        """Return the columns of a table or helper and their DuckDB types."""
        if table in TABLES:
            if table not in self._opened:
                raise SchemaError(f"{table}: no such table here. There are {list(self.tables)}.")
            faults = self._opened[table].faults
            if faults:
                raise SchemaError(say(faults))
        return self._describe(quote(table))

    def has(self, relation: str) -> bool:
        """Whether there is a table, a lookup or a helper of that name."""
        found = self.rows(
            "SELECT count(*) FROM information_schema.tables "
            f"WHERE table_schema = 'main' AND table_name = {literal(relation)}"
        )
        return found[0][0] == 1

    def check(self, *, quarantine: Path | None = None) -> CheckReport:
        """Check every rule of the contract on every table, and collect what breaks it.

        Parameters
        ----------
        quarantine : Path, optional
            A folder: rows that break a rule are written to ``<quarantine>/<table>.parquet``
            with a column ``rule``, and the engine's views leave them out.

        Returns
        -------
        CheckReport
            Its ``raise_if_any`` raises whatever still stands.
        """
        return run_checks(self, quarantine)

    # -- asking

    def rows(self, sql: str, *, step: str = "query") -> list[tuple[object, ...]]:
        """Run a statement and return its rows as tuples."""
        with watched(self._connection, self._progress, step), translated():
            run = self._connection.execute
            return interruptible(self._connection, lambda: run(sql).fetchall())

    def frame(self, sql: str, *, step: str = "query") -> pd.DataFrame:
        """Return the rows of a query as a frame; nullable integers are ``Int64``.

        Raises
        ------
        SchemaError
            A table has faults, or a value that cannot be read was met.
        DataError
            The query cannot be run.
        """
        self._refuse_faults()
        with watched(self._connection, self._progress, step), translated():
            run = self._connection.execute
            return interruptible(self._connection, lambda: run(sql).df())

    def batches(self, sql: str, rows: int = 100_000) -> pa.RecordBatchReader:
        """Return a reader that yields the rows of a query, at most ``rows`` at a time.

        The query runs while it is read. Order it: only then do two passes agree.
        """
        self._refuse_faults()
        if rows < 1:
            raise ConfigError(f"rows must be at least 1, got {rows}.")
        with translated():
            reader = self._connection.cursor().sql(sql).to_arrow_reader(rows)
        return pa.RecordBatchReader.from_batches(reader.schema, stream(reader))

    def write(self, sql: str, path: Path, *, step: str = "write") -> int:
        """Write the rows of a query to a Parquet file and return how many there are.

        The file appears whole or not at all: it is written under a temporary name beside
        ``path`` and then renamed. An existing file is replaced.
        """
        self._refuse_faults()
        return write_parquet(partial(self.copied, step=step), sql, Path(path))

    def copied(self, sql: str, file: Path, *, step: str = "write") -> int:
        """Write the rows of a query to a new file as they come; return how many there are."""
        with watched(self._connection, self._progress, step), translated():
            work = partial(copied, self._connection, sql, file)
            return interruptible(self._connection, work)

    def row_hash(self, alias: str, columns: Iterable[str]) -> str:
        """Return SQL of a number that a change of any of the columns changes."""
        return f"hash({', '.join(f'{alias}.{quote(name)}' for name in sorted(columns))})"

    # -- inside: what another engine does otherwise

    def _source(self, table: str) -> str:
        """Return the name under which a table's source stands as it is."""
        return f"source.{quote(table)}"

    def _open(self, table: Table, source: TableSource, relation: str) -> None:
        """Make ``relation`` of the source's files."""
        open_files(self.rows, self.copied, table, source, relation, self._scratch)

    def _keep(self, relation: str, sql: str) -> None:
        """Run a query once and keep its rows."""
        self.rows(f"CREATE OR REPLACE TABLE {relation} AS {sql}")

    def _see(self, relation: str, sql: str) -> None:
        """Name a query."""
        self.rows(f"CREATE OR REPLACE VIEW {relation} AS {sql}")

    def _store(self, relation: str, table: pa.Table) -> None:
        name = f"incoming_{uuid.uuid4().hex}"
        with translated():
            self._connection.register(name, table)
            try:
                copy = f"CREATE OR REPLACE TABLE {relation} AS SELECT * FROM {name}"
                run = self._connection.execute
                interruptible(self._connection, lambda: run(copy).fetchall())
            finally:
                self._connection.unregister(name)

    def _describe(self, relation: str) -> dict[str, str]:
        return {str(row[0]): str(row[1]) for row in self.rows(f"DESCRIBE {relation}")}

    def _view(self, opened: Opened) -> None:
        """Keep an opened table, and create its view where it has no fault."""
        name = opened.table.name
        self._opened[name] = opened
        if not opened.faults:
            values = ", ".join(
                f"{reading.strict(name)} AS {quote(reading.name)}" for reading in opened.readings
            )
            self._see(quote(name), f"SELECT {values} FROM {opened.relation}")

    def _refuse_faults(self) -> None:
        faults = tuple(fault for opened in self._opened.values() for fault in opened.faults)
        if faults:
            raise SchemaError(say(faults))
