"""Bins changed by hand, and the tables a committee reads."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from credit.binning import (
    BinLimits,
    Binning,
    Editor,
    Note,
    Sample,
    bin_table,
    count_column,
    period_table,
)
from credit.binning.edit import trend_of
from credit.errors import DataError, ModelError
from credit.evaluate.stability import psi, psi_by_period

NOTE = Note(who="R. Chen", why="the committee reads round numbers", when="2024-05-02")


def column(rows=5000):
    random = np.random.default_rng(4)
    x = random.normal(size=rows).round(2)
    x[:200] = np.nan
    y = (random.random(rows) < 1 / (1 + np.exp(1.5 - np.nan_to_num(x)))).astype(int)
    job = np.where(random.random(rows) < 0.5, "a", np.where(np.nan_to_num(x) > 0, "b", "c"))
    return pd.DataFrame({"x": x, "job": job}), y


def editor(name="x", limits=None):
    limits = limits or BinLimits(edges={"x": (0.0, 1.0)}, max_bins=4)
    X, y = column()
    sample = Sample.of(y.astype(float), np.ones(len(y)))
    bins = Binning(limits=limits).fit(X, y).bins_[name]
    return Editor(bins=bins, counts=count_column(X[name], name, sample, limits), limits=limits)


def test_every_change_keeps_all_rows_and_a_record():
    start = editor()
    cut = next(e for e in start.counts.edges if start.bins.edges[0] < e < start.bins.edges[1])
    merged = start.merge(0, NOTE)
    assert merged.bins.edges == start.bins.edges[1:]
    split = merged.split(start.bins.edges[0], NOTE)
    assert split.bins.edges == start.bins.edges
    assert split.bins.good == start.bins.good
    assert split.bins.woe == start.bins.woe
    moved = split.move(start.bins.edges[0], cut, NOTE)
    assert moved.bins.edges == (cut, *start.bins.edges[1:])
    for after in (merged, split, moved):
        assert sum(after.bins.good) == sum(start.bins.good)
        assert sum(after.bins.bad) == sum(start.bins.bad)
    assert [e.what.split()[0] for e in moved.edits] == ["merge", "split", "move"]
    first, second, third = moved.edits
    assert first.iv_before == start.bins.iv
    assert first.iv_after == second.iv_before == merged.bins.iv
    assert third.iv_after == moved.bins.iv
    assert first.iv_after < first.iv_before
    assert (first.who, first.why, first.when) == ("R. Chen", NOTE.why, "2024-05-02")
    assert json.loads(json.dumps(first.to_dict()))["feature"] == "x"
    assert start.edits == ()


def test_a_trend_set_by_hand_is_kept():
    after = editor().set_trend("peak", NOTE)
    assert after.bins.trend == "peak"
    assert after.edits[0].what == "set the trend to peak"


def test_names_can_be_merged():
    start = editor("job")
    after = start.merge(0, NOTE)
    assert after.bins.groups[0] == start.bins.groups[0] + start.bins.groups[1]
    assert after.bins.groups[1:] == start.bins.groups[2:]


def test_the_trend_of_bins_changed_by_hand_is_what_they_do():
    assert trend_of(np.array([0.1])) == "none"
    assert trend_of(np.array([0.1, 0.2, 0.2])) == "ascending"
    assert trend_of(np.array([0.3, 0.2])) == "descending"
    assert trend_of(np.array([0.3, 0.2, 0.4])) == "valley"
    assert trend_of(np.array([0.1, 0.2, 0.0])) == "peak"
    assert trend_of(np.array([0.1, 0.2, 0.0, 0.3])) == "none"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda e: e.merge(9, NOTE), "bin 9 has no next one"),
        (lambda e: e.split(e.bins.edges[0], NOTE), "is cut at .* already"),
        (lambda e: e.split(0.12345, NOTE), "was not counted at 0.12345; the nearest cuts are"),
        (lambda e: e.move(99.0, 0.0, NOTE), "has no cut 99"),
        (
            lambda e: e.move(e.bins.edges[0], e.bins.edges[1], NOTE),
            "does not lie between the cuts beside",
        ),
        (lambda e: e.set_trend("up", NOTE), "set_trend: 'up' for 'x'"),
        (lambda e: Note(who=" ", why="x"), "who must not be empty"),
    ],
)
def test_changes_that_cannot_be_made(change, words):
    with pytest.raises(ModelError, match=words):
        change(editor())
    with pytest.raises(ModelError, match="holds names, which have no cuts"):
        editor("job").split(1.0, NOTE)


def test_a_table_of_bins_says_what_each_separates():
    X, y = column()
    bins = Binning().fit(X, y).bins_["x"]
    table = bin_table(bins)
    assert table["good"].sum() == (y == 0).sum()
    p, q = table["bad"] / table["bad"].sum(), table["good"] / table["good"].sum()
    half = (p + q) / 2
    expected = sum((x * np.log((x / half).where(x > 0, 1))).sum() / 2 for x in (p, q))
    assert table["js"].sum() == pytest.approx(expected, abs=1e-12)
    order = table.sort_values("woe", ascending=False).index
    assert table["ks"].max() == pytest.approx((p[order].cumsum() - q[order].cumsum()).abs().max())
    assert table["iv"].sum() == pytest.approx(bins.iv, abs=1e-12)


def test_stability_by_period_counts_every_row_and_finds_the_period_that_moved():
    X, y = column()
    period = np.arange(len(X)) % 3
    X.loc[period == 2, "x"] += 0.8
    bins = Binning().fit(X, y).bins_["x"]
    sample = Sample.of(y.astype(float), np.ones(len(y)), period)
    table = period_table(bins, X["x"], sample)
    assert table["good"].sum() + table["bad"].sum() == len(X)
    np.testing.assert_allclose(table.groupby("period")["share"].sum(), 1.0)
    found = psi_by_period(table).set_index("period")
    index = bins.assign(X["x"])
    counted = [np.bincount(index[at], minlength=bins.size) for at in (period != 2, period == 2)]
    assert found.loc["2", "psi"] == pytest.approx(psi(*counted).psi, abs=1e-12)
    assert found.loc["2", "psi"] == found["psi"].max()
    assert found.loc["2", "shifted"]
    with pytest.raises(ModelError, match="the sample has no periods"):
        period_table(bins, X["x"], Sample.of(y.astype(float), np.ones(len(y))))
    with pytest.raises(DataError, match=r"table has 1 period\(s\)"):
        psi_by_period(table[table["period"] == "0"])
