"""What MLflow holds of finished runs: one row a run, and two runs side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from credit.errors import ConfigError, nearest
from credit.pipeline.config import TrackingSection
from credit.pipeline.track import quiet_mlflow, tracking_uri
from credit.pipeline.words import Printed, interval

SHORT = 8
"""Digits of a hash or a run that are shown; as many name a run where they are unique."""

METRICS = ("auc", "ks", "log_loss", "brier")
"""Metrics two runs are compared in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedRun:
    """A finished run.

    Attributes
    ----------
    run_id, pipeline, model : str
        ``model`` is the one that was exported and registered.
    started : datetime
        UTC.
    metrics, parameters : dict
        As tracked: ``<model>_<metric>``, with ``_low`` and ``_high`` where there is an interval.
    data_sha256 : str
    version : str or None
        Version of the registered model; None where it was not registered.
    aliases : tuple of str
        ``champion``, ``challenger``, or others that point at this version.
    """

    run_id: str
    pipeline: str
    model: str
    started: datetime
    metrics: dict[str, float]
    parameters: dict[str, str]
    data_sha256: str
    version: str | None = None
    aliases: tuple[str, ...] = field(default=())

    def metric(self, name: str) -> str:
        """Write a metric of the exported model with its interval."""
        key = f"{self.model}_{name}"
        found = self.metrics
        if key not in found:
            return "-"
        return interval(found[key], found.get(f"{key}_low"), found.get(f"{key}_high"))


@contextmanager
def opened(section: TrackingSection) -> Iterator[Any]:
    """Yield MLflow's client of a database that exists.

    Raises
    ------
    ConfigError
        There is no such file.
    """
    database = Path(section.database)
    if not database.is_file():
        raise ConfigError(
            f"{database}: there is no such database of runs. `credit train` makes one, where the "
            "pipeline file's [tracking] says; name it with --database."
        )
    with quiet_mlflow() as mlflow:
        uri = tracking_uri(section)
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        yield mlflow.MlflowClient(uri, uri)


def finished_runs(client: Any, pipeline: str | None = None) -> list[TrackedRun]:
    """Return the finished runs, the latest first.

    Raises
    ------
    ConfigError
        No such pipeline was tracked.
    """
    experiments = {e.experiment_id: e.name for e in client.search_experiments()}
    if pipeline is not None:
        known = [name for name in experiments.values() if name != "Default"]
        if pipeline not in known:
            raise ConfigError(
                f"--pipeline {pipeline!r}: no run of it is tracked.{nearest(pipeline, known)} "
                f"Tracked are {sorted(known)}."
            )
        experiments = {key: name for key, name in experiments.items() if name == pipeline}
    registered = _registered(client)
    found = client.search_runs(list(experiments), "attributes.status = 'FINISHED'")
    runs = [_tracked(run, experiments, registered) for run in found if "champion" in run.data.tags]
    return sorted(runs, key=lambda run: run.started, reverse=True)


def _registered(client: Any) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return run -> version of its registered model, and the aliases of that version."""
    aliases: dict[tuple[str, str], list[str]] = {}
    for model in client.search_registered_models():
        for alias, version in model.aliases.items():
            aliases.setdefault((model.name, str(version)), []).append(alias)
    return {
        version.run_id: (
            str(version.version),
            tuple(sorted(aliases.get((version.name, str(version.version)), []))),
        )
        for version in client.search_model_versions()
    }


def _tracked(
    run: Any, experiments: dict[str, str], registered: dict[str, tuple[str, tuple[str, ...]]]
) -> TrackedRun:
    version, aliases = registered.get(run.info.run_id, (None, ()))
    return TrackedRun(
        run_id=run.info.run_id,
        pipeline=experiments[run.info.experiment_id],
        model=run.data.tags["champion"],
        started=datetime.fromtimestamp(run.info.start_time / 1000, tz=UTC),
        metrics=dict(run.data.metrics),
        parameters=dict(run.data.params),
        data_sha256=run.data.tags.get("data_sha256", ""),
        version=version,
        aliases=aliases,
    )


def named(runs: Sequence[TrackedRun], name: str) -> TrackedRun:
    """Return the run whose identifier begins with ``name``.

    Raises
    ------
    ConfigError
        None does, or several do.
    """
    found = [run for run in runs if run.run_id.startswith(name)]
    if len(found) == 1:
        return found[0]
    shown = [run.run_id[:SHORT] for run in found or runs][:5]
    what = "no finished run begins so" if not found else f"{len(found)} runs begin so"
    raise ConfigError(f"run {name!r}: {what}; `credit runs` lists them, for instance {shown}.")


def run_table(runs: Sequence[TrackedRun]) -> Printed:
    """Return one row a run: which, when, of what, how good, on which data, under which alias."""
    rows = [
        [
            run.run_id[:SHORT],
            f"{run.started:%Y-%m-%d %H:%M}",
            run.pipeline,
            run.model if run.version is None else f"{run.model} v{run.version}",
            run.metric("auc"),
            run.data_sha256[:SHORT],
            ", ".join(run.aliases),
        ]
        for run in runs
    ]
    columns = ["run", "started (UTC)", "pipeline", "model", "AUC [95 %]", "data", "alias"]
    return Printed(f"{len(rows)} runs", columns, rows)


def side_by_side(first: TrackedRun, second: TrackedRun) -> list[Printed]:
    """Return two runs' metrics, and the parameters in which they differ."""
    columns = ["", *(f"{run.run_id[:SHORT]} {run.model}" for run in (first, second))]
    metrics = [[name, first.metric(name), second.metric(name)] for name in METRICS]
    one, other = ({"data": run.data_sha256[:SHORT], **run.parameters} for run in (first, second))
    changed = [
        [name, one.get(name, "-"), other.get(name, "-")]
        for name in dict.fromkeys([*one, *other])
        if one.get(name) != other.get(name)
    ]
    return [Printed("metrics", columns, metrics), Printed("what differs", columns, changed)]


def list_runs(
    section: TrackingSection, names: Sequence[str] = (), *, pipeline: str | None = None
) -> list[Printed]:
    """Return a table of all runs; or, for two runs named, their figures side by side.

    Raises
    ------
    ConfigError
        One run or more than two are named, or a name that is no run's.
    """
    if len(names) not in (0, 2):
        raise ConfigError(
            f"runs {list(names)}: name two runs to compare them, or none to list all."
        )
    with opened(section) as client:
        runs = finished_runs(client, pipeline)
    if not names:
        return [run_table(runs)]
    first, second = (named(runs, name) for name in names)
    return side_by_side(first, second)
