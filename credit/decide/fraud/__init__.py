"""Fraud rules: what an event says by itself, what signals say together, and what is then done.

``signals`` and ``combine`` remember nothing; ``step`` and ``watch`` carry a state that is a
function of the events alone. Which values of which indicators are looked at stands in the policy
(``fraud.lines``); the feature engine computes them (``credit.features.fraud``).
"""

from credit.decide.fraud.figures import OWN, Line
from credit.decide.fraud.reading import duration
from credit.decide.fraud.record import Coach, Event, Signal, Verdict
from credit.decide.fraud.rules import combine, signals
from credit.decide.fraud.terms import FraudTerms, code
from credit.decide.fraud.watch import START, State, step, watch
from credit.decide.fraud.words import WORDS, guide, sentence

__all__ = [
    "OWN", "START", "WORDS", "Coach", "Event", "FraudTerms", "Line", "Signal", "State", "Verdict",
    "code", "combine", "duration", "guide", "sentence", "signals", "step", "watch",
]  # fmt: skip
