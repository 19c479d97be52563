"""Rings of people who share devices and more: against every pair, and never from the future."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from credit.engine import Engine
from credit.errors import DataError
from credit.features.graph.rings import Ring, Sharing, of_people, studio_rings
from credit.schema import DAY

HUB = 30


def tables(seed: int, people: int = 40) -> dict[str, pd.DataFrame]:
    draw = np.random.default_rng(seed)

    def times(count: int) -> dict[str, np.ndarray]:
        at = draw.integers(1, 60, count) * DAY
        return {"event_time": at, "available_at": at + draw.integers(0, 5, count) * DAY}

    devices = pd.DataFrame(
        {"customer_id": draw.integers(1, people, 70), **times(70),
         "device_id": draw.integers(1, 30, 70)}
    )  # fmt: skip
    shop = pd.DataFrame({"customer_id": np.arange(1, people), **times(people - 1),
                         "device_id": 99})  # fmt: skip
    logins = pd.DataFrame(
        {"login_id": np.arange(120), "customer_id": draw.integers(1, people, 120), **times(120),
         "result": draw.choice(["ok", "failed"], 120, p=[0.8, 0.2]),
         "device_id": draw.integers(1, 30, 120), "ip_hash": draw.integers(1, 12, 120)}
    )  # fmt: skip
    one = draw.integers(1, people, 60)
    contacts = pd.DataFrame({"customer_id": one, **times(60),
                             "contact_id": draw.integers(1, people, 60)})  # fmt: skip
    contacts = contacts.drop_duplicates(["customer_id", "contact_id"])
    devices = pd.concat([devices, shop]).drop_duplicates(["customer_id", "device_id", "event_time"])
    return {"device_use": devices, "logins": logins, "contacts": contacts}


def opened(given: dict[str, pd.DataFrame]) -> Engine:
    engine = Engine()
    for name, frame in given.items():
        times = {c: pd.to_datetime(frame[c], unit="us") for c in ("event_time", "available_at")}
        engine.add(name, frame.assign(**times))
    return engine


def by_every_pair(given: dict[str, pd.DataFrame], q: int) -> set[tuple[tuple[int, ...], float]]:
    """Return members and density of each ring, from the definition."""

    def seen(frame: pd.DataFrame, thing: str) -> dict[int, set[int]]:
        rows = frame[(frame["event_time"] < q) & (frame["available_at"] <= q)]
        users = {key: set(part) for key, part in rows.groupby(thing)["customer_id"]}
        return {key: who for key, who in users.items() if len(who) <= HUB}

    fine = given["logins"][given["logins"]["result"] == "ok"]
    on = pd.concat([given["device_use"], fine])
    devices, networks = seen(on, "device_id"), seen(fine, "ip_hash")
    known = given["contacts"]
    known = known[(known["event_time"] < q) & (known["available_at"] <= q)]
    ties = {frozenset(pair) for pair in zip(known["customer_id"], known["contact_id"], strict=True)}
    linked = [
        pair
        for pair in combinations(range(1, 41), 2)
        if any(set(pair) <= who for who in devices.values())
        and (any(set(pair) <= who for who in networks.values()) or frozenset(pair) in ties)
    ]
    groups: list[set[int]] = []
    for pair in linked:
        joined = [group for group in groups if group & set(pair)]
        groups = [group for group in groups if group not in joined]
        groups.append(set(pair).union(*joined))
    found = set()
    for group in groups:
        inside = sum(set(pair) <= group for pair in linked)
        found.add((tuple(sorted(group)), inside / (len(group) * (len(group) - 1) / 2)))
    return found


@pytest.mark.parametrize("seed", range(4))
def test_rings_against_every_pair(seed: int) -> None:
    given = tables(seed)
    instants = [day * DAY for day in (5, 20, 33, 70)]
    with opened(given) as engine:
        for q, rings in studio_rings(engine, instants, smallest=2):
            found = {(ring.members, ring.density) for ring in rings}
            assert found == by_every_pair(given, q)
            sizes = [len(ring.members) for ring in rings]
            assert sizes == sorted(sizes, reverse=True)
        assert all(99 not in ring.devices for ring in rings), "a shop joins nobody once it is one"


def test_what_is_not_known_yet_changes_nothing() -> None:
    given, q = tables(7), 30 * DAY
    with opened(given) as engine:
        before = dict(studio_rings(engine, [q], smallest=2))[q]
    cut = {
        name: frame[(frame["event_time"] < q) & (frame["available_at"] <= q)]
        for name, frame in given.items()
    }
    with opened(cut) as engine:
        assert dict(studio_rings(engine, [q], smallest=2))[q] == before
    assert before


def test_a_ring_says_what_is_shared_and_since_when() -> None:
    at = np.array([1, 2, 3, 2, 2, 2]) * DAY
    known = {"event_time": at, "available_at": at}
    given = {
        "device_use": pd.DataFrame(
            {"customer_id": [1, 2, 3, 4, 5, 5], **known, "device_id": [7, 7, 7, 8, 8, 9]}
        ),
        "logins": pd.DataFrame(
            {"login_id": range(6), "customer_id": [1, 2, 3, 4, 5, 1], **known, "result": "ok",
             "device_id": [7, 7, 7, 8, 8, 7], "ip_hash": [5, 5, 5, 6, 1, 5]}
        ),
    }  # fmt: skip
    with opened(given) as engine:
        sharing = Sharing.read(engine)
    (ring,) = sharing.rings(10 * DAY)
    assert ring == Ring(
        members=(1, 2, 3), devices=(7,), networks=(5,), density=1.0, first_seen=2 * DAY + 1,
        spread_days=pytest.approx(np.std([1, 2, 3])),
    )  # fmt: skip
    assert sharing.rings(3 * DAY) == ()
    told = of_people([ring])
    assert told["customer_id"].tolist() == [1, 2, 3]
    assert told["ring_size"].tolist() == [3, 3, 3]
    with pytest.raises(DataError, match="smallest must be at least 2, got 1"):
        sharing.rings(0, smallest=1)
