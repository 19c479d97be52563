"""What the lender knew: a score of three dimensions and of a private impression of the person.

    s = rho frailty + sqrt(1 - rho^2) noise

is the impression of whoever underwrites. It is in no table, and it says something of the frailty
that is in no table either: whom the lender refuses differs from whom it accepts even where every
column is equal (missing not at random).
"""

from __future__ import annotations

import numpy as np

from credit.feature import DIMENSIONS
from credit.world.ceiling import guessed, integrate_frailty
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


def legacy_probability(
    eta: Floats, segment: Ints, signal: Floats, model: TruthModel, figures: Figures
) -> Floats:
    """Return P(y = 1) given the segment, the dimensions seen and the signal; shape (n,).

    With k the part of the linear truth that the seen dimensions make, u the rest, and u given
    what is seen taken as normal around a guess fitted within the segment,

        P = E[expit(a + k + guess + sigma rho s + tau Z)],
        tau^2 = Var(u - guess) + sigma^2 (1 - rho^2).

    Breaks of the world that move outcomes alone are not seen: the score does not know them.
    """
    seen = np.isin(DIMENSIONS, figures["sim.lender.seen"])
    rho = figures.number("sim.lender.signal")
    known = model.linear(np.where(seen, eta, 0.0))
    unseen = model.linear(eta) - known
    found = np.empty(segment.size)
    for code, intercept in enumerate(model.intercepts):
        rows = segment == code
        guess = guessed(eta[rows], unseen[rows], seen)
        left = np.mean((unseen[rows] - guess) ** 2) + model.sigma**2 * (1 - rho**2)
        log_odds = intercept + known[rows] + guess + model.sigma * rho * signal[rows]
        found[rows] = integrate_frailty(log_odds, float(np.sqrt(left)), nodes=15)
    return found
