"""The measures that a catalogue asks for, and the tables and columns they read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from credit.errors import FeatureError
from credit.feature import (
    Days,
    Expression,
    Feature,
    GraphStatistic,
    Measure,
    Propagation,
    StateAsOf,
    Stated,
    StatePart,
    TiesPart,
    WindowAggregate,
    WindowPart,
)
from credit.features.graph import edges, ties
from credit.features.window import rule
from credit.features.window.arrival import Arrival
from credit.features.window.expression import arrivals, names
from credit.features.window.holdings import DERIVED
from credit.features.window.tables import LOOKUP, Tables

OfEvents = WindowAggregate | WindowPart
OfState = StateAsOf | StatePart
OfTies = GraphStatistic | TiesPart
Term = OfEvents | OfState | OfTies
"""Whatever is a measure over rows."""

TIMES = ("event_time", "available_at")
ROWS = ("customer_id", *TIMES)
"""What every row of an event table has."""

NEEDED: dict[str, tuple[str, ...]] = {
    "contacts": (*ROWS, "contact_id"),
    "transfers": (*ROWS, "counterparty_id", "amount_fen"),
    "device_use": (*ROWS, "device_id"),
    "tags": ROWS,
    "loans": ROWS,
    "instalments": (*ROWS, "loan_id", "number", "due_at", "due_fen"),
    "repayments": (*TIMES, "loan_id", "number", "amount_fen"),
}
"""What is read of a table whose query is fixed."""

CURED = ("instalments", "repayments")
"""The tables that say how instalments stand."""


@dataclass(frozen=True, slots=True)
class Named:
    """A term, the column it becomes, and the feature that asked for it."""

    column: str
    feature: str
    term: Term


def terms(catalogue: Iterable[Feature]) -> Iterator[Named]:
    """Yield every measure over rows: features, and parts of expressions."""
    for feature in catalogue:
        if isinstance(feature, Expression):
            for part in feature.parts:
                yield Named(part_column(feature.name, part.name), feature.name, part)
        elif isinstance(feature, WindowAggregate | StateAsOf | GraphStatistic):
            yield Named(feature.name, feature.name, feature)
        elif not isinstance(feature, Stated | Propagation):
            raise FeatureError(
                f"{feature.name}: {type(feature).__name__} is no kind of feature that can be "
                "built; declare a WindowAggregate, StateAsOf, Expression, GraphStatistic, "
                "Propagation or Stated."
            )


def part_column(feature: str, part: str) -> str:
    """Return the column of a part; no feature can have that name."""
    return f"{part} of {feature}"


def groups(asked: Iterable[Named], *attributes: str) -> dict[tuple[object, ...], list[Named]]:
    """Return the terms that share these attributes, and so a source of rows."""
    found: dict[tuple[object, ...], list[Named]] = {}
    for named in asked:
        key = tuple(getattr(named.term, attribute) for attribute in attributes)
        found.setdefault(key, []).append(named)
    return found


def windows(asked: Iterable[Named]) -> tuple[Days | None, ...]:
    """Return the distinct windows in days, shortest first, all history (None) last."""
    lengths = set()
    for named in asked:
        days = named.term.days
        if days is not None and days <= 0:
            raise FeatureError(
                f"{named.feature}: a window of {days} days holds nothing; days must be positive."
            )
        try:
            rule.reach(days)
        except FeatureError as error:
            raise FeatureError(f"{named.feature}: {error}") from error
        lengths.add(days)
    finite = sorted(days for days in lengths if days is not None)
    return (*finite, None) if None in lengths else tuple(finite)


def _texts(measure: Measure) -> list[str]:
    texts = (measure.value, measure.where, measure.per, measure.base, measure.weight)
    return [text for text in texts if text is not None]


def measured(measure: Measure, feature: str) -> frozenset[str]:
    """Return the columns that a measure names."""
    return frozenset().union(*(names(text, feature) for text in _texts(measure)))


def arriving(asked: Iterable[Named]) -> frozenset[Arrival]:
    """Return what these terms ask of the events before one."""
    return frozenset().union(
        *(arrivals(text, one.feature) for one in asked for text in _texts(one.term.measure))
    )


def facts(asked: Iterable[Named]) -> tuple[str, ...]:
    """Return the facts about peers and devices that these terms name."""
    named = frozenset().union(*(measured(n.term.measure, n.feature) for n in asked))
    return tuple(fact for fact in ties.FACTS if fact in named)


def needs(feature: Feature, tables: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
    """Return table -> columns that a feature reads, its expression's parts included."""
    found: dict[str, frozenset[str]] = {}
    if isinstance(feature, Stated):
        found[feature.table] = names(feature.expression, feature.name).union(ROWS)
    if isinstance(feature, Propagation):
        network = edges.reads(feature.ties, labelled=feature.uses_labels)
        found |= {table: frozenset(columns) for table, columns in network.items()}
    for named in terms([feature]):
        for table, columns in read(named).items():
            found[table] = found.get(table, frozenset()).union(columns)
    for table in list(found):
        if "category" in found[table] and Tables(tables).has_lookup(table):
            found[table] = found[table] - {"category"} | {"mcc"}
            found[LOOKUP] = frozenset({"mcc", "category"})
    return found


def require(feature: Feature, tables: Mapping[str, Collection[str]]) -> None:
    """Refuse a feature whose tables or columns are not there."""
    for table, columns in needs(feature, tables).items():
        Tables(tables).require(feature.name, table, columns)


def read(named: Named) -> dict[str, Iterable[str]]:
    """Return table -> columns that one term reads."""
    term = named.term
    if isinstance(term, OfTies):
        own = edges.KINDS[term.ties].table
        found: dict[str, Iterable[str]] = {own: NEEDED[own]}
        for fact in facts([named]):
            for table, more in ties.FACTS[fact].items():
                found[table] = (*found.get(table, NEEDED[table]), *more)
        return found
    if isinstance(term, OfState) and term.table == "instalments":
        return {table: NEEDED[table] for table in CURED}
    if isinstance(term, OfState) and term.table in DERIVED:
        source = DERIVED[term.table]
        return {source.table: (*ROWS, *source.needs)}
    by = term.latest_by if isinstance(term, OfState) else ()
    return {term.table: {*ROWS, *by, *measured(term.measure, named.feature)}}
