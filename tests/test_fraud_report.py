"""What indicators and rules are worth: exact figures, labels that come late, a whole report."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from credit import policy as policies
from credit.boost import BoostOptions
from credit.cli import app
from credit.engine import Engine
from credit.errors import DataError
from credit.evaluate.fraud import (
    activity_table,
    distinct_indicators,
    indicator_table,
    rule_table,
)
from credit.features import available, build
from credit.features.fraud import event_log, indicators, users
from credit.features.proof.tables import engine_of, frames, hourly_world
from credit.pipeline.fraud import PAUSE, FraudOptions, fraud_known, fraud_model, fraud_report
from credit.schema import DAY, HOUR

POLICY = policies.load("weilidai")
Y = [1, 1, 0, 0, 0, np.nan]
X = pd.DataFrame({"a": [3.0, 1.0, 3.0, 0.0, np.nan, 9.0], "b": [0.1, 0.9, 0.8, 0.7, 0.9, 0.1]})


def test_f06_an_indicators_worth_is_counted_where_fraud_is_known():
    table = indicator_table(X, Y, lines={"a": (2.0, 1), "b": (0.5, -1)}, users={"a": ("rule",)})
    a, b = table.to_dict("records")
    assert (a["coverage"], a["beyond"], a["line"]) == (5 / 6, 3 / 6, 2.0)
    assert (a["precision"], a["recall"], a["false_positive_rate"]) == (1 / 2, 1 / 2, 1 / 3)
    assert a["auc"] == (0.5 + 1 + 1 + 0) / 4  # of (3, 1) against (3, 0): 1/2, 1, 0, 1
    assert (b["precision"], b["recall"], b["false_positive_rate"]) == (1.0, 1 / 2, 0.0)
    assert (a["users"], b["users"]) == ("rule", "")
    without = indicator_table(X, Y)
    assert without[["line", "beyond", "precision"]].isna().all(axis=None)


def test_f06_a_near_duplicate_is_named_and_left_out():
    random = np.random.default_rng(3)
    base = random.normal(size=200)
    X = pd.DataFrame(
        {"one": base, "same": base**3, "other": random.normal(size=200), "still": np.ones(200)}
    )
    table = indicator_table(X, np.zeros(200)).set_index("indicator")
    assert table.loc["same", "twin"] == "one"
    assert table.loc["same", "redundancy"] == pytest.approx(1)
    assert table.loc["one", "redundancy"] == 0
    assert distinct_indicators(X, at_most=0.95) == ["one", "other"]
    assert distinct_indicators(X, at_most=0.95, keep=["same"]) == ["same", "other"]
    with pytest.raises(DataError, match="at_most must lie between 0 and 1, got 2"):
        distinct_indicators(X, at_most=2)


def test_f10_false_pauses_are_counted():
    hits = pd.DataFrame({"code": [PAUSE, PAUSE, PAUSE, "F_X"], "row": [0, 2, 5, 2]})
    table = rule_table(hits, Y, codes=["F_Y"]).set_index("code")
    assert table.loc[PAUSE, ["hits", "known", "fraud"]].tolist() == [3, 2, 1]
    assert table.loc[PAUSE, "false_share"] == 1 / 2
    assert table.loc["F_X", "false_share"] == 1
    assert table.loc["F_Y", "hits"] == 0 and np.isnan(table.loc["F_Y", "precision"])
    with pytest.raises(DataError, match=r"y must have 6 rows of 1 \(fraud\)"):
        indicator_table(X, [0, 1, 2, 0, 1, 0])


def test_activity_is_the_mean_on_each_side():
    table = activity_table(X[["b"]], Y).to_dict("records")
    assert table == [
        {"indicator": "b", "fraud": 0.5, "none": pytest.approx(0.8),
         "ratio": pytest.approx(0.625)}
    ]  # fmt: skip


# -- labels


def test_fraud_counts_once_it_is_confirmed_and_its_absence_once_it_would_have_been():
    q = 1_700_000_000_000_000
    log = pd.DataFrame(
        {"customer_id": [1, 1, 1, 2, 2],
         "event_time": [q - DAY, q, q + DAY + 1, q, q + 30 * DAY]}, index=[9, 4, 5, 6, 7]
    )  # fmt: skip
    label = {"customer_id": 1, "event_time": q, "available_at": q + 60 * DAY, "type": "takeover"}
    with engine_of({"fraud_labels": [label]}) as engine:

        def known(days):
            found = fraud_known(engine, log, known_by=q + days * DAY, policy=POLICY)
            assert list(found.index) == list(log.index)
            return found.tolist()

        assert (
            known(60)
            == [1, 1, pytest.approx(np.nan, nan_ok=True)] + [pytest.approx(np.nan, nan_ok=True)] * 2
        )
        assert np.isnan(known(59)).all()
        assert known(181)[:4] == [1, 1, pytest.approx(np.nan, nan_ok=True), 0]
        assert known(400) == [1, 1, 0, 0, 0]


# -- the whole report


def world():
    made = hourly_world(41, people=24)
    labels = {
        (row["customer_id"], row["event_time"]): {
            "customer_id": row["customer_id"], "event_time": row["event_time"],
            "available_at": row["event_time"] + 40 * DAY, "type": "takeover",
        }
        for row in made.tables["logins"] if row["detector"] == 1
    }  # fmt: skip
    made.tables["fraud_labels"] = list(labels.values())
    return made


OPTIONS = FraudOptions(events=400)


@pytest.fixture(scope="module")
def found():
    with engine_of(world().tables) as engine:
        return fraud_report(engine, POLICY, OPTIONS)


def test_f06_the_report_has_a_row_for_each_indicator_and_each_rule(found):
    assert list(found.indicators["indicator"]) == list(indicators().names)
    assert (found.indicators["users"] != "").all()
    assert found.indicators["coverage"].between(0, 1).all()
    assert {"F_NEW_DEVICE", "F_LARGE_PAYMENT", PAUSE} <= set(found.rules["code"])
    risky = found.rules.set_index("code").loc["F_RISKY_DEVICE"]
    assert risky["hits"] > 0 and risky["precision"] > 0.5
    reported = [name for name, of in users().items() if "report" in of]
    assert list(found.activity["indicator"]) == reported


def test_an_event_is_judged_with_itself_in_sight(found):
    logins = found.log["kind"] == "login"
    assert (
        found.X.loc[logins, "fraud_login_days_since" if False else "fraud_login_count_90d"] >= 0
    ).all()
    assert (found.X.loc[logins, "fraud_login_count_1h"] >= 1).mean() > 0.5
    late = found.log["as_of"] > found.log["event_time"] + HOUR
    assert (found.X.loc[logins & ~late, "fraud_login_count_1h"] >= 1).all()


def test_the_same_tables_give_the_same_report(found):
    with engine_of(world().tables, threads=1) as engine:
        again = fraud_report(engine, POLICY, OPTIONS)
        assert OPTIONS.events <= len(again.log) < len(event_log(engine))
    pd.testing.assert_frame_equal(found.indicators, again.indicators, check_exact=True)
    pd.testing.assert_frame_equal(found.rules, again.rules, check_exact=True)


def test_f13_a_model_over_the_indicators_tells_people_it_never_saw(found):
    model, area = fraud_model(found, BoostOptions(rounds=20, seeds=1))
    assert area > 0.6
    assert set(model.feature_names_in_) <= set(indicators().names)


def test_the_command_prints_and_writes_the_tables(tmp_path):
    folder, out = tmp_path / "tables", tmp_path / "out"
    folder.mkdir()
    for name, frame in frames(world().tables).items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    done = CliRunner().invoke(
        app, ["fraud", "report", str(folder), "--events", "300", "--write", str(out), "--quiet"]
    )
    assert done.exit_code == 0, done.output
    assert "F_RISKY_DEVICE" in done.output
    assert len(pd.read_csv(out / "indicators.csv")) == len(indicators())


def test_the_command_lists_the_indicators():
    done = CliRunner().invoke(app, ["fraud", "indicators"], env={"COLUMNS": "200"})
    assert done.exit_code == 0 and f"{len(indicators())} indicators" in done.output


def test_what_cannot_be_reported_is_refused():
    with Engine() as engine, pytest.raises(DataError, match="no table 'fraud_labels'"):
        fraud_report(engine, POLICY)
    with Engine() as engine, pytest.raises(DataError, match="no table of events"):
        event_log(engine)


def test_tables_without_the_newer_columns_still_make_a_log():
    made = hourly_world(42, people=4)
    for row in made.tables["payments"]:
        for name in ("merchant_class", "payee_age_days", "device_id"):
            row.pop(name)
    del made.tables["logins"]
    with engine_of(made.tables) as engine:
        log = event_log(engine)
        some = available(indicators(), {name: engine.columns(name) for name in engine.tables})
        spine = log[["observation_id", "customer_id", "as_of"]]
        assert len(build(engine, spine, some)) == len(log)
    assert log["merchant_class"].isna().all() and set(log["kind"]) >= {"payment", "transfer"}
    assert not any(name.startswith("fraud_login") for name in some.names)
