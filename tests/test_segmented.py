"""Segment cards: every row by its own card, one scale, small segments said, gain out of fold."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from credit.errors import DataError, ModelError
from credit.scorecard import (
    BASE,
    FusedOptions,
    RangeScale,
    Scale,
    Scorecard,
    SegmentedScorecard,
    Selection,
    WoeOptions,
    segment_gain,
)
from credit.scorecard.segmented import EVERYONE, MISSING


def applicants(rows=3000, seed=8):
    """Income speaks in one product only, delays in the other; the third has few rows."""
    random = np.random.default_rng(seed)
    product = random.choice(["loan", "card", "lease"], rows, p=[0.5, 0.48, 0.02])
    income, late = random.normal(size=(2, rows))
    margin = -1.2 + np.where(product == "loan", -1.2 * income, 1.2 * late)
    y = (random.random(rows) < 1 / (1 + np.exp(-margin))).astype(int)
    job = random.choice(["clerk", "chef"], rows).astype(object)
    job[product == "card"] = None
    return pd.DataFrame({"product": product, "income": income, "late": late, "job": job}), y


def fitted(**options):
    X, y = applicants()
    return SegmentedScorecard(column="product", **options).fit(X, y), X, y


def test_every_row_is_scored_with_the_card_of_its_segment():
    model, X, y = fitted()
    assert list(model.cards_) == ["card", "loan"]
    whole = Scorecard().fit(X, y)
    for segment in ("card", "loan", "lease"):
        at = (X["product"] == segment).to_numpy()
        own = whole if segment == "lease" else Scorecard().fit(X[at], y[at])
        np.testing.assert_array_equal(model.points(X)[at], own.points(X[at]))
        np.testing.assert_array_equal(model.decision_function(X)[at], own.decision_function(X[at]))
        np.testing.assert_array_equal(model.labels(X)[at], own.labels(X[at]))
    assert roc_auc_score(y, model.decision_function(X)) > (
        roc_auc_score(y, whole.decision_function(X)) + 0.03
    )


def test_a_small_segment_says_so():
    model, X, y = fitted()
    table = model.segments_
    lease = (X["product"] == "lease").to_numpy()
    assert table.index.tolist() == ["card", "lease", "loan"]
    assert table.loc["loan", "card"] == "own card"
    bads, goods = int(y[lease].sum()), int((1 - y[lease]).sum())
    why = f"card of all rows: {bads} bad and {goods} good row(s) < 50"
    assert table.loc["lease"].tolist() == [bads + goods, bads, why]
    assert table["rows"].sum() == len(X)
    assert table["bads"].sum() == y.sum()


def test_unseen_and_missing_segments_are_scored_with_the_card_of_all_rows():
    model, X, _ = fitted()
    rows = X.iloc[:50]
    for value in ("mortgage", None):
        Z = rows.assign(product=value)
        np.testing.assert_array_equal(model.points(Z), model.card_.points(Z))
        assert (model.segment(Z) == (value or MISSING)).all()
    X, y = applicants()
    X.loc[::2, "product"] = None
    own = SegmentedScorecard(column="product").fit(X, y)
    assert MISSING in own.cards_
    assert own.segments_.index[-1] == MISSING


def test_points_mean_the_same_odds_everywhere():
    scale = Scale(base_points=500, base_odds=20, points_to_double=40)
    model, X, _ = fitted(card=Scorecard(scale=scale))
    exact = scale.of_margin(model.decision_function(X))
    terms = max(len(card.points_) for card in [model.card_, *model.cards_.values()])
    assert np.abs(model.points(X) - exact).max() <= 0.5 * (1 + terms)
    with pytest.raises(ModelError, match="with a RangeScale every segment would have a scale of"):
        SegmentedScorecard(column="product", card=Scorecard(scale=RangeScale())).fit(*applicants())


def test_contributions_hold_the_step_between_cards():
    model, X, _ = fitted()
    terms = model.contributions(X)
    assert list(terms) == list(X)
    np.testing.assert_allclose(terms.sum(axis=1) + model.base_, model.decision_function(X))
    loan = (X["product"] == "loan").to_numpy()
    card = model.cards_["loan"]
    assert "product" not in card.points_
    np.testing.assert_allclose(terms.loc[loan, "product"], card.base_ - model.base_)


def test_the_table_names_the_segment():
    model, _, _ = fitted()
    table = model.table_
    assert list(table)[:3] == ["segment", "feature", "bin"]
    assert table["segment"].drop_duplicates().tolist() == ["card", "loan", EVERYONE]
    for segment, part in table.groupby("segment"):
        card = model.cards_.get(segment, model.card_)
        expected = card.table_.assign(segment=segment)[list(table)]
        pd.testing.assert_frame_equal(part.reset_index(drop=True), expected)
        assert (part["feature"] == BASE).sum() == 1


def test_numbers_are_cut_and_counted_from_the_cut():
    X, y = applicants()
    X["age"] = np.arange(len(X)) % 60 + 10.0
    X.loc[0, "age"] = np.nan
    model = SegmentedScorecard(column="age", cuts=(30.0, 50.0)).fit(X, y)
    assert list(model.cards_) == ["< 30", "[30, 50)", ">= 50"]
    ages = pd.Series([29.9, 30.0, 49.9, 50.0, np.nan])
    Z = X.iloc[:5].assign(age=ages.to_numpy())
    assert model.segment(Z).tolist() == ["< 30", "[30, 50)", "[30, 50)", ">= 50", MISSING]
    whole = SegmentedScorecard(column="age", cuts=()).fit(X, y)
    assert list(whole.cards_) == ["any value"]


def test_plain_data_score_as_the_cards_they_came_from():
    for options in ({}, {"card": Scorecard(binning=FusedOptions(few_bags=2), signs={"late": 1})}):
        model, X, _ = fitted(**options)
        plain = json.loads(json.dumps(model.to_dict(), allow_nan=False))
        again = SegmentedScorecard.from_dict(plain)
        np.testing.assert_array_equal(again.points(X), model.points(X))
        np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
        pd.testing.assert_frame_equal(again.table_, model.table_)
        pd.testing.assert_frame_equal(again.segments_, model.segments_)
        pd.testing.assert_frame_equal(again.contributions(X), model.contributions(X))
    with pytest.raises(ModelError, match="kind must be 'segmented_scorecard', got 'scorecard'"):
        SegmentedScorecard.from_dict(model.card_.to_dict())


def test_a_column_of_names_missing_in_a_segment_stays_one_of_names():
    model, X, _ = fitted()
    Z = X[X["product"] == "card"].iloc[:5].assign(job="clerk")
    assert np.isfinite(model.decision_function(Z)).all()


def test_periods_reach_every_card():
    X, y = applicants()
    period = np.arange(len(X)) % 2
    card = Scorecard(binning=WoeOptions(selection=Selection(max_psi=5.0)))
    model = SegmentedScorecard(column="product", card=card).fit(X, y, period=period)
    assert list(model.cards_) == ["card", "loan"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"column": "produkt"}, r"column: no column 'produkt' in X\. Did you mean 'product'"),
        ({"column": 4}, "column: no position 4 in X, which has 4"),
        ({"column": "income", "cuts": (2.0, 1.0)}, r"cuts must be finite and ascend, got \[2"),
        ({"column": "product", "cuts": (2.0,)}, "column 'product': value '.*' is no number"),
        ({"min_bads": 0}, "min_bads must be at least 1, got 0"),
    ],
)  # fmt: skip
def test_wrong_segments_are_named(options, words):
    with pytest.raises(ModelError, match=words):
        SegmentedScorecard(**options).fit(*applicants(300))


def test_a_value_may_not_be_named_as_the_models_own_segments():
    X, y = applicants(300)
    with pytest.raises(ModelError, match="are names of this model's own segments"):
        SegmentedScorecard(column="product").fit(X.assign(product=MISSING), y)


# --- whether segments pay


def test_the_gain_is_that_of_auc_out_of_fold():
    X, y = applicants()
    model = SegmentedScorecard(column="product")
    table = segment_gain(model, X, y, folds=3, seed=1).set_index("segment")
    assert table.index.tolist() == ["card", "lease", "loan", EVERYONE]
    one, many = np.zeros(len(y)), np.zeros(len(y))
    for train, test in StratifiedKFold(3, shuffle=True, random_state=1).split(X, y):
        one[test] = Scorecard().fit(X.iloc[train], y[train]).decision_function(X.iloc[test])
        fitted = clone(model).fit(X.iloc[train], y[train])
        many[test] = fitted.decision_function(X.iloc[test])
    for segment, row in table.iterrows():
        at = np.ones(len(y), bool) if segment == EVERYONE else (X["product"] == segment).to_numpy()
        assert row["auc_one"] == pytest.approx(roc_auc_score(y[at], one[at]))
        assert row["auc_segments"] == pytest.approx(roc_auc_score(y[at], many[at]))
        assert row["gain"] == pytest.approx(row["auc_segments"] - row["auc_one"])
        assert row["bads"] == y[at].sum()
    assert table.loc["loan", "gain"] > 3 * table.loc["loan", "standard_error"]
    assert table.loc["lease", ["own", "gain", "p_value"]].tolist() == [0, 0, 1]
    assert table.loc["loan", "own"] == 1
    assert not hasattr(model, "cards_")


def test_segments_that_are_alike_do_not_pay():
    X, y = applicants()
    X["half"] = np.arange(len(X)) % 2
    model = SegmentedScorecard(column="half", cuts=(0.5, 1.0))
    table = segment_gain(model, X, y, folds=2).set_index("segment")
    assert table.index.tolist() == ["< 0.5", ">= 1", EVERYONE]
    assert table.loc[EVERYONE, "gain"] < 2 * table.loc[EVERYONE, "standard_error"]


def test_too_many_folds_are_refused():
    X, y = applicants(300)
    with pytest.raises(DataError, match="folds must be at least 2 and at most the rows of the rar"):
        segment_gain(SegmentedScorecard(column="product"), X, y, folds=200)
