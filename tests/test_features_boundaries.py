"""Published figures and calendar edges, one step to each side, and where the figures come from."""

from __future__ import annotations

from datetime import date
from importlib.resources import files

import numpy as np
import pytest
from feature_tables import Row, World, engine_of

from credit import policy as policies
from credit.errors import PolicyError
from credit.feature import Catalogue
from credit.features import PAYMENT_INDICATORS, build, catalogue

HOUR = 3_600 * 1_000_000
DAY = 24 * HOUR
MIDNIGHT = 1_700_000_000_000_000 // DAY * DAY - 8 * HOUR  # of Shanghai
Q = MIDNIGHT + 20 * HOUR
TODAY = date(2026, 1, 1)
TEXT = (files("credit") / "policies" / "weilidai.toml").read_text(encoding="utf-8")


def value(name: str, **tables: list[Row]) -> float:
    """Return a feature of person 1 at Q, with the features that its expression names."""
    known = catalogue()
    wanted = {name}
    while more := {
        other
        for one in wanted
        for other in known.names
        if other not in wanted and other in getattr(known[one], "expression", "")
    }:
        wanted |= more
    with engine_of(tables) as engine:
        features = Catalogue(tuple(f for f in known if f.name in wanted))
        return build(engine, World({1: Q}).spine(), features)[name].item()


def at(time: int, **row: object) -> Row:
    """Return a row of person 1 that was known at once."""
    return {"customer_id": 1, "event_time": time, "available_at": time, **row}


def payment(time: int, amount: int = 100, mcc: int | None = 5411, **row: object) -> Row:
    usual = {"payment_id": abs(hash((time, amount, mcc))) % 10**9, "direction": "out"}
    return at(time, **{**usual, "status": "ok", "amount_fen": amount, "mcc": mcc, **row})


# -- figures of the policy


def test_there_are_twelve_payment_indicators() -> None:
    stated = policies.load("weilidai").leaf("features.payment.indicators", TODAY).value
    assert len(set(PAYMENT_INDICATORS)) == len(PAYMENT_INDICATORS) == stated == 12
    payments = [f.name for f in catalogue() if f.dimension == "payment"]
    for indicator in PAYMENT_INDICATORS:
        assert sum(name.startswith(f"{indicator}_") for name in payments) >= 3


@pytest.mark.parametrize(("fen", "large"), [(499_999, 0), (500_000, 0), (500_001, 1)])
def test_a_payment_is_large_above_5000_yuan(fen: int, large: int) -> None:
    assert value("payment_large_count_90d", payments=[payment(Q - DAY, fen)]) == large


@pytest.mark.parametrize(
    ("time", "night"),
    [
        (23 * HOUR - 1, 0), (23 * HOUR, 1), (24 * HOUR - 1, 1), (24 * HOUR, 1),
        (30 * HOUR - 1, 1), (30 * HOUR, 0),
    ],
)  # fmt: skip
def test_a_night_lasts_from_23_to_6_in_shanghai(time: int, night: int) -> None:
    rows = [payment(MIDNIGHT - 3 * DAY + time)]
    assert value("payment_night_share_30d", payments=rows) == night


def test_a_microsecond_before_midnight_is_another_day() -> None:
    rows = [payment(MIDNIGHT - 1), payment(MIDNIGHT)]
    assert value("payment_active_day_ratio_30d", payments=rows) == 2 / 30


def test_the_living_share_has_an_edge_at_60_percent() -> None:
    families = [f for f in catalogue() if f.name.startswith("consumption_living_share_")]
    shares = [f for f in families if "change" not in f.name]
    assert len(shares) == 4
    assert all(f.edges == (0.60,) for f in shares)
    rows = [payment(Q - DAY, 60), payment(Q - 2 * DAY, 40, 7832)]
    assert value("consumption_living_share_30d", payments=rows) == 0.60


@pytest.mark.parametrize(
    ("months", "counts"), [(23.9, 1), (24 - 1e-6, 1), (24, 1), (24 + 1e-6, 0), (24.1, 0)]
)
def test_90_days_past_due_count_when_they_lie_within_24_months(months: float, counts: int) -> None:
    paid = Q - round(months * 365 / 12 * DAY)
    due = paid - 90 * DAY
    schedule = at(due - 300 * DAY, loan_id=5, number=1, due_at=due, due_fen=100)
    repaid = at(paid, repayment_id=1, loan_id=5, number=1, amount_fen=100)
    tables = {"instalments": [schedule], "repayments": [repaid]}
    assert value("repayment_late_90_plus_within_24m", **tables) == counts
    almost = {**tables, "repayments": [repaid | {"event_time": paid - 1, "available_at": paid}]}
    assert value("repayment_late_90_plus_within_24m", **almost) == 0


@pytest.mark.parametrize(("ratio", "flag"), [(0.5, 0), (2.0, 0), (0.499, 1), (2.001, 1)])
def test_declared_income_is_consistent_from_half_to_twice_what_is_received(
    ratio: float, flag: int
) -> None:
    monthly = 73_000
    inflow = payment(Q - DAY, monthly * 180 * 12 // 365, None, direction="in")
    person = at(Q - 300 * DAY, declared_income_fen=round(monthly * ratio), segment=None)
    tables = {"payments": [inflow], "customers": [person]}
    assert value("application_income_ratio_180d", **tables) == pytest.approx(ratio, rel=1e-4)
    assert value("application_income_inconsistent_180d", **tables) == flag


CHANGES = {
    "{ start_hour = 23,": ("{ start_hour = 22,", "payment_night_share_90d"),
    "single_txn]\nvalue = 5_000": ("single_txn]\nvalue = 4_000", "payment_large_count_90d"),
    "threshold = 0.60": ("threshold = 0.55", "consumption_living_share_90d"),
    "max_risk_level = 2": ("max_risk_level = 3", "wealth_stable_share"),
    "[1, 30, 60, 90]": ("[1, 15, 60, 90]", "repayment_late_1_29_count_365d"),
    "lookback_months = 24": ("lookback_months = 60", "repayment_late_90_plus_within_24m"),
    "income_ratio_high = 2.0": ("income_ratio_high = 3.0", "application_income_ratio_180d"),
}


@pytest.mark.parametrize("leaf", CHANGES)
def test_a_figure_of_the_policy_changes_a_feature(leaf: str) -> None:
    other, name = CHANGES[leaf]
    assert TEXT.count(leaf) == 1
    changed = catalogue(policies.parse(TEXT.replace(leaf, other), origin="changed"))
    assert name not in changed or changed[name] != catalogue()[name]


@pytest.mark.parametrize(
    ("leaf", "other", "message"),
    [
        (
            "{ start_hour = 23,",
            "{ start_hour = 5,",
            r"features\.night must rise from end_hour to start",
        ),
        ("[1, 30, 60, 90]", "[1, 60, 30]", r"buckets must rise from \[1\] to \[2\], got 60"),
    ],
)
def test_a_figure_that_makes_no_sense_is_refused(leaf: str, other: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        catalogue(policies.parse(TEXT.replace(leaf, other), origin="changed"))


def test_a_date_without_a_value_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"no value in force on 2019-12-31"):
        catalogue(on=date(2019, 12, 31))


# -- repeat customers, repaired records


def test_people_who_never_borrowed_are_null_not_0() -> None:
    loan = at(Q - 300 * DAY, loan_id=5, principal_fen=100, term_months=1)
    due = at(Q - 300 * DAY, loan_id=5, number=1, due_at=Q - 60 * DAY, due_fen=100)
    paid = at(Q - 61 * DAY, repayment_id=1, loan_id=5, number=1, amount_fen=100)
    tables = {"loans": [loan], "instalments": [due], "repayments": [paid]}
    nobody = {name: [row | {"customer_id": 2} for row in rows] for name, rows in tables.items()}
    for name in (
        "repayment_overdue_count_365d", "repayment_late_30_59_count_365d", "repayment_overdue_open",
        "repayment_overdue_open_fen", "repayment_outstanding_fen",
        "repayment_late_90_plus_within_24m",
    ):  # fmt: skip
        assert value(name, **tables) == 0
        assert np.isnan(value(name, **nobody))
    assert value("repayment_has_loan", **tables) == 1
    assert value("repayment_has_loan", **nobody) == 0


@pytest.mark.parametrize(("repaired", "days"), [(None, 40.0), (1, 40.0), (0, None), (-DAY, None)])
def test_a_repaired_record_is_not_looked_at_from_that_instant_on(
    repaired: int | None, days: float | None
) -> None:
    when = None if repaired is None else Q + repaired
    due = at(Q - 300 * DAY, loan_id=5, number=1, due_at=Q - 90 * DAY, due_fen=100)
    paid = at(Q - 50 * DAY, repayment_id=1, loan_id=5, number=1, amount_fen=100)
    rows = {"instalments": [due | {"repaired_at": when}], "repayments": [paid]}
    found = value("repayment_max_days_past_due_180d", **rows)
    assert np.isnan(found) if days is None else found == days
    statement = at(Q - 9 * DAY, account_id=1, months_past_due=2.0, repaired_at=when)
    found = value("repayment_bureau_max_months_past_due_180d", bureau=[statement])
    assert np.isnan(found) if days is None else found == 2.0


# -- first in, first out


def order(days: int, side: str, amount: int, product: int = 1) -> Row:
    shared = {"product_id": product, "risk_level": product, "side": side, "amount_fen": amount}
    return at(Q - days * DAY, order_id=days * 10 + product, **shared)


def ages(*orders: Row) -> tuple[float, float]:
    tables = {"wealth_orders": list(orders)}
    return value("wealth_holding_age_days", **tables), value("wealth_oldest_holding_days", **tables)


def test_sales_take_the_oldest_purchases_first() -> None:
    two = order(100, "subscribe", 100), order(50, "subscribe", 50)
    assert ages(*two) == (pytest.approx((100 * 100 + 50 * 50) / 150), 100)
    assert ages(*two, order(10, "redeem", 60)) == (pytest.approx((40 * 100 + 50 * 50) / 90), 100)
    assert ages(*two, order(10, "redeem", 120)) == (50, 50)
    assert ages(*two, order(10, "redeem", 60, product=2)) == ages(*two)


def test_a_sale_of_more_than_there_is_takes_nothing_of_what_is_bought_later() -> None:
    early = order(100, "subscribe", 100), order(80, "redeem", 900)
    assert np.isnan(ages(*early)).all()
    assert ages(*early, order(50, "subscribe", 30)) == (50, 50)
    assert ages(order(90, "redeem", 70), *early, order(50, "subscribe", 30)) == (50, 50)
    assert ages(*early, order(50, "subscribe", 30), order(20, "redeem", 10)) == (50, 50)


def test_only_low_risk_purchases_count_as_stable() -> None:
    rows = [order(100, "subscribe", 100, product=3), order(40, "subscribe", 10, product=2)]
    assert value("wealth_stable_holding_age_days", wealth_orders=rows) == 40
    assert value("wealth_oldest_holding_days", wealth_orders=rows) == 100
