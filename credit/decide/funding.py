"""Who funds a loan: a lender of its own and a partner, by the shares of the policy."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from credit.decide.money import exact, split
from credit.errors import LawError
from credit.policy import InForce
from credit.policy.rules import sound


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingTerms:
    """The shares of a loan that is funded together; they sum to 1."""

    own: Fraction
    partner: Fraction

    @classmethod
    def of(cls, figures: InForce) -> FundingTerms:
        """Read ``funding.split``, and hold it to ``funding.partner`` where that is in force.

        Raises
        ------
        PolicyError
            The shares do not sum to 1.
        LawError
            The partner's is below the floor.
        """
        shares = sound(figures, "funding.split")
        terms = cls(own=exact(shares["own"]), partner=exact(shares["partner"]))
        key = "funding.partner"
        if key in figures:
            floor = exact(sound(figures, key)["min_share"])
            if terms.partner and terms.partner < floor:
                raise LawError(
                    f"funding.split: the partner's share {float(terms.partner):g} is below the "
                    f"floor of funding.partner, {float(floor):g}. Give it more, or nothing.",
                    key=key,
                    en=f"The partner funds {float(terms.partner):.0%} of a loan; the law asks for "
                    f"{float(floor):.0%} at least.",
                    zh=f"合作方出资比例{float(terms.partner):.0%}低于下限{float(floor):.0%}，依法不得提供。",
                )
        return terms

    def split(self, amount_fen: int) -> dict[str, int]:
        """Return what each side pays out, or is paid back, of an amount: both sum to it."""
        own, partner = split(amount_fen, [self.own, self.partner])
        return {"own": own, "partner": partner}
