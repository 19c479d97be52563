"""The data contract's rules: each breach is found, counted, shown, and can be set apart."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.engine import Engine
from credit.errors import SchemaError
from credit.schema import DAY, SECOND, TableSource

T = 1_704_067_200 * SECOND


def when(count):
    return {"event_time": [T] * count, "available_at": [T + 1] * count}


def book():
    """Return a small set of tables that keeps every rule."""
    return {
        "customers": pd.DataFrame({"customer_id": [1, 2], **when(2), "segment": ["sme", None]}),
        "payments": pd.DataFrame(
            {"payment_id": [1, 2, 3, 4], "customer_id": [1, 1, 2, 2], **when(4),
             "direction": ["out", "in", "out", "out"], "amount_fen": [5, 6, 7, 8],
             "status": ["ok", "ok", "failed", "ok"], "mcc": [5411, None, 5411, 7995]}
        ),
        "wealth_orders": pd.DataFrame(
            {"order_id": [1], "customer_id": [1], **when(1), "product_id": ["p"],
             "risk_level": [1], "side": ["redeem"], "amount_fen": [1]}
        ),
        "applications": pd.DataFrame(
            {"application_id": [1, 2], "customer_id": [1, 2], **when(2), "grade": ["a", "b"]}
        ),
        "loans": pd.DataFrame(
            {"loan_id": [1, 2], "customer_id": [1, 2], **when(2), "application_id": [1, 2],
             "principal_fen": [100, 100], "term_months": [1, 2]}
        ),
        "instalments": pd.DataFrame(
            {"customer_id": [1, 2, 2], **when(3), "loan_id": [1, 2, 2], "number": [1, 1, 2],
             "due_at": [T + DAY] * 3, "due_fen": [100, 50, 50]}
        ),
        "repayments": pd.DataFrame(
            {"repayment_id": [1, 2], "customer_id": [1, 2], **when(2), "loan_id": [1, 2],
             "number": [1, 2], "amount_fen": [100, 50]}
        ),
    }  # fmt: skip


def checked(tables, *, quarantine=None, categories=True):
    """Return the report over tables, and a frame of what the engine still holds of each."""
    with Engine(memory_limit="500MB", threads=1) as engine:
        if categories:
            known = pd.DataFrame({"mcc": [5411, 7995], "category": ["living", "high_risk"]})
            engine.add_lookup("merchant_categories", known)
        for name, table in tables.items():
            engine.add(name, table)
        report = engine.check(quarantine=quarantine)
        held = {}
        if not report.standing:
            held = {name: engine.frame(f"select * from {name}") for name in engine.tables}
        return report, held


def changed(name, **columns):
    tables = book()
    tables[name] = tables[name].assign(**columns)
    return tables


def test_a_book_in_order_has_nothing_to_report():
    report, _ = checked(book())
    assert report.violations == ()
    assert report.rows["payments"] == 4
    report.raise_if_any()
    assert report.frame().empty


@pytest.mark.parametrize(
    ("name", "columns", "sentence"),
    [
        ("payments", {"amount_fen": [5, "abc", 7, 8]},
         r"payments\.amount_fen: 1 row\(s\) break the rule that it is a whole number of fen .*"
         r"Examples: payment_id=2, amount_fen=abc\. Mend"),
        ("payments", {"amount_fen": [5.5, 6, 7, 8]}, r"amount_fen=5\.5"),
        ("payments", {"amount_fen": [-5, 6, 7, 8]},
         r"amount_fen: 1 .* it is at least 0\. Examples: payment_id=1, amount_fen=-5"),
        ("payments", {"payment_id": [1, 1, 1, 1]},
         r"payment_id: 4 .* payment_id identifies one row \(no duplicate key\)"),
        ("payments", {"customer_id": [1, None, 2, None]}, r"customer_id: 2 .* it is not null\. Ex"
         r"amples: payment_id=2, customer_id=null; payment_id=4, customer_id=null"),
        ("payments", {"available_at": [T - 1, T, T, T]},
         r"event_time, available_at: 1 .* available_at is not before event_time\. Examples: "
         rf"payment_id=1, event_time={T}, available_at={T - 1}"),
        ("payments", {"mcc": [5411, None, 1, 1]},
         r"mcc: 2 .* merchant category is in the lookup merchant_categories"),
        ("payments", {"direction": ["out", "In", "out", "out"]},
         r"direction: 1 .* one of \['out', 'in'\]\. Examples: payment_id=2, direction=In"),
        ("payments", {"status": "done"}, r"status: 4 .* one of \['ok', 'failed'\]"),
        ("wealth_orders", {"side": ["buy"]}, r"side: 1 .* one of \['subscribe', 'redeem'\]"),
        ("wealth_orders", {"risk_level": [0]}, r"risk_level: 1 .* at least 1"),
        ("applications", {"customer_id": [1, 9]},
         r"customer_id: 1 .* customer_id exists in customers\. Examples: application_id=2, cust"),
        ("loans", {"application_id": [1, 9]}, r"application_id exists in applications"),
        ("instalments", {"loan_id": [1, 2, 9]}, r"loan_id exists in loans"),
        ("instalments", {"number": [1, 1, 1]}, r"loan_id, number: 2 .* loan_id and number i"),
        ("repayments", {"loan_id": [1, 9]}, r"repayments\.loan_id: 1 .* loan_id exists in loans"),
        ("repayments", {"number": [1, 3]}, r"loan_id and number exist in instalments"),
        ("payments", {"event_time": T * 1000, "available_at": T * 1000},
         r"event_time: 4 .* lies between the years 1900 and 2200"),
        ("payments", {"event_time": T // SECOND, "available_at": T // SECOND},
         r"event_time: wrong unit: the largest value is 1704067200.*\.units\] event_time = 's'"),
        ("loans", {"customer_id": ["1", "2"]},
         r"loans\.customer_id: it is VARCHAR, but applications\.customer_id is BIGINT"),
        ("loans", {"term_months": [1.5, 2]}, r"term_months: 1 .* a whole number\..*months=1\.5"),
    ],
)  # fmt: skip
def test_each_rule_says_table_column_count_and_examples(name, columns, sentence):
    report, _ = checked(changed(name, **columns))
    with pytest.raises(SchemaError, match=sentence):
        report.raise_if_any()
    assert name in set(report.frame()["table"])


def test_unknown_categories_are_not_judged_without_a_lookup():
    report, _ = checked(changed("payments", mcc=[1, None, 2, 3]), categories=False)
    assert report.violations == ()


def test_a_missing_column_names_the_nearest(tmp_path):
    tables = book()
    tables["payments"] = tables["payments"].rename(columns={"amount_fen": "amount"})
    report, _ = checked(tables)
    with pytest.raises(SchemaError, match=r"payments: no column \['amount_fen'\]\. It has .*"
                                          r"Rename them.* Did you mean 'amount'\?"):  # fmt: skip
        report.raise_if_any()


def test_a_wrong_type_says_found_and_expected():
    report, _ = checked(changed("payments", direction=[1, 2, 3, 4], mcc=[True, None, True, None]))
    rules = {violation.column: violation.sentence for violation in report.violations}
    assert "payments.direction: type BIGINT, but text is required" in rules["direction"]
    assert "payments.mcc: type BOOLEAN, but a whole number is required" in rules["mcc"]


def test_an_empty_table_and_an_unreadable_file_are_reported_with_the_rest(tmp_path):
    tables = book() | {
        "tags": pd.DataFrame({"tag_id": [], "customer_id": [], "event_time": [],
                              "available_at": [], "tag": pd.Series([], dtype="str")}),
        "bureau": TableSource(path=str(tmp_path / "absent.parquet")),
    }  # fmt: skip
    tables["payments"] = tables["payments"].assign(status="done", amount_fen=-1)
    report, _ = checked(tables)
    with pytest.raises(SchemaError) as raised:
        report.raise_if_any()
    said = str(raised.value)
    assert said.startswith("The data contract is broken in 4 places:\n- payments.")
    assert "- tags: the table is empty. It must have at least one row." in said
    assert "absent.parquet: there is no such file." in said
    assert report.count("payments") == 2
    assert len(report.sentences) == 4


def test_only_three_examples_are_shown():
    report, _ = checked(changed("payments", amount_fen=-1))
    (violation,) = report.violations
    assert violation.count == 4
    assert len(violation.examples) == 3


def test_csv_with_one_text_far_down(tmp_path):
    count = 30_000
    frame = pd.DataFrame(
        {"transfer_id": range(count), "customer_id": 1, "event_time": T, "available_at": T,
         "counterparty_id": 2, "amount_fen": 5}
    ).astype({"amount_fen": object})  # fmt: skip
    frame.loc[count - 1, "amount_fen"] = "5 yuan"
    path = tmp_path / "transfers.csv"
    frame.to_csv(path, index=False)
    report, _ = checked({"transfers": TableSource(path=str(path))})
    (violation,) = report.violations
    assert violation.examples == (f"transfer_id={count - 1}, amount_fen=5 yuan",)


# -- quarantine


def test_quarantine_sets_rows_apart_with_their_rules(tmp_path):
    tables = changed("payments", amount_fen=["5", "x", "7", "-8"], status=["ok", "no", "ok", "ok"])
    report, held = checked(tables, quarantine=tmp_path)
    report.raise_if_any()
    assert report.quarantined == {"payments": 2}
    assert {violation.rule.split(" (")[0] for violation in report.violations} == {
        "it is a whole number of fen", "it is at least 0", "it is one of ['ok', 'failed']",
    }  # fmt: skip
    apart = pd.read_parquet(tmp_path / "payments.parquet")
    assert apart["payment_id"].tolist() == [2, 4]
    assert apart["amount_fen"].tolist() == ["x", "-8"]
    assert apart["rule"][1] == "amount_fen: it is at least 0"
    assert "; status: it is one of" in apart["rule"][0]
    assert held["payments"]["payment_id"].tolist() == [1, 3]
    assert held["payments"]["amount_fen"].tolist() == [5, 7]


def test_rows_whose_parent_was_set_apart_follow(tmp_path):
    report, held = checked(changed("loans", principal_fen=[100, -1]), quarantine=tmp_path)
    report.raise_if_any()
    assert report.quarantined == {"loans": 1, "instalments": 2, "repayments": 1}
    assert held["instalments"]["loan_id"].tolist() == [1]
    assert held["repayments"]["loan_id"].tolist() == [1]


def test_a_quarantine_keeps_the_extra_columns_and_can_be_run_again(tmp_path):
    tables = changed("applications", event_time=[T, T + 5])
    with Engine(threads=1) as engine:
        for name, table in tables.items():
            engine.add(name, table)
        assert engine.check(quarantine=tmp_path).quarantined == {
            "applications": 1, "loans": 1, "instalments": 2, "repayments": 1,
        }  # fmt: skip
        assert engine.check(quarantine=tmp_path).violations == ()
        assert engine.frame("select grade from applications")["grade"].tolist() == ["a"]
    assert pd.read_parquet(tmp_path / "applications.parquet")["grade"].tolist() == ["b"]


def test_what_no_quarantine_can_mend_still_stands(tmp_path):
    tables = changed("payments", status="no")
    tables["wealth_orders"] = tables["wealth_orders"].drop(columns="side")
    report, _ = checked(tables, quarantine=tmp_path)
    message = (
        r"2 places:\n- payments: the table is empty.*Every row of it was set apart\.\n"
        r"- wealth_orders: no column"
    )
    with pytest.raises(SchemaError, match=message):
        report.raise_if_any()


amounts = st.lists(
    st.tuples(
        st.integers(1, 6),
        st.sampled_from(["1", "250", "-3", "x", None, "1.5"]),
        st.sampled_from(["out", "in", "up", None]),
        st.integers(-2, 2),
    ),
    min_size=1,
    max_size=12,
)


@given(amounts)
@settings(max_examples=12, deadline=None)
def test_counts_equal_a_loop_and_no_row_is_lost(tmp_path_factory, rows):
    frame = pd.DataFrame(
        {
            "payment_id": [key for key, *_ in rows],
            "customer_id": 1,
            "event_time": T,
            "available_at": [T + late for *_, late in rows],
            "direction": pd.array([way for _, _, way, _ in rows], dtype="string"),
            "amount_fen": pd.array([amount for _, amount, _, _ in rows], dtype="string"),
            "status": "ok",
            "mcc": 1,
        }
    )
    keys = frame["payment_id"].tolist()

    def breaks(key, amount, way, late):
        return [
            keys.count(key) > 1, amount is None or amount not in {"1", "250", "-3"},
            amount == "-3", way not in {"out", "in"}, late < 0,
        ]  # fmt: skip

    broken = [breaks(*row) for row in rows]
    folder = tmp_path_factory.mktemp("apart")
    report, _ = checked({"payments": frame}, quarantine=folder, categories=False)
    assert sum(v.count for v in report.violations) == sum(sum(row) for row in broken)
    assert report.quarantined.get("payments", 0) == sum(any(row) for row in broken)
    if any(map(any, broken)):
        apart = pd.read_parquet(folder / "payments.parquet")
        assert apart["payment_id"].tolist() == [
            key for key, bad in zip(keys, broken, strict=True) if any(bad)
        ]
