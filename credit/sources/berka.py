"""Berka: loans of a Czech bank, 1993-98, with a part of the accounts' transactions.

Amounts are crowns (CZK), kept as integer hundredths in the ``_fen`` columns. Dates have no
hour: a transaction happens on its day and is known at the end of that day, so that one dated
on the day of the loan is never visible to it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from credit.errors import SchemaError
from credit.schema import DAY
from credit.sources.berka_features import EVENT_FEATURES, STATED
from credit.sources.berka_transactions import CUT_FILE, PRE_LOAN_FILE, days, read_payments
from credit.sources.tables import (
    SourceTables,
    choices,
    hundredths,
    instant,
    integers,
    midnight,
    months_later,
    read_separated,
)

MONTHS_ON_BOOK = 12
"""Months a loan needs before "no arrears so far" says something."""

DISTRICTS_KNOWN_FROM = "1997-01-01"
"""The district table describes 1996: nobody could know it before this day."""

_FREQUENCIES = {
    "POPLATEK MESICNE": "monthly",
    "POPLATEK TYDNE": "weekly",
    "POPLATEK PO OBRATU": "after_transaction",
}

_DISTRICT = {
    "A4": "district_inhabitants",
    "A10": "district_urban_percent",
    "A11": "district_salary",
    "A12": "district_unemployment_1995",
    "A13": "district_unemployment_1996",
    "A14": "district_entrepreneurs_per_1000",
    "A15": "district_crimes_1995",
    "A16": "district_crimes_1996",
}


def read(directory: Path | str) -> SourceTables:
    """Read the folder of the Berka data set into the data contract.

    ``applications`` are the 682 loans, as of 00:00 UTC of the loan's day. Its column
    ``transactions`` says how much of the account's history is there: ``complete`` (all of it,
    from the file of 1997-98), ``complete_cut_file`` (all of it, from the file cut in March
    1994) or ``partial``; ``transactions_complete`` marks the first. ``customers`` are the
    accounts' owners, with birth date, sex and region for audits.

    Raises
    ------
    DataError, SchemaError
        If a file cannot be read, or a cell is not what the guide says it may be.
    """
    folder = Path(directory)
    owners = _owners(folder)
    accounts = _accounts(folder, owners)
    payments, lines = read_payments(folder, accounts)
    applications, outcomes = _applications(folder, accounts, payments)
    notes = (*lines, *_facts(folder, applications), *_STANDING_NOTES)
    return SourceTables(
        name="berka",
        tables={
            "customers": _customers(folder, accounts),
            "payments": payments.drop(columns="file"),
            "applications": applications,
            "outcomes": outcomes,
        },
        stated=STATED,
        features=EVENT_FEATURES,
        notes=notes,
    )


def _owners(folder: Path) -> pd.DataFrame:
    """Return account_id and the client who owns it (every account has exactly one)."""
    disp = read_separated(folder / "disp.asc", columns=("client_id", "account_id", "type"))
    owners = disp.loc[disp["type"] == "OWNER", ["account_id", "client_id"]]
    if owners["account_id"].duplicated().any():
        twice = owners.loc[owners["account_id"].duplicated(), "account_id"]
        raise SchemaError.bad_rows(
            "disp.asc", "account_id", "an account has one owner", len(twice), twice.tolist()
        )
    return owners


def _accounts(folder: Path, owners: pd.DataFrame) -> pd.DataFrame:
    """Return one row an account: owner, opening day, frequency of statements, district."""
    accounts = read_separated(
        folder / "account.asc", columns=("account_id", "district_id", "frequency", "date")
    )
    accounts["frequency"] = choices(accounts["frequency"], _FREQUENCIES, table="account.asc")
    accounts["account_opened_at"] = midnight(days(accounts.pop("date")))
    accounts = accounts.merge(owners, on="account_id", how="left", validate="one_to_one")
    accounts["customer_id"] = integers(accounts.pop("client_id"), table="disp.asc")
    return accounts


def _customers(folder: Path, accounts: pd.DataFrame) -> pd.DataFrame:
    """Return the owners. A woman's birth number has 50 added to its month."""
    clients = read_separated(folder / "client.asc", columns=("client_id", "birth_number"))
    number = integers(clients["birth_number"], table="client.asc")
    month = number // 100 % 100
    female = month > 50
    born = days((number - 5_000 * female).astype(str).str.zfill(6))
    districts = read_separated(folder / "district.asc", columns=("A1", "A3"))
    customers = pd.DataFrame(
        {
            "customer_id": integers(clients["client_id"], table="client.asc"),
            "segment": pd.array([None] * len(clients), dtype="string"),
            "region": clients["district_id"].map(districts.set_index("A1")["A3"]),
            "birth_date": midnight(born),
            "sex": np.where(female, "female", "male"),
        }
    )
    known = accounts[["customer_id", "account_opened_at"]]
    customers = known.merge(customers, on="customer_id", validate="one_to_one")
    customers.insert(1, "event_time", customers.pop("account_opened_at"))
    customers.insert(2, "available_at", customers["event_time"])
    return customers


def _applications(
    folder: Path, accounts: pd.DataFrame, payments: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the loans as applications, and their outcomes."""
    loans = read_separated(
        folder / "loan.asc",
        columns=("loan_id", "account_id", "date", "amount", "duration", "payments", "status"),
    )
    granted = days(loans["date"])
    rows = loans.merge(accounts, on="account_id", how="left", validate="one_to_one")
    applications = pd.DataFrame(
        {
            "application_id": integers(loans["loan_id"], table="loan.asc"),
            "customer_id": rows["customer_id"],
            "event_time": midnight(granted),
            "available_at": midnight(granted),
            "amount_fen": hundredths(loans["amount"], table="loan.asc"),
            "duration_months": integers(loans["duration"], table="loan.asc"),
            "instalment_fen": hundredths(loans["payments"], table="loan.asc"),
            "statement_frequency": rows["frequency"],
            "account_opened_at": rows["account_opened_at"],
        }
    )
    known = applications["event_time"] >= instant(DISTRICTS_KNOWN_FROM)
    districts = _districts(folder).reindex(rows["district_id"]).reset_index(drop=True)
    applications = applications.join(districts.where(known))
    applications["transactions"] = _coverage(applications, payments)
    applications["transactions_complete"] = applications["transactions"] == "complete"
    status = {"A": "0", "B": "1", "C": "0", "D": "1"}
    outcomes = applications[["application_id"]].assign(
        bad=choices(loans["status"], status, table="loan.asc").astype("Int64"),
        known_at=midnight(months_later(granted, MONTHS_ON_BOOK)),
    )
    return applications, outcomes


def _districts(folder: Path) -> pd.DataFrame:
    """Return the numbers about each district; ``?`` is unknown."""
    districts = read_separated(folder / "district.asc", columns=("A1", *_DISTRICT))
    facts = districts.set_index("A1")[list(_DISTRICT)].rename(columns=_DISTRICT)
    return facts.replace("?", None).astype("float64")


def _coverage(applications: pd.DataFrame, payments: pd.DataFrame) -> pd.Series:
    """Say for each loan how much of the account's earlier history is in the two files."""
    cut = payments["file"] == CUT_FILE
    complete = applications["customer_id"].isin(payments.loc[~cut, "customer_id"])
    last_day = payments.loc[cut, "available_at"].max() - DAY
    early = applications["event_time"] <= last_day
    words = np.select([complete, early], ["complete", "complete_cut_file"], default="partial")
    return pd.Series(words, index=applications.index)


def _facts(folder: Path, applications: pd.DataFrame) -> tuple[str, ...]:
    """Return the notes that carry counts."""
    orders = read_separated(folder / "order.asc", columns=("order_id", "k_symbol"))
    loan_orders = int((orders["k_symbol"] == "UVER").sum())
    count = applications["transactions"].value_counts()
    partial, cut = int(count.get("partial", 0)), int(count.get("complete_cut_file", 0))
    unknown = int((applications["event_time"] < instant(DISTRICTS_KNOWN_FROM)).sum())
    return (
        f"order.asc is left out: {len(orders):,} permanent orders carry no date, and the "
        f"{loan_orders:,} with k_symbol UVER are repayments of the loan itself, written after it.",
        f"All transactions before the loan are there for {int(count.get('complete', 0))} loans "
        f"(transactions_complete, from {PRE_LOAN_FILE}) and for {cut} more from {CUT_FILE} "
        f"(transactions = complete_cut_file). Of {partial} loans they are missing in whole or "
        "in part: their event features say nothing about the person.",
        f"District facts describe 1996 and are null for the {unknown} loans granted before "
        f"{DISTRICTS_KNOWN_FROM}.",
    )


_STANDING_NOTES = (
    "A transaction has a day but no hour: it is known at the end of its day, and one dated on "
    "the day of the loan is not visible to it. Within a day the order is restored from balances.",
    "bad is status B or D at the end of 1998, good is A or C. The status is that of 1998-12, not "
    f"of {MONTHS_ON_BOOK} months on book; known_at is the loan's day + {MONTHS_ON_BOOK} months, so "
    "with observed_until = 1998-12-31 the loans of 1998 (2.5 % bad so far, against 13 to 20 % "
    "in earlier years) count as immature and not as good.",
    "A second user of an account (disp.asc, DISPONENT) has no date and may be later than the "
    "loan: left out. card.asc is not read; a card may be issued after the loan.",
    "Birth date, sex and region of the owner are in customers for audits, not for models.",
)
