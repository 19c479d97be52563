"""Lines of credit that the world's lender granted: what deciding hands to serving."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from credit.world.options import Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Lines of credit of one block; every array has one entry a line.

    Attributes
    ----------
    person : ndarray
        Position of the person in the block; each person has one line at most.
    granted_at : ndarray
        Instant of the decision, UTC microseconds.
    product : ndarray
        Position of the product in ``products``.
    limit_fen, usable_fen : ndarray
        The limit shown, and what can be used of it.
    rate : ndarray
        Position of the daily rate in ``rates``.
    products : tuple of str
        Policies, as `credit.policy.load` names them.
    rates : tuple of Fraction
        Daily rates, exact.
    """

    person: Ints
    granted_at: Ints
    product: Ints
    limit_fen: Ints
    usable_fen: Ints
    rate: Ints
    products: tuple[str, ...]
    rates: tuple[Fraction, ...]


Review = Callable[[Ints, Ints, Ints], Ints]
"""(positions of lines, good months so far, overdue months so far) -> what each can use now, fen."""
