"""The page of a federated run: what each party gains, what it costs, and what leaves a party."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from credit import plot
from credit.federated.record import FederatedResult, Interval, PartyRow, Quality
from credit.pipeline.pages.page import Page, Picture, Section, write_page
from credit.pipeline.words import Printed, interval, number, percent

POINTS = 100
"""An AUC of .75 is 75 points."""

WAYS = {"alone": "alone", "federated": "together", "central": "in one place"}
"""How a model was trained, in words."""


def federated_page(found: FederatedResult) -> Page:
    """Return the page of a federated run."""
    models = list(dict.fromkeys(row.model for row in found.rows))
    first = models[0] if models else ""
    rows = sum(row.train_rows for row in found.of_model(first))
    facts = [("parties", f"{len(found.parties)}, divided by {found.divided_by}")]
    facts.append(("rows learnt from", f"{rows:,}"))
    facts += [
        (f"cost of {plot.model_label(model)}", f"{cost.ratio:.2f} times that of one place")
        for model, cost in found.costs.items()
    ]
    sections = [_gains(model, found.of_model(model)) for model in models]
    sections += [_contributions(found), _costs(found), _leaving(found), _unprotected(found)]
    return Page(
        title="Training across lenders",
        subtitle=f"{found.name}, {found.started}",
        facts=facts,
        sections=[one for one in sections if one.tables or one.notes],
    )


def write_federated(path: Path, found: FederatedResult) -> None:
    """Write the page of a federated run."""
    write_page(path, federated_page(found))


def qualities(rows: Sequence[PartyRow]) -> pd.DataFrame:
    """Return what `credit.plot.federated` draws: a row a party, way of training and metric."""
    return pd.DataFrame(
        [
            {
                "party": row.party,
                "rows": row.train_rows,
                "way": way,
                "metric": metric,
                "value": figure.value,
                "low": figure.low,
                "high": figure.high,
            }
            for row in rows
            for way, metric, figure in _measured(row)
        ]
    )


def _measured(row: PartyRow) -> Iterator[tuple[str, str, Interval]]:
    for way, quality in _ways(row):
        yield way, "auc", quality.auc
        yield way, "ks", quality.ks
    if row.gain is not None:
        yield "gain", "auc", row.gain


def _ways(row: PartyRow) -> Iterator[tuple[str, Quality]]:
    if row.alone is not None:
        yield "alone", row.alone
    yield "federated", row.federated
    yield "central", row.central


def _gains(model: str, rows: Sequence[PartyRow]) -> Section:
    label = plot.model_label(model)
    return Section(
        title=f"{label}: alone, together, in one place",
        text=_says(rows),
        pictures=[
            Picture(
                figure=plot.federated(qualities(rows), model=label),
                says="Each party's held-out rows scored by three models: trained on its own rows "
                "alone, by all parties together, and on all rows in one place. Lines are 95 % "
                "intervals. The figure is the AUC together less that alone, in points of 100, bold "
                "where its own interval, on the same rows, is above 0.",
            )
        ],
        tables=[_figures(rows), _differences(rows), _sizes(rows)],
    )


def _says(rows: Sequence[PartyRow]) -> str:
    """Return the answer in two sentences: who gains most, and how far from one place."""
    told = []
    gaining = [(row.gain, row) for row in rows if row.gain is not None]
    if gaining:
        gain, most = max(gaining, key=lambda pair: pair[0].value)
        told.append(
            f"{most.party} gains most from training together: {_points(gain)} points of AUC over "
            f"its own model, on {most.test_rows:,} held-out rows of which {most.test_bads:,} are "
            f"bad{'' if gain.low > 0 else ', which chance may give'}."
        )
    none = [row.party for row in rows if row.alone is None]
    if none:
        told.append(f"No model alone, for want of rows of one class: {', '.join(none)}.")
    far = max(rows, key=lambda row: abs(row.short.value))
    told.append(
        "On no party's rows does the model differ from one trained on all rows in one place by "
        f"more than {abs(far.short.value) * POINTS:.3f} points ({far.party})."
    )
    prints = {row.model_sha256 for row in rows}
    told.append(
        f"All parties hold the same model, {prints.pop()[:12]}."
        if len(prints) == 1
        else f"The parties hold {len(prints)} different models: something is wrong."
    )
    return " ".join(told)


def _figures(rows: Sequence[PartyRow]) -> Printed:
    return Printed(
        "AUC and KS on each party's held-out rows [95 %]",
        ["party", "trained", "AUC [95 %]", "KS [95 %]"],
        [
            [row.party, WAYS[way], _interval(quality.auc), _interval(quality.ks)]
            for row in rows
            for way, quality in _ways(row)
        ],
    )


def _differences(rows: Sequence[PartyRow]) -> Printed:
    return Printed(
        "points of AUC, on the same rows [95 %]",
        ["party", "together less alone", "together less one place"],
        [
            [row.party, "-" if row.gain is None else _points(row.gain), _points(row.short, 3)]
            for row in rows
        ],
    )


def _sizes(rows: Sequence[PartyRow]) -> Printed:
    return Printed(
        "rows, and CPU seconds of each party",
        ["party", "learns from", "bad", "measured on", "bad", "CPU alone", "CPU together"],
        [
            [
                row.party,
                f"{row.train_rows:,}",
                f"{row.train_bads:,}",
                f"{row.test_rows:,}",
                f"{row.test_bads:,}",
                number(row.alone_seconds, 1),
                number(row.federated_seconds, 1),
            ]
            for row in rows
        ],
    )


def _contributions(found: FederatedResult) -> Section:
    total = sum(found.contributions.values())
    rows = {row.party: row.train_rows for row in found.rows}
    learnt = sum(rows.values())
    return Section(
        title="What each party contributes",
        text=(
            "A classic card was fitted by every coalition of the parties and measured on the "
            "held-out rows of all. A party's contribution is what it adds on average over all "
            "orders in which the parties may join (its Shapley value); together they are the AUC "
            f"of all less the .5 of no model: {number(total)}."
        ),
        tables=[
            Printed(
                "contribution of each party to the AUC",
                ["party", "AUC", "share", "share of the rows"],
                [
                    [name, number(value), percent(value / total), percent(rows[name] / learnt)]
                    for name, value in found.contributions.items()
                ],
            )
        ]
        if found.contributions
        else [],
    )


def _costs(found: FederatedResult) -> Section:
    return Section(
        title="What it costs",
        text=(
            "CPU seconds of all parties and of the process that adds up, beside those of one "
            "process with all rows. Waiting for the network is no CPU and is not in it."
        ),
        tables=[
            Printed(
                "CPU seconds",
                ["model", "in one place", "together", "ratio"],
                [
                    [
                        plot.model_label(model),
                        number(cost.central, 1),
                        number(cost.federated, 1),
                        number(cost.ratio, 2),
                    ]
                    for model, cost in found.costs.items()
                ],
            )
        ]
        if found.costs
        else [],
    )


def _leaving(found: FederatedResult) -> Section:
    rows = [[one.what, one.when, one.seen_by] for one in found.leaving]
    return Section(
        title="What leaves a party",
        text="Rows do not. Everything else travels over TLS with a certificate at both ends.",
        tables=[Printed("what leaves, and who sees it", ["what", "when", "who sees it"], rows)]
        if rows
        else [],
    )


def _unprotected(found: FederatedResult) -> Section:
    return Section(title="What the protocol does not protect", notes=list(found.unprotected))


def _interval(one: Interval) -> str:
    return interval(one.value, one.low, one.high)


def _points(one: Interval, digits: int = 1) -> str:
    return (
        f"{one.value * POINTS:+.{digits}f} "
        f"[{one.low * POINTS:+.{digits}f}, {one.high * POINTS:+.{digits}f}]"
    )
