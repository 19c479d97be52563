"""Write a finished experiment: artifacts, tables, report, MLflow run; visible only when whole."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit import policy as policies
from credit.artifact import ArtifactSpec, Provenance, write
from credit.calibrate import default_master_scale
from credit.dataset import Dataset
from credit.errors import DataError
from credit.pipeline import words
from credit.pipeline.assess import Assessment
from credit.pipeline.config import Pipeline
from credit.pipeline.fit import Fitted, Plan
from credit.pipeline.screen import Screening
from credit.pipeline.shares import dimension_shares
from credit.pipeline.tables import Progress
from credit.pipeline.track import RunRecord, flatten, track
from credit.pipeline.words import Printed, records
from credit.split import Fold

EXPORTED = ("scorecard", "xgboost")
"""Kinds of model that a service can load."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Everything an experiment has found, before it is written."""

    config: Pipeline
    started: datetime
    stamp: str
    whole: Dataset
    data: Dataset
    fold: Fold
    shared: Plan
    fitted: list[Fitted]
    champion: Fitted
    assessment: Assessment
    screening: Screening
    trials: pd.DataFrame | None
    data_sha256: str
    notes: list[str]
    bayes: npt.NDArray[np.float64] | None
    true_shares: dict[str, float] | None

    @property
    def learnt(self) -> npt.NDArray[np.int64]:
        """Positions of the rows the models were fitted on."""
        return self.fold.train


def export(
    outcome: Outcome, tables: list[Printed], progress: Progress
) -> tuple[dict[str, str], Printed]:
    """Write the run's folder, then track it; return where things are, and the share table.

    The folder is written under a hidden name and renamed at the end, so an interrupted run
    leaves nothing that looks finished.
    """
    from credit.pipeline.pages import report_page, write_report

    config = outcome.config
    home = Path(config.output) / config.name
    home.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{outcome.stamp}-", dir=home))
    try:
        progress("explaining", 0.0)
        shares = shares_of(outcome)
        progress("explaining", 1.0)
        progress("writing artifacts and report", 0.0)
        for fitted in outcome.fitted:
            if fitted.name in EXPORTED:
                write_artifact(temporary / f"artifact-{fitted.name}", fitted, outcome)
        share_table = _share_table(shares)
        write_tables(temporary, outcome, [*tables, share_table], shares)
        page = report_page(outcome, shares, tables, share_table)
        write_report(temporary / "report.html", page)
        temporary.chmod(0o755)
        final = home / outcome.stamp
        temporary.rename(final)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    progress("writing artifacts and report", 1.0)
    _point(home / "latest", final)
    places = {
        "report": str(final / "report.html"),
        "artifact": str(final / f"artifact-{outcome.champion.name}"),
    }
    if config.tracking.enabled:
        progress("tracking in MLflow", 0.0)
        places["mlflow"] = _tracked(outcome, final, shares)
        progress("tracking in MLflow", 1.0)
    return places, share_table


def _point(link: Path, target: Path) -> None:
    """Let ``latest`` point at the newest run, replacing the old link in one step."""
    fresh = link.with_name(f".{link.name}-{target.name}")
    fresh.symlink_to(target.name)
    fresh.replace(link)


def shares_of(outcome: Outcome) -> dict[str, pd.DataFrame]:
    """Return each learnt model's dimension shares; a model they do not move has a note instead."""
    rows = outcome.learnt
    X = outcome.data.X.iloc[rows]
    y = outcome.data.y.iloc[rows].to_numpy(dtype=np.int64)
    found = {}
    for fitted in outcome.fitted:
        dimensions = set((fitted.model.dimensions or {}).values()) - {"application"}
        if len(dimensions) < 2:
            continue
        try:
            found[fitted.name] = dimension_shares(
                fitted,
                X,
                y,
                person=outcome.data.person.iloc[rows].to_numpy(),
                policy=dict(outcome.shared.policy_weights),
                seed=outcome.config.seed,
            )
        except DataError as error:
            outcome.notes.append(f"{fitted.label}: no dimension shares: {error}")
    return found


def write_artifact(folder: Path, fitted: Fitted, outcome: Outcome) -> None:
    """Export one fitted model with everything a service needs to trust and explain it."""
    own = outcome.assessment.metrics.query("model == @fitted.name")
    spec = ArtifactSpec(
        sample=outcome.data.X.iloc[outcome.learnt],
        scale=outcome.shared.scale,
        calibration=fitted.calibration,
        grades=default_master_scale(),
        provenance=Provenance(
            data_sha256=outcome.data_sha256,
            policy=policies.load(outcome.config.policy),
            metrics={
                row.metric: {"value": row.value, "low": _finite(row.low), "high": _finite(row.high)}
                for row in records(own)
            },
        ),
        catalogue=outcome.data.catalogue,
    )
    write(folder, fitted.model, spec)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def write_tables(
    folder: Path, outcome: Outcome, tables: list[Printed], shares: dict[str, pd.DataFrame]
) -> None:
    """Write the numbers behind the run as CSV and JSON, and the features as Parquet."""
    (folder / "pipeline.json").write_text(
        json.dumps(outcome.config.resolved(), indent=2, ensure_ascii=False) + "\n",
        encoding="utf-8",
    )
    (folder / "printed.txt").write_text(
        "\n\n".join(words.plain(table) for table in tables if table.rows) + "\n", encoding="utf-8"
    )
    outcome.assessment.metrics.to_csv(folder / "metrics.csv", index=False)
    outcome.screening.report.to_csv(folder / "features.csv", index=False)
    if outcome.assessment.folds is not None:
        outcome.assessment.folds.to_csv(folder / "folds.csv", index=False)
    if outcome.trials is not None and len(outcome.trials):
        outcome.trials.to_csv(folder / "trials.csv", index=False)
    for name, table in shares.items():
        table.to_csv(folder / f"shares-{name}.csv", index=False)
    for fitted in outcome.fitted:
        if fitted.name == "scorecard":
            fitted.model.table_.to_csv(folder / "scorecard.csv", index=False)
    rows = outcome.data.X.iloc[outcome.assessment.rows]
    scored = rows.assign(
        application_id=outcome.data.application_id.iloc[outcome.assessment.rows],
        customer_id=outcome.data.person.iloc[outcome.assessment.rows],
        as_of=outcome.data.as_of.iloc[outcome.assessment.rows],
    )
    keys = ["application_id", "customer_id", "as_of"]
    scored[[*keys, *rows.columns]].to_parquet(folder / "rows.parquet", index=False)
    predicted = scored[keys].assign(
        bad=outcome.data.y.iloc[outcome.assessment.rows].astype("int8"),
        **outcome.assessment.probability,
    )
    predicted.to_parquet(folder / "predictions.parquet", index=False)


def _tracked(outcome: Outcome, folder: Path, shares: dict[str, pd.DataFrame]) -> str:
    metrics = {
        f"{row.model}_{row.metric}{suffix}": float(value)
        for row in records(outcome.assessment.metrics)
        for suffix, value in (("", row.value), ("_low", row.low), ("_high", row.high))
        if np.isfinite(value)
    }
    for name, alarm in outcome.assessment.ceiling.items():
        metrics[f"{name}_share_of_attainable"] = alarm.share_of_attainable
        metrics[f"{name}_errors_above_ceiling"] = alarm.standard_errors
    for name, table in shares.items():
        for row in records(table):
            metrics[f"{name}_share_{row.dimension}"] = float(row.share)
    tracked = track(
        RunRecord(
            experiment=outcome.config.name,
            parameters=flatten(outcome.config.resolved()),
            metrics=metrics,
            tags={
                "data_sha256": outcome.data_sha256,
                "pipeline_sha256": outcome.config.sha256,
                "champion": outcome.champion.name,
            },
            folder=folder,
            artifact=folder / f"artifact-{outcome.champion.name}",
            example=outcome.data.X.iloc[outcome.learnt[:5]],
        ),
        outcome.config.tracking,
    )
    return f"run {tracked.run_id} in {outcome.config.tracking.database}"


def _share_table(shares: dict[str, pd.DataFrame]) -> Printed:
    """Return one row a dimension: the policy's weight, then each model's share of the score."""
    by_model = {name: table.set_index("dimension") for name, table in shares.items()}
    dimensions = dict.fromkeys(d for table in by_model.values() for d in table.index)
    policy = pd.concat([table["policy"] for table in by_model.values()]) if by_model else None
    rows = []
    for dimension in dimensions:
        weight = None if policy is None else float(policy.groupby(level=0).first()[dimension])
        cells = [str(dimension), words.percent(weight, 0)]
        for table in by_model.values():
            if dimension not in table.index:
                cells.append("-")
                continue
            one = table.loc[dimension]
            cells.append(
                f"{words.percent(one['share'])} [{words.percent(one['share_low'])}, "
                f"{words.percent(one['share_high'])}]"
            )
        rows.append(cells)
    title = "what moves the score: learnt covariance shares"
    return Printed(title, ["dimension", "policy", *by_model], rows)
