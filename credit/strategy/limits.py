"""Limits by the column: the steps of `credit.decide.limit`, in the order of the policy."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from credit.decide.limit import LimitTerms, growth, place
from credit.strategy.book import Facts, Ints
from credit.strategy.exact import Ratio, Whole


def limits(facts: Facts, rows: Ints, grade: Ints, grades: int, terms: LimitTerms) -> Whole:
    """Return the limit of each row in fen, half up.

    Parameters
    ----------
    facts : Facts
    rows : ndarray of int
    grade : ndarray of int
        Position of each row's grade, 0 the best; -1 counts as the worst.
    grades : int
        How many there are.
    terms : LimitTerms
    """
    own = _Rows(facts, rows, np.where(grade < 0, grades - 1, grade), grades, terms)
    amount = Ratio(own.income, np.ones(len(rows), dtype=np.int64))
    for step in terms.pipeline:
        amount = own.steps[step](amount)
    return amount.fen()


class _Rows:
    """Some rows and the terms that hold for them; each step takes an amount and returns another."""

    def __init__(
        self, facts: Facts, rows: Ints, grade: Ints, grades: int, terms: LimitTerms
    ) -> None:
        self.facts, self.rows, self.grade, self.grades, self.terms = (
            facts, rows, grade, grades, terms,
        )  # fmt: skip
        self.income = facts.income_fen[rows]
        self.poor = np.asarray(self.income < terms.base.below_fen, dtype=bool)
        self.steps: dict[str, Callable[[Ratio], Ratio]] = {
            "base": self.base, "occupation": self.occupation, "assets": self.assets,
            "growth": self.growth, "repayment": lambda amount: amount, "clamp": self.clamp,
            "daily_cap": lambda amount: amount,
        }  # fmt: skip
        # A first limit has no period since the last review and no limit of the same morning.

    def base(self, amount: Ratio) -> Ratio:
        """Multiply; people with little income have a cap here, unless it is one of the end."""
        own = self.terms.base
        once = np.zeros(len(self.rows), dtype=np.int64)
        raised = amount.times(Ratio.of([own.multiple], once))
        if own.final:
            return raised
        return raised.least(np.array(own.cap_fen)).where(self.poor, raised)

    def occupation(self, amount: Ratio) -> Ratio:
        """Interpolate between the factor of the worst grade and that of the best."""
        held = self.terms.occupation
        factors: list[Fraction] = []
        for name in self.facts.occupation.values:
            worst, best = held[name if name in held else "default"]
            factors += [
                worst + (best - worst) * place(grade, self.grades)
                for grade in range(1, self.grades + 1)
            ]
        at = self.facts.occupation.codes[self.rows] * self.grades + self.grade
        return amount.times(Ratio.of(factors, at))

    def assets(self, amount: Ratio) -> Ratio:
        """Add up the rises of the assets that give most."""
        own = self.terms.assets

        def factor(kinds: tuple[str, ...]) -> Fraction:
            rises = sorted((own.by_kind.get(kind, own.default) for kind in kinds), reverse=True)
            return 1 + sum(rises[: own.most_items], Fraction(0))

        return amount.times(Ratio.of(*self.facts.assets.of(self.rows, factor)))

    def growth(self, amount: Ratio) -> Ratio:
        """Multiply by what the months of use have earned."""

        def factor(months: tuple[str, ...]) -> Fraction:
            return growth(months, self.terms.growth)

        return amount.times(Ratio.of(*self.facts.months.of(self.rows, factor)))

    def clamp(self, amount: Ratio) -> Ratio:
        """Hold the amount within product, law, and the cap of people with little income."""
        own, base = self.terms.range, self.terms.base
        top = own.most_fen if own.ceiling_fen is None else min(own.most_fen, own.ceiling_fen)
        tops = np.full(len(self.rows), top, dtype=np.int64)
        if base.final:
            tops = np.where(self.poor, np.minimum(tops, base.cap_fen), tops)
        held = amount.least(tops)
        enough = ~held.above(np.array(own.least_fen)) & (held.up != held.down * own.least_fen)
        raised = np.where(own.raises & (tops >= own.least_fen), own.least_fen, 0)
        return Ratio(raised, np.ones_like(raised)).where(enough, held)
