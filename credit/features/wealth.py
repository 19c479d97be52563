"""Wealth: what is held, how steadily, and how often it is moved."""

from __future__ import annotations

from credit.feature import (
    Expression,
    Feature,
    Measure,
    Reason,
    StateAsOf,
    StatePart,
    WindowAggregate,
    WindowPart,
)

PRODUCT = ("customer_id", "product_id")
"""A statement is in force until the next one of the same product."""

STABLE = "risk_level <= 2"

WEALTH: tuple[Feature, ...] = (
    StateAsOf(
        name="wealth_balance",
        dimension="wealth",
        label="Value of wealth products held",
        unit="fen",
        null_means="never null: nothing held is 0",
        risk=-1,
        reason=Reason(en="Few savings or investments", zh="理财资产较少"),
        table="wealth_positions",
        latest_by=PRODUCT,
        measure=Measure(aggregate="sum", value="balance_fen"),
    ),
    StateAsOf(
        name="wealth_stable_share",
        dimension="wealth",
        label="Share of holdings in low-risk products",
        unit="share",
        null_means="nothing is held",
        risk=-1,
        reason=Reason(en="Little is held in low-risk products", zh="稳健型产品占比较低"),
        table="wealth_positions",
        latest_by=PRODUCT,
        measure=Measure(aggregate="sum", value="balance_fen", where=STABLE, per="balance_fen"),
    ),
    Expression(
        name="wealth_trend_180d",
        dimension="wealth",
        label="Holdings now / mean of the statements of 180 days",
        unit="ratio",
        null_means="nothing was held on any statement of the last 180 days",
        risk=-1,
        reason=Reason(en="Holdings are falling", zh="理财资产呈下降趋势"),
        # The mean total of a statement day is the sum of all balances over those days.
        expression="balance * statements / total",
        parts=(
            StatePart(
                name="balance",
                table="wealth_positions",
                latest_by=PRODUCT,
                measure=Measure(aggregate="sum", value="balance_fen"),
            ),
            WindowPart(
                name="statements",
                table="wealth_positions",
                days=180,
                measure=Measure(aggregate="distinct", value="local_day(event_time)"),
            ),
            WindowPart(
                name="total",
                table="wealth_positions",
                days=180,
                measure=Measure(aggregate="sum", value="balance_fen"),
            ),
        ),
    ),
    WindowAggregate(
        name="wealth_order_count_180d",
        dimension="wealth",
        label="Orders to buy or sell wealth products, 180 days",
        unit="count",
        null_means="never null: no order is 0",
        risk=+1,
        reason=Reason(en="Wealth products are moved often", zh="理财申赎频繁"),
        table="wealth_orders",
        days=180,
        measure=Measure(aggregate="count"),
    ),
    WindowAggregate(
        name="wealth_days_since_redemption",
        dimension="wealth",
        label="Days since wealth products were last sold",
        unit="days",
        null_means="wealth products were never sold",
        risk=-1,
        reason=Reason(en="Wealth products were sold recently", zh="近期有理财赎回"),
        table="wealth_orders",
        days=None,
        measure=Measure(aggregate="days_since_last", where="side = 'redeem'"),
    ),
    WindowAggregate(
        name="wealth_net_subscription_180d",
        dimension="wealth",
        label="Wealth products bought less sold, 180 days",
        unit="fen",
        null_means="never null: no order is 0",
        risk=-1,
        reason=Reason(en="More was taken out of savings than put in", zh="理财资金净流出"),
        table="wealth_orders",
        days=180,
        measure=Measure(
            aggregate="sum",
            value="case when side = 'subscribe' then amount_fen else -amount_fen end",
        ),
    ),
    WindowAggregate(
        name="wealth_holding_days",
        dimension="wealth",
        label="Days since wealth products were first bought",
        unit="days",
        null_means="wealth products were never bought",
        risk=-1,
        reason=Reason(en="Short history of saving or investing", zh="理财持有时间较短"),
        table="wealth_orders",
        days=None,
        measure=Measure(aggregate="days_since_first", where="side = 'subscribe'"),
    ),
)
"""What is held."""
