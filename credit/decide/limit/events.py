"""What happens to a limit account: plain records, the log of which is the account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from credit.errors import DataError, nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSet:
    """The lender sets the limit it shows."""

    at: int
    shown_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The person draws an amount."""

    at: int
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaid:
    """The person repays principal."""

    at: int
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A payment; a large one sets a share of itself apart until it is released."""

    at: int
    payment_id: str
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """What a payment set apart is free again."""

    at: int
    payment_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporaryGranted:
    """A higher limit for some days, for whoever repaid in full ``full_months`` in a row."""

    at: int
    amount_fen: int
    days: int
    full_months: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FraudFrozen:
    """Fraud is suspected: all that is available is frozen at once, whatever the daily cap."""

    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FraudLifted:
    """The suspicion is over."""

    at: int


Event = LimitSet | Drawn | Repaid | Spent | Released | TemporaryGranted | FraudFrozen | FraudLifted

_KINDS: Mapping[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        LimitSet, Drawn, Repaid, Spent, Released, TemporaryGranted, FraudFrozen, FraudLifted,
    )
}  # fmt: skip


def plain(event: Event) -> dict[str, Any]:
    """Return an event as plain data that `event_of` reads back.

    >>> plain(Drawn(at=5, amount_fen=100))
    {'event': 'Drawn', 'at': 5, 'amount_fen': 100}
    """
    return {"event": type(event).__name__, **asdict(event)}


def event_of(data: Mapping[str, Any]) -> Event:
    """Return the event of plain data.

    Raises
    ------
    DataError
        It names no event, lacks a field or has one too many, or a field is of another type.
    """
    name = str(data.get("event"))
    if name not in _KINDS:
        raise DataError(f"event: {name!r} is not one of {sorted(_KINDS)}.{nearest(name, _KINDS)}")
    given = {key: value for key, value in data.items() if key != "event"}
    own = {one.name for one in fields(_KINDS[name])}
    if set(given) != own:
        raise DataError(f"event {name}: it has {sorted(given)}, and needs exactly {sorted(own)}.")
    for key, value in given.items():
        wanted = str if key == "payment_id" else int
        if not isinstance(value, wanted) or isinstance(value, bool):
            raise DataError(f"event {name}: {key} must be {wanted.__name__}, got {value!r}.")
    return _KINDS[name](**given)
