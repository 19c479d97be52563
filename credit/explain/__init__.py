"""Why a score is what it is: dimension shares, and reasons for a person."""

from credit.explain.reasons import (
    ReasonCode,
    ReasonText,
    Reference,
    cutoff_reference,
    default_texts,
    population_reference,
    reason_codes,
    reason_texts,
)
from credit.explain.shares import (
    bootstrap_shares,
    covariance_shares,
    dimension_contributions,
    mean_abs_shares,
    sub_scores,
)
from credit.explain.trees import Agreement, agreement, interventional

__all__ = [
    "Agreement",
    "ReasonCode",
    "ReasonText",
    "Reference",
    "agreement",
    "bootstrap_shares",
    "covariance_shares",
    "cutoff_reference",
    "default_texts",
    "dimension_contributions",
    "interventional",
    "mean_abs_shares",
    "population_reference",
    "reason_codes",
    "reason_texts",
    "sub_scores",
]
