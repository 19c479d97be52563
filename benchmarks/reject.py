"""Reject inference against known truth on a generated world.

``python -m benchmarks.reject --people 20000 --draws 20``. The underwriter sees none, half or all
of a frailty that no column holds and refuses 40 %; 1 % of the refused are approved at random.
With ``--lender`` the world has a lender of its own: its decisions are made once, models learn from
whom it lent to, as in a run of the shipped pipeline, and every method is held to the truth.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from credit import reject, world
from credit.pipeline.config import Pipeline, load
from credit.pipeline.door import population_of
from credit.pipeline.fit import fit_models, plan
from credit.pipeline.refused import METHODS, UNDERWRITERS, infer_refused
from credit.pipeline.tables import prepare, silent
from credit.pipeline.train import assemble, divide
from credit.pipeline.turned_away import turned_away

PIPELINE = Path(__file__).resolve().parent.parent / "pipelines" / "weilidai.toml"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=20_000)
    options.add_argument("--draws", type=int, default=20)
    options.add_argument("--seed", type=int, default=11)
    options.add_argument("--lender", action="store_true")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "world"
        config = _pipeline(given.people, given.seed)
        source = config.source
        chosen = world.WorldOptions(people=given.people, seed=given.seed)
        if given.lender:
            chosen = world.WorldOptions(
                people=given.people, seed=given.seed, start=source.start, months=source.months,
                lender=True,
            )  # fmt: skip
        world.generate(place, chosen)
        if given.lender:
            _of_a_lender(config, place)
            return 0
        population = population_of(world.read(place))
    began = time.process_time()
    table = reject.measured_error(population, UNDERWRITERS, METHODS, draws=given.draws)
    sys.stdout.write(
        f"{given.people} applicants, {given.draws} draws, sigma {population.sigma}, "
        f"{time.process_time() - began:.0f} CPU seconds\n{_words(table)}\n"
    )
    return 0


def _pipeline(people: int, seed: int) -> Pipeline:
    card = {"scorecard": {"max_bins": 6}}
    changed = {"": {"seed": seed, "models": card}, "source": {"people": people, "lender": True}}
    return load(PIPELINE, changed)


def _of_a_lender(config: Pipeline, place: Path) -> None:
    """Print what the decisions of a world's lender hide, and what each method makes of it."""
    prepared = prepare(config, data=place)
    with prepared.engine as engine:
        whole = assemble(config, prepared, silent)
        away = turned_away(config, whole, engine)
    data = whole.labelled()
    fold, _ = divide(config, data)
    fitted, _ = fit_models(plan(config, data, prepared.special_codes), data, fold, silent)
    [card] = [one for one in fitted if one.name == "scorecard"]
    began = time.process_time()
    found = infer_refused(config, away, data, fold, card, world.read(place))
    if found is None or found.compared is None or found.known is None:
        raise RuntimeError("the shipped pipeline has a section [reject] and a split in time")
    count, bads = found.granted
    sys.stdout.write(
        f"{len(whole)} applicants, {found.rows} refused before the test, {found.alike} of them on "
        f"grounds that chance overruled; approved by chance with an outcome: {count}, {bads} bad; "
        f"{len(fold.test)} accepted held out; {time.process_time() - began:.0f} CPU seconds\n"
        f"{_words(found.compared)}\n{_words(found.known)}\n"
    )


def _words(table: pd.DataFrame) -> str:
    digits = table.select_dtypes("float").columns
    return table.assign(**{n: table[n].round(4) for n in digits}).to_string(index=False)


if __name__ == "__main__":
    sys.exit(main())
