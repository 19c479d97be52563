"""The model card: what the model is for, what it was made of, how good it is, where it ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.boost import BoostedModel, BoostOptions
from credit.pipeline.findings import Findings
from credit.pipeline.fit import Fitted
from credit.pipeline.limits import limitations
from credit.pipeline.pages.page import Section
from credit.pipeline.words import Printed, human, interval, percent, records
from credit.scorecard import Scorecard

NOT_STATED = "not stated in the pipeline file"

_METRICS = {
    "auc": ("AUC", 4), "gini": ("Gini", 4), "ks": ("KS", 3), "log_loss": ("log-loss", 4),
    "brier": ("Brier score", 4), "ece": ("ECE", 4), "ece_floor": ("ECE by chance alone", 4),
}  # fmt: skip

_SHOWN = ("rounds", "eta", "max_depth", "min_child_weight", "subsample", "colsample", "reg_lambda",
          "gamma", "seeds")  # fmt: skip
"""Options of the trees that a reader asks for; the others are in the resolved pipeline file."""


def day(instant: Any) -> str:
    """Write an instant in microseconds as a day (UTC); none is a dash."""
    return "-" if pd.isna(instant) else f"{pd.Timestamp(int(instant), unit='us'):%Y-%m-%d}"


def model_card(findings: Findings) -> Section:
    """Return the card: stated by the file, then found in the run."""
    return Section(
        title="Model card",
        text=(
            "What this model is for, what it was made of and how good it is, on one page. What no "
            "data can tell is stated by the pipeline file in its section [governance]; everything "
            "else is of this run."
        ),
        tables=[
            _stated(findings),
            _facts(findings),
            _parts(findings),
            _models(findings),
            _figures(findings),
        ],
    )


def _stated(findings: Findings) -> Printed:
    stated = findings.config.governance
    values = {
        "owner": stated.owner,
        "contacts": ", ".join(stated.contacts),
        "purpose": stated.purpose,
        "approved uses": "; ".join(stated.approved_uses),
        "out of scope": "; ".join(stated.out_of_scope),
        "exposure": stated.exposure,
        "materiality tier (exposure and purpose)": stated.materiality,
        "next review": None if stated.next_review is None else f"{stated.next_review}",
    }
    rows = [[name, value or NOT_STATED] for name, value in values.items()]
    rows.insert(3, ["the data were read for", findings.config.purpose])
    return Printed("stated", ["", "by the pipeline file"], rows)


def outcome_words(findings: Findings) -> str:
    """Say what the model predicts, in the file's own numbers."""
    outcome = findings.config.outcome
    if outcome.kind == "given":
        until = "" if outcome.observed_until is None else f", known until {outcome.observed_until}"
        return f"the probability of bad, as the source states it{until}"
    return (
        f"the probability that an instalment of the loan is {outcome.days} or more days past due "
        f"within {outcome.within_months} months of its drawing; {outcome.indeterminate_from} to "
        f"{outcome.days - 1} days are indeterminate and left out"
    )


def _facts(findings: Findings) -> Printed:
    whole, data, champion = findings.whole, findings.data, findings.champion
    segments = sorted({human(str(name)) for name in whole.segment.dropna().unique()})
    rows = [
        ["what is predicted", outcome_words(findings)],
        ["population", findings.config.description or findings.config.name],
        ["where the data come from", findings.config.source.kind.replace("_", " ")],
        ["applications", f"{len(whole):,} of {whole.person.nunique():,} people, "
         f"{day(whole.as_of.min())} to {day(whole.as_of.max())}"],
        ["with a known outcome", f"{len(data):,}, {percent(float(data.y.mean()), 2)} bad"],
        ["segments", ", ".join(segments) or "none"],
        ["features", f"{data.X.shape[1]} of {len(findings.screening.report)} that were built"],
        ["champion", f"{champion.label}: the simplest model within one standard error of the best"],
        ["score", f"{findings.shared.scale.base_points:.0f} points at odds of "
         f"{findings.shared.scale.base_odds:.0f} to 1, "
         f"{findings.shared.scale.points_to_double:.0f} more double them"],
    ]  # fmt: skip
    return Printed("the model", ["", "in this run"], rows)


def _parts(findings: Findings) -> Printed:
    fold = findings.fold
    if findings.config.split.kind == "repeated_folds":
        section = findings.config.split
        names = {
            "final models: learnt from": fold.train,
            "final models: calibrated on": fold.validation,
            f"measured over {section.repeats} x {section.folds} folds": findings.assessment.rows,
        }
    else:
        names = {"training": fold.train, "validation": fold.validation, "test": fold.test}
    rows = [[name, *_counted(findings, positions)] for name, positions in names.items()]
    columns = ["part", "applications", "people", "bad", "bad rate", "from", "to"]
    return Printed("rows of each part", columns, rows)


def _counted(findings: Findings, positions: npt.NDArray[np.int64]) -> list[str]:
    y, as_of = findings.data.y.iloc[positions], findings.data.as_of.iloc[positions]
    return [
        f"{len(positions):,}",
        f"{findings.data.person.iloc[positions].nunique():,}",
        f"{int(y.sum()):,}",
        percent(float(y.mean()), 2),
        day(as_of.min()),
        day(as_of.max()),
    ]


def _models(findings: Findings) -> Printed:
    rows = [
        [
            fitted.label + (" (champion)" if fitted is findings.champion else ""),
            type(fitted.model).__name__,
            _options(fitted, findings),
            f"slope {fitted.calibration.slope:.3f}, intercept {fitted.calibration.intercept:+.3f}",
        ]
        for fitted in findings.fitted
    ]
    return Printed("models", ["model", "kind", "options", "calibration of the log-odds"], rows)


def _options(fitted: Fitted, findings: Findings) -> str:
    model, section = fitted.model, findings.config.models.scorecard
    if isinstance(model, Scorecard):
        used = len(model.table_["feature"].unique()) - 1
        said = f"{used} features with points, by {model.method_}"
        if section is None:
            return said
        return f"{said}, at most {section.max_bins} bins of {percent(section.min_share, 0)} or more"
    if isinstance(model, BoostedModel):
        options = asdict(model.options or BoostOptions()) | {"rounds": model.rounds_}
        return ", ".join(f"{name} {_short(options[name])}" for name in _SHOWN)
    return f"{len(findings.shared.policy_weights)} weights of the policy {findings.config.policy}"


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return "/".join(_short(one) for one in value)
    return "by the rows" if value is None else str(value)


def _figures(findings: Findings) -> Printed:
    champion = findings.champion
    own = findings.assessment.metrics.query("model == @champion.name")
    rows = [
        [_METRICS[row.metric][0], interval(row.value, row.low, row.high, _METRICS[row.metric][1])]
        for row in records(own)
        if row.metric in _METRICS
    ]
    title = f"the {champion.label} out of sample, {len(findings.assessment.rows):,} applications"
    return Printed(title, ["figure", "value [95 %]"], rows)


def limits(findings: Findings) -> Section:
    """Return what limits the answers of this run."""
    return Section(
        title="Limitations",
        text=(
            "Found in this run where a fact of it limits what may be concluded; last, those the "
            "pipeline file states."
        ),
        notes=limitations(findings),
    )
