"""Pictures of bins across periods and across columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from credit.errors import DataError
from credit.evaluate import jeffreys
from credit.plot.bins import ON_PAPER, apart, counted
from credit.plot.style import (
    AMBER,
    BLUE,
    GREY,
    INK,
    MUTED,
    VERMILLION,
    canvas,
    drawn,
    label_of,
    listed,
    month_axis,
    month_label,
    require,
)

_MEDIUM, _STRONG = 0.1, 0.3
"""What is customarily called so of information values (Siddiqi 2006, Credit Risk Scorecards)."""


@drawn
def bins_by_period(
    table: pd.DataFrame, stability: pd.DataFrame, *, title: str = "Bins by period"
) -> Figure:
    """Draw each bin's bad rate and share in every period, and how far the shares moved.

    Parameters
    ----------
    table : DataFrame
        period, bin, good, bad, share; one row a period and bin, as
        ``credit.binning.period_table`` gives.
    stability : DataFrame
        period, psi, critical of the same periods: ``credit.evaluate.psi_by_period(table)``.
    title : str
        What the column is called.
    """
    require(table, "periods", ("period", "bin", "good", "bad", "share"))
    require(stability, "stability", ("period", "psi", "critical"))
    periods = list(dict.fromkeys(table["period"]))
    if list(stability["period"]) != periods:
        raise DataError(
            f"stability: periods {list(stability['period'])}, but the table of bins has {periods}. "
            "Pass psi_by_period of the same table."
        )
    weight = (table["good"] + table["bad"]).groupby(table["bin"], sort=False).sum()
    names = [name for name in weight.index if weight[name] > 0]
    moved = [
        month_label(p) for p in stability.loc[stability["psi"] > stability["critical"], "period"]
    ]
    seen = f"PSI above chance in {', '.join(moved[:4]) or 'no period'}"
    more = f" and {len(moved) - 4} more" if len(moved) > 4 else ""
    figure, panels = canvas(
        f"{title}: {seen}{more}", 1.1 + 0.62 * (len(names) + 1), rows=len(names) + 1, columns=2,
        sharex="col", width_ratios=(1.3, 1),
    )  # fmt: skip
    total = table.groupby("period", sort=False)[["good", "bad"]].sum().reset_index()
    held = (total["good"] + total["bad"]).to_numpy(dtype=float)
    everybody = np.full(len(held), np.nan)
    np.divide(total["bad"].to_numpy(dtype=float), held, out=everybody, where=held > 0)
    for row, name in enumerate(names):
        part = table[table["bin"] == name]
        _draw_rates(panels[2 * row], part, everybody)
        panels[2 * row].set_ylabel(listed(str(name), 18), rotation=0, ha="right", va="center")
        _draw_bars(panels[2 * row + 1], part["share"].to_numpy(dtype=float), BLUE)
    _draw_rates(panels[-2], total, everybody)
    panels[-2].set_ylabel("all rows", rotation=0, ha="right", va="center", fontweight="bold")
    panels[0].set_title("Bad rate (dashed: all rows)", loc="left")
    panels[1].set_title("Share of rows", loc="left")
    _draw_stability(panels[-1], stability)
    largest = max(axes.get_ylim()[1] for axes in panels[1:-1:2])
    for axes in panels[1:-1:2]:
        axes.set_ylim(0, largest)
    for axes in panels[:-1]:
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_locator(MaxNLocator(2))
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    for axes in panels:
        axes.grid(axis="y")
        axes.set_axisbelow(True)
        month_axis(axes, [month_label(period) for period in periods], most=2)
    panels[-2].set_xlabel("Light bars: 95 % interval")
    figure.align_ylabels(panels[::2])
    return figure


@drawn
def information(
    table: pd.DataFrame, *, labels: Mapping[str, str] | None = None, top: int = 30
) -> Figure:
    """Draw the information value of every column, greatest first, and the course of its bad rate.

    Parameters
    ----------
    table : DataFrame
        feature, bin, share, rate, iv; one row a bin of every column, as
        ``credit.binning.Binning.table`` gives.
    labels : mapping of str to str, optional
        Feature name -> words.
    top : int
        Most columns to show; how many are left out is said.
    """
    require(table, "information", ("feature", "bin", "share", "rate", "iv"))
    values = table.groupby("feature", sort=False)["iv"].sum()
    values = values.sort_values(ascending=False, kind="stable")
    shown = values.iloc[:top]
    left = len(values) - len(shown)
    rest = f" (the first {len(shown)} of {len(values)} columns)" if left else ""
    figure, (bars, courses) = canvas(
        f"Information value of each column{rest}", 1.2 + 0.34 * len(shown), columns=2, sharey=True,
        width_ratios=(1.5, 1),
    )  # fmt: skip
    places = np.arange(len(shown))
    bars.barh(places, shown, color=BLUE, height=0.62)
    for place, value in enumerate(shown):
        bars.annotate(f"{value:.3f}", (value, place), xytext=(3, 0), **ON_PAPER)
    bars.set_xlim(0, 1.22 * max(float(shown.max()), 0.02))
    for level in (_MEDIUM, _STRONG):
        if level < bars.get_xlim()[1]:
            bars.axvline(level, color=MUTED, linewidth=0.8, linestyle=(0, (3, 2)), zorder=0)
    for place, name in enumerate(shown.index):
        _draw_course(courses, table[table["feature"] == name], place)
    bars.set_yticks(places, labels=[listed(label_of(name, labels)) for name in shown.index])
    bars.set_ylim(len(shown) - 0.4, -0.6)
    bars.set_xlabel(f"Information value\n(dashed: {_MEDIUM} medium, {_STRONG} strong)")
    courses.set_xlabel("Bad rate bin by bin,\nown scale each")
    courses.set_xticks([])
    courses.set_xlim(-0.08, 1.5)
    for axes in (bars, courses):
        axes.tick_params(axis="y", length=0)
    courses.spines[:].set_visible(False)
    return figure


def _draw_rates(
    axes: Axes, part: pd.DataFrame, everybody: np.ndarray[Any, np.dtype[np.float64]]
) -> None:
    """Draw a bad rate by period with its interval, beside everybody's."""
    good, bad = part["good"].to_numpy(dtype=float), part["bad"].to_numpy(dtype=float)
    held = good + bad > 0
    x = np.flatnonzero(held)
    low, high = jeffreys(bad, good)
    rate = bad[held] / (good + bad)[held]
    axes.plot(everybody, color=MUTED, linewidth=1, linestyle=(0, (4, 2)))
    axes.vlines(x, low[held], high[held], color=VERMILLION, linewidth=4, alpha=0.3)
    axes.plot(x, rate, "o-", color=VERMILLION, markersize=3.5)


def _draw_bars(
    axes: Axes, values: np.ndarray[Any, np.dtype[np.float64]], color: str | list[str]
) -> None:
    axes.bar(np.arange(len(values)), np.nan_to_num(values), color=color, width=0.7)


def _draw_stability(axes: Axes, stability: pd.DataFrame) -> None:
    """Draw the index of each period, with the value that chance exceeds in 5 % of cases."""
    value = stability["psi"].to_numpy(dtype=float)
    critical = stability["critical"].to_numpy(dtype=float)
    _draw_bars(
        axes, value, [AMBER if v > c else GREY for v, c in zip(value, critical, strict=True)]
    )
    axes.plot(np.arange(len(value)), critical, "_", color=INK, markersize=9, markeredgewidth=1.6)
    axes.set_title("PSI (dash: chance)", loc="left")
    axes.set_ylim(0, 1.15 * max(float(value.max()), float(critical.max()), 1e-6))
    axes.yaxis.set_major_locator(MaxNLocator(2))


def _draw_course(axes: Axes, part: pd.DataFrame, place: int) -> None:
    """Draw the bad rate from bin to bin as a line of a row's height."""
    beside = apart(part["bin"])
    held = part["rate"].notna().to_numpy() & (part["share"] > 0).to_numpy()
    rate = part["rate"].to_numpy(dtype=float)[held & ~beside]
    if not len(rate):
        return
    span = float(np.ptp(rate))
    height = place - 0.6 * ((rate - rate.min()) / span - 0.5) if span else np.full(len(rate), place)
    x = np.linspace(0, 0.8, len(rate)) if len(rate) > 1 else np.array([0.4])
    axes.plot(x, height, "o-", color=VERMILLION, markersize=3, linewidth=1.2)
    axes.annotate(
        counted(len(rate)), (0.9, place), va="center", fontsize=8, xytext=(2, 0),
        textcoords="offset points",
    )  # fmt: skip
