"""A batch against the reference and its history: quiet where nothing happened, else an alarm."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from golden_artifacts import ROWS, applicants, golden
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, norm
from test_runtime import documents, save

from credit import artifact, monitor, runtime
from credit.errors import ConfigError, DataError
from credit.evaluate import adverse_impact, psi
from credit.monitor import AREAS, Batch, Check, Limits, Watched, judged, watch

GOLDEN = {one.name: one for one in golden()}
CUTOFF = 0.3


@cache
def scorer(name: str = "1-scorecard") -> runtime.Scorer:
    return runtime.load(GOLDEN[name].folder)


def batch(frame: pd.DataFrame, **more: Any) -> Batch:
    return Batch(columns=artifact.columns_of(frame, scorer().features), **more)


def watched(frame: pd.DataFrame, **more: Any) -> Watched:
    history = more.pop("history", ())
    return watch(scorer(), batch(frame, **more), history=history)


def outcomes(frame: pd.DataFrame, seed: int, log_odds: float = 0.0) -> np.ndarray:
    """Draw who is bad by the probability that the artifact states, its odds moved."""
    stated = scorer().score(batch(frame).columns).probability
    odds = stated / (1 - stated) * np.exp(log_odds)
    # A stream of its own: the seed of the people would tie their outcomes to their features.
    return (np.random.default_rng([seed, 1]).random(len(frame)) < odds / (1 + odds)).astype(float)


def groups(rows: int, seed: int) -> np.ndarray:
    return np.random.default_rng([seed, 2]).choice(["a", "b"], rows, p=[0.6, 0.4])


@cache
def usual() -> tuple[dict[str, Any], ...]:
    """Return what six months of the same law leave in the history."""
    return tuple(
        watched(applicants(800, seed), group=groups(800, seed), cutoff=CUTOFF).seen
        for seed in range(50, 56)
    )


def check(found: Watched, area: str, name: str) -> Any:
    rows = found.checks.query("area == @area and name == @name")
    assert len(rows) == 1
    return rows.iloc[0]


# -- the rule


@settings(max_examples=15)
@given(st.lists(st.sampled_from(AREAS), min_size=1, max_size=40), st.floats(0.001, 0.5))
def test_the_level_of_a_family_is_spent_once_and_evenly(areas: list[Any], family: float) -> None:
    table = judged(
        [
            Check(
                area=area, name="x", measure="psi", before=0, now=1, effect=1, least=0, p_value=0.5
            )
            for area in areas
        ],
        family=family,
    )
    assert table["level"].sum() == pytest.approx(family)
    assert table.groupby("area")["level"].sum().nunique() <= 2  # of sums that round
    assert table["area"].tolist() == sorted(areas, key=AREAS.index)


def test_an_alarm_is_beyond_chance_and_large_enough() -> None:
    common: dict[str, Any] = {"area": "score", "measure": "psi", "before": 0.0, "now": 0.0}
    sure, large = {"p_value": 0.004}, {"effect": 0.2}
    table = judged(
        [
            Check(name="both", least=0.1, **common, **sure, **large),
            Check(name="sure", least=0.3, **common, **sure, **large),
            Check(name="large", least=0.1, p_value=0.006, **common, **large),
        ],
        family=0.0149,
    )
    assert table["beyond_chance"].tolist() == [True, True, False]
    assert table["alarm"].tolist() == [True, False, False]


def test_stable_months_are_quiet() -> None:
    """Two years of one law, with outcomes and groups: at most one false alarm."""
    false = []
    for seed in range(200, 224):
        frame = applicants(800, seed)
        found = watched(
            frame, outcome=outcomes(frame, seed), group=groups(800, seed), cutoff=CUTOFF,
            history=usual(),
        )  # fmt: skip
        false += [seed] if len(found.alarms) else []
        assert set(found.checks["area"]) == set(AREAS)
    assert len(false) <= 1


# -- score and features


@pytest.mark.parametrize("name", GOLDEN)
def test_the_rows_of_the_reference_are_the_reference(name: str) -> None:
    one = scorer(name)
    frame = applicants(ROWS, 3)
    found = watch(one, Batch(columns=artifact.columns_of(frame, one.features)))
    first = found.checks[found.checks["area"].isin(["score", "features"])]
    assert first["now"].tolist() == [0.0] * 6
    assert first["name"].tolist()[:2] == ["points", "grades"]
    assert not found.checks["beyond_chance"].any()
    np.testing.assert_array_equal(found.features["missing_before"], found.features["missing_now"])
    assert set(found.features["unseen"]) == {0.0}
    # Written before reasons and approvals were kept: not compared, and said so.
    assert [note.split(":")[0] for note in found.notes] == [
        "volume", "approvals", "reasons", "groups", "outcomes",
    ]  # fmt: skip


def test_a_shift_raises_the_alarm_of_its_feature_and_of_the_points() -> None:
    frame = applicants(800, 5)
    frame["income"] -= 1.0
    frame.loc[:199, "segment"] = "new product"
    frame.loc[300:499, "share"] = np.nan
    found = watched(frame)
    alarms = set(found.alarms["name"])
    assert {"points", "income", "segment", "share", "segment unseen", "share missing"} <= alarms
    assert not {"night", "night missing"} & alarms
    table = found.features.set_index("name")
    assert table.loc["segment", "unseen"] == 0.25
    assert table.loc["share", "missing_now"] == frame["share"].isna().mean()
    assert found.features["psi"].is_monotonic_decreasing


def test_indices_are_those_of_counts_in_the_bins_of_the_reference() -> None:
    frame = applicants(500, 6)
    reference = scorer().reference["features"]["income"]
    values = frame["income"].to_numpy()
    bins = np.searchsorted(reference["edges"], values[~np.isnan(values)], side="right")
    counts = np.bincount(bins, minlength=len(reference["counts"])).tolist()
    expected = psi(
        [*reference["counts"], reference["missing"]], [*counts, int(np.isnan(values).sum())]
    )
    row = check(watched(frame), "features", "income")
    assert (row["now"], row["p_value"]) == (expected.psi, expected.p_value)


def test_a_p_value_and_a_critical_value_of_an_index_agree() -> None:
    counts = [120, 80, 300], [90, 100, 310]
    found = psi(*counts)
    at = psi(*counts, level=1 - found.p_value)
    assert at.critical == pytest.approx(at.psi)
    assert psi([5, 0], [9, 0]).p_value == 1.0


def test_a_small_shift_of_a_large_batch_is_no_alarm() -> None:
    frame = applicants(20_000, 7)
    frame["income"] += 0.2
    row = check(watched(frame), "features", "income")
    assert row["beyond_chance"]
    assert not row["alarm"]
    strict = watch(scorer(), batch(frame), limits=Limits(psi=0.01))
    assert check(strict, "features", "income")["alarm"]


def test_a_source_that_fails_for_few_is_seen_though_no_index_moves() -> None:
    frame = applicants(3_000, 8)
    frame.loc[:89, "segment"] = "new product"
    found = watched(frame)
    assert not check(found, "features", "segment")["alarm"] or found.features["psi"].max() < 0.3
    row = check(found, "gaps", "segment unseen")
    assert (row["before"], row["now"], row["alarm"]) == (0.0, 0.03, True)


# -- volume, approvals, reasons


def test_volume_is_compared_by_the_day() -> None:
    frame = applicants(800, 9)
    before = [one | {"days": 31.0} for one in usual()]
    found = check(watched(frame, days=28.0, history=before), "volume", "rows")
    assert found["before"] == pytest.approx(800 / 31 * 28)
    share = 28 / (28 + 6 * 31)
    tails = [
        binomtest(800, 7 * 800, share, alternative=side).pvalue for side in ("greater", "less")
    ]
    assert found["p_value"] == pytest.approx(2 * min(tails))
    assert not found["alarm"]
    assert check(watched(frame, days=62.0, history=before), "volume", "rows")["alarm"]
    short = watched(frame, history=before[:2])
    assert "volume: the history has 2 periods, 3 are needed." in short.notes


def test_approvals_and_reasons_are_compared_with_the_history_without_a_reference() -> None:
    frame = applicants(800, 10)
    calm = watched(frame, cutoff=CUTOFF, history=usual())
    assert not len(calm.alarms)
    approved = check(calm, "volume", "approved")
    assert approved["before"] == sum(one["approved"]["rows"] for one in usual()) / 4_800
    assert approved["now"] == calm.seen["approved"]["rows"] / 800
    moved = watched(frame.assign(night=5.0), cutoff=CUTOFF, history=usual())
    assert {"approved", "first reasons"} <= set(moved.alarms["name"])
    other = watched(frame, cutoff=0.2, history=usual())
    assert "approvals: neither reference nor history counts them at 0.2." in other.notes


def test_a_reference_that_counts_them_goes_before_the_history() -> None:
    frame = applicants(800, 11)
    first = watched(frame, cutoff=CUTOFF).seen
    kept = {"reasons": first["reasons"], "approved": first["approved"] | {"rows": 2 * ROWS // 3}}
    told = replace(scorer(), reference={**scorer().reference, **kept})
    found = watch(told, batch(frame, cutoff=CUTOFF), history=usual())
    assert check(found, "reasons", "first reasons")["now"] == 0.0
    assert check(found, "volume", "approved")["before"] == pytest.approx(2 / 3)


def test_first_reasons_are_those_of_the_scorer() -> None:
    frame = applicants(300, 12)
    columns = batch(frame).columns
    first = Counter(row[0].feature for row in scorer().score(columns, reasons=4).reasons if row)
    assert watched(frame).seen["reasons"] == {"rows": 300, "first": dict(first)}
    grown = scorer("1-boosted")
    many = artifact.columns_of(applicants(2_500, 13), grown.features)
    assert watch(grown, Batch(columns=many)).seen["reasons"]["rows"] == 2_000


# -- groups


def test_a_group_that_is_approved_less_than_before_raises_an_alarm() -> None:
    frame = applicants(800, 14)
    group = groups(800, 14)
    calm = watched(frame, group=group, cutoff=CUTOFF, history=usual())
    row = check(calm, "groups", "b to a")
    stated = scorer().score(batch(frame).columns).probability
    now = adverse_impact((stated <= CUTOFF).astype(int), group, reference="a").iloc[1]
    assert row["now"] == now["ratio"]
    assert not row["alarm"]
    frame.loc[group == "b", "income"] -= 1.0
    hurt = check(watched(frame, group=group, cutoff=CUTOFF, history=usual()), "groups", "b to a")
    assert hurt["alarm"]
    assert hurt["now"] < hurt["before"] - 0.1
    past = {
        name: {
            key: sum(one["groups"][name][key] for one in usual()) for key in ("rows", "approved")
        }
        for name in ("a", "b")
    }
    before = monitor.impact_ratios(past, "a").iloc[1]
    errors = [(np.log(r["ratio_high"]) - np.log(r["ratio_low"])) / 3.919928 for r in (now, before)]
    z = (np.log(now["ratio"]) - np.log(before["ratio"])) / np.hypot(*errors)
    assert row["p_value"] == pytest.approx(2 * norm.sf(abs(z)), rel=1e-5)


def test_groups_that_cannot_be_compared_are_said() -> None:
    frame, history = applicants(300, 15), usual()
    new = np.where(np.arange(300) < 100, "c", "a")
    found = watched(frame, group=new, cutoff=CUTOFF, history=history)
    assert "groups: 'c' is not in the history." in found.notes
    alone = watched(frame, group=np.full(300, "b"), cutoff=CUTOFF, history=history)
    assert any(note.startswith("groups: ['b'] in the batch") for note in alone.notes)


# -- outcomes


def test_true_probabilities_raise_no_alarm_and_raised_odds_do() -> None:
    frame = applicants(800, 16)
    group = groups(800, 16)
    calm = watched(frame, outcome=outcomes(frame, 16), group=group, cutoff=CUTOFF)
    assert not len(calm.alarms)
    assert {"all rows", "Brier score", "ranking", "group a", "group b"} <= set(calm.checks["name"])
    worse = watched(frame, outcome=outcomes(frame, 16, np.log(2.5)))
    assert {"all rows", "Brier score"} <= set(worse.alarms["name"])
    assert set(worse.alarms["area"]) == {"outcomes"}
    lights = worse.seen["outcomes"]["grades"]
    assert {one["light"] for one in lights} >= {"red"}
    assert all((one["bads"] >= one["amber"]) == (one["light"] != "green") for one in lights)


def test_a_ranking_that_fell_raises_an_alarm() -> None:
    frame = applicants(800, 17)
    y = np.random.default_rng(1).permutation(outcomes(frame, 17))
    row = check(watched(frame, outcome=y), "outcomes", "ranking")
    assert row["before"] == 0.7
    assert row["alarm"]


def test_rows_whose_outcome_is_not_known_are_not_good() -> None:
    frame = applicants(800, 18)
    y = outcomes(frame, 18)
    half = np.where(np.arange(800) < 400, y, np.nan)
    seen = watched(frame, outcome=half).seen["outcomes"]
    assert (seen["rows"], seen["bads"]) == (400, int(y[:400].sum()))
    few = np.where(np.arange(800) < 20, y, np.nan)
    notes = watched(frame, outcome=few).notes
    assert any("rows of the rarer outcome are known, 10 are needed" in note for note in notes)
    assert "outcomes: none is known yet." in watched(frame, outcome=np.full(800, np.nan)).notes


# -- refusals


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"outcome": [1]}, "outcome has 1 rows, but the batch has 5"),
        ({"outcome": [0, 1, 2, None, 0]}, r"1 row\(s\) hold neither 1 \(bad\), 0 \(good\) nor"),
        ({"outcome": ["bad", 1, 0, 0, 0]}, "for instance 'bad'"),
        ({"group": ["a"]}, "group has 1 rows, but 5 are expected"),
        ({"group": ["a", None, "a", "b", "b"]}, "people of unknown group are a group"),
        ({"cutoff": 7.0}, "cutoff must lie between 0 and 1, got 7.0"),
    ],
)
def test_a_batch_that_is_not_as_it_says_is_refused(more: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        watched(applicants(5, 1), **more)


def test_what_cannot_be_watched_is_refused(tmp_path: Any) -> None:
    with pytest.raises(DataError, match="batch: no rows"):
        watched(applicants(5, 1).iloc[:0])
    bare = runtime.load(save(tmp_path / "bare", documents()))
    with pytest.raises(DataError, match="has no distributions to compare with"):
        watch(bare, Batch(columns={"night_share": [0.1], "segment": ["sme"]}))
    with pytest.raises(ConfigError, match=r"psi must be 0 or more, got -1"):
        Limits(psi=-1)
    with pytest.raises(ConfigError, match="family must lie between 0 and 1"):
        Limits(family=0)
