"""Two versions of an artifact side by side, for `credit diff`: changes, and shifts of the score."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from credit.artifact import columns_of
from credit.artifact.diff import Change, changes
from credit.errors import DataError
from credit.evaluate import psi, score_psi
from credit.pipeline import words
from credit.pipeline.flat import read_frame
from credit.pipeline.words import Printed
from credit.runtime import Scorer, Scores
from credit.runtime import load as load_artifact
from credit.runtime.counts import aligned

QUANTILES = (0.05, 0.5, 0.95)
"""Of the difference in points between two versions."""

_LONGEST = 60
"""Most letters of a value in the table of changes; JSON has all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """What differs: changes in what is said, and shifts as name -> plain number."""

    changes: list[Change]
    shifts: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {"changes": [asdict(change) for change in self.changes], "shifts": self.shifts}


def diff_artifacts(old: Path, new: Path, rows: Path | None = None) -> Differences:
    """Return what changed from one artifact to another.

    Parameters
    ----------
    old, new : Path
        Artifact folders or zips.
    rows : Path, optional
        A CSV or Parquet file with the features of both: shifts are those of its rows' scores.
        Without it they are those between the two references.

    Raises
    ------
    ArtifactError
        An artifact is damaged, or the rows are not what it scores.
    DataError
        The file has not the columns of both.
    """
    before, after = load_artifact(old), load_artifact(new)
    shifts = (
        reference_shifts(before, after)
        if rows is None
        else score_shifts(before, after, read_frame(rows))
    )
    return Differences(changes=changes(before, after), shifts=shifts)


def reference_shifts(old: Scorer, new: Scorer) -> dict[str, float]:
    """Return PSI of grades and features between two references, where they were counted alike.

    ``psi of grades`` where the grades have the same names, ``psi of <feature>`` where its bins
    are the same (or it holds names), and the change of the expected bad rate.

    Raises
    ------
    DataError
        A reference holds no distributions.
    """
    before, after = old.reference, new.reference
    for part in (before, after):
        if not {"bad_rate_expected", "grades", "features"} <= part.keys():
            raise DataError(
                "an artifact's reference.json has no distributions to compare: it was not written "
                "by credit.artifact. Give rows that both artifacts score, with --rows."
            )
    found = {"expected bad rate": after["bad_rate_expected"] - before["bad_rate_expected"]}
    if old.rule.names == new.rule.names:
        counts = [
            [part["grades"].get(name, 0) for name in old.rule.names] for part in (before, after)
        ]
        found["psi of grades"] = psi(*counts).psi
    for name, one in before["features"].items():
        other = after["features"].get(name)
        if other is not None and (pair := aligned(one, other)) is not None:
            found[f"psi of {name}"] = psi(*pair).psi
    return found


def score_shifts(old: Scorer, new: Scorer, frame: pd.DataFrame) -> dict[str, float]:
    """Return how the scores of the same rows differ: points, grades, probability.

    Grades are compared by their place from the safest, where both scales have as many.
    """
    before, after = (_scores(scorer, frame) for scorer in (old, new))
    points = after.points - before.points
    found = {
        "rows": float(len(points)),
        "share of rows with other points": float((points != 0).mean()),
        "mean points": float(points.mean()),
    }
    found |= {
        f"points, {words.percent(level, 0)} quantile": float(np.quantile(points, level))
        for level in QUANTILES
    }
    found["largest fall in points"] = float(-min(points.min(), 0))
    found["largest rise in points"] = float(max(points.max(), 0))
    found["psi of points"] = score_psi(before.points, after.points).psi
    found["mean probability"] = float((after.probability - before.probability).mean())
    if len(old.rule.names) == len(new.rule.names):
        moved = _places(new, after) - _places(old, before)
        found["share of rows in a riskier grade"] = float((moved > 0).mean())
        found["share of rows in a safer grade"] = float((moved < 0).mean())
    return found


def _scores(scorer: Scorer, frame: pd.DataFrame) -> Scores:
    names = [feature.name for feature in scorer.features]
    lacking = [name for name in names if name not in frame.columns]
    if lacking:
        raise DataError(
            f"--rows: no column(s) {lacking}, which one of the artifacts reads. Give a file with "
            "the features of both, or leave it out and compare the references."
        )
    return scorer.score(columns_of(frame[names], scorer.features))


def _places(scorer: Scorer, scores: Scores) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.searchsorted(scorer.rule.bounds, scores.probability, side="right").astype(np.int64)


def printed(found: Differences) -> list[Printed]:
    """Return the tables of `credit diff`."""
    rows = [
        [change.part, change.name, _words(change.before), _words(change.after)]
        for change in found.changes
    ]
    title = "what changed" if rows else "what changed: nothing"
    shifts = [[name, f"{value:+.4g}"] for name, value in found.shifts.items()]
    return [
        Printed(title, ["part", "of", "before", "after"], rows),
        Printed("how the score shifts", ["", "after less before"], shifts),
    ]


def _words(value: Any) -> str:
    """Write a value for the table: absent is a dash, floats are short, lists are cut."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    text = f"[{', '.join(map(_words, value))}]" if isinstance(value, list) else str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
