"""The limit account: conserved after any events, within a fifth a day, the same log the same."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from decide_figures import TODAY, ZONE, figures, noon
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.decide.clock import at, local_day
from credit.decide.limit import (
    Account,
    Drawn,
    FraudFrozen,
    FraudLifted,
    LedgerTerms,
    LimitSet,
    Released,
    Repaid,
    Spent,
    TemporaryGranted,
    after,
    as_of,
    event_of,
    plain,
    replay,
    usable,
)
from credit.errors import DataError, PolicyError

TERMS = LedgerTerms.of(figures())
OPEN = replace(TERMS, buffer=Fraction(0))
"""Without a buffer, so that amounts can be read."""

NOW = noon(TODAY)
HOUR = 3_600_000_000
DAY = timedelta(days=1)
YUAN = 100


def opened(yuan: int, terms: LedgerTerms = OPEN, when: int = NOW) -> Account:
    return replay([LimitSet(at=when, shown_fen=yuan * YUAN)], terms)


def balances(account: Account) -> tuple[float, float, float, float]:
    """Return limit, available, used and frozen in yuan."""
    return (
        account.limit_fen / YUAN, account.available_fen / YUAN, account.used_fen / YUAN,
        account.frozen_fen / YUAN,
    )  # fmt: skip


def refused(account: Account, event, words: str, terms: LedgerTerms = OPEN) -> None:
    before = repr(account)
    with pytest.raises(DataError, match=words):
        after(account, event, terms)
    assert repr(account) == before


# --- any sequence of events


amounts = st.integers(1, 1_500_000)
payments = st.sampled_from(["p1", "p2", "p3"])
steps = st.one_of(
    st.builds(lambda a: lambda t, n: Drawn(at=t, amount_fen=min(a, n.available_fen or 1)), amounts),
    st.builds(lambda a: lambda t, n: Drawn(at=t, amount_fen=a), amounts),
    st.builds(lambda a: lambda t, n: Repaid(at=t, amount_fen=min(a, n.used_fen or 1)), amounts),
    st.builds(lambda p, a: lambda t, n: Spent(at=t, payment_id=p, amount_fen=a), payments, amounts),
    st.builds(lambda p: lambda t, n: Released(at=t, payment_id=p), payments),
    st.builds(
        lambda share: lambda t, n: LimitSet(at=t, shown_fen=n.shown_fen * share // 100),
        st.integers(75, 125),
    ),
    st.builds(
        lambda a, d, m: lambda t, n: TemporaryGranted(at=t, amount_fen=a, days=d, full_months=m),
        st.integers(1, 300_000), st.integers(1, 31), st.integers(2, 4),
    ),
    st.just(lambda t, n: FraudFrozen(at=t)),
    st.just(lambda t, n: FraudLifted(at=t)),
)  # fmt: skip
logs = st.lists(st.tuples(steps, st.integers(0, 60)), max_size=30)


def lived(moves, terms=TERMS):
    """Yield each event that was accepted, the account as the event found it, and afterwards."""
    instant, account = NOW, after(Account(), LimitSet(at=NOW, shown_fen=1_000_001), terms)
    for make, hours in moves:
        instant += hours * HOUR
        found = as_of(account, instant, terms)
        event = make(instant, found)
        try:
            account = after(account, event, terms)
        except DataError:
            continue
        yield event, found, account


@settings(max_examples=80)
@given(logs)
def test_l07_available_used_and_frozen_are_the_limit_after_any_events(moves):
    """Nothing is below 0; what is owed is what was drawn less what was repaid."""
    owed, held = 0, {}
    for event, found, account in lived(moves):
        parts = (account.available_fen, account.used_fen, account.frozen_fen)
        assert min(parts) >= 0
        assert sum(parts) == account.limit_fen
        owed += event.amount_fen if isinstance(event, Drawn) else 0
        owed -= event.amount_fen if isinstance(event, Repaid) else 0
        assert account.used_fen == owed
        if isinstance(event, Drawn):
            assert event.amount_fen <= found.available_fen
        if isinstance(event, Spent) and event.amount_fen > TERMS.large_fen:
            held[event.payment_id] = min(
                (event.amount_fen * 8 + 5) // 10, found.available_fen
            )  # 80 % to the fen, half up
        if isinstance(event, Released):
            del held[event.payment_id]
        assert account.held_fen == held
        promised = usable(account.total_fen, TERMS.buffer)
        assert account.limit_fen == max(promised, owed + sum(held.values()))
        assert account.available_fen == 0 or not account.fraud


@settings(max_examples=80)
@given(logs)
def test_l05_no_events_of_a_day_move_the_limit_by_more_than_a_fifth(moves):
    """Against the limit in force when the local day began, whatever was set in between."""
    openings: dict[date, int] = {}
    for event, found, account in lived(moves):
        day = local_day(event.at, ZONE)
        if day == TODAY:
            openings[day] = 1_000_001  # the first limit
        opening = openings.setdefault(day, found.total_fen)
        assert abs(Fraction(account.total_fen, opening) - 1) <= Fraction(1, 5)


@settings(max_examples=60)
@given(logs, st.integers(0, 30))
def test_l07_the_same_log_gives_the_same_account(moves, cut):
    """Replayed from its text, or from where its first part left off."""
    first = LimitSet(at=NOW, shown_fen=1_000_001)
    story = list(lived(moves))
    log = [first, *(event for event, _, _ in story)]
    last = story[-1][2] if story else replay([first], TERMS)
    written = json.loads(json.dumps([plain(event) for event in log]))
    assert [event_of(data) for data in written] == log
    assert replay(log, TERMS) == last
    resumed = replay(log[:cut], TERMS)
    for event in log[cut:]:
        resumed = after(resumed, event, TERMS)
    assert resumed == last
    json.dumps(last.plain())


# --- drawing and repaying


def test_draw_and_repay():
    account = after(opened(10_000), Drawn(at=NOW, amount_fen=400_000), OPEN)
    assert balances(account) == (10_000, 6_000, 4_000, 0)
    account = after(account, Repaid(at=NOW, amount_fen=100_000), OPEN)
    assert balances(account) == (10_000, 7_000, 3_000, 0)
    refused(account, Drawn(at=NOW, amount_fen=700_001), r"7,000.01 cannot .*: 7,000.00 are availab")
    refused(account, Repaid(at=NOW, amount_fen=300_001), r"3,000.01 cannot .*: 3,000.00 are drawn")
    refused(account, Drawn(at=NOW, amount_fen=0), "amount_fen must be above 0, got 0")
    refused(account, Drawn(at=NOW - 1, amount_fen=1), "before the last event of the log")
    refused(account, LimitSet(at=NOW, shown_fen=-1), "shown_fen must be 0 or more")


def test_l09_the_account_lends_what_can_be_used():
    account = opened(10_000, TERMS)
    assert balances(account) == (8_500, 8_500, 0, 0)
    refused(account, Drawn(at=NOW, amount_fen=850_001), "8,500.00 are available", TERMS)


def test_whoever_drew_more_than_a_lowered_limit_repays_down_to_it():
    account = after(opened(10_000), Drawn(at=NOW, amount_fen=950_000), OPEN)
    account = after(account, LimitSet(at=NOW, shown_fen=800_000), OPEN)
    assert balances(account) == (9_500, 0, 9_500, 0)
    account = after(account, Repaid(at=NOW, amount_fen=100_000), OPEN)
    assert balances(account) == (8_500, 0, 8_500, 0)
    account = after(account, Repaid(at=NOW, amount_fen=100_000), OPEN)
    assert balances(account) == (8_000, 500, 7_500, 0)


# --- the daily cap


def test_l05_the_day_is_the_local_one():
    """Until midnight in Shanghai the cap counts from this morning; a microsecond later anew."""
    midnight = at(TODAY + DAY, ZONE)
    assert (midnight // 3_600_000_000) % 24 == 16  # 16:00 UTC
    account = opened(10_000, when=noon(TODAY - DAY))
    account = after(account, LimitSet(at=NOW, shown_fen=1_200_000), OPEN)
    refused(account, LimitSet(at=midnight - 1, shown_fen=1_200_001), "may be 8,000.00 to 12,000.00")
    grown = after(account, LimitSet(at=midnight, shown_fen=1_440_000), OPEN)
    assert grown.shown_fen == 1_440_000
    refused(grown, LimitSet(at=midnight, shown_fen=1_440_001), r"opened with 12,000.00.*later days")
    refused(grown, LimitSet(at=midnight, shown_fen=959_999), "may be 9,600.00 to 14,400.00")


def test_l05_several_changes_of_a_day_count_from_its_opening():
    account = opened(10_000, when=noon(TODAY - DAY))
    for shown in (1_200_000, 800_000, 1_100_000, 800_000):
        account = after(account, LimitSet(at=NOW, shown_fen=shown), OPEN)
    refused(account, LimitSet(at=NOW, shown_fen=799_999), "may be 8,000.00 to 12,000.00")


def test_l05_the_first_limit_is_free_and_bounds_its_day():
    account = after(Account(), LimitSet(at=NOW, shown_fen=0), OPEN)
    account = after(account, LimitSet(at=NOW, shown_fen=1_000_000), OPEN)
    account = after(account, LimitSet(at=NOW, shown_fen=1_200_000), OPEN)
    refused(account, LimitSet(at=NOW, shown_fen=1_200_001), "opened with 10,000.00")


def test_l05_a_freeze_for_fraud_is_exempt():
    """All that is available is gone at once, and the limit shown has not moved."""
    account = after(opened(10_000), Drawn(at=NOW, amount_fen=100_000), OPEN)
    frozen = after(account, FraudFrozen(at=NOW), OPEN)
    assert balances(frozen) == (10_000, 0, 1_000, 9_000)
    assert frozen.shown_fen == account.shown_fen
    refused(frozen, Drawn(at=NOW, amount_fen=1), "frozen on suspicion of fraud")
    refused(frozen, FraudFrozen(at=NOW), "already frozen")
    repaid = after(frozen, Repaid(at=NOW, amount_fen=100_000), OPEN)
    assert balances(repaid) == (10_000, 0, 0, 10_000)
    lifted = after(frozen, FraudLifted(at=NOW), OPEN)
    assert balances(lifted) == balances(account)
    refused(lifted, FraudLifted(at=NOW), "not frozen")


# --- large payments


@pytest.mark.parametrize(
    ("spent", "drawn_yuan", "frozen"),
    [
        (6_000, 0, 4_800),
        (5_000, 0, 0),  # not above
        (5_000.01, 0, 4_000.01),  # 4,000.008 half up
        (20_000, 0, 10_000),  # never more than is available
        (6_000, 8_000, 2_000),
        (6_000, 10_000, 0),
    ],
)
def test_l07_a_large_payment_freezes_four_fifths_and_releases_exactly(spent, drawn_yuan, frozen):
    account = opened(10_000)
    if drawn_yuan:
        account = after(account, Drawn(at=NOW, amount_fen=drawn_yuan * YUAN), OPEN)
    paid = after(account, Spent(at=NOW, payment_id="p", amount_fen=round(spent * YUAN)), OPEN)
    assert paid.frozen_fen == round(frozen * YUAN)
    if spent <= 5_000:
        refused(paid, Released(at=NOW, payment_id="p"), "has set nothing apart")
        return
    refused(paid, Spent(at=NOW, payment_id="p", amount_fen=600_000), "already set something apart")
    assert after(paid, Released(at=NOW, payment_id="p"), OPEN) == account


def test_l07_releases_in_any_order_restore_what_each_took():
    account = opened(10_000)
    both = account
    for name, amount in (("a", 600_000), ("b", 900_000)):
        both = after(both, Spent(at=NOW, payment_id=name, amount_fen=amount), OPEN)
    assert balances(both) == (10_000, 0, 0, 10_000)  # 4,800, then the 5,200 that were left
    one = after(both, Released(at=NOW, payment_id="a"), OPEN)
    assert balances(one) == (10_000, 4_800, 0, 5_200)
    assert after(one, Released(at=NOW, payment_id="b"), OPEN) == account


# --- temporary limits


def asked(days: int = 30, months: int = 3, amount: int = 200_000, when: int = NOW):
    return TemporaryGranted(at=when, amount_fen=amount, days=days, full_months=months)


def test_l08_it_takes_three_months_and_lasts_thirty_days():
    account = opened(10_000, when=noon(TODAY - DAY))
    refused(account, asked(months=2), "takes 3 months in a row repaid in full, and there are 2")
    refused(account, asked(days=31), "lasts 1 to 30 days, not 31")
    refused(account, asked(days=0), "lasts 1 to 30 days, not 0")
    refused(Account(), asked(), "needs a limit that is in force")
    refused(after(account, FraudFrozen(at=NOW), OPEN), asked(), "not frozen")
    refused(account, asked(amount=200_001), "may be 8,000.00 to 12,000.00")
    higher = after(account, asked(), OPEN)
    assert balances(higher) == (12_000, 12_000, 0, 0)
    refused(higher, asked(amount=1), "ends on 2026-07-15; two cannot stand on each other")


def test_l08_it_ends_on_day_31():
    higher = after(opened(10_000, when=noon(TODAY - DAY)), asked(), OPEN)
    day_31 = at(TODAY + 30 * DAY, ZONE)  # the day it was granted is the first
    assert as_of(higher, day_31 - 1, OPEN).limit_fen == 1_200_000
    ended = as_of(higher, day_31, OPEN)
    assert balances(ended) == (10_000, 10_000, 0, 0)
    assert ended.opening_fen == 1_000_000
    assert after(higher, asked(when=day_31), OPEN).total_fen == 1_200_000


def test_l08_what_was_drawn_of_it_is_owed_after_it_ended():
    higher = after(opened(10_000, when=noon(TODAY - DAY)), asked(), OPEN)
    spent = after(higher, Drawn(at=NOW, amount_fen=1_150_000), OPEN)
    ended = as_of(spent, at(TODAY + 30 * DAY, ZONE), OPEN)
    assert balances(ended) == (11_500, 0, 11_500, 0)


# --- terms and text


def test_terms_name_their_leaf():
    for key, value, words in (
        ("limit.daily_cap", 1.2, r"limit.daily_cap: 1.2 must lie between 0 and 1"),
        ("limit.large_spend", "much", r"limit.large_spend: 'much' is not a number"),
        ("limit.temporary", {"full_repay_months": 3, "max_days": 0}, r"limit.temporary.max_days"),
    ):
        with pytest.raises(PolicyError, match=words):
            LedgerTerms.of(figures({key: value}))


def test_an_event_that_cannot_be_read_is_refused():
    for data, words in (
        ({"event": "Drown", "at": 1, "amount_fen": 1}, "Did you mean 'Drawn'"),
        ({"event": "Drawn", "at": 1}, r"needs exactly \['amount_fen', 'at'\]"),
        ({"event": "Drawn", "at": 1, "amount_fen": 1.5}, "amount_fen must be int, got 1.5"),
        ({"event": "Drawn", "at": True, "amount_fen": 1}, "at must be int, got True"),
    ):
        with pytest.raises(DataError, match=words):
            event_of(data)
