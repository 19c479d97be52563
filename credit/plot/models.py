"""Pictures of how good models are: ranking, points, calibration, grades.

Tables are those of ``credit.evaluate`` or plain rows; y = 1 is bad and a larger probability
is riskier. An interval of column ``x`` stands in ``x_low`` and ``x_high``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, PercentFormatter

from credit.errors import DataError
from credit.plot.style import (
    BLUE,
    INK,
    MUTED,
    PAPER,
    VERMILLION,
    canvas,
    drawn,
    model_color,
    model_label,
    require,
)

_VERTICES = 400


@drawn
def model_comparison(table: pd.DataFrame) -> Figure:
    """Draw each model's AUC with its interval, and the ceiling as a line where it is known.

    Parameters
    ----------
    table : DataFrame
        model, auc and, where known, auc_low, auc_high; one row a model. The row called
        ``ceiling`` is the score nobody can beat.
    """
    require(table, "models", ("model", "auc"))
    figure, (axes,) = canvas("Ranking: area under the ROC curve", 0.95 + 0.42 * len(table))
    bounds = table.reindex(columns=["auc", "auc_low", "auc_high"]).to_numpy(dtype=float)
    for place, (model, (auc, low, high)) in enumerate(zip(table["model"], bounds, strict=True)):
        color = model_color(model, place)
        if model == "ceiling":
            axes.axvline(auc, color=color, linestyle=(0, (4, 2)), linewidth=1)
        if np.isfinite(low) and np.isfinite(high):
            axes.plot([low, high], [place, place], color=color, linewidth=2.4)
        axes.plot(auc, place, "o", color=color, markersize=6)
        axes.annotate(
            f"{auc:.3f}", (auc, place), xytext=(0, 6), color=color,
            textcoords="offset points", ha="center", fontsize=8.5,
        )  # fmt: skip
    axes.set_yticks(range(len(table)), labels=[model_label(m) for m in table["model"]])
    axes.set_ylim(len(table) - 0.6, -0.75)
    axes.margins(x=0.08)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.set_xlabel("AUC (0.5 is chance, 1 is perfect), with its 95 % interval")
    axes.tick_params(axis="y", length=0)
    return figure


@drawn
def roc(table: pd.DataFrame) -> Figure:
    """Draw the receiver operating characteristic of each model.

    Parameters
    ----------
    table : DataFrame
        model, false_positive_rate, true_positive_rate, from (0, 0) to (1, 1), as
        ``credit.evaluate.roc_table`` gives for one model.
    """
    x, y = "false_positive_rate", "true_positive_rate"
    figure, axes = _curves(table, x, y, "ROC: bad caught against good refused")
    axes.set_xlabel("Share of good applications refused")
    axes.set_ylabel("Share of bad applications caught")
    return figure


@drawn
def cap(table: pd.DataFrame) -> Figure:
    """Draw the cumulative accuracy profile of each model.

    Parameters
    ----------
    table : DataFrame
        model, share_of_people, share_of_bads, riskiest first, as ``credit.evaluate.cap_table``
        gives for one model.
    """
    x, y = "share_of_people", "share_of_bads"
    figure, axes = _curves(table, x, y, "CAP: bad caught when the riskiest are refused first")
    axes.set_xlabel("Share of all applications refused, riskiest first")
    axes.set_ylabel("Share of bad applications caught")
    return figure


@drawn
def score_distribution(predictions: pd.DataFrame) -> Figure:
    """Draw the points of good and bad applications, one panel a model.

    Parameters
    ----------
    predictions : DataFrame
        model, y, points (higher is safer); one row a model and application.
    """
    require(predictions, "predictions", ("model", "y", "points"))
    models = list(dict.fromkeys(predictions["model"]))
    figure, panels = canvas("Points by outcome", 0.7 + 1.75 * len(models), rows=len(models))
    for axes, model in zip(panels, models, strict=True):
        rows = predictions[predictions["model"] == model]
        y = _binary(rows["y"], str(model))
        points = rows["points"].to_numpy(dtype=float)
        low, high = np.quantile(points, (0.001, 0.999))
        edges = np.linspace(low, high + 1e-9, 41)
        for value, word, color in ((0, "good", BLUE), (1, "bad", VERMILLION)):
            counts, _ = np.histogram(np.clip(points[y == value], low, high), bins=edges)
            share = counts / counts.sum()
            axes.stairs(share, edges, color=color, fill=True, alpha=0.28)
            axes.stairs(share, edges, color=color, linewidth=1.4)
            middle = float(np.median(points[y == value]))
            axes.axvline(middle, color=color, linestyle=(0, (3, 2)), linewidth=1)
            axes.annotate(
                f"{word}, median {middle:.0f}", (middle, 1), xycoords=("data", "axes fraction"),
                xytext=(5 if value == 0 else -5, -2), textcoords="offset points", color=color,
                ha="left" if value == 0 else "right", va="top", fontsize=8.5,
            )  # fmt: skip
        axes.set_title(model_label(model), loc="left")
        axes.set_ylim(0, axes.get_ylim()[1] * 1.22)
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.yaxis.set_major_locator(MaxNLocator(3))
        axes.set_ylabel("Share of outcome")
    panels[-1].set_xlabel("Points (higher is safer)")
    return figure


@drawn
def calibration(table: pd.DataFrame) -> Figure:
    """Draw the observed bad rate against the predicted one, bins of equal mass.

    Both axes are square roots of a percentage: most applications sit at a few percent, and
    a bin without any bad one still has a place.

    Parameters
    ----------
    table : DataFrame
        model, predicted (mean probability of the bin), rate (observed), rate_low, rate_high;
        one row a model and bin.
    """
    names = ("model", "predicted", "rate", "rate_low", "rate_high")
    require(table, "calibration", names)
    models = list(dict.fromkeys(table["model"]))
    columns = min(2, len(models))
    rows = -(-len(models) // columns)
    figure, panels = canvas(
        "Calibration: promised against observed", 0.75 + rows * (2.3 if columns == 2 else 3.6),
        rows=rows, columns=columns, sharex=True, sharey=True,
    )  # fmt: skip
    top = min(1.0, 1.08 * float(table[["predicted", "rate_high"]].max().max()))
    for place, (axes, model) in enumerate(zip(panels, models, strict=False)):
        part = table[table["model"] == model].sort_values("predicted")
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.9, linestyle=(0, (4, 2)))
        axes.vlines(
            part["predicted"], part["rate_low"], part["rate_high"],
            color=model_color(model, place), linewidth=1.6, alpha=0.75,
        )  # fmt: skip
        axes.plot(
            part["predicted"], part["rate"], "o", markersize=4.5, color=model_color(model, place),
            markeredgecolor=PAPER, markeredgewidth=0.6,
        )  # fmt: skip
        axes.set_title(model_label(model), loc="left", color=model_color(model, place))
        _square_root(axes, top)
    for place, axes in enumerate(panels[len(models) :], start=len(models)):
        axes.set_visible(False)
        panels[place - columns].tick_params(labelbottom=True)  # nothing below says it
    figure.supxlabel("Predicted probability of bad, mean of the bin", fontsize=9)
    figure.supylabel("Observed bad rate, 95 % interval", fontsize=9)
    return figure


@drawn
def grades(table: pd.DataFrame) -> Figure:
    """Draw bad rate with interval and volume by grade.

    Parameters
    ----------
    table : DataFrame
        grade, rows, rate, rate_low, rate_high and, where known, predicted; in the order of
        the master scale.
    """
    require(table, "grades", ("grade", "rows", "rate", "rate_low", "rate_high"))
    figure, (upper, lower) = canvas(
        "Bad rate and volume by grade", 3.9, rows=2, sharex=True, height_ratios=(2, 1)
    )
    places = np.arange(len(table))
    upper.vlines(places, table["rate_low"], table["rate_high"], color=VERMILLION, linewidth=2)
    upper.plot(places, table["rate"], "o", color=VERMILLION, markersize=5.5)
    upper.annotate(
        "● observed, 95 % interval", (0, 1), xycoords="axes fraction", xytext=(4, -2),
        textcoords="offset points", va="top", color=VERMILLION, fontsize=8.5,
    )  # fmt: skip
    if "predicted" in table:
        upper.plot(places, table["predicted"], "_", color=INK, markersize=13, markeredgewidth=1.6)
        upper.annotate(
            "– predicted", (0, 1), xycoords="axes fraction", xytext=(4, -15),
            textcoords="offset points", va="top", color=INK, fontsize=8.5,
        )  # fmt: skip
    upper.set_ylim(0, 1.3 * float(table["rate_high"].max()))  # room for the legend
    upper.set_ylabel("Bad rate")
    upper.yaxis.set_major_formatter(PercentFormatter(1))
    upper.grid(axis="y")
    volume = table["rows"].to_numpy(dtype=float)
    bars = lower.bar(places, volume / volume.sum(), color=BLUE, width=0.7)
    lower.bar_label(bars, [f"{count:,.0f}" for count in volume], fontsize=7.5, padding=1)
    lower.margins(y=0.25)
    lower.set_ylabel("Share of rows")
    lower.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    lower.set_xticks(places, labels=[str(grade) for grade in table["grade"]])
    lower.set_xlabel("Grade, safest first; numbers are applications")
    return figure


def _binary(y: pd.Series, name: str) -> np.ndarray:
    """Return outcomes as integers, both of which must occur."""
    values = y.to_numpy(dtype=float, na_value=np.nan)
    found = set(np.unique(values).tolist())
    if found != {0.0, 1.0}:
        raise DataError(
            f"predictions of {name}: y must hold both 0 (good) and 1 (bad) and nothing else, "
            f"got {sorted(found)[:5]}. Leave rows without an outcome out."
        )
    return values.astype(int)


def _curves(table: pd.DataFrame, across: str, up: str, title: str) -> tuple[Figure, Axes]:
    """Draw one rising curve a model, with names stacked in the empty corner, best on top."""
    require(table, "curves", ("model", across, up))
    figure, (axes,) = canvas(title, 4.6)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.9, linestyle=(0, (4, 2)))
    areas = []
    for place, (model, rows) in enumerate(table.groupby("model", sort=False, observed=True)):
        x, caught = rows[across].to_numpy(dtype=float), rows[up].to_numpy(dtype=float)
        keep = np.unique(np.linspace(0, len(x) - 1, min(len(x), _VERTICES)).astype(int))
        color = model_color(model, place)
        axes.plot(x[keep], caught[keep], color=color)
        areas.append((float(np.trapezoid(caught, x)), model_label(model), color))
    for place, (_, text, color) in enumerate(sorted(areas, reverse=True)):
        axes.text(
            0.97, 0.05 + 0.062 * (len(areas) - 1 - place), text, color=color, ha="right",
            transform=axes.transAxes,
        )  # fmt: skip
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.005)
    axes.set_aspect("equal", adjustable="box")
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.grid()
    return figure, axes


def _square_root(axes: Axes, top: float) -> None:
    """Give both axes the square-root scale of a percentage from 0 to ``top``."""
    steps = np.array([0, 0.01, 0.05, 0.20, 0.50, 1.0])
    if top < 0.06:
        steps = np.array([0, 0.0025, 0.01, 0.02, 0.04])
    for axis, name in ((axes.xaxis, "x"), (axes.yaxis, "y")):
        getattr(axes, f"set_{name}scale")(
            "function", functions=(lambda v: np.sqrt(np.maximum(v, 0)), np.square)
        )
        axis.set_major_locator(FixedLocator(steps[steps <= top].tolist()))
        axis.set_major_formatter(FuncFormatter(lambda share, _place: f"{100 * share:g}%"))
    axes.set_xlim(0, top)
    axes.set_ylim(0, top)
    axes.grid()
