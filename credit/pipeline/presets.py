"""Presets of policy weights on the same data: how well each ranks, and what moves its score."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from credit import policy
from credit.evaluate import delong, delong_difference
from credit.explain import covariance_shares, dimension_contributions
from credit.pipeline.fit import funded
from credit.pipeline.models import Knowledge
from credit.scorecard import PolicyCard

PRESETS = {"wechat": "weilidai", "bank": "weilidai+bank", "alipay": "weilidai+jiebei"}
"""Preset -> the policy whose ``score.weights`` it is."""


def compare_presets(
    train: tuple[pd.DataFrame, ArrayLike],
    test: tuple[pd.DataFrame, ArrayLike],
    knowledge: Knowledge,
    day: date,
) -> pd.DataFrame:
    """Fit a policy card with the weights of each preset, and measure it on the same rows.

    Parameters
    ----------
    train, test : tuple of (DataFrame, array)
        Features and outcome (1 bad); ranks and the line to log-odds are learnt from the first.
    knowledge : Knowledge
        Signs, dimensions and codes of the columns. Weights of a dimension without a signed
        column are spread over the others.
    day : date
        On which the weights hold.

    Returns
    -------
    DataFrame
        A row a preset and dimension: preset, auc, auc_low, auc_high (DeLong, 95 %, on test),
        difference and difference_error (of the AUC to the first preset's, paired), dimension,
        weight, influence (share of the variance of the score on test; sums to 1 a preset).

    Raises
    ------
    ModelError
        No column has a sign.
    DataError
        The test rows hold only one outcome, or the score does not vary on them.
    """
    X, y = test
    scores: dict[str, np.ndarray] = {}
    tables = []
    for preset, name in PRESETS.items():
        weights, _ = funded(policy.load(name).weights(day), knowledge)
        card = PolicyCard(
            signs=knowledge.signs, dimensions=knowledge.dimensions, weights=weights,
            special_codes=knowledge.special_codes,
        ).fit(*train)  # fmt: skip
        scores[preset] = card.decision_function(X)
        found = delong(y, scores[preset])
        against = delong_difference(y, scores[preset], scores[next(iter(PRESETS))])
        used = card.contributions(X)[list(card.dimension_)]
        influence = covariance_shares(dimension_contributions(used, card.dimension_))
        tables.append(
            pd.DataFrame(
                {
                    "preset": preset, "auc": found.value, "auc_low": found.low,
                    "auc_high": found.high, "difference": against.difference,
                    "difference_error": against.standard_error, "dimension": influence.index,
                    "weight": [card.weights_[one] for one in influence.index],
                    "influence": influence.to_numpy(),
                }
            )
        )  # fmt: skip
    return pd.concat(tables, ignore_index=True)
