"""Files of a log: how they are named, locked, and written so that they stay.

A chain is written by one process at a time, the *writer*. Its files begin with the writer's name;
a *segment* is a file of the chain and the file of its values, named by the number of its first
line::

    w0.lock                           held by the process that writes
    w0.000000000001.chain.jsonl       what was decided
    w0.000000000001.values.jsonl      on whose values; what erasure rewrites
    w0.checkpoints.jsonl              where the chain stood, signed
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from credit.errors import LogError

ERASURES = "erasures"
"""The writer whose chain says which values were erased."""

_WRITER = re.compile("[A-Za-z0-9_-]{1,64}")
_CHAIN = re.compile(r"([A-Za-z0-9_-]{1,64})\.([0-9]{12,})\.chain\.jsonl")


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """A file of a chain with the file of its values."""

    folder: Path
    writer: str
    first: int

    @property
    def chain(self) -> Path:
        """The file of the chain."""
        return self.folder / f"{self.writer}.{self.first:012d}.chain.jsonl"

    @property
    def values(self) -> Path:
        """The file of the values."""
        return self.folder / f"{self.writer}.{self.first:012d}.values.jsonl"


def check_writer(writer: str) -> None:
    """Refuse a name that cannot begin a file's name."""
    if not _WRITER.fullmatch(writer):
        raise LogError(
            f"writer: {writer!r:.80} must be 1 to 64 of the letters A-Z and a-z, digits, - and _."
        )


def segments(folder: Path) -> dict[str, list[Segment]]:
    """Return writer -> its segments, oldest first."""
    found: dict[str, list[Segment]] = {}
    for path in sorted(folder.iterdir()):
        if match := _CHAIN.fullmatch(path.name):
            found.setdefault(match[1], []).append(Segment(folder, match[1], int(match[2])))
    return {writer: sorted(parts) for writer, parts in sorted(found.items())}


def checkpoints_of(folder: Path, writer: str) -> Path:
    """Return the file of a writer's checkpoints."""
    return folder / f"{writer}.checkpoints.jsonl"


def try_lock(folder: Path, writer: str) -> int | None:
    """Take a writer's lock until the process ends; None where another process holds it."""
    path = folder / f"{writer}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _own_as(descriptor, folder)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if error.errno in {errno.EWOULDBLOCK, errno.EACCES}:
            return None
        raise
    return descriptor


def is_written(folder: Path, writer: str) -> bool:
    """Whether a process has the chain open at this moment."""
    try:
        descriptor = os.open(folder / f"{writer}.lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def locked(descriptor: int) -> Iterator[None]:
    """Hold a file alone: the writer against who erases."""
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


@contextmanager
def hold_folder(folder: Path, *, alone: bool) -> Iterator[None]:
    """Wait until nobody erases in a log, and, where ``alone``, until nobody reads it either.

    Values would go after what erased them was read. Who logs is not held up.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise LogError(
            f"{folder}: there is no such folder ({error.strerror}). Give the folder of a decision "
            "log."
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def open_to_append(path: Path) -> int:
    """Open a file that is there for appending."""
    return os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)


def is_still(descriptor: int, path: Path) -> bool:
    """Whether an open file is the one that its path names."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(descriptor), there)


def _own_as(descriptor: int, path: Path) -> None:
    """Give an open file to who owns ``path``: what an administrator writes, the service reads."""
    there, own = path.stat(), os.fstat(descriptor)
    if (there.st_uid, there.st_gid) != (own.st_uid, own.st_gid):
        os.fchown(descriptor, there.st_uid, there.st_gid)


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of ``content``: a nearly full disk takes a part and says so."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def sync_folder(folder: Path) -> None:
    """Wait until a file's name is on the disk, not only its content."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put(path: Path, content: bytes) -> None:
    """Put a file in its place whole: written beside, synced, renamed, its folder synced.

    It belongs to who owned the one before, or owns the folder.
    """
    partial = path.with_name(f".{path.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        try:
            _own_as(descriptor, path if path.exists() else path.parent)
            write_all(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
