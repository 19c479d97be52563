"""The kinds of features that a query computes from rows, and the parts of expressions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from credit.errors import FeatureError
from credit.feature.record import NAME, Days, Feature, Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowAggregate(Feature):
    """``measure`` over the events of ``table`` with ``q - days <= event_time < q``, known by q.

    ``days=None`` takes every event before q that was known by q.

    Expressions of the measure may also ask what the lender had learnt of the person when it
    learnt of an event. Events are put in order of the instant from which on they count, then of
    time, then of their key; an earlier one in this order is visible wherever a later one is.

    ``previous(column)``
        the column in the person's event just before, null in the first.
    ``times_seen(column)``
        earlier events of the person with the same value; null where there is no value.
    ``distance_km(latitude, longitude, latitude, longitude)``
        between two places in degrees, on a sphere of the earth's mean radius.
    """

    table: str
    days: Days | None
    measure: Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class StateAsOf(Feature):
    """``measure`` over what is in force at q: the latest visible row for each ``latest_by``.

    ``days`` limits the rows to those of the last ``days``. With ``table="instalments"`` the
    rows are the visible instalments that fell due in the last ``days`` before q (all visible
    ones, also those not yet due, where ``days`` is None), with more columns computed from
    the repayments visible at q:

    ``paid_fen``
        paid on it so far.
    ``is_open``
        1 while less than ``due_fen`` is paid, else 0.
    ``is_due``
        1 if it fell due before q, else 0.
    ``days_past_due``
        whole days it was late when paid in full, or is late at q while open; 0 if in time.
    ``days_early``
        whole days between payment in full and the due date; 0 if open or late.
    ``days_since_paid``
        days from payment in full to q; null while open.

    With ``table="lots"`` the rows are what is left at q of each purchase in ``wealth_orders``
    when every sale takes the oldest purchases of its product first (first in, first out), with
    ``product_id``, ``risk_level``, ``bought_fen``, ``held_fen`` (left of it) and ``held_days``
    (whole days since it was bought). A sale of more than was bought until then takes all there
    is, and nothing of what is bought later.

    With ``table="statements"`` the rows are the local days of visible ``wealth_positions``, with
    ``total_fen``, the sum of all balances stated on that day.
    """

    table: str
    measure: Measure
    latest_by: tuple[str, ...] = ("customer_id",)
    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphStatistic(Feature):
    """An aggregate over the ties of a person, and over facts about the people at their ends.

    Ties come from ``ties`` (``contacts``: each visible contact; ``transfers``: each
    counterparty, both directions merged; ``devices``: each device that the person was seen
    on), of the last ``days`` or of all time (None). They carry ``amount_fen`` (sum exchanged),
    ``sent_fen`` and ``received_fen`` (transfers only), ``weight_fen`` (amount by recency:
    ``amount_fen`` over one more than the whole spells of 30 days since the last transfer),
    ``count`` (events merged into the tie), ``age_days`` (since the first) and ``recency_days``
    (since the last). About the person at the end, as known at q, never about the applicant:
    ``peer_tagged`` (any visible tag), ``peer_borrower`` (any visible loan), ``peer_overdue``
    (an instalment that was, or still is, a whole day late as far as the repayments visible at
    q tell, unless a register suppressed it by q), each 0 or 1. About a device: ``people`` and
    ``accounts`` ever seen on it, the person's own among them; counting ends at 31, which
    stands for a shop's machine.
    """

    ties: Literal["contacts", "transfers", "devices"]
    measure: Measure
    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowPart:
    """A window aggregate that exists only inside one expression, under ``name``."""

    name: str
    table: str
    days: Days | None
    measure: Measure


@dataclass(frozen=True, slots=True, kw_only=True)
class StatePart:
    """A state as of q that exists only inside one expression, under ``name``."""

    name: str
    table: str
    measure: Measure
    latest_by: tuple[str, ...] = ("customer_id",)
    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TiesPart:
    """A graph statistic that exists only inside one expression, under ``name``."""

    name: str
    ties: Literal["contacts", "transfers", "devices"]
    measure: Measure
    days: int | None = None


Part = WindowPart | StatePart | TiesPart
"""An ingredient of an expression that is no feature of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression(Feature):
    """``expression`` over its ``parts`` and over other features, all named directly.

    Division by zero gives null, and so does any arithmetic with a null. A part hides a
    feature of the same name.
    """

    expression: str
    parts: tuple[Part, ...] = ()

    def __post_init__(self) -> None:
        Feature.__post_init__(self)
        names = [part.name for part in self.parts]
        if len(set(names)) < len(names):
            raise FeatureError(f"{self.name}: two parts of one expression share a name: {names}.")
        for name in names:
            if not NAME.fullmatch(name):
                raise FeatureError(
                    f"{self.name}: {name!r} is no name of a part; write [a-z][a-z0-9_]*."
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated(Feature):
    """A fact stated on the application or at registration: ``table.column`` as it is.

    ``table`` is ``applications`` (the application made at q itself) or ``customers``, whose
    facts count only when they are visible at q. ``expression`` may derive from one row;
    ``q_days(event_time)`` gives the days from a time to q.
    """

    table: Literal["applications", "customers"] = "applications"
    expression: str
