"""Put a finished run into MLflow: a SQLite store and a folder of artifacts, nothing hosted.

MLflow takes seconds to import, so it is imported inside the function that tracks.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from credit import __version__
from credit.pipeline.config import TrackingSection
from credit.pipeline.history import Entry, dumped

MONITORING = "monitoring"
"""The experiment of `credit monitor --track`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """Where a run ended up in MLflow."""

    run_id: str
    experiment: str
    tracking_uri: str
    model_version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What is tracked of a run, as plain data and files.

    Attributes
    ----------
    experiment : str
        The pipeline's name.
    parameters, metrics, tags : dict
        Flat; metrics are floats, parameters and tags are short texts.
    folder : Path
        The run's folder: report, tables, pictures, resolved pipeline file. Logged whole.
    artifact : Path
        The exported model, logged as a pyfunc model.
    example : DataFrame
        A few rows of features: the signature of the model is read off them.
    """

    experiment: str
    parameters: Mapping[str, object]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    folder: Path
    artifact: Path
    example: pd.DataFrame


def tracking_uri(section: TrackingSection) -> str:
    """Return MLflow's URI of the SQLite file, creating its folder."""
    database = Path(section.database).resolve()
    database.parent.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{database}"


@contextlib.contextmanager
def quiet_mlflow() -> Iterator[Any]:
    """Yield MLflow, its migration log and its dependencies' deprecations off the terminal."""
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
    names = ("alembic", "mlflow")
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            import mlflow

            yield mlflow
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, object]:
    """Flatten nested sections into ``section.key`` parameters; MLflow keeps 500 characters."""
    flat: dict[str, object] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{name}."))
        else:
            flat[name] = str(value)[:500]
    return flat


def track(record: RunRecord, section: TrackingSection) -> Tracked:
    """Log a finished run and register its model; return where it is.

    The run is written only after everything it holds exists, and deleted if that is
    interrupted, so that there is no half-filled run among the others.
    """
    with quiet_mlflow() as mlflow:
        uri = tracking_uri(section)
        with run_of(mlflow, record.experiment, record.tags, section) as run_id:
            mlflow.log_params(dict(record.parameters))
            mlflow.log_metrics(dict(record.metrics))
            mlflow.log_artifacts(str(record.folder))
            version = _log_model(mlflow, record, register=section.register_model)
    return Tracked(
        run_id=run_id, experiment=record.experiment, tracking_uri=uri, model_version=version
    )


@contextlib.contextmanager
def run_of(
    mlflow: Any,
    name: str,
    tags: Mapping[str, str],
    section: TrackingSection,
    parent: str | None = None,
) -> Iterator[str]:
    """Begin a run of an experiment, made where there is none; delete it if it is interrupted.

    With ``parent``, the run of that id that is open, it stands below it.
    """
    uri = tracking_uri(section)
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        artifacts = Path(section.artifacts).resolve()
        artifacts.mkdir(parents=True, exist_ok=True)
        experiment_id = client.create_experiment(
            name, artifact_location=(artifacts / name).as_uri()
        )
    else:
        experiment_id = experiment.experiment_id
    above = {} if parent is None else {"mlflow.parentRunId": parent}
    run = client.create_run(experiment_id, tags={**tags, **above})
    try:
        with mlflow.start_run(run_id=run.info.run_id, nested=parent is not None):
            yield run.info.run_id
    except BaseException:
        client.delete_run(run.info.run_id)
        raise


def track_watched(entry: Entry, section: TrackingSection) -> Tracked:
    """Log one result of monitoring as a run of the experiment `MONITORING`.

    Every number a check compares is a metric, ``<area>/<name>``; of a name that MLflow refuses the
    letters it refuses become ``_``. The entry itself is logged as JSON.
    """
    metrics = {
        re.sub(r"[^\w\-./ ]", "_", f"{check['area']}/{check['name']}", flags=re.ASCII): check["now"]
        for check in entry["checks"]
    }
    tags = {
        "period": str(entry["period"]),
        "artifact_sha256": entry["artifact"]["sha256"],
        "batch_sha256": entry["batch"]["sha256"],
        "alarm": str(entry["alarm"]).lower(),
    }
    with quiet_mlflow() as mlflow, run_of(mlflow, MONITORING, tags, section) as run_id:
        mlflow.log_metrics(metrics | {"rows": entry["rows"], "alarms": len(entry["alerts"])})
        mlflow.log_text(dumped(entry), "result.json")
    return Tracked(
        run_id=run_id, experiment=MONITORING, tracking_uri=tracking_uri(section), model_version=None
    )


def _log_model(mlflow: Any, record: RunRecord, *, register: bool) -> str | None:
    """Log the artifact as a models-from-code pyfunc and give its version an alias."""
    output = pd.DataFrame({"probability": [0.5], "points": [600], "grade": ["A"]})
    info = mlflow.pyfunc.log_model(
        name="model",
        python_model=str(Path(__file__).with_name("served.py")),
        artifacts={"artifact": str(record.artifact)},
        signature=mlflow.models.infer_signature(record.example, output),
        # The package itself is listed by version: the serving environment installs its wheel.
        pip_requirements=[f"credit=={__version__}", "mlflow", "pandas", "numpy"],
        registered_model_name=record.experiment if register else None,
    )
    if not register:
        return None
    client = mlflow.MlflowClient()
    version = str(info.registered_model_version)
    client.set_registered_model_alias(record.experiment, "challenger", version)
    try:
        client.get_model_version_by_alias(record.experiment, "champion")
    except mlflow.exceptions.MlflowException:
        client.set_registered_model_alias(record.experiment, "champion", version)
    return version
