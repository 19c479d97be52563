"""Trends by what they say of counts held out, and whether any cut says anything."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from credit.binning.bins import evidence
from credit.binning.counts import Counts
from credit.binning.rules import Material, Rules
from credit.binning.segments import Segments
from credit.binning.solve import Ends, held_out_gain, paths_of_all, solve
from credit.columns import Floats

FOLDS = 5
"""Parts the counts are dealt into."""

DEALS = 2
"""Times the counts are dealt anew: one deal of a small sample is too noisy to choose by."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A trend, and the number of bins that held-out rows like best."""

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
    counts: Counts,
    material: Material,
    rules: Rules,
    trends: tuple[str, ...],
    random: np.random.Generator,
) -> Choice:
    """Choose a trend by log-likelihood on counts held out, each with its best number of bins.

    A trend that turns, or none at all, fits noise more easily than a monotone one, so it must
    win by more than one standard error of the difference over the held-out parts. Names are put
    in order anew on every training part: an order learnt from the held-out rows too would make
    any category look informative.
    """
    part_rules = rules.on_part(FOLDS)
    gains = np.array(
        [
            _gains(train, test, trends, part_rules)
            for _ in range(DEALS)
            for train, test in _parts(counts, material, rules, random)
        ]
    )[:, :, rules.min_bins - 1 :]
    best = {t: int(np.argmax(gains[:, i].sum(axis=0))) for i, t in enumerate(trends)}
    by_part = {t: gains[:, i, best[t]] for i, t in enumerate(trends)}
    plain = [t for t in trends if t in {"ascending", "descending"}] or list(trends[:1])
    chosen = max(plain, key=lambda t: by_part[t].sum())
    for other in trends:
        if other in plain:
            continue
        gain = by_part[other] - by_part[chosen]
        if gain.sum() > np.sqrt(FOLDS) * DEALS * gain.std(ddof=1):
            chosen = other
    return Choice(chosen, best[chosen] + rules.min_bins)


def _parts(
    counts: Counts, material: Material, rules: Rules, random: np.random.Generator
) -> list[tuple[Material, Floats]]:
    """Deal the counts once; return training material and held-out counts, candidates in order.

    By period where the rules ask for periods. Rows under weights are not dealt but shrunk.
    """
    by_period = rules.same_order
    parts = []
    for dealt in deal(material.periods if by_period else material.counts, FOLDS, random):
        test = dealt.sum(axis=0) if by_period else dealt
        train = replace(
            material,
            counts=material.counts - test,
            rows=None if material.rows is None else material.rows * ((FOLDS - 1) / FOLDS),
            periods=material.periods - dealt if by_period else material.periods,
        )
        if counts.kind == "category":
            order = ordered(train.counts, train.prior, rules.smoothing)
            train, test = train.reordered(order), test[order]
        parts.append((train, test))
    return parts


def _gains(train: Material, test: Floats, trends: tuple[str, ...], rules: Rules) -> list[Floats]:
    """Return the held-out log-likelihood of every number of bins under each trend."""
    share = train.prior[1] / train.prior.sum()
    if rules.only_trend_and_bins:
        paths = [solve(train, trend, rules) for trend in trends]
    else:
        paths = paths_of_all(Segments.of(train, rules), trends, rules)
    return [held_out_gain(ends, train.counts, test, share, rules.smoothing) for ends, _ in paths]
