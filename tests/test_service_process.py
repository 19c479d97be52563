"""The command as its keeper meets it: started, asked, given new artifacts, stopped."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest
from service_client import GOLDEN, JSON, folder_of, rows_of
from test_service_live import put

from credit.errors import ConfigError
from credit.service.log import replay
from credit.service.options import ListenOptions
from credit.service.serve import bound

KEY = "a-key-of-some-length"
HEADERS = {**JSON, "x-api-key": KEY}
PLANTED = "Zhang San 19800101"


@contextmanager
def running(*words: object) -> Iterator[tuple[subprocess.Popen[str], int, Path]]:
    """Start ``credit serve``; yield the process, its port and the file of what it says."""
    folder = Path(str(words[0])).parent
    said = folder / "said.txt"
    with said.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "credit.cli", "serve", *map(str, words), "--port", "0"],
            stdout=out, stderr=out, text=True, env={**os.environ, "CREDIT_API_KEY": KEY},
        )  # fmt: skip
    try:
        yield process, port_of(process, said), said
    finally:
        process.kill()
        process.wait(30)


def port_of(process: subprocess.Popen[str], said: Path) -> int:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"serving at http://127\.0\.0\.1:(\d+)", said.read_text())
        if found and "startup complete" in said.read_text():
            return int(found[1])
        time.sleep(0.05)
    raise AssertionError(said.read_text())


class Asking(threading.Thread):
    """Asks on one connection after another until told to stop; keeps what was answered."""

    def __init__(self, port: int, body: dict[str, Any]) -> None:
        super().__init__()
        self.port, self.body = port, json.dumps(body).encode()
        self.done = threading.Event()
        self.answers: list[tuple[int, Any]] = []
        self.dropped = 0

    def run(self) -> None:
        while not self.done.is_set():
            connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
            try:
                for _ in range(20):  # requests a connection
                    connection.request("POST", "/v1/score", self.body, HEADERS)
                    answer = connection.getresponse()
                    self.answers.append((answer.status, json.loads(answer.read())))
                    if self.done.is_set():
                        break
            except (OSError, HTTPException):
                self.dropped += 1
            connection.close()


def until(happened: Any, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_service_is_started_reloaded_under_load_and_stopped(tmp_path: Path, workers: int) -> None:
    """No request is dropped by a reload, what has begun is answered, and the exit code is 0."""
    artifact, log = tmp_path / "artifact", tmp_path / "log"
    put("scorecard", artifact)
    words = (artifact, "--log", log, "--workers", workers, "--reload-seconds", 0)
    row = rows_of(GOLDEN["scorecard"])[0]
    with running(*words) as (process, port, said):
        body = {"features": {**row, "segment": PLANTED}, "subject": PLANTED}
        asking = [Asking(port, body) for _ in range(3)]
        for one in asking:
            one.start()
        until(lambda: all(one.answers for one in asking))
        put("boosted", artifact)
        process.send_signal(signal.SIGHUP)
        until(lambda: said.read_text().count("artifact in use") == workers)
        (artifact / "manifest.json").write_text("{}")
        process.send_signal(signal.SIGHUP)
        until(lambda: said.read_text().count("artifact refused") == workers)
        last = [len(one.answers) + 3 for one in asking]
        until(lambda: all(len(a.answers) >= n for a, n in zip(asking, last, strict=True)))
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/metrics")
        metrics = connection.getresponse().read().decode()
        connection.close()
        for one in asking:
            one.done.set()
            one.join(30)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    answers = [answer for one in asking for answer in one.answers]
    assert [one.dropped for one in asking] == [0, 0, 0]
    assert {status for status, _ in answers} == {200}
    assert len({answer["artifact"] for _, answer in answers}) == 2
    counted = re.search(r'requests_total\{[^}]*"/v1/score",status="200"\} (\d+)', metrics)
    assert counted is not None
    assert int(counted[1]) >= sum(last) - 12  # of all workers together
    text = said.read_text() + metrics
    assert not [word for word in (PLANTED, KEY, "Traceback") if word in text]
    found = replay(log, [folder_of("scorecard"), folder_of("boosted")])
    assert (found.fault, found.different, found.unknown) == (None, 0, 0)
    assert found.equal == len(answers)


def test_what_was_asked_before_the_end_is_answered(tmp_path: Path) -> None:
    """SIGTERM while a body is on its way: the rest is taken, and answered."""
    artifact = tmp_path / "artifact"
    put("scorecard", artifact)
    body = json.dumps({"features": rows_of(GOLDEN["scorecard"])[0]}).encode()
    head = "POST /v1/score HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
    head += f"x-api-key: {KEY}\r\ncontent-length: {len(body)}\r\n\r\n"
    with running(artifact) as (process, port, said):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
            client.sendall(head.encode() + body[:10])
            time.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            until(lambda: "Shutting down" in said.read_text())
            client.sendall(body[10:])
            assert client.recv(20).startswith(b"HTTP/1.1 200")
        assert process.wait(60) == 0


def test_an_address_that_is_taken_is_refused_in_words() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with (
            pytest.raises(ConfigError, match=f"--port {port}: cannot listen there"),
            bound(ListenOptions(port=port)),
        ):
            pass
