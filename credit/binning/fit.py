"""From counts to bins: order, trend and number of bins, then the other bins beside them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from credit.binning.bins import BinLimits, Bins, evidence
from credit.binning.counts import Counts
from credit.binning.solve import ORDERS, Ends, best_paths, held_out_gain, segments
from credit.columns import Floats

FOLDS = 5
"""Parts the counts are dealt into when trend and number of bins are chosen."""

DEALS = 2
"""Times the counts are dealt anew: one deal of a small sample is too noisy to choose by."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A trend and a number of bins."""

    trend: str
    bins: int


def deal(counts: Floats, parts: int, random: np.random.Generator) -> Floats:
    """Deal counts into ``parts`` at random, row by row, without seeing a row.

    Which part a row falls into is independent of its value, so its candidate's whole count is
    multinomial; what is left of a weight that is no whole number goes to one part.

    Returns
    -------
    ndarray (parts, n, 2)
        Sums over parts to ``counts``.
    """
    whole = np.floor(counts).astype(np.int64)
    dealt = random.multinomial(whole, np.full(parts, 1 / parts)).astype(np.float64)
    rest = random.integers(parts, size=counts.shape)
    np.put_along_axis(
        dealt,
        rest[..., None],
        np.take_along_axis(dealt, rest[..., None], axis=-1) + (counts - whole)[..., None],
        axis=-1,
    )
    return np.moveaxis(dealt, -1, 0)


def ordered(counts: Floats, prior: Floats, smoothing: float) -> Ends:
    """Return the order of candidates by smoothed bad rate (for names, which have none)."""
    return np.argsort(evidence(counts, prior, smoothing), kind="stable")


def choose(
    counts: Counts, prior: Floats, limits: BinLimits, trend: str, random: np.random.Generator
) -> Choice:
    """Choose trend and number of bins by log-likelihood on counts held out.

    A trend that turns, or none at all, fits noise more easily than a monotone one, so it must
    win by more than one standard error of the difference over the held-out parts. Names are put
    in order anew on every training part: an order learnt from the held-out rows too would make
    any category look informative.
    """
    trends = tuple(ORDERS) if trend == "auto" else (trend,)
    gains = np.array(
        [
            [_gain(*part, prior, candidate, limits) for candidate in trends]
            for _ in range(DEALS)
            for part in _parts(counts, prior, limits, random)
        ]
    )
    best = {t: int(np.argmax(gains[:, i].sum(axis=0))) for i, t in enumerate(trends)}
    by_part = {t: gains[:, i, best[t]] for i, t in enumerate(trends)}
    chosen = max(trends[:2], key=lambda t: by_part[t].sum())
    for other in trends[2:]:
        gain = by_part[other] - by_part[chosen]
        if gain.sum() > np.sqrt(FOLDS) * DEALS * gain.std(ddof=1):
            chosen = other
    return Choice(chosen, best[chosen] + 1)


def _parts(
    counts: Counts, prior: Floats, limits: BinLimits, random: np.random.Generator
) -> list[tuple[Floats, Floats]]:
    """Deal the counts once; return training and held-out counts, candidates in order."""
    parts = []
    for test in deal(counts.ordinary, FOLDS, random):
        train = counts.ordinary - test
        order = np.arange(len(train))
        if counts.kind == "category":
            order = ordered(train, prior, limits.smoothing)
        parts.append((train[order], test[order]))
    return parts


def _gain(train: Floats, test: Floats, prior: Floats, trend: str, limits: BinLimits) -> Floats:
    least = limits.min_share * prior.sum() * (FOLDS - 1) / FOLDS
    ends, _ = best_paths(
        train, prior, trend, bins=limits.max_bins, weight=least, smoothing=limits.smoothing
    )
    return held_out_gain(ends, train, test, prior[1] / prior.sum(), limits.smoothing)


def fit_bins(
    counts: Counts, prior: Floats, limits: BinLimits, trend: str, random: np.random.Generator
) -> Bins:
    """Return the bins of a column from its counts.

    The IV is maximised exactly over all binnings of the candidates with the chosen trend and
    number of bins. A column that allows one bin only gets that bin and a diagnosis.

    Parameters
    ----------
    counts : Counts
    prior : ndarray (2,)
        Good and bad weight of all rows.
    limits : BinLimits
    trend : str
        A trend, or ``auto``. Names are always put in ascending order.
    random : Generator
        Deals the counts when trend and number of bins are chosen.
    """
    if counts.kind == "category":
        order = ordered(counts.ordinary, prior, limits.smoothing)
        counts = replace(
            counts,
            ordinary=counts.ordinary[order],
            groups=tuple(counts.groups[i] for i in order),
        )
        trend = "ascending"
    if len(counts.ordinary) < 2:
        ends, chosen = [len(counts.ordinary) - 1], "none"
        reason = "one value only" if len(counts.ordinary) else "no value"
        return _assemble(counts, prior, limits, ends, (chosen, reason))
    choice = choose(counts, prior, limits, trend, random)
    least = limits.min_share * prior.sum()
    paths, totals = best_paths(
        counts.ordinary,
        prior,
        choice.trend,
        bins=limits.max_bins,
        weight=least,
        smoothing=limits.smoothing,
    )
    feasible = np.flatnonzero(np.isfinite(totals[: choice.bins]))
    ends = [len(counts.ordinary) - 1]
    if len(feasible):
        ends = [int(end) for end in paths[feasible[-1]] if end >= 0]
    reason = "" if len(ends) > 1 else _diagnose(counts.ordinary, prior, limits, choice)
    shown = choice.trend if len(ends) > 1 or trend != "auto" else "none"
    return _assemble(counts, prior, limits, ends, (shown, reason))


def _diagnose(counts: Floats, prior: Floats, limits: BinLimits, choice: Choice) -> str:
    """Say which limit leaves one bin, and how far to relax it."""
    held, rate, _ = segments(counts, prior, limits.smoothing)
    last = len(counts) - 1
    first_order = ORDERS[choice.trend]
    shares = [
        min(held[0, end], held[end + 1, last]) / prior.sum()
        for end in range(last)
        if any((rate[end + 1, last] - rate[0, end]) * order >= 0 for order in first_order)
    ]
    if not shares:
        return f"no cut leaves the bad rate {choice.trend}"
    if max(shares) < limits.min_share:
        return f"min_share {limits.min_share:g} allows no cut; {max(shares):.3g} would"
    return "no cut improves the likelihood of held-out rows"


def _assemble(
    counts: Counts, prior: Floats, limits: BinLimits, ends: list[int], outcome: tuple[str, str]
) -> Bins:
    """Put special, missing and neutral bins beside the ordinary ones.

    Rare missing values that join an ordinary bin count in it, but its evidence stays that of
    its own rows: the guests could upset the trend the search has kept.
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
    for label, count in [*extra, ("missing", counts.missing)]:
        if count.sum() <= 0:
            positions.append(-1)
        elif count.sum() >= floor:
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
    """
    reason = "" if len(ends) > 1 else "no step between its values helps beside the other features"
    return _assemble(counts, prior, replace(limits, rare_share=0.0), ends, (trend, reason))


def _nearest(count: Floats, rows: list[Floats], prior: Floats, smoothing: float) -> int:
    """Return the ordinary bin whose smoothed rate is nearest to that of ``count``."""
    woe = evidence(np.array([count, *rows]), prior, smoothing)
    return int(np.argmin(np.abs(woe[1:] - woe[0])))


def _labels(counts: Counts, spans: list[tuple[int, int]]) -> list[str]:
    if counts.kind == "category":
        return [", ".join(sum(counts.groups[a:b], ())) for a, b in spans]
    inner = [f"{counts.edges[a - 1]:.12g}" for a, _ in spans[1:]]
    if not inner:
        return ["any value"]
    between = [f"[{a}, {b})" for a, b in pairwise(inner)]
    return [f"< {inner[0]}", *between, f">= {inner[-1]}"]


def _code(code: float | str) -> str:
    return f"= {code:.12g}" if isinstance(code, float) else f"= {code}"
