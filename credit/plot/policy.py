"""Pictures of a policy's weights: what they cost a model."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from credit.plot.style import canvas, drawn, end_labels, model_color, model_label, require


@drawn
def price_of_policy(table: pd.DataFrame) -> Figure:
    """Draw the AUC on the way from learnt to policy weights; the free model is a dashed line.

    Parameters
    ----------
    table : DataFrame
        model, alpha (0 learnt, 1 policy), auc; one row a model and alpha, as
        ``credit.scorecard.price_of_policy`` gives for one model. The free model's AUC is that
        of the least alpha.
    """
    require(table, "price", ("model", "alpha", "auc"))
    figure, (axes,) = canvas("The price of the policy's weights", 3.4)
    ends = []
    for place, (model, rows) in enumerate(table.groupby("model", sort=False, observed=True)):
        part = rows.sort_values("alpha")
        alpha, auc = (part[name].to_numpy(dtype=float) for name in ("alpha", "auc"))
        color = model_color(model, place)
        axes.axhline(auc[0], color=color, linestyle=(0, (4, 2)), linewidth=1)
        axes.plot(alpha, auc, "o-", color=color, markersize=4.5)
        axes.annotate(
            f"{auc[0]:.3f}", (alpha[0], auc[0]), xytext=(0, 5), color=color,
            textcoords="offset points", ha="center", fontsize=8.5,
        )  # fmt: skip
        end = f"{model_label(model)} {auc[-1]:.3f}"
        ends.append((float(alpha[-1]), float(auc[-1]), end, color))
    axes.margins(x=0.06, y=0.16)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xticks(np.unique(table["alpha"].to_numpy(dtype=float)))
    end_labels(axes, ends, 0.07)
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.set_xlabel("From learnt weights (0 %) to the policy's (100 %); dashed: the free model")
    axes.set_ylabel("AUC out of sample")
    return figure
