"""What a source is worth: exact Shapley values, pairs of scores on the same rows, bad input."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from credit.errors import DataError
from credit.evaluate import (
    Economics,
    auc,
    delong_difference,
    every_subset,
    ks,
    metrics,
    named,
    shapley,
    source_values,
    without_each,
)

ECONOMICS = Economics(loss_given_default=0.6, margin=0.065, cost=0.015)


def by_permutation(value: dict[tuple[str, ...], float], sources: tuple[str, ...]) -> dict:
    """Return the Shapley values by their definition: what each adds on arrival, all orders."""
    total = dict.fromkeys(sources, 0.0)
    orders = list(permutations(sources))
    for order in orders:
        for place, source in enumerate(order):
            before = tuple(name for name in sources if name in order[:place])
            after = tuple(name for name in sources if name in order[: place + 1])
            total[source] += value[after] - value[before]
    return {source: part / len(orders) for source, part in total.items()}


@given(st.integers(1, 5), st.integers(0, 10**6))
def test_shapley_values_are_the_mean_over_all_orders_of_arrival(count, seed):
    sources = tuple("abcde"[:count])
    draw = np.random.default_rng(seed)
    value = {part: float(draw.normal()) for part in every_subset(sources)}
    found = shapley(value)
    assert found == pytest.approx(by_permutation(value, sources), abs=1e-12)
    assert sum(found.values()) == pytest.approx(value[sources] - value[()], abs=1e-12)


def people(rows: int = 1500, seed: int = 0):
    """Three sources, of which the third says nothing; a score for each subset; repeated people."""
    draw = np.random.default_rng(seed)
    parts = pd.DataFrame(draw.normal(size=(rows, 3)) * [1.0, 0.6, 0.0], columns=["a", "b", "c"])
    y = (draw.random(rows) < expit(parts.sum(axis=1) - 2)).to_numpy(np.int64)
    scores = {part: expit(parts[list(part)].sum(axis=1) - 2) for part in every_subset("abc")}
    return y, scores, np.arange(rows) // 3


def test_the_tables_are_the_figures_of_the_subsets():
    y, scores, _ = people()
    found = source_values(y, scores, economics=ECONOMICS, seed=1, resamples=20)
    value = found.subsets.set_index(["sources", "metric"])["value"]
    for part, score in scores.items():
        assert value[named(part), "auc"] == pytest.approx(auc(y, score))
        assert value[named(part), "ks"] == pytest.approx(ks(y, score))
        own = metrics(y, score, seed=1, resamples=2).set_index("metric")["value"]
        assert value[named(part), "ece"] == pytest.approx(own["ece"])
        approved = score <= ECONOMICS.break_even
        profit = (approved * ECONOMICS.profit(y.astype(float))).mean()
        assert value[named(part), "profit"] == pytest.approx(profit)
    rest = found.without.query("metric == 'auc'").set_index("source")
    assert rest.loc["a", "difference"] == pytest.approx(
        auc(y, scores["a", "b", "c"]) - auc(y, scores["b", "c"])
    )
    assert found.without["refitted"].all()


def test_shapley_values_of_each_metric_sum_to_what_all_sources_add():
    y, scores, person = people()
    found = source_values(y, scores, economics=ECONOMICS, person=person, seed=1, resamples=20)
    value = found.subsets.set_index(["sources", "metric"])["value"]
    for metric, rows in found.shapley.groupby("metric"):
        assert rows["value"].sum() == pytest.approx(value["a+b+c", metric] - value["", metric])
        own = {part: value[named(part), metric] for part in scores}
        assert rows.set_index("source")["value"].to_dict() == pytest.approx(shapley(own))
    silent = found.shapley.query("source == 'c'")
    assert silent[["value", "low", "high"]].to_numpy() == pytest.approx(0, abs=1e-12)


def test_intervals_are_paired_as_delong_pairs_them():
    y, scores, _ = people()
    found = source_values(y, scores, seed=1).without.query("metric == 'auc'").set_index("source")
    paired = delong_difference(y, scores["a", "b", "c"], scores["b", "c"])
    width = found.loc["a", "high"] - found.loc["a", "low"]
    assert width == pytest.approx(paired.high - paired.low, rel=0.15)


def test_people_with_many_rows_widen_the_intervals():
    y, scores, _ = people(400)
    many = {part: np.tile(score, 4) for part, score in scores.items()}
    person = np.tile(np.arange(400), 4)

    def error(people):
        table = source_values(np.tile(y, 4), many, person=people, seed=1).shapley
        return table.query("metric == 'auc' and source == 'a'")["standard_error"].item()

    assert error(person) == pytest.approx(2 * error(None), rel=0.2)


def test_without_each_says_whether_the_scores_were_refitted():
    y, scores, _ = people()
    without = {"a": scores["b", "c"], "b": scores["a", "c"], "c": scores["a", "b"]}
    table = without_each(y, scores["a", "b", "c"], without, refitted=False, seed=1, resamples=20)
    every = source_values(y, scores, seed=1, resamples=20).without
    assert not table["refitted"].any()
    pd.testing.assert_frame_equal(table.assign(refitted=True), every)


def test_a_repeat_gives_the_same_numbers():
    y, scores, person = people(300)
    first, second = (source_values(y, scores, person=person, seed=4, resamples=9) for _ in "ab")
    pd.testing.assert_frame_equal(first.shapley, second.shapley)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.pop(("a",)), r"no score of \[\('a',\)\] \(1 of 8 subsets\)"),
        (lambda s: s.update({("b", "a"): s["a", "b"]}), r"\[\('b', 'a'\)\] are no subsets"),
        (lambda s: s.update({("a",): s["a",] * 9}), "score of a must lie between 0 and 1"),
        (lambda s: s.update({(): s[()][:5]}), "score of no source has 5 rows"),
        (lambda s: s.clear(), "0 sources"),
    ],
)
def test_bad_scores_are_refused(change, words):
    y, scores, _ = people(100)
    change(scores)
    with pytest.raises(DataError, match=words):
        source_values(y, scores, seed=1)


def test_names_that_cannot_be_joined_are_refused():
    with pytest.raises(DataError, match="join the names of a subset"):
        shapley({(): 0.0, ("a+b",): 1.0})
