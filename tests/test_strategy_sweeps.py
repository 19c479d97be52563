"""Cut-offs, multiples, challengers, a lower cap, and the table of leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import numpy as np
import pytest
from strategy_books import champion, random_book

from credit import policy
from credit.errors import DataError, PolicyError
from credit.strategy import (
    ALL,
    LEAVES,
    LIMITS,
    PRICES,
    READINGS,
    Book,
    Simulated,
    Strategy,
    by_segment,
    changes,
    cutoffs,
    differences,
    simulate,
    swaps,
    thinned,
    times,
    turned,
    under_cap,
    weighed,
)

DAY = date(2026, 1, 20)


@pytest.fixture(scope="module")
def book() -> Book:
    return random_book(600, 11, days=2)


@pytest.fixture(scope="module")
def found(book: Book) -> Simulated:
    return simulate(book, champion())


def line(one: Simulated):
    return by_segment(one).set_index("segment").loc[ALL]


# -- the table of leaves


def test_there_are_twenty_leaves_and_more():
    keys = {leaf.path.split(".", 1)[0] + "." + leaf.path.split(".")[1] for leaf in LEAVES}
    assert len({leaf.path for leaf in LEAVES}) == len(LEAVES) >= 20
    assert {key.split(".")[0] for key in keys} == {
        "decision", "eligibility", "product", "limit", "repay", "pricing", "comply", "funding",
        "economics",
    }  # fmt: skip


@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.path)
def test_a_changed_leaf_moves_the_book_as_the_table_says(leaf, book, found):
    before, after = leaf.effect(book, found)
    assert after > before if leaf.moves == "rises" else after < before


# -- cut-offs


def test_every_cutoff_is_the_strategy_with_that_cutoff(book, found):
    table = cutoffs(book, champion())
    for row in (1, len(table) // 2, len(table) - 1):
        at = float(table["threshold"][row])
        same = champion().changed("decision.cutoff", {"approve": at, "review": at}, DAY)
        expected = line(simulate(book, same))
        assert table["approved"][row] == expected["approve"]
        for name in ("profit", "loss", "revenue", "drawn", "expected_bad_rate"):
            assert table[name][row] == pytest.approx(expected[name])
        assert (table["known"][row], table["bads"][row]) == (expected["known"], expected["bads"])
    assert table.iloc[0][["approved", "profit", "drawn"]].tolist() == [0, 0, 0]
    assert table["threshold"][1:].is_monotonic_increasing


def test_the_frontier_holds_what_no_other_cutoff_beats(book):
    table = cutoffs(book, champion().changed("economics.loss_given_default", 1.0, DAY))
    best = table[table["best"]].iloc[0]
    assert best["profit"] == table["profit"].max() > 0
    assert 0 < best["approved"] < table["approved"].max()
    for row in table.itertuples():
        stricter, laxer = table[table.approved < row.approved], table[table.approved > row.approved]
        assert row.by_loss == bool((stricter.profit < row.profit).all())
        assert row.by_approvals == bool((laxer.profit < row.profit).all())
    short = thinned(table, 20)
    assert len(short) in (20, 21)
    assert short["best"].sum() == 1
    with pytest.raises(DataError, match="rows must be at least 2"):
        thinned(table, 1)


def test_nobody_is_best_where_every_loan_loses(book):
    dear = champion().changed("economics.operating.share", 0.5, DAY)
    table = cutoffs(book, dear)
    assert table["best"].tolist()[0]
    assert np.isnan(table["threshold"][0])


# -- multiples


def test_limits_and_prices_are_turned_up_and_down(book):
    limits = turned(book, champion(), LIMITS, (0.5, 0.9, 1.0, 1.25, 2.0)).set_index("factor")
    assert np.diff(limits["mean_limit"]).min() > 0
    stages = []
    rates = turned(
        book, champion(), PRICES, (0.5, 1.0, 1.4), lambda *told: stages.append(told)
    ).set_index("factor")  # fmt: skip
    assert rates["revenue"][0.5] < rates["revenue"][1.0]
    assert rates["illegal"].tolist() == [0, 0, len(book)]
    assert stages[-1] == ("product.daily_rate.min up and down", 1.0)
    assert times(champion(), ["eligibility.age.max"], 0.99, DAY).value(
        "eligibility.age.max", DAY
    ) == 59  # fmt: skip
    with pytest.raises(PolicyError, match=r"limit.below_range: 'none' is no number"):
        times(champion(), ["limit.below_range"], 2, DAY)


# -- champion against challenger


def test_what_differs_is_the_difference_of_both_and_swaps_hold_everybody(book, found):
    other = simulate(book, champion().changed("decision.cutoff.approve", 0.03, DAY, name="strict"))
    once = np.ones(len(book))
    both = differences(found, other, once)
    first, second = weighed(found, once), weighed(other, once)
    assert both == {name: second[name] - first[name] for name in first}
    assert first["profit"] == pytest.approx(line(found)["profit"])
    assert first["bad_rate"] == pytest.approx(line(found)["bad_rate"])
    table = swaps(found, other).set_index("decision")
    assert table["rows"].sum() == len(book)
    assert table.loc["swapped in", "rows"] == 0 < table.loc["swapped out", "rows"]
    assert table["profit_challenger"].sum() == pytest.approx(second["profit"])
    counted = changes(found, other)
    assert counted["lost"] == table.loc["swapped out", "rows"] == -counted["approved"]
    assert (counted["limits"], counted["prices"], counted["gained"]) == (0, 0, 0)
    assert set(changes(found, found).values()) == {0, len(book)}


def test_weights_are_rows_drawn_again(book, found):
    weight = np.bincount(np.random.default_rng(1).integers(0, 600, 600), minlength=600) * 1.0
    rows = np.repeat(np.arange(600), weight.astype(int))
    stated = [replace(book.stated[row], application_id=str(n)) for n, row in enumerate(rows)]
    again = Book.of(
        stated, book.probability[rows], amount_fen=book.amount_fen[rows], bad=book.bad[rows]
    )
    expected = weighed(simulate(again, champion()), np.ones(600))
    assert weighed(found, weight) == pytest.approx(expected)


def test_other_probabilities_change_decisions_limits_and_prices(book, found):
    riskier = simulate(book.scored(np.minimum(book.probability * 3, 1)), champion())
    counted = changes(found, riskier)
    assert counted["lost"] > 0 == counted["gained"]
    assert counted["prices"] > 0 < counted["limits"]
    with pytest.raises(DataError, match="decide different applications"):
        changes(found, simulate(random_book(5, 1), champion()))


# -- a lower cap


def test_a_lower_cap_refuses_the_list_or_the_grades_above_it_or_reprices_them(book):
    capped = under_cap(book, champion(), Fraction(12, 100))
    today, stands, refused, repriced = (line(capped.results[name]) for name in READINGS)
    assert stands["illegal"] == len(book)
    assert refused["illegal"] == repriced["illegal"] == 0
    assert repriced["approve"] == today["approve"] > refused["approve"] > 0
    assert today["profit"] > repriced["profit"]
    grades = capped.grades.set_index("grade")
    assert grades["allowed"].tolist() == [True, True, False, False, False]
    assert (grades["daily_rate_capped"][2:] == float(capped.highest)).all()
    kept = grades[grades["allowed"]]
    assert (kept["daily_rate"] == kept["daily_rate_capped"]).all()
    assert kept[f"approved: {READINGS[0]}"].sum() == refused["approve"]
    # A millionth more a day, and the law refuses.
    above = capped.results[READINGS[3]].strategy.changed(
        "product.daily_rate.max", float(capped.highest) + 1e-6, DAY
    )
    assert line(simulate(book, above))["illegal"] > 0


def test_a_cap_that_changes_nothing_and_one_below_every_price(book, found):
    high = under_cap(book, champion(), Fraction(36, 100))
    for name in READINGS:
        assert line(high.results[name])["profit"] == pytest.approx(line(found)["profit"]), name
    low = under_cap(book, champion(), Fraction(5, 100))
    # The fees of the instalment plans alone are above five per cent.
    assert all(line(low.results[name])["approve"] == 0 for name in READINGS[1:])
    with pytest.raises(DataError, match="cap must be above 0"):
        under_cap(book, champion(), Fraction(0))
    with pytest.raises(PolicyError, match=r"no key 'comply.apr_cap'"):
        under_cap(book, Strategy(name="s", rules=policy.load("weilidai")), Fraction(1, 10))
