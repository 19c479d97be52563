"""Scorecards that parties fit together: distance from the central card, rounds, bytes, CPU.

    python -m benchmarks.federated_cards [ROWS [COLUMNS]]

Parties of .4, 49.6 and 50 % of 400,000 x 30 generated rows (1,600 in the smallest), each a process
of its own over mutual TLS; beside them a process that fits the same card on all rows.
"""

from __future__ import annotations

import sys
import time
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from credit.binning import BinLimits
from credit.evaluate import auc
from credit.federated.card import fit_card
from credit.federated.together import processes, run_together
from credit.federated.transport import Seat, Told, joined
from credit.scorecard import FusedOptions, Scorecard

SHARES = (0.004, 0.496, 0.5)
NAMES = ("small", "middle", "large")
METHODS = {"woe": BinLimits(), "fused": FusedOptions()}


def generate(rows: int, columns: int, seed: int = 0) -> pd.DataFrame:
    """Numbers with many values and with few, some missing, some bent; names; an outcome."""
    random = np.random.default_rng(seed)
    margin, held = np.full(rows, -2.8), {}
    for j in range(columns):
        values = random.normal(size=rows)
        if j % 5 == 1:
            values = np.floor(3 * np.abs(values))
        margin += 0.2 * (np.abs(values) - 0.8 if j % 7 == 3 else values) * (1 if j % 2 else -1)
        values[random.random(rows) < 0.03] = np.nan
        held[f"x{j}"] = values
    held["x0"] = np.array(list("abcdefgh"), dtype=object)[random.integers(0, 8, rows)]
    bad = random.random(rows) < 1 / (1 + np.exp(-margin))
    return pd.DataFrame({**held, "bad": bad.astype(np.int64)})


def read(path: str) -> tuple[pd.DataFrame, np.ndarray]:
    frame = pd.read_parquet(path)
    return frame.drop(columns="bad"), frame["bad"].to_numpy()


def take_part(seat: Seat, argument: tuple[str, str], _: Told) -> Any:
    """Fit with the others; return the card, what was told and CPU seconds."""
    path, method = argument
    X, y = read(path)
    began = time.process_time()
    with joined(seat) as reducer:
        found = fit_card(Scorecard(binning=METHODS[method]), X, y, reducer)
    told = found.disclosed
    return {
        "card": found.card.to_dict(),
        "seconds": time.process_time() - began,
        "rounds": told.rounds,
        "numbers": told.numbers,
        "cells": told.cells,
        "small": told.small_cells,
    }


def alone(path: str, method: str, answer: Any) -> None:
    """Fit on all rows in a process of its own."""
    X, y = read(path)
    began = time.process_time()
    card = Scorecard(binning=METHODS[method]).fit(X, y)
    answer.send((card.to_dict(), time.process_time() - began))


def central(path: str, method: str) -> tuple[Scorecard, float]:
    context = processes()
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=alone, args=(path, method, sending))
    process.start()
    plain, seconds = receiving.recv()
    process.join()
    return Scorecard.from_dict(plain), seconds


def distance(one: Scorecard, other: Scorecard) -> str:
    """Say how far two cards are apart."""
    alike = sum(one.bins_[name] == other.bins_[name] for name in one.bins_)
    said = f"{alike} of {len(one.bins_)} columns have identical bins"
    if alike < len(one.bins_) or list(one.margins_) != list(other.margins_):
        return said
    columns = ["coefficient", "standard_error"]
    gap = (one.coefficients_[columns] - other.coefficients_[columns]).abs().max()
    return (
        f"{said}; farthest coefficient {gap['coefficient']:.1e}, standard error "
        f"{gap['standard_error']:.1e}, base {abs(one.base_ - other.base_):.1e}"
    )


def measure(method: str, folder: Path, test: pd.DataFrame) -> None:
    one_place, seconds = central(str(folder / "all.parquet"), method)
    began = time.monotonic()
    arguments = [(str(folder / f"{name}.parquet"), method) for name in NAMES]
    found = run_together(NAMES, take_part, arguments, time_limit=3_000)
    wall = time.monotonic() - began
    card = Scorecard.from_dict(found.of[0]["card"])
    assert all(one["card"] == found.of[0]["card"] for one in found.of)
    X, y = test.drop(columns="bad"), test["bad"]
    margins = [one.decision_function(X) for one in (card, one_place)]
    spent = sum(one["seconds"] for one in found.of) + found.server_seconds
    own = ", ".join(f"{one['seconds']:.1f}" for one in found.of)
    print(f"\n{method}: {distance(card, one_place)}")
    print(f"  AUC {auc(y, margins[0]):.5f}, central {auc(y, margins[1]):.5f}")
    print(f"  margins: correlation {np.corrcoef(margins)[0, 1]:.6f}")
    print(f"  CPU s: central {seconds:.1f}; parties {own}; adding up {found.server_seconds:.1f}")
    print(f"  in all {spent:.1f}, {spent / seconds:.2f} times; wall {wall:.0f} s")
    for name, one in zip(NAMES, found.of, strict=True):
        print(f"  {name}: {one['rounds']} sums, {one['numbers']:,} numbers", end="")
        print(f" ({8 * one['numbers'] / 1e6:.1f} MB)", end="; ")
        print(f"{one['small']} of {one['cells']} cells below 10 rows")


def main(arguments: list[str]) -> None:
    rows = int(arguments[0]) if arguments else 400_000
    columns = int(arguments[1]) if len(arguments) > 1 else 30
    every = generate(rows, columns)
    test = generate(100_000, columns, seed=1)
    cuts = np.concatenate([[0], np.rint(np.cumsum(SHARES) * rows)]).astype(int)
    with TemporaryDirectory() as folder:
        every.to_parquet(Path(folder) / "all.parquet")
        for name, (start, end) in zip(NAMES, pairwise(cuts), strict=True):
            every.iloc[start:end].to_parquet(Path(folder) / f"{name}.parquet")
        del every
        print(f"{rows:,} x {columns}; parties of {np.diff(cuts).tolist()} rows")
        for method in METHODS:
            measure(method, Path(folder), test)


if __name__ == "__main__":
    main(sys.argv[1:])
