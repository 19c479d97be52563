"""What a strategy decides about a book, by the column: equal to `decide`, row by row.

Rows of one day's figures are decided together, in whole numbers. Where the figures or the records
hold something that the fast path does not know (`credit.strategy.known`), each row goes through
`credit.decide.decision.decide` instead.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from credit.decide.clock import add_months
from credit.decide.cost import offered_months
from credit.decide.decision import Decision, DecisionTerms, decide
from credit.decide.eligibility import WAITING
from credit.decide.funding import FundingTerms
from credit.decide.repay.schedule import FeePlanTerms
from credit.errors import LawError
from credit.policy import InForce
from credit.strategy.book import Book, Bools, Ints
from credit.strategy.eligible import BORNE, checks
from credit.strategy.exact import Ratio
from credit.strategy.known import CODES, unknown
from credit.strategy.limits import limits
from credit.strategy.strategy import Strategy

OUTCOMES = ("approve", "review", "query_only", "refuse", "illegal")
"""What becomes of an application, from the best; ``illegal``: the day's law lets nobody have it."""

GROUNDS = ("fraud", "eligibility", "score", "burden", "limit")
"""What may stand against a person, in the order in which it is told."""

APPROVE, REVIEW, QUERY_ONLY, REFUSE, ILLEGAL = range(len(OUTCOMES))


class Group(NamedTuple):
    """Rows that one reading of the figures decides."""

    rows: Ints
    figures: InForce


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decided:
    """Decisions by the column; every array has an entry a row.

    Attributes
    ----------
    outcome : ndarray of int8
        Position in `OUTCOMES`.
    grounds : ndarray of bool, shape (rows, len(GROUNDS))
        What stands against the person.
    checks : ndarray of bool, shape (rows, len(CODES))
        Whether each check was passed; what is not known was not.
    limit_fen, usable_fen : ndarray of int
    grade, rate : ndarray of int
        Positions in ``grades`` and ``rates``; -1 without a price.
    on : ndarray of int
        The local day, as an ordinal.
    grades : list of str
    rates : list of Fraction
        Daily rates, exact.
    law : dict of str to int
        Why the law of some days does not allow the product -> rows of those days.
    slow : dict of str to int
        What the fast path does not know -> rows that `decide` decided for it.
    """

    outcome: npt.NDArray[np.int8]
    grounds: Bools
    checks: Bools
    limit_fen: Ints
    usable_fen: Ints
    grade: Ints
    rate: Ints
    on: Ints
    grades: list[str] = field(default_factory=list)
    rates: list[Fraction] = field(default_factory=list)
    law: dict[str, int] = field(default_factory=dict)
    slow: dict[str, int] = field(default_factory=dict)

    @classmethod
    def empty(cls, count: int) -> Decided:
        """Return so many rows that are not decided yet: nobody may have anything."""
        return cls(
            outcome=np.full(count, ILLEGAL, dtype=np.int8),
            grounds=np.zeros((count, len(GROUNDS)), dtype=bool),
            checks=np.zeros((count, len(CODES)), dtype=bool),
            limit_fen=np.zeros(count, dtype=np.int64),
            usable_fen=np.zeros(count, dtype=np.int64),
            grade=np.full(count, -1, dtype=np.int64),
            rate=np.full(count, -1, dtype=np.int64),
            on=np.zeros(count, dtype=np.int64),
        )

    @property
    def approved(self) -> Bools:
        """Who is approved."""
        found: Bools = self.outcome == APPROVE
        return found


def decide_book(book: Book, strategy: Strategy) -> Decided:
    """Decide every row of a book.

    Raises
    ------
    PolicyError
        A leaf is missing on a day of the book, or is not what its rule needs.
    DataError
        A row contradicts itself, as `decide` says it.
    """
    found = Decided.empty(len(book))
    for group in groups(book, strategy):
        found.on[group.rows] = book.facts.local_days("instant", group.figures["calendar.zone"])[
            group.rows
        ]
        try:
            FundingTerms.of(group.figures)
            terms = DecisionTerms.of(group.figures)
        except LawError as error:
            found.law[str(error)] = found.law.get(str(error), 0) + len(group.rows)
            continue
        strange = unknown(group.figures)
        if strange:
            said = ", ".join(strange)
            found.slow[said] = found.slow.get(said, 0) + len(group.rows)
            _one_by_one(found, book, group, strategy)
        else:
            _together(found, book, group.rows, terms)
    return found


def groups(book: Book, strategy: Strategy) -> Iterator[Group]:
    """Yield the rows that one reading of the figures decides.

    Two days have the same figures if no leaf begins or ends between them; and the law judges a
    product alike on two days if its longest loan would have months of equal lengths.
    """
    turns = sorted(
        {
            day.toordinal()
            for leaf in strategy.rules.leaves
            for day in (leaf.effective_from, leaf.effective_to)
            if day is not None
        }
    )
    for zone, rows in _zones(book, strategy):
        days = book.facts.local_days("instant", zone)[rows]
        found, place = np.unique(days, return_inverse=True)
        alike: dict[tuple[Any, ...], list[int]] = {}
        months: dict[int, int] = {}
        for at, ordinal in enumerate(found.tolist()):
            stretch, day = bisect_right(turns, ordinal), date.fromordinal(ordinal)
            if stretch not in months:
                months[stretch] = _longest(strategy.at(day))
            alike.setdefault((stretch, *_lengths(day, months[stretch])), []).append(at)
        for members in alike.values():
            own = rows[np.isin(place, members)]
            yield Group(own, strategy.at(date.fromordinal(int(found[members[0]]))))


def _zones(book: Book, strategy: Strategy) -> Iterator[tuple[str, Ints]]:
    """Yield the rows of each zone: that in force on the day of an instant in UTC."""
    days = book.facts.local_days("instant", "UTC")
    found, place = np.unique(days, return_inverse=True)
    zones = [strategy.zone(date.fromordinal(day)) for day in found.tolist()]
    for zone in dict.fromkeys(zones):
        yield zone, np.flatnonzero(np.array([one == zone for one in zones])[place])


def _longest(figures: InForce) -> int:
    plans = [plan.months for plan in FeePlanTerms.of(figures).plans]
    return max(*offered_months(figures), *plans)


def _lengths(day: date, months: int) -> tuple[int, ...]:
    """Return the days of each month of a loan that is drawn on a day."""
    due = [add_months(day, month).toordinal() for month in range(months + 1)]
    return tuple(np.diff(due).tolist())


def _places(known: list[Any], names: Sequence[Any]) -> list[int]:
    """Return where names stand in a list, which takes in those that are new."""
    for name in names:
        if name not in known:
            known.append(name)
    return [known.index(name) for name in names]


def _together(found: Decided, book: Book, rows: Ints, terms: DecisionTerms) -> None:
    """Decide rows of one day's terms in columns."""
    facts = book.facts
    wrong = (facts.birth[rows] > facts.local_days("instant", terms.zone)[rows]) | (
        facts.registered_at[rows] > facts.instant[rows]
    )
    # What contradicts itself is refused by the same words, whoever decides.
    first = int(rows[np.flatnonzero(wrong)[0]]) if wrong.any() else int(rows[0])
    probe = decide(book.case(first), _of_day(terms, int(found.on[first])))
    probability = book.probability[rows]
    unscored = np.isnan(probability)
    bounds = [grade.max_probability for grade in terms.price.grades]
    own = np.where(unscored, -1, np.searchsorted(bounds, np.where(unscored, 0.0, probability)))
    names = _places(found.grades, [grade.name for grade in terms.price.grades])
    rates = _places(found.rates, [terms.price.price(bound).daily_rate for bound in bounds])
    found.grade[rows] = np.where(unscored, -1, np.array(names)[own])
    found.rate[rows] = np.where(unscored, -1, np.array(rates)[own])
    found.checks[rows] = checks(facts, rows, probe, (terms.eligibility, terms.burden))
    limit = limits(facts, rows, own, len(bounds), terms.limit)
    found.limit_fen[rows] = limit
    keep = Ratio.of([1 - terms.shown.buffer], np.zeros(len(rows), dtype=np.int64))
    found.usable_fen[rows] = Ratio(limit, np.ones_like(limit)).times(keep).fen()
    _outcomes(found, rows, probe, probability, terms)


def _outcomes(
    found: Decided, rows: Ints, probe: Decision, probability: Any, terms: DecisionTerms
) -> None:
    """Let the gravest of what each part says decide."""
    passed = found.checks[rows]
    waits = np.array([code in WAITING for code in CODES])
    of_eligibility = np.array([code.startswith("E_") for code in CODES])
    broken = ~passed & of_eligibility
    said = np.zeros((len(rows), len(GROUNDS)), dtype=np.int8)
    # Nothing that tables state is an event or an indicator of fraud: all are judged as one is.
    said[:, 0] = {"block": REFUSE, "hold": REVIEW, "review": REVIEW}.get(
        probe.fraud.action, APPROVE
    )
    said[:, 1] = np.where(
        (broken & ~waits).any(axis=1), REFUSE, np.where(broken.any(axis=1), QUERY_ONLY, APPROVE)
    )
    cutoff = terms.cutoff
    said[:, 2] = np.where(
        probability <= cutoff.approve,
        APPROVE,
        np.where(np.isnan(probability) | (probability <= cutoff.review), REVIEW, REFUSE),
    )
    said[:, 3] = np.where(passed[:, BORNE], APPROVE, REFUSE)
    said[:, 4] = np.where(found.limit_fen[rows] > 0, APPROVE, REFUSE)
    found.grounds[rows] = said != APPROVE
    found.outcome[rows] = said.max(axis=1)


def _of_day(terms: DecisionTerms, ordinal: int) -> DecisionTerms:
    """Return terms as of another day that has the same figures."""
    return replace(terms, on=date.fromordinal(ordinal))


def _one_by_one(found: Decided, book: Book, group: Group, strategy: Strategy) -> None:
    """Decide rows by `decide` itself."""
    terms: dict[int, DecisionTerms] = {}
    for row in group.rows.tolist():
        day = int(found.on[row])
        if day not in terms:
            terms[day] = DecisionTerms.of(strategy.at(date.fromordinal(day)))
        put(found, row, decide(book.case(row), terms[day]))


def put(found: Decided, row: int, decision: Decision) -> None:
    """Write a decision into its row."""
    codes = {check.code.removesuffix("_UNKNOWN"): check.passed for check in decision.checks}
    found.outcome[row] = OUTCOMES.index(decision.outcome)
    found.grounds[row] = [ground in decision.grounds for ground in GROUNDS]
    found.checks[row] = [codes.get(code, True) for code in CODES]
    found.limit_fen[row], found.usable_fen[row] = (
        decision.limit.limit_fen, decision.shown.usable_fen,
    )  # fmt: skip
    if decision.price is not None:
        [found.grade[row]] = _places(found.grades, [decision.price.grade])
        [found.rate[row]] = _places(found.rates, [decision.price.daily_rate])
