"""Three uneven parties grow trees together: AUC, cost, equality, what a dead party leaves.

`python -m benchmarks.federated [REPEATS [SCALE]]`: parties of 1,500, 198,500 and 200,000 rows of
one known law, 100,000 further rows to test on. Written to `results/federated.md`. A SCALE below 1
makes the larger parties smaller, to try it.
"""

from __future__ import annotations

import os
import platform
import signal
import statistics
import sys
import tempfile
import threading
import time
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xgboost as xgb

from credit.boost import BoostedModel, BoostOptions
from credit.errors import FederatedError
from credit.evaluate import delong, delong_difference, metrics
from credit.federated.boost import fit_together
from credit.federated.party import Rows, take_turns, write_model
from credit.federated.together import run_together
from credit.federated.transport import Seat, Told, joined

SIZES = {"small": 1_500, "middle": 198_500, "large": 200_000}
TEST = 100_000
OPTIONS = BoostOptions(rounds=150, eta=0.3)
"""The package's own, but for larger steps: a sixth of the trees."""
SIGNS = {"debt": 1, "income": -1, "late": 1, "tenure": -1}
RESULTS = Path(__file__).parent / "results" / "federated.md"


def rows_of(count: int, seed: int) -> tuple[pd.DataFrame, np.ndarray[Any, Any]]:
    """Return rows of the law: 8 numbers that matter, 6 that do not, a place; about 8 % bad."""
    rng = np.random.default_rng(seed)
    names = ["debt", "income", "late", "tenure", "age", "night", "spread", "travel"]
    numbers = rng.normal(size=(count, len(names) + 6))
    X = pd.DataFrame(numbers, columns=[*names, *(f"noise_{i}" for i in range(6))])
    place = rng.integers(0, 8, count)
    X["place"] = np.array([f"place {i}" for i in range(8)])[place]
    margin = (
        -3.2
        + 0.7 * X["debt"]
        - 0.6 * X["income"]
        + 0.5 * np.maximum(X["late"], 0)
        - 0.4 * np.tanh(X["tenure"])
        + 0.35 * X["age"] ** 2
        + 0.4 * X["night"] * X["spread"]
        + 0.3 * np.sin(2 * X["travel"])
        + 0.25 * (place - 3.5) / 2
    ).to_numpy()
    bad = (rng.random(count) < 1 / (1 + np.exp(-margin))).astype(np.int64)
    X.loc[rng.random(count) < 0.1, "income"] = np.nan
    return X, bad


def model() -> BoostedModel:
    return BoostedModel(options=OPTIONS, signs=SIGNS, random_state=11)


def party(seat: Seat, argument: tuple[int, int, str, bool], told: Told) -> dict[str, Any]:
    """Make a party's rows, train, keep the margins of the test rows."""
    count, seed, folder, first = argument
    X, y = rows_of(count, seed)
    told("process", float(os.getpid()))
    if not first:  # what it makes of its rows alone is known by then
        told("training together", 0.0)
        begun = time.process_time()
        with joined(seat) as reducer:
            fitted = fit_together(model(), X, y, reducer, party=seat.name)
        seconds = time.process_time() - begun
        return {"federated": seconds, "sha256": write_model(Path(folder) / "model", fitted)}
    rows = Rows(X=X, y=y, test=rows_of(TEST, 0)[0])
    scored = take_turns(seat, rows, model(), Path(folder) / "model", told)
    np.savez(Path(folder) / "margins.npz", alone=scored.alone, federated=scored.federated)
    return {"federated": scored.federated_seconds, "sha256": scored.model_sha256}


def arguments(root: Path, sizes: dict[str, int], *, first: bool) -> list[Any]:
    found = []
    for seed, (name, count) in enumerate(sizes.items(), start=1):
        (root / name).mkdir(parents=True)
        found.append((count, seed, str(root / name), first))
    return found


def together(
    root: Path, sizes: dict[str, int], *, first: bool
) -> tuple[list[dict[str, Any]], float]:
    """Return what the parties answered and the server's CPU."""
    asked = arguments(root, sizes, first=first)
    answers = run_together(tuple(sizes), party, asked, time_limit=7200)
    return answers.of, answers.server_seconds


def central(sizes: dict[str, int]) -> tuple[np.ndarray[Any, Any], float]:
    """Return margins of the test rows by a model of all rows, and its CPU."""
    parts = [rows_of(count, seed) for seed, count in enumerate(sizes.values(), start=1)]
    X, y = (
        pd.concat([p[0] for p in parts], ignore_index=True),
        np.concatenate([p[1] for p in parts]),
    )
    begun = time.process_time()
    fitted = model().fit(X, y)
    seconds = time.process_time() - begun
    return fitted.decision_function(rows_of(TEST, 0)[0]), seconds


def dead(root: Path, sizes: dict[str, int]) -> tuple[str, float, list[str], int]:
    """Kill a party while it trains: the sentence, seconds, files left, processes left."""
    pids: dict[str, float] = {}

    def told(stage: str, share: float) -> None:
        if stage == "process":
            pids["small"] = share
        if stage == "training together":
            # The first party tells; it is the one that is killed, while the others wait for it.
            threading.Timer(1.0, lambda: os.kill(int(pids["small"]), signal.SIGKILL)).start()
            pids["at"] = time.monotonic() + 1.0

    try:
        run_together(
            tuple(sizes), party, arguments(root, sizes, first=False), time_limit=7200, told=told
        )
    except FederatedError as error:
        left = [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()]
        return str(error), time.monotonic() - pids["at"], left, len(active_children())
    raise AssertionError("a killed party gave a model")


def row(name: str, y: Any, alone: Any, federated: Any, whole: Any) -> str:
    def shown(margin: Any) -> str:
        interval = delong(y, margin)
        probability = 1 / (1 + np.exp(-margin))
        ks = metrics(y, probability, seed=1, resamples=100).set_index("metric").loc["ks"]
        return (
            f"{interval.value:.4f} ({interval.low:.4f}-{interval.high:.4f}) / "
            f"{ks['value']:.3f} ({ks['low']:.3f}-{ks['high']:.3f})"
        )

    gain, short = delong_difference(y, federated, alone), delong_difference(y, federated, whole)
    return (
        f"| {name} | {shown(alone)} | {shown(federated)} | {shown(whole)} | "
        f"{gain.difference:+.4f} ({gain.low:+.4f} to {gain.high:+.4f}) | "
        f"{short.difference:+.5f} ({short.low:+.5f} to {short.high:+.5f}) |"
    )


def main() -> int:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    scale = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    sizes = {n: c if n == "small" else int(c * scale) for n, c in SIZES.items()}
    y = rows_of(TEST, 0)[1]
    costs, digests, lines = [], set(), []
    with tempfile.TemporaryDirectory() as folder:
        fault = dead(Path(folder) / "dead", sizes)
        for repeat in range(repeats):
            root = Path(folder) / str(repeat)
            whole, seconds = central(sizes)
            found, server = together(root, sizes, first=repeat == 0)
            costs.append((seconds, sum(one["federated"] for one in found) + server, server))
            digests |= {one["sha256"] for one in found}
            for name, count in sizes.items() if repeat == 0 else ():
                margins = np.load(root / name / "margins.npz")
                lines.append(
                    row(f"{name} ({count:,})", y, margins["alone"], margins["federated"], whole)
                )
            RESULTS.write_text(page(lines, digests, costs, fault), encoding="utf-8")
    sys.stdout.write(RESULTS.read_text(encoding="utf-8"))
    return 0


def page(
    lines: list[str],
    digests: set[str],
    costs: list[tuple[float, float, float]],
    fault: tuple[str, float, list[str], int],
) -> str:
    """Return what was found, as a page."""
    sentence, waited, left, processes = fault
    share = 100 * rows_of(TEST, 0)[1].mean()
    text = f"""# Training together: three uneven parties

`python -m benchmarks.federated {len(costs)}`: Python {platform.python_version()}, XGBoost \
{xgb.__version__}, one thread; CPU, because the machine was shared. Rows of one known law, 15 \
features, {share:.1f} % bad; {TEST:,} further rows to test on. Options of the package but for eta \
{OPTIONS.eta:g} and up to {OPTIONS.rounds} trees for each of {OPTIONS.seeds} seeds, averaged.

AUC (DeLong's interval) / KS (rows drawn again):

| party | alone | federated | central | federated - alone | federated - central |
|---|---|---|---|---|---|
{chr(10).join(lines)}

Different models among three parties in {len(costs)} run(s), by SHA-256: {len(digests)}.

| run | central, s | parties and server, s | of it server, s | ratio |
|---|---|---|---|---|
"""
    for number, (seconds, spent, server) in enumerate(costs, start=1):
        text += (
            f"| {number} | {seconds:.1f} | {spent:.1f} | {server:.1f} | {spent / seconds:.2f} |\n"
        )
    ratio = statistics.median(spent / seconds for seconds, spent, _ in costs)
    return f"""{text}
Median ratio of CPU, federated over central: {ratio:.2f}.

One party killed while it trained: after {waited:.1f} s all processes were ended ({processes} \
left), files left behind: {left or "none"}. The command said:

> {sentence}
"""


if __name__ == "__main__":
    sys.exit(main())
