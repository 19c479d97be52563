"""Sections about the policy: what its weights cost."""

from __future__ import annotations

import pandas as pd

from credit import plot
from credit.pipeline.findings import Findings
from credit.pipeline.pages.page import Picture, Section
from credit.pipeline.words import Printed, human, number, percent, records


def price(findings: Findings, prices: dict[str, pd.DataFrame]) -> Section | None:
    """Return what it costs to hold each learnt model to the policy's weights."""
    if not prices:
        return None
    labels = {fitted.name: fitted.label for fitted in findings.fitted}
    curves = pd.concat([table.assign(model=name) for name, table in prices.items()])
    return Section(
        title="The price of the policy's weights",
        text=(
            "Each dimension's part of the score is scaled until its share of the variance of "
            "their sum is the one aimed at, and the result is calibrated once. "
            f"{_sentence(prices, labels)}{_unfunded(findings, next(iter(prices.values())))}"
        ),
        pictures=[
            Picture(
                figure=plot.price_of_policy(curves),
                says="AUC on the way from the learnt weights to the policy's, on "
                f"{int(curves['rows'].max()):,} applications the models have not seen.",
            )
        ],
        tables=[_printed(labels[name], table) for name, table in prices.items()],
    )


def _sentence(prices: dict[str, pd.DataFrame], labels: dict[str, str]) -> str:
    parts = []
    for name, table in prices.items():
        free, full = table["auc"].iloc[0], table["auc"].iloc[-1]
        parts.append(
            f"of the {labels[name]} from {number(free)} to {number(full)} ({full - free:+.4f})"
        )
    return f"With the policy's weights in full the AUC goes, {' and '.join(parts)}."


def _unfunded(findings: Findings, table: pd.DataFrame) -> str:
    """Say which weight no dimension here can carry."""
    weights = findings.shared.stated_weights
    empty = [name for name in weights if table[f"share_{name}"].iloc[-1] == 0]
    if not empty:
        return ""
    return (
        f" {percent(float(table['unfunded'].iloc[-1]), 0)} of the policy's weight is unfunded, for "
        f"nothing in {', '.join(empty)} moves the score; the other weights are scaled up."
    )


def _printed(label: str, table: pd.DataFrame) -> Printed:
    shares = [name for name in table.columns if name.startswith("share_")]
    rows = [
        [
            percent(row.alpha, 0),
            number(row.auc),
            number(row.log_loss),
            number(row.ks),
            *[percent(getattr(row, name)) for name in shares],
        ]
        for row in records(table)
    ]
    names = [human(name.removeprefix("share_")) for name in shares]
    return Printed(
        f"{label}: share of the variance by dimension, from learnt (0 %) to policy (100 %)",
        ["policy", "AUC", "log-loss", "KS", *names],
        rows,
    )
