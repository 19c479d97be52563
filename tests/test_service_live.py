"""What goes on while a service answers: the log, the challenger, new artifacts, its end."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from service_client import GOLDEN, JSON, app_of, asked, folder_of, get, post, rows_of
from test_runtime import documents, save

from credit import runtime
from credit.errors import ArtifactError, LogError
from credit.runtime.signature import PublicKey, make_pair
from credit.service import shadow as shadow_module
from credit.service.app import Service, create_app, service
from credit.service.log import Entry, replay, verify
from credit.service.options import ServiceOptions

ROW: dict[str, Any] = {"income": 0.5, "night": 2, "share": 0.7, "segment": "sme"}


class Kept:
    """A log in memory, which fails while it is told to."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.fails = False

    def append(self, entries: Sequence[Entry]) -> Future[None]:
        done: Future[None] = Future()
        if self.fails:
            done.set_exception(LogError("no room on the disk"))
        else:
            self.entries += entries
            done.set_result(None)
        return done


async def lived(app: Service, bodies: Sequence[Any]) -> list[Any]:
    """Ask one after another inside the application's lifespan; end it."""
    async with app.router.lifespan_context(app):
        answers = []
        for body in bodies:
            content = json.dumps(body).encode()
            answers.append(await asked(app, "/v1/score", content, JSON, "POST"))
        await asyncio.sleep(0.01)
    return answers


# -- the decision log


def test_every_row_is_logged_as_it_was_answered() -> None:
    log = Kept()
    app = create_app(ServiceOptions(artifact=folder_of("scorecard")), log)
    rows = [{"features": ROW, "subject": "p 17"}, {"features": {**ROW, "income": None}}]
    body = {"rows": rows, "reasons": 2, "language": "zh"}
    answer = post(app, "/v1/score", body, {"x-request-id": "r1"}).json
    first, second = log.entries
    assert (first.request_id, first.role, first.subject) == ("r1", "champion", "p 17")
    assert (first.values, second.subject) == (ROW, None)
    assert first.artifact == answer["artifact"]
    assert [one.answer["points"] for one in log.entries] == [
        one["points"] for one in answer["results"]
    ]
    assert (first.answer["reasons_asked"], first.answer["language"]) == (2, "zh")
    post(app, "/v1/explain", {"features": ROW})
    names = [feature.name for feature in app.live.now.champion.features]
    inputs = [
        {"name": name, "datatype": "BYTES" if name == "segment" else "FP64",
         "shape": [1], "data": [ROW[name]]}
        for name in names
    ]  # fmt: skip
    asked_for = {"inputs": inputs, "parameters": {"subjects": ["p 18"]}}
    post(app, "/v2/models/credit/infer", asked_for)
    assert [one.subject for one in log.entries] == ["p 17", None, None, "p 18"]


def test_what_the_model_does_not_read_is_not_logged(tmp_path: Path) -> None:
    log = Kept()
    artifact = save(tmp_path / "a", documents("scorecard"))
    app = create_app(ServiceOptions(artifact=artifact), log)
    row = {"night_share": 0.5, "segment": "sme", "dropped": "not read"}
    assert post(app, "/v1/score", {"features": row}).status == 200
    assert log.entries[0].values == {"night_share": 0.5, "segment": "sme"}


def test_nothing_is_answered_that_cannot_be_logged_and_it_recovers() -> None:
    log = Kept()
    app = create_app(ServiceOptions(artifact=folder_of("scorecard")), log)
    log.fails = True
    for path in ("/v1/score", "/v1/explain"):
        answer = post(app, path, {"features": ROW})
        assert (answer.status, answer.json["error"]) == (503, "log_unavailable")
        assert answer.headers["retry-after"] == "1"
        assert b"points" not in answer.body
    assert "credit_log_failures_total 2.0" in get(app, "/metrics").body.decode()
    log.fails = False
    assert post(app, "/v1/score", {"features": ROW}).status == 200
    assert len(log.entries) == 1


def test_it_answers_unlogged_only_where_it_was_told_to() -> None:
    log = Kept()
    log.fails = True
    options = ServiceOptions(
        artifact=folder_of("scorecard"), answer_unlogged=True, log=Path("decisions")
    )
    app = create_app(options, log)
    assert post(app, "/v1/score", {"features": ROW}).status == 200
    assert "credit_log_failures_total 1.0" in get(app, "/metrics").body.decode()


def test_no_answer_goes_before_the_log_has_it() -> None:
    waiting: Future[None] = Future()

    class Slow:
        def append(self, entries: Sequence[Entry]) -> Future[None]:
            return waiting

    app = create_app(ServiceOptions(artifact=folder_of("scorecard")), Slow())

    async def check() -> None:
        body = json.dumps({"features": ROW}).encode()
        task = asyncio.create_task(asked(app, "/v1/score", body, JSON, "POST"))
        await asyncio.sleep(0.02)
        assert not task.done()
        waiting.set_result(None)
        assert (await task).status == 200

    asyncio.run(check())


def test_a_log_of_the_service_verifies_and_replays(tmp_path: Path) -> None:
    kept = GOLDEN["blended"]
    private, public = make_pair()
    (tmp_path / "private.pem").write_bytes(private)
    app = service(
        ServiceOptions(
            artifact=kept.folder,
            challenger=folder_of("boosted"),
            log=tmp_path / "decisions",
            log_key=tmp_path / "private.pem",
        )
    )
    bodies = [{"features": row, "subject": f"p{i}"} for i, row in enumerate(rows_of(kept)[:15])]
    answers = asyncio.run(lived(app, bodies))
    assert {answer.status for answer in answers} == {200}
    found = verify(tmp_path / "decisions", PublicKey.read(public))
    assert found.fault is None
    again = replay(tmp_path / "decisions", [kept.folder, folder_of("boosted")])
    assert again.differences == ()
    assert (again.decisions, again.equal) == (30, 30)


# -- the challenger


def test_the_challenger_scores_and_changes_no_answer() -> None:
    kept, log = GOLDEN["scorecard"], Kept()
    bodies = [{"features": row} for row in rows_of(kept)]
    options = ServiceOptions(artifact=kept.folder, challenger=folder_of("boosted"))
    app = create_app(options, log)
    shadowed = asyncio.run(lived(app, bodies))
    alone = [post(app_of("scorecard"), "/v1/score", body) for body in bodies]
    for one, other in zip(shadowed, alone, strict=True):
        assert {**one.json, "request_id": ""} == {**other.json, "request_id": ""}
    text = get(app, "/metrics").body.decode()
    assert f'credit_shadow_rows_total{{outcome="scored"}} {len(bodies)}.0' in text
    assert f"credit_shadow_points_apart_count {len(bodies)}.0" in text
    scorer = runtime.load(folder_of("boosted"))
    found = [one for one in log.entries if one.role == "challenger"]
    assert {one.artifact for one in found} == {scorer.sha256}
    assert [one.answer["points"] for one in found] == [
        scorer.score_one(body["features"]).points for body in bodies
    ]


def test_a_challenger_that_fails_or_is_too_slow_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = Kept()
    options = ServiceOptions(artifact=folder_of("scorecard"), challenger=folder_of("boosted"))
    app = create_app(options, log)

    def refuse(*_: object, **__: object) -> None:
        raise ArtifactError("no points")

    challenger = app.live.now.challenger
    assert challenger is not None
    monkeypatch.setattr(type(challenger), "score_one", refuse)
    monkeypatch.setattr(shadow_module, "MOST_WAITING", 20)
    for _ in range(3):  # before anything takes what waits
        assert post(app, "/v1/score", {"rows": [{"features": ROW}] * 20}).status == 200
    asyncio.run(lived(app, []))
    text = get(app, "/metrics").body.decode()
    assert 'credit_shadow_rows_total{outcome="dropped"} 40.0' in text
    assert 'credit_shadow_rows_total{outcome="unscorable"} 20.0' in text
    assert {one.role for one in log.entries} == {"champion"}


def test_what_only_the_challenger_reads_may_be_given(tmp_path: Path) -> None:
    content = documents("scorecard")
    other = save(tmp_path / "a", content)
    app = create_app(ServiceOptions(artifact=folder_of("scorecard"), challenger=other))
    more = {**ROW, "night_share": 0.5}
    answers = asyncio.run(lived(app, [{"features": ROW}, {"features": more}]))
    assert [answer.status for answer in answers] == [200, 200]
    text = get(app, "/metrics").body.decode()
    assert 'credit_shadow_rows_total{outcome="unscorable"} 1.0' in text
    assert 'credit_shadow_rows_total{outcome="scored"} 1.0' in text
    found = post(app, "/v1/score", {"features": {**ROW, "night_share": "x"}}).json
    assert found["field"] == "features.night_share"
    schema = app.openapi()["components"]["schemas"]["Features"]
    assert "night_share" in schema["properties"]
    assert "night_share" not in schema["required"]


# -- new artifacts


def put(kind: str, folder: Path) -> None:
    """Copy an artifact over another, file by file, as somebody careless would."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for file in sorted(folder_of(kind).iterdir()):
        shutil.copyfile(file, folder / file.name)


def test_a_new_artifact_is_put_in_use_and_a_bad_one_refused_under_load(tmp_path: Path) -> None:
    folder = tmp_path / "artifact"
    put("scorecard", folder)
    app = create_app(ServiceOptions(artifact=folder, reload_seconds=0.005))
    expected = {
        runtime.load(folder_of(kind)).sha256: runtime.load(folder_of(kind)).score_one(ROW).points
        for kind in ("scorecard", "boosted")
    }
    seen: list[str] = []

    async def ask() -> None:
        body = json.dumps({"features": ROW}).encode()
        while not stopped.is_set():
            answer = await asked(app, "/v1/score", body, JSON, "POST")
            assert answer.status == 200
            assert answer.json["points"] == expected[answer.json["artifact"]]
            seen.append(answer.json["artifact"])
            await asyncio.sleep(0)

    async def until(sha256: str) -> None:
        async with asyncio.timeout(20):
            while app.live.now.champion.sha256 != sha256:
                await asyncio.sleep(0.01)

    async def change() -> None:
        card, forest = expected
        async with app.router.lifespan_context(app):
            asking = [asyncio.create_task(ask()) for _ in range(3)]
            put("boosted", folder)
            await until(forest)
            (folder / "forest.json").write_bytes(b"{}")
            async with asyncio.timeout(20):
                while 'outcome="refused"' not in get_text(app):
                    await asyncio.sleep(0.01)
            assert app.live.now.champion.sha256 == forest
            put("scorecard", folder)
            await until(card)
            async with asyncio.timeout(20):
                while seen[-1] != card:
                    await asyncio.sleep(0)
            stopped.set()
            await asyncio.gather(*asking)

    def get_text(app: Service) -> str:
        return app.metrics.text().decode()

    stopped = asyncio.Event()
    asyncio.run(change())
    assert list(dict.fromkeys(seen)) == list(expected)
    assert seen[-1] == seen[0]


def test_an_artifact_must_be_signed_where_a_key_is_named(tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_text("no key")
    with pytest.raises(ArtifactError):
        create_app(ServiceOptions(artifact=folder_of("scorecard"), signed_by=key))


def test_an_artifact_that_is_gone_is_refused_and_the_old_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "artifact"
    put("scorecard", folder)
    app = create_app(ServiceOptions(artifact=folder))
    shutil.rmtree(folder)
    assert asyncio.run(app.live.reload()) is False
    assert post(app, "/v1/score", {"features": ROW}).status == 200
