"""From a score to a decision: eligibility, fraud rules, limit, price, repayment.

Every figure comes from the policy in force on the day of the decision; no rule holds one. The
standard library is enough here, so that a service decides where it scores.
"""
