"""Counts made by any engine give the bins of the frame in memory, bit for bit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from spark_tables import answer, hand_over

from credit.binning import (
    BinLimits,
    Binning,
    Neighbours,
    Relation,
    Sample,
    count_frame,
    count_groups,
    group_sql,
)
from credit.errors import ModelError

CODES = {"amount": [-9.0], "job": ["98"]}
LIMITS = BinLimits(edges={"share": (0.25,)}, rare_share=0.02)


def rows(size=6000, seed=11):
    random = np.random.default_rng(seed)
    amount = random.normal(1000, 300, size).round(2)
    amount[:300] = -9.0
    amount[300:500] = np.nan
    job = random.choice(
        np.array(["a", "it's", "c", "rare", "98"]), size, p=[0.4, 0.3, 0.2, 0.01, 0.09]
    )
    X = pd.DataFrame(
        {
            "amount": amount,
            "share": random.random(size),
            "flag": random.random(size) < 0.3,
            "count": random.integers(0, 50, size),
            "job": pd.Series(job).where(random.random(size) > 0.02, None),
            "signed zero": np.where(random.random(size) < 0.5, -0.0, random.normal(size=size)),
        }
    )
    chance = 1 / (1 + np.exp(2 - amount / 1000 * (amount > 0) - X["share"]))
    y = (random.random(size) < np.nan_to_num(chance, nan=0.4)).astype(int)
    return X, y, random.integers(1, 4, size), random.choice(["2024-01", "2024-02"], size)


def fitted(X, y, **given):
    return Binning(limits=given.pop("limits", LIMITS), special_codes=CODES).fit(X, y, **given)


class Stream:
    """What Polars and others offer: nothing but an Arrow stream."""

    def __init__(self, table):
        self._table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize("wrap", [pa.Table.from_pandas, lambda X: Stream(pa.Table.from_pandas(X))])
def test_arrow_data_give_the_bins_of_a_frame(wrap):
    X, y, _, _ = rows()
    expected = fitted(X, y)
    found = fitted(wrap(X), y)
    assert found.bins_ == expected.bins_
    np.testing.assert_array_equal(found.transform(wrap(X)), expected.transform(X))


def test_polars_gives_the_bins_of_a_frame():
    polars = pytest.importorskip("polars")
    X, y, _, _ = rows()
    assert fitted(polars.from_pandas(X), y).bins_ == fitted(X, y).bins_


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("same_order", [False, True])
def test_duckdb_gives_the_bins_of_a_frame(weighted, same_order):
    duckdb = pytest.importorskip("duckdb")
    X, y, weight, period = rows()
    limits = BinLimits(
        edges=LIMITS.edges, rare_share=0.02, neighbours=Neighbours(same_order=same_order)
    )
    expected = fitted(
        X,
        y,
        limits=limits,
        sample_weight=weight if weighted else None,
        period=period if same_order else None,
    )
    table = X.assign(y=y, w=weight, month=period)
    relation = Relation(
        name="applications",
        target="y",
        weight="w" if weighted else None,
        period="month" if same_order else None,
    )
    counts = {}
    with duckdb.connect() as connection:
        connection.register("applications", table)
        for name in X.columns:
            groups = connection.sql(group_sql(name, relation)).arrow()
            counts[name] = count_groups(
                groups, name, limits, CODES.get(name, ()), weighted=weighted
            )
    model = Binning(limits=limits, special_codes=CODES).fit_counts(counts)
    assert model.bins_ == expected.bins_
    np.testing.assert_array_equal(model.transform(X), expected.transform(X))


def spark_table(X, **more):
    """Return the rows with every second missing number as NaN and the others as NULL."""
    columns = {}
    for name in X.columns:
        if X[name].dtype == np.float64:
            null = X[name].isna().to_numpy() & (np.arange(len(X)) % 2 == 0)
            columns[name] = pa.array(X[name].to_numpy(), mask=null, from_pandas=False)
        else:
            columns[name] = pa.array(X[name], from_pandas=True)
    return pa.table(columns | more)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("same_order", [False, True])
def test_spark_gives_the_bins_of_a_frame(spark, tmp_path, weighted, same_order):
    X, y, weight, period = rows()
    limits = BinLimits(
        edges=LIMITS.edges, rare_share=0.02, neighbours=Neighbours(same_order=same_order)
    )
    expected = fitted(
        X,
        y,
        limits=limits,
        sample_weight=weight if weighted else None,
        period=period if same_order else None,
    )
    hand_over(spark, "applications", spark_table(X, y=y, w=weight, month=period), tmp_path)
    relation = Relation(
        name="applications",
        target="y",
        weight="w" if weighted else None,
        period="month" if same_order else None,
        dialect="spark",
    )
    counts = {
        name: count_groups(
            answer(spark, group_sql(name, relation)),
            name,
            limits,
            CODES.get(name, ()),
            weighted=weighted,
        )
        for name in X.columns
    }
    model = Binning(limits=limits, special_codes=CODES).fit_counts(counts)
    assert model.bins_ == expected.bins_
    np.testing.assert_array_equal(model.transform(X), expected.transform(X))


def test_labels_are_names_in_spark_too(spark, tmp_path):
    labels = ("it's \\ ok", "bad")
    X, y, _, _ = rows(500)
    outcome = np.array(labels)[y]
    hand_over(spark, "named", spark_table(X, y=outcome), tmp_path)
    relation = Relation(name="named", target="y", labels=labels, dialect="spark")
    found = count_groups(answer(spark, group_sql("job", relation)), "job", LIMITS)
    expected = count_frame(X[["job"]], Sample.of(y.astype(float), np.ones(len(y))), LIMITS)["job"]
    np.testing.assert_array_equal(found.missing, expected.missing)
    for one in (found, expected):
        assert len(one.groups) == len(one.ordinary)
    assert dict(zip(found.groups, found.ordinary.tolist(), strict=True)) == dict(
        zip(expected.groups, expected.ordinary.tolist(), strict=True)
    )


def test_counts_of_a_frame_fit_too():
    X, y, weight, _ = rows()
    sample = Sample.of(y.astype(float), weight.astype(float))
    counts = count_frame(pa.Table.from_pandas(X), sample, LIMITS, special_codes=CODES)
    model = Binning(limits=LIMITS, special_codes=CODES).fit_counts(counts)
    assert model.bins_ == fitted(X, y, sample_weight=weight).bins_


def test_the_text_of_the_query_is_quoted():
    relation = Relation(
        name="t", target='the "y"', labels=("it's ok", "bad"), weight="w", dialect="duckdb"
    )
    text = group_sql("a b", relation)
    assert text.startswith('SELECT\n  "a b" AS value,')
    assert 'CASE WHEN "the ""y""" = \'it\'\'s ok\' THEN CAST("w" AS DOUBLE)' in text
    assert text.endswith('FROM t\nGROUP BY "a b"')
    spark = group_sql("a`b", Relation(name="t", target="y", dialect="spark", period="m"))
    assert "`a``b` AS value, `m` AS period" in spark
    assert spark.endswith("GROUP BY `a``b`, `m`")


def test_groups_that_cannot_be_counted():
    groups = pd.DataFrame({"value": [1.0, 2.0], "good": [5, 5], "bad": [1, 2], "good_rows": [5, 5]})
    with pytest.raises(ModelError, match=r"groups of 'x': no column \['bad_rows', 'unknown'\]"):
        count_groups(groups, "x")
    groups = groups.assign(bad_rows=[1, 2], unknown=[0, 3])
    with pytest.raises(ModelError, match=r"groups of 'x': 3 row\(s\) are neither good nor bad"):
        count_groups(groups, "x")
    groups = groups.assign(unknown=0)
    with pytest.raises(ModelError, match=r"groups of 'x': a period is missing"):
        count_groups(groups.assign(period=["a", None]), "x")
    first, second = count_groups(groups, "x"), count_groups(groups.assign(bad=[1, 3]), "z")
    with pytest.raises(ModelError, match=r"counts: column 'z' has .*Count all columns over the"):
        Binning().fit_counts({"x": first, "z": second})
    with pytest.raises(ModelError, match="counts: no column"):
        Binning().fit_counts({})
    with pytest.raises(ModelError, match="a binning needs both classes"):
        Binning().fit_counts({"x": count_groups(groups.assign(bad=0), "x")})
