"""The one comparison of the whole package: an event's time against an as-of instant.

    visible(e, q, W)  <=>  q - W <= e.event_time < q  and  e.available_at <= q

Integers, microseconds UTC, half-open. The upper bound is strict: what happens in the instant
of the application is not yet evidence; what becomes *known* in that instant is. Every SQL text
of the compiler takes its conditions from here and from nowhere else.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from credit.errors import FeatureError
from credit.feature import Days
from credit.schema import DAY

END = 2**63 - 1
"""Later than every instant, longer than every age."""


def before(time: str, q: str) -> str:
    """Return SQL: ``time`` lies strictly before the as-of instant."""
    return f"{time} < {q}"


def known(available_at: str, q: str) -> str:
    """Return SQL: the lender could know it at the as-of instant."""
    return f"{available_at} <= {q}"


def within(age: str, days: Days) -> str:
    """Return SQL: an event of this age (microseconds before q) is in the window of ``days``."""
    return f"{age} <= {reach(days)}"


def visible(event: str, q: str, days: Days | None = None) -> str:
    """Return SQL: the row aliased ``event`` counts at ``q``, in the last ``days`` or ever."""
    rule = f"{before(f'{event}.event_time', q)} and {known(f'{event}.available_at', q)}"
    return rule if days is None else f"{rule} and {within(f'{q} - {event}.event_time', days)}"


def unrepaired(repaired_at: str, q: str) -> str:
    """Return SQL: the register had not suppressed the record by ``q`` (credit repair).

    A repair takes effect in its own instant, and hides nothing from an earlier one.
    """
    return f"({repaired_at} is null or {repaired_at} > {q})"


def known_from(event: str) -> str:
    """Return SQL: the first instant at which the row aliased ``event`` counts, without a window.

    ``visible(e, q)`` if and only if ``known_from(e) <= q``: the one number that replaces an
    event's two times wherever all of history counts.
    """
    return f"greatest({event}.event_time + 1, {event}.available_at)"


def fallen_due_from(event: str) -> str:
    """Return SQL: the first instant at which a visible row's ``due_at`` has passed."""
    return f"greatest({event}.due_at + 1, {known_from(event)})"


def hidden_from(repaired_at: str) -> str:
    """Return SQL: the first instant at which a repaired record counts no more.

    ``unrepaired(repaired_at, q)`` if and only if ``q < hidden_from(repaired_at)``.
    """
    return f"coalesce({repaired_at}, {END})"


def counts(known_from: int, hidden_from: int, q: int) -> bool:
    """Whether a row counts at ``q``, as far as its instants of knowledge tell (compiled)."""
    return known_from <= q < hidden_from


def reach(days: Days | None) -> int:
    """Return the largest age, in microseconds, that is ``within`` the window.

    Raises
    ------
    FeatureError
        The window is no whole number of microseconds, or a float, which is seldom exact.
    """
    if days is None:
        return END
    age = Fraction(days) * DAY if isinstance(days, int | Fraction) else None
    if age is None or age.denominator != 1:
        raise FeatureError(
            f"a window of {days!r} days is no whole number of microseconds. Write whole days, or "
            "hours as Fraction(6, 24)."
        )
    return int(age)


def near(time: str, first: str, last: str, days: Days | None) -> str:
    """Return SQL: some q between ``first`` and ``last`` could see the time (or none can)."""
    not_after = f"{time} <= {last}"
    return not_after if days is None else f"{not_after} and {time} >= {first} - {reach(days)}"


def seen(known_from: NDArray[np.int64], q: int) -> int:
    """Return how many of these ascending instants (see ``known_from``) count at ``q``."""
    return int(np.searchsorted(known_from, q, side="right"))


def fell_due(due_at: str, q: str, days: Days) -> str:
    """Return SQL: a date written into a visible row passed before ``q``, at most ``days`` ago."""
    return f"{before(due_at, q)} and {within(f'{q} - {due_at}', days)}"


def stated(row: str, q: str) -> str:
    """Return SQL: an application's own row, which exists at q and not before it."""
    return f"{row}.event_time <= {q} and {known(f'{row}.available_at', q)}"
