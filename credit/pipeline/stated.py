"""One person of a folder of tables: the case of an application, and the features of its instant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from credit import policy
from credit.decide.case import Case
from credit.decide.stated import case_of
from credit.engine import Engine
from credit.errors import ArtifactError, ConfigError, DataError, nearest
from credit.features import available, catalogue, chosen
from credit.features.person import of_person
from credit.pipeline.case_file import FromRows, as_json, features_of
from credit.pipeline.declared import last_application
from credit.pipeline.facts import facts_of, stated_of
from credit.pipeline.tables import Progress, add_categories, columns_of, named_steps, silent
from credit.policy import Policy
from credit.runtime import Scorer

SOURCES = {
    "basic_id": ("customers",),
    "payments": ("payments",),
    "friend_chain": ("contacts", "transfers"),
    "wealth": ("wealth_positions", "wealth_orders"),
    "credit_record": ("loans", "bureau"),
}
"""Source of data -> tables that are held only of people who authorised it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FromTables:
    """A person of a folder of tables.

    Attributes
    ----------
    tables : Path
    person : str
        The customer_id.
    application : str or None
        The application_id; needed where the person applied more than once.
    scores : mapping of str to int
        Scores that others give the person, by name, where ``applications`` has no such column.
    rows : Path or None
        A file of rows to take the person's features from; they are built where it is None.
    """

    tables: Path
    person: str
    application: str | None = None
    scores: Mapping[str, int] = field(default_factory=dict)
    rows: Path | None = None


def read_person(
    asked: FromTables, scorer: Scorer | None, progress: Progress = silent
) -> tuple[Case, dict[str, Any]]:
    """Return the case of a person's application, and the features that an artifact reads.

    Parameters
    ----------
    asked : FromTables
    scorer : Scorer or None
        Whose features are given as of the application; without one there are none.
    progress : callable

    Raises
    ------
    DataError
        There is no such folder, table, person or application, or it does not state what a
        decision needs; rows are given without a scorer, or not of this application.
    ArtifactError
        The artifact reads a feature that cannot be built from these tables.
    """
    if not asked.tables.is_dir():
        raise DataError(
            f"{asked.tables}: there is no such folder. Name one with a table a file, such as "
            "`credit world generate` makes."
        )
    rules = policy.load("weilidai")
    zone = rules.at(date.max)["calendar.zone"]
    with Engine(zone=zone, progress=named_steps(progress)) as engine:
        add_categories(engine)
        engine.add_directory(asked.tables)
        application = _application(engine, asked)
        [facts] = facts_of(engine, [application["application_id"]]).to_dict("records")
        # A source is authorised where one of its tables is there.
        held = {source for source, tables in SOURCES.items() if {*tables} & {*engine.tables}}
        case = case_of(stated_of(facts, zone, scores=asked.scores, scopes=held), None)
        if asked.rows is not None:
            found = FromRows(rows=asked.rows, person=asked.person)
            return case, features_of(found, scorer, case.instant)
        return case, {} if scorer is None else _features(engine, application, scorer, rules)


def read_scores(texts: Iterable[str]) -> dict[str, int]:
    """Read scores that others give, each as ``NAME=POINTS``.

    >>> read_scores(["wechat_pay=662"])
    {'wechat_pay': 662}
    """
    found = {}
    for text in texts:
        name, _, points = text.partition("=")
        if not name or not points.isdecimal():
            raise ConfigError(f"--score {text!r}: write it as NAME=POINTS, such as wechat_pay=662.")
        found[name] = int(points)
    return found


def _application(engine: Engine, asked: FromTables) -> dict[Any, Any]:
    """Return the one application that is meant."""
    if "applications" not in engine.tables:
        raise DataError(
            f"no table 'applications' among {sorted(engine.tables)}: it says when a person "
            "applied. Add it, or give the case as JSON."
        )
    engine.temporary("asked_person", pd.DataFrame({"asked": [asked.person]}))
    rows = engine.frame(
        "select a.application_id, a.customer_id, a.event_time from applications a "
        "join asked_person on cast(a.customer_id as varchar) = asked order by a.event_time"
    ).to_dict("records")
    if not rows:
        ids = [str(row[0]) for row in engine.rows("select distinct customer_id from applications")]
        raise DataError(
            f"applications: no application of person {asked.person!r} in {asked.tables}."
            f"{nearest(asked.person, ids[:1000])} It holds {len(ids):,} people; give one of them "
            "(customer_id), or a case as JSON."
        )
    names = [str(row["application_id"]) for row in rows]
    if asked.application is None and len(rows) > 1:
        raise DataError(
            f"applications: person {asked.person!r} applied {len(rows)} times. A case is one "
            f"application: say which with --application, of {names}."
        )
    if asked.application is not None and asked.application not in names:
        raise DataError(
            f"applications: no application {asked.application!r} of person {asked.person!r}. "
            f"There are {names}."
        )
    return rows[0 if asked.application is None else names.index(asked.application)]


def _features(
    engine: Engine, application: Mapping[str, Any], scorer: Scorer, rules: Policy
) -> dict[str, Any]:
    """Return the features that an artifact reads, as of the application."""
    built_in = catalogue(rules, last_application(engine))
    offered = available(built_in, columns_of(engine))
    names = [feature.name for feature in scorer.features]
    lacking = sorted(set(names) - set(offered.names))
    if lacking:
        raise ArtifactError(
            f"the artifact reads {len(lacking)} feature(s) that cannot be built from these tables, "
            f"such as {lacking[0]!r}. Take its row from a file with --rows."
        )
    found = of_person(
        engine, chosen(offered, names), application["customer_id"],
        int(application["event_time"]), application_id=application["application_id"],
    )  # fmt: skip
    return as_json(found)
