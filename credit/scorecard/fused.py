"""The fused card: bins, their merging and their points found together, as one convex problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from credit.binning import Bins, Counts, Sample, bins_of
from credit.binning.codes import add_terms, code_frame
from credit.columns import Floats, Ints
from credit.frames import Frame
from credit.scorecard.bagging import draw, out_of_bag, patterns, simplest, unseen
from credit.scorecard.fine import Fine, fine_bins
from credit.scorecard.newton import Fitter, Penalty
from credit.scorecard.options import FusedOptions
from credit.scorecard.segmentation import segment
from credit.scorecard.stacking import evidence_table, held_out_evidence, share
from credit.scorecard.thermometer import Layout, Rows
from credit.whole import each, generator, total

FEW_ROWS = 4_000
"""Below this weight of rows more bags are drawn: their average is what helps most there."""
MANY_ROWS = 50_000
"""Above this number of distinct rows one fit of all of them is as good as an average."""
LEVEL_ERRORS = 1.0
"""Names are drawn to the average less where that pays by more standard errors than this: of
few rows their own noise would choose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fused:
    """What :func:`fit_fused` found.

    Attributes
    ----------
    base : float
        Margin of a row whose terms are all 0: about the average row.
    bins : dict of str to Bins
    margins : dict of str to tuple of float
        What each bin adds to the log-odds of bad, for the features in the card.
    penalty : (L1, L2)
        The one chosen.
    dropped : dict of str to str
        Feature left out -> the rule.
    """

    base: float
    bins: Mapping[str, Bins]
    margins: Mapping[str, tuple[float, ...]]
    penalty: tuple[float, float]
    dropped: Mapping[str, str]


def fit_fused(
    frame: Frame,
    sample: Sample,
    counts: Mapping[str, Counts],
    options: FusedOptions,
    *,
    signs: Mapping[str, int],
    seed: int,
) -> Fused:
    """Fit bins and margins of all columns together.

    Fine bins; a convex fit in each bag (see `credit.scorecard.thermometer`) under the penalty
    chosen out of bag; the average of the bags' tables, and a woe card's, both weighted by what
    they say of held-out rows (see `credit.scorecard.stacking`), which is again one additive
    table; each shape compressed to few bins by optimal segmentation; and the base set so that
    the expected number of bad rows is the observed one.

    Of a sample that is a part, what is summed over rows is summed over all parts, and each
    deals its own rows to bags and folds: the card is that of all rows under these deals.
    """
    fine = fine_bins(counts, sample.prior, options, signs=signs, seed=seed)
    dropped = {
        name: f"information value {column.bins.iv:.4f} < {options.min_iv:g}"
        for name, column in fine.items()
        if column.bins.iv < options.min_iv
    }
    used = {name: column for name, column in fine.items() if name not in dropped}
    shapes = {name: np.zeros(column.bins.size) for name, column in fine.items()}
    penalty = options.path[0]
    if used:
        averaged, penalty = _averaged(frame, used, sample, options, seed=seed)
        shapes |= averaged
    bins, margins = {}, {}
    for name, column in fine.items():
        bins[name], terms = _compress(column, shapes[name], sample.prior, options)
        if name in dropped:
            continue
        if np.ptp(terms) < options.least_range:
            dropped[name] = (
                f"terms differ by {np.ptp(terms):.3f} < {options.least_range:g}: "
                "the other features say as much"
            )
        else:
            margins[name] = tuple(terms.tolist())
    base = _base(frame, sample, bins, margins)
    return Fused(base=base, bins=bins, margins=margins, penalty=penalty, dropped=dropped)


def _averaged(
    frame: Frame,
    fine: Mapping[str, Fine],
    sample: Sample,
    options: FusedOptions,
    *,
    seed: int,
) -> tuple[dict[str, Floats], tuple[float, float]]:
    """Return the shapes of the bags and of the evidence in one, and the penalty chosen."""
    bad = (sample.weights[:, 1] > 0).astype(np.float64)
    codes = code_frame(frame, {name: column.bins for name, column in fine.items()})
    held = Rows(codes=codes, bad=bad, whole=sample.whole)
    rows, weight = patterns(held, sample.weights.sum(axis=1))
    layout = Layout.of([column.shape for column in fine.values()])
    judged = _judge(layout, rows, weight, options, generator(sample.whole, seed))
    points = judged.points
    if judged.many:
        penalty = _penalty(options, judged.chosen, rows, weight)
        points = [Fitter(layout, rows).fit(weight, penalty, start=points[0])]
    table = layout.tables @ np.mean(points, axis=0)[1:]
    if options.evidence:
        own = evidence_table(list(fine.values()), rows, weight)
        first, second = _shares(judged, fine, options, seed)
        table = first * table + second * own
    parts = np.split(table, layout.offsets[1:-1])
    return dict(zip(fine, parts, strict=True)), options.path[judged.chosen[0]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """What held-out rows chose: (penalty, level) by position, from which rows, bags and fits.

    ``many`` is whether these were too many, and a part of them chose.
    """

    chosen: tuple[int, int]
    many: bool
    rows: Rows
    weight: Floats
    points: list[Floats]
    unseen: Floats


def _first(rows: Rows, weight: Floats, every: float) -> tuple[Rows, Floats]:
    """Return this part's share of the ``MANY_ROWS`` that choose for all."""
    most = int(MANY_ROWS * (len(weight) / every))
    return replace(rows, codes=rows.codes[:most], bad=rows.bad[:most]), weight[:most]


def _judge(
    layout: Layout, rows: Rows, weight: Floats, options: FusedOptions, random: np.random.Generator
) -> _Judged:
    """Choose the penalty by rows outside of bags, then how far levels are drawn, and fit.

    Many rows need no bags, and a part of them chooses: penalties are in units of the noise.
    """
    every = total(rows.whole, len(weight))
    few, many = total(rows.whole, weight.sum()) < FEW_ROWS, every > MANY_ROWS
    if many:
        rows, weight = _first(rows, weight, every)
    drawn = 1 if many else options.few_bags if few else options.bags
    bags = [draw(rows.bad, weight, random) for _ in range(drawn)]
    fitter, first, level = Fitter(layout, rows), 0, 0
    judging = bags[: 8 if few else 2]
    start = None
    if len(options.path) > 1:
        path = [_penalty(options, (k, 0), rows, weight) for k in range(len(options.path))]
        losses, variation, starts = out_of_bag(fitter, judging, path)
        first = simplest(losses, variation, weight, options.standard_errors, rows.whole)
        start = starts[first]
    if len(options.level_rows) > 1 and not layout.increment.all():
        path = [_penalty(options, (first, k), rows, weight) for k in range(len(options.level_rows))]
        losses, _, starts = out_of_bag(fitter, judging, path)
        rising = -np.array(options.level_rows)
        level = simplest(losses, rising, weight, LEVEL_ERRORS, rows.whole)
        start = starts[level]
    penalty = _penalty(options, (first, level), rows, weight)
    points = [fitter.fit(bag, penalty, start=start) for bag in bags]
    return _Judged(
        chosen=(first, level),
        many=many,
        rows=rows,
        weight=weight,
        points=points,
        unseen=unseen(layout, rows, bags, points),
    )


def _penalty(options: FusedOptions, at: tuple[int, int], rows: Rows, weight: Floats) -> Penalty:
    """Return a penalty of the path in units of the mean log-loss of these rows."""
    mass, bad = rows.whole.sum(np.array([weight.sum(), weight @ rows.bad]))
    rate = bad / mass
    row = rate * (1 - rate) / mass
    (l1, l2), level = options.path[at[0]], options.level_rows[at[1]]
    return Penalty(l1=l1 * np.sqrt(row), l2=l2 * row, level=level * row)


def _shares(
    judged: _Judged, fine: Mapping[str, Fine], options: FusedOptions, seed: int
) -> tuple[float, float]:
    """Return what the bags' table and the evidence's count for in the card."""
    prior = (1 - options.evidence, options.evidence)
    if options.evidence == 1 or np.isinf(options.firmness):
        return prior
    own = held_out_evidence(list(fine.values()), judged.rows, judged.weight, options, seed=seed)
    margins = np.column_stack([judged.unseen, own])
    return share(margins, judged.rows, judged.weight, prior, options.firmness)


def _compress(
    fine: Fine, shape: Floats, prior: Floats, options: FusedOptions
) -> tuple[Bins, Floats]:
    """Return a column's final bins and each one's term, averaging 0 over the sample's rows."""
    counts, weight = fine.counts, fine.weight
    ordinary = len(counts.ordinary)
    order: Ints = np.arange(ordinary)
    if counts.kind == "category":
        order = np.argsort(shape[:ordinary], kind="stable")
        counts = replace(
            counts,
            ordinary=counts.ordinary[order],
            groups=tuple(counts.groups[i] for i in order),
        )
    values, held = shape[:ordinary][order], weight[:ordinary][order]
    if not ordinary:
        return bins_of(counts, prior, options, [-1], "none"), shape - weight @ shape / weight.sum()
    ends = segment(
        values,
        held,
        most=options.max_bins,
        least_weight=options.min_share * prior.sum(),
        tolerance=options.tolerance,
    )
    parts = np.split(np.arange(ordinary), ends[:-1])
    means = np.array([np.average(values[part], weights=held[part]) for part in parts])
    sign = 1 if counts.kind == "category" else fine.sign
    if sign:  # means of a monotone shape are monotone but for the last bit of a float
        means = sign * np.maximum.accumulate(sign * means)
    terms = np.concatenate([means, shape[ordinary:]])
    bins = bins_of(counts, prior, options, [end - 1 for end in ends], _trend(means))
    mass = np.array(bins.good) + np.array(bins.bad)
    return bins, np.where(mass > 0, terms - mass @ terms / mass.sum(), 0.0)


def _trend(terms: Floats) -> str:
    """Name the shape that terms in order have."""
    steps = np.sign(np.diff(terms))
    steps = steps[steps != 0]
    turns = int((np.diff(steps) != 0).sum())
    if not len(steps) or turns > 1:
        return "none"
    if turns == 0:
        return "ascending" if steps[0] > 0 else "descending"
    return "peak" if steps[0] > 0 else "valley"


def _base(
    frame: Frame,
    sample: Sample,
    bins: Mapping[str, Bins],
    margins: Mapping[str, tuple[float, ...]],
) -> float:
    """Return the base at which the expected number of bad rows is the observed one."""
    good, bad = sample.prior
    weight = sample.weights.sum(axis=1)
    margin = np.zeros(len(frame))
    for name, terms in margins.items():
        add_terms(margin, np.array(terms), bins[name].encode(frame[name]))
    level, whole = float(np.log(bad / good)), sample.whole
    ends = [margin.min(), margin.max()] if len(margin) else [0.0, 0.0]
    least, most = each(whole, np.array(ends)).T

    def excess(base: float) -> float:
        return total(whole, weight @ expit(base + margin)) - bad

    return float(brentq(excess, level - most.max() - 1.0, level - least.min() + 1.0, xtol=1e-13))
