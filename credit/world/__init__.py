"""A synthetic population with known truth, and the best that any model can do in it."""

from credit.world.fraud.known import FraudTruth, read_fraud
from credit.world.generate import WorldSummary, generate
from credit.world.options import Shock, WorldOptions
from credit.world.truth import Truth, expected_auc, read, subset_ceilings

__all__ = [
    "FraudTruth", "Shock", "Truth", "WorldOptions", "WorldSummary", "expected_auc", "generate",
    "read", "read_fraud", "subset_ceilings",
]  # fmt: skip
