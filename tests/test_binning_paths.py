"""Fast paths of the binning equal the plain ones they stand for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.binning import BinLimits, Sample, count_column
from credit.binning.counts import count_tally
from credit.binning.fill import fill_by_rate, fill_pairs
from credit.binning.limits import ORDERS
from credit.binning.rules import Material, Rules
from credit.binning.segments import Segments
from credit.binning.tally import tally_column


def same_counts(column, y, limits, codes=()):
    sample = Sample.of(np.asarray(y, dtype=float), np.ones(len(column)))
    found = count_column(column, "x", sample, limits, codes)
    plain = count_tally(tally_column(column, "x", sample), limits, codes)
    assert found.edges == plain.edges
    assert found.codes == plain.codes
    for name in ("ordinary", "special", "missing", "periods"):
        np.testing.assert_array_equal(getattr(found, name), getattr(plain, name), err_msg=name)


@given(
    st.lists(st.sampled_from([-9.0, -0.0, 0.0, 0.5, 1.0, 2.0, 3.25, np.nan]), max_size=80),
    st.integers(1, 9),
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_sorted_rows_give_the_counts_of_distinct_values(values, most):
    column = pd.Series(values, dtype=float)
    limits = BinLimits(max_candidates=most, edges={"x": (0.75, 40.0)}, fixed={"x": (0.6,)})
    y = np.arange(len(values)) % 3 == 0
    same_counts(column, y, BinLimits(max_candidates=most))
    same_counts(column, y, limits, (-9.0, 98))


@pytest.mark.parametrize("most", [1, 2, 7, 32, 100])
@pytest.mark.parametrize("digits", [0, 1, 2, 12])
def test_sorted_rows_give_the_quantiles_of_distinct_values(most, digits):
    random = np.random.default_rng(digits)
    x = random.normal(scale=10, size=5003).round(digits)
    x[random.random(len(x)) < 0.1] = np.nan
    y = random.random(len(x)) < 0.2
    same_counts(pd.Series(x), y, BinLimits(max_candidates=most))
    same_counts(pd.Series(x).astype("Float64"), y, BinLimits(max_candidates=most), (1, 0.0))
    same_counts(pd.Series(x[:64] > 0), y[:64], BinLimits(max_candidates=most))


@pytest.mark.parametrize("trend", list(ORDERS))
def test_predecessors_by_rate_are_those_of_all_pairs(trend):
    random = np.random.default_rng(20261125)
    for _ in range(80):
        n, layers = int(random.integers(1, 15)), int(random.integers(1, 7))
        counts = random.integers(0, 6, (n, 2)).astype(float)  # small, so that rates tie
        prior = counts.sum(axis=0) + 1
        weight = float(random.choice([0.0, 0.1])) * prior.sum()
        rules = Rules(max_bins=layers, smoothing=1.0, min_weight=weight)
        found = Segments.of(Material.plain(counts, prior), rules)
        order = np.array(ORDERS[trend], np.int64)
        best, parent = fill_by_rate(found.rate, found.value, order, layers)
        arrays = (found.rate, found.value, found.cumulated, found.periods)
        plain, plain_parent = fill_pairs(arrays, order, layers, 0.0, 0.0)
        np.testing.assert_array_equal(best, plain)
        held = np.isfinite(plain)
        held[..., 0] = False
        np.testing.assert_array_equal(parent[held], plain_parent[held])
