"""The price of a loan: a grade by probability of default, a daily rate by grade.

A price depends on the grade and on what the money is for, and on nothing else: where a person is
buys nothing, neither cheaper nor dearer. Better grades never pay more, which is checked when the
terms are read and not when they are used.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from credit.decide.leaves import choice, flag, items, named, number, table, whole
from credit.errors import DataError, PolicyError
from credit.feature import Reason
from credit.policy import InForce

INPUTS = ("grade", "scenario")
"""All that a price may depend on."""

YEARS = (360, 365)

WORDS: dict[str, Reason] = {
    "P_GRADE": Reason(
        en="Your credit grade is {grade}; its price is {rate} a day.",
        zh="您的信用等级为 {grade}，对应日利率为 {rate}。",
    ),
    "P_SCENARIO": Reason(
        en="Because the money is for {scenario}, the price is lowered by {discount} to {rate}.",
        zh="因借款用途为 {scenario}，价格下调 {discount}，日利率为 {rate}。",
    ),
    "P_YEAR": Reason(
        en="That is {annual} a year, counting {days} days.",
        zh="按每年 {days} 天计算，年利率为 {annual}。",
    ),
}
"""The sentences of a price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """Who has at most this probability of default, and not that of the grade before, pays this."""

    name: str
    max_probability: float
    daily_rate: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a loan costs a day, and of what that follows."""

    grade: str
    scenario: str | None
    grade_rate: Fraction
    daily_rate: Fraction
    day_count: int

    @property
    def annual_rate(self) -> Fraction:
        """The daily rate times the days of a year."""
        return self.daily_rate * self.day_count

    def plain(self) -> dict[str, str | float | None]:
        """Return the price as JSON has it."""
        return {
            "grade": self.grade,
            "scenario": self.scenario,
            "grade_rate": float(self.grade_rate),
            "daily_rate": float(self.daily_rate),
            "annual_rate": float(self.annual_rate),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTerms:
    """The price list in force.

    Attributes
    ----------
    grades : tuple of Grade
        From the best to the worst; the last one takes everybody.
    discounts : dict of str to Fraction
        What the money is for -> share by which the rate falls.
    day_count : {360, 365}
        Days of a year.
    step : Fraction
        A daily rate is a multiple of it, rounded half up: rounding keeps the order of grades.
    tolerance : Fraction
        By how much two daily rates of one grade may differ and still be the same price.
    teaser_allowed : bool
    teaser_jump : Fraction
        A later rate of so many times the first one, or more, makes the first a teaser.
    """

    grades: tuple[Grade, ...]
    discounts: dict[str, Fraction]
    day_count: int
    step: Fraction
    tolerance: Fraction
    teaser_allowed: bool
    teaser_jump: Fraction

    @classmethod
    def of(cls, figures: InForce) -> PriceTerms:
        """Read and check the price list.

        Raises
        ------
        PolicyError
            A better grade pays more, grades do not follow each other or leave somebody out, a
            price would depend on something else than grade and purpose (where a person is, say),
            or a figure is out of its range.
        """
        _check_inputs(figures)
        teaser = named(figures, "pricing.teaser", ("allowed", "max_jump"))
        given = figures["pricing.scenario_discount"]
        where = "pricing.scenario_discount"
        discounts = {
            name: number(value, f"{where}.{name}", high=0.99)
            for name, value in table(given, where, tuple(given)).items()
        }
        day_count = whole(figures["pricing.day_count"], "pricing.day_count")
        if day_count not in YEARS:
            raise PolicyError(f"pricing.day_count: {day_count} is not one of {YEARS}.")
        step = number(figures["pricing.step"], "pricing.step", low=1e-9, high=0.0001)
        return cls(
            grades=_grades(figures, step),
            discounts=discounts,
            day_count=day_count,
            step=step,
            tolerance=number(figures["pricing.tolerance"], "pricing.tolerance"),
            teaser_allowed=flag(teaser["allowed"], "pricing.teaser.allowed"),
            teaser_jump=number(teaser["max_jump"], "pricing.teaser.max_jump", low=1.01, high=100),
        )

    def grade(self, probability: float) -> Grade:
        """Return the grade of a probability of default: the first that reaches up to it."""
        if not 0 <= probability <= 1:
            raise DataError(f"probability must lie in [0, 1], got {probability}.")
        bounds = [grade.max_probability for grade in self.grades]
        return self.grades[bisect_left(bounds, probability)]

    def price(self, probability: float, scenario: str | None = None) -> Price:
        """Return the price for a probability of default and what the money is for.

        Raises
        ------
        DataError
            The probability is none, or the price list does not know the scenario.
        """
        if scenario is not None and scenario not in self.discounts:
            raise DataError(
                f"scenario must be one of {tuple(self.discounts)} or None, got {scenario!r}."
            )
        grade = self.grade(probability)
        off = self.discounts[scenario] if scenario is not None else Fraction(0)
        rate = rounded(grade.daily_rate * (1 - off), self.step)
        return Price(
            grade=grade.name, scenario=scenario, grade_rate=grade.daily_rate, daily_rate=rate,
            day_count=self.day_count,
        )  # fmt: skip


def _check_inputs(figures: InForce) -> None:
    for name in items(figures["pricing.inputs"], "pricing.inputs"):
        choice(name, "pricing.inputs", INPUTS)


def band(figures: InForce) -> tuple[Fraction, Fraction]:
    """Return the lowest and the highest daily rate of the product (``product.daily_rate``)."""
    key = "product.daily_rate"
    leaf = named(figures, key, ("min", "max"))
    low = number(leaf["min"], f"{key}.min", low=1e-9, high=0.01)
    return low, number(leaf["max"], f"{key}.max", low=float(low), high=0.01)


def _grades(figures: InForce, step: Fraction) -> tuple[Grade, ...]:
    key = "pricing.grades"
    low, high = band(figures)
    grades = []
    for place, row in enumerate(items(figures[key], key), start=1):
        where = f"{key}[{place}]"
        table(row, where, ("grade", "max_pd", "place"))
        bound = number(row["max_pd"], f"{where}.max_pd")
        rate = low + (high - low) * number(row["place"], f"{where}.place")
        grades.append(
            Grade(
                name=str(row["grade"]),
                max_probability=float(bound),
                daily_rate=rounded(rate, step),
            )
        )
    for better, worse in pairwise(grades):
        if worse.max_probability <= better.max_probability:
            raise PolicyError(
                f"{key}: grade {worse.name} ends at {worse.max_probability}, not above grade "
                f"{better.name} ({better.max_probability}). List grades from the best to the worst."
            )
        if worse.daily_rate < better.daily_rate:
            raise PolicyError(
                f"{key}: grade {better.name} pays {float(better.daily_rate):g} a day, more than "
                f"the worse grade {worse.name} ({float(worse.daily_rate):g}). A better grade never "
                "pays more."
            )
    if len({grade.name for grade in grades}) < len(grades):
        raise PolicyError(f"{key}: two grades have one name in {[g.name for g in grades]}.")
    if grades[-1].max_probability != 1:
        raise PolicyError(
            f"{key}: the last grade ends at {grades[-1].max_probability} and must end at 1: "
            "whom to refuse is another rule's business."
        )
    return tuple(grades)


def rounded(rate: Fraction, step: Fraction) -> Fraction:
    """Return the multiple of ``step`` nearest to a rate; half goes up.

    >>> float(rounded(Fraction(35, 100_000), Fraction(1, 10_000)))
    0.0004
    """
    return (2 * rate // step + 1) // 2 * step
