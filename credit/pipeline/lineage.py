"""Where the data of a run came from: its tables, what they are held for, and the code that read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd

import credit
from credit.engine import Engine
from credit.engine.source import files
from credit.feature import Catalogue, Feature
from credit.features import chosen
from credit.features.use import Uses
from credit.features.window import needs
from credit.pipeline.config import Pipeline
from credit.schema import TABLES

LIBRARIES = ("duckdb", "numpy", "pandas", "scikit-learn", "scipy", "xgboost")
"""Whose versions can change a figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where one table came from.

    Attributes
    ----------
    says : str
        The place in words, without the folders of one machine.
    path : str
        File, folder or glob that is hashed; empty where the rows themselves were hashed.
    sha256 : str
        Of the rows, where there is no file.
    delay : str
        How it is known when the lender could know an event.
    """

    says: str
    path: str = ""
    sha256: str = ""
    delay: str = "own column"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lineage:
    """What a run read, and by which code.

    Attributes
    ----------
    tables : DataFrame
        ``table, source, rows, set_apart, first, last`` (of event_time, microseconds UTC),
        ``delay, delay_least, delay_most`` (of available_at behind event_time, microseconds),
        ``features`` (how many read it), ``sha256``. NA where a table has no such column.
    features : DataFrame
        ``feature, dimension, tables, held_for``: one row a feature that was built.
    code : dict of str to str
        Version and SHA-256 of this package's files, and versions of the libraries that matter.
    """

    tables: pd.DataFrame
    features: pd.DataFrame
    code: dict[str, str]


def of_world(directory: Path, names: Iterable[str]) -> dict[str, Origin]:
    """Return the origin of every table of a folder, which a generator may have written."""
    note, recipe = directory / "world.json", ""
    if note.is_file():
        options = json.loads(note.read_text(encoding="utf-8"))["options"]
        recipe = f"generated: {options['people']:,} people, seed {options['seed']}"
        recipe += "".join(f", with {name}" for name in ("fraud", "lender") if options.get(name))
    found = {}
    for name in names:
        path = directory / f"{name}.parquet"
        place = path if path.exists() else directory / name
        found[name] = Origin(says=recipe or place.name, path=str(place))
    return found


def of_config(config: Pipeline) -> dict[str, Origin]:
    """Return the origin of every table that a pipeline file names."""
    return {
        name: Origin(says=section.path, path=section.path)
        if section.lag is None
        else Origin(says=section.path, path=section.path, delay=f"event_time + {section.lag}")
        for name, section in config.tables.items()
    }


def of_published(title: str, tables: Mapping[str, pd.DataFrame]) -> dict[str, Origin]:
    """Return the origin of the tables that a published data set was read into."""
    says = f"{title}, files as published, byte for byte"
    delay = "as the reader of the set states it"
    return {
        name: Origin(says=says, sha256=frame_sha256(frame), delay=delay)
        for name, frame in tables.items()
    }


def frame_sha256(frame: pd.DataFrame) -> str:
    """Return the SHA-256 of a frame's column names and rows, in their order."""
    digest = hashlib.sha256(",".join(map(str, frame.columns)).encode())
    digest.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    return digest.hexdigest()


def files_sha256(path: str) -> str:
    """Return the SHA-256 of a file; of several, that of their hashes in the order of names."""
    digests = []
    for name in files(path)[0]:
        with Path(name).open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("".join(digests).encode()).hexdigest()


@cache
def code_sha256() -> str:
    """Return the SHA-256 of this package's Python files, names and contents."""
    home = Path(credit.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(home.rglob("*.py"), key=lambda path: path.relative_to(home).as_posix()):
        digest.update(path.relative_to(home).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def trace(
    engine: Engine,
    catalogue: Catalogue,
    origins: Mapping[str, Origin],
    apart: Mapping[str, int],
    uses: Uses,
) -> Lineage:
    """Return what a run reads, while its tables are open.

    Parameters
    ----------
    engine : Engine
        Holds the tables.
    catalogue : Catalogue
        The features that are built.
    origins : mapping of str to Origin
        Table -> where it came from.
    apart : mapping of str to int
        Table -> rows that were set apart because they break the contract.
    uses : Uses
        What tables and columns are held for.
    """
    columns = {name: list(engine.columns(name)) for name in engine.tables}
    built = [_feature(one, catalogue, columns, uses) for one in catalogue]
    readers = [name for one in built for name in one["tables"]]
    rows = [
        _spanned(engine, name, columns[name])
        | {
            "source": origins[name].says,
            "set_apart": apart.get(name, 0),
            "delay": origins[name].delay if "available_at" in columns[name] else "",
            "features": readers.count(name),
            "sha256": origins[name].sha256 or files_sha256(origins[name].path),
        }
        for name in engine.tables
    ]
    order = ["table", "source", "rows", "set_apart", "first", "last", "delay", "delay_least",
             "delay_most", "features", "sha256"]  # fmt: skip
    whole = {"first": "Int64", "last": "Int64", "delay_least": "Int64", "delay_most": "Int64"}
    libraries = {name: metadata.version(name) for name in LIBRARIES}
    return Lineage(
        tables=pd.DataFrame(rows)[order].astype(whole),
        features=pd.DataFrame(built).assign(tables=[", ".join(one["tables"]) for one in built]),
        code={"credit": credit.__version__, "credit SHA-256": code_sha256()} | libraries,
    )


def _feature(
    feature: Feature, catalogue: Catalogue, columns: Mapping[str, list[str]], uses: Uses
) -> dict[str, Any]:
    """Return a feature's dimension, the contract's tables it reads, and what they are held for."""
    parts = chosen(catalogue, [feature.name]).everything
    tables = {table for one in parts for table in needs(one, columns) if table in TABLES}
    held = uses.common(parts, columns)
    return {
        "feature": feature.name,
        "dimension": feature.dimension,
        "tables": sorted(tables),
        "held_for": "no purpose in common" if held is None else str(held),
    }


def _spanned(engine: Engine, name: str, columns: list[str]) -> dict[str, object]:
    """Return a table's rows, and the first and last of its instants and delays."""
    asked = ["count(*)"]
    timed, delayed = "event_time" in columns, {"event_time", "available_at"} <= set(columns)
    asked += ["min(event_time)", "max(event_time)"] if timed else ["NULL", "NULL"]
    delay = "available_at - event_time"
    asked += [f"min({delay})", f"max({delay})"] if delayed else ["NULL", "NULL"]
    # The name is one of the contract's tables.
    found = engine.rows(f"SELECT {', '.join(asked)} FROM {name}")[0]  # noqa: S608
    names = ("rows", "first", "last", "delay_least", "delay_most")
    values = [None if value is None else int(str(value)) for value in found]
    return {"table": name} | dict(zip(names, values, strict=True))
