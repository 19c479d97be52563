"""Decisions by the column are those of `decide`, row by row."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from strategy_books import FIRST, agree, champion, random_book, replay

from credit import policy
from credit.decide.stated import Stated
from credit.errors import DataError, PolicyError
from credit.policy import Leaf
from credit.strategy import OUTCOMES, Book, Strategy, decide_book
from credit.strategy.known import LEAVES, ROOMS, unknown

DAY = date(2026, 1, 20)

SIMPLE = {"max_annual": 0.13, "on_overdue": "reset", "compounding": "simple"}
CLAMPED_FIRST = ["base", "clamp", "growth", "assets", "occupation", "repayment", "daily_cap"]
WITHOUT_SCORE = {"name": "wechat_pay", "least": 601, "if_missing": "pass"}


@pytest.mark.parametrize(
    ("rules", "path", "value"),
    [
        ("weilidai+bank", "limit.below_range", "raise"),
        ("weilidai+zhaolian", "pricing.grades.1.max_pd", 0.03),
        ("weilidai+jiebei", "limit.base.low_income.applies", "base"),
        ("weilidai", "limit.growth", SIMPLE),
        ("weilidai", "limit.pipeline", CLAMPED_FIRST),
        ("weilidai", "product.min_score", WITHOUT_SCORE),
        ("weilidai", "limit.base.income_multiple", 1.7320508),
        ("weilidai", "product.income_evidence", "required"),
        ("weilidai+cn-2026", "comply.apr_cap.helped", 0.1995),
        ("weilidai", "calendar.zone", "America/New_York"),
        ("weilidai", "eligibility.age", {"min": 19, "max": 59}),
        ("weilidai", "limit.hidden_buffer", 0.33333),
    ],
)  # fmt: skip
def test_other_policies_are_decided_as_one_by_one(rules, path, value):
    strategy = Strategy(name="s", rules=policy.load(rules))
    strategy = strategy.changed(path, value, DAY)
    book = random_book(120, 5, days=3)
    agree(decide_book(book, strategy), replay(book, strategy))


def test_a_day_whose_law_refuses_the_product_lends_to_nobody():
    strategy = Strategy(name="s", rules=policy.load("weilidai+third_party+cn-2026"))
    book = random_book(50, 3, days=3)
    found = decide_book(book, strategy)
    assert all("a loan over 3 months: all-in cost" in why for why in found.law)
    assert sum(found.law.values()) == len(book)
    assert set(found.outcome.tolist()) == {OUTCOMES.index("illegal")}
    assert found.limit_fen.max() == 0
    assert (found.rate == -1).all()


# -- what the fast path does not know


def test_the_fast_path_knows_every_shipped_policy():
    for name in policy.shipped():
        if name != "world":
            assert unknown(policy.load(f"weilidai+{name}+cn-2026").at(DAY)) == (), name
    assert all(key.startswith(ROOMS) for key in LEAVES)


def test_a_leaf_that_it_does_not_know_is_left_to_decide():
    leaf = Leaf(
        key="limit.weather", value=2, unit="", source="a test", status="assumed",
        effective_from=FIRST,
    )  # fmt: skip
    rules = champion().rules
    strategy = Strategy(name="s", rules=replace(rules, leaves=(*rules.leaves, leaf)))
    book = random_book(40, 9, days=3)
    found = decide_book(book, strategy)
    assert found.slow == {"limit.weather": 40}
    agree(found, replay(book, strategy))


def test_an_entry_or_a_fact_that_it_does_not_know_is_named(monkeypatch):
    monkeypatch.setattr("credit.strategy.known.ENTRIES", {Stated: "application_id"})
    assert "Stated.income_fen" in unknown(champion().at(DAY))


# -- bad input


def row(**other: object) -> Stated:
    return replace(random_book(1, 1).stated[0], **other)


@pytest.mark.parametrize(
    ("rows", "columns", "words"),
    [
        ([], {"probability": []}, "there is no application"),
        ([row()], {"probability": [1.2]}, "probability: 1 row.s. break the rule"),
        ([row()], {"probability": [0.1, 0.2]}, "probability has 2 rows, but 1 are expected"),
        ([row()], {"probability": [0.1], "bad": [2]}, "bad: 1 row.s. break the rule"),
        ([row()], {"probability": [0.1], "amount_fen": [-1]}, "amount_fen: 1 row"),
        ([row()], {"probability": [0.1], "amount_fen": [1.5]}, "amounts are whole fen"),
        ([row(income_fen=-1)], {"probability": [0.1]}, "income_fen: 1 row"),
        ([row(dues_fen=(-1,))], {"probability": [0.1]}, "dues_fen: 1 row"),
        ([row(), row()], {"probability": [0.1, 0.1]}, "stand.s. there more than once"),
    ],
)  # fmt: skip
def test_a_book_that_may_not_be_is_refused(rows, columns, words):
    with pytest.raises(DataError, match=words):
        Book.of(rows, **columns)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"birth_date": date(2030, 1, 1)}, "birth_date: 2030-01-01 lies after"),
        ({"registered_at": 2**60}, "registered_at: .* lies after the instant"),
        ({"months": ("late",)}, "months: 'late' is not one of"),
    ],
)
def test_facts_that_contradict_each_other_are_refused_as_decide_does(other, words):
    book = Book.of([row(**other)], [0.01])
    with pytest.raises(DataError, match=words):
        decide_book(book, champion())


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("decision.cutof.approve", 0.1, "no such leaf on .* Did you mean 'decision.cutoff"),
        ("decision.cutoff.aprove", 0.1, "nothing stands at 'aprove'. Did you mean 'approve'"),
        ("decision.cutoff.approve", 1.5, "decision.cutoff.approve must be at most 1"),
        ("pricing.grades.9.max_pd", 0.1, "nothing stands at '9'"),
        ("limit.hidden_buffer.x", 0.1, "nothing stands at 'x'"),
    ],
)
def test_a_change_that_may_not_be_is_refused(path, value, words):
    with pytest.raises(PolicyError, match=words):
        champion().changed(path, value, DAY)


def test_a_change_is_part_of_the_hash():
    other = champion().changed("decision.cutoff.approve", 0.05, DAY)
    assert other.at(DAY)["decision.cutoff"] == {"approve": 0.05, "review": 0.1}
    assert other.at(DAY).sha256 != champion().at(DAY).sha256
