"""Binning: exactness against brute force, the rules of special, missing and unseen values."""

from __future__ import annotations

import json
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.binning import BinLimits, Binning, Bins, Sample, bins_of, count_column
from credit.binning.choose import deal
from credit.binning.counts import candidate_edges
from credit.binning.fit import NO_HELP
from credit.binning.limits import ORDERS
from credit.binning.rules import Material, Rules
from credit.binning.segments import Segments, segments
from credit.binning.solve import best_paths
from credit.errors import ModelError


def brute_force(counts, prior, trend, bins, weight, smoothing):
    """Best value for each number of bins, over all cut sets."""
    held, rate, value = segments(counts, prior, smoothing)
    n = len(counts)
    best = np.full(bins, -np.inf)
    for k in range(1, min(bins, n) + 1):
        for cuts in combinations(range(1, n), k - 1):
            spans = list(pairwise((0, *cuts, n)))
            if any(held[a, b - 1] < weight or held[a, b - 1] <= 0 for a, b in spans):
                continue
            rates = [rate[a, b - 1] for a, b in spans]
            if keeps(rates, trend):
                best[k - 1] = max(best[k - 1], sum(value[a, b - 1] for a, b in spans))
    return best


def keeps(rates, trend):
    steps = np.diff(rates)
    if trend == "none":
        return True
    if trend in ("ascending", "descending"):
        return bool((steps * ORDERS[trend][0] >= 0).all())
    first, second = ORDERS[trend]
    return any(
        (steps[:turn] * first >= 0).all() and (steps[turn:] * second >= 0).all()
        for turn in range(len(steps) + 1)
    )


@pytest.mark.parametrize("trend", list(ORDERS))
def test_the_programme_equals_brute_force(trend):
    random = np.random.default_rng(20261121)
    for case in range(60):
        n = int(random.integers(1, 9))
        counts = random.integers(0, 30, (n, 2)).astype(float)
        prior = counts.sum(axis=0) + random.integers(1, 20, 2)
        rules = {"bins": int(random.integers(1, 6)), "smoothing": float(random.uniform(0.5, 20))}
        weight = float(random.choice([0.0, 0.05, 0.15])) * prior.sum()
        asked = Rules(max_bins=rules["bins"], smoothing=rules["smoothing"], min_weight=weight)
        found = Segments.of(Material.plain(counts, prior), asked)
        ends, totals = best_paths(found, trend, asked)
        expected = brute_force(counts, prior, trend, rules["bins"], weight, rules["smoothing"])
        np.testing.assert_allclose(totals, expected, atol=1e-12, err_msg=f"case {case}")
        held, rate, value = segments(counts, prior, rules["smoothing"])
        for k in np.flatnonzero(np.isfinite(totals)):
            spans = list(pairwise((0, *(ends[k, : k + 1] + 1))))
            assert spans[-1][1] == n
            assert all(held[a, b - 1] >= weight for a, b in spans)
            assert keeps([rate[a, b - 1] for a, b in spans], trend)
            assert sum(value[a, b - 1] for a, b in spans) == pytest.approx(totals[k], abs=1e-12)


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=12),
    st.integers(2, 6),
)
@settings(max_examples=50, deadline=None)
def test_a_deal_sums_to_what_was_dealt(rows, parts):
    counts = np.array(rows) * 1.0 + 0.25
    dealt = deal(counts, parts, np.random.default_rng(0))
    assert dealt.shape == (parts, *counts.shape)
    np.testing.assert_allclose(dealt.sum(axis=0), counts, atol=1e-9)
    assert (dealt >= 0).all()


@given(st.lists(st.integers(-20, 20), min_size=1, max_size=60), st.integers(2, 10))
@settings(max_examples=50, deadline=None)
def test_candidates_are_observed_values_and_weights_count_rows(values, most):
    x = np.array(values, dtype=float)
    edges = edges_of(x, np.ones(len(x)), most)
    assert set(edges) <= set(x)
    assert len(edges) < max(most, 2)
    assert (edges > x.min()).all()
    weight = np.arange(len(x)) % 3 * 1.0
    np.testing.assert_array_equal(
        edges_of(x, weight, most),
        edges_of(np.repeat(x, weight.astype(int)), np.ones(int(weight.sum())), most),
    )


def edges_of(x, weight, most):
    x, weight = x[weight > 0], weight[weight > 0]
    distinct, inverse = np.unique(x, return_inverse=True)
    return candidate_edges(distinct, np.bincount(inverse, weight, len(distinct)), most)


def sample(rows=4000, seed=5):
    random = np.random.default_rng(seed)
    x = random.normal(size=rows)
    late = random.exponential(size=rows)
    y = (random.random(rows) < 1 / (1 + np.exp(1.5 - x))).astype(int)
    return pd.DataFrame({"x": x, "late": late}), y


@pytest.mark.parametrize(("trend", "sign"), [("ascending", 1), ("descending", -1)])
def test_evidence_follows_the_declared_trend(trend, sign):
    X, y = sample()
    bins = Binning(trends={"x": trend}).fit(X, y).bins_["x"]
    ordinary = np.array(bins.woe[: len(bins.edges) + 1])
    assert (np.diff(ordinary) * sign >= 0).all()
    assert bins.trend == trend
    if sign < 0:  # the data rise: nothing falls, so one bin and the reason
        assert bins.edges == ()
        assert bins.diagnosis in (
            "no cut leaves the bad rate descending",
            NO_HELP,
        )


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (lambda x: 2 * x, "ascending"),
        (lambda x: -2 * x, "descending"),
        (lambda x: 2 * np.abs(x) - 1, "valley"),
        (lambda x: 1 - 2 * np.abs(x), "peak"),
    ],
)
def test_auto_finds_the_trend_out_of_fold(shape, expected):
    random = np.random.default_rng(1)
    x = random.normal(size=6000)
    y = random.random(6000) < 1 / (1 + np.exp(1 - shape(x)))
    bins = Binning(limits=BinLimits(max_bins=5)).fit(pd.DataFrame({"x": x}), y).bins_["x"]
    woe = bins.woe[: len(bins.edges) + 1]
    assert keeps(woe, expected)
    assert bins.iv > 0.3


def test_noise_is_said_to_be_noise_more_often_than_not():
    random = np.random.default_rng(2)
    X = pd.DataFrame(random.normal(size=(1000, 20))).rename(columns=lambda i: f"noise{i}")
    y = random.random(1000) < 0.2
    model = Binning().fit(X, y)
    assert sum(bins.diagnosis != "" for bins in model.bins_.values()) >= 10
    assert np.mean([bins.iv for bins in model.bins_.values()]) < 0.05


def test_special_codes_have_bins_of_their_own_before_any_trend():
    X, y = sample()
    X["late"] = X["x"]
    X.loc[X.index[:600], "late"] = -9.0
    X.loc[X.index[600:900], "late"] = np.nan
    y[:600] = np.arange(600) % 2
    model = Binning(special_codes={"late": [-9, -8]}, trends={"late": "ascending"}).fit(X, y)
    bins = model.bins_["late"]
    table = bins.table().set_index("bin")
    assert min(bins.edges) > -9
    assert table.loc["= -9", "share"] == pytest.approx(600 / len(X))
    assert table.loc["= -9", "rate"] == pytest.approx(0.5)
    assert table.loc["missing", "share"] == pytest.approx(300 / len(X))
    assert (np.diff(bins.woe[: len(bins.edges) + 1]) >= 0).all()
    asked = X.iloc[:1].assign(late=-8.0)  # declared, never seen
    assert model.transform(asked)[0, 1] == 0.0
    assert table["share"].sum() == pytest.approx(1)


def test_rare_missing_values_join_the_bin_with_the_nearest_rate():
    X, y = sample()
    order = np.argsort(X["x"].to_numpy())
    rare = order[-20:]
    y[rare] = 1
    X.loc[X.index[rare], "x"] = np.nan
    bins = Binning(trends={"x": "ascending"}).fit(X, y).bins_["x"]
    last = len(bins.edges)
    assert bins.missing == last
    assert bins.labels[last].endswith(" or missing")
    assert "missing" not in bins.labels
    assert sum(bins.good) + sum(bins.bad) == len(X)


def test_many_missing_values_join_the_nearest_bin_where_the_limits_say_so():
    X, y = sample()
    X.loc[X["x"] > 0.7, "x"] = np.nan  # about a quarter, and the riskiest
    own, nearest = (
        Binning(limits=BinLimits(missing=rule), trends={"x": "ascending"}).fit(X, y).bins_["x"]
        for rule in ("own", "nearest")
    )
    last = len(own.edges)
    assert own.labels[own.missing] == "missing"
    assert nearest.edges == own.edges
    assert nearest.woe[: last + 1] == own.woe[: last + 1]
    assert nearest.missing == last
    assert nearest.labels[last] == f"{own.labels[last]} or missing"
    weight = np.array(own.good) + np.array(own.bad)
    assert nearest.good[last] + nearest.bad[last] == weight[last] + weight[own.missing]
    assert sum(nearest.good) + sum(nearest.bad) == len(X)
    gaps = np.abs(np.array(own.woe[: last + 1]) - own.woe[own.missing])
    assert np.argmin(gaps) == last
    assert nearest.assign(pd.Series([np.nan, 0.7])).tolist() == [last, last]


def test_a_rule_for_missing_values_must_be_known():
    with pytest.raises(ModelError, match=r"missing must be one of \['own', 'nearest'\], got 'x'"):
        BinLimits(missing="x")
    X, y = sample()
    sample_of = Sample.of(y.astype(float), np.ones(len(y)))
    counts = count_column(X["x"], "x", sample_of, BinLimits())
    with pytest.raises(ModelError, match="missing: 'nearest' is for bins found one column at a"):
        bins_of(counts, counts.prior, BinLimits(missing="nearest"), [3, 31], "none")


def test_missing_never_seen_is_neutral():
    X, y = sample()
    model = Binning().fit(X, y)
    assert model.bins_["x"].labels[-1] == "not seen"
    np.testing.assert_array_equal(model.transform(X.iloc[:1] * np.nan), [[0.0, 0.0]])


def test_names_are_ordered_by_rate_and_rare_ones_pooled():
    random = np.random.default_rng(0)
    job = random.choice(["a", "b", "c", "x1", "x2"], 3000, p=[0.4, 0.3, 0.29, 0.005, 0.005])
    rate = pd.Series(job).map({"a": 0.3, "b": 0.05, "c": 0.6, "x1": 0.3, "x2": 0.3})
    y = random.random(3000) < rate
    bins = Binning().fit(pd.DataFrame({"job": job}), y).bins_["job"]
    assert next(i for i, group in enumerate(bins.groups) if "b" in group) == 0
    assert "c" in bins.groups[-1]
    assert any({"x1", "x2"} <= set(group) for group in bins.groups)
    ordinary = bins.woe[: len(bins.groups)]
    assert list(ordinary) == sorted(ordinary)
    assert bins.assign(pd.Series(["never"]))[0] == bins.unseen
    assert bins.woe[bins.unseen] == 0.0


def test_an_unseen_name_goes_with_the_missing_ones_that_have_a_bin():
    random = np.random.default_rng(0)
    job = pd.Series(random.choice(["a", "b", None], 2000))
    y = random.random(2000) < job.map({"a": 0.1, "b": 0.2}).fillna(0.6)
    bins = Binning().fit(pd.DataFrame({"job": job}), y).bins_["job"]
    assert bins.unseen == bins.missing
    assert bins.woe[bins.missing] > 0.5
    assert "not seen" not in bins.labels


def test_declared_edges_are_offered():
    random = np.random.default_rng(0)
    share = random.random(4000).round(3)
    y = random.random(4000) < np.where(share >= 0.6, 0.05, 0.3)
    limits = BinLimits(max_candidates=4, edges={"living": (0.6,)}, max_bins=2)
    bins = Binning(limits=limits).fit(pd.DataFrame({"living": share}), y).bins_["living"]
    assert bins.edges == (0.6,)
    assert bins.labels[:2] == ("< 0.6", ">= 0.6")


def test_an_infeasible_column_gets_one_bin_and_how_far_to_relax():
    random = np.random.default_rng(0)
    rare = (random.random(2000) < 0.03).astype(float)
    y = random.random(2000) < np.where(rare == 1, 0.9, 0.1)
    frame = pd.DataFrame({"rare": rare, "constant": 1.0, "empty": np.nan})
    model = Binning(limits=BinLimits(min_share=0.1)).fit(frame, y)
    assert model.bins_["constant"].diagnosis == "one value only"
    assert model.bins_["empty"].diagnosis == "no value"
    reason = model.bins_["rare"].diagnosis
    assert reason.startswith("min_share 0.1 allows no cut; ")
    share = float(reason.split("; ")[1].split()[0])
    relaxed = Binning(limits=BinLimits(min_share=share * 0.99)).fit(frame, y)
    assert relaxed.bins_["rare"].edges == (1.0,)


def test_a_column_almost_wholly_missing_is_diagnosed_too():
    X, y = sample(1000)
    X.loc[9:, "x"] = np.nan
    bins = Binning().fit(X, y).bins_["x"]
    assert bins.diagnosis.startswith("min_share 0.02 allows no cut")
    assert bins.labels[0] == "any value"


def test_a_row_of_weight_0_moves_no_cut():
    X, y = sample(1000)
    weight = (np.arange(1000) % 4 > 0) * 1.0
    kept = weight > 0
    weighted = Binning().fit(X, y, sample_weight=weight)
    assert weighted.bins_ == Binning().fit(X[kept], y[kept]).bins_


def test_labels_and_shuffled_rows_do_not_matter():
    X, y = sample(1000)
    plain = Binning().fit(X, y).transform(X)
    order = np.random.default_rng(0).permutation(len(X))
    shuffled = Binning().fit(X.iloc[order], pd.Series(y + 1, index=X.index).iloc[order])
    np.testing.assert_array_equal(shuffled.transform(X), plain)


def test_a_column_keeps_its_bins_whatever_stands_beside_it():
    X, y = sample(1000)
    alone = Binning().fit(X[["x"]], y).bins_["x"]
    assert Binning().fit(X, y).bins_["x"] == alone
    renamed = Binning().fit(X[["x"]].rename(columns={"x": "z"}), y).bins_["z"]
    assert renamed.edges == alone.edges


def test_plain_data_come_back_the_same():
    X, y = sample(500)
    X["job"] = np.where(X["x"] > 0, "up", "down")
    model = Binning(special_codes={"late": [-1]}).fit(X, y)
    for name, bins in model.bins_.items():
        again = Bins.from_dict(json.loads(json.dumps(bins.to_dict())))
        assert again == bins
        np.testing.assert_array_equal(again.assign(X[name]), bins.assign(X[name]))


def test_iv_and_evidence_are_what_the_docstring_says():
    X, y = sample(2000)
    limits = BinLimits(smoothing=3.0)
    bins = Binning(limits=limits).fit(X, y).bins_["x"]
    good, bad = np.array(bins.good), np.array(bins.bad)
    g, b = good.sum(), bad.sum()
    rate = (bad + 3 * b / (g + b)) / (good + bad + 3)
    np.testing.assert_allclose(bins.woe, np.log(rate / (1 - rate)) - np.log(b / g), atol=1e-12)
    assert bins.iv == pytest.approx(bins.table()["iv"].sum(), abs=1e-12)


def test_counts_hold_every_row_once():
    X, y = sample(500)
    X.loc[:9, "x"] = np.nan
    X.loc[10:29, "x"] = 99.0
    counts = count_column(X["x"], "x", Sample.of(y.astype(float), np.ones(500)), BinLimits(), (99,))
    total = counts.ordinary.sum(axis=0) + counts.special.sum(axis=0) + counts.missing
    np.testing.assert_array_equal(total, [(y == 0).sum(), y.sum()])
    assert counts.special.sum() == 20


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"max_bins": 0}, "max_bins must be at least 1, got 0"),
        ({"min_share": 1.0}, r"min_share must be in \[0, 1\), got 1.0"),
        ({"smoothing": 0.0}, "smoothing must be positive, got 0.0"),
        ({"trend": "up"}, "trend must be 'auto' or one of .* got 'up'"),
    ],
)
def test_limits_that_make_no_sense(limits, words):
    with pytest.raises(ModelError, match=words):
        BinLimits(**limits)


def test_options_that_name_no_column():
    X, y = sample(100)
    with pytest.raises(ModelError, match=r"special_codes: no column 'lates'.*Did you mean 'late'"):
        Binning(special_codes={"lates": [-9]}).fit(X, y)
    with pytest.raises(ModelError, match="special_codes: nan of column 'x' is not a finite number"):
        Binning(special_codes={"x": [np.nan]}).fit(X, y)
    with pytest.raises(ModelError, match="trends: 'x' has 'up'"):
        Binning(trends={"x": "up"}).fit(X, y)
