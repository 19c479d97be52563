"""A batch of live rows against the reference an artifact carries."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from credit.errors import DataError
from credit.evaluate import psi
from credit.evaluate.intervals import LEVEL
from credit.runtime import Scorer
from credit.runtime.columns import read_columns
from credit.runtime.counts import aligned, count_feature, counts_between

LEAST = 0.1
"""The least index that raises an alarm: the customary line, below which a shift is small."""


def watch(
    scorer: Scorer,
    columns: Mapping[str, Any],
    *,
    least: float = LEAST,
    ignore: Collection[str] = (),
) -> pd.DataFrame:
    """Return how far a batch is from the reference: points, grades and every feature.

    Each distribution is counted in the reference's own bins, missing values, special codes and
    names never seen in bins of their own. ``shifted`` says that the index is above what chance
    explains, at 95 % for all rows of the table together (Bonferroni); ``alarm`` that it is
    ``least`` or more besides, since in a large batch every shift is beyond chance.

    Parameters
    ----------
    scorer : Scorer
        A loaded artifact.
    columns : dict of str to sequence
        The batch, as `Scorer.score` takes it.
    least : float, default=0.1
    ignore : collection of str
        As in `Scorer.score`.

    Returns
    -------
    DataFrame
        ``part`` (points, grades or feature), ``name``, ``psi``, ``critical``, ``bins``,
        ``missing_before``, ``missing_now``, ``unseen`` (shares of the rows), ``shifted``,
        ``alarm``; points and grades first, then the features, the largest index first.

    Raises
    ------
    ArtifactError
        The rows are not what the artifact scores.
    DataError
        There is no row, or the artifact carries no distributions.
    """
    reference = scorer.reference
    if not {"rows", "points", "grades", "features"} <= reference.keys():
        raise DataError(
            "the artifact's reference.json has no distributions to compare with: it was not "
            "written by credit.artifact. Write it again from the model."
        )
    rows, count = read_columns(scorer.features, columns, ignore, scorer.unused)
    if not count:
        raise DataError("batch: no rows. Give at least one.")
    scores = scorer.score(columns, ignore=ignore)
    level = 1 - (1 - LEVEL) / (len(scorer.features) + 2)
    now = counts_between(scores.points.astype(float), reference["points"]["edges"])
    found = [_row("points", "", (reference["points"]["counts"], now), level)]
    grades = scores.grade.tolist()
    names = scorer.rule.names
    pair = ([reference["grades"].get(n, 0) for n in names], [grades.count(n) for n in names])
    found.append(_row("grades", "", pair, level))
    features = []
    for feature in scorer.features:
        before = reference["features"][feature.name]
        live = count_feature(feature, rows[feature.name], before.get("edges", []))
        counts = aligned(before, live)
        if counts is None:
            raise DataError(
                f"the reference counts {feature.name!r} by other special codes than the manifest "
                "has. Write the artifact again from the model."
            )
        seen = {
            "missing_before": before["missing"] / reference["rows"],
            "missing_now": live["missing"] / count,
            # The bin before the missing values holds the names that the reference has not.
            "unseen": counts[1][-2] / count if feature.type == "category" else 0.0,
        }
        features.append(_row("feature", feature.name, counts, level) | seen)
    features.sort(key=lambda row: -row["psi"])
    table = pd.DataFrame([*found, *features])
    return table.assign(alarm=table["shifted"] & (table["psi"] >= least))


def _row(part: str, name: str, counts: tuple[list[int], list[int]], level: float) -> dict[str, Any]:
    index = psi(*counts, level=level)
    return {
        "part": part, "name": name, "psi": index.psi, "critical": index.critical,
        "bins": index.bins, "missing_before": 0.0, "missing_now": 0.0, "unseen": 0.0,
        "shifted": index.shifted,
    }  # fmt: skip
