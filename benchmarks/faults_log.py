"""What the faults have in common: answers, held against what is in a log."""

from __future__ import annotations

import sys
from pathlib import Path

from credit.service.log import DecisionLog, LogOptions, verify
from credit.service.log.read import chains, erased, read_chain
from credit.service.log.segments import segments

Answers = dict[str, list[int]]
"""Request -> points of its rows."""


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def logged(folder: Path) -> Answers:
    """Return what is in a log; the log is sound."""
    found = chains(folder)
    gone = erased(found)
    result: Answers = {}
    for writer, parts in found.items():
        for one in read_chain(parts, gone.get(writer, ())):
            if one.kind == "decision":
                said = one.line.record
                result.setdefault(said["request_id"], []).append(said["answer"]["points"])
    return result


def compare(folder: Path, answered: Answers) -> None:
    """Hold what was answered against a log whose chains were opened once more."""
    for name in segments(folder):
        DecisionLog(folder, LogOptions(writer=name)).close()
    found = verify(folder)
    assert found.fault is None, found.fault
    there = logged(folder)
    missing = [name for name, points in answered.items() if there.get(name) != points]
    assert not missing, missing[:5]
    say(
        f"  {len(answered):,} requests answered, all in the log with their points; "
        f"{found.decisions:,} decisions in {found.chains} chain(s), {found.cuts} torn ends cut "
        f"off, {found.refused} refused; verified"
    )
