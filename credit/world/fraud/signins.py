"""The table ``logins``: what people do by habit, and tries that are refused.

Sign-ins of a crime are drawn in `credit.world.fraud.crimes`; here all become rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.schema import DAY, SECOND
from credit.world import season
from credit.world.figures import Figures
from credit.world.fraud.habits import Habits, Place, Pool, mobile, somewhere
from credit.world.options import Flags, Ints, Stage
from credit.world.people import PAYMENT, People

METHODS = ("password", "code", "face")
FACE = METHODS.index("face")

MINUTE = 60 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """Tries to sign in; every array has one entry a try.

    ``genuine`` says whether it is the account's owner who tries, ``refused`` whether it fails
    for another reason than the face.
    """

    owner: Ints
    event_time: Ints
    device_id: Ints
    ip_hash: Ints
    place: Place
    method: Ints
    genuine: Flags
    refused: Flags

    @classmethod
    def joined(cls, parts: list[Tries]) -> Tries:
        """Return the tries of several parts, one after another."""

        def all_of(name: str) -> Ints:
            return np.concatenate([getattr(part, name) for part in parts])

        return cls(
            owner=all_of("owner"),
            event_time=all_of("event_time"),
            device_id=all_of("device_id"),
            ip_hash=all_of("ip_hash"),
            place=Place(
                np.concatenate([part.place.latitude for part in parts]),
                np.concatenate([part.place.longitude for part in parts]),
            ),
            method=all_of("method"),
            genuine=all_of("genuine").astype(bool),
            refused=all_of("refused").astype(bool),
        )


def usual(
    people: People, habits: Habits, paid: tuple[Ints, Ints, Ints], calendar: season.Season,
    figures: Figures,
) -> Tries:  # fmt: skip
    """Return the sign-ins of everyday life: some on their own, some just before a payment.

    ``paid`` are the owner, instant and device of honest payments out.
    """
    draw = people.block.stream(Stage.LOGINS)
    settings = figures["sim.login.habit"]
    rate = figures.behaviour("sim.login.daily").draw(draw, people.traits[:, PAYMENT])
    night = figures.behaviour("sim.login.night_share").draw(draw, people.traits[:, PAYMENT])
    rate *= np.where(people.thin, figures.number("people.thin_activity"), 1.0)
    alone = calendar.scatter(draw, rate, people.events)
    at = season.by_day_or_night(draw, alone.day, draw.random(alone.owner.size) < night[alone.owner])
    device = habits.device_at(draw, alone.owner, at, figures)
    before = np.flatnonzero(draw.random(paid[0].size) < settings["before_payment"])
    ahead = (draw.uniform(0.5, 15.0, before.size) * MINUTE).astype(np.int64)
    owner = np.concatenate([alone.owner, paid[0][before]])
    event_time = np.concatenate([at, paid[1][before] - ahead])
    count = owner.size
    u = draw.random(count)
    networks = np.select(
        [u < settings["home"], u < settings["home"] + settings["work"]],
        [habits.home_network[owner], habits.work_network[owner]],
        mobile(draw, count, people.block, figures),
    )
    return Tries(
        owner=owner,
        event_time=event_time,
        device_id=np.concatenate([device, paid[2][before]]),
        ip_hash=networks,
        place=habits.place_at(draw, owner, event_time, figures),
        method=draw.choice(len(METHODS), count, p=figures.array("sim.login.method")),
        genuine=np.ones(count, dtype=bool),
        refused=draw.random(count) < settings["failed"],
    )


def abnormal_count(people: People, figures: Figures) -> Ints:
    """Return how many tries of strangers are refused on each person: the world's share of all."""
    draw = people.block.stream(Stage.REFUSED)
    daily = figures.number("sim.abnormal_logins_per_day") / figures.number(
        "sim.abnormal_logins_users"
    )
    return draw.poisson(daily * (people.events.last - people.events.first + 1))


def abnormal(people: People, count: Ints, pools: tuple[Pool, Pool], figures: Figures) -> Tries:
    """Return the refused tries of strangers: each from a device, network and place of its own."""
    draw = people.block.stream(Stage.ABNORMAL)
    owner = np.repeat(np.arange(people.size), count)
    slot = np.arange(owner.size)
    first, last = people.events.first[owner], people.events.last[owner] + 1
    at = season.midnight(first) + (draw.random(owner.size) * (last - first) * DAY).astype(np.int64)
    return Tries(
        owner=owner,
        event_time=at,
        device_id=pools[0].others(slot),
        ip_hash=pools[1].others(slot),
        place=somewhere(draw, owner.size, figures),
        method=np.zeros(owner.size, dtype=np.int64),
        genuine=np.zeros(owner.size, dtype=bool),
        refused=np.ones(owner.size, dtype=bool),
    )
