"""Products side by side: every number recomputed from the leaves, the illegal ones refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from conftest import REPOSITORY
from golden_artifacts import golden as golden_artifacts
from policy_outputs import people
from typer.testing import CliRunner

from credit import cli, policy
from credit.decide import eligibility
from credit.decide.case import read_case
from credit.decide.decision import Ground
from credit.decide.money import exact
from credit.decide.product import ProductTerms
from credit.decide.products import MARKS, Compared, Wish, compare
from credit.decide.repay import Loan, schedule
from credit.errors import ConfigError, CreditError, DataError, LawError, ModelError, PolicyError
from credit.explain import dimension_contributions
from credit.pipeline import presets
from credit.pipeline.models import Knowledge
from credit.pipeline.pages.page import render
from credit.pipeline.pages.products import products_page, tables
from credit.pipeline.presets import PRESETS, compare_presets
from credit.pipeline.presets import tables as preset_tables
from credit.pipeline.products import Comparison, compare_file, compare_products, products
from credit.runtime import load
from credit.scorecard import PolicyCard

FILE = REPOSITORY / "docs" / "examples" / "case.json"
CASE: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
DAY = date(2026, 3, 1)
ALL = {
    "weilidai", "we2000", "mini_program", "third_party", "jiebei", "duxiaoman", "jd_jintiao",
    "zhaolian", "bank",
}  # fmt: skip
ABOVE = {"bank", "jiebei", "duxiaoman", "zhaolian", "mini_program", "third_party"}
"""Products whose published highest rate costs more than 24 % a year, all in."""


@pytest.fixture(scope="module")
def lawful() -> Comparison:
    return compare_file(FILE)


@pytest.fixture(scope="module")
def lawless() -> Comparison:
    return compare_file(FILE, law="")


def of(found: Comparison) -> dict[str, Compared]:
    return {line.product: line for line in found.lines}


def asked(law: str = "", **changed: Any) -> dict[str, Compared]:
    document = {**CASE, **changed}
    return of(compare_products(document, scorer=None, law=law, wish=Wish(amount_fen=8_000_00)))


def figures(name: str, law: str = "+cn-2026") -> policy.InForce:
    return policy.load(("weilidai" if name == "weilidai" else f"weilidai+{name}") + law).at(DAY)


def over(key: str, value: object, name: str = "weilidai+cn-2026") -> policy.InForce:
    held = policy.load(name).at(DAY)
    leaf = replace(held.leaf(key), value=value)
    return replace(held, leaves={**held.leaves, key: leaf})


def effective(principal: int, payments: list[tuple[date, int]]) -> float:
    """The yearly rate at which the payments are worth what was lent, by halving."""
    low, high = 0.0, 5.0
    for _ in range(200):
        rate = (low + high) / 2
        worth = sum(fen / (1 + rate) ** ((day - DAY).days / 365) for day, fen in payments)
        low, high = (rate, high) if worth > principal else (low, rate)
    return low


def test_every_shipped_product_is_compared(lawful):
    """M04: eight products beside 微粒贷."""
    assert set(products()) == ALL
    assert [line.product for line in lawful.lines if line.outcome == "approve"] == [
        "weilidai", "jd_jintiao", "we2000",
    ]  # fmt: skip


@pytest.mark.parametrize("name", sorted(ALL))
def test_the_numbers_are_those_of_the_policy_file(lawful, name):
    """M04, L11, P02, P03, E10: rates by grade, true cost and limit, worked out from the leaves."""
    held, line = figures(name), of(lawful)[name]
    low, high = (exact(held["product.daily_rate"][end]) for end in ("min", "max"))
    step = exact(held["pricing.step"])
    for row, priced in zip(held["pricing.grades"], line.prices, strict=True):
        rate = low + (high - low) * exact(row["place"])
        assert abs(priced.daily_rate - rate) <= step / 2
        assert priced.annual_rate == held["pricing.day_count"] * priced.daily_rate
        loan = Loan(principal_fen=10_000_00, drawn_on=DAY, months=12, daily_rate=priced.daily_rate)
        paid = [(one.due, one.total_fen) for one in schedule(loan).instalments]
        assert priced.cost == pytest.approx(effective(10_000_00, paid), abs=1e-6)
    grade = next(g["grade"] for g in held["pricing.grades"] if g["max_pd"] >= 0.031)
    assert line.own.grade == grade
    computed = (
        exact(7_200) * exact(held["limit.base.income_multiple"])
        * exact(held["limit.occupation"]["default"])
        * (1 + exact(held["limit.asset_boost"]["default"]))
        * (1 + exact(held["limit.growth"]["max_annual"]) * Fraction(6, 12))
        * (1 + exact(held["limit.repay_step"]))
    )  # fmt: skip
    least, most = (held["product.limit"][end] for end in ("min", "max"))
    assert line.limit_fen == (100 * min(computed, most) if computed >= least else 0)
    assert line.minutes == held["product.approval_minutes"]
    assert list(line.data_sources) == held["product.data_sources"]
    assert line.apr == tuple(exact(held["product.apr"][end]) for end in ("min", "max"))


def test_what_is_above_the_cap_is_refused_with_its_items_and_stands_last(lawful):
    """G01: a product of 36 % a year, and each whose dearest loan costs more than 24 %."""
    places = {line.product: place for place, line in enumerate(lawful.lines)}
    illegal = {line.product for line in lawful.lines if line.outcome == "illegal"}
    assert illegal == ABOVE
    assert min(places[name] for name in ABOVE) == len(ALL) - len(ABOVE)
    for name in ABOVE:
        line = of(lawful)[name]
        (reason,) = line.says
        assert (line.against, line.mark.en) == (("comply.apr_cap",), "above cap")
        assert (line.amount_fen, line.usable_fen) == (0, 0)
        assert "the law allows lenders of its type 24.00%" in reason.en
        assert "interest" in reason.en
        assert "24.00%" in reason.zh
        assert "利息" in reason.zh
    assert "619.54 yuan" in of(lawful)["mini_program"].says[0].en
    costs = [line.own.cost for line in lawful.lines]
    assert costs[:3] == sorted(costs[:3])
    assert costs[3:] == sorted(costs[3:])


def test_without_the_law_each_product_decides_by_its_own_rules(lawless):
    """E08, E09: the score and the proof of income that each asks for."""
    found = of(lawless)
    assert {name for name, line in found.items() if line.outcome != "approve"} == {
        "bank", "jiebei", "mini_program", "third_party",
    }  # fmt: skip
    assert found["jiebei"].against == ("E_SCORE",)
    assert found["third_party"].against == ("E_INCOME",)
    assert found["mini_program"].against == ("E_SCORE", "E_INCOME")
    assert found["bank"].against == ("E_INCOME", "limit", "M_AMOUNT")
    assert found["bank"].eligible == "refused"
    assert [line.product for line in lawless.lines] == [
        line.product for line in sorted(lawless.lines, key=lambda line: line.own.cost)
    ]
    assert all(len(line.says) == len(line.against) for line in lawless.lines)
    assert tables(lawless)[0].rows[2][2:5] == [
        "(0.00)",
        "refused: income unproven",
        "no: income unproven",
    ]


def test_a_wish_below_the_least_or_above_the_limit_is_told(lawless):
    shown = {
        **CASE["applicant"], "income_evidence": ["statement"],
        "scores": {"wechat_pay": 662, "zhima": 700},
    }  # fmt: skip
    rich = {**CASE["money"], "income_fen": 5_000_000}
    bank = asked(applicant=shown, money=rich)["bank"]
    assert (bank.outcome, bank.against, bank.amount_fen) == ("refuse", ("M_AMOUNT",), 0)
    assert bank.says[-1].en == "It lends 50,000.00 to 500,000.00 yuan; 8,000.00 are wanted."
    assert bank.limit_fen >= 50_000_00
    found = of(compare_file(FILE, law="", amount="60000"))["weilidai"]
    assert found.amount_fen == found.usable_fen < 60_000_00
    assert found.says[0].en.startswith("Of the 60,000.00 yuan wanted it lends ")
    assert of(lawless)["weilidai"].says == ()


def test_without_a_score_a_person_reads_it_and_the_worst_grade_is_priced():
    document = {name: value for name, value in CASE.items() if name != "score"}
    found = compare_products(document, scorer=None, law="", wish=Wish())
    line = of(found)["weilidai"]
    assert (line.outcome, line.against, line.own) == ("review", ("unscored",), line.prices[-1])
    assert not found.scored


def test_a_lender_without_a_cap_and_a_partner_below_the_floor_are_refused():
    """G01, M06: no leave to charge anything without a cap; a partner brings 30 % or nothing."""
    case = read_case(CASE)
    for held, key in (
        (over("product.lender_type", "unlicensed"), "comply.apr_cap"),
        (over("funding.split", {"own": 0.9, "partner": 0.1}), "funding.partner"),
        (over("pricing.fees", [{"code": "service", "share": 0.1, "way": "at_start"}]),
         "comply.apr_cap"),
    ):  # fmt: skip
        (line,) = compare([(ProductTerms.of(held), case)], Wish())
        assert (line.outcome, line.against) == ("illegal", (key,))
        assert line.mark in MARKS.values()
    assert line.own.cost > line.own.annual_rate + exact(0.1), "the fee is part of the true cost"


def test_an_unsound_policy_is_an_error_and_no_refusal_by_the_law():
    with pytest.raises(PolicyError, match=r"decision\.cutoff") as caught:
        ProductTerms.of(over("decision.cutoff", {"approve": 0.2, "review": 0.1}))
    assert not isinstance(caught.value, LawError)


def test_all_that_can_stand_against_a_person_has_two_words():
    codes = {code.removesuffix("_UNKNOWN") for code in eligibility.WORDS} - {"E_SCORE_NONE"}
    assert codes | (set(get_args(Ground)) - {"eligibility"}) <= set(MARKS)
    for mark in MARKS.values():
        assert 1 <= len(mark.en.split()) <= 2
        assert mark.zh


def test_a_products_model_sees_the_products_own_sources_only():
    """E10: what a product does not use, or the person did not authorise, is served as missing."""
    golden = next(one for one in golden_artifacts() if one.name.endswith("scorecard"))
    scorer = load(golden.folder)
    at = next(at for at, night in enumerate(golden.columns["night"]) if night == 5.0)
    features = {name: column[at] for name, column in golden.columns.items()}
    bare = {name: value for name, value in CASE.items() if name != "score"}
    document = {**bare, "features": features}
    found = compare_products(document, scorer=scorer, law="", wish=Wish())
    assert {name for name, left in found.unseen.items() if left == ("payment",)} == {
        "we2000", "duxiaoman", "zhaolian",
    }  # fmt: skip
    seen = scorer.score_one(features).probability
    masked = scorer.score_one({**features, "night": None}).probability
    assert seen != masked
    for name, line in of(found).items():
        probability = masked if found.unseen[name] else seen
        bounds = figures(name)["pricing.grades"]
        assert line.own.grade == next(g["grade"] for g in bounds if probability <= g["max_pd"])
    html = render(products_page(found))
    assert "we2000: scored without payment" in html


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        ({"amount": "0"}, ConfigError, r"--amount must be a positive amount in yuan.*'0'"),
        ({"amount": "many"}, ConfigError, r"--amount must be a positive amount in yuan.*'many'"),
        ({"language": "de"}, ConfigError, r"--language 'de': must be one of"),
        ({"law": "cn-2062"}, PolicyError, r"no policy 'cn-2062'\. Did you mean 'cn-2026'\?"),
    ],
    ids=str,
)
def test_bad_input_is_named(words: dict[str, str], error: type[CreditError], said: str):
    with pytest.raises(error, match=said):
        compare_file(FILE, **words)


def test_files_and_cases_that_are_none_are_named(tmp_path):
    with pytest.raises(DataError, match=r"absent\.json: no such file"):
        compare_file(Path("absent.json"))
    broken = tmp_path / "case.json"
    broken.write_text(json.dumps({**CASE, "amount": 1}), encoding="utf-8")
    with pytest.raises(DataError, match=r"case: .*'amount'"):
        compare_file(broken)
    with pytest.raises(DataError, match="months must be above 0, got 0"):
        Wish(months=0)
    for words, said in (
        (["-o", tmp_path / "t.txt"], "name the file .csv"),
        (["--page", tmp_path / "none" / "p.html"], "there is no folder"),
    ):
        command = ["products", "compare", str(FILE), *map(str, words)]
        assert said in str(CliRunner().invoke(cli.app, command).exception)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_command_prints_what_the_table_and_the_page_hold(tmp_path, lawful, language):
    """M04: as a table, as CSV, and as a page with its picture."""
    table, page = tmp_path / "t.csv", tmp_path / "p.html"
    command = ["products", "compare", FILE, "--language", language, "-o", table, "--page", page]
    done = CliRunner().invoke(cli.app, [*map(str, command)], catch_exceptions=False)
    assert done.exit_code == 0
    html, frame = page.read_text("utf-8"), pd.read_csv(table)
    assert frame["product"].tolist() == [line.product for line in lawful.lines]
    assert frame["cost"].tolist() == pytest.approx([line.own.cost for line in lawful.lines])
    for line in lawful.lines:
        assert f"{line.own.cost:.2%}" in done.output
        assert f"{line.own.cost:.2%}" in html
        for reason in line.says:
            assert getattr(reason, language) in done.output
            assert getattr(reason, language) in html
    assert f'<html lang="{language}">' in html
    assert html.count("<svg") == 1
    assert {len(one.columns) == len(row) for one in tables(lawful) for row in one.rows} == {True}


def test_presets_are_compared_by_auc_and_influence():
    """M05: the same people, three presets; influence is each dimension's share of the variance."""
    X, y = people()
    known = Knowledge(signs=dict.fromkeys(X, 1), dimensions={name: name for name in X})
    found = compare_presets((X, y), (X, y), known, DAY)
    assert found["preset"].unique().tolist() == ["wechat", "bank", "alipay"]
    assert np.allclose(found.groupby("preset")["influence"].sum(), 1)
    for preset, rows in found.groupby("preset"):
        weights = policy.load(PRESETS[preset]).weights(DAY)
        assert dict(zip(rows["dimension"], rows["weight"], strict=True)) == weights
        card = PolicyCard(signs=known.signs, dimensions=known.dimensions, weights=weights)
        margin = card.fit(X, y).decision_function(X)
        pairs = margin[y == 1][:, None] - margin[y == 0][None, :]
        assert rows["auc"].iloc[0] == pytest.approx(np.mean((pairs > 0) + 0.5 * (pairs == 0)))
        parts = dimension_contributions(card.contributions(X), known.dimensions)
        for one in rows.itertuples():
            share = np.cov(parts[one.dimension], margin)[0, 1] / np.var(margin, ddof=1)
            assert one.influence == pytest.approx(share)
    means = found.pivot_table(index="preset", columns="dimension", values="influence")
    assert means["repayment"].idxmax() == "bank"
    assert means["consumption"].idxmax() == "alipay"
    assert means["social"].idxmax() == "wechat"
    first = found[found["preset"] == "wechat"]
    assert (first.filter(like="difference") == 0).all(axis=None)
    ranking, moved = preset_tables(found)
    assert [row[:2] for row in ranking.rows] == [[name, PRESETS[name]] for name in PRESETS]
    assert [len(row) for row in moved.rows] == [4] * 5
    with pytest.raises(ModelError, match="weights must not be negative and must sum to 1"):
        compare_presets((X, y), (X, y), Knowledge(signs={"wealth": 1}), DAY)


def test_the_command_compares_presets_on_a_pipelines_rows(monkeypatch, tmp_path):
    """M05: a table, a picture and every figure as CSV; a file of another kind is refused first."""
    X, y = people()
    known = Knowledge(signs=dict.fromkeys(X, 1), dimensions={name: name for name in X})
    found = compare_presets((X, y), (X, y), known, DAY)
    monkeypatch.setattr(presets, "presets_of", lambda path, *, data, progress: found)
    table, picture = tmp_path / "p.csv", tmp_path / "p.svg"
    words = ["products", "presets", "p.toml", "-q", "-o", str(table), "--plot", str(picture)]
    done = CliRunner().invoke(cli.app, words, catch_exceptions=False)
    assert "alipay" in done.output
    assert pd.read_csv(table)["influence"].tolist() == pytest.approx(found["influence"].tolist())
    assert picture.read_text("utf-8").startswith("<?xml")
    for option, path, said in (
        ("-o", "p.txt", "name the file .csv"), ("--plot", "p.jpg", "name the file .svg or .png"),
        ("--plot", "none/p.svg", "there is no folder"),
    ):  # fmt: skip
        command = ["products", "presets", "p.toml", option, str(tmp_path / path)]
        assert said in str(CliRunner().invoke(cli.app, command).exception)
