"""Points between a lowest and a highest sum, and a points table that changes only on purpose."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.binning import BinLimits
from credit.errors import ModelError
from credit.scorecard import BASE, FusedOptions, RangeScale, Scale, Scorecard
from credit.scorecard.rounding import integer_points

terms = st.lists(st.floats(-3, 3, allow_subnormal=False), min_size=1, max_size=6).map(tuple)
cards = st.lists(terms, min_size=1, max_size=8).map(lambda t: {f"f{i}": v for i, v in enumerate(t)})


def applicants(rows=1500, seed=9):
    random = np.random.default_rng(seed)
    income = random.lognormal(8, 1, rows).round()
    late = random.poisson(1.0, rows).astype(float)
    job = random.choice(["clerk", "chef", "none"], rows)
    margin = -0.8 * (np.log(income) - 8) + 0.7 * late - 2 + (job == "none") * 0.6
    y = (random.random(rows) < 1 / (1 + np.exp(-margin))).astype(int)
    late[random.random(rows) < 0.1] = np.nan
    return pd.DataFrame({"income": income, "late": late, "job": job}), y


def sums(base, points):
    return [base + sum(pick(values) for values in points.values()) for pick in (min, max)]


@given(cards, st.floats(-4, 4), st.integers(-200, 500), st.integers(1, 900))
def test_the_ends_are_hit_exactly_and_the_rest_within_its_bound(margins, base, low, reach):
    if sum(np.ptp(values) for values in margins.values()) < 1e-6:
        return
    scale = RangeScale(low=low, high=low + reach)
    fitted, base_points, points = integer_points(scale, base, margins)
    assert sums(base_points, points) == [low, low + reach]
    assert base_points == np.rint(fitted.of_margin(base))
    worst = 0.0
    for name, values in margins.items():
        exact = -fitted.factor * np.array(values)
        assert np.abs(np.array(points[name]) - exact).max() < 2.5
        order = np.argsort(exact, kind="stable")
        assert (np.diff(np.array(points[name])[order]) >= 0).all()
        shift = (np.array(points[name]) - min(points[name])) - (exact - exact.min())
        worst += np.abs(shift).max()
    assert worst <= 1.5 * len(margins)


def test_a_scale_rounds_every_term_by_itself():
    margins = {"a": (0.3, -0.2), "b": (0.01,)}
    scale = Scale()
    fitted, base_points, points = integer_points(scale, -2.0, margins)
    assert fitted is scale
    assert base_points == np.rint(scale.of_margin(-2.0))
    assert points == {"a": (-9, 6), "b": (0,)}


@pytest.mark.parametrize("binning", [BinLimits(), FusedOptions(few_bags=4)], ids=["woe", "fused"])
def test_a_card_between_300_and_850(binning):
    X, y = applicants()
    card = Scorecard(scale=RangeScale(low=300, high=850), binning=binning).fit(X, y)
    assert sums(card.base_points_, card.points_) == [300, 850]
    assert isinstance(card.scale_, Scale)
    table = card.table_.set_index("feature")["points"]
    assert table[BASE] == card.base_points_
    exact = card.scale_.of_margin(card.decision_function(X))
    assert np.abs(card.points(X) - exact).max() <= 1.5 * len(card.points_)
    more = card.scale_.base_points + card.scale_.points_to_double
    assert card.scale_.points([1 / 51, 1 / 101]) == pytest.approx([card.scale_.base_points, more])


def test_a_range_is_kept_in_plain_data():
    X, y = applicants()
    card = Scorecard(binning=BinLimits(), scale=RangeScale(low=0, high=100, base_odds=15)).fit(X, y)
    plain = json.loads(json.dumps(card.to_dict(), allow_nan=False))
    assert plain["scale"] == card.scale_.to_dict()
    assert plain["scale"]["base_odds"] == 15
    again = Scorecard.from_dict(plain)
    assert again.scale == RangeScale(low=0, high=100, base_odds=15)
    assert again.scale_ == card.scale_
    np.testing.assert_array_equal(again.points(X), card.points(X))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"low": 850}, "low must be less than high, got 850 and 850"),
        ({"low": 300.5}, r"low must be a whole number of points, got 300\.5"),
        ({"high": True}, "high must be a whole number of points, got True"),
        ({"base_odds": 0.0}, r"base_odds \(good : bad\) must be positive, got 0\.0"),
    ],
)
def test_wrong_ranges_are_named(options, words):
    with pytest.raises(ModelError, match=words):
        RangeScale(**options)


def test_a_card_that_says_nothing_has_no_range():
    X = pd.DataFrame({"constant": np.ones(100)})
    with pytest.raises(ModelError, match=r"card has 0 feature\(s\) and gives every row the same"):
        Scorecard(binning=BinLimits(), scale=RangeScale()).fit(X, np.arange(100) % 4 == 0)


def test_the_points_table_is_the_golden_one(golden):
    X, y = applicants()
    card = Scorecard(
        binning=BinLimits(), signs={"income": -1, "late": 1}, special_codes={"late": [4]}
    ).fit(X, y)
    golden("scorecard.csv", card.table_.to_csv(index=False, float_format="%.9g"))
