"""Watch one batch: everything that can be compared is, and what cannot is said."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from credit.errors import DataError
from credit.evaluate.fairness import known_group
from credit.evaluate.inputs import FloatArray
from credit.monitor.checks import Check, Limits, judged
from credit.monitor.drift import feature_drift, score_drift
from credit.monitor.flow import (
    approvals,
    count_groups,
    first_reasons,
    group_drift,
    reason_drift,
    volume,
)
from credit.monitor.outcomes import known_outcomes
from credit.runtime import Scorer
from credit.runtime.columns import read_columns

YEAR = 12
"""Periods before a batch, the latest, that say what is usual."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """The live rows of one period.

    Attributes
    ----------
    columns : dict of str to sequence
        As `Scorer.score` takes them.
    ignore : collection of str
        As in `Scorer.score`.
    days : float
        How long the period is; volume is compared by the day.
    outcome : sequence, optional
        1 bad, 0 good, None or NaN not known, one a row.
    group : sequence, optional
        The group of each row, without nulls; it is read for comparisons alone.
    cutoff : float, optional
        The probability of bad up to which people are approved.
    """

    columns: Mapping[str, Any]
    ignore: Collection[str] = ()
    days: float = 30.0
    outcome: object = None
    group: object = None
    cutoff: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Watched:
    """What was found.

    Attributes
    ----------
    checks : DataFrame
        Every comparison: see `judged`.
    features : DataFrame
        See `credit.monitor.drift.feature_drift`.
    notes : list of str
        What was not compared, and why.
    seen : dict
        Plain counts that later batches are compared with: ``rows, days, predicted, approved,
        reasons, groups, outcomes``; None where they are not known.
    """

    checks: pd.DataFrame
    features: pd.DataFrame
    notes: list[str]
    seen: dict[str, Any]

    @property
    def alarms(self) -> pd.DataFrame:
        """The checks that are alarms."""
        return self.checks[self.checks["alarm"]]


def watch(
    scorer: Scorer,
    batch: Batch,
    *,
    history: Sequence[Mapping[str, Any]] = (),
    limits: Limits | None = None,
) -> Watched:
    """Compare a batch with the reference that an artifact carries, and with earlier batches.

    Parameters
    ----------
    scorer : Scorer
        A loaded artifact.
    batch : Batch
    history : sequence of dict
        `Watched.seen` of the periods before this one, in order; the last `YEAR` are read.
    limits : Limits, optional

    Raises
    ------
    ArtifactError
        The rows are not what the artifact scores.
    DataError
        There is no row, the artifact carries no distributions, or outcome, group or cut-off are
        not as `Batch` says.
    """
    limits = limits or Limits()
    if not {"rows", "points", "grades", "features"} <= scorer.reference.keys():
        raise DataError(
            "the artifact's reference.json has no distributions to compare with: it was not "
            "written by credit.artifact. Write it again from the model."
        )
    rows, count = read_columns(scorer.features, batch.columns, batch.ignore, scorer.unused)
    if not count:
        raise DataError("batch: no rows. Give at least one.")
    outcome = _outcome(batch.outcome, count)
    group = None if batch.group is None else known_group(batch.group, count)
    past = list(history)[-YEAR:]
    scores = scorer.score(batch.columns, ignore=batch.ignore)
    seen = {
        "rows": count,
        "days": batch.days,
        "predicted": float(scores.probability.mean()),
        "reasons": first_reasons(scorer, batch.columns, tuple(batch.ignore)),
        **_decided(scores.probability, group, batch.cutoff),
        "outcomes": None,
    }
    checks: list[Check] = score_drift(scorer, scores, limits)
    more, table = feature_drift(scorer, rows, count, limits)
    checks += more
    notes: list[str] = []
    for found, said in (
        volume(seen, past, limits),
        approvals(scorer, seen, past, limits),
        reason_drift(scorer, seen, past, limits),
        group_drift(seen, past, limits),
    ):
        checks += found
        notes += said
    if outcome is None or not np.isfinite(outcome).any():
        notes.append("outcomes: none is known yet.")
    else:
        found, said, seen["outcomes"] = known_outcomes(scorer, scores, outcome, group, limits)
        checks += found
        notes += said
    return Watched(
        checks=judged(checks, family=limits.family), features=table, notes=notes, seen=seen
    )


def _decided(
    probability: FloatArray, group: pd.Series | None, cutoff: float | None
) -> dict[str, Any]:
    if cutoff is None:
        return {"approved": None, "groups": None}
    if not 0 < cutoff < 1:
        raise DataError(f"cutoff must lie between 0 and 1, got {cutoff}: it is a probability.")
    approved = (probability <= cutoff).astype(np.float64)
    return {
        "approved": {"cutoff": cutoff, "rows": int(approved.sum())},
        "groups": None if group is None else count_groups(approved, group),
    }


def _outcome(values: object, count: int) -> FloatArray | None:
    if values is None:
        return None
    found = pd.Series(values)
    if len(found) != count:
        raise DataError(f"outcome has {len(found)} rows, but the batch has {count}.")
    numbers = pd.to_numeric(found, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    wrong = found[found.notna().to_numpy() & ~np.isin(numbers, (0.0, 1.0))]
    if len(wrong):
        raise DataError(
            f"outcome: {len(wrong)} row(s) hold neither 1 (bad), 0 (good) nor nothing (not known), "
            f"for instance {wrong.iloc[0]!r}."
        )
    return numbers
