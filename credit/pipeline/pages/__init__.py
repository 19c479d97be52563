"""The report of an experiment: sections made of tables and pictures, one page of HTML."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from credit import __version__
from credit.pipeline.findings import Findings
from credit.pipeline.pages import (
    fairness,
    features,
    governance,
    models,
    pack,
    people,
    policy,
    worth,
)
from credit.pipeline.pages.page import (
    Page,
    Section,
    write_page,
    write_pictures,
    write_tables,
    write_words,
)
from credit.pipeline.pages.refusals import what_would_change
from credit.pipeline.pages.regulation import requirements
from credit.pipeline.words import Printed, number
from credit.pipeline.worth import Weighed

__all__ = ["report_page", "write_report"]


def report_page(
    findings: Findings,
    shares: dict[str, pd.DataFrame],
    prices: dict[str, pd.DataFrame],
    tables: list[Printed],
    weighed: Weighed,
) -> Page:
    """Return the whole report; sections without an answer are left out.

    Of ``tables``, the last is that of the shares.
    """
    config = findings.config
    sections: list[Section | None] = [
        *pack.front(findings),
        models.result(findings),
        _notes(findings),
        people.cohorts(findings),
        governance.leaks_looked_for(findings),
        models.ranking(findings),
        models.scores(findings),
        models.calibration(findings),
        governance.calibration_held_up(findings),
        governance.cutoffs(findings),
        models.months(findings),
        models.segments(findings),
        fairness.fairness(findings),
        features.moves(findings, shares, tables[-1]),
        policy.price(findings, prices),
        *worth.sections(findings, weighed),
        features.contributions(findings),
        features.card(findings),
        people.reasons(findings),
        what_would_change(findings),
        features.features(findings),
        _comparisons(tables),
        _trials(findings),
        *pack.back(findings),
    ]
    answered = [section for section in sections if section is not None]
    facts = [
        ("run", findings.stamp),
        ("written", f"{findings.started:%Y-%m-%d %H:%M} UTC"),
        ("applications", f"{len(findings.whole):,}"),
        ("features", f"{findings.data.X.shape[1]}"),
        ("policy", f"{findings.shared.policy.name}, {findings.shared.policy.sha256[:16]}"),
        ("package", f"credit {__version__}"),
        ("data SHA-256", findings.data_sha256[:16]),
        ("pipeline SHA-256", config.sha256[:16]),
    ]
    return Page(
        title=f"{config.name}: experiment report",
        subtitle=config.description,
        facts=facts,
        sections=[*answered, requirements([section.title for section in answered])],
    )


def write_report(path: Path, page: Page) -> None:
    """Write the report, and its pictures, tables and words as files beside it."""
    write_page(path, page)
    write_pictures(path.parent / "plots", page)
    write_tables(path.parent / "tables", page)
    write_words(path.with_suffix(".json"), page)


def _notes(findings: Findings) -> Section | None:
    if not findings.notes:
        return None
    return Section(title="Notes and warnings", notes=findings.notes)


def _comparisons(tables: list[Printed]) -> Section | None:
    found = [table for table in tables[1:] if "difference to" in table.columns[-1]]
    if not found:
        return None
    return Section(
        title="What groups of features are worth",
        text="The same rows and folds for every set of features in a table.",
        tables=found,
    )


def _trials(findings: Findings) -> Section | None:
    trials = findings.trials
    if trials is None or trials.empty:
        return None
    names = [name for name in trials.columns if name.startswith("params_")]
    rows = [
        [
            str(int(row["number"])),
            number(row["value"], 5),
            number(row["above_best"], 5),
            number(row["standard_error"], 5),
            *[f"{row[name]:.3g}" for name in names],
            "chosen" if row["chosen"] else row["state"].lower(),
        ]
        for _, row in trials.sort_values("value").iterrows()
    ]
    params = [name.removeprefix("params_") for name in names]
    columns = ["trial", "log-loss", "above the best", "standard error", *params, ""]
    return Section(
        title="Tuning",
        text=(
            "Trials of XGBoost's options by log-loss on the validation part, the best first. The "
            "simplest of those within one standard error of the best is chosen; pruned ones were "
            "given up early."
        ),
        tables=[Printed("", columns, rows)],
    )
