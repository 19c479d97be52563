"""Boosting on rows that are read in batches: the same model as from a frame."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from test_boost import LATE, SIGNS, applicants

from credit.boost import BoostedModel, BoostOptions
from credit.errors import DataError, ModelError
from credit.frames import ParquetColumns

SHARED = {"rounds": 40, "seeds": 1, "eta": 0.3, "early_stopping": 10}


def stored(frame: pd.DataFrame, folder: Path, group: int = 400) -> ParquetColumns:
    frame.to_parquet(folder / "rows.parquet", index=False, row_group_size=group)
    return ParquetColumns(folder / "rows.parquet")


def fitted(rows, y, **options):
    model = BoostedModel(
        options=BoostOptions(**SHARED | options), signs=SIGNS, special_codes={LATE: [-9, -8]}
    )
    return model.fit(rows, y)


def in_batches(size):
    return {"memory_rows": size, "batch_rows": size}


def raw(model) -> bytes:
    return bytes(model.booster_.save_raw("json"))


@pytest.mark.parametrize("size", [700, 100_000])
def test_a_frame_and_its_file_give_the_same_model_and_scores(tmp_path, size):
    X, y = applicants(6_000)
    rows = stored(X, tmp_path)
    frame, file = fitted(X, y, **in_batches(size)), fitted(rows, y, **in_batches(size))
    assert raw(frame) == raw(file)
    pd.testing.assert_frame_equal(frame.stopping_, file.stopping_)
    np.testing.assert_array_equal(frame.predict_proba(X), file.predict_proba(rows))
    pd.testing.assert_frame_equal(frame.contributions(X), file.contributions(rows))


def test_batches_learn_as_well_as_a_matrix(tmp_path):
    X, y = applicants(6_000)
    late, late_y = applicants(6_000, seed=12)
    whole, parts = fitted(X, y), fitted(X, y, **in_batches(1_000))
    aucs = [roc_auc_score(late_y, m.predict_proba(late)[:, 1]) for m in (whole, parts)]
    assert aucs[1] == pytest.approx(aucs[0], abs=0.003)
    incomes = pd.DataFrame({"income": np.geomspace(100, 1e5, 50), LATE: 1.0, "job": "chef"})
    assert (np.diff(parts.decision_function(incomes)) <= 0).all()


def test_rows_without_weight_are_not_learnt_from():
    X, y = applicants(3_000)
    weight = np.ones(3_000)
    weight[700:1_500] = 0  # a whole batch and parts of two
    nothing = weight == 0
    other = X.assign(income=np.where(nothing, 7.0, X["income"]))
    options = BoostOptions(**SHARED, **in_batches(600))
    first, second = (
        raw(BoostedModel(options=options).fit(frame, target, sample_weight=weight))
        for frame, target in ((X, y), (other, np.where(nothing, 1 - y, y)))
    )
    assert first == second


def test_what_is_kept_on_disk_goes_with_the_fit(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    X, y = applicants(1_000)
    fitted(X, y, **in_batches(300))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ModelError, match="beyond single precision"):
        fitted(X.assign(income=np.where(np.arange(1_000) == 999, 1e300, X["income"])), y,
               **in_batches(300))  # fmt: skip
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [1, 7, 400, 401, 5_000])
def test_batches_of_a_file_are_its_rows_in_order(tmp_path, size):
    X, _ = applicants(1_000)
    X.loc[5, "job"] = None
    rows = stored(X, tmp_path)[["job", "income"]]
    if size == 1:
        rows = ParquetColumns(tmp_path / "rows.parquet", ["job", "income"])
    pieces = list(rows.batches(size))
    assert {len(piece) for piece in pieces[:-1]} <= {size}
    pd.testing.assert_frame_equal(pd.concat(pieces, ignore_index=True), X[["job", "income"]])


def test_batches_go_through_a_folder_file_by_file(tmp_path):
    X, _ = applicants(500)
    for name, part in (("b", X.iloc[200:]), ("a", X.iloc[:200])):
        (tmp_path / f"month={name}").mkdir()
        part.to_parquet(tmp_path / f"month={name}" / "rows.parquet", index=False)
    rows = ParquetColumns(tmp_path)
    whole = pd.concat(list(rows.batches(170)), ignore_index=True)
    pd.testing.assert_frame_equal(whole[list(X.columns)], X)
    assert whole["month"].tolist() == ["a"] * 200 + ["b"] * 300
    assert whole["month"].tolist() == rows["month"].tolist()


def test_a_file_that_was_cut_short_is_refused(tmp_path):
    X, _ = applicants(2_000)
    rows = stored(X, tmp_path)
    path = tmp_path / "rows.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:200] + bytes(len(whole) - 200))
    with pytest.raises(DataError, match="its rows cannot be read"):
        list(rows.batches(500))
