"""When people are out of money: spells in which none of a person's loans is paid.

A spell belongs to the person, so all of their loans fall behind together. What the truth says of a
person is decided here: who is bad stops at one of the first instalments of the first loan, and is
90 days past due on it within 12 months; who is not bad never has a spell that long in that time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from credit.world import season
from credit.world.figures import Figures
from credit.world.lender.schedules import Contracts, Schedules
from credit.world.options import Flags, Floats, Ints

NEVER = np.iinfo(np.int64).max // 4
"""The day on which a spell ends that does not."""

BAD_DAYS, BAD_MONTHS = 90, 12
"""What the truth's outcome is: so many days past due within so many months of the first payout."""

MONTH = 365.25 / 12

MARGIN = 10
"""Days by which a late default keeps away from the truth's outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spells:
    """Spells without money; one entry a spell, ordered by line of credit and day.

    Attributes
    ----------
    line : ndarray
        Position of the line of credit, that is, of the person.
    begins, ends : ndarray
        Local days; what falls due from the first to before the last waits until the last.
    months : ndarray
        By how many months the lender defers what is owed in the spell; 0 where it does not.
    """

    line: Ints
    begins: Ints
    ends: Ints
    months: Ints

    def of(self, line: Ints, day: Ints) -> Ints:
        """Return the position of the spell in which each person is on a day, or -1."""
        key = self.line * NEVER_DAY + self.begins
        found = np.searchsorted(key, line * NEVER_DAY + day, side="right") - 1
        inside = (found >= 0) & (self.line[found] == line) & (day < self.ends[found])
        return np.where(inside, found, -1)


NEVER_DAY = 1_000_000
"""Above every local day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Borrowers:
    """Who draws a first loan; one entry a line of credit.

    ``trait`` is the repayment trait, larger for riskier people; ``early`` and ``slip`` are the
    shares of instalments that a person pays some days ahead, and some days late.
    """

    bad: Flags
    trait: Floats
    early: Floats
    slip: Floats


def spells(
    draw: np.random.Generator, who: Borrowers, first: Contracts, plan: Schedules, figures: Figures,
    last: int,
) -> Spells:  # fmt: skip
    """Draw the spells of everyone who has a first loan, up to a last local day.

    Parameters
    ----------
    draw : Generator
    who : Borrowers
    first : Contracts
        First loans, in the order of their lines of credit.
    plan : Schedules
        Of the first loans.
    figures : Figures
        Leaves ``sim.serve.hard_time``, ``sim.serve.length``, ``sim.serve.first_missed``,
        ``sim.serve.default`` and ``sim.serve.forborne``.
    last : int
    """
    lines = first.line
    bad, trait = who.bad[lines], who.trait[lines]
    stops, resumes = _defaults(draw, bad, first, plan, figures)
    found = list(_by_month(draw, first, np.where(bad, stops, NEVER), trait, figures, last))
    moved = _deferral_of_bad(draw, lines.size, figures)
    found.append(np.column_stack([lines, stops, resumes, moved])[bad])
    rows = np.concatenate(found)
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    return Spells(line=rows[:, 0], begins=rows[:, 1], ends=rows[:, 2], months=rows[:, 3])


def _by_month(
    draw: np.random.Generator, first: Contracts, stops: Ints, trait: Floats, figures: Figures,
    last: int,
) -> Iterator[Ints]:  # fmt: skip
    """Yield the spells that begin in each month (line, begin, end, months of deferral).

    None reaches into another, nor into the one in which a bad person stops. A default of somebody
    else begins so late that no instalment of the first loan is 90 days past due within 12 months;
    whoever was deferred is behind the contract's due days, and has no other spell before then.
    """
    lines, drawn = first.line, season.local_day(first.drawn_at)
    months = max(1, int((last - drawn.min(initial=last)) / MONTH) + 1)
    chance = figures.behaviour("sim.serve.hard_time").draw(draw, trait)
    later = _late_default(draw, trait, figures, months)
    free_from, deferred = np.zeros(lines.size, np.int64), np.zeros(lines.size, bool)
    mature = season.add_months(drawn, np.full(lines.size, BAD_MONTHS))
    for month in range(months):
        begins = drawn + (MONTH * (month + draw.random(lines.size))).astype(np.int64)
        short = draw.random(lines.size) < chance * in_season(begins, figures)
        ends = begins + _lengths(draw, lines.size, figures)
        moved = _deferral(draw, ends - begins, figures)
        short &= (ends < stops) & ~(deferred & (begins < mature))
        from_then = np.where(deferred, mature, mature - BAD_DAYS + MARGIN)
        long = later[month] & (stops == NEVER) & (begins >= from_then)
        forever = draw.random(lines.size) >= figures["sim.serve.default"]["resumes"]
        again = np.where(forever, NEVER, begins + _resumption(draw, lines.size, figures))
        ends, moved = np.where(long, again, ends), np.where(long, 0, moved)
        chosen = np.flatnonzero((short | long) & (begins >= free_from) & (begins <= last))
        yield np.column_stack([lines, begins, ends, moved])[chosen]
        free_from[chosen] = ends[chosen] + 1
        deferred[chosen] |= moved[chosen] > 0


def _defaults(
    draw: np.random.Generator, bad: Flags, first: Contracts, plan: Schedules, figures: Figures
) -> tuple[Ints, Ints]:
    """Return the day on which bad people stop, and that on which they resume; NEVER otherwise."""
    weights = figures.array("sim.serve.first_missed")
    stop = 1 + draw.choice(weights.size, bad.size, p=weights / weights.sum())
    stop = np.minimum(stop, first.months)
    day = plan.due[plan.start[:-1] + stop - 1]
    resumes = draw.random(bad.size) < figures["sim.serve.default"]["resumes"]
    again = np.where(resumes, day + _resumption(draw, bad.size, figures), NEVER)
    return np.where(bad, day, NEVER), again


def _resumption(draw: np.random.Generator, count: int, figures: Figures) -> Ints:
    leaf = figures["sim.serve.default"]
    return draw.integers(leaf["fewest_days"], leaf["most_days"] + 1, count)


def _late_default(draw: np.random.Generator, trait: Floats, figures: Figures, months: int) -> Flags:
    """Return who of the others stops in which month; shape (months, people)."""
    yearly = figures.behaviour("sim.serve.late_default").draw(draw, trait)
    return draw.random((months, trait.size)) < 1 - (1 - yearly) ** (1 / 12)


def _lengths(draw: np.random.Generator, count: int, figures: Figures) -> Ints:
    """Return days of spells: a share of long ones, the others up to a month."""
    leaf = figures["sim.serve.length"]
    short = draw.integers(leaf["short_low"], leaf["short_high"] + 1, count)
    long = draw.integers(leaf["long_low"], leaf["long_high"] + 1, count)
    return np.where(draw.random(count) < leaf["long_share"], long, short)


def _deferral(draw: np.random.Generator, days: Ints, figures: Figures) -> Ints:
    """Return by how many months the lender defers in a spell of so many days."""
    leaf = figures["sim.serve.forborne"]
    asked = (days >= leaf["from_days"]) & (draw.random(days.size) < leaf["share"])
    return np.where(asked, draw.integers(1, leaf["most_months"] + 1, days.size), 0)


def _deferral_of_bad(draw: np.random.Generator, count: int, figures: Figures) -> Ints:
    leaf = figures["sim.serve.forborne"]
    return np.where(draw.random(count) < leaf["of_bad"], leaf["bad_months"], 0)


def in_season(day: Ints, figures: Figures) -> Floats:
    """Return the factor of a local day: around the Spring Festival money is short."""
    low, high, factor = figures["sim.serve.festival"]
    festivals = np.array([season.day_number(one) for one in figures["season.spring_festival"]])
    since = day[:, None] - festivals
    return np.where(((since >= low) & (since <= high)).any(axis=1), factor, 1.0)
