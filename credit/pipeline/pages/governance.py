"""Sections that a committee asks for: leaks, tests of calibration, cut-offs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from credit import plot
from credit.errors import DataError
from credit.evaluate import (
    LeakFacts,
    calibration_line,
    calibration_tests,
    cutoff_table,
    expected_auc,
    leaks,
    swap_sets,
)
from credit.evaluate.intervals import Z
from credit.pipeline.findings import Findings
from credit.pipeline.influences import economics_of
from credit.pipeline.pages.models import CURVE_ROWS, labels_of, outcome_of
from credit.pipeline.pages.page import Picture, Section
from credit.pipeline.words import Printed, interval, number, percent, records

_CHECKS = {
    "one outcome": "the value {value} occurs {rows} times with one outcome only; the rows beside "
    "it say otherwise",
    "filler": "{rows} rows, all with a {value}, have one outcome only",
    "above ceiling": "ranks better alone ({figure:.3f}) than the truth allows ({limit:.3f})",
    "alone at top": "ranks far better alone ({figure:.3f}) than any other feature; up to "
    "{limit:.3f} would be no surprise",
    "after instant": "{rows} instants lie after the application",
    "both sides": "{rows} people have rows on both sides of the split",
    "twin rows": "{figure:.1%} of the test rows occur in training too",
}

_APPROVAL = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def leaks_looked_for(findings: Findings) -> Section:
    """Return what looks like a leak in the rows the models learn from and are tested on."""
    data, fold = findings.data, findings.fold
    # Where the split repeats, validation and test are the same rows.
    whole = replace(fold, validation=np.setdiff1d(fold.validation, fold.test))
    ceiling = None if findings.bayes is None else expected_auc(findings.bayes)
    person = data.person.to_numpy() if findings.config.split.by == "person" else None
    found = leaks(
        data.X, data.y.to_numpy(np.int64), LeakFacts(ceiling=ceiling, person=person, fold=whole)
    )
    labels = {feature.name: feature.label for feature in data.catalogue}
    notes = [
        f"WARNING: {row.check}: {labels.get(row.feature, row.feature) or 'rows'}: "
        + _CHECKS[row.check].format(
            value=row.value, rows=row.rows, figure=row.figure, limit=row.limit
        )
        + "."
        for row in records(found)
    ]
    count = data.X.shape[1]
    text = (
        f"Each of the {count} features was looked at for values and gaps that occur with one "
        "outcome only, and for ranking too well by itself; the split for people and rows on both "
        "sides. "
    )
    text += (
        "A suspicion is to be explained, not a verdict." if notes else "Nothing looks like a leak."
    )
    return Section(title="Leaks looked for", text=text, notes=notes)


def calibration_held_up(findings: Findings) -> Section:
    """Return the calibration line and the tests of every model; a note where there is none."""
    y, rows, notes = outcome_of(findings), [], []
    labels = labels_of(findings)
    for name, probability in findings.assessment.probability.items():
        try:
            line, tests = calibration_line(y, probability), calibration_tests(y, probability)
        except DataError as error:
            notes.append(f"{labels[name]}: {error}")
            continue
        p_values = tests.set_index("test")["p_value"]
        rows.append(
            [
                labels[name],
                interval(line.slope, *_about(line.slope, line.slope_error), 3),
                interval(line.intercept, *_about(line.intercept, line.intercept_error), 3),
                *(number(p_values[test], 3) for test in ("line", "bins", "rows")),
            ]
        )
    columns = ["model", "slope [95 %]", "intercept [95 %]", "line p", "bins p", "rows p"]
    return Section(
        title="Tests of calibration",
        text=(
            "The line through the log-odds has slope 1 and intercept 0 where a model is true; "
            "below a slope of 1 it is too sure of itself. Three tests look for different "
            "faults: the line (Cox), ten bins (Hosmer and Lemeshow) and every row (Spiegelhalter). "
            "A p below .017, a third of 5 %, is hard to explain by chance."
        ),
        tables=[Printed("", columns, rows)],
        notes=notes,
    )


def _about(value: float, error: float) -> tuple[float, float]:
    """Return the ends of the 95 % interval."""
    return value - Z * error, value + Z * error


def cutoffs(findings: Findings) -> Section | None:
    """Return what each cut-off earns; None where the pipeline states no economics."""
    economics = economics_of(findings.config)
    if economics is None:
        return None
    y, champion = outcome_of(findings), findings.champion
    whole = cutoff_table(y, findings.assessment.probability[champion.name], economics)
    best = whole[whole["best"]].iloc[0]
    text = (
        f"A good loan earns {percent(economics.margin)} of its amount, a bad one loses "
        f"{percent(economics.loss_given_default)}, and any costs {percent(economics.cost)}: a loan "
        f"earns something below a probability of bad of {percent(economics.break_even)}. These "
        f"applications earned most at {percent(best['threshold'])} "
        f"({percent(best['approval_rate'])} approved, {percent(best['bad_rate'])} bad). A cut-off "
        "chosen on the rows it is measured on flatters itself; the two should be near each other."
    )
    rates = whole["approval_rate"].to_numpy()
    places = [min(int(np.searchsorted(rates, share)), len(whole) - 1) for share in _APPROVAL]
    chosen = whole.iloc[sorted({*places, int(np.flatnonzero(whole["best"])[0])})]
    rows = [
        [
            f"{percent(row.threshold, 2)}{' (most)' if row.best else ''}",
            percent(row.approval_rate),
            f"{row.approved:,}",
            interval(100 * row.bad_rate, 100 * row.bad_rate_low, 100 * row.bad_rate_high, 2),
            interval(100 * row.profit, 100 * row.profit_low, 100 * row.profit_high, 2),
            number(100 * row.profit_expected, 2),
        ]
        for row in records(chosen)
    ]
    columns = ["cut-off", "approved", "loans", "bad % [95 %]", "profit % [95 %]", "expected %"]
    drawn = cutoff_table(
        y, findings.assessment.probability[champion.name], economics, rows=CURVE_ROWS
    )
    return Section(
        title="Cut-offs",
        text=text,
        pictures=[
            Picture(
                figure=plot.cutoffs(drawn),
                says="Profit as a share of all amounts asked for, and bad rate of the approved, "
                f"by the {champion.label}.",
            )
        ],
        tables=[
            Printed(f"cut-offs of the {champion.label}", columns, rows),
            *_swaps(findings, float(best["approval_rate"])),
        ],
    )


def _swaps(findings: Findings, approval_rate: float) -> list[Printed]:
    """Return who changes sides between each other model and the champion."""
    if not 0 < approval_rate < 1:
        return []
    y, labels, tables = outcome_of(findings), labels_of(findings), []
    scores = findings.assessment.probability
    for name, other in scores.items():
        if name == findings.champion.name:
            continue
        found = swap_sets(y, other, scores[findings.champion.name], approval_rate=approval_rate)
        rows = [
            [
                row.decision,
                f"{row.rows:,.0f}",
                percent(row.share),
                f"{row.bads:,.0f}",
                interval(100 * row.bad_rate, 100 * row.bad_rate_low, 100 * row.bad_rate_high, 2),
            ]
            for row in records(found.table)
        ]
        title = (
            f"{labels[findings.champion.name]} in place of {labels[name]}, both approving "
            f"{percent(approval_rate)}: {found.bads_avoided:+.0f} bad loans avoided "
            f"[{found.low:+.0f}, {found.high:+.0f}]"
        )
        columns = ["decision", "applications", "share", "bad", "bad rate % [95 %]"]
        tables.append(Printed(title, columns, rows))
    return tables
