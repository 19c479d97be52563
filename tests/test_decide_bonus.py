"""Plug-in points and passwords: what the policy allows, and what it refuses."""

from __future__ import annotations

from datetime import date

import pytest
from decide_figures import SHIPPED, TODAY, figures

from credit.decide.bonus import BonusTerms, bonus
from credit.decide.password import WORDS, PasswordTerms, password_checks
from credit.decide.sentence import said
from credit.errors import DataError, PolicyError
from credit.feature import Reason

TERMS = PasswordTerms.of(figures())


def test_l17_low_carbon_points_add_nothing_by_default():
    assert [bonus(points, BonusTerms.of(figures())) for points in (0, 5, 500)] == [0, 0, 0]


@pytest.mark.parametrize("evidence", [0.0, -0.002])
def test_l17_a_bonus_without_evidence_is_refused(evidence):
    with pytest.raises(PolicyError, match=r"cap 10 with evidence .*source_values"):
        BonusTerms.of(figures({"score.bonus.green": {"cap": 10, "evidence": evidence}}))


def test_l17_a_bonus_with_evidence_is_capped():
    terms = BonusTerms.of(figures({"score.bonus.green": {"cap": 10, "evidence": 0.002}}))
    assert [bonus(points, terms) for points in (0, 9, 10, 11)] == [0, 9, 10, 10]
    with pytest.raises(DataError, match="points must be 0 or more, got -1"):
        bonus(-1, terms)


@pytest.mark.parametrize(
    ("password", "broken"),
    [
        ("Abcdef12", []),
        ("abcdef12", ["S_CASE"]),
        ("ABCDEF12", ["S_CASE"]),
        ("Abcdefgh", ["S_DIGIT"]),
        ("", ["S_CASE", "S_DIGIT"]),
    ],
)
def test_f04_a_password_holds_both_cases_and_a_digit(password, broken):
    checks = password_checks(password, TODAY, TODAY, TERMS)
    assert [check.code for check in checks if not check.passed] == broken
    assert not password or password not in repr(checks)


@pytest.mark.parametrize(
    ("changed", "day", "kept"),
    [
        (date(2026, 3, 15), date(2026, 6, 14), True),
        (date(2026, 3, 15), date(2026, 6, 15), False),
        (date(2025, 11, 30), date(2026, 2, 27), True),
        (date(2025, 11, 30), date(2026, 2, 28), False),
    ],
)
def test_f04_a_password_is_changed_every_quarter(changed, day, kept):
    assert password_checks("Abcdef12", changed, day, TERMS)[2].passed is kept


def test_f04_a_policy_may_ask_for_nothing_as_nist_advises():
    leaf = SHIPPED.at(TODAY).leaf("security.password")
    assert (leaf.status, "NIST" in leaf.why) == ("disputed", True)
    free = PasswordTerms.of(figures({"security.password": leaf.alternatives[0]["value"]}))
    assert all(one.passed for one in password_checks("x", date(2000, 1, 1), TODAY, free))


def test_f04_words():
    for check in password_checks("", date(2000, 1, 1), TODAY, TERMS):
        assert "{" not in said(WORDS, check.code, check.facts).zh


def test_a_sentence_that_cannot_be_said_is_an_error():
    with pytest.raises(DataError, match=r"no sentence for 'S_CAS'. Did you mean 'S_CASE'"):
        said(WORDS, "S_CAS", {})
    with pytest.raises(
        DataError, match="the sentence of X names 'n', which is not among its facts"
    ):
        said({"X": Reason(en="{n}", zh="{n}")}, "X", {"m": 1})
