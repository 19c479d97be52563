"""Stepwise unlocking: no order of events skips a step, and the same log gives the same state."""

from __future__ import annotations

from datetime import date
from itertools import permutations

import pandas as pd
import pytest
from decide_figures import TODAY, figures, noon
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.consent import Rows, fit_consent
from credit.decide.eligibility import NAMES
from credit.decide.onboarding import (
    WORDS,
    Evaluated,
    Granted,
    Onboarding,
    OnboardingTerms,
    Revoked,
    Verified,
    after,
    replay,
)
from credit.decide.sources import SourceTerms, in_force, refuse_outside
from credit.errors import DataError, PolicyError, UseError
from credit.use import AUDIT, SCORING, Use

TERMS = OnboardingTerms.of(figures())
NOW = noon(TODAY)
CARD = Verified(at=NOW, kind="id_card", passed=True)
FACE = Verified(at=NOW, kind="face", passed=True)
ID = Granted(at=NOW, scope="basic_id")
RECORD = Granted(at=NOW, scope="credit_record")
DONE = Evaluated(at=NOW)


def walked(log, terms=TERMS):
    """Feed events one by one, leaving out those that are refused; yield every state reached."""
    state = Onboarding()
    for event in log:
        try:
            state = after(state, event, terms)
        except DataError:
            continue
        yield state


def test_e11_the_steps_in_their_order():
    seen = [state.step(TERMS, NOW) for state in walked((CARD, FACE, ID, RECORD, DONE))]
    assert seen == ["real_name", "authorisation", "authorisation", "evaluation", "complete"]
    assert set(seen) == set(WORDS)


def test_e11_no_permutation_of_the_events_skips_a_step():
    for log in permutations((CARD, FACE, ID, RECORD, DONE)):
        for state in walked(log):
            if state.evaluated_at is not None:
                assert set(TERMS.scopes) <= set(state.scopes)
            if state.scopes:
                assert set(TERMS.real_name) <= state.verified


scopes = st.sampled_from(TERMS.sources.known)
kinds = st.sampled_from(TERMS.real_name)
uses = st.sampled_from(
    [Use(purposes=(SCORING,)), Use(purposes=(SCORING, AUDIT))] * 2
    + [
        Use(purposes=(AUDIT,)),
        Use(purposes=(SCORING,), until=date(2026, 6, 14)),
    ]
)
events = st.lists(
    st.one_of(
        st.builds(Verified, at=st.integers(NOW, NOW + 9), kind=kinds, passed=st.booleans()),
        st.builds(Granted, at=st.integers(NOW, NOW + 9), scope=scopes, use=uses),
        st.builds(Revoked, at=st.integers(NOW, NOW + 9), scope=scopes),
        st.builds(Evaluated, at=st.integers(NOW, NOW + 9)),
    ),
    max_size=25,
).map(lambda log: sorted(log, key=lambda event: event.at))


@settings(max_examples=80)
@given(events)
def test_e11_no_order_of_consents_skips_a_step(log):
    """An evaluation stands only on a real name and every needed authorisation, all in force."""
    for state in walked(log):
        if state.evaluated_at is not None:
            assert not state.missing("real_name", TERMS, state.at)
            assert not state.missing("authorisation", TERMS, state.at)
            assert state.step(TERMS, state.at) == "complete"


@settings(max_examples=60)
@given(events, st.integers(0, 25))
def test_e11_the_same_log_gives_the_same_state(log, cut):
    """Replayed at once, or from the state that its first part left."""
    kept, state = [], Onboarding()
    for event in log:
        try:
            state = after(state, event, TERMS)
        except DataError:
            continue
        kept.append(event)
    assert replay(kept, TERMS) == state
    resumed = replay(kept[:cut], TERMS)
    for event in kept[cut:]:
        resumed = after(resumed, event, TERMS)
    assert resumed == state


def test_e11_what_is_refused_changes_nothing_and_says_why():
    state = replay((CARD,), TERMS)
    before = repr(state)
    for event, words in (
        (DONE, "step 'evaluation' comes after 'real_name', which still needs face"),
        (ID, "step 'authorisation' comes after 'real_name'.*No step can be skipped"),
        (Revoked(at=NOW, scope="basic_id"), "not authorised, so it cannot be revoked"),
        (Verified(at=NOW - 1, kind="face", passed=True), "before the last event of the log"),
        (Verified(at=NOW, kind="fase", passed=True), "Did you mean 'face'"),
    ):
        with pytest.raises(DataError, match=words):
            after(state, event, TERMS)
    assert repr(state) == before
    with pytest.raises(
        PolicyError, match=r"scope: 'payment' is no source.*Did you mean 'payments'"
    ):
        after(replay((CARD, FACE), TERMS), Granted(at=NOW, scope="payment"), TERMS)


def test_e11_a_revoked_scope_closes_the_evaluation_and_its_features():
    log = [CARD, FACE, ID, RECORD, Granted(at=NOW, scope="payments"), DONE]
    state = replay(log, TERMS)
    assert TERMS.sources.authorised(state.scopes, TODAY) == ("payment", "consumption", "repayment")
    later = after(state, Revoked(at=NOW + 1, scope="payments"), TERMS)
    assert later.step(TERMS, NOW + 1) == "evaluation"
    assert TERMS.sources.authorised(later.scopes, TODAY) == ("repayment",)
    assert after(later, Evaluated(at=NOW + 2), TERMS).step(TERMS, NOW + 2) == "complete"


def test_e11_a_failed_check_of_the_identity_closes_what_follows():
    state = replay((CARD, FACE, ID, RECORD, DONE), TERMS)
    failed = after(state, Verified(at=NOW + 1, kind="face", passed=False), TERMS)
    assert failed.step(TERMS, NOW + 1) == "real_name"
    assert failed.evaluated_at is None
    with pytest.raises(DataError, match="still needs face"):
        after(failed, Evaluated(at=NOW + 2), TERMS)


def test_a_scope_holds_for_its_purpose_and_until_its_day():
    given_ = {
        "payments": Use(purposes=(SCORING,), until=TODAY),
        "wealth": Use(purposes=(AUDIT,)),
    }
    assert in_force(given_, TODAY) == {"payments"}
    assert in_force(given_, date(2026, 6, 16)) == frozenset()
    ended = Granted(at=NOW, scope="credit_record", use=Use(purposes=(SCORING,), until=TODAY))
    state = replay((CARD, FACE, ID, ended), TERMS)
    assert state.step(TERMS, NOW) == "evaluation"
    assert state.step(TERMS, noon(date(2026, 6, 16))) == "authorisation"


def test_a_narrower_grant_and_a_lapsed_one_close_the_evaluation():
    lapsing = Granted(at=NOW, scope="credit_record", use=Use(purposes=(SCORING,), until=TODAY))
    state = replay((CARD, FACE, ID, lapsing, DONE), TERMS)
    narrower = Granted(at=NOW, scope="basic_id", use=Use(purposes=(AUDIT,)))
    assert after(state, narrower, TERMS).evaluated_at is None
    tomorrow = noon(date(2026, 6, 16))
    assert state.step(TERMS, tomorrow) == "authorisation"
    again = after(state, Granted(at=tomorrow, scope="credit_record"), TERMS)
    assert again.step(TERMS, tomorrow) == "evaluation"
    more = after(state, Granted(at=NOW, scope="wealth"), TERMS)
    assert more.step(TERMS, NOW) == "complete"


# --- what a model may be served


ALL = {scope: Use(purposes=(SCORING,)) for scope in TERMS.sources.known}
FEATURES = {
    "application_amount_fen": "application",
    "payment_count_90d": "payment",
    "social_friend_count": "social",
    "calls_count_30d": "calls",
}


def test_e10_the_mask_is_what_product_and_person_allow():
    only_id = SourceTerms.of(figures(over="we2000"))
    assert only_id.authorised(ALL, TODAY) == ()
    refuse_outside({"application_amount_fen": "application"}, only_id.authorised(ALL, TODAY))
    friends = SourceTerms.of(figures({"product.data_sources": ["basic_id", "friend_chain"]}))
    assert friends.authorised(ALL, TODAY) == ("social",)
    assert friends.authorised({}, TODAY) == ()
    with pytest.raises(UseError, match=r"payment: \['payment_count_90d'\]; calls: .* or ask the"):
        refuse_outside(FEATURES, friends.authorised(ALL, TODAY))


def test_e10_call_records_and_whereabouts_are_shut_by_default():
    asked = {"product.data_sources": ["basic_id", "call_logs", "location"]}
    assert SourceTerms.of(figures(asked)).authorised(ALL, TODAY) == ()
    opened = {"onboarding.sensitive": {"sources": ["call_logs", "location"], "allowed": True}}
    allowed = SourceTerms.of(figures({**asked, **opened})).authorised(ALL, TODAY)
    assert allowed == ("calls", "places")
    assert figures().leaf("onboarding.sensitive").status == "disputed"


def test_e10_what_is_authorised_is_what_consent_takes():
    """One mask: a ConsentedModel takes these names, and empties the dimensions left out."""
    parts = pd.DataFrame({"payment": [0.1, -0.2, 0.3, 0.0], "social": [0.0, 0.4, -0.1, 0.2]})
    consent = fit_consent(Rows(parts, [1, 0, 1, 0]))
    friends = SourceTerms.of(figures({"product.data_sources": ["friend_chain"]}))
    authorised = friends.authorised(ALL, TODAY)
    hidden = parts.assign(payment=float("nan"))  # not read
    assert (consent.margin(hidden, authorised) == consent.margin(parts, authorised)).all()


def test_every_source_has_a_name_in_both_languages():
    assert set(TERMS.sources.known) <= set(NAMES)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("onboarding.steps", ["real_name", "evaluation"], "must be .* in an order"),
        ("product.data_sources", ["friends"], "'friends' is no source of data"),
        ("eligibility.scopes", ["identity"], "eligibility.scopes: 'identity' is no source"),
        (
            "onboarding.sources",
            {"identity": "basic_id", "needed_by": {"application": "x"}},
            "always",
        ),
    ],
)
def test_terms_that_cannot_hold_are_refused(key, value, words):
    with pytest.raises(PolicyError, match=words):
        OnboardingTerms.of(figures({key: value}))


def test_another_order_of_steps_is_a_policy():
    turned = OnboardingTerms.of(
        figures({"onboarding.steps": ["authorisation", "real_name", "evaluation"]})
    )
    states = list(walked((CARD, ID, RECORD, CARD, FACE, DONE), turned))
    assert len(states) == 5  # the first check of the card came too early
    assert states[-1].step(turned, NOW) == "complete"
