"""Reasons from a card on any frame: two references, two languages, a few lines."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from credit.errors import DataError
from credit.explain import (
    ReasonText,
    cutoff_reference,
    default_texts,
    population_reference,
    reason_codes,
)
from credit.scorecard import Scorecard, SegmentedScorecard


def applicants(rows=1200, seed=2):
    random = np.random.default_rng(seed)
    income = random.lognormal(8, 1, rows)
    late = random.poisson(1.0, rows).astype(float)
    job = random.choice(["clerk", "chef"], rows)
    margin = -0.8 * (np.log(income) - 8) + 0.7 * late - 2
    y = (random.random(rows) < 1 / (1 + np.exp(-margin))).astype(int)
    late[random.random(rows) < 0.2] = np.nan
    return pd.DataFrame({"income": income, "late_payments": late, "job": job}), y


MODELS = [Scorecard(), SegmentedScorecard(column="job")]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("at_cutoff", [False, True])
def test_reasons_of_any_frame(model, language, at_cutoff):
    X, y = applicants()
    card = model.fit(X, y)
    parts, risk = card.contributions(X), card.predict_proba(X)[:, 1]
    reference = (
        cutoff_reference(parts, risk, cutoff=0.15) if at_cutoff else population_reference(parts)
    )
    labels = card.labels(X)
    found = reason_codes(
        parts, reference, default_texts(parts), labels=labels, k=3, language=language
    )
    brackets = " ({})" if language == "en" else "（{}）"
    for row, reasons in enumerate(found[:200]):
        # The excesses that raise the risk are cited, the others lower it: all sum to the margin.
        cited = {reason.feature for reason in reasons}
        excess = parts.iloc[row] - pd.Series(reference.means)
        lower = excess[[name for name in parts if name not in cited]]
        assert (lower <= 0).all()
        total = sum(reason.difference for reason in reasons) + lower.sum()
        mean = card.base_ + sum(reference.means.values())
        assert total == pytest.approx(card.decision_function(X.iloc[[row]])[0] - mean, abs=1e-9)
        for reason in reasons:
            words = default_texts([reason.feature])[reason.feature]
            label = labels[reason.feature].iloc[row]
            label = {"missing": "缺失"}.get(label, label) if language == "zh" else label
            assert reason.text == getattr(words, language) + brackets.format(label)


def test_known_texts_and_dimensions_are_kept():
    known = {"income": ReasonText(dimension="wealth", en="low income", zh="收入偏低")}
    texts = default_texts(["income", "late_payments"], dimensions={"late_payments": "repayment"},
                          known=known)  # fmt: skip
    assert texts["income"] is known["income"]
    assert texts["late_payments"] == ReasonText(
        dimension="repayment", en="late payments adds to the risk", zh="late payments推高了风险"
    )


def test_words_of_bins_in_chinese():
    parts = pd.DataFrame({"a": [1.0] * 4})
    labels = pd.DataFrame({"a": ["< 3 or missing", "not seen", "any value", "clerk, or chef"]})
    zero = population_reference(parts * 0)
    found = reason_codes(parts, zero, default_texts(parts), labels=labels, language="zh")
    assert [reasons[0].text for reasons in found] == [
        "a推高了风险（< 3或缺失）",
        "a推高了风险（未曾出现）",
        "a推高了风险（任意值）",
        "a推高了风险（clerk, or chef）",
    ]


def test_labels_of_other_rows_are_refused():
    parts = pd.DataFrame({"a": [1.0, 2.0]})
    reference, texts = population_reference(parts), default_texts(parts)
    with pytest.raises(DataError, match=r"labels: 1 row\(s\) for 2 of contributions"):
        reason_codes(parts, reference, texts, labels=pd.DataFrame({"a": ["x"]}))
    with pytest.raises(DataError, match=r"and no column \['a'\]"):
        reason_codes(parts, reference, texts, labels=pd.DataFrame({"b": ["x", "y"]}))
