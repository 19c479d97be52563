"""What each rule of the policy moves: a leaf, an output, and values that must change it.

An output takes the figures in force and returns anything that compares. Whoever adds a rule to
``weilidai.toml`` adds its line here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np
import pandas as pd
import policy_outputs_fraud as fraud
import policy_outputs_loans as loans
from conftest import REPOSITORY
from limit_outputs import CHANGED, seen

from credit.decide.answer import answer
from credit.decide.appeal import AppealTerms
from credit.decide.case import read_case
from credit.decide.decision import DecisionTerms, decide
from credit.decide.funding import FundingTerms
from credit.decide.product import ProductTerms
from credit.decide.products import Wish, compare
from credit.features import catalogue
from credit.features.fraud import indicators
from credit.pipeline.pages.fairness import custom
from credit.pipeline.refusals import references_of
from credit.policy import InForce, Policy, load
from credit.scorecard import PolicyCard, Scale

SHIPPED = load("weilidai").at(date(2028, 6, 1))


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
    case = read_case({**CASE, "instant": f"{figures.on}T10:00:00+08:00"})
    return compare([(ProductTerms.of(figures), case)], Wish(amount_fen=80_000_00))


def references(figures: InForce) -> object:
    X, _ = people()
    names = figures["explain.references"]
    found, _ = references_of(names, X, np.linspace(0, 0.4, len(X)), cutoff=0.2)
    return [(reference.name, int(members.sum())) for reference, members in found]


def funded(figures: InForce) -> object:
    return FundingTerms.of(figures).split(1_001)


def table(key: str, **changed: object) -> dict[str, object]:
    """Return the shipped table of a key with some of its values changed."""
    return {**SHIPPED[key], **changed}


def rows(key: str, place: int, **changed: object) -> list[dict[str, object]]:
    """Return the shipped list of a key with one of its rows changed."""
    return [{**row, **(changed if at == place else {})} for at, row in enumerate(SHIPPED[key])]


CASE = json.loads((REPOSITORY / "docs" / "examples" / "case.json").read_text(encoding="utf-8"))


def decided(figures: InForce) -> object:
    """What three people are told: a safe one, a doubtful one, a risky one with too much debt."""
    terms, appeal = DecisionTerms.of(figures), AppealTerms.of(figures)
    found = []
    for probability, dues in ((0.03, 120_000), (0.09, 120_000), (0.2, 700_000)):
        case = read_case(
            {
                **CASE, "instant": f"{figures.on}T10:00:00+08:00", "dues_fen": [dues],
                "score": {"probability": probability, "points": 600, "grade": "C", "artifact": "0"},
            }
        )  # fmt: skip
        decision = decide(case, terms)
        parts = answer(decision, terms, appeal)
        found.append((decision.outcome, [part for part in parts if part.name != "rules"]))
    return found


def indicated(figures: InForce) -> object:
    return tuple(indicators(Policy("p", "", tuple(figures.leaves.values()), ""), figures.on))


CN = "cn-2026"
TESTS = {"disparate_treatment": "binding", "proxies_by_intent": "binding"}

OUTPUTS: dict[str, Output] = {
    "score.weights": Output(
        of=composite, to=(table("score.weights", payment=0.10, repayment=0.30),)
    ),
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
    "product.limit": Output(of=compared, to=({"min": 500, "max": 15_000},)),
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
    "product.daily_rate": Output(of=compared, to=({"min": 0.0003, "max": 0.0005},)),
    "funding.split": Output(of=funded, to=({"own": 0.2, "partner": 0.8},)),
    "calendar.zone": Output(of=loans.reminded, to=("UTC",)),
    "decision.appeal": Output(
        of=decided,
        to=({"within_days": 20, "answer_days": 15}, {"within_days": 30, "answer_days": 9}),
    ),
    "decision.cutoff": Output(
        of=decided, to=({"approve": 0.02, "review": 0.1}, {"approve": 0.075, "review": 0.08})
    ),
    "decision.reasons": Output(of=decided, to=({"most": 1},)),
    "fraud.login.impossible_travel": Output(
        of=indicated,
        to=(
            {"above_km_per_hour": 800, "from_km": 50},
            {"above_km_per_hour": 900, "from_km": 80},
        ),
    ),
    "fraud.login.address_jump": Output(of=indicated, to=({"within_minutes": 20},)),
    "fraud.login.face": Output(of=indicated, to=({"unlike_below": 0.5},)),
    "fraud.login.quick": Output(of=indicated, to=({"within_minutes": 3},)),
    "pricing.day_count": Output(of=loans.prices, to=(365,)),
    "pricing.grades": Output(of=loans.prices, to=(rows("pricing.grades", 1, max_pd=0.012),)),
    "pricing.step": Output(of=loans.prices, to=(0.0001,)),
    "pricing.inputs": Output(of=loans.prices, to=(["grade", "scenario", "place"],)),
    "pricing.tolerance": Output(of=loans.prices, to=(0.001,)),
    "pricing.scenario_discount": Output(
        of=loans.prices, to=({"education": 0.1, "medical": 0.0}, {"education": 0.0, "medical": 0.1})
    ),
    "pricing.teaser": Output(
        of=loans.prices,
        to=({"allowed": True, "max_jump": 2.0}, {"allowed": False, "max_jump": 2.5}),
    ),
    "pricing.penalty": Output(
        of=loans.costs,
        to=(
            {"mode": "none"},
            {"mode": "multiple", "multiple": 1.5},
            {"mode": "flat", "share": 0.05},
        ),
    ),
    "pricing.early_settlement": Output(
        of=loans.accounts,
        to=(
            table("pricing.early_settlement", card=0.01),
            table("pricing.early_settlement", card=0.0),
        ),
    ),
    "pricing.instalments": Output(
        of=loans.plans,
        to=(
            rows("pricing.instalments", 0, fee=0.02),
            rows("pricing.instalments", 2, min_score=710),
            rows("pricing.instalments", 1, months=9),
        ),
    ),
    "pricing.instalments_reading": Output(of=loans.plans, to=("per_period",)),
    "pricing.fees": Output(
        of=loans.costs, to=([{"code": "service", "share": 0.01, "way": "at_start"}],)
    ),
    "cost.parties": Output(of=loans.costs, to=(table("cost.parties", interest="platform"),)),
    "comply.apr_measure": Output(of=loans.costs, to=("irr_12",)),
    "repay.minimum": Output(
        of=loans.bills,
        to=(
            {"ratio": 0.2, "carry_mult": 1.5, "interest_full": True},
            {"ratio": 0.1, "carry_mult": 2.0, "interest_full": True},
            {"ratio": 0.1, "carry_mult": 1.5, "interest_full": False},
        ),
    ),
    "repay.waterfall": Output(of=loans.accounts, to=(["principal", "interest", "fee"],)),
    "repay.waterfall_npl": Output(
        of=loans.accounts,
        to=({"order": ["principal", "interest", "fee"], "above_days": 90},),
    ),
    "repay.grace": Output(
        of=loans.accounts, to=({"days": 5, "fee": 0.0005}, {"days": 3, "fee": 0.01})
    ),
    "repay.retry": Output(
        of=loans.accounts,
        to=({"at": "10:00", "max_failures": 3}, {"at": "09:00", "max_failures": 2}),
    ),
    "repay.precedence": Output(of=loans.accounts, to=("failures",)),
    "repay.channels": Output(
        of=loans.channels,
        to=(
            table(
                "repay.channels", card={"workdays": [1, 2], "fee": 0.001, "monthly_service": 0.0}
            ),
            table(
                "repay.channels", card={"workdays": [1, 3], "fee": 0.002, "monthly_service": 0.0}
            ),
        ),
    ),
    "repay.reminder": Output(
        of=loans.reminded,
        to=({"days_before": [2, 0], "at": "09:00"}, {"days_before": [3, 1, 0], "at": "10:00"}),
    ),
    "repay.forbearance": Output(
        of=loans.accounts,
        to=(
            table("repay.forbearance", interest="waived"),
            table("repay.forbearance", card_change_restarts=False),
        ),
    ),
    "repay.cure": Output(
        of=loans.accounts, to=({"default_days": 60, "months": 3}, {"default_days": 90, "months": 6})
    ),
    "repay.debt_service": Output(
        of=loans.burdens, to=({"warn": 0.4, "most": 0.7}, {"warn": 0.5, "most": 0.6})
    ),
    "fraud.levels": Output(
        of=fraud.days, to=({"S": "block", "A": "hold", "B": "hold", "C": "watch"},)
    ),
    "fraud.review.level": Output(of=fraud.days, to=("A",)),
    "fraud.night_large_transfer": Output(
        of=fraud.days, to=(table("fraud.night_large_transfer", above=7_000),)
    ),
    "fraud.new_payee": Output(of=fraud.days, to=(table("fraud.new_payee", above=1_500),)),
    "fraud.merchant": Output(
        of=fraud.days,
        to=({"C": {"daily": 6_000, "level": "A"}}, {"C": {"daily": 5_000, "level": "B"}}),
    ),
    "fraud.fund_flow": Output(
        of=fraud.days,
        to=(
            table("fraud.fund_flow", within="PT30M"),
            table("fraud.fund_flow", grades=[{"above": 0.4, "level": "C"}]),
            table("fraud.fund_flow", categories={"houses": [6513]}),
        ),
    ),
    "fraud.combos": Output(
        of=fraud.days,
        to=(rows("fraud.combos", 0, within="PT10M"), rows("fraud.combos", 0, level="A")),
    ),
    "fraud.coach": Output(
        of=fraud.days,
        to=(
            table("fraud.coach", at=7),
            table("fraud.coach", pause="PT10M"),
            table("fraud.coach", within="PT5M"),
        ),
    ),
    "fraud.lines": Output(of=fraud.days, to=(rows("fraud.lines", 0, above=900),)),
    "fraud.layers": Output(of=fraud.days, to=(rows("fraud.layers", 0, name="devices"),)),
    **{key: Output(of=seen, to=(value,)) for key, value in CHANGED.items()},
}
