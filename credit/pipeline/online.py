"""Features of one person's own events, for a service: by a pipeline's declarations, on DuckDB."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from credit.engine import Engine
from credit.feature import Catalogue, Expression, Feature, GraphStatistic, Propagation
from credit.feature.kinds import TiesPart
from credit.features import catalogue, chosen, merchant_categories
from credit.features.own import read_features
from credit.features.person import of_person
from credit.features.window import needs
from credit.features.window.layers import named
from credit.features.window.tables import LOOKUP
from credit.pipeline.config import Pipeline, load
from credit.schema import TABLES, Column, Table
from credit.service.app import Service, service
from credit.service.events import EventColumn
from credit.service.options import ServiceOptions
from credit.service.refusal import at, unprocessable

_MEMORY = "512MB"
"""What the engine of one request may hold: a person's own events are few."""

_TYPES: Mapping[str, pa.DataType] = {
    "time": pa.int64(), "money": pa.int64(), "int": pa.int64(), "float": pa.float64(),
    "text": pa.string(), "bool": pa.bool_(),
}  # fmt: skip


def service_of_events(options: ServiceOptions) -> Service:
    """Return a service that scores a person's raw events, too: what a server process runs.

    Raises
    ------
    ConfigError
        The pipeline file is not what it must be.
    """
    assert options.pipeline is not None  # noqa: S101  who has none runs credit.service.app
    return service(options, PersonRows(load(options.pipeline)))


class PersonRows:
    """Makes rows by the features that a pipeline declares.

    It is `credit.features.person.of_person` on an engine that holds the events of the request,
    so equal to the row of a batch for every feature that looks at nobody else. Figures of the
    policy are those of ``policy_date``; where the pipeline names none, those without an end.

    Parameters
    ----------
    config : Pipeline
    """

    def __init__(self, config: Pipeline) -> None:
        self._zone = config.zone
        self._declared = _declared(config)
        self._own = {f.name for f in self._declared if looks_at_own(f, self._declared)}
        self.tables: Mapping[str, Sequence[EventColumn]] = {
            name: [_column(column) for column in table.columns if column.name != table.person]
            for name, table in TABLES.items()
            if table.person == "customer_id" and table.event
        }
        self.open_tables: Collection[str] = [name for name in self.tables if TABLES[name].extra]

    def makes(self, names: Sequence[str]) -> list[str]:
        """Return those of the features that a person's own events give."""
        return [name for name in names if name in self._own]

    def row(
        self,
        subject: str,
        as_of: int,
        events: Mapping[str, list[dict[str, Any]]],
        names: Sequence[str],
    ) -> dict[str, float | str | None]:
        """Return the features of these names, as a batch would hold them.

        Parameters
        ----------
        subject : str
            Who the person is; every event is theirs.
        as_of : int
            Microseconds since 1970 UTC.
        events : dict of str to list of dict
            Table of the contract -> its rows.
        names : sequence of str

        Raises
        ------
        RequestError
            A rule of the data contract is broken; table, column and rule are named.
        """
        features, read = self._plan(tuple(names))
        if "customers" in read and len(events.get("customers", ())) != 1:
            raise unprocessable(
                "events.customers", "missing_field", "The person's own row is needed.", "Add it."
            )
        with Engine(memory_limit=_MEMORY, threads=1, zone=self._zone) as engine:
            engine.add_lookup(LOOKUP, merchant_categories())
            types = _types(events)
            for name in sorted(read):
                engine.add(name, _table(TABLES[name], events.get(name, []), subject, types))
            for violation in engine.check().violations:
                raise unprocessable(
                    f"events.{violation.table}.{violation.column}", "bad_events",
                    f"The rule is that {violation.rule}.", "Mend the source.",
                )  # fmt: skip
            found = of_person(engine, features, subject, as_of)
        return {
            name: value if value is None or isinstance(value, str) else float(value)
            for name, value in found.items()
        }

    @lru_cache(maxsize=4)  # noqa: B019  as long as the process
    def _plan(self, names: tuple[str, ...]) -> tuple[Catalogue, frozenset[str]]:
        """Return the features with what they name, and the tables that they read."""
        features = chosen(self._declared, names)
        present = _present()
        read = {table for one in features.everything for table in needs(one, present)}
        return features, frozenset(read & set(self.tables))


def _present() -> dict[str, Collection[str]]:
    tables: dict[str, Collection[str]] = {
        name: [column.name for column in table.columns] for name, table in TABLES.items()
    }
    return {**tables, LOOKUP: ("mcc", "category")}


def _declared(config: Pipeline) -> Catalogue:
    """Return every feature there is, without a look at any data."""
    built_in = catalogue(config.figures(), config.policy_date or date.max)
    own = () if config.features.file is None else read_features(Path(config.features.file))
    return Catalogue((*built_in, *own))


def looks_at_own(feature: Feature, everything: Catalogue) -> bool:
    """Whether a feature is made of a person's own rows alone."""
    if isinstance(feature, GraphStatistic | Propagation):
        return False
    if not isinstance(feature, Expression):
        return True
    return not any(isinstance(part, TiesPart) for part in feature.parts) and all(
        looks_at_own(everything[name], everything) for name in named(feature) if name in everything
    )


def _column(column: Column) -> EventColumn:
    return EventColumn(
        name=column.name, kind=column.kind, required=column.required, nullable=column.nullable,
        doc=column.doc,
    )  # fmt: skip


def _types(events: Mapping[str, list[dict[str, Any]]]) -> dict[str, pa.DataType]:
    """Return the types of keys and of columns beyond the contract, which the values decide.

    A key is of one type wherever it stands: a loan, its instalments and what was paid on them.
    """
    found: dict[str, set[type]] = {}
    for table, rows in events.items():
        fixed = {column.name for column in TABLES[table].columns if column.kind in _TYPES}
        for row in rows:
            for name in row.keys() - fixed:
                kinds = found.setdefault(name, set())
                kinds |= {type(row[name])} - {type(None)}
                if str in kinds and len(kinds) > 1:
                    raise unprocessable(
                        at(f"events.{table}", name), "wrong_type",
                        "Texts and numbers are mixed.", "Send one of them in every row.",
                    )  # fmt: skip
    return {name: _type_of(kinds) for name, kinds in found.items()}


def _type_of(kinds: set[type]) -> pa.DataType:
    if not kinds or str in kinds:
        return pa.string()
    return pa.float64() if float in kinds else pa.int64()


def _table(
    table: Table, rows: list[dict[str, Any]], subject: str, types: Mapping[str, pa.DataType]
) -> pa.Table:
    """Return events as a table of the contract: every column of it, and the person filled in."""
    columns = {
        column.name: pa.array(
            [row.get(column.name) for row in rows],
            _TYPES.get(column.kind) or types.get(column.name, pa.string()),
        )
        for column in table.columns
    }
    columns[table.person] = pa.array([subject] * len(rows), pa.string())
    more = {name for row in rows for name in row} - set(columns)
    columns |= {name: pa.array([r.get(name) for r in rows], types[name]) for name in sorted(more)}
    return pa.table(columns)
