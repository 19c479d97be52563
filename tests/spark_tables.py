"""Spark for tests: one session, and tables handed to it as Parquet."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from credit.engine.spark import java_lacking

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


_COMPILED = {"spark.sql.codegen.wholeStage": "true", "spark.sql.codegen.factoryMode": "FALLBACK"}
"""Spark's defaults: every query becomes Java of its own, and is compiled."""

_INTERPRETED = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
"""No query is compiled: over a test's few rows that is most of the time."""


def start(folder: Path) -> SparkSession:
    """Return a session of two threads that listens to this machine alone and keeps UTC."""
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    from pyspark.sql import SparkSession

    options = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.driver.memory": "2g",
        "spark.local.dir": str(folder / "local"),
        "spark.log.level": "OFF",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.adaptive.enabled": "false",
        # A broadcast table takes a megabyte however small it is, and a build has hundreds.
        "spark.sql.autoBroadcastJoinThreshold": "-1",
        **_INTERPRETED,
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder.master("local[2]").appName("credit tests")
    for name, value in options.items():
        builder = builder.config(name, value)
    with warnings.catch_warnings():  # Spark 4.3 warns of pandas 3, through which nothing goes here
        warnings.filterwarnings(
            "ignore", "PySpark does not yet fully support pandas", FutureWarning
        )
        return builder.getOrCreate()


@contextmanager
def compiled(spark: SparkSession) -> Iterator[None]:
    """Let a session compile its queries inside, as Spark does unless told otherwise."""
    try:
        for name, value in _COMPILED.items():
            spark.conf.set(name, value)
        yield
    finally:
        for name, value in _INTERPRETED.items():
            spark.conf.set(name, value)


def hand_over(spark: SparkSession, name: str, table: pd.DataFrame | pa.Table, folder: Path) -> None:
    """Make a table a view of Spark, through a Parquet file in ``folder``.

    A frame's missing numbers become NULL; an Arrow table keeps NaN and NULL apart.
    """
    if isinstance(table, pd.DataFrame):
        table = pa.Table.from_pandas(table, preserve_index=False)
    path = folder / f"{name}.parquet"
    pq.write_table(table, path, coerce_timestamps="us")
    spark.read.parquet(str(path)).createOrReplaceTempView(name)


def answer(spark: SparkSession, sql: str) -> pa.Table:
    """Return what a query finds, as Arrow."""
    return spark.sql(sql).toArrow()


if __name__ == "__main__":
    reason = java_lacking()
    sys.stdout.write(f"{reason}: the Spark tests are skipped.\n" if reason else "")
