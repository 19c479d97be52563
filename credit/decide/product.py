"""One product on one day: what it offers whom, at what price, and whether the law allows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from credit.decide.cost import Cap, CostTerms
from credit.decide.decision import DecisionTerms
from credit.decide.eligibility import EligibilityTerms
from credit.decide.funding import FundingTerms
from credit.decide.limit import LimitTerms
from credit.decide.money import exact
from credit.decide.price import PriceTerms
from credit.decide.sources import SourceTerms
from credit.errors import LawError
from credit.policy import InForce
from credit.policy.rules import sound


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductTerms:
    """One product on one day.

    Attributes
    ----------
    name : str
        The policy it came from, ``weilidai+bank``.
    on : date
    decision : DecisionTerms or LawError
        Why the law of the day does not allow the product: nothing is decided under such terms.
    eligibility, limit, price, cost, sources
        Terms of each, read whether the law allows the product or not.
    cap : Cap or None
        On the yearly cost of loans of its type of lender; None where none is in force that day.
    funding : FundingTerms or None
        None where the law refuses the shares.
    apr : tuple of Fraction
        Lowest and highest, as published.
    minutes : float
        To a decision, as published.
    """

    name: str
    on: date
    decision: DecisionTerms | LawError
    eligibility: EligibilityTerms
    limit: LimitTerms
    price: PriceTerms
    cost: CostTerms
    sources: SourceTerms
    cap: Cap | None
    funding: FundingTerms | None
    apr: tuple[Fraction, Fraction]
    minutes: float

    @classmethod
    def of(cls, figures: InForce) -> ProductTerms:
        """Read and check the leaves of the product, and hold it to the law.

        Raises
        ------
        PolicyError
            A leaf is missing or not what it may be.
        """
        cap, funding = None, None
        decision: DecisionTerms | LawError
        try:
            cap = Cap.of(figures)
            funding = FundingTerms.of(figures)
            decision = DecisionTerms.of(figures)
        except LawError as error:
            decision = error
        apr = sound(figures, "product.apr")
        return cls(
            name=figures.policy,
            on=figures.on,
            decision=decision,
            eligibility=EligibilityTerms.of(figures),
            limit=LimitTerms.of(figures),
            price=PriceTerms.of(figures),
            cost=CostTerms.of(figures),
            sources=SourceTerms.of(figures),
            cap=cap,
            funding=funding,
            apr=(exact(apr["min"]), exact(apr["max"])),
            minutes=sound(figures, "product.approval_minutes"),
        )
