"""One measurement in this process: `python -m benchmarks.peers.measure PART NAME FOLDER FRAME`.

The last line written is its figures as JSON. CPU seconds are of this process alone; a small fit
before loads and compiles. The memory is the most the process held while fitting, less what it
held just before: the kernel's own high-water mark, set back before the fit, so no sampling
misses a peak (Linux).
"""

from __future__ import annotations

import ctypes
import json
import resource
import signal
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.peers.frames import CODE, generate, halves, read_facts, read_generated
from benchmarks.peers.packages import PACKAGES
from benchmarks.peers.solvers import SOLVERS

CODES = {"x0": [CODE]}
CARD_CODES = {"days_employed": [365_243.0]}
LONGEST = 600
"""CPU seconds after which a measurement is given up."""


def held(field: str) -> float:
    """Return VmRSS or VmHWM in MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split(f"{field}:")[1].split()[0]) / 1024


def measured(work) -> dict[str, float]:
    ctypes.CDLL(None).malloc_trim(0)  # what the small fit freed must not hide what this one takes
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before, start = held("VmRSS"), time.process_time()
    work()
    return {"cpu": time.process_time() - start, "mb": held("VmHWM") - before}


def card(name: str, folder: Path, frame: str) -> dict[str, float]:
    from sklearn.metrics import roc_auc_score

    X, y = read_generated(folder, frame)
    PACKAGES[name](CODES).fit(*small_frame(X.shape[1]))
    peer = PACKAGES[name](CODES)
    found = measured(lambda: peer.fit(X, y))
    fresh, truth = read_generated(folder, "fresh")
    return found | {"auc": float(roc_auc_score(truth, peer.predict(fresh)))}


def binning(name: str, folder: Path, frame: str) -> dict[str, float]:
    X, y = read_generated(folder, frame)
    PACKAGES[name](CODES).bin(*small_frame(X.shape[1]))
    return measured(lambda: PACKAGES[name](CODES).bin(X, y))


def small_frame(columns: int) -> tuple[pd.DataFrame, np.ndarray]:
    values, y = generate(3_000, columns, 5)
    return pd.DataFrame(values, columns=[f"x{i}" for i in range(columns)]), y


def held_out(name: str, folder: Path, frame: str) -> dict[str, list[float]]:
    """Return, a half, the sums over columns of :func:`out_of_fold`, and the bins."""
    X, y, unit = read_facts(folder, frame)
    codes = {column: code for column, code in (CODES | CARD_CODES).items() if column in X}
    found: dict[str, list[float]] = {"plain": [], "fitted": [], "gain": [], "bins": []}
    for fit, test in halves(unit, 5):
        peer = PACKAGES[name](codes)
        peer.bin(X[fit].reset_index(drop=True), y[fit])
        labels = peer.labels(X.reset_index(drop=True)).astype(str)
        sums = np.zeros(len(found))
        for column in labels:
            counts = [pd.crosstab(labels[column][rows], y[rows]) for rows in (fit, test)]
            sums += [*out_of_fold(*counts), len(counts[0])]
        for into, one in zip(found.values(), sums.tolist(), strict=True):
            into.append(one)
    return found


def out_of_fold(fit: pd.DataFrame, test: pd.DataFrame) -> tuple[float, float, float]:
    """Return three values of bins on held-out counts; empty cells count 0.5 in all of them.

    ``plain``: the IV of the held-out counts, which takes their noise in small bins for evidence.
    ``fitted``: held-out shares times the fitted evidence; noise has no sign to agree with, but
    evidence that is too large costs nothing. ``gain``: log-likelihood a 1,000 rows of the fitted
    rates above that of the base rate, the one that noise in the fitted rates lowers.
    """
    index = fit.index.union(test.index)
    counts = np.array(
        [
            table.reindex(index=index, columns=[0, 1], fill_value=0).to_numpy(float)
            for table in (fit, test)
        ]
    )
    filled = np.where(counts == 0, 0.5, counts)
    shares = filled / filled.sum(axis=1, keepdims=True)
    seen = counts.sum(axis=2) > 0
    woe = np.where(seen, np.log(shares[..., 1] / shares[..., 0]), 0.0)
    gap = np.where(seen[1], shares[1, :, 1] - shares[1, :, 0], 0.0)
    base = counts[0].sum(axis=0) / counts[0].sum()
    lift = np.log(filled[0] / filled[0].sum(axis=1, keepdims=True) / base)
    gain = 1e3 * float((counts[1] * lift)[seen[0]].sum() / counts[1].sum())
    return float(gap @ woe[1]), float(gap @ woe[0]), gain


def exact(name: str, folder: Path, frame: str) -> dict[str, object]:
    given = json.loads((folder / f"{frame}.json").read_text(encoding="utf-8"))
    for table in given[:12]:  # every trend with and without a least difference: both compile
        SOLVERS[name](table)
    start = time.process_time()
    ends = [SOLVERS[name](table) for table in given]
    return {"cpu": time.process_time() - start, "ends": ends}


PARTS = {"card": card, "binning": binning, "held_out": held_out, "exact": exact}


def main() -> int:
    part, name, folder, frame = sys.argv[1:]
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CPU, (LONGEST, LONGEST + 5))
    warnings.simplefilter("ignore")
    found = PARTS[part](name, Path(folder), frame)
    sys.stdout.write("\n" + json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
