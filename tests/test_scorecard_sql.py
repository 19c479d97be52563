"""A card's SQL: the same integers as the Python card, whatever the value."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import sqlglot
from spark_tables import answer, compiled, hand_over

from credit.binning import BinLimits
from credit.errors import ModelError
from credit.scorecard import FusedOptions, Scorecard

HARD = ("it's", 'a "b"', "back\\slash", "${x}", "dash -- /* x", "", " ", "null", "中文", "100%")
"""Names that have broken somebody's SQL."""

CODES = {"ratio": [-9.0, 98.0], "job": ["it's"], "big": [0.0]}


def applicants(rows: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    ratio = np.round(random.normal(size=rows), 3)
    ratio = np.where(random.random(rows) < 0.05, -9.0, ratio)
    ratio = np.where(random.random(rows) < 0.03, 98.0, ratio)
    ratio[random.random(rows) < 0.1] = np.nan
    tiny = random.choice([-0.0, 0.0, 1e-300, -1e-300, 0.1, 0.1 + 2**-56, 1 / 3, 1e-5], rows)
    big = random.integers(-3, 4, rows) * 2.0**60 + random.integers(0, 3, rows)
    names = np.array([*HARD, "rare"], dtype=object)
    job = random.choice(names, rows, p=[*[0.998 / len(HARD)] * len(HARD), 0.002])
    job[random.random(rows) < 0.05] = None
    code = pd.Categorical(random.integers(0, 5, rows).astype(str))
    flag = random.random(rows) < 0.3
    return pd.DataFrame(
        {"ratio": ratio, "tiny": tiny, "big": big, "job": job, "select": code, 'a"`b': flag}
    )


def fitted(rows: int = 20_000, *, fused: bool = False) -> Scorecard:
    X = applicants(rows, 1)
    margin = (
        X["ratio"].clip(-2, 2).fillna(1.5) + 3 * X["tiny"].clip(0, 1) + X["big"] / 2.0**61
        + X["job"].map({name: i / 5 for i, name in enumerate(HARD)}).astype(float).fillna(0)
        + X["select"].astype(int) / 3 + X['a"`b'] - 3
    ).to_numpy(dtype=float)  # fmt: skip
    y = (np.random.default_rng(2).random(rows) < 1 / (1 + np.exp(-margin))).astype(int)
    edges = {"tiny": (0.1, 1e-300, 1 / 3), "ratio": (0.0,)}
    limits = FusedOptions(edges=edges) if fused else BinLimits(min_iv=0.0, edges=edges)
    return Scorecard(binning=limits, special_codes=CODES).fit(X, y)


@pytest.fixture(scope="module")
def card() -> Scorecard:
    return fitted()


def hostile(card: Scorecard, rows: int) -> pd.DataFrame:
    """Fresh rows, a third of whose numbers are edges, codes and the floats next to them."""
    X = applicants(rows, 3)
    random = np.random.default_rng(4)
    for name in ("ratio", "tiny", "big"):
        bins = card.bins_[name]
        at = np.array([*bins.edges, *(code for code, _ in bins.special), 0.0, -0.0, np.nan, 1e308])
        near = np.concatenate([at, np.nextafter(at, np.inf), np.nextafter(at, -np.inf)])
        near = near[~np.isinf(near)]
        changed = random.random(rows) < 0.33
        X.loc[changed, name] = random.choice(near, int(changed.sum()))
    changed = random.random(rows) < 0.1
    X.loc[changed, "job"] = random.choice(np.array(["IT'S", "it''s", "nan", "x'); --"]), rows)[
        changed
    ]
    X["select"] = X["select"].astype(object).where(random.random(rows) > 0.02, "never seen")
    return X


def arrow(X: pd.DataFrame) -> pa.Table:
    """Return the frame with every second missing number as NaN and the others as NULL."""
    columns = {}
    for name in X.columns:
        if X[name].dtype == np.float64:
            null = X[name].isna().to_numpy() & (np.arange(len(X)) % 2 == 0)
            columns[name] = pa.array(X[name].to_numpy(), mask=null, from_pandas=False)
        else:
            columns[name] = pa.array(X[name], from_pandas=True)
    return pa.table(columns)


def run(sql: str, X: pd.DataFrame) -> pd.DataFrame:
    with duckdb.connect() as connection:
        connection.register("applications", arrow(X))
        return connection.execute(sql).df()


def feature_points(card: Scorecard, X: pd.DataFrame) -> dict[str, np.ndarray]:
    return {
        name: np.array(values)[card.bins_[name].assign(X[name])]
        for name, values in card.points_.items()
    }


def assert_same(card: Scorecard, sql: str, X: pd.DataFrame) -> None:
    found = run(sql, X)
    assert pd.api.types.is_integer_dtype(found["points"])
    np.testing.assert_array_equal(found["points"], card.points(X))
    for name, points in feature_points(card, X).items():
        np.testing.assert_array_equal(found[f"{name}_points"], points, err_msg=name)
    assert list(found.columns[: X.shape[1]]) == list(X.columns)


def test_the_card_under_test_is_hard_enough(card: Scorecard):
    assert set(card.points_) == set(card.feature_names_in_)
    assert len(card.bins_["ratio"].special) == 2
    assert card.bins_["tiny"].edges
    assert len(set(card.points_["job"])) > 3


def test_a_million_rows_have_the_points_of_the_python_card(card: Scorecard):
    assert_same(card, card.to_sql(table="applications"), hostile(card, 1_000_000))


def test_the_spark_text_says_the_same(card: Scorecard):
    """Where Spark cannot run, its text is read as Spark reads it and run elsewhere."""
    text = card.to_sql("spark", table="applications")
    (again,) = sqlglot.transpile(text, read="spark", write="duckdb")
    assert_same(card, again, hostile(card, 20_000))
    assert "concat('it', char(39), 's')" in text
    assert not set("\\$") & set(text)


@pytest.mark.parametrize("fused", [False, True])
def test_a_million_rows_have_the_points_of_the_python_card_in_spark(spark, tmp_path, fused):
    card = fitted(fused=fused)
    X = hostile(card, 1_000_000)
    rows = arrow(X).append_column("row", pa.array(np.arange(len(X))))
    hand_over(spark, "applications", rows, tmp_path)
    with compiled(spark):
        found = answer(spark, card.to_sql("spark", table="applications")).sort_by("row")
    np.testing.assert_array_equal(found["points"].to_numpy(), card.points(X))
    for name, points in feature_points(card, X).items():
        np.testing.assert_array_equal(found[f"{name}_points"].to_numpy(), points, err_msg=name)


def test_a_fused_card_writes_its_points_too():
    card = fitted(fused=True)
    X = hostile(card, 1_000_000)
    assert_same(card, card.to_sql(table="applications"), X)
    again = Scorecard.from_dict(card.to_dict())
    np.testing.assert_array_equal(again.points(X), card.points(X))


@pytest.mark.parametrize("dialect", ["duckdb", "spark"])
def test_no_number_is_written_bare(card: Scorecard, dialect):
    text = card.to_sql(dialect, table="applications")
    tree = sqlglot.parse_one(text, read=dialect)
    numbers = [one for one in tree.find_all(sqlglot.exp.Literal) if not one.is_string]
    assert numbers
    assert all(one.this.isdigit() for one in numbers)


@pytest.mark.parametrize("type_", ["FLOAT", "DECIMAL(9, 3)", "BIGINT", "VARCHAR"])
def test_other_types_of_number_score_as_their_value(card: Scorecard, type_):
    X = hostile(card, 5_000)
    X["ratio"] = np.round(X["ratio"].clip(-99, 99), 3)
    if type_ == "BIGINT":
        X["ratio"] = X["ratio"].round()
    if type_ == "FLOAT":
        X["ratio"] = X["ratio"].astype(np.float32).astype(np.float64)
    sql = card.to_sql(table="typed")
    with duckdb.connect() as connection:
        connection.register("applications", X.assign(row=np.arange(len(X))))
        connection.execute(
            "CREATE TABLE typed AS SELECT * REPLACE "
            f"(CASE WHEN isnan(ratio) THEN NULL ELSE ratio END::{type_} AS ratio) FROM applications"
        )
        found = connection.execute(sql).df().sort_values("row")
    np.testing.assert_array_equal(found["points"], card.points(X))


def test_an_infinity_has_no_points(card: Scorecard):
    X = applicants(4, 5)
    X["ratio"] = [np.inf, -np.inf, np.nan, 0.5]
    with pytest.raises(ModelError, match="infinite"):
        card.points(X)
    found = run(card.to_sql(table="applications"), X)
    assert found["points"].isna().tolist() == [True, True, False, False]
    assert found["ratio_points"].isna().tolist() == [True, True, False, False]
    assert found["job_points"].notna().all()
    kept = X.iloc[2:]
    np.testing.assert_array_equal(found["points"].iloc[2:].astype(int), card.points(kept))


def test_a_card_read_back_writes_the_same_text(card: Scorecard):
    again = Scorecard.from_dict(card.to_dict())
    for dialect in ("duckdb", "spark"):
        assert again.to_sql(dialect, table="t") == card.to_sql(dialect, table="t")


def test_a_card_without_features_gives_everybody_the_base():
    random = np.random.default_rng(0)
    X = pd.DataFrame({"noise": np.ones(200)})
    card = Scorecard().fit(X, random.integers(0, 2, 200))
    assert card.points_ == {}
    found = run(card.to_sql(table="applications"), X)
    assert set(found["points"]) == {card.base_points_}


def test_tables_are_quoted_part_by_part(card: Scorecard):
    assert 'FROM "main"."x; DROP ""t" AS source' in card.to_sql(table='main.x; DROP "t')
    assert "FROM `main`.`a b` AS source" in card.to_sql("spark", table="main.a b")
    with pytest.raises(ModelError, match=r"'main\.' is no name"):
        card.to_sql(table="main.")


def test_what_cannot_be_written_is_refused(card: Scorecard):
    with pytest.raises(ModelError, match=r"dialect must be one of .*Did you mean 'spark'"):
        card.to_sql("sparks", table="t")
    with pytest.raises(ModelError, match=r"'a\$\{b\}' cannot be a name in spark"):
        card.to_sql("spark", table="a${b}")


@pytest.mark.parametrize("names", [("age", "AGE"), ("points", "x"), ("x", "x_points")])
def test_columns_that_would_have_one_name_are_refused(names):
    random = np.random.default_rng(0)
    X = pd.DataFrame(random.normal(size=(500, 2)), columns=list(names))
    y = (X.sum(axis=1) + random.normal(size=500) > 0).astype(int)
    with pytest.raises(ModelError, match="would have one name, since SQL reads names without case"):
        Scorecard().fit(X, y).to_sql(table="t")


def test_missing_values_in_the_nearest_bin_have_its_points():
    X = applicants(4000, 5)[["ratio"]]
    X["y"] = (np.random.default_rng(6).random(4000) < 0.2 + 0.3 * (X["ratio"] > 0)).astype(int)
    limits = BinLimits(missing="nearest")
    card = Scorecard(binning=limits, special_codes={"ratio": [-9.0, 98.0]}).fit(
        X[["ratio"]], X["y"]
    )
    bins = card.bins_["ratio"]
    assert bins.missing <= len(bins.edges)
    assert "or missing" in card.table_.loc[card.table_["feature"] == "ratio", "bin"].str.cat()
    with duckdb.connect() as connection:
        connection.register("applications", X)
        found = connection.sql(card.to_sql(table="applications")).df()["points"]
    assert found.tolist() == card.points(X[["ratio"]]).tolist()
    again = Scorecard.from_dict(card.to_dict())
    assert again.points(X[["ratio"]]).tolist() == found.tolist()
