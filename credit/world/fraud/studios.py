"""What made-up people have in common: devices, networks, a place, contacts and transfers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from credit.schema import DAY
from credit.world.figures import Figures
from credit.world.fraud.habits import Habits, Place, Pool
from credit.world.fraud.roles import Cast
from credit.world.options import Ints, Stage
from credit.world.people import People
from credit.world.rows import Columns, Rows, Text, stack, take


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What each member of a block's studios uses; one entry a member, studios in order."""

    member: Ints
    device: Ints
    second: Ints
    network: Ints
    place: Place


def shared(
    people: People, cast: Cast, pools: tuple[Pool, Pool], home: Place, figures: Figures
) -> Shared:
    """Deal a studio's devices and networks to its members, and one place."""
    draw = people.block.stream(Stage.STUDIO_ROWS)
    settings = figures["sim.fraud.studio"]
    member = cast.members
    _, which, size = np.unique(cast.studio[member], return_inverse=True, return_counts=True)
    start = np.cumsum(size) - size
    number = np.arange(member.size) - start[which]
    devices = -(-size // settings["people_per_device"])
    networks = -(-size // settings["people_per_network"])
    first = start[which]  # no studio has more devices or networks than members
    device = number % devices[which]
    other = np.where(
        draw.random(member.size) < settings["second_device"],
        draw.integers(0, devices[which]) if member.size else device,
        device,
    )
    leader = member[start[which]]
    return Shared(
        member=member,
        device=pools[0].studios(first + device),
        second=pools[0].studios(first + other),
        network=pools[1].studios(first + number % networks[which]),
        place=home.at(leader),
    )


def taught(habits: Habits, used: Shared, people: People) -> Habits:
    """Return habits in which members use what their studio has."""
    member = used.member

    def dealt(values: Ints, own: Ints) -> Ints:
        changed = values.copy()
        changed[member] = own
        return changed

    home = Place(habits.home.latitude.copy(), habits.home.longitude.copy())
    home.latitude[member], home.longitude[member] = used.place.latitude, used.place.longitude
    return replace(
        habits,
        home=home,
        phone=dealt(habits.phone, used.device),
        second=dealt(habits.second, used.second),
        second_since=dealt(habits.second_since, people.registered_at[member]),
        home_network=dealt(habits.home_network, used.network),
        work_network=dealt(habits.work_network, used.network),
    )


def device_rows(people: People, used: Shared) -> tuple[Ints, Ints, Ints]:
    """Return member, device and first instant: the phone at registration, the other a day on."""
    member = used.member
    also = np.flatnonzero(used.second != used.device)
    start = people.registered_at[member]
    return (
        np.concatenate([member, member[also]]),
        np.concatenate([used.device, used.second[also]]),
        np.concatenate([start, start[also] + DAY]),
    )


def without_members(seen: Columns, people: People, used: Shared) -> Rows:
    """Return ``device_use`` without the rows of members."""
    owner = np.asarray(seen["customer_id"]) - people.customer_id[0]
    return take(seen, ~np.isin(owner, used.member))


def pairs(people: People, cast: Cast, known: Columns, figures: Figures) -> Rows:
    """Return rows of ``contacts`` among members, in both directions, that are not there yet.

    They know each other from the days after the later of the two registered.
    """
    draw = people.block.stream(Stage.STUDIO_TIES)
    member = cast.members
    low, high = (member[part] for part in np.triu_indices(member.size, 1))
    together = cast.studio[low] == cast.studio[high]
    low, high = low[together], high[together]
    tied = draw.random(low.size) < figures["sim.fraud.studio"]["known"]
    low, high = low[tied], high[tied]
    start = np.maximum(people.registered_at[low], people.registered_at[high])
    event_time = start + (draw.random(low.size) * 3 * DAY).astype(np.int64)
    one, other = np.concatenate([low, high]), np.concatenate([high, low])
    at = np.tile(event_time, 2)
    n = people.size
    source = np.asarray(known["customer_id"]) - people.customer_id[0]
    target = np.asarray(known["contact_id"]) - people.customer_id[0]
    fresh = ~np.isin(one * n + other, source * n + target)
    words = known["type"]
    names = words.names if isinstance(words, Text) else ()
    rows: Rows = {
        "customer_id": people.customer_id[one],
        "contact_id": people.customer_id[other],
        "event_time": at,
        "available_at": at + (draw.random(at.size) * DAY).astype(np.int64),
        "type": Text(np.zeros(at.size, dtype=np.int64), names),
    }
    return stack([known, take(rows, fresh)])


def among(people: People, cast: Cast, figures: Figures) -> tuple[Ints, Ints, Ints, Ints]:
    """Return sender, receiver, instant and amount of transfers from member to member."""
    draw = people.block.stream(Stage.STUDIO_MONEY)
    member = cast.members
    studio = cast.studio[member]
    first = np.searchsorted(studio, studio)
    size = np.searchsorted(studio, studio, side="right") - first
    span = people.as_of[member] - people.registered_at[member]
    monthly = figures["sim.fraud.studio"]["transfers_monthly"]
    count = draw.poisson(monthly * span / (30 * DAY))
    count = np.where(size > 1, count, 0)
    row = np.repeat(np.arange(member.size), count)
    step = 1 + (draw.random(row.size) * (size[row] - 1)).astype(np.int64)
    receiver = member[first[row] + (row - first[row] + step) % np.maximum(size[row], 1)]
    at = people.registered_at[member[row]] + (draw.random(row.size) * span[row]).astype(np.int64)
    yuan = figures.number("graph.transfer_yuan") * np.exp(draw.standard_normal(row.size))
    return member[row], receiver, at, np.maximum(yuan * 100, 1).astype(np.int64)
