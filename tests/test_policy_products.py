"""The products that stand beside 微粒贷, and what each would lend whom."""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from policy_outputs import people

from credit import policy
from credit.decide.cost.cap import admit
from credit.decide.money import exact
from credit.decide.products import WORDS, ProductTerms, Wish, compare
from credit.errors import DataError, PolicyError
from credit.scorecard import PolicyCard

PRODUCTS = (
    "we2000", "mini_program", "third_party", "jiebei", "duxiaoman", "jd_jintiao", "zhaolian",
    "bank",
)  # fmt: skip
DAY = date(2026, 11, 1)


def terms(name: str, law: str = "+cn-2026", on: date = DAY) -> ProductTerms:
    base = "weilidai" if name == "weilidai" else f"weilidai+{name}"
    return ProductTerms.of(policy.load(f"{base}{law}").at(on))


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


def test_products_are_compared():
    """M04: who would lend 80,000 yuan for a year, at what cost, and why the others would not."""
    wish = Wish(amount_fen=80_000_00, scores={"wechat_pay": 620}, evidence=True)
    found = compare([terms(name) for name in ("weilidai", *PRODUCTS)], wish)
    lent = {line.product.split("+")[-2] if "+" in line.product else "": line for line in found}
    assert [name for name, line in lent.items() if line.amount_fen == 80_000_00] == [
        "bank", "weilidai", "duxiaoman", "zhaolian", "jd_jintiao", "we2000", "third_party",
    ]  # fmt: skip
    assert {name for name, line in lent.items() if not line.amount_fen} == {
        "jiebei", "mini_program",
    }  # fmt: skip
    for line in (lent["jiebei"], lent["mini_program"]):
        assert [check.code for check in line.checks if not check.passed] == ["M_SCORE"]
    assert lent["weilidai"].apr == (exact(0.072), exact(0.18))
    assert lent["weilidai"].cost == pytest.approx((0.0755, 0.1986), abs=5e-4)
    assert [name for name, line in lent.items() if line.above_cap] == [
        "bank", "duxiaoman", "zhaolian", "third_party", "jiebei", "mini_program",
    ]  # fmt: skip
    plain = json.loads(json.dumps([line.plain() for line in found]))
    assert plain[0]["amount_fen"] == 80_000_00


def test_a_small_wish_is_not_a_banks_and_proof_of_income_decides():
    small = Wish(amount_fen=499_99, scores={"zhima": 700})
    assert [line.amount_fen for line in compare([terms("jiebei"), terms("bank")], small)] == [0, 0]
    (line,) = compare([terms("third_party")], Wish(amount_fen=1_000_00))
    assert [check.code for check in line.checks if not check.passed] == ["M_INCOME"]
    (line,) = compare([terms("third_party")], Wish(amount_fen=300_000_00, evidence=True))
    assert line.amount_fen == 200_000_00


def test_a_product_above_the_cap_at_its_lowest_rate_is_refused():
    dear = policy.parse(
        '[product.daily_rate]\nvalue = { min = 0.0008, max = 0.001 }\nunit = "u"\nsource = "s"\n'
        'status = "assumed"\neffective_from = 2020-01-01\n',
        origin="dear",
    )
    wish = Wish(amount_fen=1_000_00, scores={"wechat_pay": 700})
    whole = policy.overlay(policy.load("weilidai"), dear, policy.load("cn-2026"))
    (line,) = compare([ProductTerms.of(whole.at(DAY))], wish)
    assert line.amount_fen == 0
    assert [check.code for check in line.checks if not check.passed] == ["M_CAP"]
    free = policy.overlay(policy.load("weilidai"), dear)
    (line,) = compare([ProductTerms.of(free.at(DAY))], wish)
    assert line.amount_fen == 1_000_00


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


def test_a_lender_type_without_a_cap_is_refused_not_waved_through():
    leaf = policy.Leaf(
        key="product.lender_type", value="private", unit="u", source="s", status="assumed",
        effective_from=date(2020, 1, 1),
    )  # fmt: skip
    changed = policy.overlay(policy.load("weilidai+cn-2026"), policy.Policy("own", "", (leaf,), ""))
    with pytest.raises(PolicyError, match=r"no cap for lenders of type 'private' on 2021-01-01"):
        ProductTerms.of(changed.at(date(2021, 1, 1)))
    cap = ProductTerms.of(changed.at(DAY)).cap
    assert cap is not None
    assert cap.rate == exact(0.12)


def test_every_check_has_its_sentence_in_two_languages():
    (line,) = compare([terms("weilidai")], Wish(amount_fen=1))
    assert {check.code for check in line.checks} == set(WORDS)
    for check in line.checks:
        assert WORDS[check.code].en.format(**check.facts)
        assert WORDS[check.code].zh.format(**check.facts)
    with pytest.raises(DataError, match="amount_fen must be above 0, got 0"):
        Wish(amount_fen=0)


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
