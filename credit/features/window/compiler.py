"""From a catalogue of declarations to one SQL query, one row an observation."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import sqlglot

from credit.engine.dialect import to_spark
from credit.errors import FeatureError
from credit.feature import Catalogue, Propagation, Stated
from credit.features.window import layers, relations
from credit.features.window.holdings import DERIVED
from credit.features.window.query import Query
from credit.features.window.sweep import Sweep
from credit.features.window.tables import Tables
from credit.features.window.terms import (
    OfEvents,
    OfState,
    OfTies,
    groups,
    terms,
)
from credit.features.window.value import quoted


def compile_features(
    catalogue: Catalogue,
    tables: Mapping[str, Collection[str]],
    *,
    dialect: str = "duckdb",
    zone: str = "Asia/Shanghai",
    spine: str = "spine",
) -> str:
    """Return the SQL of all features of a catalogue.

    Parameters
    ----------
    catalogue : Catalogue
        The declarations; expressions need the features they name to be in it.
    tables : mapping of str to collection of str
        Table -> its columns (or column -> type). If ``spine`` itself is among them and has
        ``application_id``, facts stated on applications are looked up by it; else by person
        and instant. Statistics of the whole network are no SQL: they are read from a relation
        ``graph_features`` (observation_id, one column a feature); see ``credit.features.build``.
    dialect : str
        ``duckdb`` or ``spark``.
    zone : str
        Where nights, days and weekdays are local; of fixed offset.
    spine : str
        A relation (observation_id, customer_id, as_of): whom to look at, and when, in
        microseconds since 1970 UTC.

    Returns
    -------
    str
        ``select observation_id, <one column a feature>``: doubles, and text for categories.

    Raises
    ------
    FeatureError
        A declaration names a table, column or function that is not there, contradicts
        itself, or refers to itself in a circle.
    """
    sql = _compiled(Query(Tables(tables), spine, zone), catalogue)
    # The text is DuckDB's own: parsing what was just written would be most of the time.
    return sql if dialect == "duckdb" else written(sql, dialect)


def swept_features(
    catalogue: Catalogue,
    tables: Mapping[str, Collection[str]],
    *,
    zone: str = "Asia/Shanghai",
    spine: str = "spine",
) -> tuple[str, list[Sweep]]:
    """Return the SQL of all features but their window aggregates, and these as sweeps.

    The SQL, DuckDB's, reads each sweep's results from the relation that it names. Parameters
    and errors are those of `compile_features`, which says the same in SQL alone.
    """
    sweeps: list[Sweep] = []
    sql = _compiled(Query(Tables(tables), spine, zone, sweeps), catalogue)
    return sql, sweeps


def _compiled(query: Query, catalogue: Catalogue) -> str:
    asked = list(terms(catalogue.everything))
    relations.add_events(query, [named for named in asked if isinstance(named.term, OfEvents)])
    states = groups((named for named in asked if isinstance(named.term, OfState)), "table")
    relations.add_instalments(query, states.pop(("instalments",), []))
    for name in DERIVED:
        if (name,) in states:
            relations.add_derived(query, name, states.pop((name,)))
    relations.add_latest(query, [named for group in states.values() for named in group])
    relations.add_ties(query, [named for named in asked if isinstance(named.term, OfTies)])
    relations.add_stated(query, [one for one in catalogue.everything if isinstance(one, Stated)])
    relations.add_propagations(
        query, [one for one in catalogue.everything if isinstance(one, Propagation)]
    )
    base = _base(query)
    stacked, last = layers.stack(catalogue, base)
    made = query.relations | stacked
    ctes = ",\n".join(f"{name} as ({sql})" for name, sql in made.items())
    columns = "".join(f", {quoted(name)}" for name in catalogue.names)
    return f"with {ctes}\nselect observation_id{columns} from {last}"


def _base(query: Query) -> str:
    """Return one row an observation with every measure and stated fact."""
    measured = "".join(f", {sql} as {quoted(column)}" for column, sql in query.outputs.items())
    joins = " ".join(
        f"left join {relation} on {relation}.observation_id = s.observation_id"
        for relation in query.joined
    )
    return f"select s.observation_id{measured} from {query.spine} s {joins}"


def written(sql: str, dialect: str) -> str:
    """Return a query of `compile_features` for DuckDB as the dialect writes it, laid out to read.

    Raises
    ------
    FeatureError
        The dialect is neither ``duckdb`` nor ``spark``.
    """
    if dialect not in ("duckdb", "spark"):
        raise FeatureError(f"dialect must be 'duckdb' or 'spark', got {dialect!r}.")
    if dialect == "spark":
        return to_spark(sql)
    return sqlglot.parse_one(sql, read="duckdb").sql(dialect=dialect, pretty=True)
