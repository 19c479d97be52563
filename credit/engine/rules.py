"""The rules of the data contract as SQL: each is true for the rows that break it.

A rule looks at one row, at the other rows of its table, or at those of a parent table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from credit.engine.reading import Reading, literal, quote
from credit.engine.source import Opened
from credit.schema import SECOND

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

_ROW = '"row as read"'
"""The name of the row that a rule is about, where it stands beside others."""

_EARLIEST = -2_208_988_800 * SECOND  # 1900-01-01
_LATEST = 7_258_118_400 * SECOND  # 2200-01-01


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What must hold for ``columns`` of one row: ``broken`` is SQL that is true where it does not.

    ``count`` is SQL of the rows that break a rule which looks beyond its row; the others, without,
    are counted in one pass over the table.
    """

    columns: tuple[str, ...]
    text: str
    broken: str
    count: str = ""


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
        text = f"the merchant category is in the lookup {CATEGORIES}"
        rules.append(_known(opened, ("mcc",), CATEGORIES, text))
    return rules + [rule for link in LINKS for rule in _link_rules(link, opened, engine.opened)]


def lenient(opened: Opened, *, whole: bool = False) -> str:
    """Return a relation of a table's rows as read: null where unreadable, the text beside.

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
    return f'(SELECT {", ".join(parts)} FROM {opened.relation} AS "the row") AS {_ROW}'


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
    key = opened.table.key
    columns = ", ".join(map(quote, key))
    doubled = f"FROM {lenient(opened)} WHERE {_there(key)} GROUP BY {columns} HAVING count(*) > 1"
    return Rule(
        columns=key,
        text=f"{' and '.join(key)} {'identifies' if len(key) == 1 else 'identify'} one row "
        "(no duplicate key)",
        broken=f"({_there(key)} AND EXISTS ({_like(key, f'(SELECT {columns} {doubled})')}))",
        count=f"SELECT coalesce(sum(alike), 0) FROM (SELECT count(*) AS alike {doubled}) AS keys",
    )


def _link_rules(link: Link, opened: Opened, others: Mapping[str, Opened]) -> list[Rule]:
    parent = others.get(link.parent)
    if link.table != opened.table.name or parent is None:
        return []
    if not all(set(link.columns) <= set(side.names) for side in (opened, parent)):
        return []
    if any(opened.reading(c).type != parent.reading(c).type for c in link.columns):
        return []  # reported as one type against another, not row by row
    verb = "exists" if len(link.columns) == 1 else "exist"
    text = f"{' and '.join(link.columns)} {verb} in {link.parent}"
    keys = ", ".join(map(quote, link.columns))
    return [_known(opened, link.columns, f"(SELECT {keys} FROM {lenient(parent)})", text)]


def _known(opened: Opened, columns: tuple[str, ...], relation: str, text: str) -> Rule:
    """Values of ``columns`` must exist in a relation, where none of them is null."""
    # NOT IN would ask what a null of the relation means: Spark then compares every pair of rows.
    broken = f"({_there(columns)} AND NOT EXISTS ({_like(columns, relation)}))"
    count = f"SELECT count(*) FROM {lenient(opened)} WHERE {broken}"
    return Rule(columns=columns, text=text, broken=broken, count=count)


def _there(columns: tuple[str, ...]) -> str:
    """Return SQL: none of a row's columns is null."""
    return " AND ".join(f"{_ROW}.{quote(c)} IS NOT NULL" for c in columns)


def _like(columns: tuple[str, ...], relation: str) -> str:
    """Return SQL of a relation's rows that have a row's values in these columns."""
    same = " AND ".join(f"other.{quote(c)} = {_ROW}.{quote(c)}" for c in columns)
    return f"SELECT 1 FROM {relation} AS other WHERE {same}"


__all__ = ["CATEGORIES", "LINKS", "VALUES", "Link", "Rule", "lenient", "rules_of"]
