"""Reject inference against known truth on a generated world.

``python -m benchmarks.reject --people 20000 --draws 20``. The underwriter sees none, half or all
of a frailty that no column holds and refuses 40 %; 1 % of the refused are approved at random.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from credit import reject, world
from credit.pipeline.refused import METHODS, UNDERWRITERS, population_of


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=20_000)
    options.add_argument("--draws", type=int, default=20)
    options.add_argument("--seed", type=int, default=11)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "world"
        world.generate(place, world.WorldOptions(people=given.people, seed=given.seed))
        population = population_of(world.read(place))
    began = time.process_time()
    table = reject.measured_error(population, UNDERWRITERS, METHODS, draws=given.draws)
    digits = table.select_dtypes("float").columns
    sys.stdout.write(
        f"{given.people} applicants, {given.draws} draws, sigma {population.sigma}, "
        f"{time.process_time() - began:.0f} CPU seconds\n"
        f"{table.assign(**{n: table[n].round(4) for n in digits}).to_string(index=False)}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
