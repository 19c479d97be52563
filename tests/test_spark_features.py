"""The same declarations on Spark: integers and nulls exact, floats to 1e-12, in any zone."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from feature_tables import connected_world, copies, engine_of, frames
from spark_tables import compiled

from credit.dataset import DaysPastDue, outcomes
from credit.engine import Engine
from credit.engine.spark import SparkEngine
from credit.errors import ConfigError, DataError, SchemaError
from credit.feature import Catalogue
from credit.features import available, build, catalogue, chosen
from credit.features.fraud import indicators
from credit.features.parts import build_parts, read_parts
from credit.features.proof.tables import hourly_world
from credit.features.window import compile_features
from credit.schema import TableSource

WORLDS = [connected_world(seed) for seed in range(4)]
TABLES = copies([world.tables for world in WORLDS], 1_000)


def spine():
    parts = []
    for place, world in enumerate(WORLDS):
        part = world.spine()
        part["customer_id"] += 1_000 * place
        part["observation_id"] += 100_000 * place
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def engines(spark, tmp_path_factory):
    """Yield the tables on DuckDB and, from the same files, on Spark."""
    folder = tmp_path_factory.mktemp("tables")
    with engine_of(TABLES) as duck, SparkEngine(spark) as other:
        for name, frame in frames(TABLES).items():
            frame.to_parquet(folder / f"{name}.parquet", index=False)
        other.add_directory(folder)
        yield duck, other


def features_of(engine):
    return available(catalogue(), {name: list(engine.columns(name)) for name in engine.tables})


def same(found, expected):
    assert list(found.columns) == list(expected.columns)
    for name in expected.columns:
        left, right = found[name], expected[name]
        assert (left.isna() == right.isna()).all(), name
        if pd.api.types.is_string_dtype(right.dtype):
            assert (left.dropna() == right.dropna()).all(), name
            continue
        whole = right.dropna() % 1 == 0
        assert (left.dropna()[whole] == right.dropna()[whole]).all(), name
        np.testing.assert_allclose(left.dropna(), right.dropna(), rtol=1e-12, err_msg=name)


def test_every_feature_is_the_same_on_both_engines(engines):
    duck, spark = engines
    features = features_of(duck)
    assert features_of(spark).names == features.names
    same(build(spark, spine(), features), build(duck, spine(), features))


ZONELESS = {
    "CAST", "COALESCE", "COUNT", "DECIMAL", "GREATEST", "LEAST", "LN", "MAX", "MIN", "NULLIF",
    "ROUND", "ROW_NUMBER", "SQRT", "SUM",
}  # fmt: skip
"""All that the built-in features call in Spark: none of it reads the zone of a session."""


def test_the_printed_sql_means_the_same_in_a_session_of_another_zone(engines, spark, tmp_path):
    """None can tell the zone; those whose hours and days are local are run in another one."""
    duck, _ = engines
    features = features_of(duck)
    present = {name: duck.columns(name) for name in duck.tables}
    present["merchant_categories"] = ["mcc", "category"]
    text = compile_features(features, present, dialect="spark")
    assert set(re.findall(r"(\w+)\(", text)) == ZONELESS
    assert set(re.findall(r"\bAS ([A-Z]\w*)", text)) == {"BIGINT", "DECIMAL", "DOUBLE", "STRING"}
    local = [
        one.name for one in features
        if len({compile_features(chosen(features, [one.name]), present, zone=zone)
                for zone in ("UTC", "Asia/Shanghai")}) > 1
    ]  # fmt: skip
    assert len(local) > 10
    some = chosen(features, local)
    expected = build(duck, spine(), some)  # registers merchant_categories
    session = spark.newSession()
    session.conf.set("spark.sql.session.timeZone", "America/New_York")
    for name in duck.tables:
        path = tmp_path / f"{name}.parquet"
        duck.write(f"select * from {name}", path)
        session.read.parquet(str(path)).createOrReplaceTempView(name)
    duck.write("select * from merchant_categories", tmp_path / "lookup.parquet")
    session.read.parquet(str(tmp_path / "lookup.parquet")).createOrReplaceTempView(
        "merchant_categories"
    )
    spine().to_parquet(tmp_path / "spine.parquet", index=False)
    session.read.parquet(str(tmp_path / "spine.parquet")).createOrReplaceTempView("spine")
    found = session.sql(compile_features(some, present, dialect="spark")).toArrow()
    found = found.to_pandas().set_index("observation_id").loc[spine()["observation_id"]]
    same(found.reset_index(), expected)


def test_windows_of_hours_and_what_was_learnt_before_an_event_are_the_same(spark):
    """Every indicator of logins that looks at the login before, over its shortest windows."""
    world = hourly_world(5, people=6)
    tables = {"logins": world.tables["logins"]}
    some = Catalogue(
        tuple(
            f for f in indicators()
            if f.name.startswith("fraud_login_") and f.name.endswith(("_1h", "_1d"))
            and ("previous" in str(f) or "times_seen" in str(f))
        )
    )  # fmt: skip
    with engine_of(tables) as first, SparkEngine(spark) as second:
        second.add("logins", frames(tables)["logins"])
        expected = build(first, world.spine(), some, swept=False)
        with compiled(second._session):
            same(build(second, world.spine(), some), expected)
    assert (expected.drop(columns="observation_id").std() > 0).mean() > 0.5


def test_outcomes_are_the_same(spark):
    until = int(spine()["as_of"].max())
    tables = {name: rows for name, rows in TABLES.items() if name != "loans"}
    loans = [row | {"application_id": row["loan_id"]} for row in TABLES["loans"]]
    scheduled = {row["loan_id"] for row in TABLES["instalments"]}
    loans = [row for row in loans if row["loan_id"] in scheduled]
    applications = [
        {
            "application_id": row["loan_id"], "customer_id": row["customer_id"],
            "event_time": row["event_time"], "available_at": row["available_at"],
        }
        for row in loans
    ]  # fmt: skip
    tables |= {"loans": loans, "applications": applications}
    definition = DaysPastDue(days=30, within_months=6, indeterminate_from=5)
    with engine_of(tables) as first, SparkEngine(spark) as second:
        for name, frame in frames(tables).items():
            second.add(name, frame)
        pd.testing.assert_frame_equal(
            outcomes(second, definition, observed_until=until),
            outcomes(first, definition, observed_until=until),
            check_dtype=False,
        )


def test_a_build_in_parts_runs_on_spark_too(engines, tmp_path):
    """By code that Spark compiles; most other tests interpret."""
    duck, spark = engines
    features = features_of(duck)
    some = type(features)(tuple(features)[:6])
    with compiled(spark._session):
        done = build_parts(spark, spine(), some, tmp_path / "f", parts=2)
        again = build_parts(spark, spine(), some, tmp_path / "f", parts=2)
    assert (done.computed, again.computed) == (len(spine()), 0)
    whole = spine().merge(build(duck, spine(), some), on="observation_id")
    whole = whole.drop(columns="observation_id").sort_values(["customer_id", "as_of"])
    same(read_parts(tmp_path / "f"), whole.reset_index(drop=True))


SOURCES = {
    "a timestamp": pd.to_datetime(["2024-03-31 01:30:00.000001", "2024-11-03 05:30:00.000000"]),
    "an instant": pd.to_datetime(
        ["2024-03-31 01:30:00.000001", "2024-11-03 05:30:00.000000"], utc=True
    ),
    "a date": pd.Series(pd.to_datetime(["2024-03-31", "2024-11-03"])).dt.date,
    "text": ["2024-03-31T01:30:00.5+02:00", "2024-11-03"],
}


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "UTC"])
def test_sources_are_read_alike(spark, tmp_path, kind, zone):
    frame = pd.DataFrame(
        {
            "payment_id": ["a", "b"], "customer_id": [1, 2], "event_time": SOURCES[kind],
            "direction": "out", "amount_fen": [12.34, 5.0], "status": "ok", "mcc": [5411, None],
        }
    )  # fmt: skip
    frame.to_parquet(tmp_path / "p.parquet", index=False)
    source = TableSource(path=str(tmp_path / "p.parquet"), units={"amount_fen": "yuan"}, lag="1d")
    with Engine(zone=zone) as duck, SparkEngine(spark, zone=zone) as other:
        for engine in (duck, other):
            engine.add("payments", source)
            engine.check().raise_if_any()
        sql = "select * from payments order by payment_id"
        pd.testing.assert_frame_equal(other.frame(sql), duck.frame(sql), check_dtype=False)
        assert [b.num_rows for b in other.batches(sql, rows=1)] == [1, 1]


def test_what_is_wrong_is_said_in_the_same_words(spark, tmp_path):
    frame = pd.DataFrame(
        {
            "payment_id": [1, 1], "customer_id": [1, 2], "event_time": [10**15, 10**15],
            "available_at": [10**15, 10**14], "direction": ["out", "over"],
            "amount_fen": [12.5, 5.0], "status": "ok", "mcc": [5411, None],
        }
    )  # fmt: skip
    when = {"customer_id": 1, "event_time": 10**15, "available_at": 10**15}
    loans = {"loan_id": [1, 2, 3], "application_id": [1, 9, None], **when, "term_months": 1}
    due = {"loan_id": [1, 1, 7, None, None], "number": [1, 1, 1, 1, 1], **when, "due_at": 10**15}
    tables = {
        "payments": frame,
        "applications": pd.DataFrame({"application_id": [1, None], **when}),
        "loans": pd.DataFrame(loans | {"principal_fen": 5}),
        "instalments": pd.DataFrame(due | {"due_fen": 5}),
    }
    with Engine() as duck, SparkEngine(spark) as other:
        said = []
        for engine in (duck, other):
            for name, table in tables.items():
                engine.add(name, table)
            said.append(sorted(engine.check().sentences))
            with pytest.raises(SchemaError, match=r"amount_fen: 12\.5 breaks the rule that"):
                engine.frame("select * from payments")
        assert said[0] == said[1]
        assert len(said[0]) == 9
        with pytest.raises(ConfigError, match="engine 'duckdb' alone"):
            other.check(quarantine=tmp_path)
        frame.to_csv(tmp_path / "t.csv")
        other.add("transfers", TableSource(path=str(tmp_path / "t.csv")))
        assert "engine 'spark' reads Parquet" in " ".join(other.check().sentences)
        with pytest.raises(DataError, match="the query cannot be run"):
            other.rows("select nothing from nowhere")
