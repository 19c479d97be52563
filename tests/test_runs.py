"""Runs listed and compared, and a challenger promoted only where the test allows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from test_cli import credit

from credit.errors import ConfigError
from credit.evaluate import delong_difference, nadeau_bengio
from credit.pipeline.config import TrackingSection
from credit.pipeline.promote import promote
from credit.pipeline.runs import finished_runs, list_runs, named, opened
from credit.pipeline.track import quiet_mlflow

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

DRAW = np.random.default_rng(8)
BAD = (DRAW.random(600) < 0.3).astype(int)
SCORES = {
    "champion": BAD + DRAW.normal(0, 1.0, 600),
    "better": BAD + DRAW.normal(0, 0.5, 600),
    "same": BAD + DRAW.normal(0, 1.0, 600),
    "worse": BAD + DRAW.normal(0, 4.0, 600),
    "elsewhere": BAD + DRAW.normal(0, 1.0, 600),
    "unregistered": BAD + DRAW.normal(0, 1.0, 600),
}
FOLDS = {"champion": [0.70, 0.72, 0.71, 0.70], "same": [0.71, 0.71, 0.72, 0.70]}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a tracked run for each of the scores; the first is the champion."""
    folder = tmp_path_factory.mktemp("runs")
    database = folder / "mlruns" / "mlflow.db"
    database.parent.mkdir()
    with quiet_mlflow() as mlflow:
        uri = f"sqlite:///{database}"
        client = mlflow.MlflowClient(uri, uri)
        experiment = client.create_experiment("loans", (folder / "artifacts").as_uri())
        client.create_registered_model("loans")
        for number, name in enumerate(SCORES):
            _run(client, experiment, name, 1_700_000_000_000 + number * 60_000, folder)
        client.set_registered_model_alias("loans", "champion", "1")
        client.set_registered_model_alias("loans", "challenger", "2")
    return folder


def _run(client: Any, experiment: str, name: str, started: int, folder: Path) -> None:
    tags = {"champion": "xgboost", "data_sha256": "ab" * 32, "who": name}
    run = client.create_run(experiment, start_time=started, tags=tags)
    identifier = run.info.run_id
    auc = roc_auc_score(BAD, SCORES[name])
    for key, value in {"auc": auc, "auc_low": auc - 0.02, "auc_high": auc + 0.02}.items():
        client.log_metric(identifier, f"xgboost_{key}", value)
    for key, value in {"seed": "7", "split.folds": "2", "models.xgboost.trials": name}.items():
        client.log_param(identifier, key, value)
    first = 10_000 if name == "elsewhere" else 0
    predictions = folder / "predictions.parquet"
    pd.DataFrame({
        "application_id": np.arange(600) + first, "as_of": 5, "bad": BAD, "xgboost": SCORES[name],
    }).sample(frac=1, random_state=started % 97).to_parquet(predictions)  # fmt: skip
    client.log_artifact(identifier, str(predictions))
    if name in FOLDS:
        folds = folder / "folds.csv"
        pd.DataFrame({"fold": range(4), "model": "xgboost", "auc": FOLDS[name]}).to_csv(folds)
        client.log_artifact(identifier, str(folds))
    if name != "unregistered":
        client.create_model_version("loans", run.info.artifact_uri, identifier)
    client.set_terminated(identifier)


@pytest.fixture
def section(home: Path) -> TrackingSection:
    return TrackingSection(database=str(home / "mlruns" / "mlflow.db"))


def ids(section: TrackingSection) -> dict[str, str]:
    with opened(section) as client:
        return {client.get_run(run.run_id).data.tags["who"]: run.run_id
                for run in finished_runs(client)}  # fmt: skip


def champion(section: TrackingSection) -> str:
    with opened(section) as client:
        return str(client.get_model_version_by_alias("loans", "champion").version)


def test_runs_are_listed_the_latest_first(home, section):
    shown = credit("runs", "--database", section.database)
    assert shown.returncode == 0, shown.stderr
    lines = [line for line in shown.stdout.splitlines() if "loans" in line]
    assert len(lines) == len(SCORES)
    known = ids(section)
    auc = roc_auc_score(BAD, SCORES["champion"])
    assert known["unregistered"][:8] in lines[0]
    for said in (known["champion"][:8], "2023-11-14 22:13", "xgboost v1", f"{auc:.4f} [",
                 "abababab", "champion"):  # fmt: skip
        assert said in lines[-1]
    assert "challenger" in lines[-2]


def test_two_runs_are_put_side_by_side(section):
    known = ids(section)
    metrics, changed = list_runs(section, [known["same"][:12], known["worse"]])
    assert metrics.rows[0][1].startswith(f"{roc_auc_score(BAD, SCORES['same']):.4f} [")
    assert metrics.rows[1] == ["ks", "-", "-"]
    assert changed.rows == [["models.xgboost.trials", "same", "worse"]]


@pytest.mark.parametrize(("given", "said"), [
    ({"names": ["only"]}, "name two runs to compare them, or none"),
    ({"names": ["zz", "yy"]}, "run 'zz': no finished run begins so"),
    ({"pipeline": "loan"}, "--pipeline 'loan': no run of it is tracked. Did you mean 'loans'"),
])  # fmt: skip
def test_runs_that_are_not_there(section, given, said):
    with pytest.raises(ConfigError, match=said):
        list_runs(section, given.get("names", ()), pipeline=given.get("pipeline"))


def test_a_beginning_that_several_runs_share_is_refused(section):
    with opened(section) as client, pytest.raises(ConfigError, match="6 runs begin so"):
        named(finished_runs(client), "")


def test_a_database_that_is_not_there_is_not_made(tmp_path):
    missing = TrackingSection(database=str(tmp_path / "mlruns" / "mlflow.db"))
    with pytest.raises(ConfigError, match=r"no such database of runs.*credit train"):
        list_runs(missing)
    assert list(tmp_path.iterdir()) == []


def test_without_yes_the_test_is_shown_and_nothing_moves(section):
    shown = credit("promote", ids(section)["better"], "--database", section.database)
    test = delong_difference(BAD, SCORES["better"], SCORES["champion"])
    assert shown.returncode == 0, shown.stderr
    assert f"{test.difference:.4f} [{test.low:.4f}, {test.high:.4f}]" in shown.stdout
    assert "is significantly better than the champion" in shown.stdout
    assert "Nothing was moved: pass --yes" in shown.stdout
    assert champion(section) == "1"


def test_the_same_folds_are_compared_fold_by_fold(section):
    found = promote(section, ids(section)["same"], yes=False, force=False)
    gaps = np.array(FOLDS["same"]) - np.array(FOLDS["champion"])
    test = nadeau_bengio(gaps, n_train=1, n_test=1)
    assert found.tables[0].title == "AUC, corrected t over the same 4 folds"
    assert found.tables[0].rows[0][2] == (
        f"{test.difference:.4f} [{test.low:.4f}, {test.high:.4f}]"
    )
    assert "does not differ significantly" in found.sentences[0]


def test_a_significantly_worse_challenger_is_refused_in_the_words_of_the_test(section):
    done = credit("promote", ids(section)["worse"], "--yes", "--database", section.database)
    assert done.returncode == 1
    assert "The challenger is significantly worse than the champion: AUC -0." in done.stderr
    assert "DeLong on 600 rows that both scored out of sample" in done.stderr
    assert "not promoted without --force" in done.stderr
    assert champion(section) == "1"


def test_runs_without_common_rows_cannot_be_compared(section):
    known = ids(section)
    with pytest.raises(ConfigError, match=r"scored 0 rows in common.*--force, untested"):
        promote(section, known["elsewhere"], yes=True, force=False)
    forced = promote(section, known["elsewhere"], yes=False, force=True)
    assert "no test was made" in forced.sentences[0]
    with pytest.raises(ConfigError, match="its model was not registered"):
        promote(section, known["unregistered"], yes=True, force=True)
    assert champion(section) == "1"


def test_the_alias_moves_on_yes_and_force(section):
    known = ids(section)
    moves = [("better", False, "2"), ("worse", True, "4"), ("champion", False, "1")]
    for name, force, version in moves:
        found = promote(section, known[name], yes=True, force=force)
        assert found.moved
        assert f"is now version {version}" in found.sentences[-1]
        assert champion(section) == version
    again = promote(section, known["champion"], yes=True, force=False)
    assert "is the champion already" in again.sentences[0]
    assert not again.moved
