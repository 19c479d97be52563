"""How many decisions a group of features changes, of all and of those it says something about."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from credit.calibrate import default_master_scale
from credit.errors import DataError
from credit.evaluate import Neutral, decision_influence

GRADES = default_master_scale()
DECISIONS = {"approve": lambda p: p > 0.1, "grade": GRADES.index}


def one(table: pd.DataFrame, decision: str, unit: str) -> pd.Series:
    return table.query("decision == @decision and unit == @unit").iloc[0]


def test_by_hand():
    actual = [0.05, 0.12, 0.30, 0.09]
    neutral = [0.05, 0.08, 0.20, 0.11]
    touched = [False, True, True, True]
    table = decision_influence(actual, neutral, touched, DECISIONS, unit="touched")
    approve = one(table, "approve", "touched")
    assert (approve["rows"], approve["changed"], approve["share"]) == (3, 2, pytest.approx(2 / 3))
    assert (approve["harmed"], approve["helped"]) == (1, 1)
    assert one(table, "approve", "all")["share"] == 0.5
    assert table.set_index(["decision", "unit"])["declared"].to_dict() == {
        ("approve", "all"): False, ("approve", "touched"): True,
        ("grade", "all"): False, ("grade", "touched"): True,
    }  # fmt: skip
    expected = (GRADES.index(actual) != GRADES.index(neutral)).sum()
    assert one(table, "grade", "all")["changed"] == expected


@given(st.integers(0, 10**6), st.floats(0.05, 1.0))
def test_weaker_neutralising_is_on_the_way(seed, strength):
    draw = np.random.default_rng(seed)
    before, after = draw.normal(-2, 1, (2, 60))
    touched = draw.random(60) < 0.5
    table = decision_influence(
        expit(before), expit(after), touched, DECISIONS, unit="all", strength=strength
    )
    between = (1 - strength) * before + strength * after
    whole = decision_influence(expit(before), expit(between), touched, DECISIONS, unit="all")
    assert (table["changed"] - whole["changed"]).abs().max() <= 1  # rounding at a bound
    assert (table["harmed"] + table["helped"] == table["changed"]).all()


def test_nothing_neutralised_changes_nothing():
    p = np.linspace(0.01, 0.5, 50)
    table = decision_influence(p, p, np.ones(50, dtype=bool), DECISIONS, unit="all")
    assert not table["changed"].any()
    assert (table["low"] == 0).all()


def test_nobody_touched_has_no_share():
    p = np.linspace(0.01, 0.5, 50)
    table = decision_influence(p, p[::-1], np.zeros(50, dtype=bool), DECISIONS, unit="all")
    lone = one(table, "grade", "touched")
    assert lone["rows"] == 0
    assert np.isnan(lone["share"])


def test_people_with_many_rows_widen_the_interval():
    draw = np.random.default_rng(0)
    before, after = np.repeat(draw.uniform(0.02, 0.3, (2, 200)), 4, axis=1)
    touched = np.ones(800, dtype=bool)
    alone = decision_influence(before, after, touched, DECISIONS, unit="all")
    whole = decision_influence(
        before, after, touched, DECISIONS, unit="all", person=np.repeat(np.arange(200), 4)
    )
    width = [(one(t, "approve", "all")[["low", "high"]].diff().iloc[1]) for t in (alone, whole)]
    assert width[1] == pytest.approx(2 * width[0], rel=0.25)


def rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "tagged": [0.0, 0.5, np.nan, 1.0],
            "count": [1, 2, 3, 40],
            "name": pd.Series(["a", "b", "b", None], dtype="str"),
            "rare": [np.nan, np.nan, np.nan, 4.0],
        }
    )


def test_nothing_negative_known_leaves_what_is_not_known():
    neutral = Neutral.at(["tagged"], 0.0)
    changed = neutral.apply(rows())
    assert changed["tagged"].tolist()[:2] == [0.0, 0.0]
    assert np.isnan(changed["tagged"].iloc[2])
    assert neutral.touched(rows()).tolist() == [False, True, False, True]
    pd.testing.assert_frame_equal(changed.drop(columns="tagged"), rows().drop(columns="tagged"))


def test_the_population_reference_is_everybodys():
    neutral = Neutral.of_population(["tagged", "count", "name", "rare"], rows())
    assert neutral.values == {"tagged": 0.5, "count": 2.5, "name": "b", "rare": None}
    changed = neutral.apply(rows())
    assert (changed["tagged"] == 0.5).all()
    assert (changed["count"] == 2.5).all()
    assert (changed["name"] == "b").all()
    assert changed["rare"].isna().all()
    assert neutral.touched(rows()).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"unit": "some"}, "unit must be 'all' or 'touched'"),
        ({"strength": 0.0}, "strength above 0"),
        ({"decisions": {}}, "there must be a decision"),
        ({"touched": [1.0, 0.0]}, "touched has 2 rows of type float64"),
        ({"neutral": [0.1]}, "neutral has 1 rows"),
        ({"actual": [0.0, 0.2], "strength": 0.5}, "exactly 0 or 1"),
    ],
)
def test_bad_input_is_refused(change, words):
    given = {
        "actual": [0.1, 0.2], "neutral": [0.1, 0.2], "touched": [True, False],
        "decisions": DECISIONS, "unit": "all",
    } | change  # fmt: skip
    with pytest.raises(DataError, match=words):
        decision_influence(**given)


def test_a_feature_that_is_no_column_is_refused():
    with pytest.raises(DataError, match=r"\['tagge'\] are no columns.*'tagged'"):
        Neutral.at(["tagge"], 0.0).apply(rows())
    with pytest.raises(DataError, match="are no columns"):
        Neutral.of_population(["other"], rows())
