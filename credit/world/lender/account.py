"""Accounts of many loans: what people mean to do becomes events, entries and months.

An intent is something a person or the lender is about to do at an instant; what it comes to
depends on the account as it then stands ("pay all that is due"). What happened is kept as events
of `credit.decide.repay.events`, so that `credit.decide.repay.replay` of them is the oracle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from credit.world import season
from credit.world.lender import book as b
from credit.world.lender import columns as c
from credit.world.lender.happen import begin, happen, write_months
from credit.world.lender.schedules import Contracts, Schedules
from credit.world.lender.terms import TermsInForce
from credit.world.options import Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Intents:
    """Intents of many loans, loan k's in ``rows[start[k]:start[k + 1]]`` by instant and rank."""

    rows: Ints
    start: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """What became of many loans.

    Attributes
    ----------
    entries : ndarray, shape (entries, 9)
        Loan, local day, code (of ``CODES``), fen, number, bucket, event or -1; and of money that
        pays, the event that brought it and how much of it is beyond the schedule.
    events : ndarray, shape (events, 9)
        Loan, instant, local day, kind, value, channel, whether by automatic debit, and which try.
    months : ndarray, shape (months, 9)
        Loan, month since the payout, its last day, days past due by the contract's due days, most
        days past due in it, outstanding principal, what is due, whether forborne, written off.
    lines : ndarray, shape (instalments and one more a loan, COLUMNS)
        Instalments as they stand at the end; the last of each loan is for a settlement.
    line_start : ndarray
        Where those of a loan begin, and one more.
    states : ndarray, shape (loans, PLACES)
        The accounts as they stand at the end.
    """

    entries: Ints
    events: Ints
    months: Ints
    lines: Ints
    line_start: Ints
    states: Ints

    @property
    def paying(self) -> Ints:
        """The entries of money that pays."""
        return self.entries[self.entries[:, b.CODE] == b.PAID_OUT]


def keep(
    contracts: Contracts, plan: Schedules, terms: TermsInForce, intents: Intents,
    observed_until: int, write_off_days: int,
) -> Accounts:  # fmt: skip
    """Keep the accounts of loans until observation ends.

    Parameters
    ----------
    contracts, plan, terms : Contracts, Schedules, TermsInForce
    intents : Intents
    observed_until : int
        Instant at which observation ends, the midnight that begins a local day.
    write_off_days : int
        A loan so many days past due is written off, and its account ends.
    """
    drawn = season.local_day(contracts.drawn_at)
    last = int(season.local_day(np.array([observed_until - 1]))[0])
    months = 2 + max(0, (last - int(drawn.min(initial=last))) // 28)
    logs = [
        np.empty((rows, columns), np.int64)
        for rows, columns in (
            (16 * plan.loan.size, b.ENTRY), (intents.rows.shape[0], c.EVENT),
            (contracts.size * months, c.MONTHS),
        )
    ]  # fmt: skip
    while True:
        lines, line_start = _lines(contracts, plan)
        used, states = np.zeros(3, np.int64), np.zeros((contracts.size, b.PLACES), np.int64)
        _run(
            lines, line_start, states, drawn, contracts.principal_fen, terms.rows,
            intents.rows, intents.start, *logs, used,
            np.array([last, observed_until, write_off_days]),
        )  # fmt: skip
        if used[0] <= len(logs[0]):
            break
        logs[0] = np.empty((used[0], b.ENTRY), np.int64)
    entries, events, ends = (log[:count] for log, count in zip(logs, used, strict=True))
    return Accounts(
        entries=entries, months=ends, events=events, lines=lines, line_start=line_start,
        states=states,
    )  # fmt: skip


def _lines(contracts: Contracts, plan: Schedules) -> tuple[Ints, Ints]:
    """Return the instalments as they stand on the first day, and one empty one more a loan."""
    start = plan.start + np.arange(contracts.size + 1)
    lines = np.zeros((int(start[-1]), b.COLUMNS), np.int64)
    lines[:, b.CLOSED_ON] = -1
    at = np.arange(plan.loan.size) + plan.loan
    lines[at, b.NUMBER], lines[at, b.DUE], lines[at, b.ORIGINAL] = plan.number, plan.due, plan.due
    for bucket, amount in ((b.INTEREST, plan.interest_fen), (b.PRINCIPAL, plan.principal_fen)):
        lines[at, b.AGREED + bucket] = lines[at, b.BY_PLAN + bucket] = amount
        lines[at, b.OWES] += amount
    return lines, start


@njit(cache=True, error_model="numpy")
def _run(  # noqa: PLR0913, PLR0917 - compiled code takes arrays one by one
    lines: Ints, line_start: Ints, states: Ints, drawn: Ints, principal: Ints, terms: Ints,
    intents: Ints, start: Ints, entries: Ints, events: Ints, months: Ints, used: Ints, ends: Ints,
) -> None:  # fmt: skip
    last, until, write_off = ends
    for loan in range(drawn.size):
        if drawn[loan] > last:
            continue
        book = b.Open(
            lines[line_start[loan] : line_start[loan + 1]], states[loan],
            np.zeros((start[loan + 1] - start[loan] + 1, 2), np.int64), terms[loan], entries, used,
        )  # fmt: skip
        begin(book, loan, drawn[loan], principal[loan])
        for place in range(start[loan], start[loan + 1]):
            intent = intents[place]
            if intent[c.AT] >= until:
                break
            write_months(book, months, drawn[loan], intent[c.ON] - 1, write_off)
            b.roll(book, intent[c.ON], write_off)
            if book.state[b.WRITTEN_OFF] >= 0:
                break
            happen(book, events, intent)
            b.mark(book)
        write_months(book, months, drawn[loan], last, write_off)
        b.roll(book, last, write_off)
