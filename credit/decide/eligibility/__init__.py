"""Who may apply: rules on age, identity, accounts, time, the register, scores and evidence."""

from credit.decide.eligibility.facts import (
    Accounts,
    Applicant,
    BankAccount,
    Inquiry,
    PastDue,
    Report,
    TradeLine,
    Verifier,
)
from credit.decide.eligibility.rules import WAITING, eligibility, standing
from credit.decide.eligibility.terms import EligibilityTerms, LeastScore
from credit.decide.eligibility.words import NAMES, WORDS, sentence

__all__ = [
    "NAMES", "WAITING", "WORDS", "Accounts", "Applicant", "BankAccount", "EligibilityTerms",
    "Inquiry", "LeastScore", "PastDue", "Report", "TradeLine", "Verifier", "eligibility",
    "sentence", "standing",
]  # fmt: skip
