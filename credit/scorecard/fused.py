"""The fused card: bins, their merging and their points found together, as one convex problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from credit.binning import Bins, Counts, Sample, bins_of, count_column, fit_bins
from credit.binning.codes import add_terms, code_frame
from credit.binning.transformer import SpecialCodes
from credit.columns import Floats, Ints, known_names
from credit.frames import Frame
from credit.scorecard.bagging import draw, out_of_bag, patterns, simplest
from credit.scorecard.logistic import RIDGE
from credit.scorecard.newton import Fitter, Penalty
from credit.scorecard.options import SIGNS, FusedOptions
from credit.scorecard.segmentation import segment
from credit.scorecard.thermometer import Layout, Rows, Shape

TRENDS = {1: "ascending", -1: "descending", 0: "auto"}
FEW_ROWS = 4_000
"""Below this weight of rows more bags are drawn: their average is what helps most there."""
MANY_ROWS = 50_000
"""Above this number of distinct rows one fit of all of them is as good as an average."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fine:
    """A column's fine bins: the counts they come from, its declared sign, its bins by itself."""

    counts: Counts
    bins: Bins
    sign: int
    evidence: Bins

    @property
    def weight(self) -> Floats:
        return np.array(self.bins.good) + np.array(self.bins.bad)

    @property
    def ordered(self) -> int:
        return max(1, len(self.counts.ordinary)) if self.counts.kind == "number" else 0

    @property
    def shape(self) -> Shape:
        return Shape(ordered=self.ordered, sign=self.sign, weight=self.weight)

    def spread(self) -> Floats:
        """Return for each fine bin the evidence of the bin by itself that holds it."""
        woe, found = np.array(self.evidence.woe), np.zeros(self.bins.size)
        if self.counts.kind == "number":
            opens = np.array([-np.inf, *self.bins.edges])
            found[: len(opens)] = woe[np.searchsorted(self.evidence.edges, opens, side="right")]
        else:
            bin_of = {name: i for i, names in enumerate(self.evidence.groups) for name in names}
            for cell, names in enumerate(self.bins.groups):
                found[cell] = woe[bin_of[names[0]]]
        pairs = zip(self.bins.special, self.evidence.special, strict=True)
        for (_, cell), (_, at) in pairs:
            found[cell] = woe[at]
        found[self.bins.missing] = woe[self.evidence.missing]
        return found


def fit_fused(
    frame: Frame,
    sample: Sample,
    options: FusedOptions,
    *,
    signs: Mapping[str, int],
    special_codes: SpecialCodes,
    seed: int,
) -> Fused:
    """Fit bins and margins of all columns together.

    Fine bins; a convex fit in each bag (see `credit.scorecard.thermometer`) under the penalty
    chosen out of bag; the average of the bags' tables, and of a woe card's, which is again one
    additive table; each shape compressed to few bins by optimal segmentation; and the base set so
    that the expected number of bad rows is the observed one.
    """
    fine = _fine_bins(frame, sample, options, signs=signs, special_codes=special_codes, seed=seed)
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


def _fine_bins(
    frame: Frame,
    sample: Sample,
    options: FusedOptions,
    *,
    signs: Mapping[str, int],
    special_codes: SpecialCodes,
    seed: int,
) -> dict[str, _Fine]:
    known_names("special_codes", special_codes, frame.columns)
    fine = {}
    for name in frame.columns:
        codes = tuple(special_codes.get(name, ()))
        counts = count_column(frame[name], name, sample, options, codes)
        every = list(range(len(counts.ordinary))) or [-1]
        bins = bins_of(counts, sample.prior, options, every, "none")
        sign = signs[name] or SIGNS[options.trend]
        evidence = fit_bins(
            counts, sample.prior, options, TRENDS[sign], np.random.default_rng(seed)
        )
        fine[name] = _Fine(counts=counts, bins=bins, sign=sign, evidence=evidence)
    return fine


def _averaged(
    frame: Frame,
    fine: Mapping[str, _Fine],
    sample: Sample,
    options: FusedOptions,
    *,
    seed: int,
) -> tuple[dict[str, Floats], tuple[float, float]]:
    """Return the average of the bags' shapes and of the evidence's, and the penalty chosen."""
    bad = (sample.weights[:, 1] > 0).astype(np.float64)
    codes = code_frame(frame, {name: column.bins for name, column in fine.items()})
    rows, weight = patterns(Rows(codes=codes, bad=bad), sample.weights.sum(axis=1))
    layout = Layout.of([column.shape for column in fine.values()])
    random = np.random.default_rng(seed)
    chosen, bags, start = _choose(layout, rows, weight, options, random)
    penalty = _penalty(options, chosen, rows, weight)
    fitter = Fitter(layout, rows)
    points = [fitter.fit(bag, penalty, start=start) for bag in bags or [weight]]
    table = (1 - options.evidence) * (layout.tables @ np.mean(points, axis=0)[1:])
    if options.evidence:
        table += options.evidence * _weighed(fine, rows, weight)
    parts = np.split(table, layout.offsets[1:-1])
    return dict(zip(fine, parts, strict=True)), options.path[chosen]


def _choose(
    layout: Layout, rows: Rows, weight: Floats, options: FusedOptions, random: np.random.Generator
) -> tuple[int, list[Floats], Floats | None]:
    """Return the penalty that held-out rows choose, the bags to average, and where to start.

    Many rows need no bags, and a part of them chooses: penalties are in units of the noise.
    """
    few = weight.sum() < FEW_ROWS
    many = len(weight) > MANY_ROWS
    judges, mass = rows, weight
    if many:
        judges = Rows(codes=rows.codes[:MANY_ROWS], bad=rows.bad[:MANY_ROWS])
        mass = weight[:MANY_ROWS]
    drawn = 1 if many else options.few_bags if few else options.bags
    bags = [draw(judges.bad, mass, random) for _ in range(drawn)]
    if len(options.path) == 1:
        return 0, [] if many else bags, None
    path = [_penalty(options, k, judges, mass) for k in range(len(options.path))]
    losses, variation, starts = out_of_bag(Fitter(layout, judges), bags[: 8 if few else 2], path)
    chosen = simplest(losses, variation, mass, options.standard_errors)
    return chosen, [] if many else bags, starts[chosen]


def _penalty(options: FusedOptions, at: int, rows: Rows, weight: Floats) -> Penalty:
    """Return a penalty of the path in units of the mean log-loss of these rows."""
    total = weight.sum()
    rate = weight @ rows.bad / total
    row = rate * (1 - rate) / total
    l1, l2 = options.path[at]
    return Penalty(l1=l1 * np.sqrt(row), l2=l2 * row, level=options.level_rows * row)


def _weighed(fine: Mapping[str, _Fine], rows: Rows, weight: Floats) -> Floats:
    """Return the shapes of a woe card: the evidence of each column by itself, times its weight."""
    layout = Layout.of_evidence([column.spread() for column in fine.values()])
    ridge = Penalty(l1=0.0, l2=RIDGE / weight.sum(), level=0.0)
    shapes: Floats = layout.tables @ Fitter(layout, rows).fit(weight, ridge)[1:]
    return shapes


def _compress(
    fine: _Fine, shape: Floats, prior: Floats, options: FusedOptions
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
    level = float(np.log(bad / good))
    low, high = level - margin.max() - 1.0, level - margin.min() + 1.0
    return float(
        brentq(lambda base: float(weight @ expit(base + margin) - bad), low, high, xtol=1e-13)
    )
