"""The table ``payments`` with fraud in it, and what it then says of devices and payees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.world import season
from credit.world.figures import Figures
from credit.world.fraud import payees, roles
from credit.world.fraud.crimes import Crimes, Payments
from credit.world.fraud.habits import Habits
from credit.world.options import Ints, Stage
from credit.world.payments import category_codes
from credit.world.people import People
from credit.world.rows import NULL, Columns, Rows, Text, stack, take


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What every step needs."""

    people: People
    cast: roles.Cast
    calendar: season.Season
    figures: Figures
    observed_until: int


def own_payments(rows: Columns, people: People) -> tuple[Ints, Ints]:
    """Return owner and amount of payments out that went through."""
    out = np.flatnonzero((_codes(rows["direction"]) == 0) & (_codes(rows["status"]) == 0))
    owner = np.asarray(rows["customer_id"])[out] - people.customer_id[0]
    return owner, np.asarray(rows["amount_fen"])[out]


def _codes(values: object) -> Ints:
    if not isinstance(values, Text):
        raise TypeError("a column of text was expected")
    return np.asarray(values.codes, dtype=np.int64)


def all_payments(
    scene: Scene, rows: Columns, usual: Habits, what: tuple[Crimes, Payments]
) -> tuple[Rows, tuple[Ints, Ints, Ints], Ints]:
    """Return all payments, owner, instant and device of honest ones out, and each fraud's first."""
    people, figures = scene.people, scene.figures
    draw = people.block.stream(Stage.PAYEES)
    done, stolen = what
    owner = np.asarray(rows["customer_id"]) - people.customer_id[0]
    at = np.asarray(rows["event_time"])
    out = _codes(rows["direction"]) == 0
    device = np.where(out, usual.device_at(draw, owner, at, figures), NULL)
    added = _stolen_rows(draw, scene, rows, what)
    everyone = np.concatenate([owner, done.owner[stolen.crime]])
    whole = stack([{name: rows[name] for name in added}, added])
    device_id = np.concatenate([device, done.device[stolen.crime]])
    new = np.full(everyone.size, figures["sim.payee"]["new"])
    new[owner.size :] = figures["sim.fraud.payments"]["new_payee"]
    merchant, instant = np.asarray(whole["merchant_id"]), np.asarray(whole["event_time"])
    age = payees.known_days(draw, (everyone, merchant, instant), new, people.registered_at, figures)
    order = np.lexsort((instant, everyone))
    key = people.block.keys(order.size)
    finished: Rows = {
        "payment_id": key,
        **take(
            {
                **whole,
                "merchant_class": Text(payees.classes(merchant, figures), payees.CLASSES),
                "device_id": device_id,
                "payee_age_days": age,
            },
            order,
        ),
    }
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    first = owner.size + np.searchsorted(stolen.crime, np.arange(done.owner.size))
    names = ("payment_id", *rows, "merchant_class", "device_id", "payee_age_days")
    honest = np.flatnonzero(out)
    return (
        {name: finished[name] for name in dict.fromkeys(names)},
        (owner[honest], at[honest], device[honest]),
        key[place[first]],
    )


def _stolen_rows(
    draw: np.random.Generator, scene: Scene, rows: Columns,
    what: tuple[Crimes, Payments],
) -> Rows:  # fmt: skip
    """Return fraudulent payments as rows of ``payments``, without a key."""
    people, figures = scene.people, scene.figures
    done, stolen = what
    owner, count = done.owner[stolen.crime], stolen.crime.size
    of_class_c = draw.random(count) < figures["sim.fraud.payments"]["class_c"]
    codes = category_codes(figures.names("consumption.amount"))
    merchant, mcc = payees.merchants_for(draw, of_class_c, codes, figures)
    zero = np.zeros(count, dtype=np.int64)
    return {
        "customer_id": people.customer_id[owner],
        "available_at": season.known_after(draw, stolen.event_time, figures),
        "balance_fen": _balance_before(rows, people, owner, stolen.event_time),
        "event_time": stolen.event_time,
        "direction": Text(zero, ("out", "in")),
        "amount_fen": stolen.amount_fen,
        "status": Text(zero, ("ok", "failed")),
        "mcc": mcc,
        "merchant_id": merchant,
        "due_at": np.full(count, NULL),
    }


def _balance_before(rows: Columns, people: People, owner: Ints, at: Ints) -> Ints:
    """Return the balance after the person's payment before an instant, their first's before it."""
    owners = np.asarray(rows["customer_id"]) - people.customer_id[0]
    times, balance = np.asarray(rows["event_time"]), np.asarray(rows["balance_fen"])
    first = np.searchsorted(owners, owner)
    last = np.searchsorted(owners, owner, side="right")
    found = np.empty(owner.size, dtype=np.int64)
    for row, (low, high) in enumerate(zip(first, last, strict=True)):
        place = low + np.searchsorted(times[low:high], at[row]) - 1
        found[row] = balance[max(place, low)] if high > low else NULL
    return found
