"""Scorecards: the table adds up, signs hold, the fit is the constrained optimum."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import RepeatedStratifiedKFold

from credit.binning import BinLimits
from credit.errors import ModelError
from credit.scorecard import BASE, PolicyCard, RankTable, Scale, Scorecard, fit_logistic


def applicants(rows=2000, seed=7):
    random = np.random.default_rng(seed)
    income = random.lognormal(8, 1, rows)
    late = random.poisson(1.0, rows).astype(float)
    age = random.normal(size=rows)
    margin = -0.8 * (np.log(income) - 8) + 0.7 * late - 2 + np.abs(age) * 0.5
    y = (random.random(rows) < 1 / (1 + np.exp(-margin))).astype(int)
    late[random.random(rows) < 0.1] = np.nan
    job = random.choice(["clerk", "chef", "none"], rows)
    noise = random.normal(size=rows)
    return pd.DataFrame({"income": income, "late": late, "age": age, "job": job, "noise": noise}), y


def fitted(**options):
    X, y = applicants()
    signs = {"income": -1, "late": 1}
    return (
        Scorecard(binning=BinLimits(), signs=signs, dimensions={"income": "wealth"}, **options).fit(
            X, y
        ),
        X,
        y,
    )


# --- scale


def test_scale_doubles_odds_and_knows_its_base():
    scale = Scale(base_points=600, base_odds=50, points_to_double=20)
    np.testing.assert_allclose(scale.points([1 / 51, 1 / 101, 1 / 26]), [600, 620, 580])
    assert scale.factor == pytest.approx(28.8539008)
    assert scale.offset == pytest.approx(487.1228763)
    np.testing.assert_allclose(scale.of_margin([0.0]), scale.offset)
    assert Scale.from_dict(scale.to_dict()) == scale
    with pytest.raises(ModelError, match="points_to_double must be positive, got 0"):
        Scale(points_to_double=0)
    with pytest.raises(ModelError, match=r"base_odds \(good : bad\) must be positive"):
        Scale(base_odds=-1)


# --- the logistic fit


def test_the_fit_is_the_constrained_optimum():
    random = np.random.default_rng(0)
    X = random.normal(size=(400, 6))
    X[:, 5] = X[:, 0] + 0.05 * random.normal(size=400)
    beta = np.array([1.0, 0.5, 0.0, -0.8, 0.2, 0.0])
    y = (random.random(400) < 1 / (1 + np.exp(-(X @ beta - 1)))).astype(float)
    w = random.random(400) * 2

    def loss(b):
        z = b[0] + X @ b[1:]
        p = 1 / (1 + np.exp(-z))
        gradient = np.concatenate([[w @ (p - y)], X.T @ (w * (p - y)) + 5 * b[1:]])
        return w @ (np.logaddexp(0, z) - y * z) + 2.5 * b[1:] @ b[1:], gradient

    fit = fit_logistic(X, y, w, ridge=5.0)
    bounds = [(None, None)] + [(0, None)] * 6
    options = {"ftol": 1e-15, "gtol": 1e-10, "maxiter": 10_000}
    found = minimize(loss, np.zeros(7), jac=True, bounds=bounds, method="L-BFGS-B", options=options)
    np.testing.assert_allclose([fit.intercept, *fit.coefficients], found.x, atol=2e-5)
    assert loss(np.array([fit.intercept, *fit.coefficients]))[0] <= found.fun + 1e-9
    assert fit.coefficients[3] == 0
    assert np.isnan(fit.standard_errors[3])
    assert np.isnan(fit.p_values[3])


def test_standard_errors_are_those_of_the_information_matrix():
    random = np.random.default_rng(1)
    X = np.abs(random.normal(size=(5000, 2)))
    y = (random.random(5000) < 1 / (1 + np.exp(2 - X @ [1.0, 0.5]))).astype(float)
    fit = fit_logistic(X, y, np.ones(5000), ridge=0.0)
    design = np.column_stack([np.ones(5000), X])
    p = 1 / (1 + np.exp(-(fit.intercept + X @ fit.coefficients)))
    covariance = np.linalg.inv(design.T @ (design * (p * (1 - p))[:, None]))
    np.testing.assert_allclose(fit.standard_errors, np.sqrt(np.diag(covariance))[1:], rtol=1e-6)
    assert (fit.p_values < 1e-6).all()


# --- the card


def test_the_table_adds_up_to_the_points_exactly():
    card, X, _ = fitted()
    table = card.table_
    assert list(table.columns) == [
        "feature", "bin", "points", "share", "rate", "woe", "dimension",
    ]  # fmt: skip
    assert table.iloc[0]["feature"] == BASE
    total = np.full(len(X), table.iloc[0]["points"])
    for name, rows in table.groupby("feature"):
        if name != BASE:
            total += rows["points"].to_numpy()[card.bins_[name].assign(X[name])]
            assert rows["share"].sum() == pytest.approx(1)
    points = card.points(X)
    assert points.dtype == np.int64
    np.testing.assert_array_equal(points, total)
    assert set(table.loc[table["feature"] == "income", "dimension"]) == {"wealth"}


def test_points_stay_within_rounding_of_the_margin():
    card, X, _ = fitted()
    exact = Scale().of_margin(card.decision_function(X))
    assert np.abs(card.points(X) - exact).max() <= 0.5 * (1 + len(card.points_))


def test_contributions_sum_to_the_margin():
    card, X, _ = fitted()
    terms = card.contributions(X)
    assert list(terms.columns) == list(X.columns)
    np.testing.assert_allclose(
        terms.sum(axis=1) + card.base_, card.decision_function(X), atol=1e-9, rtol=0
    )


def test_points_keep_the_declared_signs():
    card, _, _ = fitted()
    for name, sign in {"income": -1, "late": 1}.items():
        ordinary = card.points_[name][: len(card.bins_[name].edges) + 1]
        assert len(ordinary) > 2
        assert (np.diff(ordinary) * -sign >= 0).all()


def test_a_contradicted_sign_leaves_the_feature_out_and_says_so():
    X, y = applicants()
    card = Scorecard(binning=BinLimits(), signs={"late": -1}).fit(
        X[["late", "income"]].dropna(), y[X["late"].notna()]
    )
    row = card.coefficients_.loc["late"]
    assert row["coefficient"] == 0
    assert row["dropped"].startswith("information value 0.0000 < 0.005 (no cut ")
    assert "late" not in card.points_


def test_a_copy_of_a_feature_shares_its_weight():
    X, y = applicants()
    card = Scorecard(binning=BinLimits()).fit(X.assign(copy=X["income"]), y)
    one, two = card.coefficients_.loc[["income", "copy"], "coefficient"]
    assert one == pytest.approx(two, rel=1e-4)


def test_the_card_is_calibrated_on_its_own_sample():
    card, X, y = fitted()
    assert card.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), abs=1e-6)


def test_plain_data_score_as_the_card_they_came_from():
    card, X, _ = fitted(special_codes={"late": [3]}, scale=Scale(points_to_double=30))
    text = json.dumps(card.to_dict(), allow_nan=False)
    again = Scorecard.from_dict(json.loads(text))
    np.testing.assert_array_equal(again.points(X), card.points(X))
    np.testing.assert_array_equal(again.predict_proba(X), card.predict_proba(X))
    pd.testing.assert_frame_equal(again.table_, card.table_)
    pd.testing.assert_frame_equal(again.coefficients_, card.coefficients_)
    with pytest.raises(ModelError, match="kind must be 'scorecard', got None"):
        Scorecard.from_dict({})


def test_special_codes_never_pass_the_sign():
    X, y = applicants()
    X["late"] = X["late"].fillna(-9)
    card = Scorecard(binning=BinLimits(), signs={"late": 1}, special_codes={"late": [-9]}).fit(X, y)
    bins = card.bins_["late"]
    assert min(bins.edges) > 0
    assert dict(bins.special)[-9.0] > len(bins.edges)


def test_nothing_to_say_is_the_base_rate():
    X = pd.DataFrame({"constant": np.ones(100)})
    y = np.arange(100) % 4 == 0
    card = Scorecard(binning=BinLimits()).fit(X, y)
    np.testing.assert_allclose(card.predict_proba(X)[:, 1], 0.25)
    assert len(card.table_) == 1


# --- the policy card


POLICY = {
    "signs": {"income": -1, "late": 1, "age": 1},
    "dimensions": {"income": "wealth", "late": "repayment", "age": "repayment"},
    "weights": {"wealth": 0.3, "repayment": 0.7},
}


def midrank(values):
    """Percentile ranks by definition."""
    known = values[~np.isnan(values)]
    below = (known[None, :] < values[:, None]).mean(axis=1)
    equal = (known[None, :] == values[:, None]).mean(axis=1)
    return np.where(np.isnan(values), 50, 100 * (below + equal / 2))


def test_the_composite_is_the_weighted_mean_of_ranks():
    X, y = applicants(150)  # few enough values to be stored whole
    card = PolicyCard(**POLICY).fit(X, y)
    wealth = midrank(X["income"].to_numpy())
    repayment = ((100 - midrank(X["late"].to_numpy())) + (100 - midrank(X["age"].to_numpy()))) / 2
    subscores = card.subscores(X)
    assert list(subscores.columns) == ["wealth", "repayment"]
    np.testing.assert_allclose(subscores["wealth"], wealth, atol=1e-9)
    np.testing.assert_allclose(subscores["repayment"], repayment, atol=1e-9)
    np.testing.assert_allclose(card.composite(X), 0.3 * wealth + 0.7 * repayment, atol=1e-9)
    np.testing.assert_allclose(
        card.composite(X), subscores @ np.array([0.3, 0.7]), atol=1e-9, rtol=0
    )


def test_a_stored_rank_table_is_close_and_monotone():
    x = np.random.default_rng(0).lognormal(size=5000)
    table = RankTable.of(x, np.ones(5000))
    assert len(table.values) <= 200
    np.testing.assert_allclose(table.rank(x), midrank(x), atol=0.6)
    assert (np.diff(table.rank(np.sort(x))) >= -1e-9).all()
    assert table.rank(np.array([-1.0, 1e9, np.nan])).tolist() == [0, 100, 50]


def test_the_order_is_the_policys_even_where_data_disagree():
    X, y = applicants()
    wrong = {**POLICY, "signs": {"income": 1, "late": -1, "age": -1}}
    for options in (POLICY, wrong):
        card = PolicyCard(**options).fit(X, y)
        order = np.argsort(card.composite(X))
        assert (np.diff(card.decision_function(X)[order]) <= 0).all()
        assert card.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), abs=0.01)
    right = PolicyCard(**POLICY).fit(X, y)
    assert roc_auc_score(y, right.decision_function(X)) > 0.6
    assert np.corrcoef(right.points(X), right.composite(X))[0, 1] > 0.999


def test_special_codes_rank_in_the_middle():
    X, y = applicants()
    options = {**POLICY, "special_codes": {"late": [-9]}}
    expected = PolicyCard(**POLICY).fit(X, y).composite(X)
    Z = X.assign(late=X["late"].fillna(-9))
    np.testing.assert_array_equal(PolicyCard(**options).fit(Z, y).composite(Z), expected)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weights": {"wealth": 0.3, "repayment": 0.6}}, "must sum to 1, got .* sum 0.9"),
        ({"weights": {"wealth": 1.3, "repayment": -0.3}}, "must not be negative"),
        (
            {"weights": {"wealth": 0.3, "repayment": 0.5, "social": 0.2}},
            r"dimension\(s\) \['social'\] have weight, but no feature with a declared sign",
        ),
        ({"signs": {"income": 0}}, "signs: no feature has a sign"),
    ],
)
def test_a_policy_that_breaks_its_own_rules(change, words):
    X, y = applicants(100)
    with pytest.raises(ModelError, match=words):
        PolicyCard(**{**POLICY, **change}).fit(X, y)


def test_a_policy_card_is_plain_data():
    X, y = applicants(100)
    plain = PolicyCard(**POLICY).fit(X, y).to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False))["weights"] == POLICY["weights"]


# --- published data


def cross_validated(X, y, model, folds):
    splitter = RepeatedStratifiedKFold(n_splits=2, n_repeats=5, random_state=20261121)
    scores = []
    for train, test in list(splitter.split(X, y))[:folds]:
        model.fit(X.iloc[train], y.iloc[train])
        scores.append(roc_auc_score(y.iloc[test], model.decision_function(X.iloc[test])))
    return float(np.mean(scores))


@pytest.mark.data
def test_german_credit(data_dir):
    data = pd.read_csv(data_dir("german") / "german.data", sep=" ", header=None)
    X = data.iloc[:, :20].set_axis([f"v{i}" for i in range(20)], axis=1)
    assert cross_validated(X, data[20], Scorecard(binning=BinLimits()), 10) > 0.775


@pytest.mark.data
def test_taiwan(data_dir):
    data = pd.read_csv(data_dir("taiwan") / "taiwan.csv")
    X = data.drop(columns=["ID", "default.payment.next.month"])
    score = cross_validated(
        X, data["default.payment.next.month"], Scorecard(binning=BinLimits()), 2
    )
    assert score > 0.763
