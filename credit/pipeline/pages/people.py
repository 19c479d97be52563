"""Sections about the applications: who was observed, and what three of them are told."""

from __future__ import annotations

import numpy as np
import pandas as pd

from credit import plot
from credit.explain import population_reference, true_reasons
from credit.pipeline.findings import Findings
from credit.pipeline.pages.page import Picture, Section
from credit.pipeline.screen import months_of
from credit.pipeline.words import Printed, percent
from credit.scorecard import Scorecard

EXAMPLES = (("among the safest", 0.05), ("in the middle", 0.5), ("among the riskiest", 0.95))
"""Three applications by the rank of their risk."""


def cohorts(findings: Findings) -> Section:
    """Return how many applications of each month are good, bad, or not known."""
    status = findings.whole.status
    counts = status.value_counts()
    meanings = {
        "good": "never as late as the outcome asks for, in a closed window",
        "bad": "as late as the outcome asks for within the window",
        "indeterminate": "late, but not as late; left out of training",
        "immature": "the window has not closed yet; absent, not good",
        "no_loan": "no loan was drawn",
    }
    rows = [
        [name.replace("_", " "), f"{counts[name]:,}", percent(counts[name] / len(status)), words]
        for name, words in meanings.items()
        if name in counts
    ]
    month = months_of(findings.whole.as_of)
    table = pd.crosstab(month, status.to_numpy()).rename_axis("month").reset_index()
    pictures = []
    if len(table) > 1:
        pictures.append(
            Picture(
                figure=plot.cohorts(table), says="Applications by month and what became of them."
            )
        )
    columns = ["outcome", "applications", "share", "meaning"]
    return Section(title="Applications", pictures=pictures, tables=[Printed("", columns, rows)])


def reasons(findings: Findings) -> Section:
    """Return the principal reasons of three applications, by the champion."""
    fitted, rows = findings.champion, findings.assessment.rows
    X = findings.data.X.iloc[rows]
    probability = fitted.probability(X)
    learnt = findings.data.X.iloc[findings.learnt]
    reference = population_reference(fitted.model.contributions(learnt))
    order = np.argsort(probability, kind="stable")
    scale = findings.shared.scale
    if isinstance(fitted.model, Scorecard):
        points = fitted.model.points(X).astype(np.float64)
        factor = scale.factor
    else:
        points = scale.points(probability)
        factor = scale.factor * fitted.calibration.slope
    tables = []
    for name, share in EXAMPLES:
        at = int(order[int(share * (len(order) - 1))])
        parts = fitted.model.contributions(X.iloc[[at]])
        (codes,) = true_reasons(
            fitted.margin, X.iloc[[at]], parts, reference, learnt, findings.data.catalogue
        )
        title = f"{name}: {points[at]:.0f} points, probability of bad {percent(probability[at], 2)}"
        lines = [
            [str(code.rank), code.text, code.dimension, f"{-factor * code.difference:+.0f}"]
            for code in codes
        ]
        tables.append(
            Printed(
                title, ["", "principal reason", "dimension", "points against the average"], lines
            )
        )
    return Section(
        title="What people are told",
        text=(
            "Up to four principal reasons: the features that take most points from this person "
            "compared with the average applicant. Features in the person's favour are not listed."
        ),
        tables=tables,
    )
