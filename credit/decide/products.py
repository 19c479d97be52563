"""Products side by side: what each would lend whom, at what price, and what it looks at.

A product is a policy file laid over the rest (``load("weilidai+bank+cn-2026")``); its leaves begin
with ``product``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from fractions import Fraction

from credit.decide.cost.breakdown import Offer, cost_breakdown
from credit.decide.cost.cap import ROUNDING, Cap
from credit.decide.cost.terms import CostTerms
from credit.decide.money import YUAN, exact, fen, yuan
from credit.decide.price import band
from credit.decide.record import Check, Fact
from credit.decide.repay.schedule import Loan, schedule
from credit.errors import DataError
from credit.feature import Reason
from credit.policy import InForce
from credit.policy.rules import sound

WORDS: dict[str, Reason] = {
    "M_AMOUNT": Reason(
        en="It lends {least} to {most} yuan; {wanted} are wanted.",
        zh="该产品额度为{least}至{most}元,您需要{wanted}元。",
    ),
    "M_SCORE": Reason(
        en="It asks for a score of {least} or more ({name}); yours is {has}.",
        zh="该产品要求{name}不低于{least}分,您的分数为{has}。",
    ),
    "M_INCOME": Reason(
        en="It asks for proof of income: {evidence}.",
        zh="该产品对收入证明的要求:{evidence}。",
    ),
    "M_CAP": Reason(
        en="At its lowest rate it costs {cost} a year, everything in; the cap is {cap}.",
        zh="该产品最低综合年化成本为{cost},监管上限为{cap}。",
    ),
}
"""The sentences of a comparison."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductTerms:
    """One product on one day.

    Attributes
    ----------
    name : str
        The policy it came from, ``weilidai+bank``.
    least_fen, most_fen : int
        The range of its limits.
    apr, daily_rate : tuple of Fraction
        Lowest and highest, as published.
    score_name, score_least, score_needed
        The score of somebody else that it asks for (``none``), the least, and whether those
        without one are refused.
    income_evidence : str
        ``none``, ``optional`` or ``required``.
    data_sources : tuple of str
    minutes : float
        To a decision, as published.
    cost : CostTerms
        How the cost of a loan is taken apart.
    cap : Cap or None
        On the yearly cost of loans of its type of lender; None where none is in force that day.
    on : date
    """

    name: str
    least_fen: int
    most_fen: int
    apr: tuple[Fraction, Fraction]
    daily_rate: tuple[Fraction, Fraction]
    score_name: str
    score_least: int
    score_needed: bool
    income_evidence: str
    data_sources: tuple[str, ...]
    minutes: float
    cost: CostTerms
    cap: Cap | None
    on: date

    @classmethod
    def of(cls, figures: InForce) -> ProductTerms:
        """Read and check the leaves of the product.

        Raises
        ------
        PolicyError
            A leaf is missing or not what it may be, or there are caps in force and none for this
            type of lender.
        """
        limit, score = sound(figures, "product.limit"), sound(figures, "product.min_score")
        apr = sound(figures, "product.apr")
        return cls(
            name=figures.policy,
            least_fen=fen(exact(limit["min"]) * YUAN),
            most_fen=fen(exact(limit["max"]) * YUAN),
            apr=(exact(apr["min"]), exact(apr["max"])),
            daily_rate=band(figures),
            score_name=score["name"],
            score_least=score["least"],
            score_needed=score["if_missing"] == "refuse",
            income_evidence=sound(figures, "product.income_evidence"),
            data_sources=tuple(sound(figures, "product.data_sources")),
            minutes=sound(figures, "product.approval_minutes"),
            cost=CostTerms.of(figures),
            cap=Cap.of(figures),
            on=figures.on,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants, and what they have to show.

    Attributes
    ----------
    amount_fen, months : int
        How much, and over how many months.
    scores : mapping of str to int
        Scores of others, by name (``wechat_pay``, ``zhima``).
    evidence : bool
        Whether there is proof of income.
    """

    amount_fen: int
    months: int = 12
    scores: Mapping[str, int] = field(default_factory=dict)
    evidence: bool = False

    def __post_init__(self) -> None:
        for name, value in (("amount_fen", self.amount_fen), ("months", self.months)):
            if value <= 0:
                raise DataError(f"{name} must be above 0, got {value}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One product for one person.

    Attributes
    ----------
    product : str
    checks : tuple of Check
        Amount, score, proof of income, cap.
    amount_fen : int
        What of the wish it could lend; 0 if a check fails.
    apr : tuple of Fraction
        Yearly rates as published, lowest and highest.
    cost : tuple of float
        All-in cost a year of what is wanted (`credit.decide.cost`), in equal instalments, at the
        lowest and the highest daily rate.
    above_cap : bool
        Whether the highest of them is above the cap: such a loan is refused.
    minutes : float
    data_sources : tuple of str
    """

    product: str
    checks: tuple[Check, ...]
    amount_fen: int
    apr: tuple[Fraction, Fraction]
    cost: tuple[float, float]
    above_cap: bool
    minutes: float
    data_sources: tuple[str, ...]

    def plain(self) -> dict[str, object]:
        """Return the line as JSON has it."""
        return {
            "product": self.product,
            "amount_fen": self.amount_fen,
            "apr": [float(rate) for rate in self.apr],
            "cost": list(self.cost),
            "above_cap": self.above_cap,
            "minutes": self.minutes,
            "data_sources": list(self.data_sources),
            "checks": [asdict(check) for check in self.checks],
        }


def compare(products: Iterable[ProductTerms], wish: Wish) -> tuple[Compared, ...]:
    """Return a line a product: what it could lend this person, those that lend most first.

    Of equal amounts the cheaper one (at its lowest rate) comes first, then the quicker one.
    """
    lines = [_line(product, wish) for product in products]
    return tuple(sorted(lines, key=lambda line: (-line.amount_fen, line.cost[0], line.minutes)))


def _line(product: ProductTerms, wish: Wish) -> Compared:
    low, high = (_cost(product, wish, rate) for rate in product.daily_rate)
    cap = None if product.cap is None else float(product.cap.rate) + ROUNDING
    checks = (
        _check(
            "M_AMOUNT", "product.limit", passed=wish.amount_fen >= product.least_fen,
            least=yuan(product.least_fen), most=yuan(product.most_fen),
            wanted=yuan(wish.amount_fen),
        ),
        _scored(product, wish),
        _check(
            "M_INCOME", "product.income_evidence",
            passed=wish.evidence or product.income_evidence != "required",
            evidence=product.income_evidence,
        ),
        _check(
            "M_CAP", "comply.apr_cap", passed=cap is None or low <= cap,
            cost=f"{low:.2%}", cap="none" if cap is None else f"{cap:.2%}",
        ),
    )  # fmt: skip
    passed = all(check.passed for check in checks)
    return Compared(
        product=product.name,
        checks=checks,
        amount_fen=min(wish.amount_fen, product.most_fen) if passed else 0,
        apr=product.apr,
        cost=(low, high),
        above_cap=cap is not None and high > cap,
        minutes=product.minutes,
        data_sources=product.data_sources,
    )


def _scored(product: ProductTerms, wish: Wish) -> Check:
    has = wish.scores.get(product.score_name)
    asked = product.score_name != "none"
    passed = has >= product.score_least if has is not None else not product.score_needed
    return _check(
        "M_SCORE", "product.min_score", passed=passed or not asked,
        name=product.score_name, least=product.score_least, has=has,
    )  # fmt: skip


def _check(code: str, key: str, *, passed: bool, **facts: Fact) -> Check:
    return Check(code=code, passed=passed, key=key, facts=facts)


def _cost(product: ProductTerms, wish: Wish, rate: Fraction) -> float:
    """Return the all-in cost a year of what is wanted at a daily rate."""
    loan = Loan(
        principal_fen=wish.amount_fen, drawn_on=product.on, months=wish.months, daily_rate=rate
    )
    offer = Offer(name=product.name, schedule=schedule(loan), daily_rate=rate)
    return cost_breakdown(offer, product.cost).annual
