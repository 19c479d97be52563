"""Score and explain rows of a file with an exported artifact."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from credit.artifact import columns_of, recourse_plan, risk_of
from credit.artifact.recourse import RECOURSE
from credit.errors import ConfigError, DataError, nearest
from credit.explain import RecoursePlan, SearchOptions, changed, offer_text, recourse
from credit.pipeline.flat import read_frame, require_file, written
from credit.runtime import Scorer
from credit.runtime import load as load_artifact
from credit.runtime.scorer import LANGUAGES, Language

KEYS = ("application_id", "customer_id", "as_of")
"""Columns that say which row it is; they pass through and are never scored."""

REASONS = 4

OFFERS = 3
"""Most ways out of a refusal that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What is said of one row.

    Attributes
    ----------
    headline : str
    reasons : list of (rank, text, effect on points)
    decision : str
        Approved or refused, at which cut-off; empty where no cut-off is known.
    offers : list of (sentences, points, probability)
        What would change a refusal, the cheapest first, and what it would score.
    """

    headline: str
    reasons: list[tuple[int, str, str]]
    decision: str = ""
    offers: list[tuple[list[str], int, float]] = field(default_factory=list)


def score_file(artifact: Path, table: Path, output: Path) -> int:
    """Score every row of a file and write probability, points, grade and reasons beside its keys.

    Columns are found by name. Returns the number of rows.

    Raises
    ------
    ArtifactError
        If the artifact is damaged, or a column is missing, unknown, or holds what it must not.
    """
    require_file(output, "--output", ".csv", ".parquet")
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
    artifact: Path, table: Path, *, person: str, language: str = "en", cutoff: float | None = None
) -> list[Explained]:
    """Return score, principal reasons and, where refused, what would change it, of every row.

    Parameters
    ----------
    artifact, table : Path
    person : str
        The customer_id.
    language : {"en", "zh"}
    cutoff : float, optional
        P(bad) up to which applications are approved, in place of the artifact's own.

    Raises
    ------
    ConfigError
        If a cut-off is given and the artifact does not say what people can change.
    DataError
        If the table has no customer_id, or nobody of that name.
    """
    if language not in LANGUAGES:
        raise ConfigError(f"--language {language!r}: must be one of {LANGUAGES}.")
    chosen: Language = "zh" if language == "zh" else "en"
    scorer = load_artifact(artifact)
    rows = rows_of(table, person)
    scores = scorer.score(
        columns_of(rows, scorer.features), reasons=REASONS, language=chosen, ignore=KEYS
    )
    factor = scorer.rule.points_per_margin
    decisions = _decisions(scorer, _plan(artifact, cutoff), rows, chosen)
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
                decision=decisions[at][0],
                offers=decisions[at][1],
            )
        )
    return found


def rows_of(table: Path, person: str) -> pd.DataFrame:
    """Return the rows of a person, found by customer_id in a file.

    Raises
    ------
    DataError
        The file has no customer_id, or nobody of that name.
    """
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
    return rows


def _plan(artifact: Path, cutoff: float | None) -> RecoursePlan | None:
    plan = recourse_plan(artifact)
    if cutoff is None:
        return plan
    if plan is None:
        raise ConfigError(
            f"--cutoff: {artifact} does not say what people can change (it has no {RECOURSE}). "
            "Leave the option out, or train again."
        )
    return replace(plan, cutoff=cutoff)


def _decisions(
    scorer: Scorer, plan: RecoursePlan | None, rows: pd.DataFrame, language: Language
) -> list[tuple[str, list[tuple[list[str], int, float]]]]:
    """Return for each row what is decided, and what would change it."""
    if plan is None:
        return [("", []) for _ in range(len(rows))]
    risk = risk_of(scorer, ignore=KEYS)
    refused = risk(rows) > plan.cutoff
    said = {False: "approved", True: "refused"}
    searched = iter(recourse(risk, rows[refused], plan, SearchOptions(offers=OFFERS)))
    decided = []
    for at, is_refused in enumerate(refused.tolist()):
        offers: list[tuple[list[str], int, float]] = []
        for offer in next(searched) if is_refused else ():
            after = changed(rows.iloc[[at]], [offer])
            scores = scorer.score(columns_of(after, scorer.features), ignore=KEYS)
            words = offer_text(offer, plan.horizon, language=language)
            offers.append((words, int(scores.points[0]), float(scores.probability[0])))
        decided.append((f"{said[is_refused]} at a cut-off of {plan.cutoff:.2%}", offers))
    return decided
