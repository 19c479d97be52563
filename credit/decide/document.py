"""Records as JSON has them, and back: every name and type is checked, and every fault has a place.

Days are written ``2026-03-01``. An instant (a field called ``at``, ``instant``, or ending in
``_at``) is UTC microseconds; a text such as ``2026-03-01T10:00:00+08:00`` is read as well.
"""

from __future__ import annotations

import hashlib
import json
import types
from collections.abc import Mapping, Set
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from fractions import Fraction
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from credit.decide.clock import EPOCH, MICROSECOND
from credit.decide.money import exact
from credit.errors import DataError, nearest

T = TypeVar("T")


def sha256(document: Any) -> str:
    """Return the SHA-256 of a document in canonical JSON: sorted names, no spaces."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


_AS_THEY_ARE = frozenset({str, int, float, bool, type(None)})


def plain(value: Any) -> Any:
    """Return a record, or whatever stands in one, as JSON has it."""
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if is_dataclass(kind):
        return {name: plain(getattr(value, name)) for name in _names(kind)}
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, Set | tuple | list):
        items = [plain(one) for one in value]
        return sorted(items) if isinstance(value, Set) else items
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Fraction) else value


def record(kind: type[T], document: Any, where: str) -> T:
    """Return a record of a kind.

    Raises
    ------
    DataError
        A name is unknown or missing, or a value is not of its type; the place is named.
    """
    if not isinstance(document, Mapping):
        raise DataError(f"{where}: {document!r:.80} is not an object with the names of it.")
    hints, known = _hints(cast(Any, kind)), {one.name: one for one in fields(cast(Any, kind))}
    for name in document:
        if name not in known:
            raise DataError(f"{where}: no {name!r} belongs there.{nearest(str(name), known)}")
    for name, one in known.items():
        if name not in document and one.default is MISSING and one.default_factory is MISSING:
            raise DataError(f"{where}: {name!r} is missing.")
    given = {name: _read(hints[name], one, f"{where}.{name}") for name, one in document.items()}
    return kind(**given)


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in fields(cast(Any, kind)))


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _read(kind: Any, value: Any, where: str) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _optional(inner, value, where)
    if isinstance(origin, type):
        return _many(origin, inner, value, where)
    if origin is Literal:
        if value not in inner:
            raise DataError(f"{where}: {value!r} is not one of {inner}.")
        return value
    return (
        record(cast(Any, kind), value, where) if is_dataclass(kind) else _scalar(kind, value, where)
    )


def _optional(inner: tuple[Any, ...], value: Any, where: str) -> Any:
    """Read what may be null; of several kinds the first that is not null is meant."""
    if value is None and type(None) in inner:
        return None
    return _read(next(one for one in inner if one is not type(None)), value, where)


def _many(origin: type, inner: tuple[Any, ...], value: Any, where: str) -> Any:
    if issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise DataError(f"{where}: {value!r:.80} is not an object.")
        return {str(name): _read(inner[1], one, f"{where}.{name}") for name, one in value.items()}
    if not isinstance(value, list):
        raise DataError(f"{where}: {value!r:.80} is not a list.")
    items = [_read(inner[0], one, f"{where}[{place}]") for place, one in enumerate(value)]
    return frozenset(items) if issubclass(origin, Set) else tuple(items)


def _scalar(kind: Any, value: Any, where: str) -> Any:
    name = where.rpartition(".")[2].partition("[")[0]
    timed = name in ("at", "instant") or name.endswith("_at")
    if kind is int and timed and isinstance(value, str):
        return _instant(value, where)
    if kind is date and isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise DataError(f"{where}: {value!r} is no day. Write 2026-03-01.") from error
    if kind is Fraction and _is_number(value):
        return exact(value)
    if kind is float and _is_number(value):
        return float(value)
    fits = {int: int, str: str, bool: bool}.get(kind)
    if fits is None or not isinstance(value, fits) or (kind is int and isinstance(value, bool)):
        words = {
            int: "a whole number",
            float: "a number",
            Fraction: "a number",
            bool: "true or false",
        }
        raise DataError(f"{where}: {value!r:.80} is not {words.get(kind, 'a text')}.")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _instant(text: str, where: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise DataError(f"{where}: {text!r} is no instant.") from error
    if moment.tzinfo is None:
        raise DataError(f"{where}: {text!r} names no zone. Write it with one, such as +08:00.")
    return (moment - EPOCH) // MICROSECOND
