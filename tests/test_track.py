"""What a run leaves in MLflow: figures, files, and a model that loads by its alias."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from experiment import Finished
from golden_artifacts import applicants, golden

from credit.federated.record import Cost, FederatedResult, Interval, PartyRow, Quality
from credit.pipeline import track as track_module
from credit.pipeline import track_federated as track_federated_module
from credit.pipeline.config import Pipeline, TrackingSection
from credit.pipeline.track import RunRecord, flatten, track, track_watched
from credit.pipeline.track_federated import track_federated
from credit.pipeline.watching import WatchRequest, watch_file

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture
def client(experiment: Finished) -> Iterator[Any]:
    """Return MLflow's client for the experiment's database."""
    with track_module.quiet_mlflow() as mlflow:
        uri = f"sqlite:///{experiment.home / 'mlruns' / 'mlflow.db'}"
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        yield mlflow.MlflowClient(uri, uri)


def only_run(client: Any) -> Any:
    experiment = client.get_experiment_by_name("small")
    (run,) = client.search_runs([experiment.experiment_id])
    return run


def test_the_run_holds_the_figures_of_the_run(experiment: Finished, client: Any):
    run = only_run(client)
    assert run.info.status == "FINISHED"
    written = pd.read_csv(experiment.folder / "metrics.csv")
    for row in written.itertuples():
        assert run.data.metrics[f"{row.model}_{row.metric}"] == pytest.approx(row.value, abs=1e-12)
        if np.isfinite(row.low):
            assert run.data.metrics[f"{row.model}_{row.metric}_low"] == pytest.approx(row.low)
    for model, alarm in experiment.outcome.assessment.ceiling.items():
        assert run.data.metrics[f"{model}_share_of_attainable"] == alarm.share_of_attainable
    assert run.data.tags["data_sha256"] == experiment.outcome.data_sha256
    assert run.data.tags["champion"] == experiment.outcome.champion.name
    assert run.data.tags["policy_sha256"] == experiment.outcome.shared.policy.sha256
    assert run.data.params["models.xgboost.trials"] == "2"
    assert run.data.params["seed"] == "3"


def test_the_run_holds_the_whole_folder(experiment: Finished, client: Any):
    run = only_run(client)
    logged = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert {path.name for path in experiment.folder.iterdir()} <= logged
    for name in ("tables", "plots"):
        inside = {file.path for file in client.list_artifacts(run.info.run_id, name)}
        assert inside == {f"{name}/{path.name}" for path in (experiment.folder / name).iterdir()}
    assert run.data.tags["code_sha256"] == experiment.outcome.lineage.code["credit SHA-256"]
    assert Path(client._tracking_client.tracking_uri.removeprefix("sqlite:///")).is_file()


def test_the_model_loads_by_its_alias_and_predicts_the_same(experiment: Finished, client: Any):
    import mlflow

    for alias in ("challenger", "champion"):  # the first version is both
        model = mlflow.pyfunc.load_model(f"models:/small@{alias}")
        names = [column.name for column in model.metadata.get_input_schema()]
        rows = pd.read_parquet(experiment.folder / "rows.parquet")
        answer = model.predict(rows[names])
        predicted = pd.read_parquet(experiment.folder / "predictions.parquet")
        champion = experiment.outcome.champion.name
        np.testing.assert_allclose(answer["probability"], predicted[champion], rtol=1e-12)
        assert list(answer.columns) == ["probability", "points", "grade"]


def record_of(experiment: Finished) -> RunRecord:
    return RunRecord(
        experiment="again",
        parameters={"a": 1},
        metrics={"auc": 0.7},
        tags={"champion": "scorecard"},
        folder=experiment.folder / "artifact-scorecard",
        artifact=experiment.folder / "artifact-scorecard",
        example=experiment.outcome.data.X.head(),
    )


def test_a_second_version_challenges_and_the_champion_stays(experiment: Finished, client: Any):
    section = TrackingSection(
        database=str(experiment.home / "mlruns" / "mlflow.db"),
        artifacts=str(experiment.home / "mlruns" / "artifacts"),
    )
    first = track(record_of(experiment), section)
    second = track(record_of(experiment), section)
    assert (first.model_version, second.model_version) == ("1", "2")
    assert client.get_model_version_by_alias("again", "champion").version in {"1", 1}
    assert client.get_model_version_by_alias("again", "challenger").version in {"2", 2}
    without = track(
        replace(record_of(experiment), experiment="bare"),
        section.model_copy(update={"register_model": False}),
    )
    assert without.model_version is None
    assert not client.search_registered_models("name = 'bare'")


@pytest.mark.parametrize("fault", [KeyboardInterrupt, OSError])
def test_an_interrupted_tracking_leaves_no_run(experiment, client, monkeypatch, fault):
    def stop(*_arguments: object, **_options: object) -> None:
        raise fault

    monkeypatch.setattr(track_module, "_log_model", stop)
    name = f"stopped-{fault.__name__}"
    section = TrackingSection(
        database=str(experiment.home / "mlruns" / "mlflow.db"),
        artifacts=str(experiment.home / "mlruns" / "artifacts"),
    )
    with pytest.raises(fault):
        track(replace(record_of(experiment), experiment=name), section)
    made = client.get_experiment_by_name(name)
    assert client.search_runs([made.experiment_id]) == []

    import mlflow

    assert mlflow.active_run() is None


def test_parameters_are_flat_and_short():
    assert flatten({"a": {"b": {"c": 1}, "d": None}, "e": "x" * 900}) == {
        "a.b.c": "1",
        "a.d": "None",
        "e": "x" * 500,
    }


def test_the_database_is_where_the_pipeline_says_and_holds_one_finished_run(experiment):
    with sqlite3.connect(experiment.home / "mlruns" / "mlflow.db") as database:
        rows = database.execute(
            "select status from runs r join experiments e using (experiment_id) "
            "where e.name = 'small'"
        ).fetchall()
    database.close()
    assert rows == [("FINISHED",)]
    assert experiment.result.places["mlflow"].endswith("in mlruns/mlflow.db")


@contextmanager
def listening(experiment: Finished, *command: str) -> Iterator[str]:
    """Run a server of MLflow's on loopback; yield its address; end it with all it started."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    uri = f"sqlite:///{experiment.home / 'mlruns' / 'mlflow.db'}"
    # MLflow finds its web server on the path.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    server = subprocess.Popen(
        [sys.executable, "-m", "mlflow", *command, "--host", "127.0.0.1", "--port", str(port)],
        env={
            **os.environ,
            "PATH": path,
            "MLFLOW_TRACKING_URI": uri,
            "MLFLOW_REGISTRY_URI": uri,
            "MLFLOW_BACKEND_STORE_URI": uri,
            # The browser's workers of background jobs are processes that nobody asks for here.
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        },
        cwd=experiment.home,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"{address}/health", timeout=5).close()
                break
            except OSError:
                assert server.poll() is None, f"mlflow {command[0]} ended with {server.returncode}"
                assert time.monotonic() < until, f"mlflow {command[0]} does not answer"
                time.sleep(0.2)
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=60)


def asked(address: str, body: object) -> Any:
    request = urllib.request.Request(
        address, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


def test_the_model_is_served_over_http(experiment: Finished):
    rows = pd.read_parquet(experiment.folder / "rows.parquet").head(5)
    names = [column.name for column in experiment.outcome.data.catalogue]
    cells = rows[names].astype(object).where(rows[names].notna(), None)
    body = {"dataframe_split": cells.to_dict(orient="split", index=False)}
    serve = ("models", "serve", "--model-uri", "models:/small@champion", "--env-manager", "local")
    with listening(experiment, *serve) as address:
        answers = asked(f"{address}/invocations", body)["predictions"]
    expected = pd.read_parquet(experiment.folder / "predictions.parquet").head(5)
    champion = experiment.outcome.champion.name
    np.testing.assert_allclose(
        [answer["probability"] for answer in answers], expected[champion], rtol=1e-9
    )


def test_the_browser_of_runs_finds_the_run(experiment: Finished, client: Any):
    run = only_run(client)
    with listening(experiment, "server", "--workers", "1") as address:
        found = asked(
            f"{address}/api/2.0/mlflow/runs/search",
            {"experiment_ids": [run.info.experiment_id]},
        )["runs"]
        with urllib.request.urlopen(address, timeout=60) as page:
            assert b"MLflow" in page.read()
    assert [one["info"]["run_id"] for one in found] == [run.info.run_id]


def test_a_result_of_monitoring_is_a_run_of_its_own(experiment: Finished, client: Any, tmp_path):
    rows = tmp_path / "rows.parquet"
    applicants(300, 5).assign(application_id=range(300)).to_parquet(rows)
    folder = {one.name: one.folder for one in golden()}["1-scorecard"]
    entry, _ = watch_file(WatchRequest(artifact=folder, batch=rows, period="2024-05"))
    section = TrackingSection(
        database=str(experiment.home / "mlruns" / "mlflow.db"),
        artifacts=str(experiment.home / "mlruns" / "artifacts"),
    )
    tracked = track_watched(entry, section)
    run = client.get_run(tracked.run_id)
    assert tracked.experiment == client.get_experiment(run.info.experiment_id).name == "monitoring"
    assert run.data.metrics["rows"] == 300
    assert run.data.metrics["score/points"] == entry["checks"][0]["now"]
    assert run.data.tags["period"] == "2024-05"
    assert [file.path for file in client.list_artifacts(tracked.run_id)] == ["result.json"]


def federated_result() -> FederatedResult:
    """Return what two parties found."""

    def quality(value: float) -> Quality:
        around = Interval(value=value, low=value - 0.1, high=value + 0.1)
        return Quality(auc=around, ks=around)

    rows = [
        PartyRow(
            party=party, model="xgboost", train_rows=10, train_bads=2, test_rows=8, test_bads=2,
            alone=alone, federated=quality(0.7), central=quality(0.71),
            gain=None if alone is None else Interval(value=0.1, low=0.0, high=0.2),
            short=Interval(value=-0.01, low=-0.02, high=0.0),
            alone_seconds=1.0, federated_seconds=2.0, model_sha256="ab",
        )
        for party, alone in (("north", quality(0.6)), ("south", None))
    ]  # fmt: skip
    return FederatedResult(
        name="other", started="2026-01-01T00:00:00+00:00", parties=("north", "south"),
        divided_by="column region", rows=tuple(rows), leaving=(), unprotected=(),
        costs={"xgboost": Cost(central=2, federated=5)},
    )  # fmt: skip


def test_a_federated_run_has_a_run_of_each_party_below_it(
    experiment: Finished, client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for party in ("01-north", "02-south"):
        (tmp_path / "parties" / party).mkdir(parents=True)
        (tmp_path / "parties" / party / "scores.txt").write_text(party)
    (tmp_path / "result.json").write_text("{}")
    config = Pipeline(
        name="other",
        source={"kind": "world"},
        split={"kind": "out_of_time", "test_from": "2024-01-01"},
        tracking={
            "database": str(experiment.home / "mlruns" / "mlflow.db"),
            "artifacts": str(experiment.home / "mlruns" / "artifacts"),
        },
    )
    parent = track_federated(federated_result(), tmp_path, config)
    found = client.get_run(parent)
    assert found.data.metrics["xgboost_cost_ratio"] == 2.5
    runs = client.search_runs([found.info.experiment_id])
    below = {run.data.tags["party"]: run for run in runs if run.info.run_id != parent}
    assert set(below) == {"north", "south"}
    for run in below.values():
        assert run.data.tags["mlflow.parentRunId"] == parent
        assert run.info.status == "FINISHED"
    assert below["north"].data.metrics["xgboost_auc_gain"] == 0.1
    assert "xgboost_auc_alone" not in below["south"].data.metrics
    assert [f.path for f in client.list_artifacts(below["south"].info.run_id)] == ["scores.txt"]

    def fails(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(track_federated_module, "_log_party", fails)
    with pytest.raises(KeyboardInterrupt):
        track_federated(federated_result(), tmp_path, config)
    assert len(client.search_runs([found.info.experiment_id])) == 3
