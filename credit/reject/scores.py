"""The model behind an inference: any classifier, a logistic regression by default."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from credit.errors import DataError
from credit.reject.probit import Floats
from credit.split import binary

SURE = 1e-9
"""Least distance of a probability from 0 and 1."""


def default_model() -> Any:
    """Return a logistic regression on standardised columns, hardly shrunk."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=100.0, max_iter=1000))


def fit_weighted(model: Any, X: pd.DataFrame, y: Any, weight: Floats | None) -> Any:
    """Return the model fitted; the weight of a pipeline is that of its last step."""
    if weight is None:
        return model.fit(X, y)
    last = getattr(model, "steps", None)
    key = "sample_weight" if last is None else f"{last[-1][0]}__sample_weight"
    return model.fit(X, y, **{key: weight})


def bad_probability(model: Any, X: pd.DataFrame) -> Floats:
    """Return P(bad) of a fitted classifier, kept off 0 and 1 by `SURE`."""
    found: Floats = np.clip(model.predict_proba(X)[:, 1].astype(np.float64), SURE, 1 - SURE)
    return found


def measured_odds(y: object, probability: object) -> tuple[float, float, float]:
    """Return how many times the odds of bad exceed those stated, with its 95 % interval.

    For applicants approved at random among the refused: ``y`` is what became of them,
    ``probability`` what the model of the accepted says of them. The odds are those that make
    the probabilities sum to the bads seen; the interval is that of the log-odds' information.

    Raises
    ------
    DataError
        Without both outcomes, or with a probability of exactly 0 or 1.
    """
    labels = binary(y)
    stated = np.asarray(probability, dtype=np.float64)
    if stated.shape != labels.shape or not ((stated > 0) & (stated < 1)).all():
        raise DataError(
            f"probability must hold {len(labels)} numbers strictly between 0 and 1, one for each "
            "outcome."
        )
    if labels.min() == labels.max():
        raise DataError(
            f"y: all {len(labels)} random approvals ended alike, so the odds have no finite "
            "estimate. Approve more at random."
        )
    margin, bads = logit(stated), int(labels.sum())
    shift = brentq(lambda s: expit(margin + s).sum() - bads, -50, 50)
    fitted = expit(margin + shift)
    reach = float(norm.ppf(0.975)) / np.sqrt((fitted * (1 - fitted)).sum())
    low, odds, high = np.exp([shift - reach, shift, shift + reach])
    return float(odds), float(low), float(high)
