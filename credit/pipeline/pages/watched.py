"""The page of a monitoring history: the alarms of the last period first, then every period."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from credit import plot
from credit.monitor import impact_ratios
from credit.pipeline.history import Entry
from credit.pipeline.pages.page import Page, Picture, Section
from credit.pipeline.watch_words import MOST, chance, moved, printed
from credit.pipeline.words import Printed, interval, number, percent

SHOWN_FEATURES = 15
"""Features in the picture: those that ever moved furthest."""


def history_page(entries: Sequence[Entry]) -> Page:
    """Return the page of the results that count, in the order of time."""
    last = entries[-1]
    alarmed = [entry["period"] for entry in entries if entry["alarm"]]
    sections = [_last(last), _score(entries), _flow(entries), _groups(entries), _outcomes(entries)]
    return Page(
        title="Monitoring",
        subtitle=(
            f"{last['artifact']['kind']}, manifest {last['artifact']['sha256'][:12]}, "
            f"{entries[0]['period']} to {last['period']}"
        ),
        facts=[
            ("last period", f"{last['period']}: {len(last['alerts'])} alarm(s)"),
            ("applications in it", f"{last['rows']:,}"),
            ("periods watched", f"{len(entries)}"),
            ("periods with an alarm", f"{len(alarmed)}"),
        ],
        sections=[*(one for one in sections if one is not None), _periods(entries), _rule(last)],
    )


def _last(entry: Entry) -> Section:
    rows = [[alert["says"], alert["action"]] for alert in entry["alerts"]]
    tables = [Printed("", ["alarm", "what to do first"], rows)] if rows else []
    return Section(
        title=f"Alarms of {entry['period']}",
        text="" if rows else "None: whatever moved is within chance, or too small to matter.",
        tables=[*tables, printed(entry)],
        notes=[f"Not compared: {note}" for note in entry["not_compared"]],
    )


def _score(entries: Sequence[Entry]) -> Section:
    points = checks_of(entries, "score", "points")
    features = checks_of(entries, "features")
    most = features.groupby("name")["now"].max().sort_values(ascending=False, kind="stable")
    kept = list(most.index[:SHOWN_FEATURES])
    cells = features[features["name"].isin(kept)].rename(columns={"name": "feature", "now": "psi"})
    order = {name: place for place, name in enumerate(kept)}
    cells = cells.sort_values("feature", key=lambda names: names.map(order), kind="stable")
    return Section(
        title="Score and features",
        text="Every period against the rows that the model learnt from, in the same bins.",
        pictures=[
            Picture(
                figure=plot.drift_by_period(
                    points.rename(columns={"now": "psi"}), least=float(points["least"].iloc[-1])
                ),
                says="Stability index of the points. An alarm is beyond chance and above the line.",
            ),
            Picture(
                figure=plot.features_by_period(cells),
                says="Stability index of the features that moved furthest; alarms are marked.",
            ),
        ],
    )


def _flow(entries: Sequence[Entry]) -> Section:
    volume = checks_of(entries, "volume")
    alarmed = set(zip(*(volume.loc[volume["alarm"], name] for name in ("period", "name")),
                      strict=True))  # fmt: skip
    table = pd.DataFrame(
        {
            "period": [entry["period"] for entry in entries],
            "rows": [entry["rows"] for entry in entries],
            "approved": [_approved(entry) for entry in entries],
            "rows_alarm": [(entry["period"], "rows") in alarmed for entry in entries],
            "approved_alarm": [(entry["period"], "approved") in alarmed for entry in entries],
        }
    )
    reasons = entries[-1]["seen"]["reasons"]
    first = sorted(reasons["first"].items(), key=lambda item: -item[1])[:MOST]
    rows = [[name, f"{count:,}", percent(count / reasons["rows"])] for name, count in first]
    title = f"first reasons, {entries[-1]['period']}: {reasons['rows']:,} rows explained"
    return Section(
        title="Volume, approvals, reasons",
        pictures=[
            Picture(
                figure=plot.flow_by_period(table),
                says="Applications of each period and the share at or below the cut-off.",
            )
        ],
        tables=[Printed(title, ["feature", "people", "share"], rows)],
    )


def _approved(entry: Entry) -> float:
    approved = entry["seen"]["approved"]
    return float("nan") if approved is None else approved["rows"] / entry["rows"]


def _groups(entries: Sequence[Entry]) -> Section | None:
    parts = []
    for entry in entries:
        groups = entry["seen"]["groups"]
        if groups is not None and len(groups) > 1:
            largest = max(groups, key=lambda name: groups[name]["rows"])
            table = impact_ratios(groups, largest)
            parts.append(table.iloc[1:].assign(period=entry["period"], reference=largest))
    if not parts:
        return None
    table = pd.concat(parts, ignore_index=True)
    last = table[table["period"] == table["period"].iloc[-1]]
    rows = [
        [row.group, f"{row.rows:,}", percent(row.approval_rate),
         interval(row.ratio, row.ratio_low, row.ratio_high, 3),
         "below" if row.below_line else "-"]
        for row in last.itertuples()
    ]  # fmt: skip
    columns = ["group", "applications", "approved", "over the largest", "four fifths"]
    return Section(
        title="Groups",
        text="Whether every group is approved as often as before, beside the largest one.",
        pictures=[
            Picture(
                figure=plot.impact_by_period(table),
                says="Adverse impact ratio with its interval; 1 is equal approval.",
            )
        ],
        tables=[Printed(f"{last['period'].iloc[0]}, against {last['reference'].iloc[0]}",
                        columns, rows)],
    )  # fmt: skip


def _outcomes(entries: Sequence[Entry]) -> Section | None:
    known = [entry for entry in entries if entry["seen"]["outcomes"] is not None]
    if not known:
        return None
    checks = checks_of(known, "outcomes")
    alarmed = set(checks.loc[checks["alarm"], "period"])
    table = pd.DataFrame(
        [
            {"period": entry["period"], "alarm": entry["period"] in alarmed}
            | {name: entry["seen"]["outcomes"][name] for name in _RATES}
            for entry in known
        ]
    )
    table["rate"] = table["bads"] / table["rows"]
    ranked = [
        {"model": known[-1]["artifact"]["kind"], "month": entry["period"], "auc": auc["value"],
         "auc_low": auc["low"], "auc_high": auc["high"]}
        for entry in known
        if (auc := entry["seen"]["outcomes"]["auc"]) is not None
    ]  # fmt: skip
    pictures = [
        Picture(
            figure=plot.rates_by_period(table),
            says="Bad rate of the rows whose outcome is known, beside the mean probability.",
        )
    ]
    if ranked:
        pictures.append(
            Picture(
                figure=plot.auc_by_month(pd.DataFrame(ranked)),
                says="How well the score ranked those people, with its interval.",
            )
        )
    grades = [
        [one["grade"], f"{one['rows']:,}", percent(one["predicted"], 2), f"{one['bads']:,}",
         percent(one["rate"], 2), f"{one['amber']:,}" if one["amber"] <= one["rows"] else "never",
         one["light"]]
        for one in known[-1]["seen"]["outcomes"]["grades"]
    ]  # fmt: skip
    columns = ["grade", "applications", "stated", "bad", "rate", "amber from", "light"]
    return Section(
        title="Outcomes",
        text=(
            "A light is each grade's own test (amber below 5 %, red below .1 %); among nine true "
            "grades one is amber in a third of the periods. Alarms allow for that."
        ),
        pictures=pictures,
        tables=[Printed(f"grades, {known[-1]['period']}", columns, grades)],
    )


_RATES = ("rows", "bads", "predicted", "rate_low", "rate_high")


def _periods(entries: Sequence[Entry]) -> Section:
    rows = []
    for entry in reversed(entries):
        points = next(check for check in entry["checks"] if check["name"] == "points")
        known = entry["seen"]["outcomes"]
        rows.append(
            [
                entry["period"],
                f"{entry['rows']:,}",
                number(points["now"], 3),
                "-" if known is None else percent(known["predicted"], 2),
                "-" if known is None else percent(known["bads"] / known["rows"], 2),
                ", ".join(dict.fromkeys(alert["area"] for alert in entry["alerts"])) or "-",
            ]
        )
    columns = ["period", "applications", "PSI of points", "stated", "bad rate", "alarms"]
    alarms = [
        [check["period"], f"{check['area']} {check['name']}", moved(check),
         number(check["effect"], 3), chance(check["p_value"])]
        for check in _rows(entries) if check["alarm"]
    ]  # fmt: skip
    tables = [Printed("every period, the last first", columns, rows)]
    if alarms:
        names = ["period", "what", "before -> now", "moved", "chance"]
        tables.append(Printed("every alarm", names, alarms[::-1]))
    return Section(title="History", tables=tables)


def _rule(entry: Entry) -> Section:
    return Section(
        title="When it is an alarm",
        text=(
            f"Where nothing has changed, a batch raises any alarm in at most "
            f"{percent(entry['family'])} of cases: that probability is divided evenly among the "
            "areas compared, and within an area among its comparisons. What is beyond chance is an "
            "alarm only if it has moved far enough to matter, since in a large batch every shift "
            "is beyond chance. Bad loans are taken to come independently of each other; in a "
            "downturn they do not, and alarms come sooner. An alarm asks for an explanation; what "
            "follows is a decision of people."
        ),
    )


def checks_of(entries: Sequence[Entry], area: str, name: str | None = None) -> pd.DataFrame:
    """Return the checks of an area over all periods, each with its ``period``."""
    found = [row for row in _rows(entries) if row["area"] == area and name in (None, row["name"])]
    columns = ["period", "name", "now", "least", "alarm"]
    return pd.DataFrame(found, columns=columns).astype({"alarm": np.bool_})


def _rows(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    return [check | {"period": entry["period"]} for entry in entries for check in entry["checks"]]
