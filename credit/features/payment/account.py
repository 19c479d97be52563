"""Beyond the twelve: income, balances, regularity of habits, and how long ago things happened."""

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
    WindowAggregate,
    over,
)
from credit.features.payment.rows import (
    BILL,
    INFLOW,
    MEAN_BALANCE,
    OUTFLOW,
    PAID,
    RECEIVED,
    part,
)

_computed = partial(Expression, dimension="payment")
_windowed = partial(WindowAggregate, dimension="payment", table="payments", days=EACH)
_ever = partial(WindowAggregate, dimension="payment", table="payments", days=None)


def account() -> tuple[Feature, ...]:
    """Return the features of payments that are none of the twelve indicators."""
    return (
        *over((30, 90, 180, 365), _daily_inflow()),
        *over((90, 365), *_income()),
        *over((30, 90, 365), _net_inflow()),
        *over((30, 90), _mean_balance(), _buffer()),
        *_trends(),
        *over((90, 365), *_regularity()),
        *_recency(),
    )


def _daily_inflow() -> Feature:
    return _computed(
        name="payment_daily_inflow_{days}d",
        label="Money received a day, {days} days",
        unit="fen a day",
        null_means="never null: no money received is 0",
        risk=-1,
        reason=Reason(en="Little money is received, {days} days", zh="近{days}天资金流入较少"),
        expression="received / {days}",
        parts=(part("received", INFLOW),),
    )


def _income() -> Iterator[Feature]:
    yield _windowed(
        name="payment_inflow_count_{days}d",
        label="Times money was received, {days} days",
        unit="count",
        null_means="never null: no money received is 0",
        risk=-1,
        reason=Reason(en="Money is seldom received, {days} days", zh="近{days}天资金流入次数较少"),
        measure=Measure(aggregate="count", where=RECEIVED),
    )
    yield _computed(
        name="payment_inflow_largest_share_{days}d",
        label="Largest receipt's share of money received, {days} days",
        unit="share",
        null_means="no money was received in the last {days} days",
        risk=+1,
        reason=Reason(
            en="Income depends on a single receipt, {days} days", zh="近{days}天资金流入集中于单笔"
        ),
        expression="largest / received",
        parts=(
            part("largest", Measure(aggregate="max", value="amount_fen", where=RECEIVED)),
            part("received", INFLOW),
        ),
    )


def _net_inflow() -> Feature:
    return _computed(
        name="payment_net_inflow_{days}d",
        label="Money received less money paid out, {days} days",
        unit="fen",
        null_means="never null: no payment is 0",
        risk=-1,
        reason=Reason(en="More is paid out than received, {days} days", zh="近{days}天资金净流出"),
        action=Action(
            group="money left over",
            direction="raise",
            en="pay out less, so that money received exceeds it by at least {value} in {days} days",
            zh="减少支出，使近{days}天流入比支出多{value}以上",
            days=EACH,
        ),
        expression="received - paid",
        parts=(part("received", INFLOW), part("paid", OUTFLOW)),
    )


def _mean_balance() -> Feature:
    return _windowed(
        name="payment_balance_mean_{days}d",
        label="Mean balance after a payment, {days} days",
        unit="fen",
        null_means="no payment with a known balance in the last {days} days",
        risk=-1,
        reason=Reason(en="Low account balance, {days} days", zh="近{days}天账户平均余额较低"),
        action=Action(
            group="account balance",
            direction="raise",
            en="keep at least {value} in the account on average, over {days} days",
            zh="近{days}天账户平均余额保持在{value}以上",
            days=EACH,
        ),
        measure=MEAN_BALANCE,
    )


def _buffer() -> Feature:
    return _computed(
        name="payment_buffer_days_{days}d",
        label="Days of spending that the mean balance covers, {days} days",
        unit="days",
        null_means="nothing was paid, or no balance was known, in the last {days} days",
        risk=-1,
        reason=Reason(
            en="The balance covers few days of spending, {days} days",
            zh="近{days}天账户余额可覆盖支出天数较少",
        ),
        action=Action(
            group="account balance",
            direction="raise",
            en="keep a balance that covers at least {value} of spending, over {days} days",
            zh="近{days}天账户余额可覆盖{value}以上的支出",
            days=EACH,
        ),
        expression="balance / (paid / {days})",
        parts=(part("balance", MEAN_BALANCE), part("paid", OUTFLOW)),
    )


def _trends() -> Iterator[Feature]:
    yield _computed(
        name="payment_count_trend_30_90",
        label="Payments a day, last 30 days / last 90 days",
        unit="ratio",
        null_means="no payment went through in the last 90 days",
        risk=0,
        reason=Reason(
            en="Payments of the last month became more or less frequent",
            zh="近30天支付频次较近90天变化较大",
        ),
        expression="(recent / 30) / (usual / 90)",
        parts=(
            part("recent", Measure(aggregate="count", where=PAID), 30),
            part("usual", Measure(aggregate="count", where=PAID), 90),
        ),
    )
    yield _computed(
        name="payment_inflow_trend_90_365",
        label="Money received a day, last 90 days / last 365 days",
        unit="ratio",
        null_means="no money was received in the last 365 days",
        risk=-1,
        reason=Reason(en="Money received is falling", zh="近90天资金流入较近365天下降"),
        expression="(recent / 90) / (usual / 365)",
        parts=(part("recent", INFLOW, 90), part("usual", INFLOW, 365)),
    )
    yield _computed(
        name="payment_balance_trend_30_180",
        label="Mean balance, last 30 days / last 180 days",
        unit="ratio",
        null_means="no payment with a known balance in the last 30 days, or all were 0",
        risk=-1,
        reason=Reason(en="The account balance is falling", zh="近30天账户余额较近180天下降"),
        expression="recent / usual",
        parts=(part("recent", MEAN_BALANCE, 30), part("usual", MEAN_BALANCE, 180)),
    )


def _regularity() -> Iterator[Feature]:
    yield _windowed(
        name="payment_weekday_entropy_{days}d",
        label="Evenness of payments over the days of the week (entropy), {days} days",
        unit="nats",
        null_means="no payment went through in the last {days} days",
        risk=0,
        reason=Reason(
            en="Payments fall on unusual days of the week, {days} days",
            zh="近{days}天支付星期分布异常",
        ),
        measure=Measure(aggregate="entropy", value="local_weekday(event_time)", where=PAID),
    )
    yield _windowed(
        name="payment_hour_entropy_{days}d",
        label="Evenness of payments over the hours of the day (entropy), {days} days",
        unit="nats",
        null_means="no payment went through in the last {days} days",
        risk=0,
        reason=Reason(
            en="Payments fall on unusual hours, {days} days", zh="近{days}天支付时段分布异常"
        ),
        measure=Measure(aggregate="entropy", value="local_hour(event_time)", where=PAID),
    )


def _recency() -> Iterator[Feature]:
    yield _ever(
        name="payment_days_since_last",
        label="Days since the last payment",
        unit="days",
        null_means="no payment ever went through",
        risk=0,
        reason=Reason(en="Unusual time since the last payment", zh="距最近一次支付时间异常"),
        measure=Measure(aggregate="days_since_last", where=PAID),
    )
    yield _ever(
        name="payment_days_since_inflow",
        label="Days since money was last received",
        unit="days",
        null_means="no money was ever received",
        risk=+1,
        reason=Reason(en="No money was received for long", zh="较长时间无资金流入"),
        measure=Measure(aggregate="days_since_last", where=RECEIVED),
    )
    yield _ever(
        name="payment_days_since_failed",
        label="Days since a payment last failed",
        unit="days",
        null_means="no payment ever failed",
        risk=-1,
        reason=Reason(en="A payment failed recently", zh="近期有支付失败"),
        action=Action(
            group="no failed payment",
            direction="raise",
            en="let no payment fail until the last one is {value} back",
            zh="避免支付失败，直至距上次失败满{value}",
            since=True,
        ),
        measure=Measure(
            aggregate="days_since_last", where="direction = 'out' and status = 'failed'"
        ),
    )
    yield _ever(
        name="payment_days_since_late_bill",
        label="Days since a bill was last paid late",
        unit="days",
        null_means="no bill was ever paid late",
        risk=-1,
        reason=Reason(en="A household bill was paid late recently", zh="近期生活缴费有逾期"),
        action=Action(
            group="no late bill",
            direction="raise",
            en="pay no household bill late until the last one is {value} back",
            zh="按期缴纳生活账单，直至距上次逾期缴费满{value}",
            since=True,
        ),
        measure=Measure(aggregate="days_since_last", where=f"{BILL} and event_time > due_at"),
    )
