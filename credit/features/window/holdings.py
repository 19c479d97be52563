"""Wealth at q: what is left of each purchase, first in first out, and totals by statement day.

Lots. Per product, in order of time, let S be the running sum bought and R the running sum sold
(what happens in one instant is bought before it is sold). A sale beyond what is held sells all
of it, so the amount really sold is

    sold = R_end - max(0, max(R - S))

over all instants so far, and since sales take the oldest purchases first, the purchase that
brought the running sum to S has ``min(bought, max(0, S - sold))`` left. Integers throughout.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from credit.feature import Days
from credit.features.window import calendar, rule
from credit.features.window.tables import Tables
from credit.features.window.value import Value
from credit.schema import DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a derived source stands: the prefix of its relations, and whom it looks at."""

    name: str
    tables: Tables
    spine: str
    zone: str
    days: Days | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A source of rows that is computed from one table, under a name of its own.

    ``relations`` returns name -> SQL for a `Place`; the last one has one row an (observation,
    item) with ``age`` and what ``columns`` name, as alias ``r``.
    """

    table: str
    needs: tuple[str, ...]
    relations: Callable[[Place], dict[str, str]]
    columns: dict[str, Value]


def _lots(place: Place) -> dict[str, str]:
    """Return the purchases (of the last ``days``) of which something is left at q."""
    name = place.name
    key = "observation_id, product_id"
    upto = f"over (partition by {key} order by event_time)"
    orders = (
        "select s.observation_id, s.as_of, e.product_id, e.event_time, "
        "max(case when e.side = 'subscribe' then e.risk_level end) as risk_level, "
        "cast(sum(case when e.side = 'subscribe' then e.amount_fen else 0 end) as bigint) "
        "as bought_fen, "
        "cast(sum(case when e.side = 'redeem' then e.amount_fen else 0 end) as bigint) as sold_fen "
        f"from {place.spine} s join wealth_orders e on e.customer_id = s.customer_id "
        f"and {place.tables.counts('wealth_orders', 'e', 's.as_of')} "
        "group by s.observation_id, s.as_of, e.product_id, e.event_time"
    )
    running = (
        f"select *, cast(sum(bought_fen) {upto} as bigint) as bought_so_far, "
        f"cast(sum(sold_fen) {upto} as bigint) as sold_so_far from {name}_orders"
    )
    sold = (
        f"select {key}, max(sold_so_far) - greatest(max(sold_so_far - bought_so_far), 0) as sold "
        f"from {name}_running group by {key}"
    )
    # Which lots are left takes all of history; which of them are looked at, the window.
    recent = (
        "" if place.days is None else f" and {rule.within('o.as_of - o.event_time', place.days)}"
    )
    left = (
        "select o.observation_id, o.as_of - o.event_time as age, o.product_id, o.risk_level, "
        "o.bought_fen, least(o.bought_fen, o.bought_so_far - p.sold) as held_fen "
        f"from {name}_running o join {name}_sold p on p.observation_id = o.observation_id "
        "and p.product_id = o.product_id where o.bought_fen > 0 and o.bought_so_far > p.sold"
        f"{recent}"
    )
    return {
        f"{name}_orders": orders,
        f"{name}_running": running,
        f"{name}_sold": sold,
        f"{name}_left": left,
    }


def _statements(place: Place) -> dict[str, str]:
    """Return the total of the balances stated on each local day of the last ``days``."""
    day = calendar.local_day("e.event_time", calendar.fixed_offset(place.zone))
    counts = place.tables.counts("wealth_positions", "e", "s.as_of", place.days)
    return {
        f"{place.name}_days": (
            "select s.observation_id, min(s.as_of - e.event_time) as age, "
            f"cast(sum(e.balance_fen) as bigint) as total_fen, {day} as statement_day "
            f"from {place.spine} s join wealth_positions e on e.customer_id = s.customer_id "
            f"and {counts} group by s.observation_id, {day}"
        )
    }


DERIVED: dict[str, Derived] = {
    "lots": Derived(
        table="wealth_orders",
        needs=("product_id", "risk_level", "side", "amount_fen"),
        relations=_lots,
        columns={
            "product_id": Value("r.product_id", "any"),
            "risk_level": Value("r.risk_level", "int"),
            "bought_fen": Value("r.bought_fen", "int"),
            "held_fen": Value("r.held_fen", "int"),
            "held_days": Value(f"(r.age // {DAY})", "int"),
        },
    ),
    "statements": Derived(
        table="wealth_positions",
        needs=("balance_fen",),
        relations=_statements,
        columns={"total_fen": Value("r.total_fen", "int")},
    ),
}
"""Source of rows -> how it is computed."""
