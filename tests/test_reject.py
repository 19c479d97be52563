"""Reject inference: closed forms, exact gradients, and error where the truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import approx_fprime
from scipy.special import expit, logit
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression

from credit import reject
from credit.errors import DataError, ModelError
from credit.evaluate import jeffreys
from credit.reject.bench import BY_CHANCE, LENIENCY
from credit.reject.probit import _Likelihood, bivariate_normal, fit_selected_probit

METHODS = {
    "none": reject.Nothing(),
    "reweighting": reject.Reweighting(),
    "fuzzy": reject.FuzzyAugmentation(odds=1.5),
    "parcelling": reject.Parcelling(),
    "probit": reject.BivariateProbit(),
    "self-learning": reject.SelfLearning(),
}


def population(rows=4000, seed=0):
    random = np.random.default_rng(seed)
    X = pd.DataFrame(random.standard_normal((rows, 3)), columns=["a", "b", "c"])
    return reject.Population(X=X, linear=X.to_numpy() @ [0.9, 0.6, 0.3] - 2, sigma=1.0)


def drawn(sight=1.0, seed=0, rows=4000, **options):
    under = reject.Underwriter(sight=sight, **options)
    return reject.underwrite(population(rows), under, seed=seed)


def infer(one, method, **options):
    return reject.infer(one.applications, method, **options)


# The normal distribution in two dimensions


@settings(max_examples=40)
@given(st.floats(-4, 4), st.floats(-4, 4), st.floats(-0.99, 0.99))
def test_the_bivariate_normal_equals_its_integral(h, k, rho):
    def density(u):
        return norm.pdf(u) * norm.cdf((k - rho * u) / np.sqrt(1 - rho**2))

    turn = [k / rho] if rho and -9 < k / rho < h else None
    exact = quad(density, -9, h, epsabs=1e-13, limit=400, points=turn)[0]
    found = bivariate_normal(np.array([h]), np.array([k]), rho)
    assert found == pytest.approx(exact, abs=1e-9)


def test_the_likelihood_has_the_gradient_it_says():
    random = np.random.default_rng(1)
    x, z = random.normal(size=(40, 2)), random.normal(size=(40, 3))
    sides = np.where(random.random(40) < 0.3, 1.0, -1.0)
    likelihood = _Likelihood(x, z, random.normal(size=(20, 3)), sides)
    for _ in range(5):
        at = random.normal(0, 0.5, 6)
        numeric = approx_fprime(at, lambda b: likelihood(b)[0], 1e-7)
        assert likelihood(at)[1] == pytest.approx(numeric, abs=1e-6)
        total = -likelihood.scores(at).sum(axis=0) / 60 + 1e-6 * at
        assert total == pytest.approx(likelihood(at)[1], abs=1e-9)


def test_a_pair_of_probits_is_recovered():
    random = np.random.default_rng(2)
    rows, rho = 12_000, -0.6
    x = np.column_stack([np.ones(rows), random.normal(size=rows)])
    z = np.column_stack([x, random.normal(size=rows)])
    u, v = random.multivariate_normal([0, 0], [[1, rho], [rho, 1]], rows).T
    accepted = (z @ [0.4, -0.5, 0.8] + v > 0).astype(float)
    bad = (x @ [-1.0, 0.6] + u > 0).astype(float)
    found = fit_selected_probit(x, z, accepted, bad)
    assert found.gamma == pytest.approx([0.4, -0.5, 0.8], abs=0.06)
    assert found.beta == pytest.approx([-1.0, 0.6], abs=0.12)
    assert abs(found.rho - rho) < 3 * found.rho_error
    assert 0.02 < found.rho_error < 0.15
    out = accepted == 0
    assert found.of_refused(x[out], z[out]).mean() == pytest.approx(bad[out].mean(), abs=0.04)


# What comes out


def test_nothing_is_the_default_and_changes_nothing():
    one = drawn()
    found = infer(one, reject.Nothing())
    pd.testing.assert_frame_equal(
        found.X, one.X.loc[one.accepted, ["a", "b", "c"]].reset_index(drop=True)
    )
    assert (found.y == one.y[one.accepted]).all()
    assert (found.weight == 1).all()
    assert (reject.infer(one.applications).y == found.y).all()


@pytest.mark.parametrize("name", METHODS)
def test_every_method_keeps_the_accepted_and_repeats_itself(name):
    one = drawn(rows=1500)
    first, again = infer(one, METHODS[name]), infer(one, METHODS[name])
    accepted = int(one.accepted.sum())
    assert (first.y[:accepted] == one.y[one.accepted]).all()
    assert len(first.X) == len(first.y) == len(first.weight)
    assert len(first.refused_probability) == len(one.X) - accepted
    assert ((first.refused_probability > 0) & (first.refused_probability < 1)).all()
    assert LENIENCY not in first.X
    pd.testing.assert_frame_equal(first.X, again.X)
    assert (first.y == again.y).all()
    assert (first.weight == again.weight).all()


def test_fuzzy_rows_weigh_one_person_and_shift_the_odds():
    one = drawn(rows=1500)
    plain, found = (infer(one, reject.FuzzyAugmentation(odds=k)) for k in (1, 2))
    refused = int((~one.accepted).sum())
    bad, good = found.weight[-2 * refused : -refused], found.weight[-refused:]
    assert np.allclose(bad + good, 1)
    assert (found.y[-2 * refused : -refused] == 1).all()
    shift = logit(found.refused_probability) - logit(plain.refused_probability)
    assert shift == pytest.approx(np.log(2), abs=1e-6)


def test_parcels_have_their_bands_rates():
    one = drawn(rows=3000)
    found = infer(one, reject.Parcelling(bands=4), model=LogisticRegression())
    x, y = one.X.loc[one.accepted, ["a", "b", "c"]], one.y[one.accepted]
    model = LogisticRegression().fit(x, y)
    own = model.predict_proba(x)[:, 1]
    theirs = model.predict_proba(one.X.loc[~one.accepted, ["a", "b", "c"]])[:, 1]
    edges = np.quantile(own, [0.25, 0.5, 0.75])
    for band in range(4):
        inside = np.searchsorted(edges, own, side="right") == band
        them = np.searchsorted(edges, theirs, side="right") == band
        rate = (y[inside].sum() + 0.5) / (inside.sum() + 1)
        assert found.refused_probability[them] == pytest.approx(rate)


def test_weights_are_the_inverse_of_acceptance_and_bounded():
    one = drawn(sight=0, rows=3000)
    found = infer(one, reject.Reweighting(floor=0.25))
    assert found.weight.max() / found.weight.min() <= 4 + 1e-9
    assert found.weight.sum() == pytest.approx(len(found.weight))
    lenient = one.X.loc[one.accepted, LENIENCY].to_numpy()
    assert np.corrcoef(found.weight, lenient)[0, 1] < -0.1


# Known truth


@pytest.fixture(scope="module")
def errors():
    under = {name: reject.Underwriter(sight=s) for name, s in (("blind", 0.0), ("sharp", 1.0))}
    methods = {name: method for name, method in METHODS.items() if name != "self-learning"}
    table = reject.measured_error(population(3000), under, methods, draws=3)
    return table.set_index(["underwriter", "method"])


def test_without_hidden_knowledge_no_inference_is_right(errors):
    blind = errors.loc["blind"]
    assert abs(blind.loc["none", "bias"]) < 0.03
    assert blind.loc["none", "bias_low"] < 0 < blind.loc["none", "bias_high"]
    assert blind.loc["none", "auc_gain"] == 0


def test_hidden_knowledge_biases_all_but_the_methods_made_for_it(errors):
    sharp = errors.loc["sharp"]
    for name in ("none", "reweighting", "parcelling"):
        assert sharp.loc[name, "bias"] < -0.08
        assert sharp.loc[name, "bias_high"] < 0
    assert abs(sharp.loc["probit", "bias"]) < abs(sharp.loc["none", "bias"]) / 2
    assert sharp.loc["fuzzy", "bias"] > sharp.loc["none", "bias"]


def test_random_approvals_hold_the_truth_as_often_as_they_say():
    hits = 0
    for seed in range(100):
        one = drawn(sight=1, seed=seed, by_chance=0.05)
        seen = one.y[one.by_chance]
        low, high = jeffreys([seen.sum()], [len(seen) - seen.sum()])
        hits += low[0] <= one.probability[~one.accepted].mean() <= high[0]
    assert 89 <= hits <= 100


def test_each_of_the_refused_can_have_odds_of_its_own():
    one = drawn(rows=1500)
    each = tuple(1.0 + (place % 2) for place in range(int((~one.accepted).sum())))
    plain, double, mixed = (
        infer(one, reject.FuzzyAugmentation(odds=odds)).refused_probability
        for odds in (1.0, 2.0, each)
    )
    assert np.array_equal(mixed[::2], plain[::2])
    assert np.array_equal(mixed[1::2], double[1::2])
    with pytest.raises(DataError, match=r"odds: 2 of them, but \d+ refused applicants"):
        infer(one, reject.FuzzyAugmentation(odds=(1.0, 2.0)))


def test_odds_measured_at_random_bring_the_bad_rate_home():
    random = np.random.default_rng(3)
    stated = expit(random.normal(-2, 1, 20_000))
    truth = expit(logit(stated) + np.log(3))
    odds, low, high = reject.measured_odds((random.random(20_000) < truth).astype(int), stated)
    assert low < 3 < high
    assert odds == pytest.approx(3, rel=0.06)


def test_the_bench_adds_the_random_approvals(errors):
    assert BY_CHANCE in errors.loc["sharp"].index
    assert np.isnan(errors.loc[("sharp", BY_CHANCE), "auc"])


# What is refused


def test_frames_that_cannot_be_used_are_refused():
    X = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [1.0, 0.0, 1.0]})
    cases = [
        (X, [0, 1, 1], X[["a"]], r"only one of them has \['b'\]"),
        (X, [0, 1], X, "y must hold 3 outcomes, good and bad, .*; got 2"),
        (X, [0, 0, 0], X, "got 3 of which 0 are bad"),
        (X, [0, 1, 1], X.assign(a=np.nan), r"refused\['a'\] has gaps or infinities. Pass weights"),
        (X.assign(b="x"), [0, 1, 1], X, r"accepted\['b'\]: type .*, but numbers are required"),
        (X, [0, 1, 1], X.iloc[:0], "refused has no rows"),
    ]
    for accepted, y, refused, words in cases:
        with pytest.raises(DataError, match=words):
            reject.Applications(accepted=accepted, y=y, refused=refused)
    with pytest.raises(DataError, match=r"selection_only: no column 'c'"):
        reject.Applications(accepted=X, y=[0, 1, 1], refused=X, selection_only=("c",))
    with pytest.raises(DataError, match="selection_only holds every column"):
        reject.Applications(accepted=X, y=[0, 1, 1], refused=X, selection_only=("a", "b"))


def test_options_out_of_range_are_refused():
    for build, words in [
        (lambda: reject.FuzzyAugmentation(odds=0), "odds must be positive and finite, got 0"),
        (lambda: reject.Parcelling(bands=1), "bands must be at least 2, got 1"),
        (lambda: reject.Reweighting(floor=0), "floor must lie strictly between 0 and 1"),
        (lambda: reject.SelfLearning(rounds=0), "rounds must be at least 1, got 0"),
        (lambda: reject.SelfLearning(step=0.9), r"step \* \(1 \+ imbalance\) in \(0, 1\]"),
        (lambda: reject.SelfLearning(unlike=0.6, like=0.5), "sum to less than 1, got 0.6"),
    ]:
        with pytest.raises(ModelError, match=words):
            build()
    for build, words in [
        (lambda: reject.Underwriter(sight=2), "sight must lie between 0 and 1, got 2"),
        (lambda: reject.Underwriter(sight=0, refused=1), "refused must lie strictly between"),
        (lambda: reject.Underwriter(sight=0, noise=-1), "noise and leniency must be 0 or more"),
        (lambda: population().__class__(X=pd.DataFrame({"a": [1.0]}), linear=np.zeros(2), sigma=1),
         "linear must hold a finite log-odds for each of the 1 rows"),
        (lambda: reject.measured_odds([0, 0], [0.1, 0.2]), "all 2 random approvals ended alike"),
        (lambda: reject.measured_odds([0, 1], [0.0, 0.2]), "2 numbers strictly between 0 and 1"),
        (lambda: reject.measured_error(population(), {}, {}, draws=1), "draws must be at least 2"),
    ]:  # fmt: skip
        with pytest.raises(DataError, match=words):
            build()
