"""One pipeline file, embedded and on Spark: the same bins and card, trees as good, equal scores."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from experiment import CARD_ONLY, Finished, caught, pipeline
from golden_artifacts import golden, hard_columns
from sklearn.metrics import roc_auc_score
from test_binning_engines import CODES, LIMITS, rows

from credit.errors import ConfigError
from credit.pipeline import train
from credit.pipeline.spark_card import fit_card_on_spark
from credit.scorecard import Scorecard, WoeOptions

FEW = """
[features]
include = ["payment_large*", "social_contact*", "repayment_overdue*365d", "wealth_stable*"]
"""
TREES = "[models.xgboost]\ntrials = 0\nseeds = 1\n"


def test_spark_counts_and_codes_give_the_card_of_one_process(spark, tmp_path: Path) -> None:
    """Numbers, names, flags, special codes and nulls; more rows than a piece holds."""
    assert spark is not None
    X, y, _, _ = rows(3_000)
    card = Scorecard(binning=LIMITS, special_codes=CODES, random_state=0)
    here = Scorecard(**card.get_params(deep=False)).fit(X, y)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("credit.pipeline.spark_card.PIECE", 1_700)
        there = fit_card_on_spark(card, X, y, scratch=tmp_path)
    assert type(there) is Scorecard
    assert list(tmp_path.iterdir()) == []
    assert json.dumps(there.to_dict()) == json.dumps(here.to_dict())
    np.testing.assert_array_equal(there.decision_function(X), here.decision_function(X))


def test_cards_that_look_at_rows_are_refused() -> None:
    X, y, _, _ = rows(500)
    for binning in (None, WoeOptions()):
        with pytest.raises(ConfigError, match="a card is counted there under BinLimits"):
            fit_card_on_spark(Scorecard(binning=binning), X, y)


def test_one_pipeline_file_trains_embedded_and_on_spark(
    spark, experiment: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert spark is not None
    monkeypatch.chdir(tmp_path)
    path = pipeline(tmp_path, CARD_ONLY + TREES + FEW)
    found = {}
    for kind in ("duckdb", "spark"):
        with caught(export=False) as run:
            train.run(path, data=experiment.world, overrides={"engine": {"kind": kind}})
        found[kind] = run.outcome
    here, there = found["duckdb"], found["spark"]
    test = here.fold.test
    np.testing.assert_array_equal(there.fold.test, test)
    models = {kind: {f.name: f for f in run.fitted} for kind, run in found.items()}
    cards = [models[kind]["scorecard"].model for kind in found]
    assert cards[0].bins_ == cards[1].bins_
    assert cards[0].points_ == cards[1].points_
    y = here.data.y.iloc[test].to_numpy(int)
    scores = [
        models[kind]["scorecard"].probability(run.data.X.iloc[test]) for kind, run in found.items()
    ]
    np.testing.assert_allclose(*scores, rtol=1e-12)
    aucs = [
        roc_auc_score(y, models[kind]["xgboost"].margin(run.data.X.iloc[test]))
        for kind, run in found.items()
    ]
    assert aucs[0] > 0.5
    assert abs(aucs[0] - aucs[1]) < 0.1  # a few hundred people; benchmarks/spark_pipeline.py
