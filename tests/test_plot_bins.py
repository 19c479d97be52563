"""Pictures of bins and cards: the numbers reach the axes, nothing is left out silently."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text
from test_plot import (
    applicant_rows,
    bin_rows,
    edit_picture,
    information_rows,
    period_rows,
    whole_card_rows,
)

from credit import plot
from credit.binning import BinLimits, Binning, bin_table
from credit.errors import DataError
from credit.evaluate import jeffreys, psi_by_period
from credit.plot.style import listed
from credit.scorecard import FusedOptions, Scorecard


def written(axes: Axes) -> list[str]:
    return [one.get_text() for one in axes.texts if isinstance(one, Annotation)]


def widths(axes: Axes) -> list[float]:
    return [patch.get_width() for patch in axes.patches]


def rows_named(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


def people(rows: int = 600) -> tuple[pd.DataFrame, np.ndarray]:
    draw = np.random.default_rng(8)
    X = pd.DataFrame({"income": draw.normal(size=rows), "job": draw.choice(list("abc"), rows)})
    X.loc[::11, "income"] = np.nan
    risk = 0.15 + 0.2 * (X["income"].fillna(0) < 0) + 0.2 * (X["job"] == "c")
    return X, (draw.random(rows) < risk).astype(int).to_numpy()


# -- one column


def test_shares_rates_and_intervals_reach_the_axes():
    table = bin_rows()
    shares, rates = plot.column_bins(table).axes
    held = table[table["good"] + table["bad"] > 0]
    weight = (held["good"] + held["bad"]).to_numpy()
    assert widths(shares) == pytest.approx((weight / weight.sum()).tolist())
    (dots, spans) = (rates.collections[1], rates.collections[0])
    assert np.asarray(dots.get_offsets())[:, 0] == pytest.approx((held["bad"] / weight).to_numpy())
    low, high = jeffreys(held["bad"], held["good"])
    ends = np.array([segment[:, 0] for segment in spans.get_segments()])
    assert ends == pytest.approx(np.column_stack([low, high]))
    assert f"all {held['bad'].sum() / weight.sum():.1%}" in written(rates)


def test_bins_apart_stand_below_with_hollow_dots_and_empty_ones_are_named():
    figure = plot.column_bins(bin_rows())
    shares, rates = figure.axes
    assert rows_named(shares) == ["< 3", "[3, 9) or = -8", ">= 9", "= -9", "missing"]
    places = rates.collections[1].get_offsets()[:, 1]
    assert places[3] - places[2] > places[2] - places[1]
    faces = rates.collections[1].get_facecolors()
    assert (faces[3:] == 1).all()
    assert not (faces[:3] == 1).all(axis=1).any()
    assert "no rows: not seen" in rates.get_xlabel()


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        ([5, 20, 30], "bad rate rising, 5.0% to 30.0%"),
        ([30, 20, 5], "bad rate falling, 5.0% to 30.0%"),
        ([5, 30, 20], "bad rate rising, then falling"),
        ([30, 5, 20], "bad rate falling, then rising"),
    ],
)
def test_the_title_says_what_is_seen(rates: list[int], said: str):
    bad = np.array(rates)
    table = bin_rows().head(3).assign(bad=bad, good=100 - bad)
    title = plot.column_bins(table).get_suptitle().replace("\n", " ")
    assert title.startswith("Months: IV 0.420, 3 bins, ")
    assert said in title
    assert "2 apart" in plot.column_bins(bin_rows()).get_suptitle()


def test_one_bin_and_bins_apart_alone_are_drawn_and_no_rows_are_refused():
    assert "1 bin" in plot.column_bins(bin_rows().head(1)).get_suptitle()
    assert "0 bins and 2 apart" in plot.column_bins(bin_rows().iloc[3:]).get_suptitle()
    with pytest.raises(DataError, match="no bin holds any row"):
        plot.column_bins(bin_rows().tail(1))
    with pytest.raises(DataError, match="bads and goods must be 0 or more"):
        plot.column_bins(bin_rows().assign(bad=-1.0))


def test_long_lists_say_how_many_names_follow():
    assert listed("one, two") == "one, two"
    assert listed("one, two, three", 10, 1) == "one + 2 more"
    many = ", ".join(f"purpose_{i}" for i in range(40))
    assert listed(many, 26, 1) == "purpose_0 + 39 more"
    shown = listed(many)
    assert shown.count("\n") <= 1
    assert shown.endswith(f"+ {40 - shown.count('purpose_')} more")
    assert listed("x" * 80, 20, 1) == "x" * 18 + " …"


# -- changed by hand


def test_an_edit_shows_both_informations_who_why_and_what_changed():
    figure = edit_picture(bin_rows())
    assert "IV 0.470 before, 0.370 after" in figure.get_suptitle().replace("\n", " ")
    assert "merge < 3 with [3, 9) (Ana, 2024-05-01): too few" in figure.get_supxlabel()
    before, after = figure.axes[0], figure.axes[2]
    assert len(widths(before)) == 5
    assert len(widths(after)) == 4
    colors = [patch.get_facecolor() for patch in after.patches]
    assert colors.count(colors[0]) == 1
    assert colors[0] == before.patches[0].get_facecolor() == before.patches[1].get_facecolor()


def test_an_edit_without_a_reason_or_of_two_columns_is_refused():
    with pytest.raises(DataError, match=r"a record without \['why'\]"):
        edit_picture(bin_rows(), why="")
    with pytest.raises(DataError, match="edits: no record"):
        plot.bin_edit(bin_rows(), bin_rows(), [])
    with pytest.raises(DataError, match=r"several columns: \['days', 'months'\]"):
        edit_picture(bin_rows().assign(feature="days"))


# -- by period


def test_each_bin_has_its_panels_and_the_index_its_bars():
    table = period_rows()
    stability = psi_by_period(table)
    axes = plot.bins_by_period(table, stability, title="Months").axes
    assert len(axes) == 2 * (3 + 1)
    for at, name in enumerate(("low", "high", "missing")):
        part = table[table["bin"] == name]
        assert axes[2 * at].get_ylabel() == name
        line = axes[2 * at].lines[1]
        assert line.get_ydata() == pytest.approx(part["bad"] / (part["good"] + part["bad"]))
        heights = [patch.get_height() for patch in axes[2 * at + 1].patches]
        assert heights == pytest.approx(part["share"].tolist())
    assert [p.get_height() for p in axes[-1].patches] == pytest.approx(stability["psi"].tolist())


def test_periods_whose_index_is_above_chance_are_named():
    table, stability = period_rows(), psi_by_period(period_rows())
    moved = stability.assign(psi=np.where(np.arange(7) == 2, 9.0, 0.0), critical=0.1)
    assert "PSI above chance in 2024-03" in plot.bins_by_period(table, moved).get_suptitle()
    calm = stability.assign(psi=0.0)
    assert "no period" in plot.bins_by_period(table, calm).get_suptitle()
    every = plot.bins_by_period(table, stability.assign(psi=9.0)).get_suptitle()
    assert "and 3 more" in every.replace("\n", " ")


def test_other_periods_are_refused_and_an_empty_one_is_a_gap():
    table = period_rows()
    with pytest.raises(DataError, match="stability: periods"):
        plot.bins_by_period(table, psi_by_period(table).head(3))
    empty = table.assign(
        good=table["good"].where(table["period"] != "2024-02", 0),
        bad=table["bad"].where(table["period"] != "2024-02", 0),
        share=table["share"].where(table["period"] != "2024-02"),
    )
    axes = plot.bins_by_period(empty, psi_by_period(table)).axes
    assert len(axes[0].lines[1].get_xdata()) == 6


# -- every column


def test_columns_are_ranked_and_the_rest_is_counted():
    bars, courses = plot.information(information_rows()).axes
    assert rows_named(bars) == ["B", "A", "C"]
    assert widths(bars) == pytest.approx([0.4, 0.1, 0.0])
    assert written(courses) == ["3 bins", "2 bins", "1 bin"]
    assert "the first 2 of 3" in plot.information(information_rows(), top=2).get_suptitle()


def test_a_fitted_binning_gives_the_tables():
    X, y = people()
    binning = Binning().fit(X, y)
    assert isinstance(plot.information(binning.table()), Figure)
    for bins in binning.bins_.values():
        assert isinstance(plot.column_bins(bin_table(bins)), Figure)


# -- cards


def test_every_bin_of_a_card_is_a_dot_and_the_title_holds_the_span_of_totals():
    figure = plot.whole_card(whole_card_rows())
    assert "base 511 points, totals from 494 to 546" in figure.get_suptitle()
    (axes,) = figure.axes
    dots = sorted(float(x) for group in axes.collections for x in group.get_offsets()[:, 0])
    assert dots == [-12, -5, 0, 5, 30]
    assert written(axes) == [
        "(-inf, 0.5)  -12", "+30  [0.5, inf)", "A", "[other]  -5", "+5  x, y", "B"
    ]  # fmt: skip
    assert "hollow: missing" in axes.get_xlabel()


def test_dimensions_have_colours_and_the_rest_of_a_card_is_counted():
    table = whole_card_rows().assign(dimension=["", "p", "p", "p", "s", "s"], share=0.2)
    figure = plot.whole_card(table, top=1)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["P", "S"]
    assert "the first 1 of 2 features" in figure.get_suptitle().replace("\n", " ")


@pytest.mark.parametrize("draw", [plot.whole_card, plot.waterfall])
def test_a_card_without_base_or_features_is_refused(draw):
    table = applicant_rows()
    with pytest.raises(DataError, match=r"0 row\(s\) '\(base\)', 2 of features"):
        draw(table.iloc[1:])
    with pytest.raises(DataError, match=r"1 row\(s\) '\(base\)', 0 of features"):
        draw(table.head(1))


def test_steps_lead_from_the_base_to_the_total():
    figure = plot.waterfall(applicant_rows())
    assert figure.get_suptitle() == "One applicant: base 511, -7 points, total 504"
    (axes,) = figure.axes
    assert widths(axes) == [-12, 5]
    assert [patch.get_x() for patch in axes.patches] == [511, 499]
    assert rows_named(axes) == ["Base, everybody", "A\n(-inf, 0.5)", "B\nx, y", "Total"]
    assert written(axes) == ["-12", "+5", "511", "504"]


def test_small_steps_stand_together_and_two_applicants_are_refused():
    (axes,) = plot.waterfall(applicant_rows(), top=1).axes
    assert rows_named(axes)[2] == "1 other feature"
    with pytest.raises(DataError, match="'a' occurs twice"):
        plot.waterfall(whole_card_rows())


@pytest.mark.parametrize("binning", [BinLimits(), FusedOptions(few_bags=4)], ids=["woe", "fused"])
def test_a_breakdown_sums_to_the_points(binning):
    X, y = people()
    card = Scorecard(binning=binning, random_state=0).fit(X, y)
    steps = card.breakdown(X)
    assert steps.groupby("row")["points"].sum().tolist() == card.points(X).tolist()
    assert set(steps["feature"]) == {"(base)", *card.points_}
    one = steps[steps["row"] == 3]
    joined = one.merge(card.table_, on=["feature", "bin", "points"])
    assert len(joined) == len(one) == 1 + len(card.points_)
    figure = plot.waterfall(one)
    assert figure.get_suptitle().endswith(f"total {card.points(X)[3]}")
    assert isinstance(plot.whole_card(card.table_), Figure)


# -- words


LONG = "a rather long name of a feature that somebody wrote out in full with its window 90d"
MANY = ", ".join(f"industry {i} and its suppliers" for i in range(30))


def long_pictures() -> dict[str, Figure]:
    labels = dict.fromkeys(["a", "b", "c", "months"], LONG)
    rows = bin_rows().assign(bin=[MANY, "[1234567.8901, 2345678.9012)", *bin_rows()["bin"][2:]])
    periods = period_rows().replace({"low": MANY, "high": "[1234567.8901, 2345678.9012)"})
    points = whole_card_rows().replace({"x, y": MANY, "[0.5, inf)": "W" * 60})
    one = points.drop_duplicates("feature")
    return {
        "column_bins": plot.column_bins(rows, labels=labels),
        "bins_by_period": plot.bins_by_period(periods, psi_by_period(periods), title=LONG),
        "information": plot.information(information_rows(), labels=labels),
        "whole_card": plot.whole_card(points, labels=labels),
        "waterfall": plot.waterfall(one, labels=labels),
        "bin_edit": edit_picture(bin_rows(), why=LONG * 4),
    }


@pytest.mark.parametrize("name", long_pictures())
def test_long_words_stay_inside_the_picture_and_names_apart(name: str):
    figure = long_pictures()[name]
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    # Ticks beyond the limits of an axis have labels that are never drawn.
    ticks = {text for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)
             for text in axis.get_ticklabels(which="both")}  # fmt: skip
    width, height = canvas.get_width_height()
    for text in set(figure.findobj(Text)) - ticks:
        if not text.get_text().strip():
            continue
        box = text.get_window_extent()
        assert box.x0 > -2, text
        assert box.x1 < width + 2, text
        assert box.y0 > -2, text
        assert box.y1 < height + 2, text
    for axes in figure.axes:
        labels = [t for t in axes.get_yticklabels() if t.get_text()]
        boxes = sorted((t.get_window_extent() for t in labels), key=lambda box: box.y0)
        assert all(a.y1 <= b.y0 + 2 for a, b in pairwise(boxes)), axes
