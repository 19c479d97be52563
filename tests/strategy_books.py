"""Books of random applications at the edges of every rule, and the replay that is the oracle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np

from credit import policy
from credit.decide.clock import add_months, at, local_day
from credit.decide.decision import Decision, DecisionTerms, decide
from credit.decide.stated import Stated
from credit.errors import LawError
from credit.strategy import Book, Decided, Strategy
from credit.strategy.decided import put

ZONE = "Asia/Shanghai"
FIRST, STEP = date(2025, 1, 15), 14
"""Days so far apart, over which the law changes thrice: in March, October and December 2025."""

SCOPES = (
    frozenset({"basic_id", "credit_record"}),
    frozenset({"basic_id", "credit_record", "payments", "wealth"}),
    frozenset({"basic_id"}),
)


def random_book(rows: int, seed: int, *, days: int = 30, strange: bool = True) -> Book:
    """Draw applications; most of them sit on, just below or just above the edge of a rule."""
    draw = np.random.default_rng(seed)
    stated = [_stated(draw, place, days, strange) for place in range(rows)]
    edges = [0.0, 0.01, 0.02, 0.04, 0.075, 0.08, 0.1, 1.0]
    edges += [float(np.nextafter(edge, 2 * side)) for edge in edges[1:-1] for side in (0, 1)]
    probability = np.where(
        draw.random(rows) < 0.4, draw.choice(edges, rows), draw.beta(1.2, 25, rows)
    )
    probability[draw.random(rows) < 0.02] = np.nan
    likely = np.nan_to_num(probability, nan=0.2)
    bad = np.where(draw.random(rows) < 0.7, draw.random(rows) < likely, np.nan).astype(float)
    return Book.of(
        stated, probability, bad=bad,
        segment=draw.choice(["sme", "white_collar", "blue_collar"], rows, p=[0.2, 0.3, 0.5]),
        amount_fen=draw.integers(0, 40_000, rows) * 100 * (draw.random(rows) < 0.9),
    )  # fmt: skip


def _stated(draw: np.random.Generator, place: int, days: int, strange: bool) -> Stated:
    dice = iter(draw.random(40).tolist())

    def one(*options: Any) -> Any:
        return options[int(next(dice) * len(options))]

    def upto(count: int) -> int:
        return int(next(dice) * count)

    day = FIRST + timedelta(days=upto(days) * STEP)
    if next(dice) < 0.1 and days > 2:
        day = one(date(2026, 1, 31), date(2025, 2, 28))
    instant = at(day, ZONE, hour=upto(24)) + upto(3_600_000_000)
    years = one(17, 18, 18, 19, 19, 19, 35, 35, 35, 35, 35, 35, 59, 59, 59, 60, 60, 61)
    birth = add_months(day, -12 * years) + timedelta(days=upto(3) - 1)
    if next(dice) < 0.02:
        birth = date(2004, 2, 29)
    joined = add_months(day, -one(0, 1, 5, 6, 6, 7, 7, 40, 40, 40, 40)) + timedelta(
        days=upto(3) - 1
    )
    registered = min(at(joined, ZONE, hour=upto(24)), instant)
    income = 100_000 + upto(3_900_000)
    if next(dice) < 0.25:
        income = one(0, 24_999, 25_000, 499_999, 500_000, 500_001)
    if strange and next(dice) < 0.004:
        income = one(10**15, 10**18, 10**22)
    months = draw.choice(["good", "overdue", "idle"], upto(40), p=[0.8, 0.1, 0.1]).tolist()
    dues = tuple(upto(200_000) for _ in range(upto(4)))
    if next(dice) < 0.1:
        dues = (max(income * 7 // 10 + upto(3) - 1, 0),)
    scores = {"wechat_pay": one(599, 600, 601, 700)} if next(dice) < 0.97 else {}
    if next(dice) < 0.2:
        scores["zhima"] = one(549, 600, 650)
    return Stated(
        application_id=f"a{place}", instant=instant, birth_date=birth, registered_at=registered,
        income_fen=income, months=tuple(months),
        assets=tuple(one("housing", "car", "deposit") for _ in range(upto(5))),
        occupation=one("civil", "freelance", "default", "worker"),
        income_evidence=one((), (), ("payslip",)), scores=scores,
        scopes=SCOPES[one(*[0, 1] * 15, 2)], dues_fen=dues,
    )  # fmt: skip


@dataclass
class Replay:
    """Every row decided by `decide`; None on days whose law refuses the product."""

    book: Book
    strategy: Strategy
    decisions: list[Decision | None]


def replay(book: Book, strategy: Strategy, rows: Sequence[int] | None = None) -> Replay:
    """Decide rows one by one under the terms of their own day."""
    terms: dict[date, DecisionTerms | None] = {}
    decisions: list[Decision | None] = []
    for row in range(len(book)) if rows is None else rows:
        instant = book.stated[row].instant
        day = local_day(instant, strategy.zone(local_day(instant, "UTC")))
        if day not in terms:
            try:
                terms[day] = DecisionTerms.of(strategy.at(day))
            except LawError:
                terms[day] = None
        held = terms[day]
        decisions.append(None if held is None else decide(book.case(row), held))
    return Replay(book, strategy, decisions)


@cache
def champion() -> Strategy:
    return Strategy(name="champion", rules=policy.load("weilidai+cn-2026"))


def agree(found: Decided, oracle: Replay) -> None:
    """Compare every field of every row."""
    expected = Decided.empty(len(oracle.book))
    for row, decision in enumerate(oracle.decisions):
        if decision is not None:
            put(expected, row, decision)
    for one in fields(Decided):
        if one.name in {"grade", "rate"}:
            names = [f"{one.name}s"] * 2
            mine, theirs = (
                [getattr(side, name)[at] if at >= 0 else None for at in getattr(side, one.name)]
                for side, name in zip((found, expected), names, strict=True)
            )
            assert mine == theirs, one.name
        elif one.name not in {"on", "grades", "rates", "law", "slow"}:
            wrong = getattr(found, one.name) != getattr(expected, one.name)
            rows = np.flatnonzero(wrong.reshape(len(wrong), -1).any(axis=1))
            assert rows.size == 0, (one.name, rows[:5], [oracle.book.stated[r] for r in rows[:2]])
