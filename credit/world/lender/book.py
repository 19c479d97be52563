"""The state of one loan's book as numbers, and what a day that opens does to it.

The fast path of `credit.decide.repay.book.Book`: the same steps in the same order, compiled. Money
is fen, and what a day adds is kept in millionths of a fen, both in 64-bit integers.
"""

from __future__ import annotations

from typing import NamedTuple

from numba import njit

from credit.decide.repay.late import MICRO
from credit.world.lender import terms as t
from credit.world.options import Ints

CODES = (
    "disbursed", "scheduled", "late_interest", "penalty", "late_fee", "received", "paid",
    "debit_failed", "debit_failed_nothing_due", "deferral_interest", "cancelled", "settlement",
)  # fmt: skip
(DISBURSED, SCHEDULED, LATE_INTEREST, PENALTY, LATE_FEE, RECEIVED, PAID_OUT, DEBIT_FAILED,
 DEBIT_NEEDLESS, DEFERRAL_INTEREST, CANCELLED, SETTLEMENT) = range(12)  # fmt: skip

FEE, INTEREST, PRINCIPAL, NO_BUCKET = 0, 1, 2, -1

# Columns of an instalment. The first three of AGREED, LATE and PAID are by bucket.
NUMBER, DUE, ORIGINAL, AGREED, LATE, PAID = 0, 1, 2, 3, 6, 9
BY_PLAN, FEE_CHARGED, SHARE_CHARGED, CLOSED_ON, OWES, COLUMNS = 12, 15, 16, 17, 18, 19
"""``BY_PLAN``: what the schedule of the first day had in each bucket; ``CLOSED_ON``: the day on
which nothing was owed any more, or -1; ``OWES``: what all buckets owe, kept up to date."""

# Places of the state.
(LOAN, DAY, COUNT, WAITING, FIRST_WAITING, LAST_WAITING, FAILED, TIMES, MONTHS, FORBORNE,
 CLEAN_SINCE, WORST, WRITTEN_OFF, SETTLED_FROM, MONTH_SEEN, ENDED, OLDEST,
 PLACES) = range(18)  # fmt: skip


# Columns of entries. The last two are of money that pays: the event that brought it, and how much
# of it is beyond the schedule.
(ENTRY_LOAN, ENTRY_DAY, CODE, FEN, ENTRY_NUMBER, BUCKET, EVENT, RECEIPT, BEYOND,
 ENTRY) = range(10)  # fmt: skip

compiled = njit(cache=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""Of what only compiled code calls: it has no way in from Python, and divides by no zero.

The cache sees a change of a function's own file alone. Whoever changes this one deletes the caches
of ``happen.py`` and ``account.py``, which hold compiled copies of what stands here."""


class Open(NamedTuple):
    """The book of one loan: instalments, state, money that waits, terms, and where it writes.

    ``used`` counts the entries, and goes on counting when ``entries`` is full.
    """

    lines: Ints
    state: Ints
    waiting: Ints
    terms: Ints
    entries: Ints
    used: Ints


@compiled
def enter(book: Open, code: int, amount: int, line: int, bucket: int, event: int) -> None:
    """Write an entry, unless it is one of a bucket and of nothing."""
    if amount != 0 or bucket == NO_BUCKET:
        at = book.used[0]
        book.used[0] = at + 1
        if at < book.entries.shape[0]:
            one = book.entries[at]
            one[ENTRY_LOAN], one[ENTRY_DAY] = book.state[LOAN], book.state[DAY]
            one[CODE], one[FEN], one[BUCKET], one[EVENT] = code, amount, bucket, event
            one[ENTRY_NUMBER] = book.lines[line, NUMBER] if line >= 0 else 0
            one[RECEIPT], one[BEYOND] = -1, 0


@compiled
def share_of(amount: int, over: int, under: int) -> int:
    """Return a share of an amount, half up."""
    return (2 * amount * over + under) // (2 * under)


@compiled
def owed(lines: Ints, line: int, bucket: int) -> int:
    """Return what a bucket of an instalment owes."""
    micro = lines[line, LATE + bucket]
    late = share_of(micro, 1, MICRO) if micro != 0 else 0
    return lines[line, AGREED + bucket] - lines[line, PAID + bucket] + late


@compiled
def oldest(book: Open) -> int:
    """Return the first instalment that owes something; those before it never will again."""
    state, lines = book.state, book.lines
    while state[OLDEST] < state[COUNT] and lines[state[OLDEST], OWES] == 0:
        state[OLDEST] += 1
    return state[OLDEST]


@compiled
def days_past_due(book: Open) -> int:
    """Return the days since the oldest unpaid due day, or -1 where nothing is due."""
    line = oldest(book)
    if line == book.state[COUNT]:
        return -1
    return max(-1, book.state[DAY] - book.lines[line, DUE])


@compiled
def original_days_past_due(book: Open, day: int) -> int:
    """Return the days since the oldest unpaid due day of the contract."""
    line = oldest(book)
    return 0 if line == book.state[COUNT] else max(0, day - book.lines[line, ORIGINAL])


@compiled
def roll(book: Open, to: int, write_off: int) -> None:
    """Open every day up to ``to``, or up to the day on which the loan is written off."""
    state = book.state
    while state[DAY] < to and state[WRITTEN_OFF] < 0:
        state[DAY] = _next_day(book, to)
        for line in range(oldest(book), state[COUNT]):
            if book.lines[line, DUE] > state[DAY]:
                break
            if book.lines[line, OWES] != 0:
                _charge(book, line)
        mark(book)
        allocate(book, -1)
        if original_days_past_due(book, state[DAY]) >= write_off:
            state[WRITTEN_OFF] = state[DAY]


@compiled
def _next_day(book: Open, to: int) -> int:
    """Return the next day on which something can change: any, once something is late."""
    line = oldest(book)
    if line == book.state[COUNT]:
        return to
    return min(to, max(book.state[DAY] + 1, book.lines[line, DUE]))


@compiled
def _charge(book: Open, line: int) -> None:
    one, terms = book.lines[line], book.terms
    days = book.state[DAY] - one[DUE]
    if days <= terms[t.GRACE]:
        return
    base, beyond = 0, 0
    for bucket in range(3):
        left = one[AGREED + bucket] - one[PAID + bucket]
        base += max(0, left)
        beyond += max(0, -left)
    share = max(0, _share_by(terms, days) - one[SHARE_CHARGED])
    if base > 0:
        bears = max(0, one[AGREED + PRINCIPAL] - one[PAID + PRINCIPAL]) * MICRO
        if terms[t.COMPOUNDS]:
            accrued = one[LATE + FEE] + one[LATE + INTEREST] + one[LATE + PRINCIPAL]
            bears = base * MICRO + max(0, accrued - MICRO * beyond)
        late = share_of(bears, terms[t.RATE], terms[t.RATE + 1])
        penalty = share_of(bears, terms[t.PENALTY], terms[t.PENALTY + 1])
        penalty += share_of(base * MICRO, share, terms[t.STEP])
        fee = share_of(base * MICRO, terms[t.FEE], terms[t.FEE + 1])
        _add(book, line, INTEREST, LATE_INTEREST, late)
        _add(book, line, FEE, PENALTY, penalty)
        _add(book, line, FEE, LATE_FEE, 0 if one[FEE_CHARGED] else fee)
        one[SHARE_CHARGED] += share
    one[FEE_CHARGED] = 1


@compiled
def _share_by(terms: Ints, days: int) -> int:
    """Return the share charged in all by a day past due, over the terms' common denominator."""
    share = 0
    for place in range(terms[t.STEPS]):
        if terms[t.STEP + 1 + 2 * place] <= days:
            share = terms[t.STEP + 2 + 2 * place]
    return share


@compiled
def _add(book: Open, line: int, bucket: int, code: int, micro: int) -> None:
    if micro != 0:
        before = owed(book.lines, line, bucket)
        book.lines[line, LATE + bucket] += micro
        more = owed(book.lines, line, bucket) - before
        book.lines[line, OWES] += more
        enter(book, code, more, line, bucket, -1)


@compiled
def mark(book: Open) -> None:
    """Bring up to date what is remembered of lateness; the order of the steps matters."""
    state, terms = book.state, book.terms
    days = days_past_due(book)
    if state[FORBORNE] and state[CLEAN_SINCE] >= 0:
        clean = whole_months(state[CLEAN_SINCE], state[DAY])
        state[FORBORNE] = clean < terms[t.PROBATION]
    state[WORST] = max(state[WORST], days)
    if days > terms[t.GRACE]:
        state[CLEAN_SINCE] = -1
    elif state[CLEAN_SINCE] < 0:
        state[CLEAN_SINCE] = state[DAY]


@compiled
def allocate(book: Open, event: int) -> None:
    """Let the money that waits pay what is due, in the order of the terms."""
    state, terms = book.state, book.terms
    days = days_past_due(book)
    if state[WAITING] == 0 or days < 0:
        return
    first = oldest(book)
    order = t.NPL_ORDER if days > terms[t.NPL_ABOVE] else t.ORDER
    for place in range(3):
        bucket = terms[order + place]
        for line in range(first, state[COUNT]):
            if book.lines[line, OWES] != 0 and book.lines[line, DUE] <= state[DAY]:
                _pay(book, line, bucket, event)


@compiled
def _pay(book: Open, line: int, bucket: int, event: int) -> None:
    """Pay one bucket of one instalment out of what waits, the oldest money first."""
    one, state, waiting = book.lines[line], book.state, book.waiting
    left = owed(book.lines, line, bucket)
    while state[WAITING] > 0 and left > 0:
        first = state[FIRST_WAITING]
        part = min(waiting[first, 1], left)
        left -= part
        one[OWES] -= part
        before = max(0, one[PAID + bucket] - one[BY_PLAN + bucket])
        one[PAID + bucket] += part
        beyond = max(0, one[PAID + bucket] - one[BY_PLAN + bucket]) - before
        at = book.used[0]
        enter(book, PAID_OUT, -part, line, bucket, event)
        if at < book.entries.shape[0]:
            book.entries[at, RECEIPT], book.entries[at, BEYOND] = waiting[first, 0], beyond
        state[WAITING] -= part
        waiting[first, 1] -= part
        if waiting[first, 1] == 0:
            state[FIRST_WAITING] += 1
    if one[OWES] == 0 and one[CLOSED_ON] < 0:
        one[CLOSED_ON] = state[DAY]


@compiled
def civil(day: int) -> tuple[int, int, int]:
    """Return year, month and day of the month of days since 1970-01-01."""
    shifted = day + 719_468
    era = shifted // 146_097
    of_era = shifted - era * 146_097
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    date = of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return year + era * 400 + (1 if month <= 2 else 0), month, date


@compiled
def first_of_month(year: int, month: int) -> int:
    """Return the first day of a month; months beyond 12 are of later years."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    year -= 1 if month <= 2 else 0
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


@compiled
def add_months(day: int, months: int) -> int:
    """Return the same day so many months on, or the month's last."""
    year, month, date = civil(day)
    first = first_of_month(year, month + months)
    last = first_of_month(year, month + months + 1) - 1
    return min(first + date - 1, last)


@compiled
def whole_months(first: int, last: int) -> int:
    """Return the most whole months from one day that do not pass a later one."""
    year, month, _ = civil(first)
    later, latest, _ = civil(last)
    months = (later - year) * 12 + latest - month
    return months if add_months(first, months) <= last else months - 1
