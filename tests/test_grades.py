"""Grades: bounds against brute force, lights against their levels, and a mean that is moved."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from credit import evaluate as ev
from credit.binning import BinLimits, Neighbours
from credit.calibrate import Calibration, MasterScale, recentred
from credit.errors import DataError, ModelError


def sample(n=4000, seed=0):
    generator = np.random.default_rng(seed)
    probability = expit(generator.normal(-2.5, 1.2, n))
    return (generator.random(n) < probability).astype(int), probability


def test_bounds_have_the_greatest_information_value_of_all():
    y, p = sample(600)
    p = np.round(p * 12) / 12
    limits = BinLimits(min_bins=3, max_bins=3, min_share=0.02, smoothing=1e-9)
    bounds = ev.grade_bounds(y, p, limits=limits)

    def value(cuts):
        grade = np.searchsorted(np.array(cuts), p, side="right")
        bad = np.bincount(grade, y, 3)
        good = np.bincount(grade, 1 - y, 3)
        if (bad + good < 0.02 * len(y)).any() or (np.diff(bad / (bad + good)) < 0).any():
            return -np.inf
        if (bad * good == 0).any():
            return -np.inf
        a, b = bad / bad.sum(), good / good.sum()
        return ((a - b) * np.log(a / b)).sum()

    best = max(value(cuts) for cuts in combinations(np.unique(p)[1:], 2))
    assert value(bounds) == pytest.approx(best, abs=1e-6)


def test_grades_found_make_a_scale_whose_rates_ascend():
    y, p = sample()
    scale = MasterScale.lettered(ev.grade_bounds(y, p))
    assert 3 <= len(scale.names) <= 9
    table = ev.traffic_lights(ev.grade_table(y, p, scale.grade(p)))
    assert table["grade"].tolist() == list(scale.names)
    assert (np.diff(table["rate"]) > 0).all()
    assert table["ascends"].all()
    assert np.array_equal(table["ascending_rate"], table["rate"])
    assert (table["light"] == "green").sum() >= len(table) - 1


def test_one_grade_is_not_a_scale():
    generator = np.random.default_rng(0)
    y, p = generator.integers(0, 2, 400), generator.random(400)
    with pytest.raises(DataError, match=r"probability: one grade only .*relax the limit"):
        ev.grade_bounds(y, p, limits=BinLimits(neighbours=Neighbours(min_difference=0.9)))
    with pytest.raises(DataError, match="probability must lie between 0 and 1"):
        ev.grade_bounds(y, p * 600)


def table_of(rows, bads, predicted):
    grade = np.repeat(np.arange(len(rows)), rows)
    y = np.concatenate([np.arange(n) < b for n, b in zip(rows, bads, strict=True)]).astype(int)
    return ev.grade_table(y, np.repeat(predicted, rows), grade)


def test_lights_follow_their_levels_and_rates_are_pooled():
    table = ev.traffic_lights(table_of([1000] * 4, [10, 33, 20, 200], [0.01, 0.022, 0.03, 0.04]))
    assert table["light"].tolist() == ["green", "amber", "green", "red"]
    assert table["ascends"].tolist() == [True, True, False, True]
    assert table["ascending_rate"].tolist() == pytest.approx([0.01, 0.0265, 0.0265, 0.2])
    assert table["p_holm"].tolist() == ev.holm(table["p_underestimated"]).tolist()


def test_lights_of_true_grades_turn_as_often_as_they_say():
    generator = np.random.default_rng(4)
    truth = np.array([0.05, 0.1, 0.3])
    lights = []
    for _ in range(120):
        bads = generator.binomial(400, truth)
        lights += ev.traffic_lights(table_of([400] * 3, bads, truth))["light"].tolist()
    share = pd.Series(lights).value_counts(normalize=True)
    assert 0.02 <= share.get("amber", 0) <= 0.09
    assert share.get("red", 0) <= 0.01


def test_grades_out_of_order_or_without_their_columns_are_refused():
    table = table_of([100, 100], [1, 2], [0.2, 0.1])
    with pytest.raises(DataError, match=r"predicted does not ascend: \[0.2, 0.1\]. Put the"):
        ev.traffic_lights(table)
    with pytest.raises(DataError, match=r"no column \['rate'\]. Pass what grade_table returned"):
        ev.traffic_lights(table.drop(columns="rate"))


# The tests together


def test_the_line_test_keeps_its_level_and_sees_a_slope():
    p_values = {"true": [], "steep": []}
    for seed in range(100):
        y, p = sample(1000, seed)
        p_values["true"].append(ev.cox_test(y, p).p_value)
        p_values["steep"].append(ev.cox_test(y, expit(1.4 * logit(p) + 1)).p_value)
    assert np.mean(np.array(p_values["true"]) < 0.05) == pytest.approx(0.05, abs=0.05)
    assert np.mean(np.array(p_values["steep"]) < 0.05) > 0.9


def test_all_tests_stand_in_one_table():
    y, p = sample()
    table = ev.calibration_tests(y, p).set_index("test")
    assert table.index.tolist() == ["line", "bins", "rows"]
    assert (table["p_value"] > 0.01).all()
    assert table.loc["rows", "statistic"] == ev.spiegelhalter(y, p).statistic
    assert (ev.calibration_tests(y, p / 2)["p_value"] < 0.001).all()


# The mean


@given(
    st.lists(st.floats(-8, 8), min_size=1, max_size=20),
    st.floats(1e-4, 1 - 1e-4),
    st.integers(0, 100),
)
def test_the_mean_is_the_target_and_odds_ratios_stay(margin, target, seed):
    weight = np.random.default_rng(seed).integers(0, 3, len(margin)) + (np.arange(len(margin)) == 0)
    before = Calibration(slope=0.7, intercept=-1.0)
    after = recentred(before, margin, target, weight)
    assert np.average(after.apply(margin), weights=weight) == pytest.approx(target, rel=1e-12)
    assert after.slope == before.slope
    if len(margin) > 1:
        odds = [line.margin(margin)[1] - line.margin(margin)[0] for line in (before, after)]
        assert odds[1] == pytest.approx(odds[0], abs=1e-12)


def test_a_mean_that_no_shift_gives_is_refused():
    for target in (0, 1, -0.1, np.nan):
        with pytest.raises(ModelError, match="target must lie strictly between 0 and 1, got"):
            recentred(Calibration(), [0.0, 1.0], target)
    with pytest.raises(ModelError, match="margin must be one column of finite log-odds"):
        recentred(Calibration(), [0.0, np.inf], 0.1)
    with pytest.raises(ModelError, match="weight must be 2 finite numbers of 0 or more"):
        recentred(Calibration(), [0.0, 1.0], 0.1, [0, 0])
