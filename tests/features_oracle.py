"""Every built-in feature by its definition, reading rows one at a time.

Shares nothing with the package but names: no import of `credit`, no SQL, no pandas.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
DAY = 24 * 3_600 * 1_000_000
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

    def __init__(self, world: Any, person: int) -> None:
        self.tables, self.person, self.q = world.tables, person, world.as_of[person]

    def seen(self, table: str, days: int | None = None, **where: object) -> list[Row]:
        """Return the rows that count at q, without those a register suppressed by then."""
        found = []
        for row in self.tables[table]:
            if not (row["event_time"] < self.q and row["available_at"] <= self.q):
                continue
            if days is not None and row["event_time"] < self.q - days * DAY:
                continue
            repaired = row.get("repaired_at")
            if repaired is not None and repaired <= self.q:
                continue
            if all(row[name] == value for name, value in where.items()):
                found.append(row)
        return found

    def mine(self, table: str, days: int | None = None) -> list[Row]:
        return self.seen(table, days, customer_id=self.person)

    # -- payments

    def paid(self, days: int | None) -> list[Row]:
        return [
            r
            for r in self.mine("payments", days)
            if r["direction"] == "out" and r["status"] == "ok"
        ]

    def total(self, rows: list[Row]) -> int:
        return sum(r["amount_fen"] for r in rows)

    def purchases(self, days: int | None) -> list[tuple[str, Row]]:
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

    # -- stated

    def customer(self) -> Row:
        return next(iter(self.mine("customers")), {})

    def application(self) -> Row:
        for row in self.tables["applications"]:
            mine = row["customer_id"] == self.person and row["event_time"] == self.q
            if mine and row["available_at"] <= self.q:
                return row
        return {}


def share(rows: list, test: Callable[[Any], bool]) -> float | None:
    return over(sum(1 for row in rows if test(row)), len(rows))


def among(rows: list, test: Callable[[Any], bool]) -> int | None:
    """Return how many; unknown where there is none that could have been."""
    return sum(1 for row in rows if test(row)) if rows else None


def mean(values: list[float]) -> float | None:
    return over(math.fsum(values), len(values))


def entropy(weights: list[float]) -> float | None:
    total = sum(weights)
    if not total:
        return None
    return -math.fsum(k / total * math.log(k / total) for k in weights if k)


def ratio(top: float | None, below: float | None) -> float | None:
    return None if top is None or below is None else over(top, below)


def less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def since(p: Person, rows: list[Row]) -> float | None:
    return min(((p.q - r["event_time"]) / DAY for r in rows), default=None)


def first(p: Person, rows: list[Row]) -> float | None:
    return max(((p.q - r["event_time"]) / DAY for r in rows), default=None)


Definition = Callable[[Person], float | str | None]
Named = Iterator[tuple[str, Definition]]

# -- payments


def night(row: Row) -> bool:
    return local(row["event_time"]).hour in (23, 0, 1, 2, 3, 4, 5)


def amounts(rows: list[Row]) -> list[int]:
    return [r["amount_fen"] for r in rows]


def balances(rows: list[Row]) -> list[int]:
    return [r["balance_fen"] for r in rows if r["balance_fen"] is not None]


def bills(rows: list[Row]) -> list[Row]:
    return [r for r in rows if r["due_at"] is not None]


def tried(p: Person, days: int) -> list[Row]:
    return [r for r in p.mine("payments", days) if r["direction"] == "out"]


def received(p: Person, days: int | None) -> list[Row]:
    rows = p.mine("payments", days)
    return [r for r in rows if r["direction"] == "in" and r["status"] == "ok"]


def inflow(p: Person, days: int) -> int:
    return p.total(received(p, days))


def outflow(p: Person, days: int) -> int:
    return p.total(p.paid(days))


def variation(p: Person, days: int) -> float | None:
    values = amounts(p.paid(days))
    if not sum(values):
        return None
    centre = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((v - centre) ** 2 for v in values) / len(values)) / centre


def counted(keys: Iterable[object]) -> list[int]:
    return list(Counter(keys).values())


def the_twelve() -> Named:
    for d in (7, 30, 90, 180, 365):
        yield f"payment_daily_count_{d}d", lambda p, d=d: len(p.paid(d)) / d
        yield f"payment_daily_amount_{d}d", lambda p, d=d: outflow(p, d) / d
    for d in (30, 90, 180, 365):
        yield (
            f"payment_large_count_{d}d",
            lambda p, d=d: sum(amount > 500_000 for amount in amounts(p.paid(d))),
        )
        yield f"payment_night_share_{d}d", lambda p, d=d: share(p.paid(d), night)
        yield (
            f"payment_active_day_ratio_{d}d",
            lambda p, d=d: min(1, len({local(r["event_time"]).date() for r in p.paid(d)}) / d),
        )
        yield f"payment_amount_cv_{d}d", lambda p, d=d: variation(p, d)
        yield (
            f"payment_category_entropy_{d}d",
            lambda p, d=d: entropy(counted(category for category, _ in p.purchases(d))),
        )
        yield f"payment_outflow_inflow_ratio_{d}d", lambda p, d=d: over(outflow(p, d), inflow(p, d))
        yield f"payment_balance_floor_{d}d", lambda p, d=d: min(balances(p.paid(d)), default=None)
        yield (
            f"payment_failed_share_{d}d",
            lambda p, d=d: share(tried(p, d), lambda r: r["status"] == "failed"),
        )
    for d in (90, 180, 365):
        yield (
            f"payment_bill_on_time_share_{d}d",
            lambda p, d=d: share(bills(p.paid(d)), lambda r: r["event_time"] <= r["due_at"]),
        )
    for a, b in ((7, 30), (30, 90), (90, 365)):
        yield (
            f"payment_amount_trend_{a}_{b}",
            lambda p, a=a, b=b: over(outflow(p, a) / a, outflow(p, b) / b),
        )


def account() -> Named:
    for d in (30, 90, 180, 365):
        yield f"payment_daily_inflow_{d}d", lambda p, d=d: inflow(p, d) / d
    for d in (90, 365):
        yield f"payment_inflow_count_{d}d", lambda p, d=d: len(received(p, d))
        yield (
            f"payment_inflow_largest_share_{d}d",
            lambda p, d=d: over(max(amounts(received(p, d)), default=0), inflow(p, d)),
        )
        yield (
            f"payment_weekday_entropy_{d}d",
            lambda p, d=d: entropy(counted(local(r["event_time"]).weekday() for r in p.paid(d))),
        )
        yield (
            f"payment_hour_entropy_{d}d",
            lambda p, d=d: entropy(counted(local(r["event_time"]).hour for r in p.paid(d))),
        )
    for d in (30, 90, 365):
        yield f"payment_net_inflow_{d}d", lambda p, d=d: inflow(p, d) - outflow(p, d)
    for d in (30, 90):
        yield f"payment_balance_mean_{d}d", lambda p, d=d: mean(balances(p.paid(d)))
        yield (
            f"payment_buffer_days_{d}d",
            lambda p, d=d: ratio(mean(balances(p.paid(d))), outflow(p, d) / d),
        )
    yield "payment_count_trend_30_90", lambda p: over(len(p.paid(30)) / 30, len(p.paid(90)) / 90)
    yield "payment_inflow_trend_90_365", lambda p: over(inflow(p, 90) / 90, inflow(p, 365) / 365)
    yield (
        "payment_balance_trend_30_180",
        lambda p: ratio(mean(balances(p.paid(30))), mean(balances(p.paid(180)))),
    )
    yield "payment_days_since_last", lambda p: since(p, p.paid(None))
    yield "payment_days_since_inflow", lambda p: since(p, received(p, None))
    yield (
        "payment_days_since_failed",
        lambda p: since(p, [r for r in tried(p, None) if r["status"] == "failed"]),
    )
    yield (
        "payment_days_since_late_bill",
        lambda p: since(p, [r for r in bills(p.paid(None)) if r["event_time"] > r["due_at"]]),
    )


# -- people


def concentration(p: Person) -> float | None:
    sums = [sum(both) for both in p.exchanged(180).values()]
    return over(max(sums, default=0), sum(sums))


def tagged_amount(p: Person) -> float | None:
    sums = {other: sum(both) for other, both in p.exchanged(180).items()}
    return over(sum(s for other, s in sums.items() if p.tagged(other)), sum(sums.values()))


def contact_quality(p: Person) -> float | None:
    """Return the good part of what was exchanged with borrowers, money of k months ago / k + 1."""
    last: dict[int, int] = {}
    for row in p.seen("transfers", 180):
        ends = (row["customer_id"], row["counterparty_id"])
        for one, other in (ends, ends[::-1]):
            if one == p.person != other:
                last[other] = max(row["event_time"], last.get(other, row["event_time"]))
    weight = {
        other: sum(both) // (1 + (p.q - last[other]) // (30 * DAY))
        for other, both in p.exchanged(180).items()
        if p.borrowed(other)
    }
    good = [w for other, w in weight.items() if not p.was_late(other) and not p.tagged(other)]
    return over(sum(good), sum(weight.values()))


def most_on_a_device(p: Person, holder: str) -> int | None:
    """Return the most people or accounts on one of the person's devices, 31 for more."""
    devices = {row["device_id"] for row in p.mine("device_use")}
    found = [
        {row[holder] for row in p.seen("device_use", device_id=device)} - {None}
        for device in devices
    ]
    return max((min(31, len(holders)) for holders in found), default=None)


def social() -> Named:
    yield "social_contact_count", lambda p: len(p.contacts())
    yield (
        "social_tie_age_days",
        lambda p: over(
            sum(p.q - first for first in p.contacts().values()) / DAY, len(p.contacts())
        ),
    )
    yield "social_counterparty_count_180d", lambda p: len(p.exchanged(180))
    yield (
        "social_reciprocity_180d",
        lambda p: share(list(p.exchanged(180).values()), lambda both: min(both) > 0),
    )
    yield "social_concentration_180d", concentration
    yield "social_borrower_share", lambda p: share(list(p.contacts()), p.borrowed)
    yield (
        "social_good_contact_share",
        lambda p: share(
            [other for other in p.contacts() if p.borrowed(other)],
            lambda other: not p.was_late(other),
        ),
    )
    yield "social_tagged_contact_share", lambda p: share(list(p.contacts()), p.tagged)
    yield "social_tagged_amount_share_180d", tagged_amount
    yield "social_contact_quality_180d", contact_quality
    yield (
        "social_account_count",
        lambda p: len({r["account_id"] for r in p.mine("device_use")} - {None}),
    )
    yield "social_device_count", lambda p: len({r["device_id"] for r in p.mine("device_use")})
    yield "social_device_sharers", lambda p: less(most_on_a_device(p, "customer_id"), 1)
    yield "social_device_accounts", lambda p: most_on_a_device(p, "account_id")


# -- wealth


def stated(rows: list[Row]) -> int:
    return sum(r["balance_fen"] for r in rows)


def safe(rows: list[Row]) -> list[Row]:
    return [r for r in rows if r["risk_level"] <= 2]


def statement_days(p: Person, days: int) -> dict[object, int]:
    """Return local day -> total of the balances stated on it."""
    totals: dict[object, int] = {}
    for row in p.mine("wealth_positions", days):
        day = local(row["event_time"]).date()
        totals[day] = totals.get(day, 0) + row["balance_fen"]
    return totals


def mean_statement(p: Person, days: int) -> float | None:
    return mean(list(statement_days(p, days).values()))


def drawdown(p: Person, days: int) -> float | None:
    highest = max(statement_days(p, days).values(), default=0)
    return max(0, 1 - stated(p.held()) / highest) if highest else None


def lots(p: Person) -> list[Row]:
    """Return what is left of each purchase: every sale takes the oldest that is still there."""
    left: list[Row] = []
    orders = sorted(p.mine("wealth_orders"), key=lambda r: (r["event_time"], r["side"] == "redeem"))
    for order in orders:
        if order["side"] == "subscribe":
            days = (p.q - order["event_time"]) // DAY
            left.append({**order, "left": order["amount_fen"], "days": days})
            continue
        to_sell = order["amount_fen"]
        for lot in left:
            if lot["product_id"] == order["product_id"]:
                sold = min(lot["left"], to_sell)
                lot["left"] -= sold
                to_sell -= sold
    # Purchases of one product in one instant are one, at the highest risk level stated for it.
    levels: dict[tuple[object, object], int] = {}
    for lot in left:
        key = lot["product_id"], lot["event_time"]
        levels[key] = max(lot["risk_level"], levels.get(key, 0))
    held = [lot for lot in left if lot["left"]]
    return [{**lot, "risk_level": levels[lot["product_id"], lot["event_time"]]} for lot in held]


def age(left: list[Row]) -> float | None:
    return over(sum(lot["left"] * lot["days"] for lot in left), sum(lot["left"] for lot in left))


def orders(p: Person, days: int | None, *sides: str) -> list[Row]:
    wanted = sides or ("subscribe", "redeem")
    return [r for r in p.mine("wealth_orders", days) if r["side"] in wanted]


def wealth() -> Named:
    yield "wealth_balance", lambda p: stated(p.held())
    yield "wealth_stable_balance", lambda p: stated(safe(p.held()))
    yield "wealth_stable_share", lambda p: over(stated(safe(p.held())), stated(p.held()))
    yield (
        "wealth_mean_risk_level",
        lambda p: over(sum(r["risk_level"] * r["balance_fen"] for r in p.held()), stated(p.held())),
    )
    yield "wealth_product_count", lambda p: sum(r["balance_fen"] > 0 for r in p.held())
    yield (
        "wealth_months_of_income",
        lambda p: over(stated(p.held()), inflow(p, 180) * 365 / (180 * 12)),
    )
    for d in (90, 180, 365):
        yield f"wealth_trend_{d}d", lambda p, d=d: ratio(stated(p.held()), mean_statement(p, d))
    for d in (180, 365):
        yield f"wealth_drawdown_{d}d", lambda p, d=d: drawdown(p, d)
        yield (
            f"wealth_turnover_{d}d",
            lambda p, d=d: ratio(p.total(orders(p, d)), mean_statement(p, d)),
        )
    yield "wealth_holding_age_days", lambda p: age(lots(p))
    yield "wealth_stable_holding_age_days", lambda p: age(safe(lots(p)))
    yield "wealth_oldest_holding_days", lambda p: max((t["days"] for t in lots(p)), default=None)
    yield (
        "wealth_recent_share_90d",
        lambda p: over(
            sum(lot["left"] for lot in lots(p) if lot["days"] < 90), sum(t["left"] for t in lots(p))
        ),
    )
    for d in (30, 90, 180, 365):
        yield f"wealth_order_count_{d}d", lambda p, d=d: len(orders(p, d))
        yield (
            f"wealth_net_subscription_{d}d",
            lambda p, d=d: p.total(orders(p, d, "subscribe")) - p.total(orders(p, d, "redeem")),
        )
    for d in (90, 365):
        yield f"wealth_redemption_count_{d}d", lambda p, d=d: len(orders(p, d, "redeem"))
        yield (
            f"wealth_churn_{d}d",
            lambda p, d=d: over(len(orders(p, d)), sum(r["balance_fen"] > 0 for r in p.held())),
        )
    yield "wealth_days_since_redemption", lambda p: since(p, orders(p, None, "redeem"))
    yield "wealth_days_since_subscription", lambda p: since(p, orders(p, None, "subscribe"))
    yield "wealth_holding_days", lambda p: first(p, orders(p, None, "subscribe"))


# -- consumption


def by(p: Person, days: int, key: Callable[[str, Row], object]) -> list[int]:
    """Return the amount spent at each key that is known."""
    sums: dict[object, int] = {}
    for category, row in p.purchases(days):
        name = key(category, row)
        if name is not None:
            sums[name] = sums.get(name, 0) + row["amount_fen"]
    return list(sums.values())


def at_merchants(p: Person, days: int) -> list[int]:
    return by(p, days, lambda _category, row: row["merchant_id"])


def in_categories(p: Person, days: int) -> list[int]:
    return by(p, days, lambda category, _row: category)


def spent(p: Person, days: int) -> int:
    return p.total([row for _, row in p.purchases(days)])


def bought(p: Person, days: int | None, category: str) -> list[Row]:
    return [row for name, row in p.purchases(days) if name == category]


KINDS = {
    "living": (("living",), (30, 90, 180, 365)),
    "entertainment": (("entertainment",), (30, 90, 180, 365)),
    "learning_health": (("education", "medical"), (90, 180, 365)),
    "education": (("education",), (180, 365)),
    "medical": (("medical",), (180, 365)),
    "high_risk": (("high_risk",), (30, 90, 180, 365)),
    "household": (("housing_utilities", "transport"), (90, 365)),
    "leisure": (("dining", "travel", "shopping"), (90, 365)),
}


def consumption() -> Named:
    for kind, (categories, lengths) in KINDS.items():
        for d in lengths:
            yield f"consumption_{kind}_share_{d}d", lambda p, d=d, c=categories: p.spent_on(d, *c)
    for d in (30, 90, 365):
        for kind in ("entertainment", "high_risk"):
            yield f"consumption_{kind}_count_{d}d", lambda p, d=d, k=kind: len(bought(p, d, k))
    for kind in ("living", "entertainment"):
        yield (
            f"consumption_{kind}_share_change_30_180",
            lambda p, k=kind: less(p.spent_on(30, k), p.spent_on(180, k)),
        )
    yield "consumption_days_since_high_risk", lambda p: since(p, bought(p, None, "high_risk"))
    for d in (90, 365):
        yield f"consumption_merchant_count_{d}d", lambda p, d=d: len(at_merchants(p, d))
        yield f"consumption_amount_entropy_{d}d", lambda p, d=d: entropy(in_categories(p, d))
        yield (
            f"consumption_top_merchant_share_{d}d",
            lambda p, d=d: over(max(at_merchants(p, d), default=0), spent(p, d)),
        )
        yield (
            f"consumption_top_category_share_{d}d",
            lambda p, d=d: over(max(in_categories(p, d), default=0), spent(p, d)),
        )
        yield (
            f"consumption_merchant_hhi_{d}d",
            lambda p, d=d: over(
                sum(k * k for k in at_merchants(p, d)), sum(at_merchants(p, d)) ** 2
            ),
        )
        yield (
            f"consumption_weekend_share_{d}d",
            lambda p, d=d: share(
                p.purchases(d), lambda bought: local(bought[1]["event_time"]).weekday() >= 5
            ),
        )
        yield (
            f"consumption_mean_purchase_{d}d",
            lambda p, d=d: mean(amounts([row for _, row in p.purchases(d)])),
        )


# -- repayment


def late(i: Row) -> bool:
    return i["late"] >= 1


def own(p: Person) -> list[Row]:
    return p.instalments(p.person)


def unpaid(rows: list[Row]) -> int:
    return sum(max(0, i["due"] - i["paid"]) for i in rows)


def last_overdue(p: Person, days: int) -> float | None:
    rows = [i for i in own(p) if i["late"] >= days]
    return min((0.0 if i["open"] else (p.q - i["full"]) / DAY for i in rows), default=None)


def within_24_months(p: Person, i: Row) -> bool:
    """Whether an instalment was 90 days late at some moment of the last 730 days."""
    last_moment = p.q if i["open"] else i["full"]
    return i["late"] >= 90 and p.q - last_moment <= 730 * DAY


def open_days(p: Person) -> float | None:
    return max((i["late"] for i in own(p) if i["open"] and late(i)), default=None)


BUCKETS = {"1_29": (1, 30), "30_59": (30, 60), "60_89": (60, 90), "90_plus": (90, 10**9)}


def instalments() -> Named:
    for d in (180, 365, 730):
        yield f"repayment_overdue_count_{d}d", lambda p, d=d: among(p.due(d), late)
        yield (
            f"repayment_on_time_share_{d}d",
            lambda p, d=d: share(p.decided(d), lambda i: i["late"] == 0),
        )
        yield (
            f"repayment_early_share_{d}d",
            lambda p, d=d: share(p.decided(d), lambda i: i["early"] >= 3),
        )
        yield (
            f"repayment_mean_days_past_due_{d}d",
            lambda p, d=d: mean([i["late"] for i in p.decided(d)]),
        )
    for d in (365, 730):
        for name, (low, high) in BUCKETS.items():
            yield (
                f"repayment_late_{name}_count_{d}d",
                lambda p, d=d, a=low, b=high: among(p.due(d), lambda i: a <= i["late"] < b),
            )
    for d in (90, 180, 365, 730):
        yield (
            f"repayment_max_days_past_due_{d}d",
            lambda p, d=d: max((i["late"] for i in p.due(d)), default=None),
        )
    yield (
        "repayment_late_90_plus_within_24m",
        lambda p: among(own(p), lambda i: within_24_months(p, i)),
    )
    yield "repayment_overdue_open", lambda p: among(own(p), lambda i: i["open"] and late(i))
    yield (
        "repayment_overdue_open_fen",
        lambda p: unpaid([i for i in own(p) if i["open"] and late(i)]) if own(p) else None,
    )
    yield "repayment_overdue_open_days", open_days
    yield "repayment_days_since_overdue", lambda p: last_overdue(p, 1)
    yield "repayment_days_since_overdue_30", lambda p: last_overdue(p, 30)
    yield (
        "repayment_cured_share_730d",
        lambda p: share([i for i in p.due(730) if late(i)], lambda i: not i["open"]),
    )
    yield (
        "repayment_days_to_cure_730d",
        lambda p: mean([i["late"] for i in p.due(730) if late(i) and not i["open"]]),
    )
    yield (
        "repayment_settled_ahead_count_365d",
        lambda p: among(p.due(365), lambda i: i["early"] >= 28),
    )
    yield (
        "repayment_paid_share_365d",
        lambda p: less(1, over(unpaid(p.due(365)), sum(i["due"] for i in p.due(365)))),
    )
    yield (
        "repayment_outstanding_share",
        lambda p: over(unpaid(own(p)), sum(i["due"] for i in own(p))),
    )
    yield (
        "repayment_outstanding_fen",
        lambda p: unpaid(own(p)) if sum(i["due"] for i in own(p)) else None,
    )


def loans() -> Named:
    yield "repayment_has_loan", lambda p: 1 if p.mine("loans") else 0
    yield "repayment_prior_loan_count", lambda p: len(p.mine("loans"))
    yield (
        "repayment_max_principal_fen",
        lambda p: max((r["principal_fen"] for r in p.mine("loans")), default=None),
    )
    yield "repayment_days_since_first_loan", lambda p: first(p, p.mine("loans"))
    yield "repayment_days_since_last_loan", lambda p: since(p, p.mine("loans"))
    for d in (90, 365):
        yield f"repayment_loan_count_{d}d", lambda p, d=d: len(p.mine("loans", d))
        yield (
            f"repayment_due_to_inflow_{d}d",
            lambda p, d=d: over(sum(i["due"] for i in p.due(d)), inflow(p, d)),
        )
    yield (
        "repayment_months_of_income_owed",
        lambda p: over(unpaid(own(p)), inflow(p, 180) * 365 / (180 * 12)),
    )


def accounts(p: Person) -> list[Row]:
    """Return the latest statement of each account."""
    newest: dict[object, Row] = {}
    for row in p.mine("bureau"):
        account = row["account_id"]
        if account not in newest or newest[account]["event_time"] < row["event_time"]:
            newest[account] = row
    return list(newest.values())


def missed(row: Row) -> bool:
    return row["months_past_due"] is not None and row["months_past_due"] >= 1


def elsewhere() -> Named:
    def lines(p: Person) -> list[Row]:
        return [r for r in accounts(p) if r["limit_fen"]]

    yield "repayment_bureau_account_count", lambda p: len(accounts(p))
    yield "repayment_bureau_overdue_accounts", lambda p: share(accounts(p), missed)
    yield (
        "repayment_bureau_utilisation",
        lambda p: over(stated(lines(p)), sum(r["limit_fen"] for r in lines(p))),
    )
    yield (
        "repayment_bureau_max_utilisation",
        lambda p: max((r["balance_fen"] / r["limit_fen"] for r in lines(p)), default=None),
    )
    yield "repayment_bureau_balance_fen", lambda p: stated(accounts(p))
    for d in (180, 365, 730):
        yield (
            f"repayment_bureau_max_months_past_due_{d}d",
            lambda p, d=d: max(
                (
                    r["months_past_due"]
                    for r in p.mine("bureau", d)
                    if r["months_past_due"] is not None
                ),
                default=None,
            ),
        )
        yield (
            f"repayment_bureau_past_due_share_{d}d",
            lambda p, d=d: share(p.mine("bureau", d), missed),
        )


# -- the application


def income_ratio(p: Person) -> float | None:
    return ratio(p.customer().get("declared_income_fen"), inflow(p, 180) * 365 / (180 * 12))


def inconsistent(p: Person) -> int | None:
    found = income_ratio(p)
    return None if found is None else int(not 0.5 <= found <= 2.0)


def verified(p: Person) -> int | None:
    row = p.application()
    return int(row["income_evidence"] not in (None, "none")) if row else None


def application() -> Named:
    yield "application_segment", lambda p: p.customer().get("segment")
    yield (
        "application_tenure_days",
        lambda p: (p.q - p.customer()["event_time"]) / DAY if p.customer() else None,
    )
    yield "application_declared_income_fen", lambda p: p.customer().get("declared_income_fen")
    yield "application_amount_fen", lambda p: p.application().get("amount_fen")
    yield "application_income_ratio_180d", income_ratio
    yield "application_income_inconsistent_180d", inconsistent
    yield (
        "application_amount_to_income",
        lambda p: ratio(p.application().get("amount_fen"), p.customer().get("declared_income_fen")),
    )
    yield "application_income_verified", verified
    yield "application_verified_income_fen", lambda p: p.application().get("verified_income_fen")
    for d in (30, 365):
        yield f"application_count_{d}d", lambda p, d=d: len(p.mine("applications", d))


ORACLE: dict[str, Definition] = {
    name: definition
    for family in (
        the_twelve, account, social, wealth, consumption, instalments, loans, elsewhere,
        application,
    )
    for name, definition in family()
}  # fmt: skip
"""Feature -> its value by definition, None where the feature is null."""
