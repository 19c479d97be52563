"""Recourse: offers flip the decision when scored again, and ask only what a person can do."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_artifact_format import validator

from credit import artifact, monitor, runtime
from credit.blend import BlendedModel
from credit.boost import BoostedModel, BoostOptions
from credit.calibrate import Calibration, default_master_scale
from credit.errors import ArtifactError, DataError, FeatureError
from credit.explain import (
    Lever,
    RecoursePlan,
    SearchOptions,
    changed,
    levers_of,
    offer_text,
    recourse,
)
from credit.explain.levers import moves_of
from credit.explain.recourse import PER_MOVE
from credit.feature import EACH, Action, Catalogue, Reason, Stated, over
from credit.features import catalogue
from credit.scorecard import Scale, Scorecard

GRID = tuple(np.linspace(0, 10, 101).tolist())


def act(group: str, direction: str = "lower", **options) -> Action:
    return Action(
        group=group, direction=direction, en="bring it to {value}", zh="调整至{value}", **options
    )


def lever(feature: str, direction: str = "lower", unit: str = "index", **options) -> Lever:
    action = act(options.pop("group", feature), direction, **options)
    return Lever(feature=feature, unit=unit, action=action, quantiles=GRID)


def stated(name: str, *, risk: int = 1, unit: str = "share", action: Action | None = None):
    return Stated(
        name=name, dimension="payment", label=name, unit=unit, null_means="none", risk=risk,
        reason=Reason(en=name, zh=name), expression=name, action=action,
    )  # fmt: skip


# -- what a record may declare


def test_an_action_goes_with_the_sign_and_says_a_value():
    with pytest.raises(FeatureError, match=r"a: an action to raise it adds to the risk, .* is \+1"):
        stated("a", action=act("g", "raise"))
    with pytest.raises(FeatureError, match="a: an action moves an amount"):
        stated("a", risk=0, unit="category", action=act("g"))
    with pytest.raises(FeatureError, match="direction must be 'raise' or 'lower', got 'up'"):
        act("g", "up")
    with pytest.raises(FeatureError, match=r"must hold \{value\}"):
        Action(group="g", direction="lower", en="less", zh="少")
    with pytest.raises(FeatureError, match="what lasts needs days"):
        act("g", lasting=True)
    with pytest.raises(FeatureError, match="days since something can only be raised"):
        act("g", since=True)
    with pytest.raises(FeatureError, match="days must be at least 1, got 0"):
        act("g", days=0)
    assert stated("a", risk=0, action=act("g", "raise")).action.direction == "raise"


def test_a_family_hands_its_window_to_its_action():
    family = stated("late_{days}d", action=replace(act("late", days=EACH), en="{value} in {days}"))
    made = over((30, 90), family)
    assert [one.action.days for one in made] == [30, 90]
    assert made[1].action.en == "{value} in 90"


def test_built_in_actions_ask_for_nothing_that_is_past_or_sold():
    features = {feature.name: feature for feature in catalogue()}
    can = {name for name, feature in features.items() if feature.action}
    assert len(can) == 90
    # Other people, age, history, and holding or using more of the lender's products.
    assert not any(name.startswith("social_") for name in can)
    assert not any("tenure" in name or "age" in name.split("_") for name in can)
    assert {name for name in can if features[name].action.since} == {
        name for name in can if "days_since" in name
    }
    assert not any(re.match(r"repayment_(late|max_days|overdue_count)", name) for name in can)
    wealth = {name for name in can if name.startswith("wealth_") and "since" not in name}
    assert {features[name].action.direction for name in wealth} == {"lower"}
    assert not {"wealth_balance", "payment_active_day_ratio_90d", "payment_daily_count_90d",
                "application_declared_income_fen"} & can  # fmt: skip
    for name in can:
        action = features[name].action
        assert re.search("[\u4e00-\u9fff]", action.zh)
        assert not re.search("[\u4e00-\u9fff]", action.en)
        window = re.search(r"_(\d+)d$", name)
        if window and action.goal is None:
            assert action.days == int(window[1])


# -- how far a person can come


def test_only_the_new_part_of_a_window_moves():
    now, old = lever("a"), lever("a", days=360)
    assert now.best() == pytest.approx(0.5)
    assert now.reach(10.0, 90) == pytest.approx(0.5)
    assert old.reach(10.0, 90) == pytest.approx(7.7)  # 10 - 9.5 / 4 = 7.625, rounded towards 10
    assert old.reach(10.0, 360) == pytest.approx(0.5)
    assert old.reach(0.2, 90) is None  # better than is common
    assert now.reach(float("nan"), 90) is None
    assert replace(now, codes=(10.0,)).reach(10.0, 90) is None
    since = lever("a", "raise", unit="days", since=True)
    assert since.reach(1.0, 3) == 4.0
    assert since.reach(8.0, 3) == 9.0  # what is common is 9.5, told in whole days
    assert since.ladder(1.0, 4.0, 5) == [4.0]
    floor = lever("a", "raise", days=180, lasting=True)
    assert floor.reach(1.0, 90) is None
    assert floor.reach(1.0, 180) == pytest.approx(9.5)


@pytest.mark.parametrize(
    ("unit", "value", "own", "said"),
    [
        ("share", 0.1234, 0.3, 0.13), ("share", 0.295, 0.3, 0.3), ("fen", 4_321.0, 9e4, 5_000.0),
        ("count", 1.2, 5.0, 2.0), ("index", 0.01234, 1.0, 0.013), ("index", 0.0, 1.0, 0.0),
        ("share", 0.07, 0.3, 0.07),
    ],
)  # fmt: skip
def test_values_are_rounded_towards_the_persons_own(unit, value, own, said):
    assert lever("a", unit=unit).short(value, own) == said


def test_a_ladder_passes_as_many_people_at_each_step():
    skewed = Lever(feature="a", unit="index", action=act("a"),
                   quantiles=tuple((np.linspace(0, 1, 101) ** 4).tolist()))  # fmt: skip
    found = skewed.ladder(1.0, 0.0001, 5)
    assert found == sorted(found, reverse=True)
    assert found[-1] == 0.0001
    ranks = [skewed.rank(value) for value in (1.0, *found)]
    assert np.diff(ranks) == pytest.approx(np.full(5, np.diff(ranks).mean()), abs=0.03)
    goal = lever("a", goal=0.0)
    assert goal.ladder(3.0, 0.0, 5) == [0.0]


def test_windows_of_one_habit_move_together():
    plan = RecoursePlan(cutoff=0.1, levers=(
        lever("night_30", group="night", days=30), lever("night_360", group="night", days=360),
        lever("count_180", group="night", unit="count", days=180),
    ))  # fmt: skip
    moves = moves_of(plan, {"night_30": 10.0, "night_360": 10.0, "count_180": 9.0}, 4)["night"]
    for move in moves:
        values = {one.feature: value for one, value in move.steps}
        assert move.steps[0][0].feature == "night_30"
        gone = (10 - values["night_30"]) / 9.5
        assert values["night_360"] == pytest.approx(10 - gone * 2.3)
        assert values["count_180"] == np.ceil(9 - gone * 4 - 1e-9)  # reach(9) is 5
    alone = moves_of(plan, {"night_30": np.nan, "night_360": np.nan, "count_180": 9.0}, 4)["night"]
    assert {one.feature for move in alone for one, _ in move.steps} == {"count_180"}
    assert moves_of(plan, dict.fromkeys(("night_30", "night_360", "count_180"), 0.0), 4) == {}


def test_levers_are_the_columns_with_an_action_and_known_values():
    features = [
        stated("a", action=act("a")), stated("b"), stated("c", action=act("c")),
        stated("absent", action=act("d")),
    ]  # fmt: skip
    frame = pd.DataFrame({"a": [1.0, 2.0, -9.0, np.nan], "b": 1.0, "c": np.nan})
    (found,) = levers_of(features, frame, {"a": [-9]})
    assert (found.feature, found.codes, found.quantiles[0]) == ("a", (-9.0,), 1.0)
    with pytest.raises(DataError, match="population: no rows"):
        levers_of(features, frame[:0])


# -- the search


def linear(weights: dict[str, float], bias: float = 0.0):
    """Return a logistic model of named columns."""

    def risk(frame: pd.DataFrame) -> np.ndarray:
        margin = np.full(len(frame), float(bias))
        for name, weight in weights.items():
            margin += weight * frame[name].fillna(0).to_numpy()
        return 1 / (1 + np.exp(-margin))

    return risk


LEVERS = (lever("a"), lever("b", "raise"), lever("c", days=180), lever("d", "raise", days=360))


def brute_force(risk, row: pd.DataFrame, plan: RecoursePlan, options: SearchOptions):
    """Return the least cost over all sets of moves, by scoring every one of them."""
    own = {one.feature: float(row[one.feature].iloc[0]) for one in plan.levers}
    moves = moves_of(plan, own, options.levels)
    best = np.inf
    for picked in product(*([None, *those] for those in moves.values())):
        done = [move for move in picked if move is not None]
        values = {one.feature: value for move in done for one, value in move.steps}
        if 0 < len(done) <= options.moves and risk(row.assign(**values))[0] <= plan.cutoff:
            best = min(best, sum(move.shift + PER_MOVE for move in done))
    return best


@settings(deadline=None, max_examples=12)
@given(st.integers(0, 10_000), st.sampled_from([1, 2, 3]))
def test_the_first_offer_is_the_cheapest_there_is(seed, moves):
    draw = np.random.default_rng(seed)
    weights = dict(zip("abcd", draw.uniform(0.05, 1, 4) * [1, -1, 1, -1], strict=True))
    risk = linear(weights, bias=draw.uniform(-1, 3))
    X = pd.DataFrame(draw.uniform(0, 10, (3, 4)).round(1), columns=list("abcd"))
    plan = RecoursePlan(cutoff=0.3, levers=LEVERS)
    X = X[risk(X) > plan.cutoff].reset_index(drop=True)
    options = SearchOptions(moves=moves, levels=3)
    for row, offers in enumerate(recourse(risk, X, plan, options)):
        best = brute_force(risk, X.iloc[[row]], plan, options)
        assert [offer.cost for offer in offers] == ([] if np.isinf(best) else [pytest.approx(best)])


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000))
def test_every_offer_flips_and_moves_only_what_can_be_moved(seed):
    draw = np.random.default_rng(seed)
    risk = linear({"a": 0.5, "b": -0.4, "c": 0.5, "d": -0.3, "age": -0.4}, bias=1.0)
    X = pd.DataFrame(draw.uniform(0, 10, (8, 5)).round(1), columns=["a", "b", "c", "d", "age"])
    X.loc[draw.random(8) < 0.2, "c"] = np.nan
    plan = RecoursePlan(cutoff=0.2, levers=LEVERS)
    X = X[risk(X) > plan.cutoff].reset_index(drop=True)
    found = recourse(risk, X, plan, SearchOptions(offers=3))
    for place in range(3):
        offers = [row[place] if len(row) > place else None for row in found]
        after = changed(X, offers)
        pd.testing.assert_series_equal(after["age"], X["age"])
        assert (after["c"].isna() == X["c"].isna()).all()
        scores = risk(after)
        for row, offer in enumerate(offers):
            if offer is None:
                assert after.iloc[row].equals(X.iloc[row])
                continue
            assert scores[row] <= plan.cutoff
            assert offer.after == pytest.approx(scores[row])
            assert offer.before == pytest.approx(risk(X)[row])
            for change in offer.changes:
                assert change.lever.sign * (change.after - change.before) > 0
                assert change.lever.reach(change.before, 90) is not None
    for offers in found:
        sets = [{change.feature for change in offer.changes} for offer in offers]
        assert all(not a <= b for at, a in enumerate(sets) for b in sets[at + 1 :])
        costs = [offer.cost for offer in offers]
        assert costs == sorted(costs)


def test_where_nothing_helps_nothing_is_offered():
    X = pd.DataFrame({"a": [9.0], "b": [1.0], "c": [9.0], "d": [1.0]})
    plan = RecoursePlan(cutoff=0.3, levers=LEVERS)
    assert recourse(linear({"a": 0.01}, bias=5), X, plan) == [()]
    assert recourse(linear({"other": 1.0}, bias=5), X.assign(other=1.0), plan) == [()]
    assert recourse(linear({"a": 1.0}), X[:0], plan) == []
    assert recourse(linear({}, bias=5), X, replace(plan, levers=())) == [()]


def test_bad_requests_are_refused_by_name():
    X = pd.DataFrame({"a": [9.0, 0.0], "b": 1.0, "c": 9.0, "d": 1.0})
    plan = RecoursePlan(cutoff=0.3, levers=LEVERS)
    with pytest.raises(DataError, match=r"X: row 1 has P\(bad\) .* approved as it is"):
        recourse(linear({"a": 1.0}, bias=-5), X, plan)
    with pytest.raises(DataError, match=r"X: no column \['d'\], which the plan moves"):
        recourse(linear({"a": 1.0}), X.drop(columns="d"), plan)
    with pytest.raises(DataError, match="offers: 1 for 2 rows"):
        changed(X, [None])
    with pytest.raises(DataError, match=r"cutoff must lie between 0 and 1, got 1\.5"):
        RecoursePlan(cutoff=1.5, levers=())
    with pytest.raises(DataError, match="horizon must be at least 1 day, got 0"):
        RecoursePlan(cutoff=0.5, levers=(), horizon=0)
    with pytest.raises(DataError, match="moves must be at least 1, got 0"):
        SearchOptions(moves=0)
    with pytest.raises(DataError, match="language must be 'en' or 'zh', got 'de'"):
        offer_text(recourse(linear({"a": 1.0}, bias=-5), X[:1], plan)[0][0], 90, language="de")


# -- words


def test_an_offer_is_said_in_both_languages_with_units():
    levers = (
        Lever(feature="night", unit="share", action=act("night"), quantiles=(0.0, 0.1, 0.9)),
        Lever(feature="money", unit="fen", action=act("money", "raise"),
              quantiles=(0.0, 5e5, 1e6)),
        Lever(feature="open", unit="count", quantiles=(0.0, 1.0),
              action=replace(act("open"), en="pay", zh="结清", goal=0.0)),
    )  # fmt: skip
    risk = linear({"night": 2.0, "money": -1e-6, "open": 1.0}, bias=-1.0)
    X = pd.DataFrame({"night": [0.9], "money": [0.0], "open": [2.0]})
    (offer,), = recourse(risk, X, RecoursePlan(cutoff=0.15, levers=levers))  # fmt: skip
    assert offer_text(offer, 90) == [
        "Within 90 days: bring it to 9 % (now 90 %).",
        "Within 90 days: bring it to 9,500 yuan (now 0 yuan).",
        "Within 90 days: pay (now 2).",
    ]
    assert offer_text(offer, 90, language="zh") == [
        "未来90天：调整至9%（现为90%）。",
        "未来90天：调整至9,500元（现为0元）。",
        "未来90天：结清（现为2）。",
    ]


# -- through models and artifacts

CATALOGUE = Catalogue(
    (
        stated("night", action=act("night", days=90)),
        stated("late", unit="count", action=act("late", days=120)),
        stated("income", risk=-1, unit="fen"),
    )
)


def applicants(rows: int = 1_200, seed: int = 3) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "night": draw.beta(1, 4, rows),
            "late": draw.poisson(1.0, rows).astype(float),
            "income": draw.lognormal(13, 0.5, rows),
            "job": draw.choice(["x", "y"], rows),
        }
    )
    frame.loc[draw.random(rows) < 0.1, "night"] = np.nan
    return frame


@pytest.fixture(scope="module", params=["card", "trees", "blend"])
def exported(request, tmp_path_factory):
    X = applicants()
    margin = -2.5 + 4 * X["night"].fillna(0.2) + 0.7 * X["late"] + (X["job"] == "x")
    y = (np.random.default_rng(4).random(len(X)) < 1 / (1 + np.exp(-margin))).astype(int)
    common = {"signs": {"night": 1, "late": 1, "income": -1}, "random_state": 1}
    card = Scorecard(**common)
    trees = BoostedModel(options=BoostOptions(rounds=40, seeds=1), **common)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("credit.blend.ERRORS", -1e9)  # both are taken
        models = {"card": card, "trees": trees, "blend": BlendedModel(card=card, trees=trees)}
        model = models[request.param].fit(X, y)
    plan = RecoursePlan(cutoff=0.35, levers=levers_of(CATALOGUE, X))
    spec = artifact.ArtifactSpec(
        sample=X, scale=Scale(), calibration=Calibration(slope=0.9, intercept=-0.05),
        grades=default_master_scale(), catalogue=CATALOGUE, recourse=plan,
        provenance=artifact.Provenance(data_sha256="ab" * 32),
    )  # fmt: skip
    return model, artifact.write(tmp_path_factory.mktemp("r") / "artifact", model, spec), plan


def test_offers_flip_through_the_artifact_by_name(exported):
    model, folder, plan = exported
    scorer = runtime.load(folder)
    risk = artifact.risk_of(scorer)
    X = applicants(300, seed=8)
    near = X[(risk(X) > plan.cutoff) & (risk(X) < 0.5)]
    kept = artifact.recourse_plan(folder)
    assert kept == plan.only([feature.name for feature in scorer.features])

    def calibrated(frame: pd.DataFrame) -> np.ndarray:
        return Calibration(slope=0.9, intercept=-0.05).apply(model.decision_function(frame))

    of_model = recourse(calibrated, near, plan)
    of_artifact = recourse(risk, near, kept)
    assert np.mean([bool(offers) for offers in of_artifact]) >= 0.4
    for found in (of_model, of_artifact):
        offered = [bool(offers) for offers in found]
        after = changed(near, [offers[0] if offers else None for offers in found])
        mixed = after[after.columns[::-1]]
        assert (risk(mixed)[offered] <= plan.cutoff).all()
    same = [[offer.changes for offer in offers] for offers in of_model] == [
        [offer.changes for offer in offers] for offers in of_artifact
    ]
    assert same


def test_the_reference_counts_who_is_approved_and_monitoring_reads_it(exported):
    _, folder, plan = exported
    scorer, X = runtime.load(folder), applicants()
    approved = int((artifact.risk_of(scorer)(X) <= plan.cutoff).sum())
    validator("reference").validate(scorer.reference)
    assert scorer.reference["approved"] == {"cutoff": plan.cutoff, "rows": approved}
    batch = monitor.Batch(columns=artifact.columns_of(X, scorer.features), cutoff=plan.cutoff)
    checks = monitor.watch(scorer, batch).checks.set_index("name")
    assert checks.loc["approved", "before"] == checks.loc["approved", "now"] == approved / len(X)
    assert checks.loc["first reasons", "now"] == pytest.approx(0, abs=1e-12)


def test_contributions_sum_to_the_margin_to_a_millionth(exported):
    model, folder, _ = exported
    X = applicants(400, seed=9)
    rest = model.decision_function(X) - model.contributions(X).sum(axis=1) - model.base_
    assert np.abs(rest).max() <= 1e-6
    scorer = runtime.load(folder)
    columns = artifact.columns_of(X, scorer.features)
    parts = scorer.contributions(columns, ignore=("job",) if "job" not in
                                 [f.name for f in scorer.features] else ())  # fmt: skip
    sums = parts.base + parts.values.sum(axis=1)
    assert np.abs(sums - scorer.score(columns).margin).max() <= 1e-9
    margin = artifact.risk_of(scorer, output="margin")
    assert margin(X).tolist() == scorer.score(columns).margin.tolist()


def test_a_plan_survives_json_and_an_artifact_without_one_has_none(exported, tmp_path):
    model, folder, plan = exported
    assert RecoursePlan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
    X = applicants()
    spec = artifact.ArtifactSpec(
        sample=X, scale=Scale(), calibration=Calibration(), grades=default_master_scale(),
        provenance=artifact.Provenance(data_sha256="ab" * 32),
    )  # fmt: skip
    assert artifact.recourse_plan(artifact.write(tmp_path / "plain", model, spec)) is None
    with pytest.raises(ArtifactError, match="there is no artifact"):
        artifact.recourse_plan(tmp_path / "absent")
    copied = tmp_path / "changed"
    copied.mkdir()
    for path in folder.iterdir():
        content = path.read_bytes()
        (copied / path.name).write_bytes(content + b" " * (path.name == "recourse.json"))
    with pytest.raises(ArtifactError, match=r"recourse\.json"):
        artifact.recourse_plan(copied)
