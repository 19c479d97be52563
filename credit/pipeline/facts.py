"""What tables state of applications, for a decision about each: of one person or of a book.

Rows count that were known at the instant of the application, as they do for features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from credit import policy
from credit.decide.clock import local_day
from credit.decide.stated import OCCUPATIONS, Stated
from credit.engine import Engine
from credit.errors import DataError

ASKED = "asked_applications"

_OF_CUSTOMERS = ("segment", "occupation", "birth_date", "declared_income_fen")
_OF_APPLICATIONS = ("amount_fen", "income_evidence", "verified_income_fen", "assets")


def facts_of(engine: Engine, applications: Sequence[Any]) -> pd.DataFrame:
    """Return what the tables state of some applications, a row each, in their order.

    Parameters
    ----------
    engine : Engine
        Holds ``customers`` and ``applications``; debts are read where ``instalments`` are there.
    applications : sequence
        Keys of ``applications``.

    Returns
    -------
    DataFrame
        ``application_id, customer_id, event_time, registered_at``; ``income_fen``, a month: the
        proven one before the declared one; ``dues_fen``, a tuple: of each loan that is not paid
        off, as known at the instant, the next instalment (None where there is no such table);
        every column of both tables that decisions read, null where they lack it.

    Raises
    ------
    DataError
        A table or an application is missing, a person has not one row, or a birth date or an
        income is not stated: nothing can be decided without it.
    """
    for name in ("customers", "applications"):
        if name not in engine.tables:
            raise DataError(
                f"no table {name!r} among {sorted(engine.tables)}: it says who a person is and "
                "when they applied. Add it, or give the case as JSON."
            )
    places = pd.DataFrame({"application_id": applications, "place": np.arange(len(applications))})
    engine.temporary(ASKED, places)
    found = engine.frame(_query(engine)).sort_values("place").reset_index(drop=True)
    _refuse_lost(found, len(applications))
    income = found["verified_income_fen"].fillna(found["declared_income_fen"])
    found = found.assign(income_fen=income)
    for name in ("birth_date", "income_fen"):
        _refuse_unknown(found, name)
    dues = _dues(engine)
    owed = [None if dues is None else dues.get(place, ()) for place in range(len(found))]
    return found.assign(dues_fen=pd.Series(owed, dtype=object))


def stated_of(
    row: Mapping[Any, Any], zone: str, *, scores: Mapping[str, int], scopes: Set[str]
) -> Stated:
    """Return what a row of `facts_of` states.

    Parameters
    ----------
    row : mapping
    zone : str
        Of calendar days.
    scores : mapping of str to int
        Scores that others give; they count before those of the row.
    scopes : set of str
        Sources authorised: tables do not say.
    """
    occupation = row["occupation"] if isinstance(row["occupation"], str) else "default"
    own = {name: int(row[name]) for name in score_names() if pd.notna(row[name])}
    return Stated(
        application_id=str(row["application_id"]),
        instant=int(row["event_time"]),
        birth_date=local_day(int(row["birth_date"]), zone),
        registered_at=int(row["registered_at"]),
        income_fen=int(row["income_fen"]),
        occupation=OCCUPATIONS.get(occupation, occupation),
        assets=_listed(row["assets"]),
        income_evidence=_listed(row["income_evidence"]),
        scores={**own, **scores},
        scopes=scopes,
        dues_fen=row["dues_fen"] or (),
    )


@cache
def score_names() -> tuple[str, ...]:
    """Return the scores that shipped products ask for: columns that ``applications`` may have."""
    key = "product.min_score"
    rules = [policy.load(name) for name in policy.shipped()]
    asked = [leaf.value["name"] for one in rules for leaf in one.leaves if leaf.key == key]
    return tuple(name for name in dict.fromkeys(asked) if name != "none")


def _query(engine: Engine) -> str:
    optional = {"c": _OF_CUSTOMERS, "a": (*_OF_APPLICATIONS, *score_names())}
    named = {"c": set(engine.columns("customers")), "a": set(engine.columns("applications"))}
    columns = ", ".join(
        f"{table}.{name}" if name in named[table] else f"null as {name}"
        for table, names in optional.items()
        for name in names
    )
    return (
        f"select r.place, a.application_id, a.customer_id, a.event_time, "
        f"c.event_time as registered_at, {columns} from {ASKED} r "
        "join applications a using (application_id) join customers c using (customer_id)"
    )


def _dues(engine: Engine) -> dict[int, tuple[int, ...]] | None:
    """Return the next instalment of each loan that is not paid off, by place of the application."""
    if "instalments" not in engine.tables:
        return None
    known = "{0}.event_time < s.event_time and {0}.available_at <= s.event_time"
    paid = "select 0 as place, 0 as loan_id, 0 as number, 0 as paid_fen where false"
    if "repayments" in engine.tables:
        paid = (
            "select s.place, p.loan_id, p.number, sum(p.amount_fen) as paid_fen "
            f"from spine s join repayments p on p.customer_id = s.customer_id "
            f"and {known.format('p')} group by s.place, p.loan_id, p.number"
        )
    found: dict[int, tuple[int, ...]] = {}
    for place, due in engine.rows(
        f"""
        with spine as (
            select r.place, a.customer_id, a.event_time
            from {ASKED} r join applications a using (application_id)
        ), paid as ({paid}), due as (
            select s.place, i.loan_id, i.number, i.due_fen
            from spine s join instalments i on i.customer_id = s.customer_id
                and {known.format("i")} and i.due_at >= s.event_time
        )
        select place, arg_min(due_fen, number)
        from due left join paid using (place, loan_id, number)
        where coalesce(paid_fen, 0) < due_fen
        group by place, loan_id order by place, loan_id
        """
    ):
        at = int(str(place))
        found[at] = (*found.get(at, ()), int(str(due)))
    return found


def _refuse_lost(found: pd.DataFrame, count: int) -> None:
    times = np.bincount(found["place"], minlength=count)
    lost, twice = int((times == 0).sum()), int((times > 1).sum())
    if lost:
        raise DataError(
            f"applications: {lost:,} of {count:,} are not in the tables, or their person is not "
            "among customers. Name the folder in which they are."
        )
    if twice:
        person = found.loc[found["place"] == int(np.argmax(times)), "customer_id"].iloc[0]
        raise DataError(
            f"customers: {twice:,} person(s) have more than one row, the first is "
            f"{str(person)!r}. `credit check` lists every broken rule."
        )


def _refuse_unknown(found: pd.DataFrame, name: str) -> None:
    unknown = found.loc[found[name].isna(), "customer_id"]
    if len(unknown):
        raise DataError(
            f"customers: {name.removesuffix('_fen')} of person {str(unknown.iloc[0])!r} is not "
            f"stated, nor of {len(unknown) - 1:,} other(s), and nothing can be decided without it. "
            "Add the column, map it in the pipeline file ([tables.customers]), or give the case "
            "as JSON."
        )


def _listed(text: object) -> tuple[str, ...]:
    """Return the names in a text, divided by commas; ``none`` is no name."""
    names = text.split(", ") if isinstance(text, str) else []
    return tuple(name for name in names if name != "none")
