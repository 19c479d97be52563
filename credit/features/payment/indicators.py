"""The twelve payment indicators, each over several windows.

All look at money paid out that went through, unless they say otherwise. What a night is, and
from which amount a payment is large, stands in the policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial
from itertools import pairwise

from credit.feature import (
    EACH,
    WINDOWS,
    Action,
    Expression,
    Feature,
    Measure,
    Reason,
    WindowAggregate,
    over,
)
from credit.features.payment.rows import BILL, INFLOW, OUTFLOW, PAID, part
from credit.policy import Policy

PAYMENT_INDICATORS: tuple[str, ...] = (
    "payment_daily_count", "payment_daily_amount", "payment_large_count", "payment_night_share",
    "payment_active_day_ratio", "payment_amount_cv", "payment_category_entropy",
    "payment_outflow_inflow_ratio", "payment_balance_floor", "payment_bill_on_time_share",
    "payment_failed_share", "payment_amount_trend",
)  # fmt: skip
"""The twelve indicators; each is a family of features over windows."""

MONTHLY = WINDOWS[1:]
"""Windows long enough for a share or a spread to mean something."""

QUARTERLY = WINDOWS[2:]
"""Windows that hold several monthly bills."""

_NONE = "no payment went through in the last {days} days"
_NEVER = "never null: no payment is 0"

_computed = partial(Expression, dimension="payment")
_windowed = partial(WindowAggregate, dimension="payment", table="payments", days=EACH)


def indicators(policy: Policy, on: date) -> tuple[Feature, ...]:
    """Return the twelve indicators under the policy in force on a day."""
    large_yuan = policy.leaf("fraud.review.single_txn", on).value
    return (
        *over(WINDOWS, *_volume()),
        *over(MONTHLY, _large(large_yuan), _at_night(night(policy, on)), _active()),
        *over(MONTHLY, *_spread()),
        *over(MONTHLY, *_account()),
        *over(QUARTERLY, _bills_on_time()),
        *over(MONTHLY, _failed()),
        *(_trend(short, long) for short, long in pairwise((7, 30, 90, 365))),
    )


def night(policy: Policy, on: date) -> str:
    """Return the condition that an event happened at night, from one day into the next."""
    hours = policy.leaf("features.night", on).value
    start, end = hours["start_hour"], hours["end_hour"]
    return f"local_hour(event_time) >= {start} or local_hour(event_time) < {end}"


def _volume() -> Iterator[Feature]:
    yield _computed(
        name="payment_daily_count_{days}d",
        label="Payments a day, {days} days",
        unit="count a day",
        null_means=_NEVER,
        risk=0,
        reason=Reason(en="Unusual number of payments, {days} days", zh="近{days}天支付笔数异常"),
        expression="payments / {days}",
        parts=(part("payments", Measure(aggregate="count", where=PAID)),),
    )
    yield _computed(
        name="payment_daily_amount_{days}d",
        label="Amount paid a day, {days} days",
        unit="fen a day",
        null_means=_NEVER,
        risk=0,
        reason=Reason(en="Unusual amount of payments, {days} days", zh="近{days}天支付金额异常"),
        expression="amount / {days}",
        parts=(part("amount", OUTFLOW),),
    )


def _large(yuan: int) -> Feature:
    return _windowed(
        name="payment_large_count_{days}d",
        label=f"Payments above {yuan:,} yuan, {{days}} days",
        unit="count",
        null_means="never null: no large payment is 0",
        risk=+1,
        reason=Reason(en="Frequent large payments, {days} days", zh="近{days}天大额消费频繁"),
        action=Action(
            group="large payments",
            direction="lower",
            en=f"make at most {{value}} payments above {yuan:,} yuan in {{days}} days",
            zh=f"近{{days}}天单笔超过{yuan}元的支付不超过{{value}}笔",
            days=EACH,
        ),
        measure=Measure(aggregate="count", where=f"{PAID} and amount_fen > {100 * yuan}"),
    )


def _at_night(condition: str) -> Feature:
    return _windowed(
        name="payment_night_share_{days}d",
        label="Share of payments at night, {days} days",
        unit="share",
        null_means=_NONE,
        risk=+1,
        reason=Reason(
            en="Many payments late at night, {days} days", zh="近{days}天夜间交易占比较高"
        ),
        action=Action(
            group="payments at night",
            direction="lower",
            en="make at most {value} of the payments of {days} days at night",
            zh="近{days}天夜间支付占比降至{value}以下",
            days=EACH,
        ),
        measure=Measure(aggregate="count", base=PAID, where=condition, per="1"),
    )


def _active() -> Feature:
    active = Measure(aggregate="distinct", value="local_day(event_time)", where=PAID)
    return _computed(
        name="payment_active_day_ratio_{days}d",
        label="Share of days with a payment, {days} days",
        unit="share",
        null_means=_NEVER,
        risk=-1,
        reason=Reason(en="Few days with any payment, {days} days", zh="近{days}天支付活跃天数较少"),
        # n times 24 hours can touch n + 1 local days.
        expression="least(days / {days}, 1)",
        parts=(part("days", active),),
    )


def _spread() -> Iterator[Feature]:
    yield _computed(
        name="payment_amount_cv_{days}d",
        label="Spread of payment amounts (deviation / mean), {days} days",
        unit="ratio",
        null_means=f"{_NONE}, or all were of zero amount",
        risk=+1,
        reason=Reason(
            en="Payment amounts vary widely, {days} days", zh="近{days}天支付金额波动较大"
        ),
        expression="deviation / mean",
        parts=(
            part("deviation", Measure(aggregate="std", value="amount_fen", where=PAID)),
            part("mean", Measure(aggregate="mean", value="amount_fen", where=PAID)),
        ),
    )
    yield _windowed(
        name="payment_category_entropy_{days}d",
        label="Variety of merchant categories (entropy), {days} days",
        unit="nats",
        null_means="no payment to a merchant in the last {days} days",
        risk=0,
        reason=Reason(
            en="Unusual mix of merchants, {days} days", zh="近{days}天消费商户类别结构异常"
        ),
        measure=Measure(aggregate="entropy", value="category", where=PAID),
    )


def _account() -> Iterator[Feature]:
    yield _computed(
        name="payment_outflow_inflow_ratio_{days}d",
        label="Money paid out / money received, {days} days",
        unit="ratio",
        null_means="no money was received in the last {days} days",
        risk=+1,
        reason=Reason(
            en="Spending is high against income received, {days} days",
            zh="近{days}天支出相对收入偏高",
        ),
        action=Action(
            group="spending against income",
            direction="lower",
            en="pay out at most {value} times the money received in {days} days",
            zh="近{days}天支出不超过流入资金的{value}倍",
            days=EACH,
        ),
        expression="paid / received",
        parts=(part("paid", OUTFLOW), part("received", INFLOW)),
    )
    yield _windowed(
        name="payment_balance_floor_{days}d",
        label="Lowest balance after a payment, {days} days",
        unit="fen",
        null_means="no payment with a known balance in the last {days} days",
        risk=-1,
        reason=Reason(
            en="The account balance fell very low, {days} days",
            zh="近{days}天账户余额曾降至较低水平",
        ),
        action=Action(
            group="lowest balance",
            direction="raise",
            en="leave at least {value} in the account after every payment, for {days} days",
            zh="连续{days}天每笔支付后账户余额不低于{value}",
            days=EACH,
            lasting=True,
        ),
        measure=Measure(aggregate="min", value="balance_fen", where=PAID),
    )


def _bills_on_time() -> Feature:
    return _windowed(
        name="payment_bill_on_time_share_{days}d",
        label="Share of bills paid by their due date, {days} days",
        unit="share",
        null_means="no bill was paid in the last {days} days",
        risk=-1,
        reason=Reason(en="Household bills paid late, {days} days", zh="近{days}天生活缴费存在逾期"),
        action=Action(
            group="household bills",
            direction="raise",
            en="pay household bills by their due date, at least {value} of those of {days} days",
            zh="按期缴纳生活账单，使近{days}天按期比例达到{value}",
            days=EACH,
        ),
        measure=Measure(aggregate="count", base=BILL, where="event_time <= due_at", per="1"),
    )


def _failed() -> Feature:
    return _windowed(
        name="payment_failed_share_{days}d",
        label="Share of payments that failed, {days} days",
        unit="share",
        null_means="no payment was tried in the last {days} days",
        risk=+1,
        reason=Reason(en="Payments that failed, {days} days", zh="近{days}天支付失败占比较高"),
        action=Action(
            group="failed payments",
            direction="lower",
            en="see that payments are covered: at most {value} of those of {days} days fail",
            zh="确保余额充足，使近{days}天支付失败占比降至{value}以下",
            days=EACH,
        ),
        measure=Measure(
            aggregate="count", base="direction = 'out'", where="status = 'failed'", per="1"
        ),
    )


def _trend(short: int, long: int) -> Feature:
    return _computed(
        name=f"payment_amount_trend_{short}_{long}",
        label=f"Amount paid a day, last {short} days / last {long} days",
        unit="ratio",
        null_means=f"no payment went through in the last {long} days, or all were of zero amount",
        risk=0,
        reason=Reason(
            en=f"Spending of the last {short} days differs from that of {long} days",
            zh=f"近{short}天支付水平较近{long}天变化较大",
        ),
        expression=f"(recent / {short}) / (usual / {long})",
        parts=(part("recent", OUTFLOW, short), part("usual", OUTFLOW, long)),
    )
