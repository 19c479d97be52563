"""How well a score separates bad from good: AUC, Gini, KS, H, and the curves behind them.

A higher score means a higher risk, and y = 1 is bad. Everything is computed from the weight of
bad and good at each distinct score, so ties count half, rows may come in any order, and a
weight of two is the same as the row twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import betainc
from sklearn.isotonic import isotonic_regression

from credit.errors import DataError
from credit.evaluate.inputs import FloatArray, IntArray, both_classes, numbers, weights


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoreCounts:
    """Weight of bad and of good at each distinct score, scores ascending; all of one length."""

    score: FloatArray
    bad: FloatArray
    good: FloatArray

    @property
    def auc(self) -> float:
        """``sum_u bad_u (good below u + good_u / 2) / (bads goods)``; NaN without both classes."""
        total = self.bad.sum() * self.good.sum()
        if total == 0:
            return float("nan")
        below = self.good.cumsum() - self.good / 2
        return float((self.bad * below).sum() / total)

    @property
    def ks(self) -> float:
        """Largest distance of the two cumulative shares; NaN without both classes."""
        bads, goods = self.bad.sum(), self.good.sum()
        if bads * goods == 0:
            return float("nan")
        return float(np.abs(self.bad.cumsum() / bads - self.good.cumsum() / goods).max())


def score_counts(y: object, score: object, *, weight: object = None) -> ScoreCounts:
    """Count bad and good at each distinct score, in O(n log n).

    Raises
    ------
    DataError
        For anything but 0 and 1 in ``y``, one class only, a score that is not finite, or a
        negative weight.
    """
    labels = both_classes(y)
    values = numbers(score, "score", length=len(labels))
    mass = weights(weight, length=len(labels))
    distinct, codes = np.unique(values, return_inverse=True)
    counts = count_codes(labels, codes, mass, len(distinct))
    if counts[0].sum() == 0 or counts[1].sum() == 0:
        raise DataError("weight is 0 on every row of one class; both classes are needed.")
    return ScoreCounts(score=distinct, bad=counts[0], good=counts[1])


def count_codes(
    labels: IntArray, codes: IntArray, weight: FloatArray, count: int
) -> tuple[FloatArray, FloatArray]:
    """Return the weight of bad and of good for each of ``count`` codes."""
    bad = np.bincount(codes, weights=weight * labels, minlength=count)
    good = np.bincount(codes, weights=weight * (1 - labels), minlength=count)
    return bad.astype(np.float64), good.astype(np.float64)


def auc(y: object, score: object, *, weight: object = None) -> float:
    """Return P(score of a bad > score of a good) + P(equal) / 2.

    >>> auc([0, 1, 0, 1], [0.1, 0.4, 0.4, 0.9])
    0.875
    """
    return score_counts(y, score, weight=weight).auc


def gini(y: object, score: object, *, weight: object = None) -> float:
    """Return ``2 AUC - 1``."""
    return 2 * auc(y, score, weight=weight) - 1


def ks(y: object, score: object, *, weight: object = None) -> float:
    """Return ``max_t |P(score <= t | bad) - P(score <= t | good)|`` (Kolmogorov and Smirnov).

    The distance has no sign: a score that ranks backwards has a KS above 0 and an AUC below .5.
    """
    return score_counts(y, score, weight=weight).ks


def h_measure(y: object, score: object, *, weight: object = None) -> float:
    """Return Hand's H with costs distributed Beta(2, 2).

    For a share ``c`` of the cost on refusing a good and ``1 - c`` on accepting a bad, the best
    threshold loses ``L(c) = min_t c P(good) FPR(t) + (1 - c) P(bad) (1 - TPR(t))``.
    ``H = 1 - E L(c) / E L0(c)``, where L0 is the better of accepting and refusing everybody and
    the expectation is over c. The prior does not depend on the data (Hand 2009, Machine
    Learning 77); other software may use other priors, so state it.
    """
    counts = score_counts(y, score, weight=weight)
    total = counts.bad + counts.good
    used = total > 0
    # The vertices of the convex hull of the ROC curve are the block ends of isotonic regression.
    rate = isotonic_regression(counts.bad[used] / total[used], sample_weight=total[used])
    _, block = np.unique(rate, return_inverse=True)
    bad = np.bincount(block, weights=counts.bad[used]) / total.sum()
    good = np.bincount(block, weights=counts.good[used]) / total.sum()
    # A block is refused while c is at most its bad rate. Losing nothing else, each block costs
    # c good up to its own rate and (1 - c) bad beyond it.
    return float(1 - _lost(bad, good) / _lost(bad.sum(keepdims=True), good.sum(keepdims=True)))


def _lost(bad: FloatArray, good: FloatArray) -> float:
    """Return E L(c) for blocks that are each accepted or refused as a whole."""
    rate = bad / (bad + good)
    refused = good * 0.5 * betainc(3, 2, rate)  # integral of c u(c) up to the block's rate
    accepted = bad * 0.5 * (1 - betainc(2, 3, rate))  # integral of (1 - c) u(c) beyond it
    return float((refused + accepted).sum())


def roc_table(
    y: object, score: object, *, weight: object = None, rows: int | None = None
) -> pd.DataFrame:
    """Return the ROC curve: columns ``threshold, false_positive_rate, true_positive_rate``.

    A row is positive when its score is at least the threshold; the first threshold is infinite.
    ``rows`` keeps about that many points, evenly by position, for drawing.
    """
    counts = score_counts(y, score, weight=weight)
    table = pd.DataFrame(
        {
            "threshold": np.append(np.inf, counts.score[::-1]),
            "false_positive_rate": _from_riskiest(counts.good),
            "true_positive_rate": _from_riskiest(counts.bad),
        }
    )
    return _thin(table, rows)


def cap_table(
    y: object, score: object, *, weight: object = None, rows: int | None = None
) -> pd.DataFrame:
    """Return the cumulative accuracy profile: ``threshold, share_of_people, share_of_bads``.

    Riskiest first; ``rows`` as in :func:`roc_table`.
    """
    counts = score_counts(y, score, weight=weight)
    table = pd.DataFrame(
        {
            "threshold": np.append(np.inf, counts.score[::-1]),
            "share_of_people": _from_riskiest(counts.bad + counts.good),
            "share_of_bads": _from_riskiest(counts.bad),
        }
    )
    return _thin(table, rows)


def lift_table(y: object, score: object, *, weight: object = None, bins: int = 10) -> pd.DataFrame:
    """Return bad rates by equal-mass bin of the score, riskiest first.

    Columns: ``bin`` (1 is the riskiest), ``rows``, ``bads`` (weighted where weights are given),
    ``rate``, ``lift`` (rate over the overall rate), ``share_of_people`` and ``share_of_bads``
    (cumulative). Equal scores share a bin, so heavily tied scores give fewer bins.
    """
    labels = both_classes(y)
    values = numbers(score, "score", length=len(labels))
    mass = weights(weight, length=len(labels))
    codes = equal_mass_bins(-values, bins, weight=mass)
    bad, good = count_codes(labels, codes, mass, bins)
    table = pd.DataFrame({"bin": np.arange(1, bins + 1), "rows": bad + good, "bads": bad})
    table = table[table["rows"] > 0].reset_index(drop=True)
    table["rate"] = table["bads"] / table["rows"]
    table["lift"] = table["rate"] / (bad.sum() / mass.sum())
    table["share_of_people"] = table["rows"].cumsum() / mass.sum()
    table["share_of_bads"] = table["bads"].cumsum() / bad.sum()
    return table


def equal_mass_bins(values: FloatArray, bins: int, *, weight: object = None) -> IntArray:
    """Return the bin 0..bins-1 of each value, by the middle of its place in the order.

    ``bin = floor(bins * (mass below + mass at the value / 2) / total mass)``: without ties the
    bins differ by at most one row, and equal values always share a bin.
    """
    if bins < 1:
        raise DataError(f"bins must be at least 1, got {bins}.")
    mass = weights(weight, length=len(values))
    _, codes = np.unique(values, return_inverse=True)
    at = np.bincount(codes, weights=mass)
    middle = (at.cumsum() - at / 2) / at.sum()
    binned: IntArray = np.minimum(np.floor(bins * middle), bins - 1).astype(np.int64)[codes]
    return binned


def _from_riskiest(mass: FloatArray) -> FloatArray:
    """Return cumulative shares from the highest score down, starting at 0."""
    shares: FloatArray = np.append(0.0, mass[::-1].cumsum() / mass.sum())
    return shares


def _thin(table: pd.DataFrame, rows: int | None) -> pd.DataFrame:
    if rows is None or len(table) <= rows:
        return table
    kept = np.unique(np.linspace(0, len(table) - 1, max(rows, 2)).round().astype(int))
    return table.iloc[kept].reset_index(drop=True)
