"""How far a model got towards what could be known, where the truth is known.

On generated data each row has its true probability given everything visible. No score can rank
better, on average, than that probability does; one that seems to has seen the future.
"""

from __future__ import annotations

from dataclasses import dataclass

from credit.attainable import expected_auc
from credit.errors import DataError
from credit.evaluate.inputs import probabilities
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
    ceiling = expected_auc(probabilities(bayes_probability, "bayes_probability"))
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
