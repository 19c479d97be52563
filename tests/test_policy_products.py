"""The products that stand beside 微粒贷: their files, and their presets of weights."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from policy_outputs import people

from credit import policy
from credit.decide.cost.cap import admit
from credit.decide.money import exact
from credit.errors import PolicyError
from credit.scorecard import PolicyCard

PRODUCTS = (
    "we2000", "mini_program", "third_party", "jiebei", "duxiaoman", "jd_jintiao", "zhaolian",
    "bank",
)  # fmt: skip
DAY = date(2026, 11, 1)


def test_every_product_has_every_key():
    keys = {name: policy.load(name).keys - {"score.weights"} for name in PRODUCTS}
    own = {key for key in policy.load("weilidai").keys if key.startswith("product.")}
    for name, found in keys.items():
        assert found == keys["bank"], name
        assert {key for key in found if key.startswith("product.")} == own


def test_published_figures_of_products():
    """E08 to E10, L11, L13, M03, P02, P03: as the descriptions state them."""
    held = {name: policy.load(f"weilidai+{name}").at(DAY) for name in PRODUCTS}
    held["weilidai"] = policy.load("weilidai").at(DAY)
    limits = {name: tuple(one["product.limit"].values()) for name, one in held.items()}
    assert limits["weilidai"] == (500, 300_000)
    assert limits["mini_program"] == (500, 100_000)
    assert limits["third_party"] == (500, 200_000)
    assert limits["jiebei"] == (1_000, 300_000)
    assert limits["bank"] == (50_000, 500_000)
    scores = {name: one["product.min_score"] for name, one in held.items()}
    assert (scores["weilidai"]["name"], scores["weilidai"]["least"]) == ("wechat_pay", 600)
    assert scores["we2000"]["name"] == "none"
    assert (scores["mini_program"]["name"], scores["mini_program"]["least"]) == ("zhima", 550)
    evidence = [held[n]["product.income_evidence"] for n in ("weilidai", "we2000", "mini_program")]
    assert evidence == ["optional", "none", "required"]
    cycles = [held[n]["limit.review_cycle.product"] for n in ("we2000", "third_party")]
    assert cycles == [6, 0]
    minutes = [held[n]["product.approval_minutes"] for n in ("weilidai", "jiebei", "bank")]
    assert minutes == [15, 30, 3 * 24 * 60]
    for one in held.values():
        assert not {"call_logs", "location"} & set(one["product.data_sources"])


def test_bands_and_daily_rates_of_products_agree_or_are_disputed():
    """P02, P03: a year of 360 days; where the sources do not agree, both say so."""
    for name in (*PRODUCTS, "weilidai"):
        held = policy.load(name).at(DAY)
        daily, apr = held["product.daily_rate"], held["product.apr"]
        for end in ("min", "max"):
            gap = exact(apr[end]) - 360 * exact(daily[end])
            if name == "third_party":
                assert gap != 0
            else:
                assert 0 <= gap < Fraction(360, 1_000_000), (name, end)
    third = policy.load("third_party").at(DAY)
    assert {third.leaf(f"product.{key}").status for key in ("apr", "daily_rate")} == {"disputed"}
    weilidai = policy.load("weilidai").at(DAY)["product.daily_rate"]
    assert [360 * exact(rate) for rate in weilidai.values()] == [exact(0.072), exact(0.18)]


def test_what_the_law_lets_pass_of_the_products_as_published():
    """G01: 24 % by 360 days is more than 24 % a year; the three products of at most 19 % pass."""
    passed = []
    for name in ("weilidai", *PRODUCTS):
        base = "weilidai" if name == "weilidai" else f"weilidai+{name}"
        figures = policy.load(f"{base}+cn-2026").at(DAY)
        try:
            admit(figures)
        except PolicyError as error:
            assert "is above the cap of 24.00%" in str(error)
        else:
            passed.append(name)
    assert passed == ["weilidai", "we2000", "jd_jintiao"]


def test_presets_of_weights_give_different_scores_of_the_same_people():
    """M05: wechat, bank and alipay rank the same people differently, each by its own eye."""
    X, y = people()
    found = {}
    for name in ("weilidai", "weilidai+bank", "weilidai+jiebei"):
        weights = policy.load(name).weights(DAY)
        assert sum(weights.values()) == pytest.approx(1)
        card = PolicyCard(
            signs=dict.fromkeys(X, 1), dimensions={n: n for n in X}, weights=weights
        ).fit(X, y)
        found[name] = pd.Series(card.composite(X))
        influence = {n: abs(np.corrcoef(found[name], X[n])[0, 1]) for n in X}
        heaviest = max(weights, key=lambda n: weights[n])
        assert influence[heaviest] > min(influence.values())
    table = pd.DataFrame(found).rank().corr()
    assert (table.to_numpy()[np.triu_indices(3, 1)] < 0.999).all()
