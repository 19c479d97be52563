"""A case out of what tables state."""

from datetime import date

from credit import policy
from credit.decide.case import Scored
from credit.decide.clock import at
from credit.decide.decision import DecisionTerms, decide
from credit.decide.stated import Stated, case_of


def test_a_stated_application_is_decided_by_its_own_facts() -> None:
    day = date(2023, 5, 1)
    terms = DecisionTerms.of(policy.load("weilidai").at(day))
    instant = at(day, terms.zone, hour=10)
    stated = Stated(
        application_id="17", instant=instant, birth_date=date(1990, 1, 1),
        registered_at=at(date(2022, 1, 1), terms.zone), income_fen=450_000, occupation="freelance",
        scores={"wechat_pay": 650}, scopes={"basic_id", "credit_record"},
    )  # fmt: skip
    score = Scored(probability=0.03, points=640, grade="B", artifact="0")
    decision = decide(case_of(stated, score), terms)
    assert (decision.outcome, decision.limit.limit_fen) == ("approve", 720_000)
    assert decide(case_of(stated, None), terms).outcome == "review"
