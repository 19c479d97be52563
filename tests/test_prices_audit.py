"""L14: a book of tables whose first prices are held to the later ones."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from credit import cli, policy
from credit.decide.clock import at
from credit.decide.price import PriceTerms
from credit.decide.repay import Loan, schedule
from credit.decide.treatment import Quoted, baited, teasers
from credit.errors import ConfigError, DataError
from credit.pipeline.prices import audit_prices

ZONE = "Asia/Shanghai"
DAY = date(2024, 3, 1)
TERMS = PriceTerms.of(policy.load("weilidai+cn-2026").at(DAY))


def quote(person: str, rate: float | Fraction) -> Quoted:
    return Quoted(person=person, grade="B", scenario=None, daily_rate=rate)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 9)), max_size=12))
def test_l14_a_book_is_what_each_person_was_given(pairs):
    """Of a person it is `teasers` over that person's own prices, however they are mixed."""
    found = baited([quote(who, Fraction(rate, 10_000)) for who, rate in pairs], TERMS)
    own = {who: [Fraction(rate, 10_000) for one, rate in pairs if one == who] for who in "abc"}
    expected = {who: teasers(rates, TERMS)[0] for who, rates in own.items()
                if rates and teasers(rates, TERMS)}  # fmt: skip
    assert {one.first.person: one.jump for one in found} == expected
    assert all(one.later.daily_rate == one.jump.rate for one in found)


def book(folder: Path, second: Fraction) -> Path:
    """One application approved at 0.03 % a day, and two loans; the second bears another rate."""
    asked = at(DAY, ZONE, hour=10)
    decided = {"application_id": [1, 2], "customer_id": [7, 8], "event_time": asked,
               "available_at": asked, "outcome": ["approve", "refuse"], "grade": ["C", "E"],
               "daily_rate": [0.0003, 0.0001], "product": "weilidai", "policy": "weilidai",
               "grounds": [None, "score"], "probability": [0.03, 0.3], "random_approval": 0,
               "limit_fen": 600_000, "usable_fen": [510_000, 0]}  # fmt: skip
    loans, instalments = [], []
    for loan, rate in ((1, Fraction(3, 10_000)), (2, second)):
        drawn = date(2024, 3 + loan, 5)
        loans.append({"loan_id": loan, "customer_id": 7, "event_time": at(drawn, ZONE, hour=9),
                      "available_at": at(drawn, ZONE, hour=9), "principal_fen": 500_000,
                      "term_months": 6})  # fmt: skip
        plan = schedule(Loan(principal_fen=500_000, drawn_on=drawn, months=6, daily_rate=rate))
        instalments += [
            {"customer_id": 7, "loan_id": loan, "number": one.number,
             "event_time": at(drawn, ZONE, hour=9), "available_at": at(drawn, ZONE, hour=9),
             "due_at": at(one.due, ZONE, hour=23) + 3_599_999_999, "due_fen": one.total_fen,
             "principal_fen": one.principal_fen, "interest_fen": one.interest_fen}
            for one in plan.instalments
        ]  # fmt: skip
    tables = {"decisions": decided, "loans": loans, "instalments": instalments}
    for name, rows in tables.items():
        pd.DataFrame(rows).to_parquet(folder / f"{name}.parquet")
    return folder


def test_l14_a_loan_at_twice_the_price_of_the_approval_is_found(tmp_path):
    audit = audit_prices(book(tmp_path, Fraction(61, 100_000)), output=tmp_path / "b.csv")
    assert (audit.people, audit.prices) == (1, 13), "a refusal is no price"
    (one,) = audit.found
    assert (one.first.place, one.later.place) == ("application 1", "loan 2, instalment 1")
    assert float(one.jump.rate) == pytest.approx(0.00061, rel=1e-3)
    assert pd.read_csv(tmp_path / "b.csv")["person"].tolist() == [7]


def test_prices_that_stay_below_the_jump_bait_nobody(tmp_path):
    """What instalments bear is the daily rate of their loan, but for the rounding to the fen."""
    audit = audit_prices(book(tmp_path, Fraction(58, 100_000)))
    assert audit.found == ()
    assert audit.table().title.startswith("0 of 1 people were given a teaser (13 prices")


def test_the_command_exits_with_1_where_somebody_was_baited(tmp_path):
    for rate, code in ((61, 1), (58, 0)):
        command = ["audit", "prices", str(book(tmp_path, Fraction(rate, 100_000))), "--quiet"]
        done = CliRunner().invoke(cli.app, command)
        assert done.exit_code == code
        assert "people were given a teaser" in " ".join(done.output.split())


def test_tables_without_prices_and_folders_that_are_none_are_named(tmp_path):
    rows = {"application_id": [1], "customer_id": [7], "event_time": [1], "available_at": [1]}
    pd.DataFrame(rows).to_parquet(tmp_path / "applications.parquet")
    bare = pd.DataFrame({**rows, "outcome": ["approve"]})
    bare.to_parquet(tmp_path / "decisions.parquet")
    with pytest.raises(DataError, match=r"no table states a price\. It takes decisions, or loans"):
        audit_prices(tmp_path)
    with pytest.raises(ConfigError, match="there is no folder"):
        audit_prices(tmp_path, output=tmp_path / "none" / "b.csv")
