"""Why a score is what it is, whether that is true, and what would change it."""

from credit.explain.fidelity import Fidelity, Risk, fidelity, true_reasons
from credit.explain.levers import HORIZON, Lever, RecoursePlan, levers_of
from credit.explain.parts import breakdown, by_dimension, dependence
from credit.explain.reasons import (
    ReasonCode,
    ReasonText,
    Reference,
    cutoff_reference,
    default_texts,
    just_approved,
    population_reference,
    reason_codes,
    reason_texts,
)
from credit.explain.recourse import Change, Offer, SearchOptions, changed, path, recourse
from credit.explain.shares import (
    bootstrap_shares,
    covariance_shares,
    dimension_contributions,
    mean_abs_shares,
    sub_scores,
)
from credit.explain.trees import Agreement, agreement, interventional
from credit.explain.wording import offer_text

__all__ = [
    "HORIZON",
    "Agreement",
    "Change",
    "Fidelity",
    "Lever",
    "Offer",
    "ReasonCode",
    "ReasonText",
    "RecoursePlan",
    "Reference",
    "Risk",
    "SearchOptions",
    "agreement",
    "bootstrap_shares",
    "breakdown",
    "by_dimension",
    "changed",
    "covariance_shares",
    "cutoff_reference",
    "default_texts",
    "dependence",
    "dimension_contributions",
    "fidelity",
    "interventional",
    "just_approved",
    "levers_of",
    "mean_abs_shares",
    "offer_text",
    "path",
    "population_reference",
    "reason_codes",
    "reason_texts",
    "recourse",
    "sub_scores",
    "true_reasons",
]
