"""Pictures of one column's bins, and of the same before and after a change by hand.

Tables are those of ``credit.binning``. Bins of special codes, of missing values and of names not
seen when fitting stand apart: below a line, with hollow markers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from credit.binning.edit import trend_of
from credit.errors import DataError
from credit.evaluate import jeffreys
from credit.plot.style import (
    AMBER,
    BLUE,
    GREY,
    GRID,
    MUTED,
    PAPER,
    VERMILLION,
    canvas,
    drawn,
    label_of,
    listed,
    require,
)

_NEEDED = ("feature", "bin", "good", "bad", "iv")
_COURSES = {
    "ascending": "rising",
    "descending": "falling",
    "peak": "rising, then falling",
    "valley": "falling, then rising",
    "none": "in no order",
}
_GAP = 0.45
"""Rows of space above the bins that stand apart."""

ON_PAPER: dict[str, Any] = {
    "va": "center", "fontsize": 8, "textcoords": "offset points",
    "bbox": {"facecolor": PAPER, "edgecolor": "none", "pad": 0.4},
}  # fmt: skip
"""A number beside a mark, legible over the lines of the grid."""


def apart(labels: pd.Series) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return which bins hold special codes, missing values or names not seen, by their labels."""
    text = labels.astype(str)
    return (text.isin(["missing", "not seen"]) | text.str.startswith("= ")).to_numpy(dtype=bool)


@drawn
def column_bins(table: pd.DataFrame, *, labels: Mapping[str, str] | None = None) -> Figure:
    """Draw the bins of one column: share of rows, and bad rate with its 95 % interval.

    Parameters
    ----------
    table : DataFrame
        feature, bin, good, bad, iv; one row a bin, bins in order, as ``credit.binning.bin_table``
        gives. A bin without rows is named below the picture.
    labels : mapping of str to str, optional
        Feature name -> words.
    """
    require(table, "column_bins", _NEEDED)
    rows = _with_rates(table)
    name = label_of(rows["feature"].iloc[0], labels)
    places = _places(rows)
    figure, panels = canvas(
        f"{name[:1].upper()}{name[1:]}: {_said(rows)}", 1.3 + 0.36 * (places[-1] + 1), columns=2,
        sharey=True, width_ratios=(1, 1.7),
    )  # fmt: skip
    _draw_bins((panels[0], panels[1]), rows, places)
    panels[0].set_xlabel("Share of rows")
    panels[1].set_xlabel("Bad rate, 95 % interval" + _unseen(table))
    return figure


@drawn
def bin_edit(
    before: pd.DataFrame,
    after: pd.DataFrame,
    edits: Sequence[Mapping[str, str]],
    *,
    labels: Mapping[str, str] | None = None,
) -> Figure:
    """Draw a column's bins before and after changes by hand, with the record of each below.

    Bins that only one of the two pictures has are drawn in another colour.

    Parameters
    ----------
    before, after : DataFrame
        As in :func:`column_bins`, of one column.
    edits : sequence of mapping
        what, who, why and when of each change, as ``credit.binning.Edit.to_dict`` gives.
    labels : mapping of str to str, optional
        Feature name -> words.

    Raises
    ------
    DataError
        If the tables are of two columns, there is no record, or one lacks a word.
    """
    require(before, "before", _NEEDED)
    require(after, "after", _NEEDED)
    names = sorted({str(name) for name in pd.concat([before["feature"], after["feature"]])})
    if len(names) != 1:
        raise DataError(f"before and after are of several columns: {names}. Pass one column's.")
    caption = _caption(edits)
    both = [_with_rates(before), _with_rates(after)]
    heights = [_places(rows)[-1] + 1.6 for rows in both]
    figure, panels = canvas(
        f"{label_of(names[0], labels)}: bins changed by hand, IV {before['iv'].sum():.3f} before, "
        f"{after['iv'].sum():.3f} after",
        1.5 + 0.36 * sum(heights) + 0.16 * caption.count("\n"),
        rows=2, columns=2, sharex="col", width_ratios=(1, 1.7), height_ratios=heights,
    )  # fmt: skip
    pairs = ((panels[0], panels[1]), (panels[2], panels[3]))
    words = ("Before", "After")
    for pair, rows, other, word in zip(pairs, both, reversed(both), words, strict=True):
        _draw_bins(pair, rows, _places(rows), changed=~rows["bin"].isin(other["bin"]))
        pair[0].set_title(
            f"{word}: {counted((~rows['apart']).sum())}", loc="left", fontweight="bold"
        )
        pair[1].set_yticks([])
    panels[2].set_xlabel("Share of rows\n(amber: changed)")
    panels[3].set_xlabel(f"Bad rate, 95 % interval{_unseen(after)}")
    figure.supxlabel(caption, x=0.012, ha="left", fontsize=8.5)
    return figure


def _with_rates(table: pd.DataFrame) -> pd.DataFrame:
    """Return the bins that hold rows, those apart last, with share, rate and its interval."""
    weight = (table["good"] + table["bad"]).to_numpy(dtype=float)
    if not (weight > 0).any():
        raise DataError("bins: no bin holds any row; there is nothing to draw.")
    rows = table.assign(weight=weight, apart=apart(table["bin"]))[weight > 0]
    low, high = jeffreys(rows["bad"], rows["good"])
    return rows.assign(
        share=rows["weight"] / weight.sum(), rate=rows["bad"] / rows["weight"], low=low, high=high
    ).sort_values("apart", kind="stable")


def _places(rows: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the height of each row of bins; those apart stand a little lower."""
    return np.arange(len(rows)) + _GAP * (rows["apart"].to_numpy() & ~rows["apart"].all())


def _unseen(table: pd.DataFrame) -> str:
    """Name the bins without rows."""
    empty = table.loc[table["good"] + table["bad"] == 0, "bin"]
    return f"\nno rows: {listed(', '.join(map(str, empty)), 40)}" if len(empty) else ""


def _count(rows: pd.DataFrame) -> str:
    words, beside = counted((~rows["apart"]).sum()), int(rows["apart"].sum())
    return f"{words} and {beside} apart" if beside else words


def counted(count: int) -> str:
    """Write a number of bins."""
    return f"{count} bin{'s' if count != 1 else ''}"


def _said(rows: pd.DataFrame) -> str:
    """Say what is seen: information, number of bins, course of the bad rate."""
    rate = rows.loc[~rows["apart"], "rate"].to_numpy(dtype=float)
    said = f"IV {rows['iv'].sum():.3f}, {_count(rows)}"
    if len(rate) < 2:
        return said
    course = _COURSES[trend_of(rate)]
    return f"{said}, bad rate {course}, {rate.min():.1%} to {rate.max():.1%}"


def _draw_bins(
    panels: tuple[Axes, Axes],
    rows: pd.DataFrame,
    places: np.ndarray[Any, np.dtype[np.float64]],
    *,
    changed: pd.Series | None = None,
) -> None:
    """Draw shares as bars on the left and rates with intervals on the right, a row a bin."""
    shares, rates = panels
    ordinary = ~rows["apart"].to_numpy()
    new = np.zeros(len(rows), dtype=bool) if changed is None else changed.to_numpy()
    color = np.where(new, AMBER, np.where(ordinary, BLUE, GREY))
    share, rate, low, high = rows[["share", "rate", "low", "high"]].to_numpy(dtype=float).T
    shares.barh(places, share, color=color.tolist(), height=0.66)
    for place, value in zip(places, share, strict=True):
        shares.annotate(f"{value:.1%}", (value, place), xytext=(3, 0), **ON_PAPER)
    everybody = float(rows["bad"].sum() / rows["weight"].sum())
    rates.axvline(everybody, color=MUTED, linewidth=1, linestyle=(0, (4, 2)), zorder=1)
    rates.plot(rate[ordinary], places[ordinary], color=VERMILLION, linewidth=1, alpha=0.5)
    rates.hlines(places, low, high, color=VERMILLION, linewidth=2, alpha=0.7)
    rates.scatter(
        rate, places, s=36, color=np.where(ordinary, VERMILLION, PAPER).tolist(), clip_on=False,
        edgecolors=VERMILLION, linewidths=1.4, zorder=4,
    )  # fmt: skip
    for place, value, end in zip(places, rate, high, strict=True):
        rates.annotate(f"{value:.1%}", (end, place), xytext=(5, 0), **ON_PAPER)
    rates.annotate(
        f"all {everybody:.1%}", (everybody, 1), xycoords=("data", "axes fraction"), xytext=(0, 2),
        textcoords="offset points", ha="center", color=MUTED, fontsize=8,
    )  # fmt: skip
    if ordinary.any() and not ordinary.all():
        for axes in panels:
            axes.axhline(ordinary.sum() - 0.5 + _GAP / 2, color=GRID, linewidth=1)
    shares.set_yticks(places, labels=[listed(str(name)) for name in rows["bin"]])
    for axes, most in ((shares, float(share.max())), (rates, float(high.max()))):
        axes.set_ylim(places[-1] + 0.6, -0.6)
        axes.set_xlim(0, max(1.3 * most, axes.get_xlim()[1]) if most else 1)
        axes.xaxis.set_major_locator(MaxNLocator(3 if axes is shares else 5))
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")
        axes.set_axisbelow(True)


def _caption(edits: Sequence[Mapping[str, str]]) -> str:
    if not edits:
        raise DataError("edits: no record. A change by hand is shown with who made it, and why.")
    lines = []
    for edit in edits:
        lacking = [name for name in ("what", "who", "why") if not edit.get(name)]
        if lacking:
            raise DataError(f"edits: a record without {lacking}; it has {sorted(edit)}.")
        when = f", {edit['when']}" if edit.get("when") else ""
        lines.append(fill(f"{edit['what']} ({edit['who']}{when}): {edit['why']}", 82))
    return "\n".join(lines)
