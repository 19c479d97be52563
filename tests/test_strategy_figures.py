"""Interest, shares, prices and legality of a simulated strategy."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import numpy as np
import pytest
from conftest import REPOSITORY
from strategy_books import champion, random_book

from credit import policy
from credit.decide.clock import at
from credit.decide.repay.schedule import Loan, schedule
from credit.decide.stated import Stated
from credit.errors import PolicyError
from credit.strategy import Book, Strategy, prices, simulate
from credit.strategy.interest import borne

DAY = date(2026, 1, 20)


def test_interest_by_the_column_is_that_of_each_schedule():
    draw = np.random.default_rng(4)
    rates = [Fraction(rate, 1_000_000) for rate in (1, 200, 267, 500, 9_999)]
    principal = np.array([1, 7, 100, 50_000, 800_000, 30_000_000, 10**15] * 6)
    day = date(2024, 1, 28).toordinal() + draw.integers(0, 400, len(principal))
    rate = draw.integers(0, len(rates), len(principal))
    for months in (1, 12, 60):
        found = borne(principal, day, rate, rates, months)
        for row, amount in enumerate(principal.tolist()):
            plan = schedule(
                Loan(
                    principal_fen=amount, drawn_on=date.fromordinal(int(day[row])), months=months,
                    daily_rate=rates[rate[row]],
                )
            )  # fmt: skip
            assert found.interest_fen[row] == plan.interest_fen
    assert borne(np.array([0]), day[:1], rate[:1], rates, 12).interest_fen.tolist() == [0]


def test_the_partner_bears_its_share_and_an_amount_not_stated_is_a_share_of_the_limit():
    book = random_book(300, 2, days=2)
    whole_loan = champion().changed("funding.split", {"own": 1, "partner": 0}, DAY)
    shared, alone = simulate(book, champion()), simulate(book, whole_loan)
    assert shared.earned.profit.sum() == pytest.approx(alone.earned.profit.sum() / 2)
    assert (alone.earned.own_fen == alone.earned.drawn_fen).all()
    unasked = shared.decided.approved & (book.amount_fen == 0)
    assert unasked.any()
    share = shared.earned.drawn_fen[unasked] / shared.decided.usable_fen[unasked]
    assert share == pytest.approx(0.25, abs=1e-4)


def test_the_worked_example_of_the_page_is_true():
    day = date(2024, 4, 1)
    stated = Stated(
        application_id="1", instant=at(day, "Asia/Shanghai", hour=11), birth_date=date(1982, 1, 27),
        registered_at=at(date(2021, 3, 6), "Asia/Shanghai"), income_fen=975_000, occupation="clerk",
        scores={"wechat_pay": 600}, scopes={"basic_id", "credit_record"},
    )  # fmt: skip
    book = Book.of([stated], [0.015282], amount_fen=[1_722_000])
    found = simulate(book, Strategy(name="s", rules=policy.load("weilidai")))
    decided, earned = found.decided, found.earned
    fen = [
        decided.limit_fen, decided.usable_fen, earned.drawn_fen, earned.interest_fen,
        earned.revenue, earned.loss, earned.funding, earned.fen_days, earned.operating,
        earned.profit,
    ]  # fmt: skip
    page = (REPOSITORY / "docs" / "strategy.md").read_text(encoding="utf-8")
    assert [f"{one[0] / 100:,.2f}" for one in fen if f"{one[0] / 100:,.2f}" not in page] == []


def test_every_price_is_held_to_the_law_of_the_last_day():
    book = random_book(300, 2, days=2)
    table = prices(simulate(book, champion())).set_index("grade")
    assert table["allowed"].all()
    assert table.loc["E", "cost"] == pytest.approx(0.1999, abs=2e-3)
    assert (table["cap"] == 0.24).all()
    capped = Strategy(name="s", rules=policy.load("weilidai"))
    assert prices(simulate(book, capped))["cap"].isna().all()


def test_what_cannot_be_reckoned_is_refused():
    book = random_book(60, 2, days=2)
    with pytest.raises(PolicyError, match=r"economics.term: the product lends over \[3, 6, 12\]"):
        simulate(book, champion().changed("economics.term", 24, DAY))
    with pytest.raises(PolicyError, match=r"economics.funding must be at most 1"):
        champion().changed("economics.funding", 3, DAY)
    with pytest.raises(PolicyError, match=r"no key 'economics.exposure'"):
        simulate(book, Strategy(name="s", rules=_without("economics.exposure")))


def _without(key: str) -> policy.Policy:
    rules = champion().rules
    return policy.Policy(
        rules.name, rules.title, tuple(leaf for leaf in rules.leaves if leaf.key != key), ""
    )
