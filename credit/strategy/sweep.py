"""Many strategies beside each other: every cut-off, and figures turned up and down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import numpy as np
import pandas as pd

from credit.decide.money import YUAN
from credit.errors import DataError, PolicyError
from credit.strategy.book import Book
from credit.strategy.economics import PARTS, simulate
from credit.strategy.figures import ALL, by_segment
from credit.strategy.strategy import Strategy

LIMITS = ("limit.base.income_multiple",)
PRICES = ("product.daily_rate.min", "product.daily_rate.max")
"""Leaves that turn all limits, and all prices, up and down."""

DIGITS = 12
"""Decimals of a figure that was multiplied: exact decimal numbers stay such."""

Progress = Callable[[str, float], None]


def silent(_stage: str, _share: float) -> None:
    """Report no progress."""


def cutoffs(book: Book, strategy: Strategy) -> pd.DataFrame:
    """Return what every cut-off means for those against whom nothing else stands.

    Nobody is read by a person: who has at most the threshold is approved, who has more is not.

    Returns
    -------
    DataFrame
        The strictest first; the first row approves nobody. ``threshold`` (NaN there), ``approved``,
        ``approval_rate`` (of all applications), ``expected_bad_rate``, ``drawn, revenue, loss,
        funding, operating, profit`` (yuan); ``known, bads`` (of the approved); ``by_loss``: no
        other cut-off earns as much at less expected loss; ``by_approvals``: none earns as much and
        approves more; ``best``: true in one row, the greatest profit, and the strictest of them.
        What is neither ``by_loss`` nor ``by_approvals`` is off the efficient frontier.
    """
    on = book.days()[1]
    everybody = strategy.changed("decision.cutoff", {"approve": 1.0, "review": 1.0}, on)
    found = simulate(book, everybody)
    rows = np.flatnonzero(found.decided.approved)
    rows = rows[np.argsort(book.probability[rows], kind="stable")]
    stated = book.probability[rows]
    ends = np.flatnonzero(np.append(np.diff(stated) > 0, True)) if rows.size else rows

    def summed(values: np.ndarray) -> np.ndarray:
        return np.append(0.0, np.cumsum(values[rows].astype(np.float64))[ends])

    approved = np.append(0, ends + 1)
    known = ~np.isnan(book.bad)
    table = {
        "threshold": np.append(np.nan, stated[ends]),
        "approved": approved,
        "approval_rate": approved / len(book),
        "expected_bad_rate": summed(book.probability) / np.where(approved > 0, approved, np.nan),
        "drawn": summed(found.earned.drawn_fen) / YUAN,
        **{name: summed(getattr(found.earned, name)) / YUAN for name in PARTS},
        "known": summed(known).astype(np.int64),
        "bads": summed(np.where(known, book.bad, 0)).astype(np.int64),
    }
    profit = table["profit"]
    before = np.maximum.accumulate(profit)
    after = np.maximum.accumulate(profit[::-1])[::-1]
    return pd.DataFrame(table).assign(
        by_loss=np.append(True, profit[1:] > before[:-1]),
        by_approvals=np.append(profit[:-1] > after[1:], True),
        best=np.arange(len(profit)) == int(np.argmax(profit)),
    )


def thinned(table: pd.DataFrame, rows: int) -> pd.DataFrame:
    """Return about so many rows of a table of cut-offs, evenly by position, and always the best."""
    if rows < 2:
        raise DataError(f"rows must be at least 2, got {rows}.")
    kept = np.linspace(0, len(table) - 1, min(rows, len(table))).round().astype(int)
    best = np.flatnonzero(table["best"])
    return table.iloc[np.union1d(kept, best)].reset_index(drop=True)


def times(strategy: Strategy, paths: Sequence[str], factor: float, on: date) -> Strategy:
    """Return a strategy with numbers of its leaves multiplied; what is counted stays whole.

    Raises
    ------
    PolicyError
        There is no such number, or the leaf would break its rule.
    """
    other = strategy
    for path in paths:
        value = strategy.value(path, on)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise PolicyError(f"{path}: {value!r} is no number that could be multiplied.")
        own = round(float(value * factor), DIGITS)
        counted = isinstance(value, int) and (own.is_integer() or strategy.counts(path, on))
        other = other.changed(path, round(own) if counted else own, on)
    return other


def turned(
    book: Book,
    strategy: Strategy,
    paths: Sequence[str],
    factors: Sequence[float],
    progress: Progress = silent,
) -> pd.DataFrame:
    """Return the figures of all applications under each multiple of some leaves.

    Parameters
    ----------
    book : Book
    strategy : Strategy
    paths : sequence of str
        Multiplied together: `LIMITS`, `PRICES`.
    factors : sequence of float
    progress : callable
        Told a stage and the share of it that is done.

    Returns
    -------
    DataFrame
        ``factor`` and the figures of `by_segment` (of all); a rate above the day's cap makes its
        days ``illegal``. Applicants do not react to a limit or a price here.
    """
    on, stage = book.days()[1], f"{paths[0]} up and down"
    lines = []
    for place, factor in enumerate(factors):
        progress(stage, place / len(factors))
        found = by_segment(simulate(book, times(strategy, paths, factor, on)))
        lines.append(found[found["segment"] == ALL].assign(factor=factor))
    progress(stage, 1.0)
    return pd.concat(lines, ignore_index=True)
