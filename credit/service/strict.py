"""Strict JSON from bytes: UTF-8, no NaN or Infinity, no key twice, no bottomless nesting."""

from __future__ import annotations

from json import JSONDecoder
from typing import Any, NoReturn

from credit.service.refusal import RequestError, at, unprocessable


def parse(body: bytes) -> Any:
    """Return the document in ``body``.

    Raises
    ------
    RequestError
        400: the body is not UTF-8, not JSON, nested too deeply, or an object holds a key twice,
        or NaN or Infinity; which one, is named.

    Notes
    -----
    A number too large for a double becomes an infinity here, and is refused by its field.
    """
    try:
        return _decode(body.decode("utf-8"))
    except RequestError:
        raise
    except _ConstantError as error:
        raise RequestError(
            400, "bad_number", f"{error} is not JSON.", "Send null where unknown.", _place(body)
        ) from error
    except RecursionError as error:
        raise _bad("too_deep", "is nested too deeply.", "No request needs five levels.") from error
    except ValueError as error:  # also of bytes that are no UTF-8, and of endless integers
        raise _bad("bad_json", "is not JSON in UTF-8.", "Send one JSON object.") from error


def _bad(error: str, rule: str, way_out: str, field: str | None = None) -> RequestError:
    return RequestError(400, error, f"The {'key' if field else 'body'} {rule}", way_out, field)


class _ConstantError(ValueError):
    """NaN, Infinity or -Infinity stands where a value should."""


def _refuse_constant(literal: str) -> NoReturn:
    raise _ConstantError(literal)


def _place(body: bytes) -> str | None:
    """Return where the first NaN or Infinity stands; None where the rest is no JSON either."""
    try:
        document = JSONDecoder(parse_constant=_ConstantError).decode(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    left: list[tuple[str, Any]] = [("", document)]
    while left:
        place, value = left.pop()
        if isinstance(value, _ConstantError):
            return place or None
        if isinstance(value, dict):
            left += [(at(place, name), one) for name, one in reversed(value.items())]
        elif isinstance(value, list):
            inside = [(f"{place}[{i}]", one) for i, one in enumerate(value)]
            left += reversed(inside)
    return None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise _bad("key_twice", "is there twice.", "Send each key once.", at("", name))
            seen.add(name)
    return found


_decode = JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant).decode


def members(
    value: Any, place: str, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return an object that has these members and no other.

    Raises
    ------
    RequestError
        422: it is none, lacks a member, or has one that is not known; which, is named.
    """
    if type(value) is not dict:
        raise unprocessable(
            place or "body", "wrong_type", "An object is needed.", f"It has {list(required)}."
        )
    for name in required:
        if name not in value:
            raise unprocessable(at(place, name), "missing_field", "It is needed.", "Add it.")
    if len(value) > len(required):
        for name in value:
            if name not in required and name not in optional:
                raise unprocessable(
                    at(place, name), "unknown_field", "There is no such field here.",
                    f"Remove it; known are {[*required, *optional]}.",
                )  # fmt: skip
    return value


def text(value: Any, place: str, most: int) -> str:
    """Return a text of 1 to ``most`` characters, each of which has a form in UTF-8.

    Raises
    ------
    RequestError
        422: it is none, or holds half of a surrogate pair.
    """
    if type(value) is not str or not 0 < len(value) <= most or not encodable(value):
        raise unprocessable(
            place, "wrong_type", f"A text of 1 to {most} characters is needed.", "Send one."
        )
    return value


def encodable(value: str) -> bool:
    """Whether a text can be written in UTF-8: JSON can escape half of a surrogate pair."""
    if value.isascii():
        return True
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def whole(value: Any, place: str, low: int, high: int) -> int:
    """Return a whole number in ``low <= value <= high``; 4.0 is one, as in JSON Schema.

    Raises
    ------
    RequestError
        422: it is none, or out of range.
    """
    number = type(value) is int or (type(value) is float and value.is_integer())
    if not number or not low <= value <= high:
        raise unprocessable(
            place, "out_of_range", f"A whole number from {low} to {high} is needed.", "Send one."
        )
    return int(value)


def one_of(value: Any, place: str, allowed: tuple[str, ...]) -> str:
    """Return one of some texts.

    Raises
    ------
    RequestError
        422: it is none of them.
    """
    if type(value) is not str or value not in allowed:
        raise unprocessable(
            place, "unknown_choice", f"One of {list(allowed)} is needed.", "Send one of them."
        )
    return value
