"""The world's lender at work: each application decided as `credit.decide` decides it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from credit.decide.case import Scored
from credit.decide.decision import Decision, decide
from credit.decide.stated import Stated, case_of
from credit.world import season
from credit.world.lender.products import Products, terms
from credit.world.lender.record import Lines
from credit.world.options import Flags, Floats, Ints
from credit.world.rows import Columns, Text

SCORE = "legacy"
"""The name of the lender's score; it stands where a model's hash would."""

OUTCOMES = ("approve", "review", "query_only", "refuse")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """The applications of a block, decided; every sequence has one entry an application.

    Attributes
    ----------
    products : Products
    product : ndarray
        Position in ``products``.
    decisions : tuple of Decision
        By the rules alone.
    overruled : ndarray of bool
        Whether the score alone refused, and chance approved.
    """

    products: Products
    product: Ints
    decisions: tuple[Decision, ...]
    overruled: Flags

    @property
    def approved(self) -> Flags:
        """Who has a line of credit."""
        by_rules = [decision.outcome == "approve" for decision in self.decisions]
        return np.asarray(by_rules) | self.overruled

    def rows(self, customer_id: Ints) -> Columns:
        """Return the rows of ``decisions``."""
        made = self.decisions
        codes = np.array([OUTCOMES.index(one.outcome) for one in made])
        at = np.array([one.instant for one in made], dtype=np.int64)
        return {
            "customer_id": customer_id,
            "event_time": at,
            "available_at": at,
            "application_id": customer_id,
            "product": Text(self.product, self.products.names),
            "policy": Text(self.product, self.products.policies),
            "outcome": Text(np.where(self.overruled, 0, codes), OUTCOMES),
            "grounds": _text([", ".join(one.grounds) for one in made]),
            "probability": np.array([_score(one).probability for one in made]),
            "grade": _text([_score(one).grade for one in made]),
            "limit_fen": np.array([one.shown.shown_fen for one in made], dtype=np.int64),
            "usable_fen": np.array([one.shown.usable_fen for one in made], dtype=np.int64),
            "daily_rate": np.array([float(_rate(one)) for one in made]),
            "random_approval": self.overruled.astype(np.int64),
        }

    def lines(self) -> Lines:
        """Return the lines of credit granted, people in order."""
        person = np.flatnonzero(self.approved)
        granted = [self.decisions[k] for k in person]
        rates = sorted({_rate(one) for one in granted})
        return Lines(
            person=person,
            granted_at=np.array([one.instant for one in granted], dtype=np.int64),
            product=self.product[person],
            limit_fen=np.array([one.shown.shown_fen for one in granted], dtype=np.int64),
            usable_fen=np.array([one.shown.usable_fen for one in granted], dtype=np.int64),
            rate=np.array([rates.index(_rate(one)) for one in granted], dtype=np.int64),
            products=self.products.policies,
            rates=tuple(rates),
        )


def decided(
    applications: Sequence[Stated],
    product: Ints,
    probability: Floats,
    by_chance: Flags,
    products: Products,
) -> Decided:
    """Decide applications, each under its product's policy of the day.

    Where ``by_chance`` is true a refusal by the score alone is overruled: law, eligibility and
    the burden of debt hold for everybody.
    """
    days = season.local_day(np.array([one.instant for one in applications], dtype=np.int64))
    names = [products.policies[code] for code in product]
    made = tuple(
        decide(case_of(one, _scored(p, name, day)), terms(name, day))
        for one, name, p, day in zip(
            applications, names, probability.tolist(), days.tolist(), strict=True
        )
    )
    by_score = np.array([one.grounds == ("score",) for one in made])
    return Decided(
        products=products, product=product, decisions=made, overruled=by_score & by_chance
    )


def _scored(probability: float, name: str, day: int) -> Scored:
    """Return the lender's score; it has no points, for nothing decides by them."""
    grade = terms(name, day).price.grade(probability).name
    return Scored(probability=probability, points=0, grade=grade, artifact=SCORE)


def _score(decision: Decision) -> Scored:
    if decision.score is None:
        raise TypeError("the world's lender scores every application")
    return decision.score


def _rate(decision: Decision) -> Fraction:
    if decision.price is None:
        raise TypeError("the world's lender scores every application")
    return decision.price.daily_rate


def _text(values: Sequence[str]) -> Text:
    """Return a column of text; an empty one is a null."""
    names = tuple(sorted(set(values) - {""}))
    place = {name: code for code, name in enumerate(names)}
    return Text(np.array([place.get(value, -1) for value in values]), names)
