"""Events as the instants that indicators are looked at, and their values there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from credit import schema
from credit.errors import DataError
from credit.feature import Catalogue
from credit.features.frame import build
from credit.features.window import rule

if TYPE_CHECKING:
    from credit.engine import Engine

_FACTS: dict[str, tuple[str, dict[str, str]]] = {
    "logins": ("true", {"failed": "e.result = 'failed'"}),
    "payments": (
        "e.direction = 'out'",
        {
            "amount_fen": "e.amount_fen",
            "failed": "e.status = 'failed'",
            "mcc": "e.mcc",
            "merchant_class": "e.merchant_class",
            "payee_age_days": "e.payee_age_days",
        },
    ),
    "transfers": ("true", {"amount_fen": "e.amount_fen"}),
    "applications": ("true", {}),
    "loans": ("true", {"amount_fen": "e.principal_fen"}),
}
"""Table -> which of its rows are events of the fraud rules, and what they say."""

_DEFAULTS = {
    "amount_fen": "cast(0 as bigint)",
    "failed": "false",
    "mcc": "cast(null as bigint)",
    "merchant_class": "cast(null as varchar)",
    "payee_age_days": "cast(null as bigint)",
}

PEOPLE = "fraud_people"
"""The relation (customer_id) of those whose events are read."""


def event_log(engine: Engine, people: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return events in order of person and time, with the instant at which each is learnt of.

    Parameters
    ----------
    engine : Engine
        Has some of logins, payments, transfers, applications and loans.
    people : DataFrame, optional
        ``customer_id`` of those who are looked at; everybody otherwise.

    Returns
    -------
    DataFrame
        ``observation_id`` (0 and up), ``customer_id``, ``kind`` (login, payment, transfer,
        application, loan), ``event_time``, ``as_of`` (the first instant at which the event
        counts, so that indicators there have it), ``amount_fen``, ``failed``, ``mcc``,
        ``merchant_class``, ``payee_age_days``.

    Raises
    ------
    DataError
        None of these tables is there.
    """
    present = [table for table in _FACTS if table in engine.tables]
    if not present:
        raise DataError(
            f"no table of events: fraud rules look at some of {list(_FACTS)}, and there are "
            f"{sorted(engine.tables)}."
        )
    if people is not None:
        engine.temporary(PEOPLE, people[["customer_id"]])
    parts = [_select(engine, table, chosen=people is not None) for table in present]
    log = engine.frame(
        f"select * from ({' union all '.join(parts)}) as every_event "
        "order by customer_id, event_time, as_of, kind, event_key"
    )
    log.insert(0, "observation_id", np.arange(len(log), dtype=np.int64))
    return log.drop(columns="event_key")


def _select(engine: Engine, table: str, *, chosen: bool) -> str:
    where, facts = _FACTS[table]
    columns = engine.columns(table)
    (key,) = schema.TABLES[table].key
    said = _DEFAULTS | {
        name: sql for name, sql in facts.items() if sql.removeprefix("e.").split()[0] in columns
    }
    listed = ", ".join(f"{sql} as {name}" for name, sql in said.items())
    mine = f" and e.customer_id in (select customer_id from {PEOPLE})" if chosen else ""
    return (
        f"select e.customer_id, '{table[:-1]}' as kind, cast(e.{key} as varchar) as event_key, "
        f"e.event_time, {rule.known_from('e')} as as_of, {listed} "
        f"from {table} e where {where}{mine}"
    )


def fraud_frame(engine: Engine, observations: pd.DataFrame, features: Catalogue) -> pd.DataFrame:
    """Return indicators at events: one row each, float64.

    Parameters
    ----------
    engine : Engine
        Where the tables are.
    observations : DataFrame
        ``observation_id``, ``customer_id`` and ``as_of``, as `event_log` returns them.
    features : Catalogue
        Those of ``credit.features.fraud.indicators`` that the tables can make
        (``credit.features.available``).
    """
    spine = observations[["observation_id", "customer_id", "as_of"]]
    # Compiled code adds floats in the order of time: the same to the last digit, on any threads.
    frame = build(engine, spine, features, swept=engine.local)
    return frame[list(features.names)].set_axis(observations.index)
