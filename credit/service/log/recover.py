"""Where a chain's last file soundly ends.

A process that is killed, or a disk that is full, leaves a last line that is cut short; a machine
that loses power may leave zeros there. That was never answered, and is cut off. Anything else that
is wrong is damage to what may have been answered: it is refused, never cut off.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from credit.errors import LogError
from credit.service.log.lines import Head, Line, open_line, open_person
from credit.service.log.segments import Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The sound part of a segment.

    Attributes
    ----------
    chain : str
        The chain's id.
    head : Head
        Its last line.
    chain_size, values_size : int
        Bytes to keep of each file.
    """

    chain: str
    head: Head
    chain_size: int
    values_size: int


def recover(segment: Segment, most: int | None = None) -> End:
    """Read the last segment of a chain and return where it soundly ends.

    Parameters
    ----------
    segment : Segment
    most : int, optional
        Number of the last record that was not refused: what follows is no part of it.

    Raises
    ------
    LogError
        It is damaged, not only torn; or it lacks values.
    """
    lines, chain_size = _sound_lines(segment.chain, most)
    if not lines or lines[0].record.get("kind") != "header":
        _refuse(segment.chain, 1, "it is not the header of a chain")
    decided = [line.sequence for line in lines if line.record.get("kind") == "decision"]
    head = Head(lines[-1].sequence, lines[-1].hash)
    last, values_size = _sound_values(segment.values, head.sequence)
    if last != (decided[-1] if decided else 0):
        raise LogError(
            f"{segment.values.name}: the values end at record {last}, but {segment.chain.name} "
            f"at {decided[-1] if decided else 0}. {_WAY_OUT}"
        )
    return End(
        chain=str(lines[0].record.get("chain")),
        head=head,
        chain_size=chain_size,
        values_size=values_size,
    )


_WAY_OUT = (
    "Nothing was changed. `credit log verify` says more; restore the files from a copy, or move "
    "those of this writer elsewhere and keep them."
)


def _refuse(path: Path, number: int, why: object) -> NoReturn:
    raise LogError(f"{path.name}, line {number}: {why}. {_WAY_OUT}")


def _is_torn(rest: bytes) -> bool:
    """Whether the bytes after the last sound line are an end cut short, or zeros."""
    return b"\n" not in rest or b"\0" in rest


def _sound_lines(path: Path, most: int | None) -> tuple[list[Line], int]:
    content = path.read_bytes()
    lines: list[Line] = []
    size = 0
    for number, raw in enumerate(io.BytesIO(content), 1):
        try:
            line = open_line(raw)
        except (ValueError, RecursionError) as error:
            rest = content[size:]
            if not _is_torn(rest) or any(map(_opens, rest.split(b"\n")[1:])):
                _refuse(path, number, error)
            break
        if most is not None and line.sequence > most:
            break
        before = lines[-1] if lines else None
        if before and (line.previous, line.sequence) != (before.hash, before.sequence + 1):
            _refuse(path, number, "it does not follow the line before it")
        lines.append(line)
        size += len(raw)
    return lines, size


def _opens(line: bytes) -> bool:
    try:
        open_line(line + b"\n")
    except (ValueError, RecursionError):
        return False
    return True


def _sound_values(path: Path, most: int) -> tuple[int, int]:
    """Return the number of the last values up to record ``most``, and the bytes up to them."""
    content = path.read_bytes()
    last, size = 0, 0
    for number, raw in enumerate(io.BytesIO(content), 1):
        try:
            sequence, _ = open_person(raw)
        except (ValueError, RecursionError) as error:
            if not _is_torn(content[size:]):
                _refuse(path, number, error)
            break
        if sequence > most:
            break
        if sequence <= last:
            _refuse(path, number, "it does not follow the line before it")
        last, size = sequence, size + len(raw)
    return last, size
