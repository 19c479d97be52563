"""Partial consent: nothing withheld is read, what is left is calibrated, hiding gains little."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from credit.boost import BoostedModel, BoostOptions
from credit.consent import Consent, ConsentedModel, Guard, Rows, fit_consent, hiding_table
from credit.errors import DataError, ModelError
from credit.evaluate import auc, calibration_tests, every_subset, shapley, source_values
from credit.explain import sub_scores
from credit.feature import DIMENSIONS
from credit.scorecard import Scale, Scorecard
from credit.world.truth import risk_budget, subset_ceilings

SCALE = Scale()
CORRELATION = 0.7 * np.eye(5) + 0.3


def parts_of(rows: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Return correlated parts of a true margin, the application's among them, and outcomes."""
    draw = np.random.default_rng(seed)
    parts = pd.DataFrame(
        draw.multivariate_normal(np.zeros(5), CORRELATION, rows) * [0.6, 0.5, 0.5, 0.4, 0.3],
        columns=list(DIMENSIONS),
    ).assign(application=draw.normal(size=rows) * 0.5)
    margin = parts.sum(axis=1) - 2
    return parts, (draw.random(rows) < expit(margin)).astype(np.int64)


@pytest.fixture(scope="module")
def fit() -> tuple[pd.DataFrame, np.ndarray]:
    return parts_of(6_000)


@pytest.fixture(scope="module")
def held() -> tuple[pd.DataFrame, np.ndarray]:
    return parts_of(6_000, seed=1)


@pytest.fixture(scope="module")
def plain(fit) -> Consent:
    return fit_consent(Rows(*fit))


@pytest.fixture(scope="module")
def guarded(fit) -> Consent:
    return fit_consent(Rows(*fit), guard=Guard(tolerance=3, scale=SCALE))


def test_every_subset_is_calibrated_on_rows_it_has_not_seen(held, plain):
    worst = [
        calibration_tests(held[1], plain.probability(held[0], given))["p_value"].min()
        for given in every_subset(DIMENSIONS)
    ]
    # The least of 96 p-values, most of them of the same rows.
    assert min(worst) > 0.05 / 96


def test_with_everything_authorised_the_model_is_its_own():
    parts, y = parts_of(4_000)
    consent = fit_consent(Rows(parts, y))
    whole = consent.margin(parts, DIMENSIONS)
    assert np.corrcoef(whole, parts.sum(axis=1))[0, 1] == pytest.approx(1, abs=1e-12)
    weights = list(consent.maps[DIMENSIONS].weights.values())
    assert weights == pytest.approx([weights[0]] * 6)


def test_more_sources_rank_better(held, plain):
    found = [auc(held[1], plain.margin(held[0], DIMENSIONS[:count])) for count in range(6)]
    assert found == sorted(found)


def test_nothing_withheld_is_read(fit):
    parts, _ = fit
    consent = fit_consent(Rows(*fit), guard=Guard(tolerance=2, scale=SCALE))
    given = ("payment", "wealth")
    plain = consent.probability(parts, given)
    spoilt = parts.assign(social=np.nan, repayment=1e9).drop(columns="consumption")
    np.testing.assert_array_equal(consent.probability(spoilt, given), plain)


def test_rows_may_authorise_differently(fit, plain):
    parts = fit[0].head(200)
    draw = np.random.default_rng(0)
    table = pd.DataFrame(draw.random((200, 5)) < 0.5, columns=list(DIMENSIONS))
    found = plain.margin(parts, table[list(DIMENSIONS[::-1])])
    for row in range(0, 200, 17):
        given = [name for name in DIMENSIONS if table[name].iloc[row]]
        assert found[row] == pytest.approx(plain.margin(parts.iloc[[row]], given)[0], rel=1e-12)


@pytest.mark.parametrize("tolerance", [0.0, 3.0])
def test_hiding_gains_no_more_than_the_tolerance_where_it_was_fitted(fit, tolerance):
    consent = fit_consent(Rows(*fit), guard=Guard(tolerance=tolerance, scale=SCALE))
    table = hiding_table(consent, fit[0], SCALE)
    assert len(table) == 3**5 - 2**5
    assert table["gain"].max() <= tolerance + 1e-9
    assert consent.maps[DIMENSIONS].penalty == 0
    # It is the least penalty: some pair of every subset that pays one is at the tolerance.
    table["left"] = [
        "+".join(n for n in given.split("+") if n not in hidden.split("+"))
        for given, hidden in zip(table["given"], table["hidden"], strict=True)
    ]
    paying = ["+".join(given) for given, one in consent.maps.items() if one.penalty > 0]
    tight = table.groupby("left")["gain"].max()
    assert len(paying) > 20
    assert tight[paying].to_numpy() == pytest.approx(tolerance, abs=1e-9)


def test_hiding_gains_no_more_than_the_tolerance_on_other_rows(held, guarded):
    table = hiding_table(guarded, held[0], SCALE)
    # Both samples' means are uncertain.
    assert ((table["gain"] - 3) / (np.sqrt(2) * table["standard_error"])).max() < 3


def test_without_a_guard_bad_news_are_worth_hiding(plain, held):
    table = hiding_table(plain, held[0], SCALE)
    assert table["gain"].min() > 3


def test_with_a_guard_the_probability_of_those_who_hide_bad_news_is_true(fit, held):
    parts, y = held
    consent = fit_consent(Rows(*fit), guard=Guard(tolerance=0, scale=SCALE))
    for source in DIMENSIONS:
        bad_news = (parts[source] > consent.reference[source]).to_numpy()
        given = [name for name in DIMENSIONS if name != source]
        stated = consent.probability(parts[bad_news], given)
        error = np.sqrt((stated * (1 - stated)).sum()) / bad_news.sum()
        # Equal in the mean of log-odds, so a little off in that of probabilities.
        assert stated.mean() == pytest.approx(y[bad_news].mean(), abs=0.01 + 3 * error)


def test_a_score_that_is_known_bounds_what_hiding_gains_every_row(held, guarded):
    parts = held[0]
    before = guarded.margin(parts, DIMENSIONS)
    after = guarded.margin(parts, DIMENSIONS[1:], before=before)
    assert (SCALE.factor * (before - after)).max() <= 3 + 1e-9
    some = np.where(np.arange(len(parts)) % 2, before, np.nan)
    mixed = guarded.margin(parts, DIMENSIONS[1:], before=some)
    np.testing.assert_array_equal(mixed[::2], guarded.margin(parts, DIMENSIONS[1:])[::2])


def test_it_is_plain_data(fit, plain, guarded):
    parts = fit[0].head(50)
    for consent in (plain, guarded):
        again = Consent.from_dict(json.loads(json.dumps(consent.to_dict())))
        assert again == consent
        for given in every_subset(DIMENSIONS):
            np.testing.assert_array_equal(again.margin(parts, given), consent.margin(parts, given))


def test_a_line_never_turns_riskier_into_safer(fit):
    parts, y = fit
    misled = parts.head(300)
    consent = fit_consent(
        Rows(parts, y), calibrate=Rows(misled, (misled.sum(axis=1) < 0).astype(int))
    )
    assert all(min(one.weights.values()) >= 0 for one in consent.maps.values() if one.weights)


def frame(rows: int = 3_000) -> tuple[pd.DataFrame, np.ndarray, dict[str, str]]:
    draw = np.random.default_rng(5)
    X = pd.DataFrame(draw.normal(size=(rows, 4)), columns=["p1", "p2", "s1", "a1"])
    X["s2"] = draw.choice(["few", "many"], rows)
    X["p3"] = draw.integers(0, 5, rows)
    X.loc[::7, "s1"] = np.nan
    margin = X["p1"] + 0.5 * X["s1"].fillna(0) + (X["s2"] == "few") - 2
    y = (draw.random(rows) < expit(margin)).to_numpy(np.int64)
    places = {"p": "payment", "s": "social", "a": "application"}
    return X, y, {name: places[name[0]] for name in X}


def test_a_model_sees_nothing_that_is_withheld():
    X, y, dimensions = frame()
    card = Scorecard(dimensions=dimensions, random_state=0).fit(X, y)
    parts = sub_scores(card, X, dimensions)
    consented = ConsentedModel(
        model=card, dimensions=dimensions, consent=fit_consent(Rows(parts, y))
    )
    assert consented.consent.sources == ("payment", "social")
    plain = consented.probability(X, ["payment"])
    np.testing.assert_array_equal(plain, consented.consent.probability(parts, ["payment"]))
    other = X.assign(s1=X["s1"] * -3 + 40, s2="never seen")
    np.testing.assert_array_equal(consented.probability(other, ["payment"]), plain)
    table = pd.DataFrame({"payment": True, "social": np.arange(len(X)) % 2 == 0})
    mixed = consented.probability(X, table)
    np.testing.assert_array_equal(mixed[1::2], plain[1::2])
    np.testing.assert_array_equal(mixed[::2], consented.probability(X, ["payment", "social"])[::2])


def test_nothing_happened_is_not_the_same_as_not_authorised():
    X, y, dimensions = frame()
    card = Scorecard(dimensions=dimensions, random_state=0).fit(X, y)
    consented = ConsentedModel(
        model=card,
        dimensions=dimensions,
        consent=fit_consent(Rows(sub_scores(card, X, dimensions), y)),
    )
    nothing = X.head(1).assign(s1=np.nan)
    told = consented.margin(nothing, ["payment", "social"])
    untold = consented.margin(nothing, ["payment"])
    assert told != untold


def test_trees_that_mix_sources_are_refused_and_those_that_do_not_are_taken():
    X, y, dimensions = frame(800)
    with pytest.raises(ModelError, match="by_dimension=True"):
        ConsentedModel(model=BoostedModel(), dimensions=dimensions, consent=None)  # type: ignore[arg-type]
    apart = BoostedModel(
        options=BoostOptions(by_dimension=True, rounds=20, seeds=1), dimensions=dimensions
    ).fit(X, y)
    parts = sub_scores(apart, X, dimensions)
    consented = ConsentedModel(
        model=apart, dimensions=dimensions, consent=fit_consent(Rows(parts, y))
    )
    other = X.assign(s1=0.0)
    np.testing.assert_array_equal(
        consented.margin(other, ["payment"]), consented.margin(X, ["payment"])
    )


def test_learnt_values_are_the_exact_ones_within_two_standard_errors():
    distances = np.array([distances_to_the_truth(seed) for seed in range(4)])
    assert (np.abs(distances) < 2).mean() >= 0.85  # 95 % are expected
    assert np.abs(distances.mean(axis=0)).max() < 2.6 / 2  # one in a hundred, of four worlds


def distances_to_the_truth(seed: int) -> np.ndarray:
    """Return learnt less exact Shapley values in standard errors, in a world of its own."""
    draw = np.random.default_rng(seed)
    rows = 12_000
    eta = draw.multivariate_normal(np.zeros(5), CORRELATION, rows)
    beta = risk_budget(CORRELATION, np.array([0.30, 0.25, 0.20, 0.15, 0.10]), 1.1)
    segment, frailty = np.zeros(rows, dtype=np.int64), 0.6 * draw.normal(size=rows)
    exact = subset_ceilings(eta, segment, beta, np.array([-2.5]), 0.6)
    y = (draw.random(rows) < expit(eta @ beta - 2.5 + frailty)).astype(np.int64)
    parts = pd.DataFrame(eta * beta, columns=list(DIMENSIONS))
    learn, test = slice(0, rows // 2), slice(rows // 2, rows)
    consent = fit_consent(Rows(parts[learn], y[learn]))
    scores = {given: consent.probability(parts[test], given) for given in every_subset(DIMENSIONS)}
    found = source_values(y[test], scores, seed=0, resamples=60).shapley
    found = found[found["metric"] == "auc"]
    assert found["standard_error"].max() < 0.012  # or the distance would say nothing
    return (found["value"] - found["source"].map(shapley(exact))) / found["standard_error"]


@pytest.mark.parametrize(
    ("authorised", "words"),
    [
        (["payment", "pets"], r"\['payment', 'pets'\] must name some of the sources"),
        (["payment", "payment"], "each once"),
        ("payment", "must be a sequence of sources"),
        (pd.DataFrame({"payment": [True]}), "whoever was not asked has not authorised"),
        (pd.DataFrame([[1.0] * 5], columns=list(DIMENSIONS)), "true or false"),
    ],
)
def test_unclear_consent_is_refused(fit, authorised, words, plain):
    with pytest.raises(ModelError, match=words):
        plain.margin(fit[0].head(1), authorised)


def test_bad_parts_are_refused(fit):
    parts, y = fit
    consent = fit_consent(Rows(parts, y))
    with pytest.raises(ModelError, match=r"\['wealth'\] are authorised or always known, but null"):
        consent.margin(parts.head(3).assign(wealth=[0.1, np.nan, 0.2]), ["wealth"])
    with pytest.raises(ModelError, match=r"no column \['application'\]"):
        consent.margin(parts[["wealth"]], ["wealth"])
    with pytest.raises(ModelError, match="without a Guard there is no tolerance"):
        consent.margin(parts, ["wealth"], before=np.zeros(len(parts)))
    with pytest.raises(ModelError, match="sources \\['pets'\\]: at least one is needed"):
        fit_consent(Rows(parts, y), sources=["pets"])
    with pytest.raises(ModelError, match="both outcomes"):
        fit_consent(Rows(parts, np.zeros(len(parts))))
    with pytest.raises(DataError, match="null"):
        fit_consent(Rows(parts, np.where(y == 1, np.nan, 0)))
    with pytest.raises(ModelError, match="tolerance must be 0 points or more, got -1"):
        replace(Guard(tolerance=0, scale=SCALE), tolerance=-1)
