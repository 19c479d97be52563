"""What `credit audit leakage` does: look for anything that could not have been known in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from credit.errors import ConfigError, DataError
from credit.features.proof.own_data import Looked, look
from credit.features.proof.own_record import look_at_records
from credit.features.proof.placebo import of_ties
from credit.pipeline.config import load
from credit.pipeline.flat import require_folder, written
from credit.pipeline.leakage import AuditOptions, Case, drawn, of_cells, of_placebo, on_the_day
from credit.pipeline.tables import Prepared, Progress, prepare, silent
from credit.pipeline.train import assemble, divide, without
from credit.pipeline.words import Printed
from credit.schema import TABLES

STATED = ("customers", "applications")
"""Tables of facts rather than events: nothing in them happens before or after an application."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What an audit found: tables for a reader, notes, and whether something leaks."""

    tables: list[Printed]
    notes: list[str]
    leaks: bool


def audit_leakage(
    path: Path,
    *,
    data: Path | None = None,
    engine: str | None = None,
    options: AuditOptions | None = None,
    output: Path | None = None,
    progress: Progress = silent,
) -> Audit:
    """Look for leaks in a pipeline's features, on its own data.

    Everything that an observation could not know is rewritten and its features are built again
    (none may move); another record is given to people of the network (what the network says of
    them may not move); everybody is put at somebody else's place in it (its uplift must
    vanish); applications are scored again with features as of serving (AUC may not fall by
    more than `MOST_FALL`).

    Parameters
    ----------
    path : Path
        A pipeline file over event tables.
    data, engine : optional
        In place of the file's folder and engine.
    options : AuditOptions, optional
    output : Path, optional
        Where one row a feature is written, as CSV.
    progress : callable
        Told a stage's name and the share of it that is done.

    Raises
    ------
    CreditError
        Nothing can be audited: no pipeline, no events, no features, no outcomes.
    """
    options = options or AuditOptions()
    if path.suffix in {".csv", ".parquet"}:
        raise ConfigError(
            f"{path}: a flat file has no events and no instants, so nothing in it can be too "
            "early. Give a pipeline file over event tables."
        )
    if output is not None:
        require_folder(output)
    config = load(path, {"engine": {"kind": engine}})
    prepared = prepare(config, data=data, progress=progress)
    with prepared.engine:
        _refuse_nothing(path, prepared)
        rows = without(assemble(config, prepared, progress).labelled(), prepared.audit)
        fold, notes = divide(config, rows)
        case = Case(config=config, prepared=prepared, data=rows, fold=fold, options=options,
                     progress=progress)  # fmt: skip
        return _audited(case, notes, output)


def _refuse_nothing(path: Path, prepared: Prepared) -> None:
    """Refuse a pipeline without events or without features."""
    if not len(prepared.catalogue):
        raise ConfigError(
            f"{path}: the pipeline has no feature, so there is nothing to audit. Name some under "
            "[features] include, or leave it out to take all."
        )
    events = [n for n in prepared.engine.tables if TABLES[n].event and n not in STATED]
    if not events:
        raise DataError(
            f"{path}: its source has no table of events, only facts stated on applications: they "
            "have no instants that could be too late. Audit a source of event tables."
        )


def _audited(case: Case, notes: list[str], output: Path | None) -> Audit:
    """Run every check and put what was found into words."""
    rows = drawn(case, np.arange(len(case.data)))
    features = case.data.catalogue
    looked = look(
        case.engine, case.spine(rows), features, case.opened, seed=case.options.seed,
        progress=case.progress,
    )  # fmt: skip
    records = look_at_records(case.engine, case.spine(rows), features, seed=case.options.seed)
    checks = [of_cells("the future is rewritten", looked)]
    if records.cells:
        checks.append(of_cells("people's own records are rewritten", records))
    tied = of_ties(case.engine, features)
    model = case.fitted(case.data.X)
    if tied:
        checks.append(of_placebo(case, list(tied), model))
    checks.append(on_the_day(case, model))
    still = [name for name in features.names if name not in looked.varied]
    if still:
        notes.append(
            f"{len(still)} feature(s) have one value at all observations looked at, so nothing is "
            f"proven of them: {', '.join(still[:5])}{', ...' if len(still) > 5 else ''}."
        )
    if output is not None:
        with written(output) as partial:
            _by_feature(case, looked, records).to_csv(partial, index=False)
    title = f"leakage: {case.config.name}, {len(features)} features"
    tables = [Printed(title, ["check", "looked at", "found", "verdict"], [c.row for c in checks])]
    moved = [*_moved(case, looked, "the future"), *_moved(case, records, "the own record")]
    if moved:
        tables.append(
            Printed(
                "features that moved",
                ["feature", "moved with", "of", "for example", "at", "before", "after"],
                moved,
            )
        )
    return Audit(tables=tables, notes=notes, leaks=any(check.leaks for check in checks))


def _moved(case: Case, looked: Looked, what: str) -> list[list[str]]:
    """Return one row of words a feature that moved."""
    rows = []
    for name, found in looked.moved.items():
        person, at = _who(case, found.observation_id)
        rows.append(
            [name, what, f"{found.count:,} of {looked.cells[name]:,}", f"person {person}", at,
             _value(found.before), _value(found.after)]
        )  # fmt: skip
    return rows


def _who(case: Case, row: int) -> tuple[Any, str]:
    instant = datetime.fromtimestamp(int(case.data.as_of.iloc[row]) / 1e6, tz=UTC)
    return case.data.person.iloc[row], f"{instant:%Y-%m-%d %H:%M} UTC"


def _value(value: Any) -> str:
    if pd.isna(value):
        return "null"
    return value if isinstance(value, str) else f"{value:.6g}"


def _by_feature(case: Case, looked: Looked, records: Looked) -> pd.DataFrame:
    """Return one row a feature: what was looked at, what moved, and where for example."""
    rows = []
    for name in case.data.catalogue.names:
        found = looked.moved.get(name) or records.moved.get(name)
        person, at = ("", "") if found is None else _who(case, found.observation_id)
        rows.append(
            {
                "feature": name,
                "cells": looked.cells.get(name, 0) + records.cells.get(name, 0),
                "moved": sum(
                    one.moved[name].count for one in (looked, records) if name in one.moved
                ),
                "verdict": "leaks" if found else "holds" if name in looked.varied else "one value",
                "person": person,
                "as_of": at,
                "before": "" if found is None else _value(found.before),
                "after": "" if found is None else _value(found.after),
            }
        )
    return pd.DataFrame(rows)
