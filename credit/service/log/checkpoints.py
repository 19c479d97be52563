"""Where a chain stood, signed: what was logged before a checkpoint cannot be cut off unseen."""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from credit.errors import LogError
from credit.runtime.signature import PrivateKey, PublicKey
from credit.service.log.chain import Chain, Cut
from credit.service.log.fault import refuse
from credit.service.log.lines import Head, encode
from credit.service.log.segments import checkpoints_of, open_to_append, put, write_all

_SIGNED_AS = b"credit decision log, checkpoint, format 1\n"
_END_BYTES = 4_096  # a line has some 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The chain ``chain`` of ``writer`` had ``hash`` at line ``sequence`` at the instant ``at``.

    ``at`` is in UTC microseconds.
    """

    at: int
    chain: str
    hash: str
    sequence: int
    writer: str

    def message(self) -> bytes:
        """Return what is signed."""
        return _SIGNED_AS + encode(asdict(self))


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint with its signature, None where the log was kept without a key."""

    checkpoint: Checkpoint
    signature: bytes | None

    def signed_by(self, key: PublicKey) -> bool:
        """Whether the signature is that key's."""
        return self.signature is not None and key.signed(self.checkpoint.message(), self.signature)


def encode_checkpoint(checkpoint: Checkpoint, key: PrivateKey | None) -> bytes:
    """Return the line of a checkpoint."""
    signature = None if key is None else key.sign(checkpoint.message()).hex()
    return encode({"checkpoint": asdict(checkpoint), "signature": signature}) + b"\n"


def open_checkpoint(line: bytes) -> Signed:
    """Read the line of a checkpoint.

    Raises
    ------
    ValueError
        It is no such line.
    """
    try:
        found = json.loads(line)
        checkpoint = Checkpoint(**found["checkpoint"])
        signature = found["signature"]
        signature = None if signature is None else bytes.fromhex(signature)
        written = encode(
            {"checkpoint": asdict(checkpoint), "signature": signature and signature.hex()}
        )
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError("it is not a checkpoint") from error
    if type(checkpoint.sequence) is not int or written + b"\n" != line:
        raise ValueError("it is not written as the log writes it")
    return Signed(checkpoint, signature)


def read_checkpoints(path: Path) -> tuple[list[Signed], int]:
    """Return the checkpoints in a file, and the bytes of a torn last line.

    Raises
    ------
    BrokenLogError
        A line is no checkpoint.
    """
    *lines, torn = path.read_bytes().split(b"\n")
    found: list[Signed] = []
    for number, line in enumerate(lines, 1):
        try:
            found.append(open_checkpoint(line + b"\n"))
        except ValueError as error:
            refuse(path.name, number, str(error))
    return found, len(torn)


def _read_end(path: Path) -> tuple[Signed | None, int]:
    """Return the last checkpoint in a file, and the bytes of a torn last line.

    Raises
    ------
    BrokenLogError
        The last line is no checkpoint.
    """
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _END_BYTES))
        *lines, torn = file.read().split(b"\n")
    if not lines:
        return None, len(torn)
    try:
        return open_checkpoint(lines[-1] + b"\n"), len(torn)
    except ValueError as error:
        refuse(path.name, 0, f"of the last line, {error}")


class Checkpoints:
    """The checkpoints of one chain, written by who writes the chain.

    Parameters
    ----------
    folder, writer
        Whose chain it is.
    key : PrivateKey or None
        Signs; without it a checkpoint guards against accidents alone.

    Attributes
    ----------
    last : Signed or None
        The last that was there when it was opened.
    torn : int
        Bytes of a torn last line, which is cut off.
    """

    def __init__(self, folder: Path, writer: str, key: PrivateKey | None) -> None:
        path = checkpoints_of(folder, writer)
        if not path.exists():
            put(path, b"")
        self.last, self.torn = _read_end(path)
        self._writer, self._key = writer, key
        self._file = open_to_append(path)
        if self.torn:
            os.ftruncate(self._file, os.fstat(self._file).st_size - self.torn)

    def write(self, chain: str, head: Head, at: int) -> None:
        """Write where the chain stands.

        Raises
        ------
        OSError
            It could not be written, and nothing of it is left.
        """
        checkpoint = Checkpoint(
            at=at, chain=chain, hash=head.hash, sequence=head.sequence, writer=self._writer
        )
        size = os.fstat(self._file).st_size
        try:
            write_all(self._file, encode_checkpoint(checkpoint, self._key))
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, size)
            raise

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def open_chain(
    folder: Path, writer: str | None, key: PrivateKey | None, segment_bytes: int
) -> tuple[Chain, Checkpoints, Cut | None]:
    """Open a chain with its checkpoints; return them, and what was torn and is cut off.

    Parameters are those of `Chain` and `Checkpoints`. What was cut off is recorded at once, or,
    where the disk is full, at the beginning of the next group.

    Raises
    ------
    LogError
        As `Chain`; or the chain ends before its last checkpoint.
    """
    chain = Chain(folder, writer, segment_bytes)
    try:
        checkpoints = Checkpoints(folder, chain.writer, key)
    except OSError as error:
        chain.close()
        raise LogError(f"{folder}: no checkpoint can be written ({error.strerror}).") from error
    except LogError:
        chain.close()
        raise
    try:
        _check_end(chain, checkpoints)
    except LogError:
        checkpoints.close()
        chain.close()
        raise
    if checkpoints.torn:
        chain.report(Cut(why="found torn", checkpoint_bytes=checkpoints.torn))
    found = chain.pending
    if found is not None:
        with contextlib.suppress(LogError):
            chain.write([])
    return chain, checkpoints, found


def _check_end(chain: Chain, checkpoints: Checkpoints) -> None:
    """Refuse a chain that ends before its last checkpoint: records were cut off it."""
    last = checkpoints.last.checkpoint.sequence if checkpoints.last else 0
    if last > chain.head.sequence:
        raise LogError(
            f"{chain.writer} in {chain.folder}: a checkpoint says the chain had {last} records, "
            f"but it ends at {chain.head.sequence}: its end was cut off. Restore it from a copy, "
            "or move this writer's files elsewhere and keep them."
        )
