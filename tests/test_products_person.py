"""Products side by side for a person of tables: the case that the tables state, and no other."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import REPOSITORY
from golden_artifacts import golden as golden_artifacts
from golden_artifacts import specification
from typer.testing import CliRunner

from credit import cli, policy
from credit.artifact import write
from credit.decide.case import Case, Cause, Scored
from credit.decide.clock import at
from credit.decide.product import ProductTerms
from credit.decide.products import WORDS, Wish, compare
from credit.decide.stated import Stated, case_of
from credit.errors import ArtifactError, ConfigError, DataError
from credit.features import catalogue, chosen
from credit.pipeline import products as pipeline
from credit.pipeline.products import compare_person, compare_products
from credit.pipeline.stated import FromTables, read_person, read_scores
from credit.runtime import load
from credit.scorecard import Scorecard

ZONE = "Asia/Shanghai"
DAY = date(2024, 3, 1)
UNSEEN = WORDS["M_UNSEEN"].en


def noon(year: int, month: int, day: int) -> int:
    return at(date(year, month, day), ZONE, hour=12)


def instalments(loan: int, dues: list[tuple[int, int]], person: int = 17) -> list[dict[str, Any]]:
    drawn = noon(2023, 12, 1)
    return [
        {"customer_id": person, "event_time": drawn, "available_at": drawn, "loan_id": loan,
         "number": number, "due_at": due, "due_fen": fen}
        for number, (due, fen) in enumerate(dues, start=1)
    ]  # fmt: skip


def repayment(key: int, loan: int, number: int, fen: int, when: int) -> dict[str, Any]:
    return {"repayment_id": key, "customer_id": 17, "event_time": when, "available_at": when,
            "loan_id": loan, "number": number, "amount_fen": fen}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people: 17 applied once and owes on loans, 18 applied twice and proves an income."""
    place = tmp_path_factory.mktemp("tables")
    instant = noon(2024, 3, 1)
    people = {"customer_id": [17, 18, 19], "event_time": [noon(2022, 1, 5)] * 3,
              "available_at": [noon(2022, 1, 5)] * 3, "segment": [None] * 3,
              "occupation": ["freelance", None, None],
              "birth_date": [at(date(1990, 6, 2), ZONE)] * 2 + [None],
              "declared_income_fen": [450_000, 300_000, 300_000]}  # fmt: skip
    asked = {"application_id": [1, 2, 3, 4], "customer_id": [17, 18, 18, 19],
             "event_time": [instant, instant, instant + 1, instant],
             "available_at": [instant, instant, instant + 1, instant],
             "income_evidence": ["none", "statement", "none", "none"],
             "verified_income_fen": [None, 510_000, None, None],
             "assets": ["none", "housing, vehicle", "none", "none"],
             "wechat_pay": [650, 580, None, 650]}  # fmt: skip
    owed = [
        *instalments(
            1, [(noon(2024, 1, 1), 500), (noon(2024, 4, 1), 700), (noon(2024, 5, 1), 800)]
        ),
        *instalments(2, [(noon(2024, 4, 2), 900)]),
        *instalments(3, [(noon(2024, 4, 3), 1_100)]),
        *instalments(4, [(noon(2024, 4, 3), 9_999)], person=18),
    ]
    paid = [
        repayment(1, 1, 2, 700, noon(2024, 2, 1)), repayment(2, 2, 1, 899, noon(2024, 2, 1)),
        repayment(3, 3, 1, 1_100, noon(2024, 2, 1)), repayment(4, 2, 1, 1, noon(2024, 3, 2)),
    ]  # fmt: skip
    tables = {"customers": people, "applications": asked, "instalments": owed, "repayments": paid}
    for name, rows in tables.items():
        pd.DataFrame(rows).to_parquet(place / f"{name}.parquet")
    return place


def case_17(score: Scored | None = None, **changed: Any) -> Case:
    stated = {
        "application_id": "1", "instant": noon(2024, 3, 1), "birth_date": date(1990, 6, 2),
        "registered_at": noon(2022, 1, 5), "income_fen": 450_000, "occupation": "freelance",
        "scores": {"wechat_pay": 650}, "scopes": {"basic_id"}, "dues_fen": (800, 900),
    }  # fmt: skip
    return case_of(Stated(**{**stated, **changed}), score)


def test_a_case_is_what_the_tables_state_at_the_instant(folder):
    """What is paid later is not known; a loan paid off is due no more."""
    case, features = read_person(FromTables(tables=folder, person="17"), None)
    assert (case, features) == (case_17(), {})
    asked = FromTables(tables=folder, person="18", application="2", scores={"zhima": 600})
    case, _ = read_person(asked, None)
    assert case == case_17(
        application_id="2", income_fen=510_000, occupation="default", dues_fen=(9_999,),
        assets=("housing", "vehicle"), income_evidence=("statement",),
        scores={"wechat_pay": 580, "zhima": 600},
    )  # fmt: skip


def test_a_person_is_compared_as_the_policies_imply(folder):
    """M04: the lines are those of the case, worked out without the tables."""
    found = compare_person(FromTables(tables=folder, person="17"), amount="6000")
    names = [line.product for line in found.lines]
    for line in found.lines:
        base = "weilidai" if line.product == "weilidai" else f"weilidai+{line.product}"
        terms = ProductTerms.of(policy.load(f"{base}+cn-2026").at(DAY))
        terms = replace(terms, name=line.product)
        assert (line,) == compare([(terms, case_17())], Wish(amount_fen=6_000_00))
    assert sorted(names) == sorted(set(names))
    assert found.on == DAY
    assert not found.scored


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"person": "71"}, DataError, r"no application of person '71' in .* It holds 3 people"),
        ({"person": "18"}, DataError, r"applied 2 times.* --application, of \['2', '3'\]"),
        ({"person": "17", "application": "2"}, DataError, r"no application '2' of person '17'"),
        ({"person": "19"}, DataError, r"birth_date of person '19' is not stated"),
        ({"person": "17", "rows": Path("r.csv")}, DataError, r"--rows: no artifact says"),
        ({"person": "17", "tables": Path("absent")}, DataError, "absent: there is no such folder"),
    ],
    ids=str,
)
def test_who_is_not_there_is_named_with_the_way_out(folder, asked, error, said):
    with pytest.raises(error, match=said):
        compare_person(FromTables(**{"tables": folder, **asked}))


def test_an_artifact_that_reads_what_no_table_gives_is_refused(folder):
    golden = next(one for one in golden_artifacts() if one.name.endswith("scorecard"))
    asked = FromTables(tables=folder, person="17")
    with pytest.raises(ArtifactError, match=r"cannot be built from these tables, .* --rows"):
        compare_person(asked, artifact=golden.folder)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifact that reads two features of the tables."""
    draw = np.random.default_rng(3)
    X = pd.DataFrame({
        "application_declared_income_fen": draw.integers(200_000, 900_000, 600).astype(float),
        "application_verified_income_fen": draw.choice([np.nan, 5e5], 600),
    })  # fmt: skip
    y = (X["application_declared_income_fen"] < draw.integers(0, 600_000, 600)).astype(int)
    written = tmp_path_factory.mktemp("artifact") / "reader"
    write(written, Scorecard(random_state=1).fit(X, y), replace(specification(), sample=X,
          catalogue=chosen(catalogue(), list(X)), hard_ranges={}))  # fmt: skip
    return written


def test_features_are_built_as_of_the_application_or_taken_from_rows(folder, reader, tmp_path):
    asked = FromTables(tables=folder, person="17")
    built = compare_person(asked, artifact=reader)
    own = {"application_declared_income_fen": 450_000.0, "application_verified_income_fen": None}
    risk = load(reader).score_one(own).probability
    line = next(line for line in built.lines if line.product == "weilidai")
    grades = policy.load("weilidai").at(DAY)["pricing.grades"]
    assert line.own.grade == next(one["grade"] for one in grades if risk <= one["max_pd"])
    assert built.scored
    row = {"customer_id": 17, "as_of": noon(2024, 3, 1), **own}
    rows, moved = tmp_path / "rows.parquet", tmp_path / "moved.parquet"
    pd.DataFrame([row]).to_parquet(rows)
    pd.DataFrame([{**row, "as_of": row["as_of"] + 1}]).to_parquet(moved)
    assert compare_person(replace(asked, rows=rows), artifact=reader) == built
    with pytest.raises(DataError, match=r"is as of \d+, the application is of \d+"):
        compare_person(replace(asked, rows=moved), artifact=reader)


@pytest.mark.parametrize("others", [(), ("income",)], ids=str)
def test_what_a_product_may_not_see_is_no_reason_of_its_refusal(monkeypatch, others):
    """A source left out scores as missing; what missing would mean is not said of the person."""
    golden = next(one for one in golden_artifacts() if one.name.endswith("scorecard"))
    causes = tuple(
        Cause(feature=name, dimension="", en=f"because of {name}", zh=name, excess=1.0)
        for name in ("night", *others)
    )
    bad = Scored(probability=0.9, points=400, grade="E", artifact="0", causes=causes)
    monkeypatch.setattr(pipeline, "scored_by", lambda scorer, features, reasons: bad)
    example = json.loads((REPOSITORY / "docs" / "examples" / "case.json").read_text("utf-8"))
    features = {name: column[0] for name, column in golden.columns.items()}
    document = {**example, "features": features}
    del document["score"]
    found = compare_products(document, scorer=load(golden.folder), law="", wish=Wish())
    said = {line.product: [one.en for one in line.says] for line in found.lines}
    assert (found.unseen["we2000"], found.unseen["weilidai"]) == (("payment",), ())
    assert said["weilidai"] == [f"because of {name}" for name in ("night", *others)]
    assert said["we2000"] == ([f"because of {name}" for name in others] or [UNSEEN])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["case.json", "--tables", ".", "--person", "1"], "exclude each other"),
        (["--person", "1"], "--tables and --person: give both, or a CASE"),
        ([], "for whom? Give a CASE, or --tables and --person"),
        (["case.json", "--rows", "r.csv"], "--rows: a CASE says it itself"),
        (["--tables", ".", "--person", "1", "--score", "zhima"], "write it as NAME=POINTS"),
    ],
    ids=str,
)
def test_the_command_says_what_excludes_what(words, said):
    done = CliRunner().invoke(cli.app, ["products", "compare", *words, "--quiet"])
    assert isinstance(done.exception, ConfigError)
    assert said in str(done.exception)


def test_the_command_compares_a_person_of_tables(folder, tmp_path):
    words = ["products", "compare", "--tables", folder, "--person", "17", "--score", "zhima=600",
             "--quiet", "-o", tmp_path / "t.csv"]  # fmt: skip
    done = CliRunner().invoke(cli.app, [*map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0
    asked = FromTables(tables=folder, person="17", scores=read_scores(["zhima=600"]))
    kept = pd.read_csv(tmp_path / "t.csv")
    assert kept["product"].tolist() == [line.product for line in compare_person(asked).lines]


def test_both_sides_of_a_loan_are_shown_and_sum_to_it():
    """M06: own part and partner's of what would be lent, to the fen."""
    held = policy.load("weilidai+cn-2026").at(DAY)
    leaf = replace(held.leaf("funding.split"), value={"own": 0.7, "partner": 0.3})
    terms = ProductTerms.of(replace(held, leaves={**held.leaves, leaf.key: leaf}))
    score = Scored(probability=0.03, points=640, grade="C", artifact="0")
    case = case_17(score, scopes={"basic_id", "credit_record"}, dues_fen=())
    [line] = compare([(terms, case)], Wish(amount_fen=3_000_01))
    assert line.outcome == "approve"
    assert (line.own_fen, line.partner_fen) == (2_100_01, 900_00)
    assert line.own_fen + line.partner_fen == line.amount_fen
    [refused] = compare([(terms, replace(case, score=None))], Wish())
    assert (refused.amount_fen, refused.own_fen, refused.partner_fen) == (0, 0, 0)
