"""Repayment: how earlier loans were paid, as far as it was known, and what is owed elsewhere.

People without a record are null, not 0: nobody who never borrowed has paid well. The flag
``repayment_has_loan`` sets repeat customers apart from new ones.
"""

from __future__ import annotations

from datetime import date

from credit.feature import Feature
from credit.features.repayment.elsewhere import elsewhere
from credit.features.repayment.instalments import instalments
from credit.features.repayment.loans import loans
from credit.policy import Policy

__all__ = ["repayment"]


def repayment(policy: Policy, on: date) -> tuple[Feature, ...]:
    """Return the features of repayment under the policy in force on a day."""
    return (*instalments(policy, on), *loans(), *elsewhere())
