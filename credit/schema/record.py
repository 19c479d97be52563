"""What a table of the contract is: its columns, their kinds and units, its key."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from credit.errors import SchemaError, nearest
from credit.use import AUDIT, FRAUD, SCORING, Use

_DEFAULT = Use(purposes=(SCORING, FRAUD, AUDIT))

Kind = Literal["id", "time", "money", "float", "int", "text", "bool"]

SECOND = 1_000_000
"""Microseconds in a second: the unit of every instant and every age."""

HOUR = 3_600 * SECOND
"""Microseconds in an hour."""

DAY = 24 * HOUR
"""Microseconds in a day of 24 hours: windows are counted in these."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    ``id`` is an integer or a text key; ``time`` is stored as a timestamp (UTC) or integer
    microseconds and always read as the latter; ``money`` is integer fen.
    """

    name: str
    kind: Kind
    doc: str
    nullable: bool = False
    required: bool = True
    minimum: float | None = None
    use: Use | None = None
    """Narrower than its table's; None where it is the table's."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the contract.

    ``key`` identifies a row; ``person`` is the column that holds the person an event
    belongs to. ``event`` tables carry ``event_time`` and ``available_at``.
    """

    name: str
    doc: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    person: str = "customer_id"
    event: bool = True
    use: Use = _DEFAULT
    """What the table is held for, and for how long."""
    extra: bool = False
    """Whether columns beyond these are kept (facts a source states on its applications)."""

    def column(self, name: str) -> Column:
        """Return the column called ``name``, or say which ones exist."""
        for column in self.columns:
            if column.name == name:
                return column
        known = [column.name for column in self.columns]
        raise SchemaError(
            f"{self.name}: no column {name!r} in the contract.{nearest(name, known)} "
            f"It has {sorted(known)}."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSource:
    """Where a user's table is and how its columns map onto the contract.

    Attributes
    ----------
    path : str
        A Parquet or CSV file, a folder of Parquet files, or a glob.
    columns : dict of str to str
        Contract column -> column of the file, for those that differ.
    units : dict of str to str
        Contract column -> unit of the file: ``yuan`` or ``fen`` for money; ``us``, ``ms``,
        ``s`` or ``date`` for time. The default is fen and timestamps.
    lag : str or None
        How long after ``event_time`` an event is known (``"1d"``, ``"6h"``), for a table
        that has no ``available_at``. There is no silent default.
    """

    path: str
    columns: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    lag: str | None = None


TIMES = (
    Column("event_time", "time", "when it happened"),
    Column("available_at", "time", "when the lender could know it"),
)


PERSON = Column("customer_id", "id", "the person")


def optional(name: str, kind: Kind, doc: str, minimum: float | None = None) -> Column:
    """Return a column that a source need not have, and that may be null."""
    return Column(name, kind, doc, nullable=True, required=False, minimum=minimum)


def for_audit(name: str, kind: Kind, doc: str) -> Column:
    """Return a column that is held to look for unfairness, and for nothing else."""
    return replace(optional(name, kind, f"{doc} (audit only)"), use=Use(purposes=(AUDIT,)))


def for_fraud(name: str, kind: Kind, doc: str) -> Column:
    """Return a column that is held to detect fraud, and may not make a score."""
    return replace(optional(name, kind, f"{doc} (fraud only)"), use=Use(purposes=(FRAUD, AUDIT)))


def event(name: str, key: str, doc: str, *columns: Column) -> Table:
    """Build an event table: its key, the person, the two times, then its own columns."""
    return Table(
        name=name,
        doc=doc,
        key=(key,),
        columns=(Column(key, "id", "the row"), PERSON, *TIMES, *columns),
    )


def snapshot(name: str, key: tuple[str, ...], doc: str, *columns: Column) -> Table:
    """Build an event table whose key is the person with other columns."""
    return Table(name=name, doc=doc, key=key, columns=(PERSON, *TIMES, *columns))
