"""A second opinion on the contributions of trees, by another definition of SHAP."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.errors import DataError

Floats = npt.NDArray[np.float64]

BACKGROUND = 100
"""Most rows of the reference population that each row is compared with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far two definitions of a contribution agree.

    Attributes
    ----------
    first_reason : float
        Share of rows whose most harmful feature is the same.
    correlation : float
        Correlation of all contributions, features and rows pooled.
    rows : int
        How many rows were compared.
    """

    first_reason: float
    correlation: float
    rows: int


def interventional(model: Any, X: pd.DataFrame, reference: pd.DataFrame) -> pd.DataFrame:
    """Return contributions against a reference population by interventional SHAP.

    Where path-dependent TreeSHAP (``model.contributions``) follows the training rows through
    the trees, this one replaces features by those of the reference: ``phi_j`` is the Shapley
    value of the game ``v(S) = E_reference[f(x_S, X_rest)]`` (Lundberg et al. 2020). Special
    codes' indicator columns are counted with the feature they come from.

    Parameters
    ----------
    model : BoostedModel
        Fitted.
    X, reference : DataFrame
        Rows to explain, and the population they are compared with (its first rows, at most
        100, evenly spaced).

    Returns
    -------
    DataFrame (rows x features)
        A row's sum is its margin minus the mean margin of the reference rows used.

    Raises
    ------
    DataError
        If the reference has no row.
    """
    with warnings.catch_warnings():
        # shap's colour maps use a setter that matplotlib plans to remove.
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        import shap  # seconds to import, so only where it is used
    if reference.empty:
        raise DataError("reference: no rows. Give the population to compare with.")
    at = np.unique(np.linspace(0, len(reference) - 1, BACKGROUND).round().astype(np.int64))
    explainer = shap.TreeExplainer(
        model.booster_,
        data=np.asarray(model.encoder_.matrix(reference.iloc[at]), dtype=np.float64),
        feature_perturbation="interventional",
        model_output="raw",
    )
    values: Floats = explainer.shap_values(
        np.asarray(model.encoder_.matrix(X), dtype=np.float64), check_additivity=False
    )
    terms = pd.DataFrame(0.0, index=X.index, columns=list(model.features_))
    for column, source in enumerate(model.encoder_.sources):
        terms[source] += values[:, column]
    return terms


def agreement(first: pd.DataFrame, second: pd.DataFrame) -> Agreement:
    """Compare two tables of contributions of the same rows and features."""
    if list(first.columns) != list(second.columns) or len(first) != len(second):
        raise DataError(
            f"contributions of the same rows and features are needed, got {first.shape} and "
            f"{second.shape}."
        )
    a, b = first.to_numpy(dtype=np.float64), second.to_numpy(dtype=np.float64)
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    same = a.argmax(axis=1) == b.argmax(axis=1)
    return Agreement(
        first_reason=float(same.mean()),
        correlation=float(np.corrcoef(a.ravel(), b.ravel())[0, 1]),
        rows=len(a),
    )
