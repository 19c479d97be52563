"""Binning as an estimator: kept as JSON, changed by hand, in a pipeline, with named output."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from credit.binning import (
    BinLimits,
    Binning,
    BinSizes,
    Editor,
    Neighbours,
    Note,
    Sample,
    count_column,
)
from credit.errors import ModelError

LIMITS = BinLimits(
    max_bins=5,
    edges={"x": (0.5,)},
    fixed={"z": (0.0,)},
    sizes=BinSizes(min_rows=30),
    neighbours=Neighbours(min_difference=0.01),
    missing="nearest",
)
NOTE = Note(who="a modeller", why="the step is noise", when="2026-11-25")


def rows(size=1500, seed=8):
    random = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "x": random.normal(size=size).round(2),
            "z": random.normal(size=size),
            "job": random.choice(["a", "b", "c"], size),
        },
        index=[f"row {i}" for i in range(size)],
    )
    X.iloc[:80, 0] = np.nan
    X.iloc[80:200, 1] = -9
    y = (random.random(size) < 1 / (1 + np.exp(1 - X["z"] - (X["job"] == "b")))).to_numpy()
    return X, np.where(y, "late", "in time")


def fitted():
    X, y = rows()
    model = Binning(limits=LIMITS, special_codes={"z": [np.float64(-9)]}, trends={"z": "ascending"})
    return model.fit(X, np.where(y == "late", 1, 0))


def test_a_binning_kept_as_json_is_the_same():
    X, y = rows()
    model = fitted()
    plain = json.loads(json.dumps(model.to_dict()))
    again = Binning.from_dict(plain)
    np.testing.assert_array_equal(again.transform(X), model.transform(X))
    assert again.bins_ == model.bins_
    assert again.limits == LIMITS
    assert again.classes_.tolist() == [0, 1]
    assert again.to_dict() == model.to_dict()
    pd.testing.assert_frame_equal(again.table(), model.table())
    refitted = clone(again).fit(X, y == "late")
    assert refitted.bins_ == model.bins_
    with pytest.raises(ModelError, match=r"X: no column \['job'\]"):
        again.transform(X.drop(columns="job"))


def test_a_binning_of_an_array_is_kept_without_names():
    X, y = rows()
    values = X[["x", "z"]].to_numpy()
    model = Binning().fit(values, y)
    again = Binning.from_dict(json.loads(json.dumps(model.to_dict())))
    np.testing.assert_array_equal(again.transform(values), model.transform(values))
    assert again.classes_.tolist() == ["in time", "late"]


def test_other_data_are_no_binning():
    with pytest.raises(ModelError, match="kind must be 'binning', got 'scorecard'"):
        Binning.from_dict({"kind": "scorecard"})


def test_bins_changed_by_hand_are_taken_with_their_record():
    X, y = rows()
    model = Binning(random_state=0).fit(X, y)
    sample = Sample.of((y == "late").astype(float), np.ones(len(y)))
    editor = Editor(
        bins=model.bins_["z"], counts=count_column(X["z"], "z", sample, BinLimits())
    ).merge(0, NOTE)
    assert model.edits_ == ()
    assert model.take(editor) is model
    assert model.bins_["z"] == editor.bins
    twice = editor.merge(0, NOTE)
    model.take(twice)
    assert model.edits_ == twice.edits
    assert len(model.edits_) == 2
    again = Binning.from_dict(json.loads(json.dumps(model.to_dict())))
    assert again.edits_ == model.edits_
    np.testing.assert_array_equal(again.transform(X), model.transform(X))
    assert model.fit(X, y).edits_ == ()
    other = Binning().fit(X[["x"]], y)
    with pytest.raises(ModelError, match="editor: no column 'z' was binned"):
        other.take(editor)


def test_output_as_pandas_keeps_names_and_index():
    X, y = rows()
    model = Binning().set_output(transform="pandas").fit(X, y)
    found = model.transform(X)
    assert list(found.columns) == list(X.columns)
    assert found.index.equals(X.index)
    np.testing.assert_array_equal(found.to_numpy(), Binning().fit(X, y).transform(X))
    assert list(model.get_feature_names_out()) == list(X.columns)


def test_output_as_polars_keeps_names():
    polars = pytest.importorskip("polars")
    X, y = rows()
    expected = Binning().fit(X, y).transform(X)
    for frame in (X, polars.from_pandas(X)):
        found = Binning().set_output(transform="polars").fit_transform(frame, y)
        assert isinstance(found, polars.DataFrame)
        assert found.columns == list(X.columns)
        np.testing.assert_array_equal(found.to_numpy(), expected)


def test_it_is_cloned_set_and_put_into_a_pipeline():
    X, y = rows()
    model = Binning(limits=LIMITS, random_state=3)
    assert clone(model).get_params() == model.get_params()
    pipe = make_pipeline(Binning(), LogisticRegression()).set_output(transform="pandas")
    pipe.set_params(binning__limits=BinLimits(max_bins=2), binning__random_state=3)
    pipe.fit(X, y)
    steps = pipe.named_steps["binning"]
    assert all(len(bins.edges) <= 1 for bins in steps.bins_.values())
    assert list(pipe[-1].feature_names_in_) == list(X.columns)
    alone = LogisticRegression().fit(steps.transform(X), y)
    np.testing.assert_array_equal(pipe.predict_proba(X), alone.predict_proba(steps.transform(X)))
