"""Erase a person's values: the chain stays whole, since it holds their hash alone.

First a record of which values go is written to the chain of erasures, then each file that holds
some is written anew without them, beside the old one, and put in its place. A service may log
meanwhile: it waits while the file it writes to is replaced, and goes on in the new one.
"""

from __future__ import annotations

import io
import os
import time
from dataclasses import dataclass
from pathlib import Path

from credit.errors import LogError
from credit.runtime.signature import PrivateKey
from credit.service.log.chain import Chain
from credit.service.log.checkpoints import open_chain
from credit.service.log.fault import refuse
from credit.service.log.lines import Encoded, encode, open_person, person_line
from credit.service.log.read import chains
from credit.service.log.segments import ERASURES, Segment, hold_folder, is_still, locked, put

_SEGMENT_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """How many decisions' values were erased, in how many files."""

    decisions: int
    files: int


def erase(folder: str | Path, subject: str, key: PrivateKey | None = None) -> Erasure:
    """Erase the values of every decision on ``subject``, and who it was.

    What was decided stays, with the request's id and the reasons that were given. Copies of the
    files made elsewhere are not reached. It waits for verifications and replays to end.

    Parameters
    ----------
    folder : str or Path
    subject : str
        As the entries had it.
    key : PrivateKey, optional
        Signs the checkpoint of the erasure, where the log is kept with a key.

    Raises
    ------
    LogError
        There is no log, or a file cannot be written.
    """
    if not subject:
        raise LogError("subject: is empty. Say whose values are to be erased.")
    folder = Path(folder)
    with hold_folder(folder, alone=True):
        return _erase(folder, subject, key)


def _erase(folder: Path, subject: str, key: PrivateKey | None) -> Erasure:
    found = chains(folder)
    chain, checkpoints, _ = open_chain(folder, ERASURES, key, _SEGMENT_BYTES)
    decisions = files = 0
    try:
        for writer, parts in found.items():
            for part in parts if writer != ERASURES else []:
                count = _erase_in(part, subject, chain)
                decisions, files = decisions + count, files + (count > 0)
        checkpoints.write(chain.id, chain.head, time.time_ns() // 1_000)
    except OSError as error:
        raise LogError(
            f"{folder}: the erasure was interrupted ({error.strerror}). Make room, and run it "
            "again."
        ) from error
    finally:
        checkpoints.close()
        chain.close()
    return Erasure(decisions=decisions, files=files)


def _erase_in(part: Segment, subject: str, chain: Chain) -> int:
    """Erase in one file of values; return how many."""
    while True:
        descriptor = os.open(part.values, os.O_RDWR | os.O_CLOEXEC)
        try:
            with locked(descriptor):
                if is_still(descriptor, part.values):
                    return _rewrite(part, subject, chain)
        finally:
            os.close(descriptor)


def _rewrite(part: Segment, subject: str, chain: Chain) -> int:
    named = b'"subject":' + encode(subject)
    lines, gone = [], []
    for number, raw in enumerate(io.BytesIO(part.values.read_bytes()), 1):
        line = raw
        if named in raw:  # may also stand inside a value
            try:
                sequence, person = open_person(raw)
            except ValueError as error:
                refuse(part.values.name, number, str(error))
            if person is not None and person["subject"] == subject:
                gone.append(sequence)
                line = person_line(sequence, None)
        lines.append(line)
    if gone:
        said = {
            "kind": "erasure",
            "at": time.time_ns() // 1_000,
            "writer": part.writer,
            "sequences": gone,
        }
        chain.write([Encoded(encode(said), None)])
        put(part.values, b"".join(lines))
    return len(gone)
