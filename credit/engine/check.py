"""The rules of the data contract, run on real tables and reported together.

A rule is an SQL condition that is true for the rows that break it. Tables are visited parents
first, so that with a quarantine a row whose parent was set apart is set apart as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from credit.engine.connection import write_parquet
from credit.engine.reading import Reading, literal, quote
from credit.engine.report import CheckReport, Violation
from credit.engine.source import Opened, unreadable
from credit.errors import DataError, SchemaError
from credit.schema import SECOND, TABLES

if TYPE_CHECKING:
    from credit.engine.duck import Engine

CATEGORIES = "merchant_categories"
"""The lookup that says which merchant category codes are known; without it none is checked."""

VALUES: dict[tuple[str, str], tuple[str | int, ...]] = {
    ("payments", "direction"): ("out", "in"),
    ("payments", "status"): ("ok", "failed"),
    ("wealth_orders", "side"): ("subscribe", "redeem"),
    ("outcomes", "bad"): (0, 1),
    ("decisions", "outcome"): ("approve", "review", "query_only", "refuse"),
    ("decisions", "random_approval"): (0, 1),
}
"""Columns that hold one of a few values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Columns of a table whose values must exist in a parent table, where both are present."""

    table: str
    columns: tuple[str, ...]
    parent: str


LINKS = (
    Link(table="applications", columns=("customer_id",), parent="customers"),
    Link(table="loans", columns=("application_id",), parent="applications"),
    Link(table="instalments", columns=("loan_id",), parent="loans"),
    Link(table="repayments", columns=("loan_id",), parent="loans"),
    Link(table="repayments", columns=("loan_id", "number"), parent="instalments"),
    Link(table="loan_months", columns=("loan_id",), parent="loans"),
    Link(table="decisions", columns=("application_id",), parent="applications"),
    Link(table="outcomes", columns=("application_id",), parent="applications"),
)

_PARENTS_FIRST = ("customers", "applications", "loans", "instalments", "repayments", "outcomes")

_PERSONS = (
    ("transfers", "counterparty_id"),
    ("contacts", "contact_id"),
    ("guarantees", "guarantor_id"),
)
"""Columns that hold a person under another name."""

_EARLIEST = -2_208_988_800 * SECOND  # 1900-01-01
_LATEST = 7_258_118_400 * SECOND  # 2200-01-01
_UNIT_DOUBT = 10**13
"""Microseconds up to April 1970: where all times are below, they are seconds or milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What must hold for ``columns`` of one row: ``broken`` is SQL that is true where it does not.

    ``is_local`` rules look at one row only, so that all of a table's are counted in one pass.
    """

    columns: tuple[str, ...]
    text: str
    broken: str
    is_local: bool = True


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
            broken = _broken_rules(engine, opened, rows)
            found[name] += _whole_table(engine, opened, rows[name])
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


def rules_of(opened: Opened, engine: Engine) -> list[Rule]:
    """Return the rules that apply to the columns a table has, beside what it is checked against."""
    table, present = opened.table, set(opened.names)
    rules = [rule for reading in opened.readings for rule in _column_rules(opened, reading)]
    if {"event_time", "available_at"} <= present:
        rules.append(
            Rule(
                columns=("event_time", "available_at"),
                text="available_at is not before event_time",
                broken="available_at < event_time",
            )
        )
    if set(table.key) <= present:
        rules.append(_unique(opened))
    if table.name == "payments" and "mcc" in present and engine.has(CATEGORIES):
        known = f"SELECT mcc FROM {CATEGORIES} WHERE mcc IS NOT NULL"
        rules.append(
            Rule(
                columns=("mcc",),
                text=f"the merchant category is in the lookup {CATEGORIES}",
                broken=f"(mcc IS NOT NULL AND mcc NOT IN ({known}))",
                is_local=False,
            )
        )
    return rules + [rule for link in LINKS for rule in _link_rules(link, opened, engine.opened)]


def lenient(opened: Opened, *, whole: bool = False) -> str:
    """Return SQL of a table's rows as read: null where unreadable, the source's text beside.

    ``whole`` adds the row as the source has it.
    """
    parts = []
    for reading in opened.readings:
        name = reading.name
        parts += [
            f"{reading.value} AS {quote(name)}",
            f"{reading.unreadable} AS {quote(name + ' unreadable')}",
            f"CAST({reading.source} AS VARCHAR) AS {quote(name + ' as read')}",
        ]
    parts += ['"the row" AS "source row"'] if whole else []
    return f'SELECT {", ".join(parts)} FROM {opened.relation} AS "the row"'


def _column_rules(opened: Opened, reading: Reading) -> list[Rule]:
    """Rules about one column: readable, not null, in its range, one of its values."""
    table = opened.table
    column = next((column for column in table.columns if column.name == reading.name), None)
    if column is None:
        return []
    name, one = quote(column.name), (column.name,)
    unread = quote(column.name + " unreadable")
    rules = []
    if reading.rule:
        rules.append(Rule(columns=one, text=reading.rule, broken=unread))
    if not column.nullable:
        rules.append(Rule(columns=one, text="it is not null",
                          broken=f"({name} IS NULL AND NOT {unread})"))  # fmt: skip
    if column.minimum is not None:
        rules.append(Rule(columns=one, text=f"it is at least {column.minimum:g}",
                          broken=f"{name} < {column.minimum:g}"))  # fmt: skip
    if column.kind == "time":
        rules.append(Rule(columns=one, text="it lies between the years 1900 and 2200",
                          broken=f"{name} NOT BETWEEN {_EARLIEST} AND {_LATEST}"))  # fmt: skip
    values = VALUES.get((table.name, column.name))
    if values:
        listed = ", ".join(str(v) if isinstance(v, int) else literal(v) for v in values)
        rules.append(Rule(columns=one, text=f"it is one of {list(values)}",
                          broken=f"{name} NOT IN ({listed})"))  # fmt: skip
    return rules


def _unique(opened: Opened) -> Rule:
    """Every row of a duplicated key breaks this rule: which of them is true is not ours to say."""
    keys = ", ".join(quote(name) for name in opened.table.key)
    doubled = f"SELECT {keys} FROM ({lenient(opened)}) GROUP BY ALL HAVING count(*) > 1"
    return Rule(
        columns=opened.table.key,
        text=f"{' and '.join(opened.table.key)} identify one row (no duplicate key)"
        if len(opened.table.key) > 1
        else f"{opened.table.key[0]} identifies one row (no duplicate key)",
        broken=f"(({keys}) IN ({doubled}))",
        is_local=False,
    )


def _link_rules(link: Link, opened: Opened, others: Mapping[str, Opened]) -> list[Rule]:
    parent = others.get(link.parent)
    if link.table != opened.table.name or parent is None:
        return []
    if not all(set(link.columns) <= set(side.names) for side in (opened, parent)):
        return []
    if any(opened.reading(c).type != parent.reading(c).type for c in link.columns):
        return []  # reported as one type against another, not row by row
    there = " AND ".join(f"{quote(c)} IS NOT NULL" for c in link.columns)
    keys = ", ".join(quote(c) for c in link.columns)
    known = f"SELECT {keys} FROM ({lenient(parent)}) WHERE {there}"
    named = " and ".join(link.columns)
    return [
        Rule(
            columns=link.columns,
            text=f"{named} {'exists' if len(link.columns) == 1 else 'exist'} in {link.parent}",
            broken=f"({there} AND ({keys}) NOT IN ({known}))",
            is_local=False,
        )
    ]


def _broken_rules(engine: Engine, opened: Opened, rows: dict[str, int]) -> dict[Rule, int]:
    """Count the rows that break each rule, noting the table's rows; keep the broken rules."""
    rules = rules_of(opened, engine)
    local = [rule for rule in rules if rule.is_local]
    counts = "".join(f", count(*) FILTER (WHERE {rule.broken})" for rule in local)
    step = f"check {opened.table.name}"
    total, *broken = engine.rows(f"SELECT count(*){counts} FROM ({lenient(opened)})", step=step)[0]
    rows[opened.table.name] = int(str(total))
    found = dict(zip(local, (int(str(count)) for count in broken), strict=True))
    for rule in rules:
        if not rule.is_local:
            sql = f"SELECT count(*) FROM ({lenient(opened)}) WHERE {rule.broken}"
            found[rule] = int(str(engine.rows(sql, step=step)[0][0]))
    return {rule: found[rule] for rule in rules if found[rule]}


def _violation(engine: Engine, opened: Opened, rule: Rule, count: int, *, apart: bool) -> Violation:
    """Return a broken rule with three of the rows that break it."""
    table = opened.table
    shown = dict.fromkeys(name for name in (*table.key, *rule.columns) if name in opened.names)
    texts = ", ".join(quote(name + " as read") for name in shown)
    sql = f"SELECT {texts} FROM ({lenient(opened)}) WHERE {rule.broken} LIMIT 3"
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
    judged = f"(SELECT *, concat_ws('; ', {verdicts}) AS rule FROM ({lenient(opened, whole=True)}))"
    count = write_parquet(
        engine.rows,
        f"SELECT unnest(\"source row\"), rule FROM {judged} WHERE rule <> ''",
        folder / f"{name}.parquet",
    )
    kept = ", ".join(quote(column) for column in opened.names)
    clean = engine.scratch / f"{name}-{uuid4().hex}.parquet"
    write_parquet(engine.rows, f"SELECT {kept} FROM {judged} WHERE rule = ''", clean)
    engine.replace(name, clean)
    return count


def _whole_table(engine: Engine, opened: Opened, rows: int) -> list[Violation]:
    """Return the faults of a table as a whole: empty, times in a wrong unit, ids of two types."""
    name = opened.table.name
    faults = _two_types(opened, engine.opened)
    if rows == 0:
        return [_empty(name), *faults]
    doubtful = [
        reading for reading in opened.readings
        if reading.assumed and reading.name not in {"birth_date", "available_at"}
    ]  # fmt: skip
    for reading in doubtful:
        sql = f"SELECT max(abs({quote(reading.name)})) FROM ({lenient(opened)})"
        largest = engine.rows(sql)[0][0]
        if isinstance(largest, int) and 0 < largest < _UNIT_DOUBT:
            rule = "it counts microseconds since 1970"
            sentence = (
                f"{name}.{reading.name}: wrong unit: the largest value is {largest}, which in "
                f"microseconds is {largest / SECOND / 86400:.2f} days from 1970-01-01. Declare "
                f"[tables.{name}.units] {reading.name} = 's' or 'ms'."
            )
            faults.append(Violation(table=name, column=reading.name, rule=rule, sentence=sentence))
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


__all__ = ["CATEGORIES", "LINKS", "VALUES", "Rule", "lenient", "rules_of", "run_checks"]
