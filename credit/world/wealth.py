"""Funds and deposits: the tables ``wealth_positions`` and ``wealth_orders``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from credit.schema import DAY
from credit.world import season
from credit.world.figures import Figures
from credit.world.options import Flags, Floats, Ints, Stage
from credit.world.people import WEALTH, People
from credit.world.rows import Columns, Rows, Text, stack, take

_STATEMENT = 30
"""Days between two statements of a holding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Holdings:
    """One entry a (person, product): whose, which, since when, and how it is handled."""

    owner: Ints
    product: Ints
    risk: Ints
    opened: Ints
    opening_fen: Ints
    ordering: Floats
    redeeming: Floats


def wealth(people: People, figures: Figures) -> tuple[Columns, Columns]:
    """Return a block's positions and orders.

    A balance is the last one with its return, plus what was subscribed, less what was redeemed.
    A person's statements are 30 days apart and cover their window, all products on one day; the
    first subscription may lie years before it. A product sold out keeps its statements, with a
    balance of zero.
    """
    draw = people.block.stream(Stage.WEALTH)
    held = _open(draw, people, figures)
    first = people.events.first[held.owner]
    statements = int((people.events.last - people.events.first).max()) // _STATEMENT + 1
    balance = held.opening_fen
    positions: list[Rows] = []
    orders = [_order_rows(draw, held, held.opened, held.opening_fen)]
    for k in range(statements):
        day = first + _STATEMENT * k
        placed = day - draw.integers(0, _STATEMENT, balance.size)
        seen = (day >= held.opened) & (day <= people.events.last[held.owner])
        ordered = (draw.random(balance.size) < held.ordering) & (placed > held.opened) & seen
        amount = np.where(ordered, _amounts(draw, held, balance), 0)
        grown = balance * (1 + draw.normal(0.002, 0.004 * held.risk))
        # An order looks at the balance before this month's return, which may be a loss.
        moved = np.maximum(grown.astype(np.int64) + amount, 0)
        balance = np.where(day >= held.opened, moved, balance)
        positions.append(take(_position_rows(held, day, balance), seen))
        orders.append(take(_order_rows(draw, held, placed, amount), amount != 0))
    rows = stack(positions)
    rows = take(rows, np.lexsort((*(np.asarray(rows[c]) for c in ("event_time", "owner")),)))
    customer = people.customer_id[np.asarray(rows.pop("owner"))]
    return {"customer_id": customer, **rows}, _finish_orders(draw, people, stack(orders), figures)


def _open(draw: np.random.Generator, people: People, figures: Figures) -> _Holdings:
    trait = people.traits[:, WEALTH]
    holder = draw.random(people.size) < figures.behaviour("wealth.holders").draw(draw, trait)
    daring = draw.standard_normal(people.size) * 0.7 + 0.7 * trait
    risk = np.asarray(figures["wealth.risk_levels"], dtype=np.int64)
    chance = expit(
        figures.array("wealth.product_log_odds")
        + np.multiply.outer(daring, figures.array("wealth.product_tilt"))
    )
    chosen: Flags = draw.random(chance.shape) < chance
    chosen[:, 0] |= ~chosen.any(axis=1)
    owner, product = np.nonzero(chosen & (holder & ~people.thin)[:, None])
    level = figures.behaviour("wealth.balance").draw(draw, trait)
    age = figures.behaviour("wealth.age_days").draw(draw, trait)
    ordering = figures.behaviour("wealth.ordering").draw(draw, trait)
    redeeming = figures.behaviour("wealth.redeeming").draw(draw, trait)
    part = np.exp(0.7 * draw.standard_normal(owner.size))
    part /= np.bincount(owner, part, people.size)[owner]
    days = np.clip(age[owner] * draw.gamma(3.0, 1 / 3, owner.size), 10, 3_000)
    return _Holdings(
        owner=owner,
        product=product + 1,
        risk=risk[product],
        opened=season.local_day(people.as_of)[owner] - days.astype(np.int64),
        opening_fen=(part * (level * people.income_fen)[owner]).astype(np.int64) + 100,
        ordering=ordering[owner],
        redeeming=redeeming[owner],
    )


def _amounts(draw: np.random.Generator, held: _Holdings, balance: Ints) -> Ints:
    """Return signed order amounts: a part of the opening amount, in or (while it lasts) out."""
    redeem = draw.random(balance.size) < held.redeeming
    part = (draw.uniform(0.1, 0.6, balance.size) * held.opening_fen).astype(np.int64)
    return np.where(redeem, -np.minimum(part, balance), part)


def _position_rows(held: _Holdings, day: Ints, balance: Ints) -> Rows:
    close = season.midnight(day + 1) - 1
    return {
        "owner": held.owner,
        "event_time": close,
        "available_at": close + DAY // 3,
        "product_id": held.product,
        "risk_level": held.risk,
        "balance_fen": balance,
    }


def _order_rows(draw: np.random.Generator, held: _Holdings, day: Ints, amount: Ints) -> Rows:
    return {
        "owner": held.owner,
        "event_time": season.by_day(draw, day),
        "product_id": held.product,
        "risk_level": held.risk,
        "side": Text((amount < 0).astype(np.int64), ("subscribe", "redeem")),
        "amount_fen": np.abs(amount),
    }


def _finish_orders(
    draw: np.random.Generator, people: People, rows: Rows, figures: Figures
) -> Columns:
    rows = take(rows, np.lexsort((np.asarray(rows["event_time"]), np.asarray(rows["owner"]))))
    owner, event_time = np.asarray(rows.pop("owner")), np.asarray(rows["event_time"])
    return {
        "order_id": people.block.keys(owner.size),
        "customer_id": people.customer_id[owner],
        "available_at": season.known_after(draw, event_time, figures),
        **rows,
    }
