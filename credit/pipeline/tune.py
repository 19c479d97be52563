"""Choose the boosted model's options with Optuna: few trials, a journal file, explicit seeds."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.boost import BoostOptions
from credit.dataset import Dataset
from credit.pipeline.config import BoostSection, SplitSection
from credit.pipeline.models import Knowledge, clues_of, make
from credit.split import Fold

Floats = npt.NDArray[np.float64]

BLOCKS = 50
"""Blocks of validation rows whose losses are kept of each trial, to compare trials in pairs."""

STARTUP = 5
"""Trials that are drawn at random, and finished whatever they say, before any is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a search is allowed: its budget, what is known of the columns, its journal and seed.

    ``split`` is the pipeline's: rows that decide when to stop are divided off in its way.
    """

    section: BoostSection
    knowledge: Knowledge
    journal: Path
    name: str
    seed: int
    split: SplitSection


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What a search found: the options chosen and every trial as one row.

    The row that was chosen says so; ``above_best`` and ``standard_error`` compare a finished
    trial's log-loss with the least one on the same rows.
    """

    best: BoostOptions
    trials: pd.DataFrame


def first_trial(rows: int) -> dict[str, Any]:
    """Return the model's own defaults as a trial, so that a search never does worse than them."""
    defaults = asdict(BoostOptions())
    names = ("eta", "max_depth", "subsample", "colsample", "reg_lambda")
    leaf = BoostOptions().params(rows=rows, seed=0, rate=0.5)["min_child_weight"]
    return {name: defaults[name] for name in names} | {"min_child_weight": leaf, "gamma": 0.001}


def heaviest_leaf(rows: int) -> float:
    """Return the greatest least leaf tried: rows / 200, between 5 and 60.

    On few rows a leaf of 20 rows' curvature starves the trees, on many one of 1 overfits.
    """
    return float(np.clip(rows / 200, 5.0, 60.0))


def suggest(trial: Any, rows: int, base: BoostOptions | None = None) -> BoostOptions:
    """Draw options from the search space; the rest is as in ``base``."""
    return replace(
        base or BoostOptions(),
        eta=trial.suggest_float("eta", 0.02, 0.2, log=True),
        max_depth=trial.suggest_int("max_depth", 1, 6),
        min_child_weight=trial.suggest_float(
            "min_child_weight", 1.0, heaviest_leaf(rows), log=True
        ),
        subsample=trial.suggest_float("subsample", 0.5, 1.0),
        colsample=trial.suggest_float("colsample", 0.3, 1.0),
        reg_lambda=trial.suggest_float("reg_lambda", 0.1, 50.0, log=True),
        gamma=trial.suggest_float("gamma", 0.001, 3.0, log=True),
    )


def tune(
    data: Dataset, fold: Fold, search: Search, progress: Callable[[str, float], None]
) -> Study:
    """Search for options of little log-loss on the validation part of a fold.

    Each trial trains on the training part alone and stops as the final model will. After the
    first ones, a trial whose rows held back for stopping say less than the median of the
    earlier ones is given up before it is grown to the end. Of the trials within one standard
    error of the best the simplest is chosen: least depth, then fewest trees.

    A study of the same name in the journal is resumed. Trial n draws from a seed of its own,
    made of the search's and n, so a search that was killed and resumed has the trials of one
    that was not (unless a limit of time cut one of them short).
    """
    base = search.section.options()
    if search.section.trials == 0:
        return Study(best=base, trials=pd.DataFrame())
    import optuna

    logging.getLogger("optuna").setLevel(logging.WARNING)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    trial_loss = _Objective(data, fold, search)
    study = _opened(search, first_trial(trial_loss.rows))
    for trial in _trials(study, search, progress):
        try:
            losses, rounds = trial_loss(trial)
        except optuna.TrialPruned:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            continue
        trial.set_user_attr("blocks", losses.tolist())
        trial.set_user_attr("rounds", rounds)
        study.tell(trial, losses.sum() / trial_loss.held)
    finished = _finished(study)
    table = trial_table(finished, trial_loss.held)
    chosen = finished[int(np.flatnonzero(table["chosen"])[0])]
    best = suggest(optuna.trial.FixedTrial(chosen.params), trial_loss.rows, base)
    return Study(best=best, trials=table)


class _Objective:
    """The log-loss of a trial's options on the validation rows, by blocks of people."""

    def __init__(self, data: Dataset, fold: Fold, search: Search) -> None:
        self.search = search
        self.X = data.X.iloc[fold.train]
        self.y = data.y.iloc[fold.train].to_numpy(dtype=np.int64)
        self.clues = clues_of(data, fold.train, search.split)
        self.held_X = data.X.iloc[fold.validation]
        self.held_y = data.y.iloc[fold.validation].to_numpy(dtype=np.int64)
        person = pd.factorize(data.person.iloc[fold.validation])[0]
        self.block = person % BLOCKS
        self.rows, self.held = len(self.X), len(self.held_X)
        # One seed while searching: the average of several ranks options the same, and costs more.
        self.base = replace(search.section.options(), seeds=1)

    def __call__(self, trial: Any) -> tuple[Floats, int]:
        """Return the sum of losses of every block, and the number of trees."""
        import optuna

        def watch(part: int, log_loss: float) -> None:
            trial.report(log_loss, part)
            if trial.should_prune():
                raise optuna.TrialPruned

        options = suggest(trial, self.rows, self.base)
        knowledge, seed = self.search.knowledge, self.search.seed
        model = make("boost", self.X, knowledge=knowledge, boost=options, seed=seed)
        model.fit(self.X, self.y, **self.clues, watch=watch)
        margin = np.asarray(model.decision_function(self.held_X), dtype=np.float64)
        loss = np.logaddexp(0, np.where(self.held_y == 1, -margin, margin))
        losses = np.bincount(self.block, loss, BLOCKS).astype(np.float64)
        return losses, int(model.rounds_)


def trial_table(finished: list[Any], rows: int) -> pd.DataFrame:
    """Return the trials as rows: number, value, params, what they took, and which is chosen.

    The standard error of a difference is that of a sum over blocks of the same rows:
    ``sqrt(B / (B - 1) sum (d_b - mean d)^2) / rows`` with d_b the difference in a block.
    """
    import optuna

    complete = [t.state == optuna.trial.TrialState.COMPLETE for t in finished]
    value = np.where(complete, np.array([t.value for t in finished], dtype=np.float64), np.nan)
    losses = np.array([t.user_attrs.get("blocks", [np.nan] * BLOCKS) for t in finished])
    best = int(np.nanargmin(value))
    apart = losses - losses[best]
    above = apart.sum(axis=1) / rows
    error = np.sqrt(BLOCKS) * apart.std(axis=1, ddof=1) / rows
    simplicity = [
        (t.params["max_depth"], t.user_attrs.get("rounds", 0), i) for i, t in enumerate(finished)
    ]
    near = [i for i, whole in enumerate(complete) if whole and above[i] <= error[i]]
    chosen = min(near, key=lambda i: simplicity[i])
    params = pd.DataFrame([t.params for t in finished]).add_prefix("params_")
    return pd.DataFrame(
        {
            "number": np.arange(len(finished)),
            "value": value,
            "above_best": above,
            "standard_error": error,
            **params,
            "rounds": pd.array([t.user_attrs.get("rounds") for t in finished], dtype="Int64"),
            "state": [t.state.name for t in finished],
            "chosen": np.arange(len(finished)) == chosen,
        }
    )


def _opened(search: Search, first: dict[str, Any]) -> Any:
    """Open the study; what a killed process left running is failed, and will be made again."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock

    search.journal.parent.mkdir(parents=True, exist_ok=True)
    lock = JournalFileSymlinkLock(str(search.journal))
    _cut_torn_line(search.journal, lock)
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(search.journal), lock_obj=lock)),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP),
        study_name=search.name,
        direction="minimize",
        load_if_exists=True,
    )
    for trial in study.get_trials(states=(optuna.trial.TrialState.RUNNING,)):
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    waiting = study.get_trials(states=(optuna.trial.TrialState.WAITING,))
    if not _finished(study) and not waiting:
        study.enqueue_trial(first)
    return study


def _cut_torn_line(journal: Path, lock: Any) -> None:
    """Drop a last line without its end: whoever wrote it was killed while writing."""
    if not journal.is_file():
        return
    lock.acquire()
    try:
        whole = journal.read_bytes()
        if not whole.endswith(b"\n"):
            os.truncate(journal, whole.rfind(b"\n") + 1)
    finally:
        lock.release()


def _finished(study: Any) -> list[Any]:
    """Return the trials that count: complete, or given up on what they said."""
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def _trials(study: Any, search: Search, progress: Callable[[str, float], None]) -> Iterator[Any]:
    """Ask for trials until the budget is spent, each with a sampler seeded by its number."""
    import optuna

    budget, limit = search.section.trials, search.section.timeout_seconds
    started = time.monotonic()
    while (number := len(_finished(study))) < budget:
        progress("tuning XGBoost", number / budget)
        if number and limit is not None and time.monotonic() - started > limit:
            break
        seed = int(np.random.SeedSequence([search.seed, number]).generate_state(1)[0])
        study.sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=min(STARTUP, budget))
        yield study.ask()
    progress("tuning XGBoost", 1.0)
