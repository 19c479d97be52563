"""Policy weights: shares are hit exactly, the factors are unique, and the price is honest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from experiment import Finished
from scipy.optimize import minimize, root
from scipy.special import expit

from credit.boost import BoostedModel, BoostOptions
from credit.errors import ModelError
from credit.evaluate import auc, ks, log_loss
from credit.explain import covariance_shares, dimension_contributions
from credit.pipeline.pages import policy as page
from credit.pipeline.price import prices_of
from credit.scorecard import (
    PolicyCard,
    Scale,
    Scorecard,
    fit_weighted,
    price_of_policy,
    risk_budget,
    weighted_card,
)

POLICY = {"payment": 0.30, "social": 0.25, "wealth": 0.20, "consumption": 0.15, "repayment": 0.10}


def population(shares: dict[str, float], rows: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Independent dimensions of two features each, whose true variance shares are given."""
    random = np.random.default_rng(seed)
    columns, margin = {}, np.full(rows, -1.5)
    for name, share in shares.items():
        for place in ("a", "b"):
            columns[f"{name}_{place}"] = random.normal(size=rows)
            margin += np.sqrt(1.6 * share / 2) * columns[f"{name}_{place}"]
    y = (random.random(rows) < expit(margin)).astype(int)
    return pd.DataFrame(columns), y


def dimensions_of(X: pd.DataFrame) -> dict[str, str]:
    return {str(name): str(name).rsplit("_", 1)[0] for name in X.columns}


def signs_of(X: pd.DataFrame) -> dict[str, int]:
    return dict.fromkeys(map(str, X.columns), 1)


def covariance(size: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    loads = random.normal(size=(size, size + 2)) + 0.7 * random.normal(size=(1, size + 2))
    scale = np.exp(3 * random.normal(size=size))
    return (loads * scale[:, None]) @ (loads * scale[:, None]).T


# --- the factors


@pytest.mark.parametrize("seed", range(200))
def test_the_factors_give_the_weights_whatever_the_covariance(seed):
    size = 2 + seed % 6
    weights = np.random.default_rng(seed).dirichlet(np.full(size, 0.7)).clip(1e-4)
    weights /= weights.sum()
    matrix = covariance(size, seed)
    factors = risk_budget(matrix, weights)
    assert (factors > 0).all()
    np.testing.assert_allclose(factors * (matrix @ factors), weights, atol=1e-9)


def test_the_factors_are_those_of_a_general_solver_from_any_start():
    matrix, weights = covariance(5, 3) / 50, np.array(list(POLICY.values()))
    own = risk_budget(matrix, weights)
    random = np.random.default_rng(0)
    for _ in range(5):
        start = np.log(own) + random.normal(size=5)
        least = minimize(
            lambda t: np.exp(t) @ matrix @ np.exp(t) / 2 - weights @ t, start, tol=1e-14
        )
        exact = root(lambda t: np.exp(t) * (matrix @ np.exp(t)) - weights, least.x, tol=1e-13)
        np.testing.assert_allclose(np.exp(exact.x), own, rtol=1e-8)


def test_independent_sub_scores_are_scaled_by_their_spread():
    weights = np.array([0.5, 0.3, 0.2])
    spread = np.array([1.0, 100.0, 0.01])
    np.testing.assert_allclose(
        risk_budget(np.diag(spread**2), weights), np.sqrt(weights) / spread, rtol=1e-12
    )


def test_sub_scores_that_cancel_have_no_factors():
    with pytest.raises(ModelError, match="their sub-scores cancel each other"):
        risk_budget(np.array([[1.0, -1.0], [-1.0, 1.0]]), np.array([0.5, 0.5]))
    with pytest.raises(ModelError, match=r"weights must be above 0 and sum to 1, got \[0.0, 1.0\]"):
        risk_budget(np.eye(2), np.array([0.0, 1.0]))


# --- the score


def sub_scores(rows: int = 4_000, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(seed)
    common = random.normal(size=(rows, 1))
    values = (0.5 * common + random.normal(size=(rows, 6))) * [0.1, 0.3, 0.5, 0.7, 1.2, 0.4]
    frame = pd.DataFrame(values, columns=[*POLICY, "application"])
    y = (random.random(rows) < expit(frame.sum(axis=1) - 2)).astype(int)
    return frame, y.to_numpy() if isinstance(y, pd.Series) else y


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_shares_are_the_blend_on_the_rows_of_the_fit(alpha):
    frame, y = sub_scores()
    score = fit_weighted(frame, y, POLICY, alpha)
    scaled = frame[list(score.factors)] * pd.Series(score.factors)
    learnt = covariance_shares(frame)
    wanted = (1 - alpha) * learnt + alpha * pd.Series(POLICY)
    for found in (covariance_shares(scaled), pd.Series(score.shares)):
        np.testing.assert_allclose(found[list(POLICY)], wanted[list(POLICY)], atol=1e-9)
    assert score.unfunded == {}
    np.testing.assert_allclose(pd.Series(score.learnt), learnt, atol=1e-12)
    # The policy's part varies as much as before, beside what is outside the policy.
    five = frame[list(POLICY)].sum(axis=1)
    assert scaled.sum(axis=1).var() == pytest.approx(five.var())
    total = scaled.sum(axis=1) + frame["application"]
    np.testing.assert_allclose(
        score.margin(frame), score.line.slope * total + score.line.intercept, atol=1e-9
    )
    assert score.probability(frame).mean() == pytest.approx(y.mean(), abs=1e-3)


def test_learnt_weights_are_the_model_itself():
    frame, y = sub_scores()
    score = fit_weighted(frame, y, POLICY, 0.0)
    assert set(score.factors.values()) == {1.0}
    assert auc(y, score.margin(frame)) == auc(y, frame.sum(axis=1))


def test_weight_without_a_moving_dimension_is_unfunded():
    frame, y = sub_scores()
    poorer = frame.assign(social=0.25).drop(columns="repayment")
    score = fit_weighted(poorer, y, POLICY)
    assert score.unfunded == {"social": 0.25, "repayment": 0.10}
    assert score.shares["social"] == score.shares["repayment"] == 0.0
    kept = {name: POLICY[name] / 0.65 for name in ("payment", "wealth", "consumption")}
    assert {name: score.shares[name] for name in kept} == pytest.approx(kept, abs=1e-9)


def test_a_dimension_that_runs_against_the_others_can_be_blended():
    frame, y = sub_scores()
    against = frame.assign(payment=-0.2 * frame["repayment"] + frame["payment"])
    assert fit_weighted(against, y, POLICY, 0.0).learnt["payment"] < 0
    shares = fit_weighted(against, y, POLICY, 0.5).shares
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["payment"] == pytest.approx(0.15)


def test_what_cannot_be_weighted_is_refused():
    frame, y = sub_scores(200)
    with pytest.raises(ModelError, match=r"alpha must be between 0 .* got 2"):
        fit_weighted(frame, y, POLICY, 2)
    with pytest.raises(ModelError, match="weights must be above 0 and sum to 1"):
        fit_weighted(frame, y, POLICY | {"social": 0.5})
    with pytest.raises(ModelError, match=r"1 row\(s\) have no variance"):
        fit_weighted(frame.head(1), y[:1], POLICY)
    with pytest.raises(ModelError, match=r"only \['wealth'\] move .*Shares need at least two"):
        fit_weighted(frame[["wealth", "application"]], y, POLICY)
    with pytest.raises(ModelError, match="Did you mean 'wealth'"):
        fit_weighted(frame, y, {"welth": 0.5, "social": 0.5})
    with pytest.raises(ModelError, match=r"sub-scores: no column \['social'\]"):
        fit_weighted(frame, y, POLICY).margin(frame.drop(columns="social"))


# --- the price


def priced(kind: str, shares: dict[str, float], rows: int = 10_000) -> pd.DataFrame:
    X, y = population(shares, rows, 1)
    X_test, y_test = population(shares, 10_000, 2)
    dimensions, signs = dimensions_of(X), signs_of(X)
    models = {
        "scorecard": Scorecard(signs=signs, random_state=0),
        "xgboost": BoostedModel(
            options=BoostOptions(rounds=120, seeds=1, eta=0.15, max_depth=2), signs=signs
        ),
        "policy_card": PolicyCard(signs=signs, dimensions=dimensions, weights=POLICY),
    }
    model = models[kind].fit(X, y)
    return price_of_policy(model, X, y, X_test, y_test, dimensions, POLICY)


@pytest.mark.parametrize("kind", ["scorecard", "xgboost"])
def test_where_the_data_agree_with_the_policy_its_price_is_nothing(kind):
    table = priced(kind, POLICY)
    assert list(table["alpha"]) == [0.0, 0.25, 0.5, 0.75, 1.0]
    names = list(POLICY)
    full = table.iloc[-1]
    for name in names:
        assert full[f"share_{name}"] == pytest.approx(POLICY[name], abs=1e-3)
        assert full[f"test_share_{name}"] == pytest.approx(POLICY[name], abs=0.02)
        assert table[f"share_{name}"].diff().diff().abs().max() < 1e-9  # a straight blend
    assert abs(table["auc"].iloc[0] - full["auc"]) < 1e-3
    assert abs(table["log_loss"].iloc[0] - full["log_loss"]) < 1e-3
    assert (table["unfunded"] == 0).all()


@pytest.mark.parametrize("kind", ["scorecard", "xgboost"])
def test_where_they_disagree_it_rises_with_the_policy(kind):
    table = priced(kind, dict(zip(POLICY, (0.02, 0.05, 0.08, 0.15, 0.7), strict=True)))
    assert (table["auc"].diff().dropna() < 0).all()
    assert (table["log_loss"].diff().dropna() > 0).all()
    assert table["auc"].iloc[0] - table["auc"].iloc[-1] > 0.02


def test_the_first_row_is_the_free_model_and_every_figure_is_its_own():
    X, y = population(POLICY, 3_000, 1)
    X_test, y_test = population(POLICY, 3_000, 2)
    card = Scorecard(random_state=0).fit(X, y)
    dimensions = dimensions_of(X)
    table = price_of_policy(card, X, y, X_test, y_test, dimensions, POLICY, alphas=(0, 0.5))
    assert table["auc"].iloc[0] == auc(y_test, card.decision_function(X_test))
    fit, test = (dimension_contributions(card.contributions(f), dimensions) for f in (X, X_test))
    score = fit_weighted(fit, y, POLICY, 0.5)
    row = table.iloc[1]
    assert row["auc"] == auc(y_test, score.margin(test))
    assert row["ks"] == ks(y_test, score.margin(test))
    assert row["log_loss"] == log_loss(y_test, score.probability(test))
    scaled = test[list(POLICY)] * pd.Series(score.factors)
    found = [row[f"test_share_{name}"] for name in POLICY]
    np.testing.assert_allclose(found, covariance_shares(scaled)[list(POLICY)], atol=1e-9)


def test_a_card_of_published_weights_can_gain_from_their_variance_shares():
    """Its weights are of mean ranks, whose shares of the variance are others."""
    table = priced("policy_card", POLICY)
    shares = [table["share_payment"].iloc[0], table["share_repayment"].iloc[0]]
    assert shares[0] > 0.35
    assert shares[1] < 0.05
    assert table["auc"].iloc[-1] > table["auc"].iloc[0]


def test_a_weighted_card_is_a_card_with_the_policy_in_its_points():
    X, y = population(dict(zip(POLICY, (0.1, 0.1, 0.2, 0.2, 0.4), strict=True)), 8_000, 1)
    X["application_age"] = X["wealth_a"] + np.random.default_rng(3).normal(size=len(X))
    dimensions = dimensions_of(X)
    card = Scorecard(dimensions=dimensions, random_state=0).fit(X, y)
    before = card.to_dict()
    parts = dimension_contributions(card.contributions(X), dimensions)
    score = fit_weighted(parts, y, POLICY)
    weighted = weighted_card(card, score)
    np.testing.assert_allclose(weighted.decision_function(X), score.margin(parts), atol=1e-9)
    found = covariance_shares(dimension_contributions(weighted.contributions(X), dimensions))
    np.testing.assert_allclose(found[list(POLICY)], list(POLICY.values()), atol=1e-9)
    exact = (weighted.scale or Scale()).of_margin(weighted.decision_function(X))
    points = weighted.points(X)
    assert np.abs(points - exact).max() <= 0.5 * (1 + len(weighted.points_))
    assert weighted.coefficients_["p_value"].isna().all()
    assert set(weighted.table_["dimension"]) == {"", *POLICY, "application"}
    assert card.to_dict() == before
    # Rounding every bin to whole points moves a share by less than a hundredth.
    by_feature = {
        name: -np.array(values, dtype=float)[weighted.bins_[name].assign(X[name])]
        for name, values in weighted.points_.items()
    }
    rounded = covariance_shares(dimension_contributions(pd.DataFrame(by_feature), dimensions))
    np.testing.assert_allclose(rounded[list(POLICY)], list(POLICY.values()), atol=0.01)


def test_weights_against_the_outcome_make_no_card():
    X, y = population(POLICY, 3_000, 1)
    card = Scorecard(dimensions=dimensions_of(X), random_state=0).fit(X, y)
    parts = dimension_contributions(card.contributions(X), dimensions_of(X))
    with pytest.raises(ModelError, match="a riskier score means a safer row"):
        weighted_card(card, fit_weighted(parts, 1 - y, POLICY))


# --- in the report


def test_the_report_prices_every_learnt_model(experiment: Finished):
    prices = prices_of(experiment.outcome)
    assert list(prices) == ["scorecard", "scorecard-ranges", "xgboost"]
    section = page.price(experiment.outcome, prices)
    assert section is not None
    assert len(section.tables) == 3
    metrics = experiment.outcome.assessment.metrics
    for name, table in prices.items():
        start, full = table["auc"].iloc[0], table["auc"].iloc[-1]
        assert f"from {start:.4f} to {full:.4f} ({full - start:+.4f})" in section.text
        written = pd.read_csv(experiment.folder / f"price-of-policy-{name}.csv")
        np.testing.assert_allclose(written["auc"], table["auc"])
        rows = (metrics["model"] == table["model"].iloc[0]) & (metrics["metric"] == "auc")
        scores = metrics[rows]
        assert (abs(table["free_auc"] - scores["value"].item()) < 1e-4).all()
        for dimension, weight in experiment.outcome.shared.stated_weights.items():
            funded = weight / (1 - table["unfunded"].iloc[-1])
            share = table[f"share_{dimension}"].iloc[-1]
            assert share == pytest.approx(funded, abs=1e-3) or share == 0
    assert prices["scorecard"]["free_auc"].iloc[0] == prices["scorecard"]["auc"].iloc[0]
    ranged = section.tables[1]
    assert "share of the range (of the variance)" in ranged.title
    assert all(cell.count("%") == 2 for cell in ranged.rows[-1][4:])
    assert "Growing trees that do not mix dimensions" in section.text
    assert "Fitting its terms again under the learnt shares" in section.text


def test_a_price_next_to_nothing_is_called_so(experiment: Finished):
    table = prices_of(experiment.outcome)["scorecard"]
    section = page.price(experiment.outcome, {"scorecard": table.assign(auc=0.75)})
    assert section is not None
    assert "cost next to nothing, for the data agree with the policy" in section.text
    dear = page.price(
        experiment.outcome, {"scorecard": table.assign(auc=[0.75, 0.74, 0.73, 0.72, 0.70])}
    )
    assert dear is not None
    assert "the weights cost 0.0500 of AUC" in dear.text


def test_unfunded_weight_is_said(experiment: Finished):
    outcome = experiment.outcome
    prices = prices_of(outcome)
    table = prices["scorecard"].assign(unfunded=0.25, share_social=0.0)
    section = page.price(outcome, {"scorecard": table})
    assert section is not None
    assert "25 % of the policy's weight is unfunded, for nothing in social moves" in section.text


def test_without_two_policy_dimensions_there_is_no_price(experiment: Finished):
    outcome = experiment.outcome
    knowledge = outcome.shared.knowledge
    one = dict.fromkeys(knowledge.dimensions, "payment")
    shared = replace(outcome.shared, knowledge=replace(knowledge, dimensions=one))
    assert prices_of(replace(outcome, shared=shared)) == {}
    assert page.price(outcome, {}) is None


def test_a_model_without_a_price_has_a_note(experiment: Finished):
    outcome = experiment.outcome
    knowledge = outcome.shared.knowledge
    flat = dict.fromkeys(knowledge.dimensions, "application")
    flat[next(iter(flat))], flat[list(flat)[-1]] = "payment", "social"
    shared = replace(
        outcome.shared,
        knowledge=replace(knowledge, dimensions=flat),
        stated_weights={"payment": 0.5, "social": 0.4},
    )
    told = replace(outcome, shared=shared, notes=[])
    assert prices_of(told) == {}
    assert all("shares of the " in n and "weights must be above 0" in n for n in told.notes)
    assert len(told.notes) == 3
