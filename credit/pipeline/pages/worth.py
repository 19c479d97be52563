"""Sections about sources of data: what each is worth, what it decides, what is left without it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from credit import plot
from credit.evaluate import named
from credit.pipeline.findings import Findings
from credit.pipeline.pages.page import Picture, Section
from credit.pipeline.words import Printed, human, interval, number, percent, records
from credit.pipeline.worth import Weighed, Worth

ALL, NONE = "everything", "nothing but the application"


def sections(findings: Findings, weighed: Weighed) -> list[Section]:
    """Return the sections that have an answer."""
    found = [] if weighed.worth is None else [_sources(weighed.worth), _consent(weighed.worth)]
    if len(weighed.influences):
        found.insert(1, _influences(findings, weighed.influences))
    return found


def _sources(worth: Worth) -> Section:
    of_auc = worth.shapley[worth.shapley["metric"] == "auc"]
    added = worth.without.query("refitted and metric == 'auc'")[["source", "difference"]]
    drawn = of_auc.merge(added.rename(columns={"difference": "added"}), on="source")
    return Section(
        title="What each source is worth",
        text=_sources_text(worth, of_auc),
        pictures=[
            Picture(
                figure=plot.source_worth(drawn),
                says=f"{worth.label}: fair share of each source in the AUC, and what is lost when "
                "it alone is not there.",
            )
        ],
        tables=[
            _table("fair share (Shapley value) of each source", _shares(worth)),
            _table("all sources less all but this one [95 %]", _losses(worth)),
            _table("decisions that differ without it", _decisions(worth)),
        ],
    )


def _shares(worth: Worth) -> list[dict[str, str]]:
    """Return a row a source: its Shapley value of every metric, beside the exact one."""
    cells = {(row["source"], row["metric"]): row for row in worth.shapley.to_dict("records")}
    rows = []
    for source in worth.consent.sources:
        auc = cells[source, "auc"]
        row = {"source": human(source), "AUC [95 %]": _cell(auc)}
        if np.isfinite(auc["exact"]):
            row |= {"exact": number(auc["exact"]), "errors off": f"{auc['distance']:+.1f}"}
        row["KS [95 %]"] = _cell(cells[source, "ks"], digits=3)
        if (source, "profit") in cells:
            row["profit % [95 %]"] = _cell(cells[source, "profit"], times=100, digits=2)
        rows.append(row)
    return rows


def _losses(worth: Worth) -> list[dict[str, str]]:
    """Return a row a source: what is lost without it."""
    cells = {
        (row["source"], row["metric"], row["refitted"]): row
        for row in worth.without.to_dict("records")
    }
    rows = []
    for source in worth.consent.sources:
        row = {
            "source": human(source),
            "AUC, weighed anew": _cell(cells[source, "auc", True], name="difference", digits=3),
            "AUC, same card": _cell(cells[source, "auc", False], name="difference", digits=3),
            "KS": _cell(cells[source, "ks", True], name="difference", digits=3),
        }
        if (source, "profit", True) in cells:
            lost = cells[source, "profit", True]
            row["profit %"] = _cell(lost, name="difference", times=100, digits=2)
        rows.append(row)
    return rows


def _decisions(worth: Worth) -> list[dict[str, str]]:
    """Return the decisions, among all, that each source changes."""
    return [
        {
            "source": human(row.source),
            "decision": row.decision,
            "changed % [95 %]": interval(100 * row.share, 100 * row.low, 100 * row.high, 1),
            "better without it": f"{row.harmed:,}",
            "worse without it": f"{row.helped:,}",
        }
        for row in records(worth.decisions)
    ]


def _sources_text(worth: Worth, of_auc: pd.DataFrame) -> str:
    auc = worth.subsets.sort_values("count", kind="stable")["auc"]
    text = (
        "A source is what a person may keep to themselves: a dimension of features. Facts of the "
        f"application are always known. For each of the {len(auc)} subsets of the sources the "
        f"{worth.label}'s parts are weighed anew on the rows it learnt from; the terms within a "
        "part stay. A source's fair share is what it adds on average over all orders in which the "
        f"sources may arrive: the shares sum to {number(auc.iloc[-1] - auc.iloc[0])}, the AUC of "
        f"everything ({number(auc.iloc[-1])}) less that of the application alone "
        f"({number(auc.iloc[0])}). Where it alone is missing less is lost, for others say some of "
        "the same. "
        f"Intervals come from drawing people again among {worth.rows:,} applications, "
        f"{worth.bads:,} of them bad, with the card taken as given."
    )
    if of_auc["exact"].notna().any():
        far = of_auc.iloc[int(of_auc["distance"].abs().argmax())]
        text += (
            " In this population the best AUC of every subset is known, and so are the exact "
            f"shares: the farthest from its own is {far['source']}, by {abs(far['distance']):.1f} "
            "standard errors."
        )
    return text


def _influences(findings: Findings, table: pd.DataFrame) -> Section:
    rows = [
        {
            "group": row.group if row.strength == 1 else f"{row.group}, {percent(row.strength, 0)}",
            "decision": row.decision,
            "of": {"all": "all decisions", "touched": "those about the touched"}[row.unit]
            + (" (declared)" if row.declared else ""),
            "decisions": f"{row.rows:,}",
            "changed % [95 %]": interval(100 * row.share, 100 * row.low, 100 * row.high, 1),
            "did harm": f"{row.harmed:,}",
            "did good": f"{row.helped:,}",
        }
        for row in records(table)
    ]
    return Section(
        title="What groups of features decide",
        text=(
            f"Each group is made to say nothing, and the {findings.champion.label} scores again: "
            "a decision that differs was the group's. Touched are the people whose features that "
            "changes. A share of all decisions and one of those about the touched differ widely, "
            "so the pipeline file declares which is meant. To switch a group off, exclude its "
            "features."
        ),
        tables=[_table("decisions that a group changes", rows)],
    )


def _consent(worth: Worth) -> Section:
    guard = worth.consent.guard
    text = (
        "Who authorises some sources only is scored by these: the weights of their parts are found "
        "anew, and a line of its own calibrates each subset. A source that is not authorised is "
        "not looked at; that is not the same as a source in which nothing happened, which has "
        "points of its own. "
    )
    if guard is None:
        text += (
            "There is no guard: a source with bad news is worth hiding. Give [consent] a tolerance."
        )
    else:
        text += (
            "A scorer cannot tell whether what is hidden is bad, so everybody who hides the same "
            "pays the same penalty: the least by which hiding gains those about whom the hidden "
            f"sources hold bad news at most {guard.tolerance:g} points on average, from whatever "
            "they authorised before. Single people may gain more; who hides for reasons of their "
            "own pays for the others."
        )
    return Section(
        title="Partial consent",
        text=text,
        pictures=[
            Picture(
                figure=plot.consent_cost(worth.subsets),
                says="AUC of every subset of the sources; the best and the worst of each size are "
                "named by their initials.",
            )
        ],
        tables=[
            _table("what is left, by what is authorised", _costs(worth)),
            *_hiding(worth),
        ],
    )


def _costs(worth: Worth) -> list[dict[str, str]]:
    """Return a row a subset of the sources, everything first; penalties in points."""
    guard, every = worth.consent.guard, named(worth.consent.sources)
    return [
        {
            "authorised": _given(row["sources"], every),
            "AUC": number(row["auc"]),
            "KS": number(row["ks"], 3),
            "log-loss": number(row["log_loss"]),
            "ECE": number(row["ece"]),
        }
        | ({"profit %": number(100 * row["profit"], 2)} if "profit" in row else {})
        | (
            {
                "penalty": number(row["penalty_points"], 1),
                "ECE with it": number(row["guarded_ece"]),
            }
            if guard
            else {}
        )
        for row in worth.subsets.to_dict("records")[::-1]
    ]


def _hiding(worth: Worth) -> list[Printed]:
    """Return what hiding each source, and all of them, gains: without the guard and with it."""
    every, tables = named(worth.consent.sources), []
    for guard, rows in worth.hiding.groupby("guard"):
        found = {row.hidden: row for row in records(rows)}
        printed = [
            {
                "hidden": ALL if hidden == every else human(hidden),
                "with bad news": percent(found[hidden].share),
                "they gain": number(found[hidden].gain, 1),
                "the most one gains": number(found[hidden].most, 1),
                "everybody gains": number(found[hidden].honest, 1),
            }
            for hidden in [*worth.consent.sources, every]
        ]
        how = "with the guard" if guard else "without a guard"
        tables.append(_table(f"points that hiding gains who authorised everything, {how}", printed))
    return tables


def _given(sources: str, every: str) -> str:
    if sources == every:
        return ALL
    return human(sources.replace("+", ", ")) if sources else NONE


def _cell(row: Any, *, name: str = "value", times: float = 1, digits: int = 4) -> str:
    return interval(times * row[name], times * row["low"], times * row["high"], digits)


def _table(title: str, rows: list[dict[str, str]]) -> Printed:
    return Printed(title, list(rows[0]), [list(row.values()) for row in rows])
