"""Which features a pipeline declares, and whether its data may be used for them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from credit.engine import Engine
from credit.errors import FeatureError
from credit.feature import Catalogue, Feature
from credit.features import catalogue, chosen
from credit.features.own import read_features
from credit.features.proof import Proof, moves
from credit.features.use import Uses, refuse_unlawful
from credit.features.window import compile_features
from credit.features.window.tables import LOOKUP
from credit.pipeline.config import Pipeline
from credit.use import AUDIT, Use


def declared(config: Pipeline, engine: Engine, source: Iterable[Feature]) -> Catalogue:
    """Return every feature there is: built in, of the source, and of the user's own file.

    Built-in features take their figures from the pipeline's policy; what that policy does not
    state, the one shipped as ``weilidai`` does.

    Raises
    ------
    FeatureError
        The user's file cannot be read, a feature of it cannot be built from the tables, or its
        name is taken; the sentence begins with the file.
    """
    built_in = catalogue(config.figures(), config.policy_date or last_application(engine))
    everything = Catalogue((*built_in, *source))
    if config.features.file is None:
        return everything
    path = Path(config.features.file)
    own = read_features(path)
    taken = [name for name in own.names if name in everything]
    if taken:
        raise FeatureError(
            f"{path}: feature {taken[0]!r}: there is a feature of that name already. Call yours "
            "otherwise."
        )
    everything = Catalogue((*everything, *own))
    columns: dict[str, Collection[str]] = {name: engine.columns(name) for name in engine.tables}
    columns[LOOKUP] = engine.columns(LOOKUP)
    for name in own.names:
        try:
            compile_features(chosen(everything, [name]), columns, zone=config.zone)
        except FeatureError as error:
            raise FeatureError(f"{path}: {error}") from error
    return everything


def own_file(config: Pipeline) -> list[str]:
    """Return a note on the user's own file: what it holds, and its hash."""
    if config.features.file is None:
        return []
    path = Path(config.features.file)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return [f"{path}: {len(read_features(path))} features of your own, SHA-256 {digest[:12]}"]


def last_application(engine: Engine) -> date:
    """Return the day (UTC) of the last application, or the end of days where there is none."""
    if "applications" not in engine.tables:
        return date.max
    latest = engine.rows("select max(event_time) from applications")[0][0]
    if latest is None:
        return date.max
    return datetime.fromtimestamp(int(str(latest)) / 1e6, tz=UTC).date()


def uses_of(config: Pipeline) -> Uses:
    """Return what a pipeline's tables and columns are held for."""
    return Uses(
        declared={
            place: Use(
                purposes=tuple(section.purposes),
                until=section.until,
                keep_days=section.keep_days,
            )
            for place, section in config.uses.items()
        }
    )


def refuse(config: Pipeline, engine: Engine, features: Catalogue, audit: Collection[str]) -> None:
    """Refuse to build from data not held for the pipeline's purpose, or no longer.

    Features for audits alone are asked about that purpose instead.

    Raises
    ------
    UseError
        See `credit.features.use.refuse_unlawful`.
    """
    uses = uses_of(config)
    day = config.built_on or datetime.now(UTC).date()
    groups: Mapping[str, list[Feature]] = {
        config.purpose: [one for one in features.everything if one.name not in audit],
        AUDIT: [one for one in features.everything if one.name in audit],
    }
    for purpose, group in groups.items():
        refuse_unlawful(group, engine, uses, purpose=purpose, on=day)


def prove(config: Pipeline, features: Catalogue, seeds: Iterable[int]) -> list[Proof]:
    """Prove features on random tables, rewriting the future and the past, once a seed."""
    return [
        moves(features, what=what, seed=seed, zone=config.zone)
        for seed in seeds
        for what in ("future", "past")
    ]
