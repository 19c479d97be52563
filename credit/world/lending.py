"""Loans, their schedules and what was paid: earlier loans, and the loan of each application.

Every application is granted here; `credit.world.lender` is the lender that refuses some.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.schema import DAY, SECOND
from credit.world import season
from credit.world.figures import Figures
from credit.world.options import Flags, Floats, Ints, Stage
from credit.world.people import REPAYMENT, People
from credit.world.rows import NULL, Columns, Text, take

NEVER = np.iinfo(np.int64).max // 4
"""The time of a payment that is never made."""

_APPLICATION_KEYS = 5_000_000
"""Keys of the loans of applications start here within a block, above those of earlier loans."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loans:
    """Loans of one block and their instalments.

    The first four arrays have one entry a loan; ``loan`` (position), ``number``, ``due_at`` and
    ``due_fen`` one an instalment, loans in order.
    """

    owner: Ints
    drawn_at: Ints
    principal_fen: Ints
    term: Ints
    loan: Ints
    number: Ints
    due_at: Ints
    due_fen: Ints


def schedule(
    owner: Ints, drawn_at: Ints, principal_fen: Ints, term: Ints, *, yearly_rate: float
) -> Loans:
    """Return loans with equal monthly instalments due at the end of the same day of the month."""
    loan = np.repeat(np.arange(owner.size), term)
    number = np.arange(loan.size) - np.repeat(np.cumsum(term) - term, term) + 1
    due_day = season.add_months(season.local_day(drawn_at)[loan], number)
    monthly = yearly_rate / 12
    each = np.rint(principal_fen * monthly / (1 - (1 + monthly) ** -term.astype(np.float64)))
    return Loans(
        owner=owner,
        drawn_at=drawn_at,
        principal_fen=principal_fen,
        term=term,
        loan=loan,
        number=number,
        due_at=season.midnight(due_day + 1) - 1,
        due_fen=each.astype(np.int64)[loan],
    )


def earlier_loans(people: People, figures: Figures) -> tuple[Loans, Ints]:
    """Return the loans a block's people had before they applied, and when each is paid.

    Thin files have none. Each instalment is early, on time, days late, months late or never
    paid, independently, with odds that follow the person's repayment trait.
    """
    draw = people.block.stream(Stage.EARLIER_LOANS)
    trait = people.traits[:, REPAYMENT]
    among_full = figures.number("lending.repeat_share") / (1 - figures.number("people.thin_share"))
    repeat = ~people.thin & (draw.random(people.size) < among_full)
    count = np.where(repeat, 1 + draw.poisson(figures.number("lending.more_loans"), people.size), 0)
    owner = np.repeat(np.arange(people.size), count)
    low, high = figures["lending.earlier_loan_days"]
    age = draw.uniform(low, high, owner.size)
    drawn_at = people.as_of[owner] - (age * DAY).astype(np.int64)
    size = np.exp(figures.number("lending.earlier_spread") * draw.standard_normal(owner.size))
    principal = people.amount_fen[owner] * figures.number("lending.earlier_principal") * size
    term = draw.choice(figures["lending.earlier_terms"], owner.size)
    loans = schedule(
        owner,
        drawn_at,
        np.maximum(np.rint(principal / 10_000).astype(np.int64), 5) * 10_000,
        term.astype(np.int64),
        yearly_rate=figures.number("lending.yearly_rate"),
    )
    return loans, _earlier_paid(draw, loans, trait, figures)


def _earlier_paid(draw: np.random.Generator, loans: Loans, trait: Floats, figures: Figures) -> Ints:
    kinds = ("early", "late", "months_late", "never")
    chance = np.column_stack(
        [figures.behaviour(f"lending.{kind}").draw(draw, trait) for kind in kinds]
    )[loans.owner[loans.loan]]
    kind = (draw.random(loans.loan.size)[:, None] > np.cumsum(chance, axis=1)).sum(1)
    u = draw.random(loans.loan.size)
    days = np.select([kind == 0, kind == 1, kind == 2], [-4 - 8 * u, 1.1 + 24 * u, 30 + 55 * u],
                     -2.8 * u)  # fmt: skip
    paid = loans.due_at + (days * DAY).astype(np.int64)
    return np.where(kind == 3, NEVER, paid)


def application_loans(people: People, bad: Flags, figures: Figures) -> tuple[Loans, Ints]:
    """Return the loan of each application, and when its instalments are paid.

    A loan is drawn minutes after its application. It goes 90 days past due within 12 calendar
    months exactly when ``bad`` is true: a bad loan stops at one of its first instalments, none
    later than the eighth (due 8 months after the start, 90 days past due before the 12th), and
    some pay up after 95 to 200 days; a good loan is never 30 days late.
    """
    draw = people.block.stream(Stage.LENDING)
    n = people.size
    drawn_at = people.as_of + (draw.uniform(1, 40, n) * 60).astype(np.int64) * SECOND
    a, b = figures["lending.drawn_share"]
    share = draw.beta(a, b, n)
    principal = np.maximum(np.rint(people.amount_fen * share / 10_000).astype(np.int64), 5)
    term = draw.choice(figures["lending.terms"], n).astype(np.int64)
    loans = schedule(
        np.arange(n), drawn_at, principal * 10_000, term,
        yearly_rate=figures.number("lending.yearly_rate"),
    )  # fmt: skip
    late = figures.behaviour("lending.late").draw(draw, people.traits[:, REPAYMENT])
    early = figures.behaviour("lending.early").draw(draw, people.traits[:, REPAYMENT])
    kind, u = draw.random(loans.loan.size), draw.random(loans.loan.size)
    person = loans.owner[loans.loan]
    days = np.where(kind < early[person], -4 - 8 * u, -2.8 * u)
    days = np.where(kind > 1 - late[person], 1.1 + 24 * u, days)
    paid = loans.due_at + (days * DAY).astype(np.int64)

    weights = figures.array("lending.first_missed")
    stop = 1 + draw.choice(weights.size, n, p=weights / weights.sum())
    stop = np.minimum(stop, term)
    delay = np.where(
        draw.random(n) < figures.number("lending.pays_up"), draw.uniform(95, 200, n), 0
    )
    first_due = loans.due_at[np.cumsum(term) - term + stop - 1]
    resumed = np.where(delay > 0, first_due + (delay * DAY).astype(np.int64), NEVER)
    stopped = bad[person] & (loans.number >= stop[person])
    paid = np.where(stopped, np.maximum(paid, resumed[person]), paid)
    return loans, paid


def application_rows(
    people: People, bad: Flags, observed_until: int, figures: Figures
) -> dict[str, Columns]:
    """Return the rows of a block's loans, instalments and repayments where all are granted."""
    loans, paid = application_loans(people, bad, figures)
    rows, instalments = loan_rows(people, loans, applied=True)
    repaid = repayment_rows(people, loans, paid, observed_until, figures, applied=True)
    return {"loans": rows, "instalments": instalments, "repayments": repaid}


def loan_rows(people: People, loans: Loans, *, applied: bool) -> tuple[Columns, Columns]:
    """Return the rows of ``loans`` and ``instalments``; both are known within minutes."""
    keys = _keys(people, loans, applied=applied)
    customer = people.customer_id[loans.owner]
    known = loans.drawn_at + season.HOUR // 12
    rows: Columns = {
        "loan_id": keys,
        "customer_id": customer,
        "event_time": loans.drawn_at,
        "available_at": known,
        "application_id": customer if applied else np.full(keys.size, NULL),
        "principal_fen": loans.principal_fen,
        "term_months": loans.term,
    }
    instalments: Columns = {
        "customer_id": customer[loans.loan],
        "event_time": loans.drawn_at[loans.loan],
        "available_at": known[loans.loan],
        "loan_id": keys[loans.loan],
        "number": loans.number,
        "due_at": loans.due_at,
        "due_fen": loans.due_fen,
    }
    return rows, instalments


def repayment_rows(
    people: People, loans: Loans, paid: Ints, observed_until: int, figures: Figures, *,
    applied: bool,
) -> Columns:  # fmt: skip
    """Return the rows of ``repayments`` that a lender could know at the end of observation.

    A few instalments are paid in two parts, the second at the time given by ``paid``.
    """
    draw = people.block.stream(Stage.REPAYMENTS if applied else Stage.EARLIER_REPAYMENTS)
    count = loans.loan.size
    first_part = np.where(
        draw.random(count) < figures.number("lending.two_parts"), draw.uniform(0.3, 0.7, count), 0.0
    )
    first_fen = (loans.due_fen * first_part).astype(np.int64)
    split = np.flatnonzero(first_fen > 0)
    row = np.concatenate([np.arange(count), split])
    amount = np.concatenate([loans.due_fen - first_fen, first_fen[split]])
    ahead = (draw.uniform(0.02, 1.5, split.size) * DAY).astype(np.int64)
    event_time = np.concatenate([paid, paid[split] - ahead])
    known = season.known_after(draw, np.minimum(event_time, NEVER // 2), figures)
    channels = figures.names("lending.channel")
    channel = draw.choice(len(channels), row.size, p=figures.array("lending.channel"))
    rows = take(
        {
            "customer_id": people.customer_id[loans.owner[loans.loan[row]]],
            "event_time": event_time,
            "available_at": known,
            "loan_id": _keys(people, loans, applied=applied)[loans.loan[row]],
            "number": loans.number[row],
            "amount_fen": amount,
            "channel": Text(channel, channels),
        },
        (event_time < NEVER // 2) & (known <= observed_until),
    )
    rows = take(rows, np.lexsort((np.asarray(rows["event_time"]), np.asarray(rows["loan_id"]))))
    offset = _APPLICATION_KEYS if applied else 0
    return {
        "repayment_id": people.block.keys(np.asarray(rows["loan_id"]).size, offset=offset),
        **rows,
    }


def _keys(people: People, loans: Loans, *, applied: bool) -> Ints:
    return people.block.keys(loans.owner.size, offset=_APPLICATION_KEYS if applied else 0)
