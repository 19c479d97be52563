"""Indicators of fraud: the registry, a fixture for each of logins, the oracle, no look ahead."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from datetime import date
from fractions import Fraction

import numpy as np
import pytest
from features_oracle import Person
from fraud_oracle import defined

from credit import policy as policies
from credit.decide import clock
from credit.errors import FeatureError
from credit.feature import Catalogue, Expression, Measure, Reason, StateAsOf, WindowAggregate
from credit.features import build, catalogue
from credit.features.fraud import indicators, users
from credit.features.fraud.template import WINDOWS
from credit.features.own import read_features
from credit.features.proof import moves
from credit.features.proof.tables import World, engine_of, hourly_world
from credit.features.window import arrival, compile_features, rule
from credit.schema import DAY, HOUR

TODAY = date(2026, 1, 1)
POLICY = policies.load("weilidai")
FRAUD = indicators()
LOGIN = [name for name in FRAUD.names if name.startswith("fraud_login_")]
Q = clock.at(date(2026, 3, 2), "Asia/Shanghai", hour=23, minute=40)
MINUTE = HOUR // 60


# -- the registry


def test_f05_there_are_more_login_indicators_than_the_policy_states():
    assert len(LOGIN) > POLICY.leaf("fraud.login.indicators", TODAY).value == 30


def test_f06_there_are_more_indicators_than_the_policy_states():
    assert len(FRAUD) > POLICY.leaf("fraud.indicators", TODAY).value == 200
    labels = Counter(feature.label for feature in FRAUD)
    assert [label for label, count in labels.items() if count > 1] == []
    assert {feature.dimension for feature in FRAUD} == {"fraud"}


def test_every_indicator_has_a_user_and_every_line_its_indicator():
    used = users()
    assert set(used) == set(FRAUD.names)
    assert [name for name, of in used.items() if not of] == []
    lines = {line["indicator"] for line in POLICY.leaf("fraud.lines", TODAY).value}
    assert lines == {name for name, of in used.items() if "rule" in of}


CHANGED = {
    "fraud.login.impossible_travel": {"above_km_per_hour": 800, "from_km": 50},
    "fraud.login.address_jump": {"within_minutes": 3},
    "fraud.login.face": {"unlike_below": 0.5},
    "fraud.login.quick": {"within_minutes": 3},
    "fraud.new_payee": {"below_days": 9, "above": 10, "level": "S"},
    "fraud.review.single_txn": 50,
    "features.night": {"start_hour": 22, "end_hour": 6},
    "features.wealth.stable_classes": {"max_risk_level": 1},
}


@pytest.mark.parametrize("key", CHANGED)
def test_t03_a_changed_figure_changes_an_indicator(key):
    changed = tuple(
        replace(leaf, value=CHANGED[key]) if leaf.key == key else leaf for leaf in POLICY.leaves
    )
    other = indicators(replace(POLICY, leaves=changed))
    assert other.names == FRAUD.names
    assert [f for f in other if f != FRAUD[f.name]] != []


def test_no_credit_model_is_given_an_indicator_of_fraud(tmp_path):
    assert not set(catalogue().names) & set(FRAUD.names)
    assert "fraud" not in catalogue().dimension.values()
    file = tmp_path / "own.toml"
    file.write_text(
        '[[features]]\nkind = "window"\nname = "fraud_x"\ndimension = "fraud"\nlabel = "x"\n'
        'unit = "count"\nnull_means = "x"\nrisk = 0\nreason = { en = "x", zh = "x" }\n'
        'table = "logins"\nmeasure = { aggregate = "count" }\n'
    )
    with pytest.raises(FeatureError, match=r"dimension = 'fraud': it is one of"):
        read_features(file)


# -- a fixture for each login indicator

ELSEWHERE = {"latitude": 39.9, "longitude": 116.4}
BAD = {"result": "failed"}

MARKS: dict[str, tuple[list[tuple[int, dict]], list[int]]] = {
    "failed": ([(50, {}), (40, BAD), (30, BAD)], [1, 2]),
    "new_device": (
        [(50, {}), (40, {"device_id": 2}), (30, {"device_id": 2}), (20, {"device_id": 3})], [1, 3]
    ),
    "new_address": ([(50, {}), (40, {"ip_hash": 2}), (30, {"ip_hash": None})], [1]),
    "device_change": (
        [(50, {}), (40, {"device_id": 2}), (30, {}), (20, {})], [1, 2]
    ),
    "address_jump": ([(59, {}), (28, {"ip_hash": 2}), (1, {}), (0.5, {})], [2]),
    "impossible_travel": ([(50, {}), (20, ELSEWHERE), (10, ELSEWHERE)], [1]),
    "entry_after_failure": ([(50, BAD), (45, {}), (40, BAD), (34, {}), (33, {})], [1]),
    "failed_new_device": (
        [(50, {}), (40, BAD | {"device_id": 2}), (30, BAD | {"device_id": 2})], [1]
    ),
    "emulator": ([(50, {}), (40, {"emulator": 1}), (30, {"emulator": None})], [1]),
    "rooted": ([(50, {"rooted": 1}), (40, {})], [0]),
    "detector": ([(50, {}), (40, {"detector": 1})], [1]),
    "face_unlike": ([(50, {"face_score": 0.6}), (40, {"face_score": 0.59}), (30, {})], [1]),
    "night": ([(50, {}), (41, {}), (40, {}), (1, {})], [2, 3]),
    "night_change": ([(50, {}), (45, {"device_id": 2}), (40, {}), (39, {})], [2]),
}  # fmt: skip
"""Mark -> logins (minutes before 23:40, what differs from a usual one), and which bear it."""

BEIJING_KM = 6371.0088 * math.acos(
    math.sin(math.radians(31.2)) * math.sin(math.radians(39.9))
    + math.cos(math.radians(31.2)) * math.cos(math.radians(39.9)) * math.cos(math.radians(5.1))
)
"""From Shanghai (31.2 N, 121.5 E) to Beijing (39.9 N, 116.4 E), by the law of cosines."""

OTHERS: dict[str, tuple[list[tuple[int, dict]], float]] = {
    "count": ([(50, {}), (40, BAD)], 2),
    "devices": ([(50, {}), (40, {"device_id": 2}), (30, {})], 2),
    "addresses": ([(50, {}), (40, {"ip_hash": 2}), (30, {"ip_hash": None})], 2),
    "accounts": ([(50, {}), (40, {"account_id": 9}), (30, {"account_id": None})], 2),
    "distance_max": ([(50, {}), (40, ELSEWHERE), (30, ELSEWHERE)], BEIJING_KM),
    "distance_mean": ([(50, {}), (40, ELSEWHERE), (30, ELSEWHERE)], BEIJING_KM / 2),
    "face_min": ([(50, {}), (40, {"face_score": 0.4}), (30, {"face_score": None})], 0.4),
    "face_mean": ([(50, {"face_score": 0.8}), (40, {"face_score": 0.4})], 0.6),
    "hour_entropy": ([(50, {}), (40, {})], math.log(2)),
    "device_concentration": ([(50, {}), (40, {"device_id": 2}), (30, {}), (20, {})], 10 / 16),
    "gap_min": ([(50, {}), (40, {}), (37, {})], 3 * MINUTE),
    "count_burst": ([(50, {}), (40, BAD)], 30),
}
"""What is asked -> logins, and its value over each window."""


def logins(person: int, rows: list[tuple[float, dict]], shift: int = 0) -> list[dict]:
    made = []
    for place, (minutes, more) in enumerate(rows):
        at = Q - int(minutes * MINUTE) - shift
        made.append(
            {
                "login_id": 100 * person + place, "customer_id": person, "event_time": at,
                "available_at": at, "result": "ok", "device_id": 1, "account_id": 1, "ip_hash": 1,
                "latitude": 31.2, "longitude": 121.5, "emulator": 0, "rooted": 0, "detector": 0,
                "face_score": 0.9, "method": "password",
            }
            | more
        )  # fmt: skip
    return made


def fixture_of(name: str) -> tuple[list[tuple[float, dict]], float]:
    """Return the logins of an indicator's fixture, and the value it must have."""
    what = name.removeprefix("fraud_login_").removesuffix("_1d_30d")
    bare, _, window = what.rpartition("_")
    what = bare if window in WINDOWS else what
    if what in OTHERS:
        return OTHERS[what]
    for end in ("_count", "_share", "_days_since"):
        if what.endswith(end):
            rows, bear = MARKS[what.removesuffix(end)]
            found = {
                "_count": len(bear),
                "_share": len(bear) / len(rows),
                "_days_since": min(rows[place][0] for place in bear) / (24 * 60),
            }
            return rows, found[end]
    raise KeyError(name)


@pytest.fixture(scope="module")
def fixtures():
    """Return each fixture's frame row: of its own person, and of one whose logins are too old."""
    rows, people = [], {}
    for place, name in enumerate(LOGIN):
        logs, _ = fixture_of(name)
        rows += logins(2 * place, logs)
        people[2 * place] = people[2 * place + 1] = Q
        days = getattr(FRAUD[name], "days", None)
        youngest = int(min(minutes for minutes, _ in logs) * MINUTE)
        rows += logins(2 * place + 1, logs, rule.reach(days or 30) - youngest + 1)
    spine = World(people).spine()
    with engine_of({"logins": rows}) as engine:
        frame = build(engine, spine, Catalogue(tuple(FRAUD[name] for name in LOGIN)))
    return frame.set_index(spine["customer_id"])


@pytest.mark.parametrize("name", LOGIN)
def test_f05_a_login_indicator_says_what_its_fixture_shows(fixtures, name):
    place = LOGIN.index(name)
    _, expected = fixture_of(name)
    assert fixtures.loc[2 * place, name] == pytest.approx(expected, rel=1e-9)
    if name.endswith("_days_since"):
        return
    late = fixtures.loc[2 * place + 1, name]
    never = FRAUD[name].null_means.startswith("never null")
    assert late == 0 if never else np.isnan(late)


def test_f05_travel_is_impossible_above_900_km_an_hour():
    """One degree of longitude on the equator is 111.195 km: 7.41 minutes at 900 km/h."""
    place = {"latitude": 0.0, "longitude": 0.0}
    there = {"latitude": 0.0, "longitude": 1.0}
    hours = 2 * math.pi * 6371.0088 / 360 / 900
    tables = []
    for person, off in ((0, -1), (1, 1)):
        gap = math.ceil(hours * HOUR) + off
        rows = logins(person, [(10, place), (10, there)])
        rows[0]["event_time"] = rows[0]["available_at"] = rows[1]["event_time"] - gap
        tables += rows
    name = "fraud_login_impossible_travel_count_1h"
    with engine_of({"logins": tables}) as engine:
        found = build(engine, World({0: Q, 1: Q}).spine(), Catalogue((FRAUD[name],)))
    assert found[name].tolist() == [1, 0]


def test_an_address_jumps_within_thirty_minutes_and_not_a_microsecond_later():
    rows = []
    for person, gap in enumerate((30 * MINUTE, 30 * MINUTE + 1)):
        made = logins(person, [(1, {}), (1, {"ip_hash": 2})])
        made[0]["event_time"] = made[0]["available_at"] = made[1]["event_time"] - gap
        rows += made
    name = "fraud_login_address_jump_count_1h"
    with engine_of({"logins": rows}) as engine:
        found = build(engine, World({0: Q, 1: Q}).spine(), Catalogue((FRAUD[name],)))
    assert found[name].tolist() == [1, 0]


def test_f14_lenders_and_applications_in_a_window_are_counted():
    def at(days: float, **row: object) -> dict:
        time = Q - int(days * DAY)
        return {"customer_id": 0, "event_time": time, "available_at": time, **row}

    tables = {
        "applications": [at(days, application_id=n) for n, days in enumerate((0, 1, 7, 7.1, 90))],
        "bureau": [
            at(days, account_id=account, months_past_due=late)
            for days, account, late in ((10, 1, 0), (40, 1, 1), (90, 2, None), (90.1, 3, 1))
        ],
        "loans": [at(2, loan_id=1, principal_fen=5, term_months=3)],
    }
    asked = [f for f in FRAUD if f.name.startswith("fraud_lending_")]
    with engine_of(tables) as engine:
        found = build(engine, World({0: Q}).spine(), Catalogue(tuple(asked))).iloc[0]
    values = {name.removeprefix("fraud_lending_"): found[name] for name in found.index[1:]}
    assert values == {
        "application_count_1d": 1, "application_count_7d": 2, "application_count_90d": 4,
        "lenders_30d": 1, "lenders_90d": 2, "lenders_late_90d": 1,
        "loan_count_1d": 0, "loan_count_7d": 1, "loan_count_90d": 1,
    }  # fmt: skip


# -- the oracle


def test_f06_every_indicator_equals_its_definition_read_row_by_row():
    world = hourly_world(22)
    with engine_of(world.tables) as engine:
        frames = [build(engine, world.spine(), FRAUD, swept=swept) for swept in (False, True)]
    people = [Person(world, person) for person in sorted(world.as_of)]
    constant = []
    for name in FRAUD.names:
        expected = [defined(name)(person) for person in people]
        numbers = np.array([np.nan if value is None else float(value) for value in expected])
        for frame in frames:
            np.testing.assert_allclose(frame[name], numbers, 1e-9, 1e-9, err_msg=name)
        constant += [name] * (len(set(expected)) < 2)
    assert constant == []


# -- nothing of what could not be known


@pytest.mark.parametrize(("what", "lowerings"), [("future", (False,)), ("past", (True,))])
def test_what_may_not_be_seen_changes_no_indicator(what, lowerings):
    assert (
        moves(FRAUD, what=what, world=hourly_world(31, people=5), lowerings=lowerings).moved == {}
    )


def test_the_property_catches_an_order_of_events_that_forgets_when_they_were_learnt(monkeypatch):
    """Control: with the order of time alone, an event learnt of later would come between."""
    monkeypatch.setattr(arrival.rule, "known_from", lambda event: f"{event}.event_time")
    some = Catalogue(tuple(f for f in FRAUD if "device_change" in f.name or "distance" in f.name))
    caught = moves(some, world=hourly_world(31, people=5), lowerings=(False,)).moved
    assert len(caught) > len(some) / 3


# -- windows of hours, and what an expression may ask of the events before


def one(measure: Measure, days: object = 1, table: str = "logins") -> WindowAggregate:
    return WindowAggregate(
        name="fraud_one", dimension="fraud", label="x", unit="count", null_means="x", risk=0,
        reason=Reason(en="x", zh="x"), table=table, days=days, measure=measure,
    )  # fmt: skip


@pytest.mark.parametrize("swept", [False, True])
@pytest.mark.parametrize("window", WINDOWS)
def test_a_window_of_hours_ends_at_its_microsecond(window, swept):
    days = WINDOWS[window]
    rows = logins(0, [(0, {})] * 3)
    for row, age in zip(rows, (rule.reach(days), rule.reach(days) + 1, 0), strict=True):
        row["event_time"] = row["available_at"] = Q - age
    count = one(Measure(aggregate="count"), days)
    with engine_of({"logins": rows}) as engine:
        found = build(engine, World({0: Q}).spine(), Catalogue((count,)), swept=swept)
    assert found["fraud_one"].item() == 1


REFUSED = [
    (one(Measure(aggregate="count"), Fraction(1, 7 * DAY)), "no whole number of microseconds"),
    (one(Measure(aggregate="count"), 0.25), r"0.25 days is no whole .* Fraction\(6, 24\)"),
    (one(Measure(aggregate="count"), Fraction(0)), "days must be positive"),
    (one(Measure(aggregate="count", where="previous(device_id + 1) = 1")), "takes one column"),
    (one(Measure(aggregate="count", where="previous(devize_id) = 1")), "no column 'devize_id'"),
    (one(Measure(aggregate="max", value="distance_km(latitude, longitude)")), "takes two places"),
    (one(Measure(aggregate="count", where="times_seen(account_id) = 0"), table="bureau"),
     "may be suppressed"),
    (StateAsOf(name="fraud_one", dimension="fraud", label="x", unit="count", null_means="x",
               risk=0, reason=Reason(en="x", zh="x"), table="logins",
               measure=Measure(aggregate="count", where="times_seen(device_id) = 0")),
     "for events over a window alone"),
]  # fmt: skip


@pytest.mark.parametrize(("feature", "words"), REFUSED)
def test_what_cannot_be_asked_is_refused_by_name(feature, words):
    columns = {"logins": ["customer_id", "event_time", "available_at", "device_id", "latitude",
                          "longitude"],
               "bureau": ["customer_id", "event_time", "available_at", "account_id",
                          "repaired_at"]}  # fmt: skip
    with pytest.raises(FeatureError, match=rf"fraud_one: .*{words}"):
        compile_features(Catalogue((feature,)), columns)


def test_an_expression_names_only_indicators():
    for feature in FRAUD:
        assert not isinstance(feature, Expression) or not feature.parts
