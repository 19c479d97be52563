"""The OpenAPI document: exact, so that what it refuses is refused, and what it allows is scored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from golden_artifacts import KINDS
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode
from service_client import GOLDEN, app_of, get, post, rows_of
from test_runtime import documents, save

from credit.service.app import Service, create_app
from credit.service.options import ServiceOptions


def validator(app: Service, name: str) -> Draft202012Validator:
    schema = {**app.openapi(), "$ref": f"#/components/schemas/{name}"}
    return Draft202012Validator(schema)


@pytest.mark.parametrize("kind", KINDS)
def test_golden_rows_and_their_answers_are_what_the_document_says(kind: str) -> None:
    app = app_of(kind)
    one, score = validator(app, "One"), validator(app, "Score")
    for row in rows_of(GOLDEN[kind])[:20]:
        body = {"features": row, "language": "zh", "reasons": 3}
        one.validate(body)
        score.validate(post(app, "/v1/score", body).json)
        validator(app, "Explanation").validate(post(app, "/v1/explain", body).json)
    many = {"rows": [{"features": row} for row in rows_of(GOLDEN[kind])]}
    validator(app, "OneOrMany").validate(many)
    validator(app, "Scores").validate(post(app, "/v1/score", many).json)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5), st.sampled_from(["sme", "n/a", -9, -9.0, 0.5, 1, -0.0, 3.5e38, 10**309]),
    st.lists(st.none(), max_size=1), st.dictionaries(st.text(max_size=2), st.none(), max_size=1),
)  # fmt: skip
BODIES = st.fixed_dictionaries(
    {"features": st.fixed_dictionaries(
        {"night": VALUES, "segment": VALUES}, optional={"income": VALUES, "share": VALUES}
    )},
    optional={"reasons": VALUES, "language": VALUES, "subject": VALUES, "more": VALUES},
)  # fmt: skip


@pytest.mark.parametrize("kind", ["scorecard", "boosted"])
def test_a_body_is_scored_exactly_where_the_document_allows_it(kind: str) -> None:
    app = app_of(kind)
    allows = validator(app, "OneOrMany")
    usual = {"income": 0.5, "night": 2, "share": 0.7, "segment": "sme"}

    @settings(max_examples=60)
    @given(BODIES)
    def check(body: dict[str, Any]) -> None:
        filled = {**body, "features": {**usual, **body["features"]}}
        for asked in (body, filled):
            answer = post(app, "/v1/score", asked)
            assert answer.status in {200, 422}
            assert (answer.status == 200) == allows.is_valid(asked), answer.body

    check()


def test_ranges_codes_names_and_unused_columns_are_in_the_document(tmp_path: Path) -> None:
    content = documents("scorecard")
    features = content["manifest.json"]["features"]
    features[0]["hard_range"], features[1]["unknown_category"] = [0, 1], "refuse"
    app = create_app(ServiceOptions(artifact=save(tmp_path / "a", content)))
    schema = app.openapi()["components"]["schemas"]["Features"]
    night, segment = schema["properties"]["night_share"], schema["properties"]["segment"]
    ranged, codes = night["anyOf"]
    assert (ranged["minimum"], ranged["maximum"], codes["enum"]) == (0, 1, [-9.0])
    assert None in segment["enum"]
    assert schema["additionalProperties"] is False
    assert "dropped" in schema["properties"]
    assert "dropped" not in schema["required"]
    assert "null:" in night["description"]


def test_the_document_is_served_and_states_limits_and_keys() -> None:
    key = "a-key-of-some-length"
    app = app_of("scorecard", max_rows=7, api_keys=(key,))
    found = get(app, "/openapi.json", {"x-api-key": key}).json
    assert found["components"]["schemas"]["Many"]["properties"]["rows"]["maxItems"] == 7
    assert found["paths"]["/v1/score"]["post"]["security"] == [{"key": []}, {"bearer": []}]
    assert "security" not in found["paths"]["/metrics"]["get"]
    assert app.live.now.champion.sha256 in found["info"]["description"]
    operations = [one["operationId"] for way in found["paths"].values() for one in way.values()]
    assert len(set(operations)) == len(operations)


UNWRITTEN = "/v2/models/{name}/infer"
"""What JSON Schema cannot say of it: that each input is there once, and all have one length."""


def failures(app: Service, mode: GenerationMode, examples: int) -> list[str]:
    """Let schemathesis ask every way that has a body; return what it found wrong.

    In negative mode it asks what the document refuses, and nothing may be answered; in
    positive mode what the document allows, and everything must be.
    """
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    found: list[str] = []
    for result in schema.include(method="POST").get_all_operations():
        operation = result.ok()
        if operation.path == UNWRITTEN and mode is GenerationMode.POSITIVE:
            continue

        @settings(
            max_examples=examples, derandomize=True, database=None, deadline=None,
            phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            try:
                case.call_and_validate()
            except schemathesis.errors.FailureGroup as group:
                found.extend(f"{case.formatted_path}: {one}" for one in group.exceptions)

        ask()
    return found


@pytest.mark.parametrize("mode", [GenerationMode.NEGATIVE, GenerationMode.POSITIVE])
def test_schemathesis_finds_nothing(mode: GenerationMode) -> None:
    """No server error, no silent success, no refusal of what is allowed, nothing undocumented."""
    found = failures(app_of("boosted"), mode, 6)
    assert not found, found[:3]
