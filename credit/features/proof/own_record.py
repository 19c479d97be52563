"""The proof that what is known of a person never comes back to them through the network."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.engine import Engine
from credit.feature import Catalogue, Propagation
from credit.features.graph.blocks import Network, View
from credit.features.graph.edges import PEOPLE, number_people, read_edges
from credit.features.graph.known import Known, known_at
from credit.features.proof.own_data import Looked
from credit.features.window.calendar import fixed_offset, month_start

RECORDS = 16
"""Observations whose own record is rewritten, each by itself: somebody is everybody's peer."""

_SPINE = "recorded_spine"
_RECORDS = ((True, False), (False, True), (False, False))
"""Bad, good, or nothing known."""


def look_at_records(
    engine: Engine, spine: pd.DataFrame, features: Catalogue, *, seed: int = 0
) -> Looked:
    """Give people another record, and compare what the network then says of them.

    Parameters
    ----------
    engine : Engine
    spine : DataFrame
        observation_id, customer_id, as_of; `RECORDS` of them are looked at, drawn by the seed.
    features : Catalogue
        Those whose statistic reads labels are looked at.

    Returns
    -------
    Looked
        A feature in ``moved`` depends on its own person's label: it is known before the
        outcome, and is no fact about others.
    """
    asked = [f for f in features.everything if isinstance(f, Propagation) and f.uses_labels]
    looked = Looked()
    if not asked:
        return looked
    kinds = dict.fromkeys(kind for feature in asked for kind in feature.ties)
    people = number_people(engine, kinds, labelled=True)
    rows = _drawn(engine, spine, np.random.default_rng(seed))
    place = engine.frame(f"select place from {PEOPLE} order by node")["place"].to_numpy(np.int32)
    networks = {
        ties: Network(edges=read_edges(engine, ties, people), place=place)
        for ties in dict.fromkeys(feature.ties for feature in asked)
    }
    at = month_start(rows["as_of"].to_numpy(np.int64), fixed_offset(engine.zone))
    moments: list[int] = np.unique(at).tolist()
    for instant, known in zip(moments, known_at(engine, moments, people), strict=True):
        for row in rows[at == instant].itertuples():
            node = np.array([row.node], dtype=np.int32)
            told = [
                {f.name: _value(networks[f.ties], instant, node, other, f) for f in asked}
                for other in _records(known, int(row.node))
            ]
            frame = pd.DataFrame(told).assign(observation_id=row.observation_id)
            for number in range(1, len(frame)):
                after = frame.iloc[[number]].reset_index(drop=True)
                looked.compare(frame.iloc[[0]].reset_index(drop=True), after)
    return looked


def _drawn(engine: Engine, spine: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Return some observations of people in the network, with their nodes."""
    engine.temporary(_SPINE, spine[["observation_id", "customer_id", "as_of"]])
    rows = engine.frame(
        f"select s.observation_id, s.as_of, p.node from {_SPINE} s "
        f"join {PEOPLE} p on p.person = s.customer_id order by s.observation_id"
    )
    chosen = random.permutation(len(rows))[:RECORDS]
    return rows.iloc[np.sort(chosen)].reset_index(drop=True)


def _records(known: Known, node: int) -> Iterator[Known]:
    """Yield what was known of everybody, with each record that one person might have."""
    for record in _RECORDS:
        flags: list[npt.NDArray[np.bool_]] = [known.bad.copy(), known.good.copy()]
        for flag, value in zip(flags, record, strict=True):
            flag[node] = value
        yield Known(as_of=known.as_of, bad=flags[0], good=flags[1])


def _value(
    network: Network, at: int, node: npt.NDArray[np.int32], known: Known, feature: Propagation
) -> float:
    view: View = network.view(at, node, known)
    return float(view.statistic(feature.statistic)[0])
