"""A synthetic population with known truth, and the best that any model can do in it."""

from credit.world.generate import WorldSummary, generate
from credit.world.options import Shock, WorldOptions
from credit.world.truth import Truth, expected_auc, read, subset_ceilings

__all__ = [
    "Shock", "Truth", "WorldOptions", "WorldSummary", "expected_auc", "generate", "read",
    "subset_ceilings",
]  # fmt: skip
