"""A build that is larger than memory: cut by person, resumable, and extended month by month.

A folder of features holds ``build.json`` (what is declared) and one ``part-<key>.parquet`` for
each finished part. A part appears whole or not at all, and its key is the digest of the
observations in it, so that a build which was killed goes on where it was: what is in the folder
is finished, what is not is missing. New observations make new parts; old ones stand, because
nothing that becomes known later is visible at an earlier instant. That is checked: every part
remembers a checksum of the history it saw, and a history that was rewritten is refused.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from credit import __version__
from credit.errors import ConfigError, DataError
from credit.feature import Catalogue
from credit.features import build
from credit.features.graph.kept import forget, network
from credit.features.window import rule

if TYPE_CHECKING:
    from credit.engine import Engine

PARTS = 16
"""Parts of a build: each holds a sixteenth of the people, so about as much of the memory."""

_PLAN = "build.json"
_META = b"credit_history"

History = dict[str, Any]
"""``until`` (microseconds) and, by table, rows and checksum of what was visible then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What :func:`build_parts` did: rows computed now, and rows found finished."""

    folder: Path
    computed: int
    kept: int


def person_part(people: pd.Series, parts: int) -> NDArray[np.int64]:
    """Return each person's part, 0 to ``parts - 1``: a hash, the same on every machine and run."""
    hashed = pd.util.hash_array(people.to_numpy())
    return (hashed % np.uint64(parts)).astype(np.int64)


def build_parts(
    engine: Engine,
    spine: pd.DataFrame,
    features: Catalogue,
    folder: Path,
    *,
    parts: int = PARTS,
    progress: Callable[[str, float], None] = lambda _stage, _share: None,
) -> Built:
    """Compute features part by part into a folder, leaving out what is finished there.

    Parameters
    ----------
    engine, spine, features
        As for :func:`credit.features.build`.
    folder : Path
        New, or the folder of an earlier build of the same declarations.
    parts : int
        How many parts the people of the missing observations are dealt into. Memory falls with
        it; every part reads the event tables once, and the network of people is computed once
        for all of them.
    progress : callable
        Told the share of the parts that is done.

    Raises
    ------
    ConfigError
        The folder holds a build of other declarations, or somebody is building in it.
    DataError
        History was rewritten since a part was built, or the folder holds observations that are
        not in the spine.
    """
    if parts < 1:
        raise ConfigError(f"parts must be at least 1, got {parts}.")
    identity = [name for name in spine.columns if name != "observation_id"]
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        _declared(folder, engine, features)
        finished = _finished(folder, identity)
        missing = _missing(spine, finished, folder, identity)
        _same_history(engine, folder)
        if len(missing):
            history = _history(engine, int(missing["as_of"].max()))
            everything = _history(engine, int(spine["as_of"].max()))
            digest = hashlib.sha256(json.dumps(everything).encode()).hexdigest()[:16]
            statistics = network(engine, missing, features, folder, history=digest)
            dealt = person_part(missing["customer_id"], parts)
            for part in range(parts):
                progress("building features", part / parts)
                rows = missing[dealt == part]
                if len(rows):
                    frame = build(engine, rows, features, network=statistics)
                    frame = (
                        rows[identity]
                        .reset_index(drop=True)
                        .join(frame.drop(columns="observation_id"))
                    )
                    _write(frame, features, folder, history)
        forget(folder)
        progress("building features", 1.0)
    return Built(folder=folder, computed=len(missing), kept=len(spine) - len(missing))


def read_parts(folder: Path) -> pd.DataFrame:
    """Return all rows of a folder of features, in the order of person and instant.

    Raises
    ------
    DataError
        The folder holds no finished part.
    """
    files = _files(folder)
    if not files:
        raise DataError(f"{folder}: no finished part of a build is here.")
    table = pa.concat_tables([pq.read_table(file) for file in files]).replace_schema_metadata(None)
    frame = table.to_pandas()
    return frame.sort_values(["customer_id", "as_of"], kind="stable", ignore_index=True)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("part-*.parquet"))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, which the system lets go however the holder ends."""
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConfigError(
                f"{folder}: another process is building here. Wait for it, or name another folder."
            ) from error
        for partial in folder.glob(".part-*.partial"):  # of a build that was killed
            partial.unlink()
        yield


def _declared(folder: Path, engine: Engine, features: Catalogue) -> None:
    """Write down what is built here, or refuse a folder of something else."""
    plan: dict[str, Any] = {
        "version": __version__,
        "zone": engine.zone,
        "features": {
            feature.name: hashlib.sha256(repr(feature).encode()).hexdigest()[:16]
            for feature in features.everything
        },
    }
    file = folder / _PLAN
    if not file.is_file():
        if _files(folder):
            raise ConfigError(f"{folder}: there are parts, but no {_PLAN}. Name another folder.")
        partial = folder / f".{_PLAN}.partial"
        partial.write_text(json.dumps(plan, indent=1), encoding="utf-8")
        partial.replace(file)
        return
    there: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if there == plan:
        return
    names = sorted(
        name
        for name in {*there["features"], *plan["features"]}
        if there["features"].get(name) != plan["features"].get(name)
    )
    others = [key for key in ("version", "zone") if there[key] != plan[key]]
    what = f"feature(s) {names[:3]}" if names else f"{others[0]} {there[others[0]]!r}"
    raise ConfigError(
        f"{folder}: it holds a build of other declarations: {what} differ. Name another folder, "
        "or remove this one."
    )


def _finished(folder: Path, identity: list[str]) -> pd.DataFrame:
    """Return who and when, of every row that stands in the folder."""
    files = _files(folder)
    if not files:
        return pd.DataFrame(columns=identity)
    for file in files:
        lacking = [name for name in identity if name not in pq.read_schema(file).names]
        if lacking:
            raise ConfigError(f"{file}: no column {lacking}: its observations were named without.")
    return pa.concat_tables([pq.read_table(f, columns=identity) for f in files]).to_pandas()


def _missing(
    spine: pd.DataFrame, finished: pd.DataFrame, folder: Path, identity: list[str]
) -> pd.DataFrame:
    """Return the observations that no part holds yet."""
    if finished.empty:
        return spine
    asked = pd.MultiIndex.from_frame(spine[identity])
    there = pd.MultiIndex.from_frame(finished[identity])
    if not there.isin(asked).all():
        strange = finished[~there.isin(asked)]
        raise DataError(
            f"{folder}: {len(strange)} of its rows are of observations that are not asked for, "
            f"e.g. {strange.iloc[0].to_dict()}. Name another folder, or remove this one."
        )
    return spine[~asked.isin(there)]


def _write(frame: pd.DataFrame, features: Catalogue, folder: Path, history: History) -> None:
    """Write one part under the digest of its observations: whole, or not at all."""
    identity = [name for name in frame.columns if name not in features]
    fields = [pa.field(name, pa.array(frame[name]).type) for name in identity]
    fields += [
        pa.field(f.name, pa.string() if f.is_categorical else pa.float64()) for f in features
    ]
    schema = pa.schema(fields, metadata={_META: json.dumps(history).encode()})
    table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    table = table.replace_schema_metadata(schema.metadata)
    rows = pd.util.hash_pandas_object(frame[identity], index=False).to_numpy()
    name = f"part-{hashlib.sha256(rows.tobytes()).hexdigest()[:16]}.parquet"
    partial = folder / f".{name}.partial"
    try:
        pq.write_table(table, partial, compression="zstd")
        partial.replace(folder / name)
    finally:
        partial.unlink(missing_ok=True)


def _history(engine: Engine, until: int) -> History:
    """Return rows and checksum of each table, as far as it was visible at ``until``."""
    tables = {}
    for table in engine.tables:
        columns = engine.columns(table)
        if {"event_time", "available_at"} <= set(columns):
            seen = rule.visible("e", str(until))
            total = f"sum(cast({engine.row_hash('e', columns)} as decimal(38, 0)))"
            count, checksum = engine.rows(
                f"select count(*), cast({total} as varchar) from {table} e where {seen}",
                step="history",
            )[0]
            tables[table] = [int(str(count)), str(checksum)]
    return {"until": until, "tables": tables}


def _same_history(engine: Engine, folder: Path) -> None:
    """Refuse to go on where what a finished part saw has changed since."""
    seen = {pq.read_schema(file).metadata[_META] for file in _files(folder)}
    for then in map(json.loads, sorted(seen)):
        now = _history(engine, then["until"])
        for table in sorted({*then["tables"], *now["tables"]}):
            before, after = then["tables"].get(table), now["tables"].get(table)
            if before != after:
                raise DataError(
                    f"{table}: what was known at {then['until']} (microseconds UTC) changed since "
                    f"a part in {folder} was built: {_count(before)} then, {_count(after)} now. "
                    "Corrected history needs a new build: remove the folder, or name another one."
                )


def _count(found: list[Any] | None) -> str:
    return "no such table" if found is None else f"{found[0]:,} rows (checksum {found[1]})"
