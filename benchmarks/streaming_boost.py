"""Trees grown on a Parquet file that is read in batches: CPU, peak resident memory, AUC.

Rows and columns are the arguments (2,000,000 and 60 without). The bar is three times the raw
size of the features in single precision. The file is the one of `streaming_card`; training runs
in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.streaming_card import peak, write


def train(path: Path) -> None:
    """Train and score; write what it took."""
    from sklearn.metrics import roc_auc_score

    from credit.boost import BoostedModel, BoostOptions
    from credit.frames import ParquetColumns

    rows = ParquetColumns(path)
    X, y = rows.drop(["bad"]), rows["bad"]
    raw = 4 * len(X) * len(X.columns) / 1024**3
    before = peak()
    start = time.process_time()
    options = BoostOptions(rounds=60, early_stopping=10, eta=0.3)
    model = BoostedModel(options=options, random_state=0).fit(X, y)
    fit = time.process_time() - start
    memory = peak()
    auc = roc_auc_score(y, model.decision_function(X))
    sys.stdout.write(
        f"{len(X):,} x {len(X.columns)}: {len(model.stopping_) + 1} fits of up to 60 trees, "
        f"{fit:.0f} s CPU, peak {memory:.2f} GB ({before:.2f} before), {memory / raw:.1f} x the "
        f"{raw:.2f} GB of raw floats; scored at {peak():.2f} GB, AUC {auc:.4f} in sample\n"
    )


def main() -> int:
    if sys.argv[1:2] == ["train"]:
        train(Path(sys.argv[2]))
        return 0
    rows, columns = (int(a) for a in sys.argv[1:]) if len(sys.argv) > 2 else (2_000_000, 60)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        write(path, rows, columns)
        command = [sys.executable, "-m", "benchmarks.streaming_boost", "train", str(path)]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
