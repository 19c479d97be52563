"""What became of an application: good, bad, or not yet to be said.

An outcome is settled at the end of a performance window: a loan whose window has not closed
is *absent*, whatever is already known about it, because the good loans of its cohort cannot
be known yet either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from credit.engine import Engine
from credit.errors import ConfigError, DataError, SchemaError
from credit.schema import DAY

STATUSES = ("good", "bad", "indeterminate", "immature", "no_loan")
"""What can be said of an application at an instant; only the first two are trained on."""


NOT_LENT = ("query_only", "refuse")
"""Outcomes of a decision after which nothing is lent; whoever is in review may yet be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysPastDue:
    """An outcome computed from loans, instalments and repayments.

    An instalment is n days past due at ``due_at`` + n days if the repayments made on it before
    then add up to less than ``due_fen`` (so one paid n days late to the instant was n days past
    due, as in the features of the repayment record). With w the end of the
    performance window, ``within_months`` calendar months after the loan was drawn,

        bad            some instalment of the application's loan is ``days`` past due by w
        indeterminate  not bad, and some instalment is ``indeterminate_from`` past due by w
        good           neither
        immature       w lies after ``observed_until``
        no_loan        the application has no loan

    A day is 24 hours; a month is a calendar month of the engine's zone, and the 31st of a
    shorter month is its last day. Where an application has several loans the worst counts,
    and the latest w.
    """

    days: int = 90
    within_months: int = 12
    indeterminate_from: int = 30

    def __post_init__(self) -> None:
        for name in ("days", "within_months", "indeterminate_from"):
            value = getattr(self, name)
            if value < 1:
                raise ConfigError(f"{name} must be at least 1, got {value}.")
        if self.indeterminate_from > self.days:
            raise ConfigError(
                f"indeterminate_from must be at most days ({self.days}: nothing between good "
                f"and bad), got {self.indeterminate_from}."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An outcome that the source states itself, in the table ``outcomes``.

    ``bad`` is 1, 0 or null (indeterminate). A row whose ``known_at`` lies after
    ``observed_until`` is immature; one without ``known_at`` was settled before the source
    was published, at an unknown time. An application without a row has no loan.
    """


def observed_until(engine: Engine) -> int:
    """Return the latest ``event_time`` among loans, repayments, bureau and applications.

    It is the default wherever one is asked up to when outcomes are known: a source cannot
    vouch for what comes after its own last event. Instants are microseconds UTC.
    """
    tables = [t for t in ("loans", "repayments", "bureau", "applications") if t in engine.tables]
    if not tables:
        raise DataError(
            "no observed_until: there is no table of loans, repayments, bureau or applications "
            "to take the latest event from. State it."
        )
    union = " UNION ALL ".join(f"SELECT max(event_time) AS latest FROM {t}" for t in tables)
    latest = engine.rows(f"SELECT max(latest) FROM ({union})")[0][0]
    if latest is None:
        raise DataError(f"no observed_until: {', '.join(tables)} are empty.")
    return int(str(latest))


def outcomes(
    engine: Engine, definition: DaysPastDue | Given, *, observed_until: int
) -> pd.DataFrame:
    """Return what became of every application.

    Parameters
    ----------
    definition : DaysPastDue or Given
        How an outcome is computed, or that the source states it.
    observed_until : int
        The instant up to which the tables tell everything, microseconds UTC (the function
        of this name gives the latest the tables can vouch for).

    Returns
    -------
    DataFrame
        ``application_id``, ``status`` (of `STATUSES`), ``known_at`` (Int64: the end of the
        performance window; NA without a loan), ordered by application_id.

    Raises
    ------
    SchemaError
        A table or column that the definition needs is absent.
    DataError
        A loan has no instalments, so that it could never be late; or the table of decisions
        refuses an application that has a loan or an outcome.
    """
    if isinstance(definition, Given):
        _need(engine, {"applications": ("application_id",), "outcomes": ("bad",)})
        sql = _GIVEN.format(observed_until=int(observed_until))
    else:
        needed = {
            "applications": ("application_id",), "loans": ("application_id",),
            "instalments": ("due_at",), "repayments": ("amount_fen",),
        }  # fmt: skip
        _need(engine, needed)
        _refuse_unscheduled(engine)
        sql = _DAYS_PAST_DUE.format(
            is_bad=_reaches(definition.days),
            is_doubtful=_reaches(definition.indeterminate_from),
            window_end=_months_after("event_time", definition.within_months, engine.zone),
            observed_until=int(observed_until),
        )
    frame = engine.frame(sql, step="outcomes")
    _refuse_lent_though_refused(engine, frame)
    return frame.astype({"known_at": "Int64"})


_GIVEN = """
SELECT a.application_id,
       CASE WHEN o.application_id IS NULL THEN 'no_loan'
            WHEN o.known_at > {observed_until} THEN 'immature'
            WHEN o.bad IS NULL THEN 'indeterminate'
            WHEN o.bad = 1 THEN 'bad' ELSE 'good' END AS status,
       o.known_at
FROM applications a LEFT JOIN outcomes o USING (application_id)
ORDER BY a.application_id
"""

_DAYS_PAST_DUE = """
WITH running AS (
    -- the default frame of an ordered sum takes in all rows of the same instant
    SELECT loan_id, number, event_time,
           sum(amount_fen) OVER (PARTITION BY loan_id, number ORDER BY event_time) AS paid_fen
    FROM repayments
), settled AS (
    SELECT i.loan_id, i.number, i.due_at, i.due_fen,
           min(r.event_time) FILTER (WHERE r.paid_fen >= i.due_fen) AS paid_at
    FROM instalments i LEFT JOIN running r ON r.loan_id = i.loan_id AND r.number = i.number
    GROUP BY ALL
), windows AS (
    SELECT loan_id, application_id, {window_end} AS window_end
    FROM loans WHERE application_id IS NOT NULL
), worst AS (
    SELECT w.application_id, max(w.window_end) AS window_end,
           bool_or({is_bad}) AS is_bad, bool_or({is_doubtful}) AS is_doubtful
    FROM windows w JOIN settled s USING (loan_id)
    GROUP BY w.application_id
)
SELECT a.application_id,
       CASE WHEN w.application_id IS NULL THEN 'no_loan'
            WHEN w.window_end > {observed_until} THEN 'immature'
            WHEN w.is_bad THEN 'bad'
            WHEN w.is_doubtful THEN 'indeterminate' ELSE 'good' END AS status,
       w.window_end AS known_at
FROM applications a LEFT JOIN worst w USING (application_id)
ORDER BY a.application_id
"""


def _reaches(days: int) -> str:
    """Return SQL: the instalment s is ``days`` past due at some instant of the window w."""
    then = f"s.due_at + {days * DAY}"
    unpaid = f"(s.paid_at IS NULL OR s.paid_at >= {then})"
    return f"s.due_fen > 0 AND {then} <= w.window_end AND {unpaid}"


def _months_after(instant: str, months: int, zone: str) -> str:
    """Return SQL of the same hour and day ``months`` calendar months later, in ``zone``."""
    if zone == "UTC":
        return f"epoch_us(make_timestamp({instant}) + to_months({months}))"
    quoted = "'" + zone.replace("'", "''") + "'"
    local = f"timezone({quoted}, make_timestamptz({instant}))"
    return f"epoch_us(timezone({quoted}, {local} + to_months({months})))"


def _need(engine: Engine, needed: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse an engine without a table or column that an outcome is computed from."""
    for table, columns in needed.items():
        if table not in engine.tables:
            raise SchemaError(
                f"{table}: an outcome needs this table; there are {list(engine.tables)}."
            )
        present = engine.columns(table)
        missing = [column for column in columns if column not in present]
        if missing:
            raise SchemaError.missing_columns(table, missing, present)


def _refuse_unscheduled(engine: Engine) -> None:
    """Refuse loans without instalments: they could never be late, and would all be good."""
    found = engine.frame(
        "SELECT loan_id FROM loans ANTI JOIN instalments USING (loan_id) "
        "WHERE application_id IS NOT NULL ORDER BY loan_id"
    )["loan_id"]
    if len(found):
        raise DataError(
            f"instalments: {len(found)} loan(s) have no instalment, so their outcome cannot be "
            f"computed. Examples: loan_id {', '.join(map(str, found.head(3)))}. Give their "
            "schedule, or leave the loans out."
        )


def _refuse_lent_though_refused(engine: Engine, settled: pd.DataFrame) -> None:
    """Refuse outcomes of applications that, as the lender decided, nothing was lent on."""
    if "decisions" not in engine.tables:
        return
    named = ", ".join(f"'{outcome}'" for outcome in NOT_LENT)
    sql = f"SELECT application_id FROM decisions WHERE outcome IN ({named}) ORDER BY application_id"
    refused = engine.frame(sql)["application_id"]
    both = refused[refused.isin(settled.loc[settled["status"] != "no_loan", "application_id"])]
    if len(both):
        raise DataError(
            f"decisions: {len(both)} application(s) were refused there, and have a loan or an "
            f"outcome all the same, such as application_id {', '.join(map(str, both.head(3)))}. "
            "Give the decision by which they were lent to: 'approve', and random_approval = 1 "
            "where chance overruled a refusal."
        )
