"""How fast an artifact answers, beside the peers in the same run: `python -m benchmarks.serving`.

One row: `Scorer.score_one`, with and without four reasons, beside XGBoost's NumPy path on the
encoded row, onnxruntime, and MLflow's pyfunc. Microseconds: the median, and the least, which is
what a machine without other work would show. Batches: nanoseconds a row of a card, by NumPy and by
compiled code, on one thread and on two (both let go of the interpreter's lock; a scorer may be
shared by threads), and of a forest beside XGBoost and onnxruntime on one thread. Then import and
memory of fresh processes.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.run import machine
from benchmarks.serving_models import applicants, boosted_artifact, card_artifact
from credit import artifact, runtime

REPEATS = 2_000
CARD_ROWS, FOREST_ROWS = 1_000_000, 20_000

FRESH = """
import sys, time
cpu, wall = time.process_time(), time.perf_counter()
from credit import runtime
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
scorer = runtime.load(sys.argv[1])
scorer.score_one({one.name: 0.1 for one in scorer.features}, reasons=int(sys.argv[2]))
held = int(open("/proc/self/status").read().split("VmRSS:")[1].split()[0]) / 1024
print(f"import {cpu:.3f} s CPU, {wall:.3f} s; resident {held:.1f} MB")
"""


def microseconds(ask: Callable[[], Any], repeats: int = REPEATS) -> str:
    for _ in range(20):
        ask()
    took = np.empty(repeats)
    for i in range(repeats):
        start = time.perf_counter()
        ask()
        took[i] = time.perf_counter() - start
    return f"{np.median(took) * 1e6:9.1f} {took.min() * 1e6:9.1f}"


def nanoseconds(ask: Callable[[], Any], rows: int, repeats: int = 7) -> str:
    took, cpu = np.empty(repeats), np.empty(repeats)
    for i in range(repeats):
        start, spent = time.perf_counter(), time.process_time()
        ask()
        took[i], cpu[i] = time.perf_counter() - start, time.process_time() - spent
    wall = np.median(took) / rows
    return f"{wall * 1e9:9.1f} {took.min() / rows * 1e9:9.1f} {cpu.min() / rows * 1e9:9.1f}"


def onnx_session(scorer: runtime.Scorer) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(artifact.to_onnx(scorer), options)


def pyfunc(folder: Path, place: Path) -> Any:
    """Return the artifact as MLflow loads what a run has logged."""
    import mlflow

    from credit.pipeline import track

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.pyfunc.save_model(
            str(place), python_model=str(Path(track.__file__).with_name("served.py")),
            artifacts={"artifact": str(folder)}, pip_requirements=["numpy"],
        )  # fmt: skip
        return mlflow.pyfunc.load_model(str(place))


def one_row(folder: Path, place: Path) -> Iterator[tuple[str, str]]:
    """Yield, for one row, who answers and its microseconds."""
    scorer = runtime.load(folder)
    X, _ = applicants(1, 3)
    row = {
        feature.name: None if np.isnan(X[feature.name][0]) else float(X[feature.name][0])
        for feature in scorer.features
    }
    yield "score_one", microseconds(lambda: scorer.score_one(row))
    yield "score_one, 4 reasons", microseconds(lambda: scorer.score_one(row, reasons=4))
    columns = {name: [value] for name, value in row.items()}
    yield "score, a list of one", microseconds(lambda: scorer.score(columns))
    if scorer.boosted is not None:
        import xgboost

        booster = xgboost.Booster({"nthread": 1})
        booster.load_model(folder / "model.json")
        matrix = X[[source.feature for source in scorer.boosted.inputs]].to_numpy(np.float32)
        yield "xgboost, encoded row", microseconds(lambda: booster.inplace_predict(matrix))
    if importlib.util.find_spec("onnxruntime"):
        session = onnx_session(scorer)
        given = {name: np.array([np.nan if v is None else v]) for name, v in row.items()}
        yield "onnxruntime", microseconds(lambda: session.run(None, given))
    model, frame = pyfunc(folder, place), X[list(row)]
    yield "mlflow pyfunc", microseconds(lambda: model.predict(frame), 50)


def _on_threads(scorer: runtime.Scorer, parts: list[dict[str, Any]]) -> None:
    with ThreadPoolExecutor(len(parts)) as pool:
        list(pool.map(scorer.score, parts))


def batches(folder: Path, rows: int) -> Iterator[tuple[str, str]]:
    """Yield, for many rows, who answers and its nanoseconds a row."""
    scorer = runtime.load(folder)
    X, _ = applicants(rows, 4)
    columns = {feature.name: X[feature.name].to_numpy() for feature in scorer.features}
    yield "score", nanoseconds(lambda: scorer.score(columns), rows)
    whole = {name: np.nan_to_num(values) for name, values in columns.items()}
    yield "score, none missing", nanoseconds(lambda: scorer.score(whole), rows)
    half = rows // 2
    parts = [
        {name: values[part] for name, values in columns.items()}
        for part in (slice(half), slice(half, None))
    ]
    scorers = {"score": scorer}
    if scorer.card is not None:
        scorers["with numba"] = artifact.with_numba(scorer)
        yield "with numba", nanoseconds(lambda: scorers["with numba"].score(columns), rows)
    for name, one in scorers.items():
        ask = partial(_on_threads, one, parts)
        yield f"{name}, two threads", nanoseconds(ask, rows)
    if importlib.util.find_spec("onnxruntime"):
        session = onnx_session(scorer)
        yield "onnxruntime", nanoseconds(lambda: session.run(None, columns), rows)
    if scorer.boosted is not None:
        import xgboost

        booster = xgboost.Booster({"nthread": 1})
        booster.load_model(folder / "model.json")
        matrix = X[[source.feature for source in scorer.boosted.inputs]].to_numpy(np.float32)
        yield "xgboost, encoded", nanoseconds(lambda: booster.inplace_predict(matrix), rows)
        few = {name: values[:2_000] for name, values in columns.items()}
        yield "contributions", nanoseconds(lambda: scorer.contributions(few), 2_000, 3)


def main() -> int:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.stdout.write(f"{machine()}; load {os.getloadavg()[0]:.1f}\n")
    with tempfile.TemporaryDirectory() as name:
        folders = {
            "card, 20 terms": (card_artifact(Path(name)), CARD_ROWS),
            "forest, 300 trees of depth 5": (boosted_artifact(Path(name)), FOREST_ROWS),
        }
        for number, (called, (folder, rows)) in enumerate(folders.items()):
            sys.stdout.write(f"\n{called}: one row, microseconds (median, least)\n")
            for who, found in one_row(folder, Path(name) / f"pyfunc{number}"):
                sys.stdout.write(f"  {who:<22} {found}\n")
                sys.stdout.flush()
            sys.stdout.write(f"{called}: {rows:,} rows, ns a row (median, least, least of CPU)\n")
            for who, found in batches(folder, rows):
                sys.stdout.write(f"  {who:<22} {found}\n")
                sys.stdout.flush()
            for reasons in ("0", "4"):
                said = subprocess.run(
                    [sys.executable, "-c", FRESH, str(folder), reasons],
                    capture_output=True, text=True, check=True,
                ).stdout  # fmt: skip
                sys.stdout.write(f"  fresh process, {reasons} reasons: {said}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
