"""Propagation by joins gives what one machine computes: many graphs on DuckDB, one on Spark."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from feature_tables import connected_world, engine_of, frames
from test_graph import Case

from credit.engine import Engine
from credit.engine.spark import SparkEngine
from credit.errors import DataError
from credit.feature import Catalogue, Propagation
from credit.features import build, catalogue
from credit.features.graph import joined, propagate


def registered(engine: Engine, case: Case) -> None:
    """Register the snapshot of a case, and everybody as asked."""
    seen = case.edges.visible(case.q)
    ends = {"low": case.edges.low[:seen], "high": case.edges.high[:seen]}
    told = case.bad | case.good
    labels = {"node": np.flatnonzero(told).astype(np.int32), "bad": case.bad[told].astype(int)}
    engine.temporary("edges", pd.DataFrame(ends))
    engine.temporary("labels", pd.DataFrame(labels))
    engine.temporary("everybody", pd.DataFrame({"node": case.everybody}))
    joined.snapshot(engine, "select * from edges", "select * from labels")


def in_memory(case: Case) -> dict[str, np.ndarray]:
    """Return the statistics of a case; PageRank to more digits than features need."""
    found = {name: case.view.statistic(name) for name in joined.STATISTICS}
    tied = case.graph.degree > 0
    share = propagate.pagerank(case.graph, tolerance=1e-13)
    return found | {"pagerank": np.where(tied, share * tied.sum(), np.nan)}


def same(found: pd.DataFrame, case: Case) -> None:
    for name, values in in_memory(case).items():
        np.testing.assert_allclose(
            found[name].to_numpy(float), values, rtol=0, atol=1e-8, err_msg=name
        )


def test_joins_give_what_memory_gives_on_any_graph() -> None:
    with Engine() as engine:
        for case in (*(Case(seed) for seed in (1, 2, 4)), Case(7, n=90)):
            registered(engine, case)
            same(joined.of_people(engine, "everybody", joined.STATISTICS), case)


def test_pagerank_that_does_not_settle_is_an_error() -> None:
    with Engine() as engine:
        registered(engine, Case(7, n=90))
        with pytest.raises(DataError, match="did not settle within 5 passes over the network"):
            joined.pagerank(engine, "rank", tolerance=0.0, most=5)


def test_spark_propagates_by_joins_what_one_machine_does(spark) -> None:
    """A catalogue of such statistics alone never brings the network to the driver."""
    world = connected_world(2)
    names = ("social_pagerank", "social_neighbour_bad_rate", "social_bad_exposure")
    some = Catalogue(tuple(f for f in catalogue() if f.name in names))
    assert {type(one) for one in some} == {Propagation}
    spine = world.spine().nlargest(1, "as_of")
    with engine_of(world.tables) as duck, SparkEngine(spark) as other:
        for name, frame in frames(world.tables).items():
            other.add(name, frame)
        expected, found = build(duck, spine, some), build(other, spine, some)
        assert other.has(joined.ARCS)
    for name in names:
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=1e-6, err_msg=name)
    assert expected[list(names)].notna().all(axis=None)
