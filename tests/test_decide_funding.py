from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit import policy
from credit.decide.funding import FundingTerms
from credit.errors import PolicyError

DAY = date(2026, 11, 1)


def figures(name: str, partner: float) -> policy.InForce:
    held = policy.load(name).at(DAY)
    value = {"own": round(1 - partner, 4), "partner": partner}
    leaf = replace(held.leaf("funding.split"), value=value)
    return replace(held, leaves={**held.leaves, leaf.key: leaf})


LAW = {partner: figures("weilidai+cn-2026", partner) for partner in (0.0, 0.2999, 0.3, 1.0)}


@given(amount=st.integers(0, 10**12))
@settings(max_examples=50, deadline=None)
def test_a_loan_is_split_to_the_fen_and_the_partners_floor_is_held(amount):
    """M06: both shares sum to the loan; the partner brings 30 % or nothing."""
    shares = FundingTerms.of(LAW[0.3]).split(amount)
    assert sum(shares.values()) == amount
    assert abs(shares["partner"] - 0.3 * amount) <= 1
    with pytest.raises(PolicyError, match=r"partner's share 0\.2999 is below the floor .* 0\.3\."):
        FundingTerms.of(LAW[0.2999])


def test_a_lender_may_lend_alone_and_without_the_law_there_is_no_floor():
    assert FundingTerms.of(LAW[0.0]).split(500) == {"own": 500, "partner": 0}
    assert FundingTerms.of(figures("weilidai", 0.1)).split(1_000) == {"own": 900, "partner": 100}
    with pytest.raises(PolicyError, match="values must sum to 1"):
        held = policy.load("weilidai").at(DAY)
        leaf = replace(held.leaf("funding.split"), value={"own": 0.5, "partner": 0.4})
        FundingTerms.of(replace(held, leaves={**held.leaves, leaf.key: leaf}))
