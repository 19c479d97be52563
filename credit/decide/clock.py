"""Instants and calendar days: UTC microseconds, read in the policy's zone."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@lru_cache(maxsize=16)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local(instant: int, zone: str) -> datetime:
    """Return an instant (UTC microseconds) as the clock on the wall shows it in a zone."""
    return (EPOCH + timedelta(microseconds=instant)).astimezone(_zone(zone))


def local_day(instant: int, zone: str) -> date:
    """Return the calendar day of an instant in a zone."""
    return local(instant, zone).date()


def at(day: date, zone: str, *, hour: int = 0, minute: int = 0) -> int:
    """Return the instant (UTC microseconds) of a clock time on a day in a zone."""
    moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=_zone(zone))
    return (moment - EPOCH) // MICROSECOND


def add_months(day: date, months: int) -> date:
    """Return the same day so many months on; the month's last day where there is none.

    >>> add_months(date(2024, 1, 31), 1), add_months(date(2024, 2, 29), -12)
    (datetime.date(2024, 2, 29), datetime.date(2023, 2, 28))
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def whole_months(first: date, last: date) -> int:
    """Return the whole months from one day to a later one: the most m that `add_months` allows.

    >>> whole_months(date(2024, 1, 31), date(2024, 2, 29))
    1
    """
    months = (last.year - first.year) * 12 + last.month - first.month
    return months if add_months(first, months) <= last else months - 1


def age(birth: date, on: date) -> int:
    """Return the age in whole years (周岁): a year is full on the birthday itself.

    Who was born on 29 February turns a year older on 1 March of a common year, as the Civil Code's
    reckoning by calendar dates has it where the day does not exist.

    >>> age(date(2004, 2, 29), date(2022, 2, 28)), age(date(2004, 2, 29), date(2022, 3, 1))
    (17, 18)
    """
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))
