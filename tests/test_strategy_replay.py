"""Five thousand people, each decided and reckoned alone, and all of them by the column."""

from __future__ import annotations

import pandas as pd
import pytest
from strategy_books import Replay, agree, champion, random_book, replay

from credit.decide.funding import FundingTerms
from credit.decide.money import exact, fen
from credit.decide.repay.schedule import Loan, schedule
from credit.strategy import GROUNDS, OUTCOMES, by_segment, decide_book, simulate


@pytest.fixture(scope="module")
def oracle() -> Replay:
    return replay(random_book(5_000, 11), champion())


def test_five_thousand_random_people_are_decided_as_one_by_one(oracle):
    found = decide_book(oracle.book, oracle.strategy)
    assert found.slow == found.law == {}
    agree(found, oracle)
    # The edges are there: every outcome, ground and failed check occurs.
    assert set(found.outcome.tolist()) == set(range(len(OUTCOMES) - 1))
    occurs = dict(zip(GROUNDS, found.grounds.any(axis=0).tolist(), strict=True))
    assert occurs == {**dict.fromkeys(GROUNDS, True), "fraud": False}


def replayed(oracle) -> pd.DataFrame:
    """Add up every decision, one person at a time."""
    book, rows = oracle.book, []
    for row, decision in enumerate(oracle.decisions):
        yes = decision is not None and decision.outcome == "approve"
        line = {"segment": book.segment[row], "applications": 1, "approve": int(yes)}
        rows.append(line)
        if not yes:
            continue
        figures = oracle.strategy.at(decision.on)
        exposure = figures["economics.exposure"]
        usable, asked = decision.shown.usable_fen, int(book.amount_fen[row])
        drawn = min(asked, usable) if asked else fen(usable * exact(exposure["drawn"]))
        loan = Loan(
            principal_fen=drawn, drawn_on=decision.on, months=figures["economics.term"],
            daily_rate=decision.price.daily_rate,
        )  # fmt: skip
        plan = schedule(loan)
        balance, before, fen_days = drawn, decision.on, 0
        for part in plan.instalments:
            fen_days += balance * (part.due - before).days
            balance, before = balance - part.principal_fen, part.due
        p, own = float(book.probability[row]), FundingTerms.of(figures).own
        owed = exposure["owed"] * drawn + exposure["conversion"] * (usable - drawn)
        operating = figures["economics.operating"]
        parts = {
            "revenue": (1 - p) * plan.interest_fen,
            "loss": p * figures["economics.loss_given_default"] * owed,
            "funding": figures["economics.funding"] * fen_days / 365,
            "operating": 100 * operating["loan"] + operating["share"] * drawn,
        }
        profit = float(own) * (2 * parts["revenue"] - sum(parts.values()))
        line |= {
            **parts, "profit": profit, "drawn": drawn, "interest": plan.interest_fen,
            "own": FundingTerms.of(figures).split(drawn)["own"], "exposure": owed,
        }  # fmt: skip
    return pd.DataFrame(rows).fillna(0).groupby("segment").sum()


def test_a_strategy_earns_what_every_single_decision_earns_together(oracle):
    found = simulate(oracle.book, oracle.strategy)
    expected = replayed(oracle)
    assert sum(expected["approve"]) > 1_000
    mine = by_segment(found).set_index("segment")
    for name in expected.columns.intersection(mine.columns):
        exactly = name in {"applications", "approve", "drawn", "own"}
        scale = 1 if name in {"applications", "approve"} else 100
        for segment in expected.index:
            one = float(expected.loc[segment, name]) / scale
            assert mine.loc[segment, name] == (one if exactly else pytest.approx(one, rel=1e-12))
        assert mine.loc["(all)", name] == pytest.approx(float(sum(expected[name])) / scale)
    assert int(found.earned.interest_fen.sum()) == int(sum(expected["interest"]))
