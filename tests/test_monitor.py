"""A batch against the reference: quiet where nothing happened, an alarm where something did."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from golden_artifacts import ROWS, applicants, golden
from test_runtime import documents, save
from typer.testing import CliRunner

from credit import artifact, runtime
from credit.cli.commands import app
from credit.errors import ConfigError, DataError
from credit.evaluate import psi
from credit.monitor import watch
from credit.pipeline.watching import printed, watch_file

GOLDEN = {one.name: one for one in golden()}


def watched(scorer: runtime.Scorer, frame: pd.DataFrame) -> pd.DataFrame:
    return watch(scorer, artifact.columns_of(frame, scorer.features))


@pytest.mark.parametrize("name", GOLDEN)
def test_the_rows_of_the_reference_are_the_reference(name: str) -> None:
    scorer = runtime.load(GOLDEN[name].folder)
    found = watched(scorer, applicants(ROWS, 3))
    assert found["psi"].tolist() == [0.0] * len(found)
    assert not found["shifted"].any()
    assert found["part"].tolist() == ["points", "grades", *["feature"] * 4]
    np.testing.assert_array_equal(found["missing_before"], found["missing_now"])
    assert set(found["unseen"]) == {0.0}


def test_people_like_those_of_the_reference_raise_no_alarm() -> None:
    """Of sixty batches from the same law, at most one in twenty is beyond chance anywhere."""
    scorer = runtime.load(GOLDEN["1-scorecard"].folder)
    tables = [watched(scorer, applicants(800, seed)) for seed in range(100, 160)]
    assert sum(table["shifted"].any() for table in tables) <= 6
    assert not any(table["alarm"].any() for table in tables)


def test_a_shift_raises_the_alarm_of_its_feature_and_of_the_points() -> None:
    scorer = runtime.load(GOLDEN["1-blended"].folder)
    frame = applicants(800, 5)
    frame["income"] -= 1.0
    frame.loc[:199, "segment"] = "new product"
    frame.loc[300:499, "share"] = np.nan
    found = watched(scorer, frame).set_index("name")
    assert found.loc["income", "alarm"]
    assert found.loc["segment", "alarm"]
    assert found.loc["share", "alarm"]
    assert not found.loc["night", "alarm"]
    assert found.loc["segment", "unseen"] == 0.25
    assert found.loc["share", "missing_now"] == frame["share"].isna().mean()
    by_part = watched(scorer, frame).set_index("part")
    assert by_part.loc["points", "alarm"]
    features = watched(scorer, frame).query("part == 'feature'")["psi"]
    assert features.is_monotonic_decreasing


def test_indices_are_those_of_counts_in_the_bins_of_the_reference() -> None:
    scorer = runtime.load(GOLDEN["1-scorecard"].folder)
    frame = applicants(500, 6)
    found = watched(scorer, frame).set_index("name")
    reference = scorer.reference["features"]["income"]
    values = frame["income"].to_numpy()
    bins = np.searchsorted(reference["edges"], values[~np.isnan(values)], side="right")
    counts = np.bincount(bins, minlength=len(reference["counts"])).tolist()
    expected = psi(
        [*reference["counts"], reference["missing"]], [*counts, int(np.isnan(values).sum())]
    )
    assert found.loc["income", "psi"] == expected.psi


def test_a_small_shift_of_a_large_batch_is_no_alarm() -> None:
    scorer = runtime.load(GOLDEN["1-scorecard"].folder)
    frame = applicants(20_000, 7)
    frame["income"] += 0.15
    found = watched(scorer, frame).set_index("name").loc["income"]
    assert found["shifted"]
    assert not found["alarm"]
    columns = artifact.columns_of(frame, scorer.features)
    strict = watch(scorer, columns, least=0.01).set_index("name")
    assert strict.loc["income", "alarm"]


def test_what_cannot_be_watched_is_refused(tmp_path: Path) -> None:
    scorer = runtime.load(GOLDEN["1-scorecard"].folder)
    with pytest.raises(DataError, match="batch: no rows"):
        watched(scorer, applicants(5, 1).iloc[:0])
    bare = runtime.load(save(tmp_path / "bare", documents()))
    with pytest.raises(DataError, match="has no distributions to compare with"):
        watch(bare, {"night_share": [0.1], "segment": ["sme"]})
    with pytest.raises(ConfigError, match="--least -1"):
        watch_file(GOLDEN["1-scorecard"].folder, tmp_path / "rows.csv", least=-1)


def test_the_command_exits_with_1_on_an_alarm(tmp_path: Path) -> None:
    folder = str(GOLDEN["1-scorecard"].folder)
    frame = applicants(600, 8).assign(customer_id=range(600))
    frame.to_parquet(tmp_path / "calm.parquet")
    frame.assign(income=frame["income"] - 2).to_parquet(tmp_path / "moved.parquet")
    calm = CliRunner().invoke(app, ["monitor", folder, str(tmp_path / "calm.parquet")])
    assert calm.exit_code == 0, calm.output
    moved = CliRunner().invoke(app, ["monitor", folder, str(tmp_path / "moved.parquet"), "--json"])
    assert moved.exit_code == 1
    rows = json.loads(moved.output)
    assert {row["name"] for row in rows if row["alarm"]} >= {"income"}
    table = printed(watch_file(Path(folder), tmp_path / "moved.parquet"))
    assert table.title == f"against the reference: {sum(row['alarm'] for row in rows)} alarm(s)"
    assert [table.rows[0][0], table.rows[0][-1]] == ["points", "ALARM"]
