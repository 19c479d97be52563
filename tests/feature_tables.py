"""Small random event tables whose times lie on and around the boundaries of features.

Rows are plain dictionaries, so that an oracle can read them and a test can rewrite them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random

import numpy as np
import pandas as pd

from credit.engine import Engine
from credit.feature import Catalogue, Propagation
from credit.features import catalogue
from credit.schema import DAY, TABLES

Row = dict[str, object]
WINDOWS = (30, 90, 180, 360, 720)
EPOCH = 1_700_000_000_000_000
MCCS = (5411, 5812, 7832, 8211, 8062, 7995, 5933, 4900)


OWN = Catalogue(tuple(f for f in catalogue() if not isinstance(f, Propagation)))
"""Features that read the rows of one person and of those tied to them."""


@dataclass
class World:
    """Who applied when, and every table as a list of rows."""

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


class Chance:
    """Random draws around the boundaries of one world."""

    def __init__(self, seed: int, people: int) -> None:
        self.rng = Random(seed)  # many scalar draws: ten times faster than a NumPy generator
        self.people = people
        self.fresh = 1_000

    def pick(self, *choices: object) -> object:
        return choices[int(self.rng.random() * len(choices))]

    def whole(self, low: int, high: int) -> int:
        return low + int(self.rng.random() * (high - low))

    def person(self) -> int:
        return self.whole(0, self.people)

    def key(self) -> int:
        self.fresh += 1
        return self.fresh

    def amount(self) -> int:
        return self.pick(0, 500_000, 500_001, self.whole(1, 900_000), self.whole(1, 90_000))

    def time(self, q: int) -> int:
        """Return an event time: at q, at a window's edge, a microsecond off, or anywhere."""
        window = self.pick(*WINDOWS) * DAY
        anywhere = q - self.whole(0, 200 * DAY)
        long_ago = q - self.whole(0, 800 * DAY)
        return self.pick(
            q, q - 1, q + 1, q - window, q - window - 1, q - window + 1,
            q + self.whole(0, 60 * DAY), anywhere, anywhere, anywhere, long_ago, long_ago,
        )  # fmt: skip

    def known(self, event_time: int, q: int) -> int:
        """Return when it was known: at once, at q, just after q, soon, or late."""
        late = event_time + self.whole(0, 90 * DAY)
        soon = event_time + self.whole(0, 2 * DAY)
        return max(event_time, self.pick(event_time, event_time, q, q + 1, soon, soon, late))


def _times(chance: Chance, q: int) -> Row:
    event_time = chance.time(q)
    return {"event_time": event_time, "available_at": chance.known(event_time, q)}


def _payment(c: Chance, q: int) -> Row:
    due = q - c.whole(-20, 200) * DAY
    return {
        "payment_id": c.key(), "customer_id": c.person(),
        "direction": c.pick("out", "out", "out", "in"), "amount_fen": c.amount(),
        "status": c.pick("ok", "ok", "ok", "ok", "failed"),
        "mcc": c.pick(None, *MCCS), "merchant_id": c.pick(None, *range(12)),
        "balance_fen": c.pick(None, c.whole(0, 1_000_000)), "due_at": c.pick(None, None, due),
    }  # fmt: skip


def _transfer(c: Chance, q: int) -> Row:
    return {
        "transfer_id": c.key(), "customer_id": c.person(), "counterparty_id": c.person(),
        "amount_fen": c.amount(),
    }  # fmt: skip


def _contact(c: Chance, q: int) -> Row:
    return {"customer_id": c.person(), "contact_id": c.person()}


def _tag(c: Chance, q: int) -> Row:
    return {"tag_id": c.key(), "customer_id": c.person(), "tag": c.pick("fraud", "court")}


def _position(c: Chance, q: int) -> Row:
    return {
        "customer_id": c.person(), "product_id": c.whole(0, 3), "risk_level": c.whole(1, 6),
        "balance_fen": c.amount(),
    }  # fmt: skip


def _order(c: Chance, q: int) -> Row:
    return {
        "order_id": c.key(), "customer_id": c.person(), "product_id": c.whole(0, 3),
        "risk_level": c.whole(1, 6), "side": c.pick("subscribe", "redeem"),
        "amount_fen": c.amount(),
    }  # fmt: skip


def _device_use(c: Chance, q: int) -> Row:
    return {"customer_id": c.person(), "device_id": c.whole(0, c.people)}


def _guarantee(c: Chance, q: int) -> Row:
    return {"customer_id": c.person(), "guarantor_id": c.person()}


def _loan(c: Chance, q: int) -> Row:
    return {
        "loan_id": c.key(), "customer_id": c.person(), "principal_fen": c.amount(),
        "term_months": 3,
    }  # fmt: skip


def _customer(c: Chance, q: int) -> Row:
    return {
        "customer_id": c.person(), "segment": c.pick("sme", "white_collar", None),
        "declared_income_fen": c.pick(None, c.amount()),
    }  # fmt: skip


def _application(c: Chance, q: int) -> Row:
    return {
        "application_id": c.key(), "customer_id": c.person(),
        "amount_fen": c.pick(None, c.amount()),
    }  # fmt: skip


def _instalment(c: Chance, q: int) -> Row:
    window = c.pick(*WINDOWS) * DAY
    past = [q - c.whole(0, 400 * DAY) for _ in range(6)]
    edges = (q, q - 1, q - DAY, q - DAY + 1, q - window, q - window - 1)
    due = c.pick(*edges, q + c.whole(0, 90 * DAY), *past)
    return {
        "customer_id": c.person(), "loan_id": c.key(), "number": c.whole(1, 4),
        "due_at": due, "due_fen": c.pick(0, 100, 100, 100, 100, 100, 250),
    }  # fmt: skip


def _repayment(c: Chance, q: int) -> Row:
    return {
        "repayment_id": c.key(), "customer_id": c.person(), "loan_id": c.key(),
        "number": c.whole(1, 4), "amount_fen": c.pick(0, 40, 60, 100, 100, 100, 100, 100, 250),
    }  # fmt: skip


MAKE: dict[str, Callable[[Chance, int], Row]] = {
    "payments": _payment, "transfers": _transfer, "contacts": _contact, "tags": _tag,
    "wealth_positions": _position, "wealth_orders": _order, "loans": _loan,
    "instalments": _instalment, "repayments": _repayment, "customers": _customer,
    "applications": _application, "device_use": _device_use, "guarantees": _guarantee,
}  # fmt: skip
"""Table -> a row without its times."""

ROWS = {
    "payments": 500, "transfers": 160, "contacts": 90, "tags": 14, "wealth_positions": 120,
    "wealth_orders": 120,
}  # fmt: skip


def random_world(seed: int, people: int = 20) -> World:
    """Return a world of ``people`` with one as-of instant each."""
    c = Chance(seed, people)
    as_of = {person: EPOCH + c.whole(0, 300 * DAY) for person in range(people)}
    world = World(as_of)
    for table, count in ROWS.items():
        world.tables[table] = [_placed(c, table, as_of) for _ in range(count)]
    _unique(world.tables["contacts"], "customer_id", "contact_id")
    _unique(world.tables["wealth_positions"], "customer_id", "product_id", "event_time")
    world.tables["customers"] = [
        {**_customer(c, q), **_times(c, q), "customer_id": person}
        for person, q in as_of.items()
        if person % 9
    ]
    world.tables["applications"] = [
        {**_application(c, q), "customer_id": person, "event_time": q,
         "available_at": q + (person % 7 == 0)}
        for person, q in as_of.items()
    ] + [
        {**_application(c, 0), "event_time": EPOCH - c.whole(0, 400 * DAY),
         "available_at": EPOCH} for _ in range(10)
    ]  # fmt: skip
    _lend(c, world)
    return world


def connected_world(
    seed: int, people: int = 30, snapshot: Callable[[int], int] | None = None
) -> World:
    """Return a world with devices, guarantees and red packets, of few ties a person.

    With ``snapshot`` (instant -> instant), some rows happen on and around what it returns.
    """
    world = random_world(seed, people)
    c = Chance(seed + 1, people)
    world.tables["transfers"] = [
        {**row, "type": c.pick("transfer", "red_packet")} for row in world.tables["transfers"][:90]
    ]
    world.tables["contacts"] = world.tables["contacts"][:40]
    for table, count in {"device_use": 30, "guarantees": 16}.items():
        world.tables[table] = [_placed(c, table, world.as_of) for _ in range(count)]
    for rows in world.tables.values() if snapshot else ():
        for place in range(0, len(rows), 3):
            edge = snapshot(world.as_of[int(c.person())]) if snapshot else 0
            event_time = edge + c.pick(-1, 0, 1)
            if rows[place]["event_time"] + DAY < edge:  # schedules stay before their payments
                known = max(event_time, edge + c.pick(-1, 0, 1))
                rows[place] = {**rows[place], "event_time": event_time, "available_at": known}
    return world


def _placed(c: Chance, table: str, as_of: dict[int, int]) -> Row:
    """Return a row whose times lie around the boundary of somebody it concerns."""
    row = MAKE[table](c, EPOCH)
    concerned = [row["customer_id"], row.get("counterparty_id"), row.get("contact_id")]
    q = as_of[int(c.pick(*(person for person in concerned if person is not None), c.person()))]
    return {**row, **_times(c, q)}


def _unique(rows: list[Row], *key: str) -> None:
    seen = {tuple(row[name] for name in key): row for row in rows}
    rows[:] = seen.values()


def _lend(c: Chance, world: World) -> None:
    """Add loans, their instalments, and repayments whole, in parts, early, late or never."""
    loans, instalments, repayments = [], [], []
    for _ in range(40):
        loan = _placed(c, "loans", world.as_of)
        # Most loans are old enough for late instalments to have been settled by q.
        earlier = c.pick(0, 200 * DAY, 400 * DAY)
        loan |= {name: loan[name] - earlier for name in ("event_time", "available_at")}
        loans.append(loan)
        q = world.as_of[int(c.pick(loan["customer_id"], c.person()))]
        for number in (1, 2, 3):
            instalment = _instalment(c, q) | {
                name: loan[name] for name in ("customer_id", "loan_id", "event_time")
            }
            known = c.pick(loan["available_at"], c.known(loan["event_time"], q))
            instalments.append(instalment | {"number": number, "available_at": known})
            for _ in range(c.pick(0, 1, 1, 1, 2, 2, 2)):
                paid = instalment["due_at"] + c.pick(
                    0, -3 * DAY, -3 * DAY + 1, DAY, DAY - 1, c.whole(-9 * DAY, 40 * DAY)
                )
                event_time = c.pick(paid, paid, paid, c.time(q))
                repayments.append(
                    _repayment(c, q)
                    | {"customer_id": loan["customer_id"], "loan_id": loan["loan_id"]}
                    | {"number": number, "event_time": event_time}
                    | {"available_at": c.known(event_time, q)}
                )
    world.tables |= {"loans": loans, "instalments": instalments, "repayments": repayments}


def frames(tables: dict[str, list[Row]]) -> dict[str, pd.DataFrame]:
    """Return the tables as frames of the contract's types."""
    made = {}
    for name, rows in tables.items():
        columns = {column.name: column.kind for column in TABLES[name].columns}
        present = [column for column in columns if any(column in row for row in rows)]
        frame = pd.DataFrame(rows, columns=present, dtype="object")
        made[name] = frame.astype(
            {column: "str" if columns[column] == "text" else "Int64" for column in present}
        )
    return made


def engine_of(tables: dict[str, list[Row]], threads: int = 2) -> Engine:
    """Return an engine that holds the tables."""
    engine = Engine(threads=threads, memory_limit="1GB")
    for name, frame in frames(tables).items():
        engine.add(name, frame)
    return engine


def copies(worlds: Iterable[dict[str, list[Row]]], step: int) -> dict[str, list[Row]]:
    """Return worlds side by side: the k-th has every person and loan shifted by k steps."""
    shifted = ("customer_id", "counterparty_id", "contact_id", "loan_id")
    together: dict[str, list[Row]] = {}
    for place, tables in enumerate(worlds):
        for name, rows in tables.items():
            together.setdefault(name, []).extend(
                row | {key: row[key] + place * step for key in shifted if key in row}
                for row in rows
            )
    return together
