"""What the fast path knows. Under anything else each case is decided by `credit.decide` itself.

A leaf, an entry of terms or a stated fact that is new may move a decision in a way that only
`decide` knows; the fast path does not guess. Whoever adds one teaches it here.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, cast

from credit.decide.cost import BurdenTerms
from credit.decide.decision import Cutoff, Decision, DecisionTerms
from credit.decide.eligibility import EligibilityTerms, LeastScore
from credit.decide.limit import GrowthTerms, LimitTerms, ShownTerms
from credit.decide.limit.terms import PIPELINE, AssetTerms, BaseTerms, RangeTerms
from credit.decide.price import Grade, PriceTerms
from credit.decide.stated import Stated
from credit.policy import InForce

ROOMS = (
    "calendar.", "comply.", "cost.", "decision.", "eligibility.", "fraud.", "funding.", "limit.",
    "pricing.", "product.", "repay.", "review.",
)  # fmt: skip
"""Beginnings of the leaves that a decision may depend on."""

_LEAVES = """
calendar.zone
comply.apr_cap comply.apr_measure comply.disclosure comply.high_risk comply.internet_loan
comply.lpr comply.lpr_multiple comply.penalty
cost.parties
decision.appeal decision.cutoff decision.reasons
eligibility.account eligibility.age eligibility.bureau eligibility.bureau_repair
eligibility.cooling_days eligibility.max_accounts_per_id eligibility.min_tenure_months
eligibility.multi_lender eligibility.realname eligibility.scopes
fraud.coach fraud.combos fraud.fund_flow fraud.indicators fraud.labels fraud.layers
fraud.levels fraud.lines fraud.login.address_jump fraud.login.face
fraud.login.impossible_travel fraud.login.indicators fraud.login.quick fraud.merchant
fraud.new_payee fraud.night_large_transfer fraud.review.level fraud.review.single_txn
funding.partner funding.split
limit.asset_boost limit.base.income_multiple limit.base.low_income limit.below_range
limit.daily_cap limit.disclose_buffer limit.family limit.freeze_ratio limit.growth
limit.hidden_buffer limit.hiding limit.large_spend limit.occupation limit.pipeline
limit.repay_step limit.review_cycle.factors limit.review_cycle.product limit.scenario
limit.temporary
pricing.day_count pricing.early_settlement pricing.fees pricing.grades pricing.inputs
pricing.instalments pricing.instalments_reading pricing.penalty pricing.scenario_discount
pricing.step pricing.teaser pricing.tolerance
product.approval_minutes product.apr product.daily_rate product.data_sources
product.income_evidence product.instalments product.lender_type product.limit
product.min_score
repay.channels repay.cure repay.debt_service repay.forbearance repay.grace repay.minimum
repay.precedence repay.reminder repay.retry repay.waterfall repay.waterfall_npl
review.human
"""

LEAVES = frozenset(_LEAVES.split())
"""Leaves of those rooms that the fast path reads, or that move no first decision of such a case."""

ENTRIES: dict[type, str] = {
    Stated: "application_id instant birth_date registered_at income_fen occupation assets months "
    "income_evidence scores scopes dues_fen",
    DecisionTerms: "policy sha256 on zone eligibility fraud cutoff price limit shown burden "
    "most_reasons",
    Decision: "application_id instant outcome grounds checks fraud score price limit shown review "
    "policy policy_sha256 on case",
    Cutoff: "approve review",
    EligibilityTerms: "age real_name account_classes owner_match max_accounts cooling_days "
    "tenure_months bureau lenders scopes score income_evidence zone",
    LeastScore: "name least if_missing",
    PriceTerms: "grades discounts day_count step tolerance teaser_allowed teaser_jump",
    Grade: "name max_probability daily_rate",
    LimitTerms: "pipeline base scenario occupation assets growth repay_step range daily_cap",
    BaseTerms: "multiple below_fen cap_fen final",
    AssetTerms: "default by_kind most_items",
    GrowthTerms: "max_annual on_overdue compounding",
    RangeTerms: "least_fen most_fen ceiling_fen raises",
    ShownTerms: "buffer disclose",
    BurdenTerms: "warn most",
}
"""Records that the fast path reads, and all of their entries."""

STEPS = frozenset(("base", "occupation", "assets", "growth", "repayment", "clamp", "daily_cap"))
"""Steps of a limit."""

CODES = (
    "E_AGE", "E_KYC", "E_ACCT", "E_ACCOUNTS", "E_COOLING", "E_TENURE", "E_BUREAU", "E_SCORE",
    "E_INCOME", "E_SCOPE", "E_LENDERS", "D_BURDEN", "D_BURDEN_WARNING",
)  # fmt: skip
"""Every check of a decision, in its order; what is not known is a check that was not passed."""


def unknown(figures: InForce) -> tuple[str, ...]:
    """Return what the fast path does not know of some figures and of the records it reads."""
    leaves = (key for key in figures.leaves if key.startswith(ROOMS) and key not in LEAVES)
    steps = (f"limit step {step}" for step in PIPELINE if step not in STEPS)
    entries = (
        f"{record.__name__}.{entry}"
        for record, named in ENTRIES.items()
        for entry in sorted({one.name for one in fields(cast(Any, record))} ^ set(named.split()))
    )
    return (*leaves, *steps, *entries)
