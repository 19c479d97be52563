"""Every indicator of fraud by its definition, reading rows one at a time.

Shares nothing with the package but names: no import of `credit`, no SQL, no pandas.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from features_oracle import CATEGORY, DAY, Person, counted, entropy, local, mean, over

Row = dict[str, Any]
HOUR = DAY // 24
HOURS = {"1h": 1, "6h": 6, "1d": 24, "7d": 7 * 24, "30d": 30 * 24, "90d": 90 * 24, "": None}
KEY = {"logins": "login_id", "payments": "payment_id", "transfers": "transfer_id"}
Definition = Callable[[Person], float | None]


def arrived(table: str, row: Row) -> tuple[int, int, int]:
    return max(row["event_time"] + 1, row["available_at"]), row["event_time"], row[KEY[table]]


class Seen:
    """An event that counts, and the person's events that were learnt of before it."""

    def __init__(self, row: Row, earlier: list[Row]) -> None:
        self.row, self.earlier = row, earlier

    def __getitem__(self, name: str) -> Any:
        return self.row.get(name)

    def previous(self, name: str) -> Any:
        return self.earlier[-1].get(name) if self.earlier else None

    def is_new(self, name: str) -> bool:
        value = self[name]
        return value is not None and all(row.get(name) != value for row in self.earlier)

    def differs(self, name: str) -> bool:
        return self.previous(name) is not None and self[name] not in (None, self.previous(name))

    @property
    def gap(self) -> int | None:
        before = self.previous("event_time")
        return None if before is None else abs(self["event_time"] - before)

    @property
    def distance(self) -> float | None:
        places = [self["latitude"], self["longitude"]]
        places += [self.previous("latitude"), self.previous("longitude")]
        if any(place is None for place in places):
            return None
        phi, lam, phi_before, lam_before = map(math.radians, places)
        # By the chord between two points of a sphere: not the formula of the package.
        one = (math.cos(phi) * math.cos(lam), math.cos(phi) * math.sin(lam), math.sin(phi))
        other = (
            math.cos(phi_before) * math.cos(lam_before),
            math.cos(phi_before) * math.sin(lam_before), math.sin(phi_before),
        )  # fmt: skip
        return 2 * 6371.0088 * math.asin(min(1.0, math.dist(one, other) / 2))


def seen(p: Person, table: str, window: str) -> list[Seen]:
    """Return the person's events of a window, each with all of its visible predecessors."""
    every = sorted(p.mine(table), key=lambda row: arrived(table, row)) if table in KEY else None
    if every is None:
        return [Seen(row, []) for row in p.mine(table) if _inside(p, row, window)]
    return [Seen(row, every[:n]) for n, row in enumerate(every) if _inside(p, row, window)]


def _inside(p: Person, row: Row, window: str) -> bool:
    return not window or row["event_time"] >= p.q - HOURS[window] * HOUR


def at_night(e: Seen) -> bool:
    return local(e["event_time"]).hour in (23, 0, 1, 2, 3, 4, 5)


def quick(e: Seen, minutes: int) -> bool:
    return e.gap is not None and e.gap <= minutes * 60_000_000


def new(e: Seen, name: str) -> bool:
    return bool(e.earlier) and e.is_new(name)


LOGIN: dict[str, Callable[[Seen], bool]] = {
    "failed": lambda e: e["result"] == "failed",
    "new_device": lambda e: new(e, "device_id"),
    "new_address": lambda e: new(e, "ip_hash"),
    "device_change": lambda e: e.differs("device_id"),
    "address_jump": lambda e: e.differs("ip_hash") and quick(e, 30),
    "impossible_travel": lambda e: (
        e.distance is not None and e.distance > 50
        and e.distance > 900 * (e.gap / HOUR)
    ),
    "entry_after_failure": lambda e: (
        e["result"] == "ok" and e.previous("result") == "failed" and quick(e, 5)
    ),
    "failed_new_device": lambda e: e["result"] == "failed" and new(e, "device_id"),
    "emulator": lambda e: e["emulator"] == 1,
    "rooted": lambda e: e["rooted"] == 1,
    "detector": lambda e: e["detector"] == 1,
    "face_unlike": lambda e: e["face_score"] is not None and e["face_score"] < 0.6,
    "night": at_night,
    "night_change": lambda e: at_night(e) and e.differs("device_id"),
}  # fmt: skip

PAYMENT: dict[str, Callable[[Seen], bool]] = {
    "total": lambda e: True,
    "failed": lambda e: e["status"] == "failed",
    "night": at_night,
    "large": lambda e: e["amount_fen"] > 500_000,
    "risky_merchant": lambda e: e["merchant_class"] == "C",
    "new_payee": lambda e: e["payee_age_days"] is not None and e["payee_age_days"] < 1,
    "high_risk": lambda e: CATEGORY.get(e["mcc"]) == "high_risk",
    "financial": lambda e: CATEGORY.get(e["mcc"]) == "financial",
    "device_change": lambda e: e.differs("device_id"),
    "new_device": lambda e: new(e, "device_id"),
    "repeated": lambda e: bool(e.earlier) and e["amount_fen"] == e.previous("amount_fen"),
}

TRANSFER: dict[str, Callable[[Seen], bool]] = {
    "total": lambda e: True,
    "night": at_night,
    "large": lambda e: e["amount_fen"] > 500_000,
    "new_receiver": lambda e: new(e, "counterparty_id"),
    "repeated": lambda e: (
        bool(e.earlier) and e["counterparty_id"] == e.previous("counterparty_id")
    ),
}  # fmt: skip

ORDER: dict[str, Callable[[Seen], bool]] = {
    "redeemed": lambda e: e["side"] == "redeem",
    "risky": lambda e: e["side"] == "subscribe" and e["risk_level"] > 2,
}

ENTITIES: dict[str, tuple[str, Callable[[Seen], bool], dict[str, Callable[[Seen], bool]]]] = {
    "login": ("logins", lambda e: True, LOGIN),
    "payment": ("payments", lambda e: e["direction"] == "out", PAYMENT),
    "inflow": ("payments", lambda e: e["direction"] == "in", {"total": lambda e: True}),
    "transfer": ("transfers", lambda e: True, TRANSFER),
    "wealth": ("wealth_orders", lambda e: True, ORDER),
}

KEYS = {
    "devices": "device_id", "addresses": "ip_hash", "accounts": "account_id",
    "merchants": "merchant_id", "categories": "mcc", "receivers": "counterparty_id",
}  # fmt: skip


def known(rows: list[Seen], value: Callable[[Seen], Any]) -> list[Any]:
    return [found for found in map(value, rows) if found is not None]


def least(*values: float | None) -> float | None:
    return None if None in values else min(values)


VALUES: dict[str, Callable[[list[Seen]], float | None]] = {
    "distance_max": lambda rows: max(known(rows, lambda e: e.distance), default=None),
    "distance_mean": lambda rows: mean(known(rows, lambda e: e.distance)),
    "gap_min": lambda rows: min(known(rows, lambda e: e.gap), default=None),
    "face_min": lambda rows: min(known(rows, lambda e: e["face_score"]), default=None),
    "face_mean": lambda rows: mean(known(rows, lambda e: e["face_score"])),
    "amount_max": lambda rows: max(known(rows, lambda e: e["amount_fen"]), default=None),
    "amount_mean": lambda rows: mean(known(rows, lambda e: e["amount_fen"])),
    "hour_entropy": lambda rows: entropy(counted(local(e["event_time"]).hour for e in rows)),
    "device_concentration": lambda rows: over(
        sum(k * k for k in counted(e["device_id"] for e in rows)), len(rows) ** 2
    ),
}


def defined(name: str) -> Definition:
    """Return the definition of an indicator, read from its name."""
    _, entity, what = name.split("_", 2)
    if entity == "device":
        return lambda p: device(p, what)
    if entity == "together":
        return TOGETHER[what]
    if what.endswith("_burst_1d_30d"):
        stem = f"fraud_{entity}_{what.removesuffix('_burst_1d_30d')}"
        return lambda p: over(value(p, f"{stem}_1d") * 30, value(p, f"{stem}_30d"))
    bare, _, window = what.rpartition("_")
    if window not in HOURS:
        bare, window = what, ""
    if entity == "lending":
        return lambda p: lending(p, bare, window)
    table, base, marks = ENTITIES[entity]
    return lambda p: said([e for e in seen(p, table, window) if base(e)], bare, marks, p.q)


def said(rows: list[Seen], what: str, marks: dict[str, Callable], q: int) -> float | None:
    if what == "count":
        return len(rows)
    if what in KEYS:
        return len(set(known(rows, lambda e: e[KEYS[what]])))
    if what in VALUES:
        return VALUES[what](rows)
    mark, end = next(
        (what.removesuffix(end), end)
        for end in ("_count", "_share", "_amount", "_days_since")
        if what.endswith(end)
    )
    borne = [e for e in rows if marks[mark](e)]
    if end == "_amount":
        return sum(e["amount_fen"] for e in borne)
    if end == "_days_since":
        return min(((q - e["event_time"]) / DAY for e in borne), default=None)
    return over(len(borne), len(rows)) if end == "_share" else len(borne)


def lending(p: Person, what: str, window: str) -> float | None:
    table = {"application_count": "applications", "loan_count": "loans"}.get(what, "bureau")
    rows = seen(p, table, window)
    if what.endswith("count"):
        return len(rows)
    late = what == "lenders_late"
    return len({e["account_id"] for e in rows if not late or (e["months_past_due"] or 0) > 0})


def device(p: Person, what: str) -> float | None:
    what, recent = what.removesuffix("_7d"), what.endswith("_7d")
    mine: dict[int, int] = {}
    for row in p.mine("device_use", 7 if recent else None):
        mine[row["device_id"]] = min(row["event_time"], mine.get(row["device_id"], p.q))
    holders = {
        name: [
            min(31, len({row[name] for row in p.seen("device_use", device_id=one)} - {None}))
            for one in mine
        ]
        for name in ("customer_id", "account_id")
    }
    people, accounts = holders["customer_id"], holders["account_id"]
    return {
        "count": lambda: len(mine),
        "people_max": lambda: max(people, default=None),
        "accounts_max": lambda: max(accounts, default=None),
        "youngest_days": lambda: min(((p.q - t) / DAY for t in mine.values()), default=None),
    }[what]()


def value(p: Person, name: str) -> float | None:
    return defined(name)(p)


def paid(p: Person, days: str) -> float:
    return value(p, f"fraud_payment_total_amount_{days}")


def sent(p: Person, days: str) -> float:
    return value(p, f"fraud_transfer_total_amount_{days}")


def received(p: Person, days: str) -> float:
    return value(p, f"fraud_inflow_total_amount_{days}")


TOGETHER: dict[str, Definition] = {
    "new_device_amount_1d": lambda p: (
        paid(p, "1d") if value(p, "fraud_login_new_device_count_1d") else 0
    ),
    "new_device_transfer_1d": lambda p: (
        sent(p, "1d") if value(p, "fraud_login_new_device_count_1d") else 0
    ),
    "remote_transfer_1d": lambda p: (
        (value(p, "fraud_login_distance_max_1d") or 0) * sent(p, "1d")
    ),
    "failed_entry_amount_1d": lambda p: (
        paid(p, "1d") if value(p, "fraud_login_entry_after_failure_count_1d") else 0
    ),
    "passed_through_1d": lambda p: min(received(p, "1d"), paid(p, "1d") + sent(p, "1d")),
    "redeemed_sent_1d": lambda p: min(
        value(p, "fraud_wealth_redeemed_amount_1d"), sent(p, "1d")
    ),
    "borrowed_and_applied_7d": lambda p: (
        value(p, "fraud_lending_loan_count_7d") * value(p, "fraud_lending_application_count_7d")
    ),
    "payments_per_login_1d": lambda p: over(
        value(p, "fraud_payment_count_1d"), value(p, "fraud_login_count_1d")
    ),
}  # fmt: skip
