"""What a list of prices must not do: treat people of one grade differently, or bait them.

Both are read off prices as they were given, so they prove a list as well as a book.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from credit.decide.money import exact
from credit.decide.price import PriceTerms
from credit.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """A price that somebody was given; ``place`` only says where, it decides nothing."""

    person: str
    grade: str
    scenario: str | None
    daily_rate: Fraction | float
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unequal:
    """One grade at two prices: the lowest and the highest that were given for one purpose."""

    grade: str
    scenario: str | None
    lowest: Quoted
    highest: Quoted


def unequal(quotes: Iterable[Quoted], terms: PriceTerms) -> tuple[Unequal, ...]:
    """Return the groups of one grade and purpose whose prices differ by more than the tolerance.

    An empty answer proves that a list of prices has no unreasonable differential treatment: the
    same grade was given the same price wherever the person was.

    Parameters
    ----------
    quotes : iterable of Quoted
    terms : PriceTerms
        For its tolerance.

    Returns
    -------
    tuple of Unequal
        Sorted by grade and purpose.
    """
    groups: dict[tuple[str, str], list[Quoted]] = {}
    for quote in quotes:
        groups.setdefault((quote.grade, quote.scenario or ""), []).append(quote)
    found = []
    for _, group in sorted(groups.items()):
        ranked = sorted(group, key=lambda quote: (exact(quote.daily_rate), quote.person))
        low, high = ranked[0], ranked[-1]
        if exact(high.daily_rate) - exact(low.daily_rate) > terms.tolerance:
            found.append(Unequal(grade=low.grade, scenario=low.scenario, lowest=low, highest=high))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """A period (from 1) whose rate is so many times that of the first one."""

    period: int
    first_rate: Fraction
    rate: Fraction
    ratio: Fraction


def teasers(rates: Sequence[Fraction | float], terms: PriceTerms) -> tuple[Jump, ...]:
    """Return the periods that show the first rate to be a teaser, where that is not allowed.

        rate(t) / rate(1) >= teaser_jump

    Parameters
    ----------
    rates : sequence of number
        The rate of each period, the first one first; all above 0.
    terms : PriceTerms
    """
    exactly = [exact(rate) for rate in rates]
    if not exactly or min(exactly) <= 0:
        raise DataError(f"rates must be positive and at least one, got {list(rates)}.")
    if terms.teaser_allowed:
        return ()
    first = exactly[0]
    return tuple(
        Jump(period=period, first_rate=first, rate=rate, ratio=rate / first)
        for period, rate in enumerate(exactly[1:], start=2)
        if rate / first >= terms.teaser_jump
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Baited:
    """A person whose first price was a teaser: it, and the first later one that shows it."""

    first: Quoted
    later: Quoted
    jump: Jump


def baited(quotes: Iterable[Quoted], terms: PriceTerms) -> tuple[Baited, ...]:
    """Return who was given a first price that was a teaser, where that is not allowed.

    An empty answer proves that nobody of a book was baited.

    Parameters
    ----------
    quotes : iterable of Quoted
        Those of a person in order of time; people in any.
    terms : PriceTerms

    Returns
    -------
    tuple of Baited
        One a person, in the order of first quotes.

    Raises
    ------
    DataError
        A rate is not positive.
    """
    histories: dict[str, list[Quoted]] = {}
    for quote in quotes:
        histories.setdefault(quote.person, []).append(quote)
    found = []
    for given in histories.values():
        jumps = teasers([quote.daily_rate for quote in given], terms)
        if jumps:
            later = given[jumps[0].period - 1]
            found.append(Baited(first=given[0], later=later, jump=jumps[0]))
    return tuple(found)
