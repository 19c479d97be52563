"""Fit a pipeline's models on one fold: tune, fit, calibrate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.binning import BinLimits
from credit.boost import BoostOptions
from credit.calibrate import Calibration, fit_platt
from credit.dataset import Dataset
from credit.pipeline.config import BoostSection, Pipeline
from credit.pipeline.models import Knowledge, clues_of, make
from credit.pipeline.spark_boost import fit_on_spark
from credit.pipeline.spark_card import fit_card_on_spark
from credit.pipeline.tune import Search, Study, tune
from credit.policy import InForce, Policy
from credit.scorecard import PolicyCard, Scale
from credit.split import Fold

Floats = npt.NDArray[np.float64]

CALIBRATION_BADS = 50
"""Fewest bad rows in the validation part for a calibration of its own; below, none is fitted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A fitted model and the line from its margin to a calibrated probability of bad."""

    name: str
    label: str
    model: Any
    calibration: Calibration

    def margin(self, X: pd.DataFrame) -> Floats:
        """Return the log-odds of bad, before calibration."""
        return np.asarray(self.model.decision_function(X), dtype=np.float64)

    def probability(self, X: pd.DataFrame) -> Floats:
        """Return the calibrated probability of bad."""
        return self.calibration.apply(self.margin(X))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What every fit of an experiment shares.

    ``policy_weights`` are those of the dimensions a policy card can use here, scaled up to sum
    to 1; ``stated_weights`` are all of them, as the policy states them. Of ``policy`` hold the
    values of the day ``today``.

    ``journal`` is where Optuna keeps its trials, under the name ``study``; without it the
    boosted model keeps its defaults, as it must inside the folds of a repeated split.
    """

    config: Pipeline
    knowledge: Knowledge
    policy_weights: Mapping[str, float]
    scale: Scale
    policy: Policy
    today: date
    stated_weights: Mapping[str, float] = field(default_factory=dict)
    journal: Path | None = None
    study: str = ""
    boost: BoostOptions | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def figures(self) -> InForce:
        """The policy's values on the day of the experiment."""
        return self.policy.at(self.today)


def knowledge_of(data: Dataset, special: Mapping[str, Sequence[float]]) -> Knowledge:
    """Return what the features' declarations say of the columns of a dataset."""
    names = set(data.X.columns)
    features = [feature for feature in data.catalogue if feature.name in names]
    return Knowledge(
        signs={f.name: f.risk for f in features if f.risk and not f.is_categorical},
        dimensions={f.name: f.dimension for f in features},
        special_codes={name: codes for name, codes in special.items() if name in names},
        edges={f.name: f.edges for f in features if f.edges},
    )


def plan(config: Pipeline, data: Dataset, special: Mapping[str, tuple[float, ...]]) -> Plan:
    """Gather what is known before any row is seen: signs, dimensions, codes, weights, scale."""
    knowledge = knowledge_of(data, special)
    last = datetime.fromtimestamp(float(data.as_of.max()) / 1e6, tz=UTC).date()
    today = config.policy_date or last
    policy = config.figures()
    stated = policy.weights(today)
    weights, notes = funded(stated, knowledge)
    return Plan(
        config=config,
        knowledge=knowledge,
        policy_weights=weights,
        stated_weights=stated,
        scale=Scale(**policy.leaf("score.scale", today).value),
        policy=policy,
        today=today,
        notes=notes,
    )


def funded(
    weights: Mapping[str, float], knowledge: Knowledge
) -> tuple[dict[str, float], list[str]]:
    """Rescale the policy's weights to the dimensions that have a signed feature here."""
    of = knowledge.dimensions
    present = {of[name] for name in knowledge.signs if name in of}
    kept = {dimension: weight for dimension, weight in weights.items() if dimension in present}
    empty = [dimension for dimension in weights if dimension not in present]
    if not kept or not empty:
        return kept, []
    total = sum(kept.values())
    return (
        {dimension: weight / total for dimension, weight in kept.items()},
        [
            f"policy weights: {', '.join(empty)} hold no feature here; their "
            f"{100 * (1 - total):.0f} % of weight is unfunded and the other weights are rescaled."
        ],
    )


def limits_of(config: Pipeline, knowledge: Knowledge, columns: Iterable[str]) -> BinLimits:
    """Return the pipeline's limits of a bin, with the columns' own cut points."""
    section = config.models.scorecard
    edges = {n: tuple(knowledge.edges[n]) for n in columns if n in knowledge.edges}
    if section is None:
        return BinLimits(edges=edges)
    return BinLimits(max_bins=section.max_bins, min_share=section.min_share, edges=edges)


def fit_models(
    shared: Plan, data: Dataset, fold: Fold, progress: Callable[[str, float], None]
) -> tuple[list[Fitted], Study | None]:
    """Fit every model of the pipeline on one fold, in the order of the report.

    The policy card and the scorecard are fitted on the training part, the boosted model too;
    all are calibrated on the validation part, which none of them has seen.
    """
    config, seed = shared.config, shared.config.seed
    train, validation = fold.train, fold.validation
    X, y = data.X.iloc[train], data.y.iloc[train].to_numpy(dtype=np.int64)
    models: list[tuple[str, str, Any]] = []
    study = None
    if config.models.policy_card and shared.policy_weights:
        card = PolicyCard(
            signs={n: s for n, s in shared.knowledge.signs.items()
                   if shared.knowledge.dimensions[n] in shared.policy_weights},
            dimensions=dict(shared.knowledge.dimensions), weights=dict(shared.policy_weights),
            special_codes=dict(shared.knowledge.special_codes), scale=shared.scale,
        )  # fmt: skip
        models.append(("policy_card", "policy card", card.fit(X, y)))
    if config.models.scorecard is not None:
        progress("fitting the scorecard", 0.0)
        limits = limits_of(config, shared.knowledge, X.columns)
        scorecard = make("woe", X, knowledge=shared.knowledge, limits=limits, seed=seed)
        scorecard.set_params(scale=shared.scale)
        if config.engine.kind == "spark":
            scorecard = fit_card_on_spark(scorecard, X, y, scratch=config.engine.folder)
        else:
            scorecard.fit(X, y)
        models.append(("scorecard", "scorecard", scorecard))
        progress("fitting the scorecard", 1.0)
    if config.models.xgboost is not None:
        found, study = _boosted(shared, config.models.xgboost, data, fold, progress)
        models += found
    fitted = [
        Fitted(name=name, label=label, model=model, calibration=Calibration())
        for name, label, model in models
    ]
    return [calibrated(one, data, validation) for one in fitted], study


def _boosted(
    shared: Plan,
    section: BoostSection,
    data: Dataset,
    fold: Fold,
    progress: Callable[[str, float], None],
) -> tuple[list[tuple[str, str, Any]], Study | None]:
    """Tune and fit the boosted trees, and the blend where it is asked for."""
    config, train = shared.config, fold.train
    options, study = shared.boost or section.options(), None
    if shared.journal is not None:
        search = Search(
            section=section,
            knowledge=shared.knowledge,
            journal=shared.journal,
            name=shared.study or config.name,
            seed=config.seed,
            split=config.split,
        )
        study = tune(data, fold, search, progress)
        options = study.best
    X, y = data.X.iloc[train], data.y.iloc[train].to_numpy(dtype=np.int64)
    clues = clues_of(data, train, config.split)

    def unfitted(kind: str) -> Any:
        return make(kind, X, knowledge=shared.knowledge, boost=options, seed=config.seed)

    trees = unfitted("boost")
    if config.engine.kind == "spark":
        trees = fit_on_spark(trees, X, y, clues=clues, scratch=config.engine.folder)
    else:
        trees.fit(X, y, **clues)
    models = [("xgboost", "XGBoost", trees)]
    if config.models.blend:
        models.append(("blend", "blend", unfitted("blend").fit(X, y, **clues)))
    return models, study


def calibrated(fitted: Fitted, data: Dataset, validation: npt.NDArray[np.int64]) -> Fitted:
    """Fit the calibration line on the validation part, where it has enough bad rows."""
    y = data.y.iloc[validation].to_numpy(dtype=np.int64)
    if y.sum() < CALIBRATION_BADS:
        return fitted
    line = fit_platt(fitted.margin(data.X.iloc[validation]), y)
    return Fitted(name=fitted.name, label=fitted.label, model=fitted.model, calibration=line)
