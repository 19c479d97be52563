"""`credit monitor`: the history's rules, exit codes for a scheduler, alerts, the page."""

from __future__ import annotations

import json
import re
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from golden_artifacts import applicants, golden
from test_artifact_format import validator
from typer.testing import CliRunner

from credit import artifact, runtime
from credit.cli.commands import app
from credit.errors import ConfigError, DataError
from credit.pipeline import history as history_module
from credit.pipeline import watching as watching_module
from credit.pipeline.history import read_history
from credit.pipeline.watch_words import printed
from credit.pipeline.watching import ALERTS, WatchRequest, watch_and_write, watch_file

FOLDER = {one.name: one.folder for one in golden()}["1-scorecard"]
CUTOFF = 0.3


@cache
def people(period: str, seed: int = 0) -> pd.DataFrame:
    """Return 600 applicants of a month, with keys and a group."""
    frame = applicants(600, 300 + int(period[-2:]) + seed)
    hours = pd.date_range(f"{period}-01", periods=600, freq="h", tz="UTC")
    group = np.random.default_rng(seed).choice(["a", "b"], 600)
    return frame.assign(
        application_id=range(600), as_of=hours.as_unit("us").astype("int64"), of=group
    )


def asked(folder: Path, month: str, **more: Any) -> WatchRequest:
    frame = more.pop("frame", None)
    path = folder / f"{month}.parquet"
    (people(month) if frame is None else frame).to_parquet(path)
    common = {"group": "of", "cutoff": CUTOFF, "history": folder / "history"}
    return WatchRequest(artifact=FOLDER, batch=path, **(common | more))


def known(folder: Path, period: str, log_odds: float = 0.0) -> Path:
    """Write outcomes of a month by the probability that the artifact states, its odds moved."""
    scorer = runtime.load(FOLDER)
    frame = people(period)
    features = frame[[feature.name for feature in scorer.features]]
    stated = scorer.score(artifact.columns_of(features, scorer.features)).probability
    odds = stated / (1 - stated) * np.exp(log_odds)
    bad = np.random.default_rng([int(period[-2:]), 9]).random(600) < odds / (1 + odds)
    path = folder / f"{period}-outcomes.csv"
    found = pd.DataFrame({"application_id": range(600), "bad": bad.astype(int)})
    found[::-1].to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder whose history has four quiet months, and outcomes of the first."""
    folder = tmp_path_factory.mktemp("watching")
    for month in range(1, 5):
        entry, _ = watch_file(asked(folder, f"2024-{month:02d}"))
        assert not entry["alarm"], entry["alerts"]
    watch_file(asked(folder, "2024-01", outcomes=known(folder, "2024-01")))
    return folder


# -- the history


def test_the_history_keeps_every_result_and_counts_the_last(told: Path) -> None:
    names = sorted(path.name for path in (told / "history").glob("*.json"))
    assert names == [
        "2024-01.1.json", "2024-01.2.json", "2024-02.1.json", "2024-03.1.json", "2024-04.1.json",
    ]  # fmt: skip
    first = json.loads((told / "history" / "2024-02.1.json").read_text(encoding="utf-8"))
    entries = read_history(told / "history", first["artifact"]["sha256"])
    assert [entry["period"] for entry in entries] == [f"2024-0{month}" for month in range(1, 5)]
    assert entries[0]["seen"]["outcomes"]["rows"] == 600
    assert [len(entry["not_compared"]) for entry in entries] == [4, 2, 2, 1]
    assert entries[3]["checks"][-1]["area"] == "groups"


def test_the_same_result_is_added_once(told: Path) -> None:
    before = sorted((told / "history").iterdir())
    watch_file(asked(told, "2024-03"))
    assert sorted((told / "history").iterdir()) == before


def test_what_would_rewrite_the_history_is_refused(told: Path) -> None:
    before = sorted((told / "history").iterdir())
    with pytest.raises(ConfigError, match="2024-02 is in the history already, with another batch"):
        watch_file(asked(told, "2024-02", frame=people("2024-02", seed=1)))
    with pytest.raises(ConfigError, match="is in the history already, as 2024-03"):
        watch_file(asked(told, "2024-03", period="2024-05"))
    with pytest.raises(ConfigError, match="2024-01 is in the history with its outcomes"):
        watch_file(asked(told, "2024-01"))
    assert sorted((told / "history").iterdir()) == before
    asked(told, "2024-02")


def test_a_history_of_another_model_or_damaged_is_refused(told: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Begin a folder for every artifact"):
        read_history(told / "history", "0" * 64)
    (tmp_path / "2024-01.1.json").write_text('{"format": 1')
    with pytest.raises(DataError, match="damaged"):
        read_history(tmp_path, "0" * 64)
    (tmp_path / "2024-01.1.json").write_text('{"format": 2}')
    with pytest.raises(DataError, match="no result of monitoring of format 1"):
        read_history(tmp_path, "0" * 64)
    (tmp_path / "notes.json").write_text("{}")
    with pytest.raises(DataError, match="Keep a history in a folder of its own"):
        read_history(tmp_path, "0" * 64)


def test_a_crash_leaves_no_part_and_of_two_writers_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry, _ = watch_file(asked(tmp_path, "2024-01", history=None))

    def stop(*_arguments: object) -> None:
        raise KeyboardInterrupt

    def late(*_arguments: object) -> None:
        raise FileExistsError

    for fault, raised in ((stop, KeyboardInterrupt), (late, ConfigError)):
        monkeypatch.setattr(history_module.os, "link", fault)
        with pytest.raises(raised):
            history_module.add(tmp_path / "history", [], entry)
        assert list((tmp_path / "history").iterdir()) == []


# -- what a batch must be


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"period": "May"}, "--period 'May': write a month as 2024-05"),
        ({"group": "off"}, "--group: no column 'off'"),
        ({"cutoff": None}, "states no cut-off. Give --cutoff"),
        ({"outcome": "night"}, "--outcome 'night': the artifact has a feature of this name"),
    ],
)
def test_options_that_name_nothing_are_refused(
    tmp_path: Path, more: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        watch_file(asked(tmp_path, "2024-01", **more))


def test_the_period_is_the_month_of_the_batch(tmp_path: Path) -> None:
    both = pd.concat([people("2024-01"), people("2024-02")], ignore_index=True)
    with pytest.raises(ConfigError, match=r"\['2024-01', '2024-02'\], and a history has one"):
        watch_file(asked(tmp_path, "2024-01", frame=both))
    entry, _ = watch_file(asked(tmp_path, "2024-01", frame=both, history=None))
    assert entry["period"] is None
    texts = people("2024-01").assign(
        as_of=lambda rows: pd.to_datetime(rows["as_of"], unit="us", utc=True).astype(str)
    )
    entry, _ = watch_file(asked(tmp_path, "2024-01", frame=texts, history=None))
    assert (entry["period"], entry["seen"]["days"]) == ("2024-01", 31.0)
    with pytest.raises(DataError, match="as_of: not every row is an instant"):
        watch_file(asked(tmp_path, "2024-01", frame=texts.assign(as_of="May"), history=None))
    day, _ = watch_file(asked(tmp_path, "2024-01", history=None, period="2024-01-05"))
    assert day["seen"]["days"] == 1.0


def test_outcomes_find_their_rows_by_the_key(tmp_path: Path) -> None:
    path = known(tmp_path, "2024-01")
    entry, _ = watch_file(asked(tmp_path, "2024-01", outcomes=path, history=None))
    bad = pd.read_csv(path)
    assert entry["seen"]["outcomes"]["bads"] == bad["bad"].sum()
    inside = people("2024-01").assign(bad=bad.set_index("application_id")["bad"])
    same, _ = watch_file(asked(tmp_path, "2024-01", frame=inside, history=None))
    assert same["checks"] == entry["checks"]
    bad.assign(application_id=lambda rows: rows["application_id"] + 10_000).to_csv(path)
    with pytest.raises(DataError, match="of the 600 application_ids of the batch it has none"):
        watch_file(asked(tmp_path, "2024-01", outcomes=path, history=None))
    pd.concat([bad, bad]).to_csv(path)
    with pytest.raises(DataError, match="is there more than once"):
        watch_file(asked(tmp_path, "2024-01", outcomes=path, history=None))


# -- the command


def test_the_command_is_quiet_with_0_alarms_with_1_and_refuses_with_2(
    told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = told / "2024-04.parquet"
    people("2024-04").drop(columns="of").to_parquet(rows)
    command = ["monitor", str(FOLDER), str(rows)]
    quiet = CliRunner().invoke(app, command)
    assert quiet.exit_code == 0, quiet.output
    assert "not compared: outcomes: none is known yet." in quiet.output
    people("2024-04").drop(columns="of").assign(income=-3.0).to_parquet(rows)
    alerts = told / "alerts.json"
    alarm = CliRunner().invoke(app, [*command, "--alerts", str(alerts), "--json"])
    assert alarm.exit_code == 1
    entry = json.loads(alarm.output)
    written = json.loads(alerts.read_text(encoding="utf-8"))
    assert written == {name: entry[name] for name in ALERTS}
    validator("alerts").validate(written)
    assert {one["name"] for one in written["alerts"]} >= {"income", "points"}
    assert written["alerts"][0]["says"].startswith("score: points: PSI ")
    wrong = CliRunner().invoke(app, [*command, "--least", "-1"])
    assert wrong.exit_code == 2
    with monkeypatch.context() as broken:
        broken.setattr(watching_module, "load_artifact", lambda _path: 1 / 0)
        crash = CliRunner().invoke(app, command)
    assert crash.exit_code == 2
    nowhere = CliRunner().invoke(app, [*command, "--alerts", str(told / "no" / "alerts.json")])
    assert nowhere.exit_code == 2
    people("2024-04").to_parquet(rows)


def test_the_table_shows_what_moved_and_every_alarm(told: Path) -> None:
    entry, _ = watch_file(
        asked(told, "2024-02", history=None, frame=people("2024-02").assign(income=-3.0))
    )
    table = printed(entry)
    assert table.title == f"2024-02, 600 rows: {len(entry['alerts'])} alarm(s)"
    shown = {row[0]: row for row in table.rows}
    assert shown["score points"][1] == "ALARM"
    assert shown["features income"][1] == "ALARM"
    assert "gaps night missing" not in shown
    asked(told, "2024-02")


# -- the page


def test_the_page_needs_no_other_file_and_holds_every_period(told: Path, tmp_path: Path) -> None:
    shutil.copytree(told / "history", tmp_path / "history")
    bad = known(told, "2024-04", np.log(3))
    request = asked(told, "2024-04", outcomes=bad, history=tmp_path / "history")
    entry = watch_and_write(request, alerts=tmp_path / "alerts.json")
    assert {alert["area"] for alert in entry["alerts"]} == {"outcomes"}
    text = (tmp_path / "history" / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=\"(?!#)", text)
    assert "<script" not in text
    assert text.count("<svg") == 6
    assert re.findall(r"<h2[^>]*>([^<]*)</h2>", text) == [
        "Alarms of 2024-04", "Score and features", "Volume, approvals, reasons", "Groups",
        "Outcomes", "History", "When it is an alarm",
    ]  # fmt: skip
    assert "Recalibrate where rates are off" in text
    cells = re.findall(r"<td class=\"words short\">(2024-..)</td>", text)
    assert cells[:4] == [f"2024-0{at}" for at in (4, 3, 2, 1)]
    assert set(cells[4:]) == {"2024-04"}
