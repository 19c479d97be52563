"""What breaks, on purpose: `python -m benchmarks.faults`, or with the names of parts.

flips    one bit of every byte of every signed golden artifact, folder and zip, and of a small
         signed log: is each refused?
writer   a process that logs is killed (SIGKILL) 50 times: is what it answered in the log?
service  the same with `credit serve` under load over HTTP
full     the service's files may grow no more, then may again: 503, and nothing lost
replay   10,000 logged decisions, decided again by `credit replay` in a fresh process

Anything unexpected ends a part with an AssertionError; its short version is a test.
"""

from __future__ import annotations

import http.client
import json
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.run import machine
from credit import artifact, runtime
from credit.artifact.sign import make_keys, sign
from credit.errors import ArtifactError
from credit.runtime.signature import PrivateKey, PublicKey
from credit.service.log import DecisionLog, LogOptions, erase, verify
from credit.service.log.read import chains, erased, read_chain

TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path.append(str(TESTS))
from log_entries import ARTIFACT, decider, entries  # noqa: E402

GOLDEN = TESTS / "golden" / "artifacts"
KILLS, CALLERS, REPLAYED = 50, 4, 10_000

WRITER = """
import sys
sys.path.append(sys.argv[2])
from log_entries import entries
from credit.service.log import DecisionLog, LogOptions
log = DecisionLog(sys.argv[1], LogOptions(segment_bytes=400_000, checkpoint_records=200))
print("open", flush=True)
waiting = []
for entry in entries(int(sys.argv[3])):
    waiting.append((entry, log.append([entry])))
    if len(waiting) > 50:
        done, future = waiting.pop(0)
        future.result()
        print(done.request_id, done.answer["points"], flush=True)
"""

Answers = dict[str, list[int]]
"""Request -> points of its rows."""


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def logged(folder: Path) -> Answers:
    """Return what is in a log; the log is sound."""
    found = chains(folder)
    gone = erased(found)
    result: Answers = {}
    for writer, parts in found.items():
        for one in read_chain(parts, gone.get(writer, ())):
            if one.kind == "decision":
                said = one.line.record
                result.setdefault(said["request_id"], []).append(said["answer"]["points"])
    return result


def compare(folder: Path, answered: Answers, key: PublicKey | None = None) -> None:
    """Hold what was answered against a log that was opened once more."""
    DecisionLog(folder).close()
    found = verify(folder, key)
    assert found.fault is None, found.fault
    there = logged(folder)
    missing = [name for name, points in answered.items() if there.get(name) != points]
    assert not missing, missing[:5]
    say(
        f"  {len(answered):,} requests answered, all in the log with their points; "
        f"{found.decisions:,} decisions in it, {found.cuts} torn ends cut off, "
        f"{found.refused} refused; verified"
    )


# -- flips


def refused_or_same(source: Path | bytes, key: PublicKey, expected: Any) -> str:
    try:
        scorer = runtime.load(source, key=key)
    except ArtifactError:
        return "refused"
    return "same content" if scorer.manifest == expected else "OTHER CONTENT"


def flips(place: Path) -> None:
    private, public = make_keys(place / "keys")
    signer, key = PrivateKey.read(private), PublicKey.read(public)
    for kept in sorted(GOLDEN.iterdir()):
        folder = sign(shutil.copytree(kept / "artifact", place / kept.name), signer)
        expected = runtime.load(folder, key=key).manifest
        count: Counter[str] = Counter()
        for path in sorted(folder.iterdir()):
            content = path.read_bytes()
            for at in range(len(content)):
                path.write_bytes(flipped(content, at))
                count[refused_or_same(folder, key, expected)] += 1
            path.write_bytes(content)
        say(f"  {kept.name}, folder: {dict(count)}")
        assert count.keys() == {"refused"}
    packed = artifact.pack(place / "1-scorecard", place / "a.zip").read_bytes()
    expected = runtime.load(packed, key=key).manifest
    count = Counter(
        refused_or_same(flipped(packed, at), key, expected) for at in range(len(packed))
    )
    say(f"  1-scorecard, zip: {dict(count)}")
    assert not count["OTHER CONTENT"]

    folder = place / "log"
    made = entries()
    with DecisionLog(folder, LogOptions(key=signer)) as log:
        log.append([next(made) for _ in range(6)]).result()
    erase(folder, "p1", signer)
    assert verify(folder, key).fault is None
    seen = total = 0
    for path in sorted(folder.glob("*.jsonl")):
        content = path.read_bytes()
        for at in range(len(content)):
            path.write_bytes(flipped(content, at))
            total, seen = total + 1, seen + (verify(folder, key).fault is not None)
        path.write_bytes(content)
    say(f"  a signed log: {seen} of {total} flips seen")
    assert seen == total


def flipped(content: bytes, at: int) -> bytes:
    changed = bytearray(content)
    changed[at] ^= 1 << at % 8
    return bytes(changed)


# -- kills


def writer(place: Path) -> None:
    draw = random.Random(5)
    answered: Answers = {}
    for turn in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, place / "log", TESTS, str(turn * 1_000_000)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        threading.Timer(draw.uniform(0.01, 0.6), process.kill).start()
        for line in process.stdout:
            if line.endswith("\n"):
                name, points = line.split()
                answered[name] = [int(points)]
        process.wait()
    say(f"  killed {KILLS} times")
    compare(place / "log", answered)


@contextmanager
def serving(log: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Yield a service on a free port, once it is ready; kill it at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["serve", str(ARTIFACT), "--port", str(port), "--log", str(log)]
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
        process.kill()
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


def load(port: int, seed: int, answered: Answers, statuses: Counter[int]) -> None:
    """Ask until the service is gone."""
    caller = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    for body in requests(seed):
        try:
            status, answer = ask(caller, body)
        except (OSError, http.client.HTTPException, ValueError):
            return
        statuses[status] += 1
        if status == 200:
            answered[answer["request_id"]] = points_of(answer)


def points_of(answer: Any) -> list[int]:
    return [row["points"] for row in answer.get("results", [answer])]


def service(place: Path) -> None:
    draw = random.Random(6)
    answered: Answers = {}
    statuses: Counter[int] = Counter()
    for turn in range(KILLS):
        with serving(place / "log") as (process, port):
            callers = [
                threading.Thread(target=load, args=(port, turn * 100 + i, answered, statuses))
                for i in range(CALLERS)
            ]
            for caller in callers:
                caller.start()
            time.sleep(draw.uniform(0.05, 1.5))
            process.send_signal(signal.SIGKILL)
            for caller in callers:
                caller.join()
    say(f"  killed {KILLS} times under load of {CALLERS} callers; answers by status {statuses}")
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


# -- replay


def replay(place: Path) -> None:
    folder = place / "log"
    made = entries()
    with DecisionLog(folder) as log:
        for _ in range(REPLAYED // 50):
            log.append([next(made) for _ in range(50)]).result()
    started = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "credit.cli", "replay", str(folder), "--artifact", str(ARTIFACT)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    say(done.stdout + done.stderr)
    say(f"  exit code {done.returncode}; {spent.ru_utime - started.ru_utime:.1f} s CPU")
    assert done.returncode == 0


PARTS = {"flips": flips, "writer": writer, "service": service, "full": full, "replay": replay}


def main() -> int:
    say(machine())
    for name in sys.argv[1:] or PARTS:
        say(f"\n== {name}")
        with tempfile.TemporaryDirectory(prefix="credit-faults-") as place:
            PARTS[name](Path(place))
    return 0


if __name__ == "__main__":
    sys.exit(main())
