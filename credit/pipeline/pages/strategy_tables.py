"""Tables of strategies, as a terminal and a page show them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from credit.pipeline.strategy import Answered
from credit.pipeline.words import Printed, human, interval, percent, records
from credit.strategy import ALL, READINGS, thinned

SHOWN = 12
"""Cut-offs that are listed."""


def yuan(value: float) -> str:
    """Write an amount of yuan without fen; nothing known is a dash."""
    return "-" if not np.isfinite(value) else f"{value:,.0f}"


def tables(found: Answered) -> list[Printed]:
    """Return what a terminal shows: figures, rivals, the cap, and sources."""
    return [
        segments_table(found.segments), earned_table(found.segments), rivals_table(found),
        law_table(found), sources_table(found),
    ]  # fmt: skip


def segments_table(table: pd.DataFrame) -> Printed:
    """Return who each strategy lends to, by segment."""
    return Printed(
        "who is lent to",
        ["strategy", "segment", "approved", "review", "limit", "PD", "bad, as it came", "profit"],
        [
            [
                row.strategy, row.segment, f"{row.approve:,} of {row.applications:,}",
                percent(row.review / row.applications), yuan(row.mean_limit),
                percent(row.expected_bad_rate, 2),
                _rate(row.bad_rate, row.bad_rate_low, row.bad_rate_high), yuan(row.profit),
            ]
            for row in records(table)
        ],
    )  # fmt: skip


def earned_table(table: pd.DataFrame) -> Printed:
    """Return what each strategy earns, by segment."""
    return Printed(
        "what is earned, yuan (profit and return: the lender's own)",
        ["strategy", "segment", "drawn", "exposure", "interest", "loss", "funding", "operating",
         "profit", "a year"],
        [
            [
                row.strategy, row.segment, yuan(row.drawn), yuan(row.exposure), yuan(row.revenue),
                yuan(row.loss), yuan(row.funding), yuan(row.operating), yuan(row.profit),
                percent(row.yearly_return, 2),
            ]
            for row in records(table)
        ],
    )  # fmt: skip


def grounds_table(table: pd.DataFrame) -> Printed:
    """Return what stands against whom; one person may have several grounds."""
    grounds = [name for name in table.columns if name.startswith("against_")]
    outcomes = ["approve", "review", "query_only", "refuse", "illegal"]
    return Printed(
        "decisions, and against how many each ground stands",
        ["strategy", "segment", *map(human, outcomes),
         *(name.removeprefix("against_") for name in grounds)],
        [
            [str(row["strategy"]), str(row["segment"]),
             *(f"{row[name]:,}" for name in (*outcomes, *grounds))]
            for row in table.to_dict("records")
        ],
    )  # fmt: skip


def rivals_table(found: Answered) -> Printed:
    """Return champion and challenger, and their difference with its interval."""
    rows = []
    for row in records(found.compared):
        if row.figure == "profit":
            known = np.isfinite(row.low)
            ends = f" [{yuan(row.low)}, {yuan(row.high)}]" if known else ""
            cells = [yuan(row.champion), yuan(row.challenger), yuan(row.difference) + ends]
        else:
            points = [100 * value for value in (row.difference, row.low, row.high)]
            cells = [
                percent(row.champion, 2),
                percent(row.challenger, 2),
                interval(points[0], points[1], points[2], 2),
            ]
        rows.append([human(row.figure), *cells])
    title = f"{found.challenger.strategy.name} against {found.champion.strategy.name}"
    return Printed(
        f"{title} (difference in yuan or percentage points, 95 %)",
        ["", "champion", "challenger", "difference"], rows,
    )  # fmt: skip


def swaps_table(table: pd.DataFrame) -> Printed:
    """Return who changes sides."""
    return Printed(
        "who changes sides",
        ["", "applications", "share", "PD", "known", "bad", "profit before", "profit after"],
        [
            [
                row.decision, f"{row.rows:,}", percent(row.share),
                percent(row.expected_bad_rate, 2), f"{row.known:,}", f"{row.bads:,}",
                yuan(row.profit_champion), yuan(row.profit_challenger),
            ]
            for row in records(table)
        ],
    )  # fmt: skip


def frontier_table(table: pd.DataFrame) -> Printed:
    """Return some cut-offs of the frontier, the best among them."""
    return Printed(
        "cut-offs",
        ["approve up to", "approved", "PD", "known", "bad", "expected loss", "profit", ""],
        [
            [
                percent(row.threshold, 2), percent(row.approval_rate),
                percent(row.expected_bad_rate, 2), f"{row.known:,}", f"{row.bads:,}",
                yuan(row.loss), yuan(row.profit), "best" if row.best else _beaten(row),
            ]
            for row in records(thinned(table, SHOWN))
        ],
    )  # fmt: skip


def _beaten(row: Any) -> str:
    return "" if row.by_loss or row.by_approvals else "beaten"


def turned_table(title: str, table: pd.DataFrame) -> Printed:
    """Return figures under multiples of a leaf."""
    return Printed(
        title,
        ["times", "approved", "not allowed", "limit", "drawn", "interest", "loss", "profit",
         "a year"],
        [
            [
                f"{row.factor:g}", f"{row.approve:,}", f"{row.illegal:,}", yuan(row.mean_limit),
                yuan(row.drawn), yuan(row.revenue), yuan(row.loss), yuan(row.profit),
                percent(row.yearly_return, 2),
            ]
            for row in records(table)
        ],
    )  # fmt: skip


def prices_table(table: pd.DataFrame) -> Printed:
    """Return each price and whether the law allows it."""
    return Printed(
        "prices on the book's last day",
        ["grade", "a day", "a year", "true cost", "cap", "allowed", "approved", "profit"],
        [
            [
                row.grade, f"{row.daily_rate:.4%}", percent(row.annual_rate, 2),
                percent(row.cost, 2), percent(row.cap, 0), "yes" if row.allowed else "no",
                f"{row.approved:,}", yuan(row.profit),
            ]
            for row in records(table)
        ],
    )  # fmt: skip


def law_table(found: Answered) -> Printed:
    """Return what a lower cap leaves of each grade."""
    capped = found.capped
    readings = [name for name in READINGS if name in capped.results]
    lines = [
        [
            row["grade"], f"{row['daily_rate']:.4%}", "yes" if row["allowed"] else "no",
            "-" if np.isnan(row["daily_rate_capped"]) else f"{row['daily_rate_capped']:.4%}",
            *(f"{row[f'approved: {one}']:,} / {yuan(row[f'profit: {one}'])}" for one in readings),
        ]
        for row in capped.grades.to_dict("records")
    ]  # fmt: skip
    lines.append(
        [
            ALL, "", "", "",
            *(
                f"{capped.grades[f'approved: {one}'].sum():,} / "
                f"{yuan(capped.grades[f'profit: {one}'].sum())}"
                for one in readings
            ),
        ]
    )  # fmt: skip
    title = f"a cap of {float(capped.cap):.4g} a year under {found.capped_law}"
    columns = ["grade", "a day", "within it", "at most", *readings]
    return Printed(f"{title}: approved / profit in yuan", columns, lines)


def sources_table(found: Answered) -> Printed:
    """Return what changes where a source is missing."""
    return Printed(
        "decisions that one source changes",
        ["source", "reading", "features", "decisions", "lost", "gained", "limits", "prices",
         "profit"],
        [
            [
                row.source, row.reading, f"{row.features}", _of(row.decisions, row.rows),
                f"{row.lost:,}", f"{row.gained:,}", _of(row.limits, row.rows),
                _of(row.prices, row.rows), f"{row.profit:+,.0f}",
            ]
            for row in records(found.sources)
        ],
    )  # fmt: skip


def _of(count: int, rows: int) -> str:
    return f"{count:,} ({percent(count / rows)})"


def _rate(value: float, low: float, high: float) -> str:
    if not np.isfinite(value):
        return "-"
    return f"{percent(value)} [{100 * low:.1f}, {100 * high:.1f}]"
