"""From a catalogue of declarations to one SQL query, one row an observation."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

import sqlglot

from credit.engine.dialect import to_spark
from credit.errors import FeatureError
from credit.feature import Catalogue, Propagation, Stated
from credit.features.graph import ties
from credit.features.window import layers, rows, rule
from credit.features.window.expression import translate
from credit.features.window.holdings import DERIVED, Place
from credit.features.window.rollup import Rollup
from credit.features.window.sweep import Sweep
from credit.features.window.tables import REPAIRED, Tables
from credit.features.window.terms import (
    CURED,
    NEEDED,
    ROWS,
    Named,
    OfEvents,
    OfState,
    OfTies,
    facts,
    groups,
    read,
    terms,
    windows,
)
from credit.features.window.value import Scope, Value, quoted

PROPAGATED = "graph_features"
"""The relation (observation_id, one column a feature) of what is computed outside SQL."""

_EVER: tuple[int | None, ...] = (None,)


@dataclass(slots=True)
class _Query:
    """What is gathered on the way to the final select."""

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
            days = None if rollup.windows == _EVER else named.term.days
            scope = Scope(named.feature, place, columns, self.zone)
            self.outputs[named.column] = rollup.add(named.term.measure, days, scope)
        self.joined += rollup.joined
        if not rollup.swept:
            self.relations |= rollup.relations(source)


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
    sql = _compiled(_Query(Tables(tables), spine, zone), catalogue)
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
    sql = _compiled(_Query(Tables(tables), spine, zone, sweeps), catalogue)
    return sql, sweeps


def _compiled(query: _Query, catalogue: Catalogue) -> str:
    asked = list(terms(catalogue.everything))
    _add_events(query, [named for named in asked if isinstance(named.term, OfEvents)])
    states = groups((named for named in asked if isinstance(named.term, OfState)), "table")
    _add_instalments(query, states.pop(("instalments",), []))
    for name in DERIVED:
        if (name,) in states:
            _add_derived(query, name, states.pop((name,)))
    _add_latest(query, [named for group in states.values() for named in group])
    _add_ties(query, [named for named in asked if isinstance(named.term, OfTies)])
    _add_stated(query, [one for one in catalogue.everything if isinstance(one, Stated)])
    _add_propagations(query, [one for one in catalogue.everything if isinstance(one, Propagation)])
    base = _base(query)
    relations, last = layers.stack(catalogue, base)
    made = query.relations | relations
    ctes = ",\n".join(f"{name} as ({sql})" for name, sql in made.items())
    columns = "".join(f", {quoted(name)}" for name in catalogue.names)
    return f"with {ctes}\nselect observation_id{columns} from {last}"


def _add_events(query: _Query, asked: list[Named]) -> None:
    """Add the window aggregates: one range join a table, whatever its windows."""
    for (key,), group in groups(asked, "table").items():
        table = str(key)
        query.require(group, table, ROWS)
        lengths = windows(group)
        rollup = Rollup(f"w_{table}", lengths, swept=query.sweeps is not None)
        query.measure(
            rollup,
            group,
            f"table {table!r}",
            query.tables.columns(table, "e"),
            partial(rows.events, query.tables, table, query.spine, lengths[-1]),
        )
        if query.sweeps is not None:
            query.sweeps.append(Sweep(table=table, tables=query.tables, rollup=rollup))


def _add_latest(query: _Query, asked: list[Named]) -> None:
    """Add what is in force at q: the latest visible row for each key."""
    for place, group in enumerate(groups(asked, "table", "latest_by", "days").values()):
        term = group[0].term
        if not isinstance(term, OfState):
            continue
        windows(group)
        query.require(group, term.table, (*ROWS, *term.latest_by))
        name = f"s{place}_{term.table}"
        query.relations[f"{name}_latest"] = rows.latest(
            query.tables, term.table, query.spine, term.latest_by, term.days
        )
        columns = {
            column: Value(f"r.{quoted(column)}", value.kind)
            for column, value in query.tables.columns(term.table, "e").items()
        }
        query.measure(
            Rollup(name, _EVER),
            group,
            f"table {term.table!r}",
            columns,
            partial(rows.of_relation, f"{name}_latest"),
        )


def _add_derived(query: _Query, table: str, asked: list[Named]) -> None:
    """Add measures over rows that are computed from a table first: lots, statements."""
    source = DERIVED[table]
    query.require(asked, source.table, (*ROWS, *source.needs))
    for group in groups(asked, "days").values():
        (length,) = windows(group)
        name = f"d_{table}_{length or 'ever'}"
        place = Place(
            name=name, tables=query.tables, spine=query.spine, zone=query.zone, days=length
        )
        made = source.relations(place)
        query.relations |= made
        query.measure(
            Rollup(name, _EVER),
            group,
            f"the {table} as of q",
            source.columns,
            partial(rows.of_relation, list(made)[-1]),
        )


def _add_instalments(query: _Query, asked: list[Named]) -> None:
    """Add how instalments stand at q: those due in a window, or all visible ones."""
    if not asked:
        return
    for table in CURED:
        query.require(asked, table, NEEDED[table])
    repairs = REPAIRED in query.tables.given["instalments"]
    query.relations |= rows.instalments("own", query.spine, "customer_id", repairs=repairs)
    due = [named for named in asked if named.term.days is not None]
    ever = [named for named in asked if named.term.days is None]
    for name, group in (("own_due", due), ("own_ever", ever)):
        if group:
            lengths = windows(group)
            query.measure(
                Rollup(f"{name}_instalments", lengths),
                group,
                "the instalments as of q",
                rows.instalment_columns(),
                partial(rows.standing, "own", lengths[-1]),
            )


def _add_ties(query: _Query, asked: list[Named]) -> None:
    """Add the graph statistics: ties by kind and window, and facts about peers once."""
    told: dict[str, list[str]] = {}
    for group in groups(asked, "ties", "days").values():
        name, kind, days = _tie(group)
        windows(group)
        for one in group:
            for table, columns in read(one).items():
                query.require([one], table, columns)
        query.relations[name] = ties.ties(kind, query.spine, days)
        for fact in facts(group):
            told.setdefault(fact, []).append(name)
    repairs = REPAIRED in query.tables.given.get("instalments", ())
    query.relations |= ties.facts(told, repairs=repairs)
    for group in groups(asked, "ties", "days").values():
        name, kind, _ = _tie(group)
        query.measure(
            Rollup(f"{name}_tie", _EVER),
            group,
            f"the ties by {kind}",
            ties.columns(kind),
            partial(ties.tied, name, facts(group)),
        )


def _tie(group: list[Named]) -> tuple[str, str, int | None]:
    """Return the relation, the kind and the window of a group of graph statistics."""
    term = group[0].term
    if not isinstance(term, OfTies):
        raise TypeError(f"{group[0].feature}: not a statistic of ties.")
    return f"t_{term.ties}_{term.days or 'ever'}", term.ties, term.days


def _add_stated(query: _Query, features: list[Stated]) -> None:
    """Add facts stated on the application at q, or at registration before it."""
    for table in dict.fromkeys(feature.table for feature in features):
        selected = []
        for feature in features:
            if feature.table == table:
                query.tables.require(feature.name, table, ROWS)
                selected.append(f"{_fact(query, feature)} as {quoted(feature.name)}")
                query.outputs[feature.name] = f"x_{table}.{quoted(feature.name)}"
        query.relations[f"x_{table}"] = (
            f"select s.observation_id, {', '.join(selected)} from {query.spine} s "
            f"join {table} e on {_statement(query, table)}"
        )
        query.joined.append(f"x_{table}")


def _add_propagations(query: _Query, features: list[Propagation]) -> None:
    """Join statistics of the whole network, which were computed before the query runs."""
    for feature in features:
        query.outputs[feature.name] = f"{PROPAGATED}.{quoted(feature.name)}"
    if features:
        query.joined.append(PROPAGATED)


def _fact(query: _Query, feature: Stated) -> str:
    """Return the SQL of a stated fact: a double, or text for a category."""
    columns = query.tables.columns(feature.table, "e")
    place = f"table {feature.table!r}"
    scope = Scope(feature.name, place, columns, query.zone, "s.as_of")
    value = translate(feature.expression, scope)
    if feature.is_categorical:
        return f"cast({value.sql} as varchar)"
    if value.kind == "text":
        raise scope.error(
            f"{feature.expression!r} is text; say unit='category', or make it a number."
        )
    return value.double


def _statement(query: _Query, table: str) -> str:
    """Return SQL of the one row that states the facts of an observation."""
    person = "e.customer_id = s.customer_id"
    if table == "customers":
        return f"{person} and {rule.visible('e', 's.as_of')}"
    if "application_id" in query.tables.given.get(query.spine, ()):
        return f"e.application_id = s.application_id and {rule.stated('e', 's.as_of')}"
    return f"{person} and e.event_time = s.as_of and {rule.stated('e', 's.as_of')}"


def _base(query: _Query) -> str:
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
