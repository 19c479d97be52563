"""What fraud does: sign-ins of strangers, payments that depart from habit, transfers to mules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.schema import DAY
from credit.world import season
from credit.world.figures import Figures
from credit.world.fraud import roles
from credit.world.fraud.habits import Habits, Place, Pool, somewhere
from credit.world.fraud.signins import FACE, METHODS, MINUTE, Tries
from credit.world.options import Floats, Ints
from credit.world.people import People

_LAST_DAYS = 4
"""A fraud begins at least so many days before its person's traces end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crimes:
    """The frauds of a block, one entry a fraud, by person.

    ``owner`` is the person whose account it is, ``at`` the instant of the first fraudulent
    payment, ``entered_at`` that of a takeover's sign-in before it; ``device`` is what the
    payments are made on, ``own`` whether that is the person's.
    """

    owner: Ints
    kind: Ints
    at: Ints
    entered_at: Ints
    device: Ints
    own: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Payments:
    """Fraudulent payments: the fraud's position, instant and amount of each."""

    crime: Ints
    event_time: Ints
    amount_fen: Ints


def crimes(
    draw: np.random.Generator, people: People, cast: roles.Cast, usual: tuple[Habits, Pool],
    figures: Figures,
) -> Crimes:  # fmt: skip
    """Draw when each fraud begins, and on which device.

    A takeover falls on any day of the victim's window, the others on days after the application.
    """
    owner = np.flatnonzero(cast.kind >= 0)
    kind = cast.kind[owner]
    first, last = people.events.first[owner], people.events.last[owner] - _LAST_DAYS
    anywhere = first + (draw.random(owner.size) * np.maximum(last - first, 1)).astype(np.int64)
    within = figures["sim.fraud.days_after_application"]
    reach = np.array([1.0, *(within[name] for name in roles.TYPES[1:])])
    applied = season.local_day(people.as_of[owner]) + 1
    later = np.minimum(applied + (draw.random(owner.size) * reach[kind]).astype(np.int64), last)
    night = draw.random(owner.size) < figures["sim.fraud.payments"]["night"]
    day = np.where(kind == roles.TAKEOVER, anywhere, later)
    at = season.by_day_or_night(draw, day, night)
    habits, devices = usual
    own = (kind != roles.TAKEOVER) | (
        draw.random(owner.size) < figures["sim.fraud.takeover"]["own_device"]
    )
    low, high = (figures["sim.fraud.takeover"][name] for name in ("minutes_low", "minutes_high"))
    return Crimes(
        owner=owner,
        kind=kind,
        at=at,
        entered_at=at - (draw.uniform(low, high, owner.size) * MINUTE).astype(np.int64),
        device=np.where(own, habits.phone_at(owner, at), devices.strangers(owner)),
        own=own.astype(np.int64),
    )


def fraudulent(
    draw: np.random.Generator, done: Crimes, people: People, habit: tuple[Floats, Floats],
    figures: Figures,
) -> Payments:  # fmt: skip
    """Draw the payments of each fraud: the first, and some more within hours or days.

        log amount = mean + sd * departure

    with the mean and standard deviation of what the person usually pays; see `habit_of`.
    """
    settings = figures["sim.fraud.payments"]
    more = draw.poisson(settings["more"], done.owner.size)
    crime = np.repeat(np.arange(done.owner.size), 1 + more)
    hours = np.where(done.kind == roles.TAKEOVER, settings["takeover_hours"],
                     settings["other_hours"])  # fmt: skip
    gap = draw.exponential(1.0, crime.size) * hours[crime] * season.HOUR
    start = np.cumsum(1 + more) - (1 + more)
    gap[start] = 0.0
    total = np.cumsum(gap)
    event_time = done.at[crime] + (total - total[start][crime]).astype(np.int64)
    mean, sd = (part[done.owner[crime]] for part in habit)
    amount = np.exp(mean + sd * departures(draw, crime.size, figures))
    ends = season.midnight(people.events.last[done.owner[crime]] + 1)
    kept = event_time < ends
    return Payments(
        crime=crime[kept],
        event_time=event_time[kept],
        amount_fen=np.maximum(amount[kept], 100).astype(np.int64),
    )


def departures(draw: np.random.Generator, count: int, figures: Figures) -> Floats:
    """Return how far fraudulent amounts lie above the habit, in its standard deviations."""
    noise = figures["sim.fraud.payments"]["noise"] * draw.standard_normal(count)
    return np.asarray(figures.number("sim.fraud.departure") + noise)


def habit_of(
    owner: Ints, amount_fen: Ints, income_fen: Ints, figures: Figures
) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of everyone's log amount of payments out.

    Each is mixed with some payments of an ordinary person, so that few rows make no habit.
    """
    ordinary = figures["sim.fraud.ordinary"]
    n, more = income_fen.size, ordinary["payments"]
    log = np.log(np.maximum(amount_fen, 1))
    weight = np.bincount(owner, minlength=n) + more
    usual = np.log(ordinary["share_of_income"] * income_fen)
    mean = (np.bincount(owner, log, n) + more * usual) / weight
    squares = np.bincount(owner, (log - mean[owner]) ** 2, n) + more * ordinary["sd"] ** 2
    return mean, np.sqrt(squares / weight)


def intrusions(
    draw: np.random.Generator, done: Crimes, where: tuple[Habits, Pool], figures: Figures
) -> Tries:
    """Return the sign-ins of takeovers: some that fail, then one that does not.

    On the victim's own device (a guided or remote-controlled victim) they look like the
    victim's; else the device and network are a stranger's, and often the city is.
    """
    settings = figures["sim.fraud.takeover"]
    habits, networks = where
    hit = np.flatnonzero(done.kind == roles.TAKEOVER)
    failed = draw.poisson(settings["failed_tries"], hit.size)
    faces = draw.poisson(settings["face_tries"], hit.size)
    failed, faces = (np.where(done.own[hit] == 1, 0, count) for count in (failed, faces))
    crime = np.concatenate([hit, np.repeat(hit, failed), np.repeat(hit, faces)])
    ahead = draw.uniform(0.5, 20.0, crime.size)
    ahead[: hit.size] = 0.0
    owner, own = done.owner[crime], done.own[crime] == 1
    method = np.full(crime.size, METHODS.index("code"))
    method[hit.size + int(failed.sum()) :] = FACE
    at = done.entered_at[crime] - (ahead * MINUTE).astype(np.int64)
    place = _places(draw, done, hit, (habits, figures))
    index = np.searchsorted(hit, crime)
    return Tries(
        owner=owner,
        event_time=at,
        device_id=done.device[crime],
        ip_hash=np.where(own, habits.home_network[owner], networks.strangers(owner)),
        place=place.at(index),
        method=method,
        genuine=np.zeros(crime.size, dtype=bool),
        refused=(np.arange(crime.size) >= hit.size) & (method != FACE),
    )


def _places(
    draw: np.random.Generator, done: Crimes, hit: Ints, setting: tuple[Habits, Figures]
) -> Place:
    """Return from where each takeover is made."""
    habits, figures = setting
    settings = figures["sim.fraud.takeover"]
    far = (done.own[hit] == 0) & (draw.random(hit.size) < settings["remote"])
    near = habits.place_at(draw, done.owner[hit], done.at[hit], figures)
    city = near.near(draw, figures["sim.login.habit"]["home_spread"])
    away = somewhere(draw, hit.size, figures)
    own = done.own[hit] == 1
    return Place(
        np.select([own, far], [near.latitude, away.latitude], city.latitude),
        np.select([own, far], [near.longitude, away.longitude], city.longitude),
    )


def to_mules(
    draw: np.random.Generator, done: Crimes, people: People, habit: tuple[Floats, Floats],
    figures: Figures,
) -> tuple[Ints, Ints, Ints, Ints]:  # fmt: skip
    """Return sender, receiver, instant and amount of takeovers' transfers to strangers."""
    hit = np.flatnonzero(done.kind == roles.TAKEOVER)
    count = draw.poisson(figures["sim.fraud.takeover"]["transfers"], hit.size)
    crime = np.repeat(hit, count)
    sender = done.owner[crime]
    receiver = (sender + draw.integers(1, people.size, crime.size)) % people.size
    hours = figures["sim.fraud.payments"]["takeover_hours"]
    after = draw.exponential(hours, crime.size) * season.HOUR
    at = np.minimum(done.at[crime] + after.astype(np.int64), done.at[crime] + DAY)
    mean, sd = (part[sender] for part in habit)
    amount = np.exp(mean + sd * departures(draw, crime.size, figures))
    return sender, receiver, at, np.maximum(amount, 100).astype(np.int64)
