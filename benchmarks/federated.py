"""Three uneven parties grow trees together: AUC, cost, equality, what a dead party leaves.

`python -m benchmarks.federated [REPEATS [EFFECT [SEEDS [SCALE]]]]`: parties of 1,500, 198,500 and
200,000 rows of one known law, 100,000 further rows to test on. EFFECT is what three of the numbers
do to the log-odds by themselves: without it (0) two of them matter only together, trees find that
by chance, and fits differ by chance. A SCALE below 1 makes the larger parties smaller, to try it.
The page it prints is a section of `results/federated.md`.
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
from typing import Any, NamedTuple

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
ROUNDS, ETA = 150, 0.3
"""Larger steps than the package's own, and so a sixth of the trees."""
SIGNS = {"debt": 1, "income": -1, "late": 1, "tenure": -1}


class Law(NamedTuple):
    """What the rows follow, and how many seeds a model averages."""

    effect: float
    seeds: int


def rows_of(count: int, seed: int, law: Law) -> tuple[pd.DataFrame, np.ndarray[Any, Any]]:
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
        + law.effect * (X["night"] + X["spread"] + X["age"])
    ).to_numpy()
    bad = (rng.random(count) < 1 / (1 + np.exp(-margin))).astype(np.int64)
    X.loc[rng.random(count) < 0.1, "income"] = np.nan
    return X, bad


def model(law: Law) -> BoostedModel:
    options = BoostOptions(rounds=ROUNDS, eta=ETA, seeds=law.seeds)
    return BoostedModel(options=options, signs=SIGNS, random_state=11)


def party(seat: Seat, argument: tuple[int, int, str, bool, Law], told: Told) -> dict[str, Any]:
    """Make a party's rows, train, keep the margins of the test rows."""
    count, seed, folder, alone, law = argument
    X, y = rows_of(count, seed, law)
    test = rows_of(TEST, 0, law)[0]
    told("process", float(os.getpid()))
    if alone:
        rows = Rows(X=X, y=y, test=test)
        scored = take_turns(seat, rows, model(law), Path(folder) / "model", told)
        np.savez(Path(folder) / "margins.npz", alone=scored.alone, federated=scored.federated)
        return {"federated": scored.federated_seconds, "sha256": scored.model_sha256}
    told("training together", 0.0)
    begun = time.process_time()
    with joined(seat) as reducer:
        fitted = fit_together(model(law), X, y, reducer, party=seat.name)
    seconds = time.process_time() - begun
    return {"federated": seconds, "sha256": write_model(Path(folder) / "model", fitted)}


def arguments(root: Path, sizes: dict[str, int], law: Law, *, first: bool) -> list[Any]:
    """Return what each party is told; the small one trains alone too, the first time."""
    found = []
    for seed, (name, count) in enumerate(sizes.items(), start=1):
        (root / name).mkdir(parents=True)
        found.append((count, seed, str(root / name), first and name == "small", law))
    return found


def together(
    root: Path, sizes: dict[str, int], law: Law, *, first: bool
) -> tuple[list[dict[str, Any]], float]:
    """Return what the parties answered and the server's CPU."""
    asked = arguments(root, sizes, law, first=first)
    answers = run_together(tuple(sizes), party, asked, time_limit=7200)
    return answers.of, answers.server_seconds


def central(sizes: dict[str, int], law: Law) -> tuple[np.ndarray[Any, Any], float]:
    """Return margins of the test rows by a model of all rows, and its CPU."""
    parts = [rows_of(count, seed, law) for seed, count in enumerate(sizes.values(), start=1)]
    X, y = (
        pd.concat([p[0] for p in parts], ignore_index=True),
        np.concatenate([p[1] for p in parts]),
    )
    begun = time.process_time()
    fitted = model(law).fit(X, y)
    seconds = time.process_time() - begun
    return fitted.decision_function(rows_of(TEST, 0, law)[0]), seconds


def dead(root: Path, sizes: dict[str, int], law: Law) -> tuple[str, float, list[str], int]:
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
            tuple(sizes),
            party,
            arguments(root, sizes, law, first=False),
            time_limit=7200,
            told=told,
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
    repeats, effect, seeds, scale = (*sys.argv[1:], *("3", "0.5", "3", "1")[len(sys.argv) - 1 :])
    law = Law(float(effect), int(seeds))
    sizes = {n: c if n == "small" else int(c * float(scale)) for n, c in SIZES.items()}
    y = rows_of(TEST, 0, law)[1]
    costs, digests, lines = [], set(), []
    with tempfile.TemporaryDirectory() as folder:
        for repeat in range(int(repeats)):
            root = Path(folder) / str(repeat)
            whole, seconds = central(sizes, law)
            found, server = together(root, sizes, law, first=repeat == 0)
            costs.append((seconds, sum(one["federated"] for one in found) + server, server))
            digests |= {one["sha256"] for one in found}
            if repeat == 0:
                margins = np.load(root / "small" / "margins.npz")
                lines.append(row("small", y, margins["alone"], margins["federated"], whole))
            sys.stdout.write(f"{costs[-1]} {digests} {lines}\n")
            sys.stdout.flush()
        fault = dead(Path(folder) / "dead", sizes, law)
    sys.stdout.write(page(law, lines, digests, costs, fault))
    return 0


def page(
    law: Law,
    lines: list[str],
    digests: set[str],
    costs: list[tuple[float, float, float]],
    fault: tuple[str, float, list[str], int],
) -> str:
    """Return what was found, as a page."""
    sentence, waited, left, processes = fault
    share = 100 * rows_of(TEST, 0, law)[1].mean()
    text = f"""`python -m benchmarks.federated {len(costs)} {law.effect:g} {law.seeds}`: \
Python {platform.python_version()}, XGBoost \
{xgb.__version__}, one thread; CPU, because the machine was shared. Rows of one known law, 15 \
features, {share:.1f} % bad; {TEST:,} further rows to test on. Options of the package but for eta \
{ETA:g} and up to {ROUNDS} trees for each of {law.seeds} seed(s), averaged.

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
