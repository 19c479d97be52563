from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.errors import DataError
from credit.evaluate import days_to_flag, recall_at, recall_uplift, threshold_at

ROWS = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 6)), min_size=4, max_size=40).filter(
    lambda rows: 0 < sum(y for y, _ in rows) < len(rows)
)


@settings(max_examples=100)
@given(ROWS, st.sampled_from([0.01, 0.1, 0.25, 0.5]))
def test_recall_against_every_threshold(rows: list[tuple[int, int]], rate: float) -> None:
    """The best recall of any threshold that flags no more than the rate of the others."""
    y, score = np.array([row[0] for row in rows]), np.array([float(row[1]) for row in rows])
    best = max(
        (score[y == 1] > limit).mean()
        for limit in [*score]
        if (score[y == 0] > limit).mean() <= rate + 1e-9
    )
    assert recall_at(y, score, rate=rate) == pytest.approx(best)
    assert (score[y == 0] > threshold_at(y, score, rate=rate)).mean() <= rate + 1e-9


@settings(max_examples=30)
@given(ROWS)
def test_a_weight_of_two_is_the_row_twice(rows: list[tuple[int, int]]) -> None:
    y, score = np.array([row[0] for row in rows]), np.array([float(row[1]) for row in rows])
    weight = 1 + np.arange(y.size) % 3
    again = recall_at(np.repeat(y, weight), np.repeat(score, weight), rate=0.2)
    assert recall_at(y, score, rate=0.2, weight=weight) == pytest.approx(again)


def test_uplift_of_a_better_score() -> None:
    generator = np.random.default_rng(0)
    y = np.repeat([1, 0], [200, 4_000])
    noise = generator.standard_normal((2, y.size))
    table = recall_uplift(y, 1.5 * y + noise[0], 3 * y + noise[1], rate=0.01, seed=1, resamples=60)
    row = table.loc["uplift"]
    assert row["value"] == pytest.approx(
        table.loc["having", "value"] / table.loc["without", "value"] - 1
    )
    assert 0 < row["low"] < row["value"] < row["high"]
    same = recall_uplift(y, noise[0] + y, noise[0] + y, rate=0.01, seed=1, resamples=5)
    assert same.loc["uplift", "value"] == 0


def test_first_flag_or_the_horizon() -> None:
    found = days_to_flag(
        ["a", "a", "a", "b", "b", "c"],
        [7, 14, 21, 7, 40, 7],
        np.array([False, True, True, False, True, False]),
        horizon=30,
    )
    assert found.to_dict() == {"a": 14, "b": 30, "c": 30}


def test_what_is_refused() -> None:
    with pytest.raises(DataError, match="rate must lie between 0 and 1, got 1"):
        recall_at([0, 1], [0.1, 0.2], rate=1)
    with pytest.raises(DataError, match="horizon must be above 0 days, got 0"):
        days_to_flag(["a"], [1], np.array([True]), horizon=0)
    with pytest.raises(DataError, match="flagged must be 1 booleans, got 1 of type int64"):
        days_to_flag(["a"], [1], np.array([1]), horizon=3)
