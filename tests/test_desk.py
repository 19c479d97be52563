"""Cases decided with an artifact, appeals replayed, and the page of a person (G11, G12)."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import REPOSITORY
from golden_artifacts import golden as golden_artifacts
from typer.testing import CliRunner

from credit import cli, policy
from credit.errors import DataError, UseError
from credit.explain.levers import Lever, RecoursePlan
from credit.feature import Action
from credit.pipeline.appeal import appeal_file
from credit.pipeline.case_file import FromRows
from credit.pipeline.decide import Desk, decide_file
from credit.pipeline.pages.page import render
from credit.pipeline.pages.person import person_page

EXAMPLE: dict[str, Any] = json.loads(
    (REPOSITORY / "docs" / "examples" / "case.json").read_text(encoding="utf-8")
)
RULES = "weilidai+cn-2026"


@pytest.fixture(scope="module")
def golden():
    return next(one for one in golden_artifacts() if one.name.endswith("scorecard"))


@pytest.fixture(scope="module")
def documents(golden):
    """The safest and the riskiest of the golden rows, as cases."""
    order = sorted(
        range(len(golden.expected["probability"])), key=golden.expected["probability"].__getitem__
    )
    bare = {name: value for name, value in EXAMPLE.items() if name != "score"}
    return [
        {**bare, "features": {name: column[at] for name, column in golden.columns.items()}}
        for at in (order[0], order[-1])
    ]


def test_a_case_is_decided_as_its_artifact_scores_it(golden, documents):
    desk = Desk(golden.folder, policy.load(RULES))
    good, bad = (desk.decide(one) for one in documents)
    assert good.decision.score.probability == min(golden.expected["probability"])
    assert (good.decision.outcome, bad.decision.outcome) == ("approve", "refuse")
    assert bad.decision.score.artifact == good.decision.score.artifact
    assert [line.en for line in bad.parts[1].lines] == [
        cause.en for cause in bad.decision.score.causes
    ]
    assert sum(good.dimensions.values()) > 0 > sum(bad.dimensions.values())


def test_e10_a_model_is_served_nothing_that_product_or_person_keep_shut(golden, documents):
    """Not even empty: a null would say that nothing happened."""
    with pytest.raises(UseError, match=r"outside what product and person allow: .*payment: \["):
        Desk(golden.folder, policy.load("weilidai+we2000")).decide(documents[0])
    desk, person = Desk(golden.folder, policy.load(RULES)), documents[0]["applicant"]
    kept = [scope for scope in person["scopes"] if scope != "payments"]
    shut = {**documents[0], "applicant": {**person, "scopes": kept}}
    for served in (shut, {**shut, "features": dict.fromkeys(shut["features"])}):
        with pytest.raises(UseError, match="Take a model without them"):
            desk.decide(served)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_holds_every_sentence_and_needs_nothing_from_elsewhere(
    golden, documents, language
):
    desk = Desk(golden.folder, policy.load(RULES))
    for document in documents:
        decided = desk.decide(document)
        html = render(person_page(decided, language))
        assert f'<html lang="{language}">' in html
        assert "http" not in html.replace("http://www.w3.org", "")
        for part in decided.parts:
            for line in part.lines:
                assert getattr(line, language)[:30] in html.replace("&#39;", "'")


def run(*words: object) -> str:
    result = CliRunner().invoke(cli.app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_an_appeal_replays_the_decision_and_shows_what_the_evidence_changes(
    golden, documents, tmp_path
):
    case, evidence = tmp_path / "case.json", tmp_path / "evidence.json"
    case.write_text(json.dumps({**documents[0], "dues_fen": [600_000]}), encoding="utf-8")
    evidence.write_text(json.dumps({"money": {"income_fen": 1_500_000}}), encoding="utf-8")
    told = run("decide", case, "--artifact", golden.folder, "-o", tmp_path / "decision.json")
    assert "Your loans take" in told
    shown = run(
        "appeal", tmp_path / "decision.json", "--evidence", evidence, "--artifact", golden.folder,
        "--page", tmp_path / "appeal.html",
    )  # fmt: skip
    assert "refuse" in shown
    assert "approve" in shown
    assert "What the new evidence changed" in (tmp_path / "appeal.html").read_text("utf-8")
    found = appeal_file(tmp_path / "decision.json", evidence, artifact=golden.folder)
    assert {one.what for one in found.changes} >= {"outcome", "against you", "limit, yuan"}


def test_an_appeal_against_what_was_not_decided_so_is_refused(golden, documents, tmp_path):
    decided = Desk(golden.folder, policy.load(RULES)).decide(documents[0]).plain()
    decided["decision"]["outcome"] = "refuse"
    file, evidence = tmp_path / "decision.json", tmp_path / "evidence.json"
    file.write_text(json.dumps(decided), encoding="utf-8")
    evidence.write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match="decided again, outcome is 'approve' and was 'refuse'"):
        appeal_file(file, evidence, artifact=golden.folder)


def test_features_without_an_artifact_or_beside_a_score_are_refused(golden, documents):
    rules = policy.load(RULES)
    with pytest.raises(DataError, match=r"no artifact scores them"):
        Desk(None, rules).decide(documents[0])
    with pytest.raises(DataError, match="features and a score"):
        Desk(golden.folder, rules).decide({**documents[0], "score": EXAMPLE["score"]})


def test_features_are_taken_from_a_file_of_rows_with_their_instant(golden, documents, tmp_path):
    frame = pd.DataFrame(golden.columns).iloc[:3].assign(
        customer_id=["a", "b", "b"], application_id=[7, 8, 9], as_of=1_772_330_400_000_000
    )  # fmt: skip
    frame.to_parquet(tmp_path / "rows.parquet")
    case = tmp_path / "case.json"
    case.write_text(json.dumps(EXAMPLE), encoding="utf-8")
    rows = tmp_path / "rows.parquet"
    found = decide_file(
        case, artifact=golden.folder, rules=RULES, features=FromRows(rows=rows, person="a")
    ).decision
    assert (found.application_id, found.instant) == ("7", 1_772_330_400_000_000)
    assert found.score.probability == golden.expected["probability"][0]
    with pytest.raises(DataError, match="person 'b' has 2 rows"):
        decide_file(
            case, artifact=golden.folder, rules=RULES, features=FromRows(rows=rows, person="b")
        )


def test_what_would_change_a_refusal_is_said_once_it_was_decided_to(golden, documents, monkeypatch):
    """G11: every offer, done and decided again as a whole, is approved; else none is told."""
    lever = Lever(
        feature="income", unit="ratio", quantiles=tuple(np.linspace(-3, 3, 101).tolist()),
        action=Action(group="income", direction="raise", en="earn {value}", zh="收入达到{value}"),
    )  # fmt: skip
    plan = RecoursePlan(cutoff=0.5, levers=(lever,))
    monkeypatch.setattr("credit.pipeline.decide.recourse_plan", lambda _: plan)
    desk, told = Desk(golden.folder, policy.load(RULES)), 0
    bare = {name: value for name, value in documents[0].items() if name != "features"}
    for at in range(60):
        features = {name: column[at] for name, column in golden.columns.items()}
        decided = desk.decide({**bare, "features": features})
        if decided.decision.grounds != ("score",) or features["income"] is None:
            continue
        [change] = [part for part in decided.parts if part.name == "change"] or [None]
        said = [] if change is None else [line.en for line in change.lines]
        best = desk.decide({**bare, "features": {**features, "income": lever.best()}})
        flips = best.decision.outcome == "approve"
        assert any(line.startswith("Within 90 days: earn") for line in said) == flips
        told += flips
    assert told > 0
    heavy = desk.decide({**bare, "features": features, "dues_fen": [700_000]})
    assert "earn" not in str(heavy.parts)
