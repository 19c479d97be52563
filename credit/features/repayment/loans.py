"""Earlier loans: whether there were any, how many, how long ago, and their weight on income."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from credit.feature import (
    EACH,
    Action,
    Expression,
    Feature,
    Measure,
    Reason,
    StateAsOf,
    StatePart,
    WindowAggregate,
    WindowPart,
    over,
)
from credit.features.repayment.instalments import OWED, part

_computed = partial(Expression, dimension="repayment")
_drawn = partial(WindowAggregate, dimension="repayment", table="loans")

INFLOW = Measure(aggregate="sum", value="amount_fen", where="direction = 'in' and status = 'ok'")


def loans() -> tuple[Feature, ...]:
    """Return the features of earlier loans."""
    return (*_history(), *over((90, 365), _recent(), _due_to_inflow()), _owed_in_months())


def _history() -> Iterator[Feature]:
    count = StatePart(
        name="loans", table="loans", latest_by=("loan_id",), measure=Measure(aggregate="count")
    )
    yield _computed(
        name="repayment_has_loan",
        label="Borrowed before",
        unit="flag",
        null_means="never null: 1 for repeat customers, 0 for new ones",
        risk=0,
        reason=Reason(en="Whether there are earlier loans", zh="是否有历史借款"),
        expression="case when loans > 0 then 1 else 0 end",
        parts=(count,),
    )
    yield StateAsOf(
        name="repayment_prior_loan_count",
        dimension="repayment",
        label="Earlier loans",
        unit="count",
        null_means="never null: no earlier loan is 0",
        risk=0,
        reason=Reason(en="The number of earlier loans is unusual", zh="历史借款次数异常"),
        table="loans",
        latest_by=("loan_id",),
        measure=Measure(aggregate="count"),
    )
    yield _drawn(
        name="repayment_max_principal_fen",
        label="Largest earlier loan",
        unit="fen",
        null_means="no earlier loan",
        risk=0,
        reason=Reason(en="Unusual size of earlier loans", zh="历史借款金额异常"),
        days=None,
        measure=Measure(aggregate="max", value="principal_fen"),
    )
    yield _drawn(
        name="repayment_days_since_first_loan",
        label="Days since the first loan",
        unit="days",
        null_means="no earlier loan",
        risk=-1,
        reason=Reason(en="Short credit history", zh="信贷历史较短"),
        days=None,
        measure=Measure(aggregate="days_since_first"),
    )
    yield _drawn(
        name="repayment_days_since_last_loan",
        label="Days since the last loan",
        unit="days",
        null_means="no earlier loan",
        risk=-1,
        reason=Reason(en="Borrowed recently", zh="近期有新增借款"),
        action=Action(
            group="no further loan",
            direction="raise",
            en="draw no loan until the last one is {value} back",
            zh="暂不新增借款，直至距上次借款满{value}",
            since=True,
        ),
        days=None,
        measure=Measure(aggregate="days_since_last"),
    )


def _recent() -> Feature:
    return _drawn(
        name="repayment_loan_count_{days}d",
        label="Loans drawn, {days} days",
        unit="count",
        null_means="never null: no loan is 0",
        risk=+1,
        reason=Reason(en="Loans were drawn often, {days} days", zh="近{days}天借款频繁"),
        action=Action(
            group="further loans",
            direction="lower",
            en="draw no further loan, until at most {value} fall in the last {days} days",
            zh="暂不新增借款，使近{days}天借款不超过{value}笔",
            days=EACH,
        ),
        days=EACH,
        measure=Measure(aggregate="count"),
    )


def _due_to_inflow() -> Feature:
    return _computed(
        name="repayment_due_to_inflow_{days}d",
        label="Instalments fallen due / money received, {days} days",
        unit="ratio",
        null_means="no money was received in the last {days} days",
        risk=+1,
        reason=Reason(
            en="Instalments weigh on income, {days} days", zh="近{days}天还款额占资金流入比例较高"
        ),
        expression="due / received",
        parts=(
            part("due", Measure(aggregate="sum", value="due_fen")),
            WindowPart(name="received", table="payments", days=EACH, measure=INFLOW),
        ),
    )


def _owed_in_months() -> Feature:
    return _computed(
        name="repayment_months_of_income_owed",
        label="Unpaid instalments in months of money received (mean of 180 days)",
        unit="months",
        null_means="no money was received in the last 180 days",
        risk=+1,
        reason=Reason(en="Debts are large against income", zh="负债相对收入较高"),
        action=Action(
            group="what is still owed",
            direction="lower",
            en="repay earlier loans ahead of schedule, until at most {value} months of income are "
            "owed",
            zh="提前偿还历史借款，使未还金额不超过{value}个月收入",
        ),
        expression="owed / (received * 365 / (180 * 12))",
        parts=(
            part("owed", Measure(aggregate="sum", value=OWED), None),
            WindowPart(name="received", table="payments", days=180, measure=INFLOW),
        ),
    )
