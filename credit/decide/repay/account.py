"""A loan account, out of its contract and the log of what happened to it.

The account holds nothing of its own: it is a function of contract, events, terms and the instant
asked about. The same events give the same account, in whatever order they arrived.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from credit.decide.clock import local_day
from credit.decide.repay.allocate import BUCKETS
from credit.decide.repay.book import Book
from credit.decide.repay.events import Event, ordered
from credit.decide.repay.lines import Contract, Entry, Line, Record
from credit.decide.repay.terms import AccountTerms
from credit.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One instalment: its due day, what it owes and has been paid, in fen by bucket."""

    number: int
    due: date
    original_due: date
    owed: dict[str, int]
    paid: dict[str, int]

    @property
    def owed_fen(self) -> int:
        """What all buckets owe."""
        return sum(self.owed.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A loan as it stands at an instant.

    Attributes
    ----------
    as_of : date
        The local day of the instant.
    status : {"open", "grace", "overdue", "closed"}
        Nothing late; late within the days of grace; later than that; nothing owed any more.
    days_past_due, original_days_past_due : int
        By the due days in force, and by those of the contract before any deferral: outcomes are
        defined by the latter, so that a deferral makes no bad loan good.
    worst_days_past_due, worst_original_days_past_due : int
        The most they have been.
    due_fen, outstanding_principal_fen : int
        Owed on instalments that are due; principal not yet paid back, due or not.
    received_fen, unallocated_fen : int
        Money in; what of it waits for an instalment. Their difference was allocated.
    failures : int
        Failed debits in a row.
    next_debit : int or None
        Instant of the next try of a failed debit; None where there is none.
    records : tuple of Record
        Instalments on record as overdue.
    forborne : bool
        A deferral's probation runs; while it does, nothing is cured.
    default_since : date or None
        Since when the account is in default, unless it was cured.
    instalments : tuple of Standing
    entries : tuple of Entry
        The whole book.
    """

    as_of: date
    status: str
    days_past_due: int
    original_days_past_due: int
    worst_days_past_due: int
    worst_original_days_past_due: int
    due_fen: int
    outstanding_principal_fen: int
    received_fen: int
    unallocated_fen: int
    failures: int
    next_debit: int | None
    records: tuple[Record, ...]
    forborne: bool
    default_since: date | None
    instalments: tuple[Standing, ...]
    entries: tuple[Entry, ...]

    @property
    def allocated_fen(self) -> int:
        """What payments have paid, over all buckets."""
        return sum(sum(one.paid.values()) for one in self.instalments)

    def plain(self) -> dict[str, Any]:
        """Return the account as JSON has it, days as ``YYYY-MM-DD``."""
        return _plain(asdict(self))


def replay(
    contract: Contract, events: Iterable[Event], terms: AccountTerms, *, until: int
) -> Account:
    """Return the account at an instant; of events after it nothing is known yet.

    Parameters
    ----------
    contract : Contract
    events : iterable of Event
        In any order; see `credit.decide.repay.events` for the order in which they count.
    terms : AccountTerms
    until : int
        UTC microseconds.

    Raises
    ------
    DataError
        An event lies before the payout, contradicts another, or does what the terms forbid: a
        settlement with too little money, a deferral too many.
    """
    book, day = Book(contract, terms), local_day(until, terms.retry.zone)
    if day < book.day:
        raise DataError(f"until lies on {day}, before {book.day}, when the money was paid out.")
    for event in ordered(events):
        if event.at <= until:
            book.apply(event)
    book.roll(day)
    return _account(book)


def _account(book: Book) -> Account:
    days, due = book.days_past_due(), book.due()
    retries = book.failures if due else 0
    again = 0 < retries < book.terms.retry.max_failures
    return Account(
        as_of=book.day,
        status=_status(book, days),
        days_past_due=days,
        original_days_past_due=book.original_days_past_due(),
        worst_days_past_due=book.worst_days,
        worst_original_days_past_due=book.worst_original_days,
        due_fen=sum(line.owed_fen for line in due),
        outstanding_principal_fen=sum(line.owed("principal") for line in book.lines),
        received_fen=book.received_fen,
        unallocated_fen=book.credit_fen,
        failures=book.failures,
        next_debit=book.terms.retry.next_debit(book.failed_at) if again else None,
        records=tuple(book.records),
        forborne=book.forborne,
        default_since=book.default_since,
        instalments=tuple(map(_standing, book.lines)),
        entries=tuple(book.entries),
    )


def _status(book: Book, days: int) -> str:
    if not any(line.owed_fen for line in book.lines):
        return "closed"
    if book.terms.late.overdue(days):
        return "overdue"
    return "grace" if days else "open"


def _standing(line: Line) -> Standing:
    return Standing(
        number=line.number, due=line.due, original_due=line.original_due,
        owed={bucket: line.owed(bucket) for bucket in BUCKETS}, paid=dict(line.paid),
    )  # fmt: skip


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value
