from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from credit.errors import ConfigError, DataError
from credit.pipeline.flat import flat_table, read_frame, special_codes


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {"id": [1, 2, 3, 4], "age": [20, 30, 40, 50], "status": [1, 2, 1, 2], "who": list("aabb")}
    )


def test_the_outcome_is_one_where_the_value_means_bad(frame):
    table = flat_table(frame, target="status", bad="2", groups="who", drop=["id"])
    assert table.y.tolist() == [0, 1, 0, 1]
    assert list(table.X.columns) == ["age"]
    assert table.groups is not None


def test_which_value_is_bad_must_be_said(frame):
    with pytest.raises(DataError, match="say which of them is bad with --bad"):
        flat_table(frame, target="status")


def test_a_target_with_one_value_is_refused(frame):
    with pytest.raises(DataError, match=r"must hold two values.*it holds 1"):
        flat_table(frame.assign(status=0), target="status")


def test_a_missing_outcome_is_refused(frame):
    with pytest.raises(DataError, match=r"1 row\(s\) have no outcome"):
        flat_table(frame.assign(status=[1, 2, 1, np.nan]), target="status", bad="2")


def test_a_column_that_does_not_exist_is_named_with_the_nearest(frame):
    with pytest.raises(DataError, match=r"--target: no column 'statu'.*Did you mean 'status'"):
        flat_table(frame, target="statu")


def test_special_codes():
    assert special_codes(["a=-9,-8", "b=96"], ["a", "b"]) == {"a": [-9.0, -8.0], "b": [96.0]}
    with pytest.raises(ConfigError, match="COLUMN=CODE,CODE"):
        special_codes(["a"], ["a"])
    with pytest.raises(ConfigError, match="codes must be numbers"):
        special_codes(["a=x"], ["a"])


def test_unreadable_files(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        read_frame(tmp_path / "absent.csv")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(DataError, match="cannot be read"):
        read_frame(tmp_path / "broken.parquet")
    (tmp_path / "head.csv").write_text("a,b\n")
    with pytest.raises(DataError, match="has no row"):
        read_frame(tmp_path / "head.csv")
    (tmp_path / "book.xlsx").write_text("x")
    with pytest.raises(DataError, match=r"unknown kind of file '\.xlsx'"):
        read_frame(tmp_path / "book.xlsx")
