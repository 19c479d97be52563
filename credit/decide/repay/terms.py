"""The terms of an account: everything of a policy that a loan's book goes by."""

from __future__ import annotations

from dataclasses import dataclass

from credit.decide.repay.allocate import WaterfallTerms
from credit.decide.repay.early import EarlyTerms
from credit.decide.repay.forbear import ForbearTerms
from credit.decide.repay.late import LateTerms
from credit.decide.repay.retry import RetryTerms
from credit.policy import InForce


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountTerms:
    """Order of payment, lateness, debits, early settlement and forbearance."""

    waterfall: WaterfallTerms
    late: LateTerms
    retry: RetryTerms
    early: EarlyTerms
    forbear: ForbearTerms

    @classmethod
    def of(cls, figures: InForce) -> AccountTerms:
        """Read and check all of them."""
        return cls(
            waterfall=WaterfallTerms.of(figures), late=LateTerms.of(figures),
            retry=RetryTerms.of(figures), early=EarlyTerms.of(figures),
            forbear=ForbearTerms.of(figures),
        )  # fmt: skip
