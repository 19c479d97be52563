"""The network of 1M people and 10M ties: one monthly snapshot, and 24 of them.

    python -m benchmarks.graph [PEOPLE EDGES]

People live in communities of about 60, two thirds of their ties stay inside, and how many they
have is heavy-tailed. Each part runs in a process of its own, so that the peak memory is its own.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from credit.schema import DAY

PEOPLE, EDGES = 1_000_000, 10_000_000
MONTHS = 24
FIRST = 1_609_459_200_000_000  # 2021-01-01
ALL = (
    "pagerank", "core_number", "clustering", "neighbour_bad_rate", "two_hop_bad_share",
    "bad_exposure", "good_exposure", "hops_to_bad", "hops_to_good", "community_size",
    "community_bad_rate", "ring_size", "ring_bad_rate",
)  # fmt: skip


def write_contacts(path: Path, people: int, edges: int) -> None:
    """Write a table of contacts whose ties appear over three years."""
    draw = np.random.default_rng(5)
    weight = np.minimum(draw.pareto(2.5, people) + 0.3, 200)
    one = draw.choice(people, edges, p=weight / weight.sum())
    near = one // 60 * 60 + draw.integers(0, 60, edges)
    far = draw.choice(people, edges, p=weight / weight.sum())
    other = np.where(draw.random(edges) < 2 / 3, np.minimum(near, people - 1), far)
    event = FIRST + draw.integers(-365 * DAY, MONTHS * 30 * DAY, edges)
    table = {
        "customer_id": one, "contact_id": other, "event_time": event,
        "available_at": event + draw.integers(0, 7 * DAY, edges),
    }  # fmt: skip
    pq.write_table(pa.table(table), path)


@contextmanager
def measured(name: str) -> Iterator[None]:
    """Write CPU seconds, wall seconds and the process's peak memory so far."""
    cpu, wall = time.process_time(), time.perf_counter()
    yield
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    sys.stdout.write(
        f"  {name:<28} {time.process_time() - cpu:7.2f} s CPU {time.perf_counter() - wall:7.2f} s "
        f"wall {peak:6.2f} GB peak\n"
    )
    sys.stdout.flush()


def labels(people: int, as_of: int, month: int):
    """Return what is known at a snapshot: up to 1 % bad and 25 % good."""
    from credit.features.graph.known import Known

    draw = np.random.default_rng(6).random(people)
    share = (month + 1) / MONTHS
    return Known(as_of=as_of, bad=draw < 0.01 * share, good=draw > 1 - 0.25 * share)


def collapse(folder: Path) -> None:
    """Number people and collapse the table to time-sorted edges; keep them as arrays."""
    from credit.engine import Engine
    from credit.features.graph.edges import PEOPLE as NUMBERED
    from credit.features.graph.edges import number_people, read_edges
    from credit.schema import TableSource

    with Engine(memory_limit="3GB", threads=2) as engine:
        engine.add("contacts", TableSource(path=str(folder / "contacts.parquet")))
        with measured("number people"):
            people = number_people(engine, ("contacts",), labelled=False)
        with measured("collapse and sort edges"):
            edges = read_edges(engine, ("contacts",), people)
        place = engine.frame(f"select place from {NUMBERED} order by node")["place"]
    np.savez(
        folder / "edges.npz", low=edges.low, high=edges.high, known_from=edges.known_from,
        place=place.to_numpy(np.int32),
    )  # fmt: skip
    sys.stdout.write(f"  {people:,} people, {edges.low.size:,} edges\n")


def network(folder: Path):
    """Return the network kept by ``collapse``."""
    from credit.features.graph.blocks import Network
    from credit.features.graph.edges import Edges

    kept = np.load(folder / "edges.npz")
    people = kept["place"].size
    edges = Edges(
        low=kept["low"], high=kept["high"], known_from=kept["known_from"], people=people,
        nodes=people,
    )  # fmt: skip
    return Network(edges=edges, place=kept["place"])


def compiled(folder: Path) -> None:
    """Run everything once on few edges, so that no compilation is timed."""
    from credit.features.graph.blocks import Network
    from credit.features.graph.edges import Edges

    large = network(folder)
    edges = large.edges
    few = Edges(
        low=edges.low[:1000], high=edges.high[:1000], known_from=edges.known_from[:1000],
        people=edges.people, nodes=edges.nodes,
    )  # fmt: skip
    view = Network(edges=few, place=large.place).view(
        FIRST, np.arange(3, dtype=np.int32), labels(edges.people, FIRST, 3)
    )
    for name in ALL:
        view.statistic(name)


def snapshot_of(month: int) -> int:
    return FIRST + (month + 1) * 30 * DAY


def one(folder: Path) -> None:
    """Every statistic of everybody at the last snapshot."""
    compiled(folder)
    large = network(folder)
    with measured("one date, everything"):
        with measured("sparse matrix"):
            large.snapshots  # noqa: B018
        as_of = snapshot_of(MONTHS - 1)
        everybody = np.arange(large.edges.people, dtype=np.int32)
        view = large.view(as_of, everybody, labels(everybody.size, as_of, MONTHS - 1))
        with measured("cut"):
            view.graph  # noqa: B018
        for name in ALL:
            with measured(name):
                view.statistic(name)


def many(folder: Path) -> None:
    """Every statistic of everybody at 24 monthly snapshots."""
    compiled(folder)
    large = network(folder)
    everybody = np.arange(large.edges.people, dtype=np.int32)
    with measured(f"{MONTHS} dates, everything"):
        for month in range(MONTHS):
            as_of = snapshot_of(month)
            view = large.view(as_of, everybody, labels(everybody.size, as_of, month))
            with measured(f"month {month + 1}"):
                for name in ALL:
                    view.statistic(name)


def main() -> int:
    if len(sys.argv) > 1 and sys.argv[1] in ("collapse", "one", "many"):
        globals()[sys.argv[1]](Path(sys.argv[2]))
        return 0
    people, edges = (int(value) for value in sys.argv[1:3]) if sys.argv[1:] else (PEOPLE, EDGES)
    with tempfile.TemporaryDirectory() as folder:
        write_contacts(Path(folder) / "contacts.parquet", people, edges)
        for part in ("collapse", "one", "many"):
            sys.stdout.write(f"{part}\n")
            sys.stdout.flush()
            subprocess.run(
                [sys.executable, "-m", "benchmarks.graph", part, folder],
                env={**os.environ, "OMP_NUM_THREADS": "1"}, check=True,
            )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
