"""May these features be built, for this purpose, on this day? Purpose and retention, enforced."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from credit import schema
from credit.engine import Engine
from credit.errors import UseError, nearest
from credit.feature import Feature
from credit.features.window import needs
from credit.schema import DAY
from credit.use import Use

Tables = Mapping[str, Collection[str]]

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uses:
    """The uses declared for tables and columns.

    Attributes
    ----------
    declared : mapping of str to Use
        ``table`` or ``table.column`` -> its use, in place of the contract's. What the contract
        says of a column is not loosened by what is declared for its table.
    """

    declared: Mapping[str, Use] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for place in self.declared:
            table, _, column = place.partition(".")
            if table not in schema.TABLES:
                raise UseError(
                    f"uses: {place!r}: no table {table!r} in the contract."
                    f"{nearest(table, schema.TABLES)} Write a table, or table.column."
                )
            if column and not schema.TABLES[table].extra:
                schema.TABLES[table].column(column)

    def of(self, table: str, column: str) -> Use | None:
        """Return the use of a column; None for a table that is not of the contract."""
        contract = schema.TABLES.get(table)
        if contract is None:
            return None
        own = next((one.use for one in contract.columns if one.name == column), None)
        exact = self.declared.get(f"{table}.{column}")
        return exact or own or self.declared.get(table) or contract.use

    def common(self, features: Iterable[Feature], tables: Tables) -> Use | None:
        """Return what all columns that these features read allow; None if no purpose is common.

        Of an expression, give the features that it names as well (`credit.features.chosen`).
        """
        columns = {
            (table, column)
            for feature in features
            for table, named in needs(feature, tables).items()
            for column in named
        }
        allowed: Use | None = None
        for use in (self.of(table, column) for table, column in sorted(columns)):
            if use is None:
                continue
            both = use if allowed is None else allowed.common(use)
            if both is None:
                return None
            allowed = both
        return allowed


def refuse_unlawful(
    features: Iterable[Feature],
    engine: Engine,
    uses: Uses,
    *,
    purpose: str,
    on: date,
) -> None:
    """Refuse to build features from data not held for ``purpose``, or no longer.

    Parameters
    ----------
    features : iterable of Feature
        What is to be built.
    engine : Engine
        Holds the tables.
    uses : Uses
        What tables and columns are held for.
    purpose : str
        What the features are for.
    on : date
        The day of the build.

    Raises
    ------
    UseError
        Every table and column that stands in the way, with the rule, the features that read
        it, and the way out.
    """
    tables = {name: list(engine.columns(name)) for name in engine.tables}
    readers: dict[tuple[str, str], list[str]] = {}
    for feature in features:
        for table, columns in needs(feature, tables).items():
            for column in columns:
                readers.setdefault((table, column), []).append(feature.name)
    faults: dict[str, None] = {}
    kept: dict[tuple[str, int], None] = {}
    for (table, column), names in sorted(readers.items()):
        use = uses.of(table, column)
        if use is None:
            continue
        fault = _fault(f"{table}.{column}", use, names, purpose=purpose, on=on)
        if fault:
            faults[fault] = None
        if use.keep_days is not None and schema.TABLES[table].event:
            kept[table, use.keep_days] = None
    for table, days in kept:
        faults |= dict.fromkeys(_too_long(engine, table, days, on))
    if faults:
        raise UseError("\n".join(faults))


def _fault(place: str, use: Use, names: list[str], *, purpose: str, on: date) -> str | None:
    """Return the sentence of what stands in the way, if anything does."""
    read = f"{len(names)} feature(s) read it, e.g. {names[0]!r}"
    if purpose not in use.purposes:
        return (
            f"{place}: held for {', '.join(use.purposes)}, not for {purpose!r}."
            f"{nearest(purpose, use.purposes)} {read}. Leave them out under [features] exclude, "
            f'or declare under [uses."{place}"] purposes what it is held for.'
        )
    if use.until is not None and on > use.until:
        return (
            f"{place}: may be used until {use.until}, and this build is of {on}. {read}. Leave "
            f"them out under [features] exclude, erase the column, or, where it may be kept for "
            f'longer, declare that under [uses."{place}"] until.'
        )
    return None


def _too_long(engine: Engine, table: str, days: int, on: date) -> list[str]:
    """Return the sentence about rows that should have been erased, if there are any."""
    first = ((on - _EPOCH).days - days) * DAY
    sql = f"select count(*) from {table} where available_at < {first}"  # noqa: S608 - of the contract
    count = engine.rows(sql)[0][0]
    if not count:
        return []
    return [
        f"{table}: a row may be kept for {days} days after it became known, and {count} row(s) "
        f"are older than that on {on}. Erase them, or declare the days under [uses.{table}] "
        "keep_days."
    ]
