"""Sixty features against hand-written queries: `python -m benchmarks.features_peers [small]`.

SQL on DuckDB, Polars, pandas and Ibis compute the same features as the declarations do, on many
people with few payments each and on few people with many. Every measurement runs in a process
of its own, and every result is compared with the first. Letters among the arguments choose
parts: `small a c`. At full size a part replaces its section of `benchmarks/results/features.md`.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.peers import feature_data
from benchmarks.run import machine
from benchmarks.scorecard_peers import PEERS, REPOSITORY, keep, lines, versions

RESULTS = REPOSITORY / "benchmarks" / "results" / "features.md"
TITLE = "Features against hand-written queries"
PACKAGES = ("duckdb", "polars", "ibis-framework", "pandas", "numpy", "pyarrow")
NAMES = ("DuckDB, SQL by hand", "Ibis", "pandas", "Polars", "ours, SQL alone", "ours")
REPEATS, LONG = 3, 100
"""Runs of a build, and the seconds of wall time beyond which it is run once."""

TOLERANCE = 1e-12
FEATURETOOLS = Path(
    os.environ.get("FEATURETOOLS_PYTHON", REPOSITORY / ".venv-featuretools" / "bin" / "python")
)


def once(name: str, warm: Path, folder: Path, file: Path | str) -> dict | str:
    """Return the figures of one new process, or the last line of its error."""
    python = Path(sys.executable) if name.startswith("ours") else PEERS
    if not python.is_file():
        return "no environment of peers: make .venv-bench/installed"
    command = [str(python), "-m", "benchmarks.peers.feature_measure", name]
    done = subprocess.run(
        [*command, str(warm), str(folder), str(file)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, cwd=REPOSITORY,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
        return said[-1].replace("|", "/")[:160]
    return json.loads(done.stdout.strip().splitlines()[-1])


def differing(one: pd.DataFrame, other: pd.DataFrame) -> list[str]:
    """Return the features that differ: in nulls, whole numbers, or floats beyond 1e-12."""
    found = []
    for name in one:
        left, right = one[name].to_numpy(float), other[name].to_numpy(float)
        nulls = np.isnan(left)
        if (nulls != np.isnan(right)).any():
            found.append(name)
            continue
        left, right = left[~nulls], right[~nulls]
        whole = name.rsplit("_", 1)[0].endswith(("_count", "_sum", "_max", "merchants"))
        if (left != right).any() if whole else not np.allclose(left, right, TOLERANCE, 0):
            found.append(name)
    return found


def shape(folder: Path, which: str, *, small: bool) -> list[str]:
    made = feature_data.SHAPES["small" if small else which]
    feature_data.write(folder / "warm", feature_data.SHAPES["warm"])
    feature_data.write(folder / which, made)
    base: pd.DataFrame | None = None
    figures: dict[str, dict | str] = {}
    wrong: dict[str, list[str]] = {}
    for name in NAMES:
        file = folder / "found.parquet"
        got = [once(name, folder / "warm", folder / which, file)]
        if isinstance(got[0], str):
            figures[name] = got[0]
            continue
        if got[0]["wall"] <= LONG and not small:
            got += [once(name, folder / "warm", folder / which, "-") for _ in range(REPEATS - 1)]
        found = pd.read_parquet(file)
        base = found if base is None else base
        wrong[name] = differing(base, found)
        runs = {"runs": len(got)}
        figures[name] = runs | {k: statistics.median(one[k] for one in got) for k in got[0]}
    peers = [figures[name] for name in NAMES if not name.startswith("ours")]
    best = min((one["cpu"] for one in peers if not isinstance(one, str)), default=np.nan)
    rows = [
        f"| {name} | {one} | | | | | |"
        if isinstance(one, str)
        else f"| {name} | {one['cpu']:.1f} | {best / one['cpu']:.2f} | {one['mb']:,.0f} "
        f"| {one['wall']:.0f} | {one['runs']} | {', '.join(wrong[name]) or 'all'} |"
        for name, one in figures.items()
    ]
    title = (
        f"{'ab'[which == 'dense']}. {which.capitalize()}: {made.events:,} payments, "
        f"{made.people:,} people, {made.observations:,} observations, 60 features"
    )
    head = (
        "| build | CPU s | times as fast as the best peer | MB resident at most | wall s | runs "
        "| features equal |"
    )
    said = [
        "CPU is user and system of the whole process over the build, from files to a pandas",
        "frame, after a small build has loaded and compiled. Every result is compared with the",
        "first: nulls, counts, sums and extremes exactly, other floats to 1e-12 relative. What",
        f"takes more than {LONG} s is run once, the rest {REPEATS} times (medians).",
        "",
    ]
    return lines(title, head, rows) + said


def sparse(folder: Path, *, small: bool) -> list[str]:
    return shape(folder, "sparse", small=small)


def dense(folder: Path, *, small: bool) -> list[str]:
    return shape(folder, "dense", small=small)


def plans(folder: Path, *, small: bool) -> list[str]:
    """Milliseconds from declarations to the text of the query, in a warm process."""
    from benchmarks.peers.feature_ours import declared
    from credit.features import catalogue
    from credit.features.window import compile_features, swept_features
    from credit.schema import TABLES

    del folder, small
    tables = {name: [column.name for column in table.columns] for name, table in TABLES.items()}
    tables["merchant_categories"] = ["mcc", "category"]
    rows = []
    for name, features in (("the 60 features", declared()), ("the whole catalogue", catalogue())):
        times = {}
        for how, compiled in (("SQL alone", compile_features), ("with a sweep", swept_features)):
            compiled(features, tables)
            took = []
            for _ in range(9):
                start = time.process_time()
                compiled(features, tables)
                took.append(1e3 * (time.process_time() - start))
            times[how] = statistics.median(took)
        listed = " | ".join(f"{took:.0f}" for took in times.values())
        rows.append(f"| {name} | {len(features)} | {listed} |")
    head = "| declarations | features | CPU ms to SQL alone | CPU ms to a sweep and SQL |"
    return lines("c. From declarations to a plan", head, rows)


def tools(folder: Path, *, small: bool) -> list[str]:
    """Return a small case beside Featuretools; it is as small at any size."""
    del small
    feature_data.write(folder / "some", feature_data.SHAPES["small"])
    rows, found = [], {}
    for name, python in (("Featuretools", FEATURETOOLS), ("ours", Path(sys.executable))):
        if not python.is_file():
            rows.append(f"| {name} | no environment: see benchmarks/README.md | | |")
            continue
        file = folder / f"{name}.parquet"
        command = [str(python), "-m", "benchmarks.peers.feature_tools", name]
        done = subprocess.run(
            [*command, str(folder / "some"), str(file)],
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, cwd=REPOSITORY,
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        found[name] = pd.read_parquet(file).sort_values("observation_id", ignore_index=True)
        wrong = differing(found["ours"], found["Featuretools"]) if len(found) == 2 else []
        took = json.loads(done.stdout.strip().splitlines()[-1])["cpu"]
        rows.append(f"| {name} | {took:.2f} | {len(found[name])} | {', '.join(wrong) or 'all'} |")
    title = "e. A small case: 20,000 payments, 300 observations, 25 features"
    head = "| build | CPU s | observations | features equal |"
    said = ["From frames in memory to a frame; five runs of Featuretools, one for each window.", ""]
    return lines(title, head, rows) + said


PARTS = {"a": sparse, "b": dense, "c": plans, "e": tools}


def main() -> int:
    words = sys.argv[1:]
    if unknown := set(words) - {"small", *PARTS}:
        sys.stderr.write(f"{sorted(unknown)}: give `small` and letters of {list(PARTS)}.\n")
        return 2
    small = "small" in words
    for part in [part for part in PARTS if part in words] or PARTS:
        load = os.getloadavg()[0]
        with tempfile.TemporaryDirectory() as folder:
            found = PARTS[part](Path(folder), small=small)
        where = [
            f"{machine()}. Peers: {versions(PACKAGES)}. One process a measurement, two threads;",
            f"load {load:.1f} at the start.",
        ]
        section = "\n".join([*found, *where]) + "\n"
        sys.stdout.write(section)
        sys.stdout.flush()
        if not small:
            keep(part, section, RESULTS, TITLE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
