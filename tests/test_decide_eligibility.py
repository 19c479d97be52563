"""Eligibility: each rule at its edges, all of them looked at, and nothing unknown passed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from string import Formatter

import pytest
from decide_figures import SHIPPED, TODAY, ZONE, figures, noon

from credit.decide.clock import at
from credit.decide.eligibility import (
    NAMES,
    WORDS,
    Accounts,
    Applicant,
    BankAccount,
    EligibilityTerms,
    Inquiry,
    PastDue,
    Report,
    TradeLine,
    Verifier,
    eligibility,
    sentence,
    standing,
)
from credit.decide.onboarding import Verified
from credit.decide.record import Check
from credit.errors import DataError, PolicyError
from credit.features import catalogue
from credit.schema import CUSTOMERS
from credit.use import AUDIT

TERMS = EligibilityTerms.of(figures())
NOW = noon(TODAY)
DAY = timedelta(days=1)
CODES = [
    "E_AGE", "E_KYC", "E_ACCT", "E_ACCOUNTS", "E_COOLING", "E_TENURE", "E_BUREAU", "E_SCORE",
    "E_INCOME", "E_SCOPE", "E_LENDERS",
]  # fmt: skip

GOOD = Applicant(
    birth_date=date(1990, 1, 1),
    registered_at=noon(date(2024, 1, 1)),
    verifications=(
        Verified(at=noon(date(2024, 1, 2)), kind="id_card", passed=True),
        Verified(at=noon(date(2024, 1, 2)), kind="face", passed=True),
    ),
    bank_accounts=(
        BankAccount(account_class="I", owner_match=True, bound_at=noon(date(2024, 1, 3))),
    ),
    accounts=Accounts(per_identity=1, per_device=4),
    report=Report(),
    scores={"wechat_pay": 600},
    income_evidence=(),
    scopes=frozenset({"basic_id", "credit_record"}),
)


def check(code: str, instant: int = NOW, terms: EligibilityTerms = TERMS, **facts) -> Check:
    """Return one check of the good applicant with some facts changed."""
    found = eligibility(replace(GOOD, **facts), instant, terms)
    return next(one for one in found if one.code.removesuffix("_UNKNOWN") == code)


def passes(code: str, instant: int = NOW, terms: EligibilityTerms = TERMS, **facts) -> bool:
    return check(code, instant, terms, **facts).passed


# --- all of them


def test_every_rule_is_looked_at_in_a_stable_order():
    assert [one.code for one in eligibility(GOOD, NOW, TERMS)] == CODES
    assert standing(eligibility(GOOD, NOW, TERMS)) == "eligible"
    nobody = Applicant(birth_date=None, registered_at=None)
    found = eligibility(nobody, NOW, TERMS)
    assert [one.code.removesuffix("_UNKNOWN") for one in found] == CODES
    assert standing(found) == "refused"


def test_nothing_unknown_is_passed_in_silence():
    """Without a fact a rule is not kept, unless the product does not ask for it."""
    found = eligibility(Applicant(birth_date=None, registered_at=None), NOW, TERMS)
    broken = {one.code for one in found if not one.passed}
    assert broken == {
        "E_AGE_UNKNOWN", "E_KYC", "E_ACCT", "E_ACCOUNTS_UNKNOWN", "E_COOLING_UNKNOWN",
        "E_TENURE_UNKNOWN", "E_BUREAU_UNKNOWN", "E_SCORE_UNKNOWN", "E_SCOPE", "E_LENDERS_UNKNOWN",
    }  # fmt: skip


def test_facts_after_the_instant_are_refused():
    with pytest.raises(DataError, match="birth_date: 2026-06-16 lies after the day 2026-06-15"):
        eligibility(replace(GOOD, birth_date=TODAY + DAY), NOW, TERMS)
    with pytest.raises(DataError, match=r"registered_at: .* lies after the instant"):
        eligibility(replace(GOOD, registered_at=NOW + 1), NOW, TERMS)


# --- each at its edges


@pytest.mark.parametrize(
    ("birth", "on", "kept"),
    [
        (date(2008, 6, 15), date(2026, 6, 15), True),  # the 18th birthday
        (date(2008, 6, 15), date(2026, 6, 14), False),  # the day before
        (date(1966, 6, 15), date(2026, 6, 15), True),  # 60 years and 0 days
        (date(1966, 6, 15), date(2027, 6, 14), True),  # the last day of being 60
        (date(1966, 6, 15), date(2027, 6, 15), False),  # 61 years and 0 days
        (date(2008, 2, 29), date(2026, 2, 28), False),  # no 29 February in 2026
        (date(2008, 2, 29), date(2026, 3, 1), True),
        (date(1968, 2, 29), date(2028, 2, 28), True),  # 59
        (date(1968, 2, 29), date(2029, 2, 28), True),  # still 60
        (date(1968, 2, 29), date(2029, 3, 1), False),
    ],
)
def test_e01_age(birth, on, kept):
    registered = noon(date(2020, 1, 1))
    assert passes("E_AGE", noon(on), birth_date=birth, registered_at=registered) is kept


def test_e01_a_birthday_begins_at_local_midnight():
    midnight = at(date(2026, 6, 15), ZONE)
    for instant, kept in ((midnight, True), (midnight - 1, False)):
        assert passes("E_AGE", instant, birth_date=date(2008, 6, 15)) is kept


def test_e01_age_is_held_for_audits_and_may_make_no_score():
    held = CUSTOMERS.column("birth_date").use
    assert held is not None
    assert held.purposes == (AUDIT,)


def test_e02_real_name_takes_both_and_the_last_result_counts():
    card = Verified(at=NOW - 10, kind="id_card", passed=True)
    face = Verified(at=NOW - 9, kind="face", passed=True)
    assert passes("E_KYC", verifications=(card, face))
    assert passes("E_KYC", verifications=(face, card))
    assert check("E_KYC", verifications=(card,)).facts["missing"] == "face"
    assert check("E_KYC", verifications=(face,)).facts["missing"] == "id_card"
    undone = Verified(at=NOW - 8, kind="face", passed=False)
    assert not passes("E_KYC", verifications=(undone, card, face))
    assert not passes("E_KYC", verifications=(card, replace(face, at=NOW + 1)))
    assert passes("E_KYC", verifications=(card, replace(face, at=NOW)))


def test_e02_a_verifier_is_a_protocol():
    class Always:
        def verify(self, kind: str, subject: str, instant: int) -> Verified:
            return Verified(at=instant, kind=kind, passed=True)

    link: Verifier = Always()
    results = tuple(link.verify(kind, "a person", NOW) for kind in TERMS.real_name)
    assert passes("E_KYC", verifications=results)


def test_e03_an_account_of_class_one_of_ones_own():
    own = GOOD.bank_accounts[0]
    for other in (
        replace(own, account_class="II"),
        replace(own, account_class="III"),
        replace(own, owner_match=False),
        replace(own, owner_match=None),
        replace(own, closed_at=NOW),
        replace(own, bound_at=NOW + 1),
    ):
        assert not passes("E_ACCT", bank_accounts=(other,))
        assert passes("E_ACCT", bank_accounts=(other, own))
    assert not passes("E_ACCT", bank_accounts=())
    wider = EligibilityTerms.of(
        figures({"eligibility.account": {"class": ["I", "II"], "owner_match": False}})
    )
    second = replace(own, account_class="II", owner_match=None)
    assert passes("E_ACCT", NOW, wider, bank_accounts=(second,))


def test_e04_the_fourth_account_is_refused():
    assert passes("E_ACCOUNTS", accounts=Accounts(per_identity=3, per_device=31))
    assert not passes("E_ACCOUNTS", accounts=Accounts(per_identity=4, per_device=4))


def test_e05_cooling_ends_on_day_30():
    """Day 29: may ask, may not apply; day 30: the cooling period alone allows it."""
    loose = EligibilityTerms.of(figures({"eligibility.min_tenure_months": 0}))
    for days, found in ((0, "query_only"), (29, "query_only"), (30, "eligible")):
        late = at(TODAY - days * DAY, ZONE, hour=23, minute=59)
        registered = min(late, NOW)
        person = replace(GOOD, registered_at=registered)
        assert standing(eligibility(person, NOW, loose)) == found
    refused = replace(GOOD, registered_at=noon(TODAY - 29 * DAY), birth_date=date(2010, 1, 1))
    assert standing(eligibility(refused, NOW, loose)) == "refused"


@pytest.mark.parametrize(
    ("registered", "on", "months"),
    [
        (date(2025, 12, 15), date(2026, 6, 15), 6),
        (date(2025, 12, 16), date(2026, 6, 15), 5),
        (date(2025, 8, 31), date(2026, 2, 28), 6),  # February has no 31st
        (date(2025, 8, 31), date(2026, 2, 27), 5),
    ],
)
def test_e06_tenure_in_whole_months(registered, on, months):
    found = check("E_TENURE", noon(on), registered_at=noon(registered))
    assert (found.facts["months"], found.passed) == (months, months >= 6)


def test_e05_and_e06_are_both_told_and_the_stricter_decides():
    young = replace(GOOD, registered_at=noon(TODAY - 40 * DAY))
    found = {one.code: one.passed for one in eligibility(young, NOW, TERMS)}
    assert found["E_COOLING"]
    assert not found["E_TENURE"]
    assert standing(eligibility(young, NOW, TERMS)) == "query_only"


def line(day: date, late: int, *, known: int | None = None, repaired: int | None = None):
    record = PastDue(day=day, days_past_due=late, known_at=known or noon(day), repaired_at=repaired)
    return Report(trade_lines=(TradeLine(lender="a bank", months=(record,)),))


@pytest.mark.parametrize(
    ("day", "late", "kept"),
    [
        (date(2024, 6, 18), 90, False),  # 23.9 months ago
        (date(2024, 6, 15), 90, False),  # 24 months to the day
        (date(2024, 6, 14), 90, True),
        (date(2024, 6, 12), 90, True),  # 24.1 months ago
        (date(2026, 6, 1), 89, True),
        (date(2026, 6, 1), 90, False),
        (date(2026, 6, 1), 200, False),
    ],
)
def test_e07_looks_back_24_months_for_90_days(day, late, kept):
    assert passes("E_BUREAU", report=line(day, late)) is kept


def test_e07_the_24_months_of_a_leap_day():
    instant = noon(date(2024, 2, 29))
    registered = noon(date(2020, 1, 1))
    for day, kept in ((date(2022, 2, 28), False), (date(2022, 2, 27), True)):
        assert passes("E_BUREAU", instant, report=line(day, 90), registered_at=registered) is kept


def test_e07_takes_the_register_as_it_was():
    """What was not yet known, and what was already suppressed, is not looked at."""
    day = date(2026, 3, 1)
    assert passes("E_BUREAU", report=line(day, 120, known=NOW + 1))
    assert not passes("E_BUREAU", report=line(day, 120, known=NOW))
    assert passes("E_BUREAU", report=line(day, 120, repaired=NOW))
    assert not passes("E_BUREAU", report=line(day, 120, repaired=NOW + 1))
    assert check("E_BUREAU", report=None).code == "E_BUREAU_UNKNOWN"
    assert passes("E_BUREAU", report=Report())


@pytest.mark.parametrize(
    ("product", "scores", "code", "kept"),
    [
        ("", {"wechat_pay": 599}, "E_SCORE", False),
        ("", {"wechat_pay": 600}, "E_SCORE", True),
        ("", {"zhima": 900}, "E_SCORE_UNKNOWN", False),
        ("we2000", {}, "E_SCORE", True),
        ("mini_program", {"zhima": 549}, "E_SCORE", False),
        ("mini_program", {"zhima": 550}, "E_SCORE", True),
        ("mini_program", {}, "E_SCORE_UNKNOWN", False),
    ],
)
def test_e08_the_score_that_each_product_asks_for(product, scores, code, kept):
    terms = EligibilityTerms.of(figures(over=product))
    found = check("E_SCORE", NOW, terms, scores=scores)
    assert (found.code, found.passed) == (code, kept)


def test_e08_a_product_may_take_those_without_a_score():
    some = {"name": "zhima", "least": 550, "if_missing": "pass"}
    terms = EligibilityTerms.of(figures({"product.min_score": some}))
    assert passes("E_SCORE", NOW, terms, scores={})
    assert not passes("E_SCORE", NOW, terms, scores={"zhima": 549})


@pytest.mark.parametrize(
    ("product", "shown", "code", "kept"),
    [
        ("third_party", ("statement",), "E_INCOME", True),
        ("third_party", (), "E_INCOME", False),
        ("third_party", None, "E_INCOME_UNKNOWN", False),
        ("", (), "E_INCOME", True),
        ("", ("social_insurance",), "E_INCOME", True),
        ("we2000", None, "E_INCOME", True),
    ],
)
def test_e09_proof_of_income(product, shown, code, kept):
    """Compulsory, optional, and not asked for."""
    terms = EligibilityTerms.of(figures(over=product))
    found = check("E_INCOME", NOW, terms, income_evidence=shown)
    assert (found.code, found.passed) == (code, kept)


def test_e09_the_feature_of_proven_income_is_never_null():
    """A model sees whether income was proven, and by how much, as two features."""
    verified = catalogue()["application_income_verified"]
    assert "no document is 0" in verified.null_means
    assert catalogue()["application_verified_income_fen"].null_means == "no income was proven"


def test_e10_e11_needed_scopes():
    assert passes("E_SCOPE", scopes={"basic_id", "credit_record", "payments"})
    found = check("E_SCOPE", scopes={"basic_id"})
    assert not found.passed
    assert found.facts["missing"] == "credit_record"


def test_f14_other_lenders_in_the_window():
    window = TERMS.lenders["window_days"] * 86_400_000_000

    def asked(lenders: int, times: int, when: int = NOW - 1, known: int = NOW) -> Report:
        rows = tuple(
            Inquiry(lender=f"lender {i % lenders}", at=when, known_at=known) for i in range(times)
        )
        return Report(inquiries=rows)

    for lenders, times, kept in ((5, 5, True), (6, 6, False), (1, 8, True), (1, 9, False)):
        assert passes("E_LENDERS", report=asked(lenders, times)) is kept
    for outside in (
        asked(6, 6, when=NOW),  # the instant itself is not yet in the window
        asked(6, 6, when=NOW - window - 1),
        asked(6, 6, known=NOW + 1),
    ):
        assert passes("E_LENDERS", report=outside)
    assert not passes("E_LENDERS", report=asked(6, 6, when=NOW - window))
    assert check("E_LENDERS", report=None).code == "E_LENDERS_UNKNOWN"


# --- words and terms


def test_every_code_has_its_words_in_both_languages():
    """Each sentence can be said of a check that was made, broken or kept, without a gap."""
    nobody = Applicant(birth_date=None, registered_at=None)
    ask = EligibilityTerms.of(figures({"product.income_evidence": "required"}))
    seen = {}
    for person in (GOOD, nobody):
        for one in eligibility(person, NOW, ask):
            seen[one.code] = sentence(one)
    free = EligibilityTerms.of(
        figures({"product.min_score": {"name": "none", "least": 0, "if_missing": "pass"}})
    )
    seen["E_SCORE_NONE"] = sentence(check("E_SCORE", NOW, free))
    assert seen["E_SCORE_NONE"].en == "This product asks for no score of others."
    assert set(seen) == set(WORDS)
    for code, words in WORDS.items():
        places = [
            {place for _, place, _, _ in Formatter().parse(text) if place}
            for text in (words.en, words.zh)
        ]
        assert places[0] == places[1], code
    assert all("{" not in said.en + said.zh for said in seen.values())
    kyc = sentence(check("E_KYC", verifications=()))
    assert kyc.en == (
        "Your identity must be confirmed by identity card, face; still missing: identity card, "
        "face."
    )
    assert "尚缺：身份证、人脸识别" in kyc.zh
    assert {"nothing", *TERMS.scopes, *TERMS.real_name} <= set(NAMES)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("eligibility.age", {"min": 61, "max": 60}, "min 61 must not be above max 60"),
        ("eligibility.age", {"min": 18}, "eligibility.age: 'max' is missing"),
        ("eligibility.account", {"class": ["IV"], "owner_match": True}, "'IV' is not one of"),
        ("eligibility.cooling_days", -1, "eligibility.cooling_days: -1 must be 0 or more"),
        ("eligibility.max_accounts_per_id", 2.5, "2.5 is not a whole number"),
        ("product.income_evidence", "optinal", "Did you mean 'optional'"),
        ("product.min_score", {"name": "none", "least": 5, "if_missing": "pass"}, "least = 0"),
        ("product.min_score", {"name": "zhima", "least": 0, "if_missing": "pass"}, "least = 0"),
    ],
)
def test_terms_that_no_rule_can_use_are_refused(key, value, words):
    with pytest.raises(PolicyError, match=words):
        EligibilityTerms.of(figures({key: value}))


def test_the_published_figures_stand_in_the_policy():
    leaves = SHIPPED.at(TODAY)
    assert leaves["eligibility.age"] == {"min": 18, "max": 60}
    assert leaves["eligibility.max_accounts_per_id"] == 3
    assert leaves["eligibility.cooling_days"] == 30
    assert leaves["eligibility.min_tenure_months"] == 6
    assert leaves.leaf("eligibility.min_tenure_months").status == "disputed"
