"""An appeal as a state machine: filed, evidence brought, read by a person, decided.

What is appealed is a decision; what decides the appeal is a person, who sees the decision replayed
with the new evidence beside the old one. A machine never decides an appeal alone: the right to
have a decision looked at by a human being is PIPL, article 24.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from credit.decide.clock import local_day
from credit.decide.leaves import named, whole
from credit.errors import DataError
from credit.policy import InForce

State = Literal["none", "open", "in_review", "upheld", "changed", "withdrawn"]
Kind = Literal["filed", "evidence", "assigned", "upheld", "changed", "withdrawn"]

_MOVES: dict[tuple[State, Kind], State] = {
    ("none", "filed"): "open",
    ("open", "evidence"): "open",
    ("open", "assigned"): "in_review",
    ("in_review", "evidence"): "in_review",
    ("in_review", "assigned"): "in_review",
    ("in_review", "upheld"): "upheld",
    ("in_review", "changed"): "changed",
    ("open", "withdrawn"): "withdrawn",
    ("in_review", "withdrawn"): "withdrawn",
}
"""Every step there is; any other is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealTerms:
    """How long a person has to appeal, and the lender to answer, in calendar days."""

    within_days: int
    answer_days: int
    zone: str

    @classmethod
    def of(cls, figures: InForce) -> AppealTerms:
        """Read the terms in force."""
        key = "decision.appeal"
        value = named(figures, key, ("within_days", "answer_days"))
        return cls(
            within_days=whole(value["within_days"], f"{key}.within_days", low=1),
            answer_days=whole(value["answer_days"], f"{key}.answer_days", low=1),
            zone=figures["calendar.zone"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealEvent:
    """Something that happened to an appeal.

    ``by`` is the person who reads and decides (assigned, upheld, changed); ``says`` is what was
    brought or decided, in words.
    """

    at: int
    kind: Kind
    by: str = ""
    says: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeal:
    """Where an appeal stands.

    Attributes
    ----------
    state : str
    filed_on, due_on : date or None
        When it was filed; the last day on which an answer is in time.
    evidence : tuple of str
    reviewer : str
        Who reads it; empty until someone does.
    late : bool
        Whether it was answered, or is unanswered at the last event, after ``due_on``.
    """

    state: State = "none"
    filed_on: date | None = None
    due_on: date | None = None
    evidence: tuple[str, ...] = ()
    reviewer: str = ""
    late: bool = False


def appeal(decided_at: int, events: Iterable[AppealEvent], terms: AppealTerms) -> Appeal:
    """Return where an appeal stands after its events, read in the order of their instants.

    Raises
    ------
    DataError
        An event cannot follow what came before it, comes before the decision, is filed too late,
        or decides without a person: nothing of it is applied.
    """
    stands = Appeal()
    for event in sorted(events, key=lambda one: one.at):
        stands = _after(stands, event, decided_at, terms)
    return stands


def _after(stands: Appeal, event: AppealEvent, decided_at: int, terms: AppealTerms) -> Appeal:
    day = local_day(event.at, terms.zone)
    if event.at < decided_at:
        raise DataError(
            f"appeal: {event.kind} on {day} comes before the decision of "
            f"{local_day(decided_at, terms.zone)}. Mend the instant."
        )
    reached = _MOVES.get((stands.state, event.kind))
    if reached is None:
        can = sorted(kind for state, kind in _MOVES if state == stands.state)
        raise DataError(
            f"appeal: {event.kind!r} on {day} cannot follow the state {stands.state!r}. "
            + (f"What can: {can}." if can else "It is closed; a new decision can be appealed anew.")
        )
    if event.kind == "filed":
        return _filed(stands, day, local_day(decided_at, terms.zone), terms)
    if event.kind in ("assigned", "upheld", "changed") and not event.by:
        raise DataError(f"appeal: {event.kind!r} on {day} names nobody. A person decides: give by.")
    late = stands.due_on is not None and day > stands.due_on
    brought = (event.says,) if event.kind == "evidence" else ()
    return replace(
        stands,
        state=reached,
        evidence=stands.evidence + brought,
        reviewer=event.by or stands.reviewer,
        late=late,
    )


def _filed(stands: Appeal, day: date, decided_on: date, terms: AppealTerms) -> Appeal:
    last = decided_on + timedelta(days=terms.within_days)
    if day > last:
        raise DataError(
            f"appeal: filed on {day}, but a decision of {decided_on} can be appealed until {last} "
            f"({terms.within_days} days). A new application is decided anew."
        )
    return replace(
        stands, state="open", filed_on=day, due_on=day + timedelta(days=terms.answer_days)
    )
