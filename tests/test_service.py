"""Scoring over HTTP: what the runtime says; what is refused, by field and rule."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from golden_artifacts import KINDS, REASONS, hard_columns
from service_client import GOLDEN, JSON, app_of, asked, folder_of, get, post, rows_of
from test_runtime import documents, save

from credit import runtime
from credit.errors import ArtifactError, ConfigError
from credit.service import scoring
from credit.service.app import create_app
from credit.service.options import ListenOptions, ServiceOptions, read_keys

ROW: dict[str, Any] = {"income": 0.5, "night": 2, "share": 0.7, "segment": "sme"}
APP = app_of("scorecard")


def with_value(name: str, value: Any) -> dict[str, Any]:
    return {"features": {**ROW, name: value}}


# -- parity


@pytest.mark.parametrize("kind", KINDS)
def test_one_row_is_what_the_runtime_says(kind: str) -> None:
    """Rows on the model's own thresholds, their neighbours, signed zeros, nulls, unseen names."""
    scorer, app = runtime.load(folder_of(kind)), app_of(kind)
    columns = hard_columns(scorer, 60, 41)
    for values in zip(*columns.values(), strict=True):
        row = dict(zip(columns, values, strict=True))
        answer = post(app, "/v1/score", {"features": row}).json
        expected = scorer.score_one(row, reasons=4)
        assert answer["points"] == expected.points
        assert answer["probability"] == expected.probability
        assert answer["grade"] == expected.grade
        assert [one["excess"] for one in answer["reasons"]] == [
            one.excess for one in expected.reasons
        ]
        assert answer["artifact"] == scorer.sha256
        assert answer["engine"] == "numpy"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("by_column", [1, 1_000])
def test_many_rows_are_what_they_were_when_the_artifact_was_written(
    kind: str, by_column: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "_BY_COLUMN", by_column)
    kept, app = GOLDEN[kind], app_of(kind)
    rows = [{"features": row} for row in rows_of(kept)]
    results = post(app, "/v1/score", {"rows": rows, "reasons": REASONS}).json["results"]
    assert [one["points"] for one in results] == kept.expected["points"]
    assert [one["grade"] for one in results] == kept.expected["grade"]
    found = [one["probability"] for one in results]
    assert found == pytest.approx(kept.expected["probability"], rel=0, abs=1e-12)
    reasons = [[reason["feature"] for reason in one["reasons"]] for one in results]
    assert reasons == kept.expected["reasons"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_inference_protocol_gives_the_same(kind: str) -> None:
    kept, app = GOLDEN[kind], app_of(kind)
    described = get(app, "/v2/models/credit").json
    size = len(kept.expected["points"])
    inputs = [
        {**one, "shape": [size], "data": kept.columns[one["name"]]} for one in described["inputs"]
    ]
    answer = post(app, "/v2/models/credit/infer", {"id": "x 1", "inputs": inputs}).json
    outputs = {one["name"]: one["data"] for one in answer["outputs"]}
    assert outputs["points"] == kept.expected["points"]
    assert outputs["grade"] == kept.expected["grade"]
    assert outputs["probability"] == pytest.approx(kept.expected["probability"], abs=1e-12)
    assert answer["id"] == "x 1"
    assert answer["model_version"] == described["versions"][0]
    chosen = {"inputs": inputs, "outputs": [{"name": "points"}]}
    found = post(app, "/v2/models/credit/infer", chosen).json["outputs"]
    assert [one["name"] for one in found] == ["points"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_explanation_adds_up_to_the_margin(kind: str) -> None:
    scorer = runtime.load(folder_of(kind))
    answer = post(app_of(kind), "/v1/explain", {"features": ROW, "reasons": 2}).json
    margin = scorer.score_one(ROW).margin
    assert answer["margin"] == margin
    total = answer["base"] + sum(answer["contributions"].values())
    assert total == pytest.approx(margin, abs=1e-9)
    assert list(answer["contributions"]) == [feature.name for feature in scorer.features]
    assert len(answer["reasons"]) <= 2


def test_reasons_come_in_the_language_and_the_number_asked_for() -> None:
    body = {"features": {**ROW, "night": 5}, "reasons": 64}
    english = post(APP, "/v1/score", body).json["reasons"]
    chinese = post(APP, "/v1/score", {**body, "language": "zh"}).json["reasons"]
    assert {one["text"] for one in english} > {"Payments at night"}
    assert {one["text"] for one in chinese} > {"夜间支付"}
    assert [one["excess"] for one in english] == [one["excess"] for one in chinese]
    assert post(APP, "/v1/score", {**body, "reasons": 0}).json["reasons"] == []
    assert len(post(APP, "/v1/score", {**body, "reasons": 1.0}).json["reasons"]) == 1


def test_what_training_never_saw_is_scored_and_warned_of() -> None:
    body = {"features": {**ROW, "income": 77.0, "segment": "nobody's"}}
    answer = post(APP, "/v1/score", body).json
    assert answer["warnings"] == [
        {"field": "features.income", "rule": "outside the range seen in training"},
        {"field": "features.segment", "rule": "a name never seen in training"},
    ]
    assert post(APP, "/v1/score", {"features": {**ROW, "night": -9}}).json["warnings"] == []


# -- what is refused

BAD: list[tuple[bytes | dict[str, Any], int, str, str | None]] = [
    (b"", 400, "bad_json", None),
    (b"{", 400, "bad_json", None),
    (b"\xff\xfe{\x00}\x00", 400, "bad_json", None),
    (b"\xef\xbb\xbf{}", 400, "bad_json", None),
    (b"[" * 200_000, 400, "too_deep", None),
    (b'{"a":' * 100_000, 400, "too_deep", None),
    (b'{"features":{"income":' + b"1" * 5_000 + b"}}", 400, "bad_json", None),
    (b'{"features":{"income":NaN}}', 400, "bad_number", "features.income"),
    (b'{"features":{"income":-Infinity}}', 400, "bad_number", "features.income"),
    (b'{"rows":[{"features":{"income":1}},{"features":{"income":NaN}}]}', 400, "bad_number",
     "rows[1].features.income"),
    (b'{"features":{"income":NaN}', 400, "bad_number", None),
    (b'{"features":{"income":1,"income":2}}', 400, "key_twice", "income"),
    (b'{"features":{},"features":{}}', 400, "key_twice", "features"),
    (b"[]", 422, "wrong_type", "body"),
    (b"null", 422, "wrong_type", "body"),
    ({}, 422, "missing_field", "features"),
    ({"features": []}, 422, "wrong_type", "features"),
    ({"features": {}}, 422, "missing_field", "features.income"),
    ({"features": ROW, "more": 1}, 422, "unknown_field", "more"),
    ({"features": {**ROW, "more": 1}}, 422, "unknown_field", "features.more"),
    ({"features": {**ROW, "x" * 900: 1}}, 422, "unknown_field", "features." + "x" * 80 + "..."),
    (with_value("income", "1"), 422, "wrong_type", "features.income"),
    (with_value("income", True), 422, "wrong_type", "features.income"),
    (with_value("income", [1]), 422, "wrong_type", "features.income"),
    (with_value("income", {"a": 1}), 422, "wrong_type", "features.income"),
    (with_value("income", 10**400), 422, "out_of_range", "features.income"),
    (with_value("share", 1.0000001), 422, "out_of_range", "features.share"),
    (with_value("share", -1e-9), 422, "out_of_range", "features.share"),
    (with_value("segment", 3), 422, "wrong_type", "features.segment"),
    (with_value("segment", "x" * 257), 422, "out_of_range", "features.segment"),
    (with_value("segment", "\ud800"), 422, "out_of_range", "features.segment"),
    ({"features": ROW, "subject": 17}, 422, "wrong_type", "subject"),
    ({"features": ROW, "subject": ""}, 422, "wrong_type", "subject"),
    ({"features": ROW, "subject": "\udfff"}, 422, "wrong_type", "subject"),
    ({"features": ROW, "reasons": -1}, 422, "out_of_range", "reasons"),
    ({"features": ROW, "reasons": 1.5}, 422, "out_of_range", "reasons"),
    ({"features": ROW, "reasons": True}, 422, "out_of_range", "reasons"),
    ({"features": ROW, "reasons": 65}, 422, "out_of_range", "reasons"),
    ({"features": ROW, "language": "fr"}, 422, "unknown_choice", "language"),
    ({"rows": []}, 422, "out_of_range", "rows"),
    ({"rows": ROW}, 422, "out_of_range", "rows"),
    ({"rows": [ROW]}, 422, "missing_field", "rows[0].features"),
    ({"rows": [{"features": ROW}, 1]}, 422, "wrong_type", "rows[1]"),
    ({"rows": [{"features": ROW}], "features": ROW}, 422, "unknown_field", "features"),
    ({"rows": [{"features": ROW}] * 1_001}, 422, "out_of_range", "rows"),
    (
        {"rows": [{"features": ROW}, {"features": {**ROW, "share": 7}}]},
        422, "out_of_range", "rows[1].features.share",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("body", "status", "error", "field"), BAD)
def test_a_bad_body_is_refused_by_field_and_rule(
    body: bytes | dict[str, Any], status: int, error: str, field: str | None
) -> None:
    answer = post(APP, "/v1/score", body, {"x-request-id": "r-1"})
    assert answer.status == status
    found = answer.json
    assert set(found) == {"error", "field", "rule", "way_out", "request_id"}
    assert (found["error"], found["field"]) == (error, field)
    assert found["rule"].endswith(".")
    assert found["request_id"] == answer.headers["x-request-id"] == "r-1"


def test_a_number_beyond_a_double_is_refused_by_its_field() -> None:
    text = json.dumps({"features": ROW}).replace("0.5", "1e999").encode()
    found = post(APP, "/v1/score", text)
    assert (found.status, found.json["field"]) == (422, "features.income")
    body = with_value("income", 3.5e38)  # no float32
    assert post(APP, "/v1/score", body).status == 200
    assert post(app_of("boosted"), "/v1/score", body).json["field"] == "features.income"


def test_a_misspelled_feature_is_told_what_was_meant() -> None:
    row = {"incme" if name == "income" else name: value for name, value in ROW.items()}
    found = post(APP, "/v1/score", {"features": row}).json
    assert found["field"] == "features.income"
    assert "Did you mean 'income'?" in found["way_out"]


def test_a_name_that_may_not_be_new_is_refused(tmp_path: Path) -> None:
    content = documents("scorecard")
    content["manifest.json"]["features"][1]["unknown_category"] = "refuse"
    app = create_app(ServiceOptions(artifact=save(tmp_path / "a", content)))
    row = {"night_share": 0.5, "segment": "never"}
    found = post(app, "/v1/score", {"features": row}).json
    assert (found["error"], found["field"]) == ("unknown_choice", "features.segment")
    fine = {"night_share": -9, "segment": None, "dropped": "not read"}
    assert post(app, "/v1/score", {"features": fine}).status == 200
    found = post(app, "/v1/score", {"features": {**fine, "dropped": [1]}}).json
    assert found["field"] == "features.dropped"


BAD_INPUTS: list[tuple[Any, str]] = [
    ({}, "inputs"),
    ({"inputs": {}}, "inputs"),
    ({"inputs": [1]}, "inputs[0]"),
    ({"inputs": [{"name": "nothing", "datatype": "FP64", "shape": [1], "data": [1]}]},
     "inputs[0].name"),
    ({"inputs": [{"name": "income", "datatype": "BYTES", "shape": [1], "data": [1]}]},
     "inputs[0].datatype"),
    ({"inputs": [{"name": "income", "datatype": "FP64", "shape": [2], "data": [1]}]},
     "inputs[0].shape"),
    ({"inputs": [{"name": "income", "datatype": "FP64", "shape": [1, 1], "data": [1]}]},
     "inputs[0].shape"),
    ({"inputs": [{"name": "income", "datatype": "FP64", "shape": [1], "data": [1]}]},
     "rows[0].night"),
    ({"inputs": [{"name": "income", "datatype": "FP64", "shape": [1], "data": [1]}] * 2},
     "inputs[1].name"),
    ({"inputs": [], "outputs": [{"name": "x"}]}, "outputs[0].name"),
    ({"inputs": [], "parameters": {"subjects": ["a"]}}, "parameters.subjects"),
    ({"inputs": [], "id": 7}, "id"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "field"), BAD_INPUTS)
def test_bad_inputs_of_the_protocol_are_refused_by_field(body: Any, field: str) -> None:
    answer = post(APP, "/v2/models/credit/infer", body)
    assert (answer.status, answer.json["field"]) == (422, field)


def test_another_model_is_not_here() -> None:
    for path in ("/v2/models/other", "/v2/models/other/ready"):
        assert get(APP, path).json["error"] == "unknown_model"
    assert post(APP, "/v2/models/other/infer", {}).status == 404


def test_a_row_without_points_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ArtifactError("a margin of 7.25e+99 has no whole points")

    monkeypatch.setattr(scoring, "scored", refuse)
    answer = post(APP, "/v1/score", {"features": ROW})
    assert (answer.status, answer.json["error"]) == (422, "no_score")
    assert b"7.25" not in answer.body


# -- methods, headers, limits, keys


def test_other_methods_and_paths_are_refused_in_the_same_shape() -> None:
    answer = get(APP, "/v1/score")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert get(APP, "/v2/models/credit/infer").status == 405
    for path in ("/v1/nothing", "/v1/score/", "/v2/models/credit/", "/docs"):
        answer = get(APP, path)
        assert (answer.status, answer.json["error"]) == (404, "no_such_way")
        assert answer.json["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    "headers",
    [{"content-type": "text/plain"}, {"content-type": ""}, {"content-encoding": "gzip"}],
)
def test_only_plain_json_is_read(headers: dict[str, str]) -> None:
    answer = post(APP, "/v1/score", {"features": ROW}, headers)
    assert (answer.status, answer.json["field"]) == (415, "content-type")
    fine = {"content-type": "Application/JSON; charset=utf-8"}
    assert post(APP, "/v1/score", {"features": ROW}, fine).status == 200


def test_request_ids_are_kept_given_or_refused() -> None:
    first, second = (post(APP, "/v1/score", {"features": ROW}).json for _ in range(2))
    assert first["request_id"] != second["request_id"]
    given = post(APP, "/v1/score", {"features": ROW}, {"x-request-id": "A.b-3_"})
    assert given.json["request_id"] == given.headers["x-request-id"] == "A.b-3_"
    for bad in ("", "a b", "x" * 65, "\xe9"):
        answer = post(APP, "/v1/score", {"features": ROW}, {"x-request-id": bad})
        assert (answer.status, answer.json["field"]) == (400, "x-request-id")


def test_a_body_that_is_too_large_is_not_read_to_its_end() -> None:
    app = app_of("scorecard", max_body=300)
    body = json.dumps({"features": ROW}).encode()
    assert post(app, "/v1/score", body).status == 200
    assert post(app, "/v1/score", [body[:9], body[9:40], body[40:]]).status == 200
    stated = post(app, "/v1/score", b"", {"content-length": "301"})
    assert (stated.status, stated.headers["connection"]) == (413, "close")
    assert post(app, "/v1/score", b"", {"content-length": "9" * 400}).status == 413
    parts = [b" " * 200] * 50
    assert post(app, "/v1/score", parts).json["error"] == "too_large"
    assert post(app, "/v1/score", b" " * 301).status == 413


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    app = app_of("scorecard", body_seconds=0.01)

    async def receive_slowly() -> dict[str, Any]:
        if not begun:
            begun.append(True)
            return {"type": "http.request", "body": b"{", "more_body": True}
        await asyncio.sleep(5)
        raise AssertionError

    begun: list[bool] = []
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "path": "/v1/score", "method": "POST",
             "headers": [(b"content-type", b"application/json")]}  # fmt: skip
    asyncio.run(app(scope, receive_slowly, send))
    assert sent[0]["status"] == 408


def test_a_caller_who_hangs_up_is_not_answered() -> None:
    app = app_of("scorecard")

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        raise AssertionError(message)

    scope = {"type": "http", "path": "/v1/score", "method": "POST",
             "headers": [(b"content-type", b"application/json")]}  # fmt: skip
    asyncio.run(app(scope, gone, send))


def test_a_key_opens_what_a_wrong_one_does_not() -> None:
    keys = ("a-key-of-some-length", "another-long-key-too")
    app = app_of("scorecard", api_keys=keys)
    for headers in ({}, {"x-api-key": "wrong"}, {"authorization": "Basic abc"}):
        answer = post(app, "/v1/score", {"features": ROW}, headers)
        assert (answer.status, answer.json["error"]) == (401, "no_key")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert post(app, "/v2/models/credit/infer", {}).status == 401
    assert get(app, "/openapi.json").status == 401
    for key in keys:
        for headers in ({"x-api-key": key}, {"authorization": f"bearer {key}"}):
            assert post(app, "/v1/score", {"features": ROW}, headers).status == 200
    for path in ("/v2/health/live", "/v2/health/ready", "/metrics"):
        assert get(app, path).status == 200


def test_keys_are_read_from_a_file_or_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("first-key-of-length\n\nsecond-key-of-length \n", encoding="utf-8")
    assert read_keys(None, file) == ("first-key-of-length", "second-key-of-length")
    assert read_keys("first-key-of-length", None) == ("first-key-of-length",)
    assert read_keys(None, None) == ()
    with pytest.raises(ConfigError, match="give one of them"):
        read_keys("first-key-of-length", file)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_keys(None, tmp_path / "absent")
    for text in ("short", "键" * 20):
        with pytest.raises(ConfigError, match="16 printable ASCII") as caught:
            read_keys(text, None)
        assert text not in str(caught.value)
    file.write_text("\n")
    with pytest.raises(ConfigError, match="empty"):
        read_keys(None, file)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"port": 65_536}, "--port"),
        ({"workers": 0}, "--workers"),
        ({"grace_seconds": -1}, "--grace-seconds"),
        ({"tls_key": Path("k")}, "go together"),
        ({"tls_key": Path("k"), "tls_certificate": Path("c")}, "--tls-certificate 'c'"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        ListenOptions(**options)
    with pytest.raises(ConfigError, match="max_rows must be at least 1, got 0"):
        ServiceOptions(artifact=Path("a"), max_rows=0)
    with pytest.raises(ConfigError, match="need --log"):
        ServiceOptions(artifact=Path("a"), answer_unlogged=True)


# -- nothing of a person leaves by another door


def test_no_value_is_in_an_error_a_metric_or_a_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    app = app_of("scorecard")
    planted = ["Zhang San 19800101", "8613900001111", "77.123456789"]
    bodies: list[Any] = [
        with_value("income", planted[0]),
        with_value("income", [planted[0]]),
        with_value("share", 77.123456789),
        with_value("segment", planted[0] + "\ud800"),
        {"features": ROW, "subject": [planted[1]]},
        {"features": ROW, "language": planted[0]},
        {"features": ROW, "reasons": 77.123456789},
        json.dumps(with_value("income", planted[0])).encode()[:-1],
    ]
    for body in bodies:
        answer = post(app, "/v1/score", body)
        assert 400 <= answer.status < 500
        assert not [value for value in planted if value.encode() in answer.body]
    fine = {"features": {**ROW, "income": 77.123456789, "segment": planted[0]},
            "subject": planted[1]}  # fmt: skip
    answer = post(app, "/v1/score", fine)
    assert answer.status == 200
    assert not [value for value in planted if value.encode() in answer.body]

    def fail(*_: object) -> None:
        raise RuntimeError(f"unforeseen, with {planted[0]}")

    monkeypatch.setattr(scoring, "scored", fail)
    answer = post(app, "/v1/score", fine)
    assert (answer.status, answer.json["error"]) == (500, "internal_error")
    said = caplog.text + get(app, "/metrics").body.decode() + answer.body.decode()
    assert "RuntimeError" in caplog.text
    assert not [value for value in planted if value in said]


def test_what_is_counted() -> None:
    app = app_of("scorecard")
    post(app, "/v1/score", {"rows": [{"features": {**ROW, "income": 99}}] * 3})
    post(app, "/v1/score", {})
    text = get(app, "/metrics").body.decode()
    assert 'credit_requests_total{route="/v1/score",status="200"} 1.0' in text
    assert 'credit_requests_total{route="/v1/score",status="422"} 1.0' in text
    assert 'credit_warnings_total{feature="income"} 3.0' in text
    assert re.search(r'credit_scored_rows_total\{grade="[A-I]"\} 3\.0', text)
    sha256 = app.live.now.champion.sha256
    assert f'credit_artifact{{role="champion",sha256="{sha256}"}} 1.0' in text
    assert 'credit_request_seconds_count{route="/v1/score"} 2.0' in text


def test_health_and_metadata() -> None:
    assert get(APP, "/v2/health/live").json == {"live": True}
    assert get(APP, "/v2/health/ready").json == {"ready": True}
    assert get(APP, "/v2").json["name"] == "credit"
    assert get(APP, "/v2/models/credit/ready").json == {"name": "credit", "ready": True}
    manifest = get(APP, "/v1/artifact").json
    assert manifest["sha256"] == APP.live.now.champion.sha256
    assert manifest["manifest"]["kind"] == "scorecard"


def test_requests_side_by_side_are_answered_each_with_its_own() -> None:
    """One event loop, many requests at once: ids and points are not mixed."""
    kept, app = GOLDEN["scorecard"], app_of("scorecard")

    async def all_at_once() -> list[Any]:
        return await asyncio.gather(
            *(
                asked(app, "/v1/score", json.dumps({"features": row}).encode(),
                      {**JSON, "x-request-id": f"n{i}"}, "POST")
                for i, row in enumerate(rows_of(kept))
            )
        )  # fmt: skip

    answers = [answer.json for answer in asyncio.run(all_at_once())]
    assert [one["request_id"] for one in answers] == [f"n{i}" for i in range(len(answers))]
    assert [one["points"] for one in answers] == kept.expected["points"]


FRESH = """
import sys
import credit.service, credit.service.app, credit.service.serve
from credit.service.options import ServiceOptions
from pathlib import Path
app = credit.service.app.create_app(ServiceOptions(artifact=Path(sys.argv[1])))
heavy = {"pandas", "sklearn", "mlflow", "shap", "scipy", "numba", "xgboost", "duckdb", "pyarrow"}
print(sorted(name for name in sys.modules if name.partition(".")[0] in heavy))
"""


def test_a_service_is_light() -> None:
    """In a fresh process an application is made without any of the training's libraries."""
    done = subprocess.run(
        [sys.executable, "-c", FRESH, str(folder_of("boosted"))],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"


def test_no_code_is_read_from_anywhere() -> None:
    """No pickle, eval, exec or import by name in the rooms that a request passes through."""
    import credit.runtime
    import credit.service

    forbidden = re.compile(r"\b(pickle|marshal|shelve|eval|exec|compile|__import__|importlib)\b\(?")
    for package in (credit.runtime, credit.service):
        for path in Path(str(package.__file__)).parent.rglob("*.py"):
            code = re.sub(r"re\.compile|\"\"\".*?\"\"\"|#[^\n]*", "", path.read_text("utf-8"),
                          flags=re.DOTALL)  # fmt: skip
            found = [one for one in forbidden.findall(code) if f"{one}(" in code or "import" in one]
            assert not found, path
