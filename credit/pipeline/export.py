"""Write a finished experiment: artifacts, tables, report, MLflow run; visible only when whole."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from credit.artifact import ArtifactSpec, Provenance, write
from credit.calibrate import default_master_scale
from credit.errors import DataError
from credit.pipeline import words
from credit.pipeline.findings import Findings
from credit.pipeline.fit import Fitted
from credit.pipeline.pages import report_page, write_report
from credit.pipeline.price import prices_of
from credit.pipeline.refusals import plan_of, refusal_metrics, refusals_of
from credit.pipeline.shares import dimension_shares
from credit.pipeline.tables import Progress
from credit.pipeline.track import RunRecord, flatten, track
from credit.pipeline.words import Printed, records
from credit.pipeline.worth import Weighed, weigh

EXPORTED = ("scorecard", "xgboost", "blend")
"""Kinds of model that a service can load."""


def export(
    findings: Findings, tables: list[Printed], progress: Progress
) -> tuple[dict[str, str], Printed]:
    """Write the run's folder, then track it; return where things are, and the share table.

    The folder is written under a hidden name and renamed at the end, so an interrupted run
    leaves nothing that looks finished.
    """
    config = findings.config
    home = Path(config.output) / config.name
    home.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{findings.stamp}-", dir=home))
    try:
        progress("explaining", 0.0)
        shares = shares_of(findings)
        prices = prices_of(findings)
        weighed = weigh(findings)
        progress("explaining", 1.0)
        progress("writing artifacts and report", 0.0)
        artifacts = {}
        for fitted in findings.fitted:
            if fitted.name in EXPORTED:
                artifacts[fitted.name] = temporary / f"artifact-{fitted.name}"
                write_artifact(artifacts[fitted.name], fitted, findings)
        findings = replace(findings, refusals=refusals_of(findings, artifacts))
        share_table = _share_table(shares)
        write_tables(temporary, findings, [*tables, share_table], shares)
        for name, table in prices.items():
            table.to_csv(temporary / f"price-of-policy-{name}.csv", index=False)
        write_weighed(temporary, weighed)
        page = report_page(findings, shares, prices, [*tables, share_table], weighed)
        write_report(temporary / "report.html", page)
        temporary.chmod(0o755)
        final = home / findings.stamp
        temporary.rename(final)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    progress("writing artifacts and report", 1.0)
    point(home / "latest", final)
    places = {
        "report": str(final / "report.html"),
        "artifact": str(final / f"artifact-{findings.champion.name}"),
    }
    if config.tracking.enabled:
        progress("tracking in MLflow", 0.0)
        places["mlflow"] = _tracked(findings, final, shares, weighed.metrics())
        progress("tracking in MLflow", 1.0)
    return places, share_table


def point(link: Path, target: Path) -> None:
    """Let ``latest`` point at the newest run, replacing the old link in one step."""
    fresh = link.with_name(f".{link.name}-{target.name}")
    fresh.symlink_to(target.name)
    fresh.replace(link)


def shares_of(findings: Findings) -> dict[str, pd.DataFrame]:
    """Return each learnt model's dimension shares; a model they do not move has a note instead."""
    rows = findings.learnt
    X = findings.data.X.iloc[rows]
    y = findings.data.y.iloc[rows].to_numpy(dtype=np.int64)
    found = {}
    for fitted in findings.fitted:
        dimensions = set((fitted.model.dimensions or {}).values()) - {"application"}
        if len(dimensions) < 2:
            continue
        try:
            found[fitted.name] = dimension_shares(
                fitted,
                X,
                y,
                person=findings.data.person.iloc[rows].to_numpy(),
                policy=dict(findings.shared.policy_weights),
                seed=findings.config.seed,
            )
        except DataError as error:
            findings.notes.append(f"{fitted.label}: no dimension shares: {error}")
    return found


def write_artifact(folder: Path, fitted: Fitted, findings: Findings) -> None:
    """Export one fitted model with everything a service needs to trust and explain it."""
    own = findings.assessment.metrics.query("model == @fitted.name")
    spec = ArtifactSpec(
        sample=findings.data.X.iloc[findings.learnt],
        scale=findings.shared.scale,
        calibration=fitted.calibration,
        grades=default_master_scale(),
        provenance=Provenance(
            data_sha256=findings.data_sha256,
            policy=findings.shared.policy,
            metrics={
                row.metric: {"value": row.value, "low": _finite(row.low), "high": _finite(row.high)}
                for row in records(own)
            },
        ),
        catalogue=findings.data.catalogue,
        recourse=plan_of(findings, fitted),
    )
    write(folder, fitted.model, spec)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def write_tables(
    folder: Path, findings: Findings, tables: list[Printed], shares: dict[str, pd.DataFrame]
) -> None:
    """Write the numbers behind the run as CSV and JSON, and the features as Parquet."""
    (folder / "pipeline.json").write_text(
        json.dumps(findings.config.resolved(), indent=2, ensure_ascii=False) + "\n",
        encoding="utf-8",
    )
    (folder / "printed.txt").write_text(
        "\n\n".join(words.plain(table) for table in tables if table.rows) + "\n", encoding="utf-8"
    )
    findings.assessment.metrics.to_csv(folder / "metrics.csv", index=False)
    findings.screening.report.to_csv(folder / "features.csv", index=False)
    if findings.assessment.folds is not None:
        findings.assessment.folds.to_csv(folder / "folds.csv", index=False)
    if findings.trials is not None and len(findings.trials):
        findings.trials.to_csv(folder / "trials.csv", index=False)
    for name, table in (
        _evidence(findings) | {f"shares-{n}": t for n, t in shares.items()}
    ).items():
        table.to_csv(folder / f"{name}.csv", index=False)
    if findings.refusals is not None:
        findings.refusals.fidelity.to_csv(folder / "reasons-fidelity.csv", index=False)
        findings.refusals.recourse.to_csv(folder / "recourse.csv", index=False)
    for fitted in findings.fitted:
        if fitted.name == "scorecard":
            fitted.model.table_.to_csv(folder / "scorecard.csv", index=False)
    rows = findings.data.X.iloc[findings.assessment.rows]
    scored = rows.assign(
        application_id=findings.data.application_id.iloc[findings.assessment.rows],
        customer_id=findings.data.person.iloc[findings.assessment.rows],
        as_of=findings.data.as_of.iloc[findings.assessment.rows],
    )
    keys = ["application_id", "customer_id", "as_of"]
    scored[[*keys, *rows.columns]].to_parquet(folder / "rows.parquet", index=False)
    predicted = scored[keys].assign(
        bad=findings.data.y.iloc[findings.assessment.rows].astype("int8"),
        **findings.assessment.probability,
    )
    predicted.to_parquet(folder / "predictions.parquet", index=False)


def write_weighed(folder: Path, weighed: Weighed) -> None:
    """Write what sources are worth as CSV, and the maps of every consent as plain data."""
    for name, table in weighed.tables().items():
        table.to_csv(folder / f"{name}.csv", index=False)
    if weighed.worth is not None:
        plain = {"model": "scorecard", **weighed.worth.consent.to_dict()}
        (folder / "consent.json").write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")


def _evidence(findings: Findings) -> dict[str, pd.DataFrame]:
    """Return the tables behind the pack in full digits, by the name of their file."""
    lineage, book, refused = findings.lineage, findings.book, findings.refused
    found = {"lineage-tables": lineage.tables, "lineage-features": lineage.features}
    if book is not None:
        found["loans"] = book.loans
    if refused is not None and refused.measured is not None:
        found["refused-measured"] = refused.measured
    if refused is not None and refused.compared is not None:
        found["refused-compared"] = refused.compared
    if refused is not None and refused.known is not None:
        found["refused-known"] = refused.known
    return found


def _tracked(
    findings: Findings, folder: Path, shares: dict[str, pd.DataFrame], more: dict[str, float]
) -> str:
    metrics = more | {
        f"{row.model}_{row.metric}{suffix}": float(value)
        for row in records(findings.assessment.metrics)
        for suffix, value in (("", row.value), ("_low", row.low), ("_high", row.high))
        if np.isfinite(value)
    }
    for name, alarm in findings.assessment.ceiling.items():
        metrics[f"{name}_share_of_attainable"] = alarm.share_of_attainable
        metrics[f"{name}_errors_above_ceiling"] = alarm.standard_errors
    for name, table in shares.items():
        for row in records(table):
            metrics[f"{name}_share_{row.dimension}"] = float(row.share)
    if findings.refusals is not None:
        metrics |= refusal_metrics(findings.refusals)
    tracked = track(
        RunRecord(
            experiment=findings.config.name,
            parameters=flatten(findings.config.resolved()),
            metrics=metrics,
            tags={
                "data_sha256": findings.data_sha256,
                "pipeline_sha256": findings.config.sha256,
                "policy": findings.shared.policy.name,
                "policy_sha256": findings.shared.policy.sha256,
                "champion": findings.champion.name,
                "package": f"credit {findings.lineage.code['credit']}",
                "code_sha256": findings.lineage.code["credit SHA-256"],
            },
            folder=folder,
            artifact=folder / f"artifact-{findings.champion.name}",
            example=findings.data.X.iloc[findings.learnt[:5]],
        ),
        findings.config.tracking,
    )
    return f"run {tracked.run_id} in {findings.config.tracking.database}"


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
