"""`credit federated train`: each party's own tables, one model, measured against both ways."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from federated_work import fail

from credit.cli.commands import app
from credit.engine import Engine
from credit.errors import ConfigError, FederatedError
from credit.pipeline import federated
from credit.pipeline.parties import UNKNOWN, divide_people, write_tables_of

PEOPLE = 900
SECOND = 1_000_000
PIPELINE = """
name = "lenders"
seed = 5
[source]
kind = "tables"
[tables.customers]
path = "tables/customers.parquet"
[tables.applications]
path = "tables/applications.parquet"
[tables.outcomes]
path = "tables/outcomes.parquet"
[features]
include = ["application_segment", "application_declared_income_fen", "application_amount_fen"]
[outcome]
kind = "given"
[split]
kind = "out_of_time"
test_from = 2024-04-01
[models.xgboost]
seeds = 1
[tracking]
enabled = false
"""


def tables() -> dict[str, pd.DataFrame]:
    """Return people who apply once, in 2024; bad where they ask for much of little."""
    rng = np.random.default_rng(4)
    person = np.arange(PEOPLE)
    start = pd.Timestamp("2024-01-01", tz="UTC").value // 1000
    registered = np.full(PEOPLE, start - 90 * 86_400 * SECOND)
    applied = start + rng.integers(0, 180 * 86_400, PEOPLE) * SECOND
    income = rng.integers(200_000, 2_000_000, PEOPLE)
    amount = rng.integers(100_000, 4_000_000, PEOPLE)
    margin = 1.2 * np.log(amount / income) - 1
    region = np.array(["north", "south", "south", "east", "east", "east", None], dtype=object)
    customers = pd.DataFrame(
        {
            "customer_id": person, "event_time": registered, "available_at": registered,
            "segment": np.where(person % 2, "sme", "white_collar"),
            "region": region[rng.integers(0, 7, PEOPLE)],
            "declared_income_fen": income,
        }
    )  # fmt: skip
    applications = pd.DataFrame(
        {
            "application_id": person + 10_000, "customer_id": person, "event_time": applied,
            "available_at": applied, "amount_fen": amount,
        }
    )  # fmt: skip
    outcomes = pd.DataFrame(
        {
            "application_id": person + 10_000,
            "bad": (rng.random(PEOPLE) < 1 / (1 + np.exp(-margin))).astype(int),
            "known_at": np.full(PEOPLE, start - 1),
        }
    )
    return {"customers": customers, "applications": applications, "outcomes": outcomes}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Return a working directory with a pipeline file and its tables."""
    (tmp_path / "tables").mkdir()
    for name, frame in tables().items():
        frame.to_parquet(tmp_path / "tables" / f"{name}.parquet")
    (tmp_path / "lenders.toml").write_text(PIPELINE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_run_by_region_writes_one_model_four_times_and_says_what_it_is_worth(home):
    stages = []
    result = federated.run(
        Path("lenders.toml"), by="region", progress=lambda stage, _share: stages.append(stage)
    )
    folder = Path(result.places["run"])
    assert (home / "runs" / "lenders-federated" / "latest").resolve() == folder.resolve()
    found = json.loads((folder / "result.json").read_text())
    assert found["parties"] == [UNKNOWN, "east", "north", "south"]
    assert found["divided_by"] == "column region"
    assert len({row["model_sha256"] for row in found["rows"]}) == 1
    models = {path.read_bytes() for path in folder.rglob("booster.ubj")}
    assert len(models) == 1
    assert len(list(folder.rglob("booster.ubj"))) == 4
    # Features and scores are the party's own; its tables were for the run alone.
    north = next(path for path in (folder / "parties").iterdir() if "north" in path.name)
    own = tables()["customers"].query("region == 'north'")["customer_id"] + 10_000
    assert set(pd.read_parquet(north / "rows.parquet")["application_id"]) == set(own)
    assert not (north / "tables").exists()
    for row in found["rows"]:
        gap = row["federated"]["auc"]["value"] - row["alone"]["auc"]["value"]
        assert row["gain"]["value"] == pytest.approx(gap, abs=1e-12)
        assert row["federated"]["auc"]["low"] < row["federated"]["auc"]["value"]
    cost = found["costs"]["xgboost"]
    assert cost["ratio"] == pytest.approx(cost["federated"] / cost["central"])
    assert {"training alone", "training together", "training in one place"} <= set(stages)
    assert [table.title for table in result.tables][2] == "what leaves a party"


def test_a_number_of_parties_that_there_cannot_be_is_refused_before_tables_are_read(home):
    for path in (home / "tables").iterdir():
        path.unlink()
    with pytest.raises(ConfigError, match="--parties: 1 asked for, but there must be 2 to 64"):
        federated.run(Path("lenders.toml"), by="1")
    assert not (home / "runs").exists()


def test_a_run_that_fails_leaves_nothing(home, monkeypatch):
    monkeypatch.setattr(federated, "train_party", fail)
    with pytest.raises(FederatedError, match=r"party 'party 2': ValueError: out of luck"):
        federated.run(Path("lenders.toml"), by="2")
    assert list((home / "runs" / "lenders-federated").iterdir()) == []


@pytest.fixture(scope="module")
def engine():
    """Yield an engine with the tables."""
    with Engine() as opened:
        for name, frame in tables().items():
            opened.add(name, frame)
        opened.check().raise_if_any()
        yield opened


def test_shares_double_and_divide_everybody(engine):
    parties = divide_people(engine, "3", seed=1)
    sizes = [len(people) for people in parties.people.values()]
    assert parties.names == ("party 1", "party 2", "party 3")
    assert sum(sizes) == PEOPLE
    assert len(set().union(*parties.people.values())) == PEOPLE
    assert sizes == pytest.approx([PEOPLE / 7, 2 * PEOPLE / 7, 4 * PEOPLE / 7], abs=1)
    again = divide_people(engine, "3", seed=1)
    assert all(again.people[name].equals(parties.people[name]) for name in parties.names)


def test_a_party_gets_the_rows_about_its_people(engine, tmp_path):
    people = divide_people(engine, "2", seed=1).people["party 1"]
    write_tables_of(engine, people, tmp_path / "own")
    customers = pd.read_parquet(tmp_path / "own" / "customers.parquet")
    outcomes = pd.read_parquet(tmp_path / "own" / "outcomes.parquet")
    assert set(customers["customer_id"]) == set(people)
    assert set(outcomes["application_id"]) == {person + 10_000 for person in people}


@pytest.mark.parametrize(
    ("by", "words"),
    [
        ("1", "2 to 64"),
        ("65", "2 to 64"),
        ("30", "cannot be divided"),
        ("regoin", "Did you mean 'region'"),
        ("application_id", "900 value"),
        ("customer_id", "900 value"),
    ],
)
def test_what_does_not_divide_people_is_refused(engine, by, words):
    with pytest.raises(ConfigError, match=words):
        divide_people(engine, by, seed=1)


def test_a_party_without_a_class_is_refused_by_name(home):
    everybody = tables()
    everybody["outcomes"].loc[everybody["customers"]["region"] == "north", "bad"] = 0
    everybody["outcomes"].to_parquet(home / "tables" / "outcomes.parquet")
    with pytest.raises(ConfigError, match=r"party 'north' has \d+ application"):
        federated.run(Path("lenders.toml"), by="region")


def test_the_command_is_there():
    from typer.testing import CliRunner

    help_text = CliRunner().invoke(app, ["federated", "train", "--help"]).output
    assert "--parties" in help_text
