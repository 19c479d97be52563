"""Decide again what was decided: the artifact and the values in the log give the same answer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from credit.errors import ArtifactError, LogError
from credit.runtime import Scorer, load
from credit.runtime.signature import PublicSource
from credit.service.log.entry import answer_of
from credit.service.log.fault import BrokenLogError, Fault
from credit.service.log.read import Record, chains, erased, read_chain
from credit.service.log.segments import hold_folder

_COMPARED = ("points", "probability", "grade")
_EXCESS_TOLERANCE = 1e-9  # versions may sum a feature's trees in another order


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A decision that does not come out as it was logged.

    Attributes
    ----------
    file : str
    line : int
    request_id : str
    what : str
        Which part of the answer, what it was, and what it is now.
    """

    file: str
    line: int
    request_id: str
    what: str

    def __str__(self) -> str:
        """Return it as a sentence."""
        return f"{self.file}, line {self.line}, request {self.request_id}: {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What came of deciding again.

    Attributes
    ----------
    decisions : int
        That were asked for, up to the first fault: ``equal + different + erased + unknown``.
    equal : int
        Points, probability and grade exactly, the reasons' features and texts in their order,
        and their parts of the margin to 1e-9.
    different : int
    erased : int
        Their values are gone.
    unknown : int
        None of the artifacts given decided them.
    differences : tuple of Difference
        The first ten.
    fault : Fault or None
        The log's own: nothing after it was read.
    """

    decisions: int = 0
    equal: int = 0
    different: int = 0
    erased: int = 0
    unknown: int = 0
    differences: tuple[Difference, ...] = ()
    fault: Fault | None = None


def replay(
    folder: str | Path,
    artifacts: Sequence[str | Path],
    key: PublicSource | None = None,
    *,
    request: str | None = None,
) -> Replay:
    """Score every logged decision again, and compare.

    The log is verified on the way, but for its checkpoints.

    Parameters
    ----------
    folder : str or Path
        Of the log.
    artifacts : sequence of str or Path
        Folders or zips of those that decided.
    key : PublicKey, or str, Path or bytes of its PEM, optional
        Then they must be signed by it.
    request : str, optional
        Id of the one request whose decisions are scored again; the whole log is read all the same.

    Raises
    ------
    LogError
        There is no log, no artifact is given, or a sound log does not hold the request.
    ArtifactError
        An artifact cannot be loaded.
    """
    if not artifacts:
        raise LogError("artifacts: none given. Name those that decided, as folders or zips.")
    folder = Path(folder)
    loaded = [load(path, key=key) for path in artifacts]
    scorers = {scorer.sha256: scorer for scorer in loaded}
    count = {"equal": 0, "different": 0, "erased": 0, "unknown": 0}
    differences: list[Difference] = []
    fault = None
    try:
        with hold_folder(folder, alone=False):
            found = chains(folder)
            gone = erased(found)
            for writer, parts in found.items():
                for record in read_chain(parts, gone.get(writer, ())):
                    if _is_asked(record, request):
                        verdict, what = _again(record, scorers)
                        count[verdict] += 1
                        if what and len(differences) < 10:
                            differences.append(_difference(record, what))
    except BrokenLogError as error:
        fault = error.fault
    decisions = sum(count.values())
    if request is not None and not decisions and fault is None:
        raise LogError(
            f"request {request!r:.80}: is not in the log. Give the id it was answered with."
        )
    return Replay(decisions=decisions, **count, differences=tuple(differences), fault=fault)


def _is_asked(record: Record, request: str | None) -> bool:
    if record.kind != "decision":
        return False
    return request is None or record.line.record["request_id"] == request


def _difference(record: Record, what: str) -> Difference:
    said = record.line.record
    return Difference(
        file=record.file, line=record.number, request_id=str(said["request_id"]), what=what
    )


def _again(record: Record, scorers: Mapping[str, Scorer]) -> tuple[str, str]:
    """Return what became of a decision, and in words where it is different."""
    said = record.line.record
    if record.person is None:
        return "erased", ""
    if said["artifact"] not in scorers:
        return "unknown", ""
    logged = said["answer"]
    asked, language = logged.get("reasons_asked", 0), logged.get("language", "en")
    try:
        score = scorers[said["artifact"]].score_one(
            record.person["values"], reasons=asked, language=language
        )
    except ArtifactError as error:
        return "different", f"it is refused now: {error}"
    what = _unlike(logged, answer_of(score, reasons=asked, language=language))
    return ("different", what) if what else ("equal", "")


def _unlike(logged: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    for name in _COMPARED:
        if logged.get(name) != now[name]:
            return f"{name} was {logged.get(name)!r}, and is {now[name]!r}"
    before, after = logged.get("reasons", []), now["reasons"]
    same = len(before) == len(after) and all(
        old["feature"] == new["feature"]
        and old["text"] == new["text"]
        and math.isclose(old["excess"], new["excess"], rel_tol=0, abs_tol=_EXCESS_TOLERANCE)
        for old, new in zip(before, after, strict=True)
    )
    return "" if same else f"reasons were {before!r:.300}, and are {after!r:.300}"
