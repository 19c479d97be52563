"""How loans age: lateness month by month on book, cohorts side by side, and who rolls forward.

Everything starts from one frame, a row a loan and month on book, which :func:`lateness` makes of
schedules and repayments; a user's own monthly records with the same columns do as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

import numpy as np
import pandas as pd

from credit.errors import DataError
from credit.evaluate.inputs import FloatArray, IntArray
from credit.evaluate.intervals import jeffreys

DAY = 86_400_000_000
NEVER = np.iinfo(np.int64).max // 4

CLOSED = "closed"
"""State of a loan whose instalments are all paid."""


def lateness(
    loans: pd.DataFrame,
    instalments: pd.DataFrame,
    repayments: pd.DataFrame,
    *,
    observed_until: int | datetime,
    zone: str,
    months: int = 24,
) -> pd.DataFrame:
    """Return how late every loan was at the end of each of its months on book.

    Month k ends k calendar months after the loan was drawn. At an instant t an instalment with
    ``due_at <= t`` is ``floor((t - due_at) / 24 h)`` days past due unless the repayments made on
    it before t add up to ``due_fen``: the definition of `credit.dataset.DaysPastDue`. Instants are
    datetimes (without a zone: UTC) or microseconds UTC.

    Parameters
    ----------
    loans : DataFrame
        ``loan_id, event_time`` (when it was drawn).
    instalments : DataFrame
        ``loan_id, number, due_at, due_fen``.
    repayments : DataFrame
        ``loan_id, number, event_time, amount_fen``.
    observed_until : int or datetime
        The instant up to which the tables tell everything.
    zone : str
        Where a month is a calendar month, such as ``Asia/Shanghai``.
    months : int
        Most months on book.

    Returns
    -------
    DataFrame
        ``loan_id, cohort`` (month drawn, ``YYYY-MM``), ``month_on_book`` (from 0, the drawing,
        to the last that ended by ``observed_until``), ``days_past_due`` (of the latest
        instalment; 0 when none is due, NaN once the loan is closed) and ``worst`` (greatest
        days past due up to then). Sorted by loan and month.

    Raises
    ------
    DataError
        For a missing column, a repeated loan, a loan without instalments, or instalments of
        unknown loans.
    """
    _need("loans", loans, ("loan_id", "event_time"))
    _need("instalments", instalments, ("loan_id", "number", "due_at", "due_fen"))
    _need("repayments", repayments, ("loan_id", "number", "event_time", "amount_fen"))
    order = pd.Index(loans["loan_id"])
    if not order.is_unique:
        raise DataError(
            f"loans: {int(order.duplicated().sum())} loan_id(s) repeat. One row a loan."
        )
    place = order.get_indexer(pd.Index(instalments["loan_id"]))
    counts = np.bincount(place[place >= 0], minlength=len(order))
    if (place < 0).any() or (counts == 0).any():
        raise DataError(
            f"instalments: {int((place < 0).sum())} belong to no loan and "
            f"{int((counts == 0).sum())} loan(s) have none. Pass schedules and loans of one book."
        )
    rank = np.argsort(place, kind="stable")
    starts = np.concatenate([[0], counts.cumsum()[:-1]])
    due = _instants(instalments["due_at"])[rank]
    paid = _paid_at(instalments, repayments)[rank]
    until = _instants(pd.Series([observed_until]))[0]
    drawn = pd.to_datetime(_instants(loans["event_time"]), unit="us", utc=True).tz_convert(zone)
    last_paid = np.maximum.reduceat(paid, starts)
    parts = []
    for month in range(months + 1):
        end = _instants(pd.Series(drawn + pd.DateOffset(months=month)))
        seen = end <= until
        if not seen.any():
            break
        now = end[place[rank]]
        open_days = np.where(paid >= now, (now - due) // DAY, 0)
        ever_days = (np.minimum(now, paid) - due) // DAY
        days = np.maximum.reduceat(np.maximum(open_days, 0), starts).astype(np.float64)
        worst = np.maximum.reduceat(np.maximum(ever_days, 0), starts)
        days[last_paid < end] = np.nan
        parts.append(
            pd.DataFrame(
                {
                    "loan_id": order.to_numpy(),
                    "cohort": drawn.strftime("%Y-%m"),
                    "month_on_book": month,
                    "days_past_due": days,
                    "worst": worst,
                }
            )[seen]
        )
    if not parts:
        raise DataError("observed_until lies before every loan was drawn; nothing was observed.")
    panel = pd.concat(parts, ignore_index=True)
    return panel.sort_values(["loan_id", "month_on_book"], kind="stable", ignore_index=True)


def _paid_at(instalments: pd.DataFrame, repayments: pd.DataFrame) -> IntArray:
    """Return when repayments first add up to what is due; NEVER where they do not."""
    key = ["loan_id", "number"]
    ordered = repayments[[*key, "amount_fen"]].assign(at=_instants(repayments["event_time"]))
    ordered = ordered.sort_values("at")
    ordered["paid_fen"] = ordered.groupby(key)["amount_fen"].cumsum()
    due = instalments[[*key, "due_fen"]].reset_index(drop=True).reset_index(names="row")
    joined = due.merge(ordered, on=key)
    reached = joined[joined["paid_fen"] >= joined["due_fen"]].groupby("row")["at"].min()
    paid = np.full(len(due), NEVER)
    paid[reached.index.to_numpy()] = reached.to_numpy(np.int64)
    # Nothing due is nothing owed.
    paid[due["due_fen"].to_numpy() <= 0] = -NEVER
    return paid


def _instants(times: pd.Series) -> IntArray:
    """Return instants as microseconds UTC."""
    if pd.api.types.is_integer_dtype(times):
        return times.to_numpy(np.int64)
    moments = pd.to_datetime(times, utc=True).dt.tz_localize(None)
    return moments.to_numpy("datetime64[us]").astype(np.int64)


def vintage_table(panel: pd.DataFrame, *, days: int = 90) -> pd.DataFrame:
    """Return the cumulative bad rate of each cohort by months on book.

    A loan is bad from the month in which it was first ``days`` past due. A month stands in the
    table only where every loan of the cohort has been observed to its end, so that a curve never
    mixes younger loans in.

    Parameters
    ----------
    panel : DataFrame
        ``loan_id, cohort, month_on_book, worst``, as :func:`lateness` returns; every loan has its
        month 0.
    days : int
        Days past due that make a loan bad.

    Returns
    -------
    DataFrame
        ``cohort, month_on_book, loans, bads, rate, rate_low, rate_high`` (Jeffreys, 95 %).
    """
    _need("panel", panel, ("loan_id", "cohort", "month_on_book", "worst"))
    if days < 1:
        raise DataError(f"days must be at least 1, got {days}.")
    bad = panel["worst"] >= days
    grouped = panel.assign(bad=bad).groupby(["cohort", "month_on_book"], sort=True)
    table = grouped.agg(loans=("bad", "size"), bads=("bad", "sum")).reset_index()
    size = panel.groupby("cohort")["loan_id"].nunique()
    whole = table["loans"] == table["cohort"].map(size)
    table = table[whole & (table["month_on_book"] > 0)].reset_index(drop=True)
    table["rate"] = table["bads"] / table["loans"]
    table["rate_low"], table["rate_high"] = _bounds(table["bads"], table["loans"])
    return table


def roll_rates(panel: pd.DataFrame, *, buckets: Sequence[int] = (1, 30, 60, 90)) -> pd.DataFrame:
    """Return the matrix of moves between buckets of days past due, month to month.

    Parameters
    ----------
    panel : DataFrame
        ``loan_id, month_on_book, days_past_due`` (NaN: closed), months without gaps.
    buckets : sequence of int
        Lower ends of the late buckets, ascending; below the first a loan is current.

    Returns
    -------
    DataFrame
        ``origin, target, loans, share, share_low, share_high``: of the loan-months in ``origin``,
        the share in ``target`` a month later; every pair of states has a row, the least late
        first and closed last. Shares of an origin sum to 1; one without loan-months has NaN.
        The bounds (Jeffreys, 95 %) take loan-months as independent, which months of one loan
        are not: they are the least the uncertainty can be.

    Raises
    ------
    DataError
        For buckets that do not ascend from 1 or more, a repeated month or a gap.
    """
    _need("panel", panel, ("loan_id", "month_on_book", "days_past_due"))
    ends = np.array(buckets, dtype=np.float64)
    if not len(ends) or ends[0] < 1 or (np.diff(ends) <= 0).any():
        raise DataError(f"buckets must ascend from 1 or more days, got {list(buckets)}.")
    ordered = panel.sort_values(["loan_id", "month_on_book"], kind="stable")
    days = ordered["days_past_due"].to_numpy(np.float64)
    state = np.where(np.isnan(days), len(ends) + 1, np.searchsorted(ends, days, side="right"))
    same = (ordered["loan_id"] == ordered["loan_id"].shift(-1)).to_numpy()[:-1]
    step = np.diff(ordered["month_on_book"].to_numpy(np.int64))
    if (same & (step != 1)).any():
        raise DataError(
            f"panel: {int((same & (step != 1)).sum())} step(s) of a loan are not one month. A "
            "month on book occurs once a loan, without gaps."
        )
    # At the drawing nothing is due yet: a loan moves from its first month on.
    moved = same & (ordered["month_on_book"].to_numpy()[:-1] > 0)
    names = [*_bucket_names([int(end) for end in ends]), CLOSED]
    size = len(names)
    cells = np.bincount(state[:-1][moved] * size + state[1:][moved], minlength=size**2)
    matrix = cells.reshape(size, size)[:-1]
    total = matrix.sum(axis=1, keepdims=True)
    low, high = _bounds(matrix.ravel(), np.repeat(total, size))
    empty = np.repeat(total == 0, size)
    share = matrix.ravel() / np.where(empty, np.nan, np.repeat(total, size))
    return pd.DataFrame(
        {
            "origin": np.repeat(names[:-1], size),
            "target": np.tile(names, size - 1),
            "loans": matrix.ravel(),
            "share": share,
            "share_low": np.where(empty, np.nan, low),
            "share_high": np.where(empty, np.nan, high),
        }
    )


def _bucket_names(ends: list[int]) -> list[str]:
    """Return current, the ranges between the ends, and the open one."""
    ranges = [f"{low}-{high - 1}" if high - low > 1 else str(low) for low, high in pairwise(ends)]
    return ["current", *ranges, f"{ends[-1]}+"]


def _bounds(some: object, of: object) -> tuple[FloatArray, FloatArray]:
    count, total = np.asarray(some, np.float64), np.asarray(of, np.float64)
    if not len(count):
        return count, count
    return jeffreys(count, total - count)


def _need(name: str, frame: pd.DataFrame, columns: tuple[str, ...]) -> None:
    missing = [column for column in columns if column not in frame.columns]
    if missing or frame.empty:
        raise DataError(
            f"{name}: no column {missing}." if missing else f"{name} has no rows; it must have one."
        )
