"""Load and score mutants in child processes, where a crash or a hang is seen and counted.

    python tests/mutant_workers.py SEED FIRST LAST FOLDER...

examines mutants FIRST to before LAST of the artifacts in FOLDER/artifact, a line each. A process
that dies, or stops for longer than its limit, is counted for the mutant it was at, and the next
goes on behind it.
"""

from __future__ import annotations

import json
import os
import resource
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from artifact_mutants import Files, Mutant, mutant, read_artifacts

from credit import runtime
from credit.errors import ArtifactError, DataError

CPU_SECONDS = 5.0
"""Most CPU time of one mutant: what takes longer hangs."""

WALL_SECONDS = 120.0
"""Longest wait for one mutant, however busy the machine: what waits longer is blocked."""

MORE_BYTES = 2**30
"""Most memory (address space) beyond what the process has before the first mutant."""

PROGRAM = Path(__file__)
"""What runs in the child."""

REFUSED, SCORED = "refused", "scored"
REFUSED_SCORING = "loaded, then refused to score"
FINE = {REFUSED, SCORED, REFUSED_SCORING}
REASONS = 4
GENERIC: dict[str, list[Any]] = {
    "number": [0.5, None, -9.0, 0.0, -0.0, 1e30, 3.0],
    "category": ["sme", None, "n/a", "never seen", "", "0", "中文"],
}


class Seen(NamedTuple):
    """What became of a mutant; an outcome that is not in ``FINE`` is a fault."""

    number: int
    of: str
    change: str
    hashes: str
    form: str
    outcome: str
    detail: str


def examine(one: Mutant, place: Path, columns: Mapping[str, list[Any]], usual: str) -> Seen:
    """Load a mutant and score with it; ``usual`` is what the artifact itself answers."""

    def seen(outcome: str, detail: object = "") -> Seen:
        said = f"{type(detail).__name__}: {detail}" if detail else ""
        return Seen(one.number, one.of, one.change, one.hashes, one.form, outcome, said[:300])

    source = one.place(place)
    scorer = None
    try:
        scorer = runtime.load(source)
        answer = None if one.hashes == "stale" else answer_of(scorer, columns)
    except (ArtifactError, DataError) as error:
        return seen(REFUSED_SCORING if scorer else REFUSED, error)
    except BaseException as error:  # a recursion too deep and a lack of memory, too
        return seen(f"FAULT: another error while {'scoring' if scorer else 'loading'}", error)
    if answer is None:
        return seen("FAULT: loaded with stale hashes")
    if one.must_equal and answer != usual:
        return seen("FAULT: scores otherwise though no file was changed")
    return seen(SCORED)


def answer_of(scorer: runtime.Scorer, columns: Mapping[str, list[Any]]) -> str:
    """Return what a scorer says of rows, as text; what no scorer may say is a `ValueError`."""
    rows = {}
    count = len(next(iter(columns.values())))
    for feature in scorer.features:
        generic = (GENERIC[feature.type] * count)[:count]
        given = columns.get(feature.name, generic)
        fits = feature.type == "category" or not any(isinstance(v, str) for v in given)
        rows[feature.name] = given if fits else generic
    try:
        parts, asked = scorer.contributions(rows), REASONS
    except ArtifactError:  # too deep for reasons, or rows that are refused: said again below
        parts, asked = None, 0
    scores = scorer.score(rows, reasons=asked)
    if not (np.isfinite(scores.margin).all() and np.all(np.abs(scores.probability - 0.5) <= 0.5)):
        raise ValueError("a margin that is not finite, or a probability that is none")
    if parts is not None:
        off = np.abs(parts.base + parts.values.sum(axis=1) - scores.margin)
        size = np.abs(parts.values).sum(axis=1) + abs(parts.base)
        if not np.all(off <= 1e-9 * (1 + size)):
            raise ValueError("contributions that do not add up to the margin")
    for at in range(3):
        one = scorer.score_one({name: given[at] for name, given in rows.items()}, reasons=asked)
        same = (
            scores.margin[at], scores.probability[at], scores.points[at], str(scores.grade[at]),
            scores.reasons[at],
        )  # fmt: skip
        if tuple(one) != same:
            raise ValueError(f"one row alone scores {one}, among others {same}")
    return repr((scores.margin.tolist(), scores.points.tolist(), scores.reasons))


def main(seed: int, first: int, last: int, folders: Sequence[Path]) -> None:
    """Examine mutants, a line each: all that runs in the child."""
    artifacts = read_artifacts([folder / "artifact" for folder in folders])
    columns, usual = {}, {}
    for folder in folders:
        cases = json.loads((folder / "cases.json").read_text(encoding="utf-8"))
        columns[folder.name] = {name: values[:8] for name, values in cases["columns"].items()}
        scorer = runtime.load(folder / "artifact")
        usual[folder.name] = answer_of(scorer, columns[folder.name])
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + MORE_BYTES,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as name:
        for number in range(first, last):
            one = mutant(artifacts, seed, number)
            # The default of this signal ends the process, wherever it is: even in C.
            signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
            seen = examine(one, Path(name) / "artifact", columns[one.of], usual[one.of])
            signal.setitimer(signal.ITIMER_PROF, 0)
            sys.stdout.write(json.dumps(seen) + "\n")
            sys.stdout.flush()
            if one.packed is None:
                shutil.rmtree(Path(name) / "artifact", ignore_errors=True)


def run(folders: Sequence[Path], seed: int, count: int) -> Iterator[Seen]:
    """Yield what becomes of every mutant, examined in child processes one after the other."""
    artifacts: dict[str, Files] = read_artifacts([folder / "artifact" for folder in folders])
    at = 0
    while at < count:
        child = subprocess.Popen(
            [sys.executable, "-W", "error", str(PROGRAM), str(seed), str(at), str(count),
             *map(str, folders)],
            stdout=subprocess.PIPE, env=_environment(),
        )  # fmt: skip
        try:
            blocked = False
            for line in _lines(child):
                if line is None:
                    blocked = True
                    break
                at += 1
                yield Seen(*json.loads(line))
        finally:
            child.kill()
            status = child.wait()
            child.stdout and child.stdout.close()
        if at < count:
            one = mutant(artifacts, seed, at)
            why = "FAULT: blocked" if blocked else f"FAULT: the process died ({_death(status)})"
            yield Seen(one.number, one.of, one.change, one.hashes, one.form, why, "")
            at += 1


def _environment() -> dict[str, str]:
    paths = [Path(runtime.__file__).parents[2], Path(__file__).parent]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    return {**os.environ, **threads, "PYTHONPATH": os.pathsep.join(map(str, paths))}


def _death(status: int) -> str:
    if status == -signal.SIGPROF:
        return f"more than {CPU_SECONDS} s of CPU"
    return signal.Signals(-status).name if status < 0 else f"status {status}"


def _lines(child: subprocess.Popen[bytes]) -> Iterator[bytes | None]:
    """Yield the child's lines; None where it says nothing for too long."""
    assert child.stdout is not None
    descriptor, rest = child.stdout.fileno(), b""
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while True:
            if not selector.select(WALL_SECONDS):
                yield None
                return
            found = os.read(descriptor, 2**16)
            if not found:
                return
            *lines, rest = (rest + found).split(b"\n")
            yield from lines


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), [Path(p) for p in sys.argv[4:]])
