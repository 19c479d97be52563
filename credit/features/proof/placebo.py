"""Everybody at somebody else's place in the network: what a model gains from it is no fact."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from credit.engine import Engine
from credit.feature import Catalogue, Expression
from credit.features import build, chosen
from credit.features.proof.copies import PEOPLE, fill, whole
from credit.features.window import needs
from credit.features.window.layers import named

TIES = ("transfers", "contacts", "guarantees", "device_use")
"""Tables whose rows tie a person to somebody or something."""


def of_ties(engine: Engine, features: Catalogue) -> tuple[str, ...]:
    """Return the features that read a table of ties, or name one that does."""
    present = {name: engine.columns(name) for name in engine.tables}
    everything = Catalogue(features.everything)

    def reads(name: str) -> bool:
        feature = everything[name]
        own = not set(TIES).isdisjoint(needs(feature, present))
        below = named(feature) if isinstance(feature, Expression) else ()
        return own or any(reads(one) for one in below if one in everything)

    return tuple(name for name in features.names if reads(name))


def placebo(
    engine: Engine,
    spine: pd.DataFrame,
    features: Catalogue,
    opened: Callable[[], Engine],
    *,
    seed: int = 0,
) -> pd.DataFrame:
    """Build the features of ties with the people at the ends of all ties permuted.

    Parameters
    ----------
    engine : Engine
        Holds the tables.
    spine : DataFrame
        observation_id, customer_id, as_of, and application_id where it is known.
    features : Catalogue
        Those of `of_ties` are built.
    opened : callable
        Opens an empty engine of the same kind and zone; it is closed here.
    seed : int
        Of the permutation: one for all tables of ties.

    Returns
    -------
    DataFrame
        ``observation_id`` and one column a feature, rows in the spine's order.

    Notes
    -----
    Ties alone change hands; records stay with their people. So a feature through which a
    person's own record returned would still help, and be found out.
    """
    asked = chosen(Catalogue(features.everything), of_ties(engine, features))
    present = {name: engine.columns(name) for name in engine.tables}
    read = {table for feature in asked.everything for table in needs(feature, present)}
    tables = whole(engine, [name for name in engine.tables if name in read], 0).tables
    tied = [frame for name, frame in tables.items() if name in TIES]
    ends = [frame[name] for frame in tied for name in PEOPLE if name in frame]
    people = pd.Index(pd.concat(ends, ignore_index=True).dropna().unique()).sort_values()
    others = people[np.random.default_rng(seed).permutation(len(people))]
    moved = {
        name: frame.assign(
            **{
                column: others.take(people.get_indexer(frame[column]))
                for column in PEOPLE
                if column in frame
            }
        )
        if name in TIES
        else frame
        for name, frame in tables.items()
    }
    with opened() as other:
        fill(other, moved, engine)
        return build(other, spine, asked)
