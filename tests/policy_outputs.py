"""What each rule of the policy moves: a leaf, an output, and values that must change it.

An output takes the figures in force and returns anything that compares. Whoever adds a rule to
``weilidai.toml`` adds its line here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from limit_outputs import CHANGED, seen

from credit.decide.funding import FundingTerms
from credit.decide.products import ProductTerms, Wish, compare
from credit.features import catalogue
from credit.pipeline.pages.fairness import custom
from credit.pipeline.refusals import references_of
from credit.policy import InForce, Policy, load
from credit.scorecard import PolicyCard, Scale


@dataclass(frozen=True, kw_only=True)
class Output:
    """What a leaf moves, and values each of which must move it; ``over`` is laid over weilidai."""

    of: Callable[[InForce], object]
    to: tuple[object, ...]
    over: str = ""


def features(figures: InForce) -> object:
    return tuple(catalogue(Policy("p", "", tuple(figures.leaves.values()), ""), figures.on))


@cache
def people() -> tuple[pd.DataFrame, np.ndarray]:
    """Forty people with one column of each dimension, and their outcomes."""
    draw = np.random.default_rng(3)
    names = ("payment", "social", "wealth", "consumption", "repayment")
    X = pd.DataFrame({name: draw.normal(size=40) for name in names})
    return X, (X.sum(axis=1).to_numpy() + draw.normal(size=40) > 0).astype(int)


def composite(figures: InForce) -> object:
    X, y = people()
    card = PolicyCard(
        signs=dict.fromkeys(X, 1), dimensions={name: name for name in X},
        weights=figures["score.weights"],
    ).fit(X, y)  # fmt: skip
    return card.composite(X).tolist()


def points(figures: InForce) -> object:
    return Scale(**figures["score.scale"]).points(np.array([0.02, 0.3])).tolist()


def compared(figures: InForce) -> object:
    wish = Wish(amount_fen=80_000_00, scores={"wechat_pay": 620})
    return compare([ProductTerms.of(figures)], wish)


def references(figures: InForce) -> object:
    X, _ = people()
    names = figures["explain.references"]
    found, _ = references_of(names, X, np.linspace(0, 0.4, len(X)), cutoff=0.2)
    return [(reference.name, int(members.sum())) for reference, members in found]


def funded(figures: InForce) -> object:
    return FundingTerms.of(figures).split(1_001)


def _weights(**changed: float) -> dict[str, float]:
    return {**load("weilidai").leaves[0].value, **changed}


CN = "cn-2026"
TESTS = {"disparate_treatment": "binding", "proxies_by_intent": "binding"}

OUTPUTS: dict[str, Output] = {
    "score.weights": Output(of=composite, to=(_weights(payment=0.10, repayment=0.30),)),
    "score.scale": Output(
        of=points,
        to=(
            {"base_points": 500, "base_odds": 50, "points_to_double": 20},
            {"base_points": 600, "base_odds": 20, "points_to_double": 20},
            {"base_points": 600, "base_odds": 50, "points_to_double": 40},
        ),
    ),
    "features.night": Output(
        of=features, to=({"start_hour": 22, "end_hour": 6}, {"start_hour": 23, "end_hour": 5})
    ),
    "fraud.review.single_txn": Output(of=features, to=(4_000,)),
    "features.consumption.living_share_bonus": Output(of=features, to=({"threshold": 0.5},)),
    "features.wealth.stable_classes": Output(of=features, to=({"max_risk_level": 3},)),
    "features.repayment.buckets": Output(of=features, to=([1, 15, 60, 90], [1, 30, 60])),
    "eligibility.bureau": Output(
        of=features,
        to=(
            {"lookback_months": 60, "max_days_past_due": 90},
            {"lookback_months": 24, "max_days_past_due": 60},
        ),
    ),
    "dq.cross_checks": Output(
        of=features,
        to=(
            {"income_ratio_low": 0.4, "income_ratio_high": 2.0},
            {"income_ratio_low": 0.5, "income_ratio_high": 3.0},
        ),
    ),
    "explain.references": Output(of=references, to=(["applicants"], ["near_cut_off"])),
    "fairness.air": Output(of=custom, to=(0.9,)),
    "fairness.tests": Output(of=custom, to=({**TESTS, "disparate_impact": "other_law"},)),
    "product.lender_type": Output(of=compared, to=("small_loan",), over=CN),
    "product.limit": Output(of=compared, to=({"min": 500, "max": 60_000},)),
    "product.apr": Output(of=compared, to=({"min": 0.08, "max": 0.18}, {"min": 0.072, "max": 0.2})),
    "product.min_score": Output(
        of=compared,
        to=(
            {"name": "wechat_pay", "least": 650, "if_missing": "refuse"},
            {"name": "zhima", "least": 600, "if_missing": "refuse"},
        ),
    ),
    "product.income_evidence": Output(of=compared, to=("required",)),
    "product.data_sources": Output(of=compared, to=(["basic_id"],)),
    "product.approval_minutes": Output(of=compared, to=(16,)),
    "funding.split": Output(of=funded, to=({"own": 0.2, "partner": 0.8},)),
    **{key: Output(of=seen, to=(value,)) for key, value in CHANGED.items()},
}

WAITING: tuple[str, ...] = (
    "calendar.", "comply.", "cost.", "decision.", "eligibility.", "fraud.", "limit.", "onboarding.",
    "pricing.", "product.daily_rate", "repay.", "review.human", "score.bonus.", "security.",
)  # fmt: skip
"""Beginnings of keys whose rooms are being built; empty once every rule has its line."""
