"""Scorecards: a points table from evidence, and one from published weights."""

from credit.scorecard.card import Scorecard
from credit.scorecard.logistic import LogisticFit, fit_logistic
from credit.scorecard.options import FusedOptions
from credit.scorecard.policy import PolicyCard
from credit.scorecard.ranks import RankTable
from credit.scorecard.scale import Scale
from credit.scorecard.table import BASE

__all__ = [
    "BASE",
    "FusedOptions",
    "LogisticFit",
    "PolicyCard",
    "RankTable",
    "Scale",
    "Scorecard",
    "fit_logistic",
]
