"""Fairness: closed forms, coverage of the intervals, and populations whose unfairness is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from scipy.stats import norm

from credit import evaluate as ev
from credit.errors import DataError


def people(rows=3000, seed=0, shift=0.6, proxy=1.0):
    """Two groups; the second has more risk by ``shift``, and a feature that gives it away."""
    random = np.random.default_rng(seed)
    group = np.where(random.random(rows) < 0.4, "b", "a")
    inside = group == "b"
    base = random.normal(size=rows)
    X = pd.DataFrame(
        {
            "income": base,
            "district": proxy * inside + random.normal(0, 0.8, rows),
            "noise": random.normal(size=rows),
            "name": random.choice(["x", "y", None], rows),
        }
    )
    probability = expit(-2 + base + shift * inside)
    return X, (random.random(rows) < probability).astype(int), group, probability


# Approvals


def test_the_ratio_and_its_interval_have_their_closed_form():
    approved = [1] * 60 + [0] * 40 + [1] * 30 + [0] * 70
    table = ev.adverse_impact(approved, ["a"] * 100 + ["b"] * 100, reference="a")
    assert table["group"].tolist() == ["a", "b"]
    row = table.iloc[1]
    assert row["ratio"] == pytest.approx(0.5)
    spread = np.sqrt(1 / 30 - 1 / 100 + 1 / 60 - 1 / 100)
    assert row["ratio_low"] == pytest.approx(0.5 * np.exp(-1.959964 * spread), rel=1e-6)
    z = 0.3 / np.sqrt(0.45 * 0.55 * 2 / 100)
    assert row["p_value"] == pytest.approx(2 * norm.sf(z))
    assert table["below_line"].tolist() == [False, True]
    lower = ev.adverse_impact(approved, ["a"] * 100 + ["b"] * 100, reference="a", line=0.1)
    assert lower["below_line"].tolist() == [False, False]
    assert table.loc[0, "ratio"] == 1
    nobody = ev.adverse_impact([0, 0, 1], ["b", "b", "a"], reference="b")
    assert np.isinf(nobody.loc[1, "ratio"]) or np.isnan(nobody.loc[1, "ratio"])


def test_intervals_cover_the_truth():
    random = np.random.default_rng(1)
    group = np.repeat(["a", "b"], [300, 200])
    y = np.zeros(500, int)
    hits = np.zeros(2)
    for _ in range(150):
        approved = (random.random(500) < np.where(group == "a", 0.7, 0.5)).astype(int)
        ratio = ev.adverse_impact(approved, group, reference="a").iloc[1]
        equal = ev.equal_opportunity(y, approved, group, reference="a").iloc[1]
        hits += [
            ratio["ratio_low"] <= 5 / 7 <= ratio["ratio_high"],
            equal["low"] <= -0.2 <= equal["high"],
        ]
    assert ((hits / 150 >= 0.90) & (hits / 150 <= 0.99)).all()


def test_only_the_good_count_in_equal_opportunity():
    y = [0, 0, 1, 1, 0, 0, 0, 1]
    approved = [1, 0, 1, 1, 1, 1, 1, 0]
    table = ev.equal_opportunity(y, approved, list("aaaabbbb"), reference="a")
    assert table["rate"].tolist() == [0.5, 1.0]
    assert table.loc[1, "difference"] == 0.5
    assert np.isnan(table.loc[0, "low"])
    with pytest.raises(DataError, match=r"group \['b'\] has no good row"):
        ev.equal_opportunity([0, 1], [1, 1], ["a", "b"], reference="a")


# Probabilities and prices


def test_a_probability_blind_to_the_group_is_too_low_for_it():
    _, y, group, truth = people(8000)
    fair = ev.calibration_by_group(y, truth, group)
    assert (fair["p_holm"] > 0.05).all()
    blind = ev.calibration_by_group(y, expit(logit(truth) - 0.6 * (group == "b")), group)
    table = blind.set_index("group")
    assert table.loc["b", "p_holm"] < 1e-6
    assert table.loc["b", "rate"] > table.loc["b", "predicted"]
    assert table.loc["a", "p_holm"] > 0.05


def test_the_price_gap_is_what_was_added_at_equal_risk():
    _, _, group, p = people(6000)
    random = np.random.default_rng(4)
    price = 0.1 + 0.1 * (np.argsort(np.argsort(p)) * 10 // len(p)) + random.normal(0, 0.02, len(p))
    fair = ev.price_gap(price, p, group, reference="a").iloc[0]
    assert fair["low"] <= 0 <= fair["high"]
    dear = ev.price_gap(price + 0.01 * (group == "b"), p, group, reference="a").iloc[0]
    assert dear["gap"] == pytest.approx(fair["gap"] + 0.01)
    assert dear["low"] > 0
    naive = price[group == "b"].mean() - price[group == "a"].mean()
    assert naive > 0.05  # the riskier group pays more; at equal risk it does not
    apart = ev.price_gap([1, 1, 2, 2], [0.1, 0.1, 0.9, 0.9], list("aabb"), reference="a")
    assert apart["compared"].item() == 0
    assert apart["gap"].isna().all()


# Proxies


def test_a_proxy_is_found_and_carries_it():
    X, _, group, _ = people()
    found = ev.proxy_test(X, (group == "b").astype(int))
    assert found.auc.low > 0.7
    assert found.features["feature"].iloc[0] == "district"
    assert found.features["share"].sum() == pytest.approx(1)
    assert found.features["share"].iloc[0] > 0.95
    others = found.features.set_index("feature").drop("district")
    assert (others["auc_low"] < 0.52).all()


def test_features_that_know_nothing_give_nothing_away():
    inside = 0
    for seed in range(8):
        X, _, group, _ = people(800, seed, proxy=0.0)
        auc = ev.proxy_test(X, (group == "b").astype(int), folds=2).auc
        inside += auc.low <= 0.5 <= auc.high
    assert inside >= 6


# Alternatives


def test_the_fairer_of_two_equals_is_chosen_and_a_worse_model_is_not():
    _, y, group, truth = people(6000)
    random = np.random.default_rng(2)
    margin = logit(truth)
    inside = group == "b"
    scores = pd.DataFrame(
        {
            "current": margin + random.normal(0, 0.02, len(y)),
            "fairer": margin - 0.2 * inside,
            "coin": random.random(len(y)),
            "harsher": margin + 0.2 * inside,
        }
    )
    table = ev.less_discriminatory(
        y, scores, group, current="current", approval_rate=0.7
    ).set_index("model")
    assert not table.loc["coin", "as_good"]
    assert table.loc["coin", "ratio"] == table["ratio"].max()
    assert table["ratio"].max() <= 1
    assert (table.loc[["current", "fairer"], ["least", "most"]] == ["b", "a"]).all(axis=None)
    assert (
        table.loc["fairer", "ratio"] > table.loc["current", "ratio"] > table.loc["harsher", "ratio"]
    )
    good = table[table["as_good"]]
    assert table["chosen"].sum() == 1
    assert good["ratio"].idxmax() == table.index[table["chosen"]].item()
    for name, row in table.iterrows():
        better = table[(table["auc"] >= row["auc"]) & (table["ratio"] >= row["ratio"])]
        better = better[(better["auc"] > row["auc"]) | (better["ratio"] > row["ratio"])]
        assert row["on_frontier"] == better.empty, name


# What is refused


def test_what_is_refused():
    with pytest.raises(DataError, match=r"reference 'x' must be one of at least two groups"):
        ev.adverse_impact([1, 0], ["a", "b"], reference="x")
    with pytest.raises(DataError, match=r"at least two groups, got \['a'\]"):
        ev.adverse_impact([1, 0], ["a", "a"], reference="a")
    with pytest.raises(DataError, match=r"group has 1 null\(s\): people of unknown group are a"):
        ev.adverse_impact([1, 0], ["a", None], reference="a")
    with pytest.raises(DataError, match="group has 1 rows, but 2 are expected"):
        ev.price_gap([1, 2], [0.1, 0.2], ["a"], reference="a")
    with pytest.raises(DataError, match="approved must lie between 0 and 1"):
        ev.adverse_impact([1, 2], ["a", "b"], reference="a")
    X, _, _, _ = people(20)
    with pytest.raises(DataError, match="folds must be at least 2, got 1"):
        ev.proxy_test(X, [0, 1] * 10, folds=1)
    with pytest.raises(DataError, match=r"member has 1 bad and 19 good row\(s\); at least 5"):
        ev.proxy_test(X, [0] * 19 + [1])
    with pytest.raises(DataError, match="current 'card' must be one of the models"):
        ev.less_discriminatory(
            [0, 1], pd.DataFrame({"cards": [1, 2]}), ["a", "b"],
            current="card", approval_rate=0.5,
        )  # fmt: skip
