"""From a catalogue of declarations to one SQL query, one row an observation."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

import sqlglot
from sqlglot import exp

from credit.errors import FeatureError
from credit.feature import (
    Catalogue,
    Expression,
    Feature,
    GraphStatistic,
    Measure,
    Stated,
    StateAsOf,
    StatePart,
    TiesPart,
    WindowAggregate,
    WindowPart,
)
from credit.features import graph
from credit.features.window import rows, rule
from credit.features.window.expression import Scope, Value, names, quoted, translate
from credit.features.window.rollup import Rollup
from credit.features.window.tables import LOOKUP, Tables

Term = WindowAggregate | WindowPart | StateAsOf | StatePart | GraphStatistic | TiesPart
"""Whatever is a measure over rows."""

_ROWS = ("customer_id", *rows.TIMES)
_NEEDED: dict[str, tuple[str, ...]] = {
    "contacts": (*_ROWS, "contact_id"),
    "transfers": (*_ROWS, "counterparty_id", "amount_fen"),
    "tags": _ROWS,
    "loans": _ROWS,
    "instalments": (*_ROWS, "loan_id", "number", "due_at", "due_fen"),
    "repayments": (*rows.TIMES, "loan_id", "number", "amount_fen"),
}


@dataclass(frozen=True, slots=True)
class _Named:
    """A term, the column it becomes, and the feature that asked for it."""

    column: str
    feature: str
    term: Term


@dataclass(slots=True)
class _Query:
    """What is gathered on the way to the final select."""

    tables: Tables
    spine: str
    zone: str
    relations: dict[str, str] = field(default_factory=dict)
    joined: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)

    def scope(self, feature: str, place: str, columns: Mapping[str, Value]) -> Scope:
        """Return what an expression of ``feature`` may name."""
        return Scope(feature, place, columns, self.zone)


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
        and instant.
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
    query = _Query(Tables(tables), spine, zone)
    terms = list(_terms(catalogue))
    _add_windows(query, [n for n in terms if isinstance(n.term, WindowAggregate | WindowPart)])
    states = [n for n in terms if isinstance(n.term, StateAsOf | StatePart)]
    _add_states(query, [n for n in states if n.term.table != "instalments"])
    _add_instalments(query, [n for n in states if n.term.table == "instalments"])
    _add_ties(query, [n for n in terms if isinstance(n.term, GraphStatistic | TiesPart)])
    _add_stated(query, [f for f in catalogue if isinstance(f, Stated)])
    return _render(_select(query, catalogue), dialect)


def _terms(catalogue: Iterable[Feature]) -> Iterable[_Named]:
    """Yield every measure over rows: features, and parts of expressions."""
    for feature in catalogue:
        if isinstance(feature, Expression):
            for part in feature.parts:
                yield _Named(_part(feature, part.name), feature.name, part)
        elif isinstance(feature, WindowAggregate | StateAsOf | GraphStatistic):
            yield _Named(feature.name, feature.name, feature)
        elif not isinstance(feature, Stated):
            raise FeatureError(
                f"{feature.name}: {type(feature).__name__} is no kind of feature that can be "
                "built; declare a WindowAggregate, StateAsOf, Expression, GraphStatistic or Stated."
            )


def _part(feature: Feature, name: str) -> str:
    return f"{feature.name}__{name}"


def _windows(terms: Iterable[_Named]) -> tuple[int | None, ...]:
    """Return the distinct windows, shortest first, all history last."""
    asked = {named.term.days for named in terms}
    for named in terms:
        days = named.term.days
        if days is not None and days <= 0:
            raise FeatureError(f"{named.feature}: a window of {days} days holds nothing.")
    return (*sorted(d for d in asked if d is not None), *((None,) if None in asked else ()))


def _groups(terms: Iterable[_Named], *attributes: str) -> dict[tuple[object, ...], list[_Named]]:
    """Return the terms that share a row source."""
    groups: dict[tuple[object, ...], list[_Named]] = {}
    for named in terms:
        key = tuple(getattr(named.term, attribute) for attribute in attributes)
        groups.setdefault(key, []).append(named)
    return groups


def _add_measures(
    query: _Query,
    rollup: Rollup,
    terms: Iterable[_Named],
    place: str,
    columns: Mapping[str, Value],
) -> None:
    """Register the measures of one row source in its roll-up."""
    single = rollup.windows == (None,)
    for named in terms:
        days = None if single else named.term.days
        scope = query.scope(named.feature, place, columns)
        query.outputs[named.column] = rollup.add(named.term.measure, days, scope)
    query.joined += rollup.joined


def _add_windows(query: _Query, terms: list[_Named]) -> None:
    """Add the window aggregates, one range join a table."""
    for (table,), group in _groups(terms, "table").items():
        name = str(table)
        _require(query, group, name, _ROWS)
        windows = _windows(group)
        rollup = Rollup(f"w_{name}", windows)
        columns = query.tables.columns(name, "e")
        _add_measures(query, rollup, group, f"table {name!r}", columns)
        longest = windows[-1]
        query.relations |= rollup.relations(
            lambda extra, name=name, longest=longest: rows.events(  # type: ignore[misc]
                query.tables, name, query.spine, longest, extra
            )
        )


def _add_states(query: _Query, terms: list[_Named]) -> None:
    """Add what is in force at q: the latest visible row for each key."""
    groups = _groups(terms, "table", "latest_by", "days")
    for place, ((table, latest_by, days), group) in enumerate(groups.items()):
        name = str(table)
        by = tuple(latest_by) if isinstance(latest_by, tuple) else ()
        _require(query, group, name, (*_ROWS, *by))
        relation = f"s{place}_{name}"
        query.relations[f"{relation}_latest"] = rows.latest(
            query.tables, name, query.spine, by, days if isinstance(days, int) else None
        )
        columns = {
            column: Value(f"r.{quoted(column)}", value.kind)
            for column, value in query.tables.columns(name, "e").items()
        }
        rollup = Rollup(relation, (None,))
        _add_measures(query, rollup, group, f"table {name!r}", columns)
        query.relations |= rollup.relations(
            lambda extra, relation=relation: (  # type: ignore[misc]
                f"select r.observation_id, r.age{extra} from {relation}_latest r"
            )
        )


def _add_instalments(query: _Query, terms: list[_Named]) -> None:
    """Add what instalments look like at q: those due in a window, or all visible ones."""
    if not terms:
        return
    for table in ("instalments", "repayments"):
        _require(query, terms, table, _NEEDED[table])
    query.relations |= rows.instalments("own", query.spine, "customer_id")
    for due in (True, False):
        group = [named for named in terms if (named.term.days is not None) == due]
        if not group:
            continue
        windows = _windows(group)
        rollup = Rollup("i_due" if due else "i_all", windows)
        columns = rows.instalment_columns()
        _add_measures(query, rollup, group, "the instalments as of q", columns)
        query.relations |= rollup.relations(
            lambda extra, due=due, longest=windows[-1]: rows.instalments_due(  # type: ignore[misc]
                "own", due=due, days=longest, extra=extra
            )
        )


def _add_ties(query: _Query, terms: list[_Named]) -> None:
    """Add the graph statistics: ties by kind and window, peers' facts once."""
    told: list[str] = []
    relations: list[str] = []
    for (kind, days), group in _groups(terms, "ties", "days").items():
        _windows(group)
        _require(query, group, str(kind), _NEEDED[str(kind)])
        relation = f"t_{kind}_{'ever' if days is None else days}"
        facts = tuple(fact for fact in graph.PEER_FACTS if _names_any(group, fact))
        for fact in facts:
            for table in graph.PEER_FACTS[fact]:
                _require(query, group, table, _NEEDED[table])
        limit = days if isinstance(days, int) else None
        query.relations[relation] = graph.ties(str(kind), query.spine, limit)
        told += [fact for fact in facts if fact not in told]
        relations += [relation] if facts else []
    if told:
        query.relations |= graph.peer_facts(tuple(told), tuple(relations))
    for (kind, days), group in _groups(terms, "ties", "days").items():
        relation = f"t_{kind}_{'ever' if days is None else days}"
        facts = tuple(fact for fact in graph.PEER_FACTS if _names_any(group, fact))
        rollup = Rollup(f"{relation}_tie", (None,))
        _add_measures(query, rollup, group, f"the ties by {kind}", graph.TIE_COLUMNS)
        query.relations |= rollup.relations(
            lambda extra, relation=relation, facts=facts: graph.tied(  # type: ignore[misc]
                relation, facts, extra
            )
        )


def _names_any(group: Iterable[_Named], column: str) -> bool:
    return any(column in _measured(named.term.measure, named.feature) for named in group)


def _measured(measure: Measure, feature: str) -> frozenset[str]:
    """Return the columns that a measure names."""
    texts = (measure.value, measure.where, measure.per, measure.base)
    return frozenset().union(*(names(text, feature) for text in texts if text is not None))


def _add_stated(query: _Query, features: list[Stated]) -> None:
    """Add facts stated on the application at q, or at registration before it."""
    for (table,), group in _stated_groups(features).items():
        for feature in group:
            query.tables.require(feature.name, table, _ROWS)
        columns = query.tables.columns(table, "e")
        selected = []
        for feature in group:
            scope = Scope(feature.name, f"table {table!r}", columns, query.zone, "s.as_of")
            value = translate(feature.expression, scope)
            if feature.is_categorical:
                selected.append(f"cast({value.sql} as varchar) as {quoted(feature.name)}")
            elif value.kind == "text":
                raise scope.error(
                    f"{feature.expression!r} is text; say unit='category', or make it a number."
                )
            else:
                selected.append(f"{value.double} as {quoted(feature.name)}")
            query.outputs[feature.name] = f"x_{table}.{quoted(feature.name)}"
        query.relations[f"x_{table}"] = (
            f"select s.observation_id, {', '.join(selected)} from {query.spine} s "
            f"join {table} e on {_statement(query, table)}"
        )
        query.joined.append(f"x_{table}")


def _statement(query: _Query, table: str) -> str:
    """Return SQL of the one row that states the facts of an observation."""
    person = "e.customer_id = s.customer_id"
    if table == "customers":
        return f"{person} and {rule.visible('e', 's.as_of')}"
    if "application_id" in query.tables.given.get(query.spine, ()):
        return f"e.application_id = s.application_id and {rule.stated('e', 's.as_of')}"
    return f"{person} and e.event_time = s.as_of and {rule.stated('e', 's.as_of')}"


def _stated_groups(features: Iterable[Stated]) -> dict[tuple[str], list[Stated]]:
    groups: dict[tuple[str], list[Stated]] = {}
    for feature in features:
        groups.setdefault((feature.table,), []).append(feature)
    return groups


def _require(
    query: _Query, group: Iterable[_Named], table: str, columns: tuple[str, ...]
) -> None:
    for named in group:
        query.tables.require(named.feature, table, columns)


def _select(query: _Query, catalogue: Catalogue) -> str:
    """Return the whole query: relations, the base row, expressions layer by layer."""
    measured = ", ".join(
        f"{sql} as {quoted(column)}" for column, sql in query.outputs.items()
    )
    joins = " ".join(
        f"left join {relation} on {relation}.observation_id = s.observation_id"
        for relation in query.joined
    )
    listed = f", {measured}" if measured else ""
    relations = dict(query.relations)
    relations["layer0"] = f"select s.observation_id{listed} from {query.spine} s {joins}"
    last = "layer0"
    for depth, layer in enumerate(_layers(catalogue), start=1):
        computed = ", ".join(
            f"{_expression(feature, catalogue)} as {quoted(feature.name)}" for feature in layer
        )
        relations[f"layer{depth}"] = f"select l.*, {computed} from {last} l"
        last = f"layer{depth}"
    ctes = ", ".join(f"{name} as ({sql})" for name, sql in relations.items())
    columns = "".join(f", {quoted(name)}" for name in catalogue.names)
    return f"with {ctes} select observation_id{columns} from {last}"


def _layers(catalogue: Catalogue) -> Iterable[list[Expression]]:
    """Yield the expressions so that each comes after those it names."""
    asked: dict[str, set[str]] = {}
    for feature in catalogue:
        if isinstance(feature, Expression):
            parts = {part.name for part in feature.parts}
            named = names(feature.expression, feature.name) - parts
            asked[feature.name] = {
                name
                for name in named
                if name in catalogue and isinstance(catalogue[name], Expression)
            }
    sorter = TopologicalSorter(asked)
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise FeatureError(
            f"{error.args[1][0]}: expressions name each other in a circle: {circle}. "
            "Declare one of them from events."
        ) from error
    while sorter.is_active():
        ready = sorter.get_ready()
        layer = [catalogue[name] for name in ready]
        yield [feature for feature in layer if isinstance(feature, Expression)]
        sorter.done(*ready)


def _expression(feature: Expression, catalogue: Catalogue) -> str:
    """Return the SQL of an expression over the columns of the layer below."""
    columns = {
        other.name: Value(f"l.{quoted(other.name)}", "text" if other.is_categorical else "float")
        for other in catalogue
        if other.name != feature.name
    }
    columns |= {
        part.name: Value(f"l.{quoted(_part(feature, part.name))}", "float")
        for part in feature.parts
    }
    scope = Scope(feature.name, "its parts and the catalogue", columns)
    value = translate(feature.expression, scope)
    if value.kind == "text":
        raise scope.error(f"{feature.expression!r} is text; an expression must be a number.")
    return value.double


def _render(sql: str, dialect: str) -> str:
    """Return the query as the dialect writes it."""
    if dialect not in ("duckdb", "spark"):
        raise FeatureError(f"dialect must be 'duckdb' or 'spark', got {dialect!r}.")
    tree = sqlglot.parse_one(sql, read="duckdb")
    if dialect == "spark":
        # Spark has no 128-bit integer; a decimal without fraction sums as exactly.
        for kind in list(tree.find_all(exp.DataType)):
            if kind.this == exp.DataType.Type.INT128:
                kind.replace(exp.DataType.build("decimal(38, 0)", dialect="spark"))
    return tree.sql(dialect=dialect, pretty=True)


def needs(feature: Feature, tables: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
    """Return table -> columns that a feature reads, its expression's parts included."""
    found: dict[str, frozenset[str]] = {}

    def add(table: str, columns: Iterable[str]) -> None:
        columns = frozenset(columns)
        if "category" in columns and Tables(tables).has_lookup(table):
            columns = columns - {"category"} | {"mcc"}
            found[LOOKUP] = frozenset({"mcc", "category"})
        found[table] = found.get(table, frozenset()) | columns

    for named in _terms([feature]):
        term = named.term
        measured = _measured(term.measure, feature.name)
        if isinstance(term, GraphStatistic | TiesPart):
            add(term.ties, _NEEDED[term.ties])
            for fact, told_by in graph.PEER_FACTS.items():
                for table in told_by if fact in measured else ():
                    add(table, _NEEDED[table])
        elif isinstance(term, StateAsOf | StatePart) and term.table == "instalments":
            add("instalments", _NEEDED["instalments"])
            add("repayments", _NEEDED["repayments"])
        else:
            by = term.latest_by if isinstance(term, StateAsOf | StatePart) else ()
            add(term.table, {*_ROWS, *by, *measured})
    if isinstance(feature, Stated):
        add(feature.table, {*_ROWS, *names(feature.expression, feature.name)})
    return found
