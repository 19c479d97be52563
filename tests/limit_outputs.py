"""What the leaves of eligibility, onboarding and limits move, and a value that must move it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from decide_figures import TODAY, noon

from credit.decide.bonus import BonusTerms, bonus
from credit.decide.eligibility import (
    Accounts,
    Applicant,
    BankAccount,
    EligibilityTerms,
    Inquiry,
    PastDue,
    Report,
    TradeLine,
    eligibility,
)
from credit.decide.limit import (
    Account,
    Drawn,
    HidingTerms,
    Known,
    LedgerTerms,
    LimitFacts,
    LimitSet,
    LimitTerms,
    ReviewTerms,
    ShownTerms,
    Spent,
    TemporaryGranted,
    after,
    limit,
    most_after_hiding,
    next_review,
    pooled,
    shown,
)
from credit.decide.onboarding import Evaluated, Granted, OnboardingTerms, Verified, replay
from credit.decide.password import PasswordTerms, password_checks
from credit.errors import CreditError
from credit.policy import InForce

NOW = noon(TODAY)

CHANGED: dict[str, Any] = {
    "eligibility.age": {"min": 37, "max": 60},
    "eligibility.realname": ["id_card"],
    "eligibility.account": {"class": ["II"], "owner_match": True},
    "eligibility.max_accounts_per_id": 2,
    "eligibility.cooling_days": 31,
    "eligibility.min_tenure_months": 1,
    "eligibility.scopes": ["credit_record"],
    "eligibility.multi_lender": {"window_days": 90, "lenders": 1, "inquiries": 8},
    "onboarding.steps": ["authorisation", "real_name", "evaluation"],
    "onboarding.sources": {
        "identity": "basic_id",
        "needed_by": {
            "payment": "payments", "social": "friend_chain", "wealth": "wealth",
            "repayment": "credit_record",
        },
    },
    "onboarding.sensitive": {"sources": ["payments"], "allowed": False},
    "limit.pipeline": ["base", "occupation", "assets", "growth", "repayment", "daily_cap", "clamp"],
    "limit.base.income_multiple": 3,
    "limit.base.low_income": {"below": 5_000, "cap": 9_000, "applies": "final"},
    "limit.occupation": {"civil": [1.2, 1.4], "freelance": 0.8, "default": 1.0},
    "limit.asset_boost": {
        "least": 0.1, "most": 0.15, "default": 0.12, "by_kind": {"housing": 0.1}, "max_items": 3,
    },
    "limit.growth": {"max_annual": 0.15, "on_overdue": "reset", "compounding": "yearly"},
    "limit.repay_step": 0.06,
    "limit.below_range": "raise",
    "limit.daily_cap": 0.1,
    "limit.scenario": {"education": 1.1, "medical": 1.0},
    "limit.freeze_ratio": 0.7,
    "limit.large_spend": 6_000,
    "limit.temporary": {"full_repay_months": 4, "max_days": 30},
    "limit.hidden_buffer": 0.1,
    "limit.disclose_buffer": True,
    "limit.review_cycle.product": 2,
    "limit.review_cycle.factors": {
        "base": 0, "scenario": 0, "occupation": 6, "assets": 0, "growth": 1, "repayment": 1,
    },
    "limit.hiding": {"tolerance": 0.0, "months": 12},
    "limit.family": {"pool": True},
    "score.bonus.green": {"cap": 5, "evidence": 0.001},
    "security.password": {"mixed_case": False, "digit": True, "max_age_months": 3},
}  # fmt: skip

PERSON = Applicant(
    birth_date=date(1990, 1, 1),
    registered_at=noon(TODAY - timedelta(days=30)),
    verifications=(Verified(at=NOW, kind="id_card", passed=True),),
    bank_accounts=(BankAccount(account_class="I", owner_match=True, bound_at=NOW),),
    accounts=Accounts(per_identity=3),
    report=Report(
        trade_lines=(
            TradeLine(
                lender="a", months=(PastDue(day=date(2026, 1, 1), days_past_due=70, known_at=0),)
            ),
        ),
        inquiries=tuple(Inquiry(lender=name, at=NOW - 1, known_at=NOW) for name in "ab"),
    ),
    scores={"wechat_pay": 600},
    scopes={"credit_record"},
)

FACTS = LimitFacts(
    income_fen=1_000_000, occupation="civil", place=Fraction(1), assets=("car",),
    months=("good", "overdue", "good"), good_periods=1, scenario="education",
)  # fmt: skip


def outputs(on: InForce) -> Iterator[Callable[[], object]]:
    """Yield what a person or a report would see of each room."""
    yield lambda: eligibility(PERSON, NOW, EligibilityTerms.of(on))
    terms = OnboardingTerms.of(on)
    card = Verified(at=NOW, kind="id_card", passed=True)
    steps = [
        card, *(Granted(at=NOW, scope=one) for one in ("basic_id", "credit_record", "payments")),
        Evaluated(at=NOW),
    ]  # fmt: skip
    face = Verified(at=NOW, kind="face", passed=True)
    for log in (steps, [card, face, *steps[1:]]):
        yield lambda log=log: terms.sources.authorised(replay(log, terms).scopes, TODAY)
    yield lambda: OnboardingTerms.of(on).sources.product
    limits = LimitTerms.of(on)
    for facts in (
        FACTS,
        replace(FACTS, income_fen=499_900),
        replace(FACTS, income_fen=10_000),
        replace(FACTS, opening_fen=1_000_000),
        replace(FACTS, income_fen=90_000_000, opening_fen=29_000_000),
    ):
        yield lambda facts=facts: [step.after_fen for step in limit(facts, limits).steps]
    ledger = LedgerTerms.of(on)
    account = after(Account(), LimitSet(at=NOW, shown_fen=1_000_000), ledger)
    for event in (
        Spent(at=NOW, payment_id="p", amount_fen=550_000),
        Spent(at=NOW, payment_id="p", amount_fen=650_000),
        TemporaryGranted(at=NOW, amount_fen=50_000, days=30, full_months=3),
        LimitSet(at=NOW, shown_fen=1_150_000),
        Drawn(at=NOW, amount_fen=860_000),
    ):
        yield lambda event=event: after(account, event, ledger).plain()
    yield lambda: shown(1_000_000, ShownTerms.of(on))
    reviews = ReviewTerms.of(on)
    for factor in reviews.factors:
        yield lambda factor=factor: next_review(factor, TODAY, TODAY, reviews)
    known = Known(limit_fen=1_000_000, sources=frozenset({"wealth"}), on=TODAY)
    yield lambda: most_after_hiding(known, frozenset(), TODAY, HidingTerms.of(on))
    yield lambda: pooled({"a": 100}, on)
    yield lambda: bonus(100, BonusTerms.of(on))
    yield lambda: password_checks("abc123", TODAY, TODAY, PasswordTerms.of(on))


def seen(on: InForce) -> list[str]:
    """Return every output as text; what is refused says why."""
    found = []
    for output in outputs(on):
        try:
            found.append(repr(output()))
        except CreditError as error:
            found.append(str(error))
    return found
