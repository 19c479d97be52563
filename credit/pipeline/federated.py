"""`credit federated train`: parties with tables of their own, measured against both alternatives.

Every party trains alone and together with the others; a model of all tables in one place is what
both are compared with. Nothing is visible under the run's final name before all of it exists.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from credit.boost import BoostedModel
from credit.dataset import Dataset
from credit.errors import ConfigError
from credit.federated.leaves import TREES_LEAVE, TREES_UNPROTECTED
from credit.federated.record import Cost, FederatedResult, PartyRow
from credit.federated.together import Answers, run_together
from credit.pipeline.comparisons import rows_where
from credit.pipeline.config import BoostSection, Pipeline, load
from credit.pipeline.export import point
from credit.pipeline.federated_party import SCORES, Task, train_party
from credit.pipeline.federated_words import tables_of
from credit.pipeline.fit import knowledge_of
from credit.pipeline.models import clues_of, make
from credit.pipeline.parties import Parties, divide_people, write_tables_of
from credit.pipeline.quality import gap, quality
from credit.pipeline.tables import Prepared, Progress, prepare, silent
from credit.pipeline.track_federated import track_federated
from credit.pipeline.train import Result, assemble, divide, without
from credit.split import Fold

TIME_LIMIT = 3600.0
"""Seconds in which the parties must have trained, unless another limit is given."""

TREES = "xgboost"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Whole:
    """Everything in one place: the data, who learns from what, the model that is not fitted."""

    data: Dataset
    fold: Fold
    parties: Parties
    model: BoostedModel

    def of(self, party: str, rows: np.ndarray[Any, np.dtype[np.int64]]) -> pd.Index:
        """Return the applications of a party among some rows."""
        person = self.data.person.iloc[rows]
        mine = person.isin(self.parties.people[party]).to_numpy()
        return pd.Index(self.data.application_id.iloc[rows[mine]])


def run(
    path: Path,
    *,
    by: str,
    data: Path | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    time_limit: float = TIME_LIMIT,
    progress: Progress = silent,
) -> Result:
    """Train the boosted trees of a pipeline file across parties.

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
        found = _found(config, started, whole, answers, temporary, progress)
        tables = tables_of(found)
        _write(temporary, config, found)
        final = home / stamp
        temporary.chmod(0o755)
        temporary.rename(final)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    point(home / "latest", final)
    places = {"run": str(final)}
    if config.tracking.enabled:
        progress("tracking in MLflow", 0.0)
        places["mlflow"] = track_federated(found, final, config)
        progress("tracking in MLflow", 1.0)
    return Result(notes=prepared.notes, tables=tables, places=places)


def _whole(config: Pipeline, prepared: Prepared, by: str, progress: Progress) -> _Whole:
    """Build everything in one place, and say who belongs to which party."""
    parties = divide_people(prepared.engine, by, config.seed)
    about = rows_where(assemble(config, prepared, progress), config.where, prepared.engine)
    data = without(about.labelled(), prepared.audit)
    fold, notes = divide(config, data)
    prepared.notes.extend(notes)
    options = replace((config.models.xgboost or BoostSection()).options(), threads=1)
    knowledge = knowledge_of(data, prepared.special_codes)
    model = make("boost", data.X, knowledge=knowledge, boost=options, seed=config.seed)
    return _Whole(data=data, fold=fold, parties=parties, model=model)


def _tasks(
    config: Pipeline, prepared: Prepared, whole: _Whole, folder: Path, progress: Progress
) -> dict[str, Task]:
    """Give every party its own tables, and its applications to learn from and to test on."""
    tasks = {}
    names = whole.parties.names
    for number, name in enumerate(names):
        progress("handing out each party's tables", number / len(names))
        own = folder / "parties" / _safe(name, number)
        learn, test = whole.of(name, whole.fold.train), whole.of(name, whole.fold.test)
        _refuse_too_few(whole.data, name, {"learn from": learn, "test on": test})
        write_tables_of(prepared.engine, whole.parties.people[name], own / "tables")
        tasks[name] = Task(
            config=config, catalogue=prepared.catalogue, audit=tuple(prepared.audit),
            observed_until=prepared.observed_until, model=whole.model,
            tables=own / "tables", folder=own, learn=learn, test=test,
        )  # fmt: skip
    progress("handing out each party's tables", 1.0)
    return tasks


def _safe(name: str, number: int) -> str:
    """Return a folder's name for a party, whatever is in the column."""
    plain = "".join(c if c.isalnum() or c in "-_" else "_" for c in name)
    return f"{number + 1:02d}-{plain[:60]}"


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
    whole: _Whole, tasks: Mapping[str, Task], time_limit: float, progress: Progress
) -> Answers:
    try:
        return run_together(
            whole.parties.names, train_party, list(tasks.values()),
            time_limit=time_limit, told=progress,
        )  # fmt: skip
    finally:
        for task in tasks.values():
            shutil.rmtree(task.tables)


def _found(
    config: Pipeline, started: datetime, whole: _Whole, answers: Answers, folder: Path,
    progress: Progress,
) -> FederatedResult:  # fmt: skip
    """Fit in one place, and measure all on each party's test rows."""
    progress("training in one place", 0.0)
    data, rows = whole.data, whole.fold.train
    y = data.y.iloc[rows].to_numpy(dtype=np.int64)
    begun = time.process_time()
    central = clone(whole.model).fit(data.X.iloc[rows], y, **clues_of(data, rows, config.split))
    seconds = time.process_time() - begun
    progress("training in one place", 1.0)
    found = []
    for number, (name, answer) in enumerate(zip(whole.parties.names, answers.of, strict=True)):
        progress("measuring each party", number / len(answers.of))
        scores = pd.read_parquet(folder / "parties" / _safe(name, number) / SCORES)
        found.append(_row(name, answer, _tested(whole, central, scores), config.seed))
    progress("measuring each party", 1.0)
    federated = sum(row.federated_seconds for row in found) + answers.server_seconds
    return FederatedResult(
        name=config.name,
        started=started.isoformat(timespec="seconds"),
        parties=whole.parties.names,
        divided_by=whole.parties.divided_by,
        rows=tuple(found),
        costs={TREES: Cost(central=seconds, federated=federated)},
        leaving=TREES_LEAVE,
        unprotected=TREES_UNPROTECTED,
    )


def _tested(whole: _Whole, central: BoostedModel, scores: pd.DataFrame) -> pd.DataFrame:
    """Return the scores of a party's test rows with their outcomes, people and central margins."""
    at = pd.Index(whole.data.application_id).get_indexer(scores["application_id"])
    return scores.assign(
        central=central.decision_function(whole.data.X.iloc[at]),
        bad=whole.data.y.iloc[at].to_numpy(dtype=np.int64),
        person=whole.data.person.iloc[at].to_numpy(),
    )


def _row(party: str, answer: Mapping[str, Any], tested: pd.DataFrame, seed: int) -> PartyRow:
    trained_alone = bool(tested["alone"].notna().all())
    return PartyRow(
        party=party,
        model=TREES,
        train_rows=answer["train_rows"],
        train_bads=answer["train_bads"],
        test_rows=len(tested),
        test_bads=int(tested["bad"].sum()),
        alone=quality(tested, "alone", seed) if trained_alone else None,
        federated=quality(tested, "federated", seed),
        central=quality(tested, "central", seed),
        gain=gap(tested, "federated", "alone") if trained_alone else None,
        short=gap(tested, "federated", "central"),
        alone_seconds=answer["alone_seconds"],
        federated_seconds=answer["federated_seconds"],
        model_sha256=answer["model_sha256"],
    )


def _write(folder: Path, config: Pipeline, found: FederatedResult) -> None:
    """Write what was found, the pipeline file, and the model, which every party holds alike."""
    (folder / "result.json").write_text(
        json.dumps(found.to_dict(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    (folder / "pipeline.json").write_text(
        json.dumps(config.resolved(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
