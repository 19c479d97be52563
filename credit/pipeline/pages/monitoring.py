"""The monitoring plan: what to watch, how often, and the limits this run itself gives."""

from __future__ import annotations

import numpy as np

from credit.pipeline.findings import Findings
from credit.pipeline.pages.model_card import NOT_STATED
from credit.pipeline.pages.page import Section
from credit.pipeline.watch import BINS, YEAR, Limits, watch_limits
from credit.pipeline.words import Printed, number, percent, records


def monitoring(findings: Findings) -> Section:
    """Return the plan and the references it needs."""
    found = watch_limits(findings)
    owner = findings.config.governance.owner or NOT_STATED
    return Section(
        title="Monitoring plan",
        text=(
            f"Planned for {found.monthly:,} applications a month ({found.basis}). A limit follows "
            "from the rows of this run and from that volume: with other numbers it is another. "
            "Bad loans are taken to come independently of each other; in a downturn they do not, "
            f"and limits are crossed sooner. Owner of every line: {owner}. A limit that is crossed "
            "asks for an explanation; what follows is a decision of people. `credit monitor` "
            "watches live rows against the artifact's own reference, and spends one level on all "
            "its tests together, so its limits are wider than those of one test here."
        ),
        tables=[
            _plan(findings, found),
            _score(found),
            _features(found),
            _grades(findings, found),
        ],
    )


def _plan(findings: Findings, found: Limits) -> Printed:
    outcome = findings.config.outcome
    matured = (
        f"every month, applications {outcome.within_months} months old"
        if outcome.kind == "days_past_due"
        else "every month, applications whose outcome is known"
    )
    floor = "-" if found.auc_floor is None else f"AUC of a year below {number(found.auc_floor)}"
    everyone = found.grades.iloc[-1]
    rows = [
        ["data contract", "every batch", "any row that breaks a rule",
         "set the rows apart, mend the source, do not score meanwhile"],
        ["score distribution", "every month",
         f"PSI above {number(found.score_psi, 3)} ({BINS} bins)",
         "look which features moved and whether the applicants or a source changed"],
        ["features", "every month", "CSI above the table below, all features together",
         "trace the feature to its table; leave the source out if it is broken"],
        ["ranking", matured, floor,
         "compare with a challenger on the same rows; train again"],
        ["calibration, whole book", matured,
         f"{everyone.amber:,} bad of {everyone.rows:,} a year (amber), {everyone.red:,} (red)",
         "recalibrate; look at pricing and provisions"],
        ["calibration, grades", matured, "the bads of the table below", "as for the whole book"],
        ["calibration, tests", matured, "Cox, Hosmer-Lemeshow or Spiegelhalter below p = .017",
         "recalibrate; train again if the line's slope moved"],
    ]  # fmt: skip
    if findings.config.fairness is not None:
        rows.append(
            [f"groups by {findings.config.fairness.column}", "every quarter",
             "approvals below four fifths of the reference's, or a price gap beyond its interval",
             "search for a model as good that treats groups more alike"]
        )  # fmt: skip
    rows.append(
        ["decisions by hand", "every month", "not measured by this package",
         "the lender records overrides, refusals and complaints, and their outcomes"]
    )  # fmt: skip
    return Printed("what to watch", ["what", "how often", "limit", "when it is crossed"], rows)


def _score(found: Limits) -> Printed:
    rows = [
        [
            _range(row.low, row.high),
            f"{row.rows:,}",
            percent(row.share),
            f"{row.share * found.monthly:,.0f}",
        ]
        for row in records(found.score)
    ]
    columns = ["points", "applications", "share", "expected a month"]
    return Printed("reference of the score's distribution, out of sample", columns, rows)


def _range(low: float, high: float) -> str:
    if np.isinf(low):
        return "all" if np.isinf(high) else f"up to {high:.1f}"
    return f"above {low:.1f}" if np.isinf(high) else f"{low:.1f} to {high:.1f}"


def _features(found: Limits) -> Printed:
    rows = [
        [f"{row.bins}", f"{row.features}", number(row.alone, 3), number(row.together, 3)]
        for row in records(found.features)
    ]
    columns = ["bins of a feature", "features", "one alone, 5 %", "any of all, 5 %"]
    return Printed("critical CSI of a month against the rows that were learnt from", columns, rows)


def _grades(findings: Findings, found: Limits) -> Printed:
    rows = [
        [
            row.grade,
            percent(row.predicted, 2),
            f"{row.rows:,}",
            f"{row.expected:,.1f}",
            _alarm(row.amber, row.rows),
            _alarm(row.red, row.rows),
        ]
        for row in records(found.grades)
    ]
    title = (
        f"bads in a year ({YEAR} x {found.monthly:,} applications) from which a grade of the "
        f"{findings.champion.label} is amber or red by the Jeffreys test"
    )
    columns = ["grade", "predicted", "applications", "bads expected", "amber from", "red from"]
    return Printed(title, columns, rows)


def _alarm(bads: int, rows: int) -> str:
    return f"{bads:,}" if bads <= rows else "never"
