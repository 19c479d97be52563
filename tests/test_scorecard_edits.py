"""Bins changed by hand in a card: the points follow, the rest stays, the record is kept."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from credit.binning import BinLimits, Note, transform_frame
from credit.errors import ModelError
from credit.scorecard import FusedOptions, Scorecard, Selection, Stepwise, WoeOptions, fit_logistic

NOTE = Note(who="R. Chen", why="the committee reads round numbers", when="2024-05-02")


def applicants(rows=2500, seed=4):
    random = np.random.default_rng(seed)
    age = random.integers(18, 70, rows).astype(float)
    late = random.poisson(1.0, rows).astype(float)
    noise = random.normal(size=rows)
    margin = -1.5 - 0.04 * (age - 40) + 0.6 * late
    y = (random.random(rows) < 1 / (1 + np.exp(-margin))).astype(int)
    return pd.DataFrame({"age": age, "late": late, "noise": noise}), y


def fitted(**options):
    X, y = applicants()
    return (
        Scorecard(**{"binning": BinLimits(), "signs": {"age": -1, "late": 1}} | options).fit(X, y),
        X,
        y,
    )


def test_a_refit_weighs_the_new_evidence_beside_the_old():
    card, X, y = fitted()
    editor = card.editor("age", X, y).merge(0, NOTE)
    again = card.refit(X, y, bins={"age": editor})
    assert again.bins_ == {**card.bins_, "age": editor.bins}
    inside = [name for name, rule in card.coefficients_["dropped"].items() if not rule]
    evidence = transform_frame(X, {name: again.bins_[name] for name in inside})
    expected = fit_logistic(evidence, y.astype(float), np.ones(len(y)))
    np.testing.assert_array_equal(
        again.coefficients_.loc[inside, "coefficient"], expected.coefficients
    )
    assert again.base_ == expected.intercept
    assert again.table_["feature"].tolist().count("age") == editor.bins.size
    # The card it came from is not changed.
    assert card.edits_ == ()
    assert card.bins_["age"] != editor.bins


def test_the_records_add_up_over_refits():
    card, X, y = fitted()
    first = card.refit(X, y, bins={"age": card.editor("age", X, y).merge(0, NOTE)})
    again = first.editor("age", X, y)
    assert again.edits == first.edits_
    second = first.refit(
        X, y, bins={"age": again.merge(0, NOTE), "late": first.editor("late", X, y).merge(0, NOTE)}
    )
    table = second.edit_table()
    assert table["feature"].tolist() == ["age", "age", "late"]
    assert list(table) == ["feature", "what", "who", "why", "when", "iv_before", "iv_after"]
    assert table["iv_before"][0] == card.bins_["age"].iv
    assert table["iv_before"][1] == table["iv_after"][0] == first.bins_["age"].iv
    assert table["iv_after"][2] == second.bins_["late"].iv
    assert (table["who"] == "R. Chen").all()
    assert len(card.edit_table()) == 0
    assert second.fit(X, y).edits_ == ()


def test_the_record_is_in_plain_data():
    card, X, y = fitted()
    again = card.refit(X, y, bins={"age": card.editor("age", X, y).merge(0, NOTE)})
    read = Scorecard.from_dict(json.loads(json.dumps(again.to_dict(), allow_nan=False)))
    assert read.edits_ == again.edits_
    pd.testing.assert_frame_equal(read.edit_table(), again.edit_table())
    np.testing.assert_array_equal(read.points(X), again.points(X))


def test_a_change_brings_its_feature_in_and_no_other():
    options = WoeOptions(
        min_iv=0.0, max_bins=4, selection=Selection(stepwise=Stepwise(criterion="bic"))
    )
    card, X, y = fitted(binning=options)
    rule = card.coefficients_.loc["noise", "dropped"]
    assert rule.startswith("stepwise")
    merged = card.refit(X, y, bins={"age": card.editor("age", X, y).merge(0, NOTE)})
    assert merged.coefficients_.loc["noise", "dropped"] == rule
    noise = card.editor("noise", X, y)
    cut = next(edge for edge in noise.counts.edges if edge not in noise.bins.edges)
    wanted = card.refit(X, y, bins={"noise": noise.split(cut, NOTE)})
    assert "stepwise" not in wanted.coefficients_.loc["noise", "dropped"]


def test_special_codes_and_limits_of_the_card_are_the_editors():
    X, y = applicants()
    X.loc[::7, "late"] = -9
    limits = BinLimits(max_bins=3, edges={"age": (30.5,)})
    card = Scorecard(binning=limits, special_codes={"late": [-9]}).fit(X, y)
    editor = card.editor("late", X, y)
    assert editor.counts.codes == (-9.0,)
    assert editor.limits == limits
    merged = editor.merge(0, NOTE)
    again = card.refit(X, y, bins={"late": merged})
    assert again.bins_["late"].special == merged.bins.special
    assert again.special_codes == {"late": [-9]}


def test_weights_count_rows():
    card, X, y = fitted()
    editor = card.editor("age", X, y).merge(0, NOTE)
    weight = np.where(np.arange(len(y)) % 3 == 0, 2.0, 1.0)
    rows = np.repeat(np.arange(len(y)), weight.astype(int))
    one = card.refit(X, y, bins={"age": editor}, sample_weight=weight)
    two = card.refit(X.iloc[rows], y[rows], bins={"age": editor})
    np.testing.assert_allclose(
        one.decision_function(X), two.decision_function(X), rtol=0, atol=1e-8
    )


def test_what_cannot_be_refitted_is_named():
    card, X, y = fitted()
    editor = card.editor("age", X, y)
    with pytest.raises(ModelError, match="the editor of 'age' has no new edit"):
        card.refit(X, y, bins={"age": editor})
    merged = editor.merge(0, NOTE)
    with pytest.raises(ModelError, match="bins: 'late' has an editor of 'age'"):
        card.refit(X, y, bins={"late": merged})
    with pytest.raises(ModelError, match=r"bins: no column 'agee' in X\. Did you mean 'age'"):
        card.refit(X, y, bins={"agee": merged})
    with pytest.raises(ModelError, match="editor: no column 'agee' in X"):
        card.editor("agee", X, y)
    again = card.refit(X, y, bins={"age": merged})
    with pytest.raises(ModelError, match=r"holds 1 edit\(s\) of 'age' that its editor does not"):
        again.refit(X, y, bins={"age": editor.merge(1, NOTE)})
    with pytest.raises(ModelError, match=r"y has labels \[1, 2\], but the card was fitted with"):
        card.refit(X, y + 1, bins={"age": merged})
    fused = Scorecard(binning=FusedOptions(few_bags=2)).fit(X, y)
    with pytest.raises(ModelError, match="the card's method is 'fused'"):
        fused.refit(X, y, bins={"age": merged})
