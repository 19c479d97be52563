"""Seconds and peak memory of each stage of the demo, each size in a process of its own."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZES = (20_000, 50_000)
PIPELINE = Path(__file__).resolve().parent.parent / "pipelines" / "weilidai.toml"


def stages(people: int) -> None:
    """Run the demo once and write a line a stage."""
    from credit.pipeline.train import run

    started: dict[str, float] = {}
    ended: dict[str, float] = {}

    def report(stage: str, _share: float) -> None:
        started.setdefault(stage, time.perf_counter())
        ended[stage] = time.perf_counter()

    begin = time.perf_counter()
    run(PIPELINE, overrides={"source": {"people": people}}, progress=report)
    for stage, start in started.items():
        sys.stdout.write(f"{people:>9,}  {stage:<32} {ended[stage] - start:7.1f} s\n")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    sys.stdout.write(
        f"{people:>9,}  {'all':<32} {time.perf_counter() - begin:7.1f} s, peak {peak:.1f} GB\n"
    )


def main() -> int:
    if len(sys.argv) > 1:
        stages(int(sys.argv[1]))
        return 0
    for people in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            environment = {**os.environ, "PYTHONPATH": str(PIPELINE.parent.parent)}
            subprocess.run(
                [sys.executable, "-m", "benchmarks.stages", str(people)],
                cwd=folder, env=environment, check=True,
            )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
