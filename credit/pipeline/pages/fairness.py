"""The section that says how groups fare whom no model sees."""

from __future__ import annotations

import numpy as np
import pandas as pd

from credit.errors import DataError
from credit.evaluate import (
    adverse_impact,
    calibration_by_group,
    equal_opportunity,
    less_discriminatory,
    proxy_test,
)
from credit.evaluate.decisions import approved_part
from credit.pipeline.findings import Findings
from credit.pipeline.pages.loans import price_gaps
from credit.pipeline.pages.models import labels_of, outcome_of
from credit.pipeline.pages.page import Section
from credit.pipeline.sections import FairnessSection
from credit.pipeline.words import Printed, interval, number, percent, records
from credit.policy import InForce

_PROXIES = 8
"""Features listed as carriers of the group."""

_FEWEST = 50
"""Members and others that a test of proxies needs."""

_MOST = 3
"""Groups tested for proxies, the first by name."""


def fairness(findings: Findings) -> Section | None:
    """Return how groups fare; None where the pipeline declares no protected column."""
    asked, group = findings.config.fairness, findings.group
    if asked is None or group is None:
        return None
    rows = findings.assessment.rows
    y, mine = outcome_of(findings), group.iloc[rows].reset_index(drop=True)
    if mine.nunique() < 2 or not (mine == asked.reference).any():
        return None
    rules = custom(findings.shared.figures)
    text = (
        f"Groups by {asked.column}, which no model sees, compared with {asked.reference}; each "
        f"model approves its safest {percent(asked.approval_rate, 0)}. {rules} "
        "The gap is the share approved of those who turned out good, less the reference's, with "
        "its 95 % interval: 0 is an equal chance."
    )
    try:
        tables = [
            _approvals(findings, asked, y, mine),
            _meaning(findings, y, mine),
            *price_gaps(findings, mine),
            _alternatives(findings, asked, y, mine),
            *_given_away(findings, asked, mine),
        ]
    except DataError as error:
        return Section(title="Fairness", text=text, notes=[f"WARNING: not compared: {error}"])
    return Section(title="Fairness", text=text, tables=tables)


def custom(figures: InForce) -> str:
    """Return what the policy in force says of ratios and of tests of fairness."""
    tests = (f"{name.replace('_', ' ')} {said}" for name, said in figures["fairness.tests"].items())
    said = ", ".join(tests).replace("other_law", "under other law only")
    return (
        f"A ratio of approvals below {figures['fairness.air']:g} is looked into; tests under "
        f"{figures.policy}: {said}."
    )


def _approvals(findings: Findings, asked: FairnessSection, y: object, group: pd.Series) -> Printed:
    """Return the approvals of each group by each model."""
    scores = pd.DataFrame(findings.assessment.probability)
    lines = []
    for name in scores.columns:
        approved = approved_part(scores[name].to_numpy(), asked.approval_rate * len(scores))
        impact = adverse_impact(
            approved, group, reference=asked.reference, line=findings.shared.figures["fairness.air"]
        )
        equal = equal_opportunity(y, approved, group, reference=asked.reference)
        lines += [
            [
                labels_of(findings)[str(name)],
                row.group,
                f"{row.rows:,}",
                percent(row.approval_rate),
                interval(row.ratio, row.ratio_low, row.ratio_high, 3)
                + (" below" if row.below_line else ""),
                interval(100 * good.difference, 100 * good.low, 100 * good.high, 1),
            ]
            for row, good in zip(records(impact), records(equal), strict=True)
        ]
    columns = ["model", "group", "people", "approved", "ratio [95 %]", "good: gap in points"]
    return Printed("approvals by group", columns, lines)


def _meaning(findings: Findings, y: object, group: pd.Series) -> Printed:
    """Return whether the champion's probability means the same for every group."""
    champion = findings.champion
    table = calibration_by_group(y, findings.assessment.probability[champion.name], group)
    lines = [
        [
            row.group,
            f"{row.rows:,}",
            interval(100 * row.rate, 100 * row.rate_low, 100 * row.rate_high, 2),
            number(100 * row.predicted, 2),
            number(row.p_holm, 3),
        ]
        for row in records(table)
    ]
    columns = ["group", "applications", "bad rate % [95 %]", "predicted %", "p (Holm)"]
    return Printed(f"what the {champion.label}'s probability means by group", columns, lines)


def _alternatives(
    findings: Findings, asked: FairnessSection, y: object, group: pd.Series
) -> Printed:
    """Return which models are as good as the champion, and how alike they approve groups."""
    table = less_discriminatory(
        y,
        pd.DataFrame(findings.assessment.probability),
        group,
        current=findings.champion.name,
        approval_rate=asked.approval_rate,
    )
    lines = [
        [
            labels_of(findings)[row.model] + (" (fairest as good)" if row.chosen else ""),
            number(row.auc),
            f"{row.difference:+.4f} ± {row.standard_error:.4f}",
            "yes" if row.as_good else "no",
            interval(row.ratio, row.ratio_low, row.ratio_high, 3),
            "yes" if row.on_frontier else "no",
        ]
        for row in records(table)
    ]
    columns = ["model", "AUC", "less the champion's", "as good", "least to most [95 %]", "frontier"]
    title = (
        "models as good as the champion within one standard error; approvals of the least to the "
        "most approved group"
    )
    return Printed(title, columns, lines)


def _given_away(findings: Findings, asked: FairnessSection, group: pd.Series) -> list[Printed]:
    """Return how well the features tell each group from all others."""
    X = findings.data.X.iloc[findings.assessment.rows].reset_index(drop=True)
    tables = []
    for name in [one for one in sorted(group.unique()) if one != asked.reference][:_MOST]:
        member = (group == name).to_numpy(np.int64)
        if min(member.sum(), len(member) - member.sum()) < _FEWEST:
            continue
        found = proxy_test(X, member, folds=3, seed=findings.config.seed)
        labels = {feature.name: feature.label for feature in findings.data.catalogue}
        lines = [
            [
                labels[row.feature],
                interval(row.auc, row.auc_low, row.auc_high, 3),
                percent(row.share),
            ]
            for row in records(found.features.head(_PROXIES))
        ]
        told = interval(found.auc.value, found.auc.low, found.auc.high, 3)
        title = f"how well the features tell {name} from the others: AUC {told}, .5 is not at all"
        tables.append(Printed(title, ["feature", "AUC alone [95 %]", "share"], lines))
    return tables
