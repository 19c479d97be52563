"""Indicators of asking for credit in many places, of shared devices, and of things together."""

from __future__ import annotations

from collections.abc import Iterator

from credit.feature import Expression, GraphStatistic, Measure, Reason
from credit.features.fraud.template import (
    Entity,
    Indicator,
    Template,
    distinct,
    expand,
)

APPLICATIONS = Entity(name="lending", table="applications", en="applications", zh="借款申请")
ACCOUNTS = Entity(name="lending", table="bureau", en="credit accounts elsewhere", zh="他行信贷账户")
LOANS = Entity(name="lending", table="loans", en="loans drawn", zh="借款")


def lending() -> Iterator[Indicator]:
    """Yield who asks and borrows in many places within a short time."""
    yield from expand(APPLICATIONS, _counted("application_count", APPLICATIONS))
    keys = (("lenders", "account_id", "different ones", "不同"),)
    yield from expand(ACCOUNTS, distinct(ACCOUNTS, keys, "30d", "90d"))
    late = (("lenders_late", "case when months_past_due > 0 then account_id end", "late", "逾期"),)
    yield from expand(ACCOUNTS, distinct(ACCOUNTS, late, "90d"))
    yield from expand(LOANS, _counted("loan_count", LOANS))


def _counted(what: str, entity: Entity) -> Iterator[Template]:
    yield Template(
        what=what, measure=Measure(aggregate="count"), windows=("1d", "7d", "90d"),
        unit="count", en=entity.en, zh=f"{entity.zh}次数", used_by=("model", "report"),
    )  # fmt: skip


def devices() -> Iterator[Indicator]:
    """Yield who else is seen on the person's devices."""
    measures = (
        ("count", Measure(aggregate="count"), "devices", "设备数", None),
        ("people_max", Measure(aggregate="max", value="people"), "most people on one device",
         "单设备最多人数", "no device"),
        ("accounts_max", Measure(aggregate="max", value="accounts"), "most accounts on one device",
         "单设备最多账户数", "no device"),
        ("youngest_days", Measure(aggregate="min", value="age_days"),
         "days since the newest device was first seen", "最新设备使用天数", "no device"),
    )  # fmt: skip
    for what, measure, en, zh, null in measures:
        for days in (None, 7):
            end = "" if days is None else f", seen in the last {days} days"
            feature = GraphStatistic(
                name=f"fraud_device_{what}" + ("" if days is None else f"_{days}d"),
                dimension="fraud",
                label=f"{en[0].upper()}{en[1:]}{end}",
                unit="days" if what == "youngest_days" else "count",
                null_means=f"{null}{end}" if null else "never null: none is 0",
                risk=-1 if what == "youngest_days" else +1,
                reason=Reason(
                    en=f"Unusual: {en}{end}", zh=f"{'' if days is None else '近7天'}{zh}异常"
                ),
                ties="devices",
                days=days,
                measure=measure,
            )
            yield Indicator(feature=feature, used_by=("model",))


TOGETHER: tuple[tuple[str, str, str, str, str], ...] = (
    ("new_device_amount_1d", "case when fraud_login_new_device_count_1d > 0 then "
     "fraud_payment_total_amount_1d else 0 end", "fen",
     "amount paid on a day with a new device", "新设备当日支付金额"),
    ("new_device_transfer_1d", "case when fraud_login_new_device_count_1d > 0 then "
     "fraud_transfer_total_amount_1d else 0 end", "fen",
     "amount sent on a day with a new device", "新设备当日转账金额"),
    ("remote_transfer_1d", "coalesce(fraud_login_distance_max_1d, 0) * "
     "fraud_transfer_total_amount_1d", "km times fen",
     "amount sent times the distance between logins, a day", "异地登录当日转账"),
    ("failed_entry_amount_1d", "case when fraud_login_entry_after_failure_count_1d > 0 then "
     "fraud_payment_total_amount_1d else 0 end", "fen",
     "amount paid on a day with a login right after a failed one", "失败后登录当日支付金额"),
    ("passed_through_1d", "least(fraud_inflow_total_amount_1d, fraud_payment_total_amount_1d + "
     "fraud_transfer_total_amount_1d)", "fen",
     "money received and passed on within a day", "当日快进快出金额"),
    ("redeemed_sent_1d", "least(fraud_wealth_redeemed_amount_1d, fraud_transfer_total_amount_1d)",
     "fen", "products sold and the money sent within a day", "当日赎回后转出金额"),
    ("borrowed_and_applied_7d", "fraud_lending_loan_count_7d * fraud_lending_application_count_7d",
     "count squared", "loans times applications of 7 days", "近7天借款与申请"),
    ("payments_per_login_1d", "fraud_payment_count_1d / fraud_login_count_1d", "ratio",
     "payments per login, a day", "当日单次登录支付笔数"),
)  # fmt: skip
"""What several entities say together: name, expression, unit, English, Chinese."""


def together() -> Iterator[Indicator]:
    """Yield the indicators that join several entities."""
    for what, expression, unit, en, zh in TOGETHER:
        feature = Expression(
            name=f"fraud_together_{what}",
            dimension="fraud",
            label=f"{en[0].upper()}{en[1:]}",
            unit=unit,
            null_means="one of what is joined is unknown",
            risk=+1,
            reason=Reason(en=f"Unusual: {en}", zh=f"{zh}异常"),
            expression=expression,
        )
        yield Indicator(feature=feature, used_by=("model",))
