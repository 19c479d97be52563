"""Range shares: hit exactly, at the least log-loss, with every shape kept."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, minimize
from scipy.special import expit

from credit.artifact.describe import describe
from credit.binning import BinLimits
from credit.errors import ModelError
from credit.evaluate import auc, log_loss
from credit.explain import covariance_shares, dimension_contributions
from credit.scorecard import (
    FusedOptions,
    Scorecard,
    policy_shares,
    price_of_ranges,
    range_card,
)
from credit.scorecard.interior import Linear, minimise
from credit.scorecard.range_fit import FLAT, SCALE_ROWS, SHAPE_ROWS
from credit.scorecard.ranges import counted, ordinary, ranges

POLICY = {"payment": 0.30, "social": 0.25, "wealth": 0.20, "consumption": 0.15, "repayment": 0.10}
METHODS = {"woe": BinLimits(max_bins=5), "fused": FusedOptions(bags=2, few_bags=2)}


def people(rows: int = 3_000, seed: int = 1) -> tuple[pd.DataFrame, np.ndarray]:
    """Rising, falling, U-shaped and named columns, with missing values and a special code."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame({f"{name}_a": random.normal(size=rows) for name in POLICY})
    X["wealth_u"] = random.normal(size=rows)
    X["social_job"] = random.choice(["clerk", "chef", "pilot", "none"], rows)
    X["application_age"] = random.normal(size=rows)
    effect = pd.Series({"clerk": -0.3, "chef": 0.1, "pilot": 0.4, "none": 0.8})
    margin = (
        -1.2
        + 0.9 * X["payment_a"]
        - 0.5 * X["social_a"]
        + 0.4 * X["wealth_a"]
        + 0.5 * np.abs(X["wealth_u"])
        + 0.4 * X["consumption_a"]
        + 1.2 * X["repayment_a"]
        + X["social_job"].map(effect)
        + 0.4 * X["application_age"]
    ).to_numpy()
    y = (random.random(rows) < expit(margin)).astype(int)
    X.loc[random.random(rows) < 0.1, "payment_a"] = np.nan
    X.loc[random.random(rows) < 0.05, "repayment_a"] = -9
    return X, y


SIGNS = {"payment_a": 1, "social_a": -1, "wealth_a": 1, "consumption_a": 1, "repayment_a": 1}


def dimensions_of(X: pd.DataFrame) -> dict[str, str]:
    return {str(name): str(name).split("_", maxsplit=1)[0] for name in X.columns}


@pytest.fixture(scope="module")
def cards() -> dict[str, Scorecard]:
    X, y = people()
    return {
        method: Scorecard(
            binning=binning,
            signs=SIGNS,
            special_codes={"repayment_a": [-9]},
            dimensions=dimensions_of(X),
            random_state=0,
        ).fit(X, y)
        for method, binning in METHODS.items()
    }


def shares_of(card: Scorecard) -> dict[str, float]:
    """Range shares by the definition: max - min over ordinary bins, added up by dimension."""
    found = dict.fromkeys(POLICY, 0.0)
    for name, terms in card.margins_.items():
        bins = card.bins_[name]
        size = len(bins.edges) + 1 if bins.kind == "number" else len(bins.groups)
        part = terms[:size] if size > 1 else terms
        if card.dimensions[name] in found:
            found[card.dimensions[name]] += max(part) - min(part)
    total = sum(found.values())
    return {name: value / total for name, value in found.items()}


# --- the solver


@pytest.mark.parametrize("seed", range(8))
def test_the_solver_finds_what_a_general_one_finds(seed):
    random = np.random.default_rng(seed)
    design, y = random.normal(size=(60, 6)), random.integers(0, 2, 60)
    equal, least = random.normal(size=(2, 6)), random.normal(size=(9, 6))
    limits = Linear(equal, least, least @ random.normal(size=6) * 0 - random.random(9) * 0.1)

    def value(x):
        return np.mean(np.logaddexp(0, design @ x) - y * (design @ x)) + 0.05 * x @ x

    def gradient(x):
        return design.T @ (expit(design @ x) - y) / 60 + 0.1 * x

    def curvature(x):
        p = expit(design @ x)
        return (design.T * (p * (1 - p))) @ design / 60 + 0.1 * np.eye(6)

    found = minimise(gradient, curvature, random.normal(size=6), limits)
    np.testing.assert_allclose(equal @ found, 0, atol=1e-9)
    assert (least @ found - limits.bound).min() > -1e-8
    general = minimize(
        value,
        np.zeros(6),
        jac=gradient,
        method="SLSQP",
        constraints=[LinearConstraint(equal, 0, 0), LinearConstraint(least, limits.bound, np.inf)],
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert value(found) == pytest.approx(general.fun, abs=1e-8)
    np.testing.assert_allclose(found, general.x, atol=1e-4)


def test_constraints_that_exclude_each_other_are_said():
    limits = Linear(np.zeros((0, 1)), np.array([[1.0], [-1.0]]), np.array([1.0, 1.0]))
    with pytest.raises(ModelError, match=r"in 100 steps; .* misses one"):
        minimise(lambda x: x, lambda _: np.eye(1), np.zeros(1), limits)


# --- the card


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_shares_are_the_blend(cards, method, alpha):
    X, y = people()
    card = cards[method]
    weighted = range_card(card, X, y, POLICY, alpha)
    learnt, found = shares_of(card), shares_of(weighted)
    for name, weight in POLICY.items():
        assert found[name] == pytest.approx((1 - alpha) * learnt[name] + alpha * weight, abs=1e-6)
    assert weighted.method_ == "range"
    assert weighted.decision_function(X).mean() == pytest.approx(
        card.decision_function(X).mean(), abs=0.3
    )
    assert weighted.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), abs=1e-3)


@settings(max_examples=30)
@given(
    weights=st.lists(st.floats(0.02, 1), min_size=5, max_size=5),
    alpha=st.floats(0, 1),
    method=st.sampled_from(sorted(METHODS)),
    seed=st.integers(0, 5),
)
def test_shares_and_shapes_hold_whatever_the_policy(cards, weights, alpha, method, seed):
    policy = dict(zip(POLICY, (np.array(weights) / sum(weights)).tolist(), strict=True))
    X, y = people(600, seed)
    weighted, card = range_card(cards[method], X, y, policy, alpha), cards[method]
    learnt, found = shares_of(card), shares_of(weighted)
    for name, weight in policy.items():
        assert found[name] == pytest.approx((1 - alpha) * learnt[name] + alpha * weight, abs=1e-3)
    for name, terms in weighted.margins_.items():
        size = ordinary(card.bins_[name])
        before, after = np.diff(card.margins_[name][:size]), np.diff(terms[:size])
        assert (np.sign(before) * after >= -1e-8).all()
        inside = np.array(terms[: counted(card.bins_[name])])
        assert min(terms) >= inside.min() - 1e-8
        assert max(terms) <= inside.max() + 1e-8


def test_declared_signs_are_kept(cards):
    X, y = people()
    for card in cards.values():
        weighted = range_card(card, X, y, POLICY)
        for name, sign in SIGNS.items():
            terms = np.array(weighted.margins_[name][: ordinary(card.bins_[name])])
            assert (sign * np.diff(terms) >= -1e-9).all()


def constraints_of(learnt, shares, parts, mass) -> list[dict]:
    """Say in SLSQP's words what a card of three features, a dimension each, is held to."""
    ends = [(int(np.argmin(t[:-1])), int(np.argmax(t[:-1]))) for t in learnt]

    def range_of(x, j):
        return x[parts[j]][ends[j][1]] - x[parts[j]][ends[j][0]]

    def total(x):
        return sum(range_of(x, j) for j in range(3))

    constraints = [
        {"type": "eq", "fun": lambda x, j=j: mass[parts[j]] @ x[parts[j]]} for j in range(3)
    ]
    constraints += [{"type": "eq", "fun": lambda x, j=j: x[parts[j]][-1]} for j in range(3)]
    constraints += [
        {
            "type": "eq",
            "fun": lambda x, j=j, w=shares[j]: range_of(x, j) - w * total(x),
        }
        for j in range(2)
    ]
    constraints += [
        {"type": "ineq", "fun": lambda x, j=j: np.diff(x[parts[j]][:-1]) * np.sign(
            np.diff(learnt[j][:-1])
        )}
        for j in range(3)
    ]  # fmt: skip
    constraints += [
        {"type": "ineq", "fun": lambda x, j=j: x[parts[j]][ends[j][1]] - x[parts[j]]}
        for j in range(3)
    ]
    constraints += [
        {"type": "ineq", "fun": lambda x, j=j: x[parts[j]] - x[parts[j]][ends[j][0]]}
        for j in range(3)
    ]
    return constraints


def test_its_terms_are_those_of_a_general_solver():
    """The whole problem again, with one-hot columns, its constraints in words, and SLSQP."""
    X, y = people(800)
    X = X[["payment_a", "repayment_a", "wealth_u"]].fillna(0.0)
    dimensions = dimensions_of(X)
    policy = {"payment": 0.5, "repayment": 0.3, "wealth": 0.2}
    signs = {"payment_a": 1, "repayment_a": 1}
    limits = BinLimits(max_bins=4)
    card = Scorecard(binning=limits, signs=signs, dimensions=dimensions).fit(X, y)
    weighted = range_card(card, X, y, policy)
    sizes = [len(terms) for terms in card.margins_.values()]
    starts = np.cumsum([1, *sizes])
    design = np.column_stack(
        [np.ones(len(X))]
        + [
            np.eye(size)[card.bins_[name].assign(X[name])]
            for name, size in zip(card.margins_, sizes, strict=True)
        ]
    )
    mass = design.mean(axis=0)
    learnt = list(card.margins_.values())
    spread = [max(t[:-1]) - min(t[:-1]) for t in learnt]  # the last bin is that of unseen values
    factor = [
        policy[dimensions[name]] / (own / sum(spread))
        for name, own in zip(card.margins_, spread, strict=True)
    ]
    anchor = np.concatenate(
        [[0.0]] + [f * np.array(terms) for f, terms in zip(factor, learnt, strict=True)]
    )
    for start, size in zip(starts[:-1], sizes, strict=True):
        part = slice(start, start + size)
        anchor[part] -= mass[part] @ anchor[part]
    line = minimize(
        lambda v: np.mean(
            np.logaddexp(0, v[0] + v[1] * (design @ anchor)) - y * (v[0] + v[1] * (design @ anchor))
        ),
        [0.0, 1.0],
    ).x
    anchor = anchor * line[1]
    parts = [slice(s, s + n) for s, n in zip(starts[:-1], sizes, strict=True)]

    def pull(x):
        """In rows: the part of the change along the anchor, then the rest."""
        found = 0.0
        for part in parts:
            change = x[part] - anchor[part]
            unit = anchor[part] / np.linalg.norm(anchor[part])
            along = unit @ change
            found += SCALE_ROWS * along**2 + SHAPE_ROWS * (change @ change - along**2)
        return found * y.mean() * (1 - y.mean()) / len(y) / 2

    def value(x):
        z = design @ x
        return np.mean(np.logaddexp(0, z) - y * z) + pull(x)

    constraints = constraints_of(
        learnt, [policy[dimensions[n]] for n in card.margins_], parts, mass
    )
    start = np.concatenate([[line[0]], anchor[1:]])
    general = minimize(
        value, start, method="SLSQP", constraints=constraints,
        options={"ftol": 1e-15, "maxiter": 500},
    )  # fmt: skip
    own = np.concatenate([[weighted.base_], *weighted.margins_.values()])
    assert value(own) == pytest.approx(general.fun, abs=2e-6)
    np.testing.assert_allclose(own, general.x, atol=5e-3)


def test_it_beats_scaling_the_terms(cards):
    """Scaled terms have the shares too: they are one of the cards it chooses from."""
    X, y = people()
    card = cards["woe"]
    learnt = shares_of(card)
    margin = np.zeros(len(X))
    contributions = card.contributions(X)
    for name in card.margins_:
        dimension = card.dimensions[name]
        margin += POLICY.get(dimension, 1.0) / learnt.get(dimension, 1.0) * contributions[name]
    slope, base = np.polyfit(margin, card.decision_function(X), 1)
    fits = minimize(lambda v: log_loss(y, expit(v[0] * margin + v[1])), [slope, base])
    assert log_loss(y, range_card(card, X, y, POLICY).predict_proba(X)[:, 1]) < fits.fun


def test_special_and_missing_values_lie_within_the_ordinary_range():
    """Missing values are by far the riskiest here, and may still not carry the weight."""
    X, y = people()
    y = np.where(X["payment_a"].isna(), 1, y)
    card = Scorecard(dimensions=dimensions_of(X), random_state=0).fit(X, y)
    bins = card.bins_["payment_a"]
    learnt = card.margins_["payment_a"]
    assert learnt[bins.missing] > max(learnt[: ordinary(bins)])
    terms = range_card(card, X, y, POLICY).margins_["payment_a"]
    assert terms[bins.missing] == pytest.approx(max(terms[: ordinary(bins)]), abs=1e-6)


def test_a_feature_with_one_ordinary_bin_has_the_range_of_all():
    X, y = people()
    random = np.random.default_rng(5)
    gone = random.random(len(X)) < 0.3
    y = np.where(gone & (random.random(len(X)) < 0.4), 1, y)
    X["consumption_a"] = np.where(gone, np.nan, 1.0)
    card = Scorecard(dimensions=dimensions_of(X), random_state=0).fit(X, y)
    assert ordinary(card.bins_["consumption_a"]) == 1
    weighted = range_card(card, X, y, POLICY)
    assert shares_of(weighted)["consumption"] == pytest.approx(0.15, abs=1e-6)
    assert np.ptp(weighted.margins_["consumption_a"]) == pytest.approx(
        ranges(weighted)["consumption_a"]
    )


def test_the_floor_is_the_least_range_of_every_dimension(cards):
    X, y = people()
    plain = policy_shares(range_card(cards["woe"], X, y, POLICY), X, POLICY)
    wide = float(plain["range"].min()) * 1.5
    table = policy_shares(range_card(cards["woe"], X, y, POLICY, floor=wide), X, POLICY)
    assert table["range"].min() == pytest.approx(wide, abs=1e-5)
    assert table["range"].sum() == pytest.approx(wide / 0.10, abs=1e-4)
    np.testing.assert_allclose(table["range_share"], table["policy"], atol=1e-6)
    narrow = range_card(cards["woe"], X, y, POLICY, floor=wide / 3)  # it does not bind
    np.testing.assert_allclose(policy_shares(narrow, X, POLICY)["range"], plain["range"], atol=1e-4)


def test_it_is_a_card_like_any_other(cards):
    X, y = people()
    card = cards["fused"]
    before = card.to_dict()
    weighted = range_card(card, X, y, POLICY)
    assert card.to_dict() == before
    again = Scorecard.from_dict(json.loads(json.dumps(weighted.to_dict())))
    np.testing.assert_array_equal(again.decision_function(X), weighted.decision_function(X))
    assert again.margins_ == weighted.margins_
    assert set(weighted.coefficients_["coefficient"]) <= {0.0, 1.0}
    assert weighted.coefficients_["standard_error"].isna().all()
    assert describe(weighted).structure["intercept"] == weighted.base_
    assert weighted.bins_ == card.bins_
    assert range_card(card, X, y, POLICY).margins_ == weighted.margins_


def test_what_the_policy_does_not_weigh_is_fitted_along(cards):
    X, y = people()
    weighted = range_card(cards["woe"], X, y, POLICY)
    assert np.ptp(weighted.margins_["application_age"]) > 0.5
    assert weighted.coefficients_.loc["application_age", "dropped"] == ""


def test_a_feature_flat_on_these_rows_is_left_out(cards):
    X, y = people()
    still = X.assign(wealth_a=0.01, wealth_u=0.01)
    weighted = range_card(cards["woe"], still, y, POLICY)
    assert "wealth_a" not in weighted.margins_
    assert weighted.coefficients_.loc["wealth_a", "dropped"] == FLAT
    table = policy_shares(weighted, still, POLICY).set_index("dimension")
    assert table.loc["wealth", "unfunded"] == 0.20
    assert table.loc["wealth", "range_share"] == table.loc["wealth", "variance_share"] == 0.0
    for name in ("payment", "social", "consumption", "repayment"):
        assert table.loc[name, "range_share"] == pytest.approx(POLICY[name] / 0.8, abs=1e-6)


def test_bins_without_rows_have_their_neighbours_term(cards):
    X, y = people()
    card = cards["woe"]
    edges = card.bins_["payment_a"].edges
    top = X["payment_a"] >= edges[-1]
    terms = range_card(card, X[~top], y[~top], POLICY).margins_["payment_a"]
    last = ordinary(card.bins_["payment_a"]) - 1
    assert terms[last] == pytest.approx(terms[last - 1], abs=1e-12)
    assert terms[card.bins_["social_job"].unseen] is not None


def test_the_table_says_range_variance_and_unfunded(cards):
    X, y = people()
    weighted = range_card(cards["woe"], X, y, POLICY)
    table = policy_shares(weighted, X, POLICY).set_index("dimension")
    parts = dimension_contributions(weighted.contributions(X), dimensions_of(X))
    np.testing.assert_allclose(
        table["variance_share"], covariance_shares(parts)[list(POLICY)], atol=1e-12
    )
    np.testing.assert_allclose(table["range_share"], pd.Series(shares_of(weighted)), atol=1e-12)
    assert (table["unfunded"] == 0).all()
    more = policy_shares(weighted, X, {"payment": 0.4, "charm": 0.6}).set_index("dimension")
    assert more["unfunded"].to_dict() == {"payment": 0.0, "charm": 0.6}
    assert more["range_share"].to_dict() == {"payment": 1.0, "charm": 0.0}


def test_what_cannot_be_weighted_is_refused(cards):
    X, y = people()
    card = cards["woe"]
    with pytest.raises(ModelError, match="weights must be above 0 and sum to 1"):
        range_card(card, X, y, POLICY | {"social": 0.5})
    with pytest.raises(ModelError, match=r"alpha must be between 0 .* got -1"):
        range_card(card, X, y, POLICY, -1)
    with pytest.raises(ModelError, match=r"floor must be a range of 0 or more log-odds, got -0.1"):
        range_card(card, X, y, POLICY, floor=-0.1)
    with pytest.raises(ModelError, match="Did you mean 'wealth'"):
        range_card(card, X, y, {"welth": 0.5, "charm": 0.5})
    with pytest.raises(ModelError, match="y must be 1"):
        range_card(card, X, y + 1, POLICY)
    with pytest.raises(ModelError, match=r"says nothing about y .* smaller alpha"):
        range_card(card, X, 1 - y, POLICY)


# --- the price


def test_the_curve_is_of_the_cards(cards):
    X, y = people()
    X_test, y_test = people(seed=2)
    card = cards["woe"]
    table = price_of_ranges(card, X, y, X_test, y_test, POLICY, (0, 0.5))
    assert list(table["alpha"]) == [0, 0.5]
    assert (table["free_auc"] == auc(y_test, card.decision_function(X_test))).all()
    half = range_card(card, X, y, POLICY, 0.5)
    row = table.iloc[1]
    assert row["auc"] == auc(y_test, half.decision_function(X_test))
    assert row["log_loss"] == pytest.approx(log_loss(y_test, half.predict_proba(X_test)[:, 1]))
    shares = policy_shares(half, X, POLICY).set_index("dimension")
    for name in POLICY:
        assert row[f"share_{name}"] == shares.loc[name, "range_share"]
        assert row[f"variance_share_{name}"] == shares.loc[name, "variance_share"]
