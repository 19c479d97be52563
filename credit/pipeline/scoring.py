"""Score and explain rows of a file with an exported artifact."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from credit.artifact import columns_of
from credit.errors import ConfigError, DataError, nearest
from credit.pipeline.flat import read_frame, require_folder, written
from credit.runtime import load as load_artifact
from credit.runtime.scorer import LANGUAGES, Language

KEYS = ("application_id", "customer_id", "as_of")
"""Columns that say which row it is; they pass through and are never scored."""

REASONS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What is said of one row: a headline, and reasons as (rank, text, effect on points)."""

    headline: str
    reasons: list[tuple[int, str, str]]


def score_file(artifact: Path, table: Path, output: Path) -> int:
    """Score every row of a file and write probability, points, grade and reasons beside its keys.

    Columns are found by name. Returns the number of rows.

    Raises
    ------
    ArtifactError
        If the artifact is damaged, or a column is missing, unknown, or holds what it must not.
    """
    if output.suffix not in {".csv", ".parquet"}:
        raise ConfigError(f"--output {str(output)!r}: name the file .csv or .parquet.")
    require_folder(output)
    scorer = load_artifact(artifact)
    frame = read_frame(table)
    scores = scorer.score(columns_of(frame, scorer.features), reasons=REASONS, ignore=KEYS)
    keys = frame[[name for name in KEYS if name in frame.columns]]
    scored = keys.assign(
        probability=scores.probability, points=scores.points, grade=list(scores.grade)
    )
    for rank in range(REASONS):
        scored[f"reason_{rank + 1}"] = [
            row[rank].feature if rank < len(row) else None for row in scores.reasons
        ]
    with written(output) as partial:
        if output.suffix == ".csv":
            scored.to_csv(partial, index=False)
        else:
            scored.to_parquet(partial, index=False)
    return len(scored)


def _instant(value: Any) -> str:
    """Return an instant in words: microseconds UTC, or whatever else the file holds as it is."""
    if not isinstance(value, (int, np.integer)):
        return str(value)
    return f"{pd.to_datetime(int(value), unit='us'):%Y-%m-%d %H:%M} UTC"


def explain_person(
    artifact: Path, table: Path, *, person: str, language: str = "en"
) -> list[Explained]:
    """Return the score and principal reasons of every row of one person.

    Raises
    ------
    DataError
        If the table has no customer_id, or nobody of that name.
    """
    if language not in LANGUAGES:
        raise ConfigError(f"--language {language!r}: must be one of {LANGUAGES}.")
    chosen: Language = "zh" if language == "zh" else "en"
    scorer = load_artifact(artifact)
    frame = read_frame(table)
    if "customer_id" not in frame.columns:
        raise DataError(f"{table}: no column 'customer_id', so no person can be found in it.")
    ids = frame["customer_id"].astype("str")
    rows = frame[ids == person]
    if rows.empty:
        raise DataError(
            f"{table}: no person {person!r}.{nearest(person, ids.unique()[:1000])} "
            f"It holds {ids.nunique():,} people."
        )
    scores = scorer.score(
        columns_of(rows, scorer.features), reasons=REASONS, language=chosen, ignore=KEYS
    )
    factor = scorer.rule.points_per_margin
    found = []
    for at in range(len(rows)):
        when = ""
        if "as_of" in rows.columns:
            when = f" as of {_instant(rows['as_of'].iloc[at])}"
        found.append(
            Explained(
                headline=(
                    f"person {person}{when}: {scores.points[at]} points, grade {scores.grade[at]}, "
                    f"probability of bad {scores.probability[at]:.2%}"
                ),
                reasons=[
                    (rank, reason.text, f"{-factor * reason.excess:+.0f}")
                    for rank, reason in enumerate(scores.reasons[at], start=1)
                ],
            )
        )
    return found
