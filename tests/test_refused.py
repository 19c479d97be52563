"""Reject inference as an option of a pipeline: refused with a sentence, or reported beside."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from experiment import Finished

from credit import world
from credit.errors import ConfigError
from credit.pipeline import refused as option
from credit.pipeline.pages.refused import refused
from credit.pipeline.sections import RejectSection
from credit.pipeline.tables import prepare


def asking(experiment: Finished, **stated: object):
    section = RejectSection(**{"method": "fuzzy augmentation", **stated})
    return experiment.outcome.config.model_copy(update={"reject": section})


def turned_away(experiment: Finished, count: int = 300):
    """Return the whole data set with the riskiest early applicants refused by the champion."""
    outcome = experiment.outcome
    whole = outcome.whole
    early = np.flatnonzero(whole.as_of < outcome.data.as_of.iloc[outcome.fold.test].min())
    X = whole.X[list(outcome.data.X.columns)].iloc[early]
    riskiest = early[np.argsort(-outcome.champion.probability(X), kind="stable")[:count]]
    status, y = whole.status.copy(), whole.y.copy()
    status.iloc[riskiest], y.iloc[riskiest] = "no_loan", pd.NA
    return replace(whole, status=status, y=y), riskiest


def found_by(experiment: Finished, marked, **stated: object):
    outcome = experiment.outcome
    return option.infer_refused(
        asking(experiment, refused="declined", **stated),
        marked, outcome.data, outcome.fold, outcome.champion, None,
    )  # fmt: skip


def test_without_the_section_nothing_is_inferred(experiment: Finished):
    outcome = experiment.outcome
    assert outcome.refused is None
    assert refused(outcome) is None
    assert option.marked_refused(outcome.config, outcome.whole, None) is None
    nothing = option.infer_refused(
        outcome.config, None, outcome.data, outcome.fold, outcome.champion, None
    )
    assert nothing is None


@pytest.mark.parametrize("method", sorted(set(option.METHODS) - {"none"}))
def test_each_method_is_reported_beside_the_accepted_alone(experiment: Finished, method: str):
    whole, riskiest = turned_away(experiment)
    found = found_by(experiment, whole.take(riskiest), method=method)
    assert found.rows == 300
    assert found.compared["model"].tolist() == ["accepted alone", method]
    rates = found.compared["refused_rate"]
    assert ((rates > 0) & (rates < 1)).all()
    # The riskiest were refused, so they are worse than everybody at the door.
    assert rates[0] > found.compared["door_rate"][0]
    assert found.compared["auc"].between(0.5, 1).all()


def test_odds_raise_what_is_said_of_the_refused(experiment: Finished):
    whole, riskiest = turned_away(experiment)
    plain, worse = (
        found_by(experiment, whole.take(riskiest), odds=odds).compared.set_index("model")
        for odds in (1.0, 3.0)
    )
    name = "fuzzy augmentation"
    assert worse.loc[name, "refused_rate"] > plain.loc[name, "refused_rate"]
    pd.testing.assert_series_equal(plain.loc["accepted alone"], worse.loc["accepted alone"])


def test_those_granted_all_the_same_are_counted_and_teach_nothing(experiment: Finished):
    whole, riskiest = turned_away(experiment)
    some = np.concatenate([riskiest, np.flatnonzero((whole.y == 1).fillna(False))[:3]])
    found = found_by(experiment, whole.take(np.sort(some)))
    assert (found.rows, found.granted) == (300, (3, 3))
    assert found.granted_rate[0] == 1.0
    page = refused(replace(experiment.outcome, refused=found))
    assert "3 applicants marked as refused have an outcome all the same: 3 bad" in page.text
    assert "300 applicants were refused while the models learnt" in page.text


def test_refusals_after_the_test_begins_are_not_looked_at(experiment: Finished):
    outcome = experiment.outcome
    late = np.flatnonzero(outcome.whole.as_of >= outcome.data.as_of.iloc[outcome.fold.test].min())
    marked = outcome.whole.take(late)
    status = pd.Series(["no_loan"] * len(marked))
    with pytest.raises(ConfigError, match="every refused application is later than the test"):
        found_by(experiment, replace(marked, status=status))


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
    whole = turned_away(experiment)[0]
    prepared = prepare(config.model_copy(update={"fairness": None}), data=folder)
    with prepared.engine as engine:
        marked = option.marked_refused(config, whole, engine)
        assert len(marked) == (np.arange(len(applications)) % 5 == 0).sum()
        with pytest.raises(ConfigError, match=r"none of them is without a loan"):
            option.marked_refused(config, experiment.outcome.whole, engine)
        other = asking(experiment, refused="declned")
        with pytest.raises(ConfigError, match=r"reject.refused = 'declned' is no column.*declined"):
            option.marked_refused(other, whole, engine)
    source = config.source.model_copy(update={"kind": "tables"})
    bare = asking(experiment).model_copy(update={"source": source})
    with pytest.raises(ConfigError, match=r"reject.refused: name the column of the applications"):
        option.marked_refused(bare, whole, None)


def test_a_world_refuses_nobody_and_measures_every_method(experiment: Finished, monkeypatch):
    monkeypatch.setattr(option, "MEASURED_PEOPLE", 400)
    monkeypatch.setattr(option, "DRAWS", 2)
    monkeypatch.setattr(option, "UNDERWRITERS", {"sees all": option.UNDERWRITERS["sees all"]})
    methods = {name: option.METHODS[name] for name in ("none", "fuzzy augmentation")}
    monkeypatch.setattr(option, "METHODS", methods)
    outcome = experiment.outcome
    config = asking(experiment)
    assert option.marked_refused(config, outcome.whole, None) is None
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
