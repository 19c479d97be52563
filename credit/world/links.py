"""What links people besides acquaintance: devices they are seen on, and debts they stand for."""

from __future__ import annotations

import numpy as np

from credit.schema import DAY
from credit.world import season
from credit.world.figures import Figures
from credit.world.graph import Ties
from credit.world.options import Floats, Ints, Stage
from credit.world.people import REPAYMENT, SOCIAL, People
from credit.world.rows import Columns

ACCOUNTS = 4
"""Most accounts of a person."""


def device_use(people: People, known: Ties, figures: Figures) -> Columns:
    """Return on which devices, and with which accounts, a block's people were first seen.

    Everybody registers on a device of their own, some have a second. A few also use that of one
    they know, a few meet in studios of about eight on one device, and one device of the block
    stands in a shop. Riskier people are more likely to be in a studio, and to have several
    accounts on a device.
    """
    draw = people.block.stream(Stage.DEVICES)
    n = people.size
    everybody = np.arange(n)
    second = np.flatnonzero(draw.random(n) < figures.number("graph.second_device"))
    host = _somebody_known(draw, known, n)
    guest = np.flatnonzero((draw.random(n) < figures.number("graph.device_guests")) & (host >= 0))
    chance = figures.behaviour("graph.studios").draw(draw, _risk(people))
    members = np.flatnonzero(draw.random(n) < chance)
    members = members[np.argsort(people.community[members], kind="stable")]
    studio = 2 * n + 1 + np.arange(members.size) // round(figures.number("graph.studio_size"))
    customers = np.flatnonzero(draw.random(n) < figures.number("graph.shop_share"))
    person = np.concatenate([everybody, second, guest, members, customers])
    device = np.concatenate([everybody, n + second, host[guest], studio, 0 * customers + 2 * n])
    extra = draw.poisson(figures.behaviour("graph.further_accounts").draw(draw, _risk(people)))
    more = np.repeat(everybody, np.minimum(extra, ACCOUNTS - 1))
    number = 1 + np.arange(more.size) - np.searchsorted(more, more)
    account = np.concatenate([np.zeros(person.size, dtype=np.int64), number])
    person, device = np.concatenate([person, more]), np.concatenate([device, more])
    event_time = _since_registration(draw, people, person, figures)
    event_time[:n] = people.registered_at
    _, kept = np.unique(np.stack([person, device, event_time]), axis=1, return_index=True)
    return {
        "customer_id": people.customer_id[person[kept]],
        "event_time": event_time[kept],
        "available_at": season.known_after(draw, event_time, figures)[kept],
        "device_id": people.block.keys(3 * n + 2)[device[kept]],
        "account_id": people.customer_id[person[kept]] * ACCOUNTS + account[kept],
    }


def guarantees(people: People, known: Ties, figures: Figures) -> Columns:
    """Return who stands surety for a block's people: for some, one or two of those they know."""
    draw = people.block.stream(Stage.GUARANTEES)
    chance = figures.behaviour("graph.guaranteed").draw(draw, people.traits[:, REPAYMENT])
    chance *= figures.array("graph.guaranteed_by_segment")[people.segment]
    found = []
    for share in (1.0, 0.5):
        guarantor = _somebody_known(draw, known, people.size)
        owing = np.flatnonzero((draw.random(people.size) < share * chance) & (guarantor >= 0))
        found.append(np.stack([owing, guarantor[owing]]))
    person, guarantor = np.unique(np.concatenate(found, axis=1), axis=1)
    event_time = _since_registration(draw, people, person, figures)
    lag = draw.random(person.size) * figures.number("graph.guarantee_lag_days")
    return {
        "customer_id": people.customer_id[person],
        "event_time": event_time,
        "available_at": event_time + (lag * DAY).astype(np.int64),
        "guarantor_id": people.customer_id[guarantor],
    }


def _risk(people: People) -> Floats:
    return np.asarray((people.traits[:, REPAYMENT] + people.traits[:, SOCIAL]) / 2)


def _somebody_known(draw: np.random.Generator, known: Ties, count: int) -> Ints:
    """Return one acquaintance of each person, -1 for those without any."""
    first = np.searchsorted(known.source, np.arange(count + 1))
    ties = np.diff(first)
    chosen = first[:-1] + (draw.random(count) * ties).astype(np.int64)
    target = np.append(known.target, -1)
    return np.asarray(np.where(ties > 0, target[np.where(ties > 0, chosen, -1)], -1))


def _since_registration(
    draw: np.random.Generator, people: People, person: Ints, figures: Figures
) -> Ints:
    """Return an instant for each row: most before the application, some in the days after it."""
    _, after = figures["people.event_days"]
    start = people.registered_at[person]
    last = people.as_of[person] + after * DAY
    return np.asarray(start + (draw.random(person.size) * (last - start)).astype(np.int64))
