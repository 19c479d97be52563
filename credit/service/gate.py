"""What every request passes through: its id, its key, its limits, its errors, its count.

A gate is an ASGI application for one way. It answers every error in one shape, lets no
exception through to the server's own log, and says nothing of any value.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
import re
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from itertools import count
from json import JSONEncoder
from time import perf_counter
from typing import Any, Literal, NamedTuple

from credit.service.metrics import Metrics
from credit.service.refusal import RequestError

logger = logging.getLogger("credit.service")

encode = JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
"""What a caller's ``x-request-id`` may be: it goes into logs, so it must not name a person."""

_JSON = b"application/json"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = tuple[tuple[bytes, bytes], ...]

_NONE: Headers = ()


class Call(NamedTuple):
    """What a handler is given."""

    body: bytes
    request_id: str
    path: Mapping[str, str]


Handler = Callable[[Call], Awaitable[str | bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a gate lets through.

    Attributes
    ----------
    keys : tuple of bytes
    max_body : int
    body_seconds : float
    """

    keys: tuple[bytes, ...]
    max_body: int
    body_seconds: float


class _Gone(Exception):  # noqa: N818  it is no error of ours
    """The caller hung up before the request was whole."""


class RequestIds:
    """Ids that no other process gives: a random beginning and a count."""

    def __init__(self) -> None:
        self._prefix, self._counted = os.urandom(8).hex(), count()

    def __call__(self) -> str:
        """Return the next one."""
        return f"{self._prefix}-{next(self._counted):x}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way into the service.

    Attributes
    ----------
    path : str
        With ``{name}`` where the caller puts one; what metrics call it, too.
    method : {"GET", "POST"}
    handler : callable
        From `Call` to the answer's body.
    is_open : bool
        Whether it asks for no key.
    content_type : str
        Of the answer.
    asks, answers : str or None
        Schemas of the body and of the answer, in the OpenAPI document.
    """

    path: str
    method: Literal["GET", "POST"]
    handler: Handler
    is_open: bool = False
    content_type: str = "application/json"
    asks: str | None = None
    answers: str | None = None


class Gate:
    """The ASGI application of one way.

    Parameters
    ----------
    way : Way
    rules : Rules
    metrics : Metrics
    """

    def __init__(self, way: Way, rules: Rules, metrics: Metrics) -> None:
        self.name, self.method = way.path, way.method
        self._handler, self._rules = way.handler, rules
        self._keys = () if way.is_open else rules.keys
        self._type = (b"content-type", way.content_type.encode())
        self._metrics = metrics
        self._seconds = metrics.seconds.labels(way.path)
        self._statuses = {200: metrics.requests.labels(way.path, "200")}
        self._new_id = RequestIds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = perf_counter()
        request_id = self._new_id()
        status, more = 200, _NONE
        try:
            given = self._head(scope)
            request_id = given or request_id
            body = await self._body(receive, scope) if self.method == "POST" else b""
            answer = await self._handler(Call(body, request_id, scope.get("path_params") or {}))
            content = answer if isinstance(answer, bytes) else answer.encode()
        except RequestError as error:
            status, content = error.status, encode_error(error, request_id)
            more = _headers_of(error, self.method)
        except _Gone:
            return
        except Exception as error:
            status, content = 500, encode_error(_failed(error, self.name), request_id)
        headers = [
            self._type if status == 200 else (b"content-type", _JSON),
            (b"content-length", str(len(content)).encode()),
            (b"x-request-id", request_id.encode()),
            *more,
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})
        self._count(status, perf_counter() - started)

    def _count(self, status: int, seconds: float) -> None:
        if status not in self._statuses:
            self._statuses[status] = self._metrics.requests.labels(self.name, str(status))
        self._statuses[status].inc()
        self._seconds.observe(seconds)

    def _head(self, scope: Scope) -> str | None:
        """Check method and headers; return the caller's request id, if there is one."""
        # Of a header sent twice, the last counts.
        headers = dict(scope["headers"])
        if self._keys:
            check_key(headers, self._keys)
        if scope["method"] != self.method:
            raise RequestError(
                405, "method_not_allowed", f"Only {self.method} is known here.", "Use it."
            )
        if self.method == "POST":
            _check_kind(headers)
        request_id = headers.get(b"x-request-id")
        if request_id is None:
            return None
        if not REQUEST_ID.fullmatch(request_id):
            raise RequestError(
                400, "bad_request_id", "1 to 64 of letters, digits, '.', '_' and '-' are needed.",
                "Send another, or none: then one is given.", "x-request-id",
            )  # fmt: skip
        return str(request_id, "ascii")

    async def _body(self, receive: Receive, scope: Scope) -> bytes:
        """Return the whole body, and no more than is allowed of it."""
        limit = self._rules.max_body
        for name, value in scope["headers"]:
            if name == b"content-length" and (len(value) > 18 or int(value) > limit):
                raise too_large(limit)
        message = await self._next(receive)
        body: bytes = message.get("body", b"")
        if message.get("more_body"):
            try:
                async with asyncio.timeout(self._rules.body_seconds):
                    body = await self._rest(receive, body)
            except TimeoutError as error:
                raise RequestError(
                    408, "too_slow", f"The body must come within {self._rules.body_seconds:g} s.",
                    "Send it again, faster.",
                ) from error  # fmt: skip
        if len(body) > limit:
            raise too_large(limit)
        return body

    async def _rest(self, receive: Receive, body: bytes) -> bytes:
        parts, size, more = [body], len(body), True
        while more and size <= self._rules.max_body:
            message = await self._next(receive)
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            more = message.get("more_body", False)
        return b"".join(parts)

    async def _next(self, receive: Receive) -> Mapping[str, Any]:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        return message


def check_key(headers: Mapping[bytes, bytes], keys: tuple[bytes, ...]) -> None:
    """Refuse a key that is none of ``keys``, in a time that does not tell how near it came."""
    given = headers.get(b"x-api-key")
    bearer = headers.get(b"authorization", b"")
    if given is None and bearer[:7].lower() == b"bearer ":
        given = bearer[7:]
    # Every key is compared, none is passed over: which one fits is not told either.
    fits = [hmac.compare_digest(given or b"", key) for key in keys]
    if not any(fits):
        raise RequestError(
            401, "no_key", "An API key is needed.", "Send it as x-api-key, or as a bearer token.",
            "x-api-key",
        )  # fmt: skip


def _check_kind(headers: Mapping[bytes, bytes]) -> None:
    kind = headers.get(b"content-type", b"")
    plain = kind == _JSON or kind.partition(b";")[0].strip().lower() == _JSON
    if not plain or b"content-encoding" in headers:
        raise RequestError(
            415, "wrong_media_type", "The body must be application/json, not compressed.",
            "Say so in the header.", "content-type",
        )  # fmt: skip


def too_large(limit: int) -> RequestError:
    """Return the refusal of a body beyond ``limit`` bytes."""
    return RequestError(
        413, "too_large", f"At most {limit} bytes are taken.", "Send fewer rows.", "body"
    )


def encode_error(error: RequestError, request_id: str) -> bytes:
    """Return an error's body; a key that cannot be written in UTF-8 is shown escaped."""
    return encode(error.body(request_id)).encode("utf-8", "backslashreplace")


def _headers_of(error: RequestError, method: str) -> Headers:
    if error.status == 401:
        return ((b"www-authenticate", b"Bearer"),)
    if error.status == 405:
        return ((b"allow", method.encode()),)
    if error.status in {408, 413}:
        return ((b"connection", b"close"),)
    if error.status == 503:
        return ((b"retry-after", b"1"),)
    return _NONE


def _failed(error: Exception, name: str) -> RequestError:
    """Log where an unforeseen error came from, not what it says: that may hold a value."""
    place = traceback.extract_tb(sys.exc_info()[2])[-1]
    logger.error("%s: %s at %s:%s", name, type(error).__name__, place.filename, place.lineno)
    return RequestError(
        500, "internal_error", "The service failed.", "Tell its keeper the request's id."
    )
