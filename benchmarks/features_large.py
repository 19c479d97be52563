"""200M payments, 5M observations: `python -m benchmarks.features_large [FOLDER] [small]`.

`build_parts` computes the 60 features of `features_peers` into a folder, part by part, under a
memory limit of the engine; the process reports its CPU and wall seconds and the most memory it
held. FOLDER (a temporary one by default; 12 GB are needed) keeps the payments for another run.
At full size the section of `benchmarks/results/features.md` is replaced.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from benchmarks.features_peers import RESULTS, TITLE
from benchmarks.peers import feature_data
from benchmarks.peers.feature_measure import cpu
from benchmarks.peers.measure import held
from benchmarks.run import machine
from benchmarks.scorecard_peers import REPOSITORY, keep, lines

MEMORY, PIECES = "4GB", 4
"""The engine's limit, and parts: fewer read the payments less often and take more memory."""


def measure(folder: Path) -> None:
    """Build in this process, and write its figures as lines of a table."""
    from benchmarks.peers.feature_ours import declared
    from credit.engine import Engine
    from credit.features.parts import build_parts
    from credit.schema import TableSource

    spine = pd.read_parquet(folder / "observations.parquet")
    start, wall = cpu(), time.perf_counter()

    def progress(_stage: str, share: float) -> None:
        sys.stderr.write(f"{share:4.0%} {cpu() - start:,.0f} s CPU, {held('VmHWM'):,.0f} MB\n")

    with (
        tempfile.TemporaryDirectory(dir=folder) as made,
        Engine(memory_limit=MEMORY, scratch=Path(made)) as engine,
    ):
        engine.add("payments", TableSource(path=str(folder / "payments")))
        done = build_parts(
            engine, spine, declared(), Path(made) / "features", parts=PIECES, progress=progress
        )
        files = list(done.folder.glob("part-*.parquet"))
        rows = sum(pq.read_metadata(file).num_rows for file in files)
        size = sum(file.stat().st_size for file in files) / 1e9
    sys.stdout.write(
        f"| {PIECES} | {MEMORY} | {cpu() - start:,.0f} | {time.perf_counter() - wall:,.0f} "
        f"| {held('VmHWM') / 1024:.2f} | {rows:,} | {size:.1f} |\n"
    )


def run(folder: Path, *, small: bool) -> list[str]:
    made = feature_data.SHAPES["small" if small else "large"]
    if not (folder / "observations.parquet").is_file():
        feature_data.write(folder, made)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.features_large", "measure", str(folder)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, cwd=REPOSITORY,
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    title = (
        f"d. Larger than memory: {made.events:,} payments, {made.people:,} people, "
        f"{made.observations:,} observations"
    )
    head = (
        "| parts | the engine's limit | CPU s | wall s | GB resident at most | rows written "
        "| GB written |"
    )
    return lines(title, head, [done.stdout.strip().splitlines()[-1]])


def main() -> int:
    words = sys.argv[1:]
    if words[:1] == ["measure"]:
        measure(Path(words[1]))
        return 0
    small = "small" in words
    given = [word for word in words if word != "small"]
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(given[0] if given else folder), small=small)
    section = "\n".join([*found, f"{machine()}. Load {load:.1f} at the start."]) + "\n"
    sys.stdout.write(section)
    if not small:
        keep("d", section, RESULTS, TITLE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
