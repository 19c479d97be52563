from __future__ import annotations

from datetime import date

import pytest

from credit import policy
from credit.errors import PolicyError

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
