"""Wealth: what is held, for how long, how steadily, and how often it is moved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
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
from credit.policy import Policy

PRODUCT = ("customer_id", "product_id")
"""A statement is in force until the next one of the same product."""

BALANCE = Measure(aggregate="sum", value="balance_fen")
HELD = Measure(aggregate="sum", value="held_fen")

_NOT_HELD = "nothing is held"

_computed = partial(Expression, dimension="wealth")
_held = partial(StateAsOf, dimension="wealth", table="wealth_positions", latest_by=PRODUCT)
_lots = partial(StateAsOf, dimension="wealth", table="lots")
_ordered = partial(WindowAggregate, dimension="wealth", table="wealth_orders")

_balance = StatePart(name="balance", table="wealth_positions", latest_by=PRODUCT, measure=BALANCE)


def wealth(policy: Policy, on: date) -> tuple[Feature, ...]:
    """Return the features of wealth under the policy in force on a day."""
    level = policy.leaf("features.wealth.stable_classes", on).value["max_risk_level"]
    stable = f"risk_level <= {level}"
    return (
        *_holdings(stable),
        *over((90, 180, 365), _trend()),
        *over((180, 365), _drawdown(), _turnover()),
        *_ages(stable),
        *over((30, 90, 180, 365), *_orders()),
        *over((90, 365), _redemptions(), _churn()),
        *_recency(),
    )


KEEP = Action(
    group="no sale of wealth products",
    direction="raise",
    en="sell no wealth products until the last sale is {value} back",
    zh="暂不赎回理财，直至距上次赎回满{value}",
    since=True,
)
"""To keep what is held; to buy is never asked for."""


def _seldom(en: str, zh: str) -> Action:
    """Return the action of moving less; to hold more is never asked for."""
    group = "orders of wealth products"
    return Action(group=group, direction="lower", en=en, zh=zh, days=EACH)


def _holdings(stable: str) -> Iterator[Feature]:
    yield _held(
        name="wealth_balance",
        label="Value of wealth products held",
        unit="fen",
        null_means="never null: nothing held is 0",
        risk=-1,
        reason=Reason(en="Few savings or investments", zh="理财资产较少"),
        measure=BALANCE,
    )
    yield _held(
        name="wealth_stable_balance",
        label="Value of low-risk products held",
        unit="fen",
        null_means="never null: nothing held is 0",
        risk=-1,
        reason=Reason(en="Little is held in low-risk products", zh="稳健型产品持有金额较少"),
        measure=Measure(aggregate="sum", value="balance_fen", where=stable),
    )
    yield _held(
        name="wealth_stable_share",
        label="Share of holdings in low-risk products",
        unit="share",
        null_means=_NOT_HELD,
        risk=-1,
        reason=Reason(en="A small share is held in low-risk products", zh="稳健型产品占比较低"),
        measure=Measure(aggregate="sum", value="balance_fen", where=stable, per="balance_fen"),
    )
    yield _held(
        name="wealth_mean_risk_level",
        label="Mean risk level of holdings, weighted by value",
        unit="risk level",
        null_means=_NOT_HELD,
        risk=+1,
        reason=Reason(en="Holdings are risky", zh="理财产品风险等级较高"),
        measure=Measure(aggregate="sum", value="risk_level * balance_fen", per="balance_fen"),
    )
    yield _held(
        name="wealth_product_count",
        label="Wealth products held",
        unit="count",
        null_means="never null: nothing held is 0",
        risk=0,
        reason=Reason(en="Unusual number of wealth products", zh="持有理财产品数量异常"),
        measure=Measure(aggregate="count", where="balance_fen > 0"),
    )
    inflow = Measure(
        aggregate="sum", value="amount_fen", where="direction = 'in' and status = 'ok'"
    )
    yield _computed(
        name="wealth_months_of_income",
        label="Holdings in months of money received (mean of 180 days)",
        unit="months",
        null_means="no money was received in the last 180 days",
        risk=-1,
        reason=Reason(en="Savings are small against income", zh="理财资产相对收入较少"),
        expression="balance / (received * 365 / (180 * 12))",
        parts=(
            _balance,
            WindowPart(name="received", table="payments", days=180, measure=inflow),
        ),
    )


def _trend() -> Feature:
    return _computed(
        name="wealth_trend_{days}d",
        label="Holdings now / mean of the statements of {days} days",
        unit="ratio",
        null_means="nothing was held on any statement of the last {days} days",
        risk=-1,
        reason=Reason(en="Holdings are falling, {days} days", zh="近{days}天理财资产呈下降趋势"),
        # The mean total of a statement day is the sum of all balances over those days.
        expression="balance * statements / total",
        parts=(
            _balance,
            _statements("statements", Measure(aggregate="distinct", value="local_day(event_time)")),
            _statements("total", BALANCE),
        ),
    )


def _drawdown() -> Feature:
    return _computed(
        name="wealth_drawdown_{days}d",
        label="Fall of holdings from the highest statement of {days} days",
        unit="share",
        null_means="nothing was held on any statement of the last {days} days",
        risk=+1,
        reason=Reason(
            en="Holdings fell far from their highest, {days} days",
            zh="近{days}天理财资产自高点明显回落",
        ),
        expression="greatest(0, 1 - balance / highest)",
        parts=(
            _balance,
            StatePart(
                name="highest",
                table="statements",
                days=EACH,
                measure=Measure(aggregate="max", value="total_fen"),
            ),
        ),
    )


def _turnover() -> Feature:
    return _computed(
        name="wealth_turnover_{days}d",
        label="Value of orders / mean of the statements, {days} days",
        unit="ratio",
        null_means="nothing was held on any statement of the last {days} days",
        risk=+1,
        reason=Reason(
            en="Much of the holdings is moved, {days} days", zh="近{days}天理财资金周转较快"
        ),
        action=_seldom(
            "move at most {value} times the holdings in {days} days",
            "近{days}天理财申赎金额不超过持有额的{value}倍",
        ),
        expression="ordered * statements / total",
        parts=(
            WindowPart(
                name="ordered",
                table="wealth_orders",
                days=EACH,
                measure=Measure(aggregate="sum", value="amount_fen"),
            ),
            _statements("statements", Measure(aggregate="distinct", value="local_day(event_time)")),
            _statements("total", BALANCE),
        ),
    )


def _ages(stable: str) -> Iterator[Feature]:
    """Yield how long it has been held, sales taking the oldest purchases first."""
    aged = Measure(aggregate="sum", value="held_fen * held_days", per="held_fen")
    yield _lots(
        name="wealth_holding_age_days",
        label="Mean age of holdings, weighted by amount, first in first out",
        unit="days",
        null_means="nothing that was bought is left",
        risk=-1,
        reason=Reason(en="Savings are held for short", zh="理财平均持有时间较短"),
        measure=aged,
    )
    yield _lots(
        name="wealth_stable_holding_age_days",
        label="Mean age of low-risk holdings, weighted by amount, first in first out",
        unit="days",
        null_means="nothing that was bought in low-risk products is left",
        risk=-1,
        reason=Reason(en="Low-risk products are held for short", zh="稳健型产品持有时间较短"),
        measure=Measure(aggregate="sum", value="held_fen * held_days", per="held_fen", base=stable),
    )
    yield _lots(
        name="wealth_oldest_holding_days",
        label="Days since the oldest holding was bought",
        unit="days",
        null_means="nothing that was bought is left",
        risk=-1,
        reason=Reason(en="No savings are held for long", zh="缺少长期持有的理财"),
        measure=Measure(aggregate="max", value="held_days"),
    )
    yield _lots(
        name="wealth_recent_share_90d",
        label="Share of holdings bought in the last 90 days, first in first out",
        unit="share",
        null_means="nothing that was bought is left",
        risk=+1,
        reason=Reason(en="Much of the savings is recent", zh="近90天新增理财占比较高"),
        measure=Measure(aggregate="sum", value="held_fen", where="held_days < 90", per="held_fen"),
    )


def _orders() -> Iterator[Feature]:
    yield _ordered(
        name="wealth_order_count_{days}d",
        label="Orders to buy or sell wealth products, {days} days",
        unit="count",
        null_means="never null: no order is 0",
        risk=+1,
        reason=Reason(
            en="Wealth products are moved often, {days} days", zh="近{days}天理财申赎频繁"
        ),
        action=_seldom(
            "buy or sell wealth products at most {value} times in {days} days",
            "近{days}天理财申购赎回合计不超过{value}次",
        ),
        days=EACH,
        measure=Measure(aggregate="count"),
    )
    yield _ordered(
        name="wealth_net_subscription_{days}d",
        label="Wealth products bought less sold, {days} days",
        unit="fen",
        null_means="never null: no order is 0",
        risk=-1,
        reason=Reason(
            en="More was taken out of savings than put in, {days} days",
            zh="近{days}天理财资金净流出",
        ),
        days=EACH,
        measure=Measure(
            aggregate="sum",
            value="case when side = 'subscribe' then amount_fen else -amount_fen end",
        ),
    )


def _redemptions() -> Feature:
    return _ordered(
        name="wealth_redemption_count_{days}d",
        label="Sales of wealth products, {days} days",
        unit="count",
        null_means="never null: no sale is 0",
        risk=+1,
        reason=Reason(
            en="Wealth products are sold often, {days} days", zh="近{days}天理财赎回频繁"
        ),
        action=_seldom(
            "sell wealth products at most {value} times in {days} days",
            "近{days}天理财赎回不超过{value}次",
        ),
        days=EACH,
        measure=Measure(aggregate="count", where="side = 'redeem'"),
    )


def _churn() -> Feature:
    return _computed(
        name="wealth_churn_{days}d",
        label="Orders for each product held, {days} days",
        unit="ratio",
        null_means=_NOT_HELD,
        risk=+1,
        reason=Reason(
            en="Each product is moved often, {days} days", zh="近{days}天单个理财产品申赎频繁"
        ),
        action=_seldom(
            "order at most {value} times for each product held, in {days} days",
            "{days}天内单个理财产品申赎不超过{value}次",
        ),
        expression="wealth_order_count_{days}d / wealth_product_count",
    )


def _recency() -> Iterator[Feature]:
    for name, side, done, risk, zh in (
        ("redemption", "redeem", "sold", -1, "近期有理财赎回"),
        ("subscription", "subscribe", "bought", +1, "较长时间未购买理财"),
    ):
        yield _ordered(
            name=f"wealth_days_since_{name}",
            label=f"Days since wealth products were last {done}",
            unit="days",
            null_means=f"wealth products were never {done}",
            risk=risk,
            reason=Reason(
                en=f"Wealth products were {'' if risk < 0 else 'not '}{done} recently", zh=zh
            ),
            action=KEEP if side == "redeem" else None,
            days=None,
            measure=Measure(aggregate="days_since_last", where=f"side = '{side}'"),
        )
    yield _ordered(
        name="wealth_holding_days",
        label="Days since wealth products were first bought",
        unit="days",
        null_means="wealth products were never bought",
        risk=-1,
        reason=Reason(en="Short history of saving or investing", zh="理财历史较短"),
        days=None,
        measure=Measure(aggregate="days_since_first", where="side = 'subscribe'"),
    )


def _statements(name: str, measure: Measure) -> WindowPart:
    return WindowPart(name=name, table="wealth_positions", days=EACH, measure=measure)
