"""What the lender had learnt of a person when it learnt of an event: the one before, how often.

Events of a person are put in the order in which they begin to count (``rule.known_from``), then
of time, then of their key. Whatever stands earlier in this order counts wherever a later event
does, so what is said of an event by the earlier ones is the same at every instant that sees it,
and is computed once an event.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from credit import schema
from credit.features.window import rule
from credit.features.window.value import Kind, quoted

FUNCTIONS = ("previous", "times_seen")
"""What an expression may ask of the events before one."""

Arrival = tuple[str, str]
"""A function and the column it is asked of."""

_TIMES = ("event_time", "available_at")
_RADIUS_KM = "6371.0088e0"
_RADIAN = "0.017453292519943295e0"
"""A degree in radians."""


def beside(function: str, column: str) -> str:
    """Return the name of the column that stands beside an event; no table can have it."""
    return f"{function}({column})"


def kind_of(function: str, column: Kind) -> Kind:
    """Return the kind of what is asked of a column."""
    return column if function == "previous" else "int"


def followed(table: str, columns: Collection[str], asked: Iterable[Arrival], people: str) -> str:
    """Return SQL of a table's rows of some people, with what was asked beside each.

    Parameters
    ----------
    table : str
        The table.
    columns : collection of str
        What it has.
    asked : iterable of (str, str)
        Functions and columns.
    people : str
        A relation with the ``customer_id`` of everybody who is looked at.
    """
    contract = schema.TABLES.get(table)
    key = [name for name in (contract.key if contract else ()) if name in columns]
    order = ", ".join(
        [
            rule.known_from("e"),
            "e.event_time",
            *(f"e.{quoted(name)}" for name in key if name not in ("customer_id", *_TIMES)),
        ]
    )
    more = ", ".join(
        f"{_said(function, column, order)} as {quoted(beside(function, column))}"
        for function, column in sorted(asked)
    )
    return (
        f"(select e.*, {more} from {quoted(table)} e "
        f"where e.customer_id in (select customer_id from {people}))"
    )


def _said(function: str, column: str, order: str) -> str:
    name = f"e.{quoted(column)}"
    if function == "previous":
        return f"lag({name}) over (partition by e.customer_id order by {order})"
    number = f"row_number() over (partition by e.customer_id, {name} order by {order})"
    return f"case when {name} is not null then {number} - 1 end"


def distance(latitude: str, longitude: str, other_latitude: str, other_longitude: str) -> str:
    """Return SQL of the kilometres between two places on a sphere (haversine formula)."""
    up = f"sin(({other_latitude} - {latitude}) * {_RADIAN} / 2.0e0)"
    across = f"sin(({other_longitude} - {longitude}) * {_RADIAN} / 2.0e0)"
    cosines = f"cos({latitude} * {_RADIAN}) * cos({other_latitude} * {_RADIAN})"
    square = f"({up} * {up} + {cosines} * {across} * {across})"
    # Rounding may pass 1 between places that lie opposite each other: hence the absolute value.
    return f"(2.0e0 * {_RADIUS_KM} * atan2(sqrt({square}), sqrt(abs(1.0e0 - {square}))))"
