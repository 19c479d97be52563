"""The account of a loan: lateness, debits, settlement and forbearance out of a log of events."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loan_policy import figures, noon

from credit.decide.clock import add_months, at, local
from credit.decide.repay import (
    AccountTerms,
    CardChanged,
    Contract,
    DebitFailed,
    Deferred,
    LateTerms,
    Loan,
    Paid,
    RetryTerms,
    Settled,
    late_cost,
    replay,
    schedule,
)
from credit.decide.repay.events import event, ordered, plain
from credit.errors import DataError, PolicyError

DRAWN = date(2026, 1, 15)
DUE = date(2026, 2, 15)
RATE = Fraction(5, 10_000)
TERMS = AccountTerms.of(figures())
LOAN = Loan(principal_fen=1_200_000, drawn_on=DRAWN, months=6, daily_rate=RATE)
CONTRACT = Contract(schedule=schedule(LOAN), daily_rate=RATE)
FIRST = CONTRACT.schedule.instalments[0].total_fen


def on(day: int, hour: int = 12) -> int:
    """Return an instant so many days after the first due day."""
    return noon(DUE + timedelta(days=day), hour)


def account(*events, days=0, terms=TERMS, contract=CONTRACT):
    return replay(contract, events, terms, until=on(days, 23))


def paid(day, amount, name="p", **more):
    return Paid(id=f"{name}{day}", at=on(day), amount_fen=amount, channel="balance", **more)


def failed(day, hour=9):
    return DebitFailed(id=f"f{day}-{hour}", at=on(day, hour))


def owed_by_entries(state):
    """Return what every bucket owes, summed from the book."""
    sums = {}
    for entry in state.entries:
        if entry.bucket:
            key = (entry.number, entry.bucket)
            sums[key] = sums.get(key, 0) + entry.fen
    return {key: amount for key, amount in sums.items() if amount}


def conserved(state):
    received = sum(entry.fen for entry in state.entries if entry.code == "received")
    allocated = -sum(entry.fen for entry in state.entries if entry.code == "paid")
    assert received == state.received_fen == state.allocated_fen + state.unallocated_fen
    assert allocated == state.allocated_fen
    owed = {
        (one.number, bucket): fen
        for one in state.instalments
        for bucket, fen in one.owed.items()
        if fen
    }
    assert owed == owed_by_entries(state)
    assert min(owed.values(), default=0) >= 0
    assert not (state.unallocated_fen and state.due_fen)


# The days of grace


def test_p10_day_3_is_not_late_and_day_4_is():
    """P10: three natural days of grace; on the fourth the fee of 0.05 % is charged, once."""
    third, fourth = account(days=3), account(days=4)
    assert (third.status, third.days_past_due, third.due_fen) == ("grace", 3, FIRST)
    assert third.records == ()
    assert (fourth.status, fourth.days_past_due) == ("overdue", 4)
    assert [(one.day, one.number, one.reason) for one in fourth.records] == [
        (DUE + timedelta(days=4), 1, "grace")
    ]
    fees = [entry for entry in account(days=40).entries if entry.code == "late_fee"]
    assert [(entry.day, entry.fen) for entry in fees if entry.number == 1] == [
        (DUE + timedelta(days=4), round(FIRST * 0.0005))
    ]


def test_p10_paid_on_the_last_day_of_grace_costs_nothing():
    """P10: at 23:59 of day 3 the instalment alone is owed, a minute later it is late."""
    last = Paid(id="p", at=noon(DUE + timedelta(days=3), 23, 59), amount_fen=FIRST, channel="card")
    state = account(last, days=10)
    assert (state.status, state.worst_days_past_due, state.records) == ("open", 3, ())
    late = account(replace(last, at=at(DUE + timedelta(days=4), "Asia/Shanghai")), days=10)
    assert late.records
    assert late.status == "overdue"  # the fee and the day's charges are still owed


# Automatic debits (P09)


def test_p09_the_next_try_is_at_nine_of_the_next_local_day():
    """P09: a debit that fails at 00:30 or 23:30 local time is tried again at 09:00 next day."""
    terms = RetryTerms.of(figures())
    for hour, minute in ((0, 30), (23, 30)):
        again = local(terms.next_debit(noon(DUE, hour, minute)), "Asia/Shanghai")
        assert (again.date(), again.hour, again.minute) == (DUE + timedelta(days=1), 9, 0)
    state = account(failed(0), days=0)
    assert state.next_debit == on(1, 9)
    with pytest.raises(PolicyError, match=r"repay\.retry\.at: '9 am' is not a time of day"):
        RetryTerms.of(figures(repay__retry={"at": "9 am", "max_failures": 3}))


def test_p09_three_failures_are_recorded_two_and_a_success_are_not():
    """P09: fail x 3 unpaid is on record; fail x 2 and then a debit that succeeds is not."""
    three = account(failed(0), failed(1), failed(2), days=4)
    assert [one.reason for one in three.records] == ["failures"]
    assert three.next_debit is None
    two = account(failed(0), failed(1), paid(2, FIRST, debit=True), days=10)
    assert (two.records, two.failures, two.status) == ((), 0, "open")


def test_p09_and_p10_which_rule_goes_first_is_a_figure():
    """P09/P10: the third failure falls on a day of grace; the policy says which rule decides."""
    log = [failed(1), failed(2), failed(3), paid(3, FIRST)]
    assert account(*log, days=10).records == ()
    strict = AccountTerms.of(figures(repay__precedence="failures"))
    (record,) = account(*log, days=10, terms=strict).records
    assert (record.day, record.reason) == (DUE + timedelta(days=3), "failures")


def test_a_new_card_restarts_the_count_of_failures():
    """P16: after a change of card, failures in a row are counted anew."""
    strict = AccountTerms.of(figures(repay__precedence="failures"))
    changed = CardChanged(id="c", at=on(1, 15))
    log = [failed(0), failed(1), changed, failed(2)]
    assert account(*log, days=3, terms=strict).records == ()
    assert account(log[0], log[1], log[3], days=3, terms=strict).records != ()


def test_a_debit_that_was_not_needed_is_seen_and_not_counted():
    state = account(failed(-3), days=0)
    assert state.failures == 0
    assert [entry.code for entry in state.entries if "debit" in entry.code] == [
        "debit_failed_nothing_due"
    ]


# Being late (P04)


def late(**penalty):
    return LateTerms.of(figures(pricing__penalty=penalty))


def test_p04_article_b_is_54_75_percent_simple_and_72_8_compounded():
    """P04: 0.05 % + 0.1 % a day is 0.15 %: 54.75 % a year simple, 72.8 % compounded."""
    cost = late_cost(late(mode="compound", rate=0.001), RATE)
    assert cost.daily == Fraction(15, 10_000)
    assert cost.simple == Fraction(5475, 10_000)
    assert round(cost.compounded, 3) == 0.728
    assert cost.annual == cost.compounded


def test_p04_the_law_makes_it_0_075_percent_a_day():
    """P04: where comply.penalty is in force, 18 % a year is 0.075 % a day once overdue."""
    law = {"min_times": 1.3, "max_times": 1.5}
    for penalty in ({"mode": "compound", "rate": 0.001}, {"mode": "flat", "share": 0.05}):
        terms = LateTerms.of(figures(pricing__penalty=penalty, comply__penalty=law))
        assert late_cost(terms, RATE).daily == Fraction(75, 100_000)
        assert not late_cost(terms, RATE).bears_interest
    mild = LateTerms.of(figures(pricing__penalty={"mode": "none"}, comply__penalty=law))
    assert late_cost(mild, RATE).daily == RATE
    milder = {"mode": "multiple", "multiple": 1.3}
    assert LateTerms.of(
        figures(pricing__penalty=milder, comply__penalty=law)
    ).penalty.multiple == Fraction(13, 10)


def charged(day, terms):
    """Return late interest, penalty and late fee of the first instalment by a day."""
    one = Loan(principal_fen=10_000_000, drawn_on=DRAWN, months=1, daily_rate=RATE)
    contract = Contract(schedule=schedule(one), daily_rate=RATE)
    state = replay(contract, [], replace(TERMS, late=terms), until=on(day))
    conserved(state)
    return {
        code: sum(entry.fen for entry in state.entries if entry.code == code)
        for code in ("late_interest", "penalty", "late_fee")
    }, contract.schedule.instalments[0].total_fen


def test_p04_compounded_over_a_year_of_charges():
    """P04: 365 charged days of 0.15 % on everything unpaid make it 1.0015 ** 365 times as much."""
    terms = replace(late(mode="compound", rate=0.001), fee=Fraction(0))
    found, total = charged(3 + 365, terms)
    assert sum(found.values()) == pytest.approx(total * (1.0015**365 - 1), abs=1)


def test_p04_the_other_modes():
    """P04: 5 % once; 1 to 5 % in steps; 1.5 times the contract's rate; none."""
    flat, total = charged(200, late(mode="flat", share=0.05))
    assert flat["penalty"] == round(total * 0.05)
    steps = [
        {"from_days": day, "share": share} for day, share in ((1, 0.01), (30, 0.03), (90, 0.05))
    ]
    stepped = late(mode="stepped", steps=steps)
    by_day = [charged(day, stepped)[0]["penalty"] for day in (3, 4, 29, 30, 89, 90, 300)]
    assert by_day == [round(total * share) for share in (0, 0.01, 0.01, 0.03, 0.03, 0.05, 0.05)]
    none, _ = charged(13, late(mode="none"))
    assert (none["penalty"], none["late_interest"]) == (0, 10_000_000 * 5 // 10_000 * 10)
    multiple, _ = charged(13, late(mode="multiple", multiple=1.5))
    assert multiple["penalty"] * 2 == multiple["late_interest"] == none["late_interest"]


@pytest.mark.parametrize(
    ("penalty", "message"),
    [
        ({"mode": "daily"}, r"pricing\.penalty: 'daily' is not one of"),
        ({"mode": "flat", "rate": 0.1}, r"pricing\.penalty: unknown name 'rate'"),
        ({"mode": "multiple", "multiple": 0.5}, r"multiple: 0\.5 must lie between 1 and 10"),
        (
            {"mode": "stepped", "steps": [{"from_days": 2, "share": 0.1}] * 2},
            "days must rise and shares not fall",
        ),
    ],
)
def test_a_penalty_that_is_none_is_refused(penalty, message):
    with pytest.raises(PolicyError, match=message):
        late(**penalty)


# Settling early (P05) and forbearance (P16)


def test_p05_settling_early_closes_the_account():
    """P05: principal, ten days of interest and 0.5 % by card; a fen less is refused."""
    day = -21  # ten days after payout
    need = 1_200_000 + 6_000 + 6_000
    done = Settled(id="s", at=on(day), amount_fen=need, channel="card")
    state = account(done, days=200)
    conserved(state)
    assert (state.status, state.unallocated_fen, state.received_fen) == ("closed", 0, need)
    with pytest.raises(
        DataError, match=r"'s' settles nothing: 1211999 fen .* 1212000 fen are owed"
    ):
        account(replace(done, amount_fen=need - 1), days=200)
    free = account(replace(done, amount_fen=need - 6_000, channel="balance"), days=200)
    assert (free.status, free.unallocated_fen) == ("closed", 0)


def test_p16_a_deferral_moves_due_days_and_keeps_the_flag():
    """P16: moved by a month, added days bear interest; original due days still tell lateness."""
    deferred = Deferred(id="d", at=on(-1), months=1)
    state = account(deferred, days=20)
    conserved(state)
    assert [one.due for one in state.instalments] == [add_months(DRAWN, m) for m in range(2, 8)]
    assert (state.days_past_due, state.original_days_past_due) == (0, 20)
    assert (state.status, state.forborne, state.worst_original_days_past_due) == ("open", True, 20)
    added = [entry.fen for entry in state.entries if entry.code == "deferral_interest"]
    principal = [line.principal_fen for line in CONTRACT.schedule.instalments]
    assert added[0] == round(principal[0] * 0.0005 * 28)
    assert len(added) == 6
    free = AccountTerms.of(
        figures(
            repay__forbearance={
                "max_times": 1, "max_months": 3, "interest": "waived", "probation_months": 12,
                "card_change_restarts": True,
            }
        )
    )  # fmt: skip
    waived = account(deferred, days=20, terms=free)
    assert not [entry for entry in waived.entries if entry.code == "deferral_interest"]


def test_p16_what_is_charged_once_is_not_charged_again_after_a_deferral():
    """P16: overdue, deferred and overdue again: one late fee, 5 % once, no day's interest twice."""
    flat = replace(TERMS, late=late(mode="flat", share=0.05))
    deferred = Deferred(id="d", at=on(20), months=1)
    state = account(deferred, days=28 + 20, terms=flat)
    conserved(state)
    first = [entry for entry in state.entries if entry.number == 1]
    assert len([entry for entry in first if entry.code == "late_fee"]) == 1
    assert len([entry for entry in first if entry.code == "penalty"]) == 1
    principal = CONTRACT.schedule.instalments[0].principal_fen
    interest = sum(
        entry.fen for entry in first if entry.code in {"late_interest", "deferral_interest"}
    )
    # Days 4 to 20, the 8 days until the new due day, days 4 to 20 after it.
    assert interest == pytest.approx(principal * 0.0005 * (17 + 8 + 17), abs=2)


def test_p16_a_deferral_too_many_is_refused():
    once, twice = Deferred(id="d1", at=on(0), months=1), Deferred(id="d2", at=on(5), months=1)
    with pytest.raises(DataError, match=r"deferred 1 time\(s\), and 1 is the most"):
        account(once, twice, days=9)
    with pytest.raises(DataError, match="more than the 3 month"):
        account(replace(once, months=4), days=9)


def test_p16_the_forborne_flag_stops_cure():
    """P16: in default and then paid up, three clean months cure; under forbearance they do not."""
    total = sum(line.total_fen for line in CONTRACT.schedule.instalments) * 2
    assert account(days=89).default_since is None
    sunk = account(days=90)
    assert sunk.default_since == DUE + timedelta(days=90)
    up = paid(95, total)
    assert account(up, days=95 + 80).default_since == sunk.default_since
    assert account(up, days=95 + 93).default_since is None
    eased = Deferred(id="d", at=on(94), months=1)
    under = account(eased, up, days=95 + 93)
    assert (under.default_since, under.forborne) == (sunk.default_since, True)
    after = account(eased, up, days=95 + 370)
    assert (after.default_since, after.forborne) == (None, False)
    assert after.worst_original_days_past_due >= 90


def test_money_paid_ahead_waits_for_its_day():
    state = account(paid(-10, FIRST + 7), days=-1)
    assert (state.unallocated_fen, state.due_fen) == (FIRST + 7, 0)
    state = account(paid(-10, FIRST + 7), days=0)
    assert (state.unallocated_fen, state.status) == (7, "open")


# One log, one state

moments = st.integers(-20 * 24, 200 * 24)
happenings = st.lists(
    st.one_of(
        st.tuples(st.just("paid"), moments, st.integers(1, 400_000), st.booleans()),
        st.tuples(st.just("failed"), moments, st.just(0), st.just(False)),
        st.tuples(st.just("card"), moments, st.just(0), st.just(False)),
    ),
    max_size=12,
)


def log_of(rows, deferral):
    kinds = {"failed": DebitFailed, "card": CardChanged}
    log = []
    for place, (kind, hours, amount, debit) in enumerate(rows):
        moment = noon(DUE, 0) + hours * 3_600_000_000
        if kind == "paid":
            log.append(
                Paid(id=f"e{place}", at=moment, amount_fen=amount, channel="balance", debit=debit)
            )
        else:
            log.append(kinds[kind](id=f"e{place}", at=moment))
    if deferral is not None:
        log.append(Deferred(id="d", at=noon(DUE, 0) + deferral * 3_600_000_000, months=2))
    return log


@settings(max_examples=20, deadline=None)
@given(happenings, st.none() | moments, st.integers(0, 10_000), st.sampled_from([5, 60, 150]))
def test_the_same_log_gives_the_same_state_and_no_fen_is_lost(rows, deferral, seed, days):
    """P08: whatever the order of arrival, duplicates too; money in = allocated + unallocated."""
    log = log_of(rows, deferral)
    state = account(*log, days=days)
    conserved(state)
    shuffled = [*log, *log[:2]]
    random.Random(seed).shuffle(shuffled)
    assert account(*shuffled, days=days) == state
    read = [event(json.loads(json.dumps(plain(one)))) for one in shuffled]
    assert account(*read, days=days) == state
    assert json.loads(json.dumps(state.plain()))["received_fen"] == state.received_fen


@settings(max_examples=15, deadline=None)
@given(happenings, st.integers(0, 200))
def test_no_lower_bucket_is_paid_while_a_higher_one_is_owed(rows, days):
    """P08: as each payment is booked, nothing above the buckets it pays stays owed."""
    state = account(*log_of(rows, None), days=days)
    rank = {"fee": 0, "interest": 1, "principal": 2}
    parts = [entry for entry in state.entries if entry.code == "paid"]
    for first, second in pairwise(parts):
        if first.event == second.event and first.event and first.day == second.day:
            assert rank[first.bucket] <= rank[second.bucket]


def test_ids_and_instants_are_checked():
    one = paid(0, 100)
    with pytest.raises(DataError, match="two events have the id 'p0'"):
        ordered([one, replace(one, amount_fen=101)])
    with pytest.raises(DataError, match="amount_fen must be positive, got 0"):
        ordered([replace(one, amount_fen=0)])
    with pytest.raises(DataError, match="lies before 2026-01-15, when the money was paid out"):
        account(paid(-60, 5), days=3)
    with pytest.raises(DataError, match="until lies on"):
        account(days=-60)
    with pytest.raises(DataError, match=r"kind must be one of .*Did you mean 'paid'"):
        event({"kind": "payd", "id": "x", "at": 0})
    with pytest.raises(DataError, match="event 'x' of kind paid"):
        event({"kind": "paid", "id": "x", "at": 0})


def test_what_happens_later_is_not_known_yet():
    log = [paid(0, FIRST), paid(40, 5)]
    assert account(*log, days=20) == account(log[0], days=20)
