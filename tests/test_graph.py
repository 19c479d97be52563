"""Statistics of the network on one snapshot, against dense matrices and plain sets."""

from __future__ import annotations

import graph_oracle as oracle
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.errors import DataError, FeatureError
from credit.feature import Propagation, Reason
from credit.features.graph import growing, propagate, structure
from credit.features.graph.blocks import Network
from credit.features.graph.edges import Edges
from credit.features.graph.known import Known
from credit.features.graph.paths import hops
from credit.features.graph.snapshots import Snapshots

NODES = 9
CASES = range(40)


def edges_of(pairs: list[tuple[int, int, int]], n: int, devices: int = 0) -> Edges:
    """Return the edges (one, other, first instant), the earliest of each pair."""
    first: dict[tuple[int, int], int] = {}
    for one, other, time in pairs:
        key = (min(one, other), max(one, other))
        if one != other:
            first[key] = min(time, first.get(key, time))
    rows = sorted((time, *key) for key, time in first.items())
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return Edges(
        low=columns[1].astype(np.int32), high=columns[2].astype(np.int32), known_from=columns[0],
        people=n, nodes=n + devices,
    )  # fmt: skip


def shuffled(seed: int, n: int) -> np.ndarray:
    return np.random.default_rng(seed).permutation(n).astype(np.int32)


class Case:
    """A random graph at an instant, as edges and as a matrix, with random labels."""

    def __init__(self, seed: int, n: int = 11) -> None:
        draw = np.random.default_rng(seed)
        self.n, self.q = n, int(draw.integers(1, 10))
        count = int(draw.integers(0, 3 * n))
        self.pairs = [tuple(row) for row in draw.integers(0, [n, n, 12], (count, 3)).tolist()]
        self.edges = edges_of(self.pairs, n)
        self.matrix = oracle.adjacency(
            n, [(one, other) for one, other, time in self.pairs if time <= self.q]
        )
        kind = draw.choice(3, n, p=[0.3, 0.4, 0.3])
        self.bad, self.good = kind == 0, kind == 1
        self.known = Known(as_of=self.q, bad=self.bad, good=self.good)
        self.place = draw.permutation(n).astype(np.int32)
        self.everybody = np.arange(n, dtype=np.int32)
        self.view = Network(edges=self.edges, place=self.place).view(
            self.q, self.everybody, self.known
        )
        self.graph = self.view.graph


def expected(case: Case, name: str) -> np.ndarray:
    """Return a statistic by the oracle."""
    a, bad, good = case.matrix, case.bad, case.good
    groups = oracle.communities(a, case.place)
    rings = oracle.components(a)
    return {
        "pagerank": lambda: oracle.mean_one_pagerank(a),
        "core_number": lambda: oracle.core_number(a),
        "clustering": lambda: oracle.clustering(a),
        "neighbour_bad_rate": lambda: oracle.neighbour_bad_rate(a, bad, good),
        "two_hop_bad_share": lambda: oracle.two_hop_bad_share(a, bad),
        "bad_exposure": lambda: oracle.exposure(a, bad),
        "good_exposure": lambda: oracle.exposure(a, good),
        "hops_to_bad": lambda: oracle.hops(a, bad),
        "hops_to_good": lambda: oracle.hops(a, good),
        "community_size": lambda: oracle.group_size(a, groups),
        "community_bad_rate": lambda: oracle.group_bad_rate(a, groups, bad, good),
        "ring_size": lambda: oracle.group_size(a, rings),
        "ring_bad_rate": lambda: oracle.group_bad_rate(a, rings, bad, good),
    }[name]()


EXACT = (
    "core_number", "clustering", "two_hop_bad_share", "hops_to_bad", "hops_to_good",
    "community_size", "ring_size",
)  # fmt: skip
NEAR = ("neighbour_bad_rate", "community_bad_rate", "ring_bad_rate", "bad_exposure",
        "good_exposure", "pagerank")  # fmt: skip


@pytest.mark.parametrize("name", EXACT)
def test_a_statistic_of_whole_numbers_equals_its_definition(name: str) -> None:
    for seed in CASES:
        case = Case(seed)
        np.testing.assert_array_equal(case.view.statistic(name), expected(case, name))


@pytest.mark.parametrize("name", NEAR)
def test_a_statistic_equals_its_definition(name: str) -> None:
    tolerance = 1e-6 if name == "pagerank" else 2e-9
    for seed in CASES:
        case = Case(seed)
        np.testing.assert_allclose(
            case.view.statistic(name), expected(case, name), rtol=tolerance, atol=1e-9
        )


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(0, 9)), max_size=40))
def test_a_snapshot_is_the_graph_of_the_edges_visible_then(pairs: list) -> None:
    snapshots = Snapshots.of(edges_of(pairs, NODES))
    for q in range(-1, 11):
        graph = snapshots.at(q)
        a = oracle.adjacency(NODES, [(one, other) for one, other, time in pairs if time <= q])
        x = np.arange(1.0, NODES + 1)
        np.testing.assert_array_equal(graph.degree, a.sum(1))
        np.testing.assert_array_equal(graph.spread(x), a @ x)


def test_what_grows_is_the_same_whichever_instant_was_asked_before() -> None:
    for seed in CASES:
        case = Case(seed)
        network = Network(edges=case.edges, place=case.place)
        for q in np.random.default_rng(seed).integers(-1, 13, 8).tolist():
            a = oracle.adjacency(case.n, [(i, j) for i, j, time in case.pairs if time <= q])
            found = network.triangles.at(network.snapshots.at(q))
            np.testing.assert_array_equal(found, oracle.triangles(a))
            least = [min(group) for group in oracle.components(a)]
            np.testing.assert_array_equal(network.connected.at(q), least)


def test_whoever_is_asked_alone_gets_what_they_get_among_all() -> None:
    case = Case(3)
    seeds = np.column_stack([case.bad, case.good])
    together = propagate.exposure(case.graph, seeds)
    for person in range(case.n):
        alone = propagate.exposure(case.graph, seeds, np.array([person], dtype=np.int32))
        np.testing.assert_array_equal(alone[0], together[person])


@pytest.mark.parametrize("name", [*EXACT, *NEAR])
def test_the_own_label_changes_nothing(name: str) -> None:
    """By construction: exactly, not nearly, or a tree could find the difference."""
    for seed in CASES:
        case = Case(seed)
        for person in range(case.n):
            values = []
            for bad, good in ((True, False), (False, True), (False, False)):
                mine = np.arange(case.n) == person
                labels = Known(
                    as_of=case.q,
                    bad=np.where(mine, bad, case.bad),
                    good=np.where(mine, good, case.good),
                )
                view = Network(edges=case.edges, place=case.place).view(
                    case.q, case.everybody, labels
                )
                values.append(view.statistic(name)[person])
            np.testing.assert_array_equal(values, values[0])


def own_label_returns(*_: object) -> np.ndarray:
    return np.zeros(_[3].size)


@pytest.mark.parametrize(
    ("name", "place", "attribute", "careless"),
    [
        ("bad_exposure", propagate, "_returns", own_label_returns),
        (
            "two_hop_bad_share",
            "blocks",
            "two_hop_bad_share",
            lambda graph, known: graph.spread(graph.spread(known.bad.astype(float))),
        ),
        (
            "hops_to_bad",
            "blocks",
            "hops",
            lambda graph, seeds: np.where(seeds, 0.0, hops(graph, seeds)),
        ),
        (
            "community_bad_rate",
            structure.Group,
            "bad_rate",
            lambda group, known: np.bincount(group.label, known.bad, group.label.max() + 1)[
                group.label
            ],
        ),
        ("neighbour_bad_rate", Known, "others_rate", property(lambda k: 0 * k.bad + k.bad.mean())),
    ],
)
def test_a_careless_variant_is_caught(
    name: str, place: object, attribute: str, careless: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from credit.features.graph import blocks

    monkeypatch.setattr(blocks if place == "blocks" else place, attribute, careless)
    with pytest.raises(AssertionError):
        test_the_own_label_changes_nothing(name)


def test_people_without_ties_change_nobody() -> None:
    """More rows elsewhere in the tables must not reorder communities or rescale PageRank."""
    for seed in CASES:
        case = Case(seed)
        wider = np.argsort(np.argsort(np.concatenate([case.place + 0.5, [0, 3.1, 99]])))
        network = Network(
            edges=Edges(
                low=case.edges.low, high=case.edges.high, known_from=case.edges.known_from,
                people=case.n + 3, nodes=case.n + 3,
            ),
            place=wider.astype(np.int32),
        )  # fmt: skip
        nobody = np.zeros(3, dtype=bool)
        known = Known(
            as_of=case.q, bad=np.append(case.bad, nobody), good=np.append(case.good, nobody)
        )
        view = network.view(case.q, case.everybody, known)
        for name in (*EXACT, *NEAR):
            np.testing.assert_array_equal(view.statistic(name), case.view.statistic(name))


def test_pagerank_starts_anywhere_and_ends_at_one_place() -> None:
    for seed in CASES:
        case = Case(seed)
        if not case.matrix.any():
            assert not propagate.pagerank(case.graph).any()
            continue
        tied = case.matrix.sum(1) > 0
        restart = np.where(case.bad, 2.0, 0.5)
        first = np.random.default_rng(seed).random(case.n)
        for given_restart in (None, restart):
            found = propagate.pagerank(
                case.graph, restart=given_restart, first=first, tolerance=1e-14
            )
            wanted = oracle.pagerank(case.matrix, given_restart)
            np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-15)
            assert found.sum() == pytest.approx(1, abs=1e-12)
            assert not found[~tied].any()


def test_cliques_joined_by_single_ties_are_communities() -> None:
    """Most orders tell all ten apart; an unlucky one lets a label cross the only bridge."""
    pairs = [(8 * k + i, 8 * k + j, 0) for k in range(10) for i in range(8) for j in range(i)] + [
        (8 * k + 7, (8 * k + 8) % 80, 0) for k in range(10)
    ]
    graph = Snapshots.of(edges_of(pairs, 80)).at(0)
    found = []
    for seed in range(20):
        label = structure.communities(graph, shuffled(seed, 80))
        assert all(len(set(label[8 * k : 8 * k + 8])) == 1 for k in range(10))
        found.append(len(set(label)))
    assert np.mean(found) > 8


def test_devices_join_people_unless_they_are_hubs() -> None:
    for seed in CASES:
        draw = np.random.default_rng(seed)
        n, devices = 50, 6
        used = [(int(p), int(d)) for p, d in draw.integers(0, [n, devices], (25, 2))]
        used += [(int(p), 0) for p in draw.choice(n, int(draw.integers(0, 45)), replace=False)]
        edges = edges_of([(p, n + d, p % 3) for p, d in used], n, devices)
        bad = draw.random(n) < 0.3
        good = ~bad & (draw.random(n) < 0.5)
        seen = [(p, d) for p, d in used if p % 3 <= 1]
        on, groups = oracle.users(n, seen)
        ring = structure.device_rings(edges, 1)
        np.testing.assert_array_equal(ring.size(), oracle.group_size(on, groups))
        np.testing.assert_allclose(
            ring.bad_rate(Known(as_of=1, bad=bad, good=good)),
            oracle.group_bad_rate(on, groups, bad, good),
            rtol=1e-12,
        )


# -- what is refused


def test_labels_of_the_future_are_refused() -> None:
    case = Case(1)
    later = Known(as_of=case.q + 1, bad=case.bad, good=case.good)
    for careless in (propagate.neighbour_bad_rate, propagate.two_hop_bad_share):
        with pytest.raises(DataError, match=r"may not be used at .* is the future"):
            careless(case.graph, later)
    for name in ("bad_exposure", "hops_to_good", "ring_bad_rate", "community_bad_rate"):
        view = Network(edges=case.edges, place=case.place).view(case.q, case.everybody, later)
        with pytest.raises(DataError, match=r"may not be used at .* is the future"):
            view.statistic(name)


def test_labels_must_fit() -> None:
    case = Case(1)
    with pytest.raises(DataError, match=r"1 node\(s\) are bad and good at once"):
        Known(as_of=0, bad=np.array([True, False]), good=np.array([True, False]))
    with pytest.raises(DataError, match=r"one flag a node, got shapes \(2,\) and \(3,\)"):
        Known(as_of=0, bad=np.zeros(2, dtype=bool), good=np.zeros(3, dtype=bool))
    few = Known(as_of=0, bad=case.bad[:4], good=case.good[:4])
    with pytest.raises(DataError, match="labels are of 4 nodes, the graph has 11"):
        propagate.two_hop_bad_share(case.graph, few)
    with pytest.raises(DataError, match="needs labels"):
        Network(edges=case.edges, place=case.place).view(1, case.everybody, None).statistic(
            "bad_exposure"
        )


def test_pagerank_needs_somewhere_to_restart() -> None:
    graph = Snapshots.of(edges_of([(0, 1, 0)], 3)).at(0)
    with pytest.raises(DataError, match="restart must be positive on some node with neighbours"):
        propagate.pagerank(graph, restart=np.array([0.0, 0.0, 1.0]))
    with pytest.raises(DataError, match="did not settle within 1 iterations"):
        propagate.pagerank(graph, first=np.array([1.0, 0.0, 0.0]), most=1)


def declare(**changes: object) -> Propagation:
    return Propagation(
        **{
            "name": "social_x", "dimension": "social", "label": "x", "unit": "count", "risk": 0,
            "null_means": "no tie", "reason": Reason(en="X", zh="某"), "statistic": "pagerank",
            "ties": ("contacts",), **changes,
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"ties": ()}, r"ties must name some of \['contacts'"),
        ({"ties": ("friends",)}, r"got \('friends',\)"),
        ({"statistic": "page_rank"}, "no statistic 'page_rank'. Did you mean 'pagerank'"),
        ({"ties": ("devices",)}, "devices stand alone and know"),
        ({"ties": ("devices", "contacts"), "statistic": "ring_size"}, "devices stand alone"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(changes: dict, sentence: str) -> None:
    with pytest.raises(FeatureError, match=sentence):
        declare(**changes)


# -- another library's numbers


NETWORKX_RANK = (0.024993505097769077, 0.015208042304551882, 0.023616849139392562)
NETWORKX_PERSONAL = (0.0855118241445064, 0.07329891399168216, 0.08407340305609541)
NETWORKX_CORES = "33332332331323233233333333233333333323222333223323"
NETWORKX_TRIANGLES = "00230000110200011030001100010001022000000103001003"


def test_networkx_says_the_same() -> None:
    """networkx 3.6.1 on a graph of 50 nodes and 100 edges; the figures above are from

    >>> import networkx as nx, numpy as np  # doctest: +SKIP
    >>> pairs = np.random.default_rng(50).integers(0, 50, (110, 2))
    >>> g = nx.Graph((int(a), int(b)) for a, b in pairs if a != b)
    >>> rank = nx.pagerank(g, alpha=0.85, tol=1e-14, max_iter=1000)
    >>> own = nx.pagerank(g, alpha=0.85, personalization={0: 1, 1: 1, 2: 1}, tol=1e-14,
    ...                   max_iter=1000)
    >>> [rank[i] for i in range(3)], sum(v * (i + 1) for i, v in rank.items())
    >>> [own[i] for i in range(3)], sum(v * (i + 1) for i, v in own.items())
    >>> [nx.core_number(g)[i] for i in range(50)], [nx.triangles(g)[i] for i in range(50)]
    """
    pairs = np.random.default_rng(50).integers(0, 50, (110, 2))
    snapshots = Snapshots.of(edges_of([(int(a), int(b), 0) for a, b in pairs], 50))
    graph = snapshots.at(0)
    rank = propagate.pagerank(graph, tolerance=1e-13)
    restart = (np.arange(50) < 3).astype(float)
    personal = propagate.pagerank(graph, restart=restart, tolerance=1e-13)
    np.testing.assert_allclose(rank[:3], NETWORKX_RANK, rtol=1e-8)
    np.testing.assert_allclose(personal[:3], NETWORKX_PERSONAL, rtol=1e-8)
    assert rank @ np.arange(1, 51) == pytest.approx(25.212585982631417, rel=1e-8)
    assert personal @ np.arange(1, 51) == pytest.approx(19.539758280087366, rel=1e-8)
    assert "".join(map(str, structure.core_number(graph))) == NETWORKX_CORES
    assert "".join(map(str, growing.Triangles(snapshots).at(graph))) == NETWORKX_TRIANGLES
