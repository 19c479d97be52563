"""What is gathered on the way from a catalogue to the final select."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from credit.feature import Days
from credit.features.window.rollup import Rollup
from credit.features.window.sweep import Sweep
from credit.features.window.tables import Tables
from credit.features.window.terms import Named
from credit.features.window.value import Scope, Value

EVER: tuple[Days | None, ...] = (None,)
"""The windows of a measure that has none."""


@dataclass(slots=True)
class Query:
    """Relations, the joins to the observations, and the columns read from them."""

    tables: Tables
    spine: str
    zone: str
    sweeps: list[Sweep] | None = None
    """Where window aggregates are collected that compiled code computes; None if SQL does."""
    relations: dict[str, str] = field(default_factory=dict)
    joined: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)

    def require(self, asked: Iterable[Named], table: str, columns: Iterable[str]) -> None:
        """Refuse terms whose table is not there."""
        for named in asked:
            self.tables.require(named.feature, table, columns)

    def measure(
        self,
        rollup: Rollup,
        asked: Iterable[Named],
        place: str,
        columns: Mapping[str, Value],
        source: Callable[[str], str],
    ) -> None:
        """Add the measures of one row source, with the relations that compute them."""
        for named in asked:
            days = None if rollup.windows == EVER else named.term.days
            scope = Scope(named.feature, place, columns, self.zone)
            self.outputs[named.column] = rollup.add(named.term.measure, days, scope)
        self.joined += rollup.joined
        if not rollup.swept:
            self.relations |= rollup.relations(source)
