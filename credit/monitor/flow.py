"""How many apply, how many are approved, who of them, and why the others are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from credit.evaluate import adverse_impact, count_test
from credit.evaluate.inputs import FloatArray
from credit.evaluate.intervals import Z
from credit.monitor.checks import Check, Limits
from credit.monitor.drift import share, shift
from credit.runtime import Scorer

EXPLAINED_ROWS = 2_000
"""Rows, evenly spaced, whose first reason is counted where a forest gives it."""

FEWEST_PERIODS = 3
"""Periods that say what volume is usual."""

_COUNTED = ("rows", "approved")

Seen = Mapping[str, Any]
"""What history keeps of a batch: see `credit.monitor.batch.Watched`."""


def volume(seen: Seen, history: Sequence[Seen], limits: Limits) -> tuple[list[Check], list[str]]:
    """Return the check of the rows a day against those of the periods before.

    Given all rows of all periods, those of this one are binomial with its share of the days; the
    p-value is twice the smaller exact tail.
    """
    if len(history) < FEWEST_PERIODS:
        return [], [f"volume: the history has {len(history)} periods, {FEWEST_PERIODS} are needed."]
    rows, before = seen["rows"], sum(one["rows"] for one in history)
    days = seen["days"] / (seen["days"] + sum(one["days"] for one in history))
    tails = (
        count_test(rows, rows + before, days).binomial,
        count_test(before, rows + before, 1 - days).binomial,
    )
    usual = before * days / (1 - days)
    return [
        Check(
            area="volume", name="rows", measure="rows", before=usual, now=float(rows),
            effect=abs(rows / usual - 1), least=limits.volume, p_value=min(1.0, 2 * min(tails)),
        )
    ], []  # fmt: skip


def approvals(
    scorer: Scorer, seen: Seen, history: Sequence[Seen], limits: Limits
) -> tuple[list[Check], list[str]]:
    """Return the check of the share approved: against the reference, else against history."""
    if seen["approved"] is None:
        return [], ["approvals: no cut-off. The artifact has none; state one."]
    cutoff, now = seen["approved"]["cutoff"], seen["approved"]["rows"]
    kept = scorer.reference.get("approved")
    same = [one for one in history if (one["approved"] or {}).get("cutoff") == cutoff]
    if kept is not None and kept["cutoff"] == cutoff:
        part, whole = kept["rows"], scorer.reference["rows"]
    elif same:
        part = sum(one["approved"]["rows"] for one in same)
        whole = sum(one["rows"] for one in same)
    else:
        return [], [f"approvals: neither reference nor history counts them at {cutoff:.4g}."]
    return [share("volume", "approved", (part, now), (whole, seen["rows"]), limits.approved)], []


def first_reasons(scorer: Scorer, columns: Mapping[str, Any], ignore: Sequence[str]) -> Seen:
    """Return how often each feature is a person's first reason.

    ``{"rows": rows explained, "first": {feature: rows}}``; a person whom no feature makes riskier
    than the reference has none. Of a forest, at most `EXPLAINED_ROWS` evenly spaced rows.
    """
    count = len(next(iter(columns.values())))
    if scorer.boosted is not None and count > EXPLAINED_ROWS:
        kept = np.linspace(0, count - 1, EXPLAINED_ROWS).round().astype(np.int64)
        columns = {name: np.asarray(values)[kept] for name, values in columns.items()}
        count = EXPLAINED_ROWS
    scores = scorer.score(columns, reasons=1, ignore=ignore)
    first = Counter(row[0].feature for row in scores.reasons if row)
    return {"rows": count, "first": dict(sorted(first.items()))}


def reason_drift(
    scorer: Scorer, seen: Seen, history: Sequence[Seen], limits: Limits
) -> tuple[list[Check], list[str]]:
    """Return the check of the mix of first reasons: against the reference, else history."""
    kept = scorer.reference.get("reasons")
    before = [kept] if kept is not None else [one["reasons"] for one in history]
    if not before:
        return [], [
            "reasons: the reference does not count them (written before they were kept) and "
            "there is no history."
        ]
    names = [feature.name for feature in scorer.features]
    counts, now = _mix(before, names), _mix([seen["reasons"]], names)
    return [shift("reasons", "first reasons", counts, now, limits.psi)], []


def _mix(parts: Sequence[Seen], names: Sequence[str]) -> list[int]:
    """Return the rows of each feature, and those without a reason last."""
    first = [sum(part["first"].get(name, 0) for part in parts) for name in names]
    return [*first, sum(part["rows"] for part in parts) - sum(first)]


def count_groups(approved: FloatArray, group: pd.Series) -> dict[str, dict[str, int]]:
    """Return rows and approvals of each group by its name."""
    table = pd.DataFrame({"approved": approved}).groupby(group.astype(str).to_numpy())["approved"]
    return {
        str(name): {"rows": int(part.size), "approved": int(part.sum())} for name, part in table
    }


def group_drift(
    seen: Seen, history: Sequence[Seen], limits: Limits
) -> tuple[list[Check], list[str]]:
    """Return the check of every group's adverse impact ratio against that of history.

    The reference group is the largest of history. The p-value is that of the difference of two
    independent log ratios, each with its standard error (Katz et al. 1978).
    """
    if seen["groups"] is None:
        return [], ["groups: no column of groups is given, or no cut-off."]
    same = [
        one["groups"] for one in history
        if one["groups"] is not None and one["approved"]["cutoff"] == seen["approved"]["cutoff"]
    ]  # fmt: skip
    if not same:
        return [], ["groups: no history at this cut-off yet; this batch is its first."]
    past = {
        name: {key: sum(one[name][key] for one in same if name in one) for key in _COUNTED}
        for name in sorted({name for one in same for name in one})
    }
    now = seen["groups"]
    largest = max(past, key=lambda name: past[name]["rows"])
    if len(now) < 2 or len(past) < 2 or largest not in now:
        return [], [
            f"groups: {sorted(now)} in the batch and {sorted(past)} in the history: two of them, "
            f"one {largest!r}, are needed in both."
        ]
    ratios = impact_ratios(now, largest), impact_ratios(past, largest).set_index("group")
    checks, notes = [], []
    for row in ratios[0].iloc[1:].itertuples():
        found = _ratio_check(row, ratios[1], largest, limits)
        if isinstance(found, Check):
            checks.append(found)
        else:
            notes.append(found)
    return checks, notes


def _ratio_check(row: Any, before: pd.DataFrame, largest: str, limits: Limits) -> Check | str:
    """Return the check of one group's ratio, or why it cannot be made."""
    name = str(row.group)
    if name not in before.index:
        return f"groups: {name!r} is not in the history."
    was: Any = before.loc[name]
    apart = _error(row) ** 2 + _error(was) ** 2
    if not np.isfinite(apart) or not apart > 0:
        return f"groups: of {name!r} or {largest!r} nobody is approved, or everybody."
    z = (np.log(row.ratio) - np.log(was.ratio)) / np.sqrt(apart)
    return Check(
        area="groups", name=f"{name} to {largest}", measure="ratio",
        before=float(was.ratio), now=float(row.ratio),
        effect=abs(float(row.ratio - was.ratio)), least=limits.impact,
        p_value=float(2 * norm.sf(abs(z))),
    )  # fmt: skip


def impact_ratios(groups: Mapping[str, Mapping[str, int]], reference: str) -> pd.DataFrame:
    """Return `credit.evaluate.adverse_impact` of counts: rows and approvals by group."""
    rows = [one["rows"] for one in groups.values()]
    decisions = [(one["approved"], one["rows"] - one["approved"]) for one in groups.values()]
    approved = np.repeat(np.tile([1, 0], len(rows)), np.ravel(decisions))
    return adverse_impact(approved, np.repeat(list(groups), rows), reference=reference)


def _error(row: Any) -> float:
    """Return the standard error of the log of a ratio from its interval; NaN with none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return float((np.log(row.ratio_high) - np.log(row.ratio_low)) / (2 * Z))
