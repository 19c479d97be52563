"""The compiler of declarations: what it computes, what it writes, what it refuses."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
import sqlglot
from feature_tables import MAKE, OWN, WINDOWS, World, engine_of, random_world
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.engine import Engine
from credit.errors import DataError, FeatureError
from credit.feature import (
    DIMENSIONS,
    Catalogue,
    Expression,
    Feature,
    GraphStatistic,
    Measure,
    Reason,
    StateAsOf,
    Stated,
    WindowAggregate,
    WindowPart,
)
from credit.features import available, build, catalogue, merchant_categories
from credit.features.window import compile_features
from credit.features.window.calendar import fixed_offset, local_day, local_hour, local_weekday
from credit.schema import DAY, TABLES

Q = 1_700_000_000_000_000
COLUMNS = {name: [column.name for column in table.columns] for name, table in TABLES.items()}
COLUMNS["merchant_categories"] = ["mcc", "category"]


def named(name: str, *, unit: str = "ratio") -> dict:
    """Return what every feature must say."""
    words = {"label": "A feature", "null_means": "nothing", "reason": Reason(en="x", zh="x")}
    return {"name": name, "dimension": "payment", "unit": unit, "risk": 0, **words}


def window(measure: Measure, *, name: str = "f", days: int | None = 90, table: str = "payments"):
    return WindowAggregate(**named(name), table=table, days=days, measure=measure)


def expression(text: str, *, name: str = "f", parts: tuple = ()) -> Expression:
    return Expression(**named(name), expression=text, parts=parts)


def payments(*rows: dict) -> list[dict]:
    """Return payments of person 1, a day apart, the last a day before q."""
    usual = {"customer_id": 1, "direction": "out", "status": "ok", "mcc": 5411, "amount_fen": 0}
    made = []
    for place, row in enumerate(rows, start=1):
        time = Q - place * DAY
        made.append({**usual, "payment_id": place, "event_time": time, "available_at": time, **row})
    return made


def compute(rows: list[dict], *features: Feature, table: str = "payments") -> list[float]:
    """Return the features of person 1 at Q."""
    with engine_of({table: rows}) as engine:
        frame = build(engine, World({1: Q}).spine(), Catalogue(features))
    return [frame[feature.name].item() for feature in features]


# -- measures


@pytest.mark.parametrize(
    ("aggregate", "value", "expected"),
    [
        ("count", "1", 3), ("count", "balance_fen", 2), ("sum", "amount_fen", 60),
        ("mean", "amount_fen", 20), ("mean", "balance_fen", 5), ("min", "amount_fen", 10),
        ("max", "amount_fen", 30), ("std", "amount_fen", np.std([10, 20, 30])),
        ("distinct", "merchant_id", 2), ("entropy", "merchant_id", np.log(2)),
        ("days_since_last", "1", 1), ("days_since_first", "1", 3),
        ("sum", "amount_fen / 4", 15), ("std", "amount_fen / 4", np.std([10, 20, 30]) / 4),
    ],
)  # fmt: skip
def test_aggregates(aggregate: str, value: str, expected: float) -> None:
    rows = payments(
        {"amount_fen": 10, "balance_fen": 4, "merchant_id": 1},
        {"amount_fen": 20, "balance_fen": 6, "merchant_id": 2},
        {"amount_fen": 30, "balance_fen": None, "merchant_id": None},
    )
    (found,) = compute(rows, window(Measure(aggregate=aggregate, value=value)))
    assert found == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        (Measure(aggregate="count"), 0.0),
        (Measure(aggregate="sum", value="amount_fen"), 0.0),
        (Measure(aggregate="distinct", value="mcc"), 0.0),
        (Measure(aggregate="count", where="amount_fen > 5", per="1"), None),
        (Measure(aggregate="sum", value="amount_fen", per="amount_fen"), None),
        (Measure(aggregate="mean", value="amount_fen"), None),
        (Measure(aggregate="std", value="amount_fen"), None),
        (Measure(aggregate="max", value="amount_fen"), None),
        (Measure(aggregate="entropy", value="mcc"), None),
        (Measure(aggregate="days_since_last"), None),
    ],
)
def test_counts_and_sums_of_nothing_are_0_and_the_rest_is_null(
    measure: Measure, expected: float | None
) -> None:
    somebody_else = payments({"amount_fen": 10, "customer_id": 2})
    (found,) = compute(somebody_else, window(measure))
    assert np.isnan(found) if expected is None else found == expected


def test_equal_amounts_have_no_spread_and_one_category_no_variety() -> None:
    rows = payments(*[{"amount_fen": 1_234_567_890_123}] * 7)
    spread = window(Measure(aggregate="std", value="amount_fen"), name="spread")
    variety = window(Measure(aggregate="entropy", value="category"), name="variety")
    assert compute(rows, spread, variety) == [0.0, 0.0]


def test_windows_of_one_table_are_computed_together() -> None:
    rows = payments(*[{"amount_fen": 1}] * 40)
    lengths = (1, 7, 30, None)
    counts = [window(Measure(aggregate="count"), name=f"f{d or 0}", days=d) for d in lengths]
    assert compute(rows, *counts) == [1.0, 7.0, 30.0, 40.0]


def test_the_latest_row_of_each_product_is_in_force() -> None:
    def position(product: int, days: int, known: int, balance: int) -> dict:
        times = {"event_time": Q - days * DAY, "available_at": Q - known * DAY}
        shared = {"customer_id": 1, "risk_level": 1}
        return {**shared, "product_id": product, "balance_fen": balance, **times}

    rows = [
        position(1, 9, 9, 100), position(1, 3, 3, 70), position(1, 1, -1, 5),  # the last too late
        position(2, 9, 9, 40), position(2, 2, 2, 0),  # sold
    ]  # fmt: skip
    held = StateAsOf(
        **named("held"),
        table="wealth_positions",
        latest_by=("customer_id", "product_id"),
        measure=Measure(aggregate="sum", value="balance_fen"),
    )
    stale = replace(held, name="stale", days=2)
    assert compute(rows, held, stale, table="wealth_positions") == [70.0, 0.0]


# -- expressions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + 2 * b", 8.0), ("(a - b) / 2", -0.5), ("-a", -2.0), ("a / 0", None),
        ("0.1 * 3", 0.1 * 3), ("greatest(a, b, 1)", 3.0), ("least(a, nullif(b, 3))", None),
        ("coalesce(nullif(a, 2), 9)", 9.0), ("abs(a - b)", 1.0), ("sqrt(a - b)", None),
        ("ln(a - 2)", None), ("ln(b)", np.log(3)), ("7 / 2", 3.5), ("-7 / 2", -3.5),
        ("case when a > b then 1 when a = 2 then 5 end", 5.0),
        ("case when a in (1, 2) and not b between 4 and 5 then 1 else 0 end", 1.0),
        ("case when nullif(a, 2) is null or false then 1 else 0 end", 1.0),
        ("case when nullif(a, 2) is not null then 1 else 0 end", 0.0),
    ],
)  # fmt: skip
def test_expressions(text: str, expected: float | None) -> None:
    rows = payments({"amount_fen": 1}, {"amount_fen": 1, "mcc": None})
    amount = Measure(aggregate="count")
    more = Measure(aggregate="sum", value="amount_fen + case when mcc is null then 1 else 0 end")
    parts = tuple(
        WindowPart(name=name, table="payments", days=9, measure=measure)
        for name, measure in (("a", amount), ("b", more))
    )
    (found,) = compute(rows, expression(text, parts=parts))
    assert np.isnan(found) if expected is None else found == expected


def test_expressions_may_name_features_and_expressions_in_any_order() -> None:
    top = expression("below * 10 + order", name="top")
    below = expression("order + 1", name="below")
    order = window(Measure(aggregate="count"), name="order")  # a keyword of SQL is a fine name
    assert compute(payments({}, {}), top, below, order) == [32.0, 3.0, 2.0]


# -- the local calendar


instants = st.integers(-(10**15), 4 * 10**15)


@settings(max_examples=25, deadline=None)
@given(st.lists(instants, min_size=30, max_size=60), st.sampled_from(["Etc/GMT+5", "Asia/Kolkata"]))
def test_local_calendar_facts_equal_those_of_python(times: list[int], zone: str) -> None:
    offset = fixed_offset(zone)
    sql = ", ".join(f(("t"), offset) for f in (local_day, local_hour, local_weekday))
    with Engine(threads=1, memory_limit="100MB") as engine:
        engine.temporary("times", pd.DataFrame({"place": range(len(times)), "t": times}))
        found = engine.rows(f"select {sql} from times order by place")
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    clocks = [(epoch + timedelta(microseconds=t)).astimezone(ZoneInfo(zone)) for t in times]
    first = epoch.date()
    assert found == [((c.date() - first).days, c.hour, c.weekday()) for c in clocks]


def test_shanghai_has_one_offset_and_so_has_utc() -> None:
    assert fixed_offset("Asia/Shanghai") == 8 * DAY // 24
    assert fixed_offset("UTC") == 0


@pytest.mark.parametrize("zone", ["Europe/Prague", "America/New_York"])
def test_a_zone_with_daylight_saving_is_refused(zone: str) -> None:
    night = window(Measure(aggregate="count", where="local_hour(event_time) < 6"))
    with pytest.raises(FeatureError, match=rf"zone '{zone}' changes its offset.*Name a fixed zone"):
        compile_features(Catalogue((night,)), COLUMNS, zone=zone)
    plain = window(Measure(aggregate="count"))
    assert "payments" in compile_features(Catalogue((plain,)), COLUMNS, zone=zone)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(FeatureError, match=r"zone 'Mars/Olympus' is not in the time zone database"):
        fixed_offset("Mars/Olympus")


# -- refusals


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        (
            window(Measure(aggregate="sum", value="amont_fen")),
            r"f: no column 'amont_fen' in table 'payments'\. Did you mean 'amount_fen'\?",
        ),
        (window(Measure(aggregate="count"), table="payment"), r"no table 'payment'.*'payments'\?"),
        (
            window(Measure(aggregate="sum", value="sqroot(amount_fen)")),
            r"f: no function 'sqroot'\. Did you mean 'sqrt'\?",
        ),
        (window(Measure(aggregate="sum", value="exp(amount_fen)")), r"no function 'exp'"),
        (window(Measure(aggregate="count", where="event_time < q")), r"as-of instant \('q'"),
        (window(Measure(aggregate="count", where="due_at < now()")), r"as-of instant \('now'"),
        (
            window(Measure(aggregate="count", where="due_at < current_timestamp")),
            r"as-of instant \('current_timestamp'",
        ),
        (window(Measure(aggregate="max", value="q_days(due_at)")), r"no function 'q_days'"),
        (window(Measure(aggregate="count", where="amount_fen")), r"'amount_fen' is no condition"),
        (window(Measure(aggregate="sum", value="status")), r"'status' is text"),
        (window(Measure(aggregate="count", where="status = 1")), r"mixes int and text"),
        (window(Measure(aggregate="sum", value="status + 1")), r"'status' is text, but a number"),
        (window(Measure(aggregate="count", where="amount_fen and true")), r"but a condition"),
        (window(Measure(aggregate="days_since_last", value="amount_fen")), r"drop value="),
        (window(Measure(aggregate="count"), days=0), r"a window of 0 days holds nothing"),
        (window(Measure(aggregate="sum", value="select 1")), r"is a statement"),
        (window(Measure(aggregate="sum", value="amount_fen +")), r"is not an expression"),
        (window(Measure(aggregate="sum", value="(select 1)")), r"is a statement"),
        (window(Measure(aggregate="sum", value="payments.amount_fen")), r"without 'payments'"),
        (window(Measure(aggregate="count", where="mcc is 5")), r"'is' goes with null only"),
        (window(Measure(aggregate="count", where="status like 'o%'")), r"beyond the small SQL"),
        (window(Measure(aggregate="sum", value="local_day()")), r"takes one time"),
        (expression("nowhere / 2"), r"f: no column 'nowhere' in the catalogue or its parts"),
        (expression("f + 1"), r"in a circle: f -> f"),
        (
            StateAsOf(**named("f"), table="loans", latest_by=("loan",), measure=Measure(
                aggregate="count")),
            r"table 'loans' has no column \['loan'\]",
        ),
        (
            GraphStatistic(**named("f"), ties="contacts", measure=Measure(
                aggregate="count", where="peer_taged = 1")),
            r"no column 'peer_taged' in the ties by contacts\. Did you mean 'peer_tagged'\?",
        ),
        (Stated(**named("f"), table="customers", expression="segment"), r"'segment' is text"),
        (Feature(**named("f")), r"Feature is no kind of feature that can be built"),
    ],
)  # fmt: skip
def test_a_bad_declaration_is_refused_by_name(feature: Feature, message: str) -> None:
    with pytest.raises(FeatureError, match=message):
        compile_features(Catalogue((feature,)), COLUMNS)


def test_expressions_that_name_each_other_are_refused_with_the_circle() -> None:
    one, two = expression("two + 1", name="one"), expression("one / 2", name="two")
    with pytest.raises(FeatureError, match=r"in a circle: (one -> two -> one|two -> one -> two)"):
        compile_features(Catalogue((one, two)), COLUMNS)


def test_parts_must_have_names_of_their_own() -> None:
    part = WindowPart(name="a", table="payments", days=9, measure=Measure(aggregate="count"))
    with pytest.raises(FeatureError, match=r"two parts of one expression share a name"):
        expression("a", parts=(part, part))
    with pytest.raises(FeatureError, match=r"'A b' is no name of a part"):
        expression("a", parts=(replace(part, name="A b"),))


# -- what is built


@pytest.fixture(scope="module")
def small() -> World:
    return random_world(5, people=6)


def test_a_missing_table_is_named_with_the_way_out(small: World) -> None:
    some = {"payments": small.tables["payments"]}
    with engine_of(some) as engine:
        with pytest.raises(
            FeatureError, match=r"no table 'device_use'.*There are \['payments'\].*available"
        ):
            build(engine, small.spine(), OWN)
        columns = {name: engine.columns(name) for name in engine.tables}
        kept = available(catalogue(), columns)
        frame = build(engine, small.spine(), kept)
    assert {kept[name].dimension for name in kept.names} == {"payment", "consumption"}
    assert "wealth_months_of_income" not in kept
    assert list(frame.columns) == ["observation_id", *kept.names]


def test_available_looks_at_columns_and_at_what_expressions_name() -> None:
    columns = {"payments": [c for c in COLUMNS["payments"] if c not in ("balance_fen", "due_at")]}
    base = window(Measure(aggregate="min", value="balance_fen"), name="base")
    middle, top = expression("base + 1", name="middle"), expression("middle * 2", name="top")
    extended = Catalogue((*catalogue(), base, middle, top))
    kept = set(available(extended, columns).names)
    lost = {name for name in extended.names if name in ("base", "middle", "top")}
    lost |= {f.name for f in catalogue() if re.search("balance|buffer|bill", f.name)}
    assert kept & lost == set()
    assert {f.name for f in catalogue() if f.dimension == "payment"} - lost <= kept
    assert available(catalogue(), COLUMNS) == catalogue()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.drop(columns="as_of"), r"spine: no column \['as_of'\]"),
        (lambda s: s.assign(as_of=pd.to_datetime(s["as_of"], unit="us")), r"spine\.as_of: type"),
        (lambda s: s.assign(observation_id=1), r"must be unique, but \[1\] stand twice"),
        (
            lambda s: s.assign(as_of=s["as_of"].astype("Int64").where(s["customer_id"] > 0)),
            r"\['as_of'\] must not be null",
        ),
    ],
)
def test_a_bad_spine_is_refused(small: World, change: object, message: str) -> None:
    with engine_of({"payments": small.tables["payments"]}) as engine:
        only = Catalogue((catalogue()["payment_night_share_90d"],))
        with pytest.raises(DataError, match=message):
            build(engine, change(small.spine()), only)


def application(key: int, amount: int) -> dict:
    times = {"event_time": Q, "available_at": Q}
    return {"application_id": key, "customer_id": 1, "amount_fen": amount, **times}


def test_two_applications_at_one_instant_are_told_apart_by_their_id() -> None:
    amount = Catalogue((catalogue()["application_amount_fen"],))
    spine = pd.DataFrame({"observation_id": [1, 2], "customer_id": 1, "as_of": Q})
    with engine_of({"applications": [application(7, 100), application(8, 200)]}) as engine:
        with pytest.raises(DataError, match=r"several applications at one instant.*application_id"):
            build(engine, spine, amount)
        frame = build(engine, spine.assign(application_id=[8, 7]), amount)
    assert frame["application_amount_fen"].tolist() == [200.0, 100.0]


def test_facts_stated_beyond_the_contract_keep_their_kind() -> None:
    rows = pd.DataFrame([application(7, 100)]).assign(car="yes", rooms=2.5, owner=True)
    text = Stated(**named("car", unit="category"), expression="car")
    number = Stated(**named("rooms"), expression="rooms * 2")
    flag = Stated(**named("owner"), expression="owner")
    with Engine(threads=1) as engine:
        engine.add("applications", rows)
        frame = build(engine, World({1: Q}).spine(), Catalogue((text, number, flag)))
    assert frame.iloc[0].tolist() == [17, "yes", 5.0, 1.0]


def test_a_lookup_of_ones_own_is_kept() -> None:
    variety = window(Measure(aggregate="distinct", value="category"))
    with engine_of({"payments": payments({"mcc": 1}, {"mcc": 2})}) as engine:
        engine.add_lookup("merchant_categories", pd.DataFrame({"mcc": [1, 2], "category": "same"}))
        frame = build(engine, World({1: Q}).spine(), Catalogue((variety,)))
    assert frame["f"].item() == 1


# -- what is written

Dialect = Literal["duckdb", "spark"]


@pytest.mark.parametrize("dialect", ["duckdb", "spark"])
def test_the_sql_of_all_features_is_portable(dialect: Dialect) -> None:
    sql = compile_features(catalogue(), COLUMNS, dialect=dialect)
    tree = sqlglot.parse_one(sql, read=dialect)
    assert [column.alias_or_name for column in tree.selects] == [
        "observation_id",
        *catalogue().names,
    ]
    for word in ("ASOF", "MATERIALIZED", "FILTER", "INTERVAL", "TIMESTAMP"):
        assert word not in sql.upper()
    if dialect == "spark":
        assert "INT128" not in sql.upper()
        assert "//" not in sql
        assert "DECIMAL(38, 0)" in sql


def test_another_dialect_is_refused() -> None:
    with pytest.raises(FeatureError, match=r"dialect must be 'duckdb' or 'spark', got 'oracle'"):
        compile_features(catalogue(), COLUMNS, dialect="oracle")


# -- the dictionary


def test_the_catalogue_is_a_dictionary_worth_reading() -> None:
    features = catalogue()
    assert set(features.dimension.values()) == {*DIMENSIONS, "application"}
    for feature in features:
        assert feature.name.startswith(f"{feature.dimension}_")
        assert feature.dimension in (*DIMENSIONS, "application")
        assert len(feature.label) > 5
        assert len(feature.null_means) > 5
        assert "missing" not in feature.null_means
        assert feature.reason.en[0].isupper()
        assert re.fullmatch(r"[\u4e00-\u9fff、，0-9]+", feature.reason.zh)
    assert len({feature.label for feature in features}) == len(features)
    assert len({feature.reason.zh for feature in features}) == len(features)
    assert len({feature.reason.en for feature in features}) == len(features)


def test_features_without_null_say_so(small: World) -> None:
    with engine_of(small.tables) as engine:
        frame = build(engine, small.spine(), OWN)
    for feature in OWN:
        if feature.null_means.startswith("never null"):
            assert frame[feature.name].notna().all()


def test_merchant_categories_are_unique_and_of_known_names() -> None:
    lookup = merchant_categories()
    assert lookup["mcc"].is_unique
    assert lookup["mcc"].between(1_000, 9_999).all()
    assert not lookup.isna().to_numpy().any()
    assert set(lookup["category"]) == {
        "living", "entertainment", "education", "medical", "transport", "dining", "shopping",
        "housing_utilities", "travel", "financial", "high_risk", "other",
    }  # fmt: skip


def test_the_generator_draws_on_every_window_that_features_have() -> None:
    parts = [part for f in catalogue() for part in (f.parts if isinstance(f, Expression) else (f,))]
    days = {getattr(part, "days", None) for part in parts} - {None}
    assert days <= set(WINDOWS)
    assert set(MAKE) <= set(TABLES)
