"""Ask a scoring service, from a process of its own, and say in one line of JSON how it answered.

    python -m benchmarks.http_load PORT SECONDS RATE CONNECTIONS

RATE 0 is a closed loop: every connection asks again as soon as it is answered, which finds the
most a service can do. Any other RATE is an open loop: requests are due at even steps, whether or
not the earlier ones were answered, and a latency counts from when its request was due. So a
pause of the service is felt by every request that was due in it (no coordinated omission).
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections import deque
from time import perf_counter
from urllib.request import urlopen

import uvloop

BODIES = 500


class Asked:
    """What was asked, what is due, and how long answers took."""

    def __init__(self, bodies: list[bytes]) -> None:
        self.bodies = bodies
        self.due: deque[float] = deque()
        self.idle: list[Connection] = []
        self.seconds: list[float] = []
        self.sent = self.errors = 0
        self.closed_loop = False

    def next_body(self) -> bytes:
        self.sent += 1
        return self.bodies[self.sent % len(self.bodies)]


class Connection(asyncio.Protocol):
    """One keep-alive connection, one request at a time."""

    def __init__(self, asked: Asked) -> None:
        self.asked, self.received = asked, b""
        self.due = self.began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.asked.idle.append(self)

    def ask(self, due: float) -> None:
        self.due = due
        self.transport.write(self.asked.next_body())

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        self.received = b""
        now = perf_counter()
        self.asked.seconds.append(now - self.due)
        self.asked.errors += not head.startswith(b"HTTP/1.1 200")
        if self.asked.closed_loop:
            self.ask(now)
        elif self.asked.due:
            self.ask(self.asked.due.popleft())
        else:
            self.asked.idle.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.asked.errors += 1
        if self in self.asked.idle:
            self.asked.idle.remove(self)


def requests(port: int) -> list[bytes]:
    """Return requests for people drawn for the service's own features."""
    with urlopen(f"http://127.0.0.1:{port}/v1/artifact") as answer:
        features = json.load(answer)["manifest"]["features"]
    random.seed(7)
    found = []
    for _ in range(BODIES):
        row = {
            f["name"]: None if random.random() < 0.05 else round(random.gauss(0, 1), 6)
            for f in features
        }
        body = json.dumps({"features": row, "subject": f"p{random.randrange(10**6)}"}).encode()
        head = (
            "POST /v1/score HTTP/1.1\r\nhost: service\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        found.append(head.encode() + body)
    return found


async def load(port: int, seconds: float, rate: float, connections: int) -> Asked:
    """Ask for some seconds."""
    asked = Asked(requests(port))
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: Connection(asked), "127.0.0.1", port)
    begun = perf_counter()
    if not rate:
        asked.closed_loop = True
        for one in asked.idle:
            one.ask(perf_counter())
        await asyncio.sleep(seconds)
        return asked
    total, given = int(rate * seconds), 0
    while given < total:
        now = perf_counter()
        while given < total and begun + given / rate <= now:
            due = begun + given / rate
            given += 1
            if asked.idle:
                asked.idle.pop().ask(due)
            else:
                asked.due.append(due)
        await asyncio.sleep(0.0005)
    async with asyncio.timeout(60):
        while len(asked.seconds) < total:
            await asyncio.sleep(0.01)
    return asked


def main() -> int:
    port, seconds, rate, connections = sys.argv[1:]
    asked = uvloop.run(load(int(port), float(seconds), float(rate), int(connections)))
    took = sorted(asked.seconds)
    shares = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "most": 1.0}
    latency = {
        name: 1e3 * took[min(int(share * len(took)), len(took) - 1)]
        for name, share in shares.items()
    }
    found = {"answers": len(took), "rate": len(took) / float(seconds), "errors": asked.errors}
    sys.stdout.write(json.dumps(found | latency) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
