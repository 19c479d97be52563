"""Whether segments pay: one card against the cards of the segments, on rows neither has seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold

from credit.columns import Floats, read_frame, read_target, read_weight
from credit.errors import DataError
from credit.evaluate.intervals import delong_difference
from credit.scorecard.segmented import EVERYONE, SegmentedScorecard

_FIGURES = ("auc_one", "auc_segments", "gain", "standard_error", "p_value")


def segment_gain(
    model: SegmentedScorecard,
    X: Any,
    y: Any,
    *,
    folds: int = 5,
    seed: int = 0,
    sample_weight: ArrayLike | None = None,
) -> pd.DataFrame:
    """Return the AUC of the card of all rows beside that of the segment cards, out of fold.

    Every fold's cards are fitted on the other folds; the margins of all folds are put together,
    and the AUC is that of rows, not of weights. Within a segment both scores order the same
    rows; over all rows the segment cards also order the segments among themselves.

    Parameters
    ----------
    model : SegmentedScorecard
        Options; it is not fitted itself.
    X, y : as in fit
    folds : int
    seed : int
        Deals the rows to folds, each with its part of the bad ones.
    sample_weight : array, optional
        For fitting.

    Returns
    -------
    DataFrame
        A row a segment and one of all rows: segment, rows, bads, own (share of rows scored by a
        card of their segment), auc_one, auc_segments, gain (the second less the first),
        standard_error and p_value of the gain (DeLong, paired). A segment with fewer than two
        rows of a class has no AUC. The error takes the cards as given.

    Raises
    ------
    DataError
        There are fewer rows of a class than folds.
    """
    options = clone(model)
    frame = read_frame(options, X, reset=True)
    target = read_target(options, y, len(frame))
    weight = read_weight(sample_weight, target)
    rarer = int(min(target.bad.sum(), (1 - target.bad).sum()))
    if not 2 <= folds <= rarer:
        raise DataError(
            f"folds must be at least 2 and at most the rows of the rarer class, {rarer}; got "
            f"{folds}."
        )
    one, many = np.zeros(len(frame)), np.zeros(len(frame))
    own, found = np.zeros(len(frame)), np.full(len(frame), "", dtype=object)
    deal = StratifiedKFold(n_splits=folds, shuffle=True, random_state=seed)
    for train, test in deal.split(frame, target.bad):
        fitted = clone(model).fit(frame.iloc[train], target.bad[train], weight[train])
        rows = frame.iloc[test]
        one[test] = fitted.card_.decision_function(rows)
        many[test] = fitted.decision_function(rows)
        found[test] = fitted.segment(rows)
        own[test] = np.isin(found[test], list(fitted.cards_))
    order = dict.fromkeys([*fitted.segments_.index, *sorted(set(found))])
    parts = [(segment, found == segment) for segment in order]
    return pd.DataFrame(
        [
            {"segment": segment, "own": float(own[at].mean())}
            | _compared(target.bad[at], one[at], many[at])
            for segment, at in [*parts, (EVERYONE, np.ones(len(frame), dtype=np.bool_))]
        ]
    )[["segment", "rows", "bads", "own", *_FIGURES]]


def _compared(bad: Floats, one: Floats, many: Floats) -> dict[str, float]:
    counts: dict[str, float] = {"rows": len(bad), "bads": int(bad.sum())}
    if min(counts["bads"], counts["rows"] - counts["bads"]) < 2:
        return counts | dict.fromkeys(_FIGURES, np.nan)
    difference = delong_difference(bad.astype(np.int64), many, one)
    return counts | {
        "auc_one": difference.second,
        "auc_segments": difference.first,
        "gain": difference.difference,
        "standard_error": difference.standard_error,
        "p_value": difference.p_value,
    }
