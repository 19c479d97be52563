"""Two audits of any uplift by the network: is it the person's own, and was it there in time.

``placebo`` puts everybody at somebody else's place: what a model gains from such columns it
gains by chance or by leak, so the uplift must vanish. ``serve_as_of`` computes each snapshot
from tables in which nothing later exists, as a service would on the day: columns and scores
must stay what the back-test made of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from credit.engine import Engine
from credit.feature import Catalogue, Propagation
from credit.features import window
from credit.features.graph.blocks import propagated
from credit.features.window import rule
from credit.features.window.calendar import fixed_offset, month_start

AUDITED = "graph_audit_spine"


def placebo(
    engine: Engine, spine: pd.DataFrame, features: Catalogue, *, seed: int = 0
) -> pd.DataFrame:
    """Compute propagated features with the people of the network permuted.

    Parameters
    ----------
    engine : Engine
    spine : DataFrame
        observation_id, customer_id, as_of.
    features : Catalogue
        Those that are no ``Propagation`` are left out.
    seed : int
        Of the permutation: one for all kinds of ties and all snapshots.

    Returns
    -------
    DataFrame
        ``observation_id`` and one column a propagated feature, rows in the spine's order.
    """
    engine.temporary(AUDITED, spine[["observation_id", "customer_id", "as_of"]])
    made = propagated(engine, AUDITED, _propagations(features), permutation_seed=seed)
    return _in_order(made, spine)


def serve_as_of(engine: Engine, spine: pd.DataFrame, features: Catalogue) -> pd.DataFrame:
    """Compute propagated features snapshot by snapshot, from what existed at each alone.

    Parameters and result as for ``placebo``. Every snapshot opens an engine of its own on the
    rows that are visible at it, so nothing can reach it from another snapshot or from later.
    """
    asked = _propagations(features)
    present: dict[str, Collection[str]] = {name: engine.columns(name) for name in engine.tables}
    needed = _tables(asked, present)
    moment = month_start(spine["as_of"].to_numpy(np.int64), fixed_offset(engine.zone))
    parts = []
    for at in np.unique(moment):
        with Engine(zone=engine.zone) as served:
            for table in needed:
                visible = rule.visible("e", str(at))
                served.add(table, engine.frame(f"select e.* from {table} e where {visible}"))
            here = spine.loc[moment == at, ["observation_id", "customer_id", "as_of"]]
            served.temporary(AUDITED, here)
            parts.append(propagated(served, AUDITED, asked))
    return _in_order(pd.concat(parts, ignore_index=True), spine)


def _propagations(features: Catalogue) -> list[Propagation]:
    return [feature for feature in features if isinstance(feature, Propagation)]


def _tables(features: Collection[Propagation], present: Mapping[str, Collection[str]]) -> list[str]:
    return sorted({table for feature in features for table in window.needs(feature, present)})


def _in_order(made: pd.DataFrame, spine: pd.DataFrame) -> pd.DataFrame:
    return made.set_index("observation_id").loc[spine["observation_id"]].reset_index()
