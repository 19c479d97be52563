"""Pictures of sources of data: what each is worth, and what partial consent costs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from credit.plot.style import BLUE, GREEN, GRID, INK, MUTED, canvas, drawn, human, require


@drawn
def source_worth(table: pd.DataFrame) -> Figure:
    """Draw each source's fair share of the AUC, and what would be lost without it.

    Parameters
    ----------
    table : DataFrame
        source, value (Shapley value of the AUC), low, high and added (AUC with less AUC without
        the source); where the truth is known, exact.
    """
    require(table, "source_worth", ("source", "value", "low", "high", "added"))
    figure, (axes,) = canvas("What each source adds to the AUC", 1.35 + 0.44 * len(table))
    places = np.arange(len(table))
    axes.axvline(0, color=GRID, linewidth=1)
    axes.hlines(places, table["low"], table["high"], color=BLUE, linewidth=1.6)
    axes.plot(
        table["value"], places, "o", color=BLUE, markersize=7, label="fair share, 95 % interval"
    )
    axes.plot(
        table["added"], places, "D", color=INK, markerfacecolor="none", markersize=6,
        markeredgewidth=1.4, label="lost without it",
    )  # fmt: skip
    if "exact" in table and table["exact"].notna().any():
        axes.plot(
            table["exact"], places, "|", color=GREEN, markersize=15, markeredgewidth=2,
            label="known truth",
        )  # fmt: skip
    axes.set_yticks(places, labels=[human(str(name)) for name in table["source"]])
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.set_xlabel("AUC")
    figure.legend(loc="outside lower left", ncols=3, handletextpad=0.4, columnspacing=1.2)
    return figure


@drawn
def consent_cost(table: pd.DataFrame) -> Figure:
    """Draw the AUC of every subset of the sources by how many are authorised.

    The best and the worst subset of each size are named by their sources' initials.

    Parameters
    ----------
    table : DataFrame
        sources ("payment+wealth"), count, auc; where the truth is known, ceiling.
    """
    require(table, "consent_cost", ("sources", "count", "auc"))
    figure, (axes,) = canvas("What is left under partial consent", 3.4)
    if "ceiling" in table and table["ceiling"].notna().any():
        axes.plot(
            table["count"] + 0.13, table["ceiling"], "_", color=GREEN, markersize=7,
            markeredgewidth=1.6, label="known truth",
        )  # fmt: skip
    axes.plot(table["count"], table["auc"], "o", color=BLUE, markersize=5, label="scorecard")
    middle = table.groupby("count")["auc"].median()
    axes.plot(middle.index, middle, color=GRID, label="middle subset", zorder=0.5)
    for _, rows in table.groupby("count"):
        _name_ends(axes, rows)
    axes.set_xticks(np.arange(int(table["count"].max()) + 1))
    axes.margins(x=0.09, y=0.14)
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.set_xlabel("Sources authorised")
    axes.set_ylabel("AUC out of sample")
    figure.legend(loc="outside lower left", ncols=3, handletextpad=0.4, columnspacing=1.2)
    return figure


def _name_ends(axes: Axes, rows: pd.DataFrame) -> None:
    """Write the initials of the best and of the worst subset to the left of their dots."""
    if len(rows) < 2:
        return
    for place in (int(rows["auc"].argmax()), int(rows["auc"].argmin())):
        row = rows.iloc[place]
        initials = "".join(name[:1].upper() for name in str(row["sources"]).split("+"))
        axes.annotate(
            initials, (row["count"], row["auc"]), xytext=(-6, 0), textcoords="offset points",
            ha="right", va="center", color=MUTED, fontsize=8,
        )  # fmt: skip
