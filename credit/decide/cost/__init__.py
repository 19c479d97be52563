"""The true cost of a loan: components, yearly rates, the table of disclosure, and the cap."""

from credit.decide.cost.breakdown import Breakdown, Item, Offer, cost_breakdown
from credit.decide.cost.burden import BurdenTerms, debt_service_ratio
from credit.decide.cost.cap import (
    Admission,
    Cap,
    admit,
    highest_rate,
    offered_months,
    refuse_above_cap,
)
from credit.decide.cost.disclose import Row, disclosure
from credit.decide.cost.irr import periodic_irr, xirr
from credit.decide.cost.terms import CostTerms, Fee

__all__ = [
    "Admission",
    "Breakdown",
    "BurdenTerms",
    "Cap",
    "CostTerms",
    "Fee",
    "Item",
    "Offer",
    "Row",
    "admit",
    "cost_breakdown",
    "debt_service_ratio",
    "disclosure",
    "highest_rate",
    "offered_months",
    "periodic_irr",
    "refuse_above_cap",
    "xirr",
]
