"""Repayment: schedules, allocation, the account of a loan, and what surrounds a payment.

Money is integer fen and every sum is exact. An account is a function of its contract and the log
of what happened; see `credit.decide.repay.account.replay`.
"""

from credit.decide.repay.account import Account, Standing, replay
from credit.decide.repay.allocate import (
    BUCKETS,
    Allocation,
    Owed,
    Part,
    WaterfallTerms,
    allocate,
)
from credit.decide.repay.channels import Channel, ChannelTerms, Workdays
from credit.decide.repay.early import EarlyTerms, Settlement
from credit.decide.repay.events import (
    CardChanged,
    DebitFailed,
    Deferred,
    Event,
    Paid,
    Settled,
)
from credit.decide.repay.forbear import ForbearTerms
from credit.decide.repay.late import LateCost, LateTerms, Penalty, late_cost
from credit.decide.repay.lines import Contract, Entry, Record
from credit.decide.repay.minimum import MinimumTerms
from credit.decide.repay.reminders import Reminder, ReminderTerms, calendar, reminders
from credit.decide.repay.retry import RetryTerms
from credit.decide.repay.schedule import (
    FeePlan,
    FeePlanTerms,
    Instalment,
    Loan,
    Schedule,
    schedule,
)
from credit.decide.repay.terms import AccountTerms

__all__ = [
    "BUCKETS",
    "Account",
    "AccountTerms",
    "Allocation",
    "CardChanged",
    "Channel",
    "ChannelTerms",
    "Contract",
    "DebitFailed",
    "Deferred",
    "EarlyTerms",
    "Entry",
    "Event",
    "FeePlan",
    "FeePlanTerms",
    "ForbearTerms",
    "Instalment",
    "LateCost",
    "LateTerms",
    "Loan",
    "MinimumTerms",
    "Owed",
    "Paid",
    "Part",
    "Penalty",
    "Record",
    "Reminder",
    "ReminderTerms",
    "RetryTerms",
    "Schedule",
    "Settled",
    "Settlement",
    "Standing",
    "WaterfallTerms",
    "Workdays",
    "allocate",
    "calendar",
    "late_cost",
    "reminders",
    "replay",
    "schedule",
]
