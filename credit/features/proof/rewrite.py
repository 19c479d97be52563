"""Rewriting tables: rows that may not be seen are deleted, changed, moved, or joined by others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from credit.features.proof.rows import MAKE, Chance, Row
from credit.features.window.tables import REPAIRED
from credit.schema import DAY

UNBOUNDED = ("loans", "repayments", "tags", "customers", "applications")
"""Tables that features with a window read without one: who a peer is, what was paid."""

SAME = ("event_time", "available_at", "due_at", "loan_id", "number", "product_id", "account_id")
"""What stays in a row that changes: its keys and times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What may be rewritten.

    ``hidden(table, row)`` says which rows; ``times(chance, table)`` returns times at which an
    added or moved row is hidden; ``later(chance, row)`` rewrites what a visible row says of a
    time to come.
    """

    hidden: Callable[[str, Row], bool]
    times: Callable[[Chance, str], Row]
    later: Callable[[Chance, Row], Row]


def rewrite(c: Chance, tables: Mapping[str, list[Row]], limits: Limits) -> dict[str, list[Row]]:
    """Return the tables with hidden rows deleted, changed, moved or kept, and some added."""
    schedule = [(row["loan_id"], row["number"]) for row in tables.get("instalments", ())]
    made: dict[str, list[Row]] = {}
    for name, rows in tables.items():
        kept = made[name] = []
        for row in rows:
            if not limits.hidden(name, row):
                kept.append(limits.later(c, row))
                continue
            change = {**row, **MAKE[name](c, 0), "customer_id": row["customer_id"]}
            fate = c.pick("delete", "change", "move", "both", "keep")
            other = _still(change, row) if fate in ("change", "both") else row
            if fate in ("move", "both"):
                other = {**other, **limits.times(c, name)}
            if fate != "delete":
                kept.append(other)
        # A person registers once: a second row would be refused before it could leak.
        for _ in range(0 if name == "customers" else len(rows) // 4):
            row = {**MAKE[name](c, 0), **limits.times(c, name)}
            if name in ("instalments", "repayments") and schedule:
                loan, number = c.pick(*schedule)
                row |= {"loan_id": loan, "number": number if name == "repayments" else c.key()}
            kept.append(row)
    return made


def _still(change: Row, row: Row) -> Row:
    """Return a changed row that is the same row: its keys and times stay."""
    return change | {name: row[name] for name in SAME if name in row}


def invisible(q: int) -> Limits:
    """Return what could not be known at q, and times that q cannot see."""

    def hidden(table: str, row: Row) -> bool:
        if table == "applications":  # the application made at q is the question itself
            return bool(row["event_time"] > q or row["available_at"] > q)
        return bool(row["event_time"] >= q or row["available_at"] > q)

    def times(c: Chance, table: str) -> Row:
        first = q if table != "applications" else q + 1
        after = c.pick(first, first + 1, first + c.whole(0, 100 * DAY))
        before = c.pick(q - 1, q - c.whole(0, 300 * DAY))
        late = c.pick(q + 1, q + c.whole(1, 100 * DAY))
        known = after + c.pick(0, c.whole(0, 3 * DAY))
        found: Row = c.pick(
            {"event_time": after, "available_at": known},
            {"event_time": before, "available_at": late},
        )
        return found

    def later(c: Chance, row: Row) -> Row:
        if REPAIRED not in row or (row[REPAIRED] is not None and row[REPAIRED] <= q):
            return row
        return {**row, REPAIRED: c.pick(None, q + 1, q + c.whole(1, 100 * DAY))}

    return Limits(hidden=hidden, times=times, later=later)


def too_old(q: int, days: int, *, spare: bool = True) -> Limits:
    """Return what happened before the window, and times that lie before it.

    With ``spare`` the tables stay as they are that windowed features read without a window.
    """
    start = q - days * DAY
    spared = UNBOUNDED if spare else ("customers",)

    def hidden(table: str, row: Row) -> bool:
        if table in spared:
            return False
        return bool(row["due_at" if table == "instalments" else "event_time"] < start)

    def times(c: Chance, table: str) -> Row:
        old = c.pick(start - 1, start - 1, start - c.whole(1, 300 * DAY))
        known = old + c.pick(0, c.whole(0, DAY))
        if table in spared:
            return {"event_time": q, "available_at": q + 1}
        moved: Row = {"event_time": old, "available_at": known}
        return moved | {"due_at": old} if table in ("instalments", "payments") else moved

    return Limits(hidden=hidden, times=times, later=lambda _c, row: row)
