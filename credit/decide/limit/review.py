"""When each factor of a limit is looked at again: the slower of the product's cycle and its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from credit.decide.clock import add_months, whole_months
from credit.decide.leaves import named, whole
from credit.decide.limit.steps import LimitFacts
from credit.errors import DataError, nearest
from credit.policy import InForce

FACTORS: Mapping[str, tuple[str, ...]] = {
    "base": ("income_fen",),
    "scenario": ("scenario",),
    "occupation": ("occupation", "place"),
    "assets": ("assets",),
    "growth": ("months",),
    "repayment": ("good_periods", "bad_periods"),
}
"""Factor -> the facts it is computed from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewTerms:
    """Months between reviews, of the product and of each factor; 0 is at any time."""

    product: int
    factors: Mapping[str, int]

    @classmethod
    def of(cls, figures: InForce) -> ReviewTerms:
        """Read ``limit.review_cycle.product`` and ``limit.review_cycle.factors``."""
        product, factors = "limit.review_cycle.product", "limit.review_cycle.factors"
        table = named(figures, factors, tuple(FACTORS))
        return cls(
            product=whole(figures[product], product),
            factors={name: whole(months, f"{factors}.{name}") for name, months in table.items()},
        )

    def cycle(self, factor: str) -> int:
        """Return the months between reviews of a factor: the slower cycle decides."""
        if factor not in self.factors:
            raise DataError(f"no factor {factor!r}.{nearest(factor, self.factors)}")
        return max(self.product, self.factors[factor])


def due(factor: str, start: date, last: date, day: date, terms: ReviewTerms) -> bool:
    """Return whether a factor is due for review on a day.

    Reviews fall every ``cycle`` months after ``start``, the day of the first limit, counted from
    it, so that one of the 31st does not drift; ``last`` is the day of the last review.
    """
    cycle = terms.cycle(factor)
    if cycle == 0:
        return True
    return whole_months(start, day) // cycle > whole_months(start, last) // cycle


def next_review(factor: str, start: date, last: date, terms: ReviewTerms) -> date:
    """Return the next day on which a factor is due; the day of the last review if at any time."""
    cycle = terms.cycle(factor)
    if cycle == 0:
        return last
    return add_months(start, (whole_months(start, last) // cycle + 1) * cycle)


def reviewed(before: LimitFacts, now: LimitFacts, factors: Collection[str]) -> LimitFacts:
    """Return today's facts with those of factors that are not due as they were."""
    kept: dict[str, Any] = {
        name: getattr(before, name)
        for factor, names in FACTORS.items()
        if factor not in factors
        for name in names
    }
    return replace(now, **kept)
