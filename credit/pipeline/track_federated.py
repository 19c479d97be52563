"""A federated run in MLflow: a parent with what was found, and a run of each party's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from credit.federated.record import FederatedResult, Interval, PartyRow
from credit.pipeline.config import Pipeline
from credit.pipeline.track import quiet_mlflow, run_of


def track_federated(found: FederatedResult, folder: Path, config: Pipeline) -> str:
    """Log a finished run and one of each party below it; return the parent's id.

    All of them are deleted if that is interrupted.
    """
    section = config.tracking
    name = f"{config.name}-federated"
    tags = {"pipeline": config.name, "config_sha256": config.sha256, "divided_by": found.divided_by}
    below: list[str] = []
    with quiet_mlflow() as mlflow:
        try:
            with run_of(mlflow, name, tags, section) as parent:
                for model, cost in found.costs.items():
                    mlflow.log_metric(f"{model}_cost_ratio", cost.ratio)
                for file in (path for path in folder.iterdir() if path.is_file()):
                    mlflow.log_artifact(str(file))
                places = sorted(path for path in (folder / "parties").iterdir() if path.is_dir())
                for party, place in zip(found.parties, places, strict=True):
                    with run_of(mlflow, name, {"party": party}, section, parent) as own:
                        below.append(own)
                        _log_party(mlflow, found, party, place)
        except BaseException:
            for own in below:
                mlflow.MlflowClient().delete_run(own)
            raise
    return parent


def _log_party(mlflow: Any, found: FederatedResult, party: str, place: Path) -> None:
    for row in (row for row in found.rows if row.party == party):
        mlflow.log_metrics({f"{row.model}_{name}": value for name, value in _metrics(row)})
        mlflow.set_tag(f"{row.model}_sha256", row.model_sha256)
    mlflow.log_artifacts(str(place))


def _metrics(row: PartyRow) -> Iterator[tuple[str, float]]:
    yield from {"train_rows": float(row.train_rows), "train_bads": float(row.train_bads)}.items()
    yield from {"alone_cpu": row.alone_seconds, "federated_cpu": row.federated_seconds}.items()
    ways = {"alone": row.alone, "federated": row.federated, "central": row.central}
    for way, found in ways.items():
        if found is not None:
            yield from _ends(f"auc_{way}", found.auc)
            yield from _ends(f"ks_{way}", found.ks)
    if row.gain is not None:
        yield from _ends("auc_gain", row.gain)
    yield from _ends("auc_short", row.short)


def _ends(name: str, found: Interval) -> Iterator[tuple[str, float]]:
    yield name, found.value
    yield f"{name}_low", found.low
    yield f"{name}_high", found.high
