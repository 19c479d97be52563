"""A request for scores, read and checked: one person's features, or many rows of them."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from credit.runtime.scorer import LANGUAGES, Language
from credit.service.fields import Fields, Warned
from credit.service.refusal import unprocessable
from credit.service.strict import members, one_of, text, whole

REASONS = 4
"""Reasons that are given where none are asked for by number: what a notice of refusal holds."""

MOST_REASONS = 64
MOST_SUBJECT = 128
"""Most characters of a subject."""


class Row(NamedTuple):
    """Whose features, and what is unusual in them."""

    features: dict[str, Any]
    subject: str | None
    warned: list[Warned]


class Asked(NamedTuple):
    """What is to be scored, and how it is to be answered."""

    rows: list[Row]
    reasons: int
    language: Language
    many: bool


def read_asked(document: Any, fields: Fields, most_rows: int) -> Asked:
    """Return what a body asks for: ``features``, or ``rows`` of them.

    Raises
    ------
    RequestError
        422: the first member that is not what it must be, by its path.
    """
    if type(document) is dict and "rows" in document:
        body = members(document, "", ("rows",), ("reasons", "language"))
        rows = [_row(row, f"rows[{i}]", fields) for i, row in enumerate(rows_of(body, most_rows))]
        return Asked(rows, *read_manner(body), many=True)
    body = members(document, "", ("features",), ("subject", "reasons", "language"))
    return Asked([_row_of(body, "", fields)], *read_manner(body), many=False)


def rows_of(body: dict[str, Any], most: int) -> list[Any]:
    """Return the rows of a body, at least one and no more than ``most``."""
    rows = body["rows"]
    if type(rows) is not list or not 0 < len(rows) <= most:
        raise unprocessable(
            "rows", "out_of_range", f"A list of 1 to {most} rows is needed.",
            "Send more in several requests.",
        )  # fmt: skip
    return rows


def _row(row: Any, place: str, fields: Fields) -> Row:
    return _row_of(members(row, place, ("features",), ("subject",)), f"{place}.", fields)


def _row_of(body: dict[str, Any], prefix: str, fields: Fields) -> Row:
    features = body["features"]
    subject = body.get("subject")
    if subject is not None:
        subject = text(subject, f"{prefix}subject", MOST_SUBJECT)
    return Row(features, subject, fields.check(features, f"{prefix}features"))


def read_manner(body: dict[str, Any]) -> tuple[int, Language]:
    """Return how many reasons a body asks for, and in which language."""
    reasons, language = REASONS, "en"
    if "reasons" in body:
        reasons = whole(body["reasons"], "reasons", 0, MOST_REASONS)
    if "language" in body:
        language = one_of(body["language"], "language", LANGUAGES)
    return reasons, cast(Language, language)
