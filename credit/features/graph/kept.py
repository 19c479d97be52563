"""Statistics of the network for a build in parts: computed once for all parts, a date at a time.

Each date's block appears as one file beside the parts, whole or not at all, so that a build
which was killed goes on with the dates that are missing. When all parts are there, the blocks
are taken away.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from credit.feature import Catalogue, Propagation
from credit.features import window
from credit.features.window.calendar import fixed_offset, month_start

if TYPE_CHECKING:
    from credit.engine import Engine

NETWORK_SPINE = "network_spine"
"""The relation of everybody who is looked at in a build."""

_PERSON, _AT = "customer_id", "moment"


def network(
    engine: Engine, spine: pd.DataFrame, features: Catalogue, folder: Path, *, history: str
) -> pd.DataFrame | None:
    """Return the propagated features of a spine, from blocks in a folder where these are there.

    Parameters
    ----------
    engine, spine, features
        As for :func:`credit.features.build`.
    folder : Path
        Where blocks are found and put.
    history : str
        A digest of what the tables held: a block of another history is not taken.

    Returns
    -------
    DataFrame or None
        ``observation_id`` and one column a propagated feature; None where none is asked for.
    """
    asked = [feature for feature in features.everything if isinstance(feature, Propagation)]
    if not asked:
        return None
    tables = {name: engine.columns(name) for name in engine.tables}
    for feature in asked:
        window.require(feature, tables)
    rows = spine[["observation_id", _PERSON, "as_of"]]
    rows = rows.assign(moment=month_start(rows["as_of"].to_numpy(), fixed_offset(engine.zone)))
    names = [feature.name for feature in asked]
    blocks: dict[int, pd.DataFrame] = {}
    for at, here in rows.groupby(_AT):
        file = _file(folder, history, int(str(at)))
        block = pd.read_parquet(file) if file.is_file() else None
        if block is not None and here[_PERSON].isin(block[_PERSON]).all():
            blocks[int(str(at))] = block
    missing = rows[~rows[_AT].isin(list(blocks))]
    if len(missing):
        # Compiled code takes its time to load; a build that is finished never needs it.
        from credit.features.graph.blocks import by_snapshot

        engine.temporary(NETWORK_SPINE, missing.drop(columns=_AT))
        for at, made in by_snapshot(engine, NETWORK_SPINE, asked):
            blocks[at] = made[[_PERSON, *names]].drop_duplicates(_PERSON)
            _write(blocks[at], _file(folder, history, at))
    known = pd.concat([block.assign(moment=np.int64(at)) for at, block in blocks.items()])
    return rows.merge(known, on=[_PERSON, _AT])[["observation_id", *names]]


def forget(folder: Path) -> None:
    """Take away the blocks of a build, and what is left of one that was killed."""
    for file in (*folder.glob("network-*.parquet"), *folder.glob(".network-*.partial")):
        file.unlink()


def _file(folder: Path, history: str, at: int) -> Path:
    return folder / f"network-{history}-{at}.parquet"


def _write(block: pd.DataFrame, file: Path) -> None:
    partial = file.with_name(f".{file.name}.partial")
    try:
        block.to_parquet(partial, index=False)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
