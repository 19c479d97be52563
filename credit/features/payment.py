"""Payment behaviour: the twelve indicators.

All look at money paid out that went through, unless they say otherwise. A night is 23:00 to
06:00 local time, a large payment is above 5,000 yuan.
"""

from __future__ import annotations

from credit.feature import (
    Expression,
    Feature,
    Measure,
    Reason,
    WindowAggregate,
    WindowPart,
)

PAID = "direction = 'out' and status = 'ok'"
RECEIVED = "direction = 'in' and status = 'ok'"
BILL = f"{PAID} and due_at is not null"
NIGHT = "local_hour(event_time) >= 23 or local_hour(event_time) < 6"
LARGE_FEN = 500_000

_NO_PAYMENT = "no payment went through in the last 90 days"


def _paid(name: str, measure: Measure, days: int = 90) -> WindowPart:
    """Return a part of an expression: a measure over payments."""
    return WindowPart(name=name, table="payments", days=days, measure=measure)


PAYMENT: tuple[Feature, ...] = (
    Expression(
        name="payment_daily_count_90d",
        dimension="payment",
        label="Payments a day, 90 days",
        unit="count a day",
        null_means="never null: no payment is 0",
        risk=0,
        reason=Reason(en="The number of recent payments is unusual", zh="近期支付笔数异常"),
        expression="payments / 90",
        parts=(_paid("payments", Measure(aggregate="count", where=PAID)),),
    ),
    Expression(
        name="payment_daily_amount_90d",
        dimension="payment",
        label="Amount paid a day, 90 days",
        unit="fen a day",
        null_means="never null: no payment is 0",
        risk=0,
        reason=Reason(en="The amount of recent payments is unusual", zh="近期支付金额异常"),
        expression="amount / 90",
        parts=(_paid("amount", Measure(aggregate="sum", value="amount_fen", where=PAID)),),
    ),
    WindowAggregate(
        name="payment_large_count_90d",
        dimension="payment",
        label="Payments above 5,000 yuan, 90 days",
        unit="count",
        null_means="never null: no large payment is 0",
        risk=+1,
        reason=Reason(en="Frequent large payments", zh="大额消费频繁"),
        table="payments",
        days=90,
        measure=Measure(aggregate="count", where=f"{PAID} and amount_fen > {LARGE_FEN}"),
    ),
    WindowAggregate(
        name="payment_night_share_90d",
        dimension="payment",
        label="Share of payments at night, 90 days",
        unit="share",
        null_means=_NO_PAYMENT,
        risk=+1,
        reason=Reason(en="Many payments late at night", zh="夜间交易占比较高"),
        table="payments",
        days=90,
        measure=Measure(aggregate="count", base=PAID, where=NIGHT, per="1"),
    ),
    Expression(
        name="payment_active_day_ratio_90d",
        dimension="payment",
        label="Share of days with a payment, 90 days",
        unit="share",
        null_means="never null: no payment is 0",
        risk=-1,
        reason=Reason(en="Few days with any payment", zh="支付活跃天数较少"),
        # 90 times 24 hours can touch 91 local days.
        expression="least(days / 90, 1)",
        parts=(
            _paid("days", Measure(aggregate="distinct", value="local_day(event_time)", where=PAID)),
        ),
    ),
    Expression(
        name="payment_amount_cv_90d",
        dimension="payment",
        label="Spread of payment amounts (deviation / mean), 90 days",
        unit="ratio",
        null_means=f"{_NO_PAYMENT}, or all were of zero amount",
        risk=+1,
        reason=Reason(en="Payment amounts vary widely", zh="支付金额波动较大"),
        expression="deviation / mean",
        parts=(
            _paid("deviation", Measure(aggregate="std", value="amount_fen", where=PAID)),
            _paid("mean", Measure(aggregate="mean", value="amount_fen", where=PAID)),
        ),
    ),
    WindowAggregate(
        name="payment_category_entropy_90d",
        dimension="payment",
        label="Variety of merchant categories (entropy), 90 days",
        unit="nats",
        null_means="no payment to a merchant in the last 90 days",
        risk=0,
        reason=Reason(en="The mix of merchants is unusual", zh="消费商户类别结构异常"),
        table="payments",
        days=90,
        measure=Measure(aggregate="entropy", value="category", where=PAID),
    ),
    Expression(
        name="payment_outflow_inflow_ratio_90d",
        dimension="payment",
        label="Money paid out / money received, 90 days",
        unit="ratio",
        null_means="no money was received in the last 90 days",
        risk=+1,
        reason=Reason(en="Spending is high against income received", zh="支出相对收入偏高"),
        expression="paid / received",
        parts=(
            _paid("paid", Measure(aggregate="sum", value="amount_fen", where=PAID)),
            _paid("received", Measure(aggregate="sum", value="amount_fen", where=RECEIVED)),
        ),
    ),
    WindowAggregate(
        name="payment_balance_floor_90d",
        dimension="payment",
        label="Lowest balance after a payment, 90 days",
        unit="fen",
        null_means="no payment with a known balance in the last 90 days",
        risk=-1,
        reason=Reason(en="The account balance fell very low", zh="账户余额曾降至较低水平"),
        table="payments",
        days=90,
        measure=Measure(aggregate="min", value="balance_fen", where=PAID),
    ),
    WindowAggregate(
        name="payment_bill_on_time_share_180d",
        dimension="payment",
        label="Share of bills paid by their due date, 180 days",
        unit="share",
        null_means="no bill was paid in the last 180 days",
        risk=-1,
        reason=Reason(en="Household bills paid late", zh="生活缴费存在逾期"),
        table="payments",
        days=180,
        measure=Measure(aggregate="count", base=BILL, where="event_time <= due_at", per="1"),
    ),
    WindowAggregate(
        name="payment_failed_share_90d",
        dimension="payment",
        label="Share of payments that failed, 90 days",
        unit="share",
        null_means="no payment was tried in the last 90 days",
        risk=+1,
        reason=Reason(en="Payments that failed", zh="支付失败次数较多"),
        table="payments",
        days=90,
        measure=Measure(
            aggregate="count", base="direction = 'out'", where="status = 'failed'", per="1"
        ),
    ),
    Expression(
        name="payment_amount_trend_30_90",
        dimension="payment",
        label="Amount paid a day, last 30 days / last 90 days",
        unit="ratio",
        null_means=f"{_NO_PAYMENT}, or all were of zero amount",
        risk=0,
        reason=Reason(en="Spending changed in the last month", zh="近一个月支付水平变化较大"),
        expression="(recent / 30) / (usual / 90)",
        parts=(
            _paid("recent", Measure(aggregate="sum", value="amount_fen", where=PAID), days=30),
            _paid("usual", Measure(aggregate="sum", value="amount_fen", where=PAID)),
        ),
    ),
)
"""The twelve payment indicators."""
