"""Every built-in feature against a plain-Python oracle that shares nothing but its name."""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from feature_tables import OWN, Row, World, engine_of, random_world

from credit.feature import Catalogue
from credit.features import build

DAY = 24 * 3_600 * 1_000_000
SEEDS = (11, 12, 13)
SHANGHAI = ZoneInfo("Asia/Shanghai")
CATEGORY = {
    int(row["mcc"]): row["category"]
    for row in csv.DictReader(
        (Path(__file__).parent.parent / "credit/features/merchant_categories.csv")
        .read_text(encoding="utf-8")
        .splitlines()
    )
}


def local(time: int) -> datetime:
    """Return the local wall clock of an instant."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time)).astimezone(SHANGHAI)


def over(top: float, below: float) -> float | None:
    """Return a ratio; nothing over nothing is unknown."""
    return top / below if below else None


class Person:
    """What can be known of one person at q, by reading rows one at a time."""

    def __init__(self, world: World, person: int) -> None:
        self.tables, self.person, self.q = world.tables, person, world.as_of[person]

    def seen(self, table: str, days: int | None = None, **where: object) -> list[Row]:
        """Return the rows that count at q."""
        found = []
        for row in self.tables[table]:
            if not (row["event_time"] < self.q and row["available_at"] <= self.q):
                continue
            if days is not None and row["event_time"] < self.q - days * DAY:
                continue
            if all(row[name] == value for name, value in where.items()):
                found.append(row)
        return found

    def mine(self, table: str, days: int | None = None) -> list[Row]:
        return self.seen(table, days, customer_id=self.person)

    # -- payments

    def paid(self, days: int) -> list[Row]:
        return [
            r
            for r in self.mine("payments", days)
            if r["direction"] == "out" and r["status"] == "ok"
        ]

    def total(self, rows: list[Row]) -> int:
        return sum(r["amount_fen"] for r in rows)

    def purchases(self, days: int) -> list[tuple[str, Row]]:
        return [(CATEGORY[r["mcc"]], r) for r in self.paid(days) if r["mcc"] is not None]

    def spent_on(self, days: int, *categories: str) -> float | None:
        bought = self.purchases(days)
        part = self.total([row for category, row in bought if category in categories])
        return over(part, self.total([row for _, row in bought]))

    # -- people

    def contacts(self) -> dict[int, int]:
        """Return contact -> first event time."""
        found: dict[int, int] = {}
        for row in self.mine("contacts"):
            other = row["contact_id"]
            if other != self.person:
                found[other] = min(row["event_time"], found.get(other, row["event_time"]))
        return found

    def exchanged(self, days: int) -> dict[int, list[int]]:
        """Return counterparty -> [sent, received]."""
        found: dict[int, list[int]] = {}
        for row in self.seen("transfers", days):
            one, other = row["customer_id"], row["counterparty_id"]
            if one == other or self.person not in (one, other):
                continue
            sums = found.setdefault(other if one == self.person else one, [0, 0])
            sums[0 if one == self.person else 1] += row["amount_fen"]
        return found

    def tagged(self, other: int) -> bool:
        return bool(self.seen("tags", customer_id=other))

    def borrowed(self, other: int) -> bool:
        return bool(self.seen("loans", customer_id=other))

    def was_late(self, other: int) -> bool:
        return any(i["late"] >= 1 for i in self.instalments(other))

    # -- instalments

    def instalments(self, person: int) -> list[dict[str, int | None]]:
        """Return how each visible instalment stands at q."""
        states = []
        for row in self.seen("instalments", customer_id=person):
            key = {"loan_id": row["loan_id"], "number": row["number"]}
            money = self.seen("repayments", **key)
            paid = sum(r["amount_fen"] for r in money)
            # Payment in full: the first moment by which enough had been paid.
            enough = [
                r["event_time"]
                for r in money
                if sum(
                    other["amount_fen"] for other in money if other["event_time"] <= r["event_time"]
                )
                >= row["due_fen"]
            ]
            full = min(enough, default=None) if row["due_fen"] else row["due_at"]
            is_open = paid < row["due_fen"]
            end = self.q if is_open else full
            states.append(
                {
                    "due_at": row["due_at"], "due": row["due_fen"], "paid": paid,
                    "open": is_open, "full": full, "late": max(0, (end - row["due_at"]) // DAY),
                    "early": 0 if is_open else max(0, (row["due_at"] - end) // DAY),
                }
            )  # fmt: skip
        return states

    def due(self, days: int) -> list[dict[str, int | None]]:
        return [
            i for i in self.instalments(self.person) if self.q - days * DAY <= i["due_at"] < self.q
        ]

    def decided(self, days: int) -> list[dict[str, int | None]]:
        return [i for i in self.due(days) if not i["open"] or i["late"] >= 1]

    # -- wealth

    def held(self) -> list[Row]:
        newest: dict[int, Row] = {}
        for row in self.mine("wealth_positions"):
            product = row["product_id"]
            if product not in newest or newest[product]["event_time"] < row["event_time"]:
                newest[product] = row
        return list(newest.values())

    def since(self, side: str) -> list[float]:
        return [
            (self.q - r["event_time"]) / DAY
            for r in self.mine("wealth_orders")
            if r["side"] == side
        ]

    # -- stated

    def customer(self) -> Row:
        return next(iter(self.mine("customers")), {})

    def application(self) -> Row:
        for row in self.tables["applications"]:
            mine = row["customer_id"] == self.person and row["event_time"] == self.q
            if mine and row["available_at"] <= self.q:
                return row
        return {}


def share(rows: list, test: Callable) -> float | None:
    return over(sum(1 for row in rows if test(row)), len(rows))


def variation(p: Person) -> float | None:
    amounts = [r["amount_fen"] for r in p.paid(90)]
    if not amounts or not sum(amounts):
        return None
    mean = math.fsum(amounts) / len(amounts)
    spread = math.sqrt(math.fsum((amount - mean) ** 2 for amount in amounts) / len(amounts))
    return spread / mean


def variety(p: Person) -> float | None:
    counts = Counter(category for category, _ in p.purchases(90)).values()
    if not counts:
        return None
    return -sum(k / sum(counts) * math.log(k / sum(counts)) for k in counts)


def wealth_trend(p: Person) -> float | None:
    statements = p.mine("wealth_positions", 180)
    total = sum(r["balance_fen"] for r in statements)
    days = len({local(r["event_time"]).date() for r in statements})
    return over(sum(r["balance_fen"] for r in p.held()) * days, total)


def concentration(p: Person) -> float | None:
    sums = [sum(both) for both in p.exchanged(180).values()]
    return over(max(sums, default=0), sum(sums))


def tagged_amount(p: Person) -> float | None:
    sums = {other: sum(both) for other, both in p.exchanged(180).items()}
    return over(sum(s for other, s in sums.items() if p.tagged(other)), sum(sums.values()))


def last_overdue(p: Person) -> float | None:
    late = [i for i in p.instalments(p.person) if i["late"] >= 1]
    return min((0.0 if i["open"] else (p.q - i["full"]) / DAY for i in late), default=None)


def outstanding(p: Person) -> float | None:
    all_of_them = p.instalments(p.person)
    owed = sum(max(0, i["due"] - i["paid"]) for i in all_of_them)
    return over(owed, sum(i["due"] for i in all_of_them))


def night(row: Row) -> bool:
    return local(row["event_time"]).hour in (23, 0, 1, 2, 3, 4, 5)


def bills(p: Person) -> list[Row]:
    return [r for r in p.paid(180) if r["due_at"] is not None]


def received(p: Person) -> int:
    rows = p.mine("payments", 90)
    return p.total([r for r in rows if r["direction"] == "in" and r["status"] == "ok"])


ORACLE: dict[str, Callable[[Person], float | str | None]] = {
    "payment_daily_count_90d": lambda p: len(p.paid(90)) / 90,
    "payment_daily_amount_90d": lambda p: p.total(p.paid(90)) / 90,
    "payment_large_count_90d": lambda p: sum(r["amount_fen"] > 500_000 for r in p.paid(90)),
    "payment_night_share_90d": lambda p: share(p.paid(90), night),
    "payment_active_day_ratio_90d": lambda p: min(
        1, len({local(r["event_time"]).date() for r in p.paid(90)}) / 90
    ),
    "payment_amount_cv_90d": variation,
    "payment_category_entropy_90d": variety,
    "payment_outflow_inflow_ratio_90d": lambda p: over(p.total(p.paid(90)), received(p)),
    "payment_balance_floor_90d": lambda p: min(
        (r["balance_fen"] for r in p.paid(90) if r["balance_fen"] is not None), default=None
    ),
    "payment_bill_on_time_share_180d": lambda p: share(
        bills(p), lambda r: r["event_time"] <= r["due_at"]
    ),
    "payment_failed_share_90d": lambda p: share(
        [r for r in p.mine("payments", 90) if r["direction"] == "out"],
        lambda r: r["status"] == "failed",
    ),
    "payment_amount_trend_30_90": lambda p: over(p.total(p.paid(30)) * 3, p.total(p.paid(90))),
    "social_contact_count": lambda p: len(p.contacts()),
    "social_tie_age_days": lambda p: over(
        sum(p.q - first for first in p.contacts().values()) / DAY, len(p.contacts())
    ),
    "social_counterparty_count_180d": lambda p: len(p.exchanged(180)),
    "social_reciprocity_180d": lambda p: share(
        list(p.exchanged(180).values()), lambda both: min(both) > 0
    ),
    "social_concentration_180d": concentration,
    "social_borrower_share": lambda p: share(list(p.contacts()), p.borrowed),
    "social_good_contact_share": lambda p: share(
        [other for other in p.contacts() if p.borrowed(other)], lambda other: not p.was_late(other)
    ),
    "social_tagged_contact_share": lambda p: share(list(p.contacts()), p.tagged),
    "social_tagged_amount_share_180d": tagged_amount,
    "wealth_balance": lambda p: sum(r["balance_fen"] for r in p.held()),
    "wealth_stable_share": lambda p: over(
        sum(r["balance_fen"] for r in p.held() if r["risk_level"] <= 2),
        sum(r["balance_fen"] for r in p.held()),
    ),
    "wealth_trend_180d": wealth_trend,
    "wealth_order_count_180d": lambda p: len(p.mine("wealth_orders", 180)),
    "wealth_days_since_redemption": lambda p: min(p.since("redeem"), default=None),
    "wealth_net_subscription_180d": lambda p: sum(
        r["amount_fen"] * (1 if r["side"] == "subscribe" else -1)
        for r in p.mine("wealth_orders", 180)
    ),
    "wealth_holding_days": lambda p: max(p.since("subscribe"), default=None),
    "consumption_living_share_90d": lambda p: p.spent_on(90, "living"),
    "consumption_entertainment_share_90d": lambda p: p.spent_on(90, "entertainment"),
    "consumption_learning_health_share_180d": lambda p: p.spent_on(180, "education", "medical"),
    "consumption_high_risk_share_180d": lambda p: p.spent_on(180, "high_risk"),
    "consumption_merchant_count_90d": lambda p: len(
        {r["merchant_id"] for _, r in p.purchases(90)} - {None}
    ),
    "consumption_weekend_share_90d": lambda p: share(
        p.purchases(90), lambda bought: local(bought[1]["event_time"]).weekday() >= 5
    ),
    "repayment_overdue_count_360d": lambda p: sum(i["late"] >= 1 for i in p.due(360)),
    "repayment_max_days_past_due_720d": lambda p: max(
        (i["late"] for i in p.due(720)), default=None
    ),
    "repayment_overdue_open": lambda p: sum(
        i["open"] and i["late"] >= 1 for i in p.instalments(p.person)
    ),
    "repayment_days_since_overdue": last_overdue,
    "repayment_on_time_share_360d": lambda p: share(p.decided(360), lambda i: i["late"] == 0),
    "repayment_early_share_360d": lambda p: share(p.decided(360), lambda i: i["early"] >= 3),
    "repayment_prior_loan_count": lambda p: len(p.mine("loans")),
    "repayment_outstanding_share": outstanding,
    "application_segment": lambda p: p.customer().get("segment"),
    "application_tenure_days": lambda p: (
        (p.q - p.customer()["event_time"]) / DAY if p.customer() else None
    ),
    "application_declared_income_fen": lambda p: p.customer().get("declared_income_fen"),
    "application_amount_fen": lambda p: p.application().get("amount_fen"),
}
"""Feature -> its value by definition, None where the feature is null."""


@pytest.fixture(scope="module", params=SEEDS)
def case(request: pytest.FixtureRequest) -> tuple[World, object]:
    world = random_world(request.param)
    with engine_of(world.tables) as engine:
        return world, build(engine, world.spine(), OWN)


def test_the_oracle_knows_every_built_in_feature_and_no_other() -> None:
    assert set(ORACLE) == set(OWN.names)


@pytest.mark.parametrize("name", OWN.names)
def test_a_feature_equals_its_definition_read_row_by_row(case: tuple, name: str) -> None:
    world, frame = case
    expected = [ORACLE[name](Person(world, person)) for person in sorted(world.as_of)]
    if OWN[name].is_categorical:
        found = [None if value != value else value for value in frame[name]]  # noqa: PLR0124
        assert found == expected
        return
    numbers = np.array([np.nan if value is None else float(value) for value in expected])
    np.testing.assert_allclose(frame[name], numbers, rtol=1e-12, atol=1e-12)


def test_the_tables_are_rich_enough_to_tell_features_apart() -> None:
    values: dict[str, set] = {name: set() for name in ORACLE}
    for seed in SEEDS:
        world = random_world(seed)
        for name, definition in ORACLE.items():
            values[name] |= {definition(Person(world, person)) for person in world.as_of}
    assert {name for name, found in values.items() if len(found - {None}) < 3} <= {
        "application_segment"
    }


def test_an_observation_alone_has_the_features_it_has_among_others() -> None:
    world = random_world(SEEDS[0])
    spine = world.spine()
    with engine_of(world.tables) as engine:
        together = build(engine, spine, OWN)
        one = spine.iloc[[13]]
        alone = build(engine, one, OWN)
        turned = build(engine, spine.iloc[::-1], OWN)
    pd.testing.assert_frame_equal(alone, together.iloc[[13]].reset_index(drop=True))
    pd.testing.assert_frame_equal(turned, together.iloc[::-1].reset_index(drop=True))


def test_a_person_seen_twice_has_two_independent_rows() -> None:
    world = random_world(SEEDS[1])
    later = {person: q + 40 * DAY for person, q in world.as_of.items()}
    first, second = world.spine(), World(later, world.tables).spine()
    second["observation_id"] += 1_000
    some = Catalogue(tuple(f for f in OWN if f.dimension != "application"))
    both = pd.concat([first, second], ignore_index=True)
    with engine_of(world.tables) as engine:
        frame = build(engine, both, some).set_index("observation_id")
        apart = build(engine, second, some).set_index("observation_id")
    np.testing.assert_allclose(frame.loc[apart.index], apart, rtol=1e-12)
