"""Sections read off the loan book: how loans age, and what groups pay at equal risk."""

from __future__ import annotations

import pandas as pd

from credit import plot
from credit.evaluate import price_gap, roll_rates, vintage_table
from credit.pipeline.findings import Findings
from credit.pipeline.pages.page import Picture, Section
from credit.pipeline.words import Printed, interval, percent, records

BUCKETS = (1, 30, 60, 90)
"""Lower ends of the late buckets, days past due."""

MOST_COHORTS = 16
"""Cohorts drawn and listed; with more, quarters take the place of months, then years."""

MARKS = (3, 6, 9, 12, 18, 24)
"""Months on book that the table shows."""


def ageing(findings: Findings) -> Section | None:
    """Return vintages and roll rates; None where the tables hold no loans of applications."""
    book = findings.book
    if book is None:
        return None
    outcome = findings.config.outcome
    days = outcome.days if outcome.kind == "days_past_due" else BUCKETS[-1]
    panel = _coarse(book.panel)
    curves = vintage_table(panel, days=days)
    moves = roll_rates(book.panel, buckets=BUCKETS)
    text = (
        f"{len(book.loans):,} loans, month by month on book. A loan counts as bad from the month "
        f"in which an instalment was first {days} days past due; a cohort's curve ends where its "
        "youngest loan was last observed. The moves take every loan and month once; their "
        "intervals would be too narrow, for the months of one loan hang together."
    )
    if book.left_out:
        text += f" {book.left_out:,} loans drawn earlier are left out."
    pictures, tables = [], []
    if len(curves):
        pictures.append(
            Picture(
                figure=plot.vintages(curves),
                says="Share of each cohort that has gone bad so far, by months on book.",
            )
        )
        tables.append(_curves(curves, days))
    pictures.append(
        Picture(
            figure=plot.roll_rates(moves),
            says="Of the loans in a row's state, the share in each state a month later.",
        )
    )
    return Section(
        title="How loans age", text=text, pictures=pictures, tables=[*tables, _moves(moves)]
    )


def _coarse(panel: pd.DataFrame) -> pd.DataFrame:
    """Return the panel with cohorts coarse enough to be told apart: months, quarters or years."""
    months = pd.PeriodIndex(panel["cohort"].unique(), freq="M")
    for frequency in ("M", "Q", "Y"):
        names = months.asfreq(frequency).astype(str)
        if len(set(names)) <= MOST_COHORTS:
            break
    coarser = dict(zip(months.astype(str), names, strict=True))
    return panel.assign(cohort=panel["cohort"].map(coarser))


def _curves(curves: pd.DataFrame, days: int) -> Printed:
    marks = [mark for mark in MARKS if mark <= curves["month_on_book"].max()]
    lines = []
    for cohort, part in curves.groupby("cohort", sort=True):
        by_month = part.set_index("month_on_book")
        rates = {name: by_month[name].to_dict() for name in ("rate", "rate_low", "rate_high")}
        cells = [
            _percentages(*(rates[column][mark] for column in rates))
            if mark in by_month.index
            else "-"
            for mark in marks
        ]
        lines.append([str(cohort), f"{part['loans'].max():,}", *cells])
    columns = ["drawn in", "loans", *(f"month {mark}" for mark in marks)]
    return Printed(f"{days} or more days past due so far, % [95 %]", columns, lines)


def _percentages(value: float, low: float, high: float) -> str:
    return interval(100 * value, 100 * low, 100 * high, 1)


def _moves(moves: pd.DataFrame) -> Printed:
    lines = [
        [str(origin), f"{part['loans'].sum():,}", *(percent(share) for share in part["share"])]
        for origin, part in moves.groupby("origin", sort=False)
    ]
    columns = ["days past due", "loan-months", *dict.fromkeys(moves["target"])]
    return Printed("a month later", columns, lines)


def price_gaps(findings: Findings, group: pd.Series) -> list[Printed]:
    """Return what each group pays more than the reference at equal probability of bad.

    ``group`` is that of the rows that were scored out of sample. Nothing where the tables hold no
    loans or no schedule that a rate can be read off.
    """
    book, asked = findings.book, findings.config.fairness
    if book is None or asked is None:
        return []
    rate = book.loans.groupby("application_id")["yearly_rate"].max()
    mine = findings.data.application_id.iloc[findings.assessment.rows].map(rate).to_numpy()
    known = ~pd.isna(mine)
    priced = group[known]
    if not known.any() or priced.nunique() < 2 or asked.reference not in set(priced):
        return []
    champion = findings.champion
    table = price_gap(
        mine[known],
        findings.assessment.probability[champion.name][known],
        priced,
        reference=asked.reference,
    )
    lines = [
        [
            row.group,
            f"{row.compared:,} of {row.rows:,}",
            interval(100 * row.gap, 100 * row.low, 100 * row.high, 3),
        ]
        for row in records(table)
    ]
    title = (
        f"what a group pays more than {asked.reference} at equal probability of bad by the "
        f"{champion.label}: points of the yearly rate read off each loan's schedule, "
        f"{percent(float(mine[known].mean()), 2)} on average"
    )
    return [Printed(title, ["group", "people compared", "points a year [95 %]"], lines)]
