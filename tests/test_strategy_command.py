"""`credit strategy` on a small run: an exported artifact, its rows, and two tables."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from golden_artifacts import applicants
from matplotlib.figure import Figure
from scipy.special import expit
from strategy_books import ZONE
from test_cli import credit, invoke

from credit import runtime
from credit.consent import Consent
from credit.consent.maps import ConsentMap
from credit.decide.clock import at
from credit.decide.decision import DecisionTerms, decide
from credit.pipeline.config import load as load_pipeline
from credit.pipeline.pages.page import Page, Picture, Section, write_page
from credit.pipeline.scored_book import BookSource, ScoredBook, scored_book
from credit.policy import load as load_policy
from credit.strategy import ALL, LEAVES, OUTCOMES, Strategy, by_segment, decide_book, simulate

GOLDEN = Path(__file__).parent / "golden" / "artifacts" / "1-scorecard"
ROWS = 150
DAYS = (date(2026, 3, 2), date(2026, 3, 17))

PIPELINE = """
name = "tiny"
policy = "weilidai+cn-2026"
[source]
kind = "tables"
[tables.customers]
path = "customers.parquet"
[tables.applications]
path = "applications.parquet"
[tables.loans]
path = "loans.parquet"
[tables.instalments]
path = "instalments.parquet"
[split]
kind = "out_of_time"
test_from = 2026-03-01
"""


def stamps(values) -> pd.Series:
    return pd.Series(pd.to_datetime(np.asarray(values), unit="us"))


def write_run(home: Path) -> None:
    """Write a run's rows and artifact, and the tables that they came from."""
    draw = np.random.default_rng(8)
    frame = applicants(ROWS, 21)
    instants = np.array([at(DAYS[n % 2], ZONE, hour=9) + n for n in range(ROWS)])
    ids = np.arange(1, ROWS + 1)
    keys = pd.DataFrame({"application_id": ids, "customer_id": ids, "as_of": instants})
    run = home / "runs" / "tiny" / "latest"
    run.mkdir(parents=True)
    (run / "artifact-scorecard").symlink_to(GOLDEN / "artifact")
    pd.concat([keys, frame], axis=1).to_parquet(run / "rows.parquet")
    bad = keys.assign(bad=(draw.random(ROWS) < 0.1).astype("int8"))
    bad[: ROWS - 20].to_parquet(run / "predictions.parquet")
    joined = instants - 400 * 86_400_000_000
    pd.DataFrame(
        {
            "customer_id": ids, "event_time": stamps(joined), "available_at": stamps(joined),
            "segment": draw.choice(["sme", "white_collar"], ROWS),
            "occupation": draw.choice(["civil_servant", "freelance", "clerk"], ROWS),
            "birth_date": stamps([at(date(1990, 5, 1), ZONE)] * ROWS),
            "declared_income_fen": draw.integers(300_000, 2_000_000, ROWS),
        }
    ).to_parquet(home / "customers.parquet")  # fmt: skip
    pd.DataFrame(
        {
            "application_id": ids, "customer_id": ids, "event_time": stamps(instants),
            "available_at": stamps(instants), "amount_fen": draw.integers(100_000, 900_000, ROWS),
        }
    ).to_parquet(home / "applications.parquet")  # fmt: skip
    owing = ids[:10]
    drawn = instants[:10] - 40 * 86_400_000_000
    pd.DataFrame(
        {
            "loan_id": owing, "customer_id": owing, "event_time": stamps(drawn),
            "available_at": stamps(drawn), "principal_fen": 1_000_000, "term_months": 2,
        }
    ).to_parquet(home / "loans.parquet")  # fmt: skip
    pd.concat(
        [
            pd.DataFrame(
                {
                    "loan_id": owing, "number": number, "customer_id": owing,
                    "event_time": stamps(drawn), "available_at": stamps(drawn),
                    "due_at": stamps(drawn + 30 * number * 86_400_000_000),
                    "due_fen": 9_000_000 if number == 2 else 7,
                }
            )
            for number in (1, 2)
        ]
    ).to_parquet(home / "instalments.parquet")  # fmt: skip
    (home / "tiny.toml").write_text(PIPELINE, encoding="utf-8")


@dataclass
class Ran:
    home: Path
    text: str
    notes: str
    table: pd.DataFrame


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("strategy")
    write_run(folder)
    return folder


@pytest.fixture(scope="module")
def ran(home: Path) -> Ran:
    done = credit(
        "strategy", "simulate", "tiny.toml", "--set", "decision.cutoff.approve=0.05",
        "--set", "limit.below_range=raise", "-o", "figures.csv", "--page", "page.html", cwd=home,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return Ran(home, done.stdout, done.stderr, pd.read_csv(home / "figures.csv"))


@pytest.fixture(scope="module")
def scored(home: Path) -> ScoredBook:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        config = load_pipeline(Path("tiny.toml"))
        own = Strategy(name="champion", rules=load_policy(config.policy))
        return scored_book(config, own, BookSource(), lambda *_: None)


def test_the_figures_are_those_of_the_book(ran, scored):
    own = Strategy(name="champion", rules=load_policy("weilidai+cn-2026"))
    expected = by_segment(simulate(scored.book, own)).set_index("segment")
    table = ran.table[ran.table["strategy"] == "champion"].set_index("segment")
    assert set(table.index) == {"sme", "white_collar", ALL}
    assert set(ran.table["strategy"]) == {"champion", "challenger"}
    for name in expected.columns.drop("strategy"):
        assert table[name].to_numpy() == pytest.approx(expected[name].to_numpy(), nan_ok=True), name
    assert (table["bad_rate_low"] <= table["bad_rate"]).all()
    assert f"{table.loc[ALL, 'approve']} of {ROWS}" in ran.text


def test_every_row_is_decided_as_its_facts_are(scored):
    rules = load_policy("weilidai+cn-2026")
    terms = {day: DecisionTerms.of(rules.at(day)) for day in DAYS}
    found = decide_book(scored.book, Strategy(name="s", rules=rules))
    for row in range(ROWS):
        decision = decide(scored.book.case(row), terms[DAYS[row % 2]])
        assert OUTCOMES[found.outcome[row]] == decision.outcome
        assert found.limit_fen[row] == decision.limit.limit_fen
    stated = scored.book.stated[0]
    assert stated.birth_date == date(1990, 5, 1)
    assert {one.occupation for one in scored.book.stated} == {"civil", "freelance", "clerk"}
    assert stated.scores == {"wechat_pay": 600}
    # The second instalment of another loan falls due within the month, the first did before.
    assert stated.dues_fen == (9_000_000,)
    assert scored.book.stated[20].dues_fen == ()
    assert "burden" in decide(scored.book.case(0), terms[DAYS[0]]).grounds
    assert np.isnan(scored.book.bad).sum() == 20


def test_probabilities_are_those_of_the_artifact(home, scored):
    rows = pd.read_parquet(home / "runs" / "tiny" / "latest" / "rows.parquet")
    scorer = runtime.load(GOLDEN / "artifact")
    for row in (0, 7, 140):
        plain = rows.drop(columns=["application_id", "customer_id", "as_of"]).iloc[row]
        one = scorer.score_one({k: None if pd.isna(v) else v for k, v in plain.items()})
        assert scored.book.probability[row] == pytest.approx(one.probability, abs=1e-12)


def test_the_page_holds_every_picture_and_says_what_is_taken_for_granted(ran):
    page = (ran.home / "page.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 5
    for words in (
        "Every cut-off", "Champion against challenger", "If the cap fell", "one source changes",
        "Nobody who is refused has an outcome", "Tables state no score wechat_pay: 600",
        "decision.cutoff = { approve = 0.05, review = 0.1 }",
        "List as it stands: 150 applications fall on days whose law allows nobody the product.",
    ):  # fmt: skip
        assert words in page
    assert "http" not in page.replace("http-equiv", "")
    assert "Tables state no authorisations" in ran.notes
    assert "a lower cap" in ran.notes
    assert sorted(p.name for p in ran.home.iterdir() if p.name.startswith(".")) == []


def test_a_source_that_is_missing_or_withheld_changes_decisions(scored):
    missing, emptied = scored.without(["payment"])
    assert emptied == 1
    assert (missing.probability != scored.book.probability).any()
    assert scored.without(["wealth"])[1] == 0
    assert scored.withheld(["payment"]) is None
    free = {f.dimension for f in scored.scorer.features} - {"payment"}
    maps = {
        given: ConsentMap(weights=dict.fromkeys([*given, *free], 1.0), intercept=-2.0)
        for given in ((), ("payment",))
    }
    consent = Consent(sources=("payment",), maps=maps, reference={"payment": 0.0})
    written = json.loads(json.dumps(consent.to_dict()))
    asked = replace(scored, consent=Consent.from_dict(written))
    everything, nothing = asked.withheld([]), asked.withheld(["payment"])
    columns = {f.name: scored.features[f.name].tolist() for f in scored.scorer.features}
    own = scored.scorer.contributions(
        {k: [None if pd.isna(one) else one for one in v] for k, v in columns.items()}
    )
    night = [f.dimension for f in scored.scorer.features].index("payment")
    rest = own.values.sum(axis=1) - own.values[:, night]
    assert everything.probability == pytest.approx(expit(own.values.sum(axis=1) - 2))
    assert nothing.probability == pytest.approx(expit(rest - 2))


def test_the_table_of_leaves_is_printed():
    text = invoke("strategy", "leaves")
    assert "economics.funding" in text
    assert text.count("falls") + text.count("rises") >= len(LEAVES)


# -- refusals


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--run", "absent"], "absent/rows.parquet: there is no such file. Train first"),
        (["--model", "xgboost"], "--model 'xgboost': runs/tiny/latest holds ['scorecard']"),
        (["--policy", "weilidei"], "no policy 'weilidei'. Did you mean 'weilidai'"),
        (["--set", "decision.cutoff.approve"], "write it as LEAF=VALUE"),
        (["--set", "decision.cutoff.approve=1 2"], "is no value of a policy file"),
        (["--set", "decision.cutof=1"], "has no such leaf on 2026-03-17. Did you mean"),
        (["--set", "decision.cutoff.approve=2"], "approve must be at most 1, got 2"),
        (["--cap", "12"], "--cap 12.0: a cap is a share a year"),
        (["-o", "figures.txt"], "--output 'figures.txt': name the file .csv"),
        (["--page", "absent/page.html"], "--page 'absent/page.html': there is no folder 'absent'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_bad_input_is_refused_in_a_sentence(home, words, said):
    done = credit("strategy", "simulate", "tiny.toml", "--quiet", *words, cwd=home)
    assert done.returncode == 1
    assert said in " ".join(done.stderr.split())
    assert done.stdout == ""


def test_tables_that_lack_what_is_decided_by_are_refused(home, tmp_path):
    write_run(tmp_path)
    people = pd.read_parquet(tmp_path / "customers.parquet")
    people.drop(columns="birth_date").to_parquet(tmp_path / "customers.parquet")
    done = credit("strategy", "simulate", "tiny.toml", "--quiet", cwd=tmp_path)
    assert "birth_date of person '1' is not stated, nor of 149 other" in done.stderr
    people.to_parquet(tmp_path / "customers.parquet")
    asked = pd.read_parquet(tmp_path / "applications.parquet")
    asked[:-3].to_parquet(tmp_path / "applications.parquet")
    done = credit("strategy", "simulate", "tiny.toml", "--quiet", cwd=tmp_path)
    assert "applications: 3 of 150 are not in the tables" in done.stderr


def test_an_interrupted_page_leaves_nothing_half_written(tmp_path, monkeypatch):
    def interrupt(*_args, **_words):
        raise KeyboardInterrupt

    monkeypatch.setattr("credit.pipeline.pages.page.svg_markup", interrupt)
    picture = Picture(figure=Figure(), says="nothing")
    page = Page(title="", subtitle="", sections=[Section(title="a", pictures=[picture])])
    with pytest.raises(KeyboardInterrupt):
        write_page(tmp_path / "page.html", page)
    assert list(tmp_path.iterdir()) == []
