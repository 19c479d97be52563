"""How people usually sign in: from which place, on which phone, over which network.

Everybody has a home near their community's city, a phone (some a second one, some buy another
in the course of the world), a network at home and one at work, and makes a few trips.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.schema import DAY
from credit.world import season
from credit.world.figures import Figures
from credit.world.fraud.roles import Cast
from credit.world.lending import NEVER
from credit.world.options import Block, Floats, Ints, Stage
from credit.world.people import People
from credit.world.rows import Columns

TRIPS = 4
"""Most trips of a person."""

_MOBILE_PLACES = 1_000_000
"""Networks of a block are numbered below this many."""


@dataclass(frozen=True, slots=True)
class Place:
    """Degrees north and east, one entry a row."""

    latitude: Floats
    longitude: Floats

    def at(self, rows: Ints) -> Place:
        """Return the places of some rows."""
        return Place(self.latitude[rows], self.longitude[rows])

    def near(self, draw: np.random.Generator, spread: float) -> Place:
        """Return a place by each, a normal step of ``spread`` degrees away both ways."""
        step = spread * draw.standard_normal((2, self.latitude.size))
        return Place(self.latitude + step[0], self.longitude + step[1])


def somewhere(draw: np.random.Generator, count: int, figures: Figures) -> Place:
    """Return any places in the country."""
    south, north, west, east = figures["sim.login.country"]
    return Place(draw.uniform(south, north, count), draw.uniform(west, east, count))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Keys of one kind for everything of a block; which is whose cannot be read off the key.

    Slots 0 .. n - 1 are people's own, n .. 2 n - 1 those of strangers in their accounts,
    2 n .. 3 n - 1 those of studios, later ones anybody's.
    """

    keys: Ints
    people: int

    @classmethod
    def of(cls, draw: np.random.Generator, block: Block, more: int, *, offset: int) -> Pool:
        """Return a pool with ``more`` slots than three a person."""
        keys = block.keys(3 * block.size + more, offset=offset)
        return cls(keys=draw.permutation(keys), people=block.size)

    def own(self, slot: Ints) -> Ints:
        """Return people's own."""
        return self.keys[slot]

    def strangers(self, owner: Ints) -> Ints:
        """Return that of whoever intrudes into these people's accounts."""
        return self.keys[self.people + owner]

    def studios(self, slot: Ints) -> Ints:
        """Return those of studios."""
        return self.keys[2 * self.people + slot]

    def others(self, slot: Ints) -> Ints:
        """Return further ones."""
        return self.keys[3 * self.people + slot]


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What people usually sign in with; one entry a person, trips of shape (people, TRIPS).

    ``changed_at`` is when ``next_phone`` takes the place of ``phone``, `NEVER` for most.
    """

    home: Place
    phone: Ints
    next_phone: Ints
    changed_at: Ints
    second: Ints
    second_since: Ints
    home_network: Ints
    work_network: Ints
    trip_first: Ints
    trip_last: Ints
    trip_to: Place

    def phone_at(self, owner: Ints, instants: Ints) -> Ints:
        """Return the phone that people use at some instants."""
        return np.where(instants >= self.changed_at[owner], self.next_phone[owner],
                        self.phone[owner])  # fmt: skip

    def device_at(
        self, draw: np.random.Generator, owner: Ints, instants: Ints, figures: Figures
    ) -> Ints:
        """Return the device in use at some instants: the phone, or now and then another."""
        other = draw.random(owner.size) < figures["sim.login.habit"]["second_device"]
        other &= instants > self.second_since[owner]
        return np.where(other, self.second[owner], self.phone_at(owner, instants))

    def place_at(
        self, draw: np.random.Generator, owner: Ints, instants: Ints, figures: Figures
    ) -> Place:
        """Return where people are: at home's city, or on a trip."""
        day = season.local_day(instants)[:, None]
        on = (day >= self.trip_first[owner]) & (day <= self.trip_last[owner])
        trip, away = on.argmax(axis=1), on.any(axis=1)
        base = Place(
            np.where(away, self.trip_to.latitude[owner, trip], self.home.latitude[owner]),
            np.where(away, self.trip_to.longitude[owner, trip], self.home.longitude[owner]),
        )
        return base.near(draw, figures["sim.login.habit"]["place_spread"])


def habits(
    people: People, cast: Cast, seen: Columns, pools: tuple[Pool, Pool], figures: Figures
) -> Habits:
    """Draw the habits of a block's people.

    Parameters
    ----------
    people : People
    cast : Cast
    seen : Columns
        The block's ``device_use`` as it is before any new phone: whose phones these are.
    pools : tuple of Pool
        Devices and networks.
    figures : Figures
    """
    draw = people.block.stream(Stage.HABITS)
    settings = figures["sim.login.habit"]
    devices, networks = pools
    n = people.size
    cities = somewhere(draw, int(people.community.max()) + 1, figures)
    home = cities.at(people.community).near(draw, settings["home_spread"])
    phone, second, since = _devices_of(people, seen)
    first, last = people.events.first, people.events.last
    new = draw.random(n) < 1 - np.exp(-settings["new_phone_yearly"] * (last - first) / 365)
    moment = season.midnight(first) + (draw.random(n) * (last - first) * DAY).astype(np.int64)
    home_slot = draw.permutation(n) // settings["people_per_home"]
    work = draw.integers(0, settings["work_networks"], n)
    work_slot = n - 1 - (people.community * settings["work_networks"] + work) % (n // 2)
    starts = first[:, None] + (draw.random((n, TRIPS)) * (last - first)[:, None]).astype(np.int64)
    length = draw.integers(1, settings["trip_days"] + 1, (n, TRIPS))
    made = draw.poisson(settings["trips_yearly"] * (last - first) / 365)
    goes = np.arange(TRIPS) < made[:, None]
    to = somewhere(draw, n * TRIPS, figures)
    return Habits(
        home=home,
        phone=phone,
        next_phone=devices.own(np.arange(n)),
        changed_at=np.where(new & (cast.studio < 0), moment, NEVER),
        second=second,
        second_since=since,
        home_network=networks.own(home_slot),
        work_network=networks.own(work_slot),
        trip_first=np.where(goes, starts, 1),
        trip_last=np.where(goes, starts + length - 1, 0),
        trip_to=Place(to.latitude.reshape(n, TRIPS), to.longitude.reshape(n, TRIPS)),
    )


def mobile(draw: np.random.Generator, count: int, block: Block, figures: Figures) -> Ints:
    """Return mobile lines of a block: few, so that many people share each."""
    number = draw.integers(0, figures["sim.login.habit"]["mobile_networks"], count)
    return block.keys(1, offset=_MOBILE_PLACES)[0] + number


def _devices_of(people: People, seen: Columns) -> tuple[Ints, Ints, Ints]:
    """Return everybody's first device, another of theirs if there is one, and since when."""
    owner = np.asarray(seen["customer_id"]) - people.customer_id[0]
    device, at = np.asarray(seen["device_id"]), np.asarray(seen["event_time"])
    order = np.lexsort((device, at, owner))
    owner, device, at = owner[order], device[order], at[order]
    first = np.searchsorted(owner, np.arange(people.size))
    phone = device[first]
    second, since = phone.copy(), at[first]
    differs = np.flatnonzero(device != phone[owner])[::-1]  # the earliest is written last
    second[owner[differs]], since[owner[differs]] = device[differs], at[differs]
    return phone, second, since
