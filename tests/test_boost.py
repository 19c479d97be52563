"""Boosting: signs, codes, stopping, averaging, contributions."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb

from credit.boost import BoostedModel, BoostOptions, Encoder
from credit.boost.forest import average
from credit.boost.parts import read_clues, stopping_parts
from credit.errors import ModelError
from credit.feature import Feature, Reason

FAST = BoostOptions(rounds=60, seeds=1, eta=0.3, early_stopping=10)


def applicants(rows=1500, seed=11):
    random = np.random.default_rng(seed)
    income = random.lognormal(8, 1, rows)
    late = random.poisson(1.0, rows).astype(float)
    job = random.choice(["clerk", "chef", "none"], rows)
    margin = -0.8 * (np.log(income) - 8) + 0.7 * late - 2 + 1.0 * (job == "none")
    y = (random.random(rows) < 1 / (1 + np.exp(-margin))).astype(int)
    late[random.random(rows) < 0.1] = -9
    return pd.DataFrame({"income": income, "late <days> [x]": late, "job": job}), y


LATE = "late <days> [x]"
SIGNS = {"income": -1, LATE: 1}


def model(**options):
    X, y = applicants()
    arguments = {"options": FAST, "signs": SIGNS, "special_codes": {LATE: [-9, -8]}} | options
    return BoostedModel(**arguments).fit(X, y), X, y


def test_contributions_by_feature_sum_to_the_margin():
    boosted, X, _ = model()
    terms = boosted.contributions(X)
    assert list(terms.columns) == list(X.columns)
    np.testing.assert_allclose(
        terms.sum(axis=1) + boosted.base_, boosted.decision_function(X), atol=1e-6, rtol=0
    )


def test_names_are_ordered_by_bad_rate_and_unseen_ones_stand_where_the_population_does():
    boosted, X, y = model()
    plan = boosted.encoder_.columns[2]
    assert plan.names[-1] == "none"
    better = sum(y[X["job"] == name].mean() < y.mean() for name in plan.names)
    assert plan.unseen == better - 0.5
    matrix = boosted.encoder_.matrix(X.iloc[:3].assign(job=["none", "pilot", None]))
    np.testing.assert_array_equal(matrix[:, -1], [2, better - 0.5, np.nan])
    scores = boosted.decision_function(
        X.iloc[[0] * 3].assign(job=["pilot", plan.names[better - 1], plan.names[better]])
    )
    assert scores[0] in scores[1:]


def test_a_special_name_is_missing_beside_an_indicator_and_not_an_unseen_one():
    X, y = applicants()
    boosted = BoostedModel(options=FAST, special_codes={"job": ["none", "gone"]}).fit(X, y)
    plan = boosted.encoder_.columns[2]
    assert plan.names == tuple(sorted(("chef", "clerk"), key=lambda n: y[X["job"] == n].mean()))
    assert plan.indicators == ("none",)
    matrix = boosted.encoder_.matrix(X.iloc[:3].assign(job=["none", "gone", "pilot"]))
    np.testing.assert_array_equal(matrix[:, -2], [np.nan, np.nan, plan.unseen])
    np.testing.assert_array_equal(matrix[:, -1], [1, 0, 0])


def test_special_codes_are_missing_beside_an_indicator():
    boosted, X, _ = model()
    plan = boosted.encoder_.columns[1]
    assert plan.special == (-9.0, -8.0)
    assert plan.indicators == (-9.0,)  # -8 never occurs
    assert boosted.encoder_.monotone == (-1, 1, 0, 0)
    matrix = boosted.encoder_.matrix(X)
    coded = X[LATE].to_numpy() == -9
    assert np.isnan(matrix[coded, 1]).all()
    np.testing.assert_array_equal(matrix[:, 2], coded)
    assert not np.isin(matrix[:, 1], [-9, -8]).any()


def test_names_are_safe_for_xgboost_and_stay_different():
    X, y = applicants(200)
    frame = pd.DataFrame({"a<b": X["income"], "a[b": X["income"], "a_b": X["income"]})
    boosted = BoostedModel(options=FAST).fit(frame, y)
    outputs = boosted.encoder_.outputs
    assert len(set(outputs)) == 3
    assert not any(set(name) & set("[]<") for name in outputs)
    assert list(boosted.contributions(frame).columns) == ["a<b", "a[b", "a_b"]


def test_the_encoder_is_plain_data():
    boosted, X, _ = model()
    plain = json.loads(json.dumps(boosted.encoder_.to_dict()))
    again = Encoder.from_dict(plain)
    assert again == boosted.encoder_
    np.testing.assert_array_equal(again.matrix(X), boosted.encoder_.matrix(X))


def test_the_booster_holds_exactly_the_trees_that_score():
    for seeds in (1, 3):
        options = BoostOptions(rounds=60, eta=0.3, early_stopping=5, seeds=seeds)
        boosted, X, _ = model(options=options)
        assert boosted.booster_.num_boosted_rounds() == seeds * boosted.rounds_
        assert boosted.rounds_ <= 66
        data = xgb.DMatrix(boosted.encoder_.matrix(X), feature_names=list(boosted.encoder_.outputs))
        np.testing.assert_array_equal(
            boosted.booster_.predict(data, output_margin=True), boosted.decision_function(X)
        )


def test_the_average_booster_is_the_mean_of_margins():
    X, y = applicants(400)
    data = xgb.DMatrix(X[["income"]].to_numpy(), y)
    params = {"objective": "binary:logistic", "base_score": 0.2, "nthread": 1} | {"subsample": 0.5}
    boosters = [xgb.train(params | {"seed": seed}, data, 20) for seed in range(3)]
    whole = average(boosters)
    margins = [booster.predict(data, output_margin=True) for booster in boosters]
    np.testing.assert_allclose(
        whole.predict(data, output_margin=True), np.mean(margins, axis=0), atol=1e-5
    )
    terms = whole.predict(data, pred_contribs=True)
    np.testing.assert_allclose(terms.sum(axis=1), np.mean(margins, axis=0), atol=1e-5)
    other = xgb.train(params | {"base_score": 0.5}, data, 5)
    with pytest.raises(ModelError, match="different base_score"):
        average([boosters[0], other])


def test_the_latest_rows_decide_when_to_stop():
    X, y = applicants()
    order = pd.date_range("2024-01-01", periods=len(X), freq="h").to_numpy()
    late = len(X) * 4 // 5
    y = y.copy()
    y[late:] = np.random.default_rng(0).permutation(y[late:])  # nothing holds in the last part
    boosted = BoostedModel(options=FAST).fit(X, y, order=order)
    assert len(boosted.stopping_) == 1
    honest = BoostedModel(options=FAST).fit(X, applicants()[1], order=order)
    assert boosted.rounds_ < honest.rounds_
    shuffled = np.random.default_rng(1).permutation(len(X))
    again = BoostedModel(options=FAST).fit(X.iloc[shuffled], y[shuffled], order=order[shuffled])
    assert again.rounds_ == boosted.rounds_


def test_without_refit_the_last_part_is_never_learnt_from():
    X, y = applicants()
    order = np.arange(len(X))
    options = BoostOptions(rounds=60, eta=0.3, early_stopping=10, refit=False, seeds=1)
    first = BoostedModel(options=options).fit(X, y, order=order)
    assert first.rounds_ == first.stopping_["rounds"].iloc[0]
    assert first.booster_.num_boosted_rounds() == first.rounds_
    early = slice(0, len(X) * 4 // 5)
    learnt = xgb.DMatrix(
        first.encoder_.matrix(X.iloc[early]), y[early], feature_names=list(first.encoder_.outputs)
    )
    params = options.params(rows=early.stop, seed=0, rate=float(y[early].mean()))
    alone = xgb.train(params | {"monotone_constraints": "(0, 0, 0)"}, learnt, first.rounds_)
    # Every leaf is rounded to a multiple of 2^-20.
    np.testing.assert_allclose(
        alone.predict(learnt, output_margin=True),
        first.decision_function(X.iloc[early]),
        rtol=0,
        atol=first.rounds_ * 2.0**-21 + 1e-6,
    )


def test_leaves_lie_on_the_grid():
    X, y = applicants()
    model = BoostedModel(options=FAST).fit(X, y)
    plain = json.loads(model.booster_.save_raw(raw_format="json"))
    for tree in plain["learner"]["gradient_booster"]["model"]["trees"]:
        leaf = np.array(tree["left_children"]) < 0
        units = np.array(tree["split_conditions"], dtype=np.float32)[leaf] * 2.0**20
        np.testing.assert_array_equal(units, np.rint(units))


def people(rows):
    return np.random.default_rng(2).integers(0, rows // 3, rows)


@pytest.mark.parametrize("rows", [1_500, 6_000])
def test_nobody_is_on_both_sides_of_a_part_that_decides_when_to_stop(rows):
    _, y = applicants(rows)
    who = people(rows)
    for order in (None, np.arange(rows)):
        parts = stopping_parts(y.astype(float), read_clues(order, who, rows), 0.2, 0)
        assert len(parts) == (5 if order is None and rows < 5_000 else 1)
        for learn, judge in parts:
            assert not set(who[learn]) & set(who[judge])
            assert len(judge) == pytest.approx(rows / 5, rel=0.1)
            if order is not None:
                assert learn.max() < judge.min()


def test_a_fit_with_groups_repeats_and_listens_to_the_watch():
    X, y = applicants(600)
    told = []
    options = BoostOptions(rounds=30, eta=0.3, seeds=1)
    first = BoostedModel(options=options).fit(
        X, y, groups=people(600), watch=lambda *said: told.append(said)
    )
    assert [part for part, _ in told] == [0, 1, 2, 3, 4]
    assert [loss for _, loss in told] == first.stopping_["log_loss"].tolist()
    again = BoostedModel(options=options).fit(X, y, groups=[f"p{i}" for i in people(600)])
    np.testing.assert_array_equal(first.decision_function(X), again.decision_function(X))
    other = BoostedModel(options=options).fit(X, y)
    assert not other.stopping_.equals(first.stopping_)

    def enough(_part, _loss):
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        BoostedModel(options=options).fit(X, y, watch=enough)


def test_weighted_bads_are_recalibrated_to_what_was_given():
    X, y = applicants(3_000)
    arguments = {"rounds": 60, "eta": 0.3, "seeds": 2}
    plain = BoostedModel(options=BoostOptions(**arguments), signs=SIGNS).fit(X, y)
    heavy = BoostedModel(
        options=BoostOptions(**arguments, bad_weight=8.0, recalibrate=True), signs=SIGNS
    ).fit(X, y)
    mean = [model.predict_proba(X)[:, 1].mean() for model in (plain, heavy)]
    assert mean == pytest.approx([y.mean()] * 2, abs=0.01)
    np.testing.assert_allclose(
        heavy.contributions(X).sum(axis=1) + heavy.base_, heavy.decision_function(X), atol=1e-6
    )
    incomes = pd.DataFrame({"income": np.geomspace(100, 1e5, 50), LATE: 1.0, "job": "chef"})
    assert (np.diff(heavy.decision_function(incomes)) <= 0).all()


@pytest.mark.parametrize(("options", "words"), [
    ({"bad_weight": 5.0}, "bad_weight: 5 multiplies the odds.*ask for recalibrate=True"),
    ({"bad_weight": 0.0, "recalibrate": True}, "bad_weight must be above 0, got 0.0"),
])  # fmt: skip
def test_class_weights_are_refused_unless_recalibrated(options, words):
    with pytest.raises(ModelError, match=words):
        BoostOptions(**options)


def test_a_recalibration_needs_rows_held_back_and_a_margin_that_follows_the_outcome():
    X, y = applicants(300)
    options = BoostOptions(rounds=10, eta=0.3, recalibrate=True)
    one = np.zeros(300)
    one[0] = 1
    with pytest.raises(ModelError, match="recalibrate: a class has fewer than two rows"):
        BoostedModel(options=options).fit(X, one)
    order = np.arange(300)
    reversed_late = np.where(order < 240, y, 1 - y)
    with pytest.raises(ModelError, match=r"recalibrate: .* runs against the outcome"):
        BoostedModel(options=options).fit(X, reversed_late, order=order)


def test_signs_and_dimensions_are_taken_from_features():
    def feature(name, risk, unit="count", dimension="payment"):
        return Feature(name=name, dimension=dimension, label=name, unit=unit, risk=risk,
                       null_means="unknown", reason=Reason(en=name, zh=name))  # fmt: skip

    declared = [feature("income", -1), feature("job", 1, "category", "social"),
                feature("age", 0)]  # fmt: skip
    boosted = BoostedModel.of_features(declared, dimensions={"age": "wealth"}, random_state=3)
    assert boosted.signs == {"income": -1}  # names have no order
    assert boosted.dimensions == {"income": "payment", "job": "social", "age": "wealth"}
    assert boosted.random_state == 3
    assert BoostedModel.of_features(declared, signs={"income": 0}).signs == {"income": 0}


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (np.arange(3), "order: shape .*one time a row"),
        (np.where(np.arange(300) == 5, np.nan, 1.0), r"order: 1 row\(s\) have no time"),
        (np.ones(300), r"order: the 0 row\(s\) before 1.0 hold one class or none"),
    ],
)
def test_orders_that_make_no_sense(order, words):
    X, y = applicants(300)
    with pytest.raises(ModelError, match=words):
        BoostedModel(options=FAST).fit(X, y, order=order)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rounds": 0}, "rounds must be at least 1, got 0"),
        ({"eta": 0.0}, r"eta must be in \(0, 1\], got 0.0"),
        ({"validation_share": 1.0}, r"validation_share must be in \(0, 1\), got 1.0"),
    ],
)
def test_options_that_make_no_sense(options, words):
    with pytest.raises(ModelError, match=words):
        BoostOptions(**options)


def test_leaf_weight_follows_the_rows():
    floor = [
        BoostOptions().params(rows=n, seed=0, rate=0.1)["min_child_weight"]
        for n in (100, 500, 2500, 100_000)
    ]
    assert floor == [1, 2, 10, 20]
    fixed = BoostOptions(min_child_weight=7).params(rows=10, seed=0, rate=0.1)
    assert fixed["min_child_weight"] == 7


def test_a_number_too_great_for_trees_is_refused():
    boosted, X, _ = model()
    with pytest.raises(ModelError, match="column 'income': 1e\\+300 is beyond single precision"):
        boosted.predict_proba(X.iloc[:1].assign(income=1e300))


def test_a_copy_through_bytes_scores_the_same():
    boosted, X, _ = model()
    again = pickle.loads(pickle.dumps(boosted))
    np.testing.assert_array_equal(again.predict_proba(X), boosted.predict_proba(X))
