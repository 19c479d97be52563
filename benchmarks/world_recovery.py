"""How well known truth is recovered on the generated world, over seeds of the split.

For each seed people are split 70 / 30 at random; scorecard and XGBoost are fitted on the larger
part, on the features of the demo's pipeline with the package's defaults, and measured on the
smaller one:

- share of the attainable Gini, and standard errors above the ceiling (alarm above 3);
- the same with a planted leak, a column that knows one outcome in ten: the alarm must fire;
- covariance shares of the five dimensions with 95 % bootstrap intervals (the card is fitted
  again in every draw), against the shares the world was built with.

    python -m benchmarks.world_recovery --people 50000 --seeds 20
"""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from credit.calibrate import Calibration
from credit.dataset import Dataset, DaysPastDue, dataset, observed_until
from credit.engine import Engine
from credit.evaluate import leak_alarm
from credit.evaluate.ceiling import ALARM
from credit.feature import DIMENSIONS
from credit.features import available, catalogue
from credit.pipeline.config import load as read_pipeline
from credit.pipeline.fit import Fitted, knowledge_of
from credit.pipeline.models import bad_probability, make
from credit.pipeline.shares import dimension_shares
from credit.pipeline.tables import select
from credit.world import WorldOptions, generate, read

PIPELINE = Path(__file__).resolve().parent.parent / "pipelines" / "weilidai.toml"
LEAKED = 0.1
"""Share of applications whose outcome the planted column knows."""


def applications(folder: Path) -> Dataset:
    """Return every application of a world, with the features of the demo's pipeline."""
    with Engine() as engine:
        engine.add_directory(folder)
        tables = {name: list(engine.columns(name)) for name in engine.tables}
        return dataset(
            engine,
            select(available(catalogue(), tables), read_pipeline(PIPELINE).features),
            DaysPastDue(),
            observed_until=observed_until(engine),
        )


def load(people: int, folder: Path):
    """Return the labelled applications of a world, the Bayes score and the truth's facts."""
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        generate(folder, WorldOptions(people=people, start=date(2021, 1, 1), months=48, seed=7))
    data = applications(folder).labelled()
    truth = read(folder)
    bayes = truth.frame.set_index("application_id")["p"].loc[data.application_id].to_numpy()
    return data, bayes, truth.facts


def one_seed(data, bayes, seed: int, models: list[str]) -> list[dict[str, object]]:
    """Fit and measure the models on one split."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(data.X))
    test, train = order[: int(0.3 * len(order))], order[int(0.3 * len(order)) :]
    y = data.y.to_numpy(dtype=np.int64)
    knowledge = knowledge_of(data, {})
    rows = []
    for name in models:
        X = data.X.iloc[train]
        model = make(name, X, knowledge=knowledge, seed=seed).fit(X, y[train])
        alarm = leak_alarm(y[test], bad_probability(model, data.X.iloc[test]), bayes[test])
        row = {
            "seed": seed,
            "model": name,
            "auc": alarm.auc,
            "attainable": alarm.share_of_attainable,
            "errors_above_ceiling": alarm.standard_errors,
        }
        if name == "card":
            row["errors_with_leak"] = planted(data, bayes, (train, test), seed)
        fitted = Fitted(name=name, label=name, model=model, calibration=Calibration())
        shares = dimension_shares(fitted, X, y[train], seed=seed).set_index("dimension")
        for dimension in DIMENSIONS:
            row[f"{dimension}"] = shares.loc[dimension, "share"]
            row[f"{dimension}_low"] = shares.loc[dimension, "share_low"]
            row[f"{dimension}_high"] = shares.loc[dimension, "share_high"]
        rows.append(row)
    return rows


def planted(data, bayes, split: tuple[np.ndarray, np.ndarray], seed: int) -> float:
    """Return a card's standard errors above the ceiling when a column knows some outcomes."""
    train, test = split
    y = data.y.to_numpy(dtype=np.int64)
    knows = np.random.default_rng(seed).random(len(y)) < LEAKED
    X = data.X.assign(planted=np.where(knows, y, 0.5))
    model = make("card", X, knowledge=knowledge_of(data, {}), seed=seed)
    model.fit(X.iloc[train], y[train])
    return leak_alarm(y[test], bad_probability(model, X.iloc[test]), bayes[test]).standard_errors


def summary(table: pd.DataFrame, truth: dict[str, float]) -> str:
    """Return the lines that answer the questions, one model after the other."""
    lines = []
    for model, part in table.groupby("model"):
        lines.append(
            f"{model}: attainable Gini mean {part.attainable.mean():.1%}, least "
            f"{part.attainable.min():.1%}; most errors above the ceiling "
            f"{part.errors_above_ceiling.max():+.2f} in {len(part)} seeds"
        )
        if model == "card":
            fired = int((part.errors_with_leak > ALARM).sum())
            lines.append(f"  with the planted leak the alarm fires in {fired} of {len(part)} seeds")
        held = {
            d: int(((part[f"{d}_low"] <= truth[d]) & (truth[d] <= part[f"{d}_high"])).sum())
            for d in DIMENSIONS
        }
        mean = ", ".join(f"{d} {part[d].mean():.1%} (truth {truth[d]:.0%})" for d in DIMENSIONS)
        lines.append(f"  mean shares: {mean}")
        lines.append(f"  truth inside the interval, of {len(part)} seeds: {held}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=50_000)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--world", type=Path)
    parser.add_argument("--models", default="card,boost")
    options = parser.parse_args()
    folder = options.world or Path("data") / f"world-{options.people}-202101-48-7"
    data, bayes, facts = load(options.people, folder)
    attainable = facts["ceiling"]["gini"]
    single = max(facts["single_feature_gini"].items(), key=lambda item: item[1])
    sys.stdout.write(f"{single[0]}: {single[1] / attainable:.1%} of the attainable Gini alone\n")
    rates = data.y.astype(float).groupby(data.segment).agg(["mean", "count"])
    stated = {"sme": 0.047, "white_collar": 0.028, "blue_collar": 0.093}
    for segment, (mean, count) in rates.iterrows():
        error = np.sqrt(stated[segment] * (1 - stated[segment]) / count)
        sys.stdout.write(
            f"{segment}: bad rate {mean:.2%} of {count:,.0f}, stated {stated[segment]:.1%}, "
            f"{(mean - stated[segment]) / error:+.2f} SE\n"
        )
    rows = []
    for seed in range(options.seeds):
        rows += one_seed(data, bayes, seed, options.models.split(","))
        sys.stderr.write(f"seed {seed}\n")
    table = pd.DataFrame(rows)
    sys.stdout.write(table.round(4).to_string(index=False) + "\n")
    sys.stdout.write(summary(table, facts["shares"]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
