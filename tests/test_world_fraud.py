"""Fraud in the generated world: as many as the figures say, found by what they do, told late."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from typer.testing import CliRunner

from credit import features
from credit.cli import app
from credit.engine import Engine
from credit.errors import DataError
from credit.features.graph.rings import Sharing
from credit.schema import DAY
from credit.world import FraudTruth, WorldOptions, generate, read, read_fraud
from credit.world.figures import figures
from credit.world.fraud import crimes, roles
from credit.world.fraud.detector import face_scores, flagged
from credit.world.fraud.payees import classes, known_days
from credit.world.options import blocks
from credit.world.people import populate
from credit.world.rows import NULL

START = date(2023, 1, 1)
WORLD = WorldOptions(people=1_900, seed=17, months=3, observed_months=2, fraud=True)

ROWS_WITHOUT = {
    "customers": 300, "applications": 300, "payments": 46_390, "contacts": 1_950,
    "transfers": 11_972, "device_use": 490, "guarantees": 23, "tags": 72,
    "wealth_positions": 6_169, "wealth_orders": 1_458, "loans": 682, "instalments": 8_266,
    "repayments": 6_405,
}  # fmt: skip
SPENT_WITHOUT = 3_938_035_496
"""Of the world of 300 people, seed 7 and 3 months, before there was fraud in it."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fraud") / "world"
    generate(folder, WORLD)
    return folder


@pytest.fixture(scope="module")
def told(world: Path) -> FraudTruth:
    return read_fraud(world)


def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(folder / f"{name}.parquet")


# -- rows


def test_the_same_bytes_whatever_the_chunk(world: Path, tmp_path: Path) -> None:
    generate(tmp_path / "parts", replace(WORLD, chunk_people=1, threads=1))
    files = sorted(path.relative_to(world) for path in world.rglob("*") if path.is_file())
    assert {"logins.parquet", "fraud_labels.parquet"} < {str(file) for file in files}
    for file in files:
        assert (tmp_path / "parts" / file).read_bytes() == (world / file).read_bytes(), file


def test_without_fraud_the_world_is_what_it_was(tmp_path: Path) -> None:
    """Rows and sums of a world of 300 people from before there was fraud."""
    generate(tmp_path / "w", WorldOptions(people=300, months=3))
    said = json.loads((tmp_path / "w" / "world.json").read_text(encoding="utf-8"))
    assert "fraud" not in said["options"]
    assert said["rows"] == ROWS_WITHOUT
    payments = table(tmp_path / "w", "payments")
    assert int(payments["amount_fen"].sum()) == pytest.approx(SPENT_WITHOUT, rel=1e-6)
    assert "device_id" not in payments
    assert sorted(file.name for file in (tmp_path / "w" / "truth").iterdir()) == [
        "truth.json", "truth.parquet",
    ]  # fmt: skip
    with pytest.raises(DataError, match="generated with fraud: `credit world generate FOLDER --f"):
        read_fraud(tmp_path / "w")


def test_people_of_blocks_without_a_studio_are_those_of_the_world_without_fraud() -> None:
    numbers = figures(START)
    for block in blocks(WORLD, 1_200):
        one = populate(block, WORLD, numbers)[0]
        other = populate(block, replace(WORLD, fraud=False), numbers)[0]
        assert one.cast is not None
        honest = one.cast.studio < 0
        for name in ("traits", "segment", "thin", "as_of", "registered_at", "income_fen"):
            assert np.array_equal(getattr(one, name)[honest], getattr(other, name)[honest]), name
        assert other.cast is None


def test_tables_keep_the_contract(world: Path) -> None:
    with Engine() as engine:
        engine.add_directory(world)
        engine.add_lookup("merchant_categories", features.merchant_categories())
        engine.check().raise_if_any()
        assert {"logins", "fraud_labels"} <= set(engine.tables)
        assert not {"fraud", "risky_devices"} & set(engine.tables)


def test_the_command_writes_it(tmp_path: Path) -> None:
    said = CliRunner().invoke(
        app,
        ["world", "generate", str(tmp_path / "w"), "--people", "300", "--months", "3", "--fraud",
         "--quiet"],
    )  # fmt: skip
    assert said.exit_code == 0, said.output
    assert 1 <= len(read_fraud(tmp_path / "w").frauds) <= 2
    stated = json.loads((tmp_path / "w" / "world.json").read_text(encoding="utf-8"))
    assert stated["options"]["fraud"] is True


# -- how many


def test_fraud_is_half_a_percent_and_a_sixth_of_it_from_studios() -> None:
    """F12: .5 % of people; 17 % of it from studios within 1.5 points, types within 3 SE."""
    options = WorldOptions(people=60_000, seed=3, fraud=True)
    numbers = figures(START)
    casts = []
    for block in blocks(options, 1_200):
        thin = block.stream(1).random(block.size) < 0.2  # type: ignore[arg-type]
        casts.append(roles.cast(block, thin, options, numbers))
        assert (thin[casts[-1].kind >= roles.STUDIO]).all()
    kind = np.concatenate([cast.kind for cast in casts])
    count = np.bincount(kind[kind >= 0], minlength=4)
    assert abs(count.sum() - 0.005 * kind.size) <= 2
    assert count[roles.STUDIO] / count.sum() == pytest.approx(0.17, abs=0.015)
    shares = numbers.array("sim.fraud.other_types")
    others = count[: roles.STUDIO]
    error = np.sqrt(shares * (1 - shares) / others.sum())
    assert (abs(others / others.sum() - shares) < 3 * error).all()
    studio = np.concatenate([cast.studio for cast in casts])
    sizes = np.bincount(studio[studio >= 0])
    assert (sizes > 0).all()
    assert sizes.mean() == pytest.approx(numbers["sim.fraud.studio"]["size"], rel=0.15)


def test_no_studio_where_there_are_too_few_people() -> None:
    sizes, homes = roles.studios(WorldOptions(people=200), figures(START))
    assert sizes.size == homes.size == 0


def test_a_studio_is_opened_in_a_burst_and_shares_what_it_has(
    world: Path, told: FraudTruth
) -> None:
    members = told.frauds[told.frauds["type"] == "studio"].set_index("customer_id")
    assert 1 <= len(members) <= 4
    start = table(world, "customers").set_index("customer_id")["event_time"].loc[members.index]
    since = start - members["opened_at"]
    assert since.min() >= pd.Timedelta(0)
    assert since.max() <= pd.Timedelta(days=11)
    used = table(world, "device_use")
    used = used[used["customer_id"].isin(members.index)]
    assert used.groupby("device_id")["customer_id"].nunique().max() >= 2
    assert (members["started_at"] > members["opened_at"]).all()


# -- what is seen of it


def test_detector_has_both_published_qualities() -> None:
    """F01: precision .997 and recall .987, each within .003."""
    risky = np.arange(400_000) < 40_000
    found = flagged(np.random.default_rng(0), risky, figures(START))
    assert (found & risky).sum() / found.sum() == pytest.approx(0.997, abs=0.003)
    assert (found & risky).sum() / risky.sum() == pytest.approx(0.987, abs=0.003)
    none = flagged(np.random.default_rng(0), np.zeros(100, dtype=bool), figures(START))
    assert not none.any()


def test_faces_pass_and_are_mistaken_as_often_as_published() -> None:
    """F02: 99.2 % of true faces pass; of false ones .01 %, within 3 SE of 1,000,000."""
    numbers = figures(START)
    draw = np.random.default_rng(1)
    at = numbers.number("sim.face_threshold")
    true = (face_scores(draw, np.ones(400_000, dtype=bool), numbers) >= at).mean()
    false = (face_scores(draw, np.zeros(1_000_000, dtype=bool), numbers) >= at).mean()
    assert true == pytest.approx(0.992, abs=3 * np.sqrt(0.992 * 0.008 / 400_000))
    assert false == pytest.approx(0.0001, abs=3 * np.sqrt(0.0001 / 1_000_000))


def test_abnormal_sign_ins_are_refused_at_the_published_rate(world: Path, told: FraudTruth) -> None:
    """F03: 200,000 a day of 900 million users, scaled to the days of these people."""
    logins = table(world, "logins")
    devices = logins[logins["device_id"].isin(told.risky_devices)]
    alone = devices.groupby("device_id")["login_id"].transform("size") == 1
    refused = devices[alone & (devices["result"] == "failed") & (devices["method"] == "password")]
    applied = table(world, "applications").set_index("customer_id")["event_time"]
    start = table(world, "customers").set_index("customer_id")["event_time"]
    first = np.maximum(applied - pd.Timedelta(days=400), start)
    days = ((applied + pd.Timedelta(days=60)) - first).dt.days.sum()
    expected = days * 200_000 / 900_000_000
    assert abs(len(refused) - expected) < 3.5 * np.sqrt(expected)
    assert (refused["detector"] == 1).mean() > 0.95


def test_sign_ins_follow_a_habit(world: Path, told: FraudTruth) -> None:
    logins = table(world, "logins")
    honest = logins[~logins["customer_id"].isin(told.frauds["customer_id"])]
    honest = honest[~honest["device_id"].isin(told.risky_devices)]
    place = honest.groupby("customer_id")["latitude"]
    away = (honest["latitude"] - place.transform("median")).abs() > 1
    assert 0.005 < away.mean() < 0.06
    devices = honest.groupby("customer_id")["device_id"].agg(lambda x: x.mode()[0])
    usual = honest["device_id"] == honest["customer_id"].map(devices)
    assert 0.75 < usual.mean() < 0.97
    assert honest["face_score"].notna().eq(honest["method"] == "face").all()
    assert (honest["available_at"] - honest["event_time"]).max() < pd.Timedelta(minutes=1)


def test_a_takeover_is_entered_before_it_pays(world: Path, told: FraudTruth) -> None:
    payments = table(world, "payments").set_index("payment_id")
    logins = table(world, "logins")
    took = told.frauds[told.frauds["type"] == "takeover"]
    assert len(took) >= 2
    for fraud in took.itertuples():
        first = payments.loc[fraud.first_payment_id]
        assert first["customer_id"] == fraud.customer_id
        assert first["event_time"] == fraud.started_at
        entered = logins[
            (logins["customer_id"] == fraud.customer_id)
            & (logins["device_id"] == first["device_id"])
            & (logins["result"] == "ok")
            & (logins["event_time"] < fraud.started_at)
            & (logins["event_time"] >= fraud.started_at - pd.Timedelta(minutes=90))
        ]
        assert len(entered) >= 1


def test_labels_come_30_to_180_days_later(world: Path, told: FraudTruth) -> None:
    labels = table(world, "fraud_labels")
    delay = labels["available_at"] - labels["event_time"]
    assert delay.min() >= pd.Timedelta(days=30)
    assert delay.max() <= pd.Timedelta(days=180)
    merged = labels.merge(told.frauds, on=["customer_id", "type"])
    assert len(merged) == len(labels) < len(told.frauds), "what is not confirmed is not written"
    assert (merged["event_time"] == merged["started_at"]).all()
    said = json.loads((world / "world.json").read_text(encoding="utf-8"))
    assert labels["available_at"].max() <= pd.Timestamp(said["observed_until"])


def test_frauds_depart_from_what_the_person_usually_pays(world: Path, told: FraudTruth) -> None:
    """C12: by as many of the person's own standard deviations as the figure says."""
    numbers = figures(START)
    drawn = crimes.departures(np.random.default_rng(0), 20_000, numbers)
    noise = numbers["sim.fraud.payments"]["noise"]
    expected = numbers.number("sim.fraud.departure")
    assert drawn.mean() == pytest.approx(expected, abs=3 * noise / np.sqrt(20_000))
    payments = table(world, "payments").set_index("payment_id")
    income = table(world, "customers").set_index("customer_id")["declared_income_fen"]
    found = []
    for fraud in told.frauds.itertuples():
        own = payments[payments["customer_id"] == fraud.customer_id]
        before = own[(own["event_time"] < fraud.started_at) & (own["direction"] == "out")]
        amounts = before["amount_fen"].to_numpy()
        who = np.zeros(amounts.size, dtype=np.int64)
        mean, sd = crimes.habit_of(
            who, amounts, income.loc[[fraud.customer_id]].to_numpy(), numbers
        )
        first = payments.loc[fraud.first_payment_id, "amount_fen"]
        found.append((np.log(first) - mean[0]) / sd[0])
    assert np.median(found) == pytest.approx(expected, abs=0.6)


def test_rings_find_a_studio_once_it_is_open(world: Path, told: FraudTruth) -> None:
    """F12: made-up people are one ring by what they share, known at the instant."""
    studio = told.frauds[told.frauds["type"] == "studio"]
    members = set(studio["customer_id"])
    opened = int(studio["opened_at"].min().value) // 1_000
    said = json.loads((world / "world.json").read_text(encoding="utf-8"))
    end = pd.Timestamp(said["observed_until"]).value // 1_000
    with Engine() as engine:
        engine.add_directory(world)
        sharing = Sharing.read(engine)
    before = [set(ring.members) for ring in sharing.rings(opened, smallest=2)]
    assert not any(members & ring for ring in before)
    after = [set(ring.members) for ring in sharing.rings(end, smallest=2)]
    assert any(members <= ring for ring in after)


# -- the truth stays out, and holds


def test_no_feature_reads_the_truth(world: Path) -> None:
    with Engine() as engine:
        engine.add_directory(world)
        tables = {name: set(engine.columns(name)) for name in engine.tables}
    hidden = {path.stem for path in (world / "truth").glob("*.parquet")}
    assert hidden == {"truth", "fraud", "risky_devices"}
    assert not hidden & set(tables)
    columns = {column for names in tables.values() for column in names}
    assert not columns & {"studio", "opened_at", "started_at", "risky", "fraud", "first_payment_id"}


def test_keys_do_not_tell_fraud_apart(world: Path, told: FraudTruth) -> None:
    payments = table(world, "payments")
    assert payments["payment_id"].is_unique
    block = payments["payment_id"] // 10_000_000
    order = payments.assign(block=block).sort_values(["block", "customer_id", "event_time"])
    assert (order.groupby("block")["payment_id"].diff().dropna() == 1).all()
    seen = table(world, "device_use")["device_id"].unique()
    tried = table(world, "logins")["device_id"].unique()
    first = np.unique(np.concatenate([seen, tried]))
    later = first[first % 10_000_000 > 3 * 1_200 + 2]
    risky = np.isin(later, told.risky_devices)
    assert 100 < risky.sum() < later.size - 100
    error = np.sqrt((later.size + 1) / (12 * risky.sum() * (~risky).sum()))
    assert abs(roc_auc_score(risky, later % 10_000_000) - 0.5) < 3.5 * error


def test_the_credit_truth_is_that_of_the_rows_as_written(world: Path) -> None:
    truth = read(world)
    assert len(truth.frame) == WORLD.people
    for name, rate in figures(START)["segment.bad_rate"].items():
        part = truth.frame[truth.frame["segment"] == name]
        assert part["p"].mean() == pytest.approx(rate, abs=1e-9)
    assert list(truth.shares.values()) == pytest.approx([0.30, 0.25, 0.20, 0.15, 0.10], abs=1e-9)


# -- payees


def test_merchants_keep_their_class_and_high_risk_ones_are_mostly_c() -> None:
    numbers = figures(START)
    names = numbers.names("consumption.amount")
    risky = names.index("high_risk") * 10_000 + 1 + np.arange(800)
    living = names.index("living") * 10_000 + 1 + np.arange(800)
    assert (classes(risky, numbers) == 2).mean() == pytest.approx(0.6, abs=0.06)
    assert (classes(living, numbers) == 2).mean() == pytest.approx(0.01, abs=0.015)
    assert classes(np.array([NULL]), numbers)[0] == -1


def test_a_payee_is_known_since_the_first_payment_or_longer() -> None:
    owner = np.array([0, 0, 0, 1, 1])
    merchant = np.array([5, 5, NULL, 5, 7])
    at = np.array([10, 13, 14, 20, 21]) * DAY
    registered = np.array([9, 0]) * DAY
    draw = np.random.default_rng(0)
    new = known_days(draw, (owner, merchant, at), np.ones(5), registered, figures(START))
    assert new.tolist() == [0, 3, NULL, 0, 0]
    old = known_days(draw, (owner, merchant, at), np.zeros(5), registered, figures(START))
    assert old[1] - old[0] == 3
    assert old[0] <= 1
    assert old[2] == NULL
