"""The fit of all shapes: Newton's method, each step a lasso solved cell by cell.

A row touches one cell of each feature, so the log-loss and its gradient are look-ups and its
Hessian over cells is a table of pair sums. Around a point the penalised loss is a lasso in the
steps and levels, which coordinate descent solves without touching a row. Thousands of rows or
millions, a fit takes a handful of passes; the Hessian, which steers but does not decide, is
summed over a part of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.sparse import csr_array

from credit.columns import Floats, Ints
from credit.scorecard.thermometer import Codes, Layout, Rows, add_up, look_up
from credit.whole import Whole, total

_MOST_STEPS = 100
_MOST_SWEEPS = 2_000
_HESSIAN_ROWS = 30_000
_STALE = 0.2
"""A Hessian is taken anew where a step's gain is above this share of the one before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalty:
    """What increments, levels cost; all in units of the mean log-loss."""

    l1: float
    l2: float
    level: float


class Fitter:
    """Fits shapes to the same rows under any weights and penalties.

    Parameters
    ----------
    layout : Layout
    rows : Rows
        In an order that says nothing about them: the Hessian is summed over every k-th row.
    """

    def __init__(self, layout: Layout, rows: Rows) -> None:
        self.layout = layout
        self.rows = rows
        kept = np.flatnonzero(~layout.opposite)
        self._tables = csr_array(layout.tables.tocsc()[:, kept])
        self._back = csr_array(self._tables.T)
        increment = layout.increment[kept]
        free = np.zeros(len(layout.increment) + 1, dtype=np.bool_)
        free[:-1] = layout.opposite
        self._kept, self._increment = kept, increment
        self._mirrored = free[kept + 1]
        bounded = increment & ~self._mirrored
        self._low = np.concatenate([[-np.inf], np.where(bounded, 0.0, -np.inf)])
        self._gram: Floats | None = None
        every = -(-int(total(rows.whole, len(rows.bad))) // _HESSIAN_ROWS)
        self._some = np.ascontiguousarray(rows.codes[::every])
        self._columns = np.ascontiguousarray(self._some.T)
        self._every = every

    def fit(
        self,
        weight: Floats,
        penalty: Penalty,
        *,
        start: Floats | None = None,
        tolerance: float | None = None,
    ) -> Floats:
        """Minimise the penalised mean log-loss over the intercept and all parameters.

        ::

            f(b, t) = sum_i w_i (log(1 + exp(z_i)) - y_i z_i) / sum_i w_i
                      + l1 sum_k d_k + l2/2 sum_k d_k^2 + level/2 sum_c v_c^2
            z_i = b + sum_j V[cell of x_ij],   V = A t,   t = (d, v),   d >= 0

        Convex: the log-loss is, in a margin linear in the parameters. As ``sum_k d_k`` is the
        total variation of the shapes, the L1 term is a fused lasso: steps at zero merge fine
        bins, over all features jointly. Of a step up and its opposite one is 0.

        Parameters
        ----------
        weight : ndarray (rows,)
            Of each row; rows of weight 0 are skipped.
        penalty : Penalty
        start : ndarray (1 + parameters,), optional
            Where to start from: the answer under a neighbouring penalty.
        tolerance : float, optional
            Least f that a further step is worth; the default is 0.1 of one unit of log-loss of
            all rows together, far below what chance moves it by.

        Returns
        -------
        ndarray (1 + parameters,)
            The intercept, then t.
        """
        mass = total(self.rows.whole, weight.sum())
        least = 0.1 / mass if tolerance is None else tolerance
        l1 = np.concatenate([[0.0], np.where(self._increment, penalty.l1, 0.0)])
        l2 = np.concatenate([[0.0], np.where(self._increment, penalty.l2, penalty.level)])
        point = self._reduced(weight, start)
        value, slope = self._value(weight, point, l1, l2)
        before, loose = np.inf, 10 * least
        for _ in range(_MOST_STEPS):
            if self._gram is None:
                self._gram = self._hessian(weight, point)
            gram = self._gram
            nearer = descend(gram, slope, point, (l1, l2, self._low), loose)
            move = nearer - point
            gain = -float(
                slope @ move
                + 0.5 * move @ gram @ move
                + l1 @ (np.abs(nearer) - np.abs(point))
                + 0.5 * l2 @ (nearer**2 - point**2)
            )
            if gain < least:
                point = nearer
                break
            loose = 0.05 * min(gain, 2 * least)
            size = 1.0
            while True:
                found, at = self._value(weight, point + size * move, l1, l2)
                if found <= value or size < 1e-6:
                    break
                size /= 2
            point, value, slope = point + size * move, found, at
            if size < 1.0 or gain > _STALE * before:
                self._gram, before = None, np.inf
            else:
                before = gain
        return self._whole(point)

    def _value(self, weight: Floats, point: Floats, l1: Floats, l2: Floats) -> tuple[float, Floats]:
        """Return f and the gradient of its log-loss."""
        loss, slope, cells = look_up(
            self.rows.codes,
            self.layout.offsets,
            self.rows.bad,
            weight,
            (float(point[0]), self._tables @ point[1:]),
        )
        sums = self.rows.whole.sum(np.concatenate([[weight.sum(), loss, slope], cells]))
        mass, loss = float(sums[0]), float(sums[1])
        gradient = np.concatenate([sums[2:3], self._back @ sums[3:]]) / mass
        return loss / mass + float(l1 @ np.abs(point) + 0.5 * l2 @ point**2), gradient

    def _hessian(self, weight: Floats, point: Floats) -> Floats:
        """Return the Hessian of the log-loss in intercept and parameters."""
        some = weight[:: self._every]
        offsets = self.layout.offsets
        margin = add_up(self._some, offsets, float(point[0]), self._tables @ point[1:])
        odds = np.exp(-np.abs(margin))
        curvature = some * odds / (1 + odds) ** 2 / total(self.rows.whole, some.sum())
        cells = _over_all(self.rows.whole, pair_sums(self._columns, offsets, curvature))
        gram = np.empty((1 + len(self._kept), 1 + len(self._kept)))
        gram[1:, 1:] = self._back @ np.ascontiguousarray((self._back @ cells).T)
        first = slice(0, int(offsets[1]))
        gram[0, 0] = cells[first, first].sum()
        gram[0, 1:] = gram[1:, 0] = self._back @ cells[:, first].sum(axis=1)
        return gram

    def _reduced(self, weight: Floats, start: Floats | None) -> Floats:
        """Return intercept and signed steps: one parameter for a step and its opposite."""
        if start is None:
            point = np.zeros(1 + len(self._kept))
            mass, bad = self.rows.whole.sum(np.array([weight.sum(), weight @ self.rows.bad]))
            point[0] = np.log(bad / (mass - bad))
            return point
        t = start[1:]
        signed = t[self._kept].copy()
        signed[self._mirrored] -= t[self._kept[self._mirrored] + 1]
        return np.concatenate([start[:1], signed])

    def _whole(self, point: Floats) -> Floats:
        whole = np.zeros(1 + len(self.layout.increment))
        whole[0] = point[0]
        whole[1 + self._kept] = point[1:]
        up = self._kept[self._mirrored]
        signed = point[1:][self._mirrored]
        whole[1 + up] = np.maximum(signed, 0.0)
        whole[2 + up] = np.maximum(-signed, 0.0)
        return whole


def _over_all(whole: Whole, square: Floats) -> Floats:
    """Return the sum of a symmetric table over all parts; one half of it travels."""
    if whole.parties == 1:
        return square
    at = np.tril_indices(len(square))
    found = np.zeros_like(square)
    found[at] = whole.sum(square[at])
    return np.maximum(found, found.T)


@njit(cache=True)
def pair_sums(columns: Codes, offsets: Ints, mass: Floats) -> Floats:
    """Return ``H[c, d] = sum of the mass of rows in both cells``, (cells, cells).

    Pair by pair of features, so that the block being added to stays near the processor.
    """
    cells = offsets[-1]
    found = np.zeros((cells, cells))
    for j in range(columns.shape[0]):
        for k in range(j + 1):
            block = np.zeros((offsets[j + 1] - offsets[j], offsets[k + 1] - offsets[k]))
            for i in range(columns.shape[1]):
                block[columns[j, i], columns[k, i]] += mass[i]
            for a in range(block.shape[0]):
                for b in range(block.shape[1]):
                    found[offsets[j] + a, offsets[k] + b] = block[a, b]
                    found[offsets[k] + b, offsets[j] + a] = block[a, b]
    return found


@njit(cache=True)
def descend(
    gram: Floats,
    slope: Floats,
    point: Floats,
    limits: tuple[Floats, Floats, Floats],
    tolerance: float,
) -> Floats:
    """Return the minimum of a penalised quadratic, by coordinate descent over what is not 0.

    ::

        slope'(x - point) + (x - point)' gram (x - point) / 2 + l1'|x| + l2' x^2 / 2,  x >= low

    ``limits`` is (l1, l2, low). Sweeps over the coordinates that moved or are not 0 alternate
    with sweeps over all, until a sweep over all gains less than ``tolerance``.
    """
    l1, l2, low = limits
    x, g = point.copy(), slope.copy()
    sweeps = 0
    while sweeps < _MOST_SWEEPS:
        sweeps += 1
        if _sweep(gram, g, x, limits) < tolerance:
            break
        at = np.flatnonzero((x != 0.0) | (low == -np.inf) & (l1 == 0.0))
        part = np.empty((len(at), len(at)))
        for a in range(len(at)):
            for b in range(len(at)):
                part[a, b] = gram[at[a], at[b]]
        inner, inner_g = x[at], g[at]
        inner_limits = (l1[at], l2[at], low[at])
        while sweeps < _MOST_SWEEPS:
            sweeps += 1
            if _sweep(part, inner_g, inner, inner_limits) < 0.3 * tolerance:
                break
        for a in range(len(at)):
            change = inner[a] - x[at[a]]
            if change != 0.0:
                g += change * gram[at[a]]
                x[at[a]] = inner[a]
    return x


@njit(cache=True)
def _sweep(gram: Floats, g: Floats, x: Floats, limits: tuple[Floats, Floats, Floats]) -> float:
    """Minimise over each coordinate in turn; ``g`` follows. Return the sum of the gains."""
    l1, l2, low = limits
    gain = 0.0
    for i in range(len(x)):
        curvature = gram[i, i] + l2[i]
        if curvature <= 0.0:
            continue
        pull = gram[i, i] * x[i] - g[i]
        new = np.sign(pull) * max(abs(pull) - l1[i], 0.0) / curvature
        new = max(new, low[i])
        change = new - x[i]
        if change != 0.0:
            g += change * gram[i]
            x[i] = new
            gain += 0.5 * curvature * change * change
    return gain
