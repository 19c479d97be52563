"""Reminders: their instants, their words, and a calendar file that keeps to RFC 5545."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from loan_policy import figures, noon

from credit.decide.repay import Loan, ReminderTerms, calendar, reminders, schedule
from credit.errors import DataError, PolicyError

TERMS = ReminderTerms.of(figures())
LINES = schedule(
    Loan(
        principal_fen=1_000_000,
        drawn_on=date(2026, 1, 15),
        months=3,
        daily_rate=Fraction(5, 10_000),
    )
).instalments


def parsed(text):
    """Read an iCalendar text strictly: CR LF, folds, balanced components, one value a name."""
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    raw = text.split("\r\n")[:-1]
    assert all(len(line.encode()) <= 75 for line in raw)
    lines = re.sub("\r\n[ \t]", "", text).split("\r\n")[:-1]
    stack, events, alarms = [], [], []
    for line in lines:
        name, value = re.fullmatch(r"([A-Z-]+):(.*)", line).groups()
        if name == "BEGIN":
            stack.append((value, {}))
        elif name == "END":
            kind, found = stack.pop()
            assert kind == value
            (events if kind == "VEVENT" else alarms).append(found)
        else:
            assert name not in stack[-1][1]
            stack[-1][1][name] = value
    assert stack == []
    *alarms, whole = alarms
    assert whole["VERSION"] == "2.0"
    assert whole["PRODID"]
    return events, alarms


def test_p15_three_reminders_an_instalment_at_nine_local_time():
    """P15: 3 days, 1 day and the day itself, 09:00 in Shanghai, those that have passed left out."""
    found = reminders(LINES, TERMS, after=noon(date(2026, 1, 15)))
    assert len(found) == 9
    first = found[0].plain()
    assert (first["at"], first["due"], first["number"]) == (
        "2026-02-12T01:00:00+00:00", "2026-02-15", 1,
    )  # fmt: skip
    assert json.loads(json.dumps(first))["amount_fen"] == LINES[0].total_fen
    assert "Keep that much in the account" in found[0].en  # advice of automatic payment
    assert "自动扣款" in found[0].zh
    assert "until 2026-02-18" in found[2].en  # the last day of grace
    assert len(reminders(LINES, TERMS, after=noon(date(2026, 2, 14)))) == 7


def test_p15_the_calendar_is_valid():
    """P15: every event has id, stamp, start and alarm; ids are unique; texts survive escaping."""
    found = reminders(LINES, TERMS, after=0)
    for language in ("zh", "en"):
        text = calendar(found, loan="loan;7", stamped_at=noon(date(2026, 1, 15)), language=language)
        events, alarms = parsed(text)
        assert len(events) == len(alarms) == len(found)
        assert len({one["UID"] for one in events}) == len(found)
        for one, event in zip(found, events, strict=True):
            start = datetime.strptime(event["DTSTART"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            assert start.isoformat() == one.plain()["at"]
            assert event["DTSTAMP"] == "20260115T040000Z"
            said = re.sub(r"\\([\\;,])", r"\1", event["SUMMARY"])
            assert said == (one.zh if language == "zh" else one.en)
        assert all(alarm["ACTION"] == "DISPLAY" and alarm["TRIGGER"] for alarm in alarms)


def test_reminders_that_make_no_sense_are_refused():
    with pytest.raises(DataError, match=r"language must be one of \('zh', 'en'\), got 'fr'"):
        calendar([], loan="x", stamped_at=0, language="fr")
    with pytest.raises(PolicyError, match=r"days_before: \[0, 3\] must fall from item to item"):
        ReminderTerms.of(figures(repay__reminder={"days_before": [0, 3], "at": "09:00"}))
    with pytest.raises(PolicyError, match=r"repay\.reminder\.at: '25:00' is not a time of day"):
        ReminderTerms.of(figures(repay__reminder={"days_before": [3], "at": "25:00"}))
