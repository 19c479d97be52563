"""Tables of one's own, one copy an observation: the rows of a person and of those tied to them.

Copies stand side by side in one engine, so every identifier that joins tables is renumbered:
the k-th copy knows nobody of another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.features.graph.ties import PEER_FACTS
from credit.features.window.tables import LOOKUP
from credit.schema import TABLES

if TYPE_CHECKING:
    from credit.engine import Engine

Ints = npt.NDArray[np.int64]

COPY = "copy"
"""The column that says to which copy a row belongs."""

PEOPLE = ("customer_id", "counterparty_id", "contact_id", "guarantor_id")
"""Columns that name a person."""

LINKS = ("loan_id", "application_id", "device_id")
"""Columns, besides people, by which rows are joined to others."""

OF_PEERS = frozenset({"transfers", *(table for facts in PEER_FACTS.values() for table in facts)})
"""Tables whose rows are copied for peers too; of all others features read a person's own rows."""

_SPINE = "copied_spine"
_INVOLVED = "copied_people"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """Tables in copies, and whom each copy is about.

    Attributes
    ----------
    as_of : ndarray of int64, shape (k,)
        The instant of each copy.
    subject : ndarray, shape (k,)
        The person a copy is about; nobody (None) where it is about everybody.
    people : ndarray
        Everybody in a copy, copy after copy.
    start : ndarray of int64, shape (k + 1,)
        Those of copy i are ``people[start[i]:start[i + 1]]``.
    tables : dict of str to DataFrame
        Table -> its rows, with the column ``copy``.
    """

    as_of: Ints
    subject: npt.NDArray[np.int64] | None
    people: npt.NDArray[np.object_] | Ints
    start: Ints
    tables: Mapping[str, pd.DataFrame]


def copies(engine: Engine, spine: pd.DataFrame) -> tuple[Copies, pd.DataFrame]:
    """Copy what the features of each observation may read.

    Parameters
    ----------
    engine : Engine
    spine : DataFrame
        observation_id, customer_id, as_of and, if applications are told apart, application_id.

    Returns
    -------
    Copies
        One copy an observation.
    DataFrame
        The spine with the people and applications of the copies.
    """
    place = np.arange(len(spine), dtype=np.int64)
    asked = spine.reset_index(drop=True).assign(**{COPY: place})
    engine.temporary(_SPINE, asked[[COPY, "customer_id", "as_of"]])
    engine.temporary(_INVOLVED, _involved(engine))
    tables = {}
    for name in engine.tables:
        if TABLES[name].event:
            tables[name] = engine.frame(
                f"select s.{COPY}, e.* from {_copied(name)} order by s.{COPY}, {_order(name)}"
            )
    involved = engine.frame(f"select {COPY}, person from {_INVOLVED} order by {COPY}, person")
    columns = [involved["person"], asked["customer_id"]]
    codes = _Codes.of([*columns, *_columns(tables, PEOPLE)])
    for name in PEOPLE:
        _renumber(tables, name, codes)
    moved = asked.assign(customer_id=codes.numbers(asked["customer_id"], place))
    for name in LINKS:
        stated = [asked[name]] if name in asked else []
        links = _Codes.of([*_columns(tables, (name,)), *stated])
        _renumber(tables, name, links)
        if stated:
            moved[name] = links.numbers(asked[name], place)
    owner = involved[COPY].to_numpy(np.int64)
    made = Copies(
        as_of=asked["as_of"].to_numpy(np.int64),
        subject=moved["customer_id"].to_numpy(np.int64),
        people=codes.numbers(involved["person"], owner).to_numpy(np.int64),
        start=np.searchsorted(owner, np.arange(len(spine) + 1)).astype(np.int64),
        tables=tables,
    )
    return made, moved.drop(columns=COPY)


def _copied(table: str) -> str:
    """Return SQL of the rows ``e`` of a table that are copied, with the copies ``s`` they go to."""
    if table == "device_use":  # features count everybody on a device of the person's
        devices = (
            f"(select distinct s.{COPY}, e.device_id from {_SPINE} s "
            "join device_use e on e.customer_id = s.customer_id)"
        )
        return f"{devices} s join device_use e on e.device_id = s.device_id"
    of, person = (_INVOLVED, "person") if table in OF_PEERS else (_SPINE, "customer_id")
    return f"{of} s join {table} e on e.customer_id = s.{person}"


def whole(engine: Engine, tables: list[str], as_of: int) -> Copies:
    """Return one copy, at one instant, of whole tables and everybody in them."""
    frames = {
        name: engine.frame(f"select 0 as {COPY}, e.* from {name} e order by {_order(name)}")
        for name in tables
    }
    named = _columns(frames, PEOPLE)
    people = pd.concat(named, ignore_index=True).dropna().drop_duplicates().sort_values()
    return Copies(
        as_of=np.array([as_of]),
        subject=None,
        people=people.to_numpy(),
        start=np.array([0, len(people)]),
        tables=frames,
    )


def fill(engine: Engine, tables: Mapping[str, pd.DataFrame], like: Engine) -> None:
    """Add tables to an engine, and the lookups of another."""
    if like.has(LOOKUP):
        engine.add_lookup(LOOKUP, like.frame(f"select * from {LOOKUP}"))
    for name, frame in tables.items():
        engine.add(name, frame.drop(columns=COPY))


def _order(table: str) -> str:
    """Return SQL of an order that is the same each time: what is drawn of rows depends on it."""
    return ", ".join(f"e.{name}" for name in (*TABLES[table].key, "event_time", "available_at"))


def _involved(engine: Engine) -> str:
    """Return SQL of (copy, person): whom a copy is about, and everybody ever tied to them."""
    sides = {"contacts": [("customer_id", "contact_id")],
             "transfers": [("customer_id", "counterparty_id"), ("counterparty_id", "customer_id")],
             }  # fmt: skip
    selects = [f"select {COPY}, customer_id as person from {_SPINE}"]
    selects += [
        f"select s.{COPY}, e.{other} from {_SPINE} s join {table} e on e.{one} = s.customer_id"
        for table, ends in sides.items()
        if table in engine.tables
        for one, other in ends
    ]
    return " union ".join(selects)


def _columns(tables: Mapping[str, pd.DataFrame], names: tuple[str, ...]) -> list[pd.Series]:
    return [frame[name] for frame in tables.values() for name in names if name in frame]


@dataclass(frozen=True, slots=True)
class _Codes:
    """Numbers for identifiers of any type: the k-th copy's are shifted by k times their count."""

    index: pd.Index

    @classmethod
    def of(cls, columns: list[pd.Series]) -> _Codes:
        if not columns:
            return cls(pd.Index([]))
        return cls(pd.Index(pd.concat(columns, ignore_index=True).dropna().unique()))

    def numbers(self, column: pd.Series, copy: Ints) -> pd.Series:
        code = self.index.get_indexer(pd.Index(column))
        shifted = pd.Series(code + copy * len(self.index), index=column.index, dtype="Int64")
        return shifted.mask(code < 0)


def _renumber(tables: dict[str, pd.DataFrame], name: str, codes: _Codes) -> None:
    for table, frame in tables.items():
        if name in frame:
            copy = frame[COPY].to_numpy(np.int64)
            tables[table] = frame.assign(**{name: codes.numbers(frame[name], copy)})
