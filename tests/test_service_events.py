"""Scores from a person's raw events: the row of a batch, and what is refused, by table and rule."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import REPOSITORY
from feature_tables import engine_of, random_world
from jsonschema import Draft202012Validator
from service_client import post
from test_runtime import documents, save

from credit.features import available, build, catalogue, chosen
from credit.pipeline.config import load
from credit.pipeline.online import PersonRows, looks_at_own
from credit.service.app import Service, create_app
from credit.service.options import ServiceOptions

WORLD = random_world(5)


@pytest.fixture(scope="module")
def maker() -> PersonRows:
    return PersonRows(load(REPOSITORY / "pipelines" / "weilidai.toml"))


def events_of(person: Any) -> dict[str, list[dict[str, Any]]]:
    """Return the person's own events of the world, as a request holds them."""
    return {
        name: [
            {key: value for key, value in row.items() if key != "customer_id"}
            for row in rows if row.get("customer_id") == person
        ]
        for name, rows in WORLD.tables.items() if any("customer_id" in row for row in rows)
    }  # fmt: skip


def test_a_row_of_raw_events_is_the_row_of_the_batch(maker: PersonRows) -> None:
    everything = catalogue()
    own = [f.name for f in everything if looks_at_own(f, everything)]
    assert len(own) > 200
    assert maker.makes(everything.names) == own
    spine = WORLD.spine()
    known = {row["customer_id"] for row in WORLD.tables["customers"]}
    spine = spine[spine["customer_id"].isin(known)].head(2)
    with engine_of(WORLD.tables) as engine:
        # A few of every dimension: a plan of all of them takes a minute.
        present = features_here(engine)
        here = [name for name in own if name in present][::12]
        batch = build(engine, spine, chosen(everything, here)).set_index("observation_id")
    for row in spine.itertuples():
        one = maker.row(str(row.customer_id), int(row.as_of), events_of(row.customer_id), here)
        for name, value in batch.loc[row.observation_id].items():
            assert (one[name] is None) == pd.isna(value), name
            if one[name] is not None:
                assert one[name] == (
                    value if isinstance(value, str) else pytest.approx(value, rel=1e-12)
                ), name


def features_here(engine: Any) -> set[str]:
    return set(available(catalogue(), {n: list(engine.columns(n)) for n in engine.tables}).names)


NAME = "payment_night_share_90d"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, maker: PersonRows) -> Service:
    """Return a service whose card reads a feature of payments and one that is given."""
    text = json.dumps(documents("scorecard")).replace('"night_share"', f'"{NAME}"')
    folder = save(tmp_path_factory.mktemp("artifact") / "a", json.loads(text))
    return create_app(ServiceOptions(artifact=folder), maker=maker)


def asked(person: int, **more: Any) -> dict[str, Any]:
    return {
        "subject": str(person), "as_of": WORLD.as_of[person], "events": events_of(person),
        "features": {"segment": "sme"}, **more,
    }  # fmt: skip


def test_events_are_scored_as_their_row_is(app: Service, maker: PersonRows) -> None:
    person = next(row["customer_id"] for row in WORLD.tables["customers"])
    answer = post(app, "/v1/score/events", asked(person))
    assert answer.status == 200, answer.body
    made = maker.row(str(person), WORLD.as_of[person], events_of(person), [NAME])
    assert answer.json["features"] == {**made, "segment": "sme"}
    row = {"features": answer.json["features"], "subject": str(person)}
    other = post(app, "/v1/score", row).json
    for name in ("points", "probability", "grade", "reasons", "artifact"):
        assert answer.json[name] == other[name]


PAYMENT: dict[str, Any] = {
    "payment_id": 1, "event_time": 1_700_000_000_000_000, "available_at": 1_700_000_000_000_000,
    "direction": "out", "amount_fen": 1_000, "status": "ok", "mcc": 5411,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "field", "error"),
    [
        ({"subject": 7}, "subject", "wrong_type"),
        ({"as_of": "2024-03-01"}, "as_of", "out_of_range"),
        ({"as_of": 2**60}, "as_of", "out_of_range"),
        ({"events": []}, "events", "wrong_type"),
        ({"events": {"nothing": []}}, "events.nothing", "unknown_field"),
        ({"events": {"payments": {}}}, "events.payments", "wrong_type"),
        ({"events": {"payments": [1]}}, "events.payments[0]", "wrong_type"),
        ({"features": {}}, "features.segment", "missing_field"),
        ({"features": {NAME: 0.5, "segment": None}}, f"features.{NAME}", "unknown_field"),
        ({"reasons": -1}, "reasons", "out_of_range"),
    ],
)
def test_bad_requests_are_refused_by_field(
    app: Service, change: dict[str, Any], field: str, error: str
) -> None:
    answer = post(app, "/v1/score/events", asked(1, **change))
    assert (answer.status, answer.json["field"], answer.json["error"]) == (422, field, error)


@pytest.mark.parametrize(
    ("change", "column", "error"),
    [
        ({"amount_fen": 10.5}, "[0].amount_fen", "wrong_type"),
        ({"amount_fen": None}, "[0].amount_fen", "wrong_type"),
        ({"amount_fen": "Zhang San"}, "[0].amount_fen", "wrong_type"),
        ({"customer_id": 5}, "[0].customer_id", "unknown_field"),
        ({"direction": "\ud800"}, "[0].direction", "wrong_type"),
        ({"amount_fen": -77_123}, ".amount_fen", "bad_events"),
        ({"available_at": 1_600_000_000_000_000}, ".event_time, available_at", "bad_events"),
    ],
)
def test_bad_events_are_refused_by_column_and_never_shown(
    app: Service, change: dict[str, Any], column: str, error: str
) -> None:
    body = asked(1, events={"payments": [{**PAYMENT, **change}]})
    answer = post(app, "/v1/score/events", body)
    assert answer.status == 422
    assert (answer.json["field"], answer.json["error"]) == (f"events.payments{column}", error)
    assert not [v for v in (b"Zhang", b"77123", b"77_123", b"16000000") if v in answer.body]


def test_keys_of_two_types_are_refused(app: Service) -> None:
    events = {"payments": [PAYMENT, {**PAYMENT, "payment_id": "two"}]}
    answer = post(app, "/v1/score/events", asked(1, events=events))
    assert (answer.status, answer.json["field"]) == (422, "events.payments.payment_id")


def test_the_document_says_which_events_and_which_features(app: Service) -> None:
    schema = app.openapi()["components"]["schemas"]["Person"]
    assert list(schema["properties"]["features"]["properties"]) == ["segment"]
    assert "features" in schema["required"]
    payment = schema["properties"]["events"]["properties"]["payments"]["items"]
    assert "customer_id" not in payment["properties"]
    assert payment["additionalProperties"] is False
    Draft202012Validator({**app.openapi(), "$ref": "#/components/schemas/Person"}).validate(
        asked(1)
    )


def test_without_a_pipeline_there_is_no_such_way(tmp_path: Path) -> None:
    folder = save(tmp_path / "a", documents("scorecard"))
    app = create_app(ServiceOptions(artifact=folder))
    assert post(app, "/v1/score/events", asked(1)).status == 404
