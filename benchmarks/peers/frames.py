"""Frames of the peers' benchmark, written by one process and read by another.

Reading a NumPy file fills the one block the frame then lives in. A process that generates its
frame has touched more memory than the frame's, and a fit may then use that memory unseen.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

CODE = -999.0
"""The special code of x0; declared where a package takes such a declaration."""


def generate(rows: int, columns: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return monotone, U-shaped and noise columns in turn, 5 % missing, and the outcome.

    3 % of the first column hold the special code; these people are riskier.
    """
    random = np.random.default_rng(seed)
    values = random.normal(size=(rows, columns))
    kind = np.arange(columns) % 3
    shape = np.where(kind == 0, values, np.where(kind == 1, values**2 - 1, 0.0))
    coded = random.random(rows) < 0.03
    shape[coded, 0] = 2.0
    margin = shape.sum(axis=1) * 1.5 / np.sqrt(columns) - 2
    y = (random.random(rows) < 1 / (1 + np.exp(-margin))).astype(np.int64)
    values[random.random(values.shape) < 0.05] = np.nan
    values[coded, 0] = CODE
    return np.asfortranarray(values), y


def write_generated(folder: Path, name: str, rows: int, columns: int, seed: int) -> None:
    values, y = generate(rows, columns, seed)
    np.save(folder / f"{name}.npy", values)
    np.save(folder / f"{name}.outcome.npy", y)


def read_generated(folder: Path, name: str) -> tuple[pd.DataFrame, np.ndarray]:
    values = np.load(folder / f"{name}.npy")
    names = [f"x{i}" for i in range(values.shape[1])]
    return pd.DataFrame(values, columns=names, copy=False), np.load(folder / f"{name}.outcome.npy")


def write_facts(folder: Path, *, small: bool) -> list[str]:
    """Write the frames of the out-of-fold comparison: outcome ``y``, unit ``unit``, facts.

    A unit is what is kept whole when rows are dealt: the person where one has many rows.
    """
    root = Path(os.environ.get("CREDIT_DATA", "../shared/data"))
    found = {} if small else dict(_published(root))
    for name, rows, seed in (("generated 4,000", 4_000, 3), ("generated 20,000", 20_000, 4)):
        values, y = generate(rows, 12, seed)
        frame = pd.DataFrame(values, columns=[f"x{i}" for i in range(12)])
        found[name] = frame.assign(y=y, unit=np.arange(rows))
    for name, frame in found.items():
        frame.to_parquet(folder / f"{name}.parquet")
    return list(found)


def _published(root: Path):
    from benchmarks.public_sets import frames
    from credit.sources import load

    for name, frame, target, bad in frames(root):
        y = (frame[target].astype(str) == bad).astype(int)
        yield name, frame.drop(columns=target).assign(y=y, unit=np.arange(len(frame)))
    cards = root / "credit_card_approval"
    if cards.is_dir():
        yield "card approval", _card_facts(load("credit_card_approval", cards).tables)


def _card_facts(tables: dict) -> pd.DataFrame:
    """Return what the application of an account says, for accounts with a known outcome."""
    applications = tables["applications"]
    known = applications.merge(tables["outcomes"].dropna(subset="bad"), on="application_id")
    keys = ("application_id", "customer_id", "bad", "application_time", "known_at")
    facts = known.drop(columns=[name for name in known if name in keys or name.endswith("_at")])
    return facts.assign(y=known["bad"].astype(int), unit=pd.factorize(known["customer_id"])[0])


def read_facts(folder: Path, name: str) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Return facts (text as objects), outcome and unit."""
    frame = pd.read_parquet(folder / f"{name}.parquet")
    y, unit = frame.pop("y").to_numpy(), frame.pop("unit").to_numpy()
    for column in frame:
        if not pd.api.types.is_numeric_dtype(frame[column]):
            text = frame[column].astype(object)
            frame[column] = text.where(text.notna(), None)
        else:
            frame[column] = frame[column].astype(float)
    return frame, y, unit


def halves(unit: np.ndarray, repeats: int):
    """Yield two halves of the rows as masks (fit, held out), 2 x ``repeats`` times."""
    for repeat in range(repeats):
        side = np.random.default_rng(repeat).random(int(unit.max()) + 1) < 0.5
        yield side[unit], ~side[unit]
        yield ~side[unit], side[unit]


def tables(count: int, seed: int) -> list[dict]:
    """Return random count tables of 20 prebins with the limits to be kept.

    No cell is empty: OptBinning would merge such a prebin before its solver sees it.
    """
    random = np.random.default_rng(seed)
    made = []
    for i in range(count):
        trend = ("ascending", "descending", "peak", "valley")[i % 4]
        at = np.linspace(-1, 1, 20)
        shape = {"ascending": at, "descending": -at, "peak": -(at**2), "valley": at**2}[trend]
        margin = shape * random.uniform(0, 1.5) - 2 + random.normal(size=20) * 0.4
        total = random.integers(50, 1_000, size=20)
        bad = np.clip(random.binomial(total, 1 / (1 + np.exp(-margin))), 1, total - 1)
        made.append(
            {
                "good": (total - bad).tolist(),
                "bad": bad.tolist(),
                "trend": trend,
                "min_size": int(np.ceil((0.0, 0.05, 0.1)[i // 12 % 3] * total.sum())),
                "max_bins": (20, 5, 8)[i // 36 % 3],
                "min_difference": (0.0, 0.01, 0.03)[i // 4 % 3],
            }
        )
    return made
