"""A chain: one writer's records, each held by the next; written whole or not at all.

``write`` puts the values of a group on the disk first and its records after, so no record is
there without its values. What fails is cut off again before the next group, and the next group
begins with a record that says so.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from credit.errors import LogError
from credit.service.log import segments as on_disk
from credit.service.log.lines import FORMAT, NO_HASH, Encoded, Head, encode, person_line, seal_line
from credit.service.log.recover import recover
from credit.service.log.segments import Segment

_MOST_WRITERS = 1_000
# Where the size is synced with the data (POSIX); macOS has the slower one alone.
_sync = getattr(os, "fdatasync", os.fsync)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What was cut off a chain's end because it was never answered.

    Attributes
    ----------
    why : str
    refused : int
        Decisions that were refused; 0 where the process died.
    chain_bytes, values_bytes, checkpoint_bytes : int
        What was cut off each file.
    """

    why: str
    refused: int = 0
    chain_bytes: int = 0
    values_bytes: int = 0
    checkpoint_bytes: int = 0

    def and_then(self, later: Cut) -> Cut:
        """Return both as one, with the reason of the later."""
        return Cut(
            why=later.why,
            refused=self.refused + later.refused,
            chain_bytes=self.chain_bytes + later.chain_bytes,
            values_bytes=self.values_bytes + later.values_bytes,
            checkpoint_bytes=self.checkpoint_bytes + later.checkpoint_bytes,
        )


class Chain:
    """A writer's chain, open for writing.

    Parameters
    ----------
    folder : Path
        Of the log; made where it is not there.
    writer : str or None
        Whose chain; None takes the first of ``w0``, ``w1``, ... that no process holds.
    segment_bytes : int
        Size from which a file is closed and the next begun.

    Attributes
    ----------
    id : str
        Random, the same in every file of the chain.
    head : Head
        The last line on the disk.
    pending : Cut or None
        What was cut off and is not yet recorded: the next group begins with it.

    Raises
    ------
    LogError
        Another process writes this chain, its end is damaged, or nothing can be written there.
    """

    def __init__(self, folder: Path, writer: str | None, segment_bytes: int) -> None:
        if writer is not None:
            on_disk.check_writer(writer)
        self.head = Head(0, NO_HASH)
        self.pending: Cut | None = None
        self._broken = False
        self._segment_bytes = segment_bytes
        self._files: tuple[int, ...] = ()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder = folder
            self.writer, self._lock = _lock(folder, writer)
        except OSError as error:
            raise LogError(
                f"{folder}: no decision log can be written there ({error.strerror})."
            ) from error
        try:
            there = on_disk.segments(folder).get(self.writer)
            if there:
                self._resume(there[-1])
            else:
                self.id = secrets.token_hex(16)
                self._begin(self.head)
        except OSError as error:
            self.close()
            raise LogError(
                f"{folder}: {self.writer} cannot be opened ({error.strerror})."
            ) from error
        except LogError:
            self.close()
            raise

    def report(self, cut: Cut) -> None:
        """Let the next group begin with a record of what was cut off."""
        self.pending = cut if self.pending is None else self.pending.and_then(cut)

    def write(self, group: Sequence[Encoded]) -> None:
        """Write records and wait until they are on the disk.

        Raises
        ------
        LogError
            They are not, and nothing of them is left; the next group is tried anew.
        """
        try:
            if self._broken or not self._files:
                self._resume(self._segment, most=self.head.sequence)
            if os.fstat(self._chain).st_size >= self._segment_bytes:
                self._begin(self.head)
            with self._hold():
                self._write(group)
        except OSError as error:
            self.report(Cut(why=error.strerror or str(error), refused=len(group)))
            raise LogError(
                f"decision log {self.writer} in {self.folder}: {error.strerror or error}. "
                f"{len(group)} record(s) are not in the log, so what they decide must not be "
                "answered. It goes on by itself once it can write again."
            ) from error

    def close(self) -> None:
        """Close the files and let another process write the chain."""
        self._close_files()
        os.close(self._lock)

    @property
    def _chain(self) -> int:
        return self._files[0]

    @property
    def _values(self) -> int:
        return self._files[1]

    @contextmanager
    def _hold(self) -> Iterator[None]:
        """Open the segment's files, and keep erasure from putting another in place meanwhile."""
        if not self._files:
            self._open_files()
        while True:
            if not on_disk.is_still(self._chain, self._segment.chain):
                raise OSError(0, f"{self._segment.chain.name} was moved or removed")
            with on_disk.locked(self._values):
                if on_disk.is_still(self._values, self._segment.values):
                    yield
                    return
            self._open_files()

    def _write(self, group: Sequence[Encoded]) -> None:
        cut = [] if self.pending is None else [_cut_record(self.pending)]
        records = [*cut, *group]
        lines, persons, head = [], [], self.head
        for one in records:
            line, head = seal_line(head, one.record)
            lines.append(line)
            if one.person is not None:
                persons.append(person_line(head.sequence, one.person))
        sizes = os.fstat(self._chain).st_size, os.fstat(self._values).st_size
        try:
            on_disk.write_all(self._values, b"".join(persons))
            _sync(self._values)
            on_disk.write_all(self._chain, b"".join(lines))
            _sync(self._chain)
        except BaseException as error:  # whatever it was, half a group must not stay
            self._roll_back(*sizes, why=getattr(error, "strerror", None) or repr(error))
            raise
        self.head, self.pending = head, None

    def _roll_back(self, chain_size: int, values_size: int, *, why: str) -> None:
        """Cut off what a failed group left: records before their values."""
        try:
            torn = self._cut_back(chain_size, values_size)
        except OSError:
            self._broken = True  # cut off before the next group, and reported then
        else:
            self.report(Cut(why=why, chain_bytes=torn[0], values_bytes=torn[1]))

    def _cut_back(self, chain_size: int, values_size: int) -> list[int]:
        """Cut both files to a size and wait for the disk; return how much was cut off each."""
        sizes = ((self._chain, chain_size), (self._values, values_size))
        torn = [os.fstat(file).st_size - size for file, size in sizes]
        for file, size in sizes:
            os.ftruncate(file, size)
            os.fsync(file)
        return torn

    def _begin(self, after: Head) -> None:
        """Begin the next segment: the file of values first, so a chain never lacks it."""
        segment = Segment(self.folder, self.writer, after.sequence + 1)
        if segment.values.exists() and segment.values.stat().st_size:
            raise LogError(
                f"{segment.values.name}: the file of values is there without its chain. Restore "
                f"{segment.chain.name} from a copy, or keep the log in another folder."
            )
        header = {"kind": "header", "format": FORMAT, "chain": self.id, "writer": self.writer}
        line, head = seal_line(after, encode(header))
        on_disk.put(segment.values, b"")
        on_disk.put(segment.chain, line)
        self._segment, self.head = segment, head
        self._open_files()

    def _resume(self, segment: Segment, most: int | None = None) -> None:
        """Open the last segment; cut off what is torn, and records after ``most``."""
        self._segment = segment
        with self._hold():
            end = recover(segment, most)
            torn = self._cut_back(end.chain_size, end.values_size)
        self.id, self.head, self._broken = end.chain, end.head, False
        if any(torn):
            self.report(Cut(why="found torn", chain_bytes=torn[0], values_bytes=torn[1]))

    def _open_files(self) -> None:
        self._close_files()
        chain = on_disk.open_to_append(self._segment.chain)
        try:
            self._files = chain, on_disk.open_to_append(self._segment.values)
        except OSError:
            os.close(chain)
            raise

    def _close_files(self) -> None:
        for file in self._files:
            os.close(file)
        self._files = ()


def _lock(folder: Path, writer: str | None) -> tuple[str, int]:
    for name in [writer] if writer else (f"w{i}" for i in range(_MOST_WRITERS)):
        descriptor = on_disk.try_lock(folder, name)
        if descriptor is not None:
            return name, descriptor
    raise LogError(
        f"{folder}: another process writes the chain {writer or 'of every writer'}. A chain has "
        "one writer: end that process, or name another writer."
    )


def _cut_record(cut: Cut) -> Encoded:
    at = time.time_ns() // 1_000
    return Encoded(encode({"kind": "cut", "at": at, **asdict(cut)}), None)
