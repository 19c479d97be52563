"""What the lender knew: a score of three dimensions and of a private impression of the person.

    s = rho frailty + sqrt(1 - rho^2) noise

is the impression of whoever underwrites. It is in no table, and it says something of the frailty
that is in no table either: whom the lender refuses differs from whom it accepts even where every
column is equal (missing not at random).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.feature import DIMENSIONS
from credit.world.ceiling import integrate_frailty, quantile_edges, stepped_basis
from credit.world.figures import Figures
from credit.world.options import Flags, Floats, Ints
from credit.world.truth import TruthModel


def impression(
    draw: np.random.Generator, frailty: Floats, figures: Figures
) -> tuple[Floats, Flags]:
    """Return the signal, and whose refusal by the score chance overrules; one entry a person."""
    rho = figures.number("sim.lender.signal")
    signal = rho * frailty + np.sqrt(1 - rho**2) * draw.standard_normal(frailty.size)
    return signal, draw.random(frailty.size) < figures.number("sim.lender.random_approvals")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """People of one segment and kind of file: the fitted guess at what is not seen of them."""

    edges: tuple[Floats, ...]
    weights: Floats
    spread: float

    @classmethod
    def of(cls, eta: Floats, unseen: Floats, hidden: float) -> _Group:
        edges = tuple(quantile_edges(values) for values in eta.T)
        basis = stepped_basis(eta, edges)
        weights = np.linalg.lstsq(basis.T @ basis, basis.T @ unseen, rcond=1e-10)[0]
        left = float(np.mean((unseen - basis @ weights) ** 2))
        return cls(
            edges=edges,
            weights=np.asarray(weights, np.float64),
            spread=float(np.sqrt(left + hidden**2)),
        )

    def guess(self, eta: Floats) -> Floats:
        return np.asarray(stepped_basis(eta, self.edges) @ self.weights)


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyScore:
    """P(y = 1) given what the lender sees.

    That is the segment, whether the file is thin, the dimensions seen and the signal s. With k the
    part of the linear truth that these dimensions make, u the rest, and u given what is seen taken
    as normal around a guess fitted among people of one segment and kind of file,

        P = E[expit(a + k + guess + sigma rho s + tau Z)],
        tau^2 = Var(u - guess) + sigma^2 (1 - rho^2).

    Breaks of the world that move outcomes alone are not seen: the score does not know them.
    """

    model: TruthModel
    seen: Flags
    rho: float
    groups: dict[int, _Group]

    @classmethod
    def fit(
        cls, eta: Floats, segment: Ints, thin: Flags, model: TruthModel, figures: Figures
    ) -> LegacyScore:
        """Fit the guesses; ``eta`` has shape (n, 5), ``segment`` and ``thin`` (n,)."""
        seen = np.isin(DIMENSIONS, figures["sim.lender.seen"])
        rho = figures.number("sim.lender.signal")
        unseen = model.linear(eta) - model.linear(np.where(seen, eta, 0.0))
        kind, hidden = 2 * segment.astype(np.int64) + thin, model.sigma * np.sqrt(1 - rho**2)
        groups = {
            int(code): _Group.of(eta[kind == code][:, seen], unseen[kind == code], hidden)
            for code in np.unique(kind)
        }
        return cls(model=model, seen=seen, rho=rho, groups=groups)

    def probability(self, eta: Floats, segment: Ints, thin: Flags, signal: Floats) -> Floats:
        """Return the probability of each person; shape (n,)."""
        log_odds = self.model.linear(np.where(self.seen, eta, 0.0))
        log_odds += self.model.intercepts[segment] + self.model.sigma * self.rho * signal
        kind = 2 * segment.astype(np.int64) + thin
        found = np.empty(segment.size)
        for code in np.unique(kind):
            rows, group = kind == code, self.groups[int(code)]
            guess = group.guess(eta[rows][:, self.seen])
            found[rows] = integrate_frailty(log_odds[rows] + guess, group.spread, nodes=15)
        return found
