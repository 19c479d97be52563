"""Rewriting tables of one's own: what an instant cannot see is deleted, changed, moved, added to.

The same properties as `credit.features.proof.rewrite`, on frames of any size: a changed row takes
its facts from another row of the table, an added one is another row under an invisible time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.features.proof.copies import COPY, PEOPLE, Copies, Ints
from credit.features.proof.rewrite import SAME
from credit.features.window.tables import REPAIRED
from credit.schema import DAY, TABLES

ADDED = 4
"""One row in so many is added once more, where nobody may see it."""

FEWEST = 4
"""Rows that are added to every table of a copy at least."""

OF_COPY = {
    "instalments": ("instalments", ["loan_id"]),
    "repayments": ("instalments", ["loan_id", "number"]),
    "device_use": ("device_use", ["device_id"]),
}
"""Table -> the one whose rows its added rows are of, and the columns that say so."""

Bools = npt.NDArray[np.bool_]


def hidden(table: str, frame: pd.DataFrame, q: Ints) -> Bools:
    """Return which rows could not be known at q: one instant for each row.

    The application made at q is the question itself, and no event before it.
    """
    event_time, known = (frame[name].to_numpy(np.int64) for name in ("event_time", "available_at"))
    late = event_time > q if table == "applications" else event_time >= q
    return np.asarray(late | (known > q))


def served(copies: Copies) -> Copies:
    """Return the copies as they stood at their instants: what came later is not there yet."""
    made = {}
    for name, frame in copies.tables.items():
        q = copies.as_of[frame[COPY].to_numpy(np.int64)]
        there = ~hidden(name, frame, q)
        kept, at = frame[there], q[there]
        if REPAIRED in kept:
            kept = kept.assign(**{REPAIRED: kept[REPAIRED].mask(kept[REPAIRED] > at)})
        made[name] = kept
    return replace(copies, tables=made)


def scrambled(copies: Copies, seed: Sequence[int]) -> Copies:
    """Return the copies with everything rewritten that their instants cannot see.

    The same seed gives the same tables.
    """
    random = np.random.default_rng(list(seed))
    old = {name: _rewritten(name, frame, copies, random) for name, frame in copies.tables.items()}
    # A person registers once: a second row would be refused before it could leak.
    new = {
        name: _more(name, frame, copies, random)
        for name, frame in copies.tables.items()
        if name != "customers" and not frame.empty
    }
    for name, (source, columns) in OF_COPY.items():
        if name in new and source in old and not old[source].empty:
            _adopt(new[name], old[source], columns, random)
    made = {
        name: pd.concat([frame, new[name]], ignore_index=True) if name in new else frame
        for name, frame in old.items()
    }
    return replace(copies, tables=made)


def _rewritten(
    name: str, frame: pd.DataFrame, copies: Copies, random: np.random.Generator
) -> pd.DataFrame:
    """Return the rows with the hidden ones deleted, changed, moved, both, or kept."""
    q = copies.as_of[frame[COPY].to_numpy(np.int64)]
    fate = np.where(hidden(name, frame, q), random.integers(0, 5, len(frame)), 4)
    frame, q, fate = frame[fate > 0].copy(), q[fate > 0], fate[fate > 0]
    fixed = {COPY, *SAME, *PEOPLE, *TABLES[name].key}
    facts = [column for column in frame if column not in fixed]
    changed = np.flatnonzero((fate == 1) | (fate == 3))
    donor = random.integers(0, max(len(frame), 1), changed.size)
    for column in facts:
        values = frame[column].array.copy()
        values[changed] = values.take(donor)
        frame[column] = values
    moved = np.flatnonzero((fate == 2) | (fate == 3))
    _set(frame, moved, _invisible(name, q[moved], random))
    if REPAIRED in frame:
        frame[REPAIRED] = _repaired(frame[REPAIRED], q, random)
    return frame


def _more(
    name: str, frame: pd.DataFrame, copies: Copies, random: np.random.Generator
) -> pd.DataFrame:
    """Return rows that are to be added: others' facts, people of the copy, invisible times."""
    rows = np.bincount(frame[COPY].to_numpy(np.int64), minlength=copies.as_of.size)
    copy = np.repeat(np.arange(rows.size), np.maximum(FEWEST, rows // ADDED))
    made = frame.iloc[random.integers(0, len(frame), copy.size)].copy()
    made[COPY] = copy
    for number, column in enumerate(column for column in PEOPLE if column in made):
        made[column] = _somebody(copies, copy, random, subject=(number + copy) % 2 == 0)
    q = copies.as_of[copy]
    times: dict[str, Any] = dict(_invisible(name, q, random))
    if len(TABLES[name].key) == 1:
        times |= {column: _fresh(frame[column], q.size) for column in TABLES[name].key}
    if name == "instalments":
        times["due_at"] = q + (random.integers(-200, 60, q.size) * DAY)
        times["number"] = 10_000 + np.arange(q.size)
    _set(made, np.arange(len(made)), times)
    return made


def _somebody(
    copies: Copies, copy: Ints, random: np.random.Generator, *, subject: Bools
) -> npt.NDArray[np.object_] | Ints:
    """Return people of the copies at random, or whom a copy is about where asked for."""
    count = np.diff(copies.start)[copy]
    drawn = copies.people[copies.start[copy] + (random.random(copy.size) * count).astype(np.int64)]
    return drawn if copies.subject is None else np.where(subject, copies.subject[copy], drawn)


def _invisible(name: str, q: Ints, random: np.random.Generator) -> dict[str, Ints]:
    """Return times that q cannot see: at q and after, or before it and known too late."""
    first = q + (name == "applications")
    size, chance = q.size, random.random(q.size)
    after = first + np.select(
        [random.random(size) < 0.3, random.random(size) < 0.3], [0, 1], _within(100, q, random)
    )
    known = after + np.where(random.random(size) < 0.5, 0, _within(3, q, random))
    before = q - np.where(random.random(size) < 0.3, 1, _within(300, q, random))
    late = q + np.where(random.random(size) < 0.5, 1, _within(100, q, random))
    future = chance < 0.5
    return {
        "event_time": np.where(future, after, before),
        "available_at": np.where(future, known, late),
    }


def _fresh(column: pd.Series, count: int) -> Ints | list[str]:
    """Return keys that no row has yet."""
    if pd.api.types.is_numeric_dtype(column):
        return np.arange(count) + int(column.max()) + 1
    return [f"added {number}" for number in range(count)]


def _within(days: int, q: Ints, random: np.random.Generator) -> Ints:
    return random.integers(1, days * DAY, q.size)


def _repaired(column: pd.Series, q: Ints, random: np.random.Generator) -> pd.Series:
    """Return when records were suppressed: what lies after q is drawn anew."""
    drawn = pd.Series(q + np.where(random.random(q.size) < 0.3, 1, _within(100, q, random)),
                      index=column.index, dtype="Int64")  # fmt: skip
    drawn = drawn.mask(random.random(q.size) < 0.5)
    return column.where((column <= q).fillna(value=False).astype(bool), drawn)


def _set(frame: pd.DataFrame, rows: Ints, values: Mapping[str, Any]) -> None:
    for column, new in values.items():
        whole = frame[column].array.copy()
        whole[rows] = new
        frame[column] = whole


def _adopt(
    new: pd.DataFrame, source: pd.DataFrame, columns: list[str], random: np.random.Generator
) -> None:
    """Let added rows name what rows of their own copy name.

    A row drawn from another copy names a loan or a device of it, and the other copy might see it
    there. Where the own copy has none, what a row names is nobody's.
    """
    source = source.sort_values(COPY, kind="stable")
    owner, copy = source[COPY].to_numpy(np.int64), new[COPY].to_numpy(np.int64)
    first = np.searchsorted(owner, copy)
    count = np.searchsorted(owner, copy, side="right") - first
    rows = np.flatnonzero(count)
    pick = first[rows] + (random.random(rows.size) * count[rows]).astype(np.int64)
    _set(new, rows, {c: source[c].array.take(pick) for c in columns})
    rest = np.flatnonzero(count == 0)
    _set(new, rest, {columns[0]: np.arange(rest.size) + int(source[columns[0]].max()) + 1})
