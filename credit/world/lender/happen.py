"""What happens to one account: a payment, a failed debit, a deferral, a settlement; its months.

Compiled, as `credit.world.lender.book` is, and called by compiled code alone.
"""

from __future__ import annotations

from credit.world.lender import book as b
from credit.world.lender import columns as c
from credit.world.lender import terms as t
from credit.world.lender.book import compiled
from credit.world.options import Ints


@compiled
def begin(book: b.Open, loan: int, drawn: int, principal: int) -> None:
    """Pay a loan out."""
    state = book.state
    state[b.LOAN], state[b.DAY], state[b.CLEAN_SINCE] = loan, drawn, drawn
    state[b.COUNT] = book.lines.shape[0] - 1
    state[b.WRITTEN_OFF] = state[b.SETTLED_FROM] = -1
    state[b.MONTH_SEEN] = -1
    b.enter(book, b.DISBURSED, principal, -1, b.NO_BUCKET, -1)
    for line in range(state[b.COUNT]):
        agree(book, line, b.SCHEDULED, 1, -1)


@compiled
def agree(book: b.Open, line: int, code: int, sign: int, event: int) -> None:
    """Enter what an instalment agrees on, or what is taken off it again."""
    for bucket in range(3):
        b.enter(book, code, sign * book.lines[line, b.AGREED + bucket], line, bucket, event)


@compiled
def write_months(book: b.Open, log: Ints, drawn: int, to: int, write_off: int) -> None:
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
        row = log[book.used[2]]
        book.used[2] += 1
        row[c.MONTH_LOAN], row[c.MONTH], row[c.MONTH_END] = state[b.LOAN], since, end
        row[c.MONTH_DAYS], row[c.MONTH_WORST] = b.original_days_past_due(book, end), state[b.WORST]
        row[c.MONTH_OUTSTANDING] = 0 if written else outstanding
        row[c.MONTH_DUE] = 0 if written else due
        row[c.MONTH_FORBORNE], row[c.MONTH_WRITTEN] = state[b.FORBORNE], int(written)
        state[b.MONTH_SEEN], state[b.WORST] = since, max(0, b.days_past_due(book))
        state[b.ENDED] = written or left == 0


@compiled
def happen(book: b.Open, events: Ints, intent: Ints) -> None:
    """Let an intent happen, if the account as it stands has a use for it."""
    kind, event = intent[c.KIND], book.used[1]
    if kind == c.FAIL:
        value = _fail(book, event)
    elif kind == c.DEFER:
        value = _defer(book, intent[c.VALUE], event)
    elif kind == c.SETTLE:
        value = _settle(book, intent[c.CHANNEL], event)
    else:
        value = _amount(book, intent) - book.state[b.WAITING]
    if value <= 0:
        return
    attempt = book.state[b.FAILED] + (0 if kind == c.FAIL else 1)
    row = events[event]
    book.used[1] += 1
    row[c.EVENT_LOAN], row[c.EVENT_AT], row[c.EVENT_ON] = (
        book.state[b.LOAN],
        intent[c.AT],
        intent[c.ON],
    )
    row[c.EVENT_KIND], row[c.EVENT_VALUE], row[c.EVENT_TRY] = kind, value, attempt
    row[c.EVENT_CHANNEL], row[c.EVENT_DEBIT] = intent[c.CHANNEL], intent[c.DEBIT]
    if kind < c.FAIL:
        receive(book, value, event)
        if intent[c.DEBIT] or b.days_past_due(book) < 0:
            book.state[b.FAILED] = 0
    elif kind == c.SETTLE:
        receive(book, value, event)
        book.state[b.FAILED] = 0


@compiled
def receive(book: b.Open, amount: int, event: int) -> None:
    """Take money in, and let it pay what is due."""
    state = book.state
    b.enter(book, b.RECEIVED, amount, -1, b.NO_BUCKET, event)
    last = state[b.LAST_WAITING]
    book.waiting[last, 0], book.waiting[last, 1] = event, amount
    state[b.LAST_WAITING] += 1
    state[b.WAITING] += amount
    b.allocate(book, event)


@compiled
def _amount(book: b.Open, intent: Ints) -> int:
    """Return what a payment comes to: all that is due, and of what is not as much as is meant."""
    due, oldest, meant = 0, -1, 0
    for line in range(b.oldest(book), book.state[b.COUNT]):
        owes = book.lines[line, b.OWES]
        if owes != 0 and book.lines[line, b.DUE] <= book.state[b.DAY]:
            due += owes
            oldest = owes if oldest < 0 else oldest
        elif book.lines[line, b.NUMBER] == intent[c.MEANT]:
            meant = owes
    if intent[c.KIND] == c.PART:
        return 0 if oldest < 0 else oldest * intent[c.VALUE] // 1000
    return due if intent[c.KIND] == c.PAY else due + meant * intent[c.VALUE] // 1000


@compiled
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


@compiled
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


@compiled
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
        for bucket in range(3):
            lines[line, b.AGREED + bucket] = 0
        lines[line, b.OWES] = 0
        lines[line, b.CLOSED_ON] = state[b.DAY]
    last = state[b.COUNT]
    state[b.COUNT], state[b.SETTLED_FROM] = last + 1, lines[first, b.NUMBER]
    lines[last, b.NUMBER], lines[last, b.DUE] = lines[last - 1, b.NUMBER] + 1, state[b.DAY]
    lines[last, b.ORIGINAL] = state[b.DAY]
    lines[last, b.AGREED + b.FEE] = fees
    lines[last, b.AGREED + b.INTEREST] = lines[last, b.BY_PLAN + b.INTEREST] = interest
    lines[last, b.AGREED + b.PRINCIPAL] = lines[last, b.BY_PLAN + b.PRINCIPAL] = principal
    lines[last, b.OWES] = fees + interest + principal
    agree(book, last, b.SETTLEMENT, 1, event)
    return due + principal + interest + fees
