"""From declarations and a spine to a data frame."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib.resources import files
from typing import TYPE_CHECKING

import pandas as pd

from credit.errors import DataError
from credit.feature import Catalogue, Propagation
from credit.features import window
from credit.features.window.relations import PROPAGATED
from credit.features.window.tables import LOOKUP

if TYPE_CHECKING:
    from credit.engine import Engine

SPINE = "feature_spine"
"""The relation that a build registers in the engine."""

SWEPT_FROM = 1_000
"""Observations from which compiled code computes window aggregates, where the engine is local.

Loading it takes about as long as SQL takes for fewer. Both give integers and nulls the same,
floats within 1e-12.
"""


def merchant_categories() -> pd.DataFrame:
    """Return the built-in lookup (mcc, category, label), one row a merchant category code."""
    with files("credit.features").joinpath("merchant_categories.csv").open("rb") as lines:
        return pd.read_csv(lines)


def build(
    engine: Engine,
    spine: pd.DataFrame,
    features: Catalogue,
    *,
    network: pd.DataFrame | None = None,
    swept: bool | None = None,
) -> pd.DataFrame:
    """Compute features for every row of a spine.

    Parameters
    ----------
    engine : Engine
        Where the event tables are. The built-in merchant categories are registered in it
        unless it has its own.
    spine : DataFrame
        ``observation_id`` (unique integers), ``customer_id`` and ``as_of`` (integer
        microseconds since 1970 UTC); with ``application_id``, facts stated on applications
        are looked up by it, else by person and instant.
    features : Catalogue
        What to compute; see ``available``.
    network : DataFrame, optional
        ``observation_id`` and the statistics of the whole network, of these observations at
        least, where they were computed already; see ``credit.features.graph.kept``.
    swept : bool, optional
        Whether compiled code computes window aggregates, which only a local engine can. By
        default it does so for ``SWEPT_FROM`` observations and more.

    Returns
    -------
    DataFrame
        ``observation_id`` and one column a feature, rows in the spine's order: float64 (NaN
        as each feature's ``null_means`` says), text for categories.

    Raises
    ------
    DataError
        The spine lacks a column, repeats an observation, or one person has two applications
        at one instant and the spine does not say which is meant.
    FeatureError
        A feature needs a table or a column that is not there.
    """
    columns = _check_spine(spine)
    if not engine.has(LOOKUP):
        engine.add_lookup(LOOKUP, merchant_categories())
    engine.temporary(SPINE, spine[columns])
    tables: dict[str, Collection[str]] = {name: engine.columns(name) for name in engine.tables}
    tables |= {LOOKUP: engine.columns(LOOKUP), SPINE: columns}
    if network is None:
        _propagate(engine, features, tables)
    else:
        here = network["observation_id"].isin(spine["observation_id"])
        engine.temporary(PROPAGATED, network[here])
    if swept is None:
        swept = engine.local and len(spine) >= SWEPT_FROM
    sql = _swept if swept else _plain
    frame = engine.frame(sql(engine, spine, features, tables)).set_index("observation_id")
    if len(frame) > len(spine):
        repeated = frame.index[frame.index.duplicated()].unique()[:3].tolist()
        raise DataError(
            f"spine: {len(frame) - len(spine)} row(s) too many, e.g. observations {repeated}: one "
            "person has several applications at one instant, or a table repeats its key. Add "
            "application_id to the spine, and run engine.check()."
        )
    frame = frame.loc[spine["observation_id"]].reset_index()
    for feature in features:
        column = frame[feature.name]
        frame[feature.name] = (
            column.astype("str") if feature.is_categorical else column.astype("float64")
        )
    return frame[["observation_id", *features.names]]


def _plain(
    engine: Engine,
    _spine: pd.DataFrame,
    features: Catalogue,
    tables: Mapping[str, Collection[str]],
) -> str:
    """Return the query that computes everything."""
    return window.compile_features(features, tables, zone=engine.zone, spine=SPINE)


def _swept(
    engine: Engine,
    spine: pd.DataFrame,
    features: Catalogue,
    tables: Mapping[str, Collection[str]],
) -> str:
    """Return the query that computes the rest, once compiled code has done its part."""
    sql, sweeps = window.swept_features(features, tables, zone=engine.zone, spine=SPINE)
    if sweeps:
        from credit.features.window.sweep import swept

        swept(engine, sweeps, spine)
    return sql


def _propagate(engine: Engine, features: Catalogue, tables: Mapping[str, Collection[str]]) -> None:
    """Register what SQL cannot compute as the relation that the query joins."""
    asked = [feature for feature in features.everything if isinstance(feature, Propagation)]
    if not asked:
        return
    # Compiled code takes its time to load; a catalogue without the network never needs it.
    from credit.features.graph.blocks import propagated

    for feature in asked:
        window.require(feature, tables)
    engine.temporary(PROPAGATED, propagated(engine, SPINE, asked))


def _check_spine(spine: pd.DataFrame) -> list[str]:
    """Refuse a spine that does not say whom to look at, and when; return its columns."""
    needed = ["observation_id", "customer_id", "as_of"]
    missing = [name for name in needed if name not in spine.columns]
    if missing:
        raise DataError(
            f"spine: no column {missing}. It has {list(spine.columns)}; a spine is "
            "(observation_id, customer_id, as_of)."
        )
    for name in ("observation_id", "as_of"):
        if not pd.api.types.is_integer_dtype(spine[name]):
            raise DataError(
                f"spine.{name}: type {spine[name].dtype}, but integers are required"
                f"{' (microseconds since 1970 UTC)' if name == 'as_of' else ''}."
            )
    empty = [name for name in needed if spine[name].isna().any()]
    if empty:
        raise DataError(f"spine: {empty} must not be null; every row is a person and an instant.")
    twice = spine["observation_id"][spine["observation_id"].duplicated()].unique()[:3].tolist()
    if twice:
        raise DataError(f"spine.observation_id: must be unique, but {twice} stand twice.")
    return [*needed, *(["application_id"] if "application_id" in spine.columns else [])]
