"""Pictures of why a model says what it says: dimension shares, contributions, points."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import shorten
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from credit.errors import DataError
from credit.plot.style import (
    BLUE,
    BLUE_TO_VERMILLION,
    GREEN,
    GREY,
    GRID,
    INK,
    MUTED,
    VERMILLION,
    canvas,
    drawn,
    human,
    label_of,
    require,
    wrapped,
)

MOST_ROWS = 1_000
"""Dots of a feature; more only hide each other."""


@drawn
def dimension_shares(table: pd.DataFrame) -> Figure:
    """Draw the learnt share of each dimension, with its interval, beside the policy weight.

    Parameters
    ----------
    table : DataFrame
        dimension, share (Cov(s_d, s) / Var(s), the parts sum to 1) and, where known,
        share_low, share_high, policy (the weight the policy gives) and truth (the share in
        a world whose truth is known).
    """
    require(table, "dimension_shares", ("dimension", "share"))
    figure, (axes,) = canvas("What moves the score, by dimension", 1.35 + 0.44 * len(table))
    places = np.arange(len(table))
    if "policy" in table:
        pairs = np.sort(table[["share", "policy"]].to_numpy(dtype=float), axis=1)
        axes.hlines(places, pairs[:, 0], pairs[:, 1], color=GRID, linewidth=5)
    if "share_low" in table and "share_high" in table:
        axes.hlines(places, table["share_low"], table["share_high"], color=BLUE, linewidth=1.6)
    axes.plot(table["share"], places, "o", color=BLUE, markersize=7, label="learnt, 95 % interval")
    if "policy" in table:
        axes.plot(
            table["policy"], places, "D", color=INK, markerfacecolor="none", markersize=6,
            markeredgewidth=1.4, label="policy weight",
        )  # fmt: skip
    if "truth" in table:
        axes.plot(
            table["truth"], places, "|", color=GREEN, markersize=15, markeredgewidth=2,
            label="known truth",
        )  # fmt: skip
    axes.set_yticks(places, labels=[human(str(name)) for name in table["dimension"]])
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.set_xlim(left=min(0.0, axes.get_xlim()[0]))
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.set_xlabel("Share of the variance of the score")
    figure.legend(loc="outside lower left", ncols=3, handletextpad=0.4, columnspacing=1.2)
    return figure


@drawn
def beeswarm(
    contributions: pd.DataFrame,
    values: pd.DataFrame,
    *,
    labels: Mapping[str, str] | None = None,
    top: int = 12,
) -> Figure:
    """Draw the contribution of each feature to each row, coloured by the feature's value.

    The ``top`` features by mean absolute contribution are shown, largest first. Of more than
    1,000 rows, 1,000 evenly spaced ones are drawn; the order of features counts all rows.

    Parameters
    ----------
    contributions : DataFrame, (n_rows, n_features)
        Log-odds of bad that each feature adds (TreeSHAP, or a scorecard's terms).
    values : DataFrame, (n_rows, >= n_features)
        The feature values, row by row. A value is coloured by its rank within its feature;
        a missing value or a name is grey.
    labels : mapping of str to str, optional
        Feature name -> words.
    top : int
        Most features to show.

    Raises
    ------
    DataError
        If the two tables do not describe the same rows and features.
    """
    require(contributions, "contributions", ())
    missing = [name for name in contributions.columns if name not in values.columns]
    if missing or len(contributions) != len(values):
        raise DataError(
            f"values: {len(values)} rows for {len(contributions)} rows of contributions, and no "
            f"column {missing}. Pass the rows that were explained, in the same order."
        )
    order = contributions.abs().mean().sort_values(ascending=False, kind="stable").index[:top]
    step = max(1, -(-len(contributions) // MOST_ROWS))
    figure, (axes,) = canvas("What each feature adds, row by row", 1.25 + 0.37 * len(order))
    for place, name in enumerate(order):
        x = contributions[name].to_numpy(dtype=float)[::step]
        rank = _ranks(values[name])[::step]
        y = place + 0.36 * swarm(x)
        known = np.isfinite(rank)
        style: dict[str, Any] = {"s": 5, "linewidths": 0, "rasterized": True}
        axes.scatter(x[~known], y[~known], color=GREY, alpha=0.7, **style)
        axes.scatter(
            x[known], y[known], c=rank[known], cmap=BLUE_TO_VERMILLION, vmin=0, vmax=1, **style
        )
    axes.axvline(0, color=MUTED, linewidth=0.9, zorder=0)
    axes.set_yticks(range(len(order)), labels=[wrapped(label_of(n, labels)) for n in order])
    axes.set_ylim(len(order) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("Added to the log-odds of bad (right is riskier)")
    handles = [
        axes.plot([], [], "o", color=color, markersize=5, label=word)[0]
        for word, color in (("low value", BLUE), ("high value", VERMILLION), ("missing", GREY))
    ]
    figure.legend(
        handles=handles, loc="outside lower left", ncols=3, handletextpad=0.1, columnspacing=1.2
    )
    figure.dpi = 160
    return figure


@drawn
def points_table(
    table: pd.DataFrame, *, labels: Mapping[str, str] | None = None, top: int | None = None
) -> Figure:
    """Draw the points of each bin of a scorecard as bars, feature by feature.

    Parameters
    ----------
    table : DataFrame
        feature, bin, points and, where known, rate (observed bad rate of the bin, written
        beside its bar); bins in order.
    labels : mapping of str to str, optional
        Feature name -> words.
    top : int, optional
        Show only the features with the widest range of points.
    """
    require(table, "points", ("feature", "bin", "points"))
    spans = table.groupby("feature", sort=False)["points"].agg(lambda p: p.max() - p.min())
    names = list(spans.sort_values(ascending=False, kind="stable").index[:top])
    blocks = [table[table["feature"] == name] for name in names]
    rows = sum(len(block) for block in blocks)
    figure, (axes,) = canvas("Scorecard: points by bin", 0.95 + 0.185 * (rows + 1.35 * len(names)))
    place, ticks, words = 0.0, [], []
    for name, block in zip(names, blocks, strict=True):
        axes.annotate(
            shorten(label_of(name, labels), 52, placeholder=" …"), (0, place),
            xycoords=("axes fraction", "data"),
            xytext=(4, 0), textcoords="offset points", va="center", fontsize=8.5,
            fontweight="bold",
        )  # fmt: skip
        at = place + 1 + np.arange(len(block))
        points = block["points"].to_numpy(dtype=float)
        axes.barh(at, points, color=[BLUE if p >= 0 else VERMILLION for p in points], height=0.72)
        for y, point, rate in zip(at, points, block.get("rate", points * np.nan), strict=True):
            beside = "" if pd.isna(rate) else f"  ({rate:.1%} bad)"
            axes.annotate(
                f"{point:+.0f}{beside}", (max(point, 0.0), y), xytext=(3, 0), va="center",
                textcoords="offset points", fontsize=7.5,
            )  # fmt: skip
        ticks += at.tolist()
        words += [wrapped(str(bin_), 24) for bin_ in block["bin"]]
        place = float(at[-1]) + 1.35
    axes.set_yticks(ticks, labels=words, fontsize=7.5)
    axes.set_ylim(place - 0.6, -0.8)
    axes.axvline(0, color=MUTED, linewidth=0.9)
    axes.margins(x=0.22)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("Points (higher is safer); in brackets the bad rate of the bin")
    return figure


def _ranks(values: pd.Series) -> np.ndarray:
    """Return ranks scaled to 0..1; not-a-number for what is missing or has no order."""
    if not pd.api.types.is_numeric_dtype(values):
        return np.full(len(values), np.nan)
    ranks = values.rank(method="average").to_numpy(dtype=float, na_value=np.nan)
    known = np.isfinite(ranks)
    if not known.any():
        return ranks
    low, high = ranks[known].min(), ranks[known].max()
    return (ranks - low) / (high - low) if high > low else np.where(known, 0.5, np.nan)


def swarm(x: np.ndarray, columns: int = 60) -> np.ndarray:
    """Return offsets in -1..1 that stack points of similar x on both sides of a line."""
    span = float(np.ptp(x)) or 1.0
    slot = np.floor((x - x.min()) / span * (columns - 1)).astype(int)
    order = np.lexsort((np.arange(len(x)), slot))
    first = np.searchsorted(slot[order], slot[order], side="left")
    position = np.arange(len(x)) - first
    offset = np.empty(len(x))
    offset[order] = np.where(position % 2 == 0, position, -position - 1) / 2
    return offset / max(1.0, float(np.abs(offset).max()))
