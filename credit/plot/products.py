"""A picture of products side by side: how much, and at what true cost."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from credit.plot.style import (
    BLUE,
    GREY,
    INK,
    MUTED,
    PAPER,
    VERMILLION,
    canvas,
    drawn,
    require,
)


@drawn
def products(table: pd.DataFrame) -> Figure:
    """Draw the limit of each product, and its true cost from the best grade to the worst.

    Parameters
    ----------
    table : DataFrame
        A row a product, from the top down: product, limit (yuan), mark (two words that stand
        against it; empty where it is offered), cost_low, cost (of the person), cost_high.
        Optional: cap, on the yearly cost, of the product's type of lender.
    """
    require(table, "products", ("product", "limit", "mark", "cost_low", "cost", "cost_high"))
    offered = table["mark"].fillna("").astype(str).eq("").to_numpy()
    figure, (left, right) = canvas(
        f"{int(offered.sum())} of {len(table)} products are offered: limit and true cost",
        1.5 + 0.34 * len(table), columns=2, sharey=True,
    )  # fmt: skip
    colors = [BLUE if one else VERMILLION for one in offered]
    _limits(left, table, offered)
    _costs(right, table, colors)
    left.set_yticks(range(len(table)), labels=table["product"].astype(str).tolist())
    for axes in (left, right):
        axes.tick_params(axis="y", length=0)
    left.set_ylim(len(table) - 0.4, -1.0)
    return figure


def _limits(axes: Axes, table: pd.DataFrame, offered: np.ndarray) -> None:
    """Draw what is offered as filled bars; what is computed and not offered as an outline."""
    limits = table["limit"].to_numpy(dtype=float)
    reach = max(float(np.nanmax(limits)), 1.0)
    for place, (value, mark, open_) in enumerate(
        zip(limits, table["mark"].fillna("").astype(str), offered, strict=True)
    ):
        axes.barh(
            place, value, height=0.62, linewidth=1.0,
            facecolor=BLUE if open_ else "none", edgecolor=BLUE if open_ else GREY,
        )  # fmt: skip
        axes.annotate(
            f"{value:,.0f}" if open_ else mark, (0 if not open_ else value, place),
            xytext=(4, 0), textcoords="offset points", va="center", fontsize=8.5,
            color=INK if open_ else VERMILLION, fontweight="normal" if open_ else "bold",
        )  # fmt: skip
    axes.set_xlim(0, 1.42 * reach)
    axes.xaxis.set_major_locator(MaxNLocator(2))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_xlabel("Limit, yuan\n(outline: computed, not offered)")


def _costs(axes: Axes, table: pd.DataFrame, colors: list[str]) -> None:
    """Draw the cost from the best grade to the worst, the person's own, and the cap."""
    low, own, high = (
        table[name].to_numpy(dtype=float) for name in ("cost_low", "cost", "cost_high")
    )
    places = np.arange(len(table))
    axes.hlines(places, low, high, colors=colors, linewidth=2.2)
    axes.scatter(own, places, c=colors, s=34, zorder=3)
    for place, value in zip(places, own, strict=True):
        axes.annotate(
            f"{value:.1%}", (value, place), xytext=(0, 5), textcoords="offset points",
            ha="center", fontsize=8, color=INK,
            bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.4},
        )  # fmt: skip
    if "cap" in table.columns and table["cap"].notna().any():
        cap = table["cap"].to_numpy(dtype=float)
        axes.vlines(cap, places - 0.5, places + 0.5, colors=MUTED, linewidth=1.2)
        first = int(np.flatnonzero(np.isfinite(cap))[0])
        axes.annotate(
            f"cap {cap[first]:.0%}", (cap[first], -0.6), xytext=(3, 0), color=MUTED,
            textcoords="offset points", fontsize=8.5, va="center",
        )  # fmt: skip
    axes.set_xlim(left=0)
    axes.margins(x=0.08)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.set_xlabel("True cost a year, all grades\n(dot: this person)")
