"""`credit audit leakage`: it passes what is clean, and names what leaks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from feature_tables import World, connected_world, engine_of, random_world
from test_cli import credit

from credit.engine import Engine
from credit.errors import CreditError, FeatureError
from credit.feature import Catalogue, Propagation
from credit.features import build, catalogue, chosen
from credit.features.graph import blocks, known, propagate
from credit.features.own import read_features
from credit.features.proof import own_data
from credit.features.proof.copies import copies
from credit.features.proof.own_data import Looked, as_served, look
from credit.features.proof.own_record import look_at_records
from credit.features.proof.placebo import of_ties, placebo
from credit.features.proof.scramble import hidden, scrambled
from credit.features.window import rule
from credit.pipeline import audit, leakage
from credit.pipeline.leakage import AuditOptions
from credit.schema import DAY, TABLES
from credit.world import WorldOptions, generate

OWN = """
[[features]]
kind = "window"
name = "payment_rent_count_90d"
dimension = "payment"
label = "Payments for rent"
unit = "count"
null_means = "never null"
risk = 0
reason = { en = "Rent", zh = "房租" }
table = "payments"
days = 90
measure = { aggregate = "count", where = "purpose = 'rent'" }

[[features]]
kind = "ties"
name = "social_marked_count"
dimension = "social"
label = "Contacts with a negative mark"
unit = "count"
null_means = "never null"
risk = 1
reason = { en = "Marks", zh = "标签" }
ties = "contacts"
measure = { aggregate = "count", where = "peer_tagged = 1" }

[[features]]
kind = "expression"
name = "social_marks_by_exposure"
dimension = "social"
label = "Marks near by, by closeness to a bad record"
unit = "ratio"
null_means = "no tie"
risk = 0
reason = { en = "Marks", zh = "标签" }
expression = "marks * social_bad_exposure"
[[features.parts]]
kind = "ties"
name = "marks"
ties = "contacts"
measure = { aggregate = "count", where = "peer_tagged = 1" }
"""
EXPOSURE = catalogue()["social_bad_exposure"]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    path = tmp_path_factory.mktemp("own") / "own.toml"
    path.write_text(OWN, encoding="utf-8")
    return Catalogue((*read_features(path), EXPOSURE))


@pytest.fixture(autouse=True)
def few_snapshots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at less than a user would: every month builds the whole network again."""
    monkeypatch.setattr(own_data, "SNAPSHOTS", 4)
    monkeypatch.setattr(own_data, "MIXED", 4)
    monkeypatch.setattr(leakage, "PERMUTATIONS", 2)


def opened() -> Engine:
    return Engine(threads=2, memory_limit="1GB")


def looked_at(world: World, features: Catalogue, seed: int = 0) -> Looked:
    with engine_of(world.tables) as engine:
        return look(engine, world.spine(), features, opened, seed=seed)


# -- rewriting the future of tables of one's own


def test_no_built_in_feature_moves() -> None:
    world = connected_world(5, people=40)
    found = looked_at(world, catalogue())
    assert found.moved == {}
    assert set(found.cells) == set(catalogue().names)
    assert sum(found.cells.values()) > 8_000
    assert len(found.varied) > 240


def test_the_same_seed_gives_the_same_tables() -> None:
    world = random_world(6)
    with engine_of(world.tables) as engine:
        made, _ = copies(engine, world.spine())
    one, again, other = (scrambled(made, seed) for seed in ((1, 2), (1, 2), (1, 3)))
    for name, frame in one.tables.items():
        pd.testing.assert_frame_equal(frame, again.tables[name])
    assert any(not frame.equals(other.tables[name]) for name, frame in one.tables.items())


def test_what_is_visible_stays_and_what_is_added_is_not() -> None:
    """The rows an instant sees are the same before and after, whatever else became of them."""
    world = random_world(7)
    with engine_of(world.tables) as engine:
        made, spine = copies(engine, world.spine())
    assert len(set(spine["customer_id"])) == len(spine)
    changed = scrambled(made, (0, 0))
    for name, frame in made.tables.items():
        seen = []
        for tables in (frame, changed.tables[name]):
            q = made.as_of[tables["copy"].to_numpy(np.int64)]
            there = tables[~hidden(name, tables, q)].drop(columns="repaired_at", errors="ignore")
            seen.append(there.sort_values(list(there)).reset_index(drop=True))
        pd.testing.assert_frame_equal(seen[0], seen[1], check_dtype=False)
        if name != "customers":
            assert len(changed.tables[name]) > len(seen[0])
        keys = list(TABLES[name].key)
        if len(keys) == 1 and name != "customers":
            assert not changed.tables[name].duplicated(["copy", *keys]).any()


def test_ids_may_be_texts() -> None:
    world = connected_world(8, people=12)
    ids = ("customer_id", "counterparty_id", "contact_id", "guarantor_id")
    named = {
        table: [{k: f"p{v}" if k in ids else v for k, v in row.items()} for row in rows]
        for table, rows in world.tables.items()
    }
    spine = world.spine()
    spine["customer_id"] = [f"p{person}" for person in spine["customer_id"]]
    some = Catalogue((catalogue()["payment_daily_amount_90d"],
                      catalogue()["social_counterparty_count_180d"], EXPOSURE))  # fmt: skip
    with opened() as engine:
        for name, rows in named.items():
            engine.add(name, pd.DataFrame(rows))
        found = look(engine, spine, some, opened)
    assert found.moved == {}
    assert set(found.cells) == set(some.names)


CONTROLS: dict[str, tuple[object, str, Callable[..., object], set[str]]] = {
    "an event in the very instant counts": (
        rule, "before", lambda time, q: f"{time} <= {q}", {"payment_rent_count_90d"},
    ),
    "availability is ignored": (
        rule, "known", lambda available_at, q: "1 = 1",
        {"payment_rent_count_90d", "social_marked_count"},
    ),
    "a label counts from its event on": (
        rule, "known_from", lambda event: f"({event}.event_time + 1)",
        {"social_bad_exposure"},
    ),
    "labels are those of later": (
        blocks, "known_at", lambda engine, instants, people: (
            known.Known(as_of=k.as_of - 300 * DAY, bad=k.bad, good=k.good)
            for k in known.known_at(engine, [at + 300 * DAY for at in instants], people)
        ),
        {"social_bad_exposure"},
    ),
}  # fmt: skip
"""Fault -> where, what, what it becomes, and the features of the user that must be named."""


@pytest.mark.parametrize("fault", CONTROLS)
def test_a_leak_is_named_with_an_example(
    fault: str, own: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, name, broken, concerned = CONTROLS[fault]
    world = connected_world(9, people=40)
    monkeypatch.setattr(place, name, broken)
    moved = looked_at(world, own).moved
    assert set(moved) >= concerned
    for one in moved.values():
        assert one.count >= 1
        assert one.observation_id in set(world.spine()["observation_id"])
        assert one.before != one.after


def test_features_of_ones_own_pass(own: Catalogue) -> None:
    found = looked_at(connected_world(9, people=40), own)
    assert found.moved == {}
    assert set(found.cells) == set(own.names)
    assert found.cells["social_marks_by_exposure"] == 4


def test_a_file_of_features_cannot_reach_the_instant(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    reaching = OWN.replace("purpose = 'rent'", "event_time <= as_of")
    path.write_text(reaching, encoding="utf-8")
    world = random_world(9)
    with (
        engine_of(world.tables) as engine,
        pytest.raises(FeatureError, match="may not name the as-of instant"),
    ):
        build(engine, world.spine(), Catalogue(read_features(path).features[:1]))


# -- a person's own record


def records(world: World) -> Looked:
    network = Catalogue(tuple(f for f in catalogue() if isinstance(f, Propagation)))
    with engine_of(world.tables) as engine:
        return look_at_records(engine, world.spine(), network)


def test_the_own_record_never_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    world = connected_world(11, people=30)
    clean = records(world)
    assert clean.moved == {}
    assert {"social_bad_exposure", "social_neighbour_bad_rate", "social_community_bad_rate",
            "social_device_ring_bad_rate"} <= set(clean.cells)  # fmt: skip
    assert "social_pagerank" not in clean.cells
    monkeypatch.setattr(propagate, "_returns", lambda *a: np.zeros(a[3].size))
    assert set(records(world).moved) == {
        "social_bad_exposure", "social_good_exposure", "social_money_bad_exposure",
    }  # fmt: skip


# -- as of serving, and at somebody else's place


def test_serving_gives_what_the_back_test_gave(monkeypatch: pytest.MonkeyPatch) -> None:
    world = connected_world(12, people=12)
    spine = world.spine()
    with engine_of(world.tables) as engine:
        tested = build(engine, spine, catalogue())
        told = as_served(engine, spine, catalogue(), opened)
        pd.testing.assert_frame_equal(told, tested, check_exact=False, rtol=1e-12)
        monkeypatch.setattr(rule, "known", lambda available_at, q: "1 = 1")
        some = chosen(catalogue(), ["payment_daily_amount_90d"])
        tested, told = build(engine, spine, some), as_served(engine, spine, some, opened)
    assert not told.equals(tested)


def test_a_placebo_permutes_ties_and_leaves_records() -> None:
    world = connected_world(13, people=16)
    spine = world.spine()
    with engine_of(world.tables) as engine:
        tied = of_ties(engine, catalogue())
        some = chosen(catalogue(), tied[::3])
        tested = build(engine, spine, some)
        one, again, other = (placebo(engine, spine, some, opened, seed=seed) for seed in (1, 1, 2))
    assert "social_contact_count" in tied
    assert "social_pagerank" in tied
    assert "payment_daily_amount_90d" not in tied
    assert list(one) == ["observation_id", *some.names]
    pd.testing.assert_frame_equal(one, again)
    for name in some.names[:4]:
        assert not one[name].equals(tested[name])
        assert not one[name].equals(other[name])


# -- the command


PIPELINE = """
name = "audited"
seed = 3
[source]
kind = "world"
people = 2200
months = 36
[features]
include = [{include}]
[split]
kind = "out_of_time"
test_from = 2022-09-01
"""
FEW = (
    "application_amount_fen", "application_tenure_days", "repayment_overdue_count_365d",
    "social_contact_count", "social_bad_exposure", "social_neighbour_bad_rate",
)  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audit") / "world"
    generate(folder, WorldOptions(people=2_200, start=date(2021, 1, 1), months=36, seed=3))
    # Almost without marks: a bad record is then a late one, as in the outcome.
    pd.read_parquet(folder / "tags.parquet").head(5).to_parquet(folder / "tags.parquet")
    return folder


def pipeline(folder: Path, *include: str) -> Path:
    path = folder / "pipeline.toml"
    listed = ", ".join(f'"{name}"' for name in include)
    path.write_text(PIPELINE.format(include=listed), encoding="utf-8")
    return path


def test_a_clean_pipeline_passes(world: Path, tmp_path: Path) -> None:
    path = pipeline(tmp_path, *FEW)
    done = credit("audit", "leakage", path, "--data", world, "--observations", 100, "--quiet",
                  "-o", tmp_path / "features.csv")  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert "LEAKS" not in done.stdout
    assert "0 moved" in done.stdout
    table = pd.read_csv(tmp_path / "features.csv").set_index("feature")
    assert list(table.index) == [name for name in catalogue().names if name in FEW]
    assert (table["verdict"] == "holds").all()
    assert table.loc["social_contact_count", "cells"] == 100


def careless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let labels be those of the end of time, and walks bring one's own back."""

    def later(engine, instants, people):
        (last,) = known.known_at(engine, [2**60], people)
        return (known.Known(as_of=at, bad=last.bad, good=last.good) for at in instants)

    monkeypatch.setattr(blocks, "known_at", later)
    monkeypatch.setattr(propagate, "_returns", lambda *a: np.zeros(a[3].size))


def test_a_careless_network_fails_every_check(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What looks wonderful in a back-test: walks from the labels of the end, one's own too."""
    path = pipeline(tmp_path, "application_amount_fen", "social_bad_exposure")
    folds = 'kind = "repeated_folds"\nvalidation_share = 0.45'  # all labels of the end train
    timed = 'kind = "out_of_time"\ntest_from = 2022-09-01'
    path.write_text(path.read_text("utf-8").replace(timed, folds), encoding="utf-8")
    careless(monkeypatch)
    done = credit("audit", "leakage", path, "--data", world, "--observations", 300, "--quiet")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    for check in ("the future is rewritten", "people's own records are rewritten",
                  "everybody at somebody else's place",
                  "scored with features as of serving"):  # fmt: skip
        assert any(check in line and "LEAKS" in line for line in lines), done.stdout
    assert "social_bad_exposure" in done.stdout
    assert "person " in done.stdout


def test_a_leak_of_time_is_named_without_a_network(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rule, "before", lambda time, q: "1 = 1")
    monkeypatch.setattr(rule, "known", lambda available_at, q: "1 = 1")
    found = audit.audit_leakage(
        pipeline(tmp_path, "application_amount_fen", "repayment_overdue_open"),
        data=world, options=AuditOptions(observations=200),
    )  # fmt: skip
    checks = {row[0]: row[-1] for row in found.tables[0].rows}
    assert set(checks) == {"the future is rewritten", "scored with features as of serving"}
    assert checks["the future is rewritten"] == "LEAKS"
    assert found.leaks
    assert [row[0] for row in found.tables[1].rows] == ["repayment_overdue_open"]


# -- refusals


def tables_only(folder: Path, *names: str, source: Path) -> Path:
    sections = "\n".join(f'[tables.{name}]\npath = "{source / name}.parquet"\n' for name in names)
    text = PIPELINE.split("[features]", maxsplit=1)
    head = text[0].split("[source]", maxsplit=1)[0] + '[source]\nkind = "tables"\n'
    path = folder / "tables.toml"
    path.write_text(head + sections + text[1].split("]", 1)[1], encoding="utf-8")
    return path


def test_refusals_are_one_sentence(world: Path, tmp_path: Path) -> None:
    cases: list[tuple[Path, dict[str, object], str]] = [
        (tmp_path / "loans.csv", {}, "a flat file has no events and no instants"),
        (tmp_path / "absent.toml", {}, "does not exist"),
        (pipeline(tmp_path), {"data": world}, "the pipeline has no feature"),
        (tables_only(tmp_path, "applications", "customers", source=world), {},
         "has no table of events"),
    ]  # fmt: skip
    for path, options, sentence in cases:
        with pytest.raises(CreditError, match=sentence) as refused:
            audit.audit_leakage(path, **options)
        assert "\n" not in str(refused.value)
    unlabelled = tables_only(tmp_path, "applications", "customers", "payments", source=world)
    with pytest.raises(CreditError, match="loans: an outcome needs this table"):
        audit.audit_leakage(unlabelled)
    with pytest.raises(CreditError, match="observations must be at least 1, got 0"):
        AuditOptions(observations=0)
