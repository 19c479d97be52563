"""Books of random applications at the edges of every rule, and the replay that is the oracle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from functools import cache

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
    day = FIRST + timedelta(days=int(draw.integers(days)) * STEP)
    if draw.random() < 0.1:
        day = date(2026, 1, 31) if draw.random() < 0.5 else date(2025, 2, 28)
    instant = at(day, ZONE, hour=int(draw.integers(24))) + int(draw.integers(3_600_000_000))
    years = int(
        draw.choice([17, 18, 19, 35, 59, 60, 61], p=[0.04, 0.1, 0.2, 0.36, 0.2, 0.08, 0.02])
    )
    birth = add_months(day, -12 * years) + timedelta(days=int(draw.integers(-1, 2)))
    if draw.random() < 0.02:
        birth = date(2004, 2, 29)
    months = int(draw.choice([0, 1, 5, 6, 7, 40], p=[0.03, 0.03, 0.06, 0.2, 0.2, 0.48]))
    joined = add_months(day, -months) + timedelta(days=int(draw.integers(-1, 2)))
    registered = min(at(joined, ZONE, hour=int(draw.integers(24))), instant)
    income = int(
        draw.choice([0, 24_999, 25_000, 499_999, 500_000, 500_001])
        if draw.random() < 0.25
        else draw.integers(100_000, 4_000_000)
    )
    if strange and draw.random() < 0.004:
        income = int(draw.choice([10**15, 10**18, 10**22]))
    used = draw.choice(["good", "overdue", "idle"], int(draw.integers(0, 40)), p=[0.8, 0.1, 0.1])
    assets = draw.choice(["housing", "car", "deposit"], int(draw.integers(0, 5)))
    dues = draw.integers(0, 200_000, int(draw.integers(0, 4)))
    if income and draw.random() < 0.1:
        dues = np.array([income * 7 // 10 + int(draw.integers(-1, 2))], dtype=object)
    scores = {"wechat_pay": int(draw.choice([599, 600, 601, 700]))} if draw.random() < 0.97 else {}
    if draw.random() < 0.2:
        scores["zhima"] = int(draw.choice([549, 600, 650]))
    return Stated(
        application_id=f"a{place}", instant=instant, birth_date=birth, registered_at=registered,
        income_fen=income, assets=tuple(map(str, assets)), months=tuple(map(str, used)),
        occupation=str(draw.choice(["civil", "freelance", "default", "worker"])),
        income_evidence=("payslip",) if draw.random() < 0.3 else (), scores=scores,
        scopes=SCOPES[int(draw.choice(3, p=[0.5, 0.47, 0.03]))],
        dues_fen=tuple(max(int(due), 0) for due in dues),
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
