"""The same answer by two stacks, for `http`: what a framework costs where nothing is scored.

python -m benchmarks.http_apps fastapi|past_router ARTIFACT
"""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response

from credit.service.serve import LOGGING

FIXED = json.dumps({"points": 596, "probability": 0.0123, "grade": "C", "reasons": []}).encode()
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(FIXED))],
}


async def plain(receive: Any, send: Any) -> None:
    """Read a JSON body and answer."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    json.loads(body)
    await send(START)
    await send({"type": "http.response.body", "body": FIXED})


def app_of(stack: str, manifest: bytes) -> Any:
    app = FastAPI(openapi_url=None)

    @app.get("/v1/artifact")
    async def artifact() -> Response:
        return Response(manifest, media_type="application/json")

    @app.post("/v1/score")
    async def score(request: Request) -> Response:
        json.loads(await request.body())
        return Response(FIXED, media_type="application/json")

    if stack == "fastapi":
        return app

    async def past_router(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == "/v1/score":
            await plain(receive, send)
        else:
            await app(scope, receive, send)

    return past_router


def main() -> int:
    stack, folder = sys.argv[1:]
    manifest = json.loads((Path(folder) / "manifest.json").read_text())
    app = app_of(stack, json.dumps({"manifest": manifest}).encode())
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            app, loop="uvloop", http="httptools", access_log=False, log_config=LOGGING
        )
        sys.stderr.write(f"http://127.0.0.1:{sock.getsockname()[1]}\n")
        sys.stderr.flush()
        uvicorn.Server(config).run(sockets=[sock])
    return 0


if __name__ == "__main__":
    sys.exit(main())
