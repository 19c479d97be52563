"""The application: every way into the service, in a FastAPI shell.

FastAPI routes, answers what is on no way, and keeps the lifespan. A way whose path is fixed is
answered straight by its gate: FastAPI's own handling of a request costs three times what the
server and the gate cost together (benchmarks/http.py measures both).
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response

from credit.runtime.signature import PrivateKey
from credit.service.document import document
from credit.service.events import Events, RowMaker
from credit.service.gate import (
    Call,
    Gate,
    Receive,
    RequestIds,
    Rules,
    Scope,
    Send,
    Way,
    encode,
    encode_error,
)  # fmt: skip
from credit.service.live import Live
from credit.service.log import DecisionLog, Log, LogOptions
from credit.service.metrics import CONTENT_TYPE, Metrics
from credit.service.options import ServiceOptions
from credit.service.protocol import Protocol
from credit.service.refusal import RequestError
from credit.service.scoring import Scoring
from credit.service.shadow import Shadow


class Service(FastAPI):
    """A scoring service; make one with `create_app`.

    Attributes
    ----------
    live : Live
        The artifacts in use.
    metrics : Metrics
    ways : list of Way
    asked : ServiceOptions
    maker : RowMaker or None
    direct : dict of str to Gate
        The gates of fixed paths.
    """

    live: Live
    metrics: Metrics
    ways: list[Way]
    asked: ServiceOptions
    maker: RowMaker | None
    direct: dict[str, Gate]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer straight by the gate of a fixed path, else as FastAPI does."""
        gate = self.direct.get(scope["path"]) if scope["type"] == "http" else None
        if gate is None:
            await super().__call__(scope, receive, send)
        else:
            await gate(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document of the artifact in use."""
        return document(self.ways, self.live.now, self.asked, self.maker)


def create_app(
    options: ServiceOptions, log: Log | None = None, maker: RowMaker | None = None
) -> Service:
    """Return the ASGI application of a service.

    Parameters
    ----------
    options : ServiceOptions
    log : Log, optional
        Where each answer is kept before it is given.
    maker : RowMaker, optional
        Makes features of a person's own events; without it only features are scored.

    Raises
    ------
    ArtifactError
        An artifact cannot be loaded.
    """
    metrics = Metrics()
    live = Live(options, lambda how: _note_reload(metrics, app.live, how))
    shadow = Shadow(metrics, log) if options.challenger is not None else None
    app = Service(
        openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False,
        lifespan=lambda _: _lifespan(live, shadow, log, options.reload_seconds),
        exception_handlers={404: _on_no_way},
    )  # fmt: skip
    app.live, app.metrics, app.asked, app.maker = live, metrics, options, maker
    scoring = Scoring(live, options, metrics, log, shadow)
    app.ways = _ways(app, scoring, Protocol(live, scoring, options.max_rows))
    rules = Rules(
        keys=tuple(key.encode() for key in options.api_keys),
        max_body=options.max_body,
        body_seconds=options.body_seconds,
    )
    gates = {way.path: Gate(way, rules, metrics) for way in app.ways}
    app.direct = {path: gate for path, gate in gates.items() if "{" not in path}
    for path, gate in gates.items():
        if "{" in path:
            app.router.add_route(path, gate)  # type: ignore[arg-type]  # or an ASGI application
    _note_reload(metrics, live, "done")
    return app


def service(options: ServiceOptions, maker: RowMaker | None = None) -> Service:
    """Return the application with everything it needs opened: what a server process runs."""
    log = None
    if options.log is not None:
        key = None if options.log_key is None else PrivateKey.read(options.log_key)
        log = DecisionLog(options.log, LogOptions(key=key))
    return create_app(options, log, maker)


def _note_reload(metrics: Metrics, live: Live, how: str) -> None:
    """Count a try to reload, and say which artifacts are in use."""
    metrics.reloads.labels(how).inc()
    metrics.artifact.clear()
    metrics.artifact.labels("champion", live.now.champion.sha256).set(1)
    if live.now.challenger is not None:
        metrics.artifact.labels("challenger", live.now.challenger.sha256).set(1)


def _ways(app: Service, scoring: Scoring, protocol: Protocol) -> list[Way]:
    async def openapi(call: Call) -> str:
        """Answer ``/openapi.json``: this document."""
        del call
        return encode(app.openapi())

    async def counted(call: Call) -> bytes:
        """Answer ``/metrics``, in the form of Prometheus."""
        del call
        return app.metrics.text()

    async def artifact(call: Call) -> str:
        """Answer ``/v1/artifact``: the manifest in use, and its hash."""
        del call
        scorer = app.live.now.champion
        return encode({"sha256": scorer.sha256, "manifest": scorer.manifest})

    model = "/v2/models/{name}"
    of_events = []
    if app.maker is not None:
        events = Events(app.maker, app.live, scoring)
        of_events = [
            Way(path="/v1/score/events", method="POST", handler=events.score_events,
                asks="Person", answers="PersonScore")
        ]  # fmt: skip
    return [
        *of_events,
        Way(path="/v1/score", method="POST", handler=scoring.score, asks="OneOrMany",
            answers="ScoreOrScores"),
        Way(path="/v1/explain", method="POST", handler=scoring.explain, asks="One",
            answers="Explanation"),
        Way(path="/v1/artifact", method="GET", handler=artifact),
        Way(path="/v2", method="GET", handler=protocol.server),
        Way(path="/v2/health/live", method="GET", handler=protocol.alive, is_open=True),
        Way(path="/v2/health/ready", method="GET", handler=protocol.ready, is_open=True),
        Way(path=model, method="GET", handler=protocol.model),
        Way(path=f"{model}/ready", method="GET", handler=protocol.model_ready),
        Way(path=f"{model}/infer", method="POST", handler=protocol.infer, asks="Inference",
            answers="Inferred"),
        Way(path="/metrics", method="GET", handler=counted, is_open=True,
            content_type=CONTENT_TYPE),
        Way(path="/openapi.json", method="GET", handler=openapi),
    ]  # fmt: skip


@asynccontextmanager
async def _lifespan(
    live: Live, shadow: Shadow | None, log: Log | None, reload_seconds: float
) -> AsyncIterator[None]:
    """Watch the files and feed the challenger while the service runs; finish what waits."""
    tasks: list[asyncio.Task[Any]] = []
    if reload_seconds:
        tasks.append(asyncio.create_task(live.watch(reload_seconds)))
    if shadow is not None:
        tasks.append(asyncio.create_task(shadow.run()))
    if hasattr(signal, "SIGHUP") and threading.current_thread() is threading.main_thread():
        asyncio.get_running_loop().add_signal_handler(
            signal.SIGHUP, lambda: tasks.append(asyncio.create_task(live.reload()))
        )
    yield
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    if shadow is not None:
        shadow.score_waiting()
    if isinstance(log, DecisionLog):
        await asyncio.to_thread(log.close)


_new_id = RequestIds()


async def _on_no_way(_: Request, error: Exception) -> Response:
    """Answer what is on no way, in the shape of every other error."""
    request_id = _new_id()
    refused = RequestError(404, "no_such_way", "There is no such path.", "See /openapi.json.")
    del error
    return Response(
        encode_error(refused, request_id), 404,
        {"x-request-id": request_id}, media_type="application/json",
    )  # fmt: skip
