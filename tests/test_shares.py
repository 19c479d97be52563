"""Shares of the dimensions in a pipeline: intervals that hold the error of estimating a card."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from credit.binning import BinLimits
from credit.calibrate import Calibration
from credit.explain import bootstrap_shares, dimension_contributions
from credit.pipeline.fit import Fitted
from credit.pipeline.shares import Reweighted, dimension_shares
from credit.scorecard import Scorecard

DIMENSIONS = {"x0": "payment", "x1": "payment", "x2": "social", "x3": "wealth"}
CARDS = {"classic": BinLimits(min_iv=0.0), "fused": None}


def sample(rows=3_000):
    draw = np.random.default_rng(4)
    X = pd.DataFrame(draw.normal(size=(rows, 4)), columns=list(DIMENSIONS))
    margin = X["x0"] + 0.6 * np.abs(X["x2"]) - 0.5 * X["x3"] - 2
    return X, (draw.random(rows) < 1 / (1 + np.exp(-margin))).astype(np.int64)


@pytest.fixture(scope="module", params=CARDS)
def fitted(request):
    X, y = sample()
    card = Scorecard(binning=CARDS[request.param], dimensions=DIMENSIONS, random_state=0)
    return card.fit(X, y.to_numpy()), X, y.to_numpy()


def test_refitted_to_the_same_rows_a_card_stays_as_it_is(fitted):
    card, X, y = fitted
    again = Reweighted(card, X, y)
    found = again(np.ones(len(y)))
    held = card.contributions(X)[list(found.columns)]
    for name in found:
        assert np.corrcoef(found[name], held[name])[0, 1] > 0.9999 or held[name].std() < 1e-9
    assert found.sum(axis=1).corr(held.sum(axis=1)) > 0.999


def test_a_row_drawn_twice_counts_as_two(fitted):
    card, X, y = fitted
    weight = np.random.default_rng(1).integers(0, 3, len(y)).astype(np.float64)
    rows = np.repeat(np.arange(len(y)), weight.astype(int))
    weighted = Reweighted(card, X, y)
    parts = weighted._evidence(weight)
    repeated = Reweighted(card, X.iloc[rows], y[rows])
    for one, other in zip(parts, repeated.evidence, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_an_interval_holds_the_error_of_estimating_the_card(fitted):
    card, X, y = fitted
    model = Fitted(name="card", label="card", model=card, calibration=Calibration())
    table = dimension_shares(model, X, y, seed=0).set_index("dimension")
    given = bootstrap_shares(
        dimension_contributions(card.contributions(X)[list(card.margins_)], DIMENSIONS), seed=0
    ).set_index("dimension")
    assert table["refit"].all()
    np.testing.assert_allclose(table["share"], given["share"])
    width, narrow = (t["share_high"] - t["share_low"] for t in (table, given))
    assert (width > 1.3 * narrow).all()
