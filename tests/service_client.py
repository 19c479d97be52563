"""A client of the service that speaks ASGI to it: no socket, no thread, nothing in between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden_artifacts import FOLDER, KINDS, Golden, golden

from credit.service.app import Service, create_app
from credit.service.options import ServiceOptions

GOLDEN = {kind: next(one for one in golden() if one.name.endswith(kind)) for kind in KINDS}
JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def folder_of(kind: str) -> Path:
    return FOLDER / f"1-{kind}" / "artifact"


def app_of(kind: str, **options: Any) -> Service:
    return create_app(ServiceOptions(artifact=folder_of(kind), **options))


def rows_of(kept: Golden) -> list[dict[str, Any]]:
    names = list(kept.columns)
    return [
        dict(zip(names, values, strict=True)) for values in zip(*kept.columns.values(), strict=True)
    ]


async def asked(
    app: Any, path: str, body: bytes | Sequence[bytes] | None, headers: dict[str, str], method: str
) -> Answer:
    """Send one request; several parts arrive one after another."""
    parts = [body or b""] if body is None or isinstance(body, bytes) else list(body)
    waiting = [
        {"type": "http.request", "body": part, "more_body": i + 1 < len(parts)}
        for i, part in enumerate(parts)
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"",
        "root_path": "", "client": None, "server": ("service", 80),
        "headers": [(k.lower().encode(), v.encode("latin-1")) for k, v in headers.items()],
    }  # fmt: skip
    await app(scope, receive, send)
    start, *rest = sent
    found = {k.decode(): v.decode() for k, v in start["headers"]}
    return Answer(start["status"], found, b"".join(part.get("body", b"") for part in rest))


def post(app: Any, path: str, body: Any, headers: dict[str, str] | None = None) -> Answer:
    """POST an object as JSON, or bytes as they are."""
    content = body if isinstance(body, bytes | list) else json.dumps(body).encode()
    return asyncio.run(asked(app, path, content, JSON | (headers or {}), "POST"))


def get(app: Any, path: str, headers: dict[str, str] | None = None, method: str = "GET") -> Answer:
    return asyncio.run(asked(app, path, None, headers or {}, method))
