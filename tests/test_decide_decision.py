"""A decision as a whole: one function of a case and the policy of its day."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import date
from typing import Any

import pytest
from conftest import REPOSITORY
from hypothesis import given, settings
from hypothesis import strategies as st

from credit import policy
from credit.decide.answer import answer, opens, reasons
from credit.decide.appeal import AppealTerms
from credit.decide.case import patched, read_case
from credit.decide.clock import at
from credit.decide.decision import DecisionTerms, decide
from credit.decide.document import plain
from credit.decide.limit import reproduced
from credit.errors import DataError, PolicyError

DAY = date(2026, 3, 1)
RULES = policy.load("weilidai+cn-2026")
FIGURES = RULES.at(DAY)
TERMS = DecisionTerms.of(FIGURES)
EXAMPLE: dict[str, Any] = json.loads(
    (REPOSITORY / "docs" / "examples" / "case.json").read_text(encoding="utf-8")
)


def case(**changes: Any):
    return read_case(patched(EXAMPLE, changes))


def decided(**changes: Any):
    return decide(case(**changes), TERMS)


def scored(probability: float) -> dict[str, Any]:
    why = {"feature": "f", "dimension": "payment", "en": "late", "zh": "逾期", "excess": 0.4}
    return {
        "probability": probability,
        "points": 600,
        "grade": "C",
        "artifact": "0",
        "causes": [why],
    }


def told(decision, **more: Any) -> dict[str, list[str]]:
    parts = answer(decision, TERMS, AppealTerms.of(FIGURES), **more)
    return {part.name: [line.en for line in part.lines] for part in parts}


def test_the_example_is_approved_with_every_step_and_no_person():
    found = decided()
    assert (found.outcome, found.grounds, found.solely_automated) == ("approve", (), True)
    assert reproduced(EXAMPLE["money"]["income_fen"], found.limit.steps) == found.limit.limit_fen
    assert found.policy_sha256 == FIGURES.sha256
    words = told(found)
    assert words["outcome"][0].startswith("Approved: you may borrow up to 15,197.49 yuan")
    assert "why" not in words
    assert "You may ask for one to look at it" in words["who"][0]


@pytest.mark.parametrize(
    ("probability", "outcome"),
    [(0.075, "approve"), (0.0750001, "review"), (0.1, "review"), (0.1000001, "refuse")],
)
def test_the_score_decides_at_its_lines(probability, outcome):
    found = decided(score=scored(probability))
    assert found.outcome == outcome
    assert [why.en for why in reasons(found, 4)] == ([] if outcome == "approve" else ["late"])


def test_without_a_score_a_person_has_to_read_the_case():
    found = decided(score=None)
    assert (found.outcome, found.price, found.solely_automated) == ("review", None, False)
    assert told(found)["why"] == [
        "No score could be computed, so a person has to read your application."
    ]


def test_a_person_rules_on_what_a_person_is_to_read_but_not_over_the_rules():
    ruling = {"by": "reviewer 7", "outcome": "approve", "says": "income is proven"}
    assert decided(score=scored(0.09), review=ruling).outcome == "approve"
    assert decided(score=scored(0.2), review=ruling).outcome == "refuse"
    no = decided(review={**ruling, "outcome": "refuse", "says": "the documents are not genuine"})
    assert (no.outcome, no.grounds) == ("refuse", ("review",))
    assert told(no)["why"] == ["reviewer 7 read your case and says: the documents are not genuine"]
    with pytest.raises(DataError, match="a person rules, with a reason"):
        case(review={**ruling, "says": ""})


def test_new_users_may_ask_and_are_told_from_which_day_they_may_apply():
    registered = "2026-02-10T09:00:00+08:00"
    found = decided(applicant={"registered_at": registered})
    assert (found.outcome, found.grounds) == ("query_only", ("eligibility",))
    day = opens(case(applicant={"registered_at": registered}).applicant.registered_at, TERMS)
    assert day == date(2026, 8, 10)
    moment = at(day, TERMS.zone)
    later = {"registered_at": registered}
    then = DecisionTerms.of(RULES.at(day))
    assert decide(case(instant=moment, applicant=later), then).outcome == "approve"
    before = at(date(2026, 8, 9), TERMS.zone)
    eve = DecisionTerms.of(RULES.at(date(2026, 8, 9)))
    assert decide(case(instant=before, applicant=later), eve).outcome == "query_only"
    assert told(found, opens_on=day)["change"][0].startswith("From 2026-08-10 on you may apply")


def test_every_rule_that_is_broken_is_told_gravest_first_and_no_more_than_four():
    found = decided(
        applicant={"birth_date": "2010-01-01", "scores": {"wechat_pay": 300}, "verifications": []},
        score=scored(0.5), dues_fen=[600_000],
    )  # fmt: skip
    assert found.grounds == ("eligibility", "score", "burden")
    assert len(list(reasons(found, 4))) == 4
    assert len(list(reasons(found, 99))) == 5
    assert told(found)["change"] == [
        "We know of nothing that you could do now and that would change this by itself."
    ]
    assert told(found)["limit"][0].startswith("Computed for the record: nothing is offered")


def test_a_limit_below_the_product_is_no_offer():
    found = decided(money={"income_fen": 20_000})
    assert found.limit.limit_fen == 0
    assert (found.outcome, found.grounds) == ("refuse", ("burden", "limit"))


@settings(max_examples=40)
@given(st.floats(0, 1), st.floats(0, 1), st.integers(100_000, 3_000_000))
def test_a_better_probability_never_pays_more_and_never_gets_less(first, second, income):
    low, high = sorted((first, second))
    better, worse = (decided(score=scored(p), money={"income_fen": income}) for p in (low, high))
    assert better.price.daily_rate <= worse.price.daily_rate
    assert better.limit.limit_fen >= worse.limit.limit_fen


def test_the_same_case_and_policy_give_the_same_decision_and_its_hash_names_the_case():
    assert decided() == decided()
    again = read_case(json.loads(json.dumps(plain(case()))))
    assert again == case()
    assert again.sha256 == case().sha256 != case(dues_fen=[1]).sha256


def test_terms_of_another_day_decide_nothing():
    with pytest.raises(
        PolicyError, match=r"terms of 2026-03-01 cannot decide a case of 2026-03-02"
    ):
        decide(case(instant="2026-03-02T00:00:00+08:00"), TERMS)
    assert decide(case(instant="2026-03-01T23:59:59+08:00"), TERMS).on == DAY


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"applicant": {"birthdate": "1990-01-01"}}, r"applicant: no 'birthdate'.*'birth_date'"),
        ({"money": {"income_fen": 1.5}}, r"case\.money\.income_fen: 1\.5 is not a whole number"),
        ({"money": {"assets": "car"}}, r"case\.money\.assets: 'car' is not a list"),
        ({"instant": "2026-03-01T10:00:00"}, r"case\.instant: .* names no zone"),
        ({"applicant": {"birth_date": "1.1.1990"}}, r"birth_date: '1\.1\.1990' is no day"),
        ({"score": {"probability": 1.5}}, r"probability must lie in \[0, 1\], got 1\.5"),
        ({"money": None}, r"case: 'money' is missing"),
        (
            {"events": [{"event": {"at": "2026-03-02T10:00:00+08:00", "kind": "login"}}]},
            r"case\.events\[0\]: at \d+ lies after the instant of the decision",
        ),
        ({"review": {"by": "x", "outcome": "maybe", "says": "y"}}, r"'maybe' is not one of"),
    ],
)  # fmt: skip
def test_a_fault_in_a_case_is_named_by_its_place(changes, said):
    with pytest.raises(DataError, match=said):
        case(**deepcopy(changes))
