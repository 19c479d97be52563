"""What limits a run's answers, found in the run itself: sentences for the model card."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from credit.errors import DataError
from credit.evaluate import calibration_tests
from credit.pipeline.findings import Findings
from credit.pipeline.fit import CALIBRATION_BADS
from credit.pipeline.screen import months_of
from credit.pipeline.watch import drift
from credit.pipeline.words import human, number, percent, records

WIDE = 0.02
"""Half the width of an AUC's interval above which the run says how vague it is."""

FEW_BADS = 50
"""Bads below which a segment's AUC has an interval of about .08 either way."""

MOSTLY_MISSING = 0.5

CUSTOMARY = 0.25
"""The index that custom calls a large shift, whatever the rows."""

A_YEAR = 12
"""Months that hold every season once."""

SIGNIFICANT = 0.05 / 3
"""Three tests of calibration are looked at together."""

NAMED = 3
"""Examples named in a sentence."""


def limitations(findings: Findings) -> list[str]:
    """Return the limitations of a run: those it finds itself, then those its file states."""
    found = [sentence for look in LOOKS for sentence in look(findings)]
    return found + list(findings.config.governance.limitations)


def _rows(findings: Findings) -> Iterator[str]:
    y = findings.data.y
    rows, learnt = findings.assessment.rows, findings.learnt
    table = findings.assessment.metrics.query("metric == 'auc'").set_index("model")
    width = table["high"].astype("float64") - table["low"].astype("float64")
    half = float(width[findings.champion.name]) / 2
    bads, taught = int(y.iloc[rows].sum()), int(y.iloc[learnt].sum())
    if half > WIDE:
        yield (
            f"Few bad applications: {bads:,} out of sample know the AUC of the "
            f"{findings.champion.label} to ± {number(half, 3)}, and smaller differences between "
            f"models cannot be seen. {taught:,} bad applications taught the models."
        )
    if findings.bayes is not None:
        yield (
            "The population is generated: every figure holds for it and for no real applicant. It "
            "shows that the method finds what is there, not how well it lends."
        )


def _time(findings: Findings) -> Iterator[str]:
    config, data = findings.config, findings.data
    if config.split.kind == "repeated_folds":
        yield (
            "The rows are split at random, not in time: how the models hold up on later "
            "applications is not measured."
        )
        return
    months = len(np.unique(months_of(data.as_of.iloc[findings.assessment.rows])))
    if months < A_YEAR:
        yield (
            f"The test spans {months} month(s), not a whole year: seasons are seen in part, and a "
            "downturn not at all."
        )


def _selection(findings: Findings) -> Iterator[str]:
    counts = findings.whole.status.value_counts()
    total = len(findings.whole)
    refused = int(counts.get("no_loan", 0))
    if refused:
        yield (
            f"{refused:,} of {total:,} applications have no loan, for they were refused or not "
            "taken up: what would have become of them is not known, and the models have learnt "
            "from the others alone."
        )
    else:
        yield (
            "The tables hold no refused application: the figures are of applicants who were "
            "granted a loan, and say nothing of those whom an earlier rule turned away."
        )
    for status, why in (
        ("immature", "their window has not closed, so the latest applicants are not in any figure"),
        ("indeterminate", "they were late, but not as late as bad is; real decisions include them"),
    ):
        count = int(counts.get(status, 0))
        if count:
            yield f"{count:,} applications ({percent(count / total)}) are {status}: {why}."


def _features(findings: Findings) -> Iterator[str]:
    report = findings.screening.report
    empty = report[report["missing_share"] > MOSTLY_MISSING]
    labels = {feature.name: feature.label for feature in findings.whole.catalogue}
    if len(empty):
        named = ", ".join(labels.get(name, name) for name in empty["feature"].head(NAMED))
        yield (
            f"{len(empty)} of {len(report)} features are missing for more than "
            f"{percent(MOSTLY_MISSING, 0)} of the rows that were learnt from, for instance "
            f"{named}: for most people they say only that there is nothing."
        )


def _drift(findings: Findings) -> Iterator[str]:
    found = drift(findings)
    if found is None:
        return
    table = found.features
    moved = table[table["shifted"] & (table["psi"] > CUSTOMARY)]
    if len(moved):
        labels = {feature.name: feature.label for feature in findings.whole.catalogue}
        named = ", ".join(labels.get(name, name) for name in moved["feature"].head(NAMED))
        yield (
            f"{len(moved)} of {len(table)} features have moved from the rows that were learnt from "
            f"to the test by more than {CUSTOMARY:g} (CSI), for instance {named}: ask why before "
            "the model is used."
        )


def _segments(findings: Findings) -> Iterator[str]:
    rows = findings.assessment.rows
    segment = findings.data.segment.iloc[rows]
    if segment.notna().sum() == 0 or segment.nunique() < 2:
        return
    bads = findings.data.y.iloc[rows].astype("int64").groupby(segment).sum()
    few = bads[bads < FEW_BADS]
    if len(few):
        named = ", ".join(f"{human(str(name))} ({count})" for name, count in few.items())
        yield (
            f"Segments with fewer than {FEW_BADS} bad applications out of sample: {named}. Their "
            "figures are vague."
        )


def _calibration(findings: Findings) -> Iterator[str]:
    champion = findings.champion
    y = findings.data.y
    bads = int(y.iloc[findings.fold.validation].sum())
    if bads < CALIBRATION_BADS:
        yield (
            f"The validation part holds {bads} bad applications, fewer than {CALIBRATION_BADS}: "
            "no calibration of its own was fitted."
        )
    rows = findings.assessment.rows
    outcome = y.iloc[rows].to_numpy(dtype=np.int64)
    try:
        tests = calibration_tests(outcome, findings.assessment.probability[champion.name])
    except DataError:
        return
    failed = [row.test for row in records(tests) if row.p_value < SIGNIFICANT]
    if failed:
        yield (
            f"The probabilities of the {champion.label} are not those of the test: calibration is "
            f"rejected by {', '.join(failed)}. Recalibrate before a price or a provision rests on "
            "them."
        )


def _audits(findings: Findings) -> Iterator[str]:
    if findings.config.fairness is None:
        yield "No protected group was declared, so how groups fare was not looked at."
    if findings.config.economics is None:
        yield "No economics were stated, so no cut-off is recommended."


LOOKS = (_rows, _time, _selection, _features, _drift, _segments, _calibration, _audits)
"""What is looked at, in the order of the report."""
