"""Trees grown by Spark: as good as those grown in one process, and an ordinary model."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from test_boost import LATE, SIGNS, applicants

from credit.boost import BoostedModel, BoostOptions
from credit.pipeline.spark_boost import fit_on_spark


def test_spark_grows_trees_as_good_as_one_process(spark, tmp_path):
    X, y = applicants(6_000)
    later, later_y = applicants(20_000, seed=12)
    model = BoostedModel(
        options=BoostOptions(
            rounds=60, eta=0.2, early_stopping=10, subsample=1.0, colsample=1.0, seeds=1
        ),
        signs=SIGNS,
        special_codes={LATE: [-9, -8]},
    )
    order = np.arange(len(X))
    here = clone(model).fit(X, y, order=order)
    there = fit_on_spark(model, X, y, clues={"order": order}, scratch=tmp_path)
    aucs = [roc_auc_score(later_y, m.predict_proba(later)[:, 1]) for m in (here, there)]
    assert aucs[1] == pytest.approx(aucs[0], abs=0.002)
    assert type(there) is BoostedModel
    assert list(tmp_path.iterdir()) == []
    assert there.booster_.num_boosted_rounds() == there.rounds_
    assert there.stopping_["log_loss"][0] == pytest.approx(here.stopping_["log_loss"][0], abs=0.005)
    np.testing.assert_allclose(
        there.contributions(later.head(50)).sum(axis=1) + there.base_,
        there.decision_function(later.head(50)),
        atol=1e-5,
    )
