"""How much of a protected group the features give away, and models that do less harm with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from credit.binning import BinLimits, Binning
from credit.errors import DataError, nearest
from credit.evaluate.decisions import approved_part, require_share
from credit.evaluate.fairness import adverse_impact
from credit.evaluate.inputs import FloatArray, both_classes, numbers
from credit.evaluate.intervals import AucInterval, delong, delong_difference
from credit.split import binary

LIMITS = BinLimits(max_bins=6, max_candidates=20)
"""Bins of the proxy test: coarse, for the question is how much is given away, not the last bit."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProxyTest:
    """How well features tell who belongs to a group.

    Attributes
    ----------
    auc : AucInterval
        Out of fold, of all features together; .5 gives nothing away.
    features : DataFrame
        ``feature, auc, auc_low, auc_high`` (of the feature alone, out of fold) and ``share``: its
        part ``Cov(term, score) / Var(score)`` of what all together say, sums to 1. The most
        telling first.
    """

    auc: AucInterval
    features: pd.DataFrame


def proxy_test(
    X: pd.DataFrame, member: object, *, folds: int = 5, limits: BinLimits = LIMITS, seed: int = 0
) -> ProxyTest:
    """Predict a protected group from the features of a credit model.

    A logistic regression of the columns' weights of evidence about membership, bins and all
    fitted without the rows it is measured on.

    Parameters
    ----------
    X : DataFrame
        Features as the credit model sees them; numbers, names, gaps.
    member : array
        1 for members of the group, 0 for others.
    folds, limits, seed :
        Folds, bins, and the seed that deals both.

    Raises
    ------
    DataError
        With fewer members or others than folds, or X of another length.
    """
    if folds < 2:
        raise DataError(f"folds must be at least 2, got {folds}.")
    labels = both_classes(member, at_least=folds, argument="member")
    if len(X) != len(labels):
        raise DataError(f"X has {len(X)} rows, but {len(labels)} are expected.")
    names = [str(name) for name in X.columns]
    terms, evidence = np.empty(X.shape), np.empty(X.shape)
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for train, test in splitter.split(labels, labels):
        binning = Binning(limits=limits, random_state=seed).fit(X.iloc[train], labels[train])
        model = LogisticRegression(C=10.0, max_iter=500)
        model.fit(binning.transform(X.iloc[train]), labels[train])
        evidence[test] = binning.transform(X.iloc[test])
        terms[test] = evidence[test] * model.coef_[0]
    score = terms.sum(axis=1)
    variance = float(score.var())
    centred = score - score.mean()
    share = terms.T @ centred / len(score) / variance if variance > 0 else np.zeros(len(names))
    own = [delong(labels, column) for column in evidence.T]
    table = pd.DataFrame(
        {
            "feature": names,
            "auc": [one.value for one in own],
            "auc_low": [one.low for one in own],
            "auc_high": [one.high for one in own],
            "share": share,
        }
    )
    return ProxyTest(
        auc=delong(labels, score),
        features=table.sort_values("share", ascending=False, kind="stable").reset_index(drop=True),
    )


def less_discriminatory(
    y: object,
    scores: pd.DataFrame,
    group: object,
    *,
    current: str,
    approval_rate: float,
) -> pd.DataFrame:
    """Look for a model as good as the current one that approves groups more alike.

    Every model approves the same share of people, its safest. A model is as good when its AUC
    falls short of the current one's by no more than one standard error of the paired difference
    (DeLong): within that band the data do not tell them apart, and the fairer may be taken.
    Among these the one with the best adverse impact ratio, that of the least to the most approved
    group, is chosen. Choosing among many models
    on one sample flatters the choice: repeat the comparison of the two on other rows.

    Parameters
    ----------
    y : array
        Outcome, 1 is bad.
    scores : DataFrame (rows, models)
        Score of each model out of sample, higher is riskier.
    group : array
        Group of each row, without nulls.
    current : str
        The model in use.
    approval_rate : float
        Share approved, strictly between 0 and 1.

    Returns
    -------
    DataFrame
        ``model, auc, difference`` (less the current one's), ``standard_error, as_good, least,
        most`` (approved groups), ``ratio, ratio_low, ratio_high, on_frontier`` (no model has both a
        greater AUC and ratio), ``chosen``; the greatest AUC first.
    """
    labels = binary(y)
    models = [str(name) for name in scores.columns]
    if current not in models or len(set(models)) < len(models):
        raise DataError(
            f"current {current!r} must be one of the models, which need different names: {models}."
            f"{nearest(current, models)}"
        )
    require_share("approval_rate", approval_rate)
    base, found = scores[current], []
    names = pd.Series(group).reset_index(drop=True).astype("string")
    for name in scores.columns:
        score: FloatArray = numbers(scores[name], str(name), length=len(labels))
        test = delong_difference(labels, score, base)
        approved = approved_part(score, approval_rate * len(labels))
        rates = pd.Series(approved).groupby(names).mean()
        most = str(rates.idxmax()) if len(rates) else ""
        impact = adverse_impact(approved, names, reference=most)
        worst = impact.iloc[int(np.argmin(impact["approval_rate"].to_numpy()))]
        found.append(
            {
                "model": str(name),
                "auc": test.first,
                "difference": test.difference,
                "standard_error": test.standard_error,
                "as_good": test.difference >= -test.standard_error,
                "least": worst["group"],
                "most": impact["group"].iloc[0],
                "ratio": worst["ratio"],
                "ratio_low": worst["ratio_low"],
                "ratio_high": worst["ratio_high"],
            }
        )
    table = pd.DataFrame(found).sort_values("auc", ascending=False, kind="stable")
    table = table.reset_index(drop=True)
    auc, ratio = table["auc"].to_numpy(), table["ratio"].to_numpy()
    beaten = (auc[None, :] >= auc[:, None]) & (ratio[None, :] >= ratio[:, None])
    strictly = (auc[None, :] > auc[:, None]) | (ratio[None, :] > ratio[:, None])
    best = int(np.argmax(np.where(table["as_good"], ratio, -np.inf)))
    return table.assign(
        on_frontier=np.logical_not((beaten & strictly).any(axis=1)),
        chosen=np.arange(len(table)) == best,
    )
