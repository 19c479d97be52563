"""Schedules, allocation, minimum payment, early settlement, channels: exact to the fen."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date
from fractions import Fraction
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loan_policy import figures

from credit.decide.money import YUAN
from credit.decide.repay import (
    ChannelTerms,
    EarlyTerms,
    FeePlanTerms,
    Instalment,
    Loan,
    MinimumTerms,
    Owed,
    Schedule,
    WaterfallTerms,
    Workdays,
    allocate,
    schedule,
)
from credit.decide.repay.schedule import KINDS
from credit.errors import DataError, PolicyError

days = st.dates(date(2020, 1, 1), date(2030, 12, 31))
READINGS = [
    FeePlanTerms.of(figures(pricing__instalments_reading=reading))
    for reading in ("total", "per_period")
]
loans = st.builds(
    Loan,
    principal_fen=st.integers(1, 30_000_000),
    drawn_on=days,
    months=st.integers(1, 60),
    daily_rate=st.integers(0, 100).map(lambda rate: Fraction(rate, 100_000)),
    year_days=st.sampled_from([None, 360, 365]),
)


@settings(max_examples=60, deadline=None)
@given(loans, st.sampled_from(KINDS))
def test_principal_is_conserved_to_the_fen_in_every_schedule(loan, kind):
    made = schedule(loan, kind)
    assert sum(line.principal_fen for line in made.instalments) == loan.principal_fen
    assert [line.due for line in made.instalments][-1] == loan.due_days()[-1]
    balance, rates = loan.principal_fen, loan.period_rates()
    if kind == "bullet":
        rates = [sum(rates)]
    for line, rate in zip(made.instalments, rates, strict=True):
        assert abs(line.interest_fen - balance * rate) <= Fraction(1, 2)
        balance -= line.principal_fen
    assert balance == 0


@settings(max_examples=40, deadline=None)
@given(loans)
def test_equal_instalments_differ_in_the_last_only(loan):
    loan = replace(loan, principal_fen=loan.principal_fen + 10_000 * loan.months)
    *made, last = schedule(loan).instalments
    assert len({line.total_fen for line in made}) <= 1
    if made:  # what rounding leaves in each period can at most grow to the end
        growth = prod(1 + rate for rate in loan.period_rates())
        assert abs(last.total_fen - made[0].total_fen) <= (len(made) + 1) * growth


def test_a_schedule_known_by_hand():
    """12 x 30 days of 360 at 0.05 % a day are 1.5 % a month: the annuity of every textbook."""
    loan = Loan(
        principal_fen=1_000_000, drawn_on=date(2026, 1, 31), months=12,
        daily_rate=Fraction(5, 10_000), year_days=360,
    )  # fmt: skip
    made = schedule(loan).instalments
    assert (made[0].total_fen, made[0].interest_fen) == (91_680, 15_000)
    assert [line.due.day for line in made] == [28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31]
    last = schedule(loan, "interest_only").instalments
    assert [line.total_fen for line in last] == [15_000] * 11 + [1_015_000]
    assert schedule(loan, "bullet").instalments[0].total_fen == 1_180_000
    equal = schedule(loan, "equal_principal").instalments
    assert {line.principal_fen for line in equal[:-1]} == {83_333}
    assert equal[-1].principal_fen == 83_337


def test_actual_days_are_counted():
    loan = Loan(
        principal_fen=1_000_000, drawn_on=date(2024, 2, 1), months=2, daily_rate=Fraction(1, 1000)
    )
    first, second = schedule(loan, "interest_only").instalments
    assert (first.interest_fen, second.interest_fen) == (29_000, 31_000)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 30_000_000), days, st.sampled_from([0, 1, 2]))
def test_p06_a_plans_fee_is_charged_once_or_per_period(principal, day, place):
    """P06: in total the parts sum to the fee; per period each instalment bears all of it."""
    total, each = READINGS
    plan = total.plans[place]
    once = total.schedule(principal, day, plan).fee_fen
    assert abs(once - principal * plan.fee) <= Fraction(1, 2)
    assert each.schedule(principal, day, plan).fee_fen == once * plan.months


def test_p06_a_score_opens_plans_by_tier():
    """P06: 700 opens 3 and 6 periods, 750 the 12; 699 none."""
    terms = FeePlanTerms.of(figures())
    offered = {score: [plan.months for plan in terms.offered(score)] for score in (699, 700, 750)}
    assert offered == {699: [], 700: [3, 6], 750: [3, 6, 12]}
    assert [(plan.months, float(plan.fee)) for plan in terms.plans] == [
        (3, 0.015), (6, 0.03), (12, 0.06),
    ]  # fmt: skip


def test_a_schedule_that_is_none_is_refused():
    line = Instalment(number=1, due=date(2026, 2, 1), principal_fen=9)
    with pytest.raises(DataError, match="principal sums to 9 fen, not to the 10 fen paid out"):
        Schedule(principal_fen=10, drawn_on=date(2026, 1, 1), instalments=(line,))
    with pytest.raises(DataError, match="due days must rise from the day of payout"):
        Schedule(principal_fen=9, drawn_on=date(2026, 2, 1), instalments=(line,))
    with pytest.raises(DataError, match=r"kind must be one of .* got 'annuity'"):
        schedule(
            Loan(principal_fen=1, drawn_on=date(2026, 1, 1), months=1, daily_rate=Fraction(0)),
            "annuity",
        )


# Allocation

owed = st.lists(
    st.tuples(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500)), max_size=6
).map(
    lambda rows: [
        Owed(number=place, fee_fen=fee, interest_fen=interest, principal_fen=principal)
        for place, (fee, interest, principal) in enumerate(rows, start=1)
    ]
)
orders = st.permutations(["fee", "interest", "principal"])


@settings(max_examples=80)
@given(st.integers(0, 6_000), owed, orders)
def test_p08_money_is_conserved_and_no_lower_bucket_is_paid_first(amount, lines, order):
    """P08: money in = allocated + unallocated; a bucket is paid once those before owe nothing."""
    made = allocate(amount, lines, order)
    assert sum(part.fen for part in made.parts) + made.unallocated_fen == amount
    paid = {(part.number, part.bucket): part.fen for part in made.parts}
    left = {
        bucket: [line.bucket(bucket) - paid.get((line.number, bucket), 0) for line in lines]
        for bucket in order
    }
    assert all(rest >= 0 for rests in left.values() for rest in rests)
    for higher, lower in itertools.combinations(order, 2):
        if any(part.bucket == lower for part in made.parts):
            assert sum(left[higher]) == 0
    for bucket in order:  # within a bucket, the oldest first
        for older, newer in itertools.combinations(lines, 2):
            if paid.get((newer.number, bucket)):
                assert left[bucket][older.number - 1] == 0
    if made.unallocated_fen:
        assert sum(map(sum, left.values())) == 0


def test_p08_fees_then_interest_then_principal_and_principal_first_for_a_bad_loan():
    """P08: the shipped order; an overlay's order begins one day beyond its days past due."""
    terms = WaterfallTerms.of(figures())
    assert terms.at(0) == terms.at(365) == ("fee", "interest", "principal")
    npl = WaterfallTerms.of(
        figures(repay__waterfall_npl={"order": ["principal", "interest", "fee"], "above_days": 90})
    )
    assert npl.at(90) == ("fee", "interest", "principal")
    assert npl.at(91) == ("principal", "interest", "fee")
    with pytest.raises(PolicyError, match=r"repay\.waterfall: \['fee', 'fee'\] must name each"):
        WaterfallTerms.of(figures(repay__waterfall=["fee", "fee"]))


# Minimum payment, early settlement, channels


def bill(fee=0, interest=0, principal=0):
    return Owed(number=1, fee_fen=fee, interest_fen=interest, principal_fen=principal)


def test_p07_the_minimum_is_a_tenth_and_all_interest():
    """P07: of 1,000.00 with 50.00 of interest 100.00; interest of 150.00 is due in full."""
    terms = MinimumTerms.of(figures())
    assert terms.due_fen(bill(interest=5_000, principal=95_000)) == 10_000
    assert terms.due_fen(bill(fee=1_000, interest=14_000, principal=85_000)) == 15_000
    ratio_only = MinimumTerms.of(
        figures(repay__minimum={"ratio": 0.1, "carry_mult": 1.5, "interest_full": False})
    )
    assert ratio_only.due_fen(bill(fee=1_000, interest=14_000, principal=85_000)) == 10_000
    assert terms.due_fen(bill()) == 0


def test_p07_the_rest_bears_half_as_much_again():
    """P07: 900.00 for 30 days at 1.5 x 0.05 % a day is 20.25."""
    assert MinimumTerms.of(figures()).carry_fen(90_000, Fraction(5, 10_000), 30) == 2_025


@pytest.mark.parametrize(
    ("yuan", "fee"), [(600, 500), (1_000, 500), (1_000.02, 500), (10_000, 5_000)]
)
def test_p05_half_a_percent_and_at_least_five_yuan(yuan, fee):
    """P05: 600 and 1,000 cost 5.00, 10,000 costs 50.00; from the balance nothing."""
    terms = EarlyTerms.of(figures())
    assert terms.fee_fen(int(yuan * YUAN), "card") == fee
    assert terms.fee_fen(int(yuan * YUAN), "balance") == 0
    both = EarlyTerms.of(
        figures(
            pricing__early_settlement={
                "balance": 0.005, "card": 0.005, "instalment_account": 0.005, "min_fee": 5,
            }
        )
    )  # fmt: skip
    assert both.fee_fen(int(yuan * YUAN), "balance") == fee


def test_p05_interest_runs_to_the_day_or_is_locked():
    """P05: settled after ten days, ten days of interest; locked, all of it."""
    terms, rate = EarlyTerms.of(figures()), Fraction(5, 10_000)
    loan = Loan(principal_fen=1_000_000, drawn_on=date(2026, 1, 31), months=12, daily_rate=rate)
    coming = list(schedule(loan).instalments)
    ten = terms.settlement(coming, loan.drawn_on, date(2026, 2, 10), rate, "card")
    assert (ten.principal_fen, ten.interest_fen, ten.fee_fen) == (1_000_000, 5_000, 5_000)
    assert ten.interest_fen + ten.waived_fen == sum(line.interest_fen for line in coming)
    locked = terms.settlement(coming, loan.drawn_on, date(2026, 2, 10), rate, "instalment_account")
    assert (locked.interest_fen, locked.fee_fen, locked.waived_fen) == (
        sum(line.interest_fen for line in coming), 0, 0,
    )  # fmt: skip
    with pytest.raises(DataError, match=r"channel 'cards' is not one of .*Did you mean 'card'"):
        terms.fee(channel="cards")


def test_p11_channels_arrive_and_cost_what_the_policy_says():
    """P11: balance at once and free, card 1 to 3 workdays and 0.1 %, instalment account T+1."""
    terms = ChannelTerms.of(figures())
    friday = date(2026, 9, 25)
    calendar = Workdays(
        holidays=[date(2026, 10, day) for day in range(1, 8)], worked=[date(2026, 9, 27)]
    )
    assert terms.arrives("balance", friday, calendar) == (friday, friday)
    assert terms.arrives("card", friday, calendar) == (date(2026, 9, 27), date(2026, 9, 29))
    assert terms.arrives("card", date(2026, 9, 30), calendar) == (
        date(2026, 10, 8), date(2026, 10, 12),
    )  # fmt: skip
    assert terms.arrives("instalment_account", friday, Workdays())[0] == date(2026, 9, 28)
    assert [terms.fee_fen(name, 100_000) for name in terms.channels] == [0, 100, 0]
    with pytest.raises(DataError, match="channel 'cash' is not one of"):
        terms.fee_fen("cash", 1)
