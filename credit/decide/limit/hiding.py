"""Taking an authorisation back cannot raise a limit by more than a share.

`credit.consent` bounds what hiding gains in points, on average; where the lender may keep the last
limit given under wider consent, the limit itself is bounded, for each person (decision 0010).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from credit.decide.clock import add_months
from credit.decide.leaves import named, number, whole
from credit.policy import InForce


@dataclass(frozen=True, slots=True, kw_only=True)
class HidingTerms:
    """How far a limit may rise over the one known, and for how many months that is remembered."""

    tolerance: Fraction
    months: int

    @classmethod
    def of(cls, figures: InForce) -> HidingTerms:
        """Read ``limit.hiding``."""
        key = "limit.hiding"
        table = named(figures, key, ("tolerance", "months"))
        return cls(
            tolerance=number(table["tolerance"], f"{key}.tolerance"),
            months=whole(table["months"], f"{key}.months"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The last limit given under the widest consent: its day, and the sources seen then."""

    limit_fen: int
    sources: frozenset[str]
    on: date


def most_after_hiding(
    known: Known | None, sources: frozenset[str], day: date, terms: HidingTerms
) -> int | None:
    """Return the most a limit may be, ``floor(known (1 + tolerance))``; None if nothing holds it.

    It is held while a source of the known limit is withheld, whatever else is given instead, and
    until the known limit is older than the months of the policy.
    """
    if known is None or sources >= known.sources or day > add_months(known.on, terms.months):
        return None
    return int(known.limit_fen * (1 + terms.tolerance) // 1)


def remembered(
    known: Known | None, limit_fen: int, seen: tuple[frozenset[str], date], terms: HidingTerms
) -> Known:
    """Return what is known after a limit was given on the sources and the day ``seen``.

    While the known limit holds it stays, so that hiding one source after another gains no more
    than hiding them at once.
    """
    sources, day = seen
    if known is not None and most_after_hiding(known, sources, day, terms) is not None:
        return known
    return Known(limit_fen=limit_fen, sources=sources, on=day)
