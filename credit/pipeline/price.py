"""What the policy's weights would cost each learnt model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.errors import CreditError
from credit.pipeline.findings import Findings
from credit.pipeline.fit import Fitted
from credit.scorecard import price_of_policy

LEARNT = ("scorecard", "xgboost")
"""Models with weights of their own; a policy card has the policy's already."""

MOST_ROWS = 10_000
"""Most rows of a sample whose contributions are computed: those of trees are dear."""


def prices_of(findings: Findings) -> dict[str, pd.DataFrame]:
    """Return each learnt model's price curve, by name; a model without one has a note instead.

    Factors and the line are found on rows the models learnt from, the price on rows they have
    not seen. There is no curve where fewer than two of the policy's dimensions have features.
    """
    here = set(findings.shared.knowledge.dimensions.values())
    if len(here & set(findings.shared.stated_weights)) < 2:
        return {}
    found = {}
    for fitted in findings.fitted:
        if fitted.name not in LEARNT:
            continue
        try:
            found[fitted.name] = _price(fitted, findings)
        except CreditError as error:
            findings.notes.append(f"{fitted.label}: no price of the policy's weights: {error}")
    return found


def _price(fitted: Fitted, findings: Findings) -> pd.DataFrame:
    data, fold = findings.data, findings.fold
    fit, test = spaced(fold.train), spaced(fold.test)
    y = data.y.to_numpy(dtype=np.float64, na_value=np.nan)
    return price_of_policy(
        fitted.model,
        data.X.iloc[fit],
        y[fit],
        data.X.iloc[test],
        y[test],
        findings.shared.knowledge.dimensions,
        findings.shared.stated_weights,
    ).assign(rows=len(test))


def spaced(positions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return at most ``MOST_ROWS`` of the positions, evenly spaced."""
    kept = np.unique(np.linspace(0, len(positions) - 1, MOST_ROWS).astype(np.int64))
    return positions[kept]
