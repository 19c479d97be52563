"""One pipeline file, embedded and on Spark: the same bins and card, trees as good, equal scores."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from experiment import CARD_ONLY, caught, pipeline
from sklearn.metrics import roc_auc_score
from test_binning_engines import CODES, LIMITS, rows

from credit.errors import ConfigError
from credit.pipeline import train
from credit.pipeline.spark_card import fit_card_on_spark
from credit.scorecard import Scorecard, WoeOptions
from credit.world import WorldOptions, generate

FEW = """
[features]
include = ["social_contact*", "repayment_*_365d", "repayment_outstanding_share"]
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


@pytest.fixture
def few_tables(tmp_path: Path) -> Path:
    """Return a world of which only the tables that few features and the outcome need are left."""
    folder = tmp_path / "few"
    generate(folder, WorldOptions(people=1_500, start=date(2021, 1, 1), months=36, seed=3))
    needed = ("customers", "applications", "loans", "instalments", "repayments", "contacts")
    for path in folder.glob("*.parquet"):
        if path.stem not in needed:
            path.unlink()
    return folder


def test_one_pipeline_file_trains_embedded_and_on_spark(
    spark, few_tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Features, split, bins, card; of a few hundred people the trees only have to be as good."""
    assert spark is not None
    monkeypatch.chdir(tmp_path)
    path = pipeline(tmp_path, CARD_ONLY + TREES + FEW)
    found = []
    for kind in ("duckdb", "spark"):
        with caught(export=False) as run:
            train.run(path, data=few_tables, overrides={"engine": {"kind": kind}})
        assert run.outcome is not None
        found.append(run.outcome)
    here, there = found
    test = here.fold.test
    np.testing.assert_array_equal(there.fold.test, test)
    pd.testing.assert_frame_equal(there.data.X, here.data.X, rtol=1e-12)
    models = [{one.name: one for one in run.fitted} for run in found]
    cards = [one["scorecard"].model for one in models]
    assert cards[0].bins_ == cards[1].bins_
    assert cards[0].points_ == cards[1].points_
    card, trees = (
        [one[name].margin(run.data.X.iloc[test]) for one, run in zip(models, found, strict=True)]
        for name in ("scorecard", "xgboost")
    )
    np.testing.assert_allclose(*card, rtol=1e-12)
    y = here.data.y.iloc[test].to_numpy(int)
    aucs = [roc_auc_score(y, margin) for margin in trees]
    assert aucs[1] == pytest.approx(aucs[0], abs=0.02)
    assert min(aucs) > 0.5
