"""The command as its keeper meets it: started, asked, given new artifacts, stopped."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from service_client import GOLDEN, JSON, folder_of, rows_of
from test_service_live import put
from typer.testing import CliRunner

from credit import cli
from credit.errors import ArtifactError, ConfigError
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
        process.terminate()  # which ends its workers too
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        process.kill()
        process.wait(30)


def port_of(process: subprocess.Popen[str], said: Path) -> int:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"serving at https?://127\.0\.0\.1:(\d+)", said.read_text())
        if found and "startup complete" in said.read_text():
            return int(found[1])
        time.sleep(0.05)
    raise AssertionError(said.read_text())


def insecure() -> ssl.SSLContext:
    """Return a context that takes any certificate: this test made its own."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def connected(port: int, *, secure: bool) -> HTTPConnection:
    if secure:
        return HTTPSConnection("127.0.0.1", port, timeout=30, context=insecure())
    return HTTPConnection("127.0.0.1", port, timeout=30)


def certificate_in(folder: Path) -> tuple[Path, Path]:
    """Write a certificate of a day and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    )  # fmt: skip
    places = folder / "certificate.pem", folder / "key.pem"
    places[0].write_bytes(made.public_bytes(Encoding.PEM))
    places[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return places


@contextmanager
def begun(port: int, secure: bool, body: dict[str, Any]) -> Iterator[tuple[socket.socket, bytes]]:
    """Send a request but for the end of its body; yield the connection, and that end."""
    content = json.dumps(body).encode()
    lines = [f"{name}: {value}" for name, value in HEADERS.items()]
    lines = ["POST /v1/score HTTP/1.1", "host: a", f"content-length: {len(content)}", *lines]
    plain = socket.create_connection(("127.0.0.1", port), timeout=30)
    with insecure().wrap_socket(plain) if secure else plain as client:
        client.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + content[:10])
        time.sleep(0.2)
        yield client, content[10:]


class Asking(threading.Thread):
    """Asks on one connection after another until told to stop; keeps what was answered."""

    def __init__(self, port: int, body: dict[str, Any], *, secure: bool) -> None:
        super().__init__()
        self.secure = secure
        self.port, self.body = port, json.dumps(body).encode()
        self.done = threading.Event()
        self.answers: list[tuple[int, Any]] = []
        self.dropped: list[str] = []

    def run(self) -> None:
        while not self.done.is_set():
            connection = connected(self.port, secure=self.secure)
            try:
                for _ in range(20):  # requests a connection
                    connection.request("POST", "/v1/score", self.body, HEADERS)
                    answer = connection.getresponse()
                    self.answers.append((answer.status, json.loads(answer.read())))
                    if self.done.is_set():
                        break
            except (OSError, HTTPException) as error:
                self.dropped.append(repr(error))
            connection.close()


def until(happened: Any, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def metrics_of(port: int, *, secure: bool) -> str:
    connection = connected(port, secure=secure)
    connection.request("GET", "/metrics")
    found = connection.getresponse().read().decode()
    connection.close()
    return found


@pytest.mark.parametrize("workers", [1, 2])
def test_a_service_is_started_reloaded_under_load_and_stopped(tmp_path: Path, workers: int) -> None:
    """No request is dropped by a reload, what has begun is answered, and the exit code is 0.

    Two workers speak TLS, one does not.
    """
    artifact, log = tmp_path / "artifact", tmp_path / "log"
    put("scorecard", artifact)
    words: list[object] = [artifact, "--log", log, "--workers", workers, "--reload-seconds", 0]
    secure = workers == 2
    if secure:
        certificate, key = certificate_in(tmp_path)
        words += ["--tls-certificate", certificate, "--tls-key", key]
    row = rows_of(GOLDEN["scorecard"])[0]
    with running(*words) as (process, port, said):
        body = {"features": {**row, "segment": PLANTED}, "subject": PLANTED}
        asking = [Asking(port, body, secure=secure) for _ in range(3)]
        for one in asking:
            one.start()
        until(lambda: all(one.answers for one in asking))
        # A worker that comes up later would find the other artifact there, and reload nothing.
        until(lambda: said.read_text().count("startup complete") == workers)
        put("boosted", artifact)
        process.send_signal(signal.SIGHUP)
        until(lambda: said.read_text().count("artifact in use") == workers)
        (artifact / "manifest.json").write_text("{}")
        process.send_signal(signal.SIGHUP)
        until(lambda: said.read_text().count("artifact refused") == workers)
        last = [len(one.answers) + 3 for one in asking]
        until(lambda: all(len(a.answers) >= n for a, n in zip(asking, last, strict=True)))
        metrics = metrics_of(port, secure=secure)
        for one in asking:
            one.done.set()
            one.join(30)
        with begun(port, secure, body) as (client, rest):
            process.send_signal(signal.SIGTERM)
            until(lambda: said.read_text().count("Shutting down") == workers)
            client.sendall(rest)
            assert client.recv(64).startswith(b"HTTP/1.1 200")
        assert process.wait(60) == 0
    check(asking, said.read_text() + metrics, log)
    counted = re.search(r'requests_total\{[^}]*"/v1/score",status="200"\} (\d+)', metrics)
    assert counted is not None
    assert int(counted[1]) >= sum(last) - 12  # of all workers together


def check(asking: list[Asking], text: str, log: Path) -> None:
    """Nothing was dropped, nobody was named, and the log holds what was answered."""
    answers = [answer for one in asking for answer in one.answers]
    assert [one.dropped for one in asking] == [[], [], []]
    assert {status for status, _ in answers} == {200}
    assert len({answer["artifact"] for _, answer in answers}) == 2
    assert not [word for word in (PLANTED, KEY, "Traceback") if word in text]
    found = replay(log, [folder_of("scorecard"), folder_of("boosted")])
    assert (found.fault, found.different, found.unknown) == (None, 0, 0)
    assert found.equal == len(answers) + 1


def test_the_command_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def serve(*words: object) -> None:
        CliRunner().invoke(cli.app, ["serve", *map(str, words)], catch_exceptions=False)

    with pytest.raises(ArtifactError, match="there is no artifact"):
        serve(tmp_path / "absent")
    with pytest.raises(ConfigError, match="--api-key-file"):
        serve(folder_of("scorecard"), "--api-key-file", tmp_path / "absent")
    with pytest.raises(ConfigError, match=r"pipeline file .* does not exist"):
        serve(folder_of("scorecard"), "--pipeline", tmp_path / "absent.toml")
    monkeypatch.delitem(sys.modules, "credit.service.app")
    monkeypatch.setitem(sys.modules, "fastapi", None)
    with pytest.raises(ConfigError, match=r"'fastapi' is not installed.*credit\[serve\]"):
        serve(folder_of("scorecard"))


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
