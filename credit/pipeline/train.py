"""One experiment from tables to a tracked, explained, exported model.

Reads like the road it is: prepare, assemble, screen, split, fit, assess, explain, export,
report, track. Nothing is visible under the run's final name before all of it exists.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from credit import world
from credit.dataset import Dataset, DaysPastDue, Given, dataset
from credit.errors import ConfigError
from credit.feature import Catalogue
from credit.pipeline import assess, words
from credit.pipeline.book import loan_book
from credit.pipeline.comparisons import cohort, compare_sets, rows_where
from credit.pipeline.config import Pipeline, load, microseconds
from credit.pipeline.declared import uses_of
from credit.pipeline.export import export
from credit.pipeline.findings import Findings
from credit.pipeline.fit import Fitted, Plan, fit_models, plan
from credit.pipeline.headline import headline
from credit.pipeline.lineage import trace
from credit.pipeline.protected import groups, with_group
from credit.pipeline.refused import infer_refused
from credit.pipeline.screen import Screening, screen
from credit.pipeline.tables import Prepared, Progress, prepare, silent
from credit.pipeline.turned_away import turned_away
from credit.pipeline.words import Printed, records
from credit.split import Fold, out_of_time, repeated_folds, require_both_classes, straddling

SIMPLEST_FIRST = ("scorecard", "xgboost", "blend")
"""Models that may become the champion, the one an officer can read first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What `credit train` prints."""

    notes: list[str]
    tables: list[Printed]
    places: dict[str, str] = field(default_factory=dict)


def run(
    path: Path,
    *,
    data: Path | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    quarantine: bool = False,
    progress: Progress = silent,
) -> Result:
    """Run the experiment a pipeline file describes.

    Parameters
    ----------
    path : Path
        The pipeline file.
    data : Path, optional
        Folder of the data, in place of the one in the file.
    overrides : mapping, optional
        Section -> key -> value in place of the file's.
    quarantine : bool
        Set rows that break the data contract apart, report them and go on.
    progress : callable
        Told a stage's name and the share of it that is done.

    Raises
    ------
    CreditError
        For a pipeline file, a table or a split that cannot be used; the sentence says why.
    """
    config = load(path, {name: dict(values) for name, values in (overrides or {}).items()})
    _refuse_a_size_without_a_world(config, data, overrides)
    started = datetime.now(UTC)
    stamp = f"{started:%Y%m%d-%H%M%S}-{config.sha256[:8]}"
    prepared = prepare(
        config,
        data=data,
        quarantine=_quarantine(config, stamp) if quarantine else None,
        progress=progress,
    )
    with prepared.engine:
        prepared = with_group(config, prepared)
        whole = assemble(config, prepared, progress)
        cohorts = [cohort(one, prepared.engine, whole) for one in config.comparisons]
        about = rows_where(whole, config.where, prepared.engine)
        progress("reading the loan book", 0.0)
        away = turned_away(config, about, prepared.engine)
        book = loan_book(prepared.engine, prepared.observed_until)
        lineage = trace(
            prepared.engine, prepared.catalogue, prepared.origins, prepared.apart, uses_of(config)
        )
        progress("reading the loan book", 1.0)
    outcomes_known = about.labelled()
    group = None if config.fairness is None else groups(config.fairness, outcomes_known)
    labelled = without(outcomes_known, prepared.audit)
    fold, notes = divide(config, labelled)
    learnt = np.sort(np.concatenate([fold.train, fold.validation]))
    chosen, screening = screen(labelled, learnt, config.features)
    data_sha256 = fingerprint(chosen)
    shared = replace(
        plan(config, chosen, prepared.special_codes),
        journal=Path(config.tracking.database).parent / "optuna.journal",
        study=f"{config.name}-{config.sha256[:12]}-{data_sha256[:12]}",
    )
    fitted, study = fit_models(shared, chosen, fold, progress)
    assessment = measure(config, shared, chosen, (fold, fitted), progress)
    truth = None if prepared.truth is None else world.read(prepared.truth.parent)
    bayes = None if truth is None else truth.of(chosen.application_id)["p"].to_numpy()
    if bayes is not None:
        assessment = assess.with_ceiling(assessment, chosen, bayes, seed=config.seed)
    champion = assess.champion(assessment, fitted, SIMPLEST_FIRST)
    refused = infer_refused(config, away, chosen, fold, champion, truth)
    tables = [headline(assessment, fitted), *_screened(screening)]
    for section, rows in zip(config.comparisons, cohorts, strict=True):
        printed, more = compare_sets(section, rows, shared, prepared.audit, progress)
        tables.append(printed)
        notes += more
    findings = Findings(
        config=config,
        started=started,
        stamp=stamp,
        whole=about,
        data=chosen,
        fold=fold,
        shared=shared,
        fitted=fitted,
        champion=champion,
        assessment=assessment,
        screening=screening,
        trials=None if study is None else study.trials,
        data_sha256=data_sha256,
        notes=[*prepared.notes, *notes, *shared.notes],
        bayes=bayes,
        true_shares=None if truth is None else dict(truth.shares),
        lineage=lineage,
        book=book,
        refused=refused,
        group=group,
        true_ceilings=None if truth is None else dict(truth.facts["subset_ceilings"]),
    )
    places, shares = export(findings, tables, progress)
    shown = [table for table in (*tables, shares) if table.rows]
    return Result(notes=findings.notes, tables=shown, places=places)


def _refuse_a_size_without_a_world(
    config: Pipeline, data: Path | None, overrides: Mapping[str, Mapping[str, Any]] | None
) -> None:
    """Refuse ``people`` where no population is generated: it would change nothing."""
    if (overrides or {}).get("source", {}).get("people") is None:
        return
    if config.source.kind != "world":
        raise ConfigError(
            f"--people: this pipeline reads {config.source.kind!r}; only a generated world has a "
            "size to choose. Leave it out."
        )
    if data is not None:
        raise ConfigError(
            f"--people: the tables in {str(data)!r} have the people they have. Leave out --people, "
            "or leave out --data and let a world be generated."
        )


def _quarantine(config: Pipeline, stamp: str) -> Path:
    return Path(config.output) / config.name / f"{stamp}-quarantine"


def assemble(config: Pipeline, prepared: Prepared, progress: Progress) -> Dataset:
    """Build features and outcomes: one row an application."""
    progress("building features", 0.0)
    outcome = config.outcome
    definition: DaysPastDue | Given = Given()
    if outcome.kind == "days_past_due":
        definition = DaysPastDue(
            days=outcome.days,
            within_months=outcome.within_months,
            indeterminate_from=outcome.indeterminate_from,
        )
    whole = dataset(
        prepared.engine,
        prepared.catalogue,
        definition,
        observed_until=prepared.observed_until,
    )
    progress("building features", 1.0)
    return whole


def without(data: Dataset, names: Collection[str]) -> Dataset:
    """Return the dataset without some features."""
    kept = tuple(feature for feature in data.catalogue if feature.name not in names)
    return replace(data, X=data.X[[f.name for f in kept]], catalogue=Catalogue(kept))


def divide(config: Pipeline, data: Dataset) -> tuple[Fold, list[str]]:
    """Split the labelled rows; return the fold models are fitted on, and what must be said.

    With repeated folds the final models learn from all rows but a validation part.
    """
    section = config.split
    person = data.person.to_numpy()
    if section.kind == "out_of_time":
        if section.test_from is None:
            raise ConfigError("split: an out_of_time split needs test_from.")
        test_from = microseconds(section.test_from)
        until = section.test_until
        kept = np.arange(len(person))
        if until is not None:
            kept = np.flatnonzero((data.as_of < microseconds(until)).to_numpy(dtype=bool))
            data = data.take(kept)
            person = data.person.to_numpy()
        fold = out_of_time(
            data.as_of,
            data.known_at,
            person if section.by == "person" else data.application_id.to_numpy(),
            train_until=test_from,
            test_from=test_from,
            validation_share=section.validation_share,
        )
        require_both_classes(data.y, fold)
        # Back to positions in the rows that were given.
        back = replace(
            fold, train=kept[fold.train], validation=kept[fold.validation], test=kept[fold.test]
        )
        return back, list(fold.notes)
    y = data.y.to_numpy(dtype=np.int64)
    parts = max(2, round(1 / section.validation_share))
    groups = person if len(np.unique(person)) < len(person) else None
    first = repeated_folds(y, groups, folds=parts, repeats=1, seed=config.seed)[0]
    fold = Fold(train=first.train, validation=first.test, test=first.test)
    return fold, straddling_notes(config, data)


def straddling_notes(config: Pipeline, data: Dataset) -> list[str]:
    """Warn where rows of one person would fall on both sides of a split by application."""
    person = data.person.to_numpy()
    repeated = len(person) - len(np.unique(person))
    if not repeated:
        return []
    by_row = repeated_folds(
        data.y.to_numpy(dtype=np.int64), None, folds=config.split.folds, seed=config.seed
    )[0]
    count = straddling(person, by_row)
    if config.split.by == "application":
        return [
            f"WARNING: split.by is 'application': {count:,} people have rows on both sides of a "
            'fold, so the figures are inflated. Use by = "person".'
        ]
    return [
        f"{repeated:,} of {len(person):,} applications are further ones of the same person; the "
        f"split keeps people whole. By application, {count:,} people would be on both sides of "
        "a fold and the figures inflated."
    ]


def measure(
    config: Pipeline,
    shared: Plan,
    data: Dataset,
    final: tuple[Fold, Sequence[Fitted]],
    progress: Progress,
) -> assess.Assessment:
    """Measure every model out of sample, in the way the split asks for."""
    fold, fitted = final
    if config.split.kind == "out_of_time":
        return assess.on_hold_out(fitted, data, fold.test, seed=config.seed)
    folds = assess.folds_of(config.split, data, seed=config.seed)
    return assess.over_folds(shared, data, folds, progress)


def fingerprint(data: Dataset) -> str:
    """Return the SHA-256 of features, outcomes and instants, independent of row labels."""
    digest = hashlib.sha256(",".join(data.X.columns).encode())
    frame = data.X.assign(_y=data.y.astype("float64"), _t=data.as_of.astype("int64"))
    digest.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return digest.hexdigest()


def _screened(screening: Screening) -> list[Printed]:
    """Return the table of near duplicates, if there are any."""
    if screening.pairs.empty:
        return []
    rows = [
        [row.first, row.second, words.number(row.correlation, 3), row.action]
        for row in records(screening.pairs)
    ]
    return [Printed("near duplicates", ["feature", "and", "correlation", "what was done"], rows)]
