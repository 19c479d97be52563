"""Random rows of every table, whose times and amounts lie on and around what features look for."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from credit.feature import WINDOWS
from credit.schema import DAY

Row = dict[str, Any]
EDGES = (*WINDOWS, 730)
"""Windows, in days, on whose edges events are placed."""

EPOCH = 1_700_000_000_000_000
MCCS = (5411, 5812, 7832, 8211, 8062, 7995, 5933, 4900)


class Chance:
    """Random draws around the boundaries of one world."""

    def __init__(self, seed: int, people: int) -> None:
        self.rng = Random(seed)  # many scalar draws: ten times faster than a NumPy generator
        self.people = people
        self.fresh = 1_000

    def pick(self, *choices: Any) -> Any:
        """Return one of the choices."""
        return choices[int(self.rng.random() * len(choices))]

    def whole(self, low: int, high: int) -> int:
        """Return an integer from ``low`` up to, but not, ``high``."""
        return low + int(self.rng.random() * (high - low))

    def person(self) -> int:
        """Return somebody."""
        return self.whole(0, self.people)

    def key(self) -> int:
        """Return a key that no row has yet."""
        self.fresh += 1
        return self.fresh

    def amount(self) -> int:
        """Return an amount in fen: nothing, around 5,000 yuan, large or small."""
        return self.pick(0, 500_000, 500_001, self.whole(1, 900_000), self.whole(1, 90_000))

    def time(self, q: int) -> int:
        """Return an event time: at q, at a window's edge, a microsecond off, or anywhere."""
        window = self.pick(*EDGES) * DAY
        anywhere = q - self.whole(0, 200 * DAY)
        long_ago = q - self.whole(0, 800 * DAY)
        return self.pick(
            q, q - 1, q + 1, q - window, q - window - 1, q - window + 1,
            q + self.whole(0, 60 * DAY), anywhere, anywhere, anywhere, long_ago, long_ago,
        )  # fmt: skip

    def known(self, event_time: int, q: int) -> int:
        """Return when it was known: at once, at q, just after q, soon, or late."""
        late = event_time + self.whole(0, 90 * DAY)
        soon = event_time + self.whole(0, 2 * DAY)
        return max(event_time, self.pick(event_time, event_time, q, q + 1, soon, soon, late))


def times_of(chance: Chance, q: int) -> Row:
    """Return when something happened and when it was known, around ``q``."""
    event_time = chance.time(q)
    return {"event_time": event_time, "available_at": chance.known(event_time, q)}


def _payment(c: Chance, q: int) -> Row:
    due = q - c.whole(-20, 200) * DAY
    return {
        "payment_id": c.key(), "customer_id": c.person(),
        "direction": c.pick("out", "out", "out", "in"), "amount_fen": c.amount(),
        "status": c.pick("ok", "ok", "ok", "ok", "failed"),
        "mcc": c.pick(None, *MCCS), "merchant_id": c.pick(None, *range(12)),
        "balance_fen": c.pick(None, c.whole(0, 1_000_000)), "due_at": c.pick(None, None, due),
        "purpose": c.pick(None, "rent", "salary"),
    }  # fmt: skip


def _transfer(c: Chance, _q: int) -> Row:
    return {
        "transfer_id": c.key(), "customer_id": c.person(), "counterparty_id": c.person(),
        "amount_fen": c.amount(), "type": c.pick("transfer", "red_packet"),
    }  # fmt: skip


def _contact(c: Chance, _q: int) -> Row:
    return {
        "customer_id": c.person(), "contact_id": c.person(),
        "type": c.pick("friend", "family", "colleague"),
    }  # fmt: skip


def _tag(c: Chance, _q: int) -> Row:
    return {"tag_id": c.key(), "customer_id": c.person(), "tag": c.pick("fraud", "court")}


def _position(c: Chance, _q: int) -> Row:
    return {
        "customer_id": c.person(), "product_id": c.whole(0, 3), "risk_level": c.whole(1, 6),
        "balance_fen": c.amount(),
    }  # fmt: skip


def _order(c: Chance, _q: int) -> Row:
    return {
        "order_id": c.key(), "customer_id": c.person(), "product_id": c.whole(0, 3),
        "risk_level": c.whole(1, 6), "side": c.pick("subscribe", "redeem"),
        "amount_fen": c.amount(),
    }  # fmt: skip


def _loan(c: Chance, _q: int) -> Row:
    return {
        "loan_id": c.key(), "customer_id": c.person(), "principal_fen": c.amount(),
        "term_months": 3,
    }  # fmt: skip


def _customer(c: Chance, _q: int) -> Row:
    return {
        "customer_id": c.person(), "segment": c.pick("sme", "white_collar", None),
        "declared_income_fen": c.pick(None, c.amount()), "occupation": c.pick("clerk", "worker"),
        "region": c.pick("east", "west"), "sex": c.pick("f", "m"), "birth_date": -c.key() * DAY,
    }  # fmt: skip


def _application(c: Chance, _q: int) -> Row:
    return {
        "application_id": c.key(), "customer_id": c.person(),
        "amount_fen": c.pick(None, c.amount()), "product": c.pick("cash", "card"),
        "income_evidence": c.pick(None, "none", "payslip"),
        "verified_income_fen": c.pick(None, c.amount()),
    }  # fmt: skip


def _instalment(c: Chance, q: int) -> Row:
    window = c.pick(*EDGES) * DAY
    past = [q - c.whole(0, 400 * DAY) for _ in range(6)]
    late = [q - days * DAY for days in (29, 30, 59, 60, 89, 90)]
    edges = (q, q - 1, q - DAY, q - DAY + 1, q - window, q - window - 1, c.pick(*late))
    due = c.pick(*edges, q + c.whole(0, 90 * DAY), *past)
    return {
        "customer_id": c.person(), "loan_id": c.key(), "number": c.whole(1, 4),
        "due_at": due, "due_fen": c.pick(0, 100, 100, 100, 100, 100, 250),
        "repaired_at": repaired(c, q),
    }  # fmt: skip


def repaired(c: Chance, q: int) -> int | None:
    """Return when a record was suppressed: never, long before q, about q, or later."""
    return c.pick(*[None] * 12, q - 90 * DAY, q, q + 1, q + 9 * DAY)


def _repayment(c: Chance, _q: int) -> Row:
    return {
        "repayment_id": c.key(), "customer_id": c.person(), "loan_id": c.key(),
        "number": c.whole(1, 4), "amount_fen": c.pick(0, 40, 60, 100, 100, 100, 100, 100, 250),
        "channel": c.pick("balance", "card"),
    }  # fmt: skip


def _statement(c: Chance, q: int) -> Row:
    return {
        "customer_id": c.person(), "account_id": c.whole(0, 3),
        "months_past_due": c.pick(None, 0, 0, 0, 1, 2, 3), "balance_fen": c.amount(),
        "limit_fen": c.pick(None, 0, 500_000, 900_000), "paid_fen": c.amount(),
        "status": c.pick("current", "closed"), "repaired_at": repaired(c, q),
    }  # fmt: skip


def _device_use(c: Chance, _q: int) -> Row:
    return {
        "customer_id": c.person(), "device_id": c.whole(0, c.people),
        "account_id": c.pick(None, *range(2 * c.people)),
    }  # fmt: skip


def _guarantee(c: Chance, _q: int) -> Row:
    return {"customer_id": c.person(), "guarantor_id": c.person()}


def _login(c: Chance, _q: int) -> Row:
    return {
        "login_id": c.key(), "customer_id": c.person(), "result": c.pick("ok", "ok", "failed"),
        "device_id": c.whole(0, c.people), "account_id": c.pick(None, 1, 2),
        "ip_hash": c.pick(None, 1, 2, c.whole(0, 9)), "latitude": c.pick(None, 31.2, 39.9, -33.4),
        "longitude": c.pick(121.5, 116.4, -70.7), "emulator": c.pick(0, 0, 1, None),
        "rooted": c.pick(0, 0, 1), "detector": c.pick(0, 0, 0, 1),
        "face_score": c.pick(None, 0.2, 0.6, 0.93), "method": c.pick("password", "face"),
    }  # fmt: skip


def _confirmed(c: Chance, _q: int) -> Row:
    return {"customer_id": c.person(), "type": c.pick("takeover", "studio")}


MAKE: dict[str, Callable[[Chance, int], Row]] = {
    "payments": _payment, "transfers": _transfer, "contacts": _contact, "tags": _tag,
    "wealth_positions": _position, "wealth_orders": _order, "loans": _loan,
    "instalments": _instalment, "repayments": _repayment, "customers": _customer,
    "applications": _application, "bureau": _statement, "device_use": _device_use,
    "guarantees": _guarantee, "logins": _login, "fraud_labels": _confirmed,
}  # fmt: skip
"""Table -> a row without its times."""
