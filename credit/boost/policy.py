"""A booster whose dimensions move the score by given shares."""

from __future__ import annotations

from copy import copy

from credit.boost.forest import rescale
from credit.boost.model import BoostedModel
from credit.errors import ModelError
from credit.scorecard.weights import WeightedScore, refuse_reversed


def weighted_booster(model: BoostedModel, score: WeightedScore) -> BoostedModel:
    """Return the booster whose margin is the weighted score: the same trees, other leaves.

    Every leaf is multiplied by its tree's factor and the line's slope; the rest of the line
    goes into the base score. The result is a booster like any other: it explains itself and can
    be exported. Leaves stay multiples of 2^-20, so margins differ from the score's by at most
    2^-21 a tree, beside 1e-6 or so of single precision in the base score.

    Parameters
    ----------
    model : fitted BoostedModel
        With ``BoostOptions(by_dimension=True)``.
    score : WeightedScore
        Fitted on ``model.dimension_margins(X)``, by `credit.scorecard.fit_weighted`.

    Raises
    ------
    ModelError
        A tree mixes dimensions, the score is of a dimension the model has not, or it runs
        against the outcome, so that no leaves could keep the signs.
    """
    refuse_reversed(score.line)
    owners = model.owners
    strange = sorted(set(score.factors) - set(owners))
    if strange:
        raise ModelError(
            f"score: factors of {strange}, but the model has {sorted(set(owners))}. Fit the score "
            "on model.dimension_margins(X)."
        )
    factors = {name: score.line.slope * score.factors.get(name, 1.0) for name in owners}
    weighted = copy(model)
    weighted.adopt(rescale(model.booster_, owners, factors, score.line.intercept))
    return weighted
