"""From declarations to numbers: every propagated feature of a spine, snapshot by snapshot.

An observation at q gets the statistics of the latest snapshot that is not after q. Its edges,
its labels and its people are those visible at the snapshot, so they are visible at q.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from credit.errors import DataError
from credit.feature import Propagation, Tie
from credit.features.graph import joined
from credit.features.graph.edges import PEOPLE, Edges, Instants, Nodes, number_people, read_edges
from credit.features.graph.growing import Connected, Triangles
from credit.features.graph.known import Known, known_at
from credit.features.graph.paths import hops
from credit.features.graph.propagate import (
    exposure,
    neighbour_bad_rate,
    pagerank,
    two_hop_bad_share,
)
from credit.features.graph.snapshots import Floats, Graph, Snapshots
from credit.features.graph.structure import (
    Group,
    clustering,
    communities,
    core_number,
    device_rings,
)
from credit.features.window.calendar import fixed_offset, month_start

if TYPE_CHECKING:
    from credit.engine import Engine

Values = Callable[[Nodes], dict[str, Floats]]
"""From the nodes asked to each feature's values, in their order."""


@dataclass(kw_only=True)
class Network:
    """The edges of some kinds of ties, for any snapshot; ascending instants cost least.

    Attributes
    ----------
    edges : Edges
    place : ndarray of int32, shape (people,)
        The order in which communities are looked for; see ``number_people``.
    """

    edges: Edges
    place: Nodes

    @cached_property
    def snapshots(self) -> Snapshots:
        """The sparse matrix of all edges, built once."""
        return Snapshots.of(self.edges)

    @cached_property
    def triangles(self) -> Triangles:
        """Triangles, from one instant to the next."""
        return Triangles(self.snapshots)

    @cached_property
    def connected(self) -> Connected:
        """Connected groups, from one instant to the next."""
        return Connected(self.edges)

    @property
    def has_devices(self) -> bool:
        """Whether the edges are between people and devices."""
        return self.edges.nodes > self.edges.people

    def view(self, as_of: int, asked: Nodes, known: Known | None) -> View:
        """Return the network as it was visible at an instant."""
        return View(network=self, as_of=as_of, asked=asked, labels=known)


@dataclass(kw_only=True)
class View:
    """A network at one snapshot, looked at from the people ``asked``.

    What several statistics share is computed once, when the first asks for it.
    """

    network: Network
    as_of: int
    asked: Nodes
    labels: Known | None

    @property
    def known(self) -> Known:
        """What was known of people at the snapshot."""
        if self.labels is None:
            raise DataError("this statistic needs labels: pass known=.")
        self.labels.check_instant(self.as_of)
        return self.labels

    @cached_property
    def graph(self) -> Graph:
        """The visible edges as a sparse matrix."""
        return self.network.snapshots.at(self.as_of)

    @cached_property
    def exposures(self) -> Floats:
        """Exposure to bad and to good people, of the people asked."""
        seeds = np.column_stack([self.known.bad, self.known.good])
        return exposure(self.graph, seeds, self.asked)

    @cached_property
    def community(self) -> Group:
        """The communities of everybody."""
        label = communities(self.graph, self.network.place)
        return Group(label=label, tied=self.graph.degree > 0)

    @cached_property
    def ring(self) -> Group:
        """The connected groups of everybody."""
        if self.network.has_devices:
            return device_rings(self.network.edges, self.as_of)
        return Group(label=self.network.connected.at(self.as_of), tied=self.graph.degree > 0)

    def statistic(self, name: str) -> Floats:
        """Return a statistic of the people asked; see ``Propagation``."""
        return np.asarray(_STATISTICS[name](self), dtype=np.float64)


def _mean_one_pagerank(view: View) -> Floats:
    # Not from where the snapshot before settled: that saves a fifth of the work, and the
    # last digits would then depend on which other snapshots were asked for.
    tied = view.graph.degree > 0
    return np.where(tied, pagerank(view.graph) * tied.sum(), np.nan)


def _core_of_tied(view: View) -> Floats:
    return np.where(view.graph.degree > 0, core_number(view.graph), np.nan)


def _clustering(view: View) -> Floats:
    return clustering(view.graph, view.network.triangles.at(view.graph))


_STATISTICS: dict[str, Callable[[View], Floats]] = {
    "pagerank": lambda view: _mean_one_pagerank(view)[view.asked],
    "core_number": lambda view: _core_of_tied(view)[view.asked],
    "clustering": lambda view: _clustering(view)[view.asked],
    "neighbour_bad_rate": lambda view: neighbour_bad_rate(view.graph, view.known)[view.asked],
    "two_hop_bad_share": lambda view: two_hop_bad_share(view.graph, view.known)[view.asked],
    "bad_exposure": lambda view: view.exposures[:, 0],
    "good_exposure": lambda view: view.exposures[:, 1],
    "hops_to_bad": lambda view: hops(view.graph, view.known.bad)[view.asked],
    "hops_to_good": lambda view: hops(view.graph, view.known.good)[view.asked],
    "community_size": lambda view: view.community.size()[view.asked],
    "community_bad_rate": lambda view: view.community.bad_rate(view.known)[view.asked],
    "ring_size": lambda view: view.ring.size()[view.asked],
    "ring_bad_rate": lambda view: view.ring.bad_rate(view.known)[view.asked],
}


def propagated(engine: Engine, spine: str, features: Sequence[Propagation]) -> pd.DataFrame:
    """Compute propagated features for every row of a spine.

    Parameters
    ----------
    engine : Engine
        Holds the event tables and the relation ``spine``.
    spine : str
        The relation (observation_id, customer_id, as_of).
    features : sequence of Propagation

    Returns
    -------
    DataFrame
        ``observation_id`` and one float64 column a feature, rows in no particular order.
    """
    blocks = by_snapshot(engine, spine, features)
    names = ["observation_id", *(feature.name for feature in features)]
    made = [block[names] for _, block in blocks]
    return pd.concat(made, ignore_index=True) if made else pd.DataFrame(columns=names)


def by_snapshot(
    engine: Engine, spine: str, features: Sequence[Propagation]
) -> Iterator[tuple[int, pd.DataFrame]]:
    """Yield each snapshot's instant, ascending, and what ``propagated`` has for its rows.

    A block has ``customer_id`` as well: at one snapshot the values are those of the person.
    Where the rows are on other machines, statistics that joins give are computed there, unless
    one is asked that they do not give: then one machine needs the network anyway.
    """
    ties = dict.fromkeys(kind for feature in features for kind in feature.ties)
    labelled = any(feature.uses_labels for feature in features)
    people = number_people(engine, ties, labelled=labelled)
    rows = engine.frame(
        f"select s.observation_id, s.customer_id, s.as_of, p.node from {spine} s "
        f"left join {PEOPLE} p on p.person = s.customer_id order by s.observation_id"
    )
    moment = month_start(rows["as_of"].to_numpy(np.int64), fixed_offset(engine.zone))
    moments = np.unique(moment)
    by_joins = not engine.local and all(f.statistic in joined.STATISTICS for f in features)
    computed = joined.computed if by_joins else _computed
    found = computed(engine, features, moments, people)
    for at, values in zip(moments, found, strict=True):
        block = rows[moment == at].reset_index(drop=True)
        node = block["node"].fillna(-1).to_numpy(np.int64)
        here = np.flatnonzero(node >= 0)
        asked, back = np.unique(node[here].astype(np.int32), return_inverse=True)
        columns = {}
        for name, of_asked in values(asked).items():
            columns[name] = np.full(len(block), np.nan)
            columns[name][here] = of_asked[back]
        names = block[["observation_id", "customer_id"]]
        yield int(at), names.assign(**columns)


def _computed(
    engine: Engine, features: Sequence[Propagation], moments: Instants, people: int
) -> Iterator[Values]:
    """Yield, for each instant, what gives the people asked their features, in memory."""
    networks = _networks(engine, features, people)

    def values(at: int, known: Known | None, asked: Nodes) -> dict[str, Floats]:
        views = {kinds: n.view(at, asked, known) for kinds, n in networks.items()}
        return {f.name: views[f.ties].statistic(f.statistic) for f in features}

    labelled = any(feature.uses_labels for feature in features)
    for at, known in zip(moments, _labels(engine, moments, people, labelled=labelled), strict=True):
        yield partial(values, int(at), known)


def _networks(
    engine: Engine, features: Iterable[Propagation], people: int
) -> dict[tuple[Tie, ...], Network]:
    """Return one network for each distinct set of ties."""
    place = engine.frame(f"select place from {PEOPLE} order by node")["place"].to_numpy(np.int32)
    networks: dict[tuple[Tie, ...], Network] = {}
    for kinds in dict.fromkeys(feature.ties for feature in features):
        edges = read_edges(engine, kinds, people)
        networks[kinds] = Network(edges=edges, place=place)
    return networks


def _labels(
    engine: Engine, moments: Instants, people: int, *, labelled: bool
) -> Iterator[Known | None]:
    if labelled:
        yield from known_at(engine, moments.tolist(), people)
    else:
        yield from [None] * len(moments)
