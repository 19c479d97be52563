"""No feature may move when what its person's instant could not know is rewritten.

One boundary a person: each applicant gets a copy of the whole world, in which every row that
is invisible at that applicant's own instant was deleted, changed or moved, and others were
added; rows of other people too. A test with one date for everybody would miss leaks.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from feature_tables import MAKE, OWN, WINDOWS, Chance, Row, World, copies, engine_of, random_world

from credit.feature import Catalogue, Expression, Feature, Stated
from credit.features import build
from credit.features.window import rule
from credit.schema import DAY

SEEDS = (101, 102)
STEP = 100_000

UNBOUNDED = ("loans", "repayments", "tags", "customers", "applications")
"""Tables that features with a window read without one."""

Times = Callable[[Chance, str], Row]
Hidden = Callable[[str, Row], bool]


def rewrite(c: Chance, tables: dict[str, list[Row]], hidden: Hidden, times: Times) -> dict:
    """Return the tables with hidden rows deleted, changed, moved or kept, and some added."""
    schedule = [(row["loan_id"], row["number"]) for row in tables["instalments"]]
    made: dict[str, list[Row]] = {}
    for name, rows in tables.items():
        kept = made[name] = []
        for row in rows:
            if not hidden(name, row):
                kept.append(row)
                continue
            change = {**row, **MAKE[name](c, 0), "customer_id": row["customer_id"]}
            fate = c.pick("delete", "change", "move", "both", "keep")
            other = _still(change, row) if fate in ("change", "both") else row
            if fate in ("move", "both"):
                other = {**other, **times(c, name)}
            if fate != "delete":
                kept.append(other)
        # A person registers once: a second row would be refused before it could leak.
        for _ in range(0 if name == "customers" else len(rows) // 4):
            row = {**MAKE[name](c, 0), **times(c, name)}
            if name in ("instalments", "repayments"):
                loan, number = c.pick(*schedule)
                row |= {"loan_id": loan, "number": number if name == "repayments" else c.key()}
            kept.append(row)
    return made


def _still(change: Row, row: Row) -> Row:
    """Return a changed row that is the same row: its keys and times stay."""
    same = ("event_time", "available_at", "due_at", "loan_id", "number", "product_id")
    return change | {name: row[name] for name in same if name in row}


def invisible(q: int) -> tuple[Hidden, Times]:
    """Return what could not be known at q, and times that q cannot see."""

    def hidden(table: str, row: Row) -> bool:
        if table == "applications":  # the application made at q is the question itself
            return row["event_time"] > q or row["available_at"] > q
        return row["event_time"] >= q or row["available_at"] > q

    def times(c: Chance, table: str) -> Row:
        first = q if table != "applications" else q + 1
        after = c.pick(first, first + 1, first + c.whole(0, 100 * DAY))
        before = c.pick(q - 1, q - c.whole(0, 300 * DAY))
        late = c.pick(q + 1, q + c.whole(1, 100 * DAY))
        known = after + c.pick(0, c.whole(0, 3 * DAY))
        return c.pick(
            {"event_time": after, "available_at": known},
            {"event_time": before, "available_at": late},
        )

    return hidden, times


def too_old(q: int, days: int) -> tuple[Hidden, Times]:
    """Return what happened before the window, and times that lie before it."""
    start = q - days * DAY

    def hidden(table: str, row: Row) -> bool:
        if table in UNBOUNDED:
            return False
        return row["due_at" if table == "instalments" else "event_time"] < start

    def times(c: Chance, table: str) -> Row:
        old = c.pick(start - 1, start - 1, start - c.whole(1, 300 * DAY))
        known = old + c.pick(0, c.whole(0, DAY))
        if table in UNBOUNDED:
            return {"event_time": q, "available_at": q + 1}
        return {"event_time": old, "available_at": known, "due_at": old}

    return hidden, times


def longest(feature: Feature) -> float:
    """Return the longest window of a feature in days, infinite for all history."""
    if isinstance(feature, Stated):
        return np.inf
    parts = feature.parts if isinstance(feature, Expression) else (feature,)
    return max(np.inf if part.days is None else part.days for part in parts)


def changed(world: World, seed: int, limits: Callable[[int, Chance], tuple]) -> dict[str, int]:
    """Return feature -> number of applicants whose value moved, for those that moved.

    ``limits(person, chance)`` says what is rewritten in that person's copy of the world and
    which features must not notice.
    """
    c = Chance(seed + 7, len(world.as_of))
    rewritten, fixed = [], []
    for person in sorted(world.as_of):
        hidden, times, names = limits(person, c)
        rewritten.append(rewrite(c, world.tables, hidden, times))
        fixed.append(names)
    spine = world.spine()
    shifted = spine.assign(customer_id=spine["customer_id"] + STEP * np.arange(len(spine)))
    with engine_of(world.tables) as engine:
        before = build(engine, spine, OWN)
    with engine_of(copies(rewritten, STEP)) as engine:
        after = build(engine, shifted, OWN)
    moved: dict[str, int] = {}
    for name in OWN.names:
        kept = np.array([name in names for names in fixed])
        count = int((kept & ~_same(before[name], after[name])).sum())
        if count:
            moved[name] = count
    return moved


def _same(one: pd.Series, other: pd.Series) -> np.ndarray:
    nulls = one.isna() & other.isna()
    if pd.api.types.is_numeric_dtype(one):
        return (nulls | np.isclose(one, other, rtol=1e-12, atol=1e-12)).to_numpy()
    return (nulls | (one == other)).to_numpy()


def future_of(world: World) -> Callable[[int, Chance], tuple]:
    """Rewrite what is invisible at each person's instant; no feature may notice."""
    return lambda person, _c: (*invisible(world.as_of[person]), set(OWN.names))


def past_of(world: World) -> Callable[[int, Chance], tuple]:
    """Rewrite what is older than a window; no feature of at most that window may notice."""

    def limits(person: int, c: Chance) -> tuple:
        days = WINDOWS[person % len(WINDOWS)]
        names = {feature.name for feature in OWN if longest(feature) <= days}
        return (*too_old(world.as_of[person], days), names)

    return limits


@pytest.mark.parametrize("seed", SEEDS)
def test_what_could_not_be_known_changes_no_feature(seed: int) -> None:
    world = random_world(seed)
    assert changed(world, seed, future_of(world)) == {}


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_older_than_the_window_changes_no_feature(seed: int) -> None:
    world = random_world(seed)
    assert changed(world, seed, past_of(world)) == {}


CONTROLS = {
    "an event in the very instant counts": (
        "before",
        lambda time, q: f"{time} <= {q}",
        future_of,
    ),
    "availability is ignored": ("known", lambda available_at, q: "1 = 1", future_of),
    "known a microsecond too late counts": (
        "known",
        lambda available_at, q: f"{available_at} <= {q} + 1",
        future_of,
    ),
    "a window is a microsecond too long": (
        "within",
        lambda age, days: f"{age} <= {days * DAY + 1}",
        past_of,
    ),
}
"""Fault -> (function of the rule, what it becomes, the property that must notice)."""


RARE = {
    "wealth_holding_days",
    "repayment_early_share_360d",
    "repayment_max_days_past_due_720d",
    "repayment_days_since_overdue",
}
"""Features that a microsecond seldom moves: an event at q is nobody's first, and an instalment
paid at q was as late, as recently, as one still open at q."""


@pytest.mark.parametrize("fault", CONTROLS)
def test_the_property_catches(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    function, broken, limits = CONTROLS[fault]
    monkeypatch.setattr(rule, function, broken)
    caught: set[str] = set()
    for seed in SEEDS:
        world = random_world(seed)
        caught |= set(changed(world, seed, limits(world)))
    if limits is future_of:
        concerned = {f.name for f in OWN if not isinstance(f, Stated)}
    else:
        concerned = {f.name for f in OWN if longest(f) < np.inf}
    assert concerned - caught <= RARE


EDGES = [
    # event_time, available_at - each relative to q - and whether the event counts in 90 days
    (0, 0, False),
    (-1, -1, True),
    (-1, 0, True),
    (-1, 1, False),
    (-90 * DAY, -90 * DAY, True),
    (-90 * DAY, 0, True),
    (-90 * DAY - 1, -90 * DAY, False),
    (1, 1, False),
]


@pytest.mark.parametrize(("event", "known", "counts"), EDGES)
def test_the_edges_of_a_window(event: int, known: int, counts: bool) -> None:
    q = 1_700_000_000_000_000
    payment = {
        "payment_id": 1, "customer_id": 5, "event_time": q + event, "available_at": q + known,
        "direction": "out", "amount_fen": 700, "status": "ok", "mcc": 5411,
    }  # fmt: skip
    only = Catalogue((OWN["payment_daily_amount_90d"],))
    with engine_of({"payments": [payment]}) as engine:
        frame = build(engine, World({5: q}).spine(), only)
    assert frame["payment_daily_amount_90d"].item() == (700 / 90 if counts else 0)
