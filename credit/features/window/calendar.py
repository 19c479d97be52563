"""Local calendar facts of an instant, as integer arithmetic on microseconds.

Only zones of fixed offset are compiled; the same arithmetic then holds in every engine.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from credit.errors import FeatureError
from credit.schema import DAY, HOUR

# China's own daylight saving ended in September 1991, so the years looked at begin after it.
_FIRST, _LAST = datetime(1992, 1, 1, tzinfo=UTC), datetime(2040, 12, 31, tzinfo=UTC)


@lru_cache(maxsize=64)
def fixed_offset(zone: str) -> int:
    """Return the zone's offset from UTC in microseconds, the same from 1992 to 2040.

    Raises
    ------
    FeatureError
        The zone is unknown, or its offset changes in those years.
    """
    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise FeatureError(
            f"zone {zone!r} is not in the time zone database. Name one such as 'Asia/Shanghai'."
        ) from error
    first = _offset(_FIRST, place)
    day = _FIRST
    while day <= _LAST:
        offset = _offset(day, place)
        if offset != first:
            raise FeatureError(
                f"zone {zone!r} changes its offset from UTC (from {first} to {offset} by "
                f"{day:%Y-%m-%d}); only zones of fixed offset between 1992 and 2040 are compiled. "
                "Name a fixed zone, e.g. 'Asia/Shanghai', 'UTC' or 'Etc/GMT-1'."
            )
        day += timedelta(days=1)
    return first // timedelta(microseconds=1)


def _offset(instant: datetime, place: ZoneInfo) -> timedelta:
    return instant.astimezone(place).utcoffset() or timedelta(0)


def local_day(time: str, offset: int) -> str:
    """Return SQL: days since 1970-01-01 in local time (rounded down, also before 1970)."""
    local = f"({time} + {offset})"
    return f"(({local} - {_modulo(local, DAY)}) // {DAY})"


def local_hour(time: str, offset: int) -> str:
    """Return SQL: hour of the local day, 0 to 23."""
    return f"({_modulo(f'({time} + {offset})', DAY)} // {HOUR})"


def local_weekday(time: str, offset: int) -> str:
    """Return SQL: day of the local week, 0 is Monday (1970-01-01 was a Thursday)."""
    return _modulo(f"({local_day(time, offset)} + 3)", 7)


def month_start(instants: NDArray[np.int64], offset: int) -> NDArray[np.int64]:
    """Return, for each instant, the first instant of its local month: the latest not after it."""
    local = (instants + offset).astype("datetime64[us]")
    start = local.astype("datetime64[M]").astype("datetime64[us]")
    return np.asarray(start.astype(np.int64) - offset)


def _modulo(value: str, divisor: int) -> str:
    """Return SQL: the remainder in [0, divisor), for negative values too."""
    return f"((({value}) % {divisor} + {divisor}) % {divisor})"
