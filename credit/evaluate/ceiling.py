"""How far a model got towards what could be known, where the truth is known.

On generated data each row has its true probability given everything visible. No score can rank
better, on average, than that probability does; one that seems to has seen the future.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.errors import DataError
from credit.evaluate.inputs import numbers, probabilities
from credit.evaluate.intervals import delong_difference

ALARM = 3.0
"""Standard errors above the ceiling at which a leak is suspected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakAlarm:
    """A score beside the ceiling of the same rows.

    Attributes
    ----------
    auc : float
        AUC of the score on these outcomes.
    ceiling : float
        Expected AUC of the true probability over all outcomes these rows might have had.
    bayes_auc : float
        AUC of the true probability on the outcomes they had.
    share_of_attainable : float
        Gini of the score over the Gini of the true probability on the same outcomes: luck in
        the outcomes cancels.
    difference, standard_error : float
        ``auc - bayes_auc`` and its paired DeLong error: luck in the outcomes cancels.
    standard_errors : float
        Their ratio.
    alarm : bool
        Whether that ratio exceeds 3.
    """

    auc: float
    ceiling: float
    bayes_auc: float
    share_of_attainable: float
    difference: float
    standard_error: float
    standard_errors: float
    alarm: bool


def expected_auc(probability: object, score: object = None) -> float:
    """Return the AUC a score has on average when outcomes follow ``probability``.

    ``sum_{i != j} p_i (1 - p_j) ([s_i > s_j] + [s_i = s_j] / 2) / sum_{i != j} p_i (1 - p_j)``,
    in O(n log n). Without ``score`` the probability is its own score: that is the ceiling.

    >>> round(expected_auc([0.0, 0.5, 1.0]), 4)
    1.0
    """
    true = probabilities(probability, "probability")
    ranked = true if score is None else numbers(score, "score", length=len(true))
    _, codes = np.unique(ranked, return_inverse=True)
    bad = np.bincount(codes, true)
    good = np.bincount(codes, 1 - true)
    alone = true * (1 - true)  # a row is no pair with itself; above, it counted as half a tie
    pairs = bad.sum() * good.sum() - alone.sum()
    if pairs <= 0:
        raise DataError(
            f"probability ({len(true)} row(s)) leaves no pair of a bad and a good: an AUC needs "
            "both. Use more rows."
        )
    above = (bad * (good.cumsum() - good / 2)).sum() - alone.sum() / 2
    return float(above / pairs)


def share_of_attainable(auc: float, ceiling: float) -> float:
    """Return ``(2 auc - 1) / (2 ceiling - 1)``: the Gini reached over the Gini attainable.

    Raises
    ------
    DataError
        If the ceiling is not above .5, where nothing can be attained.
    """
    if not 0.5 < ceiling <= 1:
        raise DataError(f"ceiling must lie above .5 and at most at 1, got {ceiling}.")
    if not 0 <= auc <= 1:
        raise DataError(f"auc must lie between 0 and 1, got {auc}.")
    return (2 * auc - 1) / (2 * ceiling - 1)


def leak_alarm(y: object, score: object, bayes_probability: object) -> LeakAlarm:
    """Compare a score with the true probability on the same rows; alarm above 3 standard errors.

    Parameters
    ----------
    y, score : array
        Outcome (1 is bad) and the model's score, higher is riskier.
    bayes_probability : array
        True P(bad) of each row given all visible facts.
    """
    test = delong_difference(y, score, bayes_probability)
    ceiling = expected_auc(bayes_probability)
    return LeakAlarm(
        auc=test.first,
        ceiling=ceiling,
        bayes_auc=test.second,
        share_of_attainable=share_of_attainable(test.first, test.second),
        difference=test.difference,
        standard_error=test.standard_error,
        standard_errors=test.z,
        alarm=test.z > ALARM,
    )
