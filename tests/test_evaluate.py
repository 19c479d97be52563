"""Metrics against naive oracles, closed forms, other libraries, and known truth by simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import expit, logit
from scipy.stats import beta, ks_2samp, norm, spearmanr, ttest_1samp
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score, roc_curve
from sklearn.metrics import log_loss as sklearn_log_loss

from credit import evaluate as ev
from credit.errors import DataError

unhurried = settings(deadline=None, max_examples=30)


def sample(n=300, seed=0, ties=False):
    """Outcomes that follow their probabilities."""
    generator = np.random.default_rng(seed)
    probability = expit(generator.normal(-1, 1.2, n))
    if ties:
        probability = np.round(probability, 1).clip(0.05, 0.95)
    return (generator.random(n) < probability).astype(int), probability


def sample_of(probability, seed):
    return (np.random.default_rng(seed).random(len(probability)) < probability).astype(int)


@st.composite
def scored(draw, integers=6):
    """Few distinct scores, so that ties are everywhere; both classes at least twice."""
    n = draw(st.integers(4, 30))
    score = draw(st.lists(st.integers(0, integers), min_size=n, max_size=n))
    others = draw(st.lists(st.integers(0, 1), min_size=n - 4, max_size=n - 4))
    y = draw(st.permutations([0, 0, 1, 1, *others]))
    return np.array(y), np.array(score, dtype=float)


def naive_auc(y, score):
    bad, good = score[y == 1], score[y == 0]
    return np.mean([[(b > g) + (b == g) / 2 for g in good] for b in bad])


def naive_placements(y, score):
    bad, good = score[y == 1], score[y == 0]
    wins = np.array([[(b > g) + (b == g) / 2 for g in good] for b in bad])
    return wins.mean(axis=1), wins.mean(axis=0)


# Discrimination


@unhurried
@given(scored())
def test_auc_and_ks_equal_their_definitions(data):
    y, score = data
    assert ev.auc(y, score) == pytest.approx(naive_auc(y, score), abs=1e-12)
    assert ev.auc(y, score) == pytest.approx(roc_auc_score(y, score), abs=1e-12)
    assert ev.gini(y, score) == pytest.approx(2 * naive_auc(y, score) - 1, abs=1e-12)
    distance = max(abs((score[y == 1] <= t).mean() - (score[y == 0] <= t).mean()) for t in score)
    assert ev.ks(y, score) == pytest.approx(distance, abs=1e-12)


@unhurried
@given(scored(), st.integers(0, 1000))
def test_order_scale_and_side_behave(data, seed):
    y, score = data
    shuffle = np.random.default_rng(seed).permutation(len(y))
    for metric in (ev.auc, ev.ks, ev.h_measure):
        assert metric(y[shuffle], score[shuffle]) == pytest.approx(metric(y, score), abs=1e-12)
        assert metric(y, np.exp(score)) == pytest.approx(metric(y, score), abs=1e-12)
    assert ev.auc(y, -score) == pytest.approx(1 - ev.auc(y, score), abs=1e-12)
    assert ev.ks(y, -score) == pytest.approx(ev.ks(y, score), abs=1e-12)


@unhurried
@given(scored(), st.integers(0, 1000))
def test_a_weight_is_a_repetition(data, seed):
    y, score = data
    weight = np.random.default_rng(seed).integers(1, 4, len(y))
    again = np.repeat(np.arange(len(y)), weight)
    probability = score / 10 + 0.05
    for metric in (ev.auc, ev.ks, ev.h_measure, ev.brier, ev.log_loss, ev.ece):
        weighted = metric(y, probability, weight=weight)
        assert weighted == pytest.approx(metric(y[again], probability[again]), abs=1e-12)
    pd.testing.assert_frame_equal(
        ev.lift_table(y, score, weight=weight, bins=3),
        ev.lift_table(y[again], score[again], bins=3),
    )


def test_ks_equals_scipy_and_auc_the_binormal_form():
    generator = np.random.default_rng(1)
    y = (np.arange(40_000) < 8_000).astype(int)
    score = generator.normal(y * 1.0, 1)
    two_sided = ks_2samp(score[y == 1], score[y == 0]).statistic
    assert ev.ks(y, score) == pytest.approx(two_sided, abs=1e-12)
    assert ev.auc(y, score) == pytest.approx(norm.cdf(1 / np.sqrt(2)), abs=0.01)


@settings(deadline=None, max_examples=15)
@given(scored())
def test_h_equals_the_integral_over_costs(data):
    y, score = data
    bads = y.mean()
    rates = [((score >= t)[y == 0].mean(), (score >= t)[y == 1].mean()) for t in [*score, np.inf]]

    def best(cost):
        return min(cost * (1 - bads) * fpr + (1 - cost) * bads * (1 - tpr) for fpr, tpr in rates)

    grid = (np.arange(4000) + 0.5) / 4000
    prior = beta.pdf(grid, 2, 2)
    lost = np.mean([best(c) for c in grid[::8]] * prior[::8])
    trivial = quad(lambda c: min(c * (1 - bads), (1 - c) * bads) * beta.pdf(c, 2, 2), 0, 1)[0]
    assert ev.h_measure(y, score) == pytest.approx(1 - lost / trivial, abs=2e-3)


def test_h_is_one_when_perfect_and_zero_when_silent():
    assert ev.h_measure([0, 0, 1], [1, 2, 3]) == pytest.approx(1)
    assert ev.h_measure([0, 0, 1], [1, 1, 1]) == pytest.approx(0)


def test_roc_equals_scikit_learn_and_its_area_the_auc():
    y, p = sample(ties=True)
    table = ev.roc_table(y, p)
    fpr, tpr, threshold = roc_curve(y, p, drop_intermediate=False)
    assert np.allclose(table, np.column_stack([threshold, fpr, tpr]))
    area = np.trapezoid(table["true_positive_rate"], table["false_positive_rate"])
    assert area == pytest.approx(ev.auc(y, p), abs=1e-12)


def test_cap_area_is_the_gini():
    y, p = sample()
    cap = ev.cap_table(y, p)
    area = np.trapezoid(cap["share_of_bads"], cap["share_of_people"])
    assert (area - 0.5) / (0.5 * (1 - y.mean())) == pytest.approx(ev.gini(y, p), abs=1e-12)
    thin = ev.cap_table(y, p, rows=50)
    assert len(thin) == 50
    assert thin.iloc[[0, -1]]["share_of_bads"].tolist() == [0, 1]


def test_lift_counts_everybody_once_riskiest_first():
    y, p = sample(1003)
    table = ev.lift_table(y, p)
    assert table["rows"].sum() == 1003
    assert set(table["rows"]) <= {100, 101}
    assert table["bads"].sum() == y.sum()
    assert table["share_of_bads"].iloc[-1] == pytest.approx(1)
    top = np.argsort(-p)[: int(table["rows"].iloc[0])]
    assert table["lift"].iloc[0] == pytest.approx(y[top].mean() / y.mean())
    assert len(ev.lift_table(y, np.ones(1003))) == 1


# Intervals


@unhurried
@given(scored())
def test_delong_equals_the_pairwise_definition(data):
    y, score = data
    of_bad, of_good = naive_placements(y, score)
    variance = of_bad.var(ddof=1) / len(of_bad) + of_good.var(ddof=1) / len(of_good)
    found = ev.delong(y, score)
    assert found.value == pytest.approx(naive_auc(y, score), abs=1e-12)
    assert found.standard_error == pytest.approx(np.sqrt(variance), abs=1e-12)
    assert 0 <= found.low <= found.value <= found.high <= 1


@unhurried
@given(scored(), st.integers(0, 1000))
def test_paired_delong_equals_the_pairwise_definition(data, seed):
    y, first = data
    second = np.random.default_rng(seed).integers(0, 5, len(y)).astype(float)
    bad_a, good_a = naive_placements(y, first)
    bad_b, good_b = naive_placements(y, second)
    bad, good = bad_a - bad_b, good_a - good_b
    found = ev.delong_difference(y, first, second)
    assert found.difference == pytest.approx(naive_auc(y, first) - naive_auc(y, second), abs=1e-12)
    error = np.sqrt(bad.var(ddof=1) / len(bad) + good.var(ddof=1) / len(good))
    assert found.standard_error == pytest.approx(error, abs=1e-12)
    turned = ev.delong_difference(y, second, first)
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low), abs=1e-12)


def test_scores_that_rank_alike_do_not_differ():
    y, p = sample()
    found = ev.delong_difference(y, p, logit(p))
    assert (found.difference, found.z, found.p_value) == (0, 0, 1)


def test_a_perfect_score_is_not_called_certain():
    assert ev.delong([0] * 5 + [1] * 3, range(8)).low == pytest.approx(0.025 ** (1 / 3))
    assert ev.delong([1] * 3 + [0] * 5, range(8)).high == pytest.approx(1 - 0.025 ** (1 / 3))


def test_delong_covers_the_truth():
    generator = np.random.default_rng(5)
    truth = norm.cdf(1.2 / np.sqrt(2))
    y = (np.arange(200) < 25).astype(int)
    hits, repeats = 0, 600
    for _ in range(repeats):
        found = ev.delong(y, generator.normal(1.2 * y, 1))
        hits += found.low <= truth <= found.high
    assert 0.92 <= hits / repeats <= 0.98


def test_the_paired_test_keeps_its_level_and_sees_a_difference():
    generator = np.random.default_rng(6)
    y = (np.arange(300) < 60).astype(int)
    alarms = {0: 0, 2: 0}
    for worse in alarms:
        for _ in range(200):
            shared = generator.normal(y, 1)
            first = shared + generator.normal(0, 0.5, 300)
            second = shared + generator.normal(0, 0.5 + worse, 300)
            alarms[worse] += ev.delong_difference(y, first, second).p_value < 0.05
    assert alarms[0] <= 20
    assert alarms[2] >= 150


def test_people_drawn_whole_give_the_interval_of_people():
    y, _ = sample(250)
    five = np.repeat(np.arange(250), 5)

    def mean(rows):
        return lambda weight: {"rate": float((weight * y[rows]).sum() / weight.sum())}

    once = ev.bootstrap(mean(np.arange(250)), 250, seed=1)
    whole = ev.bootstrap(mean(five), 1250, person=five, seed=1)
    apart = ev.bootstrap(mean(five), 1250, seed=1)
    pd.testing.assert_frame_equal(once, whole)
    assert apart["standard_error"].item() < 0.6 * whole["standard_error"].item()
    theory = np.sqrt(y.mean() * (1 - y.mean()) / 250)
    assert once["standard_error"].item() == pytest.approx(theory, rel=0.15)


def test_draws_without_the_statistic_are_counted_not_hidden():
    y = np.array([1, 1, 0, 0, 0, 0])

    def rate_of_bads(weight):
        bads = float((weight * y).sum())
        return {"x": 1 / bads if bads else float("nan")}

    used = ev.bootstrap(rate_of_bads, 6, seed=0, resamples=300)["used"].item()
    assert 300 * (1 - 2 * (4 / 6) ** 6) < used < 300
    with pytest.raises(DataError, match="resamples must be at least 2, got 1"):
        ev.bootstrap(rate_of_bads, 6, seed=0, resamples=1)


# The headline table


def test_metrics_equal_their_functions_and_lie_in_their_intervals():
    y, p = sample(800)
    table = ev.metrics(y, p, seed=7).set_index("metric")
    assert list(table.index) == ["auc", "gini", "ks", "brier", "log_loss", "ece", "ece_floor"]
    for name in ("auc", "gini", "ks", "brier", "log_loss", "ece"):
        assert table.loc[name, "value"] == pytest.approx(getattr(ev, name)(y, p), abs=1e-12)
        assert 0 <= table.loc[name, "low"] <= table.loc[name, "value"] <= table.loc[name, "high"]
    assert table.loc["brier", "value"] == pytest.approx(brier_score_loss(y, p))
    assert table.loc["log_loss", "value"] == pytest.approx(sklearn_log_loss(y, p))
    interval = ev.delong(y, p)
    assert table.loc["auc", ["low", "high"]].tolist() == [interval.low, interval.high]
    pd.testing.assert_frame_equal(ev.metrics(y, p, seed=7), table.reset_index())
    shuffle = np.random.default_rng(0).permutation(800)
    mixed = ev.metrics(y[shuffle], p[shuffle], seed=7)["value"][:6]
    assert np.allclose(mixed, table["value"][:6], atol=1e-12)


def test_repeated_people_widen_every_interval_and_unique_ones_do_not():
    y, p = sample(300)
    plain = ev.metrics(y, p, seed=1).set_index("metric")
    unique = ev.metrics(y, p, person=[f"p{i}" for i in range(300)], seed=1).set_index("metric")
    pd.testing.assert_frame_equal(plain, unique)
    four = np.repeat(np.arange(300), 4)
    clustered = ev.metrics(y[four], p[four], person=four, seed=1).set_index("metric")
    naive = ev.metrics(y[four], p[four], seed=1).set_index("metric")
    width = (clustered["high"] - clustered["low"]) / (naive["high"] - naive["low"])
    assert (width[["auc", "gini", "ks", "brier", "log_loss"]] > 1.5).all()


def test_an_infinite_loss_is_said_and_has_no_interval():
    y, p = sample(200)
    p[np.flatnonzero(y)[0]] = 0.0
    assert ev.log_loss(y, p) == np.inf
    row = ev.metrics(y, p, seed=0).set_index("metric").loc["log_loss"]
    assert row["value"] == np.inf
    assert row[["low", "high"]].isna().all()


def test_segments_add_up_and_small_ones_are_honest():
    y = np.array([0, 1, 0, 1, 1, 0, 0, 0, 1, 0])
    p = np.linspace(0.1, 0.9, 10)
    segment = ["b"] * 5 + ["a"] * 2 + [None] * 3
    table = ev.by_segment(y, p, segment)
    assert table["segment"].tolist() == ["a", "b", "(none)"]
    assert table["rows"].tolist() == [2, 5, 3]
    assert table["bads"].sum() == y.sum()
    assert np.isnan(table["auc"][0])
    assert table["auc"][1] == ev.auc(y[:5], p[:5])
    assert table["auc_low"][1] == ev.delong(y[:5], p[:5]).low
    assert table["auc"][2] == 0.5
    assert np.isnan(table["auc_low"][2])
    assert table["predicted"][1] == pytest.approx(p[:5].mean())
    ordered = pd.Categorical(["b"] * 6 + ["a"] * 4, categories=["b", "unused", "a"])
    assert ev.by_segment(y, p, ordered)["segment"].tolist() == ["b", "a"]
    assert ev.auc_by_month(y, p, [202402] * 5 + [202401] * 5)["month"].tolist() == [202401, 202402]


# Calibration


def test_ece_floor_is_what_noise_gives():
    y, p = sample(4000, seed=3)
    mean, low, high = ev.ece_floor(p, seed=1)
    normal = sum(
        np.sqrt(2 / np.pi * (part * (1 - part)).sum()) for part in np.array_split(np.sort(p), 10)
    )
    assert mean == pytest.approx(normal / 4000, rel=0.03)
    assert low < mean < high
    drawn = [ev.ece(sample_of(p, seed), p) for seed in range(60)]
    assert np.mean(drawn) == pytest.approx(mean, rel=0.12)
    assert ev.ece(y, p**2) > high
    naive = sum(abs(part.sum()) for part in np.array_split((p - y)[np.argsort(p)], 10)) / 4000
    assert ev.ece(y, p) == pytest.approx(naive, abs=1e-12)


def test_the_calibration_line_has_its_closed_form():
    # Two distinct probabilities: the line goes through both observed log-odds.
    y = np.repeat([1, 0, 1, 0], [10, 90, 30, 70])
    p = np.repeat([0.05, 0.05, 0.4, 0.4], [10, 90, 30, 70])
    line = ev.calibration_line(y, p)
    run = logit(0.4) - logit(0.05)
    slope = (logit(0.3) - logit(0.1)) / run
    assert line.slope == pytest.approx(slope, abs=1e-9)
    assert line.intercept == pytest.approx(logit(0.1) - slope * logit(0.05), abs=1e-9)
    assert line.slope_error == pytest.approx(
        np.sqrt(1 / 10 + 1 / 90 + 1 / 30 + 1 / 70) / run, abs=1e-9
    )


def test_the_calibration_line_equals_scikit_learn_and_undoes_a_distortion():
    y, p = sample(5000)
    margin = logit(p)
    distorted = expit(2 * margin - 1)
    line = ev.calibration_line(y, distorted)
    theirs = LogisticRegression(C=np.inf, tol=1e-10).fit(logit(distorted)[:, None], y)
    assert line.slope == pytest.approx(theirs.coef_[0, 0], abs=1e-5)
    assert line.intercept == pytest.approx(theirs.intercept_[0], abs=1e-5)
    assert abs(line.slope - 0.5) < 3 * line.slope_error
    assert abs(line.intercept - 0.5) < 3 * line.intercept_error


@pytest.mark.parametrize(
    ("p", "words"),
    [
        ([0.0, 0.2, 0.3, 0.4], r"exactly 0 or 1 in 1 row\(s\)"),
        ([0.2] * 4, "the same in all rows"),
        ([0.1, 0.2, 0.8, 0.9], "separates bad from good"),
    ],
)
def test_a_line_that_does_not_exist_is_refused(p, words):
    with pytest.raises(DataError, match=words):
        ev.calibration_line([0, 0, 1, 1], p)


def test_spiegelhalter_and_hosmer_lemeshow_keep_their_level_and_see_distortion():
    rejected = {"z": 0, "chi": 0}
    for seed in range(80):
        y, p = sample(600, seed=seed)
        rejected["z"] += ev.spiegelhalter(y, p).p_value < 0.05
        grades = ev.grade_table(y, p, np.digitize(p, [0.1, 0.2, 0.4, 0.6]))
        rejected["chi"] += ev.hosmer_lemeshow(grades).p_value < 0.05
    assert all(1 <= count <= 10 for count in rejected.values()), rejected
    y, p = sample(3000)
    assert ev.spiegelhalter(y, expit(2 * logit(p))).p_value < 1e-6


def test_the_grade_table_states_jeffreys():
    y = np.repeat([1, 0, 0], [3, 97, 50])
    p = np.repeat([0.02, 0.01], [100, 50])
    grade = pd.Categorical(np.repeat(["B", "A"], [100, 50]), categories=["A", "unused", "B"])
    table = ev.grade_table(y, p, grade)
    assert table["grade"].tolist() == ["A", "B"]
    assert table["rows"].tolist() == [50, 100]
    assert table["share"].sum() == pytest.approx(1)
    assert table["p_underestimated"].tolist() == pytest.approx(
        [beta.cdf(0.01, 0.5, 50.5), beta.cdf(0.02, 3.5, 97.5)]
    )
    assert (table["p_two_sided"] <= 1).all()
    assert table["rate_low"][0] == 0
    assert table["rate_high"][1] == pytest.approx(beta.ppf(0.975, 3.5, 97.5))
    statistic = (0 - 0.5) ** 2 / (50 * 0.01 * 0.99) + (3 - 2) ** 2 / (100 * 0.02 * 0.98)
    assert ev.hosmer_lemeshow(table).statistic == pytest.approx(statistic)
    assert ev.hosmer_lemeshow(table).degrees_of_freedom == 2
    with pytest.raises(DataError, match=r"grade has 50 null\(s\)"):
        ev.grade_table(y, p, grade.remove_categories("A"))


def test_calibration_bins_hold_everybody():
    y, p = sample(995)
    table = ev.calibration_table(y, p)
    assert table["rows"].sum() == 995
    assert (table["rows"] * table["predicted"]).sum() == pytest.approx(p.sum())
    assert table["predicted"].is_monotonic_increasing
    assert ((table["rate_low"] <= table["rate"]) & (table["rate"] <= table["rate_high"])).all()


# Ceiling


@unhurried
@given(scored())
def test_expected_auc_equals_its_double_sum(data):
    _, score = data
    generator = np.random.default_rng(len(score))
    p = generator.random(len(score))
    above = total = 0.0
    for i in range(len(p)):
        for j in range(len(p)):
            if i != j:
                pair = p[i] * (1 - p[j])
                total += pair
                above += pair * ((score[i] > score[j]) + (score[i] == score[j]) / 2)
    assert ev.expected_auc(p, score) == pytest.approx(above / total, abs=1e-12)
    assert ev.expected_auc(p, score) <= ev.expected_auc(p) + 1e-12


def test_expected_auc_is_the_mean_over_outcomes():
    p = expit(np.random.default_rng(0).normal(-1, 1, 2000))
    generator = np.random.default_rng(1)
    drawn = [ev.auc((generator.random(2000) < p).astype(int), p) for _ in range(200)]
    assert np.mean(drawn) == pytest.approx(ev.expected_auc(p), abs=4 * np.std(drawn) / 200**0.5)
    assert ev.expected_auc([0.3, 0.3, 0.3]) == 0.5
    with pytest.raises(DataError, match="no pair of a bad and a good"):
        ev.expected_auc([1.0, 1.0])


def test_the_share_of_the_attainable():
    assert ev.share_of_attainable(0.7, 0.75) == pytest.approx(0.8)
    with pytest.raises(DataError, match=r"ceiling must lie above .5 and at most at 1, got 0.5"):
        ev.share_of_attainable(0.7, 0.5)
    with pytest.raises(DataError, match="auc must lie between 0 and 1, got 70"):
        ev.share_of_attainable(70, 0.8)


def test_the_alarm_is_silent_for_honest_scores_and_rings_for_a_leak():
    for seed in range(40):
        generator = np.random.default_rng(seed)
        margin = generator.normal(-2.5, 1.1, 3000)
        p = expit(margin)
        y = (generator.random(3000) < p).astype(int)
        for score in (p, margin * 2, margin + generator.normal(0, 0.3, 3000)):
            assert not ev.leak_alarm(y, score, p).alarm
        leaking = margin + 0.5 * y + generator.normal(0, 0.3, 3000)
        assert ev.leak_alarm(y, leaking, p).alarm
    found = ev.leak_alarm(y, margin, p)
    assert found.difference == 0
    assert found.ceiling == ev.expected_auc(p)
    assert found.share_of_attainable == 1
    noisy = ev.leak_alarm(y, margin + generator.normal(0, 1, 3000), p)
    assert noisy.share_of_attainable == pytest.approx((2 * noisy.auc - 1) / ev.gini(y, p))


# Comparison


def test_nadeau_bengio_has_its_formula():
    d = np.array([0.01, 0.02, -0.005, 0.015])
    found = ev.nadeau_bengio(d, n_train=800, n_test=200)
    assert found.t == pytest.approx(d.mean() / np.sqrt((1 / 4 + 0.25) * d.var(ddof=1)))
    plain = ttest_1samp(d, 0)
    nearly = ev.nadeau_bengio(d, n_train=1e12, n_test=1)
    assert nearly.p_value == pytest.approx(plain.pvalue, rel=1e-6)
    assert (nearly.low, nearly.high) == pytest.approx(tuple(plain.confidence_interval()), rel=1e-6)
    assert ev.nadeau_bengio([0.0, 0.0], n_train=2, n_test=1).p_value == 1
    assert ev.nadeau_bengio([0.5, 0.5], n_train=2, n_test=1).p_value == 0


def test_the_correction_keeps_the_level_that_the_plain_test_loses():
    generator = np.random.default_rng(8)
    alarms = {"corrected": 0, "plain": 0}
    for _ in range(250):
        X = generator.normal(size=(120, 10))
        y = X.sum(axis=1) + generator.normal(0, 3, 120)
        differences = []
        for _repeat in range(5):
            halves = np.split(generator.permutation(120), 2)
            for train, test in (halves, halves[::-1]):
                losses = []
                for columns in (slice(0, 5), slice(5, 10)):  # two models, equally good
                    fit = np.linalg.lstsq(X[train, columns], y[train], rcond=None)[0]
                    losses.append(((y[test] - X[test, columns] @ fit) ** 2).mean())
                differences.append(losses[0] - losses[1])
        corrected = ev.nadeau_bengio(differences, n_train=60, n_test=60)
        alarms["corrected"] += corrected.p_value < 0.05
        alarms["plain"] += ttest_1samp(differences, 0).pvalue < 0.05
    assert alarms["corrected"] <= 0.10 * 250
    assert alarms["plain"] > 0.20 * 250


@unhurried
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_adjusts_as_the_step_down_procedure_decides(p_values):
    adjusted = ev.holm(p_values)
    for level in (0.01, 0.05, 0.3):
        rejected, order = set(), np.argsort(p_values, kind="stable")
        for step, at in enumerate(order):
            if p_values[at] * (len(p_values) - step) > level:
                break
            rejected.add(at)
        assert {at for at, value in enumerate(adjusted) if value <= level} == rejected


def test_the_paired_table_compares_every_other_model():
    generator = np.random.default_rng(0)
    scores = pd.DataFrame(generator.normal(0.7, 0.01, (10, 3)), columns=["card", "boost", "lr"])
    table = ev.paired_table(scores, n_train=500, n_test=500, reference="card")
    assert table["model"].tolist() == ["boost", "lr"]
    test = ev.nadeau_bengio(scores["boost"] - scores["card"], n_train=500, n_test=500)
    row = table.iloc[0]
    assert (row["difference"], row["low"], row["high"]) == (test.difference, test.low, test.high)
    assert table["p_holm"].tolist() == ev.holm(table["p_value"]).tolist()
    with pytest.raises(DataError, match=r"reference 'crad' is not among.*Did you mean 'card'"):
        ev.paired_table(scores, n_train=1, n_test=1, reference="crad")
    scores.iloc[2, 1] = np.nan
    with pytest.raises(DataError, match=r"\['boost'\] lack a fold"):
        ev.paired_table(scores, n_train=1, n_test=1, reference="card")
    with pytest.raises(DataError, match="at least two models"):
        ev.paired_table(scores[["card"]], n_train=1, n_test=1, reference="card")


# Stability


def test_psi_has_its_closed_form_and_is_symmetric():
    found = ev.psi([50, 50], [40, 60], smoothing=0)
    assert found.psi == pytest.approx(0.1 * np.log(1.25) + 0.1 * np.log(1.2))
    assert found.psi == pytest.approx(ev.psi([40, 60], [50, 50], smoothing=0).psi)
    assert ev.psi([3, 5, 0], [6, 10, 0]).bins == 2
    assert ev.psi([7, 9, 1], [7, 9, 1]).psi == 0
    assert np.isfinite(ev.psi([10, 0], [0, 10]).psi)
    assert ev.psi([10, 0], [0, 10], smoothing=0).psi == np.inf


def test_psi_exceeds_its_critical_value_as_often_as_it_says():
    generator = np.random.default_rng(9)
    share = np.array([0.05, 0.1, 0.2, 0.25, 0.25, 0.15])
    shifted = 0
    for _ in range(1000):
        found = ev.psi(generator.multinomial(2000, share), generator.multinomial(500, share))
        shifted += found.shifted
    assert 0.03 <= shifted / 1000 <= 0.07


def test_score_psi_and_csi_see_a_shift_and_only_that():
    generator = np.random.default_rng(10)
    first, second = generator.normal(size=5000), generator.normal(size=3000)
    assert not ev.score_psi(first, second).shifted
    assert ev.score_psi(first, second + 0.2).shifted
    assert ev.score_psi(first, first).psi == 0
    assert ev.score_psi(np.round(first), np.round(first)).bins <= 10
    expected = pd.DataFrame({"a": generator.integers(0, 5, 5000), "b": [0, 1] * 2500})
    actual = pd.DataFrame({"a": generator.integers(0, 5, 3000), "b": [0, 2, 1] * 1000})
    table = ev.csi_table(expected, actual)
    assert table["feature"].tolist() == ["b", "a"]
    assert table["shifted"].tolist() == [True, False]
    counts = np.bincount(expected["a"]), np.bincount(actual["a"])
    assert table["psi"][1] == ev.psi(*counts).psi
    with pytest.raises(DataError, match=r"only one of them has \['b', 'c'\]"):
        ev.csi_table(expected, actual.rename(columns={"b": "c"}))
    with pytest.raises(DataError, match="b: bin numbers must be integers of 0 or more"):
        ev.csi_table(expected, actual.assign(b=-1))
    with pytest.raises(DataError, match="expected has 2 bins, but actual has 3"):
        ev.psi([1, 2], [1, 2, 3])


# Features


def features(n=1500, seed=0):
    generator = np.random.default_rng(seed)
    base = generator.normal(size=n)
    X = pd.DataFrame(
        {
            "a": base,
            "twin": np.exp(base),
            "opposite": -base + generator.normal(0, 0.5, n),
            "noise": generator.normal(size=n),
            "constant": 1.0,
            "city": generator.choice(["x", "y"], n),
        }
    )
    y = (generator.random(n) < expit(-1.5 + base)).astype(int)
    return X, y, generator.choice(["2024-01", "2024-02", "2024-03"], n)


def codes_of(X):
    coded = {
        name: pd.qcut(X[name].rank(method="first"), 4, labels=False).astype("int64")
        for name in X.columns
        if name not in ("city", "constant")
    }
    return pd.DataFrame(coded | {"constant": 0, "city": (X["city"] == "x").astype(int)})[X.columns]


def test_information_value_equals_its_definition_overall_and_by_month():
    X, y, month = features()
    table = ev.information_values(codes_of(X), y, month)
    for rows, column in ((slice(None), "iv"), (month == "2024-02", "iv_2024-02")):
        counts = pd.crosstab(codes_of(X)["a"][rows], y[rows]) + 0.5
        good, bad = counts[0] / counts[0].sum(), counts[1] / counts[1].sum()
        expected = ((good - bad) * np.log(good / bad)).sum()
        assert table.loc["a", column] == pytest.approx(expected, abs=1e-12)
    assert table.loc["constant", "iv"] == 0
    assert table.columns.tolist() == [
        "iv", "iv_by_chance", "iv_2024-01", "iv_2024-02", "iv_2024-03"
    ]  # fmt: skip
    long = ev.iv_by_month(codes_of(X), y, month)
    assert len(long) == 18
    picked = long[(long["feature"] == "a") & (long["month"] == "2024-02")]
    assert picked["iv"].item() == table.loc["a", "iv_2024-02"]
    alone = np.where(y == 1, "with", "without")
    assert ev.iv_by_month(codes_of(X), y, alone)["iv"].isna().all()


def test_chance_iv_is_what_noise_has_on_average():
    generator = np.random.default_rng(2)
    y = (np.arange(2000) < 300).astype(int)
    codes = pd.DataFrame(generator.integers(0, 6, (2000, 200))).rename(columns="f{}".format)
    table = ev.information_values(codes, y)
    assert table["iv"].mean() == pytest.approx(table["iv_by_chance"].iloc[0], rel=0.1)
    assert table.columns.tolist() == ["iv", "iv_by_chance"]


def test_spearman_equals_scipy_and_does_not_mind_text():
    X, _, _ = features()
    found = ev.spearman(X)
    numeric = ["a", "twin", "opposite", "noise"]
    assert np.allclose(found.loc[numeric, numeric], spearmanr(X[numeric]).statistic, atol=1e-12)
    assert found["constant"].isna().all()
    assert "city" not in found
    tied = X[numeric].round(0)
    assert np.allclose(ev.spearman(tied), spearmanr(tied).statistic, atol=1e-12)
    assert ev.spearman(X[["city"]]).empty


def test_spearman_with_gaps_is_near_the_pairwise_coefficient():
    X, _, _ = features()
    numeric = X[["a", "twin", "opposite", "noise"]]
    gaps = numeric.mask(np.random.default_rng(0).random(numeric.shape) < 0.2)
    assert np.allclose(ev.spearman(gaps), gaps.corr(method="spearman"), atol=0.01)
    assert ev.spearman(gaps.astype("Float64")).equals(ev.spearman(gaps))
    never = pd.DataFrame({"a": [1.0, 2.0, np.nan, np.nan] * 30, "b": [np.nan, np.nan, 1, 2] * 30})
    assert np.isnan(ev.spearman(never).loc["a", "b"])


def test_twins_are_found_once():
    X, _, _ = features()
    pairs = ev.correlated_pairs(X)
    assert pairs.to_dict("records") == [
        {"first": "a", "second": "twin", "correlation": pytest.approx(1.0)}
    ]
    more = ev.correlated_pairs(X, threshold=0.5)
    assert more["second"].tolist() == ["twin", "opposite", "opposite"]
    assert (more["correlation"].iloc[1:] < -0.5).all()
    assert ev.correlated_pairs(X[["city"]]).empty
    with pytest.raises(DataError, match="threshold must lie between 0 and 1, got 95"):
        ev.correlated_pairs(X, threshold=95)


def test_the_feature_report_has_a_row_for_every_feature():
    X, y, month = features()
    X.loc[:149, "noise"] = np.nan
    report = ev.feature_report(X, y, month, codes=codes_of(X.fillna(0))).set_index("feature")
    assert list(report.index) == list(X.columns)
    assert report.loc["noise", "missing_share"] == pytest.approx(0.1)
    assert report.loc["a", "partner"] == "twin"
    assert report.loc["opposite", "correlation"] < -0.8
    assert pd.isna(report.loc["city", "partner"])
    assert np.isnan(report.loc["constant", "correlation"])
    assert report.loc["a", "iv"] > 20 * report.loc["a", "iv_by_chance"]
    assert {"iv_2024-01", "iv_2024-02", "iv_2024-03"} <= set(report.columns)
    with pytest.raises(DataError, match=r"only one of them has \['city'\]"):
        ev.feature_report(X, y, month, codes=codes_of(X.fillna(0)).drop(columns="city"))
    with pytest.raises(DataError, match="month has 1500 rows of which 1 are null"):
        ev.information_values(codes_of(X.fillna(0)), y, pd.Series(month).where(np.arange(1500) > 0))


# What is refused


@pytest.mark.parametrize(
    ("y", "score", "words"),
    [
        ([0, 0, 0], [1, 2, 3], r"y has 0 bad and 3 good row\(s\)"),
        ([0, 1, 2], [1, 2, 3], r"1 row\(s\) hold 2"),
        ([0, 1, None], [1, 2, 3], r"y has 1 null\(s\)"),
        ([], [], "y is empty"),
        ([0, 1], [1, 2, 3], "score has 3 rows, but 2 are expected"),
        ([0, 1], [1, np.nan], "score has 1 null or infinite"),
        ([0, 1], [1, np.inf], "score has 1 null or infinite"),
        ([0, 1], ["low", "high"], "score: type .*, but numbers are required"),
    ],
)
def test_scores_that_cannot_be_ranked_are_refused(y, score, words):
    for metric in (ev.auc, ev.ks, ev.h_measure, ev.roc_table):
        with pytest.raises(DataError, match=words):
            metric(y, score)


def test_other_arguments_are_refused_by_name():
    with pytest.raises(DataError, match=r"must lie between 0 and 1; 1 row\(s\).*instance 600"):
        ev.brier([0, 1], [0.2, 600])
    with pytest.raises(DataError, match="weight must be 0 or more and not all 0"):
        ev.auc([0, 1], [1, 2], weight=[-1, 1])
    with pytest.raises(DataError, match="weight is 0 on every row of one class"):
        ev.auc([0, 1], [1, 2], weight=[0, 1])
    with pytest.raises(DataError, match="at least 2 of each are needed"):
        ev.delong([0, 1, 0], [1, 2, 3])
    with pytest.raises(DataError, match="1 fold given, but a spread needs at least 2"):
        ev.nadeau_bengio([0.1], n_train=1, n_test=1)
    with pytest.raises(DataError, match="segment has 1 rows, but 2 are expected"):
        ev.by_segment([0, 1], [0.1, 0.2], ["a"])
    with pytest.raises(DataError, match="bins must be at least 1, got 0"):
        ev.lift_table([0, 1], [1, 2], bins=0)


@pytest.mark.parametrize("dtype", ["float64", "float32", "Float64", "double[pyarrow]"])
def test_any_type_of_number_will_do(dtype):
    y, p = sample(100)
    assert ev.auc(pd.Series(y, dtype="Int8"), pd.Series(p).astype(dtype)) == pytest.approx(
        naive_auc(y, p), abs=1e-3
    )
