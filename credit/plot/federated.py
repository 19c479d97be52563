"""A picture of training across parties: alone, together, and with all rows in one place."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from credit.plot.style import BLUE, GRID, INK, MUTED, VERMILLION, canvas, drawn, require, wrapped

_WAYS = (
    ("alone", "its own rows alone", "o", VERMILLION),
    ("federated", "trained together", "o", BLUE),
    ("central", "all rows in one place", "D", INK),
)
"""How a model was trained: key, words, marker, colour; drawn from the top down."""

POINTS = 100
"""An AUC of .75 is 75 points."""

_APART = 0.24
"""Between two ways of training one party's model; parties are 1 apart."""


@drawn
def federated(table: pd.DataFrame, *, model: str) -> Figure:
    """Draw AUC and KS of three models on each party's held-out rows.

    Parameters
    ----------
    table : DataFrame
        A row a party, way of training and metric, parties from the top down: party, rows (it
        learns from), way (alone, federated, central), metric (auc, ks), value, low, high; and a
        row with way ``gain``: the AUC federated less alone. A party whose rows do not suffice for
        a model has no rows ``alone`` and ``gain``.
    model : str
        What was trained, as people call it.
    """
    require(table, "federated", ("party", "rows", "way", "metric", "value", "low", "high"))
    parties = list(dict.fromkeys(table["party"]))
    auc = table[table["metric"] == "auc"]
    gains = auc[auc["way"] == "gain"]
    figure, (left, right) = canvas(
        _title(model, gains), 1.6 + 0.82 * len(parties), columns=2, sharey=True,
        gridspec_kw={"width_ratios": (8, 5)},
    )  # fmt: skip
    for axes, metric, words in ((left, "auc", "AUC on its held-out rows"), (right, "ks", "KS")):
        _ways(axes, table[table["metric"] == metric], parties)
        axes.set_xlabel(words)
    _write(left, auc[auc["way"] == "federated"].set_index("party")["high"], gains)
    rows = table.drop_duplicates("party").set_index("party")["rows"]
    names = [f"{wrapped(str(party), 14, 2)}\n{rows[party]:,} rows" for party in parties]
    left.set_yticks(range(len(parties)), labels=names)
    left.set_ylim(len(parties) - 0.5, -0.5)
    handles, labels = left.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower left", ncols=3, handletextpad=0.3, columnspacing=1.0
    )
    return figure


def _ways(axes: Axes, table: pd.DataFrame, parties: list[str]) -> None:
    """Draw each way of training as a dot and its 95 % interval."""
    for place in np.arange(len(parties) - 1) + 0.5:
        axes.axhline(place, color=GRID, linewidth=0.8)
    for step, (way, words, marker, color) in enumerate(_WAYS):
        rows = table[table["way"] == way]
        places = rows["party"].map(parties.index).to_numpy() + (step - 1) * _APART
        axes.hlines(places, rows["low"], rows["high"], color=color, linewidth=1.4, alpha=0.75)
        axes.plot(
            rows["value"], places, marker, color=color, markersize=5.5 if marker == "D" else 6.5,
            markerfacecolor=color if way == "federated" else "white", markeredgewidth=1.5,
            label=words,
        )  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.margins(x=0.08)


def _title(model: str, gains: pd.DataFrame) -> str:
    """Say who gains most beyond chance: where the interval of the gain is above 0."""
    if gains.empty:
        return f"{model}: no party has a model alone, all have one together"
    sure = gains[gains["low"] > 0]
    if sure.empty:
        return f"{model}: no party gains more AUC by training together than chance may give"
    most = sure.sort_values("value").iloc[-1]
    points = f"{POINTS * most['value']:.1f} points of AUC"
    return f"{model}: training together adds {points} for {most['party']}"


def _write(axes: Axes, ends: pd.Series, gains: pd.DataFrame) -> None:
    """Write what each party gains beside its model trained together: bold beyond chance."""
    low, high = axes.get_xlim()
    axes.set_xticks([tick for tick in axes.get_xticks() if low <= tick <= min(high, 1.0)])
    axes.set_xlim(low, high + 0.42 * (high - low))
    of = {row["party"]: row for row in gains.to_dict("records")}
    for place, (party, end) in enumerate(ends.items()):
        gain = of.get(party)
        sure = gain is not None and gain["low"] > 0
        text = "none alone" if gain is None else f"{POINTS * gain['value']:+.1f} points"
        axes.annotate(
            text, (end, place), xytext=(6, 0), textcoords="offset points", va="center",
            fontsize=8.5, color=BLUE if sure else MUTED, fontweight="bold" if sure else "normal",
            annotation_clip=False,
        )  # fmt: skip
