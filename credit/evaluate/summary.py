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
        Headline(labels, stated), len(labels), person=people, seed=seed, resamples=resamples
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


class Headline:
    """AUC, KS, Brier, log-loss and ECE as functions of row weights.

    Rows are put in the order of the score once; every sum by distinct score or by bin is then
    a sum over neighbours.
    """

    def __init__(self, labels: IntArray, probability: FloatArray) -> None:
        self.order = np.argsort(probability, kind="stable")
        stated, self.bad = probability[self.order], labels[self.order].astype(np.float64)
        self.score, self.first = np.unique(stated, return_index=True)
        self.squares = (stated - self.bad) ** 2
        losses = row_log_losses(self.bad == 1, stated)
        self.hopeless = np.flatnonzero(np.isinf(losses))
        self.losses = np.where(np.isinf(losses), 0.0, losses)
        self.excess = stated - self.bad
        bins = equal_mass_bins(stated, ECE_BINS)
        self.first_of_bin = np.unique(bins, return_index=True)[1]

    def __call__(self, weight: FloatArray) -> dict[str, float]:
        """Return the five figures; not finite where a draw holds one class."""
        mass = weight[self.order]
        total = mass.sum()
        bad = mass * self.bad
        counts = ScoreCounts(
            score=self.score,
            bad=np.add.reduceat(bad, self.first),
            good=np.add.reduceat(mass - bad, self.first),
        )
        off = np.abs(np.add.reduceat(mass * self.excess, self.first_of_bin))
        # Infinite only when a row with an infinite loss was drawn.
        loss = np.inf if mass[self.hopeless].any() else (mass * self.losses).sum() / total
        return {
            "auc": counts.auc,
            "ks": counts.ks,
            "brier": float((mass * self.squares).sum() / total),
            "log_loss": float(loss),
            "ece": float(off.sum() / total),
        }


def by_segment(
    y: object, probability: object, segment: object, *, name: str = "segment"
) -> pd.DataFrame:
    """Return counts, rate and AUC of each segment.

    Columns ``<name>, rows, bads, predicted, rate, auc, auc_low, auc_high``: predicted is the
    mean probability, the bounds are DeLong's. Segments come in the order of their categories,
    else sorted; rows without one last, under ``(none)``. A segment with one class has no AUC,
    one with fewer than two rows of a class no interval: they hold NaN.
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
                "rows": count,
                "bads": bads,
                "predicted": float(stated[inside].mean()),
                "rate": bads / count,
            }
            | _auc_row(labels[inside], stated[inside])
        )
    return pd.DataFrame(rows)


def _auc_row(labels: IntArray, probability: FloatArray) -> dict[str, float]:
    smaller = min(int(labels.sum()), len(labels) - int(labels.sum()))
    if smaller == 0:
        return {"auc": np.nan, "auc_low": np.nan, "auc_high": np.nan}
    if smaller < SMALLEST_CLASS:
        score, codes = np.unique(probability, return_inverse=True)
        bad, good = count_codes(labels, codes, np.ones(len(labels)), len(score))
        value = ScoreCounts(score=score, bad=bad, good=good).auc
        return {"auc": value, "auc_low": np.nan, "auc_high": np.nan}
    interval = delong(labels, probability)
    return {"auc": interval.value, "auc_low": interval.low, "auc_high": interval.high}
