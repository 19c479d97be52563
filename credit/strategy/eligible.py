"""Eligibility and the burden of debt, a column a rule; `credit.decide` has the rules themselves."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import date

import numpy as np

from credit.decide.clock import age
from credit.decide.cost import BurdenTerms
from credit.decide.decision import Decision
from credit.decide.eligibility import EligibilityTerms, LeastScore
from credit.strategy.book import Bools, Coded, Facts, Ints
from credit.strategy.exact import Ratio
from credit.strategy.known import CODES

WARNED, BORNE = CODES.index("D_BURDEN_WARNING"), CODES.index("D_BURDEN")


def checks(
    facts: Facts, rows: Ints, probe: Decision, terms: tuple[EligibilityTerms, BurdenTerms]
) -> Bools:
    """Return which checks each row passes, a column each of `CODES`.

    Parameters
    ----------
    facts : Facts
    rows : ndarray of int
        Rows that are decided by these terms.
    probe : Decision
        Of one of them: what `credit.decide.stated.case_of` takes as given is the same for all.
    terms : tuple of EligibilityTerms and BurdenTerms
    """
    asked, burden = terms
    given = {check.code.removesuffix("_UNKNOWN"): check.passed for check in probe.checks}
    found = np.tile([given[code] for code in CODES], (len(rows), 1))
    rules: dict[str, Callable[[], Bools]] = {
        "E_AGE": lambda: _age(facts, rows, asked),
        "E_COOLING": lambda: _cooling(facts, rows, asked),
        "E_TENURE": lambda: _tenure(facts, rows, asked),
        "E_SCORE": lambda: _picked(facts.scores, rows, lambda has: _scored(has, asked.score)),
        "E_INCOME": lambda: facts.evidence[rows] | (asked.income_evidence != "required"),
        "E_SCOPE": lambda: _picked(facts.scopes, rows, lambda has: set(asked.scopes) <= has),
    }
    for code, rule in rules.items():
        found[:, CODES.index(code)] = rule()
    dues, income = facts.dues_fen[rows], facts.income_fen[rows]
    ratio = Ratio(dues, income)  # without income, and with something due, no ratio is borne
    for place, most in ((BORNE, burden.most), (WARNED, burden.warn)):
        found[:, place] = (dues == 0) | ((income > 0) & ratio.at_most(most))
    return found


def _age(facts: Facts, rows: Ints, asked: EligibilityTerms) -> Bools:
    """Say who is of age: whole years by the calendar, of each birth date and day that occur."""
    least, most = asked.age
    births, days = facts.birth[rows], facts.local_days("instant", asked.zone)[rows]
    pairs, place = np.unique(np.stack([births, days]), axis=1, return_inverse=True)
    years = [age(date.fromordinal(birth), date.fromordinal(day)) for birth, day in pairs.T.tolist()]
    return np.array([least <= one <= most for one in years], dtype=bool)[place.ravel()]


def _cooling(facts: Facts, rows: Ints, asked: EligibilityTerms) -> Bools:
    first, last = (facts.local_days(one, asked.zone)[rows] for one in ("registered_at", "instant"))
    kept: Bools = last - first >= asked.cooling_days
    return kept


def _tenure(facts: Facts, rows: Ints, asked: EligibilityTerms) -> Bools:
    """Count whole months: a month is full on its day, or on the last of a month without it."""
    first, last = (
        _calendar(facts.local_days(one, asked.zone)[rows]) for one in ("registered_at", "instant")
    )
    months = 12 * (last[0] - first[0]) + last[1] - first[1]
    months -= last[2] < np.minimum(first[2], last[3])
    kept: Bools = months >= asked.tenure_months
    return kept


def _calendar(days: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Return year, month, day, and the days of the month, of ordinals."""
    found, place = np.unique(days, return_inverse=True)
    dates = [date.fromordinal(day) for day in found.tolist()]
    parts = [(d.year, d.month, d.day, monthrange(d.year, d.month)[1]) for d in dates]
    year, month, day, length = np.array(parts, dtype=np.int64).reshape(-1, 4)[place].T
    return year, month, day, length


def _picked(column: Coded, rows: Ints, of: Callable[[frozenset[str]], bool]) -> Bools:
    found, place = column.of(rows, of)
    return np.array(found, dtype=bool)[place]


def _scored(has: object, asked: LeastScore) -> bool:
    value = dict(has).get(asked.name)  # type: ignore[call-overload]
    if asked.name is None:
        return True
    return asked.if_missing != "refuse" if value is None else bool(value >= asked.least)
