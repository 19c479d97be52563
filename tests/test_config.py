from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from credit.errors import ConfigError, PolicyError
from credit.pipeline.config import load, microseconds
from credit.pipeline.tables import world_folder

REPOSITORY = Path(__file__).resolve().parent.parent

MINIMAL = """
name = "small"
[source]
kind = "world"
[split]
kind = "repeated_folds"
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "pipeline.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", sorted((REPOSITORY / "pipelines").glob("*.toml")), ids=str)
def test_every_shipped_pipeline_file_is_valid(path):
    assert load(path).name == path.stem


def test_unknown_key_names_the_nearest_known_one(tmp_path):
    path = written(tmp_path, MINIMAL + "[models.scorecard]\nmax_bin = 5\n")
    with pytest.raises(
        ConfigError, match=r"unknown key 'models.scorecard.max_bin'.*mean 'max_bins'"
    ):
        load(path)


def test_all_problems_are_reported_together(tmp_path):
    path = written(
        tmp_path, MINIMAL.replace('kind = "world"', 'kind = "world"\npeple = 3') + "sed = 1\n"
    )
    with pytest.raises(ConfigError) as error:
        load(path)
    assert "'source.peple'" in str(error.value)
    assert "'people'" in str(error.value)
    assert "'split.sed'" in str(error.value)


def test_a_world_can_have_frauds_and_a_lender(tmp_path):
    plain = load(written(tmp_path, MINIMAL))
    assert (plain.source.fraud, plain.source.lender) == (False, False)
    keys = ({}, {"fraud": True}, {"lender": True}, {"fraud": True, "lender": True})
    folders = [world_folder(load(written(tmp_path, MINIMAL), {"source": one})) for one in keys]
    assert [folder.name for folder in folders] == [
        f"world-20000-202101-48-7{more}" for more in ("", "-fraud", "-lender", "-fraud-lender")
    ]


def test_keys_of_a_world_are_refused_elsewhere_and_where_misspelt(tmp_path):
    other = MINIMAL.replace('kind = "world"', 'kind = "german"\nlender = true')
    with pytest.raises(ConfigError, match=r"lender = true: only a generated world.*'german'"):
        load(written(tmp_path, other))
    with pytest.raises(ConfigError, match=r"unknown key 'source.lendr'.*mean 'lender'"):
        load(written(tmp_path, MINIMAL), {"source": {"lendr": True}})


def test_unreadable_files_are_refused_by_name(tmp_path):
    with pytest.raises(ConfigError, match="does not exist"):
        load(tmp_path / "absent.toml")
    with pytest.raises(ConfigError, match="not a TOML file"):
        load(written(tmp_path, "name = "))


def test_a_table_the_contract_does_not_know_is_refused(tmp_path):
    path = written(tmp_path, MINIMAL + '[tables.payment]\npath = "x.parquet"\n')
    with pytest.raises(ConfigError, match="Did you mean 'payments'"):
        load(path)


def test_the_hash_names_the_resolved_experiment(tmp_path):
    path = written(tmp_path, MINIMAL)
    assert load(path).sha256 == load(path, {"": {"seed": 7}}).sha256
    assert load(path).sha256 != load(path, {"": {"seed": 8}}).sha256
    assert load(path, {"source": {"people": 900}}).source.people == 900


def test_midnight_in_microseconds():
    path = REPOSITORY / "pipelines" / "weilidai.toml"
    day = load(path).split.test_from
    assert day is not None
    assert microseconds(day) % 86_400_000_000 == 0


def test_economics_and_fairness_are_stated_whole(tmp_path):
    text = MINIMAL + "[economics]\nmargin = 0.1\ncost = 0.0\nloss_given_default = 45\n"
    with pytest.raises(ConfigError, match=r"loss_given_default: .*less than or equal to 1"):
        load(written(tmp_path, text))
    with pytest.raises(ConfigError, match=r"fairness.reference: Field required"):
        load(written(tmp_path, MINIMAL + '[fairness]\ncolumn = "sex"\napproval_rate = 0.5\n'))


def test_a_pipeline_names_a_policy_and_what_lies_over_it(tmp_path):
    plain = load(written(tmp_path, MINIMAL)).figures()
    assert plain.name == "weilidai"
    over = load(written(tmp_path, MINIMAL), {"": {"policy": "weilidai+cn-2026"}}).figures()
    assert over.name == "weilidai+cn-2026"
    assert over.sha256 != plain.sha256
    assert [part.name for part in over.parts] == ["weilidai", "cn-2026"]
    product = load(written(tmp_path, MINIMAL), {"": {"policy": "bank"}}).figures()
    assert product.name == "weilidai+bank"
    assert product.weights(date(2026, 1, 1))["repayment"] == 0.5
    with pytest.raises(PolicyError, match="Did you mean 'cn-2026'"):
        load(written(tmp_path, MINIMAL), {"": {"policy": "weilidai+cn-2025"}}).figures()
