"""The relations of each kind of term: events, states, instalments, ties, stated facts."""

from __future__ import annotations

from functools import partial

from credit.feature import Propagation, Stated
from credit.features.graph import ties
from credit.features.window import rows, rule
from credit.features.window.expression import translate
from credit.features.window.holdings import DERIVED, Place
from credit.features.window.query import EVER, Query
from credit.features.window.rollup import Rollup
from credit.features.window.sweep import Sweep
from credit.features.window.tables import REPAIRED
from credit.features.window.terms import (
    CURED,
    NEEDED,
    ROWS,
    Named,
    OfState,
    OfTies,
    arriving,
    facts,
    groups,
    read,
    windows,
)
from credit.features.window.value import Scope, Value, quoted

PROPAGATED = "graph_features"
"""The relation (observation_id, one column a feature) of what is computed outside SQL."""


def add_events(query: Query, asked: list[Named]) -> None:
    """Add the window aggregates: one range join a table, whatever its windows."""
    for (key,), group in groups(asked, "table").items():
        table = str(key)
        query.require(group, table, ROWS)
        lengths = windows(group)
        rollup = Rollup(f"w_{table}", lengths, swept=query.sweeps is not None)
        tables = query.tables.arriving(group[0].feature, table, arriving(group), query.spine)
        query.measure(
            rollup,
            group,
            f"table {table!r}",
            tables.columns(table, "e"),
            partial(rows.events, tables, table, query.spine, lengths[-1]),
        )
        if query.sweeps is not None:
            query.sweeps.append(Sweep(table=table, tables=tables, rollup=rollup))


def add_latest(query: Query, asked: list[Named]) -> None:
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
            Rollup(name, EVER),
            group,
            f"table {term.table!r}",
            columns,
            partial(rows.of_relation, f"{name}_latest"),
        )


def add_derived(query: Query, table: str, asked: list[Named]) -> None:
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
            Rollup(name, EVER),
            group,
            f"the {table} as of q",
            source.columns,
            partial(rows.of_relation, list(made)[-1]),
        )


def add_instalments(query: Query, asked: list[Named]) -> None:
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


def add_ties(query: Query, asked: list[Named]) -> None:
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
            Rollup(f"{name}_tie", EVER),
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


def add_stated(query: Query, features: list[Stated]) -> None:
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


def add_propagations(query: Query, features: list[Propagation]) -> None:
    """Join statistics of the whole network, which were computed before the query runs."""
    for feature in features:
        query.outputs[feature.name] = f"{PROPAGATED}.{quoted(feature.name)}"
    if features:
        query.joined.append(PROPAGATED)


def _fact(query: Query, feature: Stated) -> str:
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


def _statement(query: Query, table: str) -> str:
    """Return SQL of the one row that states the facts of an observation."""
    person = "e.customer_id = s.customer_id"
    if table == "customers":
        return f"{person} and {rule.visible('e', 's.as_of')}"
    if "application_id" in query.tables.given.get(query.spine, ()):
        return f"e.application_id = s.application_id and {rule.stated('e', 's.as_of')}"
    return f"{person} and e.event_time = s.as_of and {rule.stated('e', 's.as_of')}"
