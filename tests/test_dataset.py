"""Outcomes against a plain loop, and the frame that models are given."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit import features
from credit.dataset import (
    DaysPastDue,
    Given,
    dataset,
    observations,
    observed_until,
    outcomes,
)
from credit.engine import Engine
from credit.errors import ConfigError, DataError, SchemaError
from credit.feature import Catalogue, Reason, Stated
from credit.schema import DAY, SECOND

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
T = 1_704_067_200 * SECOND  # 2024-01-01 00:00 UTC
LATE = T + 4000 * DAY


def us(text, zone="UTC"):
    """Return the microseconds of a local ISO time."""
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return (moment - EPOCH) // timedelta(microseconds=1)


def frame(columns, rows):
    """Return an event table of integers from tuples."""
    made = pd.DataFrame(rows, columns=columns.split()).astype("int64")
    return made.assign(customer_id=1, available_at=made.get("event_time", T)).assign(
        **({} if "event_time" in made else {"event_time": T})
    )


def book(loans, instalments, repayments, applications=None):
    """Return the four tables of loans (id, application, drawn), their schedule and payments."""
    asked = applications or sorted({application for _, application, _ in loans})
    return {
        "applications": frame("application_id", [(one,) for one in asked]),
        "loans": frame("loan_id application_id event_time", loans).assign(
            principal_fen=1, term_months=1
        ),
        "instalments": frame("loan_id number due_at due_fen", instalments),
        "repayments": frame("loan_id number event_time amount_fen", repayments).assign(
            repayment_id=range(len(repayments))
        ),
    }


def settle(tables, definition=None, *, until=LATE, zone="Asia/Shanghai"):
    """Return application_id -> (status, known_at)."""
    with Engine(memory_limit="500MB", threads=1, zone=zone) as engine:
        for name, table in tables.items():
            engine.add(name, table)
        found = outcomes(engine, definition or DaysPastDue(), observed_until=until)
    assert list(found.columns) == ["application_id", "status", "known_at"]
    return {
        row.application_id: (row.status, None if pd.isna(row.known_at) else int(row.known_at))
        for row in found.itertuples()
    }


def months_after(instant, months, zone):
    local = (EPOCH + timedelta(microseconds=instant)).astimezone(ZoneInfo(zone))
    year, month = divmod(local.month - 1 + months, 12)
    year, month = local.year + year, month + 1
    day = min(local.day, calendar.monthrange(year, month)[1])
    wall = local.replace(year=year, month=month, day=day, tzinfo=None)
    return (wall.replace(tzinfo=ZoneInfo(zone)) - EPOCH) // timedelta(microseconds=1)


def slow_outcomes(tables, definition, until, zone):
    """Compute the outcomes day by day, as the definition reads."""
    found = {}
    for application in tables["applications"]["application_id"]:
        loans = tables["loans"][tables["loans"]["application_id"] == application]
        if loans.empty:
            found[application] = ("no_loan", None)
            continue
        worst, end = 0, 0
        for loan in loans.itertuples():
            window_end = months_after(loan.event_time, definition.within_months, zone)
            end = max(end, window_end)
            schedule = tables["instalments"]
            for due in schedule[schedule["loan_id"] == loan.loan_id].itertuples():
                paid = tables["repayments"]
                paid = paid[(paid["loan_id"] == due.loan_id) & (paid["number"] == due.number)]
                for days in range(1, definition.days + 1):
                    then = due.due_at + days * DAY
                    before = paid[paid["event_time"] < then]["amount_fen"].sum()
                    if then <= window_end and before < due.due_fen:
                        worst = max(worst, days)
        if end > until:
            status = "immature"
        elif worst >= definition.days:
            status = "bad"
        else:
            status = "indeterminate" if worst >= definition.indeterminate_from else "good"
        found[application] = (status, end)
    return found


@st.composite
def books(draw):
    """Draw a few loans with schedules and payments around the interesting days."""
    instants = st.integers(-2, 40).map(lambda day: T + day * DAY)
    edge = st.sampled_from([-1, 0, 1])
    loans, instalments, repayments = [], [], []
    for loan in range(draw(st.integers(1, 3))):
        loans.append((loan, draw(st.integers(0, 2)), draw(instants)))
        for number in range(1, draw(st.integers(1, 2)) + 1):
            due = draw(instants) + draw(edge)
            instalments.append((loan, number, due, draw(st.integers(0, 3))))
            for _ in range(draw(st.integers(0, 3))):
                paid = due + draw(st.integers(-3, 7)) * DAY + draw(edge)
                repayments.append((loan, number, paid, draw(st.integers(0, 2))))
    return book(loans, instalments, repayments, [0, 1, 2])


@given(
    books(),
    st.builds(
        DaysPastDue,
        days=st.integers(3, 6),
        within_months=st.integers(1, 2),
        indeterminate_from=st.integers(1, 3),
    ),
    st.integers(20, 110),
    st.sampled_from(["Asia/Shanghai", "UTC", "America/New_York"]),
)
@settings(max_examples=25, deadline=None)
def test_outcomes_equal_a_loop_over_days(tables, definition, day, zone):
    until = T + day * DAY
    expected = slow_outcomes(tables, definition, until, zone)
    assert settle(tables, definition, until=until, zone=zone) == expected


def one_loan(paid_after, amounts=(10,), due=T + 30 * DAY):
    payments = [(1, 1, due + after, amount)
                for after, amount in zip(paid_after, amounts, strict=True)]  # fmt: skip
    return book([(1, 1, T)], [(1, 1, due, 10)], payments)


@pytest.mark.parametrize(
    ("paid_after", "amounts", "status"),
    [
        ((-DAY,), (10,), "good"),
        ((30 * DAY - 1,), (10,), "good"),
        ((30 * DAY,), (10,), "indeterminate"),
        ((90 * DAY - 1,), (10,), "indeterminate"),
        ((90 * DAY,), (10,), "bad"),
        ((0, 90 * DAY - 1), (9, 1), "indeterminate"),
        ((0, 90 * DAY), (9, 1), "bad"),
        ((5, 5), (5, 5), "good"),
        ((), (), "bad"),
    ],
)
def test_paid_90_days_late_is_90_days_past_due(paid_after, amounts, status):
    assert settle(one_loan(paid_after, amounts))[1][0] == status


def test_money_paid_on_one_instalment_does_not_pay_another():
    due = T + 30 * DAY
    schedule = [(1, 1, due, 10), (1, 2, due, 10)]
    both = [(1, 1, due, 10), (1, 2, due, 10)]
    assert settle(book([(1, 1, T)], schedule, both))[1][0] == "good"
    assert settle(book([(1, 1, T)], schedule, [(1, 1, due, 20), (1, 2, due, 1)]))[1][0] == "bad"


def test_only_the_window_counts():
    due = us("2024-10-03", "Asia/Shanghai")  # 90 days later is 2025-01-01, the end of the window
    drawn = us("2024-01-01", "Asia/Shanghai")
    for shift, status in ((0, "bad"), (1, "indeterminate")):
        tables = book([(1, 1, drawn)], [(1, 1, due + shift, 10)], [])
        assert settle(tables)[1] == (status, us("2025-01-01", "Asia/Shanghai"))


def test_months_are_calendar_months_of_the_zone():
    drawn = us("2024-02-01 03:00", "Asia/Shanghai")  # still January in UTC
    tables = book([(1, 1, drawn)], [(1, 1, drawn, 0)], [])
    one = DaysPastDue(within_months=1)
    assert settle(tables, one)[1][1] == us("2024-03-01 03:00", "Asia/Shanghai")
    assert settle(tables, one, zone="UTC")[1][1] == us("2024-02-29 19:00")


def test_a_window_that_has_not_closed_is_absent_even_when_already_bad():
    tables = one_loan((), ())
    end = settle(tables)[1][1]
    assert settle(tables, until=end)[1][0] == "bad"
    assert settle(tables, until=end - 1)[1][0] == "immature"


def test_the_worst_of_several_loans_counts_and_the_latest_window():
    tables = book([(1, 1, T), (2, 1, T + DAY)],
                  [(1, 1, T + DAY, 10), (2, 1, T + DAY, 0)], [])  # fmt: skip
    assert settle(tables)[1] == ("bad", months_after(T + DAY, 12, "Asia/Shanghai"))


def test_a_loan_without_a_schedule_is_refused():
    tables = book([(1, 1, T), (7, 2, T)], [(1, 1, T, 10)], [])
    with pytest.raises(DataError, match=r"1 loan\(s\) have no instalment.*loan_id 7"):
        settle(tables)


def test_a_missing_table_or_link_is_named():
    tables = one_loan((), ())
    with pytest.raises(SchemaError, match="repayments: an outcome needs this table"):
        settle({name: table for name, table in tables.items() if name != "repayments"})
    tables["loans"] = tables["loans"].drop(columns="application_id")
    with pytest.raises(SchemaError, match=r"loans: no column \['application_id'\]"):
        settle(tables)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"days": 0}, "days must be at least 1, got 0"),
        ({"within_months": 0}, "within_months must be at least 1"),
        ({"days": 30, "indeterminate_from": 31}, "indeterminate_from must be at most days"),
    ],
)
def test_a_definition_checks_itself(options, message):
    with pytest.raises(ConfigError, match=message):
        DaysPastDue(**options)


def given_book():
    stated = pd.DataFrame(
        {
            "application_id": [1, 2, 3, 4],
            "bad": pd.array([1, 0, None, 1], dtype="Int64"),
            "known_at": pd.array([T, None, T, T + 2], dtype="Int64"),
        }
    )
    return {"applications": frame("application_id", [(i,) for i in range(1, 6)]),
            "outcomes": stated}  # fmt: skip


def test_outcomes_that_the_source_states():
    assert settle(given_book(), Given(), until=T + 1) == {
        1: ("bad", T), 2: ("good", None), 3: ("indeterminate", T), 4: ("immature", T + 2),
        5: ("no_loan", None),
    }  # fmt: skip


# -- the dataset


def feature(name, *, unit="fen", expression="amount_fen"):
    return Stated(
        name=name, dimension="application", label=name, unit=unit, null_means="not asked",
        risk=0, reason=Reason(en="x", zh="x"), expression=expression,
    )  # fmt: skip


CATALOGUE = Catalogue((feature("amount"), feature("grade", unit="category", expression="grade")))


@pytest.fixture
def small(monkeypatch):
    """Return a function that builds a dataset of five applications with a stand-in builder."""

    def build(engine, spine, catalogue):
        assert list(spine.columns[:3]) == ["observation_id", "customer_id", "as_of"]
        assert spine["observation_id"].tolist() == list(range(len(spine)))
        return pd.DataFrame(
            {
                "observation_id": spine["observation_id"],
                "amount": pd.array([1, None, 3, 4, 5][: len(spine)], dtype="Int64"),
                "grade": ["a", None, "b", "a", "b"][: len(spine)],
            }
        )

    monkeypatch.setattr(features, "build", build)

    def make(tables=None, definition=None, **options):
        with Engine(memory_limit="500MB", threads=1) as engine:
            for name, table in (tables or given_book()).items():
                engine.add(name, table)
            options = {"observed_until": T + 1} | options
            return dataset(engine, CATALOGUE, definition or Given(), **options)

    return make


def test_a_dataset_is_aligned_and_typed(small):
    tables = given_book()
    order = [T + 5, T + 4, T + 3, T + 2, T + 1]
    tables["applications"] = tables["applications"].assign(event_time=order, available_at=order)
    data = small(tables)
    assert data.application_id.tolist() == [5, 4, 3, 2, 1]
    assert data.as_of.tolist() == order[::-1]
    assert data.status.tolist() == ["no_loan", "immature", "indeterminate", "good", "bad"]
    assert data.y.dtype == "Int8"
    assert data.y.isna().tolist() == [True, True, True, False, False]
    assert data.known_at.dtype == "Int64"
    assert data.X["amount"].dtype == np.float64
    assert np.isnan(data.X["amount"][1])
    assert pd.api.types.is_string_dtype(data.X["grade"].dtype)
    assert data.X["grade"].isna().tolist() == [False, True, False, False, False]
    assert data.segment.isna().all()
    labelled = data.labelled()
    assert len(labelled) == 2
    assert labelled.y.tolist() == [0, 1]
    assert labelled.X.index.tolist() == [0, 1]
    assert labelled.X["amount"].tolist() == [4.0, 5.0]
    assert labelled.catalogue is data.catalogue
    assert data.take(np.array([4, 0])).application_id.tolist() == [1, 5]


def test_the_segment_is_the_applications_else_the_customers(small):
    tables = given_book()
    people = pd.DataFrame({"customer_id": [1], "event_time": [T], "available_at": [T],
                           "segment": ["sme"]})  # fmt: skip
    assert small(tables | {"customers": people}).segment.tolist() == ["sme"] * 5
    own = tables["applications"].assign(segment=["a", "b", "c", "d", None])
    data = small(tables | {"customers": people, "applications": own})
    assert data.segment.tolist()[:4] == ["a", "b", "c", "d"]
    assert data.segment.isna().tolist()[4]


def test_an_all_good_target_is_refused_with_its_counts(small):
    tables = given_book()
    tables["outcomes"]["bad"] = pd.array([0, 0, None, 0], dtype="Int64")
    message = (
        r"all outcomes are the same: 2 good and 0 bad \(1 indeterminate, 1 immature, 1 no_loan\)\. "
        r"A model needs both"
    )
    with pytest.raises(DataError, match=message):
        small(tables)


def test_nothing_settled_yet_is_refused(small):
    message = (
        r"none of 1 application\(s\) has an outcome at 2024-01-02: 0 indeterminate, 1 immature, "
        r"0 no_loan\. Shorten"
    )
    with pytest.raises(DataError, match=message):
        small(one_loan((), ()), DaysPastDue(), observed_until=T + DAY)


def test_no_application_is_refused(small):
    tables = given_book()
    tables["applications"] = tables["applications"].iloc[:0]
    with pytest.raises(DataError, match="applications: the table is empty"):
        small(tables)


def test_a_repeated_application_is_refused(small):
    tables = given_book()
    tables["applications"] = frame("application_id", [(1,), (1,), (2,)])
    with pytest.raises(DataError, match=r"1 row\(s\) repeat an application_id, such as 1"):
        small(tables)


def test_text_in_a_feature_of_amounts_is_refused(small, monkeypatch):
    def build(engine, spine, catalogue):
        return spine.assign(amount="many", grade="a")

    small()
    monkeypatch.setattr(features, "build", build)
    with pytest.raises(DataError, match=r"amount: its unit is 'fen', but its values are text, such "
                                        r"as 'many'"):  # fmt: skip
        small()


def test_observations_carry_what_the_application_states():
    tables = given_book()
    tables["applications"] = tables["applications"].assign(grade=list("edcba"))
    with Engine(threads=1) as engine:
        engine.add("applications", tables["applications"])
        seen = observations(engine)
        assert list(seen.columns) == ["application_id", "customer_id", "as_of", "grade"]
        assert seen["grade"].tolist() == list("edcba")


def test_observed_until_is_the_last_event_of_credit():
    tables = one_loan((7 * DAY,))
    with Engine(threads=1) as engine:
        with pytest.raises(DataError, match="there is no table of loans"):
            observed_until(engine)
        for name, table in tables.items():
            engine.add(name, table)
        assert observed_until(engine) == T + 37 * DAY


def test_the_built_in_features_meet_the_outcomes():
    tables = given_book()
    tables["applications"] = tables["applications"].assign(amount_fen=[1, 2, 3, 4, 5])
    with Engine(threads=1) as engine:
        for name, table in tables.items():
            engine.add(name, table)
        stated = Catalogue((feature("application_amount"),))
        data = dataset(engine, stated, Given(), observed_until=T + 1)
    assert data.X["application_amount"].tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
