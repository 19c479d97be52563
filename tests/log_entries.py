"""Entries of a golden artifact, for tests and benchmarks of the decision log.

Imports the runtime and the log alone: processes that are killed import this one again and again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from credit import runtime
from credit.service.log import Entry, answer_of

ARTIFACT = Path(__file__).resolve().parent / "golden" / "artifacts" / "1-blended" / "artifact"
AT = 1_795_000_000_000_000
REASONS = 4


@cache
def decider(folder: Path) -> tuple[dict[str, list[Any]], runtime.Scorer, str]:
    """Return golden rows as columns, their scorer, and the hash of its manifest."""
    cases = json.loads((folder.parent / "cases.json").read_text(encoding="utf-8"))
    digest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    return cases["columns"], runtime.load(folder), digest


def entries(start: int = 0, folder: Path = ARTIFACT) -> Iterator[Entry]:
    """Yield decisions without end, on the golden rows in turn, of seven subjects."""
    columns, scorer, digest = decider(folder)
    rows = len(columns["income"])
    for number in count(start):
        values = {name: column[number % rows] for name, column in columns.items()}
        score = scorer.score_one(values, reasons=REASONS, language="zh")
        yield Entry(
            request_id=f"r{number}", at=AT + number, artifact=digest, role="champion",
            subject=f"p{number % 7}", values=values,
            answer=answer_of(score, reasons=REASONS, language="zh"),
        )  # fmt: skip


def some(number: int, start: int = 0) -> list[Entry]:
    """Return the entries from ``start``."""
    made = entries(start)
    return [next(made) for _ in range(number)]
