"""The report: one page that needs nothing else, with every section that has an answer."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from experiment import Finished

from credit.artifact import recourse_plan, risk_of
from credit.errors import ConfigError, UseError
from credit.explain import changed, recourse
from credit.feature import Catalogue
from credit.pipeline import protected, refusals
from credit.pipeline.config import UseSection
from credit.pipeline.findings import Findings, Refusals
from credit.pipeline.headline import headline
from credit.pipeline.pages import _trials, fairness, features, governance, models, people
from credit.pipeline.pages.page import Page, Picture, Section, render, write_page
from credit.pipeline.pages.refusals import what_would_change
from credit.pipeline.scoring import KEYS
from credit.pipeline.tables import prepare
from credit.pipeline.words import Printed
from credit.plot import roc
from credit.runtime import load

SECTIONS = [
    "Model card", "Limitations",
    "Result", "Notes and warnings", "Applications", "Leaks looked for", "Ranking", "Scores",
    "Calibration and grades", "Tests of calibration", "Cut-offs", "Month by month", "Segments",
    "Fairness", "What moves the score", "The price of the policy's weights",
    "What each source is worth", "What groups of features decide", "Partial consent",
    "Contributions", "The scorecard", "What people are told", "What would change a refusal",
    "Features", "Tuning",
    "Validation tests", "Stability", "How loans age", "Monitoring plan", "Data lineage",
    "Where requirements are answered",
]  # fmt: skip


class Reader(HTMLParser):
    """Collect tags, what they refer to, headings and the text of cells."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.refers: list[str] = []
        self.ids: list[str] = []
        self.cells: list[str] = []
        self.headings: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open.append(tag)
        for name, value in attrs:
            if name in {"src", "href", "xlink:href", "srcset", "action", "data", "poster"}:
                self.refers.append(value or "")
            if name == "id":
                self.ids.append(value or "")
            assert not name.startswith("on"), f"script in {tag} {name}"
        if tag in {"td", "th"}:
            self.cells.append("")

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if self.open and self.open[-1] in {"td", "th"}:
            self.cells[-1] += data
        if self.open and self.open[-1] == "h2":
            self.headings.append(data)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


@pytest.fixture(scope="module")
def text(experiment: Finished) -> str:
    return (experiment.folder / "report.html").read_text(encoding="utf-8")


def test_the_report_stands_alone(experiment: Finished, text: str):
    page = read(text)
    assert (experiment.folder / "report.html").stat().st_size < 5_000_000
    assert not {"script", "link", "iframe", "object", "embed", "form"} & set(page.tags)
    outside = [one for one in page.refers if not one.startswith(("#", "data:image/png;base64,"))]
    assert outside == []
    assert not re.search(r"url\((?!#)", text)
    assert "@import" not in text
    assert 'name="viewport"' in text


def test_every_reference_inside_the_page_has_a_target_and_no_two_share_a_name(text: str):
    page = read(text)
    assert len(page.ids) == len(set(page.ids))
    used = {one[1:] for one in page.refers if one.startswith("#")}
    used |= set(re.findall(r"url\(#([^)]+)\)", text))
    assert used <= set(page.ids)


def test_every_section_is_there_once(text: str):
    assert read(text).headings == SECTIONS


def test_all_numbers_of_the_headline_are_on_the_page(experiment: Finished, text: str):
    cells = set(read(text).cells)
    outcome = experiment.outcome
    for row in headline(outcome.assessment, outcome.fitted, full=True).rows:
        assert set(row) <= cells
    for row in experiment.result.tables[0].rows:
        assert set(row) <= cells
    for row in experiment.result.tables[-1].rows:
        assert set(row) <= cells


def test_notes_and_hashes_are_on_the_page(experiment: Finished, text: str):
    for note in experiment.result.notes:
        assert note in text
    assert experiment.outcome.stamp in text
    assert experiment.outcome.data_sha256[:16] in text
    assert experiment.outcome.config.sha256[:16] in text


def test_every_feature_has_its_row(experiment: Finished, text: str):
    cells = read(text).cells
    for name, label in features.feature_labels(experiment.outcome).items():
        if name in set(experiment.outcome.screening.report["feature"]):
            assert label in cells


def test_pages_have_no_machine_path(experiment: Finished, text: str):
    assert str(experiment.home) not in text


# -- sections without an answer are left out


def test_without_a_known_truth_there_is_no_ceiling(experiment: Finished):
    outcome = replace(experiment.outcome, bayes=None, true_shares=None)
    assert "ceiling" not in models.result(outcome).text
    assert "ceiling" not in models.labels_of(outcome)
    table = pd.DataFrame({"dimension": ["payment"], "share": [1.0]})
    assert "truth" not in features.with_truth(table, outcome)


def test_one_month_has_no_section_of_months(experiment: Finished):
    data = experiment.outcome.data
    one = replace(data, as_of=pd.Series(np.full(len(data.as_of), data.as_of.iloc[0])))
    outcome = replace(experiment.outcome, data=one)
    assert models.months(outcome) is None
    assert features.features(outcome).pictures == []
    whole = experiment.outcome.whole
    alone = replace(whole, as_of=pd.Series(np.full(len(whole.as_of), whole.as_of.iloc[0])))
    assert people.cohorts(replace(experiment.outcome, whole=alone)).pictures == []


@pytest.mark.parametrize("value", [None, "sme"])
def test_one_segment_or_none_has_no_section_of_segments(experiment: Finished, value):
    data = experiment.outcome.data
    segment = pd.Series([value] * len(data.segment), dtype="object")
    assert models.segments(replace(experiment.outcome, data=replace(data, segment=segment))) is None


def test_without_trials_shares_or_a_card_their_sections_are_left_out(experiment: Finished):
    outcome = experiment.outcome
    assert _trials(replace(outcome, trials=None)) is None
    assert _trials(replace(outcome, trials=pd.DataFrame())) is None
    assert features.moves(outcome, {}, Printed("", [], [])) is None
    trees = [one for one in outcome.fitted if one.name == "xgboost"]
    assert features.card(replace(outcome, fitted=trees)) is None


def test_what_is_not_declared_has_no_section(experiment: Finished):
    outcome = experiment.outcome
    config = outcome.config.model_copy(update={"economics": None, "fairness": None})
    assert governance.cutoffs(replace(outcome, config=config)) is None
    assert fairness.fairness(replace(outcome, config=config)) is None
    one = pd.Series(["male"] * len(outcome.data))
    assert fairness.fairness(replace(outcome, group=one)) is None


def test_no_model_sees_the_protected_group(experiment: Finished):
    outcome = experiment.outcome
    assert protected.NAME in outcome.whole.X
    assert protected.NAME not in outcome.data.X
    assert protected.NAME not in set(outcome.screening.report["feature"])
    assert sorted(outcome.group.unique()) == ["female", "male"]


def test_a_planted_leak_is_a_warning_on_the_page(experiment: Finished):
    outcome = experiment.outcome
    quiet = governance.leaks_looked_for(outcome)
    assert list(quiet.notes) == []
    assert "Nothing looks like a leak" in quiet.text
    y = outcome.data.y.to_numpy(dtype=float)
    known = np.where(y == 1, 1.0, np.nan)
    planted = replace(outcome.data, X=outcome.data.X.assign(collected=known))
    notes = governance.leaks_looked_for(replace(outcome, data=planted)).notes
    assert any(note.startswith("WARNING: filler: collected: ") for note in notes)
    assert any("ranks better alone (1.000) than the truth allows" in note for note in notes)


def test_groups_must_be_few_and_hold_the_reference(experiment: Finished):
    whole, section = experiment.outcome.whole, experiment.outcome.config.fairness
    with pytest.raises(ConfigError, match=r"fairness.reference: 'men' does not occur in 'sex'"):
        protected.groups(section.model_copy(update={"reference": "men"}), whole)
    many = replace(whole, X=whole.X.assign(**{protected.NAME: np.arange(len(whole)).astype(str)}))
    with pytest.raises(ConfigError, match=r"'sex' has \d+ values; at most 20"):
        protected.groups(section, many)


def test_a_column_that_is_not_there_or_not_for_audits_is_refused(experiment: Finished):
    config = experiment.outcome.config
    prepared = prepare(config, data=experiment.world)
    with prepared.engine:
        wrong = config.fairness.model_copy(update={"column": "sexx"})
        with pytest.raises(ConfigError, match=r"no column 'sexx' in .*Did you mean 'sex'"):
            protected.with_group(config.model_copy(update={"fairness": wrong}), prepared)
        use = UseSection(purposes=["credit scoring"])
        barred = config.model_copy(update={"uses": {"customers.sex": use}})
        with pytest.raises(UseError, match=r"customers.sex: held for credit scoring, not for"):
            protected.with_group(barred, prepared)
        none = config.model_copy(update={"fairness": None})
        assert protected.with_group(none, prepared) is prepared


# -- the refused


def test_totals_of_reasons_and_recourse_are_on_the_page_and_in_the_folder(
    experiment: Finished, text: str
):
    told = pd.read_csv(experiment.folder / "reasons-fidelity.csv")
    ways = pd.read_csv(experiment.folder / "recourse.csv")
    assert set(told["model"]) == set(ways["model"]) == {"scorecard", "xgboost"}
    assert len(told) == 4
    assert (told["told"] >= 0.95).all()
    assert (told[["faithful", "faithful_kept"]] >= 0.99).all(axis=None)
    assert (told["told_kept"] >= 0.95).all()
    assert (ways["offered"] > 0).all()
    assert (ways["flipped"] == 1).all()
    assert (ways["near"] <= ways["refused"]).all()
    cells = set(read(text).cells)
    for line in ways.itertuples():
        assert f"{line.near:,} of {line.refused:,}" in cells
        assert f"{100 * line.offered:.1f} %" in cells


def test_the_example_is_a_refused_person_whose_offer_flips(experiment: Finished, text: str):
    outcome = experiment.outcome
    plan = recourse_plan(experiment.folder / f"artifact-{outcome.champion.name}")
    rows = pd.read_parquet(experiment.folder / "rows.parquet")
    scorer = load(experiment.folder / f"artifact-{outcome.champion.name}")
    risk = risk_of(scorer, ignore=KEYS)
    assert plan.cutoff == pytest.approx(0.05 / 0.665)
    assert re.search(r"one person: probability of bad \d+\.\d\d %, refused", text)
    assert len(re.findall("未来90天：", text)) >= 1
    near = rows[(risk(rows) > plan.cutoff) & (risk(rows) < 2 * plan.cutoff)].head(10)
    found = recourse(risk, near, plan)
    after = risk(changed(near, [one[0] if one else None for one in found]))
    assert (after[[bool(one) for one in found]] <= plan.cutoff).all()


def test_without_economics_seven_in_ten_are_approved(experiment: Finished):
    outcome = experiment.outcome
    config = outcome.config.model_copy(update={"economics": None})
    cutoff, rule = refusals.cutoff_of(replace(outcome, config=config), outcome.champion)
    approved = outcome.assessment.probability[outcome.champion.name] <= cutoff
    assert approved.mean() == pytest.approx(0.7, abs=0.01)
    assert "70% are approved" in rule
    assert what_would_change(outcome) is None  # not known before artifacts are written


def test_metrics_of_the_refused_are_finite_and_named(experiment: Finished):
    fidelity = pd.read_csv(experiment.folder / "reasons-fidelity.csv")
    recourse = pd.read_csv(experiment.folder / "recourse.csv").assign(flipped=np.nan)
    found = refusals.refusal_metrics(
        Refusals(
            cutoffs={}, rule="", horizon=90, fidelity=fidelity, recourse=recourse, example=None
        )
    )
    assert found["scorecard_reasons_faithful_average"] >= 0.99
    assert found["xgboost_reasons_told_cutoff"] >= 0.95
    assert "scorecard_recourse_offered" in found
    assert "scorecard_recourse_flipped" not in found


# -- text is text


def hostile(outcome: Findings) -> Findings:
    """Give every feature a label that is markup."""
    relabelled = Catalogue(
        tuple(
            replace(f, label=f"<script>alert({i})</script> --> {f.label} & $x_1$")
            for i, f in enumerate(outcome.whole.catalogue)
        )
    )
    kept = set(outcome.data.X.columns)
    return replace(
        outcome,
        whole=replace(outcome.whole, catalogue=relabelled),
        data=replace(
            outcome.data, catalogue=Catalogue(tuple(f for f in relabelled if f.name in kept))
        ),
    )


def test_labels_are_escaped_in_tables_and_pictures(experiment: Finished):
    outcome = hostile(experiment.outcome)
    page = Page(
        title="<b>title</b>",
        subtitle="<i>",
        facts=[("<u>", "<u>")],
        sections=[
            features.features(outcome), features.card(outcome),
            Section(title="<em>", text="<em>", notes=["WARNING <em>", "<em>"]),
        ],
    )  # fmt: skip
    text = render(page)
    found = read(text)
    assert not {"script", "b", "i", "u", "em"} & set(found.tags)
    assert "&lt;script&gt;alert(0)&lt;/script&gt;" in text
    assert any(cell.startswith("<script>alert(0)</script> --> ") for cell in found.cells)
    assert "<title>&lt;b&gt;title&lt;/b&gt;</title>" in text
    assert text.count('class="warning"') == 1


def test_the_same_page_gives_the_same_text_and_no_partial_file(tmp_path: Path):
    table = pd.DataFrame(
        {
            "model": ["card"] * 3,
            "false_positive_rate": [0, 0.2, 1],
            "true_positive_rate": [0, 0.7, 1],
        }
    )
    page = Page(
        title="t",
        subtitle="s",
        sections=[Section(title="one", pictures=[Picture(figure=roc(table), says="curve")])],
    )
    assert render(page) == render(page)
    write_page(tmp_path / "page.html", page)
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == render(page)
