"""Consumption: what money is spent on. A purchase is a payment out with a merchant category.

The category of a purchase comes from the table of merchant categories, a data file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial

from credit.feature import (
    EACH,
    Action,
    Expression,
    Feature,
    Measure,
    Reason,
    WindowAggregate,
    WindowPart,
    over,
)
from credit.policy import Policy

PURCHASE = "direction = 'out' and status = 'ok' and category is not null"

SPENT = Measure(aggregate="sum", value="amount_fen", where=PURCHASE)

_NONE = "no purchase in the last {days} days"
_NOTHING = f"{_NONE}, or all were of zero amount"

_computed = partial(Expression, dimension="consumption")
_windowed = partial(WindowAggregate, dimension="consumption", table="payments", days=EACH)


def consumption(policy: Policy, on: date) -> tuple[Feature, ...]:
    """Return the features of consumption under the policy in force on a day."""
    bonus = policy.leaf("features.consumption.living_share_bonus", on).value["threshold"]
    return (
        *(feature for kind in _kinds(bonus) for feature in over(kind.windows, kind.share())),
        *over((30, 90, 365), *_frequencies()),
        *_trends(),
        *_recency(),
        *over((90, 365), *_variety(), *_concentration(), _weekends(), _mean_purchase()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """Some categories of merchants, whose share of spending is a family of features."""

    name: str
    categories: tuple[str, ...]
    windows: tuple[int, ...]
    label: str
    risk: int
    reason: Reason
    edges: tuple[float, ...] = ()
    action: Action | None = None

    def share(self) -> Feature:
        listed = ", ".join(f"'{category}'" for category in self.categories)
        return _windowed(
            name=f"consumption_{self.name}_share_{{days}}d",
            label=f"Share of spending on {self.label}, {{days}} days",
            unit="share",
            null_means=_NOTHING,
            risk=self.risk,
            reason=self.reason,
            edges=self.edges,
            action=self.action,
            measure=Measure(
                aggregate="sum",
                value="amount_fen",
                base=PURCHASE,
                where=f"category in ({listed})",
                per="amount_fen",
            ),
        )


def _kinds(bonus: float) -> Iterator[_Kind]:
    yield _Kind(
        name="living", categories=("living",), windows=(30, 90, 180, 365),
        label="daily living", risk=-1, edges=(bonus,),
        reason=Reason(en="Little of the spending is for daily living, {days} days",
                      zh="近{days}天日常生活消费占比较低"),
        action=Action(
            group="daily living", direction="raise", days=EACH,
            en="spend on little else, so that daily living is at least {value} of spending in "
               "{days} days",
            zh="减少其他开支，使近{days}天日常生活消费占比达到{value}",
        ),
    )  # fmt: skip
    yield _Kind(
        name="entertainment", categories=("entertainment",), windows=(30, 90, 180, 365),
        label="entertainment", risk=+1,
        reason=Reason(en="Much of the spending is for entertainment, {days} days",
                      zh="近{days}天娱乐消费占比较高"),
        action=Action(
            group="entertainment", direction="lower", days=EACH,
            en="spend at most {value} of all spending of {days} days on entertainment",
            zh="近{days}天娱乐消费占比降至{value}以下",
        ),
    )  # fmt: skip
    yield _Kind(
        name="learning_health", categories=("education", "medical"), windows=(90, 180, 365),
        label="education and health", risk=-1,
        reason=Reason(en="Little spending on education and health, {days} days",
                      zh="近{days}天教育医疗类消费占比较低"),
    )  # fmt: skip
    yield _Kind(
        name="education", categories=("education",), windows=(180, 365),
        label="education", risk=-1,
        reason=Reason(en="Little spending on education, {days} days",
                      zh="近{days}天教育类消费占比较低"),
    )  # fmt: skip
    yield _Kind(
        name="medical", categories=("medical",), windows=(180, 365),
        label="health", risk=0,
        reason=Reason(en="Unusual share of spending on health, {days} days",
                      zh="近{days}天医疗类消费占比异常"),
    )  # fmt: skip
    yield _Kind(
        name="high_risk", categories=("high_risk",), windows=(30, 90, 180, 365),
        label="gambling, lotteries and pawn shops", risk=+1,
        reason=Reason(en="Spending on gambling, lotteries or pawn shops, {days} days",
                      zh="近{days}天存在博彩、彩票或典当类消费"),
        action=Action(
            group="gambling, lotteries and pawn shops", direction="lower", days=EACH,
            en="spend at most {value} of all spending of {days} days on gambling, lotteries and "
               "pawn shops",
            zh="近{days}天博彩、彩票及典当类消费占比降至{value}以下",
        ),
    )  # fmt: skip
    yield _Kind(
        name="household", categories=("housing_utilities", "transport"), windows=(90, 365),
        label="housing, utilities and getting around", risk=0,
        reason=Reason(en="Unusual share of spending on housing and transport, {days} days",
                      zh="近{days}天居住交通类消费占比异常"),
    )  # fmt: skip
    yield _Kind(
        name="leisure", categories=("dining", "travel", "shopping"), windows=(90, 365),
        label="dining, travel and shopping", risk=0,
        reason=Reason(en="Unusual share of spending on dining, travel and shopping, {days} days",
                      zh="近{days}天餐饮旅行购物类消费占比异常"),
    )  # fmt: skip


def _frequencies() -> Iterator[Feature]:
    yield _windowed(
        name="consumption_entertainment_count_{days}d",
        label="Purchases of entertainment, {days} days",
        unit="count",
        null_means="never null: none is 0",
        risk=+1,
        reason=Reason(en="Frequent entertainment, {days} days", zh="近{days}天娱乐消费频繁"),
        action=Action(
            group="entertainment",
            direction="lower",
            en="pay for entertainment at most {value} times in {days} days",
            zh="近{days}天娱乐消费不超过{value}次",
            days=EACH,
        ),
        measure=Measure(aggregate="count", where=f"{PURCHASE} and category = 'entertainment'"),
    )
    yield _windowed(
        name="consumption_high_risk_count_{days}d",
        label="Purchases in gambling, lotteries and pawn shops, {days} days",
        unit="count",
        null_means="never null: none is 0",
        risk=+1,
        reason=Reason(
            en="Frequent gambling, lotteries or pawn shops, {days} days",
            zh="近{days}天博彩、彩票或典当类消费频繁",
        ),
        action=Action(
            group="gambling, lotteries and pawn shops",
            direction="lower",
            en="spend on gambling, lotteries or pawn shops at most {value} times in {days} days",
            zh="近{days}天博彩、彩票或典当类消费不超过{value}次",
            days=EACH,
        ),
        measure=Measure(aggregate="count", where=f"{PURCHASE} and category = 'high_risk'"),
    )


def _trends() -> Iterator[Feature]:
    yield _computed(
        name="consumption_living_share_change_30_180",
        label="Share of spending on daily living, last 30 days less last 180 days",
        unit="difference of shares",
        null_means="no purchase in the last 30 days, or all were of zero amount",
        risk=-1,
        reason=Reason(en="Less is spent on daily living than before", zh="日常生活消费占比下降"),
        expression="consumption_living_share_30d - consumption_living_share_180d",
    )
    yield _computed(
        name="consumption_entertainment_share_change_30_180",
        label="Share of spending on entertainment, last 30 days less last 180 days",
        unit="difference of shares",
        null_means="no purchase in the last 30 days, or all were of zero amount",
        risk=+1,
        reason=Reason(en="More is spent on entertainment than before", zh="娱乐消费占比上升"),
        expression="consumption_entertainment_share_30d - consumption_entertainment_share_180d",
    )


def _recency() -> Iterator[Feature]:
    yield WindowAggregate(
        name="consumption_days_since_high_risk",
        dimension="consumption",
        label="Days since spending on gambling, lotteries or pawn shops",
        unit="days",
        null_means="nothing was ever spent on gambling, lotteries or pawn shops",
        risk=-1,
        reason=Reason(
            en="Recent spending on gambling, lotteries or pawn shops",
            zh="近期存在博彩、彩票或典当类消费",
        ),
        action=Action(
            group="no gambling, lotteries or pawn shops",
            direction="raise",
            en="spend nothing on gambling, lotteries or pawn shops until the last time is {value} "
            "back",
            zh="避免博彩、彩票或典当类消费，直至距上次满{value}",
            since=True,
        ),
        table="payments",
        days=None,
        measure=Measure(
            aggregate="days_since_last", where=f"{PURCHASE} and category = 'high_risk'"
        ),
    )


def _variety() -> Iterator[Feature]:
    yield _windowed(
        name="consumption_merchant_count_{days}d",
        label="Different merchants, {days} days",
        unit="count",
        null_means="never null: no merchant is 0",
        risk=0,
        reason=Reason(
            en="Unusual number of merchants, {days} days", zh="近{days}天消费商户数量异常"
        ),
        measure=Measure(aggregate="distinct", value="merchant_id", where=PURCHASE),
    )
    yield _windowed(
        name="consumption_amount_entropy_{days}d",
        label="Evenness of spending over categories (entropy of amounts), {days} days",
        unit="nats",
        null_means=_NOTHING,
        risk=0,
        reason=Reason(
            en="Unusual spread of spending over categories, {days} days",
            zh="近{days}天消费金额类别分布异常",
        ),
        measure=Measure(aggregate="entropy", value="category", weight="amount_fen", where=PURCHASE),
    )


def _concentration() -> Iterator[Feature]:
    largest = partial(Measure, aggregate="largest", weight="amount_fen", where=PURCHASE)
    for name, key, label, zh in (
        ("merchant", "merchant_id", "merchant", "单一商户"),
        ("category", "category", "category", "单一类别"),
    ):
        yield _computed(
            name=f"consumption_top_{name}_share_{{days}}d",
            label=f"Largest {label}'s share of spending, {{days}} days",
            unit="share",
            null_means=_NOTHING,
            risk=0,
            reason=Reason(
                en=f"Spending is concentrated on one {label}, {{days}} days",
                zh=f"近{{days}}天消费集中于{zh}",
            ),
            expression="largest / spent",
            parts=(_part("largest", largest(value=key)), _part("spent", SPENT)),
        )
    yield _windowed(
        name="consumption_merchant_hhi_{days}d",
        label="Concentration of spending on merchants (sum of squared shares), {days} days",
        unit="index",
        null_means=f"{_NOTHING}, or no merchant was known",
        risk=0,
        reason=Reason(
            en="Unusual concentration of merchants, {days} days", zh="近{days}天消费商户集中度异常"
        ),
        measure=Measure(
            aggregate="herfindahl", value="merchant_id", weight="amount_fen", where=PURCHASE
        ),
    )


def _weekends() -> Feature:
    return _windowed(
        name="consumption_weekend_share_{days}d",
        label="Share of purchases at weekends, {days} days",
        unit="share",
        null_means=_NONE,
        risk=0,
        reason=Reason(en="Unusual days of purchases, {days} days", zh="近{days}天周末消费占比异常"),
        measure=Measure(
            aggregate="count", base=PURCHASE, where="local_weekday(event_time) >= 5", per="1"
        ),
    )


def _mean_purchase() -> Feature:
    return _windowed(
        name="consumption_mean_purchase_{days}d",
        label="Mean amount of a purchase, {days} days",
        unit="fen",
        null_means=_NONE,
        risk=0,
        reason=Reason(en="Unusual size of purchases, {days} days", zh="近{days}天单笔消费金额异常"),
        measure=Measure(aggregate="mean", value="amount_fen", where=PURCHASE),
    )


def _part(name: str, measure: Measure) -> WindowPart:
    return WindowPart(name=name, table="payments", days=EACH, measure=measure)
