from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from credit.boost import BoostedModel, BoostOptions
from credit.errors import DataError
from credit.explain import agreement, interventional


@pytest.fixture(scope="module")
def fitted() -> tuple[BoostedModel, pd.DataFrame]:
    random = np.random.default_rng(0)
    X = pd.DataFrame(random.normal(size=(1500, 4)), columns=list("abcd"))
    X.loc[random.random(1500) < 0.1, "c"] = np.nan
    X["segment"] = random.choice(["x", "y", "z"], 1500)
    margin = X["a"] + 0.8 * X["b"] * (X["segment"] == "x") - 1.5
    y = (random.random(1500) < 1 / (1 + np.exp(-margin))).astype(int)
    model = BoostedModel(options=BoostOptions(rounds=60, seeds=1), random_state=1).fit(X, y)
    return model, X


def test_a_row_sums_to_its_margin_less_the_mean_of_the_reference(fitted):
    model, X = fitted
    reference = X.iloc[:50]
    terms = interventional(model, X.iloc[100:150], reference)
    gap = model.decision_function(X.iloc[100:150]) - model.decision_function(reference).mean()
    assert list(terms.columns) == list(X.columns)
    np.testing.assert_allclose(terms.sum(axis=1), gap, atol=1e-5)


def test_a_feature_that_no_tree_uses_has_no_part(fitted):
    _, X = fitted
    y = (X["a"] > 0).astype(int)
    model = BoostedModel(options=BoostOptions(rounds=1, seeds=1, max_depth=1, colsample=1.0)).fit(
        X, y
    )
    terms = interventional(model, X.iloc[:20], X)
    assert (terms[["b", "c", "d"]].to_numpy() == 0).all()


def test_both_definitions_agree_on_what_matters(fitted):
    model, X = fitted
    few = X.iloc[:200]
    found = agreement(model.contributions(few), interventional(model, few, X))
    assert found.rows == 200
    assert found.first_reason > 0.8
    assert found.correlation > 0.95
    same = agreement(model.contributions(few), model.contributions(few))
    assert same.first_reason == 1
    assert same.correlation == pytest.approx(1)


def test_an_empty_reference_and_different_features_are_refused(fitted):
    model, X = fitted
    with pytest.raises(DataError, match="reference: no rows"):
        interventional(model, X.iloc[:2], X.iloc[:0])
    terms = model.contributions(X.iloc[:5])
    with pytest.raises(DataError, match="same rows and features"):
        agreement(terms, terms[["a", "b"]])
