"""From counts to bins: order, trend and exact cuts, then the other bins beside them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from credit.binning.bins import Bins, evidence, interval_labels
from credit.binning.choose import Choice, choose, ordered
from credit.binning.counts import Counts
from credit.binning.diagnose import diagnose
from credit.binning.limits import ORDERS, BinLimits
from credit.binning.rules import Material, Rules
from credit.binning.solve import solve
from credit.columns import Floats
from credit.errors import ModelError

NO_HELP = "held-out rows are explained no better by any cut"
"""The diagnosis of a column whose cuts may be noise."""


def fit_bins(
    counts: Counts, prior: Floats, limits: BinLimits, trend: str, random: np.random.Generator
) -> Bins:
    """Return the bins of a column from its counts.

    The value (IV by default) is maximised exactly over all binnings of the candidates with the
    chosen trend and as many bins as the limits allow. A column that allows one bin only gets
    that bin and a diagnosis; one whose held-out rows are explained no better by any cut keeps
    its cuts, with a diagnosis that says so.

    Parameters
    ----------
    counts : Counts
    prior : ndarray (2,)
        Good and bad weight of all rows.
    limits : BinLimits
    trend : str
        A trend, or ``auto``. Names are always put in ascending order.
    random : Generator
        Deals the counts when a trend is chosen.

    Raises
    ------
    ModelError
        Fixed cuts of a column of names; one order in every period asked for without periods.
    """
    _check(counts, limits)
    if counts.kind == "category":
        counts = counts.in_order(ordered(counts.ordinary, prior, limits.smoothing))
        trend = "ascending"
    if len(counts.ordinary) < 2:
        reason = "one value only" if len(counts.ordinary) else "no value"
        return assemble(counts, prior, limits, [len(counts.ordinary) - 1], ("none", reason))
    material = counts.material(prior, limits.fixed.get(counts.feature, ()))
    rules = Rules.of(limits, prior)
    ends, choice = _search(counts, material, rules, trend, random)
    shown = choice.trend
    if len(ends) > 1:
        reason = "" if choice.bins > 1 else NO_HELP
    else:
        reason = diagnose(material, rules, shown, counts)
        shown = shown if trend != "auto" else "none"
    return assemble(counts, prior, limits, ends, (shown, reason))


def _check(counts: Counts, limits: BinLimits) -> None:
    if counts.kind == "category" and limits.fixed.get(counts.feature):
        raise ModelError(
            f"fixed: {counts.feature!r} holds names, which have no cut points. Remove the entry."
        )
    if limits.neighbours.same_order and not len(counts.periods):
        raise ModelError(
            f"same_order: column {counts.feature!r} has no counts by period. Pass the rows' "
            "periods when fitting or counting."
        )


def _search(
    counts: Counts, material: Material, rules: Rules, trend: str, random: np.random.Generator
) -> tuple[list[int], Choice]:
    """Return the last candidate of every bin, and what was chosen."""
    trends = tuple(ORDERS) if trend == "auto" else (trend,)
    if rules.may_fail and len(trends) > 1:
        trends = tuple(t for t in trends if _numbers(solve(material, t, rules)[1], rules).size)
        trends = trends or ("none",)
    choice = choose(counts, material, rules, trends, random)
    paths, totals = solve(material, choice.trend, rules)
    feasible = _numbers(totals, rules)
    if not feasible.size:
        return [material.size - 1], choice
    return [int(end) for end in paths[feasible[-1]] if end >= 0], choice


def _numbers(totals: Floats, rules: Rules) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the rows (number of bins less one) that hold a binning with enough bins."""
    found = np.flatnonzero(np.isfinite(totals))
    return found[found >= rules.min_bins - 1]


def assemble(
    counts: Counts, prior: Floats, limits: BinLimits, ends: list[int], outcome: tuple[str, str]
) -> Bins:
    """Put special, missing and neutral bins beside the ordinary ones.

    Rare codes and missing values (with ``limits.missing`` "nearest" all of these) that join an
    ordinary bin count in it, but its evidence stays that of its own rows: the guests could
    upset the trend the search has kept.
    """
    bounds = [0, *(end + 1 for end in ends)]
    spans = list(pairwise(bounds))
    rows = [counts.ordinary[a:b].sum(axis=0) for a, b in spans]
    labels = _labels(counts, spans)
    floor = limits.rare_share * prior.sum()
    ordinary = len(rows)
    own_rows = list(rows)
    extra = [*zip((_code(c) for c in counts.codes), counts.special, strict=True)]
    positions: list[int] = []
    least = [floor] * len(extra) + [floor if limits.missing == "own" else np.inf]
    for (label, count), enough in zip([*extra, ("missing", counts.missing)], least, strict=True):
        if count.sum() <= 0:
            positions.append(-1)
        elif count.sum() >= enough:
            positions.append(len(rows))
            rows.append(count)
            own_rows.append(count)
            labels.append(label)
        else:
            nearest = _nearest(count, own_rows[:ordinary], prior, limits.smoothing)
            positions.append(nearest)
            rows[nearest] = rows[nearest] + count
            labels[nearest] += f" or {label}"
    neutral = len(rows)
    own = positions[-1] >= ordinary
    unseen = positions[-1] if own else neutral
    positions = [neutral if p < 0 else p for p in positions]
    if neutral in (*positions, unseen):
        rows.append(np.zeros(2))
        own_rows.append(np.zeros(2))
        labels.append("not seen")
    table = np.array(rows)
    return Bins(
        feature=counts.feature,
        kind=counts.kind,
        trend=outcome[0],
        edges=tuple(counts.edges[a - 1] for a, _ in spans[1:]) if counts.kind == "number" else (),
        groups=tuple(tuple(sum(counts.groups[a:b], ())) for a, b in spans if counts.groups),
        special=tuple(zip(counts.codes, positions[:-1], strict=True)),
        missing=positions[-1],
        unseen=unseen,
        labels=tuple(labels),
        good=tuple(table[:, 0].tolist()),
        bad=tuple(table[:, 1].tolist()),
        woe=tuple(evidence(np.array(own_rows), prior, limits.smoothing).tolist()),
        diagnosis=outcome[1],
    )


def bins_of(counts: Counts, prior: Floats, limits: BinLimits, ends: list[int], trend: str) -> Bins:
    """Return the bins that end at the given ordinary candidates, whoever chose them.

    ``ends`` holds the index of each bin's last candidate. Every special code that occurs, and
    missing values that occur, have bins of their own, however rare.

    Raises
    ------
    ModelError
        ``limits.missing`` is not "own".
    """
    if limits.missing != "own":
        raise ModelError(
            f"missing: {limits.missing!r} is for bins found one column at a time. Here missing "
            "values have a bin of their own: leave it at 'own'."
        )
    reason = "" if len(ends) > 1 else "no step between its values helps beside the other features"
    return assemble(counts, prior, replace(limits, rare_share=0.0), ends, (trend, reason))


def _nearest(count: Floats, rows: list[Floats], prior: Floats, smoothing: float) -> int:
    """Return the ordinary bin whose smoothed rate is nearest to that of ``count``."""
    woe = evidence(np.array([count, *rows]), prior, smoothing)
    return int(np.argmin(np.abs(woe[1:] - woe[0])))


def _labels(counts: Counts, spans: list[tuple[int, int]]) -> list[str]:
    if counts.kind == "category":
        return [", ".join(sum(counts.groups[a:b], ())) for a, b in spans]
    return interval_labels([counts.edges[a - 1] for a, _ in spans[1:]])


def _code(code: float | str) -> str:
    return f"= {code:.12g}" if isinstance(code, float) else f"= {code}"
