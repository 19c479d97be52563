"""A card with four reasons over HTTP: one worker on one core, asked by another process.

    python -m benchmarks.http [--seconds 20] [--soak 300] [--fuzz 200] [--server-core 1]
                              [--load-core 0] [--parts max,log,apps,soak,fuzz]

For the service without and with its decision log: the most it answers (closed loop), then, at
80 % of that in an open loop, rate, p50, p99 and errors; CPU of the server a request beside them,
for a machine that is not quiet. `apps` asks an empty handler in FastAPI, and one that is
reached past its router, which is bare ASGI. `soak` asks for long and looks at memory; `fuzz` lets
schemathesis ask what the service's document refuses, and counts what is answered all the same.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.serving import machine
from benchmarks.serving_models import card_artifact

CONNECTIONS = 32
SHARE = 0.8


@dataclass(frozen=True)
class Server:
    """A running service."""

    pid: int
    port: int

    @property
    def cpu(self) -> float:
        """Seconds of CPU it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def megabytes(self) -> float:
        """Memory it holds."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def running(command: list[str], core: int) -> Iterator[Server]:
    """Start a server, wait until it says where it listens, stop it."""
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen([sys.executable, *command], stderr=said)
        os.sched_setaffinity(process.pid, {core})
        try:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                said.seek(0)
                text = said.read()
                found = re.search(r"http://127.0.0.1:(\d+)", text)
                if found and "startup complete" in text:
                    break
                time.sleep(0.1)
            else:
                raise RuntimeError(text)
            yield Server(process.pid, int(found[1]))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def ask(server: Server, core: int, seconds: float, rate: float) -> dict[str, Any]:
    """Load a server from another process; return what that says, and the server's CPU."""
    before = server.cpu
    words = map(str, (server.port, seconds, rate, CONNECTIONS))
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.http_load", *words], stdout=subprocess.PIPE
    )
    os.sched_setaffinity(process.pid, {core})
    found = json.loads(process.communicate()[0])
    return found | {"cpu": 1e6 * (server.cpu - before) / found["answers"]}


def line(name: str, found: dict[str, Any]) -> str:
    return (
        f"{name:<34} {found['rate']:>8,.0f} {found['p50']:>8.2f} {found['p99']:>8.2f} "
        f"{found['most']:>8.1f} {found['errors']:>7} {found['cpu']:>9.0f}\n"
    )


HEAD = (
    f"{'':<34} {'a second':>8} {'p50 ms':>8} {'p99 ms':>8} {'most ms':>8} {'errors':>7} "
    f"{'CPU us':>9}\n"
)


def served(folder: Path, *more: str) -> list[str]:
    return ["-m", "credit.cli", "serve", str(folder), "--port", "0", *more]


def most_and_open(command: list[str], name: str, given: argparse.Namespace) -> None:
    with running(command, given.server_core) as server:
        ask(server, given.load_core, 2, 0)
        most = ask(server, given.load_core, given.seconds, 0)
        sys.stdout.write(line(f"{name}, closed loop", most))
        at = ask(server, given.load_core, given.seconds, SHARE * most["rate"])
        sys.stdout.write(line(f"{name}, open loop at {SHARE:.0%}", at))
        sys.stdout.flush()


def soak(folder: Path, place: Path, given: argparse.Namespace) -> None:
    """Ask for long, with log and challenger; memory must not grow."""
    command = served(folder, "--log", str(place / "soak"), "--challenger", str(folder))
    with running(command, given.server_core) as server:
        rate = 0.5 * ask(server, given.load_core, 5, 0)["rate"]
        for _ in range(max(1, round(given.soak / 60))):
            found = ask(server, given.load_core, min(60, given.soak), rate)
            sys.stdout.write(line(f"soak with log, {server.megabytes:.1f} MB", found))
            sys.stdout.flush()


def fuzz(folder: Path, given: argparse.Namespace) -> None:
    """Let schemathesis ask what is refused."""
    with running(served(folder), given.server_core) as server:
        url = f"http://127.0.0.1:{server.port}/openapi.json"
        command = ["-m", "schemathesis.cli", "run", url, "--mode", "negative", "--phases",
                   "fuzzing", "--max-examples", str(given.fuzz), "--seed", "1"]  # fmt: skip
        done = subprocess.run(
            [sys.executable, *command], capture_output=True, text=True, check=False
        )
        sys.stdout.write(f"schemathesis, exit code {done.returncode}\n{done.stdout[-1500:]}\n")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--soak", type=float, default=300)
    parser.add_argument("--fuzz", type=int, default=200)
    parser.add_argument("--server-core", type=int, default=1)
    parser.add_argument("--load-core", type=int, default=0)
    parser.add_argument("--parts", default="max,log,apps,soak,fuzz")
    given = parser.parse_args()
    parts = given.parts.split(",")
    sys.stdout.write(f"{machine()}; load {os.getloadavg()[0]:.1f}\n{HEAD}")
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        folder = card_artifact(place)
        if "max" in parts:
            most_and_open(served(folder), "no log", given)
        if "log" in parts:
            most_and_open(served(folder, "--log", str(place / "log")), "log", given)
        if "apps" in parts:
            for app in ("fastapi", "past_router"):
                command = ["-m", "benchmarks.http_apps", app, str(folder)]
                most_and_open(command, f"nothing but JSON, {app}", given)
        if "soak" in parts:
            soak(folder, place, given)
        if "fuzz" in parts:
            fuzz(folder, given)
    return 0


if __name__ == "__main__":
    sys.exit(main())
