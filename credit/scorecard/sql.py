"""A scorecard as SQL: integer points of every row, computed where the rows live.

The text uses what DuckDB and Spark agree on: CASE, comparisons of DOUBLE with DOUBLE, ``isnan``.
An edge is written ``CAST('<shortest decimal of the float>' AS DOUBLE)``: a bare ``0.1`` is a
decimal in Spark, while a text is read to the nearest float in both. Missing values come first,
because NaN is greater than every number in SQL and equal to itself. `credit.artifact.sql` writes
any artifact's query out of the same pieces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
class Writing:
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
        """Return a name in its quotes."""
        return f"{self.quote}{name.replace(self.quote, 2 * self.quote)}{self.quote}"

    def text(self, value: str) -> str:
        """Return a text as an expression that gives it, whatever it holds."""
        pieces, plain = [], ""
        for letter in value:
            if letter in self.apart:
                pieces += [f"'{plain}'"] * bool(plain) + [f"{self.character}({ord(letter)})"]
                plain = ""
            else:
                plain += "''" if letter == "'" else letter
        pieces += [f"'{plain}'"] * bool(plain or not pieces)
        return pieces[0] if len(pieces) == 1 else f"concat({', '.join(pieces)})"


DIALECTS: Mapping[str, Writing] = {
    "duckdb": Writing(quote='"', text_type="VARCHAR", character="chr", apart=""),
    "spark": Writing(quote="`", text_type="STRING", character="char", apart="'\\$"),
}


def writing_of(dialect: str) -> Writing:
    """Return how ``dialect`` writes.

    Raises
    ------
    ModelError
        It is not one of `DIALECTS`.
    """
    if dialect not in DIALECTS:
        raise ModelError(
            f"dialect must be one of {list(DIALECTS)}, got {dialect!r}.{nearest(dialect, DIALECTS)}"
        )
    return DIALECTS[dialect]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """What SQL needs of one column's bins.

    Attributes
    ----------
    value : str
        The expression of the column's value, a DOUBLE or a text.
    number : bool
    edges : sequence of float, rising
        A number is in the bin ``count of edges <= value``.
    names : dict of str to int
        Name -> bin, codes among them.
    special : sequence of (float, int)
        Code of a number -> bin; the last of equal codes wins.
    missing, unseen : int
        Bin of a missing value, and of any other name.
    """

    value: str
    number: bool
    edges: Sequence[float] = ()
    names: Mapping[str, int]
    special: Sequence[tuple[float, int]] = ()
    missing: int
    unseen: int


def case(cells: Cells, results: Sequence[str], writing: Writing) -> str:
    """Return the expression that gives ``results[bin]``; NULL for an infinity.

    Rules stand in the order of :meth:`credit.binning.Bins.assign`.
    """
    rules, other = (
        _number_rules(cells, results) if cells.number else _name_rules(cells, results, writing)
    )
    lines = "".join(f"\n      WHEN {when} THEN {then}" for when, then in rules)
    return f"CASE{lines}\n      ELSE {other}\n    END"


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
    writing = writing_of(dialect)
    check_names(list(points), [TOTAL, *(name + SUFFIX for name in points)], table, dialect)
    columns = [
        f"    {case(_cells(bins[name], writing), [str(v) for v in values], writing)}"
        f" AS {writing.name(name + SUFFIX)}"
        for name, values in points.items()
    ]
    terms = [f"scored.{writing.name(name + SUFFIX)}" for name in points]
    total = "\n    + ".join([f"CAST({base_points} AS BIGINT)", *terms])
    inner = ",\n".join(["    source.*", *columns])
    return (
        f"SELECT\n  scored.*,\n  {total} AS {writing.name(TOTAL)}\n"
        f"FROM (\n  SELECT\n{inner}\n  FROM {relation(table, writing)} AS source\n) AS scored\n"
    )


def relation(table: str, writing: Writing) -> str:
    """Return a table's name; a dot separates it from its schema."""
    return ".".join(writing.name(part) for part in table.split("."))


def check_names(features: Sequence[str], added: Sequence[str], table: str, dialect: str) -> None:
    """Refuse names that the dialect cannot write, or of which two columns would have one.

    ``added`` are the columns that the query puts beside the table's.
    """
    if not all(table.split(".")):
        raise ModelError(f"table: {table!r} is no name. Give one, such as 'lending.applications'.")
    for name in (*features, table):
        if "\0" in name or (dialect == "spark" and "${" in name):
            raise ModelError(f"{name!r} cannot be a name in {dialect}. Rename it.")
    seen: dict[str, str] = {}
    for name in [*added, *features]:
        folded = name.casefold()
        if folded in seen:
            raise ModelError(
                f"columns {seen[folded]!r} and {name!r} of the result would have one name, since "
                "SQL reads names without case. Rename the feature before fitting."
            )
        seen[folded] = name


def as_double(column: str) -> str:
    """Return the expression of a column as DOUBLE."""
    return f"CAST({column} AS DOUBLE)"


def double(value: float) -> str:
    """Return a DOUBLE with the value of a float, to the last bit."""
    text = repr(float(value)).replace("inf", "Infinity")
    return f"CAST('{text}' AS DOUBLE)"


def _cells(bins: Bins, writing: Writing) -> Cells:
    column = f"source.{writing.name(bins.feature)}"
    if bins.kind == "number":
        special = [(float(code), position) for code, position in bins.special]
        return Cells(
            value=as_double(column), number=True, edges=bins.edges, names={}, special=special,
            missing=bins.missing, unseen=bins.unseen,
        )  # fmt: skip
    names = {name: i for i, group in enumerate(bins.groups) for name in group}
    names |= {str(code): position for code, position in bins.special}
    value = f"CAST({column} AS {writing.text_type})"
    return Cells(value=value, number=False, names=names, missing=bins.missing, unseen=bins.unseen)


Rules = tuple[list[tuple[str, str]], str]


def _number_rules(cells: Cells, results: Sequence[str]) -> Rules:
    value = cells.value
    infinite = " OR ".join(f"{value} = {double(sign)}" for sign in (float("inf"), -float("inf")))
    rules = [
        (f"{value} IS NULL OR isnan({value})", results[cells.missing]),
        (infinite, "NULL"),
    ]
    rules += [
        (f"{value} = {double(code)}", results[position])
        for code, position in reversed(cells.special)  # assign lets the last one win
    ]
    rules += [
        (f"{value} < {double(edge)}", results[position])
        for position, edge in enumerate(cells.edges)
    ]
    return rules, results[len(cells.edges)]


def _name_rules(cells: Cells, results: Sequence[str], writing: Writing) -> Rules:
    value = cells.value
    rules = [(f"{value} IS NULL", results[cells.missing])]
    for position in dict.fromkeys(cells.names.values()):
        same = (name for name, where in cells.names.items() if where == position)
        rules.append((f"{value} IN ({', '.join(map(writing.text, same))})", results[position]))
    return rules, results[cells.unseen]
