"""Trees by dimension: sub-scores are exact, and the weighted booster is a booster."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from scipy.special import expit

from credit.artifact.forest import export
from credit.boost import BoostedModel, BoostOptions, weighted_booster
from credit.boost.forest import average, rescale
from credit.calibrate import Calibration
from credit.errors import ModelError
from credit.explain import covariance_shares, dimension_contributions
from credit.scorecard import fit_weighted, price_of_policy

POLICY = {"payment": 0.5, "social": 0.3, "wealth": 0.2}
OPTIONS = BoostOptions(rounds=60, seeds=1, eta=0.2, max_depth=3, by_dimension=True)
SIGNS = {"payment_a": 1, "social_a": -1, "wealth_a": 1}


def people(rows: int = 2_500, seed: int = 1) -> tuple[pd.DataFrame, np.ndarray]:
    """Two columns a dimension that work together, across dimensions too."""
    random = np.random.default_rng(seed)
    names = [f"{name}_{place}" for name in (*POLICY, "application") for place in "ab"]
    X = pd.DataFrame(random.normal(size=(rows, len(names))), columns=names)
    margin = X["payment_a"] - 0.6 * X["social_a"] + X["wealth_a"] - 1
    margin += 0.8 * (X["payment_b"] > 0) * (X["wealth_b"] > 0) + 0.5 * X["application_a"]
    X.loc[random.random(rows) < 0.1, "wealth_a"] = -9
    return X, (random.random(rows) < expit(margin)).astype(int).to_numpy()


def dimensions_of(X: pd.DataFrame) -> dict[str, str]:
    return {str(name): str(name).split("_", maxsplit=1)[0] for name in X.columns}


def fitted(**options: object) -> BoostedModel:
    X, y = people()
    return BoostedModel(
        options=replace(OPTIONS, **options),
        dimensions=dimensions_of(X),
        signs=SIGNS,
        special_codes={"wealth_a": [-9]},
        random_state=0,
    ).fit(X, y)


@pytest.fixture(scope="module")
def model() -> BoostedModel:
    return fitted()


def trees_of(booster: xgb.Booster) -> list[dict]:
    plain = json.loads(booster.save_raw(raw_format="json"))
    return plain["learner"]["gradient_booster"]["model"]["trees"]


def owners_of(tree: dict, owners: tuple[str, ...]) -> set[str]:
    inner = np.array(tree["left_children"]) >= 0
    return {owners[column] for column in np.array(tree["split_indices"])[inner]}


def test_no_tree_mixes_dimensions(model):
    assert model.owners == (
        "payment", "payment", "social", "social", "wealth", "wealth", "wealth",
        "application", "application",
    )  # fmt: skip
    assert max(len(owners_of(tree, model.owners)) for tree in trees_of(model.booster_)) == 1
    free = fitted(by_dimension=False)
    assert max(len(owners_of(tree, free.owners)) for tree in trees_of(free.booster_)) > 1


@pytest.mark.parametrize("seeds", [1, 3])
def test_sub_scores_are_the_shapley_values_of_a_dimension(seeds):
    model = fitted(seeds=seeds)
    X, _ = people(seed=2)
    own = model.dimension_margins(X)
    shapley = dimension_contributions(model.contributions(X), dimensions_of(X))
    np.testing.assert_allclose(own[shapley.columns], shapley, atol=1e-5)
    np.testing.assert_allclose(own.sum(axis=1) + model.base_, model.decision_function(X), atol=1e-5)
    assert own.index.equals(X.index)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_the_weighted_booster_is_the_weighted_score(model, alpha):
    X, y = people()
    parts = model.dimension_margins(X)
    score = fit_weighted(parts, y, POLICY, alpha)
    weighted = weighted_booster(model, score)
    trees = len(trees_of(model.booster_))
    np.testing.assert_allclose(
        weighted.decision_function(X), score.margin(parts), rtol=0, atol=trees * 2.0**-21 + 2e-6
    )
    shares = covariance_shares(weighted.dimension_margins(X)[list(POLICY)])
    np.testing.assert_allclose(shares, [score.shares[name] for name in shares.index], atol=1e-4)
    np.testing.assert_allclose(
        weighted.contributions(X).sum(axis=1) + weighted.base_,
        weighted.decision_function(X),
        atol=1e-5,
    )


def test_policy_shares_are_hit_and_signs_kept(model):
    X, y = people()
    weighted = weighted_booster(model, fit_weighted(model.dimension_margins(X), y, POLICY))
    shares = covariance_shares(weighted.dimension_margins(X)[list(POLICY)])
    np.testing.assert_allclose(shares[list(POLICY)], list(POLICY.values()), atol=1e-3)
    for name, sign in SIGNS.items():
        step = weighted.decision_function(X.assign(**{name: 2.0}))
        step -= weighted.decision_function(X.assign(**{name: -1.0}))
        assert (sign * step >= 0).all()


def test_the_weighted_booster_can_be_exported(model):
    X, y = people()
    before = model.booster_.save_raw(raw_format="json")
    weighted = weighted_booster(model, fit_weighted(model.dimension_margins(X), y, POLICY))
    assert model.booster_.save_raw(raw_format="json") == before
    for tree in trees_of(weighted.booster_):
        leaf = np.array(tree["left_children"]) < 0
        units = np.array(tree["split_conditions"], dtype=np.float32)[leaf] * 2.0**20
        np.testing.assert_array_equal(units, np.rint(units))
    written = export(weighted.booster_)
    again = xgb.Booster()
    again.load_model(bytearray(written.model))
    data = xgb.DMatrix(weighted.encoder_.matrix(X), feature_names=list(weighted.encoder_.outputs))
    np.testing.assert_allclose(
        again.predict(data, output_margin=True), weighted.decision_function(X), atol=1e-5
    )


def test_a_tree_without_a_split_belongs_to_nobody():
    random = np.random.default_rng(0)
    data = xgb.DMatrix(random.normal(size=(200, 2)), random.integers(0, 2, 200))
    params = {"objective": "binary:logistic", "base_score": 0.3, "gamma": 1e9, "nthread": 1}
    stump = average([xgb.train(params, data, 3)])
    assert all(not owners_of(tree, ("a", "b")) for tree in trees_of(stump))
    again = rescale(stump, ("a", "b"), {"a": 2.0, "b": 3.0}, -1.5)
    np.testing.assert_allclose(again.predict(data, output_margin=True), -1.5, atol=1e-6)


def test_the_price_is_of_own_trees(model):
    X, y = people()
    X_test, y_test = people(seed=2)
    own = price_of_policy(model, X, y, X_test, y_test, dimensions_of(X), POLICY)
    assert (own["free_auc"] == own["auc"].iloc[0]).all()
    score = fit_weighted(model.dimension_margins(X), y, POLICY, 0.5)
    weighted = weighted_booster(model, score)
    np.testing.assert_allclose(
        score.margin(model.dimension_margins(X_test)),
        weighted.decision_function(X_test),
        atol=1e-4,
    )


def test_what_cannot_be_split_is_refused(model):
    X, y = people(400)
    dimensions = dimensions_of(X)
    del dimensions["social_b"]
    with pytest.raises(ModelError, match=r"dimensions: none for \['social_b'\], .* leave by_dim"):
        BoostedModel(options=OPTIONS, dimensions=dimensions).fit(X, y)
    free = fitted(by_dimension=False)
    with pytest.raises(ModelError, match=r"may mix dimensions. Fit it with .*by_dimension=True"):
        free.dimension_margins(X)
    score = fit_weighted(model.dimension_margins(X), y, POLICY)
    with pytest.raises(ModelError, match=r"tree \d+ splits on features of \[.*\], not of one"):
        weighted_booster(free, score)
    strange = replace(score, factors={"charm": 2.0})
    with pytest.raises(ModelError, match=r"score: factors of \['charm'\], but the model has"):
        weighted_booster(model, strange)
    against = replace(score, line=Calibration(slope=-0.1))
    with pytest.raises(ModelError, match="a riskier score means a safer row"):
        weighted_booster(model, against)
