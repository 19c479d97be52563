"""Propagation where the rows are: joins and sums in the engine's SQL.

Nothing of the size of the network leaves the engine. The statistics are those of
`credit.features.graph.propagate`, to 1e-8, for networks that no one machine holds. A snapshot is
a relation of arcs (node, other), each edge once in both directions and each tied node once to
itself: then one join gives a node its neighbours' values and its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from credit.errors import DataError
from credit.feature import Propagation
from credit.features.graph.edges import Instants, Nodes, edges_sql
from credit.features.graph.known import PRIOR, labels_sql
from credit.features.graph.propagate import DAMPING, DECIMALS, STEPS
from credit.features.graph.snapshots import Floats
from credit.features.window import rule

if TYPE_CHECKING:
    from credit.engine import Engine

STATISTICS = (
    "pagerank", "neighbour_bad_rate", "two_hop_bad_share", "bad_exposure", "good_exposure",
)  # fmt: skip
"""Those that joins give in a fixed number of passes. Cores, communities, rings and hops peel or
label in an unknown number of passes and stay on one machine."""

ARCS, TOLD, VALUES = "graph_arcs", "graph_told", "graph_values"

TOGETHER = 5
"""Steps of PageRank that are one query: each reads one relation, the last is kept."""


def snapshot(engine: Engine, edges: str, labels: str | None) -> None:
    """Register the arcs of a snapshot.

    Parameters
    ----------
    engine : Engine
    edges : str
        Relation or query (low, high): the visible edges, no loops, one a pair.
    labels : str, optional
        Relation or query (node, bad): who was known to be bad (1) or good (0).
    """
    engine.temporary(
        ARCS,
        f"with e as (select low, high from ({edges})), "
        "arcs as (select low as node, high as other, 0 as own from e "
        "union all select high, low, 0 from e) "
        "select node, other, own from arcs "
        "union all select distinct node, node, 1 from arcs",
    )
    engine.temporary(
        TOLD, labels or "select cast(0 as integer) as node, cast(0 as integer) as bad where false"
    )
    engine.temporary(
        VALUES,
        "select d.node, d.degree, "
        "case when l.bad = 1 then 1 else 0 end as bad, "
        "case when l.bad = 0 then 1 else 0 end as good "
        f"from (select node, cast(count(*) - 1 as double) as degree from {ARCS} group by node) d "
        f"left join {TOLD} l on l.node = d.node",
    )


def _passed(source: str, sums: Mapping[str, str], kept: Iterable[str]) -> str:
    """Return SQL of one pass: of each node, sums over its neighbours, and its own columns.

    The relation is read once, so passes nest without doubling.
    """
    neighbours = [
        f"sum(case when a.own = 1 then 0.0e0 else {value} end) as {name}"
        for name, value in sums.items()
    ]
    own = [f"max(case when a.own = 1 then s.{name} end) as {name}" for name in kept]
    return (
        f"select a.other as node, {', '.join([*neighbours, *own])} "
        f"from {ARCS} a join {source} s on s.node = a.node group by a.other"
    )


def pagerank(engine: Engine, relation: str, *, tolerance: float = 1e-10, most: int = 200) -> None:
    """Keep PageRank of mean 1 over the tied nodes as ``relation`` (node, pagerank).

    Power iteration with Chebyshev's weights: on an undirected graph the steps' matrix has real
    eigenvalues within [-damping, damping], and the error falls by .557 a step instead of .85.

        x_{k+1} = w_{k+1} (damping P' x_k + (1 - damping) - x_{k-1}) + x_{k-1}
        w_2 = 1 / (1 - damping^2 / 2),  w_{k+1} = 1 / (1 - damping^2 w_k / 4)

    Raises
    ------
    DataError
        The residual, which leaves a mean error of at most itself / (1 - damping), did not fall
        below ``tolerance``.

    Notes
    -----
    R. Varga, Matrix Iterative Analysis, 1962, chapter 5.
    """
    state, weight = "graph_state", 1.0
    mean = f"(select avg(degree) as mean from {VALUES})"
    engine.temporary(
        f"{state}_0",
        f"select v.node, v.degree, x, x as before, 1.0e0 as residual from (select node, degree, "
        f"{DAMPING:e} * degree / m.mean + {1 - DAMPING:e} as x "
        f"from {VALUES} cross join {mean} m) v",
    )
    for turn in range(1, most // TOGETHER + 1):
        source = f"{state}_{(turn - 1) % 2}"
        for _ in range(TOGETHER):
            passed = _passed(source, {"arrived": "s.x / s.degree"}, ("degree", "x", "before"))
            image = f"({DAMPING:e} * arrived + {1 - DAMPING:e})"
            source = (
                f"(select node, degree, {weight!r} * ({image} - before) + before as x, "
                f"x as before, abs({image} - x) as residual from ({passed}))"
            )
            weight = 1 / (1 - DAMPING**2 * (weight / 4 if weight > 1 else 1 / 2))
        engine.temporary(f"{state}_{turn % 2}", f"select * from {source}")
        left = engine.rows(f"select avg(residual) from {state}_{turn % 2}")[0][0]
        if left is None or float(str(left)) <= tolerance * (1 - DAMPING):
            engine.temporary(relation, f"select node, x as pagerank from {state}_{turn % 2}")
            return
    raise DataError(
        f"PageRank did not settle within {most} passes over the network; ask for less precision."
    )


def neighbours(engine: Engine, relation: str) -> None:
    """Keep ``relation`` (node, neighbour_bad_rate, two_hop_bad_share)."""
    once = _passed(
        VALUES,
        {"bads": "s.bad", "told": "(s.bad + s.good)", "degrees": "s.degree"},
        ("bad", "good", "degree"),
    )
    twice = _passed(
        f"({once})", {"far": "s.bads"}, ("bad", "good", "degree", "bads", "told", "degrees")
    )
    # Of everybody with a record, tied to anybody or not.
    of_all = f"(select sum(bad) as bad, count(*) as told from {TOLD})"
    prior = "((a.bad - t.bad) / nullif(a.told - t.bad - t.good, 0))"
    engine.temporary(
        relation,
        "select t.node, "
        f"case when t.told > 0 then (t.bads + {PRIOR:e} * {prior}) / (t.told + {PRIOR:e}) end "
        "as neighbour_bad_rate, "
        "(t.far - t.degree * t.bad) / nullif(t.degrees - t.degree, 0) as two_hop_bad_share "
        f"from ({twice}) t cross join {of_all} a",
    )


def exposures(engine: Engine, relation: str) -> None:
    """Keep ``relation`` (node, bad_exposure, good_exposure); see `propagate.exposure`."""
    source, kinds = f"(select *, 1 as every from {VALUES})", ("every", "bad", "good")
    source = (
        "(select node, degree, bad, good, "
        + ", ".join(f"cast({kind} as double) as walk_{kind}, 0.0e0 as sum_{kind}"
                    for kind in kinds) + f" from {source})"
    )  # fmt: skip
    for step in range(1, STEPS + 1):
        passed = _passed(
            source,
            {f"walk_{kind}": f"s.walk_{kind} / s.degree" for kind in kinds},
            ("degree", "bad", "good", *(f"sum_{kind}" for kind in kinds)),
        )
        source = (
            "(select node, degree, bad, good, "
            + ", ".join(f"walk_{kind}, sum_{kind} + {DAMPING**step!r} * walk_{kind} as sum_{kind}"
                        for kind in kinds) + f" from ({passed}))"
        )  # fmt: skip
    engine.temporary("graph_returns", _returns())
    of_all = f"(select count(*) as every, sum(bad) as bad, sum(good) as good from {VALUES})"

    def lift(kind: str) -> str:
        others = f"nullif(a.{kind} - t.{kind}, 0)"
        arrived = f"greatest(t.sum_{kind} - t.{kind} * coalesce(r.returned, 0.0e0), 0.0e0)"
        return f"round(({arrived} / {others}) / (t.sum_every / a.every), {DECIMALS})"

    engine.temporary(
        relation,
        f"select t.node, {lift('bad')} as bad_exposure, {lift('good')} as good_exposure "
        f"from {source} t cross join {of_all} a left join graph_returns r on r.node = t.node",
    )


def _returns() -> str:
    """Return SQL (node, returned): what walks of two and three steps bring back to labelled."""
    two, three = (repr(DAMPING**step) for step in (2, 3))
    return (
        f"with d as (select node, degree, bad + good as told from {VALUES}), "
        f"arcs as (select node, other from {ARCS} where own = 0), "
        "near as (select a.node, a.other, i.degree as d_i, j.degree as d_j from arcs a "
        "join d i on i.node = a.node join d j on j.node = a.other where i.told = 1), "
        f"two as (select node, sum({two} / (d_i * d_j)) as returned from near group by node), "
        f"three as (select n.node, sum({three} / (n.d_i * n.d_j * k.degree)) as returned "
        "from near n join arcs b on b.node = n.other "
        "join arcs c on c.node = b.other and c.other = n.node "
        "join d k on k.node = b.other group by n.node) "
        "select node, sum(returned) as returned from "
        "(select * from two union all select * from three) group by node"
    )


def statistics(engine: Engine, asked: Iterable[str]) -> dict[str, str]:
    """Compute statistics of the registered snapshot; return the relation that has each."""
    made = {
        "graph_rank": (("pagerank",), pagerank),
        "graph_near": (("neighbour_bad_rate", "two_hop_bad_share"), neighbours),
        "graph_exposed": (("bad_exposure", "good_exposure"), exposures),
    }
    found: dict[str, str] = {}
    for relation, (names, compute) in made.items():
        wanted = [name for name in asked if name in names]
        if wanted:
            compute(engine, relation)
            found |= dict.fromkeys(wanted, relation)
    return found


def computed(
    engine: Engine, features: Sequence[Propagation], moments: Instants, people: int
) -> Iterator[Callable[[Nodes], dict[str, Floats]]]:
    """Yield, for each instant, what gives the people asked their features, by joins.

    Edges and labels stay in the engine; what comes back is one row a person asked.
    """
    kinds = list(dict.fromkeys(feature.ties for feature in features))
    for place, ties in enumerate(kinds):
        engine.temporary(f"graph_edges_{place}", edges_sql(ties, people))
    labelled = any(feature.uses_labels for feature in features)
    if labelled:
        engine.temporary("graph_labels", labels_sql(engine, moments.tolist()))

    def values(turn: int, asked: Nodes) -> dict[str, Floats]:
        engine.temporary("graph_asked", pd.DataFrame({"node": asked}))
        found: dict[str, Floats] = {}
        for place, ties in enumerate(kinds):
            seen = rule.known("known_from", str(int(moments[turn])))
            edges = f"select low, high from graph_edges_{place} where {seen}"
            told = f"select node, bad from graph_labels where observation_id = {turn}"
            snapshot(engine, edges, told if labelled else None)
            names = {f.statistic: f.name for f in features if f.ties == ties}
            frame = of_people(engine, "graph_asked", names)
            found |= {name: frame[key].to_numpy(np.float64) for key, name in names.items()}
        return found

    for turn in range(len(moments)):
        yield partial(values, turn)


def of_people(engine: Engine, people: str, asked: Iterable[str]) -> pd.DataFrame:
    """Return the statistics of the nodes in the relation ``people`` (node): one row each."""
    asked = tuple(asked)
    relations = statistics(engine, asked)
    columns = ", ".join(f"{relations[name]}.{name}" for name in asked)
    joins = " ".join(
        f"left join {one} on {one}.node = p.node" for one in dict.fromkeys(relations.values())
    )
    return engine.frame(
        f"select p.node, {columns} from (select distinct node from {people}) p {joins} "
        "order by p.node",
        step="propagation by joins",
    )
