"""The loan book behind the applications: how loans age, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from credit.engine import Engine
from credit.evaluate import lateness, yearly_rates

NEEDED = ("loans", "instalments", "repayments")
"""Tables a loan book is read from."""

MOST_LOANS = 200_000
"""Loans that are followed, the latest drawn: the panel has a row a loan and month."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Book:
    """Loans of the applications.

    Attributes
    ----------
    loans : DataFrame
        ``loan_id, application_id, event_time, yearly_rate``, one row a loan.
    panel : DataFrame
        What `credit.evaluate.lateness` returns of them.
    left_out : int
        Loans of applications drawn too early to be among the latest `MOST_LOANS`.
    """

    loans: pd.DataFrame
    panel: pd.DataFrame
    left_out: int


def loan_book(engine: Engine, observed_until: int, *, months: int = 24) -> Book | None:
    """Return the loans that applications asked for; None where the tables hold none.

    Earlier loans, that belong to no application, are the person's record and not this book.
    """
    if not set(NEEDED) <= set(engine.tables) or "application_id" not in engine.columns("loans"):
        return None
    chosen = (
        "SELECT loan_id, application_id, event_time, principal_fen FROM loans "
        f"WHERE application_id IS NOT NULL AND event_time <= {int(observed_until)}"
    )
    drawn = engine.frame(f"{chosen} ORDER BY event_time DESC, loan_id LIMIT {MOST_LOANS}")
    if drawn.empty:
        return None
    total = int(str(engine.rows(f"SELECT count(*) FROM ({chosen})")[0][0]))
    from_then = int(drawn["event_time"].min())
    of_them = f"loan_id IN (SELECT loan_id FROM ({chosen}) WHERE event_time >= {from_then})"
    instalments = engine.frame(
        f"SELECT loan_id, number, due_at, due_fen FROM instalments WHERE {of_them}"
    )
    repayments = engine.frame(
        f"SELECT loan_id, number, event_time, amount_fen FROM repayments WHERE {of_them}"
    )
    followed = drawn[drawn["loan_id"].isin(instalments["loan_id"])].reset_index(drop=True)
    if followed.empty:
        return None
    instalments = instalments[instalments["loan_id"].isin(followed["loan_id"])]
    panel = lateness(
        followed, instalments, repayments,
        observed_until=observed_until, zone=engine.zone, months=months,
    )  # fmt: skip
    priced = followed.assign(yearly_rate=yearly_rates(followed, instalments))
    return Book(
        loans=priced.drop(columns="principal_fen"), panel=panel, left_out=total - len(drawn)
    )
