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

import pandas as pd

from credit import reject, world

METHODS: dict[str, reject.Method] = {
    "none": reject.Nothing(),
    "reweighting": reject.Reweighting(),
    "fuzzy augmentation": reject.FuzzyAugmentation(),
    "parcelling": reject.Parcelling(),
    "bivariate probit": reject.BivariateProbit(),
    "self-learning": reject.SelfLearning(),
}
UNDERWRITERS = {
    "sees none": reject.Underwriter(sight=0.0),
    "sees half": reject.Underwriter(sight=0.5),
    "sees all": reject.Underwriter(sight=1.0),
}


def population_of(truth: world.Truth) -> reject.Population:
    """Return a world's applicants: five indices and the segment are what the lender records."""
    frame = truth.frame
    etas = [name for name in frame.columns if name.startswith("eta_")]
    segments = pd.get_dummies(frame["segment"].astype(str), dtype=float).iloc[:, 1:]
    start = frame["segment"].astype(str).map(truth.facts["intercepts"])
    return reject.Population(
        X=pd.concat([frame[etas], segments], axis=1),
        linear=(start + frame["linear"]).to_numpy(dtype=float),
        sigma=float(truth.facts["frailty_sd"]),
    )


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
