"""Every estimator against scikit-learn's own checks; each expected failure says why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from credit.binning import BinLimits, Binning
from credit.blend import BlendedModel
from credit.boost import BoostedModel, BoostOptions
from credit.errors import ModelError
from credit.scorecard import (
    FusedOptions,
    PolicyCard,
    Scorecard,
    SegmentedScorecard,
    Selection,
    Stepwise,
    WoeOptions,
)

ESTIMATORS = [
    Binning(),
    Scorecard(),
    Scorecard(binning=FusedOptions(few_bags=4)),
    Scorecard(binning=WoeOptions(selection=Selection(max_vif=5.0, stepwise=Stepwise()))),
    SegmentedScorecard(column=-1, min_bads=10),
    PolicyCard(),
    BoostedModel(options=BoostOptions(rounds=40, eta=0.3, seeds=1)),
    BlendedModel(
        card=Scorecard(binning=BinLimits()),
        trees=BoostedModel(options=BoostOptions(rounds=10, eta=0.3, seeds=1)),
    ),
]
CLASSIFIERS = ESTIMATORS[1:]
BY_CUTS = SegmentedScorecard(column=0, cuts=(0.0,), min_bads=5)

WEIGHTS = {
    "check_sample_weight_equivalence_on_dense_data": (
        "subsampling and validation parts are drawn by row: a row twice is not weight two"
    ),
}


def expected_failures(estimator: Any) -> dict[str, str]:
    return WEIGHTS if isinstance(estimator, BoostedModel) else {}


@pytest.mark.filterwarnings("ignore:A column-vector y was passed")
@parametrize_with_checks([*ESTIMATORS, BY_CUTS], expected_failed_checks=expected_failures)
def test_scikit_learn_checks(estimator: Any, check: Any) -> None:
    check(estimator)


def applicants(rows: int = 300, seed: int = 3) -> tuple[pd.DataFrame, pd.Series]:
    random = np.random.default_rng(seed)
    income = random.lognormal(8, 1, rows)
    late = random.poisson(1.0, rows).astype(float)
    late[random.random(rows) < 0.1] = np.nan
    X = pd.DataFrame(
        {
            "income": income,
            "late [days] <90": late,
            "job": random.choice(["clerk", "chef", "none"], rows),
        }
    )
    margin = -0.8 * (np.log(income) - 8) + np.nan_to_num(late) - 1.5 + (X["job"] == "none")
    return X, pd.Series((random.random(rows) < 1 / (1 + np.exp(-margin))).astype(int), name="bad")


def signed(estimator: Any, signs: dict[str, int]) -> Any:
    """Return the estimator with signs, wherever it takes them."""
    if isinstance(estimator, SegmentedScorecard):
        return clone(estimator).set_params(card=Scorecard(signs=signs))
    if isinstance(estimator, BlendedModel):
        return clone(estimator).set_params(card__signs=signs, trees__signs=signs)
    return clone(estimator).set_params(signs=signs)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
class TestAnyEstimator:
    def test_a_permuted_frame_is_read_by_name(self, estimator: Any) -> None:
        X, y = applicants()
        model = clone(estimator).fit(X, y)
        method = "transform" if isinstance(estimator, Binning) else "predict_proba"
        straight = getattr(model, method)(X)
        np.testing.assert_array_equal(straight, getattr(model, method)(X[X.columns[::-1]]))

    def test_a_missing_column_is_named(self, estimator: Any) -> None:
        X, y = applicants()
        model = clone(estimator).fit(X, y)
        method = model.transform if isinstance(estimator, Binning) else model.predict_proba
        with pytest.raises(
            ModelError, match=r"X: no column \['income'\].*Did you mean 'incomes'\?"
        ):
            method(X.rename(columns={"income": "incomes"}))
        with pytest.raises(ModelError, match=r"column\(s\) \['extra'\] were not there"):
            method(X.assign(extra=1))

    def test_text_where_numbers_were_names_column_and_value(self, estimator: Any) -> None:
        X, y = applicants()
        model = clone(estimator).fit(X, y)
        method = model.transform if isinstance(estimator, Binning) else model.predict_proba
        wrong = X.astype({"income": object})
        wrong.loc[7, "income"] = "abc"
        with pytest.raises(ModelError, match="column 'income': value 'abc' is no number"):
            method(wrong)

    def test_infinity_is_refused_with_its_row(self, estimator: Any) -> None:
        X, y = applicants()
        wrong = X.copy()
        wrong.loc[5, "income"] = np.inf
        with pytest.raises(ModelError, match=r"column 'income': 1 infinite value.* inf in row 5"):
            clone(estimator).fit(wrong, y)
        model = clone(estimator).fit(X, y)
        method = model.transform if isinstance(estimator, Binning) else model.predict_proba
        with pytest.raises(ModelError, match="must be finite or missing"):
            method(wrong)

    def test_one_class_says_how_many_of_each(self, estimator: Any) -> None:
        X, _ = applicants(100)
        with pytest.raises(ModelError, match="y holds one class: 100 good and 0 bad row"):
            clone(estimator).fit(X, np.zeros(100, dtype=int))
        with pytest.raises(ModelError, match="y holds one class: 0 good and 100 bad row"):
            clone(estimator).fit(X, np.ones(100))

    def test_an_unknown_outcome_is_refused(self, estimator: Any) -> None:
        X, y = applicants()
        unknown = y.astype("Int8")
        unknown.iloc[[2, 9]] = pd.NA
        with pytest.raises(ModelError, match=r"contains NaN in 2 of 300 row\(s\)"):
            clone(estimator).fit(X, unknown)
        clone(estimator).fit(X, y.astype("Int8"))


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=lambda e: type(e).__name__)
class TestAnyClassifier:
    def test_the_greater_label_is_bad(self, estimator: Any) -> None:
        X, y = applicants()
        plain = clone(estimator).fit(X, y).predict_proba(X)
        for labels in (["1 good", "2 bad"], [1, 2], [False, True]):
            model = clone(estimator).fit(X, np.array(labels)[y])
            assert model.classes_.tolist() == labels
            np.testing.assert_array_equal(model.predict_proba(X), plain)
            assert set(model.predict(X)) <= set(labels)

    def test_contributions_sum_to_the_margin(self, estimator: Any) -> None:
        X, y = applicants()
        model = clone(estimator).fit(X, y)
        terms = model.contributions(X)
        assert list(terms.columns) == list(X.columns)
        tolerance = 1e-6 if isinstance(estimator, BoostedModel) else 1e-9
        np.testing.assert_allclose(
            terms.sum(axis=1) + model.base_, model.decision_function(X), atol=tolerance, rtol=0
        )

    def test_a_fit_twice_is_the_same(self, estimator: Any) -> None:
        X, y = applicants()
        first, second = (clone(estimator).fit(X, y).decision_function(X) for _ in range(2))
        np.testing.assert_array_equal(first, second)

    def test_a_sign_is_kept(self, estimator: Any) -> None:
        X, y = applicants(800)
        signs = {"income": -1, "late [days] <90": 1}
        model = signed(estimator, signs).fit(X, y)
        rows = X.iloc[:20].reset_index(drop=True)
        for name, sign in signs.items():
            grid = np.sort(X[name].dropna().unique())
            grid = grid[:: max(1, len(grid) // 25)]
            margins = [model.decision_function(rows.assign(**{name: value})) for value in grid]
            assert (np.diff(margins, axis=0) * sign >= -1e-6).all()

    def test_wrong_signs_are_named(self, estimator: Any) -> None:
        X, y = applicants(100)
        for signs, words in (
            ({"incom": -1}, r"signs: no column 'incom' in X\. Did you mean 'income'\?"),
            ({"income": 2}, "'income' has sign 2; it must be -1, 0 or"),
            ({"job": 1}, "'job' has sign \\+1, but it holds names"),
        ):
            with pytest.raises(ModelError, match=words):
                signed(estimator, signs).fit(X, y)

    def test_works_in_a_pipeline_and_with_weights(self, estimator: Any) -> None:
        X, y = applicants()
        name = type(estimator).__name__.lower()
        steps = make_pipeline(clone(estimator))
        weight = np.full(len(y), 1.0)
        steps.fit(X, y, **{f"{name}__sample_weight": weight})
        plain = clone(estimator).fit(X, y)
        np.testing.assert_array_equal(steps.predict_proba(X), plain.predict_proba(X))
        with pytest.raises(ModelError, match=r"sample_weight: -1\.0 in row 0"):
            clone(estimator).fit(X, y, sample_weight=np.where(np.arange(len(y)) == 0, -1.0, 1.0))


DTYPES = {
    "str": lambda s: s.astype("str"),
    "string": lambda s: s.astype("string").where(s.notna(), pd.NA),
    "object": lambda s: s.astype(object).where(s.notna(), None),
    "category": lambda s: s.astype("category"),
    "arrow": lambda s: s.astype("string[pyarrow]"),
    "arrow large": lambda s: pd.Series(pd.array(s, dtype=_arrow())),
}


def _arrow() -> pd.ArrowDtype:
    import pyarrow as pa

    return pd.ArrowDtype(pa.large_string())


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=lambda e: type(e).__name__)
def test_every_type_of_column_gives_the_same_model(estimator: Any) -> None:
    X, y = applicants(200)
    X.loc[::9, "job"] = None
    expected = clone(estimator).fit(X, y).decision_function(X)
    for convert in DTYPES.values():
        Z = X.assign(job=convert(X["job"]))
        np.testing.assert_array_equal(clone(estimator).fit(Z, y).decision_function(Z), expected)
    late = "late [days] <90"
    for dtype in ("Int64", "float32", "Float64", "int64[pyarrow]", "double[pyarrow]", object):
        Z = X.assign(**{late: X[late].astype(dtype)})
        np.testing.assert_array_equal(clone(estimator).fit(Z, y).decision_function(Z), expected)


def test_truth_values_are_numbers() -> None:
    X, y = applicants(200)
    flag = X["income"] > X["income"].median()
    expected = Scorecard().fit(pd.DataFrame({"flag": flag.astype(float)}), y)
    for dtype in ("bool", "boolean", "bool[pyarrow]", object, "int8"):
        Z = pd.DataFrame({"flag": flag.astype(dtype)})
        model = Scorecard().fit(Z, y)
        np.testing.assert_array_equal(
            model.points(Z), expected.points(pd.DataFrame({"flag": flag.astype(float)}))
        )


def test_times_are_refused() -> None:
    X, y = applicants(100)
    with pytest.raises(ModelError, match=r"column 'opened': type .* is a time"):
        Scorecard().fit(X.assign(opened=pd.Timestamp("2024-01-01")), y)
