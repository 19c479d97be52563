"""Products side by side: what each would decide about one person, at what price, on what data.

A product is a policy file laid over the rest (``load("weilidai+bank+cn-2026")``); its leaves begin
with ``product``. What the law of the day refuses is compared all the same, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal, NamedTuple

from credit.decide.answer import reasons
from credit.decide.case import Case
from credit.decide.cost import Offer, cost_breakdown
from credit.decide.cost.cap import YARDSTICK_FEN
from credit.decide.decision import Decision, Outcome, decide
from credit.decide.document import plain
from credit.decide.eligibility import eligibility, standing
from credit.decide.limit import limit, place
from credit.decide.product import ProductTerms
from credit.decide.record import Check
from credit.decide.repay.schedule import Loan, schedule
from credit.decide.sentence import said
from credit.errors import DataError, LawError
from credit.feature import Reason

Verdict = Literal["illegal"] | Outcome
"""What becomes of an application; ``illegal``: the law lets nobody have the product."""

WORDS: dict[str, Reason] = {
    "M_AMOUNT": Reason(
        en="It lends {least_fen} to {most_fen} yuan; {wanted_fen} are wanted.",
        zh="该产品额度为{least_fen}至{most_fen}元，您需要{wanted_fen}元。",
    ),
    "M_PART": Reason(
        en="Of the {wanted_fen} yuan wanted it lends {usable_fen}.",
        zh="您需要{wanted_fen}元，该产品可借{usable_fen}元。",
    ),
    "M_UNSEEN": Reason(
        en="The data that it looks at, or that you authorised, do not show enough.",
        zh="该产品所用或您已授权的数据不足以支持通过。",
    ),
}
"""Sentences of a comparison that are not those of a decision."""

MARKS: dict[str, Reason] = {
    "comply.apr_cap": Reason(en="above cap", zh="超过上限"),
    "comply.internet_loan": Reason(en="too long", zh="期限过长"),
    "funding.partner": Reason(en="partner's share", zh="出资比例"),
    "M_AMOUNT": Reason(en="small amount", zh="金额过小"),
    "E_AGE": Reason(en="age limits", zh="年龄不符"),
    "E_KYC": Reason(en="identity unproven", zh="未经实名"),
    "E_ACCT": Reason(en="no account", zh="账户不符"),
    "E_ACCOUNTS": Reason(en="many accounts", zh="账户过多"),
    "E_COOLING": Reason(en="too new", zh="注册过短"),
    "E_TENURE": Reason(en="too new", zh="注册过短"),
    "E_BUREAU": Reason(en="late debts", zh="征信逾期"),
    "E_SCORE": Reason(en="score asked", zh="评分不符"),
    "E_INCOME": Reason(en="income unproven", zh="缺少证明"),
    "E_SCOPE": Reason(en="not authorised", zh="尚未授权"),
    "E_LENDERS": Reason(en="many lenders", zh="多头借贷"),
    "review": Reason(en="person's ruling", zh="人工否决"),
    "fraud": Reason(en="fraud signs", zh="欺诈迹象"),
    "score": Reason(en="high risk", zh="风险较高"),
    "unscored": Reason(en="no score", zh="没有评分"),
    "burden": Reason(en="heavy debts", zh="负债过重"),
    "limit": Reason(en="below least", zh="低于下限"),
}
"""What stands against an application, in two words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants: how much, by default that on which a product is judged; how long."""

    amount_fen: int = YARDSTICK_FEN
    months: int = 12

    def __post_init__(self) -> None:
        for name, value in (("amount_fen", self.amount_fen), ("months", self.months)):
            if value <= 0:
                raise DataError(f"{name} must be above 0, got {value}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A grade of the price list.

    Attributes
    ----------
    grade : str
    daily_rate, annual_rate : Fraction
        The latter is the former times the days of a year.
    cost : float
        Effective all-in cost a year (XIRR) of the wish in equal instalments, fees included.
    """

    grade: str
    daily_rate: Fraction
    annual_rate: Fraction
    cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One product for one person.

    Attributes
    ----------
    product : str
    outcome : {"illegal", "refuse", "query_only", "review", "approve"}
    against : tuple of str
        What stands against it, gravest first, as `MARKS` names it; empty for an approval.
    says : tuple of Reason
        The same in sentences; of an approval, that it is for a part of the wish, if it is.
    checks : tuple of Check
        The product's own rules of eligibility, looked at whether the law allows it or not.
    limit_fen, usable_fen : int
        The limit computed under the policy, offered or not; of an offer, what can be used.
    amount_fen : int
        What of the wish would be lent now; 0 but for an approval.
    own : Priced
        The person's grade; the worst one where there is no score.
    prices : tuple of Priced
        Every grade, the best first.
    cap : Fraction or None
    apr : tuple of Fraction
        Yearly rates as published, lowest and highest.
    minutes : float
    income_evidence : str
        ``none``, ``optional`` or ``required``.
    data_sources : tuple of str
    partner : Fraction or None
        The share of a loan that a partner funds; None where the law refuses the shares.
    own_fen, partner_fen : int
        What the lender itself and its partner fund of ``amount_fen``; they sum to it.
    """

    product: str
    outcome: Verdict
    against: tuple[str, ...]
    says: tuple[Reason, ...]
    checks: tuple[Check, ...]
    limit_fen: int
    usable_fen: int
    amount_fen: int
    own: Priced
    prices: tuple[Priced, ...]
    cap: Fraction | None
    apr: tuple[Fraction, Fraction]
    minutes: float
    income_evidence: str
    data_sources: tuple[str, ...]
    partner: Fraction | None
    own_fen: int
    partner_fen: int

    @property
    def mark(self) -> Reason | None:
        """What stands against it first, in two words; None for an approval."""
        return MARKS[self.against[0]] if self.against else None

    @property
    def eligible(self) -> Literal["eligible", "query_only", "refused"]:
        """Whether the person may apply by the product's own rules, whatever stands against it."""
        return standing(self.checks)

    def plain(self) -> dict[str, Any]:
        """Return the line as JSON has it."""
        found: dict[str, Any] = plain(self)
        return found


def compare(asked: Iterable[tuple[ProductTerms, Case]], wish: Wish) -> tuple[Compared, ...]:
    """Return a line a product, the cheapest for this person first, illegal ones last.

    Parameters
    ----------
    asked : iterable of (ProductTerms, Case)
        Each product, with the case as far as the product may look at it.
    wish : Wish

    Raises
    ------
    PolicyError
        The terms are those of another day than the case's.
    DataError
        Facts of the case contradict each other.
    """
    lines = [_line(product, case, wish) for product, case in asked]
    return tuple(
        sorted(lines, key=lambda line: (line.outcome == "illegal", line.own.cost, line.minutes))
    )


def _line(product: ProductTerms, case: Case, wish: Wish) -> Compared:
    prices = tuple(_prices(product, wish))
    own = len(prices) if case.score is None else 1 + _grade(product, case.score.probability)
    computed = limit(replace(case.money, place=place(own, len(prices))), product.limit)
    found = _decided(product, case, wish)
    lent = min(wish.amount_fen, found.usable_fen)
    funded = {"own": 0, "partner": 0} if product.funding is None else product.funding.split(lent)
    return Compared(
        product=product.name,
        outcome=found.outcome,
        against=found.against,
        says=found.says,
        checks=eligibility(case.applicant, case.instant, product.eligibility),
        limit_fen=computed.limit_fen,
        usable_fen=found.usable_fen,
        amount_fen=lent,
        own=prices[own - 1],
        prices=prices,
        cap=None if product.cap is None else product.cap.rate,
        apr=product.apr,
        minutes=product.minutes,
        income_evidence=product.eligibility.income_evidence,
        data_sources=product.sources.product,
        partner=None if product.funding is None else product.funding.partner,
        own_fen=funded["own"],
        partner_fen=funded["partner"],
    )


def _grade(product: ProductTerms, probability: float) -> int:
    return product.price.grades.index(product.price.grade(probability))


def _prices(product: ProductTerms, wish: Wish) -> Iterable[Priced]:
    """Yield the rates of each grade, and the all-in cost a year of what is wanted at them."""
    for grade in product.price.grades:
        rate = grade.daily_rate
        loan = Loan(
            principal_fen=wish.amount_fen, drawn_on=product.on, months=wish.months, daily_rate=rate
        )
        offer = Offer(name=product.name, schedule=schedule(loan), daily_rate=rate)
        yield Priced(
            grade=grade.name, daily_rate=rate, annual_rate=rate * product.price.day_count,
            cost=cost_breakdown(offer, product.cost).xirr,
        )  # fmt: skip


class _Found(NamedTuple):
    """What becomes of an application, and what of a limit can be used if it is approved."""

    outcome: Verdict
    against: tuple[str, ...]
    says: tuple[Reason, ...]
    usable_fen: int = 0


def _decided(product: ProductTerms, case: Case, wish: Wish) -> _Found:
    terms = product.decision
    if isinstance(terms, LawError):
        return _Found("illegal", (terms.key,), (Reason(en=terms.en, zh=terms.zh),))
    decision = decide(case, terms)
    against, says = tuple(_named(decision)), tuple(reasons(decision, terms.most_reasons))
    own, wanted = product.limit.range, wish.amount_fen
    if wanted < own.least_fen:
        facts = {"least_fen": own.least_fen, "most_fen": own.most_fen, "wanted_fen": wanted}
        return _Found("refuse", (*against, "M_AMOUNT"), (*says, said(WORDS, "M_AMOUNT", facts)))
    if decision.outcome != "approve":
        return _Found(decision.outcome, against, says)
    usable = decision.shown.usable_fen
    part = said(WORDS, "M_PART", {"wanted_fen": wanted, "usable_fen": usable})
    return _Found("approve", (), (part,) if usable < wanted else (), usable)


def _named(decision: Decision) -> Iterable[str]:
    """Yield what stands against a decision; of eligibility, each rule that is broken."""
    for ground in decision.grounds:
        if ground == "eligibility":
            yield from (
                check.code.removesuffix("_UNKNOWN")
                for check in decision.checks
                if not check.passed and check.code.startswith("E_")
            )
        elif ground == "score" and decision.score is None:
            yield "unscored"
        else:
            yield ground
