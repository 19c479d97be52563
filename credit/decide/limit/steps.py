"""A limit, step by step, in the order of the policy.

Amounts are exact throughout and rounded to the fen once, at the end: income times the factors of
all steps is the limit, and each step begins where the one before ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, localcontext
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from credit.decide.limit.growth import good_months, growth
from credit.decide.limit.terms import LimitTerms, cap_range
from credit.decide.money import exact, fen
from credit.decide.record import Fact, Step
from credit.errors import DataError, nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitFacts:
    """What a person's limit is computed from.

    Attributes
    ----------
    income_fen : int
        Monthly income.
    occupation : str
        One the policy names; any other has the default factor.
    place : Fraction
        Where the person's grade stands, from 0 the worst to 1 the best; see `place`.
    assets : tuple of str
        Kinds of proven assets, one entry each.
    months : tuple of str
        ``good``, ``overdue`` or ``idle``, oldest first (`credit.decide.limit.growth`).
    good_periods, bad_periods : int
        Periods repaid in time, and not, since the last review.
    scenario : str or None
        What the money is for; None where that is not asked.
    opening_fen : int or None
        The limit at the opening of the local day; None where none is in force.
    most_fen : int or None
        The most after an authorisation was taken back (`credit.decide.limit.hiding`).
    """

    income_fen: int
    occupation: str = "default"
    place: Fraction = Fraction(0)
    assets: tuple[str, ...] = ()
    months: tuple[str, ...] = ()
    good_periods: int = 0
    bad_periods: int = 0
    scenario: str | None = None
    opening_fen: int | None = None
    most_fen: int | None = None

    def __post_init__(self) -> None:
        for name in ("income_fen", "good_periods", "bad_periods"):
            if getattr(self, name) < 0:
                raise DataError(f"{name} must be 0 or more, got {getattr(self, name)}.")
        if not 0 <= self.place <= 1:
            raise DataError(f"place must lie between 0 (worst) and 1 (best), got {self.place}.")
        if self.opening_fen is not None and self.opening_fen <= 0:
            raise DataError(
                f"opening_fen must be above 0, got {self.opening_fen}: None says that no limit is "
                "in force."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A limit and how it came about; the steps join, from the income to the limit."""

    limit_fen: int
    steps: tuple[Step, ...]


class Move(NamedTuple):
    """What one step makes of an amount: a multiple of it, or another amount, ``to``."""

    code: str
    key: str
    facts: Mapping[str, Fact]
    factor: Fraction = Fraction(1)
    to: Fraction | None = None

    def of(self, amount: Fraction) -> tuple[Fraction, Fraction | None]:
        """Return the amount afterwards and the factor; None where 0 was moved."""
        if self.to is None or self.to == amount:
            return amount * self.factor, self.factor
        return self.to, self.to / amount if amount else None


Moves = Callable[[Fraction, LimitFacts, LimitTerms], Iterator[Move]]


def place(grade: int, grades: int) -> Fraction:
    """Return where a grade stands: 1 for the best, grade 1, and 0 for the last.

    >>> place(1, 5), place(4, 5), place(1, 1)
    (Fraction(1, 1), Fraction(1, 4), Fraction(1, 1))
    """
    if not 1 <= grade <= grades:
        raise DataError(f"grade must be 1 (the best) to {grades}, got {grade}.")
    return Fraction(grades - grade, grades - 1) if grades > 1 else Fraction(1)


def limit(facts: LimitFacts, terms: LimitTerms) -> Limit:
    """Compute a limit.

    Returns
    -------
    Limit
        ``steps`` in the policy's order, each with its ``factor`` (an exact number as text; None
        where it moved an amount of 0).
    """
    amount, before, steps = Fraction(facts.income_fen), facts.income_fen, []
    for name in terms.pipeline:
        for move in _STEPS[name](amount, facts, terms):
            amount, factor = move.of(amount)
            after = fen(amount)
            said = {"factor": None if factor is None else written(factor), **move.facts}
            steps.append(
                Step(code=move.code, key=move.key, before_fen=before, after_fen=after, facts=said)
            )
            before = after
    return Limit(limit_fen=before, steps=tuple(steps))


def reproduced(income_fen: int, steps: Iterable[Step]) -> int:
    """Return the limit that the factors of the steps make of an income."""
    amount = Fraction(income_fen)
    for step in steps:
        factor = step.facts["factor"]
        amount = Fraction(step.after_fen) if factor is None else amount * exact(str(factor))
    return fen(amount)


@lru_cache(maxsize=1_000)
def written(number: Fraction) -> str:
    """Return an exact number as text: a decimal number where there is one, else a fraction.

    >>> written(Fraction(27, 20)), written(Fraction(1, 3)), written(Fraction(2))
    ('1.35', '1/3', '2')
    """
    with localcontext(Context(prec=100, traps=[Inexact])):
        try:
            return format(Decimal(number.numerator) / number.denominator, "f")
        except Inexact:
            return str(number)


def _base(amount: Fraction, facts: LimitFacts, terms: LimitTerms) -> Iterator[Move]:
    base = terms.base
    key, said = "limit.base.income_multiple", {"multiple": written(base.multiple)}
    if not base.final and facts.income_fen < base.below_fen:
        capped = min(amount * base.multiple, Fraction(base.cap_fen))
        yield Move("L_BASE", key, said, to=capped)
    else:
        yield Move("L_BASE", key, said, base.multiple)
    if facts.scenario is None:
        return
    if facts.scenario not in terms.scenario:
        raise DataError(
            f"scenario: {facts.scenario!r} is none of the policy."
            f"{nearest(facts.scenario, terms.scenario)} It has {sorted(terms.scenario)}."
        )
    factor = terms.scenario[facts.scenario]
    yield Move("L_SCENARIO", "limit.scenario", {"scenario": facts.scenario}, factor)


def _occupation(_: Fraction, facts: LimitFacts, terms: LimitTerms) -> Iterator[Move]:
    """Interpolate between the factor of the worst grade and that of the best."""
    name = facts.occupation if facts.occupation in terms.occupation else "default"
    worst, best = terms.occupation[name]
    factor = worst + (best - worst) * facts.place
    yield Move("L_OCCUPATION", "limit.occupation", {"occupation": name}, factor)


def _assets(_: Fraction, facts: LimitFacts, terms: LimitTerms) -> Iterator[Move]:
    own = terms.assets
    rises = sorted((own.by_kind.get(kind, own.default) for kind in facts.assets), reverse=True)
    counted = rises[: own.most_items]
    said = {"assets": len(rises), "counted": len(counted)}
    yield Move("L_ASSETS", "limit.asset_boost", said, 1 + sum(counted, Fraction(0)))


def _growth(_: Fraction, facts: LimitFacts, terms: LimitTerms) -> Iterator[Move]:
    said = {"good_months": good_months(facts.months, terms.growth)}
    yield Move("L_GROWTH", "limit.growth", said, growth(facts.months, terms.growth))


def _repayment(_: Fraction, facts: LimitFacts, terms: LimitTerms) -> Iterator[Move]:
    """Add up the periods; however many were bad, the factor is not below 0."""
    factor = 1 + terms.repay_step * (facts.good_periods - facts.bad_periods)
    said = {"good_periods": facts.good_periods, "bad_periods": facts.bad_periods}
    yield Move("L_REPAYMENT", "limit.repay_step", said, max(factor, Fraction(0)))


def _clamp(amount: Fraction, facts: LimitFacts, terms: LimitTerms) -> Iterator[Move]:
    """Hold the amount within product, law, and the cap of people with little income."""
    own, base = terms.range, terms.base
    tops = {"product": own.most_fen}
    if own.ceiling_fen is not None:
        tops["law"] = own.ceiling_fen
    if base.final and facts.income_fen < base.below_fen:
        tops["low_income"] = base.cap_fen
    bound = min(tops, key=lambda name: tops[name])
    after, binds = min(amount, Fraction(tops[bound])), "nothing"
    if amount > tops[bound]:
        binds = bound
    if after < own.least_fen:
        raised = own.raises and tops[bound] >= own.least_fen
        after, binds = Fraction(own.least_fen if raised else 0), "least"
    said: dict[str, Fact] = {"least_fen": own.least_fen, "most_fen": tops[bound], "binds": binds}
    yield Move("L_CLAMP", "product.limit", said, to=after)
    if facts.most_fen is not None:
        held = min(after, Fraction(facts.most_fen))
        yield Move("L_HIDING", "limit.hiding", {"most_fen": facts.most_fen}, to=held)


def _daily_cap(amount: Fraction, facts: LimitFacts, terms: LimitTerms) -> Iterator[Move]:
    if facts.opening_fen is None:
        yield Move("L_FIRST", "limit.daily_cap", {})
        return
    least, most = cap_range(facts.opening_fen, terms.daily_cap)
    held = min(max(amount, Fraction(least)), Fraction(most))
    said = {"opening_fen": facts.opening_fen, "least_fen": least, "most_fen": most}
    yield Move("L_DAILY", "limit.daily_cap", said, to=held)


_STEPS: dict[str, Moves] = {
    "base": _base, "occupation": _occupation, "assets": _assets, "growth": _growth,
    "repayment": _repayment, "clamp": _clamp, "daily_cap": _daily_cap,
}  # fmt: skip
