"""The tables a query may read: their columns, and what kind of value each holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from credit import schema
from credit.errors import FeatureError, nearest
from credit.feature import Days
from credit.features.window import arrival, rule
from credit.features.window.arrival import Arrival
from credit.features.window.value import Kind, Value, quoted

LOOKUP = "merchant_categories"
"""The relation that names the category of a merchant category code."""

REPAIRED = "repaired_at"
"""The column of a table whose records a register may suppress."""

_KINDS: dict[str, Kind] = {
    "id": "any", "time": "int", "money": "int", "int": "int", "float": "float",
    "text": "text", "bool": "bool",
}  # fmt: skip
_TYPES: tuple[tuple[str, Kind], ...] = (
    ("HUGEINT", "int"), ("BIGINT", "int"), ("INTEGER", "int"), ("SMALLINT", "int"),
    ("TINYINT", "int"), ("VARCHAR", "text"), ("BOOLEAN", "bool"), ("DOUBLE", "float"),
    ("FLOAT", "float"), ("DECIMAL", "float"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tables:
    """Table -> its columns; a mapping to types says more about columns of no contract."""

    given: Mapping[str, Collection[str]]
    asked: Mapping[str, frozenset[Arrival]] = field(default_factory=dict)
    """Table -> what is asked of the events before each of its own."""
    people: str = ""
    """Whom that is asked about: a relation with ``customer_id``."""

    def __contains__(self, name: str) -> bool:
        return name in self.given

    def require(self, feature: str, table: str, columns: Iterable[str] = ()) -> None:
        """Refuse a table that is not there, or that lacks what every query of it needs."""
        if table not in self.given:
            known = sorted(name for name in self.given if name in schema.TABLES)
            raise FeatureError(
                f"{feature}: no table {table!r} among those given.{nearest(table, known)} "
                f"There are {known}. Add the table, or leave out the feature "
                "(credit.features.available says which can be built)."
            )
        missing = sorted(set(columns) - set(self.given[table]))
        if missing:
            raise FeatureError(
                f"{feature}: table {table!r} has no column {missing}. "
                f"It has {sorted(self.given[table])}."
            )

    def has_lookup(self, table: str) -> bool:
        """Whether ``category`` must be looked up by ``mcc`` rather than read."""
        columns = self.given.get(table, ())
        return "mcc" in columns and "category" not in columns and LOOKUP in self.given

    def columns(self, table: str, alias: str) -> dict[str, Value]:
        """Return the columns of a table as an expression may name them."""
        columns = self.given[table]
        found = {
            name: Value(f"{alias}.{quoted(name)}", self._kind(table, name)) for name in columns
        }
        if self.has_lookup(table):
            found["category"] = Value(f"{LOOKUP}.category", "text")
        for function, column in self.asked.get(table, ()):
            name = arrival.beside(function, column)
            if column in columns:
                kind = arrival.kind_of(function, self._kind(table, column))
                found[name] = Value(f"{alias}.{quoted(name)}", kind)
        return found

    def arriving(self, feature: str, table: str, asked: frozenset[Arrival], people: str) -> Tables:
        """Return these tables with what is asked of the events before each of one table's own."""
        columns = self.given[table]
        here = frozenset(one for one in asked if one[1] in columns)
        if not here:
            return self
        if REPAIRED in columns:
            raise FeatureError(
                f"{feature}: records of {table!r} may be suppressed, so what was seen before one "
                "is not the same at every instant. Ask it of another table."
            )
        return replace(self, asked={**self.asked, table: here}, people=people)

    def counts(self, table: str, alias: str, q: str, days: Days | None = None) -> str:
        """Return SQL: the row of a table counts at ``q``: visible, and not suppressed by then."""
        visible = rule.visible(alias, q, days)
        if REPAIRED not in self.given[table]:
            return visible
        return f"{visible} and {rule.unrepaired(f'{alias}.{REPAIRED}', q)}"

    def source(self, table: str, alias: str, on: str) -> str:
        """Return SQL that joins a table, and its lookup, to what stands before."""
        rows = quoted(table)
        if table in self.asked:
            rows = arrival.followed(table, self.given[table], self.asked[table], self.people)
        joined = f"join {rows} {alias} on {on}"
        if self.has_lookup(table):
            joined += f" left join {LOOKUP} on {LOOKUP}.mcc = {alias}.mcc"
        return joined

    def _kind(self, table: str, name: str) -> Kind:
        contract = schema.TABLES.get(table)
        for column in contract.columns if contract else ():
            if column.name == name:
                return _KINDS[column.kind]
        columns = self.given[table]
        declared = str(columns[name]).upper() if isinstance(columns, Mapping) else ""
        for prefix, kind in _TYPES:
            if declared.startswith((prefix, f"U{prefix}")):
                return kind
        return "any"
