"""Credit accounts elsewhere, as a register shows them: the table ``bureau``.

A statement of an account is in force until the next one of the same account.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from credit.feature import EACH, Action, Feature, Measure, Reason, StateAsOf, WindowAggregate, over

ACCOUNT = ("customer_id", "account_id")

_latest = partial(StateAsOf, dimension="repayment", table="bureau", latest_by=ACCOUNT)
_windowed = partial(WindowAggregate, dimension="repayment", table="bureau", days=EACH)

_NO_ACCOUNT = "no account is known to the register"


def elsewhere() -> tuple[Feature, ...]:
    """Return the features of accounts elsewhere."""
    return (*_now(), *over((180, 365, 730), *_past()))


def _now() -> Iterator[Feature]:
    yield _latest(
        name="repayment_bureau_account_count",
        label="Credit accounts known to the register",
        unit="count",
        null_means="never null: no account is 0",
        risk=0,
        reason=Reason(en="Unusual number of credit accounts", zh="信贷账户数量异常"),
        measure=Measure(aggregate="count"),
    )
    yield _latest(
        name="repayment_bureau_overdue_accounts",
        label="Share of accounts past due on their latest statement",
        unit="share",
        null_means=_NO_ACCOUNT,
        risk=+1,
        reason=Reason(en="Credit accounts are past due", zh="信贷账户当前逾期"),
        action=Action(
            group="accounts elsewhere",
            direction="lower",
            en="bring all credit accounts elsewhere up to date",
            zh="结清其他机构信贷账户的逾期",
            goal=0.0,
        ),
        measure=Measure(aggregate="count", where="months_past_due >= 1", per="1"),
    )
    yield _latest(
        name="repayment_bureau_utilisation",
        label="Balances / limits over all accounts with a limit",
        unit="share",
        null_means="no account with a limit",
        risk=+1,
        reason=Reason(en="Credit lines are used up", zh="授信使用率较高"),
        action=Action(
            group="credit lines",
            direction="lower",
            en="pay balances down, until at most {value} of all credit lines is used",
            zh="偿还余额，使授信总使用率降至{value}以下",
        ),
        measure=Measure(
            aggregate="sum", value="balance_fen", base="limit_fen > 0", per="limit_fen"
        ),
    )
    yield _latest(
        name="repayment_bureau_max_utilisation",
        label="Highest balance / limit of an account",
        unit="share",
        null_means="no account with a limit and a balance",
        risk=+1,
        reason=Reason(en="A credit line is used up", zh="单个账户授信使用率较高"),
        action=Action(
            group="credit lines",
            direction="lower",
            en="pay balances down, until at most {value} of any credit line is used",
            zh="偿还余额，使单个账户授信使用率降至{value}以下",
        ),
        measure=Measure(aggregate="max", value="balance_fen / limit_fen"),
    )
    yield _latest(
        name="repayment_bureau_balance_fen",
        label="Balances owed over all accounts",
        unit="fen",
        null_means="never null: nothing owed is 0",
        risk=0,
        reason=Reason(en="Unusual amount owed elsewhere", zh="其他机构负债金额异常"),
        measure=Measure(aggregate="sum", value="balance_fen"),
    )


def _past() -> Iterator[Feature]:
    yield _windowed(
        name="repayment_bureau_max_months_past_due_{days}d",
        label="Most payments missed on a statement, {days} days",
        unit="months",
        null_means="no statement in the last {days} days",
        risk=+1,
        reason=Reason(
            en="An account elsewhere was far past due, {days} days",
            zh="近{days}天征信最长逾期月数较长",
        ),
        measure=Measure(aggregate="max", value="months_past_due"),
    )
    yield _windowed(
        name="repayment_bureau_past_due_share_{days}d",
        label="Share of statements past due, {days} days",
        unit="share",
        null_means="no statement in the last {days} days",
        risk=+1,
        reason=Reason(
            en="Accounts elsewhere were past due, {days} days", zh="近{days}天征信逾期占比较高"
        ),
        measure=Measure(aggregate="count", where="months_past_due >= 1", per="1"),
    )
