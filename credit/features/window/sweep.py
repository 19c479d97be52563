"""Window aggregates without a join: events sorted by person, walked once per observation.

The second lowering of the same declarations. A `Rollup` knows which conditions, values and keys
a catalogue asks of the rows of a table, as SQL over one event, and which aggregates of them over
which windows. Here the engine computes the former, event by event, and compiled loops
(``kernel``) the latter; `Rollup.relations` is the same in SQL alone, which ``credit features
--sql`` prints and other engines run.

Memory holds the events of the people who are looked at. Where they turn out to be more than a
share of the engine's memory, what was read is let go and the people are taken in two halves, each
of which reads the events again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from credit.errors import DataError
from credit.features.window import rule
from credit.features.window.rollup import Rollup
from credit.features.window.tables import REPAIRED, Tables

if TYPE_CHECKING:
    from credit.engine import Engine
    from credit.features.window.layout import Layout

Longs = NDArray[np.int64]

PEOPLE = "swept_people"
"""The relation (customer_id, person, first, last): whom to look at, and from when to when."""

SHARE = 0.5
"""Share of the engine's memory limit that the events of a slice may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """The window aggregates over the events of one table, and where they are found.

    ``relation`` has one row an observation of the spine, and the columns that the SQL names.
    """

    table: str
    tables: Tables
    rollup: Rollup

    @property
    def relation(self) -> str:
        """The relation that the query joins."""
        return self.rollup.joined[0]

    def source(self, people: range) -> str:
        """Return SQL that joins some people to those of their events that one could see."""
        days = self.rollup.windows[-1]
        near = rule.near("e.event_time", "p.first", "p.last", days)
        joined = self.tables.source(self.table, "e", f"e.customer_id = p.customer_id and {near}")
        chosen = f"p.person >= {people.start} and p.person < {people.stop}"
        return f"from {PEOPLE} p {joined} where {chosen}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The observations of a spine, sorted by person, and the people (see ``PEOPLE``)."""

    observation: Longs
    person: Longs
    instant: Longs
    people: pd.DataFrame

    @classmethod
    def of(cls, spine: pd.DataFrame) -> Observed:
        """Sort a spine."""
        person, names = pd.factorize(spine["customer_id"])
        order = np.argsort(person, kind="stable")
        person, instant = person[order], spine["as_of"].to_numpy(np.int64)[order]
        starts = np.flatnonzero(np.diff(person, prepend=-1))
        people = pd.DataFrame(
            {
                "customer_id": names,
                "person": np.arange(len(names), dtype=np.int32),
                "first": np.minimum.reduceat(instant, starts) if len(starts) else instant,
                "last": np.maximum.reduceat(instant, starts) if len(starts) else instant,
            }
        )
        observation = spine["observation_id"].to_numpy(np.int64)[order]
        return cls(observation=observation, person=person, instant=instant, people=people)


def swept(engine: Engine, sweeps: Iterable[Sweep], spine: pd.DataFrame) -> None:
    """Compute sweeps for every row of a spine, and register their relations in the engine.

    Raises
    ------
    DataError
        A sum of integers leaves 64 bits, or one of squares 126.
    """
    # Compiled code takes its time to load; a catalogue without windows never needs it.
    from credit.features.window.layout import Layout

    observed = Observed.of(spine)
    engine.temporary(PEOPLE, observed.people)
    for sweep in sweeps:
        layout = Layout.of(sweep.rollup, hides=REPAIRED in sweep.tables.given[sweep.table])
        people = range(len(observed.people))
        found = list(_slices(engine, sweep, layout, observed, people))
        engine.temporary(sweep.relation, pa.concat_tables(found))


def _slices(
    engine: Engine, sweep: Sweep, layout: Layout, observed: Observed, people: range
) -> Iterator[pa.Table]:
    """Yield every output of the observations of some people, in halves where they do not fit."""
    from credit.features.window import kernel
    from credit.features.window.gather import gather

    select = layout.select(f"cast(p.person - {people.start} as integer)")
    sql = f"select {select} {sweep.source(people)}"
    room = int(SHARE * engine.memory / layout.width) if len(people) > 1 else None
    gathered = gather(engine, sql, layout, len(people), room)
    if gathered is None:
        middle = (people.start + people.stop) // 2
        for half in (range(people.start, middle), range(middle, people.stop)):
            yield from _slices(engine, sweep, layout, observed, half)
        return
    events, most = gathered
    rows = slice(*np.searchsorted(observed.person, [people.start, people.stop]))
    out = layout.out(rows.stop - rows.start)
    observations = observed.person[rows] - people.start, observed.instant[rows]
    if kernel.sweep(events, observations, layout.steps, layout.sets, out, most):
        raise DataError(
            f"{sweep.table}: a sum over a window is too large for 64 bits. Choose rows with "
            "'where', or divide the value by a constant first."
        )
    yield layout.table(observed.observation[rows], out)
