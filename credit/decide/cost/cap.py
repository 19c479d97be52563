"""The gate: what costs more a year than the law allows is refused, item by item.

A product is judged when its terms are read, by the dearest loan it can make: the highest daily
rate over each of its terms, and each of its instalment plans, with the fees of every loan. A way
of paying that would lift a loan above the cap is withheld; the product stands without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import get_args

from credit.decide.cost.breakdown import Breakdown, Offer, cost_breakdown
from credit.decide.cost.disclose import Language, check_parts, disclosure
from credit.decide.cost.terms import CostTerms, Fee
from credit.decide.leaves import items, named, number, table, whole
from credit.decide.money import yuan
from credit.decide.price import band
from credit.decide.repay.channels import ChannelTerms
from credit.decide.repay.schedule import FeePlanTerms, Loan, schedule
from credit.errors import LawError
from credit.policy import InForce

YARDSTICK_FEN = 1_000_000
"""Principal on which a product is judged; rates do not depend on it but for rounding to the fen."""

ROUNDING = 1e-9
"""By so much a computed rate may pass a cap that it equals."""


WAY_OUT = "Lower a rate or a fee, or do not offer it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """The highest all-in cost a year, and where it comes from."""

    rate: Fraction
    lender: str
    source: str

    @classmethod
    def of(cls, figures: InForce) -> Cap | None:
        """Return the cap in force for the product's type of lender; None where no law is laid over.

        Raises
        ------
        LawError
            Caps are in force, and none of them is for this type of lender: that is no leave to
            charge anything.
        """
        key = "comply.apr_cap"
        if key not in figures.leaves:
            return None
        caps, lender = figures[key], str(figures["product.lender_type"])
        table(caps, key, tuple(caps))
        if lender not in caps:
            raise LawError(
                f"{key}: no cap for lenders of type {lender!r} on {figures.on}, only for "
                f"{tuple(caps)}. Without one the product cannot be judged, and is refused.",
                key=key,
                en=f"No cap on the cost is known for its type of lender ({lender}) on "
                f"{figures.on}, so it cannot be judged.",
                zh=f"{figures.on}没有适用于{lender}类放贷机构的成本上限，无法认定该产品合规，故不得提供。",
            )
        rate = number(caps[lender], f"{key}.{lender}", high=10)
        return cls(rate=rate, lender=lender, source=figures.leaf(key).source)

    def allows(self, cost: Breakdown) -> bool:
        """Whether a loan costs no more a year than the cap, measured as its terms say."""
        return cost.annual <= float(self.rate) + ROUNDING


def refuse_above_cap(cost: Breakdown, cap: Cap, way_out: str = WAY_OUT) -> None:
    """Refuse a loan whose all-in cost a year is above the cap.

    Parameters
    ----------
    cost : Breakdown
    cap : Cap
    way_out : str
        How the refusal ends.

    Raises
    ------
    LawError
        It is; the sentence lists every item with its standard, amount and payee.
    """
    if cap.allows(cost):
        return
    made_of = "; ".join(
        f"{item.code} {item.rate:.6g} per {item.per} {item.way} = {yuan(item.fen or 0)} yuan to "
        f"the {item.payee}"
        for item in cost.items
    )
    en, zh = _told(cost, cap)
    raise LawError(
        f"{cost.name}: all-in cost {cost.annual:.2%} a year ({cost.measure}) is above the cap of "
        f"{float(cap.rate):.2%} for {cap.lender} lenders ({cap.source}). On "
        f"{yuan(cost.principal_fen)} yuan over {cost.months} months: {made_of}. {way_out}",
        key="comply.apr_cap",
        en=en,
        zh=zh,
    )


def _told(cost: Breakdown, cap: Cap) -> tuple[str, str]:
    """Return what a person is told of a loan above the cap, in English and Chinese."""
    en, zh = (
        [row for row in disclosure(cost, language) if row.part == "item"]
        for language in get_args(Language)
    )
    items_en = "; ".join(
        f"{row.name} ({row.standard}, {row.way}, to the {row.payee}) {row.amount} yuan"
        for row in en
    )
    items_zh = "；".join(
        f"{row.name}（{row.standard}，{row.way}，{row.payee}）{row.amount}元" for row in zh
    )
    most, allowed, amount = f"{cost.annual:.2%}", f"{float(cap.rate):.2%}", yuan(cost.principal_fen)
    return (
        f"It costs up to {most} a year, everything in; the law allows lenders of its type "
        f"{allowed}. On {amount} yuan over {cost.months} months: {items_en}.",
        f"年化综合成本最高{most}，高于该类机构的上限{allowed}，依法不得提供。"
        f"以{amount}元分{cost.months}个月为例：{items_zh}。",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A product that the gate lets pass.

    Attributes
    ----------
    cap : Cap or None
    costs : tuple of Breakdown
        The dearest loan of each term, and each instalment plan.
    withheld : dict of str to str
        Way of paying -> why it is not offered.
    """

    cap: Cap | None
    costs: tuple[Breakdown, ...]
    withheld: dict[str, str]


def admit(figures: InForce) -> Admission:
    """Judge the product of a policy; to be called when its terms are read.

    Raises
    ------
    LawError
        One of its loans is above the cap in force; the sentence lists what it is made of.
    """
    check_parts(figures)
    cap, terms = Cap.of(figures), CostTerms.of(figures)
    loans, plans = list(_loans(figures)), list(_plans(figures))
    costs = tuple(cost_breakdown(offer, terms) for offer in (*loans, *plans))
    for cost in costs:
        _refuse_too_long(cost, figures)
    if cap is None:
        return Admission(cap=None, costs=costs, withheld={})
    for cost in costs:
        bears_interest = any(item.code == "interest" for item in cost.items)
        if bears_interest and not cap.allows(cost):
            refuse_above_cap(cost, cap, _up_to(cost.months, cap, terms, figures))
        refuse_above_cap(cost, cap)
    return Admission(cap=cap, costs=costs, withheld=_withheld(loans, cap, terms, figures))


def _up_to(months: int, cap: Cap, terms: CostTerms, figures: InForce) -> str:
    """Return the way out of a rate that is too high: the highest one that passes."""
    step = number(figures["pricing.step"], "pricing.step", low=1e-9)
    rate = highest_rate(_yardstick(months, figures, Fraction(0)), cap, terms, step)
    if rate is None:
        return "Its fees alone are above the cap: lower them."
    return f"Up to {float(rate):g} a day passes."


def _withheld(
    loans: Iterable[Offer], cap: Cap, terms: CostTerms, figures: InForce
) -> dict[str, str]:
    """Return the ways of paying that would lift a loan above the cap, and why."""
    found: dict[str, str] = {}
    for name, fee in _services(figures):
        for loan in loans:
            offer = replace(loan, name=f"{loan.name} paid by {name}", fees=(*loan.fees, fee))
            try:
                refuse_above_cap(cost_breakdown(offer, terms), cap)
            except LawError as error:
                found.setdefault(name, str(error))
    return found


def _refuse_too_long(cost: Breakdown, figures: InForce) -> None:
    """Refuse a term longer than the law allows over the internet, where one is in force."""
    key = "comply.internet_loan"
    if key not in figures.leaves:
        return
    leaf = named(figures, key, ("max_yuan", "max_months", "bullet_months"))
    most = whole(leaf["max_months"], f"{key}.max_months", low=1)
    if cost.months > most:
        raise LawError(
            f"{cost.name}: {key} allows {most} months at most ({figures.leaf(key).source}).",
            key=key,
            en=f"It lends over {cost.months} months; the law allows {most} at most.",
            zh=f"期限{cost.months}个月超过法定的{most}个月，依法不得提供。",
        )


def offered_months(figures: InForce) -> list[int]:
    """Return over how many months the product lends."""
    if "product.instalments" in figures.leaves:
        listed = items(figures["product.instalments"], "product.instalments")
        return [whole(months, "product.instalments", low=1) for months in listed]
    return [plan.months for plan in FeePlanTerms.of(figures).plans]


def highest_rate(loan: Loan, cap: Cap, terms: CostTerms, step: Fraction) -> Fraction | None:
    """Return the highest daily rate, a multiple of ``step``, at which a loan keeps within a cap.

    None where its fees alone are above it. The loan's own daily rate plays no part.
    """

    def within(steps: int) -> bool:
        rate = steps * step
        made = schedule(replace(loan, daily_rate=rate))
        cost = cost_breakdown(Offer(name="", schedule=made, daily_rate=rate), terms)
        return cap.allows(cost)

    if not within(0):
        return None
    low, high = 0, 1
    while within(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if within(middle) else (low, middle)
    return low * step


def _loans(figures: InForce) -> Iterator[Offer]:
    """Yield the loan at the highest daily rate over each of the product's terms."""
    _, rate = band(figures)
    for months in offered_months(figures):
        yield Offer(
            name=f"{figures.policy}: a loan over {months} months",
            schedule=schedule(_yardstick(months, figures, rate)), daily_rate=rate,
        )  # fmt: skip


def _yardstick(months: int, figures: InForce, rate: Fraction) -> Loan:
    return Loan(principal_fen=YARDSTICK_FEN, drawn_on=figures.on, months=months, daily_rate=rate)


def _plans(figures: InForce) -> Iterator[Offer]:
    """Yield each instalment plan, its fee read as the policy reads it."""
    terms = FeePlanTerms.of(figures)
    for plan in terms.plans:
        yield Offer(
            name=f"{figures.policy}: an instalment plan of {plan.months} months "
            f"(fee read as {terms.reading})",
            schedule=terms.schedule(YARDSTICK_FEN, figures.on, plan),
            daily_rate=Fraction(0),
        )


def _services(figures: InForce) -> Iterator[tuple[str, Fee]]:
    """Yield the ways of paying that cost a share of the principal each month."""
    for name, channel in ChannelTerms.of(figures).channels.items():
        if channel.monthly_service:
            yield name, Fee(code="channel", share=channel.monthly_service, way="monthly")
