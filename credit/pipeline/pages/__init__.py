"""The report of an experiment: sections made of tables and pictures, one page of HTML."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from credit import __version__
from credit.pipeline.export import Outcome
from credit.pipeline.pages import features, models, people
from credit.pipeline.pages.page import Page, Section, write_page, write_pictures
from credit.pipeline.words import Printed

__all__ = ["report_page", "write_report"]


def report_page(
    outcome: Outcome, shares: dict[str, pd.DataFrame], tables: list[Printed], share_table: Printed
) -> Page:
    """Return the whole report; sections without an answer are left out."""
    config = outcome.config
    sections: list[Section | None] = [
        models.result(outcome),
        _notes(outcome),
        people.cohorts(outcome),
        models.ranking(outcome),
        models.scores(outcome),
        models.calibration(outcome),
        models.months(outcome),
        models.segments(outcome),
        features.moves(outcome, shares, share_table),
        features.contributions(outcome),
        features.card(outcome),
        people.reasons(outcome),
        features.features(outcome),
        _comparisons(tables),
        _trials(outcome),
    ]
    facts = [
        ("run", outcome.stamp),
        ("written", f"{outcome.started:%Y-%m-%d %H:%M} UTC"),
        ("applications", f"{len(outcome.whole):,}"),
        ("features", f"{outcome.data.X.shape[1]}"),
        ("policy", config.policy),
        ("package", f"credit {__version__}"),
        ("data SHA-256", outcome.data_sha256[:16]),
        ("pipeline SHA-256", config.sha256[:16]),
    ]
    return Page(
        title=f"{config.name}: experiment report",
        subtitle=config.description,
        facts=facts,
        sections=[section for section in sections if section is not None],
    )


def write_report(path: Path, page: Page) -> None:
    """Write the report, and its pictures as files in a folder ``plots`` beside it."""
    write_page(path, page)
    write_pictures(path.parent / "plots", page)


def _notes(outcome: Outcome) -> Section | None:
    if not outcome.notes:
        return None
    return Section(title="Notes and warnings", notes=outcome.notes)


def _comparisons(tables: list[Printed]) -> Section | None:
    found = [table for table in tables[1:] if "difference to" in table.columns[-1]]
    if not found:
        return None
    return Section(
        title="What groups of features are worth",
        text="The same rows and folds for every set of features in a table.",
        tables=found,
    )


def _trials(outcome: Outcome) -> Section | None:
    trials = outcome.trials
    if trials is None or trials.empty:
        return None
    names = [name for name in trials.columns if name.startswith("params_")]
    rows = [
        [str(int(row["number"])), f"{row['value']:.5f}", *[f"{row[name]:.3g}" for name in names]]
        for _, row in trials.sort_values("value").iterrows()
    ]
    columns = ["trial", "log-loss", *[name.removeprefix("params_") for name in names]]
    return Section(
        title="Tuning",
        text="Trials of XGBoost's options by log-loss on the validation part, the best first.",
        tables=[Printed("", columns, rows)],
    )
