"""The table of costs that a person sees before a loan (明示综合融资成本), in English and Chinese.

Its parts are those of the rule in force from 2026-08-01: principal; each item with its way of
charging, standard and payee; the normal cost a year; what is charged only if something happens;
and the statement that nothing else is charged.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from credit.decide.cost.breakdown import Breakdown, Item
from credit.decide.leaves import choice, items
from credit.decide.money import yuan
from credit.decide.sentence import in_language
from credit.feature import Reason
from credit.policy import InForce

Part = Literal["principal", "item", "normal_cost", "contingent", "statement"]
Language = Literal["en", "zh"]

WORDS: dict[str, Reason] = {
    "principal": Reason(en="principal", zh="贷款本金"),
    "received": Reason(en="paid out", zh="实际到账"),
    "interest": Reason(en="interest", zh="利息"),
    "plan_fee": Reason(en="instalment fee", zh="分期手续费"),
    "service": Reason(en="service fee", zh="服务费"),
    "guarantee": Reason(en="guarantee fee", zh="担保费"),
    "insurance": Reason(en="insurance premium", zh="保险费"),
    "channel": Reason(en="fee of the way of paying", zh="还款渠道服务费"),
    "late_fee": Reason(en="late fee", zh="滞纳金"),
    "penalty": Reason(en="penalty beside interest", zh="逾期罚息（另计利息）"),
    "early": Reason(en="fee for settling early ({channel})", zh="提前结清手续费（{channel}）"),
    "channel:balance": Reason(en="from the balance", zh="零钱"),
    "channel:card": Reason(en="by card", zh="银行卡"),
    "channel:instalment_account": Reason(en="instalment account", zh="分期账户"),
    "normal": Reason(en="cost a year if paid as agreed", zh="正常履约年化综合融资成本"),
    "nominal": Reason(en="advertised rate a year", zh="名义年利率"),
    "irr_12": Reason(en="monthly internal rate times 12", zh="月内部收益率乘以 12（单利）"),
    "gap": Reason(en="true cost above the advertised rate", zh="实际成本高于名义利率"),
    "late": Reason(
        en="cost a year of what is overdue, interest included", zh="逾期部分年化成本（含利息）"
    ),
    "no_other_fee": Reason(
        en="No other fee is charged beyond those listed here.",
        zh="除上述费用外，不收取其他任何费用。",
    ),
    "way:at_start": Reason(en="at the start", zh="放款时一次性收取"),
    "way:monthly": Reason(en="each month", zh="按月收取"),
    "way:at_end": Reason(en="on the last due day", zh="末期一次性收取"),
    "way:with_instalments": Reason(en="with the instalments", zh="随各期还款收取"),
    "way:if_late": Reason(en="if overdue", zh="逾期时收取"),
    "way:if_early": Reason(en="if settled early", zh="提前结清时收取"),
    "per:day": Reason(en="{rate} a day", zh="每日 {rate}"),
    "per:principal": Reason(en="{rate} of the principal", zh="本金的 {rate}"),
    "per:remaining": Reason(en="{rate} of the remaining principal", zh="剩余本金的 {rate}"),
    "per:unpaid": Reason(en="{rate} of what is unpaid, once", zh="未还金额的 {rate}（一次性）"),
    "lender": Reason(en="lender", zh="贷款人"),
    "platform": Reason(en="platform", zh="平台"),
    "guarantor": Reason(en="guarantor", zh="担保机构"),
    "insurer": Reason(en="insurer", zh="保险机构"),
}  # fmt: skip
"""Every word of the table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the table; what does not apply is empty."""

    part: Part
    name: str
    amount: str = ""
    way: str = ""
    standard: str = ""
    payee: str = ""

    def plain(self) -> dict[str, str]:
        """Return the line as JSON has it."""
        return asdict(self)


PARTS = (
    "principal", "fees", "way_of_charging", "standard", "payee", "normal_cost_a_year",
    "contingent_costs", "no_other_fee",
)  # fmt: skip
"""What the table holds, as ``comply.disclosure`` names it."""


def check_parts(figures: InForce) -> None:
    """Refuse a policy whose law asks for something that the table does not hold."""
    key = "comply.disclosure"
    if key in figures.leaves:
        for part in items(figures[key], key):
            choice(part, key, PARTS)


def disclosure(cost: Breakdown, language: Language = "en") -> tuple[Row, ...]:
    """Return the table of costs of a loan.

    Parameters
    ----------
    cost : Breakdown
    language : {"en", "zh"}

    Returns
    -------
    tuple of Row
        Principal and payout, an item a line, the yearly rates, what is contingent, the statement.
    """

    def said(code: str, **facts: str) -> str:
        return in_language(WORDS, code, language, **facts)

    def line(part: Part, item: Item) -> Row:
        early = item.code.startswith("early_")
        channel = item.code.removeprefix("early_")
        channel = said(f"channel:{channel}") if f"channel:{channel}" in WORDS else channel
        return Row(
            part=part,
            name=said("early", channel=channel) if early else said(item.code),
            amount="" if item.fen is None else yuan(item.fen),
            way=said(f"way:{item.way}"),
            standard=said(f"per:{item.per}", rate=_percent(item.rate)),
            payee=said(item.payee),
        )

    yearly = {
        "normal": cost.xirr, "irr_12": cost.irr_12, "nominal": cost.nominal, "gap": cost.gap,
    }  # fmt: skip
    return (
        Row(part="principal", name=said("principal"), amount=yuan(cost.principal_fen)),
        Row(part="principal", name=said("received"), amount=yuan(cost.received_fen)),
        *(line("item", item) for item in cost.items),
        *(
            Row(part="normal_cost", name=said(code), standard=f"{rate:.2%}")
            for code, rate in yearly.items()
        ),
        *(line("contingent", item) for item in cost.contingent),
        Row(part="contingent", name=said("late"), standard=f"{cost.late.annual:.2%}"),
        Row(part="statement", name=said("no_other_fee")),
    )


def _percent(rate: float) -> str:
    """Return a rate with as many decimals as it has, six at most."""
    return f"{100 * rate:.6f}".rstrip("0").rstrip(".") + " %"
