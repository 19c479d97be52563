"""Whether learnt values of data sources are the exact ones, over generated worlds.

For each world the card of pipelines/weilidai.toml is fitted on the past and measured on the
applications from its test_from on:

- Shapley values of the AUC against those of the known ceilings, in standard errors of the rows;
- what hiding gains on these later rows, where the guard was found on the earlier ones;
- the share of grades that friends' negative marks change, of all and of the touched.

    python -m benchmarks.source_worth --people 20000 --worlds 5
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from credit import world
from credit.calibrate import default_master_scale
from credit.consent import Guard, Rows, fit_consent, hiding_table
from credit.evaluate import Neutral, decision_influence, every_subset, shapley, source_values
from credit.explain import sub_scores
from credit.feature import DIMENSIONS
from credit.pipeline.config import ModelsSection, load
from credit.pipeline.fit import fit_models, plan
from credit.pipeline.screen import screen
from credit.pipeline.tables import prepare, silent
from credit.pipeline.train import assemble, divide

TOLERANCE = 5.0


def one_world(people: int, seed: int) -> dict[str, float]:
    """Return the distances of the five values to the truth, and the other figures."""
    config = load(
        Path("pipelines/weilidai.toml"), {"": {"seed": seed}, "source": {"people": people}}
    )
    card_only = ModelsSection(scorecard=config.models.scorecard, policy_card=False)
    config = config.model_copy(update={"models": card_only})
    prepared = prepare(config)
    with prepared.engine:
        data = assemble(config, prepared, silent).labelled()
    fold, _ = divide(config, data)
    learnt = np.sort(np.concatenate([fold.train, fold.validation]))
    data, _ = screen(data, learnt, config.features)
    shared = plan(config, data, {})
    (card,), _ = fit_models(shared, data, fold, silent)
    parts = sub_scores(card.model, data.X, shared.knowledge.dimensions)
    y = data.y.to_numpy(np.int64)
    train, held, test = (
        Rows(parts.iloc[rows], y[rows]) for rows in (fold.train, fold.validation, fold.test)
    )
    guard = Guard(tolerance=TOLERANCE, scale=shared.scale)
    consent = fit_consent(train, calibrate=held, guard=guard)
    scores = {
        given: consent.unguarded().probability(test.parts, given)
        for given in every_subset(consent.sources)
    }
    values = source_values(test.y, scores, seed=seed).shapley.query("metric == 'auc'")
    ceilings = world.read(prepared.truth.parent).facts["subset_ceilings"]
    exact = shapley({tuple(filter(None, name.split("+"))): c for name, c in ceilings.items()})
    off = (values["value"] - values["source"].map(exact)) / values["standard_error"]
    X = data.X.iloc[fold.test]
    marks = Neutral.at([name for name in X if name.startswith("social_tagged_")], 0.0)
    grades = decision_influence(
        card.probability(X), card.probability(marks.apply(X)), marks.touched(X),
        {"grade": default_master_scale().index}, unit="touched",
    ).set_index("unit")["share"]  # fmt: skip
    return {
        "world": seed,
        "bads": int(test.y.sum()),
        **dict(zip(values["source"], off, strict=True)),
        "gain": hiding_table(consent, test.parts, shared.scale)["gain"].max(),
        "marks_all": grades["all"],
        "marks_touched": grades["touched"],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--worlds", type=int, default=5)
    options = parser.parse_args()
    table = pd.DataFrame(
        [one_world(options.people, seed) for seed in range(1, options.worlds + 1)]
    ).set_index("world")
    distances = table[list(DIMENSIONS)]
    sys.stdout.write(
        f"{table.round(2).to_string()}\n"
        f"{(distances.abs() < 2).to_numpy().mean():.0%} of {distances.size} values within 2 "
        f"standard errors of the exact ones, {distances.to_numpy().mean():+.2f} on average; the "
        f"greatest mean gain of hiding is {table['gain'].max():.1f} points, {TOLERANCE:g} allowed\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
