"""What sources are worth in an experiment: the files, the metrics, the page, and the truth."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from experiment import Finished, few_refits

from credit.consent import Consent, ConsentedModel, Guard, Rows, fit_consent, hiding_table
from credit.evaluate import Neutral, every_subset, named
from credit.explain import sub_scores
from credit.feature import DIMENSIONS
from credit.pipeline.influences import influences_of
from credit.pipeline.pages import worth as page
from credit.pipeline.sections import InfluenceSection
from credit.pipeline.worth import Weighed, weigh, worth_of


@pytest.fixture(scope="module")
def weighed(experiment: Finished) -> Weighed:
    with few_refits():
        return weigh(experiment.outcome)


def card_of(experiment: Finished):
    return next(one for one in experiment.outcome.fitted if one.name == "scorecard")


def test_shares_sum_to_what_all_sources_add_learnt_and_exact(weighed: Weighed):
    worth = weighed.worth
    assert worth is not None
    of_auc = worth.shapley.query("metric == 'auc'")
    auc = worth.subsets.set_index("sources")["auc"]
    assert of_auc["value"].sum() == pytest.approx(auc[named(DIMENSIONS)] - auc[""])
    ceiling = worth.subsets.set_index("sources")["ceiling"]
    assert of_auc["exact"].sum() == pytest.approx(ceiling[named(DIMENSIONS)] - ceiling[""])
    off = (of_auc["value"] - of_auc["exact"]) / of_auc["standard_error"]
    assert of_auc["distance"].to_numpy() == pytest.approx(off.to_numpy())
    assert worth.shapley.query("metric != 'auc'")["exact"].isna().all()


def test_with_everything_authorised_the_card_scores_as_it_is(
    experiment: Finished, weighed: Weighed
):
    outcome, card = experiment.outcome, card_of(experiment)
    X = outcome.data.X.iloc[outcome.fold.test]
    consented = ConsentedModel(
        model=card.model,
        dimensions=outcome.shared.knowledge.dimensions,
        consent=weighed.worth.consent,
    )
    margin = consented.margin(X, DIMENSIONS)
    assert np.corrcoef(margin, card.margin(X))[0, 1] == pytest.approx(1, abs=1e-12)
    blind = X.assign(**{n: np.nan for n in X if n.startswith("wealth_")})
    rest = [name for name in DIMENSIONS if name != "wealth"]
    np.testing.assert_array_equal(consented.margin(blind, rest), consented.margin(X, rest))


def test_the_maps_are_written_as_plain_data(experiment: Finished, weighed: Weighed):
    plain = json.loads((experiment.folder / "consent.json").read_text(encoding="utf-8"))
    assert plain.pop("model") == "scorecard"
    again = Consent.from_dict(plain)
    assert again.guard.tolerance == 5
    for given in every_subset(DIMENSIONS):
        assert again.maps[given] == weighed.worth.consent.maps[given]


def test_the_guard_holds_on_a_world(experiment: Finished):
    outcome = experiment.outcome
    parts = sub_scores(
        card_of(experiment).model, outcome.data.X, outcome.shared.knowledge.dimensions
    )
    y, learnt = outcome.data.y.to_numpy(np.int64), outcome.fold.train
    guard = Guard(tolerance=2, scale=outcome.shared.scale)
    consent = fit_consent(Rows(parts.iloc[learnt], y[learnt]), guard=guard)
    table = hiding_table(consent, parts.iloc[outcome.fold.test], guard.scale).dropna()
    assert len(table) > 100
    # Both samples' means are uncertain.
    assert ((table["gain"] - 2) / (np.sqrt(2) * table["standard_error"])).max() < 3
    open_ = hiding_table(consent.unguarded(), parts.iloc[outcome.fold.test], guard.scale)
    assert open_["gain"].max() > 5


def test_every_number_is_written_and_tracked(experiment: Finished, weighed: Weighed):
    import mlflow

    for name, table in weighed.tables().items():
        written = pd.read_csv(experiment.folder / f"{name}.csv", keep_default_na=False)
        assert list(written.columns) == list(table.columns)
        assert len(written) == len(table)
    client = mlflow.MlflowClient(f"sqlite:///{experiment.home / 'mlruns' / 'mlflow.db'}")
    runs = client.search_runs([one.experiment_id for one in client.search_experiments()])
    found = weighed.metrics()
    assert len(found) > 200
    (run,) = [one for one in runs if found.keys() <= one.data.metrics.keys()]
    for name, value in found.items():
        assert run.data.metrics[name] == pytest.approx(value)


def test_an_influence_is_that_of_the_features_named(experiment: Finished, weighed: Weighed):
    outcome = experiment.outcome
    X = outcome.data.X.iloc[outcome.fold.test]
    names = [name for name in X if name.startswith("social_tagged_")]
    table = weighed.influences
    assert set(table["features"]) == {len(names)}
    assert set(table.query("declared")["unit"]) == {"touched"}
    touched = (X[names].fillna(0) != 0).any(axis=1)
    assert set(table.query("unit == 'touched'")["rows"]) == {int(touched.sum())}
    neutral = Neutral.at(names, 0.0).apply(X)
    before, after = (outcome.champion.probability(rows) for rows in (X, neutral))
    least = 0.05 / 0.665  # what a loan earns when good over that and its loss
    changed = int(((before > least) != (after > least)).sum())
    one = table.query("decision == 'approval' and unit == 'all'")
    assert one["changed"].item() == changed


def test_features_switched_off_decide_nothing_and_that_is_said(experiment: Finished):
    outcome = replace(experiment.outcome, notes=[])
    section = InfluenceSection(name="gone", features=["other_*"], neutral=0, unit="all")
    config = outcome.config.model_copy(update={"influences": [section]})
    assert influences_of(replace(outcome, config=config)).empty
    assert "'gone': no feature of the run matches ['other_*']" in outcome.notes[0]


def test_the_population_reference_touches_everybody_it_changes(experiment: Finished):
    outcome = experiment.outcome
    section = InfluenceSection(
        name="wealth", features=["wealth_*"], neutral="population", unit="all", strength=0.5
    )
    config = outcome.config.model_copy(update={"influences": [section]})
    table = influences_of(replace(outcome, config=config))
    assert table["rows"].nunique() <= 2
    assert table["changed"].max() > 0


def test_where_it_cannot_be_said_there_is_a_note_or_nothing(experiment: Finished):
    outcome = replace(experiment.outcome, notes=[])
    trees = [one for one in outcome.fitted if one.name == "xgboost"]
    assert worth_of(replace(outcome, fitted=trees)) is None
    assert "there is none" in outcome.notes[0]
    one = dict.fromkeys(outcome.shared.knowledge.dimensions, "payment")
    knowledge = replace(outcome.shared.knowledge, dimensions=one)
    alone = replace(outcome, shared=replace(outcome.shared, knowledge=knowledge))
    assert worth_of(alone) is None
    nothing = Weighed(None, pd.DataFrame())
    assert page.sections(outcome, nothing) == []
    assert nothing.metrics() == {}
    assert nothing.tables() == {}


def test_without_truth_guard_or_economics_their_columns_are_left_out(experiment: Finished):
    outcome = experiment.outcome
    config = outcome.config.model_copy(
        update={"economics": None, "consent": None, "influences": []}
    )
    with few_refits():
        bare = replace(outcome, config=config, true_ceilings=None)
        weighed = weigh(bare)
    sources, consent = page.sections(bare, weighed)
    assert sources.tables[0].columns == ["source", "AUC [95 %]", "KS [95 %]"]
    assert {row[1] for row in sources.tables[2].rows} == {"grade"}
    assert "profit %" not in consent.tables[0].columns
    assert "There is no guard" in consent.text
    assert len(consent.tables) == 2
