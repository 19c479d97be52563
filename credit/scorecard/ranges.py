"""What weight means in a table of points: the range of a dimension's terms.

The range of a feature is the distance from its lowest to its highest term over the bins that
count, and the range of a dimension the sum over its features: the most it can give or take.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from credit.binning import Bins
from credit.columns import Floats
from credit.explain import dimension_contributions
from credit.explain.shares import APART
from credit.scorecard.card import Scorecard
from credit.scorecard.weights import check_weights


def ordinary(bins: Bins) -> int:
    """Return how many bins, from the first, hold amounts or names that are no special codes."""
    return len(bins.edges) + 1 if bins.kind == "number" else len(bins.groups)


def counted(bins: Bins) -> int:
    """Return how many bins, from the first, make a feature's range.

    The ordinary ones. Special codes, missing and unseen values then lie within the range: a rare
    code must not carry a dimension's weight. Only where there is a single ordinary bin do all
    bins count, for the feature speaks through the others alone.
    """
    return ordinary(bins) if ordinary(bins) > 1 else bins.size


def ranges(card: Scorecard) -> dict[str, float]:
    """Return ``max - min`` of each feature's terms over the bins that count, in log-odds."""
    check_is_fitted(card, "margins_")
    return {
        name: float(np.ptp(np.array(terms)[: counted(card.bins_[name])]))
        for name, terms in card.margins_.items()
    }


def policy_shares(card: Scorecard, X: Any, weights: Mapping[str, float]) -> pd.DataFrame:
    """Return what each of the policy's dimensions can move a card's score and what it does.

    A range share can hide in thin bins: few rows ever get those points. The variance share
    beside it says what the dimension does to the rows that are there.

    Parameters
    ----------
    card : fitted Scorecard
        Its own ``dimensions`` say where a feature belongs.
    X : frame (rows, features)
        Rows on which the variance is taken.
    weights : dict of str to float
        Policy dimension -> weight; they sum to 1.

    Returns
    -------
    DataFrame
        A row a dimension of the policy: ``dimension, policy``; ``range``, in log-odds, the sum
        of its features' ranges; ``range_share``; ``variance_share``, ``Cov(s_d, s) / Var(s)``;
        ``unfunded``, its weight where it has no range. Shares are among the policy's dimensions.
    """
    check_weights(weights)
    owner = card.dimensions or {}
    found = dict.fromkeys(weights, 0.0)
    for name, value in ranges(card).items():
        if owner.get(name) in found:
            found[owner[name]] += value
    table = pd.DataFrame({"dimension": list(weights), "policy": list(weights.values())})
    table["range"] = list(found.values())
    table["range_share"] = _share(table["range"])
    inside = {name: owner.get(name) or APART[0] for name in card.bins_}
    parts = dimension_contributions(card.contributions(X), inside).reindex(
        columns=list(weights), fill_value=0.0
    )
    table["variance_share"] = _share(pd.Series(np.cov(parts.to_numpy().T).sum(axis=1)))
    table["unfunded"] = np.where(table["range"] > 0, 0.0, table["policy"])
    return table


def _share(values: pd.Series) -> Floats:
    total = float(values.sum())
    return values.to_numpy() / total if total > 0 else np.zeros(len(values))
