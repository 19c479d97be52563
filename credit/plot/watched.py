"""Pictures of monitoring by period: how far the score and features moved, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from credit.plot.style import (
    BLUE,
    CELLS,
    INK,
    MUTED,
    ON_DARK,
    ON_LIGHT,
    PAPER,
    SERIES,
    VERMILLION,
    canvas,
    drawn,
    end_labels,
    label_of,
    month_axis,
    require,
    wrapped,
)

_DASHED = (0, (4, 2))


@drawn
def drift_by_period(table: pd.DataFrame, *, least: float) -> Figure:
    """Draw the index of the score's points by period; alarms stand out.

    Parameters
    ----------
    table : DataFrame
        period, psi, alarm.
    least : float
        The index from which a shift matters, drawn as a line.
    """
    require(table, "drift_by_period", ("period", "psi", "alarm"))
    figure, (axes,) = canvas("How far the score moved from the reference", 2.5)
    _course(axes, table["psi"].to_numpy(float), table["alarm"].to_numpy(bool))
    axes.axhline(least, color=MUTED, linewidth=0.9, linestyle=_DASHED)
    axes.annotate(
        "alarms from here", (0, least), xycoords=("axes fraction", "data"), xytext=(3, 3),
        textcoords="offset points", color=MUTED, fontsize=8,
    )  # fmt: skip
    axes.set_ylim(0, 1.15 * max(least, float(table["psi"].max())))
    _periods(axes, table["period"])
    axes.set_ylabel("PSI of points")
    return figure


@drawn
def features_by_period(table: pd.DataFrame, *, labels: Mapping[str, str] | None = None) -> Figure:
    """Draw the index of features by period as cells, the darker the further it moved.

    Parameters
    ----------
    table : DataFrame
        feature, period, psi, alarm: one row a cell; rows of the picture in the order given. An
        alarm's cell holds its index.
    labels : mapping of str to str, optional
        Feature -> words.
    """
    require(table, "features_by_period", ("feature", "period", "psi", "alarm"))
    names = list(dict.fromkeys(table["feature"]))
    periods = sorted(table["period"].unique())
    cells = table.pivot_table(index="feature", columns="period", values="psi").loc[names, periods]
    alarm = table.pivot_table(index="feature", columns="period", values="alarm", aggfunc="max")
    figure, (axes,) = canvas("How far features moved", 1.2 + 0.33 * len(names))
    values = cells.to_numpy(dtype=float)
    # From .25 on a shift is large by any custom: further shades would say no more.
    axes.pcolormesh(
        np.arange(len(periods) + 1) - 0.5, np.arange(len(names) + 1) - 0.5, values,
        cmap=CELLS, vmin=0, vmax=0.25, edgecolors=PAPER, linewidth=1,
    )  # fmt: skip
    for row, column in np.argwhere(alarm.loc[names, periods].to_numpy(dtype=bool)):
        # Where cells are narrow a mark says it: the table has the number.
        text = f"{values[row, column]:.2f}".lstrip("0") if len(periods) <= 12 else "!"
        axes.text(
            column, row, text, ha="center", va="center", fontsize=7.5, fontweight="bold",
            color=ON_DARK if values[row, column] > 0.1 else ON_LIGHT,
        )  # fmt: skip
    axes.set_yticks(range(len(names)), labels=[wrapped(label_of(n, labels), 26, 2) for n in names])
    axes.invert_yaxis()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    _periods(axes, periods)
    axes.grid(visible=False)
    axes.set_xlim(-0.5, len(periods) - 0.5)
    return figure


@drawn
def flow_by_period(table: pd.DataFrame) -> Figure:
    """Draw the rows of each period, and the share of them that is approved.

    Parameters
    ----------
    table : DataFrame
        period, rows, approved (share; NaN where there is no cut-off), rows_alarm,
        approved_alarm.
    """
    names = ("period", "rows", "approved", "rows_alarm", "approved_alarm")
    require(table, "flow_by_period", names)
    known = bool(table["approved"].notna().any())
    height, title = 3.4 if known else 2.3, "Applications, and how many are approved"
    figure, panels = canvas(title, height, rows=2 if known else 1, sharex=True)
    colors = [VERMILLION if one else BLUE for one in table["rows_alarm"]]
    panels[0].bar(np.arange(len(table)), table["rows"], color=colors, width=0.8)
    panels[0].yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    panels[0].set_ylabel("Applications")
    if known:
        alarm = table["approved_alarm"].to_numpy(bool)
        _course(panels[1], table["approved"].to_numpy(float), alarm)
        panels[1].yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        panels[1].set_ylabel("Approved")
    for axes in panels:
        axes.grid(axis="y")
        axes.set_axisbelow(True)
    _periods(panels[-1], table["period"])
    return figure


@drawn
def rates_by_period(table: pd.DataFrame) -> Figure:
    """Draw the bad rate of each period with its interval beside the probability stated.

    Parameters
    ----------
    table : DataFrame
        period, predicted, rate, rate_low, rate_high, alarm; NaN where outcomes are not known.
    """
    names = ("period", "predicted", "rate", "rate_low", "rate_high", "alarm")
    require(table, "rates_by_period", names)
    figure, (axes,) = canvas("Bad rate against the probability stated", 2.7)
    x = np.arange(len(table))
    axes.plot(x, table["predicted"], "_", color=INK, markersize=11, markeredgewidth=2,
              label="stated")  # fmt: skip
    alarm = table["alarm"].to_numpy(dtype=bool)
    for rows, color, label in ((~alarm, BLUE, "happened"), (alarm, VERMILLION, "alarm")):
        part = table[rows & table["rate"].notna()]
        if len(part):
            axes.vlines(x[part.index], part["rate_low"], part["rate_high"], color=color, alpha=0.5)
            axes.plot(x[part.index], part["rate"], "o", color=color, markersize=4, label=label)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    _periods(axes, table["period"])
    axes.set_ylabel("Bad rate, 95 % interval")
    figure.legend(loc="outside lower left", ncols=3, handletextpad=0.4, columnspacing=1.2)
    return figure


@drawn
def impact_by_period(table: pd.DataFrame) -> Figure:
    """Draw each group's approval rate over that of the largest group, by period.

    Parameters
    ----------
    table : DataFrame
        period, group, ratio, ratio_low, ratio_high (95 %), one row a period and group.
    """
    require(table, "impact_by_period", ("period", "group", "ratio", "ratio_low", "ratio_high"))
    periods = sorted(table["period"].unique())
    figure, (axes,) = canvas("Approval rate of groups, over that of the largest", 2.7)
    groups = sorted(table["group"].unique())
    ends = []
    for place, group in enumerate(groups):
        color = SERIES[place % len(SERIES)]
        part = table[table["group"] == group].set_index("period").reindex(periods)
        x = np.arange(len(periods)) + 0.12 * (place - (len(groups) - 1) / 2)
        axes.vlines(x, part["ratio_low"], part["ratio_high"], color=color, alpha=0.4)
        axes.plot(x, part["ratio"], "o-", color=color, markersize=3.5)
        known = np.flatnonzero(part["ratio"].notna())
        if known.size:
            last = float(part["ratio"].iloc[known[-1]])
            ends.append((len(periods) - 0.85, last, wrapped(str(group), 14, 1), color))
    axes.axhline(1, color=MUTED, linewidth=0.9, linestyle=_DASHED)
    end_labels(axes, ends, 0.08)
    _periods(axes, periods)
    axes.set_ylabel("Ratio, 95 % interval")
    return figure


def _course(axes: Axes, values: np.ndarray, alarm: np.ndarray) -> None:
    """Draw a line with a dot a period, alarms in the colour of alarms."""
    x = np.arange(len(values))
    axes.plot(x, values, "-", color=BLUE, linewidth=1.2)
    axes.scatter(x[~alarm], values[~alarm], color=BLUE, s=16, zorder=3)
    axes.scatter(x[alarm], values[alarm], color=VERMILLION, s=34, zorder=4)


def _periods(axes: Axes, periods: Iterable[object]) -> None:
    month_axis(axes, [str(period) for period in periods], most=5)
    axes.set_xlabel("Period")
    axes.grid(axis="y")
    axes.set_axisbelow(True)
