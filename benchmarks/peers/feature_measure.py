"""One build of the features in this process: `python -m benchmarks.peers.feature_measure`.

Arguments: the name, the folder of a small shape, which loads and compiles, the folder of the
shape, and the file to write the features to. The last line written is the figures as JSON:
CPU seconds, user and system, of this process and its children, and the most resident memory
(Linux: the kernel's own high-water mark, set back before the build).
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import time
from pathlib import Path

import pandas as pd

from benchmarks.peers.feature_queries import PEERS
from benchmarks.peers.measure import held


def cpu() -> float:
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def ours(folder: Path, *, swept: bool | None = None) -> pd.DataFrame:
    from benchmarks.peers.feature_ours import declared
    from credit.engine import Engine
    from credit.features import build
    from credit.schema import TableSource

    with Engine(memory_limit="8GB") as engine:
        engine.add("payments", TableSource(path=str(folder / "payments")))
        spine = pd.read_parquet(folder / "observations.parquet")
        return build(engine, spine, declared(), swept=swept)


def ours_in_sql(folder: Path) -> pd.DataFrame:
    """The same declarations as SQL alone, which small builds and other engines run."""
    return ours(folder, swept=False)


BUILDS = {**PEERS, "ours": ours, "ours, SQL alone": ours_in_sql}


def main() -> int:
    name, warm, folder, file = sys.argv[1:]
    BUILDS[name](Path(warm))
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before, start, wall = held("VmRSS"), cpu(), time.perf_counter()
    frame = BUILDS[name](Path(folder))
    found = {
        "cpu": cpu() - start,
        "wall": time.perf_counter() - wall,
        "mb": held("VmHWM"),
        "before": before,
        "loading": start,
    }
    if file != "-":
        frame.sort_values("observation_id").to_parquet(file, index=False)
    sys.stdout.write("\n" + json.dumps(found) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
