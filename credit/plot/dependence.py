"""What each value of a feature adds, and what each dimension adds, row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from credit.errors import DataError
from credit.plot.explain import MOST_ROWS, swarm
from credit.plot.style import (
    BLUE,
    BLUE_TO_VERMILLION,
    GREY,
    INK,
    MUTED,
    VERMILLION,
    canvas,
    drawn,
    label_of,
    require,
    wrapped,
)

_BINS = 12


@drawn
def dependence(table: pd.DataFrame, *, labels: dict[str, str] | None = None) -> Figure:
    """Draw what each value of a feature adds, a panel a feature, coloured by its partner.

    The line joins the means of twelve bins of equal size. Missing values stand apart on the left,
    names side by side. Of more than 1,000 rows, 1,000 evenly spaced ones are drawn.

    Parameters
    ----------
    table : DataFrame
        feature, value, contribution and, where known, partner and partner_rank, as
        ``credit.explain.dependence`` gives.
    labels : mapping of str to str, optional
        Feature name -> words.
    """
    require(table, "dependence", ("feature", "value", "contribution"))
    names = list(dict.fromkeys(table["feature"]))
    columns = min(2, len(names))
    rows = -(-len(names) // columns)
    figure, panels = canvas(
        "What each value adds", 0.75 + 2.15 * rows, rows=rows, columns=columns, sharey=True
    )
    for axes, name in zip(panels, names, strict=False):
        _draw_dependence(axes, table[table["feature"] == name], label_of(name, labels), labels)
    for axes in panels[len(names) :]:
        axes.set_visible(False)
    for axes in panels[::columns]:
        axes.set_ylabel("Added to the log-odds of bad")
    if "partner_rank" in table and table["partner_rank"].notna().any():
        _colour_key(figure, "low", "high value of the feature named below the panel")
    figure.dpi = 160
    return figure


def _draw_dependence(
    axes: Axes, part: pd.DataFrame, label: str, labels: dict[str, str] | None
) -> None:
    """Draw one feature's panel."""
    part = part.iloc[:: max(1, -(-len(part) // MOST_ROWS))]
    y = part["contribution"].to_numpy(dtype=float)
    numeric = pd.api.types.is_numeric_dtype(pd.Series(part["value"].dropna().tolist()))
    x, ticks = _places(part["value"], numeric=numeric)
    rank = np.full(len(part), np.nan)
    if "partner_rank" in part:
        rank = part["partner_rank"].to_numpy(dtype=float)
    known = np.isfinite(rank)
    style: dict[str, Any] = {"s": 6, "linewidths": 0, "rasterized": True}
    axes.scatter(x[~known], y[~known], color=GREY, alpha=0.7, **style)
    axes.scatter(x[known], y[known], c=rank[known], cmap=BLUE_TO_VERMILLION, vmin=0, vmax=1,
                 **style)  # fmt: skip
    axes.axhline(0, color=MUTED, linewidth=0.9, zorder=0)
    if numeric:
        _mean_line(axes, part["value"].to_numpy(dtype=float, na_value=np.nan), y)
        axes.xaxis.set_major_locator(MaxNLocator(4))
    if ticks:
        axes.set_xticks(list(ticks), labels=[wrapped(word, 12, 2) for word in ticks.values()])
    axes.set_title(wrapped(label, 27, 3), loc="left", fontsize=8.5, fontweight="bold")
    partner = str(part["partner"].iloc[0]) if "partner" in part else ""
    if partner:
        axes.set_xlabel(wrapped(f"colour: {label_of(partner, labels)}", 40, 2), fontsize=7.5)


def _places(value: pd.Series, *, numeric: bool) -> tuple[np.ndarray, dict[float, str]]:
    """Return where each value stands, and the names of places that are no amounts."""
    if not numeric:
        words = value.astype("object").where(value.notna(), None)
        codes, names = pd.factorize(words, use_na_sentinel=True)
        places = np.where(codes < 0, len(names), codes).astype(float)
        spread = np.random.default_rng(0).uniform(-0.25, 0.25, len(places))
        ticks = {float(at): str(name) for at, name in enumerate(names)}
        if (codes < 0).any():
            ticks[float(len(names))] = "missing"
        return places + spread, ticks
    x = value.to_numpy(dtype=float, na_value=np.nan)
    missing = np.isnan(x)
    if not missing.any():
        return x, {}
    span = float(np.nanmax(x) - np.nanmin(x)) if not missing.all() else 0.0
    left = (float(np.nanmin(x)) if not missing.all() else 0.0) - 0.12 * (span or 1.0)
    spread = np.random.default_rng(0).uniform(-0.02, 0.02, len(x)) * (span or 1.0)
    return np.where(missing, left + spread, x), {}


def _mean_line(axes: Axes, value: np.ndarray, added: np.ndarray) -> None:
    """Join the mean contributions of bins of about equal size."""
    known = np.isfinite(value)
    if known.sum() < 2:
        return
    order = np.argsort(value[known], kind="stable")
    pieces = np.array_split(order, min(_BINS, len(order)))
    x = [float(value[known][piece].mean()) for piece in pieces]
    y = [float(added[known][piece].mean()) for piece in pieces]
    axes.plot(x, y, color=INK, linewidth=1.4)


@drawn
def dimension_swarm(by_dimension: pd.DataFrame, *, labels: dict[str, str] | None = None) -> Figure:
    """Draw what each dimension adds to each row, blue where it makes the person safer.

    Parameters
    ----------
    by_dimension : DataFrame (rows x dimensions)
        From ``credit.explain.dimension_contributions``; each is drawn about its mean.
    labels : mapping of str to str, optional
        Dimension -> words.

    Raises
    ------
    DataError
        If there is no dimension to draw.
    """
    names = list(by_dimension.columns)
    if not names:
        raise DataError(
            "by_dimension: no column. Give the contributions of one dimension at least."
        )
    require(by_dimension, "by_dimension", ())
    kept = by_dimension.iloc[:: max(1, -(-len(by_dimension) // MOST_ROWS))]
    figure, (axes,) = canvas("What each dimension adds, row by row", 1.2 + 0.42 * len(names))
    for place, name in enumerate(names):
        x = kept[name].to_numpy(dtype=float) - float(by_dimension[name].mean())
        for side, color in ((x <= 0, BLUE), (x > 0, VERMILLION)):
            axes.scatter(x[side], place + 0.38 * swarm(x)[side], s=5, linewidths=0, color=color,
                         rasterized=True)  # fmt: skip
        low, middle, high = np.quantile(x, [0.1, 0.5, 0.9])
        axes.plot([low, high], [place, place], color=INK, linewidth=1.1)
        axes.plot(middle, place, "|", color=INK, markersize=11, markeredgewidth=1.6)
    axes.axvline(0, color=MUTED, linewidth=0.9, zorder=0)
    axes.set_yticks(range(len(names)), labels=[label_of(name, labels) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("Added to the log-odds of bad, against the mean (right is riskier)\n"
                    "line: eight people in ten; bar: the middle one")  # fmt: skip
    figure.dpi = 160
    return figure


def _colour_key(figure: Figure, low: str, high: str) -> None:
    """Say what the colours from blue to vermillion mean."""
    axes = figure.axes[0]
    handles = [
        axes.plot([], [], "o", color=color, markersize=5, label=word)[0]
        for word, color in ((low, BLUE), (high, VERMILLION))
    ]
    figure.legend(handles=handles, loc="outside lower left", ncols=2, handletextpad=0.1)
