"""The vocabulary of the data contract: event tables, their columns, units and keys.

Time is integer microseconds since 1970-01-01 UTC, money is integer fen (hundredths of the
currency's unit). Every event has ``event_time`` (it happened) and ``available_at`` (the
lender could know it); a source without the latter must declare a lag.

Nothing here reads a file. The engine checks real tables against these records.
"""

from __future__ import annotations

from credit.errors import SchemaError, nearest
from credit.schema.lending import (
    APPLICATIONS,
    BUREAU,
    DECISIONS,
    INSTALMENTS,
    LOAN_MONTHS,
    LOANS,
    OUTCOMES,
    REPAYMENTS,
)
from credit.schema.money import PAYMENTS, TRANSFERS, WEALTH_ORDERS, WEALTH_POSITIONS
from credit.schema.people import (
    CONTACTS,
    CUSTOMERS,
    DEVICE_USE,
    FRAUD_LABELS,
    GUARANTEES,
    LOGINS,
    TAGS,
)
from credit.schema.record import DAY, HOUR, SECOND, Column, Kind, Table, TableSource

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        CUSTOMERS,
        PAYMENTS,
        TRANSFERS,
        CONTACTS,
        DEVICE_USE,
        LOGINS,
        FRAUD_LABELS,
        GUARANTEES,
        TAGS,
        WEALTH_POSITIONS,
        WEALTH_ORDERS,
        LOANS,
        INSTALMENTS,
        REPAYMENTS,
        LOAN_MONTHS,
        BUREAU,
        APPLICATIONS,
        DECISIONS,
        OUTCOMES,
    )
}
"""Every table of the contract, by name."""


def table(name: str) -> Table:
    """Return the contract of table ``name``, or name the closest one."""
    if name not in TABLES:
        raise SchemaError(
            f"no table {name!r} in the contract.{nearest(name, TABLES)} It has {sorted(TABLES)}."
        )
    return TABLES[name]


__all__ = [
    "CUSTOMERS",
    "DAY",
    "HOUR",
    "SECOND",
    "TABLES",
    "Column",
    "Kind",
    "Table",
    "TableSource",
    "table",
]
