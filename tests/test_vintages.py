"""Vintages and roll rates: loans by hand, a naive loop, and the outcomes of a generated world."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from credit import evaluate as ev
from credit.errors import DataError
from credit.evaluate.vintages import DAY
from credit.world import read


def instant(text):
    return int(pd.Timestamp(text, tz="UTC").value // 1000)


def book():
    """Loan 1 pays in time, 2 pays the first in two parts and stops, 3 is drawn later."""
    loans = pd.DataFrame(
        {"loan_id": [1, 2, 3], "event_time": [instant(f"2023-0{m}-10") for m in (1, 1, 2)]}
    )
    due = [
        (i, k, instant(f"2023-0{m + k}-09")) for i, m in ((1, 1), (2, 1), (3, 2)) for k in (1, 2)
    ]
    instalments = pd.DataFrame(due, columns=["loan_id", "number", "due_at"]).assign(due_fen=100)
    paid = [
        (1, 1, "2023-02-08", 100), (1, 2, "2023-03-01", 100),
        (2, 1, "2023-02-01", 60), (2, 1, "2023-03-20", 40),
        (3, 1, "2023-03-09", 100), (3, 2, "2023-04-11", 100),
    ]  # fmt: skip
    repayments = pd.DataFrame(paid, columns=["loan_id", "number", "event_time", "amount_fen"])
    repayments["event_time"] = [instant(day) for day in repayments["event_time"]]
    return loans, instalments, repayments


def panel(months=6, until="2023-08-15"):
    return ev.lateness(*book(), observed_until=instant(until), zone="UTC", months=months)


def test_lateness_of_three_loans_by_hand():
    found = panel().set_index(["loan_id", "month_on_book"])
    assert found.loc[1, "cohort"].unique().tolist() == ["2023-01"]
    assert found.loc[1]["days_past_due"].tolist()[:2] == [0, 0]
    assert found.loc[1]["days_past_due"].isna().tolist() == [
        False,
        False,
        True,
        True,
        True,
        True,
        True,
    ]
    # Paid in full 39 days late; the second, due on 9 March, is never paid.
    assert found.loc[2]["days_past_due"].tolist() == [0, 1, 29, 32, 62, 93, 123]
    assert found.loc[2]["worst"].tolist() == [0, 1, 29, 39, 62, 93, 123]
    assert found.loc[3]["days_past_due"].tolist()[:3] == [0, 1 - 1, 1]


def test_vintages_show_whole_cohorts_only():
    table = ev.vintage_table(panel(until="2023-06-12"))
    january, february = (table[table["cohort"] == c] for c in ("2023-01", "2023-02"))
    assert january["month_on_book"].tolist() == [1, 2, 3, 4, 5]
    assert january["bads"].tolist() == [0, 0, 0, 0, 1]
    assert january["rate"].iloc[-1] == 0.5
    assert february["month_on_book"].tolist() == [1, 2, 3, 4]
    assert (
        ev.vintage_table(panel(), days=30).query("cohort == '2023-01'")["bads"]
        == [0, 0, 1, 1, 1, 1]
    ).all()


def test_roll_rates_equal_a_loop_over_months():
    random = np.random.default_rng(0)
    days = random.choice([0, 0, 5, 30, 45, 60, 90, 200, np.nan], (80, 9))
    loan, month = np.indices(days.shape)
    frame = pd.DataFrame(
        {"loan_id": loan.ravel(), "month_on_book": month.ravel(), "days_past_due": days.ravel()}
    )
    names = ["current", "1-29", "30-59", "60-89", "90+", "closed"]

    def name(value):
        return "closed" if np.isnan(value) else names[sum(value >= end for end in (1, 30, 60, 90))]

    counts = pd.DataFrame(0, index=names, columns=names)
    for row in days:
        for first, second in pairwise(row[1:]):
            counts.loc[name(first), name(second)] += 1
    found = ev.roll_rates(frame.sample(frac=1, random_state=1))
    matrix = found.pivot_table(index="origin", columns="target", values="loans", sort=False)
    assert (matrix.loc[names[:-1], names] == counts.loc[names[:-1]]).all(axis=None)
    assert np.allclose(found.groupby("origin")["share"].sum(), 1)
    assert ((found["share_low"] <= found["share"]) & (found["share"] <= found["share_high"])).all()


def test_a_state_without_loans_has_no_share():
    frame = pd.DataFrame({"loan_id": 1, "month_on_book": [1, 2, 3], "days_past_due": [0, 0, 40]})
    table = ev.roll_rates(frame, buckets=(30,)).set_index(["origin", "target"])
    assert table.loc[("current", "30+"), "share"] == 0.5
    assert table.loc["30+", "share"].isna().all()


def test_a_worlds_loans_go_bad_by_the_twelfth_month_as_its_truth_says(small_world: Path):
    loans, instalments, repayments = (
        pd.read_parquet(small_world / f"{name}.parquet")
        for name in ("loans", "instalments", "repayments")
    )
    own = loans[loans["application_id"].notna()]
    schedule = instalments[instalments["loan_id"].isin(own["loan_id"])]
    until = repayments["event_time"].max()
    found = ev.lateness(
        own, schedule, repayments, observed_until=until, zone="Asia/Shanghai", months=12
    )
    year = found[found["month_on_book"] == 12].set_index("loan_id")["worst"] >= 90
    application = own.set_index("loan_id")["application_id"].loc[year.index]
    truth = read(small_world).frame.set_index("application_id")["y"].loc[application].to_numpy()
    assert len(year) > 500
    assert (year.to_numpy() == (truth == 1)).mean() > 0.999
    table = ev.vintage_table(found)
    for _, curve in table.groupby("cohort"):
        assert curve["bads"].is_monotonic_increasing
    rolls = ev.roll_rates(found).set_index(["origin", "target"])["share"]
    assert rolls["current", "current"] > 0.8
    assert rolls["60-89", "90+"] > 0.9


def test_what_is_refused():
    loans, instalments, repayments = book()

    def late(*tables, until="2023-08-15"):
        return ev.lateness(*tables, observed_until=instant(until), zone="UTC")

    with pytest.raises(DataError, match=r"loans: no column \['event_time'\]"):
        late(loans[["loan_id"]], instalments, repayments)
    with pytest.raises(DataError, match=r"loans: 1 loan_id\(s\) repeat"):
        late(pd.concat([loans, loans.iloc[:1]]), instalments, repayments)
    with pytest.raises(DataError, match=r"2 belong to no loan and 0 loan\(s\) have none"):
        late(loans.iloc[:2], instalments, repayments)
    with pytest.raises(DataError, match="observed_until lies before every loan"):
        late(loans, instalments, repayments, until="2022-01-01")
    with pytest.raises(DataError, match=r"buckets must ascend from 1 or more days, got \[0, 30\]"):
        ev.roll_rates(panel(), buckets=(0, 30))
    with pytest.raises(DataError, match=r"1 step\(s\) of a loan are not one month"):
        ev.roll_rates(panel().drop(index=3))
    with pytest.raises(DataError, match="days must be at least 1, got 0"):
        ev.vintage_table(panel(), days=0)
    assert DAY == 86_400 * 10**6
