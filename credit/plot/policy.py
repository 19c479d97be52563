"""Pictures of a policy's weights: what they cost a model."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from credit.plot.style import canvas, drawn, end_labels, model_color, model_label, require

_End = tuple[float, float, str, str]

_KINDS = {"variance": ("-", "o", ""), "range": ((0, (1.2, 1.4)), "s", ", ranges")}
"""Kind of share -> its line, its mark and what it adds to the model's name."""


@drawn
def price_of_policy(table: pd.DataFrame) -> Figure:
    """Draw the AUC on the way from learnt to policy weights; the free model is a dashed line.

    Parameters
    ----------
    table : DataFrame
        model, alpha (0 learnt, 1 policy), auc; one row a point of a curve, as
        ``credit.scorecard.price_of_policy`` gives for one model. Optional: shares
        (``variance``, the default, or ``range``), for two curves of one model; free_auc, the
        AUC of the model as it is, without which it is that of the least alpha.
    """
    require(table, "price", ("model", "alpha", "auc"))
    figure, (axes,) = canvas("The price of the policy's weights", 3.6)
    table = table.assign(shares=table["shares"] if "shares" in table.columns else "variance")
    colors = {model: model_color(model, k) for k, model in enumerate(table["model"].unique())}
    ends: list[_End] = []
    for (model, shares), rows in table.groupby(["model", "shares"], sort=False, observed=True):
        part = rows.sort_values("alpha")
        alpha, auc = (part[name].to_numpy(dtype=float) for name in ("alpha", "auc"))
        line, mark, kind = _KINDS[str(shares)]
        axes.plot(alpha, auc, linestyle=line, marker=mark, color=colors[model], markersize=4.5)
        end = f"{model_label(model)}{kind} {auc[-1]:.3f}"
        ends.append((float(alpha[-1]), float(auc[-1]), end, colors[model]))
    ends += _free(axes, table, colors)
    axes.margins(x=0.06, y=0.12)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xticks(np.unique(table["alpha"].to_numpy(dtype=float)))
    end_labels(axes, ends, 0.065)
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.set_xlabel("From learnt weights (0 %) to the policy's (100 %)")
    axes.set_ylabel("AUC out of sample")
    return figure


def _free(axes: Axes, table: pd.DataFrame, colors: Mapping[str, str]) -> list[_End]:
    """Draw each model's own AUC as a dashed line; return what to write at its end."""
    ends: list[_End] = []
    reach = [float(table["alpha"].min()), float(table["alpha"].max())]
    for model, rows in table.groupby("model", sort=False, observed=True):
        first = rows.sort_values("alpha", kind="stable").head(1)
        free = float(first["free_auc" if "free_auc" in rows.columns else "auc"].item())
        axes.plot(reach, [free, free], color=colors[str(model)], dashes=(4, 2), linewidth=1)
        ends.append((reach[1], free, f"{model_label(model)}, free {free:.3f}", colors[str(model)]))
    return ends
