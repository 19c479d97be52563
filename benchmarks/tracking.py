"""What MLflow costs a run, and the tracked model behind ``mlflow models serve``.

Five runs are tracked in a database of their own, each with a folder of files and a model; then
the last one is served on loopback and asked. The bar is 2 seconds a run.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from credit.artifact import ArtifactSpec, Provenance, write
from credit.boost import BoostedModel, BoostOptions
from credit.calibrate import Calibration, default_master_scale
from credit.pipeline.config import TrackingSection
from credit.pipeline.track import RunRecord, track
from credit.scorecard import Scale

PATIENCE = 180.0
"""Seconds a server may take to start."""


def exported(folder: Path) -> tuple[Path, pd.DataFrame]:
    """Write a boosted model of 20 columns, and return its artifact and some rows."""
    random = np.random.default_rng(0)
    X = pd.DataFrame(random.normal(size=(4_000, 20))).rename(columns=lambda i: f"x{i}")
    y = (random.random(4_000) < 1 / (1 + np.exp(2 - X["x0"] - X["x1"]))).to_numpy().astype(int)
    model = BoostedModel(options=BoostOptions(seeds=3)).fit(X, y)
    spec = ArtifactSpec(
        sample=X, scale=Scale(), calibration=Calibration(), grades=default_master_scale(),
        provenance=Provenance(data_sha256="0" * 64),
    )  # fmt: skip
    return write(folder / "artifact", model, spec), X.head(100)


def record(folder: Path, artifact: Path, rows: pd.DataFrame) -> RunRecord:
    kept = folder / "run"
    kept.mkdir(exist_ok=True)
    for number in range(15):
        (kept / f"table{number}.csv").write_text(rows.to_csv())
    return RunRecord(
        experiment="bench",
        parameters={f"section.key{i}": i for i in range(60)},
        metrics={f"model_metric{i}": i / 100 for i in range(80)},
        tags={"champion": "xgboost"},
        folder=kept,
        artifact=artifact,
        example=rows.head(5),
    )


def ask(url: str, rows: pd.DataFrame) -> Any:
    body = json.dumps({"dataframe_split": rows.to_dict(orient="split", index=False)}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())["predictions"]


def serve(uri: str, rows: pd.DataFrame) -> None:
    """Serve the model, ask it as soon as it answers, and stop it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "models", "serve",
               "--model-uri", "models:/bench@champion", "--env-manager", "local",
               "--host", "127.0.0.1", "--port", str(port)]  # fmt: skip
    # MLflow finds its web server on the path.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {
        **os.environ, "PATH": path, "MLFLOW_TRACKING_URI": uri, "MLFLOW_REGISTRY_URI": uri,
    }  # fmt: skip
    start = time.perf_counter()
    server = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}/invocations"
    try:
        while True:
            try:
                found = ask(url, rows)
                break
            except (urllib.error.URLError, ConnectionError):
                if server.poll() is not None or time.perf_counter() - start > PATIENCE:
                    raise
                time.sleep(0.5)
        up = time.perf_counter() - start
        again = time.perf_counter()
        ask(url, rows)
        asked = time.perf_counter() - again
    finally:
        server.terminate()
        server.wait(timeout=30)
    sys.stdout.write(
        f"served: answers {up:.1f} s after the start, {len(found)} rows in {1000 * asked:.0f} ms, "
        f"the first {found[0]}\n"
    )


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        artifact, rows = exported(home)
        section = TrackingSection(
            database=str(home / "mlruns" / "mlflow.db"),
            artifacts=str(home / "mlruns" / "artifacts"),
        )
        kept = record(home, artifact, rows)
        for number in range(5):
            wall, cpu = time.perf_counter(), time.process_time()
            tracked = track(kept, section)
            sys.stdout.write(
                f"run {number}{' (imports MLflow, makes the database)' if not number else ''}: "
                f"{time.perf_counter() - wall:.2f} s wall, {time.process_time() - cpu:.2f} s CPU\n"
            )
        serve(tracked.tracking_uri, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
