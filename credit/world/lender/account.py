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
from credit.world.lender import terms as t
from credit.world.lender.schedules import Contracts, Schedules
from credit.world.lender.terms import TermsInForce
from credit.world.options import Ints

PAY, PART, AHEAD, FAIL, SETTLE, DEFER = range(6)
"""Kinds of intents: pay all that is due; a share of the oldest instalment that is due; a share of
one that is not; an automatic debit that brings nothing; settle; move instalments."""

MONEY = (PAY, PART, AHEAD, SETTLE)
"""Kinds that bring money."""

# Columns of intents: instant, local day, kind, value (share in thousandths, months), number of the
# instalment meant, channel, and whether it is an automatic debit.
AT, ON, KIND, VALUE, MEANT, CHANNEL, DEBIT, INTENT = range(8)
# Columns of events: what became of an intent. VALUE is an amount in fen, or months.
(EVENT_LOAN, EVENT_AT, EVENT_ON, EVENT_KIND, EVENT_VALUE, EVENT_CHANNEL, EVENT_DEBIT, EVENT_TRY,
 EVENT) = range(9)  # fmt: skip
# Columns of months.
(MONTH_LOAN, MONTH, MONTH_END, MONTH_DAYS, MONTH_WORST, MONTH_OUTSTANDING, MONTH_DUE,
 MONTH_FORBORNE, MONTH_WRITTEN, MONTHS) = range(10)  # fmt: skip


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
    entries : ndarray, shape (entries, 7)
        Loan, local day, code (of ``CODES``), fen, number, bucket, event or -1.
    parts : ndarray, shape (parts, 7)
        Loan, event that brought the money, local day, number, bucket, fen, and how much of it is
        beyond the schedule.
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
    parts: Ints
    events: Ints
    months: Ints
    lines: Ints
    line_start: Ints
    states: Ints


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
    room = 2 * int(plan.loan.size) + contracts.size
    sizes = [
        12 * room,
        4 * room,
        contracts.size * (2 + max(0, (last - int(drawn.min(initial=last))) // 28)),
    ]
    while True:
        lines, line_start = _lines(contracts, plan)
        logs = [_log(size, width) for size, width in zip(sizes, (7, 7, MONTHS), strict=True)]
        events = _log(intents.rows.shape[0], EVENT)
        states = np.zeros((contracts.size, b.PLACES), np.int64)
        _run(
            (lines, line_start, states), (drawn, contracts.principal_fen, terms.rows),
            (intents.rows, intents.start), (logs[0], logs[1], logs[2], events),
            (last, observed_until, write_off_days),
        )  # fmt: skip
        used = [int(log.used[0]) for log in logs]
        if all(need <= size for need, size in zip(used, sizes, strict=True)):
            break
        sizes = used
    entries, parts, months = (log.rows[:need] for log, need in zip(logs, used, strict=True))
    return Accounts(
        entries=entries, parts=parts, months=months, events=events.rows[: events.used[0]],
        lines=lines, line_start=line_start, states=states,
    )  # fmt: skip


def _log(size: int, width: int) -> b.Log:
    return b.Log(np.empty((size, width), np.int64), np.zeros(1, np.int64))


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


@njit(cache=True)
def _run(
    accounts: tuple[Ints, Ints, Ints], loans: tuple[Ints, Ints, Ints], meant: tuple[Ints, Ints],
    logs: tuple[b.Log, b.Log, b.Log, b.Log], ends: tuple[int, int, int],
) -> None:  # fmt: skip
    lines, line_start, states = accounts
    drawn, principal, terms = loans
    intents, start = meant
    last, until, write_off = ends
    for loan in range(drawn.size):
        if drawn[loan] > last:
            continue
        mine = intents[start[loan] : start[loan + 1]]
        book = b.Open(
            lines[line_start[loan] : line_start[loan + 1]], states[loan],
            np.zeros((mine.shape[0] + 1, 2), np.int64), terms[loan], logs[0], logs[1],
        )  # fmt: skip
        _begin(book, loan, drawn[loan], principal[loan])
        for place in range(mine.shape[0]):
            if mine[place, AT] >= until:
                break
            _months(book, logs[2], drawn[loan], mine[place, ON] - 1, write_off)
            b.roll(book, mine[place, ON], write_off)
            if book.state[b.WRITTEN_OFF] >= 0:
                break
            _happen(book, logs[3], mine[place])
            b.mark(book)
        _months(book, logs[2], drawn[loan], last, write_off)
        b.roll(book, last, write_off)


@njit(cache=True)
def _begin(book: b.Open, loan: int, drawn: int, principal: int) -> None:
    state = book.state
    state[b.LOAN], state[b.DAY], state[b.CLEAN_SINCE] = loan, drawn, drawn
    state[b.COUNT] = book.lines.shape[0] - 1
    state[b.WRITTEN_OFF] = state[b.SETTLED_FROM] = -1
    state[b.MONTH_SEEN] = -1
    b.enter(book, b.DISBURSED, principal, -1, b.NO_BUCKET, -1)
    for line in range(state[b.COUNT]):
        agree(book, line, b.SCHEDULED, 1, -1)


@njit(cache=True)
def agree(book: b.Open, line: int, code: int, sign: int, event: int) -> None:
    """Enter what an instalment agrees on, or what is taken off it again."""
    for bucket in range(3):
        b.enter(book, code, sign * book.lines[line, b.AGREED + bucket], line, bucket, event)


@njit(cache=True)
def _months(book: b.Open, log: b.Log, drawn: int, to: int, write_off: int) -> None:
    """Write every month that ends up to a day; the month in which a loan ends is its last."""
    state = book.state
    year, month, _ = b.civil(drawn)
    while not state[b.ENDED]:
        since = state[b.MONTH_SEEN] + 1
        end = b.first_of_month(year, month + since + 1) - 1
        if end > to:
            return
        b.roll(book, end, write_off)
        outstanding, due, left = 0, 0, 0
        for line in range(b.oldest(book), state[b.COUNT]):
            owes = book.lines[line, b.OWES]
            left += owes
            outstanding += b.owed(book.lines, line, b.PRINCIPAL)
            due += owes if book.lines[line, b.DUE] <= end else 0
        written = state[b.WRITTEN_OFF] >= 0
        b.write(log, (
            state[b.LOAN], since, end, b.original_days_past_due(book, end), state[b.WORST],
            0 if written else outstanding, 0 if written else due, state[b.FORBORNE], int(written),
        ))  # fmt: skip
        state[b.MONTH_SEEN], state[b.WORST] = since, max(0, b.days_past_due(book))
        state[b.ENDED] = written or left == 0


@njit(cache=True)
def _happen(book: b.Open, events: b.Log, intent: Ints) -> None:
    """Let an intent happen, if the account as it stands has a use for it."""
    kind, event = intent[KIND], events.used[0]
    if kind == FAIL:
        value = _fail(book, event)
    elif kind == DEFER:
        value = _defer(book, intent[VALUE], event)
    elif kind == SETTLE:
        value = _settle(book, intent[CHANNEL], event)
    else:
        value = _amount(book, intent) - book.state[b.WAITING]
    if value <= 0:
        return
    attempt = book.state[b.FAILED] + (0 if kind == FAIL else 1)
    b.write(events, (
        book.state[b.LOAN], intent[AT], intent[ON], kind, value, intent[CHANNEL], intent[DEBIT],
        attempt,
    ))  # fmt: skip
    if kind < FAIL:
        receive(book, value, event)
        if intent[DEBIT] or b.days_past_due(book) < 0:
            book.state[b.FAILED] = 0
    elif kind == SETTLE:
        receive(book, value, event)
        book.state[b.FAILED] = 0


@njit(cache=True)
def receive(book: b.Open, amount: int, event: int) -> None:
    """Take money in, and let it pay what is due."""
    state = book.state
    b.enter(book, b.RECEIVED, amount, -1, b.NO_BUCKET, event)
    last = state[b.LAST_WAITING]
    book.waiting[last, 0], book.waiting[last, 1] = event, amount
    state[b.LAST_WAITING] += 1
    state[b.WAITING] += amount
    b.allocate(book, event)


@njit(cache=True)
def _amount(book: b.Open, intent: Ints) -> int:
    """Return what a payment comes to: all that is due, and of what is not as much as is meant."""
    due, oldest, meant = 0, -1, 0
    for line in range(b.oldest(book), book.state[b.COUNT]):
        owes = book.lines[line, b.OWES]
        if owes != 0 and book.lines[line, b.DUE] <= book.state[b.DAY]:
            due += owes
            oldest = owes if oldest < 0 else oldest
        elif book.lines[line, b.NUMBER] == intent[MEANT]:
            meant = owes
    if intent[KIND] == PART:
        return 0 if oldest < 0 else oldest * intent[VALUE] // 1000
    return due if intent[KIND] == PAY else due + meant * intent[VALUE] // 1000


@njit(cache=True)
def _fail(book: b.Open, event: int) -> int:
    """Let a debit fail where one would be tried; return 1, or 0 where none was."""
    state = book.state
    if state[b.FAILED] >= book.terms[t.FAILURES]:
        return 0
    if b.days_past_due(book) < 0:
        return 0
    b.enter(book, b.DEBIT_FAILED, 0, b.oldest(book), b.NO_BUCKET, event)
    state[b.FAILED] += 1
    return 1


@njit(cache=True)
def _defer(book: b.Open, months: int, event: int) -> int:
    """Move every unpaid instalment where the terms allow it; return the months, or 0."""
    state, terms = book.state, book.terms
    if state[b.TIMES] >= terms[t.DEFERRALS] or state[b.MONTHS] + months > terms[t.DEFERRED_MONTHS]:
        return 0
    state[b.TIMES] += 1
    state[b.MONTHS] += months
    for line in range(state[b.COUNT]):
        one = book.lines[line]
        if one[b.OWES] == 0:
            continue
        moved = b.add_months(one[b.ORIGINAL], state[b.MONTHS])
        added = max(0, moved - max(one[b.DUE], state[b.DAY]))
        cost = 0
        if terms[t.ACCRUES]:
            bears = b.owed(book.lines, line, b.PRINCIPAL) * added
            cost = b.share_of(bears, terms[t.RATE], terms[t.RATE + 1])
        one[b.DUE] = moved
        one[b.AGREED + b.INTEREST] += cost
        one[b.OWES] += cost
        b.enter(book, b.DEFERRAL_INTEREST, cost, line, b.INTEREST, event)
    state[b.FORBORNE], state[b.CLEAN_SINCE] = 1, state[b.DAY]
    return months


@njit(cache=True)
def _settle(book: b.Open, channel: int, event: int) -> int:
    """Put one last instalment in place of those to come; return what settles the loan, or 0.

    Nothing is settled with money that waits, so that a settlement is one receipt.
    """
    state, terms, lines = book.state, book.terms, book.lines
    locked = terms[t.SETTLE + 3 * channel + 2]
    first, due, since = -1, 0, lines[0, b.DUE]
    principal, interest, fees = 0, 0, 0
    for line in range(state[b.COUNT]):
        if lines[line, b.DUE] <= state[b.DAY]:
            since, due = lines[line, b.DUE], due + lines[line, b.OWES]
            continue
        first = line if first < 0 else first
        principal += b.owed(lines, line, b.PRINCIPAL)
        interest += b.owed(lines, line, b.INTEREST)
        fees += b.owed(lines, line, b.FEE)
    if first < 1 or locked == t.NOT_OFFERED or state[b.WAITING] or state[b.TIMES]:
        return 0
    if state[b.SETTLED_FROM] >= 0:
        return 0
    if locked == 0:
        days = state[b.DAY] - since
        accrued = b.share_of(principal * days, terms[t.RATE], terms[t.RATE + 1])
        interest, fees = min(accrued, b.owed(lines, first, b.INTEREST)), 0
        over, under = terms[t.SETTLE + 3 * channel], terms[t.SETTLE + 3 * channel + 1]
        if over != 0:
            fees = max(b.share_of(principal, over, under), terms[t.LEAST_FEE])
    for line in range(first, state[b.COUNT]):
        agree(book, line, b.CANCELLED, -1, -1)
        lines[line, b.AGREED : b.AGREED + 3] = 0
        lines[line, b.OWES] = 0
        lines[line, b.CLOSED_ON] = state[b.DAY]
    last = state[b.COUNT]
    state[b.COUNT], state[b.SETTLED_FROM] = last + 1, lines[first, b.NUMBER]
    lines[last, b.NUMBER], lines[last, b.DUE] = lines[last - 1, b.NUMBER] + 1, state[b.DAY]
    lines[last, b.ORIGINAL] = state[b.DAY]
    lines[last, b.AGREED : b.AGREED + 3] = np.array([fees, interest, principal])
    lines[last, b.BY_PLAN : b.BY_PLAN + 3] = np.array([0, interest, principal])
    lines[last, b.OWES] = fees + interest + principal
    agree(book, last, b.SETTLEMENT, 1, event)
    return due + principal + interest + fees
