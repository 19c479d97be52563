"""Every rule of the search against all binnings there are, and the words of an empty answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numba import njit

from credit.binning import BinLimits, Binning, BinSizes, Neighbours
from credit.binning.hull import block_ends
from credit.binning.limits import DIVERGENCES, ORDERS
from credit.binning.rules import Material, Rules, critical
from credit.binning.segments import Segments
from credit.binning.solve import best_paths, solve
from credit.errors import ModelError

CASES = 5000


@njit(cache=True)
def value_of(good, bad, prior, smoothing, divergence):
    p, q = bad / prior[1], good / prior[0]
    if divergence == 0:
        share = prior[1] / (prior[0] + prior[1])
        odds = (bad + smoothing * share) / (good + smoothing * (1 - share))
        return (p - q) * np.log(odds * prior[0] / prior[1])
    if divergence == 1:
        total = 0.0
        for x in (p, q):
            if x > 0:
                total += 0.5 * x * np.log(2 * x / (p + q))
        return total
    return 0.5 * (np.sqrt(p) - np.sqrt(q)) ** 2


@njit(cache=True)
def pair_kept(x, y, prior, smoothing, direction, least, z):
    """Whether bin y = (good, bad) may follow bin x; direction +1, -1 or 0."""
    share = prior[1] / (prior[0] + prior[1])
    n1, n2 = x[0] + x[1], y[0] + y[1]
    rise = (y[1] + smoothing * share) / (n2 + smoothing) - (x[1] + smoothing * share) / (
        n1 + smoothing
    )
    if rise * direction < 0:
        return False
    step = y[1] / n2 - x[1] / n1
    if least > 0 and (step * direction if direction else abs(step)) < least - 1e-12:
        return False
    if z > 0:
        p = (x[1] + y[1]) / (n1 + n2)
        variance = p * (1 - p) * (1 / n1 + 1 / n2)
        if variance <= 0 or abs(step) < z * np.sqrt(variance) - 1e-12:
            return False
    return True


@njit(cache=True)
def periods_kept(x, y, rise, direction):
    """Whether two bins, (periods, 2) each, stand in one order in all periods."""
    rising = falling = 0
    for t in range(x.shape[0]):
        step = y[t, 1] / (y[t, 0] + y[t, 1]) - x[t, 1] / (x[t, 0] + x[t, 1])
        rising += step > 1e-12
        falling += step < -1e-12
    if direction:
        return falling == 0 if direction > 0 else rising == 0
    return (falling == 0 and rise >= 0) or (rising == 0 and rise <= 0)


@njit(cache=True)
def sizes_kept(held, rows, by_period, sizes, same):
    """Whether every bin has the weight and rows it must have."""
    for j in range(held.shape[0]):
        weight, count = held[j].sum(), rows[j].sum()
        if weight <= 0 or not sizes[0] <= weight <= sizes[1] or not sizes[2] <= count <= sizes[3]:
            return False
        if rows[j, 0] < sizes[4] or rows[j, 1] < sizes[5]:
            return False
        for t in range(by_period.shape[1]):
            if same and by_period[j, t].sum() <= 0:
                return False
    return True


@njit(cache=True)
def trend_kept(held, by_period, prior, orders, pairs, same):
    """Whether all neighbours keep the rules for some turn of the trend."""
    k = held.shape[0]
    share, smoothing = prior[1] / (prior[0] + prior[1]), pairs[2]
    for turn in range(k if len(orders) > 1 else 1):
        kept = True
        for j in range(k - 1):
            direction = orders[1] if len(orders) > 1 and j >= turn else orders[0]
            rise = (held[j + 1, 1] + smoothing * share) / (held[j + 1].sum() + smoothing)
            rise -= (held[j, 1] + smoothing * share) / (held[j].sum() + smoothing)
            kept = kept and pair_kept(
                held[j], held[j + 1], prior, smoothing, direction, pairs[0], pairs[1]
            )
            if kept and same:
                kept = periods_kept(by_period[j], by_period[j + 1], rise, direction)
        if kept:
            return True
    return False


@njit(cache=True)
def brute(counts, rows, periods, prior, cuts, orders, sizes, pairs, same, divergence, most):
    """Best value for each number of bins, over all sets of cuts and all turns of the trend."""
    n = counts.shape[0]
    best = np.full(most, -np.inf)
    for mask in range(1 << (n - 1)):
        label = np.zeros(n, np.int64)
        for i in range(1, n):
            label[i] = label[i - 1] + ((mask >> (i - 1)) & 1)
        k = label[n - 1] + 1
        if (mask & cuts) != cuts or k > most:
            continue
        held, held_rows = np.zeros((k, 2)), np.zeros((k, 2))
        by_period = np.zeros((k, periods.shape[0], 2))
        for i in range(n):
            held[label[i]] += counts[i]
            held_rows[label[i]] += rows[i]
            by_period[label[i]] += periods[:, i]
        if not sizes_kept(held, held_rows, by_period, sizes, same):
            continue
        total = 0.0
        for j in range(k):
            total += value_of(held[j, 0], held[j, 1], prior, pairs[2], divergence)
        if total > best[k - 1] and trend_kept(held, by_period, prior, orders, pairs, same):
            best[k - 1] = total
    return best


def random_case(random):
    """A column and rules drawn so that every rule binds in many cases."""
    n = int(random.integers(1, 9))
    many = int(random.integers(1, 4))
    slope = random.choice([0, 0, 1, -1]) * np.linspace(-1, 1, n)
    chance = 1 / (1 + np.exp(-slope + random.normal(0, 0.6, n)))
    total = random.integers(0, 25, (many, n))
    bad = random.binomial(total, chance)
    periods = np.stack([total - bad, bad], axis=-1).astype(float)
    counts = periods.sum(axis=0)
    weighted = random.random() < 0.3
    rows = np.ceil(counts / random.integers(1, 4)) if weighted else None
    prior = counts.sum(axis=0) + random.integers(1, 20, 2)

    def sometimes(value, free):
        return value if random.random() < 0.25 else free

    def now(low, high):
        return float(random.integers(low, high))

    material = Material(
        counts=counts,
        prior=prior,
        rows=rows,
        periods=periods,
        cuts=tuple(i for i in range(n - 1) if random.random() < 0.04),
    )
    rules = Rules(
        max_bins=int(random.integers(1, 7)),
        smoothing=float(random.uniform(0.5, 20)),
        divergence=str(random.choice(DIVERGENCES)),
        min_weight=sometimes(float(random.choice([0.05, 0.15])) * prior.sum(), 0.0),
        max_weight=sometimes(float(random.choice([0.3, 0.6])) * prior.sum(), np.inf),
        min_rows=sometimes(now(5, 40), 0.0),
        max_rows=sometimes(now(30, 120), np.inf),
        min_goods=sometimes(now(1, 15), 0.0),
        min_bads=sometimes(now(1, 15), 0.0),
        min_difference=sometimes(float(random.choice([0.02, 0.1])), 0.0),
        min_z=sometimes(critical(float(random.choice([0.05, 0.3]))), 0.0),
        same_order=bool(random.random() < 0.25),
    )
    return material, rules


def expected_of(material, rules, trend):
    seen = material.periods[material.periods.sum(axis=(1, 2)) > 0]
    return brute(
        material.counts,
        material.counts if material.rows is None else material.rows,
        np.ascontiguousarray(seen),
        material.prior,
        sum(1 << cut for cut in material.cuts),
        np.array(ORDERS[trend]),
        np.array(
            [
                max(rules.min_weight, 1e-300),
                rules.max_weight,
                rules.min_rows,
                rules.max_rows,
                rules.min_goods,
                rules.min_bads,
            ]
        ),
        (rules.min_difference, rules.min_z, rules.smoothing),
        rules.same_order,
        DIVERGENCES.index(rules.divergence),
        rules.max_bins,
    )


def test_the_programme_equals_brute_force_under_every_rule():
    random = np.random.default_rng(20261121)
    trends = list(ORDERS)
    feasible = 0
    for case in range(CASES):
        material, rules = random_case(random)
        trend = trends[case % len(trends)]
        ends, totals = best_paths(Segments.of(material, rules), trend, rules)
        expected = expected_of(material, rules, trend)
        np.testing.assert_array_equal(np.isfinite(totals), np.isfinite(expected), f"case {case}")
        found = np.isfinite(totals)
        np.testing.assert_allclose(totals[found], expected[found], atol=1e-12, err_msg=f"{case}")
        feasible += found[1:].any()
        for k in np.flatnonzero(found) if case % 5 == 0 else ():
            cut = [int(e) for e in ends[k] if e >= 0]
            assert len(cut) == k + 1
            assert cut[-1] == material.size - 1
            alone = replace(material, cuts=tuple(cut[:-1]))
            again = expected_of(alone, replace(rules, max_bins=k + 1), trend)
            assert again[k] == pytest.approx(totals[k], abs=1e-12)
    assert 1000 < feasible < CASES - 1000


@pytest.mark.parametrize("trend", ["ascending", "descending"])
def test_the_hull_holds_the_optimum_when_only_trend_and_bins_bind(trend):
    random = np.random.default_rng(7)
    smaller = 0
    for case in range(1000):
        n = int(random.integers(2, 40 if case % 10 == 0 else 14))
        counts = random.integers(0, 30, (n, 2)).astype(float)
        if case % 2:
            counts[random.random((n, 2)) < 0.4] = 0.0
        prior = counts.sum(axis=0) + random.integers(1, 20, 2)
        material = Material.plain(counts, prior)
        rules = Rules(max_bins=6, smoothing=float(random.choice([1e-6, 1, 20])))
        ends, totals = solve(material, trend, rules)
        _, full = best_paths(Segments.of(material, rules), trend, rules)
        best = np.maximum.accumulate(totals)
        np.testing.assert_allclose(best, np.maximum.accumulate(full), atol=1e-12)
        if np.isfinite(best[0]):
            k = int(np.argmax(totals))
            assert ends[k, k] == n - 1
        smaller += len(block_ends(counts, ORDERS[trend][0])) < n
    assert smaller > 900


def rising(rows=6000, seed=3):
    random = np.random.default_rng(seed)
    x = random.normal(size=rows).round(2)
    y = random.random(rows) < 1 / (1 + np.exp(2 - x))
    return pd.DataFrame({"x": x}), y.astype(int)


def bins_of(limits, X, y, **given):
    return Binning(limits=limits, trends={"x": "ascending"}).fit(X, y, **given).bins_["x"]


def test_sizes_and_differences_hold_in_the_bins():
    X, y = rising()
    sizes = BinSizes(max_share=0.3, min_rows=300, max_rows=1700, min_goods=200, min_bads=60)
    apart = Neighbours(min_difference=0.03, max_p_value=0.01)
    bins = bins_of(BinLimits(min_bins=4, sizes=sizes, neighbours=apart), X, y)
    good, bad = np.array(bins.good), np.array(bins.bad)
    held = (good + bad) > 0
    good, bad = good[held], bad[held]
    assert 4 <= len(good) <= 8
    assert (good + bad).min() >= 300
    assert (good + bad).max() <= 1700
    assert good.min() >= 200
    assert bad.min() >= 60
    assert np.diff(bad / (good + bad)).min() >= 0.03


def test_sizes_count_rows_under_weights():
    X, y = rising()
    weight = np.where(X["x"] > 1, 50.0, 1.0)
    bins = bins_of(BinLimits(sizes=BinSizes(min_rows=900)), X, y, sample_weight=weight)
    index = bins.assign(X["x"])
    assert len(bins.edges) >= 2
    assert np.bincount(index)[: len(bins.edges) + 1].min() >= 900


@pytest.mark.parametrize("divergence", DIVERGENCES)
def test_fixed_cuts_stay_whatever_they_cost(divergence):
    X, y = rising()
    limits = BinLimits(fixed={"x": (0.123, 2.0)}, divergence=divergence)
    bins = bins_of(limits, X, y)
    assert {0.123, 2.0} <= set(bins.edges)
    assert bins.diagnosis == ""


def test_bad_rates_keep_one_order_in_every_period():
    random = np.random.default_rng(0)
    rows = 9000
    x, period = random.integers(0, 10, rows), random.integers(0, 3, rows)
    rate = 0.05 + 0.04 * x
    rate = np.where((x == 5) & (period == 2), 0.02, rate)  # one value falls out of line once
    y = (random.random(rows) < rate).astype(int)
    X = pd.DataFrame({"x": x * 1.0})
    months = np.array(["2023-01", "2023-02", "2023-03"])[period]
    free = bins_of(BinLimits(), X, y)
    kept = bins_of(BinLimits(neighbours=Neighbours(same_order=True)), X, y, period=months)
    assert len(kept.edges) >= 2

    def falls(bins):
        rates = pd.DataFrame({"bin": bins.assign(X["x"]), "month": months, "y": y}).pivot_table(
            index="bin", columns="month", values="y"
        )
        return int((np.diff(rates.to_numpy(), axis=0) < 0).sum())

    assert falls(free) > 0
    assert falls(kept) == 0


def tight(**options):
    return BinLimits(min_share=options.pop("min_share", 0.0), **options)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (tight(min_share=0.6), "min_share 0.6 allows no cut; 0.5 would"),
        (tight(sizes=BinSizes(min_rows=600)), "min_rows 600 allows no cut; 500 would"),
        (tight(sizes=BinSizes(min_bads=150)), "min_bads 150 allows no cut; 100 would"),
        (tight(sizes=BinSizes(min_goods=450)), "min_goods 450 allows no cut; 300 would"),
        (
            tight(neighbours=Neighbours(min_difference=0.3)),
            "min_difference 0.3 allows no cut; 0.2 would",
        ),
        (
            tight(neighbours=Neighbours(max_p_value=1e-30)),
            "max_p_value 1e-30 allows no cut; 5.18e-12 would",
        ),
        (tight(min_bins=3), "min_bins 3 allows no 3 bins; 2 would"),
        (
            tight(sizes=BinSizes(max_share=0.4)),
            "max_share 0.4 allows no cut; 0.5 would",
        ),
        (tight(sizes=BinSizes(max_rows=300)), "max_rows 300 allows no cut; 500 would"),
        (
            tight(sizes=BinSizes(min_rows=600, min_bads=150)),
            "min_rows 600 and min_bads 150 together allow no cut; min_rows 500 with min_bads 100 "
            "would",
        ),
    ],
)
def test_a_diagnosis_names_the_limit_and_how_far_to_relax_it(limits, words):
    x = np.repeat([0.0, 1.0], 500)
    y = np.concatenate([np.arange(500) % 5 == 0, np.arange(500) % 5 < 2]).astype(int)
    bins = bins_of(limits, pd.DataFrame({"x": x}), y)
    assert bins.edges == ()
    assert bins.diagnosis == words


def test_a_diagnosis_names_the_cut_or_the_period_that_is_in_the_way():
    X, y = rising()
    limits = BinLimits(fixed={"x": (0.0, 2.9)}, min_share=0.05)
    reason = bins_of(limits, X, y).diagnosis
    assert "fixed cut 2.9 allows no cut; leaving it out would" in reason
    assert "fixed cut 0 " not in reason
    x = np.tile([0.0, 1.0], 600)
    period = np.repeat([1, 2, 3], 400)
    order = np.arange(1200) // 2 % 10
    bad = np.where(period == 3, order < 4 - 3 * x, order < 2 + 3 * x).astype(int)
    limits = BinLimits(neighbours=Neighbours(same_order=True))
    bins = bins_of(limits, pd.DataFrame({"x": x}), bad, period=period)
    assert bins.diagnosis == "same_order in period 3 allows no cut; leaving it out would"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: BinSizes(max_share=0.0), r"max_share must be in \(0, 1\], got 0.0"),
        (lambda: BinSizes(min_bads=-1), "min_bads must be 0 or more rows, got -1"),
        (lambda: BinSizes(min_rows=9, max_rows=8), "max_rows must be at least min_rows and 1"),
        (lambda: Neighbours(min_difference=1.0), r"min_difference must be in \[0, 1\), got 1.0"),
        (lambda: Neighbours(max_p_value=0.0), r"max_p_value must be in \(0, 1\], got 0.0"),
        (lambda: BinLimits(min_bins=9), "min_bins must be at most max_bins, got 9 and 8"),
        (
            lambda: BinLimits(min_share=0.3, sizes=BinSizes(max_share=0.2)),
            "min_share must be at most max_share, got 0.3 and 0.2",
        ),
        (lambda: BinLimits(divergence="kl"), "divergence must be one of .* got 'kl'"),
    ],
)
def test_limits_that_make_no_sense(make, words):
    with pytest.raises(ModelError, match=words):
        make()


def test_options_that_do_not_fit_the_column():
    X, y = rising(500)
    with pytest.raises(ModelError, match=r"fixed: the cut 99 of column 'x' parts no rows"):
        bins_of(BinLimits(fixed={"x": (99.0,)}), X, y)
    with pytest.raises(ModelError, match=r"same_order: column 'x' has no counts by period"):
        bins_of(BinLimits(neighbours=Neighbours(same_order=True)), X, y)
    with pytest.raises(ModelError, match=r"period: 3 value\(s\), 0 of them missing, for 500 rows"):
        Binning().fit(X, y, period=[1, 2, 3])
    job = pd.DataFrame({"job": np.where(X["x"] > 0, "a", "b")})
    with pytest.raises(ModelError, match=r"fixed: 'job' holds names"):
        Binning(limits=BinLimits(fixed={"job": (1.0,)})).fit(job, y)
