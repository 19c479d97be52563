"""Edges: who is tied to whom, and from which instant on it is visible.

DuckDB collapses events to one edge a pair of people (or a person and a device), sorted by the
first instant at which any of its events counts. From then on time is one ascending column.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from credit.features.window import rule

if TYPE_CHECKING:
    from credit.engine import Engine

Instants = NDArray[np.int64]
Nodes = NDArray[np.int32]

PEOPLE = "graph_people"
"""The relation (person, node, place) that numbers people."""

SEED = 20_261_121
"""Seeds the order in which communities are looked for; see ``number_people``."""

HUB = 30
"""People on a device above which it is a shop, a school or a machine, and joins nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Where a kind of tie is found: a table, its two ends, and a condition on its rows."""

    table: str
    one: str = "customer_id"
    other: str
    where: str = "true"
    columns: tuple[str, ...] = ()


KINDS: dict[str, Kind] = {
    "contacts": Kind(table="contacts", other="contact_id"),
    "transfers": Kind(table="transfers", other="counterparty_id"),
    "red_packets": Kind(
        table="transfers", other="counterparty_id", where="e.type = 'red_packet'", columns=("type",)
    ),
    "guarantees": Kind(table="guarantees", other="guarantor_id"),
    "devices": Kind(table="device_use", other="device_id"),
}
"""Every kind of tie, by name."""

TOLD_BY: dict[str, tuple[str, ...]] = {
    "tags": ("customer_id", "event_time", "available_at"),
    "instalments": (
        "customer_id", "event_time", "available_at", "loan_id", "number", "due_at", "due_fen",
    ),
    "repayments": ("event_time", "available_at", "loan_id", "number", "amount_fen"),
}  # fmt: skip
"""Table -> columns that tell what was known of people."""


def reads(ties: Iterable[str], *, labelled: bool) -> dict[str, tuple[str, ...]]:
    """Return table -> columns that are read for some kinds of ties, and for labels."""
    found = dict(TOLD_BY) if labelled else {}
    for name in ties:
        kind = KINDS[name]
        own = (kind.one, kind.other, "event_time", "available_at", *kind.columns)
        found[kind.table] = tuple(dict.fromkeys((*found.get(kind.table, ()), *own)))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """Undirected edges without loops, one a pair, in the order in which they become visible.

    Attributes
    ----------
    low, high : ndarray of int32, shape (m,)
        The two ends. People are 0 .. people - 1; devices are numbered after them.
    known_from : ndarray of int64, shape (m,)
        Ascending; the edge is visible at q if and only if ``known_from <= q``.
    people, nodes : int
        People, and people with devices.
    """

    low: Nodes
    high: Nodes
    known_from: Instants
    people: int
    nodes: int

    def visible(self, q: int) -> int:
        """Return how many edges, from the first on, are visible at ``q``."""
        return rule.seen(self.known_from, q)

    def permuted(self, permutation: Nodes) -> Edges:
        """Return the edges with every person p put where ``permutation[p]`` was."""
        moved = np.arange(self.nodes, dtype=np.int32)
        moved[: self.people] = permutation
        one, other = moved[self.low], moved[self.high]
        return replace(self, low=np.minimum(one, other), high=np.maximum(one, other))


def number_people(engine: Engine, ties: Iterable[str], *, labelled: bool) -> int:
    """Give a number to everybody at an end of a tie or with a label; return how many they are.

    A person's ``node`` is their rank by id. Their ``place`` is their rank by a seeded hash of
    the id: an order that is arbitrary, and yet the same between any two people whoever else is
    in the tables. So rows that are invisible at an instant cannot reorder those that are.
    """
    kinds = [KINDS[name] for name in dict.fromkeys(ties)]
    ends = [(kind.table, kind.one) for kind in kinds]
    ends += [(kind.table, kind.other) for kind in kinds if kind.table != "device_use"]
    ends += [(table, "customer_id") for table in ("tags", "instalments") if labelled]
    union = " union ".join(
        f"select {column} as person from {table}" for table, column in dict.fromkeys(ends)
    )
    engine.temporary(
        PEOPLE,
        "select person, cast(row_number() over (order by person) - 1 as integer) as node, "
        f"cast(row_number() over (order by md5(concat('{SEED} ', person)), person) - 1 "
        f"as integer) as place from ({union}) where person is not null",
    )
    return int(str(engine.rows(f"select count(*) from {PEOPLE}")[0][0]))


def read_edges(engine: Engine, ties: Iterable[str], people: int) -> Edges:
    """Collapse all events of some kinds of ties to edges; see ``number_people``."""
    ties = tuple(ties)
    devices = ties == ("devices",)
    frame = engine.frame(
        f"{edges_sql(ties, people)} order by known_from, low, high", step="edges of the graph"
    )
    high = frame["high"].to_numpy(np.int32)
    return Edges(
        low=frame["low"].to_numpy(np.int32),
        high=high,
        known_from=frame["known_from"].to_numpy(np.int64),
        people=people,
        nodes=max(people, int(high.max(initial=-1)) + 1) if devices else people,
    )


def edges_sql(ties: tuple[str, ...], people: int) -> str:
    """Return SQL (low, high, known_from): the edges of some kinds of ties, one a pair."""
    devices = ties == ("devices",)
    pairs = _with_devices(people) if devices else " union all ".join(map(_pairs, ties))
    return (
        "select low, high, cast(min(known_from) as bigint) as known_from "
        f"from ({pairs}) group by low, high"
    )


def _collapsed(kind: Kind) -> str:
    """Return SQL: the first instant of each ordered pair, before anybody has a number."""
    return (
        f"select e.{kind.one} as one, e.{kind.other} as other, "
        f"min({rule.known_from('e')}) as known_from from {kind.table} e "
        f"where {kind.where} group by e.{kind.one}, e.{kind.other}"
    )


def _pairs(name: str) -> str:
    # Loops go before the joins: an inequality between the two ends tempts a planner to pair
    # everybody with everybody.
    return (
        "select least(a.node, b.node) as low, greatest(a.node, b.node) as high, c.known_from "
        f"from (select * from ({_collapsed(KINDS[name])}) where one <> other) c "
        f"join {PEOPLE} a on a.person = c.one join {PEOPLE} b on b.person = c.other"
    )


def _with_devices(people: int) -> str:
    return (
        f"select a.node as low, cast({people} - 1 + dense_rank() over (order by c.other) "
        f"as integer) as high, c.known_from from ({_collapsed(KINDS['devices'])}) c "
        f"join {PEOPLE} a on a.person = c.one"
    )
