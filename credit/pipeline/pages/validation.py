"""Sections a validator asks for: stability since development, and every test in one table."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from credit import plot
from credit.calibrate import default_master_scale
from credit.errors import DataError
from credit.evaluate import (
    auc_fall,
    concentration,
    count_test,
    hosmer_lemeshow,
    migration_matrix,
    spiegelhalter,
)
from credit.pipeline.findings import Findings
from credit.pipeline.pages.features import feature_labels
from credit.pipeline.pages.models import outcome_of
from credit.pipeline.pages.page import Picture, Section
from credit.pipeline.watch import Drift, auc_now, champion_grades
from credit.pipeline.words import Printed, interval, number, percent, records

SHOWN = 15
"""Features whose stability is drawn and listed, the largest index first."""

_LEVEL = 0.05


def stability(findings: Findings, found: Drift | None) -> Section | None:
    """Return how scores and features moved since development; None without a split in time."""
    if found is None:
        return None
    labels = feature_labels(findings)
    shifted = int(found.features["shifted"].sum())
    top = found.features.head(SHOWN)
    month_rows = [
        [row.month, f"{row.rows:,}", number(row.psi, 3), number(row.critical, 3),
         "more than chance" if row.shifted else "as by chance"]
        for row in records(found.months)
    ]  # fmt: skip
    feature_rows = [
        [labels.get(row.feature, row.feature), f"{row.bins}", number(row.psi, 3),
         number(row.critical, 3), "more than chance" if row.shifted else "as by chance"]
        for row in records(top)
    ]  # fmt: skip
    return Section(
        title="Stability",
        text=(
            f"The score's index (PSI) from the validation part to the test is "
            f"{number(found.score.psi, 3)}; chance alone exceeds {number(found.score.critical, 3)} "
            f"in one case of twenty. {shifted} of {len(found.features)} features moved by more "
            f"than that from the rows that were learnt from ({_LEVEL * len(found.features):.1f} "
            "would by chance). The customary .10 and .25 know nothing of the number of rows; a "
            "shift that is more than chance may still be small."
        ),
        pictures=[
            Picture(
                figure=plot.stability(top, labels=labels),
                says="Index of each feature, and the value that chance alone exceeds in 5 %.",
            )
        ],
        tables=[
            Printed(
                f"the {findings.champion.label}'s score by month, against the validation part",
                ["month", "applications", "PSI", "critical 5 %", ""],
                month_rows,
            ),
            Printed(
                f"the {len(top)} features that moved most: fifths of their values, gaps apart",
                ["feature", "bins", "CSI", "critical 5 %", ""],
                feature_rows,
            ),
        ],
    )


def validation_tests(findings: Findings, found: Drift | None) -> Section:
    """Return every test of the champion in one table, and how people move between grades."""
    rows = [
        *_counts(findings), *_calibration(findings), *_ranking(findings, found), *_grades(findings),
    ]  # fmt: skip
    return Section(
        title="Validation tests",
        text=(
            f"Tests of the {findings.champion.label} on applications it was not fitted on. A p "
            f"below {percent(_LEVEL, 0)} speaks against it; of ten such tests of a true model one "
            "speaks so in four cases of ten. Tests of counts are one-sided: they ask whether the "
            "probabilities are too low."
        ),
        tables=[
            Printed("", ["test", "of what", "statistic", "p", "reading"], rows),
            _by_grade(findings),
            *_migration(findings),
        ],
    )


def _row(test: str, what: str, statistic: str, p: float | None) -> list[str]:
    reading = "" if p is None else "speaks against it" if p < _LEVEL else "no objection"
    return [test, what, statistic, "-" if p is None else number(p, 3), reading]


def _counts(findings: Findings) -> Iterator[list[str]]:
    y = outcome_of(findings)
    probability = findings.assessment.probability[findings.champion.name]
    bads, rows, mean = int(y.sum()), len(y), float(probability.mean())
    found = count_test(bads, rows, mean)
    says = f"{bads:,} bad, {mean * rows:,.1f} expected"
    yield _row("Jeffreys", "all grades together", says, found.jeffreys)
    yield _row("binomial", "all grades together", says, found.binomial)


def _by_grade(findings: Findings) -> Printed:
    lines = []
    for row in records(champion_grades(findings)):
        found = count_test(int(row.bads), int(row.rows), float(row.predicted))
        against = min(found.jeffreys, found.binomial) < _LEVEL
        lines.append(
            [
                str(row.grade),
                f"{row.rows:,}",
                f"{row.bads:,}",
                f"{row.predicted * row.rows:,.1f}",
                number(found.jeffreys, 3),
                number(found.binomial, 3),
                "speaks against it" if against else "no objection",
            ]
        )
    columns = ["grade", "applications", "bad", "expected", "Jeffreys p", "binomial p", "reading"]
    return Printed("counts of each grade", columns, lines)


def _calibration(findings: Findings) -> Iterator[list[str]]:
    y = outcome_of(findings)
    probability = findings.assessment.probability[findings.champion.name]
    try:
        fit = hosmer_lemeshow(champion_grades(findings))
        says = f"chi-square {fit.statistic:.2f} on {fit.degrees_of_freedom}"
        yield _row("Hosmer-Lemeshow", "grades", says, fit.p_value)
        each = spiegelhalter(y, probability)
    except DataError:
        return
    yield _row("Spiegelhalter", "every row", f"z {each.statistic:+.2f}", each.p_value)


def _ranking(findings: Findings, found: Drift | None) -> Iterator[list[str]]:
    now = auc_now(findings)
    if now is not None:
        says = interval(now.value, now.low, now.high)
        folds = findings.config.split.kind == "repeated_folds"
        what = "ranking, the first repeat of folds pooled" if folds else "ranking out of sample"
        yield _row("AUC with DeLong's interval", what, says, None)
        if found is not None and found.auc_before is not None:
            statistic, p = auc_fall(found.auc_before, now)
            says = f"{number(found.auc_before)} to {number(now.value)}, S {statistic:+.2f}"
            yield _row("AUC against development", "validation part to test", says, p)
    if found is not None:
        yield from _shifts(found)


def _shifts(found: Drift) -> Iterator[list[str]]:
    says = f"PSI {number(found.score.psi, 3)}, critical {number(found.score.critical, 3)}"
    yield [
        "PSI of the score", "validation part to test", says, "-",
        "speaks against it" if found.score.shifted else "no objection",
    ]  # fmt: skip
    shifted, count = int(found.features["shifted"].sum()), len(found.features)
    says = f"{shifted} of {count} above their critical value"
    yield ["CSI of the features", "learnt rows to test", says, "-", "see Stability"]


def _grades(findings: Findings) -> Iterator[list[str]]:
    rows = champion_grades(findings)["rows"]
    found = concentration(rows)
    says = (
        f"{number(found.index, 3)}, as {found.effective:.1f} equal grades of {len(rows)}; the "
        f"fullest holds {percent(found.largest)}"
    )
    yield _row("Herfindahl index", "concentration in grades", says, None)


def _migration(findings: Findings) -> list[Printed]:
    """Return how people with several scored applications moved from their first to their last."""
    rows = findings.assessment.rows
    probability = findings.assessment.probability[findings.champion.name]
    scale = default_master_scale()
    frame = pd.DataFrame(
        {
            "person": findings.data.person.iloc[rows].to_numpy(),
            "as_of": findings.data.as_of.iloc[rows].to_numpy(dtype=np.int64),
            "grade": scale.grade(probability),
        }
    ).sort_values("as_of", kind="stable")
    people = frame.groupby("person")
    several = (people["as_of"].max() > people["as_of"].min()).to_numpy()
    ends = people["grade"].agg(["first", "last"])[several]
    if ends.empty:
        return []
    matrix = migration_matrix(ends["first"], ends["last"], list(scale.names))
    lines = [
        [str(origin), f"{part['rows'].sum():,}", *(percent(share) for share in part["share"])]
        for origin, part in matrix.groupby("origin", sort=False)
        if part["rows"].sum()
    ]
    title = (
        f"grades of the first and the last scored application of {len(ends):,} people with several"
    )
    return [Printed(title, ["first", "people", *scale.names], lines)]
