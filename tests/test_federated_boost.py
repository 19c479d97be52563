"""Boosting together: the same model at all parties, and the same fit as in one place."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from federated_work import grow

from credit.boost import BoostedModel, BoostOptions
from credit.errors import FederatedError, ModelError
from credit.evaluate import auc
from credit.federated.boost import fit_together
from credit.federated.reduce import memory_reducers
from credit.federated.together import run_together

SIGNS = {"income": -1, "debt": 1}
OPTIONS = BoostOptions(rounds=60, early_stopping=10, eta=0.2, seeds=2)


def rows_of(count, seed, names=("a", "b", "c")):
    """Return rows of a known law: bad when debt outgrows income, more so in some places."""
    rng = np.random.default_rng(seed)
    place = rng.choice(names, count)
    income, debt = rng.normal(size=count), rng.normal(size=count)
    margin = 1.2 * debt - income + 0.8 * (place == "c") - 1.5
    X = pd.DataFrame({"income": income, "debt": debt, "place": place})
    X.loc[rng.random(count) < 0.05, "income"] = np.nan
    return X, (rng.random(count) < 1 / (1 + np.exp(-margin))).astype(np.int64)


def test_three_processes_grow_one_model_as_good_as_one_place(tmp_path):
    parts = [rows_of(400, 1), rows_of(2000, 2, ("a", "b", "d")), rows_of(2700, 3)]
    arguments = []
    for number, (X, y) in enumerate(parts):
        folder = tmp_path / str(number)
        folder.mkdir()
        X.assign(bad=y).to_parquet(folder / "rows.parquet")
        arguments.append(str(folder))
    found = run_together(("one", "two", "three"), grow, arguments, time_limit=120).of
    assert len({one["sha256"] for one in found}) == 1
    models = [(tmp_path / str(n) / "model" / "booster.ubj").read_bytes() for n in range(3)]
    assert models[0] == models[1] == models[2]
    encoder = json.loads((tmp_path / "0" / "model" / "encoder.json").read_text())["encoder"]
    assert sorted(encoder["columns"][2]["names"]) == ["a", "b", "c", "d"]
    X, y = (pd.concat([p[0] for p in parts]), np.concatenate([p[1] for p in parts]))
    central = BoostedModel(options=OPTIONS, signs=SIGNS, random_state=5).fit(X, y)
    test, truth = rows_of(4000, 9)
    margins = [json.loads(one["margins"]) for one in found]
    assert margins[0] == margins[1] == margins[2]
    assert abs(auc(truth, margins[0]) - auc(truth, central.decision_function(test))) < 0.01


def test_one_party_alone_fits_what_the_model_fits():
    X, y = rows_of(600, 4)
    model = BoostedModel(options=OPTIONS, signs=SIGNS, special_codes={"place": ["b"]})
    (reducer,) = memory_reducers(1)
    together = fit_together(model, X, y, reducer, party="one")
    plain = model.fit(X, y)
    assert together.booster_.save_raw("ubj") == plain.booster_.save_raw("ubj")
    assert together.encoder_ == plain.encoder_
    assert type(together) is BoostedModel


def agreed(changes):
    """Return the sentence two parties get whose rows or model differ in ``changes``."""
    from test_federated_reduce import together

    def one(reducer):
        X, y = rows_of(60, reducer.rank)
        model = BoostedModel(options=OPTIONS, signs=SIGNS)
        if reducer.rank:
            X, y, model = changes(X, y, model)
        with pytest.raises(FederatedError) as raised:
            fit_together(model, X, y, reducer, party=("north", "south")[reducer.rank])
        return str(raised.value)

    sentences = together(2, one)
    assert sentences[0] == sentences[1]
    return sentences[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (lambda X, y, m: (X.drop(columns="debt"), y, m), "'south' lacks column 'debt'"),
        (lambda X, y, m: (X.assign(age=1.0), y, m), "'south' has a column 'age' more"),
        (
            lambda X, y, m: (X.assign(debt=X["debt"].astype(str)), y, m),
            "'south' holds column 'debt' as category, party 'north' as number",
        ),
        (
            lambda X, y, m: (X[["debt", "income", "place"]], y, m),
            "'south' has column 'debt' where party 'north' has 'income'",
        ),
        (lambda X, y, m: (X, y, m.set_params(random_state=3)), "'south' has random_state"),
        (lambda X, y, m: (X, y, m.set_params(options=BoostOptions())), "'south' has options"),
        (lambda X, y, m: (X, np.zeros_like(y), m), "'south' cannot take part"),
    ],
)
def test_parties_that_differ_are_refused_by_name_at_all_of_them(changes, words):
    assert words in agreed(changes)


def test_a_line_through_everybodys_margins_is_refused():
    X, y = rows_of(60, 1)
    model = BoostedModel(options=BoostOptions(bad_weight=2, recalibrate=True))
    with pytest.raises(ModelError, match="recalibrate"):
        fit_together(model, X, y, memory_reducers(1)[0], party="one")
