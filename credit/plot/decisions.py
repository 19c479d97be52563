"""Pictures of what follows from a score: cut-offs, cohorts as they age, and refused applicants."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from credit.plot.style import (
    AMBER,
    BLUE,
    BLUE_TO_VERMILLION,
    GREEN,
    INK,
    MUTED,
    SERIES,
    VERMILLION,
    canvas,
    drawn,
    end_labels,
    human,
    require,
    wrapped,
)

_SETTLED = 0.2
"""Share approved from which the whole interval of the bad rate is drawn."""


@drawn
def cutoffs(table: pd.DataFrame) -> Figure:
    """Draw profit and bad rate against the share approved.

    Parameters
    ----------
    table : DataFrame
        approval_rate, bad_rate, profit, and where known their bounds, best (true in the row of
        greatest profit) and profit_expected, as ``credit.evaluate.cutoff_table`` gives.
    """
    require(table, "cutoffs", ("approval_rate", "bad_rate", "profit"))
    figure, (upper, lower) = canvas(
        "What each cut-off earns, and how many go bad", 4.4, rows=2, sharex=True,
        height_ratios=(3, 2),
    )  # fmt: skip
    x = table["approval_rate"].to_numpy(dtype=float)
    for axes, name, color in ((upper, "profit", BLUE), (lower, "bad_rate", VERMILLION)):
        if f"{name}_low" in table and f"{name}_high" in table:
            axes.fill_between(
                x, table[f"{name}_low"], table[f"{name}_high"], color=color, alpha=0.18, linewidth=0
            )
        axes.plot(x, table[name], color=color)
        axes.grid()
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.yaxis.set_major_locator(MaxNLocator(5))
    if "profit_expected" in table:
        upper.plot(x, table["profit_expected"], color=MUTED, dashes=(4, 2), linewidth=1.1)
        upper.annotate(
            "– –  as the probabilities say", (0, 1), xycoords="axes fraction", xytext=(4, -15),
            textcoords="offset points", va="top", color=MUTED, fontsize=8.5,
        )  # fmt: skip
    upper.annotate(
        "—  as it came, 95 % interval", (0, 1), xycoords="axes fraction", xytext=(4, -2),
        textcoords="offset points", va="top", color=BLUE, fontsize=8.5,
    )  # fmt: skip
    if "best" in table and table["best"].any():
        row = table[table["best"]].iloc[0]
        for axes in (upper, lower):
            axes.axvline(float(row["approval_rate"]), color=INK, linewidth=0.9, dashes=(2, 2))
        right = float(row["approval_rate"]) > 0.6
        upper.annotate(
            f"most at {row['approval_rate']:.0%} approved",
            (float(row["approval_rate"]), 0), xycoords=("data", "axes fraction"),
            xytext=(-5 if right else 5, 5), textcoords="offset points",
            ha="right" if right else "left", color=INK, fontsize=8.5,
        )  # fmt: skip
    upper.axhline(0, color=MUTED, linewidth=0.8)
    upper.margins(y=0.22)
    upper.set_ylabel("Profit, share of all amounts")
    lower.set_ylabel("Bad rate")
    lower.set_ylim(0, _top(table))
    lower.set_xlim(0, 1)
    lower.xaxis.set_major_formatter(PercentFormatter(1))
    lower.set_xlabel("Share of applications approved, safest first")
    return figure


def _top(table: pd.DataFrame) -> float:
    """Return how high bad rates are drawn: the interval of the first few loans says nothing."""
    settled = table[table["approval_rate"] >= _SETTLED]
    highest = settled["bad_rate_high"].max() if "bad_rate_high" in table and len(settled) else 0.0
    return 1.1 * max(float(highest), float(table["bad_rate"].iloc[-1]), 0.001)


@drawn
def vintages(table: pd.DataFrame) -> Figure:
    """Draw the cumulative bad rate of each cohort by months on book, old blue to new red.

    Parameters
    ----------
    table : DataFrame
        cohort, month_on_book, rate, as ``credit.evaluate.vintage_table`` gives; the oldest and
        the newest cohort are named.
    """
    require(table, "vintages", ("cohort", "month_on_book", "rate"))
    figure, (axes,) = canvas("Cumulative bad rate by months on book", 3.4)
    cohorts = sorted(table["cohort"].unique())
    ends = []
    for place, cohort in enumerate(cohorts):
        part = table[table["cohort"] == cohort].sort_values("month_on_book")
        color = to_hex(BLUE_TO_VERMILLION(place / max(len(cohorts) - 1, 1)))
        x, rate = (part[name].to_numpy(dtype=float) for name in ("month_on_book", "rate"))
        axes.plot(x, rate, "o-", color=color, markersize=2.5, linewidth=1.2)
        if place in (0, len(cohorts) - 1):
            ends.append((float(x[-1]), float(rate[-1]), str(cohort), color))
    axes.set_ylim(bottom=0)
    axes.margins(x=0.03)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    end_labels(axes, ends, 0.07)
    axes.grid(axis="y")
    axes.set_xlabel("Months on book")
    axes.set_ylabel("Share bad so far")
    return figure


@drawn
def reject_error(table: pd.DataFrame) -> Figure:
    """Draw how far each method of reject inference misses the bad rate of the refused.

    Parameters
    ----------
    table : DataFrame
        underwriter, method, bias and, where known, bias_low, bias_high, as
        ``credit.reject.measured_error`` gives; methods in the order of the table.
    """
    require(table, "reject_error", ("underwriter", "method", "bias"))
    methods = list(dict.fromkeys(table["method"]))
    names = list(dict.fromkeys(table["underwriter"]))
    figure, (axes,) = canvas(
        "What refused applicants hide: inferred less true bad rate", 1.5 + 0.52 * len(methods)
    )
    axes.axvline(0, color=GREEN, linewidth=1.4)
    bounds = table.reindex(columns=["bias", "bias_low", "bias_high"]).to_numpy(dtype=float)
    keys = zip(table["underwriter"], table["method"], strict=True)
    own = (BLUE, AMBER, VERMILLION) if len(names) <= 3 else SERIES
    for (name, method), (bias, low, high) in zip(keys, bounds, strict=True):
        series = names.index(name)
        place = methods.index(method) + 0.22 * (series - (len(names) - 1) / 2)
        color = own[series % len(own)]
        if np.isfinite(low) and np.isfinite(high):
            axes.plot([low, high], [place, place], color=color, linewidth=1.8)
        axes.plot(bias, place, "o", color=color, markersize=4.5)
    for series, name in enumerate(names):
        axes.plot(
            [], [], "o-", color=own[series % len(own)], markersize=4.5, label=f"underwriter {name}"
        )
    axes.set_yticks(range(len(methods)), labels=[wrapped(human(m), 22, 2) for m in methods])
    axes.set_ylim(len(methods) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:+.0f}" if value else "0")
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.set_xlabel("Percentage points, 95 % interval; 0 is the truth")
    figure.legend(loc="outside lower left", ncols=2, handletextpad=0.4, columnspacing=1.2)
    return figure
