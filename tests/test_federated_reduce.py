"""Sums over parties: exact, in any order, the same bits everywhere."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from federated_parties import together
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.errors import FederatedError, ModelError
from credit.whole import texts as gathered

finite = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)


@given(st.lists(st.lists(finite, min_size=3, max_size=3), min_size=1, max_size=5))
@settings(max_examples=40, deadline=None)
def test_sum_of_floats_is_right_and_does_not_depend_on_the_order(rows):
    def summed(given):
        return together(len(given), lambda r: r.sum(np.array(given[r.rank])))

    forth, back = summed(rows), summed(rows[::-1])
    assert all(np.array_equal(forth[0], other) for other in (*forth, *back))
    for column, found in enumerate(forth[0]):
        terms = [row[column] for row in rows]
        exact = sum(map(Fraction, terms), Fraction(0))
        largest = max(map(abs, terms))
        allowed = math.ulp(float(exact)) + largest * 2.0**-90 + 5e-324
        assert abs(Fraction(float(found)) - exact) <= Fraction(allowed)


def test_integers_are_exact_and_shapes_stay():
    found = together(3, lambda r: r.sum(np.full((2, 2), 2**61 - r.rank, dtype=np.int64)))
    assert found[0].shape == (2, 2)
    assert found[0].dtype == np.int64
    assert (found[2] == 3 * 2**61 - 3).all()


def test_every_party_reads_the_texts_of_all_in_order():
    texts = ["", "income", "收入 ≥ 5"]
    assert together(3, lambda r: gathered(r, texts[r.rank])) == [texts] * 3


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (np.zeros(2), np.zeros(3)),
        (np.zeros((1, 2)), np.zeros(2)),
        (np.zeros(2), np.zeros(2, dtype=np.int64)),
    ],
)
def test_other_shapes_are_refused_at_every_party(mine, theirs):
    def refused(reducer):
        with pytest.raises(FederatedError, match="another gave something else"):
            reducer.sum(mine if reducer.rank else theirs)

    together(2, refused)


def test_what_has_no_sum_is_refused_and_nobody_waits_for_it():
    with pytest.raises((ModelError, FederatedError), match=r"not finite|gone or late"):
        together(2, lambda r: r.sum(np.array([1.0 if r.rank else np.nan])))
    with pytest.raises(ModelError, match="float64 or int64"):
        together(1, lambda r: r.sum(np.zeros(1, dtype=np.float32)))
