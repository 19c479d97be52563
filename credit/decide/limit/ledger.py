"""A limit account as a fold of its events: what is shown, available, used and frozen.

::

    available + used + frozen = limit,  none of them below 0

after every event. The limit is what can be used of the limit shown and of a temporary one; after a
fall it is never below what is drawn and set apart, and whoever has more repays down to it. A
refused event changes nothing, and the same log always gives the same account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction
from functools import reduce
from math import inf
from typing import Any

from credit.decide.clock import local_day
from credit.decide.leaves import named, number, whole
from credit.decide.limit.events import (
    Drawn,
    Event,
    FraudFrozen,
    FraudLifted,
    LimitSet,
    Released,
    Repaid,
    Spent,
    TemporaryGranted,
)
from credit.decide.limit.shown import ShownTerms, usable
from credit.decide.limit.terms import cap_range, fen_of
from credit.decide.money import fen, yuan
from credit.errors import DataError
from credit.policy import InForce


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerTerms:
    """What the events of an account are held to.

    ``freeze_ratio`` of a payment above ``large_fen`` is set apart; a temporary limit takes
    ``full_months`` and lasts ``temporary_days`` at most; ``daily_cap`` is a share of the limit at
    the opening of the local day.
    """

    daily_cap: Fraction
    freeze_ratio: Fraction
    large_fen: int
    full_months: int
    temporary_days: int
    buffer: Fraction
    zone: str

    @classmethod
    def of(cls, figures: InForce) -> LedgerTerms:
        """Read the leaves in force."""
        key = "limit.temporary"
        temporary = named(figures, key, ("full_repay_months", "max_days"))
        large = figures["limit.large_spend"]
        number(large, "limit.large_spend", high=inf)
        return cls(
            daily_cap=number(figures["limit.daily_cap"], "limit.daily_cap"),
            freeze_ratio=number(figures["limit.freeze_ratio"], "limit.freeze_ratio"),
            large_fen=fen_of(large),
            full_months=whole(temporary["full_repay_months"], f"{key}.full_repay_months"),
            temporary_days=whole(temporary["max_days"], f"{key}.max_days", low=1),
            buffer=ShownTerms.of(figures).buffer,
            zone=figures["calendar.zone"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Temporary:
    """A temporary limit; ``ends`` is the first day without it."""

    amount_fen: int
    ends: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where a limit account stands.

    Attributes
    ----------
    shown_fen : int
        The limit shown, without a temporary one.
    temporary : Temporary or None
    usable_fen : int
        What can be used of both.
    used_fen : int
        Principal drawn and not repaid.
    held_fen : mapping of str to int
        Payment -> what it set apart.
    fraud : bool
        Whether all that is left is frozen on suspicion of fraud.
    day : date or None
        The local day of the last event.
    opening_fen : int
        The limit shown, with a temporary one, at the opening of that day; 0 where none was.
    at : int or None
        The instant of the last event.
    """

    shown_fen: int = 0
    temporary: Temporary | None = None
    usable_fen: int = 0
    used_fen: int = 0
    held_fen: Mapping[str, int] = field(default_factory=dict)
    fraud: bool = False
    day: date | None = None
    opening_fen: int = 0
    at: int | None = None

    @property
    def total_fen(self) -> int:
        """The limit shown, with a temporary one: what the daily cap bounds."""
        return self.shown_fen + (self.temporary.amount_fen if self.temporary else 0)

    @property
    def limit_fen(self) -> int:
        """What can be used, or what is drawn and set apart where that is more."""
        return max(self.usable_fen, self.used_fen + sum(self.held_fen.values()))

    @property
    def frozen_fen(self) -> int:
        """What is set apart; on suspicion of fraud, all that is not drawn."""
        return self.limit_fen - self.used_fen if self.fraud else sum(self.held_fen.values())

    @property
    def available_fen(self) -> int:
        """What can be drawn now."""
        return self.limit_fen - self.used_fen - self.frozen_fen

    def plain(self) -> dict[str, Any]:
        """Return the account as plain data."""
        ends = self.temporary and self.temporary.ends.isoformat()
        return {
            "shown_fen": self.shown_fen,
            "temporary_fen": self.total_fen - self.shown_fen,
            "temporary_ends": ends,
            "limit_fen": self.limit_fen,
            "available_fen": self.available_fen,
            "used_fen": self.used_fen,
            "frozen_fen": self.frozen_fen,
            "fraud": self.fraud,
        }


def after(account: Account, event: Event, terms: LedgerTerms) -> Account:
    """Return the account after one event.

    Raises
    ------
    DataError
        The event may not happen now; the sentence says why. The account given stays as it is.
    """
    if account.at is not None and event.at < account.at:
        raise DataError(
            f"{event}: it happened before the last event of the log, at {account.at}. Replay a "
            "log in the order of its instants."
        )
    today = as_of(account, event.at, terms)
    return replace(_HANDLERS[type(event)](today, event, terms), at=event.at)


def replay(log: Iterable[Event], terms: LedgerTerms) -> Account:
    """Return the account that a log gives, from nothing; see `after` for what is refused."""
    return reduce(lambda account, event: after(account, event, terms), log, Account())


def as_of(account: Account, instant: int, terms: LedgerTerms) -> Account:
    """Return the account as it stands at an instant after its last event.

    On a new local day a temporary limit may have ended, and the daily cap begins anew from the
    limit that is then in force.
    """
    day = local_day(instant, terms.zone)
    if account.day is not None and day <= account.day:
        return account
    ended = account.temporary is not None and day >= account.temporary.ends
    left = replace(account, temporary=None) if ended else account
    left = _shown(left, terms)
    return replace(left, day=day, opening_fen=left.total_fen)


def _shown(account: Account, terms: LedgerTerms) -> Account:
    return replace(account, usable_fen=usable(account.total_fen, terms.buffer))


def _limit_set(account: Account, event: LimitSet, terms: LedgerTerms) -> Account:
    if event.shown_fen < 0:
        raise DataError(f"shown_fen must be 0 or more, got {event.shown_fen}.")
    changed = replace(account, shown_fen=event.shown_fen)
    return _shown(_within_the_day(account, changed, terms), terms)


def _within_the_day(account: Account, changed: Account, terms: LedgerTerms) -> Account:
    """Refuse a limit that moved too far since the day opened; the first limit is free."""
    if account.opening_fen == 0:
        # A day that opened without a limit is bounded by the first one set on it.
        return replace(changed, opening_fen=changed.total_fen)
    least, most = cap_range(account.opening_fen, terms.daily_cap)
    if not least <= changed.total_fen <= most:
        raise DataError(
            f"a limit of {yuan(changed.total_fen)} on {account.day}: the day opened with "
            f"{yuan(account.opening_fen)}, so it may be {yuan(least)} to {yuan(most)} "
            "(limit.daily_cap). Go the rest of the way on later days."
        )
    return changed


def _drawn(account: Account, event: Drawn, _: LedgerTerms) -> Account:
    _refuse_nothing(event.amount_fen)
    if account.fraud:
        raise DataError("nothing can be drawn while the account is frozen on suspicion of fraud.")
    if event.amount_fen > account.available_fen:
        raise DataError(
            f"{yuan(event.amount_fen)} cannot be drawn: {yuan(account.available_fen)} are "
            "available."
        )
    return replace(account, used_fen=account.used_fen + event.amount_fen)


def _repaid(account: Account, event: Repaid, _: LedgerTerms) -> Account:
    _refuse_nothing(event.amount_fen)
    if event.amount_fen > account.used_fen:
        raise DataError(
            f"{yuan(event.amount_fen)} cannot be repaid: {yuan(account.used_fen)} are drawn."
        )
    return replace(account, used_fen=account.used_fen - event.amount_fen)


def _spent(account: Account, event: Spent, terms: LedgerTerms) -> Account:
    """Set apart a share of a large payment, never more than is available."""
    _refuse_nothing(event.amount_fen)
    if event.payment_id in account.held_fen:
        raise DataError(f"payment {event.payment_id!r} has already set something apart.")
    if event.amount_fen <= terms.large_fen:
        return account
    held = min(fen(event.amount_fen * terms.freeze_ratio), account.available_fen)
    return replace(account, held_fen={**account.held_fen, event.payment_id: held})


def _released(account: Account, event: Released, _: LedgerTerms) -> Account:
    if event.payment_id not in account.held_fen:
        raise DataError(
            f"payment {event.payment_id!r} has set nothing apart; these have: "
            f"{sorted(account.held_fen)}."
        )
    kept = {name: held for name, held in account.held_fen.items() if name != event.payment_id}
    return replace(account, held_fen=kept)


def _temporary(account: Account, event: TemporaryGranted, terms: LedgerTerms) -> Account:
    _refuse_nothing(event.amount_fen)
    if account.temporary is not None:
        raise DataError(
            f"a temporary limit ends on {account.temporary.ends}; two cannot stand on each other."
        )
    if account.shown_fen == 0 or account.fraud:
        raise DataError("a temporary limit needs a limit that is in force and not frozen.")
    if event.full_months < terms.full_months:
        raise DataError(
            f"a temporary limit takes {terms.full_months} months in a row repaid in full, and "
            f"there are {event.full_months}."
        )
    if not 1 <= event.days <= terms.temporary_days:
        raise DataError(
            f"a temporary limit lasts 1 to {terms.temporary_days} days, not {event.days}."
        )
    ends = local_day(event.at, terms.zone) + timedelta(days=event.days)
    changed = replace(account, temporary=Temporary(amount_fen=event.amount_fen, ends=ends))
    return _shown(_within_the_day(account, changed, terms), terms)


def _frozen(account: Account, _: FraudFrozen, __: LedgerTerms) -> Account:
    if account.fraud:
        raise DataError("the account is already frozen on suspicion of fraud.")
    return replace(account, fraud=True)


def _lifted(account: Account, _: FraudLifted, __: LedgerTerms) -> Account:
    if not account.fraud:
        raise DataError("the account is not frozen on suspicion of fraud.")
    return replace(account, fraud=False)


def _refuse_nothing(amount_fen: int) -> None:
    if amount_fen <= 0:
        raise DataError(f"amount_fen must be above 0, got {amount_fen}.")


_HANDLERS: dict[type[Event], Callable[[Account, Any, LedgerTerms], Account]] = {
    LimitSet: _limit_set, Drawn: _drawn, Repaid: _repaid, Spent: _spent, Released: _released,
    TemporaryGranted: _temporary, FraudFrozen: _frozen, FraudLifted: _lifted,
}  # fmt: skip
