"""The rules of the data contract, run on real tables and reported together.

Tables are visited parents first, so that with a quarantine a row whose parent was set apart is
set apart as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from credit.engine.connection import write_parquet
from credit.engine.reading import literal, quote
from credit.engine.report import CheckReport, Violation
from credit.engine.rules import LINKS, Rule, lenient, rules_of
from credit.engine.source import Opened, unreadable
from credit.errors import DataError, SchemaError
from credit.schema import SECOND, TABLES

if TYPE_CHECKING:
    from credit.engine.duck import Engine

_PARENTS_FIRST = ("customers", "applications", "loans", "instalments", "repayments", "outcomes")

_PERSONS = (
    ("transfers", "counterparty_id"),
    ("contacts", "contact_id"),
    ("guarantees", "guarantor_id"),
)
"""Columns that hold a person under another name."""

_UNIT_DOUBT = 10**13
"""Microseconds up to April 1970: where all times are below, they are seconds or milliseconds."""


def run_checks(engine: Engine, quarantine: Path | None) -> CheckReport:
    """Check all tables of ``engine``; with ``quarantine``, set the offending rows apart."""
    found: dict[str, list[Violation]] = {name: [] for name in engine.tables}
    rows: dict[str, int] = {}
    apart: dict[str, int] = {}
    parents = [name for name in _PARENTS_FIRST if name in found]
    for name in (*parents, *(name for name in found if name not in parents)):
        opened = engine.opened[name]
        found[name] += opened.faults
        if not opened.readings:
            continue
        try:
            rows[name], broken, largest = _counted(engine, opened)
            found[name] += _whole_table(opened, engine.opened, rows[name], largest)
            may_set_apart = quarantine is not None and not opened.faults
            found[name] += [
                _violation(engine, opened, rule, count, apart=may_set_apart)
                for rule, count in broken.items()
            ]
            if broken and quarantine is not None and may_set_apart:
                apart[name] = _set_apart(engine, opened, tuple(broken), quarantine)
                if apart[name] == rows[name]:
                    found[name].append(_empty(name, " Every row of it was set apart."))
        except DataError as fault:
            found[name].append(unreadable(name, "its rows", fault))
    violations = tuple(violation for name in TABLES for violation in found.get(name, ()))
    return CheckReport(violations=violations, rows=rows, quarantined=apart)


def _counted(engine: Engine, opened: Opened) -> tuple[int, dict[Rule, int], dict[str, int]]:
    """Return a table's rows, how many break each broken rule, and the largest doubtful times.

    It is one query: an engine far away takes longer to begin one than to count.
    """
    rules = rules_of(opened, engine)
    doubtful = [
        reading.name for reading in opened.readings
        if reading.assumed and reading.name not in {"birth_date", "available_at"}
    ]  # fmt: skip
    asked = [
        "count(*)",
        *(f"({r.count})" if r.count else f"count(*) FILTER (WHERE {r.broken})" for r in rules),
        *(f"{end}({quote(name)})" for name in doubtful for end in ("min", "max")),
    ]
    sql = f"SELECT {', '.join(asked)} FROM {lenient(opened)}"
    total, *found = engine.rows(sql, step=f"check {opened.table.name}")[0]
    counts = [int(str(count)) for count in found[: len(rules)]]
    ends = [0 if end is None else abs(int(str(end))) for end in found[len(rules) :]]
    largest = dict(zip(doubtful, map(max, ends[::2], ends[1::2]), strict=True))
    broken = {rule: count for rule, count in zip(rules, counts, strict=True) if count}
    return int(str(total)), broken, largest


def _violation(engine: Engine, opened: Opened, rule: Rule, count: int, *, apart: bool) -> Violation:
    """Return a broken rule with three of the rows that break it."""
    table = opened.table
    shown = dict.fromkeys(name for name in (*table.key, *rule.columns) if name in opened.names)
    texts = ", ".join(quote(name + " as read") for name in shown)
    sql = f"SELECT {texts} FROM {lenient(opened)} WHERE {rule.broken} LIMIT 3"
    examples = tuple(
        ", ".join(
            f"{name}={'null' if value is None else value}"
            for name, value in zip(shown, row, strict=True)
        )
        for row in engine.rows(sql)
    )
    column = ", ".join(rule.columns)
    sentence = str(SchemaError.bad_rows(table.name, column, rule.text, count, examples))
    return Violation(
        table=table.name, column=column, rule=rule.text, count=count, examples=examples,
        sentence=sentence, apart=apart,
    )  # fmt: skip


def _set_apart(engine: Engine, opened: Opened, broken: tuple[Rule, ...], folder: Path) -> int:
    """Write the offending rows as the source has them, and keep the others in the engine."""
    name = opened.table.name
    verdicts = ", ".join(
        f"CASE WHEN {rule.broken} THEN {literal(', '.join(rule.columns) + ': ' + rule.text)} END"
        for rule in broken
    )
    judged = f"(SELECT *, concat_ws('; ', {verdicts}) AS rule FROM {lenient(opened, whole=True)})"
    count = write_parquet(
        engine.copied,
        f"SELECT unnest(\"source row\"), rule FROM {judged} WHERE rule <> ''",
        folder / f"{name}.parquet",
    )
    kept = ", ".join(quote(column) for column in opened.names)
    clean = engine.scratch / f"{name}-{uuid4().hex}.parquet"
    write_parquet(engine.copied, f"SELECT {kept} FROM {judged} WHERE rule = ''", clean)
    engine.replace(name, clean)
    return count


def _whole_table(
    opened: Opened, others: Mapping[str, Opened], rows: int, largest: Mapping[str, int]
) -> list[Violation]:
    """Return the faults of a table as a whole: empty, times in a wrong unit, ids of two types."""
    name = opened.table.name
    faults = _two_types(opened, others)
    if rows == 0:
        return [_empty(name), *faults]
    for column, most in largest.items():
        if 0 < most < _UNIT_DOUBT:
            rule = "it counts microseconds since 1970"
            sentence = (
                f"{name}.{column}: wrong unit: the largest value is {most}, which in "
                f"microseconds is {most / SECOND / 86400:.2f} days from 1970-01-01. Declare "
                f"[tables.{name}.units] {column} = 's' or 'ms'."
            )
            faults.append(Violation(table=name, column=column, rule=rule, sentence=sentence))
    return faults


def _two_types(opened: Opened, others: Mapping[str, Opened]) -> list[Violation]:
    """Return the ids that this table holds as text and its parent as integers, or vice versa."""
    name = opened.table.name
    pairs = [
        (link.columns[0], link.parent, link.columns[0]) for link in LINKS if link.table == name
    ]
    owner = next((owner for owner in ("applications", "customers") if owner in others), None)
    if owner is not None and owner != name:
        pairs.append(("customer_id", owner, "customer_id"))
    pairs += [(column, name, "customer_id") for table, column in _PERSONS if table == name]
    faults = []
    for column, parent, key in dict.fromkeys(pairs):
        there = others.get(parent)
        if there is None or column not in opened.names or key not in there.names:
            continue
        own, theirs = opened.reading(column).type, there.reading(key).type
        if own != theirs:
            sentence = (
                f"{name}.{column}: it is {own}, but {parent}.{key} is {theirs}: rows would not "
                "meet. Give both one type."
            )
            rule = f"it has the type of {parent}.{key}"
            faults.append(Violation(table=name, column=column, rule=rule, sentence=sentence))
    return faults


def _empty(name: str, more: str = "") -> Violation:
    sentence = str(SchemaError.empty(name)) + more
    return Violation(table=name, column="*", rule="it has at least one row", sentence=sentence)
