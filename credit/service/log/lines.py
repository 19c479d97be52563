"""One line of the log: canonical JSON that carries the hash of the line before it and its own.

A line of the chain is::

    {"hash":H,"previous":P,"record":R,"sequence":n}

with ``H`` the SHA-256 of the line without its first member, and ``P`` the ``H`` of the line
before. A line of values is ``{"person":{"salt":S,"subject":X,"values":V},"sequence":n}``; the
record of the same number holds the SHA-256 of that ``person``. Who lacks the random salt cannot
find the values by trying some; once they are erased (``person`` is null), nobody can.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from credit.errors import LogError
from credit.service.log.entry import Entry

FORMAT = 1
"""Version of the format that this code writes and reads."""

NO_HASH = "0" * 64
"""What the first line of a chain has as the hash of the line before."""

_SALT_BYTES = 16
_HASH = re.compile("[0-9a-f]{64}")
_HASH_AT, _REST_AT = slice(9, 73), 75
_encoder = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def encode(value: Any) -> bytes:
    """Return canonical JSON: sorted keys, no spaces, ASCII, shortest floats that read back equal.

    Raises
    ------
    ValueError, TypeError
        An infinity, NaN, or something that is not JSON.
    """
    return _encoder.encode(value).encode("ascii")


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain stands: the number of its last line, and its hash."""

    sequence: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a chain, read and found to agree with its own hash."""

    sequence: int
    previous: str
    hash: str
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A record, and the person whose commitment is in it, ready to be numbered."""

    record: bytes
    person: bytes | None


def seal_line(after: Head, record: bytes) -> tuple[bytes, Head]:
    """Return the line that holds a record after ``after``, and where the chain then stands."""
    sequence = after.sequence + 1
    rest = b'"previous":"%s","record":%s,"sequence":%d}' % (after.hash.encode(), record, sequence)
    digest = hashlib.sha256(b"{" + rest).hexdigest()
    return b'{"hash":"%s",%s\n' % (digest.encode(), rest), Head(sequence, digest)


def open_line(line: bytes) -> Line:
    """Read a line of a chain.

    Raises
    ------
    ValueError
        It is no such line, or its hash is another; the message says which.
    """
    stated = line[_HASH_AT].decode("ascii", "replace")
    if not line.startswith(b'{"hash":"') or line[73:_REST_AT] != b'",' or line[-2:] != b"}\n":
        raise ValueError("it is not a line of a decision log")
    if hashlib.sha256(b"{" + line[_REST_AT:-1]).hexdigest() != stated:
        raise ValueError("its SHA-256 hash is not the one it states")
    found = json.loads(line)
    if not (isinstance(found, dict) and found.keys() == {"hash", "previous", "record", "sequence"}):
        raise ValueError("it lacks a member, or has one too many")
    sequence, record = found["sequence"], found["record"]
    if type(sequence) is not int or not isinstance(record, dict):
        raise ValueError("its number or its record is of another type")
    return Line(sequence=sequence, previous=found["previous"], hash=stated, record=record)


def person_line(sequence: int, person: bytes | None) -> bytes:
    """Return the line of values of a record; without a person, of values that are erased."""
    return b'{"person":%s,"sequence":%d}\n' % (person or b"null", sequence)


def open_person(line: bytes) -> tuple[int, Mapping[str, Any] | None]:
    """Return the number in a line of values, and the person (None where erased).

    Raises
    ------
    ValueError
        It is no such line.
    """
    found = json.loads(line)
    if not (
        line.endswith(b"}\n")
        and isinstance(found, dict)
        and found.keys() == {"person", "sequence"}
        and type(found["sequence"]) is int
    ):
        raise ValueError("it is not a line of values")
    person = found["person"]
    known = {"salt", "subject", "values"}
    if person is not None and not (isinstance(person, dict) and person.keys() == known):
        raise ValueError("it is not a line of values")
    if person_line(found["sequence"], None if person is None else encode(person)) != line:
        raise ValueError("it is not written as the log writes it")
    return found["sequence"], person


def commitment(person: bytes) -> str:
    """Return what a record says of the values: their hash."""
    return hashlib.sha256(person).hexdigest()


def encode_entry(entry: Entry) -> Encoded:
    """Return an entry as it is logged, but for its number.

    Raises
    ------
    LogError
        Something in it cannot be written and read back equal.
    """
    if not _HASH.fullmatch(entry.artifact):
        raise LogError(
            f"artifact: {entry.artifact!r:.80} is not the SHA-256 of a manifest. Give "
            "the 64 hexadecimal digits in the artifact's manifest.sha256."
        )
    if type(entry.at) is not int:
        raise LogError(f"at: must be whole UTC microseconds, got {entry.at!r:.80}.")
    try:
        person = encode(
            {
                "salt": secrets.token_hex(_SALT_BYTES),
                "subject": entry.subject,
                "values": {name: _plain(value) for name, value in entry.values.items()},
            }
        )
        record = encode(
            {
                "kind": "decision",
                "request_id": entry.request_id,
                "at": entry.at,
                "artifact": entry.artifact,
                "role": entry.role,
                "answer": entry.answer,
                "commitment": commitment(person),
            }
        )
    except (ValueError, TypeError, RecursionError) as error:
        raise LogError(
            f"request {entry.request_id!r:.80}: an entry must be plain JSON with finite numbers "
            f"({error}). Log what was given and what was answered, as texts, numbers and null."
        ) from error
    return Encoded(record, person)


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
