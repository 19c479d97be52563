"""Features of one's own: a TOML file with the guarantees of built-in features, or a clear no."""

from __future__ import annotations

from pathlib import Path

import pytest
from feature_tables import World, engine_of, random_world

from credit.errors import FeatureError
from credit.feature import Catalogue
from credit.features import build, catalogue
from credit.features.own import read_features
from credit.features.proof import moves
from credit.features.window import rule
from credit.pipeline.dictionary import markdown

GOOD = """
[[features]]
kind = "window"
windows = [30, 90]
name = "payment_rent_share_{days}d"
dimension = "payment"
label = "Share of payments for rent, {days} days"
unit = "share"
null_means = "no payment went through in the last {days} days"
risk = 0
reason = { en = "Rent weighs on payments, {days} days", zh = "近{days}天房租支出占比异常" }
table = "payments"
days = "each"
[features.measure]
aggregate = "sum"
value = "amount_fen"
per = "amount_fen"
base = "direction = 'out'"
where = "purpose = 'rent'"

[[features]]
kind = "expression"
name = "payment_rent_change"
dimension = "payment"
label = "Share for rent, last 30 days less last 90 days"
unit = "difference of shares"
null_means = "no payment went through in the last 30 days"
risk = 1
edges = [0, 0.5]
reason = { en = "More is spent on rent", zh = "房租支出占比上升" }
expression = "payment_rent_share_30d - payment_rent_share_90d + 0 * loans"
[[features.parts]]
kind = "state"
name = "loans"
table = "loans"
latest_by = ["loan_id"]
measure = { aggregate = "count" }

[[features]]
kind = "ties"
name = "social_family_count"
dimension = "social"
label = "Ties by money, 90 days"
unit = "count"
null_means = "never null: nobody is 0"
risk = -1
reason = { en = "Few ties", zh = "资金往来较少" }
ties = "transfers"
days = 90
measure = { aggregate = "count" }

[[features]]
kind = "stated"
name = "application_asked_yuan"
dimension = "application"
label = "Amount asked for in yuan"
unit = "yuan"
null_means = "no amount was stated"
risk = 0
reason = { en = "The amount asked for", zh = "申请金额" }
expression = "amount_fen / 100"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "my_features.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return read_features(written(tmp_path_factory.mktemp("own"), GOOD))


def test_a_file_becomes_records_like_the_built_in_ones(own: Catalogue) -> None:
    assert own.names == (
        "payment_rent_share_30d", "payment_rent_share_90d", "payment_rent_change",
        "social_family_count", "application_asked_yuan",
    )  # fmt: skip
    assert own["payment_rent_share_90d"].days == 90
    assert own["payment_rent_share_90d"].reason.zh == "近90天房租支出占比异常"
    assert own["payment_rent_change"].edges == (0.0, 0.5)
    assert own.risk == {"payment_rent_change": 1, "social_family_count": -1}
    text = markdown(own)
    assert all(f"`{name}`" in text for name in own.names)


def test_they_are_built_beside_the_others(own: Catalogue) -> None:
    world = random_world(5, people=6)
    counts = catalogue()["payment_daily_count_30d"]
    with engine_of(world.tables) as engine:
        frame = build(engine, world.spine(), Catalogue((counts, *own)))
    q = world.as_of[3]
    day = 86_400_000_000
    out = [
        r for r in world.tables["payments"]
        if r["customer_id"] == 3 and r["direction"] == "out"
        and q - 90 * day <= r["event_time"] < q and r["available_at"] <= q
    ]  # fmt: skip
    rent = sum(r["amount_fen"] for r in out if r["purpose"] == "rent")
    assert rent > 0
    assert frame["payment_rent_share_90d"][3] == rent / sum(r["amount_fen"] for r in out)


def test_a_proof_holds_and_catches_a_leak(own: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    for what in ("future", "past"):
        found = moves(own, what=what)
        assert (found.moved, found.still) == ({}, ())
    monkeypatch.setattr(rule, "known", lambda available_at, q: "1 = 1")
    leaks = moves(own).moved
    assert {"payment_rent_share_30d", "payment_rent_change", "social_family_count"} <= set(leaks)


def test_a_proof_can_be_given_tables_of_ones_own(own: Catalogue) -> None:
    tables = {"payments": random_world(5, people=6).tables["payments"]}
    shares = Catalogue(tuple(f for f in own if f.name.startswith("payment_rent_share")))
    found = moves(shares, world=World(random_world(5, people=6).as_of, tables))
    assert found.observations == 6
    assert found.moved == {}


REFUSED = [
    ('kind = "window"', 'kind = "windw"', r"kind = 'windw': it is one of .*Did you mean 'window'"),
    ('kind = "window"\n', "", r"feature 'payment_rent_share_\{days\}d': kind = None"),
    ("windows = [30, 90]", "windows = [0]", r"windows = \[0\]: it must be a list of whole days"),
    ("windows = [30, 90]\n", "", r"name: it has \{days\} but there is no windows"),
    ('name = "payment_rent_share_{days}d"', 'name = "Rent_{days}d"', r"a feature's name is lower"),
    ('dimension = "payment"', 'dimension = "paymnt"', r"dimension = 'paymnt'.*mean 'payment'"),
    ("risk = 0", "risk = 2", r"risk = 2: it is one of \[-1, 0, 1\]"),
    ("risk = 0", 'risk = "up"', r"risk = 'up': it must be a whole number"),
    ('unit = "share"', 'unti = "share"', r"unknown field 'unti'\. Did you mean 'unit'\?"),
    ('unit = "share"\n', "", r"feature 'payment_rent_share_\{days\}d': no 'unit'\. It needs"),
    ('table = "payments"', "table = 7", r"table = 7: it must be a text"),
    ('days = "each"', 'days = "all"', r"days = 'all': it is one of \['each'\]"),
    ('days = "each"', "days = -3", r"days = -3: a window has at least 1 day"),
    ('aggregate = "sum"', 'aggregate = "summ"', r"measure: aggregate = 'summ'.*mean 'sum'"),
    ('aggregate = "sum"', 'aggregate = "max"', r"measure: a share is a ratio of sums or counts"),
    ("edges = [0, 0.5]", 'edges = ["a"]', r"edges: 'a' is not one of the numbers it takes"),
    ('kind = "state"\n', "", r"parts\[1\]: kind = None: it is one of \['window', 'state'"),
    ('[[features]]\nkind = "stated"', '[[feature]]\nkind = "stated"', r"unknown key 'feature'\."),
    ('"payment_rent_change"', '"payment_rent_share_30d"', r"two features are called"),
    ("edges = [0, 0.5]", "edges = [0, 0.5", r"my_features\.toml: not a TOML file"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), REFUSED)
def test_a_bad_file_is_refused_by_file_feature_field_and_value(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in GOOD
    with pytest.raises(FeatureError, match=message) as caught:
        read_features(written(tmp_path, GOOD.replace(old, new)))
    assert str(caught.value).startswith(str(tmp_path / "my_features.toml"))


def test_a_file_that_is_not_there_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeatureError, match=r"none\.toml: there is no such file of features"):
        read_features(tmp_path / "none.toml")
    with pytest.raises(FeatureError, match=r"no \[\[features\]\]: there is nothing in the file"):
        read_features(written(tmp_path, ""))
