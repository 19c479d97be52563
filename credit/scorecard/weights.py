"""Policy weights for a learnt model: what each dimension may move the score, and what it costs.

A dimension's sub-score is the sum of its features' contributions. Its share of the score's
variance is made to equal a weight by one factor for each dimension; nothing is fitted again
but one line from the new score to log-odds. These are variance (Euler) shares; for shares of the
range of points see `credit.scorecard.range_card`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from credit.calibrate import Calibration, fit_platt
from credit.columns import Floats
from credit.errors import ModelError, nearest
from credit.scorecard.card import Scorecard

FLAT = 1e-9
"""A sub-score whose variance is below this share of the largest one does not move the score."""

_MOST_STEPS = 200
_TOLERANCE = 1e-10
_NEAR = 1 / 16


def risk_budget(covariance: Floats, weights: Floats) -> Floats:
    """Return the factors that give each sub-score its weight in the variance of their sum.

    ::

        a_i (S a)_i = w_i,    a > 0,    sum_i w_i = 1

    is where ``a' S a / 2 - sum_i w_i log(a_i)`` is least. That function is strictly convex, so
    there is one such ``a``; Newton steps find it. They are halved until the function falls, but
    for the last ones: divided by the least weight it is self-concordant, so that near the end
    whole steps converge where rounding hides that it falls. With it ``a' S a = 1``
    and ``w_i = Cov(a_i s_i, s) / Var(s)`` for ``s = sum_i a_i s_i``.

    Raises
    ------
    ModelError
        A weight is not above 0, or sub-scores cancel each other, so that no factors exist.
    """
    if not (weights > 0).all() or abs(float(weights.sum()) - 1) > 1e-9:
        raise ModelError(f"weights must be above 0 and sum to 1, got {weights.tolist()}.")
    spread = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(spread, spread)
    factors = np.sqrt(weights)
    for _ in range(_MOST_STEPS):
        gradient = correlation @ factors - weights / factors
        if np.abs(factors * gradient).max() <= _TOLERANCE:
            return np.asarray(factors / spread)
        try:
            step = np.linalg.solve(correlation + np.diag(weights / factors**2), gradient)
        except np.linalg.LinAlgError:
            break
        near = gradient @ step < _NEAR * weights.min()
        factors = factors - step if near else _shortened(correlation, weights, factors, step)
    raise ModelError(
        "weights: no factors give the dimensions these shares, because their sub-scores cancel "
        f"each other (correlations {correlation.round(3).tolist()}). Take the dimensions that "
        "run against the others out of the policy."
    )


def _shortened(correlation: Floats, weights: Floats, factors: Floats, step: Floats) -> Floats:
    """Return the first point of a halving step that stays positive and lowers the function."""

    def value(at: Floats) -> float:
        return float(at @ correlation @ at / 2 - weights @ np.log(at))

    now, size = value(factors), 1.0
    while size > 1e-12:
        tried = factors - size * step
        if (tried > 0).all() and value(tried) <= now:
            return tried
        size /= 2
    return factors


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedScore:
    """A model whose dimensions move the score by given shares.

    ::

        margin = intercept + slope (sum_d factor_d s_d + sum of sub-scores outside the policy)

    Attributes
    ----------
    alpha : float
        0 keeps the learnt shares, 1 takes the policy's.
    factors : dict of str to float
        By dimension that moves the score and has policy weight. The sum of the scaled
        sub-scores varies as much as before, so what is outside the policy keeps its place
        beside it.
    learnt, shares : dict of str to float
        Share of each policy dimension in the variance of their sum on the rows of the fit,
        before and after; 0 where a dimension has no features or is flat.
    unfunded : dict of str to float
        Policy weight of the dimensions that have no features or are flat. The other weights
        are scaled up to sum to 1.
    line : Calibration
        Slope and intercept, Platt's.
    """

    alpha: float
    factors: dict[str, float]
    learnt: dict[str, float]
    shares: dict[str, float]
    unfunded: dict[str, float]
    line: Calibration

    def margin(self, by_dimension: pd.DataFrame) -> Floats:
        """Return the log-odds of bad from the sub-scores (rows x dimensions)."""
        return self.line.margin(scaled(by_dimension, self.factors).sum(axis=1))

    def probability(self, by_dimension: pd.DataFrame) -> Floats:
        """Return the probability of bad from the sub-scores (rows x dimensions)."""
        return self.line.apply(scaled(by_dimension, self.factors).sum(axis=1))


def fit_weighted(
    by_dimension: pd.DataFrame, y: ArrayLike, weights: Mapping[str, float], alpha: float = 1.0
) -> WeightedScore:
    """Scale a model's sub-scores so that policy dimensions have given shares of the variance.

    Parameters
    ----------
    by_dimension : DataFrame (rows x dimensions)
        Sub-scores on the rows to fit on, from `credit.explain.dimension_contributions`.
    y : array (rows,)
        1 is bad, 0 is good.
    weights : dict of str to float
        Policy dimension -> weight; they sum to 1. Sub-scores of other dimensions keep their
        place beside them.
    alpha : float
        The shares aimed at are ``(1 - alpha) learnt + alpha policy``. At 0 the ranking is the
        model's own. A learnt share below 0, of a dimension that runs against the others, counts
        as 0 in a blend.

    Raises
    ------
    ModelError
        Weights or alpha are out of range, or fewer than two policy dimensions move the score.
    """
    check_weights(weights, alpha)
    if len(by_dimension) < 2:
        raise ModelError(f"{len(by_dimension)} row(s) have no variance. Pass the rows of the fit.")
    funded = _funded(by_dimension, weights)
    values = by_dimension[funded].to_numpy(dtype=np.float64)
    covariance = np.cov(values.T)
    learnt = covariance.sum(axis=1) / covariance.sum()
    factors = np.ones(len(funded))
    if alpha > 0:
        policy = np.array([weights[name] for name in funded])
        factors = risk_budget(covariance, blend(learnt, policy, alpha))
        factors *= np.sqrt(covariance.sum())  # the scaled sum has variance 1 so far
    named = dict(zip(funded, factors.tolist(), strict=True))
    moved = factors * (covariance @ factors)
    total = scaled(by_dimension, named).sum(axis=1)
    return WeightedScore(
        alpha=alpha,
        factors=named,
        learnt=by_name(weights, funded, learnt),
        shares=by_name(weights, funded, moved / moved.sum()),
        unfunded={name: weight for name, weight in weights.items() if name not in funded},
        line=fit_platt(total, y),
    )


def check_weights(weights: Mapping[str, float], alpha: float = 1.0) -> None:
    """Refuse weights that are not above 0 or do not sum to 1, and alpha outside 0 to 1."""
    if not 0 <= alpha <= 1:
        raise ModelError(f"alpha must be between 0 (learnt) and 1 (policy), got {alpha}.")
    if not weights or min(weights.values()) <= 0 or abs(sum(weights.values()) - 1) > 1e-9:
        raise ModelError(f"weights must be above 0 and sum to 1, got {dict(weights)}.")


def blend(learnt: Floats, policy: Floats, alpha: float) -> Floats:
    """Return the shares on the way from learnt to policy, each part summing to 1."""
    held = np.clip(learnt, 0.0, None)
    return np.asarray((1 - alpha) * held / held.sum() + alpha * policy / policy.sum())


def _funded(by_dimension: pd.DataFrame, weights: Mapping[str, float]) -> list[str]:
    """Return the policy's dimensions that move the score."""
    spread = by_dimension[[name for name in weights if name in by_dimension.columns]].var(ddof=1)
    held = [str(name) for name, value in spread.items() if value > FLAT * spread.max()]
    refuse_unfunded(weights, held, map(str, by_dimension.columns))
    return held


def refuse_unfunded(
    weights: Mapping[str, float], funded: Sequence[str], present: Iterable[str]
) -> None:
    """Refuse a policy of which fewer than two dimensions move the score."""
    if len(funded) < 2:
        here = sorted(filter(None, present))
        hint = "".join(nearest(name, here) for name in weights if name not in here)
        raise ModelError(
            f"weights: of the policy's dimensions {list(weights)} only {list(funded)} move this "
            f"score, whose dimensions are {here}.{hint} Shares need at least two."
        )


def by_name(
    weights: Mapping[str, float], funded: Sequence[str], values: Floats
) -> dict[str, float]:
    """Return a value for each of the policy's dimensions, 0 for the unfunded ones."""
    found = dict(zip(funded, values.tolist(), strict=True))
    return {name: found.get(name, 0.0) for name in weights}


def scaled(by_dimension: pd.DataFrame, factors: Mapping[str, float]) -> Floats:
    """Return the sub-scores (rows, dimensions) times their factors; 1 for one without."""
    missing = [name for name in factors if name not in by_dimension.columns]
    if missing:
        raise ModelError(
            f"sub-scores: no column {missing}. They have {list(by_dimension.columns)}."
        )
    factor = np.array([factors.get(str(name), 1.0) for name in by_dimension.columns])
    return by_dimension.to_numpy(dtype=np.float64) * factor


def refuse_reversed(line: Calibration) -> None:
    """Refuse a weighted score that runs against the outcome: it could not keep the signs."""
    if line.slope <= 0:
        raise ModelError(
            f"the weighted score has slope {line.slope:.4g} to the log-odds of bad: with "
            "these weights a riskier score means a safer row. Take a smaller alpha."
        )


def weighted_card(card: Scorecard, score: WeightedScore) -> Scorecard:
    """Return the card whose margin is the weighted score: the same bins, other points.

    Parameters
    ----------
    card : fitted Scorecard
        Its own ``dimensions`` say which factor a feature takes.
    score : WeightedScore
        Fitted on the card's contributions, added up by the same dimensions.

    Raises
    ------
    ModelError
        The weighted score runs against the outcome, so no points could keep the signs.
    """
    refuse_reversed(score.line)
    plain = card.to_dict()
    plain["base"] = score.line.intercept
    for feature in plain["features"]:
        factor = score.line.slope * score.factors.get(feature["dimension"], 1.0)
        feature["coefficient"] *= factor
        feature["margin"] = [factor * term for term in feature["margin"]]
        feature["standard_error"] = feature["p_value"] = None  # of the coefficient as it was
    return Scorecard.from_dict(plain)
