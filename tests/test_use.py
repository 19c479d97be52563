"""Purpose and retention: what may not be used, or no longer, is refused with the way out."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from feature_tables import engine_of, random_world

from credit.errors import FeatureError, SchemaError, UseError
from credit.feature import Catalogue, Reason, Stated
from credit.features import catalogue
from credit.features.use import Uses, refuse_unlawful
from credit.pipeline.features import feature_list, prove_features
from credit.use import AUDIT, FRAUD, SCORING, Use

TODAY = date(2024, 6, 1)
SOME = Catalogue((catalogue()["payment_night_share_90d"], catalogue()["wealth_balance"]))
SEX = Stated(
    name="application_sex",
    dimension="application",
    label="Sex",
    unit="category",
    null_means="not stated",
    risk=0,
    reason=Reason(en="Sex", zh="性别"),
    table="customers",
    expression="sex",
)


@pytest.fixture(scope="module")
def engine():
    with engine_of(random_world(5, people=6).tables) as there:
        yield there


def refused(engine, uses: Uses, *features, purpose: str = SCORING, on: date = TODAY) -> str:
    with pytest.raises(UseError) as caught:
        refuse_unlawful(features or SOME, engine, uses, purpose=purpose, on=on)
    return str(caught.value)


def test_what_is_held_for_the_purpose_is_built(engine) -> None:
    for purpose in (SCORING, FRAUD):
        refuse_unlawful(catalogue(), engine, Uses(), purpose=purpose, on=TODAY)
    refuse_unlawful([SEX], engine, Uses(), purpose=AUDIT, on=TODAY)


def test_another_purpose_is_refused_for_each_column(engine) -> None:
    said = refused(engine, Uses(), purpose="advertising")
    assert "payments.amount_fen" not in said  # night share reads no amount
    assert (
        "payments.status: held for credit scoring, fraud detection, fairness audit, not for "
        "'advertising'. 1 feature(s) read it, e.g. 'payment_night_share_90d'. Leave them out under "
        '[features] exclude, or declare under [uses."payments.status"] purposes what it is held '
        "for."
    ) in said
    assert "wealth_positions.balance_fen: held for" in said
    assert "Did you mean 'credit scoring'?" in refused(engine, Uses(), purpose="credit scorin")


def test_a_column_for_audits_scores_nobody_whatever_is_declared_for_its_table(engine) -> None:
    uses = Uses(declared={"customers": Use(purposes=(SCORING,))})
    assert "customers.sex: held for fairness audit, not for 'credit scoring'" in refused(
        engine, uses, SEX
    )
    open_to_all = Uses(declared={"customers.sex": Use(purposes=(SCORING,))})
    refuse_unlawful([SEX], engine, open_to_all, purpose=SCORING, on=TODAY)


@pytest.mark.parametrize("place", ["payments", "payments.status"])
def test_after_its_last_day_a_column_is_refused(engine, place: str) -> None:
    uses = Uses(declared={place: Use(purposes=(SCORING,), until=TODAY)})
    refuse_unlawful(SOME, engine, uses, purpose=SCORING, on=TODAY)
    said = refused(engine, uses, on=date(2024, 6, 2))
    assert "payments.status: may be used until 2024-06-01, and this build is of 2024-06-02." in said
    assert ("payments.direction" in said) == (place == "payments")
    assert '[uses."payments.status"] until' in said


def test_rows_that_should_have_been_erased_are_counted(engine) -> None:
    uses = Uses(declared={"payments": Use(purposes=(SCORING,), keep_days=400)})
    first = (TODAY - date(1970, 1, 1)).days - 400
    count = engine.rows(
        f"select count(*) from payments where available_at < {first * 86_400_000_000}"
    )[0][0]
    assert count > 0
    assert (
        f"payments: a row may be kept for 400 days after it became known, and {count} row(s)"
        in (refused(engine, uses))
    )
    lenient = Uses(declared={"payments": Use(purposes=(SCORING,), keep_days=9_000)})
    refuse_unlawful(SOME, engine, lenient, purpose=SCORING, on=TODAY)


def test_a_feature_may_be_used_for_what_all_its_columns_allow() -> None:
    tables = {"payments": ["direction", "status", "event_time", "customer_id", "available_at"]}
    uses = Uses(
        declared={
            "payments": Use(purposes=(SCORING, FRAUD), until=date(2030, 1, 1)),
            "payments.status": Use(purposes=(FRAUD,), until=date(2027, 1, 1), keep_days=9),
        }
    )
    night = catalogue()["payment_night_share_90d"]
    assert uses.common([night], tables) == Use(
        purposes=(FRAUD,), until=date(2027, 1, 1), keep_days=9
    )
    apart = Uses(
        declared={
            "payments.status": Use(purposes=(AUDIT,)),
            "payments.direction": Use(purposes=(SCORING,)),
        }
    )
    assert apart.common([night], tables) is None


def test_a_use_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(UseError, match="at least one purpose; data held for nothing are erased"):
        Use(purposes=())
    with pytest.raises(UseError, match="keep_days must be at least 1, got 0"):
        Use(purposes=(SCORING,), keep_days=0)
    with pytest.raises(UseError, match=r"uses: 'payment': no table 'payment'.*mean 'payments'"):
        Uses(declared={"payment": Use(purposes=(SCORING,))})
    with pytest.raises(SchemaError, match=r"no column 'amont_fen'.*mean 'amount_fen'"):
        Uses(declared={"payments.amont_fen": Use(purposes=(SCORING,))})


PIPELINE = """
name = "own"
seed = 7
{top}
[source]
kind = "world"
[features]
{features}
[split]
kind = "out_of_time"
test_from = 2024-04-01
{sections}
"""

OWN = """
[[features]]
kind = "window"
name = "payment_red_days_{days}d"
windows = [30, 90]
dimension = "payment"
label = "Payments that left less than 5,000 yuan, {days} days"
unit = "count"
null_means = "never null: none is 0"
risk = 1
reason = { en = "Payments left little, {days} days", zh = "近{days}天支付后余额不足" }
table = "payments"
days = "each"
measure = { aggregate = "count", where = "direction = 'out' and balance_fen < 500000" }
"""


def piped(tmp_path: Path, top: str = "", features: str = "", sections: str = "") -> Path:
    path = tmp_path / "own.toml"
    text = PIPELINE.format(top=top, features=features, sections=sections)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_pipeline_states_its_purpose_and_what_data_are_held_for(
    tmp_path: Path, small_world: Path
) -> None:
    path = piped(tmp_path, 'purpose = "advertising"')
    with pytest.raises(UseError, match=r"not for 'advertising'"):
        feature_list(path, data=small_world)
    ended = '[uses.wealth_positions]\npurposes = ["credit scoring"]\nuntil = 2025-01-01'
    path = piped(tmp_path, "built_on = 2025-01-02", sections=ended)
    with pytest.raises(UseError, match=r"wealth_positions\.balance_fen: may be used until 2025-01"):
        feature_list(path, data=small_world)
    path = piped(tmp_path, "built_on = 2025-01-01", sections=ended)
    assert len(feature_list(path, data=small_world)) > 150


def test_a_pipeline_offers_features_of_ones_own(tmp_path: Path, small_world: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(OWN, encoding="utf-8")
    path = piped(tmp_path, features=f'file = "{mine}"\ninclude = ["payment_red_days_*"]')
    listed = feature_list(path, data=small_world)
    assert [row[:4] for row in listed] == [
        ["payment_red_days_30d", "payment", "count", "+"],
        ["payment_red_days_90d", "payment", "count", "+"],
    ]
    assert prove_features(path, data=small_world) == [
        ["payment_red_days_30d", "holds", "0 of 80"],
        ["payment_red_days_90d", "holds", "0 of 80"],
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("balance_fen <", "balnce_fen <", r"no column 'balnce_fen' .*Did you mean 'balance_fen'"),
        ('table = "payments"', 'table = "bureau"', r"payment_red_days_30d: no table 'bureau'"),
        ("payment_red_days_{days}d", "payment_daily_count_{days}d", r"of that name already"),
    ],
)
def test_a_feature_that_cannot_be_built_is_refused_with_its_file(
    tmp_path: Path, small_world: Path, old: str, new: str, message: str
) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(OWN.replace(old, new), encoding="utf-8")
    with pytest.raises(FeatureError, match=message) as caught:
        feature_list(piped(tmp_path, features=f'file = "{mine}"'), data=small_world)
    assert str(caught.value).startswith(str(mine))
