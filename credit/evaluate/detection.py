"""How well something rare is found: recall at a fixed rate of false positives, and how soon.

A higher score is more suspect and y = 1 is what is looked for.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from credit.errors import DataError
from credit.evaluate.inputs import FloatArray, both_classes, numbers, weights
from credit.evaluate.intervals import bootstrap


def threshold_at(y: object, score: object, *, rate: float, weight: object = None) -> float:
    """Return the least score above which at most ``rate`` of the rows with y = 0 lie.

    Whoever scores *above* it is flagged, so rows that tie with it are not.

    Raises
    ------
    DataError
        For a rate outside (0, 1), or labels without both classes.
    """
    if not 0 < rate < 1:
        raise DataError(f"rate must lie between 0 and 1, got {rate}: the share of false positives.")
    labels = both_classes(y)
    values = numbers(score, "score", length=len(labels))
    mass = weights(weight, length=len(labels))
    good = labels == 0
    order = np.argsort(values[good], kind="stable")
    ascending, held = values[good][order], mass[good][order]
    above = held.sum() - np.cumsum(held)  # weight that stands after each row; ties: the last counts
    fits = np.flatnonzero(above <= rate * held.sum() * (1 + 1e-12))
    return float(ascending[fits[0]])


def recall_at(y: object, score: object, *, rate: float, weight: object = None) -> float:
    """Return the share of rows with y = 1 that are flagged where ``rate`` of the others may be.

    Raises
    ------
    DataError
        As :func:`threshold_at`.
    """
    labels = both_classes(y)
    limit = threshold_at(labels, score, rate=rate, weight=weight)
    values = numbers(score, "score", length=len(labels))
    mass = weights(weight, length=len(labels))
    bad = labels == 1
    return float(mass[bad & (values > limit)].sum() / mass[bad].sum())


def recall_uplift(
    y: object, without: object, having: object, *, rate: float, seed: int, resamples: int = 500
) -> pd.DataFrame:
    """Compare two scores of the same rows by recall at a rate of false positives.

    Rows are drawn again with replacement, each a person of its own; both scores' thresholds are
    set anew in each draw.

    Returns
    -------
    DataFrame
        Indexed ``without``, ``having``, ``difference`` and ``uplift`` (having / without - 1),
        with the columns of :func:`credit.evaluate.bootstrap`.

    Raises
    ------
    DataError
        As :func:`threshold_at`.
    """
    labels = both_classes(y)
    scores = {"without": without, "having": having}
    values = {name: numbers(each, name, length=len(labels)) for name, each in scores.items()}

    def statistic(weight: FloatArray) -> dict[str, float]:
        found = {
            name: recall_at(labels, each, rate=rate, weight=weight) for name, each in values.items()
        }
        less, more = found["without"], found["having"]
        uplift = more / less - 1 if less else float("nan")
        return {**found, "difference": more - less, "uplift": uplift}

    return bootstrap(statistic, len(labels), seed=seed, resamples=resamples)


def days_to_flag(who: object, days: object, flagged: object, *, horizon: float) -> pd.Series:
    """Return after how many days each was first flagged, ``horizon`` where not until then.

    Parameters
    ----------
    who : array
        Whom each review looked at.
    days : array
        Days from their start (an account's or a studio's opening) to the review.
    flagged : array of bool
        Whether the review flagged them.
    horizon : float
        Days after which nobody looks any more; later reviews do not count. The mean of the
        result is then the mean time to detect, restricted to the horizon.

    Returns
    -------
    Series
        One entry each of ``who``, sorted.

    Raises
    ------
    DataError
        For a horizon that is not positive, or arrays of several lengths.
    """
    if not horizon > 0:
        raise DataError(f"horizon must be above 0 days, got {horizon}.")
    since = numbers(days, "days")
    frame = pd.DataFrame({"who": np.asarray(who), "days": since})
    hit = np.asarray(flagged)
    if len(hit) != len(frame) or hit.dtype != bool:
        raise DataError(
            f"flagged must be {len(frame)} booleans, got {len(hit)} of type {hit.dtype}."
        )
    first = frame[hit & (since <= horizon)].groupby("who")["days"].min()
    everybody = pd.Index(np.unique(frame["who"]), name="who")
    return first.reindex(everybody).fillna(horizon).rename("days_to_flag")
