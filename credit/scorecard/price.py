"""What it costs to hold a learnt model to a policy's weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit

from credit.columns import Floats
from credit.evaluate import auc, ks, log_loss
from credit.explain import sub_scores
from credit.scorecard.card import Scorecard
from credit.scorecard.range_fit import range_card
from credit.scorecard.ranges import policy_shares
from credit.scorecard.weights import by_name, fit_weighted, scaled

ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""From the learnt shares to the policy's."""


def price_of_policy(  # noqa: PLR0913, PLR0917 - a model, two samples and a policy, as named
    model: Any,
    X_fit: Any,
    y_fit: ArrayLike,
    X_test: Any,
    y_test: ArrayLike,
    dimensions: Mapping[str, str],
    weights: Mapping[str, float],
    alphas: Sequence[float] = ALPHAS,
) -> pd.DataFrame:
    """Return what it costs to hold a fitted model to a policy's weights as variance shares.

    Parameters
    ----------
    model : fitted Scorecard, PolicyCard or BoostedModel
        Anything whose ``contributions(X)`` are parts of the margin, a column a feature: terms
        of a card, exact TreeSHAP of trees. Where no tree mixes dimensions
        (``BoostOptions(by_dimension=True)``) a sub-score is the sum of a dimension's own trees.
    X_fit, y_fit : frame, array
        Rows on which factors and the line are found; y is 1 for bad.
    X_test, y_test : frame, array
        Rows the model has not seen, on which the price is measured.
    dimensions : dict of str to str
        Feature -> dimension, for all features.
    weights : dict of str to float
        Policy dimension -> weight; they sum to 1.
    alphas : tuple of float
        From 0, the learnt shares and so the free model, to 1, the policy's.

    Returns
    -------
    DataFrame
        A row an alpha: ``alpha, auc, log_loss, ks`` on the test rows; ``free_auc``, that of the
        model as it is; ``unfunded``, the weight of dimensions that have no features or are
        flat; ``share_<dimension>`` on the rows of the fit, as demanded, and
        ``test_share_<dimension>`` as found on the test rows.
    """
    fit, test = (sub_scores(model, X, dimensions) for X in (X_fit, X_test))
    free = auc(y_test, test.sum(axis=1).to_numpy())
    rows = []
    for alpha in alphas:
        score = fit_weighted(fit, y_fit, weights, alpha)
        row = _measured(alpha, score.margin(test), y_test, free)
        row["unfunded"] = float(sum(score.unfunded.values()))
        row |= {f"share_{name}": share for name, share in score.shares.items()}
        funded = list(score.factors)
        found = np.cov(scaled(test[funded], score.factors).T).sum(axis=1)
        shares = by_name(weights, funded, found / found.sum())
        rows.append(row | {f"test_share_{name}": share for name, share in shares.items()})
    return pd.DataFrame(rows)


def price_of_ranges(  # noqa: PLR0913, PLR0917 - a card, two samples and a policy, as named
    card: Scorecard,
    X_fit: Any,
    y_fit: ArrayLike,
    X_test: Any,
    y_test: ArrayLike,
    weights: Mapping[str, float],
    alphas: Sequence[float] = ALPHAS,
) -> pd.DataFrame:
    """Return what it costs to hold a card to a policy's weights as range shares.

    At every alpha the terms are fitted again, so ``free_auc``, the card as it is, differs from
    the first row by what the refit alone does, and rows differ by the weights alone.

    Parameters
    ----------
    card : fitted Scorecard
    X_fit, y_fit, X_test, y_test, weights, alphas
        As in :func:`price_of_policy`.

    Returns
    -------
    DataFrame
        As from :func:`price_of_policy`; ``share_<dimension>`` is the share of the range, as
        demanded, ``variance_share_<dimension>`` that of the variance on the rows of the fit.
    """
    free = auc(y_test, card.decision_function(X_test))
    rows = []
    for alpha in alphas:
        weighted = range_card(card, X_fit, y_fit, weights, alpha)
        table = policy_shares(weighted, X_fit, weights)
        row = _measured(alpha, weighted.decision_function(X_test), y_test, free)
        row["unfunded"] = float(table["unfunded"].sum())
        names = table["dimension"]
        row |= dict(zip("share_" + names, table["range_share"], strict=True))
        row |= dict(zip("variance_share_" + names, table["variance_share"], strict=True))
        rows.append(row)
    return pd.DataFrame(rows)


def _measured(alpha: float, margin: Floats, y: ArrayLike, free: float) -> dict[str, float]:
    return {
        "alpha": float(alpha),
        "auc": auc(y, margin),
        "log_loss": log_loss(y, expit(margin)),
        "ks": ks(y, margin),
        "free_auc": free,
    }
