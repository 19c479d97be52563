"""Every picture: drawn from a small table, named and labelled, refused by the missing column."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from credit import plot
from credit.errors import DataError
from credit.evaluate import (
    Economics,
    auc_by_month,
    calibration_table,
    cap_table,
    cutoff_table,
    grade_table,
    psi_by_period,
    roc_table,
)
from credit.plot.style import spread

MODELS = ("policy_card", "scorecard", "xgboost", "ceiling")
MONTHS = [f"2024-{month:02d}" for month in range(1, 8)]


def people(rows: int = 400) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(1)
    probability = np.clip(draw.beta(1, 9, rows), 1e-4, 0.9)
    return (draw.random(rows) < probability).astype(np.int64), probability


def by_model(make: Callable[[np.ndarray, np.ndarray], pd.DataFrame]) -> pd.DataFrame:
    y, probability = people()
    return pd.concat(
        [make(y, probability ** (1 + k / 5)).assign(model=m) for k, m in enumerate(MODELS)]
    )


def models_table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "model": MODELS,
            "auc": [0.7, 0.75, 0.78, 0.8],
            "auc_low": [0.68, 0.72, np.nan, 0.79],
            "auc_high": [0.72, 0.77, np.nan, 0.81],
        }
    )


def grade_rows() -> pd.DataFrame:
    y, probability = people()
    names = np.array(["A", "B", "C"])[np.digitize(probability, [0.05, 0.15])]
    return grade_table(y, probability, names)


def month_rows() -> pd.DataFrame:
    y, _ = people()
    month = np.array(MONTHS)[np.arange(len(y)) % len(MONTHS)]
    return by_model(lambda y, p: auc_by_month(y, p, month))


def watched_rows() -> pd.DataFrame:
    """One row a period with every column that a picture of monitoring reads."""
    step = np.arange(len(MONTHS))
    return pd.DataFrame(
        {
            "period": MONTHS, "psi": 0.03 * step, "alarm": step == 6, "rows": 400 + step,
            "approved": 0.7 + 0.01 * step, "rows_alarm": step == 2, "approved_alarm": step == 3,
            "predicted": 0.05, "rate": 0.04 + 0.01 * step, "rate_low": 0.03, "rate_high": 0.12,
        }
    )  # fmt: skip


def moved_rows() -> pd.DataFrame:
    parts = [watched_rows().assign(feature=name) for name in ("income", "night_share_90d")]
    return pd.concat(parts, ignore_index=True)


def impact_rows() -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {"period": MONTHS, "group": name, "ratio": 1.1, "ratio_low": 0.9, "ratio_high": 1.3}
        )
        for name in ("young", "old")
    ]
    return pd.concat(parts, ignore_index=True)


def score_course(table: pd.DataFrame) -> Figure:
    return plot.drift_by_period(table, least=0.1)


def cohort_rows() -> pd.DataFrame:
    return pd.DataFrame(
        {"month": MONTHS, "good": range(7, 14), "bad": range(7), "immature": [0] * 5 + [3, 9]}
    )


def share_rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "dimension": ["payment", "social", "application"],
            "share": [0.5, 0.55, -0.05],
            "share_low": [0.4, 0.5, -0.1],
            "share_high": [0.6, 0.6, 0.0],
            "policy": [0.6, 0.4, np.nan],
            "truth": [0.5, 0.5, np.nan],
        }
    )


def card_rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "feature": ["a", "a", "a", "b", "b"],
            "bin": ["(-inf, 0.5)", "[0.5, inf)", "missing", "x, y", "[other]"],
            "points": [-12, 30, 0, 5, -5],
            "rate": [0.2, 0.01, np.nan, 0.05, 0.06],
        }
    )


def time_rows() -> pd.DataFrame:
    day = pd.Timestamp("2024-01-01").value // 1000
    return pd.DataFrame(
        {
            "as_of": [day + k * 86_400_000_000 for k in range(6)] * 2,
            "feature": ["f"] * 6 + ["g"] * 6,
            "value": [0, 1, np.nan, 2, 2, 1] * 2,
        }
    )


def iv_rows() -> pd.DataFrame:
    draw = np.random.default_rng(2)
    grid = [(f, m) for f in ("a", "b", "c") for m in MONTHS]
    return pd.DataFrame(grid, columns=["feature", "month"]).assign(iv=draw.random(len(grid)))


def price_rows() -> pd.DataFrame:
    alpha = [0.0, 0.25, 0.5, 0.75, 1.0]
    return pd.DataFrame(
        {
            "model": ["scorecard"] * 5 + ["xgboost"] * 5,
            "alpha": alpha * 2,
            "auc": [0.7675, 0.7639, 0.7577, 0.7449, 0.7182, 0.78, 0.778, 0.77, 0.755, 0.73],
        }
    )


def points_rows() -> pd.DataFrame:
    y, probability = people()
    points = 600 - 29 * np.log(probability)
    return pd.concat([pd.DataFrame({"model": m, "y": y, "points": points}) for m in MODELS])


def bin_rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "feature": "months",
            "bin": ["< 3", "[3, 9) or = -8", ">= 9", "= -9", "missing", "not seen"],
            "good": [90.0, 180.0, 60.0, 40.0, 17.0, 0.0],
            "bad": [5.0, 20.0, 30.0, 0.0, 3.0, 0.0],
            "iv": [0.1, 0.02, 0.3, 0.05, 0.0, 0.0],
        }
    )


def edit_picture(before: pd.DataFrame, **record: str) -> Figure:
    after = bin_rows().iloc[1:].replace({"[3, 9) or = -8": "< 9 or = -8"})
    known = {"what": "merge < 3 with [3, 9)", "who": "Ana", "why": "too few", "when": "2024-05-01"}
    return plot.bin_edit(before, after, [known | record])


def party_rows() -> pd.DataFrame:
    """Two parties, the second without a model of its own."""
    return pd.DataFrame(
        [
            {
                "party": party, "rows": 1_500, "way": way, "metric": metric,
                "value": value, "low": value - 0.02, "high": value + 0.02,
            }
            for party, ways in (("county bank", 4), ("$shop_y", 2))
            for way, value in (
                ("federated", 0.74), ("central", 0.741), ("alone", 0.7), ("gain", 0.04),
            )[:ways]
            for metric in ("auc", "ks")
        ]
    )  # fmt: skip


def party_picture(table: pd.DataFrame) -> Figure:
    return plot.federated(table, model="XGBoost")


def worth_rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "source": ["payment", "social", "wealth"],
            "value": [0.03, 0.04, 0.01],
            "low": [0.01, 0.02, -0.01],
            "high": [0.05, 0.07, 0.03],
            "added": [0.01, 0.03, 0.0],
            "exact": [0.04, 0.03, 0.02],
        }
    )


def consent_rows() -> pd.DataFrame:
    given = ["", "payment", "wealth", "payment+wealth"]
    return pd.DataFrame(
        {"sources": given, "count": [0, 1, 1, 2], "auc": [0.6, 0.7, 0.65, 0.75], "ceiling": 0.8}
    )


def period_rows() -> pd.DataFrame:
    draw = np.random.default_rng(5)
    grid = [(month, name) for month in MONTHS for name in ("low", "high", "missing")]
    table = pd.DataFrame(grid, columns=["period", "bin"]).assign(
        good=draw.integers(50, 80, len(grid)), bad=draw.integers(1, 9, len(grid))
    )
    weight = table["good"] + table["bad"]
    return table.assign(share=weight / weight.groupby(table["period"]).transform("sum"))


def period_picture(table: pd.DataFrame) -> Figure:
    return plot.bins_by_period(table, psi_by_period(period_rows()))


def information_rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "feature": ["a", "a", "b", "b", "b", "b", "c", "c"],
            "bin": ["x", "y", "< 1", "[1, 2)", ">= 2", "missing", "any value", "not seen"],
            "share": [0.5, 0.5, 0.3, 0.3, 0.3, 0.1, 1.0, 0.0],
            "rate": [0.1, 0.2, 0.1, 0.3, 0.2, 0.5, 0.2, np.nan],
            "iv": [0.05, 0.05, 0.2, 0.1, 0.1, 0.0, 0.0, 0.0],
        }
    )


def whole_card_rows() -> pd.DataFrame:
    base = {"feature": "(base)", "bin": "everybody", "points": 511}
    return pd.concat([pd.DataFrame([base]), card_rows()], ignore_index=True)


def applicant_rows() -> pd.DataFrame:
    return whole_card_rows().drop_duplicates("feature")


def cutoff_rows() -> pd.DataFrame:
    y, probability = people()
    loan = Economics(loss_given_default=0.6, margin=0.12, cost=0.02)
    return cutoff_table(y, probability, loan, rows=50)


def vintage_rows() -> pd.DataFrame:
    grid = [(cohort, k) for cohort in MONTHS for k in range(1, 13)]
    table = pd.DataFrame(grid, columns=["cohort", "month_on_book"])
    return table.assign(rate=table["month_on_book"] / 300)


def reject_rows() -> pd.DataFrame:
    grid = [(u, m) for u in ("sees none", "sees half", "sees all") for m in ("none", "probit")]
    table = pd.DataFrame(grid, columns=["underwriter", "method"]).assign(bias=[-0.01, 0.02] * 3)
    return table.assign(bias_low=table["bias"] - 0.01, bias_high=table["bias"] + 0.01)


def stability_rows() -> pd.DataFrame:
    rows = pd.DataFrame({"feature": ["a_30d", "b_90d"], "psi": [0.3, 0.01]})
    return rows.assign(critical=0.05)


def roll_rows() -> pd.DataFrame:
    pairs = [(a, b) for a in ("current", "1-29") for b in ("current", "1-29", "closed")]
    table = pd.DataFrame(pairs, columns=["origin", "target"])
    return table.assign(share=[0.9, 0.05, 0.05, np.nan, np.nan, np.nan])


def dependence_rows() -> pd.DataFrame:
    draw = np.random.default_rng(5)
    numbers = pd.DataFrame({"feature": "a", "value": draw.normal(size=40).round(1)})
    numbers.loc[::7, "value"] = np.nan
    table = numbers.assign(contribution=draw.normal(size=40), partner="b", partner_rank=0.5)
    return table.assign(partner_rank=table["partner_rank"].where(table.index % 5 > 0))


def way_rows() -> pd.DataFrame:
    return pd.DataFrame({"step": ["as things are", "pay bills", "x" * 90], "points": [1, 9, 8.0]})


def way_picture(table: pd.DataFrame) -> Figure:
    return plot.recourse(table, cutoff=5)


def product_rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "product": ["weilidai", "bank", "jiebei"], "limit": [18_000.0, 0.0, 12_000.0],
            "mark": ["", "income unproven", "above cap"], "cost_low": [0.07, 0.05, 0.06],
            "cost": [0.12, 0.13, 0.14], "cost_high": [0.2, 0.27, 0.27], "cap": [0.24, 0.24, 0.12],
        }
    )  # fmt: skip


def frontier_rows() -> pd.DataFrame:
    profit = np.array([0.0, 4.0, 3.0, 9.0, 2.0])
    return pd.DataFrame(
        {
            "threshold": [np.nan, 0.01, 0.02, 0.05, 0.4],
            "approval_rate": np.linspace(0, 0.8, 5),
            "expected_bad_rate": [np.nan, 0.01, 0.012, 0.02, 0.05],
            "profit": profit * 1e4,
            "loss": np.arange(5.0) * 3e4,
            "by_loss": [True, True, False, True, False],
            "by_approvals": [False, False, False, True, True],
            "best": profit == 9,
        }
    )


def earned_rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "segment": ["sme", "white_collar", "(all)"],
            "approval_rate": [0.5, 0.7, 0.6],
            "revenue": [90.0, 60.0, 150.0],
            "loss": [30.0, 5.0, 35.0],
            "funding": [20.0, 10.0, 30.0],
            "operating": [45.0, 10.0, 55.0],
            "profit": [-2.5, 17.5, 15.0],
        }
    )


def rival_rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "figure": ["profit", "approval_rate", "bad_rate"],
            "champion": [1e6, 0.5, np.nan],
            "challenger": [1.2e6, 0.6, 0.03],
            "difference": [2e5, 0.1, np.nan],
            "low": [-1e4, 0.08, np.nan],
            "high": [4e5, 0.12, np.nan],
        }
    )


def rivals_picture(table: pd.DataFrame) -> Figure:
    return plot.rivals(table, "champion", "challenger")


def law_rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "grade": ["A", "B"], "approved: now": [5, 7], "approved: then": [5, 0],
            "profit: now": [10.0, 20.0], "profit: then": [10.0, 0.0],
        }
    )  # fmt: skip


def law_picture(table: pd.DataFrame) -> Figure:
    return plot.law(table, ["now", "then"], 0.12)


def without_rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "source": ["payments", "wealth"], "rows": [100, 100], "decisions": [20, 0],
            "limits": [5, 1], "prices": [60, 30],
        }
    )  # fmt: skip


def preset_rows() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "preset": ["wechat"] * 2 + ["bank"] * 2, "auc": [0.74] * 2 + [0.72] * 2,
            "auc_low": [0.7] * 2 + [0.68] * 2, "auc_high": [0.78] * 2 + [0.76] * 2,
            "dimension": ["payment", "social"] * 2, "weight": [0.6, 0.4, 1.0, 0.0],
            "influence": [0.7, 0.3, 1.0, 0.0],
        }
    )  # fmt: skip


PICTURES: dict[str, tuple[Callable[..., Figure], Callable[[], pd.DataFrame], list[str]]] = {
    "model_comparison": (plot.model_comparison, models_table, ["model", "auc"]),
    "roc": (
        plot.roc,
        lambda: by_model(roc_table),
        ["model", "false_positive_rate", "true_positive_rate"],
    ),
    "cap": (
        plot.cap,
        lambda: by_model(cap_table),
        ["model", "share_of_people", "share_of_bads"],
    ),
    "score_distribution": (plot.score_distribution, points_rows, ["model", "y", "points"]),
    "calibration": (
        plot.calibration,
        lambda: by_model(calibration_table),
        ["model", "predicted", "rate", "rate_low", "rate_high"],
    ),
    "grades": (plot.grades, grade_rows, ["grade", "rows", "rate", "rate_low", "rate_high"]),
    "auc_by_month": (plot.auc_by_month, month_rows, ["model", "month", "auc"]),
    "drift_by_period": (score_course, watched_rows, ["period", "psi", "alarm"]),
    "features_by_period": (
        plot.features_by_period,
        moved_rows,
        ["feature", "period", "psi", "alarm"],
    ),
    "flow_by_period": (
        plot.flow_by_period,
        watched_rows,
        ["period", "rows", "approved", "rows_alarm", "approved_alarm"],
    ),
    "rates_by_period": (
        plot.rates_by_period,
        watched_rows,
        ["period", "predicted", "rate", "rate_low", "rate_high", "alarm"],
    ),
    "impact_by_period": (
        plot.impact_by_period,
        impact_rows,
        ["period", "group", "ratio", "ratio_low", "ratio_high"],
    ),
    "cohorts": (plot.cohorts, cohort_rows, ["month", "good", "bad"]),
    "dimension_shares": (plot.dimension_shares, share_rows, ["dimension", "share"]),
    "points_table": (plot.points_table, card_rows, ["feature", "bin", "points"]),
    "feature_through_time": (plot.feature_through_time, time_rows, ["as_of", "value"]),
    "iv_by_month": (plot.iv_by_month, iv_rows, ["feature", "month", "iv"]),
    "price_of_policy": (plot.price_of_policy, price_rows, ["model", "alpha", "auc"]),
    "source_worth": (plot.source_worth, worth_rows, ["source", "value", "low", "high", "added"]),
    "consent_cost": (plot.consent_cost, consent_rows, ["sources", "count", "auc"]),
    "column_bins": (plot.column_bins, bin_rows, ["feature", "bin", "good", "bad", "iv"]),
    "bin_edit": (edit_picture, bin_rows, ["feature", "bin", "good", "bad", "iv"]),
    "bins_by_period": (period_picture, period_rows, ["period", "bin", "good", "bad", "share"]),
    "information": (
        plot.information,
        information_rows,
        ["feature", "bin", "share", "rate", "iv"],
    ),
    "whole_card": (plot.whole_card, whole_card_rows, ["feature", "bin", "points"]),
    "cutoffs": (plot.cutoffs, cutoff_rows, ["approval_rate", "bad_rate", "profit"]),
    "vintages": (plot.vintages, vintage_rows, ["cohort", "month_on_book", "rate"]),
    "reject_error": (plot.reject_error, reject_rows, ["underwriter", "method", "bias"]),
    "stability": (plot.stability, stability_rows, ["feature", "psi", "critical"]),
    "roll_rates": (plot.roll_rates, roll_rows, ["origin", "target", "share"]),
    "waterfall": (plot.waterfall, applicant_rows, ["feature", "bin", "points"]),
    "dependence": (plot.dependence, dependence_rows, ["feature", "value", "contribution"]),
    "products": (
        plot.products,
        product_rows,
        ["product", "limit", "mark", "cost_low", "cost", "cost_high"],
    ),
    "presets": (plot.presets, preset_rows, list(preset_rows())),
    "recourse": (way_picture, way_rows, ["step", "points"]),
    "frontier": (plot.frontier, frontier_rows, list(frontier_rows())),
    "profit_waterfall": (plot.profit_waterfall, earned_rows, list(earned_rows())),
    "rivals": (rivals_picture, rival_rows, list(rival_rows())),
    "law": (law_picture, law_rows, list(law_rows())),
    "without_sources": (plot.without_sources, without_rows, list(without_rows())),
    "federated": (
        party_picture,
        party_rows,
        ["party", "rows", "way", "metric", "value", "low", "high"],
    ),
}
"""Picture -> its function, a small table for it, and the columns it cannot do without."""


def swarm() -> Figure:
    draw = np.random.default_rng(3)
    values = pd.DataFrame(
        {
            "a": draw.normal(size=50),
            "b": pd.Series(["x", "y"] * 25, dtype="object"),
            "c": pd.array([1, None] * 25, dtype="Int64"),
            "d": 1.0,
        }
    )
    return plot.beeswarm(pd.DataFrame(draw.normal(size=(50, 4)), columns=list("abcd")), values)


def words(figure: Figure) -> tuple[str, list[str], list[str]]:
    """Return the title and the labels of both axes over all visible panels."""
    seen = [axes for axes in figure.axes if axes.get_visible()]
    across = [axes.get_xlabel() for axes in seen] + [figure.get_supxlabel()]
    up = [axes.get_ylabel() for axes in seen] + [figure.get_supylabel()]
    return figure.get_suptitle(), [x for x in across if x], [y for y in up if y]


def test_every_function_is_tested():
    drawn = set(plot.__all__) - {
        "model_label", "month_label", "png_bytes", "svg_bytes", "svg_markup", "write_picture",
    }  # fmt: skip
    assert drawn == {*PICTURES, "beeswarm", "dimension_swarm"}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_has_a_title_and_labelled_axes(name: str):
    function, table, _ = PICTURES[name]
    title, across, up = words(function(table()))
    assert title
    assert across
    # Where a row is a name (a model, a feature, a bin), the names are the labels.
    named = {
        "model_comparison", "dimension_shares", "points_table", "iv_by_month", "column_bins",
        "bin_edit", "information", "whole_card", "waterfall", "recourse",
        "reject_error", "source_worth", "stability", "features_by_period",
        "products", "presets", "profit_waterfall", "rivals", "law", "without_sources",
        "federated",
    }  # fmt: skip
    assert up or name in named


@pytest.mark.parametrize("name", PICTURES)
def test_a_missing_column_is_named(name: str):
    function, table, needed = PICTURES[name]
    for column in needed:
        with pytest.raises(DataError, match=rf"no column \['{column}'\]\. It has .*needs"):
            function(table().drop(columns=column))
    with pytest.raises(DataError, match="the table is empty"):
        function(table().head(0))


@pytest.mark.parametrize("name", PICTURES)
def test_a_table_of_least_columns_is_enough(name: str):
    function, table, needed = PICTURES[name]
    assert isinstance(function(table()[needed]), Figure)


@pytest.mark.parametrize("name", [*PICTURES, "beeswarm"])
def test_the_same_table_gives_the_same_svg_and_png(name: str):
    def draw() -> Figure:
        return swarm() if name == "beeswarm" else PICTURES[name][0](PICTURES[name][1]())

    first, second = draw(), draw()
    markup = plot.svg_markup(first, "p1")
    assert markup == plot.svg_markup(second, "p1")
    assert markup == plot.svg_markup(first, "p1")
    if name in {"roc", "beeswarm"}:
        assert plot.png_bytes(first) == plot.png_bytes(second)


@pytest.mark.parametrize("name", PICTURES)
def test_drawing_leaves_settings_and_the_table_alone(name: str):
    function, table, _ = PICTURES[name]
    given = table()
    kept = given.copy(deep=True)
    before = dict(mpl.rcParams)
    function(given)
    assert dict(mpl.rcParams) == before
    pd.testing.assert_frame_equal(given, kept)


def test_the_markup_stands_inside_a_page():
    text = plot.svg_markup(plot.roc(PICTURES["roc"][1]()), "p7")
    assert text.startswith('<svg viewBox="')
    assert text.endswith("</svg>")
    assert "<?xml" not in text
    assert "<!DOCTYPE" not in text
    assert "http" not in text
    assert all(part.startswith("p7-") for part in _after(text, 'id="'))
    assert all(part.startswith("p7-") for part in _after(text, 'href="#'))
    assert "var(--ink" in text


def _after(text: str, mark: str) -> list[str]:
    return [part[:20] for part in text.split(mark)[1:]]


def test_files_are_written_by_suffix(tmp_path):
    figure = plot.cohorts(cohort_rows())
    assert plot.write_picture(figure, tmp_path / "a.svg").read_bytes().startswith(b"<?xml")
    assert plot.write_picture(figure, tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(DataError, match=r"cannot write a picture as '\.pdf'"):
        plot.write_picture(figure, tmp_path / "a.pdf")


def test_the_swarm_takes_numbers_names_and_gaps_and_refuses_other_rows():
    title, across, _ = words(swarm())
    assert title
    assert "log-odds" in across[0]
    contributions = pd.DataFrame({"a": [0.1, 0.2]})
    with pytest.raises(DataError, match=r"values: 3 rows for 2 rows of contributions"):
        plot.beeswarm(contributions, pd.DataFrame({"a": [1, 2, 3]}))
    with pytest.raises(DataError, match=r"no column \['a'\]"):
        plot.beeswarm(contributions, pd.DataFrame({"b": [1, 2]}))


def test_dependence_takes_names_gaps_and_single_values():
    rows = {
        "names": pd.Series(["x", None, "y", "x"], dtype="object"),
        "nothing": pd.Series([np.nan] * 4),
        "one": pd.Series([2.0] * 4),
        "whole": pd.Series([1, 2, None, 4], dtype="Int64"),
    }
    parts = [
        pd.DataFrame({"feature": name, "value": value, "contribution": [0.1, -0.2, 0.3, 0.0]})
        for name, value in rows.items()
    ]
    figure = plot.dependence(pd.concat(parts).astype({"value": "object"}), labels={"one": "One"})
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "Names", "Nothing", "One", "Whole",
    ]  # fmt: skip
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["x", "y", "missing"]


def test_the_swarm_of_dimensions_is_about_the_mean_and_needs_one():
    draw = np.random.default_rng(3)
    table = pd.DataFrame(draw.normal(5, 1, (60, 2)), columns=["payment", "social"])
    figure = plot.dimension_swarm(table)
    low, high = figure.axes[0].get_xlim()
    assert low < 0 < high < 5
    assert [tick.get_text() for tick in figure.axes[0].get_yticklabels()] == ["Payment", "Social"]
    assert plot.png_bytes(figure) == plot.png_bytes(plot.dimension_swarm(table))
    with pytest.raises(DataError, match="by_dimension: no column"):
        plot.dimension_swarm(table[[]])
    with pytest.raises(DataError, match="by_dimension: the table is empty"):
        plot.dimension_swarm(table[:0])


def test_outcomes_other_than_good_and_bad_are_refused():
    table = points_rows()
    with pytest.raises(DataError, match="y must hold both 0"):
        plot.score_distribution(table.assign(y=0))
    with pytest.raises(DataError, match="Leave rows without an outcome out"):
        plot.score_distribution(table.assign(y=table["y"].where(table["y"] == 1)))


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("auc_by_month", pd.DataFrame({"model": "a", "month": ["2024-01"], "auc": [np.nan]})),
        ("price_of_policy", pd.DataFrame({"model": ["m"], "alpha": [0.5], "auc": [0.7]})),
        ("source_worth", worth_rows().drop(columns="exact").head(1)),
        ("consent_cost", consent_rows().drop(columns="ceiling").tail(1)),
        ("iv_by_month", pd.DataFrame({"feature": "a", "month": ["2024-01"], "iv": [0.0]})),
        ("cohorts", pd.DataFrame({"month": [pd.Period("2024-01")], "good": [0], "bad": [0]})),
        ("model_comparison", pd.DataFrame({"model": ["other_name"], "auc": [0.5]})),
        (
            "score_distribution",
            pd.DataFrame({"model": "a", "y": [0, 1, 1], "points": [600.0, 600.0, 600.0]}),
        ),
        ("products", product_rows().assign(limit=0.0, mark="too new", cap=np.nan)),
        ("frontier", frontier_rows().head(1).assign(best=True)),
        ("profit_waterfall", earned_rows().tail(1).assign(revenue=0.0, profit=-120.0)),
        ("rivals", rival_rows().tail(1)),
        ("law", law_rows().assign(**{"approved: now": 0, "profit: now": -5.0})),
        ("without_sources", without_rows().tail(1).assign(limits=0, prices=0)),
        ("points_table", pd.DataFrame({"feature": ["a"], "bin": ["all"], "points": [0]})),
        ("feature_through_time", pd.DataFrame({"as_of": [0], "value": [np.nan]})),
    ],
    ids=str,
)
def test_poor_tables_are_drawn_all_the_same(name: str, table: pd.DataFrame):
    assert isinstance(PICTURES[name][0](table), Figure)


def test_information_that_is_nowhere_known_is_refused():
    table = pd.DataFrame({"feature": ["a", "b"], "month": "2024-01", "iv": np.nan})
    with pytest.raises(DataError, match="iv_by_month: no information value is known"):
        plot.iv_by_month(table)


@pytest.mark.parametrize("label", ["a $x_1$ <b> & --> ü", "x" * 200, "_"])
def test_labels_are_text_and_never_mathematics(label: str):
    draw: Any = plot.points_table(
        card_rows().assign(bin=[label] * 5), labels={"a": label, "b": "plain"}
    )
    assert "<b>" not in plot.svg_markup(draw, "p").replace("&lt;b>", "")


def test_labels_spread_keep_their_order_and_their_distance():
    draw = np.random.default_rng(4)
    for _ in range(50):
        places = draw.random(6)
        moved = spread(places.tolist(), 0.3)
        order = np.argsort(places)
        assert all(b - a >= 0.3 - 1e-9 for a, b in pairwise(np.array(moved)[order]))
        assert np.mean(moved) == pytest.approx(np.mean(places))
