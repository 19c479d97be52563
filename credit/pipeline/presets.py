"""Presets of policy weights on the same data: how well each ranks, and what moves its score."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from credit import plot, policy
from credit.evaluate import delong, delong_difference
from credit.explain import covariance_shares, dimension_contributions
from credit.pipeline.comparisons import rows_where
from credit.pipeline.config import load
from credit.pipeline.fit import funded, plan
from credit.pipeline.flat import written
from credit.pipeline.models import Knowledge
from credit.pipeline.screen import screen
from credit.pipeline.tables import Progress, prepare, silent
from credit.pipeline.train import assemble, divide, without
from credit.pipeline.words import Printed, interval, percent, records
from credit.scorecard import PolicyCard

PRESETS = {"wechat": "weilidai", "bank": "weilidai+bank", "alipay": "weilidai+jiebei"}
"""Preset -> the policy whose ``score.weights`` it is."""


def presets_of(
    path: Path, *, data: Path | None = None, progress: Progress = silent
) -> pd.DataFrame:
    """Compare the presets on the rows of a pipeline: fitted and measured as its policy card is.

    So the first preset's figures are those of the policy card in a run of the pipeline, where
    its policy is the shipped one.

    Parameters
    ----------
    path : Path
        A pipeline file.
    data : Path, optional
        Folder of the data, in place of the one in the file.
    progress : callable

    Returns
    -------
    DataFrame
        See `compare_presets`.

    Raises
    ------
    CreditError
        For a pipeline file, a table or a split that cannot be used; the sentence says why.
    """
    config = load(path)
    prepared = prepare(config, data=data, progress=progress)
    with prepared.engine:
        whole = assemble(config, prepared, progress)
        about = rows_where(whole, config.where, prepared.engine)
    labelled = without(about.labelled(), prepared.audit)
    fold, _ = divide(config, labelled)
    learnt = np.sort(np.concatenate([fold.train, fold.validation]))
    chosen, _ = screen(labelled, learnt, config.features)
    shared = plan(config, chosen, prepared.special_codes)
    y = chosen.y.to_numpy(dtype=np.int64)
    train, test = ((chosen.X.iloc[part], y[part]) for part in (fold.train, fold.test))
    return compare_presets(train, test, shared.knowledge, shared.today)


def tables(found: pd.DataFrame) -> tuple[Printed, Printed]:
    """Return how well each preset ranks, and the weight and influence of each dimension."""
    presets = records(found.drop_duplicates("preset"))
    ranking = Printed(
        "presets of weights on the same applications",
        ["preset", "policy", "AUC [95 %]", f"difference to {presets[0].preset} [95 %]"],
        [
            [
                one.preset,
                PRESETS[one.preset],
                interval(one.auc, one.auc_low, one.auc_high),
                interval(one.difference, one.difference_low, one.difference_high),
            ]
            for one in presets
        ],
    )
    names = [one.preset for one in presets]
    moved = {(one.dimension, one.preset): one for one in records(found)}
    influence = Printed(
        "weight, and influence: share of the variance of the score",
        ["dimension", *names],
        [
            [
                dimension,
                *(
                    f"{percent(moved[dimension, name].weight, 0)}, "
                    f"{percent(moved[dimension, name].influence)}"
                    for name in names
                ),
            ]
            for dimension in dict.fromkeys(found["dimension"])
        ],
    )
    return ranking, influence


def write_presets(found: pd.DataFrame, *, table: Path | None, picture: Path | None) -> None:
    """Write the comparison as CSV, and as a picture (.svg or .png)."""
    if table is not None:
        with written(table) as partial:
            found.to_csv(partial, index=False)
    if picture is not None:
        plot.write_picture(plot.presets(found), picture)


def compare_presets(
    train: tuple[pd.DataFrame, ArrayLike],
    test: tuple[pd.DataFrame, ArrayLike],
    knowledge: Knowledge,
    day: date,
) -> pd.DataFrame:
    """Fit a policy card with the weights of each preset, and measure it on the same rows.

    Parameters
    ----------
    train, test : tuple of (DataFrame, array)
        Features and outcome (1 bad); ranks and the line to log-odds are learnt from the first.
    knowledge : Knowledge
        Signs, dimensions and codes of the columns. Weights of a dimension without a signed
        column are spread over the others.
    day : date
        On which the weights hold.

    Returns
    -------
    DataFrame
        A row a preset and dimension: preset, auc, auc_low, auc_high (DeLong, 95 %, on test),
        difference, difference_low, difference_high (of the AUC to the first preset's, paired),
        dimension, weight, influence (share of the variance of the score on test; a preset's sum
        to 1).

    Raises
    ------
    ModelError
        No column has a sign.
    DataError
        The test rows hold only one outcome, or the score does not vary on them.
    """
    X, y = test
    scores: dict[str, np.ndarray] = {}
    tables = []
    for preset, name in PRESETS.items():
        weights, _ = funded(policy.load(name).weights(day), knowledge)
        card = PolicyCard(
            signs=knowledge.signs, dimensions=knowledge.dimensions, weights=weights,
            special_codes=knowledge.special_codes,
        ).fit(*train)  # fmt: skip
        scores[preset] = card.decision_function(X)
        found = delong(y, scores[preset])
        against = delong_difference(y, scores[preset], scores[next(iter(PRESETS))])
        used = card.contributions(X)[list(card.dimension_)]
        influence = covariance_shares(dimension_contributions(used, card.dimension_))
        tables.append(
            pd.DataFrame(
                {
                    "preset": preset, "auc": found.value, "auc_low": found.low,
                    "auc_high": found.high, "difference": against.difference,
                    "difference_low": against.low, "difference_high": against.high,
                    "dimension": influence.index,
                    "weight": [card.weights_[one] for one in influence.index],
                    "influence": influence.to_numpy(),
                }
            )
        )  # fmt: skip
    return pd.concat(tables, ignore_index=True)
