"""One person's events in order of time: what is remembered between them, and each one's verdict.

The state is a function of the events alone, so the same log always gives the same state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from credit.decide import clock
from credit.decide.fraud.record import LET_THROUGH, Coach, Event, Signal, Verdict
from credit.decide.fraud.rules import combine, signals
from credit.decide.fraud.terms import FraudTerms, code
from credit.decide.record import Fact
from credit.errors import DataError

Amounts = tuple[tuple[int, int], ...]
"""Instants and fen, in order of time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is remembered of a person.

    Attributes
    ----------
    at : int or None
        The last event's instant.
    recent : tuple of Signal
        Signals that a combination or the coach may still join.
    day : date or None
        The local day that ``spent_fen`` and ``stopped`` are of.
    spent_fen : mapping of str to int
        Class of merchant -> spent on that day.
    stopped : frozenset of str
        Classes at which nothing more may be spent on that day.
    drawn, diverted : tuple of (int, int)
        Loans drawn lately, and what was spent since where loans may not go: instant and fen.
    paused_until : int or None
        Until when payments pause.
    """

    at: int | None = None
    recent: tuple[Signal, ...] = ()
    day: date | None = None
    spent_fen: Mapping[str, int] = field(default_factory=dict)
    stopped: frozenset[str] = frozenset()
    drawn: Amounts = ()
    diverted: Amounts = ()
    paused_until: int | None = None


START = State()
"""Of somebody of whom nothing is known yet."""

Indicators = Mapping[str, float | None]


def step(
    state: State, event: Event, indicators: Indicators, terms: FraudTerms
) -> tuple[State, Verdict]:
    """Return the verdict on an event, and what is remembered after it.

    Money that is blocked, held or paused does not move, and counts nowhere.

    Parameters
    ----------
    state : State
        After the events before; `START` at first.
    event : Event
        Not before the last one.
    indicators : mapping of str to float or None
        As of the event's instant.
    terms : FraudTerms
        The figures.

    Raises
    ------
    DataError
        The event lies before one that was seen already.
    """
    if state.at is not None and event.at < state.at:
        raise DataError(
            f"event at {event.at}: a log is read in order of time, and {state.at} was seen "
            "already. Sort the events, or start again from the first."
        )
    state = _later(state, event.at, terms)
    own = [
        *signals(event, indicators, terms),
        *_merchant(state, event, terms),
        *_flow(state, event, terms),
    ]
    recent = (*state.recent, *own)
    before = combine(state.recent, terms) if own else ()
    together = [one for one in combine(recent, terms) if one not in before] if own else []
    coach = _coach(state.paused_until, recent, event, terms)
    level = terms.gravest([one.level for one in (*own, *together)])
    verdict = Verdict(
        level=level,
        action=LET_THROUGH if level is None else terms.levels[level],
        signals=(*own, *together),
        coach=coach,
    )
    return _after(replace(state, recent=recent), event, verdict, terms), verdict


def watch(
    events: Iterable[tuple[Event, Indicators]], terms: FraudTerms, state: State = START
) -> tuple[State, list[Verdict]]:
    """Return the state after some events, in order of time, and the verdict on each."""
    verdicts = []
    for event, indicators in events:
        state, verdict = step(state, event, indicators, terms)
        verdicts.append(verdict)
    return state, verdicts


def _later(state: State, now: int, terms: FraudTerms) -> State:
    """Return the state with what is too old at an instant forgotten."""
    day = clock.local_day(now, terms.zone)
    same, since = day == state.day, now - terms.memory
    return State(
        at=now,
        recent=tuple(one for one in state.recent if one.at >= since),
        day=day,
        spent_fen=state.spent_fen if same else {},
        stopped=state.stopped if same else frozenset(),
        drawn=tuple(one for one in state.drawn if now - one[0] <= terms.flow.within),
        diverted=tuple(one for one in state.diverted if now - one[0] <= terms.flow.within),
        paused_until=state.paused_until,
    )


def _merchant(state: State, event: Event, terms: FraudTerms) -> list[Signal]:
    """Return the stop of a class of merchants, where the day's sum would pass its limit."""
    name = event.merchant_class
    daily = terms.daily.get(name) if name is not None else None
    if name is None or daily is None or not event.spends:
        return []
    spent = state.spent_fen.get(name, 0) + event.amount_fen
    if spent <= daily.fen and name not in state.stopped:
        return []
    facts: dict[str, Fact] = {"class": name, "spent_fen": spent, "daily_fen": daily.fen}
    key = f"fraud.merchant.{name}"
    return [
        Signal(code=code("merchant_stop"), level=daily.level, at=event.at, key=key, facts=facts)
    ]


def _flow(state: State, event: Event, terms: FraudTerms) -> list[Signal]:
    """Return the signal of loan money that goes where it may not.

    The share is what was spent at such merchants since the oldest loan that is still looked at,
    this event included, over all that was drawn; it ends at 1.
    """
    category = terms.flow.categories.get(event.mcc) if event.mcc is not None else None
    drawn = sum(amount for _, amount in state.drawn)
    if category is None or not drawn or not event.spends:
        return []
    spent = sum(amount for _, amount in state.diverted) + event.amount_fen
    reached = [level for share, level in terms.flow.grades if min(spent, drawn) > share * drawn]
    if not reached:
        return []
    facts: dict[str, Fact] = {"category": category, "spent_fen": spent, "drawn_fen": drawn}
    return [
        Signal(
            code=code("fund_flow"), level=reached[-1], at=event.at, key="fraud.fund_flow",
            facts=facts,
        )
    ]  # fmt: skip


def _coach(
    paused_until: int | None, recent: Iterable[Signal], event: Event, terms: FraudTerms
) -> Coach | None:
    """Return the guide, where the signals around a payment make a scam suspected.

    While payments pause, none goes through. Who was shown the guide and still wants to pay when
    the pause is over is not stopped again by the same signals: the decision is the person's.
    """
    figures = terms.coaching
    if not event.spends:
        return None
    if paused_until is not None and event.at < paused_until:
        return Coach(points=0, pause_until=paused_until, codes=())
    if paused_until is not None and event.at - paused_until <= figures.within:
        return None
    points = {code(name): worth for name, worth in figures.points.items()}
    seen = {
        one.code for one in recent if one.code in points and event.at - one.at <= figures.within
    }
    total = sum(points[one] for one in seen)
    if total < figures.at:
        return None
    pause = event.at + figures.pause
    return Coach(points=total, pause_until=pause, codes=tuple(sorted(seen)))


def _after(state: State, event: Event, verdict: Verdict, terms: FraudTerms) -> State:
    """Return the state with an event that was let through, or not."""
    if verdict.coach is not None and verdict.coach.codes:
        state = replace(state, paused_until=verdict.coach.pause_until)
    if any(one.code == code("merchant_stop") for one in verdict.signals):
        state = replace(state, stopped=state.stopped | {str(event.merchant_class)})
    if not verdict.passes:
        return state
    if event.kind == "loan":
        return replace(state, drawn=(*state.drawn, (event.at, event.amount_fen)))
    if not event.spends:
        return state
    if event.merchant_class in terms.daily:
        name = str(event.merchant_class)
        spent = state.spent_fen.get(name, 0) + event.amount_fen
        state = replace(state, spent_fen={**state.spent_fen, name: spent})
    if event.mcc in terms.flow.categories and state.drawn:
        state = replace(state, diverted=(*state.diverted, (event.at, event.amount_fen)))
    return state
