"""Reject inference as an option of a pipeline: refused with a sentence, or reported beside."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from experiment import Finished

from credit import world
from credit.errors import ConfigError
from credit.pipeline import refused as option
from credit.pipeline import turned_away as reading
from credit.pipeline.door import ALONE, AT_MEASURED_ODDS
from credit.pipeline.pages.refused import refused
from credit.pipeline.sections import RejectSection
from credit.pipeline.tables import prepare

NO_DECISIONS = SimpleNamespace(tables=("applications",))
"""As much of an engine as is asked where no column is named."""


def asking(experiment: Finished, **stated: object):
    section = RejectSection(**{"method": "fuzzy augmentation", **stated})
    return experiment.outcome.config.model_copy(update={"reject": section})


def riskiest_refused(experiment: Finished, count: int = 300):
    """Return the whole data set with the riskiest early applicants refused by the champion."""
    outcome = experiment.outcome
    whole = outcome.whole
    early = np.flatnonzero(whole.as_of < outcome.data.as_of.iloc[outcome.fold.test].min())
    X = whole.X[list(outcome.data.X.columns)].iloc[early]
    riskiest = early[np.argsort(-outcome.champion.probability(X), kind="stable")[:count]]
    status, y = whole.status.copy(), whole.y.copy()
    status.iloc[riskiest], y.iloc[riskiest] = "no_loan", pd.NA
    return replace(whole, status=status, y=y), riskiest


def marked(whole, positions, **more: object):
    """Return who was refused where a column marks the applications at some positions."""
    mark = np.isin(np.arange(len(whole)), positions)
    refused = mark & (whole.status == "no_loan").to_numpy()
    stated = {
        "source": "the column 'declined' of the applications", "everybody": whole,
        "refused": refused, "granted": mark & whole.y.notna().to_numpy(), "alike": refused,
        "by_chance": False, "known_at": whole.as_of,
    }  # fmt: skip
    return reading.TurnedAway(**{**stated, **more})


def found_by(experiment: Finished, away, truth: world.Truth | None = None, **stated: object):
    outcome = experiment.outcome
    return option.infer_refused(
        asking(experiment, refused="declined", **stated),
        away, outcome.data, outcome.fold, outcome.champion, truth,
    )  # fmt: skip


def test_without_the_section_nothing_is_inferred(experiment: Finished):
    outcome = experiment.outcome
    assert outcome.refused is None
    assert refused(outcome) is None
    assert reading.turned_away(outcome.config, outcome.whole, None) is None
    nothing = option.infer_refused(
        outcome.config, None, outcome.data, outcome.fold, outcome.champion, None
    )
    assert nothing is None


@pytest.mark.parametrize("method", sorted(set(option.METHODS) - {"none"}))
def test_each_method_is_reported_beside_the_accepted_alone(experiment: Finished, method: str):
    whole, riskiest = riskiest_refused(experiment)
    found = found_by(experiment, marked(whole, riskiest), method=method)
    assert found.rows == 300
    assert found.compared["model"].tolist() == ["accepted alone", method]
    rates = found.compared["refused_rate"]
    assert ((rates > 0) & (rates < 1)).all()
    # The riskiest were refused, so they are worse than everybody at the door.
    assert rates[0] > found.compared["door_rate"][0]
    assert found.compared["auc"].between(0.5, 1).all()


def test_odds_raise_what_is_said_of_the_refused(experiment: Finished):
    whole, riskiest = riskiest_refused(experiment)
    plain, worse = (
        found_by(experiment, marked(whole, riskiest), odds=odds).compared.set_index("model")
        for odds in (1.0, 3.0)
    )
    name = "fuzzy augmentation"
    assert worse.loc[name, "refused_rate"] > plain.loc[name, "refused_rate"]
    pd.testing.assert_series_equal(plain.loc["accepted alone"], worse.loc["accepted alone"])


def test_those_granted_all_the_same_are_counted_and_teach_nothing(experiment: Finished):
    whole, riskiest = riskiest_refused(experiment)
    some = np.concatenate([riskiest, np.flatnonzero((whole.y == 1).fillna(False))[:3]])
    found = found_by(experiment, marked(whole, some))
    assert (found.rows, found.granted) == (300, (3, 3))
    assert found.granted_rate[0] == 1.0
    page = refused(replace(experiment.outcome, refused=found))
    assert "3 applicants marked as refused have an outcome all the same: 3 bad" in page.text
    assert "300 applicants were refused while the models learnt" in page.text


def test_refusals_after_the_test_begins_are_not_looked_at(experiment: Finished):
    outcome = experiment.outcome
    late = np.flatnonzero(outcome.whole.as_of >= outcome.data.as_of.iloc[outcome.fold.test].min())
    whole = replace(outcome.whole, status=outcome.whole.status.copy())
    whole.status.iloc[late] = "no_loan"
    with pytest.raises(ConfigError, match="every refused application is later than the test"):
        found_by(experiment, marked(whole, late))


def test_the_mark_must_be_a_column_of_applications_without_loans(
    experiment: Finished, tmp_path: Path
):
    folder = tmp_path / "marked"
    shutil.copytree(experiment.world, folder)
    applications = pd.read_parquet(folder / "applications.parquet")
    applications.assign(declined=(np.arange(len(applications)) % 5 == 0).astype(int)).to_parquet(
        folder / "applications.parquet", index=False
    )
    config = asking(experiment, refused="declined")
    whole = riskiest_refused(experiment)[0]
    prepared = prepare(config.model_copy(update={"fairness": None}), data=folder)
    with prepared.engine as engine:
        away = reading.turned_away(config, whole, engine)
        declined = applications["application_id"][::5]
        waiting = whole.application_id[whole.status == "no_loan"]
        assert set(whole.application_id[away.refused]) == set(declined) & set(waiting)
        assert (away.granted.sum() > 0, away.by_chance) == (True, False)
        with pytest.raises(ConfigError, match=r"none of them is without a loan"):
            reading.turned_away(config, experiment.outcome.whole, engine)
        other = asking(experiment, refused="declned")
        with pytest.raises(ConfigError, match=r"reject.refused = 'declned' is no column.*declined"):
            reading.turned_away(other, whole, engine)
    source = config.source.model_copy(update={"kind": "tables"})
    bare = asking(experiment).model_copy(update={"source": source})
    with pytest.raises(ConfigError, match=r"reject.refused: name the column of the applications"):
        reading.turned_away(bare, whole, NO_DECISIONS)


def test_a_world_refuses_nobody_and_measures_every_method(experiment: Finished, monkeypatch):
    monkeypatch.setattr(option, "MEASURED_PEOPLE", 400)
    monkeypatch.setattr(option, "DRAWS", 2)
    monkeypatch.setattr(option, "UNDERWRITERS", {"sees all": option.UNDERWRITERS["sees all"]})
    methods = {name: option.METHODS[name] for name in ("none", "fuzzy augmentation")}
    monkeypatch.setattr(option, "METHODS", methods)
    outcome = experiment.outcome
    config = asking(experiment)
    assert reading.turned_away(config, outcome.whole, NO_DECISIONS) is None
    found = option.infer_refused(
        config, None, outcome.data, outcome.fold, outcome.champion, world.read(experiment.world)
    )
    assert found.compared is None
    assert set(methods) <= set(found.measured["method"])
    page = refused(replace(outcome, refused=found))
    assert "nobody to infer an outcome for and fuzzy augmentation was not fitted" in page.text
    assert len(page.pictures) == 1
    (table,) = page.tables
    assert any(row[0] == "fuzzy augmentation (asked for)" for row in table.rows)


def drawn(experiment: Finished):
    """Return refusals by decisions; some of the labelled were approved by chance."""
    whole, riskiest = riskiest_refused(experiment)
    bad, good = (np.flatnonzero((whole.y == y).fillna(False)) for y in (1, 0))
    chance = np.isin(np.arange(len(whole)), np.concatenate([bad[::3], good[::12]]))
    away = marked(whole, riskiest, source="the table of decisions", by_chance=True, undecided=7)
    alike = away.refused & (np.cumsum(away.refused) <= 200)
    return replace(away, granted=chance, alike=alike)


def test_chance_measures_the_odds_of_those_it_stands_for(experiment: Finished):
    away = drawn(experiment)
    found = found_by(experiment, away)
    assert found.compared["model"].tolist() == [ALONE, AT_MEASURED_ODDS, "fuzzy augmentation"]
    assert (found.rows, found.alike, found.by_chance, found.undecided) == (300, 200, True, 7)
    assert found.granted == (away.granted.sum(), (away.everybody.y[away.granted] == 1).sum())
    alone, measured, _ = found.compared.to_dict("records")
    # What chance says of 200 is not said of the other 100.
    others = [3 * one["refused_rate"] - 2 * one["alike_rate"] for one in (alone, measured)]
    assert others[0] == pytest.approx(others[1])
    assert alone["alike_rate"] != pytest.approx(measured["alike_rate"])
    ends = [alone[f"auc_by_chance{end}"] for end in ("_low", "", "_high")]
    assert 0 < ends[0] < ends[1] < ends[2] < 1
    page = refused(replace(experiment.outcome, refused=found))
    for words in (
        "refused while the models learnt, by the table of decisions",
        "7 applications have no decision, or wait for one",
        f"{away.granted.sum()} applicants were approved by chance though refused by the score",
        "It is that of the 200 refused on the same grounds",
    ):
        assert words in page.text
    assert [table.title for table in page.tables] == ["with and without the inference"]


def test_every_method_is_held_to_the_truth_of_the_refused(experiment: Finished):
    outcome, truth = experiment.outcome, world.read(experiment.world)
    away = drawn(experiment)
    found = found_by(experiment, away, truth=truth, method="none")
    assert found.compared["model"].tolist() == [ALONE, AT_MEASURED_ODDS]
    known = found.known.set_index("model")
    assert set(known.index) == {ALONE, AT_MEASURED_ODDS, *option.METHODS} - {"none"}
    frame = truth.of(away.everybody.application_id)
    start = frame["segment"].astype(str).map(truth.facts["intercepts"])
    margin = start + frame["linear"] + truth.facts["frailty_sd"] * frame["frailty"]
    p = 1 / (1 + np.exp(-margin.to_numpy()))
    assert known["true_rate"].tolist() == pytest.approx([p[away.refused].mean()] * len(known))
    assert known["alike_true_rate"].iloc[0] == pytest.approx(p[away.alike].mean())
    rates = found.compared.set_index("model")
    assert known.loc[ALONE, "bias"] == pytest.approx(
        rates.loc[ALONE, "refused_rate"] - p[away.refused].mean()
    )
    assert known[["auc", "auc_accepted"]].min().min() > 0.5
    assert known[["ks", "ks_accepted"]].min().min() > 0
    later = away.later(outcome.config)
    assert later.sum() > len(outcome.fold.test)
    assert not (later & away.refused).any()
    page = refused(replace(outcome, refused=found))
    assert "every method is held to it" in page.text
    assert "again with" not in page.text
    assert [len(table.rows) for table in page.tables] == [2, len(known)]
