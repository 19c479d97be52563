"""How much of the social dimension's true value its features recover, where the truth is known.

    python -m benchmarks.social_value [--people 20000] [--worlds 3] [--splits 3]

On generated worlds the best AUC is known with and without the social dimension. A model is fitted
on 70 % of the people without social features, with the ties of the demo's pipeline, and with every
social feature there is; its AUC on the others is expected over outcomes (`credit.attainable`), so
luck of the test adds no noise. Recovered is its uplift over that of the two ceilings on the same
people, for three kinds of model. Interval: 95 % over worlds and splits, by Student's t.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t as student

from credit.attainable import expected_auc
from credit.dataset import Dataset, DaysPastDue, dataset, observed_until
from credit.engine import Engine
from credit.feature import Catalogue
from credit.features import available, catalogue
from credit.pipeline.config import load
from credit.pipeline.fit import knowledge_of
from credit.pipeline.models import bad_probability, make
from credit.pipeline.tables import select
from credit.world import WorldOptions, generate, read
from credit.world.ceiling import subset_ceilings
from credit.world.people import SEGMENTS

PIPELINE = Path(__file__).resolve().parent.parent / "pipelines" / "weilidai.toml"
WITHOUT = ("payment", "wealth", "consumption", "repayment")
MODELS = ("card", "woe", "boost")


def world(people: int, seed: int, folder: Path) -> tuple[Dataset, pd.DataFrame, dict]:
    """Return the labelled applications of a world, the truth of each, and its facts."""
    generate(folder, WorldOptions(people=people, start=date(2021, 1, 1), months=48, seed=seed))
    with Engine() as engine:
        engine.add_directory(folder)
        tables = {name: list(engine.columns(name)) for name in engine.tables}
        everything = available(catalogue(), tables)
        asked = select(everything, load(PIPELINE).features)
        social = [f for f in everything if f.dimension == "social" and f.name not in asked.names]
        data = dataset(
            engine, Catalogue((*asked.features, *social)), DaysPastDue(),
            observed_until=observed_until(engine),
        ).labelled()  # fmt: skip
    truth = read(folder)
    return data, truth.of(data.application_id), dict(truth.facts)


def ceilings(truth: pd.DataFrame, facts: dict) -> tuple[float, float]:
    """Return the best expected AUC of some people, without the social dimension and with it."""
    eta = truth[[f"eta_{name}" for name in facts["beta"]]].to_numpy()
    segment = truth["segment"].map({name: code for code, name in enumerate(SEGMENTS)}).to_numpy()
    beta, intercepts = (np.array([*facts[name].values()]) for name in ("beta", "intercepts"))
    found = subset_ceilings(eta, segment, beta, intercepts, facts["frailty_sd"])
    return found[WITHOUT], expected_auc(truth["p"].to_numpy())


def one_split(
    data: Dataset, truth: pd.DataFrame, facts: dict, seed: int, models: list[str]
) -> list[dict[str, object]]:
    """Return the recovered share of each model and set of features on one split of the people."""
    order = np.random.default_rng(seed).permutation(len(data))
    test, train = order[: int(0.3 * len(order))], order[int(0.3 * len(order)) :]
    asked = load(PIPELINE).features.include
    social = [f.name for f in data.catalogue if f.dimension == "social"]
    rest = [name for name in data.X if name not in social]
    ties = [name for name in social if name in asked]
    sets = {"without": rest, "ties": rest + ties, "all": rest + social}
    low, high = ceilings(truth.iloc[test], facts)
    p, y = truth["p"].to_numpy()[test], data.y.to_numpy(dtype=np.int64)
    rows = []
    for model in models:
        auc = {}
        for name, columns in sets.items():
            X = data.X[columns]
            made = make(
                model, X, knowledge=knowledge_of(replace(data, X=X), {}), seed=seed
            ).fit(X.iloc[train], y[train])  # fmt: skip
            auc[name] = expected_auc(p, bad_probability(made, X.iloc[test]))
        rows += [
            {
                "model": model, "features": name, "auc without": auc["without"],
                "uplift": auc[name] - auc["without"], "of the ceilings": high - low,
                "recovered": (auc[name] - auc["without"]) / (high - low),
            }
            for name in ("ties", "all")
        ]  # fmt: skip
        sys.stderr.write(f"{rows[-2]}\n{rows[-1]}\n")
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--worlds", type=int, default=3)
    parser.add_argument("--splits", type=int, default=3)
    parser.add_argument("--models", default=",".join(MODELS))
    options = parser.parse_args()
    rows = []
    for seed in range(options.worlds):
        with tempfile.TemporaryDirectory() as folder:
            made = world(options.people, 101 + seed, Path(folder) / "world")
        for split in range(options.splits):
            rows += one_split(*made, split, options.models.split(","))
    table = pd.DataFrame(rows)
    sys.stdout.write(
        f"{options.worlds} worlds of {options.people:,} people, {options.splits} splits each\n"
    )
    for (model, features), part in table.groupby(["model", "features"], sort=False):
        count = len(part)
        reach = student.ppf(0.975, count - 1) * part["recovered"].std(ddof=1) / np.sqrt(count)
        mean = part.mean(numeric_only=True)
        sys.stdout.write(
            f"{model:<6} {features:<5} uplift {mean['uplift']:+.4f} AUC over "
            f"{mean['auc without']:.4f}, of {mean['of the ceilings']:+.4f}: "
            f"{mean['recovered']:.1%} [{mean['recovered'] - reach:.1%}, "
            f"{mean['recovered'] + reach:.1%}] recovered\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
