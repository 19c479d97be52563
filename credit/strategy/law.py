"""What a lower cap on the cost of a loan would do to a book that was lent under a higher one.

The law judges a price list by its dearest loan, so a list of which one grade is above the cap is
refused whole. A lender has two ways to go on, and both are shown: lend no more to the grades above
the cap, or lend to them at the cap.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

import pandas as pd

from credit.decide.cost import Cap, CostTerms, highest_rate, offered_months
from credit.decide.cost.cap import YARDSTICK_FEN
from credit.decide.money import YUAN
from credit.decide.price import PriceTerms
from credit.decide.repay.schedule import Loan
from credit.errors import DataError
from credit.strategy.book import Book
from credit.strategy.decided import groups
from credit.strategy.economics import Simulated, simulate
from credit.strategy.strategy import Strategy

KEY = "comply.apr_cap"

READINGS = ("today's law", "list as it stands", "refused above the cap", "repriced to the cap")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Capped:
    """A book under a lower cap.

    Attributes
    ----------
    cap : Fraction
    highest : Fraction or None
        The highest daily rate that keeps within it over every term and on every day of the book;
        None where fees alone are above it: nobody can be lent to.
    results : dict of str to Simulated
        By reading, `READINGS`; those that there is no way to are absent.
    grades : DataFrame
        ``grade, max_pd``; ``daily_rate`` today; ``allowed`` under the cap; ``daily_rate_capped``
        (NaN where nobody can be lent to); and the approved and the profit (yuan) of each reading,
        ``approved: <reading>``, ``profit: <reading>``.
    """

    cap: Fraction
    highest: Fraction | None
    results: dict[str, Simulated]
    grades: pd.DataFrame


def under_cap(book: Book, strategy: Strategy, cap: Fraction) -> Capped:
    """Return what becomes of a book under a lower cap on the yearly cost.

    The price list of the book's last day is taken for all of its days.

    Raises
    ------
    DataError
        The cap is not above 0.
    PolicyError
        No cap is in force under the strategy: lay a law over it.
    """
    if cap <= 0:
        raise DataError(f"cap must be above 0, got {float(cap):g}.")
    on = book.days()[1]
    caps = {lender: min(rate, float(cap)) for lender, rate in strategy.at(on)[KEY].items()}
    lawful = strategy.changed(KEY, caps, on, name=READINGS[1])
    highest = _highest(book, lawful)
    ways = {READINGS[0]: strategy.named(READINGS[0]), READINGS[1]: lawful}
    if highest is not None and highest > 0:
        repriced = _repriced(lawful, highest, on)
        ways |= {READINGS[2]: _refusing(repriced, strategy, highest, on), READINGS[3]: repriced}
    results = {name: simulate(book, way) for name, way in ways.items()}
    return Capped(
        cap=cap, highest=highest, results=results, grades=_grades(results, strategy, highest, on)
    )


def _highest(book: Book, lawful: Strategy) -> Fraction | None:
    """Return the highest daily rate within the cap, over every term and the book's days."""
    found: list[Fraction] = []
    for group in groups(book, lawful):
        figures = group.figures
        cap, terms = Cap.of(figures), CostTerms.of(figures)
        assert cap is not None  # noqa: S101  the leaf was changed, so it is in force
        step = PriceTerms.of(figures).step
        for months in offered_months(figures):
            loan = Loan(
                principal_fen=YARDSTICK_FEN, drawn_on=figures.on, months=months,
                daily_rate=Fraction(0),
            )  # fmt: skip
            rate = highest_rate(loan, cap, terms, step)
            if rate is None:
                return None
            found.append(rate)
    return min(found)


def _repriced(lawful: Strategy, highest: Fraction, on: date) -> Strategy:
    """Return the strategy whose rates end at the highest that is allowed."""
    terms = PriceTerms.of(lawful.at(on))
    rates = [min(grade.daily_rate, highest) for grade in terms.grades]
    low, high = min(rates), max(rates)
    band = {"min": float(low), "max": float(high)}
    places = [float((rate - low) / (high - low)) if high > low else 0.0 for rate in rates]
    rows = [
        {**row, "place": place}
        for row, place in zip(lawful.at(on)["pricing.grades"], places, strict=True)
    ]
    priced = lawful.changed("product.daily_rate", band, on, name=READINGS[3])
    return priced.changed("pricing.grades", rows, on)


def _refusing(repriced: Strategy, today: Strategy, highest: Fraction, on: date) -> Strategy:
    """Return the strategy that refuses everybody whose own grade is above the cap."""
    grades = PriceTerms.of(today.at(on)).grades
    bound = max((g.max_probability for g in grades if g.daily_rate <= highest), default=0.0)
    cutoff: dict[str, Any] = {
        name: min(value, bound) for name, value in today.at(on)["decision.cutoff"].items()
    }
    return repriced.changed("decision.cutoff", cutoff, on, name=READINGS[2])


def _grades(
    results: dict[str, Simulated], strategy: Strategy, highest: Fraction | None, on: date
) -> pd.DataFrame:
    """Return a line a grade of today's list: its price now and then, and who is lent to at it."""
    lines = []
    for grade in PriceTerms.of(strategy.at(on)).grades:
        allowed = highest is not None and grade.daily_rate <= highest
        line: dict[str, Any] = {
            "grade": grade.name, "max_pd": grade.max_probability,
            "daily_rate": float(grade.daily_rate), "allowed": allowed,
            "daily_rate_capped": float(min(grade.daily_rate, highest)) if highest else float("nan"),
        }  # fmt: skip
        for name, found in results.items():
            decided = found.decided
            own = decided.approved & (
                decided.grade == decided.grades.index(grade.name)
                if grade.name in decided.grades
                else False
            )
            line[f"approved: {name}"] = int(own.sum())
            line[f"profit: {name}"] = float(found.earned.profit[own].sum()) / YUAN
        lines.append(line)
    return pd.DataFrame(lines)
