"""Exact rational numbers by the column: whole numerators over whole denominators.

Products stay in 64 bits while the greatest of them does, and become Python's whole numbers before
one would not: nothing is ever rounded, and nothing wraps around.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[Any]
"""Whole numbers, int64 or Python's own."""

ROOM = 1 << 62
"""Beyond this a product of whole numbers leaves 64 bits, with one bit for a sum."""


class Ratio(NamedTuple):
    """A column of ``up / down``, each 0 or more over 1 or more."""

    up: Whole
    down: Whole

    def times(self, factor: Ratio) -> Ratio:
        """Return the product with another column."""
        return Ratio(product(self.up, factor.up), product(self.down, factor.down))

    def least(self, bound: Whole) -> Ratio:
        """Return the lesser of each number and a whole bound."""
        over = self.above(bound)
        return Ratio(np.where(over, bound, self.up), np.where(over, 1, self.down))

    def above(self, bound: Whole) -> npt.NDArray[np.bool_]:
        """Say which numbers are above a whole bound."""
        return np.asarray(self.up > product(bound, self.down), dtype=bool)

    def at_most(self, bound: Fraction) -> npt.NDArray[np.bool_]:
        """Say which numbers are at most a fraction."""
        left = product(self.up, np.array(bound.denominator))
        return np.asarray(left <= product(self.down, np.array(bound.numerator)), dtype=bool)

    def where(self, chosen: npt.NDArray[np.bool_], other: Ratio) -> Ratio:
        """Return these numbers where chosen, the others elsewhere."""
        return Ratio(np.where(chosen, self.up, other.up), np.where(chosen, self.down, other.down))

    def fen(self) -> Whole:
        """Return each number rounded half up, as `credit.decide.money.fen` does."""
        two = np.array(2)
        double = product(self.down, two)
        return (product(self.up, two) + self.down) // double

    @classmethod
    def of(cls, numbers: Sequence[Fraction], codes: npt.NDArray[np.int64]) -> Ratio:
        """Return a column that picks its fractions by their place."""
        up, down = (
            np.array(parts, dtype=np.int64 if max(map(abs, parts), default=0) < ROOM else object)
            for parts in ([n.numerator for n in numbers], [n.denominator for n in numbers])
        )
        return cls(up[codes], down[codes])


def product(first: Whole, second: Whole) -> Whole:
    """Return an exact product of whole numbers."""
    own = object in (first.dtype, second.dtype)
    if own or _greatest(first) * _greatest(second) >= ROOM:
        found: Whole = first.astype(object) * second.astype(object)
        return found
    return first * second


def _greatest(values: Whole) -> int:
    return max(abs(int(values.max())), abs(int(values.min()))) if values.size else 0
