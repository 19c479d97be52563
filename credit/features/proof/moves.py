"""Which features move when rows they may not look at are rewritten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.errors import FeatureError
from credit.feature import (
    Catalogue,
    Expression,
    Feature,
    GraphStatistic,
    Propagation,
    Stated,
    WindowAggregate,
    WindowPart,
)
from credit.features.frame import build
from credit.features.graph.ties import FACTS
from credit.features.proof.rewrite import UNBOUNDED, Limits, invisible, rewrite, too_old
from credit.features.proof.rows import EDGES, Chance, Row
from credit.features.proof.tables import World, connected_world, copies, engine_of, random_world
from credit.features.window.layers import named
from credit.features.window.terms import Named, OfEvents, arriving, facts, terms

STEP = 100_000
"""Distance between the people of one copy of the tables and those of the next."""

What = Literal["future", "past"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What became of the features when what they may not see was rewritten.

    Attributes
    ----------
    moved : dict of str to int
        Feature -> number of observations whose value moved. Whoever is in it leaks.
    still : tuple of str
        Features with one value in all observations, before and after: of these nothing is
        proven. Give `moves` tables on which they differ.
    observations : int
        How many observations were looked at.
    """

    moved: dict[str, int]
    still: tuple[str, ...]
    observations: int


def moves(
    features: Catalogue,
    *,
    what: What = "future",
    world: World | None = None,
    seed: int = 101,
    zone: str = "Asia/Shanghai",
    lowerings: tuple[bool, ...] = (False, True),
) -> Proof:
    """Rewrite what features may not see, build them again, and say which ones moved.

    Parameters
    ----------
    features : Catalogue
        What is to be proven; expressions need the features they name.
    what : {"future", "past"}
        ``future`` rewrites what was invisible at each observation's own instant: no feature
        may move. ``past`` rewrites what is older than a window, another for each person: no
        feature that looks at most that far back may move.
    world : World, optional
        The tables and instants to do it on; keep them small, there is a copy a person. By
        default random ones whose times lie on and around the edges of windows.
    seed : int
        Of the random tables and of the rewriting; the same seed, the same answer.
    zone : str
        Where days and nights are local.
    lowerings : tuple of bool
        How window aggregates are built: by SQL (False), by the compiled code of large builds
        (True), by default by both, for either might leak.

    Returns
    -------
    Proof

    Raises
    ------
    FeatureError
        A feature cannot be built from these tables.

    Notes
    -----
    A proof by example: run it with several seeds. That the rewriting can catch a leak is shown
    by breaking the comparison of times on purpose, in the tests of this package.
    """
    network = any(isinstance(feature, Propagation) for feature in features.everything)
    random = connected_world if network else random_world
    there = random(seed) if world is None else world
    if not any(isinstance(one.term, OfEvents) for one in terms(features.everything)):
        lowerings = lowerings[:1]
    if not there.as_of:
        raise FeatureError("the world of a proof has nobody in it: give at least one instant.")
    chance = Chance(seed + 7, len(there.as_of))
    limits = _future(features) if what == "future" else _past(features)
    rewritten, fixed = [], []
    for place, person in enumerate(sorted(there.as_of)):
        limit, names = limits(there.as_of[person], place)
        rewritten.append(rewrite(chance, there.tables, limit))
        fixed.append(names)
    spine = there.spine()
    with engine_of(there.tables, zone=zone) as engine:
        before = build(engine, spine, features, swept=lowerings[0])
    # A feature that looks at everybody would look into the copies of the others.
    apart = network and what == "future"
    again = _one_by_one if apart else _side_by_side
    afters = [again(rewritten, spine, features, zone, swept=swept) for swept in lowerings]
    moved: dict[str, int] = {}
    still = []
    for name in features.names:
        kept = np.array([name in names for names in fixed])
        differ = [~same(before[name], after[name]) for after in afters]
        count = int((kept & np.any(differ, axis=0)).sum())
        if count:
            moved[name] = count
        if pd.concat([before[name], afters[0][name]]).nunique(dropna=False) < 2:
            still.append(name)
    return Proof(moved=moved, still=tuple(still), observations=len(spine))


def _side_by_side(
    rewritten: list[dict[str, list[Row]]],
    spine: pd.DataFrame,
    features: Catalogue,
    zone: str,
    *,
    swept: bool,
) -> pd.DataFrame:
    """Build each observation from its own copy of the tables, all in one engine."""
    shifted = spine.assign(customer_id=spine["customer_id"] + STEP * np.arange(len(spine)))
    with engine_of(copies(rewritten, STEP), zone=zone) as engine:
        return build(engine, shifted, features, swept=swept)


def _one_by_one(
    rewritten: list[dict[str, list[Row]]],
    spine: pd.DataFrame,
    features: Catalogue,
    zone: str,
    *,
    swept: bool,
) -> pd.DataFrame:
    """Build each observation from its own copy of the tables, in an engine of its own."""
    built = []
    for place, tables in enumerate(rewritten):
        with engine_of(tables, zone=zone) as engine:
            built.append(build(engine, spine.iloc[[place]], features, swept=swept))
    return pd.concat(built, ignore_index=True)


def longest(feature: Feature, features: Catalogue) -> float:
    """Return the longest window of a feature in days, infinite for all history."""
    if isinstance(feature, Stated):
        return np.inf
    if isinstance(feature, Expression):
        below = [longest(features[name], features) for name in named(feature)]
        return max([_days(part) for part in feature.parts] + below, default=0.0)
    read = {table for fact in _facts_of(feature) for table in FACTS[fact]}
    return _days(feature) if read <= set(UNBOUNDED) else np.inf


def _facts_of(feature: Feature) -> tuple[str, ...]:
    """Return what a feature asks about peers, which is looked up without a window."""
    return facts(terms([feature])) if isinstance(feature, GraphStatistic) else ()


def of_events(feature: Feature, features: Catalogue) -> bool:
    """Whether a feature looks at events in windows alone: no state, no ties, nothing stated."""
    if isinstance(feature, Expression):
        below = all(of_events(features[name], features) for name in named(feature))
        return below and all(isinstance(part, WindowPart) for part in feature.parts)
    return isinstance(feature, WindowAggregate)


def _days(term: object) -> float:
    days = getattr(term, "days", None)
    if isinstance(term, OfEvents) and arriving([Named("", "", term)]):
        return np.inf
    return np.inf if days is None else float(days)


def _future(features: Catalogue) -> Callable[[int, int], tuple[Limits, frozenset[str]]]:
    """Rewrite what is invisible at each person's instant; no feature may notice."""
    everything = frozenset(features.names)
    return lambda q, _place: (invisible(q), everything)


def _past(features: Catalogue) -> Callable[[int, int], tuple[Limits, frozenset[str]]]:
    """Rewrite what is older than a window; no feature of at most that window may notice.

    For every second person all tables are rewritten, for the others those are spared that
    windowed features also read without a window; who may not notice differs accordingly.
    """

    def limits(q: int, place: int) -> tuple[Limits, frozenset[str]]:
        days, spare = EDGES[place // 2 % len(EDGES)], place % 2 == 0
        names = frozenset(
            feature.name
            for feature in features
            if longest(feature, features) <= days and (spare or of_events(feature, features))
        )
        return too_old(q, days, spare=spare), names

    return limits


def same(one: pd.Series, other: pd.Series) -> npt.NDArray[np.bool_]:
    """Return where two columns agree: nulls and texts exactly, numbers to 1e-12."""
    nulls = one.isna() & other.isna()
    if pd.api.types.is_numeric_dtype(one):
        return np.asarray(nulls | np.isclose(one, other, rtol=1e-12, atol=1e-12))
    return np.asarray(nulls | (one == other))
