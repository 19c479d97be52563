"""A scorecard as SQL: integer points of every row, computed where the rows live.

The text uses what DuckDB and Spark agree on: CASE, comparisons of DOUBLE with DOUBLE, ``isnan``.
An edge is written ``CAST('<shortest decimal of the float>' AS DOUBLE)``: a bare ``0.1`` is a
decimal in Spark, while a text is read to the nearest float in both. Missing values come first,
because NaN is greater than every number in SQL and equal to itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from credit.binning import Bins
from credit.errors import ModelError, nearest

Dialect = Literal["duckdb", "spark"]

TOTAL = "points"
"""Name of the column that holds a row's sum."""

SUFFIX = "_points"
"""What a feature's name is followed by in the column of its own points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writing:
    """How a dialect writes names and texts.

    ``apart`` are characters that stand outside quotes, by their number: in Spark a backslash
    escapes or does not, and two quotes are one or none, by its settings and version, and
    ``${...}`` is replaced.
    """

    quote: str
    text_type: str
    character: str
    apart: str

    def name(self, name: str) -> str:
        return f"{self.quote}{name.replace(self.quote, 2 * self.quote)}{self.quote}"

    def text(self, value: str) -> str:
        pieces, plain = [], ""
        for letter in value:
            if letter in self.apart:
                pieces += [f"'{plain}'"] * bool(plain) + [f"{self.character}({ord(letter)})"]
                plain = ""
            else:
                plain += "''" if letter == "'" else letter
        pieces += [f"'{plain}'"] * bool(plain or not pieces)
        return pieces[0] if len(pieces) == 1 else f"concat({', '.join(pieces)})"


DIALECTS: Mapping[str, _Writing] = {
    "duckdb": _Writing(quote='"', text_type="VARCHAR", character="chr", apart=""),
    "spark": _Writing(quote="`", text_type="STRING", character="char", apart="'\\$"),
}


def points_sql(
    base_points: int,
    points: Mapping[str, Sequence[int]],
    bins: Mapping[str, Bins],
    *,
    dialect: str,
    table: str,
) -> str:
    """Return a query: all columns of ``table``, each feature's points, and their sum.

    See :meth:`credit.scorecard.Scorecard.to_sql` for the rules of single values.

    Raises
    ------
    ModelError
        The dialect is not known, a name cannot be written in it, or two columns of the result
        would have one name.
    """
    if dialect not in DIALECTS:
        raise ModelError(
            f"dialect must be one of {list(DIALECTS)}, got {dialect!r}.{nearest(dialect, DIALECTS)}"
        )
    writing = DIALECTS[dialect]
    _check_names(list(points), table, dialect)
    columns = [
        f"    {_case(bins[name], values, writing)} AS {writing.name(name + SUFFIX)}"
        for name, values in points.items()
    ]
    terms = [f"scored.{writing.name(name + SUFFIX)}" for name in points]
    total = "\n    + ".join([f"CAST({base_points} AS BIGINT)", *terms])
    source = ".".join(writing.name(part) for part in table.split("."))
    inner = ",\n".join(["    source.*", *columns])
    return (
        f"SELECT\n  scored.*,\n  {total} AS {writing.name(TOTAL)}\n"
        f"FROM (\n  SELECT\n{inner}\n  FROM {source} AS source\n) AS scored\n"
    )


def _check_names(features: list[str], table: str, dialect: str) -> None:
    if not all(table.split(".")):
        raise ModelError(f"table: {table!r} is no name. Give one, such as 'lending.applications'.")
    for name in (*features, table):
        if "\0" in name or (dialect == "spark" and "${" in name):
            raise ModelError(f"{name!r} cannot be a name in {dialect}. Rename it.")
    seen: dict[str, str] = {TOTAL: TOTAL}
    for name in [*features, *(feature + SUFFIX for feature in features)]:
        folded = name.casefold()
        if folded in seen:
            raise ModelError(
                f"columns {seen[folded]!r} and {name!r} of the result would have one name, since "
                "SQL reads names without case. Rename the feature before fitting."
            )
        seen[folded] = name


def _case(bins: Bins, points: Sequence[int], writing: _Writing) -> str:
    """Return the expression that gives a column's points; rules in the order of ``assign``."""
    if bins.kind == "number":
        rules, other = _number_rules(bins, points, writing)
    else:
        rules, other = _name_rules(bins, points, writing)
    lines = "".join(f"\n      WHEN {when} THEN {then}" for when, then in rules)
    return f"CASE{lines}\n      ELSE {other}\n    END"


Rules = tuple[list[tuple[str, str]], int]


def _number_rules(bins: Bins, points: Sequence[int], writing: _Writing) -> Rules:
    value = f"CAST(source.{writing.name(bins.feature)} AS DOUBLE)"
    infinite = " OR ".join(f"{value} = {_double(sign)}" for sign in (float("inf"), -float("inf")))
    rules = [
        (f"{value} IS NULL OR isnan({value})", str(points[bins.missing])),
        (infinite, "NULL"),
    ]
    rules += [
        (f"{value} = {_double(float(code))}", str(points[position]))
        for code, position in reversed(bins.special)  # assign lets the last one win
    ]
    rules += [
        (f"{value} < {_double(edge)}", str(points[position]))
        for position, edge in enumerate(bins.edges)
    ]
    return rules, points[len(bins.edges)]


def _double(value: float) -> str:
    text = repr(float(value)).replace("inf", "Infinity")
    return f"CAST('{text}' AS DOUBLE)"


def _name_rules(bins: Bins, points: Sequence[int], writing: _Writing) -> Rules:
    value = f"CAST(source.{writing.name(bins.feature)} AS {writing.text_type})"
    held: dict[str, int] = {name: i for i, group in enumerate(bins.groups) for name in group}
    held |= {str(code): position for code, position in bins.special}
    write: Callable[[str], str] = writing.text
    rules = [(f"{value} IS NULL", str(points[bins.missing]))]
    for position in dict.fromkeys(held.values()):
        names = ", ".join(write(name) for name, where in held.items() if where == position)
        rules.append((f"{value} IN ({names})", str(points[position])))
    return rules, points[bins.unseen]
