"""Taiwan: credit card clients of one bank, six monthly statements of 2005 and one outcome.

Amounts are New Taiwan dollars, kept as integer hundredths in the ``_fen`` columns. The six
statements of a client become six rows of ``bureau``; a statement is dated on the last day of
its month and known when the month is over.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from credit.schema import DAY
from credit.sources.tables import (
    SourceTables,
    choices,
    hundredths,
    instant,
    integers,
    read_separated,
)
from credit.sources.taiwan_features import AUDIT, EVENT_FEATURES, STATED

AS_OF = "2005-10-01"
"""The statement of September 2005 is known, the payment of October is not."""

OUTCOME_KNOWN = "2005-11-01"

TARGET = "default.payment.next.month"

_STATUS_COLUMNS = ("PAY_0", "PAY_2", "PAY_3", "PAY_4", "PAY_5", "PAY_6")
"""From September (1) back to April 2005 (6); the first is called 0 in the file."""

_MONTH_ENDS = ("2005-09-30", "2005-08-31", "2005-07-31", "2005-06-30", "2005-05-31", "2005-04-30")

_STATUS = {-2: "unused", -1: "paid_in_full", 0: "revolving"}
"""The author's later explanation of the codes; from 1 on a code is the months past due."""

_EDUCATION = {
    "1": "graduate_school",
    "2": "university",
    "3": "high_school",
    "4": "others",
    "0": "undocumented_0",
    "5": "undocumented_5",
    "6": "undocumented_6",
}

_MARRIAGE = {"1": "married", "2": "single", "3": "others", "0": "undocumented_0"}

_SEX = {"1": "male", "2": "female"}

_COLUMNS = (
    "ID", "LIMIT_BAL", "SEX", "EDUCATION", "MARRIAGE", "AGE", *_STATUS_COLUMNS,
    *(f"BILL_AMT{month}" for month in range(1, 7)), *(f"PAY_AMT{month}" for month in range(1, 7)),
    TARGET,
)  # fmt: skip


def read(directory: Path | str) -> SourceTables:
    """Read the folder of the Taiwan data set into the data contract.

    ``applications``: 30,000 clients as of 2005-10-01, with the limit, education, marriage, sex,
    age and, month by month back from September (1) to April (6), ``bill_1_fen`` ..
    ``bill_6_fen`` and ``paid_1_fen`` .. ``paid_6_fen``. ``bureau``: 180,000 statements;
    ``months_past_due`` is the status code from 0 up, ``status`` says what a code up to 0 means
    (``unused`` -2, ``paid_in_full`` -1, ``revolving`` 0) and ``late`` from 1.

    Raises
    ------
    DataError, SchemaError
        If the file cannot be read, or a cell is not what its column may hold.
    """
    path = Path(directory) / "taiwan.csv"
    raw = read_separated(path, separator=",", columns=_COLUMNS)
    applications = _applications(raw)
    outcomes = pd.DataFrame(
        {
            "application_id": applications["application_id"],
            "bad": choices(raw[TARGET], {"0": "0", "1": "1"}, table=path.name).astype("Int64"),
            "known_at": instant(OUTCOME_KNOWN),
        }
    )
    return SourceTables(
        name="taiwan",
        tables={
            "applications": applications,
            "bureau": _bureau(raw, applications),
            "outcomes": outcomes,
        },
        stated=STATED,
        features=EVENT_FEATURES,
        audit=AUDIT,
        notes=_notes(applications),
    )


def _applications(raw: pd.DataFrame) -> pd.DataFrame:
    """Return one row a client with what is stated about it."""
    table = "taiwan.csv"
    client = integers(raw["ID"], table=table)
    return pd.DataFrame(
        {
            "application_id": client,
            "customer_id": client,
            "event_time": instant(AS_OF),
            "available_at": instant(AS_OF),
            "limit_fen": hundredths(raw["LIMIT_BAL"], table=table),
            "education": choices(raw["EDUCATION"], _EDUCATION, table=table),
            "marriage": choices(raw["MARRIAGE"], _MARRIAGE, table=table),
            "sex": choices(raw["SEX"], _SEX, table=table),
            "age_years": integers(raw["AGE"], table=table),
            **{
                f"bill_{month}_fen": hundredths(raw[f"BILL_AMT{month}"], table=table)
                for month in range(1, 7)
            },
            **{
                f"paid_{month}_fen": hundredths(raw[f"PAY_AMT{month}"], table=table)
                for month in range(1, 7)
            },
        }
    )


def _bureau(raw: pd.DataFrame, applications: pd.DataFrame) -> pd.DataFrame:
    """Return one row a client and month, April to September 2005."""
    months = []
    for number, (column, end) in enumerate(zip(_STATUS_COLUMNS, _MONTH_ENDS, strict=True), 1):
        code = integers(raw[column], table="taiwan.csv")
        months.append(
            pd.DataFrame(
                {
                    "customer_id": applications["customer_id"],
                    "account_id": applications["customer_id"],
                    "event_time": instant(end),
                    "available_at": instant(end) + DAY,
                    "months_past_due": code.clip(lower=0).astype("float64"),
                    "balance_fen": applications[f"bill_{number}_fen"],
                    "limit_fen": applications["limit_fen"],
                    "paid_fen": applications[f"paid_{number}_fen"],
                    "status": np.where(code > 0, "late", code.map(_STATUS)),
                }
            )
        )
    bureau = pd.concat(months[::-1], ignore_index=True)
    return bureau.sort_values(["customer_id", "event_time"], ignore_index=True)


def _notes(applications: pd.DataFrame) -> tuple[str, ...]:
    """Return what a user must be told, with counts."""
    odd = applications["education"].str.startswith("undocumented").sum()
    single = applications["marriage"].str.startswith("undocumented").sum()
    credit = (applications[[f"bill_{month}_fen" for month in range(1, 7)]] < 0).any(axis=1).sum()
    return (
        "One client is one application as of 2005-10-01; the outcome is default in October 2005, "
        "known at its end. All rows share one instant: there is no out-of-time test in this set.",
        f"EDUCATION 0, 5, 6 ({odd:,} clients) and MARRIAGE 0 ({single:,}) are not documented; "
        "they are kept as categories of their own.",
        "PAY codes -2 and 0 are not in the documentation of the file; they are read as unused "
        "and revolving, as their author explained later.",
        f"{credit:,} clients have a month with a negative bill (they overpaid); it is kept.",
        "Sex and age are for audits; they enter a model only if asked for (comparison with the "
        "literature).",
    )
