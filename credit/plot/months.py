"""Pictures by month of application: how many there are and how well they are ranked.

A month is text (``2024-03``), a pandas period or a timestamp.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from credit.plot.style import (
    AMBER,
    BLUE,
    GREY,
    GRID,
    MUTED,
    VERMILLION,
    canvas,
    drawn,
    end_labels,
    model_color,
    model_label,
    month_axis,
    month_label,
    require,
)

_STATUSES = {
    "good": ("good", BLUE),
    "bad": ("bad", VERMILLION),
    "indeterminate": ("indeterminate", AMBER),
    "immature": ("immature", GREY),
    "no_loan": ("no loan", GRID),
}


@drawn
def auc_by_month(table: pd.DataFrame) -> Figure:
    """Draw each model's AUC month by month with its interval.

    Parameters
    ----------
    table : DataFrame
        model, month, auc and, where known, auc_low, auc_high. A month without an AUC (no
        bad application in it) is a gap.
    """
    require(table, "auc_by_month", ("model", "month", "auc"))
    table = table.assign(month=[month_label(month) for month in table["month"]])
    months = sorted(table["month"].unique())
    figure, (axes,) = canvas("AUC by month of application", 2.9)
    ends = []
    for place, model in enumerate(dict.fromkeys(table["model"])):
        color = model_color(model, place)
        part = table[table["model"] == model].set_index("month").reindex(months)
        auc = part["auc"].to_numpy(dtype=float)
        x = np.arange(len(months)) + 0.09 * (place - 1)
        axes.plot(x, auc, "o-", color=color, markersize=3.5)
        if "auc_low" in part and "auc_high" in part:
            bounds = part[["auc_low", "auc_high"]].to_numpy(dtype=float)
            axes.vlines(x, bounds[:, 0], bounds[:, 1], color=color, alpha=0.45, linewidth=1.4)
        known = np.flatnonzero(np.isfinite(auc))
        if known.size:
            ends.append((len(months) - 1 + 0.15, float(auc[known[-1]]), model_label(model), color))
    axes.axhline(0.5, color=MUTED, linewidth=0.8, linestyle=(0, (4, 2)))
    axes.annotate(
        "chance", (0, 0.5), xycoords=("axes fraction", "data"), xytext=(2, 2),
        textcoords="offset points", color=MUTED, fontsize=8,
    )  # fmt: skip
    end_labels(axes, ends, 0.075)
    month_axis(axes, months, most=5)
    axes.grid(axis="y")
    axes.set_xlabel("Month of application")
    axes.set_ylabel("AUC, 95 % interval")
    return figure


@drawn
def cohorts(table: pd.DataFrame) -> Figure:
    """Draw how many applications of each month are good, bad or not yet known.

    Parameters
    ----------
    table : DataFrame
        month and counts in any of good, bad, indeterminate, immature, no_loan.
    """
    require(table, "cohorts", ("month", "good", "bad"))
    figure, (axes,) = canvas("Applications by month and outcome", 2.9)
    months = [month_label(month) for month in table["month"]]
    base = np.zeros(len(table))
    for status, (word, color) in _STATUSES.items():
        if status in table:
            count = table[status].to_numpy(dtype=float)
            axes.bar(np.arange(len(table)), count, bottom=base, color=color, width=0.8, label=word)
            base += count
    month_axis(axes, months)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.set_xlabel("Month of application")
    axes.set_ylabel("Applications")
    figure.legend(
        loc="outside lower left", ncols=5, handlelength=0.9, columnspacing=1.1, handletextpad=0.4
    )
    return figure
