"""Calibration: the likelihood's own equations, known truth, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from credit.calibrate import Calibration, MasterScale, default_master_scale, fit_platt
from credit.errors import ModelError


def margins(rows=20_000, seed=0):
    random = np.random.default_rng(seed)
    truth = random.normal(-2, 1, rows)
    y = (random.random(rows) < 1 / (1 + np.exp(-truth))).astype(float)
    return truth, y


def test_a_distorted_margin_is_put_right():
    truth, y = margins()
    line = fit_platt(2 * truth + 3, y)
    assert line.slope == pytest.approx(0.5, abs=0.03)
    assert line.intercept == pytest.approx(-1.5, abs=0.1)
    assert line.apply(2 * truth + 3).mean() == pytest.approx(y.mean(), abs=1e-4)


def test_the_fit_is_the_minimum_of_platts_loss():
    truth, y = margins(500)
    w = np.random.default_rng(1).random(500)
    line = fit_platt(truth, y, w)
    bad, good = w @ y, w @ (1 - y)
    target = np.where(y == 1, (bad + 1) / (bad + 2), 1 / (good + 2))

    def loss(beta):
        z = beta[0] * truth + beta[1]
        return w @ (np.logaddexp(0, z) - target * z)

    found = minimize(
        loss, [1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-12}
    )
    np.testing.assert_allclose([line.slope, line.intercept], found.x, atol=1e-4)


def test_weights_count_rows():
    truth, y = margins(300)
    w = np.arange(300) % 3
    once = fit_platt(truth, y, w)
    twice = fit_platt(np.repeat(truth, w), np.repeat(y, w))
    assert once.slope == pytest.approx(twice.slope, abs=1e-9)
    assert once.intercept == pytest.approx(twice.intercept, abs=1e-9)


def test_classes_that_are_parted_stay_finite():
    line = fit_platt(np.array([-2.0, -1.0, 1.0, 2.0]), np.array([0, 0, 1, 1]))
    assert 0 < line.slope < 10
    assert (np.diff(line.apply([-2, -1, 1, 2])) > 0).all()


def test_a_constant_margin_gives_the_base_rate():
    line = fit_platt(np.full(10, 3.0), np.array([1, 0, 0, 0, 0] * 2))
    assert line.slope == 0
    assert line.apply(3.0) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("margin", "y", "words"),
    [
        ([0.0, 1.0], [0, 0], r"y holds one class: 2 good and 0 bad row\(s\)"),
        ([0.0, 1.0], [0, 2], r"y must be 1 \(bad\) or 0 \(good\), got 2"),
        ([0.0, np.inf], [0, 1], r"margin: 1 value\(s\) are not finite"),
        ([0.0], [0, 1], "must be 1D and equally long"),
    ],
)
def test_what_is_refused(margin, y, words):
    with pytest.raises(ModelError, match=words):
        fit_platt(margin, y)


def test_grades_are_half_open_and_plain():
    scale = MasterScale(bounds=(0.01, 0.1), names=("low", "middle", "high"))
    assert scale.grade([0.0, 0.0099, 0.01, 0.0999, 0.1, 1.0]).tolist() == [
        "low", "low", "middle", "middle", "high", "high",
    ]  # fmt: skip
    assert MasterScale.from_dict(scale.to_dict()) == scale
    line = Calibration(slope=0.9, intercept=-0.1)
    assert Calibration.from_dict(line.to_dict()) == line


def test_the_default_scale_doubles():
    scale = default_master_scale()
    assert scale.names == tuple("ABCDEFGHI")
    np.testing.assert_allclose(np.divide(scale.bounds[1:], scale.bounds[:-1]), 2)
    assert scale.bounds[0] == 0.0025


@pytest.mark.parametrize(
    ("bounds", "names", "words"),
    [
        ((0.1, 0.1), ("a", "b", "c"), "bounds must ascend strictly between 0 and 1"),
        ((0.1,), ("a",), "1 bounds need 2 different names"),
    ],
)
def test_scales_that_make_no_sense(bounds, names, words):
    with pytest.raises(ModelError, match=words):
        MasterScale(bounds=bounds, names=names)


def test_a_probability_outside_its_range_has_no_grade():
    with pytest.raises(ModelError, match=r"probability must be in \[0, 1\]"):
        default_master_scale().grade([0.5, 1.5])
