"""An artifact's SQL: the same integers as the runtime, in DuckDB and in Spark, on hard rows."""

from __future__ import annotations

import io
import json
import math
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
import sqlglot
from golden_artifacts import Golden, golden, hard_columns
from spark_tables import answer, hand_over
from test_runtime import F, M, documents, save, set_at

from credit import artifact, runtime
from credit.cli.commands import app
from credit.errors import ArtifactError, ModelError
from credit.pipeline.forms import write_sql

GOLDEN = golden()
KINDS = pytest.mark.parametrize("kept", GOLDEN, ids=lambda one: one.name)


def table_of(columns: dict[str, list[Any]]) -> pa.Table:
    """Return rows as Arrow, every second missing number NaN and the others NULL."""
    made = {}
    for name, values in columns.items():
        if any(isinstance(value, str) for value in values):
            made[name] = pa.array(values, pa.string())
            continue
        halves = [math.nan if v is None and i % 2 else v for i, v in enumerate(values)]
        made[name] = pa.array(halves, pa.float64(), from_pandas=False)
    return pa.table(made)


def run(sql: str, rows: pa.Table) -> pa.Table:
    with duckdb.connect() as connection:
        connection.register("rows", rows)
        return connection.sql(sql).to_arrow_table()


def assert_same(found: pa.Table, scorer: runtime.Scorer, columns: dict[str, list[Any]]) -> None:
    scores = scorer.score(columns)
    assert found["points"].type == pa.int64()
    assert found["points"].to_pylist() == scores.points.tolist()
    assert found["margin"].to_pylist() == scores.margin.tolist()
    assert found["grade"].to_pylist() == scores.grade.tolist()
    gap = np.abs(found["probability"].to_numpy() - scores.probability)
    assert gap.max() <= 1e-15


@KINDS
def test_twenty_thousand_hard_rows_have_the_runtimes_points(kept: Golden) -> None:
    scorer = runtime.load(kept.folder)
    columns = hard_columns(scorer, 20_000, 77)
    rows = table_of(columns).append_column("note", pa.array(["kept"] * 20_000))
    found = run(artifact.to_sql(scorer, table="rows"), rows)
    assert found.column_names == [*rows.column_names, "margin", "probability", "points", "grade"]
    assert_same(found, scorer, columns)


@KINDS
def test_the_spark_text_says_the_same(kept: Golden) -> None:
    """Where Spark cannot run, its text is read as Spark reads it and run elsewhere."""
    scorer = runtime.load(kept.folder)
    columns = hard_columns(scorer, 2_000, 78)
    (text,) = sqlglot.transpile(
        artifact.to_sql(scorer, "spark", table="rows"), read="spark", write="duckdb"
    )
    assert_same(run(text, table_of(columns)), scorer, columns)


@KINDS
def test_spark_gives_the_same_points(spark, tmp_path: Path, kept: Golden) -> None:
    scorer = runtime.load(kept.folder)
    columns = hard_columns(scorer, 200, 79)
    rows = table_of(columns).append_column("row", pa.array(np.arange(200)))
    hand_over(spark, "rows", rows, tmp_path)
    found = answer(spark, artifact.to_sql(scorer, "spark", table="rows")).sort_by("row")
    assert_same(found, scorer, columns)


def test_a_forest_of_a_thousand_trees_is_not_too_deep_for_a_query(tmp_path: Path) -> None:
    content = documents("boosted")
    trees = content[F]["trees"]
    stump = {
        "feature": [0] * 3,
        "left": [1, -1, -1],
        "right": [2, -1, -1],
        "cover": [2.0, 1.0, 1.0],
    }
    trees["start"] = list(range(0, 3_001, 3))
    for name in ("feature", "cover"):
        trees[name] = stump[name] * 1_000
    for name in ("left", "right"):
        trees[name] = [at + 3 * t if at > 0 else -1 for t in range(1_000) for at in stump[name]]
    trees["threshold"] = [v for t in range(1_000) for v in (float(np.float32(t / 1_000)), 0, 0)]
    trees["default_left"] = [0] * 3_000
    trees["value"] = [v for t in range(1_000) for v in (0, t, -t)]
    scorer = runtime.load(save(tmp_path / "a", content))
    columns = {"night_share": [0.25, None, 0.9996, -9.0], "segment": ["sme", None, "3", "x"]}
    assert_same(run(artifact.to_sql(scorer, table="rows"), table_of(columns)), scorer, columns)


@pytest.mark.parametrize("kind", ["scorecard", "boosted"])
def test_rows_that_the_runtime_refuses_have_no_points(tmp_path: Path, kind: str) -> None:
    content = documents(kind)
    set_at(f"{M}:features.1.unknown_category", "refuse")(content)
    scorer = runtime.load(save(tmp_path / "a", content))
    good = {"night_share": [0.0, 1.0, -9.0, None], "segment": ["sme", "3", None, "sme"]}
    bad = {
        "night_share": [1.5, -0.1, math.inf, -math.inf, 0.5],
        "segment": ["sme", "sme", "3", "3", "other"],
    }
    for i in range(5):
        with pytest.raises(ArtifactError):
            scorer.score({name: values[i : i + 1] for name, values in bad.items()})
    both = table_of({name: [*good[name], *bad[name]] for name in good})
    found = run(artifact.to_sql(scorer, table="rows"), both)
    assert_same(found[:4], scorer, good)
    for name in ("margin", "probability", "points", "grade"):
        assert found[name][4:].to_pylist() == [None] * 5


def test_the_last_number_a_float_holds_is_the_last_that_scores(tmp_path: Path) -> None:
    content = documents("boosted")
    set_at(f"{M}:features.0.hard_range", None)(content)
    scorer = runtime.load(save(tmp_path / "a", content))
    first = 2.0**128 - 2.0**103
    last = math.nextafter(first, 0)
    assert scorer.score({"night_share": [last], "segment": ["sme"]}).points.size == 1
    with pytest.raises(ArtifactError, match="beyond float32"):
        scorer.score({"night_share": [first], "segment": ["sme"]})
    rows = table_of({"night_share": [last, -last, first, -first], "segment": ["sme"] * 4})
    found = run(artifact.to_sql(scorer, table="rows"), rows)["points"].to_pylist()
    assert [points is None for points in found] == [False, False, True, True]


def test_indicators_of_names_and_of_numbers(tmp_path: Path) -> None:
    """Codes that are frequent have a column of their own in a forest's matrix."""
    scorer = runtime.load(next(one for one in GOLDEN if one.name == "1-boosted").folder)
    assert {type(source.equals) for source in scorer.model.inputs} >= {float, str}


def test_types_of_number_score_as_their_value(tmp_path: Path) -> None:
    scorer = runtime.load(next(one for one in GOLDEN if one.name == "1-blended").folder)
    columns = hard_columns(scorer, 500, 80)
    columns["income"] = [
        None if v is None else round(min(max(v, -99), 99)) for v in columns["income"]
    ]
    with duckdb.connect() as connection:
        connection.register("given", table_of(columns))
        for type_ in ("INTEGER", "DECIMAL(9, 3)", "REAL"):
            connection.execute(
                "CREATE OR REPLACE TABLE rows AS SELECT * REPLACE "
                f"(CASE WHEN isnan(income) THEN NULL ELSE income END::{type_} AS income) FROM given"
            )
            found = connection.sql(artifact.to_sql(scorer, table="rows")).to_arrow_table()
            assert_same(found, scorer, columns)


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    scorer = runtime.load(save(tmp_path / "a", documents()))
    with pytest.raises(ModelError, match=r"dialect must be one of .*Did you mean 'duckdb'"):
        artifact.to_sql(scorer, "duckdbs", table="rows")
    with pytest.raises(ModelError, match=r"'main\.' is no name"):
        artifact.to_sql(scorer, table="main.")
    text = json.dumps(documents())
    for name, error, said in (
        ("credit_share", ArtifactError, "'credit_share' cannot be in a query"),
        ("Points", ModelError, "'points' and 'Points' of the result would have one name"),
    ):
        renamed = json.loads(text.replace("night_share", name))
        scorer = runtime.load(save(tmp_path / name, renamed))
        with pytest.raises(error, match=said):
            artifact.to_sql(scorer, table="rows")


def test_the_command_prints_or_writes_the_query(tmp_path: Path) -> None:
    folder = GOLDEN[0].folder
    expected = artifact.to_sql(runtime.load(folder), "spark", table="main.rows")
    words = [str(folder), "--to", "sql", "--dialect", "spark", "--table", "main.rows"]
    said = io.StringIO()
    with redirect_stdout(said):
        app(["export", *words], standalone_mode=False)
    assert said.getvalue() == expected
    assert (
        write_sql(folder, dialect="spark", table="main.rows", output=tmp_path / "q.sql") == expected
    )
    assert (tmp_path / "q.sql").read_text(encoding="utf-8") == expected
