"""Fraud rules: boundaries, combinations, and the same state from the same log."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit import policy as policies
from credit.decide import clock
from credit.decide.fraud import (
    OWN,
    START,
    WORDS,
    Event,
    FraudTerms,
    Signal,
    code,
    combine,
    guide,
    sentence,
    signals,
    step,
    watch,
)
from credit.errors import DataError, PolicyError

DAY = date(2026, 3, 2)
POLICY = policies.load("weilidai")
TERMS = FraudTerms.of(POLICY.at(DAY))
MINUTE = 60_000_000
HOUR = 60 * MINUTE
NOON = clock.at(DAY, TERMS.zone, hour=12)
NIGHT = clock.at(DAY, TERMS.zone, hour=23, minute=30)
FAR = {"fraud_login_distance_max_1h": 800.0}


def codes(found):
    return [one.code for one in found]


def pay(at=NOON, yuan=100.0, **more):
    return Event(at=at, kind="payment", amount_fen=round(100 * yuan), **more)


def by(key: str, value: object) -> FraudTerms:
    """Return the terms with another value of one leaf."""
    leaves = tuple(replace(one, value=value) if one.key == key else one for one in POLICY.leaves)
    return FraudTerms.of(replace(POLICY, leaves=leaves).at(DAY))


# -- single payments


@pytest.mark.parametrize(("fen", "review"), [(500_000, False), (500_001, True)])
def test_c03_a_single_payment_above_5000_yuan_is_reviewed(fen, review):
    _, verdict = step(START, Event(at=NOON, kind="payment", amount_fen=fen), {}, TERMS)
    assert (verdict.action == "review") == review
    assert ("F_LARGE_PAYMENT" in codes(verdict.signals)) == review
    assert verdict.passes


@pytest.mark.parametrize(
    ("hour", "minute", "night"),
    [(22, 59, False), (23, 0, True), (0, 0, True), (5, 59, True), (6, 0, False)],
)
def test_c04_a_night_is_of_the_local_clock(hour, minute, night):
    event = Event(
        at=clock.at(DAY, TERMS.zone, hour=hour, minute=minute), kind="transfer", amount_fen=500_001
    )
    assert ("F_NIGHT_LARGE_TRANSFER" in codes(signals(event, {}, TERMS))) == night
    small = replace(event, amount_fen=500_000)
    assert codes(signals(small, {}, TERMS)) == []


def test_a_night_without_daylight_saving_is_the_same_in_summer_and_winter():
    for day in (date(2026, 1, 5), date(2026, 7, 5)):
        event = Event(at=clock.at(day, TERMS.zone, hour=23), kind="transfer", amount_fen=500_001)
        assert codes(signals(event, {}, TERMS)) == ["F_NIGHT_LARGE_TRANSFER"]
        assert event.at % (24 * HOUR) == 15 * HOUR  # 23:00 in Shanghai is 15:00 UTC all year


@pytest.mark.parametrize(
    ("days", "yuan", "new"),
    [(0, 1000.01, True), (0, 1000, False), (1, 1000.01, False), (None, 9000, False)],
)
def test_a_payee_is_new_within_a_day_and_matters_above_an_amount(days, yuan, new):
    found = signals(replace(pay(yuan=yuan), payee_age_days=days), {}, TERMS)
    assert ("F_NEW_PAYEE" in codes(found)) == new


# -- merchants of class C


@pytest.mark.parametrize(("last", "stopped"), [(200_000, False), (200_001, True)])
def test_f08_merchants_of_class_c_stop_beyond_5000_yuan_a_day(last, stopped):
    first = pay(yuan=3000, merchant_class="C")
    second = replace(first, at=NOON + HOUR, amount_fen=last)
    state, verdicts = watch([(first, {}), (second, {})], TERMS)
    assert verdicts[0].passes
    assert (verdicts[1].action == "hold") == stopped
    assert ("F_MERCHANT_STOP" in codes(verdicts[1].signals)) == stopped
    assert state.spent_fen["C"] == (300_000 if stopped else 500_000)


def test_f08_the_stop_lasts_until_local_midnight_and_no_longer():
    end = clock.at(date(2026, 3, 3), TERMS.zone)
    large = pay(yuan=5000.01, merchant_class="C")
    small = replace(large, amount_fen=100)
    log = [
        (large, {}), (replace(small, at=end - 1), {}), (replace(small, at=end), {}),
        (replace(large, at=end + 1, merchant_class="B"), {}),
    ]  # fmt: skip
    _, verdicts = watch(log, TERMS)
    stops = ["F_MERCHANT_STOP" in codes(one.signals) for one in verdicts]
    assert stops == [True, True, False, False]


def test_f08_what_failed_or_was_stopped_counts_for_nothing():
    log = [
        (pay(yuan=4000, merchant_class="C", failed=True), {}),
        (pay(yuan=4000, merchant_class="C"), {}),
    ]
    state, verdicts = watch(log, TERMS)
    assert verdicts[1].passes and state.spent_fen == {"C": 400_000}


# -- combinations


def remote(at):
    return (Event(at=at, kind="login"), FAR)


def night_transfer(at):
    return (Event(at=at, kind="transfer", amount_fen=600_000), {})


@pytest.mark.parametrize(
    ("gap", "level"), [(0, "S"), (2 * HOUR, "S"), (2 * HOUR + 1, "B"), (5 * HOUR, "B")]
)
def test_f07_a_remote_login_and_a_large_transfer_at_night_within_two_hours_are_of_s_level(
    gap, level
):
    at = clock.at(DAY, TERMS.zone, hour=23) + 5 * HOUR
    _, verdicts = watch([remote(at - gap), night_transfer(at)], TERMS)
    assert (verdicts[0].level, verdicts[0].action) == ("B", "review")
    assert verdicts[1].level == level
    assert verdicts[1].action == ("block" if level == "S" else "review")


def test_f07_alone_each_is_of_a_lower_level():
    for event, indicators in (remote(NIGHT), night_transfer(NIGHT)):
        _, verdict = step(START, event, indicators, TERMS)
        assert (verdict.level, verdict.action) == ("B", "review")


def test_f07_the_order_does_not_matter():
    _, verdicts = watch([night_transfer(NIGHT), remote(NIGHT + HOUR)], TERMS)
    assert [one.level for one in verdicts] == ["B", "S"]


def test_f07_a_combination_needs_all_of_its_signals_and_counts_the_latest_of_each():
    def one(name, at):
        return Signal(code=code(name), level="C", at=at, key="fraud.lines")

    names = TERMS.combos[1].all
    within = TERMS.combos[1].within
    early = [one(name, place) for place, name in enumerate(names)]
    assert combine(early[:2], TERMS) == ()
    assert [(c.level, c.at) for c in combine(early, TERMS)] == [("A", 2)]
    late = [one(names[0], 0), one(names[1], within), one(names[2], within + 1)]
    assert combine(late, TERMS) == ()
    again = [*late, one(names[0], within + 5)]
    assert [c.at for c in combine(again, TERMS)] == [within + 5]


# -- funds


def test_f09_loan_money_in_shares_houses_or_other_loans_is_graded():
    loan = Event(at=NOON, kind="loan", amount_fen=1_000_000)
    log = [
        (loan, {}),
        (pay(at=NOON + HOUR, yuan=1, mcc=5411), {}),
        (pay(at=NOON + HOUR, yuan=2000, mcc=6211), {}),
        (pay(at=NOON + 2 * HOUR, yuan=0.01, mcc=6513), {}),
        (pay(at=NOON + 3 * HOUR, yuan=2999.99, mcc=6012), {}),
        (pay(at=NOON + 4 * HOUR, yuan=0.01, mcc=6012), {}),
    ]
    _, verdicts = watch(log, TERMS)
    assert [one.level for one in verdicts] == [None, None, "C", "B", "B", "A"]
    assert verdicts[-1].action == "hold"
    facts = verdicts[2].signals[0].facts
    assert (facts["category"], facts["spent_fen"], facts["drawn_fen"]) == (
        "stocks",
        200_000,
        1_000_000,
    )


@pytest.mark.parametrize(("after", "flagged"), [(0, True), (1, False)])
def test_f09_thirty_days_after_the_loan_money_is_the_persons_own(after, flagged):
    loan = Event(at=NOON, kind="loan", amount_fen=1_000_000)
    spent = pay(at=NOON + 30 * 24 * HOUR + after, mcc=6211)
    _, verdicts = watch([(loan, {}), (spent, {})], TERMS)
    assert (verdicts[1].level is not None) == flagged
    assert watch([(spent, {})], TERMS)[1][0].level is None


# -- coach


def test_f10_where_a_scam_is_suspected_the_guide_is_shown_and_payments_pause_once():
    scam = pay(at=NIGHT, yuan=4999, payee_age_days=0)
    log = [remote(NIGHT - HOUR), (scam, {})]
    state, verdicts = watch(log, TERMS)
    coach = verdicts[1].coach
    assert coach is not None and not verdicts[1].passes
    assert (coach.points, coach.pause_until - NIGHT) == (4, 30 * MINUTE)
    assert coach.codes == ("F_NEW_PAYEE", "F_REMOTE_LOGIN")
    said = guide(coach, TERMS.zone)
    assert "pause until 00:00" in said.en and "暂停至00:00" in said.zh
    quiet = replace(scam, payee_age_days=None, amount_fen=100)
    _, paused = step(state, replace(quiet, at=coach.pause_until - 1), {}, TERMS)
    assert paused.coach is not None and not paused.passes
    _, free = step(state, replace(scam, at=coach.pause_until), {}, TERMS)
    assert free.coach is None


def test_f10_below_the_points_nothing_pauses():
    _, verdict = step(START, pay(at=NOON, yuan=5000.01, payee_age_days=0), {}, TERMS)
    assert verdict.coach is None and verdict.passes


# -- lines, layers, words


def test_f11_every_rule_stands_in_one_of_five_layers():
    assert len(TERMS.layers) == 5
    placed = [name for names in TERMS.layers.values() for name in names]
    assert sorted(placed) == sorted([*OWN, *(line.signal for line in TERMS.lines)])


@pytest.mark.parametrize("line", TERMS.lines, ids=lambda line: line.signal)
def test_a_line_is_broken_beyond_it_and_not_on_it(line):
    event = Event(at=NOON, kind=line.on[0])
    bound = line.above if line.above is not None else line.below
    step_out = 1e-9 if line.above is not None else -1e-9
    assert signals(event, {line.indicator: bound}, TERMS) == ()
    assert signals(event, {line.indicator: None}, TERMS) == ()
    (found,) = signals(event, {line.indicator: bound + step_out}, TERMS)
    assert (found.code, found.level, found.key) == (code(line.signal), line.level, "fraud.lines")
    other = Event(at=NOON, kind="loan")
    assert signals(other, {line.indicator: bound + step_out}, TERMS) == ()


def test_every_signal_has_its_sentence_in_both_languages():
    names = [*OWN, *(line.signal for line in TERMS.lines)]
    assert set(WORDS) == {*(code(name) for name in names), "F_TOGETHER"}
    loan = Event(at=NIGHT, kind="loan", amount_fen=1_000_000)
    bad = {line.indicator: 1234.5 for line in TERMS.lines}
    log = [(loan, {})] + [
        (Event(at=NIGHT + 1, kind=kind, amount_fen=800_000, mcc=6211, merchant_class="C",
               payee_age_days=0), bad)
        for kind in ("login", "application", "payment", "transfer")
    ]  # fmt: skip
    said = [one for verdict in watch(log, TERMS)[1] for one in verdict.signals]
    assert {one.code for one in said} == set(WORDS)
    for one in said:
        words = sentence(one)
        assert "{" not in words.en + words.zh
    large = next(one for one in said if one.code == "F_LARGE_PAYMENT")
    assert sentence(large).en.startswith("A single payment of 8,000.00 yuan is above 5,000.00 yuan")
    plain = [verdict.plain() for verdict in watch(log, TERMS)[1]]
    assert json.loads(json.dumps(plain)) == plain


# -- the same log, the same state

EVENTS = st.lists(
    st.tuples(
        st.integers(0, 6 * HOUR),
        st.sampled_from(["login", "payment", "transfer", "application", "loan"]),
        st.sampled_from([0, 100, 300_000, 500_001]),
        st.sampled_from([None, 5411, 6211]),
        st.sampled_from([None, "A", "C"]),
        st.sampled_from([None, 0, 9]),
        st.booleans(),
        st.booleans(),
    ),
    max_size=12,
)


def log_of(drawn):
    found = []
    for at, kind, fen, mcc, of_class, age, failed, far in sorted(drawn, key=lambda one: one[0]):
        event = Event(
            at=NIGHT + at, kind=kind, amount_fen=fen, mcc=mcc, merchant_class=of_class,
            payee_age_days=age, failed=failed,
        )  # fmt: skip
        found.append((event, FAR if far else {}))
    return found


@settings(max_examples=60, deadline=None)
@given(EVENTS, st.integers(0, 12))
def test_the_same_log_gives_the_same_state_however_it_is_cut(drawn, cut):
    log = log_of(drawn)
    state, verdicts = watch(log, TERMS)
    middle, first = watch(log[:cut], TERMS)
    end, rest = watch(log[cut:], TERMS, middle)
    assert (end, first + rest) == (state, verdicts)
    for verdict in verdicts:
        assert verdict.level == TERMS.gravest([one.level for one in verdict.signals])
    assert all(spent <= TERMS.daily[name].fen for name, spent in state.spent_fen.items())


def test_a_log_out_of_order_is_refused():
    state, _ = step(START, pay(), {}, TERMS)
    with pytest.raises(DataError, match="a log is read in order of time"):
        step(state, pay(at=NOON - 1), {}, TERMS)


# -- figures

WRONG = [
    ("fraud.levels", {"S": "burn"}, r"fraud\.levels\.S: 'burn' is not one of"),
    ("fraud.review.level", "Z", r"fraud\.review\.level: level: 'Z' is not one of"),
    ("fraud.review.single_txn", -1, "an amount is yuan"),
    ("fraud.merchant", {"C": {"daily": 5000}}, r"fraud\.merchant\.C: 'level' is missing"),
    ("fraud.combos", [{"all": ["remote_logn", "new_payee"], "within": "PT2H", "level": "S"}],
     "Did you mean 'remote_login'"),
    ("fraud.combos", [{"all": ["remote_login"], "within": "PT2H", "level": "S"}], "at least two"),
    ("fraud.combos", [{"all": ["remote_login", "new_payee"], "within": "2h", "level": "S"}],
     "a time is written as"),
    ("fraud.lines", [{"signal": "x", "on": ["login"], "indicator": "y", "level": "S"}],
     "either above or below"),
    ("fraud.lines", [{"signal": "new_payee", "on": ["login"], "indicator": "y", "level": "S",
                      "above": 1}], "made by one rule"),
    ("fraud.lines", [{"signal": "x", "on": ["walk"], "indicator": "y", "level": "S", "above": 1}],
     r"fraud\.lines: on: 'walk' is not one of"),
    ("fraud.layers", [{"name": "one", "signals": ["new_payee"]}], "in exactly one layer"),
    ("fraud.coach", {"points": {"new_payee": 0}, "at": 1, "within": "PT2H", "pause": "PT1M"},
     r"fraud\.coach\.points\.new_payee: 0 must be 1 or more"),
    ("fraud.fund_flow", {"within": "P1D", "categories": {}, "grades": []}, "each above the last"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value", "words"), WRONG)
def test_a_wrong_figure_is_named(key, value, words):
    with pytest.raises(PolicyError, match=words):
        by(key, value)


CHANGED = {
    "calendar.zone": "UTC",
    "fraud.levels": {"S": "block", "A": "hold", "B": "review", "C": "review"},
    "fraud.review.single_txn": 50,
    "fraud.review.level": "S",
    "fraud.night_large_transfer": {"above": 10, "kinds": ["transfer"], "level": "A"},
    "features.night": {"start_hour": 13, "end_hour": 6},
    "fraud.new_payee": {"below_days": 9, "above": 10, "level": "S"},
    "fraud.merchant": {"C": {"daily": 50, "level": "A"}},
    "fraud.fund_flow": {"within": "P1D", "categories": {}, "grades": [{"above": 0, "level": "C"}]},
    "fraud.combos": [],
    "fraud.coach": {"points": {"large_payment": 1}, "at": 1, "within": "PT1H", "pause": "PT1M"},
}


@pytest.mark.parametrize("key", CHANGED)
def test_t03_a_changed_figure_changes_a_verdict(key):
    risk = {line.indicator: 1e9 for line in TERMS.lines}
    noon = [
        (Event(at=NOON - HOUR, kind="loan", amount_fen=1_000_000), {}),
        (Event(at=NOON, kind="login"), risk),
        (pay(yuan=60, merchant_class="C", payee_age_days=5, mcc=6211), {}),
        (pay(at=NOON + 2 * HOUR, yuan=6000, payee_age_days=5), {}),
    ]
    night = [
        (Event(at=NIGHT - HOUR, kind="login"), risk),
        (Event(at=NIGHT, kind="transfer", amount_fen=600_000), {}),
    ]
    terms = by(key, CHANGED[key])
    assert [watch(log, terms)[1] for log in (noon, night)] != [
        watch(log, TERMS)[1] for log in (noon, night)
    ]
