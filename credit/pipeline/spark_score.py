"""Score a Spark table with an artifact, on its workers: the runtime over batches of Arrow.

This module imports nothing that a worker need not have: NumPy, pyarrow, and `credit.runtime`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from credit.errors import ArtifactError, nearest
from credit.runtime import Feature, Scorer, load

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SCORES = ("probability", "points", "grade", "reasons")
"""The columns put beside the keys."""


def score_on_spark(
    artifact: Path | bytes,
    rows: DataFrame,
    *,
    keys: Sequence[str] = (),
    reasons: int = 0,
) -> DataFrame:
    """Return a Spark frame with the scores of every row of ``rows``.

    Nothing is computed until the frame is used. Each worker gets the artifact's bytes once a
    task, and scores with NumPy alone.

    Parameters
    ----------
    artifact : Path or bytes
        A zip file (`credit.artifact.pack` makes one of a folder), or what it holds.
    rows : DataFrame of Spark
        Numbers of any type, names as text or whole numbers; null and NaN are missing. Columns
        that the model does not read are passed over.
    keys : sequence of str
        Columns that stand in the result as they are.
    reasons : int, default=0
        Most reasons a row, as names of features, strongest first.

    Returns
    -------
    DataFrame of Spark
        The keys, then ``probability`` (double), ``points`` (bigint), ``grade`` (string) and
        ``reasons`` (array of string).

    Raises
    ------
    ArtifactError
        The artifact is damaged; a column is missing, or named like one of the result. A value
        that the runtime refuses ends the job with the runtime's sentence.
    """
    content = artifact if isinstance(artifact, bytes) else Path(artifact).read_bytes()
    scorer = load(content)
    names = [feature.name for feature in scorer.features]
    for name in (*names, *keys):
        if name not in rows.columns:
            raise ArtifactError(
                f"rows: no column {name!r}.{nearest(name, rows.columns)} It has {rows.columns}."
            )
    for name in keys:
        if name in SCORES:
            raise ArtifactError(f"keys: {name!r} is a column of the result. Rename it.")
    kept = rows.select(*dict.fromkeys([*keys, *names]))
    scoring = partial(_score_batches, content=content, keys=tuple(keys), reasons=reasons)
    with warnings.catch_warnings():  # Spark warns of pandas 3, through which nothing goes here
        warnings.simplefilter("ignore", FutureWarning)
        return kept.mapInArrow(scoring, _schema(rows, keys))


def _schema(rows: DataFrame, keys: Sequence[str]) -> Any:
    from pyspark.sql import types

    schema = types.StructType([rows.schema[name] for name in keys])
    kinds = (
        types.DoubleType(), types.LongType(), types.StringType(),
        types.ArrayType(types.StringType()),
    )  # fmt: skip
    for name, kind in zip(SCORES, kinds, strict=True):
        schema = schema.add(name, kind)
    return schema


@lru_cache(maxsize=4)
def _loaded(content: bytes) -> Scorer:
    return load(content)


def _score_batches(
    batches: Iterator[pa.RecordBatch], *, content: bytes, keys: Sequence[str], reasons: int
) -> Iterator[pa.RecordBatch]:
    scorer = _loaded(content)
    for batch in batches:
        columns = {one.name: _column(one, batch[one.name]) for one in scorer.features}
        scores = scorer.score(columns, reasons=reasons)
        found = (
            pa.array(scores.probability),
            pa.array(scores.points),
            pa.array(scores.grade.tolist(), pa.string()),
            pa.array([[r.feature for r in row] for row in scores.reasons], pa.list_(pa.string())),
        )
        yield pa.RecordBatch.from_arrays(
            [*(batch[name] for name in keys), *found], names=[*keys, *SCORES]
        )


def _column(feature: Feature, values: pa.Array) -> Any:
    """Return a column as the runtime reads it: NaN or None where it is null."""
    if feature.type == "category":
        return values.to_pylist()
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.uint8())
    if not (
        pa.types.is_integer(values.type)
        or pa.types.is_floating(values.type)
        or pa.types.is_decimal(values.type)
    ):
        return values.to_pylist()  # which the runtime refuses by name, unless all is null
    return values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
