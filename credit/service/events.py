"""Scoring from a person's own raw events: by the declarations that made the training's features.

The service has no engine. Whoever starts it may give it a `RowMaker`; `credit serve --pipeline`
gives it one over an embedded DuckDB. What a maker cannot make, because it looks at other people
too, comes with the request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from credit.errors import CreditError
from credit.service.asked import MOST_SUBJECT, Asked, Row, read_manner
from credit.service.gate import Call, encode
from credit.service.live import Live
from credit.service.refusal import RequestError, at, unprocessable
from credit.service.scoring import Scoring, head_of, result
from credit.service.strict import encodable, members, parse, text, whole

MOST_INSTANT = 2**53 - 1
"""Microseconds since 1970 UTC: every whole number up to here is one in JSON."""

MOST_CHARACTERS = 256
"""Of a text in an event."""


class EventColumn(NamedTuple):
    """A column of an event.

    Attributes
    ----------
    name : str
    kind : {"id", "time", "money", "int", "float", "text", "bool"}
        A time is whole microseconds since 1970 UTC, money is whole fen.
    required : bool
    nullable : bool
    doc : str
    """

    name: str
    kind: str
    required: bool
    nullable: bool
    doc: str


class RowMaker(Protocol):
    """Makes a row of features from one person's own events."""

    @property
    def tables(self) -> Mapping[str, Sequence[EventColumn]]:
        """What it reads; the person's own column is not among a table's, it is filled in."""

    @property
    def open_tables(self) -> Collection[str]:
        """Tables that may hold more columns, of plain values."""

    def makes(self, names: Sequence[str]) -> list[str]:
        """Return those of the features that it can make."""

    def row(
        self,
        subject: str,
        as_of: int,
        events: Mapping[str, list[dict[str, Any]]],
        names: Sequence[str],
    ) -> dict[str, float | str | None]:
        """Return the features of these names, as a batch would hold them.

        Raises
        ------
        RequestError
            The events break a rule of theirs, which is named.
        """


class Events:
    """Answers ``/v1/score/events``.

    Parameters
    ----------
    maker : RowMaker
    live : Live
    scoring : Scoring
    """

    def __init__(self, maker: RowMaker, live: Live, scoring: Scoring) -> None:
        self._maker, self._live, self._scoring = maker, live, scoring
        self._one_at_a_time = asyncio.Semaphore(1)

    async def score_events(self, call: Call) -> str:
        """Answer ``/v1/score/events``: the score of a person as of an instant."""
        loaded = self._live.now
        body = members(
            parse(call.body), "", ("subject", "as_of", "events"),
            ("features", "reasons", "language"),
        )  # fmt: skip
        subject = text(body["subject"], "subject", MOST_SUBJECT)
        as_of = whole(body["as_of"], "as_of", 0, MOST_INSTANT)
        events = self._checked(body["events"])
        reasons, language = read_manner(body)
        made = self._maker.makes([f.name for f in loaded.champion.features])
        given = members(
            body.get("features", {}), "features", (),
            tuple(f.feature.name for f in loaded.fields.fields if f.feature.name not in made),
        )  # fmt: skip
        async with self._one_at_a_time:
            row = await asyncio.to_thread(self._row, subject, as_of, events, made)
        features = {**row, **given}
        checked = Row(features, subject, loaded.fields.check(features, "features"))
        asked = Asked([checked], reasons, language, many=False)
        scores = await self._scoring.answered(loaded, asked, call.request_id)
        head = head_of(call.request_id, loaded.champion)
        return encode({**head, **result(scores[0], checked.warned), "features": features})

    def _row(
        self, subject: str, as_of: int, events: dict[str, list[dict[str, Any]]], made: list[str]
    ) -> dict[str, float | str | None]:
        try:
            return self._maker.row(subject, as_of, events, made)
        except RequestError:
            raise
        except CreditError as error:  # whose sentence may hold a value
            raise unprocessable(
                "events", "bad_events", "No features can be made of them.",
                "See the data contract.",
            ) from error  # fmt: skip

    def _checked(self, given: Any) -> dict[str, list[dict[str, Any]]]:
        tables = self._maker.tables
        events = members(given, "events", (), tuple(tables))
        for name, rows in events.items():
            if type(rows) is not list:
                raise unprocessable(
                    at("events", name), "wrong_type", "A list is needed.", "Send one."
                )
            is_open = name in self._maker.open_tables
            for i, row in enumerate(rows):
                check_event(row, f"events.{name}[{i}]", tables[name], is_open=is_open)
        return events


def check_event(row: Any, place: str, columns: Sequence[EventColumn], *, is_open: bool) -> None:
    """Refuse an event whose columns or values are not those of its table.

    Raises
    ------
    RequestError
        422: the first column that is wrong, and the rule.
    """
    required = tuple(column.name for column in columns if column.required)
    optional = tuple(column.name for column in columns if not column.required)
    known = {column.name: column for column in columns}
    more = tuple(row) if is_open and type(row) is dict else ()
    for name, value in members(row, place, required, optional + more).items():
        column = known.get(name)
        if value is None and (column is None or column.nullable):
            continue
        kind = column.kind if column else "plain"
        if not _FITS[kind](value):
            raise unprocessable(
                at(place, name), "wrong_type", f"It must be {_WORDS[kind]}.",
                "Convert it; see the data contract.",
            )  # fmt: skip


def _is_text(value: Any) -> bool:
    return type(value) is str and len(value) <= MOST_CHARACTERS and encodable(value)


def _is_whole(value: Any) -> bool:
    return type(value) is int and abs(value) <= MOST_INSTANT


def _is_number(value: Any) -> bool:
    return type(value) in {int, float} and abs(value) <= 1e300


_FITS: Mapping[str, Callable[[Any], bool]] = {
    "id": lambda value: _is_text(value) or _is_whole(value),
    "time": _is_whole,
    "money": _is_whole,
    "int": _is_whole,
    "float": _is_number,
    "text": _is_text,
    "bool": lambda value: type(value) is bool,
    "plain": lambda value: _is_text(value) or _is_number(value),
}

_WORDS = {
    "id": "a text or a whole number",
    "time": "whole microseconds since 1970 UTC",
    "money": "whole fen",
    "int": "a whole number",
    "float": "a number",
    "text": f"a text of at most {MOST_CHARACTERS} characters",
    "bool": "true or false",
    "plain": "a text or a number",
}

_WHOLE = {"type": "integer", "minimum": -MOST_INSTANT, "maximum": MOST_INSTANT}
_TEXT = {"type": "string", "maxLength": MOST_CHARACTERS}
_NUMBER = {"type": "number", "minimum": -1e300, "maximum": 1e300}

_SCHEMAS: Mapping[str, dict[str, Any]] = {
    "id": {"anyOf": [_TEXT, _WHOLE]},
    "time": _WHOLE,
    "money": _WHOLE,
    "int": _WHOLE,
    "float": _NUMBER,
    "text": _TEXT,
    "bool": {"type": "boolean"},
}


def events_schema(maker: RowMaker) -> dict[str, Any]:
    """Return what ``events`` may hold, as JSON Schema."""
    tables = {}
    for name, columns in maker.tables.items():
        properties = {
            column.name: {
                "anyOf": [_SCHEMAS[column.kind], *([{"type": "null"}] if column.nullable else [])],
                "description": column.doc,
            }
            for column in columns
        }
        more = {"anyOf": [_TEXT, _NUMBER, {"type": "null"}]} if name in maker.open_tables else False
        item = {
            "type": "object", "properties": properties, "additionalProperties": more,
            "required": [column.name for column in columns if column.required],
        }  # fmt: skip
        tables[name] = {"type": "array", "items": item}
    return {"type": "object", "properties": tables, "additionalProperties": False}
