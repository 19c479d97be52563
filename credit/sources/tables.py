"""What reading a data set gives: tables of the data contract, what to know, and features.

Also the few conversions every reader needs, each exact or refused: decimal text to integer
hundredths, dates to microseconds, calendar months.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa

from credit.errors import DataError, SchemaError
from credit.feature import Catalogue, Feature
from credit.schema import SECOND

_MONEY = r"-?\d+(\.\d{1,2})?"
_POWER_OF_TEN = r"-?\d(\.\d{1,15})?e[+-]?\d{1,2}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTables:
    """A published data set in the vocabulary of the data contract.

    Attributes
    ----------
    name : str
        Name of the data set.
    tables : dict of str to DataFrame or Table
        Table of the contract -> its rows. Times are integer microseconds UTC, money integer
        hundredths of the set's currency. ``applications`` carries the facts stated on it as
        further columns.
    stated : Catalogue
        Features that are those facts.
    features : Catalogue
        Features computed from the set's events, and expressions over them.
    audit : tuple of str
        Names in ``stated`` that may be used to audit a model (sex, age) and are kept out of
        models unless a comparison with the literature asks for them.
    special_codes : dict of str to tuple of float
        Feature name -> codes that stand for a state rather than an amount.
    notes : tuple of str
        Everything a user must be told: broken lines, excluded rows with counts, assumptions,
        known traps.
    """

    name: str
    tables: dict[str, pd.DataFrame | pa.Table]
    stated: Catalogue
    features: Catalogue
    audit: tuple[str, ...] = ()
    special_codes: dict[str, tuple[float, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def catalogue(self, *, audit: bool = False) -> Catalogue:
        """Return the stated features, then those from events; audit-only ones if asked for."""
        kept: list[Feature] = [
            feature for feature in self.stated if audit or feature.name not in self.audit
        ]
        return Catalogue((*kept, *self.features))


def read_separated(
    path: Path, *, separator: str = ";", columns: tuple[str, ...] = ()
) -> pd.DataFrame:
    """Read a separated file as text, every cell as it stands; ``columns`` must be there.

    Raises
    ------
    DataError
        If the file cannot be parsed.
    SchemaError
        If a column is missing.
    """
    try:
        frame = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path.name}: not a table separated by {separator!r} ({error}). "
            "Replace it by the published file."
        ) from error
    require_columns(path.name, columns, frame)
    return frame


def require_columns(table: str, columns: tuple[str, ...], frame: pd.DataFrame) -> None:
    """Raise SchemaError if ``frame`` lacks one of ``columns``."""
    missing = set(columns) - set(frame.columns)
    if missing:
        raise SchemaError.missing_columns(table, missing, frame.columns)


def hundredths(texts: pd.Series, *, table: str) -> pd.Series:
    """Return decimal text as integer hundredths, exactly (never through a float).

    Powers of ten are read too (``5e+05``), as some programs write round numbers so.

    Raises
    ------
    SchemaError
        If a cell is not a number with at most two decimals.
    """
    plain = texts.str.fullmatch(_MONEY)
    parts = texts.where(plain, "0").str.partition(".")
    amounts = (parts[0] + parts[2].str.ljust(2, "0")).astype("int64")
    exact = texts[~plain].map(_exact_hundredths)
    if exact.isna().any():
        raise SchemaError.bad_rows(
            table,
            str(texts.name),
            "an amount has at most two decimals",
            int(exact.isna().sum()),
            texts[exact[exact.isna()].index].head(3).tolist(),
        )
    amounts[exact.index] = exact.astype("int64")
    return amounts


def _exact_hundredths(text: str) -> int | None:
    """Return a number written with a power of ten as hundredths, or None if it is not exact."""
    if not re.fullmatch(_POWER_OF_TEN, text):
        return None
    amount = Decimal(text) * 100
    return int(amount) if amount == amount.to_integral_value() else None


def integers(texts: pd.Series, *, table: str) -> pd.Series:
    """Return text as int64, or say which cells are not integers."""
    wrong = ~texts.str.fullmatch(r"-?\d+")
    if wrong.any():
        raise SchemaError.bad_rows(
            table,
            str(texts.name),
            "it is an integer",
            int(wrong.sum()),
            texts[wrong].head(3).tolist(),
        )
    return texts.astype("int64")


def choices(texts: pd.Series, names: dict[str, str], *, table: str) -> pd.Series:
    """Return ``names[text]`` for each cell, or say which cells are not among the names."""
    wrong = ~texts.isin(list(names))
    if wrong.any():
        raise SchemaError.bad_rows(
            table,
            str(texts.name),
            f"it is one of {sorted(names)}",
            int(wrong.sum()),
            texts[wrong].head(3).tolist(),
        )
    return texts.map(names)


def midnight(dates: pd.Series | pd.DatetimeIndex) -> pd.Series:
    """Return dates as microseconds since 1970 at 00:00 UTC."""
    return pd.Series(dates).dt.as_unit("us").astype("int64")


def instant(text: str) -> int:
    """Return an ISO date as microseconds since 1970 at 00:00 UTC.

    >>> instant("1970-01-02")
    86400000000
    """
    return int(pd.Timestamp(text).timestamp()) * SECOND


def months_later(dates: pd.Series, months: int) -> pd.Series:
    """Return dates moved by whole calendar months (31 January + 1 month is 28 February)."""
    return dates + pd.DateOffset(months=months)
