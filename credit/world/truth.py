"""Who is bad, and why: the truth of a generated world.

    logit P(y = 1) = a_segment + sum_d beta_d eta_d + sigma * frailty

Each eta_d is a one-to-one function of an index of a few *visible* features of dimension d, so
the Bayes score is a function of what a model may see; frailty is seen by no one. Nothing here
is read by features: the truth lies in a folder apart.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, ndtri

from credit.attainable import expected_auc
from credit.errors import DataError
from credit.feature import DIMENSIONS
from credit.world.ceiling import gini, integrate_frailty, subset_ceilings
from credit.world.figures import Figures
from credit.world.options import SEGMENTS, Flags, Floats, Ints
from credit.world.spill import covariance, slabs

__all__ = [
    "Truth", "TruthModel", "calibrate", "expected_auc", "features_of_truth", "index", "read",
    "risk_budget", "subset_ceilings",
]  # fmt: skip

FOLDER = "truth"
"""The subfolder of a world that no engine reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthModel:
    """The coefficients of the truth.

    Attributes
    ----------
    beta : ndarray of shape (5,)
        One a dimension, in the policy's order.
    intercepts : ndarray of shape (3,)
        One a segment.
    sigma : float
        Standard deviation of frailty.
    interaction : float
        Coefficient of eta_payment * eta_wealth.
    """

    beta: Floats
    intercepts: Floats
    sigma: float
    interaction: float = 0.0

    def linear(self, eta: Floats, shift: Floats | float = 0.0) -> Floats:
        """Return the log-odds without intercept and frailty, shape (n,); ``shift`` of shocks."""
        product = eta[:, DIMENSIONS.index("payment")] * eta[:, DIMENSIONS.index("wealth")]
        return np.asarray(eta @ self.beta + self.interaction * product + shift)

    def score(self, linear: Floats, segment: Ints) -> Floats:
        """Return the Bayes score: P(y = 1) given everything visible."""
        return integrate_frailty(self.intercepts[segment] + linear, self.sigma)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What the folder ``truth`` of a world says.

    ``frame`` has one row an application: application_id, customer_id, segment, eta_<dimension>,
    linear, frailty, p (the Bayes score) and y. ``facts`` are the contents of ``truth.json``.
    """

    frame: pd.DataFrame
    facts: Mapping[str, Any]

    @property
    def auc(self) -> float:
        """The ceiling: the expected AUC of the Bayes score over the whole population."""
        return float(self.facts["ceiling"]["auc"])

    @property
    def shares(self) -> dict[str, float]:
        """Covariance share of each dimension in the linear part of the truth."""
        return dict(self.facts["shares"])

    def of(self, application_id: pd.Series) -> pd.DataFrame:
        """Return the truth's rows of some applications, in their order."""
        rows = self.frame.set_index("application_id")
        unknown = ~application_id.isin(rows.index)
        if unknown.any():
            raise DataError(
                f"application_id: {int(unknown.sum())} value(s) are not in this world's truth, "
                f"for example {application_id[unknown].iloc[0]!r}."
            )
        return rows.loc[application_id.to_numpy()].reset_index()


def read(directory: Path | str) -> Truth:
    """Return the truth of the world generated in ``directory``.

    Raises
    ------
    DataError
        If the folder holds no truth.
    """
    folder = Path(directory) / FOLDER
    if not (folder / "truth.json").is_file():
        raise DataError(
            f"{directory}: no truth here. A generated world keeps it in its subfolder "
            f"{FOLDER!r}; other data have none."
        )
    facts = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    return Truth(frame=pd.read_parquet(folder / "truth.parquet"), facts=facts)


def features_of_truth(figures: Figures) -> dict[str, dict[str, float]]:
    """Return dimension -> feature -> weight in the dimension's index."""
    return {dimension: dict(figures[f"truth.{dimension}"]) for dimension in DIMENSIONS}


def normal_scores(values: Floats) -> Floats:
    """Return Phi^-1((rank - 1/2) / m) of the m values that are not null; a null gives 0.

    Ties share their average rank. Values are compared to ten significant digits, so that a
    sum of floats taken in another order does not change a rank.
    """
    known = np.isfinite(values)
    scores = np.zeros(values.size)
    ranked = values[known]
    for part in slabs(ranked.size):
        ranked[part] = _ten_digits(ranked[part])
    ordered = np.sort(ranked)
    for part in slabs(ranked.size):
        below, until = (np.searchsorted(ordered, ranked[part], side) for side in ("left", "right"))
        ranked[part] = ndtri(((below + until + 1) / 2 - 0.5) / ranked.size)
    scores[known] = ranked
    return scores


def _ten_digits(values: Floats) -> Floats:
    size = np.abs(values)
    exponent = np.floor(np.log10(np.where(size > 0, size, 1.0)))
    scale = 10.0 ** (9 - exponent)
    return np.asarray(np.rint(values * scale) / scale)


def index(
    column: Callable[[str], Floats], weights: Mapping[str, float], risk: Mapping[str, int]
) -> Floats:
    """Return eta_d of one dimension, shape (n,), with mean 0 and standard deviation 1.

        eta_d = standardised(sum_k w_k risk_k Phi^-1(rank(x_k)))

    over the features k in ``weights``, each with its declared sign of risk; ``column`` gives a
    feature's values, a null as NaN. The index is not ranked once more: that would bend it (most
    where many people share a value), and a model that adds up features could then not recover
    the dimensions' shares.
    """
    scores = (weight * risk[name] * normal_scores(column(name)) for name, weight in weights.items())
    total = next(scores)
    for part in scores:
        total += part
    return np.asarray((total - total.mean()) / total.std())


def risk_budget(covariance: Floats, shares: Floats, sd: float) -> Floats:
    """Return the positive beta with beta_d (C beta)_d = share_d * sd^2 for every d.

    The minimum of beta' C beta / 2 - sum_d b_d log beta_d (convex, so unique), by Newton's
    method with step halving.
    """
    budget = shares / shares.sum() * sd**2
    beta = np.sqrt(budget / np.diag(covariance))
    for _ in range(100):
        gradient = covariance @ beta - budget / beta
        step = np.linalg.solve(covariance + np.diag(budget / beta**2), gradient)
        while (beta - step <= 0).any():
            step /= 2
        beta = beta - step
        if np.abs(step).max() < 1e-15:
            break
    return np.asarray(beta)


def calibrate(
    eta: Floats, segment: Ints, figures: Figures, *, interaction: float, who: Flags
) -> TruthModel:
    """Return the truth whose shares and segment bad rates, among ``who``, are the figures'.

    Raises
    ------
    DataError
        If a segment has no people.
    """
    sigma = figures.number("truth.frailty_sd")
    shares = figures.array("truth.shares")
    beta = risk_budget(covariance(eta, who), shares, figures.number("truth.linear_sd"))
    draft = TruthModel(
        beta=beta, intercepts=np.zeros(len(SEGMENTS)), sigma=sigma, interaction=interaction
    )
    intercepts = []
    for code, rate in enumerate(figures.array("segment.bad_rate")):
        chosen = who & (segment == code)
        rows = np.concatenate(
            [
                draft.linear(np.ascontiguousarray(eta[part])[chosen[part]])
                for part in slabs(len(eta))
            ]
        )
        if not rows.size:
            raise DataError(f"segment {SEGMENTS[code]} has nobody; generate more people.")
        intercepts.append(
            brentq(
                lambda a, rows=rows, rate=rate: integrate_frailty(rows + a, sigma).mean() - rate,
                -20.0, 10.0, xtol=1e-12,
            )
        )  # fmt: skip
    return TruthModel(
        beta=beta, intercepts=np.array(intercepts), sigma=sigma, interaction=interaction
    )


def single_feature_gini(p: Floats, values: Floats, *, bins: int = 50) -> float:
    """Return the expected Gini of one feature used as well as it can be.

    People are ranked by the mean p of their bin: quantile bins, and null as its own. This needs
    no monotone relation, so it bounds what a model could take from this feature alone.
    """
    known = np.isfinite(values)
    code = np.zeros(values.size, dtype=np.int64)
    if known.any():
        edges = np.unique(np.quantile(values[known], np.linspace(0, 1, bins + 1)[1:-1]))
        code[known] = 1 + np.searchsorted(edges, values[known], side="right")
    del values, known
    count = np.bincount(code)
    mean = np.bincount(code, p) / np.maximum(count, 1)
    return gini(expected_auc(p, mean[code]))


def draw_outcomes(
    linear: Floats, segment: Ints, model: TruthModel, frailty: Floats, uniform: Floats
) -> Ints:
    """Return y: 1 where ``uniform`` falls below P(y = 1 | frailty)."""
    chance = expit(model.intercepts[segment] + linear + model.sigma * frailty)
    return (uniform < chance).astype(np.int64)
