"""How one refused person comes above the cut-off, move by move."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from credit.plot.style import (
    BLUE,
    GREEN,
    GRID,
    INK,
    MUTED,
    VERMILLION,
    canvas,
    drawn,
    require,
    wrapped,
)


@drawn
def recourse(table: pd.DataFrame, *, cutoff: float) -> Figure:
    """Draw the points of one person as they are, and after each move of an offer.

    Parameters
    ----------
    table : DataFrame
        step (what is done, in words; the first row says how things are) and points (after it and
        all before it).
    cutoff : float
        Points from which applications are approved.
    """
    require(table, "recourse", ("step", "points"))
    points = table["points"].to_numpy(dtype=float)
    words = [wrapped(str(step), 42, 3) for step in table["step"]]
    lines = sum(word.count("\n") + 1 for word in words)
    figure, (axes,) = canvas(
        f"From {points[0]:.0f} to {points[-1]:.0f} points; approved from {cutoff:.0f}",
        1.15 + 0.2 * len(words) + 0.165 * lines,
    )
    last = len(points) - 1
    span = float(np.ptp([*points, cutoff])) or 1.0
    low, high = min(points.min(), cutoff) - 0.12 * span, max(points.max(), cutoff) + 0.22 * span
    axes.axvspan(cutoff, high, color=GREEN, alpha=0.1, linewidth=0)
    axes.axvline(cutoff, color=GREEN, linewidth=1.6)
    for place in range(1, len(points)):
        start, end = points[place - 1], points[place]
        axes.plot([start, start], [place - 1, place], color=GRID, linewidth=1.2, zorder=1)
        axes.annotate(
            "", (end, place), (start, place), zorder=2,
            arrowprops={"arrowstyle": "-|>", "color": BLUE, "linewidth": 2.4, "shrinkA": 0,
                        "shrinkB": 3 if place == last else 0},
        )  # fmt: skip
        axes.annotate(
            f"{end - start:+.0f}", ((start + end) / 2, place), xytext=(0, 5), ha="center",
            textcoords="offset points", color=BLUE, fontsize=8.5, fontweight="bold",
        )  # fmt: skip
    for place, color in ((0, VERMILLION), (last, GREEN if points[-1] >= cutoff else MUTED)):
        axes.plot(points[place], place, "D", color=color, markersize=7, zorder=3)
        axes.annotate(
            f"{points[place]:.0f}", (points[place], place), xytext=(8, 0), va="center",
            textcoords="offset points", color=INK, fontweight="bold",
        )  # fmt: skip
    axes.annotate("approved", (cutoff, -0.62), xytext=(4, 0), textcoords="offset points",
                  color=GREEN, fontsize=8.5, va="center")  # fmt: skip
    axes.set_yticks(range(len(words)), labels=words, fontsize=8)
    axes.set_ylim(last + 0.6, -0.9)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.set_xlim(low, high)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("Points (right is safer)")
    return figure
