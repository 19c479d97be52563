"""Pictures of features: one person's value through time, information by month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from credit.errors import DataError
from credit.plot.style import (
    BLUE,
    CELLS,
    MUTED,
    ON_DARK,
    ON_LIGHT,
    PAPER,
    VERMILLION,
    canvas,
    drawn,
    label_of,
    month_axis,
    month_label,
    require,
    wrapped,
)


@drawn
def feature_through_time(
    table: pd.DataFrame,
    *,
    labels: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None,
    instants: Sequence[pd.Timestamp] = (),
) -> Figure:
    """Draw features of one person as they stood at a row of as-of instants.

    A value holds until the next instant, so it is drawn as steps; where a feature is null
    the line stops.

    Parameters
    ----------
    table : DataFrame
        as_of (timestamps, or integer microseconds UTC), value and, for several panels,
        feature; one row a feature and instant.
    labels, units : mapping of str to str, optional
        Feature name -> words, and -> unit for the axis.
    instants : sequence of Timestamp
        Instants to mark, such as applications.
    """
    require(table, "feature_through_time", ("as_of", "value"))
    if "feature" not in table:
        table = table.assign(feature="value")
    when = table["as_of"]
    if pd.api.types.is_integer_dtype(when):
        table = table.assign(as_of=pd.to_datetime(when, unit="us", utc=True))
    names = list(dict.fromkeys(table["feature"]))
    figure, panels = canvas(
        "One person, as known at each instant", 1.0 + 1.45 * len(names), rows=len(names),
        sharex=True,
    )  # fmt: skip
    for axes, name in zip(panels, names, strict=True):
        part = table[table["feature"] == name].sort_values("as_of")
        value = part["value"].to_numpy(dtype=float, na_value=np.nan)
        axes.step(part["as_of"], value, where="post", color=BLUE)
        axes.plot(part["as_of"], value, "o", color=BLUE, markersize=2.5)
        for instant in instants:
            axes.axvline(
                float(date2num(instant)), color=VERMILLION, linewidth=1, linestyle=(0, (3, 2))
            )
        axes.set_title(label_of(name, labels), loc="left")
        axes.set_ylabel((units or {}).get(str(name), "value"))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.grid(axis="y")
    if instants:
        panels[0].annotate(
            "application", (instants[0], 1), xycoords=("data", "axes fraction"), xytext=(4, -3),
            textcoords="offset points", va="top", color=VERMILLION, fontsize=8.5,
        )  # fmt: skip
    locator = AutoDateLocator(minticks=3, maxticks=6)
    panels[-1].xaxis.set_major_locator(locator)
    panels[-1].xaxis.set_major_formatter(ConciseDateFormatter(locator))
    panels[-1].set_xlabel("As-of instant")
    return figure


@drawn
def iv_by_month(
    table: pd.DataFrame, *, labels: Mapping[str, str] | None = None, top: int = 20
) -> Figure:
    """Draw the information value of each feature in each month as a heat map.

    Parameters
    ----------
    table : DataFrame
        feature, month, iv; one row a feature and month. A pair that is absent or null is an
        empty cell.
    labels : mapping of str to str, optional
        Feature name -> words.
    top : int
        Most features to show, by mean IV over the months.
    """
    require(table, "iv_by_month", ("feature", "month", "iv"))
    if table["iv"].isna().all():
        raise DataError("iv_by_month: no information value is known; there is nothing to draw.")
    table = table.assign(month=[month_label(month) for month in table["month"]])
    wide = table.pivot_table(index="feature", columns="month", values="iv", sort=True)
    wide = wide.loc[wide.mean(axis=1).sort_values(ascending=False, kind="stable").index[:top]]
    cells = wide.to_numpy(dtype=float)
    figure, (axes,) = canvas("Information value by month", 1.1 + 0.33 * len(wide))
    mesh = axes.pcolormesh(
        np.ma.masked_invalid(cells), cmap=CELLS, vmin=0, vmax=float(np.nanmax(cells)) or 1.0,
        edgecolors=PAPER, linewidth=1,
    )  # fmt: skip
    if cells.shape[1] <= 8:
        for (row, column), value in np.ndenumerate(cells):
            if np.isfinite(value):
                dark = value > 0.42 * np.nanmax(cells)
                axes.text(
                    column + 0.5, row + 0.5, f"{value:.2f}", ha="center", va="center",
                    fontsize=7, color=ON_DARK if dark else ON_LIGHT,
                )  # fmt: skip
    month_axis(axes, [str(month) for month in wide.columns], most=4)
    axes.set_xticks(axes.get_xticks() + 0.5, labels=[t.get_text() for t in axes.get_xticklabels()])
    axes.set_xlim(0, cells.shape[1])
    axes.set_yticks(
        np.arange(len(wide)) + 0.5, labels=[wrapped(label_of(n, labels), 28, 2) for n in wide.index]
    )
    axes.set_ylim(len(wide), 0)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("Month of application")
    bar = figure.colorbar(mesh, ax=axes, location="bottom", shrink=0.6, aspect=30, pad=0.02)
    bar.set_label("Information value (nats; 0 tells nothing)", color=MUTED)
    bar.outline.set_visible(False)
    return figure
