"""Cards of this package and its peers: CPU seconds, memory, AUC; each fit in a new process."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

REPOSITORY = Path(__file__).resolve().parent.parent
PEERS = REPOSITORY / ".venv-bench" / "bin" / "python"
ROWS, COLUMNS, FRESH, REPEATS = 200_000, 50, 100_000, 3
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)


def frame(rows: int, columns: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Return monotone, U-shaped and noise columns in turn, 5 % missing, and the outcome."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(rows, columns))
    kind = np.arange(columns) % 3
    shape = np.where(kind == 0, values, np.where(kind == 1, values**2 - 1, 0.0))
    margin = shape.sum(axis=1) * 1.5 / np.sqrt(columns) - 2
    y = (random.random(rows) < 1 / (1 + np.exp(-margin))).astype(int)
    values[random.random(values.shape) < 0.05] = np.nan
    return pd.DataFrame(values, columns=[f"x{i}" for i in range(columns)]), y


def ours(X, y, fresh, *, fused=False):
    from credit.binning import BinLimits
    from credit.scorecard import FusedOptions, Scorecard

    card = Scorecard(binning=FusedOptions() if fused else BinLimits(), random_state=0)
    yield lambda: card.fit(X, y)
    yield card.predict_proba(fresh)[:, 1]


def fused(X, y, fresh):
    yield from ours(X, y, fresh, fused=True)


def optbinning(X, y, fresh):
    from optbinning import BinningProcess
    from sklearn.linear_model import LogisticRegression

    process, model = BinningProcess(list(X.columns)), LogisticRegression(max_iter=1000)

    def woe(rows):
        return process.transform(rows, metric="woe", metric_missing="empirical")

    yield lambda: model.fit(woe_of_fit(process, X, y, woe), y)
    yield model.predict_proba(woe(fresh))[:, 1]


def woe_of_fit(process, X, y, woe):
    process.fit(X, y)
    return woe(X)


def toad(X, y, fresh):
    import toad as peer
    from sklearn.linear_model import LogisticRegression

    combiner, woe = peer.transform.Combiner(), peer.transform.WOETransformer()
    model = LogisticRegression(max_iter=1000)

    def fit():
        binned = combiner.fit(X, y, method="chi", min_samples=0.05).transform(X)
        model.fit(woe.fit_transform(binned, y), y)

    yield fit
    yield model.predict_proba(woe.transform(combiner.transform(fresh)))[:, 1]


CARDS = {"ours woe": ours, "ours fused": fused, "optbinning": optbinning, "toad": toad}


def measure(name: str, rows: int, columns: int) -> None:
    """Fit one card after a small one that loads and compiles; write its figures as JSON."""
    from sklearn.metrics import roc_auc_score

    small, label = frame(3_000, columns, 5)
    next(CARDS[name](small, label, small))()
    (X, y), (fresh, truth) = frame(rows, columns, 1), frame(FRESH, columns, 2)
    steps = CARDS[name](X, y, fresh)
    fit = next(steps)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    fit()
    cpu = time.process_time() - start
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    found = {"cpu": cpu, "mb": peak, "auc": float(roc_auc_score(truth, next(steps)))}
    sys.stdout.write("\n" + json.dumps(found) + "\n")


def medians(name: str, rows: int, columns: int, repeats: int) -> dict[str, float] | str:
    """Return the median figures of a card, or the last line of its error."""
    own = name.startswith("ours")
    python = sys.executable if own else os.environ.get("PEERS_PYTHON", str(PEERS))
    if not Path(python).is_file():
        return "no environment of peers: make .venv-bench/installed"
    found = []
    for _ in range(repeats):
        done = subprocess.run(
            [python, str(Path(__file__)), name, str(rows), str(columns)],
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": str(REPOSITORY)},
            cwd=REPOSITORY, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        found.append(json.loads(done.stdout.strip().splitlines()[-1]))
    return {key: statistics.median(one[key] for one in found) for key in found[0]}


def main() -> int:
    if len(sys.argv) == 4:
        measure(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
        return 0
    from benchmarks.run import machine

    rows, columns, repeats = (ROWS, COLUMNS, REPEATS) if len(sys.argv) == 1 else (10_000, 9, 1)
    load = os.getloadavg()[0]
    sys.stdout.write(f"{machine()}; load {load:.1f}\n\n{rows:,} x {columns}\n")
    sys.stdout.write("| card | CPU s | MB above the frame | test AUC | CPU to ours woe |\n")
    sys.stdout.write("|---|---|---|---|---|\n")
    base = np.nan
    for name in CARDS:
        got = medians(name, rows, columns, repeats)
        if isinstance(got, str):
            sys.stdout.write(f"| {name} | {got} | | | |\n")
            continue
        base = got["cpu"] if name == "ours woe" else base
        sys.stdout.write(
            f"| {name} | {got['cpu']:.2f} | {got['mb']:.0f} | {got['auc']:.4f} "
            f"| {got['cpu'] / base:.1f} |\n"
        )
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
