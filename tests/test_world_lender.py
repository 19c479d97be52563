"""The world's lender: it decides as anybody would from the tables, and knows less than the truth.

Its decisions are made again here from the rows of a small world; figures of a large one stand in
``benchmarks/book.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score
from typer.testing import CliRunner

from credit import policy
from credit.cli import app
from credit.decide.case import Scored
from credit.decide.decision import Decision, DecisionTerms, decide, place_of
from credit.decide.limit import limit
from credit.decide.stated import OCCUPATIONS, Stated, case_of
from credit.engine import Engine
from credit.errors import PolicyError
from credit.feature import DIMENSIONS
from credit.features import merchant_categories
from credit.pipeline.config import load
from credit.pipeline.tables import prepare, silent
from credit.pipeline.train import assemble
from credit.pipeline.turned_away import turned_away
from credit.schema import DAY
from credit.world import Shock, WorldOptions, generate, read
from credit.world import truth as truth_of_world
from credit.world.figures import Figures, figures
from credit.world.lender.balance import Balance
from credit.world.lender.deciding import decided
from credit.world.lender.legacy import LegacyScore, impression
from credit.world.lender.products import Products, terms, under_lender
from credit.world.lender.reviewing import Reviews
from credit.world.people import correlation

START = date(2023, 1, 1)
NUMBERS = figures(START)
WORLD = WorldOptions(people=360, seed=23, months=1, lender=True)
OFTEN = Figures(
    {**NUMBERS.values, "graph.communities_in_block": 3, "sim.lender.random_approvals": 0.3}
)
"""Blocks of 180 people, so that a small world has some; and more approvals by chance."""


@pytest.fixture(scope="module", autouse=True)
def small_blocks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        module = import_module("credit.world.generate")  # the name is also that of a function
        patch.setattr(module, "figures", lambda _day: OFTEN)
        yield


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, small_blocks: None) -> Path:
    folder = tmp_path_factory.mktemp("lender") / "world"
    said = CliRunner().invoke(
        app,
        ["world", "generate", str(folder), "--people", str(WORLD.people), "--months",
         str(WORLD.months), "--seed", str(WORLD.seed), "--lender", "--quiet"],
    )  # fmt: skip
    assert said.exit_code == 0, said.output
    return folder


def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_parquet(folder / f"{name}.parquet")


@pytest.fixture(scope="module")
def decisions(world: Path) -> pd.DataFrame:
    return table(world, "decisions").set_index("application_id")


# -- decisions are those that the tables and the policies make


def told(world: Path) -> Iterator[tuple[Stated, str, float]]:
    """Yield each application as plain tables tell it, its policy, and what the score said."""
    asked = table(world, "applications").merge(table(world, "customers"), on="customer_id")
    policies = {row["product"]: row["policy"] for row in NUMBERS["sim.lender.products"]}
    score = read(world).frame.set_index("application_id")["legacy_p"]
    loans, due = table(world, "loans"), table(world, "instalments")
    earlier = due[due["loan_id"].isin(loans.loc[loans["line_application_id"].isna(), "loan_id"])]
    for row in asked.itertuples():
        own = earlier[earlier["customer_id"] == row.customer_id]
        running = own[own["due_at"] > row.event_time_x].groupby("loan_id")["due_fen"]
        born = row.birth_date.tz_localize("UTC").tz_convert("Asia/Shanghai").date()
        yield (
            Stated(
                application_id=str(row.application_id),
                instant=row.event_time_x.value // 1_000,
                birth_date=born,
                registered_at=row.event_time_y.value // 1_000,
                income_fen=row.declared_income_fen,
                occupation=OCCUPATIONS.get(row.occupation, row.occupation),
                assets=tuple(row.assets.split(", ")) if row.assets != "none" else (),
                income_evidence=() if row.income_evidence == "none" else (row.income_evidence,),
                scores={"wechat_pay": row.wechat_pay},
                scopes={"basic_id", "credit_record"},
                dues_fen=tuple(running.first()),
            ),
            policies[row.product],
            score[row.application_id],
        )


def test_decisions_are_those_that_the_tables_make(world: Path, decisions: pd.DataFrame) -> None:
    seen: set[str] = set()
    held: dict[tuple[str, date], DecisionTerms] = {}
    loaded = {name: policy.load(name) for name in decisions["policy"].unique()}
    for stated, name, probability in told(world):
        day = (pd.Timestamp(stated.instant, unit="us") + pd.Timedelta(hours=8)).date()
        if (name, day) not in held:
            held[name, day] = DecisionTerms.of(loaded[name].at(day))
        scored = Scored(probability=probability, points=0, grade="?", artifact="a test")
        found = decide(case_of(stated, scored), held[name, day])
        row = decisions.loc[int(stated.application_id)]
        overruled = row["random_approval"] == 1
        assert row["outcome"] == ("approve" if overruled else found.outcome)
        assert (row["grounds"] if isinstance(row["grounds"], str) else "") == ", ".join(
            found.grounds
        )
        assert found.price is not None
        assert (row["policy"], row["grade"]) == (name, found.price.grade)
        assert row["probability"] == probability
        assert row["daily_rate"] == float(found.price.daily_rate)
        assert row["limit_fen"] == found.shown.shown_fen
        assert row["usable_fen"] == found.shown.usable_fen
        seen |= set(found.grounds)
    assert {"eligibility", "score"} <= seen


def test_chance_overrules_the_score_and_nothing_else(decisions: pd.DataFrame) -> None:
    by_score = decisions[decisions["grounds"] == "score"]
    assert 0.1 < by_score["random_approval"].mean() < 0.6
    assert (by_score["outcome"] == "approve").equals(by_score["random_approval"] == 1)
    others = decisions[decisions["grounds"] != "score"]
    assert (others["random_approval"] == 0).all()
    assert (others["grounds"].isna() == (others["outcome"] == "approve")).all()


def test_whoever_is_refused_has_no_loan(world: Path, decisions: pd.DataFrame) -> None:
    loans = table(world, "loans").dropna(subset="application_id")
    lent = decisions.loc[loans["application_id"].unique()]
    assert len(lent) > 100
    assert (lent["outcome"] == "approve").all()
    assert len(decisions) == WORLD.people


def test_every_fen_lent_is_accounted_for(world: Path) -> None:
    said = json.loads((world / "world.json").read_text(encoding="utf-8"))
    balance = Balance(**said["balance"])
    assert balance.gaps == {"received": 0, "owed": 0, "principal": 0}
    loans = table(world, "loans").dropna(subset="line_application_id")
    assert balance.disbursed == loans["principal_fen"].sum() > 0
    assert said["options"]["lender"] is True


def test_products_and_policies(world: Path, decisions: pd.DataFrame) -> None:
    asked = table(world, "applications").set_index("application_id")["product"]
    assert decisions["product"].equals(asked)
    assert (asked == "third_party").mean() == pytest.approx(0.2, abs=0.06)
    third = decisions[asked == "third_party"]
    proven = table(world, "applications").set_index("application_id")["income_evidence"]
    assert (third.loc[proven[third.index] == "none", "outcome"] != "approve").all()


# -- rows


def test_the_same_bytes_whatever_the_chunk(world: Path, tmp_path: Path) -> None:
    generate(tmp_path / "parts", replace(WORLD, chunk_people=1, threads=1))
    files = sorted(path.relative_to(world) for path in world.rglob("*") if path.is_file())
    assert "decisions.parquet" in {str(file) for file in files}
    for file in files:
        assert (tmp_path / "parts" / file).read_bytes() == (world / file).read_bytes(), file


def test_tables_keep_the_contract(world: Path) -> None:
    with Engine() as engine:
        engine.add_directory(world)
        engine.add_lookup("merchant_categories", merchant_categories())
        engine.check().raise_if_any()
        assert "decisions" in engine.tables


def test_a_shock_moves_outcomes_that_the_score_does_not_know(tmp_path: Path) -> None:
    shock = Shock(segment="blue_collar", first=1, log_odds=2.0)
    generate(tmp_path / "w", replace(WORLD, people=200, shocks=(shock,), months=2))
    hit = read(tmp_path / "w").frame.query("segment == 'blue_collar'")
    assert hit["p"].mean() > 1.3 * hit["legacy_p"].mean()


# -- a pipeline on it

PIPELINE = """
name = "lent"
[source]
kind = "world"
people = 500
lender = true
[features]
include = ["application_*"]
[outcome]
days = 30
within_months = 6
[split]
kind = "out_of_time"
test_from = 2023-02-01
[reject]
method = "none"
"""


def test_a_pipeline_learns_from_those_who_were_lent_to(
    world: Path, decisions: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "lent.toml"
    path.write_text(PIPELINE, encoding="utf-8")
    config = load(path)
    prepared = prepare(config, data=world)
    with prepared.engine as engine:
        whole = assemble(config, prepared, silent)
        away = turned_away(config, whole, engine)
    assert away is not None
    said = decisions.loc[whole.application_id]
    labelled = whole.y.notna().to_numpy()
    assert labelled.sum() > 50
    assert (said["outcome"][labelled] == "approve").all()
    assert (whole.known_at[labelled] <= prepared.observed_until).all()
    first = table(world, "loans")["application_id"].dropna()
    assert set(whole.application_id[whole.status != "no_loan"]) == set(first)
    assert (away.refused == (said["outcome"] != "approve")).all()
    assert (away.alike == (away.refused & (said["grounds"] == "score"))).all()
    assert away.granted.sum() > 0
    assert (away.granted == (labelled & (said["random_approval"] == 1))).all()
    assert (away.before(config) == away.refused).all()


# -- what the lender knew


@pytest.fixture(scope="module")
def everybody() -> pd.DataFrame:
    """60,000 people of a Gaussian copula, the truth of each, and what the lender knew."""
    draw, numbers = np.random.default_rng(5), under_lender(NUMBERS)
    n = 60_000
    eta = draw.standard_normal((n, 5)) @ np.linalg.cholesky(correlation(numbers)).T
    segment = draw.choice(3, n, p=numbers.array("segment.share")).astype(np.int64)
    everyone = np.ones(n, dtype=bool)
    model = truth_of_world.calibrate(eta, segment, numbers, interaction=0.2, who=everyone)
    frailty, uniform = draw.standard_normal(n), draw.random(n)
    linear = model.linear(eta)
    signal, by_chance = impression(draw, frailty, numbers)
    thin = draw.normal(eta.mean(axis=1), 1.0) > 0.9
    score = LegacyScore.fit(eta, segment, thin, model, numbers)
    return pd.DataFrame(
        {
            "segment": segment,
            "p": model.score(linear, segment),
            "chance": expit(model.intercepts[segment] + linear + model.sigma * frailty),
            "y": truth_of_world.draw_outcomes(linear, segment, model, frailty, uniform),
            "legacy": score.probability(eta, segment, thin, signal),
            "thin": thin,
            "signal": signal,
            "frailty": frailty,
            "by_chance": by_chance,
        }
    )


def test_the_score_is_calibrated_and_knows_less_than_the_truth(everybody: pd.DataFrame) -> None:
    band = pd.qcut(everybody["legacy"], 10)
    for _, rows in [
        *everybody.groupby(band, observed=True),
        *everybody.groupby(["segment", "thin"]),
    ]:
        error = rows["chance"].std() / np.sqrt(len(rows))
        assert abs(rows["legacy"].mean() - rows["chance"].mean()) < 4 * error
    own, best = (roc_auc_score(everybody["y"], everybody[name]) for name in ("legacy", "p"))
    assert 0.7 < own < best
    rho = np.corrcoef(everybody["signal"], everybody["frailty"])[0, 1]
    assert rho == pytest.approx(NUMBERS.number("sim.lender.signal"), abs=4 / np.sqrt(60_000))
    assert everybody["by_chance"].mean() == pytest.approx(0.01, abs=0.002)


def test_refusals_are_missing_not_at_random(everybody: pd.DataFrame) -> None:
    """At equal columns the refused are worse and the accepted better, as the signal saw it."""
    refused = everybody["legacy"] > everybody["legacy"].quantile(0.9)
    for who, sign in ((refused, 1), (~refused, -1)):
        hidden = sign * (everybody["chance"] - everybody["p"])[who]
        assert hidden.mean() > 5 * hidden.std() / np.sqrt(who.sum())
    assert (everybody["chance"] - everybody["p"])[refused].mean() > 0.01


# -- lines


def granted(count: int = 5) -> list[Decision]:
    day = (date(2023, 6, 1) - date(1970, 1, 1)).days
    instant = pd.Timestamp("2023-06-01 04:00").value // 1_000
    applications = [
        Stated(
            application_id=str(k),
            instant=instant,
            birth_date=date(1990, 1, 1),
            registered_at=instant - 400 * DAY,
            income_fen=300_000 + 50_000 * k,
            occupation="civil",
            assets=("housing",),
            scores={"wechat_pay": 700},
            scopes={"basic_id", "credit_record"},
        )
        for k in range(count)
    ]
    made = decided(
        applications,
        np.zeros(count, dtype=np.int64),
        np.linspace(0.001, 0.05, count),
        np.zeros(count, dtype=bool),
        Products.of(NUMBERS),
    )
    assert made.approved.all()
    lines = made.lines()
    assert lines.products[0] == "weilidai+book"
    assert [float(lines.rates[code]) for code in lines.rate] == [
        float(one.price.daily_rate) for one in made.decisions if one.price
    ]
    assert {one.on for one in made.decisions} == {terms(lines.products[0], day).on}
    return list(made.decisions)


def test_a_review_is_the_limit_of_the_months_since(everybody: pd.DataFrame) -> None:
    made = granted()
    reviews = Reviews()
    review = reviews.of(made)
    lines = np.arange(len(made))
    now = [review(lines, np.full(5, good), np.full(5, bad)) for good, bad in ((0, 0), (7, 1))]
    assert now[0].tolist() == [one.shown.usable_fen for one in made]
    for one, usable in zip(made, now[1], strict=True):
        held = terms(one.policy, (one.on - date(1970, 1, 1)).days)
        facts = replace(
            one.case.money,
            place=place_of(one.price, held),
            months=("good",) * 3 + ("overdue",) + ("good",) * 4,
            good_periods=1,
        )
        assert usable == round(limit(facts, held.limit).limit_fen * 0.85)
    known = len(reviews.known)
    assert reviews.of(made)(lines, np.full(5, 7), np.full(5, 1)).tolist() == now[1].tolist()
    assert len(reviews.known) == known


# -- figures


def test_shares_that_are_none_are_refused() -> None:
    rows = [{**row, "share": 0.7} for row in NUMBERS["sim.lender.products"]]
    with pytest.raises(PolicyError, match=r"shares must be 0 or more and sum to 1, got \[0\.7, 0"):
        Products.of(Figures({**NUMBERS.values, "sim.lender.products": rows}))


def test_every_occupation_and_dimension_is_named() -> None:
    assert {"civil_servant", "freelance"} <= set(NUMBERS.names("people.occupation"))
    known = policy.load("weilidai").at(START)["limit.occupation"]
    assert set(OCCUPATIONS.values()) <= set(known)
    assert set(NUMBERS["sim.lender.seen"]) < set(DIMENSIONS)


def test_the_break_loosens_the_cut_off() -> None:
    tight, loose = (terms("weilidai+book", (day - date(1970, 1, 1)).days).cutoff
                    for day in (date(2024, 6, 30), date(2024, 7, 1)))  # fmt: skip
    assert tight.approve < loose.approve
