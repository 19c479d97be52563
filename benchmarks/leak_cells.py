"""How many (observation, feature) cells move when their observations' futures are rewritten.

    python -m benchmarks.leak_cells [--engine spark] [--observations 4800] [--world DIR]

A cell is one feature at one observation. Every observation gets tables of its own, in which what
it could not know is deleted, changed, moved or added to (`credit.features.proof.own_data`); what
the network says of people is looked at over whole tables, and again with another record of the
person's own. A generated world has the tables of most features; random worlds with devices and
guarantees, whose times lie on and around the edges of windows, have those of all.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from credit.dataset import observations
from credit.engine import Engine
from credit.feature import Catalogue
from credit.features import available, catalogue
from credit.features.proof import connected_world, own_data
from credit.features.proof.own_record import look_at_records
from credit.features.proof.tables import frames
from credit.world import WorldOptions, generate

RANDOM_WORLDS = {"duckdb": 2, "spark": 0}
"""How many random worlds of 60 people are looked at; Spark starts slowly, and they are many."""

SPARK_SNAPSHOTS = 2
"""Months at which the network is looked at on Spark: what it sums up there is NumPy on both."""


@dataclass
class Total:
    """Cells, moves and the features they are of, over several worlds."""

    rows: list[dict[str, object]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def add(self, what: str, looked: own_data.Looked, seconds: float) -> None:
        """Add one look, and write its line."""
        self.names |= looked.varied
        self.rows.append(
            {
                "tables": what,
                "features": len(looked.cells),
                "cells": sum(looked.cells.values()),
                "moved": sum(one.count for one in looked.moved.values()),
                "CPU s": round(seconds, 1),
            }
        )
        sys.stderr.write(f"{self.rows[-1]} {sorted(looked.moved)}\n")


def opener(kind: str) -> Callable[[], Engine]:
    """Return what opens an empty engine."""
    if kind == "duckdb":
        return lambda: Engine(memory_limit="4GB", threads=2)
    from credit.engine.spark import SparkEngine

    return lambda: SparkEngine(memory_limit="4GB", threads=2)


def look(total: Total, what: str, engine: Engine, spine: pd.DataFrame, features: Catalogue,
         opened: Callable[[], Engine]) -> None:  # fmt: skip
    """Look at rewritten futures, then at people's own records."""
    started = time.process_time()
    found = own_data.look(engine, spine, features, opened, progress=_progress)
    total.add(f"{what}, the future", found, time.process_time() - started)
    started = time.process_time()
    found = look_at_records(engine, spine, features)
    total.add(f"{what}, the own record", found, time.process_time() - started)


def _progress(stage: str, share: float) -> None:
    sys.stderr.write(f"{stage} {share:.0%}\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=sorted(RANDOM_WORLDS), default="duckdb")
    parser.add_argument("--observations", type=int, default=4_800)
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--world", type=Path)
    options = parser.parse_args()
    opened, total = opener(options.engine), Total()
    if options.engine == "spark":
        own_data.SNAPSHOTS = SPARK_SNAPSHOTS
    folder = options.world or Path("data") / f"world-{options.people}-202101-48-7"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        generate(folder, WorldOptions(people=options.people, start=date(2021, 1, 1), months=48,
                                      seed=7))  # fmt: skip
    for seed in range(RANDOM_WORLDS[options.engine]):
        world = connected_world(500 + seed, people=60)
        with opened() as engine:
            for name, frame in frames(world.tables).items():
                engine.add(name, frame)
            look(total, f"random world {seed}", engine, world.spine(), catalogue(), opened)
    with opened() as engine:
        engine.add_directory(folder)
        tables = {name: list(engine.columns(name)) for name in engine.tables}
        spine = observations(engine)[["application_id", "customer_id", "as_of"]]
        spine.insert(0, "observation_id", range(len(spine)))
        drawn = np.random.default_rng(0).permutation(len(spine))[: options.observations]
        look(total, f"generated, {options.people:,} people", engine, spine.iloc[np.sort(drawn)],
             available(catalogue(), tables), opened)  # fmt: skip
    table = pd.DataFrame(total.rows)
    sys.stdout.write(f"{options.engine}\n{table.to_string(index=False)}\n")
    sys.stdout.write(
        f"{int(table['moved'].sum())} of {int(table['cells'].sum()):,} cells moved; "
        f"{len(total.names)} of {len(catalogue())} features have more than one value\n"
    )
    return int(table["moved"].sum() > 0)


if __name__ == "__main__":
    sys.exit(main())
