"""Sections about the policy: what its weights cost."""

from __future__ import annotations

import pandas as pd

from credit import plot
from credit.pipeline.findings import Findings
from credit.pipeline.pages.page import Picture, Section
from credit.pipeline.words import Printed, human, number, percent, records

NOTHING = 1e-3
"""A difference of AUC below this is called next to nothing."""

READINGS = {"variance": "shares of the variance", "range": "shares of the range of its points"}


def price(findings: Findings, prices: dict[str, pd.DataFrame]) -> Section | None:
    """Return what it costs to hold each learnt model to the policy's weights."""
    if not prices:
        return None
    labels = {fitted.name: fitted.label for fitted in findings.fitted}
    curves = pd.concat(prices.values())
    return Section(
        title="The price of the policy's weights",
        text=" ".join(
            [
                _READING,
                *(_sentence(table, labels) for table in prices.values()),
                *_unfunded(findings, next(iter(prices.values()))),
            ]
        ),
        pictures=[
            Picture(
                figure=plot.price_of_policy(curves),
                says="AUC on the way from the learnt weights to the policy's, on "
                f"{int(curves['rows'].max()):,} applications the models have not seen.",
            )
        ],
        tables=[_printed(labels[_of(table, "model")], table) for table in prices.values()],
    )


_READING = (
    "A weight is read in two ways. As a share of the variance: each dimension's part of the "
    "score is scaled until it moves the scores of these applicants by its weight, and the result "
    "is calibrated once. As a share of the range, which is what weight means in a table of points: "
    "a scorecard's terms are fitted again so that the most points a dimension can give or take "
    "are its weight. A range can hide in bins that few applicants are in, so the share of the "
    "variance stands beside it."
)


def _of(table: pd.DataFrame, column: str) -> str:
    return str(table[column].iloc[0])


def _sentence(table: pd.DataFrame, labels: dict[str, str]) -> str:
    """Say what one curve costs, and what was done to the model before any weight."""
    name, shares = _of(table, "model"), _of(table, "shares")
    label, free = labels[name], float(table["free_auc"].iloc[0])
    start, full = float(table["auc"].iloc[0]), float(table["auc"].iloc[-1])
    if abs(start - full) < NOTHING:
        cost = "cost next to nothing, for the data agree with the policy"
    else:
        cost = f"{'cost' if full < start else 'gain'} {number(abs(start - full))} of AUC"
    said = (
        f"Held to the policy's weights in full as {READINGS[shares]}, the {label} goes from "
        f"{number(start)} to {number(full)} ({full - start:+.4f}): the weights {cost}."
    )
    before = {
        ("scorecard", "range"): "Fitting its terms again under the learnt shares",
        ("xgboost", "variance"): "Growing trees that do not mix dimensions, so that the parts are "
        "exact and the weighted booster is a booster,",
    }.get((name, shares))
    if before is None:
        return said
    return f"{said} {before} took it from {number(free)} to {number(start)} ({start - free:+.4f})."


def _unfunded(findings: Findings, table: pd.DataFrame) -> list[str]:
    """Say which weight no dimension here can carry."""
    weights = findings.shared.stated_weights
    empty = [name for name in weights if table[f"share_{name}"].iloc[-1] == 0]
    if not empty:
        return []
    return [
        f"{percent(float(table['unfunded'].iloc[-1]), 0)} of the policy's weight is unfunded, for "
        f"nothing in {', '.join(empty)} moves the score; the other weights are scaled up."
    ]


def _printed(label: str, table: pd.DataFrame) -> Printed:
    shares = [name for name in table.columns if name.startswith("share_")]
    ranged = _of(table, "shares") == "range"
    rows = [
        [
            percent(row.alpha, 0),
            number(row.auc),
            number(row.log_loss),
            number(row.ks),
            *(
                percent(getattr(row, name))
                + (f" ({percent(getattr(row, f'variance_{name}'))})" if ranged else "")
                for name in shares
            ),
        ]
        for row in records(table)
    ]
    names = [human(name.removeprefix("share_")) for name in shares]
    reading = "share of the range (of the variance)" if ranged else "share of the variance"
    return Printed(
        f"{label}: {reading} by dimension, from learnt (0 %) to policy (100 %)",
        ["policy", "AUC", "log-loss", "KS", *names],
        rows,
    )
