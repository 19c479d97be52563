"""Folds: nobody on two sides, nothing learnt that was not known, nothing lost uncounted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import RepeatedStratifiedKFold

from credit.errors import DataError
from credit.split import (
    Fold,
    binary,
    draw_people,
    out_of_time,
    repeated_folds,
    require_both_classes,
    straddling,
)

CUT, TEST = 60, 70


def rows(n=400, people=150, seed=0):
    generator = np.random.default_rng(seed)
    as_of = generator.integers(0, 100, n)
    known_at = as_of + generator.integers(1, 25, n)
    return as_of, known_at, generator.integers(0, people, n)


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 10_000), share=st.sampled_from([0.1, 0.2, 0.5]))
def test_every_rule_holds_and_every_row_is_accounted_for(seed, share):
    as_of, known_at, person = rows(seed=seed)
    fold = out_of_time(
        as_of, known_at, person, train_until=CUT, test_from=TEST, validation_share=share
    )
    learnt = np.concatenate([fold.train, fold.validation])
    assert set(person[fold.train]).isdisjoint(person[fold.validation])
    assert set(person[learnt]).isdisjoint(person[fold.test])
    assert straddling(person, fold) == 0
    assert (as_of[learnt] < CUT).all()
    assert (known_at[learnt] <= TEST).all()
    assert (as_of[fold.test] >= TEST).all()
    assert as_of[fold.train].max() < as_of[fold.validation].min()
    assert len(learnt) + len(fold.test) + sum(fold.counters.values()) == len(as_of)


@settings(deadline=None, max_examples=50)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_rows_does_not_matter(seed):
    as_of, known_at, person = rows()
    shuffle = np.random.default_rng(seed).permutation(len(as_of))
    options = {"train_until": CUT, "test_from": TEST}
    plain = out_of_time(as_of, known_at, person, **options)
    mixed = out_of_time(as_of[shuffle], known_at[shuffle], person[shuffle], **options)
    for part in ("train", "validation", "test"):
        assert set(shuffle[getattr(mixed, part)]) == set(getattr(plain, part))


def test_the_edges_belong_where_the_docstring_says():
    as_of = np.array([10, 20, 59, 60, 69, 70])
    known_at = np.array([70, 71, 60, 61, 70, 99])
    fold = out_of_time(
        as_of, known_at, np.arange(6), train_until=CUT, test_from=TEST, validation_share=0
    )
    assert fold.train.tolist() == [0, 2]  # known in the instant the test begins: known
    assert fold.validation.tolist() == []
    assert fold.test.tolist() == [5]
    assert fold.counters == {
        "embargoed": 1,
        "between": 2,
        "shared_with_test": 0,
        "shared_with_validation": 0,
    }
    assert fold.notes == (
        "1 row(s) do not train: their outcome was not known when the test begins.",
        "2 row(s) lie between train_until and test_from and are not used.",
    )


def test_a_person_leaves_the_earlier_side_and_is_counted():
    as_of = np.array([1, 2, 3, 4, 80])
    fold = out_of_time(
        as_of, as_of, ["a", "b", "c", "c", "a"], train_until=CUT, test_from=TEST,
        validation_share=0.34,
    )  # fmt: skip
    assert fold.counters["shared_with_test"] == 1
    assert fold.counters["shared_with_validation"] == 1
    assert (fold.train.tolist(), fold.validation.tolist()) == ([1], [3])


def test_validation_takes_whole_instants_nearest_to_the_share():
    as_of = np.repeat([1, 2, 3, 4], [40, 30, 20, 10])
    everything = np.append(as_of, 90)
    for share, size in ((0.05, 10), (0.2, 30), (0.25, 30), (0.9, 60)):
        fold = out_of_time(
            everything, everything, np.arange(101), train_until=CUT, test_from=TEST,
            validation_share=share,
        )  # fmt: skip
        assert len(fold.validation) == size


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"train_until": 80}, r"train_until \(80\) lies after test_from \(70\)"),
        ({"validation_share": 1.0}, "at least 0 and below 1, got 1.0"),
        ({"test_from": 1000, "train_until": 60}, "no test rows are left out of 400"),
        ({"train_until": -1}, r"no train rows .*between [1-9]"),
    ],
)
def test_bad_requests_are_refused_with_the_way_out(change, words):
    as_of, known_at, person = rows()
    options = {"train_until": CUT, "test_from": TEST} | change
    with pytest.raises(DataError, match=words):
        out_of_time(as_of, known_at, person, **options)


def test_bad_columns_are_refused_by_name():
    as_of, known_at, person = rows()
    cut = {"train_until": CUT, "test_from": TEST}
    with pytest.raises(DataError, match="as_of: type float64, but instants are integer"):
        out_of_time(as_of.astype(float), known_at, person, **cut)
    with pytest.raises(DataError, match="known_at has 399 rows, but 400 are expected"):
        out_of_time(as_of, known_at[1:], person, **cut)
    with_gap = pd.Series(known_at, dtype="Int64")
    with_gap[0] = pd.NA
    with pytest.raises(DataError, match=r"known_at has 1 null\(s\) in 400 rows"):
        out_of_time(as_of, with_gap, person, **cut)
    with pytest.raises(DataError, match=r"person has 1 null\(s\)"):
        out_of_time(as_of, known_at, with_gap, **cut)
    with pytest.raises(DataError, match="as_of is empty"):
        out_of_time(as_of[:0], known_at, person, **cut)


def test_one_instant_of_training_cannot_be_cut():
    as_of = np.array([1, 1, 1, 90])
    with pytest.raises(DataError, match="no validation rows"):
        out_of_time(as_of, as_of, np.arange(4), train_until=CUT, test_from=TEST)


def test_folds_are_those_of_scikit_learn_in_its_order():
    y = np.random.default_rng(1).integers(0, 2, 90)
    ours = repeated_folds(y, folds=2, repeats=5, seed=20261121)
    theirs = RepeatedStratifiedKFold(n_splits=2, n_repeats=5, random_state=20261121)
    for fold, (train, test) in zip(ours, theirs.split(np.zeros((90, 1)), y), strict=True):
        assert fold.train.tolist() == train.tolist()
        assert fold.test.tolist() == test.tolist()
        assert fold.validation.tolist() == []


def test_groups_stay_together_and_each_repeat_tests_everybody_once():
    generator = np.random.default_rng(2)
    groups = np.array([f"p{g}" for g in generator.integers(0, 40, 200)])
    y = generator.integers(0, 2, 200)
    folds = repeated_folds(y, groups, folds=4, repeats=2, seed=3)
    assert [straddling(groups, fold) for fold in folds] == [0] * 8
    for repeat in (folds[:4], folds[4:]):
        assert sorted(np.concatenate([fold.test for fold in repeat])) == list(range(200))
    assert folds[0].test.tolist() != folds[4].test.tolist()
    again = repeated_folds(y, groups, folds=4, repeats=2, seed=3)
    assert [f.test.tolist() for f in again] == [f.test.tolist() for f in folds]


def test_straddling_counts_people_not_rows():
    fold = Fold(train=np.array([0, 1]), validation=np.array([2]), test=np.array([3, 4, 5]))
    assert straddling(["a", "b", "c", "a", "a", "c"], fold) == 2
    assert straddling([None, "b", "c", None, "x", "y"], fold) == 0


@pytest.mark.parametrize(
    ("y", "groups", "words"),
    [
        ([0] * 20, None, "y has 0 bad and 20 good"),
        ([0] * 18 + [1] * 2, None, "3 folds need at least 3 rows of each class"),
        ([0, 1] * 10, [1] * 10 + [2] * 10, "at least 3 groups, but there are 2"),
        ([0] * 15 + [1] * 5, [0, 1, 2] * 5 + [3] * 5, r"fold \d: its .* rows hold \d+ bad and"),
        ([0, 1, 2] * 5, None, r"0 \(good\) and 1 \(bad\) only; 5 row\(s\) hold 2"),
        ([0, 1, None] * 5, None, r"5 null\(s\) in 15 rows.*Dataset.labelled"),
        ([], None, "y is empty"),
    ],
)
def test_folds_without_both_classes_are_refused_with_counts(y, groups, words):
    with pytest.raises(DataError, match=words):
        repeated_folds(y, groups, folds=3, seed=0)


def test_a_fold_of_one_class_is_named():
    fold = Fold(train=np.array([0, 1]), validation=np.array([2]), test=np.array([3, 4]))
    require_both_classes([0, 1, 1, 0, 1], Fold(train=fold.train, validation=fold.train[:0],
                                               test=fold.test))  # fmt: skip
    with pytest.raises(DataError, match="2024: its validation rows hold 1 bad and 0 good"):
        require_both_classes([0, 1, 1, 0, 1], fold, name="2024")


@pytest.mark.parametrize("dtype", ["int64", "Int8", "bool", "float64", "int64[pyarrow]"])
def test_an_outcome_may_have_any_type_that_means_it(dtype):
    y = pd.Series([0, 1, 1]).astype(dtype)
    assert binary(y).tolist() == [0, 1, 1]


def test_people_are_drawn_whole_and_by_seed():
    person = np.array([5, 5, 7, 9, 9, 9])
    draws = list(draw_people(person, 6, resamples=200, seed=4))
    for weight in draws:
        assert weight[0] == weight[1]
        assert weight[3] == weight[4] == weight[5]
        assert weight[0] + weight[2] + weight[3] == 3
    assert np.mean(draws) == pytest.approx(1, abs=0.1)
    again = list(draw_people(person, 6, resamples=200, seed=4))
    assert np.array_equal(draws, again)
    assert sum(next(draw_people(None, 6, resamples=1, seed=4))) == 6
