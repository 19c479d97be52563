"""What happens to a loan, as a log keeps it.

Events are ordered by instant, then by kind (changes of the contract, money in, failed debits),
then by id. So the same set of events is the same history, in whatever order it arrived; an event
that arrived twice counts once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from credit.errors import DataError, nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """An event: its id, and its instant in UTC microseconds."""

    kind: ClassVar[str]
    rank: ClassVar[int]

    id: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred(Happened):
    """The lender moved every unpaid instalment by some months."""

    kind: ClassVar[str] = "deferred"
    rank: ClassVar[int] = 0

    months: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CardChanged(Happened):
    """The person gave another card for automatic debits."""

    kind: ClassVar[str] = "card_changed"
    rank: ClassVar[int] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid(Happened):
    """Money came in, by automatic ``debit`` or otherwise.

    Its instant is that from which it counts: of a slow channel, when it arrived
    (`ChannelTerms.arrives`), unless the lender lets the day of sending count.
    """

    kind: ClassVar[str] = "paid"
    rank: ClassVar[int] = 1

    amount_fen: int
    channel: str
    debit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled(Happened):
    """Money came in to settle the whole loan."""

    kind: ClassVar[str] = "settled"
    rank: ClassVar[int] = 1

    amount_fen: int
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DebitFailed(Happened):
    """An automatic debit brought nothing."""

    kind: ClassVar[str] = "debit_failed"
    rank: ClassVar[int] = 2


Event = Deferred | CardChanged | Paid | Settled | DebitFailed

KINDS: dict[str, type[Event]] = {
    kind.kind: kind for kind in (Deferred, CardChanged, Paid, Settled, DebitFailed)
}


def plain(event: Event) -> dict[str, Any]:
    """Return an event as JSON has it."""
    return {"kind": event.kind, **asdict(event)}


def event(record: Mapping[str, Any]) -> Event:
    """Return the event that a record of JSON describes."""
    given = dict(record)
    kind = given.pop("kind", None)
    if kind not in KINDS:
        raise DataError(
            f"kind must be one of {tuple(KINDS)}, got {kind!r}.{nearest(str(kind), KINDS)}"
        )
    try:
        return KINDS[kind](**given)
    except TypeError as error:
        raise DataError(f"event {given.get('id')!r} of kind {kind}: {error}.") from error


def ordered(events: Iterable[Event]) -> list[Event]:
    """Return the events of a log in the order in which they count, each id once.

    Raises
    ------
    DataError
        Two different events have one id, or an amount is not positive.
    """
    known: dict[str, Event] = {}
    for one in events:
        if known.setdefault(one.id, one) != one:
            raise DataError(f"two events have the id {one.id!r}: {known[one.id]} and {one}.")
        if isinstance(one, Paid | Settled) and one.amount_fen <= 0:
            raise DataError(f"event {one.id!r}: amount_fen must be positive, got {one.amount_fen}.")
    return sorted(known.values(), key=lambda one: (one.at, one.rank, one.id))
