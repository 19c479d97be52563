"""Sections about the features: what each tells, what moves the score, and the card itself."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from credit import plot
from credit.binning import bin_table
from credit.boost import BoostedModel
from credit.evaluate import iv_by_month
from credit.explain import (
    agreement,
    breakdown,
    by_dimension,
    dependence,
    dimension_contributions,
    interventional,
)
from credit.pipeline.findings import Findings
from credit.pipeline.fit import Fitted
from credit.pipeline.pages.page import Picture, Section
from credit.pipeline.screen import months_of, quantile_codes
from credit.pipeline.words import Printed, number, percent, records
from credit.scorecard import Scorecard

SECOND_OPINION = 200
"""Rows on which two definitions of SHAP are compared."""

LARGEST_SWARM = 2_000
"""Rows whose contributions are drawn; more dots only hide each other."""

DEPENDENCES = 4
"""Features whose contributions are drawn value by value."""

BINS_SHOWN = 4
"""Features of the card whose bins are drawn, those with the widest range of points."""


def feature_labels(findings: Findings) -> dict[str, str]:
    """Return feature -> label, of all features that were built."""
    return {feature.name: feature.label for feature in findings.whole.catalogue}


def moves(findings: Findings, shares: dict[str, pd.DataFrame], printed: Printed) -> Section | None:
    """Return what moves each score: learnt shares beside the policy's weights."""
    if not shares:
        return None
    how = {True: "refitted to resampled people", False: "the model taken as given"}
    pictures = [
        Picture(
            figure=plot.dimension_shares(with_truth(table, findings)),
            says=f"{name}: share of the variance of the score that each dimension moves; "
            f"intervals: {how[bool(table['refit'].iloc[0])]}.",
        )
        for name, table in shares.items()
        if name != "policy_card"
    ]
    text = (
        "A dimension's share is the covariance of its part of the score with the whole score, over "
        "the score's variance. Facts of the application itself carry no policy weight and stand "
        "apart."
    )
    return Section(title="What moves the score", text=text, pictures=pictures, tables=[printed])


def with_truth(table: pd.DataFrame, findings: Findings) -> pd.DataFrame:
    """Add the shares a generated world was built with, where they are known."""
    if findings.true_shares is None:
        return table
    return table.assign(truth=table["dimension"].map(findings.true_shares))


def contributions(findings: Findings) -> Section:
    """Return the contributions of the boosted model, or of the champion, in five pictures."""
    by_name = {fitted.name: fitted for fitted in findings.fitted}
    fitted = by_name.get("xgboost", findings.champion)
    rows = findings.assessment.rows
    kept = rows[np.unique(np.linspace(0, len(rows) - 1, LARGEST_SWARM).astype(np.int64))]
    X = findings.data.X.iloc[kept]
    text = (
        "Each dot is an application. To the right, the feature adds to its risk (log-odds of "
        "bad; exact TreeSHAP for trees); the colour is the feature's value from low to high."
    )
    if isinstance(fitted.model, BoostedModel):
        text += _second_opinion(fitted.model, X, findings.data.X.iloc[findings.learnt])
    parts, labels = fitted.model.contributions(X), feature_labels(findings)
    top = parts.abs().mean().sort_values(ascending=False, kind="stable").index[:DEPENDENCES]
    pictures = [
        Picture(
            figure=plot.beeswarm(parts, X, labels=labels),
            says=f"{fitted.label}: the twelve features that move the score most.",
        ),
        Picture(
            figure=plot.dependence(dependence(parts, X, [str(n) for n in top]), labels=labels),
            says="What each value adds, for the features that move the score most. Where equal "
            "values add differently, the colour is the feature that goes with the difference.",
        ),
        Picture(
            figure=plot.dimension_swarm(
                dimension_contributions(parts, findings.data.catalogue.dimension)
            ),
            says="What each dimension adds to each application.",
        ),
    ]
    return Section(
        title="Contributions", text=text, pictures=[*pictures, *_one_person(findings, fitted)]
    )


def _one_person(findings: Findings, fitted: Fitted) -> list[Picture]:
    """Return how one refused person's points come about, by feature and by dimension."""
    example = None if findings.refusals is None else findings.refusals.example
    rows = findings.assessment.rows
    if example is None:
        at = int(np.argmax(findings.assessment.probability[fitted.name]))
    else:
        at = example.row
    X = findings.data.X.iloc[rows[[at]]]
    labels, catalogue, scale = (
        feature_labels(findings),
        findings.data.catalogue,
        findings.shared.scale,
    )
    line = fitted.calibration
    table = breakdown(
        fitted.model.contributions(X),
        X,
        base=float(scale.of_margin(line.slope * fitted.model.base_ + line.intercept)),
        points_per_margin=scale.factor * line.slope,
        units={feature.name: feature.unit for feature in catalogue},
    )
    whole = by_dimension(table, catalogue.dimension, labels=labels)
    return [
        Picture(
            figure=plot.waterfall(table, labels=labels),
            says="One application, feature by feature: its contributions as points of the scale.",
        ),
        Picture(figure=plot.waterfall(whole), says="The same application, by dimension."),
    ]


def _second_opinion(model: BoostedModel, X: pd.DataFrame, population: pd.DataFrame) -> str:
    """Say how far another definition of SHAP gives the same reasons."""
    few = X.iloc[:SECOND_OPINION]
    found = agreement(model.contributions(few), interventional(model, few, population))
    return (
        f" Interventional SHAP against the training population names the same first reason for "
        f"{percent(found.first_reason, 0)} of {found.rows} applications (correlation of all "
        f"contributions {number(found.correlation, 3)})."
    )


def card(findings: Findings) -> Section | None:
    """Return the scorecard as a picture and as a table."""
    by_name = {fitted.name: fitted for fitted in findings.fitted}
    if "scorecard" not in by_name:
        return None
    model = by_name["scorecard"].model
    labels = feature_labels(findings)
    table = model.table_[model.table_["share"] > 0]  # bins nobody was in wait for the unseen
    inside = table[table["feature"] != "(base)"]
    rows = [
        [
            labels.get(row.feature, row.feature),
            row.bin,
            f"{row.points:+d}" if row.feature != "(base)" else f"{row.points:d}",
            percent(row.share),
            percent(row.rate, 2),
            number(row.woe, 3),
            row.dimension,
        ]
        for row in records(table)
    ]
    left_out = model.coefficients_[model.coefficients_["dropped"] != ""]
    out_rows = [[labels.get(name, name), rule] for name, rule in left_out["dropped"].items()]
    columns = ["feature", "bin", "points", "share", "bad rate", "WoE", "dimension"]
    tables = [Printed("an application's score is the base plus one row a feature", columns, rows)]
    if out_rows:
        tables.append(Printed("left out of the card", ["feature", "why"], out_rows))
    pictures = _card_pictures(model, inside, labels) if len(inside) else []
    return Section(title="The scorecard", pictures=pictures, tables=tables)


def _card_pictures(model: Scorecard, inside: pd.DataFrame, labels: dict[str, str]) -> list[Picture]:
    """Return the card at a glance, its points bin by bin, and the bins that matter most."""
    points = inside.groupby("feature", sort=False)["points"]
    ranges = (points.max() - points.min()).sort_values(ascending=False, kind="stable")
    whole = Picture(
        figure=plot.whole_card(model.table_, labels=labels, top=20),
        says="The card at a glance: what each feature can add or take, widest range first.",
    )
    table = Picture(
        figure=plot.points_table(inside, labels=labels, top=12),
        says="Points of each bin, for the twelve features with the widest range.",
    )
    columns = [
        Picture(
            figure=plot.column_bins(bin_table(model.bins_[str(name)]), labels=labels),
            says=f"Bins of {labels.get(str(name), str(name))}, on the rows the card was fitted on.",
        )
        for name in ranges.index[:BINS_SHOWN]
    ]
    return [whole, table, *columns]


def features(findings: Findings) -> Section:
    """Return for each feature its information by month, gaps and strongest correlation."""
    labels = feature_labels(findings)
    report = findings.screening.report
    months = [name for name in report.columns if re.fullmatch(r"iv_\d{4}-\d{2}", str(name))]
    rows = [
        [
            labels.get(row["feature"], row["feature"]),
            number(row["iv"], 3),
            number(row["iv_by_chance"], 3),
            _span(row[months]),
            percent(row["missing_share"]),
            _partner(row, labels),
            row["dropped"],
        ]
        for _, row in report.iterrows()
    ]
    columns = ["feature", "IV", "by chance", "IV by month: least to most", "missing",
               "strongest correlation", "left out"]  # fmt: skip
    tables = [Printed("on the rows models learn from; fifths of each feature", columns, rows)]
    if len(months) > 1:
        by_month = [
            [labels.get(row["feature"], row["feature"]), *[number(row[m], 2) for m in months]]
            for _, row in report.iterrows()
        ]
        columns = ["feature", *[str(month).removeprefix("iv_") for month in months]]
        tables.append(Printed("information value by month", columns, by_month))
    pairs = findings.screening.pairs
    text = "No pair of features has a rank correlation above the limit."
    if len(pairs):
        text = f"{len(pairs)} pair(s) with a rank correlation above the limit are listed below."
        tables.append(
            Printed(
                "near duplicates",
                ["feature", "and", "correlation", "what was done"],
                [
                    [labels.get(p.first, p.first), labels.get(p.second, p.second),
                     number(p.correlation, 3), p.action]
                    for p in records(pairs)
                ],
            )
        )  # fmt: skip
    return Section(title="Features", text=text, pictures=_heat(findings, labels), tables=tables)


def _heat(findings: Findings, labels: dict[str, str]) -> list[Picture]:
    learnt = np.sort(np.concatenate([findings.fold.train, findings.fold.validation]))
    month = months_of(findings.data.as_of.iloc[learnt])
    if len(np.unique(month)) < 2:
        return []
    quarter = pd.PeriodIndex(month, freq="M").asfreq("Q").astype(str).to_numpy(dtype=np.str_)
    X = findings.data.X.iloc[learnt]
    codes = pd.DataFrame({name: quantile_codes(X[name]) for name in X.columns})
    y = findings.data.y.iloc[learnt].to_numpy(dtype=np.int64)
    information = iv_by_month(codes, y, quarter)
    if information["iv"].isna().all():
        return []
    return [
        Picture(
            figure=plot.iv_by_month(information, labels=labels, top=20),
            says="Information value by quarter of the twenty features that tell most; every "
            "feature and month is in a table below.",
        )
    ]


def _span(values: pd.Series) -> str:
    known = values.astype("float64").dropna()
    if known.empty:
        return "-"
    return f"{known.min():.3f} to {known.max():.3f} ({len(known)} months)"


def _partner(row: pd.Series, labels: dict[str, str]) -> str:
    if row["partner"] is None or pd.isna(row["partner"]):
        return "-"
    return f"{labels.get(row['partner'], row['partner'])} ({row['correlation']:+.2f})"
