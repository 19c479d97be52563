"""Rings: people who share devices, and networks or ties besides, as known at an instant.

Two people are linked at q when, by what is visible at q, they were seen on one device and they
were seen on one network or one is a contact or counterparty of the other. A device or a network
with more than 30 people on it (a shop's, a school's, a mobile line) says nothing. A ring is a
connected group of linked people; its density is the share of its pairs who are linked.

One shared thing is ordinary (a family's tablet, an office's network); a studio that opens made-up
people from a few devices shares several, at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from credit.errors import DataError
from credit.features.graph.edges import HUB
from credit.features.window import rule
from credit.schema import DAY

if TYPE_CHECKING:
    from credit.engine import Engine

_PERSON, _THING, _FROM = "person", "thing", "known_from"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """A connected group of people who share devices and more.

    Attributes
    ----------
    members : tuple
        Their ids, ascending.
    devices, networks : tuple
        What two of them or more share, ascending.
    density : float
        Share of pairs of members who are linked.
    first_seen : int
        Microseconds since 1970 UTC: when the second of them was first seen on any device.
    spread_days : float
        Standard deviation of the days on which members were first seen on a device: small for
        people who were all opened together.
    """

    members: tuple[object, ...]
    devices: tuple[object, ...]
    networks: tuple[object, ...]
    density: float
    first_seen: int
    spread_days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """Who was seen with what, and from which instant on that is visible; read once.

    ``devices`` and ``networks`` have (person, thing, known_from), ``ties`` (one, other,
    known_from), each pair once.
    """

    devices: pd.DataFrame
    networks: pd.DataFrame
    ties: pd.DataFrame

    @classmethod
    def read(cls, engine: Engine) -> Sharing:
        """Read it from device_use, logins, contacts and transfers; the latter two may lack."""
        seen = [_seen("device_use", "device_id"), _seen("logins", "device_id", "result = 'ok'")]
        ties = [
            _first(table, "customer_id", other)
            for table, other in (("contacts", "contact_id"), ("transfers", "counterparty_id"))
            if table in engine.tables
        ]
        empty = pd.DataFrame({"one": [], "other": [], _FROM: np.array([], dtype=np.int64)})
        return cls(
            devices=_collapsed(engine, seen, (_PERSON, _THING)),
            networks=_collapsed(
                engine, [_seen("logins", "ip_hash", "result = 'ok'")], (_PERSON, _THING)
            ),
            ties=_collapsed(engine, ties, ("one", "other")) if ties else empty,
        )

    def rings(self, q: int, *, smallest: int = 3) -> tuple[Ring, ...]:
        """Return the rings visible at ``q`` with ``smallest`` members or more, largest first.

        Raises
        ------
        DataError
            If ``smallest`` is below 2.
        """
        if smallest < 2:
            raise DataError(f"smallest must be at least 2, got {smallest}: a ring is several.")
        devices, networks = _visible(self.devices, q), _visible(self.networks, q)
        shared = _narrow(devices)
        pairs = _pairs(shared)
        if pairs.empty:
            return ()
        narrow = _narrow(networks[networks[_PERSON].isin(np.unique(pairs.to_numpy()))], networks)
        linked = pairs[_together(pairs, narrow) | _tied(pairs, self.ties[self.ties[_FROM] <= q])]
        start = devices.groupby(_PERSON)[_FROM].min()
        return _rings(linked, (shared, narrow), start, smallest)


def studio_rings(
    engine: Engine, instants: Sequence[int], *, smallest: int = 3
) -> Iterator[tuple[int, tuple[Ring, ...]]]:
    """Yield the rings visible at each of some instants.

    Parameters
    ----------
    engine : Engine
        Holds ``device_use`` and ``logins``, and ``contacts`` and ``transfers`` where there are.
    instants : sequence of int
        Microseconds since 1970 UTC.
    smallest : int
        Members of a ring at least.
    """
    sharing = Sharing.read(engine)
    for q in instants:
        yield int(q), sharing.rings(int(q), smallest=smallest)


def of_people(rings: Sequence[Ring]) -> pd.DataFrame:
    """Return one row a member: customer_id, ring_size, ring_density, ring_devices, ring_spread."""
    return pd.DataFrame(
        [
            (member, len(ring.members), ring.density, len(ring.devices), ring.spread_days)
            for ring in rings
            for member in ring.members
        ],
        columns=["customer_id", "ring_size", "ring_density", "ring_devices", "ring_spread"],
    )


def _seen(table: str, thing: str, where: str = "true") -> str:
    return (
        f"select e.customer_id as {_PERSON}, e.{thing} as {_THING}, {rule.known_from('e')} as "
        f"{_FROM} from {table} e where {where} and e.{thing} is not null"
    )


def _first(table: str, one: str, other: str) -> str:
    return (
        f"select least(e.{one}, e.{other}) as one, greatest(e.{one}, e.{other}) as other, "
        f"{rule.known_from('e')} as {_FROM} from {table} e where e.{one} <> e.{other}"
    )


def _collapsed(engine: Engine, parts: Sequence[str], key: tuple[str, str]) -> pd.DataFrame:
    """Return the first instant of each pair."""
    names = ", ".join(key)
    return engine.frame(
        f"select {names}, cast(min({_FROM}) as bigint) as {_FROM} from "
        f"({' union all '.join(parts)}) group by {names} order by {names}",
        step="what people share",
    )


def _visible(seen: pd.DataFrame, q: int) -> pd.DataFrame:
    return seen[seen[_FROM] <= q]


def _narrow(seen: pd.DataFrame, everybody: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the rows of things that 2 to 30 of everybody were seen with."""
    count = (seen if everybody is None else everybody)[_THING].value_counts()
    return seen[seen[_THING].isin(count.index[(count >= 2) & (count <= HUB)])]


def _pairs(shared: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of people with one thing in common, each once, the smaller id first."""
    both = shared.merge(shared, on=_THING, suffixes=("", "_other"))
    both = both[both[_PERSON] < both["person_other"]]
    pairs = both[[_PERSON, "person_other"]].drop_duplicates()
    return pairs.set_axis(["one", "other"], axis=1).reset_index(drop=True)


def _together(pairs: pd.DataFrame, seen: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.bool]]:
    """Return which pairs were seen with one thing of these."""
    first = pairs.reset_index().merge(seen, left_on="one", right_on=_PERSON)
    both = first.merge(seen, left_on=["other", _THING], right_on=[_PERSON, _THING])
    return pairs.index.isin(both["index"])


def _tied(pairs: pd.DataFrame, ties: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.bool]]:
    known = pd.MultiIndex.from_frame(ties[["one", "other"]])
    return pd.MultiIndex.from_frame(pairs).isin(known)


def _rings(
    linked: pd.DataFrame, things: tuple[pd.DataFrame, pd.DataFrame], start: pd.Series, smallest: int
) -> tuple[Ring, ...]:
    people = pd.Index(np.unique(linked.to_numpy()))
    low, high = people.get_indexer(linked["one"]), people.get_indexer(linked["other"])
    graph = coo_array((np.ones(low.size), (low, high)), shape=(people.size, people.size))
    _, label = connected_components(graph, directed=False)
    links = np.bincount(label[low], minlength=people.size)
    found = []
    for group, members in pd.Series(people).groupby(label):
        size = len(members)
        if size < smallest:
            continue
        times = np.sort(start.loc[members].to_numpy(np.int64))
        devices, networks = (_held_by(members, seen) for seen in things)
        found.append(
            Ring(
                members=tuple(members.tolist()),
                devices=devices,
                networks=networks,
                density=float(links[int(str(group))] / (size * (size - 1) / 2)),
                first_seen=int(times[1]),
                spread_days=float(np.std((times - times[0]) / DAY)),
            )
        )
    return tuple(sorted(found, key=lambda ring: (-len(ring.members), str(ring.members))))


def _held_by(members: pd.Series, seen: pd.DataFrame) -> tuple[object, ...]:
    """Return the things that two of the members or more were seen with."""
    count = seen[seen[_PERSON].isin(members)][_THING].value_counts()
    return tuple(sorted(count.index[count >= 2].tolist(), key=str))
