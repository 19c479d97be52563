"""Who applied: facts of customers and applications, as the decision takes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from credit.decide.clock import local_day
from credit.decide.sources import SourceTerms
from credit.decide.stated import Stated
from credit.engine import Engine
from credit.errors import ConfigError, DataError
from credit.pipeline.config import Pipeline
from credit.pipeline.tables import open_engine, world_folder
from credit.policy import InForce
from credit.schema import DAY, TableSource
from credit.sources import load as load_source

TABLES = ("customers", "applications", "loans", "instalments")
"""Tables that facts are read from; the last two where they are there."""

OCCUPATIONS: Mapping[str, str] = {"civil_servant": "civil", "government": "civil"}
"""Occupation as tables name it -> as ``limit.occupation`` does; any other keeps its name."""

SCORES = ("wechat_pay", "zhima")
"""Scores of others that applications may state, in columns of these names."""

MONTH = 30
"""Days after an application in which what falls due on other loans counts as due each month."""


def _open(config: Pipeline, data: Path | None) -> Engine:
    """Open the tables that facts are read from, and check them against the contract."""
    engine: Engine = open_engine(config, lambda _stage, _share: None)
    if config.source.kind == "tables":
        for name in TABLES:
            if name in config.tables:
                engine.add(name, config.tables[name].source())
    elif config.source.kind == "world":
        folder = data or _world(config)
        for name in TABLES:
            if (folder / f"{name}.parquet").is_file():
                engine.add(name, TableSource(path=str(folder / f"{name}.parquet")))
    else:
        folder = data or Path(config.source.directory or ".")
        published = load_source(config.source.kind, folder)
        for name in TABLES:
            if name in published.tables:
                engine.add(name, published.tables[name])
    engine.check().raise_if_any()
    missing = [name for name in TABLES[:2] if name not in engine.tables]
    if missing:
        raise ConfigError(f"tables {missing}: there are none, and who applied is read from them.")
    return engine


def _world(config: Pipeline) -> Path:
    folder = world_folder(config)
    if not folder.is_dir():
        raise ConfigError(
            f"{folder}: the run's world is not there. Say where it is with --data DIR."
        )
    return folder


def applicants(config: Pipeline, data: Path | None, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the facts of the applications of a run, in the order of its rows.

    Parameters
    ----------
    config : Pipeline
    data : Path or None
        Folder of the tables, where the pipeline file does not name them.
    rows : DataFrame
        ``application_id``.

    Returns
    -------
    DataFrame
        A column a fact; what the tables lack is null. ``dues_fen``: what falls due on each other
        loan within `MONTH` days.

    Raises
    ------
    ConfigError
        There are no such tables.
    DataError
        Applications of the run are not in them.
    """
    with _open(config, data) as engine:
        engine.temporary("book_rows", rows[["application_id"]].assign(place=np.arange(len(rows))))
        found = engine.frame(_query(engine))
        dues = _dues(engine)
    if len(found) != len(rows):
        raise DataError(
            f"rows.parquet: {len(rows) - len(found):,} of {len(rows):,} applications are not in "
            "the tables. The run was made of others; say where they are with --data DIR."
        )
    owed = None if dues is None else found["place"].map(lambda at: dues.get(int(at), ()))
    return found.assign(dues_fen=owed).sort_values("place").reset_index(drop=True)


def _query(engine: Engine) -> str:
    """Return the query of facts; what the tables lack is null in it."""
    optional = {
        "c": ("segment", "occupation", "birth_date", "declared_income_fen"),
        "a": ("amount_fen", "income_evidence", "verified_income_fen", *SCORES),
    }
    named = {"c": set(engine.columns("customers")), "a": set(engine.columns("applications"))}
    columns = ", ".join(
        f"{table}.{name}" if name in named[table] else f"NULL AS {name}"
        for table, names in optional.items()
        for name in names
    )
    return (
        "SELECT r.place, a.application_id, a.customer_id, a.event_time, "
        f"c.event_time AS registered_at, {columns} FROM book_rows r "
        "JOIN applications a USING (application_id) JOIN customers c USING (customer_id)"
    )


def _dues(engine: Engine) -> dict[int, tuple[int, ...]] | None:
    """Return what falls due on each other loan within a month, by row; None without tables."""
    if not {"loans", "instalments"} <= set(engine.tables):
        return None
    found: dict[int, tuple[int, ...]] = {}
    for place, _, due in engine.rows(
        "SELECT r.place, l.loan_id, sum(i.due_fen)::BIGINT FROM book_rows r "
        "JOIN applications a USING (application_id) "
        "JOIN loans l ON l.customer_id = a.customer_id AND l.event_time < a.event_time "
        "JOIN instalments i ON i.loan_id = l.loan_id AND i.due_at >= a.event_time "
        f"AND i.due_at < a.event_time + {MONTH * DAY} GROUP BY ALL ORDER BY ALL"
    ):
        at = int(str(place))
        found[at] = (*found.get(at, ()), int(str(due)))
    return found


def stated_of(facts: pd.DataFrame, figures: InForce, zone: str) -> tuple[list[Stated], list[str]]:
    """Return what tables state of each application, and in sentences what they do not.

    Raises
    ------
    DataError
        Somebody has no date of birth or no income.
    """
    income = facts["verified_income_fen"].fillna(facts["declared_income_fen"])
    for name, column in (("birth_date", facts["birth_date"]), ("income", income)):
        if column.isna().any():
            raise DataError(
                f"{name}: {int(column.isna().sum()):,} of {len(facts):,} applicants have none, and "
                "nobody is decided without it. Map the column in the pipeline file "
                "([tables.customers])."
            )
    asked = figures["product.min_score"]
    sources = SourceTerms.of(figures)
    scopes = frozenset({*sources.product, *figures["eligibility.scopes"]})
    scores = facts[list(SCORES)]
    notes = [
        "Tables state no authorisations: who applied is taken to have given those that the product "
        "asks for.",
        "Identity, bank account and register are taken as in order (credit.decide.stated).",
    ]
    assumed = {}
    if asked["name"] != "none" and scores.get(asked["name"], pd.Series(dtype=float)).isna().all():
        assumed = {asked["name"]: asked["least"]}
        notes.insert(
            0, f"Tables state no score {asked['name']}: {asked['least']} is taken for all."
        )
    if facts["dues_fen"].isna().all():
        notes.append("No debts elsewhere fall due in the tables: the burden of debt is 0.")
    rows = [
        _row(row, int(monthly), zone, {**assumed, **_scores(row)}, scopes)
        for row, monthly in zip(facts.to_dict("records"), income, strict=True)
    ]
    return rows, notes


def _scores(row: Mapping[Any, Any]) -> dict[str, int]:
    return {name: int(row[name]) for name in SCORES if pd.notna(row[name])}


def _row(
    row: Mapping[Any, Any], income: int, zone: str, scores: dict[str, int], scopes: frozenset[str]
) -> Stated:
    """Return what tables state of one application."""
    occupation = row["occupation"] if isinstance(row["occupation"], str) else "default"
    evidence = row["income_evidence"]
    shown = isinstance(evidence, str) and evidence != "none"
    return Stated(
        application_id=str(row["application_id"]), instant=int(row["event_time"]),
        birth_date=local_day(int(row["birth_date"]), zone),
        registered_at=int(row["registered_at"]), income_fen=income,
        occupation=OCCUPATIONS.get(occupation, occupation),
        income_evidence=(evidence,) if shown else (), scores=scores, scopes=scopes,
        dues_fen=row["dues_fen"] or (),
    )  # fmt: skip
