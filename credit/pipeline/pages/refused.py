"""The section about refused applicants: what an inference says, and how wrong it may be."""

from __future__ import annotations

import pandas as pd

from credit import plot
from credit.pipeline.findings import Findings
from credit.pipeline.pages.page import Picture, Section
from credit.pipeline.refused import METHODS, Refused
from credit.pipeline.words import Printed, interval, number, percent, records

UNDRAWN = "self-learning"
"""Its error is many times that of the others, which it would press together."""


def refused(findings: Findings) -> Section | None:
    """Return reject inference as the pipeline asks for it; None where it does not."""
    found = findings.refused
    if found is None:
        return None
    tables = [*_compared(found), *_against_truth(found), *_measured(found)]
    pictures = []
    if found.measured is not None:
        drawn = found.measured[found.measured["method"] != UNDRAWN]
        pictures.append(
            Picture(
                figure=plot.reject_error(drawn),
                says="Inferred less true bad rate of the refused, by how much of what no column "
                f"holds the underwriter sees. Off the picture: {UNDRAWN}, in the table.",
            )
        )
    return Section(title="Refused applicants", text=_text(found), pictures=pictures, tables=tables)


def _text(found: Refused) -> str:
    if found.compared is None:
        text = (
            "Every application of this generated population is granted, so there is nobody to "
            f"infer an outcome for and {found.method} was not fitted. On data with refusals, bring "
            "a table of decisions, or name under [reject] refused the column of the applications "
            "that holds 1 for them. A generated population has both with [source] lender = true."
        )
    else:
        text = (
            f"{found.rows:,} applicants were refused while the models learnt, by {found.source}. "
            "A logistic regression on the champion's contributions is fitted on the accepted "
            f"alone{_again(found)}. The ranking is measured on accepted applicants, for "
            "nobody knows what the refused would have done: no figure of the first table says "
            "which is right. The champion is not changed by it."
        )
    return text + _undecided(found) + _granted(found) + _truth(found)


def _again(found: Refused) -> str:
    return "" if found.method == "none" else f", and again with {found.method}"


def _undecided(found: Refused) -> str:
    if not found.undecided:
        return ""
    return (
        f" {found.undecided:,} applications have no decision, or wait for one: they are not among "
        "the refused."
    )


def _granted(found: Refused) -> str:
    """Return what is known of those who would have been refused and were granted all the same."""
    count, bads = found.granted
    if not count:
        return " The decisions name nobody approved by chance." if found.by_chance else ""
    rate = f"{bads:,} bad, {_rate(*found.granted_rate)} %"
    if not found.by_chance:
        return (
            f" {count:,} applicants marked as refused have an outcome all the same: {rate}. That "
            "rate rests on no assumption if they were granted at random."
        )
    return (
        f" {count:,} applicants were approved by chance though refused by the score, and have an "
        f"outcome: {rate}. That rate rests on no assumption. It is that of the {found.alike:,} "
        "refused on the same grounds, whom the table shows apart; of those refused on others it "
        "says nothing. They are not among the accepted here."
    )


def _truth(found: Refused) -> str:
    if found.measured is not None:
        return (
            " Here the truth is known, so underwriters of three kinds decide on this population "
            "and every method's error is measured: it is the price of the assumption, not of "
            "chance alone."
        )
    if found.known is not None:
        return (
            " Here the truth is known, of the refused too, so every method is held to it: what it "
            "says of the refused, and how it ranks everybody who applied while the test lasted, "
            "against what a lender sees on those it accepted."
        )
    return ""


def _rate(value: float, low: float, high: float, digits: int = 1) -> str:
    return interval(100 * value, 100 * low, 100 * high, digits)


def _compared(found: Refused) -> list[Printed]:
    if found.compared is None:
        return []
    rows = [
        [
            row.model, percent(row.refused_rate, 2), percent(row.alike_rate, 2),
            percent(row.door_rate, 2), number(row.auc),
            interval(row.auc_by_chance, row.auc_by_chance_low, row.auc_by_chance_high),
        ]
        for row in records(found.compared)
    ]  # fmt: skip
    columns = ["fitted on", "P(bad) of the refused", "of those like the granted",
               "of everybody at the door", "AUC, accepted held out",
               "approved by chance, held out [95 %]"]  # fmt: skip
    return [Printed("with and without the inference", columns, rows)]


def _against_truth(found: Refused) -> list[Printed]:
    if found.known is None:
        return []
    rows = [
        [
            row.model, percent(row.true_rate, 2), number(100 * row.bias, 2),
            percent(row.alike_true_rate, 2), number(100 * row.alike_bias, 2), number(row.auc),
            number(row.auc_accepted), number(row.ks), number(row.ks_accepted),
        ]
        for row in records(found.known)
    ]  # fmt: skip
    columns = ["fitted on", "refused bad, truly", "inferred less true, points",
               "like the granted, truly", "their inferred less true, points", "AUC of everybody",
               "AUC of the accepted", "KS of everybody", "KS of the accepted"]  # fmt: skip
    return [Printed("held to the truth", columns, rows)]


def _measured(found: Refused) -> list[Printed]:
    if found.measured is None:
        return []
    rows = [
        [
            row.method + (" (asked for)" if row.method == found.method else ""),
            row.underwriter,
            percent(row.true_rate),
            _rate(row.bias, row.bias_low, row.bias_high),
            "-" if pd.isna(row.door_bias) else _rate(row.door_bias, row.door_bias_low,
                                                     row.door_bias_high),
            interval(row.auc_gain, row.auc_gain_low, row.auc_gain_high),
        ]
        for row in records(found.measured.sort_values("method", key=_order, kind="stable"))
    ]  # fmt: skip
    columns = ["method", "underwriter", "refused bad, truly", "inferred less true, points [95 %]",
               "of everybody, points [95 %]", "AUC gained [95 %]"]  # fmt: skip
    draws = int(found.measured["draws"].max())
    return [Printed(f"measured error, {draws} draws", columns, rows)]


def _order(methods: pd.Series) -> pd.Series:
    """Return the place of each method; rows of random approvals come last."""
    names = list(METHODS)
    return methods.map(lambda name: names.index(name) if name in names else len(names))
