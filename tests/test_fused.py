"""The fused card: a convex optimum, signs kept, exact sums, the best few bins for each shape."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.metrics import roc_auc_score

from credit import artifact, runtime
from credit.binning import BinLimits, Sample, count_frame
from credit.binning.codes import code_frame
from credit.calibrate import Calibration, default_master_scale
from credit.errors import ModelError
from credit.evaluate import ece, ece_floor
from credit.pipeline.models import make
from credit.policy import Policy
from credit.scorecard import BASE, FusedOptions, Scale, Scorecard
from credit.scorecard.bagging import draw, out_of_bag, patterns, simplest, unseen
from credit.scorecard.fine import fine_bins
from credit.scorecard.newton import Fitter, Penalty, descend, pair_sums
from credit.scorecard.segmentation import segment
from credit.scorecard.stacking import FOLDS, evidence_table, held_out_evidence, share
from credit.scorecard.thermometer import Layout, Rows, Shape, add_up

QUICK = FusedOptions(few_bags=4, path=((0.5, 1.0), (0.12, 1.0)))


def applicants(rows=1200, seed=7):
    random = np.random.default_rng(seed)
    income = random.lognormal(8, 1, rows)
    late = random.poisson(1.0, rows).astype(float)
    age = random.normal(size=rows)
    job = random.choice(["clerk", "chef", "none"], rows)
    margin = -0.8 * (np.log(income) - 8) + 0.7 * late - 2 + np.abs(age) + (job == "none")
    y = (random.random(rows) < 1 / (1 + np.exp(-margin))).astype(int)
    late[random.random(rows) < 0.1] = np.nan
    late[random.random(rows) < 0.05] = -9
    noise = random.normal(size=rows)
    return pd.DataFrame({"income": income, "late": late, "age": age, "job": job, "noise": noise}), y


@pytest.fixture(scope="module")
def case():
    X, y = applicants()
    card = Scorecard(
        binning=QUICK,
        signs={"income": -1, "late": 1},
        dimensions={"income": "wealth"},
        special_codes={"late": [-9]},
        random_state=0,
    )
    return card.fit(X, y), X, y


def tiny(seed, signs=(1, -1, 0), rows=80):
    """Return a layout of three features in order, one of names, and rows of it."""
    random = np.random.default_rng(seed)
    sizes = [(4, 5), (3, 3), (5, 6), (0, 3)]
    codes = np.column_stack([random.integers(m, size=rows) for _, m in sizes]).astype(np.uint8)
    shapes = [
        Shape(
            ordered=k,
            sign=sign,
            weight=np.bincount(codes[:, j], minlength=m).astype(float),
        )
        for j, ((k, m), sign) in enumerate(zip(sizes, (*signs, 0), strict=True))
    ]
    margin = codes[:, 0] * 0.8 - codes[:, 1] + np.abs(codes[:, 2] - 2) - 1.0
    bad = (random.random(rows) < 1 / (1 + np.exp(-margin))).astype(float)
    return Layout.of(shapes), Rows(codes=codes, bad=bad)


# --- the convex problem


def value(layout, rows, weight, penalty, point):
    """Return the penalised loss by definition: a dense design, one term at a time."""
    cells = rows.codes.astype(int) + layout.offsets[:-1]
    table = layout.tables.toarray() @ point[1:]
    z = point[0] + table[cells].sum(axis=1)
    t, up = point[1:], layout.increment
    loss = weight @ (np.logaddexp(0, z) - rows.bad * z) / weight.sum()
    steps = penalty.l1 * t[up].sum() + penalty.l2 / 2 * (t[up] ** 2).sum()
    return loss + steps + penalty.level / 2 * (t[~up] ** 2).sum()


@pytest.mark.parametrize("seed", range(3))
def test_the_fit_is_the_optimum_a_generic_solver_finds(seed):
    layout, rows = tiny(seed)
    weight = np.random.default_rng(seed).integers(0, 4, len(rows.bad)).astype(float)
    penalty = Penalty(l1=3e-3, l2=1e-3, level=1e-2)
    point = Fitter(layout, rows).fit(weight, penalty, tolerance=1e-14)
    bounds = [(None, None)] + [(0 if up else None, None) for up in layout.increment]
    found = minimize(
        lambda p: value(layout, rows, weight, penalty, p),
        np.zeros(len(point)),
        method="SLSQP",
        bounds=bounds,
        options={"maxiter": 2000, "ftol": 1e-14},
    )
    ours = value(layout, rows, weight, penalty, point)
    assert ours <= found.fun + 1e-9
    np.testing.assert_allclose(layout.tables @ point[1:], layout.tables @ found.x[1:], atol=5e-3)
    assert (point[1:][layout.increment] >= 0).all()


@given(seed=st.integers(0, 10_000), share=st.floats(0, 1))
@settings(max_examples=30, deadline=None)
def test_the_objective_is_convex(seed, share):
    layout, rows = tiny(3)
    random = np.random.default_rng(seed)
    one, two = random.normal(size=(2, 1 + len(layout.increment)))
    penalty, weight = Penalty(l1=0.1, l2=0.1, level=0.1), np.ones(len(rows.bad))
    at = [
        value(layout, rows, weight, penalty, p) for p in (one, two, share * one + two - share * two)
    ]
    assert at[2] <= share * at[0] + (1 - share) * at[1] + 1e-9


def test_shapes_average_zero_over_their_ordered_cells():
    layout, rows = tiny(0)
    table = layout.tables @ np.where(layout.increment, 1.0, 0.0)
    for j, k in enumerate((4, 3, 5)):
        weight = np.bincount(rows.codes[:, j], minlength=k)[:k]
        assert weight @ table[layout.offsets[j] :][:k] == pytest.approx(0, abs=1e-12)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_a_declared_sign_is_kept_whatever_the_rows_say(seed):
    random = np.random.default_rng(seed)
    layout, rows = tiny(seed)
    rows = Rows(codes=rows.codes, bad=(random.random(len(rows.bad)) < 0.5).astype(float))
    if 0 < rows.bad.sum() < len(rows.bad):
        penalty = Penalty(l1=1e-4, l2=1e-4, level=1e-2)
        table = layout.tables @ Fitter(layout, rows).fit(np.ones(len(rows.bad)), penalty)[1:]
        assert (np.diff(table[0:4]) >= -1e-12).all()
        assert (np.diff(table[5:8]) <= 1e-12).all()


def test_a_stronger_penalty_merges_bins():
    layout, rows = tiny(1, rows=400)
    weight = np.ones(400)
    steps = []
    for l1 in (1e-4, 1e-2, 1.0):
        point = Fitter(layout, rows).fit(weight, Penalty(l1=l1, l2=1e-5, level=1e-2))
        steps.append(int((point[1:][layout.increment] > 1e-9).sum()))
    assert steps[0] > steps[1] > steps[2] == 0


def test_pair_sums_are_the_design_squared():
    layout, rows = tiny(0)
    mass = np.random.default_rng(0).random(len(rows.bad))
    cells = rows.codes.astype(int) + layout.offsets[:-1]
    design = np.zeros((len(mass), layout.offsets[-1]))
    np.put_along_axis(design, cells, 1.0, axis=1)
    found = pair_sums(np.ascontiguousarray(rows.codes.T), layout.offsets, mass)
    np.testing.assert_allclose(found, design.T @ (mass[:, None] * design), atol=1e-12)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20)
def test_descent_ends_where_no_coordinate_can_gain(seed):
    random = np.random.default_rng(seed)
    root = random.normal(size=(9, 6))
    gram, slope, point = root.T @ root / 9, random.normal(size=6), np.abs(random.normal(size=6))
    l1, l2 = np.array([0, 0.3, 0.3, 0.1, 0.0, 0.3]), np.array([0, 0.1, 0.1, 0.1, 0.1, 0.0])
    low = np.array([-np.inf, 0, -np.inf, 0, -np.inf, 0])
    x = descend(gram, slope, point, (l1, l2, low), 1e-14)
    pull = slope + gram @ (x - point) + l2 * x
    for i in range(6):
        if x[i] != 0:
            assert pull[i] + l1[i] * np.sign(x[i]) == pytest.approx(0, abs=1e-5)
        else:
            assert pull[i] >= -l1[i] - 1e-5
            assert low[i] == 0 or pull[i] <= l1[i] + 1e-5


def test_a_fit_from_another_answer_is_the_same_fit():
    layout, rows = tiny(1, rows=400)
    weight, penalty = np.ones(400), Penalty(l1=3e-3, l2=1e-3, level=1e-2)
    fitter = Fitter(layout, rows)
    cold = fitter.fit(weight, penalty, tolerance=1e-13)
    other = fitter.fit(weight, Penalty(l1=1e-4, l2=1e-3, level=1e-2))
    warm = fitter.fit(weight, penalty, start=other, tolerance=1e-13)
    np.testing.assert_allclose(layout.tables @ warm[1:], layout.tables @ cold[1:], atol=1e-5)


# --- bags


def test_the_average_of_tables_is_the_average_of_margins():
    layout, rows = tiny(2)
    random = np.random.default_rng(0)
    penalty = Penalty(l1=1e-3, l2=1e-3, level=1e-2)
    points = [
        Fitter(layout, rows).fit(draw(rows.bad, np.ones(len(rows.bad)), random), penalty)
        for _ in range(5)
    ]
    margins = [add_up(rows.codes, layout.offsets, p[0], layout.tables @ p[1:]) for p in points]
    mean = np.mean(points, axis=0)
    together = add_up(rows.codes, layout.offsets, mean[0], layout.tables @ mean[1:])
    np.testing.assert_allclose(together, np.mean(margins, axis=0), atol=1e-12)


def test_patterns_know_neither_order_nor_whether_a_row_came_twice():
    _, rows = tiny(4)
    weight = np.random.default_rng(0).integers(0, 3, len(rows.bad)).astype(float)
    found, held = patterns(rows, weight)
    again = np.random.default_rng(1).permutation(
        np.repeat(np.arange(len(weight)), weight.astype(int))
    )
    other, twice = patterns(Rows(codes=rows.codes[again], bad=rows.bad[again]), np.ones(len(again)))
    np.testing.assert_array_equal(found.codes, other.codes)
    np.testing.assert_array_equal(found.bad, other.bad)
    np.testing.assert_array_equal(held, twice)


def test_a_draw_has_as_many_of_each_class():
    bad = np.array([0.0, 1.0, 0.0, 1.0])
    times = draw(bad, np.array([5.0, 1.0, 90.0, 2.0]), np.random.default_rng(0))
    assert times[bad == 0].sum() == 95
    assert times[bad == 1].sum() == 3


def test_rows_in_every_bag_are_not_judged():
    layout, rows = tiny(5)
    inside = np.ones(len(rows.bad))
    inside[:7] = 0
    path = [Penalty(l1=l1, l2=1e-3, level=1e-2) for l1 in (1e-2, 1e-3)]
    losses, variation, starts = out_of_bag(Fitter(layout, rows), [inside, inside], path)
    assert np.isnan(losses[:, 7:]).all()
    assert np.isfinite(losses[:, :7]).all()
    assert variation[0] < variation[1]
    point = Fitter(layout, rows).fit(inside, path[0])
    found = [value(layout, rows, inside, path[0], p) for p in (starts[0], point)]
    assert found[0] == pytest.approx(found[1], abs=0.2 / inside.sum())


def test_the_simplest_within_a_standard_error_of_the_difference_is_chosen():
    random = np.random.default_rng(0)
    base = random.normal(size=400)
    worse = base + 0.01 + 0.3 * random.normal(size=400) - 0.0
    bad = base + 0.5
    losses = np.array([bad, worse - worse.mean() + base.mean() + 0.01, base])
    variation = np.array([1.0, 2.0, 3.0])
    assert simplest(losses, variation, np.ones(400), 1.0) == 1
    assert simplest(losses, variation, np.ones(400), 0.0) == 2
    assert simplest(np.full((2, 3), np.nan), np.array([2.0, 1.0]), np.ones(3), 1.0) == 1


def test_unseen_rows_have_the_mean_margin_of_the_bags_they_are_not_in():
    layout, rows = tiny(6)
    random = np.random.default_rng(0)
    bags = [draw(rows.bad, np.ones(len(rows.bad)), random) for _ in range(3)]
    points = list(random.normal(size=(3, 1 + layout.tables.shape[1])))
    found = unseen(layout, rows, bags, points)
    for i in range(len(rows.bad)):
        held = rows.codes[i : i + 1]
        own = [
            add_up(held, layout.offsets, point[0], layout.tables @ point[1:])[0]
            for bag, point in zip(bags, points, strict=True)
            if bag[i] == 0
        ]
        assert found[i] == pytest.approx(np.mean(own)) if own else np.isnan(found[i])


# --- two tables in one


@pytest.mark.parametrize("firmness", [0.0, 3.0, 1e9])
def test_shares_are_what_a_generic_solver_finds(firmness):
    random = np.random.default_rng(1)
    truth = random.normal(size=400)
    margins = np.column_stack(
        [0.6 * truth + 0.2 * random.normal(size=400), random.normal(size=400)]
    )
    bad = (random.random(400) < 1 / (1 + np.exp(1 - truth))).astype(float)
    weight = random.uniform(0.5, 2, 400)
    margins[::7, 0] = np.nan
    known = ~np.isnan(margins[:, 0])

    def loss(p):
        z = p[0] + margins[known] @ p[1:]
        lost = weight[known] @ (np.logaddexp(0, z) - bad[known] * z)
        return lost + firmness * ((p[1] - 0.7) ** 2 + (p[2] - 0.3) ** 2)

    oracle = minimize(loss, [0, 0.7, 0.3], bounds=[(None, None), (0, None), (0, None)], tol=1e-12)
    rows = Rows(codes=np.zeros((400, 0), np.uint8), bad=bad)
    found = share(margins, rows, weight, (0.7, 0.3), firmness)
    np.testing.assert_allclose(found, oracle.x[1:], atol=2e-4)
    assert found[1] < 0.1 or firmness > 100


def test_rows_nothing_is_known_of_leave_the_shares_as_they_were():
    margins = np.full((4, 2), np.nan)
    bad = np.array([0.0, 1.0, 0.0, 1.0])
    rows = Rows(codes=np.zeros((4, 0), np.uint8), bad=bad)
    assert share(margins, rows, np.ones(4), (0.5, 0.5), 30.0) == (0.5, 0.5)
    margins[0] = 1.0
    assert share(margins, rows, np.ones(4), (0.5, 0.5), 30.0) == (0.5, 0.5)


def evidence_case():
    X, y = applicants(400)
    sample = Sample.of(y.astype(float), np.ones(400))
    signs = dict.fromkeys(X, 0)
    counts = count_frame(X, sample, QUICK, special_codes={"late": [-9]})
    fine = fine_bins(counts, sample.prior, QUICK, signs=signs, seed=0)
    codes = code_frame(X, {name: column.bins for name, column in fine.items()})
    return list(fine.values()), Rows(codes=codes, bad=y.astype(float))


def test_held_out_evidence_does_not_know_its_own_rows():
    fine, rows = evidence_case()
    weight = np.ones(len(rows.bad))
    found = held_out_evidence(fine, rows, weight, QUICK, seed=0)
    part = np.arange(len(weight)) % FOLDS == 2
    other = Rows(codes=rows.codes, bad=np.where(part, 1 - rows.bad, rows.bad))
    again = held_out_evidence(fine, other, weight, QUICK, seed=0)
    np.testing.assert_array_equal(again[part], found[part])
    assert (again[~part] != found[~part]).any()
    seen = evidence_table(fine, rows, weight)
    offsets = np.cumsum([0, *(column.bins.size for column in fine)])[:-1]
    inside = seen[rows.codes + offsets].sum(axis=1)
    assert 0.6 < roc_auc_score(rows.bad, found) < roc_auc_score(rows.bad, inside)


def test_evidence_of_one_class_is_not_known():
    fine, rows = evidence_case()
    part = np.arange(len(rows.bad)) % FOLDS == 1
    one = Rows(codes=rows.codes, bad=part.astype(float))
    found = held_out_evidence(fine, one, np.ones(len(part)), QUICK, seed=0)
    np.testing.assert_array_equal(np.isnan(found), part)


# --- compression


def brute_force(values, weight, most, least):
    """Return the least squared error of every number of runs up to ``most``."""
    losses = {}
    for q in range(1, most + 1):
        for cuts in combinations(range(1, len(values)), q - 1):
            runs = np.split(np.arange(len(values)), cuts)
            if min(weight[r].sum() for r in runs) < least:
                continue
            loss = sum(
                weight[r] @ (values[r] - np.average(values[r], weights=weight[r])) ** 2
                for r in runs
            )
            losses[q] = min(losses.get(q, np.inf), loss)
    return losses


@given(seed=st.integers(0, 100_000))
@settings(max_examples=150, deadline=None)
def test_compression_equals_brute_force(seed):
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 9))
    values, weight = random.normal(size=n), random.uniform(0.5, 3, n)
    most, least = int(random.integers(1, 6)), float(random.choice([0, 1.5, 4]))
    tolerance = float(random.choice([0, 0.1, 0.5]))
    ends = segment(values, weight, most=most, least_weight=least, tolerance=tolerance)
    losses = brute_force(values, weight, min(most, n), least)
    if not losses:
        assert ends == [n]
        return
    runs = np.split(np.arange(n), ends[:-1])
    own = sum(weight[r] @ (values[r] - np.average(values[r], weights=weight[r])) ** 2 for r in runs)
    whole = weight @ (values - np.average(values, weights=weight)) ** 2
    assert own == pytest.approx(losses[len(runs)], abs=1e-9)
    enough = [q for q, loss in losses.items() if loss <= tolerance * whole + 1e-12]
    expected = losses[min(enough)] if enough else min(losses.values())
    assert own == pytest.approx(expected, abs=1e-9)


# --- the card


def test_the_table_adds_up_to_the_points_and_the_terms_to_the_margin(case):
    card, X, _ = case
    total = np.full(len(X), card.table_.iloc[0]["points"])
    margin = np.full(len(X), card.base_)
    for name, rows in card.table_.groupby("feature"):
        if name != BASE:
            at = card.bins_[name].assign(X[name])
            total += rows["points"].to_numpy()[at]
            margin += np.array(card.margins_[name])[at]
    np.testing.assert_array_equal(card.points(X), total)
    assert card.points(X).dtype == np.int64
    np.testing.assert_allclose(card.decision_function(X), margin, atol=1e-12)
    terms = card.contributions(X).sum(axis=1) + card.base_
    np.testing.assert_allclose(terms, margin, atol=1e-12)
    exact = Scale().of_margin(margin)
    assert np.abs(card.points(X) - exact).max() <= 0.5 * (1 + len(card.points_))
    assert card.method_ == "fused"


def test_bins_are_few_heavy_and_keep_the_sign(case):
    card, X, _ = case
    for name, bins in card.bins_.items():
        ordinary = len(bins.edges) + 1 if bins.kind == "number" else len(bins.groups)
        assert ordinary <= QUICK.max_bins
        weight = np.bincount(bins.assign(X[name]), minlength=bins.size)[:ordinary]
        assert (weight >= QUICK.min_share * len(X)).all()
    for name, sign in {"income": -1, "late": 1}.items():
        ordinary = np.array(card.margins_[name][: len(card.bins_[name].edges) + 1])
        assert len(ordinary) > 2
        assert (np.diff(ordinary) * sign >= 0).all()
    assert card.bins_["age"].trend == "valley"


def test_a_special_code_has_its_own_bin_however_rare():
    X, y = applicants()
    X["late"] = X["late"].replace(-9, 0)
    X.loc[[3, 5], "late"] = -9
    options = {"signs": {"late": 1}, "special_codes": {"late": [-9, -7]}}
    card = Scorecard(binning=QUICK, **options).fit(X, y)
    bins = card.bins_["late"]
    assert min(bins.edges) > 0
    codes = dict(bins.special)
    assert bins.labels[codes[-9.0]] == "= -9"
    assert bins.good[codes[-9.0]] + bins.bad[codes[-9.0]] == 2
    assert card.margins_["late"][codes[-7.0]] == 0
    assert bins.labels[codes[-7.0]] == "not seen"
    assert codes[-9.0] != bins.missing


def test_the_expected_number_of_bad_rows_is_the_observed_one(case):
    card, X, y = case
    assert card.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), abs=1e-9)


def test_one_seed_one_card_and_rows_in_any_order(case):
    card, X, y = case
    text = json.dumps(card.to_dict())
    order = np.random.default_rng(0).permutation(len(X))
    options = card.get_params()
    assert json.dumps(Scorecard(**options).fit(X, y).to_dict()) == text
    again = Scorecard(**options).fit(X.iloc[order], y[order])
    np.testing.assert_array_equal(again.points(X), card.points(X))
    other = Scorecard(**options | {"random_state": 1}).fit(X, y)
    assert other.to_dict()["features"] != card.to_dict()["features"]


def test_plain_data_score_as_the_card_they_came_from(case):
    card, X, _ = case
    again = Scorecard.from_dict(json.loads(json.dumps(card.to_dict(), allow_nan=False)))
    np.testing.assert_array_equal(again.points(X), card.points(X))
    np.testing.assert_array_equal(again.predict_proba(X), card.predict_proba(X))
    pd.testing.assert_frame_equal(again.table_, card.table_)
    pd.testing.assert_frame_equal(again.coefficients_, card.coefficients_)
    assert again.method_ == "fused"


def test_the_artifact_scores_as_the_card(case, tmp_path):
    card, X, _ = case
    spec = artifact.ArtifactSpec(
        sample=X,
        scale=Scale(),
        calibration=Calibration(slope=1.0, intercept=0.0),
        grades=default_master_scale(),
        provenance=artifact.Provenance(
            data_sha256="ab" * 32, policy=Policy("weilidai", "a policy", (), "cd" * 32), metrics={}
        ),
    )
    scorer = runtime.load(artifact.write(tmp_path / "a", card, spec))
    strange = X.copy()
    strange.loc[:9, "job"] = "never seen"
    strange.loc[5:20, "income"] = [np.nan, 0.0, -0.0, 1e30] * 4
    scores = scorer.score(artifact.columns_of(strange, scorer.features))
    assert scores.points.tolist() == card.points(strange).tolist()
    np.testing.assert_allclose(scores.margin, card.decision_function(strange), atol=1e-12)


def test_noise_and_constants_leave_the_base_rate():
    X = pd.DataFrame({"constant": np.ones(200), "none": np.full(200, np.nan)})
    y = np.arange(200) % 4 == 0
    card = Scorecard(binning=QUICK).fit(X, y)
    np.testing.assert_allclose(card.predict_proba(X)[:, 1], 0.25)
    assert len(card.table_) == 1
    assert card.coefficients_.loc["constant", "dropped"] == (
        "terms differ by 0.000 < 0.02: the other features say as much"
    )
    screened = Scorecard(binning=FusedOptions(min_iv=0.5)).fit(*applicants(300))
    assert screened.coefficients_.loc["noise", "dropped"].endswith("< 0.5")


def test_a_shape_may_turn_where_no_sign_is_declared_and_a_trend_is_a_sign():
    X, y = applicants()
    free = Scorecard(binning=QUICK).fit(X[["age"]], y)
    rising = Scorecard(binning=FusedOptions(few_bags=2, trend="ascending")).fit(X[["age"]], y)
    assert (np.diff(free.margins_["age"]) < 0).any()
    terms = rising.margins_["age"][: len(rising.bins_["age"].edges) + 1]
    assert (np.diff(terms) >= 0).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"trend": "peak"}, r"for a fused card, got 'peak': a turning point is not convex"),
        ({"bags": 0}, "bags must be at least 1, got 0"),
        ({"few_bags": 0}, "few_bags must be at least 1, got 0"),
        ({"evidence": 1.5}, r"evidence must be in \[0, 1\], got 1.5"),
        ({"level_rows": (60, 0)}, r"level_rows must hold positive numbers, got \(60, 0\)"),
        ({"level_rows": ()}, r"level_rows must hold positive numbers, got \(\): a name of good"),
        ({"firmness": -1.0}, "firmness must not be negative, got -1.0"),
        ({"path": ()}, r"path must hold pairs \(L1 >= 0, L2 > 0\), got \(\)"),
        ({"path": ((0.1, 0.0),)}, "equal columns could share their shape in endless ways"),
        ({"tolerance": -1}, "tolerance must not be negative, got -1"),
        ({"max_bins": 0}, "max_bins must be at least 1, got 0"),
    ],
)
def test_wrong_options_are_refused(options, words):
    with pytest.raises(ModelError, match=words):
        FusedOptions(**options)


def test_the_default_card_is_fused_and_comparisons_know_both():
    X, y = applicants(300)
    assert Scorecard().fit(X, y).method_ == "fused"
    assert isinstance(make("card", X).binning, FusedOptions)
    assert Scorecard(binning=BinLimits(max_bins=3)).fit(X, y).method_ == "woe"
    assert not isinstance(make("woe", X).binning, FusedOptions)


def test_many_rows_are_fitted_once_and_no_order_shows(monkeypatch):
    monkeypatch.setattr("credit.scorecard.fused.MANY_ROWS", 500)
    X, y = applicants()
    card = Scorecard(binning=QUICK, random_state=0).fit(X, y)
    order = np.random.default_rng(0).permutation(len(X))
    again = Scorecard(binning=QUICK, random_state=0).fit(X.iloc[order], y[order])
    np.testing.assert_array_equal(again.points(X), card.points(X))
    assert roc_auc_score(y, card.decision_function(X)) > 0.8


def test_without_evidence_or_with_nothing_else():
    X, y = applicants()
    alone = Scorecard(binning=FusedOptions(few_bags=2, evidence=1.0), signs={"late": 1}).fit(X, y)
    woe = Scorecard(binning=BinLimits(), signs={"late": 1}).fit(X, y)
    ours, theirs = alone.decision_function(X), woe.decision_function(X)
    assert np.corrcoef(ours, theirs)[0, 1] > 0.98
    free = Scorecard(binning=FusedOptions(few_bags=2, evidence=0.0)).fit(X, y)
    assert free.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), abs=1e-9)


def test_the_default_card_is_calibrated_on_rows_of_its_time_and_its_points_cost_little():
    X, y = applicants(6000)
    card = Scorecard(random_state=0).fit(X.iloc[:3000], y[:3000])
    later, outcome = X.iloc[3000:], y[3000:]
    stated = card.predict_proba(later)[:, 1]
    assert ece(outcome, stated) <= 1.25 * ece_floor(stated, seed=0)[0]
    exact = roc_auc_score(outcome, card.decision_function(later))
    assert roc_auc_score(outcome, -card.points(later)) >= exact - 0.001
