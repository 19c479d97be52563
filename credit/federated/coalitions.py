"""What each party's rows add: the held-out AUC of the card of every coalition, and fair shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from credit.errors import FederatedError
from credit.evaluate import every_subset, shapley
from credit.evaluate.discrimination import ScoreCounts
from credit.federated.card import fit_card
from credit.scorecard import Scorecard
from credit.whole import Whole

MOST_COALITIONS = 6
"""Most parties: 64 cards."""

NO_MODEL = 0.5
"""The AUC where a coalition has no row of a class: its model says the same of everybody."""

Part = tuple[pd.DataFrame, ArrayLike]
"""Rows and their outcome: 1 is bad, 0 is good."""


def contributions(
    card: Scorecard, learn: Part, test: Part, reducer: Whole, names: Sequence[str]
) -> dict[str, float]:
    """Return each party's Shapley value of the AUC: they sum to that of all less ``NO_MODEL``.

    See :func:`coalition_aucs` for the parameters, and `credit.evaluate.shapley` for the value.
    """
    return shapley(coalition_aucs(card, learn, test, reducer, names))


def coalition_aucs(
    card: Scorecard, learn: Part, test: Part, reducer: Whole, names: Sequence[str]
) -> dict[tuple[str, ...], float]:
    """Return the AUC, on the held-out rows of all parties, of the card of every coalition.

    All parties take part in every fit; who is outside of a coalition has no rows in it. The
    AUC is that of points, from summed counts of good and bad rows at each number of points.

    Parameters
    ----------
    card : Scorecard
        Options; it is not fitted itself.
    learn, test : (frame, outcome)
        This party's own.
    reducer : Whole
    names : sequence of str
        The parties, in the order of ranks.

    Raises
    ------
    FederatedError
        There are more than ``MOST_COALITIONS`` parties, or not one name for each.
    """
    if len(names) != reducer.parties or len(names) > MOST_COALITIONS:
        raise FederatedError(
            f"names: {len(names)} for {reducer.parties} parties, at most {MOST_COALITIONS} of "
            "which can be weighed: there is a card for each of their coalitions."
        )
    found = {}
    for members in every_subset(names):
        inside = names[reducer.rank] in members
        X, y = learn if inside else (learn[0].iloc[:0], np.zeros(0))
        held = np.asarray(y, dtype=np.int64)
        sides = reducer.sum(np.array([(held == 0).sum(), (held == 1).sum()], dtype=np.int64))
        if not (sides > 0).all():
            found[members] = NO_MODEL
            continue
        fitted = fit_card(card, X, y, reducer).card
        found[members] = pooled_auc(fitted, *test, reducer)
    return found


def pooled_auc(card: Scorecard, X: Any, y: ArrayLike, whole: Whole) -> float:
    """Return the AUC of a card's points over the rows of all parties; none of them moves.

    Parameters
    ----------
    card : fitted Scorecard
    X, y : this party's rows and outcome, 1 is bad
    whole : Whole
    """
    low = card.base_points_ + sum(min(points) for points in card.points_.values())
    high = card.base_points_ + sum(max(points) for points in card.points_.values())
    at, bad = (card.points(X) if len(X) else np.zeros(0, np.int64)) - low, np.asarray(y) == 1
    own = np.array([np.bincount(at[side], minlength=high - low + 1) for side in (~bad, bad)])
    good, ill = whole.sum(own.astype(np.int64)).astype(np.float64)
    score = -np.arange(low, high + 1, dtype=np.float64)[::-1]
    return ScoreCounts(score=score, bad=ill[::-1], good=good[::-1]).auc
