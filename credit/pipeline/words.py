"""How numbers are written for people: one place for digits, intervals and tables of words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True)
class Printed:
    """A table of words, ready to be drawn in a terminal or a page."""

    title: str
    columns: list[str]
    rows: list[list[str]]


def records(table: pd.DataFrame) -> list[Any]:
    """Return a table's rows as named tuples; their cells are what the caller knows them to be."""
    return list(table.itertuples())


def number(value: float | None, digits: int = 4) -> str:
    """Write a number with a fixed count of digits; nothing known is a dash."""
    if value is None or not np.isfinite(value):
        return "-"
    return f"{value:.{digits}f}"


def interval(value: float, low: float | None, high: float | None, digits: int = 4) -> str:
    """Write ``value [low, high]``."""
    if low is None or high is None or not (np.isfinite(low) and np.isfinite(high)):
        return number(value, digits)
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def percent(value: float | None, digits: int = 1) -> str:
    """Write a share as a percentage."""
    if value is None or not np.isfinite(value):
        return "-"
    return f"{100 * value:.{digits}f} %"


def plain(table: Printed) -> str:
    """Write a table as text with aligned columns."""
    lines = [table.columns, *table.rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(table.columns))]
    body = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    return "\n".join([table.title, *body])


def human(name: str) -> str:
    """Turn an internal name into words.

    >>> human("white_collar")
    'White collar'
    """
    text = name.replace("_", " ").strip()
    return text[:1].upper() + text[1:]
