"""What breaks, on purpose: `python -m benchmarks.faults`, or with the names of parts.

flips    one bit of every byte of every signed golden artifact, folder and zip, and of a small
         signed log: is each refused?
writer   a process that logs is killed (SIGKILL) 50 times: is what it answered in the log?
service  the same with `credit serve` under load over HTTP
workers  one of its two workers is killed, 10 times: the other goes on, another comes
full     the service's files may grow no more, then may again: 503, and nothing lost
replay   10,000 logged decisions, decided again by `credit replay` in a fresh process
cost     CPU of logging, verifying, opening and erasing 10,000 decisions

Anything unexpected ends a part with an AssertionError; its short version is a test.
"""

from __future__ import annotations

import random
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.faults_log import Answers, compare, say
from benchmarks.faults_service import full, service, workers
from benchmarks.run import machine
from credit import artifact, runtime
from credit.artifact.sign import make_keys, sign
from credit.errors import ArtifactError
from credit.runtime.signature import PrivateKey, PublicKey
from credit.service.log import DecisionLog, LogOptions, erase, verify

TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path.append(str(TESTS))
from log_entries import ARTIFACT, entries  # noqa: E402

GOLDEN = TESTS / "golden" / "artifacts"
KILLS, REPLAYED = 50, 10_000

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


def cost(place: Path) -> None:
    folder = place / "log"
    made = entries()
    all_of_them = [next(made) for _ in range(REPLAYED)]

    def spent(name: str, what: Callable[[], Any]) -> None:
        cpu, wall = time.process_time(), time.perf_counter()
        what()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        say(
            f"  {name:<24} {cpu / REPLAYED * 1e6:7.1f} us CPU a decision, {wall:6.2f} s wall in all"
        )

    log = DecisionLog(folder)
    waits = np.empty(200)
    for i, entry in enumerate(all_of_them[: len(waits)]):
        start = time.perf_counter()
        log.append([entry]).result()
        waits[i] = time.perf_counter() - start
    say(
        f"  one at a time: median {np.median(waits) * 1e3:.2f} ms, least {waits.min() * 1e3:.2f} ms"
    )

    def log_all() -> None:
        for future in [log.append([entry]) for entry in all_of_them]:
            future.result()

    spent("logged, as many as wait", log_all)
    say(f"  groups of {REPLAYED / (log.state.groups - len(waits)):.0f} on average")
    log.close()
    spent("verified", lambda: verify(folder))
    spent("opened", lambda: DecisionLog(folder).close())
    spent("a seventh erased", lambda: erase(folder, "p1"))


PARTS = {
    "flips": flips,
    "writer": writer,
    "service": service,
    "workers": workers,
    "full": full,
    "replay": replay,
    "cost": cost,
}


def main() -> int:
    say(machine())
    for name in sys.argv[1:] or PARTS:
        say(f"\n== {name}")
        with tempfile.TemporaryDirectory(prefix="credit-faults-") as place:
            PARTS[name](Path(place))
    return 0


if __name__ == "__main__":
    sys.exit(main())
