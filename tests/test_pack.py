"""The validation pack: model card, limitations, lineage, monitoring, requirements, files."""

from __future__ import annotations

import csv
import hashlib
import json
import math
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from experiment import Finished

from credit.errors import ConfigError
from credit.evaluate import psi_critical
from credit.pipeline import lineage as traced
from credit.pipeline.config import load
from credit.pipeline.limits import limitations
from credit.pipeline.pages import loans, model_card, monitoring, regulation, validation
from credit.pipeline.pages.page import Page, Section, render, word_columns
from credit.pipeline.sections import GovernanceSection
from credit.pipeline.watch import drift, monthly_volume, watch_limits
from credit.pipeline.words import Printed


class Tables(HTMLParser):
    """Collect each table's file and its rows of cells."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, list[list[str]]]] = []
        self.cell: list[str] | None = None

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.found.append((dict(attrs)["data-csv"], []))
        elif tag == "tr":
            self.found[-1][1].append([])
        elif tag in {"td", "th"}:
            self.cell = []

    def handle_endtag(self, tag):
        if tag in {"td", "th"}:
            self.found[-1][1][-1].append("".join(self.cell))
            self.cell = None

    def handle_data(self, data):
        if self.cell is not None:
            self.cell.append(data)


@pytest.fixture(scope="module")
def text(experiment: Finished) -> str:
    return (experiment.folder / "report.html").read_text(encoding="utf-8")


def with_section(experiment: Finished, **stated: object):
    outcome = experiment.outcome
    section = GovernanceSection(**stated)
    return replace(outcome, config=outcome.config.model_copy(update={"governance": section}))


def cells(section: Section) -> dict[str, dict[str, list[str]]]:
    return {t.title: {row[0]: row[1:] for row in t.rows} for t in section.tables}


# -- every number is a file of the run too


def test_every_table_of_the_page_is_a_file_with_the_same_cells(experiment: Finished, text: str):
    page = Tables()
    page.feed(text)
    assert len(page.found) > 30
    assert len({name for name, _ in page.found}) == len(page.found)
    for name, rows in page.found:
        with (experiment.folder / name).open(encoding="utf-8", newline="") as file:
            assert list(csv.reader(file)) == rows, name
    written = {f"tables/{path.name}" for path in (experiment.folder / "tables").iterdir()}
    assert written == {name for name, _ in page.found}


def test_every_sentence_of_the_page_is_in_a_file_too(experiment: Finished, text: str):
    words = json.loads((experiment.folder / "report.json").read_text(encoding="utf-8"))
    titles = [section["title"] for section in words["sections"]]
    assert titles[0] == "Model card"
    assert words["facts"]["run"] == experiment.outcome.stamp
    page = Tables()
    page.feed(text)
    tables = [table for section in words["sections"] for table in section["tables"]]
    assert [[t["columns"], *t["rows"]] for t in tables] == [rows for _, rows in page.found]
    pictures = [says for section in words["sections"] for says in section["pictures"]]
    assert len(pictures) == text.count("<figcaption>")
    assert len(list((experiment.folder / "plots").glob("*.svg"))) == len(pictures)


def test_the_page_prints_whole_rows_and_pictures_under_repeated_heads(text: str):
    style = text[text.index("@media print") : text.index("</style>")]
    assert "figure, tr, dl { break-inside: avoid; }" in style
    assert "thead { display: table-header-group; }" in style
    assert ".scroll { overflow: visible; }" in style
    assert "h2 { break-after: avoid;" in style
    assert "@page { size: A4;" in text


def test_hashes_are_whole_in_the_files_beside_the_page(experiment: Finished):
    written = pd.read_csv(experiment.folder / "lineage-tables.csv").set_index("table")["sha256"]
    whole = experiment.outcome.lineage.tables.set_index("table")["sha256"]
    pd.testing.assert_series_equal(written, whole, check_dtype=False)
    loans = pd.read_csv(experiment.folder / "loans.csv")
    assert len(loans) == len(experiment.outcome.book.loans)


def test_columns_of_words_are_set_to_the_left():
    table = Printed(
        "",
        ["what", "n", "why", "p"],
        [["a", "1.5", "so it is " * 6, "-"], ["b", "+2", "no", "0.1"]],
    )
    assert word_columns(table) == ["words short", "", "words long", ""]
    hashed = Printed("", ["", "hash"], [["of it", "0" * 64]])
    assert word_columns(hashed) == ["words short", "words long break"]
    prose = Printed("", ["", "said", "left"], [["a", "so it is", "no"]])
    page = Page(title="t", subtitle="", sections=[Section(title="S", tables=[table, prose])])
    text = render(page)
    assert '<table data-csv="tables/s-1.csv"' in text
    # A table of words alone is read row by row on a phone.
    assert '<table class="prose" data-csv="tables/s-2.csv"' in text
    assert '<td class="words short" data-label="said">so it is</td>' in text


# -- the model card


def test_the_card_says_what_the_file_states_and_what_it_does_not(experiment: Finished):
    bare = cells(model_card.model_card(with_section(experiment)))["stated"]
    assert bare["owner"] == [model_card.NOT_STATED]
    assert bare["materiality tier (exposure and purpose)"] == [model_card.NOT_STATED]
    assert bare["the data were read for"] == ["credit scoring"]
    full = cells(
        model_card.model_card(
            with_section(
                experiment, owner="Risk", materiality="tier 2", approved_uses=["a", "b"],
                next_review=date(2027, 1, 1),
            )
        )
    )["stated"]  # fmt: skip
    assert full["owner"] == ["Risk"]
    assert full["materiality tier (exposure and purpose)"] == ["tier 2"]
    assert full["approved uses"] == ["a; b"]
    assert full["next review"] == ["2027-01-01"]


def test_an_unknown_key_of_governance_is_refused(tmp_path: Path, experiment: Finished):
    path = tmp_path / "p.toml"
    head = (experiment.home / "pipeline.toml").read_text(encoding="utf-8")
    path.write_text(head + '[governance]\nownr = "x"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"unknown key 'governance.ownr'.*Did you mean 'owner'"):
        load(path)


def test_the_card_counts_the_rows_of_each_part(experiment: Finished):
    outcome = experiment.outcome
    parts = cells(model_card.model_card(outcome))["rows of each part"]
    for name in ("training", "validation", "test"):
        rows = getattr(outcome.fold, {"training": "train"}.get(name, name))
        y = outcome.data.y.iloc[rows]
        assert parts[name][:3:2] == [f"{len(rows):,}", f"{int(y.sum()):,}"]
    models = cells(model_card.model_card(outcome))["models"]
    assert any(name.endswith("(champion)") for name in models)
    assert "max_depth" in models["XGBoost" if "XGBoost" in models else "XGBoost (champion)"][1]


def test_limitations_are_those_of_the_run(experiment: Finished):
    outcome = with_section(experiment, limitations=["Our own."])
    found = limitations(outcome)
    assert found[-1] == "Our own."
    said = " ".join(found)
    bads = int(outcome.data.y.iloc[outcome.assessment.rows].sum())
    assert f"Few bad applications: {bads:,} out of sample" in said
    assert "The population is generated" in said
    assert "hold no refused application" in said
    assert "No protected group" not in said
    config = outcome.config.model_copy(update={"fairness": None, "economics": None})
    status = outcome.whole.status.copy()
    status.iloc[:7] = "no_loan"
    other = replace(outcome, config=config, bayes=None, whole=replace(outcome.whole, status=status))
    said = " ".join(limitations(other))
    assert f"7 of {len(status):,} applications have no loan" in said
    assert "No protected group was declared" in said
    assert "No economics were stated" in said
    assert "generated" not in said
    folds = config.split.model_copy(update={"kind": "repeated_folds"})
    said = " ".join(
        limitations(replace(outcome, config=config.model_copy(update={"split": folds})))
    )
    assert "split at random, not in time" in said


# -- lineage


def test_every_table_is_traced_to_its_file(experiment: Finished):
    tables = experiment.outcome.lineage.tables.set_index("table")
    files = {path.stem: path for path in experiment.world.glob("*.parquet")}
    assert set(tables.index) == set(files)
    for name, path in files.items():
        frame = pd.read_parquet(path)
        assert tables.loc[name, "sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert tables.loc[name, "rows"] == len(frame)
        if "event_time" in frame:
            first = frame["event_time"].min()
            assert tables.loc[name, "first"] == pd.Timestamp(first).value // 1000
    assert "1,500 people, seed 3" in tables.loc["payments", "source"]
    assert (tables["set_apart"] == 0).all()
    assert tables.loc["payments", "features"] > 0


def test_features_say_which_tables_they_read_and_what_for(experiment: Finished):
    table = experiment.outcome.lineage.features.set_index("feature")
    assert set(experiment.outcome.data.X) <= set(table.index)
    assert table.loc["wealth_balance", "tables"] == "wealth_positions"
    assert "credit scoring" in table.loc["wealth_balance", "held_for"]
    code = experiment.outcome.lineage.code
    assert len(code["credit SHA-256"]) == 64
    assert code["numpy"] == np.__version__


def test_a_hash_follows_rows_names_and_every_file(tmp_path: Path):
    frame = pd.DataFrame({"a": [1, 2]})
    one = traced.frame_sha256(frame)
    assert one == traced.frame_sha256(frame.set_axis([7, 8]))
    assert one != traced.frame_sha256(frame.rename(columns={"a": "b"}))
    assert one != traced.frame_sha256(frame.iloc[::-1])
    frame.to_parquet(tmp_path / "1.parquet")
    frame.iloc[::-1].to_parquet(tmp_path / "2.parquet")
    parts = [hashlib.sha256((tmp_path / f"{k}.parquet").read_bytes()).hexdigest() for k in (1, 2)]
    assert traced.files_sha256(str(tmp_path / "1.parquet")) == parts[0]
    assert traced.files_sha256(str(tmp_path)) == hashlib.sha256("".join(parts).encode()).hexdigest()


# -- stability, tests, monitoring


def test_drift_is_from_unseen_rows_to_the_test(experiment: Finished):
    outcome = experiment.outcome
    found = drift(outcome)
    assert found is not None
    assert set(found.features["feature"]) == set(outcome.data.X)
    assert found.months["rows"].sum() == len(outcome.assessment.rows)
    folds = outcome.config.split.model_copy(update={"kind": "repeated_folds"})
    other = replace(outcome, config=outcome.config.model_copy(update={"split": folds}))
    assert drift(other) is None
    assert validation.stability(other, drift(other)) is None
    assert "AUC against development" not in str(
        validation.validation_tests(other, drift(other)).tables
    )
    # The validation part of so small a population holds too few bad rows to compare with.
    assert found.auc_before is None
    many = replace(outcome, fold=replace(outcome.fold, validation=outcome.fold.train))
    assert "AUC against development" in str(validation.validation_tests(many, drift(many)).tables)


def test_people_with_several_applications_have_a_matrix(experiment: Finished):
    outcome = experiment.outcome
    assert len(validation.validation_tests(outcome, drift(outcome)).tables) == 2
    person = outcome.data.person.copy()
    rows = outcome.assessment.rows
    person.iloc[rows[1]] = person.iloc[rows[0]]
    as_of = outcome.data.as_of.copy()
    as_of.iloc[rows[1]] = as_of.iloc[rows[0]] + 1
    data = replace(outcome.data, person=person, as_of=as_of)
    table = validation.validation_tests(replace(outcome, data=data), None).tables[2]
    assert "1 people with several" in table.title
    assert len(table.rows) == 1


def test_limits_are_those_of_the_expected_volume(experiment: Finished):
    outcome = with_section(experiment, monthly_applications=400)
    found = watch_limits(outcome)
    assert (found.monthly, found.basis) == (400, "as the pipeline file states")
    assert found.score_psi == psi_critical(10, len(outcome.assessment.rows), 400)
    assert (found.features["together"] > found.features["alone"]).all()
    assert found.features["features"].sum() <= outcome.data.X.shape[1]
    grades = found.grades
    assert grades["grade"].iloc[-1] == "all"
    assert grades["rows"].iloc[-1] == 4800
    assert (grades["amber"] <= grades["red"]).all()
    assert (grades["amber"] > grades["expected"]).all()
    assert math.isinf(found.score["low"].iloc[0])
    assert found.score["share"].sum() == pytest.approx(1)
    more = watch_limits(with_section(experiment, monthly_applications=40_000))
    assert more.score_psi < found.score_psi
    assert more.auc_floor > found.auc_floor
    assert monthly_volume(experiment.outcome)[1].startswith("the mean of the")


def test_the_plan_names_its_owner_and_groups_only_where_declared(experiment: Finished):
    plan = monitoring.monitoring(with_section(experiment, owner="Model risk"))
    assert "Owner of every line: Model risk" in plan.text
    assert any(row[0] == "groups by sex" for row in plan.tables[0].rows)
    config = experiment.outcome.config.model_copy(update={"fairness": None})
    bare = monitoring.monitoring(replace(experiment.outcome, config=config))
    assert model_card.NOT_STATED in bare.text
    assert not any(row[0].startswith("groups by") for row in bare.tables[0].rows)


# -- loans


def test_loans_are_those_of_applications(experiment: Finished):
    book = experiment.outcome.book
    assert book is not None
    drawn = pd.read_parquet(experiment.world / "loans.parquet")
    asked = drawn[drawn["application_id"].notna()]
    assert set(book.loans["loan_id"]) == set(asked["loan_id"])
    assert book.left_out == 0
    # Every loan of the generated world costs the same, up to the rounding of a fen.
    assert book.loans["yearly_rate"].std() < 1e-3
    section = loans.ageing(experiment.outcome)
    assert [len(section.pictures), len(section.tables)] == [2, 2]
    assert loans.ageing(replace(experiment.outcome, book=None)) is None


def test_prices_are_compared_where_groups_and_loans_are_known(experiment: Finished):
    outcome = experiment.outcome
    group = outcome.group.iloc[outcome.assessment.rows].reset_index(drop=True)
    (table,) = loans.price_gaps(outcome, group)
    assert table.title.startswith("what a group pays more than male at equal probability of bad")
    (row,) = table.rows
    assert row[0] == "female"
    assert abs(float(row[2].split()[0])) < 0.01  # in points: everybody pays the same here
    assert loans.price_gaps(replace(outcome, book=None), group) == []
    assert loans.price_gaps(outcome, pd.Series(["male"] * len(group))) == []
    words = json.loads((experiment.folder / "report.json").read_text(encoding="utf-8"))
    (fair,) = [section for section in words["sections"] if section["title"] == "Fairness"]
    assert table.title in [one["title"] for one in fair["tables"]]


# -- requirements


def test_every_section_a_requirement_points_to_is_in_a_full_report(text: str):
    optional = {"What groups of features are worth"}  # where a pipeline compares some
    for title in regulation.named_sections() - optional:
        assert f">{title}</h2>" in text, title


def test_every_requirement_is_whole_and_says_whether_it_was_looked_up():
    found = regulation.mapping()["framework"]
    for framework in found:
        assert {"name", "source", "requirement"} <= set(framework)
        for requirement in framework["requirement"]:
            assert {"asks", "sections", "how", "left"} <= set(requirement)
            assert bool(requirement["sections"]) == bool(requirement["how"])
            assert requirement["sections"] or requirement["left"]
    names = " ".join(framework["name"] for framework in found)
    for word in ("SR 26-2", "ECB", "annex IV", "PIPL"):
        assert word in names


def test_what_was_not_looked_up_says_so(experiment: Finished):
    section = regulation.requirements(["Model card"])
    rows = {row[0]: row for table in section.tables for row in table.rows}
    (assessment,) = [row for asks, row in rows.items() if asks.startswith("articles 55 and 56")]
    assert assessment[-1] == regulation.UNCONFIRMED
    assert "Data lineage (not in this report)" in assessment[1]
    assert assessment[1].startswith("Model card; ")
    assert rows["overrides"][1] == "not by this package"
    (article,) = [row for asks, row in rows.items() if "difference in price" in asks]
    assert article[-1].startswith("looked up: ")
