"""Scorecards: a points table from evidence, and one from published weights."""

from credit.scorecard.card import BASE, Scorecard
from credit.scorecard.logistic import LogisticFit, fit_logistic
from credit.scorecard.policy import PolicyCard
from credit.scorecard.ranks import RankTable
from credit.scorecard.scale import Scale

__all__ = [
    "BASE",
    "LogisticFit",
    "PolicyCard",
    "RankTable",
    "Scale",
    "Scorecard",
    "fit_logistic",
]
