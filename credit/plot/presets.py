"""A picture of presets of policy weights: how well each ranks, and what moves its score."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from credit.plot.style import INK, SERIES, canvas, drawn, human, require


@drawn
def presets(table: pd.DataFrame) -> Figure:
    """Draw the AUC of each preset with its interval, and its influences beside its weights.

    Parameters
    ----------
    table : DataFrame
        A row a preset and dimension: preset, auc, auc_low, auc_high, dimension, weight (that
        the policy gives) and influence (share of the variance of the score).
    """
    names = ("preset", "auc", "auc_low", "auc_high", "dimension", "weight", "influence")
    require(table, "presets", names)
    groups = list(table.groupby("preset", sort=False))
    dimensions = list(dict.fromkeys(table["dimension"]))
    figure, (above, below) = canvas(
        "Presets of policy weights: ranking and influence",
        2.3 + 0.34 * len(groups) + 0.24 * len(dimensions) * len(groups),
        rows=2, height_ratios=[1.2 + len(groups), 1 + len(dimensions) * len(groups)],
    )  # fmt: skip
    _ranking(above, groups)
    _influence(below, groups, dimensions)
    figure.legend(*below.get_legend_handles_labels(), loc="outside lower left", ncols=4)
    return figure


def _ranking(axes: Axes, groups: list[tuple[Any, pd.DataFrame]]) -> None:
    for place, (_, rows) in enumerate(groups):
        one, color = rows.iloc[0], SERIES[place % len(SERIES)]
        axes.plot([one["auc_low"], one["auc_high"]], [place, place], color=color, linewidth=2.4)
        axes.plot(one["auc"], place, "o", color=color, markersize=6)
        axes.annotate(
            f"{one['auc']:.3f}", (one["auc"], place), xytext=(0, 6), color=color,
            textcoords="offset points", ha="center", fontsize=8.5,
        )  # fmt: skip
    axes.set_yticks(range(len(groups)), labels=[human(str(name)) for name, _ in groups])
    axes.set_ylim(len(groups) - 0.5, -0.85)
    axes.margins(x=0.08)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.set_xlabel("AUC (0.5 is chance), with its 95 % interval")


def _influence(axes: Axes, groups: list[tuple[Any, pd.DataFrame]], dimensions: list[Any]) -> None:
    """Draw a bar a preset in each dimension, with the weight that the policy gives as a mark."""
    step = 0.8 / len(groups)
    for at, (name, rows) in enumerate(groups):
        places = np.arange(len(dimensions)) + (at - (len(groups) - 1) / 2) * step
        own = rows.set_index("dimension").reindex(dimensions)
        axes.barh(
            places, own["influence"], height=0.86 * step, color=SERIES[at % len(SERIES)],
            label=human(str(name)),
        )  # fmt: skip
        axes.plot(
            own["weight"], places, "D", color=INK, markerfacecolor="none", markersize=4.5,
            markeredgewidth=1.2, label="policy weight" if at == len(groups) - 1 else None,
        )  # fmt: skip
    axes.set_yticks(range(len(dimensions)), labels=[human(str(name)) for name in dimensions])
    axes.set_ylim(len(dimensions) - 0.5, -0.5)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.set_xlabel("Share of the variance of the score")
