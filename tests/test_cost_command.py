"""`credit cost`: the table of disclosure, and refusals with their items."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest
from typer.testing import CliRunner

from credit.cli import app
from credit.errors import ConfigError, CreditError, PolicyError
from credit.pipeline.cost import CostQuestion, cost_of

LOAN = CostQuestion(principal="10000", months=12, daily_rate=0.0005, on=date(2026, 9, 1))


def test_the_command_prints_instalments_and_costs():
    words = ["cost", "--principal", "10000", "--months", "12", "--daily-rate", "0.0005",
             "--fee", "service=0.01", "--on", "2026-09-01"]  # fmt: skip
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0
    for said in ("917.79", "2027-09-01", "9,900.00", "22.17%", "18.00%", "platform", "no comply"):
        assert said in done.output
    read = json.loads(CliRunner().invoke(app, [*words, "--json", "--language", "zh"]).output)
    assert read["received_fen"] == 990_000
    assert read["table"][0]["name"] == "贷款本金"


def test_what_is_above_the_cap_is_refused_with_its_items():
    done = CliRunner().invoke(
        app,
        [
            "cost",
            "--principal",
            "10000",
            "--months",
            "12",
            "--daily-rate",
            "0.001",
            "--cap",
            "0.24",
        ],
    )
    assert isinstance(done.exception, PolicyError)
    assert "interest 0.001 per day with_instalments" in str(done.exception)
    assert "within the cap of 24.00%" in cost_of(replace(LOAN, cap=0.24)).note


def test_the_policys_plan_is_priced_without_a_daily_rate():
    answer = cost_of(replace(LOAN, daily_rate=None))
    assert [item.code for item in answer.cost.items] == ["plan_fee"]
    assert answer.cost.cost_fen == 60_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"principal": "1.234"}, r"--principal must be a positive amount .* got '1\.234'"),
        ({"principal": "many"}, "--principal must be a positive amount"),
        ({"months": 0}, "months must lie between 1 and 360, got 0"),
        (
            {"months": 5, "daily_rate": None},
            r"no instalment plan of 5 months, only of \[3, 6, 12\]",
        ),
        ({"daily_rate": float("nan")}, "--daily-rate: nan is not a number"),
        ({"kind": "annuity"}, r"--kind must be one of .* got 'annuity'"),
        ({"fees": ("service",)}, "--fee must be CODE=SHARE or CODE=SHARE@WAY"),
        ({"fees": ("servic=0.1",)}, "'servic' is not one of .* Did you mean 'service'"),
        ({"cap": -1.0}, r"--cap: -1\.0 must lie between 0 and 10"),
    ],
)
def test_a_question_that_is_none_is_refused(change, message):
    with pytest.raises(CreditError, match=message):
        cost_of(replace(LOAN, **change))


def test_an_unknown_language_is_refused():
    with pytest.raises(ConfigError, match="--language must be one of"):
        cost_of(LOAN, "fr")
