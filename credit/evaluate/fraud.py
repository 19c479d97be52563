"""What indicators of fraud and rules are worth: coverage, redundancy, hits, false positives.

y is 1 where fraud was confirmed, 0 where the time in which it would have been has passed, and
missing where it has not: such rows say how often something is seen, and nothing of its worth.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from credit.errors import DataError
from credit.evaluate.discrimination import auc
from credit.evaluate.features import spearman
from credit.evaluate.inputs import FloatArray

Line = tuple[float, int]
"""Where a rule's line lies, and +1 if values above it break it, -1 if those below do."""


def indicator_table(
    X: pd.DataFrame,
    y: object,
    *,
    lines: Mapping[str, Line] | None = None,
    users: Mapping[str, Collection[str]] | None = None,
) -> pd.DataFrame:
    """Return what each indicator is worth.

    Parameters
    ----------
    X : DataFrame of float
        Indicators, one row an event.
    y : array of float
        1 fraud, 0 none, NaN not known yet.
    lines : mapping of str to (float, int), optional
        Indicator -> line of the rule that looks at it, and the side that breaks it.
    users : mapping of str to collection of str, optional
        Indicator -> who looks at it.

    Returns
    -------
    DataFrame
        One row an indicator, in the order of X: ``indicator``; ``coverage``, the share of rows
        with a value; ``line`` and ``beyond``, the share of rows that break it; ``precision``,
        ``recall`` and ``false_positive_rate`` of breaking it, over rows whose fraud is known;
        ``auc`` over the same rows with a value; ``redundancy``, the largest absolute rank
        correlation with an earlier column, and ``twin``, which one; ``users``.
    """
    known = _outcome(y, len(X))
    told = ~np.isnan(known)
    matrix = spearman(X).abs()
    rows = []
    for place, name in enumerate(X.columns):
        values = X[name].to_numpy(np.float64)
        line, side = (lines or {}).get(name, (np.nan, 0))
        broken = side * values > side * line if side else np.zeros(len(X), bool)
        earlier = matrix.iloc[place, :place].dropna()
        rows.append(
            {
                "indicator": name,
                "coverage": float((~np.isnan(values)).mean()) if len(X) else np.nan,
                "line": line,
                "beyond": float(broken.mean()) if side and len(X) else np.nan,
                **(_worth(broken[told], known[told]) if side else _worth_unknown()),
                "auc": _auc(values, known),
                "redundancy": float(earlier.max()) if len(earlier) else 0.0,
                "twin": str(earlier.idxmax()) if len(earlier) else "",
                "users": ", ".join((users or {}).get(name, ())),
            }
        )
    return pd.DataFrame(rows)


def distinct_indicators(
    X: pd.DataFrame, *, at_most: float, keep: Collection[str] = ()
) -> list[str]:
    """Return the columns without near duplicates, in order.

    A column goes if it is constant, or if its absolute rank correlation with one that stays
    and stands before it (or is to be kept) exceeds ``at_most``.

    Parameters
    ----------
    X : DataFrame of float
        Indicators.
    at_most : float
        Largest correlation of two that stay, between 0 and 1.
    keep : collection of str
        Columns that stay in any case: those that a rule looks at.
    """
    if not 0 < at_most <= 1:
        raise DataError(f"at_most must lie between 0 and 1, got {at_most}.")
    matrix = spearman(X).abs()
    first = [name for name in X.columns if name in keep]
    stay = list(first)
    for name in X.columns:
        if name in keep or X[name].nunique(dropna=False) < 2:
            continue
        if not (matrix.loc[name, stay] > at_most).any():
            stay.append(name)
    return [name for name in X.columns if name in set(stay)]


def rule_table(hits: pd.DataFrame, y: object, *, codes: Collection[str] = ()) -> pd.DataFrame:
    """Return what each rule, and each thing that was done, is worth.

    Parameters
    ----------
    hits : DataFrame
        ``code`` and ``row``: the rule broken (or what was done), and the event's place in y.
    y : array of float
        1 fraud, 0 none, NaN not known yet.
    codes : collection of str
        Further codes that are listed even if nothing broke them.

    Returns
    -------
    DataFrame
        By ``code``: ``hits`` (events), ``known`` of them, ``fraud`` among these, ``precision``,
        ``recall``, ``false_positive_rate``, and ``false_share``, that of hits which were no
        fraud (for a pause: the false-pause rate).
    """
    outcome = _outcome(y, len(y))  # type: ignore[arg-type]
    told = ~np.isnan(outcome)
    rows = []
    for code in sorted({*hits["code"], *codes}):
        broken = np.zeros(len(outcome), bool)
        broken[hits.loc[hits["code"] == code, "row"].to_numpy(np.int64)] = True
        worth = _worth(broken[told], outcome[told])
        rows.append(
            {
                "code": code,
                "hits": int(broken.sum()),
                "known": int((broken & told).sum()),
                "fraud": int((broken & (outcome == 1)).sum()),
                **worth,
                "false_share": 1 - worth["precision"],
            }
        )
    return pd.DataFrame(rows)


def activity_table(X: pd.DataFrame, y: object) -> pd.DataFrame:
    """Return the mean of each column where there was fraud, and where there was none.

    Columns ``indicator``, ``fraud``, ``none``, ``ratio`` (NaN where there is nothing to divide).
    """
    outcome = _outcome(y, len(X))
    fraud, none = X[outcome == 1].mean(), X[outcome == 0].mean()
    ratio = fraud / none.where(none != 0)
    table = pd.DataFrame({"fraud": fraud, "none": none, "ratio": ratio})
    return table.rename_axis("indicator").reset_index()


def _outcome(y: object, rows: int) -> FloatArray:
    outcome = np.asarray(y, dtype=np.float64)
    if outcome.shape != (rows,) or not np.isin(outcome[~np.isnan(outcome)], (0, 1)).all():
        raise DataError(
            f"y must have {rows} rows of 1 (fraud), 0 (none) or NaN (not known yet), got shape "
            f"{outcome.shape} with values {np.unique(outcome)[:5].tolist()}."
        )
    return outcome


def _worth(broken: np.ndarray, outcome: FloatArray) -> dict[str, float]:
    fraud, none = outcome == 1, outcome == 0
    return {
        "precision": _share(broken & fraud, broken),
        "recall": _share(broken & fraud, fraud),
        "false_positive_rate": _share(broken & none, none),
    }


def _worth_unknown() -> dict[str, float]:
    return dict.fromkeys(("precision", "recall", "false_positive_rate"), np.nan)


def _share(part: np.ndarray, whole: np.ndarray) -> float:
    total = int(whole.sum())
    return float(part.sum()) / total if total else np.nan


def _auc(values: FloatArray, outcome: FloatArray) -> float:
    here = ~np.isnan(values) & ~np.isnan(outcome)
    labels = outcome[here]
    if not 0 < labels.sum() < len(labels):
        return np.nan
    return auc(labels.astype(np.int64), values[here])
