"""What every picture shares: size, type, colours, and the ways to write one out.

A picture is a `matplotlib.figure.Figure` made without pyplot, so nothing global remembers
it. Colours keep a contrast above 3 : 1 on white and on near-black, and differ for the common
kinds of colour blindness (after Okabe and Ito, *Color Universal Design*, 2008). The ink, the
grid and the paper are named in an inline SVG as CSS variables, so that a page can turn dark.
"""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from credit.errors import DataError

P = ParamSpec("P")
R = TypeVar("R")

PAPER, INK, MUTED, GRID = "#ffffff", "#20262e", "#68707c", "#cfd4db"
BLUE, VERMILLION, GREEN, PURPLE, AMBER, GREY = (
    "#2f7fc1", "#d55e00", "#0a9470", "#a868b4", "#b98700", "#808994",
)  # fmt: skip
SERIES: tuple[str, ...] = (BLUE, VERMILLION, GREEN, PURPLE, AMBER, GREY)
"""Colours of series without a colour of their own, in order."""
# Through a grey that shows on white and on black alike.
BLUE_TO_VERMILLION = LinearSegmentedColormap.from_list(
    "blue_to_vermillion", (BLUE, "#a3a6ab", VERMILLION)
)
# Cells are opaque, so their text has its own two colours and not the page's ink.
CELLS = LinearSegmentedColormap.from_list("cells", ("#e9eff6", "#2f7fc1", "#0d2c4a"))
ON_LIGHT, ON_DARK = "#101418", "#fafafa"

WIDTH = 5.2
"""Inches. At 390 CSS pixels this leaves 9-point type readable without zooming."""

SETTINGS: dict[str, Any] = {
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlesize": 9,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "figure.titlesize": 10.5,
    "figure.titleweight": "bold",
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "svg.fonttype": "path",
    "svg.hashsalt": "credit",
    "text.color": INK,
    # A label may hold a currency sign or an underscore; neither is mathematics.
    "text.parse_math": False,
    "xtick.color": MUTED,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 8.5,
    "ytick.color": MUTED,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 8.5,
}

_MODELS: dict[str, tuple[str, str]] = {
    "policy_card": ("Policy card", GREY),
    "scorecard": ("Scorecard", BLUE),
    "boost": ("XGBoost", VERMILLION),
    "logistic": ("Logistic regression", PURPLE),
    "ceiling": ("Ceiling (known truth)", GREEN),
}
_ALIASES = {"policy": "policy_card", "card": "scorecard", "xgboost": "boost", "truth": "ceiling"}


def drawn(function: Callable[P, R]) -> Callable[P, R]:
    """Run a drawing function under this package's settings, and put the caller's back."""

    @wraps(function)
    def inner(*args: P.args, **kwargs: P.kwargs) -> R:
        with matplotlib.rc_context(SETTINGS):
            figure = function(*args, **kwargs)
            if isinstance(figure, Figure):
                # Ticks are made at the first drawing and read the settings of that moment. The
                # layout moves a little at every drawing: it is settled here, so that a picture
                # is the same in the page, in its file and when it is saved again.
                figure.draw_without_rendering()
                figure.draw_without_rendering()
                figure.set_layout_engine("none")
            return figure

    return inner


def canvas(
    title: str,
    height: float,
    *,
    rows: int = 1,
    columns: int = 1,
    **subplots: Any,
) -> tuple[Figure, list[Axes]]:
    """Return a figure of the common width with a title, and its axes in reading order."""
    # Type is a little wider at other resolutions than the one the layout was settled at.
    figure = Figure(figsize=(WIDTH, height), layout=ConstrainedLayoutEngine(w_pad=0.08))
    # 11 characters to the inch at the title's size.
    figure.suptitle(textwrap.fill(title, int(WIDTH * 11)), x=0.012, ha="left")
    grid = figure.subplots(rows, columns, squeeze=False, **subplots)
    return figure, list(grid.ravel())


def require(table: pd.DataFrame, name: str, columns: Sequence[str]) -> pd.DataFrame:
    """Return ``table`` if it has rows and every one of ``columns``, else say what it lacks.

    Raises
    ------
    DataError
        If a column is missing, or there is no row to draw.
    """
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise DataError(
            f"{name}: no column {missing}. It has {[str(c) for c in table.columns]}. "
            f"This picture needs {list(columns)}."
        )
    if table.empty:
        raise DataError(f"{name}: the table is empty. A picture needs at least one row.")
    return table


def model_label(model: object) -> str:
    """Return a model's name as people say it."""
    key = _ALIASES.get(str(model), str(model))
    return _MODELS[key][0] if key in _MODELS else human(str(model))


def model_color(model: object, position: int) -> str:
    """Return a model's own colour, or the series colour of its position."""
    key = _ALIASES.get(str(model), str(model))
    return _MODELS[key][1] if key in _MODELS else SERIES[position % len(SERIES)]


def human(name: str) -> str:
    """Turn an internal name into words.

    >>> human("payment_night_share_90d")
    'Payment night share 90d'
    """
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def label_of(name: object, labels: Mapping[str, str] | None) -> str:
    """Return the label given for ``name``, else the name in words."""
    return (labels or {}).get(str(name)) or human(str(name))


def wrapped(text: str, width: int = 26, lines: int = 3) -> str:
    """Break a label into at most ``lines`` lines of about ``width`` characters."""
    return "\n".join(textwrap.wrap(text, width, max_lines=lines, placeholder=" …"))


def listed(text: str, width: int = 26, lines: int = 2) -> str:
    r"""Break a list of names into ``lines`` lines; where it is longer, say how many names follow.

    >>> listed("appliances, furniture, repairs, business, others", width=22)
    'appliances, furniture,\nrepairs + 2 more'
    """
    names = text.split(", ")
    for kept in range(len(names), 0, -1):
        rest = f" + {len(names) - kept} more" if kept < len(names) else ""
        broken = textwrap.wrap(", ".join(names[:kept]) + rest, width)
        if len(broken) <= lines:
            return "\n".join(broken)
    if len(names) == 1 and " " in text:
        return wrapped(text, width, lines)
    rest = f"+ {len(names) - 1} more" if len(names) > 1 else ""
    room = width if lines > 1 or not rest else max(6, width - len(rest) - 1)
    first = names[0] if len(names[0]) <= room else f"{names[0][: room - 2]} …"
    return f"{first}{chr(10) if lines > 1 else ' '}{rest}".strip()


def month_label(month: object) -> str:
    """Return a month as ``2024-03``, from text, a period or a timestamp."""
    if isinstance(month, pd.Period | pd.Timestamp):
        return month.strftime("%Y-%m")
    if isinstance(month, np.datetime64):
        return pd.Timestamp(month).strftime("%Y-%m")
    return str(month)


def month_axis(axes: Axes, months: Sequence[str], most: int = 6) -> None:
    """Label positions 0, 1, ... with months, skipping evenly so that labels never touch."""
    step = -(-len(months) // most)
    places = range(0, len(months), step)
    axes.set_xticks(list(places), labels=[months[place] for place in places])
    axes.set_xlim(-0.6, len(months) - 0.4)


def spread(positions: Sequence[float], gap: float) -> list[float]:
    """Move positions apart until neighbours are at least ``gap`` from each other.

    Order is kept and the mean of a group that touches stays where it was.

    >>> spread([1.0, 1.1, 5.0], 1.0)
    [0.55, 1.55, 5.0]
    """
    order = np.argsort(np.asarray(positions, dtype=float), kind="stable")
    groups: list[tuple[float, int]] = []
    for index in order:
        center, size = float(positions[index]), 1
        while groups and center - (size - 1) * gap / 2 - (
            groups[-1][0] + (groups[-1][1] - 1) * gap / 2
        ) < gap * (1 - 1e-9):
            other, count = groups.pop()
            center = (center * size + other * count) / (size + count)
            size += count
        groups.append((center, size))
    flat = [center + (i - (size - 1) / 2) * gap for center, size in groups for i in range(size)]
    moved = [0.0] * len(flat)
    for place, index in enumerate(order):
        moved[index] = round(flat[place], 12)
    return moved


def end_labels(axes: Axes, ends: Sequence[tuple[float, float, str, str]], gap: float) -> None:
    """Write the text of each (x, y, text, colour) to the right of a line's end, none touching.

    ``gap`` is the least distance between two labels, as a share of the axis's height.
    """
    low, high = axes.get_ylim()
    places = spread([end[1] for end in ends], gap * (high - low))
    for (x, _, text, color), place in zip(ends, places, strict=True):
        axes.annotate(
            text, (x, place), xytext=(6, 0), textcoords="offset points",
            color=color, va="center", fontsize=8.5, annotation_clip=False,
        )  # fmt: skip


def svg_bytes(figure: Figure) -> bytes:
    """Return ``figure`` as an SVG file, the same bytes every time."""
    return _saved(figure, "svg")


def svg_markup(drawing: Figure | bytes, key: str) -> str:
    """Return a figure, or its :func:`svg_bytes`, as SVG markup to stand inside an HTML page.

    Declarations that only a file needs are removed, identifiers start with ``key`` so that
    many pictures share a page, the width is left to the page, and ink, muted ink, grid and
    paper become ``var(--ink)``, ``var(--muted)``, ``var(--grid)`` and ``var(--paper)``. Two
    calls give the same text.
    """
    text = (drawing if isinstance(drawing, bytes) else svg_bytes(drawing)).decode("utf-8")
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    head, body = text.split(">", 1)
    box = re.search(r'viewBox="[^"]*"', head)
    text = f'<svg {box[0] if box else ""} role="img" focusable="false">{body}'
    text = text.replace("xlink:href=", "href=")
    text = re.sub(r'\bid="', f'id="{key}-', text)
    text = re.sub(r'href="#', f'href="#{key}-', text)
    text = re.sub(r"url\(#", f"url(#{key}-", text)
    for color, variable in ((INK, "ink"), (MUTED, "muted"), (GRID, "grid"), (PAPER, "paper")):
        text = text.replace(f": {color}", f": var(--{variable}, {color})")
    return text.strip()


def png_bytes(figure: Figure, dots_per_inch: int = 144) -> bytes:
    """Return ``figure`` as a PNG on white, the same bytes every time."""
    return _saved(figure, "png", dpi=dots_per_inch)


def write_picture(figure: Figure, path: str | Path) -> Path:
    """Write ``figure`` to ``path`` as SVG or PNG by its suffix, and return the path.

    Raises
    ------
    DataError
        For any other suffix.
    """
    path = Path(path)
    if path.suffix not in (".svg", ".png"):
        raise DataError(
            f"path: cannot write a picture as {path.suffix!r}; name the file .svg or .png."
        )
    data = svg_bytes(figure) if path.suffix == ".svg" else png_bytes(figure)
    path.write_bytes(data)
    return path


def _saved(figure: Figure, kind: str, **options: Any) -> bytes:
    """Save with nothing in it that depends on when or where."""
    metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
    buffer = io.BytesIO()
    with matplotlib.rc_context(SETTINGS):
        figure.savefig(buffer, format=kind, metadata=metadata, **options)
    return buffer.getvalue()
