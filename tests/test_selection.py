"""The choice of features: every rule against a plain computation of it, and steps by hand."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from credit.binning import BinLimits, transform_frame
from credit.errors import ModelError
from credit.evaluate import psi
from credit.scorecard import Scorecard, Selection, Stepwise, WoeOptions, fit_logistic
from credit.scorecard.collinear import (
    GREATEST_VIF,
    correlations,
    inflation,
    too_correlated,
    too_inflated,
)
from credit.scorecard.logistic import RIDGE
from credit.scorecard.stepwise import choose_stepwise

NAMES = ("income", "late", "age", "copy", "noise", "drift")


def applicants(rows=3000, seed=5):
    random = np.random.default_rng(seed)
    income, late, age = random.normal(size=(3, rows))
    period = np.repeat(["2024-01", "2024-02", "2024-03"], rows // 3)
    drift = random.normal(size=rows) + np.repeat([0.0, 0.6, 1.5], rows // 3)
    X = pd.DataFrame(
        {
            "income": income,
            "late": late,
            "age": age,
            "copy": income + 0.3 * random.normal(size=rows),
            "noise": random.normal(size=rows),
            "drift": drift,
        }
    )
    margin = -1.5 - 0.8 * income + 0.6 * late + 0.3 * age + 0.4 * (drift - drift.mean())
    return X, (random.random(rows) < 1 / (1 + np.exp(-margin))).astype(int), period


def card_with(**rules):
    X, y, period = applicants()
    options = WoeOptions(selection=Selection(**rules))
    return Scorecard(binning=options).fit(X, y, period=period), X, y


def problem(seed, rows=400, columns=6):
    random = np.random.default_rng(seed)
    X = random.normal(size=(rows, columns)) @ (
        np.eye(columns) + 0.4 * random.normal(size=(columns, columns))
    )
    beta = random.choice([0.0, 0.0, 0.15, 0.4, -0.3], columns)
    y = (random.random(rows) < 1 / (1 + np.exp(1 - X @ beta))).astype(float)
    return X, y, random.uniform(0.5, 2.0, rows)


def deviance(X, y, w, columns):
    """The penalised deviance of a fit of these columns, from the public fit alone."""
    fit = fit_logistic(X[:, columns], y, w)
    z = fit.intercept + X[:, columns] @ fit.coefficients
    return 2 * w @ (np.logaddexp(0, z) - y * z) + RIDGE * fit.coefficients @ fit.coefficients


def steps_by_hand(X, y, w, options):
    """Refit everything at every step."""
    every = range(X.shape[1])
    enter, leave = options.limits(w.sum())
    inside = list(every) if options.direction == "backward" else []
    taken = []
    while True:
        at = deviance(X, y, w, inside)
        if options.direction != "backward":
            falls = {j: at - deviance(X, y, w, [*inside, j]) for j in every if j not in inside}
            if not falls or max(falls.values()) <= enter:
                return sorted(inside), taken, falls
            j = max(falls, key=falls.get)
            inside.append(j)
            taken.append(("enter", j))
        while options.direction != "forward" and inside:
            at = deviance(X, y, w, inside)
            rises = {j: deviance(X, y, w, [i for i in inside if i != j]) - at for j in inside}
            j = min(rises, key=rises.get)
            if rises[j] > leave:
                break
            inside.remove(j)
            taken.append(("leave", j))
        if options.direction == "backward":
            return sorted(inside), taken, None


# --- records


@pytest.mark.parametrize(
    ("record", "options", "words"),
    [
        (Stepwise, {"direction": "up"}, "direction must be one of .* got 'up'"),
        (Stepwise, {"criterion": "r2"}, "criterion must be one of .* got 'r2'"),
        (Stepwise, {"enter": 0.0}, r"enter must be in \(0, 1\), got 0.0"),
        (Stepwise, {"enter": 0.2}, "leave must be at least enter, got 0.1 and 0.2"),
        (Selection, {"max_psi": 0.0}, "max_psi must be above 0"),
        (Selection, {"psi": "all"}, "psi must be one of .* got 'all'"),
        (Selection, {"max_correlation": 1.2}, r"max_correlation must be in \(0, 1\], got 1.2"),
        (Selection, {"max_vif": 1.0}, "max_vif must be above 1, got 1.0"),
        (WoeOptions, {"max_bins": 0}, "max_bins must be at least 1"),
    ],
)
def test_wrong_rules_are_named(record, options, words):
    with pytest.raises(ModelError, match=words):
        record(**options)


def test_limits_of_the_deviance():
    assert Stepwise(criterion="aic").limits(100) == (2.0, 2.0)
    assert Stepwise(criterion="bic").limits(100) == (np.log(100), np.log(100))
    enter, leave = Stepwise(criterion="p_value", enter=0.01, leave=0.2).limits(100)
    assert chi2.sf([enter, leave], 1) == pytest.approx([0.01, 0.2])


# --- correlation and inflation


def test_correlations_are_weighted_and_a_constant_has_none():
    random = np.random.default_rng(0)
    X = random.normal(size=(50, 3)) @ random.normal(size=(3, 3))
    times = random.integers(1, 4, 50)
    np.testing.assert_allclose(
        correlations(X, times.astype(float)), np.corrcoef(np.repeat(X, times, axis=0).T)
    )
    found = correlations(np.column_stack([X, np.ones(50)]), np.ones(50))
    assert found[3].tolist() == [0, 0, 0, 1]


@given(st.integers(0, 10_000))
def test_inflation_is_that_of_the_regression_on_the_others(seed):
    random = np.random.default_rng(seed)
    X = random.normal(size=(60, 4)) @ random.normal(size=(4, 4))
    factors = inflation(correlations(X, np.ones(60)))
    for j in range(4):
        others = np.column_stack([np.ones(60), np.delete(X, j, axis=1)])
        left = X[:, j] - others @ np.linalg.lstsq(others, X[:, j], rcond=None)[0]
        expected = ((X[:, j] - X[:, j].mean()) ** 2).sum() / (left**2).sum()
        assert factors[j] == pytest.approx(expected, rel=1e-6)


def test_an_exact_sum_has_the_greatest_factor_and_spares_the_others():
    random = np.random.default_rng(1)
    X = random.normal(size=(80, 4))
    X[:, 3] += X[:, 2]
    plain = inflation(correlations(X, np.ones(80)))
    summed = inflation(correlations(np.column_stack([X, X[:, 0] + X[:, 1]]), np.ones(80)))
    assert summed[[0, 1, 4]].tolist() == [GREATEST_VIF] * 3
    assert summed[3] == pytest.approx(plain[3], rel=0.2)
    assert inflation(np.eye(2)).tolist() == [1, 1]
    assert len(inflation(np.zeros((0, 0)))) == 0


def test_the_richer_of_two_correlated_columns_stays():
    r = np.array([[1.0, 0.9, 0.5], [0.9, 1.0, -0.85], [0.5, -0.85, 1.0]])
    assert too_correlated(r, np.array([0.2, 0.3, 0.1]), 0.8) == {0: (1, 0.9), 2: (1, -0.85)}
    # What repeats only a column that has gone itself stays.
    assert too_correlated(r, np.array([0.3, 0.2, 0.1]), 0.8) == {1: (0, 0.9)}
    assert too_correlated(r, np.array([0.3, 0.3, 0.3]), 0.8) == {1: (0, 0.9)}


def test_columns_go_until_no_factor_is_above_the_cap():
    random = np.random.default_rng(2)
    X = random.normal(size=(200, 5))
    X[:, 4] = X[:, 0] + X[:, 1] + 0.1 * random.normal(size=200)
    r, iv = correlations(X, np.ones(200)), np.arange(5.0)
    factors = inflation(r)
    gone = too_inflated(r, iv, 5.0)
    assert gone == {4: factors[4]} == {int(np.argmax(factors)): factors.max()}
    copies = correlations(np.column_stack([X[:, :1], X[:, :1], X[:, 1:2]]), np.ones(200))
    assert list(too_inflated(copies, np.array([0.1, 0.2, 0.3]), 5.0)) == [0]
    assert list(too_inflated(copies, np.array([0.1, 0.1, 0.1]), 5.0)) == [1]


# --- steps


@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
@pytest.mark.parametrize("criterion", ["aic", "bic", "p_value"])
@pytest.mark.parametrize("seed", range(4))
def test_steps_are_those_of_refitting_everything(direction, criterion, seed):
    X, y, w = problem(seed)
    options = Stepwise(direction=direction, criterion=criterion)
    kept, taken, falls = steps_by_hand(X, y, w, options)
    found = choose_stepwise(X, y, w, options)
    assert list(found.kept) == kept
    assert [(step.action, step.column) for step in found.steps] == taken
    assert found.deviance == pytest.approx(deviance(X, y, w, kept), abs=1e-7)
    assert set(found.outside) == set(range(X.shape[1])) - set(kept)
    if falls is not None:
        assert found.outside == pytest.approx(falls, abs=1e-7)


def test_a_step_says_what_it_changed():
    X, y, w = problem(3)
    found = choose_stepwise(X, y, w, Stepwise())
    at = deviance(X, y, w, [])
    inside = []
    for step in found.steps:
        inside = [*inside, step.column] if step.action == "enter" else inside
        inside = [j for j in inside if step.action == "enter" or j != step.column]
        after = deviance(X, y, w, inside)
        assert step.deviance == pytest.approx(after, abs=1e-7)
        assert step.change == pytest.approx(abs(at - after), abs=1e-7)
        at = after


def test_a_column_that_would_need_a_negative_coefficient_changes_nothing():
    X, y, w = problem(0)
    X = np.column_stack([X, -y + 0.1 * X[:, 0]])
    found = choose_stepwise(X, y, w, Stepwise(criterion="bic"))
    assert found.outside[6] == 0
    backward = choose_stepwise(X, y, w, Stepwise(direction="backward"))
    assert backward.outside[6] == pytest.approx(0, abs=1e-7)


def test_nothing_to_choose_from():
    _, y, w = problem(0)
    for direction in ("forward", "backward", "both"):
        found = choose_stepwise(np.zeros((len(y), 0)), y, w, Stepwise(direction=direction))
        assert found.kept == ()


# --- in the card


def test_without_rules_the_card_is_that_of_its_limits():
    X, y, _ = applicants()
    plain = Scorecard(binning=BinLimits(max_bins=5)).fit(X, y)
    card = Scorecard(binning=WoeOptions(max_bins=5)).fit(X, y)
    assert card.method_ == "woe"
    pd.testing.assert_frame_equal(card.coefficients_, plain.coefficients_)
    pd.testing.assert_frame_equal(card.table_, plain.table_)


def test_a_correlated_feature_names_the_one_it_repeats():
    card, X, _ = card_with(max_correlation=0.8)
    rule = card.coefficients_["dropped"]
    evidence = transform_frame(
        X[["income", "copy"]], {n: card.bins_[n] for n in ("income", "copy")}
    )
    r = np.corrcoef(evidence.T)[0, 1]
    assert rule["copy"] == (
        f"correlation {r:.3f} with 'income', which has more information value: above 0.8"
    )
    assert rule["income"] == rule["late"] == ""
    assert "copy" not in card.points_


def test_an_unstable_feature_says_between_which_periods():
    card, X, _ = card_with(max_psi=0.25)
    codes = card.bins_["drift"].assign(X["drift"])
    first, last = (np.bincount(codes[part], minlength=card.bins_["drift"].size)
                   for part in (slice(1000), slice(2000, 3000)))  # fmt: skip
    expected = psi(first, last).psi
    assert card.coefficients_.loc["drift", "dropped"] == (
        f"PSI {expected:.3f} > 0.25 (2024-03 against 2024-01)"
    )
    assert card.coefficients_.loc["income", "dropped"] == ""
    each, _, _ = card_with(max_psi=0.1, psi="each")
    assert each.coefficients_.loc["drift", "dropped"].endswith("against all rows)")


def test_stability_asks_for_periods():
    X, y, _ = applicants(600)
    card = Scorecard(binning=WoeOptions(selection=Selection(max_psi=0.2)))
    with pytest.raises(ModelError, match=r"max_psi is 0\.2, but the rows have no periods"):
        card.fit(X, y)
    with pytest.raises(ModelError, match="max_psi compares periods, but all rows are of '2024'"):
        card.fit(X, y, period=["2024"] * len(y))


def test_a_cap_on_inflation_is_kept_by_the_card():
    plain, _, _ = card_with()
    assert plain.coefficients_["vif"].max() > 3
    card, _, _ = card_with(max_vif=3.0)
    assert card.coefficients_["vif"].max() <= 3
    assert card.coefficients_["dropped"].str.match(r"VIF \d.* > 3$").sum() == 1


def test_steps_leave_out_what_adds_nothing():
    options = Selection(stepwise=Stepwise(criterion="bic"))
    X, y, _ = applicants()
    card = Scorecard(binning=WoeOptions(min_iv=0.0, selection=options)).fit(X, y)
    rule = card.coefficients_["dropped"]
    assert rule["income"] == rule["late"] == ""
    assert rule["noise"].startswith("stepwise, both by bic: the deviance falls by ")
    assert rule["noise"].endswith(f" with it, no more than {np.log(3000):.2f}")
    assert "noise" not in card.points_
    backward = Selection(stepwise=Stepwise(direction="backward", criterion="bic"))
    card = Scorecard(binning=WoeOptions(min_iv=0.0, selection=backward)).fit(X, y)
    rule = card.coefficients_.loc["noise", "dropped"]
    assert rule.startswith("stepwise, backward by bic: the deviance rises by ")
    assert rule.endswith(f" without it, at most {np.log(3000):.2f}")


def test_inflation_in_the_card_is_that_of_its_evidence():
    card, X, _ = card_with()
    inside = list(card.points_)
    evidence = transform_frame(X, {name: card.bins_[name] for name in inside})
    expected = np.diag(np.linalg.inv(np.corrcoef(evidence.T)))
    np.testing.assert_allclose(card.coefficients_.loc[inside, "vif"], expected, rtol=1e-9)
    assert card.coefficients_.drop(inside)["vif"].isna().all()
    assert list(card.coefficients_) == [
        "coefficient", "standard_error", "p_value", "vif", "iv", "dropped",
    ]  # fmt: skip


def test_plain_data_with_and_without_inflation():
    card, X, _ = card_with(max_correlation=0.8)
    plain = json.loads(json.dumps(card.to_dict(), allow_nan=False))
    pd.testing.assert_frame_equal(Scorecard.from_dict(plain).coefficients_, card.coefficients_)
    for feature in plain["features"]:
        del feature["vif"]
    for key in ("edits", "range"):
        del plain[key]
    old = Scorecard.from_dict(plain)
    assert old.coefficients_["vif"].isna().all()
    np.testing.assert_array_equal(old.points(X), card.points(X))
    twice = Scorecard(binning=BinLimits()).fit(X.assign(twin=X["income"]), applicants()[1])
    assert twice.coefficients_.loc["twin", "vif"] == GREATEST_VIF
    json.dumps(twice.to_dict(), allow_nan=False)
