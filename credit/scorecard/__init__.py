"""Scorecards: a points table from evidence, and one from published weights."""

from credit.explain.parts import BASE
from credit.scorecard.card import Scorecard
from credit.scorecard.gain import segment_gain
from credit.scorecard.logistic import LogisticFit, fit_logistic
from credit.scorecard.options import FusedOptions
from credit.scorecard.policy import PolicyCard
from credit.scorecard.price import price_of_policy, price_of_ranges
from credit.scorecard.range_fit import range_card
from credit.scorecard.ranges import policy_shares
from credit.scorecard.ranks import RankTable
from credit.scorecard.rounding import RangeScale
from credit.scorecard.scale import Scale
from credit.scorecard.segmented import SegmentedScorecard
from credit.scorecard.selection import Selection, Stepwise, WoeOptions
from credit.scorecard.weights import (
    WeightedScore,
    fit_weighted,
    risk_budget,
    weighted_card,
)

__all__ = [
    "BASE",
    "FusedOptions",
    "LogisticFit",
    "PolicyCard",
    "RangeScale",
    "RankTable",
    "Scale",
    "Scorecard",
    "SegmentedScorecard",
    "Selection",
    "Stepwise",
    "WeightedScore",
    "WoeOptions",
    "fit_logistic",
    "fit_weighted",
    "policy_shares",
    "price_of_policy",
    "price_of_ranges",
    "range_card",
    "risk_budget",
    "segment_gain",
    "weighted_card",
]
