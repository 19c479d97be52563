"""Products side by side: what each would lend whom, at what price, and what it looks at.

A product is a policy file laid over the rest (``load("weilidai+bank+cn-2026")``); its leaves begin
with ``product``. What a single loan of it costs is the business of the true cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from fractions import Fraction

from credit.decide.money import YUAN, exact, fen, yuan
from credit.decide.record import Check, Fact
from credit.errors import DataError, PolicyError
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
        en="Its yearly rate of up to {most} is held to the cap of {cap}.",
        zh="该产品年化利率最高{most},受上限{cap}约束。",
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
    lender_type : str
        As ``comply.apr_cap`` names it.
    least_fen, most_fen : int
        The range of its limits.
    apr : tuple of Fraction
        Lowest and highest, as published.
    score_name, score_least, score_needed
        The score of somebody else that it asks for (``none``), the least, and whether those
        without one are refused.
    income_evidence : str
        ``none``, ``optional`` or ``required``.
    data_sources : tuple of str
    minutes : float
        To a decision, as published.
    cap : Fraction or None
        The cap on the yearly cost for its lender type; None where no cap is in force that day.
    """

    name: str
    lender_type: str
    least_fen: int
    most_fen: int
    apr: tuple[Fraction, Fraction]
    score_name: str
    score_least: int
    score_needed: bool
    income_evidence: str
    data_sources: tuple[str, ...]
    minutes: float
    cap: Fraction | None

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
        lender, apr = sound(figures, "product.lender_type"), sound(figures, "product.apr")
        return cls(
            name=figures.policy,
            lender_type=lender,
            least_fen=fen(exact(limit["min"]) * YUAN),
            most_fen=fen(exact(limit["max"]) * YUAN),
            apr=(exact(apr["min"]), exact(apr["max"])),
            score_name=score["name"],
            score_least=score["least"],
            score_needed=score["if_missing"] == "refuse",
            income_evidence=sound(figures, "product.income_evidence"),
            data_sources=tuple(sound(figures, "product.data_sources")),
            minutes=sound(figures, "product.approval_minutes"),
            cap=_cap(figures, lender),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants, and what they have to show.

    Attributes
    ----------
    amount_fen : int
    scores : mapping of str to int
        Scores of others, by name (``wechat_pay``, ``zhima``).
    evidence : bool
        Whether there is proof of income.
    """

    amount_fen: int
    scores: Mapping[str, int] = field(default_factory=dict)
    evidence: bool = False

    def __post_init__(self) -> None:
        if self.amount_fen <= 0:
            raise DataError(f"amount_fen must be above 0, got {self.amount_fen}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One product for one person.

    ``amount_fen`` is what of the wish it could lend, 0 if a check fails; ``apr`` the band after the
    cap, or None if even its lowest rate is above it.
    """

    product: str
    checks: tuple[Check, ...]
    amount_fen: int
    apr: tuple[Fraction, Fraction] | None
    minutes: float
    data_sources: tuple[str, ...]

    def plain(self) -> dict[str, object]:
        """Return the line as JSON has it."""
        return {
            "product": self.product,
            "amount_fen": self.amount_fen,
            "apr": None if self.apr is None else [float(rate) for rate in self.apr],
            "minutes": self.minutes,
            "data_sources": list(self.data_sources),
            "checks": [asdict(check) for check in self.checks],
        }


def compare(products: Iterable[ProductTerms], wish: Wish) -> tuple[Compared, ...]:
    """Return a line a product: what it could lend this person, those that lend most first.

    Of equal amounts the cheaper one (by its lowest rate) comes first, then the quicker one.
    """
    lines = [_line(product, wish) for product in products]
    return tuple(
        sorted(
            lines,
            key=lambda line: (-line.amount_fen, line.apr or (Fraction(1),), line.minutes),
        )
    )


def _line(product: ProductTerms, wish: Wish) -> Compared:
    low, high = product.apr
    within = product.cap is None or low <= product.cap
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
            "M_CAP", "comply.apr_cap", passed=within,
            most=float(high), cap=None if product.cap is None else float(product.cap),
        ),
    )  # fmt: skip
    top = high if product.cap is None else min(high, product.cap)
    passed = all(check.passed for check in checks)
    return Compared(
        product=product.name,
        checks=checks,
        amount_fen=min(wish.amount_fen, product.most_fen) if passed else 0,
        apr=(low, top) if within else None,
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


def _cap(figures: InForce, lender: str) -> Fraction | None:
    if "comply.apr_cap" not in figures:
        return None
    caps = sound(figures, "comply.apr_cap")
    if lender not in caps:
        raise PolicyError(
            f"policy {figures.policy}: comply.apr_cap has no cap for the lender type {lender!r} on "
            f"{figures.on}, only for {sorted(caps)}. State it in a policy file of your own."
        )
    return exact(caps[lender])
