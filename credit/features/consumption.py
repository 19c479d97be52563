"""Consumption: what money is spent on. A purchase is a payment out with a merchant category."""

from __future__ import annotations

from credit.feature import Feature, Measure, Reason, WindowAggregate

PURCHASE = "direction = 'out' and status = 'ok' and category is not null"

_NO_PURCHASE = "no purchase in the last {days} days, or all were of zero amount"


def _share(where: str) -> Measure:
    """Return the share of the amount of purchases that some categories hold."""
    return Measure(
        aggregate="sum", value="amount_fen", base=PURCHASE, where=where, per="amount_fen"
    )


CONSUMPTION: tuple[Feature, ...] = (
    WindowAggregate(
        name="consumption_living_share_90d",
        dimension="consumption",
        label="Share of spending on daily living, 90 days",
        unit="share",
        null_means=_NO_PURCHASE.format(days=90),
        risk=-1,
        reason=Reason(en="Little of the spending is for daily living", zh="日常生活消费占比较低"),
        edges=(0.60,),
        table="payments",
        days=90,
        measure=_share("category = 'living'"),
    ),
    WindowAggregate(
        name="consumption_entertainment_share_90d",
        dimension="consumption",
        label="Share of spending on entertainment, 90 days",
        unit="share",
        null_means=_NO_PURCHASE.format(days=90),
        risk=+1,
        reason=Reason(en="Much of the spending is for entertainment", zh="娱乐消费占比较高"),
        table="payments",
        days=90,
        measure=_share("category = 'entertainment'"),
    ),
    WindowAggregate(
        name="consumption_learning_health_share_180d",
        dimension="consumption",
        label="Share of spending on education and health, 180 days",
        unit="share",
        null_means=_NO_PURCHASE.format(days=180),
        risk=-1,
        reason=Reason(en="Little spending on education and health", zh="教育医疗类消费占比较低"),
        table="payments",
        days=180,
        measure=_share("category in ('education', 'medical')"),
    ),
    WindowAggregate(
        name="consumption_high_risk_share_180d",
        dimension="consumption",
        label="Share of spending on gambling, lotteries and pawn shops, 180 days",
        unit="share",
        null_means=_NO_PURCHASE.format(days=180),
        risk=+1,
        reason=Reason(
            en="Spending on gambling, lotteries or pawn shops", zh="存在博彩、彩票或典当类消费"
        ),
        table="payments",
        days=180,
        measure=_share("category = 'high_risk'"),
    ),
    WindowAggregate(
        name="consumption_merchant_count_90d",
        dimension="consumption",
        label="Different merchants, 90 days",
        unit="count",
        null_means="never null: no merchant is 0",
        risk=0,
        reason=Reason(en="The number of merchants is unusual", zh="消费商户数量异常"),
        table="payments",
        days=90,
        measure=Measure(aggregate="distinct", value="merchant_id", where=PURCHASE),
    ),
    WindowAggregate(
        name="consumption_weekend_share_90d",
        dimension="consumption",
        label="Share of purchases at weekends, 90 days",
        unit="share",
        null_means="no purchase in the last 90 days",
        risk=0,
        reason=Reason(en="The days of purchases are unusual", zh="周末消费占比异常"),
        table="payments",
        days=90,
        measure=Measure(
            aggregate="count", base=PURCHASE, where="local_weekday(event_time) >= 5", per="1"
        ),
    ),
)
"""What money is spent on."""
