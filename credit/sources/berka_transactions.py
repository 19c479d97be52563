"""Berka's transactions: two files, one with Czech and one with English words, as payments."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd

from credit.errors import DataError
from credit.schema import DAY
from credit.sources.tables import choices, hundredths, integers, midnight, require_columns

CUT_FILE = "trans_1993-01_to_1994-03_truncated.asc"
PRE_LOAN_FILE = "trans_preloan_1997_1998.csv"

_TRANSACTION_COLUMNS = (
    "trans_id", "account_id", "date", "type", "operation", "amount", "balance", "k_symbol",
)  # fmt: skip

_DIRECTIONS = {
    "PRIJEM": "in",
    "credit": "in",
    "VYDAJ": "out",
    "VYBER": "out",
    "withdrawal": "out",
    "withdrawal in cash": "out",
}

_OPERATIONS = {
    "": "",
    "VKLAD": "cash",
    "credit in cash": "cash",
    "VYBER": "cash",
    "withdrawal in cash": "cash",
    "PREVOD Z UCTU": "transfer",
    "collection from another bank": "transfer",
    "PREVOD NA UCET": "transfer",
    "remittance to another bank": "transfer",
    "VYBER KARTOU": "card",
    "credit card withdrawal": "card",
}

_PURPOSES = {
    "": "",
    " ": "",
    "UROK": "interest",
    "interest credited": "interest",
    "SLUZBY": "statement_fee",
    "payment for statement": "statement_fee",
    "SIPO": "household",
    "household": "household",
    "POJISTNE": "insurance",
    "insurrance payment": "insurance",
    "SANKC. UROK": "sanction_interest",
    "sanction interest if negative balance": "sanction_interest",
    "DUCHOD": "pension",
    "UVER": "loan",
}


def days(texts: pd.Series) -> pd.Series:
    """Return YYMMDD as dates of the twentieth century."""
    return pd.to_datetime("19" + texts, format="%Y%m%d")


def whole_lines(path: Path, columns: int) -> tuple[str, str]:
    """Split a file into its whole lines and what is left of a line broken off at the end.

    A line is whole when it holds ``columns`` cells and closes its quotes.

    Returns
    -------
    whole, broken : str
        The text to parse, and the broken last line (empty if there is none).

    Raises
    ------
    DataError
        If a line other than the last is broken.
    """
    lines = path.read_text("utf-8").splitlines()
    bad = [
        number
        for number, line in enumerate(lines)
        if line.count(";") != columns - 1 or line.count('"') % 2
    ]
    if not bad:
        return "\n".join(lines), ""
    if bad != [len(lines) - 1]:
        raise DataError(
            f"{path.name}: line {bad[0] + 1} does not hold {columns} cells: {lines[bad[0]]!r}. "
            "Only the last line of this file may be broken; replace it by the published file."
        )
    return "\n".join(lines[:-1]), lines[-1]


def _transactions(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return one transaction file as text cells, with what must be said about it."""
    text, broken = whole_lines(path, columns=10)
    frame = pd.read_csv(io.StringIO(text), sep=";", dtype=str, keep_default_na=False)
    require_columns(path.name, _TRANSACTION_COLUMNS, frame)
    notes = [f"{path.name}: {len(frame):,} transactions read."]
    if broken:
        notes.append(
            f"{path.name}: the last line, {len(frame) + 2:,}, is broken off and left out: "
            f"{broken[:60]!r}. The file was cut at 3 MiB on its last day, of which 98 "
            "transactions are missing."
        )
    return frame.assign(file=path.name), notes


def read_payments(folder: Path, accounts: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return both transaction files as one table of payments, Czech and English alike."""
    read_files = [_transactions(folder / name) for name in (CUT_FILE, PRE_LOAN_FILE)]
    raw = pd.concat([frame for frame, _ in read_files], ignore_index=True)
    notes = [note for _, file_notes in read_files for note in file_notes]
    operation = choices(raw["operation"], _OPERATIONS, table="transactions")
    purpose = choices(raw["k_symbol"], _PURPOSES, table="transactions")
    payments = pd.DataFrame(
        {
            "payment_id": integers(raw["trans_id"], table="transactions"),
            "account_id": raw["account_id"],
            "day": midnight(days(raw["date"])),
            "direction": choices(raw["type"], _DIRECTIONS, table="transactions"),
            "amount_fen": hundredths(raw["amount"], table="transactions"),
            "status": "ok",
            "mcc": pd.array([None] * len(raw), dtype="Int64"),
            "balance_fen": hundredths(raw["balance"], table="transactions"),
            # What it was for, and where the bank does not say, how it was made.
            "purpose": purpose.where(purpose != "", operation.where(operation != "")),
            "file": raw["file"],
        }
    )
    payments["event_time"] = payments["day"] + order_in_day(payments)
    payments["available_at"] = payments.pop("day") + DAY
    owner = accounts.set_index("account_id")["customer_id"]
    payments.insert(1, "customer_id", payments.pop("account_id").map(owner))
    return payments, notes


def order_in_day(payments: pd.DataFrame) -> np.ndarray:
    """Return the position of each transaction within its account's day, from the balances.

    The files give a day but no hour, and neither their order nor the numbers are the order
    of booking. Balances are: of the transactions left, the next is the one whose balance
    before it (``balance - amount``, with the sign of its direction) is nearest to the balance
    reached so far. Positions become microseconds, so "the latest balance" has one meaning.
    """
    after = payments["balance_fen"].to_numpy()
    amount = payments["amount_fen"].to_numpy()
    before = after - np.where(payments["direction"] == "in", amount, -amount)
    account = pd.factorize(payments["account_id"])[0]
    day = payments["day"].to_numpy()
    by_day = np.lexsort((day, account))
    starts = np.flatnonzero(np.diff(account[by_day], prepend=-1) | np.diff(day[by_day], prepend=-1))
    position = np.zeros(len(payments), dtype=np.int64)
    owner, balance = -1, 0
    for left in np.split(by_day, starts[1:]):
        if account[left[0]] != owner:
            owner, balance = account[left[0]], 0
        for place in range(len(left)):
            chosen = np.abs(before[left] - balance).argmin()
            position[left[chosen]] = place
            balance = after[left[chosen]]
            left = np.delete(left, chosen)  # noqa: PLW2901 - what remains of the day
    return position
