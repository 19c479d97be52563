"""Gradient boosting under the features' signs."""

from credit.boost.encode import ColumnPlan, Encoder
from credit.boost.model import BoostedModel
from credit.boost.options import BoostOptions
from credit.boost.policy import weighted_booster

__all__ = ["BoostOptions", "BoostedModel", "ColumnPlan", "Encoder", "weighted_booster"]
