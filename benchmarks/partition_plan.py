"""A partition plan under skew: the load of the fullest partition beside the mean one.

Customers have events by a law with a heavy tail, as accounts of shops and of agents do. A stage
ends when its fullest partition does, so ``max / mean`` is how many times longer it takes than a
plan without skew. Three plans, all by a hash of the customer:

hash
    every event of a customer in one partition;
salted
    a customer of more than ``SALT`` times the mean partition's share is cut into pieces of that
    size, each hashed by itself, and sums of pieces are added in a second step;
apart
    those heavy customers go to partitions of their own, cut so that none is above the mean, and
    the rest is hashed.

Usage: ``python -m benchmarks.partition_plan [CUSTOMERS [PARTITIONS]]``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]

SALT = 0.1
"""A customer above this share of a partition's mean load is heavy."""

LAWS: dict[str, Callable[[np.random.Generator, int], NDArray[np.float64]]] = {
    "log-normal, sd 1 (people)": lambda draw, n: 100 * np.exp(draw.normal(0, 1, n)),
    "Pareto 1.5 (small shops)": lambda draw, n: 50 * (1 + draw.pareto(1.5, n)),
    "Pareto 1.1 (shops, agents)": lambda draw, n: 20 * (1 + draw.pareto(1.1, n)),
}
"""Events a customer."""


def hashed(load: Counts, draw: np.random.Generator, partitions: int) -> Counts:
    """Return the load of each partition where every entry of ``load`` goes to a random one."""
    place = draw.integers(0, partitions, load.size)
    return np.bincount(place, load, minlength=partitions).astype(np.int64)


def pieces(load: Counts, most: int) -> tuple[Counts, int]:
    """Return the loads cut into pieces of at most ``most``, and how many rows a merge adds."""
    heavy = load > most
    cut = -(-load[heavy] // most)
    parts = np.repeat(load[heavy] // cut, cut)
    parts[: int((load[heavy] - load[heavy] // cut * cut).sum())] += 1
    return np.concatenate([load[~heavy], parts]), int(cut.sum())


def plans(load: Counts, draw: np.random.Generator, partitions: int) -> dict[str, tuple[float, int]]:
    """Return ``max / mean`` of each plan, and the rows its second step merges."""
    mean = load.sum() / partitions
    most = max(1, int(SALT * mean))
    salted, merged = pieces(load, most)
    light = load[load <= most]
    heavy = int(load.sum() - light.sum())
    own = -(-heavy // int(mean)) if heavy else 0
    apart = np.append(hashed(light, draw, max(1, partitions - own)), [-(-heavy // max(own, 1))])
    return {
        "hash": (float(hashed(load, draw, partitions).max() / mean), 0),
        "salted": (float(hashed(salted, draw, partitions).max() / mean), merged),
        "apart": (float(apart.max() / mean), own),
    }


def main() -> int:
    customers, partitions = (
        (int(a) for a in sys.argv[1:3]) if len(sys.argv) > 2 else (10_000_000, 2_000)
    )
    sys.stdout.write(
        f"{customers:,} customers, {partitions:,} partitions\n\n"
        "| events a customer | mean | largest customer / mean partition | hash | salted "
        "| apart | pieces merged |\n|---|---|---|---|---|---|---|\n"
    )
    for name, law in LAWS.items():
        draw = np.random.default_rng(0)
        load = np.ceil(law(draw, customers)).astype(np.int64)
        found = plans(load, draw, partitions)
        sys.stdout.write(
            f"| {name} | {load.mean():.0f} | {load.max() / (load.sum() / partitions):.2f} | "
            + " | ".join(f"{found[plan][0]:.2f}" for plan in ("hash", "salted", "apart"))
            + f" | {found['salted'][1]:,} |\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
