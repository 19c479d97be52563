"""Appeals (G12): a state machine over events, decided by a person and in time."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import permutations

import pytest

from credit.decide.appeal import AppealEvent, AppealTerms, appeal
from credit.decide.clock import at
from credit.errors import DataError, PolicyError
from credit.policy import parse

ZONE = "Asia/Shanghai"
TERMS = AppealTerms(within_days=30, answer_days=15, zone=ZONE)
DECIDED = date(2026, 3, 1)


def on(days: int, *, hour: int = 12) -> int:
    return at(DECIDED + timedelta(days=days), ZONE, hour=hour)


FILED = AppealEvent(at=on(1), kind="filed")
BROUGHT = AppealEvent(at=on(2), kind="evidence", says="payslip of February")
READ = AppealEvent(at=on(3), kind="assigned", by="reviewer 7")
CHANGED = AppealEvent(at=on(4), kind="changed", by="reviewer 7")


def test_an_appeal_goes_its_way_and_says_who_decided():
    found = appeal(on(0), [FILED, BROUGHT, READ, CHANGED], TERMS)
    assert (found.state, found.reviewer, found.late) == ("changed", "reviewer 7", False)
    assert found.evidence == ("payslip of February",)
    assert found.due_on == DECIDED + timedelta(days=16)


def test_any_order_of_arrival_gives_the_same_state():
    events = [FILED, BROUGHT, READ, CHANGED]
    assert len({appeal(on(0), order, TERMS) for order in permutations(events)}) == 1


@pytest.mark.parametrize(("day", "taken"), [(30, True), (31, False)])
def test_the_last_day_to_appeal_is_the_thirtieth(day, taken):
    filed = AppealEvent(at=on(day, hour=23), kind="filed")
    if taken:
        assert appeal(on(0), [filed], TERMS).state == "open"
        return
    with pytest.raises(DataError, match=r"can be appealed until 2026-03-31 \(30 days\)"):
        appeal(on(0), [filed], TERMS)


@pytest.mark.parametrize(("day", "late"), [(16, False), (17, True)])
def test_an_answer_after_its_day_is_late(day, late):
    last = AppealEvent(at=on(day), kind="upheld", by="reviewer 7")
    assert appeal(on(0), [FILED, READ, last], TERMS).late is late


def test_what_cannot_follow_is_refused_and_says_what_can():
    with pytest.raises(DataError, match=r"'changed' .* cannot follow the state 'open'.*'assigned'"):
        appeal(on(0), [FILED, CHANGED], TERMS)
    with pytest.raises(DataError, match="names nobody"):
        appeal(on(0), [FILED, AppealEvent(at=on(2), kind="assigned")], TERMS)
    with pytest.raises(DataError, match="comes before the decision"):
        appeal(on(2), [FILED], TERMS)
    with pytest.raises(DataError, match="It is closed"):
        appeal(on(0), [FILED, READ, CHANGED, AppealEvent(at=on(5), kind="evidence")], TERMS)


def test_terms_are_checked_by_name():
    text = """
name = "p"
[decision.appeal]
value = { within_days = 0, answer_days = 15 }
unit = "days"
source = "a test"
status = "assumed"
effective_from = 2020-01-01
"""
    with pytest.raises(
        PolicyError, match=r"decision\.appeal\.within_days must be at least 1, got 0"
    ):
        AppealTerms.of(parse(text, origin="p").at(DECIDED))
