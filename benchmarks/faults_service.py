"""Faults of the service under load over HTTP: killed, and without room for its log."""

from __future__ import annotations

import http.client
import json
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.faults_log import Answers, compare, say
from credit.service.log.segments import is_written

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
from log_entries import ARTIFACT, decider

KILLS, WORKER_KILLS, CALLERS = 50, 10, 4


@contextmanager
def serving(log: Path, workers: int = 1) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Yield a service on a free port, once it is ready; kill it at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["serve", str(ARTIFACT), "--port", str(port), "--log", str(log)]
    words += ["--workers", str(workers)]
    process = subprocess.Popen(
        [sys.executable, "-m", "credit.cli", *words],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while not is_ready(port):
            if process.poll() is not None:
                assert process.stderr is not None
                raise RuntimeError(process.stderr.read().decode()[-2_000:])
            assert time.monotonic() < deadline, "the service does not start"
            time.sleep(0.1)
        yield process, port
    finally:
        process.terminate() if workers > 1 else process.kill()  # killed, it would leave workers
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def is_ready(port: int) -> bool:
    try:
        return ask(http.client.HTTPConnection("127.0.0.1", port, timeout=5), None)[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def ask(caller: http.client.HTTPConnection, body: Any) -> tuple[int, Any]:
    """Post a body to score, or ask whether it is ready; return the status and the answer."""
    if body is None:
        caller.request("GET", "/v2/health/ready")
    else:
        caller.request("POST", "/v1/score", json.dumps(body), {"Content-Type": "application/json"})
    response = caller.getresponse()
    return response.status, json.loads(response.read())


def requests(seed: int) -> Iterator[Any]:
    """Yield bodies without end: one row or three, with whose they are."""
    columns, _, _ = decider(ARTIFACT)
    draw = random.Random(seed)
    count = len(columns["income"])
    while True:
        rows = []
        for _ in range(draw.choice([1, 1, 3])):
            at = draw.randrange(count)
            values = {name: column[at] for name, column in columns.items()}
            rows.append({"features": values, "subject": f"p{at % 7}"})
        yield {"rows": rows, "reasons": 4} if len(rows) > 1 else {**rows[0], "reasons": 4}


def load(
    port: int, seed: int, answered: Answers, statuses: Counter[int], ended: threading.Event
) -> None:
    """Ask until it ends; of a connection that broke nothing was answered."""
    caller = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    for body in requests(seed):
        if ended.is_set():
            return
        try:
            status, answer = ask(caller, body)
        except (OSError, http.client.HTTPException, ValueError):
            caller.close()
            time.sleep(0.01)
            continue
        statuses[status] += 1
        if status == 200:
            answered[answer["request_id"]] = points_of(answer)


def points_of(answer: Any) -> list[int]:
    return [row["points"] for row in answer.get("results", [answer])]


@contextmanager
def callers(port: int, seed: int, answered: Answers) -> Iterator[None]:
    """Ask from several threads until it ends."""
    ended, statuses = threading.Event(), Counter[int]()
    threads = [
        threading.Thread(target=load, args=(port, seed * 100 + i, answered, statuses, ended))
        for i in range(CALLERS)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert set(statuses) <= {200}, statuses


def service(place: Path) -> None:
    draw = random.Random(6)
    answered: Answers = {}
    for turn in range(KILLS):
        with serving(place / "log") as (process, port), callers(port, turn, answered):
            time.sleep(draw.uniform(0.05, 1.5))
            process.send_signal(signal.SIGKILL)
            process.wait()
    say(f"  killed {KILLS} times under load of {CALLERS} callers")
    compare(place / "log", answered)


def workers_of(process: subprocess.Popen[bytes]) -> list[int]:
    """Return the ids of a service's worker processes."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [
        int(child) for child in children
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]  # fmt: skip


def workers(place: Path) -> None:
    draw = random.Random(8)
    answered: Answers = {}
    with serving(place / "log", workers=2) as (process, port), callers(port, 0, answered):
        for _ in range(WORKER_KILLS):
            deadline = time.monotonic() + 120
            while not all(is_written(place / "log", name) for name in ("w0", "w1")):
                assert time.monotonic() < deadline, "the killed worker has no successor"
                time.sleep(0.05)
            time.sleep(draw.uniform(0.2, 2))
            os.kill(draw.choice(workers_of(process)), signal.SIGKILL)
    say(f"  killed one of two workers {WORKER_KILLS} times under load of {CALLERS} callers")
    compare(place / "log", answered)


def full(place: Path) -> None:
    folder = place / "log"
    answered: Answers = {}
    made = requests(7)
    with serving(folder) as (process, port):
        caller = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

        def phase(name: str, number: int) -> Counter[int]:
            statuses: Counter[int] = Counter()
            for _ in range(number):
                status, answer = ask(caller, next(made))
                statuses[status] += 1
                if status == 200:
                    answered[answer["request_id"]] = points_of(answer)
            say(f"  {name}: {dict(statuses)}")
            return statuses

        assert phase("room", 50).keys() == {200}
        size = max(path.stat().st_size for path in folder.glob("*.chain.jsonl"))
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size + 2_000, resource.RLIM_INFINITY))
        assert phase("no room", 100)[503] > 90
        no_limit = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, no_limit)
        assert phase("room again", 50).keys() == {200}
    compare(folder, answered)
