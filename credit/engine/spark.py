"""The engine on Spark: the same tables, checks and declarations, run where the rows are.

Everything above asks in one SQL (DuckDB's); here it is translated (`credit.engine.dialect`) and
run in a Spark session of its own, so no setting of the caller's session changes a result.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from credit.engine.connection import NOT_RUN
from credit.engine.dialect import to_spark
from credit.engine.duck import Engine
from credit.engine.reading import quote
from credit.engine.source import Opened, files
from credit.errors import ConfigError, DataError, SchemaError
from credit.schema import Table, TableSource

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # an overflow raises; it never wraps around
    "spark.sql.parquet.inferTimestampNTZ.enabled": "false",  # a timestamp without a zone is UTC
}

_NAMES = {
    "tinyint": "TINYINT", "smallint": "SMALLINT", "int": "INTEGER", "bigint": "BIGINT",
    "float": "FLOAT", "double": "DOUBLE", "string": "VARCHAR", "boolean": "BOOLEAN",
    "date": "DATE", "timestamp": "TIMESTAMP WITH TIME ZONE", "void": "NULL",
}  # fmt: skip
"""Spark type -> the name the rest of the engine knows it by."""


_JAVA = 17  # the oldest that Spark 4 runs on


def java_lacking() -> str:
    """Return what Spark lacks on this machine, or nothing."""
    needs = f"Spark needs Java {_JAVA} or newer"
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if java is None or not Path(java).is_file():
        return f"{needs}, and there is none in JAVA_HOME or PATH"
    asked = [java, "-version"]  # of JAVA_HOME or the path, as Spark itself takes it
    said = subprocess.run(asked, capture_output=True, text=True, check=False).stderr  # noqa: S603
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < _JAVA:
        return f"{needs}, got {found[1] if found else said!r}"
    return ""


def local_session(
    memory: str = "4GB", threads: int | None = None, master: str | None = None
) -> SparkSession:
    """Return the running Spark session, or start one on this machine, bound to loopback.

    Under ``spark-submit`` the session that runs is the cluster's, and ``memory`` and ``threads``
    are those it was submitted with. ``master`` is Spark's word for where executors are, by
    default ``local[threads]``; ``local-cluster[2,1,1024]`` starts two processes of one core and
    1,024 MB each.

    Raises
    ------
    ConfigError
        PySpark or Java is missing.
    """
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise ConfigError("engine 'spark' needs PySpark: pip install 'credit[spark]'.") from error
    if reason := java_lacking():
        raise ConfigError(f"engine 'spark': {reason}.")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # workers would take another one
    builder = SparkSession.builder.appName("credit")
    if SparkSession.getActiveSession() is None and "SPARK_ENV_LOADED" not in os.environ:
        where = master or f"local[{threads or '*'}]"
        if not re.match(r"local(\[|$)", where):
            # Here nothing but plans is made: Java's second compiler would take longer than they do.
            builder = builder.config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1")
        builder = (
            builder.master(where)
            .config("spark.driver.memory", memory.lower().replace("gb", "g").replace("mb", "m"))
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", str(4 * (threads or os.cpu_count() or 1)))
        )
    try:
        return builder.getOrCreate()
    except (PySparkException, RuntimeError) as error:
        raise ConfigError(f"engine 'spark': no session could be started: {error}") from error


class SparkEngine(Engine):
    """Tables of the contract, on Spark: all of :class:`credit.engine.Engine` but the quarantine.

    Parameters
    ----------
    session : SparkSession, optional
        Where to run; by default the one that runs, or a new one on this machine. Tables and
        settings live in a session of the engine's own beside it.
    memory_limit, threads : optional
        Of a session that is started here.
    scratch : Path, optional
        A folder that every worker can reach, for small tables given as frames and for results;
        the system's temporary folder otherwise, which does on one machine.
    zone : str
        The zone in which a date begins, a night falls and a month ends.
    """

    local: ClassVar[bool] = False

    def __init__(
        self,
        session: SparkSession | None = None,
        *,
        memory_limit: str = "4GB",
        threads: int | None = None,
        scratch: Path | None = None,
        zone: str = "Asia/Shanghai",
    ) -> None:
        self._session = (session or local_session(memory_limit, threads)).newSession()
        for name, value in _SETTINGS.items():
            self._session.conf.set(name, value)
        self.zone = zone
        self._progress = None
        self._opened: dict[str, Opened] = {}
        self._views: set[str] = set()
        self._scratch = Path(tempfile.mkdtemp(prefix="credit-", dir=scratch))

    def close(self) -> None:
        """Drop this engine's tables and remove its temporary files; Spark itself goes on."""
        for name in self._views:
            self._session.catalog.dropTempView(name)
        shutil.rmtree(self._scratch, ignore_errors=True)

    def check(self, *, quarantine: Path | None = None) -> Any:
        """Check every rule of the contract; see :meth:`credit.engine.Engine.check`."""
        if quarantine is not None:
            raise ConfigError(
                "quarantine: rows are set apart with engine 'duckdb' alone. Check and quarantine "
                "there, then run Spark over the rows that were kept."
            )
        return super().check()

    def has(self, relation: str) -> bool:
        """Whether there is a table, a lookup or a helper of that name."""
        return bool(self._session.catalog.tableExists(relation))

    def rows(self, sql: str, *, step: str = "query") -> list[tuple[object, ...]]:
        """Run a query and return its rows as tuples."""
        del step
        with _translated():
            return [tuple(row) for row in self._session.sql(to_spark(sql)).collect()]

    def frame(self, sql: str, *, step: str = "query") -> pd.DataFrame:
        """Return the rows of a query as a frame; integers with nulls are ``Int64``."""
        del step
        self._refuse_faults()
        with _translated():
            table = self._session.sql(to_spark(sql)).toArrow()
        return _plain(table)

    def batches(self, sql: str, rows: int = 100_000) -> pa.RecordBatchReader:
        """Return a reader over the rows of a query, which is run once and kept in scratch."""
        self._refuse_faults()
        if rows < 1:
            raise ConfigError(f"rows must be at least 1, got {rows}.")
        place = self._written(to_spark(sql))
        scanner = ds.dataset(place, format="parquet").scanner(batch_size=rows)
        return scanner.to_reader()

    def write(self, sql: str, path: Path, *, step: str = "write") -> int:
        """Write the rows of a query to a folder of Parquet files, whole or not at all."""
        del step
        self._refuse_faults()
        path = Path(path)
        partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
        try:
            with _translated():
                self._session.sql(to_spark(sql)).write.parquet(str(partial))
            if path.is_dir():
                shutil.rmtree(path)
            partial.replace(path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return int(ds.dataset(path, format="parquet").count_rows())

    def row_hash(self, alias: str, columns: Iterable[str]) -> str:
        """Return SQL of a number that a change of any of the columns changes."""
        return f"xxhash64({', '.join(f'{alias}.{quote(name)}' for name in sorted(columns))})"

    # -- inside

    def _source(self, table: str) -> str:
        return quote(f"source {table}")

    def _open(self, table: Table, source: TableSource, relation: str) -> None:
        names, is_text = files(source.path)
        if is_text:
            raise DataError(
                f"{source.path}: engine 'spark' reads Parquet. Write {table.name} as Parquet, or "
                "take engine 'duckdb'."
            )
        self._read(relation, names)

    def _read(self, relation: str, names: list[str]) -> None:
        with _translated():
            self._name(relation, self._session.read.option("mergeSchema", "true").parquet(*names))

    def _keep(self, relation: str, sql: str) -> None:
        self._read(relation, [str(self._written(to_spark(sql)))])

    def _see(self, relation: str, sql: str) -> None:
        with _translated():
            self._name(relation, self._session.sql(to_spark(sql)))

    def _name(self, relation: str, frame: DataFrame) -> None:
        frame.createOrReplaceTempView(relation.replace('"', "`"))
        self._views.add(relation.strip('"'))

    def _store(self, relation: str, table: pa.Table) -> None:
        place = self._scratch / f"{uuid.uuid4().hex}.parquet"
        pq.write_table(table, place, coerce_timestamps="us", allow_truncated_timestamps=True)
        self._read(relation, [str(place)])

    def _describe(self, relation: str) -> dict[str, str]:
        with _translated():
            found = self._session.table(relation.replace('"', "`")).dtypes
        return {name: _NAMES.get(kind, kind.upper()) for name, kind in found}

    def _written(self, sql: str) -> Path:
        place = self._scratch / uuid.uuid4().hex
        with _translated():
            self._session.sql(sql).write.parquet(str(place))
        return place


def _plain(table: pa.Table) -> pd.DataFrame:
    """Return Arrow data as a frame whose integers stay integers."""
    frame = table.to_pandas()
    for field in table.schema:
        if pa.types.is_integer(field.type) and table[field.name].null_count:
            frame[field.name] = pd.array(table[field.name].to_pylist(), dtype="Int64")
    return frame


@contextmanager
def _translated() -> Iterator[None]:
    """Raise what Spark raises inside as an error of this package."""
    from pyspark.errors import PySparkException

    try:
        yield
    except PySparkException as fault:
        said = re.sub(r"^\[[A-Z_.0-9]+\] ", "", str(fault).splitlines()[0])
        said = re.sub(r" SQLSTATE: \w+$", "", said)
        if " breaks the rule that " in said:
            raise SchemaError(f"{said} A check counts all such rows.") from fault
        raise DataError(NOT_RUN + said) from fault
