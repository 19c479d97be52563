"""The terms of an account as rows of whole numbers, which the fast path of the accounts reads."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import lcm

import numpy as np

from credit import policy
from credit.decide.repay import BUCKETS, AccountTerms
from credit.decide.repay.early import LOCKED
from credit.errors import PolicyError
from credit.policy import Policy
from credit.schema import HOUR, SECOND
from credit.world import season
from credit.world.lender.schedules import MOST_OVER, Contracts, Schedules
from credit.world.options import Ints

CHANNELS = ("balance", "card", "other")
"""Ways of paying in the generated world."""

MINUTE = 60 * SECOND

REFUSED = "refused"
LOCKED_IN, NOT_OFFERED = 1, 2
"""How a way of paying settles: all interest stays due, or not at all; 0 is for a fee."""

MOST_STEPS = 6

(GRACE, FEE, COMPOUNDS, PENALTY, RATE, NPL_ABOVE, DEFERRALS, DEFERRED_MONTHS, ACCRUES, PROBATION,
 FAILURES, LEAST_FEE, STEPS) = (0, 1, 3, 4, 6, 8, 9, 10, 11, 12, 13, 14, 15)  # fmt: skip
ORDER, NPL_ORDER, SETTLE, STEP = 16, 19, 22, 31
WIDTH = STEP + 1 + 2 * MOST_STEPS
"""Places in a row of terms; a share takes two, numerator and denominator. ``SETTLE`` has three for
each way of paying (share, and whether interest is locked), ``STEP`` the common denominator of the
steps and then (days, numerator) of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsInForce:
    """Terms of many loans: a row each, and the records that the rows were made of.

    Loan k goes by ``records[record[k]]``.
    """

    rows: Ints
    records: tuple[AccountTerms, ...]
    record: Ints

    @property
    def debited(self) -> Ints:
        """The time of day of automatic debits, microseconds after midnight, one entry a loan."""
        retries = [terms.retry for terms in self.records]
        at = [one.hour * HOUR + one.minute * MINUTE for one in retries]
        return np.array(at, dtype=np.int64)[self.record]

    @property
    def tries(self) -> Ints:
        """How many debits in a row are tried, one entry a loan."""
        return self.rows[:, FAILURES]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """Loans as they were agreed: contracts, instalments, terms."""

    contracts: Contracts
    plan: Schedules
    terms: TermsInForce


def terms_of(products: tuple[str, ...], product: Ints, contracts: Contracts) -> TermsInForce:
    """Return the terms of loans: those that their product has on the day of the payout.

    Parameters
    ----------
    products : tuple of str
        Policies, as `credit.policy.load` names them.
    product : ndarray
        Position in ``products``, one entry a loan.
    contracts : Contracts
    """
    records: list[AccountTerms] = []
    record = np.zeros(contracts.size, np.int64)
    day = season.local_day(contracts.drawn_at)
    for place, name in enumerate(products):
        mine = np.flatnonzero(product == place)
        since = np.searchsorted(turns(name), day[mine], side="right") - 1
        for version in np.unique(since):
            record[mine[since == version]] = len(records)
            records.append(_account_terms(name, int(version)))
    rows = np.zeros((contracts.size, WIDTH), np.int64)
    pairs, which = np.unique(record * len(contracts.rates) + contracts.rate, return_inverse=True)
    for place, pair in enumerate(pairs):
        terms, rate = divmod(int(pair), len(contracts.rates))
        rows[which == place] = row(records[terms], contracts.rates[rate])
    return TermsInForce(rows=rows, records=tuple(records), record=record)


@cache
def product_policy(name: str) -> Policy:
    """Return a product's policy, read once."""
    return policy.load(name)


@cache
def turns(name: str) -> Ints:
    """Return the local days on which some leaf of a policy begins or ends, in order."""
    days = {season.day_number(leaf.effective_from) for leaf in product_policy(name).leaves}
    ends = (leaf.effective_to for leaf in product_policy(name).leaves)
    days |= {season.day_number(end) for end in ends if end is not None}
    return np.array(sorted(days), dtype=np.int64)


@cache
def _account_terms(name: str, version: int) -> AccountTerms:
    changes = turns(name)  # before the first of them nothing is in force, and the key is named
    on = season.day_of(int(changes[version] if version >= 0 else changes[0] - 1))
    return AccountTerms.of(product_policy(name).at(on))


def row(terms: AccountTerms, daily_rate: Fraction) -> Ints:
    """Return the terms of one account as whole numbers; see the places above."""
    late, forbear = terms.late, terms.forbear
    values = np.zeros(WIDTH, np.int64)
    daily = late.penalty.daily(daily_rate)
    for place, share in ((FEE, late.fee), (PENALTY, daily), (RATE, daily_rate)):
        if share.numerator > MOST_OVER:
            raise PolicyError(
                f"repay.grace.fee or pricing.penalty: at a daily rate of {daily_rate} it makes the "
                f"share {share}, whose numerator is above {MOST_OVER}: what it adds does not fit "
                "into 64 bits. Give it in coarser steps."
            )
        values[place : place + 2] = share.numerator, share.denominator
    values[GRACE] = late.grace_days
    values[COMPOUNDS] = late.penalty.mode == "compound"
    values[NPL_ABOVE] = terms.waterfall.npl_above_days
    values[DEFERRALS], values[DEFERRED_MONTHS] = forbear.max_times, forbear.max_months
    values[ACCRUES] = forbear.interest == "accrues"
    values[PROBATION] = forbear.probation_months
    values[FAILURES], values[LEAST_FEE] = terms.retry.max_failures, terms.early.min_fee_fen
    for place, order in ((ORDER, terms.waterfall.order), (NPL_ORDER, terms.waterfall.npl_order)):
        values[place : place + 3] = [BUCKETS.index(bucket) for bucket in order]
    _settling(values, terms)
    _steps(values, terms)
    return values


def _settling(values: Ints, terms: AccountTerms) -> None:
    for place, channel in enumerate(CHANNELS):
        fee = terms.early.fees.get(channel, REFUSED)
        at = SETTLE + 3 * place
        if isinstance(fee, str):
            values[at : at + 3] = 0, 1, LOCKED_IN if fee == LOCKED else NOT_OFFERED
        else:
            values[at : at + 3] = fee.numerator, fee.denominator, 0


def _steps(values: Ints, terms: AccountTerms) -> None:
    steps = terms.late.penalty.steps
    if len(steps) > MOST_STEPS:
        raise PolicyError(
            f"pricing.penalty: {len(steps)} steps; the generated world knows {MOST_STEPS} at most. "
            "Give fewer."
        )
    common = lcm(*(share.denominator for _, share in steps))
    values[STEPS], values[STEP] = len(steps), common
    for place, (days, share) in enumerate(steps):
        at = STEP + 1 + 2 * place
        values[at : at + 2] = days, int(share * common)
