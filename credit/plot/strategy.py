"""Pictures of strategies: the frontier, where profit comes from, two rivals, the law."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from credit.errors import DataError
from credit.plot.style import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    INK,
    MUTED,
    PAPER,
    SERIES,
    VERMILLION,
    canvas,
    drawn,
    human,
    require,
)

_COSTS = (("loss", "expected loss"), ("funding", "funding"), ("operating", "operating"))


def _money(value: float) -> str:
    """Write an amount of yuan as short as it can be read.

    >>> _money(1_234_567), _money(-12_300), _money(950)
    ('1.23 m', '-12.3 k', '950')
    """
    for unit, name in ((1e6, " m"), (1e3, " k")):
        if abs(value) >= unit:
            return f"{value / unit:.3g}{name}"
    return f"{value:.0f}"


def _in_money(axes: Axes, which: str) -> None:
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(FuncFormatter(lambda value, _: _money(value)))
    axis.set_major_locator(MaxNLocator(4))


@drawn
def frontier(table: pd.DataFrame, today: float | None = None) -> Figure:
    """Draw what every cut-off earns and is expected to lose, against the share it approves.

    Parameters
    ----------
    table : DataFrame
        approval_rate, profit, loss, expected_bad_rate, threshold, by_loss, by_approvals, best, as
        ``credit.strategy.cutoffs`` gives.
    today : float, optional
        The cut-off in force.
    """
    names = ("approval_rate", "profit", "loss", "expected_bad_rate", "threshold", "best")
    require(table, "frontier", (*names, "by_loss", "by_approvals"))
    figure, (upper, lower) = canvas(
        "Every cut-off: profit and expected loss", 4.6, rows=2, sharex=True,
        height_ratios=(3, 2),
    )  # fmt: skip
    x, profit = (table[name].to_numpy(dtype=float) for name in ("approval_rate", "profit"))
    efficient = (table["by_loss"] | table["by_approvals"]).to_numpy(dtype=bool)
    upper.plot(x, profit, color=GREY, linewidth=1.0)
    upper.plot(x, np.where(efficient, profit, np.nan), color=BLUE, linewidth=2.2)
    upper.axhline(0, color=MUTED, linewidth=0.8)
    lower.plot(x, table["loss"], color=VERMILLION)
    for axes in (upper, lower):
        axes.grid()
        axes.set_axisbelow(True)
        _in_money(axes, "y")
    best = table[table["best"]].iloc[0]
    _marked(upper, lower, best, f"best: {best['threshold']:.1%}", INK)
    if today is not None:
        below = table[~(table["threshold"] > today)]
        _marked(upper, lower, below.iloc[-1], f"today: {today:.1%}", GREEN)
    upper.margins(y=0.2)
    upper.set_ylabel("Profit, yuan")
    lower.set_ylabel("Expected loss, yuan")
    lower.set_ylim(bottom=0)
    lower.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    lower.set_xlabel("Share of applications approved, safest first\n(blue: no cut-off does better)")
    return figure


def _marked(upper: Axes, lower: Axes, row: pd.Series, text: str, color: str) -> None:
    at, profit = float(row["approval_rate"]), float(row["profit"])
    for axes, name in ((upper, "profit"), (lower, "loss")):
        axes.plot(at, float(row[name]), "o", color=color, markersize=5, zorder=4)
    below = color == GREEN
    upper.annotate(
        f"{text}\n{_money(profit)}", (at, profit), xytext=(4 if below else -4, -6 if below else 5),
        textcoords="offset points", ha="left" if below else "right",
        va="top" if below else "bottom", color=color, fontsize=8.5,
    )  # fmt: skip


@drawn
def profit_waterfall(table: pd.DataFrame, total: str = "(all)") -> Figure:
    """Draw what becomes of revenue, and what each segment earns of it.

    Parameters
    ----------
    table : DataFrame
        segment, approved rate, revenue, loss, funding, operating, profit of one strategy, as
        ``credit.strategy.by_segment`` gives.
    total : str
        The segment of everybody.
    """
    names = ("segment", "approval_rate", "revenue", "loss", "funding", "operating", "profit")
    require(table, "profit_waterfall", names)
    everybody = table["segment"] == total
    if not everybody.any():
        raise DataError(f"profit_waterfall: no row of segment {total!r}, that of everybody.")
    whole, parts = table[everybody].iloc[0], table[~everybody]
    figure, (left, right) = canvas(
        f"From {_money(whole['revenue'])} of interest to {_money(whole['profit'])} of profit",
        max(2.9, 1.7 + 0.34 * len(parts)), columns=2, width_ratios=(5, 4),
    )  # fmt: skip
    _steps(left, whole)
    _bars(
        right,
        [
            f"{human(str(row.segment))}\n{row.approval_rate:.0%} approved"
            for row in parts.itertuples()
        ],
        parts["profit"].to_numpy(dtype=float),
    )
    right.set_xlabel("Profit by segment, yuan")
    return figure


def _steps(axes: Axes, whole: pd.Series) -> None:
    """Draw the revenue, each cost that it falls by, the partner's part, and what is left."""
    level = float(whole["revenue"])
    names, bars = ["interest"], [(0.0, level, GREEN)]
    for name, word in _COSTS:
        cost = float(whole[name])
        names.append(word)
        bars.append((level - cost, cost, VERMILLION))
        level -= cost
    profit = float(whole["profit"])
    names += ["partner's part", "profit"]
    bars += [(min(level, profit), abs(level - profit), AMBER), (min(profit, 0), abs(profit), BLUE)]
    for place, (start, width, color) in enumerate(bars):
        axes.barh(place, width, left=start, height=0.62, color=color)
        axes.annotate(
            _money(width), (start + width, place),
            xytext=(4, 0), textcoords="offset points", va="center", fontsize=8.5,
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.3},
        )  # fmt: skip
    axes.set_yticks(range(len(names)), labels=names)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(right=1.25 * float(whole["revenue"]) or 1.0)
    _in_money(axes, "x")
    axes.set_xlabel("All segments, yuan")


def _bars(axes: Axes, labels: Sequence[str], values: np.ndarray) -> None:
    """Draw amounts from 0, losses to the left in another colour."""
    axes.barh(
        range(len(values)), values, height=0.62,
        color=[BLUE if value >= 0 else VERMILLION for value in values],
    )  # fmt: skip
    for place, value in enumerate(values):
        axes.annotate(
            _money(float(value)), (max(float(value), 0.0), place), xytext=(4, 0),
            textcoords="offset points", va="center", fontsize=8.5,
        )  # fmt: skip
    axes.axvline(0, color=MUTED, linewidth=0.8)
    axes.set_yticks(range(len(labels)), labels=list(labels))
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.margins(x=0.3)
    _in_money(axes, "x")


@drawn
def rivals(table: pd.DataFrame, champion: str, challenger: str) -> Figure:
    """Draw by how much a challenger differs from the champion, with the interval of each figure.

    Parameters
    ----------
    table : DataFrame
        figure (profit in yuan, else shares), champion, challenger, difference, low, high.
    champion, challenger : str
        Their names.
    """
    require(table, "rivals", ("figure", "champion", "challenger", "difference", "low", "high"))
    figure, axes = canvas(
        f"{human(challenger)} against {champion}: the difference", 1.15 + 0.72 * len(table),
        rows=len(table),
    )  # fmt: skip
    for own, row in zip(axes, table.to_dict("records"), strict=True):
        money = row["figure"] == "profit"
        low, value, high = (float(row[name]) for name in ("low", "difference", "high"))
        clear = low > 0 or high < 0
        color = BLUE if clear else GREY
        if np.isfinite(value):
            own.plot([low, high], [0, 0], color=color, linewidth=2.4)
            own.plot(value, 0, "o", color=color, markersize=5)
        own.axvline(0, color=MUTED, linewidth=0.9)
        own.set_yticks([])
        own.spines["left"].set_visible(False)
        ends = " → ".join(_said(row[name], money=money) for name in ("champion", "challenger"))
        unit = "yuan" if money else "points"
        own.set_title(f"{human(str(row['figure']))}, {unit}: {ends}", loc="left", fontsize=8.5)
        reach = max(abs(low), abs(high), abs(value), 1e-9) if np.isfinite(value) else 1.0
        own.set_xlim(-1.15 * reach, 1.15 * reach)
        own.xaxis.set_major_locator(MaxNLocator(5))
        own.xaxis.set_major_formatter(FuncFormatter(partial(_difference, money=money)))
    axes[-1].set_xlabel("Difference, 95 % interval, people drawn again; grey: it holds 0")
    return figure


def _said(value: object, *, money: bool) -> str:
    number = float(str(value))
    if not np.isfinite(number):
        return "-"
    return _money(number) if money else f"{number:.1%}"


def _difference(value: float, _: int, *, money: bool) -> str:
    if not value:
        return "0"
    return _money(value) if money else f"{100 * value:+.2g}"


@drawn
def law(table: pd.DataFrame, readings: Sequence[str], cap: float) -> Figure:
    """Draw who can be lent to under a lower cap, and what is earned, by reading.

    Parameters
    ----------
    table : DataFrame
        grade, ``approved: <reading>``, ``profit: <reading>``, as ``credit.strategy.under_cap``
        gives its grades.
    readings : sequence of str
    cap : float
    """
    named = [f"{what}: {one}" for what in ("approved", "profit") for one in readings]
    require(table, "law", ("grade", *named))
    figure, (left, right) = canvas(
        f"A cap of {cap:.0%} a year: who is lent to, and what is earned",
        1.6 + 0.42 * len(readings), columns=2, sharey=True, width_ratios=(5, 4),
    )  # fmt: skip
    for place, reading in enumerate(readings):
        start = 0.0
        for position, row in enumerate(table.to_dict("records")):
            count = float(row[f"approved: {reading}"])
            left.barh(
                place, count, left=start, height=0.62, color=SERIES[position % len(SERIES)],
                label=str(row["grade"]) if place == 0 else None,
            )  # fmt: skip
            start += count
        left.annotate(
            f"{start:,.0f}", (start, place), xytext=(4, 0), textcoords="offset points",
            va="center", fontsize=8.5,
        )  # fmt: skip
    _bars(right, readings, np.array([table[f"profit: {one}"].sum() for one in readings]))
    left.set_yticks(range(len(readings)), labels=list(readings))
    left.tick_params(axis="y", length=0)
    left.margins(x=0.2)
    left.xaxis.set_major_locator(MaxNLocator(3))
    left.set_xlabel("Approved, by grade")
    right.set_xlabel("Profit, yuan")
    figure.legend(loc="outside lower left", ncols=len(table), handlelength=1.0, columnspacing=1.2)
    return figure


@drawn
def without_sources(table: pd.DataFrame) -> Figure:
    """Draw how many decisions, limits and prices change where a source is missing.

    Parameters
    ----------
    table : DataFrame
        source, rows, decisions, limits, prices, as counts of rows.
    """
    require(table, "without_sources", ("source", "rows", "decisions", "limits", "prices"))
    figure, (axes,) = canvas("What changes where one source is missing", 1.5 + 0.62 * len(table))
    kinds = (("decisions", VERMILLION), ("limits", BLUE), ("prices", AMBER))
    for place, row in enumerate(table.to_dict("records")):
        for step, (kind, color) in enumerate(kinds):
            share = float(row[kind]) / float(row["rows"])
            at = place + 0.24 * (step - 1)
            axes.barh(at, share, height=0.21, color=color, label=kind if place == 0 else None)
            axes.annotate(
                f"{share:.1%}", (share, at), xytext=(3, 0), textcoords="offset points",
                va="center", fontsize=7.5,
            )  # fmt: skip
    axes.set_yticks(range(len(table)), labels=[human(str(one)) for one in table["source"]])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.margins(x=0.12)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("Share of applications")
    figure.legend(loc="outside lower left", ncols=3, handlelength=1.0, columnspacing=1.2)
    return figure
