"""The rows of which a sample may be a part: sums over all of them, wherever the others are.

Bins, evidence and shapes are fitted from sums over rows. Whoever holds all the rows has the sums
already; where several hold a part each, something else adds theirs up, and the fit is the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from credit.columns import Floats

Number = TypeVar("Number", np.float64, np.int64)


class Whole(Protocol):
    """All rows, held in parts by ``parties`` of whom this is number ``rank``.

    Every party asks for the same sums in the same order, and hears the same bits: so all take
    the same steps. `credit.federated.reduce` has some.
    """

    @property
    def rank(self) -> int:
        """Number of this part, from 0."""

    @property
    def parties(self) -> int:
        """How many parts there are."""

    def sum(self, values: NDArray[Number]) -> NDArray[Number]:
        """Return the sum over parties, elementwise, of the shape and dtype given.

        int64 is exact while the sum fits; float64 is right to about its last bit, and both are
        the same bits at every party and in every run.

        Raises
        ------
        FederatedError
            A party is gone or late, or gave another shape or dtype.
        ModelError
            A number is not finite, or the dtype is neither float64 nor int64.
        """


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


def each(whole: Whole, values: Floats | np.float64) -> Floats:
    """Return the numbers of every part, (parties, ...): a sum in which each has its own row."""
    own = np.zeros((whole.parties, *np.shape(values)))
    own[whole.rank] = values
    return whole.sum(own)


def least(whole: Whole, value: int) -> int:
    """Return the smallest of the values that the parts give."""
    return int(each(whole, np.float64(value)).min())


def texts(whole: Whole, text: str) -> list[str]:
    """Return the text of every part, in the order of ranks."""
    mine = np.frombuffer(text.encode(), dtype=np.uint8)
    lengths = np.zeros(whole.parties, dtype=np.int64)
    lengths[whole.rank] = len(mine)
    ends = np.cumsum(whole.sum(lengths))
    letters = np.zeros(int(ends[-1]), dtype=np.int64)
    letters[ends[whole.rank] - len(mine) : ends[whole.rank]] = mine
    pieces = np.split(whole.sum(letters).astype(np.uint8), ends[:-1])
    return [piece.tobytes().decode() for piece in pieces]


def exchange(whole: Whole, mine: Any) -> list[Any]:
    """Return what every part says, plain data for JSON, in the order of ranks."""
    return [json.loads(text) for text in texts(whole, json.dumps(mine))]


def union(whole: Whole, names: Iterable[str]) -> tuple[str, ...]:
    """Return every name that a part has, once, sorted."""
    own = sorted(set(names))
    if whole.parties == 1:
        return tuple(own)
    return tuple(sorted({name for part in exchange(whole, own) for name in part}))


def generator(whole: Whole, seed: int) -> np.random.Generator:
    """Return the draws of this part: its own, and those of a sample alone for the first."""
    apart = (whole.rank,) if whole.rank else ()
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=apart))
