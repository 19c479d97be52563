"""`credit federated train`: parties with tables of their own, measured against both alternatives.

Every party trains alone and together with the others; a model of all tables in one place is what
both are compared with. Nothing is visible under the run's final name before all of it exists.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from credit.dataset import Dataset
from credit.errors import ConfigError
from credit.federated.party import Model
from credit.federated.record import FederatedResult
from credit.federated.together import Answers, run_together
from credit.pipeline.comparisons import rows_where
from credit.pipeline.config import Pipeline, load
from credit.pipeline.export import point
from credit.pipeline.federated_found import OnePlace, found_of, place_of
from credit.pipeline.federated_party import Task, train_party
from credit.pipeline.federated_words import tables_of
from credit.pipeline.fit import knowledge_of, limits_of
from credit.pipeline.models import Knowledge, make
from credit.pipeline.pages.federated import write_federated
from credit.pipeline.parties import divide_people, refuse_number, write_tables_of
from credit.pipeline.tables import Prepared, Progress, prepare, silent
from credit.pipeline.track_federated import track_federated
from credit.pipeline.train import Result, assemble, divide, without

TIME_LIMIT = 3600.0
"""Seconds in which the parties must have trained, unless another limit is given."""

TREES, CARD = "xgboost", "scorecard"


def run(
    path: Path,
    *,
    by: str,
    data: Path | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    time_limit: float = TIME_LIMIT,
    progress: Progress = silent,
) -> Result:
    """Train the models of a pipeline file that has a section for them across parties.

    Parameters
    ----------
    path : Path
        The pipeline file.
    by : str
        A number of parties, or the column they are divided by.
    data : Path, optional
        Folder of the data, in place of the one in the file.
    overrides : mapping, optional
        Section -> key -> value in place of the file's.
    time_limit : float
        Seconds in which the parties must have trained.
    progress : callable
        Told a stage's name and the share of it that is done.

    Raises
    ------
    FederatedError
        A party failed, died or was late; nothing is left of the run.
    CreditError
        For a pipeline file, a table, a split or parties that cannot be used.
    """
    config = load(path, {name: dict(values) for name, values in (overrides or {}).items()})
    if config.engine.kind != "duckdb":
        raise ConfigError(
            f"engine.kind: {config.engine.kind!r}, but each party opens an engine of its own on "
            "this machine. Run with duckdb."
        )
    refuse_number(by)
    started = datetime.now(UTC)
    home = Path(config.output) / f"{config.name}-federated"
    home.mkdir(parents=True, exist_ok=True)
    stamp = f"{started:%Y%m%d-%H%M%S}-{config.sha256[:8]}"
    temporary = Path(tempfile.mkdtemp(prefix=f".{stamp}-", dir=home))
    try:
        prepared = prepare(config, data=data, progress=progress)
        with prepared.engine:
            whole = _whole(config, prepared, by, progress)
            tasks = _tasks(config, prepared, whole, temporary, progress)
        answers = _trained(whole, tasks, time_limit, progress)
        found = found_of(config, started, whole, answers, temporary, progress)
        tables = tables_of(found)
        _write(temporary, config, found)
        final = home / stamp
        temporary.chmod(0o755)
        temporary.rename(final)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    point(home / "latest", final)
    places = {"run": str(final), "report": str(final / "report.html")}
    if config.tracking.enabled:
        progress("tracking in MLflow", 0.0)
        places["mlflow"] = track_federated(found, final, config)
        progress("tracking in MLflow", 1.0)
    return Result(notes=prepared.notes, tables=tables, places=places)


def _whole(config: Pipeline, prepared: Prepared, by: str, progress: Progress) -> OnePlace:
    """Build everything in one place, and say who belongs to which party."""
    parties = divide_people(prepared.engine, by, config.seed)
    about = rows_where(assemble(config, prepared, progress), config.where, prepared.engine)
    data = without(about.labelled(), prepared.audit)
    fold, notes = divide(config, data)
    prepared.notes.extend(notes)
    models = _models(config, data.X, knowledge_of(data, prepared.special_codes))
    return OnePlace(data=data, fold=fold, parties=parties, models=models)


def _models(config: Pipeline, X: pd.DataFrame, knowledge: Knowledge) -> dict[str, Model]:
    """Return the models of the file, the ones that `credit train` makes of it."""
    found: dict[str, Model] = {}
    common: dict[str, Any] = {"knowledge": knowledge, "seed": config.seed}
    if config.models.xgboost is not None:
        options = replace(config.models.xgboost.options(), threads=1)
        found[TREES] = make("boost", X, boost=options, **common)
    if config.models.scorecard is not None:
        found[CARD] = make("woe", X, limits=limits_of(config, knowledge, X.columns), **common)
    return found


def _tasks(
    config: Pipeline, prepared: Prepared, whole: OnePlace, folder: Path, progress: Progress
) -> dict[str, Task]:
    """Give every party its own tables, and its applications to learn from and to test on."""
    tasks = {}
    names = whole.parties.names
    for number, name in enumerate(names):
        progress("handing out each party's tables", number / len(names))
        own = folder / "parties" / place_of(name, number)
        learn, test = whole.of(name, whole.fold.train), whole.of(name, whole.fold.test)
        _refuse_too_few(whole.data, name, {"learn from": learn, "test on": test})
        write_tables_of(prepared.engine, whole.parties.people[name], own / "tables")
        tasks[name] = Task(
            config=config, catalogue=prepared.catalogue, audit=tuple(prepared.audit),
            observed_until=prepared.observed_until, models=whole.models,
            tables=own / "tables", folder=own, learn=learn, test=test,
        )  # fmt: skip
    progress("handing out each party's tables", 1.0)
    return tasks


def _refuse_too_few(data: Dataset, party: str, parts: Mapping[str, pd.Index]) -> None:
    outcome = pd.Series(data.y.to_numpy(dtype=np.int64), index=data.application_id.to_numpy())
    for purpose, applications in parts.items():
        bads = int(outcome.loc[applications].sum())
        if min(bads, len(applications) - bads) < 2:
            raise ConfigError(
                f"--parties: party {party!r} has {len(applications)} application(s) to {purpose}, "
                f"{bads} of them bad; it needs two of each. Ask for fewer parties, divide by "
                "another column, or bring more people."
            )


def _trained(
    whole: OnePlace, tasks: Mapping[str, Task], time_limit: float, progress: Progress
) -> Answers:
    try:
        return run_together(
            whole.parties.names, train_party, list(tasks.values()),
            time_limit=time_limit, told=progress,
        )  # fmt: skip
    finally:
        for task in tasks.values():
            shutil.rmtree(task.tables)


def _write(folder: Path, config: Pipeline, found: FederatedResult) -> None:
    """Write what was found, as data and as a page, and the pipeline file."""
    write_federated(folder / "report.html", found)
    (folder / "result.json").write_text(
        json.dumps(found.to_dict(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    (folder / "pipeline.json").write_text(
        json.dumps(config.resolved(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
