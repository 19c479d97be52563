"""Frames of every kind, Parquet files read by column among them, give the same model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from credit.binning import BinLimits, Binning
from credit.boost import BoostedModel, BoostOptions
from credit.errors import DataError, ModelError
from credit.frames import ParquetColumns
from credit.scorecard import FusedOptions, Scorecard

CODES = {"amount": [-9.0]}


def table(rows=2000, seed=4):
    random = np.random.default_rng(seed)
    amount = random.normal(1000, 300, rows).round(1)
    amount[:60] = -9.0
    grade = random.choice(["a", "b", "c", "d"], rows)
    frame = pd.DataFrame(
        {
            "amount": amount,
            "a.b": np.where(random.random(rows) < 0.1, np.nan, random.normal(size=rows)),
            "grade": pd.Categorical(grade),
            "job": pd.Series(random.choice(["x", "y"], rows)).where(random.random(rows) < 0.9),
            "owner": pd.Series(random.random(rows) < 0.5, dtype=object).where(grade != "a"),
            "count": pd.array(random.integers(0, 9, rows), dtype="Int64"),
        }
    )
    frame.loc[frame.index % 17 == 0, "count"] = pd.NA
    z = -1.5 + frame["a.b"].fillna(0) + (grade == "c") - amount / 2000
    frame["bad"] = (random.random(rows) < 1 / (1 + np.exp(-z))).astype(int)
    return frame


def written(frame, path, **options):
    pq.write_table(pa.Table.from_pandas(frame, **options), path, row_group_size=300)
    return path


@pytest.fixture
def stored(tmp_path):
    rows = ParquetColumns(written(table(), tmp_path / "rows.parquet"))
    frame = table()
    return rows.drop(["bad"]), frame.drop(columns="bad"), rows["bad"], frame["bad"]


CARDS = [
    Scorecard(binning=BinLimits(), special_codes=CODES, random_state=1),
    Scorecard(binning=FusedOptions(few_bags=3), special_codes=CODES, random_state=1),
]


@pytest.mark.parametrize("card", CARDS, ids=["woe", "fused"])
def test_a_card_of_a_file_is_the_card_of_the_frame(card, stored):
    X, frame, y, bad = stored
    found, expected = (Scorecard(**card.get_params()).fit(*rows) for rows in ((X, y), (frame, bad)))
    assert found.to_dict() == expected.to_dict()
    shuffled = X[list(X.columns[::-1])]
    for rows in (X, shuffled):
        for method in ("decision_function", "points", "predict_proba", "contributions"):
            expected_values = getattr(expected, method)(frame)
            np.testing.assert_array_equal(getattr(found, method)(rows), expected_values)


def test_bins_and_boosted_trees_of_a_file_are_those_of_the_frame(stored):
    X, frame, y, bad = stored
    found, expected = (Binning(special_codes=CODES).fit(*r) for r in ((X, y), (frame, bad)))
    assert found.bins_ == expected.bins_
    np.testing.assert_array_equal(found.transform(X), expected.transform(frame))
    trees = [
        BoostedModel(options=BoostOptions(rounds=5), random_state=0)
        .fit(*rows)
        .predict_proba(rows[0])
        for rows in ((X, y), (frame, bad))
    ]
    np.testing.assert_array_equal(*trees)


def test_a_card_reads_arrow_and_polars(stored):
    _, frame, _, bad = stored
    expected = CARDS[0].fit(frame, bad).points(frame)
    arrow = pa.Table.from_pandas(frame)
    np.testing.assert_array_equal(CARDS[0].fit(arrow, bad).points(arrow), expected)
    polars = pytest.importorskip("polars")
    rows = polars.from_pandas(frame)
    np.testing.assert_array_equal(CARDS[0].fit(rows, bad).points(rows), expected)


def test_a_folder_of_files_is_one_table(tmp_path, stored):
    _, frame, _, bad = stored
    folder = tmp_path / "parts"
    folder.mkdir()
    whole = table()
    for i, start in enumerate(range(0, len(whole), 700)):
        written(whole.iloc[start : start + 700], folder / f"{i}.parquet", preserve_index=False)
    rows = ParquetColumns(folder)
    assert len(rows) == len(whole)
    assert rows.shape == whole.shape
    X = rows.drop(["bad"])
    expected = CARDS[0].fit(frame, bad).decision_function(frame)
    np.testing.assert_array_equal(CARDS[0].fit(X, rows["bad"]).decision_function(X), expected)


def test_a_stored_index_is_no_feature(tmp_path):
    frame = table(50).set_index(np.arange(50)[::-1])
    rows = ParquetColumns(written(frame, tmp_path / "rows.parquet"))
    assert list(rows.columns) == list(frame.columns)
    some = ParquetColumns(tmp_path / "rows.parquet", columns=["count", "a.b"])
    assert list(some.columns) == ["count", "a.b"]
    assert some["a.b"].name == "a.b"
    assert not some.empty
    assert some[[]].empty
    assert "50 rows, 2 columns" in repr(some)


def test_files_that_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"file '.*absent\.parquet' does not exist"):
        ParquetColumns(tmp_path / "absent.parquet")
    (tmp_path / "text.parquet").write_text("a,b")
    with pytest.raises(DataError, match=r"text\.parquet: cannot be read as Parquet"):
        ParquetColumns(tmp_path / "text.parquet")
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match="none: the folder holds no Parquet file"):
        ParquetColumns(tmp_path / "none")
    twice = pa.table([pa.array([1]), pa.array([2])], names=["a", "a"])
    pq.write_table(twice, tmp_path / "twice.parquet")
    with pytest.raises(DataError, match=r"column name\(s\) \['a'\] occur twice"):
        ParquetColumns(tmp_path / "twice.parquet")


def test_files_of_a_folder_hold_the_same_columns(tmp_path):
    pq.write_table(pa.table({"a": [1.0], "b": [1]}), tmp_path / "0.parquet")
    pq.write_table(pa.table({"a": ["x"], "c": [1]}), tmp_path / "1.parquet")
    with pytest.raises(
        DataError,
        match=r"1\.parquet: 'a' is string, not double; 'b' is absent, not int64; 'c' is int64, "
        r"not absent as in .*0\.parquet\. Files that are one table have the same columns",
    ):
        ParquetColumns(tmp_path)


def test_columns_that_are_not_there_are_refused(tmp_path, stored):
    X, frame, y, _ = stored
    with pytest.raises(DataError, match=r"no column 'amuont'\. Did you mean 'amount'\? It has"):
        X["amuont"]
    with pytest.raises(DataError, match="no column 'bad'"):
        X.drop(["bad"])
    with pytest.raises(DataError, match="column 'count' is asked for twice"):
        X[["count", "count"]]
    with pytest.raises(DataError, match="no column 'a'"):
        ParquetColumns(X.path, columns=["a"])
    card = CARDS[0].fit(X, y)
    with pytest.raises(ModelError, match=r"X: no column \['job'\], which the model was fitted"):
        card.points(X.drop(["job"]))
    with pytest.raises(ModelError, match=r"X: column\(s\) \['bad'\] were not there"):
        card.points(ParquetColumns(X.path))
    with pytest.raises(ModelError, match=r"minimum of 1 is required"):
        card.fit(X[[]], y)
    with pytest.raises(ModelError, match="inconsistent numbers of samples"):
        card.fit(X, y[:-1])
    pq.write_table(pa.Table.from_pandas(frame.iloc[:0]), tmp_path / "empty.parquet")
    with pytest.raises(ModelError, match=r"found array with 0 sample\(s\)"):
        card.points(ParquetColumns(tmp_path / "empty.parquet"))
