"""Distributions of score and features against those that the artifact carries."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from credit.errors import DataError
from credit.evaluate import psi
from credit.monitor.checks import Area, Check, Limits
from credit.runtime import Scorer, Scores
from credit.runtime.columns import Rows
from credit.runtime.counts import aligned, count_feature, counts_between

EXPECTED = 5
"""Rows expected in a bin from which it stands alone in a test."""


def score_drift(scorer: Scorer, scores: Scores, limits: Limits) -> list[Check]:
    """Return the checks of points and grades, each in the reference's own bins."""
    reference = scorer.reference
    now = counts_between(scores.points.astype(np.float64), reference["points"]["edges"])
    grades = scores.grade.tolist()
    names = scorer.rule.names
    before = [reference["grades"].get(name, 0) for name in names]
    return [
        shift("score", "points", reference["points"]["counts"], now, limits.psi),
        shift("score", "grades", before, [grades.count(name) for name in names], limits.psi),
    ]


def feature_drift(
    scorer: Scorer, rows: Rows, count: int, limits: Limits
) -> tuple[list[Check], pd.DataFrame]:
    """Return the checks of every feature, the largest index first, and what was counted.

    Missing values, special codes and names never seen have bins of their own; the shares of the
    first and the last are checked once more apart from the others, since a source that breaks
    for few rows moves no index.

    Returns
    -------
    checks : list of Check
        Areas ``features`` and ``gaps``.
    table : DataFrame
        ``name, psi, bins, missing_before, missing_now, unseen``: shares of all rows.

    Raises
    ------
    DataError
        The reference counts a feature by other special codes than the manifest has.
    """
    checks, found = [], []
    for feature in scorer.features:
        before = scorer.reference["features"][feature.name]
        counts = aligned(
            before, count_feature(feature, rows[feature.name], before.get("edges", []))
        )
        if counts is None:
            raise DataError(
                f"the reference counts {feature.name!r} by other special codes than the manifest "
                "has. Write the artifact again from the model."
            )
        index = psi(*counts)
        whole = scorer.reference["rows"], count
        # The last bin is of missing values; of a name the one before it holds the unseen.
        missing = counts[0][-1], counts[1][-1]
        checks.append(shift("features", feature.name, *counts, limits.psi))
        checks.append(share("gaps", f"{feature.name} missing", missing, whole, limits.missing))
        unseen = counts[1][-2] if feature.type == "category" else 0
        if feature.type == "category":
            checks.append(
                share("gaps", f"{feature.name} unseen", (0, unseen), whole, limits.unseen)
            )
        found.append(
            {
                "name": feature.name,
                "psi": index.psi,
                "bins": index.bins,
                "missing_before": missing[0] / whole[0],
                "missing_now": missing[1] / whole[1],
                "unseen": unseen / whole[1],
            }
        )
    checks.sort(key=lambda check: -check.effect)
    return checks, pd.DataFrame(found).sort_values(
        "psi", ascending=False, kind="stable", ignore_index=True
    )


def shift(area: Area, name: str, before: Sequence[int], now: Sequence[int], least: float) -> Check:
    """Return the check of two samples counted in the same bins, by their index.

    For the p-value, bins in which fewer than `EXPECTED` rows are expected now are one: an empty one
    among them weighs more in the index than chance's law of chi-square knows (Cochran 1954,
    Biometrics 10).
    """
    index = psi(before, now)
    counts = np.array([before, now], dtype=np.float64)
    rare = counts[0] * counts[1].sum() / counts[0].sum() < EXPECTED
    kept = np.column_stack([counts[:, ~rare], counts[:, rare].sum(axis=1)])
    return Check(
        area=area, name=name, measure="psi", before=0.0, now=index.psi,
        effect=index.psi, least=least, p_value=psi(*kept).p_value,
    )  # fmt: skip


def share(
    area: Area, name: str, part: tuple[float, float], whole: tuple[float, float], least: float
) -> Check:
    """Return the check of a share before and now, by the index of its two bins."""
    index = psi(*([count, total - count] for count, total in zip(part, whole, strict=True)))
    before, now = part[0] / whole[0], part[1] / whole[1]
    return Check(
        area=area, name=name, measure="share", before=before, now=now,
        effect=abs(now - before), least=least, p_value=index.p_value,
    )  # fmt: skip
