"""How much: a limit step by step, the account it becomes, and when it is looked at again."""

from credit.decide.limit.events import (
    Drawn,
    Event,
    FraudFrozen,
    FraudLifted,
    LimitSet,
    Released,
    Repaid,
    Spent,
    TemporaryGranted,
    event_of,
    plain,
)
from credit.decide.limit.family import Pool, PoolRisk, drawn, pool_risk, pooled, repaid
from credit.decide.limit.growth import GrowthTerms, growth
from credit.decide.limit.hiding import HidingTerms, Known, most_after_hiding, remembered
from credit.decide.limit.ledger import Account, LedgerTerms, after, as_of, replay
from credit.decide.limit.review import ReviewTerms, due, next_review, reviewed
from credit.decide.limit.shown import Shown, ShownTerms, shown, usable
from credit.decide.limit.steps import Limit, LimitFacts, limit, place, reproduced
from credit.decide.limit.terms import LimitTerms
from credit.decide.limit.words import NAMES, WORDS, sentence, told

__all__ = [
    "NAMES", "WORDS", "Account", "Drawn", "Event", "FraudFrozen", "FraudLifted", "GrowthTerms",
    "HidingTerms", "Known", "LedgerTerms", "Limit", "LimitFacts", "LimitSet", "LimitTerms", "Pool",
    "PoolRisk", "Released", "Repaid", "ReviewTerms", "Shown", "ShownTerms", "Spent",
    "TemporaryGranted", "after", "as_of", "drawn", "due", "event_of", "growth", "limit",
    "most_after_hiding", "next_review", "place", "plain", "pool_risk", "pooled", "remembered",
    "repaid", "replay", "reproduced", "reviewed", "sentence", "shown", "told", "usable",
]  # fmt: skip
