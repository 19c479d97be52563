"""Cut-offs, swap sets and segments against counting by hand, closed forms and known truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from credit import evaluate as ev
from credit.errors import DataError

LOAN = ev.Economics(loss_given_default=0.6, margin=0.15, cost=0.03)


def sample(n=2000, seed=0):
    generator = np.random.default_rng(seed)
    probability = expit(generator.normal(-2, 1.3, n))
    return (generator.random(n) < probability).astype(int), probability


@st.composite
def loans(draw):
    n = draw(st.integers(1, 25))
    p = draw(st.lists(st.integers(0, 6), min_size=n, max_size=n))
    y = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    amount = draw(st.lists(st.integers(1, 9), min_size=n, max_size=n))
    return np.array(y), np.array(p) / 6, np.array(amount)


@given(loans())
def test_every_cutoff_counts_what_it_approves(data):
    y, p, amount = data
    table = ev.cutoff_table(y, p, LOAN, amount=amount)
    assert table["threshold"].tolist() == np.unique(p).tolist()
    for row in table.itertuples():
        inside = p <= row.threshold
        gain = np.where(y == 1, -0.6 - 0.03, 0.15 - 0.03) * amount * inside / amount.sum()
        wish = (0.15 * (1 - p) - 0.6 * p - 0.03) * amount * inside / amount.sum()
        assert (row.approved, row.bads) == (inside.sum(), y[inside].sum())
        assert row.profit == pytest.approx(gain.sum(), abs=1e-12)
        assert row.profit_expected == pytest.approx(wish.sum(), abs=1e-12)
        error = np.sqrt(len(y) * gain.var())
        assert row.profit_high - row.profit == pytest.approx(1.959964 * error, abs=1e-6)
    assert table["best"].sum() == 1
    assert table.loc[table["best"], "profit"].item() == table["profit"].max()
    assert table["approval_rate"].iloc[-1] == 1


def test_the_best_cutoff_of_a_true_probability_is_the_break_even():
    _, p = sample(200_000)
    table = ev.cutoff_table((p > 0.5).astype(int), p, LOAN)
    best = table.loc[table["profit_expected"].idxmax(), "threshold"]
    assert best == pytest.approx(LOAN.break_even, abs=1e-4)
    assert LOAN.profit(np.array([LOAN.break_even])) == pytest.approx(0, abs=1e-15)


def test_a_thinned_table_keeps_the_best_row():
    y, p = sample()
    whole, thin = ev.cutoff_table(y, p, LOAN), ev.cutoff_table(y, p, LOAN, rows=40)
    assert 40 <= len(thin) <= 41
    best = [table[table["best"]].reset_index(drop=True) for table in (whole, thin)]
    pd.testing.assert_frame_equal(*best)
    assert thin["approval_rate"].iloc[-1] == 1


def test_the_profits_interval_covers_its_expectation():
    _, p = sample(400, 1)
    cut = np.quantile(p, 0.7, method="lower")
    truth, hits = LOAN.profit(p)[p <= cut].sum() / len(p), 0
    for seed in range(200):
        y = (np.random.default_rng(seed).random(len(p)) < p).astype(int)
        row = ev.cutoff_table(y, p, LOAN).query("threshold == @cut").iloc[0]
        hits += row["profit_low"] <= truth <= row["profit_high"]
    # Outcomes alone are drawn anew here, rows are not: the interval is for both, so it is wide.
    assert hits / 200 >= 0.93


# Swap sets


@given(loans(), st.floats(0.05, 0.95), st.integers(0, 99))
def test_both_models_approve_the_same_share_and_sets_partition_the_rows(data, rate, seed):
    y, first, _ = data
    second = np.random.default_rng(seed).integers(0, 4, len(y))
    found = ev.swap_sets(y, first, second, approval_rate=rate)
    rows = found.table.set_index("decision")["rows"]
    assert rows.sum() == pytest.approx(len(y))
    assert rows["swapped in"] == pytest.approx(rows["swapped out"], abs=1e-9)
    assert rows["both approve"] + rows["swapped in"] == pytest.approx(rate * len(y))
    assert found.table["bads"].sum() == pytest.approx(y.sum())
    bads = found.table.set_index("decision")["bads"]
    assert found.bads_avoided == pytest.approx(bads["swapped out"] - bads["swapped in"], abs=1e-9)


def test_without_ties_sets_are_counts_of_rows():
    y, p = sample()
    noisy = p + np.random.default_rng(5).normal(0, 0.1, len(p))
    found = ev.swap_sets(y, noisy, p, approval_rate=0.7)
    old, new = (s <= np.sort(s)[1399] for s in (noisy, p))
    table = found.table.set_index("decision")
    assert table.loc["swapped in", "rows"] == pytest.approx((new & ~old).sum())
    assert table.loc["swapped out", "bads"] == pytest.approx(y[old & ~new].sum())
    assert found.low > 0
    same = ev.swap_sets(y, p, np.exp(p), approval_rate=0.7)
    assert (same.bads_avoided, same.low, same.high) == (0, 0, 0)
    assert np.isnan(same.table.set_index("decision").loc["swapped in", "bad_rate"])


# Segments


def test_segments_add_up_and_unused_ones_have_no_row():
    y, p = sample()
    segment = pd.Series(np.random.default_rng(1).choice(["b", "a", "c"], len(y)), dtype="category")
    segment = segment.cat.set_categories(["b", "a", "unused", "c"]).where(np.arange(len(y)) > 99)
    table = ev.decisions_by_segment(y, p, segment, threshold=0.2)
    assert table["segment"].tolist() == ["b", "a", "c", "(none)"]
    inside = (segment == "a").to_numpy()
    row = table.set_index("segment").loc["a"]
    assert row["approved"] == (inside & (p <= 0.2)).sum()
    assert row["bad_rate"] == pytest.approx(y[inside & (p <= 0.2)].mean())
    assert row["predicted"] == pytest.approx(p[inside & (p <= 0.2)].mean())
    assert row["refused_bad_rate"] == pytest.approx(y[inside & (p > 0.2)].mean())
    assert table["rows"].sum() == len(y)
    none = ev.decisions_by_segment([0, 1], [0.5, 0.6], ["x", "x"], threshold=0.2)
    assert none[["bad_rate", "predicted", "bad_rate_low"]].isna().all(axis=None)


def test_what_is_refused():
    with pytest.raises(DataError, match=r"loss_given_default must lie above 0 .*, got 45"):
        ev.Economics(loss_given_default=45, margin=0.1, cost=0)
    with pytest.raises(DataError, match=r"below margin, got cost 0.2 and margin 0.1"):
        ev.Economics(loss_given_default=0.4, margin=0.1, cost=0.2)
    with pytest.raises(DataError, match="amount must be 0 or more and not all 0, got -1"):
        ev.cutoff_table([0, 1], [0.1, 0.2], LOAN, amount=[-1, 2])
    with pytest.raises(DataError, match="approval_rate must lie strictly between 0 and 1, got 70"):
        ev.swap_sets([0, 1], [1, 2], [1, 2], approval_rate=70)
    with pytest.raises(DataError, match="second has 3 rows, but 2 are expected"):
        ev.swap_sets([0, 1], [1, 2], [1, 2, 3], approval_rate=0.5)
    with pytest.raises(DataError, match="threshold must lie strictly between 0 and 1, got 600"):
        ev.decisions_by_segment([0, 1], [0.1, 0.2], ["a", "b"], threshold=600)
    with pytest.raises(DataError, match="segment has 1 rows, but 2 are expected"):
        ev.decisions_by_segment([0, 1], [0.1, 0.2], ["a"], threshold=0.5)
