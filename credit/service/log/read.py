"""Read a log and check it on the way: the first fault ends the reading."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from credit.errors import LogError
from credit.service.log.fault import TORN, refuse
from credit.service.log.lines import (
    FORMAT,
    NO_HASH,
    Head,
    Line,
    commitment,
    encode,
    open_line,
    open_person,
)
from credit.service.log.segments import ERASURES, Segment, is_written, segments


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record as it was read: where it is, what it says, and whose values it is about.

    ``person`` holds ``salt``, ``subject`` and ``values``; None where they are erased, and of
    records that decide nothing.
    """

    file: str
    number: int
    line: Line
    person: Mapping[str, Any] | None

    @property
    def kind(self) -> str:
        """``header``, ``decision``, ``cut`` or ``erasure``."""
        return str(self.line.record.get("kind"))


def chains(folder: Path) -> dict[str, list[Segment]]:
    """Return writer -> segments of a log's folder.

    Raises
    ------
    LogError
        There is no log.
    BrokenLogError
        Values are there without their chain.
    """
    if not folder.is_dir():
        raise LogError(f"{folder}: there is no such folder. Give the folder of a decision log.")
    found = segments(folder)
    known = {part.values for parts in found.values() for part in parts}
    for path in sorted(folder.glob("*.values.jsonl")):
        # A chain that is being begun has an empty file of values for a moment.
        if path not in known and path.stat().st_size:
            refuse(path.name, 0, "these values have no chain: its file is missing")
    if not found:
        raise LogError(f"{folder}: holds no decision log. Give the folder that a service logs to.")
    return found


def erased(found: Mapping[str, list[Segment]]) -> dict[str, set[int]]:
    """Return writer -> numbers of the records whose values were erased."""
    result: dict[str, set[int]] = {}
    for record in read_chain(found.get(ERASURES, [])):
        if record.kind == "erasure":
            said = record.line.record
            result.setdefault(said["writer"], set()).update(said["sequences"])
    return result


def read_chain(parts: list[Segment], gone: Collection[int] = ()) -> Iterator[Record]:
    """Yield the records of one chain, checked against each other and against their values.

    Parameters
    ----------
    parts : list of Segment
        All of the chain's, oldest first.
    gone : collection of int
        Records whose values were erased.

    Raises
    ------
    BrokenLogError
        At the first line that is not what was written.
    """
    after, chain = Head(0, NO_HASH), None
    for part in parts:
        live = part == parts[-1] and is_written(part.folder, part.writer)
        content = part.chain.read_bytes()  # before the values, which are written first
        persons = _Persons(part.values, live=live)
        if part.first != after.sequence + 1:
            refuse(part.chain.name, 0, f"the file before it is missing, from {after.sequence + 1}")
        for number, raw in enumerate(io.BytesIO(content), 1):
            if live and not raw.endswith(b"\n"):
                break  # being written at this moment
            line = _follow(part.chain.name, number, raw, after)
            after = Head(line.sequence, line.hash)
            if number == 1:
                chain = _check_header(part, line, chain)
            person = None
            if line.record.get("kind") == "decision":
                person = persons.of(line, erased=line.sequence in gone)
            yield Record(file=part.chain.name, number=number, line=line, person=person)
        if not content:
            refuse(part.chain.name, 0, "the file is empty")
        persons.end()


def _follow(file: str, number: int, raw: bytes, after: Head) -> Line:
    if not raw.endswith(b"\n"):
        refuse(file, number, f"the line is cut short after {len(raw)} bytes", TORN)
    try:
        line = open_line(raw)
    except (ValueError, RecursionError) as error:
        refuse(file, number, str(error))
    if line.sequence != after.sequence + 1:
        refuse(
            file, number, f"it is record {line.sequence}, where {after.sequence + 1} must follow"
        )
    if line.previous != after.hash:
        refuse(file, number, "the hash of the line before it is not the one it states")
    return line


def _check_header(part: Segment, line: Line, chain: str | None) -> str:
    said = line.record
    if said.get("kind") != "header":
        refuse(part.chain.name, 1, "it is not the header of a chain")
    if said.get("format") != FORMAT:
        refuse(
            part.chain.name, 1, f"unknown format {said.get('format')!r}",
            f"This version of credit reads format {FORMAT}: use the one that wrote it.",
        )  # fmt: skip
    if said.get("writer") != part.writer or chain not in {None, said.get("chain")}:
        refuse(part.chain.name, 1, "it is the header of another chain")
    return str(said.get("chain"))


class _Persons:
    """The values of a segment, taken one after the other beside its chain."""

    def __init__(self, path: Path, *, live: bool) -> None:
        self._file, self._live = path.name, live
        try:
            self._lines = io.BytesIO(path.read_bytes())
        except FileNotFoundError:
            refuse(path.name, 0, "the file of values is missing")
        self._number = 0

    def of(self, line: Line, *, erased: bool) -> Mapping[str, Any] | None:
        """Return the person of a decision, found to be the one it commits to."""
        self._number += 1
        try:
            sequence, person = open_person(self._lines.readline())
        except (ValueError, RecursionError) as error:
            refuse(self._file, self._number, f"{error}, but record {line.sequence} has values")
        if sequence != line.sequence:
            refuse(self._file, self._number, f"values of {sequence}, but {line.sequence} has some")
        if person is None:
            if not erased:
                refuse(self._file, self._number, "values are gone, but no erasure says so")
            return None
        if erased:
            refuse(
                self._file, self._number, "values are there that were to be erased",
                "The erasure was interrupted: run `credit log erase` again for that subject.",
            )  # fmt: skip
        if commitment(encode(person)) != line.record.get("commitment"):
            refuse(self._file, self._number, f"not the values that record {line.sequence} was of")
        return person

    def end(self) -> None:
        """Refuse values that are left over, unless they are just being written."""
        if not self._live and self._lines.readline():
            refuse(self._file, self._number + 1, "values without a record", TORN)
