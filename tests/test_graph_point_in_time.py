"""Propagated features of whole tables: their definition, and what may not move them.

Each observation belongs to the snapshot at the start of its local month. What is invisible at
that instant is rewritten for one person at a time, in a world of their own: these features look
at everybody, so worlds side by side would see each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import graph_oracle as oracle
import numpy as np
import pandas as pd
import pytest
from feature_tables import MAKE, Chance, Row, World, connected_world, engine_of
from features_oracle import SHANGHAI, Person, local

from credit.feature import Catalogue, Propagation
from credit.features import available, build, catalogue
from credit.features.graph import blocks, known, propagate
from credit.features.proof import moves
from credit.features.proof.rewrite import invisible, rewrite
from credit.features.window import rule
from credit.schema import DAY

SEEDS = (22, 23)
FEATURES = Catalogue(tuple(f for f in catalogue() if isinstance(f, Propagation)))
OWN_RECORD = ("tags", "instalments", "repayments", "loans")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def snapshot(q: int) -> int:
    """Return the start of the local month of q."""
    day = local(q).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (day.astimezone(SHANGHAI) - EPOCH) // timedelta(microseconds=1)


def world_of(seed: int) -> World:
    return connected_world(seed, people=30, snapshot=snapshot)


# -- the definition


class Seen:
    """Everything that could be known at a snapshot, by reading rows one at a time."""

    def __init__(self, world: World, at: int) -> None:
        self.people = sorted(world.as_of)
        self.someone = Person(World({-1: at}, world.tables), -1)
        ids = range(len(self.people))
        late = [max((i["late"] for i in self.someone.instalments(p)), default=0) for p in ids]
        marked = [self.someone.tagged(p) for p in ids]
        due = [any(i["due_at"] < at for i in self.someone.instalments(p)) for p in ids]
        self.bad = np.array([m or days >= 90 for m, days in zip(marked, late, strict=True)])
        clean = [d and not days for d, days in zip(due, late, strict=True)]
        self.good = np.array(clean) & ~self.bad

    def pairs(self, *kinds: str) -> list[tuple[int, int]]:
        columns = {
            "contacts": ("contacts", "contact_id", {}),
            "transfers": ("transfers", "counterparty_id", {}),
            "red_packets": ("transfers", "counterparty_id", {"type": "red_packet"}),
            "guarantees": ("guarantees", "guarantor_id", {}),
            "devices": ("device_use", "device_id", {}),
        }
        return [
            (row["customer_id"], row[column])
            for table, column, where in (columns[kind] for kind in kinds)
            for row in self.someone.seen(table, **where)
        ]

    def matrix(self, *kinds: str) -> np.ndarray:
        return oracle.adjacency(len(self.people), self.pairs(*kinds))

    def communities(self, a: np.ndarray) -> list[set[int]]:
        return oracle.communities(a, places(len(self.people)))


def places(n: int) -> np.ndarray:
    """Return the order of people 0 .. n - 1 by the seeded hash of their ids."""
    from hashlib import md5

    digest = [md5(f"20261121 {i}".encode(), usedforsecurity=False).hexdigest() for i in range(n)]
    return np.argsort(np.argsort(digest))


ALL, MONEY = ("contacts", "transfers"), ("transfers",)
ORACLE: dict[str, Callable[[Seen], np.ndarray]] = {
    "social_pagerank": lambda s: oracle.mean_one_pagerank(s.matrix(*ALL)),
    "social_core_number": lambda s: oracle.core_number(s.matrix(*ALL)),
    "social_clustering": lambda s: oracle.clustering(s.matrix(*ALL)),
    "social_neighbour_bad_rate": lambda s: oracle.neighbour_bad_rate(s.matrix(*ALL), s.bad, s.good),
    "social_money_neighbour_bad_rate": lambda s: oracle.neighbour_bad_rate(
        s.matrix(*MONEY), s.bad, s.good
    ),
    "social_two_hop_bad_share": lambda s: oracle.two_hop_bad_share(s.matrix(*ALL), s.bad),
    "social_bad_exposure": lambda s: oracle.exposure(s.matrix(*ALL), s.bad),
    "social_good_exposure": lambda s: oracle.exposure(s.matrix(*ALL), s.good),
    "social_money_bad_exposure": lambda s: oracle.exposure(s.matrix(*MONEY), s.bad),
    "social_money_hops_to_bad": lambda s: oracle.hops(s.matrix(*MONEY), s.bad),
    "social_money_hops_to_good": lambda s: oracle.hops(s.matrix(*MONEY), s.good),
    "social_community_size": lambda s: oracle.group_size(
        s.matrix(*ALL), s.communities(s.matrix(*ALL))
    ),
    "social_community_bad_rate": lambda s: oracle.group_bad_rate(
        s.matrix(*ALL), s.communities(s.matrix(*ALL)), s.bad, s.good
    ),
    "social_red_packet_core": lambda s: oracle.core_number(s.matrix("red_packets")),
    "social_device_ring_size": lambda s: oracle.group_size(
        *oracle.users(len(s.people), s.pairs("devices"))
    ),
    "social_device_ring_bad_rate": lambda s: oracle.group_bad_rate(
        *oracle.users(len(s.people), s.pairs("devices")), s.bad, s.good
    ),
    "social_guarantee_ring_size": lambda s: oracle.group_size(
        s.matrix("guarantees"), oracle.components(s.matrix("guarantees"))
    ),
    "social_guarantee_ring_bad_rate": lambda s: oracle.group_bad_rate(
        s.matrix("guarantees"), oracle.components(s.matrix("guarantees")), s.bad, s.good
    ),
}
"""Feature -> its values for everybody at a snapshot, by definition."""


@pytest.fixture(scope="module", params=SEEDS)
def case(request: pytest.FixtureRequest) -> tuple[World, pd.DataFrame]:
    world = world_of(request.param)
    with engine_of(world.tables) as engine:
        return world, build(engine, world.spine(), FEATURES)


def test_the_oracle_knows_every_propagated_feature_and_no_other() -> None:
    assert set(ORACLE) == set(FEATURES.names)


def test_a_feature_equals_its_definition_at_the_start_of_the_month(case: tuple) -> None:
    world, frame = case
    moments = {person: snapshot(q) for person, q in world.as_of.items()}
    seen = {at: Seen(world, at) for at in set(moments.values())}
    distinct: dict[str, set[float]] = {}
    for name, definition in ORACLE.items():
        values = {at: definition(s) for at, s in seen.items()}
        expected = np.array([values[moments[person]][person] for person in sorted(moments)])
        tolerance = 1e-6 if name == "social_pagerank" else 1e-9
        np.testing.assert_allclose(frame[name], expected, rtol=tolerance, atol=1e-9, err_msg=name)
        distinct[name] = set(expected[~np.isnan(expected)])
    assert all(len(found) >= 2 for found in distinct.values())


def test_an_observation_alone_has_the_features_it_has_among_others() -> None:
    world = world_of(SEEDS[0])
    spine = world.spine()
    with engine_of(world.tables) as engine:
        together = build(engine, spine, FEATURES)
        alone = build(engine, spine.iloc[[13]], FEATURES)
        turned = build(engine, spine.iloc[::-1], FEATURES)
    expected = together.iloc[[13]].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, expected, check_exact=True)
    pd.testing.assert_frame_equal(turned, together.iloc[::-1].reset_index(drop=True))


def test_text_ids_name_the_same_people() -> None:
    """Ids of another type in the same order, so that only communities may differ."""
    world = world_of(SEEDS[0])
    some = Catalogue(tuple(f for f in FEATURES if "community" not in f.name))
    renamed = {
        table: [
            {k: f"id{v:06}" if k in _IDS else v for k, v in row.items()} for row in rows
        ]
        for table, rows in world.tables.items()
    }  # fmt: skip
    spine = world.spine()
    with engine_of(world.tables) as engine:
        expected = build(engine, spine, some)
    texts = spine.assign(customer_id=[f"id{person:06}" for person in spine["customer_id"]])
    from credit.engine import Engine

    with Engine() as engine:
        for name, rows in renamed.items():
            engine.add(name, pd.DataFrame(rows))
        found = build(engine, texts, some)
    pd.testing.assert_frame_equal(found, expected)


_IDS = ("customer_id", "contact_id", "counterparty_id", "guarantor_id")


# -- what may not move them


def moved(
    world: World, change: Callable[[Chance, int], dict[str, list[Row]]], people: range
) -> Iterator[set[str]]:
    """Yield the features that move for a person when ``change`` rewrites the tables for them."""
    spine = world.spine()
    with engine_of(world.tables) as engine:
        before = build(engine, spine, FEATURES)
    for person in people:
        tables = change(Chance(person, len(world.as_of)), person)
        one = spine.iloc[[person]]
        with engine_of(tables) as engine:
            after = build(engine, one, FEATURES)
        yield {
            name
            for name in FEATURES.names
            if not np.array_equal([before[name].iloc[person]], [after[name].item()], equal_nan=True)
        }


def future_of(world: World) -> Callable[[Chance, int], dict[str, list[Row]]]:
    """Rewrite what is invisible at the person's snapshot."""

    def change(c: Chance, person: int) -> dict[str, list[Row]]:
        return rewrite(c, world.tables, invisible(snapshot(world.as_of[person])))

    return change


def record_of(world: World) -> Callable[[Chance, int], dict[str, list[Row]]]:
    """Give the person another record: no mark and no debt, or marked and never paid."""

    def change(c: Chance, person: int) -> dict[str, list[Row]]:
        q = world.as_of[person] - 200 * DAY
        tables = {
            name: [r for r in rows if name not in OWN_RECORD or r["customer_id"] != person]
            for name, rows in world.tables.items()
        }
        if c.pick(0, 1):
            then = {"customer_id": person, "event_time": q, "available_at": q}
            tables["tags"] = [*tables["tags"], {**MAKE["tags"](c, q), **then}]
            owed = {"due_at": q + DAY, "due_fen": 100, "number": 1}
            tables["instalments"] = [
                *tables["instalments"],
                {**MAKE["instalments"](c, q), **then, **owed},
            ]
        return tables

    return change


PEOPLE = range(0, 30, 2)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_could_not_be_known_at_the_snapshot_changes_nothing(seed: int) -> None:
    world = world_of(seed)
    assert set().union(*moved(world, future_of(world), PEOPLE)) == set()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_own_record_changes_nothing(seed: int) -> None:
    world = world_of(seed)
    assert set().union(*moved(world, record_of(world), range(30))) == set()


CONTROLS = {
    "availability is ignored": (
        rule,
        "known_from",
        lambda event: f"({event}.event_time + 1)",
        future_of,
    ),
    "an event in the very instant counts": (
        rule,
        "known_from",
        lambda event: f"greatest({event}.event_time, {event}.available_at)",
        future_of,
    ),
    "the snapshot sees a day more": (
        rule,
        "seen",
        lambda known_from, q: int(np.searchsorted(known_from, q + DAY, side="right")),
        future_of,
    ),
    "labels are those of a month later": (
        blocks,
        "known_at",
        lambda engine, instants, people: (
            known.Known(as_of=k.as_of - 30 * DAY, bad=k.bad, good=k.good)
            for k in known.known_at(engine, [at + 30 * DAY for at in instants], people)
        ),
        future_of,
    ),
    "own walks return": (propagate, "_returns", lambda *a: np.zeros(a[3].size), record_of),
}
"""Fault -> (where, what, what it becomes, the property that must notice)."""


@pytest.mark.parametrize("fault", CONTROLS)
def test_the_property_catches(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place, name, broken, limits = CONTROLS[fault]
    monkeypatch.setattr(place, name, broken)
    world = world_of(SEEDS[0])
    assert any(moved(world, limits(world), PEOPLE))  # the first whom it moves will do


def test_the_proof_for_everybody_holds_them_to_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    proof = moves(FEATURES, seed=SEEDS[0])
    assert proof.moved == {}
    assert proof.still == ()
    monkeypatch.setattr(rule, "known_from", lambda event: f"({event}.event_time + 1)")
    assert moves(FEATURES, seed=SEEDS[0]).moved


def test_a_snapshot_is_the_latest_start_of_a_month() -> None:
    from credit.features.window.calendar import fixed_offset, month_start

    world = world_of(SEEDS[0])
    instants = np.array([*world.as_of.values(), snapshot(world.as_of[0])])
    edges = np.concatenate([instants, instants - 1, instants + 40 * DAY])
    found = month_start(edges, fixed_offset("Asia/Shanghai"))
    assert found.tolist() == [snapshot(int(q)) for q in edges]


# -- what is left out


def test_a_feature_whose_table_is_absent_is_left_out() -> None:
    columns = {
        "contacts": ["customer_id", "contact_id", "event_time", "available_at"],
        "transfers": ["customer_id", "counterparty_id", "event_time", "available_at"],
    }
    kept = available(FEATURES, columns)
    assert kept.names == (
        "social_pagerank", "social_core_number", "social_clustering", "social_community_size",
    )  # fmt: skip
    assert "social_red_packet_core" in available(
        FEATURES, {"transfers": [*columns["transfers"], "type"]}
    )
