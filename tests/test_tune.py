"""A search for options: resumed after a kill, pruned, chosen by one standard error."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest

from credit.boost import BoostOptions
from credit.dataset import Dataset
from credit.errors import ConfigError
from credit.feature import Catalogue
from credit.pipeline import config as config_module
from credit.pipeline import tune as tune_module
from credit.pipeline.config import BoostSection, SplitSection
from credit.pipeline.models import Knowledge, clues_of, make
from credit.pipeline.tune import Search, first_trial, heaviest_leaf, suggest, trial_table, tune
from credit.split import Fold

TRIALS = 9


def applications(rows: int = 700) -> tuple[Dataset, Fold]:
    """Return applications of 500 people, and a fold in the order of time."""
    draw = np.random.default_rng(4)
    x = draw.normal(size=(rows, 3))
    bad = (draw.random(rows) < 1 / (1 + np.exp(1.2 - x[:, 0] + x[:, 1] ** 2 / 2))).astype(int)
    columns = {name: x[:, i] for i, name in enumerate("abc")}
    instants = pd.Series(np.arange(rows) * 3_600_000_000, dtype="Int64")
    data = Dataset(
        X=pd.DataFrame(columns),
        y=pd.Series(bad, dtype="Int8"),
        status=pd.Series(np.where(bad, "bad", "good")),
        person=pd.Series(draw.integers(0, 500, rows)),
        as_of=instants,
        known_at=instants,
        application_id=pd.Series(np.arange(rows)),
        segment=pd.Series([pd.NA] * rows),
        catalogue=Catalogue(()),
    )
    cut = rows * 3 // 4
    nobody = np.empty(0, dtype=np.int64)
    return data, Fold(train=np.arange(cut), validation=np.arange(cut, rows), test=nobody)


def search(folder: Path, **section: object) -> Search:
    return Search(
        section=BoostSection(**{"trials": TRIALS, "seeds": 2} | section),
        knowledge=Knowledge(signs={"a": 1}),
        journal=folder / "optuna.journal",
        name="killed",
        seed=5,
        split=SplitSection(kind="out_of_time", test_from=date(2024, 1, 1)),
    )


def silent(_stage: str, _share: float) -> None:
    pass


KILLED = """
import sys, time
from pathlib import Path
from test_tune import applications, search, silent, tune_module
made = tune_module.make
calls = []
def slow(*given, **options):
    calls.append(1)
    if len(calls) == int(sys.argv[2]):
        print("ready", flush=True)
        time.sleep(60)
    return made(*given, **options)
tune_module.make = slow
tune_module.tune(*applications(), search(Path(sys.argv[1])), silent)
"""


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tune_module.Study:
    return tune(*applications(), search(tmp_path_factory.mktemp("whole")), silent)


@pytest.mark.parametrize("during", [1, 7])
def test_a_search_that_was_killed_and_resumed_is_one_that_was_not(tmp_path, uninterrupted, during):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path), str(during)], cwd=Path(__file__).parent,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    finally:
        process.kill()  # SIGKILL: nothing is told to the journal
        process.communicate(timeout=60)
    with (tmp_path / "optuna.journal").open("ab") as journal:
        journal.write(b'{"op_code":9,"worker')  # as if killed while writing
    shares = []
    resumed = tune(*applications(), search(tmp_path), lambda _stage, share: shares.append(share))
    assert shares[0] == (during - 1) / TRIALS
    assert shares[-1] == 1.0
    pd.testing.assert_frame_equal(resumed.trials, uninterrupted.trials)
    assert resumed.best == uninterrupted.best
    data, fold = applications()
    booster, other = (
        make("boost", data.X, boost=study.best, seed=5)
        .fit(data.X.iloc[fold.train], data.y.iloc[fold.train].to_numpy(dtype=int))
        .booster_.save_raw("json")
        for study in (resumed, uninterrupted)
    )
    assert booster == other


def test_a_finished_search_is_not_repeated(tmp_path, monkeypatch, uninterrupted):
    first = tune(*applications(), search(tmp_path, trials=2), silent)
    monkeypatch.setattr(tune_module, "make", None)
    again = tune(*applications(), search(tmp_path, trials=2), silent)
    pd.testing.assert_frame_equal(again.trials, first.trials)
    pd.testing.assert_frame_equal(
        first.trials[["value", "rounds"]], uninterrupted.trials[["value", "rounds"]].head(2)
    )


def test_trials_that_begin_badly_are_given_up(uninterrupted):
    trials = uninterrupted.trials
    assert trials["number"].tolist() == list(range(TRIALS))
    assert (trials["state"][: tune_module.STARTUP] == "COMPLETE").all()
    assert "PRUNED" in trials["state"].to_list()
    pruned = trials[trials["state"] == "PRUNED"]
    assert pruned[["value", "above_best", "standard_error", "rounds"]].isna().all(axis=None)


def test_the_first_trial_is_the_defaults_and_the_rest_of_the_options_is_the_sections(uninterrupted):
    params = uninterrupted.trials.filter(like="params_").iloc[0]
    defaults = BoostOptions()
    for name in ("eta", "max_depth", "subsample", "colsample", "reg_lambda"):
        assert params[f"params_{name}"] == getattr(defaults, name)
    assert uninterrupted.best.seeds == 2


@pytest.mark.parametrize(("rows", "first", "most"), [
    (200, 1.0, 5.0), (1_000, 4.0, 5.0), (4_000, 16.0, 20.0), (100_000, 20.0, 60.0),
])  # fmt: skip
def test_the_range_of_the_least_leaf_follows_the_rows(rows, first, most):
    assert first_trial(rows)["min_child_weight"] == first
    assert heaviest_leaf(rows) == most
    drawn = suggest(optuna.trial.FixedTrial(first_trial(rows)), rows)
    assert drawn == BoostOptions(gamma=0.001, min_child_weight=first)


def finished(depth: int, rounds: int, losses: np.ndarray) -> optuna.trial.FrozenTrial:
    return optuna.trial.create_trial(
        params={"max_depth": depth},
        distributions={"max_depth": optuna.distributions.IntDistribution(1, 6)},
        value=losses.sum() / 1000,
        user_attrs={"rounds": rounds, "blocks": losses.tolist()},
    )


def test_the_simplest_trial_within_one_standard_error_is_chosen():
    draw = np.random.default_rng(0)
    best = draw.random(tune_module.BLOCKS) * 20
    noise = draw.normal(0, 1, tune_module.BLOCKS)
    near = best + noise - noise.mean() + 0.05  # 2.5 above on 1,000 rows, error about 7
    trials = [
        finished(5, 90, best), finished(2, 300, near), finished(2, 200, near),
        finished(1, 10, best + 0.5),  # simpler, but above every time
    ]  # fmt: skip
    table = trial_table(trials, 1000)
    assert table["chosen"].tolist() == [False, False, True, False]
    differences = near - best
    error = np.sqrt(50 / 49 * ((differences - differences.mean()) ** 2).sum()) / 1000
    assert table["standard_error"][1] == pytest.approx(error)
    assert table["above_best"].to_numpy() == pytest.approx([0, 0.0025, 0.0025, 0.025])
    assert table["standard_error"][3] == pytest.approx(0, abs=1e-12)


def test_a_limit_of_time_ends_the_search_after_a_trial(tmp_path):
    study = tune(*applications(), search(tmp_path, timeout_seconds=1e-9), silent)
    assert len(study.trials) == 1


def test_early_stopping_follows_the_split():
    data, fold = applications()
    timed = clues_of(data, fold.train, SplitSection(kind="out_of_time", test_from=date(2024, 1, 1)))
    assert timed["order"] is not None
    assert timed["groups"] is not None
    by_row = clues_of(data, fold.train, SplitSection(kind="repeated_folds", by="application"))
    assert by_row == {"order": None, "groups": None}
    once = np.flatnonzero(~data.person.duplicated())
    assert clues_of(data, once, SplitSection(kind="repeated_folds"))["groups"] is None


def test_class_weights_are_refused_in_a_pipeline_file(tmp_path):
    from experiment import PIPELINE, pipeline

    path = pipeline(tmp_path, PIPELINE + "bad_weight = 5.0\n")
    with pytest.raises(ConfigError, match=r"bad_weight: 5 multiplies the odds.*recalibrate=True"):
        config_module.load(path)
    path = pipeline(tmp_path, PIPELINE + "bad_weight = 5.0\nrecalibrate = true\n")
    section = config_module.load(path).models.xgboost
    assert section is not None
    assert section.options() == BoostOptions(seeds=3, bad_weight=5.0, recalibrate=True)
