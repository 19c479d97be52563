"""Credit growth value: months of good use raise a limit, by so much a year at most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from credit.decide.leaves import choice, named, number
from credit.errors import DataError, nearest
from credit.policy import InForce

MONTHS = ("good", "overdue", "idle")
"""A month of use in which all was paid in time; one with something overdue; one without use."""

YEAR = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthTerms:
    """How good months add up.

    With g good months and the yearly rise r, the factor is::

        simple    1 + r g / 12
        yearly    (1 + r)^(g // 12) (1 + r (g % 12) / 12)

    so that over any 12 months in a row it rises by r at most, and by r exactly where all are good
    (``simple`` in the first year only). ``pause`` counts no overdue month and goes on from where
    it was; ``reset`` begins again from 0 good months.
    """

    max_annual: Fraction
    on_overdue: str
    compounding: str

    @classmethod
    def of(cls, figures: InForce) -> GrowthTerms:
        """Read ``limit.growth``."""
        key = "limit.growth"
        table = named(figures, key, ("max_annual", "on_overdue", "compounding"))
        return cls(
            max_annual=number(table["max_annual"], f"{key}.max_annual"),
            on_overdue=choice(table["on_overdue"], f"{key}.on_overdue", ("pause", "reset")),
            compounding=choice(table["compounding"], f"{key}.compounding", ("yearly", "simple")),
        )


def good_months(months: Sequence[str], terms: GrowthTerms) -> int:
    """Count the months that make a limit grow, oldest first in ``months`` (`MONTHS`)."""
    good = 0
    for month in months:
        if month not in MONTHS:
            raise DataError(f"months: {month!r} is not one of {MONTHS}.{nearest(month, MONTHS)}")
        if month == "good":
            good += 1
        elif month == "overdue" and terms.on_overdue == "reset":
            good = 0
    return good


def growth(months: Sequence[str], terms: GrowthTerms) -> Fraction:
    """Return the factor that a history of months gives a limit; see `GrowthTerms`."""
    good = good_months(months, terms)
    if terms.compounding == "simple":
        return 1 + terms.max_annual * good / YEAR
    return (1 + terms.max_annual) ** (good // YEAR) * (1 + terms.max_annual * (good % YEAR) / YEAR)
