"""When things happen: the Shanghai calendar, seasons, hours of the day, late arrival.

China has had one zone and no daylight saving since 1992, so a local day is a fixed offset.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from credit.schema import DAY, SECOND
from credit.world.figures import Figures
from credit.world.options import Flags, Floats, Ints

HOUR = 3_600 * SECOND
_OFFSET = 8 * HOUR
_EPOCH = date(1970, 1, 1)


def day_number(day: date) -> int:
    """Return days since 1970-01-01."""
    return (day - _EPOCH).days


def day_of(number: int) -> date:
    """Return the date of a number of days since 1970-01-01."""
    return _EPOCH + timedelta(days=number)


def midnight(local_day: Ints) -> Ints:
    """Return the UTC microseconds at which local days begin."""
    return local_day * DAY - _OFFSET


def local_day(instants: Ints) -> Ints:
    """Return the local day (days since 1970-01-01) of UTC microseconds."""
    return (instants + _OFFSET) // DAY


def add_months(days: Ints, months: Ints) -> Ints:
    """Return local days moved by calendar months; the 31st becomes the month's last day."""
    start = days.astype("datetime64[D]")
    month = start.astype("datetime64[M]")
    ahead = month + months.astype("timedelta64[M]")
    first = ahead.astype("datetime64[D]").astype(np.int64)
    last = (ahead + np.timedelta64(1, "M")).astype("datetime64[D]").astype(np.int64) - 1
    moved: Ints = np.minimum(first + (days - month.astype("datetime64[D]").astype(np.int64)), last)
    return moved


def months_after(day: date, months: int) -> date:
    """Return a day moved by calendar months."""
    moved = add_months(np.array([day_number(day)]), np.array([months]))
    return day_of(int(moved[0]))


@dataclass(frozen=True, slots=True)
class Season:
    """Spending by calendar day: weekends, the Spring Festival, 618 and Double Eleven.

    ``cumulative[k]`` is the weight of the days before ``first_day + k``; an ordinary day
    weighs one.
    """

    first_day: int
    cumulative: Floats

    @classmethod
    def build(cls, figures: Figures, first: date, last: date) -> Season:
        """Return the weights of every day from ``first`` to ``last`` inclusive."""
        count = (last - first).days + 1
        days = [first + timedelta(days=k) for k in range(count)]
        weight = np.ones(count)
        for k, day in enumerate(days):
            weight[k] *= figures.number("season.weekend") if day.weekday() >= 5 else 1.0
            for month, start, end, factor in figures["season.shopping"]:
                if day.month == month and start <= day.day <= end:
                    weight[k] *= factor
            for festival in figures["season.spring_festival"]:
                since = (day - festival).days
                for start, end, factor in figures["season.around_spring_festival"]:
                    if start <= since <= end:
                        weight[k] *= factor
        return cls(day_number(first), np.concatenate([[0.0], np.cumsum(weight)]))

    def weight_before(self, days: Ints) -> Floats:
        """Return the weight of all days before the given local days."""
        return self.cumulative[np.clip(days - self.first_day, 0, self.cumulative.size - 1)]

    def scatter(self, generator: np.random.Generator, rate: Floats, window: Window) -> Scattered:
        """Draw Poisson events at ``rate`` per ordinary day over each person's window.

        Returns
        -------
        Scattered
            The person and the local day of each event, people in order.
        """
        low, high = self.weight_before(window.first), self.weight_before(window.last + 1)
        counts = generator.poisson(rate * (high - low))
        owner = np.repeat(np.arange(rate.size), counts)
        at = low[owner] + generator.random(owner.size) * (high - low)[owner]
        day = np.searchsorted(self.cumulative, at, side="right") - 1 + self.first_day
        return Scattered(owner, np.clip(day, window.first[owner], window.last[owner]))


@dataclass(frozen=True, slots=True)
class Window:
    """First and last local day, both inclusive, one entry a person."""

    first: Ints
    last: Ints


@dataclass(frozen=True, slots=True)
class Scattered:
    """Events as (position of the person, local day)."""

    owner: Ints
    day: Ints


def by_day(generator: np.random.Generator, days: Ints) -> Ints:
    """Return instants in waking hours (06:00 to 23:00, most in the afternoon) of local days."""
    hours = generator.triangular(6.0, 15.0, 23.0, days.size)
    return midnight(days) + (hours * HOUR).astype(np.int64)


def by_day_or_night(generator: np.random.Generator, days: Ints, night: Flags) -> Ints:
    """Return instants by day, or between 23:00 and 06:00 of the following morning."""
    hours = generator.triangular(6.0, 15.0, 23.0, days.size)
    late = 23.0 + 7.0 * generator.random(days.size)
    return midnight(days) + (np.where(night, late, hours) * HOUR).astype(np.int64)


def known_after(generator: np.random.Generator, instants: Ints, figures: Figures) -> Ints:
    """Return when events become known: most within a day, a few days late."""
    count = instants.size
    lag = np.minimum(generator.exponential(figures.number("arrival.mean_hours"), count), 24.0)
    low, high = figures["arrival.late_days"]
    late = generator.random(count) < figures.number("arrival.late_share")
    hours = np.where(late, 24.0 * (low + (high - low) * generator.random(count)), lag)
    return instants + (hours * HOUR).astype(np.int64)
