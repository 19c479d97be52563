"""The compiled lowering of window aggregates against the oracle, the proof and its own SQL."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from feature_tables import OWN, World, engine_of, random_world
from features_oracle import ORACLE, Person

from credit.engine import Engine
from credit.errors import DataError
from credit.feature import Catalogue, Expression, Measure, Reason, WindowAggregate, WindowPart
from credit.features import build, chosen, frame
from credit.features.proof import moves
from credit.features.window import rule, sweep
from credit.schema import DAY

Q = 1_700_000_000_000_000
ALWAYS = 0
COMPILED = (True,)


def windowed(feature):
    parts = feature.parts if isinstance(feature, Expression) else (feature,)
    return any(isinstance(part, WindowAggregate | WindowPart) for part in parts)


WINDOWED = chosen(OWN, [feature.name for feature in OWN if windowed(feature)])


@pytest.fixture(autouse=True)
def compiled(monkeypatch):
    monkeypatch.setattr(frame, "SWEPT_FROM", ALWAYS)


def feature(name: str, measure: Measure, days: int | None = 90) -> WindowAggregate:
    return WindowAggregate(
        name=name, dimension="payment", label="A feature", unit="ratio", null_means="nothing",
        risk=0, reason=Reason(en="x", zh="x"), table="payments", days=days, measure=measure,
    )  # fmt: skip


@pytest.mark.parametrize("seed", [11, 12])
def test_every_windowed_feature_equals_its_definition_read_row_by_row(seed):
    world = random_world(seed)
    with engine_of(world.tables) as engine:
        found = build(engine, world.spine(), WINDOWED)
    people = [Person(world, person) for person in sorted(world.as_of)]
    for name in WINDOWED.names:
        expected = [ORACLE[name](person) for person in people]
        numbers = np.array([np.nan if value is None else float(value) for value in expected])
        np.testing.assert_allclose(found[name], numbers, rtol=1e-12, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("what", ["future", "past"])
def test_what_may_not_be_seen_changes_no_feature(what):
    assert moves(WINDOWED, what=what, seed=101, lowerings=COMPILED).moved == {}


CONTROLS = {
    "an event in the very instant counts": (
        "known_from",
        lambda e: f"greatest({e}.event_time, {e}.available_at)",
        "future",
    ),
    "availability is ignored": ("known_from", lambda e: f"{e}.event_time + 1", "future"),
    "known a microsecond too late counts": (
        "known_from",
        lambda e: f"greatest({e}.event_time + 1, {e}.available_at - 1)",
        "future",
    ),
    "a repair to come hides the record": (
        "hidden_from",
        lambda repaired_at: f"case when {repaired_at} is null then {rule.END} else -1 end",
        "future",
    ),
    "a window is a microsecond too long": (
        "reach",
        lambda days: rule.END if days is None else days * DAY + 1,
        "past",
    ),
}
"""Fault -> (function of the rule, what it becomes, the property that must notice)."""


@pytest.mark.parametrize("fault", CONTROLS)
def test_the_property_catches(fault, monkeypatch):
    function, broken, what = CONTROLS[fault]
    monkeypatch.setattr(rule, function, broken)
    table = "bureau" if function == "hidden_from" else "payments"
    read = [
        f.name for f in OWN
        if isinstance(f, WindowAggregate) and f.table == table and f.days is not None
    ]  # fmt: skip
    caught = moves(chosen(OWN, read), what=what, seed=101, lowerings=COMPILED).moved
    assert len(caught) > len(read) / 2


# -- the same as SQL, whatever is asked

SCORE, OPEN = "(balance_fen / 7 - mcc)", "balance_fen > 5"

AGGREGATES = [
    Measure(aggregate=aggregate, value=value, where=where)
    for value in ("amount_fen", SCORE, f"{SCORE} * 2 - amount_fen", "balance_fen")
    for aggregate in ("sum", "mean", "std", "min", "max")
    for where in (None, "direction = 'out' and (status = 'ok' or mcc > 1)")
] + [
    Measure(aggregate=aggregate, value=value, where=where, weight=weight)
    for value in ("merchant_id", "status", "mcc", "amount_fen / 1000", OPEN)
    for aggregate, weight in (
        ("distinct", None), ("entropy", None), ("largest", "amount_fen"), ("entropy", "amount_fen"),
        ("herfindahl", "balance_fen"),
    )
    for where in (None, "amount_fen > 40")
] + [
    Measure(aggregate="count"), Measure(aggregate="count", value="balance_fen"),
    Measure(aggregate="count", where=OPEN, per="1", base="mcc = 2"),
    Measure(aggregate="sum", value="amount_fen", where="mcc in (1, 3)", per="amount_fen"),
    Measure(aggregate="days_since_last", where="status = 'ok'"),
    Measure(aggregate="days_since_first"), Measure(aggregate="sum", value=SCORE, where="false"),
]  # fmt: skip
ASKED = Catalogue(
    tuple(
        feature(f"f{place}_{days or 'ever'}", measure, days)
        for place, measure in enumerate(AGGREGATES)
        for days in (5, None)
    )
)

ASKED_VALUE = {feature.name: feature.measure.value for feature in ASKED}

CHOICES = {
    "direction": ["in", "out"],
    "amount_fen": [0, 1, 40, 41, 10**9, 10**15 + 1],
    "status": ["ok", "failed"],
    "mcc": [None, 1, 2, 3],
    "merchant_id": [None, "a", "b", "c" * 40],
    "balance_fen": [None, 0, 7, 10**7],
}
TYPES = {
    "mcc": "Int64", "merchant_id": "str", "balance_fen": "Int64",
    "direction": "str", "status": "str",
}  # fmt: skip


def engine_with(rows: list[dict]) -> Engine:
    table = pd.DataFrame(rows, columns=["customer_id", "event_time", "late", *CHOICES])
    table = table.astype(TYPES | dict.fromkeys(["customer_id", "event_time", "late"], "int64"))
    table["amount_fen"] = table["amount_fen"].astype("int64")
    table["available_at"] = table["event_time"] + table.pop("late")
    table.insert(0, "payment_id", np.arange(len(table)))
    engine = Engine(threads=1, memory_limit="500MB")
    engine.add("payments", table)
    return engine


SPINE = pd.DataFrame(
    {
        "observation_id": [5, 3, 8, 1],
        "customer_id": [2, 1, 2, 4],
        "as_of": [Q, Q, Q - 5 * DAY, Q],
    }
)


@pytest.mark.parametrize("size", [0, 9, 60])
def test_integers_and_nulls_are_those_of_sql_and_floats_close(size):
    random = np.random.default_rng(size)
    rows = [
        {
            "customer_id": int(random.integers(1, 4)),
            "event_time": Q + int(random.integers(-80, 3)) * DAY // 2,
            "late": (0, 0, 1, DAY)[random.integers(4)],
            **{name: some[random.integers(len(some))] for name, some in CHOICES.items()},
        }
        for _ in range(size)
    ]
    with engine_with(rows) as engine:
        found = build(engine, SPINE, ASKED)
        expected = build(engine, SPINE, ASKED, swept=False)
    for name in expected:
        left, right = found[name].to_numpy(), expected[name].to_numpy()
        assert (np.isnan(left) == np.isnan(right)).all(), name
        # A deviation or sum of floats may cancel; nothing else differs beyond its last digits.
        scale = 1e-5 if "/" in str(ASKED_VALUE.get(name)) else 1e-12
        np.testing.assert_allclose(left, right, rtol=1e-12, atol=scale, err_msg=name)
        if name in ASKED_VALUE and "/" not in ASKED_VALUE[name]:
            whole = right % 1 == 0
            assert (left[whole] == right[whole]).all(), name


def test_people_taken_in_slices_have_the_same_features(monkeypatch):
    world = random_world(13)
    with engine_of(world.tables) as engine:
        whole = build(engine, world.spine(), WINDOWED)
        monkeypatch.setattr(sweep, "SHARE", 1e-5)
        pd.testing.assert_frame_equal(build(engine, world.spine(), WINDOWED), whole)


def test_the_order_of_rows_changes_nothing():
    world = random_world(12)
    turned = {name: rows[::-1] for name, rows in world.tables.items()}
    with engine_of(world.tables) as one, engine_of(turned) as other:
        pd.testing.assert_frame_equal(
            build(one, world.spine(), WINDOWED), build(other, world.spine(), WINDOWED)
        )


def test_a_sum_beyond_64_bits_is_an_error():
    row = {
        "customer_id": 1, "event_time": Q - DAY, "late": 0, "direction": "in", "status": "ok",
        "mcc": None, "merchant_id": None, "balance_fen": None,
        "amount_fen": 2**62,
    }  # fmt: skip
    total = Catalogue((feature("total", Measure(aggregate="sum", value="amount_fen")),))
    spine = World({1: Q}).spine()
    with engine_with([row]) as engine:
        assert build(engine, spine, total)["total"].item() == 2.0**62
    with (
        engine_with([row, row]) as engine,
        pytest.raises(DataError, match=r"payments: a sum over a window is too large.*'where'"),
    ):
        build(engine, spine, total)


def test_many_conditions_take_more_than_one_word():
    rows = [
        {
            "customer_id": 1, "event_time": Q - (place + 1) * DAY, "late": 0, "direction": "in",
            "amount_fen": place, "status": "ok", "mcc": None, "merchant_id": None,
            "balance_fen": None,
        }
        for place in range(70)
    ]  # fmt: skip
    asked = Catalogue(
        tuple(
            feature(f"f{bound}", Measure(aggregate="count", where=f"amount_fen >= {bound}"))
            for bound in range(70)
        )
    )
    with engine_with(rows) as engine:
        found = build(engine, World({1: Q}).spine(), asked)
    assert found[list(asked.names)].iloc[0].tolist() == list(range(70, 0, -1))
