"""Indicators of money that moves: payments, transfers, orders of wealth products."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from credit.feature import Measure
from credit.features.fraud.template import (
    Entity,
    Indicator,
    Mark,
    Template,
    bursts,
    counts,
    distinct,
    expand,
    shares,
    since,
    sums,
)
from credit.features.payment.indicators import night
from credit.policy import Policy

PAYMENTS = Entity(
    name="payment", table="payments", base="direction = 'out'", en="payments", zh="支付"
)
INFLOW = Entity(
    name="inflow", table="payments", base="direction = 'in'", en="money received", zh="入账"
)
TRANSFERS = Entity(name="transfer", table="transfers", en="transfers", zh="转账")
ORDERS = Entity(name="wealth", table="wealth_orders", en="wealth orders", zh="理财交易")

_ALL = Mark(name="total", where=None, en="", zh="")


def payments(policy: Policy, on: date) -> Iterator[Indicator]:
    """Yield the indicators of payments, made and received."""
    figures = policy.leaf("fraud.new_payee", on).value
    large = 100 * policy.leaf("fraud.review.single_txn", on).value
    at_night = night(policy, on)
    new_payee = f"payee_age_days < {figures['below_days']}"
    borne = (
        Mark(name="failed", where="status = 'failed'", en="that failed", zh="失败"),
        Mark(name="night", where=at_night, en="at night", zh="夜间"),
        Mark(name="large", where=f"amount_fen > {large}", en="of a large amount", zh="大额"),
        Mark(
            name="risky_merchant", where="merchant_class = 'C'", en="to merchants of class C",
            zh="C类商户",
        ),
        Mark(name="new_payee", where=new_payee, en="to new payees", zh="新收款人"),
        Mark(
            name="high_risk", where="category = 'high_risk'", en="to high-risk categories",
            zh="高风险类别",
        ),
        Mark(name="financial", where="category = 'financial'", en="to finance", zh="金融类"),
        Mark(
            name="device_change", where="device_id <> previous(device_id)",
            en="from another device than before", zh="换设备",
        ),
        Mark(
            name="new_device",
            where="times_seen(device_id) = 0 and previous(event_time) is not null",
            en="from a new device", zh="新设备",
        ),
        Mark(
            name="repeated", where="amount_fen = previous(amount_fen)",
            en="of the same amount as the one before", zh="同额连续",
        ),
    )  # fmt: skip
    yield from expand(PAYMENTS, counts(PAYMENTS, borne, "1h", "1d", "30d"))
    yield from expand(PAYMENTS, sums(PAYMENTS, (_ALL,), "1d", "30d"))
    spread = ("night", "new_payee", "financial")  # of the others, the amount ranks as the count
    yield from expand(PAYMENTS, sums(PAYMENTS, [m for m in borne if m.name in spread], "30d"))
    yield from expand(PAYMENTS, shares(PAYMENTS, borne, "90d"))
    yield from expand(PAYMENTS, since(PAYMENTS, borne[3:9]))
    yield from expand(PAYMENTS, _amounts(PAYMENTS, "7d", "90d"))
    yield from expand(PAYMENTS, _activity(PAYMENTS, "1h", "1d", "7d", "30d"))
    shops = (("merchants", "merchant_id", "merchants", "商户"),)
    yield from expand(PAYMENTS, distinct(PAYMENTS, shops, "30d", "90d"))
    kinds = (("categories", "mcc", "kinds of merchants", "商户类别"),)
    yield from expand(PAYMENTS, distinct(PAYMENTS, kinds, "90d"))
    keys = (("devices", "device_id", "devices", "设备"),)
    yield from expand(PAYMENTS, distinct(PAYMENTS, keys, "1d", "7d", "90d"))
    yield from bursts(
        PAYMENTS,
        (
            ("count", "payments", "支付笔数"),
            ("total_amount", "amount paid", "支付金额"),
        ),
    )
    yield from expand(INFLOW, _activity(INFLOW, "7d", "30d"))
    yield from expand(INFLOW, sums(INFLOW, (_ALL,), "1d", "7d", "30d"))


def transfers(policy: Policy, on: date) -> Iterator[Indicator]:
    """Yield the indicators of money sent to other people."""
    large = 100 * policy.leaf("fraud.review.single_txn", on).value
    borne = (
        Mark(name="night", where=night(policy, on), en="at night", zh="夜间"),
        Mark(name="large", where=f"amount_fen > {large}", en="of a large amount", zh="大额"),
        Mark(
            name="new_receiver",
            where="times_seen(counterparty_id) = 0 and previous(event_time) is not null",
            en="to somebody for the first time", zh="首次收款人",
        ),
        Mark(
            name="repeated", where="counterparty_id = previous(counterparty_id)",
            en="to the same person as the one before", zh="同一收款人连续", risk=0,
        ),
    )  # fmt: skip
    yield from expand(TRANSFERS, counts(TRANSFERS, borne, "1h", "1d", "30d"))
    yield from expand(TRANSFERS, sums(TRANSFERS, (_ALL,), "1d", "30d"))
    yield from expand(TRANSFERS, shares(TRANSFERS, borne, "90d"))
    yield from expand(TRANSFERS, _amounts(TRANSFERS, "7d", "90d"))
    yield from expand(TRANSFERS, _activity(TRANSFERS, "1h", "7d", "30d"))
    keys = (("receivers", "counterparty_id", "receivers", "收款人"),)
    yield from expand(TRANSFERS, distinct(TRANSFERS, keys, "1d", "7d", "90d"))


def orders(policy: Policy, on: date) -> Iterator[Indicator]:
    """Yield the indicators of orders of wealth products: who empties an account sells first."""
    stable = policy.leaf("features.wealth.stable_classes", on).value["max_risk_level"]
    borne = (
        Mark(name="redeemed", where="side = 'redeem'", en="that sold", zh="赎回"),
        Mark(
            name="risky", where=f"side = 'subscribe' and risk_level > {stable}",
            en="that bought risky products", zh="申购高风险产品",
        ),
    )  # fmt: skip
    yield from expand(ORDERS, sums(ORDERS, borne[:1], "1d", "7d", "30d"))
    yield from expand(ORDERS, counts(ORDERS, borne[1:], "1d", "7d", "30d"))


def _activity(entity: Entity, *windows: str) -> Iterator[Template]:
    yield Template(
        what="count", measure=Measure(aggregate="count"), windows=windows, unit="count",
        en=entity.en if entity.name != "inflow" else "times that money was received",
        zh=f"{entity.zh}笔数", used_by=("model", "report"),
    )  # fmt: skip


def _amounts(entity: Entity, *windows: str) -> Iterator[Template]:
    yield Template(
        what="amount_max", measure=Measure(aggregate="max", value="amount_fen"), windows=windows,
        unit="fen", en=f"largest of {entity.en}", zh=f"{entity.zh}最大单笔金额",
        null=f"no {entity.en}",
    )  # fmt: skip
    yield Template(
        what="amount_mean", measure=Measure(aggregate="mean", value="amount_fen"),
        windows=windows[-2:], unit="fen", en=f"mean amount of {entity.en}",
        zh=f"{entity.zh}平均单笔金额", null=f"no {entity.en}",
    )  # fmt: skip
