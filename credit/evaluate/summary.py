"""The two tables everybody asks for first: metrics with intervals, and the same by segment."""

from __future__ import annotations

import numpy as np
import pandas as pd

from credit.errors import DataError
from credit.evaluate.calibration import ECE_BINS, ece_floor, row_log_losses
from credit.evaluate.discrimination import ScoreCounts, count_codes, equal_mass_bins
from credit.evaluate.inputs import FloatArray, IntArray, both_classes, probabilities
from credit.evaluate.intervals import bootstrap, delong
from credit.split import binary, people_codes

SMALLEST_CLASS = 2
"""A DeLong interval needs this many rows of each class."""


def metrics(
    y: object, probability: object, *, person: object = None, seed: int, resamples: int = 500
) -> pd.DataFrame:
    """Return every headline metric with a 95 % interval.

    Parameters
    ----------
    y, probability : array
        Outcome (1 is bad) and P(bad).
    person : array, optional
        Person of each row. Where people repeat, all intervals come from drawing people again;
        where they do not, AUC and Gini carry DeLong's.
    seed, resamples : int
        For the draws and for the simulated floor of the ECE.

    Returns
    -------
    DataFrame
        ``metric, value, low, high`` for ``auc, gini, ks, brier, log_loss, ece`` and
        ``ece_floor`` (what noise alone would give, with its 2.5 % and 97.5 % quantiles).
        An infinite log-loss has no interval.

    Raises
    ------
    DataError
        With fewer than two rows of a class, or probabilities outside 0 to 1.
    """
    labels = both_classes(y, at_least=SMALLEST_CLASS)
    stated = probabilities(probability, "probability", length=len(labels))
    people = None if person is None else people_codes(person, len(labels))
    table = bootstrap(
        _Headline(labels, stated), len(labels), person=people, seed=seed, resamples=resamples
    )
    if people is None or len(np.unique(people)) == len(people):
        interval = delong(labels, stated)
        table.loc["auc", ["low", "high"]] = [interval.low, interval.high]
    table["low"] = table["low"].clip(lower=0)
    table.loc[["auc", "ks"], "high"] = table.loc[["auc", "ks"], "high"].clip(upper=1)
    table.loc["gini"] = 2 * table.loc["auc"] - 1
    floor, low, high = ece_floor(stated, seed=seed)
    table.loc["ece_floor", ["value", "low", "high"]] = [floor, low, high]
    order = ["auc", "gini", "ks", "brier", "log_loss", "ece", "ece_floor"]
    named = table.loc[order, ["value", "low", "high"]].rename_axis("metric")
    return named.reset_index()


class _Headline:
    """AUC, KS, Brier, log-loss and ECE as functions of row weights, sorted and binned once."""

    def __init__(self, labels: IntArray, probability: FloatArray) -> None:
        self.labels = labels
        self.score, self.codes = np.unique(probability, return_inverse=True)
        self.squares = (probability - labels) ** 2
        self.losses = row_log_losses(labels == 1, probability)
        self.excess = probability - labels
        self.bins = equal_mass_bins(probability, ECE_BINS)

    def __call__(self, weight: FloatArray) -> dict[str, float]:
        bad, good = count_codes(self.labels, self.codes, weight, len(self.score))
        counts = ScoreCounts(score=self.score, bad=bad, good=good)
        total = weight.sum()
        drawn = weight > 0
        off = np.abs(np.bincount(self.bins, weight * self.excess))
        return {
            "auc": counts.auc,
            "ks": counts.ks,
            "brier": float(weight @ self.squares / total),
            "log_loss": float(weight[drawn] @ self.losses[drawn] / total),
            "ece": float(off.sum() / total),
        }


def by_segment(
    y: object, probability: object, segment: object, *, name: str = "segment"
) -> pd.DataFrame:
    """Return counts, rate and AUC of each segment.

    Columns ``<name>, n, bads, rate, mean_probability, auc, low, high``; segments in the order of
    their categories, else sorted, rows without one last under ``(none)``. A segment with one
    class has no AUC, one with fewer than two rows of a class no interval: they hold NaN.
    """
    labels = binary(y)
    stated = probabilities(probability, "probability", length=len(labels))
    groups = pd.Series(segment).reset_index(drop=True).astype("category")
    if len(groups) != len(labels):
        raise DataError(f"{name} has {len(groups)} rows, but {len(labels)} are expected.")
    codes = groups.cat.codes.to_numpy()
    rows = []
    for code in sorted(np.unique(codes), key=lambda code: (code < 0, code)):
        inside = codes == code
        count, bads = int(inside.sum()), int(labels[inside].sum())
        rows.append(
            {
                name: "(none)" if code < 0 else groups.cat.categories[code],
                "n": count,
                "bads": bads,
                "rate": bads / count,
                "mean_probability": float(stated[inside].mean()),
            }
            | _auc_row(labels[inside], stated[inside])
        )
    return pd.DataFrame(rows)


def _auc_row(labels: IntArray, probability: FloatArray) -> dict[str, float]:
    smaller = min(int(labels.sum()), len(labels) - int(labels.sum()))
    if smaller == 0:
        return {"auc": np.nan, "low": np.nan, "high": np.nan}
    if smaller < SMALLEST_CLASS:
        score, codes = np.unique(probability, return_inverse=True)
        bad, good = count_codes(labels, codes, np.ones(len(labels)), len(score))
        value = ScoreCounts(score=score, bad=bad, good=good).auc
        return {"auc": value, "low": np.nan, "high": np.nan}
    interval = delong(labels, probability)
    return {"auc": interval.value, "low": interval.low, "high": interval.high}
