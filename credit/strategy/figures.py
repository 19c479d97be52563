"""Figures of a simulated strategy, as tables: by segment, by price."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from credit.decide.cost import Cap, CostTerms, Offer, cost_breakdown, offered_months
from credit.decide.cost.cap import YARDSTICK_FEN
from credit.decide.money import YUAN
from credit.decide.price import PriceTerms
from credit.decide.repay.schedule import Loan, schedule
from credit.strategy.book import Bools
from credit.strategy.decided import GROUNDS, OUTCOMES
from credit.strategy.economics import PARTS, YEAR, Simulated

ALL = "(all)"
"""The segment of everybody."""


def by_segment(found: Simulated) -> pd.DataFrame:
    """Return the figures of each segment, in the order of their names, and of all.

    Returns
    -------
    DataFrame
        ``strategy, segment, applications``; of each outcome the rows (``approve``, ...);
        ``approval_rate``; ``against_<ground>``, rows against whom a ground stands (one may have
        several); ``mean_limit`` of those approved; ``drawn``, ``own`` (the lender's part of it),
        ``exposure``; ``expected_bad_rate``, the mean probability of default of those approved;
        ``known`` and ``bads`` among them, ``bad_rate``; ``revenue, loss, funding, operating`` of
        the whole loans; ``profit`` of the lender; ``yearly_return``, profit on its own balance a
        year. Amounts in yuan; a rate among nobody is NaN.
    """
    names = np.array(found.book.segment)
    parts: list[tuple[str, Bools]] = [(str(name), names == name) for name in sorted(set(names))]
    parts.append((ALL, np.ones(len(names), dtype=bool)))
    return pd.DataFrame([_line(found, name, rows) for name, rows in parts])


def _line(found: Simulated, name: str, rows: Bools) -> dict[str, Any]:
    """Return the figures of some rows."""
    decided, book, earned = found.decided, found.book, found.earned
    yes = rows & decided.approved
    count, approved = int(rows.sum()), int(yes.sum())
    outcomes = np.bincount(decided.outcome[rows], minlength=len(OUTCOMES)).tolist()
    known = yes & ~np.isnan(book.bad)
    bads = int(book.bad[known].sum())
    sums = {name: float(getattr(earned, name)[rows].sum()) / YUAN for name in (*PARTS, "exposure")}
    years = float(earned.balance[rows].sum()) / YUAN / YEAR
    return {
        "strategy": found.strategy.name, "segment": name, "applications": count,
        **dict(zip(OUTCOMES, outcomes, strict=True)),
        "approval_rate": _share(approved, count),
        **{
            f"against_{ground}": int((decided.grounds[:, place] & rows).sum())
            for place, ground in enumerate(GROUNDS)
        },
        "mean_limit": _share(int(decided.limit_fen[yes].sum()) / YUAN, approved),
        "drawn": int(earned.drawn_fen[rows].sum()) / YUAN,
        "own": int(earned.own_fen[rows].sum()) / YUAN,
        "exposure": sums.pop("exposure"),
        "expected_bad_rate": _share(float(book.probability[yes].sum()), approved),
        "known": int(known.sum()), "bads": bads, "bad_rate": _share(bads, int(known.sum())),
        **sums,
        "yearly_return": _share(sums["profit"], years),
    }  # fmt: skip


def prices(found: Simulated) -> pd.DataFrame:
    """Return every price of the last day of the book, and whether its law allows it.

    Returns
    -------
    DataFrame
        ``grade, daily_rate``; ``annual_rate`` (times the days of a year); ``cost`` (the dearest of
        the product's terms, all in, as the policy measures it), ``cap`` (NaN where there is none),
        ``allowed``; ``approved``, rows at this grade and rate on whichever day; ``profit``, yuan.
    """
    decided = found.decided
    figures = found.strategy.at(date.fromordinal(int(decided.on.max())))
    costs, cap = CostTerms.of(figures), Cap.of(figures)
    rows = []
    for grade in PriceTerms.of(figures).grades:
        dearest = max(
            (
                _cost(grade.daily_rate, months, figures.on, costs)
                for months in offered_months(figures)
            ),
            key=lambda cost: cost.annual,
        )
        own = _at(found, grade.name, grade.daily_rate) & decided.approved
        rows.append(
            {
                "grade": grade.name, "daily_rate": float(grade.daily_rate),
                "annual_rate": float(grade.daily_rate * costs.day_count), "cost": dearest.annual,
                "cap": np.nan if cap is None else float(cap.rate),
                "allowed": cap is None or cap.allows(dearest), "approved": int(own.sum()),
                "profit": float(found.earned.profit[own].sum()) / YUAN,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _cost(rate: Any, months: int, on: date, costs: CostTerms) -> Any:
    plan = schedule(Loan(principal_fen=YARDSTICK_FEN, drawn_on=on, months=months, daily_rate=rate))
    return cost_breakdown(Offer(name="", schedule=plan, daily_rate=rate), costs)


def _at(found: Simulated, grade: str, rate: Any) -> Bools:
    """Say which rows have a grade and a price."""
    decided = found.decided
    grades = decided.grades.index(grade) if grade in decided.grades else None
    rates = decided.rates.index(rate) if rate in decided.rates else None
    own: Bools = (decided.grade == grades) & (decided.rate == rates)
    return own


def _share(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")
