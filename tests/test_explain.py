"""Shares that recover a known truth, and reasons that say what moved the score."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from credit.errors import DataError
from credit.explain import (
    ReasonText,
    bootstrap_shares,
    breakdown,
    by_dimension,
    covariance_shares,
    cutoff_reference,
    dependence,
    dimension_contributions,
    mean_abs_shares,
    population_reference,
    reason_codes,
    reason_texts,
)
from credit.feature import DIMENSIONS, Catalogue, Reason, Stated

POLICY = dict(zip(DIMENSIONS, (0.30, 0.25, 0.20, 0.15, 0.10), strict=True))
unhurried = settings(deadline=None, max_examples=40)


def contributions(rows=200, seed=0):
    generator = np.random.default_rng(seed)
    return pd.DataFrame(generator.normal(size=(rows, 6)), columns=list("abcdef"))


DIMENSION_OF = dict(zip("abcdef", ("social", "payment", "payment", "application", "wealth",
                                   "social"), strict=True))  # fmt: skip


# Shares


def test_dimensions_sum_to_the_same_margin_in_policy_order():
    parts = contributions()
    table = dimension_contributions(parts, DIMENSION_OF)
    assert table.columns.tolist() == ["payment", "social", "wealth", "application"]
    assert np.allclose(table.sum(axis=1), parts.sum(axis=1))
    assert np.allclose(table["payment"], parts["b"] + parts["c"])
    with pytest.raises(DataError, match=r"no dimension for \['base_'\]"):
        dimension_contributions(parts.assign(base_=1.0), DIMENSION_OF)
    with pytest.raises(DataError, match=r"null or infinite values in \['b'\]"):
        dimension_contributions(parts.assign(b=np.nan), DIMENSION_OF)


@unhurried
@given(st.integers(0, 10_000))
def test_shares_equal_covariances_and_sum_to_one(seed):
    table = dimension_contributions(contributions(seed=seed), DIMENSION_OF)
    five = table.drop(columns="application")
    total = five.sum(axis=1)
    expected = [np.cov(five[name], total)[0, 1] / total.var() for name in five]
    shares = covariance_shares(table)
    assert shares.tolist() == pytest.approx(expected, abs=1e-12)
    assert shares.sum() == pytest.approx(1)
    assert mean_abs_shares(table).sum() == pytest.approx(1)
    shuffle = np.random.default_rng(seed).permutation(len(table))
    assert covariance_shares(table.iloc[shuffle, ::-1])[shares.index].tolist() == pytest.approx(
        shares.tolist(), abs=1e-12
    )
    shifted = table * 3 + 7
    assert covariance_shares(shifted).tolist() == pytest.approx(shares.tolist(), abs=1e-9)


@unhurried
@given(st.integers(0, 10_000))
def test_a_weight_is_a_repetition(seed):
    table = dimension_contributions(contributions(seed=seed), DIMENSION_OF)
    weight = np.random.default_rng(seed).integers(0, 4, len(table))
    repeated = table.iloc[np.repeat(np.arange(len(table)), weight)]
    for shares in (covariance_shares, mean_abs_shares):
        assert shares(table, weight=weight).tolist() == pytest.approx(
            shares(repeated).tolist(), abs=1e-12
        )


def test_covariance_shares_recover_the_weights_that_mean_absolutes_blur():
    generator = np.random.default_rng(0)
    scale = np.sqrt(list(POLICY.values()))
    table = pd.DataFrame(generator.normal(size=(200_000, 5)) * scale, columns=list(DIMENSIONS))
    assert covariance_shares(table).tolist() == pytest.approx(list(POLICY.values()), abs=0.005)
    # For independent normals the mean absolute is proportional to the standard deviation.
    assert mean_abs_shares(table).tolist() == pytest.approx(scale / scale.sum(), abs=0.005)


def test_a_score_that_does_not_move_has_no_shares():
    flat = pd.DataFrame({"payment": [1.0, 1.0], "application": [0.0, 5.0]})
    with pytest.raises(DataError, match="do not move the score"):
        covariance_shares(flat)
    with pytest.raises(DataError, match="do not move the score"):
        mean_abs_shares(flat)
    with pytest.raises(DataError, match="at least one of each is needed"):
        covariance_shares(flat[["application"]])
    with pytest.raises(DataError, match="weight must hold 2 numbers"):
        covariance_shares(pd.DataFrame({"payment": [1.0, 2.0]}), weight=[1.0])


class Learner:
    """A logistic model on two features a dimension, whose true shares are the policy's."""

    def __init__(self, seed, rows=1500):
        generator = np.random.default_rng(seed)
        self.X = generator.normal(size=(rows, 10))
        beta = np.repeat(np.sqrt(np.array(list(POLICY.values())) / 2), 2) * 1.2
        self.y = (generator.random(rows) < expit(-1.5 + self.X @ beta)).astype(int)

    def __call__(self, weight):
        design = np.column_stack([self.X, np.ones(len(self.X))])
        beta = np.zeros(11)
        for _ in range(7):  # Newton steps
            fitted = expit(design @ beta)
            information = (design * (weight * fitted * (1 - fitted))[:, None]).T @ design
            beta += np.linalg.solve(information, design.T @ (weight * (self.y - fitted)))
        names = [f"f{i}" for i in range(10)]
        parts = pd.DataFrame(self.X * beta[:10], columns=names)
        return dimension_contributions(parts, dict(zip(names, np.repeat(DIMENSIONS, 2),
                                                       strict=True)))  # fmt: skip


def test_refitting_gives_intervals_that_hold_the_truth_and_rows_alone_do_not():
    held = {"rows": 0, "refit": 0}
    for seed in range(8):
        learner = Learner(seed)
        first = learner(np.ones(1500))
        rows = bootstrap_shares(first, seed=seed, policy=POLICY, resamples=40)
        refit = bootstrap_shares(first, seed=seed, policy=POLICY, refit=learner, resamples=40)
        assert rows["share"].tolist() == refit["share"].tolist()
        for name, table in (("rows", rows), ("refit", refit)):
            inside = (table["share_low"] <= table["policy"]) & (
                table["policy"] <= table["share_high"]
            )
            held[name] += int(inside.sum())
    assert held["refit"] >= 35  # of 40
    assert held["rows"] <= 28


def test_the_share_table_lists_what_the_policy_weighs():
    table = dimension_contributions(contributions(), DIMENSION_OF)
    found = bootstrap_shares(table, seed=1, policy=POLICY, resamples=20)
    assert found.columns.tolist() == [
        "dimension", "share", "share_low", "share_high", "mean_abs_share", "policy"
    ]  # fmt: skip
    assert found["dimension"].tolist() == [
        "payment", "social", "wealth", "consumption", "repayment"
    ]  # fmt: skip
    assert found["share"].sum() == pytest.approx(1)
    assert found["share"].tolist()[3:] == [0, 0]
    assert found["share_low"].isna().tolist() == [False, False, False, True, True]
    assert found["policy"].sum() == pytest.approx(1)
    pd.testing.assert_frame_equal(
        found, bootstrap_shares(table, seed=1, policy=POLICY, resamples=20)
    )
    assert bootstrap_shares(table, seed=1, resamples=5)["policy"].isna().all()


def test_people_are_drawn_whole():
    table = dimension_contributions(contributions(100), DIMENSION_OF)
    four = np.repeat(np.arange(100), 4)
    once = bootstrap_shares(table, seed=2, resamples=30)
    whole = bootstrap_shares(table.iloc[four], seed=2, person=four, resamples=30)
    pd.testing.assert_frame_equal(once, whole)


def test_a_refit_of_another_shape_is_refused():
    table = dimension_contributions(contributions(), DIMENSION_OF)
    with pytest.raises(DataError, match="refit returned 200 rows of"):
        bootstrap_shares(table, seed=0, refit=lambda _: table[["payment"]])
    with pytest.raises(DataError, match="resamples must be at least 2"):
        bootstrap_shares(table, seed=0, resamples=1)


# Reasons

TEXTS = {
    name: ReasonText(dimension=DIMENSION_OF[name], en=f"too much {name}", zh=f"{name} 过高")
    for name in "abcdef"
}


@unhurried
@given(st.integers(0, 10_000), st.integers(1, 6))
def test_reasons_are_the_largest_excesses_that_raise_the_risk(seed, k):
    parts = contributions(20, seed).round(1)
    reference = population_reference(parts)
    found = reason_codes(parts, reference, TEXTS, k=k)
    for row, reasons in zip(parts.index, found, strict=True):
        excess = {name: parts.loc[row, name] - reference.means[name] for name in parts}
        naive = sorted((n for n in excess if excess[n] > 0), key=lambda n: -excess[n])[:k]
        assert [reason.feature for reason in reasons] == naive
        assert [reason.rank for reason in reasons] == list(range(1, len(naive) + 1))
        assert [r.difference for r in reasons] == pytest.approx([excess[n] for n in naive])
        assert all(reason.dimension == DIMENSION_OF[reason.feature] for reason in reasons)


def test_excesses_of_all_features_sum_to_the_margin_above_the_reference():
    parts = contributions(50).abs()
    reference = population_reference(parts * 0)
    margin = parts.sum(axis=1)
    for row, reasons in enumerate(reason_codes(parts, reference, TEXTS, k=6)):
        assert sum(reason.difference for reason in reasons) == pytest.approx(margin[row])


def test_taking_a_reason_away_lowers_the_risk_by_what_it_says():
    parts = contributions(30)
    reference = population_reference(parts)
    for row, reasons in enumerate(reason_codes(parts, reference, TEXTS)):
        for reason in reasons:
            neutral = parts.iloc[row].copy()
            neutral[reason.feature] = reference.means[reason.feature]
            assert parts.iloc[row].sum() - neutral.sum() == pytest.approx(reason.difference)
            assert reason.difference > 0


def test_at_most_four_in_the_language_asked_for_and_none_for_the_average():
    parts = contributions(3).abs() + 1
    zero = population_reference(parts * 0)
    assert [len(reasons) for reasons in reason_codes(parts, zero, TEXTS)] == [4, 4, 4]
    first = reason_codes(parts, zero, TEXTS, k=1, language="zh")[0][0]
    assert first.text == f"{first.feature} 过高"
    average = parts.iloc[[0]]
    assert reason_codes(average, population_reference(average), TEXTS) == [()]


def test_equal_excesses_keep_the_order_of_columns():
    parts = pd.DataFrame([[0.5, 1.0, 0.5, 1.0]], columns=list("fbca"))
    reasons = reason_codes(parts, population_reference(parts * 0), TEXTS)[0]
    assert [reason.feature for reason in reasons] == ["b", "a", "f", "c"]


def test_the_order_of_columns_and_rows_does_not_matter():
    parts = contributions(40)
    reference = population_reference(parts)
    plain = reason_codes(parts, reference, TEXTS)
    mixed = reason_codes(parts.iloc[::-1, ::-1], reference, TEXTS)
    assert mixed[::-1] == plain


def test_the_reference_at_the_cut_off_is_those_just_approved():
    parts = contributions(10)
    risk = [0.01, 0.09, 0.02, 0.03, 0.09, 0.2, 0.1, 0.5, 0.05, 0.11]
    near = cutoff_reference(parts, risk, cutoff=0.1, share=0.2)
    assert near.rows == 3  # .10, and both .09: people as risky are taken together
    assert near.means["a"] == pytest.approx(parts["a"].iloc[[1, 4, 6]].mean())
    assert near.name == "applicants just approved at 0.1"
    assert cutoff_reference(parts, risk, cutoff=0.1, share=1.0).rows == 7
    everybody = population_reference(parts)
    assert (everybody.name, everybody.rows) == ("population average", 10)
    with pytest.raises(DataError, match=r"cutoff 0.001 approves nobody.*lowest .* is 0.01"):
        cutoff_reference(parts, risk, cutoff=0.001)
    with pytest.raises(DataError, match="share must lie above 0"):
        cutoff_reference(parts, risk, cutoff=0.1, share=0)
    with pytest.raises(DataError, match="probability has 9 rows, contributions 10"):
        cutoff_reference(parts, risk[1:], cutoff=0.1)


def test_texts_come_from_the_catalogue():
    feature = Stated(
        name="a", dimension="social", label="a", unit="count", null_means="none", risk=1,
        reason=Reason(en="few contacts", zh="联系人少"), expression="a",
    )  # fmt: skip
    catalogue = Catalogue((feature,))
    assert reason_texts(catalogue)["a"] == ReasonText(
        dimension="social", en="few contacts", zh="联系人少"
    )
    parts = pd.DataFrame({"a": [1.0, 0.0]})
    reference = population_reference(parts)
    (cited,), nothing = reason_codes(parts, reference, catalogue)
    assert (cited.text, cited.dimension, cited.difference) == ("few contacts", "social", 0.5)
    assert nothing == ()
    with pytest.raises(DataError, match=r"no reason text for \['b'\].*no reason to give"):
        reason_codes(parts.assign(b=1.0), reference, catalogue)


# Parts to draw


def test_a_breakdown_sums_to_the_points_of_the_margin_by_feature_and_by_dimension():
    parts = contributions(3)
    values = pd.DataFrame({"a": 0.123, "b": 12_345.0, "c": np.nan, "d": "sme", "e": 3, "f": 1.0},
                          index=parts.index)  # fmt: skip
    units = {"a": "share", "b": "fen", "e": "days"}
    table = breakdown(
        parts.iloc[[1]], values.iloc[[1]], base=500, points_per_margin=20, units=units
    )
    assert table["points"].sum() == pytest.approx(500 - 20 * parts.iloc[1].sum())
    assert table["bin"].tolist() == [
        "everybody", "12 %", "123 yuan", "missing", "sme", "3 days", "1",
    ]  # fmt: skip
    whole = by_dimension(table, DIMENSION_OF, labels={"e": "Wealth held, 90 days"})
    assert whole["points"].sum() == pytest.approx(table["points"].sum())
    assert whole["feature"].tolist() == ["(base)", *dict.fromkeys(DIMENSION_OF.values())]
    assert whole.set_index("feature").loc["wealth", "bin"] == "most: Wealth held"
    social = parts[["a", "f"]].iloc[1]
    assert whole.set_index("feature").loc["social", "points"] == pytest.approx(-20 * social.sum())
    with pytest.raises(DataError, match="must be one person's, got 3 and 3 rows"):
        breakdown(parts, values, base=0, points_per_margin=1)
    with pytest.raises(DataError, match=r"null or infinite values in \['b'\]"):
        breakdown(parts.iloc[[0]].assign(b=np.inf), values[:1], base=0, points_per_margin=1)
    with pytest.raises(DataError, match=r"dimensions: none for \['a', 'b'"):
        by_dimension(table, {})


def test_dependence_finds_the_feature_that_acts_together():
    draw = np.random.default_rng(2)
    values = pd.DataFrame(draw.normal(size=(500, 3)), columns=list("abc"))
    values["job"] = draw.choice(["x", "y"], 500)
    values.loc[::9, "c"] = np.nan
    effect = values["a"] * 0.3 + 0.2 * values["b"]
    parts = pd.DataFrame({"a": effect, "b": values["b"], "c": 0.0,
                          "job": (values["job"] == "x") * 0.5})  # fmt: skip
    table = dependence(parts, values, ["a", "job", "c"])
    assert len(table) == 1500
    of_a = table[table["feature"] == "a"]
    assert set(of_a["partner"]) == {"b"}
    assert of_a["partner_rank"].to_numpy() == pytest.approx(values["b"].rank(pct=True))
    assert set(table.loc[table["feature"] == "job", "partner"]) == {""}
    assert set(table.loc[table["feature"] == "c", "partner"]) == {""}
    with pytest.raises(DataError, match=r"values: 500 rows and no column \['a'\]"):
        dependence(parts, values.drop(columns="a"), ["a"])
    with pytest.raises(DataError, match="values: 3 rows and no column"):
        dependence(parts, values[:3], ["a"])


def test_bad_requests_are_refused_by_name():
    parts = contributions(5)
    reference = population_reference(parts)
    with pytest.raises(DataError, match=r"of other features; only one side has \['f'\]"):
        reason_codes(parts.drop(columns="f"), reference, TEXTS)
    with pytest.raises(DataError, match="k must be at least 1, got 0"):
        reason_codes(parts, reference, TEXTS, k=0)
    with pytest.raises(DataError, match="language must be 'en' or 'zh', got 'de'"):
        reason_codes(parts, reference, TEXTS, language="de")
    with pytest.raises(DataError, match=r"null or infinite values in \['c'\]"):
        reason_codes(parts.assign(c=np.inf), reference, TEXTS)
    with pytest.raises(DataError, match="'population average' has no rows"):
        population_reference(parts.iloc[:0])
