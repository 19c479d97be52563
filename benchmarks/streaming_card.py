"""A card trained on a Parquet file that is read one column at a time: CPU, wall, memory, AUC.

Rows and columns are the arguments (2,000,000 and 50 without). The file is written to a
temporary folder in row groups of 500,000, and deleted afterwards; training runs in a process of
its own, so that its peak memory is its own. A third argument rounds the numbers to its multiples,
as amounts and shares are: by .001 a file of 100 million rows takes 9 GB of disk and not 41.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

GROUP = 500_000


def write(path: Path, rows: int, columns: int, step: float) -> None:
    """Write columns of numbers, some missing, and an outcome that all of them move a little."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(0)
    names = [f"x{i}" for i in range(columns)]
    schema = pa.schema([*((name, pa.float64()) for name in names), ("bad", pa.int8())])
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, GROUP):
            size = min(GROUP, rows - start)
            margin = np.full(size, -2.5)
            held = {}
            for name in names:
                values = random.normal(size=size)
                margin += 0.15 * values
                if step:
                    values = np.rint(values / step) * step
                values[random.random(size) < 0.02] = np.nan
                held[name] = values
            bad = (random.random(size) < 1 / (1 + np.exp(-margin))).astype(np.int8)
            writer.write_table(pa.table({**held, "bad": bad}, schema=schema))


def train(path: Path) -> None:
    """Train and score; write what it took."""
    from sklearn.metrics import roc_auc_score

    from credit.binning import BinLimits
    from credit.frames import ParquetColumns
    from credit.scorecard import Scorecard

    rows = ParquetColumns(path)
    X, y = rows.drop(["bad"]), rows["bad"]
    stages = [("nothing", time.process_time(), time.perf_counter(), peak())]
    card = Scorecard(binning=BinLimits(), random_state=0).fit(X, y)
    stages.append(("fit", time.process_time(), time.perf_counter(), peak()))
    margin = card.decision_function(X)
    stages.append(("score", time.process_time(), time.perf_counter(), peak()))
    for before, (name, cpu, wall, memory) in pairwise(stages):
        sys.stdout.write(
            f"{X.shape[0]:>11,} x {X.shape[1]}  {name:<6} {cpu - before[1]:7.1f} s CPU "
            f"{wall - before[2]:7.1f} s wall, peak {memory:.2f} GB\n"
        )
    sys.stdout.write(
        f"{len(card.points_)} columns in the card, AUC {roc_auc_score(y, margin):.4f}\n"
    )


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def main() -> int:
    if sys.argv[1:2] == ["train"]:
        train(Path(sys.argv[2]))
        return 0
    given = sys.argv[1:]
    rows, columns = (int(a) for a in given[:2]) if len(given) > 1 else (2_000_000, 50)
    step = float(given[2]) if len(given) > 2 else 0.0
    with tempfile.TemporaryDirectory() as folder:
        need = (2 if step else 8) * rows * (columns + 1)
        if shutil.disk_usage(folder).free < 2 * need:
            sys.stdout.write(f"{folder} has no room for {need / 1e9:.1f} GB\n")
            return 1
        path = Path(folder) / "rows.parquet"
        write(path, rows, columns, step)
        command = [sys.executable, "-m", "benchmarks.streaming_card", "train", str(path)]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
