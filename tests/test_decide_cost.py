"""True cost: internal rates against a reference solver, components, disclosure, the cap."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loan_policy import DAY, figures
from scipy.optimize import brentq

from credit import policy
from credit.decide.cost import (
    BurdenTerms,
    Cap,
    CostTerms,
    Fee,
    Offer,
    admit,
    cost_breakdown,
    debt_service_ratio,
    disclosure,
    highest_rate,
    periodic_irr,
    refuse_above_cap,
    xirr,
)
from credit.decide.repay import FeePlanTerms, Loan, schedule
from credit.errors import DataError, PolicyError

LAW = {
    "comply__apr_cap": {"licensed": 0.24, "helped": 0.24},
    "product__lender_type": "licensed",
}
TERMS = CostTerms.of(figures())
CAP = Cap(rate=Fraction(24, 100), lender="licensed", source="a test")


# Internal rates


def reference(flows):
    """Return the root of the present value by SciPy, in the rate itself."""
    first = min(day for day, _ in flows)
    times = np.array([(day - first).days / 365 for day, _ in flows])
    amounts = np.array([amount for _, amount in flows], dtype=float)
    return brentq(lambda rate: float(amounts @ (1 + rate) ** -times), -0.9999, 1e4, xtol=1e-13)


def random_flows(generator):
    """Return a loan paid back on random days in random amounts, for 0.5 to 3 times its amount."""
    count = int(generator.integers(1, 37))
    days = np.cumsum(generator.integers(1, 60, size=count))
    parts = generator.dirichlet(np.ones(count)) * generator.uniform(0.5, 3.0)
    principal = int(generator.integers(50_000, 30_000_000))
    start = date(2024, 1, 1) + timedelta(days=int(generator.integers(0, 1000)))
    paid = [
        (start + timedelta(days=int(day)), -max(1, round(principal * part)))
        for day, part in zip(days, parts, strict=True)
    ]
    return [(start, principal), *paid]


def test_p13_xirr_is_that_of_a_reference_solver():
    """P13: 1,000 random schedules agree with brentq to 1e-8; the benchmark has 10,000."""
    generator = np.random.default_rng(20_261_126)
    checked = 0
    while checked < 1_000:
        flows = random_flows(generator)
        found = xirr(flows)
        if found > 9_000 or found < -0.999:
            continue  # outside the bracket of the reference
        assert math.isclose(found, reference(flows), rel_tol=1e-8, abs_tol=1e-8)
        checked += 1


@settings(max_examples=60, deadline=None)
@given(st.floats(-0.5, 3.0), st.lists(st.integers(1, 90), min_size=1, max_size=24))
def test_p13_a_rate_that_made_the_flows_is_found(rate, gaps):
    """P13: equal payments discounted at a rate give a principal whose xirr is that rate."""
    start, days = date(2026, 1, 1), np.cumsum(gaps)
    worth = sum(100 * (1 + rate) ** (-int(day) / 365) for day in days)
    flows = [(start, worth), *((start + timedelta(days=int(day)), -100) for day in days)]
    assert xirr(flows) == pytest.approx(rate, abs=1e-9)
    assert xirr([(day, -amount) for day, amount in reversed(flows)]) == pytest.approx(
        rate, abs=1e-9
    )


def test_flows_without_one_rate_are_refused():
    first, later, last = date(2026, 1, 1), date(2026, 6, 1), date(2027, 1, 1)
    with pytest.raises(DataError, match="there are none"):
        xirr([])
    with pytest.raises(DataError, match="what is never paid back has no rate"):
        xirr([(first, 100), (later, 5)])
    with pytest.raises(DataError, match="what is never paid back has no rate"):
        xirr([(first, 100), (first, -50)])
    with pytest.raises(DataError, match="flows change sign 2 times, and so do their running sums"):
        xirr([(first, 100), (later, -230), (last, 132)])
    with pytest.raises(DataError, match="flows change sign 2 times"):  # 0 and 30 % both fit
        xirr([(first, 100), (date(2027, 1, 1), -230), (date(2028, 1, 1), 130)])
    with pytest.raises(DataError, match="flows must be finite"):
        xirr([(first, 100), (later, math.inf)])
    with pytest.raises(DataError, match="the rate is beyond"):
        periodic_irr([1, -1e308])
    # A second payout in between: the running sum changes sign once, the rate is unique.
    assert xirr([(first, 100), (later, -20), (later + timedelta(days=1), 50), (last, -160)]) > 0


def test_a_free_loan_costs_nothing():
    assert abs(xirr([(date(2026, 1, 1), 100), (date(2026, 2, 1), -100)])) < 1e-12


# Components


def plan_cost(months, reading="total"):
    terms = FeePlanTerms.of(figures(pricing__instalments_reading=reading))
    (plan,) = [one for one in terms.plans if one.months == months]
    offer = Offer(
        name=f"plan of {months}", schedule=terms.schedule(10**9, DAY, plan), daily_rate=Fraction(0)
    )
    return cost_breakdown(offer, TERMS)


@pytest.mark.parametrize(
    ("months", "irr_12", "effective"), [(3, 8.98, 9.36), (6, 10.21, 10.71), (12, 10.90, 11.46)]
)
def test_p06_read_as_totals_the_plans_pass(months, irr_12, effective):
    """P06: 1.5, 3, 6 % in total are 8.98, 10.21, 10.90 % a year (9.36, 10.71, 11.46 effective)."""
    cost = plan_cost(months)
    assert round(100 * cost.irr_12, 2) == irr_12
    assert round(100 * ((1 + cost.irr_12 / 12) ** 12 - 1), 2) == effective
    assert cost.xirr == pytest.approx(effective / 100, abs=6e-4)  # months of actual days
    refuse_above_cap(cost, CAP)
    assert 0.03 < cost.gap < 0.06  # P14: the article's 3 to 5 points, computed


@pytest.mark.parametrize(("months", "irr_12"), [(3, 26.8), (6, 59.3), (12, 114.2)])
def test_p06_read_per_period_the_plans_are_refused(months, irr_12):
    """P06/G01: per period they cost 26.8, 59.3 and 114 % a year, and the gate names what of."""
    cost = plan_cost(months, "per_period")
    assert round(100 * cost.irr_12, 1) == irr_12
    with pytest.raises(PolicyError, match=r"above the cap of 24\.00% .*plan_fee .* to the lender"):
        refuse_above_cap(cost, CAP)
    with pytest.raises(PolicyError, match=r"an instalment plan of 3 months \(fee read as per_per"):
        admit(figures(pricing__instalments_reading="per_period", **LAW))


def loan_cost(*fees, rate=Fraction(5, 10_000), months=12, principal=1_000_000):
    loan = Loan(
        principal_fen=principal, drawn_on=DAY, months=months, daily_rate=rate, year_days=360
    )
    return cost_breakdown(
        Offer(name="loan", schedule=schedule(loan), daily_rate=rate, fees=fees), TERMS
    )


def test_p11_a_service_of_0_8_percent_a_month_is_17_3_percent_a_year():
    """P11: 0.8 % of the original principal a month over 12 months is 17.3 % (IRR x 12) alone."""
    service = Fee(code="channel", share=Fraction(8, 1000), way="monthly")
    bare = Loan(principal_fen=10**9, drawn_on=DAY, months=12, daily_rate=Fraction(0))
    made = schedule(bare, "equal_principal")
    alone = cost_breakdown(
        Offer(name="service", schedule=made, daily_rate=Fraction(0), fees=(service,)), TERMS
    )
    assert round(100 * alone.irr_12, 1) == 17.3
    assert loan_cost(service).gap > 0.05  # P14: more than "3 to 5 points above nominal"


def test_p13_components_say_who_is_paid_what():
    """P13, G03: interest, service and guarantee, by payee; they sum to everything paid."""
    fees = (
        Fee(code="service", share=Fraction(2, 100), way="at_start"),
        Fee(code="guarantee", share=Fraction(1, 1000), way="monthly"),
        Fee(code="insurance", share=Fraction(1, 100), way="at_end"),
    )
    cost = loan_cost(*fees)
    assert cost.received_fen == 980_000
    assert cost.by_payee() == {
        "lender": cost.items[0].fen, "platform": 20_000, "guarantor": 12_000, "insurer": 10_000,
    }  # fmt: skip
    assert cost.cost_fen == sum(cost.by_payee().values())
    assert cost.nominal == pytest.approx(0.18)
    assert cost.xirr > loan_cost().xirr > cost.nominal
    assert json.loads(json.dumps(cost.plain()))["cost_fen"] == cost.cost_fen
    with pytest.raises(DataError, match="fees at the start leave 0 fen to be paid out"):
        loan_cost(Fee(code="service", share=Fraction(1), way="at_start"))


def test_p13_the_loan_at_18_percent_is_18_percent():
    """P13: months of 30 days of 360 make IRR x 12 the nominal rate."""
    cost = loan_cost(principal=10**9)
    assert cost.irr_12 == pytest.approx(0.18, abs=1e-7)
    bullet = schedule(
        Loan(principal_fen=10**9, drawn_on=DAY, months=12, daily_rate=Fraction(5, 10_000),
             year_days=360),
        "bullet",
    )  # fmt: skip
    once = cost_breakdown(Offer(name="b", schedule=bullet, daily_rate=Fraction(5, 10_000)), TERMS)
    assert once.xirr == pytest.approx(0.18, abs=1e-7)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_p13_the_table_of_disclosure_has_every_part_of_the_rule(language):
    """P13: principal, each item with way, standard and payee, yearly cost, contingent cost, end."""
    rows = disclosure(
        loan_cost(Fee(code="service", share=Fraction(2, 100), way="at_start")), language
    )
    assert list(dict.fromkeys(row.part for row in rows)) == [
        "principal", "item", "normal_cost", "contingent", "statement",
    ]  # fmt: skip
    items = [row for row in rows if row.part == "item"]
    assert all(row.amount and row.way and row.standard and row.payee for row in items)
    texts = {row.standard for row in rows}
    assert any("0.05 %" in text for text in texts)
    assert "72.82%" in texts  # article B's penalty, contingent
    assert rows[-1].name in {
        "No other fee is charged beyond those listed here.", "除上述费用外，不收取其他任何费用。",
    }  # fmt: skip
    assert rows[0].plain()["amount"] == "10,000.00"


# The gate


def test_g01_a_product_of_36_percent_is_refused():
    """G01: 0.1 % a day, a mini-program's upper end, is refused when the terms are read."""
    with pytest.raises(
        PolicyError, match=r"over 3 months: all-in cost 4\d.* Up to 0\.000594 a day"
    ):
        admit(figures(product__daily_rate={"min": 0.0004, "max": 0.001}, **LAW))


def test_g01_the_cap_is_dated_and_by_lender():
    """G01: without a law nothing is refused; a type of lender without a cap is."""
    assert admit(figures(product__daily_rate={"min": 0.0004, "max": 0.001})).cap is None
    with pytest.raises(PolicyError, match="no cap for lenders of type 'private'"):
        admit(figures(**LAW | {"product__lender_type": "private"}))


def test_g01_fees_do_not_get_around_the_cap():
    """G01: a service fee moved beside an interest within the cap counts."""
    fee = [{"code": "service", "share": 0.05, "way": "at_start"}]
    with pytest.raises(
        PolicyError, match=r"service 0\.05 per principal at_start = 500\.00 yuan to"
    ):
        admit(figures(pricing__fees=fee, **LAW))
    dear = [{"code": "service", "share": 0.2, "way": "at_start"}]
    with pytest.raises(PolicyError, match="Its fees alone are above the cap: lower them"):
        admit(figures(pricing__fees=dear, **LAW))
    with pytest.raises(PolicyError, match=r"pricing\.fees\[1\]\.way: 'yearly' is not one of"):
        admit(figures(pricing__fees=[{"code": "service", "share": 0.05, "way": "yearly"}], **LAW))


def test_g01_the_shipped_product_passes_without_the_dear_way_of_paying():
    """G01, P11: 18 % passes; the instalment account's 0.8 % a month would lift it above 24 %."""
    admission = admit(figures(**LAW))
    assert len(admission.costs) == 6
    assert list(admission.withheld) == ["instalment_account"]
    assert "above the cap" in admission.withheld["instalment_account"]


@pytest.mark.parametrize(
    ("product", "refused"),
    [("weilidai", False), ("we2000", False), ("third_party", True), ("mini_program", True)],
)
def test_p02_the_published_products_under_the_law(product, refused):
    """P02, P03, G01: 18 % a year passes; 0.1 % a day and 36 % a year are refused, as published."""
    name = "weilidai+cn-2026" if product == "weilidai" else f"weilidai+{product}+cn-2026"
    law = policy.load(name).at(DAY)
    if refused:
        with pytest.raises(PolicyError, match=r"above the cap of 24\.00% for helped lenders"):
            admit(law)
    else:
        admission = admit(law)
        assert admission.cap.rate == Fraction(24, 100)
        assert "instalment_account" in admission.withheld


def test_p04_the_law_of_the_day_holds_the_penalty():
    """P04: with the law of China over it, being late costs 1.5 times the contract's rate."""
    cost = admit(policy.load("weilidai+cn-2026").at(DAY)).costs[0]
    assert cost.late.daily == Fraction(75, 100_000)
    assert cost.late.annual == pytest.approx(0.075 / 100 * 365)


def test_the_highest_rate_within_the_cap_is_found():
    """One step more is above the cap; where fees alone are above it, there is no such rate."""
    loan = Loan(principal_fen=10**8, drawn_on=DAY, months=12, daily_rate=Fraction(0))
    step = Fraction(1, 10**6)
    rate = highest_rate(loan, CAP, TERMS, step)

    def annual(daily):
        made = schedule(replace(loan, daily_rate=daily))
        return cost_breakdown(Offer(name="x", schedule=made, daily_rate=daily), TERMS).annual

    assert annual(rate) <= 0.24 < annual(rate + step)
    dear = CostTerms.of(
        figures(pricing__fees=[{"code": "service", "share": 0.2, "way": "at_start"}])
    )
    assert highest_rate(loan, CAP, dear, step) is None


def test_the_law_says_what_is_shown_and_how_long_a_loan_may_be():
    with pytest.raises(PolicyError, match=r"comply\.disclosure: 'colour' is not one of"):
        admit(figures(comply__disclosure=["colour"]))
    short = {"max_yuan": 200_000, "max_months": 6, "bullet_months": 6}
    with pytest.raises(PolicyError, match=r"a loan over 12 months: comply\.internet_loan allows 6"):
        admit(figures(comply__internet_loan=short, **LAW))


def test_what_is_measured_is_a_figure():
    """24 % as IRR x 12 passes as such and is 26.8 % as xirr, which is the shipped measure."""
    rate, flat = Fraction(24, 36_000), {"comply__apr_measure": "irr_12"}
    loan = Loan(principal_fen=10**9, drawn_on=DAY, months=12, daily_rate=rate, year_days=360)
    offer = Offer(name="24 %", schedule=schedule(loan), daily_rate=rate)
    refuse_above_cap(cost_breakdown(offer, CostTerms.of(figures(**flat))), CAP)
    with pytest.raises(PolicyError, match=r"all-in cost 26\.\d\d% a year \(xirr\)"):
        refuse_above_cap(cost_breakdown(offer, TERMS), CAP)


# Over-indebtedness


def test_g14_the_share_of_income_that_debt_takes():
    """G14: 50 % is no warning, a fen more is; above 70 % is too much; no income is too much."""
    terms = BurdenTerms.of(figures())
    assert debt_service_ratio([100_000, 150_000], 500_000) == Fraction(1, 2)
    passed = {
        due: [check.passed for check in terms.checks([due], 500_000)]
        for due in (250_000, 250_001, 350_000, 350_001)
    }
    assert passed == {
        250_000: [True, True], 250_001: [True, False], 350_000: [True, False],
        350_001: [False, False],
    }  # fmt: skip
    assert debt_service_ratio([], 0) == 0
    assert [check.passed for check in terms.checks([1], 0)] == [False, False]
    with pytest.raises(DataError, match="must be 0 or more"):
        debt_service_ratio([-1], 5)
    with pytest.raises(PolicyError, match=r"warn 0\.8 must not be above most 0\.7"):
        BurdenTerms.of(figures(repay__debt_service={"warn": 0.8, "most": 0.7}))
