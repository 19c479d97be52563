"""Every segment of the ordered candidates: weight, rate, value, and whether a rule forbids it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from credit.binning.rules import Material, Rules

Floats = NDArray[np.float64]


def cumulate(counts: Floats) -> Floats:
    """Return the sums before each candidate and after the last, along the last but one axis."""
    zero = np.zeros((*counts.shape[:-2], 1, counts.shape[-1]))
    return np.concatenate([zero, np.cumsum(counts, axis=-2)], axis=-2)


def spans(counts: Floats) -> Floats:
    """Return the sum of candidates a..b for all a, b: (..., n, n, 2)."""
    cumulated = cumulate(counts)
    return cumulated[..., None, 1:, :] - cumulated[..., :-1, None, :]


def segments(
    counts: Floats, prior: Floats, smoothing: float, divergence: str = "iv"
) -> tuple[Floats, Floats, Floats]:
    """Return weight, smoothed bad rate and value of every segment a..b, each (n, n).

    With g, b the good and bad weight of a segment, G, B those of all rows (special and missing
    ones too), N = G + B and m = ``smoothing``::

        rate  = (b + m B/N) / (g + b + m)
        woe   = log(rate / (1 - rate)) - log(B / G)
        iv         (b/B - g/G) woe                                      >= 0
        js         (p log(p / h) + q log(q / h)) / 2,  p = b/B, q = g/G, h = (p + q) / 2
        hellinger  (sqrt(p) - sqrt(q))^2 / 2

    The pseudo-rows have the population's rate, so a small or pure segment is drawn to
    evidence 0 and the value stays additive; js and hellinger are bounded and need none. The
    trend is asked of these rates, that is of the evidence itself, so points keep it.

    Parameters
    ----------
    counts : ndarray (n, 2)
        Good and bad weight of each candidate, in order.
    prior : ndarray (2,)
        Good and bad weight of all rows.
    smoothing : float
        Pseudo-rows m, above 0.
    divergence : str
        Which value.
    """
    held = spans(counts)
    good, bad = held[..., 0], held[..., 1]
    weight = good + bad
    share = prior[1] / prior.sum()
    with np.errstate(divide="ignore", invalid="ignore"):  # below the diagonal: never read
        rate = (bad + smoothing * share) / (weight + smoothing)
        p, q = bad / prior[1], good / prior[0]
        if divergence == "iv":
            woe = np.log(rate / (1 - rate)) - np.log(prior[1] / prior[0])
            value = (p - q) * woe
        elif divergence == "js":
            half = (p + q) / 2
            value = (_entropy(p, half) + _entropy(q, half)) / 2
        else:
            value = (np.sqrt(p) - np.sqrt(q)) ** 2 / 2
    return weight, rate, value


def _entropy(part: Floats, whole: Floats) -> Floats:
    return np.where(part > 0, part * np.log(np.where(part > 0, part / whole, 1.0)), 0.0)


@dataclass(frozen=True, slots=True)
class Segments:
    """Every segment a..b of a column: smoothed rate and value, -inf where a rule forbids it."""

    rate: Floats
    value: Floats
    cumulated: Floats
    periods: Floats

    @classmethod
    def of(cls, material: Material, rules: Rules) -> Segments:
        """Compute them once for all trends."""
        held, rate, value = segments(
            material.counts, material.prior, rules.smoothing, rules.divergence
        )
        kept = (held >= rules.min_weight) & (held > 0) & (held <= rules.max_weight)
        kept &= _rows_kept(material, rules)
        if material.cuts:
            before = np.zeros(material.size + 1)
            before[np.array(material.cuts) + 1] = 1.0
            before = np.cumsum(before)  # cuts after a candidate below this one
            kept &= before[None, :-1] == before[:-1, None]
        periods = np.zeros((0, material.size + 1, 2))
        if rules.same_order:
            seen = material.periods[material.periods.sum(axis=(1, 2)) > 0]
            kept &= (spans(seen).sum(axis=-1) > 0).all(axis=0)
            periods = cumulate(seen)
        cumulated = cumulate(material.counts)
        return cls(rate, np.where(kept, value, -np.inf), cumulated, periods)


def _rows_kept(material: Material, rules: Rules) -> NDArray[np.bool_]:
    bounds = (rules.min_rows, rules.min_goods, rules.min_bads)
    if not any(bounds) and np.isinf(rules.max_rows):
        return np.ones((material.size, material.size), np.bool_)
    held = spans(material.counts if material.rows is None else material.rows)
    rows = held.sum(axis=-1)
    kept: NDArray[np.bool_] = (rows >= rules.min_rows) & (rows <= rules.max_rows)
    return kept & (held[..., 0] >= rules.min_goods) & (held[..., 1] >= rules.min_bads)
