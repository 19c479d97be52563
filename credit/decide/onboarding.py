"""Stepwise unlocking: real name, then authorisation, then evaluation, over a log of events.

The state is a fold of the log, so the same log gives the same state. An event belongs to a step,
and none may happen before all steps in front of its own are complete; a step that comes undone
(a later check of the identity fails, a scope is revoked) closes those behind it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce

from credit.decide.clock import local_day
from credit.decide.leaves import items
from credit.decide.sources import SourceTerms, in_force
from credit.errors import DataError, PolicyError, nearest
from credit.feature import Reason
from credit.policy import InForce
from credit.use import SCORING, Use

REAL_NAME, AUTHORISATION, EVALUATION = STEPS = ("real_name", "authorisation", "evaluation")
COMPLETE = "complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A check of the identity of a kind (``id_card``, ``face``), and whether it held."""

    at: int
    kind: str
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """The person authorises a source of data, for some purposes and perhaps until some day."""

    at: int
    scope: str
    use: Use = field(default_factory=lambda: Use(purposes=(SCORING,)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """The person takes an authorisation back."""

    at: int
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """The person was evaluated."""

    at: int


Event = Verified | Granted | Revoked | Evaluated

_STEP_OF = {Verified: REAL_NAME, Granted: AUTHORISATION, Evaluated: EVALUATION}


@dataclass(frozen=True, slots=True, kw_only=True)
class OnboardingTerms:
    """What each step takes, in the policy's order.

    Attributes
    ----------
    steps : tuple of str
        A permutation of `STEPS`.
    real_name : tuple of str
        Kinds of verification, all needed.
    scopes : tuple of str
        Sources that must be authorised, all of them.
    sources : SourceTerms
        Every source there is.
    zone : str
        Where days begin and end.
    """

    steps: tuple[str, ...]
    real_name: tuple[str, ...]
    scopes: tuple[str, ...]
    sources: SourceTerms
    zone: str

    @classmethod
    def of(cls, figures: InForce) -> OnboardingTerms:
        """Read the leaves; a step that is missing, or a scope that is no source, is refused."""
        steps = tuple(items(figures["onboarding.steps"], "onboarding.steps"))
        if sorted(steps) != sorted(STEPS):
            raise PolicyError(f"onboarding.steps: {list(steps)} must be {list(STEPS)} in an order.")
        sources = SourceTerms.of(figures)
        scopes = tuple(items(figures["eligibility.scopes"], "eligibility.scopes"))
        for scope in scopes:
            sources.refuse_unknown(scope, "eligibility.scopes")
        return cls(
            steps=steps,
            real_name=tuple(items(figures["eligibility.realname"], "eligibility.realname")),
            scopes=scopes,
            sources=sources,
            zone=figures["calendar.zone"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Onboarding:
    """What a log of events has come to.

    Attributes
    ----------
    verified : frozenset of str
        Kinds of verification whose last result held.
    scopes : mapping of str to Use
        What is authorised, and for what.
    evaluated_at : int or None
        When the person was last evaluated; None where no evaluation stands.
    at : int or None
        The instant of the last event.
    """

    verified: frozenset[str] = frozenset()
    scopes: Mapping[str, Use] = field(default_factory=dict)
    evaluated_at: int | None = None
    at: int | None = None

    def missing(self, step: str, terms: OnboardingTerms, instant: int) -> tuple[str, ...]:
        """Return what a step still takes at an instant; nothing where it is complete."""
        if step == REAL_NAME:
            return tuple(kind for kind in terms.real_name if kind not in self.verified)
        if step == AUTHORISATION:
            given = in_force(self.scopes, local_day(instant, terms.zone))
            return tuple(scope for scope in terms.scopes if scope not in given)
        return () if self.evaluated_at is not None else (EVALUATION,)

    def step(self, terms: OnboardingTerms, instant: int) -> str:
        """Return the first step that is not complete, or ``complete``."""
        return next((s for s in terms.steps if self.missing(s, terms, instant)), COMPLETE)


def after(state: Onboarding, event: Event, terms: OnboardingTerms) -> Onboarding:
    """Return the state after one event.

    Raises
    ------
    DataError
        The event may not happen now: a step before its own is not complete, it is older than the
        last one, a scope is no source or was not granted. The state given stays as it is.
    """
    if state.at is not None and event.at < state.at:
        raise DataError(
            f"{event}: it happened before the last event of the log, at {state.at}. Replay a log "
            "in the order of its instants."
        )
    if isinstance(event, Revoked):
        return _revoked(state, event)
    _refuse_skip(state, event, terms)
    if isinstance(event, Verified):
        return _verified(state, event, terms)
    if isinstance(event, Granted):
        return _granted(state, event, terms)
    return replace(state, evaluated_at=event.at, at=event.at)


def replay(log: Iterable[Event], terms: OnboardingTerms) -> Onboarding:
    """Return the state that a log gives, from nothing; see `after` for what is refused."""
    return reduce(lambda state, event: after(state, event, terms), log, Onboarding())


def _refuse_skip(state: Onboarding, event: Event, terms: OnboardingTerms) -> None:
    own = _STEP_OF[type(event)]
    for step in terms.steps[: terms.steps.index(own)]:
        missing = state.missing(step, terms, event.at)
        if missing:
            raise DataError(
                f"{event}: step {own!r} comes after {step!r}, which still needs "
                f"{', '.join(missing)}. No step can be skipped."
            )


def _verified(state: Onboarding, event: Verified, terms: OnboardingTerms) -> Onboarding:
    if event.kind not in terms.real_name:
        raise DataError(
            f"{event}: no verification {event.kind!r} is part of the real name."
            f"{nearest(event.kind, terms.real_name)} It takes {list(terms.real_name)}."
        )
    if event.passed:
        return replace(state, verified=state.verified | {event.kind}, at=event.at)
    return replace(state, verified=state.verified - {event.kind}, evaluated_at=None, at=event.at)


def _granted(state: Onboarding, event: Granted, terms: OnboardingTerms) -> Onboarding:
    """Take a grant in; one narrower than before closes the evaluation, as taking it back does.

    So does one of a needed scope that had lapsed: the evaluation is older than the consent.
    """
    terms.sources.refuse_unknown(event.scope, "scope")
    scopes, day = {**state.scopes, event.scope: event.use}, local_day(event.at, terms.zone)
    before, now = (event.scope in in_force(given, day) for given in (state.scopes, scopes))
    closes = (before and not now) or (not before and event.scope in terms.scopes)
    evaluated_at = None if closes else state.evaluated_at
    return replace(state, scopes=scopes, evaluated_at=evaluated_at, at=event.at)


def _revoked(state: Onboarding, event: Revoked) -> Onboarding:
    if event.scope not in state.scopes:
        raise DataError(
            f"{event}: {event.scope!r} is not authorised, so it cannot be revoked."
            f"{nearest(event.scope, state.scopes)} Authorised: {sorted(state.scopes)}."
        )
    kept = {scope: use for scope, use in state.scopes.items() if scope != event.scope}
    return replace(state, scopes=kept, evaluated_at=None, at=event.at)


WORDS: dict[str, Reason] = {
    REAL_NAME: Reason(
        en="First confirm who you are: identity card and face.",
        zh="请先完成实名认证：身份证与人脸识别。",
    ),
    AUTHORISATION: Reason(
        en="Next say which data may be looked at; you can take that back at any time.",
        zh="请授权可以查询的数据；您可以随时撤回授权。",
    ),
    EVALUATION: Reason(
        en="You can now ask to be evaluated.",
        zh="您现在可以申请信用评估。",
    ),
    COMPLETE: Reason(en="Your evaluation stands.", zh="信用评估已完成。"),
}
"""What a person at a step is told."""
