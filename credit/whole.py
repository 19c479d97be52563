"""The rows of which a sample may be a part: sums over all of them, wherever the others are.

Bins, evidence and shapes are fitted from sums over rows. Whoever holds all the rows has the sums
already; where several hold a part each, something else adds theirs up, and the fit is the same.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from credit.columns import Floats

Number = TypeVar("Number", np.float64, np.int64)


class Whole(Protocol):
    """All rows, held in parts by ``parties`` of whom this is number ``rank``.

    Every party asks for the same sums in the same order, and hears the same bits: so all take
    the same steps. `credit.federated.Reducer` is one.
    """

    @property
    def rank(self) -> int:
        """Number of this part, from 0."""

    @property
    def parties(self) -> int:
        """How many parts there are."""

    def sum(self, values: NDArray[Number]) -> NDArray[Number]:
        """Return the sum over parties, elementwise; shape and dtype stay."""


class Alone:
    """A sample that is all the rows there are."""

    rank = 0
    parties = 1

    def sum(self, values: NDArray[Number]) -> NDArray[Number]:
        """Return the values."""
        return values


ALONE = Alone()
"""What a sample belongs to unless it is said to be a part."""


def total(whole: Whole, value: float) -> float:
    """Return the sum of a number over all parts."""
    return float(whole.sum(np.array([value], dtype=np.float64))[0])


def each(whole: Whole, values: Floats) -> Floats:
    """Return the numbers of every part, (parties, ...): a sum in which each has its own row."""
    own = np.zeros((whole.parties, *np.shape(values)))
    own[whole.rank] = values
    return whole.sum(own)


def generator(whole: Whole, seed: int) -> np.random.Generator:
    """Return the draws of this part: its own, and those of a sample alone for the first."""
    apart = (whole.rank,) if whole.rank else ()
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=apart))
