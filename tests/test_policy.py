from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from importlib.resources import files
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit import policy
from credit.errors import PolicyError
from credit.feature import DIMENSIONS
from credit.policy.rules import Rule, rules

LEAF = """
name = "p"
[score.weights]
value = {{ payment = {payment}, social = 0.25, wealth = 0.20, consumption = 0.15, repayment = 0.1 }}
unit = "share"
source = "a table"
status = "{status}"
effective_from = 2020-01-01
"""

DATED = """
[[cap]]
value = 0.36
unit = "a year"
source = "old rule"
status = "law"
effective_from = 2015-09-01
effective_to = 2020-08-20

[[cap]]
value = 0.24
unit = "a year"
source = "new rule"
status = "law"
effective_from = 2020-08-20
"""


def test_the_shipped_weights_are_the_published_ones():
    weights = policy.load("weilidai").weights(date(2026, 1, 1))
    assert list(weights.values()) == [0.30, 0.25, 0.20, 0.15, 0.10]


def test_weights_must_sum_to_one():
    with pytest.raises(PolicyError, match=r"must sum to 1, got 1\.01"):
        policy.parse(LEAF.format(payment=0.31, status="stated"), origin="x")


def test_unknown_status_and_key_are_named():
    with pytest.raises(PolicyError, match="Did you mean 'stated'"):
        policy.parse(LEAF.format(payment=0.30, status="state"), origin="x")
    with pytest.raises(PolicyError, match=r"no key 'score.weight'.*Did you mean 'score.weights'"):
        policy.load("weilidai").leaf("score.weight", date(2026, 1, 1))
    with pytest.raises(PolicyError, match="Did you mean 'weilidai'"):
        policy.load("weilida")


def test_a_past_date_uses_the_value_in_force_then():
    parsed = policy.parse(DATED, origin="x")
    assert parsed.leaf("cap", date(2020, 8, 19)).value == 0.36
    assert parsed.leaf("cap", date(2020, 8, 20)).value == 0.24
    with pytest.raises(PolicyError, match="no value in force on 2015-08-31"):
        parsed.leaf("cap", date(2015, 8, 31))


# -- overlays


def leaf(begins: int, ends: int | None = None, value: object = 0, key: str = "k") -> policy.Leaf:
    day = date(2020, 1, 1)
    return policy.Leaf(
        key=key, value=value, unit="u", source="s", status="assumed",
        effective_from=day + timedelta(days=begins),
        effective_to=None if ends is None else day + timedelta(days=ends),
    )  # fmt: skip


@st.composite
def dated(draw: st.DrawFn, name: str) -> policy.Policy:
    cuts = sorted(draw(st.sets(st.integers(0, 30), max_size=6)))
    pairs = list(pairwise(cuts))
    kept = [pair for pair in pairs if draw(st.booleans())]
    leaves = [leaf(a, b, f"{name}{a}") for a, b in kept]
    if cuts and draw(st.booleans()):
        leaves.append(leaf(cuts[-1], None, f"{name}{cuts[-1]}"))
    return policy.Policy(name, "", tuple(leaves), name)


@given(below=dated("a"), middle=dated("b"), top=dated("c"))
@settings(max_examples=100, deadline=None)
def test_on_every_day_the_topmost_policy_that_has_a_value_decides(below, middle, top):
    whole = policy.overlay(below, middle, top)
    for number in range(35):
        on = date(2020, 1, 1) + timedelta(days=number)
        held = [p.at(on)["k"] for p in (top, middle, below) if "k" in p.at(on)]
        found = [one.value for one in whole.leaves if one.holds(on)]
        assert found == held[:1]


def test_a_name_with_a_plus_lays_files_over_each_other(tmp_path):
    own = tmp_path / "house.toml"
    own.write_text(
        LEAF.format(payment=0.30, status="stated").replace("2020-01-01", "2026-03-01"),
        encoding="utf-8",
    )
    whole = policy.load(f"weilidai+{own}")
    assert whole.name == "weilidai+p"
    assert [part.name for part in whole.parts] == ["weilidai", "p"]
    assert whole.parts[0].sha256 == policy.load("weilidai").sha256
    assert whole.leaf("score.weights", date(2026, 2, 28)).origin == "weilidai"
    assert whole.leaf("score.weights", date(2026, 3, 1)).origin == "p"
    assert whole.leaf("outcome.bad", date(2026, 3, 1)).value["days"] == 90
    before = whole.sha256
    own.write_text(own.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert policy.load(f"weilidai+{own}").sha256 != before


def test_the_hash_of_a_whole_depends_on_the_order_of_its_parts():
    first, second = (policy.Policy(name, "", (), name) for name in "ab")
    assert policy.overlay(first, second).sha256 != policy.overlay(second, first).sha256
    assert policy.overlay(first).sha256 == first.sha256


# -- what may be

BROKEN = {
    "value = { threshold = 0.60 }": (
        "value = { threshold = 1.60 }",
        r"living_share_bonus\.threshold must be at most 1, got 1\.6",
    ),
    "value = { max_risk_level = 2 }": (
        "value = { max_risk = 2 }",
        r"no 'max_risk' belongs there\. Did you mean 'max_risk_level'",
    ),
    "points_to_double = 20": ("points_to_double = 0", r"points_to_double must be above 0, got 0"),
    "income_ratio_low = 0.5,": (
        "income_ratio_low = 2.5,",
        r"dq\.cross_checks must rise from income_ratio_low to income_ratio_high, got 2\.5 and 2",
    ),
    "lookback_months = 24,": ("lookback_months = 24.5,", r"must be a whole number, got 24\.5"),
    'unit = "payment indicators"': ('unit = " "', r"indicators: unit must be said"),
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_value_that_its_rule_does_not_allow_is_refused(text):
    other, words = BROKEN[text]
    shipped = (files("credit") / "policies" / "weilidai.toml").read_text(encoding="utf-8")
    assert shipped.count(text) == 1
    with pytest.raises(PolicyError, match=words):
        policy.parse(shipped.replace(text, other), origin="x")


def test_everything_that_is_wrong_is_said_at_once():
    shipped = (files("credit") / "policies" / "weilidai.toml").read_text(encoding="utf-8")
    for text, (other, _) in BROKEN.items():
        shipped = shipped.replace(text, other)
    with pytest.raises(PolicyError) as caught:
        policy.parse(shipped, origin="x")
    assert len(str(caught.value).splitlines()) == len(BROKEN) + 1  # the renamed one lacks a name


def test_two_values_of_a_key_never_hold_on_the_same_day():
    text = DATED.replace("effective_to = 2020-08-20", "effective_to = 2020-08-21")
    with pytest.raises(PolicyError, match=r"from 2015-09-01 must end by 2020-08-20"):
        policy.parse(text, origin="x")


def test_a_disputed_leaf_says_why_and_what_else_was_published():
    text = LEAF.format(payment=0.30, status="disputed")
    with pytest.raises(PolicyError, match=r"a disputed leaf needs `why`.*`alternatives`"):
        policy.parse(text, origin="x")
    said = text + 'why = "w"\nalternatives = [{ value = 1, source = "t" }]\n'
    assert policy.parse(said, origin="x").leaves[0].alternatives[0]["source"] == "t"
    with pytest.raises(PolicyError, match="an alternative is a table of value and source"):
        policy.parse(said.replace('source = "t"', 'from = "t"'), origin="x")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[score.weights]", "[score.weihgts]", r"no shipped policy has such a key\. Did you mean "
         "'score.weights'.*under 'own'"),
        ("[score.weights]", "[scor.weights]", "Did you mean 'score.weights'"),
        ("[score.weights]", "[segment.share]", r"segment\.share: no 'payment' belongs there"),
        ("[score.weights]", "[people.thin_share]", r"people\.thin_share must be a number"),
    ],
)  # fmt: skip
def test_a_slip_in_a_file_of_ones_own_is_caught(old, new, words, tmp_path):
    own = tmp_path / "house.toml"
    text = LEAF.format(payment=0.30, status="stated")
    own.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(PolicyError, match=words):
        policy.load(str(own))
    own.write_text(text.replace(old, "[own.weights]"), encoding="utf-8")
    assert policy.load(str(own)).leaves[0].key == "own.weights"


def test_lists_and_tables_are_empty_only_where_a_rule_says_so():
    assert list(rules()["pricing.fees"].broken("pricing.fees", [])) == []
    assert list(rules()["fraud.lines"].broken("k", [])) == ["k must be a list that is not empty."]
    assert list(rules()["limit.scenario"].broken("k", {})) == [
        "k must be a table that is not empty."
    ]
    assert list(Rule.like([]).broken("k", [])) == []


def test_a_rule_that_says_something_unknown_is_refused():
    with pytest.raises(PolicyError, match=r"rule of k: no 'minimum'\. Did you mean 'min'"):
        Rule.of("k", {"kind": "number", "minimum": 0})
    with pytest.raises(PolicyError, match=r"rule of k\.each: kind must be one of"):
        Rule.of("k", {"kind": "list", "each": {"kind": "nmber"}})


def test_every_rule_is_of_a_shipped_key_and_every_shipped_policy_is_sound():
    shipped = [policy.load(name) for name in policy.shipped()]
    known = {key for one in shipped for key in one.keys}
    simulated = {key for one in shipped if one.name == "world" for key in one.keys}
    assert set(rules()) <= known
    assert known - simulated <= set(rules()), "declare in rules.toml what the value may be"
    assert [one.name for one in shipped] == list(policy.shipped())
    assert list(rules()["score.weights"].entries) == list(DIMENSIONS)


# -- what differs, what reads it


def test_diff_names_what_was_added_removed_changed_and_only_said_otherwise():
    before = policy.Policy("a", "", (leaf(0, 9, 1), leaf(0, None, 1, "gone")), "a")
    after = policy.Policy("b", "", (leaf(9, None, 2), leaf(0, None, 1, "new")), "b")
    early, late = date(2020, 1, 2), date(2020, 1, 10)
    assert [(c.key, c.what) for c in policy.diff(before.at(early), before.at(late))] == [
        ("k", "removed")
    ]
    changes = policy.diff(before.at(early), after.at(late))
    assert {c.key: c.what for c in changes} == {"gone": "removed", "k": "value", "new": "added"}
    worded = replace(before.leaves[0], source="another")
    again = policy.Policy("a", "", (worded, before.leaves[1]), "a")
    assert [c.what for c in policy.diff(before.at(early), again.at(early))] == ["words"]
    assert policy.diff(before.at(early), before.at(early)) == ()


def test_explain_gives_every_version_and_the_modules_that_read_it():
    parsed = policy.parse(DATED, origin="x")
    assert [one.value for one in policy.explain(parsed, "cap").versions] == [0.36, 0.24]
    found = policy.explain(policy.load("weilidai"), "score.scale")
    assert "credit.pipeline.fit" in found.readers
    assert "credit.world.truth" in policy.explain(policy.load("world"), "truth.wealth").readers
    with pytest.raises(PolicyError, match="Did you mean 'cap'"):
        policy.explain(parsed, "cpa")
