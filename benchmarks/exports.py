"""A million hard rows through every form of an artifact: which integers differ, and CPU seconds.

    python -m benchmarks.exports [ROWS] [--spark] [--http]

Rows are the golden ones, multiplied: missing values, signed zeros, the model's own thresholds and
their neighbours as floats and doubles, codes, names never seen. Each golden artifact, and a forest
of 300 trees of depth 5, is asked by the runtime, by its SQL in DuckDB (and Spark), by its ONNX
graph where onnxruntime is installed, by XGBoost on the model file beside it, and over HTTP.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks.http import running, served
from benchmarks.serving_models import boosted_artifact
from credit import artifact, runtime

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
from golden_artifacts import golden, hard_columns

ROWS = 1_000_000
AT_ONCE = 500
"""Rows of a request."""


def arrays(scorer: runtime.Scorer, rows: int) -> dict[str, Any]:
    """Return hard rows as arrays: float64 with NaN, object with None."""
    columns = hard_columns(scorer, rows, 17)
    kinds = {feature.name: feature.type for feature in scorer.features}
    return {
        name: np.array(values, dtype=np.float64 if kinds[name] == "number" else object)
        for name, values in columns.items()
    }


def table_of(columns: dict[str, Any]) -> pa.Table:
    made = {
        name: pa.array(values, from_pandas=False)
        if values.dtype == np.float64
        else pa.array(values, pa.string())
        for name, values in columns.items()
    }
    return pa.table(made).append_column(
        "row", pa.array(np.arange(len(next(iter(columns.values())))))
    )


Found = tuple[np.ndarray, np.ndarray]


def by_duckdb(scorer: runtime.Scorer, columns: dict[str, Any], _folder: Path) -> Found:
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.register("rows", table_of(columns))
        query = artifact.to_sql(scorer, table="rows")
        found = connection.sql(
            f'SELECT points, probability FROM ({query}) ORDER BY "row"'
        ).to_arrow_table()
    return found["points"].to_numpy(), found["probability"].to_numpy()


def by_onnx(scorer: runtime.Scorer, columns: dict[str, Any], _folder: Path) -> Found:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(artifact.to_onnx(scorer), options)
    given = {
        name: values
        if values.dtype == np.float64
        else np.array(["" if value is None else value for value in values], dtype=object)
        for name, values in columns.items()
    }
    points, probability = session.run(["points", "probability"], given)
    return points, probability


def by_xgboost(scorer: runtime.Scorer, columns: dict[str, Any], folder: Path) -> Found:
    import xgboost

    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(folder / "model.json")
    count = len(next(iter(columns.values())))
    matrix = scorer.boosted.matrix(columns, count)
    margin = booster.inplace_predict(matrix, predict_type="margin", validate_features=False)
    margin = margin.astype(np.float64)
    return scorer.rule.scaled_points(margin), scorer.rule.probability(margin)


def by_spark(scorer: runtime.Scorer, columns: dict[str, Any], _folder: Path) -> Found:
    from spark_tables import answer, hand_over, start

    with tempfile.TemporaryDirectory() as name:
        session = start(Path(name))
        hand_over(session, "rows", table_of(columns), Path(name))
        query = artifact.to_sql(scorer, "spark", table="rows")
        found = answer(session, query).sort_by("row")
        session.stop()
    return found["points"].to_numpy(), found["probability"].to_numpy()


def by_http(_scorer: runtime.Scorer, columns: dict[str, Any], folder: Path) -> Found:
    found: list[tuple[int, float]] = []
    plain = {
        name: [None if isinstance(v, float) and np.isnan(v) else v for v in values]
        for name, values in columns.items()
    }
    with running(served(folder), os.cpu_count() - 1) as server:
        url = f"http://127.0.0.1:{server.port}/v1/score"
        rows = [dict(zip(plain, row, strict=True)) for row in zip(*plain.values(), strict=True)]
        for start in range(0, len(rows), AT_ONCE):
            asked = [{"features": row} for row in rows[start : start + AT_ONCE]]
            body = json.dumps({"rows": asked, "reasons": 0}, allow_nan=False).encode()
            request = Request(url, data=body, headers={"content-type": "application/json"})
            with urlopen(request) as answer:
                results = json.load(answer)["results"]
            found += [(one["points"], one["probability"]) for one in results]
    return np.array([one[0] for one in found]), np.array([one[1] for one in found])


def engines(folder: Path, *, spark: bool, http: bool) -> dict[str, Callable[..., Found]]:
    found: dict[str, Callable[..., Found]] = {"DuckDB": by_duckdb}
    if spark and folder.name != "boosted":  # Spark did not end with 300 trees in 18 minutes
        found["Spark"] = by_spark
    if importlib.util.find_spec("onnxruntime"):
        found["ONNX"] = by_onnx
    if (folder / "model.json").is_file():
        found["XGBoost"] = by_xgboost
    if http:
        found["HTTP"] = by_http
    return found


def main() -> int:
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    asked = {"spark": "--spark" in sys.argv, "http": "--http" in sys.argv}
    rows = int(words[0]) if words else ROWS
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.stdout.write(f"{rows:,} rows; CPU seconds of this process (Spark's are another's)\n")
    with tempfile.TemporaryDirectory() as name:
        folders = {one.name: one.folder for one in golden()}
        folders["300 trees of depth 5"] = boosted_artifact(Path(name))
        for called, folder in folders.items():
            scorer = runtime.load(folder)
            columns = arrays(scorer, rows)
            start = time.process_time()
            scores = scorer.score(columns)
            sys.stdout.write(f"{called}: runtime {time.process_time() - start:.1f} s\n")
            for engine, ask in engines(folder, **asked).items():
                start = time.process_time()
                points, probability = ask(scorer, columns, folder)
                took = time.process_time() - start
                other = int((points != scores.points).sum())
                gap = float(np.abs(probability - scores.probability).max())
                sys.stdout.write(
                    f"  {engine:<8} {took:6.1f} s, {other} rows with other points, "
                    f"probability within {gap:.1e}\n"
                )
                sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
