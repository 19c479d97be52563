"""Sections about the models: how well they rank, how true their probabilities are, how steady."""

from __future__ import annotations

import numpy as np
import pandas as pd

from credit import plot
from credit.calibrate import default_master_scale
from credit.evaluate import (
    auc_by_month,
    by_segment,
    calibration_table,
    cap_table,
    grade_table,
    roc_table,
    traffic_lights,
)
from credit.pipeline import words
from credit.pipeline.assess import CEILING
from credit.pipeline.findings import Findings
from credit.pipeline.headline import headline
from credit.pipeline.pages.page import Picture, Section
from credit.pipeline.screen import months_of
from credit.pipeline.words import Printed, interval, number, percent, records

CURVE_ROWS = 200
"""Points of a drawn curve; more cannot be seen."""


def labels_of(findings: Findings) -> dict[str, str]:
    """Return model -> what people call it, the ceiling included."""
    named = {fitted.name: fitted.label for fitted in findings.fitted}
    return named | ({CEILING: "ceiling"} if findings.bayes is not None else {})


def scores_of(findings: Findings) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Return model -> out-of-sample probabilities, the true ones included where known."""
    scores = dict(findings.assessment.probability)
    if findings.bayes is not None:
        scores[CEILING] = findings.bayes[findings.assessment.rows]
    return scores


def outcome_of(findings: Findings) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the outcomes of the rows that were scored out of sample."""
    return findings.data.y.iloc[findings.assessment.rows].to_numpy(dtype=np.int64)


def wide_metrics(findings: Findings) -> pd.DataFrame:
    """Return one row a model: model, auc, auc_low, auc_high."""
    table = findings.assessment.metrics.query("metric == 'auc'")
    renamed = table.rename(columns={"value": "auc", "low": "auc_low", "high": "auc_high"})
    return renamed[["model", "auc", "auc_low", "auc_high"]].reset_index(drop=True)


def result(findings: Findings) -> Section:
    """Return the section that answers the first question: which model, how good."""
    champion = findings.champion
    text = (
        f"The champion is the {champion.label}: the simplest model within one standard error of "
        "the best. All figures are on applications that no model was fitted on."
    )
    if findings.bayes is not None:
        text += (
            " The population is generated, so its true probabilities are known: the ceiling is "
            "the best that any model could do, and a model above it by more than three standard "
            "errors has seen the future."
        )
    return Section(
        title="Result",
        text=text,
        pictures=[
            Picture(
                figure=plot.model_comparison(wide_metrics(findings)),
                says="Area under the ROC curve of each model with its 95 % interval.",
            )
        ],
        tables=[headline(findings.assessment, findings.fitted, full=True)],
    )


def ranking(findings: Findings) -> Section:
    """Return ROC and CAP curves."""
    y, scores = outcome_of(findings), scores_of(findings)
    roc = [roc_table(y, s, rows=CURVE_ROWS).assign(model=name) for name, s in scores.items()]
    cap = [cap_table(y, s, rows=CURVE_ROWS).assign(model=name) for name, s in scores.items()]
    return Section(
        title="Ranking",
        pictures=[
            Picture(
                figure=plot.roc(pd.concat(roc)),
                says="Share of bad applications caught for each share of good ones refused.",
            ),
            Picture(
                figure=plot.cap(pd.concat(cap)),
                says="Share of bad applications caught when the riskiest are refused first.",
            ),
        ],
    )


def scores(findings: Findings) -> Section:
    """Return the distribution of points of good and bad applications."""
    y = outcome_of(findings)
    scale = findings.shared.scale
    parts = [
        pd.DataFrame({"model": name, "y": y, "points": scale.points(probability)})
        for name, probability in findings.assessment.probability.items()
    ]
    text = (
        f"{scale.base_points:.0f} points are odds of {scale.base_odds:.0f} good to one bad; "
        f"every {scale.points_to_double:.0f} points more double the odds."
    )
    return Section(
        title="Scores",
        text=text,
        pictures=[
            Picture(
                figure=plot.score_distribution(pd.concat(parts)),
                says="Points of applications that stayed good and of those that went bad.",
            )
        ],
    )


def calibration(findings: Findings) -> Section:
    """Return promised against observed bad rates, and the champion's grades."""
    y = outcome_of(findings)
    found = findings.assessment.probability
    parts = [calibration_table(y, p).assign(model=name) for name, p in found.items()]
    champion = found[findings.champion.name]
    table = traffic_lights(grade_table(y, champion, default_master_scale().grade(champion)))
    rows = [
        [
            str(row.grade),
            f"{row.rows:,.0f}",
            f"{row.bads:,.0f}",
            interval(100 * row.rate, 100 * row.rate_low, 100 * row.rate_high, 2),
            number(100 * row.predicted, 2),
            number(row.p_two_sided, 3),
            row.light if row.ascends else f"{row.light}, falls",
        ]
        for row in records(table)
    ]
    columns = ["grade", "applications", "bad", "bad rate % [95 %]", "predicted %", "Jeffreys p",
               "light"]  # fmt: skip
    return Section(
        title="Calibration and grades",
        text=(
            "Ten bins of equal mass; a probability is true where its bin lies on the diagonal. A "
            "grade is amber or red where its probability is too low for the bad loans seen (5 %, "
            ".1 %); it falls where its bad rate is below that of a safer grade."
        ),
        pictures=[
            Picture(
                figure=plot.calibration(pd.concat(parts)),
                says="Observed bad rate against the predicted one, with 95 % intervals.",
            ),
            Picture(
                figure=plot.grades(table),
                says=f"Bad rate and volume by grade of the {findings.champion.label}.",
            ),
        ],
        tables=[Printed(f"grades of the {findings.champion.label}", columns, rows)],
    )


def months(findings: Findings) -> Section | None:
    """Return AUC by month; None where all applications are of one month."""
    y = outcome_of(findings)
    month = months_of(findings.data.as_of.iloc[findings.assessment.rows])
    if len(np.unique(month)) < 2:
        return None
    parts = [
        auc_by_month(y, s, month).assign(model=name) for name, s in scores_of(findings).items()
    ]
    return Section(
        title="Month by month",
        pictures=[
            Picture(
                figure=plot.auc_by_month(pd.concat(parts)),
                says="AUC of each month out of sample; a month with few bad applications is vague.",
            )
        ],
    )


def segments(findings: Findings) -> Section | None:
    """Return rates and AUC by segment; None where the source knows no segments."""
    rows = findings.assessment.rows
    segment = findings.data.segment.iloc[rows]
    if segment.notna().sum() == 0 or segment.nunique() < 2:
        return None
    table = by_segment(
        outcome_of(findings), findings.assessment.probability[findings.champion.name], segment
    )
    printed = [
        [
            words.human(str(row.segment)),
            f"{row.rows:,}",
            percent(row.rate, 2),
            percent(row.predicted, 2),
            interval(row.auc, row.auc_low, row.auc_high, 3),
        ]
        for row in records(table)
    ]
    columns = ["segment", "applications", "bad rate", "predicted", "AUC [95 %]"]
    return Section(
        title="Segments",
        tables=[Printed(f"by segment, {findings.champion.label}", columns, printed)],
    )
