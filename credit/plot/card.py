"""Pictures of a card: all its points at a glance, and how one applicant comes to theirs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from credit.errors import DataError
from credit.plot.bins import apart
from credit.plot.style import (
    BLUE,
    GRID,
    INK,
    MUTED,
    PAPER,
    SERIES,
    VERMILLION,
    canvas,
    drawn,
    human,
    label_of,
    listed,
    require,
    wrapped,
)
from credit.scorecard import BASE

_NEEDED = ("feature", "bin", "points")


@drawn
def whole_card(
    table: pd.DataFrame, *, labels: Mapping[str, str] | None = None, top: int | None = None
) -> Figure:
    """Draw a whole card: the points of every bin, a row a feature, widest range first.

    Parameters
    ----------
    table : DataFrame
        feature, bin, points, the base points in the row ``(base)``, as ``Scorecard.table_``
        gives; where known, share (a larger dot holds more people) and dimension (colour).
    labels : mapping of str to str, optional
        Feature name -> words.
    top : int, optional
        Most features to show; how many are left out is said.
    """
    base, inside = _parted(table, "whole_card")
    if "share" in inside:  # a bin nobody was in and that gives 0 points changes no total
        inside = inside[(inside["share"] > 0) | (inside["points"] != 0)]
    ranges = inside.groupby("feature", sort=False)["points"].agg(["min", "max"])
    order = (ranges["max"] - ranges["min"]).sort_values(ascending=False, kind="stable").index
    names = list(order[:top])
    totals = base + ranges.sum()
    left = f"; the first {len(names)} of {len(order)} features" if len(names) < len(order) else ""
    figure, (axes,) = canvas(
        f"The card: base {base:.0f} points, totals from {totals['min']:.0f} to "
        f"{totals['max']:.0f}{left}",
        1.5 + 0.47 * len(names),
    )
    colors = _dimension_colors(inside)
    for place, name in enumerate(names):
        rows = inside[inside["feature"] == name]
        dimension = str(rows["dimension"].iloc[0]) if colors else ""
        _draw_feature(axes, rows, place, colors.get(dimension, BLUE))
        axes.annotate(
            listed(label_of(name, labels), 56, 1), (0, place - 0.42),
            xycoords=("axes fraction", "data"), xytext=(2, 0), textcoords="offset points",
            va="center", fontsize=8.5, fontweight="bold",
        )  # fmt: skip
    axes.axvline(0, color=MUTED, linewidth=0.9, zorder=0)
    axes.set_yticks([])
    axes.set_ylim(len(names) - 0.45, -0.75)
    low, high = float(inside["points"].min()), float(inside["points"].max())
    room = 0.75 * max(high - low, 1.0)
    axes.set_xlim(low - room, high + room)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("Points added to the base (right is safer)" + _key(inside))
    if colors:
        handles = [
            axes.plot([], [], "o", color=color, markersize=6, label=human(name) or "none")[0]
            for name, color in colors.items()
        ]
        figure.legend(handles=handles, loc="outside lower left", ncols=3, handletextpad=0.2)
    return figure


@drawn
def waterfall(
    table: pd.DataFrame, *, labels: Mapping[str, str] | None = None, top: int = 12
) -> Figure:
    """Draw how one applicant comes from the base points to their total, largest step first.

    Parameters
    ----------
    table : DataFrame
        feature, bin, points of one applicant, the base points in the row ``(base)``, as
        ``Scorecard.breakdown`` gives.
    labels : mapping of str to str, optional
        Feature name -> words.
    top : int
        Most features to show by themselves; the others are one step together.

    Raises
    ------
    DataError
        If a feature occurs twice: the rows are of several applicants.
    """
    base, steps = _parted(table, "waterfall")
    twice = steps.loc[steps["feature"].duplicated(), "feature"]
    if len(twice):
        raise DataError(
            f"waterfall: {twice.iloc[0]!r} occurs twice. Pass the rows of one applicant."
        )
    rows = _steps(steps, labels, top)
    points = np.array([value for _, value in rows])
    ends = base + np.cumsum(points)
    starts = ends - points
    total = float(base + points.sum())
    figure, (axes,) = canvas(
        f"One applicant: base {base:.0f}, {points.sum():+.0f} points, total {total:.0f}",
        1.1 + 0.36 * (len(rows) + 2),
    )
    last = len(rows) + 1
    for place, (start, end, step) in enumerate(zip(starts, ends, points, strict=True), start=1):
        color = BLUE if step > 0 else VERMILLION if step else MUTED
        axes.barh(place, step, left=start, color=color, height=0.62)
        axes.plot([start, start], [place - 1, place], color=MUTED, linewidth=0.8, zorder=0)
        axes.annotate(
            f"{step:+.0f}", (max(start, end), place), xytext=(4, 0), va="center", fontsize=8.5,
            textcoords="offset points", color=color, fontweight="bold",
        )  # fmt: skip
    axes.plot([total, total], [last - 1, last], color=MUTED, linewidth=0.8, zorder=0)
    for place, value, color in ((0, float(base), MUTED), (last, total, INK)):
        axes.plot(value, place, "D", color=color, markersize=7)
        axes.annotate(
            f"{value:.0f}", (value, place), xytext=(8, 0), textcoords="offset points",
            va="center", fontweight="bold",
        )  # fmt: skip
    words = ["Base, everybody", *(name for name, _ in rows), "Total"]
    axes.set_yticks(range(len(words)), labels=words, fontsize=8)
    axes.set_ylim(last + 0.6, -0.6)
    axes.use_sticky_edges = False
    axes.margins(x=0.14)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.set_xlabel("Points (right is safer)")
    return figure


def _parted(table: pd.DataFrame, name: str) -> tuple[float, pd.DataFrame]:
    """Return the base points, and the rows of the features."""
    require(table, name, _NEEDED)
    is_base = (table["feature"] == BASE).to_numpy()
    if is_base.sum() != 1 or is_base.all():
        raise DataError(
            f"{name}: {int(is_base.sum())} row(s) {BASE!r}, {int((~is_base).sum())} of features. "
            "One base and at least one feature are needed."
        )
    return float(table.loc[is_base, "points"].iloc[0]), table[~is_base]


def _dimension_colors(inside: pd.DataFrame) -> dict[str, str]:
    """Return dimension -> colour, empty where no feature has one."""
    if "dimension" not in inside or not inside["dimension"].astype(bool).any():
        return {}
    names = list(dict.fromkeys(inside["dimension"].astype(str)))
    return {name: SERIES[place % len(SERIES)] for place, name in enumerate(names)}


def _draw_feature(axes: Axes, rows: pd.DataFrame, place: int, color: str) -> None:
    """Draw a feature's points as dots on a line, the ends named by their bins."""
    points = rows["points"].to_numpy(dtype=float)
    share = rows["share"].to_numpy(dtype=float) if "share" in rows else np.full(len(rows), 0.2)
    beside = apart(rows["bin"])
    axes.plot([points.min(), points.max()], [place, place], color=GRID, linewidth=3, zorder=1)
    for own, face in ((~beside, color), (beside, PAPER)):
        axes.scatter(
            points[own], np.full(own.sum(), place), s=14 + 170 * share[own], facecolors=face,
            edgecolors=color if face == PAPER else PAPER, linewidths=1.0, zorder=2,
        )  # fmt: skip
    for at, side in ((int(points.argmin()), -1), (int(points.argmax()), 1)):
        name = listed(str(rows["bin"].iloc[at]), 22, 1)
        text = f"{points[at]:+.0f}  {name}" if side > 0 else f"{name}  {points[at]:+.0f}"
        axes.annotate(
            text, (points[at], place), xytext=(8 * side, 0), textcoords="offset points",
            va="center", ha="left" if side > 0 else "right", fontsize=7.5,
        )  # fmt: skip


def _key(inside: pd.DataFrame) -> str:
    """Say what the size and the face of a dot mean."""
    words = ["larger dot: more people"] if "share" in inside else []
    if apart(inside["bin"]).any():
        words.append("hollow: missing, special or not seen")
    return "\n" + "; ".join(words) if words else ""


def _steps(
    steps: pd.DataFrame, labels: Mapping[str, str] | None, top: int
) -> list[tuple[str, float]]:
    """Return the words and points of each step, the largest first, the smallest together."""
    order = steps["points"].abs().sort_values(ascending=False, kind="stable").index
    shown, rest = steps.loc[order[:top]], steps.loc[order[top:]]
    rows = [
        (f"{wrapped(label_of(feature, labels), 44, 1)}\n{listed(str(bin_), 44, 1)}", float(points))
        for feature, bin_, points in zip(
            shown["feature"], shown["bin"], shown["points"], strict=True
        )
    ]
    if len(rest):
        rows.append(
            (
                f"{len(rest)} other feature{'s' if len(rest) > 1 else ''}",
                float(rest["points"].sum()),
            )
        )
    return rows
