"""What `credit features` shows and builds: lists, SQL, files of features, one person's values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from credit.dataset import observations
from credit.errors import ConfigError
from credit.feature import Catalogue, Propagation
from credit.features import build, chosen
from credit.features.own import read_features
from credit.features.parts import PARTS, Built, build_parts
from credit.features.person import of_person
from credit.features.window import compile_features, written
from credit.features.window.relations import PROPAGATED
from credit.features.window.tables import LOOKUP
from credit.pipeline.config import load
from credit.pipeline.declared import prove
from credit.pipeline.flat import written as whole
from credit.pipeline.tables import Progress, columns_of, prepare, silent


def feature_sql(
    path: Path, *, data: Path | None = None, dialect: str = "duckdb", progress: Progress = silent
) -> str:
    """Return the SQL that builds a pipeline's features from a relation ``spine``.

    Statistics of the whole network are no SQL: the query joins them from ``graph_features``
    (observation_id, one column a feature), which `credit.features.build` makes, and says so.
    """
    config = load(path)
    prepared = prepare(config, data=data, progress=progress)
    with prepared.engine as engine:
        present = columns_of(engine) | {LOOKUP: list(engine.columns(LOOKUP))}
        sql = written(compile_features(prepared.catalogue, present, zone=config.zone), dialect)
    network = [f.name for f in prepared.catalogue.everything if isinstance(f, Propagation)]
    return f"{_outside_sql(network)}{sql}" if network else sql


def _outside_sql(network: list[str]) -> str:
    """Return a comment: which relation must be there before the query runs, with what."""
    return (
        f"-- {PROPAGATED} must exist before this runs: (observation_id, one double a feature).\n"
        "-- They look at the whole network; credit.features.graph.blocks.propagated makes them:\n"
        f"-- {', '.join(network)}.\n"
    )


def feature_list(
    path: Path, *, data: Path | None = None, progress: Progress = silent
) -> list[list[str]]:
    """Return one row of words for each feature of a pipeline."""
    prepared = prepare(load(path), data=data, progress=progress)
    prepared.engine.close()
    sign = {-1: "-", 0: "none", 1: "+"}
    return [[f.name, f.dimension, f.unit, sign[f.risk], f.null_means] for f in prepared.catalogue]


def prove_features(
    path: Path, *, data: Path | None = None, progress: Progress = silent
) -> list[list[str]]:
    """Return one row of words for each feature: whether it moved when it must not.

    The pipeline's own features are proven if it has a file of them, else all of it.
    """
    config = load(path)
    prepared = prepare(config, data=data, progress=progress)
    prepared.engine.close()
    asked = prepared.catalogue
    if config.features.file is not None:
        own = read_features(Path(config.features.file)).names
        asked = chosen(Catalogue(asked.everything), [name for name in own if name in asked])
    proofs = prove(config, asked, seeds=(101, 102))
    rows = []
    for name in asked.names:
        moved = sum(found.moved.get(name, 0) for found in proofs)
        still = all(name in found.still for found in proofs)
        looked = sum(found.observations for found in proofs)
        verdict = "LEAKS" if moved else "nothing proven: one value only" if still else "holds"
        rows.append([name, verdict, f"{moved} of {looked}"])
    return rows


def write_features(
    path: Path,
    output: Path,
    *,
    data: Path | None = None,
    parts: int = PARTS,
    engine: str | None = None,
    progress: Progress = silent,
) -> Built:
    """Build a pipeline's features at every application.

    ``output`` is one Parquet file, or a folder that is filled part by part: a build that was
    killed goes on there, and one that was finished is extended by new applications. ``engine``
    replaces the pipeline's (``duckdb`` or ``spark``).
    """
    prepared = prepare(load(path, {"engine": {"kind": engine}}), data=data, progress=progress)
    with prepared.engine as opened:
        spine = observations(opened)[["application_id", "customer_id", "as_of"]]
        spine.insert(0, "observation_id", range(len(spine)))
        if output.suffix != ".parquet":
            return build_parts(
                opened, spine, prepared.catalogue, output, parts=parts, progress=progress
            )
        built = build(opened, spine, prepared.catalogue)
    frame = spine.merge(built, on="observation_id").drop(columns="observation_id")
    with whole(output) as partial:
        frame.to_parquet(partial, index=False)
    return Built(folder=output, computed=len(frame), kept=0)


def features_of(
    path: Path,
    person: str,
    as_of: str,
    *,
    data: Path | None = None,
    progress: Progress = silent,
) -> list[list[str]]:
    """Return one row of words a feature: what it is for one person at one instant.

    Raises
    ------
    ConfigError
        ``as_of`` is no instant with a zone.
    DataError
        Nobody is called that.
    """
    instant = instant_of(as_of)
    prepared = prepare(load(path), data=data, progress=progress)
    with prepared.engine as engine:
        kind = engine.columns("applications")["customer_id"]
        if kind != "VARCHAR" and not person.lstrip("-").isdigit():
            raise ConfigError(
                f"--person {person!r}: people are numbered here; give a whole number."
            )
        who: int | str = person if kind == "VARCHAR" else int(person)
        found = of_person(engine, prepared.catalogue, who, instant)
    return [
        [f.name, _shown(found[f.name]), f.unit, "" if found[f.name] is not None else f.null_means]
        for f in prepared.catalogue
    ]


def _shown(value: float | str | None) -> str:
    return "null" if value is None else value if isinstance(value, str) else f"{value:.10g}"


def instant_of(text: str) -> int:
    """Read an instant such as ``2024-03-01T00:00+08:00`` as microseconds since 1970 UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            f"--as-of {text!r}: write an instant such as 2024-03-01T00:00+08:00."
        ) from error
    if moment.tzinfo is None:
        raise ConfigError(
            f"--as-of {text!r}: say in which zone, such as {text}T00:00+08:00 or ...Z."
            if "T" not in text
            else f"--as-of {text!r}: say in which zone, such as {text}+08:00 or {text}Z."
        )
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
