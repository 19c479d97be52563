"""Ways to pay: when the money arrives and what the way costs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from credit.decide.leaves import items, number, table, whole
from credit.decide.money import fen
from credit.errors import DataError, PolicyError, nearest
from credit.policy import InForce


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A way to pay.

    Attributes
    ----------
    name : str
    workdays : (int, int)
        Fewest and most workdays until the money has arrived; (0, 0) at once.
    fee : Fraction
        Share of what is paid.
    monthly_service : Fraction
        Share of the original principal, each month, of a loan that is paid this way.
    """

    name: str
    workdays: tuple[int, int]
    fee: Fraction
    monthly_service: Fraction


@dataclass(frozen=True, slots=True)
class Workdays:
    """Monday to Friday without holidays, and the weekend days that are worked instead (调休)."""

    holidays: Collection[date] = ()
    worked: Collection[date] = ()

    def is_workday(self, day: date) -> bool:
        """Whether banks work on a day."""
        return day in self.worked or (day.weekday() < 5 and day not in self.holidays)

    def after(self, day: date, count: int) -> date:
        """Return the ``count``-th workday after a day; the day itself for 0."""
        while count:
            day += timedelta(days=1)
            count -= self.is_workday(day)
        return day


@dataclass(frozen=True, slots=True)
class ChannelTerms:
    """The ways to pay in force, by name."""

    channels: Mapping[str, Channel]

    @classmethod
    def of(cls, figures: InForce) -> ChannelTerms:
        """Read and check ``repay.channels``."""
        key = "repay.channels"
        leaf = figures[key]
        found = {}
        for name, row in table(leaf, key, tuple(leaf)).items():
            where = f"{key}.{name}"
            table(row, where, ("workdays", "fee", "monthly_service"))
            days = [whole(item, f"{where}.workdays") for item in items(row["workdays"], where)]
            if len(days) != 2 or days[0] > days[1]:
                raise PolicyError(f"{where}.workdays: {days} must be the fewest and the most.")
            found[name] = Channel(
                name=name, workdays=(days[0], days[1]),
                fee=number(row["fee"], f"{where}.fee"),
                monthly_service=number(row["monthly_service"], f"{where}.monthly_service"),
            )  # fmt: skip
        return cls(found)

    def __getitem__(self, name: str) -> Channel:
        """Return a way to pay, or name those that there are."""
        if name not in self.channels:
            raise DataError(
                f"channel {name!r} is not one of {tuple(self.channels)}."
                f"{nearest(name, self.channels)}"
            )
        return self.channels[name]

    def arrives(self, name: str, sent: date, calendar: Workdays) -> tuple[date, date]:
        """Return the first and the last day on which money sent on a day may arrive."""
        fewest, most = self[name].workdays
        return calendar.after(sent, fewest), calendar.after(sent, most)

    def fee_fen(self, name: str, amount_fen: int) -> int:
        """Return what it costs to pay an amount this way."""
        if amount_fen < 0:
            raise DataError(f"amount_fen must be 0 or more, got {amount_fen}.")
        return fen(amount_fen * self[name].fee)
