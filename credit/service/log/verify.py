"""Verify a log: every line, every link, every value, every checkpoint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from credit.errors import LogError
from credit.runtime.signature import PublicKey, PublicSource
from credit.service.log.checkpoints import Checkpoint, read_checkpoints
from credit.service.log.fault import TORN, BrokenLogError, Fault, refuse
from credit.service.log.lines import Line
from credit.service.log.read import Record, chains, erased, read_chain
from credit.service.log.segments import Segment, hold_folder, is_written

_SUFFIX = ".checkpoints.jsonl"
_CUT_OFF = "Records were cut off or changed since: restore the chain from a copy."


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was found in a log, up to its first fault.

    Attributes
    ----------
    chains, decisions : int
    erased : int
        Decisions whose values were erased.
    cuts : int
        Records of an end that was cut off: of a process killed, or a disk that was full.
    refused : int
        Decisions these say were refused.
    checkpoints : int
    covered : int
        Decisions before their chain's last checkpoint: none can be cut off or changed unseen by
        who cannot change the checkpoint too.
    fault : Fault or None
    """

    chains: int = 0
    decisions: int = 0
    erased: int = 0
    cuts: int = 0
    refused: int = 0
    checkpoints: int = 0
    covered: int = 0
    fault: Fault | None = None


def verify(
    folder: str | Path,
    public_key: PublicSource | None = None,
    *,
    checkpoints: str | Path | None = None,
) -> Verification:
    """Verify a decision log; a service may write it meanwhile.

    Parameters
    ----------
    folder : str or Path
    public_key : PublicKey, or str, Path or bytes of its PEM, optional
        Then every chain must have checkpoints, all signed by it.
    checkpoints : str or Path, optional
        A folder with checkpoints kept elsewhere, held against the log as well.

    Raises
    ------
    LogError
        There is no log to verify.
    """
    folder = Path(folder)
    folders = [folder] if checkpoints is None else [folder, Path(checkpoints)]
    key = None if public_key is None else PublicKey.read(public_key)
    count: Counter[str] = Counter()
    try:
        with hold_folder(folder, alone=False):
            _verify(folders, key, count)
    except BrokenLogError as error:
        return Verification(**count, fault=error.fault)
    return Verification(**count, fault=None)


def _verify(folders: list[Path], key: PublicKey | None, count: Counter[str]) -> None:
    """Count what is in the first folder, up to the first fault."""
    stated = _checkpoints(folders, key)  # before the chains, which are written first
    found = chains(folders[0])
    for writer in stated.keys() - found.keys():
        refuse(f"{writer}{_SUFFIX}", 0, f"the chain of {writer}, which it tells of, is missing")
    gone = erased(found)
    for writer, parts in found.items():
        if key is not None and writer not in stated:
            refuse(
                f"{writer}{_SUFFIX}", 0, f"the chain of {writer} has no checkpoint",
                "It was kept without a key, or its checkpoints were removed: verify it without a "
                "key, or restore them from a copy.",
            )  # fmt: skip
        count["chains"] += 1
        _verify_chain(parts, stated.get(writer, {}), gone.get(writer, frozenset()), count)


def _verify_chain(
    parts: list[Segment],
    stated: Mapping[int, Checkpoint],
    gone: Collection[int],
    count: Counter[str],
) -> None:
    last = max(stated, default=0)
    ended = 0
    for record in read_chain(parts, gone):
        ended = record.line.sequence
        if ended in stated:
            _compare(stated[ended], record.line, record, parts[0])
            count["checkpoints"] += 1
        _take(record, count)
        count["covered"] += record.kind == "decision" and ended <= last
    if ended < last:
        refuse(
            parts[-1].chain.name, 0,
            f"it ends at record {ended}, but a checkpoint says there were {last}", _CUT_OFF,
        )  # fmt: skip


def _take(record: Record, count: Counter[str]) -> None:
    if record.kind == "decision":
        count["decisions"] += 1
        count["erased"] += record.person is None
    elif record.kind == "cut":
        count["cuts"] += 1
        count["refused"] += int(record.line.record["refused"])


def _compare(checkpoint: Checkpoint, line: Line, record: Record, first: Segment) -> None:
    if (checkpoint.hash, checkpoint.writer) != (line.hash, first.writer):
        refuse(
            record.file, record.number,
            f"a checkpoint says that record {line.sequence} was another", _CUT_OFF,
        )  # fmt: skip


def _checkpoints(folders: list[Path], key: PublicKey | None) -> dict[str, dict[int, Checkpoint]]:
    """Return writer -> number of a record -> the checkpoint that tells of it."""
    found: dict[str, dict[int, Checkpoint]] = {}
    for folder in folders:
        if not folder.is_dir():
            raise LogError(f"{folder}: there is no such folder.")
        for path in sorted(folder.glob(f"*{_SUFFIX}")):
            of_writer = found.setdefault(path.name.removesuffix(_SUFFIX), {})
            for checkpoint in _read(path, key):
                known = of_writer.setdefault(checkpoint.sequence, checkpoint)
                if known.hash != checkpoint.hash:
                    refuse(
                        path.name, 0,
                        f"two checkpoints disagree on record {checkpoint.sequence}", _CUT_OFF,
                    )  # fmt: skip
    return {writer: of_writer for writer, of_writer in found.items() if of_writer}


def _read(path: Path, key: PublicKey | None) -> list[Checkpoint]:
    signed, torn = read_checkpoints(path)
    if torn and not is_written(path.parent, path.name.removesuffix(_SUFFIX)):
        refuse(path.name, len(signed) + 1, f"the line is cut short after {torn} bytes", TORN)
    for number, one in enumerate(signed, 1):
        if key is not None and not one.signed_by(key):
            refuse(
                path.name, number, "the checkpoint is not signed by the key given",
                "Give the public key of the pair that signs this log, or restore the file.",
            )  # fmt: skip
    return [one.checkpoint for one in signed]
