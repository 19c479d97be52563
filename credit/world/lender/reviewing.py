"""A line looked at again when it is drawn again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from credit.decide.decision import Decision, DecisionTerms, place_of
from credit.decide.limit import LimitFacts, limit, shown
from credit.world import season
from credit.world.lender.products import terms
from credit.world.options import Ints

Facts = tuple[str, LimitFacts]
"""The policy of a line, and what its limit was computed from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviews:
    """What lines of any block can use after so many good and overdue months.

    ``known`` holds what was computed before: lines of equal facts have equal limits.
    """

    known: dict[tuple[Facts, int, int], int] = field(default_factory=dict)

    def of(self, granted: Sequence[Decision]) -> Reviewer:
        """Return the review of the lines that these decisions granted, in their order."""
        under = [_terms(one) for one in granted]
        facts = [
            (one.policy, replace(one.case.money, place=place_of(one.price, held)))
            for one, held in zip(granted, under, strict=True)
        ]
        return Reviewer(facts=facts, terms=under, reviews=self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewer:
    """A `credit.world.lender.record.Review` of the lines of one block.

    A review computes the limit anew from the facts of the application: the months since make it
    grow (``limit.growth``), and the period since the last review, a month (``limit.review_cycle``),
    moves it by one ``limit.repay_step``. That period was good, as nobody draws who is past due,
    unless none ever was. The terms are those of the day of the grant, the line's contract. The
    cap on a day's move binds nothing, as months lie between two draws.
    """

    facts: Sequence[Facts]
    terms: Sequence[DecisionTerms]
    reviews: Reviews

    def __call__(self, lines: Ints, good: Ints, overdue: Ints) -> Ints:
        """Return what each line can use now, fen."""
        months = zip(lines.tolist(), good.tolist(), overdue.tolist(), strict=True)
        return np.array([self._usable(*one) for one in months], dtype=np.int64)

    def _usable(self, line: int, good: int, overdue: int) -> int:
        known, key = self.reviews.known, (self.facts[line], good, overdue)
        if key not in known:
            now = replace(
                self.facts[line][1],
                months=("overdue",) * overdue + ("good",) * good,
                good_periods=int(good > 0),
                bad_periods=int(good == 0 < overdue),
            )
            held = self.terms[line]
            known[key] = shown(limit(now, held.limit).limit_fen, held.shown).usable_fen
        return known[key]


def _terms(decision: Decision) -> DecisionTerms:
    return terms(decision.policy, season.day_number(decision.on))
