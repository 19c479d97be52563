"""Pictures of what moves: features since development, and loans from bucket to bucket."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from credit.plot.style import (
    BLUE,
    CELLS,
    INK,
    MUTED,
    ON_DARK,
    ON_LIGHT,
    PAPER,
    VERMILLION,
    canvas,
    drawn,
    label_of,
    require,
    wrapped,
)

LEAST = 1e-4
"""Indices below this are drawn there: they say nothing moved."""


@drawn
def stability(table: pd.DataFrame, *, labels: Mapping[str, str] | None = None) -> Figure:
    """Draw the stability index of features beside the value that chance alone exceeds.

    Parameters
    ----------
    table : DataFrame
        feature, psi, critical, as ``credit.evaluate.csi_table`` gives; drawn in its order.
    labels : mapping of str to str, optional
        Feature name -> words.
    """
    require(table, "stability", ("feature", "psi", "critical"))
    figure, (axes,) = canvas("How far features moved since development", 1.4 + 0.36 * len(table))
    place = np.arange(len(table))
    # The indices of a few features may be a thousand times those of the others.
    index, limit = (
        np.maximum(table[name].to_numpy(dtype=float), LEAST) for name in ("psi", "critical")
    )
    beyond = index > limit
    axes.scatter(index[~beyond], place[~beyond], color=BLUE, s=26, zorder=3, label="as by chance")
    axes.scatter(
        index[beyond], place[beyond], color=VERMILLION, s=26, zorder=3, label="more than chance"
    )
    axes.scatter(
        limit, place, marker="|", color=INK, s=110, linewidth=1.4, label="chance exceeds it in 5 %"
    )
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_yticks(place, labels=[wrapped(label_of(n, labels), 26, 2) for n in table["feature"]])
    axes.set_ylim(len(table) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.set_xlabel("Stability index, in powers of ten")
    figure.legend(loc="outside lower left", ncols=2, handletextpad=0.4, columnspacing=1.2)
    return figure


@drawn
def roll_rates(table: pd.DataFrame) -> Figure:
    """Draw the matrix of moves between buckets of days past due, month to month.

    Parameters
    ----------
    table : DataFrame
        origin, target, share, as ``credit.evaluate.roll_rates`` gives; states in its order. An
        origin without loan-months is an empty row.
    """
    require(table, "roll_rates", ("origin", "target", "share"))
    origins, targets = (list(dict.fromkeys(table[name])) for name in ("origin", "target"))
    wide = table.pivot_table(index="origin", columns="target", values="share", dropna=False)
    cells = wide.reindex(index=origins, columns=targets).to_numpy(dtype=float)
    figure, (axes,) = canvas("A month later: days past due", 1.4 + 0.42 * len(origins))
    axes.pcolormesh(
        np.ma.masked_invalid(cells), cmap=CELLS, vmin=0, vmax=1, edgecolors=PAPER, linewidth=1
    )
    for (row, column), value in np.ndenumerate(cells):
        if np.isfinite(value):
            axes.text(
                column + 0.5, row + 0.5, f"{100 * value:.1f}", ha="center", va="center",
                fontsize=8.5, color=ON_DARK if value > 0.42 else ON_LIGHT,
            )  # fmt: skip
    axes.set_xticks(np.arange(len(targets)) + 0.5, labels=targets)
    axes.set_yticks(np.arange(len(origins)) + 0.5, labels=origins)
    axes.set_ylim(len(origins), 0)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("Days past due a month later, % of the row")
    axes.set_ylabel("Days past due", color=MUTED)
    return figure
