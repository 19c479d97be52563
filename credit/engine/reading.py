"""How a column of a source becomes a column of the contract: one SQL expression for each case.

A reading is exact or it is nothing: text that is no number, half a fen, an integer beyond
64 bits give NULL, and a value that is not null in the source but null once read is
*unreadable*. The engine's views raise at an unreadable value, its checks count them.

Times become BIGINT microseconds since 1970-01-01 UTC: a timestamp without a zone is UTC, a
nanosecond is cut to its microsecond, a date is midnight in the engine's zone, because a day is
a calendar fact there. Money becomes BIGINT fen. Ids become BIGINT or VARCHAR.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from credit.errors import ConfigError
from credit.schema import SECOND, Column, Kind

UNITS: dict[str, tuple[str, ...]] = {
    "money": ("fen", "yuan"),
    "time": ("us", "ms", "s", "date"),
}
"""Units a source may declare, by kind of column; the first is the default."""

EXPECTED: dict[Kind, str] = {
    "id": "an integer or text",
    "time": "a timestamp, a date, or integer microseconds (units: us, ms, s, date)",
    "money": "integer fen, or DECIMAL or DOUBLE that holds whole fen (units: fen, yuan)",
    "float": "a number",
    "int": "a whole number",
    "text": "text",
    "bool": "true or false",
}

_FAMILIES: tuple[tuple[str, str], ...] = (
    (r"TINYINT|SMALLINT|INTEGER|BIGINT|UTINYINT|USMALLINT|UINTEGER", "integer"),
    (r"UBIGINT|HUGEINT|UHUGEINT|BIGNUM", "wide"),
    (r"DOUBLE", "double"),
    (r"FLOAT", "single"),
    (r"DECIMAL\(.*", "decimal"),
    (r"VARCHAR|ENUM\(.*", "text"),
    (r"TIMESTAMP_NS", "nanosecond"),
    (r"TIMESTAMP.*", "instant"),
    (r"DATE", "date"),
    (r"BOOLEAN", "boolean"),
    (r"UUID", "uuid"),
    (r'"?NULL"?', "null"),
)

_EXACT = 2**53
"""Doubles hold every integer up to here; beyond, a key or an amount may have been rounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One column of the contract as an expression over a row of the source.

    Attributes
    ----------
    name : str
        The column of the contract, or of the source where the table keeps extra columns.
    source : str
        The source's column, quoted.
    value, type : str
        The SQL of the value, NULL where unreadable, and its DuckDB type.
    rule : str
        What a readable value is; empty where every value of the source's type is readable.
    assumed : bool
        Whether numbers were taken for microseconds because no unit was declared.
    """

    name: str
    source: str
    value: str
    type: str
    rule: str = ""
    assumed: bool = False

    @property
    def unreadable(self) -> str:
        """SQL that is true where the source has a value and the reading has none."""
        return f"({self.source} IS NOT NULL AND ({self.value}) IS NULL)" if self.rule else "false"

    def strict(self, table: str) -> str:
        """Return SQL of the value that raises at an unreadable one, naming it and its place."""
        if not self.rule:
            return self.value
        head, tail = f"{table}.{self.name}: ", f" breaks the rule that {self.rule}."
        shown = f"concat({literal(head)}, CAST({self.source} AS VARCHAR), {literal(tail)})"
        return f"CASE WHEN {self.unreadable} THEN error({shown}) ELSE {self.value} END"


def quote(name: str) -> str:
    """Quote an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: object) -> str:
    """Quote an SQL string."""
    return "'" + str(text).replace("'", "''") + "'"


def family(found: str) -> str:
    """Return the family of a DuckDB type: what can be done with it."""
    for pattern, name in _FAMILIES:
        if re.fullmatch(pattern, found):
            return name
    return "other"


def unit_of(table: str, column: Column, units: dict[str, str]) -> str:
    """Return the unit declared for a column, or ``""``; refuse one its kind does not know."""
    unit = units.get(column.name, "")
    known = UNITS.get(column.kind, ())
    if unit and unit not in known:
        rule = f"must be one of {list(known)}" if known else "cannot be declared: it has none"
        raise ConfigError(
            f"[tables.{table}.units] {column.name} = {unit!r}: the unit of a {column.kind} "
            f"column {rule}."
        )
    return unit


def read(column: Column, source: str, found: str, *, unit: str, zone: str) -> Reading | None:
    """Return the reading of ``source``, a column of DuckDB type ``found``.

    Returns None where no value of that type can be a ``column.kind`` in ``unit``.
    """
    kin = family(found)
    if kin == "null":
        return Reading(
            name=column.name, source=source, value=f"CAST(NULL AS {_TYPES[column.kind]})",
            type=_TYPES[column.kind],
        )  # fmt: skip
    if column.kind == "time":
        return _time(column.name, source, kin, unit, zone)
    if column.kind == "money":
        return _money(column.name, source, kin, unit or "fen")
    if column.kind == "id":
        return _id(column.name, source, kin)
    if column.kind == "int":
        value = _whole(source, kin)
        rule = _unless_integer(kin, "it is a whole number")
    elif column.kind == "float":
        value = _number(source, kin)
        rule = _unless_integer(kin, "it is a finite number")
    elif column.kind == "bool":
        value, rule = source if kin == "boolean" else "", ""
    else:
        value, rule = f"CAST({source} AS VARCHAR)" if kin == "text" else "", ""
    if not value:
        return None
    return Reading(
        name=column.name, source=source, value=value, type=_TYPES[column.kind], rule=rule
    )


def read_extra(name: str, found: str, *, zone: str) -> Reading:
    """Return the reading of a column beyond the contract: as it is, in plain types."""
    source, kin = quote(name), family(found)
    time = _time(name, source, kin, "", zone) if kin in _CALENDAR else None
    if time is not None:
        return time
    plain = {"integer": "BIGINT", "text": "VARCHAR", "uuid": "VARCHAR", "boolean": "BOOLEAN"}
    plain |= dict.fromkeys(("wide", "double", "single", "decimal"), "DOUBLE")
    kept = plain.get(kin)
    value = f"CAST({source} AS {kept})" if kept else source
    return Reading(name=name, source=source, value=value, type=kept or found)


_TYPES: dict[Kind, str] = {
    "id": "BIGINT", "time": "BIGINT", "money": "BIGINT", "float": "DOUBLE", "int": "BIGINT",
    "text": "VARCHAR", "bool": "BOOLEAN",
}  # fmt: skip

_CALENDAR = ("instant", "nanosecond", "date")


def _unless_integer(kin: str, rule: str) -> str:
    return "" if kin == "integer" else rule


def _whole(source: str, kin: str) -> str:
    """Return SQL of a whole number, NULL where the value is none; ``""`` for other types."""
    # A cast rounds (2.7 becomes 3), so each case first proves that nothing is there to round.
    text = f"trim(CAST({source} AS VARCHAR))"
    cases = {
        "integer": f"CAST({source} AS BIGINT)",
        "wide": f"TRY_CAST({source} AS BIGINT)",
        "decimal": f"CASE WHEN {source} % 1 = 0 THEN TRY_CAST({source} AS BIGINT) END",
        "text": rf"CASE WHEN regexp_full_match({text}, '[+-]?\d{{1,19}}(\.0*)?') "
        f"THEN TRY_CAST(split_part({text}, '.', 1) AS BIGINT) END",
    }
    exact = f"{source} = floor({source}) AND abs({source}) <= {_EXACT}"
    cases["double"] = cases["single"] = f"CASE WHEN {exact} THEN TRY_CAST({source} AS BIGINT) END"
    return cases.get(kin, "")


def _number(source: str, kin: str) -> str:
    """Return SQL of a finite double."""
    if kin in {"integer", "wide", "decimal"}:
        return f"CAST({source} AS DOUBLE)"
    if kin in {"double", "single"}:
        return f"CASE WHEN isfinite({source}) THEN CAST({source} AS DOUBLE) END"
    if kin != "text":
        return ""
    # The pattern comes first: a cast reads "1_000" and "inf" as numbers.
    text, digits = f"trim(CAST({source} AS VARCHAR))", r"(\d+\.?\d*|\.\d+)"
    return (
        f"CASE WHEN regexp_full_match({text}, '[+-]?{digits}([eE][+-]?\\d{{1,2}})?') "
        f"THEN TRY_CAST({text} AS DOUBLE) END"
    )


def _id(name: str, source: str, kin: str) -> Reading | None:
    if kin in {"text", "uuid"}:
        return Reading(name=name, source=source, value=f"CAST({source} AS VARCHAR)", type="VARCHAR")
    value = _whole(source, kin)
    if not value:
        return None
    rule = _unless_integer(kin, "it is an integer of 64 bits, or text")
    return Reading(name=name, source=source, value=value, type="BIGINT", rule=rule)


def _money(name: str, source: str, kin: str, unit: str) -> Reading | None:
    # 32 bits hold seven digits: 167,772.17 yuan is already another amount.
    if kin == "single":
        return None
    if unit == "fen":
        value = _whole(source, kin)
        rule = _unless_integer(
            kin, f"it is a whole number of fen (amounts in yuan: units = {{{name} = 'yuan'}})"
        )
    else:
        value, rule = _yuan(source, kin), "it is an amount in yuan without fractions of a fen"
    return (
        Reading(name=name, source=source, value=value, type="BIGINT", rule=rule) if value else None
    )


def _yuan(source: str, kin: str) -> str:
    """Return SQL of fen from an amount in yuan; NULL where it is not a whole number of fen."""
    text = f"trim(CAST({source} AS VARCHAR))"
    cents = f"TRY_CAST({source} AS DECIMAL(20, 2))"
    # round(x * 100) / 100 = x holds for exactly the doubles nearest to a whole number of fen.
    near = f"abs({source}) < 4.5e13 AND round({source} * 100) / 100 = {source}"
    whole = f"TRY_CAST(CAST({source} AS HUGEINT) * 100 AS BIGINT)"
    return {
        "integer": whole,
        "wide": whole,
        "decimal": f"CASE WHEN {cents} = {source} THEN TRY_CAST({cents} * 100 AS BIGINT) END",
        "double": f"CASE WHEN {near} THEN CAST(round({source} * 100) AS BIGINT) END",
        "text": rf"CASE WHEN regexp_full_match({text}, '[+-]?\d{{1,17}}(\.\d{{0,2}}0*)?') "
        f"THEN TRY_CAST(TRY_CAST({text} AS DECIMAL(20, 2)) * 100 AS BIGINT) END",
    }.get(kin, "")


def _time(name: str, source: str, kin: str, unit: str, zone: str) -> Reading | None:
    numeric = kin in {"integer", "wide", "double", "decimal"}
    # A declared unit says what numbers mean; a timestamp that claims one contradicts itself.
    refused = {"us": _CALENDAR, "ms": _CALENDAR, "s": _CALENDAR, "date": ("integer", "wide",
               "double", "decimal", "instant", "nanosecond")}  # fmt: skip
    if kin in refused.get(unit, ()) or not (numeric or kin == "text" or kin in _CALENDAR):
        return None
    value = _time_value(source, kin, unit, zone)
    rule = "it is a calendar date (2024-01-31)" if unit == "date" else (
        f"it is a time: a timestamp, or a whole number of {unit or 'us'}"
    )  # fmt: skip
    plain = kin == "integer" and unit in {"", "us"}
    return Reading(
        name=name, source=source, value=value, type="BIGINT", rule="" if plain else rule,
        assumed=not unit and (numeric or kin == "text"),
    )  # fmt: skip


def _time_value(source: str, kin: str, unit: str, zone: str) -> str:
    if kin == "date":
        return _midnight(source, zone)
    if kin == "instant":
        return f"epoch_us({source})"
    if kin == "nanosecond":
        ns = f"epoch_ns({source})"  # epoch_us would round up, into the future
        return f"({ns} - ((({ns}) % 1000) + 1000) % 1000) // 1000"
    factor = {"": 1, "us": 1, "ms": SECOND // 1000, "s": SECOND, "date": 1}[unit]
    if kin != "text":
        whole = _whole(source, kin)
        return whole if factor == 1 else _times(whole, factor)
    return _time_text(f"trim(CAST({source} AS VARCHAR))", unit, factor, zone)


def _time_text(text: str, unit: str, factor: int, zone: str) -> str:
    """Return SQL of the microseconds of an ISO date or timestamp or a whole number, in text."""
    date = rf"regexp_full_match({text}, '\d{{4}}-\d{{2}}-\d{{2}}')"
    day = f"WHEN {date} THEN {_midnight(f'TRY_CAST({text} AS DATE)', zone)}"
    if unit == "date":
        return f"CASE {day} END"
    number = rf"WHEN regexp_full_match({text}, '[+-]?\d{{1,19}}') THEN "
    clock = r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?"
    # A cast to TIMESTAMP drops a written offset without a word, so TIMESTAMPTZ reads it.
    offset = rf"({clock})\s*(Z|[+-]\d{{2}}(:?\d{{2}})?)"
    return (
        f"CASE {day} {number}{_times(f'TRY_CAST({text} AS BIGINT)', factor)} "
        f"WHEN regexp_full_match({text}, '{clock}') THEN epoch_us(TRY_CAST({text} AS TIMESTAMP)) "
        f"WHEN regexp_full_match({text}, '{offset}') "
        f"THEN epoch_us(TRY_CAST({text} AS TIMESTAMPTZ)) END"
    )


def _times(whole: str, factor: int) -> str:
    return f"TRY_CAST(CAST({whole} AS HUGEINT) * {factor} AS BIGINT)"


def _midnight(date: str, zone: str) -> str:
    """Return SQL of the instant at which a date begins in ``zone``."""
    if zone == "UTC":
        return f"epoch_us({date})"
    return f"epoch_us(timezone({literal(zone)}, CAST({date} AS TIMESTAMP)))"
