"""The section that says where every figure came from."""

from __future__ import annotations

from typing import Any

import pandas as pd

from credit.pipeline.findings import Findings
from credit.pipeline.pages.model_card import day, outcome_words
from credit.pipeline.pages.page import Section
from credit.pipeline.words import Printed, human, records
from credit.schema import DAY, SECOND

SHORT = 16
"""Digits of a hash that are printed; the whole ones are in the run's lineage-tables.csv."""

_HOUR, _MINUTE = 3_600 * SECOND, 60 * SECOND


def lineage(findings: Findings) -> Section:
    """Return tables, what they are held for, the outcome, the split, seeds, hashes and code."""
    return Section(
        title="Data lineage",
        text=(
            "Every table the run read, what its features are held for, and what it takes to make "
            "the same figures again: the same rows (hashes), the same pipeline and the same code. "
            "An event counts only from the instant at which the lender could know it."
        ),
        tables=[_tables(findings), _uses(findings), _again(findings)],
    )


def _tables(findings: Findings) -> Printed:
    table = findings.lineage.tables
    sources = table["source"].unique()
    rows = [
        [
            row.table,
            f"{row.rows:,}",
            f"{row.set_apart:,}",
            f"{day(row.first)} to {day(row.last)}" if pd.notna(row.first) else "-",
            _delay(row.delay, row.delay_least, row.delay_most),
            f"{row.features}",
            row.sha256[:SHORT],
            *([row.source] if len(sources) > 1 else []),
        ]
        for row in records(table)
    ]
    columns = ["table", "rows", "set apart", "event_time", "known after", "read by", "SHA-256",
               *(["source"] if len(sources) > 1 else [])]  # fmt: skip
    title = (
        "tables: rows set apart because they break the contract, how long after an event the "
        "lender could know it, and how many features read the table"
        + ("" if len(sources) > 1 else f"; all of them {sources[0]}")
    )
    return Printed(title, columns, rows)


def _delay(rule: str, least: Any, most: Any) -> str:
    """Say how long after an event the lender could know it, and how that is known."""
    if not rule or pd.isna(least) or pd.isna(most):
        return "-"
    ends = [_span(int(end)) for end in (least, most)]
    span = ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
    return f"{span} ({rule})"


def _span(microseconds: int) -> str:
    if microseconds == 0:
        return "0"
    for unit, name in ((DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if microseconds >= unit:
            count = microseconds / unit
            return f"{count:,.0f} {name}" if count >= 100 else f"{count:.3g} {name}"
    return f"{microseconds / SECOND:.3g} s"


def _uses(findings: Findings) -> Printed:
    used = set(findings.data.X.columns)
    table = findings.lineage.features
    mine = table[table["feature"].isin(used)]
    grouped = mine.groupby(["dimension", "held_for"], sort=False)
    rows = [
        [
            human(str(dimension)),
            f"{len(part)}",
            ", ".join(sorted({name for one in part["tables"] for name in one.split(", ") if name})),
            str(held),
        ]
        for (dimension, held), part in grouped
    ]
    title = (
        "features of the models, and what their data are held for; they were read for "
        f"{findings.config.purpose}"
    )
    return Printed(title, ["dimension", "features", "tables", "held for"], rows)


def _again(findings: Findings) -> Printed:
    config = findings.config
    split = config.split
    how = (
        f"out of time: test from {split.test_from}, the last part before it validates "
        f"({split.validation_share:.0%}), whole by {split.by}; outcomes not known by then teach "
        "nothing"
        if split.kind == "out_of_time"
        else f"{split.repeats} repeats of {split.folds} stratified folds, whole by {split.by}"
    )
    built = "" if config.built_on is None else f", built on {config.built_on}"
    rows = [
        ["outcome", outcome_words(findings)],
        ["split", how],
        ["seed", f"{config.seed}"],
        ["policy", f"{findings.shared.policy.name} of {findings.shared.today}{built}"],
        ["SHA-256 of the policy", findings.shared.policy.sha256],
        *([f"its file {part.name}", part.sha256] for part in findings.shared.policy.parts),
        ["zone of days and months", config.zone],
        ["SHA-256 of features, outcomes and instants", findings.data_sha256],
        ["SHA-256 of the resolved pipeline", config.sha256],
        *([name, value] for name, value in findings.lineage.code.items()),
    ]
    return Printed("to make it again", ["", "in this run"], rows)
