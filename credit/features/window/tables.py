"""The tables a query may read: their columns, and what kind of value each holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from credit import schema
from credit.errors import FeatureError, nearest
from credit.features.window import rule
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
        return found

    def counts(self, table: str, alias: str, q: str, days: int | None = None) -> str:
        """Return SQL: the row of a table counts at ``q``: visible, and not suppressed by then."""
        visible = rule.visible(alias, q, days)
        if REPAIRED not in self.given[table]:
            return visible
        return f"{visible} and {rule.unrepaired(f'{alias}.{REPAIRED}', q)}"

    def source(self, table: str, alias: str, on: str) -> str:
        """Return SQL that joins a table, and its lookup, to what stands before."""
        joined = f"join {quoted(table)} {alias} on {on}"
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
