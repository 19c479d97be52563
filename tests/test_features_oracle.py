"""Every built-in feature against a plain-Python oracle that shares nothing but its name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from feature_tables import OWN, World, engine_of, random_world
from features_oracle import DAY, ORACLE, Person

from credit.feature import Catalogue
from credit.features import build

SEEDS = (11, 12, 13)


@pytest.fixture(scope="module", params=SEEDS)
def case(request: pytest.FixtureRequest) -> tuple[World, object]:
    world = random_world(request.param)
    with engine_of(world.tables) as engine:
        return world, build(engine, world.spine(), OWN)


def test_the_oracle_knows_every_built_in_feature_and_no_other() -> None:
    assert set(ORACLE) == set(OWN.names)


@pytest.mark.parametrize("name", OWN.names)
def test_a_feature_equals_its_definition_read_row_by_row(case: tuple, name: str) -> None:
    world, frame = case
    expected = [ORACLE[name](Person(world, person)) for person in sorted(world.as_of)]
    if OWN[name].is_categorical:
        found = [None if value != value else value for value in frame[name]]  # noqa: PLR0124
        assert found == expected
        return
    numbers = np.array([np.nan if value is None else float(value) for value in expected])
    np.testing.assert_allclose(frame[name], numbers, rtol=1e-12, atol=1e-12)


def test_the_tables_are_rich_enough_to_tell_features_apart() -> None:
    values: dict[str, set] = {name: set() for name in ORACLE}
    for seed in SEEDS:
        world = random_world(seed)
        for name, definition in ORACLE.items():
            values[name] |= {definition(Person(world, person)) for person in world.as_of}
    few = {name for name, found in values.items() if len(found - {None}) < 3}
    assert few == {"application_segment"} | {f.name for f in OWN if f.unit == "flag"}
    assert all(len(values[name] - {None}) == 2 for name in few)


def test_an_observation_alone_has_the_features_it_has_among_others() -> None:
    world = random_world(SEEDS[0])
    spine = world.spine()
    with engine_of(world.tables) as engine:
        together = build(engine, spine, OWN)
        one = spine.iloc[[13]]
        alone = build(engine, one, OWN)
        turned = build(engine, spine.iloc[::-1], OWN)
    pd.testing.assert_frame_equal(alone, together.iloc[[13]].reset_index(drop=True))
    pd.testing.assert_frame_equal(turned, together.iloc[::-1].reset_index(drop=True))


def test_a_person_seen_twice_has_two_independent_rows() -> None:
    world = random_world(SEEDS[1])
    later = {person: q + 40 * DAY for person, q in world.as_of.items()}
    first, second = world.spine(), World(later, world.tables).spine()
    second["observation_id"] += 1_000
    some = Catalogue(tuple(f for f in OWN if f.dimension != "application"))
    both = pd.concat([first, second], ignore_index=True)
    with engine_of(world.tables) as engine:
        frame = build(engine, both, some).set_index("observation_id")
        apart = build(engine, second, some).set_index("observation_id")
    np.testing.assert_allclose(frame.loc[apart.index], apart, rtol=1e-12)
