"""What each stage costs as people, events, edges and rows grow, and with which exponent.

Each measurement is a process of its own on one thread: CPU seconds, and the peak of resident
memory above what the process held before the stage. Exponents are least squares of the logarithms
over all sizes of a stage; at an exponent of 1, ten times the size takes ten times as long.

    python -m benchmarks.scaling             # every stage, 10^4 to 10^6
    python -m benchmarks.scaling card 10000 100000 1000000 10000000

With all stages, ``results/scale.md`` is written anew.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.run import machine

COLUMNS = 20
PER_NODE = 9
"""Edges a person, as in ``benchmarks.graph``."""

Stage = Callable[[int, Path], Callable[[], object]]


def rows_of(size: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Return ``COLUMNS`` numbers a row, and an outcome that all move a little."""
    draw = np.random.default_rng(0)
    X = pd.DataFrame({f"x{i}": draw.normal(size=size) for i in range(COLUMNS)})
    margin = -2.5 + 0.2 * X.to_numpy().sum(axis=1)
    return X, (draw.random(size) < 1 / (1 + np.exp(-margin))).astype(int)


def world(people: int, folder: Path) -> Callable[[], object]:
    """Generate a population, truth and all."""
    from credit.world import WorldOptions, generate

    options = WorldOptions(people=people, threads=1)
    return lambda: generate(folder / "world", options)


def features(people: int, folder: Path) -> Callable[[], object]:
    """Build every feature of every application of a generated population, in parts."""
    from credit.dataset import observations
    from credit.engine import Engine
    from credit.features import available, catalogue
    from credit.features.parts import build_parts
    from credit.world import WorldOptions, generate

    generate(folder / "world", WorldOptions(people=people, threads=1))

    def build() -> None:
        with Engine(memory_limit="4GB", threads=1) as engine:
            engine.add_directory(folder / "world")
            spine = observations(engine)[["application_id", "customer_id", "as_of"]]
            spine.insert(0, "observation_id", range(len(spine)))
            tables = {name: engine.columns(name) for name in engine.tables}
            some = available(catalogue(), tables)
            build_parts(engine, spine, some, folder / "built", parts=max(1, people // 25_000))

    return build


def network(people: int, folder: Path) -> Callable[[], object]:
    """Compute every statistic of the network at one date."""
    from benchmarks.graph import ALL, FIRST, MONTHS, labels
    from credit.features.graph.blocks import Network
    from credit.features.graph.edges import Edges
    from credit.schema import DAY

    del folder
    draw = np.random.default_rng(5)
    ends = np.sort(draw.integers(0, people, (PER_NODE * people, 2)).astype(np.int32), axis=1)
    ends = np.unique(ends[ends[:, 0] < ends[:, 1]], axis=0)
    edges = Edges(
        low=ends[:, 0].copy(), high=ends[:, 1].copy(),
        known_from=np.sort(draw.integers(FIRST, FIRST + MONTHS * 30 * DAY, len(ends))),
        people=people, nodes=people,
    )  # fmt: skip
    place = draw.permutation(people).astype(np.int32)
    everybody = np.arange(people, dtype=np.int32)

    def compute() -> None:
        at = FIRST + MONTHS * 30 * DAY
        view = Network(edges=edges, place=place).view(at, everybody, labels(people, at, MONTHS - 1))
        for name in ALL:
            view.statistic(name)

    return compute


def card(rows: int, folder: Path) -> Callable[[], object]:
    """Bin 20 columns and fit the card of evidence."""
    from credit.binning import BinLimits
    from credit.scorecard import Scorecard

    del folder
    X, y = rows_of(rows)
    return lambda: Scorecard(binning=BinLimits(), random_state=0).fit(X, y)


def fused(rows: int, folder: Path) -> Callable[[], object]:
    """Fit the default card, one bag of everything and all."""
    from credit.scorecard import Scorecard

    del folder
    X, y = rows_of(rows)
    return lambda: Scorecard(random_state=0).fit(X, y)


def trees(rows: int, folder: Path) -> Callable[[], object]:
    """Grow 100 trees on 20 columns."""
    from credit.boost import BoostedModel, BoostOptions

    del folder
    X, y = rows_of(rows)
    options = BoostOptions(rounds=100, early_stopping=100, seeds=1, threads=1)
    return lambda: BoostedModel(options=options, random_state=0).fit(X, y)


def scores(rows: int, folder: Path) -> Callable[[], object]:
    """Score rows by a card in the runtime."""
    from credit import artifact, runtime

    golden = Path(__file__).resolve().parent.parent / "tests/golden/artifacts/1-scorecard/artifact"
    packed = artifact.pack(golden, folder / "a.zip").read_bytes()
    scorer = runtime.load(packed)
    draw = np.random.default_rng(0)
    columns = {}
    for one in scorer.features:
        if one.type == "category":
            columns[one.name] = draw.choice(np.array(one.categories, dtype=object), rows)
        else:
            columns[one.name] = draw.uniform(*(one.learned_range or (0.0, 1.0)), rows)
    return lambda: scorer.score(columns, reasons=0)


STAGES: dict[str, tuple[Stage, str, tuple[int, ...]]] = {
    "world": (world, "people", (10_000, 30_000, 100_000, 300_000)),
    "features": (features, "people", (3_000, 10_000, 30_000, 100_000)),
    "network": (network, "people", (10_000, 100_000, 1_000_000)),
    "card": (card, "rows", (10_000, 100_000, 1_000_000, 10_000_000)),
    "fused": (fused, "rows", (10_000, 100_000, 1_000_000)),
    "trees": (trees, "rows", (10_000, 100_000, 1_000_000)),
    "scores": (scores, "rows", (10_000, 100_000, 1_000_000)),
}
"""Stage -> how to prepare it, what its size counts, and the sizes."""


def measure(stage: str, size: int) -> None:
    """Prepare a stage, run it once small so that code is compiled, run it, write its cost."""
    prepare, _, _ = STAGES[stage]
    with tempfile.TemporaryDirectory() as folder:
        if stage not in ("world", "features"):
            (Path(folder) / "warm").mkdir()
            prepare(2_000, Path(folder) / "warm")()
        run = prepare(size, Path(folder))
        before, start = peak(), time.process_time()
        run()
        sys.stdout.write(f"{time.process_time() - start} {before} {peak()}\n")


def peak() -> float:
    """Return the most memory this process ever held, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def costs(stage: str, sizes: tuple[int, ...]) -> list[tuple[int, float, float, float]]:
    """Return (size, CPU seconds, MB before, MB at most) of a stage at each size."""
    found = []
    for size in sizes:
        command = [sys.executable, "-m", "benchmarks.scaling", "--measure", stage, str(size)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        cpu, before, most = (float(word) for word in done.stdout.split()[-3:])
        found.append((size, cpu, before, most))
        sys.stdout.write(f"{stage:<10} {size:>12,} {cpu:9.2f} s CPU {before:7.0f} {most:7.0f} MB\n")
        sys.stdout.flush()
    return found


def exponent(sizes: list[int], values: list[float]) -> float:
    """Return the slope of the logarithms."""
    if len(sizes) < 2:
        return float("nan")
    return float(np.polyfit(np.log(sizes), np.log(np.maximum(values, 1e-9)), 1)[0])


def table(found: dict[str, list[tuple[int, float, float, float]]]) -> str:
    """Return one row a measurement, and each stage's exponents in its last."""
    lines = [
        "| stage | size | CPU s | microseconds each | MB at most | exponent of CPU | bytes each |",
        "|---|---|---|---|---|---|---|",
    ]
    for stage, rows in found.items():
        power = exponent([row[0] for row in rows], [row[1] for row in rows])
        for size, cpu, _, most in rows:
            last = size == rows[-1][0]
            grown = (rows[-1][3] - rows[-2][3]) / (rows[-1][0] - rows[-2][0]) if last else 0.0
            lines.append(
                f"| {stage} | {size:,} {STAGES[stage][1]} | {cpu:.2f} | {1e6 * cpu / size:.1f} "
                f"| {most:,.0f} | {f'{power:.2f}' if last else ''} "
                f"| {f'{grown * 2**20:,.0f}' if last else ''} |"
            )
    return "\n".join(lines)


def main() -> int:
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2], int(sys.argv[3]))
        return 0
    asked = sys.argv[1:2] or list(STAGES)
    given = tuple(int(size) for size in sys.argv[2:])
    found = {stage: costs(stage, given or STAGES[stage][2]) for stage in asked}
    text = table(found)
    sys.stdout.write(text + "\n")
    if len(asked) == len(STAGES):
        place = Path(__file__).parent / "results" / "scale.md"
        place.write_text(
            "# What each stage costs as it grows\n\n`python -m benchmarks.scaling`; bytes each are "
            f"the growth of the peak between the two largest sizes.\n\n{text}\n\n{machine()}.\n",
            encoding="utf-8",
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
