"""The generated world: the same rows from the same seed, and a truth that is what it says."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from datetime import date
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from credit import features
from credit.engine import Engine
from credit.errors import ConfigError, DataError, PolicyError
from credit.feature import DIMENSIONS
from credit.schema import DAY
from credit.world import (
    Shock,
    Truth,
    WorldOptions,
    ceiling,
    expected_auc,
    generate,
    lending,
    read,
    season,
    spill,
    subset_ceilings,
)
from credit.world import truth as truth_of_world
from credit.world.figures import Behaviour, Figures, figures
from credit.world.options import SEGMENTS, Block, Stage, blocks
from credit.world.people import correlation, populate

START = date(2023, 1, 1)
TABLES = (
    "applications", "contacts", "customers", "device_use", "guarantees", "instalments", "loans",
    "payments", "repayments", "tags", "transfers", "wealth_orders", "wealth_positions",
)  # fmt: skip


@pytest.fixture(scope="module")
def truth(small_world: Path) -> Truth:
    return read(small_world)


@pytest.fixture(scope="module")
def eta(truth: Truth) -> np.ndarray:
    return truth.frame[[f"eta_{dimension}" for dimension in DIMENSIONS]].to_numpy()


@pytest.fixture(scope="module")
def segment(truth: Truth) -> np.ndarray:
    return pd.Categorical(truth.frame["segment"], categories=SEGMENTS).codes.astype(np.int64)


@pytest.fixture(scope="module")
def built(small_world: Path) -> pd.DataFrame:
    """Every feature of every application, from the tables as they were finally written."""
    with Engine() as engine:
        engine.add_directory(small_world)
        spine = engine.frame(
            "select application_id as observation_id, application_id, customer_id, "
            "event_time as as_of from applications order by application_id"
        )
        tables = {name: engine.columns(name) for name in engine.tables}
        return features.build(engine, spine, features.available(features.catalogue(), tables))


def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(folder / f"{name}.parquet")


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# -- the same rows


def test_rows_do_not_depend_on_chunks_or_threads(tmp_path: Path) -> None:
    def made(name: str, **how: object) -> dict[str, str]:
        generate(tmp_path / name, WorldOptions(people=1_500, seed=3, months=6, **how))  # type: ignore[arg-type]
        return digests(tmp_path / name)

    whole = made("whole", chunk_people=5_000)
    assert made("parts", chunk_people=1, threads=1) == whole
    assert {name for name in whole if "/" not in name} == {
        *(f"{name}.parquet" for name in TABLES),
        "world.json",
    }


def test_a_large_world_is_a_small_one_in_more_slabs_and_fewer_row_groups(
    small_world: Path, truth: Truth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sums in another order move the last digits of the truth; no row of a table moves."""
    monkeypatch.setattr(spill, "SLAB", 700)
    monkeypatch.setattr(import_module("credit.world.passes"), "ROW_GROUPS", 2)
    generate(tmp_path / "w", WorldOptions(people=3_000, seed=11))
    for name in TABLES:
        large, small = (
            pq.ParquetFile(at / f"{name}.parquet") for at in (tmp_path / "w", small_world)
        )
        assert large.read().equals(small.read())
        assert large.metadata.num_row_groups < small.metadata.num_row_groups
    again = read(tmp_path / "w")
    assert pq.ParquetFile(tmp_path / "w" / "truth" / "truth.parquet").metadata.num_row_groups == 5
    pd.testing.assert_frame_equal(again.frame, truth.frame, rtol=1e-12)
    for name, values in truth.facts.items():
        # A ceiling ranks people, and two of nearly one score may change places.
        near = 1e-6 if name == "subset_ceilings" else 1e-9
        assert numbers_in(again.facts[name]) == pytest.approx(numbers_in(values), rel=near), name


def numbers_in(said: object) -> list[float]:
    if isinstance(said, int | float):
        return [said]
    parts = said.values() if isinstance(said, dict) else said if isinstance(said, list) else ()
    return [one for part in parts for one in numbers_in(part)]


def test_a_shock_touches_its_people_alone(tmp_path: Path) -> None:
    """Of the world without it only the segment's applicants of its months, and their loans."""
    shock = Shock(segment="blue_collar", first=1, until=2, traits=1.0, income=0.5, log_odds=3.0)
    plain = WorldOptions(people=400, seed=5, months=3)
    options = replace(plain, shocks=(shock,))
    block = Block(seed=5, index=0, first=0, size=400)
    usual, moved = (populate(block, one, figures(one.start))[0] for one in (plain, options))
    month = pd.to_datetime(usual.as_of, unit="us", utc=True).tz_convert("Asia/Shanghai").month
    hit = (usual.segment == SEGMENTS.index("blue_collar")) & (month == 2)
    assert 20 < hit.sum() < 120
    np.testing.assert_allclose((moved.traits - usual.traits)[hit], 1.0)
    np.testing.assert_array_equal(moved.traits[~hit], usual.traits[~hit])
    income = moved.income_fen / usual.income_fen
    assert income[hit].mean() == pytest.approx(0.5, abs=0.01)
    assert set(income[~hit]) == {1.0}

    generate(tmp_path / "world", options)
    known = read(tmp_path / "world")
    stated = json.loads((tmp_path / "world" / "world.json").read_text(encoding="utf-8"))
    assert stated["options"]["shocks"] == [asdict(shock)]
    assert known.facts["subset_ceilings"] == {}
    parts = known.frame[[f"eta_{name}" for name in DIMENSIONS]].to_numpy()
    extra = known.frame["linear"] - parts @ np.array(list(known.facts["beta"].values()))
    np.testing.assert_allclose(extra, np.where(hit, 3.0, 0.0), atol=1e-9)
    assert known.frame["p"][hit].mean() > 3 * known.frame["p"][~hit].mean()
    rates = known.frame[~hit].groupby("segment")["p"].mean()
    assert rates["blue_collar"] == pytest.approx(0.093, abs=1e-9)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"segment": "blue"}, "segment 'blue': must be one of"),
        ({"first": 2, "until": 2}, "a shock lasts a month at least"),
        ({"income": 0.0}, "income must be above 0"),
    ],
)
def test_a_shock_that_is_none_is_refused(how: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Shock(**({"segment": "sme", "first": 0} | how))  # type: ignore[arg-type]


def test_a_shock_after_the_world_is_refused() -> None:
    with pytest.raises(ConfigError, match="one begins in month 6, but applications end before"):
        WorldOptions(months=6, shocks=(Shock(segment="sme", first=6),))


def test_another_seed_gives_another_world_and_streams_are_apart() -> None:
    def draws(seed: int, index: int, stage: Stage) -> tuple[float, ...]:
        block = Block(seed=seed, index=index, first=0, size=10)
        return tuple(block.stream(stage).random(3))

    seen = {
        draws(seed, index, stage)
        for seed in (0, 1)
        for index in (0, 1)
        for stage in (Stage.PEOPLE, Stage.TIES)
    }
    assert len(seen) == 8
    assert draws(5, 2, Stage.TAGS) == draws(5, 2, Stage.TAGS)


def test_blocks_cover_everyone_once_and_share_no_keys() -> None:
    made = list(blocks(WorldOptions(people=2_500), 1_200))
    assert [(block.first, block.size) for block in made] == [(0, 1200), (1200, 1200), (2400, 100)]
    keys = np.concatenate([block.keys(3, offset=o) for block in made for o in (0, 5_000_000)])
    assert np.unique(keys).size == keys.size


# -- the contract


def test_tables_keep_the_contract_and_the_truth_stays_out(small_world: Path) -> None:
    with Engine() as engine:
        engine.add_directory(small_world)
        engine.add_lookup("merchant_categories", features.merchant_categories())
        assert sorted(engine.tables) == sorted(TABLES)
        engine.check().raise_if_any()


def test_summary_and_world_file_agree(tmp_path: Path) -> None:
    seen: dict[str, list[float]] = {}
    summary = generate(
        tmp_path / "w",
        WorldOptions(people=300, months=3),
        progress=lambda stage, share: seen.setdefault(stage, []).append(share),
    )
    said = json.loads((tmp_path / "w" / "world.json").read_text(encoding="utf-8"))
    assert said["rows"] == summary.rows
    assert summary.rows["customers"] == summary.rows["applications"] == 300
    assert pd.Timestamp(said["observed_until"]).value // 1_000 == summary.observed_until
    assert list(seen) == ["events", "features behind the truth", "truth", "lending"]
    for shares in seen.values():
        assert shares == sorted(shares)
        assert shares[-1] == 1.0


@pytest.mark.parametrize("people", [200, 1_201])
def test_small_worlds_and_a_last_block_of_one_person(tmp_path: Path, people: int) -> None:
    assert generate(tmp_path / "w", WorldOptions(people=people)).rows["customers"] == people
    with Engine() as engine:
        engine.add_directory(tmp_path / "w")
        engine.check().raise_if_any()


def test_nothing_is_left_when_it_is_broken_off(tmp_path: Path) -> None:
    def stop(stage: str, _share: float) -> None:
        if stage == "lending":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(tmp_path / "w", WorldOptions(people=300, months=3), progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(ConfigError, match=r"not an empty folder\. Name a new folder"):
        generate(tmp_path, WorldOptions(people=300))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"people": 10}, "people must be at least 200, got 10"),
        ({"seed": -1}, r"seed must lie in \[0, 2\^63\), got -1"),
        ({"months": 0}, "months must be at least 1, got 0"),
        ({"chunk_people": 0}, "chunk_people must be at least 1"),
        ({"observed_months": 1}, "observed_months must be at least 2, got 1"),
    ],
)
def test_options_out_of_range_are_refused(wrong: dict[str, int], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        WorldOptions(**wrong)  # type: ignore[arg-type]


def test_a_folder_without_truth_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no truth here"):
        read(tmp_path)


def test_truth_of_unknown_applications_is_refused(truth: Truth) -> None:
    some = pd.Series([3, 1])
    assert truth.of(some)["application_id"].tolist() == [3, 1]
    with pytest.raises(DataError, match=r"1 value\(s\) are not in this world's truth"):
        truth.of(pd.Series([1, -5]))


# -- time


def test_events_lie_on_both_sides_of_the_application(small_world: Path) -> None:
    asked = table(small_world, "applications").set_index("customer_id")["event_time"]
    paid = table(small_world, "payments")
    ahead = (paid["event_time"] - paid["customer_id"].map(asked)).dt.days
    assert ahead.min() >= -402
    assert 0.08 < (ahead >= 0).mean() < 0.2
    lag = paid["available_at"] - paid["event_time"]
    assert lag.min() >= pd.Timedelta(0)
    assert 0.02 < (lag > pd.Timedelta(days=1)).mean() < 0.04
    assert asked.min() >= pd.Timestamp("2022-12-31 16:00")
    assert asked.max() < pd.Timestamp("2024-12-31 16:00")
    assert asked.dt.time.nunique() > 2_900


def test_nobody_acts_before_registration(small_world: Path) -> None:
    start = table(small_world, "customers").set_index("customer_id")["event_time"]
    for name in ("payments", "applications"):
        rows = table(small_world, name)
        assert (rows["event_time"] >= rows["customer_id"].map(start)).all()


def test_seasons_show(small_world: Path) -> None:
    days = table(small_world, "payments").query("status == 'ok' and mcc.notna()")["event_time"]
    local = (days + pd.Timedelta(hours=8)).dt.date
    count = local.value_counts()
    usual = count[[date(2024, 10, 20 + k) for k in range(10)]].mean()
    assert count[date(2024, 11, 11)] > 1.3 * usual
    after = count[[date(2024, 2, 19 + k) for k in range(10)]].mean()
    assert count[[date(2024, 2, 11 + k) for k in range(5)]].mean() < 0.85 * after


@given(
    day=st.dates(min_value=date(2001, 1, 1), max_value=date(2035, 1, 1)),
    months=st.integers(0, 40),
)
def test_months_are_calendar_months(day: date, months: int) -> None:
    moved = season.months_after(day, months)
    assert pd.Timestamp(moved) == pd.Timestamp(day) + pd.DateOffset(months=months)


# -- lending


def worst_days_past_due(folder: Path) -> pd.DataFrame:
    """Days past due of each application's loan within 12 calendar months, one loan at a time."""
    loans = table(folder, "loans").dropna(subset="application_id").set_index("loan_id")
    due = table(folder, "instalments").query("loan_id in @loans.index")
    paid = table(folder, "repayments").query("loan_id in @loans.index")
    settled = paid.sort_values("event_time").groupby(["loan_id", "number"])
    last, total = settled["event_time"].max(), settled["amount_fen"].sum()
    key = pd.MultiIndex.from_frame(due[["loan_id", "number"]])
    done = total.reindex(key).fillna(0).to_numpy() >= due["due_fen"].to_numpy()
    when = last.reindex(key).where(done).fillna(pd.Timestamp("2200-01-01")).to_numpy()
    end = loans["event_time"] + pd.DateOffset(months=12)
    until = due["loan_id"].map(end).to_numpy()
    late = np.minimum(when, until) - due["due_at"].to_numpy()
    days = pd.Series(late / np.timedelta64(1, "D"), index=due["loan_id"].to_numpy())
    loans["worst"] = days.groupby(level=0).max().clip(lower=0)
    loans["closed"] = end
    return loans.set_index("application_id")


def test_outcomes_are_the_truths(small_world: Path, truth: Truth) -> None:
    said = json.loads((small_world / "world.json").read_text(encoding="utf-8"))
    loans = worst_days_past_due(small_world)
    y = truth.frame.set_index("application_id")["y"]
    mature = loans[loans["closed"] <= pd.Timestamp(said["observed_until"])]
    assert 0.85 < len(mature) / len(loans) < 0.97
    worst = mature["worst"]
    assert ((worst >= 90) == (y[worst.index] == 1)).all()
    assert not worst.between(28, 92).any()
    assert (worst.between(1, 28)).mean() > 0.2


def test_loans_follow_their_application_and_add_up(small_world: Path) -> None:
    loans = table(small_world, "loans").dropna(subset="application_id")
    asked = table(small_world, "applications").set_index("application_id")
    since = loans["event_time"] - loans["application_id"].map(asked["event_time"])
    assert len(loans) == len(asked) == loans["application_id"].nunique()
    assert since.min() > pd.Timedelta(0)
    assert since.max() <= pd.Timedelta(minutes=40)
    due = table(small_world, "instalments").groupby("loan_id")
    every = table(small_world, "loans").set_index("loan_id").sort_index()
    assert (due.size() == every["term_months"]).all()
    assert (due["due_fen"].sum() >= every["principal_fen"] - every["term_months"]).all()


def test_nothing_is_known_after_the_end_of_observation(small_world: Path) -> None:
    said = json.loads((small_world / "world.json").read_text(encoding="utf-8"))
    for name in TABLES:
        assert table(small_world, name)["available_at"].max() <= pd.Timestamp(
            said["observed_until"]
        )


def test_a_schedule_pays_principal_and_interest() -> None:
    drawn = np.array(
        [season.midnight(np.array([season.day_number(date(2024, 1, 31))]))[0] + DAY // 2]
    )
    loans = lending.schedule(
        np.array([0]), drawn, np.array([1_000_000]), np.array([3]), yearly_rate=0.12
    )
    assert [season.day_of(int(d)) for d in season.local_day(loans.due_at)] == [
        date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30),
    ]  # fmt: skip
    balance = 1_000_000.0
    for due in loans.due_fen:
        balance = balance * 1.01 - due
    assert abs(balance) < 2


# -- people


def test_population_is_what_the_figures_say() -> None:
    options = WorldOptions(people=30_000, seed=5)
    numbers = figures(START)
    made = [populate(block, options, numbers)[0] for block in blocks(options, 1_200)]
    traits = np.concatenate([people.traits for people in made])
    assert np.abs(np.corrcoef(traits, rowvar=False) - correlation(numbers)).max() < 0.02
    share = np.bincount(np.concatenate([people.segment for people in made])) / 30_000
    expected = numbers.array("segment.share")
    assert np.all(np.abs(share - expected) < 3.5 * np.sqrt(expected * (1 - expected) / 30_000))
    thin = np.concatenate([people.thin for people in made]).mean()
    assert thin == pytest.approx(0.20, abs=3.5 * np.sqrt(0.16 / 30_000))
    amount = np.concatenate([people.amount_fen for people in made])
    code = np.concatenate([people.segment for people in made])
    for k, mean in enumerate(numbers.array("segment.mean_limit")):
        assert amount[code == k].mean() / 100 == pytest.approx(mean, rel=0.02)


def test_ties_join_like_with_like(small_world: Path) -> None:
    known = table(small_world, "contacts")
    n = 3_001
    tie = sp.csr_matrix(
        (np.ones(len(known)), (known["customer_id"], known["contact_id"])), shape=(n, n)
    )
    assert abs(tie - tie.T).sum() == 0
    assert tie.diagonal().sum() == 0
    degree = np.asarray(tie.sum(axis=1)).ravel()
    clustering = (tie @ tie).multiply(tie).sum() / (degree * (degree - 1)).sum()
    assert 0.15 <= clustering <= 0.35
    tagged = np.zeros(n)
    tagged[table(small_world, "tags")["customer_id"].unique()] = 1
    ends = tagged[known["customer_id"]], tagged[known["contact_id"]]
    assert 0.12 <= np.corrcoef(*ends)[0, 1] <= 0.28
    kinds = known.set_index(["customer_id", "contact_id"])["type"]
    back = kinds.reindex(kinds.index.swaplevel()).to_numpy()
    assert (kinds.to_numpy() == back).all()


def test_devices_are_shared_by_few_and_one_in_a_block_by_many(small_world: Path) -> None:
    seen = table(small_world, "device_use")
    assert not seen.duplicated(["customer_id", "device_id", "event_time"]).any()
    users = seen.groupby("device_id")["customer_id"].nunique()
    assert (users > 30).sum() == 2  # of three blocks, one is half as large
    assert 0.02 < (users > 1).mean() < 0.1
    start = table(small_world, "customers").set_index("customer_id")["event_time"]
    assert (seen["event_time"] >= seen["customer_id"].map(start)).all()
    accounts = seen.groupby("customer_id")["account_id"].nunique()
    assert accounts.max() == 4
    assert 0.1 < (accounts > 1).mean() < 0.25
    assert seen.groupby("account_id")["customer_id"].nunique().max() == 1


def test_who_stands_surety_is_an_acquaintance(small_world: Path) -> None:
    surety = table(small_world, "guarantees")
    assert (surety["customer_id"] != surety["guarantor_id"]).all()
    known = table(small_world, "contacts").set_index(["customer_id", "contact_id"]).index
    assert pd.MultiIndex.from_frame(surety[["customer_id", "guarantor_id"]]).isin(known).all()
    segment = table(small_world, "customers").set_index("customer_id")["segment"]
    helped = segment.index.isin(surety["customer_id"])
    assert helped[segment == "sme"].mean() > 2 * helped[segment != "sme"].mean()


def test_published_shares_hold(small_world: Path) -> None:
    loans = table(small_world, "loans")
    repeat = loans[loans["application_id"].isna()]["customer_id"].nunique() / 3_000
    assert repeat == pytest.approx(0.68, abs=3.5 * np.sqrt(0.68 * 0.32 / 3_000))
    channel = table(small_world, "repayments")["channel"].value_counts(normalize=True)
    assert channel["balance"] == pytest.approx(0.83, abs=0.01)


def test_half_of_people_spend_over_60_percent_on_living(built: pd.DataFrame) -> None:
    assert (built["consumption_living_share_90d"] > 0.6).mean() == pytest.approx(0.45, abs=0.05)


def test_sex_region_and_birth_have_no_effect(small_world: Path, truth: Truth) -> None:
    people = table(small_world, "customers").set_index("customer_id")
    p = truth.frame.set_index("customer_id")["p"]
    female = people["sex"] == "female"
    gap = p[female].mean() - p[~female].mean()
    assert abs(gap) < 3.5 * p.std() * 2 / np.sqrt(len(p))


# -- the truth


def test_segment_rates_and_shares_are_exact(truth: Truth) -> None:
    frame, numbers = truth.frame, figures(START)
    for name, rate in zip(SEGMENTS, numbers.array("segment.bad_rate"), strict=True):
        part = frame[frame["segment"] == name]
        assert part["p"].mean() == pytest.approx(rate, abs=1e-9)
        assert abs(part["y"].mean() - rate) < 3 * np.sqrt(rate * (1 - rate) / len(part))
    assert list(truth.shares.values()) == pytest.approx([0.30, 0.25, 0.20, 0.15, 0.10], abs=1e-9)
    assert frame["linear"].std() == pytest.approx(1.1, abs=1e-9)


def test_covariance_shares_by_another_way(truth: Truth, eta: np.ndarray) -> None:
    parts = eta * np.array(list(truth.facts["beta"].values()))
    total = parts.sum(axis=1)
    shares = [np.cov(part, total)[0, 1] / total.var(ddof=1) for part in parts.T]
    assert shares == pytest.approx(list(truth.shares.values()), abs=1e-12)


def test_final_tables_give_the_features_of_the_truth(
    built: pd.DataFrame, truth: Truth, eta: np.ndarray
) -> None:
    def column(name: str) -> np.ndarray:
        return built[name].to_numpy(np.float64, na_value=np.nan)

    weights, risk = truth.facts["weights"], features.catalogue().risk
    again = [truth_of_world.index(column, weights[name], risk) for name in DIMENSIONS]
    assert (built["observation_id"].to_numpy() == truth.frame["application_id"].to_numpy()).all()
    assert np.array_equal(np.column_stack(again), eta)


def test_no_single_feature_holds_60_percent(built: pd.DataFrame, truth: Truth) -> None:
    p, full = truth.frame["p"].to_numpy(), truth.facts["ceiling"]["gini"]
    for name in built.columns.drop("observation_id"):
        column = built[name]
        values = (
            column.to_numpy(np.float64)
            if pd.api.types.is_numeric_dtype(column)
            else pd.factorize(column)[0].astype(np.float64)
        )
        assert truth_of_world.single_feature_gini(p, values) <= 0.60 * full, name


def test_features_of_the_truth_rise_with_risk(built: pd.DataFrame, truth: Truth) -> None:
    risk, p = features.catalogue().risk, truth.frame["p"].to_numpy()
    for name in (name for part in truth.facts["weights"].values() for name in part):
        values = built[name].to_numpy()
        known = np.isfinite(values)
        assert risk[name] * (expected_auc(p[known], values[known]) - 0.5) > 0, name


def test_the_bayes_score_is_out_of_reach_by_sampling_only(truth: Truth) -> None:
    frame = truth.frame
    generator = np.random.default_rng(0)
    log_odds = np.array([truth.facts["intercepts"][name] for name in frame["segment"]])
    log_odds = log_odds + frame["linear"].to_numpy()
    drawn = []
    for _ in range(60):
        frailty = 0.6 * generator.standard_normal(len(frame))
        y = generator.random(len(frame)) < expit(log_odds + frailty)
        drawn.append(roc_auc_score(y, frame["p"]))
    error = np.std(drawn)
    assert np.mean(drawn) == pytest.approx(truth.auc, abs=3 * error / np.sqrt(60))
    assert abs(roc_auc_score(frame["y"], frame["p"]) - truth.auc) < 3 * error


def test_logistic_regression_on_eta_reaches_the_ceiling(
    truth: Truth, eta: np.ndarray, segment: np.ndarray
) -> None:
    X = np.column_stack([eta, np.eye(3)[segment]])
    p, y = truth.frame["p"].to_numpy(), truth.frame["y"].to_numpy()
    full = truth.facts["ceiling"]["gini"]
    model = LogisticRegression(C=1e6, max_iter=1_000).fit(X, y)
    assert ceiling.gini(expected_auc(p, model.decision_function(X))) > 0.97 * full


def test_subset_ceilings_grow_and_are_reached(
    truth: Truth, eta: np.ndarray, segment: np.ndarray
) -> None:
    said = truth.facts["subset_ceilings"]
    assert len(said) == 32
    sets = {frozenset(filter(None, name.split("+"))): auc for name, auc in said.items()}
    assert sets[frozenset(DIMENSIONS)] == pytest.approx(truth.auc, abs=1e-12)
    for small, low in sets.items():
        assert all(low < high for large, high in sets.items() if small < large)
    # Each person weighs p as bad and 1 - p as good: a fit to infinitely many draws of y.
    p = truth.frame["p"].to_numpy()
    y, weight = np.repeat([1, 0], p.size), np.concatenate([p, 1 - p])
    for subset in ((0,), (1, 2), (0, 2, 3, 4)):
        X = np.column_stack([eta[:, subset], np.eye(3)[segment]])
        model = LogisticRegression(C=1e6, max_iter=1_000).fit(np.tile(X, (2, 1)), y, weight)
        reached = expected_auc(p, model.decision_function(X))
        ceiling_of_subset = sets[frozenset(DIMENSIONS[d] for d in subset)]
        assert ceiling_of_subset - 0.006 < reached < ceiling_of_subset + 0.001


def test_subset_ceilings_are_exact_for_a_gaussian_copula() -> None:
    generator = np.random.default_rng(1)
    eta = generator.standard_normal((8_000, 5))
    beta = np.array([0.8, 0.5, 0.4, 0.3, 0.2])
    segment = np.zeros(len(eta), dtype=np.int64)
    said = subset_ceilings(eta, segment, beta, np.array([-2.0, 0.0, 0.0])[:1], 0.6)
    hidden = np.sqrt(0.36 + (beta[1:] ** 2).sum())
    seen = ceiling.integrate_frailty(-2 + 0.8 * eta[:, 0], hidden)
    assert said[("payment",)] == pytest.approx(expected_auc(seen), abs=0.008)
    assert said[()] == pytest.approx(0.5, abs=1e-12)


def test_subset_ceilings_see_that_holding_nothing_is_news() -> None:
    # Half the people share one value of eta_wealth, and it tells of their eta_payment.
    generator = np.random.default_rng(2)
    eta = generator.standard_normal((20_000, 5))
    nothing = generator.random(len(eta)) < 0.5
    eta[nothing, 2] = 0.0
    eta[nothing, 0] += 2.0
    beta, segment = np.array([1.0, 0.1, 0.1, 0.1, 0.1]), np.zeros(len(eta), dtype=np.int64)
    said = subset_ceilings(eta, segment, beta, np.array([-2.0]), 0.6)
    p = ceiling.integrate_frailty(-2 + eta @ beta, 0.6)
    assert said[("wealth",)] >= expected_auc(p, nothing.astype(float)) - 0.002 > 0.6


def test_an_interaction_leaves_only_the_full_ceiling(tmp_path: Path) -> None:
    generate(tmp_path / "w", WorldOptions(people=600, months=3, interaction=0.3))
    truth = read(tmp_path / "w")
    assert truth.facts["subset_ceilings"] == {}
    parts = truth.frame["eta_payment"] * truth.frame["eta_wealth"]
    beta = np.array(list(truth.facts["beta"].values()))
    eta = truth.frame[[f"eta_{dimension}" for dimension in DIMENSIONS]].to_numpy()
    assert np.allclose(truth.frame["linear"], eta @ beta + 0.3 * parts)


# -- mathematics


@given(st.lists(st.tuples(st.floats(0.01, 0.99), st.integers(0, 4)), min_size=2, max_size=25))
def test_expected_auc_against_every_pair(rows: list[tuple[float, int]]) -> None:
    p, score = np.array([row[0] for row in rows]), np.array([float(row[1]) for row in rows])
    won = total = 0.0
    for i in range(p.size):
        for j in range(p.size):
            if i != j:
                weight = p[i] * (1 - p[j])
                total += weight
                won += weight * ((score[i] > score[j]) + 0.5 * (score[i] == score[j]))
    assert expected_auc(p, score) == pytest.approx(won / total, abs=1e-12)


@pytest.mark.parametrize(
    ("p", "score", "words"),
    [
        ([0.1, 0.2], [1.0], "vectors of one length"),
        ([0.1], [1.0], "at least 2"),
        ([0.1, 1.2], [1.0, 2.0], r"p must lie in \[0, 1\]"),
        ([0.1, 0.2], [1.0, np.nan], "must be finite"),
    ],
)
def test_expected_auc_refuses(p: list[float], score: list[float], words: str) -> None:
    with pytest.raises(DataError, match=words):
        expected_auc(np.array(p), np.array(score))


def test_frailty_is_integrated_out() -> None:
    z = np.linspace(-12, 12, 200_001)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    for log_odds in (-4.0, -1.0, 2.0):
        exact = np.trapezoid(expit(log_odds + 0.6 * z) * density, z)
        found = ceiling.integrate_frailty(np.array([log_odds]), 0.6)[0]
        assert found == pytest.approx(exact, abs=1e-10)


@given(st.integers(0, 10_000))
def test_risk_budget_gives_any_shares(seed: int) -> None:
    generator = np.random.default_rng(seed)
    root = generator.standard_normal((5, 9))
    covariance = root @ root.T / 9
    shares = generator.dirichlet(np.full(5, 2.0)) + 1e-3
    beta = truth_of_world.risk_budget(covariance, shares, 1.1)
    parts = beta * (covariance @ beta)
    assert (beta > 0).all()
    assert parts == pytest.approx(shares / shares.sum() * 1.21, rel=1e-9)


def test_normal_scores_of_ties_and_nulls() -> None:
    values = np.array([5.0, np.nan, 1.0, 1.0 + 1e-15, 9.0])
    scores = truth_of_world.normal_scores(values)
    assert scores[1] == 0
    assert scores[2] == scores[3] < scores[0] < scores[4]
    assert (truth_of_world.normal_scores(np.full(3, np.nan)) == 0).all()


@pytest.mark.parametrize(("link", "centre"), [("log", 3.0), ("logit", 0.2)])
def test_behaviour_follows_its_trait(link: str, centre: float) -> None:
    behaviour = Behaviour(link=link, centre=centre, spread=0.5, loading=-0.8)
    trait = np.random.default_rng(0).standard_normal(20_000)
    drawn = behaviour.draw(np.random.default_rng(1), trait)
    assert np.median(drawn) == pytest.approx(centre, rel=0.02)
    assert np.corrcoef(np.log(drawn), trait)[0, 1] < -0.7


def test_a_behaviour_out_of_range_is_refused() -> None:
    wrong = Figures({"x": {"link": "cube", "centre": 1.0, "spread": 1.0, "loading": 0.0}})
    with pytest.raises(PolicyError, match="x needs link 'log' or 'logit'"):
        wrong.behaviour("x")
