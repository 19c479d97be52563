"""Choose the boosted model's options with Optuna: few trials, a journal file, explicit seed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss

from credit.boost import BoostOptions
from credit.dataset import Dataset
from credit.pipeline.config import BoostSection
from credit.pipeline.models import Knowledge, bad_probability, make
from credit.split import Fold


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a search is allowed: its budget, what is known of the columns, its journal and seed.

    ``timed`` lets early stopping look at the latest rows rather than at random ones.
    """

    section: BoostSection
    knowledge: Knowledge
    journal: Path
    name: str
    seed: int
    timed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What a search found: the best options and every trial as one row."""

    best: BoostOptions
    trials: pd.DataFrame


def first_trial() -> dict[str, Any]:
    """Return the model's own defaults as a trial, so that a search never does worse than them."""
    defaults = asdict(BoostOptions())
    names = ("eta", "max_depth", "subsample", "colsample", "reg_lambda")
    return {name: defaults[name] for name in names} | {"min_child_weight": 20.0, "gamma": 0.001}


def suggest(trial: Any, rows: int) -> BoostOptions:
    """Draw options from the search space; the least leaf follows the number of rows.

    On few rows a leaf of 20 rows' curvature starves the trees, on many one of 1 overfits.
    """
    heaviest = float(np.clip(rows / 200, 5.0, 60.0))
    return BoostOptions(
        eta=trial.suggest_float("eta", 0.02, 0.2, log=True),
        max_depth=trial.suggest_int("max_depth", 1, 6),
        min_child_weight=trial.suggest_float(
            "min_child_weight", 1.0, max(heaviest, 20.0), log=True
        ),
        subsample=trial.suggest_float("subsample", 0.5, 1.0),
        colsample=trial.suggest_float("colsample", 0.3, 1.0),
        reg_lambda=trial.suggest_float("reg_lambda", 0.1, 50.0, log=True),
        gamma=trial.suggest_float("gamma", 0.001, 3.0, log=True),
    )


def tune(
    data: Dataset, fold: Fold, search: Search, progress: Callable[[str, float], None]
) -> Study:
    """Search for the options with the least log-loss on the validation part of a fold.

    Each trial trains on the training part alone, in time order. A study of the same name in
    the journal is resumed: trials already told are kept and count towards the budget.
    """
    trials, seed = search.section.trials, search.seed
    if trials == 0:
        return Study(best=BoostOptions(), trials=pd.DataFrame())
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    logging.getLogger("optuna").setLevel(logging.WARNING)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    X, y = data.X.iloc[fold.train], data.y.iloc[fold.train].to_numpy(dtype=np.int64)
    held_X = data.X.iloc[fold.validation]
    held_y = data.y.iloc[fold.validation].to_numpy(dtype=np.int64)
    order = data.as_of.iloc[fold.train].to_numpy() if search.timed else None

    def objective(trial: Any) -> float:
        options = suggest(trial, len(X))
        model = make("boost", X, knowledge=search.knowledge, boost=options, seed=seed)
        model.fit(X, y, order=order)
        return float(log_loss(held_y, bad_probability(model, held_X)))

    search.journal.parent.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(search.journal))),
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=min(5, trials)),
        study_name=search.name,
        direction="minimize",
        load_if_exists=True,
    )
    if not study.trials:
        study.enqueue_trial(first_trial())

    def complete(told: Any) -> int:
        # A trial that was interrupted is kept as failed, and is made again.
        return sum(trial.state == optuna.trial.TrialState.COMPLETE for trial in told.trials)

    def tell(told: Any, _trial: Any) -> None:
        progress("tuning XGBoost", complete(told) / trials)

    finished = complete(study)
    progress("tuning XGBoost", finished / trials)
    if finished < trials:
        study.optimize(
            objective,
            n_trials=trials - finished,
            timeout=search.section.timeout_seconds,
            callbacks=[tell],
        )
    best = suggest(optuna.trial.FixedTrial(study.best_params), len(X))
    table = study.trials_dataframe(attrs=("number", "value", "params", "state"))
    return Study(best=best, trials=table[table["state"] == "COMPLETE"])
