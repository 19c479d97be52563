"""What a folder of tables states of a person's application, for a decision about it.

Rows count that were known at the instant of the application, as they do for features.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from credit import policy
from credit.decide.case import Case
from credit.decide.clock import local_day
from credit.decide.stated import Stated, case_of
from credit.engine import Engine
from credit.errors import ArtifactError, ConfigError, DataError, nearest
from credit.features import available, catalogue, chosen
from credit.features.person import of_person
from credit.pipeline.case_file import FromRows, as_json, features_of
from credit.pipeline.declared import last_application
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
        case = case_of(stated_of(engine, application, asked.scores, zone), None)
        if asked.rows is not None:
            found = FromRows(rows=asked.rows, person=asked.person)
            return case, features_of(found, scorer, case.instant)
        return case, {} if scorer is None else _features(engine, application, scorer, rules)


def stated_of(
    engine: Engine, application: Mapping[str, Any], asked: Mapping[str, int], zone: str
) -> Stated:
    """Return what the tables state of an application at its instant.

    A source is authorised where one of its tables is there (`SOURCES`). Of two incomes the proven
    one counts. Scores that products ask for stand in columns of their names; ``asked`` ones count
    before them. Of each loan not paid off, the next instalment is what is due a month.

    Parameters
    ----------
    engine : Engine
    application : mapping
        A row of ``applications``.
    asked : mapping of str to int
        Scores that others give the person, by name.
    zone : str
        Of calendar days.
    """
    instant = int(application["event_time"])
    person = _customer(engine, application["customer_id"])
    income = application.get("verified_income_fen")
    income = person["declared_income_fen"] if income is None else income
    held = set(engine.tables)
    stated = {name: application.get(name) for name in _score_names()}
    return Stated(
        application_id=str(application["application_id"]),
        instant=instant,
        birth_date=local_day(int(person["birth_date"]), zone),
        registered_at=int(person["event_time"]),
        income_fen=int(income),
        occupation=_occupation(person.get("occupation") or "default"),
        assets=_listed(application.get("assets")),
        income_evidence=_listed(application.get("income_evidence")),
        scores={name: int(one) for name, one in stated.items() if one is not None} | dict(asked),
        scopes={source for source, tables in SOURCES.items() if held & set(tables)},
        dues_fen=_dues(engine, application["customer_id"], instant),
    )


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


def _application(engine: Engine, asked: FromTables) -> dict[str, Any]:
    """Return the one application that is meant."""
    _require(engine, "applications")
    rows = _rows(engine, "applications", "customer_id", asked.person)
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


def _customer(engine: Engine, person: Any) -> dict[str, Any]:
    _require(engine, "customers")
    rows = _rows(engine, "customers", "customer_id", str(person))
    if len(rows) != 1:
        raise DataError(
            f"customers: person {str(person)!r} has {len(rows)} rows, and must have one. "
            "`credit check` lists every broken rule."
        )
    for name in ("birth_date", "declared_income_fen"):
        if rows[0].get(name) is None:
            raise DataError(
                f"customers: {name} of person {str(person)!r} is not stated, and nothing can be "
                "decided without it. Add it, or give the case as JSON."
            )
    return rows[0]


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


def _dues(engine: Engine, person: Any, instant: int) -> tuple[int, ...]:
    """Return the next instalment of each loan that is not paid off, as known at an instant."""
    if not {"instalments", "repayments"} <= set(engine.tables):
        return ()
    engine.temporary("asked_person", pd.DataFrame({"customer_id": [person]}))
    known = f"event_time < {instant} and available_at <= {instant}"
    rows = engine.rows(
        f"""
        with paid as (
            select loan_id, number, sum(amount_fen) as paid_fen
            from repayments join asked_person using (customer_id)
            where {known} group by loan_id, number
        ), due as (
            select loan_id, number, due_fen
            from instalments join asked_person using (customer_id)
            where {known} and due_at >= {instant}
        )
        select arg_min(due.due_fen, due.number)
        from due left join paid using (loan_id, number)
        where coalesce(paid_fen, 0) < due_fen
        group by loan_id order by loan_id
        """  # noqa: S608  an integer
    )
    return tuple(int(str(row[0])) for row in rows)


@cache
def _score_names() -> tuple[str, ...]:
    """Return the scores that shipped products ask for."""
    key = "product.min_score"
    rules = [policy.load(name) for name in policy.shipped()]
    asked = [leaf.value["name"] for one in rules for leaf in one.leaves if leaf.key == key]
    return tuple(name for name in dict.fromkeys(asked) if name != "none")


def _occupation(name: str) -> str:
    """Return an occupation as ``limit.occupation`` names it; one that no table knows stays."""
    named: Mapping[str, str] = policy.load("world").at(date.max)["sim.lender.occupation"]
    return named.get(name, name)


def _listed(text: str | None) -> tuple[str, ...]:
    """Return the names in a text, divided by commas; ``none`` is no name."""
    return tuple(name for name in (text or "none").split(", ") if name != "none")


def _require(engine: Engine, table: str) -> None:
    if table not in engine.tables:
        raise DataError(
            f"no table {table!r} among {sorted(engine.tables)}: it says who a person is and when "
            "they applied. Add it, or give the case as JSON."
        )


def _rows(engine: Engine, table: str, column: str, value: str) -> list[dict[str, Any]]:
    """Return the rows of a table in which a key, as text, has a value; nulls are None."""
    engine.temporary("asked_key", pd.DataFrame({"asked": [value]}))
    frame = engine.frame(
        f"select t.* from {table} t join asked_key on cast(t.{column} as varchar) = asked"  # noqa: S608
    )
    return [
        {str(name): None if pd.isna(one) else one for name, one in row.items()}
        for row in frame.to_dict("records")
    ]
