"""Monitoring in words: what an alarm says, what to do about it, and the table in the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from credit.pipeline.history import Entry
from credit.pipeline.words import Printed, number, percent

MOST = 10
"""Features in a table, those that moved furthest first; the JSON has all of them."""

ACTIONS: dict[str, str] = {
    "score": "Look which features moved; find out whether the applicants or a source changed.",
    "features": "Trace the feature to its table; leave the source out while it is broken.",
    "gaps": "Ask the source's owner; do not score by rows whose source has failed.",
    "volume": "Ask who sends applications, and whether rules before the score were changed.",
    "reasons": "Look at the feature that gained; see that refusals still say what is true.",
    "groups": "Find the feature that parts the groups; search for a model that treats them alike.",
    "outcomes": "Recalibrate where rates are off; train again where ranking has fallen.",
}
"""What to do first at an alarm of an area."""

_SHOWN: dict[str, Callable[[float], str]] = {
    "psi": lambda value: number(value, 3),
    "share": percent,
    "rows": lambda value: f"{value:,.0f}",
    "ratio": lambda value: number(value, 3),
    "rate": lambda value: percent(value, 2),
    "brier": number,
    "auc": number,
}


def shown(measure: str, value: float) -> str:
    """Write a value as its measure is written."""
    return _SHOWN[measure](value)


def moved(check: Mapping[str, Any]) -> str:
    """Write from where to where a check moved."""
    now = shown(check["measure"], check["now"])
    if check["measure"] == "psi":
        return now
    return f"{shown(check['measure'], check['before'])} -> {now}"


def chance(p_value: float) -> str:
    """Write a p-value; below a millionth the number says no more."""
    return "< 1e-6" if p_value < 1e-6 else f"{p_value:.2g}"


def sentence(check: Mapping[str, Any]) -> str:
    """Say in one sentence what a check found."""
    what = "PSI" if check["measure"] == "psi" else check["measure"]
    return (
        f"{check['area']}: {check['name']}: {what} {moved(check)}, moved {check['effect']:.3g} "
        f"(alarm from {check['least']:.3g}); chance alone: {chance(check['p_value'])}."
    )


def state(check: Mapping[str, Any]) -> str:
    """Return one word on a check, or none."""
    return "ALARM" if check["alarm"] else "beyond chance" if check["beyond_chance"] else ""


def printed(entry: Entry) -> Printed:
    """Return the table of `credit monitor`: of features and gaps those that moved furthest."""
    rows = [
        [
            f"{check['area']} {check['name']}",
            state(check),
            moved(check),
            number(check["effect"], 3),
            number(check["least"], 2),
            chance(check["p_value"]),
        ]
        for check in _worth_showing(entry["checks"])
    ]
    period = "" if entry["period"] is None else f"{entry['period']}, "
    title = f"{period}{entry['rows']:,} rows: {len(entry['alerts'])} alarm(s)"
    return Printed(title, ["", "", "before -> now", "moved", "alarm from", "chance"], rows)


def _worth_showing(checks: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield the checks, of long areas the first `MOST` that moved at all and every alarm."""
    shown: Counter[str] = Counter()
    for check in checks:
        shown[check["area"]] += 1
        few = shown[check["area"]] <= MOST and check["effect"] > 0
        if few or check["area"] not in ("features", "gaps") or check["beyond_chance"]:
            yield check
