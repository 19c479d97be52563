"""Purchases, bills, salaries: the table ``payments``."""

from __future__ import annotations

import numpy as np

from credit.features import merchant_categories
from credit.schema import DAY
from credit.world import season
from credit.world.figures import Figures
from credit.world.options import Floats, Ints, Stage
from credit.world.people import CONSUMPTION, PAYMENT, People
from credit.world.rows import NULL, Columns, Rows, Text, stack, take

_MONTH = 30.4
_BILL_CODES = np.array([4900, 4814])
_MERCHANTS = 800
"""Merchants of a category; people of one community share some of theirs."""


def category_codes(names: tuple[str, ...]) -> Ints:
    """Return the code of each merchant, shape (categories, merchants)."""
    known = merchant_categories().groupby("category")["mcc"]
    return np.array([np.resize(known.get_group(name), _MERCHANTS) for name in names])


def payments(people: People, calendar: season.Season, figures: Figures) -> Columns:
    """Return a block's payments, ordered by person and time.

    ``balance_fen`` states a level after each payment (a person's usual balance, falling from
    one payday to the next, with noise); it is not the running sum of these rows, which are
    only part of what moves an account.
    """
    spending = _purchases(people, calendar, figures)
    rows = stack([spending, _bills(people, figures), _income(people, figures)])
    rows = take(rows, np.lexsort((np.asarray(rows["event_time"]), np.asarray(rows["owner"]))))
    owner, event_time = np.asarray(rows.pop("owner")), np.asarray(rows["event_time"])
    draw = people.block.stream(Stage.BALANCE)
    level = figures.behaviour("payments.balance").draw(draw, people.traits[:, PAYMENT])
    level *= (people.income_fen / 500_000) ** figures.number("payments.balance_income_power")
    since_payday = (season.local_day(event_time) - _payday(people)[owner]) % 30
    tide = (1.3 - 0.6 * since_payday / 30) * np.exp(0.45 * draw.standard_normal(owner.size))
    return {
        "payment_id": people.block.keys(owner.size),
        "customer_id": people.customer_id[owner],
        "available_at": season.known_after(draw, event_time, figures),
        "balance_fen": (100 * level[owner] * tide).astype(np.int64),
        **rows,
    }


def _activity(people: People, figures: Figures) -> Floats:
    """Return the share of life that passes through this account: small for a thin file."""
    return np.where(people.thin, figures.number("people.thin_activity"), 1.0)


def _payday(people: People) -> Ints:
    return people.customer_id * 7 % 28 + 1


def _purchases(people: People, calendar: season.Season, figures: Figures) -> Rows:
    draw = people.block.stream(Stage.PURCHASES)
    trait = people.traits[:, PAYMENT]
    rate = figures.behaviour("payments.daily_purchases").draw(draw, trait)
    night = figures.behaviour("payments.night_share").draw(draw, trait)
    failing = figures.behaviour("payments.failed_share").draw(draw, trait)
    spent = figures.behaviour("payments.spent_of_income").draw(draw, trait)
    sigma = figures.behaviour("payments.amount_spread").draw(draw, trait)
    bursts = figures.behaviour("payments.bursts").draw(draw, trait)
    shares = _category_shares(draw, people, figures)
    size = figures.array("consumption.amount")
    each = spent * people.income_fen / (rate * _MONTH) / (shares @ size)

    events = calendar.scatter(draw, rate * _activity(people, figures), people.events)
    owner, count = events.owner, events.owner.size
    day = _in_bursts(draw, events, bursts)
    category = (draw.random(count)[:, None] > np.cumsum(shares, axis=1)[owner, :-1]).sum(1)
    noise = np.exp(sigma[owner] * draw.standard_normal(count) - sigma[owner] ** 2 / 2)
    merchant = _merchants(draw, people, owner, category, figures)
    table = category_codes(figures.names("consumption.amount"))
    return {
        "owner": owner,
        "event_time": season.by_day_or_night(draw, day, draw.random(count) < night[owner]),
        "direction": Text(np.zeros(count, dtype=np.int64), ("out", "in")),
        "amount_fen": np.maximum(each[owner] * size[category] * noise, 100).astype(np.int64),
        "status": Text((draw.random(count) < failing[owner]).astype(np.int64), ("ok", "failed")),
        "mcc": table[category, merchant],
        "merchant_id": category * 10_000 + merchant + 1,
        "due_at": np.full(count, NULL),
    }


def _in_bursts(draw: np.random.Generator, events: season.Scattered, bursts: Floats) -> Ints:
    """Return days of which a share is moved to the day of the person's event before."""
    place = np.arange(events.owner.size)
    repeats = draw.random(place.size) < bursts[events.owner]
    repeats[:1] = False
    repeats[1:] &= events.owner[1:] == events.owner[:-1]
    return events.day[np.maximum.accumulate(np.where(repeats, 0, place))]


def _category_shares(draw: np.random.Generator, people: People, figures: Figures) -> Floats:
    """Return the probability of each category of a purchase, shape (people, categories)."""
    base, tilt = figures.array("consumption.share"), figures.array("consumption.tilt")
    loading = figures.number("consumption.loading")
    noise = draw.standard_normal((people.size, base.size))
    trait = people.traits[:, CONSUMPTION, None]
    weight = base * np.exp(tilt * loading * trait + np.abs(tilt) * np.sqrt(1 - loading**2) * noise)
    plays = figures.behaviour("consumption.high_risk_people").draw(draw, trait[:, 0])
    column = figures.names("consumption.share").index("high_risk")
    weight[:, column] *= draw.random(people.size) < plays
    return np.asarray(weight / weight.sum(1, keepdims=True))


def _merchants(
    draw: np.random.Generator, people: People, owner: Ints, category: Ints, figures: Figures
) -> Ints:
    """Return merchant numbers: each person returns to a few of the community's merchants."""
    breadth = figures.behaviour("consumption.breadth").draw(draw, people.traits[:, CONSUMPTION])
    rank = draw.exponential(breadth[owner]).astype(np.int64)
    home = people.community[owner] * 53 + people.customer_id[owner] % 7 * 11
    return (home + category * 131 + rank * 17) % _MERCHANTS


def _bills(people: People, figures: Figures) -> Rows:
    """Return two bills a month, paid before the due date or some days after it."""
    draw = people.block.stream(Stage.BILLS)
    on_time = figures.behaviour("payments.bill_on_time").draw(draw, people.traits[:, PAYMENT])
    has = draw.random((people.size, 2)) < figures.number("payments.has_bill")
    due_day = draw.integers(1, 29, (people.size, 2))
    span = int((people.events.last - people.events.first).max()) // 28 + 2
    owner, kind, month = np.nonzero(np.broadcast_to(has[:, :, None], (people.size, 2, span)))
    seen = draw.random(owner.size) < _activity(people, figures)[owner] ** 0.5
    owner, kind, month = owner[seen], kind[seen], month[seen]
    first = people.events.first[owner].astype("datetime64[D]").astype("datetime64[M]")
    start = first.astype("datetime64[D]").astype(np.int64)
    due = season.add_months(start, month) + due_day[owner, kind] - 1
    punctual = draw.random(owner.size) < on_time[owner]
    days = np.where(punctual, -draw.integers(0, 10, owner.size), draw.integers(1, 25, owner.size))
    paid = due + days
    inside = (paid >= people.events.first[owner]) & (paid <= people.events.last[owner])
    amount = figures.array("payments.bill_yuan")[kind] * np.exp(
        0.35 * draw.standard_normal(owner.size)
    )
    event_time = season.by_day(draw, paid)
    rows: Rows = {
        "owner": owner,
        "event_time": event_time,
        "direction": Text(np.zeros(owner.size, dtype=np.int64), ("out", "in")),
        "amount_fen": np.maximum(amount * 100, 100).astype(np.int64),
        "status": Text(np.zeros(owner.size, dtype=np.int64), ("ok", "failed")),
        "mcc": _BILL_CODES[kind],
        "merchant_id": 900_001 + kind,
        "due_at": season.midnight(due) + DAY - 1,
    }
    return take(rows, inside)


def _income(people: People, figures: Figures) -> Rows:
    """Return monthly salaries and, now and then, other money received."""
    draw = people.block.stream(Stage.INCOME)
    span = int((people.events.last - people.events.first).max()) // 30 + 1
    owner, month = np.divmod(np.arange(people.size * span), span)
    day = people.events.first[owner] + (_payday(people)[owner] + 30 * month)
    extra = draw.poisson(figures.number("payments.other_income_monthly") * span, people.size)
    other = np.repeat(np.arange(people.size), extra)
    reach = (people.events.last - people.events.first)[other]
    other_day = people.events.first[other] + (draw.random(other.size) * reach).astype(np.int64)
    share = np.concatenate(
        [
            np.exp(0.08 * draw.standard_normal(owner.size)),
            0.08 * np.exp(0.9 * draw.standard_normal(other.size)),
        ]
    )
    owner, day = np.concatenate([owner, other]), np.concatenate([day, other_day])
    seen = draw.random(owner.size) < _activity(people, figures)[owner]
    inside = seen & (day <= people.events.last[owner])
    count = owner.size
    rows: Rows = {
        "owner": owner,
        "event_time": season.by_day(draw, day),
        "direction": Text(np.ones(count, dtype=np.int64), ("out", "in")),
        "amount_fen": np.maximum(share * people.income_fen[owner], 100).astype(np.int64),
        "status": Text(np.zeros(count, dtype=np.int64), ("ok", "failed")),
        "mcc": np.full(count, NULL),
        "merchant_id": np.full(count, NULL),
        "due_at": np.full(count, NULL),
    }
    return take(rows, inside)
