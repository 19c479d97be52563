"""Small random event tables: rows are plain dictionaries, to be read and rewritten one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from credit.engine import Engine
from credit.features.proof.rows import EPOCH, MAKE, Chance, Row, repaired, times_of
from credit.schema import DAY, HOUR, TABLES


@dataclass(frozen=True, slots=True)
class World:
    """Who applied when (customer_id -> instant), and every table as a list of rows."""

    as_of: dict[int, int]
    tables: dict[str, list[Row]] = field(default_factory=dict)

    def spine(self) -> pd.DataFrame:
        """Return one observation a person."""
        people = sorted(self.as_of)
        return pd.DataFrame(
            {
                "observation_id": np.array(people) * 10 + 7,
                "customer_id": people,
                "as_of": [self.as_of[person] for person in people],
            }
        )


ROWS = {
    "payments": 500, "transfers": 160, "contacts": 90, "tags": 14, "wealth_positions": 120,
    "wealth_orders": 160, "bureau": 120,
}  # fmt: skip


FEW = {"transfers": 90, "contacts": 40}
"""Table -> rows that are left of it where not everybody is to know everybody."""

JOINING = {"device_use": 30, "guarantees": 16}
"""Table that joins people -> its rows in a world of few ties."""

DEVICES = 60
"""Rows of ``device_use`` where nobody asks for the whole network."""


def random_world(seed: int, people: int = 20) -> World:
    """Return a world of ``people`` with one as-of instant each."""
    c = Chance(seed, people)
    as_of = {person: EPOCH + c.whole(0, 300 * DAY) for person in range(people)}
    world = World(as_of)
    for table, count in ROWS.items():
        world.tables[table] = [_placed(c, table, as_of) for _ in range(count)]
    _unique(world.tables["contacts"], "customer_id", "contact_id")
    _unique(world.tables["wealth_positions"], "customer_id", "product_id", "event_time")
    _unique(world.tables["bureau"], "customer_id", "account_id", "event_time")
    world.tables["customers"] = [
        {**MAKE["customers"](c, q), **times_of(c, q), "customer_id": person}
        for person, q in as_of.items()
        if person % 9
    ]
    world.tables["applications"] = [
        {**MAKE["applications"](c, q), "customer_id": person, "event_time": q,
         "available_at": q + (person % 7 == 0)}
        for person, q in as_of.items()
    ] + [
        # Nobody applies twice in one instant: the question would be which is meant.
        row for row in (_placed(c, "applications", as_of) for _ in range(60))
        if row["event_time"] != as_of[row["customer_id"]]
    ]  # fmt: skip
    _lend(c, world)
    c = Chance(seed + 2, people)
    world.tables["device_use"] = [_placed(c, "device_use", as_of) for _ in range(DEVICES)]
    _unique(world.tables["device_use"], "customer_id", "device_id", "event_time")
    return world


def connected_world(
    seed: int, people: int = 20, snapshot: Callable[[int], int] | None = None
) -> World:
    """Return a world with devices and guarantees, and of few ties a person.

    With ``snapshot`` (instant -> instant), some rows happen on and around what it returns.
    """
    world = random_world(seed, people)
    c = Chance(seed + 1, people)
    for table, count in FEW.items():
        world.tables[table] = world.tables[table][:count]
    for table, count in JOINING.items():
        world.tables[table] = [_placed(c, table, world.as_of) for _ in range(count)]
    for rows in world.tables.values() if snapshot else ():
        for place in range(0, len(rows), 3):
            edge = snapshot(world.as_of[c.person()]) if snapshot else 0
            event_time = edge + c.pick(-1, 0, 1)
            if rows[place]["event_time"] + DAY < edge:  # schedules stay before their payments
                known = max(event_time, edge + c.pick(-1, 0, 1))
                rows[place] = {**rows[place], "event_time": event_time, "available_at": known}
    return world


HOURS = (1, 6, 24, 7 * 24, 30 * 24, 90 * 24)
"""Windows of indicators of fraud, in hours."""

LOGINS = 300
"""Rows of ``logins`` in a world of hours."""


def hourly_world(seed: int, people: int = 20) -> World:
    """Return a world with logins, whose events lie on and around the edges of hours and days.

    Payments say more than in other worlds: on which device, to whom, at what risk.
    """
    world = random_world(seed, people)
    c = Chance(seed + 3, people)
    world.tables["logins"] = [_placed(c, "logins", world.as_of) for _ in range(LOGINS)]
    for row in world.tables["payments"]:
        row |= {
            "mcc": c.pick(row["mcc"], row["mcc"], 6211),
            "merchant_class": c.pick(None, "A", "B", "C", "C"),
            "device_id": c.pick(None, c.whole(0, 4)), "payee_age_days": c.pick(None, 0, 1, 40),
        }  # fmt: skip
    for table in ("logins", "payments", "transfers", "wealth_orders", "loans", "applications"):
        rows = world.tables[table]
        for row in rows[len(world.as_of) if table == "applications" else 0 :: 2]:
            q = world.as_of[row["customer_id"]]
            edge = c.pick(*HOURS) * HOUR
            off = c.pick(edge - 1, edge, edge + 1, c.whole(1, edge), c.whole(1, 2 * HOUR))
            known = c.pick(q - off, q - off, q, q + 1, q - off + c.whole(0, HOUR))
            row |= {"event_time": q - off, "available_at": max(q - off, known)}
    for before, row in zip(world.tables["logins"][::3], world.tables["logins"][1::3], strict=False):
        at = before["event_time"] + c.pick(1, 5, 30) * HOUR // 60
        row |= {"customer_id": before["customer_id"], "event_time": at, "available_at": at}
    return world


def _placed(c: Chance, table: str, as_of: dict[int, int]) -> Row:
    """Return a row whose times lie around the boundary of somebody it concerns."""
    row = MAKE[table](c, EPOCH)
    others = ("counterparty_id", "contact_id", "guarantor_id")
    concerned = [row["customer_id"], *(row.get(name) for name in others)]
    q = as_of[int(c.pick(*(person for person in concerned if person is not None), c.person()))]
    if "repaired_at" in row:
        row["repaired_at"] = repaired(c, q)
    return {**row, **times_of(c, q)}


def _unique(rows: list[Row], *key: str) -> None:
    seen = {tuple(row[name] for name in key): row for row in rows}
    rows[:] = seen.values()


def _lend(c: Chance, world: World) -> None:
    """Add loans, their instalments, and repayments whole, in parts, early, late or never."""
    loans, instalments, repayments = [], [], []
    for _ in range(50):
        loan = _placed(c, "loans", world.as_of)
        # Most loans are old enough for late instalments to have been settled by q.
        earlier = c.pick(0, 0, 200 * DAY, 400 * DAY)
        loan |= {name: loan[name] - earlier for name in ("event_time", "available_at")}
        loans.append(loan)
        q = world.as_of[int(c.pick(loan["customer_id"], c.person()))]
        for number in (1, 2, 3):
            instalment = MAKE["instalments"](c, q) | {
                name: loan[name] for name in ("customer_id", "loan_id", "event_time")
            }
            known = c.pick(loan["available_at"], c.known(loan["event_time"], q))
            instalments.append(instalment | {"number": number, "available_at": known})
            for _ in range(c.pick(0, 1, 1, 1, 2, 2, 2)):
                whole = c.pick(1, 29, 30, 59, 60, 89, 90) * DAY  # on the edges of buckets
                paid = instalment["due_at"] + c.pick(
                    0, -3 * DAY, -3 * DAY + 1, DAY - 1, -28 * DAY, whole, whole, whole - 1,
                    c.whole(-9 * DAY, 40 * DAY),
                )  # fmt: skip
                event_time = c.pick(paid, paid, paid, c.time(q))
                repayments.append(
                    MAKE["repayments"](c, q)
                    | {"customer_id": loan["customer_id"], "loan_id": loan["loan_id"]}
                    | {"number": number, "event_time": event_time}
                    | {"available_at": c.known(event_time, q)}
                )
    world.tables.update(loans=loans, instalments=instalments, repayments=repayments)


_DTYPES = {"text": "str", "float": "float64", "bool": "boolean"}


def frames(tables: Mapping[str, list[Row]]) -> dict[str, pd.DataFrame]:
    """Return the tables as frames of the contract's types."""
    made = {}
    for name, rows in tables.items():
        columns = {column.name: column.kind for column in TABLES[name].columns}
        present = [column for column in columns if any(column in row for row in rows)]
        frame = pd.DataFrame(rows, columns=present, dtype="object")
        made[name] = frame.astype(
            {column: _DTYPES.get(columns[column], "Int64") for column in present}
        )
    return made


def engine_of(
    tables: Mapping[str, list[Row]], threads: int = 2, zone: str = "Asia/Shanghai"
) -> Engine:
    """Return an engine that holds the tables."""
    engine = Engine(threads=threads, memory_limit="1GB", zone=zone)
    for name, frame in frames(tables).items():
        engine.add(name, frame)
    return engine


def copies(worlds: Iterable[dict[str, list[Row]]], step: int) -> dict[str, list[Row]]:
    """Return worlds side by side: the k-th has every person and loan shifted by k steps."""
    shifted = (
        "customer_id", "counterparty_id", "contact_id", "guarantor_id", "device_id", "loan_id",
    )  # fmt: skip
    together: dict[str, list[Row]] = {}
    for place, tables in enumerate(worlds):
        for name, rows in tables.items():
            together.setdefault(name, []).extend(
                row | {key: row[key] + place * step for key in shifted if row.get(key) is not None}
                for row in rows
            )
    return together
