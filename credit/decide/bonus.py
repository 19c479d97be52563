"""Points that a plug-in may add to a score, none unless it was shown to tell risk."""

from __future__ import annotations

from dataclasses import dataclass

from credit.decide.leaves import named, number, whole
from credit.errors import DataError, PolicyError
from credit.policy import InForce


@dataclass(frozen=True, slots=True, kw_only=True)
class BonusTerms:
    """The most points that low-carbon points may add to a score; 0 by default.

    ``evidence`` is the low end of the interval of what the source adds to the AUC of a score
    without it, as `credit.evaluate.source_values` measures it: above 0, the source tells risk.
    """

    cap: int
    evidence: float

    @classmethod
    def of(cls, figures: InForce) -> BonusTerms:
        """Read ``score.bonus.green``.

        Raises
        ------
        PolicyError
            Points are added, and nothing shows that their source tells risk.
        """
        key = "score.bonus.green"
        table = named(figures, key, ("cap", "evidence"))
        cap = whole(table["cap"], f"{key}.cap")
        evidence = number(table["evidence"], f"{key}.evidence", low=-1)
        if cap > 0 and evidence <= 0:
            raise PolicyError(
                f"{key}: cap {cap} with evidence {float(evidence):g}: points of a source may count "
                "once what it adds to the AUC is above 0 at the low end of its interval "
                "(credit.evaluate.source_values). State that as evidence, or cap = 0."
            )
        return cls(cap=cap, evidence=float(evidence))


def bonus(points: int, terms: BonusTerms) -> int:
    """Return what low-carbon points add to a score: the points, at most the cap."""
    if points < 0:
        raise DataError(f"points must be 0 or more, got {points}.")
    return min(points, terms.cap)
