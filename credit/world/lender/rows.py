"""From accounts to the rows of loans, instalments, repayments and loan_months."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from credit.decide.repay.schedule import MOST_MONTHS
from credit.schema import DAY
from credit.world import season
from credit.world.figures import Figures
from credit.world.lender import book as b
from credit.world.lender import columns as c
from credit.world.lender.draws import KNOWN_AFTER, Drawn
from credit.world.lender.record import Lines
from credit.world.lender.terms import CHANNELS
from credit.world.options import Ints, Stage
from credit.world.people import People
from credit.world.rows import NULL, Columns, Rows, Text, stack, take

_KEYS = 5_000_000
"""Keys of these loans start here within a block, above those of earlier loans."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners:
    """Keys of the loans drawn together, and whose they are; one entry a loan."""

    loan_id: Ints
    customer_id: Ints
    first: bool


def tables(
    people: People, lines: Lines, drawn: Sequence[Drawn], figures: Figures, observed_until: int
) -> dict[str, Columns]:
    """Return the rows that a lender could know when observation ends, in order of the line."""
    owners = _owners(people, lines, drawn)
    parts: dict[str, list[Columns]] = {name: [] for name in ("loans", "instalments", "loan_months")}
    received: list[Columns] = []
    draw, events = people.block.stream(Stage.RECEIPTS), 0
    for one, owner in zip(drawn, owners, strict=True):
        parts["loans"].append(_loans(one, owner))
        parts["instalments"].append(_instalments(one, owner))
        parts["loan_months"].append(_months(one, owner, figures))
        rows = _received(one, owner, draw, figures)
        received.append({**rows, "receipt_id": np.asarray(rows["receipt_id"]) + events})
        events += one.accounts.events.shape[0]
    found: dict[str, Columns] = {
        "loans": _sorted(stack(parts["loans"]), "loan_id"),
        "instalments": _sorted(stack(parts["instalments"]), "loan_id", "number"),
        "loan_months": _known(
            _sorted(stack(parts["loan_months"]), "loan_id", "month_on_book"), observed_until
        ),
    }
    rows = _known(_sorted(stack(received), "loan_id", "event_time", "number"), observed_until)
    count = np.asarray(rows["loan_id"]).size
    rows["receipt_id"] = people.block.keys(events, offset=_KEYS)[np.asarray(rows["receipt_id"])]
    found["repayments"] = {"repayment_id": people.block.keys(count, offset=_KEYS), **rows}
    return found


def _owners(people: People, lines: Lines, drawn: Sequence[Drawn]) -> list[Owners]:
    line = np.concatenate([one.contracts.line for one in drawn])
    at = np.concatenate([one.contracts.drawn_at for one in drawn])
    rank = np.empty(line.size, np.int64)
    rank[np.lexsort((at, line))] = np.arange(line.size)
    keys = people.block.keys(line.size, offset=_KEYS)[rank]
    customer = people.customer_id[lines.person[line]]
    found, start = [], 0
    for place, one in enumerate(drawn):
        mine = slice(start, start + one.contracts.size)
        found.append(Owners(loan_id=keys[mine], customer_id=customer[mine], first=place == 0))
        start += one.contracts.size
    return found


def _sorted(rows: Rows, *by: str) -> Rows:
    return take(rows, np.lexsort([np.asarray(rows[name]) for name in reversed(by)]))


def _known(rows: Rows, observed_until: int) -> Rows:
    return take(rows, np.asarray(rows["available_at"]) <= observed_until)


def _loans(one: Drawn, owner: Owners) -> Columns:
    contracts = one.contracts
    nobody = np.full(contracts.size, NULL)
    return {
        "loan_id": owner.loan_id,
        "customer_id": owner.customer_id,
        "event_time": contracts.drawn_at,
        "available_at": contracts.drawn_at + KNOWN_AFTER,
        "application_id": owner.customer_id if owner.first else nobody,
        "principal_fen": contracts.principal_fen,
        "term_months": contracts.months,
        "line_application_id": owner.customer_id,
    }


def _instalments(one: Drawn, owner: Owners) -> Columns:
    plan, loan = one.plan, one.plan.loan
    return {
        "customer_id": owner.customer_id[loan],
        "event_time": one.contracts.drawn_at[loan],
        "available_at": one.contracts.drawn_at[loan] + KNOWN_AFTER,
        "loan_id": owner.loan_id[loan],
        "number": plan.number,
        "due_at": season.midnight(plan.due + 1) - 1,
        "due_fen": plan.due_fen,
        "principal_fen": plan.principal_fen,
        "interest_fen": plan.interest_fen,
        "fee_fen": np.zeros(loan.size, np.int64),
    }


def _months(one: Drawn, owner: Owners, figures: Figures) -> Columns:
    months = one.accounts.months
    loan = months[:, c.MONTH_LOAN]
    end = season.midnight(months[:, c.MONTH_END] + 1) - 1
    days = months[:, c.MONTH_DAYS]
    return {
        "customer_id": owner.customer_id[loan],
        "event_time": end,
        "available_at": end + int(figures["sim.serve.statement_days"]) * DAY,
        "loan_id": owner.loan_id[loan],
        "month_on_book": months[:, c.MONTH],
        "days_past_due": days,
        "bucket": np.searchsorted(figures["sim.serve.buckets"], days, side="right"),
        "outstanding_fen": months[:, c.MONTH_OUTSTANDING],
        "due_fen": months[:, c.MONTH_DUE],
        "forborne": months[:, c.MONTH_FORBORNE],
        "written_off": months[:, c.MONTH_WRITTEN],
    }


def _received(one: Drawn, owner: Owners, draw: np.random.Generator, figures: Figures) -> Columns:
    """Return a row for each instalment that a receipt pays, with what it pays of each bucket."""
    events = one.accounts.events
    event, number, amounts = _by_instalment(one)
    known = season.known_after(draw, events[:, c.EVENT_AT], figures)
    happened = events[event]
    loan = happened[:, c.EVENT_LOAN]
    fee, interest, principal, beyond, waived = amounts.T
    debited = happened[:, c.EVENT_DEBIT] == 1
    return {
        "customer_id": owner.customer_id[loan],
        "event_time": happened[:, c.EVENT_AT],
        "available_at": known[event],
        "loan_id": owner.loan_id[loan],
        "number": number,
        "amount_fen": fee + interest + principal - beyond + waived,
        "channel": Text(happened[:, c.EVENT_CHANNEL], CHANNELS),
        "principal_fen": principal,
        "interest_fen": interest,
        "fee_fen": fee,
        "charges_fen": beyond,
        "waived_fen": waived,
        "attempt": np.where(debited, happened[:, c.EVENT_TRY], NULL),
        "receipt_id": event,
    }


FEE, INTEREST, PRINCIPAL, BEYOND, WAIVED = range(5)


def _by_instalment(one: Drawn) -> tuple[Ints, Ints, Ints]:
    """Return event, number and (fee, interest, principal, beyond the schedule, waived) in fen.

    What a settlement pays is told of the instalments that it ends, and what they would have cost
    beyond that is waived. Money that waits is told of the next instalment.
    """
    paying = one.accounts.paying
    keys = paying[:, [b.RECEIPT, b.ENTRY_NUMBER]]
    pairs, which = np.unique(keys, axis=0, return_inverse=True)
    amounts = np.zeros((len(pairs), 5), np.int64)
    np.subtract.at(amounts, (which.ravel(), paying[:, b.BUCKET]), paying[:, b.FEN])
    np.add.at(amounts, (which.ravel(), np.full(len(paying), BEYOND)), paying[:, b.BEYOND])
    loan = one.accounts.events[pairs[:, 0], c.EVENT_LOAN] if len(pairs) else pairs[:, 0]
    ends = pairs[:, 1] > one.contracts.months[loan]
    settled = [_ended(one, int(event), row) for event, row in
               zip(pairs[ends, 0], amounts[ends], strict=True)]  # fmt: skip
    waits = _waiting(one)
    blocks = [(pairs[~ends, 0], pairs[~ends, 1], amounts[~ends]), *settled, waits]
    event, number, fen = (np.concatenate(part) for part in zip(*blocks, strict=True))
    return event, number, fen


def _ended(one: Drawn, event: int, paid: Ints) -> tuple[Ints, Ints, Ints]:
    """Return what a settlement pays as rows of the instalments that it ends."""
    loan = int(one.accounts.events[event, c.EVENT_LOAN])
    since = int(one.accounts.states[loan, b.SETTLED_FROM])
    here = slice(int(one.plan.start[loan]) + since - 1, int(one.plan.start[loan + 1]))
    rows = np.zeros((here.stop - here.start, 5), np.int64)
    rows[:, PRINCIPAL], rows[:, WAIVED] = one.plan.principal_fen[here], one.plan.interest_fen[here]
    left = paid[INTEREST]
    for row in rows:  # a single month's interest, or all of them where it is locked
        row[INTEREST] = min(left, row[WAIVED])
        row[WAIVED] -= row[INTEREST]
        left -= row[INTEREST]
    rows[0, FEE], rows[0, BEYOND] = paid[FEE], paid[BEYOND]
    return np.full(len(rows), event), one.plan.number[here], rows


def _waiting(one: Drawn) -> tuple[Ints, Ints, Ints]:
    """Return the money that waits at the end, as rows of the next instalment of its loan."""
    events, paying = one.accounts.events, one.accounts.paying
    left = np.where(np.isin(events[:, c.EVENT_KIND], c.MONEY), events[:, c.EVENT_VALUE], 0)
    np.add.at(left, paying[:, b.RECEIPT], paying[:, b.FEN])
    event = np.flatnonzero(left)
    loan = events[event, c.EVENT_LOAN]
    lines, start = one.accounts.lines, one.accounts.line_start
    still = (lines[:, b.OWES] != 0) & (lines[:, b.NUMBER] > 0)
    open_ = np.where(still, lines[:, b.NUMBER], MOST_MONTHS)
    number = np.minimum.reduceat(open_, start[:-1])[loan] if loan.size else loan
    rows = np.zeros((event.size, 5), np.int64)
    at = one.plan.start[loan] + number - 1
    rows[:, INTEREST] = np.minimum(left[event], one.plan.interest_fen[at])
    rows[:, PRINCIPAL] = left[event] - rows[:, INTEREST]
    return event, number, rows
