"""What the rules look at, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from credit.decide.record import Fact

Kind = Literal["login", "payment", "transfer", "application", "loan"]

KINDS: tuple[Kind, ...] = ("login", "payment", "transfer", "application", "loan")
"""What may happen; ``loan`` is money that was drawn."""

SPENT: tuple[Kind, ...] = ("payment", "transfer")
"""Money that leaves the person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something a person does, before it is let through.

    Attributes
    ----------
    at : int
        When, in UTC microseconds.
    kind : str
        One of `KINDS`.
    amount_fen : int
        Money paid, sent or drawn.
    failed : bool
        Whether it came to nothing by itself (a refused payment moves no money).
    mcc : int or None
        Merchant category code.
    merchant_class : str or None
        The merchant's class of risk on that day.
    payee_age_days : int or None
        Days since the payee was first known.
    """

    at: int
    kind: Kind
    amount_fen: int = 0
    failed: bool = False
    mcc: int | None = None
    merchant_class: str | None = None
    payee_age_days: int | None = None

    @property
    def spends(self) -> bool:
        """Whether money leaves the person, unless it is stopped."""
        return self.kind in SPENT and not self.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A rule that was broken.

    Attributes
    ----------
    code : str
        ``F_`` and the signal's name in upper case; its sentences stand in ``WORDS``.
    level : str
        One of the policy's ``fraud.levels``.
    at : int
        The event's instant, UTC microseconds.
    key : str
        The policy's leaf that the rule reads.
    facts : mapping
        What was compared with what; the sentences name these.
    """

    code: str
    level: str
    at: int
    key: str
    facts: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coach:
    """The person is shown the guide, and payments pause until an instant."""

    points: int
    pause_until: int
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is done with an event, and why.

    Attributes
    ----------
    level : str or None
        The gravest level of the signals; None where there is none.
    action : str
        The policy's action of that level, or `LET_THROUGH`.
    signals : tuple of Signal
        Rules broken by the event, then combinations that it completes.
    coach : Coach or None
        The guide, where a scam is suspected.
    """

    level: str | None
    action: str
    signals: tuple[Signal, ...]
    coach: Coach | None = None

    @property
    def passes(self) -> bool:
        """Whether the event goes through now: neither blocked, held nor paused."""
        return self.action not in STOPPING and self.coach is None

    def plain(self) -> dict[str, Any]:
        """Return the verdict as JSON has it."""
        coach = self.coach
        return {
            "level": self.level,
            "action": self.action,
            "signals": [
                {
                    "code": one.code, "level": one.level, "at": one.at, "key": one.key,
                    "facts": dict(one.facts),
                }
                for one in self.signals
            ],
            "coach": None
            if coach is None
            else {
                "points": coach.points, "pause_until": coach.pause_until,
                "codes": list(coach.codes),
            },
        }  # fmt: skip


LET_THROUGH = "let through"
"""What is done with an event that breaks no rule."""

STOPPING = ("block", "hold")
"""Actions after which money does not move."""
