"""Scoring on Spark's workers: what the runtime says, row by row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from golden_artifacts import golden, hard_columns
from spark_tables import hand_over
from test_artifact_sql import table_of

from credit import artifact, runtime
from credit.errors import ArtifactError
from credit.pipeline.spark_score import _score_batches, score_on_spark

GOLDEN = {one.name: one for one in golden()}


def packed(name: str, folder: Path) -> bytes:
    return artifact.pack(GOLDEN[name].folder, folder / "a.zip").read_bytes()


@pytest.mark.parametrize("name", GOLDEN)
def test_batches_of_arrow_score_as_columns_do(name: str, tmp_path: Path) -> None:
    content = packed(name, tmp_path)
    scorer = runtime.load(content)
    columns = hard_columns(scorer, 300, 41)
    rows = table_of(columns).append_column("id", pa.array(np.arange(300)))
    parts = _score_batches(
        iter(rows.to_batches(max_chunksize=70)), content=content, keys=("id",), reasons=2
    )
    found = pa.Table.from_batches(parts)
    expected = scorer.score(columns, reasons=2)
    assert found.column_names == ["id", "probability", "points", "grade", "reasons"]
    assert found["id"].to_pylist() == list(range(300))
    assert found["points"].to_pylist() == expected.points.tolist()
    assert found["probability"].to_pylist() == expected.probability.tolist()
    assert found["grade"].to_pylist() == expected.grade.tolist()
    assert found["reasons"].to_pylist() == [[r.feature for r in row] for row in expected.reasons]


def test_numbers_of_every_type_score_as_their_value(tmp_path: Path) -> None:
    content = packed("1-boosted", tmp_path)
    scorer = runtime.load(content)
    columns = {
        "income": [0.5, None, -1.0], "night": [2, -9, None], "share": [0.0, 1.0, 1.0],
        "segment": ["sme", None, "it's"],
    }  # fmt: skip
    expected = scorer.score(columns).points.tolist()
    for income, night, share in (
        (pa.float32(), pa.int8(), pa.bool_()),
        (pa.decimal128(9, 3), pa.int64(), pa.float64()),
    ):
        types = {"income": income, "night": night, "share": share, "segment": pa.string()}
        arrays = [
            pa.array(columns[name], pa.float64()).cast(types[name])
            if name in {"income", "night"}
            else pa.array(
                [bool(v) if types[name] == pa.bool_() else v for v in columns[name]], types[name]
            )
            for name in columns
        ]
        batch = pa.RecordBatch.from_arrays(arrays, names=list(columns))
        (found,) = _score_batches(iter([batch]), content=content, keys=(), reasons=0)
        assert found["points"].to_pylist() == expected
    with pytest.raises(ArtifactError, match=r"'income', row 0: '0.5' of type str is not a number"):
        text = pa.RecordBatch.from_pydict({**columns, "income": ["0.5", None, "-1"]})
        list(_score_batches(iter([text]), content=content, keys=(), reasons=0))


def test_spark_scores_what_the_runtime_scores(spark, tmp_path: Path) -> None:
    content = packed("1-blended", tmp_path)
    scorer = runtime.load(content)
    columns = hard_columns(scorer, 200, 42)
    rows = table_of(columns).append_column("id", pa.array(np.arange(200)))
    hand_over(spark, "rows", rows, tmp_path)
    scored = score_on_spark(tmp_path / "a.zip", spark.table("rows"), keys=["id"], reasons=2)
    found = scored.toArrow().sort_by("id")
    expected = scorer.score(columns, reasons=2)
    assert found["points"].to_pylist() == expected.points.tolist()
    assert found["probability"].to_pylist() == expected.probability.tolist()
    assert found["grade"].to_pylist() == expected.grade.tolist()
    assert found["reasons"].to_pylist() == [[r.feature for r in row] for row in expected.reasons]
    table = spark.table("rows")
    with pytest.raises(ArtifactError, match=r"rows: no column 'income'\. Did you mean 'incomes'"):
        score_on_spark(content, table.withColumnRenamed("income", "incomes"))
    with pytest.raises(ArtifactError, match=r"rows: no column 'ids'\. Did you mean 'id'"):
        score_on_spark(content, table, keys=["ids"])
    with pytest.raises(ArtifactError, match="keys: 'grade' is a column of the result"):
        score_on_spark(content, table.withColumnRenamed("id", "grade"), keys=["grade"])


def test_bytes_that_are_no_artifact_are_refused(tmp_path: Path) -> None:
    content = packed("1-scorecard", tmp_path)
    with pytest.raises(ArtifactError, match="the bytes given: not a readable zip file"):
        runtime.load(content[:-40])
    with pytest.raises(ArtifactError, match="the bytes given: not a readable zip file"):
        runtime.load(b"")
