"""What happened to the people of a batch against what the score said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from credit.evaluate import (
    alarm_counts,
    auc_fall,
    calibration_by_group,
    delong,
    grade_table,
    spiegelhalter,
    traffic_lights,
)
from credit.evaluate.inputs import FloatArray
from credit.evaluate.intervals import Z
from credit.monitor.checks import Check, Limits
from credit.runtime import Scorer, Scores

FEWEST_OF_A_CLASS = 10
"""Rows of each outcome from which a ranking is compared."""


_KEPT = ("grade", "rows", "bads", "predicted", "rate", "amber", "light")


def known_outcomes(
    scorer: Scorer, scores: Scores, outcome: FloatArray, group: pd.Series | None, limits: Limits
) -> tuple[list[Check], list[str], dict[str, Any]]:
    """Return the checks of the rows whose outcome is known, the notes, and what history keeps.

    Parameters
    ----------
    outcome : array of float
        1 bad, 0 good, NaN not known (yet).
    group : Series or None
        Of each row.

    Returns
    -------
    checks : list of Check
        The rate of all rows (Jeffreys, two-sided), of each grade (too low: Jeffreys, one-sided)
        and of each group (two-sided); the Brier score against the one that true probabilities
        have (Spiegelhalter); the fall of the AUC from development.
    notes : list of str
    seen : dict
        ``rows, bads, predicted, auc`` (value and interval or None), ``grades`` (records of
        `credit.evaluate.traffic_lights` and ``amber``, the bads from which it is amber),
        ``groups``.
    """
    known = np.isfinite(outcome)
    y, stated = outcome[known].astype(np.int64), scores.probability[known]
    grades = pd.Categorical(scores.grade[known], categories=scorer.rule.names, ordered=True)
    lights = traffic_lights(grade_table(y, stated, grades))
    lights["amber"] = alarm_counts(lights["predicted"], lights["rows"])
    everyone = grade_table(y, stated, np.full(len(y), "all rows")).iloc[0]
    checks = [_rate("all rows", everyone, everyone["p_two_sided"], limits)]
    checks += [
        _rate(f"grade {row['grade']}", row, row["p_underestimated"], limits)
        for _, row in lights.iterrows()
    ]
    notes, groups = [], []
    if group is not None:
        table = calibration_by_group(y, stated, group[known].astype(str).to_numpy())
        checks += [
            _rate(f"group {row['group']}", row, row["p_two_sided"], limits)
            for _, row in table.iterrows()
        ]
        groups = _records(table, ("group", "rows", "bads", "predicted", "rate"))
    checks.append(_brier(y, stated, limits))
    ranking, note, interval = _ranking(scorer, y, stated, limits)
    checks += ranking
    notes += note
    seen = {
        "rows": len(y),
        "bads": int(y.sum()),
        "predicted": float(stated.mean()),
        "rate_low": float(everyone["rate_low"]),
        "rate_high": float(everyone["rate_high"]),
        "auc": interval,
        "grades": _records(
            lights, ("grade", "rows", "bads", "predicted", "rate", "amber", "light")
        ),
        "groups": groups,
    }
    return checks, notes, seen


def _rate(name: str, row: Any, p_value: float, limits: Limits) -> Check:
    """Return the check of one row of a `credit.evaluate.grade_table`."""
    return Check(
        area="outcomes", name=name, measure="rate", before=float(row["predicted"]),
        now=float(row["rate"]), effect=abs(float(row["rate"] / row["predicted"]) - 1),
        least=limits.calibration, p_value=float(p_value),
    )  # fmt: skip


def _brier(y: np.ndarray[Any, np.dtype[np.int64]], stated: FloatArray, limits: Limits) -> Check:
    expected = float((stated * (1 - stated)).mean())
    found = float(((stated - y) ** 2).mean())
    return Check(
        area="outcomes", name="Brier score", measure="brier", before=expected, now=found,
        effect=abs(found / expected - 1), least=limits.calibration,
        p_value=spiegelhalter(y, stated).p_value,
    )  # fmt: skip


def _ranking(
    scorer: Scorer, y: np.ndarray[Any, np.dtype[np.int64]], stated: FloatArray, limits: Limits
) -> tuple[list[Check], list[str], dict[str, float] | None]:
    rarer = min(int(y.sum()), len(y) - int(y.sum()))
    if rarer < FEWEST_OF_A_CLASS:
        note = f"{rarer} rows of the rarer outcome are known, {FEWEST_OF_A_CLASS} are needed."
        return [], [f"ranking: {note}"], None
    now = delong(y, stated)
    interval = {"value": now.value, "low": now.low, "high": now.high}
    before = scorer.manifest.get("metrics", {}).get("auc")
    if not isinstance(before, Mapping) or not isinstance(before.get("value"), float):
        return [], ["ranking: the artifact's metrics state no AUC."], interval
    if not now.standard_error > 0:
        return [], ["ranking: every bad outranks every good; its error is not known."], interval
    value, low, high = before["value"], before.get("low"), before.get("high")
    error = (high - low) / (2 * Z) if low is not None and high is not None else 0.0
    _, p_value = auc_fall(value, now, before_error=error)
    return [
        Check(
            area="outcomes", name="ranking", measure="auc", before=value, now=now.value,
            effect=value - now.value, least=limits.auc, p_value=p_value,
        )
    ], [], interval  # fmt: skip


def _records(table: pd.DataFrame, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Return rows as plain data."""
    return [
        {name: value.item() if isinstance(value, np.generic) else value
         for name, value in zip(columns, row, strict=True)}
        for row in table[list(columns)].itertuples(index=False)
    ]  # fmt: skip
